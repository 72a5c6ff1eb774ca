"""Where the nodes of a graph go: columns from left to right, few crossings, edges straight or with few bends.

The method of Sugiyama, Tagawa and Toda (1981): each node in the last column that its users leave it, an order in each
column by barycentres, then heights. An edge across a column passes it at a place of its own.

>>> spots, bends = placed({"f": ["a", "b"], "a": ["x"], "b": ["x"], "x": []})
>>> spots
{'f': (2.0, 0.0), 'a': (1.0, 0.5), 'b': (1.0, -0.5), 'x': (0.0, 0.0)}
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

from derivgen.picture import Line, Point

Key = TypeVar("Key", bound=Hashable)
Pass = tuple[int, int]
"""Where an edge crosses a column: the number of the edge, the column."""

ROUNDS = 24
BESIDE = 0.55
"""How far an edge is from the middle of a node that it passes, at least, in rows."""
SPINE = 1000
"""How much more an edge between quantities pulls its ends to one height than one from what is given."""
COLUMN = 1.6
"""How wide a column is, about, in rows."""


def columns_of(uses: Mapping[Key, Sequence[Key]]) -> dict[Key, int]:
    """The column of each node: the one before those of its users, counted from 0.

    `uses` says what each node is made of, those that use others before these.
    """
    after: dict[Key, int] = {}
    for node, parts in uses.items():
        own = after.setdefault(node, 0)
        for part in parts:
            after[part] = max(after.get(part, 0), own + 1)
    last = max(after.values(), default=0)
    return {node: last - distance for node, distance in after.items()}


def placed(
    uses: Mapping[Key, Sequence[Key]], columns: Mapping[Key, int] | None = None
) -> tuple[dict[Key, Point], dict[tuple[Key, Key], Line]]:
    """The places of the nodes, and through which points the edges (from what is used to its user) go."""
    columns = columns or columns_of(uses)
    edges = [(part, node) for node, parts in uses.items() for part in parts]
    names = list(uses)
    number_of = {name: place for place, name in enumerate(names)}
    items: list[list[int | Pass]] = [[] for _ in range(max(columns.values(), default=0) + 1)]
    for place, name in enumerate(names):
        items[columns[name]].append(place)
    links: list[list[tuple[int | Pass, int | Pass]]] = [[] for _ in items]
    """From the items of each column to those of the next."""
    for number, (start, end) in enumerate(edges):
        route: list[int | Pass] = [number_of[start]]
        for column in range(columns[start] + 1, columns[end]):
            route.append((number, column))
            items[column].append((number, column))
        route.append(number_of[end])
        for column, link in enumerate(pairwise(route), columns[start]):
            links[column].append(link)
    items = _ordered(items, links)
    heights = _heights(items, links)
    spots = {name: (float(columns[name]), heights[place]) for place, name in enumerate(names)}
    bends = {}
    passes = {item: (float(item[1]), height) for item, height in heights.items() if isinstance(item, tuple)}
    for number, (start, end) in enumerate(edges):
        through = [passes[number, column] for column in range(columns[start] + 1, columns[end])]
        others = [point for item, point in passes.items() if item[0] != number]
        bends[start, end] = _route(spots[start], spots[end], through, list(spots.values()), others)
    return spots, bends


Items = list[list[int | Pass]]
Links = Sequence[Sequence[tuple[int | Pass, int | Pass]]]


def _ordered(items: Items, links: Links) -> Items:
    """The items of each column in an order with few crossings; of several, that nearest to the order given."""
    best, fewest = items, _crossings(items, links)
    current = [list(column) for column in items]
    for turn in range(ROUNDS):
        if not fewest:
            break
        forwards = turn % 2 == 0
        for column in range(len(current)) if forwards else reversed(range(len(current))):
            current[column] = _by_barycentre(column, current, links, forwards)
        _swapped(current, links)
        count = _crossings(current, links)
        if count < fewest:
            best, fewest = [list(column) for column in current], count
    return best


def _by_barycentre(column: int, items: Items, links: Links, forwards: bool) -> list[int | Pass]:
    """A column by the mean place of the neighbours of each item before it, or after it."""
    other = column - 1 if forwards else column + 1
    if not 0 <= other < len(items):
        return items[column]
    place = {item: k for k, item in enumerate(items[other])}
    near: dict[int | Pass, list[int]] = {}
    for start, end in links[min(column, other)]:
        own, neighbour = (end, start) if forwards else (start, end)
        near.setdefault(own, []).append(place[neighbour])
    scale = len(items[other]) / len(items[column])
    keys = {
        item: sum(near[item]) / len(near[item]) if item in near else k * scale for k, item in enumerate(items[column])
    }
    return sorted(items[column], key=keys.__getitem__)


def _swapped(items: Items, links: Links) -> None:
    """Exchanges neighbours in a column where that saves crossings."""
    for column, own in enumerate(items):
        sides = [k for k in (column - 1, column) if 0 <= k < len(items) - 1]
        for k in range(len(own) - 1):
            before = sum(_crossings_between(side, items, links) for side in sides)
            own[k], own[k + 1] = own[k + 1], own[k]
            if before <= sum(_crossings_between(side, items, links) for side in sides):
                own[k], own[k + 1] = own[k + 1], own[k]


def _crossings(items: Items, links: Links) -> int:
    return sum(_crossings_between(column, items, links) for column in range(len(items) - 1))


def _crossings_between(column: int, items: Items, links: Links) -> int:
    """How many pairs of edges cross between a column and the next: inversions, by inserting one after the other."""
    left, right = ({item: k for k, item in enumerate(items[side])} for side in (column, column + 1))
    ends = [end for _, end in sorted((left[start], right[end]) for start, end in links[column])]
    return sum(before > after for k, after in enumerate(ends) for before in ends[:k])


# heights


def _heights(items: Items, links: Links) -> dict[int | Pass, float]:
    """How far up each item is: near the mean of its neighbours, in order, and not too near to the next one."""
    near: dict[int | Pass, list[tuple[int | Pass, int]]] = {item: [] for column in items for item in column}
    made = {end for own in links for _, end in own}
    for own in links:
        for start, end in own:
            weight = SPINE if start in made else 1
            near[start].append((end, weight))
            near[end].append((start, weight))
    weights = {item: sum(weight for _, weight in own) or 1 for item, own in near.items()}
    height: dict[int | Pass, float] = {}
    for column in items:
        height |= dict(zip(column, _apart(column, [0.0] * len(column), weights), strict=True))
    for turn in range(4 * ROUNDS):
        for column in items if turn % 2 == 0 else reversed(items):
            wanted = [
                sum(height[one] * weight for one, weight in near[item]) / weights[item] if near[item] else height[item]
                for item in column
            ]
            height |= dict(zip(column, _apart(column, wanted, weights), strict=True))
    middle = (max(height.values()) + min(height.values())) / 2
    return {item: round(one - middle, 3) + 0.0 for item, one in height.items()}


def _apart(column: Sequence[int | Pass], wanted: Sequence[float], weights: Mapping[int | Pass, int]) -> list[float]:
    """The heights nearest to those `wanted` that keep order and distance: pooled where they would be too near."""
    depth = [0.0]
    for one, other in pairwise(column):
        free = 0.45 if isinstance(one, tuple) and isinstance(other, tuple) else 0.85
        depth.append(depth[-1] + (1.0 if isinstance(one, int) and isinstance(other, int) else free))
    pools: list[tuple[float, int, int]] = []
    """Each with its height, its weight and how many items are in it."""
    for item, want, down in zip(column, wanted, depth, strict=True):
        pools.append((want + down, weights[item], 1))
        # heights fall from one pool to the next
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            (above, light, few), (below, heavy, many) = pools[-2:]
            pools[-2:] = [((above * light + below * heavy) / (light + heavy), light + heavy, few + many)]
    level = [value for value, _, count in pools for _ in range(count)]
    return [value - down for value, down in zip(level, depth, strict=True)]


# edges


def _route(start: Point, end: Point, through: Sequence[Point], nodes: Sequence[Point], others: Sequence[Point]) -> Line:
    """The bends of an edge: none where it passes all nodes and the passes of `others`, or one, or those of its own."""
    tries: list[Line] = [(), *((point,) for point in through), tuple(through)]
    for bends in tries:
        pieces = list(pairwise((start, *bends, end)))
        if all(_passes(piece, nodes, BESIDE) and _passes(piece, others, BESIDE / 3) for piece in pieces):
            return bends
    return tuple(through)


def _passes(piece: tuple[Point, Point], points: Sequence[Point], room: float) -> bool:
    """Whether a straight piece is far enough from all points between its ends."""
    (left, low), (right, high) = piece
    slope = (high - low) / (right - left)
    tilt = math.cos(math.atan(slope / COLUMN))
    return all(
        abs(low + slope * (x - left) - y) * tilt >= room
        for x, y in points
        if left <= x <= right and (x, y) not in piece
    )
