"""Functions of vectors and matrices that nobody gave: where they stand, and how short they can be printed."""

from __future__ import annotations

from dataclasses import replace

from derivgen.expr.nodes import Expr, Image, Symbol
from derivgen.expr.walk import subexpressions, transform


def has_images(expr: Expr) -> bool:
    return any(isinstance(node, Image) for node in subexpressions(expr))


def brief(expr: Expr, over: Expr) -> Expr:
    """`expr` with u in place of u(x) for each function that `over` has at one list of arguments only, all symbols."""
    met: dict[str, set[tuple[Expr, ...]]] = {}
    for node in subexpressions(over):
        if isinstance(node, Image):
            met.setdefault(node.name, set()).add(node.arguments)

    def one(node: Expr) -> Expr | None:
        if isinstance(node, Image) and all(isinstance(argument, Symbol) for argument in node.arguments):
            if met.get(node.name, set()) <= {node.arguments}:
                return replace(node, brief=True)
        return None

    return transform(expr, one)
