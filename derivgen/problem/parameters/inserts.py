"""`@(...)` in the texts of a problem: a drawn word, or an expression with what was drawn.

`@` means nothing to TeX in a prompt, to YAML inside a text, or to Jinja. Only files that have parameters know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import Expr
from derivgen.problem.expression import parse_expression
from derivgen.problem.marks import Document
from derivgen.problem.model import Scope
from derivgen.problem.names import canonical_name
from derivgen.problem.schema import TEXT_FIELDS

Span = tuple[int, int]


def spans(text: str) -> Iterator[Span]:
    """Where the inside of each `@(...)` of `text` begins and ends; one that is not closed ends with the text.

    >>> [text[a:b] for text in ["let @(a) be @((b + 1)*x)"] for a, b in spans(text)]
    ['a', '(b + 1)*x']
    """
    place = text.find("@(")
    while place >= 0:
        depth, end = 1, place + 2
        while end < len(text) and depth:
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        yield place + 2, end - 1 if not depth else end + 1
        place = text.find("@(", end)


def masked(text: str) -> str:
    """`text` with letters in place of each insert, so that the rest can be checked where it stands."""
    for start, end in spans(text):
        text = text[: start - 2] + "x" * (min(end, len(text)) + 1 - start + 2) + text[end + 1 :]
    return text


def inserts(document: Document, root: Node, scope: Scope, words: dict[str, str]) -> dict[str, Expr | str]:
    """What each insert of the file says; what cannot be read is complained about.

    A name of a parameter is what was drawn, also where a symbol is called the same.
    """
    scope = replace(scope, symbols={name: own for name, own in scope.symbols.items() if name not in scope.drawn})
    found: dict[str, Expr | str] = {}
    for node in _texts(root):
        for start, end in spans(node.value):
            inside = node.value[start:end]
            if end > len(node.value):
                document.complain_within(node, start - 2, 2, "this `@(` is not closed")
            elif canonical_name(inside.strip()) in words:
                found[inside] = words[canonical_name(inside.strip())]
            else:
                try:
                    found[inside] = parse_expression(inside, scope)
                except ExpressionError as error:
                    document.complain_within(node, start + error.offset, error.width, error.message, error.hint)
    return found


def _texts(node: Node, field: str = "") -> Iterator[ScalarNode]:
    match node:
        case ScalarNode() if field in TEXT_FIELDS:
            yield node
        case SequenceNode():
            for own in node.value:
                yield from _texts(own)
        case MappingNode():
            for key, own in node.value:
                name = key.value if isinstance(key, ScalarNode) else ""
                if name in TEXT_FIELDS or name == "parts" or not field:
                    yield from _texts(own, name)
