r"""LaTeX cut into tokens: pylatexenc's parser finds macros, groups and environments, and each keeps its place.

What only looks different is gone here (fonts, spacing, the sizes of parentheses); what no mathematics of ours can mean
is refused with what to write instead.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NoReturn

from pylatexenc.latexwalker import LatexWalker, LatexWalkerParseError
from pylatexenc.macrospec import EnvironmentSpec, LatexContextDb, MacroSpec, std_environment, std_macro

from derivgen.problem.latex_input import macros
from derivgen.problem.names import GREEK, nearest, printable, shorten
from derivgen.problem.tokens import DEEPEST, MOST_OPERANDS, Source, Span, complaint

LONGEST = 20_000
"""Characters in one expression; LaTeX is longer than the text that means the same."""


@dataclass(frozen=True, slots=True)
class LatexSource(Source):
    """An expression in LaTeX as its author typed it."""

    def transposed(self, it: str) -> str:
        return rf"{it}^\top" if _is_one(it) else rf"({it})^\top"

    def multiplied(self, left: str, right: str) -> str:
        return f"{left} {right}"

    def entry(self, of: str, subscript: str) -> str:
        shown = subscript.replace(", :", ",:").replace(":, ", ":,")
        return f"{of}_{shown}" if len(shown) == 1 else f"{of}_{{{shown}}}"

    def scaling(self) -> str:
        return r"a scalar scales with \cdot or side by side"


def _is_one(it: str) -> bool:
    return re.fullmatch(r"\\?[A-Za-z]+\{[^{}]*\}|\\[A-Za-z]+|.", it) is not None


@dataclass(frozen=True, slots=True)
class Token:
    """One sign or one structure.

    Kinds: number, letter (a name of one letter, with accents), word (several letters that are one name or function),
    bold (a digit in bold), operator, script (^ and _), open, close, bar, comma, group (in braces, or several letters in
    one font), structure (a macro with `groups` of its own), matrix (its cells are `groups`, row by row).
    """

    kind: str
    text: str
    span: Span
    groups: tuple[Tokens, ...] = ()
    accents: tuple[str, ...] = ()
    wide: int = 0
    """The number of columns of a matrix."""


Tokens = tuple[Token, ...]

_CHARACTER = re.compile(
    r"""(?P<space>[\s~]+)
      | (?P<number>[0-9]+(?:\.[0-9]+)?|\.[0-9]+)
      | (?P<letter>[A-Za-z])
      | (?P<prime>['\u2019\u2032])
      | (?P<script>[\^_])
      | (?P<open>[(\[])
      | (?P<close>[)\]])
      | (?P<bar>\|\|?)
      | (?P<comma>[,;])
      | (?P<operator>[-+*/=<>:&!])""",
    re.VERBOSE,
)

_UNICODE = {
    **{"\u2212": "-", "\u2013": "-", "\u00b7": r"\cdot", "\u22c5": r"\cdot", "\u00d7": r"\times", "\u2299": r"\odot"},
    **{"\u2218": r"\circ", "\u2297": r"\otimes", "\u2298": r"\oslash", "\u22a4": r"\top", "\u2217": "*"},
    **{"\u2202": r"\partial", "\u2207": r"\nabla", "\u2260": "!=", "\u2248": "=", "\u2264": "<", "\u2265": ">"},
    **{"\u2026": r"\dots", "\u22ef": r"\dots", "\u2208": r"\in", "\u221e": r"\infty"},
}
_HINTS = {
    "$": "an expression needs no dollar signs",
    "%": "what follows % is a comment in LaTeX; leave it out",
    "#": "leave it out",
    "\u221a": r"write \sqrt{x}",
    "\u2211": r"write \sum_i",
    "\u1d40": r"write ^\top",
    "\u00b2": "write ^2",
    "\u00b3": "write ^3",
    "\u2016": r"write \lVert x \rVert",
    '"': "text in quotes has no meaning here",
    ".": "a number has digits on both sides of its point; a full stop at the end is left out",
    "?": "",
}


def cut(text: str) -> tuple[LatexSource, Tokens]:
    """The tokens of `text`.

    Raises ExpressionError at the first thing that has no meaning in an expression.
    """
    source = LatexSource(text)
    if len(text) > LONGEST:
        raise complaint(f"this expression is too long: {len(text)} characters, at most {LONGEST}", text, (0, 1))
    if not text.strip():
        raise complaint("the expression is empty", text, (0, 1))
    for place, char in enumerate(text):
        if char in "$%#" and text[place - 1 : place] != "\\":
            source.refuse(f"`{char}` has no meaning in an expression", (place, place + 1), _HINTS[char])
        if text.startswith("^^", place):
            source.refuse("`^^` has no meaning", (place, place + 2), "a superscript takes one ^")
    _check_depth(source)
    nodes = _nodes(source)
    cutter = _Cutter(source)
    tokens = tuple(cutter.flat(nodes))
    return source, tokens


def _check_depth(source: LatexSource) -> None:
    depth = 0
    for match in re.finditer(r"\\(?:begin|end)\b|\\(?:[^A-Za-z]|[A-Za-z]+)|[{}\[\]()]", source.text, re.DOTALL):
        if match.group() in ("{", "[", "(", r"\begin"):
            depth += 1
        elif match.group() in ("}", "]", ")", r"\end"):
            depth -= 1
        if depth > DEEPEST:
            source.refuse(f"braces and parentheses are nested too deep, at most {DEEPEST}", match.span())


@cache
def _context() -> LatexContextDb:
    """What pylatexenc has to know: how many arguments each macro takes."""
    context = LatexContextDb()
    context.add_context_category(
        "derivgen",
        macros=[std_macro(name, taken) for name, taken in macros.ARGUMENTS.items()],
        environments=[std_environment(name, None, is_math_mode=True) for name in macros.MATRICES],
    )
    context.set_unknown_macro_spec(MacroSpec(""))
    context.set_unknown_environment_spec(EnvironmentSpec(""))
    return context


def _nodes(source: LatexSource) -> Any:
    walker = LatexWalker(source.text, latex_context=_context(), tolerant_parsing=False)
    try:
        nodes, _, _ = walker.get_latex_nodes(parsing_state=walker.make_parsing_state(in_math_mode=True))
        return nodes
    except LatexWalkerParseError as error:
        place = min(max(0, error.pos or 0), max(0, len(source.text) - 1))
        opened = _unclosed(source.text)
        found = str(error.msg)
        if "expecting '}'" in found and opened is not None:
            source.refuse("this `{` is not closed", (opened, opened + 1))
        for pattern, message in _BROKEN.items():
            if match := re.search(pattern, found):
                source.refuse(message.format(*map(printable, match.groups())), (place, place + 1))
        source.refuse("this is not LaTeX that can be read", (place, place + 1))
    except (RecursionError, IndexError, ValueError):
        source.refuse("this is not LaTeX that can be read", (0, 1))


_BROKEN = {
    "closing brace": "nothing was opened that this `}}` closes",
    r"mismatching closing environment: '(.{1,30})', was expecting '(.{1,30})'": (
        r"`\begin{{{1}}}` is closed by `\end{{{0}}}`"
    ),
    r"closing environment: '(.{1,30})'": r"`\end{{{0}}}` closes nothing",
    r"expecting \\end\{(.{1,30})\}": r"`\begin{{{0}}}` is not closed",
    r"arguments of macro \"(\w{1,30})\"": r"an argument is missing after `\{0}`",
    r"Expected expression, got (\S{1,30})": "something is missing before `{0}`",
    r"expecting '\]'": "a `[` is not closed",
    r"math mode|\\\\[\])]": r"an expression stands alone, without \( \) or \[ \]",
    r"Bad \\(begin|end)": r"the name is missing after `\{0}`",
}
"""What pylatexenc says is wrong, and how it is said here."""


def _unclosed(text: str) -> int | None:
    opened: list[int] = []
    for match in re.finditer(r"\\.|[{}]", text, re.DOTALL):
        if match.group() == "{":
            opened.append(match.start())
        elif match.group() == "}" and opened:
            opened.pop()
    return opened[-1] if opened else None


class _Cutter:
    """Makes tokens of pylatexenc's nodes."""

    def __init__(self, source: LatexSource) -> None:
        self.source = source
        self.count = 0

    def refuse(self, message: str, span: Span, hint: str = "") -> NoReturn:
        self.source.refuse(message, span, hint)

    def flat(self, nodes: Iterable[Any]) -> Iterator[Token]:
        """The tokens of `nodes`, the sizes of delimiters taken in."""
        side: Token | None = None
        before: Token | None = None
        for token in self._signs(nodes):
            if token.kind == "size":
                side = token
                continue
            if side is not None:
                token = self._delimiter(side, token)
                side = None
            # braces around one thing are not seen, but those of a script hold it together
            inner = token.groups[0] if token.kind == "group" and not token.text else ()
            if len(inner) == 1 and (before is None or before.kind != "script"):
                token = inner[0]
            if token.kind == "group" and not token.groups[0] and (before is None or before.kind != "script"):
                continue
            yield token
            before = token
        if side is not None:
            self.refuse(f"a delimiter is missing after `{side.text}`", side.span)

    def _delimiter(self, size: Token, token: Token) -> Token:
        side = macros.SIZES[size.text[1:]]
        span = (size.span[0], token.span[1])
        if token.text == "| |":
            self.refuse(f"{self.source.quote(span)}: two bars after a size", span, r"write \left\| for a norm")
        if token.kind == "bar":
            return Token(side or "bar", token.text, span)
        if token.kind not in ("open", "close") or (side and side != token.kind):
            self.refuse(f"`{size.text}` takes a delimiter", span, r"write \left( x \right)")
        return replace(token, span=span)

    def _signs(self, nodes: Iterable[Any]) -> Iterator[Token]:
        for node in nodes:
            match type(node).__name__:
                case "LatexCharsNode":
                    yield from self._characters(node.chars, node.pos)
                case "LatexGroupNode":
                    yield Token("group", "", _span(node), (tuple(self.flat(node.nodelist)),))
                case "LatexMacroNode":
                    yield from self._macro(node)
                case "LatexEnvironmentNode":
                    yield self._environment(node)
                case _:
                    self.refuse("this has no meaning in an expression", _span(node))

    def _counted(self, kind: str, text: str, span: Span, accents: tuple[str, ...] = ()) -> Token:
        self.count += 1
        if self.count > MOST_OPERANDS:
            self.refuse(f"this expression is too long, at most {MOST_OPERANDS} names and numbers", span)
        return Token(kind, text, span, (), accents)

    def _characters(self, chars: str, start: int) -> Iterator[Token]:
        place = 0
        while place < len(chars):
            match = _CHARACTER.match(chars, place)
            span = (start + place, start + (match.end() if match else place + 1))
            if match is None:
                yield from self._unicode(chars[place], span)
                place += 1
                continue
            kind, found = match.lastgroup or "", match.group()
            if kind in ("number", "letter"):
                yield self._counted(kind, found, span)
            elif kind == "prime":
                yield Token("prime", "'", span)
            elif kind == "bar":
                yield Token("bar", found if found == "|" else "| |", span)
            elif kind != "space":
                yield Token(kind, found, span)
            place = match.end()

    def _unicode(self, char: str, span: Span) -> Iterator[Token]:
        if char in _UNICODE:
            yield Token("operator", _UNICODE[char], span)
            return
        if char in GREEK:
            yield self._counted("letter", GREEK[char], span)
            return
        if char == "." and re.search(r"\\(?:left|right)\s*\Z", self.source.text[: span[0]]):
            self.refuse("a delimiter that is not seen", span, "bars for the value at a point are not read")
        decomposed = unicodedata.normalize("NFD", char)
        letter, marks = decomposed[0], decomposed[1:]
        known = {"\u0302": "hat", "\u0304": "bar", "\u0303": "tilde", "\u0307": "dot"}
        if letter.isascii() and letter.isalpha() and marks and all(mark in known for mark in marks):
            yield self._counted("letter", letter, span, tuple(known[mark] for mark in marks))
            return
        shown = f"`{char}`" if char.isprintable() else f"the character U+{ord(char):04X}"
        self.refuse(f"{shown} has no meaning in an expression", span, _HINTS.get(char, ""))

    # macros

    def _macro(self, node: Any) -> Iterator[Token]:
        name, span = node.macroname, _span(node)
        bare = (span[0], span[0] + 1 + len(name))
        written = f"\\{name}"
        if name in macros.SKIPPED:
            return
        if name in macros.SIZES:
            yield Token("size", written, bare)
        elif name == "\\":
            yield Token("operator", r"\\", span)
        elif name in macros.FONTS or name in macros.UPRIGHT:
            yield from self._in_font(node, upright=name in macros.UPRIGHT)
        elif name == "mathbb":
            inner = self._argument(node)
            if [token.text for token in inner] != ["1"]:
                self.refuse(f"{self.source.quote(span)} is not read", span, macros.NOT_READ["mathbb"])
            yield self._counted("bold", "1", span)
        elif name in macros.ACCENTS:
            yield self._accented(node)
        elif name == "ell":
            yield self._counted("letter", "ell", bare)
        elif name in macros.LETTERS:
            yield self._counted("letter", macros.LETTERS[name], bare)
        elif name in macros.FUNCTION_MACROS:
            yield Token("word", name, bare)
        elif name in macros.STRUCTURES:
            kind = "frac" if name.endswith("frac") else name
            yield Token("structure", kind, bare if name == "sum" else span, self._groups(node))
        elif written in macros.OPENING:
            yield Token("open", written, bare)
        elif written in macros.CLOSING:
            yield Token("close", written, bare)
        elif written in macros.BARS:
            yield Token(macros.SIDES.get(written, "bar"), macros.BARS[written], bare)
        elif name in macros.OPERATORS:
            sign = macros.OPERATORS[name]
            yield Token("prime" if sign == "'" else "bar" if sign == "|" else "operator", sign, bare)
        else:
            self._unknown(name, bare)

    def _unknown(self, name: str, span: Span) -> NoReturn:
        hint = macros.NOT_READ.get(name)
        if hint is None:
            known = {*macros.LETTERS, *macros.FUNCTION_MACROS, *macros.OPERATORS, *macros.ARGUMENTS}
            near = nearest(name, {one for one in known if one.isalpha() and one not in macros.NOT_READ})
            hint = f"did you mean \\{near}?" if near else ""
        self.refuse(f"`\\{printable(name)}` is not read in an expression", span, hint)

    def _groups(self, node: Any) -> tuple[Tokens, ...]:
        if node.nodeargd is None:  # pylatexenc gives a macro no arguments that is itself one without braces
            shown = f"\\{node.macroname}"
            self.refuse(f"`{shown}` stands without braces as an argument", _span(node), f"write {{{shown}{{...}}}}")
        given = node.nodeargd.argnlist
        return tuple(self._tokens_of(one) for one in given)

    def _tokens_of(self, node: Any) -> Tokens:
        """The tokens of an argument; none where an optional one is not given."""
        if node is None:
            return ()
        inside = node.nodelist if type(node).__name__ == "LatexGroupNode" else [node]
        return tuple(self.flat(inside))

    def _argument(self, node: Any) -> Tokens:
        groups = self._groups(node)
        if not groups or not groups[-1]:
            self.refuse(f"`\\{node.macroname}` has no argument", _span(node))
        return groups[-1]

    def _in_font(self, node: Any, upright: bool) -> Iterator[Token]:
        inner, span = self._argument(node), _span(node)
        if all(token.kind in ("letter", "number") and not token.accents for token in inner):
            if len(inner) == 1 and inner[0].kind == "letter":
                yield replace(inner[0], span=span)
                return
            if len(inner) == 1 and not upright:
                yield Token("bold", inner[0].text, span)
                return
            word = "".join(token.text for token in inner)
            if upright or inner[0].kind == "letter":
                yield Token("word" if upright else "group", word, span, (inner,))
                return
        if upright and any(token.kind == "script" for token in inner) and inner[0].kind == "letter":
            yield Token("word", "".join(token.text for token in inner), span, (inner,))
            return
        yield inner[0] if len(inner) == 1 else Token("group", "", span, (inner,))

    def _accented(self, node: Any) -> Token:
        inner, span = self._argument(node), _span(node)
        while len(inner) == 1 and inner[0].kind == "group":
            inner = inner[0].groups[0]
        if len(inner) != 1 or inner[0].kind not in ("letter", "word"):
            hint = "an accent stands on one letter, and its subscript outside: \\hat{y}_i"
            self.refuse(f"{self.source.quote(span)} is no name", span, hint)
        return replace(inner[0], span=span, accents=(*inner[0].accents, macros.ACCENTS[node.macroname]))

    def _environment(self, node: Any) -> Token:
        name, span = node.environmentname, _span(node)
        if name not in macros.MATRICES:
            hint = macros.NOT_READ.get(name) or f"arrays are written in {', '.join(sorted(macros.MATRICES))}"
            self.refuse(f"the environment `{shorten(name)}` is not read in an expression", span, hint)
        rows: list[list[list[Token]]] = [[[]]]
        for token in self.flat(node.nodelist):
            if token.kind == "operator" and token.text == r"\\":
                rows.append([[]])
            elif token.kind == "operator" and token.text == "&":
                rows[-1].append([])
            else:
                rows[-1][-1].append(token)
        if rows[-1] == [[]] and len(rows) > 1:
            rows.pop()
        if len({len(row) for row in rows}) > 1:
            self.refuse(f"in {self.source.quote(span)}: the rows of an array have one length", span)
        cells = tuple(tuple(cell) for row in rows for cell in row)
        if not all(cells):
            self.refuse(f"in {self.source.quote(span)}: an entry is missing", span)
        return Token("matrix", name, span, cells, (), len(rows[0]))


def _span(node: Any) -> Span:
    return (node.pos, node.pos + node.len)
