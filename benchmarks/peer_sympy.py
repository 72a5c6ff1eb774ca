"""The identities in SymPy: matrix expressions, differentiated by `diff`."""

from __future__ import annotations

import ast
from typing import Any

import numpy as np
import sympy as sp
from identities import Identity
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagMatrix, DiagonalMatrix, DiagonalOf
from sympy.matrices.expressions.hadamard import HadamardPower
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.tensor.array import expressions as arrays

from derivgen.build.question import scope_from
from derivgen.expr.nodes import Symbol

_D = sp.Dummy("d", real=True)

ELEMENTWISE = {
    **{name: getattr(sp, name) for name in "exp log sqrt sin cos tan sinh cosh tanh sign".split()},
    "abs": sp.Abs,
    "sigmoid": lambda d: 1 / (1 + sp.exp(-d)),
    "softplus": lambda d: sp.log(1 + sp.exp(d)),
    "relu": lambda d: sp.Max(0, d),
}


def _array(value: Any) -> bool:
    return isinstance(value, sp.MatrixExpr)


def _scalar(value: Any) -> Any:
    """A 1 x 1 matrix as a scalar."""
    return sp.Trace(value) if _array(value) and value.shape == (1, 1) else value


def _operands(left: Any, right: Any) -> tuple[Any, Any]:
    """Two arrays of one shape, or with a 1 x 1 matrix as a scalar, where it is none to begin with beside a constant."""
    same = _array(left) and _array(right) and left.shape == right.shape
    if same or _constant(left) or _constant(right):
        return left, right
    return _scalar(left), _scalar(right)


def _constant(value: Any) -> bool:
    return not _array(value) and not value.has(sp.MatrixSymbol)


def _applied(function: Any, argument: Any) -> Any:
    argument = _scalar(argument)
    return argument.applyfunc(sp.Lambda(_D, function(_D))) if _array(argument) else function(argument)


def _total(array: Any) -> Any:
    rows, columns = array.shape
    middle = sp.OneMatrix(1, rows) * array if rows != 1 else array
    return middle * sp.OneMatrix(columns, 1) if columns != 1 else middle


def _norm(array: Any, kind: Any = 2) -> Any:
    return _total(_applied(sp.Abs, array)) if kind == 1 else sp.sqrt(sp.Trace(array.T * array))


def _diag(array: Any) -> Any:
    return DiagMatrix(array) if array.shape[1] == 1 else DiagonalOf(array)


CALLS = {
    "sum": _total,
    "mean": lambda array: _total(array) / (array.shape[0] * array.shape[1]),
    "dot": lambda x, y: x.T * y,
    "outer": lambda x, y: x * y.T,
    "norm": _norm,
    "tr": sp.Trace,
    "det": sp.Determinant,
    "logdet": lambda array: sp.log(sp.Determinant(array)),
    "logsumexp": lambda x: sp.log(_scalar(_total(_applied(sp.exp, x)))),
    "softmax": lambda x: _applied(sp.exp, x) / _scalar(_total(_applied(sp.exp, x))),
    "inv": sp.Inverse,
    "diag": _diag,
    "kron": sp.KroneckerProduct,
    "eye": sp.Identity,
    "ones": lambda rows, columns=1: sp.OneMatrix(rows, columns),
    "zeros": lambda rows, columns=1: sp.ZeroMatrix(rows, columns),
}


class _Writer:
    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names

    def write(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value):
                return sp.Integer(value)
            case ast.Name(name):
                return self.names[name]
            case ast.Attribute(body, "T"):
                return self.write(body).T
            case ast.UnaryOp(ast.USub(), body):
                return -self.write(body)
            case ast.BinOp(left, operator, right):
                return self._operation(operator, self.write(left), self.write(right))
            case ast.Call(ast.Name(name), arguments):
                values = [self.write(argument) for argument in arguments]
                if name in ELEMENTWISE:
                    return _applied(ELEMENTWISE[name], values[0])
                return CALLS[name](*values)
        raise NotImplementedError(ast.unparse(node))

    def _operation(self, operator: ast.operator, left: Any, right: Any) -> Any:
        match operator:
            case ast.MatMult():
                return left * right
            case ast.Add():
                return self._plus(left, right)
            case ast.Sub():
                return self._plus(left, -right)
            case ast.Mult():
                left, right = _operands(left, right)
                both = _array(left) and _array(right) and left.shape != (1, 1)
                return sp.HadamardProduct(left, right) if both else left * right
            case ast.Div():
                left, right = _operands(left, right)
                right = _scalar(right)
                if not _array(right):
                    return left / right
                over = HadamardPower(right, -1)
                return sp.HadamardProduct(left, over) if _array(left) else left * over
            case ast.Pow():
                left = _scalar(left)
                return HadamardPower(left, right) if _array(left) else left**right
        raise NotImplementedError(type(operator).__name__)

    def _plus(self, left: Any, right: Any) -> Any:
        left, right = _operands(left, right)
        if _array(left) and not _array(right):
            return left + right * sp.OneMatrix(*left.shape)
        if _array(right) and not _array(left):
            return left * sp.OneMatrix(*right.shape) + right
        return left + right


def write(identity: Identity) -> tuple[Any, Any]:
    """The expression and the variable."""
    scope = scope_from(identity.declared, ())
    names: dict[str, Any] = {}
    for symbol in scope.symbols.values():
        assert isinstance(symbol, Symbol)
        rows, columns = (
            sp.Integer(dim.number) * sp.prod([sp.Symbol(n, integer=True, positive=True) for n in dim.names])
            for dim in symbol.shape
        )
        names |= {n: sp.Symbol(n, integer=True, positive=True) for dim in symbol.shape for n in dim.names}
        if (rows, columns) == (1, 1):
            names[symbol.name] = sp.Symbol(symbol.name, real=True)
        else:
            names[symbol.name] = sp.MatrixSymbol(symbol.name, rows, columns)
    writer = _Writer(names)
    wrt = writer.write(ast.parse(identity.wrt.removesuffix(".T"), mode="eval").body)
    return writer.write(ast.parse(identity.expression, mode="eval").body), wrt


def forget() -> None:
    """Without this, every run but the first would be a look-up."""
    sp.core.cache.clear_cache()


def differentiate(written: tuple[Any, Any], identity: Identity) -> Any:
    found, wrt = written
    for _ in range(identity.order):
        found = found.diff(wrt)
    if found.has(sp.Derivative):
        raise NotImplementedError("the derivative is left as it is")
    return found


_LOOSE = (
    arrays.ArrayTensorProduct, arrays.ArrayContraction, arrays.ArrayDiagonal, arrays.ArrayAdd, arrays.PermuteDims,
    arrays.Reshape, arrays.ArrayElementwiseApplyFunc, sp.Sum, MatrixElement,
)  # fmt: skip


def is_matrix(result: Any) -> bool:
    """Is it a formula of matrices, rather than one of arrays or of entries?"""
    return not result.has(*_LOOSE)


# --- values ---------------------------------------------------------------------------------------------------------


def evaluate(result: Any, truth: Any) -> Any:
    return np.asarray(_Value(truth).of(result), dtype=float)


class _Value:
    def __init__(self, truth: Any) -> None:
        self.at, self.sizes = truth.at, truth.sizes

    def size(self, dim: Any) -> int:
        return int(dim.subs({s: self.sizes[s.name] for s in dim.free_symbols}))

    def of(self, e: Any) -> Any:
        """The value of a SymPy expression; raises NotImplementedError for one that it does not know."""
        rows, columns = e.shape if _array(e) else (sp.S.One, sp.S.One)
        match e:
            case sp.MatrixSymbol():
                return self.at[e.name]
            case sp.Identity():
                return np.eye(self.size(rows))
            case sp.OneMatrix():
                return np.ones((self.size(rows), self.size(columns)))
            case sp.ZeroMatrix():
                return np.zeros((self.size(rows), self.size(columns)))
            case sp.MatAdd() | sp.Add() | arrays.ArrayAdd():
                return sum((self.of(a) for a in e.args[1:]), self.of(e.args[0]))
            case sp.MatMul():
                return self._product(e)
            case sp.HadamardProduct() | sp.Mul():
                return np.prod([self.of(a) for a in e.args], axis=0) if len(e.args) else 1.0
            case sp.Inverse():
                return np.linalg.inv(self.of(e.arg))
            case sp.MatPow():
                return np.linalg.matrix_power(self.of(e.base), int(e.exp))
            case HadamardPower() | sp.Pow():
                return np.asarray(self.of(e.args[0]), float) ** self.of(e.args[1])
            case sp.Transpose():
                return np.asarray(self.of(e.arg)).T
            case sp.Trace():
                return np.trace(self.of(e.arg))
            case sp.Determinant():
                return np.linalg.det(self.of(e.arg))
            case sp.KroneckerProduct():
                found = self.of(e.args[0])
                for factor in e.args[1:]:
                    found = np.kron(found, self.of(factor))
                return found
            case DiagMatrix():
                return np.diag(self.of(e.args[0]).ravel())
            case DiagonalOf():
                return np.diag(self.of(e.args[0])).reshape(-1, 1)
            case DiagonalMatrix():
                return np.diag(np.diag(self.of(e.args[0])))
            case ElementwiseApplyFunction():
                return self._apply(e.function, self.of(e.expr))
            case arrays.ArrayElementwiseApplyFunc():
                return self._apply(e.function, self.of(e.expr))
            case arrays.ArrayTensorProduct():
                found = np.asarray(self.of(e.args[0]))
                for factor in e.args[1:]:
                    found = np.multiply.outer(found, np.asarray(self.of(factor)))
                return found
            case arrays.ArrayContraction():
                return self._joined(self.of(e.expr), e.contraction_indices, keep=False)
            case arrays.ArrayDiagonal():
                return self._joined(self.of(e.expr), e.diagonal_indices, keep=True)
            case arrays.PermuteDims():
                return np.transpose(self.of(e.expr), e.permutation.array_form)
            case arrays.Reshape():
                return np.reshape(self.of(e.expr), [self.size(sp.sympify(s)) for s in e.shape], order="C")
            case arrays.ZeroArray() | arrays.OneArray():
                full = np.zeros if isinstance(e, arrays.ZeroArray) else np.ones
                return full([self.size(sp.sympify(s)) for s in e.shape])
            case MatrixElement():
                return self.of(e.parent)[int(self.of(e.i)), int(self.of(e.j))]
            case sp.Symbol():
                return float(np.asarray(self.at[e.name]).item())
            case sp.MatrixBase():
                return np.array([[self.of(entry) for entry in row] for row in e.tolist()], dtype=float)
        if e.is_number:
            return float(e)
        if isinstance(e, sp.Function | sp.Max) and not _array(e):
            dummies = sp.symbols(f"z:{len(e.args)}", real=True, cls=sp.Dummy)
            values = [float(np.asarray(self.of(a)).item()) for a in e.args]
            return float(e.func(*dummies).subs(dict(zip(dummies, values, strict=True))))
        raise NotImplementedError(type(e).__name__)

    def _product(self, e: Any) -> Any:
        found: Any = np.ones((1, 1))
        scale = 1.0
        first = True
        for factor in e.args:
            value = np.asarray(self.of(factor))
            if not _array(factor) and value.ndim == 0:
                scale = scale * float(value)
            else:
                found, first = (value if first else found @ value), False
        return scale * found

    def _apply(self, function: Any, array: Any) -> Any:
        if not isinstance(function, sp.Lambda):
            function = sp.Lambda(_D, function(_D))
        numeric = sp.lambdify(function.variables, function.expr, "numpy")
        return np.vectorize(numeric, otypes=[float])(array)

    def _joined(self, array: Any, groups: Any, keep: bool) -> Any:
        """Axes that run together, summed over or kept as the last axes."""
        letters = list(range(array.ndim))
        for group in groups:
            for axis in group:
                letters[axis] = int(group[0])
        gone = {int(axis) for group in groups for axis in group}
        out = [n for n in range(array.ndim) if n not in gone]
        return np.einsum(array, letters, out + [int(g[0]) for g in groups] if keep else out)
