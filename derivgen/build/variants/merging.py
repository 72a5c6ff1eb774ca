"""Many PDFs as one, for printing."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

from pypdf import PdfWriter

from derivgen.build.sheets import replace_file


@dataclass(frozen=True, slots=True)
class MergeTask:
    """`files`, each with its title, as the one file `target`."""

    files: tuple[tuple[str, Path], ...]
    target: Path
    duplex: bool = False
    """A blank page follows a file with an odd number of pages, so that each begins on the front of a sheet of paper."""


def merge(task: MergeTask) -> Path:
    """Writes one PDF of many, with an outline of their titles.

    The same files give the same bytes: pypdf writes no date and no identifier of its own.
    """
    writer = PdfWriter()
    for title, file in task.files:
        before = len(writer.pages)
        writer.append(file, outline_item=title, import_outline=False)
        if task.duplex and (len(writer.pages) - before) % 2:
            writer.add_blank_page()
    stream = io.BytesIO()
    writer.write(stream)
    replace_file(task.target, stream.getvalue())
    return task.target
