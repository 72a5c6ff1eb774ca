"""Questions that between them use every rule of a derivation: expression, variable, declarations."""

from __future__ import annotations

from derivgen.build.question import derivative_question, matrix_form_question, scope_from
from derivgen.problem.model import Part

DERIVATIVES: list[tuple[str, str, str]] = [
    ("x.T @ A @ x", "x", "x: vector(n); A: matrix(n, n)"),
    ("x.T @ S @ x", "x", "x: vector(n); S: matrix(n, n) symmetric"),
    ("x.T @ K @ x + b.T @ K @ x", "x", "x: vector(n); b: vector(n); K: matrix(n, n) skew"),
    ("x.T @ P @ P @ b", "x", "x: vector(n); b: vector(n); P: matrix(n, n) idempotent"),
    ("norm(Q @ x)**2", "x", "x: vector(n); Q: matrix(n, n) orthogonal"),
    ("b.T @ x", "x", "x: vector(n); b: vector(n)"),
    ("x.T @ x", "x", "x: vector(n)"),
    ("A @ x", "x", "x: vector(n); A: matrix(m, n)"),
    ("x.T @ B", "x", "x: vector(p); B: matrix(p, n)"),
    ("a.T @ X @ b", "X", "X: matrix(m, n); a: vector(m); b: vector(n)"),
    ("tr(X @ B)", "X", "X: matrix(m, n); B: matrix(n, m)"),
    ("tr(X.T @ X @ A)", "X", "X: matrix(m, n); A: matrix(n, n)"),
    ("tr(2 * X) + tr(X)", "X", "X: matrix(n, n)"),
    ("norm(y - X @ w)**2 / (2 * n)", "w", "X: matrix(n, d); y: vector(n); w: vector(d)"),
    (
        "norm(y - X @ w)**2 / (2 * n) + c * norm(w)**2 / 2",
        "w",
        "X: matrix(n, d); y: vector(n); w: vector(d); c: scalar",
    ),
    ("sigmoid(x)", "x", "x: vector(n)"),
    ("x * y", "x", "x: vector(n); y: vector(n)"),
    ("f(x, y)", "x", "x: vector(n); y: vector(n); f: elementwise"),
    ("logdet(A)", "A", "A: matrix(n, n) invertible"),
    ("det(A)", "A", "A: matrix(n, n) invertible"),
    ("x.T @ inv(A) @ x", "A", "x: vector(n); A: matrix(n, n) invertible"),
    ("tr(A @ inv(A) @ B)", "B", "A: matrix(n, n) invertible; B: matrix(n, n)"),
    ("norm(X)", "X", "X: matrix(m, n) nonzero"),
    ("norm(x)", "x", "x: vector(n) nonzero"),
    ("x.T @ sin(A @ x)", "x", "x: vector(n); A: matrix(n, n)"),
    ("sum(relu(x))", "x", "x: vector(n)"),
    ("norm(x, 1)", "x", "x: vector(n) nonzero"),
    (
        "-sum(y * log(sigmoid(X @ w)) + (1 - y) * log(1 - sigmoid(X @ w))) / n",
        "w",
        "X: matrix(n, d); w: vector(d); y: vector(n)",
    ),
    ("X @ v", "X", "X: matrix(m, n); v: vector(n)"),
    ("x.T @ B.T @ B @ x", "x", "x: vector(n); B: matrix(m, n)"),
    ("(a.T @ x) / (x.T @ x)", "x", "x: vector(n) nonzero; a: vector(n)"),
    ("(a.T @ x) * (b.T @ x)", "x", "x: vector(n); a: vector(n); b: vector(n)"),
    ("sum(x**3)", "x", "x: vector(n)"),
    ("sum(2**x)", "x", "x: vector(n)"),
    ("sum(x**x)", "x", "x: vector(n) positive"),
    ("t * v", "t", "t: scalar; v: vector(n)"),
    ("t**2 * A", "t", "t: scalar; A: matrix(m, n)"),
    ("logsumexp(x)", "x", "x: vector(n)"),
    ("c.T @ softmax(x)", "x", "x: vector(n); c: vector(n)"),
    ("diag(x) @ A @ x", "x", "x: vector(n); A: matrix(n, n)"),
    ("b.T @ diag(A)", "A", "A: matrix(n, n); b: vector(n)"),
    ("sum(A @ x) + sum(x)", "x", "x: vector(n); A: matrix(m, n)"),
    ("sum(x[i] * A[i, j] * x[j], i, j)", "x", "x: vector(n); A: matrix(n, n)"),
    ("sum(c + x)", "c", "c: scalar; x: vector(n)"),
    ("sum(log(exp(x)))", "x", "x: vector(n)"),
    ("t**2 + 2*t*(t + 1) - 2*t", "t", "t: scalar"),
    ("x.T @ x + y.T @ y", "x", "x: vector(n); y: vector(n)"),
    ("y.T @ y", "x", "x: vector(n); y: vector(n)"),
    ("x.T @ y + 0 * (x.T @ x)", "x", "x: vector(n); y: vector(n)"),
    ("sum(log(sigmoid(w.T @ X[i, :])), i)", "w", "w: vector(d); X: matrix(n, d)"),
    ("log(norm(S))", "S", "S: matrix(m, n) nonzero"),
    ("tr(S @ A)", "S", "S: matrix(n, n) symmetric; A: matrix(n, n)"),
    ("tr(D @ A)", "D", "D: matrix(n, n) diagonal; A: matrix(n, n)"),
    ("tr(matrix_power(A, 3))", "A", "A: matrix(n, n)"),
    ("b.T @ matrix_power(A, 2) @ c", "A", "A: matrix(n, n); b: vector(n); c: vector(n)"),
    ("-y.T @ log(softmax(x))", "x", "x: vector(n); y: vector(n) onehot"),
    ("(u.T @ u) * (b.T @ x) + norm(u) * sum(x)", "x", "x: vector(n); b: vector(n); u: vector(n) unit"),
    ("softmax(x)", "x", "x: vector(n)"),
    ("x / norm(x)", "x", "x: vector(n) nonzero"),
    ("det(A)**2", "A", "A: matrix(n, n) invertible"),
    ("tr(U @ A)", "U", "U: matrix(n, n) triangular; A: matrix(n, n)"),
    ("tr(kron(A, B))", "A", "A: matrix(n, n); B: matrix(m, m)"),
    ("sum(kron(2 * A, X)) + norm(kron(A, X))**2", "X", "A: matrix(n, n); X: matrix(m, p)"),
    ("det(kron(W, A))", "W", "W: matrix(n, n) invertible; A: matrix(2, 2)"),
    ("vec(X).T @ kron(B, A) @ vec(X)", "X", "X: matrix(m, n); A: matrix(m, m); B: matrix(n, n)"),
    ("norm(vec(A @ X))**2 + sum(vec(X))", "X", "X: matrix(m, n); A: matrix(m, m)"),
    ("tr(kron(A, B) @ kron(A, B).T)", "A", "A: matrix(n, n); B: matrix(m, m)"),
    ("norm(kron(x, a))**2", "x", "x: vector(n); a: vector(m)"),
    ("mean((x - mean(x))**2)", "x", "x: vector(n)"),
    ("exp(x) / sum(exp(x))", "x", "x: vector(n)"),
    ("logdet(P + X @ X.T)", "X", "X: matrix(m, n); P: matrix(m, m) positive_definite"),
    ("sum(p * log(p / q))", "p", "p: vector(n) positive; q: vector(n) positive"),
    ("x.T @ eye(n) @ x + x.T @ A @ eye(n) @ b", "x", "x: vector(n); A: matrix(n, n); b: vector(n)"),
    ("logdet(P) + x.T @ inv(P) @ x", "P", "x: vector(m); P: matrix(m, m) positive_definite"),
    ("tr((C - X @ B) @ M @ (C - X @ B).T)", "X", "X: matrix(n, m); B: matrix(m, p); C: matrix(n, p); M: matrix(p, p)"),
    ("sum(log(cosh(x)))", "x", "x: vector(n)"),
    ("c.T @ logsumexp(Z, axis=1)", "Z", "Z: matrix(m, n); c: vector(m)"),
    ("sum(G * softmax(Z, axis=1))", "Z", "Z: matrix(m, n); G: matrix(m, n)"),
    (
        "sum(G * (softmax(Q @ K.T, axis=1) @ V))",
        "Q",
        "Q: matrix(n, d); K: matrix(m, d); V: matrix(m, p); G: matrix(n, p)",
    ),
    ("c.T @ log(sum(exp(Z), axis=0))", "Z", "Z: matrix(m, n); c: vector(n)"),
    ("sum(Y * log(softmax(X @ W, axis=1)))", "W", "X: matrix(n, d); W: matrix(d, k); Y: matrix(n, k) onehot"),
    ("sum((X - ones(m) @ mean(X, axis=0).T)**2)", "X", "X: matrix(m, n)"),
    ("a.T @ u(B @ x)", "x", "x: vector(n); B: matrix(m, n); a: vector(p); u: function(vector(m) -> vector(p))"),
    ("a.T @ u(x)", "x", "x: vector(n); a: vector(p); u: function(vector(n) -> vector(p))"),
]

DIFFERENTIALS: list[tuple[str, str, str]] = [
    ("x.T @ A @ x", "x", "x: vector(n); A: matrix(n, n)"),
    ("tr(X.T @ A @ X)", "X", "X: matrix(m, n); A: matrix(m, m)"),
    ("a.T @ inv(X) @ b", "X", "X: matrix(n, n) invertible; a: vector(n); b: vector(n)"),
    ("norm(y - X @ w)**2", "w", "X: matrix(n, d); y: vector(n); w: vector(d)"),
    ("sum(sigmoid(X @ w))", "w", "X: matrix(n, d); w: vector(d)"),
    ("sin(A @ x)", "x", "x: vector(n); A: matrix(m, n)"),
    ("det(A @ X @ B)", "X", "X: matrix(n, n) invertible; A: matrix(n, n) invertible; B: matrix(n, n) invertible"),
    ("logdet(X.T @ X)", "X", "X: matrix(n, n) invertible"),
    ("x.T @ inv(A) @ x", "x", "x: vector(n); A: matrix(n, n) invertible"),
    ("tr(X @ X @ X)", "X", "X: matrix(n, n)"),
    ("tr(A @ (B * X))", "X", "X: matrix(m, n); A: matrix(n, m); B: matrix(m, n)"),
    ("tr(B * (A @ X))", "X", "X: matrix(m, n); A: matrix(n, m); B: matrix(n, n)"),
    ("sum(A @ X @ B)", "X", "X: matrix(m, n); A: matrix(p, m); B: matrix(n, q)"),
    ("norm(A @ X - B)**2", "X", "X: matrix(m, n); A: matrix(p, m); B: matrix(p, n)"),
    ("norm(X @ X.T - A)", "X", "X: matrix(m, n); A: matrix(m, m)"),
    ("tr(X)**2 + tr(X @ X.T)", "X", "X: matrix(n, n)"),
    ("exp(a.T @ X @ b)", "X", "X: matrix(m, n); a: vector(m); b: vector(n)"),
    ("x / norm(x)", "x", "x: vector(n) nonzero"),
    ("x / (x.T @ x)", "x", "x: vector(n) nonzero"),
    ("x @ x.T @ a", "x", "x: vector(n); a: vector(n)"),
    ("x * (a.T @ x)", "x", "x: vector(n); a: vector(n)"),
    ("x.T @ x * A @ b", "x", "x: vector(n); A: matrix(m, m); b: vector(m)"),
    ("softmax(A @ x)", "x", "x: vector(n); A: matrix(m, n)"),
    ("tr(diag(x) @ A)", "x", "x: vector(n); A: matrix(n, n)"),
    ("a.T @ diag(X @ B)", "X", "X: matrix(m, n); B: matrix(n, m); a: vector(m)"),
    ("a.T @ diag(x) @ b", "x", "x: vector(n); a: vector(n); b: vector(n)"),
    ("tr(x @ x.T @ A)", "x", "x: vector(n); A: matrix(n, n)"),
    ("(A * (x @ x.T)) @ b", "x", "x: vector(n); A: matrix(n, n); b: vector(n)"),
    ("inv(eye(n) + t * A)", "t", "t: scalar; A: matrix(n, n)"),
    ("sum(relu(X @ W) @ v)", "W", "X: matrix(n, d); W: matrix(d, k); v: vector(k)"),
    ("y.T @ log(softmax(W @ x))", "W", "x: vector(n); W: matrix(k, n); y: vector(k)"),
    ("tr(sin(X) @ A)", "X", "X: matrix(m, n); A: matrix(n, m)"),
    ("norm(x - mean(x))**2 / n", "x", "x: vector(n)"),
    ("det(t * A)", "t", "t: scalar; A: matrix(n, n) invertible"),
    ("x.T", "x", "x: vector(n)"),
    ("t", "t", "t: scalar"),
    ("A @ y", "x", "x: vector(n); A: matrix(m, n); y: vector(n)"),
    ("tr(kron(A, X))", "X", "A: matrix(m, m); X: matrix(n, n)"),
    ("norm(vec(X))**2", "X", "X: matrix(m, n)"),
    ("logsumexp(A @ x)", "x", "x: vector(n); A: matrix(m, n)"),
    ("tr(matrix_power(X, k))", "X", "X: matrix(n, n); k: scalar integer positive"),
    ("a.T @ matrix_power(X, 3) @ b", "X", "X: matrix(n, n); a: vector(n); b: vector(n)"),
    ("diag(A @ diag(x) @ B)", "x", "x: vector(n); A: matrix(m, n); B: matrix(n, m)"),
    ("tr((X @ B).T @ (A + X.T).T)", "X", "X: matrix(m, n); A: matrix(n, m); B: matrix(n, n)"),
]
"""Questions for the method `differential`, besides those above."""

CALCULUS: list[tuple[str, str, str]] = [
    ("3*x**2 + 2*x - 5", "x", "x: scalar"),
    ("1/x**2", "x", "x: scalar"),
    ("(3*x + 2)**4", "x", "x: scalar"),
    ("log(x**2)", "x", "x: scalar"),
    ("x**2*exp(x)", "x", "x: scalar"),
    ("x*sin(x)*cosh(x)", "x", "x: scalar"),
    ("(x**2 + 1)/(x - 1)", "x", "x: scalar"),
    ("sin(x)/(1 + cos(x))", "x", "x: scalar"),
    ("x**x", "x", "x: scalar positive"),
    ("2**x + tan(x) + sinh(x)", "x", "x: scalar"),
    ("asin(x) + acos(x) + atan(x)", "x", "x: scalar"),
    ("sqrt(x) + erf(x) + tanh(x)", "x", "x: scalar positive"),
    ("sigmoid(x) + softplus(x)", "x", "x: scalar"),
    ("abs(x) + relu(x) + sign(x)", "x", "x: scalar"),
    ("relu(x)**2 + log(abs(x))", "x", "x: scalar"),
    ("exp(x*y) + x**2*y**3", "x", "x: scalar; y: scalar"),
    ("x**y + y**x", "x", "x: scalar positive; y: scalar positive"),
    ("sin(cos(x**2))", "x", "x: scalar"),
    ("x/sqrt(1 + x**2)", "x", "x: scalar"),
    ("x**2*step(x)", "x", "x: scalar"),
]
"""Of scalar formulas, as a first course takes them."""

MATRIX_FORMS: list[tuple[str, str]] = [
    ("sum(A[i, j]*x[i]*y[i], i)", "A: matrix(n, n); x: vector(n); y: vector(n)"),
    ("sum(A[k, i]*B[k, j]*x[j], j, k)", "A: matrix(n, n); B: matrix(n, n); x: vector(n)"),
    ("sum(x.T @ A[i, :] @ A[i, :].T, i)", "A: matrix(n, n); x: vector(n)"),
    ("x[i]*y[j]*A[i, j]", "A: matrix(m, n); x: vector(m); y: vector(n)"),
    ("x[i]*A[i, j]", "A: matrix(m, n); x: vector(m)"),
    ("sum(A[i, j]*B[i, j], i, j)", "A: matrix(m, n); B: matrix(m, n)"),
    ("sum(A[i, j]*B[i, j]*x[j], j)", "A: matrix(m, n); B: matrix(m, n); x: vector(n)"),
    ("sum(A[i, i]*x[i], i)", "A: matrix(n, n); x: vector(n)"),
    ("sum(A[i, j]*x[j]*B[j, k], j)", "A: matrix(m, n); x: vector(n); B: matrix(n, p)"),
    ("A[j, t]*sum(a[k]*B[k, j], k)", "A: matrix(n, m); B: matrix(n, n); a: vector(n); t: index(m)"),
    ("sum(A[i, j], j)", "A: matrix(m, n)"),
]


def declared(text: str) -> list[str]:
    return [one.strip() for one in text.split(";")]


def derivative(case: tuple[str, str, str], order: int = 1, method: str = "index") -> Part:
    expression, wrt, names = case
    return derivative_question(expression, wrt, scope_from(declared(names), ()), order=order, method=method)


def differential(case: tuple[str, str, str]) -> Part:
    return derivative(case, method="differential")


def matrix_form(case: tuple[str, str]) -> Part:
    expression, names = case
    return matrix_form_question(expression, scope_from(declared(names), ()))


def parts() -> list[Part]:
    derivatives = (*DERIVATIVES, *CALCULUS)
    return [*map(derivative, derivatives), *map(matrix_form, MATRIX_FORMS), *map(differential, DIFFERENTIALS)]
