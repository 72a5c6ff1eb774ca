"""Where the entries of a derivative go: the table of layouts, written out a second time, from the contract alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from derivgen.errors import ShapeError
from derivgen.expr.nodes import Expr, Index, Layout, Symbol
from derivgen.verify.arrays import Array
from derivgen.verify.evaluate import Evaluator
from derivgen.verify.points import Point


def arrange(tensor: Array, layout: Layout, wrt_transposed: bool = False) -> Array:
    """The derivative as a matrix in `layout`.

    `tensor` has the axes (m, k, p, q): entry (a, b) of an m x k value by entry (c, d) of a p x q variable. A second
    derivative has two more axes p, q.
    """
    order = (tensor.ndim - 2) // 2
    if order == 1:
        arranged = _first(tensor, layout)
    elif tensor.shape[:2] == (1, 1):
        arranged = _second(tensor)
    elif tensor.shape[2:4] == (1, 1):
        arranged = _first(tensor[:, :, 0, 0], layout)
    else:
        # the derivative of the matrix that the first derivative is
        p, q = tensor.shape[2:4]
        inner = [[_first(tensor[..., c, d], layout) for d in range(q)] for c in range(p)]
        arranged = _first(np.moveaxis(np.array(inner, dtype=tensor.dtype), (0, 1), (2, 3)), layout)
    return arranged.T if wrt_transposed else arranged


def _first(tensor: Array, layout: Layout) -> Array:
    m, k, p, q = tensor.shape
    scalar_value, scalar_wrt = (m, k) == (1, 1), (p, q) == (1, 1)
    vector_value, vector_wrt = 1 in (m, k), 1 in (p, q)
    if scalar_value and scalar_wrt:
        both: Array = tensor[0, 0]
        return both
    if scalar_value and vector_wrt:
        gradient: Array = tensor[0, 0].reshape(-1, 1)
        return gradient.T if layout is Layout.NUMERATOR else gradient
    if scalar_value:
        slopes: Array = tensor[0, 0]
        return slopes.T if layout is Layout.NUMERATOR else slopes
    if scalar_wrt and vector_value:
        tangent = tensor[:, :, 0, 0].reshape(-1, 1)
        return tangent.T if layout is Layout.DENOMINATOR else tangent
    if scalar_wrt:
        return tensor[:, :, 0, 0]
    # vector by vector, and more axes by vec, which leaves a vector as it is: columns stacked, so columns vary slowest
    jacobian = tensor.transpose(1, 0, 3, 2).reshape(m * k, p * q)
    return jacobian.T if layout is Layout.DENOMINATOR else jacobian


def _second(tensor: Array) -> Array:
    """The Hessian: (i, j) by the i-th and the j-th entry of vec of the variable."""
    p, q = tensor.shape[2:4]
    hessian: Array = tensor[0, 0].transpose(1, 0, 3, 2).reshape(p * q, p * q)
    return hessian


def value_array(tensor: Array, free: int) -> Array:
    """`tensor` with the entries of the value as rows and columns, where some of them lie along `free` axes before.

    The axes are (free indices, rows, columns, wrt...), those of the value at most two that are longer than 1.
    """
    if free == 0:
        return tensor
    matrix = tuple(size for size in tensor.shape[free : free + 2] if size != 1)
    rows, *columns = (*tensor.shape[:free], *matrix)
    if len(columns) > 1:
        raise ShapeError("a value with more than two axes has no place in a layout")
    return tensor.reshape((rows, columns[0] if columns else 1, *tensor.shape[free + 2 :]))


def arrange_all(tensor: Array, layout: Layout, wrt_transposed: bool, free: int, held: int) -> Array:
    """`tensor`, (held indices, free indices, rows, columns, wrt...), as matrices: (held indices, rows, columns)."""
    if held == 0:
        return arrange(value_array(tensor, free), layout, wrt_transposed)
    flat = tensor.reshape((-1, *tensor.shape[held:]))
    matrices = [arrange(value_array(one, free), layout, wrt_transposed) for one in flat]
    return np.array(matrices, dtype=tensor.dtype).reshape((*tensor.shape[:held], *matrices[0].shape))


def derivative_with(
    evaluator: Evaluator,
    statement: Expr,
    wrt: Symbol,
    layout: Layout,
    order: int = 1,
    wrt_transposed: bool = False,
    indices: Sequence[Index] = (),
    held: Sequence[Index] = (),
) -> Array:
    """The derivative of `statement` as a matrix in `layout`.

    The free indices `indices` of the statement are axes of its value; at each value of those `held` there is a matrix.
    """
    tensor = evaluator.derivative(statement, wrt, order, (*held, *indices))
    return arrange_all(tensor, layout, wrt_transposed, len(indices), len(held))


def derivative_array(
    statement: Expr,
    wrt: Symbol,
    layout: Layout,
    order: int,
    wrt_transposed: bool,
    point: Point,
    *,
    exact: bool = False,
) -> Array:
    """The derivative of an array at `point`, as a matrix in `layout`."""
    with np.errstate(all="ignore"):
        return derivative_with(Evaluator(point, exact), statement, wrt, layout, order, wrt_transposed)
