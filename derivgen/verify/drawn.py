"""Is a picture true: has the statement the value of a contour line where that is drawn, has a diagram its edges?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import pairwise

import numpy as np

from derivgen.derivation import Derivation
from derivgen.expr.nodes import At, Dim, Entry, Expr, Index, Number, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.expr.walk import symbols
from derivgen.picture import ContourPlot, Diagram, Picture
from derivgen.verify.arrays import BadPoint
from derivgen.verify.bench import Bench, Verdict

POINTS_OF_A_LINE = 3

# a line is drawn through points that are right to a tenth of a millimetre, of a picture some centimetres wide
TOLERANCE = 0.02


def check_picture(picture: Picture, statement: Expr, bench: Bench) -> Verdict:
    """Compares the statement with the level at some points of each contour line, relative to the range of levels."""
    if not isinstance(picture, ContourPlot):
        return Verdict("exact", bench.wanted)
    variables = tuple(one for one in (picture.across.name, picture.up.name) if isinstance(one, Symbol))
    if len(variables) < 2:
        return Verdict("unchecked", message="a picture by entries of an array")
    levels = [contour.level for contour in picture.contours]
    scale = max(levels, default=0.0) - min(levels, default=0.0) or 1.0
    evaluator = next(bench.evaluators(False), None)
    if evaluator is None:
        return Verdict("unchecked", message="no point was found")
    worst = 0.0
    for contour in picture.contours:
        for line in contour.lines:
            for point in line[:: max(1, len(line) // POINTS_OF_A_LINE)]:
                values = tuple(Number(Fraction(coordinate)) for coordinate in point)
                try:
                    with np.errstate(all="ignore"):
                        found = float(evaluator.array(At(statement, variables, values)).flat[0])
                except BadPoint:
                    continue
                apart = abs(found - contour.level) / scale
                worst = max(worst, apart)
                if apart > TOLERANCE:
                    return Verdict("wrong", 1, apart, f"{found:.4g} on the line of {contour.level:.4g}")
    return Verdict("numeric", 1, worst)


# --- diagrams -------------------------------------------------------------------------------------------------------


def check_diagram(diagram: Diagram, derivation: Derivation, levels: Mapping[str, Expr]) -> Verdict:
    """Are the edges of a graph the uses in the definitions `levels`, are layers of a network joined to the next?"""
    faults = _graph_faults(diagram, derivation, levels) if diagram.kind == "graph" else _network_faults(diagram)
    fault = next(faults, "")
    return Verdict("wrong", 1, message=fault) if fault else Verdict("exact", 1)


def _graph_faults(diagram: Diagram, derivation: Derivation, levels: Mapping[str, Expr]) -> Iterator[str]:
    """What is wrong with a graph: every quantity that the whole is made of is drawn, with an edge for each use."""
    top = derivation.quantity
    if top is None:
        yield "a graph of nothing"
        return
    meanings = {**levels, top.name: derivation.statement}
    needed: set[tuple[Symbol, Symbol]] = set()
    reached, waiting = {top}, [top]
    while waiting:
        user = waiting.pop()
        for part in symbols(meanings[user.name]) if user.name in meanings else ():
            needed.add((part, user))
            if part not in reached:
                reached.add(part)
                waiting.append(part)
    place = {name: k for k, node in enumerate(diagram.nodes) for name in (node.name, *node.hidden) if name is not None}
    if set(place) != reached or sum(len(node.hidden) or 1 for node in diagram.nodes) != len(reached):
        yield f"the nodes are not what {top.name} is made of"
        return
    found = [(edge.start, edge.end) for edge in diagram.edges]
    wanted = {(place[part], place[user]) for part, user in needed if place[part] != place[user]}
    if set(found) != wanted or len(found) != len(wanted):
        yield "the edges are not the uses in the definitions"
    yield from _geometry_faults(diagram)


def _network_faults(diagram: Diagram) -> Iterator[str]:
    """What is wrong with a network: its layers have their units, all joined to all of the next layer, and no others."""
    columns: dict[float, list[int]] = {}
    for k, node in enumerate(diagram.nodes):
        columns.setdefault(node.at[0], []).append(k)
    units = {at: [k for k in own if diagram.nodes[k].kind != "dots"] for at, own in columns.items()}
    for name, column in zip(diagram.layers, diagram.columns, strict=True):
        size, _ = shape(name)
        own = sorted(columns.get(column, []), key=lambda k: -diagram.nodes[k].at[1])
        if not _is_layer([diagram.nodes[k].name for k in own], name, size):
            yield f"the units of {text(name)} are not its entries"
    if set(units) != set(map(float, range(len(units)))) or any(units[at] for at in set(units) - set(diagram.columns)):
        yield "a column belongs to no layer"
    found = [(edge.start, edge.end) for edge in diagram.edges]
    wanted = {(a, b) for at in units for a in units[at] for b in units.get(at + 1, ())}
    if set(found) != wanted or len(found) != len(wanted):
        yield "the units are not joined to all of the next layer"
    for gap, weight in enumerate(diagram.weights):
        (before, _), (after, _) = (shape(diagram.layers[k]) for k in (gap, gap + 1))
        if shape(weight) not in ((after, before), (before, after)):
            yield f"{text(weight)} does not fit between its layers"
    yield from _geometry_faults(diagram)


def _is_layer(shown: list[Expr | None], name: Expr, size: Dim) -> bool:
    """Whether `shown`, downwards and None for dots, are the entries of `name` from the first to the last."""
    if shown == [name]:
        return size == Dim(1)
    numbers: list[int | str | None] = []
    for one in shown:
        match one:
            case None:
                numbers.append(None)
            case Entry(base, (int(number),)) if base == name:
                numbers.append(number)
            case Entry(base, (Index(_, dim),)) if base == name and dim == size:
                numbers.append("last")
            case _:
                return False
    last = "last" if size.names else size.number
    if None not in numbers:
        return numbers == list(range(1, size.number + 1)) and not size.names
    return numbers == [*range(1, len(numbers) - 1), None, last] and len(numbers) > 2


def _geometry_faults(diagram: Diagram) -> Iterator[str]:
    """Edges go from left to right, nodes stand apart, and what is strong is joined by strong edges."""
    for edge in diagram.edges:
        points = (diagram.nodes[edge.start].at, *edge.bends, diagram.nodes[edge.end].at)
        if any(one[0] >= other[0] for one, other in pairwise(points)):
            yield "an edge does not go from left to right"
        if edge.strong and not (diagram.nodes[edge.start].strong and diagram.nodes[edge.end].strong):
            yield "the path is not one"
    for k, node in enumerate(diagram.nodes):
        if any(node.at[0] == other.at[0] and abs(node.at[1] - other.at[1]) < 0.9 for other in diagram.nodes[:k]):
            yield "two nodes stand in one place"
