"""Pictures of a function of two variables: contours or surface, critical points, the path of a method."""

from __future__ import annotations

from dataclasses import replace

from derivgen.derivation import Derivation, Drawing
from derivgen.derive.critical import classify
from derivgen.derive.drawing import Ranges, contour_plot, surface_plot
from derivgen.derive.evaluation import substituted, ungrouped
from derivgen.derive.partials import Work, work_on
from derivgen.derive.scalar import derivative
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import Expr, Layout, Matrix, Number, Symbol
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.picture import Mark, MarkKind, Path, Point
from derivgen.problem.model import Part


def plot(part: Part, layout: Layout) -> Derivation:
    """The picture of a function: `kind` contours, surface, or path (a descent from `start` with `rate`)."""
    work = work_on(part)
    given = part.given
    variables = work.variables
    if len(variables) != 2:
        raise CannotDerive(f"a picture is of two variables, here are {len(variables)}")
    function = _with_values(work)
    ranges = _ranges(part)
    x, y = variables
    marks = _critical(part)
    if given.at:
        point = tuple(dict(given.at).values())
        marks.append(Mark("point", _point(point), point))
    if given.kind == "surface":
        work.steps.append(Drawing(surface_plot(function, (x, y), marks=marks, ranges=ranges, name=work.quantity)))
    else:
        paths = [_descent(work, function)] if given.start else []
        if given.kind == "path" and not paths:
            raise CannotDerive("a path needs a point to start from: `start: [4, 2]`")
        if paths:
            marks.append(Mark("point", paths[0].points[0], Symbol("x0", latex=r"\mathbf{x}^{(0)}")))
        work.steps.append(Drawing(contour_plot(function, (x, y), marks=marks, paths=paths, ranges=ranges)))
    return work.finished("plot", work.quantity, work.statement)


def _critical(part: Part) -> list[Mark]:
    """The critical points with their kinds, as far as they can be found."""
    asked = replace(part, task="classify", given=replace(part.given, at=(), start=()))
    try:
        found = classify(asked, Layout.DENOMINATOR)
    except CannotDerive:
        return []
    kinds = found.verdict.split(", ")
    assert isinstance(found.result, Matrix)
    wide = found.result.shape[1].number
    points = [found.result.entries[n : n + wide] for n in range(0, len(found.result.entries), wide)]
    return [Mark(KINDS[kind], _point(point), point) for kind, point in zip(kinds, points, strict=True) if kind in KINDS]


KINDS: dict[str, MarkKind] = {
    "minimum": "minimum",
    "maximum": "maximum",
    "saddle": "saddle",
    "undecided": "undecided",
}


def _with_values(work: Work) -> Expr:
    """The statement with the numbers of the symbols that have them."""
    values = {
        work.part.scope.symbols[name]: Number(rows[0][0])
        for name, rows in work.part.scope.values.items()
        if len(rows) == 1 and len(rows[0]) == 1
    }
    return ungrouped(substituted(work.statement, values))


def _ranges(part: Part) -> Ranges | None:
    ranges = part.given.ranges
    if len(ranges) != 2:
        return None
    (left, right), (low, high) = ranges
    return (float(left), float(right)), (float(low), float(high))


def _point(values: tuple[Expr, ...]) -> Point:
    across, up = (float(to_sympy(value)) for value in values)
    return across, up


def _descent(work: Work, function: Expr) -> Path:
    """The points of a descent, or of Newton's method where no rate is given, in floating point: for drawing only."""
    import numpy as np

    from derivgen.expr.sampling import sample

    given = work.part.given
    x, y = work.variables
    slopes = [derivative(function, one) for one in (x, y)]
    curvature = [[derivative(slope, one) for one in (x, y)] for slope in slopes]

    def value(expr: Expr, at: Point) -> float:
        return float(np.asarray(sample(expr, {x: np.array(at[0]), y: np.array(at[1])})))

    points = [_point(given.start)]
    for _ in range(given.steps):
        here = points[-1]
        slope = np.array([value(one, here) for one in slopes])
        if given.rate is not None:
            step = float(given.rate) * slope
        else:
            step = np.linalg.solve(np.array([[value(one, here) for one in row] for row in curvature]), slope)
        if not np.isfinite(step).all():
            raise CannotDerive(f"the path leaves the domain at ({here[0]:.4g}, {here[1]:.4g})")
        points.append((here[0] - float(step[0]), here[1] - float(step[1])))
    return Path("newton" if given.rate is None else "descent", tuple(points))
