"""Jinja for LaTeX: nbconvert's delimiters, sandboxed; all is escaped that is not mathematics from our printer."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import ChoiceLoader, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.exceptions import TemplateError as JinjaError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup
from pylatexenc.latexencode import UnicodeToLatexEncoder

from derivgen.errors import BuildError, TemplateError
from derivgen.expr.names import CAPITAL_GREEK, GREEK
from derivgen.expr.nodes import SCALAR, Dim, Expr, Index, Shape
from derivgen.expr.text import text
from derivgen.problem.latex_text import text_faults
from derivgen.render.breaking import width
from derivgen.render.latex import LatexStyle, dim_latex, latex, latex_lines, shape_latex, subscript_latex

if TYPE_CHECKING:
    from derivgen.picture import Picture
    from derivgen.render.picture import PictureView
    from derivgen.render.views import LawName, LineView

COLOURED = LatexStyle(mark_free=True)
PAGE_WIDTH = 41.0
"""The width of a line of text in em, for breaking formulas; TeX measures again and shrinks what is still too wide."""


@dataclass(frozen=True, slots=True)
class Math:
    """Mathematics in TeX that our printer made: what a template prints without escaping."""

    tex: str


def template_folder() -> Path:
    """The templates of derivgen: inside the package in an installed wheel, at the top level in a checkout."""
    package = Path(__file__).resolve().parent.parent
    for folder in (package / "templates", package.parent / "templates"):
        if (folder / "latex").is_dir():
            return folder
    raise BuildError(f"the templates of derivgen are missing: neither in {package} nor beside it")


def environment(user_folder: Path | None = None, locale: str = "en") -> ImmutableSandboxedEnvironment:
    """The Jinja environment of the sheets.

    A template of `user_folder` takes the place of ours of the same name; it extends ours as `builtin/latex/...`.
    """
    ours = FileSystemLoader(template_folder())
    own = [FileSystemLoader(user_folder)] if user_folder is not None else []
    made = ImmutableSandboxedEnvironment(
        block_start_string="((*",
        block_end_string="*))",
        variable_start_string="(((",
        variable_end_string=")))",
        comment_start_string="((=",
        comment_end_string="=))",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=True,  # so that macros and blocks give Markup, which finalize lets pass
        finalize=escaped,
        undefined=StrictUndefined,
        loader=ChoiceLoader([*own, ours, PrefixLoader({"builtin": ours})]),
    )
    made.filters |= {
        "math": _math,
        "inline": _inline,
        "lines": _lines,
        "width": _width,
        "prompt": prompt,
        "tex": escaped,
        "decimal": _decimal,
        "fill": fill,
        "translated": _translated,
        "named": _named,
        "widest": _widest,
        "subscript": _subscript,
        "is_array": _is_array,
        "comment": _comment,
        "prose": _prose,
        "words_only": _words_only,
        "relation": _relation,
        "filled": _filled,
        "equal_to": _equal_to,
        "point_of": _point_of,
        "column": _column,
        "code": _code,
        "pictured": partial(_pictured, said=words(locale, user_folder)),
    }
    made.globals |= {"words": words(locale, user_folder), "page_width": PAGE_WIDTH}
    return made


def render(made: ImmutableSandboxedEnvironment, template: str, **values: object) -> str:
    """The text of `template`.

    Raises TemplateError, naming the template and its line.
    """
    try:
        return made.get_template(template).render(**values)
    except JinjaError as error:
        place = getattr(error, "name", None) or template
        number = getattr(error, "lineno", None)
        line = f":{number}" if number else ""
        raise TemplateError(f"{place}{line}: {error.message or type(error).__name__}") from error


def words(locale: str, user_folder: Path | None = None) -> Mapping[str, Any]:
    """The words of a language; those of the user's folder before ours, English where there is no other."""
    found: dict[str, Any] = {}
    folders = [template_folder(), *([user_folder] if user_folder is not None else [])]
    for name in dict.fromkeys(("en", locale)):
        for folder in folders:
            path = folder / "locale" / f"{name}.yaml"
            if path.is_file():
                found |= yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return found


# text


LETTERS = "A-Za-zÀ-ÖØ-öø-ÿĀ-ćĊ-ďĐđĒ-ěĞ-ģĪ-įİıĹ-ľŁłŃ-ňŌ-őŒ-ťŪ-ųŸ-ž"
"""What T1 fonts have and UTF-8 input knows: these stay as they are, so that words are hyphenated."""
SIGNS = "\n -~¡-¿×÷–—‘’‚“”„†-•…‰€←-↔∂∇∈∏∑−√∞∩∪∫≈≠≤≥⊙⊗⊤⋅"
"""What becomes a command that the preamble has; Greek letters besides."""
_GREEK = frozenset((GREEK | CAPITAL_GREEK).values()) | frozenset("ϵϕϑς")
BLACKBOARD = dict(zip("ℝℕℤℂℚ", "RNZCQ", strict=True))


@cache
def _encoder() -> UnicodeToLatexEncoder:
    return UnicodeToLatexEncoder(replacement_latex_protection="braces-all", unknown_char_warning=False)


def tex_text(text: str) -> str:
    """`text` so that TeX prints it as it is; a sign that our fonts do not have, by its number."""
    return re.sub(f"[^{LETTERS}0-9 ]", lambda match: _sign(match[0]), unicodedata.normalize("NFC", text))


def _sign(char: str) -> str:
    if char in BLACKBOARD:
        return rf"{{\ensuremath{{\mathbb{{{BLACKBOARD[char]}}}}}}}"
    if char in "\u00a0\u202f":
        return "~"
    if char == '"':
        return r"{\textquotedbl}"
    if char in _GREEK or re.match(f"[{SIGNS}]", char):
        return str(_encoder().unicode_to_latex(char))
    return rf"{{\ttfamily U+{ord(char):04X}}}"


def escaped(value: object) -> Markup:
    """What a template prints of `value`: mathematics as it is, all else escaped. Raises TemplateError for None."""
    match value:
        case Markup():
            return value
        case Math(tex):
            return Markup(tex)
        case None:
            raise TemplateError("a template prints a value that is not there")
        case _:
            return Markup(tex_text(str(value)))


TEXT_COMMAND = re.compile(r"\\(emph|textbf|textit)\s*\{")
ESCAPED_SIGN = re.compile(r"\\([$%&#_{}])")
DOLLARS = re.compile(r"(?<!\\)((?:\\\\)*)(\$\$?)")


def prompt(text: str) -> Markup:
    r"""What an author wrote: mathematics in $...$ passes, all else is escaped but \emph, \textbf, \textit and \$.

    Raises TemplateError where `text` holds what loading a problem would have refused.
    """
    text = text.strip()
    for fault in text_faults(text):
        raise TemplateError(f"{fault.message}: {text[fault.offset : fault.offset + 60]}")
    shown: list[str] = []
    pieces = DOLLARS.split(text)
    for place in range(0, len(pieces), 3):
        if place % 6 == 0:
            shown.append(_author_text(pieces[place]))
        else:
            left, right = (r"\[", r"\]") if pieces[place - 1] == "$$" else ("$", "$")
            shown.append(left + _author_math(pieces[place]) + right)
        shown += pieces[place + 1 : place + 2]
    return Markup("".join(shown))


def _author_text(text: str) -> str:
    shown = ""
    while text:
        command = TEXT_COMMAND.search(text)
        head = text[: command.start()] if command else text
        place = 0
        for sign in ESCAPED_SIGN.finditer(head):
            shown += tex_text(head[place : sign.start()]) + sign[0]
            place = sign.end()
        shown += tex_text(head[place:])
        if command is None:
            break
        end = _closing(text, command.end())
        shown += rf"\{command[1]}{{{_author_text(text[command.end() : end])}}}"
        text = text[end + 1 :]
    return shown


def _closing(text: str, start: int) -> int:
    """Where the brace closes that is open before `start`; the end of the text where it does not."""
    depth = 1
    for place in range(start, len(text)):
        if text[place] in "{}" and text[place - 1] != "\\":
            depth += 1 if text[place] == "{" else -1
            if depth == 0:
                return place
    return len(text)


def _author_math(tex: str) -> str:
    """Mathematics as its author wrote it, with signs beyond ASCII as commands."""

    def one(match: re.Match[str]) -> str:
        shown = tex_text(match[0])
        return shown if r"\ensuremath" in shown else rf"\text{{{shown}}}"

    return re.sub(r"[^\x00-\x7f]", one, tex.strip())


# mathematics


def _tex(value: Expr | Dim | Shape | Math, style: LatexStyle) -> str:
    match value:
        case Math(tex):
            return tex
        case Dim():
            return dim_latex(value)
        case tuple():
            return shape_latex(value)
        case _:
            return latex(value, style)


def _math(value: Expr | Dim | Shape | Math, row: bool = False, unmarked: bool = False) -> Math:
    """A displayed formula, free indices marked; `row` where the derivative is by the transposed variable."""
    return Math(_tex(value, LatexStyle(mark_free=not unmarked, by_row=row)))


def _inline(value: Expr | Dim | Shape | Math, row: bool = False) -> Math:
    """A formula in a line of text."""
    return Math(_tex(value, LatexStyle(inline=True, by_row=row)))


def _lines(value: Expr, room: float) -> list[Math]:
    return [Math(line) for line in latex_lines(value, room, COLOURED)]


def _width(value: Expr | Dim | Shape | Math) -> float:
    return width(_tex(value, COLOURED))


def _widest(lines: Iterable[LineView]) -> float:
    """How much room the left sides of a chain take."""
    return max((_width(line.heading) for line in lines if line.opens), default=0.0)


def _subscript(indices: Iterable[Index]) -> Math:
    return Math(subscript_latex(tuple(indices), COLOURED))


def _is_array(shape: Shape) -> bool:
    return shape != SCALAR


def _decimal(value: float) -> Math:
    """A small number as 2.1 times a power of ten."""
    if value == 0:
        return Math("0")
    mantissa, exponent = f"{value:.0e}".split("e")
    return Math(rf"{mantissa} \cdot 10^{{{int(exponent)}}}")


# sentences


def fill(sentence: str | list[str], **values: object) -> Markup:
    """`sentence` with its {names} filled in; of two forms, the first where `count` is 1."""
    if not isinstance(sentence, str):
        sentence = sentence[0] if values.get("count") == 1 else sentence[-1]
    shown = ""
    for place, piece in enumerate(re.split(r"\{(\w+)\}", sentence)):
        if place % 2 == 0:
            shown += tex_text(piece)
        elif piece not in values:
            raise TemplateError(f"nothing is given for {{{piece}}} in: {sentence}")
        else:
            value = values[piece]
            shown += f"${value.tex}$" if isinstance(value, Math) else escaped(value)
    return Markup(shown)


def _filled(sentence: str, values: Mapping[str, Expr]) -> Markup:
    """A sentence about mathematics with its {names} filled in."""
    return fill(sentence, **{name: _math(value, unmarked=True) for name, value in values.items()})


def _equal_to(left: Expr, right: Expr) -> Math:
    """Both sides of an equality, in display style."""
    return Math(rf"\displaystyle {_math(left, unmarked=True).tex} = {_math(right, unmarked=True).tex}")


def _point_of(values: Sequence[Expr]) -> Math:
    """A point as (1, 2); one coordinate by itself."""
    shown = r",\, ".join(_math(value, unmarked=True).tex for value in values)
    if len(values) == 1:
        return Math(shown)
    return Math(rf"\Bigl({shown}\Bigr)" if r"\frac" in shown else f"({shown})")


def _column(entries: Sequence[Expr]) -> Math:
    """A column in a line of text, as a row that is turned."""
    shown = r",\, ".join(_inline(entry).tex for entry in entries)
    return Math(rf"({shown})^{{\mathsf T}}")


def _pictured(picture: Picture, said: Mapping[str, Any]) -> PictureView:
    """A picture laid out in centimetres."""
    from derivgen.render.picture import CM, picture_view

    return picture_view(picture, CM, said["picture"])


RELATIONS = {"<=": r"\le", ">=": r"\ge", "!=": r"\neq", "≈": r"\approx"}


def _relation(sign: str) -> Math:
    return Math(RELATIONS.get(sign, sign))


def _translated(name: str, dictionary: Mapping[str, str]) -> str:
    return dictionary.get(name, name)


def _named(law: LawName, dictionary: Mapping[str, str]) -> Markup:
    """The name of a law, the letters that it ends in as mathematics."""
    if law.name in dictionary or not law.letters:
        return escaped(dictionary.get(law.name, law.name))
    words = law.name.removesuffix(", ".join(map(text, law.letters)))
    return escaped(words) + Markup(", ").join(Markup(f"${_inline(letter).tex}$") for letter in law.letters)


def _comment(mark: str) -> Markup:
    """A place in a file, in a comment that no name can end."""
    return Markup("".join(char if char.isprintable() and ord(char) < 0x10000 else "?" for char in mark))


def _prose(message: str) -> Markup:
    """A message as a sentence without its full stop."""
    message = message.strip().removeprefix("claim is wrong: ").rstrip(".")
    return Markup(tex_text(message[:1].upper() + message[1:]))


def _code(line: str) -> Markup:
    """A line of a program, each of its spaces kept."""
    return Markup(re.sub(r"[^A-Za-z0-9]", lambda match: _CODE_SIGNS.get(match[0]) or tex_text(match[0]), line))


_CODE_SIGNS = {
    **{sign: rf"\{sign}" for sign in "#$%&_{}"},
    **{sign: sign for sign in "()[]+=/*.,:;@!?<>|"},
    " ": "~",
    "-": "{-}",
    "'": r"\textquotesingle{}",
    "\\": r"\textbackslash{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}


def _words_only(text: str) -> Markup:
    """What an author wrote, without its commands and dollars: for the outline and the title of a document."""
    return Markup(tex_text(re.sub(r"\\[A-Za-z]+\s*|[\\${}]", "", text)))
