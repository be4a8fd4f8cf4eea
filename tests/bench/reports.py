"""Reports: how fast statements become figures, against inserting them, and what a dashboard's queries take at two sizes.

It fills a PostgreSQL of its own with the same partners, people, courses and days at both sizes; the larger one has more
statements of each. All in one run:

- projecting: statements per second by `follow_statements`, sums included, and as a ratio to inserting the same rows;
- dashboards: the time of building each of the three reports at both sizes, and the ratio of the larger to the smaller.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import django

from tests.servers import ROOT, postgres_cluster

if TYPE_CHECKING:
    from lms.partners.models import Partner
    from lms.xapi.models import Statement

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAYS = 365
COURSES, ROUNDS = 40, 7


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench reports", description=__doc__)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--partners", type=int, default=200)
    parser.add_argument("--people", type=int, default=20, help="of each partner")
    options = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="laurel-bench-", ignore_cleanup_errors=True) as name,
        postgres_cluster(Path(name)) as url,
    ):
        os.environ |= {"LAUREL_TESTING": "1", "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "lms.settings"}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, check=True)
        django.setup()
        _measure(options)


def _measure(options: argparse.Namespace) -> None:
    from lms.partners.models import Partner

    people = _population(options.partners, options.people)
    partner = Partner.objects.order_by("pk")[0]
    _registrations(people)
    times = []
    stored = 0
    for size in (options.small, options.large):
        _grow(people, size - stored)
        stored = size
        times.append(_dashboards(partner))
        for name, seconds in times[-1].items():
            print(f"{size:>11,} statements: {name:<10} {seconds * 1000:>8.1f} ms", flush=True)
    for name in times[0]:
        print(f"{name:<10} {times[1][name] / times[0][name]:>6.2f} of the time at the smaller size (at most 1.2)")


def _population(partners: int, people: int) -> list[tuple[UUID, UUID]]:
    """(person, partner) by public id."""
    from lms.accounts.models import User
    from lms.partners.models import Membership, Partner, PartnerType, Persona, Region

    kind, region = PartnerType.objects.create(slug="x", name="X"), Region.objects.create(slug="x", name="X")
    persona = Persona.objects.create(slug="sales_rep", name="Sales rep")
    made = Partner.objects.bulk_create(
        Partner(name=f"Partner {n}", slug=f"p{n}", partner_type=kind, region=region, country="FR")
        for n in range(partners)
    )
    users = User.objects.bulk_create(
        User(email=f"u{n}@example.com", name=f"Person {n}", password="!") for n in range(partners * people)
    )
    pairs = [(user, made[number % partners]) for number, user in enumerate(users)]
    Membership.objects.bulk_create(
        Membership(person=user, partner=partner, persona=persona, starts_on=(NOW - timedelta(days=800)).date())
        for user, partner in pairs
    )
    return [(user.public_id, partner.public_id) for user, partner in pairs]


def _registrations(people: list[tuple[UUID, UUID]]) -> None:
    """Each person registers in three courses of the year: course records as the other projection makes them."""
    from lms.accounts.models import User
    from lms.reporting.models import CourseRecord

    ids = dict(User.objects.values_list("public_id", "pk"))
    random_ = random.Random(3)
    records = []
    for person, partner in people:
        for course in random_.sample(range(COURSES), 3):
            registered = NOW - timedelta(days=random_.randrange(DAYS))
            is_done = random_.random() < 0.6
            records.append(
                CourseRecord(
                    registration=uuid4(),
                    person_id=ids[person],
                    partner_public_id=partner,
                    persona="sales_rep",
                    activity_iri=f"https://example.com/courses/{course}",
                    activity_name=f"Course {course}",
                    registered_at=registered,
                    registered_statement=uuid4(),
                    completed_at=registered + timedelta(days=9) if is_done else None,
                    completed_statement=uuid4() if is_done else None,
                    stored_through=NOW,
                )
            )
    CourseRecord.objects.bulk_create(records, batch_size=5000)


def _grow(people: list[tuple[UUID, UUID]], count: int) -> None:
    """Inserts so many statements, then follows them; prints both rates and their ratio."""
    from lms.reporting.services import follow_statements
    from lms.xapi.models import Statement

    random_ = random.Random(count)
    inserting = 0.0
    rows = _statements(people, count, random_)
    while some := [row for _, row in zip(range(5000), rows, strict=False)]:
        begin = time.perf_counter()
        Statement.objects.bulk_create(some)
        inserting += time.perf_counter() - begin
    _analyse()
    begin = time.perf_counter()
    followed = follow_statements()
    projecting = time.perf_counter() - begin
    assert followed.statements == count, followed
    print(
        f"{count:>11,} statements: inserted {count / inserting:>8,.0f}/s, projected {count / projecting:>8,.0f}/s, "
        f"ratio {inserting / projecting:.2f}",
        flush=True,
    )
    _analyse()


def _statements(people: list[tuple[UUID, UUID]], count: int, random_: random.Random) -> "Iterator[Statement]":
    """In order of time. A person comes on about forty days of the year, and does two things or more on each."""
    from django.conf import settings

    from lms.xapi import vocabulary
    from lms.xapi.agents import activity_key, actor_key, verb_key
    from lms.xapi.models import Statement
    from lms.xapi.services import platform_authority

    authority = platform_authority()
    verb = verb_key(vocabulary.EXPERIENCED)
    base = settings.XAPI_BASE_IRI

    def account(name: UUID) -> dict[str, object]:
        return {"account": {"homePage": base, "name": str(name)}}

    keys = {person: actor_key(account(person)) for person, _ in people}
    same = random.Random(5)  # at both sizes
    days = {person: same.sample(range(DAYS), 40) for person, _ in people}
    for number in range(count):
        person, partner = random_.choice(people)
        iri = f"https://example.com/courses/{random_.randrange(COURSES)}"
        at = NOW - timedelta(days=random_.choice(days[person]), minutes=random_.randrange(240))
        body = {
            "actor": account(person),
            "verb": {"id": vocabulary.EXPERIENCED},
            "object": {"id": iri, "definition": {"type": vocabulary.COURSE, "name": {"en": iri}}},
            "context": {
                "team": {"objectType": "Group", **account(partner)},
                "revision": str(1 + number % 2),
                "extensions": {vocabulary.PERSONA_EXTENSION: "sales_rep"},
            },
        }
        yield Statement(
            statement_id=uuid4(),
            stored_at=NOW,
            happened_at=at,
            authority=authority,
            actor_key=keys[person],
            verb_key=verb,
            object_key=activity_key(iri),
            digest="0" * 64,
            body=json.dumps(body, separators=(",", ":")),
        )


def _analyse() -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _dashboards(partner: "Partner") -> dict[str, float]:
    """Seconds of each report: the median of several, after one that warms up."""
    from lms.portal import reports

    found = {}
    for kind in ("partner", "portfolio", "overview"):
        subject = partner if kind == "partner" else None
        seconds = []
        for _ in range(ROUNDS + 1):
            begin = time.perf_counter()
            reports.build(kind=kind, partner=subject, at=NOW)
            seconds.append(time.perf_counter() - begin)
        found[kind] = statistics.median(seconds[1:])
    return found
