"""Sheets: which there are, and making one.

A sheet is loaded, derived, checked, rendered and compiled in one go; its PDF replaces the one before only when all of
that went well. What is wrong with a sheet stays with it: the others are made.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from derivgen import __version__
from derivgen.build.listings import framework_version
from derivgen.build.solve import Solved, solve_problem
from derivgen.errors import Complaint, DerivgenError, Place, ProblemError, TexError, UserError
from derivgen.expr.nodes import Layout
from derivgen.problem.load import load_problem
from derivgen.problem.model import Problem, Sheet
from derivgen.problem.patterns import leads_out
from derivgen.problem.sheets import is_sheet, load_sheet
from derivgen.render.engine import Engine, compile_tex, find_engine
from derivgen.render.environment import template_folder
from derivgen.render.inserts import with_inserts
from derivgen.render.listing import LANGUAGES
from derivgen.render.report import Answer
from derivgen.render.sheet import origin, sheet_tex, sheet_view

PROBLEM_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks of every sheet; None leaves it to the sheet."""

    output: Path = Path("output")
    layout: Layout | None = None
    edition: str | None = None
    detail: str = "normal"
    engine: str | None = None
    formats: tuple[str, ...] = ("pdf",)
    templates: Path | None = None
    force: bool = False
    keep_tex: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sheet: `made` are the files written, `checked` the lines that were checked."""

    path: Path
    complaints: tuple[Complaint, ...] = ()
    made: tuple[Path, ...] = ()
    checked: int = 0
    seconds: float = 0.0
    is_fresh: bool = False
    """Nothing had changed since the last build."""


def find_sheets(paths: Iterable[Path]) -> tuple[tuple[Path, str], ...]:
    """The sheet files under `paths`, and problem files that none of those sheets lists, each with the name of its
    output.

    Raises ProblemError for a path that does not exist, or where two sheets would have one name.
    """
    found: dict[Path, str] = {}
    for path in paths:
        if not path.exists():
            raise ProblemError(Complaint(f"{path}: there is no such file or folder"))
        if path.is_file():
            found[path] = _name(path, path.parent)
            continue
        if not path.is_dir():
            raise ProblemError(Complaint(f"{path}: this is neither a file nor a folder"))
        files = sorted(file for file in path.rglob("*") if file.suffix in PROBLEM_ENDINGS and file.is_file())
        for file in files:
            if leads_out(file, (path,)):
                hint = "name what it leads to on the command line"
                raise ProblemError(Complaint(f"{file}: this link leads out of {path}", None, hint))
        sheets = [file for file in files if is_sheet(file)]
        listed: set[Path] = set()
        for file in sheets:
            try:
                listed |= {problem.resolve() for problem in load_sheet(file).problems}
            except UserError:
                continue  # it is said when the sheet is made
        for file in files:
            if file in sheets or file.resolve() not in listed:
                found[file] = _name(file, path)
    if len(set(found.values())) < len(found):
        twice = sorted({name for name in found.values() if list(found.values()).count(name) > 1})
        raise ProblemError(Complaint(f"two sheets would be written to {twice[0]}.pdf"))
    return tuple(found.items())


def _name(path: Path, root: Path) -> str:
    parts = [*path.relative_to(root).parent.parts, path.stem.removesuffix(".sheet")]
    return "-".join(parts)


def load(path: Path) -> tuple[Sheet, tuple[Problem, ...]]:
    """A sheet and its problems; a problem file is a sheet of one.

    Raises ProblemError with the complaints of all its files.
    """
    sheet = load_sheet(path)
    problems: list[Problem] = []
    complaints: list[Complaint] = []
    for file in sheet.problems:
        try:
            problems.append(with_inserts(load_problem(file)))
        except UserError as error:
            complaints += error.complaints
    if complaints:
        raise ProblemError(*complaints)
    if sheet.problems == (path,):
        sheet = replace(sheet, title=problems[0].title)  # in which something may have been drawn
    return sheet, tuple(problems)


def solve_sheet(
    sheet: Sheet, problems: Sequence[Problem], options: Options
) -> tuple[tuple[Problem, tuple[Solved, ...]], ...]:
    return tuple(
        (problem, solve_problem(problem, options.layout, sheet.layout, options.detail)) for problem in problems
    )


def make(path: Path, name: str, options: Options) -> Outcome:
    """Makes the files of one sheet in `options.output`. Never raises: what goes wrong is in the outcome."""
    began = time.perf_counter()
    try:
        return _make(path, name, options, began)
    except UserError as error:
        return Outcome(path, error.complaints)
    except (DerivgenError, OSError) as error:
        return Outcome(path, (Complaint(f"{path}: {error}"),))


def _make(path: Path, name: str, options: Options, began: float) -> Outcome:
    engine = find_engine(options.engine) if "pdf" in options.formats else None
    sheet, problems = load(path)
    key = _key(path, sheet, options, engine)
    targets = tuple(options.output / f"{name}.{ending}" for ending in options.formats)
    stamp = options.output / ".derivgen" / f"{name}.json"
    if not options.force and _unchanged(stamp, key, targets):
        return Outcome(path, made=targets, seconds=time.perf_counter() - began, is_fresh=True)
    solved = solve_sheet(sheet, problems, options)
    complaints = tuple(complaint for _, parts in solved for part in parts for complaint in part.complaints)
    if complaints:
        return Outcome(path, complaints, seconds=time.perf_counter() - began)
    answers = [
        (problem, [Answer(one.part, one.derivation, one.report, one.claim) for one in parts])
        for problem, parts in solved
    ]
    view = sheet_view(sheet, answers, edition=options.edition or "", layout=options.layout, version=__version__)
    source = sheet_tex(view, options.templates)
    options.output.mkdir(parents=True, exist_ok=True)
    if options.keep_tex or "tex" in options.formats:
        replace_file(options.output / f"{name}.tex", source.encode())
    if engine is not None:
        try:
            replace_file(options.output / f"{name}.pdf", compile_tex(source, engine))
        except TexError as error:
            replace_file(options.output / f"{name}.tex", source.encode())
            return Outcome(path, (tex_complaint(error, source, path),))
    replace_file(stamp, json.dumps({"key": key, "checked": view.checked}).encode())
    return Outcome(path, made=targets, checked=view.checked, seconds=time.perf_counter() - began)


def tex_complaint(error: TexError, source: str, path: Path) -> Complaint:
    """A TeX error at the line of the problem file that its text came from."""
    where = origin(source, error.line) if error.line is not None else None
    message = f"TeX: {error.message}" + (f", at {error.context}" if error.context else "")
    if where is None:
        return Complaint(f"{path}: {message}")
    file, line = where
    text = Path(file).read_text(encoding="utf-8", errors="replace").split("\n")
    shown = text[line - 1] if line <= len(text) else ""
    return Complaint(message, Place(file, line, 1, shown, max(1, len(shown))))


def replace_file(path: Path, content: bytes) -> None:
    """Writes `path` by renaming a finished file, so that a reader finds the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _key(path: Path, sheet: Sheet, options: Options, engine: Engine | None) -> str:
    """A digest of everything that the output of a sheet depends on."""
    digest = hashlib.sha256(__version__.encode())
    chosen = {**asdict(options), "output": "", "force": False, "engine": str(engine)}
    digest.update(json.dumps(chosen, default=str, sort_keys=True).encode())
    digest.update(str([framework_version(language) for language in LANGUAGES]).encode())
    folders = [template_folder(), *([options.templates] if options.templates else [])]
    templates = sorted(file for folder in folders for file in folder.rglob("*") if file.is_file())
    code = sorted(Path(__file__).parents[1].rglob("*.py"))
    for file in (path, *sheet.problems, *templates, *code):
        digest.update(f"{file}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _unchanged(stamp: Path, key: str, targets: Sequence[Path]) -> bool:
    try:
        return json.loads(stamp.read_text())["key"] == key and all(target.exists() for target in targets)
    except (OSError, ValueError, KeyError, TypeError):
        return False
