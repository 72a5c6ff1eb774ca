"""Symbols that the tests of verify share, and values by plain loops."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from derivgen.expr.nodes import ONE, Dim, Entry, Expr, Function, Index, Symbol
from derivgen.verify.arrays import Array
from derivgen.verify.points import Point, make_point, survey

n, m, p = Dim(1, ("n",)), Dim(1, ("m",)), Dim(1, ("p",))
i, j, k, l = (Index(name, n) for name in "ijkl")
r, s = Index("r", m), Index("s", m)

t, u = Symbol("t"), Symbol("u")
x, y, a, b = (Symbol(name, (n, ONE)) for name in "xyab")
c, d = (Symbol(name, (m, ONE)) for name in "cd")
A, B, X = (Symbol(name, (n, n)) for name in "ABX")
W, V = (Symbol(name, (m, n)) for name in "WV")


def at(base: Symbol, *subscripts: Index | int) -> Entry:
    return Entry(base, subscripts)


def fun(name: str, *orders: int, abstract: bool = False) -> Function:
    return Function(name, orders or (0,), abstract)


def point_for(*exprs: Expr, number: int = 0, domain: str = "whole") -> Point:
    return make_point(survey(exprs), number, domain)


def looped(point: Point, indices: Sequence[Index], entry: Callable[..., Any]) -> Array:
    """An array (index, ..., 1, 1) from a function of index values that count from 0."""
    shape = tuple(point.size(index.dim) for index in indices)
    array = np.empty((*shape, 1, 1), dtype=object)
    for place in product(*map(range, shape)):
        array[(*place, 0, 0)] = entry(*place)
    return array


def half(value: int) -> Fraction:
    return Fraction(value, 2)
