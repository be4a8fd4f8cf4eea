"""GIFT: the parser and what its questions become, on written examples and on noise."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lms.assessments import formats
from lms.assessments.formats import ReadItem, gift_syntax
from lms.assessments.formats.gift import Gift
from lms.common.guards import UnsafeInput

LINKS, MARKDOWN = "links that are not https were removed", "Markdown is kept as plain text"


def read(text: str) -> list[ReadItem]:
    return list(formats.read_items(formats.Source(text.encode("utf-8", "surrogatepass")), Gift()))


def one(text: str) -> ReadItem:
    (found,) = read(text)
    return found


def fields(text: str) -> tuple[dict, dict]:
    found = one(text)
    assert found.fields, found.reason
    return found.fields["content"], found.fields["key"]


def weights(text: str) -> dict[str, Decimal]:
    content, key = fields(text)
    return {option["text"]: Decimal(key["weights"][option["id"]]) for option in content["options"]}


def test_gift_single_choice_with_weights_and_feedback() -> None:
    source = "::T::Stem{=right#good ~%50%half ~%-25%bad#no ~wrong ####General}"
    assert weights(source) == {"right": 1, "half": Decimal("0.5"), "bad": Decimal("-0.25"), "wrong": 0}
    content, key = fields(source)
    remarks = {option["text"]: key["feedback"].get(option["id"]) for option in content["options"]}
    assert remarks == {"right": "good", "half": None, "bad": "no", "wrong": None}
    assert (key["general"], content["stem"], one(source).title) == ("General", "Stem", "T")


def test_gift_multiple_choice_without_a_single_right_one() -> None:
    assert one("S{~%50%a ~%50%b ~c}").fields["type"] == "choices"
    assert one("S{~%50%a ~%50%b ~c}").notes == ()
    assert one("S{~%25%a ~%25%b ~c}").notes == (
        "the right weights add up to 50%: choosing all of them earns full points",
    )
    assert one("S{~a ~b}").reason == "No option is right."


@pytest.mark.parametrize(
    ("answer", "is_true"), [("T", True), ("TRUE", True), ("true", True), ("F", False), ("FALSE", False)]
)
def test_gift_true_false(answer: str, is_true: bool) -> None:
    assert fields(f"S{{{answer}}}")[1]["answer"] is is_true


def test_gift_true_false_feedback_is_for_the_wrong_answer_first() -> None:
    _, key = fields("S{FALSE#you were wrong#you were right####all}")
    assert key["feedback"] == {"true": "you were wrong", "false": "you were right"}
    assert key["general"] == "all"


def test_gift_matching_with_a_distractor() -> None:
    content, key = fields("S{=Paris -> France =Rome -> Italy = -> Spain}")
    texts = {option["id"]: option["text"] for option in [*content["prompts"], *content["options"]]}
    assert {texts[prompt]: texts[option] for prompt, option in key["pairs"].items()} == {
        "Paris": "France",
        "Rome": "Italy",
    }
    assert sorted(option["text"] for option in content["options"]) == ["France", "Italy", "Spain"]


def test_gift_matching_that_is_not_complete_is_refused() -> None:
    assert one("S{=Paris -> France =Rome}").reason.startswith("“Rome” has no “->”")
    assert one("S{=Paris -> =Rome -> Italy}").reason == "Nothing is matched with “Paris”."


@pytest.mark.parametrize(
    ("written", "low", "high"),
    [
        ("7", "7", "7"),
        ("-7", "-7", "-7"),
        ("3.14:0.005", "3.135", "3.145"),
        ("1..5", "1", "5"),
        ("-5..-1", "-5", "-1"),
        (".5..1.5", "0.5", "1.5"),
        ("1e3:1", "999", "1001"),
    ],
)
def test_gift_numbers(written: str, low: str, high: str) -> None:
    (answer,) = fields(f"S{{#{written}}}")[1]["answers"]
    assert (Decimal(answer["low"]), Decimal(answer["high"])) == (Decimal(low), Decimal(high))


def test_gift_numbers_with_weights_and_feedback_for_the_rest() -> None:
    _, key = fields("S{#=1822:0#exact =%50%1822:2#close ~#no####all}")
    assert [(one.get("weight", "1"), one["feedback"]) for one in key["answers"]] == [("1", "exact"), ("0.5", "close")]
    assert (key["otherwise"], key["general"]) == ("no", "all")


@pytest.mark.parametrize("written", ["", "many", "1,5", "1..", "5:x", "NaN"])
def test_gift_what_is_no_number_is_refused(written: str) -> None:
    assert one(f"S{{#{written}}}").reason


def test_gift_short_answers() -> None:
    _, key = fields("S{=four#yes =%50%fo* =%0%*#no}")
    assert [(one["pattern"], one.get("weight", "1")) for one in key["answers"]] == [
        ("four", "1"),
        ("fo*", "0.5"),
        ("*", "0"),
    ]
    assert fields("S{four}")[1]["answers"][0]["pattern"] == "four"


def test_gift_missing_word() -> None:
    assert fields("Two plus two {=four} is it.")[0]["stem"] == "Two plus two _____ is it."


def test_gift_escapes() -> None:
    content, _ = fields(r"What is \{x\} \= \~y\# in a\:b \\ c \z?\nNext{=\=1 ~\~2}")
    assert content["stem"] == "What is {x} = ~y# in a:b \\ c \\z?<br>Next"
    assert [option["text"] for option in content["options"]] == ["=1", "~2"]


def test_gift_private_characters_in_a_file_are_no_escapes() -> None:
    assert weights("S{=a\U000f003db ~c}") == {"ab": 1, "c": 0}


def test_gift_formats() -> None:
    assert fields("[html]<p>One <b>two</b></p>{T}")[0]["stem"] == "One <b>two</b>"
    assert fields("[plain]a < b & <b>c</b>{T}")[0]["stem"] == "a &lt; b &amp; &lt;b&gt;c&lt;/b&gt;"
    assert fields("a < b\nand c{T}")[0]["stem"] == "a &lt; b<br>and c"
    assert fields("[nothing]x{T}")[0]["stem"] == "[nothing]x"
    assert one("[markdown]**x**{T}").notes == (MARKDOWN,)
    assert one("[markdown]x{T}").notes == ()
    assert [option["text"] for option in fields("[html]S{=<b>a</b> ~[plain]<b>c</b>}")[0]["options"]] == [
        "<b>a</b>",
        "&lt;b&gt;c&lt;/b&gt;",
    ]


def test_gift_lost_markup_is_told() -> None:
    assert one("[html]<p>x<iframe></iframe><!-- <b2> --></p>{T}").notes == ("markup removed: iframe",)
    elsewhere = "a file lies elsewhere and was not fetched: https://x/y.png"
    assert one("[html]<p>x<img src='https://x/y.png'></p>{T}").notes == (elsewhere,)
    assert one("[html]<a href='javascript:x'>y</a>{T}").notes == (LINKS,)
    assert one("[html]<a href='https://halden.example/'>y</a>{T}").notes == ()


def test_gift_category_is_the_topic_of_what_follows() -> None:
    text = "$CATEGORY: $course$/top/Sizing\n\n::A::x{T}\n\n$CATEGORY: Paths//links\n::B::x{F}\n"
    assert [(found.title, found.meta.topic) for found in read(text)] == [("A", "Sizing"), ("B", "Paths/links")]


def test_gift_comments_count_as_lines_but_not_as_text() -> None:
    text = "// one\n\n// two\n::A::x{\n// inside\n=a\n~b}\n\n\n::B::y{T}"
    assert [(found.title, found.line) for found in read(text)] == [("A", 4), ("B", 10)]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("S{=a", "do not pair up"),
        ("S =a}", "do not pair up"),
        ("S}{T}", "do not pair up"),
        ("S{={a} ~b}", "do not pair up"),
        ("S{T}\nU{F}", "two answer blocks"),
        ("{T}", "The question has no text."),
        ("S{=a ~a}", "Two options have the same text."),
        ("S{~%200%a ~b}", "A weight lies between -1 and 1."),
        ("::T", "This is a description"),
    ],
)
def test_gift_broken_questions_are_refused_with_the_reason(text: str, reason: str) -> None:
    assert reason in one(text).reason


def test_gift_a_broken_question_costs_no_other() -> None:
    found = read("::A::x{T}\n\n::B::x{=y\n\n::C::x{F}")
    assert [bool(one.fields) for one in found] == [True, False, True]


def test_gift_titles_that_repeat_get_numbers() -> None:
    found = read("::A::x{T}\n\n::A::y{T}\n\n::A::x{T}\n\n::A::z{T}")
    assert [one.code for one in found] == ["A", "A (2)", "", "A (3)"]
    assert found[2].reason == "The same question stands in line 1."


def test_gift_long_titles_stay_apart() -> None:
    found = read(f"::{'x' * 150}::a{{T}}\n\n::{'x' * 151}::a{{T}}\n\n::{'x' * 150}::b{{T}}")
    codes = [one.code for one in found]
    assert len(set(codes)) == 3
    assert max(map(len, codes)) == 100


def test_gift_untitled_questions_have_a_stable_code() -> None:
    assert one("Some words{T}").code == one("\n\nSome words{F}").code
    assert one("Some words{T}").title == "Some words"
    assert one(f"{'word ' * 30}{{T}}").title.endswith("…")


def test_decode_names_the_encoding() -> None:
    assert formats.decode("ü".encode()) == ("ü", "UTF-8")
    assert formats.decode("ü".encode("utf-8-sig")) == ("ü", "UTF-8")
    assert formats.decode("ü".encode("utf-16")) == ("ü", "UTF-16")
    assert formats.decode("ü…".encode("windows-1252")) == ("ü…", "windows-1252")


@pytest.mark.parametrize("data", [b"\x00\x01", b"x" * 1_500_001], ids=["binary", "large"])
def test_decode_refuses_what_is_no_text_file(data: bytes) -> None:
    with pytest.raises(UnsafeInput):
        formats.decode(data)


@given(st.text(alphabet="ab01 \n\\~=#{}:%>-.*[]/$<", max_size=120))
def test_gift_parser_survives_noise(text: str) -> None:
    for found in read(text):
        assert bool(found.fields) != bool(found.reason)
        assert found.line >= 1


@given(st.text(min_size=1).filter(lambda text: text.strip() and "\x00" not in text))
def test_gift_parser_survives_any_text(text: str) -> None:
    list(gift_syntax.parse(text))
