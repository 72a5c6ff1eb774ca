"""Names as they are read: `theta_prev` is a Greek letter with the subscript prev, `y_hat` has a hat, `x1` is x_1."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

GREEK = {
    name: chr(code)
    for name, code in zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho".split(),
        range(0x3B1, 0x3C2),
        strict=True,
    )
} | {
    name: chr(code)
    for name, code in zip("sigma tau upsilon phi chi psi omega".split(), range(0x3C3, 0x3CA), strict=True)
}
"""The small Greek letters by their names."""

CAPITAL_GREEK = {name.capitalize(): letter.upper() for name, letter in GREEK.items()}
LATIN_CAPITALS = frozenset("Alpha Beta Epsilon Zeta Eta Iota Kappa Mu Nu Omicron Rho Tau Chi".split())
"""The Greek capitals that look like Latin ones and have no command in TeX."""

ACCENTS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307", "star": "*", "prime": "\u2032"}
"""What may stand after the letter of a name, with the character that shows it in plain text."""

FUNCTION_LETTERS = frozenset("f g h F G H phi psi sigma".split())
"""Letters that stand for functions more often than for numbers: f(x + 1) is no product to most readers."""

_COMBINING = {mark: name for name, mark in ACCENTS.items() if unicodedata.combining(mark)}
_LETTERS = {letter: name for name, letter in (GREEK | CAPITAL_GREEK).items()} | {
    "ϵ": "epsilon",
    "ϕ": "phi",
    "ϑ": "theta",
    "ς": "sigma",
}


@dataclass(frozen=True, slots=True)
class Name:
    """The parts of a name: `base` is a letter, a word or the name of a Greek letter."""

    base: str
    accents: tuple[str, ...] = ()
    subscripts: tuple[str, ...] = ()


def split_name(name: str) -> Name:
    """
    >>> split_name("alpha_prev")
    Name(base='alpha', accents=(), subscripts=('prev',))
    >>> split_name("y_hat1")
    Name(base='y', accents=('hat',), subscripts=('1',))
    """
    first, *words = [word for word in name.split("_") if word] or [name]
    accents: list[str] = []
    subscripts: list[str] = []
    letters = ""
    for char in unicodedata.normalize("NFD", first):
        if char in _COMBINING:
            accents.append(_COMBINING[char])
        else:
            letters += char
    letters, digits = _without_digits(unicodedata.normalize("NFC", letters))
    letters, accent = _without_accent(letters)
    accents += accent
    subscripts += digits
    for word in words:
        plain, number = _without_digits(word)
        if plain in ACCENTS:
            accents.append(plain)
            subscripts += number
        else:
            subscripts.append(word)
    return Name(_LETTERS.get(letters, letters), tuple(accents), tuple(subscripts))


def _without_digits(word: str) -> tuple[str, list[str]]:
    found = re.fullmatch(r"(\D+?)(\d+)", word)
    return (found[1], [found[2]]) if found else (word, [])


def _without_accent(word: str) -> tuple[str, list[str]]:
    """`yhat` is ŷ where what stands before the accent is one letter."""
    for accent in ("hat", "bar", "tilde"):
        letter = word.removesuffix(accent)
        if letter != word and (len(letter) == 1 or letter in GREEK):
            return letter, [accent]
    return word, []
