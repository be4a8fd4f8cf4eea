"""The record store on the real server: granian and PostgreSQL, full validation, 8 connections.

Ingest, in one run with the floor: the time psycopg needs to insert the same JSON and the same columns into a table with
the same indexes, with one commit for each request's worth. Then queries at several sizes of the store, and what a
statement takes on disk.
"""

import argparse
import base64
import json
import multiprocessing
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import psycopg

from tests.servers import ROOT, postgres_cluster, web_server

CONNECTIONS = 8
PROCESSES = 2
BATCH = 100
COPIED = 500_000
ROUNDS = 5  # of queries
TABLES = ["xapi_statement", "xapi_mention"]
PREPARED = 8000  # statements for each connection
COLUMNS = (
    *("statement_id", "stored_at", "happened_at", "actor_key", "verb_key", "object_key", "registration", "digest"),
    *("body", "authority_id"),
)
HOME = "https://system.example"
VERBS = [f"http://adlnet.gov/expapi/verbs/{word}" for word in ("answered", "completed", "experienced", "passed")]


def statement(number: int, registration: str) -> dict[str, Any]:
    """About 1.57 kB, as a course with questions makes them; "@ID" is where the id goes."""
    choices = [{"id": key, "description": {"en": f"DN {size}"}} for key, size in (("a", 200), ("b", 250), ("c", 315))]
    return {
        "id": "@ID",
        "actor": {"objectType": "Agent", "account": {"homePage": HOME, "name": f"person-{number % 5000}"}},
        "verb": {
            "id": VERBS[number % 4],
            "display": {"en": "answered", "de": "beantwortete", "fr": "a répondu", "pl": "odpowiedział"},
        },
        "object": {
            "objectType": "Activity",
            "id": f"{HOME}/items/{number % 2000}",
            "definition": {
                "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
                "name": {"en": "Sizing the bypass duct of a two-stage unit in a school"},
                "description": {
                    "en": "Which duct keeps the pressure drop under 250 Pa when both stages run at the nominal flow of "
                    "the plan, with the silencers of the outer wall in place and the filters half used?"
                },
                "interactionType": "choice",
                "correctResponsesPattern": ["b"],
                "choices": choices,
            },
        },
        "result": {
            "score": {"scaled": 0.75, "raw": 3, "min": 0, "max": 4},
            "success": True,
            "completion": True,
            "response": "b",
            "duration": "PT1M30.25S",
        },
        "context": {
            "registration": registration,
            "team": {
                "objectType": "Group",
                "name": "Kestrel",
                "account": {"homePage": HOME, "name": f"t{number % 50}"},
            },
            "platform": "Partner learning",
            "language": "en-GB",
            "contextActivities": {
                "parent": [{"id": f"{HOME}/exams/{number % 100}", "objectType": "Activity"}],
                "grouping": [{"id": f"{HOME}/courses/{number % 20}", "objectType": "Activity"}],
            },
            "extensions": {f"{HOME}/extensions/persona": "presales-engineer"},
        },
        "timestamp": "2026-11-16T09:00:00.000Z",
    }


def texts(seed: int) -> list[list[bytes]]:
    """Statements as JSON, each cut in two where the id goes."""
    chance = random.Random(seed)
    return [
        json.dumps(statement(number, str(UUID(int=chance.getrandbits(128)))), separators=(",", ":"))
        .encode()
        .split(b"@ID")
        for number in range(3000)
    ]


def body(pool: list[list[bytes]], size: int, chance: random.Random) -> bytes:
    sent = [f"{uuid4()}".encode().join(pool[chance.randrange(len(pool))]) for _ in range(size)]
    return sent[0] if size == 1 else b"[" + b",".join(sent) + b"]"


class Connection:
    """A keep-alive connection that costs its own side next to nothing."""

    def __init__(self, address: str, authorization: str) -> None:
        host, port = address.removeprefix("http://").split(":")
        self.socket = socket.create_connection((host, int(port)))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.head = (
            f"Host: {host}:{port}\r\nAuthorization: {authorization}\r\nX-Experience-API-Version: 1.0.3\r\n"
            "Content-Type: application/json\r\n"
        )

    def send(self, method: str, path: str, data: bytes = b"") -> bytes:
        head = f"{method} {path} HTTP/1.1\r\n{self.head}Content-Length: {len(data)}\r\n\r\n"
        self.socket.sendall(head.encode() + data)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += self._more()
        head_, _, content = answer.partition(b"\r\n\r\n")
        lengths = [line for line in head_.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0].split(b":")[1]) if lengths else 0
        while len(content) < length:
            content += self._more()
        assert head_[9:10] == b"2", head_ + content[:500]
        return content

    def _more(self) -> bytes:
        data = self.socket.recv(1 << 20)
        assert data, "the server closed the connection"
        return data


def _timed(seconds: float, make: Callable[[int], Callable[[], int]], base: int, start: Any, out: Any) -> None:
    """Runs `make(n)` for each connection of this process in a thread of its own until the time is up."""
    counts: list[int] = []
    jobs = [make(base + number) for number in range(CONNECTIONS // PROCESSES)]
    start.wait()
    ends = time.monotonic() + seconds

    def run(job: Callable[[], int]) -> None:
        count = 0
        while time.monotonic() < ends:
            count += job()
        counts.append(count)

    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    out.put(sum(counts))


def per_second(seconds: float, make: Callable[[int], Callable[[], int]]) -> float:
    """Statements a second over CONNECTIONS connections in PROCESSES processes."""
    context = multiprocessing.get_context("fork")
    out, start = context.Queue(), context.Barrier(PROCESSES)
    share = CONNECTIONS // PROCESSES
    workers = [context.Process(target=_timed, args=(seconds, make, n * share, start, out)) for n in range(PROCESSES)]
    for worker in workers:
        worker.start()
    total = sum(out.get() for _ in workers)
    for worker in workers:
        worker.join()
    return float(total) / seconds


def prepared(make: Callable[[], Any], size: int) -> Callable[[], Any]:
    """What both sides send is made before the time runs, so that neither waits for its own load; more if it is used up."""
    ready = [make() for _ in range(PREPARED // size)]
    return lambda: ready.pop() if ready else make()


def poster(address: str, authorization: str, size: int) -> Callable[[int], Callable[[], int]]:
    def make(number: int) -> Callable[[], int]:
        connection, pool, chance = Connection(address, authorization), texts(number), random.Random(uuid4().int)
        following = prepared(lambda: body(pool, size, chance), size)

        def job() -> int:
            connection.send("POST", "/xapi/statements", following())
            return size

        return job

    return make


def floor(url: str, size: int) -> Callable[[int], Callable[[], int]]:
    row = f"({', '.join(['%s'] * len(COLUMNS))})"
    sql = f"INSERT INTO floor ({', '.join(COLUMNS)}) VALUES " + ", ".join([row] * size)

    def make(number: int) -> Callable[[], int]:
        connection, chance = psycopg.connect(url), random.Random(number)
        pool = [b"x".join(cut).decode() for cut in texts(number)]
        keys = [uuid4() for _ in range(5000)]
        (authority,) = connection.execute("SELECT min(id) FROM xapi_authority").fetchone()  # type: ignore[misc]

        def rows() -> list[object]:
            at, parameters = datetime.now(UTC), []
            for _ in range(size):
                key, text = chance.choice(keys), chance.choice(pool)
                parameters += [uuid4(), at, at, key, key, key, key, "d" * 64, text, authority]
            return parameters

        following = prepared(rows, size)

        def job() -> int:
            connection.execute(sql, following())
            connection.commit()
            return size

        return job

    return make


def prime(url: str, address: str, authorization: str) -> None:
    """Both tables have rows and statistics, as autovacuum sees to: plans made for an empty table scan it whole."""
    for _ in range(2):
        per_second(1.5, floor(url, BATCH))
        per_second(3, poster(address, authorization, BATCH))
        with psycopg.connect(url, autocommit=True) as database:
            for table in ("xapi_statement", "xapi_mention", "floor"):
                database.execute(f"VACUUM ANALYZE {table}")


def ingest(url: str, address: str, authorization: str, seconds: float, rounds: int, say: Callable[[str], None]) -> None:
    say(
        f"{'statements':>12} {'ours /s':>9} {'floor /s':>9} {'of floor':>9}   (medians of {rounds} rounds, ratios per round)"
    )
    prime(url, address, authorization)
    for size in (BATCH, 1):
        ours, floors, ratios = [], [], []
        for _ in range(rounds):
            before = per_second(seconds / 2, floor(url, size))
            ours.append(per_second(seconds, poster(address, authorization, size)))
            floors.append((before + per_second(seconds / 2, floor(url, size))) / 2)
            ratios.append(ours[-1] / floors[-1])
        median = statistics.median
        say(f"{'in ' + str(size):>12} {median(ours):>9.0f} {median(floors):>9.0f} {median(ratios):>9.1%}")


# --- Queries at several sizes ---


def fill(url: str, address: str, authorization: str, size: int, say: Callable[[str], None]) -> None:
    """Fills the store up to `size` statements: the first 20,000 through the door, the others as copies with new keys."""
    connection = Connection(address, authorization)
    pool, chance = texts(0), random.Random(0)
    with psycopg.connect(url, autocommit=True) as database:
        count = _count(database)
        while count < min(size, 20_000):
            connection.send("POST", "/xapi/statements", body(pool, BATCH, chance))
            count += BATCH
        start = time.monotonic()
        with _without_indexes(database):
            for done in range(count, size, COPIED):
                _copy(database, min(size - done, COPIED))
        for table in TABLES:
            database.execute(f"VACUUM ANALYZE {table}")
        say(f"  filled to {_count(database):,} statements in {time.monotonic() - start:.0f} s")


@contextmanager
def _without_indexes(database: psycopg.Connection[Any]) -> Iterator[None]:
    """Indexes and keys go, and are built again at the end: much quicker than row by row."""
    database.execute("SET synchronous_commit = off")
    database.execute("SET maintenance_work_mem = '512MB'")
    keys = database.execute(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE conrelid = ANY (%s::regclass[]) AND contype IN ('p', 'u') AND NOT EXISTS"
        " (SELECT 1 FROM pg_constraint AS other WHERE other.confrelid = pg_constraint.conrelid"
        "  AND other.conindid = pg_constraint.conindid AND other.contype = 'f')",
        [TABLES],
    ).fetchall()
    for table, name, _ in keys:
        database.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    indexes = database.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index"
        " WHERE indrelid = ANY (%s::regclass[]) AND NOT indisprimary",
        [TABLES],
    ).fetchall()
    for name, _ in indexes:
        database.execute(f"DROP INDEX {name}")
    yield
    for _, definition in indexes:
        database.execute(definition)
    for table, name, definition in keys:
        database.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


def _count(database: psycopg.Connection[Any]) -> int:
    return int(database.execute("SELECT count(*) FROM xapi_statement").fetchone()[0])  # type: ignore[index]


def _copy(database: psycopg.Connection[Any], many: int) -> None:
    """Copies of stored statements: other ids, earlier times, people and items shifted so that they grow with the store."""
    database.execute(
        """
        WITH old AS (SELECT * FROM xapi_statement ORDER BY id LIMIT 20000),
        source AS (SELECT old.*, n FROM old CROSS JOIN generate_series(1, %(times)s) AS n LIMIT %(many)s),
        new AS (
            INSERT INTO xapi_statement (statement_id, stored_at, happened_at, authority_id, actor_key, verb_key,
                object_key, registration, digest, body)
            SELECT gen_random_uuid(), stored_at - random() * interval '900 days', happened_at, authority_id,
                CASE WHEN n %% 10 = 0 THEN actor_key ELSE md5(actor_key::text || n)::uuid END, verb_key,
                CASE WHEN n %% 10 = 0 THEN object_key ELSE md5(object_key::text || n)::uuid END,
                md5(registration::text || n || %(salt)s)::uuid, digest, body
            FROM source RETURNING id, stored_at, object_key
        )
        INSERT INTO xapi_mention (key, stored_at, statement_id, is_member)
        SELECT md5(mark || ('x' || substr(object_key::text, 1, 4))::bit(16)::int %% 500)::uuid, stored_at, id, false
        FROM new CROSS JOIN (VALUES ('team'), ('parent'), ('grouping')) AS kinds (mark)
        """,
        {"many": many, "times": many // 20_000 + 1, "salt": str(uuid4())},
    )


def queries(url: str) -> dict[str, list[str]]:
    """Addresses of each kind of query, for people and things that are in the store at every size."""
    with psycopg.connect(url) as database:
        rows = database.execute("SELECT body FROM xapi_statement ORDER BY id LIMIT 200").fetchall()
    found: dict[str, list[str]] = {}
    since = (datetime.now(UTC) - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for (text,) in rows:
        stored = json.loads(text)
        kinds = {
            "agent+limit": {"agent": json.dumps(stored["actor"]), "limit": "25"},
            "verb+activity+since": {"verb": stored["verb"]["id"], "activity": stored["object"]["id"], "since": since},
            "registration": {"registration": stored["context"]["registration"]},
            "related agents": {"agent": json.dumps(stored["context"]["team"]), "related_agents": "true", "limit": "25"},
            "newest 25": {"limit": "25"},
        }
        for kind, query in kinds.items():
            found.setdefault(kind, []).append(f"/xapi/statements?{urlencode(query)}")
    return found


def percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def latencies(address: str, authorization: str, kinds: dict[str, list[str]]) -> dict[str, float]:
    """p95 in milliseconds of one client, after a warm-up: the median of five rounds, kinds in turn."""
    connection = Connection(address, authorization)
    rounds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(ROUNDS + 1):
        for kind, paths in kinds.items():
            taken = []
            for path in paths:
                start = time.perf_counter()
                connection.send("GET", path)
                taken.append((time.perf_counter() - start) * 1000)
            if number:
                rounds[kind].append(percentile(taken, 0.95))
    return {kind: statistics.median(values) for kind, values in rounds.items()}


def query_report(url: str, address: str, authorization: str, sizes: Sequence[int], say: Callable[[str], None]) -> None:
    results = {}
    for size in sizes:
        fill(url, address, authorization, size, say)
        results[size] = latencies(address, authorization, queries(url))
        with psycopg.connect(url) as database:
            table, indexes, mentions, count = database.execute(
                "SELECT pg_table_size('xapi_statement'), pg_indexes_size('xapi_statement'),"
                " pg_total_relation_size('xapi_mention'), count(*) FROM xapi_statement"
            ).fetchone()  # type: ignore[misc]
        say(
            f"{count:,} statements: {table / count:.0f} bytes each, indexes {indexes / count:.0f}, "
            f"mentions {mentions / count:.0f}"
        )
    say(f"{'p95 ms':<22}" + "".join(f"{size:>12,}" for size in sizes) + f"{'ratio':>8}")
    for kind in results[sizes[0]]:
        first, last = results[sizes[0]][kind], results[sizes[-1]][kind]
        say(f"{kind:<22}" + "".join(f"{results[size][kind]:>12.1f}" for size in sizes) + f"{last / first:>8.2f}")


# --- Set-up ---


@contextmanager
def store(folder: Path) -> Iterator[tuple[str, str, str]]:
    """A cluster, a server, a credential: database URL, address and Authorization."""
    with postgres_cluster(folder) as url:
        env = {"LAUREL_TESTING": "1", "DATABASE_URL": url, "MEDIA_ROOT": str(folder / "media")}
        manage = [sys.executable, "manage.py"]
        subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=_with(env), check=True)
        created = subprocess.run(
            [
                *manage,
                "xapi",
                "credential",
                "create",
                "--name",
                "Bench",
                "--scopes",
                "statements/write,all/read",
                "--json",
            ],
            cwd=ROOT,
            env=_with(env),
            check=True,
            capture_output=True,
        )
        credential = json.loads(created.stdout)
        basic = base64.b64encode(f"{credential['key']}:{credential['secret']}".encode()).decode()
        with psycopg.connect(url, autocommit=True) as database:
            database.execute("CREATE TABLE floor (LIKE xapi_statement INCLUDING ALL)")
        with web_server(folder, env, threads=CONNECTIONS) as address:
            yield url, address, f"Basic {basic}"


def _with(env: dict[str, str]) -> dict[str, str]:
    return {**os.environ, **env}


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench xapi", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="of load per measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", default="100000,1000000", help="of the store for queries, by commas; empty: none")
    options = parser.parse_args(arguments)
    sizes = [int(size) for size in options.sizes.split(",") if size]
    with (
        tempfile.TemporaryDirectory(prefix="laurel-bench-", ignore_cleanup_errors=True) as name,
        store(Path(name)) as (url, address, authorization),
    ):

        def say(line: str) -> None:
            print(line, flush=True)

        if options.rounds:
            ingest(url, address, authorization, options.seconds, options.rounds, say)
        if sizes:
            query_report(url, address, authorization, sizes, say)
