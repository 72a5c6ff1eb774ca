"""Pictures as TikZ and as SVG.

Both are drawn from one view, in which each place is a string in the unit of the format: cm upwards for TikZ, px
downwards for SVG. Sizes of text are estimates, since only TeX and a browser know them; a text is written at its base
line, so that both put it at the same place.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import pairwise
from pathlib import Path as File
from typing import Any, Literal, assert_never

import numpy as np
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from derivgen.errors import TemplateError
from derivgen.picture import Axis, ContourPlot, Face, Label, Line, Mark, Path, Picture, Point, Ruler, SurfacePlot
from derivgen.render.breaking import width as em_width
from derivgen.render.environment import environment, render, tex_text, words
from derivgen.render.latex import LatexStyle, latex
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
from derivgen.render.plain import unicode_math

# all in cm
WIDEST, HIGHEST = 7.2, 6.6
"""The frame of a contour plot."""
FLATTEST, STEEPEST = 0.45, 1.6
"""The heights of a frame, as parts of its width, between which one unit is equally long on both axes."""
SURFACE = 6.4
"""The side of the box of a surface: what one unit of its paper is."""
EM, SMALL_EM = 0.32, 0.28
"""The text of labels (9 points) and of contour lines (8 points)."""
NARROW, BROAD, LETTER_EM = frozenset("fijlrt'., "), frozenset("mwMW"), (0.33, 0.52, 0.83)
"""Letters of words, and how wide narrow, other and broad ones are in em."""
CAPITAL, SMALL_CAPITAL = 0.22, 0.19
"""How high digits are."""
TICK = 0.1
MARK = 0.085
HEAD, HEAD_WIDTH = 0.22, 0.15
"""The head of an arrow."""
LEGEND = 10.0
"""How wide the legend may be."""
DOT = 0.06
SHADES = 8
PX = 40
"""One cm in px."""

Align = Literal["left", "center", "right"]


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text in one style."""

    text: str
    italic: bool = False
    lowered: bool = False


@dataclass(frozen=True, slots=True)
class Written:
    """A label in both formats; `em` is how wide it is."""

    tex: str
    runs: tuple[Run, ...]
    em: float


# --- what a format draws --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TextView:
    """A text whose base line starts, ends or has its middle at (x, y), turned by `angle` degrees."""

    x: str
    y: str
    align: Align
    angle: str
    small: bool
    tex: Markup
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class LineView:
    """A line through `points`, or a polygon where it is `closed`."""

    points: tuple[tuple[str, str], ...]
    closed: bool = False
    strong: bool = False
    shade: int = 0


@dataclass(frozen=True, slots=True)
class MarkView:
    kind: str
    x: str
    y: str
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class PathView:
    """A path: its lines, the heads of its arrows (triangles), its points. The second and later ones are `dashed`."""

    lines: tuple[LineView, ...]
    heads: tuple[LineView, ...]
    dots: tuple[MarkView, ...]
    dashed: bool


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture in the unit of a format, in the order of drawing.

    (left, top), width and height are those of all of it; `describe` and `title` are its text alternative.
    """

    left: str
    top: str
    width: str
    height: str
    outside: tuple[LineView, ...]
    hatching: tuple[LineView, ...]
    behind: tuple[LineView, ...]
    faces: tuple[LineView, ...]
    contours: tuple[LineView, ...]
    frame: tuple[LineView, ...]
    paths: tuple[PathView, ...]
    marks: tuple[MarkView, ...]
    backs: tuple[LineView, ...]
    texts: tuple[TextView, ...]
    title: str
    description: str
    key: str


# --- labels ---------------------------------------------------------------------------------------------------------


def _written(label: Label | Fraction | float) -> Written:
    match label:
        case str():
            return Written(tex_text(label), (Run(label),) if label else (), _words_em(label))
        case tuple():
            inside = ", ".join(latex(part, LatexStyle(inline=True)) for part in label)
            plain = ", ".join(unicode_math(part) for part in label)
            return _formula(f"({inside})", f"({plain})")
        case float() | Fraction():
            return _formula(*_number(label))
        case _:
            return _formula(latex(label, LatexStyle(inline=True)), unicode_math(label))


def _words_em(text: str) -> float:
    return sum(LETTER_EM[1 - (letter in NARROW) + (letter in BROAD)] for letter in text)


def _formula(tex: str, plain: str) -> Written:
    return Written(f"${tex}$", tuple(_runs(plain)), em_width(tex))


def _number(value: Fraction | float) -> tuple[str, str]:
    """A number in decimals, in TeX and in plain text; very large and very small ones by a power of ten."""
    if value == 0:
        return "0", "0"
    digits, exponent = f"{float(value):.4e}".split("e")
    if -4 < int(exponent) < 5:
        shown = f"{float(value):.4g}"
        shown = f"{float(shown):.10f}".rstrip("0").rstrip(".")
        return shown, shown.replace("-", "−")
    digits = digits.rstrip("0").rstrip(".")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return rf"{digits} \cdot 10^{{{int(exponent)}}}", f"{digits}·10{power}".replace("-", "−")


def _runs(plain: str) -> Iterable[Run]:
    """Mathematics in plain text as pieces: letters are italic, what follows `_` is lowered."""
    for piece in re.finditer(r"_(\w+)|([A-Za-z]{2,})|([A-Za-zα-ωϵϕϑ])(\d*)|([^A-Za-zα-ωϵϕϑ_]+|_)", plain):
        lowered, word, letter, digits, rest = piece.groups()
        if lowered:
            yield Run(lowered, lowered.isalpha(), True)
        elif word:
            yield Run(word)
        elif letter:
            yield Run(letter, True)
            if digits:
                yield Run(digits, False, True)
        else:
            yield Run(rest.replace("-", "−"))


# --- the layout, in cm ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Text:
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


@dataclass(slots=True)
class _Layout:
    """What is drawn, in cm upwards; the lists are filled one after the other."""

    outside: list[Line] = field(default_factory=list)
    hatching: list[Line] = field(default_factory=list)
    behind: list[Line] = field(default_factory=list)
    faces: list[Face] = field(default_factory=list)
    contours: list[tuple[Line, bool]] = field(default_factory=list)
    frame: list[Line] = field(default_factory=list)
    paths: list[tuple[list[Line], list[Line], list[Point]]] = field(default_factory=list)
    marks: list[tuple[str, Point, bool]] = field(default_factory=list)
    backs: list[Line] = field(default_factory=list)
    """White boxes behind texts."""
    texts: list[_Text] = field(default_factory=list)

    def extent(self) -> Box:
        lines = [*self.frame, *self.behind, *(face.corners for face in self.faces)]
        return around([*lines, *(text.corners() for text in self.texts if not text.angle)])


def _layout(picture: Picture, said: Mapping[str, Any]) -> _Layout:
    match picture:
        case ContourPlot():
            layout = _contour_layout(picture)
            marks: Sequence[Mark] = picture.marks
            paths: Sequence[Path] = picture.paths
        case SurfacePlot():
            layout = _surface_layout(picture)
            marks, paths = [spot.mark for spot in picture.spots], ()
        case _:
            assert_never(picture)
    _legend(layout, marks, paths, said)
    return layout


# contour plots


def _contour_layout(plot: ContourPlot) -> _Layout:
    across, up = plot.across.high - plot.across.low, plot.up.high - plot.up.low
    shape = up / across if FLATTEST <= up / across <= STEEPEST else 0.75
    width = min(WIDEST, HIGHEST / shape)
    scale = (width / across, width * shape / up)

    def at(point: Point) -> Point:
        return (point[0] - plot.across.low) * scale[0], (point[1] - plot.up.low) * scale[1]

    layout = _Layout()
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


def _scales(layout: _Layout, plot: ContourPlot, frame: Box, at: Any) -> None:
    """Ticks, their numbers, and the names of the axes at a frame."""
    x, y = plot.across, plot.up
    for tick in x.ticks:
        place, _ = at((float(tick), y.low))
        layout.frame.append(((place, 0.0), (place, TICK)))
        layout.texts.append(_Text((place, -0.16 - CAPITAL), _written(tick)))
    widest = 0.0
    for tick in y.ticks:
        _, place = at((x.low, float(tick)))
        layout.frame.append(((0.0, place), (TICK, place)))
        text = _Text((-0.16, place - CAPITAL / 2), _written(tick), "right")
        widest = max(widest, text.width)
        layout.texts.append(text)
    if x.name is not None:
        layout.texts.append(_Text((frame.width / 2, -0.36 - 2 * CAPITAL), _written(x.name)))
    if y.name is not None:
        layout.texts.append(_Text((-0.36 - widest, frame.height / 2 - CAPITAL / 2), _written(y.name), "right"))


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


def _mark_labels(layout: _Layout, labels: Sequence[Label], free: Box, soft: Segments) -> list[Box]:
    """Puts the labels of the marks beside them; gives the boxes that they take."""
    boxes: list[Box] = []
    hard = _obstacles(layout, 2.4 * MARK)
    for (_, at, _), label in zip(layout.marks, labels, strict=True):
        written = _written(label)
        if not written.runs:
            continue
        box = place_beside(at, 2 * MARK, written.em * EM + 0.08, CAPITAL * 1.7, free, hard, soft)
        boxes.append(box)
        hard = np.concatenate([hard, box.border()])
        layout.texts.append(_Text((box.centre[0], box.centre[1] - CAPITAL / 2), written))
    return boxes


def _obstacles(layout: _Layout, room: float) -> Segments:
    """What no label may cover: paths, and marks with squares of side `room` around them."""
    marks = [Box(at, side, side).border() for _, at, _ in layout.marks for side in (room, room / 2)]
    paths = [segments([*lines, *heads]) for lines, heads, _ in layout.paths]
    return np.concatenate([np.zeros((0, 4)), *marks, *paths])


def _level_labels(
    layout: _Layout, levels: Sequence[float], lines: Sequence[Sequence[Line]], free: Box, taken: Sequence[Box]
) -> list[Box]:
    """Writes the level on its lines, where there is room; gives the boxes that this takes."""
    boxes: list[Box] = []
    fixed = np.concatenate([_obstacles(layout, 8 * MARK), *(box.border() for box in taken)])
    for place, level in enumerate(levels):
        written = _written(level)
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
            layout.texts.append(_Text(at, written, angle=math.degrees(box.angle), small=True))
    return boxes


# surfaces


def _surface_layout(plot: SurfacePlot) -> _Layout:
    def at(point: Point) -> Point:
        return point[0] * SURFACE, point[1] * SURFACE

    layout = _Layout()
    layout.behind = [tuple(map(at, line)) for line in plot.behind]
    layout.faces = [Face(tuple(map(at, face.corners)), face.light) for face in plot.faces]
    for ruler in (plot.across, plot.up, plot.height):
        _ruler(layout, ruler, at(ruler.start), at(ruler.end))
    layout.marks = [(spot.mark.kind, at(spot.at), spot.hidden) for spot in plot.spots]
    free = layout.extent()
    boxes = _mark_labels(layout, [spot.mark.label for spot in plot.spots], free, np.zeros((0, 4)))
    layout.backs = [box.corners() for box in boxes]
    return layout


def _ruler(layout: _Layout, ruler: Ruler, start: Point, end: Point) -> None:
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
        text = _Text((at[0] + shift[0], at[1] + shift[1]), _written(tick), align)
        widest = max(widest, text.width)
        layout.texts.append(text)
    if axis.name is None:
        return
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    away = 0.45 + widest * abs(x) + CAPITAL * abs(y)
    at = (middle[0] + x * away, middle[1] + y * away - CAPITAL * (0.5 if align != "center" else 1.5))
    layout.texts.append(_Text(at, _written(axis.name), align))


# legend


def _legend(layout: _Layout, marks: Sequence[Mark], paths: Sequence[Path], said: Mapping[str, Any]) -> None:
    """One line below the picture that says what the marks and paths are; two where one is too short."""
    items: list[tuple[str, Written]] = []
    for kind in dict.fromkeys(mark.kind for mark in marks if mark.kind != "point"):
        items.append((kind, _written(said["kinds"][kind])))
    for place, path in enumerate(paths):
        items.append((f"path-{place}", _written(said["paths"][path.kind])))
    if layout.outside:
        items.append(("outside", _written(said["outside"])))
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
            layout.texts.append(_Text((x + lead, y), written, "left"))
            x += _legend_width((sign, written))
        y -= 0.5


def _legend_lead(sign: str) -> float:
    return 0.8 if sign.startswith("path") else 0.6 if sign == "outside" else 0.3


def _legend_width(item: tuple[str, Written]) -> float:
    sign, written = item
    return _legend_lead(sign) + written.em * EM + 0.6


# --- from cm to a format --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Paper:
    """A format: `unit` of it make one cm, places have `digits` decimals, and y goes up or down."""

    unit: float
    digits: int
    upwards: bool

    def number(self, value: float) -> str:
        """With no zero before the point: a surface has thousands of these."""
        shown = f"{value * self.unit:.{self.digits}f}".rstrip("0").rstrip(".")
        return "0" if shown in ("-0", "") else re.sub(r"^(-?)0\.", r"\1.", shown)

    def place(self, point: Point) -> tuple[str, str]:
        return self.number(point[0]), self.number(point[1] if self.upwards else -point[1])

    def line(self, points: Line, *, closed: bool = False, strong: bool = False, shade: int = 0) -> LineView:
        """Without points that fall on the one before; closed where its ends are equal."""
        placed = [self.place(point) for point in points]
        kept = [placed[0], *(here for before, here in pairwise(placed) if here != before)]
        joined = len(kept) > 2 and kept[0] == kept[-1]
        return LineView(tuple(kept[:-1] if joined else kept), closed or joined, strong, shade)

    def lines(self, lines: Iterable[Line], *, closed: bool = False) -> tuple[LineView, ...]:
        return tuple(self.line(points, closed=closed) for points in lines)


CM = Paper(1, 3, True)
PIXELS = Paper(PX, 1, False)


def picture_view(picture: Picture, paper: Paper, said: Mapping[str, Any]) -> PictureView:
    """What a template draws; `said` are the words about pictures of a locale."""
    layout = _layout(picture, said)
    box = layout.extent().grown(0.1)
    left, top = paper.place((box.centre[0] - box.width / 2, box.centre[1] + box.height / 2))
    title, description = _alternative(picture, said)
    return PictureView(
        left,
        top,
        paper.number(box.width),
        paper.number(box.height),
        paper.lines(layout.outside, closed=True),
        paper.lines(layout.hatching),
        paper.lines(layout.behind),
        tuple(paper.line(face.corners, closed=True, shade=_shade(face)) for face in layout.faces),
        tuple(paper.line(line, strong=strong) for line, strong in layout.contours),
        paper.lines(layout.frame),
        tuple(
            PathView(
                paper.lines(lines),
                paper.lines(heads, closed=True),
                tuple(MarkView("dot", *paper.place(dot)) for dot in dots),
                dashed=place > 0,
            )
            for place, (lines, heads, dots) in enumerate(layout.paths)
        ),
        tuple(MarkView(kind, *paper.place(at), hidden) for kind, at, hidden in layout.marks),
        paper.lines(layout.backs, closed=True),
        tuple(_text_view(text, paper) for text in layout.texts),
        title,
        description,
        hashlib.sha256(repr(picture).encode()).hexdigest()[:8],
    )


def _shade(face: Face) -> int:
    """0 is the darkest."""
    return min(SHADES - 1, int(face.light * SHADES))


def _text_view(text: _Text, paper: Paper) -> TextView:
    angle = f"{text.angle if paper.upwards else -text.angle:.1f}".removesuffix(".0")
    written = text.written
    return TextView(*paper.place(text.at), text.align, angle, text.small, Markup(written.tex), written.runs)


# --- text alternative -----------------------------------------------------------------------------------------------


def _alternative(picture: Picture, said: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the description, for who does not see the picture."""
    function = unicode_math(picture.function)
    match picture:
        case ContourPlot(_, across, up, contours, marks, paths, outside):
            title = _filled(said["contours_title"], function=function)
            sentences = [_range_words(across, up, said)]
            shown = ", ".join(_number(contour.level)[1] for contour in contours)
            sentences += [_filled(said["levels"], levels=shown)] if contours else []
            sentences += [said["undefined"]] if outside else []
            sentences += [_filled(said["mark"], kind=said["kinds"][mark.kind], place=_place(mark.at)) for mark in marks]
            for path in paths:
                start, end = _place(path.points[0]), _place(path.points[-1])
                steps, kind = len(path.points) - 1, said["paths"][path.kind]
                sentences.append(_filled(said["path"], kind=kind, start=start, end=end, count=steps))
        case SurfacePlot(_, across_ruler, up_ruler, height, _, _, spots):
            title = _filled(said["surface_title"], function=function)
            sentences = [_range_words(across_ruler.axis, up_ruler.axis, said)]
            low, high = (_number(bound)[1] for bound in (height.axis.low, height.axis.high))
            sentences.append(_filled(said["heights"], low=low, high=high))
            for spot in spots:
                kind, value = said["kinds"][spot.mark.kind], _number(spot.value)[1]
                sentences.append(_filled(said["mark_value"], kind=kind, place=_place(spot.mark.at), value=value))
        case _:
            assert_never(picture)
    return title, " ".join(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _range_words(across: Axis, up: Axis, said: Mapping[str, Any]) -> str:
    values: dict[str, str] = {}
    for letter, axis in (("x", across), ("y", up)):
        values |= {
            letter: unicode_math(axis.name) if axis.name is not None else letter,
            f"{letter}_low": _number(axis.low)[1],
            f"{letter}_high": _number(axis.high)[1],
        }
    return _filled(said["ranges"], **values)


def _place(point: Point) -> str:
    return f"({', '.join(_number(value)[1] for value in point)})"


def _filled(sentence: str | Sequence[str], **values: object) -> str:
    """`sentence` with its {names} filled in, as plain text; of two forms, the first where `count` is 1."""
    if not isinstance(sentence, str):
        sentence = sentence[0] if values.get("count") == 1 else sentence[-1]
    return re.sub(r"\{(\w+)\}", lambda name: str(values[name[1]]), sentence)


# --- rendering ------------------------------------------------------------------------------------------------------


def picture_tikz(picture: Picture, user_folder: File | None = None, locale: str = "en") -> str:
    """A `tikzpicture`, for a document that loads tikz and has the colours of latex/macros.tex.j2."""
    view = picture_view(picture, CM, words(locale, user_folder)["picture"])
    return render(environment(user_folder, locale), "latex/steps/picture.tex.j2", picture=view)


def picture_svg(picture: Picture, user_folder: File | None = None, locale: str = "en") -> str:
    """An `svg` element, to stand alone or inside HTML."""
    view = picture_view(picture, PIXELS, words(locale, user_folder)["picture"])
    return render(_svg_environment(user_folder), "svg/picture.svg.j2", picture=view)


@cache
def _svg_environment(user_folder: File | None) -> ImmutableSandboxedEnvironment:
    """Jinja for XML: the same delimiters, everything escaped."""
    made = environment(user_folder).overlay(finalize=_present)
    assert isinstance(made, ImmutableSandboxedEnvironment)
    return made


def _present(value: object) -> object:
    if value is None:
        raise TemplateError("a template prints a value that is not there")
    return value
