"""Multiplying out: against SymPy, against published results, and with a line made wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy

from derivgen.derivation import Rewrite
from derivgen.expr.nodes import Entry, Expr, Matrix, Symbol
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import transform
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, solved

SYMBOLS = """
title: Expand
symbols:
  x: vector(x1, x2)
  A: [[2, 1], [1, 3]]
  B: matrix(2, 2)
  S: matrix(2, 2) symmetric
  w: vector(2)
  q: vector(3)
  P: matrix(3, 3)
  X: matrix(m, n)
  theta: vector(n)
  z: vector(n)
  y: vector(m)
  M: matrix(n, n) symmetric
  N: matrix(n, n)
  a: scalar
  c: scalar
  k: 3
parts:
  - expand: "EXPRESSION"
"""

# expression, the lines
LINES = [
    (
        "x.T @ A @ x",
        [
            "[[x1, x2]] @ [[2, 1], [1, 3]] @ [x1, x2]",
            "[[x1, x2]] @ [2 * x1 + x2, x1 + 3 * x2]",
            "x1 * (2 * x1 + x2) + x2 * (x1 + 3 * x2)",
            "2 * x1**2 + x1 * x2 + x1 * x2 + 3 * x2**2",
            "2 * x1**2 + 2 * x1 * x2 + 3 * x2**2",
        ],
    ),
    (
        "(X @ theta - y).T @ (X @ theta - y)/m",
        [
            "(theta.T @ X.T - y.T) @ (X @ theta - y) / m",
            "(theta.T @ X.T @ X @ theta - theta.T @ X.T @ y - y.T @ X @ theta + y.T @ y) / m",
            "(theta.T @ X.T @ X @ theta - y.T @ X @ theta - y.T @ X @ theta + y.T @ y) / m",
            "(theta.T @ X.T @ X @ theta - 2 * y.T @ X @ theta + y.T @ y) / m",
        ],
    ),
    ("(a + c)**2", ["a**2 + 2 * a * c + c**2"]),
    ("(c + a)**2 * 3", ["(c**2 + 2 * a * c + a**2) * 3", "3 * c**2 + 6 * a * c + 3 * a**2"]),
    ("(a + c)*(2*a + 1)", ["a * (2 * a + 1) + c * (2 * a + 1)", "2 * a**2 + 2 * a * c + a + c"]),
    ("[[1, a], [0, x1]] @ [2*c, 4*x2]", ["[2 * c + 4 * a * x2, 4 * x1 * x2]"]),
]

# expression, the result
RESULTS = [
    ("w.T @ B @ w", "B[1, 1] * w[1]**2 + (B[1, 2] + B[2, 1]) * w[1] * w[2] + B[2, 2] * w[2]**2"),
    ("w.T @ S @ w", "S[1, 1] * w[1]**2 + 2 * S[1, 2] * w[1] * w[2] + S[2, 2] * w[2]**2"),
    ("(A + A.T) @ x", "[4 * x1 + 2 * x2, 2 * x1 + 6 * x2]"),
    ("A @ A", "[[5, 5], [5, 10]]"),
    ("A @ x", "[2 * x1 + x2, x1 + 3 * x2]"),
    ("(2*a - 3)*(a**2 + 1)", "2 * a**3 - 3 * a**2 + 2 * a - 3"),
    ("(theta - z).T @ M @ (theta - z)", "theta.T @ M @ theta - 2 * theta.T @ M @ z + z.T @ M @ z"),
    ("(theta - z).T @ N @ (theta - z)", "theta.T @ N @ theta - theta.T @ N @ z - z.T @ N @ theta + z.T @ N @ z"),
    ("norm(X @ theta - y)**2", "theta.T @ X.T @ X @ theta - 2 * y.T @ X @ theta + y.T @ y"),
    ("(M + N) @ (M - N)", "M @ M - M @ N + N @ M - N @ N"),
    ("1/2*x.T @ A @ x - w.T @ x", "x1**2 + x1 * x2 + 3 * x2**2 / 2 - w[1] * x1 - w[2] * x2"),
    ("(a + k)**2", "a**2 + 6 * a + 9"),
]

FORMULAS = [
    "(a - 2)**2",
    "(a + c)**3",
    "(a - c)**4",
    "2*(a + 1)*(a - c)*(a + c)",
    "(a + c)*(a - c) - (a - 1)**2",
    "3*(a - c)/2 + (a + c)*(c - 2)",
    "(a*c + 1)**2*(a - 1)",
    "exp(a)*(a + exp(c))",
    "x.T @ A @ x + (x.T @ x)*a",
    "(A @ x).T @ (A @ x)",
    "(x - [1, 2]).T @ A @ (x - [1, 2])",
]


def given(expression: str) -> str:
    return SYMBOLS.replace("EXPRESSION", expression)


@pytest.mark.parametrize(("expression", "lines"), LINES, ids=[row[0] for row in LINES])
def test_lines(tmp_path: Path, expression: str, lines: list[str]) -> None:
    answer = solved(tmp_path, given(expression))
    assert answer.derivation is not None and answer.report is not None
    assert [text(step.after) for step in answer.derivation.steps if isinstance(step, Rewrite)] == lines
    assert answer.report.verified


@pytest.mark.parametrize(("expression", "result"), RESULTS, ids=[row[0] for row in RESULTS])
def test_result(tmp_path: Path, expression: str, result: str) -> None:
    answer = solved(tmp_path, given(expression))
    assert answer.derivation is not None and answer.report is not None
    assert text(answer.derivation.result) == result
    assert answer.report.verified


def scalar(expr: Expr) -> sympy.Expr:
    return to_sympy(transform(expr, lambda node: Symbol(text(node)) if isinstance(node, Entry) else None))


@pytest.mark.parametrize("expression", FORMULAS)
def test_against_sympy(tmp_path: Path, expression: str) -> None:
    """Nothing is left to multiply out, and nothing to collect."""
    answer = solved(tmp_path, given(expression))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    found = scalar(answer.derivation.result)
    assert sympy.expand(found) == found


@pytest.mark.parametrize("expression", [row[0] for row in (*LINES, *RESULTS)])
def test_a_wrong_line_is_found(tmp_path: Path, expression: str) -> None:
    answer = solved(tmp_path, given(expression))
    assert answer.derivation is not None
    mutants = list(made_wrong(answer.derivation))
    assert mutants
    right = [what for what, one in mutants if not check_derivation(one, answer.part.scope.values).is_wrong]
    assert right == []


@pytest.mark.parametrize("expression", ["a*c", "a", "exp(a + c)", "A", "X @ theta", "(a + c)**50"])
def test_refusals(tmp_path: Path, expression: str) -> None:
    answer = solved(tmp_path, given(expression))
    assert answer.derivation is None or expression == "A"
    assert answer.refusal or isinstance(answer.derivation and answer.derivation.result, Matrix)


def test_a_form_is_asked_for(tmp_path: Path) -> None:
    answer = solved(tmp_path, given("(a + c)**2 - c**2") + "    form: factored\n")
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    assert text(answer.derivation.result) == "a * (a + 2 * c)"
