"""The manifest of variants: what was made from what, enough to make any one again.

JSON, an object a line: the first says what all have in common, each further one is a student's form.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from derivgen import __version__
from derivgen.build.sheets import Options
from derivgen.build.variants.forms import as_typed
from derivgen.build.variants.model import Student, VariantOptions
from derivgen.errors import Complaint, ProblemError
from derivgen.expr.nodes import Layout
from derivgen.problem.parameters.draws import Drawn
from derivgen.render.environment import template_folder

VERSION = 1


@dataclass(frozen=True, slots=True)
class Form:
    """One student's form: what was drawn for each problem, and the digests of the files that were made."""

    form: str
    student: Student
    drawn: tuple[Drawn, ...]
    digests: tuple[str, ...] = ()


def inputs_digest(sheet: Path, problems: Sequence[Path], templates: Path | None) -> dict[str, str]:
    """The digests of what the variants are made of, by name."""
    found = {"sheet": _digest([sheet])}
    found |= {f"problem {number} ({path.name})": _digest([path]) for number, path in enumerate(problems, 1)}
    folders = [template_folder(), *([templates] if templates else [])]
    found["templates"] = _digest(sorted(file for folder in folders for file in folder.rglob("*") if file.is_file()))
    return found


def _digest(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def write_head(
    file: TextIO, folder: Path, sheet: Path, options: Options, chosen: VariantOptions, inputs: dict[str, str]
) -> None:
    head = {
        "version": VERSION,
        "derivgen": __version__,
        "sheet": Path(os.path.relpath(sheet, folder)).as_posix(),
        "seed": chosen.seed,
        "edition": chosen.edition,
        "key": chosen.key,
        "layout": str(options.layout) if options.layout else None,
        "detail": options.detail,
        "formats": list(options.formats),
        "inputs": inputs,
    }
    file.write(json.dumps(head, ensure_ascii=False) + "\n")


def write_form(file: TextIO, form: Form) -> None:
    line = {
        "form": form.form,
        "id": form.student.id,
        "name": form.student.name,
        "drawn": [dict(drawn) for drawn in form.drawn],
        "digests": list(form.digests),
    }
    file.write(json.dumps(line, ensure_ascii=False) + "\n")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A form as a manifest has it, with what it has of all of them."""

    sheet: Path
    form: Form
    options: dict[str, Any]
    chosen: VariantOptions
    inputs: dict[str, str]


def recorded(path: Path, typed: str) -> Recorded:
    """The form `typed` in the manifest at `path`.

    Raises ProblemError where the id is mistyped or not there, or the file is no manifest.
    """
    form = as_typed(typed)
    if form is None:
        hint = "it is eight letters and digits, such as K7QM-2MX4"
        raise ProblemError(Complaint(f"`{typed[:40]}` is no form id: one sign is wrong", None, hint))
    try:
        lines = _lines(path)
        head = next(lines)
        sheet = Path(os.path.normpath(path.parent / str(head["sheet"])))
        own = next((line for line in lines if line["form"] == form), None)
        if own is None:
            raise ProblemError(Complaint(f"{path}: there is no form {form}"))
        found = Form(
            form,
            Student(str(own["id"]), str(own["name"])),
            tuple(tuple((str(name), str(text)) for name, text in drawn.items()) for drawn in own["drawn"]),
            tuple(map(str, own["digests"])),
        )
        layout = Layout(head["layout"]) if head["layout"] else None
        kept = {"layout": layout, "detail": str(head["detail"]), "formats": tuple(map(str, head["formats"]))}
        chosen = VariantOptions(str(head["seed"]), str(head["edition"]), str(head["key"]))
        return Recorded(sheet, found, kept, chosen, dict(head["inputs"]))
    except OSError as error:
        raise ProblemError(Complaint(f"{path}: cannot be read ({error.strerror})")) from None
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration):
        raise ProblemError(Complaint(f"{path}: this is no manifest of variants")) from None


def _lines(path: Path) -> Iterator[Any]:
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)
