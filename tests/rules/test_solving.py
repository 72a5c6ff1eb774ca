"""The laws of solving: what each gives, and that it is true."""

from __future__ import annotations

import pytest

from derivgen.build.question import scope_from
from derivgen.derivation import Rule
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import At, Det, Dim, Expr, Group, Matrix, Partial, number
from derivgen.expr.text import text
from derivgen.problem.expression import parse_expression
from derivgen.rules import solving
from derivgen.rules.solving import SOLVING
from derivgen.verify.checks import check_equal

SCOPE = scope_from(["x: scalar", "y: scalar"], [])
x, y = SCOPE.symbols["x"], SCOPE.symbols["y"]


def expr(written: str) -> Expr:
    return parse_expression(written, SCOPE)


def matrix(*entries: str) -> Matrix:
    size = Dim(round(len(entries) ** 0.5))
    return Matrix(tuple(map(expr, entries)), (size, size))


# rule, before, after
TABLE = [
    (solving.partial_derivative, Partial(expr("x**2*y - 3*x"), x), "2 * x * y - 3"),
    (solving.ordinary_derivative, Partial(expr("x**3 - 3*x"), x), "3 * x**2 - 3"),
    (solving.put_into, At(expr("2*x - y + 2"), (x,), (expr("2*y - 1"),)), "2 * (2 * y - 1) - y + 2"),
    (
        solving.distribute_number,
        plus((product((number(2), Group(expr("2*y - 1")))), expr("-y + 2"))),
        "4 * y - 2 - y + 2",
    ),
    (solving.tidy, expr("4*y - 2 - y + 2"), "3 * y"),
    (solving.tidy, expr("x*(1 - x - 2*(1 - 2*x))"), "x * (3 * x - 1)"),
    (solving.factor, expr("3*x**4 - 3*x"), "3 * x * (x - 1) * (x**2 + x + 1)"),
    (solving.factor, expr("y*(1 - x - y) - x*y"), "-y * (2 * x + y - 1)"),
    (solving.determinant, Det(matrix("x", "2", "3", "y")), "x * y - 2 * 3"),
    (
        solving.determinant,
        Det(matrix("x", "0", "3", "1", "y", "2", "4", "1", "x")),
        "x * (y * x - 2 * 1) + 3 * (1 * 1 - y * 4)",
    ),
    (
        solving.second_derivatives,
        Matrix(
            tuple(Partial(Partial(expr("x**3*y"), second), first) for first in (x, y) for second in (x, y)),
            (Dim(2), Dim(2)),
        ),
        "[[6 * x * y, 3 * x**2], [3 * x**2, 0]]",
    ),
]


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda c: getattr(c, "name", ""))
def test_rewrites(rule: Rule, before: Expr, after: str) -> None:
    found = rule(before)
    assert found is not None and text(found) == after


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda c: getattr(c, "name", ""))
def test_is_true(rule: Rule, before: Expr, after: str) -> None:
    found = rule(before)
    assert found is not None and check_equal(before, found).status == "exact"


def test_a_numerator_is_zero_where_the_quotient_is() -> None:
    found = solving.clear_denominator(expr("y - 8/x**2"))
    assert found is not None and text(found) == "x**2 * y - 8"
    assert check_equal(found, expr("(y - 8/x**2)*x**2")).holds


@pytest.mark.parametrize("rule", SOLVING, ids=lambda rule: rule.name)
def test_has_law_and_source_and_leaves_a_lone_symbol_alone(rule: Rule) -> None:
    assert rule.law and rule.source
    assert rule(x) is None
