"""`python -m tests.bench NAME [options]`; `--help` lists the names."""

import argparse
import importlib
from pathlib import Path


def main() -> None:
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if not path.stem.startswith("_"))
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Benchmarks with ratios in the same run")
    parser.add_argument("name", choices=names)
    arguments, rest = parser.parse_known_args()
    importlib.import_module(f"tests.bench.{arguments.name}").main(rest)


main()
