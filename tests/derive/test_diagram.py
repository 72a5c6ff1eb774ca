"""Diagrams: the edges are the uses, sums over paths against SymPy, layouts without overlaps, mistakes found."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import sympy

from derivgen.build.solve import Solved
from derivgen.derivation import Derivation, Drawing, Rewrite, Statement
from derivgen.derive.diagram import MOST_COLUMNS, MOST_ROWS, graph_diagram, network_diagram
from derivgen.derive.layering import columns_of, placed
from derivgen.errors import UserError
from derivgen.expr.nodes import ONE, Dim, Expr, Layout, Matrix, Symbol
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.picture import Diagram, Edge, Node
from derivgen.verify.checks import check_derivation
from derivgen.verify.drawn import check_diagram

from .solving import parts_of, solved

SCALARS = ", ".join(f"{name}: scalar" for name in ("x", "y", "w", "b", "t", "p", "q"))
ARRAYS = "X: vector(n), A: 'matrix(m, n)', c: vector(m), X5: vector(5), A4: vector(4)"


def given(task: str, define: str = "{}") -> str:
    return f"title: Diagram\nsymbols: {{{SCALARS}, {ARRAYS}}}\ndefine: {define}\nparts:\n  - {task}\n"


def picture_of(answer: Solved) -> Diagram:
    assert answer.derivation is not None and answer.report is not None and answer.report.verified
    (drawing,) = [step for step in answer.derivation.steps if isinstance(step, Drawing)]
    assert isinstance(drawing.picture, Diagram)
    return drawing.picture


def name(node: Node) -> str:
    return "..." if node.name is None else text(node.name)


def edges_of(diagram: Diagram, strong: bool = False) -> str:
    """What is thick, or all, as `x>z z>h`."""
    found = [edge for edge in diagram.edges if edge.strong or not strong]
    return " ".join(f"{name(diagram.nodes[edge.start])}>{name(diagram.nodes[edge.end])}" for edge in found)


NEURON = "{z: w*x + b, h: sigmoid(z), o: h**2, L: (o - t)**2}"
PRODUCT = "{u: x + y, v: x - y, f: u*v}"
LAYER = "{z: A @ X + c, a: sigmoid(z), L: sum(a**2)}"

# define, what is drawn, its path, all edges, the thick ones
GRAPHS = [
    (NEURON, "L", "[]", "x>z w>z b>z z>h h>o o>L t>L", ""),
    (NEURON, "L", "[L, o, h, z, w]", "x>z w>z b>z z>h h>o o>L t>L", "w>z z>h h>o o>L"),
    (NEURON, "h", "[x, z]", "x>z w>z b>z z>h", "x>z"),
    (PRODUCT, "f", "[]", "x>u x>v y>u y>v u>f v>f", ""),
    (PRODUCT, "u*v", "[v, x]", "x>u x>v y>u y>v u>f_1 v>f_1", "x>v v>f_1"),
    (PRODUCT, "u*v + x", "[x]", "x>u x>v x>f_1 y>u y>v u>f_1 v>f_1", "x>f_1"),
    (LAYER, "L", "[A, z, a, L]", "X>z A>z c>z z>a a>L", "A>z z>a a>L"),
    ("{u: x**2, v: u*x}", "v", "[]", "x>u x>v u>v", ""),
]


@pytest.mark.parametrize(("define", "drawn", "path", "edges", "strong"), GRAPHS)
def test_graphs(tmp_path: Path, define: str, drawn: str, path: str, edges: str, strong: str) -> None:
    task = f"{{diagram: '{drawn}', path: {path}}}"
    diagram = picture_of(solved(tmp_path, given(task, define)))
    whole = name(diagram.nodes[-1])
    assert sorted(edges_of(diagram).split()) == sorted(edges.replace("f_1", whole).split())
    assert sorted(edges_of(diagram, strong=True).split()) == sorted(strong.replace("f_1", whole).split())


# define, what is drawn, by what, the whole in it
SUMS = [
    (NEURON, "L", "w", "((1/(1 + exp(-(w*x + b))))**2 - t)**2"),
    (NEURON, "L", "t", "((1/(1 + exp(-(w*x + b))))**2 - t)**2"),
    (PRODUCT, "f", "x", "(x + y)*(x - y)"),
    ("{u: x*y, v: x**2 - y**2}", "(u - v)*exp(u)", "x", "(x*y - x**2 + y**2)*exp(x*y)"),
    ("{u: x*y, v: u**2 + x, s: v*u*x}", "s", "x", "((x*y)**2 + x)*x*y*x"),
]


@pytest.mark.parametrize(("define", "drawn", "by", "whole"), SUMS)
def test_sums_over_paths(tmp_path: Path, define: str, drawn: str, by: str, whole: str) -> None:
    answer = solved(tmp_path, given(f"{{diagram: '{drawn}', wrt: {by}}}", define))
    picture_of(answer)
    derivation = answer.derivation
    assert derivation is not None and not isinstance(derivation.result, Matrix)
    symbols = {one: sympy.Symbol(one, real=True) for one in ("x", "y", "w", "b", "t")}
    expected = sympy.diff(sympy.sympify(whole, locals=symbols), symbols[by])
    found = to_sympy(derivation.result)
    for level, meaning in reversed(derivation.named):
        found = found.subs(to_sympy(level), to_sympy(meaning)) if "|" not in level.name else found
    found = found.replace(lambda one: one.func.__name__ == "sigmoid", lambda one: 1 / (1 + sympy.exp(-one.args[0])))
    at = dict(zip(symbols.values(), (0.3, 0.7, -0.4, 0.2, 0.9), strict=True))
    assert float(found.subs(at)) == pytest.approx(float(expected.subs(at)))


def test_the_thick_path_has_its_product(tmp_path: Path) -> None:
    answer = solved(tmp_path, given("{diagram: f, wrt: x, path: [f, v, x]}", PRODUCT))
    assert answer.derivation is not None
    lines = [text(step.after) for step in answer.derivation.steps if isinstance(step, Rewrite)]
    assert lines[0] == "diff(f, u) * diff(u, x) + diff(f, v) * diff(v, x)"
    (said,) = [step for step in answer.derivation.steps if isinstance(step, Statement)]
    ((fact,),) = [said.facts]
    assert (text(fact.left), text(fact.right)) == ("diff(f, v) * diff(v, x)", "u * 1")


# --- networks -------------------------------------------------------------------------------------------------------

# fields, the nodes of each column from above
NETWORKS = [
    ("layers: [2, 3, 1]", ["x[1] x[2]", "h[1] h[2] h[3]", "y_hat"]),
    ("layers: [n, m, 1]", ["x[1] ... x[n]", "h[1] ... h[m]", "y_hat"]),
    ("layers: [8, 1]", ["x[1] x[2] x[3] x[4] ... x[8]", "y_hat"]),
    ("layers: [5, 4], names: [X5, A4]", ["X5[1] X5[2] X5[3] X5[4] X5[5]", "A4[1] A4[2] A4[3] A4[4]"]),
    ("layers: [1, 4, 1], names: ['X[j]', A4, t]", ["X[j]", "A4[1] A4[2] A4[3] A4[4]", "t"]),
    ("layers: [n, m], names: [X, c], weights: [A]", ["X[1] ... X[n]", "c[1] ... c[m]"]),
    ("layers: [1, 2, 1, 1, 1, 1, 2]", ["x", "h_1[1] h_1[2]", "h_2", "...", "y_hat[1] y_hat[2]"]),
]


@pytest.mark.parametrize(("fields", "columns"), NETWORKS)
def test_networks(tmp_path: Path, fields: str, columns: list[str]) -> None:
    diagram = picture_of(solved(tmp_path, given(f"{{diagram: network, {fields}}}")))
    across = sorted({node.at[0] for node in diagram.nodes})
    found = [sorted((node for node in diagram.nodes if node.at[0] == at), key=lambda one: -one.at[1]) for at in across]
    assert [" ".join(map(name, column)) for column in found] == columns


def test_all_paths_from_a_unit(tmp_path: Path) -> None:
    fields = "layers: [5, 4, 1], names: [X5, A4, t], path: ['X5[2]', A4, t]"
    diagram = picture_of(solved(tmp_path, given(f"{{diagram: network, {fields}}}")))
    expected = [f"X5[2]>A4[{k}]" for k in range(1, 5)] + [f"A4[{k}]>t" for k in range(1, 5)]
    assert sorted(edges_of(diagram, strong=True).split()) == sorted(expected)


# --- what is refused ------------------------------------------------------------------------------------------------

# task, define, what is said
REFUSED = [
    ("{diagram: L, path: [L, h]}", NEURON, "the path goes from h to L, which is not made of it directly"),
    ("{diagram: L, path: [q, L]}", NEURON, "the path goes through q, and L is not made of that"),
    ("{diagram: '2', path: [q]}", NEURON, "is made of nothing that has a name"),
    ("{diagram: L, wrt: x}", LAYER, "the chain rule goes through scalars|no vector of a known length"),
    ("{diagram: network, layers: [9, 1], path: ['X[5]', t]}", "{}", "which the diagram does not show"),
    ("{diagram: network, layers: [5, 4, 1], names: [X5, A4, t], path: [X5, t]}", "{}", "from one layer to the next"),
]


@pytest.mark.parametrize(("task", "define", "said"), REFUSED)
def test_refusals(tmp_path: Path, task: str, define: str, said: str) -> None:
    assert re.search(said, solved(tmp_path, given(task, define)).refusal)


# task, what is said
COMPLAINTS = [
    ("{diagram: network}", "a network needs its layers"),
    ("{diagram: x, layers: [1, 2]}", "`layers` goes with `diagram: network`"),
    ("{diagram: x, names: [x]}", "`names` goes with `diagram: network`"),
    ("{diagram: network, layers: [3]}", "a network has from 2 to 100 layers, this one has 1"),
    ("{diagram: network, layers: [3, -1]}", "`-1` is no number of units"),
    ("{diagram: network, layers: [3, 0]}", "`0` is no number of units"),
    ("{diagram: network, layers: [3, 2], names: [X5, A4]}", r"X5 is \(5, 1\), and its layer has 3 units"),
    ("{diagram: network, layers: [5, 4], names: [X5]}", "there are 2 layers and 1 names"),
    ("{diagram: network, layers: [n, n], weights: [A]}", "A is .* and leads from n to n units"),
    ("{diagram: network, layers: [n, m], weights: [A, A]}", "there are 1 gaps and 2 names"),
    ("{diagram: network, layers: [2, 3], names: ['x + y', x]}", "`names` has names, or entries"),
    ("{diagram: network, layers: [2, 3], wrt: x}", "`wrt` goes with a diagram of named quantities"),
    ("{derive: x, wrt: x, path: [x]}", "`path` does not go with `derive`"),
]


@pytest.mark.parametrize(("task", "said"), COMPLAINTS)
def test_complaints(tmp_path: Path, task: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parts_of(tmp_path, given(task))


# --- the layout -----------------------------------------------------------------------------------------------------


def test_columns() -> None:
    uses = {"L": ["o", "t"], "o": ["h"], "h": ["x"], "t": [], "x": []}
    assert columns_of(uses) == {"L": 3, "o": 2, "t": 2, "h": 1, "x": 0}


def random_uses(seed: int, quantities: int, most: int) -> dict[Symbol, list[Symbol]]:
    """A graph in which each quantity is used by one after it, and made of `most` things at most."""
    choice = random.Random(seed)
    given_ones = [Symbol(f"x{k}") for k in range(choice.randint(1, 4))]
    made = [Symbol(f"u{k}") for k in range(quantities)]
    known = list(given_ones)
    uses: dict[Symbol, list[Symbol]] = {}
    for one in made:
        parts = set(choice.sample(known, min(len(known), choice.randint(1, most))))
        uses[one] = [part for part in known if part in parts]
        known.append(one)
    used = {part for parts in uses.values() for part in parts}
    last = made[-1]
    uses[last] += [one for one in (*given_ones, *made[:-1]) if one not in used and one not in uses[last]]
    return dict(reversed(uses.items())) | {one: [] for one in given_ones}


@pytest.mark.parametrize("seed", range(40))
def test_nodes_stand_apart_and_edges_pass_them(seed: int) -> None:
    uses = random_uses(seed, 3 + seed % 9, 3)
    spots, bends = placed(uses)
    places = list(spots.values())
    assert len(set(places)) == len(places)
    for k, (across, up) in enumerate(places):
        assert all(across != other or abs(up - high) >= 0.99 for other, high in places[:k])
    for (start, end), through in bends.items():
        line = (spots[start], *through, spots[end])
        assert all(one[0] < other[0] for one, other in pairwise(line))
        for (left, low), (right, high) in pairwise(line):
            for one, (across, up) in spots.items():
                if one not in (start, end) and left <= across <= right:
                    height = low + (high - low) * (across - left) / (right - left)
                    assert abs(height - up) > 0.5


# uses, how many bends there are
STRAIGHT = [
    ({"f": ["a", "b"], "a": ["x", "y"], "b": ["x", "y"], "x": [], "y": []}, 0),
    ({"f": ["v"], "v": ["u"], "u": ["x"], "x": []}, 0),
    ({"f": ["u", "x"], "u": ["x"], "x": []}, 1),
    ({"f": ["v", "x"], "v": ["u"], "u": ["x"], "x": []}, 2),
]


@pytest.mark.parametrize(("uses", "count"), STRAIGHT)
def test_few_bends(uses: dict[str, list[str]], count: int) -> None:
    assert sum(map(len, placed(uses)[1].values())) <= count


def test_a_chain_is_level(tmp_path: Path) -> None:
    diagram = picture_of(solved(tmp_path, given("{diagram: L}", NEURON)))
    heights = {name(node): node.at[1] for node in diagram.nodes}
    assert heights["z"] == heights["h"] == heights["o"] == pytest.approx(heights["L"], abs=2e-3)


def test_dots_where_there_is_no_room() -> None:
    x, made = Symbol("x"), [Symbol(f"a{k}") for k in range(30)]
    long = graph_diagram({**{after: [before] for before, after in reversed(list(pairwise(made)))}, made[0]: [x], x: []})
    assert len({node.at[0] for node in long.nodes}) == MOST_COLUMNS
    assert sum(len(node.hidden) or 1 for node in long.nodes) == 31
    top = Symbol("S")
    wide = graph_diagram({top: made, **{one: [] for one in made}}, (top, made[25]))
    assert len(wide.nodes) == MOST_ROWS + 1
    assert edges_of(wide, strong=True) == "a25>S"


# --- mistakes are found ---------------------------------------------------------------------------------------------


def without_an_edge(diagram: Diagram) -> Diagram:
    return replace(diagram, edges=diagram.edges[1:])


def an_edge_twice(diagram: Diagram) -> Diagram:
    return replace(diagram, edges=(*diagram.edges, diagram.edges[0]))


def another_edge(diagram: Diagram) -> Diagram:
    return replace(diagram, edges=(*diagram.edges, Edge(0, len(diagram.nodes) - 1)))


def an_edge_turned(diagram: Diagram) -> Diagram:
    first = diagram.edges[0]
    return replace(diagram, edges=(Edge(first.end, first.start), *diagram.edges[1:]))


def another_name(diagram: Diagram) -> Diagram:
    return replace(diagram, nodes=(replace(diagram.nodes[0], name=Symbol("other")), *diagram.nodes[1:]))


def two_in_one_place(diagram: Diagram) -> Diagram:
    return replace(diagram, nodes=(replace(diagram.nodes[0], at=diagram.nodes[1].at), *diagram.nodes[1:]))


def a_node_less(diagram: Diagram) -> Diagram:
    left = tuple(edge for edge in diagram.edges if len(diagram.nodes) - 1 not in (edge.start, edge.end))
    return replace(diagram, nodes=diagram.nodes[:-1], edges=left)


MISTAKES: list[Callable[[Diagram], Diagram]] = [
    without_an_edge,
    an_edge_twice,
    another_edge,
    an_edge_turned,
    another_name,
    two_in_one_place,
    a_node_less,
]
DRAWN = ["{diagram: L}", "{diagram: network, layers: [2, 3, 1]}", "{diagram: network, layers: [n, 9, 1]}"]


@pytest.mark.parametrize("task", DRAWN)
@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: one.__name__)
def test_mistakes_are_found(tmp_path: Path, mistake: Callable[[Diagram], Diagram], task: str) -> None:
    answer = solved(tmp_path, given(task, NEURON))
    assert answer.derivation is not None
    wrong = mistake(picture_of(answer))
    levels = answer.part.scope.levels
    assert check_diagram(wrong, answer.derivation, levels).status == "wrong"
    steps = tuple(Drawing(wrong) if isinstance(step, Drawing) else step for step in answer.derivation.steps)
    changed = replace(answer.derivation, steps=steps)
    assert check_derivation(changed, answer.part.scope.values, answer.part.scope.definitions, levels).is_wrong


def test_weights_fit_their_gap() -> None:
    names: list[Expr] = [Symbol("x", (Dim(3), ONE)), Symbol("y", (Dim(2), ONE))]
    wide, high = Symbol("W", (Dim(2), Dim(3))), Symbol("W", (Dim(2), Dim(2)))
    part = nothing_asked()
    assert check_diagram(network_diagram([Dim(3), Dim(2)], names, [wide]), part, {}).holds
    assert not check_diagram(network_diagram([Dim(3), Dim(2)], names, [high]), part, {}).holds


def nothing_asked() -> Derivation:
    x = Symbol("x")
    return Derivation("diagram", x, (), x, "matrix", x.shape, question=x)


def test_a_large_graph_takes_seconds(tmp_path: Path) -> None:
    firsts = [f"a{k}: x**{k + 2}" for k in range(10)]
    others = [f"a{k}: a{k - 10} + x" for k in range(10, 1000)]
    last = " + ".join(f"a{k}" for k in range(990, 1000))
    answer = solved(tmp_path, given("{diagram: S}", f"{{{', '.join([*firsts, *others])}, S: {last}}}"))
    assert len(picture_of(answer).nodes) <= MOST_COLUMNS * MOST_ROWS
    assert answer.layout is Layout.DENOMINATOR
