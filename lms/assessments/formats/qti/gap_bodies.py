"""Texts with gaps in QTI: fields and lists in a text, or words put into gaps."""

from lms.assessments.formats.outgoing import Writing
from lms.assessments.formats.qti.elements import base, condition, el, mapping, paragraph, set_value, values, variable
from lms.assessments.formats.qti.parts import Body, R, all_or, declared_response, name_of
from lms.assessments.formats.qti.typed_bodies import asked_number, asked_text, chain, entry
from lms.assessments.items.base import ONE, ZERO
from lms.assessments.items.cloze import GAP, ClozeContent, ClozeKey, Gap, GapKey
from lms.common.xmltree import Node


def cloze(writing: Writing, content: ClozeContent, key: ClozeKey) -> Body:
    if all(gap.kind == "pool" for gap in content.gaps):
        return _pool(writing, content, key)
    if any(_has_feedback(gap) for gap in key.gaps.values()):
        writing.note("feedback inside gaps is left out")
    if any(gap.kind == "pool" for gap in content.gaps):
        writing.note("words to drag became lists to choose from")
    declared, rules, inner, outcomes = [], [], {}, []
    for gap in content.gaps:
        made = _gap(writing, content, gap, key.gaps[gap.id])
        declared.append(made[0])
        rules += made[1]
        inner[gap.id] = made[2]
        name = f"SCORE_{_response(gap)}"
        outcomes.append(el("outcomeDeclaration", identifier=name, cardinality="single", baseType="float"))
    total = el("sum", *(variable(f"SCORE_{_response(gap)}") for gap in content.gaps))
    most = sum((gap.share for gap in key.gaps.values()), ZERO)
    if key.scoring == "all":
        rules.append(condition((el("gte", total, base("float", most)), [set_value("SCORE", base("float", most))])))
    else:
        rules.append(set_value("SCORE", el("max", base("float", 0), total)))
    return Body([_with_gaps(writing, content, inner)], declared, rules, most, outcomes)


def _has_feedback(gap: GapKey) -> bool:
    typed = [one.feedback for one in gap.texts] + [one.feedback for one in gap.numbers]
    return bool(gap.feedback or gap.otherwise) or any(typed)


def _response(gap: Gap) -> str:
    return f"R_{gap.id}"


def _with_gaps(writing: Writing, content: ClozeContent, inner: dict[str, Node]) -> Node:
    """The stem with an element in the place of each gap's mark."""
    node = paragraph(writing.html(writing.stem(content)))
    for one in list(node.walk()):
        one.text, first = _cut(one.text, inner)
        rest = []
        for child in one.children:
            child.tail, after = _cut(child.tail, inner)
            rest += [child, *after]
        one.children = [*first, *rest]
    return node


def _cut(text: str, inner: dict[str, Node]) -> tuple[str, list[Node]]:
    """A text up to its first gap, and the gaps with what follows each."""
    pieces, nodes = GAP.split(text), []
    before = pieces[0]
    for name, after in zip(pieces[1::2], pieces[2::2], strict=True):
        if name in inner:
            inner[name].tail = after
            nodes.append(inner[name])
        elif nodes:
            nodes[-1].tail += f"[[{name}]]{after}"
        else:
            before += f"[[{name}]]{after}"
    return before, nodes


def _gap(writing: Writing, content: ClozeContent, gap: Gap, key: GapKey) -> tuple[Node, list[Node], Node]:
    name = _response(gap)
    outcome = f"SCORE_{name}"
    if gap.kind in {"choice", "pool"}:
        options = content.choices_for(gap)
        choices = [el("inlineChoice", html=writing.html(one.text), identifier=name_of(one.id)) for one in options]
        right = next(one for one, weight in key.weights.items() if weight == ONE)
        entries = mapping(
            ((name_of(one), weight * key.share) for one, weight in sorted(key.weights.items())), floor=False
        )
        declared = declared_response(
            "identifier", "single", values("correctResponse", [name_of(right)]), entries, name=name
        )
        rule = set_value(outcome, el("mapResponse", identifier=name))
        return declared, [rule], el("inlineChoiceInteraction", *choices, responseIdentifier=name, shuffle=True)
    if gap.kind == "text":
        keep = key.is_case_sensitive
        asked = [(asked_text(one, name, keep_case=keep), one.weight * key.share, "") for one in key.texts]
        right_text = next((one.pattern for one in key.texts if one.weight == ONE), "")
        declared = declared_response("string", "single", values("correctResponse", [right_text]), name=name)
    else:
        asked = [(asked_number(one, name), one.weight * key.share, "") for one in key.numbers]
        best = next(one for one in key.numbers if one.weight == ONE)
        declared = declared_response(
            "float", "single", values("correctResponse", [f"{(best.low + best.high) / 2:f}"]), name=name
        )
    rule, _ = chain(writing, asked, "", outcome)
    return declared, [rule], entry(name)


def _pool(writing: Writing, content: ClozeContent, key: ClozeKey) -> Body:
    if any(gap.feedback for gap in key.gaps.values()):
        writing.note("feedback inside gaps is left out")
    words = [
        el("gapText", html=writing.html(option.text), identifier=name_of(option.id), matchMax=0)
        for option in content.pool
    ]
    inner = {gap.id: el("gap", identifier=f"G_{gap.id}") for gap in content.gaps}
    pairs, entries = [], []
    for gap in content.gaps:
        own = key.gaps[gap.id]
        entries += [(f"{name_of(one)} G_{gap.id}", weight * own.share) for one, weight in sorted(own.weights.items())]
        pairs.append(f"{name_of(next(one for one, weight in own.weights.items() if weight == ONE))} G_{gap.id}")
    declared = declared_response("directedPair", "multiple", values("correctResponse", pairs))
    if key.scoring == "each":
        declared.children.append(mapping(entries))
    elif any(len(gap.weights) > 1 for gap in key.gaps.values()):
        writing.note("where everything must be right, a gap has one right word")
    rules = all_or(key.scoring, [set_value("SCORE", el("mapResponse", identifier=R))])
    most = ONE if key.scoring == "all" else sum((gap.share for gap in key.gaps.values()), ZERO)
    passage = _with_gaps(writing, content, inner)
    return Body(
        [el("gapMatchInteraction", *words, passage, responseIdentifier=R, shuffle=True)], [declared], rules, most
    )
