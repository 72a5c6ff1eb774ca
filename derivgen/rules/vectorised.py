"""Derivatives with three or four axes as one matrix, through vec and Kronecker products.

With value subscripts (i, j) and variable subscripts (k, l) the Jacobian d vec(Y) / d vec(X) has rows (j, i) and columns
(l, k), since vec stacks columns. A product M_ik N_jl of entries is (N kron M) there; M_il N_jk is (N kron M) K with the
commutation matrix K, for which vec(X') = K vec(X); what stands on the value or on the variable alone scales rows or
columns. (Magnus & Neudecker, Matrix Differential Calculus, 2019, ch. 2 and 3.)
"""

from __future__ import annotations

from collections.abc import Sequence

from derivgen.errors import NoMatrixForm
from derivgen.expr.build import factors_of, matmul, plus, product, terms_of, transpose
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    Commutation,
    Delta,
    Diag,
    Dim,
    Expr,
    Eye,
    Index,
    Kron,
    Ones,
    Vec,
)
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.expr.walk import free_indices
from derivgen.rules.assembly import ELIMINATION, array_of, assembled

Pair = tuple[Index | None, Index | None]
"""The subscripts of a value or a variable: rows, columns; None for an axis that it does not have."""


def jacobian(entries: Expr, value: Sequence[Index], wrt: Sequence[Index]) -> Expr:
    """The matrix d vec(Y) / d vec(X), rows by the value, whose entries at `value` and `wrt` are `entries`.

    Raises NoMatrixForm, naming the factors that are in the way.
    """
    rows, columns = _pair(value), _pair(wrt)
    return plus(_term(term, rows, columns) for term in terms_of(assembled(entries, rules=ELIMINATION)))


def _pair(indices: Sequence[Index]) -> Pair:
    return (indices[0] if indices else None, indices[1] if len(indices) > 1 else None)


def _dim(index: Index | None) -> Dim:
    return ONE if index is None else index.dim


Links = dict[tuple[Index, Index], list[Expr]]
"""Factors with one index of the value and one of the variable."""
Marks = dict[Index, list[Expr]]
"""Factors with one index."""


def _term(term: Expr, value: Pair, wrt: Pair) -> Expr:
    front: list[Expr] = []
    on_value: list[Expr] = []
    on_wrt: list[Expr] = []
    links: Links = {}
    marks: Marks = {}
    for factor in factors_of(term):
        found = free_indices(factor)
        ours, theirs = [i for i in found if i in value], [i for i in found if i in wrt]
        if not found:
            front.append(factor)
        elif len(found) == 1:
            marks.setdefault(found[0], []).append(factor)
        elif not theirs:
            on_value.append(factor)
        elif not ours:
            on_wrt.append(factor)
        elif len(ours) == len(theirs) == 1:
            links.setdefault((ours[0], theirs[0]), []).append(factor)
        else:
            raise NoMatrixForm(f"{text(factor)} stands on more than one index of the value or of the variable")
    if not links:
        on_value += (factor for index in value if index for factor in marks.get(index, []))
        on_wrt += (factor for index in wrt if index for factor in marks.get(index, []))
        return product((*front, matmul((_vec(on_value, value), transpose(_vec(on_wrt, wrt))))))
    core = _core(links, marks, value, wrt)
    rows = [Diag(_vec(on_value, value))] if on_value else []
    columns = [Diag(_vec(on_wrt, wrt))] if on_wrt else []
    return product((*front, matmul((*rows, core, *columns))))


def _core(links: Links, marks: Marks, value: Pair, wrt: Pair) -> Expr:
    (i, j), (k, l) = value, wrt
    if set(links) <= {(i, k), (j, l)}:
        return _kron(_link(links, marks, j, l), _link(links, marks, i, k))
    if j is None and set(links) <= {(i, l)}:  # vec of a row is vec of the column
        return _kron(_link(links, marks, i, l), _link(links, marks, None, k))
    if set(links) <= {(i, l), (j, k)}:
        crossed = _kron(_link(links, marks, j, k), _link(links, marks, i, l))
        return crossed if k is None or l is None else matmul((crossed, Commutation((k.dim, l.dim))))
    shown = " and ".join(text(factor) for factors in links.values() for factor in factors)
    raise NoMatrixForm(f"{shown} link the value and the variable in more than two ways")


def _kron(left: Expr, right: Expr) -> Expr:
    if shape(left) == (ONE, ONE):
        return right
    if shape(right) == (ONE, ONE):
        return left
    return Kron(left, right)


def _link(links: Links, marks: Marks, row: Index | None, column: Index | None) -> Expr:
    """The matrix on `row` and `column`: what links them, scaled by marks; vectors where nothing links them."""
    left, right = _marked(marks, row), _marked(marks, column)
    factors = links.get((row, column), []) if row is not None and column is not None else []
    if row is None or column is None or not factors:
        ends = [(left, _dim(row)), (right, _dim(column))]
        u, v = (ONE_NUMBER if dim == ONE else array or Ones((dim, ONE)) for array, dim in ends)
        return matmul((u, transpose(v)))
    matrix = product(_matrix(factor, row, column) for factor in factors)
    rows = [] if left is None else [Diag(left)]
    columns = [] if right is None else [Diag(right)]
    return matmul((*rows, matrix, *columns))


def _marked(marks: Marks, index: Index | None) -> Expr | None:
    """The column of everything that stands on `index` alone; None where nothing does."""
    if index is None or index not in marks:
        return None
    return product(array_of(factor, (index,)) for factor in marks[index])


def _matrix(factor: Expr, row: Index, column: Index) -> Expr:
    match factor:
        case Delta():
            return Eye(row.dim)
        case _:
            return array_of(factor, (row, column))


def _vec(factors: Sequence[Expr], pair: Pair) -> Expr:
    """The column vec(T) of the array T whose entries at `pair` are the product of `factors`; ones where there are
    none.
    """
    rows, columns = pair
    if not factors:
        return Ones((_dim(rows) * _dim(columns), ONE))
    if rows is not None and columns is None:
        return product(array_of(factor, (rows,)) for factor in factors)
    assert rows is not None and columns is not None
    return Vec(product(_matrix(factor, rows, columns) for factor in factors))
