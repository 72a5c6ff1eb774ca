"""Expressions with other dimensions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from derivgen.expr.nodes import (
    Column,
    Commutation,
    Delta,
    Dim,
    Entry,
    Expr,
    Eye,
    Index,
    Matrix,
    Ones,
    Row,
    Shape,
    Size,
    Subscript,
    Sum,
    Symbol,
    Upper,
    Zeros,
)
from derivgen.expr.walk import transform


def resized(expr: Expr, names: Mapping[str, str], change: Callable[[Symbol], Expr | None] = lambda _: None) -> Expr:
    """`expr` with the named sizes `names` called otherwise.

    What `change` gives for a symbol stands in its place, as it is.
    """

    def index(own: Index) -> Index:
        return replace(own, dim=renamed(own.dim, names))

    def one(own: Subscript) -> Subscript:
        return index(own) if isinstance(own, Index) else own

    def put(node: Expr) -> Expr | None:
        match node:
            case Symbol():
                changed = change(node)
                return replace(node, shape=reshaped(node.shape, names)) if changed is None else changed
            case Entry(base, own):
                return Entry(base, tuple(map(one, own)))
            case Row(base, subscript):
                return Row(base, one(subscript))
            case Column(base, subscript):
                return Column(base, one(subscript))
            case Delta(left, right):
                return Delta(one(left), one(right))
            case Sum(own_index, body):
                return Sum(index(own_index), body)
            case Ones(of) | Zeros(of) | Matrix(_, of) | Commutation(of):
                return replace(node, shape=reshaped(of, names))
            case Eye(dim) | Size(dim) | Upper(dim):
                return replace(node, dim=renamed(dim, names))
        return None

    return transform(expr, put)


def renamed(dim: Dim, names: Mapping[str, str]) -> Dim:
    return Dim(dim.number, tuple(sorted(names.get(name, name) for name in dim.names)))


def reshaped(of: Shape, names: Mapping[str, str]) -> Shape:
    return renamed(of[0], names), renamed(of[1], names)
