"""Random formulas of the whole grammar of DESIGN 4, each with its value in plain NumPy.

A formula is text for the parser beside a function of arrays that computes it, so that what derivgen makes of the text
can be held against numbers that none of its code has touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Values = Mapping[str, Array]
Pick = Callable[[Sequence[Any]], Any]
"""Chooses one of several; simple choices come first."""
Shape = tuple[str, str]

SIZES = {"1": 1, "m": 2, "n": 3, "p": 4}

DECLARED: dict[str, tuple[Shape, str]] = {
    "c": (("1", "1"), "scalar"),
    "t": (("1", "1"), "scalar positive"),
    "x": (("n", "1"), "vector(n)"),
    "y": (("n", "1"), "vector(n)"),
    "u": (("n", "1"), "vector(n) positive"),
    "z": (("m", "1"), "vector(m)"),
    "v": (("p", "1"), "vector(p)"),
    "A": (("m", "n"), "matrix(m, n)"),
    "B": (("n", "p"), "matrix(n, p)"),
    "C": (("m", "p"), "matrix(m, p)"),
    "M": (("n", "n"), "matrix(n, n)"),
    "X": (("n", "n"), "matrix(n, n) invertible"),
    "P": (("n", "n"), "matrix(n, n) positive_definite"),
    "f": (("1", "1"), "elementwise"),
}
"""Name to shape and declaration."""

DECLARATIONS = [f"{name}: {declared}" for name, (_, declared) in DECLARED.items()]
VARIABLES = ("x", "u", "z", "c", "t", "A", "M", "X", "B", "P")
"""What is differentiated by."""


def random_values(seed: int) -> dict[str, Array]:
    """Arrays of about 1 in size for all that is declared, as it is declared."""
    rng = np.random.default_rng(seed)
    found: dict[str, Array] = {}
    for name, (shape, declared) in DECLARED.items():
        if name == "f":
            continue
        dims = (SIZES[shape[0]], SIZES[shape[1]])
        value = rng.uniform(0.4, 1.3, size=dims)
        if "positive" not in declared:
            value *= rng.choice([-1.0, 1.0], size=dims)
        if "positive_definite" in declared:
            value = value @ value.T / 2 + np.eye(dims[0])
        if "invertible" in declared:
            value = value / 2 + np.diag(np.where(np.diag(value) > 0, 1.5, -1.5))
        found[name] = value
    return found


def abstract(order: int) -> Callable[[Any], Any]:
    """What the declared `f` is here, or its derivative of an order."""
    return lambda z: np.sin(np.asarray(z) + 0.3 + order * math.pi / 2)


@dataclass(frozen=True)
class Formula:
    text: str
    shape: Shape
    value: Callable[[Values], Array]

    def __repr__(self) -> str:
        return self.text


_erf = np.vectorize(math.erf, otypes=[float])


def _softmax(a: Array) -> Array:
    return np.exp(a) / np.exp(a).sum()


def _softmax_of(a: Array, axis: int) -> Array:
    powers: Array = np.exp(a)
    return powers / powers.sum(axis=axis, keepdims=True)


_REDUCTIONS: tuple[tuple[str, Callable[[Array, int], Array]], ...] = (
    ("sum", lambda a, axis: a.sum(axis=axis)),
    ("mean", lambda a, axis: a.mean(axis=axis)),
    ("logsumexp", lambda a, axis: np.log(np.exp(a).sum(axis=axis))),
)

ELEMENTWISE: tuple[tuple[str, Callable[[Array], Array]], ...] = (
    ("sin({})", np.sin),
    ("({})**2", lambda a: a**2),
    ("tanh({})", np.tanh),
    ("exp(sin({}))", lambda a: np.exp(np.sin(a))),
    ("sigmoid({})", lambda a: 1 / (1 + np.exp(-a))),
    ("cos({})", np.cos),
    ("f({})", abstract(0)),
    ("log(1 + {}**2)", lambda a: np.log(1 + a**2)),
    ("sqrt(1 + {}**2)", lambda a: np.sqrt(1 + a**2)),
    ("1 / (1 + {}**2)", lambda a: 1 / (1 + a**2)),
    ("relu({})", lambda a: np.maximum(a, 0)),
    ("abs({})", np.abs),
    ("({})**3", lambda a: a**3),
    ("softplus({})", lambda a: np.log1p(np.exp(a))),
    ("atan({})", np.arctan),
    ("asin(sin({})/2)", lambda a: np.arcsin(np.sin(a) / 2)),
    ("acos(tanh({})/2)", lambda a: np.arccos(np.tanh(a) / 2)),
    ("tan(sin({})/2)", lambda a: np.tan(np.sin(a) / 2)),
    ("sinh(cos({}))", lambda a: np.sinh(np.cos(a))),
    ("cosh(tanh({}))", lambda a: np.cosh(np.tanh(a))),
    ("exp(-{}**2)", lambda a: np.exp(-(a**2))),
    ("log(sigmoid({}))", lambda a: -np.log1p(np.exp(-a))),
    ("erf({})", _erf),
    ("sign({})", np.sign),
    ("2**sin({})", lambda a: 2 ** np.sin(a)),
    ("((2 + sin({}))**c)", None),
    ("(t**sin({}))", None),
    ("sqrt(exp(cos({})))", lambda a: np.sqrt(np.exp(np.cos(a)))),
    ("(1 + {0}**2)**(-1/2)", lambda a: (1 + a**2) ** -0.5),
)  # type: ignore[assignment]
"""Functions entry by entry, of arguments for which they have a value everywhere."""

_DIMS = ("n", "m", "p")


class Grammar:
    """Makes formulas; `pick` decides, `wrt` is a name that is to occur often."""

    def __init__(self, pick: Pick, wrt: str) -> None:
        self.pick, self.wrt = pick, wrt

    def formula(self, shape: Shape, depth: int) -> Formula:
        if depth <= 0:
            return self.leaf(shape)
        if shape == ("1", "1"):
            return self.scalar(depth)
        if shape[1] == "1":
            return self.column(shape[0], depth)
        if shape[0] == "1":
            return self.row(shape[1], depth)
        return self.matrix(*shape, depth)

    # --- leaves -----------------------------------------------------------------------------------------------------

    def leaf(self, shape: Shape) -> Formula:
        turned = (shape[1], shape[0])
        own = DECLARED[self.wrt][0]
        if own == shape and self.pick((True, True, True, False)):
            return symbol(self.wrt)
        if own == turned and shape[0] != shape[1] and self.pick((True, True, True, False)):
            return transpose(symbol(self.wrt))
        found = [symbol(name) for name, (of, _) in DECLARED.items() if of == shape and name != "f"]
        if shape[0] != shape[1]:
            found += [transpose(symbol(name)) for name, (of, _) in DECLARED.items() if of == turned]
        if shape == ("1", "1"):
            found += [literal("2", 2.0), literal("1/2", 0.5), literal("3", 3.0)]
            found += [Formula("x[2]", shape, lambda at: at["x"][1:2]), Formula("A[1, 2]", shape, _entry_of_A)]
        elif shape[1] == "1":
            found.append(ones(shape))
            found += {
                "n": [Formula("A[1, :]", shape, lambda at: at["A"][:1].T)],
                "p": [Formula("B[2, :]", shape, lambda at: at["B"][1:2].T)],
                "m": [Formula("A[:, 2]", shape, lambda at: at["A"][:, 1:2])],
            }[shape[0]]
        elif shape[0] == shape[1]:
            size = SIZES[shape[0]]
            found.append(Formula(f"eye({shape[0]})", shape, lambda at: np.eye(size)))
        elif shape[0] != "1":
            found.append(ones(shape))
        return self.pick(found)  # type: ignore[no-any-return]

    # --- by shape ---------------------------------------------------------------------------------------------------

    def side(self, shape: Shape, depth: int) -> Formula:
        """The smaller of two operands."""
        return self.formula(shape, min(depth - 1, self.pick((0, 0, 0, 1, 2))))

    def dim(self) -> str:
        return self.pick(_DIMS)  # type: ignore[no-any-return]

    def array_shape(self) -> Shape:
        return self.pick((("n", "1"), ("m", "1"), ("m", "n"), ("n", "n"), ("n", "p")))  # type: ignore[no-any-return]

    def scalar(self, depth: int) -> Formula:
        here: Shape = ("1", "1")
        return self.pick(  # type: ignore[no-any-return]
            (
                *(self._dot, self._total, self._norm, self._trace, self._arithmetic, self._apply, self._determinant),
                *(self._log_sum_exp, self._index_sum, self._stacked, self._quadratic),
                *(self._dot, self._total, self._trace),
            )
        )(here, depth)

    def column(self, dim: str, depth: int) -> Formula:
        here: Shape = (dim, "1")
        return self.pick(  # type: ignore[no-any-return]
            (
                *(self._product, self._arithmetic, self._apply, self._softmax, self._diagonal),
                *(self._product, self._solve, self._turned, self._arithmetic, self.along_axis),
            )
        )(here, depth)

    def row(self, dim: str, depth: int) -> Formula:
        here: Shape = ("1", dim)
        return self.pick((self._turned, self._turned, self._product, self._arithmetic))(here, depth)  # type: ignore[no-any-return]

    def matrix(self, rows: str, columns: str, depth: int) -> Formula:
        here: Shape = (rows, columns)
        ways = [self._product, self._arithmetic, self._apply, self._outer, self._turned, self._arithmetic]
        ways += [self.softmax_along]
        if rows == columns:
            ways += [self._diagonal_matrix, self._inverse, self._matrix_power]
        return self.pick(ways)(here, depth)  # type: ignore[no-any-return]

    # --- productions ------------------------------------------------------------------------------------------------

    def _two(self, one: Shape, other: Shape, depth: int) -> tuple[Formula, Formula]:
        if self.pick((True, False)):
            return self.formula(one, depth - 1), self.side(other, depth)
        return self.side(one, depth), self.formula(other, depth - 1)

    def _product(self, shape: Shape, depth: int) -> Formula:
        dim = self.dim()
        left, right = self._two((shape[0], dim), (dim, shape[1]), depth)
        return binary("({} @ {})", left, right, shape, np.matmul)

    def _dot(self, shape: Shape, depth: int) -> Formula:
        dim = self.dim()
        if self.pick((True, True, False)):
            left, right = self._two(("1", dim), (dim, "1"), depth)
            return binary("({} @ {})", left, right, shape, np.matmul)
        left, right = self._two((dim, "1"), (dim, "1"), depth)
        return binary("dot({}, {})", left, right, shape, lambda a, b: a.T @ b)

    def _quadratic(self, shape: Shape, depth: int) -> Formula:
        dim = self.dim()
        middle = self.side((dim, dim), depth)
        body = self.formula((dim, "1"), depth - 1)
        return binary("(({0}).T @ {1} @ {0})", body, middle, shape, lambda a, b: a.T @ b @ a)

    def _arithmetic(self, shape: Shape, depth: int) -> Formula:
        way = self.pick(("+", "-", "*", "scale", "over", "over scalar", "over t", "add scalar", "minus"))
        if way == "minus":
            return unary("(-{})", self.formula(shape, depth - 1), shape, lambda a: -a)
        if way == "over t":
            return binary("({} / {})", self.formula(shape, depth - 1), symbol("t"), shape, np.divide)
        if way in ("scale", "add scalar"):
            left, right = self._two(("1", "1"), shape, depth)
            if way == "scale":
                return binary("({} * {})", left, right, shape, np.multiply)
            return binary("({} + {})", left, right, shape, np.add)
        if way in ("over", "over scalar"):
            left, right = self._two(shape, shape if way == "over" else ("1", "1"), depth)
            return binary("({} / (1 + {}**2))", left, right, shape, lambda a, b: a / (1 + b**2))
        left, right = self._two(shape, shape, depth)
        operation: Callable[[Array, Array], Array] = {"+": np.add, "-": np.subtract, "*": np.multiply}[way]
        return binary(f"({{}} {way} {{}})", left, right, shape, operation)

    def _apply(self, shape: Shape, depth: int) -> Formula:
        if self.wrt == "u" and self.pick((True, False, False)) and shape == ("n", "1"):
            return self.pick(_OF_POSITIVE)  # type: ignore[no-any-return]
        pattern, function = self.pick(ELEMENTWISE)
        body = self.formula(shape, depth - 1)
        if pattern == "((2 + sin({}))**c)":
            return Formula(pattern.format(body), shape, lambda at: (2 + np.sin(body.value(at))) ** at["c"])
        if pattern == "(t**sin({}))":
            return Formula(pattern.format(body), shape, lambda at: at["t"] ** np.sin(body.value(at)))
        return unary(f"({pattern})", body, shape, function)

    def _total(self, shape: Shape, depth: int) -> Formula:
        body = self.formula(self.array_shape(), depth - 1)
        if self.pick((True, True, False)):
            return unary("sum({})", body, shape, lambda a: a.sum(keepdims=True))
        return unary("mean({})", body, shape, lambda a: a.mean(keepdims=True))

    def _norm(self, shape: Shape, depth: int) -> Formula:
        body = self.formula(self.array_shape(), depth - 1)
        ways = [("norm({})**2", lambda a: np.full((1, 1), (a**2).sum()))]
        ways += [("norm({})", lambda a: np.full((1, 1), np.sqrt((a**2).sum())))]
        if body.shape[1] == "1":
            ways += [("norm({}, 1)", lambda a: np.abs(a).sum(keepdims=True))]
        return unary(*_with(self.pick(ways), body, shape))

    def _trace(self, shape: Shape, depth: int) -> Formula:
        dim = self.dim()
        return unary("tr({})", self.formula((dim, dim), depth - 1), shape, lambda a: np.full((1, 1), np.trace(a)))

    def _determinant(self, shape: Shape, depth: int) -> Formula:
        if self.pick((True, False)):
            body = self._regular(self.pick(("n", "n", "m")), depth)
            return unary("logdet({})", body, shape, lambda a: np.full((1, 1), np.linalg.slogdet(a)[1]))
        body = self._regular("n", depth) if self.pick((True, False)) else self.formula(("n", "n"), depth - 1)
        return unary("det({})", body, shape, lambda a: np.full((1, 1), np.linalg.det(a)))

    def _log_sum_exp(self, shape: Shape, depth: int) -> Formula:
        body = self.formula((self.dim(), "1"), depth - 1)
        return unary("logsumexp({})", body, shape, lambda a: np.log(np.exp(a).sum(keepdims=True)))

    def _index_sum(self, shape: Shape, depth: int) -> Formula:
        return self.pick(_INDEX_SUMS)  # type: ignore[no-any-return]

    def _stacked(self, shape: Shape, depth: int) -> Formula:
        """vec and kron, whose sizes fit nothing else, inside a scalar."""
        of = self.pick((("m", "n"), ("n", "n"), ("n", "p")))
        left, right = self._two(of, of, depth)
        if self.pick((True, True, False)):
            return binary("(vec({}).T @ vec({}))", left, right, shape, lambda a, b: (a * b).sum(keepdims=True))
        one, other = self._two(("n", "1"), ("m", "1"), depth)
        return binary("norm(kron({}, {}))**2", one, other, shape, lambda a, b: (np.kron(a, b) ** 2).sum(keepdims=True))

    def _softmax(self, shape: Shape, depth: int) -> Formula:
        return unary("softmax({})", self.formula(shape, depth - 1), shape, _softmax)

    def along_axis(self, shape: Shape, depth: int) -> Formula:
        """The rows, or the columns, of a matrix: sums, means and log-sum-exps are a column."""
        axis = self.pick((1, 0))
        across = self.dim()
        body = self.formula((shape[0], across) if axis == 1 else (across, shape[0]), depth - 1)
        name, function = self.pick(_REDUCTIONS)
        return unary(f"{name}({{}}, axis={axis})", body, shape, lambda a: function(a, axis).reshape(-1, 1))

    def softmax_along(self, shape: Shape, depth: int) -> Formula:
        axis = self.pick((1, 0))
        body = self.formula(shape, depth - 1)
        return unary(f"softmax({{}}, axis={axis})", body, shape, lambda a: _softmax_of(a, axis))

    def _diagonal(self, shape: Shape, depth: int) -> Formula:
        body = self.formula((shape[0], shape[0]), depth - 1)
        return unary("diag({})", body, shape, lambda a: np.diag(a).reshape(-1, 1))

    def _diagonal_matrix(self, shape: Shape, depth: int) -> Formula:
        return unary("diag({})", self.formula((shape[0], "1"), depth - 1), shape, lambda a: np.diag(a.ravel()))

    def _regular(self, dim: str, depth: int) -> Formula:
        """A square matrix that has an inverse."""
        if dim == "n" and self.pick((True, True, False)):
            return symbol(self.pick(("X", "P")))
        across = self.dim()
        body = self.formula((across, dim), min(depth - 1, 2))
        return unary(f"(eye({dim}) + ({{0}}).T @ {{0}})", body, (dim, dim), lambda a: np.eye(a.shape[1]) + a.T @ a)

    def _inverse(self, shape: Shape, depth: int) -> Formula:
        return unary("inv({})", self._regular(shape[0], depth), shape, np.linalg.inv)

    def _solve(self, shape: Shape, depth: int) -> Formula:
        left, right = self._inverse((shape[0], shape[0]), depth), self.side(shape, depth)
        return binary("({} @ {})", left, right, shape, np.matmul)

    def _matrix_power(self, shape: Shape, depth: int) -> Formula:
        power = self.pick((2, 3))
        body = self.formula(shape, depth - 1)
        return unary(f"matrix_power({{}}, {power})", body, shape, lambda a: np.linalg.matrix_power(a, power))

    def _outer(self, shape: Shape, depth: int) -> Formula:
        left, right = self._two((shape[0], "1"), (shape[1], "1"), depth)
        return binary("outer({}, {})", left, right, shape, lambda a, b: a @ b.T)

    def _turned(self, shape: Shape, depth: int) -> Formula:
        return transpose(self.formula((shape[1], shape[0]), depth - 1))


# --- building ---------------------------------------------------------------------------------------------------------


def symbol(name: str) -> Formula:
    return Formula(name, DECLARED[name][0], lambda at: at[name])


def literal(text: str, value: float) -> Formula:
    return Formula(f"({text})" if "/" in text else text, ("1", "1"), lambda at: np.full((1, 1), value))


def ones(shape: Shape) -> Formula:
    written = f"ones({shape[0]})" if shape[1] == "1" else f"ones({shape[0]}, {shape[1]})"
    return Formula(written, shape, lambda at: np.ones((SIZES[shape[0]], SIZES[shape[1]])))


def unary(pattern: str, body: Formula, shape: Shape, function: Callable[[Array], Array]) -> Formula:
    return Formula(pattern.format(body), shape, lambda at: np.asarray(function(body.value(at))))


def binary(
    pattern: str, left: Formula, right: Formula, shape: Shape, function: Callable[[Array, Array], Array]
) -> Formula:
    return Formula(pattern.format(left, right), shape, lambda at: np.asarray(function(left.value(at), right.value(at))))


def transpose(body: Formula) -> Formula:
    rows, columns = body.shape
    return Formula(f"{body}.T", (columns, rows), lambda at: body.value(at).T)


def _with(way: tuple[str, Any], body: Formula, shape: Shape) -> tuple[str, Formula, Shape, Any]:
    return way[0], body, shape, way[1]


def _entry_of_A(at: Values) -> Array:
    return at["A"][:1, 1:2]


_OF_POSITIVE = (
    Formula("log(u)", ("n", "1"), lambda at: np.log(at["u"])),
    Formula("sqrt(u)", ("n", "1"), lambda at: np.sqrt(at["u"])),
    Formula("(u**c)", ("n", "1"), lambda at: at["u"] ** at["c"]),
    Formula("(u**x)", ("n", "1"), lambda at: at["u"] ** at["x"]),
    Formula("(u**u)", ("n", "1"), lambda at: at["u"] ** at["u"]),
    Formula("(1 / u)", ("n", "1"), lambda at: 1 / at["u"]),
    Formula("(u**(3/2))", ("n", "1"), lambda at: at["u"] ** 1.5),
)


def _number(value: Any) -> Array:
    return np.full((1, 1), float(np.asarray(value).squeeze()))


_S: Shape = ("1", "1")
_INDEX_SUMS = (
    Formula("sum(x[i]*y[i], i)", _S, lambda at: _number((at["x"] * at["y"]).sum())),
    Formula("sum(z[i]*A[i, j]*x[j], i, j)", _S, lambda at: _number(at["z"].T @ at["A"] @ at["x"])),
    Formula("sum(x[i]**2*u[i], i)", _S, lambda at: _number((at["x"] ** 2 * at["u"]).sum())),
    Formula("sum(sin(A[i, j])*z[i], i, j)", _S, lambda at: _number((np.sin(at["A"]) * at["z"]).sum())),
    Formula("sum((A[i, :].T @ x)**2, i)", _S, lambda at: _number(((at["A"] @ at["x"]) ** 2).sum())),
    Formula("sum(log(sigmoid(x.T @ B[:, j]))*v[j], j)", _S, lambda at: _number(_log_sigmoid_sum(at))),
    Formula("sum(M[i, i]*x[i], i)", _S, lambda at: _number((np.diag(at["M"]) * at["x"].ravel()).sum())),
    Formula("sum(M[i, j]*M[j, i]*u[i], i, j)", _S, lambda at: _number((np.diag(at["M"] @ at["M"]) @ at["u"]).sum())),
    Formula(
        "sum(delta(i, j)*x[i]*exp(sin(y[j])), i, j)", _S, lambda at: _number((at["x"] * np.exp(np.sin(at["y"]))).sum())
    ),
)


def _log_sigmoid_sum(at: Values) -> Any:
    return (-np.log1p(np.exp(-(at["B"].T @ at["x"]))) * at["v"]).sum()
