"""Laws of the chain rule through named quantities, and the trigonometric identities that shorten what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, plus, product
from derivgen.expr.nodes import ONE_NUMBER, Apply, Expr, Function, Number, Partial, Plus, Power, Product, Symbol
from derivgen.expr.sympy_bridge import from_sympy, is_scalar_formula, to_sympy
from derivgen.expr.walk import subexpressions
from derivgen.rules.algebra import arithmetic, like_terms
from derivgen.rules.multiplying import monomial

STEWART = "Stewart, Calculus (2015), sec. 14.5"
TRIGONOMETRY = "trigonometry"


@rule(
    "chain rule",
    law=r"\frac{\partial f}{\partial x} = \frac{\partial f}{\partial u} \frac{\partial u}{\partial x}"
    r" + \frac{\partial f}{\partial v} \frac{\partial v}{\partial x}",
    source=STEWART,
)
def chain_rule(expr: Expr) -> Expr | None:
    """For the name of a line only: a product for each path from f to x."""
    return None


@rule("chain rule", law=r"\nabla_x f = J^{\mathsf T}\, \nabla_y f", source=STEWART)
def chain_rule_matrix(expr: Expr) -> Expr | None:
    """For the name of a line only: the same with the products as one of matrices."""
    return None


@rule("Jacobian matrix", law=r"J_{ij} = \partial y_i / \partial x_j", source="definition")
def jacobian_matrix(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("partial derivatives", law=r"\partial (x y) / \partial x = y", source="Stewart, Calculus (2015), sec. 14.3")
def partial_derivative(expr: Expr) -> Expr | None:
    match expr:
        case Partial(body, Symbol() as wrt) if is_scalar_formula(body) and wrt in subexpressions(body):
            import sympy

            known = {node.name: node for node in subexpressions(body) if isinstance(node, Symbol)}
            formula = to_sympy(body)
            return from_sympy(sympy.diff(formula, to_sympy(wrt)), known, {})
    return None


@rule("put the derivatives in", law=r"\frac{\partial u}{\partial x} = y", source="the table")
def put_derivatives_in(expr: Expr) -> Expr | None:
    """For the name of a line only: what they are stands in the table."""
    return None


@rule("substitute back", law=r"u = x y", source="definition")
def substitute_back(expr: Expr) -> Expr | None:
    """For the name of a line only: a named quantity by what it stands for."""
    return None


@rule("arithmetic", law=r"2\,x \cdot 3 = 6\,x", source="elementary algebra")
def tidy_terms(expr: Expr) -> Expr | None:
    """Each term with its numbers multiplied in front, like terms together; sums inside a product likewise."""
    after = tidied(expr)
    return None if after == expr else after


def tidied(expr: Expr) -> Expr:
    """`expr` with the products in it as monomials and the sums in it opened, as far as that is no multiplying out."""
    match expr:
        case Plus(terms):
            opened: list[Expr] = []
            for term in map(tidied, terms):
                opened += _opened(term)
            joined = plus(opened)
            return like_terms(joined) or joined
        case Product(factors):
            made = monomial(map(tidied, factors))
            return made
        case Power(base, exponent):
            made = Power(tidied(base), exponent)
            return monomial((made,)) if isinstance(exponent, Number) else (arithmetic(made) or made)
        case Apply(function, arguments):
            return Apply(function, tuple(map(tidied, arguments)))
    return expr


def _opened(term: Expr) -> list[Expr]:
    """The terms of -(a - b), or of a sum inside a sum."""
    match term:
        case Plus(terms):
            return list(terms)
        case Product((Number() as value, Plus(terms))) if value.value == -1:
            return [monomial((value, one)) for one in terms]
    return [term]


# --- trigonometry ---------------------------------------------------------------------------------------------------


@rule("tangent and cosine", law=r"1 + \tan^2 u = \frac{1}{\cos^2 u}", source=TRIGONOMETRY)
def one_plus_square_of_tangent(expr: Expr) -> Expr | None:
    match expr:
        case Plus((first, second)):
            for one, other in ((first, second), (second, first)):
                match other:
                    case Power(Apply(Function("tan"), (argument,)), Number(value)) if one == ONE_NUMBER and value == 2:
                        return Power(Apply(Function("cos"), (argument,)), Number(Fraction(-2)))
    return None


@rule(
    "tangent and cosine",
    law=r"\cos a\,\cos b\,(1 - \tan a\,\tan b) = \cos a\,\cos b - \sin a\,\sin b",
    source=TRIGONOMETRY,
)
def cosines_times_tangents(expr: Expr) -> Expr | None:
    """To one power, below the bar or above it."""
    match expr:
        case Product(factors):
            for factor in factors:
                match factor:
                    case Power(Plus(terms), Number() as exponent) if (pair := _one_minus_tangents(terms)) is not None:
                        cosines = [Power(Apply(Function("cos"), (own,)), exponent) for own in pair]
                        rest = list(factors)
                        rest.remove(factor)
                        if all(cosine in rest for cosine in cosines):
                            for cosine in cosines:
                                rest.remove(cosine)
                            products = [
                                product(Apply(Function(name), (own,)) for own in pair) for name in ("cos", "sin")
                            ]
                            inner = plus((products[0], product((Number(Fraction(-1)), products[1]))))
                            return product((*rest, Power(inner, exponent)))
    return None


def _one_minus_tangents(terms: tuple[Expr, ...]) -> tuple[Expr, Expr] | None:
    """The a and b of 1 - tan a tan b."""
    if len(terms) != 2 or ONE_NUMBER not in terms:
        return None
    other = terms[1] if terms[0] == ONE_NUMBER else terms[0]
    match factors_of(other):
        case (Number(value), Apply(Function("tan"), (a,)), Apply(Function("tan"), (b,))) if value == -1:
            return a, b
    return None


@rule("cosine of a sum", law=r"\cos a\,\cos b - \sin a\,\sin b = \cos(a + b)", source=TRIGONOMETRY)
def cosine_of_sum(expr: Expr) -> Expr | None:
    match expr:
        case Plus((Product((Apply(Function("cos"), (a,)), Apply(Function("cos"), (b,)))), Product(factors))):
            sines = [Apply(Function("sin"), (own,)) for own in (a, b)]
            if factors == (Number(Fraction(-1)), *sines):
                return Apply(Function("cos"), (Plus((a, b)),))
    return None


IDENTITIES: Sequence[Rule] = (one_plus_square_of_tangent, cosines_times_tangents, cosine_of_sum)
"""In the order in which one prepares for the next."""

CHAINING: tuple[Rule, ...] = (
    chain_rule,
    chain_rule_matrix,
    jacobian_matrix,
    partial_derivative,
    put_derivatives_in,
    substitute_back,
    tidy_terms,
    *IDENTITIES,
)
