"""Programs that compute the result of a derivation a second way: derivatives by PyTorch's autograd, or by NumPy as
central differences. They are written for a student to read, with the names of the problem; what cannot be put so raises
CannotDerive with the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from derivgen.derivation import AGREES, Derivation
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    Apply,
    At,
    Dim,
    Expr,
    Layout,
    Matrix,
    Number,
    Partial,
    Power,
    Shape,
    Symbol,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import all_indices, free_indices, subexpressions, symbols
from derivgen.problem.model import Part, Values
from derivgen.render.numpy import HELPERS, TAKEN, Code, Names, python_names
from derivgen.render.torch import TorchCode

LANGUAGES = {"numpy": "NumPy", "torch": "PyTorch"}

# numpy, order 1: a step of 1e-5 leaves 1e-10 of truncation and 1e-11 of rounding; order 2, with 1e-4: 1e-8 of each;
# autograd computes in float64 what the formula computes, with other roundings
TOLERANCE = {("numpy", 1): "1e-6", ("numpy", 2): "1e-4", ("torch", 1): "1e-8", ("torch", 2): "1e-8"}
STEP = {1: "1e-5", 2: "1e-4"}

STRUCTURED = frozenset("symmetric skew diagonal triangular orthogonal positive_definite idempotent unit onehot".split())
"""What a variable may be that a program does not know: it moves each entry by itself."""

_SCALAR_TASKS = ("derive", "gradient", "jacobian", "hessian", "partials", "chain")
_EQUALITIES = ("expand", "matrix_form", "element_form")
_OWN_NAMES = frozenset("rng step slopes formula p s k h autograd differences rate np torch".split())

Line = str


def listing(
    derivation: Derivation,
    part: Part,
    language: str,
    numbers: Mapping[str, Values] | None = None,
    digits: int = 6,
) -> str:
    """The program in `language` (numpy or torch) that recomputes the result of `derivation`, of `part`, and compares.

    Symbols have the `numbers` given, or those of the problem and of the point of the part; others are drawn at random.
    Its last line prints whether both agree (derivation.says_agreement).
    """
    if part.given.staged:
        raise CannotDerive("the result was rounded line by line")
    if part.given.data:
        raise CannotDerive("a gradient over a table of data has no listing")
    return _Listing(derivation, part, language, dict(numbers or {}), digits).source()


@dataclass(slots=True)
class _Listing:
    derivation: Derivation
    part: Part
    language: str
    numbers: dict[str, Values]
    digits: int
    definitions: dict[str, Expr] = field(default_factory=dict)
    names: Names = field(init=False)
    coder: Code = field(init=False)
    taken: set[str] = field(default_factory=set)
    point: dict[str, Expr] = field(default_factory=dict)
    """The values that the part itself gives to scalars."""
    is_random: bool = True
    """Whether anything is drawn at random: then no numbers are printed."""
    told: list[tuple[str, str, Shape]] = field(default_factory=list)
    """What is printed before the answers: a name, its code, and its shape."""

    @property
    def lib(self) -> str:
        return "np" if self.language == "numpy" else "torch"

    @property
    def is_torch(self) -> bool:
        return self.language == "torch"

    def source(self) -> str:
        derivation, scope = self.derivation, self.part.scope
        if derivation.form != "matrix":
            raise CannotDerive("an index form has no listing")
        self.point = {symbol.name: value for symbol, value in self.part.given.at}
        meanings = {name: scope.levels.get(name, meaning) for name, meaning in scope.definitions.items()}
        meanings |= {s.name: meaning for s, meaning in derivation.named if not _is_pending(meaning)}
        self.definitions = meanings
        whole = [derivation.statement, derivation.result]
        used = [*whole, *_needed(whole, meanings).values()]
        self._refuse(used)
        declared = [*scope.symbols, *(s.name for expr in used for s in symbols(expr)), *meanings]
        self.names = python_names(declared, [i for expr in used for i in all_indices(expr)], used)
        self.taken = {*self.names.symbols.values(), *self.names.sizes.values(), *self.names.indices.values(), *TAKEN}
        self.coder = (TorchCode if self.is_torch else Code)(self.names, (), inline=False)
        known = self._known(used)
        sizes = self._sizes(known)
        body = self._body()
        head = self._data(known, sizes)
        helpers = [line for name in HELPERS if name in self.coder.helpers for line in _helper(name)]
        first = ["import torch", ""] if self.is_torch else ["import numpy as np", ""]
        if "erf" in self.coder.helpers:
            first = ["import math", "", *first]
        if self.is_torch:
            first.append("torch.set_default_dtype(torch.float64)")
        return _joined([*first, *helpers, *head, "", *body])

    def _refuse(self, used: Iterable[Expr]) -> None:
        for expr in used:
            for node in subexpressions(expr):
                if isinstance(node, Apply) and node.function.abstract:
                    raise CannotDerive(f"{node.function.name} is not specified, so nothing can be computed")
        wrt = self.derivation.wrt
        structure = sorted(wrt.assumptions & STRUCTURED) if wrt is not None else []
        if structure and wrt is not None:
            raise CannotDerive(f"that {wrt.name} is {structure[0]} is not known to a program")

    # --- what is computed -------------------------------------------------------------------------------------------

    def _body(self) -> list[Line]:
        derivation, task = self.derivation, self.part.task
        if task == "evaluate" or task in _EQUALITIES:
            return self._value()
        if derivation.question is None and derivation.wrt is not None:
            return self._by_array(derivation.wrt)
        if task == "solve" and derivation.wrt is None:
            return self._solution()
        if task in _SCALAR_TASKS:
            return self._by_scalars()
        raise CannotDerive(f"`{task}` has no listing")

    def own(self, *names: str) -> str:
        """The first of `names` that the problem does not use."""
        free = [name for name in names if name not in self.taken]
        found = free[0] if free else names[-1]
        while found in self.taken:
            found += "_"
        return found

    @property
    def k(self) -> str:
        return self.own("k", "i", "place")

    @property
    def h(self) -> str:
        return self.own("h", "eps")

    @property
    def is_value(self) -> bool:
        """The result is numbers: it was worked out at a point."""
        return not symbols(self.derivation.result)

    @property
    def answer(self) -> str:
        return self.own("result" if self.is_value else "formula")

    def _quantity(self) -> str:
        quantity = self.derivation.quantity
        name = quantity.name if quantity is not None and quantity.name.isidentifier() else "f"
        return self.own(name if name not in _OWN_NAMES else "f")

    def _function(self, name: str, argument: str, opening: Sequence[Line] = ()) -> list[Line]:
        statement = self.derivation.statement
        if isinstance(self.coder, TorchCode):
            self.coder.follows = True
        inner = [f"    {line}" for line in (*opening, *self._lets([statement]))]
        shown = self.coder.shown(statement)
        if isinstance(self.coder, TorchCode):
            self.coder.follows = False
        return [f"def {name}({argument}):", *inner, f"    return {shown}", ""]

    def _lets(self, exprs: Iterable[Expr]) -> list[Line]:
        return [
            f"{self.names.symbols[name]} = {self.coder.shown(meaning)}"
            for name, meaning in _needed(list(exprs), self.definitions).items()
        ]

    def _formula(self) -> list[Line]:
        result = self.derivation.result
        made = {name for name, _, _ in self.told}
        lets = [line for line in self._lets([result]) if line.partition(" = ")[0] not in made]
        return [*lets, f"{self.answer} = {self.coder.shown(result)}"]

    def _compared(self, found: str, label: str, order: int = 1, is_array: bool = True) -> list[Line]:
        """The lines that print both, where the numbers are given, and whether they agree."""
        tolerance = relative = said = TOLERANCE[self.language, order]
        digits = self.derivation.digits
        if digits is not None:  # half a unit of the last decimal
            tolerance, relative, said = f"5.1e-{digits + 1}", "0", f"{digits} decimals"
        of = self.derivation.shape if is_array else SCALAR
        told = [*self.told, (label, found, of), (self.answer, self.answer, of)]
        wide = max(len(name) for name, _, _ in told) + 1
        lines: list[Line] = []
        for name, value, form in told:
            if not self.is_random:
                lines.append(self._printed(f"{name}:", value, form, wide))
            elif is_array:
                lines.append(f'print("{name + ":":{wide}} shape", tuple({value}.shape))')
        close = f"{self.lib}.allclose({found}, {self.answer}, rtol={relative}, atol={tolerance})"
        return [*lines, f'print("{AGREES} {said}:", {close})']

    def _printed(self, label: str, value: str, of: Shape, wide: int) -> Line:
        """Prints a number or an array, rounded so that noise does not show; + 0.0 makes 0.0 of -0.0."""
        if of == SCALAR:
            return f'print("{label:{wide}}", f"{{{value}:.{self.digits}f}}")'
        is_vector = ONE in of
        flat = f"{value}.ravel()" if is_vector else value
        if self.is_torch:
            return f'print("{label:{wide}}", (torch.round({flat}, decimals={self.digits}) + 0.0).tolist())'
        rounded = f"np.round({flat}, {self.digits}) + 0.0"
        return f'print("{label:{wide}}", {rounded})' if is_vector else f'print("{label}", {rounded}, sep="\\n")'

    # --- the kinds --------------------------------------------------------------------------------------------------

    def _value(self) -> list[Line]:
        statement, result = self.derivation.statement, self.derivation.result
        if free_indices(statement) or free_indices(result):
            raise CannotDerive("an expression with free indices has no listing")
        self._settle()
        shown = self.coder.shown(statement)
        if self.is_torch and is_scalar(statement) and not symbols(statement):
            shown = f"torch.tensor(1.0 * ({shown}))"
        lines = [*self._lets([statement]), f"value = {shown}", *self._formula_of(shape(result))]
        return [*lines, "", *self._compared("value", "value", is_array=shape(result) != SCALAR)]

    def _settle(self) -> None:
        """Finds out whether anything is drawn at random."""
        used = [self.derivation.statement, self.derivation.result]
        used += _needed(used, self.definitions).values()
        found = {s.name for expr in used for s in symbols(expr)} - set(self.definitions)
        known = {*self.numbers, *self.part.scope.values, *self.point}
        self.is_random = not found <= known

    def _graph(self, f: str, argument: str) -> list[Line]:
        """The lines that work out the named quantities and the statement, which are printed where there are numbers."""
        statement = self.derivation.statement
        if self.is_random:
            return []
        needed = _needed([statement], self.definitions)
        shown = [name for name in needed if name not in self.part.scope.entries]
        self.told += [(name, self.names.symbols[name], shape(needed[name])) for name in shown]
        if is_scalar(statement):
            self.told.append((f, f"{f}({argument})", SCALAR))
        return self._lets([statement]) if shown else []

    def _by_array(self, wrt: Symbol) -> list[Line]:
        derivation = self.derivation
        statement, order = derivation.statement, derivation.order
        if free_indices(statement):
            raise CannotDerive("an expression with free indices has no listing")
        self._settle()
        values = [dim for dim in shape(statement) if dim != ONE]
        variables = [dim for dim in wrt.shape if dim != ONE]
        if order > 2 or (order == 2 and (values or len(variables) > 1)):
            raise CannotDerive("a derivative of that order has no listing")
        if order == 1 and len(values) + len(variables) > 2:
            raise CannotDerive("a derivative with more than two axes has no listing")
        name, x = self._quantity(), self.names.symbols[wrt.name]
        turned = self._turned(len(values), len(variables)) != derivation.wrt_transposed
        compute = self._torch_slopes if self.is_torch else self._numpy_slopes
        found, lines = compute(name, x, values, variables, order, turned)
        label = "autograd" if self.is_torch else "differences"
        is_array = bool(values or variables)
        return [
            *self._function(name, x),
            *self._graph(name, x),
            *lines,
            *self._formula_of(derivation.shape),
            "",
            *self._compared(found, label, order, is_array),
        ]

    def _formula_of(self, form: Shape) -> list[Line]:
        lines = self._formula()
        result = self.derivation.result
        if is_scalar(result) and form != SCALAR:
            raise CannotDerive("a number stands for an array")
        is_tensor = any(isinstance(node, Symbol | Apply) for node in subexpressions(result))
        if self.is_torch and is_scalar(result) and not is_tensor:
            shown = _float(result.value) if isinstance(result, Number) else f"1.0 * ({self.coder.shown(result)})"
            lines[-1] = f"{self.answer} = torch.tensor({shown})"
        return lines

    def _turned(self, values: int, variables: int) -> bool:
        """Whether rows and columns of the layout are those of slopes (an axis of the value before one of the variable)
        turned; for an array by a scalar or a scalar by an array, whether those of the array are.
        """
        layout, order = self.derivation.layout, self.derivation.order
        if order == 2 or (values == 0 and variables == 0):
            return False
        if values == 0:
            return layout == Layout.NUMERATOR
        if variables == 0:
            return values == 1 and layout == Layout.DENOMINATOR
        return layout == Layout.DENOMINATOR

    def _torch_slopes(
        self, f: str, x: str, values: list[Dim], variables: list[Dim], order: int, turned: bool
    ) -> tuple[str, list[Line]]:
        turn = ".T" if turned else ""
        if order == 2:
            sizes = f".reshape({x}.numel(), {x}.numel())" if variables else ""
            return "autograd", [f"autograd = torch.autograd.functional.hessian({f}, {x}){sizes}"]
        if not values and not self._depends():
            return "autograd", [f"autograd = torch.autograd.functional.jacobian({f}, {x}){turn}"]
        if not values:
            lines = [f"{x}.requires_grad_()", f"{f}({x}).backward()", f"autograd = {x}.grad{turn}"]
            return "autograd", [*lines, f"{x} = {x}.detach()"]
        sizes = f".reshape(-1, {x}.numel())" if variables else ""
        return "autograd", [f"autograd = torch.autograd.functional.jacobian({f}, {x}){sizes}{turn}"]

    def _numpy_slopes(
        self, f: str, x: str, values: list[Dim], variables: list[Dim], order: int, turned: bool
    ) -> tuple[str, list[Line]]:
        h, turn = self.h, ".T" if turned else ""
        lines = [f"{h} = {STEP[order]}"]
        slope = f"({f}({x} + {{0}}) - {f}({x} - {{0}})) / (2 * {h})"
        if not variables:
            if order == 2:
                shown = f"({f}({x} + {h}) - 2 * {f}({x}) + {f}({x} - {h})) / {h}**2"
                return "differences", [*lines, f"differences = {shown}"]
            shown = slope.format(h)
            return "differences", [*lines, f"differences = ({shown}){turn}" if turn else f"differences = {shown}"]
        k, step, slopes = self.k, self.own("step"), self.own("slopes")
        if order == 2:
            steps = f"{h} * np.eye({x}.size).reshape({x}.size, *{x}.shape)"
            return "differences", [*lines, *self._second("differences", f, x, steps)]
        lines += [
            f"{slopes} = []",
            f"for {k} in np.ndindex({x}.shape):",
            f"    {step} = np.zeros({x}.shape)",
            f"    {step}[{k}] = {h}",
            f"    {slopes}.append({slope.format(step)})",
        ]
        if values:
            column = shape(self.derivation.statement)[1] == ONE
            stacked = f"np.hstack({slopes})" if column else f"np.vstack({slopes}).T"
            return "differences", [*lines, f"differences = {stacked}{turn}"]
        return "differences", [*lines, f"differences = np.array({slopes}).reshape({x}.shape){turn}"]

    def _depends(self) -> bool:
        """Whether the statement depends on what it is differentiated by; a backward pass needs that."""
        statement, wrt = self.derivation.statement, self.derivation.wrt
        whole = [statement, *_needed([statement], self.definitions).values()]
        variables = self.part.given.variables or ((wrt,) if wrt is not None else ())
        names = {variable.name for variable in variables}
        return any(symbol.name in names for expr in whole for symbol in symbols(expr))

    def _second(self, name: str, f: str, p: str, given: str) -> list[Line]:
        """Differences of differences."""
        steps, gradient, s = self.own("steps"), self.own("gradient", "slope"), self.own("s", "step")
        return [
            f"{steps} = {given}",
            "",
            f"def {gradient}({p}):",
            f"    return np.array([({f}({p} + {s}) - {f}({p} - {s})) / (2 * {self.h}) for {s} in {steps}])",
            "",
            f"{name} = np.array([({gradient}({p} + {s}) - {gradient}({p} - {s})) / (2 * {self.h}) for {s} in {steps}])",
        ]

    # scalars

    def _by_scalars(self) -> list[Line]:
        derivation, variables = self.derivation, self.part.given.variables
        self._settle()
        if not variables or derivation.question is None:
            raise CannotDerive("nothing is differentiated")
        entries = self._entries(derivation.question)
        orders = {len(by) for _, by in entries}
        if orders not in ({1}, {2}):
            raise CannotDerive("a derivative of that order has no listing")
        order = orders.pop()
        statement = derivation.statement
        is_vector = not is_scalar(statement)
        if is_vector and (order == 2 or shape(statement)[1] != ONE):
            raise CannotDerive("a derivative of that order has no listing")
        f, names = self._quantity(), [self.names.symbols[one.name] for one in variables]
        label = "autograd" if self.is_torch else "differences"
        alone = len(variables) == 1
        p = names[0] if alone else self.own("p")
        opening = [] if alone else [f"{', '.join(names)} = {p}"]
        lines = self._function(f, p, opening)
        if isinstance(self.coder, TorchCode) and isinstance(statement, Matrix):
            lines[-2] = f"    return torch.stack([{', '.join(map(self.coder.tensor, statement.entries))}])"
        lines += self._graph(f, p)
        found, more = self._scalar_slopes(f, p, alone, is_vector, order)
        arranged = self._arranged(found, entries, alone, order, is_vector)
        if arranged == found and more and more[-1].startswith(f"{found} = "):
            lines += [*more[:-1], f"{label} = {more[-1].removeprefix(f'{found} = ')}"]
        else:
            lines += [*more, f"{label} = {arranged}"]
        lines += self._formula_of(derivation.shape)
        return [*lines, "", *self._compared(label, label, order, derivation.shape != SCALAR)]

    def _scalar_slopes(self, f: str, p: str, alone: bool, is_vector: bool, order: int) -> tuple[str, list[Line]]:
        if self.is_torch:
            if order == 2:
                return f"torch.autograd.functional.hessian({f}, {p})", []
            if is_vector or not self._depends():
                return f"torch.autograd.functional.jacobian({f}, {p})", []
            return f"{p}.grad", [f"{p}.requires_grad_()", f"{f}({p}).backward()"]
        h = self.h
        lines = [f"{h} = {STEP[order]}"]
        if alone:
            if order == 2:
                return f"({f}({p} + {h}) - 2 * {f}({p}) + {f}({p} - {h})) / {h}**2", lines
            return f"({f}({p} + {h}) - {f}({p} - {h})) / (2 * {h})", lines
        slopes = self.own("slopes")
        steps = f"{h} * np.eye({len(self.part.given.variables)})"
        if order == 2:
            return slopes, [*lines, *self._second(slopes, f, p, steps)]
        s = self.own("s", "step")
        inner = f"[({f}({p} + {s}) - {f}({p} - {s})) / (2 * {h}) for {s} in {steps}]"
        return slopes, [*lines, f"{slopes} = {'np.hstack' if is_vector else 'np.array'}({inner})"]

    def _entries(self, question: Expr) -> list[tuple[int, tuple[int, ...]]]:
        """For each entry of the answer which component is differentiated, and by which variables."""
        derivation, variables = self.derivation, self.part.given.variables
        named = {symbol.name: meaning for symbol, meaning in derivation.named}
        statement = derivation.statement
        components = statement.entries if isinstance(statement, Matrix) else (statement,)

        def reduced(expr: Expr) -> Expr:
            while True:
                if isinstance(expr, At):
                    expr = expr.body
                elif isinstance(expr, Symbol) and expr.name in named and _is_pending(named[expr.name]):
                    expr = named[expr.name]
                else:
                    return expr

        def entry(expr: Expr) -> tuple[int, tuple[int, ...]]:
            by: list[int] = []
            expr = reduced(expr)
            while isinstance(expr, Partial):
                if expr.wrt not in variables:
                    raise CannotDerive("the derivative is by no variable")
                by.append(variables.index(expr.wrt))
                expr = reduced(expr.body)
            meaning = named.get(expr.name, expr) if isinstance(expr, Symbol) else expr
            if expr == derivation.quantity:
                return 0, tuple(reversed(by))
            if meaning not in components or not by:
                raise CannotDerive("what is asked is no derivative of what is given")
            return components.index(meaning), tuple(reversed(by))

        whole = reduced(question)
        return [entry(one) for one in (whole.entries if isinstance(whole, Matrix) else (whole,))]

    def _arranged(
        self, found: str, entries: list[tuple[int, tuple[int, ...]]], alone: bool, order: int, is_vector: bool
    ) -> str:
        """The slopes at the places of the answer."""
        rows, columns = (dim.number for dim in self.derivation.shape)
        places = [(row, column) for row in range(rows) for column in range(columns)]
        count, many = len(self.part.given.variables), rows * columns
        if len(entries) != many:
            raise CannotDerive("the answer has another shape than the question")
        if alone and not is_vector:
            return found if many == 1 else f"{self.lib}.stack([{found}]).reshape({rows}, {columns})"
        if order == 2:
            ways = [by for _, by in entries]
            if rows == columns and ways in (places, [(column, row) for row, column in places]):
                return found
        elif is_vector and not alone:
            if [(at, by[0]) for at, by in entries] == places:
                return found
            if [(by[0], at) for at, by in entries] == places:
                return f"{found}.T"
        elif [by[0] for _, by in entries] == list(range(count)):
            return f"{found}.reshape({rows}, {columns})"
        if is_vector and alone:
            return f"{found}.reshape({rows}, {columns})"
        picked = [f"{found}[{', '.join(map(str, ((at,) if is_vector else ()) + by))}]" for at, by in entries]
        if many == 1:
            return picked[0]
        stack = "torch.stack" if self.is_torch else "np.array"
        return f"{stack}([{', '.join(picked)}]).reshape({rows}, {columns})"

    # the minimum

    def _solution(self) -> list[Line]:
        """Gradient descent to the minimum; by NumPy, where the slopes at the solution vanish."""
        derivation = self.derivation
        self._settle()
        quantity = derivation.shape
        unknown = self._unknown()
        f, x = self._quantity(), self.names.symbols[unknown.name]
        function = self._function(f, x)
        if not self.is_torch:
            lines = self._formula_of(quantity)
            k, step, slopes, h = (self.k, self.own("step"), self.own("slopes"), self.h)
            tolerance, answer = TOLERANCE["numpy", 1], self.answer
            return [
                *function,
                *lines,
                "",
                f"{h} = {STEP[1]}",
                f"{slopes} = []",
                f"for {k} in np.ndindex({answer}.shape):",
                f"    {step} = np.zeros({answer}.shape)",
                f"    {step}[{k}] = {h}",
                f"    {slopes}.append(({f}({answer} + {step}) - {f}({answer} - {step})) / (2 * {h}))",
                f'print("{AGREES} {tolerance}:", np.allclose({slopes}, 0, atol={tolerance}))',
            ]
        size = self.coder.shape(unknown.shape)
        rate = self.own("rate")
        return [
            *function,
            f"{x} = torch.zeros{size}",
            f"hessian = torch.autograd.functional.hessian({f}, {x}).reshape({x}.numel(), {x}.numel())",
            f"{rate} = 1 / torch.linalg.eigvalsh(hessian).max()",
            "for step in range(5000):  # gradient descent",
            f"    {x}.requires_grad_()",
            f"    slope, = torch.autograd.grad({f}({x}), {x})",
            f"    {x} = ({x} - {rate} * slope).detach()",
            *self._formula_of(quantity),
            "",
            *self._compared(x, "descent"),
        ]

    def _unknown(self) -> Symbol:
        found = self.part.wrt or self.derivation.wrt
        if found is None:
            raise CannotDerive("nothing is solved for")
        return found

    # --- data -------------------------------------------------------------------------------------------------------

    def _known(self, used: Sequence[Expr]) -> list[Symbol]:
        """The symbols that must have values."""
        scope, variables = self.part.scope, self.part.given.variables
        every = {s.name: s for expr in used for s in symbols(expr)} | {v.name: v for v in variables}
        if self.derivation.wrt is not None:
            every |= {self.derivation.wrt.name: self.derivation.wrt}
        skipped = {self._unknown().name} if self.part.task == "solve" else set()
        own = [s for s in (*scope.symbols.values(), *every.values()) if s.name in every]
        own = [every.get(s.name, s) for s in own]
        return [s for s in dict.fromkeys(own) if s.name not in self.definitions and s.name not in skipped]

    def _data(self, known: Sequence[Symbol], sizes: Mapping[str, int]) -> list[Line]:
        """What each symbol is: the numbers of the problem, or drawn at random with small sizes."""
        scope, variables = self.part.scope, self.part.given.variables
        lines: list[Line] = []
        given = {*self.numbers, *scope.values, *self.point}
        drawn = [s for s in known if s.name not in given]
        if drawn:
            lines.append("torch.manual_seed(0)" if self.is_torch else "rng = np.random.default_rng(0)")
        shown = [name for name in sizes if self._shows(name, drawn)]
        if shown:
            left = ", ".join(self.names.sizes.get(name, name) for name in shown)
            lines.append(f"{left} = {', '.join(str(sizes[name]) for name in shown)}")
        for symbol in known:
            if symbol not in variables or len(variables) == 1:
                lines += self._symbol(symbol, symbol in drawn)
        if len(variables) > 1 and self.part.task in _SCALAR_TASKS:
            lines += self._point(variables, drawn)
        elif len(variables) > 1:
            for symbol in variables:
                lines += self._symbol(symbol, symbol in drawn)
        return lines

    def _shows(self, name: str, drawn: Iterable[Symbol]) -> bool:
        asked = {one for dim in self.coder.asked for one in dim.names}
        return name in asked or any(name in dim.names for s in drawn for dim in s.shape)

    def _sizes(self, known: Iterable[Symbol]) -> dict[str, int]:
        """The size of each named dimension: as the numbers have it, else small and different from the others."""
        found: dict[str, int] = {}
        for symbol in known:
            if symbol.name in self.numbers:
                rows = self.numbers[symbol.name]
                for dim, size in zip(symbol.shape, (len(rows), len(rows[0])), strict=True):
                    if len(dim.names) == 1 and dim.number == 1 and found.setdefault(dim.names[0], size) != size:
                        raise CannotDerive(f"{dim.names[0]} is {found[dim.names[0]]} and {size}")
        first = self.part.wrt.shape if self.part.wrt is not None else ()
        names = [name for dim in (*first, *(d for s in known for d in s.shape)) for name in dim.names]
        small = 3
        for name in dict.fromkeys(names):
            if name not in found:
                while small in found.values():
                    small += 1
                found[name] = small if self.part.task != "solve" or not found else 4 * small
        for name in found:
            if name not in self.names.sizes:
                legal = name if name.isidentifier() else f"size_{len(self.names.sizes)}"
                self.names.sizes[name] = self.own(legal)
                self.taken.add(self.names.sizes[name])
        return found

    def _symbol(self, symbol: Symbol, is_drawn: bool) -> list[Line]:
        name = self.names.symbols[symbol.name]
        if not is_drawn:
            return [f"{name} = {self._given(symbol)}"]
        return [f"{name} = {self._draw(symbol.shape, symbol.assumptions)}", *self._adjusted(name, symbol)]

    def _given(self, symbol: Symbol) -> str:
        values = self.numbers.get(symbol.name) or self.part.scope.values.get(symbol.name)
        if values is None:
            shown = self.coder.shown(self.point[symbol.name])
            if isinstance(self.point[symbol.name], Number):
                shown = _float(self.point[symbol.name].value)  # type: ignore[union-attr]
            return f"torch.tensor({shown})" if self.is_torch else shown
        if symbol.shape == SCALAR:
            shown = _float(values[0][0])
            return f"torch.tensor({shown})" if self.is_torch else shown
        inner = ", ".join(f"[{', '.join(map(_float, row))}]" for row in values)
        return f"torch.tensor([{inner}])" if self.is_torch else f"np.array([{inner}])"

    def _point(self, variables: Sequence[Symbol], drawn: Sequence[Symbol]) -> list[Line]:
        p, names = self.own("p"), ", ".join(self.names.symbols[one.name] for one in variables)
        if any(one in drawn for one in variables):
            if not all(one in drawn for one in variables):
                raise CannotDerive("some of the variables have values")
            words = frozenset().union(*(one.assumptions for one in variables))
            shown = self._draw((Dim(len(variables)),), words)
        else:
            inner = ", ".join(self._given(one).removeprefix("torch.tensor(").rstrip(")") for one in variables)
            if self.is_torch:
                inner = ", ".join(self._bare(one) for one in variables)
            shown = f"torch.tensor([{inner}])" if self.is_torch else f"np.array([{inner}])"
        return [f"{p} = {shown}", f"{names} = {p}"]

    def _bare(self, symbol: Symbol) -> str:
        shown = self._given(symbol)
        return shown[len("torch.tensor(") : -1]

    def _draw(self, of: Sequence[Dim], words: frozenset[str]) -> str:
        sizes = "" if tuple(of) == SCALAR else ", ".join(self.coder.dim(dim) for dim in of)
        inside = self._is_inside() or bool(words & {"positive", "nonzero"})
        if self.is_torch:
            if inside:
                return f"0.1 + 0.8 * torch.rand({sizes or '()'})"
            return f"torch.randn({sizes or '()'})"
        size = f"size=({sizes})" if sizes and len(of) > 1 else f"size={sizes}" if sizes else ""
        if inside:
            return f"rng.uniform(0.1, 0.9{', ' if size else ''}{size})"
        return f"rng.normal({size})"

    def _is_inside(self) -> bool:
        """Whether some function has its domain in the way: numbers are drawn from between 0 and 1."""
        whole = [self.derivation.statement, *_needed([self.derivation.statement], self.definitions).values()]
        for expr in whole:
            for node in subexpressions(expr):
                match node:
                    case Apply(function) if function.name in ("log", "sqrt", "asin", "acos", "tan"):
                        return True
                    case Power(base, exponent) if symbols(base) and not _is_whole(exponent):
                        return True
        return False

    def _adjusted(self, name: str, symbol: Symbol) -> list[Line]:
        """What makes an array that was drawn what it is declared to be."""
        lib, words = self.lib, symbol.assumptions
        lines: list[Line] = []
        if words & {"integer"}:
            raise CannotDerive(f"{symbol.name} is an integer")
        size = self.coder.dim(symbol.shape[0])
        if "onehot" in words and symbol.shape[1] != ONE:
            columns = self.coder.dim(symbol.shape[1])
            return [f"{name} = {lib}.eye({columns})[[i % {columns} for i in range({size})]]"]
        if "onehot" in words:
            return [f"{name} = {lib}.eye({size})[:, [1]]"]
        if "idempotent" in words:
            lines.append(f"{name} = {name}[:, :2] @ {lib}.linalg.pinv({name}[:, :2])")
        elif "orthogonal" in words:
            lines.append(f"{name} = {lib}.linalg.qr({name})[0]")
        elif "positive_definite" in words:
            lines.append(f"{name} = {name} @ {name}.T + {lib}.eye({size})")
        elif "diagonal" in words:
            lines.append(f"{name} = {lib}.diag({lib}.diag({name}))")
        elif "symmetric" in words:
            lines.append(f"{name} = {name} + {name}.T")
        elif "skew" in words:
            lines.append(f"{name} = {name} - {name}.T")
        elif "triangular" in words:
            lines.append(f"{name} = {lib}.triu({name})")
        elif "unit" in words:
            lines.append(f"{name} = {name} / {lib}.linalg.norm({name})")
        return lines


def _is_whole(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1


def _is_pending(expr: Expr) -> bool:
    return any(isinstance(node, Partial | At) for node in subexpressions(expr))


def _float(value: Fraction) -> str:
    """A number of Python with a point, or a quotient."""
    below = value.denominator
    while below % 2 == 0 or below % 5 == 0:
        below //= 2 if below % 2 == 0 else 5
    return str(float(value)) if below == 1 else f"{value.numerator} / {value.denominator}"


def _needed(exprs: Sequence[Expr], definitions: Mapping[str, Expr]) -> dict[str, Expr]:
    """The named quantities that `exprs` need, each below those that it needs itself."""
    found: dict[str, Expr] = {}

    def visit(expr: Expr) -> None:
        for symbol in symbols(expr):
            if symbol.name in definitions and symbol.name not in found:
                visit(definitions[symbol.name])
                found[symbol.name] = definitions[symbol.name]

    for expr in exprs:
        visit(expr)
    return found


def _helper(name: str) -> list[Line]:
    return [*HELPERS[name].strip("\n").split("\n"), ""]


def _joined(lines: Iterable[Line]) -> str:
    found: list[Line] = []
    for line in lines:
        if line or (found and found[-1]):
            found.append(line)
    return "\n".join(found).rstrip("\n") + "\n"
