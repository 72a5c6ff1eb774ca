"""An expression as terms that are linear in one unknown, with their scalars in front."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, matmul, plus, product, terms_of, transpose
from derivgen.expr.nodes import (
    ONE_NUMBER,
    Expr,
    MatMul,
    Number,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
)
from derivgen.expr.shapes import is_scalar
from derivgen.expr.text import text
from derivgen.expr.walk import depends_on
from derivgen.rules.algebra import TIDY, like_terms
from derivgen.rules.assumptions import symmetric_rule
from derivgen.rules.matrix_products import TRANSPOSING
from derivgen.rules.multiplying import monomial

MOST_TERMS = 40


@dataclass(frozen=True, slots=True)
class Term:
    """The product of `scalars`, and of `chain` and the unknown where `linear`."""

    scalars: Expr
    chain: tuple[Expr, ...]
    linear: bool

    @property
    def coefficient(self) -> Expr:
        """What the unknown is multiplied by, or the term that it is not in."""
        return matmul((self.scalars, *self.chain)) if self.chain else self.scalars


def without_one(factors: tuple[Expr, ...]) -> tuple[Expr, ...]:
    return tuple(factor for factor in factors if factor != ONE_NUMBER) or (ONE_NUMBER,)


def times(coefficient: Expr, unknown: Expr) -> Expr:
    return unknown if coefficient == ONE_NUMBER else product((coefficient, unknown))


def summed(terms: list[Expr]) -> Expr:
    made = exhausted(plus(terms), (*TIDY, like_terms), [])
    return exhausted(made, (symmetric_rule,), [])


def spread(expr: Expr) -> list[Expr]:
    """The terms of an array or a scalar, everything multiplied out, scalars in front as one monomial."""
    flat = exhausted(expr, TRANSPOSING, [])
    found = _multiplied(flat)
    if len(found) > MOST_TERMS:
        raise CannotDerive(f"the gradient has more than {MOST_TERMS} terms")
    return found


def _multiplied(expr: Expr) -> list[Expr]:
    match expr:
        case Plus(terms):
            return [one for term in terms for one in _multiplied(term)]
        case Product(factors) | MatMul(factors):
            join = matmul if isinstance(expr, MatMul) else product
            made: list[list[Expr]] = [[]]
            for factor in factors:
                made = [[*left, term] for left in made for term in _multiplied(factor)]
                if len(made) > MOST_TERMS:
                    break
            return [fronted(join(one)) for one in made]
        case Power(base, Number(value)) if value == 2 and is_scalar(base) and isinstance(base, Plus):
            return _multiplied(Product((base, base)))
    return [expr]


def fronted(expr: Expr) -> Expr:
    scalars = [f for f in factors_of(expr) if is_scalar(f) and not isinstance(f, MatMul)]
    rest = [f for f in factors_of(expr) if f not in scalars]
    return product(without_one((monomial(scalars), *rest))) if scalars else expr


def term_of(expr: Expr, wrt: Symbol) -> Term:
    """One term of the gradient.

    Raises CannotDerive where it is not linear in the unknown.
    """
    factors = factors_of(expr)
    moving = [factor for factor in factors if depends_on(factor, wrt)]
    fixed = [factor for factor in factors if not depends_on(factor, wrt)]
    scalars = product(without_one(tuple(factor for factor in fixed if is_scalar(factor))))
    arrays = tuple(factor for factor in fixed if not is_scalar(factor))
    if not moving:
        return Term(scalars, arrays, False)
    if len(moving) == 1:
        chain = _before(moving[0], wrt)
        if chain is not None and len(arrays) <= 1:
            if is_scalar(wrt):
                return Term(product(without_one((scalars, *chain, *arrays))), (), True)
            if is_scalar(moving[0]) and arrays and not is_scalar(wrt):
                return Term(scalars, tuple(f for a in (*arrays, *chain) for f in links(a)), True)
            if not arrays:
                return Term(scalars, chain, True)
    raise CannotDerive(f"the equation is not linear in {wrt.name}: it has the term {text(expr)}")


def links(array: Expr) -> tuple[Expr, ...]:
    return array.factors if isinstance(array, MatMul) else (array,)


def _before(expr: Expr, wrt: Symbol) -> tuple[Expr, ...] | None:
    """The factors before the unknown at the end of a product; for a scalar product, also the other way round."""
    if expr == wrt:
        return ()
    match expr:
        case MatMul(factors):
            if factors[-1] == wrt and not any(depends_on(factor, wrt) for factor in factors[:-1]):
                return factors[:-1]
            turned = tuple(transpose(factor) for factor in reversed(factors))
            if is_scalar(expr) and turned[-1] == wrt and not any(depends_on(factor, wrt) for factor in turned[:-1]):
                return turned[:-1]
    return None


def multiplier(terms: list[Term]) -> Expr:
    """What makes the numbers of the equation whole and small, its sizes no divisors, and its first term positive."""
    numbers: list[Fraction] = []
    sizes: dict[Expr, list[Fraction]] = {}
    for term in terms:
        value, own = Fraction(1), dict[Expr, Fraction]()
        for factor in factors_of(term.scalars):
            match factor:
                case Number(one):
                    value *= one
                case Size():
                    own[factor] = own.get(factor, Fraction(0)) + 1
                case Power(Size() as base, Number(exponent)):
                    own[base] = own.get(base, Fraction(0)) + exponent
        if value:
            numbers.append(value)
        for one_size in {*sizes, *own}:
            sizes.setdefault(one_size, [Fraction(0)] * (len(numbers) - 1))
        for one_size, powers in sizes.items():
            powers.append(own.get(one_size, Fraction(0)))
    top = gcd(*(abs(one.numerator) for one in numbers)) if numbers else 1
    bottom = 1
    for one in numbers:
        bottom = bottom * one.denominator // gcd(bottom, one.denominator)
    first = next((v for v in (_number_of(term) for term in terms if term.linear)), Fraction(1))
    scale = Fraction(bottom, top) * (-1 if first < 0 else 1)
    return monomial((Number(scale), *(Power(base, Number(-min(powers))) for base, powers in sizes.items())))


def _number_of(term: Term) -> Fraction:
    value = Fraction(1)
    for factor in factors_of(term.scalars):
        value *= factor.value if isinstance(factor, Number) else 1
    return value


def scaled_by(expr: Expr, factor: Expr) -> Expr:
    """`expr` times `factor`, which goes into a sum where it does not cancel in front of it."""
    match expr:
        case Plus(terms):
            return plus(scaled_by(term, factor) for term in terms)
        case Product(factors):
            scalars = [f for f in factors if is_scalar(f) and not isinstance(f, Plus | MatMul)]
            rest = [f for f in factors if f not in scalars]
            front = monomial((*scalars, factor))
            if len(rest) == 1 and front != ONE_NUMBER:
                return scaled_by(rest[0], front)
            return product(without_one((front, *rest)))
    if isinstance(expr, MatMul) or not is_scalar(expr):
        return product(without_one((factor, expr)))
    return monomial((factor, expr))


def has_quotient_inside(expr: Expr) -> bool:
    """Whether a sum in the product `expr` has terms with a divisor."""
    return any(
        isinstance(f, Power) and isinstance(f.exponent, Number) and f.exponent.value < 0
        for inner in factors_of(expr)
        for term in (terms_of(inner) if isinstance(inner, Plus) else ())
        for f in factors_of(term)
    )
