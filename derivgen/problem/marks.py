"""YAML read so that everything in it keeps its place.

The text is composed to PyYAML's nodes and never constructed: every scalar stays the string that was typed, so `no`,
`1e3` and `010` mean what they say. Anchors, aliases and tags are refused, and so no file can grow while it is read.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import Complaint, ExpressionError, Place, ProblemError
from derivgen.problem.latex_input.names import names_in
from derivgen.problem.names import canonical_name, printable
from derivgen.problem.tokens import LatexText

LARGEST_FILE = 1_000_000
DEEPEST = 20
MOST_EVENTS = 50_000
LONGEST_LINE = 500
MOST_COMPLAINTS = 50

WORD = re.compile(r"[^\W\d]\w*")

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Mark(Protocol):
    """A place as PyYAML gives it; its C and Python readers have each their own class."""

    @property
    def line(self) -> int: ...
    @property
    def column(self) -> int: ...


Data = str | list["Data"] | dict[str, "Data"]


@dataclass(slots=True)
class Document:
    """One YAML file: its text, its nodes, and what has been found wrong with it so far."""

    file: str
    text: str
    root: Node | None = None
    complaints: list[Complaint] = field(default_factory=list)
    latex: set[int] = field(default_factory=set)
    """The identities of the values that are expressions in LaTeX."""
    broken: set[str] = field(default_factory=set)
    """Names whose declarations cannot be read; what is said with them is not complained about again."""
    _lines: list[int] = field(default_factory=list)
    _offsets: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]

    def offset(self, mark: _Mark) -> int:
        """Where `mark` stands in the text."""
        line = min(mark.line, len(self._lines) - 1)
        return min(self._lines[line] + mark.column, len(self.text))

    def place(self, offset: int, width: int = 1) -> Place:
        """The place of `offset`; the width ends with its line."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._lines, offset) - 1
        start = self._lines[line]
        end = self._lines[line + 1] - 1 if line + 1 < len(self._lines) else len(self.text)
        column = offset - start
        source = printable(self.text[start : min(end, start + max(LONGEST_LINE, column + 80))])
        return Place(self.file, line + 1, column + 1, source, max(1, min(width, end - offset, len(source) - column)))

    def node_place(self, node: Node) -> Place:
        """Where the value of `node` begins; underlines a value of one line."""
        start, end = self.offset(node.start_mark), self.offset(node.end_mark)
        if isinstance(node, ScalarNode) and node.style in ("|", ">") and node.value:
            start = self.scalar_offsets(node)[0]
            end = start + len(node.value.split("\n")[0])
        return self.place(start, max(1, end - start))

    def complain(self, message: str, place: Place, hint: str = "") -> None:
        if len(self.complaints) < MOST_COMPLAINTS:
            self.complaints.append(Complaint(message, place, hint))

    def complain_within(self, node: Node, offset: int, width: int, message: str, hint: str = "") -> None:
        """A complaint about the characters of a scalar's value from `offset` on."""
        if not isinstance(node, ScalarNode) or not node.value:
            self.complain(message, self.node_place(node), hint)
            return
        where = self.scalar_offsets(node)
        first = where[min(offset, len(where) - 1)] + (1 if offset >= len(where) else 0)
        last = where[min(offset + max(1, width) - 1, len(where) - 1)]
        self.complain(message, self.place(first, max(1, last - first + 1)), hint)

    def complain_expression(self, node: Node, text: str, error: ExpressionError) -> None:
        """A complaint about an expression, unless it comes from a name whose own declaration is wrong."""
        names = {canonical_name(word) for word in WORD.findall(text)}
        if isinstance(text, LatexText):
            names |= set(names_in(text, self.broken))
        if not names & self.broken:
            self.complain_within(node, error.offset, error.width, error.message, error.hint)

    def scalar_offsets(self, node: ScalarNode) -> list[int]:
        """For each character of the value of `node`, where it stands in the text."""
        known = self._offsets.get(id(node))
        if known is None:
            known = self._offsets[id(node)] = list(self._align(node))
        return known

    def _align(self, node: ScalarNode) -> Iterator[int]:
        # Folding and indentation only ever change white space, so value and text are walked side by side and white
        # space is skipped where they differ.
        text, place, end = self.text, self.offset(node.start_mark), self.offset(node.end_mark)
        if node.style in ("|", ">"):
            place = text.find("\n", place) + 1
        elif node.style in ("'", '"'):
            place += 1
        for char in node.value:
            if char == "\n":
                line_end = text.find("\n", place, end)
                place = line_end if line_end >= 0 else place
            elif not char.isspace() or text[place : place + 1] not in (" ", "\t", "\n"):
                while place < end and text[place] != char and text[place].isspace():
                    place += 1
            yield min(place, max(0, len(text) - 1))
            if place < end:
                place += 2 if char == "'" and node.style == "'" else 1

    def raise_complaints(self) -> None:
        if self.complaints:
            found = sorted(set(self.complaints), key=_by_place)
            raise ProblemError(*found)


def _by_place(complaint: Complaint) -> tuple[int, int, str]:
    place = complaint.place
    return (place.line, place.column, complaint.message) if place else (0, 0, complaint.message)


def read_document(path: Path) -> Document:
    """The file at `path`, composed.

    Raises ProblemError for a file that is missing, too large, no text, or no YAML of the kind that is read here.
    """
    text = _read_text(path)
    document = Document(str(path), text)
    _check_characters(document)
    document.raise_complaints()
    try:
        _check_events(document)
        document.raise_complaints()
        document.root = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        _complain_yaml(document, error)
    except (ValueError, RecursionError, MemoryError):
        document.complain("this is not YAML that can be read", document.place(0))
    document.raise_complaints()
    if document.root is None:
        document.complain("the file is empty", document.place(0), "`derivgen new FILE` writes one to start from")
    elif not isinstance(document.root, MappingNode):
        place = document.node_place(document.root)
        document.complain("the file is a list or a text, not fields", place, "begin with `title: ...`")
    document.raise_complaints()
    return document


def _read_text(path: Path) -> str:
    def fail(message: str, hint: str = "") -> ProblemError:
        return ProblemError(Complaint(f"{printable(str(path))}: {message}", None, hint))

    try:
        if path.is_dir():
            raise fail("this is a folder, not a file")
        if not path.exists():
            raise fail("there is no such file")
        if not path.is_file():
            raise fail("this is not an ordinary file")
        with path.open("rb") as stream:
            raw = stream.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        raise fail(f"cannot be read ({getattr(error, 'strerror', None) or error})") from None
    if len(raw) > LARGEST_FILE:
        raise fail(f"the file is too large, at most {LARGEST_FILE} bytes")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise fail(f"line {line} is not UTF-8", "save the file as UTF-8") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


_ODD = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]|[\u2028\u2029]")
_TAB_INDENT = re.compile(r"^ *\t+(?=[^\s])", re.MULTILINE)


def _check_characters(document: Document) -> None:
    odd = _ODD.search(document.text)
    if odd is not None:
        code = f"U+{ord(odd.group()):04X}"
        document.complain(f"the character {code} does not belong in a problem file", document.place(odd.start()))


def _check_events(document: Document) -> None:
    """Refuses what would make reading dangerous or ambiguous, before anything is built."""
    depth = 0
    for count, event in enumerate(yaml.parse(document.text, Loader=_LOADER)):
        mark = event.start_mark
        where = document.place(document.offset(mark) if mark is not None else 0)
        if isinstance(event, yaml.AliasEvent):
            hint = "quote a value that begins with *"
            document.complain("aliases (*name) are not read in problem files", where, hint)
        elif getattr(event, "anchor", None) is not None:
            hint = "quote a value that begins with &"
            document.complain("anchors (&name) are not read in problem files", where, hint)
        elif isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) is not None:
            document.complain("tags (!name) are not read in problem files", where, "quote a value that begins with !")
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            depth += 1
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            depth -= 1
        if depth > DEEPEST:
            document.complain(f"lists and fields are nested too deep, at most {DEEPEST}", where)
            return
        if count > MOST_EVENTS:
            document.complain("the file has too many fields", where)
            return
        if len(document.complaints) > 5:
            return


def _complain_yaml(document: Document, error: yaml.YAMLError) -> None:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    offset = document.offset(mark) if mark is not None else 0
    place = document.place(offset)
    problem = str(getattr(error, "problem", None) or "this is not YAML")
    message, hint = f"this is not YAML: {printable(problem)}", ""
    rest, line = document.text[offset : offset + 1], place.source
    if _TAB_INDENT.match(line) or "\\t" in problem or rest == "\t":
        message, hint = "a tab stands where YAML wants spaces", "indent with spaces"
    elif "nesting depth" in problem:  # PyYAML 6.0.4 and later have a limit of their own
        message = f"lists and fields are nested too deep, at most {DEEPEST}"
    elif "escape" in problem:
        message = "a backslash inside double quotes begins an escape"
        hint = "write LaTeX in single quotes or after `|`"
    elif "mapping values are not allowed" in problem:
        hint = "a text that contains `: ` goes in single quotes"
    elif "cannot start any token" in problem:
        hint = f"a value that begins with {rest} goes in single quotes"
    elif "single document" in str(getattr(error, "context", "")) or "another document" in problem:
        message, hint = "the file holds more than one document", "one problem a file; leave `---` out"
    elif "expected <block end>" in problem or "could not find expected ':'" in problem:
        hint = (
            "is the line indented like its neighbours? A text that begins with a quote or bracket goes in single quotes"
        )
    document.complain(message, place, hint)


def to_data(document: Document, node: Node) -> Data:
    """The strings, lists and fields of `node`; complains about keys that stand twice or are no text."""
    match node:
        case MappingNode():
            data: dict[str, Data] = {}
            for key, value in node.value:
                if not isinstance(key, ScalarNode):
                    document.complain("the name of a field is a word", document.node_place(key))
                    continue
                if key.value in data:
                    first = document.node_place(key_node(node, key.value) or key).line
                    shown = printable(key.value[:60])
                    document.complain(f"`{shown}` stands twice, first in line {first}", document.node_place(key))
                    to_data(document, value)
                    continue
                data[key.value] = to_data(document, value)
            return data
        case SequenceNode():
            return [to_data(document, own) for own in node.value]
        case ScalarNode():
            return str(node.value)
    raise AssertionError(node)


def key_node(node: Node, name: str) -> ScalarNode | None:
    """The key `name` of a mapping, where it stands first."""
    if isinstance(node, MappingNode):
        for key, _ in node.value:
            if isinstance(key, ScalarNode) and key.value == name:
                return key
    return None


def child(node: Node, step: str | int) -> Node | None:
    """The value of a field, or one item of a list."""
    if isinstance(node, MappingNode) and isinstance(step, str):
        for key, value in node.value:
            if isinstance(key, ScalarNode) and key.value == step:
                return value if isinstance(value, Node) else None
    if isinstance(node, SequenceNode) and isinstance(step, int) and 0 <= step < len(node.value):
        item = node.value[step]
        return item if isinstance(item, Node) else None
    return None


def scalars(node: Node) -> Iterator[ScalarNode]:
    """All scalars below `node`, keys too."""
    if isinstance(node, ScalarNode):
        yield node
    elif isinstance(node, SequenceNode):
        for own in node.value:
            yield from scalars(own)
    elif isinstance(node, MappingNode):
        for key, value in node.value:
            yield from scalars(key)
            yield from scalars(value)


def check_quoting(document: Document, node: Node) -> None:
    """Complains about backslashes inside double quotes, which YAML reads as escapes."""
    for scalar in scalars(node):
        if scalar.style != '"':
            continue
        start, end = document.offset(scalar.start_mark), document.offset(scalar.end_mark)
        at = document.text.find("\\", start, end)
        if at >= 0:
            hint = "write LaTeX in single quotes or after `|`"
            document.complain("a backslash inside double quotes begins an escape", document.place(at, 2), hint)


def check_comment(document: Document, node: Node, name: str) -> None:
    """Complains about text lost behind ` #` after a value without quotes."""
    if not isinstance(node, ScalarNode) or node.style not in (None, ""):
        return
    end = document.offset(node.end_mark)
    match = re.compile(r"[ \t]+#.*").match(document.text, end)
    if match is not None:
        at = match.start() + len(match.group()) - len(match.group().lstrip())
        hint = "put the value in single quotes, or the comment on a line of its own"
        place = document.place(at, len(match.group().strip()))
        document.complain(f"what follows ` #` is a comment and not part of `{name}`", place, hint)
