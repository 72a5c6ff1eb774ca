"""Where everything of a picture goes, in cm upwards, with the sizes of text as far as they can be known."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, assert_never

import numpy as np

from derivgen.picture import ContourPlot, Diagram, Face, Label, Line, Mark, Path, Picture, Point, Ruler, SurfacePlot
from derivgen.render.lettering import Written, text_of
from derivgen.render.placement import (
    Box,
    Segments,
    around,
    cut,
    cut_all,
    length,
    place_beside,
    place_on_line,
    segments,
)

WIDEST, HIGHEST = 7.2, 6.6
"""The frame of a contour plot."""
FLATTEST, STEEPEST = 0.45, 1.6
"""The heights of a frame, as parts of its width, between which one unit is equally long on both axes."""
SURFACE = 6.4
"""The side of the box of a surface: what one unit of its paper is."""
EM, SMALL_EM = 0.32, 0.28
"""The text of labels (9 points) and of contour lines (8 points)."""
CAPITAL, SMALL_CAPITAL = 0.22, 0.19
"""How high digits are."""
TICK = 0.1
MARK = 0.085
HEAD, HEAD_WIDTH = 0.22, 0.15
"""The head of an arrow."""
LEGEND = 10.0
"""How wide the legend may be."""
DOT = 0.06

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Text:
    """A label at its base line: `at` is its left or right end, or its middle; `angle` in degrees, against the clock."""

    at: Point
    written: Written
    align: Align = "center"
    angle: float = 0.0
    small: bool = False

    @property
    def width(self) -> float:
        return self.written.em * (SMALL_EM if self.small else EM)

    def corners(self) -> Line:
        """The lower left and upper right corner, of a text that is not turned."""
        shift = {"left": 0.0, "center": 0.5, "right": 1.0}[self.align] * self.width
        x, y = self.at[0] - shift, self.at[1]
        return (x, y - 0.4 * CAPITAL), (x + self.width, y + 1.2 * CAPITAL)


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """A node of a diagram: a circle where `box` is a square, without a border where it is dots across or down."""

    kind: str
    box: Box
    strong: bool


@dataclass(frozen=True, slots=True)
class DrawnEdge:
    """An edge of a diagram, and the head of its arrow where it has one."""

    line: Line
    head: Line | None
    strong: bool


@dataclass(slots=True)
class Layout:
    """What is drawn, in cm upwards from the lower left corner of a frame, the middle of the floor of a surface, or the
    middle of the left side of a diagram.
    """

    outside: list[Line] = field(default_factory=list)
    hatching: list[Line] = field(default_factory=list)
    behind: list[Line] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    contours: list[tuple[Line, bool]] = field(default_factory=list)
    """Each with whether it goes through a critical point."""
    frame: list[Line] = field(default_factory=list)
    paths: list[tuple[list[Line], list[Line], list[Point]]] = field(default_factory=list)
    """Each as lines, heads of arrows, points."""
    marks: list[tuple[str, Point, bool]] = field(default_factory=list)
    """Each with its kind, its place and whether it is hidden."""
    backs: list[Line] = field(default_factory=list)
    """White boxes behind texts."""
    texts: list[Text] = field(default_factory=list)
    edges: list[DrawnEdge] = field(default_factory=list)
    nodes: list[DrawnNode] = field(default_factory=list)

    def extent(self) -> Box:
        lines = [*self.frame, *self.behind, *(face.corners for face in self.faces)]
        lines += [edge.line for edge in self.edges]
        lines += [node.box.grown(0.05).corners() for node in self.nodes]
        return around([*lines, *(text.corners() for text in self.texts if not text.angle)])


def layout_of(picture: Picture, said: Mapping[str, Any]) -> Layout:
    """The layout of `picture`, with a legend in the words `said`."""
    match picture:
        case ContourPlot():
            layout = _contour_layout(picture)
            marks: Sequence[Mark] = picture.marks
            paths: Sequence[Path] = picture.paths
        case SurfacePlot():
            layout = _surface_layout(picture)
            marks, paths = [spot.mark for spot in picture.spots], ()
        case Diagram():
            from derivgen.render.diagram_layout import diagram_layout

            return diagram_layout(picture)
        case _:
            assert_never(picture)
    _legend(layout, marks, paths, said)
    return layout


# contour plots


def _contour_layout(plot: ContourPlot) -> Layout:
    across, up = plot.across.high - plot.across.low, plot.up.high - plot.up.low
    shape = up / across if FLATTEST <= up / across <= STEEPEST else 0.75
    width = min(WIDEST, HIGHEST / shape)
    scale = (width / across, width * shape / up)

    def at(point: Point) -> Point:
        return (point[0] - plot.across.low) * scale[0], (point[1] - plot.up.low) * scale[1]

    layout = Layout()
    frame = Box((width / 2, width * shape / 2), width, width * shape)
    corners = frame.corners()
    layout.frame.append((*corners, corners[0]))
    _scales(layout, plot, frame, at)
    layout.outside = [tuple(map(at, border)) for border in plot.outside]
    layout.hatching = _hatching(layout.outside, frame)
    for path in plot.paths:
        layout.paths.append(_path(tuple(map(at, path.points)), frame))
    layout.marks = [(mark.kind, at(mark.at), False) for mark in plot.marks]
    lines = [[tuple(map(at, line)) for line in contour.lines] for contour in plot.contours]
    everything = segments(line for own in lines for line in own)
    boxes = _mark_labels(layout, [mark.label for mark in plot.marks], frame.grown(-0.06), everything)
    boxes += _level_labels(layout, [contour.level for contour in plot.contours], lines, frame.grown(-0.12), boxes)
    for contour, own in zip(plot.contours, lines, strict=True):
        layout.contours += [(line, contour.critical) for line in cut_all(own, boxes)]
    return layout


def _scales(layout: Layout, plot: ContourPlot, frame: Box, at: Callable[[Point], Point]) -> None:
    """Ticks, their numbers, and the names of the axes at a frame."""
    x, y = plot.across, plot.up
    for tick in x.ticks:
        place, _ = at((float(tick), y.low))
        layout.frame.append(((place, 0.0), (place, TICK)))
        layout.texts.append(Text((place, -0.16 - CAPITAL), text_of(tick)))
    widest = 0.0
    for tick in y.ticks:
        _, place = at((x.low, float(tick)))
        layout.frame.append(((0.0, place), (TICK, place)))
        text = Text((-0.16, place - CAPITAL / 2), text_of(tick), "right")
        widest = max(widest, text.width)
        layout.texts.append(text)
    if x.name is not None:
        layout.texts.append(Text((frame.width / 2, -0.36 - 2 * CAPITAL), text_of(x.name)))
    if y.name is not None:
        layout.texts.append(Text((-0.36 - widest, frame.height / 2 - CAPITAL / 2), text_of(y.name), "right"))


def _hatching(borders: Sequence[Line], frame: Box, apart: float = 0.24) -> list[Line]:
    """Slanted lines over the inside of closed lines: what is crossed an odd number of times before is inside."""
    if not borders:
        return []
    pieces = segments(borders)
    hatches: list[Line] = []
    x, y = frame.centre
    reach = (frame.width + frame.height) / 2
    for offset in np.arange(x - y - reach + apart / 2, x - y + reach, apart):
        # on the line y = x - offset; the sides of a piece are told by the sign of x - y - offset
        one, other = (pieces[:, k] - pieces[:, k + 1] - offset for k in (0, 2))
        crossed = (one > 0) != (other > 0)
        part = one[crossed] / (one[crossed] - other[crossed])
        xs = sorted(float(x) for x in pieces[crossed, 0] + part * (pieces[crossed, 2] - pieces[crossed, 0]))
        for a, b in zip(xs[::2], xs[1::2], strict=True):
            if b - a > 0.02:
                hatches.append(((a, a - float(offset)), (b, b - float(offset))))
    return hatches


def _path(points: Line, frame: Box) -> tuple[list[Line], list[Line], list[Point]]:
    """The lines of a path inside the frame, the heads of its arrows, and its points.

    A step too short for an arrow has none, and a point too near to the one before no dot.
    """
    lines: list[Line] = []
    heads: list[Line] = []
    dots: list[Point] = []
    for start, end in pairwise(points):
        size = math.dist(start, end)
        arrives = Box(end, 0.0, 0.0).inside(frame)
        if arrives and size > 1.6 * HEAD:
            along = ((end[0] - start[0]) / size, (end[1] - start[1]) / size)
            tip = (end[0] - along[0] * DOT, end[1] - along[1] * DOT)
            base = (tip[0] - along[0] * HEAD, tip[1] - along[1] * HEAD)
            side = (-along[1] * HEAD_WIDTH / 2, along[0] * HEAD_WIDTH / 2)
            heads.append((tip, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1])))
            lines += cut((start, base), frame, keep_inside=True)
        else:
            lines += cut((start, end), frame, keep_inside=True)
    for point in points:
        if Box(point, 0.0, 0.0).inside(frame) and all(math.dist(point, dot) > 2.5 * DOT for dot in dots[-1:]):
            dots.append(point)
    return lines, heads, dots


def _mark_labels(layout: Layout, labels: Sequence[Label], free: Box, soft: Segments) -> list[Box]:
    """Puts the labels of the marks beside them; gives the boxes that they take."""
    boxes: list[Box] = []
    hard = _obstacles(layout, 2.4 * MARK)
    for (_, at, _), label in zip(layout.marks, labels, strict=True):
        written = text_of(label)
        if not written.runs:
            continue
        box = place_beside(at, 2 * MARK, written.em * EM + 0.08, CAPITAL * 1.7, free, hard, soft)
        boxes.append(box)
        hard = np.concatenate([hard, box.border()])
        layout.texts.append(Text((box.centre[0], box.centre[1] - CAPITAL / 2), written))
    return boxes


def _obstacles(layout: Layout, room: float) -> Segments:
    """What no label may cover: paths, and marks with squares of side `room` around them."""
    marks = [Box(at, side, side).border() for _, at, _ in layout.marks for side in (room, room / 2)]
    paths = [segments([*lines, *heads]) for lines, heads, _ in layout.paths]
    return np.concatenate([np.zeros((0, 4)), *marks, *paths])


def _level_labels(
    layout: Layout, levels: Sequence[float], lines: Sequence[Sequence[Line]], free: Box, taken: Sequence[Box]
) -> list[Box]:
    """Writes the level on its lines, where there is room; gives the boxes that this takes."""
    boxes: list[Box] = []
    fixed = np.concatenate([_obstacles(layout, 8 * MARK), *(box.border() for box in taken)])
    for place, level in enumerate(levels):
        written = text_of(level)
        others = segments(line for k, own in enumerate(lines) if k != place for line in own)
        size = (written.em * SMALL_EM + 0.14, SMALL_CAPITAL + 0.06)
        for line in sorted(lines[place], key=length, reverse=True):
            shy = [box.grown(0.1).border() for box in boxes]
            box = place_on_line(line, *size, free, np.concatenate([fixed, others, *shy]))
            if box is None:
                continue
            boxes.append(box)
            drop = SMALL_CAPITAL / 2
            at = (box.centre[0] + math.sin(box.angle) * drop, box.centre[1] - math.cos(box.angle) * drop)
            layout.texts.append(Text(at, written, angle=math.degrees(box.angle), small=True))
    return boxes


# surfaces


def _surface_layout(plot: SurfacePlot) -> Layout:
    def at(point: Point) -> Point:
        return point[0] * SURFACE, point[1] * SURFACE

    layout = Layout()
    layout.behind = [tuple(map(at, line)) for line in plot.behind]
    layout.faces = [Face(tuple(map(at, face.corners)), face.light) for face in plot.faces]
    for ruler in (plot.across, plot.up, plot.height):
        _ruler(layout, ruler, at(ruler.start), at(ruler.end))
    layout.marks = [(spot.mark.kind, at(spot.at), spot.hidden) for spot in plot.spots]
    free = layout.extent()
    boxes = _mark_labels(layout, [spot.mark.label for spot in plot.spots], free, np.zeros((0, 4)))
    layout.backs = [box.corners() for box in boxes]
    return layout


def _ruler(layout: Layout, ruler: Ruler, start: Point, end: Point) -> None:
    axis, (x, y) = ruler.axis, ruler.outward
    layout.frame.append((start, end))
    widest = 0.0
    align: Align = "right" if y > -0.1 else "left" if x > 0 else "center"
    # a number below its tick is clear of those of the upright axis
    shift = (x * 0.2, y * 0.2 - CAPITAL * (0.5 - y / 2)) if align != "center" else (x * 0.2, y * 0.15 - 1.3 * CAPITAL)
    for tick in axis.ticks:
        part = (float(tick) - axis.low) / (axis.high - axis.low)
        at = (start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part)
        layout.frame.append((at, (at[0] + x * TICK, at[1] + y * TICK)))
        text = Text((at[0] + shift[0], at[1] + shift[1]), text_of(tick), align)
        widest = max(widest, text.width)
        layout.texts.append(text)
    if axis.name is None:
        return
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    away = 0.45 + widest * abs(x) + CAPITAL * abs(y)
    at = (middle[0] + x * away, middle[1] + y * away - CAPITAL * (0.5 if align != "center" else 1.5))
    layout.texts.append(Text(at, text_of(axis.name), align))


# legend


def _legend(layout: Layout, marks: Sequence[Mark], paths: Sequence[Path], said: Mapping[str, Any]) -> None:
    """One line below the picture that says what the marks and paths are; two where one is too short."""
    items: list[tuple[str, Written]] = []
    for kind in dict.fromkeys(mark.kind for mark in marks if mark.kind != "point"):
        items.append((kind, text_of(said["kinds"][kind])))
    for place, path in enumerate(paths):
        items.append((f"path-{place}", text_of(said["paths"][path.kind])))
    if layout.outside:
        items.append(("outside", text_of(said["outside"])))
    box = layout.extent()
    room = max(box.width, LEGEND)
    rows: list[list[tuple[str, Written]]] = [[]]
    for item in items:
        if rows[-1] and sum(_legend_width(one) for one in [*rows[-1], item]) > room:
            rows.append([])
        rows[-1].append(item)
    frame = around(layout.frame)
    y = box.centre[1] - box.height / 2 - 0.3 - CAPITAL
    for row in filter(None, rows):
        x = frame.centre[0] - (sum(map(_legend_width, row)) - 0.6) / 2
        for sign, written in row:
            lead = _legend_lead(sign)
            middle = y + CAPITAL / 2
            if sign.startswith("path"):
                sample = ((x, middle), (x + lead - 0.15, middle))
                lines, heads, _ = _path(sample, Box((x, middle), 10.0, 1.0))
                place = int(sign.removeprefix("path-"))
                own = layout.paths[place]
                layout.paths[place] = ([*own[0], *lines], [*own[1], *heads], own[2])
            elif sign == "outside":
                sample_box = Box((x + lead / 2 - 0.05, middle), lead - 0.1, CAPITAL)
                layout.hatching += _hatching([(*sample_box.corners(), sample_box.corners()[0])], sample_box)
                layout.outside.append(sample_box.corners())
            else:
                layout.marks.append((sign, (x + MARK, middle), False))
            layout.texts.append(Text((x + lead, y), written, "left"))
            x += _legend_width((sign, written))
        y -= 0.5


def _legend_lead(sign: str) -> float:
    return 0.8 if sign.startswith("path") else 0.6 if sign == "outside" else 0.3


def _legend_width(item: tuple[str, Written]) -> float:
    sign, written = item
    return _legend_lead(sign) + written.em * EM + 0.6
