"""Laws of multiplying out products of matrices that have sums among their factors.

Each rule leaves fewer sums inside a product, a power, a norm or a transpose.
"""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import matmul, plus, product, split_scalars, terms_of
from derivgen.expr.nodes import (
    ONE,
    Expr,
    MatMul,
    MatrixPower,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.rules.multiplying import LARGEST_POWER, MOST_TERMS

MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019), ch. 1"


@rule("power", law=r"A^2 = A\,A", source="definition")
def matrix_power_as_product(expr: Expr) -> Expr | None:
    match expr:
        case MatrixPower(Plus() as base, Number(value)) if value.denominator == 1 and 2 <= value <= LARGEST_POWER:
            return MatMul((base,) * int(value))
    return None


@rule("norm", law=r"\lVert u \rVert^2 = u^{\mathsf T} u", source="definition")
def norm_as_product(expr: Expr) -> Expr | None:
    match expr:
        case Power(Norm(body, 2), Number(value)) if value == 2 and shape(body)[1] == ONE:
            return MatMul((Transpose(body), body))
    return None


@rule("transpose of a sum", law=r"(A + B)^{\mathsf T} = A^{\mathsf T} + B^{\mathsf T}", source=f"{MAGNUS}, sec. 1.3")
def transpose_of_sum(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(Plus(terms)):
            return plus(_turned(term) for term in terms)
    return None


@rule("transpose of a product", law=r"(A B)^{\mathsf T} = B^{\mathsf T} A^{\mathsf T}", source=f"{MAGNUS}, sec. 1.3")
def transpose_of_product(expr: Expr) -> Expr | None:
    match expr:
        case Transpose(MatMul(factors)):
            return matmul(_turned(factor) for factor in reversed(factors))
        case Transpose(Product() as body):
            scalars, array = split_scalars(body)
            return product((*scalars, _turned(array))) if scalars else None
        case Transpose(body) if is_scalar(body):
            return body
    return None


def _turned(expr: Expr) -> Expr:
    match expr:
        case Transpose(body):
            return body
        case Product():
            scalars, array = split_scalars(expr)
            return product((*scalars, _turned(array))) if scalars else Transpose(expr)
    return expr if is_scalar(expr) else Transpose(expr)


TRANSPOSING: tuple[Rule, ...] = (transpose_of_sum, transpose_of_product)


@rule("multiply out", law=r"(A + B)\,C = A C + B C", source=f"{MAGNUS}, sec. 1.4")
def distribute_matrices(expr: Expr) -> Expr | None:
    """Each term of one sum with each of the next; the order of the factors is kept."""
    match expr:
        case MatMul(factors):
            sums = [n for n, factor in enumerate(factors) if isinstance(factor, Plus)]
            if not sums:
                return None
            chosen = sums[:2]
            made: list[list[Expr]] = [[]]
            for place, factor in enumerate(factors):
                own = terms_of(factor) if place in chosen else (factor,)
                made = [[*left, term] for left in made for term in own]
            if len(made) > MOST_TERMS:
                return None
            return plus(_signed(matmul(one)) for one in made)
        case Product(factors):
            scalars, array = split_scalars(expr)
            if isinstance(array, Plus) and scalars and not any(_is_quotient(one) for one in scalars):
                return plus(_signed(product((*scalars, term))) for term in array.terms)
            if not is_scalar(expr) and any(isinstance(one, Plus) for one in scalars):
                spread = next(one for one in scalars if isinstance(one, Plus))
                rest = [one for one in factors if one is not spread]
                return plus(_signed(product((term, *rest))) for term in spread.terms)
            if is_scalar(expr):
                return _scalar_front(factors)
    return None


def _scalar_front(factors: tuple[Expr, ...]) -> Expr | None:
    """2 (u'u + v'v), but not (1/n)(u'u + v'v)."""
    sums = [factor for factor in factors if isinstance(factor, Plus)]
    rest = [factor for factor in factors if not isinstance(factor, Plus)]
    if len(sums) != 1 or not rest or any(_is_quotient(one) for one in rest):
        return None
    return plus(_signed(product((*rest, term))) for term in sums[0].terms)


def _is_quotient(factor: Expr) -> bool:
    match factor:
        case Power(_, Number(value)):
            return value < 0
        case Number(value):
            return value.denominator != 1
    return False


def _signed(expr: Expr) -> Expr:
    """Numbers among the factors multiplied, in front."""
    if not isinstance(expr, Product):
        return expr
    value = Fraction(1)
    for factor in expr.factors:
        value *= factor.value if isinstance(factor, Number) else 1
    rest = [factor for factor in expr.factors if not isinstance(factor, Number)]
    return product((*(() if value == 1 and rest else (Number(value),)), *rest))


MATRIX_PRODUCTS: tuple[Rule, ...] = (norm_as_product, matrix_power_as_product, *TRANSPOSING, distribute_matrices)
"""All of them, for the catalogue."""
