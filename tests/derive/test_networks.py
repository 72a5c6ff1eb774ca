"""Networks, losses and normalisations in matrix form, as textbooks print them, in every layout."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from derivgen.build.solve import solve
from derivgen.derivation import Conclude, Rewrite
from derivgen.expr.nodes import Apply, Expr, Function, Layout, Symbol
from derivgen.expr.text import text
from derivgen.expr.walk import transform
from derivgen.verify.checks import check_derivation

from .solving import parts_of

DENOMINATOR, NUMERATOR, MIXED = Layout.DENOMINATOR, Layout.NUMERATOR, Layout.MIXED
SECONDS = 1.0
"""The time that a derivation with its check may take."""

LAYERS = """title: Three layers
symbols:
  x: vector(n)
  y: vector(p){assumed}
  W_1: matrix(m, n)
  b_1: vector(m)
  W_2: matrix(q, m)
  b_2: vector(q)
  W_3: matrix(p, q)
  b_3: vector(p)
  f: elementwise
define:
  z_1: W_1 @ x + b_1
  a_1: {f}(z_1)
  z_2: W_2 @ a_1 + b_2
  a_2: {f}(z_2)
  z_3: W_3 @ a_2 + b_3
  a_3: {last}(z_3)
  L: "{loss}"
{deltas}parts:
"""

DELTAS = """  d_3: {top}
  d_2: (W_3.T @ d_3)*{second}
  d_1: (W_2.T @ d_2)*{first}
"""

SQUARES = "norm(a_3 - y)**2/2"

# f, the last function, loss, d_3, f'(z_2), f'(z_1)
NETWORKS = [
    ("f", "f", SQUARES, "(a_3 - y)*D(f)(z_3)", "D(f)(z_2)", "D(f)(z_1)"),
    ("sigmoid", "sigmoid", SQUARES, "(a_3 - y)*a_3*(1 - a_3)", "a_2*(1 - a_2)", "a_1*(1 - a_1)"),
    ("tanh", "tanh", SQUARES, "(a_3 - y)*(1 - a_3**2)", "(1 - a_2**2)", "(1 - a_1**2)"),
    ("relu", "relu", SQUARES, "(a_3 - y)*step(z_3)", "step(z_2)", "step(z_1)"),
    ("tanh", "softmax", "-y.T @ log(a_3)", "a_3 - y", "(1 - a_2**2)", "(1 - a_1**2)"),
    ("relu", "softmax", "-y.T @ log(a_3)", "a_3 - y", "step(z_2)", "step(z_1)"),
]

# variable, the gradient in the layouts denominator, numerator and mixed
BY_LAYER = [
    ("W_3", "d_3 @ a_2.T", "a_2 @ d_3.T", "d_3 @ a_2.T"),
    ("b_3", "d_3", "d_3.T", "d_3"),
    ("W_2", "d_2 @ a_1.T", "a_1 @ d_2.T", "d_2 @ a_1.T"),
    ("b_2", "d_2", "d_2.T", "d_2"),
    ("W_1", "d_1 @ x.T", "x @ d_1.T", "d_1 @ x.T"),
    ("b_1", "d_1", "d_1.T", "d_1"),
    ("x", "W_1.T @ d_1", "d_1.T @ W_1", "W_1.T @ d_1"),
]


def checked(folder: Path, given: str, expression: str, wrt: str, layout: Layout) -> str:
    """The result of a derivation that is verified, and done in time."""
    (part,) = parts_of(folder, f'{given}  - derive: "{expression}"\n    wrt: {wrt}\n')
    start = time.process_time()
    answer = solve(part, 1, layout)
    took = time.process_time() - start
    assert not answer.refusal
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    assert took < SECONDS
    return text(answer.derivation.result)


def network(row: tuple[str, ...], named: bool = True) -> str:
    f, last, loss, top, second, first = row
    deltas = DELTAS.format(top=top, second=second, first=first) if named else ""
    assumed = " onehot" if last == "softmax" else ""
    return LAYERS.format(f=f, last=last, loss=loss, deltas=deltas, assumed=assumed)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(("wrt", *Layout), BY_LAYER, ids=[row[0] for row in BY_LAYER])
@pytest.mark.parametrize("row", NETWORKS, ids=[f"{row[0]}-{row[1]}" for row in NETWORKS])
def test_three_layers(
    tmp_path: Path,
    row: tuple[str, ...],
    wrt: str,
    denominator: str,
    numerator: str,
    mixed: str,
    layout: Layout,
) -> None:
    published = {DENOMINATOR: denominator, NUMERATOR: numerator, MIXED: mixed}
    assert checked(tmp_path, network(row), "L", wrt, layout) == published[layout]


# variable, the gradient with nothing named: the derivatives of f stand at the pre-activations
WRITTEN_OUT = [
    ("W_3", "(D(f)(z_3) * (a_3 - y)) @ a_2.T"),
    ("b_2", "D(f)(z_2) * (W_3.T @ (D(f)(z_3) * (a_3 - y)))"),
    ("W_1", "(D(f)(z_1) * (W_2.T @ (D(f)(z_2) * (W_3.T @ (D(f)(z_3) * (a_3 - y)))))) @ x.T"),
]


@pytest.mark.parametrize(("wrt", "published"), WRITTEN_OUT, ids=[row[0] for row in WRITTEN_OUT])
def test_slopes_stand_at_the_pre_activation(tmp_path: Path, wrt: str, published: str) -> None:
    assert checked(tmp_path, network(NETWORKS[0], named=False), "L", wrt, DENOMINATOR) == published


SOFTMAX = """title: Softmax
symbols: {z: vector(n), y: vector(n)%s, p: vector(n) positive}
define: {s: softmax(z)}
parts:
"""

BATCH = """title: Batch normalization
symbols: {x: vector(n), g: vector(n), epsilon: scalar positive}
define:
  mu: mean(x)
  s: sqrt(mean((x - mu)**2) + epsilon)
  h: (x - mu)/s
parts:
"""

LAYER = """title: Layer normalization
symbols: {x: vector(n), g: vector(n), gamma: vector(n), beta: vector(n), epsilon: scalar positive}
define:
  mu: mean(x)
  s: sqrt(mean((x - mu)**2) + epsilon)
  h: (x - mu)/s
  y: gamma*h + beta
  u: g*gamma
parts:
"""

ATTENTION = """title: Scaled dot-product attention
symbols: {q: vector(d), K: "matrix(n, d)", V: "matrix(n, p)", g: vector(p)}
define:
  s: K @ q/sqrt(d)
  a: softmax(s)
  o: V.T @ a
parts:
"""

QUERIES = """title: Scaled dot-product attention of many queries
symbols: {Q: "matrix(n, d)", K: "matrix(m, d)", V: "matrix(m, p)", G: "matrix(n, p)"}
define:
  S: Q @ K.T/sqrt(d)
  A: softmax(S, axis=1)
  O: A @ V
  P: G @ V.T
  D: A*(P - sum(P*A, axis=1) @ ones(m).T)
parts:
"""

COLUMNS = """title: Batch normalization of a matrix
symbols: {X: "matrix(m, n)", G: "matrix(m, n)", epsilon: scalar positive}
define:
  mu: mean(X, axis=0)
  C: X - ones(m) @ mu.T
  s: sqrt(mean(C**2, axis=0) + epsilon)
parts:
"""

ROWS = """title: Layer normalization of a matrix
symbols: {X: "matrix(m, n)", G: "matrix(m, n)", epsilon: scalar positive}
define:
  mu: mean(X, axis=1)
  C: X - mu @ ones(n).T
  s: sqrt(mean(C**2, axis=1) + epsilon)
parts:
"""

LABELS = """title: Cross-entropy of a batch
symbols: {X: "matrix(n, d)", W: "matrix(d, k)", b: vector(k), Y: "matrix(n, k)%s"}
define:
  Z: X @ W + ones(n) @ b.T
  P: softmax(Z, axis=1)
parts:
"""

# what is given, expression, variable, the derivative in the layouts denominator, numerator and mixed
PRINTED = [
    (SOFTMAX % "", "s", "z", "diag(s) - s @ s.T", "diag(s) - s @ s.T", "diag(s) - s @ s.T"),
    (SOFTMAX % "", "-sum(y[i]*log(s[i]), i)", "z", "sum(y) * s - y", "sum(y) * s.T - y.T", "sum(y) * s - y"),
    (SOFTMAX % " onehot", "-sum(y[i]*log(s[i]), i)", "z", "s - y", "s.T - y.T", "s - y"),
    (SOFTMAX % " onehot", "-y.T @ log(s)", "z", "s - y", "s.T - y.T", "s - y"),
    (SOFTMAX % "", "-sum(y[i]*log(p[i]), i)", "p", "-y / p", "-(y / p).T", "-y / p"),
    (
        BATCH,
        "g.T @ h",
        "x",
        "(g - sum(g) / n - g.T @ h * h / n) / s",
        "(g.T - sum(g) / n - g.T @ h * h.T / n) / s",
        "(g - sum(g) / n - g.T @ h * h / n) / s",
    ),
    (
        BATCH,
        "h",
        "x",
        "(eye(n) - ones(n, n) / n - h @ h.T / n) / s",
        "(eye(n) - ones(n, n) / n - h @ h.T / n) / s",
        "(eye(n) - ones(n, n) / n - h @ h.T / n) / s",
    ),
    (
        LAYER,
        "g.T @ y",
        "x",
        "(u - g.T @ gamma * ones(n) / n - h.T @ u * h / n) / s",
        "(u.T - g.T @ gamma * ones(1, n) / n - h.T @ u * h.T / n) / s",
        "(u - g.T @ gamma * ones(n) / n - h.T @ u * h / n) / s",
    ),
    (LAYER, "g.T @ y", "gamma", "h * g", "(h * g).T", "h * g"),
    (LAYER, "g.T @ y", "beta", "g", "g.T", "g"),
    (
        ATTENTION,
        "g.T @ o",
        "q",
        "K.T @ ((V @ g - g.T @ o) * a) / sqrt(d)",
        "((V @ g - g.T @ o) * a).T @ K / sqrt(d)",
        "K.T @ ((V @ g - g.T @ o) * a) / sqrt(d)",
    ),
    (
        ATTENTION,
        "g.T @ o",
        "K",
        "((V @ g - g.T @ o) * a) @ q.T / sqrt(d)",
        "q @ ((V @ g - g.T @ o) * a).T / sqrt(d)",
        "((V @ g - g.T @ o) * a) @ q.T / sqrt(d)",
    ),
    (ATTENTION, "g.T @ o", "V", "a @ g.T", "g @ a.T", "a @ g.T"),
    (QUERIES, "sum(G*O)", "V", "A.T @ G", "G.T @ A", "A.T @ G"),
    (QUERIES, "sum(G*O)", "Q", "D @ K / sqrt(d)", "K.T @ D.T / sqrt(d)", "D @ K / sqrt(d)"),
    (QUERIES, "sum(G*O)", "K", "D.T @ Q / sqrt(d)", "Q.T @ D / sqrt(d)", "D.T @ Q / sqrt(d)"),
    (QUERIES, "sum(P*A)", "Q", "D @ K / sqrt(d)", "K.T @ D.T / sqrt(d)", "D @ K / sqrt(d)"),
    (
        QUERIES.partition("  D:")[0] + "parts:\n",
        "sum(G*O)",
        "Q",
        "(A * (P - (P * A) @ ones(m) @ ones(1, m))) @ K / sqrt(d)",
        "K.T @ (A * (P - (P * A) @ ones(m) @ ones(1, m))).T / sqrt(d)",
        "(A * (P - (P * A) @ ones(m) @ ones(1, m))) @ K / sqrt(d)",
    ),
    (
        QUERIES.partition("  D:")[0] + "parts:\n",
        "sum(G*O)",
        "K",
        "(A * (P - (P * A) @ ones(m) @ ones(1, m))).T @ Q / sqrt(d)",
        "Q.T @ (A * (P - (P * A) @ ones(m) @ ones(1, m))) / sqrt(d)",
        "(A * (P - (P * A) @ ones(m) @ ones(1, m))).T @ Q / sqrt(d)",
    ),
    (
        COLUMNS,
        "sum(G*C/(ones(m) @ s.T))",
        "X",
        "G @ diag(1 / s) - ones(m) @ (ones(1, m) @ G * (1 / s).T) / m - C @ diag((G.T * C.T) @ ones(m) / s**3) / m",
        "diag(1 / s) @ G.T - (G.T @ ones(m) / s) @ ones(1, m) / m - diag((G.T * C.T) @ ones(m) / s**3) @ C.T / m",
        "G @ diag(1 / s) - ones(m) @ (ones(1, m) @ G * (1 / s).T) / m - C @ diag((G.T * C.T) @ ones(m) / s**3) / m",
    ),
    (
        ROWS,
        "sum(G*C/(s @ ones(n).T))",
        "X",
        "diag(1 / s) @ G - (G @ ones(n) / s) @ ones(1, n) / n - diag((G * C) @ ones(n) / s**3) @ C / n",
        "(diag(1 / s) @ G - (G @ ones(n) / s) @ ones(1, n) / n - diag((G * C) @ ones(n) / s**3) @ C / n).T",
        "diag(1 / s) @ G - (G @ ones(n) / s) @ ones(1, n) / n - diag((G * C) @ ones(n) / s**3) @ C / n",
    ),
    (
        LABELS % "",
        "-sum(Y*log(P))/n",
        "W",
        "X.T @ (diag(Y @ ones(k)) @ P - Y) / n",
        "(diag(Y @ ones(k)) @ P - Y).T @ X / n",
        "X.T @ (diag(Y @ ones(k)) @ P - Y) / n",
    ),
    (LABELS % " onehot", "-sum(Y*log(P))/n", "W", "X.T @ (P - Y) / n", "(P - Y).T @ X / n", "X.T @ (P - Y) / n"),
    (
        LABELS % " onehot",
        "mean(logsumexp(Z, axis=1)) - sum(Y*Z)/n",
        "W",
        "X.T @ (P - Y) / n",
        "(P - Y).T @ X / n",
        "X.T @ (P - Y) / n",
    ),
    (
        ATTENTION,
        "o",
        "q",
        "K.T @ (diag(a) - a @ a.T) @ V / sqrt(d)",
        "V.T @ (diag(a) - a @ a.T) @ K / sqrt(d)",
        "V.T @ (diag(a) - a @ a.T) @ K / sqrt(d)",
    ),
]


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(
    ("given", "expression", "wrt", *Layout), PRINTED, ids=[f"{row[1]}-{row[2]}" for row in PRINTED]
)
def test_as_textbooks_print_it(
    tmp_path: Path,
    given: str,
    expression: str,
    wrt: str,
    denominator: str,
    numerator: str,
    mixed: str,
    layout: Layout,
) -> None:
    published = {DENOMINATOR: denominator, NUMERATOR: numerator, MIXED: mixed}
    assert checked(tmp_path, given, expression, wrt, layout) == published[layout]


def test_the_sum_of_a_label_is_used_in_a_line_of_its_own(tmp_path: Path) -> None:
    (part,) = parts_of(tmp_path, SOFTMAX % " onehot" + "  - {derive: -y.T @ log(s), wrt: z}\n")
    derivation = solve(part, 1, DENOMINATOR).derivation
    assert derivation is not None
    lines = [(text(line.before), text(line.after)) for line in derivation.lines if line.rule == "one-hot"]
    assert len(lines) == 1
    assert "sum(y)" in lines[0][0] and "sum(y)" not in lines[0][1]
    assert any("delta" in text(line.after) for line in derivation.lines)


def test_the_sums_of_label_rows_are_used_in_a_line_of_its_own(tmp_path: Path) -> None:
    (part,) = parts_of(tmp_path, LABELS % " onehot" + "  - {derive: -sum(Y*log(P))/n, wrt: W}\n")
    derivation = solve(part, 1, DENOMINATOR).derivation
    assert derivation is not None
    lines = [(text(line.before), text(line.after)) for line in derivation.lines if "one-hot" in line.rule]
    assert len(lines) == 1
    assert "Y @ ones(k)" in lines[0][0] and "ones" not in lines[0][1]


@pytest.mark.parametrize("layout", Layout)
def test_attention_is_passed_back_layer_by_layer(tmp_path: Path, layout: Layout) -> None:
    given = QUERIES.partition("  P:")[0] + "parts:\n  - {backprop: sum(G*O), wrt: [V, Q, K]}\n"
    (part,) = parts_of(tmp_path, given)
    start = time.process_time()
    answer = solve(part, 1, layout)
    assert time.process_time() - start < SECONDS
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    assert (
        text(answer.derivation.result) == ("Q.T @ delta_S.T" if layout is NUMERATOR else "delta_S.T @ Q") + " / sqrt(d)"
    )


def at_the_value(expr: Expr) -> Expr:
    """`expr` with f'(z_1) taken at f(z_1): the mistake of the write-up."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Apply(Function("f", (1,), True), (Symbol("z_1", of),)):
                return replace(node, arguments=(Symbol("a_1", of),))
        return None

    return transform(expr, change)


@pytest.mark.parametrize("wrt", ["W_1", "b_1", "x"])
def test_a_slope_at_the_wrong_place_is_found(tmp_path: Path, wrt: str) -> None:
    (part,) = parts_of(tmp_path, network(NETWORKS[0], named=False) + f"  - {{derive: L, wrt: {wrt}}}\n")
    derivation = solve(part, 1, DENOMINATOR).derivation
    assert derivation is not None
    last = derivation.steps[-1]
    assert isinstance(last, Conclude)
    wrong = at_the_value(derivation.result)
    assert wrong != derivation.result
    steps = (*derivation.steps[:-1], replace(last, result=wrong))
    report = check_derivation(replace(derivation, result=wrong, steps=steps), {}, part.scope.definitions)
    assert report.is_wrong and report.result.status == "wrong"
    for place, step in enumerate(derivation.steps):
        if isinstance(step, Rewrite) and at_the_value(step.after) != step.after:
            made = replace(derivation, steps=(*derivation.steps[:place], replace(step, after=at_the_value(step.after))))
            assert check_derivation(made, {}, part.scope.definitions).is_wrong


# the claim, what is found: the errors of a published solution, and what is right
CLAIMS = [
    ("(D(g)(y)*e) @ a.T", "N", "wrong"),
    ("(D(g)(N @ a)*e) @ a.T", "N", "holds"),
    ("D(g)((N @ a)[1])*e @ a.T", "N", "wrong"),
    ("(D(f)(a)*(N.T @ (D(g)(y)*e))) @ x.T", "M", "wrong"),
    ("(D(f)(M @ x)*(N.T @ (D(g)(y)*e))) @ x.T", "M", "wrong"),
    ("(D(f)(a)*(N.T @ (D(g)(N @ a)*e))) @ x.T", "M", "wrong"),
    ("(D(f)(M @ x)*(N.T @ (D(g)(N @ a)*e))) @ x.T", "M", "holds"),
]


@pytest.mark.parametrize(("claim", "wrt", "status"), CLAIMS, ids=[row[0] for row in CLAIMS])
def test_claims(tmp_path: Path, claim: str, wrt: str, status: str) -> None:
    given = (
        "title: Write-up\nsymbols: {x: vector(n), M: 'matrix(p, n)', N: 'matrix(m, p)', e: vector(m), "
        "f: elementwise, g: elementwise}\ndefine: {a: f(M @ x), y: g(N @ a)}\n"
        f"parts: [{{derive: e.T @ y, wrt: {wrt}, claim: '{claim}'}}]\n"
    )
    (part,) = parts_of(tmp_path, given)
    answer = solve(part, 1, DENOMINATOR)
    assert answer.claim is not None and answer.claim.status == status
