"""What a part of calculus gives besides its expression: variables, points, a rate, ranges, data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import TypedDict

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    Apply,
    Dim,
    Entry,
    Expr,
    Matrix,
    Number,
    Pi,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
)
from derivgen.expr.shapes import shape, show_shape
from derivgen.expr.text import text
from derivgen.expr.walk import subexpressions, symbols
from derivgen.problem.expression import parse_expression
from derivgen.problem.marks import Document, child, key_node
from derivgen.problem.model import Given, Scope
from derivgen.problem.names import canonical_name, did_you_mean, is_name, shorten
from derivgen.problem.notation import scalar_text
from derivgen.problem.operations import constant
from derivgen.problem.schema import PartFields

CALCULUS = frozenset(
    "derive gradient jacobian hessian partials evaluate critical_points classify expand chain descend newton "
    "directional tangent_plane plot forward backward diagram".split()
)
"""Tasks that may be ordinary calculus, in scalars."""

PASSES = ("forward", "backward")
"""Tasks that go through the quantities of `define` one by one."""

MOST_SIZES = 6
MOST_STEPS = 50
MOST_ROWS = 200
"""Of a data table."""
MOST_VARIABLES = 12
MOST_LAYERS = 100
"""Of a network."""

DECIMAL = re.compile(r"(?<![\w.])[0-9]*\.([0-9]+)")

_NEEDS_POINT = ("evaluate", "directional", "tangent_plane")
_TWO_VARIABLES = ("tangent_plane", "plot")


class _Drawn(TypedDict, total=False):
    """What a diagram gives."""

    path: tuple[Expr, ...]
    layers: tuple[Dim, ...]
    names: tuple[Expr, ...]
    weights: tuple[Expr, ...]


def is_formula(expr: Expr) -> bool:
    """Whether `expr` holds nothing but numbers, scalar symbols and functions of them, or is an array of such."""
    entries = expr.entries if isinstance(expr, Matrix) else (expr,)
    return all(
        isinstance(node, Number | Pi | Size | Plus | Product | Power)
        or (isinstance(node, Symbol) and node.shape == SCALAR)
        or (isinstance(node, Apply) and not node.function.abstract)
        for entry in entries
        for node in subexpressions(entry)
    )


def expression_text(document: Document, node: Node) -> str:
    """The text of an expression at `node`; a list of YAML is an array written out."""
    if isinstance(node, ScalarNode):
        return scalar_text(document, node)
    if isinstance(node, SequenceNode):
        return f"[{', '.join(expression_text(document, own) for own in node.value)}]"
    return ""


def parsed_node(
    document: Document, node: Node | None, scope: Scope, expand: bool = True, grouped: bool = False
) -> Expr | None:
    """The expression at `node`; None where there is none that can be read, which is complained about."""
    if not isinstance(node, ScalarNode | SequenceNode):
        return None
    text = expression_text(document, node)
    try:
        return parse_expression(text, scope, expand=expand, grouped=grouped)
    except ExpressionError as error:
        if isinstance(node, ScalarNode):
            document.complain_expression(node, text, error)
        else:
            document.complain(error.message, document.node_place(node), error.hint)
    return None


@dataclass(slots=True)
class GivenReader:
    """Reads these fields of one part; what is wrong goes to the document's complaints."""

    document: Document
    node: MappingNode
    fields: PartFields
    scope: Scope
    task: str
    expression: Expr
    reading: str

    def given(self) -> Given:
        fields = self.fields
        variables = self._variables()
        at = self._mapped("at", variables)
        if self.task in _NEEDS_POINT and key_node(self.node, "at") is None:
            self._complain_key(self.task, f"`{self.task}` needs a point", "add `at: {x: 1, y: 2}`")
        start = self._point("start", variables)
        if self.task in ("descend", "newton") and key_node(self.node, "start") is None:
            self._complain_key(self.task, f"`{self.task}` needs a point to start from", "add `start: [4, 2]`")
        return Given(
            variables=variables,
            at=at,
            start=start,
            rate=self._rate(),
            steps=self._steps(),
            direction=self._point("direction", variables) if not self._steepest() else (),
            ranges=self._ranges(variables),
            data=self._data(),
            left_to_right=self.reading == "left to right",
            staged=fields.rounding == "staged",
            decimal=self._decimal(),
            kind=fields.kind or self._steepest(),
            sizes=self._sizes(),
            **self._diagram(),
        )

    def _complain(self, field: str, message: str, hint: str = "") -> None:
        node = child(self.node, field) or self.node
        self.document.complain(message, self.document.node_place(node), hint)

    def _complain_key(self, field: str, message: str, hint: str = "") -> None:
        self.document.complain(message, self.document.node_place(key_node(self.node, field) or self.node), hint)

    # --- variables --------------------------------------------------------------------------------------------------

    def _variables(self) -> tuple[Symbol, ...]:
        """The scalars that `wrt` names, or all that the expression depends on, in the order of declaration."""
        given = self.fields.wrt
        if given is None:
            return self._all_variables()
        found: list[Symbol] = []
        for written in given if isinstance(given, list) else [given]:
            name = canonical_name(written.strip())
            symbol = self.scope.symbols.get(name)
            if symbol is None:
                if name not in self.document.broken:
                    known = [known for known in self.scope.symbols if known not in self.scope.values]
                    self._complain("wrt", f"{shorten(name)} is not declared", did_you_mean(name, known))
            elif name in self.scope.entries:
                found += self.scope.entries[name]
            elif name in self.scope.values and self.task != "backward":
                self._complain("wrt", f"{name} has values: nothing is differentiated by a constant")
            elif name in self.scope.definitions and self.task != "backward":
                self._complain("wrt", f"{name} is defined by other quantities", "differentiate by a declared symbol")
            elif symbol.shape != SCALAR and self.task != "backward":
                hint = f"name its entries: `{name}: vector({name}1, {name}2)`"
                self._complain("wrt", f"{name} is no scalar", hint)
            else:
                found.append(symbol)
        if len(found) > MOST_VARIABLES:
            self._complain("wrt", f"at most {MOST_VARIABLES} variables")
        if self.task not in ("derive", "chain") and len(set(found)) < len(found):
            self._complain("wrt", "a variable stands twice")
        return tuple(found)

    def _all_variables(self) -> tuple[Symbol, ...]:
        if self.task in ("expand", "forward", "diagram"):
            return ()
        scope = self.scope
        if self.task in ("derive", "gradient", "jacobian", "hessian", "chain", "backward"):
            self._complain_key(self.task, "`wrt` is missing: the symbol to differentiate by", "add `wrt: x`")
            return ()
        own = set(symbols(self.expression))
        found = [
            symbol
            for name, symbol in scope.symbols.items()
            if symbol in own and symbol.shape == SCALAR and name not in scope.values and name not in scope.definitions
        ]
        if self.task in _TWO_VARIABLES and len(found) != 2:
            message = f"`{self.task}` is of two variables, the expression has {len(found)}"
            self._complain_key(self.task, message, "name them: `wrt: [x, y]`")
        return tuple(found)

    # --- points -----------------------------------------------------------------------------------------------------

    def _mapped(self, field: str, variables: tuple[Symbol, ...]) -> tuple[tuple[Symbol, Expr], ...]:
        """`{x: 1, y: 2}`, or `[1, 2]` in the order of the variables."""
        node = child(self.node, field)
        if isinstance(node, MappingNode):
            found: list[tuple[Symbol, Expr]] = []
            for key, value in node.value:
                name = canonical_name(key.value.strip()) if isinstance(key, ScalarNode) else ""
                symbol = self.scope.symbols.get(name)
                if symbol is None or symbol.shape != SCALAR or name in self.scope.definitions:
                    hint = did_you_mean(name, [s.name for s in self.scope.symbols.values() if s.shape == SCALAR])
                    message = f"{shorten(name)} is no declared scalar"
                    self.document.complain(message, self.document.node_place(key), hint)
                    continue
                if (number := self._value(value)) is not None:
                    found.append((symbol, number))
            missing = [v.name for v in variables if v not in dict(found)]
            if missing and self.task not in ("evaluate", "backward"):
                self._complain(field, f"`{field}` says nothing of {', '.join(missing)}")
            return tuple(found)
        return tuple(zip(variables, self._point(field, variables), strict=False))

    def _point(self, field: str, variables: tuple[Symbol, ...]) -> tuple[Expr, ...]:
        node = child(self.node, field)
        if node is None:
            return ()
        if isinstance(node, MappingNode):
            named = dict(self._mapped(field, variables))
            return tuple(named[variable] for variable in variables if variable in named)
        nodes = node.value if isinstance(node, SequenceNode) else [node]
        found = [number for own in nodes if (number := self._value(own)) is not None]
        if len(nodes) != len(variables) and variables:
            names = ", ".join(variable.name for variable in variables)
            message = f"`{field}` has {len(nodes)} value{'s' if len(nodes) != 1 else ''}, there are "
            self._complain(field, f"{message}{len(variables)} variables: {names}")
            return ()
        return tuple(found) if len(found) == len(nodes) else ()

    def _value(self, node: Node) -> Expr | None:
        """A number, or an expression in scalars that are no variables."""
        expr = parsed_node(self.document, node, self.scope)
        if expr is None:
            return None
        if not is_formula(expr) or isinstance(expr, Matrix):
            self.document.complain("a coordinate is a number", self.document.node_place(node))
            return None
        value = constant(expr)
        return expr if value is None else Number(value)

    # --- diagrams ---------------------------------------------------------------------------------------------------

    def _diagram(self) -> _Drawn:
        if self.task != "diagram":
            return {}
        network = self.fields.layers is not None
        if str(self.fields.diagram).strip() == "network" and not network and "network" not in self.scope.symbols:
            self._complain_key("diagram", "a network needs its layers", "add `layers: [3, 4, 2]`")
        if network and str(self.fields.diagram).strip() != "network":
            self._complain("layers", "`layers` goes with `diagram: network`")
        if network and key_node(self.node, "wrt") is not None:
            self._complain_key("wrt", "`wrt` goes with a diagram of named quantities, not with a network")
        for field in ("names", "weights"):
            if not network and key_node(self.node, field) is not None:
                self._complain(field, f"`{field}` goes with `diagram: network`")
        layers = self._layers()
        names, weights = self._named("names"), self._named("weights")
        if layers and names:
            self._check_names(layers, names)
        if layers and weights:
            self._check_weights(layers, weights)
        return {"path": self._named("path"), "layers": layers, "names": names, "weights": weights}

    def _layers(self) -> tuple[Dim, ...]:
        given = self.fields.layers
        if given is None:
            return ()
        if isinstance(given, str):
            self._complain("layers", "the layers of a diagram are a list of their units", "write `layers: [3, 4, 2]`")
            return ()
        found: list[Dim] = []
        for one in given:
            written = canonical_name(str(one).strip())
            if re.fullmatch(r"[0-9]{1,5}", written) and int(written):
                found.append(Dim(int(written)))
            elif is_name(written):
                found.append(Dim(1, (written,)))
            else:
                self._complain("layers", f"`{shorten(written)}` is no number of units", "write 4, or a letter")
                return ()
        if not 2 <= len(found) <= MOST_LAYERS:
            self._complain("layers", f"a network has from 2 to {MOST_LAYERS} layers, this one has {len(found)}")
            return ()
        return tuple(found)

    def _named(self, field: str) -> tuple[Expr, ...]:
        """Symbols, and entries of them, that are listed at `field`."""
        node = child(self.node, field)
        found: list[Expr] = []
        for own in node.value if isinstance(node, SequenceNode) else [node] if node is not None else []:
            expr = parsed_node(self.document, own, self.scope, expand=False)
            if expr is None:
                continue
            if not isinstance(expr, Symbol) and not (isinstance(expr, Entry) and isinstance(expr.base, Symbol)):
                self.document.complain(f"`{field}` has names, or entries: x, x[1]", self.document.node_place(own))
                continue
            found.append(expr)
        return tuple(found)

    def _check_names(self, layers: tuple[Dim, ...], names: tuple[Expr, ...]) -> None:
        if len(names) != len(layers):
            self._complain("names", f"there are {len(layers)} layers and {len(names)} names")
            return
        for size, name in zip(layers, names, strict=True):
            of = shape(name)
            if of != (size, ONE):
                message = f"{text(name)} is {show_shape(of)}, and its layer has {size} unit{'' if size == ONE else 's'}"
                self._complain("names", message)

    def _check_weights(self, layers: tuple[Dim, ...], weights: tuple[Expr, ...]) -> None:
        if len(weights) != len(layers) - 1:
            self._complain("weights", f"there are {len(layers) - 1} gaps and {len(weights)} names of weights")
            return
        for (before, after), name in zip(pairwise(layers), weights, strict=True):
            of = shape(name)
            if of not in ((after, before), (before, after)):
                message = f"{text(name)} is {show_shape(of)}, and leads from {before} to {after} units"
                self._complain("weights", message, f"it is matrix({after}, {before})")

    # --- numbers ----------------------------------------------------------------------------------------------------

    def _fraction(self, field: str, node: Node) -> Fraction | None:
        expr = parsed_node(self.document, node, Scope())
        value = None if expr is None else constant(expr)
        if expr is not None and value is None:
            self.document.complain(f"`{field}` takes numbers", self.document.node_place(node))
        return value

    def _rate(self) -> Fraction | None:
        node = child(self.node, "rate")
        if node is None:
            if self.task == "descend" and key_node(self.node, "rate") is None:
                self._complain_key("descend", "a descent needs a learning rate", "add `rate: 0.1`")
            return None
        value = self._fraction("rate", node)
        if value is not None and value <= 0:
            self._complain("rate", "the learning rate is not positive", "write a number such as 0.1")
        return value

    def _steepest(self) -> str:
        """`steepest descent` or `steepest ascent`, in place of a direction."""
        given = self.fields.direction
        word = given.strip() if isinstance(given, str) else ""
        return word if word in ("steepest descent", "steepest ascent") else ""

    def _steps(self) -> int:
        given = self.fields.steps
        if given is None:
            return 1
        written = str(given).strip()
        if not re.fullmatch(r"[0-9]{1,4}", written) or not 1 <= int(written) <= MOST_STEPS:
            self._complain("steps", f"`steps` is a whole number from 1 to {MOST_STEPS}")
            return 1
        return int(written)

    def _ranges(self, variables: tuple[Symbol, ...]) -> tuple[tuple[Fraction, Fraction], ...]:
        node = child(self.node, "ranges")
        if not isinstance(node, MappingNode):
            return ()
        found: Mapping[str, tuple[Fraction, Fraction] | None] = {
            canonical_name(key.value): self._range(value) for key, value in node.value if isinstance(key, ScalarNode)
        }
        names = [variable.name for variable in variables]
        for name in found:
            if name not in names:
                self._complain("ranges", f"{shorten(name)} is no variable of the plot", did_you_mean(name, names))
        ordered = [found.get(name) for name in names]
        return tuple(one for one in ordered if one is not None) if None not in ordered else ()

    def _range(self, node: Node) -> tuple[Fraction, Fraction] | None:
        ends = [self._fraction("ranges", own) for own in node.value] if isinstance(node, SequenceNode) else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] >= ends[1]:
            self.document.complain("a range has two ends, the lower one first", self.document.node_place(node))
            return None
        return ends[0], ends[1]

    def _data(self) -> tuple[tuple[Symbol, tuple[Fraction, ...]], ...]:
        node = child(self.node, "data")
        if not isinstance(node, MappingNode):
            return ()
        found: list[tuple[Symbol, tuple[Fraction, ...]]] = []
        for key, value in node.value:
            name = canonical_name(key.value) if isinstance(key, ScalarNode) else ""
            symbol = self.scope.symbols.get(name)
            if symbol is None or symbol.shape != SCALAR:
                self.document.complain(f"{shorten(name)} is no declared scalar", self.document.node_place(key))
                continue
            column = [self._fraction("data", own) for own in value.value] if isinstance(value, SequenceNode) else []
            found.append((symbol, tuple(one for one in column if one is not None)))
        lengths = {len(column) for _, column in found}
        if len(lengths) > 1 or 0 in lengths or (lengths and max(lengths) > MOST_ROWS):
            self._complain("data", f"the columns of the data have one length, from 1 to {MOST_ROWS}")
        return tuple(found)

    def _sizes(self) -> tuple[tuple[int, int], ...]:
        """Pairs of numbers of inputs and outputs."""
        found: list[tuple[int, int]] = []
        for pair in self.fields.sizes or []:
            written = [one.strip() for one in pair]
            if len(written) != 2 or not all(re.fullmatch(r"[1-9][0-9]{0,11}", one) for one in written):
                self._complain("sizes", "`sizes` are pairs of whole numbers, of inputs and of outputs: [1000, 1]")
                return ()
            found.append((int(written[0]), int(written[1])))
        if len(found) > MOST_SIZES:
            self._complain("sizes", f"at most {MOST_SIZES} pairs of sizes")
            return ()
        return tuple(found)

    def _decimal(self) -> bool:
        """Whether a decimal stands in what the part gives, or in the values of the symbols."""
        fields = ("at", "start", "rate", "direction", "data", self.task)
        written = [_source(child(self.node, field)) for field in fields]
        if self.task in PASSES and self.document.root is not None:
            written += [_source(child(self.document.root, field)) for field in ("symbols", "define")]
        drawn = (node for node in subexpressions(self.expression) if isinstance(node, Number))
        return any(DECIMAL.search(text) for text in written) or any(number.decimal for number in drawn)


def _source(node: Node | None) -> str:
    match node:
        case ScalarNode():
            return str(node.value)
        case SequenceNode():
            return " ".join(map(_source, node.value))
        case MappingNode():
            return " ".join(_source(value) for _, value in node.value)
    return ""
