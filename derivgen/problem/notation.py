r"""LaTeX in place of an expression: `derive: {latex: '\mathbf{x}^\top \mathbf{x}'}`.

The nodes of a problem file are changed so that the LaTeX stands where the expression would, and the document keeps in
mind which values are LaTeX; all that reads expressions goes on as before.
"""

from __future__ import annotations

from collections.abc import Iterable

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.problem.latex_input.names import names_in
from derivgen.problem.marks import WORD, Document, child, key_node
from derivgen.problem.names import canonical_name
from derivgen.problem.schema import EXPRESSION_FIELDS, TASKS
from derivgen.problem.tokens import LatexText

_FIELDS = EXPRESSION_FIELDS - {"wrt", "form"}
"""The fields of a part that hold an expression."""
_INSTEAD = "write it in place of the expression, as in `derive: {latex: '...'}`"


def place_latex(document: Document, root: Node) -> None:
    """Puts the LaTeX of `{latex: ...}` where the expression would stand, all over a problem file."""
    definitions = child(root, "define")
    if isinstance(definitions, MappingNode):
        _place_in(document, definitions, None)
    parts = child(root, "parts")
    for part in parts.value if isinstance(parts, SequenceNode) else ():
        if not isinstance(part, MappingNode):
            continue
        _place_in(document, part, _FIELDS)
        sides = child(part, "show")
        if isinstance(sides, MappingNode):
            _place_in(document, sides, None)
        _place_beside(document, part)


def _place_in(document: Document, node: MappingNode, fields: frozenset[str] | None) -> None:
    """The values of the `fields` of `node`, of all where that is None."""
    for at, (key, value) in enumerate(node.value):
        if not isinstance(key, ScalarNode) or (fields is not None and key.value not in fields):
            continue
        if isinstance(value, MappingNode):
            inner = _inner(document, value)
            if inner is not None:
                node.value[at] = (key, inner)
        elif isinstance(value, SequenceNode):
            _place_in_list(document, value, key.value == "shapes")


def _place_in_list(document: Document, node: SequenceNode, is_options: bool) -> None:
    for at, own in enumerate(node.value):
        inner = _inner(document, own) if isinstance(own, MappingNode) else None
        if inner is None:
            continue
        node.value[at] = inner
        if not is_options:
            document.latex.discard(id(inner))
            inner.value = "0"
            hint = r"write the whole array in LaTeX: {latex: '\begin{bmatrix} a \\ b \end{bmatrix}'}"
            document.complain("LaTeX stands inside a list", document.node_place(inner), hint)


def _inner(document: Document, node: MappingNode) -> ScalarNode | None:
    """The LaTeX of `{latex: ...}`; None for other fields."""
    key, value = key_node(node, "latex"), child(node, "latex")
    if key is None or not isinstance(value, ScalarNode):
        return None
    for other, _ in node.value:
        if isinstance(other, ScalarNode) and other.value != "latex":
            document.complain(f"`{other.value}` stands beside `latex`", document.node_place(other), "leave it out")
    document.latex.add(id(value))
    return value


def _place_beside(document: Document, part: MappingNode) -> None:
    """`latex: ...` beside a task that has no expression of its own, or alone with `wrt`."""
    key, value = key_node(part, "latex"), child(part, "latex")
    if key is None or not isinstance(value, ScalarNode):
        return
    tasks = [task for task in TASKS if key_node(part, task) is not None]
    own = child(part, tasks[0]) if len(tasks) == 1 else None
    if len(tasks) == 1 and tasks[0] in _FIELDS and isinstance(own, ScalarNode) and not own.value:
        part.value = [(name, value if name.value == tasks[0] else old) for name, old in part.value if name is not key]
    elif not tasks and key_node(part, "wrt") is not None:
        derive = ScalarNode(key.tag, "derive", key.start_mark, key.end_mark)
        part.value = [(derive if name is key else name, old) for name, old in part.value]
    else:
        document.complain("`latex` does not say what is asked", document.node_place(key), _INSTEAD)
        return
    document.latex.add(id(value))


def scalar_text(document: Document, node: ScalarNode) -> str:
    """The text of an expression at `node`, which knows whether it is LaTeX."""
    return LatexText(node.value) if id(node) in document.latex else str(node.value)


def mentioned(text: str, known: Iterable[str]) -> tuple[str, ...]:
    """Which of the names `known` an expression mentions, in order; it need not be one that can be read."""
    names = set(known)
    found = names_in(text, names) if isinstance(text, LatexText) else map(canonical_name, WORD.findall(text))
    return tuple(dict.fromkeys(name for name in found if name in names))
