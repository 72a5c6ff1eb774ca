"""Sheet files: problems printed together."""

from __future__ import annotations

from pathlib import Path

from yaml.nodes import Node, ScalarNode, SequenceNode

from derivgen.errors import UserError
from derivgen.expr.nodes import Layout
from derivgen.problem.marks import Document, check_quoting, child, key_node, read_document, to_data
from derivgen.problem.model import Sheet
from derivgen.problem.names import is_name, nearest, shorten
from derivgen.problem.parts import check_texts
from derivgen.problem.patterns import MOST_VISITED, TooManyFiles, Walk, leads_out
from derivgen.problem.schema import SheetFields
from derivgen.problem.validate import validated

MOST_PROBLEMS = 1000
_SUFFIXES = (".yaml", ".yml")


def is_sheet(path: Path) -> bool:
    """Whether the file at `path` is a sheet: whether it has the field `problems`. False too where it cannot be read."""
    try:
        document = read_document(path)
    except UserError:
        return False
    return document.root is not None and key_node(document.root, "problems") is not None


def load_sheet(path: Path) -> Sheet:
    """The sheet in the file at `path`; of a problem file, the sheet of that one problem.

    The problems themselves are not read. Raises ProblemError with everything that is wrong in the sheet.
    """
    document = read_document(path)
    root = document.root
    assert root is not None
    if key_node(root, "problems") is None:
        title = child(root, "title")
        return Sheet(path=path, title=str(title.value) if isinstance(title, ScalarNode) else "", problems=(path,))
    data = to_data(document, root)
    check_quoting(document, root)
    check_texts(document, root)
    fields = validated(document, data, SheetFields)
    problems = _problems(document, path, child(root, "problems"))
    template = child(root, "template")
    if template is not None and not is_name(fields.template.replace("-", "_")):
        message = f"`{shorten(fields.template)}` is no name of a template"
        document.complain(message, document.node_place(template), "letters, digits, - and _")
    document.raise_complaints()
    return Sheet(
        path=path,
        title=fields.title,
        problems=problems,
        course=fields.course,
        author=fields.author,
        date=fields.date,
        layout=Layout(fields.layout) if fields.layout else None,
        logarithm=fields.logarithm or "",
        edition=fields.edition,
        template=fields.template,
    )


def _problems(document: Document, path: Path, node: Node | None) -> tuple[Path, ...]:
    """The files that `problems` names, each once; those of one pattern sorted."""
    found: dict[Path, None] = {}
    walk = Walk()
    nodes = node.value if isinstance(node, SequenceNode) else [node]
    for own in nodes:
        if not isinstance(own, ScalarNode):
            continue
        named = _named(document, path, own, walk)
        for one in named:
            found[one] = None
    if not nodes and node is not None:
        document.complain("`problems` is empty", document.node_place(node))
    if len(found) > MOST_PROBLEMS and node is not None:
        document.complain(f"the sheet has too many problems, at most {MOST_PROBLEMS}", document.node_place(node))
    return tuple(found)


def _named(document: Document, path: Path, node: ScalarNode, walk: Walk) -> list[Path]:
    named = _matching(document, path, node, walk)
    for one in named:
        if leads_out(one, (path.parent,)):
            message = f"{shorten(one.name)} lies outside the folder of the sheet"
            hint = "a sheet lists files below its folder, or below the folder where derivgen is started"
            document.complain(message, document.node_place(node), hint)
            return []
    return named


def _matching(document: Document, path: Path, node: ScalarNode, walk: Walk) -> list[Path]:
    pattern, folder, place = node.value.strip(), path.parent, document.node_place(node)
    if not pattern or Path(pattern).is_absolute() or "\0" in pattern:
        document.complain("a problem is named by its path from this file", place, "such as problems/ridge.yaml")
        return []
    if not any(char in pattern for char in "*?["):
        named = folder / pattern
        if named.is_file():
            return [named]
        message = "is a folder" if named.is_dir() else "is not there"
        hint = f"write {pattern.rstrip('/')}/*.yaml" if named.is_dir() else _neighbour(named)
        document.complain(f"{shorten(pattern)} {message}", place, hint)
        return []
    if "**" in pattern:
        document.complain("`**` is not supported: name the folders", place, "such as problems/*/*.yaml")
        return []
    try:
        matching = [one for one in walk.matches(folder, pattern) if one.suffix in _SUFFIXES and one.is_file()]
    except TooManyFiles:
        document.complain(f"{shorten(pattern)} goes through too many files, at most {MOST_VISITED}", place)
        return []
    except (ValueError, OSError):
        document.complain(f"{shorten(pattern)} is no pattern", place)
        return []
    matching = sorted(one for one in matching if one.resolve() != path.resolve())
    if not matching:
        document.complain(f"no problem file matches {shorten(pattern)}", place)
    return matching


def _neighbour(missing: Path) -> str:
    try:
        names = [one.name for one in missing.parent.iterdir() if one.suffix in _SUFFIXES][:500]
    except OSError:
        return ""
    near = nearest(missing.name, names)
    return f"did you mean `{near}`?" if near else ""
