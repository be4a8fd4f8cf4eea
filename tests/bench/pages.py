"""The pages people wait for, on the real server: granian and PostgreSQL with the demo's data.

For each page: median milliseconds of one client, database queries, requests per second with 8 clients, CPU
milliseconds of the server per request, and the ratio of its rate to an empty Django view (/robots.txt with the whole
middleware) measured right before and after it.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.servers import ROOT, postgres_cluster, web_server

PASSWORD = "show me around"
REP = "tomasz.wisniewski@kestrel-integrators.example"
ENGINEER = "ines.navarro@kestrel-integrators.example"
CLIENTS = 8


def sign_in(address: str, email: str) -> httpx.Client:
    """A client with a session of this person."""
    client = httpx.Client(base_url=address, follow_redirects=True, timeout=30)
    page = client.get("/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token
    answer = client.post(
        "/accounts/login/",
        data={"login": email, "password": PASSWORD, "csrfmiddlewaretoken": token[1]},
        headers={"Referer": f"{address}/accounts/login/"},
    )
    assert "Sign out" in answer.text or answer.url.path == "/", (answer.url, answer.status_code)
    return client


def find(client: httpx.Client, start: str, pattern: str) -> str:
    """The first link on page `start` whose address matches."""
    found = re.search(rf'href="({pattern})"', client.get(start).text)
    assert found, f"no link {pattern} on {start}"
    return found[1]


def open_exam(client: httpx.Client, slug: str) -> str:
    """Begins an attempt; returns the address of its first item."""
    page = client.get(f"/exams/{slug}/")
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
    assert token, page.status_code
    answer = client.post(f"/exams/{slug}/", data={"csrfmiddlewaretoken": token[1]}, headers={"Referer": str(page.url)})
    assert "/exams/attempts/" in answer.url.path, answer.url
    return answer.url.path


def cpu_seconds(address: str) -> float:
    """CPU time of the server's processes, from /proc."""
    port = address.rsplit(":", 1)[1]
    ticks = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if port in (process / "cmdline").read_text() and "granian" in (process / "cmdline").read_text():
                group = os.getpgid(int(process.name))
                break
        except OSError:
            continue
    else:
        return 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(process.name)) == group:
                fields = (process / "stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12])
        except (OSError, ProcessLookupError):
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def rate(address: str, cookies: httpx.Cookies, path: str, seconds: float) -> tuple[float, float]:
    """(requests per second with 8 clients, server CPU milliseconds per request)."""
    count, stop = [0] * CLIENTS, time.monotonic() + seconds

    def load(number: int) -> None:
        with httpx.Client(base_url=address, cookies=cookies, timeout=30) as client:
            while time.monotonic() < stop:
                answer = client.get(path)
                assert answer.status_code == 200, (path, answer.status_code)
                count[number] += 1

    before, start = cpu_seconds(address), time.monotonic()
    threads = [threading.Thread(target=load, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.monotonic() - start
    return sum(count) / elapsed, (cpu_seconds(address) - before) * 1000 / max(1, sum(count))


def median_ms(client: httpx.Client, path: str, times: int = 30) -> float:
    samples = []
    for _ in range(times):
        start = time.perf_counter()
        client.get(path)
        samples.append((time.perf_counter() - start) * 1000)
    return statistics.median(samples)


def build(url: str, folder: Path) -> dict[str, str]:
    """The demo on PostgreSQL; returns the environment of its server."""
    env = {"LAUREL_DEMO": "1", "DATABASE_URL": url, "MEDIA_ROOT": str(folder / "media")}
    command = [sys.executable, "manage.py", "demo", "--no-serve"]
    subprocess.run(command, cwd=ROOT, env={**os.environ, **env}, check=True)
    return env


def count_queries(env: dict[str, str], pages: dict[str, tuple[str, str]]) -> dict[str, int]:
    """Queries per page, counted by Django in a process of its own."""
    script = (
        "import sys, json, django; django.setup()\n"
        "from django.test import Client; from django.test.utils import CaptureQueriesContext\n"
        "from django.db import connection; from lms.accounts.models import User\n"
        "out = {}\n"
        "for name, (path, email) in json.loads(sys.argv[1]).items():\n"
        "    client = Client(); client.force_login(User.objects.get(email=email), 'django.contrib.auth.backends.ModelBackend')\n"
        "    client.get(path)\n"
        "    with CaptureQueriesContext(connection) as queries: assert client.get(path).status_code == 200, path\n"
        "    out[name] = len(queries)\n"
        "print(json.dumps(out))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(pages)],
        cwd=ROOT,
        env={**os.environ, **env, "DJANGO_SETTINGS_MODULE": "lms.settings"},
        check=True,
        capture_output=True,
        text=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def report(address: str, env: dict[str, str], seconds: float, say: Callable[[str], None]) -> None:
    rep, engineer = sign_in(address, REP), sign_in(address, ENGINEER)
    lesson = find(rep, "/my/learning/", '/learn/[^"]+')
    partner = find(rep, "/", '/partners/[^"]+')
    pages = {
        "home": ("/", REP),
        "catalogue": ("/catalogue/", REP),
        "lesson": (lesson, REP),
        "exam item": (open_exam(engineer, "halden-presales"), ENGINEER),
        "partner page": (partner, REP),
    }
    clients = {REP: rep, ENGINEER: engineer}
    queries = count_queries(env, pages)
    say(f"{'page':<14} {'median ms':>9} {'queries':>7} {'req/s':>7} {'CPU ms':>7} {'of empty view':>14}")
    for name, (path, email) in pages.items():
        client = clients[email]
        median = median_ms(client, path)
        empty_before, _ = rate(address, client.cookies, "/robots.txt", seconds / 2)
        per_second, cpu = rate(address, client.cookies, path, seconds)
        empty_after, _ = rate(address, client.cookies, "/robots.txt", seconds / 2)
        ratio = per_second / ((empty_before + empty_after) / 2)
        say(f"{name:<14} {median:>9.1f} {queries[name]:>7} {per_second:>7.1f} {cpu:>7.1f} {ratio:>13.1%}")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench pages", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="of load per page")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="laurel-bench-") as name:
        folder = Path(name)
        with postgres_cluster(folder) as url:
            env = build(url, folder)
            with web_server(folder, env) as address:
                report(address, env, options.seconds, lambda line: print(line, flush=True))
