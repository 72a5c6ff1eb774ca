"""A result written with one quantity: e^-x / (1 + e^-x)^2 in terms of s = 1 / (1 + e^-x) is s (1 - s)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derivgen.derivation import Rewrite, Rule, rule
from derivgen.derive.good_form import factor, tidied
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, plus, product, terms_of
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE_NUMBER,
    Apply,
    Expr,
    Function,
    Number,
    Plus,
    Power,
    Product,
    Symbol,
    number,
)
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import subexpressions, transform

HIGHEST_POWER = 4
"""Of the quantity, in what is tried."""
DIGITS = 40
SMALL = Fraction(1, 10 ** (DIGITS // 2))
MOST_DENOMINATOR = 1000
"""A coefficient that is no such fraction is not found."""


@rule("divide each term", law=r"\frac{a - b}{c} = \frac{a}{c} - \frac{b}{c}", source="elementary algebra")
def divide_terms(expr: Expr) -> Expr | None:
    match expr:
        case Product(factors):
            above = [one for one in factors if not _divides(one)]
            below = [one for one in factors if _divides(one)]
            if below and len(above) == 1 and isinstance(above[0], Plus):
                return plus(product((*factors_of(term), *below)) for term in terms_of(above[0]))
    return None


def _divides(expr: Expr) -> bool:
    return isinstance(expr, Power) and isinstance(expr.exponent, Number) and expr.exponent.value < 0


def written_with(quantity: Expr, meaning: Expr) -> Rule:
    """Powers of `quantity`, which stands for `meaning`, with rational coefficients."""

    @rule("in terms of", law=r"f = \sum_k c_k\,s^k", source="comparison of coefficients", letters=(quantity,))
    def written(expr: Expr) -> Expr | None:
        return _polynomial(expr, quantity, meaning)

    return written


def in_terms_lines(expr: Expr, quantity: Expr, meaning: Expr, heading: Expr) -> tuple[list[Rewrite], Expr]:
    """The lines that write `expr` with `quantity` alone.

    Raises CannotDerive where no polynomial in it with rational coefficients is found.
    """
    steps: list[Rewrite] = []
    current = tidied(expr)
    if text(current) != text(expr):
        current = expr
    divided = divide_terms(current)
    if divided is not None:
        plain = tidied(divided)
        steps.append(Rewrite((divide_terms,), current, plain, heading))
        current = plain
    elif (opened := _with_inverse(current, quantity)) is not None:
        steps += [Rewrite((named,), before, after, heading) for named, before, after in opened]
        current = opened[-1][2]
    law = written_with(quantity, meaning)
    after = law(current)
    if after is None:
        raise CannotDerive(f"no form of {text(expr)} in terms of {text(quantity)} was found")
    if text(after) != text(current):
        steps.append(Rewrite((law,), current, after, heading))
        current = after
    if isinstance(current, Plus) and (made := factor(current)) is not None and text(made) != text(current):
        if isinstance(made, Product) and ONE_NUMBER not in current.terms:
            steps.append(Rewrite((factor,), current, made, heading))
            current = made
    return steps, current


@rule("definition of the sigmoid", law=r"1 + e^{-x} = \frac{1}{\sigma(x)}", source="definition")
def sigmoid_known(expr: Expr) -> Expr | None:
    """1 + e^-u by 1/sigma(u), and e^-u by 1/sigma(u) - 1."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Plus(terms) if len(terms) == 2 and ONE_NUMBER in terms:
                (other,) = (term for term in terms if term != ONE_NUMBER)
                argument = _negative_exponent(other)
                return None if argument is None else Power(_sigmoid(argument), MINUS_ONE)
        return None

    def rest(node: Expr) -> Expr | None:
        argument = _negative_exponent(node)
        return None if argument is None else plus((Power(_sigmoid(argument), MINUS_ONE), MINUS_ONE))

    after = transform(transform(expr, change), rest)
    return None if after == expr else after


def _sigmoid(argument: Expr) -> Expr:
    return Apply(Function("sigmoid"), (argument,))


def _negative_exponent(expr: Expr) -> Expr | None:
    """The u of e^-u."""
    match expr:
        case Apply(Function("exp"), (Product((Number(value), *rest)),)) if value == -1 and rest:
            return product(rest)
    return None


def _with_inverse(expr: Expr, quantity: Expr) -> list[tuple[Rule, Expr, Expr]] | None:
    """For the sigmoid: e^-x and 1 + e^-x by it, then multiplied out."""
    if not isinstance(quantity, Apply) or quantity.function.name != "sigmoid":
        return None
    after = sigmoid_known(expr)
    return None if after is None else [(sigmoid_known, expr, tidied(after))]


def _polynomial(expr: Expr, quantity: Expr, meaning: Expr) -> Expr | None:
    """`expr` as a polynomial in `quantity`, its coefficients found from values and confirmed at others."""
    import mpmath
    import sympy

    letters = [node for node in subexpressions(meaning) if isinstance(node, Symbol)]
    if not letters:
        return None
    letter = letters[0]
    free = {node for node in subexpressions(expr) if isinstance(node, Symbol)}
    if not free <= {letter, *(node for node in subexpressions(quantity) if isinstance(node, Symbol))}:
        return None
    variable = to_sympy(letter)
    formulas = [_spelled(to_sympy(one)) for one in (expr, meaning)]
    for degree in range(1, HIGHEST_POWER + 1):
        places = [sympy.Rational(3 + 2 * n, 7) for n in range(degree + 4)]
        with mpmath.workdps(DIGITS):
            values, bases = (
                [mpmath.mpf(str(formula.subs(variable, place).evalf(DIGITS))) for place in places]
                for formula in formulas
            )
            rows = mpmath.matrix([[base**power for power in range(degree + 1)] for base in bases[: degree + 1]])
            try:
                solved = mpmath.lu_solve(rows, mpmath.matrix(values[: degree + 1]))
            except ZeroDivisionError:
                return None
            found = [_rational(value) for value in solved]
            exact = [one for one in found if one is not None]
            if len(exact) == len(found) and all(
                abs(_value(exact, base) - value) < float(SMALL) for base, value in zip(bases, values, strict=True)
            ):
                return _written(exact, quantity)
    return None


def _value(coefficients: list[Fraction], base: Any) -> Any:
    import mpmath

    return sum(mpmath.mpf(c.numerator) / c.denominator * base**power for power, c in enumerate(coefficients))


def _spelled(formula: Any) -> Any:
    """SymPy has no sigmoid."""
    import sympy

    return formula.replace(
        lambda node: node.func.__name__ == "sigmoid", lambda node: 1 / (1 + sympy.exp(-node.args[0]))
    )


def _rational(value: object) -> Fraction | None:
    exact = Fraction(str(value))
    found = exact.limit_denominator(MOST_DENOMINATOR)
    return found if abs(exact - found) < SMALL else None


def _written(coefficients: list[Fraction], quantity: Expr) -> Expr:
    terms: list[Expr] = []
    for power, value in enumerate(coefficients):
        if not value:
            continue
        base = ONE_NUMBER if power == 0 else quantity if power == 1 else Power(quantity, number(power))
        if power == 0:
            terms.append(Number(value))
        else:
            terms.append(base if value == 1 else product((Number(value), base)))
    return plus(terms)
