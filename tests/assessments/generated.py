"""Items as hypothesis makes them: every type, with the characters that formats use for themselves."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from lms.assessments import items
from lms.assessments.formats import Meta, Outgoing
from lms.assessments.items import builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import Gap, ItemFields
from tests.assessments.factories import picture

PICTURES = {medium.digest: medium for medium in (picture(), picture("blue"))}
SIGNS = "~=#{}:\\%&<>\"'*[]$|/-+@.,;^`_()!? \n"
words = st.text(st.sampled_from("abcXYZ019äß漢ع" + SIGNS), min_size=1, max_size=20).map(lambda text: f"w{text}w")
MARKUP = [
    "<b>{}</b>",
    "<p>{}</p><p>{}</p>",
    "<ul><li>{}</li><li>x</li></ul>",
    "<pre>  {}\n\n  y</pre>",
    "<table><tbody><tr><td>{}</td></tr></tbody></table>",
    '<a href="https://halden.example/?a=1&amp;b=2">{}</a>',
    *(f'{{}} <img src="media:{digest}" alt="A &quot;red&quot; &lt;one&gt;" width="40">' for digest in PICTURES),
    "{} \\(\\frac{{a}}{{b}} &lt; c\\)",
    "{}&nbsp;x",
]
html = st.one_of(
    words.map(builders.plain),
    st.builds(lambda form, text: form.format(*[builders.plain(text)] * 2), st.sampled_from(MARKUP), words),
).map(items.clean_text)
remark = st.one_of(st.just(""), html)
pattern = words.map(lambda text: " ".join(text.split()))
weight = st.decimals(-1, 1, places=3)
texts = st.lists(html, min_size=2, max_size=4, unique=True)
number = st.decimals(-10_000, 10_000, places=3)


def _interval(draw: Any) -> tuple[Decimal, Decimal]:
    low, high = sorted((draw(number), draw(number)))
    return low, high


@st.composite
def choice(draw: Any) -> ItemFields:
    options = [(text, draw(weight), draw(remark)) for text in draw(texts)]
    options[0] = (options[0][0], ONE, options[0][2])
    is_multiple = draw(st.booleans())
    scoring = draw(st.sampled_from(["weights", "all", "each"])) if is_multiple else "weights"
    if scoring != "weights":
        options = [(text, draw(st.sampled_from([ONE, ZERO])), remark) for text, _, remark in options]
        options[0] = (options[0][0], ONE, options[0][2])
        if all(one[1] for one in options):
            options[-1] = (options[-1][0], ZERO, options[-1][2])
    pinned = draw(st.sets(st.integers(0, len(options) - 1)))
    return builders.choice(
        draw(html), options, general=draw(remark), is_multiple=is_multiple, scoring=scoring, pinned=pinned
    )


@st.composite
def true_false(draw: Any) -> ItemFields:
    feedback = {"true": draw(remark), "false": draw(remark)}
    return builders.true_false(draw(html), draw(st.booleans()), feedback=feedback, general=draw(remark))


@st.composite
def matching(draw: Any) -> ItemFields:
    prompts, options = draw(texts), draw(texts)
    pairs = [(prompt, draw(st.sampled_from(options))) for prompt in prompts]
    unused = [option for option in options if option not in {pair[1] for pair in pairs}]
    fields = builders.matching(draw(html), pairs, distractors=unused, general=draw(remark))
    fields["key"]["scoring"] = draw(st.sampled_from(["each", "all"]))
    return fields


@st.composite
def ordering(draw: Any) -> ItemFields:
    fields = builders.ordering(draw(html), draw(texts), general=draw(remark))
    fields["key"]["scoring"] = draw(st.sampled_from(["each", "all"]))
    return fields


@st.composite
def numeric(draw: Any) -> ItemFields:
    answers = [(*_interval(draw), draw(weight), draw(remark)) for _ in range(draw(st.integers(1, 3)))]
    answers[0] = (*answers[0][:2], ONE, answers[0][3])
    units = draw(st.sampled_from([[], [("m", ONE), ("cm", Decimal(100))]]))
    return builders.numeric(draw(html), answers, otherwise=draw(remark), general=draw(remark), units=units)


@st.composite
def short_answer(draw: Any) -> ItemFields:
    found = draw(st.lists(pattern, min_size=1, max_size=3, unique=True))
    answers = [(text, draw(weight), draw(remark)) for text in found]
    answers[0] = (answers[0][0], ONE, answers[0][2])
    is_exact = draw(st.booleans())
    return builders.short_answer(draw(html), answers, general=draw(remark), is_case_sensitive=is_exact)


@st.composite
def regex(draw: Any) -> ItemFields:
    found = draw(st.sampled_from(["colou?r", "(one|two)", "a.*b", "[0-9]{3}", "x"]))
    return builders.short_answer(draw(html), [(found, ONE, draw(remark))], is_regex=True)


def _gap(draw: Any, kind: str, pool: list[str]) -> Gap:
    share = draw(st.sampled_from([ONE, Decimal(2), Decimal("0.5")]))
    if kind == "pool":
        return Gap(kind="pool", options=[(draw(st.sampled_from(pool)), ONE, "")], share=share)
    if kind == "choice":
        options = [(text, draw(weight), draw(remark)) for text in draw(texts)]
        options[0] = (options[0][0], ONE, options[0][2])
        return Gap(kind="choice", options=options, share=share)
    if kind == "text":
        found = [builders.pattern(draw(pattern), ONE, draw(remark))]
        return Gap(kind="text", texts=found, share=share, is_case_sensitive=draw(st.booleans()))
    return Gap(kind="number", numbers=[builders.number(*_interval(draw), ONE, draw(remark))], share=share)


@st.composite
def cloze(draw: Any) -> ItemFields:
    kinds = draw(
        st.one_of(st.just(["pool", "pool"]), st.lists(st.sampled_from(["text", "number", "choice"]), min_size=1))
    )
    pool = draw(texts)
    gaps = [_gap(draw, kind, pool) for kind in kinds[:4]]
    stem = draw(html) + "".join(f" and [[g{place}]]" for place in range(1, len(gaps) + 1)) + " end"
    return builders.cloze(stem, gaps, pool=pool if kinds[0] == "pool" else (), general=draw(remark))


@st.composite
def hotspot(draw: Any) -> ItemFields:
    digest = draw(st.sampled_from(sorted(PICTURES)))
    image = {"source": f"media:{digest}", "alt": draw(pattern), "width": 40, "height": 30}
    shapes = [("rect", [0, 0, 9, 9]), ("circle", [20, 20, 5]), ("ellipse", [20, 9, 5, 3]), ("poly", [0, 9, 9, 9, 9, 0])]
    regions = [(shape, coords, draw(st.sampled_from(["", "North"])), ZERO, draw(remark)) for shape, coords in shapes]
    regions[0] = (*regions[0][:3], ONE, regions[0][4])
    return builders.hotspot(draw(html), image, regions, general=draw(remark), is_multiple=draw(st.booleans()))


levels = st.lists(st.decimals(0, 20, places=1), min_size=2, max_size=4, unique=True)


@st.composite
def written(draw: Any) -> ItemFields:
    """Essays and files, with a rubric of their own or as files without one come."""
    criteria = builders.AS_A_WHOLE
    if draw(st.booleans()):
        criteria = tuple(
            (text, tuple((points, draw(remark)) for points in sorted(draw(levels), reverse=True)))
            for text in draw(texts)
        )
    more = {"notes": draw(remark), "general": draw(remark), "worth": draw(st.sampled_from([ONE, Decimal("2.5")]))}
    if draw(st.booleans()):
        words_min, words_max = sorted(draw(st.tuples(st.integers(0, 50), st.integers(0, 900))))
        asked = draw(st.sampled_from([(0, 0), (words_min, 0), (words_min, words_max)]))
        return builders.essay(draw(html), criteria, words=asked, lines=draw(st.integers(2, 60)), **more)
    kinds = draw(st.lists(st.sampled_from(["pdf", "picture", "document", "text"]), min_size=1, unique=True))
    return builders.upload(draw(html), criteria, kinds=kinds, megabytes=draw(st.integers(1, 20)), **more)


@st.composite
def fields(draw: Any) -> ItemFields:
    made = draw(
        st.one_of(
            *(choice(), true_false(), matching(), ordering(), numeric(), short_answer(), regex(), cloze(), hotspot()),
            written(),
        )
    )
    if draw(st.booleans()):
        made["key"] |= {"if_right": draw(remark), "if_wrong": draw(remark), "hints": draw(st.lists(html, max_size=2))}
    return made


metas = st.builds(
    Meta,
    topic=st.sampled_from(["", "Sizing", "Paths/links", "A & B"]),
    tags=st.sampled_from([(), ("one",), ("one", "two: three")]),
    objective=st.sampled_from(["", "Sizes three sites"]),
    level=st.sampled_from(["", "apply"]),
)


@st.composite
def outgoing(draw: Any) -> tuple[Outgoing, str]:
    """An item ready to be written, and its digest. Drafts that are no items are passed over."""
    made = draw(fields())
    try:
        content, key = items.validated(made["type"], made["content"], made["key"])
    except items.ItemInvalid:
        content, key = items.validated(type_="true_false", content={"stem": "S"}, key={"answer": True})
        made["type"] = "true_false"
    loaded = items.load(made["type"], content, key)
    code = " ".join(draw(words).split())
    one = Outgoing(
        code=code, meta=draw(metas), type=made["type"], content=loaded[0], key=loaded[1], medium=PICTURES.get
    )
    return one, items.digest(made["type"], content, key)
