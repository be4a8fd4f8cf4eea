"""The demo's rules: both versions can be published, and their cases pass."""

from datetime import date, timedelta
from typing import Any

import pytest
import yaml

from lms.demo.calendar import WRITTEN_FOR, Calendar
from lms.demo.outside import second_version
from lms.demo.people import FOLDER
from lms.tiers.services import check_document


def outside() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "outside.yaml").read_text())
    return found


def test_the_second_version_asks_for_a_figure_and_a_document() -> None:
    check_document(yaml.safe_load((FOLDER / "programme.yaml").read_text()))
    rules = check_document(second_version(outside(), no_loss_until=date(2027, 3, 31)))
    kinds = {node.id: node.kind for tier in rules.tiers for node in tier.requirements}
    assert (kinds["select-satisfaction"], kinds["premier-story"]) == ("metric", "evidence")
    assert rules.migration is not None
    assert rules.migration.until == date(2027, 3, 31)


@pytest.mark.parametrize("day", range(14))
def test_documents_are_handed_in_under_the_rules_that_ask_for_them(day: int) -> None:
    """On whatever day the demo is built; and the rules begin at no moment of its nightly evaluation."""
    data, calendar = outside(), Calendar(WRITTEN_FOR + timedelta(days=day))
    begin = calendar.morning(data["effective_on"])
    assert (begin - calendar.first_morning).days % 7
    for row in data["documents"]:
        assert (calendar.now - begin).days > row["days_ago"]
