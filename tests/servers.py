"""Real servers for the browser tests, the worker tests and the benchmarks: started on free ports, stopped at the end.

Each raises ServerUnavailable when it cannot be had: a missing server is a failure, never a silent skip.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import urlopen

ROOT = Path(__file__).resolve().parent.parent


class ServerUnavailable(RuntimeError):
    """The server's program is missing or did not come up; the message ends with its last words."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise ServerUnavailable(f"nothing listens on port {port}:\n{log.read_text()[-2000:]}")


@contextmanager
def run(command: list[str], *, log: Path, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a program in a process group of its own, with its output in `log`; ends the group at the end."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=dict(env or os.environ), start_new_session=True
        )
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _as_postgres(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--", *command] if os.geteuid() == 0 else command


@contextmanager
def postgres_cluster(folder: Path, *, durable: bool = True) -> Iterator[str]:
    """A new cluster below `folder`; yields the URL of its database. `durable=False` is for tests only."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not programs:
        raise ServerUnavailable("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    binaries, data, port = programs[-1].parent, folder / "pg", free_port()
    for path in (folder, *folder.parents):
        if path.stat().st_uid == os.geteuid() and path != Path("/"):
            path.chmod(path.stat().st_mode | 0o055)
    data.mkdir()
    if os.geteuid() == 0:
        shutil.chown(data, "postgres")
    initdb = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "laurel",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C.UTF-8",
    ]
    subprocess.run(_as_postgres(initdb), check=True, stdout=subprocess.DEVNULL, cwd=data)
    options = {"listen_addresses": "127.0.0.1", "max_connections": "200", "shared_buffers": "256MB"}
    if not durable:
        options["fsync"] = "off"
    server = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-k", str(data)]
    for name, value in options.items():
        server += ["-c", f"{name}={value}"]
    log = folder / "postgres.log"
    with run(_as_postgres(server), log=log) as process:
        _wait_for_port(port, process, log)
        yield f"postgres://laurel@127.0.0.1:{port}/postgres"


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """A Redis as broker: noeviction, nothing on disk. Yields its URL."""
    if not shutil.which("redis-server"):
        raise ServerUnavailable("Redis is not installed (Debian: apt-get install redis-server)")
    port, log = free_port(), folder / "redis.log"
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with run([*command, "--maxmemory-policy", "noeviction"], log=log) as process:
        _wait_for_port(port, process, log)
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def web_server(
    folder: Path, env: Mapping[str, str], *, workers: int = 2, threads: int = 4, port: int = 0
) -> Iterator[str]:
    """Laurel under granian, as in production, on a free port or the one given. Yields its address."""
    with web_process(folder, env, workers=workers, threads=threads, port=port) as (address, _):
        yield address


@contextmanager
def web_process(
    folder: Path, env: Mapping[str, str], *, workers: int = 2, threads: int = 4, port: int = 0
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The same, for who must do something to the process group as well."""
    port, log = port or free_port(), folder / "web.log"
    address = f"http://127.0.0.1:{port}"
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "lms.wsgi:application"),
        *("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers), "--blocking-threads", str(threads)),
    ]
    with run(command, log=log, env={**os.environ, "SITE_URL": address, **env}) as process:
        _wait_for_port(port, process, log)
        with urlopen(f"{address}/healthz", timeout=60) as answer:
            assert answer.status == 200
        yield address, process


@contextmanager
def celery_worker(folder: Path, env: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """A real worker with beat. Ready when it says so."""
    log = folder / "worker.log"
    command = [
        *(sys.executable, "-m", "celery", "-A", "lms", "worker", "-B", "-s", str(folder / "beat"), "-c", "2"),
        *("--loglevel", "INFO", "--without-gossip", "--without-mingle"),
    ]
    with run(command, log=log, env={**os.environ, **env}) as process:
        deadline = time.monotonic() + 60
        while b" ready." not in log.read_bytes():
            if process.poll() is not None or time.monotonic() > deadline:
                raise ServerUnavailable(f"the Celery worker did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield process
