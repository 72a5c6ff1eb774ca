"""A problem file to a Problem: fields checked, every expression parsed, all complaints at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError
from derivgen.expr.nodes import Expr, Layout, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.walk import free_indices, parts
from derivgen.problem.declarations import assume, declare, parse_declaration
from derivgen.problem.expression import parse_expression
from derivgen.problem.marks import Document, check_quoting, child, key_node, read_document, to_data
from derivgen.problem.model import Part, Problem, Scope
from derivgen.problem.names import canonical_name, did_you_mean, is_name, shorten
from derivgen.problem.notation import mentioned, place_latex
from derivgen.problem.parts import PartReader, as_list, check_texts, expression_text, field_places
from derivgen.problem.schema import LATER_TASKS, TASKS, ProblemFields
from derivgen.problem.validate import validated

MOST_WRITTEN_OUT = 2_000
"""Nodes of a quantity of `define` with all others written out: one that is longer stays a graph of names."""
DEEPEST_WRITTEN_OUT = 120
"""Nodes one inside the other, in the same."""


def load_problem(path: Path) -> Problem:
    """The problem in the file at `path`.

    Raises ProblemError with everything that is wrong in it.
    """
    document = read_document(path)
    root = document.root
    assert root is not None
    sheet_key = key_node(root, "problems")
    if sheet_key is not None:
        message = "this is a sheet, not a problem: it has the field `problems`"
        document.complain(message, document.node_place(sheet_key))
        document.raise_complaints()
    place_latex(document, root)
    data = to_data(document, root)
    check_quoting(document, root)
    check_texts(document, root)
    _take_out_tasks(document, root, data)
    fields = validated(document, data, ProblemFields)
    scope = _scope(document, root, fields)
    parts = _parts(document, root, fields, scope)
    document.raise_complaints()
    return Problem(
        path=path,
        title=fields.title,
        parts=parts,
        scope=scope,
        source=fields.source,
        prompt=fields.prompt,
        layout=Layout(fields.layout) if fields.layout else None,
        logarithm=fields.logarithm or "",
        refs=as_list(fields.refs),
        places=field_places(document, root),
    )


def _take_out_tasks(document: Document, root: Node, data: object) -> None:
    """A task beside `title` instead of in `parts`."""
    assert isinstance(data, dict)
    for task in (*TASKS, *LATER_TASKS, "wrt", "claim"):
        key = key_node(root, task)
        if key is not None:
            hint = f"write it under `parts:`, as `- {task}: ...`"
            document.complain(f"`{task}` belongs to a part", document.node_place(key), hint)
            data.pop(task, None)


def _scope(document: Document, root: Node, fields: ProblemFields) -> Scope:
    scope = Scope()
    symbols = child(root, "symbols")
    for name in fields.symbols:
        node, key = (child(symbols, name), key_node(symbols, name)) if symbols is not None else (None, None)
        if node is not None and key is not None:
            scope = _declared(document, scope, name, key, node)
    scope = _assumed(document, scope, child(root, "assume"))
    return _defined(document, root, scope, complain=True)


def _declared(document: Document, scope: Scope, name: str, key: Node, node: Node) -> Scope:
    """`scope` with one entry of `symbols`."""
    place = document.node_place(key)
    canonical = canonical_name(name)
    if not is_name(canonical):
        hint = "a name is made of letters, digits and _, and begins with a letter"
        document.complain(f"`{shorten(name)}` is no name", place, hint)
        return scope
    if any(canonical in names for names in (scope.symbols, scope.indices, scope.functions, scope.maps)):
        document.complain(f"`{canonical}` is declared twice", place)
        return scope
    try:
        declaration = parse_declaration(canonical, _declaration_text(document, node))
        taken = [name for name in declaration.entries if name in (*scope.indices, *scope.functions, *scope.maps)]
        taken += [name for name in declaration.entries if name in scope.definitions or name in scope.values]
        if taken:
            document.complain(f"`{taken[0]}` is declared twice", document.node_place(node))
            return scope
        return declare(scope, canonical, declaration)
    except ExpressionError as error:
        if isinstance(node, SequenceNode):
            start = document.offset(node.start_mark)
            in_place = document.place(start + error.offset if node.flow_style else start, error.width)
            document.complain(error.message, in_place, error.hint)
        elif isinstance(node, MappingNode):
            document.complain("a symbol has a type or values", document.node_place(node), "write `vector(n)`")
        else:
            document.complain_within(node, error.offset, error.width, error.message, error.hint)
        document.broken.add(canonical)
        return scope


def _declaration_text(document: Document, node: Node) -> str:
    if isinstance(node, ScalarNode):
        return str(node.value)
    if isinstance(node, SequenceNode) and node.flow_style:
        return document.text[document.offset(node.start_mark) : document.offset(node.end_mark)]
    if isinstance(node, SequenceNode):
        return f"[{', '.join(_declaration_text(document, own) for own in node.value)}]"
    return ""


def _assumed(document: Document, scope: Scope, node: Node | None) -> Scope:
    """`scope` with the assumptions that stand at `node`: a text or a list of texts."""
    if node is None:
        return scope
    for own in node.value if isinstance(node, SequenceNode) else [node]:
        if not isinstance(own, ScalarNode):
            continue
        try:
            scope = assume(scope, own.value)
        except ExpressionError as error:
            document.complain_expression(own, own.value, error)
    return scope


def _defined(document: Document, root: Node, scope: Scope, *, complain: bool) -> Scope:
    """`scope` with the quantities of `define`, in order."""
    definitions = child(root, "define")
    if not isinstance(definitions, MappingNode):
        return scope
    read: dict[str, tuple[int, int]] = {}
    uses = _uses(document, definitions)
    for key, node in definitions.value:
        if not isinstance(key, ScalarNode) or not isinstance(node, ScalarNode | SequenceNode):
            continue
        name, written = canonical_name(key.value), expression_text(document, node)
        taken = any(name in names for names in (scope.symbols, scope.indices, scope.functions, scope.maps))
        if not is_name(name) or taken:
            message = f"`{name}` is declared twice" if taken else f"`{shorten(key.value)}` is no name"
            if complain:
                document.complain(message, document.node_place(key))
            continue
        later = [one for one in uses.get(name, ()) if one not in read and one not in document.broken]
        if later and complain:
            _complain_order(document, node, name, later[0], uses)
        if later:
            document.broken.add(name)
            continue
        try:
            level = parse_expression(written, scope)
        except ExpressionError as error:
            if complain and isinstance(node, ScalarNode):
                document.complain_expression(node, written, error)
            elif complain:
                document.complain(error.message, document.node_place(node), error.hint)
            document.broken.add(name)
            continue
        count, deep = read[name] = _written_size(level, read)
        is_short = count <= MOST_WRITTEN_OUT and deep <= DEEPEST_WRITTEN_OUT
        expr = _written_out(written, scope) if is_short else None
        free = free_indices(level)
        if free and complain:
            message = f"{name} has the free index {free[0].name}"
            document.complain(message, document.node_place(node), "define whole vectors and matrices")
        scope = replace(
            scope,
            symbols={**scope.symbols, name: Symbol(name, shape(level))},
            definitions={**scope.definitions, name: level if expr is None else expr},
            levels={**scope.levels, name: level},
            unwritten=scope.unwritten | ({name} if expr is None else set()),
        )
    return scope


def _written_size(level: Expr, read: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """How many nodes `level` has, and how many are one inside the other, with the quantities in it written out."""
    if isinstance(level, Symbol) and level.name in read:
        return read[level.name]
    below = [_written_size(part, read) for part in parts(level)]
    return 1 + sum(count for count, _ in below), 1 + max((deep for _, deep in below), default=0)


def _written_out(written: str, scope: Scope) -> Expr | None:
    """The quantity `written` with all others written out; None where that is more than an expression may be."""
    try:
        return parse_expression(written, scope, expand=True)
    except ExpressionError:
        return None


def _uses(document: Document, definitions: MappingNode) -> dict[str, tuple[str, ...]]:
    """Which quantities of `define` the text of each one names."""
    texts = {
        canonical_name(key.value): expression_text(document, node)
        for key, node in definitions.value
        if isinstance(key, ScalarNode)
    }
    return {name: mentioned(text, texts) for name, text in texts.items()}


def _complain_order(document: Document, node: Node, name: str, later: str, uses: dict[str, tuple[str, ...]]) -> None:
    """Says that `name` uses `later`, which stands below it: where that leads back to `name` it can stand nowhere."""
    way = _way(uses, later, name)
    place = document.node_place(node)
    if way is None:
        message = f"{name} uses {later}, which is defined below it"
        document.complain(message, place, "quantities are defined in order: write it above")
        return
    shown = " -> ".join((name, *way))
    message = f"{name} is made of itself" if len(way) == 1 else f"the quantities go in a circle: {shorten(shown)}"
    document.complain(message, place, "each quantity is made of those above it")


def _way(uses: dict[str, tuple[str, ...]], start: str, end: str) -> tuple[str, ...] | None:
    """A way from `start` to `end` through what each quantity uses; None where there is none."""
    before: dict[str, str] = {start: ""}
    waiting = [start]
    while waiting:
        one = waiting.pop(0)
        if one == end:
            way = [one]
            while before[way[0]]:
                way.insert(0, before[way[0]])
            return tuple(way)
        for below in uses.get(one, ()):
            if below not in before:
                before[below] = one
                waiting.append(below)
    return None


def _part_scope(document: Document, root: Node, node: Node, scope: Scope) -> Scope:
    """The scope of a part: with its assumptions, which reach into the defined quantities."""
    assumptions = child(node, "assume")
    if assumptions is None:
        return scope
    stacked = {name: scope.definitions[name] for name in scope.entries}
    names = {n: symbol for n, symbol in scope.symbols.items() if n in stacked or n not in scope.definitions}
    bare = _assumed(document, replace(scope, symbols=names, definitions=stacked), assumptions)
    return _defined(document, root, bare, complain=False)


def _parts(document: Document, root: Node, fields: ProblemFields, scope: Scope) -> tuple[Part, ...]:
    nodes = child(root, "parts")
    found: list[Part] = []
    for number, part_fields in enumerate(fields.parts):
        node = child(nodes, number) if nodes is not None else None
        if isinstance(node, MappingNode):
            reading = part_fields.reading or fields.reading
            layout = part_fields.layout or fields.layout
            own_scope = _part_scope(document, root, node, scope)
            reader = PartReader(document, node, part_fields, own_scope, reading or "", layout or "")
            part = reader.part()
            found.append(part)
    _check_labels(document, found)
    return _with_subjects(document, found)


def _with_subjects(document: Document, parts: list[Part]) -> tuple[Part, ...]:
    """`parts` with what each listing is about: the part that it names, else the one above it."""
    found: list[Part] = []
    for part in parts:
        if part.task == "code":
            derived = [one for one in found if one.task not in ("text", "code")]
            named = [one for one in derived if one.label in part.depends]
            about = next(reversed(named if part.depends else derived), None)
            if about is None:
                hint = "write it below the part that it is about, or name that part with `depends:`"
                document.complain("there is no part for this listing", part.places["code"], hint)
            else:
                part = replace(part, about=about, scope=about.scope, layout=part.layout or about.layout)
        found.append(part)
    return tuple(found)


def _check_labels(document: Document, parts: list[Part]) -> None:
    labels: set[str] = set()
    for part in parts:
        if part.label and part.label in labels:
            document.complain(f"the label `{shorten(part.label)}` stands twice", part.places["label"])
        for label in part.depends:
            if label not in labels:
                hint = did_you_mean(label, labels)
                document.complain(f"no part above has the label `{shorten(label)}`", part.places["depends"], hint)
        if part.label:
            labels.add(part.label)
