"""Reports: how fast statements become figures, against inserting them, and what a dashboard's queries take at two sizes.

It fills a PostgreSQL of its own with the same partners, people, courses and days at both sizes; the larger one has more
statements of each. They come in order of time, as they do in life. All in one run:

- projecting: statements per second by `follow_statements`, sums included, and for the smaller size as a ratio to
  inserting the same rows. What the larger size has more is copied in, which is not measured, and followed like the rest;
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
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import django

from tests.servers import ROOT, postgres_cluster

if TYPE_CHECKING:
    from lms.partners.models import Partner

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
DAYS, DAY_MINUTES = 365, 24 * 60
COURSES, ROUNDS = 40, 7
BATCH = 5000
COLUMNS = (
    *("statement_id", "stored_at", "happened_at", "authority_id", "actor_key", "verb_key", "object_key"),
    *("digest", "body"),
)
Row = tuple[object, ...]


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
        _grow(people, size - stored, is_measured=stored == 0)
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


def _grow(people: list[tuple[UUID, UUID]], count: int, *, is_measured: bool) -> None:
    """Stores so many statements, then follows them; prints how fast, and where it is measured the ratio of both."""
    from lms.reporting.services import follow_statements

    rows = _statements(people, count, random.Random(count))
    inserting = _insert(rows) if is_measured else _copy(rows)
    _analyse()
    begin = time.perf_counter()
    with _commits_at_leisure(not is_measured):
        followed = follow_statements()
    projecting = time.perf_counter() - begin
    assert followed.statements == count, followed
    print(
        f"{count:>11,} statements: {'inserted' if is_measured else 'copied'} {count / inserting:>8,.0f}/s, projected "
        f"{count / projecting:>8,.0f}/s" + (f", ratio {inserting / projecting:.2f}" if is_measured else ""),
        flush=True,
    )
    _analyse()


def _insert(rows: Iterator[Row]) -> float:
    """As the application does; the seconds of the inserts alone."""
    from lms.xapi.models import Statement

    inserting = 0.0
    while some := [Statement(**dict(zip(COLUMNS, row, strict=True))) for row in islice(rows, BATCH)]:
        begin = time.perf_counter()
        Statement.objects.bulk_create(some)
        inserting += time.perf_counter() - begin
    return inserting


def _copy(rows: Iterator[Row]) -> float:
    """The same rows by COPY; the seconds, with those of making the rows."""
    from django.db import connection

    from lms.xapi.models import Statement

    begin = time.perf_counter()
    names = ", ".join(connection.ops.quote_name(Statement._meta.get_field(name).column) for name in COLUMNS)
    table = connection.ops.quote_name(Statement._meta.db_table)
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return time.perf_counter() - begin


@contextmanager
def _commits_at_leisure(is_wanted: bool) -> Iterator[None]:
    """No waiting for the disk at a commit, where nothing is measured."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"SET synchronous_commit TO {'off' if is_wanted else 'on'}")
        yield
        cursor.execute("SET synchronous_commit TO on")


def _moments(people: int, count: int, random_: random.Random) -> list[tuple[int, int]]:
    """(minutes before now, number of the person), the earliest first. A person comes on about forty days of the year,
    the same ones at both sizes, and does two things or more on each."""
    same = random.Random(5)
    days = [same.sample(range(DAYS), 40) for _ in range(people)]
    found = []
    for _ in range(count):
        person = random_.randrange(people)
        found.append((random_.choice(days[person]) * DAY_MINUTES + random_.randrange(240), person))
    return sorted(found, reverse=True)


def _statements(people: list[tuple[UUID, UUID]], count: int, random_: random.Random) -> Iterator[Row]:
    """Values of COLUMNS, in order of time."""
    from django.conf import settings

    from lms.xapi import vocabulary
    from lms.xapi.agents import activity_key, actor_key, verb_key
    from lms.xapi.services import platform_authority

    authority = platform_authority().pk
    verb = verb_key(vocabulary.EXPERIENCED)
    base = settings.XAPI_BASE_IRI

    def account(name: UUID) -> dict[str, object]:
        return {"account": {"homePage": base, "name": str(name)}}

    keys = [actor_key(account(person)) for person, _ in people]
    courses = [f"https://example.com/courses/{number}" for number in range(COURSES)]
    course_keys = [activity_key(iri) for iri in courses]
    for number, (minutes, who) in enumerate(_moments(len(people), count, random_)):
        person, partner = people[who]
        course = random_.randrange(COURSES)
        body = {
            "actor": account(person),
            "verb": {"id": vocabulary.EXPERIENCED},
            "object": {
                "id": courses[course],
                "definition": {"type": vocabulary.COURSE, "name": {"en": courses[course]}},
            },
            "context": {
                "team": {"objectType": "Group", **account(partner)},
                "revision": str(1 + number % 2),
                "extensions": {vocabulary.PERSONA_EXTENSION: "sales_rep"},
            },
        }
        yield (
            uuid4(),
            NOW,
            NOW - timedelta(minutes=minutes),
            authority,
            keys[who],
            verb,
            course_keys[course],
            "0" * 64,
            json.dumps(body, separators=(",", ":")),
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
