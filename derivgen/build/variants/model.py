"""What goes through the building of variants. All of it can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from derivgen.build.sheets import Options
from derivgen.errors import Complaint
from derivgen.problem.parameters.draws import Drawn

KEY_EDITIONS = ("solutions", "answers", "key")


@dataclass(frozen=True, slots=True)
class Student:
    """`id` is what draws depend on; `name` is printed, and may be empty."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class VariantOptions:
    """What the command line asks of all variants."""

    seed: str = "0"
    edition: str = "exercises"
    key: str = "solutions"
    duplex: bool = False
    """In the merged file every sheet begins on the front of a page."""


@dataclass(frozen=True, slots=True)
class DrawTask:
    """One problem of a sheet with one draw: derived, checked and rendered once, however many students have it."""

    sheet: Path
    problem: Path
    number: int
    count: int
    """How many problems the sheet has."""
    drawn: Drawn
    editions: tuple[str, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """The answer of one part: `number` is its decimal value where it has one."""

    problem: int
    part: str
    text: str
    latex: str
    number: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A problem in one edition: its TeX, how many lines it has, and how many of them were checked."""

    tex: str
    checked: int
    total: int


@dataclass(frozen=True, slots=True)
class DrawMade:
    """What became of a DrawTask."""

    title: str = ""
    editions: tuple[Rendered, ...] = ()
    layouts: frozenset[str] = frozenset()
    answers: tuple[AnswerRow, ...] = ()
    lines: int = 0
    """How many lines were checked."""
    complaints: tuple[Complaint, ...] = ()


@dataclass(frozen=True, slots=True)
class FormTask:
    """The sheets of one student: a file for each edition."""

    sheet: Path
    form: str
    student: Student
    problems: tuple[DrawMade, ...]
    editions: tuple[str, ...]
    targets: tuple[Path, ...]
    options: Options


@dataclass(frozen=True, slots=True)
class FormMade:
    """The digests of the files that were written."""

    digests: tuple[str, ...] = ()
    complaints: tuple[Complaint, ...] = ()
