"""Graphs of many named quantities: each gives the numbers of a plain loop, or a message, and comes to an end."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from derivgen.build.solve import Solved
from derivgen.derivation import Conclude
from derivgen.errors import ProblemError
from derivgen.expr.nodes import Number

from .solving import parts_of, solved

SECONDS = 60.0
"""What took time exponential in the length took longer than anybody waits."""

Step = Callable[[float, float], float]


def chain(step: str, length: int, task: str, symbols: str = "s: 0.5, r: 0.25") -> str:
    """A file whose quantity q_k is `step` of the one before (p) and the one before that (o)."""
    lines, before, last = [], "r", "s"
    for place in range(1, length + 1):
        lines.append(f"  q_{place}: {step.replace('o', before).replace('p', last)}")
        before, last = last, f"q_{place}"
    named = "\n".join(lines)
    return f"title: Graph\nsymbols: {{{symbols}}}\ndefine:\n{named}\nparts:\n  - {task.format(last=last)}\n"


def number(answer: Solved) -> float:
    assert answer.derivation is not None, answer.refusal
    assert answer.report is not None and answer.report.verified
    result = answer.derivation.result
    assert isinstance(result, Number)
    return float(result.value)


# the step, its length, the same in Python
GRAPHS: list[tuple[str, int, Step]] = [
    ("p + 0.001", 1000, lambda o, p: p + 0.001),
    ("0.5*p + 0.4*o", 1000, lambda o, p: 0.5 * p + 0.4 * o),
    ("p + 0.001*p*o", 1000, lambda o, p: p + 0.001 * p * o),
    ("p + 0.01*p**2", 200, lambda o, p: p + 0.01 * p**2),
    ("p + 0.1*(1 - p)", 200, lambda o, p: p + 0.1 * (1 - p)),
    ("p + 0.01*tanh(p)", 200, lambda o, p: p + 0.01 * math.tanh(p)),
]


def value(step: Step, length: int, start: float) -> float:
    before, last = 0.25, start
    for _ in range(length):
        before, last = last, step(before, last)
    return last


@pytest.mark.parametrize(("written", "length", "step"), GRAPHS, ids=[f"{row[0]}, {row[1]}" for row in GRAPHS])
def test_forward(tmp_path: Path, written: str, length: int, step: Step) -> None:
    start = time.perf_counter()
    answer = solved(tmp_path, chain(written, length, "forward: {last}\n    digits: 6"))
    assert number(answer) == pytest.approx(value(step, length, 0.5), abs=1e-6)
    assert time.perf_counter() - start < SECONDS


@pytest.mark.parametrize(("written", "length", "step"), GRAPHS, ids=[f"{row[0]}, {row[1]}" for row in GRAPHS])
def test_backward(tmp_path: Path, written: str, length: int, step: Step) -> None:
    start = time.perf_counter()
    answer = solved(tmp_path, chain(written, length, "backward: {last}\n    wrt: s\n    digits: 6"))
    slope = (value(step, length, 0.5 + 1e-5) - value(step, length, 0.5 - 1e-5)) / 2e-5
    assert number(answer) == pytest.approx(slope, rel=1e-6, abs=2e-6)
    assert time.perf_counter() - start < SECONDS


def test_vectors(tmp_path: Path) -> None:
    file = chain("0.5*p + 0.4*o", 1000, "forward: sum({last})\n    digits: 9", "s: [0.5, 1], r: [0.25, -1]")
    first, second = [Fraction(1, 4), Fraction(1, 2)], [Fraction(-1), Fraction(1)]
    for own in (first, second):
        for _ in range(1000):
            own[:] = [own[1], own[1] / 2 + own[0] * Fraction(2, 5)]
    assert number(solved(tmp_path, file)) == pytest.approx(float(first[1] + second[1]), abs=1e-9)


def test_by_a_quantity_in_the_middle(tmp_path: Path) -> None:
    answer = solved(tmp_path, chain("2*p - o", 70, "backward: {last}\n    wrt: q_60"))
    assert number(answer) == 11  # q_k goes on by equal steps, and q_61 and q_62 are made of q_60


def test_what_is_passed_back_is_not_boxed_line_by_line(tmp_path: Path) -> None:
    answer = solved(tmp_path, chain("0.5*p + 0.4*o", 300, "backward: {last}\n    wrt: [s, r]"))
    assert answer.derivation is not None
    assert sum(isinstance(step, Conclude) for step in answer.derivation.steps) == 2


# step, length, task, what the refusal says
REFUSED = [
    ("p + p*o*w", 1000, "backward: {last}\n    wrt: w", "give w a number"),
    ("p + p*o*w", 1000, "chain: '{last}'\n    wrt: w", "`backward` goes through the quantities one by one"),
    ("p + 0.1", 1000, "chain: '{last}'\n    wrt: w", "`backward` goes through the quantities one by one"),
    ("p + tanh(p)", 1000, "backprop: '{last}'\n    wrt: w", "1000 layers are more than a sheet can show"),
]


@pytest.mark.parametrize(("written", "length", "task", "message"), REFUSED)
def test_refused(tmp_path: Path, written: str, length: int, task: str, message: str) -> None:
    answer = solved(tmp_path, chain(written, length, task, "s: 0.5, r: 0.25, w: scalar"))
    assert message in answer.refusal.replace("999", "1000")


WRITTEN = "\n  ".join(["q_0: x", *(f"q_{place}: q_{place - 1}*(1 + q_{place - 1})" for place in range(1, 61))])

# the lines of `define`, the task, where the complaint stands, what it says
COMPLAINTS = [
    ("a: x + c\n  b: a\n  c: b", "forward: c", 4, "the quantities go in a circle: a -> c -> b -> a"),
    ("a: a + 1", "forward: a", 4, "a is made of itself"),
    ("a: x\n  b: swish(a)", "forward: b", 5, "there is no function swish"),
    ("a: W @ u", "forward: a", 4, "W is (2, 3), u is (2, 1): 3 and 2 differ"),
    ("a: u + v", "forward: a", 4, "u is (2, 1), v is (3, 1)"),
    *[
        (WRITTEN, task, 66, "with the quantities of `define` written out, q_60 is too long to work with")
        for task in ("derive: q_60\n    wrt: x", "evaluate: q_60\n    at: {x: 1}", "partials: q_60\n    wrt: [x]")
    ],
]


@pytest.mark.parametrize(("define", "task", "line", "message"), COMPLAINTS, ids=lambda one: str(one)[:20])
def test_complaints(tmp_path: Path, define: str, task: str, line: int, message: str) -> None:
    symbols = '{x: scalar, u: vector(2), v: vector(3), W: "matrix(2, 3)"}'
    start = time.perf_counter()
    with pytest.raises(ProblemError) as caught:
        parts_of(tmp_path, f"title: Graph\nsymbols: {symbols}\ndefine:\n  {define}\nparts:\n  - {task}\n")
    assert time.perf_counter() - start < SECONDS
    first = caught.value.complaints[0]
    assert message in first.message
    assert first.place is not None and first.place.line == line


def test_a_circle_of_a_thousand(tmp_path: Path) -> None:
    file = chain("p + o", 1000, "forward: '{last}'").replace("  q_1: s + r", "  q_1: s + q_1000")
    with pytest.raises(ProblemError, match="the quantities go in a circle: q_1 -> q_1000"):
        parts_of(tmp_path, file)
