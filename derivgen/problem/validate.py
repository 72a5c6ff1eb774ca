"""The fields of a file against their models, every fault turned into a complaint with its place."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from yaml.nodes import MappingNode, Node

from derivgen.problem.marks import Data, Document, child, key_node
from derivgen.problem.names import nearest, shorten
from derivgen.problem.schema import EXPRESSION_FIELDS, PartFields

Model = TypeVar("Model", bound=BaseModel)
Steps = tuple[str | int, ...]


def validated(document: Document, data: Data, model: type[Model]) -> Model:
    """`data` as a `model`; what is wrong is complained about and left out, so that the rest can be read too."""
    assert isinstance(data, dict)
    for _ in range(20):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            faults = error.errors(include_url=False, include_context=True)
            # all are found before the first is mended, which takes values out
            placed = [(fault, *_existing(data, fault["loc"])) for fault in faults]
            wrong = {steps: (fault, value) for fault, steps, value in reversed(placed) if fault["type"] != "missing"}
            for fault, steps, _ in placed:
                if fault["type"] == "missing":
                    _complain_missing(document, data, steps, str(fault["loc"][-1]))
            for steps, (fault, value) in wrong.items():
                # a type that is one of several gives a fault for each; what is said of the innermost value is enough
                if not any(len(other) > len(steps) and other[: len(steps)] == steps for other in wrong):
                    _complain(document, data, steps, value, fault, model)
    document.raise_complaints()
    raise AssertionError("a file that validates only after 20 rounds")


def _complain_missing(document: Document, data: dict[str, Data], steps: Steps, missing: str) -> None:
    place = document.node_place(_node(document, steps)) if steps else document.place(0)
    document.complain(f"the field `{missing}` is missing", place)
    _fill(data, missing)


def _complain(
    document: Document, data: dict[str, Data], steps: Steps, value: Data, fault: Any, model: type[BaseModel]
) -> None:
    node = _node(document, steps)
    name = next((str(step) for step in reversed(steps) if isinstance(step, str)), "the file")
    match fault["type"]:
        case "extra_forbidden":
            _complain_unknown(document, steps, node, model)
        case "literal_error":
            words = _words(fault)
            near = nearest(str(value), words)
            hint = f"did you mean `{near}`?" if near else f"known are {', '.join(words)}"
            message = f"`{shorten(str(value))}` is no {name}" if isinstance(value, str) else f"`{name}` takes one word"
            document.complain(message, document.node_place(node), hint)
        case "too_short":
            document.complain(f"`{name}` is empty", document.node_place(node))
            _fill(data, name)
            return
        case "model_type" | "dict_type":
            document.complain(f"`{name}` takes fields, one a line", document.node_place(node))
        case "list_type" if not isinstance(value, str):
            document.complain(f"`{name}` takes a text or a list of texts", document.node_place(node))
        case "list_type":
            document.complain(f"`{name}` takes a list: items that begin with `- `", document.node_place(node))
        case _:
            hint = "a value that begins with [ or { goes in single quotes" if isinstance(value, list | dict) else ""
            if isinstance(value, dict) and name in EXPRESSION_FIELDS:
                hint = "an expression in LaTeX is written {latex: '...'}"
            document.complain(f"`{name}` takes a text", document.node_place(node), hint)
    _remove(data, steps)


def _existing(data: Data, loc: tuple[str | int, ...]) -> tuple[Steps, Data]:
    """The part of `loc` that is there (pydantic adds the names of the types that it tried), and the value there."""
    steps: list[str | int] = []
    value = data
    for step in loc:
        below: Data | None = None
        if isinstance(value, dict) and isinstance(step, str):
            below = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            below = value[step]
        if below is not None:
            steps.append(step)
            value = below
    return tuple(steps), value


def _node(document: Document, steps: Steps) -> Node:
    node = cast(Node, document.root)
    for step in steps:
        node = child(node, step) or node
    return node


def _complain_unknown(document: Document, steps: Steps, node: Node, model: type[BaseModel]) -> None:
    name = str(steps[-1])
    parent = _node(document, steps[:-1])
    key = key_node(parent, name) if isinstance(parent, MappingNode) else None
    fields = set(model.model_fields if len(steps) == 1 else PartFields.model_fields)
    near = nearest(name, fields)
    hint = f"did you mean `{near}`?" if near else f"known are {', '.join(sorted(fields)[:40])}"
    document.complain(f"there is no field `{shorten(name)}`", document.node_place(key or node), hint)


def _words(fault: Any) -> list[str]:
    expected = str(fault.get("ctx", {}).get("expected", ""))
    return [word.strip(" '") for word in expected.replace(" or ", ",").split(",") if word.strip(" '")]


def _fill(data: dict[str, Data], name: str) -> None:
    """Something in place of a field that is missing, so that the other fields can be read."""
    data[name] = [{}] if name == "parts" else ([] if name == "problems" else "?")


def _remove(data: Data, steps: Steps) -> None:
    value = data
    for step in steps[:-1]:
        value = value[step]  # type: ignore[index]
    if not steps:
        return
    last = steps[-1]
    if len(steps) == 1 and last in ("title", "parts", "problems"):
        _fill(cast(dict[str, Data], data), last)
    elif isinstance(value, dict):
        value.pop(cast(str, last), None)
    elif isinstance(value, list) and len(steps) > 1 and isinstance(last, int):
        # items keep their numbers: an item that is wrong becomes an empty one
        value[last] = {} if steps[-2] == "parts" else ""
