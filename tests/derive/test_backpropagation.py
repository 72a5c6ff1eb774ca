"""Back-propagation layer by layer: lines as they are written, against the direct derivative, and made wrong."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from derivgen.build.solve import Solved, solve
from derivgen.derivation import Conclude, Rewrite
from derivgen.errors import UserError
from derivgen.expr.nodes import Apply, Expr, Function, Layout, Symbol
from derivgen.expr.text import text
from derivgen.expr.walk import transform
from derivgen.verify.checks import check_derivation, check_equal

from .solving import made_wrong, parts_of

SYMBOLS = """title: Back-propagation
symbols:
  x: vector(n)
  y: vector(p)
  t: vector(p) onehot
  W_1: matrix(m, n)
  b_1: vector(m)
  W_2: matrix(q, m)
  b_2: vector(q)
  W_3: matrix(p, q)
  b_3: vector(p)
  R: matrix(m, m)
  X: matrix(N, n)
  V: matrix(n, p)
  c: vector(p)
  Y: matrix(N, p)
  w: vector(n)
  u: vector(N)
  lambda: scalar
  gamma: vector(n)
  g: vector(n)
  epsilon: scalar positive
  f: elementwise
define:
"""

THREE = """  z_1: W_1 @ x + b_1
  a_1: f(z_1)
  z_2: W_2 @ a_1 + b_2
  a_2: f(z_2)
  z_3: W_3 @ a_2 + b_3
  a_3: f(z_3)
  L: norm(a_3 - y)**2/2
"""
CLASSES = """  z_1: W_1 @ x + b_1
  a_1: relu(z_1)
  z_2: W_2 @ a_1 + b_2
  a_2: tanh(z_2)
  z_3: W_3 @ a_2 + b_3
  p_hat: softmax(z_3)
  L: -t.T @ log(p_hat)
"""
TWICE = """  z_1: W_1 @ x + b_1
  a_1: f(z_1)
  z_2: R @ a_1
  a_2: a_1 + f(z_2)
  L: norm(a_2)**2 + lambda*norm(R)**2
"""
BATCH = """  Z: X @ V + ones(N) @ c.T
  A: tanh(Z)
  L: norm(A - Y)**2/(2*N)
"""
LOGISTIC = """  z: X @ w
  s: sigmoid(z)
  L: -1/N*sum(u*log(s) + (1 - u)*log(1 - s))
"""
NORMALIZED = """  mu: mean(x)
  s: sqrt(mean((x - mu)**2) + epsilon)
  x_hat: (x - mu)/s
  v: gamma*x_hat
  L: g.T @ v
"""

# layers, variables
NETWORKS = [
    (THREE, "W_3, b_3, W_2, b_2, W_1, b_1, x"),
    (CLASSES, "W_3, b_3, W_2, b_2, W_1, b_1, x"),
    (TWICE, "R, W_1, b_1, x"),
    (BATCH, "V, c, X"),
    (LOGISTIC, "w, X"),
    (NORMALIZED, "gamma, x"),
]
NAMES = ["three layers", "classes", "two paths", "batch", "logistic", "normalized"]


def answered(folder: Path, layers: str, wrt: str, layout: Layout = Layout.DENOMINATOR) -> Solved:
    given = f"  - backprop: L\n    wrt: [{wrt}]\n" if wrt else "  - backprop: L\n"
    (part,) = parts_of(folder, SYMBOLS + layers + "parts:\n" + given)
    return solve(part, 1, layout)


def written(answer: Solved) -> list[str]:
    assert answer.derivation is not None
    lines = [step for step in answer.derivation.steps if isinstance(step, Rewrite)]
    return [f"{text(line.heading)} = {text(line.after)}" for line in lines]


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize(("layers", "wrt"), NETWORKS, ids=NAMES)
def test_is_the_direct_derivative(tmp_path: Path, layers: str, wrt: str, layout: Layout) -> None:
    start = time.process_time()
    answer = answered(tmp_path, layers, wrt, layout)
    assert time.process_time() - start < 1.0
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    found = {text(step.goal): step.result for step in answer.derivation.steps if isinstance(step, Conclude)}
    definitions = {**answer.part.scope.definitions, **{one.name: value for one, value in answer.derivation.named}}
    for name in wrt.split(", "):
        (part,) = parts_of(tmp_path, f"{SYMBOLS}{layers}parts: [{{derive: L, wrt: {name}}}]\n")
        direct = solve(part, 1, layout).derivation
        assert direct is not None
        assert check_equal(direct.result, found[f"dL/d{name}"], {}, definitions).holds


def test_lines_of_three_layers(tmp_path: Path) -> None:
    assert written(answered(tmp_path, THREE, "W_3, b_3, W_2, b_2, W_1, b_1, x")) == [
        "dL/da_3 = a_3 - y",
        "delta_3 = dL/dz_3",
        "delta_3 = dL/da_3 * D(f)(z_3)",
        "delta_3 = (a_3 - y) * D(f)(z_3)",
        "dL/dW_3 = delta_3 @ a_2.T",
        "dL/db_3 = delta_3",
        "dL/da_2 = W_3.T @ delta_3",
        "delta_2 = dL/dz_2",
        "delta_2 = dL/da_2 * D(f)(z_2)",
        "delta_2 = W_3.T @ delta_3 * D(f)(z_2)",
        "dL/dW_2 = delta_2 @ a_1.T",
        "dL/db_2 = delta_2",
        "dL/da_1 = W_2.T @ delta_2",
        "delta_1 = dL/dz_1",
        "delta_1 = dL/da_1 * D(f)(z_1)",
        "delta_1 = W_2.T @ delta_2 * D(f)(z_1)",
        "dL/dW_1 = delta_1 @ x.T",
        "dL/db_1 = delta_1",
        "dL/dx = W_1.T @ delta_1",
    ]


def test_lines_in_numerator_layout(tmp_path: Path) -> None:
    assert written(answered(tmp_path, BATCH, "V, X", Layout.NUMERATOR)) == [
        "dL/dA = (A - Y).T / N",
        "delta = dL/dZ",
        "delta = dL/dA * (1 - (A**2).T)",
        "delta = ((A - Y) * (1 - A**2)).T / N",
        "dL/dV = delta @ X",
        "dL/dX = V @ delta",
    ]


def test_only_what_a_variable_needs(tmp_path: Path) -> None:
    assert written(answered(tmp_path, CLASSES, "W_2")) == [
        "delta_3 = dL/dz_3",
        "delta_3 = p_hat - t",
        "dL/da_2 = W_3.T @ delta_3",
        "delta_2 = dL/dz_2",
        "delta_2 = dL/da_2 * (1 - a_2**2)",
        "delta_2 = W_3.T @ delta_3 * (1 - a_2**2)",
        "dL/dW_2 = delta_2 @ a_1.T",
    ]


def test_all_parameters_where_none_is_named(tmp_path: Path) -> None:
    answer = answered(tmp_path, THREE, "")
    assert answer.derivation is not None
    goals = [text(step.goal) for step in answer.derivation.steps if isinstance(step, Conclude)]
    assert goals == ["dL/dW_3", "dL/db_3", "dL/dW_2", "dL/db_2", "dL/dW_1", "dL/db_1", "dL/dx"]


@pytest.mark.parametrize(("layers", "wrt"), NETWORKS, ids=NAMES)
def test_a_wrong_line_is_found(tmp_path: Path, layers: str, wrt: str) -> None:
    answer = answered(tmp_path, layers, wrt)
    assert answer.derivation is not None
    changed = list(made_wrong(answer.derivation))
    assert len(changed) > 3
    for name, derivation in changed:
        assert check_derivation(derivation, {}, answer.part.scope.definitions).is_wrong, name


def test_a_slope_at_the_value_is_found(tmp_path: Path) -> None:
    answer = answered(tmp_path, THREE, "W_1")
    assert answer.derivation is not None

    def change(node: Expr) -> Expr | None:
        match node:
            case Apply(Function("f", (1,), True), (Symbol("z_1", of),)):
                return replace(node, arguments=(Symbol("a_1", of),))
        return None

    changed = 0
    for place, step in enumerate(answer.derivation.steps):
        if isinstance(step, Rewrite) and transform(step.after, change) != step.after:
            steps = list(answer.derivation.steps)
            steps[place] = replace(step, after=transform(step.after, change))
            report = check_derivation(replace(answer.derivation, steps=tuple(steps)), {}, answer.part.scope.definitions)
            assert report.is_wrong
            changed += 1
    assert changed == 2


# what is asked, the refusal
REFUSED = [
    ("backprop: a_1", "back-propagation starts at a scalar loss, this is (m, 1)"),
    ("{backprop: L, wrt: w}", "the loss does not depend on w"),
    ("backprop: norm(y)**2", "there is nothing to differentiate by: name the parameters in `wrt`"),
]


@pytest.mark.parametrize(("asked", "reason"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refusals(tmp_path: Path, asked: str, reason: str) -> None:
    (part,) = parts_of(tmp_path, f"{SYMBOLS}{THREE}parts:\n  - {asked}\n")
    assert solve(part, 1, Layout.DENOMINATOR).refusal == reason


# wrt, the complaint
COMPLAINTS = [
    ("z_1", "z_1 is defined by other quantities"),
    ("Q", "Q is not declared"),
    ("[W_1, W_1]", "`wrt` names W_1 twice"),
]


@pytest.mark.parametrize(("wrt", "complaint"), COMPLAINTS, ids=[row[0] for row in COMPLAINTS])
def test_complaints(tmp_path: Path, wrt: str, complaint: str) -> None:
    with pytest.raises(UserError) as raised:
        parts_of(tmp_path, f"{SYMBOLS}{THREE}parts:\n  - backprop: L\n    wrt: {wrt}\n")
    assert complaint in str(raised.value)
