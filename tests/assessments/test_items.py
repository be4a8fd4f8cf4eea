"""Item types: validation, reading answers, scoring, feedback. No database."""

from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.assessments import items
from lms.assessments.items import AnswerRefused, ItemInvalid, builders
from lms.assessments.items.builders import ItemFields
from lms.assessments.items.describe import describe
from lms.assessments.items.numeric import parse_number
from lms.assessments.items.short_answer import fits
from tests.assessments.factories import ONE, SENTINEL, ZERO, choice, one_of_each


class Loaded:
    """A validated item, its key, and how it is shown."""

    def __init__(self, fields: ItemFields, seed: int = 1) -> None:
        content, key = items.validated(fields["type"], fields["content"], fields["key"])
        self.type = fields["type"]
        self.content, self.key = items.load(self.type, content, key)
        self.shown = items.show(items.TYPES[self.type], self.content, Random(seed))
        self.token = {line.text: line.token for line in [*self.present().options, *self.present().prompts]}

    def present(self, answer: items.Answer = None) -> items.Question:
        return items.present(items.TYPES[self.type], self.content, self.shown, answer)

    def points(self, raw: Any, of: str = "1") -> Decimal:
        return items.score(self.type, self.key, self.answer(raw), Decimal(of))

    def answer(self, raw: Any) -> items.Answer:
        return items.parse_answer(self.type, self.content, self.shown, raw)

    def feedback(self, raw: Any) -> tuple[str, ...]:
        return items.feedback(self.type, self.key, self.answer(raw))


def by_type(name: str) -> Loaded:
    return next(Loaded(fields) for fields in one_of_each() if fields["type"] == name)


def test_choice_gives_the_weight_of_the_option() -> None:
    item = by_type("choice")
    assert [item.points(item.token[text]) for text in ("Right", "Half", "Wrong")] == [ONE, Decimal("0.5"), ZERO]
    assert item.points(item.token["Half"], of="3") == Decimal("1.5")
    assert (item.points(None), item.points("")) == (ZERO, ZERO)


def test_choice_feedback_is_of_the_option_then_general() -> None:
    item = by_type("choice")
    assert item.feedback(item.token["Wrong"]) == (f"{SENTINEL} wrong", f"{SENTINEL} general")
    assert item.feedback(item.token["Half"]) == (f"{SENTINEL} general",)
    assert item.feedback(None) == (f"{SENTINEL} general",)


def test_choices_scores_the_share_and_never_less_than_nought() -> None:
    item = by_type("choices")
    pick = lambda *texts: item.points([item.token[text] for text in texts])  # noqa: E731
    assert (pick("A"), pick("A", "B"), pick("A", "B", "D")) == (Decimal("0.5"), ONE, ONE)
    assert (pick("A", "C"), pick("C"), pick(), item.points(None)) == (ZERO, ZERO, ZERO, ZERO)


def test_choices_of_thirds_reach_exactly_full_points() -> None:
    """EXAM-31: three options of 33.33333% earn all points, not 0.9999999."""
    third = Decimal("0.3333333")
    item = Loaded(builders.choice("S", [(text, third, "") for text in "ABC"] + [("D", ZERO, "")], is_multiple=True))
    assert item.points([item.token[text] for text in "ABC"]) == ONE
    assert item.points([item.token[text] for text in "AB"]) == Decimal("0.6667")


def test_true_false_keeps_its_order() -> None:
    item = by_type("true_false")
    assert [line.text for line in item.present().options] == ["True", "False"]
    assert (item.points(item.token["True"]), item.points(item.token["False"])) == (ONE, ZERO)
    assert item.feedback(item.token["False"]) == (SENTINEL, SENTINEL)


def test_matching_scores_each_prompt() -> None:
    item = by_type("matching")
    paris, rome, france, spain = (item.token[text] for text in ("Paris", "Rome", "France", "Spain"))
    assert item.points({paris: france, rome: item.token["Italy"]}) == ONE
    assert item.points({paris: france, rome: spain}) == Decimal("0.5")
    assert item.points({paris: france, rome: ""}) == Decimal("0.5")
    assert item.answer({paris: "", rome: ""}) is None
    assert item.answer(None) is None


def test_ordering_scores_places() -> None:
    item = by_type("ordering")
    first, second, third = (item.token[text] for text in ("first", "second", "third"))
    assert item.points([first, second, third]) == ONE
    assert item.points([first, third, second]) == Decimal("0.3333")
    assert item.points([third, first, second]) == ZERO
    assert (item.answer([]), item.answer(None)) == (None, None)


def test_numeric_takes_the_first_interval_that_fits() -> None:
    answers = [(Decimal(1822), Decimal(1822), ONE, ""), (Decimal(1820), Decimal(1824), Decimal("0.5"), "close")]
    item = Loaded(builders.numeric("S", answers, otherwise="no", general="all"))
    assert [item.points(raw) for raw in ("1822", 1822, "1821", "1819", 1e3)] == [ONE, ONE, Decimal("0.5"), ZERO, ZERO]
    assert (item.feedback("1821"), item.feedback("7")) == (("close", "all"), ("no", "all"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("24500", "24500"),
        ("24,500", "24500"),
        ("1,234,567.5", "1234567.5"),
        ("24 500", "24500"),
        ("24\u202f500", "24500"),
        ("1'000", "1000"),
        ("0,25", "0.25"),
        ("3,5", "3.5"),
        ("0,125", "0.125"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-3", "-3"),
        ("−3", "-3"),
        ("2e6", "2000000"),
        ("３", "3"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, value: str) -> None:
    assert parse_number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "x", "NaN", "Infinity", "1e400", "1..2", "1,2,3", "--1", "0x10", "٣" * 3, "9" * 41]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    """EXAM-30: NaN, infinities and 1e400 included."""
    with pytest.raises(ValueError):
        parse_number(text)
    if text:
        with pytest.raises(AnswerRefused, match="Nothing was saved"):
            by_type("numeric").answer(text)


@pytest.mark.parametrize("raw", [float("nan"), float("inf"), 1e400, True, [], {}])
def test_what_is_no_json_number_is_refused(raw: Any) -> None:
    with pytest.raises(AnswerRefused):
        by_type("numeric").answer(raw)


@pytest.mark.parametrize(
    ("pattern", "text", "does_fit"),
    [
        ("Site Silent", "  site   SILENT ", True),
        ("Straße", "STRASSE", True),
        ("ﬁne", "fine", True),
        ("Việt", "Việt", True),
        ("don't", "don’t", True),
        ("silent*", "silent rule", True),
        ("*silent*", "the site silent rule", True),
        ("a*b*c", "a c b", False),
        ("a*a", "a", False),
        ("a*x*c", "abc", False),
        ("*", "anything", True),
        (r"2\*3", "2*3", True),
        (r"2\*3", "2x3", False),
        ("one", "one two", False),
    ],
)
def test_short_answers_are_compared_normalised(pattern: str, text: str, does_fit: bool) -> None:
    assert fits(pattern, text) is does_fit


def test_short_answer_patterns_take_linear_time() -> None:
    assert fits("*a" * 200 + "*b", "a" * 500) is False


def test_short_answer_weights_and_feedback() -> None:
    item = by_type("short_answer")
    assert [item.points(raw) for raw in ("site silent", "silent thing", "noise", "")] == [
        ONE,
        Decimal("0.5"),
        ZERO,
        ZERO,
    ]
    assert item.feedback("SITE SILENT") == (SENTINEL,)
    assert item.feedback("noise") == ()


@pytest.mark.parametrize("fields", one_of_each(), ids=lambda fields: fields["type"])
def test_question_shown_holds_no_key(fields: ItemFields) -> None:
    """EXAM-01: what a page gets to show has nothing of the key."""
    assert SENTINEL not in repr(Loaded(fields).present())


@pytest.mark.parametrize("fields", one_of_each(), ids=lambda fields: fields["type"])
def test_question_shows_the_answer_again(fields: ItemFields) -> None:
    item = Loaded(fields)
    tokens = [line.token for line in item.present().options]
    raw: Any
    match item.type:
        case "choice" | "true_false":
            raw = tokens[1]
            chosen = [bool(line.chosen) for line in item.present(item.answer(raw)).options]
            assert chosen == [index == 1 for index in range(len(tokens))]
        case "choices":
            raw = tokens[:2]
            assert [bool(line.chosen) for line in item.present(item.answer(raw)).options] == [True, True, False, False]
        case "matching":
            prompts = [line.token for line in item.present().prompts]
            raw = dict.fromkeys(prompts, tokens[0])
            assert [line.chosen for line in item.present(item.answer(raw)).prompts] == [tokens[0]] * 2
        case "ordering":
            raw = list(reversed(tokens))
            assert [line.chosen for line in item.present(item.answer(raw)).options] == ["3", "2", "1"]
        case "hotspot" | "hotspots":
            raw = tokens[0] if item.type == "hotspot" else tokens[:1]
            assert [bool(line.chosen) for line in item.present(item.answer(raw)).options] == [True, False, False]
        case "cloze":
            number, words, listed, pool, _ = item.present().parts
            raw = {number.token: "100", words.token: "freezes", listed.token: listed.options[0].token, pool.token: ""}
            shown = [part.chosen for part in item.present(item.answer(raw)).parts]
            assert shown == ["100", "freezes", listed.options[0].token, "", ""]
        case _:
            assert item.present(item.answer("10")).value == "10"


@pytest.mark.parametrize("fields", one_of_each(), ids=lambda fields: fields["type"])
def test_same_seed_shows_the_same(fields: ItemFields) -> None:
    assert Loaded(fields, seed=3).shown == Loaded(fields, seed=3).shown


def test_option_ids_depend_on_words_alone() -> None:
    """EXAM-05: swapping the key changes no id, and a new version keeps the ids of its options."""
    swapped = builders.choice("S", [("Right", ZERO, ""), ("Half", ONE, "x"), ("Wrong", ZERO, "")])
    assert swapped["content"]["options"] == choice()["content"]["options"]


def test_ordering_content_does_not_tell_the_order() -> None:
    """EXAM-05."""
    texts = ["alpha", "beta", "gamma", "delta", "epsilon"]
    fields = builders.ordering("S", texts)
    ids = [option["id"] for option in fields["content"]["options"]]
    assert ids == sorted(ids) != fields["key"]["sequence"]


def test_html_is_cleaned_wherever_people_write() -> None:
    """XSS: stem, options and feedback pass the one policy."""
    evil = "<b>x</b><script>alert(1)</script><img src=x onerror=alert(1)>"
    fields = builders.choice(evil, [(f"1 {evil}", ONE, evil), (f"2 {evil}", ZERO, "")], general=evil)
    content, key = items.validated(**_arguments(fields))
    for text in (repr(content), repr(key)):
        assert "<b>x</b>" in text
        assert not any(mark in text for mark in ("<script", "<img", "onerror="))


def test_patterns_are_no_html() -> None:
    _, key = items.validated(**_arguments(builders.short_answer("S", [("a < b & c", ONE, "a < b")])))
    assert key["answers"][0]["pattern"] == "a < b & c"
    assert key["answers"][0]["feedback"] == "a &lt; b"


def _arguments(fields: ItemFields) -> dict[str, Any]:
    return {"type_": fields["type"], "content": fields["content"], "key": fields["key"]}


def broken(fields: ItemFields, part: str, **changes: Any) -> ItemFields:
    return {**fields, part: {**fields[part], **changes}}  # type: ignore[misc, literal-required]


EACH = {fields["type"]: fields for fields in one_of_each()}
OPTION = {"id": "aaaaaaaa", "text": "One"}
INVALID = [
    (broken(choice(), "key", weights={}), "Every option needs its weight"),
    (broken(choice(), "key", feedback={"zzz": "x"}), "feedback on an option that does not exist"),
    (broken(choice(), "content", options=[OPTION]), "At least 2 options"),
    (broken(choice(), "content", options=[OPTION, OPTION]), "same id"),
    (broken(choice(), "content", options=[OPTION, {"id": "b", "text": "One"}]), "same text"),
    (broken(choice(), "content", options=[OPTION, {"id": "b", "text": " "}]), "no text"),
    (broken(choice(), "content", options=[{"id": f"a{n}", "text": str(n)} for n in range(101)]), "At most 100"),
    (broken(choice(), "content", stem=" "), "no text"),
    (broken(choice(), "content", surprise=1), "does not have the form"),
    (broken(choice(), "key", weights=dict.fromkeys(choice()["key"]["weights"], "0.5")), "No option is right"),
    (broken(choice(), "key", weights=dict.fromkeys(choice()["key"]["weights"], "7")), "between -1 and 1"),
    (broken(choice(), "key", weights=dict.fromkeys(choice()["key"]["weights"], "NaN")), "between -1 and 1"),
    (broken(EACH["choices"], "key", weights=dict.fromkeys(EACH["choices"]["key"]["weights"], "0")), "No option is"),
    (broken(EACH["true_false"], "key", feedback={"maybe": "x"}), "does not exist"),
    (broken(EACH["matching"], "key", pairs={}), "Every prompt needs its option"),
    (broken(EACH["matching"], "key", pairs=dict.fromkeys(EACH["matching"]["key"]["pairs"], "zz")), "does not exist"),
    (broken(EACH["matching"], "content", prompts=EACH["matching"]["content"]["options"]), "the same id"),
    (broken(EACH["ordering"], "key", sequence=[]), "names every option once"),
    (broken(EACH["numeric"], "key", answers=[]), "No number earns full points"),
    (builders.numeric("S", [(Decimal(2), Decimal(1), ONE, "")]), "ends before it starts"),
    (builders.numeric("S", [(Decimal("-Infinity"), Decimal(1), ONE, "")]), "no end"),
    (builders.short_answer("S", [("x", Decimal("0.5"), "")]), "No answer earns full points"),
    (builders.short_answer("S", [("", ONE, "")]), "does not have the form"),
    ({"type": "riddle", "content": {}, "key": {}}, "no item type 'riddle'"),
]


@pytest.mark.parametrize(("fields", "reason"), INVALID, ids=[reason[:25] for _, reason in INVALID])
def test_invalid_items_are_refused_with_the_reason(fields: ItemFields, reason: str) -> None:
    with pytest.raises(ItemInvalid, match=reason):
        items.validated(**_arguments(fields))


def test_builders_refuse_options_of_the_same_words() -> None:
    with pytest.raises(ItemInvalid, match="same text"):
        builders.ordering("S", ["one", "one"])


@pytest.mark.parametrize("fields", one_of_each(), ids=lambda fields: fields["type"])
def test_authors_see_the_item_in_words(fields: ItemFields) -> None:
    item = Loaded(fields)
    rows = describe(item.content, item.key)
    assert rows
    assert all(len(row) == 3 for row in rows)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


@given(raw=JSON, fields=st.sampled_from(one_of_each()), of=st.decimals(1, 10, places=2))
def test_any_json_is_refused_or_scored_within_bounds(raw: Any, fields: ItemFields, of: Decimal) -> None:
    """EXAM-30: score never above max or below 0, whatever is posted."""
    from lms.common.guards import UnsafeInput

    item = Loaded(fields)
    try:
        points = item.points(raw, of=str(of))
    except (AnswerRefused, UnsafeInput):
        return
    assert 0 <= points <= of


@given(st.data())
def test_any_shown_choice_is_scored_within_bounds(data: st.DataObject) -> None:
    weights = data.draw(st.lists(st.decimals(-1, 1, places=3), min_size=2, max_size=6))
    weights[0] = ONE
    options = [(str(number), weight, "") for number, weight in enumerate(weights)]
    item = Loaded(builders.choice("S", options, is_multiple=True))
    chosen = data.draw(st.lists(st.sampled_from(item.shown.order), unique=True))
    assert 0 <= item.points(chosen) <= 1
    right = [item.token[text] for text, weight, _ in options if weight > 0]
    assert item.points(right) == ONE


# --- Gaps, regions, units, expressions ---


def test_cloze_adds_up_the_shares_of_its_gaps() -> None:
    item = by_type("cloze")
    number, words, listed, pool, _ = item.present().parts
    ice, steam = (next(line.token for line in listed.options if line.text == text) for text in ("Ice", "Steam"))
    hard = next(line.token for line in pool.options if line.text == "hard")
    right = {number.token: "1e2", words.token: "Freezing", listed.token: ice, pool.token: hard}
    assert item.points(right) == ONE
    assert item.points(right | {listed.token: steam}) == Decimal("0.75")
    assert (item.points({number.token: ""}), item.answer({number.token: "", words.token: None})) == (ZERO, None)
    assert item.feedback(right | {listed.token: steam}) == (SENTINEL,) * 4
    assert [line.text for line in item.present().pool] in (["hard", "soft"], ["soft", "hard"])


def test_cloze_all_or_nothing_and_weighted_gaps() -> None:
    gaps = [
        builders.Gap(kind="text", texts=[builders.pattern(text, ONE)], share=share)
        for text, share in (("a", ONE), ("b", Decimal(3)))
    ]
    fields = builders.cloze("[[g1]] [[g2]]", gaps)
    item = Loaded(fields)
    first, second, _ = (part.token for part in item.present().parts)
    assert item.points({first: "a"}) == Decimal("0.25")
    fields["key"]["scoring"] = "all"
    strict = Loaded(fields)
    first, second, _ = (part.token for part in strict.present().parts)
    assert (strict.points({first: "a"}), strict.points({first: "a", second: "b"})) == (ZERO, ONE)


@pytest.mark.parametrize(
    ("stem", "reason"),
    [
        ("no gap", "exactly one place"),
        ("[[g1]] [[g1]]", "exactly one place"),
        ('<a href="https://x/[[g1]]">x</a> [[g1]]', "inside a tag"),
    ],
)
def test_cloze_needs_a_place_for_each_gap(stem: str, reason: str) -> None:
    gap = builders.Gap(kind="text", texts=[builders.pattern("a", ONE)])
    with pytest.raises(ItemInvalid, match=reason):
        items.validated(**_arguments(builders.cloze(stem, [gap])))


def test_marks_that_name_no_gap_are_text() -> None:
    gap = builders.Gap(kind="text", texts=[builders.pattern("a", ONE)])
    parts = Loaded(builders.cloze("see [[note]] [[g1]]", [gap])).present().parts
    assert [part.html for part in parts] == ["see [[note]] ", ""]


def test_hotspots_are_scored_like_choices_and_drawn() -> None:
    single, several = by_type("hotspot"), by_type("hotspots")
    tokens = [line.token for line in single.present().options]
    assert [single.points(token) for token in tokens] == [ONE, ZERO, ZERO]
    assert several.points([line.token for line in several.present().options][:1]) == ONE
    picture = single.present().picture
    assert picture
    assert [(spot.shape, spot.number) for spot in picture.spots] == [("circle", 1), ("rect", 2), ("polygon", 3)]
    assert (picture.spots[1].figures, picture.spots[1].x) == ({"x": "20", "y": "20", "width": "10", "height": "10"}, 25)
    assert [line.text for line in single.present().options] == ["North", "Region 2", "Region 3"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"coords": [1, 2]}, "wrong number of coordinates"),
        ({"coords": [900, 2, 3]}, "outside the image"),
    ],
)
def test_hotspot_regions_must_lie_in_the_image(change: dict, reason: str) -> None:
    fields = next(one for one in one_of_each() if one["type"] == "hotspot")
    fields["content"]["regions"][0] |= change
    with pytest.raises(ItemInvalid, match=reason):
        items.validated(**_arguments(fields))


UNITS = [("m", ONE), ("cm", Decimal(100)), ("MW", ONE), ("mW", Decimal("1e9"))]


@pytest.mark.parametrize(
    ("typed", "points"),
    [
        ("2 m", "1"),
        ("200cm", "1"),
        ("2,0 M", "1"),
        ("2", "0.9"),
        ("2 cm", "0"),
        ("200", "0"),
        ("2 MW", "1"),
        ("2 mW", "0"),
    ],
)
def test_numbers_with_units(typed: str, points: str) -> None:
    answers = [(Decimal(2), Decimal(2), ONE, "")]
    item = Loaded(builders.numeric("S", answers, units=UNITS, unit_penalty=Decimal("0.1")))
    assert item.points(typed) == Decimal(points)
    assert item.present().units == ("m", "cm", "MW", "mW")


@pytest.mark.parametrize("typed", ["2 km", "2 m m", "m", "2 mw"])
def test_unknown_units_are_refused(typed: str) -> None:
    item = Loaded(builders.numeric("S", [(Decimal(2), Decimal(2), ONE, "")], units=UNITS))
    with pytest.raises(AnswerRefused, match="its unit"):
        item.points(typed)


def test_units_never_round() -> None:
    """2 of 3 parts: compared as a product, not as a quotient."""
    item = Loaded(builders.numeric("S", [(Decimal(1), Decimal(1), ONE, "")], units=[("yd", ONE), ("ft", Decimal(3))]))
    assert (item.points("3 ft"), item.points("2.9999999 ft")) == (ONE, ZERO)


def test_regular_expressions_fit_the_whole_answer() -> None:
    item = Loaded(builders.short_answer("S", [("colou?r", ONE, "")], is_regex=True))
    assert (item.points("Color"), item.points("colour "), item.points("colours")) == (ONE, ONE, ZERO)
    exact = Loaded(builders.short_answer("S", [("Paris", ONE, "")], is_case_sensitive=True))
    assert (exact.points("Paris"), exact.points("paris")) == (ONE, ZERO)


def test_a_regular_expression_that_takes_too_long_does_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    item = Loaded(builders.short_answer("S", [(r"(.*)(.*)(.*)(.*)\4\3\2\1b", ONE, "")], is_regex=True))
    with caplog.at_level("WARNING", logger="laurel.assessments"):
        assert item.points("ab" * 150 + "c") == ZERO
    assert "took too long" in caplog.text


@pytest.mark.parametrize("pattern", ["(", "[a", "x" * 201])
def test_what_is_no_regular_expression_is_refused(pattern: str) -> None:
    with pytest.raises(ItemInvalid, match="regular expression"):
        items.validated(**_arguments(builders.short_answer("S", [(pattern, ONE, "")], is_regex=True)))


def test_choices_all_or_nothing_each_and_limit() -> None:
    options = [("A", ONE, ""), ("B", ONE, ""), ("C", ZERO, ""), ("D", ZERO, "")]
    strict = Loaded(builders.choice("S", options, is_multiple=True, scoring="all"))
    each = Loaded(builders.choice("S", options, is_multiple=True, scoring="each", limit=2))
    pick = lambda item, *texts: item.points([item.token[text] for text in texts])  # noqa: E731
    assert (pick(strict, "A", "B"), pick(strict, "A"), pick(strict, "A", "B", "C")) == (ONE, ZERO, ZERO)
    assert (pick(each, "A", "B"), pick(each, "A"), pick(each, "A", "C")) == (ONE, Decimal("0.75"), Decimal("0.5"))
    with pytest.raises(AnswerRefused, match="At most 2"):
        pick(each, "A", "B", "C")
    with pytest.raises(ItemInvalid, match="Fewer options"):
        items.validated(**_arguments(builders.choice("S", options, is_multiple=True, limit=1)))


def test_pinned_options_keep_their_places() -> None:
    options = [(text, ONE if text == "A" else ZERO, "") for text in "ABCDE"]
    fields = builders.choice("S", options, pinned=[0, 4])
    orders = {tuple(line.text for line in Loaded(fields, seed).present().options) for seed in range(30)}
    assert {(order[0], order[-1]) for order in orders} == {("A", "E")}
    assert len(orders) > 2


def test_feedback_by_how_right_the_answer_was() -> None:
    fields = choice()
    fields["key"] |= {"if_right": "R", "if_partly": "P", "if_wrong": "W", "general": ""}
    item = Loaded(fields)
    assert [item.feedback(item.token[text])[-1] for text in ("Right", "Half", "Wrong")] == ["R", "P", "W"]


@pytest.mark.parametrize("number", ["1e999999", "1e-99", "9" * 40])
def test_numbers_nobody_can_read_are_refused(number: str) -> None:
    with pytest.raises(ItemInvalid, match="digits"):
        items.validated(**_arguments(builders.numeric("S", [(Decimal(number), Decimal(number), ONE, "")])))


def test_equal_items_have_equal_digests_however_they_are_written() -> None:
    def digest(stem: str, weight: str) -> str:
        content, key = items.validated(**_arguments(builders.short_answer(stem, [("x", Decimal(weight), "")])))
        return items.digest("short_answer", content, key)

    assert digest("<p>A  b</p>", "1.00") == digest("A b", "1")
