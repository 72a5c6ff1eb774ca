"""The laws that bring dX to the end of its term, and collect what stands before it.

In each term dX is in one factor of a product (see `gathering`). The laws of TURNED take the transpose off that factor,
those of ENDING take it to the end: tr(M dX), or M dx where the variable is a vector; there none of them fits any more.
`collected` adds up what stands before dX; the derivative is read off its `coefficient`.
"""

from __future__ import annotations

from collections.abc import Sequence

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, split_scalars, terms_of, transpose
from derivgen.expr.nodes import (
    DIFFERENTIAL,
    ONE,
    Expr,
    Eye,
    MatMul,
    Product,
    Symbol,
    Trace,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import subexpressions
from derivgen.rules.algebra import ARITHMETIC
from derivgen.rules.differentials import ALGEBRA
from derivgen.rules.gathering import ARRAYS, GATHERING, SPREADING, moves, moving_place


@rule(
    "a transpose has the same trace",
    law=r"\operatorname{tr} A = \operatorname{tr} A^{\mathsf T}",
    source=f"{ALGEBRA}, sec. 1.10",
)
def turned_trace(expr: Expr) -> Expr | None:
    """Where dX is transposed."""
    match expr:
        case Trace(Transpose(body)) if moves(body):
            return Trace(body)
        case Trace(MatMul(factors)):
            place = moving_place(factors)
            if place is not None and _is_turned(factors[place]):
                return Trace(transpose(expr.body))
    return None


@rule("a scalar is its own transpose", law=r"a^{\mathsf T} b = b^{\mathsf T} a", source=f"{ALGEBRA}, sec. 1.3")
def turned_scalar(expr: Expr) -> Expr | None:
    """Where dX is transposed."""
    match expr:
        case MatMul(factors) if is_scalar(expr):
            place = moving_place(factors)
            if place is not None and _is_turned(factors[place]):
                return MatMul(tuple(map(transpose, reversed(factors))))
    return None


def _is_turned(factor: Expr) -> bool:
    return isinstance(factor, Transpose) and moves(factor)


@rule(
    "cyclic property of the trace",
    law=r"\operatorname{tr}(A B) = \operatorname{tr}(B A)",
    source=f"{ALGEBRA}, sec. 1.10",
)
def cyclic(expr: Expr) -> Expr | None:
    """The factor that dX is inside goes to the end; a scalar is its own trace: a'X b = tr(b a'X)."""
    match expr:
        case Trace(MatMul(factors)):
            place = moving_place(factors)
            if place is not None and not _is_turned(factors[place]):
                around = matmul((*factors[place + 1 :], *factors[:place], factors[place]))
                if is_scalar(around):
                    return around
                return Trace(around) if place < len(factors) - 1 else None
        case MatMul(factors) if is_scalar(expr):
            place = moving_place(factors)
            if place is None or _is_turned(factors[place]):
                return None
            left, one, right = factors[:place], factors[place], factors[place + 1 :]
            if ONE not in shape(one):
                return Trace(matmul((*right, *left, one)))
            if shape(one)[1] == ONE and right:
                return product((matmul(right), matmul((*left, one))))
            if shape(one)[0] == ONE and left:
                return product((matmul(left), matmul((one, *right))))
    return None


@rule("a scalar may stand anywhere", law=r"(a^{\mathsf T} b)\,c = c\,a^{\mathsf T} b", source=ARITHMETIC)
def scalar_anywhere(expr: Expr) -> Expr | None:
    """A scalar with dx goes behind the column that it is multiplied with; dx' b is b' dx."""
    match expr:
        case Product(factors) if not is_scalar(expr) and shape(expr)[1] == ONE:
            place = moving_place(factors)
            if place is not None and isinstance(one := factors[place], MatMul) and is_scalar(one):
                rest = product((*factors[:place], *factors[place + 1 :]))
                scalars, array = split_scalars(rest)
                return None if is_scalar(array) else product((*scalars, MatMul((array, *one.factors))))
        case MatMul(factors) if not is_scalar(expr) and shape(expr)[1] == ONE:
            place = moving_place(factors)
            if place is None:
                return None
            left, one, right = factors[:place], factors[place], factors[place + 1 :]
            if shape(one)[0] == ONE and right:
                return MatMul((*left, *map(transpose, reversed((one, *right)))))
            if shape(one)[1] == ONE and right:
                return product((matmul(right), matmul((*left, one))))
    return None


@rule(
    "collect the differential",
    law=r"A\,\mathrm{d}X + B\,\mathrm{d}X = (A + B)\,\mathrm{d}X",
    source=ARITHMETIC,
)
def collected(expr: Expr) -> Expr | None:
    """What stands before dX in all terms, in one factor; scalars stand inside it."""
    by = next(
        (node for node in subexpressions(expr) if isinstance(node, Symbol) and DIFFERENTIAL in node.assumptions), None
    )
    if by is None:
        return None
    found = [coefficient(term, by) for term in terms_of(expr)]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return before_differential(plus(known), by)


def coefficient(term: Expr, by: Symbol) -> Expr | None:
    """The M of c tr(M dX), M dx or M dt, scalars in front; None where dX does not stand at the end like that."""
    factors = factors_of(term)
    place = moving_place(factors)
    if place is None:
        return None
    rest, last = (*factors[:place], *factors[place + 1 :]), factors[place]
    if last == by and is_scalar(by):
        return product(rest)
    dim = by.shape[0]
    match last:
        case Trace(body) if ONE not in by.shape:
            if body == by:
                return product((*rest, Eye(dim)))
            if isinstance(body, MatMul) and body.factors[-1] == by:
                return _scaled(rest, matmul(body.factors[:-1]))
        case MatMul((*front, end)) if end == by and by.shape[1] == ONE and all(map(is_scalar, rest)):
            return _scaled(rest, matmul(front))
        case Symbol() if last == by and by.shape[1] == ONE and all(map(is_scalar, rest)):
            return _scaled(rest, Eye(dim))
    return None


def _scaled(scalars: Sequence[Expr], array: Expr) -> Expr:
    return product((*scalars, array))


def before_differential(array: Expr, by: Symbol) -> Expr:
    """The array M before dX: tr(M dX), M dx, M dt."""
    if is_scalar(by):
        return product((array, by))
    if ONE in by.shape:
        return matmul((array, by))
    scalars, core = split_scalars(array)
    return product((*scalars, Trace(matmul((core, by)))))


TURNED: tuple[Rule, ...] = (turned_trace, turned_scalar)
ENDING: tuple[Rule, ...] = (cyclic, scalar_anywhere)
TURNING: tuple[Rule, ...] = (*SPREADING, *GATHERING, *TURNED, *ENDING, *ARRAYS, collected)
"""All laws that bring a differential to the form it is read off, those of `gathering` among them."""
