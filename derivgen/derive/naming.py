"""Letters for what a derivation has to name: the quantity that is differentiated, its entries, those of the
variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from derivgen.expr.nodes import Dim, Expr, Index, Matrix, Partial, Shape, Symbol
from derivgen.expr.walk import dimensions, fresh_index, symbols
from derivgen.problem.model import Scope

SCALARS, VECTORS, MATRICES = "f g h F G".split(), "y z u w v".split(), "Y Z F U W".split()
FORMULAS = "y f g h F G".split()
"""For a vector of formulas, whose entries get names: y_1, y_2."""


def reserved_names(scope: Scope, *expressions: Expr, name: str = "") -> frozenset[str]:
    """The names that a new letter would be confused with: symbols, functions, declared indices and sizes.

    `name` is what the author calls the quantity.
    """
    names = {*scope.symbols, *scope.functions, *scope.maps, *scope.indices, *scope.sizes, *([name] if name else [])}
    for expr in expressions:
        names.update(symbol.name for symbol in symbols(expr))
        names.update(dimensions(expr))
    return frozenset(names)


def quantity_for(statement: Expr, of_shape: Shape, reserved: frozenset[str], name: str = "") -> Symbol:
    """A symbol for the value of `statement`: `name`, or f, or y for a vector, or Y for a matrix."""
    count = len([dim for dim in of_shape if dim != Dim(1)])
    if name:
        return Symbol(name, of_shape, latex=rf"\{name}" if len(name) > 1 and not count else "")
    letters = (SCALARS, VECTORS, MATRICES)[count]
    free = [letter for letter in letters if letter not in reserved]
    if isinstance(statement, Matrix) and count == 1:
        free = [letter for letter in FORMULAS if letter not in reserved and not _is_numbered(letter, reserved)]
    if free:
        return Symbol(free[0], of_shape)
    number = 1
    while f"{letters[0]}_{number}" in reserved:
        number += 1
    return Symbol(f"{letters[0]}_{number}", of_shape)


def _is_numbered(letter: str, names: frozenset[str]) -> bool:
    """Whether one of `names` is `letter` with a number, and so looks like an entry."""
    return any(re.fullmatch(rf"{letter}_?[0-9]+", name) for name in names)


def indices_for(
    dims: Sequence[Dim], prefer: Sequence[str], used: Iterable[Index], reserved: frozenset[str]
) -> tuple[Index, ...]:
    """New indices over `dims`, with the letters of `prefer` where they are free."""
    made: list[Index] = []
    taken = list(used)
    for number, dim in enumerate(dims):
        letter = prefer[number] if number < len(prefer) else ""
        index = fresh_index(dim, (*taken, *made, *reserved), letter)
        made.append(index)
    return tuple(made)


def second_partials(quantity: Expr, variables: Sequence[Symbol]) -> tuple[Partial, ...]:
    """The entries of the Hessian, row by row: in the row of x and the column of y stands d2f/dx dy, with x first.

    It is the derivative by x of that by y: the outermost variable is printed first.
    """
    return tuple(Partial(Partial(quantity, column), row) for row in variables for column in variables)
