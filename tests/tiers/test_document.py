"""What is refused, with the path and the line."""

from typing import Any

import pytest

from lms.tiers import engine


def problems(text: str) -> list[str]:
    with pytest.raises(engine.DocumentError) as caught:
        source = engine.read_yaml(text)
        engine.parse(source.document, lines=source.lines)
    return [str(problem) for problem in caught.value.problems]


def rule(text: str) -> list[str]:
    return problems(f"tiers:\n  - id: top\n    requires:\n      all:\n        - {text}\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{metrik: m, gte: 1}", "needs exactly one rule; it has “metrik”, “gte”"),
        ("{metric: m, fact: f, gte: 1}", "needs exactly one rule; it has “metric”, “fact”, “gte”"),
        ("{}", "needs exactly one rule; it has nothing"),
        ("[]", "needs a mapping of names to values"),
        ("{metric: m}", "needs “gte” or “lte”"),
        ("{metric: m, gte: lots}", "gte: needs a number"),
        ("{metric: m, gte: true}", "gte: needs a number"),
        ("{fact: a b}", "fact: needs an id of letters, digits, - and _"),
        ("{fact: [a]}", "fact: needs a text"),
        ("{people: {any_of: [A], min: 0}}", "min: needs a whole number from 1"),
        ("{people: {any_of: [A], min: 1.5}}", "min: needs a whole number from 1"),
        ("{people: {any_of: [A]}}", "needs “min”"),
        ("{people: {min: 1}}", "needs either “any_of” or “any_of_vocab”"),
        ("{people: {any_of: [], min: 1}}", "any_of: needs at least one credential"),
        ("{people: {any_of: A, min: 1}}", "any_of: needs a list"),
        ("{people: {any_of_vocab: none, min: 1}}", "any_of_vocab: “none” is not in the vocabulary"),
        ("{people: {any_of: [A], each: 2, min: 1}}", "each: asks for 2 of 1 credentials"),
        ("{any: []}", "any: needs at least one rule"),
        ("{at_least: {n: 2, of: [{fact: f}]}}", "n: asks for 2 of 1 rules"),
        ("{score: main, gte: 1}", "“main” is not among the scores"),
        ("{id: a b, fact: f}", "id: needs an id of letters, digits, - and _"),
    ],
)
def test_wrong_rule_is_refused_with_its_line(text: str, problem: str) -> None:
    found = rule(text)
    assert any(problem in one for one in found), found
    assert all(one.startswith("line 5: tiers[0].requires.all[0]") for one in found), found


@pytest.mark.parametrize(
    "document",
    [
        {"tiers": [{"id": "top", "requires": {"people": {"any_of": ["A"], "min": 1, "sharing": "dedicated"}}}]},
        {"tiers": [{"id": "top", "requires": {"metric": "m", "gte": 1, "within": 90}}]},
        {"tiers": [{"id": "top", "requires": {"all": []}}], "lifecycle": {"ratchet": "upward"}},
    ],
)
def test_unknown_key_of_a_rule_is_unsupported_never_ignored(document: dict[str, Any]) -> None:
    with pytest.raises(engine.UnsupportedFeature, match="is not supported here"):
        engine.parse(document)


def test_unsupported_and_wrong_together_are_wrong() -> None:
    with pytest.raises(engine.DocumentError) as caught:
        engine.parse({"tiers": [{"id": "a b", "requires": {"fact": "f", "if": "g"}}]})
    assert type(caught.value) is engine.DocumentError
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("tiers: []", "line 1: tiers: needs at least one tier"),
        ("name: x", "line 1: needs “tiers”"),
        (
            "tiers:\n- id: a\n  requires: {all: []}\n- id: a\n  requires: {all: []}",
            "line 4: tiers[1].id: “a” stands twice",
        ),
        ("tiers: {}", "line 1: tiers: needs a list"),
        (
            "tiers: [{id: a, requires: {all: [{id: x, fact: f}, {id: x, fact: g}]}}]",
            "line 1: tiers[0].requires: two requirements have the same id",
        ),
        ("tiers: [{id: a, requires: {all: []}}]\ncumulative: 1", "line 2: cumulative: needs true or false"),
        (
            "tiers: [{id: a, requires: {all: []}}]\nrounding: sideways",
            "line 2: rounding: needs one of down, exact, half_up, up, whole_units",
        ),
        ("tiers: [{id: a, requires: {all: []}}]\ntrack_rule: best_of", "line 2: track_rule: needs “tracks”"),
        (
            "tiers: [{id: a, requires: {all: []}}]\nlifecycle: {demotion: never}",
            "line 2: lifecycle.demotion: needs “immediate”, “held” or “anniversary”",
        ),
        (
            "tiers: [{id: a, requires: {all: []}}]\nlifecycle: {grace_days: 3}",
            "line 2: lifecycle.grace_days: goes with “demotion: held” only",
        ),
        (
            "tiers: [{id: a, requires: {all: []}}]\nderived_metrics: {a: b, b: a}",
            "line 2: derived_metrics.a: is made of itself",
        ),
        (
            "tiers: [{id: a, requires: {all: []}}]\ndesignations: [{id: d, requires: {holds: d}}]",
            "line 2: designations[0]: asks for itself",
        ),
        (
            "tiers: [{id: a, requires: {all: []}}]\ntracks: [x]\nscores: {y: {}}",
            "line 2: tracks[0]: “x” has no scores",
        ),
        (
            "tiers: [{id: a, requires: {all: []}}]\nscores: {y: {c: {max: 1}}}",
            "line 2: scores.y.c: needs exactly one of “per_unit”, “per_person” and “best_of”",
        ),
        (
            "tiers: [{id: a, requires: {all: []}}]\nscores: {y: {c: {max: 1, best_of: [{metric: m, threshold: 0}]}}}",
            "line 2: scores.y.c.best_of[0].threshold: needs a number above 0",
        ),
        ("a: 1\na: 2", "line 2: a: “a” stands twice"),
        ("a: [1", "line 1: This is not YAML: expected ',' or ']', but got '<stream end>'"),
        ("a: &x 1\nb: *x", "line 1: Anchors and aliases are not read; write the rule out"),
        (
            "a: !!python/object/apply:os.system [x]",
            "line 1: a: The tag tag:yaml.org,2002:python/object/apply:os.system is not read",
        ),
        ("a: .inf", "line 1: a: “.inf” is not a plain number"),
        ("a: 1e400", "line 1: needs “tiers”"),
        ("a: 1.0e+400", "line 1: a: “1.0e+400” is not a plain number"),
        ("[" * 50, "line 1: Nested more than 40 deep"),
        ("a: \x00", "This is not YAML: it holds a character that may not stand there"),
        ("x" * 500_001, "The text has 500,001 characters; at most 500,000 are read"),
        ("", "needs a mapping of names to values"),
        ("text", "line 1: needs a mapping of names to values"),
    ],
)
def test_wrong_document_is_refused(text: str, problem: str) -> None:
    assert problem in problems(text)


@pytest.mark.parametrize(
    "formula",
    [
        *(
            "__import__('os')",
            "a.b",
            "a ** 9",
            "min()",
            "min(a, key=b)",
            "True",
            "a <",
            "a" * 501,
            "lambda: 1",
            "{a: 1}",
        ),
        *("f'{a}'", "a[0]", "(x := 1)", "sum(x for x in a for y in b)", "sum(x for x, y in a)", "1e400", "pow(a, b)"),
    ],
)
def test_formula_holds_arithmetic_only(formula: str) -> None:
    with pytest.raises(engine.DocumentError, match="formula"):
        engine.parse({"tiers": [{"id": "a", "requires": {"all": []}}], "derived_metrics": {"m": formula}})


def test_numbers_are_read_by_their_digits() -> None:
    tiers = engine.read_yaml("tiers: [{id: a, requires: {metric: m, gte: 0.1}}]")
    programme = engine.parse(tiers.document)
    three_tenths = engine.Facts.plain({"m": "1/10"})
    assert engine.evaluate(programme, three_tenths, __import__("datetime").date(2026, 1, 1)).reached == "a"


def test_what_is_no_rule_is_named() -> None:
    programme = engine.parse({"tiers": [{"id": "a", "requires": {"all": []}}], "vendor": "x", "fees": 3})
    assert programme.unread == ("fees",)


def test_facts_that_are_no_numbers_are_refused() -> None:
    for given in ({"m": None}, {"m": [None]}, {"m": {"a": "b"}}, {"m": [{"value": 1}]}, {"people": {"x": "A"}},
                  {"people": {"x": [{"since": "2026-01-01"}]}}, {"people": {"x": [{"code": "A", "since": "soon"}]}},
                  {"levels": [{"tier": "a"}]}, {"peers": [1]}, []):  # fmt: skip
        with pytest.raises(ValueError, match=r"needs?|neither a number|is not a date"):
            engine.Facts.plain(given)  # type: ignore[arg-type]
