"""Normal equations and their like: against NumPy and published results, and with a line made wrong."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from derivgen.derivation import Solutions, Solve, Statement
from derivgen.expr.nodes import Matrix, Number
from derivgen.expr.text import text
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, solved, wrong

SYMBOLS = """
title: Solve
symbols:
  X: matrix(m, n)
  theta: vector(n)
  y: vector(m)
  lambda: scalar positive
  mu: scalar
  W: matrix(m, m) positive_definite
  r: vector(m) positive
  S: matrix(n, n) positive_definite
  I_n: matrix(n, n) invertible symmetric
  N: matrix(n, n)
  b: vector(n)
  c: vector(m)
  w: scalar
  D: [[1, 1], [1, 2], [1, 3]]
  t: [3, 5, 7]
  e: [1, 0, 4]
  p: vector(2)
  E: [[1, 1, 1], [1, 2, 4], [1, 3, 9], [1, 4, 16]]
  s: [1, 2, 0, 5]
  q: vector(3)
  F: [[1, 2], [2, 4]]
  d: [1, 2]
  G: [[0.5], [2]]
  h: vector(1)
  rho: 0.5
  T: matrix(n, n)
parts:
  - solve: "EXPRESSION"
    wrt: WRT
"""

# expression, unknown, solution, statements
SYMBOLIC = [
    (
        "1/m * (X @ theta - y).T @ (X @ theta - y)",
        "theta",
        "inv(X.T @ X) @ X.T @ y",
        ["solve_columns", "solve_minimum"],
    ),
    ("norm(X @ theta - y)**2/m", "theta", "inv(X.T @ X) @ X.T @ y", ["solve_columns", "solve_minimum"]),
    (
        "1/m*(X @ theta - y).T @ (X @ theta - y) + lambda*theta.T @ theta",
        "theta",
        "inv(X.T @ X + m * lambda * eye(n)) @ X.T @ y",
        ["solve_definite", "solve_minimum_definite"],
    ),
    (
        "norm(X @ theta - y)**2 + mu*norm(theta)**2",
        "theta",
        "inv(X.T @ X + mu * eye(n)) @ X.T @ y",
        ["solve_invertible", "solve_stationary"],
    ),
    (
        "(y - X @ theta).T @ W @ (y - X @ theta)",
        "theta",
        "inv(X.T @ W @ X) @ X.T @ W @ y",
        ["solve_columns", "solve_minimum"],
    ),
    (
        "sum(r*(y - X @ theta)**2)",
        "theta",
        "inv(X.T @ diag(r) @ X) @ X.T @ diag(r) @ y",
        ["solve_columns", "solve_minimum"],
    ),
    ("1/2*b.T @ S @ b - theta.T @ b", "b", "inv(S) @ theta", ["solve_positive_definite", "solve_minimum_definite"]),
    (
        "1/2*theta.T @ N @ theta - b.T @ theta",
        "theta",
        "2 * inv(N + N.T) @ b",
        ["solve_invertible", "solve_stationary"],
    ),
    ("1/2*theta.T @ I_n @ theta - b.T @ theta", "theta", "inv(I_n) @ b", ["solve_stationary"]),
    ("norm(theta - b)**2", "theta", "b", ["solve_minimum_definite"]),
    ("sum((y - w*c)**2)", "w", "y.T @ c / (c.T @ c)", ["solve_divisor", "solve_minimum_scalar_weak"]),
    ("(w - 3)**2 + 2*w", "w", "2", ["solve_minimum_scalar"]),
    ("5*w - (w - mu)**2/3", "w", "15 / 2 + mu", ["solve_maximum_scalar"]),
]


def given(expression: str, wrt: str, more: str = "") -> str:
    return SYMBOLS.replace("EXPRESSION", expression).replace("WRT", wrt) + more


@pytest.mark.parametrize(("expression", "wrt", "solution", "keys"), SYMBOLIC, ids=[row[0] for row in SYMBOLIC])
def test_symbolic(tmp_path: Path, expression: str, wrt: str, solution: str, keys: list[str]) -> None:
    answer = solved(tmp_path, given(expression, wrt, f'    claim: "{solution}"\n'))
    assert answer.derivation is not None and answer.report is not None and answer.claim is not None
    assert answer.report.verified
    assert answer.claim.status == "holds"
    assert [step.key for step in answer.derivation.steps if isinstance(step, Statement)] == keys


def test_lines_of_the_normal_equations(tmp_path: Path) -> None:
    answer = solved(tmp_path, given("1/m*(X @ theta - y).T @ (X @ theta - y)", "theta"))
    assert answer.derivation is not None
    lines = [step.equations[0] for step in answer.derivation.steps if isinstance(step, Solve)]
    assert [f"{text(one.left)} = {text(one.right)}" for one in lines] == [
        "2 * X.T @ (X @ theta - y) / m = zeros(n)",
        "X.T @ (X @ theta - y) = zeros(n)",
        "X.T @ X @ theta - X.T @ y = zeros(n)",
        "X.T @ X @ theta = X.T @ y",
        "theta = inv(X.T @ X) @ X.T @ y",
    ]


# expression, unknown, matrix, right side of the least squares problem, ridge
NUMERIC = [
    ("(D @ p - t).T @ (D @ p - t)", "p", [[1, 1], [1, 2], [1, 3]], [3, 5, 7], 0.0),
    ("1/3*norm(D @ p - e)**2", "p", [[1, 1], [1, 2], [1, 3]], [1, 0, 4], 0.0),
    ("norm(D @ p - t)**2 + rho*p.T @ p", "p", [[1, 1], [1, 2], [1, 3]], [3, 5, 7], 0.5),
    ("norm(E @ q - s)**2", "q", [[1, 1, 1], [1, 2, 4], [1, 3, 9], [1, 4, 16]], [1, 2, 0, 5], 0.0),
]


@pytest.mark.parametrize(("expression", "wrt", "matrix", "right", "ridge"), NUMERIC, ids=[row[0] for row in NUMERIC])
def test_numbers(
    tmp_path: Path, expression: str, wrt: str, matrix: list[list[float]], right: list[float], ridge: float
) -> None:
    answer = solved(tmp_path, given(expression, wrt))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    result = answer.derivation.result
    assert isinstance(result, Matrix)
    found = [float(entry.value) for entry in result.entries if isinstance(entry, Number)]
    a = np.array(matrix, dtype=float)
    wide = a.shape[1]
    expected = np.linalg.solve(a.T @ a + ridge * np.eye(wide), a.T @ np.array(right, dtype=float))
    assert np.allclose(found, expected)


# expression, unknown, part of the reason
REFUSED = [
    ("norm(F @ p - d)**2", "p", "singular"),
    ("sum(exp(theta)) - b.T @ theta", "theta", "not linear in theta"),
    ("w**4", "w", "not linear in w"),
    ("norm(X @ theta - y)", "theta", "not linear in theta"),
    ("b.T @ theta", "theta", "does not depend on theta"),
    ("tr(T.T @ T)", "T", "matrix"),
    ("X @ theta", "theta", "scalar"),
]


@pytest.mark.parametrize(("expression", "wrt", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(tmp_path: Path, expression: str, wrt: str, reason: str) -> None:
    assert reason in solved(tmp_path, given(expression, wrt)).refusal


def test_wrong_claims(tmp_path: Path) -> None:
    answer = solved(tmp_path, given("norm(X @ theta - y)**2", "theta", '    claim: "inv(X.T @ X) @ X.T @ y/2"\n'))
    assert answer.claim is not None and answer.claim.status == "wrong"


CASES = [(row[0], row[1]) for row in (*SYMBOLIC, *NUMERIC)]


@pytest.mark.parametrize(("expression", "wrt"), CASES, ids=[row[0] for row in CASES])
def test_a_wrong_line_is_found(tmp_path: Path, expression: str, wrt: str) -> None:
    answer = solved(tmp_path, given(expression, wrt))
    assert answer.derivation is not None
    mutants = list(made_wrong(answer.derivation))
    assert mutants
    right = [what for what, one in mutants if not check_derivation(one, answer.part.scope.values).is_wrong]
    assert right == []


@pytest.mark.parametrize(("expression", "wrt"), CASES, ids=[row[0] for row in CASES])
def test_a_wrong_solution_is_found(tmp_path: Path, expression: str, wrt: str) -> None:
    answer = solved(tmp_path, given(expression, wrt))
    assert answer.derivation is not None
    other = wrong(answer.derivation.result)
    steps = tuple(
        replace(step, points=((other,),)) if isinstance(step, Solutions) else step for step in answer.derivation.steps
    )
    assert check_derivation(replace(answer.derivation, steps=steps), answer.part.scope.values).is_wrong
    ended = replace(answer.derivation, result=other)
    assert check_derivation(ended, answer.part.scope.values).result.status == "wrong"


def test_the_hessian_stands_in_lines(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(*SYMBOLIC[0][:2]))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    names = [line.rule for line in answer.derivation.lines]
    assert names[-2:] == ["derivative of the gradient", "quadratic form"]
    last = next(step for step in answer.derivation.steps[::-1] if isinstance(step, Statement))
    assert [fact.relation for fact in last.facts] == [">="]
