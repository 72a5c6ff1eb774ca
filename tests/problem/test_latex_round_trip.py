"""What render.latex prints is read back as the same expression.

DERIVGEN_EXAMPLES says on how many random formulas (2000 by default, always the same ones). `plain` removes what a page
does not tell apart: scalars are printed before arrays, quotients as fractions, and some things have two names.
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derivgen.build.question import scope_from
from derivgen.errors import ExpressionError
from derivgen.expr.build import product
from derivgen.expr.nodes import (
    ONE,
    Apply,
    Delta,
    Entry,
    Expr,
    Eye,
    Function,
    Inverse,
    Layout,
    Number,
    Ones,
    Power,
    Product,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import transform
from derivgen.problem.expression import parse_expression
from derivgen.problem.latex_input import parse_latex
from derivgen.problem.model import Scope
from derivgen.render.latex import DISPLAY, LatexStyle, latex
from tests.derive.grammar import DECLARATIONS, VARIABLES, Grammar
from tests.problem.scope import SCOPE
from tests.problem.test_expression import BUILT
from tests.problem.test_round_trip import _matrices, _parsed, _scalars, _short, _vectors, same

EXAMPLES = int(os.environ.get("DERIVGEN_EXAMPLES", "2000"))
SHARES = 8
SHAPES = (("1", "1"), ("1", "1"), ("n", "1"), ("n", "n"), ("m", "n"), ("1", "n"))
STYLES = (DISPLAY, LatexStyle(ranges=True), LatexStyle(inline=True))
WITHOUT_E = replace(SCOPE, functions={name: own for name, own in SCOPE.functions.items() if name != "e"})
"""Where a function is called e, the exponential is refused before parentheses: e^2 (s + t)."""
GRAMMAR_SCOPE = scope_from(DECLARATIONS, [])


def plain(expr: Expr) -> Expr:
    return same(transform(same(transform(expr, _plain)), _plain))


def _plain(node: Expr) -> Expr | None:
    match node:
        case Product(factors):  # scalars first, what is divided by last
            below = [one for one in factors if isinstance(one, Power) and _is_negative(one.exponent)]
            above = [one for one in factors if one not in below]
            return product([*_scalars_first(above), *_scalars_first(below)])
        case Power(Product(factors), Number(value) as exponent) if value < 0:
            return product(Power(factor, exponent) for factor in factors)
        case Power(base, Number(value)) if value in (Fraction(1, 2), Fraction(-1, 2)) and is_scalar(base):
            root = Apply(Function("sqrt"), (base,))
            return root if value > 0 else Power(root, Number(Fraction(-1)))
        case Entry(Eye(), (left, right)):
            return Delta(left, right)
        case Inverse(Transpose(body)):
            return Transpose(Inverse(body))
        case Transpose(Transpose(body)):
            return body
        case Ones((rows, columns)) if rows == ONE != columns:
            return Transpose(Ones((columns, ONE)))
        case Zeros((rows, columns)) if rows == ONE != columns:
            return Transpose(Zeros((columns, ONE)))
    return None


def _is_negative(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value < 0


def _scalars_first(factors: Sequence[Expr]) -> list[Expr]:
    return sorted(factors, key=lambda one: not is_scalar(one))


def assert_round_trip(expr: Expr, scope: Scope) -> None:
    for style in STYLES:
        printed = latex(expr, style)
        if isinstance(expr, Zeros) and ONE in expr.shape:
            # alone it stands in an equation, which shows its size: = 0
            with pytest.raises(ExpressionError, match="nothing shows the size"):
                parse_latex(printed, scope)
            continue
        again = parse_latex(printed, scope)
        assert plain(again) == plain(expr), f"{printed}\n{text(again)}\n{text(expr)}"
        assert shape(again) == shape(expr)


def _formulas(share: int) -> list[Expr]:
    found: list[Expr] = []
    for seed in range(share, EXAMPLES, SHARES):
        source = random.Random(seed)
        pick: Any = source.choice
        grammar = Grammar(pick, pick(VARIABLES))
        formula = grammar.formula(pick(SHAPES), pick((1, 2, 3, 4)))
        with suppress(ExpressionError):  # a power of a power may be beyond the limits
            found.append(parse_expression(formula.text, GRAMMAR_SCOPE))
    return found


@pytest.mark.parametrize("share", range(SHARES))
def test_random_formulas(share: int) -> None:
    formulas = _formulas(share)
    assert len(formulas) > EXAMPLES / SHARES * 0.95
    for formula in formulas:
        assert_round_trip(formula, GRAMMAR_SCOPE)
        assert same(parse_expression(text(formula), GRAMMAR_SCOPE)) == same(formula)


@settings(max_examples=300, deadline=None)
@given(st.one_of(_scalars, _vectors, _matrices).filter(_short))
def test_any_expression(written: str) -> None:
    assert_round_trip(_parsed(written), WITHOUT_E)


NAMES = [
    *("theta_0 * y_hat + w_out / x_star", "x_star**2 - y_prime", "loss**2 * Sigma_1 + sum(W1[i, j], i, j)"),
    *("h_prev + W1 @ h_prev", "h_prev[i] * W1[i, 2]", "W1[i, :] + W1[:, i]", "lambda*pi", "q1*q2 + q1**2"),
    *("x_bar_1 + xdot", "A_1[w] + alpha_hat", "f*(q1 + q2) + f*x", "sigma*(q1 + 1) - sigmoid(sigma)", "f*(h_prev + 1)"),
    *("e*exp(q1) + e**2 + e**x", "g(q1)*D(g)(q2 + 1)**2", "D(g, 1, 1, 1, 1)(q1)", "u(q1, q2)*D(u, 1, 2)(q1, q1*q2)"),
    *("[[q1, q2], [1/2, x]]", "[q1, q2].T @ [1, 2]", "det([[q1, 2], [3, q2]])", "-x**2/2", "exp(-x**2/2)*e"),
    *("2**(1/2)", "x**(2/3) * x**x", "(x + 1)*(x - 1)/2", "1/2*sum(h_prev[i]**2, i)", "mean(h_prev)"),
    *(
        "commutation(n, n) @ vec(W1)",
        "upper(n) @ h_prev",
        "zeros(n) + h_prev",
        "zeros(n, n)",
        "eye(n)[i, j]*h_prev[i]",
        "x*2**h_prev",
        "A_1[i]*sum(eye(n)[i, j], i, j)",
        "upper(n)",
        "-(-x)",
    ),
    *("x - (q1 - q2)", "x/(q1/q2)", "(x/q1)/q2", "(x**q1)**q2", "x**(q1**q2)", "log(x)**2 + log(x**2)", "log(log(x))"),
    *("abs(W1)", "abs(det(W1)) + logdet(W1)**2", "log(abs(det(W1)))", "norm(h_prev)**2", "norm(W1)/norm(h_prev, 1)"),
    *("step(x)*x**2", "sin(x)**q1 + 1/sin(x)", "ones(1, n) @ h_prev", "f", "h_prev.T[i]", "delta(i, j)*h_prev[j]"),
]
NAMES_SCOPE = scope_from(
    [
        *("theta_0: scalar", "y_hat: scalar", "w_out: scalar", "x_star: scalar", "y_prime: scalar", "loss: scalar"),
        *(
            "Sigma_1: scalar",
            "W1: matrix(n, n)",
            r"h_prev: vector(n) as \mathbf{h}_{t-1}",
            "lambda: scalar",
            "x: scalar",
        ),
        *("q: vector(q1, q2)", "x_bar_1: scalar", "xdot: scalar", "A_1: vector(n)", "w: index(n) as w_t", "e: scalar"),
        *("alpha_hat: scalar", "f: scalar", "sigma: scalar", "g: elementwise", "u: function(scalar, scalar -> scalar)"),
    ],
    [],
)


@pytest.mark.parametrize("written", NAMES)
def test_names_and_signs(written: str) -> None:
    assert_round_trip(parse_expression(written, NAMES_SCOPE), NAMES_SCOPE)


MAPS_SCOPE = scope_from(
    [
        *("u: function(vector(m) -> vector(n))", "v: function(vector(m) -> vector(n))", "x: vector(m)", "t: scalar"),
        *("a: function(vector(m) -> scalar)", "p: function(vector(m), vector(m) -> vector(n))", "A: matrix(m, m)"),
        *("U: function(matrix(m, m) -> scalar)", "G: function(scalar -> matrix(n, n))", "y: vector(m)"),
    ],
    [],
)
MAPS = [
    *("a(x)*u(x) - u(A @ x)", "u(x)[i]*u(x)[2]", "a(x)**2 + U(A)", "u(x).T @ v(x)", "G(t)[i, j]*G(t).T[i, j]"),
    *("p(x, A @ y)[i]", "u(step(x))", "step(A @ x) * y", "t*step(t)**2", "G(t) @ G(t**2)", "exp(a(x)) * step(t)"),
    *("diff(u(A @ x), A @ x)", "diff(p(x, A @ y), A @ y)", "diff(p(x, A @ y), x) @ u(x)", "diff(a(A @ x), A @ x)"),
    *("diff(u(A @ x), A @ x)[i, j]", "a(x)*diff(u(A @ x), A @ x)"),
]
SLOPES = [
    *(
        "a(x)*diff(u(x), x)",
        "diff(a(x), x)",
        "diff(p(x, y), y)",
        "diff(U(A), A)",
        "diff(G(t), t)",
        "diff(u(x), x)[i, j]",
    ),
    *("diff(u(x)[i], x[j])", "diff(a(x), x[j])", "diff(U(A), A[i, j])", "diff(p(x, y)[i], y[j])*x[j]"),
]


@pytest.mark.parametrize("written", MAPS)
def test_functions_of_vectors(written: str) -> None:
    assert_round_trip(parse_expression(written, MAPS_SCOPE), MAPS_SCOPE)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("written", SLOPES)
def test_derivatives_of_functions_of_vectors(written: str, layout: Layout) -> None:
    scope = replace(MAPS_SCOPE, layout=layout)
    assert_round_trip(parse_expression(written, scope), scope)


REFUSED_MAPS = [
    (r"u + v(x)", "give its argument"),
    (r"u'(x, y)", "takes 1 argument, not 2"),
    (r"u(t)", "u takes"),
    (r"u^2(x)", "what stands above comes last"),
    (r"p'(x, y)", "say by which argument"),
    (r"u''(x)", "not read"),
    (r"\partial_3 p(x, y)", "not read"),
    (r"\partial_1^2 p(x, y)", "not read"),
    (r"G'_{ij}(t)", "not read"),
    (r"u_{ij}(x)", "has no entries|subscript"),
    (r"\frac{\partial u(x)}{\partial y}", "y is no argument of u"),
    (r"\frac{\partial u}{\partial x}", "give its argument"),
    (r"G'(x)", "G takes"),
    (r"\partial u(x)", "by what is not said"),
    (r"\mathrm{d} u(x)/t", "by what is not said"),
]


@pytest.mark.parametrize(("written", "message"), REFUSED_MAPS)
def test_functions_of_vectors_refused(written: str, message: str) -> None:
    with pytest.raises(ExpressionError, match=message):
        parse_latex(written, MAPS_SCOPE)


@pytest.mark.parametrize("expr", [expr for _, expr in BUILT], ids=[written for written, _ in BUILT])
def test_table(expr: Expr) -> None:
    assert_round_trip(expr, SCOPE)
