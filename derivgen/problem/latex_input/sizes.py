r"""The sizes of `I`, `\mathbf 1` and `\mathbf 0`, which nothing but their neighbours show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from derivgen.expr.nodes import Dim, Expr, Eye, Ones, Shape, Size, Upper, Zeros
from derivgen.expr.walk import transform
from derivgen.problem.operations import Operand
from derivgen.problem.tokens import Source, Span

_MARK = "?"
"""Begins the name of a size that is not known yet; no name of an author's can."""


@dataclass(slots=True)
class Sizes:
    """The sizes of one expression that have to be found, with what has been found."""

    _found: dict[str, Dim | None] = field(default_factory=dict)
    _spans: dict[str, Span] = field(default_factory=dict)

    def unknown(self, span: Span) -> Dim:
        """A new size, of what stands at `span`."""
        name = f"{_MARK}{len(self._found)}"
        self._found[name], self._spans[name] = None, span
        return Dim(1, (name,))

    def equal(self, left: Dim, right: Dim) -> None:
        """Says that both are one size, where one of them is to be found."""
        left, right = self.dim(left), self.dim(right)
        if left == right:
            return
        # of two that are not known the later one goes, so that what has been read stays as it is
        for one, other in sorted(((left, right), (right, left)), key=lambda pair: -_order(pair[0])):
            if _order(one) >= 0:
                if one.names[0] not in other.names:
                    self._found[one.names[0]] = other
                return

    def dim(self, dim: Dim) -> Dim:
        """`dim` with all that has been found."""
        while any(self._found.get(name) is not None for name in dim.names):
            made = Dim(dim.number)
            for name in dim.names:
                made = made * (self._found.get(name) or Dim(1, (name,)))
            dim = made
        return dim

    def shape(self, shape: Shape) -> Shape:
        return (self.dim(shape[0]), self.dim(shape[1]))

    def filled(self, operand: Operand) -> Operand:
        """`operand` with all that has been found."""
        shape = self.shape(operand.shape)
        if shape == operand.shape:  # sizes inside it are not met from outside
            return operand
        return replace(operand, expr=self._filled(operand.expr), shape=shape)

    def finish(self, source: Source, expr: Expr) -> Expr:
        """`expr` with its sizes filled in.

        Raises ExpressionError at what has a size that nothing shows.
        """
        for name, dim in self._found.items():
            missing = [own for own in self.dim(dim or Dim(1, (name,))).names if own.startswith(_MARK)]
            if missing:
                span = self._spans[missing[0]]
                shown = source.quote(span)
                source.refuse(f"nothing shows the size of {shown}", span, f"write its size below it: {shown}_n")
        return self._filled(expr) if self._found else expr

    def _filled(self, expr: Expr) -> Expr:
        def change(node: Expr) -> Expr | None:
            match node:
                case Eye(dim):
                    return Eye(self.dim(dim))
                case Upper(dim):
                    return Upper(self.dim(dim))
                case Size(dim):
                    return Size(self.dim(dim))
                case Ones(shape):
                    return Ones(self.shape(shape))
                case Zeros(shape):
                    return Zeros(self.shape(shape))
            return None

        return transform(expr, change)


def _order(dim: Dim) -> int:
    """The number of a size that is to be found; -1 for others."""
    is_mark = dim.number == 1 and len(dim.names) == 1 and dim.names[0].startswith(_MARK)
    return int(dim.names[0].removeprefix(_MARK)) if is_mark else -1


def without_marks(message: str) -> str:
    """`message` with sizes that are not known shown as a question mark."""
    return re.sub(r"\?\d+", "?", message)
