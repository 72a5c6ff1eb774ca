"""Layers whose number is a letter: `layers: L` and `repeat: {x: a}` of back-propagation."""

from __future__ import annotations

from yaml.nodes import MappingNode

from derivgen.expr.nodes import SCALAR, Symbol
from derivgen.expr.shapes import show_shape
from derivgen.problem.marks import Document, child, key_node
from derivgen.problem.model import Scope
from derivgen.problem.names import canonical_name, did_you_mean, is_name, shorten
from derivgen.problem.schema import PartFields

EXAMPLE = "write `repeat: {x: a}`: the x of a layer is the a of the layer before"

Repeated = tuple[str, tuple[Symbol, Symbol] | None]
"""The letter, and what is put into a layer with what it is in the layer before; empty and None where there is none."""


def repeated(document: Document, node: MappingNode, fields: PartFields, scope: Scope) -> Repeated:
    """What `layers` and `repeat` of a part say; what is wrong goes to the document's complaints."""

    def complain(field: str, message: str, hint: str = "") -> Repeated:
        document.complain(message, document.node_place(child(node, field) or node), hint)
        return "", None

    if fields.layers is None:
        if fields.repeat is not None:
            return complain("repeat", "`repeat` goes with `layers`", "add `layers: L`")
        return "", None
    count = canonical_name(fields.layers.strip()) if isinstance(fields.layers, str) else ""
    if not is_name(count):
        hint = "write `layers: L`; a known number of layers is written out in `define`"
        return complain("layers", "the number of layers of `backprop` is a letter", hint)
    if any(count in names for names in (scope.symbols, scope.functions, scope.maps, scope.indices, scope.sizes)):
        return complain("layers", f"`{count}` is declared as something else", "choose another letter")
    if key_node(node, "claim") is not None:
        return complain("claim", "a claim cannot speak of layers", "claim it of layers that are written out")
    if fields.repeat is None or len(fields.repeat) != 1:
        return complain("repeat" if fields.repeat else "layers", "`layers` needs one input that is repeated", EXAMPLE)
    names = [canonical_name(name.strip()) for name in next(iter(fields.repeat.items()))]
    for name in names:
        if name not in scope.symbols:
            if name in document.broken:
                return "", None
            return complain("repeat", f"{shorten(name)} is not declared", did_you_mean(name, list(scope.symbols)))
    given, made = (scope.symbols[name] for name in names)
    if given.name in scope.definitions or given.name in scope.values or given.shape == SCALAR:
        return complain("repeat", f"{given.name} is no vector or matrix that is put in", EXAMPLE)
    if made.name not in scope.levels:
        return complain("repeat", f"{made.name} is no quantity of `define`", EXAMPLE)
    for before, after in zip(given.shape, made.shape, strict=True):
        if before != after and not (len(before.names) == len(after.names) == before.number == after.number == 1):
            shown = f"{show_shape(given.shape)} and {show_shape(made.shape)}"
            return complain("repeat", f"{given.name} and {made.name} are {shown}: one cannot stand for the other")
    return count, (given, made)
