"""Laws of arithmetic on scalars in index notation: what is left of a line when nothing is done to it but tidying.

Each rule makes the expression smaller or its numbers fewer.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, matmul, plus, product, terms_of
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE_NUMBER,
    ZERO_NUMBER,
    Apply,
    Delta,
    Expr,
    MatMul,
    Number,
    Plus,
    Power,
    Product,
    Size,
    Sum,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.text import split_sign, text
from derivgen.expr.walk import free_indices, size

ARITHMETIC = "elementary algebra"
ABRAMOWITZ = "Abramowitz & Stegun, Handbook of Mathematical Functions (1964), sec. 4.3 and 4.5"

MOST_TERMS = 64
"""A product with more terms is not multiplied out: nothing readable comes of it."""


@rule("a term of zero", law="u + 0 = u", source=ARITHMETIC)
def zero_term(expr: Expr) -> Expr | None:
    match expr:
        case Plus(terms) if ZERO_NUMBER in terms or any(isinstance(term, Zeros) for term in terms):
            kept = tuple(term for term in terms if term != ZERO_NUMBER and not isinstance(term, Zeros))
            if not kept:
                return terms[0]
            return plus(kept) if shape(plus(kept)) == shape(expr) else None
    return None


@rule("a factor of zero", law=r"0 \cdot u = 0", source=ARITHMETIC)
def zero_factor(expr: Expr) -> Expr | None:
    match expr:
        case Product(factors) if ZERO_NUMBER in factors and is_scalar(expr):
            return ZERO_NUMBER
        case Sum(_, body) if body == ZERO_NUMBER:
            return ZERO_NUMBER
        case Product(factors) | MatMul(factors) if any(isinstance(factor, Zeros) for factor in factors):
            return ZERO_NUMBER if is_scalar(expr) else Zeros(shape(expr))
        case Transpose(Zeros((rows, columns))):
            return Zeros((columns, rows))
    return None


@rule("arithmetic", law=r"2 \cdot 3 = 6", source=ARITHMETIC)
def arithmetic(expr: Expr) -> Expr | None:
    """Numbers in one product are multiplied and stand in front; numbers in one sum are added, at the first one's
    place.
    """
    match expr:
        case Product(factors):
            numbers = [factor.value for factor in factors if isinstance(factor, Number)]
            rest = [factor for factor in factors if not isinstance(factor, Number)]
            if not numbers or (len(numbers) == 1 and factors[0] == Number(numbers[0]) and numbers[0] != 1):
                return None
            value = Fraction(1)
            for one in numbers:
                value *= one
            return product((*(() if value == 1 and rest else (Number(value),)), *rest))
        case Plus(terms) if sum(isinstance(term, Number) for term in terms) > 1:
            value = sum((term.value for term in terms if isinstance(term, Number)), Fraction(0))
            first = next(n for n, term in enumerate(terms) if isinstance(term, Number))
            return plus(
                Number(value) if n == first else term
                for n, term in enumerate(terms)
                if n == first or not isinstance(term, Number)
            )
        case Power(base, Number(Fraction(numerator=1, denominator=1))):
            return base
        case Power(base, Number(Fraction(numerator=0))) if is_scalar(base):
            return ONE_NUMBER
        case Power(Number(value), Number(exponent)) if exponent.denominator == 1 and abs(exponent) <= 8 and value:
            return Number(value ** int(exponent))
        case Size(dim) if not dim.names:
            return Number(Fraction(dim.number))
    return None


@rule("cancel", law=r"u^a\,u^b = u^{a+b}", source=ARITHMETIC)
def cancel(expr: Expr) -> Expr | None:
    """Powers of one scalar in a product become one power."""
    match expr:
        case Product(factors):
            split = [_base_and_exponent(factor) for factor in factors]
            for first, (base, exponent) in enumerate(split):
                for second in range(first + 1, len(split)):
                    other, further = split[second]
                    # x_i x_i stays as it is: the law is for what cancels, not for making squares
                    if other == base and is_scalar(base) and (exponent < 0 or further < 0):
                        merged = Power(base, Number(exponent + further)) if exponent + further else ONE_NUMBER
                        return product((*factors[:first], merged, *factors[first + 1 : second], *factors[second + 1 :]))
        case Power(Product(factors), Number(value)) if value == -1 and isinstance(factors[0], Number):
            return product((Number(1 / factors[0].value), Power(product(factors[1:]), Number(value))))
        case Power(Product(factors), Number(value)) if value.denominator == 1 and _has_quotient(factors):
            return product(_raised(factor, value) for factor in factors)
        case Power(Power(base, Number(inner)), Number(outer)) if inner.denominator == outer.denominator == 1:
            return Power(base, Number(inner * outer))
    return None


def _has_quotient(factors: tuple[Expr, ...]) -> bool:
    return any(isinstance(factor, Power) and isinstance(factor.exponent, Number) for factor in factors)


def _raised(factor: Expr, value: Fraction) -> Expr:
    match factor:
        case Power(base, Number(inner)):
            return Power(base, Number(inner * value))
    return Power(factor, Number(value))


def _base_and_exponent(factor: Expr) -> tuple[Expr, Fraction]:
    match factor:
        case Power(base, Number(value)):
            return base, value
        case _:
            return factor, Fraction(1)


@rule("constant out of a sum", law=r"\sum_i c\,u_i = c \sum_i u_i", source=ARITHMETIC)
def constant_out_of_sum(expr: Expr) -> Expr | None:
    """Numbers only: other factors stay where they stand beside what they are multiplied with."""
    match expr:
        case Sum(index, body):
            numbers = tuple(factor for factor in factors_of(body) if isinstance(factor, Number))
            rest = tuple(factor for factor in factors_of(body) if not isinstance(factor, Number))
            if numbers and rest:
                return product((*numbers, Sum(index, product(rest))))
    return None


@rule("sum of a constant", law=r"\sum_{i=1}^{n} c = n\,c", source=ARITHMETIC)
def sum_of_constant(expr: Expr) -> Expr | None:
    match expr:
        case Sum(index, body) if index not in free_indices(body):
            return product((Size(index.dim), body))
    return None


@rule("a delta of equal indices", law=r"\delta_{ii} = 1,\ \delta_{ij}\delta_{ij} = \delta_{ij}", source=ARITHMETIC)
def equal_delta(expr: Expr) -> Expr | None:
    match expr:
        case Delta(left, right) if left == right:
            return ONE_NUMBER
        case Delta(int(), int()):
            return ZERO_NUMBER
        case Product(factors):
            for place, factor in enumerate(factors):
                if isinstance(factor, Delta) and any(_same_delta(factor, other) for other in factors[:place]):
                    return product((*factors[:place], *factors[place + 1 :]))
    return None


def _same_delta(left: Delta, right: Expr) -> bool:
    return isinstance(right, Delta) and {left.left, left.right} == {right.left, right.right}


@rule("exponential and logarithm", law=r"\log e^{u} = u", source=ARITHMETIC)
def inverse_functions(expr: Expr) -> Expr | None:
    match expr:
        case Apply(outer, (Apply(inner, (argument,)),)) if (outer.name, inner.name) == ("log", "exp"):
            return argument
    return None


_TANGENTS = {("sin", "cos"): "tan", ("sinh", "cosh"): "tanh"}


@rule(
    "quotient of functions",
    law=r"\frac{\sin u}{\cos u} = \tan u,\ \frac{\sinh u}{\cosh u} = \tanh u",
    source=ABRAMOWITZ,
)
def tangent(expr: Expr) -> Expr | None:
    match expr:
        case Product(factors):
            for place, above in enumerate(factors):
                if not isinstance(above, Apply):
                    continue
                for (top, bottom), name in _TANGENTS.items():
                    below = Power(replace(above, function=replace(above.function, name=bottom)), MINUS_ONE)
                    if above.function.name == top and below in factors:
                        made = replace(above, function=replace(above.function, name=name))
                        rest = (*factors[:place], made, *factors[place + 1 :])
                        return product(factor for factor in rest if factor != below)
    return None


@rule("collect like terms", law="a\\,u + b\\,u = (a + b)\\,u", source=ARITHMETIC)
def like_terms(expr: Expr) -> Expr | None:
    """Terms that differ in a number only, at the first one's place; the order of scalar factors does not matter."""
    match expr:
        case Plus(terms):
            found: dict[tuple[object, ...], tuple[Fraction, Expr]] = {}
            for term in terms:
                numbers = [factor.value for factor in factors_of(term) if isinstance(factor, Number)]
                rest = product(factor for factor in factors_of(term) if not isinstance(factor, Number))
                key = _unordered(rest)
                value = Fraction(1)
                for one in numbers:
                    value *= one
                found[key] = (found[key][0] + value, found[key][1]) if key in found else (value, rest)
            if len(found) == len(terms):
                return None
            kept = [_scaled(value, rest) for value, rest in found.values() if value]
            if not kept:
                return ZERO_NUMBER if is_scalar(expr) else Zeros(shape(expr))
            return plus(kept)
    return None


@rule("multiply out", law=r"(a + b)\,c = a\,c + b\,c", source=ARITHMETIC)
def multiply_out(expr: Expr) -> Expr | None:
    """Only where terms cancel or join so that the sum gets shorter: y (1 - s) - s (1 - y) is y - s."""
    match expr:
        case Plus(terms) if any(isinstance(factor, Plus) for term in terms for factor in factors_of(term)):
            out = plus(one for term in terms for one in _multiplied(factors_of(term)))
            collected = like_terms(out)
            if collected is not None and shape(collected) == shape(expr) and size(collected) < size(expr):
                return collected
    return None


def _multiplied(factors: tuple[Expr, ...]) -> list[Expr]:
    """The terms of a product, its sums multiplied out; numbers multiplied together in front."""
    found: list[list[Expr]] = [[]]
    for factor in factors:
        found = [[*one, *factors_of(term)] for one in found for term in terms_of(factor)]
        if len(found) > MOST_TERMS:
            return [product(factors)]
    results: list[Expr] = []
    for one in found:
        value = Fraction(1)
        for factor in one:
            value *= factor.value if isinstance(factor, Number) else 1
        rest = [factor for factor in one if not isinstance(factor, Number)]
        results.append(_scaled(value, product(rest)))
    return results


@rule("order of terms", law="-u + v = v - u", source=ARITHMETIC)
def positive_first(expr: Expr) -> Expr | None:
    """A sum does not begin with a minus where it need not."""
    match expr:
        case Plus(terms) if split_sign(terms[0])[0] < 0:
            ahead = next((n for n, term in enumerate(terms) if split_sign(term)[0] > 0), None)
            if ahead is not None:
                return plus((terms[ahead], *terms[:ahead], *terms[ahead + 1 :]))
    return None


@rule("order of terms", law="u + v = v + u", source=ARITHMETIC)
def order_of_terms(expr: Expr) -> Expr | None:
    """Arrays are added short ones first and minus signs last, so that the order of the input does not show."""
    match expr:
        case Plus(terms) if not is_scalar(expr):
            ordered = tuple(sorted(terms, key=lambda term: (split_sign(term)[0] < 0, size(term), text(term))))
            return None if ordered == terms else Plus(ordered)
    return None


@rule("minus a difference", law="-(u - v) = v - u", source=ARITHMETIC)
def minus_difference(expr: Expr) -> Expr | None:
    match expr:
        case Product((Number(value), Plus((first, second)))) if value == -1:
            return _difference_turned(first, second)
        case Product((Number(value), MatMul((Plus((first, second)), *more)))) if value == -1:
            turned = _difference_turned(first, second)
            return None if turned is None else MatMul((turned, *more))
    return None


def _difference_turned(first: Expr, second: Expr) -> Expr | None:
    (sign, _), (other, rest) = split_sign(first), split_sign(second)
    return plus((rest, product((Number(Fraction(-1)), first)))) if sign > 0 > other else None


def _unordered(expr: Expr) -> tuple[object, ...]:
    factors = tuple(_either_way(factor) for factor in factors_of(expr))
    return (frozenset((factor, factors.count(factor)) for factor in factors),)


def _either_way(factor: Expr) -> object:
    """A delta is the same with its subscripts exchanged."""
    return frozenset((factor.left, factor.right)) if isinstance(factor, Delta) else factor


def _scaled(value: Fraction, rest: Expr) -> Expr:
    if rest == ONE_NUMBER:
        return Number(value)
    return rest if value == 1 else product((Number(value), rest))


@rule("scalar factors in front", law=r"A\,(c\,B) = c\,A B", source=ARITHMETIC)
def scalars_in_front(expr: Expr) -> Expr | None:
    match expr:
        case MatMul(factors):
            rebuilt = matmul(factors)
            return None if rebuilt == expr else rebuilt
        case Product(factors) if any(isinstance(factor, Product) for factor in factors):
            return product(factors)
        case Plus(terms) if any(isinstance(term, Plus) for term in terms):
            return plus(terms_of(expr))
    return None


TIDY: tuple[Rule, ...] = (
    zero_term,
    zero_factor,
    arithmetic,
    cancel,
    sum_of_constant,
    equal_delta,
    inverse_functions,
    scalars_in_front,
)
"""Folded into the line where they happen."""
