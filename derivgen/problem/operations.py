"""What `+ - * / ** @ .T` build, and which shapes they take.

Sums, products and matrix products come out flat, scalar factors of a matrix product in front; nothing else is
simplified or reordered: the sheet shows what the author typed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from derivgen.errors import ExpressionError
from derivgen.expr.build import plus, product, split_scalars
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    SCALAR,
    Dim,
    Expr,
    Group,
    MatMul,
    Matrix,
    MatrixPower,
    Number,
    Plus,
    Power,
    Product,
    Shape,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, show_shape
from derivgen.expr.walk import parts
from derivgen.problem.tokens import Source, Span, complaint

LARGEST_EXPONENT = 1000
"""What a power may come to when powers of powers are multiplied out; 100 for numbers."""
LARGEST_NUMBER_EXPONENT = 100
MOST_WRITTEN = 400
"""Entries of an array that is written out."""


class ShapesDiffer(ExpressionError):
    """Two operands whose shapes do not fit: `operation` is product, sum or entries (a product entry by entry)."""

    def __init__(self, error: ExpressionError, left: Operand, right: Operand, operation: str) -> None:
        super().__init__(error.message, error.text, error.offset, error.width, error.hint)
        self.left, self.right, self.operation = left, right, operation


@dataclass(frozen=True, slots=True)
class Operand:
    """An expression that has been read, with its shape and where it stands."""

    expr: Expr
    shape: Shape
    span: Span

    @property
    def is_scalar(self) -> bool:
        return self.shape == SCALAR


def different(left: Iterable[Dim], right: Iterable[Dim]) -> str:
    """`n and p differ`, for the dimensions that do."""
    pairs = [f"{one} and {other} differ" for one, other in zip(left, right, strict=True) if one != other]
    return ", ".join(pairs)


def mismatch(
    spelled: Source, whole: Span, left: Operand, right: Operand, why: str, hint: str = "", operation: str = "entries"
) -> NoReturn:
    """Raises the ShapesDiffer that quotes both operands with their shapes."""
    message = (
        f"in {spelled.quote(whole)}: {spelled.quote(left.span)} is {show_shape(left.shape)}, "
        f"{spelled.quote(right.span)} is {show_shape(right.shape)}: {why}"
    )
    raise ShapesDiffer(complaint(message, spelled.text, whole, hint), left, right, operation)


def common(spelled: Source, whole: Span, left: Operand, right: Operand, operation: str = "entries") -> Shape:
    """The shape of an operation entry by entry; a scalar goes to every entry."""
    if left.is_scalar:
        return right.shape
    if not right.is_scalar and left.shape != right.shape:
        turned = left.shape == (right.shape[1], right.shape[0])
        turned_hint = f"transpose one of them: {spelled.transposed(spelled.quote(right.span))}"
        hint = turned_hint if turned else _spreading(spelled, left, right)
        mismatch(spelled, whole, left, right, different(left.shape, right.shape), hint, operation)
    return left.shape


def _spreading(spelled: Source, left: Operand, right: Operand) -> str:
    """A hint for whom expects NumPy's broadcasting: how a vector is put in every row or column of a matrix."""
    for matrix, vector in ((left, right), (right, left)):
        rows, columns = matrix.shape
        if ONE in matrix.shape or not is_column(vector.shape):
            continue
        shown = spelled.quote(vector.span)
        if vector.shape[0] == columns:
            return f"a vector is no row: ones({rows}) @ {shown}.T has it in each row"
        if vector.shape[0] == rows:
            return f"a vector is no matrix: {shown} @ ones({columns}).T has it in each column"
    return ""


def negative(operand: Expr) -> Expr:
    """-1 times `operand`; of a number, the number with the other sign."""
    if isinstance(operand, Number):
        return Number(-operand.value)
    return product((MINUS_ONE, operand))


def add(terms: list[tuple[bool, Expr]]) -> Expr:
    """The sum of `terms`, those marked True taken negative."""
    return plus(negative(term) if minus else term for minus, term in terms)


def divide(spelled: Source, whole: Span, left: Expr, right: Expr) -> Expr:
    """left times right to the power -1; the quotient of two numbers is a number."""
    value = constant(right)
    if value == 0:
        spelled.refuse(f"in {spelled.quote(whole)}: division by zero", whole)
    if isinstance(left, Number) and isinstance(right, Number):
        return Number(left.value / right.value)
    below = Power(right, MINUS_ONE)
    # the 1 of 1/n only holds the place above the bar
    return below if left == Number(Fraction(1)) else product((left, below))


def matmul(left: Expr, right: Expr) -> Expr:
    """The matrix product; scalars come to the front, but a product 1 x 1 stays in its chain: c'a x'b, x (y'z)."""
    left_front, left_chain = _chain(left)
    right_front, right_chain = _chain(right)
    factors = (*left_chain, *right_chain)
    scalars = (*left_front, *right_front)
    if not factors:
        return product(scalars)
    return product((*scalars, factors[0] if len(factors) == 1 else MatMul(factors)))


def _chain(operand: Expr) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
    """`operand` as scalar factors, and the factors of one matrix product."""
    if isinstance(operand, MatMul):
        return (), operand.factors
    if isinstance(operand, Group):
        return (), (operand,)
    if not is_scalar(operand):
        scalars, array = split_scalars(operand)
        return scalars, array.factors if isinstance(array, MatMul) else (array,)
    factors = operand.factors if isinstance(operand, Product) else (operand,)
    products = [factor for factor in factors if isinstance(factor, MatMul)]
    if len(products) != 1:
        return factors, ()
    return tuple(factor for factor in factors if factor is not products[0]), products[0].factors


def matmul_shape(spelled: Source, whole: Span, left: Operand, right: Operand) -> Shape:
    if left.shape[1] != right.shape[0]:
        hint = ""
        if left.is_scalar or right.is_scalar:
            hint = spelled.scaling()
        elif left.shape[0] == right.shape[0]:
            turned = spelled.transposed(spelled.quote(left.span))
            hint = f"did you mean {spelled.multiplied(turned, spelled.quote(right.span))}?"
        elif left.shape[1] == right.shape[1]:
            turned = spelled.transposed(spelled.quote(right.span))
            hint = f"did you mean {spelled.multiplied(spelled.quote(left.span), turned)}?"
        mismatch(spelled, whole, left, right, different((left.shape[1],), (right.shape[0],)), hint, "product")
    return (left.shape[0], right.shape[1])


def transposed(operand: Operand, span: Span) -> Operand:
    """The transpose: of a scalar itself, of a transpose what it was."""
    rows, columns = operand.shape
    if operand.is_scalar:
        return Operand(operand.expr, operand.shape, span)
    expr = operand.expr.body if isinstance(operand.expr, Transpose) else Transpose(operand.expr)
    return Operand(expr, (columns, rows), span)


def power(spelled: Source, whole: Span, base: Operand, exponent: Operand) -> Expr:
    """`base` to `exponent`, within the limits that keep numbers small."""
    value = constant(exponent.expr)
    if value is not None:
        if value < 0 and constant(base.expr) == 0:
            spelled.refuse(f"in {spelled.quote(whole)}: division by zero", whole)
        limit = LARGEST_EXPONENT if constant(base.expr) is None else LARGEST_NUMBER_EXPONENT
        if growth(base.expr) * abs(value) > limit:
            spelled.refuse(f"in {spelled.quote(whole)}: the power is too large, at most {limit}", whole)
    return Power(base.expr, exponent.expr)


def growth(expr: Expr) -> Fraction:
    """How high the powers in `expr` go when they are multiplied out."""
    below = [growth(part) for part in parts(expr)]
    inside = max(below, default=Fraction(1))
    match expr:
        case Power(_, exponent) | MatrixPower(_, exponent):
            value = constant(exponent)
            return inside if value is None else max(inside, below[0] * max(Fraction(1), abs(value)))
        case Product() | MatMul():
            return max(inside, sum(below, Fraction(0)))
    return inside


def bits(expr: Expr) -> int:
    """A bound for the length of the numbers in `expr` when they are multiplied out."""
    below = [bits(part) for part in parts(expr)]
    match expr:
        case Number(value):
            return value.numerator.bit_length() + value.denominator.bit_length()
        case Power(_, exponent) | MatrixPower(_, exponent):
            power_value = constant(exponent)
            return sum(below) if power_value is None else below[0] * max(1, int(abs(power_value)) + 1)
    return sum(below)


def constant(expr: Expr) -> Fraction | None:
    """The value of an expression made of numbers alone; None for any other, and where it is not rational.

    The powers in it have passed `power`, so it stays small.
    """
    match expr:
        case Number(value):
            return value
        case Plus(terms):
            values = [constant(term) for term in terms]
            return None if None in values else sum((value for value in values if value is not None), Fraction(0))
        case Product(factors):
            result = Fraction(1)
            for factor in factors:
                value_of_factor = constant(factor)
                if value_of_factor is None:
                    return None
                result *= value_of_factor
            return result
        case Power(base, exponent):
            below, above = constant(base), constant(exponent)
            if below is None or above is None or above.denominator != 1 or (below == 0 and above < 0):
                return None
            return below ** int(above)
    return None


def elementwise(spelled: Source, whole: Span, operands: list[Operand]) -> Shape:
    """The one shape of the arguments of a function that acts entry by entry."""
    if not operands:
        spelled.refuse(f"in {spelled.quote(whole)}: an argument is missing", whole)
    found = operands[0]
    for operand in operands[1:]:
        shape = common(spelled, whole, found, operand)
        found = found if shape == found.shape else operand
    return found.shape


def array(spelled: Source, entries: list[Operand], wide: int, span: Span) -> Operand:
    """The array written out as `entries`, scalars row by row, `wide` in each row."""
    for entry in entries:
        if not entry.is_scalar:
            message = f"{spelled.quote(entry.span)} is {show_shape(entry.shape)}, entries are scalars"
            spelled.refuse(f"in {spelled.quote(span)}: {message}", entry.span)
    of = (Dim(len(entries) // wide), Dim(wide))
    return Operand(entries[0].expr if of == SCALAR else Matrix(tuple(one.expr for one in entries), of), of, span)


def is_column(shape: Shape) -> bool:
    return shape[1] == ONE
