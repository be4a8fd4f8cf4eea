"""Derived measures: small arithmetic over measures, such as `min(300, 0.5 * basic) + advanced`."""

import ast
import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lms.tiers.engine.numbers import exact

Lookup = Callable[[str], Any]
MAX_LENGTH = 500
MAX_STEPS = 5_000
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}


def _half_up(value: Fraction, places: Fraction = Fraction(0)) -> Fraction:
    scale = 10 ** min(max(int(places), 0), 12)
    return Fraction(math.floor(value * scale + Fraction(1, 2)), scale)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "min": min,
    "max": max,
    "sum": lambda values: sum(values, Fraction(0)),
    "len": lambda values: Fraction(len(values)),
    "abs": abs,
    "floor": lambda value: Fraction(math.floor(value)),
    "ceil": lambda value: Fraction(math.ceil(value)),
    "int": lambda value: Fraction(math.trunc(value)),
    "round": _half_up,
    "any": any,
    "all": all,
}
_LEAVES = (ast.Name, ast.Constant)
_GROUPS = (ast.List, ast.Tuple)
_LOOPS = (ast.GeneratorExp, ast.ListComp)


@dataclass(frozen=True)
class Formula:
    """Numbers, texts, names of measures, + - * / // %, comparisons, `x if c else y`, lists, loops over a list, and the
    functions min, max, sum, len, abs, floor, ceil, int, round (half up), any, all. Nothing else can be written."""

    text: str
    tree: ast.expr
    names: frozenset[str]

    @classmethod
    def read(cls, text: str) -> "Formula":
        """Raises ValueError, with words for people, when the text is anything more."""
        if len(text) > MAX_LENGTH:
            raise ValueError(f"a formula has at most {MAX_LENGTH} characters")
        code = text.split("#")[0].strip()
        try:
            tree = ast.parse(code, mode="eval").body
        except (SyntaxError, RecursionError, MemoryError, ValueError) as error:
            raise ValueError("this is not a formula") from error
        return cls(text, tree, frozenset(_names(tree, code)))

    def value(self, lookup: Lookup) -> Fraction | None:
        """The exact value; None when a measure in it is not known, it divides by zero, or it is no number.

        A yes is 1, a no 0. Gives up (None) after 5,000 steps.
        """
        try:
            found = _Run(lookup).value(self.tree)
        except (_NotKnown, ArithmeticError, TypeError, ValueError):
            return None
        return Fraction(found) if isinstance(found, bool | int | Fraction) else None


class _NotKnown(Exception):
    """A measure in the formula is not known, or it takes too long."""


def _names(node: ast.AST, code: str, bound: frozenset[str] = frozenset()) -> set[str]:
    """All measures a formula reads. Raises ValueError for a construct that is not allowed."""
    if isinstance(node, ast.Name):
        return set() if node.id in bound else {node.id}
    if isinstance(node, ast.Constant) and (isinstance(node.value, str) or exact(node.value) is not None):
        return set()
    if isinstance(node, _LOOPS):
        (loop, *more) = node.generators
        if not more and isinstance(loop.target, ast.Name) and not loop.is_async:
            inner = bound | {loop.target.id}
            members = [_names(node.elt, code, inner), *(_names(test, code, inner) for test in loop.ifs)]
            return _names(loop.iter, code, bound).union(*members)
    children = _children(node)
    if children is None:
        raise ValueError(f"a formula may not hold “{ast.get_source_segment(code, node) or code}”")
    return set().union(*(_names(child, code, bound) for child in children))


def _children(node: ast.AST) -> list[ast.expr] | None:
    """The expressions inside a construct that is allowed; None for any other."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return [left, right]
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _SIGNS:
            return [operand]
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as arguments, keywords=[]) if name in _FUNCTIONS:
            return arguments
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
            return [left, *others]
        case ast.BoolOp(values=values):
            return values
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return [test, body, orelse]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return elements
    return None


class _Run:
    """One calculation, with a limit on its steps."""

    def __init__(self, lookup: Lookup) -> None:
        self.lookup, self.steps = lookup, 0

    def value(self, node: ast.expr, bound: Mapping[str, Any] | None = None) -> Any:
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise _NotKnown
        bound = bound or {}
        if isinstance(node, _LEAVES):
            return self._leaf(node, bound)
        if isinstance(node, _LOOPS):
            return list(self._loop(node, bound))
        if isinstance(node, _GROUPS):
            return [self.value(element, bound) for element in node.elts]
        return self._compound(node, bound)

    def _leaf(self, node: ast.expr, bound: Mapping[str, Any]) -> Any:
        if isinstance(node, ast.Name):
            known = bound[node.id] if node.id in bound else self.lookup(node.id)
            if known is None:
                raise _NotKnown
            return known
        value = getattr(node, "value", None)
        return value if isinstance(value, str) else exact(value)

    def _loop(self, node: ast.GeneratorExp | ast.ListComp, bound: Mapping[str, Any]) -> Iterator[Any]:
        (loop,) = node.generators
        assert isinstance(loop.target, ast.Name)  # noqa: S101  seen to when the formula was read
        for member in self.value(loop.iter, bound):
            inner = {**bound, loop.target.id: member}
            if all(self.value(test, inner) for test in loop.ifs):
                yield self.value(node.elt, inner)

    def _compound(self, node: ast.expr, bound: Mapping[str, Any]) -> Any:
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                one, two = self.value(left, bound), self.value(right, bound)
                if isinstance(one, str | list) or isinstance(two, str | list):
                    raise TypeError("texts and lists are not calculated with")
                return _OPERATORS[type(op)](one, two)
            case ast.UnaryOp(op=op, operand=operand):
                return _SIGNS[type(op)](self.value(operand, bound))
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return _FUNCTIONS[name](*(self.value(argument, bound) for argument in arguments))
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self.value(body if self.value(test, bound) else orelse, bound)
            case ast.BoolOp(op=ast.And(), values=values):
                return all(self.value(value, bound) for value in values)
            case ast.BoolOp(values=values):
                return any(self.value(value, bound) for value in values)
            case ast.Compare(left=left, ops=ops, comparators=others):
                members = [self.value(member, bound) for member in (left, *others)]
                return all(_COMPARISONS[type(op)](members[i], members[i + 1]) for i, op in enumerate(ops))
        raise AssertionError("refused when the formula was read")
