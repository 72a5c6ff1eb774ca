"""Diagrams on paper and on screen: no name over another or over an edge, thick paths, each format can be read."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from derivgen.derive.diagram import graph_diagram, network_diagram
from derivgen.expr.nodes import ONE, SCALAR, Dim, Expr, Symbol
from derivgen.picture import Diagram
from derivgen.render.engine import compile_with_log, engines
from derivgen.render.environment import words
from derivgen.render.picture import CM, picture_svg, picture_tikz, picture_view
from derivgen.render.picture_layout import layout_of
from derivgen.render.placement import Box, segments
from tests.derive.test_diagram import random_uses
from tests.render.test_picture import document

SAID = words("en")["picture"]


def named(*names: str) -> list[Symbol]:
    return [Symbol(name) for name in names]


def chain() -> Diagram:
    x, w, z, h, L = named("x", "w", "z", "h", "L")
    return graph_diagram({L: [h], h: [z], z: [x, w], x: [], w: []}, (L, h, z, w))


def long_names() -> Diagram:
    x, y, u, v, whole = named("x", "y", "learning", "theta_prev", "objective")
    return graph_diagram({whole: [u, v, x], u: [x, y, v], v: [x, y], x: [], y: []})


def network(*sizes: int | str) -> Diagram:
    dims = [Dim(size) if isinstance(size, int) else Dim(1, (size,)) for size in sizes]
    layers: list[Expr] = [Symbol(f"h_{k}", (dim, ONE) if dim != ONE else SCALAR) for k, dim in enumerate(dims, 1)]
    return network_diagram(
        dims, layers, [Symbol(f"W_{k}", (after, before)) for k, (before, after) in enumerate(pairwise(dims), 1)]
    )


DIAGRAMS = {
    "chain": chain(),
    "long names": long_names(),
    **{f"random {seed}": graph_diagram(random_uses(seed, 4 + seed % 8, 3)) for seed in range(16)},
    "2-3-1": network(2, 3, 1),
    "4-6-6-4-2": network(4, 6, 6, 4, 2),
    "n-m-1": network("n", "m", 1),
    "large": network(100, "n", 30, 6, 5, 4, 3),
}


@pytest.mark.parametrize("diagram", DIAGRAMS.values(), ids=DIAGRAMS)
def test_nothing_covers_anything(diagram: Diagram) -> None:
    layout = layout_of(diagram, SAID)
    nodes = [node.box for node in layout.nodes]
    for one, other in combinations(nodes, 2):
        assert not one.grown(0.04).meets(other.border())
    texts = [Box(((a + c) / 2, (b + d) / 2), c - a, d - b) for (a, b), (c, d) in (t.corners() for t in layout.texts)]
    for one, other in combinations(texts, 2):
        assert not one.meets(other.border())
    for text in texts:
        # a name is inside its node, or outside all of them
        assert all(text.inside(box) or not text.meets(box.border()) for box in nodes)
    for edge, drawn in zip(diagram.edges, layout.edges, strict=True):
        for k, node in enumerate(nodes):
            if k not in (edge.start, edge.end):
                assert all(apart(node.centre, piece) > node.height / 2 + 0.05 for piece in pairwise(drawn.line))
        # the names of layers and weights stand beside the lines
        for text in texts[sum(node.name is not None for node in diagram.nodes) :]:
            assert not text.meets(segments([drawn.line]))


def apart(point: tuple[float, float], piece: tuple[tuple[float, float], tuple[float, float]]) -> float:
    (a, b), (c, d) = piece
    part = ((point[0] - a) * (c - a) + (point[1] - b) * (d - b)) / ((c - a) ** 2 + (d - b) ** 2)
    part = min(1.0, max(0.0, part))
    return math.dist(point, (a + part * (c - a), b + part * (d - b)))


@pytest.mark.parametrize("diagram", DIAGRAMS.values(), ids=DIAGRAMS)
def test_a_page_has_room(diagram: Diagram) -> None:
    box = layout_of(diagram, SAID).extent()
    assert box.width <= 15.8 and box.height <= 12


@pytest.mark.skipif(not engines(), reason="there is no TeX engine")
def test_tikz_compiles() -> None:
    made = compile_with_log(document("\n\n".join(rf"\noindent\hfil{picture_tikz(one)}" for one in DIAGRAMS.values())))
    assert [box for box in made.boxes if box.overfull] == []
    assert "Missing character" not in made.log


@pytest.mark.parametrize("diagram", DIAGRAMS.values(), ids=DIAGRAMS)
def test_svg_is_well_formed(diagram: Diagram) -> None:
    root = ElementTree.fromstring(picture_svg(diagram))
    assert root[0].text and root[1].text


def test_a_path_is_thick_and_drawn_last() -> None:
    view = picture_view(chain(), CM, SAID)
    strong = [edge.strong for edge in view.edges]
    assert strong == sorted(strong) and sum(strong) == 3
    assert [node.strong for node in view.nodes].count(True) == 4
    assert 'stroke-width="2.6"' in picture_svg(chain()) and "1.7pt" in picture_tikz(chain())


# diagram, its title, a sentence about it
SENTENCES = [
    (chain(), "What L is made of", "z is made of x, w."),
    (chain(), "What L is made of", "The thick path is w → z → h → L."),
    (network(2, 3, 1), "A network in layers", "Each unit is joined to all of the next layer."),
]


@pytest.mark.parametrize(("diagram", "title", "sentence"), SENTENCES)
def test_text_alternative(diagram: Diagram, title: str, sentence: str) -> None:
    view = picture_view(diagram, CM, SAID)
    assert view.title == title
    assert sentence in view.description
