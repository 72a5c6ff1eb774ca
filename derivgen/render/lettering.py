"""The labels of a picture, in TeX and as pieces of plain text for SVG."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from derivgen.picture import Label
from derivgen.render.breaking import width as em_width
from derivgen.render.environment import tex_text
from derivgen.render.latex import LatexStyle, latex
from derivgen.render.plain import unicode_math

NARROW, BROAD, LETTER_EM = frozenset("fijlrt'., "), frozenset("mwMW"), (0.33, 0.52, 0.83)
"""Letters of words, and how wide narrow, other and broad ones are in em."""

LETTERS = "A-Za-zÀ-ÖØ-öø-žα-ωϵϕϑ"
"""With those that have accents, such as a y with a hat."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one style."""

    text: str
    italic: bool = False
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A label in both formats; `em` is how wide it is."""

    tex: str
    runs: tuple[Run, ...]
    em: float


def text_of(label: Label | Fraction | float) -> Written:
    """`label` as it is printed; numbers with four digits."""
    match label:
        case str():
            return Written(tex_text(label), (Run(label),) if label else (), _words_em(label))
        case tuple():
            inside = ", ".join(latex(part, LatexStyle(inline=True)) for part in label)
            plain = ", ".join(unicode_math(part) for part in label)
            return _formula(f"({inside})", f"({plain})")
        case float() | Fraction():
            return _formula(*number_text(label))
        case _:
            return _formula(latex(label, LatexStyle(inline=True)), unicode_math(label))


def _words_em(text: str) -> float:
    return sum(LETTER_EM[1 - (letter in NARROW) + (letter in BROAD)] for letter in text)


def _formula(tex: str, plain: str) -> Written:
    return Written(f"${tex}$", tuple(_runs(plain)), em_width(tex))


def number_text(value: Fraction | float) -> tuple[str, str]:
    """A number in decimals, in TeX and in plain text; very large and very small ones by a power of ten."""
    if value == 0:
        return "0", "0"
    digits, exponent = f"{float(value):.4e}".split("e")
    if -4 < int(exponent) < 5:
        shown = f"{float(value):.{max(0, 3 - int(exponent))}f}"
        shown = shown.rstrip("0").rstrip(".") if "." in shown else shown
        return shown, shown.replace("-", "−")
    digits = digits.rstrip("0").rstrip(".")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    tex, plain = rf"10^{{{int(exponent)}}}", f"10{power}"
    if digits in ("1", "-1"):
        sign = digits[:-1]
        return sign + tex, sign.replace("-", "−") + plain
    return rf"{digits} \cdot {tex}", f"{digits}·{plain}".replace("-", "−")


def _runs(plain: str) -> Iterable[Run]:
    """Mathematics in plain text as pieces: letters are italic, what follows `_` is lowered.

    Subscripts one after the other are the row of one entry, or a subscript of a name and that of its entry: h_1,4.
    """
    before = False
    for piece in re.finditer(rf"_\{{([^}}]*)\}}|_(\w+)|([A-Za-z]{{2,}})|([{LETTERS}])(\d*)|([^{LETTERS}_]+|_)", plain):
        braced, lowered, word, letter, digits, rest = piece.groups()
        lowered = braced or lowered
        if lowered:
            yield Run(f",{lowered}" if before else lowered, lowered.isalpha(), True)
        elif word:
            yield Run(word)
        elif letter:
            yield Run(letter, True)
            if digits:
                yield Run(digits, False, True)
        else:
            yield Run(rest.replace("-", "−"))
        before = bool(lowered or digits)
