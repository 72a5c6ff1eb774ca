"""The laws of ordinary calculus, each on an expression it is about, and that what they give is true."""

from __future__ import annotations

import pytest

from derivgen.derivation import Rule
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE_NUMBER,
    ZERO_NUMBER,
    Apply,
    Expr,
    Function,
    Group,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Symbol,
    number,
)
from derivgen.rules import calculus
from derivgen.rules.calculus import FUNCTION_RULES
from derivgen.rules.functions import DERIVATIVES
from derivgen.verify.checks import check_equal

x, y = Symbol("x"), Symbol("y")
u, v = Symbol("u"), Symbol("v")
MEANINGS = {"u": Plus((Power(x, number(2)), ONE_NUMBER)), "v": Apply(Function("exp"), (x,))}
"""What the letters of a product or a chain stand for when a row is checked."""


def fn(name: str, argument: Expr) -> Expr:
    return Apply(Function(name), (argument,))


def over(expr: Expr) -> Expr:
    return Power(expr, MINUS_ONE)


TWO, THREE = number(2), number(3)
x2 = Power(x, TWO)

# rule, before, after; None where the rule leaves the expression alone
TABLE: list[tuple[Rule, Expr, Expr | None]] = [
    (calculus.constant, Partial(Product((TWO, y)), x), ZERO_NUMBER),
    (calculus.constant, Partial(x2, x), None),
    (calculus.identity, Partial(x, x), ONE_NUMBER),
    (calculus.power_of_x, Partial(Power(x, THREE), x), Product((THREE, x2))),
    (calculus.power_of_x, Partial(Power(x, y), x), Product((y, Power(x, Plus((y, MINUS_ONE)))))),
    (calculus.power_of_x, Partial(Power(fn("sin", x), THREE), x), None),
    (calculus.exponential, Partial(Power(TWO, x), x), Product((Power(TWO, x), fn("log", TWO)))),
    (
        calculus.product_rule,
        Partial(Product((u, v)), x),
        Plus((Product((Partial(u, x), v)), Product((u, Partial(v, x))))),
    ),
    (calculus.product_rule, Partial(Product((x, fn("sin", x))), x), None),
    (
        calculus.quotient_rule,
        Partial(Product((u, over(v))), x),
        Product(
            (
                Plus((Product((Partial(u, x), v)), Product((MINUS_ONE, u, Partial(v, x))))),
                Power(v, number(-2)),
            )
        ),
    ),
    (
        calculus.chain_through(u),
        Partial(fn("sin", u), x),
        Product((Partial(fn("sin", u), u), Partial(u, x))),
    ),
    (
        calculus.logarithmic,
        Partial(Power(x, x), x),
        Product((Power(x, x), Partial(Product((x, fn("log", x))), x))),
    ),
    (calculus.logarithmic, Partial(Power(x, TWO), x), None),
    (calculus.negative_power, Power(x, number(-2)), Power(x, Group(number(-2)))),
    (calculus.merge_powers, Product((x, y, x2)), Product((Power(x, THREE), y))),
    (
        calculus.exponentials_cancel,
        Product((TWO, fn("exp", x2), fn("exp", Product((MINUS_ONE, x2))))),
        TWO,
    ),
    (calculus.exponentials_cancel, Product((fn("exp", x2), fn("exp", x))), None),
    (calculus.root_squared, Power(fn("sqrt", Plus((x2, TWO))), TWO), Plus((x2, TWO))),
    (
        calculus.turned_difference,
        Product((number(-2), x, Plus((y, number(-3))))),
        Product((TWO, x, Plus((THREE, Product((MINUS_ONE, y)))))),
    ),
    (calculus.sign_over_abs, Product((fn("sign", x), over(fn("abs", x)))), over(x)),
    (
        calculus.positive_part,
        Product((TWO, fn("relu", x), fn("step", x))),
        Product((TWO, fn("relu", x))),
    ),
    (
        calculus.order_of_factors,
        Product((fn("cos", x), x, number(6))),
        Product((number(6), x, fn("cos", x))),
    ),
    (calculus.order_of_factors, Product((TWO, x, y)), None),
    (
        calculus.order_of_polynomial,
        Plus((ONE_NUMBER, x, x2)),
        Plus((x2, x, ONE_NUMBER)),
    ),
    (
        calculus.order_of_polynomial,
        Plus((Product((MINUS_ONE, x2)), ONE_NUMBER)),
        Plus((ONE_NUMBER, Product((MINUS_ONE, x2)))),
    ),
    (
        calculus.distribute_fully,
        Product((Plus((x, TWO)), Plus((x, number(-3))))),
        Plus((x2, Product((number(-3), x)), Product((TWO, x)), number(-6))),
    ),
    (calculus.distribute_fully, Product((TWO, x)), None),
    (calculus.put_back({u: x2}), Product((y, u)), Product((y, x2))),
]


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda one: getattr(one, "name", ""))
def test_rewrites(rule: Rule, before: Expr, after: Expr | None) -> None:
    assert rule(before) == after


TRUE = [row for row in TABLE if row[2] is not None and not row[0].name.startswith("put in")]


@pytest.mark.parametrize(("rule", "before", "after"), TRUE, ids=lambda one: getattr(one, "name", ""))
def test_is_true(rule: Rule, before: Expr, after: Expr) -> None:
    assert check_equal(before, after, definitions=MEANINGS).holds


@pytest.mark.parametrize("name", sorted(DERIVATIVES))
def test_the_derivative_of_a_function_is_true(name: str) -> None:
    pending = Partial(fn(name, x), x)
    found = FUNCTION_RULES[name](pending)
    assert found is not None
    assert check_equal(pending, found).holds
    assert FUNCTION_RULES[name](Partial(fn(name, x2), x)) is None


def test_putting_in_keeps_numbers_apart() -> None:
    """(x + 1)(1), not (x + 1) 1: the reader sees what stood there."""
    put = calculus.put_back({u: ONE_NUMBER})
    assert put(Product((Plus((x, ONE_NUMBER)), u))) == Product((Plus((x, ONE_NUMBER)), Group(Number(ONE_NUMBER.value))))
