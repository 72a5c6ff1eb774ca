"""Numbers that have been put in for names, worked into what stands around them.

`a*x**2 + b*x` with 1 and -2 is x**2 - 2*x. Only what a reader would never write is removed: coefficients of one, terms
and factors of zero, powers of one; numbers that meet are added and multiplied. Nothing else is simplified.
"""

from __future__ import annotations

from fractions import Fraction

from derivgen.expr.build import factors_of, plus, product, terms_of
from derivgen.expr.nodes import ONE_NUMBER, SCALAR, ZERO_NUMBER, Expr, Number, Plus, Power, Product, Zeros
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import transform


def folded(expr: Expr) -> Expr:
    """`expr` with the numbers in it worked in.

    >>> from derivgen.expr.nodes import Symbol
    >>> from derivgen.expr.text import text
    >>> x, one, three = Symbol("x"), Number(Fraction(1)), Number(Fraction(3))
    >>> text(folded(Plus((Product((one, x)), Product((x, three)), three, one))))
    'x + 3 * x + 4'
    """
    return transform(expr, _fold)


def _fold(expr: Expr) -> Expr | None:
    match expr:
        case Plus(terms):
            return _sum(terms)
        case Product(factors):
            return _product(expr, factors)
        case Power(base, Number(exponent)):
            return _power(expr, base, exponent)
    return None


def _sum(terms: tuple[Expr, ...]) -> Expr:
    terms = tuple(inner for term in terms for inner in terms_of(term))
    numbers = [term for term in terms if isinstance(term, Number)]
    total = Number(sum((one.value for one in numbers), Fraction(0)), any(one.decimal for one in numbers))
    kept: list[Expr] = []
    for term in terms:
        if not isinstance(term, Number):
            kept.append(term)
        elif term is numbers[0] and total.value:
            kept.append(total)  # the sum of all numbers stands where the first one stood
    return plus(kept) if kept else ZERO_NUMBER


def _product(expr: Expr, factors: tuple[Expr, ...]) -> Expr:
    factors = tuple(inner for factor in factors for inner in factors_of(factor))
    numbers = [factor for factor in factors if isinstance(factor, Number)]
    if not numbers:
        return product(factors)
    value = Fraction(1)
    for number in numbers:
        value *= number.value
    if not value:
        return ZERO_NUMBER if is_scalar(expr) else Zeros(shape(expr))
    others = [factor for factor in factors if not isinstance(factor, Number)]
    if not others:
        return Number(value, any(number.decimal for number in numbers))
    front = [] if value == 1 else [Number(value, any(number.decimal for number in numbers))]
    return product((*front, *others))


def _power(expr: Expr, base: Expr, exponent: Fraction) -> Expr | None:
    if exponent == 1:
        return base
    if isinstance(base, Number) and exponent.denominator == 1 and (base.value or exponent >= 0):
        return Number(base.value ** int(exponent), base.decimal)
    if exponent == 0 and shape(expr) == SCALAR:
        return ONE_NUMBER
    return None
