"""Where the nodes and edges of a diagram go, in cm: columns as wide as their names, edges cut at the nodes."""

from __future__ import annotations

import math
from itertools import pairwise

from derivgen.expr.nodes import Entry
from derivgen.picture import Diagram, Line, Node, Point
from derivgen.render.lettering import Written, text_of
from derivgen.render.picture_layout import CAPITAL, EM, HEAD, HEAD_WIDTH, DrawnEdge, DrawnNode, Layout, Text
from derivgen.render.placement import Box, cut

RADIUS, LARGEST = 0.36, 0.46
"""Of a node; those of a network are larger where a name needs it, in a graph it gets a box as high."""
BETWEEN = {"graph": 0.33, "network": 0.2}
"""Between the nodes of a column."""
GAPS = {"graph": (0.7, 1.15), "network": (1.2, 2.1)}
"""Between the borders of the nodes of two columns, at least and at most."""
WIDEST = 14.6
"""What a page has room for."""


def diagram_layout(diagram: Diagram) -> Layout:
    layout = Layout()
    labels = [text_of(node.name) if node.name is not None else None for node in diagram.nodes]
    widest = max((label.em * EM for label in labels if label is not None), default=0.0)
    radius = RADIUS if diagram.kind == "graph" else min(LARGEST, max(RADIUS, widest / 2 + 0.07))
    widths = [_width(label, radius) for label in labels]
    row = 2 * radius + BETWEEN[diagram.kind]
    across = _columns(diagram, widths)

    def at(point: Point) -> Point:
        # a bend may be between two columns, never beyond them
        return across[round(point[0])], point[1] * row

    boxes = [Box(at(node.at), wide, 2 * radius) for node, wide in zip(diagram.nodes, widths, strict=True)]
    directed = diagram.kind == "graph"
    for edge in diagram.edges:
        line = (boxes[edge.start].centre, *map(at, edge.bends), boxes[edge.end].centre)
        layout.edges.append(_edge(line, boxes[edge.start], boxes[edge.end], directed, edge.strong))
    for node, box, label in zip(diagram.nodes, boxes, labels, strict=True):
        layout.nodes.append(_node(diagram, node, box))
        if label is not None:
            layout.texts.append(Text((box.centre[0], box.centre[1] - CAPITAL / 2), label))
    if diagram.kind == "network":
        _captions(layout, diagram, boxes, across)
    return layout


def _width(label: Written | None, radius: float) -> float:
    """Of a node: a circle's where the name has room in it."""
    wide = 0.0 if label is None else label.em * EM
    return 2 * radius if wide <= 2 * radius - 0.13 else wide + 0.3


def _columns(diagram: Diagram, widths: list[float]) -> list[float]:
    """The middle of each column: as far apart as the page allows, within limits."""
    count = 1 + max(round(node.at[0]) for node in diagram.nodes)
    wide = [0.0] * count
    for node, own in zip(diagram.nodes, widths, strict=True):
        wide[round(node.at[0])] = max(wide[round(node.at[0])], own)
    least, most = GAPS[diagram.kind]
    gap = max(least, min(most, (WIDEST - sum(wide)) / max(1, count - 1)))
    units = {round(node.at[0]) for node in diagram.nodes if node.kind != "dots"}
    middles = [wide[0] / 2]
    for column, (before, after) in enumerate(pairwise(wide)):
        # no lines lead to a layer of dots
        near = diagram.kind == "network" and not {column, column + 1} <= units
        middles.append(middles[-1] + before / 2 + (gap / 4 if near else gap) + after / 2)
    return middles


def _node(diagram: Diagram, node: Node, box: Box) -> DrawnNode:
    if node.kind != "dots":
        return DrawnNode(node.kind, box, node.strong)
    alone = [other for other in diagram.nodes if other.at[0] == node.at[0]] == [node]
    return DrawnNode("dots across" if alone else "dots down", box, node.strong)


def _edge(line: Line, start: Box, end: Box, directed: bool, strong: bool) -> DrawnEdge:
    """A line from border to border, with the head of an arrow where it is `directed`."""
    first, last = _border(start, line[1]), _border(end, line[-2])
    points = [first, *line[1:-1], last]
    if not directed:
        return DrawnEdge(tuple(points), None, strong)
    scale = 1.25 if strong else 1.0
    (x, y), (tip_x, tip_y) = points[-2], last
    size = math.dist((x, y), last)
    along = ((tip_x - x) / size, (tip_y - y) / size)
    base = (tip_x - along[0] * HEAD * scale, tip_y - along[1] * HEAD * scale)
    side = (-along[1] * HEAD_WIDTH * scale / 2, along[0] * HEAD_WIDTH * scale / 2)
    head = (last, (base[0] + side[0], base[1] + side[1]), (base[0] - side[0], base[1] - side[1]))
    # the line ends inside the head
    inner = (tip_x - along[0] * HEAD * 0.6, tip_y - along[1] * HEAD * 0.6)
    return DrawnEdge((*points[:-1], inner), head, strong)


def _border(box: Box, towards: Point) -> Point:
    """Where the border of a node, a circle or a box, is met by a line from its middle."""
    x, y = box.centre
    if box.width == box.height:
        size = math.dist(box.centre, towards)
        radius = box.width / 2
        return x + (towards[0] - x) * radius / size, y + (towards[1] - y) * radius / size
    ((outside, *_),) = cut((box.centre, towards), box) or (((x, y),),)
    return outside


def _captions(layout: Layout, diagram: Diagram, boxes: list[Box], across: list[float]) -> None:
    """The names of layers in a line below them, those of weights above the lines of their gap."""
    low = min(box.centre[1] - box.height / 2 for box in boxes)
    tops = [
        max(box.centre[1] for box, node in zip(boxes, diagram.nodes, strict=True) if round(node.at[0]) == column)
        for column in range(len(across))
    ]
    for name, column in zip(diagram.layers, diagram.columns, strict=True):
        alone = any(node.name == name for node in diagram.nodes)
        if not alone and not isinstance(name, Entry):
            layout.texts.append(Text((across[column], low - 0.25 - 1.2 * CAPITAL), text_of(name)))
    for gap, weight in enumerate(diagram.weights):
        written = text_of(weight)
        middle = (across[gap] + across[gap + 1]) / 2
        # the highest line of the gap rises over half the width of the name
        rise = abs(tops[gap + 1] - tops[gap]) / (across[gap + 1] - across[gap]) * written.em * EM / 2
        up = (tops[gap] + tops[gap + 1]) / 2 + rise + 0.12 + 0.3 * CAPITAL
        layout.texts.append(Text((middle, up), written))
