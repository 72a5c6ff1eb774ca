"""Gradient descent, Newton's method and gradients over data: every line verified, the points as SymPy finds them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import sympy as sp

from derivgen.build.solve import Solved, solve
from derivgen.derivation import Conclude, Derivation, Fact, Grid, Instance, Rewrite, Statement
from derivgen.derive.batch import batch_gradient
from derivgen.errors import CannotDerive, UserError
from derivgen.expr.nodes import Expr, Layout, Matrix, Number
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import transform
from derivgen.problem.load import load_problem
from derivgen.problem.model import Part, Values
from derivgen.render.environment import words
from derivgen.render.sheet import block_views
from derivgen.render.terminal import derivation_text
from derivgen.verify.steps import check_derivation, check_equal

Load = Callable[[str], Part]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(fields: str) -> Part:
        path = tmp_path / "problem.yaml"
        lines = "\n    ".join(line.strip() for line in fields.strip().split(";"))
        symbols = "{x: scalar, y: scalar, z: scalar, w: scalar, b: scalar, theta: scalar, c: 3}"
        path.write_text(f"title: A step\nsymbols: {symbols}\nparts:\n  - {lines}\n", encoding="utf-8")
        return load_problem(path).parts[0]

    return loaded


def solved(part: Part) -> Solved:
    found = solve(part, 1, Layout.DENOMINATOR)
    assert found.derivation is not None, found.refusal
    assert found.report is not None and found.report.verified, [c.message for c in found.complaints]
    return found


def derived(part: Part) -> Derivation:
    found = solved(part).derivation
    assert found is not None
    return found


def numbers(expr: Expr) -> list[Fraction]:
    entries = expr.entries if isinstance(expr, Matrix) else (expr,)
    assert all(isinstance(one, Number) for one in entries), text(expr)
    return [one.value for one in entries if isinstance(one, Number)]


def said(derivation: Derivation) -> list[str]:
    return [step.key for step in derivation.steps if isinstance(step, Statement)]


# --- published and known values -------------------------------------------------------------------------------------

# fields of the part, the last point, the sentences
PUBLISHED = [
    (
        "descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1",  # m2 3.3
        ["16/5", "2/5"],
        ["descent_lower", "gradient_shorter"],
    ),
    ("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.3", ["8/5", "-14/5"], ["descent_raise", "gradient_longer"]),
    ("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.3; steps: 3", ["32/125", "-686/125"], ["descents_raise"]),
    ("descend: x**2; start: 1; rate: 1", ["-1"], ["descent_level"]),
    ("descend: x**2 + y**2; start: [1, 2]; rate: 1", ["-1", "-2"], ["descent_level", "gradient_as_long"]),
    ("descend: x**2 + y**2; start: [0, 0]; rate: 0.1", ["0", "0"], ["descent_rests"]),
    ("descend: (x - 3)**2; start: 0; rate: 1/3", ["2"], ["descent_lower"]),
    (
        "descend: x**2 + 2*y**2 + c*z**2; start: [1, 1, 1]; rate: 1/10",
        ["4/5", "3/5", "2/5"],
        ["descent_lower", "gradient_shorter"],
    ),
    ("newton: x**2 + 4*y**2; start: [4, 2]", ["0", "0"], ["newton_quadratic", "newton_minimum"]),  # m2 C1
    ("newton: -x**2 - x*y - y**2 + x; start: [4, 2]", ["2/3", "-1/3"], ["newton_quadratic", "newton_maximum"]),
    ("newton: x**2 + 4*x*y + y**2 - x; start: [1, 1]", ["-1/6", "1/3"], ["newton_quadratic", "newton_saddle"]),
    (
        "newton: x**2 + y**2 + z**2 + x*y + y*z - 2*x + c*z; start: [1, 1, 1]",
        ["3/4", "1/2", "-7/4"],
        ["newton_solves", "newton_quadratic", "newton_minimum"],
    ),
    (
        "newton: x**2 + y**2 - 2*z**2 + x*z; start: [1, 1, 1]",
        ["0", "0", "0"],
        ["newton_solves", "newton_quadratic", "newton_saddle"],
    ),
    (
        "newton: x**2 + 2*y**2 + 3*z**2; start: [1, 1, 1]",
        ["0", "0", "0"],
        ["newton_quadratic", "newton_minimum"],
    ),
    ("newton: 3*x**2 - x; start: 5", ["1/6"], ["newton_quadratic_one", "newton_minimum_one"]),
    ("newton: x - c*x**2; start: 5", ["1/6"], ["newton_quadratic_one", "newton_maximum_one"]),
    # Rosenbrock: the first step goes to (1, 0), where the function is 100
    ("newton: (1 - x)**2 + 100*(y - x**2)**2; start: [0, 0]", ["1", "0"], ["newton_raises"]),
    ("newton: (1 - x)**2 + 100*(y - x**2)**2; start: [0, 0]; steps: 2", ["1", "1"], ["newton_lowers"]),
    ("newton: x**4 - 3*x**2; start: 2", ["32/21"], ["newton_lowers"]),
]


@pytest.mark.parametrize(
    ("fields", "point", "sentences"), PUBLISHED, ids=lambda one: one if isinstance(one, str) else ""
)
def test_points_and_sentences(load: Load, fields: str, point: list[str], sentences: list[str]) -> None:
    found = derived(load(fields))
    assert numbers(found.result) == list(map(Fraction, point))
    assert said(found) == sentences


# fields, the last point rounded
ROUNDED = [
    ("descend: exp(x) + y**2; start: [1, 2]; rate: 0.1; digits: 3", ["0.728", "1.6"]),
    ("descend: exp(x*y) + y**2; start: [1, 2]; rate: 0.1", ["-0.4778", "0.8611"]),
    ("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; steps: 5", ["1.3107", "0.0006"]),
    ("descend: x - log(x); start: 3; rate: 0.5; steps: 20; digits: 5", ["1.00005"]),
    ("descend: x**2; start: sqrt(2); rate: 1/4; digits: 4", ["0.7071"]),
    ("newton: x - log(x); start: 0.3; digits: 3; steps: 2", ["0.76"]),
    ("newton: exp(x + y) + x**2 + y**2; start: [1, 0]; digits: 3", ["0", "0"]),
    ("newton: exp(theta) - 2*theta; start: 0; steps: 5; digits: 8", ["0.69314718"]),
]


@pytest.mark.parametrize(("fields", "point"), ROUNDED, ids=lambda one: one if isinstance(one, str) else "")
def test_rounded_points(load: Load, fields: str, point: list[str]) -> None:
    found = derived(load(fields))
    assert numbers(found.result) == list(map(Fraction, point))


def test_the_first_step_is_written_out(load: Load) -> None:
    shown = derivation_text(derived(load("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; digits: 2")))
    for line in (
        "x0 = 4    y0 = 2    α = 0.1",
        "= [2 (4), 8 (2)]ᵀ",
        "= [x0, y0]ᵀ - α grad_f(x0, y0)",
        "= [4, 2]ᵀ - 0.1 [8, 16]ᵀ",
        "= [4, 2]ᵀ - [0.8, 1.6]ᵀ",
        "= [3.2, 0.4]ᵀ",
        "f(3.2, 0.4) = (3.2)² + 4 (0.4)²",
        "= 10.88",
        "= sqrt(8² + 16²)",
        "≈ 17.89",
        "≈ 7.16",
    ):
        assert line in shown


def test_newton_shows_the_inverse(load: Load) -> None:
    shown = derivation_text(derived(load("newton: x**2 + 4*x*y + y**2 - x; start: [1, 1]")))
    for line in ("det(H) = 2 (2) - 4 (4)", "H⁻¹ = -(1/12) [[2, -4], [-4, 2]]", "= [[-1/6, 1/3], [1/3, -1/6]]"):
        assert line in shown


def test_a_table_has_a_row_for_each_step(load: Load) -> None:
    found = derived(load("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; steps: 7"))
    (grid,) = (step for step in found.steps if isinstance(step, Grid))
    assert len(grid.cells) == 8 and grid.digits == 4
    assert "table_rounded" in said(found)


# --- against SymPy --------------------------------------------------------------------------------------------------

X, Y = sp.symbols("x y", real=True)


def _by_sympy(task: str, formula: Any, start: tuple[int, int], steps: int, rate: Any) -> list[Any]:
    point = list(map(sp.Integer, start))
    down = [sp.diff(formula, one) for one in (X, Y)]
    bent = sp.hessian(formula, (X, Y))
    for _ in range(steps):
        at = dict(zip((X, Y), point, strict=True))
        slope = sp.Matrix([one.subs(at) for one in down])
        move = rate * slope if task == "descend" else bent.subs(at).LUsolve(slope)
        point = [one - by for one, by in zip(point, move, strict=True)]
    return point


@pytest.mark.parametrize("seed", range(24))
def test_random_polynomials(load: Load, seed: int) -> None:
    draw = random.Random(seed)
    terms = [f"{draw.choice([-2, -1, 1, 2, 3])}*x**{draw.randint(0, 3)}*y**{draw.randint(0, 2)}" for _ in range(3)]
    written = " + ".join([*terms, "2*x**2", "3*y**2"])
    start, steps = (draw.randint(-2, 2), draw.randint(-2, 2)), draw.choice([1, 1, 2])
    task, rate = draw.choice(["descend", "newton"]), "1/20"
    fields = f"{task}: {written}; start: [{start[0]}, {start[1]}]; steps: {steps}"
    part = load(f"{fields}; rate: {rate}" if task == "descend" else fields)
    formula = to_sympy(part.expression) if part.expression is not None else None
    if task == "newton" and sp.hessian(formula, (X, Y)).subs(dict(zip((X, Y), start, strict=True))).det() == 0:
        assert "singular" in solve(part, 1, Layout.DENOMINATOR).refusal
        return
    found = derived(part)
    expected = _by_sympy(task, formula, start, steps, sp.Rational(1, 20))
    for shown, right in zip(numbers(found.result), expected, strict=True):
        if found.digits is None:
            assert shown == Fraction(int(right.p), int(right.q))
        else:
            assert abs(float(shown) - float(right)) <= 0.51 * 10**-found.digits


# --- rounding line by line ------------------------------------------------------------------------------------------

STAGED = [
    "descend: exp(x) + y**2; start: [1, 2]; rate: 0.1; digits: 3; rounding: staged",
    "descend: exp(x) + y**2; start: [1, 2]; rate: 7; digits: 1; rounding: staged",
    "descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; digits: 2; rounding: staged",
    "descend: exp(x); start: 1; rate: 0.1; digits: 2; rounding: staged; steps: 4",
    "newton: x - log(x); start: 0.3; digits: 2; rounding: staged",
    "newton: exp(x + y) + x**2 + y**2; start: [1, 0]; digits: 3; rounding: staged",
    "newton: x**2 + 4*y**2; start: [4, 2]; digits: 1; rounding: staged",
    "newton: x**2 + y**2 + z**2 + x*y + y*z - 2*x; start: [1, 1, 1]; digits: 2; rounding: staged",
]


@pytest.mark.parametrize("fields", STAGED)
def test_staged_rounding(load: Load, fields: str) -> None:
    found = derived(load(fields))
    assert said(found)[0] in ("rounded_on", "rounded_arrays")


def test_another_last_digit_is_said(load: Load) -> None:
    found = derived(load("newton: exp(x + y) + x**2 + y**2; start: [1, 0]; digits: 3; rounding: staged"))
    (differs,) = (step for step in found.steps if isinstance(step, Statement) and step.key == "last_digit")
    values = dict(differs.values)
    assert numbers(values["staged"]) == [Fraction("0.002"), Fraction("0.002")]
    assert numbers(values["exact"]) == numbers(found.result) == [0, 0]


# --- refusals -------------------------------------------------------------------------------------------------------

REFUSED = [
    ("newton: x**2 + 2*x*y + y**2; start: [1, 1]", "the Hessian is singular: its determinant is 0"),
    ("newton: x**3; start: 0", "the second derivative is 0"),
    ("newton: x**2 + y**2 + 3*z; start: [1, 1, 1]", "the Hessian is singular"),
    ("newton: x + y; start: [1, 1]", "the Hessian is singular"),
    ("descend: log(x); start: 0; rate: 0.1", "the logarithm of 0 is no real number"),
    ("descend: log(x) + 5*x; start: 1; rate: 1", "the logarithm of -5 is no real number"),
    ("descend: 1/x; start: 0; rate: 0.1", "division by zero"),
    ("descend: sqrt(x); start: -1; rate: 0.1", "is no real number"),
    ("descend: sqrt(x); start: 0; rate: 0.1", ""),
    ("descend: abs(x) + y**2; start: [0, 1]; rate: 0.1", "abs has no derivative at 0"),
    ("descend: relu(x - 1); start: 1; rate: 0.1", "relu has no derivative at 0"),
    ("descend: b*x**2; wrt: x; start: 1; rate: 0.1", "b has no number"),
    ("descend: x**4; start: 10; rate: 1; steps: 9", "the method runs away"),
    ("descend: c + 1; wrt: x; start: 1; rate: 0.1", "depends on none of x"),
]


@pytest.mark.parametrize(("fields", "reason"), REFUSED, ids=lambda one: one)
def test_refused(load: Load, fields: str, reason: str) -> None:
    found = solve(load(fields), 1, Layout.DENOMINATOR)
    assert found.refusal and reason in found.refusal


@pytest.mark.parametrize("rate", ["0", "-0.1", "x"])
def test_rates_must_be_positive(load: Load, rate: str) -> None:
    with pytest.raises(UserError):
        load(f"descend: x**2; start: 1; rate: {rate}")


# --- data -----------------------------------------------------------------------------------------------------------

LINE = "gradient: (y - w*x - b)**2; wrt: [w, b]; at: {w: 1.5, b: 2}; data: {x: [1, 2, 3], y: [3, 5, 7]}"
LOGISTIC = "gradient: log(1 + exp(-y*w*x)); wrt: w; at: {w: 0.5}; data: {x: [1, 2, -1, 3, 0.5], y: [1, 1, -1, -1, 1]}"
ENTROPY = (
    "gradient: -y*log(sigmoid(w*x)) - (1 - y)*log(1 - sigmoid(w*x)); wrt: w; at: {w: 0.5};"
    " data: {x: [1, 2, -1, 3], y: [1, 1, 0, 0]}"
)
LONG = "gradient: (y - w*x)**2; wrt: w; at: {w: 1}; data: {x: [1, 2, 3, 4, 5, 6], y: [2, 1, 4, 3, 6, 5]}"

# fields, the result (m2 C2: -2/3, 0; 1.567, 2)
DATA = [
    (LINE, ["-0.6667", "0"]),
    (f"{LINE}; digits: 3", ["-0.667", "0"]),
    (f"{LINE}; rate: 0.1", ["1.5667", "2"]),
    (f"{LINE.replace('1.5', '3/2')}; rate: 1/10", ["47/30", "2"]),
    (f"{LINE}; rate: 0.1; digits: 3", ["1.567", "2"]),
    (f"{LINE}; rate: 0.1; digits: 3; rounding: staged", ["1.567", "2"]),
    (LOGISTIC, ["0.1882"]),
    (f"{LOGISTIC}; rate: 0.1; digits: 3; rounding: staged", ["0.481"]),
    (f"{ENTROPY}; digits: 4", ["0.2899"]),
    (f"{ENTROPY}; digits: 2; rounding: staged; rate: 2", ["-0.08"]),
    (LONG, ["1"]),
    ("gradient: (y - c*w*x)**2; wrt: w; at: {w: 1}; data: {x: [1, 2], y: [2, 1]}", ["33"]),
]


def batch(part: Part, layout: Layout = Layout.DENOMINATOR) -> Derivation:
    found = batch_gradient(part, layout)
    report = check_derivation(found, part.scope.values, part.scope.definitions)
    assert report.verified, [verdict for verdict in (*report.verdicts, report.result) if not verdict.holds]
    return found


@pytest.mark.parametrize(("fields", "result"), DATA, ids=lambda one: one if isinstance(one, str) else "")
def test_gradients_over_data(load: Load, fields: str, result: list[str]) -> None:
    assert numbers(batch(load(fields)).result) == list(map(Fraction, result))


def test_decimals_and_fractions_are_not_mixed(load: Load) -> None:
    """A fraction without a finite decimal stays until it is rounded: no 1/15 beside 1.5."""
    shown = derivation_text(derived(load(f"{LINE}; rate: 0.1; digits: 3")))
    assert "= 1.5 - 0.1 (-2/3)" in shown
    assert "= 1.5 + 0.1 (2/3)" in shown
    assert "≈ 1.567" in shown
    assert "15" not in shown.partition("w_new")[2].replace("1.5", "").replace("1.567", "")


def test_decimals_in_a_table_line_up(load: Load) -> None:
    shown = derivation_text(derived(load("descend: x**4 + y**2; start: [1, 1]; rate: 0.1; steps: 3; digits: 3")))
    assert "  1  0.600  0.800  0.770\n" in shown
    assert "  2  0.514  0.640  0.479\n" in shown
    exact = derivation_text(derived(load("descend: x**2; start: 1; rate: 0.25; steps: 2")))
    assert "  0  1.00  1.0000\n" in exact
    assert "  2  0.25  0.0625\n" in exact


def test_each_data_point_has_its_lines(load: Load) -> None:
    shown = derivation_text(batch(load(f"{LINE}; rate: 0.1; digits: 3")))
    for line in (
        "= -2 x_i (y_i - w x_i - b)",
        "= -2 (1) (3 - (1.5) (1) - 2)",
        "= (1/3) (1 + 0 + (-3))",
        "≈ -0.667",
        "w_new = w_old - α ∂f/∂w|",
        "≈ 1.567",
    ):
        assert line in shown.replace("1/10", "0.1").replace("3/2", "1.5")


def test_many_data_points_stand_in_a_table(load: Load) -> None:
    grids = [step for step in batch(load(LONG)).steps if isinstance(step, Grid)]
    assert [len(grid.cells) for grid in grids] == [6]


def test_a_gradient_over_data_follows_the_layout(load: Load) -> None:
    found = batch(load(LINE), Layout.NUMERATOR)
    assert isinstance(found.result, Matrix)
    assert tuple(dim.number for dim in found.result.shape) == (1, 2)


NO_BATCH = [
    ("gradient: (y - w*x)**2; wrt: w; data: {x: [1, 2], y: [3, 5]}", "w has none"),
    ("gradient: w**2; wrt: w; at: {w: 1}; data: {x: [1, 2]}", "none of the symbols that have data"),
    ("gradient: (y - w*x)**2; wrt: w; at: {w: 1}; data: {x: [1, 2]}", "y has no number"),
    ("gradient: (y - w*x)**2; wrt: [w, x]; at: {w: 1, x: 1}; data: {x: [1, 2], y: [1, 2]}", "it is no parameter"),
    ("gradient: abs(y - w*x); wrt: w; at: {w: 1}; data: {x: [1, 2], y: [1, 1]}", "abs has no derivative at 0"),
    ("gradient: log(w*x); wrt: w; at: {w: 1}; data: {x: [1, -2]}", "is no real number"),
]


@pytest.mark.parametrize(("fields", "reason"), NO_BATCH, ids=lambda one: one)
def test_data_refused(load: Load, fields: str, reason: str) -> None:
    with pytest.raises(CannotDerive, match=reason):
        batch_gradient(load(fields), Layout.DENOMINATOR)


# --- claims ---------------------------------------------------------------------------------------------------------

CLAIMS = [
    ("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; claim: [3.2, 0.4]", "holds"),
    ("descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; claim: [3.2, 0.5]", "wrong"),
    ("newton: x**4 - 3*x**2; start: 2; digits: 3; claim: 1.524", "holds"),
    ("newton: x**4 - 3*x**2; start: 2; digits: 3; claim: 1.523", "rounded"),
    ("newton: x**4 - 3*x**2; start: 2; digits: 3; claim: 1.5*x", "wrong"),
    ("newton: x**2 + 4*y**2; start: [4, 2]; claim: [0, 0]", "holds"),
    ("newton: x**2 + 4*y**2; start: [4, 2]; claim: [0, 1]", "wrong"),
]


@pytest.mark.parametrize(("fields", "status"), CLAIMS, ids=lambda one: one)
def test_claims(load: Load, fields: str, status: str) -> None:
    claim = solved(load(fields)).claim
    assert claim is not None and claim.status == status


# --- what is wrong is found -----------------------------------------------------------------------------------------

SOUND = [
    "descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1",
    "descend: x**2 + 4*y**2; start: [4, 2]; rate: 0.1; steps: 3",
    "newton: x**2 + 4*x*y + y**2 - x; start: [1, 1]",
    "newton: x**4 - 3*x**2; start: 2; digits: 3",
    LINE,
    f"{LINE}; rate: 0.1; digits: 3",
    LONG,
]


def _off(expr: Expr) -> Expr:
    """`expr` with its last number one too large; as it is where it holds none."""
    found: list[Number] = []

    def note(node: Expr) -> None:
        if isinstance(node, Number):
            found.append(node)

    transform(expr, note)
    if not found:
        return expr
    place = [0]

    def change(node: Expr) -> Expr | None:
        if isinstance(node, Number):
            place[0] += 1
            return Number(node.value + 1) if place[0] == len(found) else None
        return None

    return transform(expr, change)


def _spoiled(derivation: Derivation, values: Mapping[str, Values]) -> list[Derivation]:
    """The derivation with one thing wrong: a number of a line, of a cell, of the box; a relation turned round."""
    found: list[Derivation] = []
    turned = {"<": ">", ">": "<", "=": "!="}

    def put(place: int, step: Any) -> None:
        found.append(replace(derivation, steps=(*derivation.steps[:place], step, *derivation.steps[place + 1 :])))

    for place, step in enumerate(derivation.steps):
        match step:
            case Rewrite(after=after) if check_equal(after, _off(after), values).status == "wrong":
                put(place, replace(step, after=_off(after)))
            case Grid(cells=cells):
                for at in range(len(cells)):
                    last = cells[at][-1]
                    row = (*cells[at][:-1], Instance(last.left, _off(last.right)))
                    if cells[at][-1].left != cells[at][-1].right:
                        put(place, replace(step, cells=(*cells[:at], row, *cells[at + 1 :])))
            case Statement(facts=facts) if facts:
                one = facts[0]
                put(place, replace(step, facts=(Fact(one.left, turned[one.relation], one.right), *facts[1:])))
            case Conclude(result=result):
                put(place, replace(step, result=_off(result)))
    return [*found, replace(derivation, result=_off(derivation.result))]


@pytest.mark.parametrize("fields", SOUND)
def test_what_is_wrong_is_found(load: Load, fields: str) -> None:
    part = load(fields)
    sound = batch(part) if part.task == "gradient" else derived(part)
    spoiled = _spoiled(sound, part.scope.values)
    assert len(spoiled) > 4
    missed = [one for one in spoiled if not check_derivation(one, part.scope.values).is_wrong]
    assert not missed


# --- every sentence is there ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [*(fields for fields, *_ in PUBLISHED), *(fields for fields, _ in ROUNDED), *STAGED],
)
def test_sentences_are_filled_in(load: Load, fields: str) -> None:
    found = derived(load(fields))
    sentences = words("en")["statements"]
    for step in found.steps:
        if isinstance(step, Statement):
            assert sentences[step.key].format(**{name: text(value) for name, value in step.values})
    assert block_views(found) and derivation_text(found)
