"""The laws of descents and Newton's method: what each gives, and that it is true."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derivgen.derivation import Rule
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    Apply,
    Det,
    Dim,
    Expr,
    Function,
    Group,
    Inverse,
    MatMul,
    Matrix,
    Norm,
    Number,
    Plus,
    Power,
    Product,
    Symbol,
    number,
)
from derivgen.rules import CATALOGUE
from derivgen.rules.optimisation import (
    NAMES,
    OPTIMISATION,
    add_entries,
    determinant,
    diagonal_determinant,
    inverse_of_diagonal,
    inverse_of_two,
    norm_of_numbers,
    rows_times_columns,
    scale_entries,
)
from derivgen.verify.steps import check_equal

x, y, c = Symbol("x"), Symbol("y"), Symbol("c")


def column(*entries: Expr | int) -> Matrix:
    return Matrix(_exprs(entries), (Dim(len(entries)), ONE))


def square(size: int, *entries: Expr | int) -> Matrix:
    return Matrix(_exprs(entries), (Dim(size), Dim(size)))


def _exprs(entries: tuple[Expr | int, ...]) -> tuple[Expr, ...]:
    return tuple(number(one) if isinstance(one, int) else one for one in entries)


def times(*factors: Expr | int) -> Product:
    return Product(_exprs(factors))


def group(value: int) -> Group:
    return Group(number(value))


def half(value: int = 1) -> Number:
    return Number(Fraction(value, 2))


# rule, before, after
TABLE: list[tuple[Rule, Expr, Expr]] = [
    (scale_entries, times(c, column(x, y)), column(times(c, x), times(c, y))),
    (scale_entries, times(-1, c, column(x, y)), times(-1, column(times(c, x), times(c, y)))),
    (
        add_entries,
        Plus((column(4, x), times(-1, column(1, y)))),
        column(Plus((number(4), times(-1, 1))), Plus((x, times(-1, y)))),
    ),
    (
        rows_times_columns,
        MatMul((square(2, 1, 2, 3, 4), column(5, 6))),
        column(
            Plus((times(1, group(5)), times(2, group(6)))),
            Plus((times(3, group(5)), times(4, group(6)))),
        ),
    ),
    (determinant, Det(square(2, 1, 2, 3, 5)), Plus((times(1, group(5)), times(-1, 2, group(3))))),
    (
        determinant,
        Det(square(3, 2, 1, 0, 1, 2, 1, 0, 1, 3)),
        Plus(
            (
                times(2, Group(Plus((times(2, group(3)), times(-1, 1, group(1)))))),
                times(-1, 1, Group(Plus((times(1, group(3)), times(-1, 1, group(0)))))),
            )
        ),
    ),
    (diagonal_determinant, Det(square(3, 2, 0, 0, 0, 3, 0, 0, 0, 5)), times(2, group(3), group(5))),
    (inverse_of_diagonal, Inverse(square(2, 2, 0, 0, -2)), square(2, half(), 0, 0, half(-1))),
    (inverse_of_two, Inverse(square(2, 1, 2, 3, 4)), times(half(-1), square(2, 4, -2, -3, 1))),
    (
        inverse_of_two,
        Inverse(square(2, half(), 2, 3, 4)),
        times(Number(Fraction(-1, 4)), square(2, 4, -2, -3, half())),
    ),
    (
        inverse_of_two,
        Inverse(square(2, half(), 0, 0, 1)),
        times(Power(half(), MINUS_ONE), square(2, 1, 0, 0, half())),
    ),
    (
        norm_of_numbers,
        Norm(column(3, -4)),
        Apply(Function("sqrt"), (Plus((Power(number(3), number(2)), Power(number(-4), number(2)))),)),
    ),
]


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda one: getattr(one, "name", ""))
def test_rewrites(rule: Rule, before: Expr, after: Expr) -> None:
    assert rule(before) == after


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda one: getattr(one, "name", ""))
def test_is_true(rule: Rule, before: Expr, after: Expr) -> None:
    assert check_equal(before, after).holds


# rule, an expression that it must leave alone
LEFT_ALONE: list[tuple[Rule, Expr]] = [
    (scale_entries, times(-1, column(x, y))),
    (scale_entries, times(c, x)),
    (add_entries, Plus((column(1, 2), times(c, column(1, 2))))),
    (rows_times_columns, MatMul((square(2, 1, 2, 3, 4), Symbol("v", (Dim(2), ONE))))),
    (diagonal_determinant, Det(square(2, 1, 2, 0, 1))),
    (inverse_of_diagonal, Inverse(square(2, 1, 0, 0, 0))),
    (inverse_of_two, Inverse(square(2, 1, 2, 2, 4))),
    (inverse_of_two, Inverse(square(2, 1, 2, 2, x))),
    (norm_of_numbers, Norm(column(3, -4), 1)),
]


@pytest.mark.parametrize(("rule", "expr"), LEFT_ALONE, ids=lambda one: getattr(one, "name", ""))
def test_leaves_alone(rule: Rule, expr: Expr) -> None:
    assert rule(expr) is None


@pytest.mark.parametrize("rule", OPTIMISATION, ids=lambda one: one.name)
def test_is_catalogued(rule: Rule) -> None:
    assert rule in CATALOGUE


@pytest.mark.parametrize("rule", NAMES, ids=lambda one: one.name)
def test_names_have_law_and_source(rule: Rule) -> None:
    assert rule.law and rule.source and rule(x) is None
