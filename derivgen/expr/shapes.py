"""The shape of an expression.

The parser reports shapes that do not fit in the words of the problem file (problem/expression.py); the functions here
take well-shaped expressions, and raise ShapeError only where a rule made a badly shaped one, which is a bug.
"""

from __future__ import annotations

from typing import assert_never

from derivgen.errors import ShapeError
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    Apply,
    At,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Differential,
    Dim,
    Entry,
    Expr,
    Eye,
    Group,
    Image,
    Inverse,
    Kron,
    Layout,
    LogDet,
    LogSumExp,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Pi,
    Plus,
    Power,
    Product,
    Row,
    Shape,
    Size,
    Softmax,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)


def shape(expr: Expr) -> Shape:
    """Rows and columns of `expr`; (1, 1) for a scalar."""
    match expr:
        case Symbol() | Ones() | Zeros() | Matrix() | Image():
            return expr.shape
        case Derivative(body, place, layout):
            found = slope_shape(body.shape, shape(body.arguments[place]), layout)
            if found is None:
                raise ShapeError(f"the derivative of {body.name} has more than two axes")
            return found
        case Eye(dim) | Upper(dim):
            return (dim, dim)
        case Commutation((rows, columns)):
            return (rows * columns, rows * columns)
        case Number() | Pi() | Size() | Delta() | Entry() | Partial() | Trace() | Det() | LogDet() | Total() | Norm():
            return SCALAR
        case LogSumExp(body, axis):
            return SCALAR if axis is None else (shape(body)[1 - axis], ONE)
        case Plus(operands) | Product(operands) | Apply(_, operands):
            return common_shape(operands)
        case Power(base, exponent):
            return common_shape((base, exponent))
        case MatMul(factors):
            return (shape(factors[0])[0], shape(factors[-1])[1])
        case Transpose(body):
            rows, columns = shape(body)
            return (columns, rows)
        case Inverse(body) | Softmax(body) | Sum(_, body) | Differential(body) | At(body) | Group(body):
            return shape(body)
        case MatrixPower(base, _):
            return shape(base)
        case Row(base, _):
            return (shape(base)[1], ONE)
        case Column(base, _):
            return (shape(base)[0], ONE)
        case Diag(body):
            rows, columns = shape(body)
            return (rows, ONE) if rows == columns else (rows * columns, rows * columns)
        case Vec(body):
            rows, columns = shape(body)
            return (rows * columns, ONE)
        case Kron(left, right):
            # each side once: its shape may be a long computation itself
            (rows, columns), (rows_within, columns_within) = shape(left), shape(right)
            return (rows * rows_within, columns * columns_within)
        case _:
            assert_never(expr)


def common_shape(operands: tuple[Expr, ...]) -> Shape:
    """The one shape of those operands that are not scalars.

    Raises ShapeError when there are two.
    """
    found = SCALAR
    for operand in operands:
        here = shape(operand)
        if here == SCALAR:
            continue
        if found not in (SCALAR, here):
            raise ShapeError(f"an operation entry by entry on {show_shape(found)} and {show_shape(here)}")
        found = here
    return found


def slope_shape(quantity: Shape, argument: Shape, layout: Layout) -> Shape | None:
    """The shape of dy/dx by the table of docs/layouts.md; None where it has more than two axes, or y is a row."""
    numerator = layout is Layout.NUMERATOR
    if quantity == SCALAR:
        return (argument[1], argument[0]) if numerator else argument
    if quantity[1] != ONE:
        return quantity if argument == SCALAR and quantity[0] != ONE else None
    if argument == SCALAR:
        return (ONE, quantity[0]) if layout is Layout.DENOMINATOR else quantity
    if argument[1] != ONE:
        return None
    return (argument[0], quantity[0]) if layout is Layout.DENOMINATOR else (quantity[0], argument[0])


def axes(expr: Expr) -> tuple[Dim, ...]:
    """The dimensions of `expr` that are not the number 1, rows first."""
    return tuple(dim for dim in shape(expr) if dim != ONE)


def is_scalar(expr: Expr) -> bool:
    return shape(expr) == SCALAR


def show_shape(of: Shape) -> str:
    """As it stands in messages: `(n, m)`."""
    return f"({of[0]}, {of[1]})"
