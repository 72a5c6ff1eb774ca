"""What stands above the lines: the symbols with what is known of them, the function with its variables; ln for log."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivgen.build.solve import solve
from derivgen.derivation import rule
from derivgen.expr.nodes import Apply, Expr, Function, LogDet, Plus, Symbol
from derivgen.problem import load_problem, load_sheet
from derivgen.render.environment import environment
from derivgen.render.latex import latex
from derivgen.render.notation import with_logarithm
from derivgen.render.report import Answer
from derivgen.render.sheet import sheet_tex, sheet_view
from derivgen.render.terminal import derivation_text
from derivgen.render.views import law_names
from tests.render.samples import SHEET, A

HEAD = r"""
title: A head
symbols:
  x: vector(x1, x2)
  A: [[2, 1], [1, 3]]
  alpha: 0.1
  c: [1, 2]
  B: matrix(5, 5)
  u: scalar
  v: scalar
  w: scalar positive
  k: scalar constant
"""


def page(folder: Path, rest: str, sheet: str = "") -> str:
    """The LaTeX of a sheet of one problem, from `\\begin{document}` on."""
    path = folder / "problem.yaml"
    path.write_text(HEAD + rest, encoding="utf-8")
    of = SHEET
    if sheet:
        (folder / "one.sheet.yaml").write_text(sheet, encoding="utf-8")
        of = load_sheet(folder / "one.sheet.yaml")
    problem = load_problem(path)
    answers: list[Answer] = []
    for number, part in enumerate(problem.parts, 1):
        found = solve(part, number, problem.layout)
        assert found.derivation is not None, found.refusal
        answers.append(Answer(part, found.derivation, found.report))
    return sheet_tex(sheet_view(of, [(problem, answers)])).split(r"\begin{document}")[1]


QUADRATIC = "parts:\n  - expand: x.T @ A @ x\n"
PARTIALS = "parts:\n  - partials: u**2*v + k\n    wrt: u\n"

# the rest of the problem, what its page shows, what it does not
SHOWN = [
    (QUADRATIC, r"\mathbf{x} = (x_{1},\, x_{2})^{\mathsf T}", r"$x_{1}$"),
    (QUADRATIC, r"\mathbf{A} = \begin{bmatrix}2 & 1 \\ 1 & 3\end{bmatrix}", r"$\mathbf{A}$, $2 \times 2$"),
    (QUADRATIC, r"\alpha = 0.1", "1/10"),
    (QUADRATIC, r"\mathbf{c} = (1,\, 2)^{\mathsf T}", ""),
    (QUADRATIC, r"$\mathbf{B}$, $5 \times 5$", ""),
    (QUADRATIC, r"f = \mathbf{x}^{\mathsf T}\mathbf{A}\mathbf{x}", "defined"),
    (QUADRATIC, r"\dglabel{symbols}$u$, $v$", r"\dglabel{symbol}$u$"),
    (PARTIALS, r"\dglabel{variables}$u$, $v$", r"\dglabel{variable}$u$"),
    (PARTIALS, r"\dglabel{constant}$w$, positive", ""),
    (PARTIALS, "f(u, v) = u^{2} v + k", "f(u) ="),
]


@pytest.mark.parametrize(("rest", "shown", "absent"), SHOWN, ids=[shown for _, shown, _ in SHOWN])
def test_the_head(tmp_path: Path, rest: str, shown: str, absent: str) -> None:
    tex = page(tmp_path, rest)
    assert shown in tex
    assert not absent or absent not in tex


LOGARITHM = "parts:\n  - derive: log(u)\n    wrt: u\n"
ONE = "title: One\nproblems: problem.yaml\n"


@pytest.mark.parametrize(
    ("rest", "sheet", "name"),
    [
        (LOGARITHM, "", "log"),
        (f"logarithm: ln\n{LOGARITHM}", "", "ln"),
        (LOGARITHM, f"{ONE}logarithm: ln\n", "ln"),
        (f"logarithm: log\n{LOGARITHM}", f"{ONE}logarithm: ln\n", "log"),
    ],
)
def test_the_logarithm_is_printed_as_asked(tmp_path: Path, rest: str, sheet: str, name: str) -> None:
    tex = page(tmp_path, rest, sheet)
    assert rf"\{name}(u)" in tex and f"derivative of {name}" in tex
    other = "ln" if name == "log" else "log"
    assert rf"\{other}(u)" not in tex and f"derivative of {other}" not in tex


def test_the_terminal_reads_ln_but_gives_a_result_that_can_be_read_back(tmp_path: Path) -> None:
    (tmp_path / "problem.yaml").write_text(f"{HEAD}parts:\n  - derive: u*log(u)\n    wrt: u\n", encoding="utf-8")
    found = solve(load_problem(tmp_path / "problem.yaml").parts[0], 1, None)
    assert found.derivation is not None
    *lines, result = derivation_text(found.derivation, logarithm="ln").split("\n")
    assert "ln(u)" in "\n".join(lines) and result.endswith("log(u) + 1")


def test_the_logarithm_of_a_determinant() -> None:
    assert latex(with_logarithm(Apply(Function("log"), (Symbol("u"),)), "ln")) == r"\ln(u)"
    assert latex(with_logarithm(LogDet(A), "ln")) == latex(LogDet(A)).replace("log", "ln")


def test_letters_in_the_name_of_a_law_are_mathematics() -> None:
    u, v = Symbol("u_1"), Plus((Symbol("v"), Symbol("theta")))

    @rule("put in", law="u = u(x)", source="definition", letters=(u, v))
    def put(expr: Expr) -> Expr | None:
        return None

    assert put.name == "put in u_1, v + theta"
    (name,) = law_names((put, put))
    template = environment().from_string("((( name | named(dictionary) )))")
    assert template.render(name=name, dictionary={}) == r"put in $u_{1}$, $v + \theta$"
    assert template.render(name=name, dictionary={put.name: "eingesetzt"}) == "eingesetzt"
