"""Expressions as PyTorch code: the code for NumPy with the names of PyTorch, and what PyTorch does in its own way."""

from __future__ import annotations

import re
from dataclasses import dataclass

from derivgen.expr.nodes import ONE, Apply, Expr, Function, LogSumExp, Matrix, Norm, Number, Power, Softmax, Vec
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import symbols
from derivgen.render.numpy import ATOM, UFUNCS, Code

OWN = {
    "sigmoid": "torch.sigmoid",
    "relu": "torch.relu",
    "softplus": "torch.nn.functional.softplus",
    "erf": "torch.erf",
}


@dataclass(slots=True)
class TorchCode(Code):
    """Prints expressions as code for PyTorch; symbols are tensors, scalars those without axes."""

    follows: bool = False
    """Whether autograd is to follow what is computed: a tensor is then stacked, not made of numbers."""

    def code(self, expr: Expr) -> tuple[str, int]:
        match expr:
            case Vec(body) if not is_scalar(body):
                return f"{self.shown(body, ATOM)}.T.reshape(-1, 1)", ATOM
            case LogSumExp(body, int() as axis):
                return f"torch.logsumexp({self.shown(body)}, dim={axis})[:, None]", ATOM
            case LogSumExp(body) if not is_scalar(body):
                return f"torch.logsumexp({self.shown(body, ATOM)}.flatten(), dim=0)", ATOM
            case Softmax(body, axis) if not is_scalar(body):
                along = axis if axis is not None else 0 if shape(body)[1] == ONE else 1
                return f"torch.softmax({self.shown(body)}, dim={along})", ATOM
            case Power(Norm(body, 2), Number(value)) if value == 2 and not is_scalar(body):
                # autograd finds no slope of a square root at 0
                return f"torch.sum({self.shown(body, ATOM)}**2)", ATOM
            case Norm(body) if is_scalar(body):
                return f"torch.abs({self.tensor(body)})", ATOM
            case Matrix(entries, (rows, columns)):
                if not self.follows:
                    shown = [self.shown(entry) + self.point(entry) for entry in entries]
                    wide = columns.number
                    lines = (", ".join(shown[start : start + wide]) for start in range(0, len(shown), wide))
                    return f"torch.tensor([{', '.join(f'[{line}]' for line in lines)}])", ATOM
                stacked = ", ".join(self.tensor(entry) for entry in entries)
                return f"torch.stack([{stacked}]).reshape({rows.number}, {columns.number})", ATOM
        code, binding = Code.code(self, expr)
        return re.sub(r"\bnp\.", "torch.", code), binding

    def apply(self, function: Function, arguments: tuple[Expr, ...]) -> tuple[str, int]:
        if function.abstract or any(function.orders) or function.name not in (*OWN, *UFUNCS):
            return Code.apply(self, function, arguments)
        name = OWN.get(function.name, f"torch.{UFUNCS.get(function.name, function.name)}")
        return f"{name}({', '.join(map(self.tensor, arguments))})", ATOM

    def tensor(self, expr: Expr) -> str:
        """The code of what must be a tensor, not a number of Python."""
        if symbols(expr) or not is_scalar(expr) or isinstance(expr, Apply):
            return self.shown(expr)
        return f"torch.tensor({self.shown(expr)}{self.point(expr)})"

    def point(self, expr: Expr) -> str:
        """What makes the code of a whole number that of a float."""
        return ".0" if isinstance(expr, Number) and expr.value.denominator == 1 else ""
