"""Derivatives by central differences in plain NumPy, and the table of layouts a third time: nothing of derivgen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class NoValue(Exception):
    """The function is not smooth, or too large, where it is to be differentiated."""


def differences(function: Callable[[Array], Array], at: Array) -> tuple[Array, float]:
    """The derivative of `function` at the matrix `at` as (value rows, value columns, rows, columns), and an error.

    Richardson's extrapolation of central differences; the error is what the last extrapolation has changed.
    """
    value = function(at)
    if not np.isfinite(value).all() or np.abs(value).max() > 1e6:
        raise NoValue
    found: Array = np.zeros((*value.shape, *at.shape))
    error = 0.0
    for place in np.ndindex(*at.shape):
        moved = np.zeros_like(at)
        moved[place] = 1.0
        slopes = []
        for step in (2e-3, 1e-3, 5e-4):
            slopes.append((function(at + step * moved) - function(at - step * moved)) / (2 * step))
        once = [(4 * slopes[1] - slopes[0]) / 3, (4 * slopes[2] - slopes[1]) / 3]
        best = (16 * once[1] - once[0]) / 15
        if not np.isfinite(best).all():
            raise NoValue
        found[(..., *place)] = best
        error = max(error, float(np.abs(best - once[1]).max()))
    if error > 1e-4 * max(1.0, float(np.abs(found).max())):
        raise NoValue
    return found, error + 1e-11 * float(np.abs(value).max()) / 5e-4


def arranged(tensor: Array, layout: str, turned: bool) -> Array:
    """The tensor as the matrix that DESIGN 5 says."""
    m, k, p, q = tensor.shape
    jacobian = tensor.transpose(1, 0, 3, 2).reshape(m * k, p * q)
    values, variables = sum(s != 1 for s in (m, k)), sum(s != 1 for s in (p, q))
    match values, variables:
        case 0, 2:
            found = tensor[0, 0].T if layout == "numerator" else tensor[0, 0]
        case 0, 1:
            found = jacobian if layout == "numerator" else jacobian.T
        case 2, 0:
            found = tensor[:, :, 0, 0]
        case _:
            found = jacobian.T if layout == "denominator" else jacobian
    return found.T if turned else found
