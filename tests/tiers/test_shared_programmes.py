"""Real partner programmes, when they lie beside the project: every file loads, every case runs and passes."""

from pathlib import Path
from typing import Any

import pytest

from lms.tiers import engine

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "programmes"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared programmes are not here")

# A vocabulary of features, neither a programme nor about one.
NO_PROGRAMME = "00_engine_features.yaml"


def documents() -> list[tuple[str, dict[str, Any]]]:
    """(name, document) of every programme in every file."""
    found = []
    for path in sorted(FOLDER.glob("*.yaml")):
        if path.name != NO_PROGRAMME:
            source = engine.read_yaml(path.read_text(encoding="utf-8"))
            for place, document in engine.programmes(source.document):
                found.append((":".join([path.stem, *map(str, place[1:])]), dict(document)))
    return found


DOCUMENTS = dict(documents()) if FOLDER.is_dir() else {}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_shared_programme_loads(name: str) -> None:
    assert engine.parse(DOCUMENTS[name]).id


@pytest.mark.parametrize(
    ("name", "case"),
    [
        pytest.param(name, case, id=f"{name}: {case['name']}")
        for name, document in DOCUMENTS.items()
        for case in document.get("cases", [])
    ],
)
def test_shared_case_passes(name: str, case: dict[str, Any]) -> None:
    (result,) = engine.run_cases({**DOCUMENTS[name], "cases": [case]})
    assert (result.failures, result.refused) == ((), "")
    assert result.was_run is not bool(case.get("text_only"))


def test_a_list_of_features_is_no_programme() -> None:
    document = engine.read_yaml((FOLDER / NO_PROGRAMME).read_text(encoding="utf-8")).document
    with pytest.raises(engine.DocumentError, match="needs “tiers”"):
        engine.parse(document)


def test_every_shared_programme_with_tiers_has_a_case_that_was_run() -> None:
    for name, document in DOCUMENTS.items():
        if "tiers" in document:
            assert any(result.is_passed for result in engine.run_cases(document)), name
