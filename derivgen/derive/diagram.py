"""Diagrams: which named quantity is made of which, and the layers of a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from derivgen.derivation import Conclude, Derivation, Drawing, Fact, Statement, Step
from derivgen.derive.chaining import MOST_PATHS, product_of, table_of
from derivgen.derive.layering import columns_of, placed
from derivgen.derive.multiplying import Chain
from derivgen.derive.naming import quantity_for, reserved_names
from derivgen.derive.paths import Graph, graph_of, partial_of
from derivgen.derive.substituting import tidy
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    ZERO_NUMBER,
    Dim,
    Entry,
    Expr,
    Index,
    Layout,
    Matrix,
    Shape,
    Symbol,
)
from derivgen.expr.shapes import shape
from derivgen.expr.text import text
from derivgen.expr.walk import symbols
from derivgen.picture import Diagram, Edge, Node, Point
from derivgen.problem.model import Part, Scope
from derivgen.rules.chaining import chain_rule, put_derivatives_in

MOST_COLUMNS, MOST_ROWS = 9, 8
"""Of a graph: what is more is drawn as dots."""
MOST_LAYERS, MOST_UNITS = 5, 6
"""Of a network."""


def diagram(part: Part, layout: Layout) -> Derivation:
    """The graph of named quantities with the sum over its paths where `wrt` asks for it, or the layers of a network.

    Raises CannotDerive where there is nothing to draw, or a path leads where no edge is.
    """
    return _network(part) if part.given.layers else _graph(part)


# --- graphs ---------------------------------------------------------------------------------------------------------


def _graph(part: Part) -> Derivation:
    assert part.expression is not None
    scope, top = part.scope, part.expression
    name = top if isinstance(top, Symbol) and top.name in scope.levels else None
    meaning = scope.levels[name.name] if name is not None else top
    if name is None:
        name = quantity_for(top, shape(top), reserved_names(scope, top))
    uses = _uses(name, meaning, scope)
    if len(uses) < 2:
        raise CannotDerive(f"{text(top)} is made of nothing that has a name: there is nothing to draw")
    path = _path(part.given.path, name, uses, scope)
    steps: list[Step] = [Drawing(graph_diagram(uses, path))]
    found: Sequence[Expr] = ()
    question: Expr = name
    result: Expr = name
    named = tuple((one, scope.levels[one.name]) for one in uses if one.name in scope.levels and one != name)
    if part.given.variables:
        graph = _scalars(part, name, meaning)
        named = (*graph.levels.items(), *graph.named)
        found = _sums(graph, path, steps)
        totals = tuple(graph.total(variable) for variable in graph.variables)
        named = (*graph.levels.items(), *graph.named)
        of = (Dim(len(totals)), ONE)
        question = totals[0] if len(totals) == 1 else Matrix(totals, of)
        result = found[0] if len(found) == 1 else Matrix(tuple(found), of)
    return Derivation(
        task="diagram",
        statement=meaning,
        steps=tuple(steps),
        result=result,
        form="matrix",
        shape=shape(result),
        quantity=name,
        question=question,
        named=named,
    )


Uses = dict[Symbol, list[Symbol]]


def _uses(name: Symbol, meaning: Expr, scope: Scope) -> Uses:
    """What each quantity is made of directly: first `name`, then the quantities before it backwards, then the rest."""
    found: Uses = {name: _parts(meaning, scope)}
    wanted = set(found[name])
    for one in reversed(list(scope.levels)):
        symbol = scope.symbols[one]
        if symbol in wanted and symbol not in found:
            found[symbol] = _parts(scope.levels[one], scope)
            wanted |= set(found[symbol])
    given = [symbol for symbol in scope.symbols.values() if symbol in wanted and symbol not in found]
    return found | {symbol: [] for symbol in given}


def _parts(meaning: Expr, scope: Scope) -> list[Symbol]:
    """The symbols in `meaning`, in the order of their declaration."""
    own = set(symbols(meaning))
    return [symbol for symbol in scope.symbols.values() if symbol in own]


def _path(asked: Sequence[Expr], name: Symbol, uses: Uses, scope: Scope) -> tuple[Symbol, ...]:
    """The path that is asked for, from `name` or what is nearest to it on, each made of the next.

    Raises CannotDerive where it is none.
    """
    path = [one for one in asked if isinstance(one, Symbol)]
    for one in asked:
        if one not in uses:
            raise CannotDerive(f"the path goes through {text(one)}, and {name.name} is not made of that")
    if len(path) > 1 and path[0] not in _all_above(path[-1], uses):
        path.reverse()
    if path and name.name not in scope.symbols and path[0] in uses[name]:
        path.insert(0, name)  # the whole has no name that the author could have written
    for user, part in pairwise(path):
        if part not in uses[user]:
            raise CannotDerive(f"the path goes from {part.name} to {user.name}, which is not made of it directly")
    return tuple(path)


def _all_above(node: Symbol, uses: Uses) -> set[Symbol]:
    """All that is made of `node`, at once or through others."""
    found = {node}
    for user in reversed(uses):
        if found & set(uses[user]):
            found.add(user)
    return found


def graph_diagram(uses: Uses, path: Sequence[Symbol] = ()) -> Diagram:
    """The diagram of what is made of what, with dots where it is too large, and `path` to be seen.

    Raises CannotDerive where the path goes through what is not drawn.
    """
    place, columns = _folded(uses, path)
    found: dict[int, dict[int, None]] = {one: {} for one in sorted(columns, key=lambda one: (-columns[one], one))}
    for user, parts in uses.items():
        found[place[user]] |= dict.fromkeys(place[one] for one in parts if place[one] != place[user])
    drawn = {one: list(parts) for one, parts in found.items()}
    spots, bends = placed(drawn, columns)
    inside: dict[int, list[Symbol]] = {}
    for symbol, one in place.items():
        inside.setdefault(one, []).append(symbol)
    steps = {(place[part], place[user]) for user, part in pairwise(path)}
    order = sorted(drawn, key=lambda one: (spots[one][0], -spots[one][1]))
    number = {one: k for k, one in enumerate(order)}
    nodes = []
    for one in order:
        own_symbols = inside[one]
        if len(own_symbols) > 1:
            nodes.append(Node(None, "dots", spots[one], tuple(own_symbols)))
        else:
            (name,) = own_symbols
            nodes.append(Node(name, "made" if uses[name] else "given", spots[one], (), name in path))
    edges = [
        Edge(number[start], number[end], bends[start, end], (start, end) in steps)
        for start, end in sorted(bends, key=lambda pair: (number[pair[0]], number[pair[1]]))
    ]
    return Diagram("graph", tuple(nodes), tuple(edges))


def _folded(uses: Uses, path: Sequence[Symbol]) -> tuple[dict[Symbol, int], dict[int, int]]:
    """Which node is drawn for each symbol, and in which column: several symbols are one where there is no room."""
    columns = columns_of(uses)
    count = max(columns.values()) + 1
    if count > MOST_COLUMNS:
        first, last = MOST_COLUMNS // 2, MOST_COLUMNS - MOST_COLUMNS // 2 - 1
        columns = {
            one: column if column < first else max(first, column - (count - last) + first + 1)
            for one, column in columns.items()
        }
    rows: dict[int, list[Symbol]] = {}
    # from the top of a column downwards as the author has them, what is given around what is made
    for one in (*reversed([one for one in uses if uses[one]]), *(one for one in uses if not uses[one])):
        rows.setdefault(columns[one], []).append(one)
    for own in rows.values():
        given = [one for one in own if not uses[one]]
        own[:] = [*given[: len(given) // 2], *(one for one in own if uses[one]), *given[len(given) // 2 :]]
    place: dict[Symbol, int] = {}
    where: dict[int, int] = {}
    for column, own in rows.items():
        middle = count > MOST_COLUMNS and column == MOST_COLUMNS // 2
        kept = [] if middle else own
        if len(kept) > MOST_ROWS:
            important = sorted(own, key=lambda one: (one not in path, not uses[one]))
            chosen = set(important[: MOST_ROWS - 1])
            kept = [one for one in own if one in chosen]
        hidden = [one for one in own if one not in kept]
        for one in hidden:
            if one in path:
                raise CannotDerive(f"the path goes through {one.name}, for which the diagram has no room")
        for one in kept:
            where[len(where)] = column
            place[one] = len(where) - 1
        if hidden:
            where[len(where)] = column
            place |= dict.fromkeys(hidden, len(where) - 1)
    return place, where


# --- the sum over paths ---------------------------------------------------------------------------------------------


def _scalars(part: Part, name: Symbol, meaning: Expr) -> Graph:
    """The graph with the whole under its name.

    Raises CannotDerive where a quantity is no formula of scalars.
    """
    graph = graph_of(replace(part, expression=meaning))
    graph.quantity = name
    for variable in graph.variables:
        if len(list(graph.paths(name, variable))) > MOST_PATHS:
            raise CannotDerive(f"more than {MOST_PATHS} paths lead from {name.name} to {variable.name}")
    return graph


def _sums(graph: Graph, path: Sequence[Symbol], steps: list[Step]) -> list[Expr]:
    """The derivatives by the variables: a product of local derivatives for each path, then what they are."""
    table = table_of(graph)
    if table.rows:
        steps.append(table)
    found: list[Expr] = []
    for variable in graph.variables:
        heading = graph.total(variable)
        lines = Chain(heading, heading)
        paths = [list(pairwise(own)) for own in graph.paths(graph.quantity, variable)]
        terms = [product(graph.partial(*pair) for pair in own) for own in paths]
        values = [product_of([partial_of(graph.meaning(node), by) for node, by in own]) for own in paths]
        if [len(own) for own in paths] != [1]:
            lines.to(plus(terms), chain_rule)
        lines.to(plus(value for value in values if value != ZERO_NUMBER), put_derivatives_in)
        tidy(lines)
        steps += lines.lines
        along = list(pairwise(path))
        if len(paths) > 1 and along in paths:
            here = paths.index(along)
            steps.append(Statement("strong_path", (), (Fact(terms[here], "=", values[here]),)))
        steps.append(Conclude(heading, lines.current, heading))
        found.append(lines.current)
    return found


# --- networks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Column:
    """What is drawn of a layer: the units with their heights, None for dots; of layers left out, `layer` is -1."""

    layer: int
    units: tuple[tuple[Expr | None, float], ...]


def _network(part: Part) -> Derivation:
    given = part.given
    names = given.names or _layer_names(given.layers)
    weights = given.weights or (() if given.names else _weight_names(given.layers))
    steps: list[Step] = [Drawing(network_diagram(given.layers, names, weights, given.path))]
    last = names[-1]
    return Derivation(
        task="diagram",
        statement=last,
        steps=tuple(steps),
        result=last,
        form="matrix",
        shape=shape(last),
        question=last,
    )


def network_diagram(
    sizes: Sequence[Dim], names: Sequence[Expr], weights: Sequence[Expr] = (), path: Sequence[Expr] = ()
) -> Diagram:
    """Layers of `sizes` units, each joined to all of the next; dots where there are too many, or a number is unknown.

    `path` has a unit of each layer that it goes through, or the name of a layer for all of its units. Raises
    CannotDerive where it has something that is not drawn.
    """
    columns = [_Column(layer, _units(sizes[layer], names[layer])) for layer in range(len(sizes))]
    if len(columns) > MOST_LAYERS:
        columns = [*columns[: MOST_LAYERS - 2], _Column(-1, ((None, 0.0),)), columns[-1]]
    chosen = _chosen(path, columns, names)
    nodes: list[Node] = []
    places: list[list[int]] = []
    for across, column in enumerate(columns):
        own: list[int] = []
        for unit, up in column.units:
            at: Point = (float(across), up)
            if unit is None:
                nodes.append(Node(None, "dots", at))
                continue
            own.append(len(nodes))
            nodes.append(Node(unit, "made" if column.layer else "given", at, (), unit in chosen))
        places.append(own)
    edges = [
        Edge(start, end, (), nodes[start].strong and nodes[end].strong)
        for before, after in pairwise(places)
        for start in before
        for end in after
    ]
    drawn = [column for column in columns if column.layer >= 0]
    gaps = sum(after.layer == column.layer + 1 for column, after in pairwise(columns) if column.layer >= 0)
    return Diagram(
        "network",
        tuple(nodes),
        tuple(edges),
        tuple(names[column.layer] for column in drawn),
        tuple(across for across, column in enumerate(columns) if column.layer >= 0),
        tuple(weights[:gaps]),
    )


def _units(size: Dim, name: Expr) -> tuple[tuple[Expr | None, float], ...]:
    """The units of a layer from the first to the last, with their heights."""
    units: list[Expr | None]
    if size == ONE:
        units = [name]
    elif size.names:
        units = [Entry(name, (1,)), None, Entry(name, (Index(str(size).replace("*", ""), size),))]
    elif size.number <= MOST_UNITS:
        units = [Entry(name, (place,)) for place in range(1, size.number + 1)]
    else:
        units = [*(Entry(name, (place,)) for place in range(1, MOST_UNITS - 1)), None, Entry(name, (size.number,))]
    return tuple((unit, (len(units) - 1) / 2 - place) for place, unit in enumerate(units))


def _chosen(path: Sequence[Expr], columns: Sequence[_Column], names: Sequence[Expr]) -> set[Expr]:
    """The units on the path.

    Raises CannotDerive where one is not drawn, or it does not go from a layer to the next.
    """
    found: set[Expr] = set()
    visited: list[int] = []
    for one in path:
        for across, column in enumerate(columns):
            units = [unit for unit, _ in column.units if unit is not None]
            if column.layer >= 0 and (one in units or one == names[column.layer]):
                found |= {one} if one in units else set(units)
                visited.append(across)
                break
        else:
            raise CannotDerive(f"the path goes through {text(one)}, which the diagram does not show")
    steps = {after - before for before, after in pairwise(visited)}
    if len(visited) == 1 or (steps - {1} and steps - {-1}):
        raise CannotDerive("a path goes from one layer to the next")
    return found


def _layer_names(sizes: Sequence[Dim]) -> tuple[Symbol, ...]:
    """x, h (or h_1, h_2, ...), and y with a hat."""
    inner = len(sizes) - 2
    hidden = ["h"] if inner == 1 else [f"h_{place}" for place in range(1, inner + 1)]
    shapes: list[Shape] = [(size, ONE) if size != ONE else SCALAR for size in sizes]
    plain = [Symbol(name, of) for name, of in zip(["x", *hidden], shapes[:-1], strict=True)]
    return (*plain, Symbol("y_hat", shapes[-1]))


def _weight_names(sizes: Sequence[Dim]) -> tuple[Symbol, ...]:
    """W_1, W_2, ...: each has a row for each unit of the layer that it leads to."""
    numbered = len(sizes) > 2
    return tuple(
        Symbol(f"W_{place}" if numbered else "W", (after, before))
        for place, (before, after) in enumerate(pairwise(sizes), 1)
    )
