"""What subscripts pick: entries, rows and columns; and functions that the problem declares, at their arguments.

Both notations, the text and LaTeX, read the subscripts and arguments; what they mean is said here once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derivgen.expr.nodes import ONE, SCALAR, Apply, Column, Delta, Dim, Entry, Function, Row, Subscript
from derivgen.expr.shapes import show_shape
from derivgen.problem import operations
from derivgen.problem.letters import Letters
from derivgen.problem.model import Scope
from derivgen.problem.operations import Operand
from derivgen.problem.tokens import Source, Span

LARGEST_DIMENSION = 10_000


@dataclass(frozen=True, slots=True)
class Picked:
    """One subscript as it was read: the name of an index, a position counted from 1, or None for all of them."""

    value: str | Fraction | None
    span: Span


def pick(source: Source, scope: Scope, letters: Letters, base: Operand, own: Sequence[Picked], span: Span) -> Operand:
    """The entry, row or column of `base` that the subscripts pick; `span` is the whole, `base` stands in it."""
    dims = [dim for dim in base.shape if dim != ONE]
    whole, shown = source.quote(span), source.quote(base.span)
    if not dims:
        source.refuse(f"in {whole}: {shown} is a scalar and has no entries", span)
    if len(own) != len(dims):
        wanted = f"{len(dims)} subscript{'s' if len(dims) > 1 else ''}"
        row, column = source.entry("A", "i, :"), source.entry("A", ":, j")
        hint = f"row i is {row}, column j is {column}" if len(dims) == 2 else ""
        source.refuse(f"in {whole}: {shown} is {show_shape(base.shape)} and takes {wanted}, not {len(own)}", span, hint)
    if all(one.value is None for one in own):
        source.refuse(f"in {whole}: nothing is picked; leave the subscripts out", span)

    def letter(at: int) -> Subscript:
        return subscript(source, scope, letters, own[at], dims[at], span)

    if all(one.value is not None for one in own):
        return Operand(Entry(base.expr, tuple(letter(at) for at in range(len(own)))), SCALAR, span)
    rows, columns = base.shape
    if own[1].value is None:
        return Operand(Row(base.expr, letter(0)), (columns, ONE), span)
    return Operand(Column(base.expr, letter(1)), (rows, ONE), span)


def subscript(
    source: Source, scope: Scope, letters: Letters, picked: Picked, dim: Dim | None, whole: Span
) -> Subscript:
    """An index or a position where it stands at `dim` (None: at no dimension of its own, in delta)."""
    match picked.value:
        case Fraction() as value:
            if value.denominator != 1 or value < 1:
                source.refuse(f"{source.quote(picked.span)} is no position: entries are counted from 1", picked.span)
            if value > LARGEST_DIMENSION or (dim is not None and not dim.names and value > dim.number):
                source.refuse(f"in {source.quote(whole)}: {value} is beyond the last, {dim}", picked.span)
            return int(value)
        case str() as name:
            check_letter(source, scope, name, picked.span)
            return letters.use(name, dim, picked.span, source.quote(whole))
    source.refuse(f"in {source.quote(whole)}: a letter or a whole number is missing", picked.span)


def check_letter(source: Source, scope: Scope, name: str, span: Span) -> None:
    """Refuses a name that is declared as something else than an index."""
    if name in scope.indices:
        return
    if name in scope.symbols:
        source.refuse(f"{name} is declared as a symbol, so it is no index", span, f"or declare it: `{name}: index(n)`")
    if name in scope.functions or name in scope.maps:
        source.refuse(f"{name} is declared as a function, so it is no index", span)
    if name in scope.sizes:
        source.refuse(f"{name} is a dimension, so it is no index", span, "use another letter, such as i, j or k")


def delta(source: Source, scope: Scope, letters: Letters, own: Sequence[Picked], span: Span) -> Operand:
    """Kronecker's delta of two subscripts, which run over one range."""
    for one in own:
        if isinstance(one.value, str):
            check_letter(source, scope, one.value, one.span)
    left, right = own
    if isinstance(left.value, str) and isinstance(right.value, str):
        letters.tie(left.value, right.value, span)
    return Operand(Delta(*(subscript(source, scope, letters, one, None, span) for one in own)), SCALAR, span)


def abstract(source: Source, scope: Scope, function: Function, arguments: Sequence[Operand], span: Span) -> Operand:
    """A declared function, or a derivative of one, at `arguments`."""
    if not scope.functions[function.name].orders:  # elementwise: as many arguments as it is given
        missing = len(arguments) - len(function.orders)
        function = replace(function, orders=function.orders + (0,) * missing)
    wanted = len(function.orders)
    if len(arguments) != wanted:
        plural = "s" if wanted > 1 else ""
        source.refuse(
            f"in {source.quote(span)}: {function.name} takes {wanted} argument{plural}, not {len(arguments)}", span
        )
    common = operations.elementwise(source, span, list(arguments))
    return Operand(Apply(function, tuple(argument.expr for argument in arguments)), common, span)
