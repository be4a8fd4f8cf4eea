"""Credentials of one launch, and limits: what they may say, when they end, how much they may send."""

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from lms.xapi.errors import InvalidCredential, RateLimited
from lms.xapi.models import Credential, RateWindow, Statement
from lms.xapi.services import (
    authenticate,
    charge,
    create_credential,
    end_sessions,
    forget_sessions,
    limits,
    open_session,
    revoke_credential,
)
from tests.xapi.conftest import XapiClient
from tests.xapi.factories import AuthorityFactory, statement, voiding

pytestmark = pytest.mark.django_db
ANN = {"mbox": "mailto:ann@kestrel.example"}
BEN = {"mbox": "mailto:ben@kestrel.example"}
UNIT = "https://system.example/activities/1"
OTHER = {"id": "https://system.example/activities/2"}
REGISTRATION = str(uuid4())
VERBS = "http://adlnet.gov/expapi/verbs/"


def open_launch(at=None, **changes):
    at = at or datetime.now(UTC)
    values = {
        "name": "Launch",
        "actor": ANN,
        "registration": REGISTRATION,
        "activity_id": UNIT,
        "expires_at": at + timedelta(hours=1),
    } | changes
    values.setdefault("authority", AuthorityFactory())
    return open_session(at=at, **values)


@pytest.fixture
def launched(db):
    return XapiClient(*open_launch())


def said(verb="experienced", **changes):
    verb = verb if ":" in verb else VERBS + verb
    return statement(verb={"id": verb}, context={"registration": REGISTRATION}) | changes


@pytest.mark.parametrize("verb", ["initialized", "completed", "passed", "failed", "terminated"])
def test_a_launch_tells_how_its_own_activity_went(launched, verb):
    assert launched.post(said(verb)).status_code == 200
    assert launched.post(said(verb, object={"id": UNIT + "#quiz"})).status_code == 200
    assert launched.post(said(verb, actor=ANN | {"name": "Ann", "objectType": "Agent"})).status_code == 200


def test_a_launch_may_say_other_things_of_other_activities(launched):
    """cmi5 lets a unit speak of anything, within its registration."""
    assert launched.post(said("experienced", object=OTHER)).status_code == 200
    assert launched.post(said("answered", object=ANN | {"objectType": "Agent"})).status_code == 200


ELSEWHERE = {"registration": str(uuid4())}
FORGED = {
    "another activity completed": said("completed", object=OTHER),
    "another activity passed": said("passed", object=OTHER),
    "an id that only begins alike": said("completed", object={"id": UNIT + "0"}),
    "an agent passed": said("passed", object=BEN | {"objectType": "Agent"}),
    "a statement passed": said("passed", object={"objectType": "StatementRef", "id": str(uuid4())}),
    "a certification earned": said("http://id.tincanapi.com/verb/earned", object=OTHER),
    "registered elsewhere": said("registered", object=OTHER),
    "withdrew elsewhere": said("http://id.tincanapi.com/verb/unregistered", object=OTHER),
    "another actor": said(actor=BEN),
    "an invented address": said(actor={"mbox": "mailto:ann@evil.example"}),
    "a group with the actor": said(actor={"objectType": "Group", "member": [ANN]}),
    "the actor as a group": said(actor=ANN | {"objectType": "Group"}),
    "an account of the same name elsewhere": said(
        actor={"account": {"homePage": "https://evil.example", "name": "ann"}}
    ),
    "no registration": said(context={}),
    "no context": {name: value for name, value in said().items() if name != "context"},
    "another registration": said(context=ELSEWHERE),
    "voids": voiding(uuid4(), context={"registration": REGISTRATION}),
}


@pytest.mark.parametrize("name", FORGED)
def test_a_launch_says_nothing_beside_its_bounds(launched, name):
    """LRS-01, LRS-02: refused, and with it the batch that hides it."""
    assert launched.post(FORGED[name]).status_code == 403
    assert launched.post([said(), FORGED[name], said()]).status_code == 403
    assert launched.put(uuid4(), FORGED[name]).status_code == 403
    assert not Statement.objects.exists()


def test_a_launch_reads_its_own_registration_alone(launched):
    authority = launched.credential.authority
    other = XapiClient(*open_launch(authority=authority, registration=ELSEWHERE["registration"]))
    assert other.post(said(context=ELSEWHERE)).status_code == 200
    (statement_id,) = launched.post(said()).json()
    assert [item["id"] for item in launched.get().json()["statements"]] == [statement_id]
    assert launched.get(registration=ELSEWHERE["registration"]).json()["statements"] == []
    ben = XapiClient(*open_launch(authority=authority, actor=BEN))
    assert ben.get().json()["statements"] == []
    assert ben.get(statementId=statement_id).status_code == 404


def test_a_launch_ends(launched, now):
    """LRS-06."""
    assert launched.post(said()).status_code == 200
    assert end_sessions(registration=uuid4(), at=datetime.now(UTC)) == 0
    assert end_sessions(registration=REGISTRATION, at=datetime.now(UTC)) == 1
    assert end_sessions(registration=REGISTRATION, at=datetime.now(UTC)) == 0
    assert launched.post(said()).status_code == 401  # at once, in every process
    credential, secret = open_launch(now)
    opens = [authenticate(key=credential.key, secret=secret, at=now + timedelta(minutes=m)) for m in (0, 59, 60)]
    assert [found is not None for found in opens] == [True, True, False]
    with pytest.raises(InvalidCredential):
        open_launch(now, expires_at=now)


def test_ended_launches_are_forgotten_and_systems_are_not(now):
    create_credential(name="HR", scopes=["all"], expires_at=now, at=now - timedelta(days=1))
    ended, _ = open_launch(now)
    end_sessions(registration=REGISTRATION, at=now)
    open_launch(now, expires_at=now + timedelta(days=9))
    assert forget_sessions(before=now) == 0
    assert forget_sessions(before=now + timedelta(days=1)) == 1
    assert not Credential.objects.filter(pk=ended.pk).exists()
    assert Credential.objects.count() == 2


# --- Remembered credentials ---


def test_a_systems_credential_is_remembered_for_a_few_seconds(now, django_assert_num_queries):
    credential, secret = create_credential(name="HR", scopes=["all"], at=now)
    authenticate(key=credential.key, secret=secret, at=now)
    with django_assert_num_queries(0):
        assert authenticate(key=credential.key, secret=secret, at=now + timedelta(seconds=4))
        assert authenticate(key=credential.key, secret=secret + "x", at=now + timedelta(seconds=4)) is None
    with django_assert_num_queries(1):
        assert authenticate(key=credential.key, secret=secret, at=now + timedelta(seconds=5))


def test_what_is_remembered_ends_with_the_credential(now):
    credential, secret = create_credential(name="HR", scopes=["all"], at=now, expires_at=now + timedelta(seconds=2))
    assert authenticate(key=credential.key, secret=secret, at=now)
    assert authenticate(key=credential.key, secret=secret, at=now + timedelta(seconds=2)) is None
    other, secret = create_credential(name="LXP", scopes=["all"], at=now)
    assert authenticate(key=other.key, secret=secret, at=now)
    revoke_credential(credential=other, at=now)
    assert authenticate(key=other.key, secret=secret, at=now) is None


# --- Limits ---


@pytest.fixture
def limited(db, now):
    return create_credential(name="HR", scopes=["all"], rate_limit=100, at=now)[0]


def spend(credential, at, amounts):
    for amount in amounts:
        charge(credential=credential, amount=amount, at=at)


def test_a_limit_holds_for_a_minute(limited, now):
    """LRS-29."""
    spend(limited, now, [1] * 100)
    for seconds in (0, 30, 59):
        with pytest.raises(RateLimited) as caught:
            charge(credential=limited, amount=1, at=now + timedelta(seconds=seconds))
        assert caught.value.retry_after == 61 - seconds
    spend(limited, now + timedelta(minutes=1), [1] * 100)
    assert [str(window.minute) for window in RateWindow.objects.all()] == ["2026-11-16 09:01:00+00:00"]


def test_a_limit_holds_over_all_processes(limited, now):
    allowed = 0
    for _ in range(300):
        limits._left.clear()  # as another process would have it
        try:
            charge(credential=limited, amount=1, at=now)
            allowed += 1
        except RateLimited:
            pass
    assert allowed == 20  # each took a share of five and lost the rest: early, never late
    assert RateWindow.objects.get().taken == 100


def test_most_requests_ask_no_database(limited, now, django_assert_num_queries):
    with django_assert_num_queries(19 + 6):  # one for each share; for the first a look, old ones, a new row
        spend(limited, now, [1] * 100)
    with pytest.raises(RateLimited):
        spend(limited, now, [1])
    with django_assert_num_queries(0), pytest.raises(RateLimited):
        spend(limited, now, [1])


def test_a_batch_costs_what_it_holds_and_a_smaller_one_may_still_pass(limited, now):
    spend(limited, now, [60, 30])
    with pytest.raises(RateLimited):
        spend(limited, now, [11])
    spend(limited, now, [10])
    with pytest.raises(RateLimited):
        spend(limited, now, [1])
    with pytest.raises(RateLimited):
        spend(limited, now + timedelta(minutes=1), [101])


def test_without_a_limit_nothing_is_counted(now, django_assert_num_queries):
    credential, _ = create_credential(name="HR", scopes=["all"], at=now)
    with django_assert_num_queries(0):
        spend(credential, now, [1_000_000] * 3)


def test_limits_are_at_least_one(now):
    with pytest.raises(InvalidCredential):
        create_credential(name="HR", scopes=["all"], rate_limit=0, at=now)


def test_a_learner_who_sends_too_much_is_told_when_to_go_on_and_others_are_not(settings, connect):
    """LRS-29: 429 with Retry-After; others unaffected."""
    settings.XAPI_SESSION_RATE = 30
    launched, other = XapiClient(*open_launch()), connect()
    assert launched.post([said() for _ in range(25)]).status_code == 200
    answers = [launched.post([said() for _ in range(10)]), *(launched.post(said()) for _ in range(6))]
    assert [answer.status_code for answer in answers].count(429) >= 2
    assert 1 <= int(answers[-1]["Retry-After"]) <= 61
    assert json.loads(answers[-1].content)["type"] == "urn:laurel:problem:rate_limited"
    assert other.post(statement()).status_code == 200
    assert Statement.objects.count() < 35
