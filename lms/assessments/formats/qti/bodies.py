"""The body, the responses and the scoring rules of each item type in QTI."""

import html
from decimal import Decimal

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.outgoing import Writing
from lms.assessments.formats.qti.elements import add, base, condition, el, mapping, set_value, values, variable
from lms.assessments.formats.qti.gap_bodies import cloze
from lms.assessments.formats.qti.parts import Body, R, all_or, declared_response, modal, name_of, stem
from lms.assessments.formats.qti.typed_bodies import numeric, short_answer
from lms.assessments.formats.qti.written import written
from lms.assessments.formats.qti.xhtml import fill, to_html
from lms.assessments.items.base import ONE, ZERO, Content, Key
from lms.assessments.items.choice import ChoiceContent, ChoiceKey, ChoicesKey, TrueFalseKey
from lms.assessments.items.cloze import ClozeContent, ClozeKey
from lms.assessments.items.hotspot import HotspotContent, HotspotsContent
from lms.assessments.items.matching import MatchingContent, MatchingKey
from lms.assessments.items.numeric import NumericKey
from lms.assessments.items.ordering import OrderingKey
from lms.assessments.items.short_answer import ShortAnswerKey
from lms.assessments.items.written import RubricKey, WrittenContent
from lms.common.xmltree import Node


def body_of(writing: Writing, content: Content, key: Key) -> Body:
    """Raises Unreadable for what QTI has no words for."""
    match content, key:
        case HotspotContent(), ChoiceKey():
            return _hotspot(writing, content, key)
        case ChoiceContent(), ChoiceKey():
            return _choice(writing, content, key)
        case MatchingContent(), MatchingKey():
            return _matching(writing, content, key)
        case ChoiceContent(), OrderingKey():
            return _ordering(writing, content, key)
        case _, TrueFalseKey():
            return _true_false(writing, content, key)
        case _, NumericKey():
            return numeric(writing, content, key)
        case _, ShortAnswerKey():
            return short_answer(writing, content, key)
        case ClozeContent(), ClozeKey():
            return cloze(writing, content, key)
        case WrittenContent(), RubricKey():
            return written(writing, content, key)
    raise Unreadable("QTI has no item of this type.")


# --- Choosing ---


def _choosing(writing: Writing, key: ChoiceKey, names: list[str]) -> tuple[Node, list[Node], Decimal]:
    """The declaration, the rules and the most points of a choice among options or regions."""
    is_multiple = isinstance(key, ChoicesKey)
    cardinality = "multiple" if is_multiple else "single"
    right = [name for name in names if key.weights[name] > 0]
    best = right if is_multiple else [name for name in right if key.weights[name] == ONE][:1]
    correct = values("correctResponse", map(name_of, best))
    scoring = key.scoring if isinstance(key, ChoicesKey) else "weights"
    if scoring == "all":
        rules = [
            condition((el("match", variable(R), el("correct", identifier=R)), [set_value("SCORE", base("float", 1))]))
        ]
        return declared_response("identifier", cardinality, correct), rules, ONE
    if scoring == "each":
        rules = [_each(name, is_right=name in right) for name in names]
        return declared_response("identifier", cardinality, correct), rules, Decimal(len(names))
    entries = mapping(((name_of(name), key.weights[name]) for name in names), floor=True)
    most = sum((key.weights[name] for name in right), ZERO) if is_multiple else ONE
    return (
        declared_response("identifier", cardinality, correct, entries),
        [set_value("SCORE", el("mapResponse", identifier=R))],
        most,
    )


def _each(name: str, *, is_right: bool) -> Node:
    """One point where an option is rightly chosen or rightly left."""
    chosen = el("member", base("identifier", name_of(name)), variable(R))
    left = el("or", el("isNull", variable(R)), el("not", el("member", base("identifier", name_of(name)), variable(R))))
    return condition((chosen if is_right else left, [add("SCORE", base("float", 1))]))


def _option_feedback(writing: Writing, key: ChoiceKey | TrueFalseKey, cardinality: str, body: Body) -> Body:
    """Feedback on what was chosen: the outcome is the response itself."""
    if not key.feedback:
        return body
    body.outcomes.append(
        el("outcomeDeclaration", identifier="FEEDBACK", cardinality=cardinality, baseType="identifier")
    )
    body.rules.append(set_value("FEEDBACK", variable(R)))
    prefix = "" if isinstance(key, TrueFalseKey) else "o_"
    body.feedback += [
        modal(writing, "FEEDBACK", f"{prefix}{name}", text) for name, text in sorted(key.feedback.items())
    ]
    return body


def _limit(content: Content, key: ChoiceKey) -> int:
    return getattr(content, "limit", 0) if isinstance(key, ChoicesKey) else 1


def _choice(writing: Writing, content: ChoiceContent, key: ChoiceKey) -> Body:
    declared, rules, most = _choosing(writing, key, [option.id for option in content.options])
    is_fixed = all(option.is_pinned for option in content.options)
    choices = [
        el(
            "simpleChoice",
            html=writing.html(option.text),
            identifier=name_of(option.id),
            fixed=True if option.is_pinned and not is_fixed else None,
        )
        for option in content.options
    ]
    interaction = el(
        "choiceInteraction", *choices, responseIdentifier=R, shuffle=not is_fixed, maxChoices=_limit(content, key)
    )
    body = Body([*stem(writing, content), interaction], [declared], rules, most)
    return _option_feedback(writing, key, declared.get("cardinality"), body)


def _true_false(writing: Writing, content: Content, key: TrueFalseKey) -> Body:
    right = "true" if key.answer else "false"
    choices = [el("simpleChoice", text=name.capitalize(), identifier=name) for name in ("true", "false")]
    interaction = el("choiceInteraction", *choices, responseIdentifier=R, shuffle=False, maxChoices=1)
    rules = [condition((el("match", variable(R), el("correct", identifier=R)), [set_value("SCORE", base("float", 1))]))]
    declared = declared_response("identifier", "single", values("correctResponse", [right]))
    body = Body([*stem(writing, content), interaction], [declared], rules)
    return _option_feedback(writing, key, "single", body)


def _hotspot(writing: Writing, content: HotspotContent, key: ChoiceKey) -> Body:
    declared, rules, most = _choosing(writing, key, [region.id for region in content.regions])
    medium = writing.item.medium(content.image.source.removeprefix("media:"))
    if medium is None:
        raise Unreadable("The picture of the question is gone.")
    shown = to_html(fill(Node("x"), writing.html(f'<img src="{content.image.source}" alt="">')), {})
    path = html.unescape(shown.partition('src="')[2].partition('"')[0])
    picture = el(
        "object",
        text=content.image.alt,
        type=medium.content_type,
        data=path,
        width=content.image.width,
        height=content.image.height,
    )
    regions = [
        el(
            "hotspotChoice",
            identifier=name_of(region.id),
            shape=region.shape,
            coords=",".join(map(str, region.coords)),
            hotspotLabel=region.label or None,
        )
        for region in content.regions
    ]
    limit = content.limit if isinstance(content, HotspotsContent) else 1
    interaction = el("hotspotInteraction", picture, *regions, responseIdentifier=R, maxChoices=limit)
    body = Body([*stem(writing, content), interaction], [declared], rules, most)
    return _option_feedback(writing, key, declared.get("cardinality"), body)


# --- Matching and putting in order ---


def _matching(writing: Writing, content: MatchingContent, key: MatchingKey) -> Body:
    pairs = [f"{name_of(prompt.id)} {name_of(key.pairs[prompt.id])}" for prompt in content.prompts]
    sets = [
        el(
            "simpleMatchSet",
            *(
                el("simpleAssociableChoice", html=writing.html(one.text), identifier=name_of(one.id), matchMax=most)
                for one in group
            ),
        )
        for group, most in ((content.prompts, 1), (content.options, len(content.prompts)))
    ]
    interaction = el("matchInteraction", *sets, responseIdentifier=R, shuffle=True, maxAssociations=len(pairs))
    declared = declared_response("directedPair", "multiple", values("correctResponse", pairs))
    if key.scoring == "each":
        declared.children.append(mapping((pair, ONE) for pair in pairs))
    rules = all_or(key.scoring, [set_value("SCORE", el("mapResponse", identifier=R))])
    most = ONE if key.scoring == "all" else Decimal(len(pairs))
    return Body([*stem(writing, content), interaction], [declared], rules, most)


def _ordering(writing: Writing, content: ChoiceContent, key: OrderingKey) -> Body:
    choices = [el("simpleChoice", html=writing.html(one.text), identifier=name_of(one.id)) for one in content.options]
    interaction = el("orderInteraction", *choices, responseIdentifier=R, shuffle=True)
    declared = declared_response("identifier", "ordered", values("correctResponse", map(name_of, key.sequence)))
    parts = [
        condition(
            (
                el("match", el("index", variable(R), n=place), base("identifier", name_of(name))),
                [add("SCORE", base("float", 1))],
            )
        )
        for place, name in enumerate(key.sequence, start=1)
    ]
    most = ONE if key.scoring == "all" else Decimal(len(parts))
    return Body([*stem(writing, content), interaction], [declared], all_or(key.scoring, parts), most)
