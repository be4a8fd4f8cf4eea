"""An exam that many sit at once, on the real server: granian, PostgreSQL, Redis, a Celery worker with beat.

Candidates start within a minute, save an answer every ten seconds, look at the next question, and hand in within the same
minute. Told are p50, p95 and p99 of each kind of request, errors, CPU per candidate and per page, queries per save, the
rate of one save against an empty page of a signed-in person, and what matters most: every answer the server acknowledged
is compared, one by one, with what the database holds at the end. With faults, a web process, the worker, Redis and
PostgreSQL are killed in the middle of it; clients try again as a browser does, with the same number and nonce.
"""

import argparse
import asyncio
import json
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from tests.bench._exam_server import FAULTS, Stack, stack
from tests.servers import ROOT

SLUG = "bench-exam"
PASSWORD = "a long password for the bench"
RETRY = (0.5, 1, 2, 4, 8)
PATIENCE = 90.0
FIELDS = re.compile(r'name="(?:answer|answer-[a-z0-9]+)" value="([a-z0-9]{8})"')
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass
class Tally:
    """What the clients saw."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    retries: Counter[str] = field(default_factory=Counter)
    sizes: list[int] = field(default_factory=list)
    acknowledged: dict[str, dict[int, tuple[int, str]]] = field(default_factory=dict)
    refused: int = 0


class Candidate:
    """One person with one browser."""

    def __init__(self, number: int, address: str, session: str, tally: Tally, plan: argparse.Namespace) -> None:
        self.number, self.tally, self.plan = number, tally, plan
        self.client = httpx.AsyncClient(
            base_url=address,
            cookies={"session": session},
            timeout=20,
            headers={"Referer": address, "User-Agent": f"bench {number}"},
        )
        self.base, self.csrf, self.seqs = "", "", defaultdict[int, int](int)
        self.rng = random.Random(number)

    async def request(self, kind: str, method: str, path: str, **more: Any) -> httpx.Response | None:
        """One request, tried again on no connection, 5xx and 429; None when patience is at an end."""
        began, tries = time.monotonic(), 0
        while True:
            start = time.perf_counter()
            try:
                answer = await self.client.request(method, path, **more)
            except httpx.HTTPError as error:
                why = type(error).__name__
            else:
                if answer.status_code < 500 and answer.status_code != 429:
                    self.tally.times[kind].append((time.perf_counter() - start) * 1000)
                    return answer
                why = str(answer.status_code)
            self.tally.retries[why] += 1
            if time.monotonic() - began > PATIENCE:
                self.tally.errors[f"{kind}: {why}"] += 1
                return None
            await asyncio.sleep(RETRY[min(tries, len(RETRY) - 1)] * self.rng.uniform(0.75, 1.25))
            tries += 1

    async def post(self, kind: str, path: str, **data: str) -> httpx.Response | None:
        return await self.request(kind, "POST", path, data={"csrfmiddlewaretoken": self.csrf, **data})

    async def sit(self) -> None:
        await asyncio.sleep(self.rng.uniform(0, self.plan.start_within))
        page = await self.request("start page", "GET", f"/exams/{SLUG}/")
        if page is None or not (found := TOKEN.search(page.text)):
            self.tally.errors["no start page"] += 1
            return
        self.csrf = found[1]
        begun = await self.post("start", f"/exams/{SLUG}/")
        if begun is None or begun.status_code != 302 or "/attempts/" not in begun.headers["Location"]:
            self.tally.errors[f"start: {begun and begun.status_code}"] += 1
            return
        self.base = begun.headers["Location"].split("items/")[0]
        self.tally.acknowledged[self.base.split("/")[3]] = {}
        await self.answer_all()
        handed_in = await self.post("submit", f"{self.base}submit/")
        if handed_in is None or handed_in.status_code != 302:
            self.tally.errors[f"submit: {handed_in and handed_in.status_code}"] += 1
        await self.request("result page", "GET", f"{self.base}result/")
        await self.client.aclose()

    async def answer_all(self) -> None:
        ends = self.plan.began + self.plan.start_within + self.plan.minutes * 60
        position = 0
        while position < self.plan.questions or time.monotonic() < ends - self.plan.every:
            number = position % self.plan.questions + 1
            page = await self.request("question page", "GET", f"{self.base}items/{number}/")
            if page is None or page.status_code != 200:
                self.tally.errors[f"question: {page and page.status_code}"] += 1
                return
            self.tally.sizes.append(len(page.content))
            await asyncio.sleep(self.plan.every * self.rng.uniform(0.8, 1.2))
            await self.save(number, self.rng.choice(FIELDS.findall(page.text)))
            position += 1
        await asyncio.sleep(self.rng.uniform(0, max(0.0, ends + self.plan.start_within - time.monotonic())))

    async def save(self, number: int, answer: str) -> None:
        self.seqs[number] += 1
        seq = self.seqs[number]
        body = json.dumps({"item": str(number), "seq": seq, "nonce": str(uuid4()), "answer": answer})
        headers = {"X-CSRFToken": self.csrf, "Content-Type": "application/json"}
        reply = await self.request("save", "POST", f"{self.base}save/", content=body, headers=headers)
        if reply is not None and reply.status_code == 200:
            self.tally.acknowledged[self.base.split("/")[3]][number] = (seq, answer)
        elif reply is not None:
            self.tally.errors[f"save: {reply.status_code} {reply.text[:80]}"] += 1


def manage(env: dict[str, str], script: str, *arguments: str) -> Any:
    """Runs a script of tests/bench/_exam_data.py in a Django of its own; returns what it printed as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench._exam_data", script, *arguments],
        cwd=ROOT,
        env={**os.environ, **env},
        check=True,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout.splitlines()[-1])


async def sit_all(plan: argparse.Namespace, running: Stack, sessions: list[str], tally: Tally) -> None:
    plan.began = time.monotonic()
    candidates = [Candidate(number, running.address, one, tally, plan) for number, one in enumerate(sessions)]
    work: list[Awaitable[None]] = [one.sit() for one in candidates]
    for number, fault in enumerate(plan.faults):
        work.append(harm(running, fault, plan.start_within + plan.minutes * 60 * (number + 1) / (len(plan.faults) + 1)))
    await asyncio.gather(*work)


async def harm(running: Stack, fault: str, after: float) -> None:
    await asyncio.sleep(after)
    print(f"  {fault}: killed after {after:.0f} s", flush=True)
    await asyncio.to_thread(FAULTS[fault], running)


def lost(tally: Tally, stored: dict[str, dict[str, list[Any]]]) -> list[str]:
    """Acknowledged answers that the database does not hold, one by one: the version, and what the token stood for."""
    missing = []
    for attempt, answers in tally.acknowledged.items():
        for number, (seq, token) in answers.items():
            version, tokens = stored.get(attempt, {}).get(str(number), [0, []])
            if version != seq or token not in tokens:
                missing.append(f"{attempt}/{number}: sent {seq} {token}, stored {version} {tokens}")
    return missing


def quantiles(samples: list[float]) -> str:
    marks = statistics.quantiles(samples, n=100, method="inclusive") if len(samples) > 1 else samples * 99
    return f"{marks[49]:>8.0f} {marks[94]:>8.0f} {marks[98]:>8.0f}"


def per_request(running: Stack, run: Callable[[], int]) -> float:
    """Milliseconds of CPU of the web server for each request of `run`."""
    before = running.web.cpu
    count = run()
    return (running.web.cpu - before) * 1000 / count


def single(running: Stack, session: str, seconds: float, say: Callable[[str], None]) -> None:
    """One candidate after another request: CPU of a question page and of a save, against an empty page of his."""
    with httpx.Client(base_url=running.address, cookies={"session": session}, timeout=30) as client:
        page = client.get(f"/exams/{SLUG}/")
        csrf = TOKEN.search(page.text)
        assert csrf, page.status_code
        headers = {"Referer": running.address}
        begun = client.post(f"/exams/{SLUG}/", data={"csrfmiddlewaretoken": csrf[1]}, headers=headers)
        item = begun.headers["Location"]
        token = FIELDS.findall(client.get(item).text)[0]
        save, seq = item.split("items/")[0] + "save/", iter(range(1, 1_000_000))

        def many(once: Callable[[], httpx.Response]) -> tuple[float, float]:
            def run() -> int:
                count, stop = 0, time.monotonic() + seconds
                while time.monotonic() < stop:
                    answer = once()
                    assert answer.status_code in {200, 204}, (answer.status_code, answer.text[:200])
                    count += 1
                return count

            began = time.monotonic()
            counted = 0

            def counting() -> int:
                nonlocal counted
                counted = run()
                return counted

            cpu = per_request(running, counting)
            return counted / (time.monotonic() - began), cpu

        def one_save() -> httpx.Response:
            body = json.dumps({"item": "1", "seq": next(seq), "nonce": str(uuid4()), "answer": token})
            more = {"X-CSRFToken": csrf[1], "Content-Type": "application/json", **headers}
            return client.post(save, content=body, headers=more)

        def nothing() -> httpx.Response:
            more = {"X-CSRFToken": csrf[1], "Content-Type": "application/json", **headers}
            return client.post(save.replace("save/", "events/"), content='{"events": []}', headers=more)

        many(lambda: client.get(item))
        page_rate, page_cpu = many(lambda: client.get(item))
        empty_rate, empty_cpu = many(nothing)
        save_rate, save_cpu = many(one_save)
        say(f"question page: {page_cpu:.1f} ms CPU, {page_rate:.0f} a second, {len(client.get(item).content)} bytes")
        say(
            f"save: {save_cpu:.1f} ms CPU, {save_rate:.0f} a second: {save_rate / empty_rate:.0%} of an empty signed-in"
        )
        say(f"  request ({empty_cpu:.1f} ms CPU, {empty_rate:.0f} a second)")


def report(plan: argparse.Namespace, running: Stack, env: dict[str, str]) -> int:
    def say(line: str) -> None:
        print(line, flush=True)

    made = manage(env, "make", str(plan.candidates + 2), str(plan.questions), str(plan.prepared))
    sessions: list[str] = made["sessions"][1:]  # the first sits for the count of queries, the last alone
    say(f"queries per save: {manage(env, 'queries')['save']}")
    single(running, sessions.pop(), plan.seconds, say)
    tally, web, worker = Tally(), running.web.cpu, running.worker.cpu
    began = time.monotonic()
    asyncio.run(sit_all(plan, running, sessions, tally))
    took = time.monotonic() - began
    web, worker = running.web.cpu - web, running.worker.cpu - worker
    say(f"CPU per candidate: {web / plan.candidates:.3f} s web, {worker / plan.candidates:.3f} s worker")
    say(f"  of {sum(map(len, tally.times.values())) / plan.candidates:.0f} requests each")
    say(f"{plan.candidates} candidates in {took:.0f} s; milliseconds: p50, p95, p99, requests")
    for kind, samples in tally.times.items():
        say(f"  {kind:<14} {quantiles(samples)} {len(samples):>8}")
    say(f"largest question page: {max(tally.sizes)} bytes")
    say(f"tried again: {dict(tally.retries) or 'nothing'}")
    say(f"errors: {sum(tally.errors.values())} {dict(tally.errors) or ''}")
    checked = manage(env, "check")
    missing = lost(tally, checked["answers"])
    acknowledged = sum(len(answers) for answers in tally.acknowledged.values())
    say(f"answers acknowledged: {acknowledged}; lost: {len(missing)} {missing[:3] or ''}")
    say(f"attempts: {checked['attempts']}, scored once: {checked['scored']}, with two results: {checked['twice']}")
    is_good = not missing and not tally.errors and not checked["twice"] and checked["attempts"] == checked["scored"]
    return 0 if is_good else 1


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench exam", description=__doc__)
    parser.add_argument("--candidates", type=int, default=300)
    parser.add_argument("--questions", type=int, default=16)
    parser.add_argument("--minutes", type=float, default=2, help="between the last start and the first who hands in")
    parser.add_argument("--start-within", type=float, default=60, help="seconds in which all start, and hand in")
    parser.add_argument("--every", type=float, default=10, help="seconds between two saves of a candidate")
    parser.add_argument("--prepared", type=int, default=0, help="forms drawn before the exam opens")
    parser.add_argument("--seconds", type=float, default=5, help="of each of the single measurements")
    parser.add_argument("--faults", nargs="*", choices=sorted(FAULTS), default=[], help="in this order, in the middle")
    plan = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="laurel-bench-") as name, ExitStack() as on_exit:
        running, env = on_exit.enter_context(stack(Path(name)))
        status = report(plan, running, env)
    sys.exit(status)
