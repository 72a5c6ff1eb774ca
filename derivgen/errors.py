"""What can go wrong.

DerivgenError
├── UserError               something the user can mend: has complaints, each with its place
│   ├── ExpressionError     one expression: where in it, what does not fit
│   └── ProblemError        one problem or sheet file: all complaints at once
├── CannotDerive            a well-formed task that derivgen has no rule for, named
├── NoMatrixForm            entries that no two-dimensional array holds; caught, and said on the sheet
├── BuildError              a sheet that could not be made
│   ├── TemplateError       a template that Jinja could not render
│   ├── EngineMissing       no pdflatex, with how to get one
│   └── TexError            TeX stopped: the line, mapped to the problem file where it came from there
└── Bug                     derivgen contradicts itself; never the user's fault
    ├── ShapeError          a rule made an expression whose shapes do not fit
    └── RuleLoop            rules that do not come to an end
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file or in an expression given on the command line; lines and columns count from 1."""

    file: str
    line: int
    column: int
    source: str = ""
    """The whole line of text, for the caret."""
    width: int = 1
    """How many columns the caret underlines."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong, said so that its author can mend it."""

    message: str
    place: Place | None = None
    hint: str = ""

    def __str__(self) -> str:
        lines = [f"{self.place}: {self.message}" if self.place else self.message]
        if self.place and self.place.source:
            lines += [f"    {line}" for line in _underlined(self.place)]
        if self.hint:
            lines.append(f"    hint: {self.hint}")
        return "\n".join(lines)


LONGEST_SHOWN = 160
"""Characters of a line; of a longer one, which a terminal would wrap, what stands around the caret."""


def _underlined(place: Place) -> tuple[str, str]:
    """The line of `place`, and the caret below it."""
    column, source, width = place.column - 1, place.source, max(1, place.width)
    if len(source) > LONGEST_SHOWN:
        start = max(0, min(column - LONGEST_SHOWN // 3, len(source) - LONGEST_SHOWN))
        end = start + LONGEST_SHOWN
        width = min(width, end - column)
        front, back = "..." if start else "", "..." if end < len(source) else ""
        source, column = f"{front}{source[start:end]}{back}", column - start + len(front)
    # tabs are kept so that the caret stands under its character
    lead = "".join("\t" if char == "\t" else " " for char in source[:column])
    return source, f"{lead}{'^' * max(1, width)}"


class DerivgenError(Exception):
    """The root of everything derivgen raises on purpose."""


class UserError(DerivgenError):
    """Something the user can mend."""

    def __init__(self, *complaints: Complaint) -> None:
        super().__init__(*complaints)
        self.complaints = complaints

    def __str__(self) -> str:
        return "\n".join(str(complaint) for complaint in self.complaints)


class ExpressionError(UserError):
    """One expression that cannot be read; `offset` and `width` say where in its text."""

    def __init__(self, message: str, text: str, offset: int = 0, width: int = 1, hint: str = "") -> None:
        self.message, self.text, self.offset, self.width, self.hint = message, text, offset, width, hint
        first_line = text.split("\n")[0][:2000]
        super().__init__(Complaint(message, Place("expression", 1, offset + 1, first_line, width), hint))


class ProblemError(UserError):
    """One problem or sheet file, with everything that is wrong in it."""


class CannotDerive(DerivgenError):
    """A task that derivgen has no rule for; the message names the function or the kind of task."""


class NoMatrixForm(DerivgenError):
    """Entries that no two-dimensional array made by matrix operations holds; the message is the reason."""


class BuildError(DerivgenError):
    """A sheet that could not be made."""


class TemplateError(BuildError):
    """A template that could not be rendered."""


class EngineMissing(BuildError):
    """No TeX engine was found."""


class TexError(BuildError):
    """TeX stopped at a line of the sheet."""

    def __init__(self, message: str, line: int | None = None, context: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.context = message, line, context


class Bug(DerivgenError):
    """derivgen contradicts itself."""


class ShapeError(Bug):
    """A rule made an expression whose shapes do not fit."""


class RuleLoop(Bug):
    """Rules that do not come to an end."""
