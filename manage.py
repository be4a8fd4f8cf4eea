#!/usr/bin/env python
"""Laurel's command line: `python manage.py demo` sets up, fills and serves the demo."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    if len(sys.argv) > 1 and sys.argv[1] == "demo":
        # The demo runs without any configuration; everything else asks for its SECRET_KEY.
        os.environ.setdefault("LAUREL_DEMO", "1")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
