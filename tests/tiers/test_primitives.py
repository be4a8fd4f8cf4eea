"""One small programme per primitive, in fixtures/programmes and printed in docs/programmes.md: every case passes."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lms.tiers import engine

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "fixtures" / "programmes").glob("*.yaml"))
SOURCES = {path.stem: engine.read_yaml(path.read_text(encoding="utf-8")) for path in FILES}


@pytest.mark.parametrize("name", SOURCES)
def test_primitive_is_all_rules_and_no_words(name: str) -> None:
    assert engine.parse(SOURCES[name].document, lines=SOURCES[name].lines).unread == ()


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case['name']}")
        for name, source in SOURCES.items()
        for case in source.document["cases"]
    ],
)
def test_primitive_case_passes(name: str, case: dict[str, Any]) -> None:
    (result,) = engine.run_cases({**SOURCES[name].document, "cases": [case]})
    assert (result.was_run, result.failures, result.refused) == (True, (), "")


@pytest.mark.parametrize("name", SOURCES)
def test_primitive_has_a_case_on_each_side(name: str) -> None:
    """A rule that always or never held would pass one-sided cases."""
    expectations = [
        {key: case[key] for key in case if key.startswith("expect_")} for case in SOURCES[name].document["cases"]
    ]
    assert len(expectations) > 1 or name in {"cumulative", "highest_level_met", "rounding"}
    assert len({str(expected) for expected in expectations}) == len(expectations) or len(expectations) > 2


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_primitive_stands_in_the_documentation(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert f"```yaml\n{text}```" in (ROOT / "docs" / "programmes.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SOURCES)
def test_primitive_fits_the_published_schema(name: str) -> None:
    document = engine.schema.plain(SOURCES[name].document)
    jsonschema.Draft202012Validator(engine.schema.load()).validate(document)


@pytest.mark.parametrize(
    "document",
    [
        {"tiers": []},
        {"tiers": [{"id": "a b", "requires": {"all": []}}]},
        {"tiers": [{"id": "a", "requires": {"metric": "m"}}]},
        {"tiers": [{"id": "a", "requires": {"metric": "m", "gte": 1, "fact": "f"}}]},
        {"tiers": [{"id": "a", "requires": {"people": {"any_of": ["A"]}}}]},
        {"tiers": [{"id": "a", "requires": {"people": {"any_of": [], "min": 1}}}]},
        {"tiers": [{"id": "a", "requires": {"roles": {"need": {"A": 1}, "sharing": "some"}}}]},
        {"tiers": [{"id": "a", "requires": {"tenure": {"tier": "a"}}}]},
        {"tiers": [{"id": "a", "requires": {"never": 1}}]},
        {"tiers": [{"id": "a", "requires": {"all": []}}], "lifecycle": {"demotion": "never"}},
        {"name": "neither tiers nor id"},
    ],
)
def test_schema_and_reader_refuse_the_same(document: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(engine.schema.load()).is_valid(document)
    with pytest.raises(engine.DocumentError):
        engine.parse(document)
