"""The form of a scalar result: what is worked out, collected and cancelled, and the form that an author asks for.

SymPy makes the candidates (expanded, factored, with common factors in front, cancelled, by trigonometric identities);
the one that reads best is taken, where it is shorter than what stands there, and its line is named after what was done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any

from derivgen.derivation import Rewrite, Rule
from derivgen.derive.evaluation import ungrouped
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, product, terms_of
from derivgen.expr.nodes import Apply, Expr, Function, Number, Plus, Power, Product, Size, Symbol
from derivgen.expr.sympy_bridge import from_sympy, is_scalar_formula, to_sympy
from derivgen.expr.text import text
from derivgen.expr.walk import size, subexpressions, transform
from derivgen.rules.algebra import TIDY, like_terms, minus_difference, tangent
from derivgen.rules.calculus import (
    distribute_fully,
    exponentials_cancel,
    merge_powers,
    order_of_factors,
    order_of_polynomial,
    positive_part,
    root_squared,
    sign_over_abs,
    turned_difference,
)

ALGEBRA = "elementary algebra, by SymPy"

LARGEST = 80
"""Nodes: nothing readable comes of trying to simplify more."""
MOST_OPERATIONS = 60
"""Of what is expanded for the sake of an identity."""

READABLE = (*TIDY, merge_powers, order_of_factors, minus_difference, turned_difference, order_of_polynomial)
"""What SymPy gives is brought to the order of a textbook by these."""
WORKED_OUT = (
    *TIDY,
    merge_powers,
    exponentials_cancel,
    root_squared,
    sign_over_abs,
    positive_part,
    order_of_factors,
    like_terms,
)
ORDER = frozenset((order_of_factors, order_of_polynomial))
"""What only moves things."""


def tidied(expr: Expr, used: list[Rule] | None = None) -> Expr:
    """`expr` with its numbers multiplied, its powers joined, like terms collected, in the order of a textbook."""
    found: list[Rule] = [] if used is None else used
    return exhausted(ungrouped(expr), WORKED_OUT, found)


def tidy_line(expr: Expr, heading: Expr) -> tuple[list[Rewrite], Expr]:
    """The line that tidies `expr` up, where that changes how it reads."""
    used: list[Rule] = []
    after = tidied(expr, used)
    if reads_alike(after, expr):
        return [], after
    # where something else is done too, the order of terms and factors is not worth a name
    return [Rewrite(_named(used), expr, after, heading)], after


def reads_alike(left: Expr, right: Expr) -> bool:
    """Whether two formulas are printed alike: 1/(2u) is, whether the 2 stands in the denominator or before it."""

    def plain(node: Expr) -> Expr | None:
        match node:
            case Power(Product((Number(value), *rest)), Number(exponent)) if exponent == -1 and rest and value:
                return product((Number(1 / value), Power(product(rest), Number(exponent))))
        return None

    return text(transform(ungrouped(left), plain)) == text(transform(ungrouped(right), plain))


def _named(used: list[Rule]) -> tuple[Rule, ...]:
    main = [one for one in (like_terms, merge_powers) if one in used]
    rest = [one for one in used if one not in ORDER]
    return tuple(main or rest[:1] or used[:1])


# --- forms that SymPy makes -------------------------------------------------------------------------------------------


def _made(expr: Expr, change: Callable[[Any], Any]) -> Expr | None:
    """`expr` after SymPy's `change`, tidied; None where that gives nothing that derivgen writes."""
    if not is_scalar_formula(expr):
        return None
    symbols = {node.name: node for node in subexpressions(expr) if isinstance(node, Symbol)}
    sizes = {f"#{node.dim}": node for node in subexpressions(expr) if isinstance(node, Size)}
    back = from_sympy(change(to_sympy(expr)), symbols, sizes)
    return None if back is None else exhausted(back, READABLE, [])


def _common(formula: Any) -> Any:
    import sympy

    return sympy.factor_terms(formula)


def _factor(formula: Any) -> Any:
    import sympy

    return sympy.factor(formula)


def _cancel(formula: Any) -> Any:
    """A common factor of numerator and denominator gone, the denominator factored."""
    import sympy

    top, bottom = sympy.fraction(sympy.cancel(formula))
    return sympy.expand(top) / sympy.factor(bottom)


def _together(formula: Any) -> Any:
    import sympy

    top, bottom = sympy.fraction(sympy.together(formula))
    return sympy.expand(top) / bottom


def _trigonometric(formula: Any) -> Any:
    """The squares of sines by cosines, or the other way round, whichever leaves less; the same for sinh and cosh."""
    import sympy
    from sympy.simplify.fu import TR5, TR6

    def hyperbolic(one: Any, squares: Any, others: Any, sign: int) -> Any:
        def even(base: Any, exponent: Any) -> Any:
            argument = base.args[0]
            rest = base ** (exponent % 2)
            return rest * (others(argument) ** 2 + sign) ** ((exponent - exponent % 2) / 2)

        wild = sympy.Wild("u"), sympy.Wild("k", properties=[lambda k: k.is_Integer and k > 1])
        return one.replace(squares(wild[0]) ** wild[1], lambda u, k: even(squares(u), k))

    expanded = sympy.expand(formula) if sympy.count_ops(formula) < MOST_OPERATIONS else formula
    made = [TR5(expanded), TR6(expanded)] if expanded.has(sympy.sin, sympy.cos) else []
    if expanded.has(sympy.sinh, sympy.cosh):
        made.append(hyperbolic(expanded, sympy.sinh, sympy.cosh, -1))
        made.append(hyperbolic(expanded, sympy.cosh, sympy.sinh, 1))
    return min((sympy.factor(sympy.cancel(one)) for one in (*made, formula)), key=sympy.count_ops)


def _expand(formula: Any) -> Any:
    """Multiplied out; of a fraction, numerator and denominator each by itself."""
    import sympy

    top, bottom = sympy.fraction(sympy.together(formula))
    return sympy.expand(formula) if bottom.is_number else sympy.expand(top) / sympy.expand(bottom)


def _form_rule(name: str, law: str, change: Callable[[Any], Any], source: str = ALGEBRA) -> Rule:
    return Rule(name, law, source, lambda expr: _made(expr, change))


common_factor = _form_rule("common factor", r"a\,c + b\,c = (a + b)\,c", _common)
factor = _form_rule("factor", r"x^2 - y^2 = (x - y)(x + y)", _factor)
cancel_fraction = _form_rule("cancel", r"\frac{a\,c}{b\,c} = \frac{a}{b}", _cancel)
one_fraction = _form_rule("common denominator", r"\frac{a}{b} + \frac{c}{d} = \frac{a\,d + b\,c}{b\,d}", _together)
trigonometric = _form_rule(
    "trigonometric identities",
    r"\sin^2 x + \cos^2 x = 1",
    _trigonometric,
    "Abramowitz & Stegun, Handbook of Mathematical Functions (1964), sec. 4.3",
)
expand_all = _form_rule("multiply out", r"(a + b)\,c = a\,c + b\,c", _expand)

ASKED: dict[str, Rule] = {"factored": factor, "expanded": expand_all, "single fraction": one_fraction}
"""What `form` may ask for, and `in terms of E`."""

_PARTNER = {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh"}
MOST_NODES_OF_IDENTITY = 60


# --- choosing ---------------------------------------------------------------------------------------------------------


def form_lines(expr: Expr, heading: Expr, form: str = "") -> tuple[list[Rewrite], Expr]:
    """The lines that bring `expr` to the form asked for, or to a good one, and what they end in; `plain` is tidy only.

    Raises CannotDerive where the form asked for cannot be reached.
    """
    steps, current = tidy_line(expr, heading)
    if form == "plain":
        return steps, current
    if form:
        if form not in ASKED:
            known = ", ".join((*ASKED, "in terms of sigmoid(x)"))
            raise CannotDerive(f"there is no form `{form}`; there are {known}")
        asked = ASKED[form](current)
        if asked is None:
            raise CannotDerive(f"no {form} form of {text(current)} was found")
        more, best = _improved(current, heading)
        if reads_alike(best, asked):
            return [*steps, *more], best
        if text(asked) != text(current):
            steps.append(Rewrite((ASKED[form],), current, asked, heading))
            current = asked
        return steps, current
    more, current = _improved(current, heading)
    return [*steps, *more], current


def _improved(current: Expr, heading: Expr) -> tuple[list[Rewrite], Expr]:
    """The lines to a good form."""
    steps: list[Rewrite] = []
    for _ in range(4):
        better = _better(current)
        if better is None:
            break
        name, after = better
        written = distribute_fully(current) if name is distribute_fully else None
        if written is not None and text(written) != text(after):
            steps.append(Rewrite((name,), current, written, heading))
            current, name = written, like_terms
        steps.append(Rewrite((name,), current, after, heading))
        current = after
    return steps, current


def good_form(expr: Expr, form: str = "") -> Expr:
    """`expr` in the form asked for, or in a good one, without lines."""
    return form_lines(expr, expr, form)[1]


@lru_cache(maxsize=4096)
def _better(expr: Expr) -> tuple[Rule, Expr] | None:
    """The next line towards a good form, if there is a better one."""
    if not is_scalar_formula(expr) or size(expr) > LARGEST or _is_monomials(expr):
        return None
    best: tuple[float, Rule, Expr] | None = None
    now = cost(expr)
    if (joined := _top_as_one(expr)) is not None and cost(joined) < now:
        return one_fraction, joined
    for name, after in _candidates(expr):
        if text(after) == text(expr):
            continue
        price = cost(after)
        if price < now and (best is None or price < best[0]):
            best = (price, name, after)
    return None if best is None else best[1:]


def _candidates(expr: Expr) -> Iterator[tuple[Rule, Expr]]:
    written = distribute_fully(expr)
    if written is not None:
        collected = exhausted(tidied(written), (order_of_polynomial,), [])
        if cost(collected) < cost(expr):
            # multiplied out first, collected in the next line
            yield distribute_fully, collected
    # a product without a denominator is factored already: 1 - t^2 is no better as (1 - t)(1 + t)
    finished = isinstance(expr, Product) and not _has_divisor(expr)
    for made in (common_factor,) if finished else (common_factor, cancel_fraction, factor):
        after = made(expr)
        if after is not None and _is_worth(expr, after):
            yield made, after
    after = exhausted(expr, (tangent,), [])
    if after != expr:
        yield tangent, after
    if _has_squares(expr):
        after = trigonometric(expr)
        if after is not None:
            yield trigonometric, after


def _top_as_one(expr: Expr) -> Expr | None:
    """A fraction whose numerator holds fractions, with these brought to one denominator."""
    if not isinstance(expr, Product):
        return None
    above = [one for one in expr.factors if isinstance(one, Plus) and any(_has_divisor(term) for term in one.terms)]
    if len(above) != 1 or not _has_divisor(expr):
        return None
    joined = _made(above[0], _together)
    return None if joined is None else tidied(product(joined if one is above[0] else one for one in expr.factors))


def _has_squares(expr: Expr) -> bool:
    """Whether a sine or a cosine stands there squared, and its partner of the same argument beside it."""
    if size(expr) > MOST_NODES_OF_IDENTITY:
        return False
    applied = {node for node in subexpressions(expr) if isinstance(node, Apply)}
    for node in subexpressions(expr):
        match node:
            case Power(Apply(function, arguments), Number(value)) if value >= 2 and function.name in _PARTNER:
                if Apply(Function(_PARTNER[function.name]), arguments) in applied:
                    return True
    return False


def _is_monomials(expr: Expr) -> bool:
    """A polynomial written term by term: that is how a reader wants it."""
    return all(
        all(
            isinstance(one, Number | Symbol)
            or (isinstance(one, Power) and isinstance(one.base, Symbol) and isinstance(one.exponent, Number))
            for one in factors_of(term)
        )
        for term in terms_of(expr)
    ) and not (isinstance(expr, Plus) and any(_has_divisor(term) for term in expr.terms))


def _has_divisor(term: Expr) -> bool:
    exponents = [one.exponent for one in factors_of(term) if isinstance(one, Power)]
    return any(isinstance(exponent, Number) and exponent.value < 0 for exponent in exponents)


def _is_worth(before: Expr, after: Expr) -> bool:
    """Whether a common factor in front is more than a letter: y e^{xy} + 2 x y^3 stays as it is."""
    if not isinstance(before, Plus) or not isinstance(after, Product):
        return True
    return (
        any(not isinstance(one, Number | Symbol | Plus) for one in after.factors)
        or sum(isinstance(one, Symbol) for one in after.factors) > 1
    )


def cost(expr: Expr) -> float:
    """How much there is to read: a sign for each node, more for a fraction and for what stands inside others."""
    total = 0.0
    for node in subexpressions(expr):
        total += 1.0
        match node:
            case Power(_, Number(value)) if value < 0:
                total += 1.0
            case Power(Plus(), Number(value)) if value > 1:
                total -= 1.0
            case Number(value) if value.denominator != 1:
                total += 0.5
            case Number(value) if value == -1:
                total -= 1.0  # a sign
            case Apply(Function("exp"), (Plus(),)):
                total += 1.0
    return total


FORMS: tuple[Rule, ...] = (common_factor, factor, cancel_fraction, one_fraction, trigonometric, expand_all)
