"""How names may be spelled, and which known name an unknown one was meant to be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

_SPELLED = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu "
    "nu xi omicron pi rho sigma tau upsilon phi chi psi omega"
).split()
_SMALL = "αβγδεζηθικλμνξοπρστυφχψω"
_CAPITAL = "ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩ"
_VARIANTS = {"ϵ": "epsilon", "ϑ": "theta", "ϰ": "kappa", "ϖ": "pi", "ϱ": "rho", "ς": "sigma", "ϕ": "phi", "µ": "mu"}

GREEK: dict[str, str] = {
    **dict(zip(_SMALL, _SPELLED, strict=True)),
    **{letter: name.capitalize() for letter, name in zip(_CAPITAL, _SPELLED, strict=True)},
    **_VARIANTS,
}
"""A Greek letter to its spelled name; capitals give `Sigma`."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
LONGEST_NAME = 40


def canonical_name(name: str) -> str:
    """`name` with Greek letters spelled: `λ` is `lambda`, `θ_1` is `theta_1`."""
    return "".join(GREEK.get(char, char) for char in name)


def is_name(name: str) -> bool:
    """Whether `name`, Greek letters spelled, can stand for something in an expression."""
    return len(name) <= LONGEST_NAME and _NAME.match(name) is not None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The one of `known` that `word` was most likely meant to be, capitals and small letters first."""
    word, known = word[:LONGEST_NAME], sorted(set(known))
    for candidate in known:
        if candidate.lower() == word.lower():
            return candidate
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return close[0] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest of `known`, or all of them when they are few."""
    known = sorted(set(known))
    near = nearest(word, known)
    if near is not None:
        return f"did you mean `{near}`?"
    return f"known here: {', '.join(known)}" if 0 < len(known) <= 12 else ""


def shorten(text: str, longest: int = 60) -> str:
    """`text` on one line and at most `longest` characters, for quoting in a message."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def printable(text: str) -> str:
    """`text` with characters that a terminal cannot show (controls, lone surrogates) replaced one for one."""
    return "".join(char if char.isprintable() or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
