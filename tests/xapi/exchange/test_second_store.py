"""Two Laurels, each with a database of its own, and the tincan client that reads what arrived: nothing is simulated."""

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
import tincan
from django.core.management import call_command
from django.utils import timezone

from lms.xapi.models import Attachment, ForwardingTarget, Statement, StatementAttachment
from lms.xapi.multipart import Slice, Upload
from lms.xapi.services import attached_files, create_credential, platform_authority, receive_statements, record
from lms.xapi.validation import Version
from tests import databases
from tests.servers import ROOT, free_port, web_server
from tests.xapi.factories import statement, voiding

pytestmark = pytest.mark.django_db


class SecondStore:
    """Another Laurel on SQLite: its settings, its key, and the client that speaks to it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.env = {
            "LAUREL_TESTING": "1",
            "DATABASE_URL": f"sqlite:///{folder / 'second.sqlite3'}",
            "XAPI_BASE_IRI": "https://second.example",
            "SECRET_KEY": "of the second " + "s" * 50,
            "MEDIA_ROOT": str(folder / "media of the second"),
        }
        template = ROOT / "var" / f"test-template-{databases.migration_key()}.sqlite3"
        if template.exists():
            shutil.copyfile(template, folder / "second.sqlite3")
        else:
            self.manage("migrate", "--verbosity", "0")
        made = self.manage(
            "xapi", "credential", "create", "--name", "Laurel one", "--scopes", "statements/write,all/read", "--json"
        )
        self.credential = json.loads(made)

    def manage(self, *words: str) -> str:
        command = [sys.executable, "manage.py", *words]
        done = subprocess.run(command, cwd=ROOT, env={**os.environ, **self.env}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def running(self):
        return web_server(self.folder, self.env, workers=1, port=self.port)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/xapi/"

    def client(self, version: str = "1.0.3") -> tincan.RemoteLRS:
        return tincan.RemoteLRS(
            endpoint=self.address,
            version=version,
            username=self.credential["key"],
            password=self.credential["secret"],
        )

    def read(self) -> list[tincan.Statement]:
        """All statements by tincan, page by page, oldest first."""
        client, found = self.client(), []
        page = client.query_statements({"ascending": "true", "limit": 50})
        while True:
            assert page.success, page.data
            found += list(page.content.statements)
            if not page.content.more:
                return found
            page = client.more_statements(page.content)


@pytest.fixture
def second(tmp_path, monkeypatch):
    for limit in ("outgoing.READ_SECONDS", "outgoing.CONNECT_SECONDS"):
        monkeypatch.setattr(f"lms.common.{limit}", 60)  # a busy machine is not what is tested here
    monkeypatch.setattr("lms.xapi.remote.TOTAL_SECONDS", 120)
    store = SecondStore(tmp_path)
    monkeypatch.setenv("XAPI_PEER_SECRET", store.credential["secret"])
    return store


def xapi(*words: str) -> str:
    out = io.StringIO()
    call_command("xapi", *words, stdout=out)
    return out.getvalue()


def test_statements_arrive_outlive_downtime_and_are_read_by_tincan(second):
    xapi("forward", "add", "Second", "--address", second.address, "--key", second.credential["key"])
    now = timezone.now()
    first = record([statement() for _ in range(120)], authority=platform_authority(), at=now)
    (wrong,) = record([statement(result={"response": "Łódź 课"})], authority=platform_authority(), at=now)
    (void,) = record([voiding(wrong)], authority=platform_authority(), at=now + timedelta(seconds=1))
    with second.running():
        assert "Second: 122 sent, 0 refused for good." in xapi("forward", "run")
        read = second.read()
        assert [one.id for one in read] == [*first, void]  # a voided one is not listed
        assert read[0].authority.name == "Laurel one"
        assert second.client().retrieve_voided_statement(wrong).content.result.response == "Łódź 课"

    late = record([statement() for _ in range(3)], authority=platform_authority(), at=now + timedelta(seconds=2))
    assert "did not answer" in xapi("forward", "run")
    assert "failing" in xapi("forward", "list")
    xapi("forward", "pause", "Second")
    xapi("forward", "resume", "Second")
    with second.running():
        assert "Second: 3 sent, 0 refused for good." in xapi("forward", "run", "Second")
        assert [one.id for one in second.read()][-3:] == late
        xapi("forward", "replay", "Second", "--since", "2020-01-01T00:00:00Z")
        assert "Second: 125 sent, 0 refused for good." in xapi("forward", "run", "Second")
        assert len(second.read()) == 124
    assert ForwardingTarget.objects.get().dead_letters.count() == 0


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
def test_statements_are_fetched_from_the_second_store(second, version):
    xapi(
        *("pull", "add", "Second", "--address", second.address, "--key", second.credential["key"]),
        *("--version", version),
    )
    with second.running():
        saved = [second.client().save_statement(_sung(n)).content.id for n in range(105)]
        assert "Second: 105 fetched, 0 refused for good." in xapi("pull", "run")
        rows = Statement.objects.order_by("stored_at", "id")
        assert list(rows.values_list("statement_id", flat=True)) == saved
        assert set(rows.values_list("authority__name", "authority__is_trusted")) == {("Second", False)}
        second.client().save_statement(_sung(0))
        xapi("pull", "run", "Second")
    assert Statement.objects.count() == 106


def _sung(number: int) -> tincan.Statement:
    return tincan.Statement(
        actor=tincan.Agent(mbox=f"mailto:singer{number}@x.example"),
        verb=tincan.Verb(id="https://x.example/verbs/sang"),
        object=tincan.Activity(id="https://x.example/songs/1"),
    )


def test_files_go_along_both_ways(second, settings, tmp_path):
    """A statement that came with a file is sent and fetched with it."""
    content = "Łódź".encode() * 50_000
    sha2 = hashlib.sha256(content).hexdigest()
    attachment = {
        "usageType": "https://x.example/usage",
        "display": {"en": "A plan"},
        "contentType": "text/plain",
        "length": len(content),
        "sha2": sha2,
    }
    credential, _ = create_credential(name="Author", scopes=["statements/write"], at=timezone.now())
    xapi("forward", "add", "Second", "--address", second.address, "--key", second.credential["key"])
    (before, with_file, after) = (
        receive_statements(
            data=json.dumps(data).encode(),
            credential=credential,
            version=Version.V1,
            at=timezone.now(),
            uploads=uploads,
        )[0]
        for data, uploads in (
            (statement(), {}),
            (statement(attachments=[attachment]), {sha2: upload(sha2, content)}),
            (statement(), {}),
        )
    )
    with second.running():
        assert "Second: 3 sent, 0 refused for good." in xapi("forward", "run")
        assert [one.id for one in second.read()] == [before, with_file, after]
        StatementAttachment.objects.all().delete()
        Attachment.objects.all().delete()
        Statement.objects.all().delete()
        xapi("pull", "add", "Second", "--address", second.address, "--key", second.credential["key"])
        assert "Second: 3 fetched, 0 refused for good." in xapi("pull", "run")
    (found,) = attached_files([with_file]).values()
    with found.file.open("rb") as file:
        assert file.read() == content


def upload(sha2, content):
    return Upload(sha2=sha2, content=Slice(io.BytesIO(content), 0, len(content)))
