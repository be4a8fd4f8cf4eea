"""Block interactions of QTI: choice, hottext, hotspot, order, match, associate."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.qti.asked import Asked, feedback_by, joined, right_and_wrong
from lms.assessments.formats.qti.processing import Ordered
from lms.assessments.items import builders
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.builders import ItemFields
from lms.common.html import plain_text
from lms.common.xmltree import Node

_MOST = 12  # of digits after the point in a weight that is no short fraction
_SHAPES = {"rect", "circle", "ellipse", "poly"}


def _rounded(weight: Decimal) -> Decimal:
    return round(weight, _MOST)


# --- Choosing ---


def choice(asked: Asked) -> ItemFields:
    nodes = asked.choices("simpleChoice")
    is_true_false = _true_false(asked, nodes)
    if is_true_false is not None:
        return is_true_false
    names = [node.get("identifier") for node in nodes]
    weights, scoring = _weights(asked, names)
    feedback, general = _option_feedback(asked, names)
    is_fixed = asked.interaction.get("shuffle", "false").lower() != "true"
    return builders.choice(
        asked.stem(),
        [(asked.html(node), weights[name], feedback.get(name, "")) for node, name in zip(nodes, names, strict=True)],
        general=general,
        is_multiple=_is_multiple(asked),
        pinned=[place for place, node in enumerate(nodes) if is_fixed or node.get("fixed") == "true"],
        scoring=scoring,
        limit=_limit(asked, len(nodes)),
    )


def _true_false(asked: Asked, nodes: Sequence[Node]) -> ItemFields | None:
    """Two choices that are called and named true and false are a true or false item."""
    by_name = {node.get("identifier").lower(): node for node in nodes}
    if list(by_name) != ["true", "false"] or _is_multiple(asked):
        return None
    if [plain_text(asked.html(node)).strip().lower() for node in nodes] != ["true", "false"]:
        return None
    names = [node.get("identifier") for node in nodes]
    weights, _ = _weights(asked, names)
    if sorted(weights.values()) != [ZERO, ONE]:
        return None
    feedback, general = _option_feedback(asked, names)
    remarks = {name.lower(): text for name, text in feedback.items()}
    return builders.true_false(asked.stem(), weights[names[0]] == ONE, feedback=remarks, general=general)


def hottext(asked: Asked) -> ItemFields:
    """The passage stays in the question, its marked words numbered; the words are the options."""
    nodes = asked.choices("hottext")
    names = [node.get("identifier") for node in nodes]
    weights, scoring = _weights(asked, names)
    feedback, general = _option_feedback(asked, names)
    numbers = {id(node): number for number, node in enumerate(nodes, start=1)}

    def marked(node: Node) -> str:
        return f"<b>({numbers[id(node)]}) {node.words}</b>"

    asked.draft.note("words to be marked in a text became options below it")
    passage = asked.html(asked.interaction, hottext=marked)
    before = asked.html(asked.body, hottextInteraction=lambda _: "")
    prompt = asked.html(asked.interaction.first("prompt"))
    stem = joined([before, prompt, passage])
    options = [
        (f"({numbers[id(node)]}) {asked.html(node)}", weights[name], feedback.get(name, ""))
        for node, name in zip(nodes, names, strict=True)
    ]
    return builders.choice(
        stem,
        options,
        general=general,
        is_multiple=_is_multiple(asked),
        pinned=range(len(options)),
        scoring=scoring,
        limit=_limit(asked, len(nodes)),
    )


def hotspot(asked: Asked) -> ItemFields:
    nodes = asked.choices("hotspotChoice")
    names = [node.get("identifier") for node in nodes]
    weights, scoring = _weights(asked, names)
    feedback, general = _option_feedback(asked, names)
    picture = asked.interaction.first("object") or asked.interaction.first("img")
    if picture is None:
        raise Unreadable("There is no picture to point at.")
    medium = asked.draft.keep(picture.get("data") or picture.get("src"))
    if medium is None or not medium.is_picture:
        raise Unreadable("The picture to point at did not come along.")
    alt = " ".join((picture.words or picture.get("alt")).split())
    if not alt:
        asked.draft.note("the picture has no alternative text")
    sizes = [
        _pixels(picture.get(name)) or known for name, known in (("width", medium.width), ("height", medium.height))
    ]
    regions = [
        (_shape(node), _coordinates(node), node.get("hotspotLabel"), weights[name], feedback.get(name, ""))
        for node, name in zip(nodes, names, strict=True)
    ]
    return builders.hotspot(
        asked.stem(),
        {"source": f"media:{medium.digest}", "alt": alt or "Picture", "width": sizes[0], "height": sizes[1]},
        regions,
        general=general,
        is_multiple=_is_multiple(asked),
        scoring=scoring,
        limit=_limit(asked, len(nodes)),
    )


def _shape(node: Node) -> str:
    if node.get("shape") not in _SHAPES:
        raise Unreadable(f"A region of the shape “{node.get('shape')[:20]}” has no counterpart.")
    return node.get("shape")


def _pixels(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 else 0


def _coordinates(node: Node) -> list[int]:
    parts = [part.strip() for part in node.get("coords").split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) <= 5 for part in parts):
        raise Unreadable("A region's coordinates are no whole numbers of pixels.")
    return [int(part) for part in parts]


def _is_multiple(asked: Asked) -> bool:
    return asked.response.cardinality != "single"


def _limit(asked: Asked, count: int) -> int:
    most = asked.interaction.get("maxChoices", "1")
    limit = int(most) if most.isdigit() and len(most) < 4 else 0
    return limit if _is_multiple(asked) and 0 < limit < count else 0


def _option_feedback(asked: Asked, names: Sequence[str]) -> tuple[dict[str, str], str]:
    wrap: Callable[[str], Any] = (lambda name: [name]) if _is_multiple(asked) else (lambda name: name)
    return feedback_by(asked, {name: {asked.response.identifier: wrap(name)} for name in names})


def _weights(asked: Asked, names: Sequence[str]) -> tuple[dict[str, Decimal], str]:
    """The weights of the choices and the way of scoring, found out by answering."""
    if len(set(names)) != len(names) or not names:
        raise Unreadable("Choices are missing, or two have the same identifier.")
    if asked.processing.uses("mapResponse"):
        mapping = asked.response.mapping
        if mapping is None:
            raise Unreadable("Its scoring maps a response that has no mapping.")
        if mapping.lower is not None and mapping.lower < 0:
            asked.draft.note("points below nought are not kept: an item earns nothing at least")
        return _scaled({name: mapping.of(name) for name in names}, is_single=not _is_multiple(asked)), "weights"
    if not _is_multiple(asked):
        scores = {name: asked.processing.score({asked.response.identifier: name}) for name in names}
        return _scaled(scores, is_single=True), "weights"
    return _multiple(asked, names)


def _scaled(scores: dict[str, Decimal], *, is_single: bool) -> dict[str, Decimal]:
    """Scores as weights between -1 and 1: of the best for a single choice, as they are where that fits otherwise."""
    best, most = max(scores.values()), max(abs(score) for score in scores.values())
    if best <= 0:
        raise Unreadable("No choice earns points, or the file does not say which is right.")
    divisor = best if is_single else most if most > 1 else ONE
    return {name: max(_rounded(score / divisor), -ONE) for name, score in scores.items()}


def _multiple(asked: Asked, names: Sequence[str]) -> tuple[dict[str, Decimal], str]:
    def score(chosen: list[str]) -> Decimal:
        return asked.processing.score({asked.response.identifier: chosen})

    return by_answering(names, [name for name in names if name in asked.response.correct], score)


def by_answering(
    names: Sequence[str], right: Sequence[str], score: Callable[[list[str]], Decimal]
) -> tuple[dict[str, Decimal], str]:
    """Weights and scoring of a multiple choice from what responses earn. Raises Unreadable for any other rule.

    All or nothing, an equal share for each choice rightly made or left, or the sum of what each earns alone.
    """
    full, none = score(list(right)), score([])
    if not right or full <= 0:
        raise Unreadable("No choice earns points, or the file does not say which is right.")
    alone = {name: score([name]) for name in names}
    plain = {name: ONE if name in right else ZERO for name in names}
    if none > 0:
        share = full / len(names)
        if all(alone[name] - none == (share if name in right else -share) for name in names):
            return plain, "each"
        raise Unreadable("It is scored in a way that has no counterpart.")
    others = [name for name in names if name not in right]
    is_strict = all(alone[name] == 0 for name in right) if len(right) > 1 else not any(alone[name] for name in others)
    if is_strict and (not others or score([*right, others[0]]) == 0):
        return plain, "all"
    if sum((alone[name] for name in right), ZERO) != full:
        raise Unreadable("It is scored in a way that has no counterpart.")
    return {name: _rounded(value / full) for name, value in alone.items()}, "weights"


# --- Putting in order and matching ---


def order(asked: Asked) -> ItemFields:
    nodes = {node.get("identifier"): node for node in asked.choices("simpleChoice")}
    right = list(asked.response.correct)
    if sorted(right) != sorted(nodes):
        raise Unreadable("The right order does not name every line once.")
    if any(node.get("fixed") == "true" for node in nodes.values()):
        asked.draft.note("lines are shuffled, also those that kept their places")
    name, score = asked.response.identifier, asked.processing.score
    full = score({name: Ordered(right)})
    if full <= 0:
        raise Unreadable("The right order earns no points.")
    swapped = [*right[:-2], right[-1], right[-2]]
    part = score({name: Ordered(swapped)})
    is_all = part == 0 if len(right) > 2 else not asked.processing.uses("index")
    fields = builders.ordering(asked.stem(), [asked.html(nodes[one]) for one in right])
    fields["key"] |= right_and_wrong(asked, {name: Ordered(right)}, {name: Ordered(swapped)})
    fields["key"]["scoring"] = "all" if is_all else "each"
    return fields


def match(asked: Asked) -> ItemFields:
    sets = asked.interaction.all("simpleMatchSet")
    if len(sets) != 2:
        raise Unreadable("There are not two sets to match.")
    texts = [{node.get("identifier"): asked.html(node) for node in one.all("simpleAssociableChoice")} for one in sets]
    return _matched(asked, texts[0], texts[1])


def associate(asked: Asked) -> ItemFields:
    """Pairs among equals: the first of each right pair becomes the prompt."""
    texts = {node.get("identifier"): asked.html(node) for node in asked.choices("simpleAssociableChoice")}
    firsts = {pair.split()[0] for pair in asked.response.correct if pair.split()}
    asked.draft.note("pairs among equals: the first of each right pair became the one to find a match for")
    prompts = {name: text for name, text in texts.items() if name in firsts}
    return _matched(asked, prompts, {name: text for name, text in texts.items() if name not in firsts})


def _matched(asked: Asked, prompts: dict[str, str], options: dict[str, str]) -> ItemFields:
    pairs = [pair.split() for pair in asked.response.correct]
    if any(len(pair) != 2 for pair in pairs):
        raise Unreadable("A right answer is no pair.")
    if sorted(pair[0] for pair in pairs) != sorted(prompts):
        raise Unreadable("The right pairs do not name every line of the first set exactly once.")
    if not {pair[1] for pair in pairs} <= set(options):
        raise Unreadable("A right pair names a choice that is not there.")
    name, score = asked.response.identifier, asked.processing.score
    value = asked.response.value(asked.response.correct)
    full, parts = score({name: value}), [score({name: [one]}) for one in value]
    if full <= 0:
        raise Unreadable("The right pairs earn no points.")
    is_all = len(parts) > 1 and not any(parts)
    if not is_all and len(set(parts)) > 1:
        asked.draft.note("every pair earns the same share")
    used = {pair[1] for pair in pairs}
    fields = builders.matching(
        asked.stem(),
        [
            (prompts[prompt], options[option])
            for prompt, option in sorted(pairs, key=lambda one: list(prompts).index(one[0]))
        ],
        distractors=[text for one, text in options.items() if one not in used],
    )
    fields["key"] |= right_and_wrong(asked, {name: value}, {name: value[:-1]})
    fields["key"]["scoring"] = "all" if is_all else "each"
    return fields
