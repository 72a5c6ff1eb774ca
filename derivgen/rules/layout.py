"""Where the entries of a derivative go: the last stage, and the only one that knows a layout."""

from __future__ import annotations

from dataclasses import dataclass

from derivgen.expr.build import plus, transpose
from derivgen.expr.nodes import Expr, Index, Layout, Plus, Transpose


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The indices of the result, rows first, and whether a result with one index is a row."""

    indices: tuple[Index, ...]
    is_row: bool = False

    def arrange(self, array: Expr) -> Expr:
        """The result, given the array whose entries at `indices` were found (a column for one index)."""
        return transpose_terms(array) if self.is_row else array


def arrangement(layout: Layout, value: tuple[Index, ...], wrt: tuple[Index, ...], order: int = 1) -> Arrangement | None:
    """Where the entry at the indices `value` of y and `wrt` of x stands; None where there are more than two axes.

    The table of docs/layouts.md. A derivative by a scalar of a vector is a row in denominator layout; the Hessian is
    the same in every layout.
    """
    if len(value) + len(wrt) > 2:
        return None
    match layout, len(value), len(wrt):
        case Layout.NUMERATOR, 0, 1:
            return Arrangement(wrt, is_row=True)
        case Layout.NUMERATOR, 0, 2 if order == 1:
            return Arrangement((wrt[1], wrt[0]))
        case Layout.DENOMINATOR, 1, 0:
            return Arrangement(value, is_row=True)
        case Layout.DENOMINATOR, 1, 1:
            return Arrangement((*wrt, *value))
        case _:
            return Arrangement((*value, *wrt))


def transpose_terms(array: Expr) -> Expr:
    """The transpose of `array`, term by term: u' + v', not (u + v)'."""
    turned = transpose(array)
    if isinstance(turned, Transpose) and isinstance(array, Plus):
        return plus(transpose(term) for term in array.terms)
    return turned


def transposed(result: Expr, wanted: bool) -> Expr:
    """The result of a derivative by a row vector: the transpose."""
    return transpose_terms(result) if wanted else result
