"""The identities in tensorgrad, whose tensors have named edges; its answers are tensor networks, so index forms.

Written against tensorgrad 0.3, which computes values with torch's named tensors. torch 2.13 has none: there the
benchmark leaves tensorgrad out, and what this file makes of the identities has not been compared with anything yet.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import sympy as sp
import tensorgrad as tg
import tensorgrad.functions as F
import torch
from identities import Identity
from tensorgrad.extras.evaluate import evaluate as _evaluate

from derivgen.build.question import scope_from
from derivgen.expr.nodes import Symbol

CAN_EVALUATE = hasattr(torch.Tensor, "refine_names")
"""Its values are named tensors, which later releases of torch have no more."""


@dataclass
class Written:
    """A tensor whose edge `row` counts rows and `column` columns; None where there is one row or column."""

    tensor: Any
    row: str | None = None
    column: str | None = None

    @property
    def edges(self) -> list[str]:
        return [edge for edge in (self.row, self.column) if edge is not None]


ELEMENTWISE = {
    "exp": F.exp, "log": F.log, "sqrt": F.sqrt, "tanh": F.tanh, "abs": F.abs, "sign": F.sign, "relu": F.relu,
    "sigmoid": F.sigmoid,
}  # fmt: skip


class _Writer:
    def __init__(self, names: dict[str, Any]) -> None:
        self.names = names
        self.fresh = (f"e{n}" for n in count())

    def like(self, value: Written, row: str | None, column: str | None) -> Any:
        """The tensor with these names for its edges."""
        new = {}
        for old, name in ((value.row, row), (value.column, column)):
            if old is not None:
                new[old] = name or next(self.fresh)
        return value.tensor.rename(**new)

    def write(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant(value):
                return value
            case ast.Name(name):
                return self.names[name]
            case ast.Attribute(body, "T"):
                value = self.write(body)
                return Written(value.tensor, value.column, value.row)
            case ast.UnaryOp(ast.USub(), body):
                value = self.write(body)
                return -value if isinstance(value, int) else Written(-1 * value.tensor, value.row, value.column)
            case ast.BinOp(left, operator, right):
                return self.operation(operator, self.write(left), self.write(right))
            case ast.Call(ast.Name(name), arguments):
                return self.call(name, [self.write(argument) for argument in arguments])
        raise NotImplementedError(ast.unparse(node))

    def operation(self, operator: ast.operator, left: Any, right: Any) -> Any:
        if isinstance(operator, ast.Pow):
            if not isinstance(right, int):
                raise NotImplementedError("a symbolic exponent")
            return Written(F.pow(left.tensor, right), left.row, left.column)
        if isinstance(left, int) and isinstance(right, int):
            raise NotImplementedError("a number of numbers")
        left, right = self.lifted(left), self.lifted(right)
        if isinstance(operator, ast.MatMult):
            return self.product(left, right)
        whole = left if left.edges else right
        row, column = (next(self.fresh) if edge is not None else None for edge in (whole.row, whole.column))
        a, b = self.like(left, row, column), self.like(right, row, column)
        match operator:
            case ast.Mult():
                return Written(a * b, row, column)
            case ast.Div():
                return Written(a * F.pow(b, -1), row, column)
            case ast.Add() | ast.Sub():
                a, b = (self.spread(one, other) for one, other in ((a, b), (b, a)))
                return Written(a + b if isinstance(operator, ast.Add) else a - b, row, column)
        raise NotImplementedError(type(operator).__name__)

    def lifted(self, value: Any) -> Written:
        return Written(value * tg.Product([])) if isinstance(value, int) else value

    def spread(self, tensor: Any, like: Any) -> Any:
        missing = {edge: size for edge, size in like.shape.items() if edge not in tensor.edges}
        return tensor @ tg.Ones(**missing) if missing else tensor

    def product(self, left: Written, right: Written) -> Written:
        row, column, bound = (next(self.fresh) for _ in range(3))
        a = self.like(left, row, bound)
        b = self.like(right, bound, column)
        return Written(a @ b, row if left.row is not None else None, column if right.column is not None else None)

    def call(self, name: str, values: list[Any]) -> Written:
        one = values[0]
        if name in ELEMENTWISE:
            return Written(ELEMENTWISE[name](one.tensor), one.row, one.column)
        match name:
            case "sum":
                return Written(F.sum(one.tensor))
            case "mean":
                return Written(F.mean(one.tensor))
            case "dot":
                return self.product(Written(one.tensor, one.column, one.row), values[1])
            case "outer":
                return self.product(one, Written(values[1].tensor, values[1].column, values[1].row))
            case "norm" if len(values) == 2:
                return Written(F.sum(F.abs(one.tensor)))
            case "norm":
                return Written(F.sqrt(F.sum(one.tensor * one.tensor)))
            case "tr":
                return Written(F.trace(one.tensor))
            case "det":
                return Written(F.det(one.tensor))
            case "logdet":
                return Written(F.log(F.det(one.tensor)))
            case "inv":
                return Written(F.inverse(one.tensor), one.column, one.row)
            case "softplus":
                exp = F.exp(one.tensor)
                return Written(F.log(self.spread(tg.Product([]), exp) + exp), one.row, one.column)
            case "logsumexp":
                return Written(F.log(F.sum(F.exp(one.tensor))))
            case "softmax":
                return Written(F.softmax(one.tensor, dim=one.row), one.row)
            case "diag" if len(one.edges) == 1:
                row, column = next(self.fresh), next(self.fresh)
                return Written(F.diag(one.tensor, [row, column]), row, column)
            case "diag":
                row = next(self.fresh)
                return Written(F.diag(one.tensor, [row]), row)
            case "eye":
                row, column = next(self.fresh), next(self.fresh)
                return Written(tg.Delta(self.dim(one), row, column), row, column)
        raise NotImplementedError(name)

    def dim(self, size: Written) -> Any:
        (delta,) = [one for one in (size.tensor, *getattr(size.tensor, "factors", ())) if isinstance(one, tg.Delta)]
        return delta.size


def write(identity: Identity) -> tuple[Written, Any, dict[str, Any]]:
    """The expression, the variable and all variables by name."""
    names: dict[str, Any] = {}
    variables: dict[str, Any] = {}
    for symbol in scope_from(identity.declared, ()).symbols.values():
        assert isinstance(symbol, Symbol)
        edges: dict[str, Any] = {}
        for edge, dim in zip(("r", "c"), symbol.shape, strict=True):
            if dim.names:
                size = sp.Symbol(dim.names[0])
                edges[f"{symbol.name}{edge}"] = size
                names.setdefault(dim.names[0], Written(tg.Delta(size)))
        variables[symbol.name] = tg.Variable(symbol.name, **edges)
        names[symbol.name] = Written(variables[symbol.name], *[e if e in edges else None for e in _edges(symbol)])
    written = _Writer(names).write(ast.parse(identity.expression, mode="eval").body)
    return written, variables[identity.wrt.removesuffix(".T")], variables


def _edges(symbol: Symbol) -> tuple[str, str]:
    return f"{symbol.name}r", f"{symbol.name}c"


@dataclass
class Result:
    tensor: Any
    order: list[str]
    variables: dict[str, Any]

    def __str__(self) -> str:
        return str(self.tensor)


def forget() -> None:
    """It keeps nothing between runs but the simplified form of a tensor, which is made anew."""


def differentiate(written: tuple[Written, Any, dict[str, Any]], identity: Identity) -> Result:
    value, wrt, variables = written
    tensor, order = value.tensor, list(value.edges)
    for number in range(identity.order):
        new = {edge: f"d{number}{edge}" for edge in wrt.edges}
        tensor = tg.Derivative(tensor, wrt, new)
        order += [new[e] for e in sorted(new, reverse=True)]  # rows (r), then columns (c)
    return Result(tensor.full_simplify(), order, variables)


def is_matrix(result: Result) -> bool:
    return False


def evaluate(result: Result, truth: Any) -> Any:
    values = {}
    for name, variable in result.variables.items():
        edges = sorted(variable.edges, reverse=True)  # r, then c
        array = np.asarray(truth.at[name], dtype=float)
        shape = [array.shape["rc".index(edge[-1])] for edge in edges]
        tensor = torch.tensor(array.reshape(shape), dtype=torch.float64)
        values[variable] = tensor.refine_names(*edges) if edges else tensor
    dims = {sp.Symbol(name): size for name, size in truth.sizes.items()}
    found = _evaluate(result.tensor, values, dims)
    return (found.align_to(*result.order) if result.order else found).rename(None).numpy()
