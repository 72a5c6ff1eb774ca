"""An expression's text cut into tokens and spelled anew for Python's parser.

Every name and number is replaced by a placeholder before `ast` sees the text, so Python's keywords are legal names,
Greek letters may be typed, numbers are exact, and no literal of the author's ever reaches Python. What does not look
like mathematics is refused here, with the right spelling as a hint.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import NoReturn

from derivgen.errors import ExpressionError
from derivgen.problem.names import LONGEST_NAME, canonical_name, is_name, printable, shorten

LONGEST = 5000
"""Characters in one expression."""
DEEPEST = 50
"""Parentheses inside one another."""
MOST_OPERANDS = 1000
"""Names and numbers in one expression."""
MOST_DIGITS = 50
LARGEST_EXPONENT_OF_TEN = 100

Span = tuple[int, int]
"""Start and end in the text as the author typed it."""

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
      | (?P<name>[^\W\d]\w*)
      | (?P<operator>\*\*|//|->|[-+*/@(),.:=\[\]])""",
    re.VERBOSE,
)
_CLOSING = {"(": ")", "[": "]"}

_HINTS = {
    "^": "a power is written x**2, a transpose x.T",
    "'": "a transpose is written x.T, the derivative of a function D(f)(x)",
    "\u2019": "a transpose is written x.T, the derivative of a function D(f)(x)",
    "\u2032": "a transpose is written x.T, the derivative of a function D(f)(x)",
    "\u1d40": "a transpose is written x.T",
    "\u22a4": "a transpose is written x.T",
    "\u00b7": "write * for a product of numbers or entry by entry, @ for a matrix product",
    "\u22c5": "write * for a product of numbers or entry by entry, @ for a matrix product",
    "\u2299": "write * for the product entry by entry",
    "\u2218": "write * for the product entry by entry",
    "\u2297": "write kron(A, B) or outer(a, b)",
    "\u00d7": "write * for a product",
    "\u2212": "write the hyphen - for minus",
    "\u2013": "write the hyphen - for minus",
    "|": "write abs(x), norm(x) or det(A)",
    "\u2016": "write norm(x)",
    "\u221a": "write sqrt(x)",
    "\u2211": "write sum(x[i], i)",
    "\u2202": "say what is differentiated in `derive`, and by what in `wrt`",
    "\u00b2": "write x**2",
    "\u00b3": "write x**3",
    "=": "an expression has no equals sign; give one side",
    "{": "group with round parentheses",
    "}": "group with round parentheses",
    "\\": "write names without a backslash (alpha, not \\alpha)",
    '"': "text in quotes has no meaning here",
    "!": "factorials are not supported",
    "%": "remainders are not supported",
    "<": "comparisons are not supported",
    ">": "comparisons are not supported",
    "$": "dollar signs belong in prompts, not in expressions",
}


class LatexText(str):
    """The text of an expression that is written in LaTeX."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Token:
    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def span(self) -> Span:
        return (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Source:
    """An expression as its author typed it: what complaints quote, and how its notation writes what hints propose."""

    text: str

    def quote(self, span: Span) -> str:
        return shorten(self.text[span[0] : span[1]])

    def refuse(self, message: str, span: Span, hint: str = "") -> NoReturn:
        """Raises the ExpressionError that points at `span`."""
        raise complaint(message, self.text, span, hint)

    def transposed(self, it: str) -> str:
        return f"{it}.T"

    def multiplied(self, left: str, right: str) -> str:
        return f"{left} @ {right}"

    def entry(self, of: str, subscript: str) -> str:
        return f"{of}[{subscript}]"

    def scaling(self) -> str:
        return "a scalar scales with *"


@dataclass(frozen=True, slots=True)
class Spelled(Source):
    """An expression spelled for Python's parser, with the way back to what the author typed."""

    python: str
    names: dict[str, str]
    """Placeholder to the name it stands for."""
    numbers: dict[str, Fraction]
    starts: dict[int, int]
    """Where a token starts in `python`, to where it starts in `text`."""
    ends: dict[int, int]

    def span(self, start: int, end: int) -> Span:
        """The span in `text` of columns of `python`."""
        return (self.starts.get(start, 0), self.ends.get(end, len(self.text)))


def complaint(message: str, text: str, span: Span, hint: str = "") -> ExpressionError:
    shown = printable(text if len(text) <= LONGEST else f"{text[:60]}...")
    return ExpressionError(message, shown, span[0], max(1, span[1] - span[0]), hint)


def spell(text: str) -> Spelled:
    """`text` cut into tokens, checked, and spelled for `ast`.

    Raises ExpressionError at the first thing that is no notation of ours.
    """
    if len(text) > LONGEST:
        raise complaint(f"this expression is too long: {len(text)} characters, at most {LONGEST}", text, (0, 1))
    tokens = _cut(text)
    if not tokens:
        raise complaint("the expression is empty", text, (0, 1))
    operands = sum(token.kind != "operator" for token in tokens)
    if operands > MOST_OPERANDS:
        message = f"this expression is too long: {operands} names and numbers, at most {MOST_OPERANDS}"
        raise complaint(message, text, (0, 1))
    _check_parentheses(text, tokens)
    _check_order(text, tokens)
    return _translate(text, tokens)


def _cut(text: str) -> list[Token]:
    tokens: list[Token] = []
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            _refuse_character(text, place)
        kind = match.lastgroup or ""
        if kind == "name":
            _check_name(text, match.group(), match.span())
        if match.group() in ("//", "->"):
            hint = "write / for a quotient" if match.group() == "//" else ""
            raise complaint(f"`{match.group()}` has no meaning in an expression", text, match.span(), hint)
        if match.group() == "=" and not _names_argument(tokens):
            _refuse_character(text, place)
        if kind != "space":
            tokens.append(Token(kind, match.group(), place))
        place = match.end()
    return tokens


def _names_argument(tokens: list[Token]) -> bool:
    """Whether an equals sign after `tokens` follows the name of an argument: f(x, axis=1)."""
    if len(tokens) < 3 or tokens[-1].kind != "name" or tokens[-2].text not in ("(", ","):
        return False
    depth = 0
    for left, right in zip(reversed(tokens[:-1]), reversed(tokens), strict=False):
        depth += (right.text in _CLOSING.values()) - (right.text in _CLOSING)
        if depth < 0:
            return right.text == "(" and left.kind == "name"
    return False


def _refuse_character(text: str, place: int) -> NoReturn:
    char = text[place]
    shown = f"`{char}`" if char.isprintable() else f"the character U+{ord(char):04X}"
    hint, width = _HINTS.get(char, ""), 1
    before = re.search(r"(\w+|[\])])\s*\Z", text[:place][-LONGEST_NAME:])
    after = re.match(r"\s*(\w+|\([^()]{1,20}\))", text[place + 1 : place + 41])
    if char == "^" and before and after and before.group(1) not in ")]":
        base, top = before.group(1), after.group(1)
        hint = f"write {base}.T" if top in ("T", "t", "top") else f"write {base}**{top}"
        width = 1 + after.end()
    elif char in "'\u2019\u2032\u1d40\u22a4" and before and before.group(1) not in ")]":
        name = before.group(1)
        is_call = text[place + 1 : place + 2] == "("
        hint = f"write D({name})(...) for the derivative" if is_call else f"write {name}.T for the transpose"
    elif char in "\u00b7\u22c5" and before and after and before.group(1) not in ")]":
        hint = f"write {before.group(1)} @ {after.group(1)} for the matrix product, * for numbers and entry by entry"
    raise complaint(f"{shown} has no meaning in an expression", text, (place, place + width), hint)


def _check_name(text: str, name: str, span: Span) -> None:
    if is_name(canonical_name(name)):
        return
    if len(name) > LONGEST_NAME:
        raise complaint(f"this name is too long, at most {LONGEST_NAME} characters", text, span)
    if name.startswith("_"):
        raise complaint(f"`{shorten(name)}`: names do not start with an underscore", text, span)
    raise complaint(f"`{shorten(name)}`: names are made of Latin and Greek letters, digits and _", text, span)


def _check_parentheses(text: str, tokens: list[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind != "operator":
            continue
        if token.text in _CLOSING:
            opened.append(token)
            if len(opened) > DEEPEST:
                raise complaint(f"parentheses are nested too deep, at most {DEEPEST}", text, token.span)
        elif token.text in _CLOSING.values():
            if not opened:
                raise complaint(f"nothing was opened that this `{token.text}` closes", text, token.span)
            if _CLOSING[opened[-1].text] != token.text:
                message = f"`{opened[-1].text}` is closed by `{token.text}`"
                raise complaint(message, text, token.span, f"write `{_CLOSING[opened[-1].text]}`")
            opened.pop()
    if opened:
        raise complaint(f"this `{opened[-1].text}` is not closed", text, opened[-1].span)


def _check_order(text: str, tokens: list[Token]) -> None:
    """Operands and operators take turns."""
    previous: Token | None = None
    for token in tokens:
        if previous is not None:
            _check_neighbours(text, previous, token)
        elif token.text in _NEEDS_LEFT:
            raise complaint(f"something is missing before `{token.text}`", text, token.span)
        previous = token
    if previous is not None and previous.text in _NEEDS_RIGHT:
        raise complaint(f"something is missing after `{previous.text}`", text, previous.span)


_NEEDS_LEFT = frozenset({"*", "/", "@", "**", ",", ".", ":", "=", ")", "]"})
_NEEDS_RIGHT = frozenset({"*", "/", "@", "**", "+", "-", ".", "="})


def _check_neighbours(text: str, left: Token, right: Token) -> None:
    ends_operand = left.kind in ("number", "name") or left.text in (")", "]")
    starts_operand = right.kind in ("number", "name") or (right.text == "(" and left.kind == "number")
    if ends_operand and starts_operand:
        between = f"`{left.text}` and `{right.text}`"
        if left.kind == "number" and right.kind in ("name", "operator"):
            hint = f"write {left.text}*{right.text}" if right.kind == "name" else f"write {left.text}*(...)"
        elif left.kind == right.kind == "name":
            hint = f"write {left.text}*{right.text}, or {left.text} @ {right.text} for the matrix product"
        else:
            hint = "write * or @ for the product"
        raise complaint(f"an operator is missing between {between}", text, (left.start, right.end), hint)
    if left.text in _NEEDS_RIGHT and right.text in _NEEDS_LEFT:
        raise complaint(f"something is missing between `{left.text}` and `{right.text}`", text, (left.start, right.end))
    if left.text in ("(", "[", ",") and right.text in _NEEDS_LEFT - {":"} and left.text + right.text != "()":
        raise complaint(f"something is missing between `{left.text}` and `{right.text}`", text, (left.start, right.end))


def _translate(text: str, tokens: list[Token]) -> Spelled:
    names: dict[str, str] = {}
    numbers: dict[str, Fraction] = {}
    starts: dict[int, int] = {}
    ends: dict[int, int] = {}
    pieces: list[str] = []
    column = 0
    for count, token in enumerate(tokens):
        match token.kind:
            case "number":
                piece = f"n{count}"
                numbers[piece] = exact_number(text, token.text, token.span)
            case "name":
                piece = f"v{count}"
                names[piece] = canonical_name(token.text)
            case _:
                piece = token.text
        starts[column], ends[column + len(piece)] = token.start, token.end
        pieces.append(piece)
        column += len(piece) + 1
    return Spelled(text, " ".join(pieces), names, numbers, starts, ends)


def exact_number(text: str, literal: str, span: Span) -> Fraction:
    """The number that `literal` writes, exactly: 0.8 is 4/5."""
    digits, _, power = literal.lower().partition("e")
    if len(digits) > MOST_DIGITS:
        raise complaint(f"this number has too many digits, at most {MOST_DIGITS}", text, span)
    if power and (len(power) > 5 or abs(int(power)) > LARGEST_EXPONENT_OF_TEN):
        raise complaint(f"the exponent of this number is too large, at most {LARGEST_EXPONENT_OF_TEN}", text, span)
    whole, _, decimals = digits.partition(".")
    value = Fraction(int((whole + decimals) or "0"), 10 ** len(decimals))
    return value * Fraction(10) ** int(power or "0")
