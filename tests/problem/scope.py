"""The names that the tests of expressions use."""

from __future__ import annotations

from derivgen.expr.nodes import ONE, SCALAR, Dim, Function, Index, Shape, Symbol
from derivgen.problem.model import Map, Scope

m, n, p = Dim(1, ("m",)), Dim(1, ("n",)), Dim(1, ("p",))


def _symbol(name: str, shape: Shape = SCALAR, *words: str) -> Symbol:
    return Symbol(name, shape, frozenset(words))


s, t, lam, alpha = _symbol("s"), _symbol("t"), _symbol("lambda"), _symbol("alpha")
k = _symbol("k", SCALAR, "integer")
a, b, c, x = (_symbol(name, (n, ONE)) for name in "abcx")
y, z = _symbol("y", (m, ONE)), _symbol("z", (p, ONE))
A, B, M = _symbol("A", (m, n)), _symbol("B", (n, p)), _symbol("M", (n, n))

SCOPE = Scope(
    symbols={
        symbol.name: symbol for symbol in (s, t, lam, alpha, k, a, b, c, x, y, z, A, B, M, _symbol("in"), _symbol("is"))
    },
    indices={"w": Index("w", n)},
    functions={
        "f": Function("f", (0,), abstract=True),
        "g": Function("g", (0, 0), abstract=True),
        "e": Function("e", (), abstract=True),
    },
    sizes=frozenset({"m", "n", "p"}),
    maps={"h": Map(((n, ONE),), (m, ONE))},
)
