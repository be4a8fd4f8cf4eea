"""What the bench of exams asks of the database: `python -m tests.bench._exam_data make N QUESTIONS PREPARED|queries|check`.

Each prints one line of JSON.
"""

import json
import os
import sys
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
SLUG = "bench-exam"


def make(people: str, questions: str, prepared: str) -> dict[str, Any]:
    """An exam of so many questions, as long as those of a course, and people with a session each."""
    from django.conf import settings
    from django.test import Client
    from django.utils import timezone

    from lms.assessments import services
    from lms.assessments.items import builders
    from tests.assessments.factories import make_bank, make_exam
    from tests.factories import MembershipFactory, PartnerFactory

    stem = "<p>Which pump holds the flow when both circuits run at part load? {}</p>"
    options = [(f"Pump {name}, with {name} bar at the far end", Decimal(name == "B"), "") for name in "ABCD"]
    fields = [builders.choice(stem.format(number), options, general="Because.") for number in range(int(questions) * 3)]
    now = timezone.now()
    exam = make_exam(
        make_bank(fields, slug="bench"), slug=SLUG, draw=int(questions), prepared_forms=int(prepared), opened_at=now
    )
    while services.prepare_forms(assessment=exam, at=now, rng=Random(1)):
        pass
    partner, sessions = PartnerFactory(), []
    for _ in range(int(people)):
        member = MembershipFactory(partner=partner, starts_on=(now - timedelta(days=30)).date())
        client = Client()
        client.force_login(member.person, "django.contrib.auth.backends.ModelBackend")
        sessions.append(client.cookies[settings.SESSION_COOKIE_NAME].value)
    return {"sessions": sessions}


def queries() -> dict[str, int]:
    """Queries of one save, all told."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.utils import timezone

    from lms.assessments.models import Assessment
    from lms.partners.models import Membership
    from tests.assessments.factories import right_answer, start
    from tests.assessments.pages import autosave

    member = Membership.objects.select_related("person").order_by("pk")[0]
    attempt = start(Assessment.objects.get(slug=SLUG), member, timezone.now())
    client = Client()
    client.force_login(member.person, "django.contrib.auth.backends.ModelBackend")
    answer = right_answer(attempt.responses.select_related("item_version").get(position=1))
    autosave(client, attempt, 1, answer)
    with CaptureQueriesContext(connection) as captured:
        assert autosave(client, attempt, 1, answer, seq=2, nonce=str(uuid4())).status_code == 200
    return {"save": len(captured)}


def check() -> dict[str, Any]:
    """All that is stored: the version of each answer and the tokens it could have been sent as; attempts and results."""
    from lms.assessments.models import Attempt, Response
    from lms.xapi.models import Statement

    answers: dict[str, dict[str, Any]] = {}
    rows = Response.objects.values_list("attempt__public_id", "position", "version", "answer", "shown")
    for attempt, position, version, answer, shown in rows.iterator():
        tokens = [token for token, name in shown["tokens"].items() if name == answer]
        answers.setdefault(str(attempt), {})[str(position)] = [version, tokens]
    done = Attempt.objects.filter(submitted_at__isnull=False)
    bodies = Statement.objects.filter(registration__isnull=False).values_list("registration", "body")
    results = Counter(reg for reg, body in bodies if '/verbs/passed"' in body or '/verbs/failed"' in body)
    people = Counter(Attempt.objects.values_list("person", flat=True))
    return {
        "answers": answers,
        "attempts": done.count(),
        "scored": len(results),
        "twice": sum(count > 1 for count in results.values()) + sum(count > 1 for count in people.values()),
    }


def main() -> None:
    import django

    django.setup()
    from django.conf import settings

    settings.ALLOWED_HOSTS = ["*"]
    work = {"make": make, "queries": queries, "check": check}[sys.argv[1]]
    print(json.dumps(work(*sys.argv[2:])))


if __name__ == "__main__":
    main()
