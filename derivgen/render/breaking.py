"""How wide a formula will be, and where it may be broken. Works on what latex.py prints."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\s+|.", re.DOTALL)

SPACES = {r"\,": 0.17, r"\:": 0.22, r"\;": 0.28, r"\!": -0.17, r"\quad": 1.0, r"\qquad": 2.0, r"\ ": 0.33}
RELATIONS = frozenset(["=", "<", ">", r"\in", r"\le", r"\ge", r"\neq", r"\approx", r"\to"])
BINARY = frozenset(["+", "-", r"\cdot", r"\times", r"\odot", r"\oslash", r"\otimes", r"\pm"])
FONTS = frozenset(r"\mathbf \mathrm \mathsf \mathit \boldsymbol \bm \text \mathbb \free \hat \bar \tilde \dot".split())
NAMED = frozenset(r"\sin \cos \tan \sinh \cosh \tanh \log \exp \det \arcsin \arccos \arctan \max \min".split())
FENCES = {r"\lvert": 0.28, r"\rvert": 0.28, r"\lVert": 0.5, r"\rVert": 0.5, "(": 0.39, ")": 0.39}
GROWTH = {r"\big": 0.08, r"\Big": 0.22, r"\bigg": 0.36, r"\Bigg": 0.5}
SCRIPT = 0.72
"""How much smaller subscripts and exponents are."""


def width(tex: str) -> float:
    """About how wide `tex` is as a displayed formula, in em of the surrounding text.

    >>> width("x") < width("x + y") < width(r"\\frac{x + y}{z} + 1")
    True
    """
    return _Measure(TOKEN.findall(tex)).row()


@dataclass(slots=True)
class _Measure:
    """Reads tokens from the left and adds up widths."""

    tokens: list[str]
    place: int = 0

    def row(self) -> float:
        """The width up to the brace that closes this group, or to the end."""
        total = 0.0
        while self.place < len(self.tokens):
            token = self._next()
            if token == "}":
                break
            total += self._atom(token)
        return total

    def _matrix(self) -> float:
        """The columns of a matrix, each as wide as its widest entry, and the space around them."""
        self._argument()
        columns: list[float] = []
        place, own = 0, 0.0
        while self.place < len(self.tokens):
            token = self._next()
            if token in ("&", r"\\", r"\end"):
                columns += [0.0] * (place + 1 - len(columns))
                columns[place] = max(columns[place], own)
                place, own = (place + 1 if token == "&" else 0), 0.0
            else:
                own += self._atom(token)
            if token == r"\end":
                self._argument()
                break
        return sum(columns) + 1.0 * (len(columns) - 1) + 1.2

    def _next(self) -> str:
        self.place += 1
        return self.tokens[self.place - 1]

    def _peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def _argument(self) -> float:
        while self._peek().isspace():
            self._next()
        if not self._peek():
            return 0.0
        token = self._next()
        return self.row() if token == "{" else self._atom(token)

    def _atom(self, token: str) -> float:
        scripts: list[float] = []
        if token == r"\sum":
            own = 1.45
        else:
            own = self._plain(token)
        while self._peek() in ("_", "^") and token not in ("_", "^"):
            self._next()
            scripts.append(SCRIPT * self._argument())
        if token == r"\sum":
            return max([own, *scripts]) + 0.17
        return own + max(scripts, default=0.0)

    def _plain(self, token: str) -> float:
        if token.isspace():
            return 0.0
        if token == "{":
            return self.row()
        if token == r"\begin":
            return self._matrix()
        if token in ("_", "^"):
            return SCRIPT * self._argument()
        if token in SPACES:
            return SPACES[token]
        if token in (r"\frac", r"\tfrac", r"\dfrac"):
            return max(self._argument(), self._argument()) + 0.24
        if token == r"\sqrt":
            return self._argument() + 0.9
        if token in FONTS:
            return self._argument() * (1.12 if token in (r"\mathbf", r"\boldsymbol") else 1.0)
        if token == r"\operatorname":
            return self._argument() + 0.17
        if token in NAMED:
            return 0.48 * (len(token) - 1) + 0.17
        if token[:-1] in GROWTH and token[-1] in "lr":
            return GROWTH[token[:-1]]
        if token in FENCES:
            return FENCES[token]
        if token in BINARY:
            return 1.22
        if token in RELATIONS:
            return 1.33
        if token[0] == "\\":
            return 0.6
        if token in ",.:;'|!":
            return 0.3
        if token.isdigit():
            return 0.5
        return 0.78 if token in "MWmw" else 0.68 if token.isupper() else 0.52


@dataclass(frozen=True, slots=True)
class _Break:
    """A place where a formula may go on in the next line; the lower the cost, the better it reads."""

    start: int
    end: int
    cost: int
    lead: str


_BREAKS = re.compile(r" [+-] | \\(?:odot|oslash|otimes|cdot) |\\,")
_LEVEL, _SIGN, _SPACE = 40, 12, 25


def _breaks(tex: str) -> list[_Break]:
    """Before a sign outside all braces; inside parentheses it costs more, between factors still more."""
    found: list[_Break] = []
    braces = fences = 0
    place = 0
    while place < len(tex):
        if braces == 0 and (match := _BREAKS.match(tex, place)):
            sign = match[0].strip()
            kind = 0 if sign in "+-" else _SPACE if sign == r"\," else _SIGN
            lead = r"{}\cdot " if sign == r"\," else f"{{}}{sign} "
            found.append(_Break(match.start(), match.end(), _LEVEL * fences + kind, lead))
            place = match.end()
            continue
        token = TOKEN.match(tex, place)
        assert token is not None
        braces += {"{": 1, "}": -1, r"\begin": 1, r"\end": -1}.get(token[0], 0)
        fences += {"(": 1, ")": -1, r"\lvert": 1, r"\rvert": -1, r"\lVert": 1, r"\rVert": -1}.get(token[0], 0)
        place = token.end()
    return found


def break_lines(tex: str, room: float) -> list[str]:
    """`tex` in lines of about `room` em at most: as few as possible, broken where it reads best.

    A piece that cannot be broken stays too wide; the sheet shrinks it.
    """
    if width(tex) <= room:
        return [tex]
    breaks = _breaks(tex)
    starts = [(0, "", 0), *((stop.end, stop.lead, stop.cost) for stop in breaks)]
    ends = [*(stop.start for stop in breaks), len(tex)]
    # best[k]: the cheapest way to set everything before starts[k], as (cost, where its last line starts)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for stop in range(1, len(starts) + 1):
        options: list[tuple[float, int]] = []
        for start in range(stop):
            begin, lead, cost = starts[start]
            over = width(lead + tex[begin : ends[stop - 1]]) - room
            # a line that is too full is worst; lines before the last should be nearly full
            misfit = 10000.0 + 1000 * over if over > 0 else 0.05 * over**2 if stop < len(starts) else 0.0
            options.append((best[start][0] + cost + 200 + misfit, start))
        best.append(min(options))
    lines: list[str] = []
    stop = len(starts)
    while stop:
        start = best[stop][1]
        begin, lead, _ = starts[start]
        lines.append(lead + tex[begin : ends[stop - 1]])
        stop = start
    return lines[::-1]
