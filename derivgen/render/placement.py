"""Where things go in a picture, in cm: boxes that text takes, lines cut around them, places that are free."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from derivgen.picture import Line, Point

Segments = npt.NDArray[np.float64]
"""Straight pieces, (n, 4): from x, y to x, y."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle around `centre`, turned by `angle` (radians, against the clock)."""

    centre: Point
    width: float
    height: float
    angle: float = 0.0

    def grown(self, by: float) -> Box:
        return Box(self.centre, self.width + 2 * by, self.height + 2 * by, self.angle)

    def corners(self) -> Line:
        along = (math.cos(self.angle) * self.width / 2, math.sin(self.angle) * self.width / 2)
        above = (-math.sin(self.angle) * self.height / 2, math.cos(self.angle) * self.height / 2)
        x, y = self.centre
        signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
        return tuple((x + a * along[0] + b * above[0], y + a * along[1] + b * above[1]) for a, b in signs)

    def border(self) -> Segments:
        corners = self.corners()
        return segments([(*corners, corners[0])])

    def inside(self, of: Box) -> bool:
        """Whether this box is inside `of`, which is not turned."""
        x, y = of.centre
        return all(abs(a - x) <= of.width / 2 and abs(b - y) <= of.height / 2 for a, b in self.corners())

    def stretches(self, pieces: Segments) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """From which part to which part of its length each piece is in the box; nowhere where the first is not less.

        Liang and Barsky, 1984: each side of the box bounds the part from one end.
        """
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        turn = np.array([[cos, -sin], [sin, cos]])
        start = (pieces[:, :2] - self.centre) @ turn
        step = (pieces[:, 2:] - self.centre) @ turn - start
        half = np.array([self.width / 2, self.height / 2])
        with np.errstate(divide="ignore", invalid="ignore"):
            one, other = (-half - start) / step, (half - start) / step
        still = step == 0
        within = np.abs(start) <= half
        first = np.where(still, np.where(within, -np.inf, np.inf), np.minimum(one, other))
        last = np.where(still, np.where(within, np.inf, -np.inf), np.maximum(one, other))
        return np.maximum(0.0, first.max(axis=1)), np.minimum(1.0, last.min(axis=1))

    def meetings(self, pieces: Segments) -> int:
        """How many of `pieces` go through the box."""
        first, last = self.stretches(pieces)
        return int((first < last).sum())

    def meets(self, pieces: Segments) -> bool:
        return self.meetings(pieces) > 0


def around(lines: Iterable[Line]) -> Box:
    """The smallest box that is not turned around the points of `lines`."""
    points = np.array([point for line in lines for point in line])
    low, high = points.min(axis=0), points.max(axis=0)
    x, y = (low + high) / 2
    return Box((float(x), float(y)), *(float(side) for side in high - low))


def segments(lines: Iterable[Line]) -> Segments:
    pieces = [(*start, *end) for line in lines for start, end in pairwise(line)]
    return np.array(pieces, dtype=float).reshape(-1, 4)


def length(line: Line) -> float:
    return sum(math.dist(start, end) for start, end in pairwise(line))


def cut(line: Line, box: Box, *, keep_inside: bool = False) -> list[Line]:
    """The parts of `line` outside `box`, or those inside it."""
    if len(line) < 2:
        return []
    parts: list[list[Point]] = [[]]
    for (start, end), first, last in zip(pairwise(line), *box.stretches(segments([line])), strict=True):
        inside = [(float(first), float(last))] if first < last else []
        if keep_inside:
            kept = inside
        elif inside:
            kept = [(0.0, float(first)), (float(last), 1.0)]
        else:
            kept = [(0.0, 1.0)]
        for a, b in kept:
            if a >= b:
                continue
            here, there = _along(start, end, a), _along(start, end, b)
            if not parts[-1] or parts[-1][-1] != here:
                parts.append([here])
            parts[-1].append(there)
    return [tuple(part) for part in parts if part]


def _along(start: Point, end: Point, part: float) -> Point:
    if part in (0.0, 1.0):
        return end if part else start
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def cut_all(lines: Iterable[Line], boxes: Sequence[Box]) -> list[Line]:
    """The parts of `lines` outside all `boxes`."""
    left = list(lines)
    for box in boxes:
        left = [part for line in left for part in cut(line, box)]
    return left


STRAIGHT = 0.97
"""How long the chord below a label is, at least, as a part of the line: on a tighter curve a label looks crooked."""
STRIDE = 0.12
LEFTMOST = math.radians(-80)
"""Labels on steep lines are read upwards."""


def place_on_line(line: Line, width: float, height: float, free: Box, obstacles: Segments) -> Box | None:
    """A box on `line`, turned with it and readable from below, that is inside `free` and meets no obstacle.

    Of several, the most level one on the straightest part. None where there is none.
    """
    points = np.array(line)
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    if at[-1] < 1.5 * width:
        return None
    middles = np.arange(width / 2, at[-1] - width / 2, STRIDE)
    starts, centres, ends = (
        np.stack([np.interp(middles + shift, at, points[:, axis]) for axis in (0, 1)], axis=1)
        for shift in (-width / 2, 0.0, width / 2)
    )
    chords = ends - starts
    straight = np.hypot(*chords.T) / width
    angles = np.arctan2(chords[:, 1], chords[:, 0])
    angles = (angles - LEFTMOST) % math.pi + LEFTMOST
    badness = np.abs(angles) / math.pi + 4 * (1 - straight)
    for best in np.argsort(badness, kind="stable"):
        if straight[best] < STRAIGHT:
            continue
        x, y = (centres[best] * 2 + starts[best] + ends[best]) / 4  # a bent line runs through the middle of its label
        box = Box((float(x), float(y)), width, height, float(angles[best]))
        if box.inside(free) and not box.grown(0.04).meets(obstacles):
            return box
    return None


DIRECTIONS = tuple((math.cos(turn), math.sin(turn)) for turn in np.radians((45, 135, -45, -135, 0, 180)))


def place_beside(
    point: Point, gap: float, width: float, height: float, free: Box, hard: Segments, soft: Segments
) -> Box:
    """A box beside `point`, `gap` away, inside `free` and off `hard` obstacles; soft ones are met where that helps.

    Where there is no such box, one a little farther away.
    """

    def badness(box: Box) -> tuple[int, int, int]:
        return (not box.inside(free), box.meetings(hard), box.meetings(soft))

    boxes = [
        Box((point[0] + x * away + _sign(x) * width / 2, point[1] + y * away + _sign(y) * height / 2), width, height)
        for away in (gap, 2 * gap, 3 * gap)
        for x, y in DIRECTIONS
    ]
    near = [box for box in boxes[: len(DIRECTIONS)] if box.inside(free) and not box.meets(hard)]
    return min(near or boxes, key=badness)


def _sign(value: float) -> int:
    return 0 if abs(value) < 1e-9 else (1 if value > 0 else -1)
