"""Laws of multiplying out products and powers of scalar sums, and of the order in which the terms stand.

Each rule leaves fewer products that have a sum among their factors, or brings terms into one order.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, plus, product, terms_of
from derivgen.expr.nodes import (
    ONE_NUMBER,
    ZERO_NUMBER,
    Entry,
    Expr,
    Matrix,
    Number,
    Pi,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
    number,
)
from derivgen.expr.shapes import is_scalar
from derivgen.expr.text import text
from derivgen.expr.walk import parts, with_parts
from derivgen.rules.algebra import like_terms
from derivgen.rules.assumptions import SYMMETRIC

ALGEBRA = "elementary algebra"

LARGEST_POWER = 4
"""A higher power of a sum is not written as a product."""

MOST_TERMS = 40
"""A product with more terms is not multiplied out: nothing readable comes of it."""


@rule("power", law=r"u^2 = u\,u", source=ALGEBRA)
def power_as_product(expr: Expr) -> Expr | None:
    """A power of a sum is a product of sums."""
    match expr:
        case Power(Plus() as base, Number(value)) if value.denominator == 1 and 2 <= value <= LARGEST_POWER:
            return Product((base,) * int(value)) if is_scalar(base) else None
    return None


@rule("square of a sum", law=r"(a + b)^2 = a^2 + 2\,a\,b + b^2", source=ALGEBRA)
def square_of_sum(expr: Expr) -> Expr | None:
    """Of two terms."""
    match expr:
        case Power(Plus((a, b)), Number(value)) if value == 2 and is_scalar(expr):
            return plus((monomial((a, a)), monomial((number(2), a, b)), monomial((b, b))))
    return None


@rule("distributive law", law=r"(a + b)\,c = a\,c + b\,c", source=ALGEBRA)
def distribute_first(expr: Expr) -> Expr | None:
    """Of a product with two sums or more, each term of the first with the whole of the second."""
    match expr:
        case Product(factors) if is_scalar(expr):
            sums = [n for n, factor in enumerate(factors) if isinstance(factor, Plus)]
            if len(sums) < 2:
                return None
            first, second = factors[sums[0]], factors[sums[1]]
            spread = plus(_merged_numbers((term, second)) for term in terms_of(first))
            after = (factor for n, factor in enumerate(factors) if n > sums[0] and n != sums[1])
            return product((*factors[: sums[0]], spread, *after))
    return None


def _merged_numbers(factors: tuple[Expr, Expr]) -> Expr:
    left, right = factors
    return right if left == ONE_NUMBER else product((left, right))


@rule("multiply out", law=r"a\,(b + c) = a\,b + a\,c", source=ALGEBRA)
def distribute_one(expr: Expr) -> Expr | None:
    """A product with one sum becomes a sum, each of its terms with numbers in front and equal factors as powers."""
    match expr:
        case Product(factors) if is_scalar(expr) and sum(isinstance(factor, Plus) for factor in factors) == 1:
            (inner,) = (factor for factor in factors if isinstance(factor, Plus))
            outside = [factor for factor in factors if factor is not inner]
            return plus(monomial((*outside, *factors_of(term))) for term in inner.terms)
    return None


@rule("arithmetic", law=r"2\,u \cdot 3\,u = 6\,u^2", source=ALGEBRA)
def tidy_monomial(expr: Expr) -> Expr | None:
    """Numbers multiplied in front, equal factors as powers, in the order of the alphabet."""
    match expr:
        case Product(factors) if is_scalar(expr) and not any(isinstance(factor, Plus) for factor in factors):
            made = monomial(factors)
            return None if made == expr else made
        case Power(Product(factors), Number(value)) if value.denominator == 1 and is_scalar(expr):
            return None if any(isinstance(factor, Plus) for factor in factors) else monomial((expr,))
    return None


def monomial(factors: Iterable[Expr]) -> Expr:
    """The product of scalar `factors`: its number first, equal bases as one power, then by the alphabet."""
    value = Fraction(1)
    exponents: dict[Expr, Fraction] = {}
    waiting = [inner for one in factors for inner in factors_of(one)]
    while waiting:
        factor = waiting.pop(0)
        match factor:
            case Number(own):
                value *= own
            case Power(Number(base), Number(own)) if own.denominator == 1 and base:
                value *= base ** int(own)
            case Power(Product(inner), Number(own)) if own.denominator == 1:
                waiting = [*(Power(one, Number(own)) for one in inner), *waiting]
            case Power(Power(inner_base, Number(inner_own)), Number(own)) if own.denominator == 1:
                waiting = [Power(inner_base, Number(inner_own * own)), *waiting]
            case Power(base, Number(own)):
                exponents[base] = exponents.get(base, Fraction(0)) + own
            case _:
                exponents[factor] = exponents.get(factor, Fraction(0)) + 1
    if not value:
        return ZERO_NUMBER
    bases = sorted((base for base, own in exponents.items() if own), key=_place)
    rest = [base if exponents[base] == 1 else Power(base, Number(exponents[base])) for base in bases]
    return product((*(() if value == 1 and rest else (Number(value),)), *rest))


def _place(base: Expr) -> tuple[int, str]:
    """Sizes, entries of matrices, then names, then sums and functions."""
    match base:
        case Size() | Pi():
            return 0, text(base)
        case Entry(_, subscripts) if len(subscripts) == 2:
            return 1, text(base)
        case Entry() | Symbol():
            return 2, text(base)
        case Plus(terms) if all(_is_coefficient(factor) for term in terms for factor in factors_of(term)):
            return 1, text(base)
        case Plus():
            return 3, text(base)
    return 4, text(base)


def _is_coefficient(factor: Expr) -> bool:
    return isinstance(factor, Number | Size) or (isinstance(factor, Entry) and len(factor.subscripts) == 2)


@rule("collect like terms", law=r"a\,u + b\,u = (a + b)\,u", source=ALGEBRA)
def collect_in_entries(expr: Expr) -> Expr | None:
    """Terms with one product of variables, whose coefficients are entries of matrices: (A_12 + A_21) x_1 x_2."""
    match expr:
        case Plus(terms):
            found: dict[Expr, list[Expr]] = {}
            for term in terms:
                outside = [factor for factor in factors_of(term) if _is_coefficient(factor)]
                rest = product(factor for factor in factors_of(term) if not _is_coefficient(factor))
                found.setdefault(rest, []).append(product(outside))
            if len(found) == len(terms):
                return None
            return plus(monomial((plus(own), rest)) if rest != ONE_NUMBER else plus(own) for rest, own in found.items())
    return None


@rule("symmetric", law=r"A_{ji} = A_{ij}", source="assumption")
def symmetric_entries(expr: Expr) -> Expr | None:
    """Of two entries that are equal, the one above the diagonal."""
    match expr:
        case Entry(Symbol(_, _, known) as symbol, (int() as row, int() as column)) if known & SYMMETRIC:
            return Entry(symbol, (column, row)) if row > column else None
    return None


@rule("order of terms", law="u + v = v + u", source=ALGEBRA)
def descending(expr: Expr) -> Expr | None:
    """A polynomial from its highest degree on."""
    match expr:
        case Plus(terms) if is_scalar(expr):
            known = [_exponents(term) for term in terms]
            if any(one is None for one in known):
                return None
            exponents = [one for one in known if one is not None]
            bases = sorted({base for one in exponents for base in one}, key=_place)
            # in x^2 + b x the b, never squared, is taken for a coefficient
            linear = {base for base in bases if all(one.get(base, 0) <= 1 for one in exponents)}
            keys = [
                (
                    -sum(one.values()),
                    len(linear & one.keys()) if len(linear) < len(bases) else 0,
                    *(-one.get(base, Fraction(0)) for base in bases),
                )
                for one in exponents
            ]
            order = sorted(range(len(terms)), key=lambda n: keys[n])
            return None if order == list(range(len(terms))) else Plus(tuple(terms[n] for n in order))
    return None


def _exponents(term: Expr) -> dict[Expr, Fraction] | None:
    """The exponents of the variables of a monomial; None for what is no such."""
    found: dict[Expr, Fraction] = {}
    for factor in factors_of(term):
        match factor:
            case Power(Symbol() | Entry() as base, Number(value)) if value > 0:
                found[base] = found.get(base, Fraction(0)) + value
            case Symbol() | Entry():
                if not _is_coefficient(factor):
                    found[factor] = found.get(factor, Fraction(0)) + 1
            case Number() | Size():
                pass
            case Plus(terms) if all(_is_coefficient(f) for inner in terms for f in factors_of(inner)):
                pass
            case _:
                return None
    return found


def by_degree(expr: Expr) -> Expr:
    """A scalar sum, or each entry of an array, with the terms of higher degree first; else as it is."""
    match expr:
        case Matrix(entries, of):
            return Matrix(tuple(map(by_degree, entries)), of)
        case Plus(terms) if is_scalar(expr):
            known = [_exponents(term) for term in terms]
            degrees = [sum(one.values()) for one in known if one is not None]
            if len(degrees) == len(terms):
                return plus(terms[place] for place in sorted(range(len(terms)), key=lambda n: -degrees[n]))
    return expr


def collected(expr: Expr) -> Expr:
    """A scalar sum, or each entry of an array, with its like terms together and in order."""
    match expr:
        case Matrix(entries, of):
            return Matrix(tuple(map(collected, entries)), of)
        case Product(factors) if any(isinstance(factor, Plus) for factor in factors):
            return product(map(collected, factors))
        case Plus() if is_scalar(expr):
            joined = like_terms(expr) or expr
            joined = collect_in_entries(joined) or joined
            return descending(joined) or joined
    return expr


@rule("collect like terms", law=r"a\,u + b\,u = (a + b)\,u", source=ALGEBRA)
def collect(expr: Expr) -> Expr | None:
    made = collected(expr)
    return None if made == expr else made


SPREADING: tuple[Rule, ...] = (square_of_sum, power_as_product, distribute_first, distribute_one, tidy_monomial)


def spread_once(expr: Expr, used: list[Rule]) -> Expr:
    """`expr` with the sums and products that it is built of multiplied out by one step, innermost first.

    What stands inside a function or below a fraction bar is left as it is.
    """
    if isinstance(expr, Plus | Product | Matrix):
        below = with_parts(expr, tuple(spread_once(part, used) for part in parts(expr)))
        below = plus(below.terms) if isinstance(below, Plus) else below
        if below != expr:
            return below
    for one in SPREADING:
        if isinstance(expr, Matrix) or (isinstance(expr, Plus) and not is_scalar(expr)):
            return expr
        after = one(expr)
        if after is not None and len(terms_of(after)) <= MOST_TERMS:
            used += [] if one in used else [one]
            return after
    return expr


MULTIPLYING: tuple[Rule, ...] = (*SPREADING, collect, collect_in_entries, descending, symmetric_entries)
"""All of them, for the catalogue."""
