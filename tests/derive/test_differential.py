"""The method `differential`: it agrees with the method `index`, and every line of it is checked."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from derivgen.build.solve import at_detail
from derivgen.derivation import Derivation, Rewrite
from derivgen.derive import derive
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Differential, Expr, Layout, MatMul, Product, Trace, Transpose, number
from derivgen.expr.text import text
from derivgen.render.json import derivation_json
from derivgen.render.latex import latex
from derivgen.render.plain import unicode_math
from derivgen.verify.checks import check_derivation, check_equal

from .corpus import DERIVATIVES, DIFFERENTIALS, derivative, differential

Case = tuple[str, str, str]

# what the method says of what is outside its reach
OUT_OF_REACH = re.compile("more than two axes|index notation|inside a structure|no law|is not there yet")
MUST = 0.8
"""The share of the questions for the method `index` that this one answers too, at least."""


def out_of_reach(case: Case) -> str:
    """Why the method refuses a question; empty where it does not."""
    try:
        derive(differential(case), Layout.DENOMINATOR)
    except CannotDerive as refusal:
        return str(refusal)
    return ""


REACHED = [case for case in DERIVATIVES if not out_of_reach(case)] + DIFFERENTIALS


@pytest.mark.parametrize("case", REACHED, ids=lambda case: case[0])
def test_every_line_is_verified(case: Case) -> None:
    part = differential(case)
    derivation = derive(part, Layout.DENOMINATOR)
    report = check_derivation(derivation, part.scope.values)
    assert report.verified, report


@pytest.mark.parametrize("case", REACHED, ids=lambda case: case[0])
def test_agrees_with_the_method_index(case: Case) -> None:
    try:
        expected = derive(derivative(case), Layout.DENOMINATOR)
    except CannotDerive:
        pytest.skip("the method index does not reach it")
    if expected.form == "index":
        pytest.skip("the method index finds no matrix form")
    found = derive(differential(case), Layout.DENOMINATOR)
    assert found.shape == expected.shape
    assert check_equal(found.result, expected.result).holds


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("case", DIFFERENTIALS, ids=lambda case: case[0])
def test_true_in_every_layout(case: Case, layout: Layout) -> None:
    part = differential(case)
    derivation = derive(part, layout)
    assert check_derivation(replace(derivation, steps=()), part.scope.values).verified


@pytest.mark.parametrize("detail", ["brief", "full"])
@pytest.mark.parametrize("case", DIFFERENTIALS, ids=lambda case: case[0])
def test_verified_at_every_detail(case: Case, detail: str) -> None:
    derivation = at_detail(derive(differential(case), Layout.DENOMINATOR), detail)
    assert check_derivation(derivation).verified


@pytest.mark.parametrize("case", [case for case in DERIVATIVES if case not in REACHED], ids=lambda case: case[0])
def test_what_is_out_of_reach_is_refused_by_name(case: Case) -> None:
    assert OUT_OF_REACH.search(out_of_reach(case))


def test_most_questions_are_reached() -> None:
    assert sum(case in REACHED for case in DERIVATIVES) >= MUST * len(DERIVATIVES)


# the variable is inside a structure, a row, differentiated twice; a function without a law
@pytest.mark.parametrize(
    ("case", "order", "message"),
    [
        (("logdet(S)", "S", "S: matrix(n, n) symmetric invertible"), 1, "S is symmetric"),
        (("r @ r.T", "r", "r: matrix(1, n)"), 1, "r is a row"),
        (("x.T @ A @ x", "x", "x: vector(n); A: matrix(n, n)"), 2, "first derivatives only"),
        (("tr(A @ kron(B, X))", "X", "A: matrix(6, 6); B: matrix(2, 2); X: matrix(3, 3)"), 1, "no law brings dX"),
    ],
    ids=lambda one: one[0] if isinstance(one, tuple) else str(one),
)
def test_refusals_say_what(case: Case, order: int, message: str) -> None:
    with pytest.raises(CannotDerive, match=message):
        derive(derivative(case, order, "differential"), Layout.DENOMINATOR)


def test_the_last_line_shows_the_derivative() -> None:
    derivation = derive(differential(("a.T @ X @ b", "X", "X: matrix(m, n); a: vector(m); b: vector(n)")), Layout.MIXED)
    last = derivation.lines[-1].after
    match last:
        case Trace(MatMul((*front, dX))):
            assert dX == derivation.direction
            assert check_equal(MatMul(tuple(front)), Transpose(derivation.result)).holds
        case _:
            pytest.fail(text(last))


def test_a_name_that_is_taken_is_not_used_for_the_differential() -> None:
    part = differential(("x * dx", "x", "x: scalar; dx: scalar"))
    derivation = derive(part, Layout.DENOMINATOR)
    assert derivation.direction is not None and derivation.direction.name != "dx"
    assert check_derivation(derivation).verified


def wrong_lines(derivation: Derivation) -> list[Derivation]:
    """The derivation with one line after another doubled in value."""

    def doubled(expr: Expr) -> Expr:
        return Product((number(2), expr))

    found = []
    for place, step in enumerate(derivation.steps):
        if isinstance(step, Rewrite):
            steps = list(derivation.steps)
            steps[place] = replace(step, after=doubled(step.after), substeps=())
            found.append(replace(derivation, steps=tuple(steps)))
    return found


@pytest.mark.parametrize("case", DIFFERENTIALS[:6], ids=lambda case: case[0])
def test_a_wrong_line_is_found(case: Case) -> None:
    for wrong in wrong_lines(derive(differential(case), Layout.DENOMINATOR)):
        assert check_derivation(wrong).is_wrong


def test_printed() -> None:
    derivation = derive(
        differential(("theta.T @ A @ theta", "theta", "theta: vector(n); A: matrix(n, n)")), Layout.MIXED
    )
    heading = derivation.lines[0].heading
    assert isinstance(heading, Differential)
    assert (text(heading), unicode_math(heading), latex(heading)) == ("d(f)", "df", r"\mathrm{d}f")
    assert unicode_math(derivation.lines[-1].after) == "θᵀ (A + Aᵀ) dθ"
    assert latex(derivation.lines[-1].after).endswith(r"\mathrm{d}\boldsymbol{\theta}")
    assert derivation_json(derivation)["steps"][0]["rule"] == "product rule"
