"""A term of index notation as a graph: what assembly works on.

The indices are the nodes; a factor with two subscripts is an edge, one with a single subscript a mark on its node.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from derivgen.expr.build import factors_of, nested_sum, product, transpose
from derivgen.expr.nodes import (
    ONE,
    Entry,
    Expr,
    Index,
    Product,
    Subscript,
    Sum,
)
from derivgen.expr.shapes import shape
from derivgen.expr.walk import all_indices, free_indices, fresh_index, rename


@dataclass(frozen=True, slots=True)
class Term:
    """A sum over `bound` of the product of `factors`."""

    bound: tuple[Index, ...]
    factors: tuple[Expr, ...]

    @property
    def expr(self) -> Expr:
        """Factors that no bound index reaches stand before the sums."""
        inside = [factor for factor in self.factors if set(free_indices(factor)) & set(self.bound)]
        outside = [factor for factor in self.factors if factor not in inside]
        # the numbers go in front; an entry on free indices keeps its place among the others
        front = [factor for factor in outside if not free_indices(factor)]
        rest = [factor for factor in self.factors if factor not in front]
        return product((*front, nested_sum(self.bound, product(rest)))) if self.bound else product((*front, *rest))

    def marks(self, index: Index) -> list[Entry]:
        return [factor for factor in self.factors if isinstance(factor, Entry) and factor.subscripts == (index,)]

    def edges(self, index: Index) -> list[Entry]:
        """The factors with two subscripts of which one at least is `index`."""
        return [
            factor
            for factor in self.factors
            if isinstance(factor, Entry) and len(factor.subscripts) == 2 and index in factor.subscripts
        ]

    def others(self, index: Index) -> list[Expr]:
        """The factors on `index` that are neither mark nor edge."""
        known: list[Expr] = [*self.marks(index), *self.edges(index)]
        return [factor for factor in self.factors if index in free_indices(factor) and factor not in known]

    def merge(self, taken: Sequence[Expr], made: Expr, gone: Index | None = None) -> Expr:
        """The term with `made` where the first of the factors `taken` stood, and without the bound index `gone`."""
        rest = list(self.factors)
        places: list[int] = []
        for factor in taken:  # x_i x_i are two factors, though equal
            places.append(next(n for n, here in enumerate(rest) if here == factor and n not in places))
        rest[min(places)] = made
        kept = [factor for n, factor in enumerate(rest) if n == min(places) or n not in places]
        return Term(tuple(index for index in self.bound if index != gone), tuple(kept)).expr


def term_of(expr: Expr) -> Term:
    """`expr` as one term: sums inside a product are drawn to the front, with letters that do not clash."""
    bound: list[Index] = []
    factors: list[Expr] = []
    waiting = [expr]
    # a sum without free indices is a number to the rest of the term, unless it is all of the term but numbers
    whole = sum(isinstance(factor, Sum) or bool(free_indices(factor)) for factor in factors_of(expr)) == 1
    while waiting:
        here = waiting.pop(0)
        if isinstance(here, Product):
            waiting = [*here.factors, *waiting]
        elif isinstance(here, Sum) and (free_indices(here) or (whole and not bound)):
            index, body = here.index, here.body
            if index in bound or any(index in all_indices(other) for other in (*factors, *waiting)):
                fresh = fresh_index(
                    index.dim, (*bound, *all_indices(body), *(i for f in (*factors, *waiting) for i in all_indices(f)))
                )
                body, index = rename(body, index, fresh), fresh
            bound.append(index)
            waiting = [body, *waiting]
        else:
            factors.append(here)
    return Term(tuple(bound), tuple(factors))


def as_column(entry: Entry) -> Expr:
    """The vector of a mark, as a column."""
    return transpose(entry.base) if shape(entry.base)[0] == ONE else entry.base


def turned_towards(entry: Entry, row: Subscript) -> tuple[Expr, Subscript]:
    """The matrix of an edge turned so that `row` is its row, and the other subscript."""
    left, right = entry.subscripts
    return (entry.base, right) if left == row else (transpose(entry.base), left)


def turned_from(edge: Entry, index: Index) -> tuple[Expr, Subscript]:
    """The matrix of an edge turned so that `index` is its column, and the other subscript."""
    matrix, other = turned_towards(edge, index)
    return transpose(matrix), other
