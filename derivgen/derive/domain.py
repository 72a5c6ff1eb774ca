"""Where a formula and its derivative have a meaning, as far as that is not everywhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from derivgen.derivation import Fact
from derivgen.expr.nodes import ONE_NUMBER, ZERO_NUMBER, Apply, Expr, Function, Matrix, Number, Power, Symbol
from derivgen.expr.sympy_bridge import from_sympy, is_scalar_formula, to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import subexpressions
from derivgen.rules.differentiation import KINKED

_ABS, _COS = Function("abs"), Function("cos")


def domain_of(expr: Expr) -> tuple[Fact, ...]:
    """What has to hold for `expr` to be differentiated: x > 0 for log x, x - 1 != 0 for 1/(x - 1).

    Conditions that always hold are left out, and those in one letter are solved: x != 1.
    """
    found: dict[tuple[str, str, str], Fact] = {}
    for fact in _conditions(expr):
        shown = _simpler(fact)
        if shown is not None:
            found[text(shown.left), shown.relation, text(shown.right)] = shown
    kept = list(found.values())
    # x > 0 says x != 0
    positive = {text(fact.left) for fact in kept if fact.relation == ">" and fact.right == ZERO_NUMBER}
    return tuple(fact for fact in kept if not (fact.relation == "!=" and text(fact.left) in positive))


def _conditions(expr: Expr) -> list[Fact]:
    entries = expr.entries if isinstance(expr, Matrix) else (expr,)
    found: list[Fact] = []
    for node in (node for entry in entries for node in subexpressions(entry)):
        match node:
            case Apply(function, (argument,)) if function.name in ("log", "sqrt"):
                if isinstance(argument, Apply) and argument.function.name == "abs":
                    found.append(Fact(argument.arguments[0], "!=", ZERO_NUMBER))
                elif isinstance(argument, Power) and _is_even(argument.exponent) and function.name == "log":
                    found.append(Fact(argument.base, "!=", ZERO_NUMBER))
                else:
                    found.append(Fact(argument, ">", ZERO_NUMBER))
            case Apply(function, (argument,)) if function.name in ("asin", "acos"):
                found.append(Fact(Apply(_ABS, (argument,)), "<", ONE_NUMBER))
            case Apply(function, (argument,)) if function.name in KINKED:
                found.append(Fact(argument, "!=", ZERO_NUMBER))
            case Apply(function, (argument,)) if function.name == "tan":
                found.append(Fact(Apply(_COS, (argument,)), "!=", ZERO_NUMBER))
            case Power(base, Number(value)) if value.denominator != 1:
                found.append(Fact(base, ">", ZERO_NUMBER))
            case Power(base, Number(value)) if value < 0:
                found.append(Fact(base, "!=", ZERO_NUMBER))
            case Power(base, exponent) if not isinstance(exponent, Number) and not _is_integer(exponent):
                found.append(Fact(base, ">", ZERO_NUMBER))
    return found


def _is_even(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value % 2 == 0


def _is_integer(expr: Expr) -> bool:
    return isinstance(expr, Symbol) and "integer" in expr.assumptions


@lru_cache(maxsize=1024)
def _simpler(fact: Fact) -> Fact | None:
    """`fact` solved for its letter where it has one and is linear; None where it always holds."""
    left = fact.left
    if not is_scalar_formula(left):
        return fact
    formula = to_sympy(left)
    if fact.right == ZERO_NUMBER and (formula.is_positive or (fact.relation == "!=" and formula.is_nonzero)):
        return None
    if fact.right == ONE_NUMBER and _is_small(formula):
        return None
    match left:
        case Power(base, Number(value)) if value.denominator == 1 and value > 0 and fact.relation == "!=":
            return _simpler(Fact(base, "!=", ZERO_NUMBER))
    return _solved(fact, formula) or fact


def _is_small(formula: Any) -> bool:
    """Whether |u| < 1 always holds, as for u / (1 + u^2): asked of SymPy's inequalities of polynomials."""
    import sympy

    inner = formula.args[0] if isinstance(formula, sympy.Abs) else formula
    gap = sympy.together(1 - inner**2)
    top, bottom = sympy.fraction(gap)
    return bool(sympy.expand(top).is_positive and sympy.expand(bottom).is_positive)


def _solved(fact: Fact, formula: Any) -> Fact | None:
    """2x + 1 > 0 as x > -1/2."""
    free = sorted(formula.free_symbols, key=lambda one: str(one.name))
    if len(free) != 1 or fact.right != ZERO_NUMBER:
        return None
    (letter,) = free
    import sympy

    if not formula.is_polynomial(letter) or sympy.degree(formula, letter) != 1:
        return None
    slope, shift = sympy.Poly(formula, letter).all_coeffs()
    bound = -shift / slope
    symbol = next(node for node in subexpressions(fact.left) if isinstance(node, Symbol))
    right = from_sympy(bound, {symbol.name: symbol}, {})
    if right is None:
        return None
    if fact.relation != "!=" and not (slope.is_positive or slope.is_negative):
        return None  # the sign of the slope is not known
    relation = fact.relation if fact.relation == "!=" or slope.is_positive else "<"
    return Fact(symbol, relation, right)
