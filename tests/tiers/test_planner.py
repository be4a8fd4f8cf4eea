"""The cheapest way: never more certifications than needed, checked against trying everything."""

from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lms.tiers import engine
from lms.tiers.engine.planner import Plan, plan, with_credentials

ON = date(2026, 11, 16)


def programme(rule: dict[str, Any], **document: Any) -> engine.Programme:
    return engine.parse(
        {"tiers": [{"id": "low", "requires": {"all": []}}, {"id": "top", "requires": rule}], **document}
    )


def an_hour(person: str, code: str) -> int | None:
    return 60


def found(rule: dict[str, Any], facts: dict[str, Any], **document: Any) -> Plan:
    return plan(programme(rule, **document), engine.Facts.plain(facts), ON, tier="top", minutes=an_hour)


def pairs(plan: Plan) -> list[tuple[str, str]]:
    assert plan.steps is not None
    return [(step.person, step.code) for step in plan.steps]


def test_nothing_is_missing() -> None:
    assert pairs(found({"people": {"any_of": ["A"], "min": 1}}, {"people": {"x": ["A"]}})) == []


def test_one_certification_may_serve_two_rules() -> None:
    rule = {"all": [{"people": {"any_of": ["A", "B"], "min": 2}}, {"people": {"any_of": ["B"], "min": 1}}]}
    answer = found(rule, {"people": {"x": ["A"], "y": []}})
    assert (pairs(answer), answer.is_exact, answer.bound, answer.minutes) == ([("y", "B")], True, 1, 60)


def test_dedicated_roles_are_reassigned_before_anybody_learns() -> None:
    rule = {"roles": {"need": {"S": 1, "T": 1}, "sharing": "dedicated"}}
    assert pairs(found(rule, {"people": {"x": ["S", "T"], "y": ["T"]}})) == []
    assert len(pairs(found(rule, {"people": {"x": ["S", "T"], "y": []}}))) == 1


def test_overlap_lets_one_person_do_all() -> None:
    rule = {"roles": {"need": {"S": 1, "T": 1}, "sharing": "overlap"}}
    assert pairs(found(rule, {"people": {"x": ["S"]}})) == [("x", "T")]


def test_gates_are_opened_only_where_points_come_of_it() -> None:
    scores = {"main": {"skills": {"max": 8, "per_person": 4, "any_of": ["P"], "gates": [{"any_of": ["G"], "min": 1}]},
                       "adds": {"max": 90, "per_unit": 10, "metric": "adds"}}}  # fmt: skip
    rule = {"score": "main", "gte": 8}
    assert len(pairs(found(rule, {"people": {"x": [], "y": ["P"]}, "adds": 0}, scores=scores))) == 2
    assert pairs(found(rule, {"people": {"x": [], "y": []}, "adds": 1}, scores=scores)) == []


def test_what_training_can_not_change_is_said() -> None:
    rule = {"all": [{"id": "sales", "metric": "sales", "gte": 5}, {"people": {"any_of": ["A"], "min": 1}}]}
    answer = found(rule, {"people": {"x": []}, "sales": 3})
    assert pairs(answer) == [("x", "A")]
    assert [(blocker.id, blocker.missing) for blocker in answer.blockers] == [("top-sales", "3, needs 5")]


def test_too_few_people_is_a_blocker_and_not_an_impossible_plan() -> None:
    answer = found({"people": {"any_of": ["A"], "min": 3}}, {"people": {"x": [], "y": []}})
    assert (pairs(answer), [blocker.have for blocker in answer.blockers]) == ([], [0])


def test_the_shorter_training_wins_among_equals_and_what_is_not_open_is_left() -> None:
    rules = programme({"people": {"any_of": ["A", "B", "C"], "min": 1}})
    minutes = {"A": 90, "B": 30}
    facts = engine.Facts.plain({"people": {"x": []}})
    answer = plan(rules, facts, ON, tier="top", minutes=lambda _, code: minutes.get(code))
    assert (pairs(answer), answer.minutes) == ([("x", "B")], 30)


def test_unknown_tier_is_refused() -> None:
    with pytest.raises(ValueError, match="has no tier none"):
        plan(programme({"fact": "f"}), engine.Facts(), ON, tier="none", minutes=an_hour)


def test_without_time_there_is_a_bound_and_no_claim() -> None:
    people = {f"p{number}": [] for number in range(30)}
    rule = {"roles": {"need": dict.fromkeys("ABCDE", 5), "sharing": "dedicated"}}
    answer = plan(programme(rule), engine.Facts.plain({"people": people}), ON, tier="top", minutes=an_hour, seconds=0.0)
    assert answer.is_exact is False or len(pairs(answer)) == 25
    assert answer.bound <= 25


CODES = st.sampled_from(["A", "B", "C"])
SETS = st.lists(CODES, min_size=1, max_size=2, unique=True)
RULE = st.one_of(
    st.builds(lambda codes, n: {"people": {"any_of": codes, "min": n}}, SETS, st.integers(1, 3)),
    st.builds(lambda codes, n: {"credentials": {"any_of": codes, "min": n}}, SETS, st.integers(1, 4)),
    st.builds(
        lambda need, how: {"roles": {"need": need, "sharing": how}},
        st.dictionaries(CODES, st.integers(1, 2), min_size=1),
        st.sampled_from(["overlap", "dedicated"]),
    ),
)


@settings(max_examples=60)
@given(
    rules=st.lists(RULE, min_size=1, max_size=3),
    how=st.sampled_from(["all", "any"]),
    people=st.dictionaries(st.sampled_from(["x", "y", "z"]), st.lists(CODES, max_size=3, unique=True), min_size=1),
)
def test_no_smaller_set_reaches_the_tier(rules: list[Any], how: str, people: dict[str, list[str]]) -> None:
    """Against trying every set of certifications, smallest first."""
    made, facts = programme({how: rules}), engine.Facts.plain({"people": people})
    answer = plan(made, facts, ON, tier="top", minutes=an_hour)
    open_ = [(person, code) for person in people for code in "ABC" if code not in people[person]]
    reaching = (
        size
        for size in range(len(open_) + 1)
        for some in combinations(open_, size)
        if engine.evaluate(made, with_credentials(facts, some, ON), ON).reached == "top"
    )
    if answer.blockers:
        assert next(reaching, None) is None
        return
    assert len(pairs(answer)) == answer.bound == next(reaching)
    assert engine.evaluate(made, with_credentials(facts, pairs(answer), ON), ON).reached == "top"
