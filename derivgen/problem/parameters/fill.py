"""What was drawn, put into a problem file.

In expressions the reader takes what was drawn in place of a name (problem/expression.py). Fields that take bare numbers
(`rate`, `steps`, the values and sizes in `symbols`) get them here, before they are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import ASSUMPTIONS, SCALAR, Expr, Matrix, Number
from derivgen.expr.shapes import shape
from derivgen.expr.text import decimal_text
from derivgen.expr.walk import transform
from derivgen.problem.expression import parse_expression
from derivgen.problem.marks import Document
from derivgen.problem.model import Scope
from derivgen.problem.operations import constant
from derivgen.problem.parameters.draws import Drawn
from derivgen.problem.parameters.model import Choice, Parameters

NUMBER_FIELDS = frozenset("rate steps digits points order sizes ranges data layers at start direction".split())
WORD = re.compile(r"[^\W\d]\w*")
_SIZED = re.compile(r"\s*(vector|matrix|index)\s*\(")


def numbers_drawn(parameters: Parameters, drawn: Drawn) -> dict[str, Expr]:
    """The numbers and arrays among what was drawn."""
    return {
        name: _with_decimals(parse_expression(text, Scope()), text)
        for name, text in drawn
        if parameters.by_name[name].symbol is not None
    }


def _with_decimals(expr: Expr, text: str) -> Expr:
    if "." not in text:
        return expr
    return transform(expr, lambda node: replace(node, decimal=True) if isinstance(node, Number) else None)


def words_drawn(parameters: Parameters, drawn: Drawn) -> dict[str, str]:
    """The words among what was drawn."""
    chosen = {name: parameters.by_name[name].source for name, _ in drawn}
    return {name: text for name, text in drawn if isinstance(own := chosen[name], Choice) and own.are_words}


def with_expressions(document: Document, scope: Scope, parameters: Parameters, drawn: Drawn) -> Scope:
    """`scope` with the expressions that were drawn. Those that were not drawn are read too, and complained about."""
    for name, text in drawn:
        source = parameters.by_name[name].source
        if not isinstance(source, Choice) or source.are_words or source.values is not None:
            continue
        for written, place in zip(source.texts, source.places, strict=True):
            try:
                expr = parse_expression(written, scope, expand=True)
            except ExpressionError as error:
                document.complain(error.message, place, error.hint)
                continue
            if written == text:
                scope = replace(scope, drawn={**scope.drawn, name: expr})
    return scope


def filled(root: Node, drawn: Mapping[str, Expr]) -> Node:
    """`root` with the numbers drawn where numbers are wanted; each node keeps its place."""
    scope = Scope(drawn=drawn)
    if not isinstance(root, MappingNode):
        return root
    values = []
    for key, node in root.value:
        match key.value:
            case "symbols" if isinstance(node, MappingNode):
                node = _copy(node, [(own, _declared(value, scope)) for own, value in node.value])
            case "parts" if isinstance(node, SequenceNode):
                node = _copy(node, [_part(part, scope) for part in node.value])
        values.append((key, node))
    return _copy(root, values)


def _copy(node: Node, value: object) -> Node:
    """`node` at its place with another value."""
    if isinstance(node, ScalarNode):
        return ScalarNode(node.tag, value, node.start_mark, node.end_mark, node.style)
    assert isinstance(node, SequenceNode | MappingNode)
    return type(node)(node.tag, value, node.start_mark, node.end_mark, node.flow_style)


def _part(node: Node, scope: Scope) -> Node:
    if not isinstance(node, MappingNode):
        return node
    return _copy(node, [(key, _numbers(own, scope) if key.value in NUMBER_FIELDS else own) for key, own in node.value])


def _numbers(node: Node, scope: Scope) -> Node:
    match node:
        case ScalarNode():
            text = _evaluated(node.value, scope)
            return node if text is None else _copy(node, text)
        case SequenceNode():
            return _copy(node, [_numbers(own, scope) for own in node.value])
        case MappingNode():
            return _copy(node, [(key, _numbers(own, scope)) for key, own in node.value])
    return node


def _declared(node: Node, scope: Scope) -> Node:
    """What a symbol is declared to be: `a`, `A symmetric`, `[[a, 1], [1, b]]`, `vector(k)`."""
    if isinstance(node, SequenceNode):
        return _copy(node, [_declared(own, scope) for own in node.value])
    if not isinstance(node, ScalarNode) or not set(WORD.findall(node.value)) & scope.drawn.keys():
        return node
    text = node.value
    if sized := _SIZED.match(text):
        inside, closing, rest = text[sized.end() :].partition(")")
        dims = (piece if (own := _evaluated(piece, scope)) is None else own for piece in inside.split(","))
        return _copy(node, f"{sized.group()}{','.join(dims)}{closing}{rest}")
    body, words = _cut_words(text)
    own = _evaluated(body, scope)
    return node if own is None else _copy(node, f"{own}{words}")


def _cut_words(text: str) -> tuple[str, str]:
    """A declaration without the assumptions and the LaTeX that follow its value, and these."""
    match = re.search(rf"(?:\s+(?:{'|'.join(sorted(ASSUMPTIONS))})\b|\s+as\s).*\Z", text, re.DOTALL)
    return (text[: match.start()], match.group()) if match else (text, "")


def _evaluated(text: str, scope: Scope) -> str | None:
    """The number, or array of numbers, that `text` comes to with what was drawn; None where it names no parameter."""
    if not set(WORD.findall(text)) & scope.drawn.keys():
        return None
    try:
        expr = parse_expression(text, scope)
    except ExpressionError:
        return None  # it is complained about where it is read
    entries = expr.entries if isinstance(expr, Matrix) else (expr,)
    numbers = []
    for entry in entries:
        value = constant(entry)
        if value is None:
            return None
        decimal = isinstance(entry, Number) and entry.decimal
        numbers.append((decimal_text(value) if decimal else None) or str(value))
    if shape(expr) == SCALAR:
        return numbers[0]
    width = shape(expr)[1].number
    rows = [", ".join(numbers[start : start + width]) for start in range(0, len(numbers), width)]
    return f"[{', '.join(f'[{row}]' if width > 1 or len(rows) == 1 else row for row in rows)}]"
