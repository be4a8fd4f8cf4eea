"""The tier engine on one core: partners of 50 people evaluated per second under an AWS-like and a Cisco-like
programme, the cheapest way, and a back-test of 8 quarters.

Everything is a ratio to a yardstick measured right before and after it: as many JSON round trips of the same facts,
which is what any system that only read and wrote them would have to do. The facts are random, with a fixed seed.
"""

import argparse
import json
import random
import statistics
import time
from collections.abc import Callable
from datetime import date, timedelta

from lms.tiers import engine
from lms.tiers.engine.planner import plan

ON = date(2026, 11, 16)
AWS_LIKE = """
id: aws-like
cumulative: true
tiers:
  - {id: registered, requires: {all: []}}
  - id: select
    requires:
      all:
        - {people: {any_of: [TECH, BIZ], min: 4, and_min: [{any_of: [TECH], min: 2}, {any_of: [BIZ], min: 2}]}}
        - {people: {any_of: [CLF], min: 2}}
        - {people: {any_of: [ASSOC, PRO, SPEC], min: 2}}
        - {metric: launched, gte: 3}
  - id: advanced
    requires:
      all:
        - {people: {any_of: [TECH, BIZ], min: 8, and_min: [{any_of: [TECH], min: 4}, {any_of: [BIZ], min: 4}]}}
        - {people: {any_of: [CLF], min: 4}}
        - {people: {any_of: [ASSOC, PRO, SPEC], min: 6, and_min: [{any_of: [PRO, SPEC], min: 3}]}}
        - {metric: launched, gte: 20}
  - id: premier
    requires:
      all:
        - {people: {any_of: [TECH, BIZ], min: 20, and_min: [{any_of: [TECH], min: 10}, {any_of: [BIZ], min: 10}]}}
        - {people: {any_of: [CLF], min: 10}}
        - {people: {any_of: [ASSOC, PRO, SPEC], min: 25, and_min: [{any_of: [PRO, SPEC], min: 10}]}}
        - {metric: launched, gte: 50}
"""
CISCO_LIKE = """
id: cisco-like
tiers:
  - {id: none, requires: {all: []}}
  - id: one
    requires: {roles: {need_per_specialisation: {AM: 1, SE: 2, FE: 2}, specialisations: 1, sharing_limits: {AM: 4, SE: 2, FE: 2}}}
  - id: three
    requires: {roles: {need_per_specialisation: {AM: 1, SE: 2, FE: 2}, specialisations: 3, sharing_limits: {AM: 4, SE: 2, FE: 2}}}
  - id: six
    requires: {roles: {need_per_specialisation: {AM: 1, SE: 2, FE: 2}, specialisations: 6, sharing_limits: {AM: 4, SE: 2, FE: 2}}}
"""
CODES = {"aws-like": ["TECH", "BIZ", "CLF", "ASSOC", "PRO", "SPEC"], "cisco-like": ["AM", "SE", "FE"]}


def partner(random_: random.Random, codes: list[str], people: int) -> engine.Facts:
    """A partner whose people hold each credential with the same chance, dated and some of them ended."""
    chance = random_.choice((0.02, 0.1, 0.3))
    return engine.Facts(
        people=tuple(
            engine.Person(
                id=f"p{number}",
                held=tuple(
                    engine.Held(
                        code=code,
                        since=ON - timedelta(days=random_.randrange(700)),
                        until=ON + timedelta(days=random_.randrange(-100, 600)),
                        reference=f"p{number}-{code}",
                    )
                    for code in codes
                    if random_.random() < chance
                ),
            )
            for number in range(people)
        ),
        measures={"launched": engine.Measure(value=engine.exact(random_.randrange(60)) or engine.exact(0))},  # type: ignore[arg-type]
    )


def per_second(work: Callable[[], object], count: int) -> float:
    start = time.process_time()
    work()
    return count / (time.process_time() - start)


def compared(name: str, work: Callable[[], object], partners: list[engine.Facts], unit: str = "partners") -> None:
    """Prints the rate, and its ratio to JSON round trips of the same facts."""

    def round_trips() -> None:
        for facts in partners:
            json.loads(json.dumps(facts.as_json()))

    before = per_second(round_trips, len(partners))
    rate = per_second(work, len(partners))
    yardstick = statistics.mean([before, per_second(round_trips, len(partners))])
    print(f"{name:<44} {rate:>9,.0f} {unit}/s {rate / yardstick:>7.2f} of a JSON round trip", flush=True)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench tiers", description=__doc__)
    parser.add_argument("--partners", type=int, default=10_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--back-test", type=int, default=1_000, help="partners of the back-test of 8 quarters")
    options = parser.parse_args(arguments)
    random_ = random.Random(7)
    for text in (AWS_LIKE, CISCO_LIKE):
        rules = engine.parse(engine.read_yaml(text).document)
        partners = [partner(random_, CODES[rules.id], options.people) for _ in range(options.partners)]

        def evaluate_all(rules: engine.Programme = rules, partners: list[engine.Facts] = partners) -> None:
            for facts in partners:
                engine.evaluate(rules, facts, ON)

        compared(f"{rules.id}: evaluation, {options.people} people", evaluate_all, partners)
        some = partners[: options.back_test]

        def back_test(rules: engine.Programme = rules, some: list[engine.Facts] = some) -> None:
            for quarter in range(8):
                for facts in some:
                    day = ON - timedelta(days=91 * quarter)
                    engine.evaluate(rules, facts, day)
                    engine.evaluate(rules, facts, day)

        compared(f"{rules.id}: back-test, 8 quarters, 2 rule texts", back_test, some)
        few = partners[:50]
        target = rules.tiers[-1].id

        def ways(rules: engine.Programme = rules, few: list[engine.Facts] = few, target: str = target) -> None:
            for facts in few:
                answer = plan(rules, facts, ON, tier=target, minutes=lambda *_: 60)
                assert answer.is_exact, "not solved in two seconds"

        compared(f"{rules.id}: cheapest way to the top", ways, few)
