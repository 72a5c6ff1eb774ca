"""One part of a problem: which task it has, and everything in it parsed in the scope of the part."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from derivgen.errors import ExpressionError, Place
from derivgen.expr.nodes import ONE, SCALAR, ZERO_NUMBER, Expr, Layout, Matrix, Number, Symbol
from derivgen.expr.shapes import shape, show_shape
from derivgen.expr.walk import free_indices
from derivgen.problem.given import CALCULUS, DECIMAL, PASSES, GivenReader, expression_text, is_formula, parsed_node
from derivgen.problem.latex_text import text_faults
from derivgen.problem.marks import Document, check_comment, child, key_node
from derivgen.problem.model import Claim, Given, Part, Scope, Values
from derivgen.problem.names import canonical_name, did_you_mean, shorten
from derivgen.problem.notation import scalar_text
from derivgen.problem.operations import constant
from derivgen.problem.options import MOST_OPTIONS, option_fault, read_option, with_slopes
from derivgen.problem.repeated import repeated
from derivgen.problem.schema import EXPRESSION_FIELDS, LATER_TASKS, TASKS, TEXT_FIELDS, PartFields

HIGHEST_ORDER = 4
MOST_DIGITS = 15

_WITH_WRT = ("derive", "gradient", "jacobian", "hessian", "layouts", "chain", "solve", "backward", "shapes")
"""Tasks that have to say by what they differentiate."""
_OBJECTS = {"gradient": Layout.DENOMINATOR, "jacobian": Layout.NUMERATOR, "hessian": None}
"""Tasks that are a derivative in the layout that their name stands for."""
_POINTWISE = ("derive", "gradient", "jacobian", "hessian", "partials", "evaluate", "chain")
_FIELDS_OF = {
    "wrt": (*_WITH_WRT, *(task for task in CALCULUS if task != "forward"), "backprop"),
    "order": ("derive", "partials"),
    "free": ("matrix_form",),
    "at": (*_POINTWISE, "classify", "directional", "tangent_plane", "plot", *PASSES, "code"),
    "start": ("descend", "newton", "plot"),
    "rate": ("descend", "plot", "gradient"),
    "steps": ("descend", "newton", "plot"),
    "direction": ("directional",),
    "ranges": ("plot",),
    "kind": ("plot",),
    "data": ("gradient",),
    "rounding": (*_POINTWISE, "descend", "newton", "directional", *PASSES),
    "sizes": ("backward",),
    "of": ("shapes",),
    "functions": ("shapes", "chain"),
    "path": ("diagram",),
    "layers": ("diagram", "backprop"),
    "repeat": ("backprop",),
    "names": ("diagram",),
    "weights": ("diagram",),
}
GREEK_LETTERS = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta kappa lambda mu nu xi rho sigma tau phi chi psi omega ell "
    "Gamma Delta Theta Lambda Xi Phi Psi Omega".split()
)
_OWN_LETTERS = {
    "jacobian": "J",
    "hessian": "H",
    "critical_points": "H",
    "classify": "H",
    "newton": "H",
    "solve": "H",
    "directional": "vD",
    "tangent_plane": "z",
}
"""Letters that the lines of a task use themselves."""


def as_list(value: str | list[str] | None) -> tuple[str, ...]:
    """A text as a list of one."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)


def field_places(document: Document, node: Node) -> Mapping[str, Place]:
    """Where the value of each field of `node` begins."""
    if not isinstance(node, MappingNode):
        return {}
    return {key.value: document.node_place(value) for key, value in node.value if isinstance(key, ScalarNode)}


__all__ = ["PartReader", "as_list", "check_texts", "expression_text", "field_places"]


def check_texts(document: Document, node: Node, masked: Callable[[str], str] | None = None) -> None:
    """Complains about the LaTeX of all texts below `node`, and about what is lost behind ` #`.

    `masked` covers what of a text is no LaTeX, and keeps its length.
    """
    if isinstance(node, SequenceNode):
        for own in node.value:
            check_texts(document, own, masked)
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
                _check_text(document, value, masked(value.value) if masked else value.value)
        if name == "parts":
            check_texts(document, value, masked)


def _source(document: Document, node: Node) -> str:
    return document.text[document.offset(node.start_mark) : document.offset(node.end_mark)]


def _check_text(document: Document, node: ScalarNode, text: str) -> None:
    for fault in text_faults(text):
        document.complain_within(node, fault.offset, fault.width, fault.message, fault.hint)


def _below(functions: Mapping[str, tuple[str, ...]], name: str) -> set[str]:
    """All that `name` depends on, directly or through others."""
    found: set[str] = set()
    waiting = [*functions.get(name, ())]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            waiting += functions.get(one, ())
    return found


EXTREMUM_WORDS = ("minimum", "maximum", "saddle", "undecided")


@dataclass(slots=True)
class PartReader:
    """Reads one part; what is wrong goes to the document's complaints."""

    document: Document
    node: MappingNode
    fields: PartFields
    scope: Scope
    reading: str = ""
    layout: str = ""
    """The layout of the part, or of its problem: a claim with `diff` is in its shapes."""

    def part(self) -> Part:
        fields, task = self.fields, self._task()
        self._check_fields(task)
        expression = self._expression(task) if task not in ("", "text", "code") else None
        given = Given()
        if expression is not None and self._is_calculus(task, expression):
            given = GivenReader(self.document, self.node, fields, self.scope, task, expression, self.reading).given()
        functions = self._functions() if task in ("shapes", "chain") else {}
        options = self._options(functions) if task == "shapes" else ()
        right = self._right(expression) if task == "show" else None
        if task == "show" and right is None and self.fields.show:
            node = child(child(self.node, "show") or self.node, "right")
            options = (expression_text(self.document, node) if node is not None else "",)
        if expression is not None and task == "backprop":
            depth, feeds = repeated(self.document, self.node, fields, self.scope)
            given = Given(variables=self._parameters(), depth=depth, feeds=feeds)
        wrt, is_row = self._wrt(task) if not given.variables else (None, False)
        if wrt is not None and expression is not None:
            self._check_object(task, expression, wrt)
        layout = Layout(fields.layout) if fields.layout else _OBJECTS.get(task)
        text = getattr(fields, task) if task else ""
        is_object = task in _OBJECTS and not given.variables
        return Part(
            task="derive" if is_object else task or "text",
            scope=self._numbered(task, given),
            place=self._part_place(),
            expression=expression,
            expression_text=text if task not in ("", "text", "code") and isinstance(text, str) else "",
            wrt=wrt if wrt is not None or len(given.variables) != 1 else given.variables[0],
            wrt_transposed=is_row,
            order=2 if is_object and task == "hessian" else self._whole("order", fields.order, 1, HIGHEST_ORDER) or 1,
            layout=layout,
            free=self._free(task, expression),
            text=str(text) if task == "text" else "",
            prompt=fields.prompt,
            hint=fields.hint,
            remark=fields.remark,
            points=self._points(),
            claim=self._claim(),
            erratum=fields.erratum,
            method=fields.method,
            label=fields.label,
            name=self._name(task),
            detail=fields.detail or "",
            digits=self._whole("digits", fields.digits, 0, MOST_DIGITS),
            form=fields.form,
            depends=as_list(fields.depends),
            refs=as_list(fields.refs),
            given=given,
            right=right,
            options=options,
            functions=functions,
            language=str(text) if task == "code" else "",
            numbers=self._numbers() if task == "code" else {},
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
        later = [task for task in LATER_TASKS if key_node(self.node, task) is not None]
        for task in later:
            self._complain_key(task, f"the task `{task}` is not there yet", f"there are: {', '.join(TASKS)}")
        given = [task for task in TASKS if key_node(self.node, task) is not None]
        if len(given) + len(later) > 1 and given:
            names = " and ".join(f"`{task}`" for task in (*given, *later))
            self._complain_key(given[-1], f"a part has one task, this one has {names}", "make two parts of it")
        elif not given and not later and key_node(self.node, "latex") is None:
            hint = f"add one of {', '.join(TASKS)}"
            self.document.complain("this part has no task", self._part_place(), hint)
        return next((task for task in given if getattr(self.fields, task) is not None), "")

    def _check_fields(self, task: str) -> None:
        """Fields that do not go with the task."""
        for field, tasks in _FIELDS_OF.items():
            if task and task not in tasks and key_node(self.node, field) is not None:
                self._complain_key(field, f"`{field}` does not go with `{task}`")
        if task in ("text", "show", "code") and key_node(self.node, "claim") is not None:
            self._complain_key("claim", f"`claim` does not go with `{task}`")
        for field in ("erratum", "claim_source"):
            if key_node(self.node, field) is not None and key_node(self.node, "claim") is None:
                self._complain_key(field, f"`{field}` speaks of a claim, and there is none")

    def _is_calculus(self, task: str, expression: Expr) -> bool:
        """Whether a part is ordinary calculus in scalars; a derivative of arrays by an array is not."""
        if task in ("shapes", "show") or (task == "chain" and self.fields.functions):
            return False
        if task in CALCULUS and task not in _WITH_WRT:
            return True
        if task == "backprop":
            return False
        given = self.fields.wrt
        if isinstance(given, list) or task in ("chain", "backward"):
            return True
        symbol = self.scope.symbols.get(canonical_name(given.strip())) if isinstance(given, str) else None
        if symbol is None or task not in ("derive", "gradient", "jacobian", "hessian"):
            return False
        if symbol.name in self.scope.entries:
            return True
        return symbol.shape == SCALAR and symbol.name not in self.scope.definitions and is_formula(expression)

    def _numbered(self, task: str, given: Given) -> Scope:
        """The scope of the part: in a pass, the numbers of `at` are values of the symbols like any others."""
        if task not in PASSES or not given.at:
            return self.scope
        numbers = {symbol.name: ((one.value,),) for symbol, one in given.at if isinstance(one, Number)}
        return replace(self.scope, values={**self.scope.values, **numbers})

    def _parsed(self, field: str, expand: bool = True) -> Expr | None:
        return parsed_node(self.document, child(self.node, field), self.scope, expand)

    def _expression(self, task: str) -> Expr | None:
        if task == "diagram" and self._is_network():
            return Symbol("network")
        # the chain rule goes through the quantities of `define`, so their names stay
        if task == "show":
            return self._side("left")
        if task != "shapes":
            return self._parsed(task, expand=task not in ("chain", "diagram", "backprop", *PASSES))
        if key_node(self.node, "of") is None:
            self._complain_key(task, "`of` is missing: what the derivative is taken of", "add `of: u.T @ v`")
        return self._parsed("of")

    def _side(self, name: str) -> Expr | None:
        """One side of what `show` gives."""
        sides = child(self.node, "show")
        if set(self.fields.show or {}) != {"left", "right"}:
            if name == "left":
                self._complain("show", "`show` has two sides, `left` and `right`", "show: {left: A @ B, right: B @ A}")
            return None
        return parsed_node(self.document, child(sides, name) if sides else None, self.scope, grouped=True)

    def _right(self, left: Expr | None) -> Expr | None:
        """The right side of what `show` gives; it has the shape of the left one."""
        node = child(child(self.node, "show") or self.node, "right")
        if left is not None and isinstance(node, ScalarNode):
            if self._undefined_product(scalar_text(self.document, node)):
                return None
        right = self._side("right")
        if left is not None and right is not None and shape(left) != shape(right):
            shown = f"{show_shape(shape(left))} and {show_shape(shape(right))}"
            self._complain("show", f"the sides have different shapes, {shown}: they are not equal")
        return right

    def _undefined_product(self, text: str) -> bool:
        """Whether `text` multiplies arrays whose sizes do not fit: what `show` then shows."""
        try:
            return read_option(text, self.scope).operation == "product"
        except ExpressionError:
            return False

    def _functions(self) -> dict[str, tuple[str, ...]]:
        """The symbols that `functions` names, with those that they depend on."""
        found: dict[str, tuple[str, ...]] = {}
        node = child(self.node, "functions") or self.node
        for given, arguments in self.fields.functions.items():
            names = [canonical_name(name.strip()) for name in (given, *as_list(arguments))]
            for name in names:
                own = child(node, given) or node
                if name not in self.scope.symbols and name not in self.document.broken:
                    hint = did_you_mean(name, self._variables())
                    self.document.complain(f"{shorten(name)} is not declared", self.document.node_place(own), hint)
                elif name in self.scope.values or name in self.scope.definitions:
                    self.document.complain(f"{name} is no function, nor a variable", self.document.node_place(own))
            if all(name in self._variables() for name in names):
                found[names[0]] = tuple(dict.fromkeys(names[1:]))
        if circular := next((name for name in found if name in _below(found, name)), None):
            self._complain("functions", f"{circular} depends on itself")
            return {}
        return found

    def _options(self, functions: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
        """The options as text; what is wrong with one, other than its shapes, is complained about."""
        node = child(self.node, "shapes")
        nodes = [own for own in node.value if isinstance(own, ScalarNode)] if isinstance(node, SequenceNode) else []
        options = [scalar_text(self.document, own) for own in nodes]
        if isinstance(node, SequenceNode) and not 1 <= len(options) <= MOST_OPTIONS:
            self._complain("shapes", f"there are 1 to {MOST_OPTIONS} options")
            return ()
        scope = with_slopes(self.scope, functions, Layout.DENOMINATOR)
        for own, text in zip(nodes, options, strict=True):
            error = option_fault(text, scope)
            if error is not None:
                self.document.complain_expression(own, text, error)
        return tuple(options)

    def _is_network(self) -> bool:
        """Whether the diagram is one of a network; `network` may be a quantity that somebody named so."""
        word = str(self.fields.diagram).strip() == "network" and "network" not in self.scope.symbols
        return word or self.fields.layers is not None

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

    def _parameters(self) -> tuple[Symbol, ...]:
        """The symbols of any shape that `wrt` names; none where it is not there."""
        found: list[Symbol] = []
        for given in as_list(self.fields.wrt):
            name = canonical_name(given.strip())
            symbol = self.scope.symbols.get(name)
            if symbol is None:
                if name not in self.document.broken:
                    self._complain("wrt", f"{shorten(name)} is not declared", did_you_mean(name, self._variables()))
            elif name in self.scope.values:
                self._complain("wrt", f"{name} has values: nothing is differentiated by a constant")
            elif name in self.scope.definitions:
                hint = "its gradient is among the lines; name the parameters"
                self._complain("wrt", f"{name} is defined by other quantities", hint)
            elif symbol in found:
                self._complain("wrt", f"`wrt` names {name} twice")
            else:
                found.append(symbol)
        return tuple(found)

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
        node = child(self.node, "claim")
        if self.fields.claim is None or node is None:
            return None
        text = expression_text(self.document, node)
        if self._task_given() == "classify":
            return self._claimed_word(text, node)
        if self._task_given() == "shapes":
            return self._claimed_options(text, node)
        expression = self._claimed_expression(node)
        if expression is None:
            return None
        decimals = [len(match.group(1)) for match in DECIMAL.finditer(text)]
        place = self.document.node_place(node)
        return Claim(expression, text, self.fields.claim_source, max(decimals, default=None), place)

    def _claimed_expression(self, node: Node) -> Expr | None:
        layout = Layout(self.layout or "denominator")
        if not self.fields.functions or self._task_given() != "chain":
            return parsed_node(self.document, node, replace(self.scope, layout=layout), expand=True)
        known = {name: as_list(own) for name, own in self.fields.functions.items()}
        if not {*known, *(name for own in known.values() for name in own)} <= self.scope.symbols.keys():
            return None  # what is not declared is complained about
        scope = with_slopes(self.scope, known, layout)
        return parsed_node(self.document, node, scope)

    def _task_given(self) -> str:
        return next((task for task in TASKS if getattr(self.fields, task) is not None), "")

    def _claimed_word(self, text: str, node: Node) -> Claim | None:
        """What `classify` claims: words for each point, with commas."""
        words = [word.strip() for word in text.strip("[] ").split(",")]
        for word in words:
            if word not in EXTREMUM_WORDS:
                hint = f"known are {', '.join(EXTREMUM_WORDS)}"
                self._complain("claim", f"`{shorten(word)}` is no kind of critical point", hint)
                return None
        place = self.document.node_place(node)
        return Claim(ZERO_NUMBER, text, self.fields.claim_source, None, place, ", ".join(words))

    def _name(self, task: str) -> str:
        """A letter for the quantity that the part is about, Latin or Greek."""
        name = canonical_name(self.fields.name.strip())
        scope = self.scope
        if not name:
            return ""
        if task == "text":
            self._complain_key("name", "`name` does not go with `text`")
        elif not re.fullmatch("[A-Za-z]", name) and name not in GREEK_LETTERS:
            self._complain("name", f"`{shorten(name)}` is no letter", "write one letter, such as L or phi")
        elif any(name in names for names in (scope.symbols, scope.functions, scope.maps, scope.indices, scope.sizes)):
            self._complain("name", f"`{name}` is declared as something else", "choose another letter")
        elif name in _OWN_LETTERS.get(task, ""):
            self._complain("name", f"`{name}` has a meaning of its own with `{task}`", "choose another letter")
        else:
            return name
        return ""

    def _claimed_options(self, text: str, node: Node) -> Claim | None:
        """What `shapes` claims: the numbers of the options that can be right."""
        words = [word.strip() for word in text.strip("[] ").split(",")]
        count = len(self.fields.shapes or [])
        if words == [""] or any(not word.isdecimal() or not 1 <= int(word) <= count for word in words):
            self._complain("claim", f"a claim about options names those that can be right, 1 to {count}", "write [1]")
            return None
        numbers = sorted({int(word) for word in words})
        place = self.document.node_place(node)
        return Claim(ZERO_NUMBER, text, self.fields.claim_source, None, place, ", ".join(map(str, numbers)))

    def _numbers(self) -> Mapping[str, Values]:
        """The numbers that a listing computes with: `at: {x: [1, 2], A: [[2, 1], [1, 3]]}`."""
        node = child(self.node, "at")
        if node is None:
            return {}
        if not isinstance(node, MappingNode):
            self._complain("at", "`at` of a listing has a value for each symbol", "write `at: {x: [1, 2]}`")
            return {}
        found: dict[str, Values] = {}
        for key, value in node.value:
            name = canonical_name(key.value.strip()) if isinstance(key, ScalarNode) else ""
            symbol = self.scope.symbols.get(name)
            if symbol is None or name in self.scope.definitions:
                known = [one for one in self.scope.symbols if one not in self.scope.definitions]
                place = self.document.node_place(key)
                self.document.complain(f"{shorten(name)} is no declared symbol", place, did_you_mean(name, known))
                continue
            expr = parsed_node(self.document, value, self.scope)
            if expr is None:
                continue
            entries = map(constant, expr.entries if isinstance(expr, Matrix) else (expr,))
            numbers = [entry for entry in entries if entry is not None]
            rows, columns = (dim.number for dim in shape(expr))
            if len(numbers) != rows * columns:
                self.document.complain("a listing computes with numbers", self.document.node_place(value))
            elif not all(
                own.names or own.number == number for own, number in zip(symbol.shape, (rows, columns), strict=True)
            ):
                message = f"{name} is {show_shape(symbol.shape)}, the value is {rows} x {columns}"
                self.document.complain(message, self.document.node_place(value))
            else:
                found[name] = tuple(tuple(numbers[row * columns : (row + 1) * columns]) for row in range(rows))
        return found

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
