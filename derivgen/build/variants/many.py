"""All variants of a sheet, in a pool of processes, a batch of students at a time."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from derivgen.build.sheets import Options
from derivgen.build.variants import manifest as records
from derivgen.build.variants.answers import open_table, write_rows
from derivgen.build.variants.forms import form_ids
from derivgen.build.variants.manifest import Form
from derivgen.build.variants.merging import MergeTask, merge
from derivgen.build.variants.model import DrawMade, DrawTask, FormMade, FormTask, Student, VariantOptions
from derivgen.build.variants.work import forget, make_draw, make_form
from derivgen.errors import Complaint, ProblemError, UserError
from derivgen.problem.load import ProblemFile, read_problem
from derivgen.problem.model import Sheet
from derivgen.problem.parameters import Draw
from derivgen.problem.parameters.draws import Drawn
from derivgen.problem.sheets import load_sheet

BATCH = 200
"""Students of whom everything is in memory at one time."""
MOST_KEPT = 4000
"""Draws whose TeX is kept for students who have the same."""
MOST_MERGED = 100
"""Students in one file for printing; a file of 1000 takes more memory than some machines have."""

Task = TypeVar("Task")
Made = TypeVar("Made")
Pool = Callable[[Callable[[Any], Any], Sequence[Any]], Iterator[Any]]


def sheet_id(path: Path) -> str:
    """The name by which draws know a sheet: that of its file, wherever it stands."""
    return path.name.split(".")[0]


def problem_ids(sheet: Path, problems: Sequence[Path]) -> tuple[str, ...]:
    """The names by which draws know the problems: their paths from the sheet file, without endings."""
    return tuple(Path(os.path.relpath(path, sheet.parent)).with_suffix("").as_posix() for path in problems)


def build_variants(
    path: Path,
    students: Sequence[Student],
    options: Options,
    chosen: VariantOptions,
    jobs: int,
    report: Callable[[str], None],
) -> tuple[Complaint, ...]:
    """Makes a sheet and a key for each of `students` in a folder of `options.output`; gives what went wrong.

    Raises ProblemError where the sheet or one of its problems cannot be read.
    """
    forget()
    sheet, files = _read(path)
    folder = options.output / sheet_id(path)
    (folder / "forms").mkdir(parents=True, exist_ok=True)
    forms = form_ids(chosen.seed, sheet_id(path), [student.id for student in students])
    inputs = records.inputs_digest(path, sheet.problems, options.templates)
    course = _Course(path, sheet, files, folder, options, chosen)
    manifest, table = folder / "variants.jsonl", folder / "answers.csv"
    with (
        _pool(jobs) as pool,
        open_table(_unfinished(table)) as rows,
        _unfinished(manifest).open("w", encoding="utf-8") as file,
    ):
        records.write_head(file, folder, path, options, chosen, inputs)
        for start in range(0, len(students), BATCH):
            batch = list(zip(forms, students, strict=True))[start : start + BATCH]
            for form, problems in course.batch(batch, pool):
                records.write_form(file, form)
                write_rows(rows, form.form, form.student, problems)
            report(f"{min(start + BATCH, len(students))} of {len(students)} students")
        for merged in pool(merge, list(course.merges()) if "pdf" in options.formats else []):
            report(f"{merged}: for printing")
    for one in (manifest, table):
        os.replace(_unfinished(one), one)
    report(
        f"{folder}: {len(course.done)} of {len(students)} students, {course.made} different problems derived, "
        f"{course.lines} lines checked"
    )
    return tuple(course.complaints)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _read(path: Path) -> tuple[Sheet, tuple[ProblemFile, ...]]:
    sheet = load_sheet(path)
    files: list[ProblemFile] = []
    complaints: list[Complaint] = []
    for problem in sheet.problems:
        try:
            files.append(read_problem(problem))
        except UserError as error:
            complaints += error.complaints
    if complaints:
        raise ProblemError(*complaints)
    return sheet, tuple(files)


@contextmanager
def _pool(jobs: int) -> Iterator[Pool]:
    """Something that maps tasks, in order: in processes that are started once, or in this one."""
    if jobs == 1:
        yield lambda function, tasks: map(function, tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield lambda function, tasks: pool.map(function, tasks)


@dataclass(slots=True)
class _Course:
    """The making of all variants of a sheet."""

    path: Path
    sheet: Sheet
    files: tuple[ProblemFile, ...]
    folder: Path
    options: Options
    chosen: VariantOptions
    known: OrderedDict[tuple[int, Drawn], DrawMade] = field(default_factory=OrderedDict)
    complaints: list[Complaint] = field(default_factory=list)
    done: list[str] = field(default_factory=list)
    made: int = 0
    lines: int = 0

    @property
    def editions(self) -> tuple[str, ...]:
        return (self.chosen.edition, self.chosen.key)

    def batch(self, students: Sequence[tuple[str, Student]], pool: Pool) -> Iterator[tuple[Form, tuple[DrawMade, ...]]]:
        """The forms of some students, each with its problems; those that failed are left out."""
        drawn = {form: draws for form, student in students if (draws := self._drawn(form, student)) is not None}
        self._derive([(number, one) for draws in drawn.values() for number, one in enumerate(draws, 1)], pool)
        tasks: list[FormTask] = []
        for form, student in students:
            problems = tuple(self.known[number, one] for number, one in enumerate(drawn.get(form, ()), 1))
            if form in drawn and not any(made.complaints for made in problems):
                tasks.append(self.form_task(form, student, problems))
            for made in problems:
                self._complain(form, student, made.complaints)
        for task, result in zip(tasks, pool(make_form, tasks), strict=True):
            made_form: FormMade = result
            self._complain(task.form, task.student, made_form.complaints)
            if not made_form.complaints:
                self.done.append(task.form)
                yield Form(task.form, task.student, drawn[task.form], made_form.digests), task.problems
        while len(self.known) > MOST_KEPT:
            self.known.popitem(last=False)

    def _drawn(self, form: str, student: Student) -> tuple[Drawn, ...] | None:
        """What is drawn for each problem."""
        draw = Draw(self.chosen.seed, sheet_id(self.path), "", student.id)
        names = problem_ids(self.path, self.sheet.problems)
        try:
            return tuple(file.drawn(draw.of(name)) for name, file in zip(names, self.files, strict=True))
        except UserError as error:
            self._complain(form, student, error.complaints)
            return None

    def _derive(self, wanted: Sequence[tuple[int, Drawn]], pool: Pool) -> None:
        """Derives what nobody had before."""
        new = [one for one in dict.fromkeys(wanted) if one not in self.known]
        tasks = [self.draw_task(number, drawn) for number, drawn in new]
        for one, made in zip(new, pool(make_draw, tasks), strict=True):
            self.known[one] = made
            self.made += 1
            self.lines += made.lines
        for one in wanted:
            self.known.move_to_end(one)

    def draw_task(self, number: int, drawn: Drawn) -> DrawTask:
        problems = self.sheet.problems
        return DrawTask(self.path, problems[number - 1], number, len(problems), drawn, self.editions, self.options)

    def form_task(self, form: str, student: Student, problems: tuple[DrawMade, ...]) -> FormTask:
        return FormTask(self.path, form, student, problems, self.editions, self.targets(form), self.options)

    def targets(self, form: str) -> tuple[Path, ...]:
        """The files of a form. They are called by its id: a name could be any text."""
        return self.folder / "forms" / f"{form}.pdf", self.folder / "forms" / f"{form}-key.pdf"

    def _complain(self, form: str, student: Student, complaints: Sequence[Complaint]) -> None:
        who = f"form {form}, student {student.id}"
        self.complaints += (replace(one, message=f"{who}: {one.message}") for one in complaints)

    def merges(self) -> Iterator[MergeTask]:
        """The files of the students together, for printing: for each edition one file, or several numbered ones."""
        starts = range(0, len(self.done), MOST_MERGED)
        for place, ending in enumerate(("", "-key")):
            for number, start in enumerate(starts, 1):
                forms = self.done[start : start + MOST_MERGED]
                name = f"{sheet_id(self.path)}{ending}{f'-{number}' if len(starts) > 1 else ''}.pdf"
                files = tuple((form, self.targets(form)[place]) for form in forms)
                yield MergeTask(files, self.folder / name, self.chosen.duplex)


def replay(typed: str, manifest: Path, options: Options, report: Callable[[str], None]) -> tuple[Complaint, ...]:
    """Makes the form with the id `typed` again in `options.output`, and compares it with what the manifest has.

    Raises ProblemError.
    """
    forget()
    found = records.recorded(manifest, typed)
    options = replace(options, **found.options)
    sheet, files = _read(found.sheet)
    course = _Course(found.sheet, sheet, files, options.output, options, found.chosen)
    form = found.form
    if len(form.drawn) != len(files):
        raise ProblemError(Complaint(f"{found.sheet}: it had {len(form.drawn)} problems, now it has {len(files)}"))
    made = tuple(make_draw(course.draw_task(number, drawn)) for number, drawn in enumerate(form.drawn, 1))
    complaints = tuple(complaint for one in made for complaint in one.complaints)
    if complaints:
        return complaints
    task = course.form_task(form.form, form.student, made)
    task = replace(task, targets=tuple(options.output / target.name for target in task.targets))
    result = make_form(task)
    if result.complaints:
        return result.complaints
    for target in task.targets:
        report(str(target))
    if result.digests == form.digests:
        report(f"form {form.form}: identical to what was made then")
        return ()
    now = records.inputs_digest(found.sheet, sheet.problems, options.templates)
    changed = ", ".join(name for name in found.inputs if found.inputs[name] != now.get(name))
    hint = f"since then {changed} has changed" if changed else "derivgen or the TeX engine has changed since then"
    return (Complaint(f"form {form.form}: not identical to what was made then", None, hint),)
