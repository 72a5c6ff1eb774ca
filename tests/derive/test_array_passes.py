"""Passes through arrays: numbers against NumPy, symbols against the direct derivative, lines made wrong, refusals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from derivgen.build.solve import Solved, solve
from derivgen.derivation import Conclude, Rewrite, Table
from derivgen.expr.nodes import Expr, Layout, Matrix, Number, Partial, Symbol
from derivgen.expr.text import text
from derivgen.verify.checks import check_derivation, check_equal

from .solving import made_wrong, parts_of

NUMBERS = """title: Arrays
symbols:
  X: [[1, 2], [3, -1], [0, 2]]
  W: [[2, 0.75], [-1, 0.25]]
  b: [1, -1]
  Y: [[4, 0], [1, 1], [2, 2]]
  w: [0.5, -0.25]
  t: [0, 1, 0]
  s: 2
define:
"""
SYMBOLS = """title: Arrays
symbols:
  X: matrix(N, n)
  W: matrix(n, m)
  b: vector(m)
  Y: matrix(N, m)
  w: vector(n)
  t: vector(N) onehot
  s: scalar
define:
"""
X = np.array([[1.0, 2], [3, -1], [0, 2]])
Y = np.array([[4.0, 0], [1, 1], [2, 2]])
START = {
    "W": np.array([[2, 0.75], [-1, 0.25]]),
    "b": np.array([[1.0], [-1]]),
    "w": np.array([[0.5], [-0.25]]),
    "s": np.array([[2.0]]),
}
T = np.array([[0.0], [1], [0]])

Run = Callable[[dict[str, np.ndarray]], float]


def relu_layer(at: dict[str, np.ndarray]) -> float:
    z = X @ at["W"] + np.ones((3, 1)) @ at["b"].T
    return float(np.sum((np.maximum(z, 0) - Y) ** 2) / 2)


def tanh_twice(at: dict[str, np.ndarray]) -> float:
    z = X @ at["W"]
    a = np.tanh(z)
    return float(np.trace(a.T @ (z - Y)) + at["s"][0, 0] * np.sum(at["W"] ** 2))


def softmax(at: dict[str, np.ndarray]) -> float:
    z = X @ at["w"] * at["s"]
    return float(-(T * np.log(np.exp(z) / np.exp(z).sum())).sum())


def logistic(at: dict[str, np.ndarray]) -> float:
    p = 1 / (1 + np.exp(-(X @ at["w"])))
    return float((T * np.log(p) + (1 - T) * np.log(1 - p)).mean())


# the quantities, the variables, the same in NumPy
GRAPHS: dict[str, tuple[str, str, Run]] = {
    "relu": ("{Z: X @ W + ones({N}) @ b.T, A: relu(Z), L: norm(A - Y)**2/2}", "W, b", relu_layer),
    "two paths": ("{Z: X @ W, A: tanh(Z), L: tr(A.T @ (Z - Y)) + s*norm(W)**2}", "W, s", tanh_twice),
    "softmax": ("{z: s*(X @ w), p: softmax(z), L: -t.T @ log(p)}", "w, s", softmax),
    "logistic": ("{z: X @ w, p: sigmoid(z), L: mean(t*log(p) + (1 - t)*log(1 - p))}", "w", logistic),
}


def asked(folder: Path, head: str, name: str, task: str, layout: Layout = Layout.DENOMINATOR) -> Solved:
    define, _, _ = GRAPHS[name]
    define = define.replace("{N}", "3" if head is NUMBERS else "N")
    quantities = "".join(f"  {one.strip()}\n" for one in define[1:-1].split(", ") if ":" in one)
    (part,) = parts_of(folder, f"{head}{quantities}parts:\n  - {task}\n")
    answer = solve(part, 1, layout)
    assert answer.derivation is not None, answer.refusal
    assert answer.report is not None and answer.report.verified, answer.complaints
    return answer


def called(goal: Expr) -> str:
    """dL/ds, of a scalar s too."""
    if isinstance(goal, Partial) and isinstance(goal.wrt, Symbol):
        return f"d{text(goal.body)}/d{goal.wrt.name}"
    return text(goal)


def boxes(answer: Solved) -> dict[str, np.ndarray]:
    assert answer.derivation is not None
    found = {}
    for step in answer.derivation.steps:
        if isinstance(step, Conclude):
            own = step.result.entries if isinstance(step.result, Matrix) else (step.result,)
            numbers = [float(one.value) for one in own if isinstance(one, Number)]
            rows = step.result.shape[0].number if isinstance(step.result, Matrix) else 1
            found[called(step.goal)] = np.array(numbers).reshape(rows, -1)
    return found


@pytest.mark.parametrize("name", GRAPHS)
def test_forward_against_numpy(tmp_path: Path, name: str) -> None:
    answer = asked(tmp_path, NUMBERS, name, "{forward: L, digits: 6}")
    assert boxes(answer)["L"].item() == pytest.approx(GRAPHS[name][2](START), abs=1e-6)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("name", GRAPHS)
def test_backward_against_differences(tmp_path: Path, name: str, layout: Layout) -> None:
    _, variables, run = GRAPHS[name]
    found = boxes(asked(tmp_path, NUMBERS, name, f"{{backward: L, wrt: [{variables}], digits: 6}}", layout))
    for variable in variables.split(", "):
        own = found[f"dL/d{variable}"]
        own = own.T if layout is Layout.NUMERATOR else own
        for place in np.ndindex(START[variable].shape):
            moved = [{key: value.copy() for key, value in START.items()} for _ in range(2)]
            moved[0][variable][place] += 1e-6
            moved[1][variable][place] -= 1e-6
            assert own[place] == pytest.approx((run(moved[0]) - run(moved[1])) / 2e-6, abs=2e-6)


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("name", GRAPHS)
def test_symbols_against_the_direct_derivative(tmp_path: Path, name: str, layout: Layout) -> None:
    _, variables, _ = GRAPHS[name]
    answer = asked(tmp_path, SYMBOLS, name, f"{{backward: L, wrt: [{variables}]}}", layout)
    assert answer.derivation is not None
    found = {called(step.goal): step.result for step in answer.derivation.steps if isinstance(step, Conclude)}
    definitions = {**answer.part.scope.definitions, **{one.name: value for one, value in answer.derivation.named}}
    for variable in variables.split(", "):
        direct = asked(tmp_path, SYMBOLS, name, f"{{derive: L, wrt: {variable}}}", layout).derivation
        assert direct is not None
        assert check_equal(direct.result, found[f"dL/d{variable}"], {}, definitions).holds


def test_lines_with_symbols(tmp_path: Path) -> None:
    answer = asked(tmp_path, SYMBOLS, "two paths", "{backward: L, wrt: [W, Z]}")
    assert answer.derivation is not None
    lines = [step for step in answer.derivation.steps if isinstance(step, Rewrite)]
    assert [f"{text(line.heading)} = {text(line.after)}" for line in lines] == [
        "dL/dA = Z - Y",
        "dL/dZ = A + dL/dA * (1 - A**2)",
        "dL/dW = 2 * s * W + X.T @ dL/dZ",
    ]


def test_lines_with_numbers(tmp_path: Path) -> None:
    answer = asked(tmp_path, NUMBERS, "relu", "{backward: L, wrt: b}")
    assert answer.derivation is not None
    lines = [step for step in answer.derivation.steps if isinstance(step, Rewrite)]
    assert [f"{text(line.heading)} = {text(line.after)}" for line in lines][-9:] == [
        "dL/dA = A - Y",
        "dL/dA = [[1, 1/4], [8, 1], [0, 0]] - [[4, 0], [1, 1], [2, 2]]",
        "dL/dA = [[-3, 1/4], [7, 0], [-2, -2]]",
        "dL/dZ = dL/dA * step(Z)",
        "dL/dZ = [[-3, 1/4], [7, 0], [-2, -2]] * step([[1, 1/4], [8, 1], [-1, -1/2]])",
        "dL/dZ = [[-3, 1/4], [7, 0], [0, 0]]",
        "dL/db = dL/dZ.T @ ones(3)",
        "dL/db = [[-3, 1/4], [7, 0], [0, 0]].T @ ones(3)",
        "dL/db = [4, 1/4]",
    ]


def test_a_table_without_numbers(tmp_path: Path) -> None:
    answer = asked(tmp_path, SYMBOLS, "logistic", "forward: L")
    assert answer.derivation is not None
    (table,) = [step for step in answer.derivation.steps if isinstance(step, Table)]
    shown = [[f"{text(cell.left)} = {text(cell.right)}" for cell in row] for row in table.rows]
    assert shown[:2] == [["z = X @ w"], ["p = sigmoid(z)", "p = sigmoid(X @ w)"]]


@pytest.mark.parametrize("head", [NUMBERS, SYMBOLS], ids=["numbers", "symbols"])
@pytest.mark.parametrize("name", GRAPHS)
def test_a_wrong_line_is_found(tmp_path: Path, name: str, head: str) -> None:
    answer = asked(tmp_path, head, name, f"{{backward: L, wrt: [{GRAPHS[name][1]}]}}")
    assert answer.derivation is not None
    changed = list(made_wrong(answer.derivation))
    assert changed
    scope = answer.part.scope
    for what, derivation in changed:
        assert check_derivation(derivation, scope.values, scope.meanings).is_wrong, what


# quantities, what is asked, the refusal
REFUSED = [
    ("Z: relu(X @ W - X @ W)\n  L: sum(Z)", "{backward: L, wrt: W}", "kink at 0, so no derivative there"),
    ("Z: X @ W\n  L: norm(Z - V)", "{forward: L}", "has numbers, and V has none"),
    ("Z: X @ W\n  L: sum(Z)", "{forward: L, rounding: staged}", "arrays are not rounded line by line"),
    ("Z: X @ W\n  L: logdet(W.T @ W) + sum(Z)", "{forward: L}", "is not worked out in numbers"),
    ("Z: B @ B.T\n  L: sum(Z)", "{forward: L}", "arrays of more than 8 rows or columns are too large"),
    ("Z: X @ W", "{backward: Z, wrt: W}", "back-propagation starts at a scalar loss, this is (3, 2)"),
]


@pytest.mark.parametrize(("define", "task", "reason"), REFUSED, ids=[row[2] for row in REFUSED])
def test_refusals(tmp_path: Path, define: str, task: str, reason: str) -> None:
    more = f"  V: matrix(3, 2)\n  B: {[[1]] * 9}\ndefine:\n"
    (part,) = parts_of(tmp_path, f"{NUMBERS.replace('define:' + chr(10), more)}  {define}\nparts:\n  - {task}\n")
    assert reason in solve(part, 1, Layout.DENOMINATOR).refusal
