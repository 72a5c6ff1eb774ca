"""Lines about layer l of L layers: checked in networks of one layer, two, ..., at every layer that they speak of.

Each number of layers makes a network that is written out, every layer with sizes of its own, from what one layer is
said to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from derivgen.derivation import Conclude, Derivation, Fact, Instance, Layered, Rewrite, Statement, Step, Table
from derivgen.errors import Bug, ShapeError
from derivgen.expr.nodes import Expr, Symbol
from derivgen.expr.resize import resized
from derivgen.expr.walk import dimensions, symbols
from derivgen.problem.model import Values
from derivgen.verify import steps
from derivgen.verify.bench import Verdict, worst
from derivgen.verify.steps import Report

COUNTS = (1, 2, 3, 4)
"""Numbers of layers."""


class Absent(Exception):
    """A line that speaks of a layer that is not there."""


def check_derivation(
    derivation: Derivation,
    values: Mapping[str, Values] | None = None,
    definitions: Mapping[str, Expr] | None = None,
    levels: Mapping[str, Expr] | None = None,
) -> Report:
    """Checks every line of `derivation` and its result (see steps.check_derivation), those about layers in networks."""
    if derivation.layered is None:
        return steps.check_derivation(derivation, values, definitions, levels)
    found: list[list[Verdict]] = [[] for _ in derivation.steps]
    results: list[Verdict] = []
    try:
        for count in COUNTS:
            for at in range(1, count + 1):
                network = _Network(derivation.layered, count, at)
                kept, own = network.derivation(derivation)
                report = steps.check_derivation(own, values, network.definitions())
                for place, verdict in zip(kept, report.verdicts, strict=True):
                    found[place].append(verdict)
                results.append(report.result)
    except ShapeError as error:
        wrong = Verdict("wrong", message=str(error))
        return Report((wrong,) * len(derivation.steps), wrong)
    never = Verdict("unchecked", message="no layer was found that this speaks of")
    return Report(tuple(worst(own) if own else never for own in found), worst(results))


class _Network:
    """The network of `count` layers, with the letter for any layer standing for `at`."""

    def __init__(self, layered: Layered, count: int, at: int) -> None:
        self.layered = layered
        self.count = count
        self.where = {layered.count: count, layered.index: at, "": 0}
        self.given, self.made = layered.feeds
        pairs = zip(self.given.shape, self.made.shape, strict=True)
        self.outer = {before.names[0]: after.names[0] for before, after in pairs if before != after}
        self.by_layer = {symbol.name for symbol, _ in layered.layer} | {symbol.name for symbol in layered.own}
        self.placed = {one.name: one for one in layered.placed}
        self.below = layered.below if at == count else ()
        self.missing: set[str] = set()
        """The names beside those of the problem that stand for something in a layer that is not there."""

    def definitions(self) -> dict[str, Expr]:
        """What the quantities of all layers and the loss are."""
        found: dict[str, Expr] = {}
        for number in range(1, self.count + 1):
            for symbol, meaning in self.layered.layer:
                found[f"{symbol.name}_{number}"] = self._in_layer(meaning, number)
        loss, meaning = self.layered.loss
        return found | {loss.name: self._in_layer(meaning, self.count)}

    def _sizes(self, number: int) -> dict[str, str]:
        """The names of the sizes in layer `number`: what is put in has that of the layer before."""
        found = {before: f"{before}_{number - 1}" for before in self.outer}
        return found | {after: f"{before}_{number}" for before, after in self.outer.items()}

    def _in_layer(self, expr: Expr, number: int) -> Expr:
        return resized(expr, self._sizes(number), lambda one: self._symbol(one, number))

    def _symbol(self, symbol: Symbol, number: int) -> Symbol | None:
        """A symbol of the one layer, in layer `number`; None for one that all layers share."""
        if symbol.name == self.given.name:
            symbol, number = (symbol, number) if number == 1 else (self.made, number - 1)
        elif symbol.name not in self.by_layer:
            return None
        moved = resized(symbol, self._sizes(number))
        assert isinstance(moved, Symbol)
        return moved if symbol.name == self.given.name else replace(moved, name=f"{symbol.name}_{number}", latex="")

    # --- lines ------------------------------------------------------------------------------------------------------

    def derivation(self, whole: Derivation) -> tuple[list[int], Derivation]:
        """The lines of `whole` that speak of layers that are there, with their places in it."""
        named: list[tuple[Symbol, Expr]] = []
        for symbol, meaning in whole.named:
            try:
                named.append((self._sized(symbol), self.concrete(meaning)))
            except Absent:
                self.missing.add(symbol.name)
        kept: list[tuple[int, Step]] = []
        for place, step in enumerate(whole.steps):
            try:
                kept.append((place, self._step(step)))
            except Absent:
                continue
        assert whole.question is not None
        question, result = self.concrete(whole.question), self.concrete(whole.result)
        own = replace(
            whole,
            statement=self.concrete(whole.statement),
            steps=tuple(step for _, step in kept),
            result=result,
            question=question,
            named=tuple(named),
            layered=None,
        )
        return [place for place, _ in kept], own

    def concrete(self, expr: Expr) -> Expr:
        """`expr` about the layers that the letters stand for.

        Raises Absent where one of them is not there.
        """
        if any(symbol.name in self.missing for symbol in symbols(expr)):
            raise Absent
        sizes = self._renamed()
        if any(name in self.lost for name in dimensions(expr)):
            raise Absent
        return resized(expr, sizes, self._concrete_symbol)

    def _renamed(self) -> dict[str, str]:
        found: dict[str, str] = {}
        self.lost = set()
        for one in self.layered.sizes:
            number = self.where[one.place] + one.offset
            found[one.name] = f"{one.of}_{number}"
            if not 0 <= number <= self.count:
                self.lost.add(one.name)
        return found

    def _sized(self, symbol: Symbol) -> Symbol:
        """A name that lines use beside those of the problem, with the sizes of the layers that it is of."""
        sizes = self._renamed()
        if any(name in self.lost for name in dimensions(symbol)):
            raise Absent
        moved = resized(symbol, sizes)
        assert isinstance(moved, Symbol)
        return moved

    def _concrete_symbol(self, symbol: Symbol) -> Symbol | None:
        one = self.placed.get(symbol.name)
        if one is None:
            if symbol.name in self.by_layer:
                raise ShapeError(f"{symbol.name} is of no layer")
            return None
        number = self.where[one.place] + one.offset
        if one.of == self.made.name and number == 0:
            moved = resized(self.given, self._sizes(1))
        elif 1 <= number <= self.count:
            moved = resized(symbol, self._renamed())
            assert isinstance(moved, Symbol)
            return replace(moved, name=f"{one.of}_{number}", latex="")
        else:
            raise Absent
        assert isinstance(moved, Symbol)
        return moved

    def _step(self, step: Step) -> Step:
        match step:
            case Conclude(_, _, heading) | Rewrite(heading=heading) if heading in self.below:
                raise Absent
            case Conclude(goal, result, heading):
                goal, result, heading = map(self.concrete, (goal, result, heading))
                return replace(step, goal=goal, result=result, heading=heading)
            case Rewrite():
                return self._line(step)
            case Table(rows):
                return replace(step, rows=tuple(tuple(self._instances(row)) for row in rows))
            case Statement(_, _, facts):
                changed = (replace(one, left=self.concrete(one.left), right=self.concrete(one.right)) for one in facts)
                own: tuple[Fact, ...] = tuple(changed)
                return replace(step, facts=own)
            case _:
                raise Bug(f"a step of the kind {type(step).__name__} about layers")

    def _line(self, line: Rewrite) -> Rewrite:
        before, after, heading = map(self.concrete, (line.before, line.after, line.heading))
        return replace(
            line,
            before=before,
            after=after,
            heading=heading,
            instances=tuple(self._instances(line.instances)),
            substeps=tuple(map(self._line, line.substeps)),
        )

    def _instances(self, instances: tuple[Instance, ...]) -> Iterator[Instance]:
        for one in instances:
            yield Instance(self.concrete(one.left), self.concrete(one.right))
