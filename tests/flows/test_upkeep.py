"""What administrators do to the store, seen from its far end: rates, records and the partner's tier."""

import io
import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from lms.events.services import drain
from lms.reporting.models import CourseRecord
from lms.reporting.services import completion_rate
from lms.tiers.models import Decision
from lms.tiers.services import evaluate_partner, verify
from lms.xapi.agents import verb_key
from lms.xapi.models import Mention, Statement
from lms.xapi.services import create_credential, platform_authority, pseudonymise_person, record, void_statement
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.tiers.factories import DOCUMENT, complete_course, programme

pytestmark = pytest.mark.django_db

RULES = DOCUMENT | {
    "tiers": [
        {"id": "registered", "requires": {"all": []}},
        {
            "id": "select",
            "requires": {"all": [{"id": "completion", "metric": "completion_rate_12m", "gte": 0.6}]},
        },
    ]
}


@pytest.fixture
def house(now):
    """A partner whose only course is completed, which makes it Select."""
    programme(document=RULES)
    partner = PartnerFactory()
    membership = MembershipFactory(partner=partner)
    evaluate_partner(partner=partner, at=now - timedelta(days=30))
    complete_course(membership, now - timedelta(days=20))
    assert tier(partner) == "select"
    return membership


def tier(partner):
    partner.refresh_from_db()
    return partner.current_tier.slug


def rate(partner, now):
    found = completion_rate(partner=partner, since=now - timedelta(days=365), until=now)
    return found.numerator, found.denominator


def completion():
    return CourseRecord.objects.get().completed_statement


def run(*words):
    out = io.StringIO()
    call_command(*words, stdout=out, verbosity=0)
    drain()
    return out.getvalue()


def test_voided_completion_takes_the_rate_and_the_tier_back(house, now):
    """LRS-17."""
    partner, proof = house.partner, completion()
    assert rate(partner, now) == (1, 1)
    void_statement(statement_id=proof, reason="Somebody else sat there", by=UserFactory(), at=now)
    drain()
    assert rate(partner, now) == (0, 1)
    assert tier(partner) == "registered"
    newest = Decision.objects.filter(partner=partner).latest("number")
    assert str(proof) not in json.dumps(newest.inputs)
    assert all(not verify(decision).problems for decision in Decision.objects.for_verification())
    run("rebuild_reports", "--check")


def test_hidden_person_changes_no_rate_no_record_and_no_tier(house, now):
    """LRS-30."""
    partner = house.partner
    records = list(CourseRecord.objects.values())
    decisions = list(Decision.objects.order_by("pk").values())
    run("rebuild_reports", "--check")
    hidden = pseudonymise_person(person=house.person, at=now, reason="asked")
    drain()
    assert hidden.statements > 2
    assert str(house.person.public_id) not in " ".join(Statement.objects.values_list("body", flat=True))
    run("rebuild_reports", "--check")
    run("xapi", "replay", "--since", "2020-01-01T00:00:00Z")
    evaluate_partner(partner=partner, at=now - timedelta(days=19))
    assert list(CourseRecord.objects.values()) == records
    assert list(Decision.objects.order_by("pk").values()) == decisions
    assert (rate(partner, now), tier(partner)) == ((1, 1), "select")


def test_hidden_person_who_learns_on_is_one_person_still(house, now):
    """A registration that began under the pseudonym and goes on under his own account stays one record."""
    pseudonymise_person(person=house.person, at=now, reason="asked")
    before = rate(house.partner, now)
    void_statement(statement_id=completion(), reason="To complete it again", by=UserFactory(), at=now)
    told = json.loads(Statement.objects.get(voided_by__isnull=False).body) | {"id": str(uuid4())}
    told["actor"]["account"]["name"] = str(house.person.public_id)
    del told["authority"]
    record([told], authority=platform_authority(), at=now + timedelta(seconds=1))
    drain()
    assert rate(house.partner, now) == before == (1, 1)
    run("rebuild_reports", "--check")


def test_replay_sets_right_what_went_astray(house, now):
    partner = house.partner
    right = list(CourseRecord.objects.values())
    CourseRecord.objects.update(completed_at=None, completed_statement=None)
    with pytest.raises(CommandError):
        run("rebuild_reports", "--check")
    assert run("xapi", "replay", "--since", (now + timedelta(days=1)).isoformat()).startswith("0 registrations")
    assert rate(partner, now) == (0, 1)
    assert run("xapi", "replay", "--since", "2020-01-01T00:00:00Z").startswith("1 registrations are looked at anew.")
    assert list(CourseRecord.objects.values()) == right
    run("rebuild_reports", "--check")


def test_replay_reaches_an_older_statement_voided_since(house, now):
    proof = completion()
    void_statement(statement_id=proof, reason="Mistake", by=UserFactory(), at=now)
    drain()
    CourseRecord.objects.update(completed_at=now, completed_statement=proof)
    assert run("xapi", "replay", "--since", now.isoformat()).startswith("1 registrations")
    assert CourseRecord.objects.get().completed_at is None


def test_claim_of_an_authority_without_trust_moves_nothing(house, now):
    """LRS-03: somebody's own system says that a colleague completed the course."""
    colleague = MembershipFactory(partner=house.partner)
    claim = json.loads(Statement.objects.get(statement_id=completion()).body)
    claim["id"], claim["context"]["registration"] = str(uuid4()), str(uuid4())
    claim["actor"]["account"]["name"] = str(colleague.person.public_id)
    del claim["authority"]
    credential, _ = create_credential(name="Somebody's own", scopes=["statements/write"], at=now)
    record([claim], authority=credential.authority, at=now)
    drain()
    assert run("xapi", "replay", "--since", "2020-01-01T00:00:00Z").startswith("1 registrations")
    assert (rate(house.partner, now), tier(house.partner)) == ((1, 1), "select")


def test_archived_statements_change_no_rate_no_record_and_no_tier(house, now, tmp_path):
    partner, experienced = house.partner, "http://adlnet.gov/expapi/verbs/experienced"
    chatter = {
        "actor": {"mbox": "mailto:x@x.example"},
        "verb": {"id": experienced},
        "object": {"id": "https://x.example/a"},
    }
    record([chatter], authority=platform_authority(), at=now)
    records = list(CourseRecord.objects.values())
    decisions = list(Decision.objects.order_by("pk").values())
    count = Statement.objects.count()
    for model in (Statement, Mention):  # all are old enough to go
        model.objects.update(stored_at=now - timedelta(days=40))
    run("xapi", "archive", "--before", f"{now:%Y-%m}", "--out", str(tmp_path), "--yes")
    assert 0 < Statement.objects.count() < count
    assert not Statement.objects.filter(verb_key=verb_key(experienced)).exists()
    run("xapi", "replay", "--since", "2020-01-01T00:00:00Z")
    run("rebuild_reports")
    evaluate_partner(partner=partner, at=now - timedelta(days=19))
    drop = {"stored_through": None}  # the column that this test itself moved
    assert [row | drop for row in CourseRecord.objects.values()] == [row | drop for row in records]
    assert list(Decision.objects.order_by("pk").values()) == decisions
    assert all(not verify(decision).problems for decision in Decision.objects.for_verification())
    assert (rate(partner, now), tier(partner)) == ((1, 1), "select")
