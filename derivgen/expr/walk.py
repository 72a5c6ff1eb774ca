"""Going through expressions: parts, indices, symbols, replacement."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, replace
from typing import Any

from derivgen.expr.nodes import (
    Column,
    Commutation,
    Delta,
    Dim,
    Entry,
    Expr,
    Eye,
    Image,
    Index,
    Ones,
    Partial,
    Row,
    Size,
    Subscript,
    Sum,
    Symbol,
    Upper,
    Zeros,
)

_INDEX_LETTERS = "i j k l p q r s t a b c d e g h".split()


_HOLDING = frozenset(
    {"base", "body", "terms", "factors", "exponent", "arguments", "left", "right", "wrt", "by", "entries", "values"}
)
"""The names of fields that hold expressions; the left and right of a delta are subscripts."""

_part_fields: dict[type, tuple[str, ...]] = {Delta: ()}


def _fields_of(expr: Expr) -> tuple[str, ...]:
    """The names of the fields of `expr` that hold expressions."""
    node = type(expr)
    if node not in _part_fields:
        _part_fields[node] = tuple(field.name for field in fields(expr) if field.name in _HOLDING)
    return _part_fields[node]


def parts(expr: Expr) -> tuple[Expr, ...]:
    """The expressions directly below `expr`, in reading order."""
    found: list[Expr] = []
    for name in _fields_of(expr):
        value = getattr(expr, name)
        if isinstance(value, tuple):
            found.extend(value)
        else:
            found.append(value)
    return tuple(found)


def with_parts(expr: Expr, new: tuple[Expr, ...]) -> Expr:
    """`expr` with its direct parts exchanged for `new`, which has as many."""
    if all(old is fresh for old, fresh in zip(parts(expr), new, strict=True)):
        return expr
    rest = iter(new)
    changes: dict[str, Any] = {}
    for name in _fields_of(expr):
        value = getattr(expr, name)
        changes[name] = tuple(next(rest) for _ in value) if isinstance(value, tuple) else next(rest)
    return replace(expr, **changes)


def subexpressions(expr: Expr) -> Iterator[Expr]:
    """`expr` and everything below it, outermost first."""
    yield expr
    for part in parts(expr):
        yield from subexpressions(part)


def size(expr: Expr) -> int:
    """How many nodes `expr` has."""
    return sum(1 for _ in subexpressions(expr))


def transform(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """`expr` with `change` applied to every subexpression, innermost first; None leaves one as it is."""
    below = with_parts(expr, tuple(transform(part, change) for part in parts(expr)))
    changed = change(below)
    return below if changed is None else changed


def symbols(expr: Expr) -> tuple[Symbol, ...]:
    """The symbols in `expr`, each once, in reading order."""
    return tuple(dict.fromkeys(node for node in subexpressions(expr) if isinstance(node, Symbol)))


def depends_on(expr: Expr, symbol: Symbol) -> bool:
    return any(node == symbol for node in subexpressions(expr))


def subscripts(expr: Expr) -> tuple[Subscript, ...]:
    """The subscripts that stand at the root of `expr` itself."""
    match expr:
        case Entry(_, own):
            return own
        case Row(_, own) | Column(_, own):
            return (own,)
        case Delta(left, right):
            return (left, right)
        case _:
            return ()


def free_indices(expr: Expr) -> tuple[Index, ...]:
    """The indices of `expr` that no sum binds, each once, in reading order."""
    return tuple(dict.fromkeys(_free(expr)))


def _free(expr: Expr) -> Iterator[Index]:
    if isinstance(expr, Sum):
        yield from (index for index in _free(expr.body) if index != expr.index)
        return
    for part in parts(expr):
        yield from _free(part)
    yield from (own for own in subscripts(expr) if isinstance(own, Index))


def all_indices(expr: Expr) -> tuple[Index, ...]:
    """The indices of `expr`, free and bound, each once."""
    found: dict[Index, None] = {}
    for node in subexpressions(expr):
        for own in subscripts(node):
            if isinstance(own, Index):
                found[own] = None
        if isinstance(node, Sum):
            found[node.index] = None
    return tuple(found)


def dimensions(expr: Expr) -> tuple[str, ...]:
    """The names of the sizes that occur in `expr`, each once."""
    found: dict[str, None] = {}

    def note(dim: Dim) -> None:
        for name in dim.names:
            found[name] = None

    for node in subexpressions(expr):
        match node:
            case Symbol(shape=of) | Image(shape=of) | Ones(of) | Zeros(of) | Commutation(of):
                note(of[0])
                note(of[1])
            case Eye(dim) | Size(dim) | Upper(dim):
                note(dim)
    for index in all_indices(expr):
        note(index.dim)
    return tuple(found)


def rename(expr: Expr, old: Index, new: Subscript) -> Expr:
    """`expr` with the free index `old` replaced by `new`.

    A sum inside that binds `new` gets another letter first, so that nothing is captured.
    """

    def one(own: Subscript) -> Subscript:
        return new if own == old else own

    match expr:
        case Sum(index, _) if index == old:
            return expr
        case Sum(index, body) if index == new and old in free_indices(body):
            other = fresh_index(index.dim, (*all_indices(expr), old))
            return Sum(other, rename(rename(body, index, other), old, new))
        case Entry(base, own):
            return Entry(rename(base, old, new), tuple(one(subscript) for subscript in own))
        case Row(base, own_row):
            return Row(rename(base, old, new), one(own_row))
        case Column(base, own_column):
            return Column(rename(base, old, new), one(own_column))
        case Delta(left, right):
            return Delta(one(left), one(right))
        case Partial(body, wrt):
            moved = rename(wrt, old, new)
            assert isinstance(moved, Symbol | Entry)
            return Partial(rename(body, old, new), moved)
        case _:
            return with_parts(expr, tuple(rename(part, old, new) for part in parts(expr)))


def fresh_index(dim: Dim, used: Iterable[Index | str], prefer: str = "") -> Index:
    """An index over `dim` whose letter is not among `used` (indices, or names that would be confused with it)."""
    taken = {item.name if isinstance(item, Index) else item for item in used}
    letters = [*([prefer] if prefer else []), *_INDEX_LETTERS]
    for letter in letters:
        if letter not in taken:
            return Index(letter, dim)
    count = 1
    while f"i_{count}" in taken:
        count += 1
    return Index(f"i_{count}", dim)
