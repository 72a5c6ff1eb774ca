"""Checking problem files without printing them: claims, and the derivations behind them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from derivgen.build.sheets import Options, find_sheets, load, solve_sheet
from derivgen.build.solve import Solved
from derivgen.errors import Complaint, UserError
from derivgen.expr.nodes import Layout
from derivgen.problem.model import Problem, Sheet
from derivgen.render.json import derivation_json
from derivgen.render.terminal import derivation_text


@dataclass(frozen=True, slots=True)
class Checked:
    """Every part under some paths, and everything that is wrong with them."""

    parts: tuple[tuple[Problem, Solved], ...]
    complaints: tuple[Complaint, ...]


def check_all(paths: Iterable[Path], layout: Layout | None = None) -> Checked:
    """Derives and verifies every part of the sheets and problems under `paths`.

    Raises ProblemError where a path does not exist.
    """
    parts: list[tuple[Problem, Solved]] = []
    complaints: list[Complaint] = []
    seen: set[Path] = set()
    for path, _ in find_sheets(paths):
        try:
            sheet, problems = load(path)
        except UserError as error:
            complaints += (complaint for complaint in error.complaints if complaint not in complaints)
            continue
        for problem, solved in _solved(sheet, problems, layout):
            if problem.path.resolve() in seen:
                continue
            seen.add(problem.path.resolve())
            parts += ((problem, one) for one in solved)
            complaints += (complaint for one in solved for complaint in (*one.complaints, *one.doubts))
    return Checked(tuple(parts), tuple(complaints))


def _solved(
    sheet: Sheet, problems: tuple[Problem, ...], layout: Layout | None, detail: str = "normal"
) -> tuple[tuple[Problem, tuple[Solved, ...]], ...]:
    return solve_sheet(sheet, problems, Options(layout=layout, detail=detail))


def listing(checked: Checked) -> list[dict[str, Any]]:
    """For each part `file`, `line`, `part`, `refs`, `task`, and what `derive --format json` gives."""
    return [_entry(problem, solved) for problem, solved in checked.parts]


def _entry(problem: Problem, solved: Solved) -> dict[str, Any]:
    found: dict[str, Any] = {
        "file": str(problem.path),
        "line": solved.part.place.line,
        "part": solved.number,
        "refs": [*problem.refs, *solved.part.refs],
        "task": solved.part.task,
    }
    if solved.derivation is not None and solved.report is not None:
        found |= {
            key: value
            for key, value in derivation_json(solved.derivation, solved.report, solved.claim).items()
            if key != "task"
        }
    if solved.refusal:
        found["error"] = solved.refusal
    if solved.part.erratum:
        found["erratum"] = solved.part.erratum
    return found


def github(checked: Checked) -> Iterator[str]:
    """One workflow annotation a complaint."""
    for complaint in checked.complaints:
        place = complaint.place
        where = f" file={place.file},line={place.line},col={place.column}" if place else ""
        text = f"{complaint.message} ({complaint.hint})" if complaint.hint else complaint.message
        text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
        yield f"::error{where}::{text}"


def table(checked: Checked, width: int) -> str:
    """The claims that do not hold, each with what is right, and the count of parts, lines and claims."""
    rows = [solved for _, solved in checked.parts if solved.claim is not None and solved.claim.status != "holds"]
    derived = [solved for _, solved in checked.parts if solved.report is not None]
    lines = sum(len(solved.report.verdicts) for solved in derived if solved.report)
    unchecked = sum(v.status == "unchecked" for s in derived if s.report for v in s.report.verdicts)
    claims = sum(solved.claim is not None for solved in derived)
    text = _drawn(rows, width) if rows else ""
    text += f"{len(checked.parts)} parts, {len(derived)} derived, {lines} lines checked"
    text += f" ({unchecked} could not be)" if unchecked else ""
    return f"{text}; {claims - len(rows)} of {claims} claims hold\n"


def _drawn(rows: list[Solved], width: int) -> str:
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("place", "refs", "claim", "found", "marked"):
        drawn.add_column(name, overflow="fold", no_wrap=name == "place" and width >= 100)
    for solved in rows:
        assert solved.part.claim is not None and solved.claim is not None
        place = solved.place_of("claim")
        marked = "erratum" if solved.part.erratum else "NO"
        cells = (
            f"{place.file}:{place.line}",
            ", ".join(solved.part.refs),
            solved.part.claim.text,
            solved.claim.message,
        )
        drawn.add_row(*(Text(cell) for cell in (*cells, marked)))
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(drawn)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def shown(file: Path, layout: Layout | None, detail: str) -> tuple[str, tuple[Complaint, ...]]:
    """The derivations of a problem or sheet for the terminal, and what is wrong with them."""
    sheet, problems = load(file)
    text = ""
    complaints: list[Complaint] = []
    for problem, solved in _solved(sheet, problems, layout, detail):
        text += f"{problem.title}\n\n"
        logarithm = problem.logarithm or sheet.logarithm
        for one in solved:
            complaints += one.complaints
            if one.derivation is not None and one.report is not None and one.report.verified:
                text += f"{derivation_text(one.derivation, one.report, logarithm=logarithm)}\n\n"
    return text, tuple(complaints)
