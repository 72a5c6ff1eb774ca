"""The problems that come with derivgen: every line true in every layout, every page clean, every known error found."""

from __future__ import annotations

from pathlib import Path

import pytest

from derivgen.build.sheets import Options, find_sheets, load, solve_sheet
from derivgen.build.solve import Solved, solve
from derivgen.expr.nodes import Layout
from derivgen.problem.load import load_problem
from derivgen.problem.model import Part
from derivgen.render.engine import compile_with_log
from derivgen.render.report import Answer
from derivgen.render.sheet import sheet_tex, sheet_view

FOLDER = Path(__file__).parents[1] / "problems"
SHEETS = [path for path, _ in find_sheets([FOLDER])]
PARTS = [
    pytest.param(part, id=f"{path.parent.name}-{path.stem}-{number}")
    for path in sorted(FOLDER.rglob("*/*/*.yaml"))
    for number, part in enumerate(load_problem(path).parts, 1)
    if part.task != "text"
]

# what the published statements have wrong: the reference of the part, what is found
ERRATA = {
    "l03-1.4s": "other layout",
    "l03-3.4e": "wrong",
    "l03-4.1.6": "wrong",
    "l03-4.1.7": "other layout",
    "l03-5.1d": "wrong",
    "cmu-1.4.2e-x": "wrong",
    "cmu-2.1.2-3a": "wrong",
    "cmu-2.1.2-3b": "wrong",
    "cmu-3.3.4r": "wrong",
    "cmu-3.3.5o": "wrong",
    "cmu-3.4.3e": "other layout",
    "m2-4.2.1L": "rounded",
    "m2-7.2.7": "rounded",
    "cmu-3.4.1b-7": "wrong",
    "cmu-3.4.5a": "wrong",
    "cmu-3.4.5b": "wrong",
    "cmu-3.4.5c": "wrong",
    "cmu-3.4.5d": "wrong",
    "cmu-3.4.5d-J": "wrong",
    "m2-7.3.1p3": "rounded",
    "m2-7.3.4g3": "rounded",
}


@pytest.mark.parametrize("layout", Layout)
@pytest.mark.parametrize("part", PARTS)
def test_every_line_is_true_in_every_layout(part: Part, layout: Layout) -> None:
    solved = solve(part, 1, layout)
    assert not solved.refusal
    assert solved.report is not None and solved.report.verified


def test_the_published_errors_are_found_and_no_others() -> None:
    found: dict[str, str] = {}
    for path in SHEETS:
        sheet, problems = load(path)
        for _, parts in solve_sheet(sheet, problems, Options()):
            for solved in parts:
                assert solved.is_well
                if solved.claim is not None and solved.claim.status != "holds":
                    found[_reference(solved)] = solved.claim.status
    assert found == ERRATA


def _reference(solved: Solved) -> str:
    """The first reference that is known to be wrong, else the first: one part may cover several."""
    return next((ref for ref in solved.part.refs if ref in ERRATA), solved.part.refs[0])


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_nothing_runs_into_the_margin(path: Path) -> None:
    sheet, problems = load(path)
    answers = [
        (problem, [Answer(one.part, one.derivation, one.report, one.claim) for one in parts])
        for problem, parts in solve_sheet(sheet, problems, Options())
    ]
    assert compile_with_log(sheet_tex(sheet_view(sheet, answers))).boxes == []
