"""Pictures as data: lines where the level is, marks where they belong, near things in front of far ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise, product

import numpy as np
import pytest

from derivgen.derive.contours import levels, nice_step, simplified, step_above
from derivgen.derive.drawing import contour_plot, surface_plot, ticks
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Expr, Plus, Product, Symbol, number
from derivgen.expr.sampling import Samples, sample
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.picture import ContourPlot, Face, Line, Mark, Path, Point, SurfacePlot
from tests.plots import (
    AROUND,
    BOWL,
    CUP,
    DESCENT,
    FOLIUM_MARKS,
    HILL,
    LOGS,
    NEWTON,
    ORIGIN,
    PICTURES,
    PLANE,
    RING,
    SADDLE,
    WAVES,
    apply,
    minus,
    square,
    v1,
    v2,
    x,
    y,
)

CONTOURS = [name for name in PICTURES if "surface" not in name]
SURFACES = [name for name in PICTURES if "surface" in name]


def contour_picture(name: str) -> ContourPlot:
    picture = PICTURES[name]()
    assert isinstance(picture, ContourPlot)
    return picture


def surface_picture(name: str) -> SurfacePlot:
    picture = PICTURES[name]()
    assert isinstance(picture, SurfacePlot)
    return picture


# --- contour lines --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTOURS)
def test_lines_have_the_value_of_their_level(name: str) -> None:
    plot = contour_picture(name)
    formula = to_sympy(plot.function)
    names = [to_sympy(axis.name) for axis in (plot.across, plot.up) if axis.name is not None]
    for contour in plot.contours:
        points = [point for line in contour.lines for point in line]
        for point in points[:: max(1, len(points) // 25)]:
            value = float(formula.evalf(subs=dict(zip(names, point, strict=True))))
            # halved 30 times on an edge of the grid, along which the function changes by less than a tenth of all
            scale = max(abs(contour.level), *(abs(other.level) for other in plot.contours))
            assert value == pytest.approx(contour.level, abs=1e-8 * scale)


@pytest.mark.parametrize("name", [name for name in CONTOURS if name not in ("pole", "step")])
def test_no_line_is_missing(name: str) -> None:
    """A straight line across the picture meets the lines of a level as often as the function passes the level on it."""
    plot = contour_picture(name)
    assert plot.across.name is not None and plot.up.name is not None
    random = np.random.default_rng(0)
    for _ in range(20):
        ends = random.uniform((plot.across.low, plot.up.low), (plot.across.high, plot.up.high), (2, 2))
        xs, ys = (ends[0] + np.linspace(0, 1, 20001)[:, None] * (ends[1] - ends[0])).T
        values = sample(plot.function, {plot.across.name: xs, plot.up.name: ys})  # type: ignore[dict-item]
        if not np.isfinite(values).all():
            continue
        for contour in plot.contours:
            # a simplified line is a little beside the true one: not where that could be another number
            shifts = (-2e-3 * np.ptp(values), 0.0, 2e-3 * np.ptp(values))
            counts = {int(np.diff(values > contour.level + shift).sum()) for shift in shifts}
            if len(counts) == 1:
                assert sum(crossings(line, *ends) for line in contour.lines) in counts


def crossings(line: Line, start: np.ndarray, end: np.ndarray) -> int:
    """How often `line` meets the straight line from `start` to `end`."""

    def sides(points: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return ((b - a)[..., 0] * (points - a)[..., 1] - (b - a)[..., 1] * (points - a)[..., 0]) > 0

    points = np.array(line)
    before, after = points[:-1], points[1:]
    parted = sides(before, start, end) != sides(after, start, end)
    return int((parted & (sides(start, before, after) != sides(end, before, after))).sum())


@pytest.mark.parametrize("name", CONTOURS)
def test_lines_are_inside_the_axes(name: str) -> None:
    plot = contour_picture(name)
    for line in (*(line for contour in plot.contours for line in contour.lines), *plot.outside):
        for point in line:
            assert plot.across.low <= point[0] <= plot.across.high
            assert plot.up.low <= point[1] <= plot.up.high


# picture, levels
LEVELS: list[tuple[str, list[float]]] = [
    ("bowl with two paths", [1, 4, 9, 16, 25, 36]),
    ("saddle", [-3.2, -1.8, -0.8, -0.2, 0, 0.2, 0.8, 1.8, 3.2]),
    ("folium", [-0.8, -0.2, 0, 0.2, 0.8, 1.8]),
    ("monkey saddle", [-9, -4, -1, 0, 1, 4, 9]),
    ("plane", [-4, -2, 0, 2, 4]),
    ("step", [-1, 1]),
    ("constant", []),
]


@pytest.mark.parametrize(("name", "expected"), LEVELS, ids=lambda c: c if isinstance(c, str) else "")
def test_levels(name: str, expected: list[float]) -> None:
    assert [contour.level for contour in contour_picture(name).contours] == expected


# values, extrema, saddles, levels
CHOSEN: list[tuple[list[float], list[float], list[float], list[float]]] = [
    ([0, 10], [], [], [2, 4, 6, 8]),
    ([5, 5], [], [], [5]),
    ([0, 100], [0], [], [2, 8, 18, 32, 50, 72]),
    ([-100, 0], [0], [], [-72, -50, -32, -18, -8, -2]),
    ([0, 100], [50], [], [5, 30, 45, 55, 70, 95]),
    # a value of many digits is rounded, the saddle's own level is not
    ([0, 1], [], [1 / 3], [0.15, 0.3, 1 / 3, 0.4, 0.55, 0.8]),
    # at least one line between two critical values, however near they are
    ([0, 1000], [0, 1], [], [0.5]),
]


@pytest.mark.parametrize(("values", "extrema", "saddles", "expected"), CHOSEN)
def test_choice_of_levels(
    values: list[float], extrema: list[float], saddles: list[float], expected: list[float]
) -> None:
    found = [level for level, _ in levels(np.linspace(*values, 101), extrema, saddles)]
    assert found == sorted(found)
    assert found[: len(expected)] == pytest.approx(expected)


@pytest.mark.parametrize("name", CONTOURS)
def test_levels_are_few(name: str) -> None:
    assert len(contour_picture(name).contours) <= 14


# picture, the levels that go through a critical point
CRITICAL = [
    ("bowl with two paths", []),
    ("saddle", [0.0]),
    ("folium", [0.0]),
    ("waves", [0.0]),
    ("monkey saddle", [0.0]),
]


@pytest.mark.parametrize(("name", "expected"), CRITICAL)
def test_lines_through_saddle_points(name: str, expected: list[float]) -> None:
    plot = contour_picture(name)
    assert [contour.level for contour in plot.contours if contour.critical] == expected
    cell = (plot.across.high - plot.across.low) / 160
    for contour in plot.contours:
        for mark in plot.marks:
            if contour.critical and mark.kind == "saddle":
                assert min(away(mark.at, line) for line in contour.lines) < cell


def away(point: Point, line: Line) -> float:
    """How far `point` is from `line`."""
    return min(_from_piece(np.array(point), np.array(start), np.array(end)) for start, end in pairwise(line))


def _from_piece(point: np.ndarray, start: np.ndarray, end: np.ndarray) -> float:
    along = end - start
    part = np.clip((point - start) @ along / max(along @ along, 1e-300), 0, 1)
    return float(np.hypot(*(point - start - part * along)))


def test_no_line_across_a_jump() -> None:
    assert all(abs(px) > 1e-3 for line in lines_of(contour_picture("step")) for px, _ in line)


def test_no_line_along_a_pole() -> None:
    # x/y has each value on a line through the origin, and none on y = 0
    for line in lines_of(contour_picture("pole")):
        assert max(abs(py) for _, py in line) > 0.1


def lines_of(plot: ContourPlot) -> list[Line]:
    return [line for contour in plot.contours for line in contour.lines]


def test_a_closed_line_is_closed() -> None:
    (smallest, *_) = contour_picture("bowl with two paths").contours
    ((first, *_, last),) = smallest.lines
    assert first == last


def test_equal_steps_on_a_paraboloid() -> None:
    plot = contour_plot(HILL, (x, y), marks=[Mark("maximum", ORIGIN)])
    radii = [math.sqrt(4 - contour.level) for contour in plot.contours]
    gaps = {round(before - after, 9) for before, after in pairwise(radii)}
    assert len(gaps) == 1


# --- where a function is not defined --------------------------------------------------------------------------------


def test_the_border_of_a_hole() -> None:
    plot = contour_plot(RING, (x, y), ranges=((-3, 3), (-2, 3)))
    (border,) = plot.outside
    assert border[0] == border[-1]
    assert all(math.hypot(*point) == pytest.approx(1, abs=1e-9) for point in border)
    area = sum(a[0] * b[1] - a[1] * b[0] for a, b in pairwise(border)) / 2
    assert abs(area) == pytest.approx(math.pi, rel=5e-3)  # of a polygon


def test_a_hole_at_the_edge() -> None:
    plot = contour_plot(LOGS, (x, y), ranges=((-1, 3), (-2, 2)))
    (border,) = plot.outside
    # the corner at the origin is cut off by one cell of the grid
    expected = {(-1, -2), (3, -2), (3, 0), (0.025, 0), (0, 0.025), (0, 2), (-1, 2)}
    assert {(round(px, 6), round(py, 6)) for px, py in border} == expected


# function, ranges
NOWHERE = [
    (apply("log", minus(Plus((square(x), square(y), number(1))))), None),
    (LOGS, ((-2.0, -1.0), (1.0, 2.0))),
]


@pytest.mark.parametrize(("function", "ranges"), NOWHERE)
def test_nothing_to_draw(function: Expr, ranges: tuple[tuple[float, float], tuple[float, float]] | None) -> None:
    with pytest.raises(CannotDerive, match="has no value for x from .* and y from"):
        contour_plot(function, (x, y), ranges=ranges)
    with pytest.raises(CannotDerive, match="has no value for x from .* and y from"):
        surface_plot(function, (x, y), ranges=ranges)


def test_a_symbol_without_a_value() -> None:
    with pytest.raises(CannotDerive, match="a picture needs a number for a"):
        contour_plot(Plus((x, Symbol("a"))), (x, y))


# --- ranges, ticks, marks -------------------------------------------------------------------------------------------

# function, marks, paths, ranges
RANGES: list[tuple[Expr, list[Mark], list[Path], tuple[tuple[float, float], tuple[float, float]]]] = [
    (PLANE, [], [], ((-2, 2), (-2, 2))),
    (LOGS, [], [], ((0, 4), (0, 4))),
    (apply("log", x), [], [], ((0, 4), (-2, 2))),
    (BOWL, [Mark("minimum", ORIGIN)], [], ((-2, 2), (-2, 2))),
    (BOWL, [Mark("minimum", (100.0, 0.0))], [], ((50, 150), (-50, 50))),
    (SADDLE, list(FOLIUM_MARKS), [], ((-0.4, 1.4), (-0.4, 1.4))),
    (BOWL, [Mark("minimum", ORIGIN)], [DESCENT, NEWTON], ((-1.5, 5.5), (-2.5, 2.5))),
]


@pytest.mark.parametrize(("function", "marks", "paths", "ranges"), RANGES)
def test_ranges(
    function: Expr, marks: list[Mark], paths: list[Path], ranges: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    plot = contour_plot(function, (x, y), marks=marks, paths=paths)
    assert ((plot.across.low, plot.across.high), (plot.up.low, plot.up.high)) == ranges


def test_given_ranges_are_kept() -> None:
    plot = contour_plot(BOWL, (x, y), marks=[Mark("minimum", ORIGIN), Mark("point", (9.0, 9.0))], ranges=AROUND)
    assert (plot.across.low, plot.across.high) == AROUND[0]
    assert plot.marks == (Mark("minimum", ORIGIN),)  # what is not in the picture is left out


# low, high, ticks
TICKS = [
    (0, 4, "0 1 2 3 4"),
    (-1.5, 5.5, "0 2 4"),
    (-0.4, 1.4, "0 1/2 1"),
    (0, 1, "0 1/5 2/5 3/5 4/5 1"),
    (-3e-6, 0, "-3/1000000 -1/500000 -1/1000000 0"),
    (0, 5e8, "0 100000000 200000000 300000000 400000000 500000000"),
    (0.1, 0.3, "1/10 3/20 1/5 1/4 3/10"),
]


@pytest.mark.parametrize(("low", "high", "expected"), TICKS)
def test_ticks(low: float, high: float, expected: str) -> None:
    assert ticks(low, high) == tuple(map(Fraction, expected.split()))


# number, the nice one below, the nice one above
NICE = [(1, 1, 1), (1.9, 1, 2), (3, 2, 5), (7, 5, 10), (0.04, 0.02, 0.05), (0.1, 0.1, 0.1), (2e9, 2e9, 2e9)]


@pytest.mark.parametrize(("value", "below", "above"), NICE)
def test_nice_numbers(value: float, below: float, above: float) -> None:
    assert (nice_step(value), step_above(value)) == (pytest.approx(below), pytest.approx(above))


# --- simplified lines -----------------------------------------------------------------------------------------------

ANGLES = np.linspace(0, 2 * math.pi, 1001)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
# points, how many are enough, at most
LINES = [
    (np.stack([np.linspace(0, 1, 50)] * 2, axis=1), 2),
    (np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), 3),
    (np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]), 3),
    (CIRCLE, 130),
]


@pytest.mark.parametrize(("points", "most"), LINES)
def test_simplified(points: np.ndarray, most: int) -> None:
    kept = simplified(points, 0.001)
    assert len(kept) <= most
    line: Line = tuple((float(px), float(py)) for px, py in points[kept])
    assert max(away((float(px), float(py)), line) for px, py in points) <= 0.001


# --- surfaces -------------------------------------------------------------------------------------------------------


def axes_on_paper(plot: SurfacePlot) -> np.ndarray:
    """Where the unit vectors of the variables and the function go on the paper: (2, 3); and the corner, (2, 1)."""
    rulers = (plot.across, plot.up, plot.height)
    columns = [(np.array(ruler.end) - np.array(ruler.start)) / (ruler.axis.high - ruler.axis.low) for ruler in rulers]
    lows = np.array([ruler.axis.low for ruler in rulers])
    directions = np.stack(columns, axis=1)
    corner = np.array(plot.across.start) - directions @ lows
    return np.concatenate([directions, corner[:, None]], axis=1)


@pytest.mark.parametrize("name", ["saddle, surface", "folium, surface", "waves, surface", "cup, surface"])
def test_what_is_seen_is_drawn_last(name: str) -> None:
    """The face drawn last at a place of the paper is the one that a ray from the viewer meets first."""
    plot = surface_picture(name)
    paper = axes_on_paper(plot)
    directions, corner = paper[:, :3], paper[:, 3]
    # in units of the box, or a steep function would make the ray's steps uneven
    across, up, height = (ruler.axis for ruler in (plot.across, plot.up, plot.height))
    towards = np.linalg.svd(directions)[2][-1]
    towards = towards * np.sign(towards[2])
    value = mesh_value(plot)
    random = np.random.default_rng(1)
    tried = 0
    while tried < 60:
        at = np.array([random.uniform(axis.low, axis.high) for axis in (across, up)])
        point = np.array([*at, value(*at)])
        ray = point[:, None] + towards[:, None] * np.linspace(-1, 1, 40001) * (height.high - height.low) * 4
        over = (ray[0] >= across.low) & (ray[0] <= across.high) & (ray[1] >= up.low) & (ray[1] <= up.high)
        ray = ray[:, over]
        above = ray[2] > value(ray[0], ray[1])
        crossed = np.flatnonzero(above[1:] != above[:-1])
        seen = ray[:, crossed[-1]] if len(crossed) else point
        shown = directions @ point + corner
        covering = [face for face in plot.faces if covers(face, shown)]
        if not covering:
            continue  # beside the mesh, by less than its bending
        expected = directions @ seen + corner
        assert expected == pytest.approx(shown, abs=1e-3)
        cell = 1.6 * math.hypot((across.high - across.low) / 24, (up.high - up.low) / 24)
        centre = np.mean(face_corners(covering[-1], plot, value), axis=0)
        assert np.hypot(*(centre - seen[:2])) < cell
        tried += 1


def mesh_value(plot: SurfacePlot) -> Callable[[Samples, Samples], Samples]:
    """The function as the mesh knows it: bilinear between 25 x 25 nodes."""
    axes = (plot.across.axis, plot.up.axis)
    names = (plot.across.axis.name, plot.up.axis.name)
    nodes = [np.linspace(axis.low, axis.high, 25) for axis in axes]
    values = sample(plot.function, dict(zip(names, np.meshgrid(*nodes, indexing="ij"), strict=True)))  # type: ignore[arg-type]

    def value(xs: Samples, ys: Samples) -> Samples:
        parts = [24 * (at - axis.low) / (axis.high - axis.low) for at, axis in zip((xs, ys), axes, strict=True)]
        (i, j) = (np.clip(np.floor(part).astype(int), 0, 23) for part in parts)
        p, q = parts[0] - i, parts[1] - j
        here = values[i, j] * (1 - q) + values[i, j + 1] * q
        there = values[i + 1, j] * (1 - q) + values[i + 1, j + 1] * q
        return np.asarray(here * (1 - p) + there * p)

    return value


def covers(face: Face, point: np.ndarray) -> bool:
    turns = [
        (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])
        for a, b in pairwise((*face.corners, face.corners[0]))
    ]
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)


def face_corners(face: Face, plot: SurfacePlot, value: Callable[[Samples, Samples], Samples]) -> np.ndarray:
    """The places of the variables at the corners of a face: those nodes of the mesh that are on the paper there."""
    paper = axes_on_paper(plot)
    across, up = (np.linspace(ruler.axis.low, ruler.axis.high, 25) for ruler in (plot.across, plot.up))
    nodes = np.array([(a, b) for a in across for b in up])
    heights = value(nodes[:, 0], nodes[:, 1])
    shown = (paper[:, :3] @ np.stack([nodes[:, 0], nodes[:, 1], heights]) + paper[:, 3:]).T
    near = [nodes[np.hypot(*(shown - corner).T) < 1e-9] for corner in np.array(face.corners)]
    return np.concatenate(near)


@pytest.mark.parametrize("name", SURFACES)
def test_spots_are_on_the_surface(name: str) -> None:
    plot = surface_picture(name)
    paper = axes_on_paper(plot)
    for spot in plot.spots:
        place = np.array([*spot.mark.at, spot.value])
        assert paper[:, :3] @ place + paper[:, 3] == pytest.approx(np.array(spot.at), abs=1e-9)


RIDGE = apply("exp", Product((number(-20), square(Plus((x, minus(y), number(Fraction(-3, 2))))))))
# function, places, whether they are hidden
HIDDEN: list[tuple[Expr, list[Point], list[bool]]] = [
    (CUP, [ORIGIN], [False]),
    (HILL, [ORIGIN], [False]),
    # behind and before a steep ridge along x - y = 3/2
    (RIDGE, [ORIGIN, (1.8, -1.8)], [True, False]),
    (WAVES, [(math.pi / 2, 0.0), (-math.pi / 2, 0.0)], [False, True]),
]


@pytest.mark.parametrize(("function", "places", "expected"), HIDDEN)
def test_hidden(function: Expr, places: list[Point], expected: list[bool]) -> None:
    variables = (v1, v2) if function == CUP else (x, y)
    ranges = AROUND if function == WAVES else ((-2.0, 2.0), (-2.0, 2.0))
    plot = surface_plot(function, variables, marks=[Mark("point", at) for at in places], ranges=ranges)
    assert [spot.hidden for spot in plot.spots] == expected


@pytest.mark.parametrize("name", SURFACES)
def test_faces_are_inside_the_box(name: str) -> None:
    plot = surface_picture(name)
    paper = axes_on_paper(plot)
    bounds = [(ruler.axis.low, ruler.axis.high) for ruler in (plot.across, plot.up, plot.height)]
    corners = [paper[:, :3] @ np.array(corner) + paper[:, 3] for corner in product(*bounds)]
    low, high = np.min(corners, axis=0) - 1e-9, np.max(corners, axis=0) + 1e-9
    assert plot.faces
    for face in plot.faces:
        assert 3 <= len(face.corners) <= 6
        assert 0 <= face.light <= 1
        assert all((low <= point).all() and (point <= high).all() for point in np.array(face.corners))


def test_faces_without_values_are_left_out() -> None:
    plot = surface_plot(LOGS, (x, y), ranges=((-4.0, 4.0), (-4.0, 4.0)))
    assert len(plot.faces) <= 12 * 12
