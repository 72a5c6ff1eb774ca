"""Contour lines of a function that is known by its values: which levels, and where they run.

contourpy finds the lines on a grid; each of their points is then moved along its edge of the grid until the function
has the level's value there. Where it never has (at a pole, or where it jumps) there is no line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import contourpy
import numpy as np
import numpy.typing as npt

from derivgen.expr.sampling import Samples
from derivgen.picture import Contour, Line

CELLS = 160
"""How many cells the grid has on either side; one is half a millimetre on paper."""
SMOOTH = 0.0004
"""How far a simplified line may be from the full one, as a part of the picture's side: 0.03 mm on paper."""
SPECK = 0.01
"""Lines that stay within this part of the picture's side are left out."""
MOST_LEVELS = 9
HALVINGS = 30

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Grid:
    """The values of `function` at the nodes of a grid: `values[j, i]` is that at (across[i], up[j]), nan outside."""

    function: Callable[[Samples, Samples], Samples]
    across: Samples
    up: Samples
    values: Samples

    @property
    def finite(self) -> Samples:
        """All values there are, in one row."""
        return self.values[np.isfinite(self.values)]

    def place(self, nodes: Samples) -> Samples:
        """Where the (n, 2) `nodes`, counted from 0 across and up, with fractions, are in the units of the variables."""
        return np.stack([_interpolated(self.across, nodes[:, 0]), _interpolated(self.up, nodes[:, 1])], axis=1)

    def at(self, nodes: Samples) -> Samples:
        return self.function(*self.place(nodes).T)


def _interpolated(places: Samples, nodes: Samples) -> Samples:
    """Exactly `places` at whole numbers, so that what is not defined at a node is so here too."""
    before = np.clip(nodes.astype(int), 0, len(places) - 2)
    part = nodes - before
    start, end = places[before], places[before + 1]
    return np.asarray(np.where(part == 1, end, start + part * (end - start)))


def sampled(
    function: Callable[[Samples, Samples], Samples],
    across: tuple[float, float],
    up: tuple[float, float],
    cells: int = CELLS,
) -> Grid:
    xs, ys = np.linspace(*across, cells + 1), np.linspace(*up, cells + 1)
    return Grid(function, xs, ys, function(*np.meshgrid(xs, ys)))


# levels


def step_above(least: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that is not below `least`."""
    return next(step for step in (nice_step(least * factor) for factor in (1, 2, 2.5)) if step >= least * (1 - 1e-9))


def nice_step(most: float) -> float:
    """The largest of 1, 2, 5, 10, 20, ... (and 0.5, 0.2, ...) that is not above `most`."""
    power = 10.0 ** math.floor(math.log10(most) + 1e-9)
    return max(digit * power for digit in (1, 2, 5) if digit * power <= most * (1 + 1e-9))


def levels(values: Samples, extrema: Sequence[float], saddles: Sequence[float]) -> list[tuple[float, bool]]:
    """Levels to draw, rising, each with whether it is that of a saddle point.

    Near a critical point a function is flat, and equal steps of level would leave a gap there. So the levels are those
    at the distances s, 4 s, 9 s, ... from the nearest of `extrema` and `saddles`: lines that are equally far apart on a
    paraboloid. Where there is none of these, the steps are equal.
    """
    low, high = (float(bound) for bound in np.quantile(values, (0.03, 0.97)))
    flat = sorted({*extrema, *saddles})
    chosen = dict.fromkeys(saddles, True)
    if not flat:
        step = step_above((high - low) / MOST_LEVELS) if high > low else 1.0
        chosen |= {k * step: False for k in range(math.ceil(low / step), math.floor(high / step) + 1)}
    else:
        low, high = min(low, flat[0]), max(high, flat[-1])
        # from each value half the way to the next one, and to the ends
        reaches = [flat[0] - low, *((b - a) / 2 for a, b in pairwise(flat) for _ in (0, 1)), high - flat[-1]]
        step = step_above((sum(map(math.sqrt, reaches)) / MOST_LEVELS) ** 2) if sum(reaches) else 1.0
        for place, value in enumerate(flat):
            for sign, reach in ((-1, reaches[2 * place]), (1, reaches[2 * place + 1])):
                count = math.floor(math.sqrt(reach / step) + 1e-9)
                for level in (_rounded(value, step) + sign * step * k**2 for k in range(1, count + 1)):
                    if all(abs(level - other) > step / 3 for other in (*flat, *chosen)):
                        chosen[level] = False
        for a, b in pairwise(flat):
            if not any(a < level < b for level in chosen):
                step = nice_step((b - a) / 2)
                chosen[round((a + b) / 2 / step) * step] = False
    return sorted((float(f"{level:.12g}"), critical) for level, critical in chosen.items())


def _rounded(value: float, step: float) -> float:
    """`value` itself where it has few digits for numbers that go by `step`, else the nearest step."""
    digits = round(value / step * 10)
    return value if abs(value / step * 10 - digits) < 1e-6 else round(value / step) * step


# lines


def contours(grid: Grid, wanted: Iterable[tuple[float, bool]]) -> tuple[Contour, ...]:
    """The contour lines of `grid` at the levels `wanted` that have any."""
    generator = contourpy.contour_generator(
        z=np.ma.masked_invalid(grid.values), name="serial", line_type=contourpy.LineType.Separate, corner_mask=False
    )
    found: list[Contour] = []
    for level, critical in wanted:
        lines: list[Line] = []
        for nodes in generator.lines(level):
            lines += [_line(grid, piece) for piece in _moved(grid, level, np.asarray(nodes))]
        kept = tuple(line for line in lines if line)
        if kept:
            found.append(Contour(level, kept, critical))
    return tuple(found)


def _edges(nodes: Samples) -> tuple[Samples, Samples]:
    """The nodes at both ends of the edge of the grid on which each of `nodes` is."""
    rounded = np.round(nodes)
    on = np.abs(nodes - rounded) < 1e-12
    return np.where(on, rounded, np.floor(nodes)), np.where(on, rounded, np.ceil(nodes))


def _between(start: Samples, end: Samples, turned: Callable[[Samples], Flags]) -> Samples:
    """A point between `start` and `end` where `turned` changes from what it is at `start`, by halving."""
    first = turned(start)
    for _ in range(HALVINGS):
        middle = (start + end) / 2
        same = (turned(middle) == first)[:, None]
        start, end = np.where(same, middle, start), np.where(same, end, middle)
    return end


def _moved(grid: Grid, level: float, nodes: Samples) -> list[Samples]:
    """The pieces of the line through `nodes` on which the function has the value `level`."""
    start, end = _edges(nodes)
    exact = _between(start, end, lambda points: np.asarray(grid.at(points) > level))
    rise = np.abs(grid.at(end) - grid.at(start))
    # a continuous function is nearer to the level by 2^-30 of the rise, but for rounding; at a pole or a jump it stays
    # away
    true = np.abs(grid.at(exact) - level) <= 1e-3 * rise + 1e-10 * np.abs(grid.finite).max()
    breaks = np.flatnonzero(np.diff(true.astype(int))) + 1
    return [piece for piece, good in zip(np.split(exact, breaks), np.split(true, breaks), strict=True) if good[0]]


def _line(grid: Grid, nodes: Samples) -> Line:
    """The points of a line, as few as show it; none where it is a speck."""
    side = np.array([len(grid.across) - 1, len(grid.up) - 1])
    if len(nodes) < 2 or np.ptp(nodes / side, axis=0).max() < SPECK:
        return ()
    return _points(grid.place(nodes[simplified(nodes / side, SMOOTH)]))


def _points(places: Samples) -> Line:
    return tuple((float(x), float(y)) for x, y in places)


def simplified(points: Samples, most: float) -> npt.NDArray[np.int_]:
    """Which of the (n, 2) `points` to keep so that no other is farther than `most` from the line through these.

    Douglas and Peucker, 1973: the farthest point from a chord is kept, and parts the chord in two.
    """
    keep = {0, len(points) - 1}
    open_chords = [(0, len(points) - 1)]
    while open_chords:
        first, last = open_chords.pop()
        if last - first < 2:
            continue
        chord, inner = points[last] - points[first], points[first + 1 : last] - points[first]
        length = float(np.hypot(*chord))
        away = np.abs(inner @ np.array([-chord[1], chord[0]])) / length if length > most else np.hypot(*inner.T)
        farthest = int(np.argmax(away))
        if away[farthest] > most:
            middle = first + 1 + farthest
            keep.add(middle)
            open_chords += [(first, middle), (middle, last)]
    return np.array(sorted(keep))


def outside(grid: Grid) -> tuple[Line, ...]:
    """The borders of the regions where the function is not defined, closed lines along which it comes to an end."""
    undefined = ~np.isfinite(grid.values)
    if not undefined.any():
        return ()
    generator = contourpy.contour_generator(
        z=undefined.astype(float), name="serial", fill_type=contourpy.FillType.OuterOffset
    )
    regions: Any = generator.filled(0.5, 2.0)
    side = np.array([len(grid.across) - 1, len(grid.up) - 1])
    found: list[Line] = []
    for corners, offsets in zip(*regions, strict=True):
        for border in np.split(np.asarray(corners), offsets[1:-1].astype(int)):
            start, end = _edges(border)
            exact = _between(start, end, lambda points: np.isfinite(grid.at(points)))
            x, y = (exact / side).T
            area = abs(float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))) / 2
            if area > SPECK**2:  # less is a pole, or the edge of the picture
                found.append(_points(grid.place(exact[simplified(exact / side, SMOOTH)])))
    return tuple(found)
