"""Laws of solving an equation between arrays, in the order in which they are used."""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, product
from derivgen.expr.nodes import ONE, Diag, Expr, Inverse, MatMul, Number, Plus, Power, Product, Size
from derivgen.expr.shapes import is_scalar, shape
from derivgen.rules.multiplying import monomial

ALGEBRA = "elementary algebra"


@rule("stationary point", law=r"\nabla f = 0", source="Fermat's theorem")
def stationary(expr: Expr) -> Expr | None:
    """For the name of a line only: it makes an equation of an expression."""
    return None


@rule("gradient", law=r"(\nabla f)_k = \partial f / \partial x_k", source="definition")
def stacked(expr: Expr) -> Expr | None:
    """For the name of a line only: its entries, found above, are one vector."""
    return None


@rule("divide both sides", law=r"c\,u = 0 \Rightarrow u = 0 \quad (c \neq 0)", source=ALGEBRA)
def divide_sides(expr: Expr) -> Expr | None:
    """An expression that is zero, without the numbers and sizes that all of it is multiplied by."""
    match expr:
        case Product(factors):
            rest = tuple(f for f in factors if not _is_nonzero(f))
            return product(rest) if 0 < len(rest) < len(factors) else None
    return None


def _is_nonzero(factor: Expr) -> bool:
    match factor:
        case Number(value):
            return value != 0
        case Size():
            return True
        case Power(base, Number()):
            return _is_nonzero(base)
    return False


@rule("multiply both sides", law=r"u = v \Rightarrow c\,u = c\,v", source=ALGEBRA)
def multiply_sides(expr: Expr) -> Expr | None:
    """An expression that is zero, without fractions."""
    match expr:
        case Plus(terms):
            below = [f for term in terms for f in factors_of(term) if isinstance(f, Number) and f.value.denominator > 1]
            if below and isinstance(below[0], Number):
                c = Number(Fraction(below[0].value.denominator))
                return Plus(tuple(monomial((c, *factors_of(term))) for term in terms)) if is_scalar(expr) else None
    return None


@rule("to the other side", law=r"u - v = 0 \Rightarrow u = v", source=ALGEBRA)
def other_side(expr: Expr) -> Expr | None:
    """For the name of a line only: it takes terms from one side of an equation to the other."""
    return None


@rule("factor out", law=r"A x + B x = (A + B)\,x", source="Magnus & Neudecker 2019, sec. 1.4")
def factor_out(expr: Expr) -> Expr | None:
    match expr:
        case Plus(terms) if all(isinstance(term, MatMul) for term in terms):
            ends = {term.factors[-1] for term in terms if isinstance(term, MatMul)}
            if len(ends) == 1:
                fronts = tuple(matmul(term.factors[:-1]) for term in terms if isinstance(term, MatMul))
                return MatMul((Plus(fronts), ends.pop()))
    return None


@rule("inverse", law=r"A x = b \Rightarrow x = A^{-1} b", source="Magnus & Neudecker 2019, sec. 1.9")
def by_inverse(expr: Expr) -> Expr | None:
    """What is left of A^-1 A x."""
    match expr:
        case MatMul((Inverse(body), first, *rest)) if body == first and rest:
            return matmul(rest)
    return None


@rule("entrywise as diagonal", law=r"u \odot v = \operatorname{diag}(u)\,v", source="definition")
def entrywise_as_diagonal(expr: Expr) -> Expr | None:
    """Of two columns that are multiplied entry by entry, the first as a diagonal matrix."""
    match expr:
        case Product(factors) if shape(expr)[1] == ONE and not is_scalar(expr):
            arrays = [factor for factor in factors if not is_scalar(factor)]
            scalars = [factor for factor in factors if is_scalar(factor)]
            if len(arrays) == 2:
                return product((*scalars, MatMul((Diag(arrays[0]), arrays[1]))))
    return None


@rule("solve the linear system", law=r"A x = b", source="Gauss's elimination")
def linear_system(expr: Expr) -> Expr | None:
    """For the name of a line only: a system of three equations or more, solved exactly."""
    return None


@rule("derivative of the gradient", law=r"\nabla^2 f = \nabla(\nabla f)", source="definition")
def hessian_of_gradient(expr: Expr) -> Expr | None:
    """For the name of a line only: what the unknown of a linear gradient is multiplied by."""
    return None


@rule("quadratic form", law=r"v^{\mathsf T} A^{\mathsf T} A\,v = \lVert A v \rVert^2", source="definition")
def quadratic_form(expr: Expr) -> Expr | None:
    """For the name of a line only: a direction on both sides of the Hessian, as squares."""
    return None


LINEAR_EQUATIONS: tuple[Rule, ...] = (
    stationary,
    stacked,
    divide_sides,
    multiply_sides,
    other_side,
    factor_out,
    by_inverse,
    entrywise_as_diagonal,
    linear_system,
    hessian_of_gradient,
    quadratic_form,
)
