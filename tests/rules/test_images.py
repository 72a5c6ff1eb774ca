"""Rows for the laws of functions that nobody gave; test_rules.py checks each."""

from __future__ import annotations

import pytest

from derivgen.derivation import Rule
from derivgen.expr.nodes import ONE, SCALAR, Derivative, Entry, Expr, Image, Layout, MatMul, Partial, Sum
from derivgen.rules.images import chain_rule_of_images, entries_in_layout, in_layout, stays
from derivgen.verify.checks import check_equal

from .symbols import A, X, i, j, k, l, n, r, times, x, x_k

DENOMINATOR, NUMERATOR, MIXED = Layout
u = Image("u", (x,), (r.dim, ONE))
a = Image("a", (x,), SCALAR)
u_r = Entry(u, (r,))
ax = MatMul((A, x))
u_ax = Image("u", (ax,), (r.dim, ONE))
inner = Partial(Entry(ax, (i,)), x_k)

TABLE: list[tuple[Rule, Expr, Expr | None]] = [
    (entries_in_layout(DENOMINATOR), Partial(u_r, x_k), Entry(Derivative(u, 0, DENOMINATOR), (k, r))),
    (entries_in_layout(NUMERATOR), Partial(u_r, x_k), Entry(Derivative(u, 0, NUMERATOR), (r, k))),
    (entries_in_layout(MIXED), Partial(u_r, x_k), Entry(Derivative(u, 0, MIXED), (r, k))),
    (entries_in_layout(DENOMINATOR), Partial(a, x_k), Entry(Derivative(a, 0, DENOMINATOR), (k,))),
    (
        entries_in_layout(NUMERATOR),
        Entry(Derivative(u, 0, DENOMINATOR), (k, r)),
        Entry(Derivative(u, 0, NUMERATOR), (r, k)),
    ),
    (entries_in_layout(DENOMINATOR), Partial(Entry(u_ax, (r,)), x_k), None),
    (
        chain_rule_of_images(DENOMINATOR),
        Partial(Entry(u_ax, (r,)), x_k),
        Sum(i, times(Entry(Derivative(u_ax, 0, DENOMINATOR), (i, r)), inner)),
    ),
    (
        chain_rule_of_images(NUMERATOR),
        Partial(Entry(u_ax, (r,)), x_k),
        Sum(i, times(Entry(Derivative(u_ax, 0, NUMERATOR), (r, i)), inner)),
    ),
    (chain_rule_of_images(DENOMINATOR), Partial(u_r, x_k), None),
]


@pytest.mark.parametrize(("rule", "before", "after"), TABLE)
def test_rewrites(rule: Rule, before: Expr, after: Expr | None) -> None:
    assert rule(before) == after


@pytest.mark.parametrize(("rule", "before", "after"), [row for row in TABLE if row[2] is not None])
def test_is_true(rule: Rule, before: Expr, after: Expr) -> None:
    assert check_equal(before, after).status in ("exact", "numeric")


STAYING = [
    (Partial(u_r, x_k), True),
    (Partial(Partial(u_r, x_k), Entry(x, (l,))), True),
    (Partial(Entry(u_ax, (r,)), x_k), False),
    (Partial(Entry(Image("u", (x, ax), (r.dim, ONE)), (r,)), x_k), False),
    (Partial(Entry(X, (r, j)), Entry(X, (r, k))), False),
]


@pytest.mark.parametrize(("expr", "stay"), STAYING)
def test_what_stays(expr: Expr, stay: bool) -> None:
    assert stays(expr) == stay


def test_a_second_derivative_has_no_array() -> None:
    twice = Partial(Partial(u_r, x_k), Entry(x, (l,)))
    assert in_layout(twice, DENOMINATOR) == twice


def test_sizes_differ() -> None:
    assert r.dim != n
