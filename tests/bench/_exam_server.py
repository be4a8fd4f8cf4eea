"""Laurel as in production, every part of which can be killed and comes back: for the bench of exams."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.servers import ROOT, ServerUnavailable, free_port, postgres_cluster

CLUSTER_OPTIONS = ("listen_addresses=127.0.0.1", "max_connections=200", "shared_buffers=256MB")


class Server:
    """A program that is started, killed and started again on its port."""

    def __init__(self, command: list[str], *, port: int, folder: Path, name: str, env: dict[str, str]) -> None:
        self.command, self.port, self.log = command, port, folder / f"{name}.log"
        self.env = {**os.environ, **env}
        self.process: Any = None
        self.spent = 0.0  # seconds of CPU of what was killed before

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT, env=self.env, start_new_session=True
            )
        wait_for(self)

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    @property
    def cpu(self) -> float:
        """Seconds of CPU of the program and all it started, those that were killed on purpose included."""
        return self.spent + cpu_of(self.pid)

    def kill(self, how: int = signal.SIGKILL) -> None:
        """Ends the program and all it started."""
        self.spent += cpu_of(self.pid)
        with suppress(ProcessLookupError):
            os.killpg(self.pid, how)
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()


def wait_for(server: Server, seconds: float = 300) -> None:
    """Until something listens on the server's port, if it has one. Raises ServerUnavailable with its last words."""
    deadline = time.monotonic() + seconds
    while server.port and time.monotonic() < deadline and server.process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=1):
            return
        time.sleep(0.1)
    if server.port:
        raise ServerUnavailable(f"nothing listens on port {server.port}:\n{server.log.read_text()[-2000:]}")


@dataclass
class Stack:
    """The four programs, and the address of the site."""

    address: str
    web: Server
    worker: Server
    redis: Server
    postgres: Server


def largest_child(pid: int) -> int:
    """Of the processes that this one started itself, the one with the most memory: a worker, not a helper."""
    sizes = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parent = (process / "stat").read_text().rsplit(")", 1)[1].split()[1]
            if int(parent) == pid:
                sizes[int(process.name)] = int((process / "statm").read_text().split()[1])
    return max(sizes, key=lambda one: sizes[one])


def own_cpu(pid: int) -> float:
    """Seconds of CPU of one process; nothing of one that is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, ProcessLookupError):
        return 0.0
    return sum(int(one) for one in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def cpu_of(pid: int) -> float:
    """Seconds of CPU of a program and all that it started and that runs."""
    total = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getpgid(int(process.name)) == pid:
                total += own_cpu(int(process.name))
    return total


def _kill_web_process(stack: Stack) -> None:
    """kill -9 of one of granian's workers: granian starts another."""
    child = largest_child(stack.web.pid)
    stack.web.spent += own_cpu(child)
    os.kill(child, signal.SIGKILL)


def _kill_worker(stack: Stack) -> None:
    stack.worker.kill()
    stack.worker.start()


def _restart_redis(stack: Stack) -> None:
    stack.redis.kill()
    time.sleep(2)
    stack.redis.start()


def _restart_postgres(stack: Stack) -> None:
    """kill -9 of all of PostgreSQL, and its recovery from the log."""
    stack.postgres.kill()
    time.sleep(2)
    with suppress(FileNotFoundError):
        (Path(stack.postgres.command[stack.postgres.command.index("-D") + 1]) / "postmaster.pid").unlink()
    stack.postgres.start()


FAULTS: dict[str, Callable[[Stack], None]] = {
    "web": _kill_web_process,
    "worker": _kill_worker,
    "redis": _restart_redis,
    "postgres": _restart_postgres,
}


def _start_postgres(folder: Path) -> Server:
    """A cluster that keeps what it said it kept: fsync is on."""
    with postgres_cluster(folder):
        pass  # made, tried, and shut down cleanly
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1].parent
    data, port = folder / "pg", free_port()
    command = [str(binaries / "postgres"), "-D", str(data), "-p", str(port), "-k", str(data)]
    for option in CLUSTER_OPTIONS:
        command += ["-c", option]
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        command = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
    return Server(command, port=port, folder=folder, name="postgres", env={})


@contextmanager
def stack(folder: Path) -> Iterator[tuple[Stack, dict[str, str]]]:
    """Everything, migrated and empty; yields it with the environment of its programs."""
    if not shutil.which("redis-server"):
        raise ServerUnavailable("Redis is not installed (Debian: apt-get install redis-server)")
    with ExitStack() as on_exit:

        def keep(server: Server, how: int = signal.SIGTERM) -> Server:
            on_exit.callback(server.kill, how)
            server.start()
            return server

        postgres = keep(_start_postgres(folder), signal.SIGINT)
        redis_port, web_port = free_port(), free_port()
        redis = ["redis-server", "--port", str(redis_port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
        redis += ["--maxmemory-policy", "noeviction"]
        address = f"http://127.0.0.1:{web_port}"
        env = {
            "LAUREL_DEMO": "1",
            "DATABASE_URL": f"postgres://laurel@127.0.0.1:{postgres.port}/postgres",
            "CELERY_BROKER_URL": f"redis://127.0.0.1:{redis_port}/0",
            "MEDIA_ROOT": str(folder / "media"),
            "SITE_URL": address,
        }
        broker = keep(Server(redis, port=redis_port, folder=folder, name="redis", env={}))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env={**os.environ, **env}, check=True)
        celery = [sys.executable, "-m", "celery", "-A", "lms", "worker", "-B", "-s", str(folder / "beat"), "-c", "1"]
        worker = keep(Server(celery, port=0, folder=folder, name="worker", env=env))
        granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "lms.wsgi:application"]
        granian += ["--host", "127.0.0.1", "--port", str(web_port), "--workers", "2", "--blocking-threads", "8"]
        granian += ["--respawn-failed-workers"]
        web = keep(Server(granian, port=web_port, folder=folder, name="web", env=env))
        yield Stack(address=address, web=web, worker=worker, redis=broker, postgres=postgres), env
