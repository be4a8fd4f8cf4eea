"""Real partner programmes, when they lie beside the project: every case runs, or is named here as refused."""

from pathlib import Path
from typing import Any

import pytest

from lms.tiers import engine

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "programmes"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the shared programmes are not here")

# (file, programme in it or "", number of cases that are run)
SUPPORTED = [
    ("adobe_reseller_PARTIAL.yaml", "", 1),
    ("aws_services_path.yaml", "", 4),
    ("gitlab_partner_program.yaml", "", 3),
    ("hubspot_sales_partner.yaml", "", 2),
    ("microsoft_azure.yaml", "", 10),
    ("microsoft_ip_cosell_top_tier.yaml", "", 3),
    ("microsoft_modern_work.yaml", "", 7),
    ("microsoft_training_services_partner.yaml", "", 2),
    ("small_programmes.yaml", "wix", 2),
    ("small_programmes.yaml", "bitrix", 2),
    ("small_programmes.yaml", "frappe", 1),
]
# Role sharing is an assignment problem that the engine does not solve yet.
UNSUPPORTED = [("cisco_role_sharing.yaml", 1), ("erpnet_partner_program.yaml", 3)]
# Text, policies and vocabularies without tiers.
NOT_PROGRAMMES = [
    "00_engine_features.yaml",
    "deal_registration_policies.yaml",
    "google_cloud_partner_PARTIAL.yaml",
    "microsoft_pcs_lifecycle.yaml",
]
WITHOUT_TIERS = ["salesforce_partner_adoption_app", "sage", "fortinet", "cpanel"]
REFUSED_CASES = {"4.3 BizApps and 4.0 Security -> badge only in BizApps": "expect_value, formula can't be checked"}


def load(name: str, member: str = "") -> tuple[dict[str, Any], engine.Source]:
    source = engine.read_yaml((FOLDER / name).read_text(encoding="utf-8"))
    found = {"".join(path[1:]): dict(document) for path, document in engine.programmes(source.document)}
    return found[member], source


def cases() -> list[Any]:
    if not FOLDER.is_dir():
        return []
    return [
        pytest.param(name, member, index, id=f"{name.removesuffix('.yaml')}{member}: {case['name']}")
        for name, member, _ in SUPPORTED
        for index, case in enumerate(load(name, member)[0]["cases"])
        if case["name"] not in REFUSED_CASES
    ]


@pytest.mark.parametrize(("name", "member", "index"), cases())
def test_shared_case_passes(name: str, member: str, index: int) -> None:
    document, _ = load(name, member)
    (result,) = engine.run_cases({**document, "cases": [document["cases"][index]]})
    assert (result.was_run, result.failures, result.refused) == (True, (), "")


@pytest.mark.parametrize(("name", "member", "count"), SUPPORTED)
def test_shared_programme_runs_every_case_but_the_refused(name: str, member: str, count: int) -> None:
    results = engine.run_cases(load(name, member)[0])
    assert sum(result.was_run for result in results) == count
    refused = {result.name: result.refused for result in results if not result.was_run}
    assert refused == {result.name: REFUSED_CASES[result.name] for result in results if not result.was_run}


@pytest.mark.parametrize(("name", "problems"), UNSUPPORTED)
def test_shared_programme_with_role_sharing_is_refused_with_its_line(name: str, problems: int) -> None:
    document, source = load(name)
    with pytest.raises(engine.UnsupportedFeature) as caught:
        engine.parse(document, lines=source.lines)
    assert len(caught.value.problems) == problems
    assert all("“roles” is not supported yet" in str(p) and p.line is not None for p in caught.value.problems)


@pytest.mark.parametrize("name", NOT_PROGRAMMES)
def test_shared_file_without_tiers_is_no_programme(name: str) -> None:
    with pytest.raises(engine.DocumentError, match="needs “tiers”"):
        engine.parse(load(name)[0])


@pytest.mark.parametrize("member", WITHOUT_TIERS)
def test_shared_small_programme_without_tiers_is_no_programme(member: str) -> None:
    with pytest.raises(engine.DocumentError, match="needs “tiers”"):
        engine.parse(load("small_programmes.yaml", member)[0])


def test_every_shared_file_is_accounted_for() -> None:
    named = {name for name, *_ in SUPPORTED} | {name for name, _ in UNSUPPORTED} | set(NOT_PROGRAMMES)
    assert named == {path.name for path in FOLDER.glob("*.yaml")}
    members = {member for name, member, _ in SUPPORTED if name == "small_programmes.yaml"} | set(WITHOUT_TIERS)
    document = engine.read_yaml((FOLDER / "small_programmes.yaml").read_text(encoding="utf-8")).document
    assert members == set(document["programmes"])
