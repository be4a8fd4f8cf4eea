"""Choosing the tier, the lifecycle, the forecast, and properties that hold for all facts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.tiers import engine
from lms.tiers.engine.forecast import forecast

ON = date(2026, 11, 16)
AT = datetime(2026, 11, 16, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def programme(**changes: Any) -> engine.Programme:
    return engine.parse(
        {
            "tiers": [
                {"id": "low", "requires": {"all": []}},
                {"id": "mid", "requires": {"all": [{"people": {"any_of": ["A"], "min": 2}}]}},
                {
                    "id": "high",
                    "requires": {"all": [{"people": {"any_of": ["B"], "min": 1}}, {"metric": "rate", "gte": 0.5}]},
                },
            ],
            **changes,
        }
    )


def person(name: str, *codes: str, until: date | None = None, last_day: date | None = None) -> engine.Person:
    held = tuple(engine.Held(code=code, until=until, reference=f"{name}-{code}") for code in codes)
    return engine.Person(id=name, held=held, until=last_day)


def facts(*people: engine.Person, rate: str | None = "1/2") -> engine.Facts:
    measures = {} if rate is None else {"rate": engine.Measure(value=Fraction(rate))}
    return engine.Facts(people=people, measures=measures)


def test_highest_tier_whose_requirements_hold_wins() -> None:
    assert engine.evaluate(programme(), facts(person("x", "B")), ON).tier == "high"


def test_cumulative_tier_needs_the_lower_ones() -> None:
    rules = programme(cumulative=True)
    assert engine.evaluate(rules, facts(person("x", "B")), ON).tier == "low"
    assert engine.evaluate(rules, facts(person("x", "A", "B"), person("y", "A")), ON).tier == "high"
    assert engine.evaluate(rules, facts(person("x", "A", "B"), person("y", "A"), rate=None), ON).tier == "mid"


def test_unknown_below_leaves_a_cumulative_tier_unknown() -> None:
    rules = programme(cumulative=True)
    tiers = engine.evaluate(rules, engine.Facts(measures={"rate": engine.Measure(value=Fraction(1))}), ON).tiers
    assert [tier.state.value for tier in tiers] == ["met", "unknown", "unknown"]


@pytest.mark.parametrize(("offset", "tier"), [(0, "high"), (1, "low")])
def test_last_day_of_a_credential_and_of_a_membership_counts(offset: int, tier: str) -> None:
    for kept in (person("x", "B", until=ON), person("x", "B", last_day=ON)):
        assert engine.evaluate(programme(), facts(kept), ON + offset * DAY).tier == tier


def test_first_day_of_a_credential_counts() -> None:
    early = engine.Person(id="x", held=(engine.Held(code="B", since=ON),))
    assert engine.evaluate(programme(), facts(early), ON).tier == "high"
    assert engine.evaluate(programme(), facts(early), ON - DAY).tier == "low"


def test_invitation_only_tier_is_reached_but_held_by_the_invited_only() -> None:
    tiers = [{"id": "low", "requires": {"all": []}}, {"id": "club", "requires": {"all": []}, "invitation_only": True}]
    rules = engine.parse({"tiers": tiers})
    stranger = engine.evaluate(rules, engine.Facts(), ON)
    assert (stranger.reached, stranger.tier) == ("club", "low")
    assert stranger.note == "eligible; a human invitation is still required"
    guest = engine.evaluate(rules, engine.Facts(invited=frozenset({"club"})), ON)
    assert (guest.reached, guest.tier, guest.note) == ("club", "club", "")


def test_unknown_track_is_refused() -> None:
    with pytest.raises(ValueError, match="has no track x"):
        engine.evaluate(programme(), facts(), ON, track="x")


def ruling(demotion: dict[str, Any], reached: str, before: engine.Standing, at: datetime = AT) -> engine.Ruling:
    rules = programme(lifecycle=demotion)
    people = {"low": (), "mid": (person("x", "A"), person("y", "A")), "high": (person("x", "B"),)}[reached]
    return engine.rule(rules, engine.evaluate(rules, facts(*people), at), before, at)


def test_demotion_is_immediate_unless_held() -> None:
    assert ruling({}, "low", engine.Standing(tier="high")) == engine.Ruling(tier="low")


def test_held_tier_is_kept_for_the_days_of_grace() -> None:
    held = {"demotion": "held", "grace_days": 30}
    first = ruling(held, "low", engine.Standing(tier="high"))
    assert first == engine.Ruling(tier="high", kept_since=AT, kept_until=AT + 30 * DAY)
    standing = engine.Standing(tier="high", kept_since=AT)
    assert ruling(held, "mid", standing, AT + 29 * DAY).tier == "high"
    assert ruling(held, "mid", standing, AT + 30 * DAY) == engine.Ruling(tier="mid")
    assert ruling(held, "high", standing, AT + 29 * DAY) == engine.Ruling(tier="high")


def test_held_tier_without_days_waits_for_a_person() -> None:
    kept = ruling({"demotion": "held"}, "low", engine.Standing(tier="mid", kept_since=AT), AT + 900 * DAY)
    assert kept == engine.Ruling(tier="mid", kept_since=AT)


def test_promotion_is_at_once_and_a_tier_that_is_gone_is_not_kept() -> None:
    held = {"demotion": "held"}
    assert ruling(held, "high", engine.Standing(tier="mid")) == engine.Ruling(tier="high")
    assert ruling(held, "low", engine.Standing(tier="gone")) == engine.Ruling(tier="low")
    assert ruling(held, "low", engine.Standing()) == engine.Ruling(tier="low")


def test_forecast_names_the_day_the_requirement_and_the_person() -> None:
    rules = programme()
    known = facts(person("x", "A", until=ON + 40 * DAY), person("y", "A", until=ON + 80 * DAY), person("z"))
    loss = forecast(rules, known, engine.evaluate(rules, known, ON), days=90)
    assert loss is not None
    assert (loss.on, loss.tier) == (ON + 41 * DAY, "low")
    assert [finding.id for finding in loss.failing] == ["mid-1"]
    assert [(ending.person, ending.code) for ending in loss.endings] == [("x", "A")]


def test_forecast_sees_leavers_and_is_calm_beyond_its_days() -> None:
    rules = programme()
    leaver = facts(person("x", "B", last_day=ON + 10 * DAY))
    now = engine.evaluate(rules, leaver, ON)
    loss = forecast(rules, leaver, now, days=90)
    assert loss is not None
    assert [(ending.person, ending.code) for ending in loss.endings] == [("x", "")]
    assert forecast(rules, leaver, now, days=10) is None
    spare = facts(person("x", "B", until=ON + DAY), person("y", "B"))
    assert forecast(rules, spare, engine.evaluate(rules, spare, ON), days=90) is None


CODES = st.sampled_from(["A", "B", "C", "D"])
QUOTAS = st.builds(
    lambda codes, n: {"any_of": sorted(codes), "min": n}, st.sets(CODES, min_size=1, max_size=3), st.integers(1, 4)
)
LEAVES = st.one_of(
    st.builds(lambda name, n: {"metric": name, "gte": n}, st.sampled_from(["m", "n"]), st.integers(0, 5)),
    st.builds(lambda quota: {"people": quota}, QUOTAS),
    st.builds(lambda quota, inner: {"people": {**quota, "and_min": [inner]}}, QUOTAS, QUOTAS),
    st.builds(lambda quota: {"credentials": quota}, QUOTAS),
    st.builds(lambda name: {"fact": name}, st.sampled_from(["f", "g"])),
)
RULES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(lambda of: {"all": of}, st.lists(inner, max_size=3)),
        st.builds(lambda of: {"any": of}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda of: {"at_least": {"n": len(of), "of": of}}, st.lists(inner, min_size=1, max_size=3)),
    ),
    max_leaves=6,
)
DAYS = st.dates(ON - 40 * DAY, ON + 40 * DAY)
HELD = st.builds(
    engine.Held, code=CODES, since=st.none() | DAYS, until=st.none() | DAYS, reference=st.text("xyz", max_size=2)
)
PEOPLE = st.lists(
    st.builds(
        engine.Person, id=st.uuids().map(str), held=st.lists(HELD, max_size=4).map(tuple), until=st.none() | DAYS
    ),
    max_size=5,
    unique_by=lambda person: person.id,
)
FACTS = st.builds(
    engine.Facts,
    people=st.none() | PEOPLE.map(tuple),
    measures=st.dictionaries(
        st.sampled_from(["m", "n", "f", "g"]), st.builds(engine.Measure, value=st.fractions(0, 6)), max_size=4
    ),
)


@st.composite
def rules_of_three(draw: st.DrawFn) -> engine.Programme:
    tiers = [{"id": "low", "requires": {"all": []}}]
    tiers += [{"id": name, "requires": {"all": draw(st.lists(RULES, max_size=3))}} for name in ("mid", "high")]
    return engine.parse({"tiers": tiers, "cumulative": draw(st.booleans())})


@given(rules=rules_of_three(), known=FACTS, code=CODES)
def test_another_credential_never_lowers_the_tier(rules: engine.Programme, known: engine.Facts, code: str) -> None:
    order = [tier.id for tier in rules.tiers]
    more = (*(known.people or ()), engine.Person(id="new", held=(engine.Held(code=code),)))
    before = engine.evaluate(rules, replace(known, people=known.people or ()), ON).tier
    after = engine.evaluate(rules, replace(known, people=more), ON).tier
    assert order.index(str(after)) >= order.index(str(before))


@given(rules=rules_of_three(), known=FACTS)
def test_evaluation_is_deterministic_and_survives_storage(rules: engine.Programme, known: engine.Facts) -> None:
    stored = engine.Facts.from_json(known.as_json())
    assert stored == known
    first = engine.evaluate(rules, known, ON)
    assert engine.evaluate(rules, stored, ON) == first
    shuffled = replace(known, people=None if known.people is None else tuple(reversed(known.people)))
    assert engine.evaluate(rules, shuffled, ON) == first
    assert engine.Evaluation.from_json(first.as_json()) == first


@given(rules=rules_of_three(), known=FACTS)
def test_what_is_not_known_never_counts_as_met(rules: engine.Programme, known: engine.Facts) -> None:
    """Whatever the missing measures turn out to be, a requirement that is met stays met."""
    rich = {name: engine.Measure(value=Fraction(0)) for name in ("m", "n", "f", "g")} | dict(known.measures)
    before = engine.evaluate(rules, known, ON)
    after = engine.evaluate(rules, replace(known, measures=rich), ON)
    for was, now in zip(before.tiers, after.tiers, strict=True):
        if was.state is not engine.State.UNKNOWN:
            assert now.state is was.state
