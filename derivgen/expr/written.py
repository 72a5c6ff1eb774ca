"""SymPy's formulas in the order in which a person writes them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from derivgen.expr.build import plus, product
from derivgen.expr.nodes import ONE_NUMBER, Apply, Expr, Function, Number, Plus, Power, Product, Symbol
from derivgen.expr.sympy_bridge import from_sympy, to_sympy


def written(formula: Any, order: tuple[Symbol, ...]) -> Expr | None:
    """A SymPy formula as a person writes it: terms of high degree first, in the order of the symbols, numbers last.

    None where it holds something that derivgen does not write.
    """
    import sympy

    names = {to_sympy(symbol): symbol for symbol in order}

    def degree(one: Any) -> tuple[object, ...]:
        powers = one.as_powers_dict()
        own = [powers.get(name, 0) for name in names]
        numeric = [float(value) if value.is_number else 0.0 for value in map(sympy.sympify, own)]
        known = not one.free_symbols
        # among terms without unknowns, fractions come before roots: 1 + sqrt(2)
        return (-sum(numeric), [-value for value in numeric], known, known and not one.is_Rational, str(one))

    def back(one: Any) -> Expr | None:
        if one is sympy.E:
            return Apply(Function("exp"), (ONE_NUMBER,))
        if one.is_Add:
            terms = [back(term) for term in sorted(one.args, key=degree)]
            known = [term for term in terms if term is not None]
            if len(known) < len(terms):
                return None
            return _positive_first(plus(known))
        if one.is_Mul:
            return written_product(one.args, order)
        if isinstance(one, sympy.exp):
            inner = back(one.args[0])
            return None if inner is None else Apply(Function("exp"), (inner,))
        if one.is_Pow:
            base, exponent = back(one.base), back(one.exp)
            if base is None or exponent is None:
                return None
            if exponent == Number(Fraction(1, 2)):
                return Apply(Function("sqrt"), (base,))
            return Power(base, exponent)
        if one.args and not one.is_Rational:
            inside = [back(argument) for argument in one.args]
            if None in inside or len(inside) != 1:
                return None
            shell = from_sympy(one.func(sympy.Symbol("u", real=True)), {"u": Symbol("u")}, {})
            match shell:
                case Apply(function, _) if inside[0] is not None:
                    return Apply(function, (inside[0],))
            return None
        return from_sympy(one, {symbol.name: symbol for symbol in order}, {})

    return back(formula)


def written_product(factors: Any, order: tuple[Symbol, ...]) -> Expr | None:
    """Number, powers of symbols in their order, functions, sums."""
    import sympy

    value = sympy.Integer(1)
    rest = []
    for one in factors:
        number, other = one.as_coeff_Mul()
        value *= number
        rest += [] if other == 1 else [other]
    # a sum that begins with a minus sign is turned round
    turned = []
    for one in rest:
        if one.is_Add and one.could_extract_minus_sign() and one.is_polynomial() and len(one.args) > 1:
            lead = written(one, order)
            if isinstance(lead, Plus) and _is_negative(lead.terms[0]):
                value, one = -value, -one
        turned.append(one)
    symbols_of = [to_sympy(symbol) for symbol in order]

    def rank(one: Any) -> tuple[object, ...]:
        base = one.as_base_exp()[0]
        below = one.is_Pow and one.exp.is_negative and not isinstance(one, sympy.exp)
        kind = 0 if not one.free_symbols else 1 if base in symbols_of else 3 if base.is_Add else 2
        place = symbols_of.index(base) if base in symbols_of else 0
        return (below, kind, place, len(str(one)), str(one))

    own: list[Expr] = []
    for one in sorted(turned, key=rank):
        shown = written(one, order)
        if shown is None:
            return None
        own.append(shown)
    if not own:
        return from_sympy(value, {}, {})
    if value == 1:
        return product(own)
    number = Number(Fraction(int(value.p), int(value.q)))
    return product((number, *own))


def _is_negative(term: Expr) -> bool:
    first = term.factors[0] if isinstance(term, Product) else term
    return isinstance(first, Number) and first.value < 0


def _positive_first(expr: Expr) -> Expr:
    """1 - 2x - y, where a sum would begin with a minus sign and its number alone has none."""
    if not isinstance(expr, Plus) or not _is_negative(expr.terms[0]):
        return expr
    ahead = [term for term in expr.terms if not _is_negative(term)]
    if len(ahead) != 1 or not isinstance(ahead[0], Number):
        return expr
    return plus((ahead[0], *(term for term in expr.terms if term is not ahead[0])))
