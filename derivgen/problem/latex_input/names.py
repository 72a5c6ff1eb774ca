r"""Which declared name a letter with its subscripts is.

`\theta_0`, `w_{out}` and `\hat{y}` are names where such names are declared; other subscripts pick entries. A name of
the problem is found by what it is printed as: its letter, accents, subscripts and superscript, in any font.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from derivgen.errors import ExpressionError
from derivgen.expr.names import CAPITAL_GREEK, LATIN_CAPITALS, split_name
from derivgen.expr.nodes import Symbol
from derivgen.problem.latex_input.cut import Token, Tokens, cut
from derivgen.problem.model import Scope
from derivgen.problem.tokens import Span


@dataclass(frozen=True, slots=True)
class Script:
    """What stands above or below something."""

    tokens: Tokens
    span: Span


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter or word as it stands in the text, with what stands below and above it."""

    base: str
    accents: tuple[str, ...]
    span: Span
    below: Script | None = None
    above: Script | None = None
    primes: int = 0

    @property
    def parts(self) -> tuple[Tokens, ...]:
        """What stands below, cut at its commas."""
        return split_commas(self.below.tokens) if self.below else ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a name looks like."""

    base: str
    accents: frozenset[str] = frozenset()
    below: tuple[str, ...] = ()
    above: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A declared name that a letter may be: `rest` of its subscripts pick an entry of it."""

    name: str
    rest: tuple[Tokens, ...]
    takes_above: bool
    """Whether what stands above is part of the name."""


def split_commas(tokens: Tokens) -> tuple[Tokens, ...]:
    found: list[list[Token]] = [[]]
    for token in tokens:
        if token.kind == "comma":
            found.append([])
        else:
            found[-1].append(token)
    return tuple(map(tuple, found))


def spelled(tokens: Iterable[Token]) -> str:
    """Tokens as they are compared: without fonts, braces and spaces."""
    found = ""
    for token in tokens:
        inside = spelled(token.groups[0]) if token.kind == "group" else token.text
        found += inside + "".join(token.accents)
    return found


def look_of_name(name: str) -> Look:
    """How a declared name is printed where its declaration does not say."""
    parts = split_name(name)
    accents = [accent for accent in parts.accents if accent not in ("star", "prime")]
    above = "".join("*" if accent == "star" else "'" for accent in parts.accents if accent in ("star", "prime"))
    base = parts.base
    if (base in CAPITAL_GREEK and base in LATIN_CAPITALS) or base == "omicron":
        base = base[0]
    return Look(base, frozenset(accents), parts.subscripts, above)


def look_of_latex(latex: str) -> Look | None:
    r"""How a name looks that is declared with its LaTeX, `as \alpha_{t-1}`; None where that is no single letter."""
    try:
        _, tokens = cut(latex)
    except ExpressionError:
        return None
    while len(tokens) == 1 and tokens[0].kind == "group":
        tokens = tokens[0].groups[0]
    if not tokens or tokens[0].kind not in ("letter", "word"):
        return None
    below: tuple[str, ...] = ()
    above, place = "", 1
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "prime":
            above += "'"
        elif token.kind == "script" and place + 1 < len(tokens):
            place += 1
            inside = tokens[place].groups[0] if tokens[place].kind == "group" else (tokens[place],)
            if token.text == "_":
                below = tuple(map(spelled, split_commas(inside)))
            else:
                above += spelled(inside)
        else:
            return None
        place += 1
    return Look(tokens[0].text, frozenset(tokens[0].accents), below, above)


@dataclass(slots=True)
class Names:
    """The names of a scope, found by what they look like."""

    scope: Scope
    _by_base: dict[tuple[str, frozenset[str]], list[tuple[Look, str]]] = field(default_factory=dict)
    _indices: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        scope = self.scope
        drawn: Mapping[str, str] = {name: symbol.latex for name, symbol in scope.symbols.items()}
        for name in (*scope.symbols, *scope.functions, *scope.maps, *sorted(scope.sizes)):
            self._add(name, drawn.get(name, ""))
        for name, index in scope.indices.items():
            for look in _looks(name, index.latex):
                self._indices[_key(look)] = name
                self._by_base.setdefault((look.base, look.accents), []).append((look, name))

    def _add(self, name: str, latex: str) -> None:
        for look in _looks(name, latex):
            known = self._by_base.setdefault((look.base, look.accents), [])
            if (look, name) not in known:
                known.append((look, name))

    def candidates(self, letter: Letter) -> Iterator[Candidate]:
        """The names that `letter` may be, whether or not what is left of its subscripts makes sense."""
        parts = letter.parts
        shown = tuple(map(spelled, parts))
        above = (spelled(letter.above.tokens) if letter.above else "") + "'" * letter.primes
        for look, name in self._by_base.get((letter.base, frozenset(letter.accents)), ()):
            own = len(look.below)
            if shown[:own] != look.below or (look.above and look.above != above):
                continue
            yield Candidate(name, parts[own:], bool(look.above))

    def is_known(self, base: str, accents: Sequence[str] = ()) -> bool:
        return (base, frozenset(accents)) in self._by_base

    def looks_like(self, name: str, shown: str) -> bool:
        """Whether `shown`, spelled without fonts and braces, is how `name` is printed."""
        symbol = self.scope.symbols.get(name)
        return any(_key(look) == shown for look in _looks(name, symbol.latex if symbol else ""))

    def index(self, tokens: Tokens) -> str:
        """The name of an index that is written so: a declared one, or as it would be declared."""
        shown = spelled(tokens)
        return self._indices.get(shown, shown)


def names_in(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Which of the names `known` stand in LaTeX, in order; it need not be LaTeX that can be read."""
    try:
        _, tokens = cut(text)
    except ExpressionError:
        return ()
    names = Names(Scope(symbols={name: Symbol(name) for name in known}))
    return tuple(dict.fromkeys(_names_in(tokens, names)))


def _names_in(tokens: Tokens, names: Names) -> Iterator[str]:
    for place, token in enumerate(tokens):
        for group in token.groups:
            yield from _names_in(group, names)
        if token.kind not in ("letter", "word", "group"):
            continue
        below, above, primes = None, None, 0
        rest = list(tokens[place + 1 :])
        while rest and rest[0].kind in ("script", "prime"):
            sign = rest.pop(0)
            if sign.kind == "prime":
                primes += 1
            elif rest:
                script = Script(rest[0].groups[0] if rest[0].kind == "group" else (rest[0],), rest[0].span)
                below, above = (script, above) if sign.text == "_" else (below, script)
                rest.pop(0)
        found = list(names.candidates(Letter(token.text, token.accents, token.span, below, above, primes)))
        if found:
            yield min(found, key=lambda one: (len(one.rest), not one.takes_above)).name


def _key(look: Look) -> str:
    shown = look.base + "".join(sorted(look.accents))
    if look.below:
        shown += "_" + ",".join(look.below)
    return shown + (f"^{look.above}" if look.above else "")


def _looks(name: str, latex: str) -> Iterator[Look]:
    """The looks of a declared name: its own LaTeX, and its letters."""
    drawn = look_of_latex(latex) if latex else None
    if drawn is not None:
        yield drawn
    look = look_of_name(name)
    yield look
    if len(look.base) > 1 and look.below == () and not look.accents:
        yield Look(name)  # \mathrm{loss_1}, where the word is spelled as it is declared
    elif look != Look(name) and len(name) > 1:
        yield Look(name)
