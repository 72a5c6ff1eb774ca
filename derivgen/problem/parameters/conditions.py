"""Conditions on parameters: their text, and whether numbers meet them.

det(A) != 0        0 < a < b        integer_eigenvalues(A)        not square_number(b**2 - 4*a*c)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, assert_never

from derivgen.errors import CannotDerive, ExpressionError
from derivgen.expr.nodes import Apply, Expr, Number, Power, Symbol
from derivgen.expr.shapes import is_scalar, shape, show_shape
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.walk import parts, subexpressions, symbols, transform
from derivgen.problem.expression import parse_expression
from derivgen.problem.model import Scope, Values
from derivgen.problem.names import did_you_mean
from derivgen.problem.operations import LARGEST_EXPONENT, constant
from derivgen.problem.parameters.exact import ZERO, NotRational, NoValue, Numbers, scalar, value
from derivgen.problem.parameters.model import Comparison, Condition, Said
from derivgen.problem.parameters.predicates import OF_MATRICES, OF_NUMBERS
from derivgen.problem.tokens import complaint

RELATIONS = ("<=", ">=", "!=", "=", "<", ">")
CLEAR = 1e-15
"""A number of which SymPy has found 30 digits, and that is larger than this, is not zero."""
MOST_TOWERS = 3
GROWING = frozenset({"exp", "sinh", "cosh"})
LARGEST_MATRIX = 6
"""Rows of a matrix whose eigenvalues or minors a condition may ask about."""

_RELATION = re.compile(r"==|<=|>=|!=|=|<|>|\u2264|\u2265|\u2260")
_SPELLED = {"==": "=", "\u2264": "<=", "\u2265": ">=", "\u2260": "!="}
_SAID = re.compile(r"\s*(not\s+)?([a-z_]+)\s*\(")
_COMPARED: dict[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


def parse_tests(text: str, scope: Scope) -> tuple[Comparison | Said, ...]:
    """What `text` asks of the parameters, which are the symbols of `scope`.

    Raises ExpressionError, which says where in the text.
    """
    said = _SAID.match(text)
    if said is not None and said.group(2) in {**OF_MATRICES, **OF_NUMBERS} and not _RELATION.search(text):
        return (_said(text, said, scope),)
    pieces, relations, place = [], [], 0
    for match in _RELATION.finditer(text):
        pieces.append((place, text[place : match.start()]))
        relations.append(_SPELLED.get(match.group(), match.group()))
        place = match.end()
    pieces.append((place, text[place:]))
    if not relations:
        word = said.group(2) if said is not None else ""
        hint = did_you_mean(word, {**OF_MATRICES, **OF_NUMBERS}) if word else ""
        message = "a condition compares (=, !=, <, <=, >, >=) or names a property"
        raise complaint(message, text, (0, max(1, len(text))), hint or "write `det(A) != 0` or `invertible(A)`")
    sides = [_side(text, start, piece, scope) for start, piece in pieces]
    tests = []
    for left, relation, right in zip(sides, relations, sides[1:], strict=False):
        if shape(left) != shape(right) and not (is_scalar(left) or is_scalar(right)):
            message = f"the sides are {show_shape(shape(left))} and {show_shape(shape(right))}"
            raise complaint(message, text, (0, len(text)))
        if relation not in ("=", "!=") and not (is_scalar(left) and is_scalar(right)):
            raise complaint(f"`{relation}` compares numbers, not arrays", text, (0, len(text)))
        tests.append(Comparison(left, relation, right))
    return tuple(tests)


def _side(text: str, start: int, piece: str, scope: Scope) -> Expr:
    try:
        return parse_expression(piece, scope)
    except ExpressionError as error:
        raise complaint(
            error.message, text, (start + error.offset, start + error.offset + error.width), error.hint
        ) from None


def _said(text: str, match: re.Match[str], scope: Scope) -> Said:
    name = match.group(2)
    arguments = []
    for start, piece in _arguments(text, match.end()):
        arguments.append(_side(text, start, piece, scope))
    if name in OF_MATRICES:
        of = shape(arguments[0])
        if len(arguments) != 1 or of[0] != of[1]:
            raise complaint(f"{name} is said of one square matrix", text, (0, len(text)))
        if of[0].number > LARGEST_MATRIX:
            raise complaint(f"{name} is said of at most {LARGEST_MATRIX} rows", text, (0, len(text)))
    return Said(name, tuple(arguments), not match.group(1))


def _arguments(text: str, start: int) -> list[tuple[int, str]]:
    """What stands between the parenthesis that ends at `start` and the one that closes it, cut at its commas."""
    depth, found, began = 0, [], start
    for place in range(start, len(text)):
        char = text[place]
        if char in ")]" and depth == 0:
            found.append((began, text[began:place]))
            if text[place + 1 :].strip():
                raise complaint("something stands after the property", text, (place + 1, len(text)))
            return found
        depth += (char in "([") - (char in ")]")
        if char == "," and depth == 0:
            found.append((began, text[began:place]))
            began = place + 1
    hint = "in a list between [ and ], a condition with a comma goes in quotes"
    raise complaint("this `(` is not closed", text, (start - 1, start), hint)


def names_in(tests: tuple[Comparison | Said, ...]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for test in tests:
        sides = (test.left, test.right) if isinstance(test, Comparison) else test.arguments
        found |= {symbol.name: None for side in sides for symbol in symbols(side)}
    return tuple(found)


def is_met(condition: Condition, numbers: Numbers) -> bool:
    """Whether `numbers` meet a condition; one that has no value there is not met."""
    try:
        return all(_holds(test, numbers) for test in condition.tests)
    except NoValue:
        return False


def _holds(test: Comparison | Said, numbers: Numbers) -> bool:
    match test:
        case Comparison(left, relation, right):
            if is_scalar(left) and is_scalar(right):
                return _COMPARED[relation](_sign(left, right, numbers))
            return (_same(value(left, numbers), value(right, numbers))) == (relation == "=")
        case Said(name, arguments, wanted):
            found = [value(argument, numbers) for argument in arguments]
            answer = OF_MATRICES[name](found[0]) if name in OF_MATRICES else OF_NUMBERS[name](*found)
            return answer is wanted
        case _:
            assert_never(test)


def _same(left: Values, right: Values) -> bool:
    """Equality entry by entry; a number is compared with every entry."""
    if len(left) * len(left[0]) == 1:
        left, right = right, left
    lone = right[0][0] if len(right) * len(right[0]) == 1 else None
    return all(one == lone for row in left for one in row) if lone is not None else left == right


def _sign(left: Expr, right: Expr, numbers: Numbers) -> int:
    """The sign of left - right, exactly."""
    try:
        difference = scalar(left, numbers) - scalar(right, numbers)
    except NotRational:
        return _irrational_sign(left, right, numbers)
    return (difference > 0) - (difference < 0)


def _towers(expr: Expr) -> int:
    """How many exponential functions and powers stand inside one another in `expr`."""
    inside = max(map(_towers, parts(expr)), default=0)
    is_one = isinstance(expr, Power) or (isinstance(expr, Apply) and expr.function.name in GROWING)
    return inside + is_one


def _irrational_sign(left: Expr, right: Expr, numbers: Numbers) -> int:
    known: Mapping[str, Fraction] = {name: rows[0][0] for name, rows in numbers.items() if len(rows) == 1}

    def put_in(expr: Expr) -> Expr | None:
        return Number(known[expr.name]) if isinstance(expr, Symbol) and expr.name in known else None

    if max(_towers(left), _towers(right)) > MOST_TOWERS:
        raise NoValue
    sides = [transform(side, put_in) for side in (left, right)]
    powers = (node for side in sides for node in subexpressions(side) if isinstance(node, Power))
    if any(abs(constant(power.exponent) or ZERO) > LARGEST_EXPONENT for power in powers):
        raise NoValue
    try:
        difference: Any = to_sympy(sides[0]) - to_sympy(sides[1])
    except (CannotDerive, OverflowError):
        raise NoValue from None
    if not difference.is_real:
        raise NoValue
    near = difference.evalf(30)
    if abs(near) > CLEAR:
        return 1 if near > 0 else -1
    if difference.equals(0):
        return 0
    # not zero, so SymPy finds the sign by evaluating to as many digits as it takes
    return 1 if difference.is_positive else -1
