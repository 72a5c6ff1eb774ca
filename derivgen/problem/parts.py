"""One part of a problem: which task it has, and everything in it parsed in the scope of the part."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError, Place
from derivgen.expr.nodes import ONE, SCALAR, Expr, Layout, Symbol
from derivgen.expr.shapes import shape, show_shape
from derivgen.expr.walk import free_indices
from derivgen.problem.expression import parse_expression
from derivgen.problem.latex_text import text_faults
from derivgen.problem.marks import Document, check_comment, child, key_node
from derivgen.problem.model import Claim, Part, Scope
from derivgen.problem.names import canonical_name, did_you_mean, shorten
from derivgen.problem.schema import EXPRESSION_FIELDS, LATER_TASKS, TASKS, TEXT_FIELDS, PartFields

HIGHEST_ORDER = 4
MOST_DIGITS = 15

_WITH_WRT = ("derive", "gradient", "jacobian", "hessian", "layouts")
_OBJECTS = {"gradient": Layout.DENOMINATOR, "jacobian": Layout.NUMERATOR, "hessian": None}
"""Tasks that are a derivative in the layout that their name stands for."""
_FIELDS_OF = {"wrt": _WITH_WRT, "order": ("derive",), "free": ("matrix_form",)}
_DECIMAL = re.compile(r"(?<![\w.])[0-9]*\.([0-9]+)")


def as_list(value: str | list[str] | None) -> tuple[str, ...]:
    """A text as a list of one."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def field_places(document: Document, node: Node) -> Mapping[str, Place]:
    """Where the value of each field of `node` begins."""
    if not isinstance(node, MappingNode):
        return {}
    return {key.value: document.node_place(value) for key, value in node.value if isinstance(key, ScalarNode)}


def check_texts(document: Document, node: Node) -> None:
    """Complains about the LaTeX of all texts below `node`, and about what is lost behind ` #`."""
    if isinstance(node, SequenceNode):
        for own in node.value:
            check_texts(document, own)
    if not isinstance(node, MappingNode):
        return
    for key, value in node.value:
        name = key.value if isinstance(key, ScalarNode) else ""
        if name in TEXT_FIELDS | EXPRESSION_FIELDS:
            check_comment(document, value, name)
        if name in TEXT_FIELDS and isinstance(value, ScalarNode):
            # the escapes of double quotes are complained about by themselves
            is_escaped = value.style == '"' and "\\" in _source(document, value)
            if not is_escaped:
                _check_text(document, value)
        if name == "parts":
            check_texts(document, value)


def _source(document: Document, node: Node) -> str:
    return document.text[document.offset(node.start_mark) : document.offset(node.end_mark)]


def _check_text(document: Document, node: ScalarNode) -> None:
    for fault in text_faults(node.value):
        document.complain_within(node, fault.offset, fault.width, fault.message, fault.hint)


@dataclass(slots=True)
class PartReader:
    """Reads one part; what is wrong goes to the document's complaints."""

    document: Document
    node: MappingNode
    fields: PartFields
    scope: Scope

    def part(self) -> Part:
        fields, task = self.fields, self._task()
        self._check_fields(task)
        expression = self._expression(task) if task not in ("", "text") else None
        wrt, is_row = self._wrt(task)
        if wrt is not None and expression is not None:
            self._check_object(task, expression, wrt)
        layout = Layout(fields.layout) if fields.layout else _OBJECTS.get(task)
        text = getattr(fields, task) if task else ""
        return Part(
            task="derive" if task in _OBJECTS else task or "text",
            scope=self.scope,
            place=self._part_place(),
            expression=expression,
            expression_text="" if task in ("", "text") else text,
            wrt=wrt,
            wrt_transposed=is_row,
            order=2 if task == "hessian" else self._whole("order", fields.order, 1, HIGHEST_ORDER) or 1,
            layout=layout,
            free=self._free(task, expression),
            text=text if task == "text" else "",
            prompt=fields.prompt,
            hint=fields.hint,
            remark=fields.remark,
            points=self._points(),
            claim=self._claim(),
            erratum=fields.erratum,
            method=fields.method,
            label=fields.label,
            detail=fields.detail or "",
            digits=self._whole("digits", fields.digits, 0, MOST_DIGITS),
            form=fields.form,
            depends=as_list(fields.depends),
            refs=as_list(fields.refs),
            places=field_places(self.document, self.node),
        )

    def _part_place(self) -> Place:
        key = self.node.value[0][0] if self.node.value else self.node
        return self.document.node_place(key)

    def _complain(self, field: str, message: str, hint: str = "") -> None:
        node = child(self.node, field)
        place = self.document.node_place(node) if node is not None else self._part_place()
        self.document.complain(message, place, hint)

    def _complain_key(self, field: str, message: str, hint: str = "") -> None:
        place = self.document.node_place(key_node(self.node, field) or self.node)
        self.document.complain(message, place, hint)

    def _task(self) -> str:
        """The one task of the part; empty where there is none that can be read."""
        later = [task for task in (*LATER_TASKS, "latex") if key_node(self.node, task) is not None]
        for task in later:
            kind = "field" if task == "latex" else "task"
            self._complain_key(task, f"the {kind} `{task}` is not there yet", f"there are: {', '.join(TASKS)}")
        given = [task for task in TASKS if key_node(self.node, task) is not None]
        if len(given) + len(later) > 1 and given:
            names = " and ".join(f"`{task}`" for task in (*given, *later))
            self._complain_key(given[-1], f"a part has one task, this one has {names}", "make two parts of it")
        elif not given and not later:
            hint = f"add one of {', '.join(TASKS)}"
            self.document.complain("this part has no task", self._part_place(), hint)
        return next((task for task in given if getattr(self.fields, task) is not None), "")

    def _check_fields(self, task: str) -> None:
        """Fields that do not go with the task."""
        for field, tasks in _FIELDS_OF.items():
            if task and task not in tasks and key_node(self.node, field) is not None:
                self._complain_key(field, f"`{field}` does not go with `{task}`")
        if task == "text" and key_node(self.node, "claim") is not None:
            self._complain_key("claim", "`claim` does not go with `text`")
        for field in ("erratum", "claim_source"):
            if key_node(self.node, field) is not None and key_node(self.node, "claim") is None:
                self._complain_key(field, f"`{field}` speaks of a claim, and there is none")

    def _parsed(self, field: str) -> Expr | None:
        node = child(self.node, field)
        if not isinstance(node, ScalarNode):
            return None
        try:
            return parse_expression(node.value, self.scope, expand=True)
        except ExpressionError as error:
            self.document.complain_expression(node, node.value, error)
        return None

    def _expression(self, task: str) -> Expr | None:
        return self._parsed(task)

    def _wrt(self, task: str) -> tuple[Symbol | None, bool]:
        """The symbol to differentiate by, and whether it stands there as a row."""
        given = self.fields.wrt
        if task not in _WITH_WRT:
            return None, False
        if given is None:
            if key_node(self.node, "wrt") is None:
                self._complain_key(task, "`wrt` is missing: the symbol to differentiate by", "add `wrt: x`")
            return None, False
        if not isinstance(given, str):
            self._complain("wrt", "derivatives by several symbols are not there yet", "make a part for each")
            return None, False
        name, dot, suffix = given.strip().partition(".")
        name, is_row = canonical_name(name.strip()), bool(dot)
        symbol = self.scope.symbols.get(name)
        if is_row and suffix.strip() != "T":
            self._complain("wrt", f"`{shorten(given)}` is no symbol", "write x, or x.T for a row")
        elif symbol is None and name in self.document.broken:
            pass  # its declaration is complained about
        elif symbol is None:
            self._complain("wrt", f"{shorten(name)} is not declared", did_you_mean(name, self._variables()))
        elif name in self.scope.values:
            self._complain("wrt", f"{name} has values: nothing is differentiated by a constant")
        elif name in self.scope.definitions:
            self._complain("wrt", f"{name} is defined by other quantities", "differentiate by a declared symbol")
        elif is_row and (symbol.shape == SCALAR or symbol.shape[1] != ONE):
            self._complain("wrt", f"{name} is {show_shape(symbol.shape)}: only a vector is turned into a row")
        else:
            return symbol, is_row
        return None, False

    def _variables(self) -> list[str]:
        scope = self.scope
        return [name for name in scope.symbols if name not in scope.values and name not in scope.definitions]

    def _check_object(self, task: str, expression: Expr, wrt: Symbol) -> None:
        """A gradient is of a scalar by a vector, a Jacobian of a vector."""
        if task not in _OBJECTS:
            return
        if wrt.shape == SCALAR or wrt.shape[1] != ONE:
            hint = "use `derive`"
            self._complain("wrt", f"a {task} is taken by a vector; {wrt.name} is {show_shape(wrt.shape)}", hint)
        found = shape(expression)
        if task == "jacobian" and found[1] != ONE:
            self._complain(task, f"a jacobian is of a vector; this is {show_shape(found)}", "use `derive`")
        if task != "jacobian" and found != SCALAR:
            self._complain(task, f"a {task} is of a scalar; this is {show_shape(found)}", "use `derive` or `jacobian`")

    def _free(self, task: str, expression: Expr | None) -> tuple[str, ...]:
        named = tuple(canonical_name(name.strip()) for name in as_list(self.fields.free))
        if task != "matrix_form" or expression is None:
            return named
        known = [index.name for index in free_indices(expression)]
        for name in named:
            if name not in known:
                hint = f"its free indices are {', '.join(known)}" if known else "it has none"
                self._complain("free", f"{shorten(name)} is no free index of the expression", hint)
                return named
        if named and not set(known) <= set(named):
            missing = ", ".join(name for name in known if name not in named)
            self._complain("free", f"`free` leaves out {missing}")
        if len(set(named)) != len(named):
            self._complain("free", "`free` names an index twice")
        return named

    def _claim(self) -> Claim | None:
        text = self.fields.claim
        if text is None:
            return None
        expression, node = self._parsed("claim"), child(self.node, "claim")
        if expression is None or node is None:
            return None
        decimals = [len(match.group(1)) for match in _DECIMAL.finditer(text)]
        place = self.document.node_place(node)
        return Claim(expression, text, self.fields.claim_source, max(decimals, default=None), place)

    def _points(self) -> Fraction | None:
        given = self.fields.points
        if given is None:
            return None
        match = re.fullmatch(r"\s*([0-9]{1,6})(?:\.([0-9]{1,4}))?(?:/([1-9][0-9]{0,3}))?\s*", str(given))
        if match is None:
            self._complain("points", f"`{shorten(str(given))}` is no number of points", "write 2, 0.5 or 1/2")
            return None
        whole, decimals, below = match.groups()
        return Fraction(f"{whole}.{decimals or 0}") / int(below or 1)

    def _whole(self, field: str, given: str | int | None, least: int, most: int) -> int | None:
        if given is None:
            return None
        written = str(given).strip()
        if not re.fullmatch(r"[0-9]{1,4}", written) or not least <= int(written) <= most:
            self._complain(field, f"`{field}` is a whole number from {least} to {most}")
            return None
        return int(written)
