"""Pictures as TikZ and as SVG.

Both are drawn from one view, in which each place is a string in the unit of the format: cm upwards for TikZ, px
downwards for SVG. Sizes of text are estimates, since only TeX and a browser know them; a text is written at its base
line, so that both put it at the same place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from typing import Any, assert_never

from markupsafe import Markup

from derivgen.errors import TemplateError
from derivgen.picture import Axis, ContourPlot, Diagram, Face, Line, Node, Picture, Point, SurfacePlot
from derivgen.render.environment import environment, render, words
from derivgen.render.jinja_sandbox import Sandbox
from derivgen.render.lettering import Run, number_text
from derivgen.render.picture_layout import Align, DrawnEdge, DrawnNode, Text, layout_of
from derivgen.render.plain import unicode_math

SHADES = 8
DOTS = 0.16
"""From one to the next of three dots, in cm."""
PX = 40
"""One cm in px."""


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
class EdgeView:
    """An edge of a diagram, with the head of its arrow where it has one."""

    line: LineView
    head: LineView | None
    strong: bool


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node of a diagram around (x, y), from (left, top); `radius` is that of a circle, None for a box.

    Of dots, `dots` are the places.
    """

    kind: str
    x: str
    y: str
    left: str
    top: str
    width: str
    height: str
    radius: str | None
    strong: bool
    dots: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class PictureView:
    """A picture in the unit of a format, in the order of drawing.

    (left, top), width and height are those of all of it; `title` and `description` are its text alternative; `key` is a
    word that no other picture of a page has.
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
    edges: tuple[EdgeView, ...] = ()
    nodes: tuple[NodeView, ...] = ()


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
    layout = layout_of(picture, said)
    box = layout.extent().grown(0.1)
    left, top = paper.place((box.centre[0] - box.width / 2, box.centre[1] + box.height / 2))
    title, description = _alternative(picture, said)
    view = PictureView(
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
        key="",
        edges=tuple(_edge_view(edge, paper) for edge in sorted(layout.edges, key=lambda edge: edge.strong)),
        nodes=tuple(_node_view(node, paper) for node in layout.nodes),
    )
    # of what is printed: the last digits of a float are not the same on every machine
    return replace(view, key=hashlib.sha256(repr(view).encode()).hexdigest()[:8])


def _shade(face: Face) -> int:
    """0 is the darkest."""
    return min(SHADES - 1, int(face.light * SHADES))


def _edge_view(edge: DrawnEdge, paper: Paper) -> EdgeView:
    head = None if edge.head is None else paper.line(edge.head, closed=True)
    return EdgeView(paper.line(edge.line), head, edge.strong)


def _node_view(node: DrawnNode, paper: Paper) -> NodeView:
    (x, y), wide, high = node.box.centre, node.box.width, node.box.height
    steps = {"dots down": (0.0, 1.0), "dots across": (1.0, 0.0)}.get(node.kind)
    dots = () if steps is None else tuple((x + steps[0] * k, y + steps[1] * k) for k in (-DOTS, 0.0, DOTS))
    return NodeView(
        node.kind,
        *paper.place((x, y)),
        *paper.place((x - wide / 2, y + high / 2)),
        paper.number(wide),
        paper.number(high),
        paper.number(wide / 2) if wide == high else None,
        node.strong,
        tuple(map(paper.place, dots)),
    )


def _text_view(text: Text, paper: Paper) -> TextView:
    angle = f"{text.angle if paper.upwards else -text.angle:.1f}".removesuffix(".0")
    written = text.written
    return TextView(*paper.place(text.at), text.align, angle, text.small, Markup(written.tex), written.runs)


# --- text alternative -----------------------------------------------------------------------------------------------


def _alternative(picture: Picture, said: Mapping[str, Any]) -> tuple[str, str]:
    """The title and the description, for who does not see the picture."""
    if isinstance(picture, Diagram):
        return _diagram_alternative(picture, said)
    function = unicode_math(picture.function).replace("-", "−")
    match picture:
        case ContourPlot(_, across, up, contours, marks, paths, outside):
            title = _filled(said["contours_title"], function=function)
            sentences = [_range_words(across, up, said)]
            shown = ", ".join(number_text(contour.level)[1] for contour in contours)
            sentences += [_filled(said["levels"], levels=shown)] if contours else []
            sentences += [said["undefined"]] if outside else []
            for mark in marks:
                sentences.append(_filled(said["mark"], kind=_opening(said["kinds"][mark.kind]), place=_place(mark.at)))
            for path in paths:
                start, end = _place(path.points[0]), _place(path.points[-1])
                steps, kind = len(path.points) - 1, _opening(said["paths"][path.kind])
                sentences.append(_filled(said["path"], kind=kind, start=start, end=end, count=steps))
        case SurfacePlot(_, across_ruler, up_ruler, height, _, _, spots):
            title = _filled(said["surface_title"], function=function)
            sentences = [_range_words(across_ruler.axis, up_ruler.axis, said)]
            low, high = (number_text(bound)[1] for bound in (height.axis.low, height.axis.high))
            sentences.append(_filled(said["heights"], low=low, high=high))
            for spot in spots:
                kind, value = _opening(said["kinds"][spot.mark.kind]), number_text(spot.value)[1]
                sentences.append(_filled(said["mark_value"], kind=kind, place=_place(spot.mark.at), value=value))
        case _:
            assert_never(picture)
    return title, " ".join(sentences)


def _diagram_alternative(diagram: Diagram, said: Mapping[str, Any]) -> tuple[str, str]:
    """What is made of what, or what the layers are, and the path to be seen."""

    def name(node: Node) -> str:
        return unicode_math(node.name) if node.name is not None else ", ".join(map(unicode_math, node.hidden))

    nodes, sentences = diagram.nodes, []
    if diagram.kind == "network":
        title = said["network_title"]
        for layer, column in zip(diagram.layers, diagram.columns, strict=True):
            shown = [node for node in nodes if node.at[0] == column]
            units = ", ".join(unicode_math(node.name) if node.name is not None else "…" for node in shown)
            sentences.append(_filled(said["layer"], name=unicode_math(layer), units=units))
        sentences.append(said["joined"])
        strong = [name(node) for node in nodes if node.strong]
        sentences += [_filled(said["strong_units"], units=", ".join(strong))] if strong else []
        return title, " ".join(sentences)
    title = _filled(said["graph_title"], name=name(nodes[-1]))
    for k, node in enumerate(nodes):
        parts = [name(nodes[edge.start]) for edge in diagram.edges if edge.end == k]
        sentences += [_filled(said["made_of"], name=name(node), parts=", ".join(parts))] if parts else []
    path = [node for node in nodes if node.strong]
    sentences += [_filled(said["strong_path"], path=" → ".join(map(name, path)))] if path else []
    return title, " ".join(sentences)


def _opening(word: str) -> str:
    """`word` at the beginning of a sentence."""
    return word[:1].upper() + word[1:]


def _range_words(across: Axis, up: Axis, said: Mapping[str, Any]) -> str:
    values: dict[str, str] = {}
    for letter, axis in (("x", across), ("y", up)):
        values |= {
            letter: unicode_math(axis.name) if axis.name is not None else letter,
            f"{letter}_low": number_text(axis.low)[1],
            f"{letter}_high": number_text(axis.high)[1],
        }
    return _filled(said["ranges"], **values)


def _place(point: Point) -> str:
    return f"({', '.join(number_text(value)[1] for value in point)})"


def _filled(sentence: str | Sequence[str], **values: object) -> str:
    """`sentence` with its {names} filled in, as plain text; of two forms, the first where `count` is 1."""
    if not isinstance(sentence, str):
        sentence = sentence[0] if values.get("count") == 1 else sentence[-1]
    return re.sub(r"\{(\w+)\}", lambda name: str(values[name[1]]), sentence)


# --- rendering ------------------------------------------------------------------------------------------------------


def picture_tikz(picture: Picture, locale: str = "en") -> str:
    """A `tikzpicture`, for a document that loads tikz and has the colours of latex/macros.tex.j2."""
    view = picture_view(picture, CM, words(locale)["picture"])
    return render(environment(locale=locale), "latex/steps/picture.tex.j2", picture=view)


def picture_svg(picture: Picture, locale: str = "en") -> str:
    """An `svg` element, to stand alone or inside HTML."""
    view = picture_view(picture, PIXELS, words(locale)["picture"])
    return render(_svg_environment(), "svg/picture.svg.j2", picture=view)


@cache
def _svg_environment() -> Sandbox:
    """Jinja for XML: the same delimiters, everything escaped."""
    made = environment().overlay(finalize=_present)
    assert isinstance(made, Sandbox)
    return made


def _present(value: object) -> object:
    if value is None:
        raise TemplateError("a template prints a value that is not there")
    return value
