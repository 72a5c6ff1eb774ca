"""Points: numbers for the sizes and symbols of a derivation, such that what is declared of the symbols is true.

All named sizes are different, so that a missing transpose shows; they change from point to point. The numbers depend on
nothing but the names, so every run checks the same points.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import count
from typing import Any

import numpy as np

from derivgen.errors import ShapeError
from derivgen.expr.nodes import Delta, Dim, Expr, Index, Shape, Symbol
from derivgen.expr.walk import parts, subscripts
from derivgen.problem.model import Values
from derivgen.verify.arrays import Array, BadPoint, Irrational, TooLarge, bounded, inverse, is_exact, plain

FLOAT_DOMAINS = ("general", "positive", "small", "definite", "large", "negative")
"""Where floating point looks for points, in this order: the general ones first, since they hide least."""

_MOST_ENTRIES = 50_000
"""Of one symbol."""

_MOVED_INSIDE = {"symmetric", "diagonal", "triangular"}
"""Where a variable is declared to be one of these, its entries are moved inside the structure."""


@dataclass(slots=True)
class Survey:
    """What occurs in some expressions: symbols by name, named sizes, whole-number dimensions."""

    symbols: dict[str, Symbol] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    """Each named size with the least that it can be."""
    numbers: set[int] = field(default_factory=set)
    _seen: dict[int, Expr] = field(default_factory=dict)

    def add(self, *exprs: Expr) -> Survey:
        for expr in exprs:
            self._add(expr)
        return self

    def _add(self, expr: Expr) -> None:
        if id(expr) in self._seen:
            return
        self._seen[id(expr)] = expr
        if isinstance(expr, Symbol):
            self._symbol(expr)
            return
        below = parts(expr)
        for part in below:
            self._add(part)
        for name in ("shape", "dim", "index"):
            self._dims(getattr(expr, name, None))
        own = subscripts(expr)
        for subscript in own:
            self._dims(subscript)
        largest = max((subscript for subscript in own if isinstance(subscript, int)), default=0)
        if largest and not isinstance(expr, Delta) and isinstance(below[0], Symbol):
            for dim in below[0].shape:
                for name in dim.names:
                    self.names[name] = max(self.names[name], largest)

    def _symbol(self, symbol: Symbol) -> None:
        known = self.symbols.get(symbol.name)
        if known is None:
            self.symbols[symbol.name] = symbol
            self._dims(symbol.shape)
        elif known != symbol:
            if known.shape != symbol.shape:
                raise ShapeError(f"two symbols of the name {symbol.name}, of different shapes")
            # no line may bring in an assumption of its own
            self.symbols[symbol.name] = replace(known, assumptions=known.assumptions & symbol.assumptions)

    def _dims(self, of: object) -> None:
        if isinstance(of, Index):
            of = of.dim
        if isinstance(of, tuple):
            for dim in of:
                self._dims(dim)
        elif isinstance(of, Dim):
            for name in of.names:
                self.names.setdefault(name, 2)
            if not of.names:
                self.numbers.add(of.number)

    def sizes(self, point: int) -> dict[str, int]:
        """A size for each name, all different, and others at another point."""
        least = max(self.names.values(), default=2)
        free = (size for size in count(least) if size not in self.numbers)
        pool = [next(free) for _ in range(max(2, len(self.names) + 1))]
        # (3, 2, 4, ...): with one size alone, 3 says more than 2
        pool[:2] = reversed(pool[:2])
        return {name: pool[(place + point) % len(pool)] for place, name in enumerate(self.names)}


def survey(exprs: Iterable[Expr]) -> Survey:
    return Survey().add(*exprs)


@dataclass(slots=True)
class Point:
    """Sizes for names, and an exact array for each symbol."""

    symbols: Mapping[str, Symbol]
    sizes: Mapping[str, int]
    values: Mapping[str, Array]
    number: int = 0
    domain: str = "whole"
    _floats: dict[str, Array] = field(default_factory=dict)
    _moves: dict[tuple[str, bool], Array] = field(default_factory=dict)

    def size(self, dim: Dim) -> int:
        result = dim.number
        for name in dim.names:
            result *= self.sizes[name]
        return result

    def shape(self, shape: Shape) -> tuple[int, int]:
        return self.size(shape[0]), self.size(shape[1])

    def array(self, name: str, exact: bool) -> Array:
        if exact:
            return self.values[name]
        found = self._floats.get(name)
        if found is None:
            found = self._floats[name] = self.values[name].astype(float)
        return found

    def moves(self, symbol: Symbol, exact: bool) -> Array:
        """Where a symbol goes when entry (a, b) of it is moved: an array (a, b, rows, columns).

        Inside its structure if it is declared symmetric, diagonal or triangular (X_ij and X_ji move together); one
        entry alone if not.
        """
        key = (symbol.name, exact)
        found = self._moves.get(key)
        if found is None:
            found = self._moves[key] = self._find_moves(symbol, exact)
        return found

    def _find_moves(self, symbol: Symbol, exact: bool) -> Array:
        rows, columns = self.shape(symbol.shape)
        known = self.symbols.get(symbol.name, symbol).assumptions & _MOVED_INSIDE
        bounded((rows * columns) ** 2, exact)
        unit = np.eye(rows * columns, dtype=int).reshape(rows, columns, rows, columns)
        if rows == columns and known:
            a, b = np.arange(rows)[:, None], np.arange(columns)
            if "diagonal" in known or known >= {"symmetric", "triangular"}:
                unit = unit * (a == b)[:, :, None, None]
            elif "symmetric" in known:
                unit = unit + unit.swapaxes(2, 3) * (a != b)[:, :, None, None]
            elif "triangular" in known:
                unit = unit * (a <= b)[:, :, None, None]
        return unit.astype(object) if exact else unit.astype(float)


def make_point(
    over: Survey,
    number: int,
    domain: str = "whole",
    values: Mapping[str, Values] | None = None,
    sizes: Mapping[str, int] | None = None,
) -> Point:
    """Point `number` for what `over` lists.

    In the domain "whole" the numbers are small whole ones (an orthogonal matrix is one of fractions); in the others
    they are decimals, near 1 in size in the domain "general". Raises BadPoint if no such values are found.
    """
    given = values or {}
    sizes = {**over.sizes(number), **(sizes or {})}
    point = Point(over.symbols, sizes, {}, number, domain)
    found: dict[str, Array] = {}
    for name, symbol in over.symbols.items():
        rows, columns = point.shape(symbol.shape)
        if rows * columns > _MOST_ENTRIES:
            raise TooLarge
        if name in given:
            found[name] = given_array(given[name], (rows, columns))
        else:
            seed = f"{name} {rows} {columns} {number} {domain}"
            found[name] = draw(symbol.assumptions, (rows, columns), domain, seed)
    point.values = found
    return point


def given_array(rows: Values, shape: tuple[int, int]) -> Array:
    """The numbers of a problem file; raises ShapeError if they are not as many as declared."""
    if len(rows) != shape[0] or any(len(row) != shape[1] for row in rows):
        raise ShapeError(f"given numbers do not have the shape {shape}")
    return exact_array([[plain(value) for value in row] for row in rows])


def exact_array(rows: Any) -> Array:
    array = np.empty((len(rows), len(rows[0])), dtype=object)
    for place, row in enumerate(rows):
        array[place, :] = row
    return array


# --- arrays of which something is known -----------------------------------------------------------------------------

# domain: numbers are drawn from these; "whole" and "general" bring both signs
_RANGES: dict[str, tuple[int, int, int, bool]] = {
    # least, greatest, denominator, both signs
    "whole": (1, 5, 1, True),
    "general": (3, 17, 10, True),
    "positive": (3, 17, 10, False),
    "small": (2, 12, 40, False),
    "definite": (2, 9, 10, False),
    "large": (12, 25, 10, False),
    "negative": (3, 17, 10, True),
}


def draw(words: frozenset[str], shape: tuple[int, int], domain: str, seed: str) -> Array:
    """An exact array of which all of `words` (nodes.ASSUMPTIONS) are true; raises BadPoint if none is found."""
    source = random.Random(seed)
    for _ in range(20):
        try:
            array = _candidate(words, shape, domain, source)
        except BadPoint:
            continue
        except Irrational:  # too many fractions: another try has as many
            break
        if all(_TRUE_OF[word](array) for word in words if word in _TRUE_OF) and _usable(array, words):
            return array
    raise BadPoint


def _usable(array: Array, words: frozenset[str]) -> bool:
    """A square matrix should not be singular by chance."""
    rows, columns = array.shape
    if rows != columns or rows == 1 or words & {"skew", "idempotent", "diagonal", "orthogonal"}:
        return True
    known = array.astype(float)
    return bool(abs(np.linalg.det(known)) > 1e-2 * np.abs(known).max() ** rows)


def _candidate(words: frozenset[str], shape: tuple[int, int], domain: str, source: random.Random) -> Array:
    rows, columns = shape
    least, greatest, denominator, signed = _RANGES[domain]
    if "integer" in words and denominator != 1:
        least, greatest, denominator = 1, 3, 1
    if words & {"positive", "positive_definite"} or (words >= {"integer"} and shape == (1, 1)):
        signed = False
    if domain == "negative" and "positive" not in words:
        signed = False
        least, greatest = -greatest, -least

    def numbers(r: int, c: int) -> Array:
        signs = (1, -1) if signed else (1,)
        drawn = [
            [plain(Fraction(source.randint(least, greatest) * source.choice(signs), denominator)) for _ in range(c)]
            for _ in range(r)
        ]
        return exact_array(drawn)

    if "onehot" in words:
        return _one_hot(shape, source)
    if "unit" in words:
        return _unit(numbers, shape, source)
    if rows != columns or rows == 1:
        return numbers(rows, columns)
    eye = np.eye(rows, dtype=int).astype(object)
    if "diagonal" in words or words >= {"symmetric", "triangular"}:
        return _diagonal(words, numbers(rows, 1)[:, 0] * eye, source)
    if "orthogonal" in words:
        return _orthogonal(words, numbers, rows, source)
    if "idempotent" in words:
        v = numbers(rows, 1)
        w = v if "symmetric" in words else numbers(rows, 1)
        projector: Array = np.matmul(v, w.T) * _over(np.matmul(w.T, v)[0, 0])
        return eye - projector if source.random() < 0.5 else projector
    if "positive_definite" in words:
        factor = numbers(rows, rows)
        definite: Array = np.matmul(factor, factor.T) + eye
        return definite
    array = numbers(rows, rows)
    if domain == "definite":
        array = array + 2 * rows * eye
    if "skew" in words:
        array = np.triu(array, 1) - np.triu(array, 1).T
    elif "symmetric" in words:
        array = np.triu(array) + np.triu(array, 1).T
    if "triangular" in words:
        array = np.triu(array)
    return array


def _over(value: Any) -> Fraction:
    if value == 0:
        raise BadPoint
    return 1 / Fraction(value)


def _one_hot(shape: tuple[int, int], source: random.Random) -> Array:
    """One entry is 1, all others are 0: of a vector, of each row of a matrix."""
    rows, columns = shape if shape[1] != 1 else shape[::-1]
    array = np.zeros((rows, columns), dtype=int).astype(object)
    for row in array:
        row[source.randrange(columns)] = 1
    return array.reshape(shape)


def _unit(numbers: Callable[[int, int], Array], shape: tuple[int, int], source: random.Random) -> Array:
    """Of norm 1, in fractions: the point of the sphere seen from its pole through t, (2t, t't - 1)/(t't + 1)."""
    size = shape[0] * shape[1]
    if size == 1:
        return exact_array([[1]])
    t = numbers(1, size - 1)[0]
    square = sum(t * t)
    entries = [plain(Fraction(2 * value) / (square + 1)) for value in t] + [plain(Fraction(square - 1) / (square + 1))]
    source.shuffle(entries)
    return exact_array([entries]).reshape(shape)


def _diagonal(words: frozenset[str], array: Array, source: random.Random) -> Array:
    """A diagonal matrix; an orthogonal one carries 1 and -1, an idempotent one 1 and 0."""
    for place in range(len(array)):
        if "idempotent" in words:
            array[place, place] = 1 if words & {"orthogonal", "positive_definite", "invertible"} or place == 0 else 0
        elif "orthogonal" in words:
            array[place, place] = 1 if "positive_definite" in words else source.choice((1, -1))
    return array


def _orthogonal(words: frozenset[str], numbers: Callable[[int, int], Array], size: int, source: random.Random) -> Array:
    eye = np.eye(size, dtype=int).astype(object)
    if words & {"positive_definite", "idempotent"}:
        return eye
    if "symmetric" in words:
        # Householder: I - 2 v v'/v'v
        v = numbers(size, 1)
        mirror: Array = eye - np.matmul(v, v.T) * _over(Fraction(np.matmul(v.T, v)[0, 0]) / 2)
        return mirror
    # Cayley: (I - S)(I + S)^-1 for a skew S
    drawn = np.triu(numbers(size, size), 1)
    skew = drawn - drawn.T
    array: Array = np.matmul(eye - skew, inverse(eye + skew))
    if source.random() < 0.5:
        array[0] = -array[0]  # determinant -1
    return array


def _same(left: Array, right: Array) -> bool:
    return bool((left == right).all())


def _positive_definite(array: Array) -> bool:
    return _same(array, array.T) and bool((np.linalg.eigvalsh(array.astype(float)) > 0).all())


_TRUE_OF: dict[str, Callable[[Array], bool]] = {
    "symmetric": lambda a: _same(a, a.T),
    "skew": lambda a: _same(a, -a.T),
    "diagonal": lambda a: bool((a[~np.eye(len(a), dtype=bool)] == 0).all()),
    "triangular": lambda a: _same(a, np.triu(a)),
    "orthogonal": lambda a: _same(np.matmul(a.T, a), np.eye(len(a), dtype=int)),
    "invertible": lambda a: bool(abs(np.linalg.det(a.astype(float))) > 1e-6),
    "positive_definite": _positive_definite,
    "idempotent": lambda a: _same(np.matmul(a, a), a),
    "integer": lambda a: all(value.denominator == 1 for value in a.flat),
    "onehot": lambda a: all(sorted(row) == [0] * (row.size - 1) + [1] for row in (a.T if a.shape[1] == 1 else a)),
    "unit": lambda a: sum(value * value for value in a.flat) == 1,
}
"""What a matrix word says of a square array, exactly; `positive` and `nonzero` are true of what is drawn."""


def satisfies(array: Array, word: str) -> bool:
    """Whether one of nodes.ASSUMPTIONS is true of an exact array."""
    assert is_exact(array)
    if word == "positive":
        return bool((array > 0).all())
    if word == "nonzero":
        return bool((array != 0).all())
    if word == "constant":
        return True
    if word in _MATRIX_WORDS and array.shape[0] != array.shape[1]:
        return False
    return _TRUE_OF[word](array)


_MATRIX_WORDS = frozenset(_TRUE_OF) - {"integer", "onehot", "unit"}
