"""Pictures on paper and on screen: everything is where it belongs, no text covers another, each format can be read."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from itertools import combinations
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest

from derivgen.derive.drawing import contour_plot, surface_plot
from derivgen.expr.nodes import Expr, Symbol
from derivgen.picture import ContourPlot, Label, Line, Mark, MarkKind, Path, PathKind, Point, SurfacePlot
from derivgen.render.engine import compile_with_log, engines
from derivgen.render.environment import environment, words
from derivgen.render.lettering import Run, number_text, text_of
from derivgen.render.picture import CM, PIXELS, Paper, picture_svg, picture_tikz, picture_view
from derivgen.render.picture_layout import CAPITAL, layout_of
from derivgen.render.placement import Box, cut, cut_all, length, place_beside, place_on_line, segments
from tests.plots import BOWL, DESCENT, HILL, NEWTON, ORIGIN, PICTURES, RING, f, place, v1, x, y

SAID = words("en")["picture"]
SVG = "{http://www.w3.org/2000/svg}"
NUMBER = r"(-?[\d.]+)"


def document(body: str) -> str:
    preamble = environment().get_template("latex/preamble.tex.j2").render()
    return f"{preamble}\\usepackage{{tikz}}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"


@pytest.mark.skipif(not engines(), reason="there is no TeX engine")
def test_tikz_compiles() -> None:
    """All in one document, since most of the time of TeX is its start."""
    pictures = [picture_tikz(make()) for make in PICTURES.values()]
    made = compile_with_log(document("\n\n".join(f"\\noindent\\hfil{picture}" for picture in pictures)))
    assert [box for box in made.boxes if box.overfull] == []
    assert "Missing character" not in made.log


@pytest.mark.parametrize("name", PICTURES)
def test_tikz_is_small(name: str) -> None:
    assert len(picture_tikz(PICTURES[name]())) < 40_000


@pytest.mark.parametrize("name", PICTURES)
def test_svg_is_well_formed(name: str) -> None:
    root = ElementTree.fromstring(picture_svg(PICTURES[name]()))
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    title, description = root[0], root[1]
    assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
    assert title.text and description.text
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    left, top, width, height = map(float, root.get("viewBox", "").split())
    for path in root.iter(f"{SVG}path"):
        if path.get("d", "").startswith("M-3.2-3.2"):
            continue  # a cross, around its own origin
        points = np.array(re.findall(rf"[ML]{NUMBER} {NUMBER}", path.get("d", "")), dtype=float).reshape(-1, 2)
        assert (points >= (left - 0.1, top - 0.1)).all()
        assert (points <= (left + width + 0.1, top + height + 0.1)).all()


def test_ids_differ() -> None:
    """Several pictures stand in one page."""
    ids = [re.findall(r' id="([^"]+)"', picture_svg(make())) for make in PICTURES.values()]
    together = [one for own in ids for one in own]
    assert len(set(together)) == len(together)


def test_the_same_from_run_to_run() -> None:
    make = PICTURES["folium"]
    assert (picture_svg(make()), picture_tikz(make())) == (picture_svg(make()), picture_tikz(make()))


# label, what is read in SVG, what stands in TeX
ESCAPED = [
    ("a < b & c", "a < b & c", r"a {\ensuremath{<}} b {\&} c"),
    ("50% \\input{x}", "50% \\input{x}", r"50{\%} {\textbackslash}input{\{}x{\}}"),
    ("é ]]>", "é ]]>", "é "),
]


@pytest.mark.parametrize(("label", "in_svg", "in_tex"), ESCAPED)
def test_labels_are_escaped(label: str, in_svg: str, in_tex: str) -> None:
    plot = contour_plot(BOWL, (x, y), marks=[Mark("point", ORIGIN, label)])
    texts = ["".join(text.itertext()) for text in ElementTree.fromstring(picture_svg(plot)).iter(f"{SVG}text")]
    assert in_svg in texts
    assert in_tex in picture_tikz(plot)


# --- places ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("paper", "up"), [(CM, 1.0), (PIXELS, -1.0)], ids=["cm", "px"])
def test_marks_and_paths_are_in_place(paper: Paper, up: float) -> None:
    """Against the numbers of the axes: a place is where its coordinates are between two ticks."""
    marks = [Mark("minimum", ORIGIN), Mark("saddle", (1.0, -1.0)), Mark("maximum", (4.0, 2.0))]
    plot = contour_plot(BOWL, (x, y), marks=marks, paths=[NEWTON], ranges=((-1, 5), (-2, 3)))
    view = picture_view(plot, paper, SAID)
    ticks = {(text.align, text.tex): (float(text.x), float(text.y)) for text in view.texts if not text.small}
    zero, four = ticks["center", "$0$"][0], ticks["center", "$4$"][0]
    low, high = ticks["right", "$0$"][1], ticks["right", "$2$"][1]
    base = up * CAPITAL / 2 * paper.unit  # numbers are written at their base line

    def at(point: Point) -> tuple[object, object]:
        return (
            pytest.approx(zero + (four - zero) * point[0] / 4, abs=0.06),
            pytest.approx(low + base + (high - low) * point[1] / 2, abs=0.06),
        )

    found = [(mark.kind, float(mark.x), float(mark.y)) for mark in view.marks]
    assert found[:3] == [(mark.kind, *at(mark.at)) for mark in marks]
    (path,) = view.paths
    (line, *_) = path.lines
    assert tuple(map(float, line.points[0])) == at(NEWTON.points[0])
    assert [tuple(map(float, (dot.x, dot.y))) for dot in path.dots] == [at(point) for point in NEWTON.points]
    # the first corner of a head is its tip, which touches the dot of the point that it shows to
    tip = np.array(path.heads[0].points[0], dtype=float)
    end = np.array([path.dots[-1].x, path.dots[-1].y], dtype=float)
    assert np.hypot(*(tip - end)) < 0.07 * paper.unit


def test_both_formats_are_one_picture() -> None:
    plot = PICTURES["folium"]()
    cm, px = picture_view(plot, CM, SAID), picture_view(plot, PIXELS, SAID)
    for one, other in zip(cm.contours, px.contours, strict=True):
        ends = [np.array([line.points[0], line.points[-1]], dtype=float) for line in (one, other)]
        assert ends[0] * (40, -40) == pytest.approx(ends[1], abs=0.071)  # both are rounded


def test_heads_of_arrows() -> None:
    """A step shorter than a head has none; the rest of a path is there all the same."""
    view = picture_view(contour_plot(BOWL, (x, y), paths=[DESCENT]), CM, SAID)
    (path,) = view.paths
    assert 3 <= len(path.heads) - 1 < len(DESCENT.points) - 1  # and one in the legend
    assert len(path.lines) - 1 == len(DESCENT.points) - 1


def test_a_path_that_leaves_the_picture() -> None:
    away = Path("descent", ((0.0, 0.0), (3.0, 0.0), (0.0, 1.0)))
    view = picture_view(contour_plot(BOWL, (x, y), paths=[away], ranges=((-1, 1), (-1, 1))), CM, SAID)
    frame = np.array(view.frame[0].points, dtype=float)
    (path,) = view.paths
    for line in path.lines[:2]:
        points = np.array(line.points, dtype=float)
        assert (points >= frame.min(axis=0) - 1e-9).all() and (points <= frame.max(axis=0) + 1e-9).all()
    assert len(path.dots) == 2


def boxes_of(plot: ContourPlot | SurfacePlot) -> list[Box]:
    """What each text takes: as wide as it is thought to be, as high as digits."""
    boxes = []
    for text in layout_of(plot, SAID).texts:
        turn = math.radians(text.angle)
        shift = {"left": 0.5, "center": 0.0, "right": -0.5}[text.align] * text.width
        middle = (text.at[0] + shift - math.sin(turn) * CAPITAL / 2, text.at[1] + math.cos(turn) * CAPITAL / 2)
        boxes.append(Box(middle, text.width, CAPITAL, turn))
    return boxes


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_covers_another(name: str) -> None:
    for one, other in combinations(boxes_of(PICTURES[name]()), 2):
        assert not one.meets(other.border()) and not other.meets(one.border())


@pytest.mark.parametrize("name", [name for name in PICTURES if "surface" not in name])
def test_no_line_goes_through_a_label(name: str) -> None:
    layout = layout_of(PICTURES[name](), SAID)
    lines = segments(line for line, _ in layout.contours)
    for box in boxes_of(PICTURES[name]()):
        assert not box.meets(lines)


@pytest.mark.parametrize("name", PICTURES)
def test_no_text_covers_a_mark(name: str) -> None:
    layout = layout_of(PICTURES[name](), SAID)
    for box in boxes_of(PICTURES[name]()):
        for _, (across, up), _ in layout.marks:
            assert not Box((across, up), 0.1, 0.1).meets(box.border()) and not Box((across, up), 0.0, 0.0).inside(box)


@pytest.mark.parametrize("name", ["bowl with two paths", "saddle", "folium", "ring", "plane", "monkey saddle"])
def test_levels_are_written(name: str) -> None:
    plot = PICTURES[name]()
    assert isinstance(plot, ContourPlot)
    shown = {text.written.tex for text in layout_of(plot, SAID).texts if text.small}
    assert shown <= {f"${number_text(contour.level)[0]}$" for contour in plot.contours}
    assert len(shown) >= len(plot.contours) - 2


# --- words ----------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_word() -> None:
    assert set(SAID["kinds"]) == set(get_args(MarkKind))
    assert set(SAID["paths"]) == set(get_args(PathKind))


# picture, title, sentences of the description
ALTERNATIVES: list[tuple[ContourPlot | SurfacePlot, str, list[str]]] = [
    (
        contour_plot(BOWL, (x, y), marks=[Mark("minimum", ORIGIN)], paths=[NEWTON], ranges=((-1, 5), (-2, 3))),
        "Contour lines of x² + 4 y²",
        [
            "x goes from −1 to 5, y from −2 to 3.",
            "Contour lines at the levels 1, 4, 9, 16, 25, 36.",
            "Minimum at (0, 0).",
            "Newton's method from (4, 1) to (0, 0) in 1 step.",
        ],
    ),
    (
        contour_plot(RING, (x, y), ranges=((-3, 3), (-2, 3))),
        "Contour lines of log(x² + y² − 1) − x",
        [
            "x goes from −3 to 3, y from −2 to 3.",
            "Contour lines at the levels −1, 0, 1, 2, 3, 4, 5.",
            "The function is not defined in the hatched part.",
        ],
    ),
    (
        surface_plot(HILL, (x, y), marks=[Mark("maximum", ORIGIN)]),
        "The surface 4 − x² − y²",
        [
            "x goes from −2 to 2, y from −2 to 2.",
            "The values go from −4 to 4.",
            "Maximum at (0, 0), where the value is 4.",
        ],
    ),
]


@pytest.mark.parametrize(("plot", "title", "sentences"), ALTERNATIVES, ids=["bowl", "ring", "hill"])
def test_alternative(plot: ContourPlot | SurfacePlot, title: str, sentences: list[str]) -> None:
    view = picture_view(plot, PIXELS, SAID)
    assert (view.title, view.description) == (title, " ".join(sentences))


# label, TeX, pieces of text
LABELS: list[tuple[Label | Fraction | float, str, tuple[Run, ...]]] = [
    (x, "$x$", (Run("x", italic=True),)),
    (v1, "$x_{1}$", (Run("x", italic=True), Run("1", lowered=True))),
    (Symbol("x1"), "$x_{1}$", (Run("x", italic=True), Run("1", lowered=True))),
    (Symbol("alpha"), r"$\alpha$", (Run("α", italic=True),)),
    (place(1, -2), "$(1, -2)$", (Run("(1, −2)"),)),
    ("start", "start", (Run("start"),)),
    ("", "", ()),
    (Fraction(-1, 2), "$-0.5$", (Run("−0.5"),)),
    (0.25, "$0.25$", (Run("0.25"),)),
]


@pytest.mark.parametrize(("label", "tex", "runs"), LABELS, ids=lambda c: c if isinstance(c, str) else "")
def test_labels(label: Label | Fraction | float, tex: str, runs: tuple[Run, ...]) -> None:
    found = text_of(label)
    assert (found.tex, found.runs) == (tex, runs)


# value, in TeX, in plain text
NUMBERS = [
    (0.0, "0", "0"),
    (-0.0, "0", "0"),
    (1.0, "1", "1"),
    (-2.5, "-2.5", "−2.5"),
    (1 / 3, "0.3333", "0.3333"),
    (12345.0, "12345", "12345"),
    (-1234.5678, "-1235", "−1235"),
    (1000.0, "1000", "1000"),
    (0.002, "0.002", "0.002"),
    (2e6, r"2 \cdot 10^{6}", "2·10⁶"),
    (-2.5e-7, r"-2.5 \cdot 10^{-7}", "−2.5·10⁻⁷"),
    (99999.99, "10^{5}", "10⁵"),
    (1e5, "10^{5}", "10⁵"),
    (-1e-6, "-10^{-6}", "−10⁻⁶"),
    (Fraction(3, 8), "0.375", "0.375"),
]


@pytest.mark.parametrize(("value", "tex", "plain"), NUMBERS)
def test_numbers(value: Fraction | float, tex: str, plain: str) -> None:
    assert number_text(value) == (tex, plain)


# --- boxes and lines ------------------------------------------------------------------------------------------------

UNIT = Box((0.0, 0.0), 2.0, 2.0)
TURNED = Box((0.0, 0.0), math.sqrt(2), math.sqrt(2), math.pi / 4)  # its corners are on the axes
# line, box, what is left outside
CUTS: list[tuple[Line, Box, list[Line]]] = [
    (((-2.0, 0.0), (2.0, 0.0)), UNIT, [((-2.0, 0.0), (-1.0, 0.0)), ((1.0, 0.0), (2.0, 0.0))]),
    (((-2.0, 3.0), (2.0, 3.0)), UNIT, [((-2.0, 3.0), (2.0, 3.0))]),
    (((-0.5, 0.0), (0.5, 0.5)), UNIT, []),
    (((0.0, 0.0), (0.0, 2.0), (3.0, 2.0)), UNIT, [((0.0, 1.0), (0.0, 2.0), (3.0, 2.0))]),
    (((-2.0, 0.5), (2.0, 0.5)), TURNED, [((-2.0, 0.5), (-0.5, 0.5)), ((0.5, 0.5), (2.0, 0.5))]),
]


@pytest.mark.parametrize(("line", "box", "left"), CUTS)
def test_cut(line: Line, box: Box, left: list[Line]) -> None:
    found = cut(line, box)
    assert [np.array(part) for part in found] == [pytest.approx(np.array(part)) for part in left]
    inside = cut(line, box, keep_inside=True)
    assert sum(map(length, [*found, *inside])) == pytest.approx(length(line))
    assert sum(map(length, cut_all([line], [box, box]))) == pytest.approx(sum(map(length, found)))


FREE = Box((0.0, 0.0), 10.0, 10.0)
NOTHING = segments([])


def test_a_label_on_a_line_is_turned_with_it() -> None:
    box = place_on_line(((4.0, 4.0), (-4.0, -4.0)), 1.0, 0.3, FREE, NOTHING)
    assert box is not None and box.angle == pytest.approx(math.pi / 4)  # and not upside down
    assert box.centre[0] == pytest.approx(box.centre[1])


# line, what is in the way
NO_ROOM: list[tuple[Line, list[Line]]] = [
    (((0.0, 0.0), (1.2, 0.0)), []),  # too short
    (tuple((math.cos(t / 9) / 3, math.sin(t / 9) / 3) for t in range(57)), []),  # too bent
    (((-4.0, 0.0), (4.0, 0.0)), [((-5.0, 0.1), (5.0, 0.1))]),
    (((-9.0, 8.0), (9.0, 8.0)), []),  # outside what is free
]


@pytest.mark.parametrize(("line", "obstacles"), NO_ROOM)
def test_no_room_on_a_line(line: Line, obstacles: list[Line]) -> None:
    assert place_on_line(line, 1.0, 0.3, FREE, segments(obstacles)) is None


# what must not be met, what should not be met, whether the label is right of and above the point
BESIDE: list[tuple[list[Line], list[Line], tuple[bool, bool]]] = [
    ([], [], (True, True)),
    ([((0.5, 0.0), (0.5, 3.0))], [], (False, True)),
    ([], [((-3.0, 0.2), (3.0, 0.2))], (True, False)),
    ([((0.3, -3.0), (0.3, 3.0))], [((-3.0, 0.2), (3.0, 0.2))], (False, False)),
]


@pytest.mark.parametrize(("hard", "soft", "expected"), BESIDE)
def test_a_label_beside_a_point(hard: list[Line], soft: list[Line], expected: tuple[bool, bool]) -> None:
    box = place_beside(ORIGIN, 0.1, 1.0, 0.4, FREE, segments(hard), segments(soft))
    assert (box.centre[0] > 0, box.centre[1] > 0) == expected
    assert not box.meets(segments(hard))


def test_the_vertical_axis_has_its_name() -> None:
    names: list[Expr | None] = [f, None]
    plots = [surface_plot(BOWL, (x, y), name=name) for name in names]
    named, unnamed = ({text.written.tex for text in layout_of(plot, SAID).texts} for plot in plots)
    assert named - unnamed == {"$f$"}
