"""Derived measures: small arithmetic over measures, such as `min(300, 0.5 * basic) + advanced`."""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from lms.tiers.engine.numbers import exact

Lookup = Callable[[str], Fraction | None]
MAX_LENGTH = 300
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_FUNCTIONS: dict[str, Callable[..., Fraction]] = {"min": min, "max": max}


@dataclass(frozen=True)
class Formula:
    """Numbers, names of measures, + - * / and min(), max(); nothing else can be written."""

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
        """The exact value; None when a measure in it is not known or it divides by zero."""
        try:
            return _value(self.tree, lookup)
        except (_NotKnown, ZeroDivisionError):
            return None


class _NotKnown(Exception):
    """A measure in the formula is not known."""


def _names(node: ast.expr, code: str) -> set[str]:
    """All measures a formula reads. Raises ValueError for a construct that is not allowed."""
    match node:
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _names(left, code) | _names(right, code)
        case ast.Call(func=ast.Name(id=name), args=[_, *_] as arguments, keywords=[]) if name in _FUNCTIONS:
            return set().union(*(_names(argument, code) for argument in arguments))
        case ast.Name(id=name):
            return {name}
        case ast.Constant() if exact(node.value) is not None and not isinstance(node.value, str):
            return set()
    raise ValueError(f"a formula may not hold “{ast.get_source_segment(code, node) or code}”")


def _value(node: ast.expr, lookup: Lookup) -> Fraction:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, lookup), _value(right, lookup))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _FUNCTIONS[name](*(_value(argument, lookup) for argument in arguments))
        case ast.Name(id=name):
            known = lookup(name)
            if known is None:
                raise _NotKnown
            return known
        case ast.Constant(value=value):
            number = exact(value)
            if number is not None:
                return number
    raise AssertionError("refused when the formula was read")
