"""The same formula comes out however the input was written: terms, factors and transposes of scalars exchanged."""

from __future__ import annotations

import pytest

from derivgen.build.question import derivative_question, scope_from
from derivgen.derive import derive
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text

from .corpus import declared

NAMES = (
    "x: vector(n); y: vector(n); a: vector(n); b: vector(m); w: vector(d); X: matrix(n, d); A: matrix(n, n); "
    "B: matrix(m, n); S: matrix(n, n) symmetric; c: scalar; t: scalar positive; M: matrix(n, n) invertible; "
    "Y: matrix(m, n)"
)

# variable, ways to write one expression
TABLE: list[tuple[str, list[str]]] = [
    ("x", ["x.T @ A @ y", "y.T @ A.T @ x", "dot(x, A @ y)", "dot(A @ y, x)", "dot(y, A.T @ x)"]),
    ("x", ["x.T @ A @ x", "dot(x, A @ x)", "sum(x * (A @ x))", "tr(x.T @ A @ x)"]),
    ("x", ["a.T @ x + x.T @ x", "x.T @ a + dot(x, x)"]),
    ("x", ["norm(x)**2 + norm(x - a)**2", "norm(a - x)**2 + norm(x)**2", "(x - a).T @ (x - a) + x.T @ x"]),
    ("x", ["sum(sin(x) * y)", "sum(y * sin(x))", "y.T @ sin(x)", "sin(x).T @ y"]),
    ("x", ["x.T @ sin(A @ x)", "sum(x * sin(A @ x))"]),
    ("X", ["norm(y - X @ w)**2", "(y - X @ w).T @ (y - X @ w)"]),
    ("w", ["norm(X @ w - y)**2", "(X @ w - y).T @ (X @ w - y)"]),
    (
        "w",
        [
            "norm(y - X @ w)**2 + c * norm(w)**2",
            "c * norm(w)**2 + norm(y - X @ w)**2",
            "norm(y - X @ w)**2 + norm(w)**2 * c",
            "c * w.T @ w + norm(y - X @ w)**2",
        ],
    ),
    (
        "w",
        [
            "sum(y * log(sigmoid(X @ w))) + sum((1 - y) * log(1 - sigmoid(X @ w)))",
            "sum((1 - y) * log(1 - sigmoid(X @ w))) + sum(y * log(sigmoid(X @ w)))",
            "sum(log(sigmoid(X @ w)) * y + log(1 - sigmoid(X @ w)) * (1 - y))",
        ],
    ),
    ("A", ["tr(A @ S)", "tr(S @ A)", "tr(A.T @ S)", "sum(A * S)", "sum(S * A)"]),
    ("A", ["tr(A.T @ A @ M)", "tr(M @ A.T @ A)", "tr(A @ M.T @ A.T)"]),
    ("A", ["x.T @ A.T @ A @ y", "dot(A @ x, A @ y)"]),
    ("M", ["a.T @ inv(M) @ y", "y.T @ inv(M).T @ a", "y.T @ inv(M.T) @ a", "tr(inv(M) @ y @ a.T)"]),
    ("M", ["tr(A @ M) + logdet(M)", "tr(M.T @ A.T) + logdet(M.T)"]),
    ("x", ["c * t * (a.T @ x)", "(a.T @ x) * c * t"]),
    ("x", ["x * y * a", "y * a * x", "a * x * y", "y * x * a"]),
    ("x", ["A @ x * y", "y * (A @ x)"]),
    ("x", ["logsumexp(x) - a.T @ x", "-a.T @ x + logsumexp(x)", "logsumexp(x) - x.T @ a"]),
    ("Y", ["tr(B @ Y.T) + x.T @ Y.T @ b", "sum(B * Y) + b.T @ Y @ x"]),
    ("x", ["sum(x[i]*A[i, j]*y[j], i, j)", "sum(y[j]*x[i]*A[i, j], j, i)", "sum(A[j, i]*y[i]*x[j], i, j)"]),
]


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(("wrt", "ways"), TABLE, ids=[ways[0] for _, ways in TABLE])
def test_one_formula(wrt: str, ways: list[str], layout: Layout) -> None:
    scope = scope_from(declared(NAMES), ())
    results = {text(derive(derivative_question(way, wrt, scope), layout).result): way for way in ways}
    assert len(results) == 1, results
