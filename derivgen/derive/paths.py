"""Which quantity is made of which: what the chain rule goes through, from a function down to its variables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from derivgen.derive.evaluation import substituted, ungrouped
from derivgen.derive.multiplying import can_be_written_out, multiplied_out, numbers_worked_out
from derivgen.derive.naming import quantity_for, reserved_names
from derivgen.derive.scalar import derivative
from derivgen.derive.substituting import is_polynomial, is_untidy
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    SCALAR,
    Apply,
    At,
    Entry,
    Expr,
    Function,
    MatMul,
    Matrix,
    Norm,
    Number,
    Partial,
    Plus,
    Power,
    Symbol,
    Total,
    Transpose,
    number,
)
from derivgen.expr.shapes import is_scalar
from derivgen.expr.sympy_bridge import is_scalar_formula
from derivgen.expr.text import text
from derivgen.expr.walk import size, subexpressions, symbols, transform
from derivgen.problem.model import Part, Scope
from derivgen.problem.names import GREEK
from derivgen.rules.algebra import arithmetic, multiply_out, positive_first
from derivgen.rules.arrays import ARRAYS
from derivgen.rules.chaining import (
    tidied,
)
from derivgen.rules.multiplying import monomial


def partial_of(expr: Expr, wrt: Symbol) -> Expr:
    """The derivative of `expr` by `wrt`, as the table shows it."""
    found = transform(derivative(expr, wrt), multiply_out)
    after = tidied(found)
    found = after if is_untidy(found) or size(after) < size(found) else found
    return transform(_with_sums_of(expr, found), positive_first)


def _with_sums_of(expr: Expr, found: Expr) -> Expr:
    """`found` with those sums in the order that they have in `expr`, and in even powers (1 - u v)^2 for (u v - 1)^2."""
    known = {frozenset(node.terms): node for node in subexpressions(expr) if isinstance(node, Plus)}
    turned = {frozenset(monomial((MINUS_ONE, term)) for term in terms): node for terms, node in known.items()}

    def change(node: Expr) -> Expr | None:
        match node:
            case Plus(terms):
                return known.get(frozenset(terms))
            case Power(Plus(terms), Number(value) as exponent) if value.denominator == 1 and value % 2 == 0:
                other = turned.get(frozenset(terms))
                return None if other is None else Power(other, exponent)
        return None

    return transform(found, change)


@dataclass(slots=True)
class Graph:
    """Which quantity is made of which: `levels` in order, each by the symbols of its meaning; f above all."""

    quantity: Symbol
    top: Expr
    levels: dict[Symbol, Expr]
    variables: tuple[Symbol, ...]
    entries: dict[str, tuple[Symbol, ...]] = field(default_factory=dict)
    """The scalars that stand for the entries of vectors."""
    constants: frozenset[str] = frozenset()
    """The names of symbols with numbers."""
    named: list[tuple[Symbol, Expr]] = field(default_factory=list)

    def meaning(self, node: Symbol) -> Expr:
        return self.top if node == self.quantity else self.levels[node]

    def below(self, node: Symbol) -> tuple[Symbol, ...]:
        """The quantities and variables that `node` is made of directly, in order."""
        own = set(symbols(self.meaning(node)))
        return tuple(one for one in (*self.levels, *self.variables) if one in own)

    def reached(self) -> list[Symbol]:
        """f and the quantities it is made of, f first, the others in their order."""
        found, waiting = {self.quantity}, [self.quantity]
        while waiting:
            for one in self.below(waiting.pop()):
                if one in self.levels and one not in found:
                    found.add(one)
                    waiting.append(one)
        return [self.quantity, *(one for one in self.levels if one in found)]

    def depends(self, node: Symbol, variable: Symbol) -> bool:
        seen, waiting = {node}, [node]
        while waiting:
            one = waiting.pop()
            if one == variable:
                return True
            new = [] if one in self.variables else [below for below in self.below(one) if below not in seen]
            seen.update(new)
            waiting += new
        return False

    def paths(self, node: Symbol, variable: Symbol) -> Iterator[tuple[Symbol, ...]]:
        """The ways from `node` down to `variable`."""
        if node == variable:
            yield (node,)
            return
        if node in self.variables:
            return
        for one in self.below(node):
            for rest in self.paths(one, variable):
                yield (node, *rest)

    def partial(self, node: Symbol, by: Symbol) -> Expr:
        """The derivative of `node` by `by`, the others that it is made of held; as it is written."""
        others = [one for one in self.below(node) if one != by]
        if any(self.depends(one, by) for one in others):
            return self._held(node, by, others)
        return Partial(node, by, ordinary=not others and not self.parameters(self.meaning(node)))

    def parameters(self, expr: Expr) -> list[Symbol]:
        """The symbols in `expr` that are neither quantities nor variables, and have no numbers."""
        known = {*self.levels, *self.variables}
        return [one for one in symbols(expr) if one not in known and one.name not in self.constants]

    def _held(self, node: Symbol, by: Symbol, others: list[Symbol]) -> Expr:
        """Where `by` is also inside the others: a symbol of its own, the derivative of what is seen of `by`."""
        shown = [one for one in others if self.depends(one, by)]
        fraction = rf"\frac{{\partial {_latex(node)}}}{{\partial {_latex(by)}}}"
        held = ",".join(_latex(one) for one in shown)
        alone = len(self.variables) == 1
        name = f"∂{node.name}/∂{by.name}|{','.join(one.name for one in shown)}"
        symbol = Symbol(name, latex=fraction if alone else rf"\left.{fraction}\right|_{{{held}}}")
        if symbol not in dict(self.named):
            free = Symbol(f"{by.name}_free")
            seen = transform(self.meaning(node), lambda one: free if one == by else None)
            self.named.append((symbol, At(Partial(seen, free), (free,), (by,))))
        return symbol

    def total(self, variable: Symbol) -> Partial:
        others = any(self.parameters(self.meaning(node)) for node in self.reached())
        return Partial(self.quantity, variable, ordinary=len(self.variables) == 1 and not others)

    def in_full(self) -> dict[Symbol, Expr]:
        """What each quantity is in the variables."""
        found: dict[Symbol, Expr] = {}
        for one, meaning in self.levels.items():
            found[one] = ungrouped(substituted(meaning, found))
        return found


def _latex(symbol: Symbol) -> str:
    """A name inside the LaTeX of another; the printer knows letters and numbers, so no more is needed here."""
    if symbol.latex:
        return symbol.latex
    base, _, below = symbol.name.partition("_")
    if not below and base[-1:].isdigit():
        base, below = base.rstrip("0123456789"), base[len(base.rstrip("0123456789")) :]
    letter = base if len(base) == 1 else rf"\{base}" if base in GREEK.values() else rf"\mathrm{{{base}}}"
    return f"{letter}_{{{below}}}" if below else letter


def graph_of(part: Part) -> Graph:
    """What `part.expression` is made of.

    Raises CannotDerive where something in it is no formula of scalars, or the whole is too long to be written out.
    """
    assert part.expression is not None
    unwritten = [name for name in _used(part.expression, part.scope) if name in part.scope.unwritten]
    if unwritten:
        raise CannotDerive(
            f"with the quantities of `define` written out, {unwritten[0]} is too long for the chain rule in one line: "
            "`backward` goes through the quantities one by one"
        )
    graph = quantities_of(part)
    if not any(one in graph.levels for one in symbols(graph.top)):
        raise CannotDerive("none of the quantities of `define` is in the expression: there is no chain")
    return graph


def quantities_of(part: Part) -> Graph:
    """The same, also where the expression is one of the quantities itself, or has none of them in it."""
    assert part.expression is not None
    scope = part.scope
    used = _used(part.expression, scope)
    entries = entry_symbols(scope, used)
    top = part.expression
    if not isinstance(top, Matrix):
        top = _formula(top, scope, entries)
    levels: dict[Symbol, Expr] = {}
    for name in used:
        written = scope.levels[name]
        if name in entries:
            levels |= dict(zip(entries[name], _array_of(written, scope, entries), strict=True))
        else:
            levels[scope.symbols[name]] = _formula(written, scope, entries)
    variables = part.given.variables
    if isinstance(top, Matrix):
        quantity = next(one for one in reversed(levels) if one in top.entries)
        top = levels.pop(quantity)
        return Graph(quantity, top, levels, variables, entries, frozenset(scope.values))
    if isinstance(top, Symbol) and top in levels and part.task != "chain":
        quantity, top = top, levels.pop(top)
        variables = tuple(one for one in variables if one not in levels)
    else:
        reserved = reserved_names(scope, top, name=part.name) | {one.name for one in levels}
        quantity = quantity_for(top, SCALAR, reserved, part.name)
    graph = Graph(quantity, top, levels, variables, entries, frozenset(scope.values))
    kept = set(graph.reached())
    graph.levels = {one: meaning for one, meaning in levels.items() if one in kept}
    return graph


def _used(expression: Expr, scope: Scope) -> tuple[str, ...]:
    """The quantities of `define` that `expression` is made of, in their order."""
    found: set[str] = set()
    waiting = [expression]
    while waiting:
        for one in symbols(waiting.pop()):
            if one.name in scope.levels and one.name not in found:
                found.add(one.name)
                waiting.append(scope.levels[one.name])
    return tuple(name for name in scope.levels if name in found)


def entry_symbols(scope: Scope, used: tuple[str, ...]) -> dict[str, tuple[Symbol, ...]]:
    """Scalars that stand for the entries of those vectors of `define` that are `used`."""
    found: dict[str, tuple[Symbol, ...]] = {}
    for name in used:
        of = scope.symbols[name].shape
        if of == SCALAR:
            continue
        if of[1] != ONE or of[0].names:
            raise CannotDerive(f"{name} is no vector of a known length, so its entries cannot be named")
        letters = [f"{name}_{place}" for place in range(1, of[0].number + 1)]
        found[name] = tuple(Symbol(letter) for letter in letters)
    return found


def _formula(expr: Expr, scope: Scope, entries: dict[str, tuple[Symbol, ...]]) -> Expr:
    """A scalar, with entries of vectors as scalars of their own, and products of arrays written out."""
    found = _written(expr, scope, entries)
    if not is_scalar(found) or not is_scalar_formula(found):
        raise CannotDerive(f"the chain rule goes through scalars: {text(expr)} is no formula of scalars")
    return exhausted(found, (arithmetic,), [])  # the x/2 of the parser is x times the inverse of 2


def _array_of(expr: Expr, scope: Scope, entries: dict[str, tuple[Symbol, ...]]) -> tuple[Expr, ...]:
    found = _written(expr, scope, entries)
    if not isinstance(found, Matrix) or not all(map(is_scalar_formula, found.entries)):
        raise CannotDerive(f"the chain rule goes through scalars: {text(expr)} is no array of formulas")
    return found.entries


def _written(expr: Expr, scope: Scope, entries: dict[str, tuple[Symbol, ...]]) -> Expr:
    def change(node: Expr) -> Expr | None:
        match node:
            case Symbol(name) if name in scope.entries:
                return Matrix(scope.entries[name], node.shape)
            case Symbol(name) if name in entries:
                return Matrix(entries[name], node.shape)
            case Symbol(name, of) if name in scope.values and of != SCALAR:
                rows = tuple(Number(value) for row in scope.values[name] for value in row)
                return Matrix(rows, of)
            case Entry(Matrix(own, (_, columns)), subscripts) if all(isinstance(one, int) for one in subscripts):
                places = [one for one in subscripts if isinstance(one, int)]
                place = (places[0] - 1) * (columns.number if len(places) == 2 else 1)
                return own[place + (places[1] - 1 if len(places) == 2 else 0)]
        return None

    found = transform(expr, change)
    has_arrays = any(isinstance(node, Matrix | MatMul | Transpose) for node in subexpressions(found))
    if has_arrays and can_be_written_out(found):
        found = exhausted(found, ARRAYS, [])
        found = numbers_worked_out(found)
    found = transform(found, _by_entries)
    return multiplied_out(found) if has_arrays and is_polynomial(found) else found


def _by_entries(node: Expr) -> Expr | None:
    """A norm or a sum of all entries of an array that is written out, by its entries."""
    match node:
        case Norm(Matrix(entries), 2):
            return Apply(Function("sqrt"), (plus(Power(entry, number(2)) for entry in entries),))
        case Power(Apply(Function("sqrt"), (body,)), Number(value)) if value == 2:
            return body
        case Total(Matrix(entries)):
            return plus(entries)
    return None
