"""The table of layouts, each cell by explicit loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from derivgen.errors import ShapeError
from derivgen.expr.nodes import Entry, Layout, MatMul, Row, Transpose
from derivgen.verify.arrange import arrange, arrange_all, derivative_array, derivative_with, value_array
from derivgen.verify.arrays import Array
from derivgen.verify.evaluate import Evaluator

from .symbols import A, W, i, n, point_for, r, x

D, N, M = Layout.DENOMINATOR, Layout.NUMERATOR, Layout.MIXED

Place = Callable[[Array, int, int], Any]


def _vec(place: int, rows: int) -> tuple[int, int]:
    return place % rows, place // rows


def _by_vec(tensor: Array, y_place: int, x_place: int) -> Any:
    """dvec(y)_a / dvec(x)_b."""
    return tensor[(*_vec(y_place, tensor.shape[0]), *_vec(x_place, tensor.shape[2]))]


# layout, (m, k, p, q), the shape of the result, its entry (a, b)
TABLE: list[tuple[Layout, tuple[int, ...], tuple[int, int], Place]] = [
    *((layout, (1, 1, 1, 1), (1, 1), lambda t, a, b: t[0, 0, 0, 0]) for layout in Layout),
    # scalar by vector
    (D, (1, 1, 3, 1), (3, 1), lambda t, a, b: t[0, 0, a, 0]),
    (N, (1, 1, 3, 1), (1, 3), lambda t, a, b: t[0, 0, b, 0]),
    (M, (1, 1, 3, 1), (3, 1), lambda t, a, b: t[0, 0, a, 0]),
    # scalar by matrix
    (D, (1, 1, 3, 2), (3, 2), lambda t, a, b: t[0, 0, a, b]),
    (N, (1, 1, 3, 2), (2, 3), lambda t, a, b: t[0, 0, b, a]),
    (M, (1, 1, 3, 2), (3, 2), lambda t, a, b: t[0, 0, a, b]),
    # vector by scalar
    (D, (4, 1, 1, 1), (1, 4), lambda t, a, b: t[b, 0, 0, 0]),
    (N, (4, 1, 1, 1), (4, 1), lambda t, a, b: t[a, 0, 0, 0]),
    (M, (4, 1, 1, 1), (4, 1), lambda t, a, b: t[a, 0, 0, 0]),
    # vector by vector
    (D, (4, 1, 3, 1), (3, 4), lambda t, a, b: t[b, 0, a, 0]),
    (N, (4, 1, 3, 1), (4, 3), lambda t, a, b: t[a, 0, b, 0]),
    (M, (4, 1, 3, 1), (4, 3), lambda t, a, b: t[a, 0, b, 0]),
    # a row is a vector of its entries
    (D, (1, 4, 3, 1), (3, 4), lambda t, a, b: t[0, b, a, 0]),
    (N, (1, 4, 3, 1), (4, 3), lambda t, a, b: t[0, a, b, 0]),
    (N, (1, 4, 1, 1), (4, 1), lambda t, a, b: t[0, a, 0, 0]),
    (D, (1, 1, 1, 3), (3, 1), lambda t, a, b: t[0, 0, 0, a]),
    # matrix by scalar
    *((layout, (4, 2, 1, 1), (4, 2), lambda t, a, b: t[a, b, 0, 0]) for layout in Layout),
    # more than two axes, by vec
    (D, (4, 2, 3, 1), (3, 8), lambda t, a, b: _by_vec(t, b, a)),
    (N, (4, 2, 3, 1), (8, 3), lambda t, a, b: _by_vec(t, a, b)),
    (M, (4, 2, 3, 1), (8, 3), lambda t, a, b: _by_vec(t, a, b)),
    (D, (4, 1, 3, 2), (6, 4), lambda t, a, b: _by_vec(t, b, a)),
    (N, (4, 1, 3, 2), (4, 6), lambda t, a, b: _by_vec(t, a, b)),
    (D, (4, 2, 3, 5), (15, 8), lambda t, a, b: _by_vec(t, b, a)),
    (N, (4, 2, 3, 5), (8, 15), lambda t, a, b: _by_vec(t, a, b)),
    # second derivatives of a scalar
    *((layout, (1, 1, 1, 1, 1, 1), (1, 1), lambda t, a, b: t[0, 0, 0, 0, 0, 0]) for layout in Layout),
    *((layout, (1, 1, 3, 1, 3, 1), (3, 3), lambda t, a, b: t[0, 0, a, 0, b, 0]) for layout in Layout),
    *((layout, (1, 1, 2, 3, 2, 3), (6, 6), lambda t, a, b: t[(0, 0, *_vec(a, 2), *_vec(b, 2))]) for layout in Layout),
    # the second derivative of a vector by a scalar
    (D, (4, 1, 1, 1, 1, 1), (1, 4), lambda t, a, b: t[b, 0, 0, 0, 0, 0]),
    (N, (4, 1, 1, 1, 1, 1), (4, 1), lambda t, a, b: t[a, 0, 0, 0, 0, 0]),
]


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(("layout", "axes", "shape", "entry"), TABLE)
def test_arrangement(
    layout: Layout, axes: tuple[int, ...], shape: tuple[int, int], entry: Place, transposed: bool
) -> None:
    tensor = np.arange(np.prod(axes)).reshape(axes)
    expected = np.array([[entry(tensor, a, b) for b in range(shape[1])] for a in range(shape[0])])
    found = arrange(tensor, layout, transposed)
    assert np.array_equal(found, expected.T if transposed else expected)


def test_second_derivative_of_a_vector_is_that_of_its_jacobian() -> None:
    tensor = np.arange(4 * 9).reshape(4, 1, 3, 1, 3, 1)
    found = arrange(tensor, N)
    # rows are vec of the 4 x 3 Jacobian, columns the second variable
    assert found.shape == (12, 3)
    assert all(found[a, b] == tensor[a % 4, 0, a // 4, 0, b, 0] for a in range(12) for b in range(3))


def test_layouts_of_a_linear_map() -> None:
    statement = MatMul((W, x))
    point = point_for(statement)
    value = point.values["W"]
    assert np.array_equal(derivative_array(statement, x, N, 1, False, point, exact=True), value)
    assert np.array_equal(derivative_array(statement, x, D, 1, False, point, exact=True), value.T)
    assert np.array_equal(derivative_array(Transpose(statement), x, N, 1, False, point, exact=True), value)


def test_free_indices_are_axes_of_the_value() -> None:
    statement = Entry(MatMul((W, x)), (r,))
    evaluator = Evaluator(point_for(statement), True)
    assert np.array_equal(derivative_with(evaluator, statement, x, N, indices=(r,)), evaluator.point.values["W"])


def test_held_indices_are_not() -> None:
    """At each i the gradient of x'A_i is row i of A, as a column."""
    statement = MatMul((Transpose(x), Row(A, i)))
    evaluator = Evaluator(point_for(statement), True)
    found = derivative_with(evaluator, statement, x, D, held=(i,))
    assert found.shape == (evaluator.point.size(n), evaluator.point.size(n), 1)
    assert np.array_equal(found[..., 0], evaluator.point.values["A"])


def test_value_axes() -> None:
    tensor = np.arange(2 * 3 * 5).reshape(2, 3, 1, 5)
    assert value_array(tensor, 1).shape == (2, 3, 5)
    assert arrange_all(np.ones((2, 1, 1, 3, 1)), D, False, 0, 1).shape == (2, 3, 1)
    with pytest.raises(ShapeError):
        value_array(np.ones((2, 3, 4, 1, 5, 1)), 2)
