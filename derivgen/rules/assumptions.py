"""Laws that an assumption adds: what is known of a symbol makes a result shorter.

Each rule leaves fewer transposes, inverses or factors.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from derivgen.derivation import Rule, rule
from derivgen.expr.build import inverse, matmul, plus, transpose
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    Expr,
    Eye,
    Inverse,
    MatMul,
    Norm,
    Number,
    Ones,
    Plus,
    Product,
    Size,
    Symbol,
    Total,
    Transpose,
)
from derivgen.expr.shapes import shape
from derivgen.expr.walk import transform

SYMMETRIC = frozenset({"symmetric", "diagonal", "positive_definite"})


@rule("symmetric", law=r"A^{\mathsf T} = A", source="assumption")
def symmetric_rule(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Symbol(_, _, known) as symbol) if known & SYMMETRIC:
            return symbol
        case Transpose(Inverse(Symbol(_, _, known)) as inverted) if known & SYMMETRIC:
            return inverted
    return None


@rule("symmetric", law=r"(A^{-1})^{\mathsf T} = A^{-1}", source="assumption")
def symmetric_expression(expr: Expr) -> Expr | None:
    """What is built from symmetric matrices in a symmetric way, such as A + x x', is its own transpose."""
    match expr:
        case Transpose(body) if not isinstance(body, Symbol):
            return body if transform(_turned(body), symmetric_rule) == transform(body, symmetric_rule) else None
    return None


def _turned(body: Expr) -> Expr:
    """The transpose of `body`, term by term, inside an inverse too."""
    match body:
        case Inverse(inner):
            return inverse(transpose(inner))
        case Plus(terms):
            return plus(map(_turned, terms))
    return transpose(body)


@rule("skew-symmetric", law=r"A^{\mathsf T} = -A", source="assumption")
def skew_rule(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Symbol(_, _, known) as symbol) if "skew" in known:
            return Product((Number(Fraction(-1)), symbol))
    return None


@rule("orthogonal", law=r"Q^{\mathsf T} Q = I", source="assumption")
def orthogonal_rule(expr: Expr) -> Expr | None:
    match expr:
        case Inverse(Symbol(_, _, known) as symbol) if "orthogonal" in known:
            return Transpose(symbol)
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if "orthogonal" in _known(left) and right == transpose(left):
                    return without_pair(factors, place)
    return None


def _known(expr: Expr) -> frozenset[str]:
    """What is assumed of a symbol or of its transpose."""
    inner = expr.body if isinstance(expr, Transpose) else expr
    return inner.assumptions if isinstance(inner, Symbol) else frozenset()


def without_pair(factors: tuple[Expr, ...], place: int) -> Expr:
    rest = (*factors[:place], *factors[place + 2 :])
    return matmul(rest) if rest else Eye(shape(factors[place])[0])


@rule("idempotent", law=r"P P = P", source="assumption")
def idempotent_rule(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                if "idempotent" in _known(left) and left == right:
                    return matmul((*factors[:place], *factors[place + 1 :]))
    return None


@rule("one-hot", law=r"\mathbf{1}^{\mathsf T} y = 1", source="assumption")
def one_hot_rule(expr: Expr) -> Expr | None:
    match expr:
        case Total(Symbol(_, (rows, columns), known)) if "onehot" in known and columns != ONE:
            return Size(rows)
        case Total(Symbol(_, _, known)) if "onehot" in known:
            return ONE_NUMBER
    return None


@rule("one-hot rows", law=r"Y\,\mathbf{1} = \mathbf{1}", source="assumption")
def one_hot_rows_rule(expr: Expr) -> Expr | None:
    """Each row of Y has one 1; in a longer product, too."""
    match expr:
        case MatMul(factors):
            for place, (left, right) in enumerate(pairwise(factors)):
                match left, right:
                    case Symbol(_, (rows, columns), known), Ones((_, wide)) if "onehot" in known and columns != ONE:
                        return matmul((*factors[:place], Ones((rows, wide)), *factors[place + 2 :]))
                    case Ones((high, _)), Transpose(Symbol(_, (rows, columns), known)) if (
                        "onehot" in known and columns != ONE
                    ):
                        return matmul((*factors[:place], Ones((high, rows)), *factors[place + 2 :]))
    return None


@rule("unit vector", law=r"x^{\mathsf T} x = 1", source="assumption")
def unit_rule(expr: Expr) -> Expr | None:
    match expr:
        case Norm(Symbol(_, _, known), 2) if "unit" in known:
            return ONE_NUMBER
        case MatMul((Transpose(Symbol(_, _, known) as left), right)) if "unit" in known and left == right:
            return ONE_NUMBER
    return None


ASSUMED: tuple[Rule, ...] = (
    symmetric_rule,
    symmetric_expression,
    skew_rule,
    orthogonal_rule,
    idempotent_rule,
    one_hot_rule,
    one_hot_rows_rule,
    unit_rule,
)
