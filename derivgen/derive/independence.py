"""What a derivative relies on: what does not depend on the variable, and where functions have no kink."""

from __future__ import annotations

from collections.abc import Iterator

from derivgen.derivation import Fact, Statement, entry_of
from derivgen.derive.naming import indices_for
from derivgen.expr.nodes import SCALAR, ZERO_NUMBER, Apply, Entry, Expr, Partial, Product, Symbol
from derivgen.expr.shapes import axes
from derivgen.expr.walk import all_indices, depends_on, subexpressions
from derivgen.rules.differentiation import KINKED


def independence(statement: Expr, wrt: Symbol) -> tuple[Statement, ...]:
    """A sentence for each symbol that stands beside the variable in an operation entry by entry, as y does in x * y.

    With a y that depends on x the derivative would have one term more; of a constant matrix in a product nobody would
    think that it does.
    """
    found = dict.fromkeys(_beside(statement, wrt)) if wrt.shape != SCALAR and len(axes(statement)) == 1 else ()
    return tuple(_said(symbol, wrt) for symbol in found)


def _beside(statement: Expr, wrt: Symbol) -> Iterator[Symbol]:
    for node in subexpressions(statement):
        operands = node.factors if isinstance(node, Product) else node.arguments if isinstance(node, Apply) else ()
        if any(depends_on(one, wrt) for one in operands):
            yield from (one for one in operands if isinstance(one, Symbol) and one.shape == wrt.shape and one != wrt)


def _said(symbol: Symbol, wrt: Symbol) -> Statement:
    value = indices_for(axes(symbol), ("i", "j"), (), frozenset())
    by = indices_for(axes(wrt), ("k", "l"), value, frozenset())
    fact = Fact(Partial(Entry(symbol, value), Entry(wrt, by)), "=", ZERO_NUMBER)
    return Statement("independent", (("constant", symbol), ("variable", wrt)), (fact,))


def off_kinks(statement: Expr, wrt: Symbol) -> tuple[Fact, ...]:
    """What must not be zero for relu, abs, sign and step in `statement` to have a derivative by `wrt`."""
    found: dict[Fact, None] = {}
    for node in subexpressions(statement):
        if isinstance(node, Apply) and node.function.name in KINKED and depends_on(node, wrt):
            (inside,) = node.arguments
            dims = axes(inside)
            index = indices_for(dims, ("i", "j"), all_indices(inside), frozenset())
            found[Fact(entry_of(inside, index), "!=", ZERO_NUMBER)] = None
    return tuple(found)
