"""How the time of a derivation grows with the length of the expression: products, sums and chains of functions."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
from matrix_calculus import TooSlow, limited

import derivgen
from derivgen.build.question import derivative_question, scope_from
from derivgen.build.solve import solve
from derivgen.errors import DerivgenError
from derivgen.expr.nodes import Layout

SIZES = (2, 4, 8, 16, 32)

Question = tuple[str, str, list[str]]
"""expression, wrt, declarations"""


def trace_of_product(k: int) -> Question:
    """tr(A1 ... X ... Ak), k factors with X in the middle."""
    names = [f"A{n}" for n in range(1, k + 1)]
    names[k // 2] = "X"
    return f"tr({' @ '.join(names)})", "X", [f"{name}: matrix(n, n)" for name in names]


def product_of_one(k: int) -> Question:
    """tr(X ... X), k times."""
    return f"tr({' @ '.join(['X'] * k)})", "X", ["X: matrix(n, n)"]


def sum_of_terms(k: int) -> Question:
    """x'A1 x + ... + x'Ak x."""
    terms = " + ".join(f"x.T @ A{n} @ x" for n in range(1, k + 1))
    return terms, "x", ["x: vector(n)", *(f"A{n}: matrix(n, n)" for n in range(1, k + 1))]


def chain_of_functions(k: int) -> Question:
    """sum(sin(tanh(sin(... A x ...)))), k functions."""
    inner = "A @ x"
    for n in range(k):
        inner = f"{('sin', 'tanh')[n % 2]}({inner})"
    return f"sum({inner})", "x", ["x: vector(n)", "A: matrix(m, n)"]


FAMILIES: list[tuple[str, Callable[[int], Question]]] = [
    ("tr(A1 @ ... @ X @ ... @ Ak)", trace_of_product),
    ("tr(X @ ... @ X), k factors", product_of_one),
    ("sum of k forms x'Ax", sum_of_terms),
    ("chain of k functions", chain_of_functions),
]


def seconds(made: Question, runs: int) -> float | str:
    """The median time of deriving and checking, warm; or why it is not derived or not verified."""
    expression, wrt, declared = made
    taken = []
    for run in range(runs + 1):
        try:
            part = derivative_question(expression, wrt, scope_from(declared, ()))
        except DerivgenError as error:
            return f"not read: {error}".splitlines()[0]
        start = time.perf_counter()
        try:
            with limited():
                solved = solve(part, 1, Layout.DENOMINATOR)
        except TooSlow as error:
            return str(error)
        taken.append(time.perf_counter() - start)
        if solved.report is None:
            return f"refused: {solved.refusal}"
        if not solved.report.verified:
            return "not verified"
        if taken[0] > 5 and run:
            break
    return float(np.median(taken[1:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(f"derivgen {derivgen.__version__}, median of {options.runs} runs, warm; ms with steps and checks")
    print(f"{'':32}" + "".join(f"{f'k = {k}':>10}" for k in SIZES) + f"{'exponent':>10}{'8 to 32':>10}")
    notes = []
    for label, make in FAMILIES:
        found: dict[int, float | str] = {}
        for k in SIZES:
            found[k] = seconds(make(k), options.runs)
            if isinstance(found[k], str):
                break
        timed = {k: t for k, t in found.items() if isinstance(t, float)}
        cells = "".join(f"{timed[k] * 1e3:>10.1f}" if k in timed else f"{'-':>10}" for k in SIZES)
        print(f"{label:32}{cells}{exponent(timed):>10}{exponent({k: t for k, t in timed.items() if k >= 8}):>10}")
        notes += [f"{label}, k = {k}: {t}" for k, t in found.items() if isinstance(t, str)]
    print("\n".join(notes))


def exponent(timed: dict[int, float]) -> str:
    """The p of time = c k^p, by least squares on logarithms."""
    if len(timed) < 2:
        return "-"
    slope, _ = np.polyfit(np.log(list(timed)), np.log(list(timed.values())), 1)
    return f"{slope:.2f}"


if __name__ == "__main__":
    main()
