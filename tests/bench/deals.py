"""The duplicate check of deal registration against many registered customers, on PostgreSQL.

Each check is a ratio to a read by primary key in the same run: medians of interleaved rounds, so that a busy machine
slows both. A cluster of its own is started and thrown away.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.servers import ROOT, postgres_cluster

INSIDE = "LAUREL_BENCH_DEALS"
SYLLABLES = "ba be bo da de du fa fi ga go ha ka ki la le lo ma mi na no pa ra ri sa so ta to va vi za".split()  # noqa: SIM905
TRADES = "logistik foods energy hotels foundry optics shipping textiles mining retail pharma rail".split()  # noqa: SIM905


def company(random_: random.Random) -> str:
    """Like "Dakilo Shipping": three or four syllables and a trade."""
    word = "".join(random_.choice(SYLLABLES) for _ in range(random_.choice((3, 4))))
    return f"{word} {random_.choice(TRADES)}"


def fill(count: int) -> None:
    """So many held deals, written by one INSERT … SELECT over names made here."""
    from django.db import connection

    from lms.deals.models import Deal
    from tests.deals.factories import LONG_AGO, house, register

    template = register(house("Seed"), LONG_AGO, customer_name="Seed", customer_domain="")
    names = [field.column for field in Deal._meta.concrete_fields if field.column != "id"]
    made = {
        "public_id": "gen_random_uuid()",
        "request_key": "gen_random_uuid()",
        "customer_name": "n.name",
        "name_key": "n.name || ' ' || n.number % 997",
        "domain_key": "n.number || '.example'",
    }
    columns = ", ".join(made.get(name, f"d.{name}") for name in names)
    random_ = random.Random(7)
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")  # a million rows take longer than a page may
        cursor.execute("CREATE TEMPORARY TABLE n (number integer, name text)")
        with cursor.copy("COPY n FROM STDIN") as copy:
            for number in range(count):
                copy.write_row((number, company(random_)))
        cursor.execute(
            f"INSERT INTO deals_deal ({', '.join(names)}) SELECT {columns} FROM deals_deal d CROSS JOIN n"
            f" WHERE d.id = {template.pk} ON CONFLICT DO NOTHING"
        )
        cursor.execute("VACUUM ANALYZE deals_deal")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def measure(rounds: int) -> None:
    from lms.deals import services
    from lms.deals.models import Deal
    from tests.deals.factories import house

    partner = house("Asker").partner
    random_ = random.Random(11)
    keys = list(Deal.objects.order_by("?").values_list("pk", "name_key")[:rounds])
    taken: dict[str, list[float]] = {
        "primary key": [],
        "name that is registered": [],
        "name like one": [],
        "new name": [],
    }

    def check(name: str) -> Callable[[], object]:
        return lambda: services.find_similar(partner=partner, name=name, domain="", country="DE")

    for pk, key in keys:
        taken["primary key"].append(seconds(lambda pk=pk: Deal.objects.get(pk=pk)))
        taken["name that is registered"].append(seconds(check(key)))
        taken["name like one"].append(seconds(check(key.replace("a", "ae", 1))))
        taken["new name"].append(seconds(check(f"{company(random_)[::-1]} quixotry")))
    base = statistics.median(taken["primary key"])
    print(f"{Deal.objects.holding().count():,} registered customers, {rounds} rounds")
    for name, times in taken.items():
        median, worst = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
        print(f"{name:<26} {median * 1000:>8.2f} ms  95% {worst * 1000:>8.2f} ms  {median / base:>7.1f} of a key read")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench deals", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args(arguments)
    if os.environ.get(INSIDE):
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        fill(options.customers)
        measure(options.rounds)
        return
    with tempfile.TemporaryDirectory() as folder, postgres_cluster(Path(folder), durable=False) as url:
        env = os.environ | {"DATABASE_URL": url, INSIDE: "1", "LAUREL_TESTING": "1"}
        env["DJANGO_SETTINGS_MODULE"] = "lms.settings"
        command = [sys.executable, "-m", "tests.bench", "deals", *arguments]
        subprocess.run(command, cwd=ROOT, env=env, check=True)
