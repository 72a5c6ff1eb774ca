"""Back-propagation through L layers: its lines, each made wrong, the ranges of layers, what is refused."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from derivgen.build.solve import Solved, solve
from derivgen.derivation import Conclude, Derivation, Rewrite
from derivgen.errors import ProblemError
from derivgen.expr.nodes import Apply, Expr, Function, Layout, Symbol
from derivgen.expr.text import text
from derivgen.expr.walk import transform
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, parts_of

SYMBOLS = """title: Layers
symbols:
  x: vector(n)
  y: vector(m)
  t: vector(m) onehot
  W: matrix(m, n)
  b: vector(m)
  R: matrix(n, n)
  V: matrix(n, n)
  c: vector(n)
  X: matrix(N, n)
  Y: matrix(N, m)
  U: matrix(n, m)
  f: elementwise
  s: scalar
"""
DENSE = "{z: W @ x + b, a: f(z)}"
LAYERS = "layers: L, repeat: {x: a}"

# layers, what is asked
NETWORKS = {
    "squared error": (DENSE, f"{{backprop: norm(a - y)**2/2, {LAYERS}}}"),
    "softmax": (DENSE, f"{{backprop: -t.T @ log(softmax(z)), {LAYERS}}}"),
    "logistic": (
        "{z: W @ x + b, a: sigmoid(z)}",
        f"{{backprop: -sum(y*log(a) + (1 - y)*log(1 - a)), {LAYERS}, wrt: [b, W]}}",
    ),
    "residual": ("{z: R @ x + c, a: x + V @ f(z), C: norm(a)**2}", f"{{backprop: C, {LAYERS}}}"),
    "batch": (
        "{Z: X @ U + ones(N) @ b.T, A: tanh(Z)}",
        "{backprop: norm(A - Y)**2/(2*N), layers: L, repeat: {X: A}}",
    ),
    "by a scalar": ("{z: s*W @ x, a: tanh(z)}", f"{{backprop: norm(a - y)**2, {LAYERS}, wrt: [W, s]}}"),
}


def asked(folder: Path, define: str, part: str, layout: Layout = Layout.DENOMINATOR) -> Solved:
    (found,) = parts_of(folder, f"{SYMBOLS}define: {define}\nparts:\n  - {part}\n")
    return solve(found, 1, layout)


def derived(folder: Path, name: str, layout: Layout = Layout.DENOMINATOR) -> Derivation:
    answer = asked(folder, *NETWORKS[name], layout)
    assert answer.derivation is not None and answer.report is not None, answer.refusal
    assert answer.report.verified, answer.complaints
    return answer.derivation


def written(derivation: Derivation) -> list[str]:
    return [f"{text(step.heading)} = {text(step.after)}" for step in derivation.steps if isinstance(step, Rewrite)]


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("name", NETWORKS)
def test_holds_in_every_layout(tmp_path: Path, name: str, layout: Layout) -> None:
    start = time.process_time()
    derived(tmp_path, name, layout)
    assert time.process_time() - start < 3.0


def test_lines(tmp_path: Path) -> None:
    assert written(derived(tmp_path, "squared error")) == [
        "dC/da^(L) = a^(L) - y",
        "delta^(L) = dC/dz^(L)",
        "delta^(L) = dC/da^(L) * D(f)(z^(L))",
        "delta^(L) = (a^(L) - y) * D(f)(z^(L))",
        "dC/da^(l) = W^(l+1).T @ delta^(l+1)",
        "delta^(l) = dC/dz^(l)",
        "delta^(l) = dC/da^(l) * D(f)(z^(l))",
        "delta^(l) = W^(l+1).T @ delta^(l+1) * D(f)(z^(l))",
        "dC/dW^(l) = delta^(l) @ a^(l-1).T",
        "dC/db^(l) = delta^(l)",
        "dC/dx = W^(1).T @ delta^(1)",
    ]


def test_lines_in_numerator_layout(tmp_path: Path) -> None:
    assert written(derived(tmp_path, "softmax", Layout.NUMERATOR))[1:] == [
        "delta^(L) = softmax(z^(L)).T - t.T",
        "dC/da^(l) = delta^(l+1) @ W^(l+1)",
        "delta^(l) = dC/dz^(l)",
        "delta^(l) = dC/da^(l) * D(f)(z^(l)).T",
        "delta^(l) = delta^(l+1) @ W^(l+1) * D(f)(z^(l)).T",
        "dC/dW^(l) = a^(l-1) @ delta^(l)",
        "dC/db^(l) = delta^(l)",
        "dC/dx = delta^(1) @ W^(1)",
    ]


def test_the_lines_by_central_differences() -> None:
    """The formulas of test_lines, carried out for five layers."""
    random = np.random.default_rng(5)
    sizes = [3, 4, 2, 5, 3, 2]
    weights = [random.normal(size=pair) for pair in zip(sizes[1:], sizes, strict=False)]
    biases = [random.normal(size=size) for size in sizes[1:]]
    x, y = random.normal(size=3), random.normal(size=2)

    def run(weights: list[np.ndarray], x: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], float]:
        a, z = [x], [x]
        for weight, bias in zip(weights, biases, strict=True):
            z.append(weight @ a[-1] + bias)
            a.append(np.tanh(z[-1]))
        return a, z, float(np.sum((a[-1] - y) ** 2) / 2)

    a, z, _ = run(weights, x)
    slope: Callable[[np.ndarray], np.ndarray] = lambda one: 1 - np.tanh(one) ** 2  # noqa: E731
    delta = (a[5] - y) * slope(z[5])
    for layer in (5, 4, 3, 2, 1):
        if layer < 5:
            delta = weights[layer].T @ delta * slope(z[layer])
        found, step = np.outer(delta, a[layer - 1]), 1e-6
        for place in np.ndindex(found.shape):
            moved = [[one.copy() for one in weights] for _ in range(2)]
            moved[0][layer - 1][place] += step
            moved[1][layer - 1][place] -= step
            difference = (run(moved[0], x)[2] - run(moved[1], x)[2]) / (2 * step)
            assert found[place] == pytest.approx(difference, abs=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_wrong_line_is_found(tmp_path: Path, name: str) -> None:
    changed = list(made_wrong(derived(tmp_path, name)))
    assert len(changed) > 5
    for what, derivation in changed:
        assert check_derivation(derivation).is_wrong, what


def put(old: str, new: str) -> Callable[[Expr], Expr | None]:
    """One symbol for another, in the arguments of f' or anywhere."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Apply(Function("f", (1,), True), (Symbol(name) as inner,)) if old == f"f'({name})":
                return replace(node, arguments=(replace(inner, name=new),))
            case Symbol(name) if name == old:
                return replace(node, name=new)
        return None

    return change


# what is printed, what is put in its place
MISTAKES = [("f'(z^(l))", "a^(l)"), ("f'(z^(L))", "a^(L)"), ("a^(l-1)", "x"), ("delta^(l+1)", "delta^(1)")]


@pytest.mark.parametrize(("old", "new"), MISTAKES)
def test_another_layer_is_found(tmp_path: Path, old: str, new: str) -> None:
    derivation = derived(tmp_path, "squared error")
    changed = 0
    for place, step in enumerate(derivation.steps):
        if isinstance(step, Rewrite) and transform(step.after, put(old, new)) != step.after:
            steps = list(derivation.steps)
            steps[place] = replace(step, after=transform(step.after, put(old, new)))
            assert not check_derivation(replace(derivation, steps=tuple(steps))).verified
            changed += 1
    assert changed


def test_the_recursion_is_not_said_of_the_last_layer(tmp_path: Path) -> None:
    derivation = derived(tmp_path, "softmax")
    assert derivation.layered is not None and derivation.layered.below
    everywhere = replace(derivation, layered=replace(derivation.layered, below=()))
    assert check_derivation(everywhere).is_wrong


def test_what_is_boxed(tmp_path: Path) -> None:
    boxes = [text(step.goal) for step in derived(tmp_path, "logistic").steps if isinstance(step, Conclude)]
    assert boxes == ["delta^(L)", "delta^(l)", "dC/db^(l)", "dC/dW^(l)"]


# layers, what is asked, the refusal
REFUSED = [
    (DENSE, f"{{backprop: norm(a - y)**2 + norm(W)**2, {LAYERS}}}", "the loss of layers is one of the last"),
    ("{z: W @ c, a: f(z)}", f"{{backprop: norm(a)**2, {LAYERS}}}", "a is not made of x"),
    (DENSE, f"{{backprop: norm(a - y)**2, {LAYERS}, wrt: [y]}}", "y is no parameter of a layer"),
    (DENSE, f"{{backprop: a, {LAYERS}}}", "back-propagation starts at a scalar loss, this is (m, 1)"),
]


@pytest.mark.parametrize(("define", "part", "reason"), REFUSED)
def test_refusals(tmp_path: Path, define: str, part: str, reason: str) -> None:
    assert reason in asked(tmp_path, define, part).refusal


# what is asked, the complaint
COMPLAINTS = [
    ("{backprop: sum(a), layers: 3, repeat: {x: a}}", "the number of layers of `backprop` is a letter"),
    ("{backprop: sum(a), layers: [3, 4], repeat: {x: a}}", "the number of layers of `backprop` is a letter"),
    ("{backprop: sum(a), layers: W, repeat: {x: a}}", "`W` is declared as something else"),
    ("{backprop: sum(a), layers: L}", "`layers` needs one input that is repeated"),
    ("{backprop: sum(a), repeat: {x: a}}", "`repeat` goes with `layers`"),
    ("{backprop: sum(a), layers: L, repeat: {q: a}}", "q is not declared"),
    ("{backprop: sum(a), layers: L, repeat: {x: y}}", "y is no quantity of `define`"),
    ("{backprop: sum(a), layers: L, repeat: {z: a}}", "z is no vector or matrix that is put in"),
    ("{backprop: sum(a), layers: L, repeat: {X: a}}", "X and a are (N, n) and (m, 1)"),
    ("{backprop: sum(a), layers: L, repeat: {x: a}, claim: x}", "a claim cannot speak of layers"),
    ("{diagram: network, layers: L}", "the layers of a diagram are a list"),
    ("{derive: sum(a), wrt: x, layers: L}", "`layers` does not go with `derive`"),
]


@pytest.mark.parametrize(("part", "complaint"), COMPLAINTS)
def test_complaints(tmp_path: Path, part: str, complaint: str) -> None:
    with pytest.raises(ProblemError) as raised:
        asked(tmp_path, DENSE, part)
    assert complaint in str(raised.value)
