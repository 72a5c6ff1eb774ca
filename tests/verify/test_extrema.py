"""A missed, a wrong or a wrongly named critical point is found, and what is right is not called wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from derivgen.build.question import scope_from
from derivgen.derivation import Derivation, Equation, Solutions, Solve
from derivgen.derive.critical import classify, critical_points
from derivgen.errors import Place
from derivgen.expr.nodes import ONE, ZERO_NUMBER, Dim, Expr, Layout, Matrix, Partial, Symbol, number
from derivgen.problem.expression import parse_expression
from derivgen.problem.model import Given, Part
from derivgen.verify.bench import Bench
from derivgen.verify.extrema import no_other_solution
from derivgen.verify.steps import check_derivation

SCOPE = scope_from(["x: scalar", "y: scalar", "p: scalar positive"], [])
x, y, p = (SCOPE.symbols[name] for name in ("x", "y", "p"))
F = Symbol("f")


def expr(written: str) -> Expr:
    return parse_expression(written, SCOPE)


def derived(task: str, written: str, at: tuple[tuple[Symbol, Expr], ...] = ()) -> Derivation:
    part = Part(task, SCOPE, Place("f", 1, 1), expression=expr(written), given=Given(variables=(x, y), at=at))
    return (critical_points if task == "critical_points" else classify)(part, Layout.DENOMINATOR)


# the function, its variables, the points that are said to be all, what is found besides
SEARCHES = [
    ("x**3 + y**3 - 3*x*y", (x, y), [("0", "0"), ("1", "1")], ""),
    ("x**3 + y**3 - 3*x*y", (x, y), [("0", "0")], "(x, y) = (1, 1) is a solution too"),
    ("x**3 + y**3 - 3*x*y", (x, y), [("1", "1")], "(x, y) = (0, 0) is a solution too"),
    ("x**2*y - x**2 - y**2", (x, y), [("0", "0"), ("sqrt(2)", "1")], "(x, y) = (-1.41421, 1) is a solution too"),
    ("(x - 40)**2*(x - 41)**2", (x,), [("40",), ("41",)], "x = 40.5 is a solution too"),
    ("x**4 + y**4", (x, y), [("0", "0")], ""),
    ("x**8 + y**2", (x, y), [("0", "0")], ""),
    # nothing is a root where e^-x is too small to be told from zero, or where the function has no value
    ("x*y*exp(-(x**2 + y**2)/2)", (x, y), [(a, b) for a in ("-1", "1") for b in ("-1", "1")] + [("0", "0")], ""),
    ("(2 - x*y + y)*exp(-x)", (x, y), [("1", "-2")], ""),
    # along x = 9/y^2 both derivatives come as near to zero as one likes, far from the origin
    ("x*y**2 - 9*log(1 + y**2)/2 + x**3", (x, y), [("0", "0")], ""),
    ("(x - 3000)*(x + 3000)*x", (x,), [("1000*sqrt(3)",)], "x = -1732.05 is a solution too"),
    ("x**3/3 - 2500*x**2", (x,), [("0",)], "x = 5000 is a solution too"),
    ("1/(1 + x**2)", (x,), [("0",)], ""),
    ("log(x) - x**2/2", (x,), [("1",)], ""),
    ("p**3 - 3*p", (p,), [("1",)], ""),
    ("x*log(x)", (x,), [("exp(-1)",)], ""),
    ("x*log(x)", (x,), [], "x = 0.367879 is a solution too"),
]


@pytest.mark.parametrize(("written", "unknowns", "points", "message"), SEARCHES)
def test_search(written: str, unknowns: tuple[Symbol, ...], points: list[tuple[str, ...]], message: str) -> None:
    known = tuple(tuple(map(expr, point)) for point in points)
    equations = tuple(Equation(Partial(F, unknown), ZERO_NUMBER) for unknown in unknowns)
    bench = Bench((*unknowns, *(one for point in known for one in point)), None, {"f": expr(written)})
    verdict = no_other_solution(unknowns, equations, known, bench)
    assert verdict.message == message
    assert verdict.status == ("wrong" if message else "numeric")


def without_a_point(derivation: Derivation) -> Derivation:
    """The last point is dropped everywhere."""
    assert isinstance(derivation.result, Matrix)
    kept = derivation.result.entries[:-2]
    last = derivation.result.entries[-2:]
    steps = tuple(
        replace(step, points=tuple(point for point in step.points if point != last))
        if isinstance(step, Solve | Solutions)
        else step
        for step in derivation.steps
    )
    return replace(derivation, steps=steps, result=Matrix(kept, (Dim(len(kept) // 2), Dim(2))))


def moved_point(derivation: Derivation) -> Derivation:
    assert isinstance(derivation.result, Matrix)
    entries = (*derivation.result.entries[:-1], number(7))
    return replace(derivation, result=replace(derivation.result, entries=entries))


def moved_solution(derivation: Derivation) -> Derivation:
    steps = tuple(
        replace(step, points=(*step.points[:-1], (number(7), number(7)))) if isinstance(step, Solutions) else step
        for step in derivation.steps
    )
    return replace(derivation, steps=steps)


def wrong_line(derivation: Derivation) -> Derivation:
    """The first unknown that is given by the others is given by something else."""
    steps = list(derivation.steps)
    place = next(n for n, step in enumerate(steps) if isinstance(step, Solve) and step.equations[0].left in (x, y))
    step = steps[place]
    assert isinstance(step, Solve)
    steps[place] = replace(step, equations=(Equation(step.equations[0].left, number(5)),))
    return replace(derivation, steps=tuple(steps))


@pytest.mark.parametrize("change", [without_a_point, moved_point, moved_solution, wrong_line])
def test_a_wrong_point_is_found(change: Callable[[Derivation], Derivation]) -> None:
    derivation = derived("critical_points", "x**3 + y**3 - 3*x*y")
    assert check_derivation(derivation).verified
    assert check_derivation(change(derivation)).is_wrong


@pytest.mark.parametrize("word", ["maximum", "saddle", "undecided", "none", "minimum, minimum"])
def test_a_wrong_kind_is_found(word: str) -> None:
    derivation = derived("classify", "x**2 - x*y + y**2 + 2*x - y")
    assert check_derivation(derivation).verified
    assert check_derivation(replace(derivation, verdict=word)).is_wrong


def test_a_kind_where_the_gradient_is_not_zero_is_found() -> None:
    derivation = derived("classify", "x**2 + x*y + 2*y**2", ((x, number(1)), (y, number(2))))
    assert derivation.verdict == "none"
    assert check_derivation(derivation).verified
    assert check_derivation(replace(derivation, verdict="minimum")).is_wrong


def test_alternatives_must_hold_at_each_point() -> None:
    derivation = derived("critical_points", "x*y*(1 - x - y)")
    steps = list(derivation.steps)
    place = next(n for n, step in enumerate(steps) if isinstance(step, Solve) and step.either)
    step = steps[place]
    assert isinstance(step, Solve)
    steps[place] = replace(step, equations=step.equations[:1])
    assert check_derivation(derivation).verified
    assert check_derivation(replace(derivation, steps=tuple(steps))).is_wrong


def test_the_array_of_points_has_a_row_for_each() -> None:
    derivation = derived("critical_points", "x**3 + y**3 - 3*x*y")
    assert derivation.shape == (Dim(2), Dim(2))
    assert isinstance(derivation.question, Matrix) and derivation.question.shape == (Dim(2), ONE)
