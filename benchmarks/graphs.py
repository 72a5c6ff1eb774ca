"""How the time of a pass grows with the number of quantities of `define`: read, derived and checked."""

from __future__ import annotations

import argparse
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import derivgen
from derivgen.build.solve import solve
from derivgen.expr.nodes import Layout
from derivgen.problem.load import load_problem

SIZES = (125, 250, 500, 1000)

FAMILIES = [
    ("chain, q + 0.001", "{last} + 0.001", "s: 0.5, r: 0.25"),
    ("the two before, q/2 + 2p/5", "0.5*{last} + 0.4*{before}", "s: 0.5, r: 0.25"),
    ("residual, q + tanh(q)/100", "{last} + 0.01*tanh({last})", "s: 0.5, r: 0.25"),
    ("vectors, the two before", "0.5*{last} + 0.4*{before}", "s: [0.5, 1], r: [0.25, -1]"),
]
TASKS = ("forward: {last}", "backward: {last}\n    wrt: s")
OF_VECTORS = ("forward: sum({last})",)


def problem(step: str, symbols: str, task: str, length: int) -> str:
    lines, before, last = [], "r", "s"
    for place in range(1, length + 1):
        lines.append(f"  q_{place}: {step.format(before=before, last=last)}")
        before, last = last, f"q_{place}"
    return "\n".join(
        ["title: Graph", f"symbols: {{{symbols}}}", "define:", *lines, f"parts:\n  - {task.format(last=last)}"]
    )


def seconds(text: str, runs: int) -> float:
    """The least time of `runs`; the answer must be verified."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graph.yaml"
        path.write_text(text, encoding="utf-8")
        for _ in range(runs):
            start = time.perf_counter()
            solved = solve(load_problem(path).parts[0], 1, Layout.DENOMINATOR)
            taken.append(time.perf_counter() - start)
            assert solved.report is not None and solved.report.verified, solved.refusal
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2)
    options = parser.parse_args()
    print(f"derivgen {derivgen.__version__}, best of {options.runs} runs; seconds, and the ratio to half as many")
    print(f"{'':40}" + "".join(f"{f'n = {n}':>16}" for n in SIZES))
    for label, step, symbols in FAMILIES:
        for task in OF_VECTORS if "[" in symbols else TASKS:
            times = [seconds(problem(step, symbols, task, n), options.runs) for n in SIZES]
            ratios = ["", *(f" ({after / before:.1f})" for before, after in pairwise(times))]
            cells = "".join(f"{f'{t:.2f}{ratio}':>16}" for t, ratio in zip(times, ratios, strict=True))
            print(f"{label + ', ' + task.split(':')[0]:40}{cells}")


if __name__ == "__main__":
    main()
