"""Archives: what may go, what stays, and that what comes back is what went."""

import gzip
import hashlib
import io
import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from lms.accounts.models import AuditEntry
from lms.events.models import Message
from lms.xapi import archives, vocabulary
from lms.xapi.archives import Manifest
from lms.xapi.checking import check_store
from lms.xapi.errors import ArchiveRefused, BrokenArchive
from lms.xapi.events import MilestonesStored
from lms.xapi.models import (
    Attachment,
    Authority,
    DeadLetter,
    ForwardingTarget,
    LegalHold,
    Mention,
    Reference,
    ReferenceMention,
    Statement,
    StatementAttachment,
)
from lms.xapi.services import archivable, archive_month, archiving, begin_hold, end_hold, platform_authority, record
from tests.xapi.factories import AuthorityFactory, statement, voiding
from tests.xapi.test_attachments import described, multipart, part, send, sha2

MARCH = datetime(2026, 3, 1, 12, tzinfo=UTC)
APRIL = datetime(2026, 4, 1, tzinfo=UTC)
CONTEXT = {"registration": str(uuid4()), "team": {"objectType": "Group", "mbox": "mailto:team@kestrel.example"}}
TABLES = (Statement, Mention, Reference, ReferenceMention)


def nothing(_):
    """Whom no progress interests."""


def content():
    """Every row that a statement makes, without the numbers that the database gives."""
    rows = {row.pk: row.statement_id for row in Statement.objects.all()}
    columns = ("statement_id", "stored_at", "happened_at", "authority", "actor_key", "verb_key", "object_key")
    more = ("registration", "digest", "voided_by", "body")
    return (
        sorted(map(str, Statement.objects.values_list(*columns, *more))),
        sorted((str(row.key), row.stored_at, rows[row.statement_id], row.is_member) for row in Mention.objects.all()),
        sorted((rows[row.referrer_id], rows[row.target_id], row.stored_at) for row in Reference.objects.all()),
        sorted((str(row.key), rows[row.statement_id]) for row in ReferenceMention.objects.all()),
        sorted((rows[use.statement_id], use.attachment.sha2) for use in StatementAttachment.objects.all()),
    )


def archive(folder, before=APRIL):
    return [
        archive_month(month=month, folder=folder, at=timezone.now(), on_progress=nothing)
        for month in archivable(before=before, at=timezone.now())
    ]


def run(*words):
    out = io.StringIO()
    call_command("xapi", *words, verbosity=0, stdout=out)
    return out.getvalue().splitlines()


@pytest.fixture
def store(db):
    """Statements of March that may go: plain, with mentions, with a pretty text, one that points, one that is void."""
    authority, ids = AuthorityFactory(), [str(uuid4()) for _ in range(5)]
    reference = {"objectType": "StatementRef", "id": ids[1]}
    batch = [
        statement(id=ids[0]),
        statement(id=ids[1], context=CONTEXT),
        statement(id=ids[2], object=reference),
        statement(id=ids[3]),
    ]
    record(batch, authority=authority, at=MARCH)
    record([voiding(ids[3], id=ids[4])], authority=authority, at=MARCH + timedelta(days=40))
    return authority


def test_what_comes_back_is_what_went(store, tmp_path):
    before = content()
    (manifest,) = archive(tmp_path)
    assert (manifest.name, manifest.statements) == ("2026-03-1", 4)
    assert [row.verb_key for row in Statement.objects.all()] == [archiving.VOIDED_KEY]
    assert [model.objects.count() for model in TABLES] == [1, 0, 0, 0]
    path = tmp_path / "2026-03-1.manifest.json"
    assert run("import", str(path)) == ["4 statements: 4 brought back, 0 known, 0 refused."]
    assert content() == before
    assert list(check_store(until=timezone.now())) == []
    assert run("import", str(path)) == ["4 statements: 0 brought back, 4 known, 0 refused."]
    assert content() == before


def test_attachments_go_and_come_back_with_their_statements(lrs, tmp_path, settings):
    data = b"a certificate"
    send(lrs, multipart([statement(id=str(uuid4()), attachments=[described(data)])], part(data)))
    body = Statement.objects.get().body
    body = body.replace(json.loads(body)["stored"], "2026-03-01T12:00:00.000000Z")
    Statement.objects.update(stored_at=MARCH, happened_at=MARCH, body=body)
    before = content()
    (manifest,) = archive(tmp_path)
    assert manifest.attachments == (sha2(data),)
    assert (tmp_path / "attachments" / sha2(data)).read_bytes() == data
    assert not Attachment.objects.exists()
    run("import", str(tmp_path / "2026-03-1.manifest.json"))
    assert content() == before
    with Attachment.objects.get().file.open("rb") as file:
        assert file.read() == data


def test_attachment_that_another_statement_has_stays(lrs, tmp_path):
    data = b"shared"
    for _ in range(2):
        send(lrs, multipart([statement(attachments=[described(data)])], part(data)))
    Statement.objects.filter(pk=Statement.objects.earliest("pk").pk).update(stored_at=MARCH)
    archive(tmp_path)
    assert Attachment.objects.get().sha2 == sha2(data)


def test_files_are_ndjson_that_every_store_reads_and_the_manifest_tells_their_digests(store, tmp_path):
    stored = list(
        Statement.objects.filter(stored_at__lt=APRIL).order_by("stored_at", "pk").values_list("body", flat=True)
    )
    archive(tmp_path)
    with gzip.open(tmp_path / "2026-03-1.statements.ndjson.gz", "rt") as lines:
        assert [line.rstrip("\n") for line in lines] == stored
    told = json.loads((tmp_path / "2026-03-1.manifest.json").read_bytes())
    assert told["files"] == {
        name: hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() for name in archives.files_of("2026-03-1")
    }
    assert told["authorities"] == {store.name: {"agent": store.agent, "is_trusted": False}}
    entry = AuditEntry.objects.get(action="xapi.archive_statements")
    assert entry.detail == {"archive": "2026-03-1", "statements": 4, **told["files"]}


def test_what_figures_are_made_of_stays(db, tmp_path):
    milestone = {"verb": {"id": vocabulary.COMPLETED}, "context": {"registration": str(uuid4())}}
    kept = record([statement(**milestone)], authority=platform_authority(), at=MARCH)
    record([statement(**milestone)], authority=AuthorityFactory(), at=MARCH)  # a claim
    record([statement(verb=milestone["verb"])], authority=platform_authority(), at=MARCH)  # of no registration
    archive(tmp_path)
    assert list(Statement.objects.values_list("statement_id", flat=True)) == kept


def test_each_month_has_its_archive_and_later_ones_stay(db, tmp_path):
    for day in (datetime(2025, 12, 31, 23, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC), MARCH, APRIL):
        record([statement()], authority=AuthorityFactory(), at=day)
    assert [manifest.name for manifest in archive(tmp_path)] == ["2025-12-1", "2026-01-1", "2026-03-1"]
    assert Statement.objects.get().stored_at == APRIL


def test_a_second_archive_of_a_month_stands_beside_the_first(store, tmp_path):
    archive(tmp_path)
    record([statement()], authority=store, at=MARCH)
    assert [manifest.name for manifest in archive(tmp_path)] == ["2026-03-2"]


def test_statements_go_in_chunks(store, tmp_path, monkeypatch):
    monkeypatch.setattr(archiving, "CHUNK", 1)
    seen = []
    (month,) = archivable(before=APRIL, at=timezone.now())
    archive_month(month=month, folder=tmp_path, at=timezone.now(), on_progress=seen.append)
    assert seen == [1] * 8


@pytest.mark.parametrize("broken", ["statements.ndjson.gz", "rows.ndjson.gz"])
def test_an_archive_that_cannot_be_read_back_deletes_nothing(store, tmp_path, monkeypatch, broken):
    write = archives.write_lines

    def damage(folder, name, lines):
        count = write(folder, name, lines)
        path = folder / f"{name}.{broken}"
        path.write_bytes(path.read_bytes()[:-20])
        return count

    monkeypatch.setattr(archives, "write_lines", damage)
    with pytest.raises(BrokenArchive):
        archive(tmp_path)
    assert Statement.objects.count() == 5
    assert not (tmp_path / "2026-03-1.manifest.json").exists()


def test_a_broken_archive_is_not_brought_back(store, tmp_path):
    (manifest,) = archive(tmp_path)
    path = tmp_path / archives.manifest_of(manifest.name)
    statements = tmp_path / archives.statements_of(manifest.name)
    good = statements.read_bytes()
    statements.write_bytes(gzip.compress(gzip.decompress(good).replace(b"ann@", b"eve@")))
    with pytest.raises(CommandError, match="is not the file that the manifest speaks of"):
        run("import", str(path))
    statements.unlink()
    with pytest.raises(CommandError, match="cannot be read"):
        run("import", str(path))
    path.write_text('{"name": "x"}')
    with pytest.raises(CommandError, match="is not the manifest of an archive"):
        run("import", str(path))
    other = {"name": "a", "month": "b", "statements": 0, "files": {}, "attachments": [], "authorities": {}}
    path.write_text(json.dumps(other))
    with pytest.raises(CommandError, match="that this version reads"):
        run("import", str(path))
    assert Statement.objects.count() == 1


def test_a_line_too_few_and_another_attachment_are_found(lrs, tmp_path):
    send(lrs, multipart([statement(attachments=[described(b"x")])], part(b"x")))
    Statement.objects.update(stored_at=MARCH)
    (manifest,) = archive(tmp_path)
    with pytest.raises(BrokenArchive, match="has not the 2 statements"):
        archives.verify(tmp_path, Manifest(**{**vars(manifest), "statements": 2}))
    (tmp_path / "attachments" / sha2(b"x")).write_bytes(b"y")
    with pytest.raises(BrokenArchive, match="The attachment"):
        archives.verify(tmp_path, manifest)
    archives.write_lines(tmp_path, "short", [])
    (tmp_path / "short.rows.ndjson.gz").write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(BrokenArchive, match="cannot be read to its end"):
        list(archives.read_lines(tmp_path, "short"))


def test_an_id_that_somebody_else_took_meanwhile_is_told(store, tmp_path):
    taken = Statement.objects.earliest("pk").statement_id
    archive(tmp_path)
    record([statement(id=str(taken), result={"response": "other"})], authority=AuthorityFactory(), at=APRIL)
    with pytest.raises(CommandError, match="Other statements are stored under the ids"):
        run("import", str(tmp_path / "2026-03-1.manifest.json"))
    assert Statement.objects.count() == 1 + 4


def test_an_authority_that_is_missing_comes_back_without_trust(store, tmp_path):
    Authority.objects.update(is_trusted=True)
    archive(tmp_path)
    Statement.objects.all().delete()
    name, agent = store.name, store.agent
    Authority.objects.all().delete()
    run("import", str(tmp_path / "2026-03-1.manifest.json"))
    authority = Authority.objects.get()
    assert (authority.name, authority.agent, authority.is_trusted) == (name, agent, False)


def test_claims_that_were_trusted_since_are_told_to_projections(db, tmp_path):
    claim = statement(verb={"id": vocabulary.COMPLETED}, context=CONTEXT)
    authority = AuthorityFactory()
    record([claim], authority=authority, at=MARCH)
    archive(tmp_path)
    Authority.objects.update(is_trusted=True)
    Message.objects.all().delete()
    run("import", str(tmp_path / "2026-03-1.manifest.json"))
    (message,) = Message.objects.all()
    assert message.type.endswith(MilestonesStored.__name__)
    assert message.payload["registrations"] == [CONTEXT["registration"]]


# --- What keeps statements in the store ---


def test_nothing_goes_while_a_hold_is_in_force(store, tmp_path):
    (month,) = archivable(before=APRIL, at=timezone.now())
    hold = begin_hold(reason="Case 12", at=MARCH)
    with pytest.raises(ArchiveRefused, match="A legal hold is in force since 01 March 2026: Case 12"):
        archivable(before=APRIL, at=timezone.now())
    with pytest.raises(ArchiveRefused):
        archive_month(month=month, folder=tmp_path, at=timezone.now(), on_progress=nothing)
    assert not list(tmp_path.iterdir())
    end_hold(hold=hold, at=MARCH + timedelta(days=1))
    end_hold(hold=hold, at=MARCH + timedelta(days=2))
    assert hold.ended_at == MARCH + timedelta(days=1)
    assert len(archive(tmp_path)) == 1
    assert list(AuditEntry.objects.filter(action__contains="hold").values_list("action", flat=True)) == [
        "xapi.begin_hold",
        "xapi.end_hold",
    ]


def test_a_hold_that_begins_meanwhile_stops_what_is_not_deleted_yet(store, tmp_path, monkeypatch):
    verify = archives.verify

    def hold_then_verify(*args):
        verify(*args)
        begin_hold(reason="now", at=timezone.now())

    monkeypatch.setattr(archives, "verify", hold_then_verify)
    with pytest.raises(ArchiveRefused):
        archive(tmp_path)
    assert Statement.objects.count() == 5


@pytest.mark.parametrize("size", [1, 500])
def test_what_changed_after_it_was_written_stays(store, tmp_path, monkeypatch, size):
    monkeypatch.setattr(archiving, "CHUNK", size)
    verify = archives.verify

    def change_then_verify(*args):
        verify(*args)
        Statement.objects.filter(pk=Statement.objects.earliest("pk").pk).update(digest="0" * 64)

    monkeypatch.setattr(archives, "verify", change_then_verify)
    archive(tmp_path)
    assert Statement.objects.filter(stored_at__lt=APRIL).count() == 1


def test_what_another_store_was_not_sent_stays(store):
    target = ForwardingTarget.objects.create(name="Warehouse", address="https://x.example", key="k", sealed_secret="s")
    with pytest.raises(ArchiveRefused, match="Warehouse was not sent all of it yet"):
        archivable(before=APRIL, at=timezone.now())
    ForwardingTarget.objects.update(sent_through=Statement.objects.latest("pk").pk)
    dead = Statement.objects.earliest("pk").statement_id
    DeadLetter.objects.create(target=target, statement_id=dead, reason="no", refused_at=MARCH)
    assert [month.statements for month in archivable(before=APRIL, at=timezone.now())] == [3]


def test_a_month_that_has_not_begun_is_refused(store):
    with pytest.raises(ArchiveRefused, match="has not begun"):
        archivable(before=APRIL, at=MARCH)


# --- Commands ---


def test_command_says_first_what_would_go(store, tmp_path, monkeypatch):
    words = ["archive", "--before", "2026-04", "--out", str(tmp_path / "new")]
    assert run(*words, "--dry-run") == ["2026-03  4 statements", "Nothing was done: this was a dry run."]
    monkeypatch.setattr("builtins.input", lambda _: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        run(*words)
    assert Statement.objects.count() == 5
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert run(*words) == [
        "2026-03  4 statements",
        f"4 statements of 2026-03 are in {tmp_path / 'new' / '2026-03-1'}.*",
    ]
    assert run(*words) == ["Nothing is to be archived."]


def test_command_takes_the_months_of_the_setting(store, tmp_path, settings):
    words = ["archive", "--out", str(tmp_path), "--dry-run"]
    with pytest.raises(CommandError, match="Say --before"):
        run(*words)
    with pytest.raises(CommandError, match="is not a month"):
        run(*words, "--before", "2026-13")
    now = timezone.now()
    Statement.objects.filter(verb_key=archiving.VOIDED_KEY).update(stored_at=now)
    Statement.objects.exclude(verb_key=archiving.VOIDED_KEY).update(stored_at=now - timedelta(days=70))
    settings.XAPI_KEEP_MONTHS = 1
    assert run(*words)[0].endswith("  4 statements")
    settings.XAPI_KEEP_MONTHS = 3
    assert run(*words) == ["Nothing is to be archived."]


def test_command_tells_of_a_folder_that_cannot_be_written(store, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CommandError, match="cannot be written"):
        run("archive", "--before", "2026-04", "--out", str(tmp_path / "file"), "--yes")
    assert Statement.objects.count() == 5


def test_holds_are_begun_listed_and_ended(db):
    assert run("hold", "begin", "--reason", "Case 12")[0].endswith("is in force: nothing is archived until it ends.")
    hold = LegalHold.objects.get()
    assert run("hold", "list") == [f"{hold.pk}  {hold.begun_at:%Y-%m-%d} to today  Case 12"]
    assert run("hold", "end", str(hold.pk)) == [f"Hold {hold.pk} has ended."]
    assert str(hold) == "Case 12"
    assert run("hold", "list")[0].split()[3] == f"{timezone.now():%Y-%m-%d}"
    with pytest.raises(CommandError, match="There is no hold 0"):
        run("hold", "end", "0")


def test_a_file_of_statements_needs_an_authority(db, tmp_path):
    with pytest.raises(CommandError, match="Say --authority"):
        run("import", str(tmp_path / "x.ndjson"))
