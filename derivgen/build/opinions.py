"""Second opinions: the results of all parts against PyTorch's autograd or central differences by NumPy."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from derivgen.build.checking import Checked
from derivgen.build.listings import is_installed, run_all
from derivgen.build.solve import Solved
from derivgen.derivation import says_agreement
from derivgen.errors import CannotDerive, Complaint, UserError
from derivgen.expr.text import text
from derivgen.problem.model import Problem
from derivgen.render.listing import LANGUAGES, listing


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A part whose result another program does not find; `found` is what that printed, or why it did not end."""

    file: Path
    solved: Solved
    found: str


@dataclass(frozen=True, slots=True)
class Opinions:
    """How many results were compared, which of them were not found again, and why others could not be compared."""

    language: str
    compared: int
    disagreements: tuple[Disagreement, ...]
    skipped: Counter[str]


def second_opinions(checked: Checked, language: str) -> Opinions:
    """Compares the result of every part with what `language` finds on random data, or at the point of the part.

    Raises UserError where the framework is not installed.
    """
    if not is_installed(language):
        raise UserError(Complaint(f"{language} is not installed", hint=f"pip install {language}"))
    asked: list[tuple[Problem, Solved, str]] = []
    skipped: Counter[str] = Counter()
    for problem, solved in checked.parts:
        if solved.derivation is None or solved.part.task == "code":
            continue
        try:
            asked.append((problem, solved, listing(solved.derivation, solved.part, language)))
        except CannotDerive as reason:
            skipped[str(reason)] += 1
    wrong: list[Disagreement] = []
    compared = 0
    for (problem, solved, _), done in zip(asked, run_all([source for *_, source in asked]), strict=True):
        if done.is_undefined:
            skipped["the statement has no value at the random data"] += 1
            continue
        compared += 1
        if done.fault or not says_agreement(done.output):
            wrong.append(Disagreement(problem.path, solved, done.fault or done.output.strip()))
    return Opinions(language, compared, tuple(wrong), skipped)


def opinions_table(opinions: Opinions, width: int) -> str:
    """The disagreements, then the counts: how many were compared, and how many were not for which reason."""
    said = _drawn(opinions.disagreements, width) if opinions.disagreements else ""
    agreed = opinions.compared - len(opinions.disagreements)
    said += f"{agreed} of {opinions.compared} results found again by {LANGUAGES[opinions.language]}"
    said += f", {opinions.skipped.total()} skipped\n" if opinions.skipped else "\n"
    return said + "".join(f"  {count:4} skipped: {reason}\n" for reason, count in opinions.skipped.most_common())


def _drawn(rows: tuple[Disagreement, ...], width: int) -> str:
    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in ("place", "refs", "derived", "found"):
        drawn.add_column(name, overflow="fold")
    for row in rows:
        assert row.solved.derivation is not None
        place = row.solved.place_of(row.solved.part.task)
        cells = (f"{place.file}:{place.line}", ", ".join(row.solved.part.refs), text(row.solved.derivation.result))
        drawn.add_row(*(Text(cell) for cell in (*cells, row.found)))
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(drawn)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()
