"""What each step type says is checked: a true derivation of each kind passes, and one with a single wrong thing in it
does not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from derivgen.build.solve import solve_problem
from derivgen.derivation import Conclude, Define, Derivation, Instance, Rewrite, Statement, Step, Table
from derivgen.expr.build import plus
from derivgen.expr.nodes import ONE_NUMBER, Expr, Matrix, Number
from derivgen.problem.load import load_problem
from derivgen.verify.checks import check_derivation

PARTS = {
    "chain": "derive: (3*x + 2)**4\n    wrt: x",
    "product": "derive: x**2*exp(x)\n    wrt: x",
    "quotient": "derive: (x**2 + 1)/(x - 1)\n    wrt: x",
    "power": "derive: x**x\n    wrt: x",
    "gradient": "gradient: x**2*y + 3*x*y**2\n    wrt: [x, y]\n    at: [1, 2]",
    "hessian": "hessian: x**3 + y**3 - 3*x*y\n    wrt: [x, y]",
    "jacobian": "jacobian: [x**2 + y, x*y]\n    wrt: [x, y]",
    "mixed": "partials: x**3*y**2 - 2*x*y\n    order: 2\n    wrt: [x, y]",
    "rounded": "evaluate: sqrt(x**2 + y**2)\n    at: {x: 6.4, y: 3.2}\n    digits: 2",
    "plane": "tangent_plane: x**2 + y**2\n    at: [1, 2]",
    "direction": "directional: x**2*y\n    at: [1, 2]\n    direction: [3, 4]",
}


@pytest.fixture
def derived(tmp_path: Path) -> Callable[[str], Derivation]:
    def of(name: str) -> Derivation:
        file = tmp_path / "problem.yaml"
        file.write_text(f"title: t\nsymbols: {{x: scalar, y: scalar}}\nparts:\n  - {PARTS[name]}\n", encoding="utf-8")
        (solved,) = solve_problem(load_problem(file))
        assert solved.derivation is not None, solved.refusal
        return solved.derivation

    return of


@pytest.mark.parametrize("name", PARTS)
def test_a_true_derivation_is_verified(derived: Callable[[str], Derivation], name: str) -> None:
    report = check_derivation(derived(name))
    assert report.verified, report


def off(expr: Expr) -> Expr:
    """`expr` and 1."""
    if isinstance(expr, Matrix):
        return Matrix((off(expr.entries[0]), *expr.entries[1:]), expr.shape)
    return Number(expr.value + 1) if isinstance(expr, Number) else plus((expr, ONE_NUMBER))


def wrong_steps(step: Step) -> list[Step]:
    """`step` with one thing in it that is not true."""
    match step:
        case Rewrite():
            return [replace(step, after=off(step.after))]
        case Conclude():
            return [replace(step, result=off(step.result))]
        case Define(_, meaning, _, after) if after is not None:
            return [replace(step, meaning=off(meaning)), replace(step, after=off(after))]
        case Table(rows):
            found: list[Step] = []
            for n, row in enumerate(rows):
                for m, cell in enumerate(row):
                    wrong = (*row[:m], Instance(cell.left, off(cell.right)), *row[m + 1 :])
                    found.append(replace(step, rows=(*rows[:n], wrong, *rows[n + 1 :])))
            return found
        case Statement(facts=(fact, *rest)):
            return [replace(step, facts=(replace(fact, right=off(fact.right)), *rest))]
    return []


@pytest.mark.parametrize("name", PARTS)
def test_one_wrong_thing_is_found(derived: Callable[[str], Derivation], name: str) -> None:
    true = derived(name)
    tried = 0
    for place, step in enumerate(true.steps):
        for wrong in wrong_steps(step):
            tried += 1
            steps = (*true.steps[:place], wrong, *true.steps[place + 1 :])
            assert not check_derivation(replace(true, steps=steps)).verified, wrong
    assert tried >= 2


@pytest.mark.parametrize("name", PARTS)
def test_a_wrong_result_is_found(derived: Callable[[str], Derivation], name: str) -> None:
    true = derived(name)
    assert not check_derivation(replace(true, result=off(true.result))).verified


def test_a_number_is_rounded_to_the_nearest(derived: Callable[[str], Derivation]) -> None:
    """7.155...: 7.16 is right, 7.15 is not."""
    true = derived("rounded")
    places = [n for n, step in enumerate(true.steps) if isinstance(step, Rewrite) and step.digits is not None]
    step = true.steps[places[-1]]
    assert isinstance(step, Rewrite) and isinstance(step.after, Number)
    cut = replace(step, after=Number(Fraction("7.15")))
    steps = (*true.steps[: places[-1]], cut, *true.steps[places[-1] + 1 :])
    assert not check_derivation(replace(true, steps=steps)).verified


def test_a_letter_stands_for_one_thing(derived: Callable[[str], Derivation]) -> None:
    true = derived("chain")
    first = next(step for step in true.steps if isinstance(step, Define))
    assert not check_derivation(replace(true, steps=(first, *true.steps))).verified
