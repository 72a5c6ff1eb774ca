"""Derivations as Python functions that use nothing but NumPy.

Scalars are numbers, arrays are two-dimensional. An index is an integer array with an axis of its own, so that `A[i, j]`
holds the entries at all i and j at once and a sum runs along the axis of its index. Where an array itself depends on an
index (row i of X), the index is an integer and the sum a loop.
"""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

from derivgen.derivation import Derivation
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    Apply,
    At,
    Axis,
    Column,
    Commutation,
    Delta,
    Derivative,
    Det,
    Diag,
    Differential,
    Dim,
    Entry,
    Expr,
    Eye,
    Function,
    Group,
    Image,
    Index,
    Inverse,
    Kron,
    Layout,
    LogDet,
    LogSumExp,
    MatMul,
    Matrix,
    MatrixPower,
    Norm,
    Number,
    Ones,
    Partial,
    Pi,
    Plus,
    Power,
    Product,
    Row,
    Shape,
    Size,
    Slope,
    Softmax,
    Subscript,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.text import fraction_parts, function_text, split_sign
from derivgen.expr.walk import all_indices, free_indices, subexpressions, symbols
from derivgen.problem.model import Scope

SUM, NEGATIVE, PRODUCT, POWER, ATOM = range(5)

UFUNCS = {
    **{name: name for name in "exp log sqrt sin cos tan sinh cosh tanh abs sign".split()},
    **{f"a{name}": f"arc{name}" for name in ("sin", "cos", "tan")},
}
"""The functions that NumPy has, by its names for them."""

HELPERS = {
    "sigmoid": """
def sigmoid(z):
    return np.exp(-np.logaddexp(0, -z))
""",
    "softplus": """
def softplus(z):
    return np.logaddexp(0, z)
""",
    "relu": """
def relu(z):
    return np.maximum(z, 0)
""",
    "erf": """
def erf(z):
    return np.vectorize(math.erf, otypes=[float])(z)
""",
    "logsumexp": """
def logsumexp(z):
    top = np.max(z)
    return top + np.log(np.sum(np.exp(z - top)))
""",
    "softmax": """
def softmax(z):
    powers = np.exp(z - np.max(z))
    return powers / np.sum(powers)
""",
    "logsumexp_along": """
def logsumexp_along(Z, axis):
    return np.logaddexp.reduce(Z, axis=axis).reshape(-1, 1)
""",
    "softmax_along": """
def softmax_along(Z, axis):
    powers = np.exp(Z - np.max(Z, axis=axis, keepdims=True))
    return powers / np.sum(powers, axis=axis, keepdims=True)
""",
    "vec": """
def vec(Z):
    return Z.reshape(-1, 1, order="F")
""",
}
"""What NumPy does not have, each stable for large arguments."""

INLINE = {
    "sigmoid": "np.exp(-np.logaddexp(0, -({0})))",
    "softplus": "np.logaddexp(0, {0})",
    "relu": "np.maximum({0}, 0)",
    "erf": "np.vectorize(math.erf, otypes=[float])({0})",
    "logsumexp": "np.logaddexp.reduce(({0}).ravel())",
    "softmax": "np.exp({0} - np.logaddexp.reduce(({0}).ravel()))",
    "logsumexp_along": "np.logaddexp.reduce({0}, axis={1}).reshape(-1, 1)",
    "softmax_along": "np.exp({0} - np.logaddexp.reduce({0}, axis={1}, keepdims=True))",
    "vec": '({0}).reshape(-1, 1, order="F")',
}
"""The same as expressions, for code that stands alone."""

TAKEN = frozenset({*keyword.kwlist, *keyword.softkwlist, *dir(builtins), "np", "math", "derivative", *HELPERS})
"""Names that a parameter must not have."""


def numpy_function(derivation: Derivation, scope: Scope) -> str:
    """The source of a function `derivative` that computes the result of `derivation` from arrays.

    Its arguments are the declared symbols in order (vectors n x 1, scalars as floats), then any abstract functions and
    indices that the result needs, indices counted from 0; it gives a two-dimensional array. More than two axes are
    stacked by vec (DESIGN 5). Raises CannotDerive where the result still holds a derivative.
    """
    result = derivation.result
    given = [symbol for name, symbol in scope.symbols.items() if name not in scope.definitions]
    axes_of_result = (*derivation.value_indices, *derivation.wrt_indices) if derivation.form == "index" else ()
    outside = [index for index in free_indices(result) if index not in axes_of_result]
    defined = _definitions_used(result, scope)
    used = [result, *defined.values()]
    indices = [index for expr in used for index in all_indices(expr)]
    loops = derivation.form != "index" or any(_varies(expr) for expr in used)
    order = [*axes_of_result, *(i for i in dict.fromkeys(indices) if i not in axes_of_result and i not in outside)]
    shapes = [Ones(symbol.shape) for symbol in given] + [Ones(derivation.shape)]
    names = python_names(scope.symbols, [*axes_of_result, *outside, *indices], [*used, *shapes])
    code = Code(names, () if loops else tuple(order), inline=False)
    lines: list[str] = []
    for name, value in defined.items():
        lines.append(f"{names.symbols[name]} = {code.shown(value)}")
    lines += _result_lines(derivation, code, axes_of_result, order, loops)
    sizes, known = _size_lines(used, axes_of_result, given, code)
    functions = [
        code.function_name(node.function)
        for expr in used
        for node in subexpressions(expr)
        if isinstance(node, Apply) and node.function.abstract
    ]
    parameters = [*(names.symbols[s.name] for s in given), *functions, *(names.indices[i] for i in outside)]
    needed = {s.name for expr in used for s in symbols(expr)} | known
    body = [_converted(symbol, names.symbols[symbol.name]) for symbol in given if symbol.name in needed]
    helpers = [HELPERS[name].strip("\n") for name in HELPERS if name in code.helpers]
    about = _describe(derivation, given, names.symbols)
    return _source(dict.fromkeys(parameters), [*body, *sizes, *lines], helpers, about)


def numpy_expression(expr: Expr) -> str:
    """`expr` as one expression of Python with `np`; symbols, sizes and indices (from 0) stand under their own names.

    >>> n = Dim(1, ("n",))
    >>> A, x = Symbol("A", (n, n)), Symbol("x", (n, ONE))
    >>> numpy_expression(MatMul((Plus((A, Transpose(A))), x)))
    '(A + A.T) @ x'
    """
    names = python_names([symbol.name for symbol in symbols(expr)], all_indices(expr), [expr])
    code = Code(names, (), inline=True)
    for dim in _sizes([expr], ()):
        for symbol in symbols(expr):
            if len(dim.names) == 1 and dim in symbol.shape:
                names.sizes[dim.names[0]] = f"{names.symbols[symbol.name]}.shape[{symbol.shape.index(dim)}]"
                break
    return code.shown(expr)


@dataclass(frozen=True, slots=True)
class Names:
    """The names in Python of symbols, sizes and indices; no two are the same."""

    symbols: dict[str, str]
    sizes: dict[str, str]
    indices: dict[Index, str]


def python_names(declared: Iterable[str], indices: Iterable[Index], used: Iterable[Expr]) -> Names:
    taken = set(TAKEN)

    def legal(name: str) -> str:
        found = name if name.isidentifier() else "v_" + "".join(char if char.isalnum() else "_" for char in name)
        while found in taken:
            found += "_"
        taken.add(found)
        return found

    indices = tuple(dict.fromkeys(indices))
    names = {name: legal(name) for name in dict.fromkeys(declared)}
    sizes = dict.fromkeys(name for dim in _sizes(used, indices) for name in dim.names)
    return Names(names, {name: legal(name) for name in sizes}, {index: legal(index.name) for index in indices})


def _definitions_used(result: Expr, scope: Scope) -> dict[str, Expr]:
    """The named quantities that `result` needs, in their order."""
    needed = {symbol.name for symbol in symbols(result)}
    found: list[tuple[str, Expr]] = []
    for name, value in reversed(list(scope.definitions.items())):
        if name in needed:
            found.append((name, value))
            needed |= {symbol.name for symbol in symbols(value)}
    return dict(reversed(found))


def _varies(expr: Expr) -> bool:
    """Whether an array inside `expr` depends on an index, or has a sum over one inside it."""
    arrays = (node for node in subexpressions(expr) if not is_scalar(node))
    return any(free_indices(node) or any(isinstance(one, Sum) for one in subexpressions(node)) for node in arrays)


def _sizes(used: Iterable[Expr], indices: Iterable[Index]) -> tuple[Dim, ...]:
    """The dimensions that code for `used` has to know, each once."""
    found = {index.dim: None for index in indices}
    for expr in used:
        for node in subexpressions(expr):
            match node:
                case Size(dim) | Eye(dim) | Upper(dim):
                    found[dim] = None
                case Ones(of) | Zeros(of) | Commutation(of):
                    found |= dict.fromkeys(of)
                case Sum(index, _):
                    found[index.dim] = None
    return tuple(dim for dim in found if dim.names)


def _size_lines(
    used: list[Expr], axes_of_result: tuple[Index, ...], given: list[Symbol], code: Code
) -> tuple[list[str], set[str]]:
    """The lines that read the sizes off the arguments, and the names of those arguments."""
    asked = [*_sizes(used, axes_of_result), *(dim for dim in code.asked if dim.names)]
    wanted = dict.fromkeys(name for dim in asked for name in dim.names)
    lines: list[str] = []
    read: set[str] = set()
    for name in wanted:
        places = [(s, axis) for s in given for axis in (0, 1) if s.shape[axis].names == (name,)]
        if not places:
            raise CannotDerive(f"no argument has the size {name}")
        symbol, axis = min(places, key=lambda place: place[0].shape[place[1]].number)
        times = symbol.shape[axis].number
        divided = f" // {times}" if times != 1 else ""
        lines.append(f"{code.names.sizes[name]} = {code.names.symbols[symbol.name]}.shape[{axis}]{divided}")
        read.add(symbol.name)
    return lines, read


def _converted(symbol: Symbol, name: str) -> str:
    """The line that makes an argument the array that the code takes it for."""
    if symbol.shape == SCALAR:
        return f"{name} = np.asarray({name}, dtype=float).flat[0]"
    column = ".reshape(-1, 1)" if symbol.shape[1] == ONE else ""
    return f"{name} = np.asarray({name}, dtype=float){column}"


def _result_lines(
    derivation: Derivation, code: Code, free: tuple[Index, ...], order: list[Index], loops: bool
) -> list[str]:
    result = derivation.result
    if derivation.form != "index":
        shown = code.shown(result)
        if shape(result) != SCALAR:
            return [f"return {shown}"]
        return [f"return np.full({code.shape(derivation.shape)}, {shown}, dtype=float)"]
    sizes = [code.dim(index.dim) for index in free]
    if loops:
        shown = code.shown(result)
        for index, size in reversed(list(zip(free, sizes, strict=True))):
            shown = f"[{shown} for {code.names.indices[index]} in range({size})]"
        lines = [f"entries = np.array({shown}, dtype=float)"]
    else:
        lines = []
        for place, index in enumerate(order):
            position = ", ".join(":" if axis == place else "None" for axis in range(len(order)))
            arange = f"np.arange({code.dim(index.dim)})"
            lines.append(f"{code.names.indices[index]} = {arange}{f'[{position}]' if len(order) > 1 else ''}")
        ones = "1, " * (len(order) - len(free))
        full = f"({''.join(size + ', ' for size in sizes)}{ones})"
        lines.append(f"entries = np.broadcast_to({code.shown(result)}, {full}).reshape({_tuple(sizes)})")
    return [*lines, f"return {_arranged(derivation, sizes)}"]


def _arranged(derivation: Derivation, sizes: list[str]) -> str:
    """The entries of an index form in two dimensions: the table of DESIGN 5, vec for more than two axes."""
    values, variables = len(derivation.value_indices), len(derivation.wrt_indices)
    split = values
    if derivation.order == 2 and not values:
        split = variables // 2
    layout, turned = derivation.layout, False
    if values + variables == 2 and split != 1:
        shown, turned = "entries", values == 0 and layout == Layout.NUMERATOR
    else:
        rows, columns = (" * ".join(part) or "1" for part in (sizes[:split], sizes[split:]))
        shown = f'entries.reshape(({rows}, {columns}), order="F")'
        turned = layout == Layout.DENOMINATOR or (layout == Layout.MIXED and not values)
        turned = turned and not (derivation.order == 2 and not values)
    return shown + (".T" if turned != derivation.wrt_transposed else "")


def _tuple(items: Sequence[str]) -> str:
    return f"({', '.join(items)}{',' if len(items) == 1 else ''})"


def _describe(derivation: Derivation, given: list[Symbol], names: Mapping[str, str]) -> str:
    from derivgen.expr.text import text

    subject = text(derivation.statement)
    by = f" by {derivation.wrt.name}{'.T' if derivation.wrt_transposed else ''}" if derivation.wrt else ""
    layout = f", {derivation.layout} layout" if derivation.layout else ""
    shapes = ", ".join(
        f"{names[symbol.name]}: {'float' if symbol.shape == SCALAR else ' x '.join(map(str, symbol.shape))}"
        for symbol in given
    )
    kind = "Derivative of " if derivation.wrt else ""
    quoted = f"{kind}{subject}{by}{layout}.".replace("\\", "\\\\").replace('"""', "'''")
    return f"{quoted}\n\n    {shapes}\n    " if shapes else quoted


def _source(parameters: Iterable[str], body: list[str], helpers: list[str], about: str) -> str:
    lines = ["import math", "", "import numpy as np"] if any("math." in h for h in helpers) else ["import numpy as np"]
    lines += ["", "", f"def derivative({', '.join(parameters)}):", f'    """{about}"""']
    for helper in helpers:
        lines += ["", *(f"    {line}" if line else "" for line in helper.split("\n")), ""]
    return "\n".join([*lines, *(f"    {line}" for line in body)]) + "\n"


@dataclass(slots=True)
class Code:
    """Prints expressions as code. `order` lists the indices that are arrays, each with its axis; none in loops."""

    names: Names
    order: tuple[Index, ...]
    inline: bool
    helpers: set[str] = field(default_factory=set)
    asked: list[Dim] = field(default_factory=list)

    def shown(self, expr: Expr, place: int = SUM) -> str:
        """The code of `expr` where at least the binding `place` is asked for."""
        code, binding = self.code(expr)
        return code if binding >= place else f"({code})"

    def code(self, expr: Expr) -> tuple[str, int]:
        match expr:
            case Number(value):
                return _number(value)
            case Pi():
                return "np.pi", ATOM
            case Size(dim):
                return self.dim(dim), ATOM if len(dim.names) + (dim.number != 1) == 1 else PRODUCT
            case Slope(name):
                raise CannotDerive(f"{name} has no code: it is a derivative of a function that nobody gave")
            case Image(name) | Derivative(Image(name)):
                raise CannotDerive(f"{name} has no code: it is a function that nobody gave")
            case Symbol(name):
                return self.names.symbols[name], ATOM
            case Entry(base, subscripts):
                return f"{self.shown(base, ATOM)}[{self.position(base, subscripts)}]", ATOM
            case Row(base, subscript):
                if is_scalar(expr):
                    return f"{self.shown(base, ATOM)}[{self.subscript(subscript)}, 0]", ATOM
                row = "0" if shape(base)[0] == ONE else self.subscript(subscript)
                return f"{self.shown(base, ATOM)}[{row}, :, None]", ATOM
            case Column(base, subscript):
                if is_scalar(expr):
                    return f"{self.shown(base, ATOM)}[0, {self.subscript(subscript)}]", ATOM
                column = "0" if shape(base)[1] == ONE else self.subscript(subscript)
                return f"{self.shown(base, ATOM)}[:, {column}, None]", ATOM
            case Delta(left, right):
                return f"1.0 * ({self.subscript(left)} == {self.subscript(right)})", PRODUCT
            case Plus(terms):
                return self.plus(terms), SUM
            case Product(factors):
                return self.product(factors)
            case Power(_, Number(value)) if value < 0:
                return self.product((expr,))
            case Power(base, exponent):
                return f"{self.shown(base, ATOM)}**{self.shown(exponent, ATOM)}", POWER
            case MatrixPower(base, exponent):
                return f"np.linalg.matrix_power({self.shown(base)}, int({self.shown(exponent)}))", ATOM
            case Apply(function, arguments):
                return self.apply(function, arguments)
            case MatMul(factors):
                return self.matmul(factors, is_scalar(expr))
            case Transpose(body) | Inverse(body) | Trace(body) | Det(body) if is_scalar(body):
                return (f"1 / {self.shown(body, POWER)}", PRODUCT) if isinstance(expr, Inverse) else self.code(body)
            case Transpose(body):
                return f"{self.shown(body, ATOM)}.T", ATOM
            case Inverse(body):
                return f"np.linalg.inv({self.shown(body)})", ATOM
            case Trace(body):
                return f"np.trace({self.shown(body)})", ATOM
            case Det(body):
                return f"np.linalg.det({self.shown(body)})", ATOM
            case LogDet(body):
                if is_scalar(body):
                    return f"np.log(np.abs({self.shown(body)}))", ATOM
                return f"np.linalg.slogdet({self.shown(body)})[1]", ATOM
            case Total(body):
                return f"np.sum({self.shown(body)})", ATOM
            case Norm(body, order):
                if order == 2:
                    return f"np.sqrt(np.sum({self.shown(body, ATOM)}**2))", ATOM
                return f"np.sum(np.abs({self.shown(body)}))", ATOM
            case LogSumExp(body, int() as axis):
                return self.helper("logsumexp_along", body, axis)
            case LogSumExp(body):
                return (self.code(body)) if is_scalar(body) else self.helper("logsumexp", body)
            case Softmax(body, int() as axis):
                return self.helper("softmax_along", body, axis)
            case Softmax(body):
                return ("1", ATOM) if is_scalar(body) else self.helper("softmax", body)
            case Diag(body):
                if is_scalar(body):
                    return self.code(body)
                if shape(body)[0] == shape(body)[1]:
                    return f"np.diag({self.shown(body)})[:, None]", ATOM
                return f"np.diagflat({self.shown(body)})", ATOM
            case Vec(body):
                return self.code(body) if is_scalar(body) else self.helper("vec", body)
            case Kron(left, right):
                if is_scalar(left) or is_scalar(right):
                    return f"{self.shown(left, POWER)} * {self.shown(right, POWER)}", PRODUCT
                return f"np.kron({self.shown(left)}, {self.shown(right)})", ATOM
            case Ones(of):
                return ("1", ATOM) if of == SCALAR else (f"np.ones({self.shape(of)})", ATOM)
            case Zeros(of):
                return ("0", ATOM) if of == SCALAR else (f"np.zeros({self.shape(of)})", ATOM)
            case Eye(dim):
                return ("1", ATOM) if dim == ONE else (f"np.eye({self.dim(dim)})", ATOM)
            case Upper(dim):
                return f"np.triu(np.ones(({self.dim(dim)}, {self.dim(dim)})))", ATOM
            case Commutation((rows, columns)):
                m, n = self.dim(rows), self.dim(columns)
                rows_of_k = f'np.arange({m} * {n}).reshape({m}, {n}, order="F").ravel()'
                return f"np.eye({m} * {n})[{rows_of_k}]", ATOM
            case Sum(index, body):
                return self.sum(index, body)
            case Matrix(entries, (rows, columns)):
                wide = columns.number
                lines = [entries[start : start + wide] for start in range(0, rows.number * wide, wide)]
                shown = ", ".join(f"[{', '.join(map(self.shown, line))}]" for line in lines)
                return f"np.array([{shown}])", ATOM
            case Group(body):
                return self.code(body)
            case Partial() | Differential() | At():
                raise CannotDerive("a derivative that is not yet taken has no NumPy code")
            case _:
                assert_never(expr)

    # sizes and indices

    def dim(self, dim: Dim) -> str:
        self.asked.append(dim)
        known = [self.names.sizes[name] for name in dim.names]
        return " * ".join([*([] if known and dim.number == 1 else [str(dim.number)]), *known])

    def shape(self, of: Shape) -> str:
        return f"({self.dim(of[0])}, {self.dim(of[1])})"

    def subscript(self, subscript: Subscript) -> str:
        return self.names.indices[subscript] if isinstance(subscript, Index) else str(subscript - 1)

    def position(self, base: Expr, subscripts: tuple[Subscript, ...]) -> str:
        """The place of an entry with a 0 for each dimension that is the number 1."""
        rest = iter(subscripts)
        return ", ".join("0" if dim == ONE else self.subscript(next(rest)) for dim in shape(base))

    def sum(self, index: Index, body: Expr) -> tuple[str, int]:
        name, size = self.names.indices[index], self.dim(index.dim)
        if index not in free_indices(body):
            return f"{size if ' ' not in size else f'({size})'} * {self.shown(body, POWER)}", PRODUCT
        if index in self.order:
            return f"np.sum({self.shown(body)}, axis={self.order.index(index)}, keepdims=True)", ATOM
        return f"sum({self.shown(body)} for {name} in range({size}))", ATOM

    # operations

    def plus(self, terms: tuple[Expr, ...]) -> str:
        code = self.shown(terms[0], NEGATIVE) if terms else "0"
        for term in terms[1:]:
            sign, rest = split_sign(term)
            code += f" {'-' if sign < 0 else '+'} {self.shown(rest, PRODUCT)}"
        return code

    def product(self, factors: tuple[Expr, ...]) -> tuple[str, int]:
        sign, rest = split_sign(Product(factors))
        if sign < 0:
            return f"-{self.shown(rest, PRODUCT)}", NEGATIVE
        above, below = fraction_parts(factors)
        if len(above) == 1 and not below:
            return self.code(above[0])
        code = " * ".join(self.shown(factor, POWER) for factor in above) or "1"
        # one power at a time: below holds arrays of one shape and scalars
        return code + "".join(f" / {self.shown(factor, POWER)}" for factor in below), PRODUCT

    def matmul(self, factors: tuple[Expr, ...], scalar: bool) -> tuple[str, int]:
        """A chain of arrays; its scalar factors stand in front, as numbers."""
        numbers = [factor for factor in factors if is_scalar(factor)]
        arrays = [factor for factor in factors if not is_scalar(factor)]
        chain = " @ ".join(self.shown(array, POWER) for array in arrays)
        if scalar and arrays:
            chain = f"({chain})[0, 0]"
        elif numbers and len(arrays) > 1:
            chain = f"({chain})"
        pieces = [*(self.shown(number, POWER) for number in numbers), *([chain] if chain else [])]
        return " * ".join(pieces), ATOM if scalar and len(pieces) == 1 else PRODUCT

    def apply(self, function: Function, arguments: tuple[Expr, ...]) -> tuple[str, int]:
        inside = ", ".join(map(self.shown, arguments))
        if function.abstract:
            return f"{self.function_name(function)}({inside})", ATOM
        if any(function.orders):
            raise CannotDerive(f"{function_text(function)} has no NumPy code")
        if function.name == "step":
            return f"1.0 * ({self.shown(arguments[0])} > 0)", PRODUCT
        if function.name in UFUNCS:
            return f"np.{UFUNCS[function.name]}({inside})", ATOM
        if function.name in HELPERS:
            return self.helper(function.name, arguments[0])
        raise CannotDerive(f"{function.name} has no NumPy code")

    def helper(self, name: str, body: Expr, axis: Axis | None = None) -> tuple[str, int]:
        if self.inline:
            return INLINE[name].format(self.shown(body), axis), ATOM
        self.helpers.add(name)
        return f"{name}({self.shown(body)}{'' if axis is None else f', {axis}'})", ATOM

    def function_name(self, function: Function) -> str:
        """The parameter for an abstract function: `f`, and for its derivatives `D_f`, by argument `D_f_1_2`."""
        return "_".join(filter(None, function_text(function).replace("(", "_").replace(")", "").split(", ")))


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value.numerator), NEGATIVE if value < 0 else ATOM
    return f"{value.numerator} / {value.denominator}", NEGATIVE if value < 0 else PRODUCT
