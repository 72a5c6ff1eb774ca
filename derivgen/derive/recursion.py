"""Back-propagation through layers whose number is a letter: the last layer, and the step from one to the one before.

Each step goes through one layer and what is above it, with the gradients from above held, so it is true of any layer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from derivgen.derivation import Conclude, Derivation, Instance, Layered, Placed, Statement, Step, Table
from derivgen.derive.backpropagation import Network, name_latex, network_of, parameters_of
from derivgen.derive.backpropagation import backprop as through_named_layers
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus
from derivgen.expr.nodes import MINUS_ONE, ZERO_NUMBER, Dim, Expr, Layout, Size, Symbol
from derivgen.expr.resize import resized
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import symbols
from derivgen.problem.model import Part
from derivgen.rules.backpropagation import definition_of_layer

LOSSES = ("L", "C", "J", "E")
"""Letters for the loss; the first is often that of the number of layers."""
INDICES = ("l", "k", "j", "r", "s")


def backprop(part: Part, layout: Layout) -> Derivation:
    """The gradients of a loss, through the layers of `define` or through any number of layers like that.

    Raises what the one through named layers raises, and CannotDerive where the loss is not one of the last layer.
    """
    if part.given.feeds is None:
        return through_named_layers(part, layout)
    whole = network_of(part, layout, part.given.feeds[1:])
    return _Layers.of(part, layout, whole).derivation()


@dataclass(slots=True)
class _Layers:
    part: Part
    layout: Layout
    whole: Network
    """One layer and the loss, as they are written."""
    loss: Symbol
    index: str
    own: tuple[Symbol, ...]
    """The parameters of a layer."""
    sizes: dict[str, str]
    """What the sizes of the input are called in the output."""
    placed: dict[str, Placed] = field(default_factory=dict)
    resized: dict[str, Placed] = field(default_factory=dict)
    named: dict[Symbol, Expr] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    @classmethod
    def of(cls, part: Part, layout: Layout, whole: Network) -> _Layers:
        given, made = cls._ends(part)
        used = {one for meaning in whole.levels.values() for one in symbols(meaning)}
        plain = [one for one in used if one not in whole.levels and one != given]
        own = {one for one in plain if not is_scalar(one) or one in part.given.variables}
        own -= {one for one in own if one.name in part.scope.values}
        for one in symbols(whole.top):
            if one in own or one == given:
                raise CannotDerive(f"the loss of layers is one of the last layer's output, and {one.name} is in it")
        if given not in used:
            raise CannotDerive(f"{made.name} is not made of {given.name}, so no layer hands on to the next")
        taken = whole.reserved | {part.given.depth}
        names = [name for name in LOSSES if name not in taken]
        loss = whole.loss if whole.loss.name in part.scope.levels else Symbol(part.name or [*names, "loss"][0])
        pairs = zip(given.shape, made.shape, strict=True)
        sizes = {before.names[0]: after.names[0] for before, after in pairs if before != after}
        ordered = tuple(one for one in parameters_of(whole.levels, part.scope.values) if one in own)
        index = next(name for name in INDICES if name not in taken)
        return cls(part, layout, whole, loss, index, ordered, sizes)

    @staticmethod
    def _ends(part: Part) -> tuple[Symbol, Symbol]:
        assert part.given.feeds is not None
        return part.given.feeds

    # --- symbols of layers ------------------------------------------------------------------------------------------

    def size(self, name: str, place: str, offset: int) -> str:
        """The name of a size in a layer: n_l, n_(l-1), n_0."""
        shown = f"{name}_{_number(place, offset, '({})')}"
        self.resized[shown] = Placed(shown, name, place, offset)
        return shown

    def around(self, place: str, offset: int) -> dict[str, str]:
        """What the sizes of one layer are in the layer `place` + `offset`."""
        found = {before: self.size(before, place, offset - 1) for before in self.sizes}
        return found | {after: self.size(before, place, offset) for before, after in self.sizes.items()}

    def at(self, symbol: Symbol, place: str, offset: int = 0) -> Symbol:
        """`symbol` of a layer: W^(l)."""
        given, made = self._ends(self.part)
        if symbol == given:
            return self.start if (place, offset) == ("", 1) else self.at(made, place, offset - 1)
        moved = resized(symbol, self.around(place, offset))
        assert isinstance(moved, Symbol)
        return self._called(moved, symbol, place, offset)

    def _called(self, moved: Symbol, symbol: Symbol, place: str, offset: int) -> Symbol:
        number = f"({_number(place, offset)})"
        name = f"{symbol.name}^{number}"
        self.placed[name] = Placed(name, symbol.name, place, offset)
        return replace(moved, name=name, latex=f"{name_latex(symbol)}^{{{number}}}")

    @property
    def start(self) -> Symbol:
        """What is put into the first layer, by its own name."""
        found = resized(self._ends(self.part)[0], self.around("", 1))
        assert isinstance(found, Symbol)
        return found

    def put(self, expr: Expr, place: str, offset: int = 0) -> Expr:
        """`expr`, about one layer, about the layer `place` + `offset`."""
        layered = {*self.whole.levels, *self.own, self._ends(self.part)[0]}
        return resized(
            expr, self.around(place, offset), lambda one: self.at(one, place, offset) if one in layered else None
        )

    def levels(self, place: str, offset: int = 0) -> dict[Symbol, Expr]:
        return {self.at(one, place, offset): self.put(own, place, offset) for one, own in self.whole.levels.items()}

    # --- lines ------------------------------------------------------------------------------------------------------

    def derivation(self) -> Derivation:
        count, index = self.part.given.depth, self.index
        given = self._ends(self.part)[0]
        variables = self.part.given.variables or (*self.own, given)
        for one in variables:
            if one not in self.own and one != given:
                raise CannotDerive(f"{one.name} is no parameter of a layer")
        said = (("count", Symbol(count)), ("index", Symbol(index)))
        sizes = [(before, Size(Dim(1, (self.size(before, index, -1),)))) for before in self.sizes]
        if len(sizes) == 1:
            after = Size(Dim(1, (self.size(sizes[0][0], index, 0),)))
            self._say("layers_sized", (*said, ("before", sizes[0][1]), ("after", after)))
        else:
            self._say("layers", said)
        self.steps.append(self._table())
        top = self.put(self.whole.top, count)

        self._say("last_layer", said)
        last = self._network(top, self.levels(count), tuple(self.at(one, count) for one in (*self.own, given)))
        output = [node for node in last.order() if node in last.levels]
        self._lines(last, output)

        self._say("layer_to_layer", (*said, ("below", plus((Symbol(count), MINUS_ONE)))))
        step = self._network(ZERO_NUMBER, self.levels(index) | self.levels(index, 1), ())
        for node in reversed(self.levels(index, 1)):
            step.name(node)
        below = list(reversed(self.levels(index)))
        self._lines(step, below)

        own = [one for one in variables if one in self.own]
        found: list[tuple[Expr, Expr]] = []
        if own:
            self._say("every_layer", said)
            found += self._lines(step, [self.at(one, index) for one in own], boxed=True)
        if len(own) < len(variables):
            self._say("first_layer", said)
            first = self._network(ZERO_NUMBER, self.levels("", 1), ())
            for node in reversed(first.levels):
                first.name(node)
            found += self._lines(first, [self.start], boxed=True)
        goal, result = found[-1]
        return Derivation(
            task="backprop",
            statement=top,
            steps=tuple(self.steps),
            result=result,
            form="matrix",
            shape=shape(result),
            quantity=self.loss,
            layout=self.layout,
            question=goal,
            named=tuple(self.named.items()),
            layered=Layered(
                count=count,
                index=index,
                layer=tuple(self.whole.levels.items()),
                feeds=self._ends(self.part),
                own=self.own,
                loss=(self.loss, self.whole.top),
                below=tuple(step.gradient(node) for node in below),
                placed=tuple(self.placed.values()),
                sizes=tuple(self.resized.values()),
            ),
        )

    def _say(self, key: str, said: tuple[tuple[str, Expr], ...]) -> None:
        self.steps.append(Statement(key, said))

    def _table(self) -> Table:
        """What a layer is, and where the first one begins."""
        rows = [(Instance(self._called(self.start, self._ends(self.part)[1], "", 0), self.start),)]
        rows += [(Instance(node, meaning),) for node, meaning in self.levels(self.index).items()]
        rows.append((Instance(self.loss, self.put(self.whole.top, self.part.given.depth)),))
        return Table(tuple(rows), (definition_of_layer,))

    def _network(self, top: Expr, levels: dict[Symbol, Expr], variables: tuple[Symbol, ...]) -> Network:
        return Network(self.part, self.layout, self.loss, top, levels, variables, self.whole.reserved)

    def _lines(self, network: Network, nodes: Iterable[Symbol], boxed: bool = False) -> list[tuple[Expr, Expr]]:
        """Adds the lines for the gradients by `nodes`; gives these with their values.

        In a box stand those that are asked for, and those that lines go on with.
        """
        found: list[tuple[Expr, Expr]] = []
        nodes = list(nodes)
        for node in nodes:
            self.steps += network.lines(node)
            found.append((network.gradient(node), network.values[node]))
        deltas = [network.gradient(node) for node in nodes if node in network.deltas]
        for goal, value in found:
            if boxed or goal in deltas or (not deltas and goal == found[-1][0]):
                self.steps.append(Conclude(goal, value, goal))
        self.named |= network.named
        return found


def _number(place: str, offset: int, around: str = "{}") -> str:
    """l, l-1, L, 0; where something is added or taken away, in `around`."""
    if not place:
        return str(offset)
    return place if not offset else around.format(f"{place}{offset:+d}")
