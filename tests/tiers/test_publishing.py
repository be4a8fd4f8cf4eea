"""Publishing rules: numbered, checked, never in retrospect; and the check command."""

import json
from copy import deepcopy
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from lms.accounts.models import AuditEntry
from lms.partners.models import TierName
from lms.tiers import engine, services
from lms.tiers.engine.nodes import KINDS
from lms.tiers.models import Programme, ProgrammeVersion
from tests.factories import PartnerFactory, TierNameFactory, UserFactory
from tests.tiers.factories import DOCUMENT, IN_FORCE, later, programme

DEMO = settings.BASE_DIR / "fixtures" / "demo" / "programme.yaml"


def changed(**changes: Any) -> dict[str, Any]:
    return {**deepcopy(DOCUMENT), **changes}


def publish(document: Any, at: datetime = IN_FORCE, made: Programme | None = None, **more: Any) -> ProgrammeVersion:
    made = made or Programme.objects.get_or_create(slug="halden", defaults={"name": "Halden"})[0]
    return services.publish_programme(programme=made, document=document, effective_at=at, by=None, at=at, **more)


@pytest.mark.django_db
def test_publish_numbers_versions_and_names_tiers() -> None:
    by = UserFactory()
    made = Programme.objects.create(slug="halden", name="Halden")
    first = services.publish_programme(programme=made, document=DOCUMENT, effective_at=IN_FORCE, by=by, at=IN_FORCE)
    second = publish(changed(notes="Second"), later(IN_FORCE, 1))
    assert (first.number, second.number, first.published_by) == (1, 2, by)
    assert list(TierName.objects.order_by("rank").values_list("slug", "name", "rank")) == [
        ("registered", "Registered", 0),
        ("select", "Select", 1),
        ("premier", "Premier", 2),
    ]
    entry = AuditEntry.objects.get(actor=by)
    assert (entry.action, entry.detail) == ("tiers.publish_programme", {"programme": "halden", "version": 1})


@pytest.mark.django_db
def test_publish_twice_makes_one_version() -> None:
    assert publish(DOCUMENT) == publish(deepcopy(DOCUMENT))
    assert publish(DOCUMENT, later(IN_FORCE, 1)).number == 2


@pytest.mark.django_db
def test_published_document_comes_back_equal_from_the_database() -> None:
    document = changed(
        tiers=[DOCUMENT["tiers"][0], {"id": "select", "requires": {"metric": "m", "gte": Decimal("0.70")}}]
    )
    version = publish(document)
    stored = ProgrammeVersion.objects.get(pk=version.pk).document
    assert stored == version.document
    assert stored["tiers"][1]["requires"] == {"metric": "m", "gte": 0.7}
    assert publish(document) == version


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"tiers": []}, "tiers: needs at least one tier"),
        ({"fees": 3}, "fees: is not a rule that is read; put words under “notes”"),
        ({"tiers": DOCUMENT["tiers"][1:]}, "tiers[0]: the lowest tier may ask for nothing, so that everybody has one"),
        ({"tracks": ["a"]}, "tracks: can be checked but not published yet"),
        (
            {"cases": [{"name": "x", "facts": {}, "expect_tier": "select"}]},
            "cases: “x”: expected tier select, got registered",
        ),
        ({"cases": [{"name": "x", "expect_value": 1}]}, "cases: “x”: this is not a formula"),
        ({"cases": [{"name": "x", "expected": 1}]}, "cases: “x”: expected can't be checked"),
        ({"versions": [{"effective_from": "2026-01-01"}]}, "versions: publish each as a version of its own"),
        ({"rollup": "best"}, "rollup: can be checked but not published yet"),
        ({"counting": [Decimal("0.12345678901234567890")]}, "0.12345678901234567890 has too many digits"),
    ],
)
def test_publish_refuses(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(services.ProgrammeRefused) as caught:
        publish(changed(**changes))
    assert problem in caught.value.message
    assert ProgrammeVersion.objects.count() == 0


@pytest.mark.django_db
def test_publish_refuses_an_order_against_the_ranks() -> None:
    for slug in ("registered", "select", "premier"):
        TierNameFactory(slug=slug)
    tiers = [
        DOCUMENT["tiers"][0],
        {"id": "premier", "requires": {"all": []}},
        {"id": "select", "requires": {"all": []}},
    ]
    with pytest.raises(services.ProgrammeRefused, match="the order contradicts the ranks"):
        publish(changed(tiers=tiers))


@pytest.mark.django_db
def test_publish_is_never_in_retrospect(now: datetime) -> None:
    version = programme()
    services.evaluate_partner(partner=PartnerFactory(), at=now)
    with pytest.raises(services.Backdated):
        publish(changed(notes="Easier"), now, version.programme)
    assert publish(changed(notes="Easier"), later(now, 1), version.programme).number == 2


@pytest.mark.django_db
def test_database_refuses_a_second_version_of_one_number() -> None:
    version = programme()
    with pytest.raises(IntegrityError), transaction.atomic():
        ProgrammeVersion.objects.create(programme=version.programme, number=1, document={}, effective_at=IN_FORCE)


@pytest.mark.django_db
def test_version_in_force_is_the_newest_that_has_begun(now: datetime) -> None:
    first = programme()
    second = programme(document=changed(notes="Second"), effective_at=now)
    found = [ProgrammeVersion.objects.in_force(at) for at in (later(IN_FORCE, -1), later(now, -1), now)]
    assert found == [None, first, second]


@pytest.mark.django_db
def test_demo_programme_can_be_published() -> None:
    source = engine.read_yaml(DEMO.read_text())
    assert publish(source.document, lines=source.lines).number == 1


def check(path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    call_command("programme", "check", str(path))
    return capsys.readouterr().out


def test_check_command_runs_the_cases(capsys: pytest.CaptureFixture[str]) -> None:
    assert check(DEMO, capsys) == "halden-partners: 3 tiers, 6 of 6 cases passed\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "tiers: [{id: a, requires: {fact: f}}]\ncases: [{name: c, facts: {f: false}, expect_tier: a}]",
            "“c”: expected tier a, got None",
        ),
        (
            "tiers: [{id: a, requires: {fact: f, within: 3}}]",
            "?: not supported\n  line 1: tiers[0].requires.within: “within” is not supported here",
        ),
        (
            "programmes:\n  one: {tiers: 3}\n  two:\n    tiers: []",
            "two: not a programme\n  line 4: tiers: needs at least one",
        ),
        (
            "tiers: [{id: a, requires: {fact: f}}]\nfees: 3\ncases: [{name: c, text_only: true}, {name: d, expected: x}]",
            "line 3: “d”: expected can't be checked",
        ),
        (
            "tiers: [{id: a, requires: {fact: f}}]\ncases: [{name: c, facts: {f: null}, expect_tier: a}]",
            "“c”: f is neither a number nor yes or no",
        ),
    ],
)
def test_check_command_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, words: str
) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text(text)
    with pytest.raises(CommandError, match="programmes are not in order"):
        check(path, capsys)
    assert words in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"a: [1", "This is not YAML"),
        (b"\xff\xfe\x00", "can't be read"),
        (b"[1]", "needs a mapping"),
        (None, "can't be read"),
    ],
)
def test_check_command_refuses_what_is_no_document(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, words: str
) -> None:
    path = tmp_path / "programme.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        check(path, capsys)
    assert words in f"{caught.value} {capsys.readouterr().out}"


def test_check_command_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "programme.yaml"
    path.write_text("id: one\ntiers: [{id: a, requires: {fact: f}}]\ncases: [{name: c, facts: {f: 1}, expect_tier: a}]")
    call_command("programme", "check", str(path), "--json")
    report = json.loads(capsys.readouterr().out)
    assert report["is_in_order"] is True
    assert report["programmes"][0]["cases"] == [{"name": "c", "verdict": "passed", "detail": "", "line": 3}]
    path.write_text("id: one\ntiers: [{id: a b, requires: {fact: f}}]")
    with pytest.raises(CommandError):
        call_command("programme", "check", str(path), "--json")
    (problem,) = json.loads(capsys.readouterr().out)["programmes"][0]["problems"]
    assert (problem["line"], problem["path"]) == (2, ["tiers", 0, "id"])


def test_schema_command_prints_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("programme", "schema")
    assert json.loads(capsys.readouterr().out) == engine.schema.load()


DOCS = settings.BASE_DIR / "docs" / "programmes.md"


def test_documented_document_is_one() -> None:
    block = DOCS.read_text().split("```yaml\n")[1].split("```")[0]
    document = engine.read_yaml(block).document
    (result,) = engine.run_cases(document)
    assert (result.was_run, result.failures, engine.parse(document).unread) == (True, (), ())


def test_every_kind_of_rule_is_documented_with_an_example() -> None:
    rows = [line.split("|") for line in DOCS.read_text().splitlines() if line.startswith(("| `", "| | `"))]
    examples = [row[2].split("`")[1] for row in rows]
    found = set()
    for example in examples:
        text = example if example.startswith("{") else f"{{{example}}}"
        rule = engine.read_yaml(text).document
        document = {
            "releases": {"server": ["S1"]},
            "tiers": [{"id": "gold", "requires": {"all": []}}, {"id": "top", "requires": rule}],
            "scores": {"main": {"adds": {"max": 30, "per_unit": 10, "metric": "adds"}}},
        }
        engine.parse(document)
        found |= rule.keys() & KINDS.keys()
    assert found == set(KINDS)
