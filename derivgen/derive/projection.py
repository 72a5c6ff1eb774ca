"""A surface on paper: parallel projection of a mesh, drawn from back to front.

The box of the three axes has sides of length 1, 1 and HEIGHT.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from derivgen.expr.nodes import Expr
from derivgen.expr.sampling import Samples
from derivgen.picture import Axis, Face, Line, Mark, Point, Ruler, Spot, SurfacePlot

MESH = 24
"""How many faces the mesh has in either direction."""
HEIGHT = 0.62
LIGHT = np.array([-0.35, -0.45, 0.82])
"""Where the light comes from: the left, behind the viewer, above; of length 1 but for rounding."""

Solid = npt.NDArray[np.float64]
"""Points of the box, (..., 3)."""


@dataclass(frozen=True, slots=True)
class _Box:
    """The box of three axes."""

    across: Axis
    up: Axis
    height: Axis

    def place(self, x: Samples, y: Samples, z: Samples) -> Solid:
        """Points of the box, the middle of its floor at the origin, for values of the variables and the function."""
        return np.stack(
            [
                (x - self.across.low) / (self.across.high - self.across.low) - 0.5,
                (y - self.up.low) / (self.up.high - self.up.low) - 0.5,
                (z - self.height.low) / (self.height.high - self.height.low) * HEIGHT,
            ],
            axis=-1,
        )


@dataclass(frozen=True, slots=True)
class _View:
    """Where the viewer is, far away: the direction in the plane and the angle above it, in degrees."""

    azimuth: float
    elevation: float

    def towards(self) -> Solid:
        """The direction to the viewer, of length 1."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        level = math.cos(elevation)
        return np.array([math.cos(azimuth) * level, math.sin(azimuth) * level, math.sin(elevation)])

    def nearness(self, point: Solid) -> float:
        """How near what stands on a point of the floor is to the viewer."""
        return float(point[:2] @ self.towards()[:2])

    def flat(self, points: Solid) -> Samples:
        """The places of `points` on the paper, (..., 2)."""
        azimuth, elevation = math.radians(self.azimuth), math.radians(self.elevation)
        x, y, z = np.moveaxis(points, -1, 0)
        sideways = -x * math.sin(azimuth) + y * math.cos(azimuth)
        nearer = x * math.cos(azimuth) + y * math.sin(azimuth)
        return np.stack([sideways, z * math.cos(elevation) - nearer * math.sin(elevation)], axis=-1)

    def point(self, point: Solid) -> Point:
        x, y = self.flat(point)
        return float(x), float(y)

    def line(self, points: Sequence[Solid]) -> Line:
        return tuple((float(x), float(y)) for x, y in self.flat(np.array(points)))


VIEWS = tuple(_View(azimuth, elevation) for elevation in (32, 40, 48) for azimuth in (-60, -35))
"""The ones tried first are the more usual ones."""


def projected(
    function: Expr,
    value: Callable[[Samples, Samples], Samples],
    across: Axis,
    up: Axis,
    height: Axis,
    marks: Sequence[Mark] = (),
) -> SurfacePlot:
    """The surface plot of `function`, whose values `value` gives, from where the fewest of `marks` are hidden."""
    box = _Box(across, up, height)
    plots: list[SurfacePlot] = []
    for view in VIEWS:
        plots.append(_seen(view, function, value, box, marks))
        if not any(spot.hidden for spot in plots[-1].spots):
            break
    return min(plots, key=lambda plot: sum(spot.hidden for spot in plot.spots))


def _seen(
    view: _View,
    function: Expr,
    value: Callable[[Samples, Samples], Samples],
    box: _Box,
    marks: Sequence[Mark],
) -> SurfacePlot:
    x, y = np.meshgrid(*(np.linspace(axis.low, axis.high, MESH + 1) for axis in (box.across, box.up)))
    mesh = box.place(x, y, value(x, y))
    faces: list[tuple[float, Face]] = []
    for j in range(MESH):
        for i in range(MESH):
            corners = _clipped([mesh[j, i], mesh[j, i + 1], mesh[j + 1, i + 1], mesh[j + 1, i]])
            if len(corners) >= 3:
                centre = (mesh[j, i] + mesh[j + 1, i + 1]) / 2
                faces.append((view.nearness(centre), Face(view.line(corners), _light(view, mesh, i, j))))
    # over a rectangle, what stands nearer to the viewer on the floor is never behind
    faces.sort(key=lambda pair: pair[0])
    front, right = np.array([0.5, -0.5, 0.0]), np.array([0.5, 0.5, 0.0])
    left, back = np.array([-0.5, -0.5, 0.0]), np.array([-0.5, 0.5, 0.0])
    high = np.array([0.0, 0.0, HEIGHT])
    return SurfacePlot(
        function,
        _ruler(view, box.across, left, front, np.array([0.0, -1.0, 0.0])),
        _ruler(view, box.up, front, right, np.array([1.0, 0.0, 0.0])),
        Ruler(box.height, view.point(left), view.point(left + high), (-1.0, 0.0)),
        tuple(face for _, face in faces),
        (
            view.line([left, back, right]),
            view.line([left + high, back + high, right + high]),
            view.line([back, back + high]),
            view.line([right, right + high]),
        ),
        tuple(_spot(view, mark, value, box, faces) for mark in marks),
    )


def _ruler(view: _View, axis: Axis, start: Solid, end: Solid, outward: Solid) -> Ruler:
    x, y = view.point(outward)
    length = math.hypot(x, y)
    return Ruler(axis, view.point(start), view.point(end), (x / length, y / length))


def _clipped(corners: Sequence[Solid]) -> list[Solid]:
    """The part of a polygon that is inside the box; none where the function has no value at a corner.

    Sutherland and Hodgman, 1974: one plane after the other.
    """
    kept = list(corners)
    if any(math.isnan(corner[2]) for corner in corners):
        return []
    for floor, sign in ((0.0, 1.0), (HEIGHT, -1.0)):
        cut: list[Solid] = []
        for start, end in zip(kept, [*kept[1:], *kept[:1]], strict=True):
            a, b = sign * float(start[2] - floor), sign * float(end[2] - floor)
            if a >= 0:
                cut.append(start)
            if (a > 0 > b) or (a < 0 < b):
                cut.append(start + (end - start) * (a / (a - b)))
        kept = cut
    return kept


def _light(view: _View, mesh: Solid, i: int, j: int) -> float:
    """How much light falls on a face, by the angle between its normal and the light (Lambert)."""
    normal = np.cross(mesh[j + 1, i + 1] - mesh[j, i], mesh[j + 1, i] - mesh[j, i + 1])
    if normal @ view.towards() <= 0:  # seen from below, a face is in the shade
        return 0.0
    return max(0.0, float(normal @ LIGHT / np.linalg.norm(normal)))


def _spot(
    view: _View,
    mark: Mark,
    value: Callable[[Samples, Samples], Samples],
    box: _Box,
    faces: Sequence[tuple[float, Face]],
) -> Spot:
    """Where `mark` stands on the surface, and whether a nearer face covers it."""
    x, y = (np.array([place]) for place in mark.at)
    height = value(x, y)
    (point,) = box.place(x, y, height)
    at, nearness = view.point(point), view.nearness(point)
    step = 1.5 / MESH  # the faces around the mark itself
    hidden = any(near > nearness + step and _covers(face.corners, at) for near, face in faces)
    return Spot(mark, at, float(height[0]), hidden)


def _covers(corners: Line, point: Point) -> bool:
    """Whether `point` is inside the polygon: a ray from it crosses the border an odd number of times."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], corners[0]], strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
