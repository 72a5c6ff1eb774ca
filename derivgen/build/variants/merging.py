"""Many PDFs as one, for printing."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from pypdf import PdfWriter

from derivgen.build.sheets import replace_file


def merge(files: Iterable[tuple[str, Path]], target: Path, *, duplex: bool) -> None:
    """Writes one PDF of all `files`, each with its title in the outline.

    With `duplex` a blank page follows a file with an odd number of pages, so that each begins on the front of a sheet
    of paper. The same files give the same bytes: pypdf writes no date and no identifier of its own.
    """
    writer = PdfWriter()
    for title, file in files:
        before = len(writer.pages)
        writer.append(file, outline_item=title, import_outline=False)
        if duplex and (len(writer.pages) - before) % 2:
            writer.add_blank_page()
    stream = io.BytesIO()
    writer.write(stream)
    replace_file(target, stream.getvalue())
