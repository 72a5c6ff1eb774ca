"""A surface on paper: parallel projection of a mesh, drawn from back to front.

The box of the three axes has sides of length 1, 1 and HEIGHT. The viewer is far away in the direction (cos AZIMUTH, sin
AZIMUTH) of the plane, ELEVATION above it.
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
AZIMUTH, ELEVATION = math.radians(-60), math.radians(36)
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


def projected(
    function: Expr,
    value: Callable[[Samples, Samples], Samples],
    across: Axis,
    up: Axis,
    height: Axis,
    marks: Sequence[Mark] = (),
) -> SurfacePlot:
    """The surface plot of `function`, whose values `value` gives."""
    box = _Box(across, up, height)
    xs, ys = (np.linspace(axis.low, axis.high, MESH + 1) for axis in (across, up))
    x, y = np.meshgrid(xs, ys)
    mesh = box.place(x, y, value(x, y))
    faces: list[tuple[float, Face]] = []
    for j in range(MESH):
        for i in range(MESH):
            corners = _clipped([mesh[j, i], mesh[j, i + 1], mesh[j + 1, i + 1], mesh[j + 1, i]])
            if len(corners) >= 3:
                centre = (mesh[j, i] + mesh[j + 1, i + 1]) / 2
                faces.append((_nearness(centre), Face(_line(corners), _light(mesh, i, j))))
    # over a rectangle, what stands nearer to the viewer on the floor is never behind
    faces.sort(key=lambda pair: pair[0])
    corner, right, left, back = _floor()
    return SurfacePlot(
        function,
        _ruler(across, left, corner, -_unit(1)),
        _ruler(up, corner, right, _unit(0)),
        Ruler(height, _paper(left), _paper(left + _unit(2) * HEIGHT), (-1.0, 0.0)),
        tuple(face for _, face in faces),
        _behind(left, back, right),
        tuple(_spot(mark, value, box, faces) for mark in marks),
    )


def _flat(points: Solid) -> Samples:
    """The places of `points` on the paper, (..., 2)."""
    x, y, z = np.moveaxis(points, -1, 0)
    sideways = -x * math.sin(AZIMUTH) + y * math.cos(AZIMUTH)
    towards = x * math.cos(AZIMUTH) + y * math.sin(AZIMUTH)
    return np.stack([sideways, z * math.cos(ELEVATION) - towards * math.sin(ELEVATION)], axis=-1)


def _nearness(point: Solid) -> float:
    """How near a point of the floor is to the viewer."""
    return float(point[0] * math.cos(AZIMUTH) + point[1] * math.sin(AZIMUTH))


def _paper(point: Solid) -> Point:
    x, y = _flat(point)
    return float(x), float(y)


def _line(points: Sequence[Solid]) -> Line:
    return tuple((float(x), float(y)) for x, y in _flat(np.array(points)))


def _unit(axis: int) -> Solid:
    return np.asarray(np.eye(3)[axis])


def _ruler(axis: Axis, start: Solid, end: Solid, outward: Solid) -> Ruler:
    x, y = _paper(outward)
    length = math.hypot(x, y)
    return Ruler(axis, _paper(start), _paper(end), (x / length, y / length))


def _floor() -> tuple[Solid, Solid, Solid, Solid]:
    """The corners of the floor as the viewer sees them: front, right, left, back."""
    return (
        np.array([0.5, -0.5, 0.0]),
        np.array([0.5, 0.5, 0.0]),
        np.array([-0.5, -0.5, 0.0]),
        np.array([-0.5, 0.5, 0.0]),
    )


def _behind(left: Solid, back: Solid, right: Solid) -> tuple[Line, ...]:
    """The edges of the two walls behind the surface."""
    high = _unit(2) * HEIGHT
    return (
        _line([left, back, right]),
        _line([left + high, back + high, right + high]),
        _line([back, back + high]),
        _line([right, right + high]),
    )


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


def _light(mesh: Solid, i: int, j: int) -> float:
    """How much light falls on a face, by the angle between its normal and the light (Lambert)."""
    normal = np.cross(mesh[j + 1, i + 1] - mesh[j, i], mesh[j + 1, i] - mesh[j, i + 1])
    lit = float(normal @ LIGHT / np.linalg.norm(normal))
    # seen from below, a face is in the shade
    seen = normal @ np.array(
        [
            math.cos(AZIMUTH) * math.cos(ELEVATION),
            math.sin(AZIMUTH) * math.cos(ELEVATION),
            math.sin(ELEVATION),
        ]
    )
    return max(0.0, lit) if seen > 0 else 0.0


def _spot(
    mark: Mark, value: Callable[[Samples, Samples], Samples], box: _Box, faces: Sequence[tuple[float, Face]]
) -> Spot:
    """Where `mark` stands on the surface, and whether a nearer face covers it."""
    x, y = (np.array([place]) for place in mark.at)
    height = value(x, y)
    (point,) = box.place(x, y, height)
    at = _paper(point)
    nearness = _nearness(point)
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
