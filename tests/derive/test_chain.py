"""The chain rule through named quantities: against SymPy and published results, and with a line made wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import sympy

from derivgen.derivation import Conclude, Rewrite, Statement, Table
from derivgen.expr.nodes import Matrix
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.verify.checks import check_derivation

from .solving import made_wrong, solved

UV = "{u: x*y, v: x**2 - y**2}"

# define, f, variables, the published derivatives
PUBLISHED = [
    (
        UV,
        "(u - v)*exp(u)",
        "x, y",
        "[y*(x*y - x**2 + y**2 + 1)*exp(x*y) - 2*x*exp(x*y), x*(x*y - x**2 + y**2 + 1)*exp(x*y) + 2*y*exp(x*y)]",
    ),
    (
        "{u: x/2 + 2/y, v: x*exp(y)}",
        "u*log(v) + v*log(u)",
        "x, y",
        "[(log(x) + y + x*exp(y)/(x/2 + 2/y))/2 + (log(x/2 + 2/y) + (x/2 + 2/y)/(x*exp(y)))*exp(y), "
        "-2/y**2*(log(x) + y + x*exp(y)/(x/2 + 2/y)) + (log(x/2 + 2/y) + (x/2 + 2/y)/(x*exp(y)))*x*exp(y)]",
    ),
    (
        "{u: x*sin(y) + y*sin(x), v: x*cos(y) + y*cos(x)}",
        "u*log(v)",
        "x, y",
        "[(sin(y) + y*cos(x))*log(x*cos(y) + y*cos(x))"
        " + (cos(y) - y*sin(x))*(x*sin(y) + y*sin(x))/(x*cos(y) + y*cos(x)),"
        " (x*cos(y) + sin(x))*log(x*cos(y) + y*cos(x))"
        " + (cos(x) - x*sin(y))*(x*sin(y) + y*sin(x))/(x*cos(y) + y*cos(x))]",
    ),
    ("{u: tan((x + y)/2), v: tan((x - y)/2)}", "(u + v)/(1 - u*v)", "x, y", "[1/cos(x)**2, 0]"),
    ("{u: 2*t, v: 3*t}", "u**2 + v**2", "t", "26*t"),
    ("{y1: 2*x1 + x2, y2: x1 - x2}", "y1**2 + y2**2", "x1, x2", "[10*x1 + 2*x2, 2*x1 + 4*x2]"),
    (
        '{z: "[x1 + x2, x2*x3]"}',
        "z[1]**2 + 2*z[2]**2",
        "x1, x2, x3",
        "[2*x1 + 2*x2, 2*x1 + 2*x2 + 4*x2*x3**2, 4*x2**2*x3]",
    ),
]

# define, f, variables, f in the variables
MORE = [
    ("{u: x*y, v: u**2 + x}", "exp(v) + u", "x, y", "exp((x*y)**2 + x) + x*y"),
    ("{u: x*y}", "u**2", "x, y, t", "(x*y)**2"),
    ("{p: t*x + y, s: sin(p)}", "(s - y)**2", "t, y", "(sin(t*x + y) - y)**2"),
    ("{u: x*y, v: u**2 + x}", "u*v*x", "x, y", "x*y*((x*y)**2 + x)*x"),
    ("{u: t**2}", "u**2 + t*u", "t", "t**4 + t**3"),
    ("{u: sin(x)}", "u**2 + cos(x)**2", "x", "1"),
    ("{u: x**2 + y**2}", "sqrt(u)", "x, y", "sqrt(x**2 + y**2)"),
    ("{u: 1/x, v: u**2}", "v + log(u)", "x", "x**-2 - log(x)"),
    ("{u: x + y, v: x - y, p: u*v, s: u/v}", "p + s", "x, y", "x**2 - y**2 + (x + y)/(x - y)"),
    ('{z: "[x1*x2, x1 + x2]"}', "z.T @ z", "x1, x2", "(x1*x2)**2 + (x1 + x2)**2"),
    ('{z: "[x1*x2, x1 + x2]"}', "exp(z[1])*z[2]", "x1, x2", "exp(x1*x2)*(x1 + x2)"),
]


def given(define: str, formula: str, variables: str, more: str = "") -> str:
    names = ", ".join(f"{name}: scalar" for name in ("x", "y", "t", "x1", "x2", "x3"))
    return (
        f"title: Chain\nsymbols: {{{names}}}\ndefine: {define}\n"
        f'parts:\n  - chain: "{formula}"\n    wrt: [{variables}]\n{more}'
    )


@pytest.mark.parametrize(("define", "formula", "variables", "published"), PUBLISHED, ids=[row[1] for row in PUBLISHED])
def test_published(tmp_path: Path, define: str, formula: str, variables: str, published: str) -> None:
    answer = solved(tmp_path, given(define, formula, variables, f'    claim: "{published}"\n'))
    assert answer.report is not None and answer.report.verified
    assert answer.claim is not None and answer.claim.status == "holds"


@pytest.mark.parametrize(("define", "formula", "variables", "direct"), MORE, ids=[row[1] for row in MORE])
def test_against_sympy(tmp_path: Path, define: str, formula: str, variables: str, direct: str) -> None:
    answer = solved(tmp_path, given(define, formula, variables))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    result = answer.derivation.result
    values = [to_sympy(one) for one in (result.entries if isinstance(result, Matrix) else (result,))]
    local = {name: sympy.Symbol(name, real=True) for name in ("x", "y", "t", "x1", "x2", "x3")}
    whole = sympy.sympify(direct, locals=local)
    for name, value in zip(variables.split(", "), values, strict=True):
        assert sympy.simplify(sympy.diff(whole, local[name]) - value) == 0


def lines_of(tmp_path: Path, *row: str) -> list[str]:
    answer = solved(tmp_path, given(*row))
    assert answer.derivation is not None
    return [text(step.after) for step in answer.derivation.steps if isinstance(step, Rewrite)]


def test_lines_of_one_variable(tmp_path: Path) -> None:
    assert lines_of(tmp_path, "{u: 2*t, v: 3*t}", "u**2 + v**2", "t") == [
        "diff(f, u) * diff(u, t) + diff(f, v) * diff(v, t)",
        "2 * u * 2 + 2 * v * 3",
        "4 * u + 6 * v",
        "4 * (2 * t) + 6 * (3 * t)",
        "8 * t + 18 * t",
        "26 * t",
        "(2 * t)**2 + (3 * t)**2",
        "4 * t**2 + 9 * t**2",
        "13 * t**2",
    ]


def test_the_table_has_each_derivative_once(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(UV, "(u - v)*exp(u)", "x, y"))
    assert answer.derivation is not None
    (table,) = (step for step in answer.derivation.steps if isinstance(step, Table))
    shown = [[f"{text(cell.left)} = {text(cell.right)}" for cell in row] for row in table.rows]
    assert shown == [
        ["diff(f, u) = (u - v + 1) * exp(u)", "diff(f, v) = -exp(u)"],
        ["diff(u, x) = y", "diff(u, y) = x"],
        ["diff(v, x) = 2 * x", "diff(v, y) = -2 * y"],
    ]


def test_ordinary_where_a_quantity_is_of_one_variable(tmp_path: Path) -> None:
    answer = solved(tmp_path, given("{u: 2*t, v: 3*t}", "u**2 + v**2", "t"))
    assert answer.derivation is not None
    (table,) = (step for step in answer.derivation.steps if isinstance(step, Table))
    signs = [[getattr(cell.left, "ordinary", None) for cell in row] for row in table.rows]
    assert signs == [[False, False], [True, True]]


def test_at_a_point(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(UV, "u**2 + v", "x, y", "    at: {x: 1, y: 2}\n"))
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    assert text(answer.derivation.result) == "[10, 0]"


def test_only_the_quantities_that_are_used(tmp_path: Path) -> None:
    answer = solved(tmp_path, given("{u: x*y, v: x + y}", "u**2", "x, y"))
    assert answer.derivation is not None
    assert [symbol.name for symbol, _ in answer.derivation.named] == ["u"]


# define, f, variables, part of the reason
REFUSED = [
    ("{u: x*y}", "x**2", "x", "there is no chain"),
    ('{u: "[[x, y], [t, x]]"}', "u[1, 1]**2", "x", "u is no vector"),
]


@pytest.mark.parametrize(("define", "formula", "variables", "reason"), REFUSED, ids=[row[3] for row in REFUSED])
def test_refusals(tmp_path: Path, define: str, formula: str, variables: str, reason: str) -> None:
    assert reason in solved(tmp_path, given(define, formula, variables)).refusal


@pytest.mark.parametrize("row", [*PUBLISHED, *MORE], ids=[row[1] for row in (*PUBLISHED, *MORE)])
def test_a_wrong_line_is_found(tmp_path: Path, row: tuple[str, ...]) -> None:
    answer = solved(tmp_path, given(*row[:3]))
    assert answer.derivation is not None
    mutants = list(made_wrong(answer.derivation))
    assert mutants
    definitions = answer.part.scope.definitions
    right = [what for what, one in mutants if not check_derivation(one, {}, definitions).is_wrong]
    assert right == []


def test_every_variable_has_its_box(tmp_path: Path) -> None:
    answer = solved(tmp_path, given(UV, "u + v", "x, y"))
    assert answer.derivation is not None
    assert sum(isinstance(step, Conclude) for step in answer.derivation.steps) == 2
    ends = [step for step in answer.derivation.steps if isinstance(step, Statement) and step.key == "chain_agrees"]
    assert ends and all(end.ticked for end in ends)
