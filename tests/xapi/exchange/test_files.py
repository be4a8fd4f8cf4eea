"""Statements into files and out of files: all of them, the same, and a second time without effect."""

import csv
import gzip
import io
import json
import subprocess
import sys
import tracemalloc
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pyarrow import parquet

from lms.accounts.models import AuditEntry
from lms.xapi import exporting
from lms.xapi.exporting import COLUMNS, CsvWriter, NdjsonWriter, export_statements
from lms.xapi.models import Authority, ImportRun, Statement
from lms.xapi.selection import Selection
from lms.xapi.services import importing, platform_authority, record
from tests.xapi.factories import AuthorityFactory, statement, voiding

pytestmark = pytest.mark.django_db
ANN = {"mbox": "mailto:ann@kestrel.example"}


def xapi(*words: object) -> str:
    out = io.StringIO()
    call_command("xapi", *map(str, words), stdout=out, verbosity=0)
    return out.getvalue()


@pytest.fixture
def say(now):
    def make(*statements, authority=None, at=now):
        return [str(one) for one in record(statements, authority=authority or platform_authority(), at=at)]

    return make


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


# --- Export ---


def test_ndjson_holds_every_statement_as_stored_in_stored_order(say, tmp_path):
    ids = say(*[statement(result={"response": "a\nb Łódź", "score": {"raw": 1.50}}) for _ in range(3)])
    say(voiding(ids[1]))
    assert xapi("export", tmp_path / "all.ndjson") == f"4 statements are in {tmp_path / 'all.ndjson'}.\n"
    bodies = list(Statement.objects.order_by("stored_at", "id").values_list("body", flat=True))
    assert (tmp_path / "all.ndjson").read_text().splitlines() == bodies
    assert [path.name for path in tmp_path.iterdir()] == ["all.ndjson"]
    out = io.StringIO()
    call_command("xapi", "export", "-", stdout=out)
    assert out.getvalue().splitlines() == bodies


def test_table_has_the_columns_and_what_the_statement_says(say, tmp_path):
    (one,) = say(
        statement(
            object={"id": "https://x.example/1", "definition": {"name": {"en": "Łódź"}}},
            result={"score": {"scaled": 0.5, "raw": 5, "max": 10}, "success": True, "duration": "PT1S"},
            context={"registration": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"},
            timestamp="2026-01-01T00:00:00.25+02:00",
        )
    )
    xapi("export", tmp_path / "all.csv")
    (row,) = table(tmp_path / "all.csv")
    assert list(row) == list(COLUMNS)
    assert row == {
        "id": one,
        "stored": "2026-11-16T09:00:00.000000Z",
        "timestamp": "2025-12-31T22:00:00.250000Z",
        "actor": "mailto:ann@kestrel.example",
        "verb": "http://adlnet.gov/expapi/verbs/experienced",
        "object": "https://x.example/1",
        "object_name": "Łódź",
        "registration": "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "success": "true",
        "completion": "",
        "score_scaled": "0.5",
        "score_raw": "5.0",
        "score_max": "10.0",
        "duration": "PT1S",
        "authority": "Platform",
        "is_trusted": "true",
        "is_voided": "false",
    }
    xapi("export", tmp_path / "all.parquet")
    (typed,) = parquet.read_table(tmp_path / "all.parquet").to_pylist()
    assert list(typed) == [*COLUMNS, "statement"]
    assert (typed["id"], typed["success"], typed["completion"], typed["score_raw"]) == (one, True, None, 5.0)
    assert typed["timestamp"].isoformat() == "2025-12-31T22:00:00.250000+00:00"
    assert json.loads(typed["statement"])["id"] == one


@pytest.mark.parametrize(
    "changes, column, shown",
    [
        ({"actor": {"mbox_sha1sum": "a" * 40}}, "actor", "a" * 40),
        ({"actor": {"openid": "https://ann.example/"}}, "actor", "https://ann.example/"),
        ({"actor": {"account": {"homePage": "https://x.example", "name": "7"}}}, "actor", "https://x.example 7"),
        ({"actor": {"objectType": "Group", "member": [ANN, ANN]}}, "actor", f"{ANN['mbox']}, {ANN['mbox']}"),
        ({"object": {"objectType": "Agent", **ANN}}, "object", ANN["mbox"]),
        (
            {"object": {"objectType": "SubStatement", **statement()}},
            "object",
            "http://adlnet.gov/expapi/verbs/experienced https://system.example/activities/1",
        ),
        ({"result": {"score": {"raw": 10**299}}}, "score_raw", "1e+299"),
    ],
)
def test_agents_and_objects_are_told_in_one_cell(say, tmp_path, changes, column, shown):
    say(statement(**changes))
    xapi("export", tmp_path / "t.csv")
    (row,) = table(tmp_path / "t.csv")
    assert row[column] == shown


def test_cell_is_never_a_formula(say, tmp_path):
    names = ["=1+1", "+1", "-1", "@sum", "\t=1", "＝1", " =1", "fine"]
    say(*[statement(object={"id": "https://x.example/1", "definition": {"name": {"en": name}}}) for name in names])
    xapi("export", tmp_path / "t.csv")
    cells = [row["object_name"] for row in table(tmp_path / "t.csv")]
    assert all(not cell.lstrip().startswith(("=", "+", "-", "@", "＝")) for cell in cells)
    assert cells[0] == "'=1+1"
    assert cells[-1] == "fine"


def test_filters_choose_what_goes_out(say, now, tmp_path):
    verb, thing, registration = "https://x.example/verbs/sang", "https://x.example/songs/1", str(uuid4())
    group = {"objectType": "Group", "member": [{"mbox": "mailto:ben@kestrel.example"}]}
    ids = {
        "verb": say(statement(verb={"id": verb})),
        "activity": say(statement(object={"id": thing})),
        "agent": say(statement(actor=group)),
        "registration": say(statement(context={"registration": registration})),
        "claim": say(statement(), authority=AuthorityFactory()),
        "late": say(statement(), at=now + timedelta(days=1)),
    }
    target = tmp_path / "found.ndjson"

    def found(*words: object) -> list[str]:
        xapi("export", target, *words)
        return [line["id"] for line in lines(target)]

    assert found("--verb", verb) == ids["verb"]
    assert found("--activity", thing) == ids["activity"]
    assert found("--agent", "ben@kestrel.example") == ids["agent"]
    assert found("--agent", json.dumps({"mbox": "mailto:ben@kestrel.example"})) == ids["agent"]
    assert found("--registration", registration) == ids["registration"]
    assert found("--since", "2026-11-16T10:00:00Z") == ids["late"]
    assert ids["late"][0] not in found("--until", "2026-11-16T10:00:00Z")
    assert ids["claim"][0] not in found("--trusted-only")
    assert len(found()) == 6


@pytest.mark.parametrize(
    "words, reason",
    [
        (["x.txt"], "Say --format"),
        (["x.csv", "--registration", "7"], "not a UUID"),
        (["x.csv", "--agent", "nobody"], "mbox"),
        (["x.csv", "--verb", "sang"], "IRI"),
        (["x.csv", "--since", "now"], "point in time"),
        (["/nowhere/at/all/x.csv"], "cannot be written: No such file"),
    ],
)
def test_export_that_cannot_be_is_said_in_a_sentence(words, reason, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=reason):
        xapi("export", *words)
    assert list(tmp_path.iterdir()) == []


def test_parquet_without_its_library_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(CommandError, match="pip install pyarrow"):
        xapi("export", tmp_path / "x.parquet")
    assert list(tmp_path.iterdir()) == []


def test_parquet_is_written_in_groups(say, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "_ROW_GROUP", 2)
    say(*[statement() for _ in range(5)])
    xapi("export", tmp_path / "x.parquet")
    assert parquet.ParquetFile(tmp_path / "x.parquet").metadata.num_row_groups == 3


def test_export_streams_with_flat_memory_and_a_query_a_page(say, now):
    class Nowhere(io.RawIOBase):
        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            return len(data)

    def peak() -> int:
        tracemalloc.start()
        try:
            export_statements(Selection(), NdjsonWriter(Nowhere()))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    big = {"result": {"response": "x" * 10_000}}
    say(*[statement(**big) for _ in range(200)])
    peak()  # whatever is imported or cached on first use
    few = peak()
    for _ in range(5):
        say(*[statement(**big) for _ in range(400)])
    assert peak() < few * 1.5 + 500_000
    with CaptureQueriesContext(connection) as queries:
        export_statements(Selection(), CsvWriter(io.BytesIO()))
    assert len(queries) == 2200 // exporting.PAGE + 2


# --- Import ---


@pytest.fixture
def write(tmp_path):
    def make(*statements, name="in.ndjson"):
        path = tmp_path / name
        text = "".join((one if isinstance(one, str) else json.dumps(one)) + "\n" for one in statements)
        path.write_text(text)
        return path

    return make


def shown() -> list[dict]:
    """All statements without what a store sets."""
    bodies = map(json.loads, Statement.objects.order_by("stored_at", "id").values_list("body", flat=True))
    return [{name: body[name] for name in body if name not in {"stored", "authority"}} for body in bodies]


def test_what_was_exported_is_imported_the_same(say, tmp_path):
    ids = say(*[statement() for _ in range(3)])
    say(voiding(ids[1]))
    xapi("export", tmp_path / "all.ndjson")
    before = shown()
    assert xapi("import", tmp_path / "all.ndjson", "--authority", "Ourselves") == (
        "4 lines: 0 stored, 4 known, 0 refused.\n"
    )
    Statement.objects.all().delete()
    said = xapi("import", tmp_path / "all.ndjson", "--authority", "Old store")
    assert said == "4 lines: 4 stored, 0 known, 0 refused.\n"
    assert shown() == before
    assert str(Statement.objects.get(voided_by__isnull=False).statement_id) == ids[1]
    authority = Authority.objects.get(name="Old store")
    assert set(Statement.objects.values_list("authority", flat=True)) == {authority.pk}
    assert not authority.is_trusted
    assert not (tmp_path / "all.ndjson.refused.ndjson").exists()


def test_import_again_changes_nothing(write, now):
    path = write(*[statement() for _ in range(2)], statement(id=str(uuid4())))
    first = xapi("import", path, "--authority", "A")
    assert first == "3 lines: 2 stored, 1 known, 0 refused.\n"  # two equal lines without an id are one statement
    rows = list(Statement.objects.order_by("pk").values())
    assert "was imported on" in xapi("import", path, "--authority", "A")
    assert xapi("import", path, "--authority", "A", "--again") == "3 lines: 0 stored, 3 known, 0 refused.\n"
    assert list(Statement.objects.order_by("pk").values()) == rows
    assert AuditEntry.objects.filter(action="xapi.import_statements").count() == 1


def test_refused_lines_are_reported_with_number_and_reason(write, say, tmp_path):
    (taken,) = say(statement(result={"response": "ours"}))
    path = write(
        statement(id=str(uuid4())),
        "not json",
        "",
        statement(id="7"),
        '{"a": "\\u0000"}',
        statement(id=taken),
        '{"a":' * 100,
        "7",
        statement(verb={"id": "sang"}, id=str(uuid4())),
        voiding(taken, id=str(uuid4())),
        statement(id=str(uuid4())),
    )
    said = xapi("import", path, "--authority", "A")
    assert said.startswith("11 lines: 2 stored, 0 known, 8 refused.\n")
    told = {entry["line"]: entry["reason"] for entry in lines(tmp_path / "in.ndjson.refused.ndjson")}
    assert list(told) == [2, 4, 5, 6, 7, 8, 9, 10]
    assert "not JSON" in told[2]
    assert told[4].startswith("/id")
    assert "NUL" in told[5]
    assert "Another statement is stored" in told[6]
    assert told[9].startswith("/verb/id")
    assert "another authority" in told[10]


def test_line_beyond_all_measure_is_refused_and_the_next_is_read(write, monkeypatch, tmp_path):
    monkeypatch.setattr(importing.guards, "MAX_JSON_BYTES", 300)
    path = write('{"a":"' + "x" * 2000 + '"}', statement(id=str(uuid4())))
    assert xapi("import", path, "--authority", "A").startswith("2 lines: 1 stored, 0 known, 1 refused.")
    (told,) = lines(tmp_path / "in.ndjson.refused.ndjson")
    assert (told["line"], "more than 300 bytes" in told["reason"]) == (1, True)


def test_last_line_needs_no_end_and_files_may_be_compressed(write, tmp_path):
    path = tmp_path / "in.ndjson.gz"
    path.write_bytes(gzip.compress(json.dumps(statement(id=str(uuid4()))).encode()))
    assert xapi("import", path, "--authority", "A").startswith("1 lines: 1 stored")


def test_statements_are_judged_by_the_version_they_name(write):
    newer = {"contextAgents": [{"objectType": "contextAgent", "agent": ANN}]}
    path = write(
        statement(context=newer, version="2.0.0", id=str(uuid4())),
        statement(context=newer, version="1.0.3", id=str(uuid4())),
        statement(context=newer, id=str(uuid4())),
    )
    assert xapi("import", path, "--authority", "A").startswith("3 lines: 1 stored, 0 known, 2 refused.")
    assert xapi("import", path, "--authority", "A", "--again", "--version", "2.0.0").startswith(
        "3 lines: 1 stored, 1 known, 1 refused."
    )


def test_import_that_died_goes_on_where_it_was_committed(write, monkeypatch, tmp_path):
    monkeypatch.setattr(importing, "LINES_AT_ONCE", 10)
    broken = "broken"
    path = write(*[broken if n % 7 == 0 else statement(id=str(uuid4())) for n in range(45)])
    store, seen = importing._record, []

    def die_in_the_third(*more):
        seen.append(more)
        if len(seen) == 3:
            report = tmp_path / "in.ndjson.refused.ndjson"
            with report.open("a") as more_words:
                more_words.write("half a li")
            raise KeyboardInterrupt
        return store(*more)

    monkeypatch.setattr(importing, "_record", die_in_the_third)
    with pytest.raises(KeyboardInterrupt):
        xapi("import", path, "--authority", "A")
    run = ImportRun.objects.get()
    assert (run.lines_read, Statement.objects.count()) == (20, 17)
    monkeypatch.setattr(importing, "_record", store)
    assert xapi("import", path, "--authority", "A").startswith("45 lines: 38 stored, 0 known, 7 refused.")
    assert [entry["line"] for entry in lines(tmp_path / "in.ndjson.refused.ndjson")] == [1, 8, 15, 22, 29, 36, 43]


def test_report_that_was_taken_away_is_begun_anew(write, tmp_path):
    path = write("broken")
    xapi("import", path, "--authority", "A")
    report = tmp_path / "in.ndjson.refused.ndjson"
    report.unlink()
    ImportRun.objects.update(finished_at=None, bytes_read=0, lines_read=0)
    xapi("import", path, "--authority", "A")
    assert len(lines(report)) == 1


def test_another_file_and_another_authority_are_other_imports(write):
    path = write(statement(id=str(uuid4())))
    xapi("import", path, "--authority", "A")
    assert "1 lines: 0 stored, 1 known" in xapi("import", path, "--authority", "B")
    write(statement(id=str(uuid4())), statement(id=str(uuid4())))
    assert "2 lines: 2 stored" in xapi("import", path, "--authority", "A")


def test_import_speaks_for_everybody_but_the_platform(write):
    platform_authority()
    with pytest.raises(CommandError, match="platform's own authority"):
        xapi("import", write(statement()), "--authority", "Platform")
    xapi("import", write(statement()), "--authority", "Sure", "--trusted")
    assert Authority.objects.get(name="Sure").is_trusted


def test_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="cannot be read"):
        xapi("import", tmp_path / "nothing.ndjson", "--authority", "A")


def test_number_of_queries_does_not_grow_with_the_lines(write):
    counts = []
    for number in (1, 3):
        path = write(*[statement(id=str(uuid4())) for _ in range(number)], name=f"{number}.ndjson")
        with CaptureQueriesContext(connection) as queries:
            xapi("import", path, "--authority", f"A{number}")
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("command", ["import", "export"])
def test_help_is_written_for_strangers(command):
    done = subprocess.run(
        [sys.executable, "manage.py", "xapi", command, "--help"], capture_output=True, text=True, check=True
    )
    assert "NDJSON" in done.stdout
