"""The exact value of an expression whose symbols have numbers: fractions, and arrays of them.

What is not rational (sqrt(2), exp(1)) has no value here: NotRational is raised, and the caller asks SymPy.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from math import isqrt

from derivgen.expr.nodes import (
    Apply,
    Column,
    Det,
    Diag,
    Entry,
    Expr,
    Eye,
    Function,
    Group,
    Index,
    Inverse,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Plus,
    Power,
    Product,
    Row,
    Subscript,
    Symbol,
    Total,
    Trace,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import shape
from derivgen.problem.model import Values

ZERO, ONE = Fraction(0), Fraction(1)
MOST_BITS = 50_000
"""Of a power: larger ones are not worked out."""

Numbers = Mapping[str, Values]


class NotRational(Exception):
    """A value that is no fraction, or an operation that is not worked out exactly here."""


class NoValue(Exception):
    """Division by zero, the inverse of a singular matrix, a number too large to be worked out."""


def value(expr: Expr, numbers: Numbers) -> Values:
    """The rows of the value of `expr`; a scalar is one row of one number.

    Raises NotRational, NoValue.
    """
    match expr:
        case Number(number):
            return ((number,),)
        case Symbol(name) if name in numbers:
            return numbers[name]
        case Group(body):
            return value(body, numbers)
        case Matrix(entries):
            found = [scalar(entry, numbers) for entry in entries]
            width = shape(expr)[1].number
            return tuple(tuple(found[start : start + width]) for start in range(0, len(found), width))
        case Plus(terms):
            return _entrywise([value(term, numbers) for term in terms], sum_of=True)
        case Product(factors):
            return _entrywise([value(factor, numbers) for factor in factors], sum_of=False)
        case Power(base, exponent):
            power = scalar(exponent, numbers)
            return tuple(tuple(_power(one, power) for one in row) for row in value(base, numbers))
        case Apply(Function(name, _, False), (argument,)) if name in ("abs", "sign", "sqrt", "relu"):
            return tuple(tuple(_applied(name, one) for one in row) for row in value(argument, numbers))
        case MatMul(factors):
            found_rows = value(factors[0], numbers)
            for factor in factors[1:]:
                found_rows = times(found_rows, value(factor, numbers))
            return found_rows
        case MatrixPower(base, exponent):
            return _matrix_power(value(base, numbers), scalar(exponent, numbers))
        case Transpose(body):
            return tuple(zip(*value(body, numbers), strict=True))
        case Inverse(body):
            return inverse(value(body, numbers))
        case Diag(body):
            return _diagonal(value(body, numbers))
        case Ones(of) | Zeros(of):
            rows, columns = (dim.number for dim in of)
            return ((ONE if isinstance(expr, Ones) else ZERO,) * columns,) * rows
        case Eye(dim):
            return eye(dim.number)
        case Row(base, subscript):
            return tuple((one,) for one in value(base, numbers)[_place(subscript)])
        case Column(base, subscript):
            return tuple((row[_place(subscript)],) for row in value(base, numbers))
        case _:
            return ((_number(expr, numbers),),)


def scalar(expr: Expr, numbers: Numbers) -> Fraction:
    return value(expr, numbers)[0][0]


def _number(expr: Expr, numbers: Numbers) -> Fraction:
    """What gives a number."""
    match expr:
        case Trace(body):
            return sum((row[place] for place, row in enumerate(value(body, numbers))), ZERO)
        case Det(body):
            return determinant(value(body, numbers))
        case Total(body):
            return sum((one for row in value(body, numbers) for one in row), ZERO)
        case Norm(body, order):
            entries = [one for row in value(body, numbers) for one in row]
            if order == 1:
                return sum(map(abs, entries), ZERO)
            return _root(sum((one * one for one in entries), ZERO))
        case Entry(base, subscripts):
            rows = value(base, numbers)
            places = [_place(subscript) for subscript in subscripts]
            return rows[places[0]][places[1] if len(places) > 1 else 0]
        case _:
            raise NotRational


def _place(subscript: Subscript) -> int:
    if isinstance(subscript, Index) or not isinstance(subscript, int):
        raise NotRational
    return subscript - 1


def _entrywise(operands: list[Values], sum_of: bool) -> Values:
    """The sum or product entry by entry; a scalar goes to every entry."""
    large = next((one for one in operands if len(one) * len(one[0]) > 1), operands[0])
    found: list[tuple[Fraction, ...]] = []
    for i, row in enumerate(large):
        line: list[Fraction] = []
        for j in range(len(row)):
            total = ZERO if sum_of else ONE
            for operand in operands:
                one = operand[0][0] if len(operand) * len(operand[0]) == 1 else operand[i][j]
                total = total + one if sum_of else total * one
            line.append(total)
        found.append(tuple(line))
    return tuple(found)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if base == 0 and exponent < 0:
        raise NoValue
    if exponent.denominator == 2:
        return _power(_root(base), exponent * 2)
    if exponent.denominator != 1:
        raise NotRational
    if (base.numerator.bit_length() + base.denominator.bit_length()) * abs(exponent) > MOST_BITS:
        raise NoValue
    return base ** int(exponent)


def _root(number: Fraction) -> Fraction:
    if number < 0:
        raise NoValue
    above, below = isqrt(number.numerator), isqrt(number.denominator)
    if above**2 != number.numerator or below**2 != number.denominator:
        raise NotRational
    return Fraction(above, below)


def _applied(name: str, number: Fraction) -> Fraction:
    match name:
        case "abs":
            return abs(number)
        case "sign":
            return Fraction((number > 0) - (number < 0))
        case "relu":
            return max(number, ZERO)
        case _:
            return _root(number)


def times(left: Values, right: Values) -> Values:
    columns = tuple(zip(*right, strict=True))
    return tuple(tuple(sum((a * b for a, b in zip(r, c, strict=True)), ZERO) for c in columns) for r in left)


def eye(size: int) -> Values:
    return tuple(tuple(ONE if i == j else ZERO for j in range(size)) for i in range(size))


def _matrix_power(base: Values, exponent: Fraction) -> Values:
    if exponent.denominator != 1:
        raise NotRational
    if exponent < 0:
        base, exponent = inverse(base), -exponent
    found = eye(len(base))
    for _ in range(int(exponent)):
        found = times(found, base)
    return found


def _diagonal(rows: Values) -> Values:
    if len(rows[0]) == 1 and len(rows) > 1:
        return tuple(tuple(row[0] if i == j else ZERO for j in range(len(rows))) for i, row in enumerate(rows))
    return tuple((row[place],) for place, row in enumerate(rows))


def determinant(rows: Values) -> Fraction:
    """By elimination."""
    left = [list(row) for row in rows]
    found = ONE
    for step in range(len(left)):
        pivot = next((place for place in range(step, len(left)) if left[place][step]), None)
        if pivot is None:
            return ZERO
        if pivot != step:
            left[step], left[pivot], found = left[pivot], left[step], -found
        found *= left[step][step]
        for below in left[step + 1 :]:
            share = below[step] / left[step][step]
            for place in range(step, len(left)):
                below[place] -= share * left[step][place]
    return found


def inverse(rows: Values) -> Values:
    """By elimination beside the identity.

    Raises NoValue for a singular matrix.
    """
    size = len(rows)
    both = [[*row, *unit] for row, unit in zip(rows, eye(size), strict=True)]
    for step in range(size):
        pivot = next((place for place in range(step, size) if both[place][step]), None)
        if pivot is None:
            raise NoValue
        both[step], both[pivot] = both[pivot], both[step]
        both[step] = [one / both[step][step] for one in both[step]]
        for place in range(size):
            if place != step and (share := both[place][step]):
                both[place] = [one - share * own for one, own in zip(both[place], both[step], strict=True)]
    return tuple(tuple(row[size:]) for row in both)
