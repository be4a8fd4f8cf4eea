"""The demo the browser tests play in, and what the tests know of it that no page tells."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import ROOT, web_server

PASSWORD = "show me around"
REP = "tomasz.wisniewski@kestrel-integrators.example"
ENGINEER = "ines.navarro@kestrel-integrators.example"
MANAGER = "katarzyna.zielinska@kestrel-integrators.example"
AUTHOR = "maren.aldous@halden.example"
REVIEWER = "petra.vandermeulen@halden.example"
CHANNEL_MANAGER = "efua.quartey@halden.example"
PORTAL_MANAGER = "ruben.saavedra@halden.example"
NOBODY = ""

CANDIDATES = """
import json
from django.utils import timezone
from lms.assessments.models import Assessment
from lms.assessments.services import state_for
from lms.partners.models import Membership

exam, now = Assessment.objects.get(slug="halden-presales"), timezone.now()
members = Membership.objects.active(now.date()).filter(
    partner__slug="{partner}", persona__slug="presales_engineer"
).select_related("person").order_by("person__email")
ready = [one.person.email for one in members if state_for(exam, one.person, now).state in ("available", "open")]
print(json.dumps(ready))
"""
KEYS = """
import json
from random import Random
from lms.assessments.models import Attempt
from lms.demo.exams import answer_of

attempt = Attempt.objects.get(public_id="{attempt}")
responses = attempt.responses.select_related("item_version").order_by("position")
print(json.dumps([[one.item_version.type, answer_of(one, Random(1), is_right=True)] for one in responses]))
"""
RESULTS = """
import json
from lms.assessments.models import Attempt
attempt = Attempt.objects.get(public_id="{attempt}")
of_person = Attempt.objects.filter(person=attempt.person, assessment=attempt.assessment, submitted_at__gte=attempt.started_at)
answers = attempt.responses.filter(answer__isnull=False).count()
print(json.dumps({{"results": of_person.count(), "is_passed": attempt.is_passed, "answers": answers}}))
"""


@dataclass(frozen=True)
class Demo:
    """A running demo: its address, and questions to its database that only a test may ask."""

    address: str
    env: dict[str, str]

    def ask(self, code: str) -> Any:
        """What `code`, run beside the site, prints as JSON in its last line."""
        done = _manage(self.env, "shell", "-v0", "-c", code)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1])

    def candidates(self, partner: str = "kestrel-integrators") -> list[str]:
        """The partner's pre-sales engineers who may begin the pre-sales exam now, or have begun it."""
        found: list[str] = self.ask(CANDIDATES.format(partner=partner))
        return found

    def keys(self, attempt: str) -> list[tuple[str, Any]]:
        """Type and right answer of each question of an attempt, in the tokens of its forms."""
        return [(kind, answer) for kind, answer in self.ask(KEYS.format(attempt=attempt))]

    def results(self, attempt: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(RESULTS.format(attempt=attempt))
        return found


def _manage(env: dict[str, str], *command: str) -> subprocess.CompletedProcess[str]:
    full = [sys.executable, "manage.py", *command]
    return subprocess.run(full, cwd=ROOT, env={**os.environ, **env}, capture_output=True, text=True)


def _is_copied(kept: Path, folder: Path, env: dict[str, str]) -> bool:
    """Whether a demo was kept and is of this version: an older one is refused by the command itself."""
    if not kept.exists():
        return False
    shutil.copytree(kept, folder, dirs_exist_ok=True)
    return _manage(env, "demo", "--no-serve").returncode == 0


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Builds the demo below `folder` and serves it. LAUREL_BROWSER_DEMO names a folder to keep the fresh
    demo in: the next run copies it."""
    database, media = folder / "demo.sqlite3", folder / "media"
    env = {"LAUREL_DEMO": "1", "LAUREL_TESTING": "0", "DATABASE_URL": f"sqlite:///{database}", "MEDIA_ROOT": str(media)}
    kept = Path(os.environ["LAUREL_BROWSER_DEMO"]) if "LAUREL_BROWSER_DEMO" in os.environ else None
    if not (kept and _is_copied(kept, folder, env)):
        built = _manage(env, "demo", "--no-serve", "--fresh")
        assert built.returncode == 0, built.stderr[-3000:]
        if kept:
            shutil.rmtree(kept, ignore_errors=True)
            shutil.copytree(folder, kept)
    with web_server(folder, env, workers=1) as address:
        yield Demo(address, env)
