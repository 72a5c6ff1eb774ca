"""One program: its names, the lines that every kind of it has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from derivgen.derivation import AGREES, Derivation
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ONE, SCALAR, Apply, At, Expr, Number, Partial, Shape, Symbol
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import subexpressions, symbols
from derivgen.problem.model import Part, Values
from derivgen.render.numpy import Code, Names
from derivgen.render.torch import TorchCode

# numpy, order 1: a step of 1e-5 leaves 1e-10 of truncation and 1e-11 of rounding; order 2, with 1e-4: 1e-8 of each;
# autograd computes in float64 what the formula computes, with other roundings
TOLERANCE = {("numpy", 1): "1e-6", ("numpy", 2): "1e-4", ("torch", 1): "1e-8", ("torch", 2): "1e-8"}
SCALAR_TASKS = ("derive", "gradient", "jacobian", "hessian", "partials", "chain")
"""Tasks that may differentiate by scalars."""
STEP = {1: "1e-5", 2: "1e-4"}

_OWN_NAMES = frozenset("rng step slopes formula p s k h autograd differences rate np torch".split())

Line = str


@dataclass(slots=True)
class Program:
    """What all parts of one program share: its names, its way to print code, and what it says at its end."""

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

    def quantity(self) -> str:
        """The name of the function in the program."""
        quantity = self.derivation.quantity
        name = quantity.name if quantity is not None and quantity.name.isidentifier() else "f"
        return self.own(name if name not in _OWN_NAMES else "f")

    def function(self, name: str, argument: str, opening: Sequence[Line] = ()) -> list[Line]:
        """The statement as a function of `argument`, after the `opening` lines."""
        statement = self.derivation.statement
        if isinstance(self.coder, TorchCode):
            self.coder.follows = True
        inner = [f"    {line}" for line in (*opening, *self.lets([statement]))]
        shown = self.coder.shown(statement)
        if isinstance(self.coder, TorchCode):
            self.coder.follows = False
        return [f"def {name}({argument}):", *inner, f"    return {shown}", ""]

    def lets(self, exprs: Iterable[Expr]) -> list[Line]:
        """A line for each named quantity that `exprs` need."""
        return [
            f"{self.names.symbols[name]} = {self.coder.shown(meaning)}"
            for name, meaning in needed(list(exprs), self.definitions).items()
        ]

    def formula(self) -> list[Line]:
        """The result as it was derived."""
        result = self.derivation.result
        made = {name for name, _, _ in self.told}
        lets = [line for line in self.lets([result]) if line.partition(" = ")[0] not in made]
        return [*lets, f"{self.answer} = {self.coder.shown(result)}"]

    def compared(self, found: str, label: str, order: int = 1, is_array: bool = True) -> list[Line]:
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
                lines.append(self.printed(f"{name}:", value, form, wide))
            elif is_array:
                lines.append(f'print("{name + ":":{wide}} shape", tuple({value}.shape))')
        close = f"{self.lib}.allclose({found}, {self.answer}, rtol={relative}, atol={tolerance})"
        return [*lines, f'print("{AGREES} {said}:", {close})']

    def printed(self, label: str, value: str, of: Shape, wide: int) -> Line:
        """Prints a number or an array, rounded so that noise does not show; + 0.0 makes 0.0 of -0.0."""
        if of == SCALAR:
            return f'print("{label:{wide}}", f"{{{value}:.{self.digits}f}}")'
        is_vector = ONE in of
        flat = f"{value}.ravel()" if is_vector else value
        if self.is_torch:
            return f'print("{label:{wide}}", (torch.round({flat}, decimals={self.digits}) + 0.0).tolist())'
        rounded = f"np.round({flat}, {self.digits}) + 0.0"
        return f'print("{label:{wide}}", {rounded})' if is_vector else f'print("{label}", {rounded}, sep="\\n")'

    def settle(self) -> None:
        """Finds out whether anything is drawn at random."""
        used = [self.derivation.statement, self.derivation.result]
        used += needed(used, self.definitions).values()
        found = {s.name for expr in used for s in symbols(expr)} - set(self.definitions)
        known = {*self.numbers, *self.part.scope.values, *self.point}
        self.is_random = not found <= known

    def graph(self, f: str, argument: str) -> list[Line]:
        """The lines that work out the named quantities and the statement, which are printed where there are numbers."""
        statement = self.derivation.statement
        if self.is_random:
            return []
        below = needed([statement], self.definitions)
        shown = [name for name in below if name not in self.part.scope.entries]
        self.told += [(name, self.names.symbols[name], shape(below[name])) for name in shown]
        if is_scalar(statement):
            self.told.append((f, f"{f}({argument})", SCALAR))
        return self.lets([statement]) if shown else []

    def formula_of(self, form: Shape) -> list[Line]:
        """The result, which must have the shape `form`."""
        lines = self.formula()
        result = self.derivation.result
        if is_scalar(result) and form != SCALAR:
            raise CannotDerive("a number stands for an array")
        is_tensor = any(isinstance(node, Symbol | Apply) for node in subexpressions(result))
        if self.is_torch and is_scalar(result) and not is_tensor:
            shown = decimal(result.value) if isinstance(result, Number) else f"1.0 * ({self.coder.shown(result)})"
            lines[-1] = f"{self.answer} = torch.tensor({shown})"
        return lines

    def depends(self) -> bool:
        """Whether the statement depends on what it is differentiated by; a backward pass needs that."""
        statement, wrt = self.derivation.statement, self.derivation.wrt
        whole = [statement, *needed([statement], self.definitions).values()]
        variables = self.part.given.variables or ((wrt,) if wrt is not None else ())
        names = {variable.name for variable in variables}
        return any(symbol.name in names for expr in whole for symbol in symbols(expr))

    def second_differences(self, name: str, f: str, p: str, given: str) -> list[Line]:
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

    def unknown(self) -> Symbol:
        found = self.part.wrt or self.derivation.wrt
        if found is None:
            raise CannotDerive("nothing is solved for")
        return found


def is_pending(expr: Expr) -> bool:
    """Whether a derivative in it is not taken."""
    return any(isinstance(node, Partial | At) for node in subexpressions(expr))


def decimal(value: Fraction) -> str:
    """A number of Python with a point, or a quotient."""
    below = value.denominator
    while below % 2 == 0 or below % 5 == 0:
        below //= 2 if below % 2 == 0 else 5
    return str(float(value)) if below == 1 else f"{value.numerator} / {value.denominator}"


def needed(exprs: Sequence[Expr], definitions: Mapping[str, Expr]) -> dict[str, Expr]:
    """The named quantities that `exprs` need, each below those that it needs itself."""
    wanted = {symbol.name for expr in exprs for symbol in symbols(expr)}
    found: list[tuple[str, Expr]] = []
    for name, meaning in reversed(list(definitions.items())):
        if name in wanted:
            found.append((name, meaning))
            wanted |= {symbol.name for symbol in symbols(meaning)}
    return dict(reversed(found))
