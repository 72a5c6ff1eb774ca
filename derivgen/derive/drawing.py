"""From a function of two variables to a picture of it: ranges, ticks, contour lines or a surface.

>>> from derivgen.expr.nodes import Plus, Power, Product, Symbol, number
>>> x, y = Symbol("x"), Symbol("y")
>>> bowl = Plus((Power(x, number(2)), Product((number(4), Power(y, number(2))))))
>>> plot = contour_plot(bowl, (x, y), marks=(Mark("minimum", (0.0, 0.0)),))
>>> plot.across.low, plot.across.high, [contour.level for contour in plot.contours][:3]
(-2.0, 2.0, [0.5, 2.0, 4.5])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction

import numpy as np

from derivgen.derive.contours import contours, levels, nice_step, outside, sampled, step_above
from derivgen.derive.projection import projected
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Expr
from derivgen.expr.sampling import Samples, sample
from derivgen.expr.text import text
from derivgen.picture import Axis, ContourPlot, Mark, Path, Point, SurfacePlot, Variable

Variables = tuple[Variable, Variable]
Ranges = tuple[tuple[float, float], tuple[float, float]]
"""(low, high) across and up."""

MOST_TICKS = 6
ALONE = 2.0
"""How far a picture reaches from a point that is the only one, at least."""
MARGIN = 0.3
"""What is left free around several points, as a part of their extent."""
FLATTEST = 0.7
"""The least part of the longer side that the shorter side of a picture is, where nobody gives its ranges."""


def contour_plot(
    function: Expr,
    variables: Variables,
    *,
    marks: Sequence[Mark] = (),
    paths: Sequence[Path] = (),
    ranges: Ranges | None = None,
) -> ContourPlot:
    """Contour lines of `function`, with critical points and the paths of methods on them.

    Without `ranges`, those that show all marks and paths. Raises CannotDerive where the function has no values there,
    or needs more than its two variables.
    """
    value = _values(function, variables)
    across, up = ranges or _ranges(value, [*(mark.at for mark in marks), *(p for path in paths for p in path.points)])
    grid = sampled(value, across, up)
    if not len(grid.finite):
        raise CannotDerive(_nothing(function, variables, (across, up)))
    inside = [mark for mark in marks if _within(mark.at, (across, up))]
    extrema = _heights(value, inside, "minimum", "maximum")
    saddles = _heights(value, inside, "saddle", "undecided")
    return ContourPlot(
        function,
        Axis(variables[0], *across, ticks(*across)),
        Axis(variables[1], *up, ticks(*up)),
        contours(grid, levels(grid.finite, extrema, saddles)),
        tuple(inside),
        tuple(paths),
        outside(grid),
    )


def surface_plot(
    function: Expr,
    variables: Variables,
    *,
    marks: Sequence[Mark] = (),
    ranges: Ranges | None = None,
    name: Expr | None = None,
) -> SurfacePlot:
    """The graph of `function` with critical points on it; `name` stands at the vertical axis.

    Without `ranges`, those that show all marks. Raises CannotDerive as `contour_plot` does.
    """
    value = _values(function, variables)
    across, up = ranges or _ranges(value, [mark.at for mark in marks])
    grid = sampled(value, across, up)
    if not len(grid.finite):
        raise CannotDerive(_nothing(function, variables, (across, up)))
    inside = tuple(mark for mark in marks if _within(mark.at, (across, up)))
    heights = _height_range(grid.finite, _heights(value, inside, *{mark.kind for mark in inside}))
    return projected(
        function,
        value,
        Axis(variables[0], *across, ticks(*across)),
        Axis(variables[1], *up, ticks(*up)),
        Axis(name, *heights, ticks(*heights)),
        inside,
    )


def _values(function: Expr, variables: Variables) -> Callable[[Samples, Samples], Samples]:
    return lambda xs, ys: sample(function, dict(zip(variables, (xs, ys), strict=True)))


def _nothing(function: Expr, variables: Variables, ranges: Ranges) -> str:
    sides = zip(variables, ranges, strict=True)
    where = " and ".join(f"{text(variable)} from {low:g} to {high:g}" for variable, (low, high) in sides)
    return f"{text(function)} has no value for {where}"


def _within(point: Point, ranges: Ranges) -> bool:
    return all(low <= place <= high for place, (low, high) in zip(point, ranges, strict=True))


def _heights(value: Callable[[Samples, Samples], Samples], marks: Iterable[Mark], *kinds: str) -> list[float]:
    """The values of the function at the marks of these kinds, each once."""
    at = [mark.at for mark in marks if mark.kind in kinds]
    if not at:
        return []
    found = value(*np.array(at).T)
    # equal but for rounding
    return sorted({float(f"{height:.12g}") for height in found[np.isfinite(found)]})


def _height_range(values: Samples, heights: Sequence[float]) -> tuple[float, float]:
    """The heights that a surface plot shows: all, unless few values are far away from the rest, as near a pole."""
    least, low, high, most = (float(bound) for bound in np.quantile(values, (0, 0.05, 0.95, 1)))
    room = 0.5 * (high - low)
    least, most = max(least, low - room), min(most, high + room)
    least, most = min([least, *heights]), max([most, *heights])
    if most - least < 1e-12 * (1 + abs(most)):  # a constant
        return least - 1, most + 1
    return _rounded(least, most)


# ranges and ticks


def ticks(low: float, high: float, most: int = MOST_TICKS) -> tuple[Fraction, ...]:
    """Round numbers from `low` to `high`, at equal distances, `most` at most."""
    least = (high - low) / (most - 0.99)
    step = step_above(least)
    exact = Fraction(f"{step:.6g}")
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple(exact * k for k in range(first, last + 1))


def _rounded(low: float, high: float) -> tuple[float, float]:
    """The range widened to round numbers."""
    step = nice_step((high - low) / 8)
    steps = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return float(f"{steps[0] * step:.12g}"), float(f"{steps[1] * step:.12g}")


def _ranges(value: Callable[[Samples, Samples], Samples], points: Sequence[Point]) -> Ranges:
    """Ranges that show `points`; without any, those around the origin or beside it where the function is defined."""
    if not points:
        around, beside = (-ALONE, ALONE), (0.0, 2 * ALONE)
        choices = [(across, up) for across in (around, beside) for up in (around, beside)]
        return max(choices, key=lambda ranges: len(sampled(value, ranges[0], ranges[1], 20).finite))
    lows, highs = np.min(points, axis=0), np.max(points, axis=0)
    extent = float(np.max(highs - lows))
    if extent == 0:
        reach = max(ALONE, *(abs(place) / 2 for place in points[0]))
        return _around(points[0][0], reach), _around(points[0][1], reach)
    middle = (lows + highs) / 2
    longest = extent * (1 + 2 * MARGIN)
    sides = np.maximum(highs - lows + 2 * MARGIN * extent, FLATTEST * longest)
    across, up = (
        _rounded(float(centre - side / 2), float(centre + side / 2)) for centre, side in zip(middle, sides, strict=True)
    )
    return across, up


def _around(centre: float, reach: float) -> tuple[float, float]:
    return _rounded(centre - reach, centre + reach)
