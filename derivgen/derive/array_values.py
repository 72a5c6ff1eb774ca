"""The values of expressions in arrays, worked out entry by entry from the numbers of symbols."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce

from derivgen.derive.evaluation import rounded, value_of
from derivgen.derive.pass_numbers import MOST_BITS, NEAR
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    ONE_NUMBER,
    SCALAR,
    ZERO_NUMBER,
    Apply,
    Diag,
    Dim,
    Expr,
    Eye,
    Function,
    Group,
    LogSumExp,
    MatMul,
    Matrix,
    Norm,
    Number,
    Ones,
    Pi,
    Plus,
    Power,
    Product,
    Shape,
    Softmax,
    Symbol,
    Total,
    Trace,
    Transpose,
    Zeros,
    number,
)
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.rules.differentiation import KINKED

Rows = list[list[Expr]]
"""The entries of an array, each an expression of numbers."""


@dataclass(frozen=True, slots=True)
class ArrayValue:
    """Numbers in the shape `of`; exact, or to NEAR decimals."""

    entries: tuple[Number, ...]
    of: Shape
    exact: bool

    def shown(self, digits: int | None) -> Expr:
        """The array, or the number, rounded to `digits` decimals where that is asked for."""
        own = self.entries if digits is None else tuple(_near(one, digits) for one in self.entries)
        return own[0] if self.of == SCALAR else Matrix(own, self.of)

    def is_short(self, digits: int | None) -> bool:
        """It is shown as it is: exact, with no more decimals than are asked for."""
        return self.exact and (digits is None or all(10**digits % one.value.denominator == 0 for one in self.entries))


def array_value(expr: Expr, known: Mapping[Expr, ArrayValue], *, slopes: bool = False) -> ArrayValue:
    """The numbers that `expr` is, where its symbols have those of `known`.

    Raises CannotDerive where it has none, or is made of something that is not worked out entry by entry; with `slopes`
    also where a function stands at its kink, so that it has no derivative.
    """
    used: list[ArrayValue] = []
    rows = _Rows(known, used, slopes).of(expr)
    found = [_worked_out(one) for row in rows for one in row]
    exact = all(is_exact for _, is_exact in found) and all(one.exact for one in used)
    return ArrayValue(tuple(one for one, _ in found), (Dim(len(rows)), Dim(len(rows[0]))), exact)


def _worked_out(expr: Expr) -> tuple[Number, bool]:
    found = value_of(expr, {})
    if isinstance(found, Number):
        value = found.value
        if value.numerator.bit_length() + value.denominator.bit_length() <= MOST_BITS:
            return Number(value), True
    return Number(_near(found, NEAR).value), False


def _near(expr: Expr, digits: int) -> Number:
    found = rounded(expr, digits)
    if not isinstance(found, Number):
        raise CannotDerive("a value cannot be worked out in numbers")
    return found


@dataclass(slots=True)
class _Rows:
    known: Mapping[Expr, ArrayValue]
    used: list[ArrayValue]
    slopes: bool

    def of(self, expr: Expr) -> Rows:
        if expr in self.known:
            value = self.known[expr]
            self.used.append(value)
            wide = value.of[1].number
            return [list(value.entries[start : start + wide]) for start in range(0, len(value.entries), wide)]
        match expr:
            case Number() | Pi():
                return [[expr]]
            case Symbol(name):
                raise CannotDerive(f"{name} has no numbers")
            case Group(body):
                return self.of(body)
            case Matrix(entries, (_, columns)):
                wide = columns.number
                flat = [self.of(one)[0][0] for one in entries]
                return [flat[start : start + wide] for start in range(0, len(flat), wide)]
            case Plus(terms):
                return reduce(lambda a, b: _each(lambda *two: plus(two), a, b), map(self.of, terms))
            case Product(factors):
                return reduce(lambda a, b: _each(lambda *two: product(two), a, b), map(self.of, factors))
            case Power(base, exponent):
                return _each(Power, self.of(base), self.of(exponent))
            case MatMul(factors):
                return reduce(_matmul, map(self.of, factors))
            case Transpose(body):
                return [list(column) for column in zip(*self.of(body), strict=True)]
            case Apply(function, arguments) if not function.abstract:
                return self._applied(function, [self.of(one) for one in arguments], expr)
            case Softmax(body) if ONE in shape(body):
                inner = self.of(body)
                whole = Power(plus(_exp(one) for row in inner for one in row), MINUS_ONE)
                return [[product((_exp(one), whole)) for one in row] for row in inner]
            case LogSumExp(body):
                return [[Apply(Function("log"), (plus(_exp(one) for row in self.of(body) for one in row),))]]
            case Total(body):
                return [[plus(one for row in self.of(body) for one in row)]]
            case Trace(body):
                return [[plus(row[place] for place, row in enumerate(self.of(body)))]]
            case Norm(body, order):
                flat = [one for row in self.of(body) for one in row]
                if order == 1:
                    return [[plus(Apply(Function("abs"), (one,)) for one in flat)]]
                return [[Apply(Function("sqrt"), (plus(Power(one, number(2)) for one in flat),))]]
            case Diag(body):
                inner = self.of(body)
                if len(inner) == len(inner[0]) > 1:
                    return [[row[place]] for place, row in enumerate(inner)]
                flat = [one for row in inner for one in row]
                side = range(len(flat))
                return [[flat[place] if at == place else ZERO_NUMBER for at in side] for place in side]
            case Ones((rows, columns)) if not rows.names and not columns.names:
                return [[ONE_NUMBER] * columns.number for _ in range(rows.number)]
            case Zeros((rows, columns)) if not rows.names and not columns.names:
                return [[ZERO_NUMBER] * columns.number for _ in range(rows.number)]
            case Eye(dim) if not dim.names:
                return [[number(int(at == place)) for at in range(dim.number)] for place in range(dim.number)]
        raise CannotDerive(f"{text(expr)} is not worked out in numbers")

    def _applied(self, function: Function, arguments: list[Rows], expr: Expr) -> Rows:
        if self.slopes and function.name in KINKED:
            for one in (one for row in arguments[0] for one in row):
                if _worked_out(one)[0].value == 0:
                    raise CannotDerive(f"{text(expr)} has a kink at 0, so no derivative there")
        return _each(lambda *own: Apply(function, own), *arguments)


def _exp(expr: Expr) -> Expr:
    return Apply(Function("exp"), (expr,))


def _each(operation: Callable[..., Expr], *arrays: Rows) -> Rows:
    """An operation entry by entry; a scalar goes with every entry."""
    rows, columns = max(len(one) for one in arrays), max(len(one[0]) for one in arrays)

    def at(array: Rows, row: int, column: int) -> Expr:
        return array[0][0] if len(array) == len(array[0]) == 1 else array[row][column]

    return [[operation(*(at(one, row, column) for one in arrays)) for column in range(columns)] for row in range(rows)]


def _matmul(left: Rows, right: Rows) -> Rows:
    if len(left[0]) != len(right):  # a scalar beside an array
        return _each(lambda *two: product(two), left, right)
    columns = list(zip(*right, strict=True))
    return [[plus(product(pair) for pair in zip(row, column, strict=True)) for column in columns] for row in left]
