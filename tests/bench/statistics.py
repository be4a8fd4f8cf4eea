"""Item statistics of 10,000 attempts at 50 items: what the page computes from the sums, against counting the answers.

Two ways in one run and one process, in CPU seconds. "count" adds every answer to sums, as a program must that keeps
none. "page" reads stored sums through the service: twelve months in a database in memory. The ratio is the point.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

BUDGET = 1.0


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench statistics")
    parser.add_argument("--attempts", type=int, default=10_000)
    parser.add_argument("--items", type=int, default=50)
    options = parser.parse_args(arguments)
    _set_up()
    counted, tallies = _cpu(lambda: _count(options.attempts, options.items))
    exam = _store(tallies, options.items)
    paged, figures = _cpu(lambda: _page(exam))
    print(f"{options.attempts} attempts, {options.items} items, 12 months")
    print(f"count every answer: {counted:6.2f} s of CPU ({counted / options.attempts * 1e6:.0f} µs an attempt)")
    print(f"statistics page:    {paged:6.2f} s of CPU ({figures} figures with flags)")
    print(f"ratio:              {counted / paged:6.1f}")
    if paged > BUDGET:
        sys.exit(f"Statistics took more than {BUDGET} s.")


def _set_up() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
    os.environ["LAUREL_TESTING"] = "1"
    os.environ["DATABASE_URL"] = "sqlite://:memory:"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def _cpu(work: Callable[[], object]) -> tuple[float, object]:
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def _count(attempts: int, items: int) -> object:
    from lms.assessments.statistics.tally import Scored, Sitting, Tally

    rng, one, zero = Random(1), Decimal(1), Decimal(0)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    months = [Tally() for _ in range(12)]
    for number in range(attempts):
        able = rng.random()
        answers = []
        for item in range(items):
            is_right = rng.random() < 0.25 + 0.6 * able - 0.3 * item / items
            answers.append(
                Scored(
                    item=item,
                    type="choice",
                    answer="a" if is_right else rng.choice("bcd"),
                    points=one if is_right else zero,
                    max_points=one,
                    saved_at=start + timedelta(seconds=40 * item + 30),
                )
            )
        sitting = Sitting(started_at=start, is_passed=able > 0.5, answers=answers)
        months[number * 12 // attempts].add(sitting)
    return months


def _store(months: object, items: int) -> object:
    from lms.assessments.models import Assessment, ExamTally, ItemBank, ItemTally
    from lms.assessments.services import add_item_version
    from tests.assessments.factories import choice

    bank = ItemBank.objects.create(slug="bench", name="Bench")
    made = datetime(2026, 1, 1, tzinfo=UTC)
    versions = [
        add_item_version(bank=bank, code=f"item-{number:03}", by=None, at=made, is_live=True, **choice(number))
        for number in range(items)
    ]
    exam = Assessment.objects.create(slug="bench", title="Bench", time_limit_minutes=60, cut_score=Decimal(60))
    exam.sections.create(position=1, title="All", bank=bank, draw=items)
    for number, tally in enumerate(months):  # type: ignore[var-annotated, arg-type]
        month = date(2026, number + 1, 1)
        ExamTally.objects.create(assessment=exam, month=month, is_first=True, n=tally.exam.n, sums=tally.exam.as_json())
        ItemTally.objects.bulk_create(
            ItemTally(
                assessment=exam,
                item_version=versions[item],
                month=month,
                is_first=True,
                is_pilot=False,
                n=sums.n,
                sums=sums.as_json(),
            )
            for item, sums in tally.items.items()
        )
    return exam


def _page(exam: object) -> int:
    from lms.assessments.services import exam_statistics

    made = exam_statistics(exam)  # type: ignore[arg-type]
    assert made.figures.consistency.is_known
    return sum(1 + len(item.flags) for item in made.items)
