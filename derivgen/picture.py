"""What a picture shows, as numbers: it is computed in derive (drawing.py) and drawn by render (picture.py).

Nothing here knows a format. Unless a field says otherwise, lengths and places are in the units of the two variables.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from derivgen.expr.nodes import Entry, Expr, Symbol

Variable = Symbol | Entry
"""What an axis shows: a scalar symbol, or one entry of a vector."""

Point = tuple[float, float]
"""Across, up."""

Line = tuple[Point, ...]
"""Points joined by straight pieces; the first and the last are equal where the line is closed."""

Label = Expr | tuple[Expr, ...] | str
"""What stands beside something: a formula, the coordinates of a point (printed in parentheses), or words."""

MarkKind = Literal["minimum", "maximum", "saddle", "undecided", "point"]
"""What a critical point is; `point` is one that is not critical, such as the start of a path."""

PathKind = Literal["descent", "newton", "path"]


@dataclass(frozen=True, slots=True)
class Axis:
    """The variable `name` (None for the value of the function) from `low` to `high`, with `ticks` between them."""

    name: Expr | None
    low: float
    high: float
    ticks: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Contour:
    """Where the function has the value `level`. It is `critical` where it goes through a critical point."""

    level: float
    lines: tuple[Line, ...]
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """A point with a name for what it is."""

    kind: MarkKind
    at: Point
    label: Label = ""


@dataclass(frozen=True, slots=True)
class Path:
    """The points that a method goes through, in order; there is an arrow from each to the next."""

    kind: PathKind
    points: Line


@dataclass(frozen=True, slots=True)
class ContourPlot:
    """Contour lines of `function` with points and paths on them.

    `outside` are the borders of the regions where the function is not defined, closed lines; what an even number of
    them surrounds is inside its domain. Contours and borders lie within the axes; a path may leave them.
    """

    function: Expr
    across: Axis
    up: Axis
    contours: tuple[Contour, ...]
    marks: tuple[Mark, ...] = ()
    paths: tuple[Path, ...] = ()
    outside: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Face:
    """One piece of a surface, a polygon in the plane of the paper; `light` is from 0 (dark) to 1 (fully lit)."""

    corners: Line
    light: float


@dataclass(frozen=True, slots=True)
class Ruler:
    """An axis of a surface plot, in the plane of the paper: it goes from `start` (axis.low) to `end` (axis.high).

    `outward` is where its ticks point, away from the surface, a vector of length 1.
    """

    axis: Axis
    start: Point
    end: Point
    outward: Point


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a mark stands on the paper; it is `hidden` where the surface is in front of it."""

    mark: Mark
    at: Point
    value: float
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class SurfacePlot:
    """The graph of `function` over a rectangle, seen from afar (so that parallels stay parallel).

    All places are in the plane of the paper, in a unit of which the picture is about one wide, but for the marks inside
    `spots`, which are in the units of the variables. `faces` are in the order of drawing, the farthest first, and
    `behind` are the edges of the box behind them.
    """

    function: Expr
    across: Ruler
    up: Ruler
    height: Ruler
    faces: tuple[Face, ...]
    behind: tuple[Line, ...] = ()
    spots: tuple[Spot, ...] = ()


NodeKind = Literal["given", "made", "dots"]
"""What a node of a diagram is: given from outside, made of others, or dots in place of several."""

DiagramKind = Literal["graph", "network"]
"""A graph of named quantities with an arrow from what is used to what uses it, or layers of a network."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of a diagram; `at` is its column, counted from 0 on the left, and how far it is up, in rows.

    `name` is what it stands for; dots have none, and stand for those in `hidden`, in a graph.
    """

    name: Expr | None
    kind: NodeKind
    at: Point
    hidden: tuple[Expr, ...] = ()
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Edge:
    """A line from the node at `start` among the nodes of its diagram to that at `end`, through `bends`."""

    start: int
    end: int
    bends: Line = ()
    strong: bool = False


@dataclass(frozen=True, slots=True)
class Diagram:
    """Nodes and edges between them; what is on the path to be seen is `strong`.

    A network has the names of its `layers`, each with the column that it is in (some may be left out), and of the
    `weights` in the gaps from the left on, where they are to be shown.
    """

    kind: DiagramKind
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    layers: tuple[Expr, ...] = ()
    columns: tuple[int, ...] = ()
    weights: tuple[Expr, ...] = ()


Picture = ContourPlot | SurfacePlot | Diagram
