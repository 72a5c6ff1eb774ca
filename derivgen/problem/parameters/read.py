"""`parameters:` and `conditions:` of a problem file.

a: -5..5 not 0                      a whole number; `step 0.5` for others
b: [1, 2, 1/2]                      one of these: numbers or expressions
A: matrix(2, 2) symmetric of -3..3  entry by entry; vector(3) of [0, 1]
c: = a*b                            worked out
fruit: {words: [apples, pears]}     words for the texts
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError
from derivgen.expr.shapes import shape
from derivgen.expr.walk import symbols
from derivgen.problem.expression import parse_expression
from derivgen.problem.latex_text import text_faults
from derivgen.problem.marks import Document, child, key_node
from derivgen.problem.model import Scope
from derivgen.problem.names import canonical_name, did_you_mean, is_name, shorten
from derivgen.problem.parameters.conditions import names_in, parse_tests
from derivgen.problem.parameters.model import Array, Choice, Condition, Parameter, Parameters, Range, Source, Worked

MOST_PARAMETERS = 40
MOST_CONDITIONS = 40
MOST_CHOICES = 200
MOST_IN_RANGE = 1_000_000
LARGEST_ARRAY = 12
"""Rows and columns of a matrix that is drawn."""

_NUMBER = r"[-+]?\s*(?:[0-9]{1,20}(?:\.(?!\.)[0-9]{0,12})?|\.[0-9]{1,12})(?:\s*/\s*[1-9][0-9]{0,20})?"
_RANGE = re.compile(
    rf"\s*(?P<first>{_NUMBER})\s*\.\.\s*(?P<last>{_NUMBER})\s*"
    rf"(?:step\s+(?P<step>{_NUMBER})\s*)?(?:not\s+(?P<excluded>{_NUMBER}(?:\s*,\s*{_NUMBER})*)\s*)?\Z"
)
_ARRAY = re.compile(
    r"\s*(?:(?:matrix)\s*\(\s*(?P<rows>[0-9]{1,3})\s*,\s*(?P<columns>[0-9]{1,3})\s*\)"
    r"|vector\s*\(\s*(?P<length>[0-9]{1,3})\s*\))"
    r"\s*(?P<structure>symmetric|diagonal)?\s+of\s+(?P<entries>.+)\Z",
    re.DOTALL,
)
_KEYS = ({"from", "to", "step", "not"}, {"words"}, {"value"}, {"choose"})
FORMS = "write -5..5, [1, 2, 3], `matrix(2, 2) of -3..3`, `= 2*a`, or {words: [red, blue]}"


@dataclass(slots=True)
class ParameterReader:
    """Reads the parameters of one file; what is wrong goes to the document's complaints."""

    document: Document
    root: Node

    def parameters(self) -> Parameters:
        node = child(self.root, "parameters")
        found: dict[str, Parameter] = {}
        if isinstance(node, MappingNode):
            for key, own in node.value:
                parameter = self._parameter(key, own, found)
                if parameter is not None:
                    found[parameter.name] = parameter
            if len(found) > MOST_PARAMETERS:
                message = f"the problem has too many parameters, at most {MOST_PARAMETERS}"
                self.document.complain(message, self.document.node_place(node))
        return Parameters(found, self._conditions(found))

    # --- one parameter ----------------------------------------------------------------------------------------------

    def _parameter(self, key: Node, node: Node, before: dict[str, Parameter]) -> Parameter | None:
        name = canonical_name(key.value) if isinstance(key, ScalarNode) else ""
        if not is_name(name):
            hint = "a name is made of letters, digits and _, and begins with a letter"
            self.document.complain(f"`{shorten(name)}` is no name", self.document.node_place(key), hint)
            return None
        source = self._source(node, before)
        if source is None:
            self.document.broken.add(name)
            return None
        return Parameter(name, source, self.document.node_place(node))

    def _source(self, node: Node, before: dict[str, Parameter]) -> Source | None:
        match node:
            case SequenceNode():
                return self._choice(node)
            case MappingNode():
                return self._fields(node, before)
            case ScalarNode() if node.value.lstrip().startswith("="):
                start = node.value.index("=") + 1
                return self._worked(node, start, before)
            case ScalarNode():
                return self._written(node)
        return None

    def _complain(self, node: Node, message: str, hint: str = "") -> None:
        self.document.complain(message, self.document.node_place(node), hint)

    def _written(self, node: ScalarNode) -> Source | None:
        text = node.value
        if (match := _ARRAY.match(text)) is not None:
            return self._array(node, match)
        if _RANGE.match(text) is not None:
            return self._range(node, text)
        if ".." in text or re.match(r"\s*(matrix|vector)\b", text):
            self._complain(node, f"`{shorten(text)}` says nothing that can be drawn", FORMS)
            return None
        return self._choices([node])

    def _fields(self, node: MappingNode, before: dict[str, Parameter]) -> Source | None:
        keys = {key.value: own for key, own in node.value if isinstance(key, ScalarNode)}
        known = next((known for known in _KEYS if keys and set(keys) <= known), None)
        if known is None:
            self._complain(node, "a parameter has `from` and `to`, or `choose`, or `words`, or `value`", FORMS)
            return None
        if "value" in keys and isinstance(keys["value"], ScalarNode):
            return self._worked(keys["value"], 0, before)
        if "words" in keys or "choose" in keys:
            own = keys.get("words") or keys["choose"]
            if not isinstance(own, SequenceNode):
                self._complain(own, "this takes a list", "write [red, blue]")
                return None
            return self._words(own) if "words" in keys else self._choice(own)
        if "from" not in keys or "to" not in keys:
            self._complain(node, "a range has `from` and `to`", FORMS)
            return None
        excluded = keys.get("not")
        values = {key: self._number(own) for key, own in keys.items() if key != "not"}
        outside = [self._number(own) for own in (excluded.value if isinstance(excluded, SequenceNode) else [excluded])]
        if None in values.values() or (excluded is not None and None in outside):
            return None
        decimal = any("." in str(own.value) for key, own in keys.items() if key != "not")
        first, last, step = values["from"], values["to"], values.get("step", Fraction(1))
        assert first is not None and last is not None and step is not None
        return self._counted(node, first, last, step, [one for one in outside if one is not None], decimal)

    def _number(self, node: Node | None) -> Fraction | None:
        if not isinstance(node, ScalarNode) or not re.fullmatch(_NUMBER, node.value.strip()):
            if node is not None:
                self._complain(node, "this is no number", "write 3, 0.8 or 1/2")
            return None
        return _fraction(node.value)

    # --- what is drawn from -----------------------------------------------------------------------------------------

    def _range(self, node: Node, text: str) -> Range | None:
        match = _RANGE.match(text)
        if match is None:
            self._complain(node, f"`{shorten(text)}` is no range", "write -5..5, or 0..1 step 0.1 not 0")
            return None
        first, last, step = (_fraction(match[name] or "1") for name in ("first", "last", "step"))
        excluded = [_fraction(one) for one in (match["excluded"] or "").split(",") if one.strip()]
        decimal = "." in (match["first"] + match["last"] + (match["step"] or ""))
        return self._counted(node, first, last, step, excluded, decimal)

    def _counted(
        self, node: Node, first: Fraction, last: Fraction, step: Fraction, excluded: Sequence[Fraction], decimal: bool
    ) -> Range | None:
        if step <= 0 or last < first:
            hint = "the lower end comes first, and the step is positive"
            self._complain(node, "this range has nothing to draw from", hint)
            return None
        count = int((last - first) / step) + 1
        if count > MOST_IN_RANGE:
            self._complain(node, f"this range has {count} numbers, at most {MOST_IN_RANGE}")
            return None
        inside = {one for one in excluded if first <= one <= last and ((one - first) / step).denominator == 1}
        if len(inside) == count:
            self._complain(node, "this range has nothing to draw from: all of it is excluded")
            return None
        return Range(first, step, count, frozenset(inside), decimal)

    def _choice(self, node: SequenceNode) -> Choice | None:
        if any(not isinstance(own, ScalarNode) for own in node.value):
            self._complain(node, "a choice is a list of numbers or expressions", FORMS)
            return None
        return self._choices(node.value)

    def _choices(self, nodes: Sequence[ScalarNode]) -> Choice | None:
        if not 1 <= len(nodes) <= MOST_CHOICES:
            where = nodes[0] if nodes else self.root
            self._complain(where, f"a choice is of 1 to {MOST_CHOICES}")
            return None
        texts = tuple(own.value.strip() for own in nodes)
        numbers = [_fraction(text) if re.fullmatch(_NUMBER, text) else None for text in texts]
        values = tuple(number for number in numbers if number is not None)
        places = tuple(map(self.document.node_place, nodes))
        return Choice(texts, values if len(values) == len(texts) else None, places=places)

    def _words(self, node: SequenceNode) -> Choice | None:
        chosen = self._choice(node)
        for own in node.value if chosen is not None else []:
            for fault in text_faults(own.value):
                self.document.complain_within(own, fault.offset, fault.width, fault.message, fault.hint)
        return None if chosen is None else Choice(chosen.texts, None, are_words=True, places=chosen.places)

    def _array(self, node: ScalarNode, match: re.Match[str]) -> Array | None:
        rows, columns = int(match["length"] or match["rows"]), int(match["columns"] or 1)
        structure = match["structure"] or ""
        if not (1 <= rows <= LARGEST_ARRAY and 1 <= columns <= LARGEST_ARRAY):
            self._complain(node, f"a matrix that is drawn has 1 to {LARGEST_ARRAY} rows and columns")
            return None
        if structure and rows != columns:
            self._complain(node, f"{structure} is said of square matrices")
            return None
        written = match["entries"].strip()
        if not written.startswith("["):
            entries: Range | Choice | None = self._range(node, written)
        else:
            texts = tuple(piece.strip() for piece in written.strip("[] ").split(","))
            if not written.endswith("]") or not all(re.fullmatch(_NUMBER, text) for text in texts):
                self._complain(node, "the entries are drawn from a list of numbers", "write `of [0, 1]`")
                return None
            entries = Choice(texts, tuple(map(_fraction, texts)))
        return None if entries is None else Array(rows, columns, entries, structure)

    def _worked(self, node: ScalarNode, start: int, before: dict[str, Parameter]) -> Worked | None:
        text = node.value[start:]
        try:
            expr = parse_expression(text, _numeric(before))
        except ExpressionError as error:
            if not self.document.broken & set(re.findall(r"\w+", text)):
                self.document.complain_within(node, start + error.offset, error.width, error.message, error.hint)
            return None
        return Worked(expr, tuple(symbol.name for symbol in symbols(expr)), shape(expr))

    # --- conditions -------------------------------------------------------------------------------------------------

    def _conditions(self, parameters: dict[str, Parameter]) -> tuple[Condition, ...]:
        node = child(self.root, "conditions")
        nodes = node.value if isinstance(node, SequenceNode) else [node] if node is not None else []
        if node is not None and not parameters and not self.document.broken:
            hint = "add `parameters:`"
            place = self.document.node_place(key_node(self.root, "conditions") or node)
            self.document.complain("`conditions` speak of parameters, and there are none", place, hint)
            return ()
        if len(nodes) > MOST_CONDITIONS and node is not None:
            self._complain(node, f"there are too many conditions, at most {MOST_CONDITIONS}")
        scope, found = _numeric(parameters), []
        for own in nodes:
            if not isinstance(own, ScalarNode):
                continue
            try:
                tests = parse_tests(own.value, scope)
            except ExpressionError as error:
                self.document.complain_expression(own, own.value, error)
                continue
            names = names_in(tests)
            if not names:
                self._complain(own, "this condition speaks of no parameter", did_you_mean("", scope.symbols))
                continue
            found.append(Condition(own.value.strip(), tests, names, self.document.node_place(own)))
        return tuple(found)


def _numeric(parameters: dict[str, Parameter]) -> Scope:
    """The parameters that have numbers, as symbols."""
    found = {name: parameter.symbol for name, parameter in parameters.items()}
    return Scope(symbols={name: symbol for name, symbol in found.items() if symbol is not None})


def _fraction(text: str) -> Fraction:
    above, _, below = text.replace(" ", "").partition("/")
    return Fraction(above) / Fraction(below or "1")
