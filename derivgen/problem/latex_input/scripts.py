r"""What stands above and below: transposes, inverses, powers, entries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from derivgen.expr.nodes import ONE, Dim, Matrix
from derivgen.expr.shapes import show_shape
from derivgen.problem import operations
from derivgen.problem.latex_input.cut import Token, Tokens
from derivgen.problem.latex_input.names import Script, spelled, split_commas
from derivgen.problem.names import is_name
from derivgen.problem.operations import Operand, constant
from derivgen.problem.subscripts import LARGEST_DIMENSION, Picked, pick
from derivgen.problem.tokens import Span

if TYPE_CHECKING:
    from derivgen.problem.latex_input.reader import Cursor, Reader

_CONJUGATES = ("*", r"\dagger", "H", "+", r"\ast")
_ALL = (":", r"\cdot", "*")
"""What stands for all rows or columns."""
_POWERS_OF_ENTRIES = (r"\odot", r"\circ")


@dataclass(frozen=True, slots=True)
class Scripts:
    """All that stands above and below one thing."""

    below: Script | None = None
    above: Script | None = None
    primes: int = 0
    end: int = 0


def take(reader: Reader, cursor: Cursor) -> Scripts:
    """The scripts that follow, in any order."""
    below: Script | None = None
    above: Script | None = None
    primes = 0
    while (token := cursor.peek()) is not None and token.kind in ("script", "prime"):
        cursor.take()
        if token.kind == "prime":
            primes += 1
            continue
        script = _script(reader, cursor, token)
        if token.text == "_":
            if below is not None:
                reader.refuse("a second subscript follows the first", script.span, "put both into one pair of braces")
            below = script
        else:
            if above is not None:
                reader.refuse("a second superscript follows the first", script.span, "put the base into parentheses")
            above = script
    return Scripts(below, above, primes, cursor.behind)


def _script(reader: Reader, cursor: Cursor, sign: Token) -> Script:
    token = cursor.peek()
    if token is None or token.kind in ("close", "comma", "script", "open", "bar"):
        reader.refuse(f"something is missing after `{sign.text}`", sign.span, f"write {sign.text}{{...}}")
    cursor.take()
    span = (sign.span[0], token.span[1])
    if token.kind == "number" and len(token.text) > 1:
        hint = f"write {sign.text}{{{token.text}}}, or {sign.text}{token.text[0]} and the rest apart"
        verb = "raises" if sign.text == "^" else "lowers"
        reader.refuse(f"{reader.quote(span)}: TeX {verb} only the `{token.text[0]}`", span, hint)
    if token.kind == "operator" and token.text in ("-", "+") and cursor.peek() is not None:
        after = cursor.peek()
        if token.text == "-" or reader.begins_factor(cursor):
            shown = reader.quote((token.span[0], after.span[1] if after else token.span[1]))
            verb = "raises" if sign.text == "^" else "lowers"
            message = f"{reader.quote(span)}: TeX {verb} only the sign"
            reader.refuse(message, span, f"write {sign.text}{{{shown}}}")
    inside = token.groups[0] if token.kind == "group" and not token.text else (token,)
    if not inside:
        reader.refuse("something is missing between these braces", token.span)
    while len(inside) == 1 and inside[0].kind == "group":
        inside = inside[0].groups[0]
    return Script(inside, span)


def applied(reader: Reader, base: Operand, cursor: Cursor) -> Operand:
    """`base`, which stands in parentheses or the like, with the scripts that follow it."""
    return with_scripts(reader, base, take(reader, cursor))


def with_scripts(reader: Reader, base: Operand, scripts: Scripts) -> Operand:
    if scripts.below is not None:
        base = entry(reader, base, scripts.below, split_commas(scripts.below.tokens))
    if scripts.above is not None:
        base = raised(reader, base, scripts.above)
    if scripts.primes:
        base = primed(reader, base, scripts)
    return base


def primed(reader: Reader, base: Operand, scripts: Scripts) -> Operand:
    span = (base.span[0], scripts.end)
    if base.is_scalar or scripts.primes > 1:
        hint = r"a derivative is taken of a declared function, f'(x); a transpose is written x^\top"
        reader.refuse(f"{reader.quote(span)}: a prime has no meaning here", span, hint)
    return operations.transposed(base, span)


# subscripts


def entry(reader: Reader, base: Operand, below: Script, parts: Sequence[Tokens]) -> Operand:
    """The entry, row or column of `base` that the subscripts `parts` pick."""
    span = (base.span[0], below.span[1])
    axes = sum(dim != ONE for dim in base.shape)
    picked = subscripts(reader, parts, below.span, axes)
    if any("?" in str(dim) for dim in base.shape):
        shown = reader.quote(base.span)
        reader.refuse(f"{reader.quote(span)}: nothing shows the size of {shown}", span, f"write ({shown}_n)_i")
    return pick(reader.source, reader.scope, reader.letters, base, picked, span)


def count(reader: Reader, parts: Sequence[Tokens], axes: int) -> int:
    """How many subscripts `parts` are, where `axes` are wanted."""
    items = [item for part in parts for item in _items(reader, part, axes)]
    is_odd = any(item[0].kind == "operator" and item[0].text not in _ALL for item in items)
    return -1 if is_odd else len(items)


def subscripts(reader: Reader, parts: Sequence[Tokens], span: Span, axes: int) -> list[Picked]:
    found: list[Picked] = []
    for part in parts:
        if not part:
            reader.refuse("a subscript is missing", span)
        found += [_picked(reader, item) for item in _items(reader, part, axes)]
    return found


def _items(reader: Reader, part: Tokens, axes: int) -> list[Tokens]:
    """The subscripts that stand side by side: a letter takes the scripts that follow it."""
    found: list[list[Token]] = []
    place = 0
    while place < len(part):
        token = part[place]
        place += 1
        if token.kind == "group" and token.text:
            found += [[one] for one in token.groups[0]]
            continue
        if token.kind == "word" and reader.names.index((token,)) not in reader.scope.indices:
            found += [[Token("letter", letter, token.span)] for letter in token.text]
            continue
        item = [token]
        if token.kind == "number" and axes > 1 and len(token.text) == axes and len(part) == 1 and token.text.isdigit():
            found += [[Token("number", digit, token.span)] for digit in token.text]  # A_{12}
            continue
        while place + 1 < len(part) and part[place].kind == "script":
            item += part[place : place + 2]
            place += 2
        found.append(item)
    return [tuple(item) for item in found]


def _picked(reader: Reader, item: Tokens) -> Picked:
    first = item[0]
    span = (first.span[0], item[-1].span[1])
    if first.kind == "number" and len(item) == 1:
        return Picked(Fraction(first.text), span)
    if first.kind == "operator" and first.text in _ALL and len(item) == 1:
        return Picked(None, span)
    name = reader.names.index(item)
    if first.kind in ("letter", "word") and is_name(name):
        return Picked(name, span)
    hint = r"entries are counted from 1; a name such as x_{t-1} is declared with `as`: `x_prev: scalar as x_{t-1}`"
    reader.refuse(f"{reader.quote(span)}: a subscript is a letter or a whole number", span, hint)


def size(reader: Reader, tokens: Tokens, span: Span) -> Dim:
    r"""A dimension: 3, n, 2n; as below `\mathbf{1}` or above a sum sign."""
    dim = Dim(1)
    if not tokens:
        reader.refuse("a size is missing", span)
    for item in _items(reader, tuple(t for t in tokens if t.text not in (r"\cdot", r"\,")), 1):
        shown = spelled(item)
        own = (item[0].span[0], item[-1].span[1])
        if item[0].kind == "number" and shown.isdigit() and 1 <= int(shown) <= LARGEST_DIMENSION:
            dim = dim * Dim(int(shown))
            continue
        name = next((one for one in reader.scope.sizes if reader.names.looks_like(one, shown)), shown)
        scope = reader.scope
        taken = any(name in names for names in (scope.symbols, scope.indices, scope.functions))
        if item[0].kind not in ("letter", "word") or not is_name(name) or taken:
            hint = "a size is the name of a dimension or a whole number"
            reader.refuse(f"{reader.quote(own)} is no size", own, hint)
        dim = dim * Dim(1, (name,))
    return dim


# superscripts


def is_transpose(reader: Reader, tokens: Tokens, base: Operand) -> bool:
    r"""Whether a superscript turns `base` over: `\top`, or a T that stands for nothing else."""
    if len(tokens) != 1:
        return False
    token = tokens[0]
    if token.kind == "operator" and token.text == r"\top":
        return True
    if token.kind != "letter" or token.text != "T" or token.accents:
        return False
    if not reader.names.is_known("T"):
        return True
    if base.is_scalar:
        return False
    if base.shape[0] == base.shape[1] and not _is_upright(reader, token):
        shown = reader.quote((base.span[0], token.span[1]))
        hint = r"T is declared: write \top for the transpose, a declared letter of another name for a power"
        reader.refuse(f"{shown} is a transpose or a power", (base.span[0], token.span[1]), hint)
    return True


def _is_upright(reader: Reader, token: Token) -> bool:
    return token.span[1] - token.span[0] > 1


def raised(reader: Reader, base: Operand, above: Script) -> Operand:
    """`base` with a superscript: transposed, inverted or to a power."""
    tokens, span = above.tokens, (base.span[0], above.span[1])
    if is_transpose(reader, tokens, base):
        return _transposed(reader, base, span)
    first = tokens[0]
    if first.text == "-" and len(tokens) == 2 and is_transpose(reader, tokens[1:], base) and not base.is_scalar:
        return operations.transposed(reader.build("inv", span, base), span)
    if len(tokens) == 1 and (first.text in _CONJUGATES and first.kind in ("operator", "letter")):
        if first.kind == "operator" or not reader.names.is_known(first.text):
            hint = r"matrices are real: write A^\top for a transpose; a name such as x^* is declared as x_star"
            reader.refuse(f"{reader.quote(span)}: `{first.text}` has no meaning above a symbol", span, hint)
    if first.kind == "prime" or first.text == "'":
        return primed(reader, base, Scripts(None, None, len(tokens), span[1]))
    if first.kind == "open" and tokens[-1].kind == "close" and len(tokens) > 2 and base.is_scalar is False:
        hint = "a name such as x^{(i)} is declared with `as`; rows are X_{i,:}"
        if first.text == "(":
            reader.refuse(f"{reader.quote(span)}: a superscript in parentheses is part of a name", span, hint)
    if first.kind == "operator" and first.text in _POWERS_OF_ENTRIES:
        rest = tokens[1:]
        if not rest:
            reader.refuse(
                rf"{reader.quote(span)}: degrees have no meaning here", span, "write \\pi/180 times the number"
            )
        exponent = reader.inner(rest, (rest[0].span[0], rest[-1].span[1]))
        base, exponent = reader.fit(base, exponent)
        common = operations.common(reader.source, span, base, exponent)
        return Operand(operations.power(reader.source, span, base, exponent), common, span)
    exponent = reader.inner(tokens, (tokens[0].span[0], tokens[-1].span[1]))
    if base.is_scalar:
        if not exponent.is_scalar:
            shown = rf"{reader.quote(base.span)}^{{\odot {reader.quote(exponent.span)}}}"
            reader.refuse(
                f"in {reader.quote(span)}: the exponent is an array",
                span,
                f"write {shown} for the powers of each entry",
            )
        return Operand(operations.power(reader.source, span, base, exponent), base.shape, span)
    return _matrix_power(reader, base, exponent, span)


def _transposed(reader: Reader, base: Operand, span: Span) -> Operand:
    if isinstance(base.expr, Matrix) and base.shape[0] == ONE and reader.source.text[base.span[1] - 1] == "]":
        turned = Matrix(base.expr.entries, (base.shape[1], ONE))
        return Operand(turned, turned.shape, span)
    return operations.transposed(base, span)


def _matrix_power(reader: Reader, base: Operand, exponent: Operand, span: Span) -> Operand:
    shown, value = reader.quote(base.span), constant(exponent.expr)
    if ONE not in base.shape:
        reader.sizes.equal(*base.shape)
        base = reader.sizes.filled(base)
    if base.shape[0] != base.shape[1]:
        turned = reader.source.transposed(shown)
        product = f"{turned} {shown}" if value == 2 else ""
        norm = "2^2" if ONE in base.shape else "F^2"
        power = rf"{shown}^{{\odot {reader.quote(exponent.span)}}} for the power of each entry"
        hint = f"write {power}" + (f", {product} or \\lVert {shown} \\rVert_{norm}" if product else "")
        of = show_shape(base.shape)
        reader.refuse(f"in {reader.quote(span)}: {shown} is {of}, only square matrices have powers", span, hint)
    if value == -1:
        return reader.build("inv", span, base)
    return reader.build("matrix_power", span, base, exponent)


def entrywise(reader: Reader, base: Operand, exponent: Operand, span: Span) -> Operand:
    """`base` to a power entry by entry, as in sin^2 x."""
    common = operations.common(reader.source, span, base, exponent)
    return Operand(operations.power(reader.source, span, base, exponent), common, span)


__all__ = ["Scripts", "applied", "count", "entry", "entrywise", "raised", "size", "subscripts", "take"]
