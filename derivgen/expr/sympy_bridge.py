"""Scalars to SymPy and back.

SymPy does what it is good at with exact scalars: expanding, factoring, cancelling. It is imported by the functions that
need it, since that takes longer than most derivations.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    SCALAR,
    Apply,
    Expr,
    Function,
    Group,
    Number,
    Pi,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
)
from derivgen.expr.text import text
from derivgen.expr.walk import subexpressions

_KNOWN = {"softplus", "relu", "sigmoid", "step"}
"""Functions that SymPy does not have; there they are applied undefined functions of that name."""

_SAME_NAME = frozenset("exp log sqrt sin cos tan asin acos atan sinh cosh tanh sign erf".split())


def is_scalar_formula(expr: Expr) -> bool:
    """Whether `expr` holds nothing but numbers, scalar symbols, sizes and functions of them."""
    return all(
        isinstance(node, Number | Pi | Size | Plus | Product | Power | Group)
        or (isinstance(node, Symbol) and node.shape == SCALAR)
        or (isinstance(node, Apply) and not node.function.abstract)
        for node in subexpressions(expr)
    )


def to_sympy(expr: Expr) -> Any:
    """The SymPy expression of a scalar formula.

    Raises CannotDerive for what is_scalar_formula refuses.
    >>> to_sympy(Power(Symbol("x"), Number(Fraction(2))))
    x**2
    """
    import sympy

    match expr:
        case Number(value):
            return sympy.Rational(value.numerator, value.denominator)
        case Pi():
            return sympy.pi
        case Group(body):
            return to_sympy(body)
        case Symbol(name, shape, known) if shape == SCALAR:
            return sympy.Symbol(name, **_sympy_assumptions(known))
        case Size(dim):
            return dim.number * sympy.Mul(
                *(sympy.Symbol(f"#{name}", positive=True, integer=True) for name in dim.names)
            )
        case Plus(terms):
            return sympy.Add(*map(to_sympy, terms))
        case Product(factors):
            return sympy.Mul(*map(to_sympy, factors))
        case Power(base, exponent):
            return sympy.Pow(to_sympy(base), to_sympy(exponent))
        case Apply(Function(name, _, False), (argument,)):
            inner = to_sympy(argument)
            if name == "abs":
                return sympy.Abs(inner)
            return getattr(sympy, name)(inner) if name in _SAME_NAME else sympy.Function(name, real=True)(inner)
        case _:
            raise CannotDerive(f"SymPy is not asked about {text(expr)}")


def _sympy_assumptions(known: frozenset[str]) -> dict[str, bool]:
    found = {"real": True}
    return found | {word: True for word in ("positive", "nonzero", "integer") if word in known}


def from_sympy(formula: Any, symbols: dict[str, Symbol], sizes: dict[str, Size]) -> Expr | None:
    """A scalar formula back from SymPy; None where it holds something that derivgen does not write.

    `symbols` and `sizes` are those of the expression that was given, by the names that to_sympy used.
    """
    import sympy

    def back(one: Any) -> Expr | None:
        if one.is_Rational:
            return Number(Fraction(int(one.p), int(one.q)))
        if one.is_Symbol:
            return sizes.get(one.name) or symbols.get(one.name)
        if one is sympy.pi:
            return Pi()
        if one is sympy.E:
            return Apply(Function("exp"), (Number(Fraction(1)),))
        # the order in which SymPy prints, which is that of textbooks
        own = one.as_ordered_terms() if one.is_Add else one.as_ordered_factors() if one.is_Mul else one.args
        parts = [back(argument) for argument in own]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        if one.is_Add:
            return plus(known)
        if one.is_Mul:
            return product(sorted(known, key=lambda part: not isinstance(part, Number)))
        if isinstance(one, sympy.exp):
            return Apply(Function("exp"), (known[0],))
        if one.is_Pow:
            if known[1] == Number(Fraction(1, 2)):
                return Apply(Function("sqrt"), (known[0],))
            if known[1] == Number(Fraction(-1, 2)):
                return Power(Apply(Function("sqrt"), (known[0],)), MINUS_ONE)
            return Power(known[0], known[1])
        name = "abs" if isinstance(one, sympy.Abs) else one.func.__name__
        if len(known) == 1 and (name in _SAME_NAME or name in _KNOWN or name == "abs"):
            return Apply(Function(name), (known[0],))
        return None

    return back(formula)


@lru_cache(maxsize=1024)
def forms(expr: Expr) -> tuple[Expr, ...]:
    """`expr`, a scalar formula, expanded, with common factors in front, and cancelled, as SymPy does these."""
    import sympy

    formula = to_sympy(expr)
    symbols = {node.name: node for node in subexpressions(expr) if isinstance(node, Symbol)}
    sizes = {f"#{node.dim}": node for node in subexpressions(expr) if isinstance(node, Size)}
    made = (sympy.expand(formula), sympy.factor_terms(formula), sympy.cancel(formula))
    return tuple(back for one in made if (back := from_sympy(one, symbols, sizes)) is not None)
