"""Functions of scalars, vectors and matrices that nobody gave: each stands for one that is drawn from its name.

Entry r of u is φ(Σ c_rs x_s + phase), a sum over all entries of all arguments, with coefficients that differ from entry
to entry; φ is the function that stands for an abstract one of one number (functions.py). Nothing else is known of it
to the rules, so what holds for it holds for its values and its slopes, which are of any kind.
"""

from __future__ import annotations

import random
from functools import cache

import numpy as np

from derivgen.errors import ShapeError
from derivgen.expr.nodes import Layout
from derivgen.verify import arrays, duals, functions
from derivgen.verify.arrays import Array
from derivgen.verify.duals import Value

Size = tuple[int, int]


def image(name: str, of: Size, arguments: tuple[Value, ...]) -> Value:
    """The value, of shape `of`, of the function `name` at `arguments`. Raises Irrational where they are exact."""
    return _unstacked(functions.abstract(name, (0,), (_inner(name, of, arguments),)), of)


def derivative(name: str, of: Size, arguments: tuple[Value, ...], place: int, layout: Layout) -> Value:
    """Its derivatives by the entries of the argument number `place`, arranged in `layout`."""
    rising = functions.abstract(name, (1,), (_inner(name, of, arguments),))
    # φ' carries the slope of the inner function of one number already
    taken = duals.matrix_shape(arguments[place])
    jacobian = duals.matmul(duals.linear(arrays.diagonal_matrix, rising), _coefficients(name, place, of, taken))
    return _arranged(jacobian, of, taken, layout)


def _inner(name: str, of: Size, arguments: tuple[Value, ...]) -> Value:
    if any(arrays.is_exact(duals.core(argument)) for argument in arguments):
        raise arrays.Irrational
    found: Value = np.zeros((of[0] * of[1], 1))
    for place, argument in enumerate(arguments):
        coefficients = _coefficients(name, place, of, duals.matrix_shape(argument))
        found = duals.add(found, duals.matmul(coefficients, duals.linear(arrays.stacked, argument)))
    return found


@cache
def _coefficients(name: str, place: int, of: Size, taken: Size) -> Array:
    """A row for each entry of the value, a column for each of the argument, both in the order of vec."""
    source = random.Random(f"{name} {place}")
    drawn = [[source.uniform(0.3, 1.1) * source.choice((1, -1)) for _ in range(200)] for _ in range(200)]
    rows, columns = of[0] * of[1], taken[0] * taken[1]
    if rows > len(drawn) or columns > len(drawn[0]):
        raise arrays.TooLarge
    return np.array([row[:columns] for row in drawn[:rows]])


def _unstacked(value: Value, of: Size) -> Value:
    """The array whose vec is `value`."""

    def one(array: Array) -> Array:
        return arrays.swap(array.reshape((*array.shape[:-2], of[1], of[0])))

    return duals.linear(one, value)


def _arranged(jacobian: Value, of: Size, taken: Size, layout: Layout) -> Value:
    """The table of layouts, of the matrix whose rows are the entries of the value."""
    if of == (1, 1):
        slopes = _unstacked(duals.linear(arrays.swap, jacobian), taken)
        return duals.linear(arrays.swap, slopes) if layout is Layout.NUMERATOR else slopes
    if taken == (1, 1) and 1 not in of:
        return _unstacked(jacobian, of)
    if of[1] != 1 or taken[1] != 1:
        raise ShapeError("a derivative with more than two axes has no place in a layout")
    return duals.linear(arrays.swap, jacobian) if layout is Layout.DENOMINATOR else jacobian
