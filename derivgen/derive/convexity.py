"""What is known of the sign of v'Mv, for the terms of a matrix M."""

from __future__ import annotations

from dataclasses import dataclass

from derivgen.derive.linear_terms import Term, links, without_one
from derivgen.expr.build import factors_of, matmul, product, transpose
from derivgen.expr.nodes import (
    SCALAR,
    Diag,
    Expr,
    MatMul,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
    number,
)


@dataclass(frozen=True, slots=True)
class Form:
    """The value v'Mv of one term M of a matrix, where that is never negative; `definite`: zero for v = 0 only."""

    value: Expr
    definite: bool


def is_positive(expr: Expr) -> bool:
    """Whether the scalar `expr` is known to be positive."""
    match expr:
        case Number(value):
            return value > 0
        case Size():
            return True
        case Symbol(_, of, known):
            return of == SCALAR and "positive" in known
        case Product(factors):
            return all(map(is_positive, factors))
        case Power(base, Number()):
            return is_positive(base)
        case Plus(terms):
            return all(map(is_positive, terms))
    return False


def is_nonzero(expr: Expr) -> bool:
    """Whether the scalar `expr` is known not to be zero."""
    match expr:
        case Number(value):
            return value != 0
        case Symbol(_, of, known):
            return of == SCALAR and bool(known & {"positive", "nonzero"})
        case Product(factors):
            return all(map(is_nonzero, factors))
        case Power(base, Number()):
            return is_nonzero(base)
    return is_positive(expr)


def is_square(term: Expr) -> bool:
    """Whether a scalar is known not to be negative: c u'u."""
    return all(is_positive(factor) or _is_square_of_vector(factor) for factor in factors_of(term))


def _is_square_of_vector(factor: Expr) -> bool:
    match factor:
        case MatMul((left, right)):
            return left == transpose(right)
    return False


def form_of(term: Term, v: Symbol) -> Form | None:
    """v' (term) v as a square; None where its sign is not known."""
    if not is_positive(term.scalars):
        return None
    chain = term.chain

    def scaled(value: Expr) -> Expr:
        return product(without_one((term.scalars, value)))

    if not chain:
        return Form(scaled(Power(Norm(v), number(2))), True)
    half = len(chain) // 2
    if half and any(a != transpose(b) for a, b in zip(chain[:half], reversed(chain[-half:]), strict=True)):
        return None
    inner = matmul((*chain[len(chain) - half :], v)) if half else v
    if len(chain) % 2 == 0:
        return Form(scaled(Power(Norm(inner), number(2))), False)
    middle = chain[half]
    if _is_definite(middle):
        return Form(scaled(MatMul((*links(transpose(inner)), middle, *links(inner)))), half == 0)
    return None


def _is_definite(matrix: Expr) -> bool:
    match matrix:
        case Symbol(_, _, known):
            return "positive_definite" in known or known >= {"diagonal", "positive"}
        case Diag(Symbol(_, _, known)):
            return "positive" in known
    return False
