"""The index letters of one expression and the dimensions they stand at.

A letter gets its range from the places where it stands: the j of `x[j]` runs over the length of x. `delta(i, j)` gives
none of its own, but ties i and j together; so ranges are found by and by, and filled in when the whole has been read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derivgen.expr.nodes import Delta, Dim, Expr, Index, Subscript, Sum
from derivgen.expr.walk import transform
from derivgen.problem.tokens import Source, Span


@dataclass(slots=True)
class _Letter:
    """One letter as one scope knows it; `dim` is None until a use shows it."""

    name: str
    span: Span
    dim: Dim | None = None
    where: str = ""
    """The text in which its range was found."""
    latex: str = ""
    used: bool = False
    same_as: _Letter | None = None


@dataclass(slots=True)
class Letters:
    """All index letters of one expression; `sum` opens a scope for the letters that it binds."""

    spelled: Source
    declared: Mapping[str, Index]
    _scopes: list[dict[str, _Letter]] = field(default_factory=lambda: [{}])
    _all: list[_Letter] = field(default_factory=list)
    _pending: bool = False

    def use(self, name: str, dim: Dim | None, span: Span, where: str) -> Index:
        """The index `name` where it stands at `dim` (None: at no dimension of its own, in delta)."""
        letter = self._find(name, span)
        letter.used = True
        if dim is not None:
            self._settle(letter, dim, span, where)
        return self._index(letter)

    def tie(self, left: str, right: str, span: Span) -> None:
        """Says that both letters run over one range, as delta(left, right) does."""
        first, second = _root(self._find(left, span)), _root(self._find(right, span))
        if first is second:
            return
        if first.dim is not None and second.dim is not None and first.dim != second.dim:
            self.spelled.refuse(
                f"in {self.spelled.quote(span)}: {left} runs over {first.dim}, {right} over {second.dim}: "
                f"{first.dim} and {second.dim} differ",
                span,
            )
        if first.dim is None:
            first.same_as = second
        else:
            second.same_as = first

    def open(self, names: list[tuple[str, Span]]) -> None:
        """Binds `names` until `close`."""
        self._scopes.append({name: self._new(name, span) for name, span in names})

    def close(self) -> list[Index]:
        """The indices bound by the scope that ends here, in order."""
        scope = self._scopes.pop()
        for letter in scope.values():
            if not letter.used and letter.dim is None:
                self.spelled.refuse(
                    f"the sum runs over {letter.name}, which does not occur in it",
                    letter.span,
                    "the range of an index is the dimension it stands at; or declare it as index(n)",
                )
        return [self._index(letter) for letter in scope.values()]

    def finish(self, expr: Expr) -> Expr:
        """`expr` with all ranges filled in.

        Raises ExpressionError for a letter whose range nothing shows.
        """
        for letter in self._all:
            if _root(letter).dim is None:
                self.spelled.refuse(
                    f"nothing shows what {letter.name} runs over",
                    letter.span,
                    f"use it as a subscript, as in {self.spelled.entry('x', letter.name)}, or declare it as index(n)",
                )
        if not self._pending:
            return expr
        return transform(expr, self._fill)

    def _fill(self, node: Expr) -> Expr | None:
        match node:
            case Delta(left, right):
                return Delta(self._filled(left), self._filled(right))
            case Sum(index, body):
                filled = self._filled(index)
                assert isinstance(filled, Index)
                return Sum(filled, body)
        return None

    def _filled(self, subscript: Subscript) -> Subscript:
        # an index whose range was not known yet carries Dim(0, (number of its letter,))
        if isinstance(subscript, Index) and subscript.dim.number == 0:
            dim = _root(self._all[int(subscript.dim.names[0])]).dim
            assert dim is not None
            return Index(subscript.name, dim, subscript.latex)
        return subscript

    def _find(self, name: str, span: Span) -> _Letter:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name]
        letter = self._scopes[0][name] = self._new(name, span)
        return letter

    def _new(self, name: str, span: Span) -> _Letter:
        letter = _Letter(name, span)
        known = self.declared.get(name)
        if known is not None:
            letter.dim, letter.latex, letter.where = known.dim, known.latex, "its declaration"
        self._all.append(letter)
        return letter

    def _settle(self, letter: _Letter, dim: Dim, span: Span, where: str) -> None:
        root = _root(letter)
        if root.dim is None:
            root.dim, root.where = dim, where
        elif root.dim != dim:
            self.spelled.refuse(
                f"the index {letter.name} runs over {root.dim} in {root.where or 'delta'}, over {dim} in {where}: "
                f"{root.dim} and {dim} differ",
                span,
            )

    def _index(self, letter: _Letter) -> Index:
        dim = _root(letter).dim
        if dim is None:
            self._pending = True
            number = next(place for place, other in enumerate(self._all) if other is letter)
            dim = Dim(0, (str(number),))
        return Index(letter.name, dim, letter.latex)


def _root(letter: _Letter) -> _Letter:
    while letter.same_as is not None:
        letter = letter.same_as
    return letter
