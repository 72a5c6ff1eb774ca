"""The forward and the backward pass through quantities that are arrays: with numbers where there are any, or symbols.

Z = X W,  A = relu(Z)               each quantity by its name, then its numbers
dL/dZ = dL/dA * relu'(Z)            from L back, in matrix form: upstream times local, summed over the paths
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from derivgen.derivation import Conclude, Derivation, Instance, Rewrite, Statement, Step, Table
from derivgen.derive.array_values import ArrayValue, array_value
from derivgen.derive.backpropagation import network_of
from derivgen.derive.dressing import dressed
from derivgen.derive.evaluation import put_in, round_off, work_out
from derivgen.derive.iteration import ROUNDED_TO
from derivgen.derive.naming import quantity_for, reserved_names
from derivgen.derive.passes import backward as backward_scalars
from derivgen.derive.passes import by_definition, cost
from derivgen.derive.passes import forward as forward_scalars
from derivgen.derive.paths import quantities_of
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ONE, SCALAR, ZERO_NUMBER, Expr, Group, Layout, Matrix, Number, Symbol, Zeros, number
from derivgen.expr.shapes import shape
from derivgen.expr.walk import parts, size, symbols, with_parts
from derivgen.problem.model import Part
from derivgen.rules.backpropagation import derivative_of_loss

MOST_SIDE = 8
"""Rows or columns of an array that is shown."""
SMALL = 4
"""Rows and columns of arrays that are put into a line."""
MOST_QUANTITIES = 60
LONGEST = 60
"""Nodes of a quantity that is shown written out beside its names."""


def forward(part: Part, layout: Layout) -> Derivation:
    """Each quantity that `part.expression` is made of, with numbers where there are any."""
    return forward_arrays(part, layout) if has_arrays(part) or has_no_numbers(part) else forward_scalars(part, layout)


def backward(part: Part, layout: Layout) -> Derivation:
    """The derivatives of `part.expression` by `part.given.variables`, passed back from it quantity by quantity."""
    return backward_arrays(part, layout) if has_arrays(part) else backward_scalars(part, layout)


def has_no_numbers(part: Part) -> bool:
    """Whether none of the symbols that `part.expression` is made of has a number."""
    assert part.expression is not None
    if isinstance(part.expression, Matrix):
        return False
    quantities, scope = _quantities(part), part.scope
    inside = {one.name for meaning in (part.expression, *quantities.values()) for one in symbols(meaning)}
    inside |= {one.name for name in inside & scope.entries.keys() for one in scope.entries[name]}
    return not inside & scope.values.keys() and bool(inside - scope.levels.keys())


def has_arrays(part: Part) -> bool:
    """Whether a pass goes through matrices, through vectors of a symbolic length, to the derivative by an array, or
    through what has no formula in scalars.
    """
    assert part.expression is not None
    quantities = _quantities(part)
    if isinstance(part.expression, Matrix):
        return False
    inside = {one for meaning in (part.expression, *quantities.values()) for one in symbols(meaning)}
    through = {one for one in (*inside, *quantities) if one.name not in part.scope.entries}
    if any(one.shape != SCALAR for one in part.given.variables):
        return True
    if any(any(dim.names for dim in one.shape) for one in through):
        return True
    if any(ONE not in one.shape for one in quantities):
        return True
    try:
        quantities_of(part)
    except CannotDerive:
        return True
    return False


def forward_arrays(part: Part, layout: Layout) -> Derivation:
    """Each quantity that `part.expression` is made of: with its numbers, or a table of what it is made of.

    Raises CannotDerive where only some symbols have numbers, and where a quantity has no value.
    """
    assert part.expression is not None
    work = _Pass.of(part)
    names = {**work.levels, work.top: work.meaning}
    if work.has_numbers():
        work.forward(names)
        work.about_rounding()
        work.box(work.top)
        return work.derivation("forward", work.top, work.top, None)
    work.steps.append(forward_table(part, names))
    work.steps.append(Conclude(work.top, work.meaning, work.top))
    return replace(work.derivation("forward", work.top, work.top, None), result=work.meaning, question=work.top)


def backward_arrays(part: Part, layout: Layout) -> Derivation:
    """The derivatives of `part.expression` by `part.given.variables`, in matrix form, and with numbers worked out.

    Raises CannotDerive where the quantity is no scalar, and what forward_arrays and back-propagation raise.
    """
    work = _Pass.of(part)
    network = replace(network_of(_by_parameters(part, work), layout), plain=True)
    has_numbers = work.has_numbers()
    names = {**work.levels, work.top: work.meaning}
    if has_numbers:
        work.steps.append(Statement("forward_values"))
        work.forward(names, slopes=True)
    else:
        work.steps.append(forward_table(part, names))
    targets = part.given.variables
    for node in _backwards(work, targets):
        network.variables = (node,)
        lines = network.lines(node)
        work.steps += lines
        if has_numbers:
            heading = network.gradient(node)
            work.show(heading, network.values[node])
    work.about_rounding()
    last: tuple[Expr, Expr] | None = None
    for one in targets:
        if one not in network.values:
            network.name(one)
            zero = ZERO_NUMBER if one.shape == SCALAR else Zeros(shape(network.gradient(one)))
            work.steps.append(Rewrite((derivative_of_loss,), network.gradient(one), zero, network.gradient(one)))
            network.values[one] = zero
            if has_numbers:
                work.known[network.gradient(one)] = array_value(zero, {})
        last = (network.gradient(one), network.values[one])
        if has_numbers:
            work.box(last[0])
        else:
            work.steps.append(Conclude(last[0], last[1], last[0]))
    assert last is not None
    work.steps += [cost(*pair) for pair in part.given.sizes]
    work.named = network.named
    found = work.derivation("backward", *last, layout)
    return found if has_numbers else replace(found, result=last[1], shape=shape(last[1]))


def forward_table(part: Part, names: dict[Symbol, Expr]) -> Table:
    """What each quantity is made of; and in declared symbols, where that is another and not too long."""
    rows: list[tuple[Instance, ...]] = []
    for node, meaning in names.items():
        row = [Instance(node, meaning)]
        full = part.scope.definitions.get(node.name)
        known = node.name in part.scope.levels and node.name not in part.scope.unwritten
        if known and full is not None and full != part.scope.levels[node.name] and size(full) <= LONGEST:
            row.append(Instance(node, full))
        rows.append(tuple(row))
    return Table(tuple(rows), (by_definition,))


def _quantities(part: Part) -> dict[Symbol, Expr]:
    """The quantities of `define` that the expression is made of, in order."""
    assert part.expression is not None
    scope = part.scope
    wanted = {one.name for one in symbols(part.expression)}
    found: list[tuple[Symbol, Expr]] = []
    for name, meaning in reversed(list(scope.levels.items())):
        if name in wanted:
            found.append((scope.symbols[name], meaning))
            wanted |= {one.name for one in symbols(meaning)}
    return dict(reversed(found))


def _by_parameters(part: Part, work: _Pass) -> Part:
    """`part` with a variable that back-propagation finds, whatever `wrt` names."""
    inside = [one for meaning in (work.meaning, *work.levels.values()) for one in symbols(meaning)]
    leaf = next((one for one in inside if one not in work.levels), None)
    if leaf is None:
        raise CannotDerive("there is nothing to differentiate by")
    return replace(part, given=replace(part.given, variables=(leaf,)))


def _backwards(work: _Pass, targets: Iterable[Symbol]) -> list[Symbol]:
    """The quantities between the last one and `targets`, from the last one back, then the targets that are symbols."""
    targets = list(targets)
    up = set(targets)
    for node, meaning in work.levels.items():
        if any(one in up for one in symbols(meaning)):
            up.add(node)
    inside: set[Symbol] = set(symbols(work.meaning))
    for node in reversed(work.levels):
        if node in inside:
            inside |= set(symbols(work.levels[node]))
    if len(up) > MOST_QUANTITIES:
        raise CannotDerive(f"{len(up)} quantities are too many for a sheet; at most {MOST_QUANTITIES}")
    found = [node for node in reversed(work.levels) if node in up and node in inside]
    return found + [one for one in targets if one not in work.levels and one in inside]


@dataclass(slots=True)
class _Pass:
    part: Part
    top: Symbol
    meaning: Expr
    levels: dict[Symbol, Expr]
    """Without the top."""
    known: dict[Expr, ArrayValue] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    named: dict[Symbol, Expr] = field(default_factory=dict)
    rounds: bool = False

    @classmethod
    def of(cls, part: Part) -> _Pass:
        assert part.expression is not None
        if part.given.staged:
            raise CannotDerive("arrays are not rounded line by line: leave `rounding: staged` out")
        levels, expression = _quantities(part), part.expression
        if isinstance(expression, Symbol) and expression in levels:
            top, meaning = expression, levels.pop(expression)
        else:
            reserved = reserved_names(part.scope, expression)
            loss = Symbol("L" if "L" not in reserved else "loss")
            top = loss if shape(expression) == SCALAR else quantity_for(expression, shape(expression), reserved)
            meaning = expression
        work = cls(part, top, meaning, levels)
        for name, rows in part.scope.values.items():
            symbol = part.scope.symbols[name]
            work.known[symbol] = ArrayValue(tuple(Number(one) for row in rows for one in row), symbol.shape, True)
        return work

    @property
    def digits(self) -> int:
        return ROUNDED_TO if self.part.digits is None else self.part.digits

    def has_numbers(self) -> bool:
        """Whether all symbols have numbers; raises CannotDerive where some do and some do not."""
        inside = dict.fromkeys(one for own in (self.meaning, *self.levels.values()) for one in symbols(own))
        free = [one for one in inside if one not in self.levels]
        missing = [one for one in free if one not in self.known]
        arrays = [one for one in free if one in self.known and one.shape != SCALAR]
        if missing and arrays:
            raise CannotDerive(f"{arrays[0].name} has numbers, and {missing[0].name} has none: give it in `symbols`")
        return not missing

    def digits_of(self, value: ArrayValue) -> int | None:
        """To how many decimals `value` is shown; None where it is shown as it is."""
        return None if value.is_short(self.part.digits) else self.digits

    def forward(self, names: dict[Symbol, Expr], *, slopes: bool = False) -> None:
        for node, meaning in names.items():
            self.steps.append(Rewrite((by_definition,), node, meaning, node))
            self.show(node, meaning, slopes=slopes, filled=not slopes)

    def show(self, heading: Expr, formula: Expr, *, slopes: bool = False, filled: bool = True) -> None:
        """Adds the lines from `formula` to its numbers, and keeps these as those of `heading`.

        With `filled`, one of them has the numbers in the places of the symbols.
        """
        value = self.known[heading] = array_value(formula, self.known, slopes=slopes)
        if any(dim.number > MOST_SIDE for dim in value.of):
            raise CannotDerive(f"arrays of more than {MOST_SIDE} rows or columns are too large to be shown")
        digits = self.digits_of(value)
        before = formula
        put = self._put(formula) if filled else None
        if put is not None and put != formula:
            self.steps.append(Rewrite((put_in,), formula, put, heading))
            before = put
        shown = value.shown(digits)
        if shown != before:
            rule = work_out if digits is None else round_off
            self.steps.append(Rewrite((rule,), before, shown, heading, digits=digits))
        self.rounds |= digits is not None

    def _put(self, expr: Expr) -> Expr | None:
        """`expr` with its numbers in their places; None where they are rounded, or too large for a line."""
        value = self.known.get(expr)
        if value is not None:
            is_small = all(dim.number <= SMALL for dim in value.of)
            shown = value.shown(None)
            if not is_small or not value.is_short(self.part.digits):
                return None
            return shown if value.of != SCALAR else Group(shown)
        below = [self._put(part) for part in parts(expr)]
        put = [one for one in below if one is not None]
        return with_parts(expr, tuple(put)) if len(put) == len(below) else None

    def about_rounding(self) -> None:
        if self.rounds:
            self.steps.append(Statement("rounded_arrays", (("digits", number(self.digits)),)))

    def box(self, heading: Expr) -> None:
        value = self.known[heading]
        digits = self.digits_of(value)
        self.steps.append(Conclude(heading, value.shown(digits), heading, digits=digits))

    def derivation(self, task: str, goal: Expr, value: Expr, layout: Layout | None) -> Derivation:
        """The derivation that ends with the numbers of `goal`, or with `value`."""
        numbers = self.known.get(goal)
        digits = self.digits_of(numbers) if numbers is not None else None
        result = numbers.shown(digits) if numbers is not None else value
        made = Derivation(
            task=task,
            statement=self.meaning,
            steps=tuple(self.steps),
            result=result,
            form="matrix",
            shape=shape(goal),
            quantity=self.top,
            layout=layout,
            question=goal,
            named=(*self.levels.items(), (self.top, self.meaning), *self.named.items()),
            digits=digits,
        )
        written = [one.value.denominator for own in self.known.values() for one in own.entries if own.exact]
        return dressed(made, decimal=self.rounds or any(one % 5 == 0 for one in written), ordinary=False)
