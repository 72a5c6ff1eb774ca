"""The two tasks of variants, each for a process of the pool: one draw of a problem, one student's files."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import lru_cache

from derivgen import __version__
from derivgen.build.sheets import replace_file, tex_complaint
from derivgen.build.solve import solve_problem
from derivgen.build.variants.answers import answer_row
from derivgen.build.variants.model import DrawMade, DrawTask, FormMade, FormTask, Rendered, Student
from derivgen.errors import Complaint, DerivgenError, TexError, UserError
from derivgen.problem.load import ProblemFile, read_problem
from derivgen.problem.model import Problem, Sheet
from derivgen.problem.sheets import load_sheet
from derivgen.render.engine import Engine, compile_tex, find_engine
from derivgen.render.environment import has_signs
from derivgen.render.inserts import with_inserts
from derivgen.render.report import Answer
from derivgen.render.sheet import problem_tex, sheet_view, whole_sheet_tex

MARKS = re.compile(r"^%@ .*\n", re.MULTILINE)

# read once in each process and build
sheet_at = lru_cache(maxsize=8)(load_sheet)
problem_at = lru_cache(maxsize=256)(read_problem)
engine_named = lru_cache(maxsize=8)(find_engine)


def forget() -> None:
    """Forgets the files that have been read: another build in this process reads them again."""
    for kept in (sheet_at, problem_at):
        kept.cache_clear()


def make_draw(task: DrawTask) -> DrawMade:
    """Derives, checks and renders one problem with what was drawn. Never raises: what goes wrong is in the result."""
    try:
        sheet, file = sheet_at(task.sheet), problem_at(task.problem)
        return _made(task, sheet, file)
    except UserError as error:
        return DrawMade(complaints=error.complaints)
    except (DerivgenError, OSError) as error:
        return DrawMade(complaints=(Complaint(f"{task.problem}: {error}"),))


def _made(task: DrawTask, sheet: Sheet, file: ProblemFile) -> DrawMade:
    options = task.options
    problem: Problem = with_inserts(file.problem(task.drawn))
    solved = solve_problem(problem, options.layout, sheet.layout, options.detail)
    complaints = tuple(complaint for one in solved for complaint in one.complaints)
    if complaints:
        return DrawMade(complaints=complaints)
    answers = [Answer(one.part, one.derivation, one.report, one.claim) for one in solved]
    editions = []
    for edition in task.editions:
        view = sheet_view(sheet, [(problem, answers)], edition=edition, layout=options.layout, version=__version__)
        own = replace(view.problems[0], number=task.number)
        tex = problem_tex(replace(view, problems=(own,) * task.count), own, options.templates)
        editions.append(Rendered(tex, view.checked, view.total))
    layouts = {str(one.derivation.layout) for one in solved if one.derivation and one.derivation.layout}
    rows = tuple(row for one in solved if (row := answer_row(task.number, one)) is not None)
    lines = sum(len(one.report.verdicts) for one in solved if one.report)
    return DrawMade(problem.title, tuple(editions), frozenset(layouts), rows, lines)


def make_form(task: FormTask) -> FormMade:
    """Writes the files of one student. Never raises."""
    try:
        engine = engine_named(task.options.engine) if "pdf" in task.options.formats else None
        made = [_printed(task, place, engine) for place in range(len(task.editions))]
    except TexError as error:
        return FormMade(complaints=(Complaint(f"form {task.form}: TeX: {error.message}"),))
    except (DerivgenError, OSError) as error:
        return FormMade(complaints=(Complaint(f"form {task.form}: {error}"),))
    complaints = tuple(one for one in made if isinstance(one, Complaint))
    return FormMade(tuple(one for one in made if isinstance(one, str)), complaints)


def _printed(task: FormTask, place: int, engine: Engine | None) -> str | Complaint:
    """The digest of one file, or what TeX had to say."""
    source, options, target = form_tex(task, place), task.options, task.targets[place]
    if "tex" in options.formats or options.keep_tex:
        replace_file(target.with_suffix(".tex"), source.encode())
    if engine is not None:
        try:
            content = compile_tex(source, engine)
        except TexError as error:
            replace_file(target.with_suffix(".tex"), source.encode())
            return tex_complaint(error, source, task.sheet)
        replace_file(target, content)
    else:
        content = MARKS.sub("", source).encode()  # which say in what folder the problems were
    return hashlib.sha256(content).hexdigest()


def _called(student: Student) -> str:
    """How the student is called on a sheet: by the id alone where the fonts of the sheet do not have the name."""
    if not student.name:
        return ""
    return f"{student.name} ({student.id})" if has_signs(student.name) else student.id


def form_tex(task: FormTask, place: int) -> str:
    """The LaTeX document of one student's sheet in one edition."""
    sheet, options = sheet_at(task.sheet), task.options
    if sheet.problems == (task.sheet,):
        sheet = replace(sheet, title=task.problems[0].title)
    rendered = [made.editions[place] for made in task.problems]
    layouts = frozenset[str]().union(*(made.layouts for made in task.problems))
    own = str(options.layout) if options.layout else next(iter(layouts)) if len(layouts) == 1 else ""
    view = replace(
        sheet_view(sheet, [], edition=task.editions[place], layout=options.layout, version=__version__),
        layout=own,
        checked=sum(one.checked for one in rendered),
        total=sum(one.total for one in rendered),
        form=task.form,
        student=_called(task.student),
    )
    return whole_sheet_tex(view, [one.tex for one in rendered], options.templates)
