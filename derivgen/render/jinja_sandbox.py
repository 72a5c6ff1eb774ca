"""What a template may do: read data, and call what is named here.

A template may come from anyone (`--templates`), so all is refused that is not on a list: the fields of our dataclasses
can be read, a few methods of texts and lists called, nothing else. Time and memory are not limited here: apart.py is
for that.
"""

from __future__ import annotations

import os
from dataclasses import fields, is_dataclass
from enum import Enum
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import BuiltinMethodType, MethodType
from typing import Any

from jinja2 import BaseLoader, Environment, TemplateNotFound, Undefined
from jinja2.environment import TemplateModule
from jinja2.exceptions import SecurityError
from jinja2.loaders import split_template_path
from jinja2.runtime import BlockReference, LoopContext, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment, safe_range
from jinja2.utils import Cycler, Joiner, Namespace

LARGEST_TEMPLATE = 1_000_000
"""Bytes."""

_TEXT = frozenset(
    "capitalize casefold count endswith find isalpha isdigit islower isupper join lower lstrip partition removeprefix "
    "removesuffix replace rpartition rsplit rstrip split splitlines startswith strip title upper".split()
)
METHODS: dict[type, frozenset[str]] = {
    str: _TEXT,
    dict: frozenset({"get", "items", "keys", "values"}),
    list: frozenset({"count", "index"}),
    tuple: frozenset({"count", "index"}),
    LoopContext: frozenset({"changed", "cycle"}),
    Cycler: frozenset({"next", "reset"}),
}
"""What may be called of a value, by its type."""

READABLE: dict[type, frozenset[str]] = {
    int: frozenset({"denominator", "numerator"}),
    Fraction: frozenset({"denominator", "numerator"}),
    Enum: frozenset({"name", "value"}),
    LoopContext: frozenset(
        "depth depth0 first index index0 last length nextitem previtem revindex revindex0".split(),
    ),
    Cycler: frozenset({"current"}),
    Macro: frozenset({"arguments", "name"}),
    BlockReference: frozenset({"super"}),
}
"""What may be read of a value that is no dataclass, by its type."""

CALLABLE = (Macro, BlockReference, LoopContext, Joiner, Undefined)
"""What a template makes itself; calling an Undefined raises the error that says so."""

GLOBALS = ("cycler", "dict", "joiner", "namespace", "range")
UNKNOWN_FILTERS = ("random",)
"""Filters of Jinja that a sheet cannot have: two builds are to be the same."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja for templates of strangers: an allow-list of attributes and of calls."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.globals = {name: self.globals[name] for name in GLOBALS}
        for name in UNKNOWN_FILTERS:
            del self.filters[name]

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        if attr.startswith("_"):
            return False
        if isinstance(obj, Namespace | TemplateModule):
            return True  # what the template itself has set
        # a rule is data with a law and a name, though it can be called: is_safe_callable refuses that
        is_data = not callable(value) or is_dataclass(value) or isinstance(value, BlockReference)
        kind: Any = type(obj)
        return attr in (_readable(kind) if is_data and not isinstance(value, type) else _methods(kind))

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, CALLABLE) or obj in (safe_range, dict, Cycler, Joiner, Namespace):
            return True
        if not isinstance(obj, BuiltinMethodType | MethodType):
            return False
        kind: Any = type(obj.__self__)
        return obj.__name__ in _methods(kind)

    def wrap_str_format(self, value: Any) -> None:
        """Nothing: `format` is no method that a template may call, so nothing is made of it."""
        return None


@cache
def _methods(of: Any) -> frozenset[str]:
    return frozenset().union(*(names for known, names in METHODS.items() if issubclass(of, known)))


@cache
def _readable(of: Any) -> frozenset[str]:
    """The fields and properties of a dataclass; of another type those of READABLE."""
    names = set().union(*(names for known, names in READABLE.items() if issubclass(of, known)))
    kinds: tuple[type, ...] = of.__mro__
    if is_dataclass(of):
        names |= {field.name for field in fields(of)}
        names |= {name for kind in kinds for name, value in vars(kind).items() if isinstance(value, property)}
    return frozenset(names)


class Folder(BaseLoader):
    """The templates in one folder: ordinary files that lie in it, not links that lead elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, None]:
        path = self.folder.joinpath(*split_template_path(template))
        if not path.is_file():
            raise TemplateNotFound(template)
        return read_inside(self.folder, path), str(path), None


def read_inside(folder: Path, path: Path) -> str:
    """The text of a file in `folder`.

    Raises SecurityError for a link that leads out of it, and for a file that is too large or no text.
    """
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        raise SecurityError(f"{path} leads out of {folder}")
    with path.open("rb") as stream:
        raw = stream.read(LARGEST_TEMPLATE + 1)
    if len(raw) > LARGEST_TEMPLATE:
        raise SecurityError(f"{path} is too large, at most {LARGEST_TEMPLATE} bytes")
    try:
        return raw.decode().replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise SecurityError(f"{path} is not UTF-8") from None
