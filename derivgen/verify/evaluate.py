"""The value of any expression at a point.

All values of all indices are computed at once: each index has a batch axis of its own, a value is a stack of matrices
(arrays.py) that varies along the axes of the indices it depends on, `Sum` sums over the axis of its index, and `Entry`
moves an axis of the matrix to the axis of the subscript. An index that is bound twice needs no renaming: the inner sum
leaves nothing along its axis.

Derivatives are taken by dual numbers (duals.py): a symbol that is differentiated by gets a tangent with one batch axis
for each of its own axes, and the subscripts of the `Partial` then pick from these.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

import numpy as np

from derivgen.errors import Bug, ShapeError
from derivgen.expr.nodes import (
    SCALAR,
    Apply,
    At,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Differential,
    Entry,
    Expr,
    Eye,
    Group,
    Image,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Pi,
    Plus,
    Power,
    Product,
    Row,
    Size,
    Softmax,
    Subscript,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.verify import arrays, duals, functions, images
from derivgen.verify.arrays import Array, BadPoint, Irrational
from derivgen.verify.duals import Value
from derivgen.verify.ordering import below_first
from derivgen.verify.points import Point


@dataclass(frozen=True, slots=True)
class Along:
    """The symbol `name` moves as a whole, by the symbol `by`: what a differential is taken along."""

    name: str
    by: Symbol


Moving = tuple[str | Along, ...]
"""The names of the symbols that derivatives are being taken by, by level: x, and inside it again x."""

Axis = int
"""A batch axis, counted from the right: axis k of a stack is its axis -3 - k."""


LONGEST = 20_000
"""Bits of an exact number that one quantity hands on to the next: squared again and again, they double each time."""


class Unknown(Bug):
    """A symbol that has no value at the point."""


class Evaluator:
    """Evaluates expressions at `point`, exactly or in floating point.

    What was evaluated is kept by the identity of the node, so that what two lines share is computed once. `definitions`
    are the expressions that some names stand for. `shifts` are arrays added to the values of symbols, for differences.
    """

    def __init__(
        self,
        point: Point,
        exact: bool,
        definitions: Mapping[str, Expr] | None = None,
        shifts: Mapping[str, Array] | None = None,
    ) -> None:
        self.point, self.exact = point, exact
        self.definitions = definitions or {}
        self.shifts = shifts or {}
        self.put: dict[str, Value] = {}
        """The values of symbols that an At around has put in."""
        self.axes: dict[Index | tuple[int, str], Axis] = {}
        self.next_axis = 0
        self._spent = 0
        self._kept: dict[tuple[int, Moving], tuple[Expr, Value | type[Exception]]] = {}

    # --- what callers ask for ---------------------------------------------------------------------------------------

    def array(self, expr: Expr) -> Array:
        """The value of `expr`, as a stack with a batch axis for each of its free indices (see `axis`)."""
        return duals.core(self.value(expr, ()))

    def entries(self, expr: Expr, indices: Sequence[Index] = ()) -> Array:
        """The values of `expr` for all values of `indices`: an array (index, index, ..., rows, columns).

        `indices` are all the free indices of `expr`, or more.
        """
        along = [(self.axis(index), self.point.size(index.dim)) for index in indices]
        return spread_out(self.array(expr), along)

    def derivative(self, expr: Expr, wrt: Symbol, order: int, indices: Sequence[Index] = ()) -> Array:
        """All partial derivatives of `expr`, which may have the free `indices`, by the entries of `wrt`.

        An array (index, ..., value rows, value columns, wrt rows, wrt columns, ...), the last two `order` times.
        """
        moving: Moving = (wrt.name,) * order
        value = self.value(expr, moving)
        rows, columns = duals.matrix_shape(value)
        for at in reversed(range(order)):
            tangent = duals.split(value, at)[1]
            value = self._constant(Fraction(0), (rows, columns)) if tangent is None else tangent
        return self.tensor(duals.core(value), wrt, order, indices)

    def tensor(self, array: Array, wrt: Symbol, order: int, indices: Sequence[Index]) -> Array:
        """`array`, which varies along the tangent axes of `wrt`, with its axes in the order that `derivative` gives."""
        p, q = self.point.shape(wrt.shape)
        along = [(self.axis(index), self.point.size(index.dim)) for index in indices]
        for at in range(order):
            axis = self.tangent_axis(at, wrt)
            along += [(axis + 1, p), (axis, q)]
        free = len(indices)
        return np.moveaxis(spread_out(array, along), (-2, -1), (free, free + 1))

    def kept(self) -> Iterator[tuple[Expr, Value]]:
        """What was evaluated so far."""
        for node, result in self._kept.values():
            if not isinstance(result, type):
                yield node, result

    def axis(self, index: Index) -> Axis:
        found = self.axes.get(index)
        if found is None:
            found = self.axes[index] = self.next_axis
            self.next_axis += 1
        return found

    # --- nodes ------------------------------------------------------------------------------------------------------

    def value(self, expr: Expr, moving: Moving) -> Value:
        """The value of `expr`, with tangents by the symbols `moving`.

        Raises BadPoint where it has none, Irrational where exact arithmetic cannot have it, ShapeError where shapes do
        not fit, Unknown for a symbol without a value, TooLarge where it has too many entries.
        """
        key = (id(expr), moving)
        kept = self._kept.get(key)
        if kept is None:
            result: Value | type[Exception]
            try:
                result = self._value(expr, moving)
                self._spend(result)
            except (BadPoint, Irrational) as stop:
                result = type(stop)
            # the node is kept beside its value: an id belongs to it only as long as it lives
            self._kept[key] = (expr, result)
        else:
            result = kept[1]
        if isinstance(result, type):
            raise result
        return result

    def _spend(self, value: Value) -> None:
        """Raises Irrational when exact numbers have taken long enough at this point."""
        if not self.exact:
            return
        self._spent += duals.entries(value)
        if self._spent > arrays.MOST_EXACT:
            raise Irrational

    def _value(self, expr: Expr, moving: Moving) -> Value:
        match expr:
            case Product(factors):
                return self._fold(duals.multiply, factors, moving)
            case Entry(base, subscripts):
                return self._entry(self.value(base, moving), subscripts)
            case Symbol():
                return self._symbol(expr, moving)
            case Sum(index, body):
                return self._sum(index, self.value(body, moving))
            case Plus(terms):
                return self._fold(duals.add, terms, moving)
            case Partial(body, wrt):
                return self._partial(body, wrt, moving)
            case Differential(body, wrt, by):
                tangent = duals.split(self.value(body, (*moving, Along(wrt.name, by))), len(moving))[1]
                return duals.scaled(self.value(body, moving), 0) if tangent is None else tangent
            case Delta(left, right):
                return self._delta(left, right)
            case Number(value):
                return self._constant(value, (1, 1))
            case Pi():
                if self.exact:
                    raise Irrational
                return np.full((1, 1), math.pi)
            case Power(base, exponent):
                return self._power(base, exponent, moving)
            case MatMul(factors):
                return self._fold(duals.matmul, factors, moving)
            case Transpose(body):
                return duals.linear(arrays.swap, self.value(body, moving))
            case Apply(function, arguments):
                values = tuple(self.value(argument, moving) for argument in arguments)
                if function.abstract:
                    return functions.abstract(function.name, function.orders, values)
                return functions.function(function.name, values[0], function.orders[0])
            case Image(name, arguments, of):
                values = tuple(self.value(argument, moving) for argument in arguments)
                return images.image(name, self.point.shape(of), values)
            case Derivative(body, place, layout):
                values = tuple(self.value(argument, moving) for argument in body.arguments)
                return images.derivative(body.name, self.point.shape(body.shape), values, place, layout)
            case Size(dim):
                return self._constant(Fraction(self.point.size(dim)), (1, 1))
            case Row(base, subscript):
                return duals.linear(arrays.swap, self._select(self.value(base, moving), -2, subscript))
            case Column(base, subscript):
                return self._select(self.value(base, moving), -1, subscript)
            case MatrixPower(base, exponent):
                return duals.matrix_power(self.value(base, moving), self._whole(self.value(exponent, moving)))
            case Inverse(body):
                return duals.inverse(self.value(body, moving))
            case Trace(body):
                return duals.linear(arrays.trace, self.value(body, moving))
            case Det(body):
                return duals.determinant(self.value(body, moving))
            case LogDet(body):
                return duals.log_determinant(self.value(body, moving))
            case Total(body):
                return duals.total(self.value(body, moving))
            case Norm(body, order):
                return self._norm(self.value(body, moving), order)
            case LogSumExp(body, axis):
                return duals.log_sum_exp(self.value(body, moving), axis)
            case Softmax(body, axis):
                return duals.softmax(self.value(body, moving), axis)
            case Diag(body):
                inner = self.value(body, moving)
                rows, columns = duals.matrix_shape(inner)
                return duals.linear(arrays.main_diagonal if rows == columns else arrays.diagonal_matrix, inner)
            case Vec(body):
                return duals.linear(arrays.stacked, self.value(body, moving))
            case Kron(left, right):
                return duals.kron(self.value(left, moving), self.value(right, moving))
            case Ones(shape):
                return self._constant(Fraction(1), self.point.shape(shape))
            case Zeros(shape):
                return self._constant(Fraction(0), self.point.shape(shape))
            case Eye(dim):
                return arrays.identity(self.point.size(dim), self.exact)
            case Upper(dim):
                return arrays.upper(self.point.size(dim), self.exact)
            case Commutation(of):
                return arrays.commutation(*self.point.shape(of), self.exact)
            case Matrix(entries, of):
                return self._matrix(entries, self.point.shape(of), moving)
            case At(body, places, values):
                return self._at(body, places, values, moving)
            case Group(body):
                return self.value(body, moving)
            case _:
                assert_never(expr)

    def _constant(self, value: Fraction, shape: tuple[int, int]) -> Array:
        arrays.bounded(shape[0] * shape[1], self.exact)
        if self.exact:
            return np.full(shape, arrays.plain(value), dtype=object)
        return np.full(shape, float(value))

    def _fold(self, operation: duals.Operation, operands: tuple[Expr, ...], moving: Moving) -> Value:
        result = self.value(operands[0], moving)
        for operand in operands[1:]:
            result = operation(result, self.value(operand, moving))
        return result

    def _symbol(self, symbol: Symbol, moving: Moving) -> Value:
        name = symbol.name
        value: Value
        if name in self.put:
            value = self.put[name]
        elif name in self.definitions:
            value = self._defined(name, moving)
        elif name in self.point.values:
            value = self.point.array(name, self.exact)
        else:
            raise Unknown(f"the symbol {name} has no value")
        if duals.matrix_shape(value) != self.point.shape(symbol.shape):
            raise ShapeError(f"{name} is taken as {self.point.shape(symbol.shape)}, it is {duals.matrix_shape(value)}")
        if name in self.shifts:
            value = duals.add(value, self.shifts[name])
        for at, moved in enumerate(moving):
            if name == (moved.name if isinstance(moved, Along) else moved):
                direction = self.value(moved.by, ()) if isinstance(moved, Along) else self.direction(at, symbol)
                if isinstance(value, np.ndarray) or value.level < at:
                    value = duals.Dual(at, value, direction)
                else:
                    value = duals.add(value, duals.Dual(at, np.zeros_like(duals.core(value)), direction))
        return value

    def _defined(self, name: str, moving: Moving) -> Value:
        """The value of a named quantity. What it is made of comes first: a long chain is no deep recursion.

        Raises what `value` raises, and Irrational where exact numbers have become too long to go on with.
        """
        for one in below_first(name, self.definitions, lambda own: own in self.put or self._has(own, moving)):
            with suppress(BadPoint, Irrational, Unknown):  # whether it is needed, its user knows
                self.value(self.definitions[one], moving)
        value = self.value(self.definitions[name], moving)
        if self.exact and duals.longest(value) > LONGEST:
            raise Irrational
        return value

    def _has(self, name: str, moving: Moving) -> bool:
        return (id(self.definitions[name]), moving) in self._kept

    def _matrix(self, entries: tuple[Expr, ...], shape: tuple[int, int], moving: Moving) -> Value:
        """Each entry at its own place: the sum of the entries times the matrices with one 1."""
        if len(entries) != shape[0] * shape[1]:
            raise ShapeError(f"{len(entries)} entries in an array of shape {shape}")
        total: Value | None = None
        for number, entry in enumerate(entries):
            unit = np.array(self._constant(Fraction(0), shape))
            unit[divmod(number, shape[1])] = 1 if self.exact else 1.0
            term = duals.multiply(self.value(entry, moving), unit)
            total = term if total is None else duals.add(total, term)
        assert total is not None
        return total

    def _at(self, body: Expr, places: tuple[Symbol, ...], values: tuple[Expr, ...], moving: Moving) -> Value:
        """`body` by an evaluator of its own, in which `places` stand for what `values` are here."""
        there = {place.name: self.value(value, moving) for place, value in zip(places, values, strict=True)}
        # what moves outside moves nothing of that name inside, but by the values that are put in
        hidden: Moving = tuple("" if moved in there else moved for moved in moving)
        inner = Evaluator(self.point, self.exact, self.definitions, self.shifts)
        inner.put = {**self.put, **there}
        inner.axes, inner.next_axis = self.axes, self.next_axis
        try:
            return inner.value(body, hidden)
        finally:
            # `axes` is shared, so what was given away stays given away, whether there is a value or not
            self.next_axis = inner.next_axis

    def direction(self, at: int, symbol: Symbol) -> Array:
        """The tangent of a symbol: where it goes when each of its entries is moved."""
        axis = self.tangent_axis(at, symbol)
        moves = self.point.moves(symbol, self.exact)
        return moves.reshape((*moves.shape[:2], *(1,) * axis, *moves.shape[2:]))

    def tangent_axis(self, at: int, symbol: Symbol) -> Axis:
        """The batch axis for the columns of `symbol` moved at a level; the next one is for its rows.

        Scalars share theirs, which have length 1: a sum over many paths holds derivatives by many of them.
        """
        key = (at, "" if symbol.shape == SCALAR else symbol.name)
        if key not in self.axes:
            self.axes[key] = self.next_axis
            self.next_axis += 2
        return self.axes[key]

    def _entry(self, value: Value, subscripts: tuple[Subscript, ...]) -> Value:
        rows, columns = duals.matrix_shape(value)
        places = ([-2] if rows != 1 else []) + ([-1] if columns != 1 else [])
        if len(places) != len(subscripts):
            raise ShapeError(f"{len(subscripts)} subscripts at an array of shape {rows, columns}")
        for place, subscript in zip(places, subscripts, strict=True):
            value = self._select(value, place, subscript)
        return value

    def _select(self, value: Value, place: int, subscript: Subscript) -> Value:
        """The axis `place` (counted from the right) of `value`, taken at `subscript`."""
        if isinstance(subscript, int):
            start = subscript - 1
            if not 0 <= start < duals.core(value).shape[place]:
                raise ShapeError(f"no entry {subscript} in an array of shape {duals.matrix_shape(value)}")
            return duals.linear(lambda array: np.take(array, [start], axis=place), value)
        if self.point.size(subscript.dim) != duals.core(value).shape[place]:
            raise ShapeError(f"the index {subscript.name} runs over {subscript.dim}, its place over another dimension")
        target = -3 - self.axis(subscript)
        return duals.linear(lambda array: identify(array, place, target), value)

    def _sum(self, index: Index, value: Value) -> Value:
        axis, size = -3 - self.axis(index), self.point.size(index.dim)

        def summed(array: Array) -> Array:
            if array.ndim < -axis or array.shape[axis] == 1:
                scaled: Array = array * size
                return scaled
            added: Array = array.sum(axis=axis, keepdims=True)
            return added

        return duals.linear(summed, value)

    def _delta(self, left: Subscript, right: Subscript) -> Array:
        one, other = self._counted(left), self._counted(right)
        arrays.bounded(one.size * other.size, self.exact)
        equal: Array = np.asarray(one == other)
        return equal.astype(int).astype(object) if self.exact else equal.astype(float)

    def _counted(self, subscript: Subscript) -> Array:
        """1, 2, ... along the axis of an index."""
        if isinstance(subscript, int):
            return np.array([[subscript]])
        size = self.point.size(subscript.dim)
        return np.arange(1, size + 1).reshape((size, *(1,) * (self.axis(subscript) + 2)))

    def _power(self, base: Expr, exponent: Expr, moving: Moving) -> Value:
        inner = self.value(base, moving)
        while isinstance(exponent, Group):
            exponent = exponent.body
        if isinstance(exponent, Number) and exponent.value.denominator == 1:
            return duals.integer_power(inner, int(exponent.value))
        return functions.power(inner, self.value(exponent, moving))

    def _whole(self, value: Value) -> int:
        array = duals.core(value)
        if isinstance(value, duals.Dual) or array.size != 1 or array.item() != int(array.item()):
            raise BadPoint
        return int(array.item())

    def _norm(self, value: Value, order: int) -> Value:
        if order == 1:
            return duals.total(functions.function("abs", value))
        if order == 2:
            return functions.function("sqrt", duals.total(duals.integer_power(value, 2)))
        raise Bug(f"a norm of order {order}")

    def _partial(self, body: Expr, wrt: Symbol | Entry, moving: Moving) -> Value:
        symbol = wrt if isinstance(wrt, Symbol) else wrt.base
        if not isinstance(symbol, Symbol):
            raise Bug("a derivative by something that is not a symbol or an entry of one")
        at = len(moving)
        value = self.value(body, (*moving, symbol.name))
        if duals.matrix_shape(value) != (1, 1):
            raise ShapeError("a pending derivative of something that is not a scalar")
        tangent = duals.split(value, at)[1]
        if tangent is None:
            return duals.scaled(value, 0)
        sizes = self.point.shape(symbol.shape)
        axis = self.tangent_axis(at, symbol)
        places = [place for place, size in ((-4 - axis, sizes[0]), (-3 - axis, sizes[1])) if size != 1]
        subscripts = wrt.subscripts if isinstance(wrt, Entry) else ()
        if len(places) != len(subscripts):
            raise ShapeError(f"a derivative by {symbol.name} with {len(subscripts)} subscripts")
        for place, subscript in zip(places, subscripts, strict=True):
            tangent = self._select(tangent, place, subscript)
        return tangent


def identify(array: Array, source: int, target: int) -> Array:
    """`array` with what lies along its axis `source` along the axis `target`, both counted from the right.

    Where it varies along `target` already, both now stand for one index: its diagonal.
    """
    if array.ndim < -target:
        array = array.reshape((*(1,) * (-target - array.ndim), *array.shape))
    if array.shape[target] == 1:
        return np.swapaxes(array, source, target)
    common = np.diagonal(array, axis1=source, axis2=target)
    # `diagonal` drops both axes and appends the common one; both are put back, `source` with length 1
    low, high = sorted((source % array.ndim, target % array.ndim))
    kept = np.expand_dims(np.moveaxis(common, -1, low), high)
    return kept if low == target % array.ndim else np.swapaxes(kept, low, high)


def spread_out(array: Array, along: Sequence[tuple[Axis, int]]) -> Array:
    """`array` with the batch axes `along`, in this order and with these sizes, before its rows and columns."""
    deep = max((axis + 3 for axis, _ in along), default=2)
    if array.ndim < deep:
        array = array.reshape((*(1,) * (deep - array.ndim), *array.shape))
    named = [array.ndim - 3 - axis for axis, _ in along]
    rest = [place for place in range(array.ndim - 2) if place not in named]
    if any(array.shape[place] != 1 for place in rest):
        raise ShapeError("a free index that was not expected")
    turned = array.transpose((*rest, *named, array.ndim - 2, array.ndim - 1))
    turned = turned.reshape(turned.shape[len(rest) :])
    return np.broadcast_to(turned, (*(size for _, size in along), *array.shape[-2:]))


def evaluate(expr: Expr, point: Point, indices: Sequence[Index] = (), *, exact: bool = False) -> Array:
    """The value of `expr` at `point`: an array (rows, columns), before them an axis for each of the free `indices`.

    Raises what Evaluator.value raises.
    """
    with np.errstate(all="ignore"):
        return Evaluator(point, exact).entries(expr, indices)
