"""Symbols and entries that the tables of rules are written with."""

from __future__ import annotations

from fractions import Fraction

from derivgen.expr.nodes import ONE, Apply, Delta, Dim, Entry, Expr, Function, Index, Number, Power, Product, Symbol

n, m = Dim(1, ("n",)), Dim(1, ("m",))
i, j, k, l, p = (Index(letter, n) for letter in "ijklp")
r, s = (Index(letter, m) for letter in "rs")

x, y, z = (Symbol(letter, (n, ONE)) for letter in "xyz")
A, B, C = (Symbol(letter, (n, n)) for letter in "ABC")
X = Symbol("X", (m, n))
b = Symbol("b", (m, ONE))
t, c = Symbol("t"), Symbol("c")
S = Symbol("S", (n, n), frozenset({"symmetric"}))
Q = Symbol("Q", (n, n), frozenset({"orthogonal"}))
P = Symbol("P", (n, n), frozenset({"idempotent"}))
D = Symbol("D", (n, n), frozenset({"diagonal"}))
U = Symbol("U", (n, n), frozenset({"triangular"}))
H = Symbol("H", (n, ONE), frozenset({"onehot"}))
N = Symbol("N", (n, ONE), frozenset({"unit"}))
K = Symbol("K", (n, n), frozenset({"skew"}))

x_i, x_j, x_k, y_i, y_j, z_i = (Entry(of, (at,)) for of, at in ((x, i), (x, j), (x, k), (y, i), (y, j), (z, i)))
A_ij, A_ji, A_jk, A_ki, A_ii, B_ij, B_jk = (
    Entry(of, at)
    for of, at in ((A, (i, j)), (A, (j, i)), (A, (j, k)), (A, (k, i)), (A, (i, i)), (B, (i, j)), (B, (j, k)))
)
d_ij, d_ik, d_jk = Delta(i, j), Delta(i, k), Delta(j, k)


def num(value: int, below: int = 1) -> Number:
    return Number(Fraction(value, below))


def times(*factors: Expr) -> Product:
    return Product(factors)


def minus(expr: Expr) -> Product:
    return Product((num(-1), expr))


def over(below: Expr) -> Power:
    return Power(below, num(-1))


def fn(name: str, argument: Expr) -> Apply:
    return Apply(Function(name), (argument,))
