"""Response processing of QTI 2 and 3: a small interpreter, so that an item is read by what it does.

Knows the rules and expressions of QTI 2.1 (imsglobal.org/question/qtiv2p1/imsqti_infov2p1.html, 8 and 15) that items
with one moment of answering need; anything else raises Unreadable, and the item is refused.
"""

import contextlib
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from lms.assessments.formats.base import Unreadable
from lms.assessments.formats.drafts import number
from lms.assessments.items.base import ONE, ZERO
from lms.common.xmltree import Node

# NULL, a number, a truth, an identifier or text (a pair is "A B"), or a container of them.
Value = Any
_NUMBERS = {"float", "integer"}


class Ordered(list[Any]):
    """A container whose order counts."""


@dataclass(frozen=True, kw_only=True)
class Mapped:
    entries: dict[str, Decimal]
    default: Decimal = ZERO
    lower: Decimal | None = None
    upper: Decimal | None = None
    insensitive: frozenset[str] = frozenset()

    def of(self, value: str) -> Decimal:
        """What one value is mapped to, unclipped."""
        if value in self.entries:
            return self.entries[value]
        for key in self.insensitive:
            if key.casefold() == value.casefold():
                return self.entries[key]
        return self.default


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """A response or outcome variable."""

    identifier: str
    cardinality: str = "single"
    base: str = "identifier"
    correct: tuple[str, ...] = ()
    default: tuple[str, ...] = ()
    mapping: Mapped | None = None

    def value(self, given: tuple[str, ...]) -> Value:
        if not given:
            return None
        values = [self.scalar(one) for one in given]
        if self.cardinality == "single":
            return values[0]
        return Ordered(values) if self.cardinality == "ordered" else values

    def scalar(self, text: str) -> Value:
        text = " ".join(text.split()) if self.base != "string" else text.strip()
        if self.base in _NUMBERS:
            return number(text)
        if self.base == "boolean":
            return text == "true"
        return " ".join(sorted(text.split())) if self.base == "pair" else text


def read_declaration(node: Node) -> Declaration:
    values = [tuple(value.words.strip() for value in (node.first(name) or node).all("value"))
              for name in ("correctResponse", "defaultValue")]  # fmt: skip
    mapping = node.first("mapping")
    entries = mapping.all("mapEntry") if mapping else []
    return Declaration(
        identifier=node.get("identifier"),
        cardinality=node.get("cardinality", "single"),
        base=node.get("baseType", "identifier"),
        correct=values[0],
        default=values[1],
        mapping=None if mapping is None else Mapped(
            entries={one.get("mapKey"): number(one.get("mappedValue")) for one in entries},
            default=number(mapping.get("defaultValue", "0")),
            lower=number(mapping.get("lowerBound")) if mapping.get("lowerBound") else None,
            upper=number(mapping.get("upperBound")) if mapping.get("upperBound") else None,
            insensitive=frozenset(one.get("mapKey") for one in entries if one.get("caseSensitive") == "false"),
        ),
    )  # fmt: skip


class Exit(Exception):
    """exitResponse: nothing more is processed."""


@dataclass
class Processing:
    """The declarations of an item and its rules."""

    responses: dict[str, Declaration]
    outcomes: dict[str, Declaration]
    rules: Node | None
    values: dict[str, Value] = field(default_factory=dict)

    @classmethod
    def of(cls, item: Node) -> "Processing":
        responses = [read_declaration(node) for node in item.all("responseDeclaration")]
        outcomes = [read_declaration(node) for node in item.all("outcomeDeclaration")]
        return cls(
            {one.identifier: one for one in responses},
            {one.identifier: one for one in outcomes},
            item.first("responseProcessing"),
        )

    @property
    def template(self) -> str:
        """match_correct, map_response or another template's name; empty for rules of the item's own."""
        if self.rules is None or self.rules.children:
            return ""
        address = self.rules.get("template") or self.rules.get("templateLocation")
        return address.rstrip("/").rpartition("/")[2].removesuffix(".xml")

    @property
    def is_missing(self) -> bool:
        return self.rules is None or not (self.rules.children or self.template)

    def uses(self, name: str) -> bool:
        """Whether an expression of that name stands in the rules, or in the template they name."""
        templates = {"map_response": {"mapResponse"}, "match_correct": {"match", "correct"}}
        if self.template or self.is_missing:
            default = "map_response" if self._first and self._first.mapping else "match_correct"
            return name in templates.get(self.template or default, set())
        return self.rules is not None and any(node.name == name for node in self.rules.walk())

    @property
    def _first(self) -> Declaration | None:
        return self.responses.get("RESPONSE") or next(iter(self.responses.values()), None)

    def score(self, given: Mapping[str, Value]) -> Decimal:
        """The score of a response, by its variables in the shape of their cardinality."""
        score = self.run(given).get("SCORE")
        if isinstance(score, bool) or not isinstance(score, Decimal):
            return ZERO
        return score

    def run(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """All outcomes after a response was processed."""
        self.values = {name: one.value(one.default) for name, one in self.outcomes.items()}
        for name, one in self.outcomes.items():
            if self.values[name] is None and one.base in _NUMBERS and one.cardinality == "single":
                self.values[name] = ZERO
        self.values |= {name: given.get(name) for name in self.responses}
        self.values = {name: value if value not in ([], "") else None for name, value in self.values.items()}
        if self.template or self.is_missing:
            self._run_template()
        else:
            with contextlib.suppress(Exit):
                self._do_all(self.rules.children if self.rules else [])
        return {name: self.values.get(name) for name in self.outcomes} | {"SCORE": self.values.get("SCORE")}

    def _run_template(self) -> None:
        first = self._first
        if first is None:
            return
        kind = self.template or ("map_response" if first.mapping else "match_correct")
        if kind in {"match_correct", "CC2_match"}:
            is_right = same(self.values.get(first.identifier), first.value(first.correct))
            self.values["SCORE"] = ONE if is_right else ZERO
        elif kind == "map_response":
            self.values["SCORE"] = self._mapped(first)
        else:
            raise Unreadable(f"Its scoring template “{kind[:40]}” has no counterpart.")

    def _do_all(self, rules: list[Node]) -> None:
        for rule in rules:
            self._do(rule)

    def _do(self, rule: Node) -> None:
        match rule.name:
            case "responseCondition":
                self._condition(rule)
            case "setOutcomeValue":
                self.values[rule.get("identifier")] = self.evaluate(rule.children[0]) if rule.children else None
            case "exitResponse":
                raise Exit
            case "responseProcessingFragment":
                self._do_all(rule.children)
            case _:
                raise Unreadable(f"Its scoring uses the rule “{rule.name[:40]}”, which has no counterpart.")

    def _condition(self, rule: Node) -> None:
        for branch in rule.children:
            if branch.name == "responseElse":
                self._do_all(branch.children)
                return
            if branch.children and self.evaluate(branch.children[0]) is True:
                self._do_all(branch.children[1:])
                return

    def evaluate(self, node: Node) -> Value:
        known = _EXPRESSIONS.get(node.name)
        if known is None:
            raise Unreadable(f"Its scoring uses the expression “{node.name[:40]}”, which has no counterpart.")
        return known(self, node)

    def all(self, node: Node) -> list[Value]:
        return [self.evaluate(child) for child in node.children]

    def declared(self, name: str) -> Declaration:
        found = self.responses.get(name) or self.outcomes.get(name)
        if found is None:
            raise Unreadable(f"Its scoring names the variable “{name[:40]}”, which is not declared.")
        return found

    def _mapped(self, declared: Declaration) -> Value:
        mapping, value = declared.mapping, self.values.get(declared.identifier)
        if mapping is None:
            raise Unreadable("Its scoring maps a response that has no mapping.")
        if value is None:
            return ZERO
        values = value if isinstance(value, list) else [value]
        keys = [_text(one) for one in values]
        total = sum((mapping.of(one) for one in dict.fromkeys(keys)), ZERO)
        if mapping.lower is not None:
            total = max(total, mapping.lower)
        return total if mapping.upper is None else min(total, mapping.upper)


def _text(value: Value) -> str:
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


def same(left: Value, right: Value) -> bool:
    """Whether two values are equal; of containers without order, whatever the order."""
    if left is None or right is None:
        return False
    if isinstance(left, list) and isinstance(right, list):
        return left == right or (not isinstance(left, Ordered) and Counter(map(str, left)) == Counter(map(str, right)))
    return bool(left == right)


def _numbers(process: Processing, node: Node) -> list[Decimal] | None:
    values: list[Decimal] = []
    for value in process.all(node):
        for one in value if isinstance(value, list) else [value]:
            if one is None:
                return None
            try:
                values.append(one if isinstance(one, Decimal) else Decimal(str(one)))
            except InvalidOperation:
                return None
    return values


def _arithmetic(work: Callable[[list[Decimal]], Value]) -> Callable[[Processing, Node], Value]:
    def evaluate(process: Processing, node: Node) -> Value:
        values = _numbers(process, node)
        return work(values) if values else None

    return evaluate


def _product(values: list[Decimal]) -> Decimal:
    total = ONE
    for value in values:
        total *= value
    return total


def _base_value(process: Processing, node: Node) -> Value:
    return Declaration(identifier="", base=node.get("baseType", "identifier")).scalar(node.words)


def _correct(process: Processing, node: Node) -> Value:
    declared = process.declared(node.get("identifier"))
    return declared.value(declared.correct)


def _container(kind: type[list[Any]]) -> Callable[[Processing, Node], Value]:
    def evaluate(process: Processing, node: Node) -> Value:
        values = kind()
        for value in process.all(node):
            values += value if isinstance(value, list) else [] if value is None else [value]
        return values or None

    return evaluate


def _member(process: Processing, node: Node) -> Value:
    one, container = process.all(node)
    return None if one is None or container is None else one in container


def _contains(process: Processing, node: Node) -> Value:
    whole, part = process.all(node)
    return None if whole is None or part is None else not Counter(map(str, part)) - Counter(map(str, whole))


def _equal(process: Processing, node: Node) -> Value:
    values = _numbers(process, node)
    if values is None:
        return None
    left, right = values
    tolerance = [number(one) for one in node.get("tolerance", "0").split()]
    low, high = tolerance[0], tolerance[-1]
    if node.get("toleranceMode") == "relative":
        low, high = abs(left) * low / 100, abs(left) * high / 100
    elif node.get("toleranceMode", "exact") == "exact":
        low = high = ZERO
    return left - low <= right <= left + high


def _string_match(process: Processing, node: Node) -> Value:
    left, right = process.all(node)
    if left is None or right is None:
        return None
    left, right = str(left), str(right)
    if node.get("caseSensitive", "true") == "false":
        left, right = left.casefold(), right.casefold()
    return right in left if node.get("substring") == "true" else left == right


def _pattern_match(process: Processing, node: Node) -> Value:
    """Evaluated only on texts of the item's own; the pattern itself is read where the item is made."""
    (value,) = process.all(node)
    if value is None:
        return None
    try:
        return re.fullmatch(re.escape(node.get("pattern")), str(value)) is not None
    except re.error:
        return None


def _index(process: Processing, node: Node) -> Value:
    (container,) = process.all(node)
    place = int(node.get("n", "0")) if node.get("n", "0").isdigit() else 0
    return container[place - 1] if container and 0 < place <= len(container) else None


def _and(process: Processing, node: Node) -> Value:
    return all(value is True for value in process.all(node))


_EXPRESSIONS: dict[str, Callable[[Processing, Node], Value]] = {
    "baseValue": _base_value,
    "variable": lambda process, node: process.values.get(process.declared(node.get("identifier")).identifier),
    "correct": _correct,
    "default": lambda process, node: process.declared(node.get("identifier")).value(
        process.declared(node.get("identifier")).default
    ),
    "mapResponse": lambda process, node: process._mapped(process.declared(node.get("identifier"))),
    "null": lambda *_: None,
    "isNull": lambda process, node: process.all(node)[0] is None,
    "match": lambda process, node: same(*process.all(node)),
    "and": _and,
    "or": lambda process, node: any(value is True for value in process.all(node)),
    "not": lambda process, node: process.all(node)[0] is not True,
    "member": _member,
    "contains": _contains,
    "multiple": _container(list),
    "ordered": _container(Ordered),
    "index": _index,
    "containerSize": lambda process, node: Decimal(len(process.all(node)[0] or [])),
    "equal": _equal,
    "stringMatch": _string_match,
    "substring": _string_match,
    "patternMatch": _pattern_match,
    "sum": _arithmetic(sum),
    "subtract": _arithmetic(lambda values: values[0] - values[-1]),
    "product": _arithmetic(_product),
    "divide": _arithmetic(lambda values: values[0] / values[-1] if values[-1] else None),
    "min": _arithmetic(min),
    "max": _arithmetic(max),
    "lt": _arithmetic(lambda values: values[0] < values[-1]),
    "lte": _arithmetic(lambda values: values[0] <= values[-1]),
    "gt": _arithmetic(lambda values: values[0] > values[-1]),
    "gte": _arithmetic(lambda values: values[0] >= values[-1]),
    "integerToFloat": _arithmetic(lambda values: values[0]),
}
