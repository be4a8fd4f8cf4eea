"""Our own statements, as tincan builds them."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import UUID, uuid4, uuid5

import pytest
import tincan
from hypothesis import given
from hypothesis import strategies as st

from lms.xapi import statements, vocabulary
from lms.xapi.agents import account_id, activity_key, actor_key, person_agent, team_group, verb_key
from lms.xapi.models import Statement
from lms.xapi.services import platform_authority, record
from lms.xapi.validation import Version, check_statement
from tests.factories import MembershipFactory

COURSE = "https://partners.halden.example/courses/1"


@pytest.fixture
def membership(db):
    return MembershipFactory()


def build(who, now, **changes):
    given = {
        "actor": who.person,
        "verb": vocabulary.COMPLETED,
        "object": statements.activity(COURSE, type=vocabulary.COURSE, name="Foundations", description="All of it"),
        "at": now,
    }
    return statements.build(**given | changes).as_version()


def test_build_says_who_did_what_for_whom(membership, now):
    registration = uuid4()
    body = build(membership, now, membership=membership, registration=registration)
    assert body == {
        "version": "1.0.3",
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": "https://partners.halden.example", "name": str(membership.person.public_id)},
        },
        "verb": {"id": vocabulary.COMPLETED, "display": {"en": "completed"}},
        "object": {
            "objectType": "Activity",
            "id": COURSE,
            "definition": {
                "type": vocabulary.COURSE,
                "name": {"en": "Foundations"},
                "description": {"en": "All of it"},
            },
        },
        "timestamp": now.isoformat(),
        "context": {
            "registration": str(registration),
            "team": {
                "objectType": "Group",
                "name": membership.partner.name,
                "account": {"homePage": "https://partners.halden.example", "name": str(membership.partner.public_id)},
            },
            "platform": "Halden Partners",
            "language": "en-gb",
            "extensions": {vocabulary.PERSONA_EXTENSION: "sales_rep"},
        },
    }


def test_build_without_a_membership_names_no_team(membership, now):
    assert set(build(membership, now)["context"]) == {"platform", "language"}


def test_build_holds_no_name_and_no_address(membership, now):
    """Statements are for ever; names and addresses change, and may have to go."""
    text = json.dumps(build(membership, now, membership=membership))
    assert membership.person.name not in text
    assert membership.person.email not in text


def test_build_changes_nothing_of_what_it_is_given(membership, now):
    extensions, parent = (
        {"https://x.example/e": {"a": 1}},
        statements.activity("https://x.example/1", type="https://x.example/t", name="M"),
    )
    before = json.dumps([extensions, parent.as_version()])
    build(membership, now, membership=membership, extensions=extensions, parent=[parent], grouping=[parent])
    assert json.dumps([extensions, parent.as_version()]) == before


@pytest.mark.parametrize(
    "verb", sorted(vocabulary.MILESTONES | {vocabulary.VOIDED, vocabulary.PROGRESSED, vocabulary.ANSWERED})
)
def test_what_we_build_is_valid_by_our_own_validator(membership, now, verb):
    module = statements.activity("https://x.example/m", type=vocabulary.MODULE, name="Module")
    target = tincan.StatementRef(id=uuid4()) if verb == vocabulary.VOIDED else None
    result = statements.result(
        score=statements.score(7, maximum=9),
        success=True,
        completion=False,
        response="a[,]b",
        duration=timedelta(hours=30, seconds=2.345),
        extensions={vocabulary.PROGRESS_EXTENSION: 50},
    )
    body = build(
        membership,
        now,
        verb=verb,
        membership=membership,
        registration=uuid4(),
        id=uuid5(uuid4(), "fact"),
        parent=[module],
        grouping=[module],
        result=result,
        **({"object": target} if target else {}),
    )
    for version in Version:
        check_statement(body, version)


def test_fact_ids_are_the_same_for_a_fact_and_nobody_elses_to_compute(settings):
    namespace = uuid4()
    first = statements.fact_id(namespace, "completed")
    assert first == statements.fact_id(namespace, "completed")
    assert first.version == 5
    others = {
        statements.fact_id(namespace, "passed"),
        statements.fact_id(uuid4(), "completed"),
        uuid5(namespace, "completed"),
    }
    settings.SECRET_KEY = "another"
    others.add(statements.fact_id(namespace, "completed"))
    assert len(others | {first}) == 5


def test_tincan_statements_and_their_json_are_stored_alike(membership, now):
    built = statements.build(
        actor=membership.person,
        verb=vocabulary.COMPLETED,
        object=statements.activity(COURSE, type=vocabulary.COURSE, name="Foundations"),
        registration=uuid4(),
        at=now,
        id=uuid4(),
    )
    first = record([built], authority=platform_authority(), at=now)
    assert record([built.as_version()], authority=platform_authority(), at=now) == first
    assert Statement.objects.get().statement_id == first[0]


@pytest.mark.parametrize(
    ("raw", "maximum", "scaled"),
    [
        (Decimal("69.995"), 100, 0.6999),
        (70, 100, 0.7),
        (2, 3, 0.6666),
        (0, 5, 0.0),
        (5, 5, 1.0),
        (Decimal("0.1"), Decimal("0.3"), 0.3333),
    ],
)
def test_scores_are_cut_not_rounded(raw, maximum, scaled):
    score = statements.score(raw, maximum=maximum).as_version()
    assert score == {"scaled": scaled, "raw": float(raw), "min": 0.0, "max": float(maximum)}


@given(st.decimals(0, 100, places=3), st.integers(1, 100))
def test_scaled_is_never_more_than_the_truth(part, maximum):
    raw = part * maximum / 100
    assert 0 <= Decimal(str(statements.score(raw, maximum=maximum).scaled)) <= raw / maximum


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(0), "PT00S"),
        (timedelta(seconds=0.456), "PT00.46S"),
        (timedelta(days=3, minutes=5), "P3DT00H05M00S"),
        (timedelta(seconds=-5), "PT00S"),
    ],
)
def test_durations_are_iso_8601(duration, text):
    assert statements.result(duration=duration).as_version() == {"duration": text}


def test_agents_of_ours_are_known_by_account(membership):
    assert account_id(person_agent(membership.person).as_version()) == membership.person.public_id
    assert account_id(team_group(membership.partner).as_version()) == membership.partner.public_id
    for other in (
        {"mbox": "mailto:ann@x.example"},
        {"account": {"homePage": "https://x.example", "name": str(uuid4())}},
        {"account": {"homePage": "https://partners.halden.example", "name": "ann"}},
    ):
        assert account_id(other) is None


def test_actor_keys_are_of_the_identifier_alone():
    ann = {"mbox": "mailto:ann@x.example"}
    assert actor_key(ann) == actor_key({"name": "Ann", "objectType": "Group", "member": [], **ann})
    assert actor_key(tincan.Agent(mbox="mailto:ann@x.example")) == actor_key(ann)
    account = {"account": {"homePage": "https://x.example", "name": "ann"}}
    assert actor_key(account) == actor_key({"account": {"name": "ann", "homePage": "https://x.example"}})
    others = [
        ann,
        account,
        {"openid": "mailto:ann@x.example"},
        {"account": {"homePage": "https://y.example", "name": "ann"}},
        {"account": {"homePage": "https://x.example", "name": "Ann"}},
        {"objectType": "Group", "member": [ann]},
        {"objectType": "Group", "member": [account]},
    ]
    keys = {actor_key(agent) for agent in others} | {activity_key("https://x.example"), verb_key("https://x.example")}
    assert len(keys) == len(others) + 2
    assert all(isinstance(key, UUID) for key in keys)
