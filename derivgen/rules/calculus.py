"""The laws of ordinary calculus as a first course states them, on formulas in scalars.

A derivative is taken here by one of three kinds of law: at once, where the formula is a power or a known function of
the variable (ELEMENTARY); through letters u, v that name its parts (the product rule, the quotient rule, the chain
rule); or term by term (the sum rule of differentiation.py). Each looks at the root of one pending derivative.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import factors_of, plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE_NUMBER,
    SCALAR,
    ZERO_NUMBER,
    Apply,
    Expr,
    Function,
    Group,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Symbol,
)
from derivgen.expr.shapes import is_scalar
from derivgen.expr.text import split_sign
from derivgen.expr.walk import depends_on, transform
from derivgen.rules.differentiation import CALCULUS, varies
from derivgen.rules.functions import DERIVATIVES, derivative_of

ALGEBRA = "elementary algebra"


# --- derivatives that are known ---------------------------------------------------------------------------------------


@rule("derivative of a constant", law=r"\frac{\mathrm{d}c}{\mathrm{d}x} = 0", source=CALCULUS)
def constant(expr: Expr) -> Expr | None:
    match expr:
        case Partial(body, wrt) if not varies(body, wrt):
            return ZERO_NUMBER
    return None


@rule("derivative of x", law=r"\frac{\mathrm{d}x}{\mathrm{d}x} = 1", source=CALCULUS)
def identity(expr: Expr) -> Expr | None:
    match expr:
        case Partial(body, wrt) if body == wrt:
            return ONE_NUMBER
    return None


@rule("power rule", law=r"\frac{\mathrm{d}}{\mathrm{d}x}\,x^p = p\,x^{p-1}", source=CALCULUS)
def power_of_x(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Power(base, exponent), wrt) if base == wrt and not varies(exponent, wrt):
            return lowered(base, exponent)
    return None


def lowered(base: Expr, exponent: Expr) -> Expr:
    """p u^(p-1)."""
    if not isinstance(exponent, Number):
        return product((exponent, Power(base, plus((exponent, MINUS_ONE)))))
    value = exponent.value - 1
    factor = ONE_NUMBER if value == 0 else base if value == 1 else Power(base, Number(value))
    return factor if exponent == ONE_NUMBER else product((exponent, factor))


@rule("derivative of an exponential", law=r"\frac{\mathrm{d}}{\mathrm{d}x}\,c^x = c^x \log c", source=CALCULUS)
def exponential(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Power(base, exponent), wrt) if exponent == wrt and not varies(base, wrt):
            return product((Power(base, exponent), Apply(Function("log"), (base,))))
    return None


def _function_rule(name: str) -> Rule:
    def rewrite(expr: Expr) -> Expr | None:
        match expr:
            case Partial(Apply(Function(own, orders, False) as function, (argument,)), wrt):
                if own == name and not any(orders) and argument == wrt:
                    return derivative_of(function, (argument,), 0)
        return None

    return Rule(f"derivative of {name}", _LAWS[name], CALCULUS, rewrite)


_LAWS = {
    "exp": r"(e^x)' = e^x",
    "log": r"(\log x)' = 1/x",
    "sqrt": r"(\sqrt{x})' = 1/(2\sqrt{x})",
    "sin": r"\sin' x = \cos x",
    "cos": r"\cos' x = -\sin x",
    "tan": r"\tan' x = 1 + \tan^2 x",
    "asin": r"\arcsin' x = 1/\sqrt{1 - x^2}",
    "acos": r"\arccos' x = -1/\sqrt{1 - x^2}",
    "atan": r"\arctan' x = 1/(1 + x^2)",
    "sinh": r"\sinh' x = \cosh x",
    "cosh": r"\cosh' x = \sinh x",
    "tanh": r"\tanh' x = 1 - \tanh^2 x",
    "sigmoid": r"\sigma'(x) = \sigma(x)\,(1 - \sigma(x))",
    "softplus": r"\operatorname{softplus}'(x) = \sigma(x)",
    "relu": r"\operatorname{relu}'(x) = \mathbf{1}[x > 0]\ (x \neq 0)",
    "abs": r"\lvert x \rvert' = \operatorname{sign} x\ (x \neq 0)",
    "sign": r"\operatorname{sign}' x = 0\ (x \neq 0)",
    "step": r"\operatorname{step}' x = 0\ (x \neq 0)",
    "erf": r"\operatorname{erf}' x = \frac{2}{\sqrt{\pi}}\,e^{-x^2}",
}

FUNCTION_RULES = {name: _function_rule(name) for name in sorted(DERIVATIVES)}
"""The derivative of each function that acts entry by entry, at the variable itself."""


# --- through letters --------------------------------------------------------------------------------------------------


@rule(
    "product rule",
    law=r"(uv)' = u'v + uv',\ (uvw)' = u'vw + uv'w + uvw'",
    source=CALCULUS,
)
def product_rule(expr: Expr) -> Expr | None:
    """On a product of letters that all vary; in each term one of them is differentiated, in its own place."""
    match expr:
        case Partial(Product(factors), wrt) if all(isinstance(factor, Symbol) for factor in factors):
            return plus(
                product((*factors[:n], Partial(factor, wrt), *factors[n + 1 :])) for n, factor in enumerate(factors)
            )
    return None


@rule("quotient rule", law=r"\Bigl(\frac{u}{v}\Bigr)' = \frac{u'v - uv'}{v^2}", source=CALCULUS)
def quotient_rule(expr: Expr) -> Expr | None:
    match expr:
        case Partial(Product((u, Power(v, exponent))), wrt) if exponent == MINUS_ONE:
            top = plus((product((Partial(u, wrt), v)), product((MINUS_ONE, u, Partial(v, wrt)))))
            return product((top, Power(v, Number(Fraction(-2)))))
    return None


def chain_through(inner: Symbol) -> Rule:
    """The chain rule where f is a formula in the letter `inner` alone."""

    @rule(
        "chain rule",
        law=r"\frac{\mathrm{d}f}{\mathrm{d}x} = \frac{\mathrm{d}f}{\mathrm{d}u}\,\frac{\mathrm{d}u}{\mathrm{d}x}",
        source=CALCULUS,
    )
    def chain(expr: Expr) -> Expr | None:
        match expr:
            case Partial(body, wrt) if depends_on(body, inner) and not varies(body, wrt):
                return product((Partial(body, inner), Partial(inner, wrt)))
        return None

    return chain


@rule(
    "logarithmic differentiation",
    law=r"(\log f)' = f'/f,\ \text{so}\ f' = f\,(\log f)'",
    source=CALCULUS,
)
def logarithmic(expr: Expr) -> Expr | None:
    """For u^v where both vary: log f = v log u."""
    match expr:
        case Partial(Power(base, exponent), wrt) if varies(base, wrt) and varies(exponent, wrt):
            return product((expr.body, Partial(product((exponent, Apply(Function("log"), (base,)))), wrt)))
    return None


def put_back(meanings: Mapping[Symbol, Expr]) -> Rule:
    """Letters by what they stand for; in a product, numbers and products in parentheses."""
    letters = tuple(symbol for symbol in meanings if "'" not in symbol.name)

    @rule("put in", law=r"u = u(x)", source="definition", letters=letters)
    def put(expr: Expr) -> Expr | None:
        after = with_meanings(expr, meanings)
        return None if after == expr else after

    return put


def with_meanings(expr: Expr, meanings: Mapping[Symbol, Expr]) -> Expr:
    """`expr` with `meanings` for letters."""

    def change(node: Expr) -> Expr | None:
        if isinstance(node, Symbol):
            return meanings.get(node)
        if isinstance(node, Product):
            return product(_apart(place, factor, node.factors) for place, factor in enumerate(node.factors))
        return None

    return transform(expr, change)


def _apart(place: int, factor: Expr, factors: tuple[Expr, ...]) -> Expr:
    """A factor that has taken the place of a letter, so that it is read as one."""
    if place == 0 or (place == 1 and factors[0] == MINUS_ONE):
        return factor
    if isinstance(factor, Number) or (isinstance(factor, Product) and isinstance(factor.factors[0], Number)):
        return Group(factor)
    return factor


def derivative_found(pending: Partial, value: Expr) -> Rule:
    """A derivative that lines above have found."""

    @rule("put the derivative in", law=r"\frac{\mathrm{d}u}{\mathrm{d}x} = u'", source="definition")
    def found(expr: Expr) -> Expr | None:
        after = transform(expr, lambda node: value if node == pending else None)
        return None if after == expr else after

    return found


def with_derivatives(expr: Expr, primes: Mapping[Symbol, Symbol]) -> Expr:
    """`expr` with the names u', v' in the places of the pending derivatives of letters."""

    def change(node: Expr) -> Expr | None:
        return primes.get(node.body) if isinstance(node, Partial) and isinstance(node.body, Symbol) else None

    return transform(expr, change)


# --- the form of a result ---------------------------------------------------------------------------------------------


@rule("negative power", law=r"\frac{1}{x^p} = x^{-p}", source=ALGEBRA)
def negative_power(expr: Expr) -> Expr | None:
    """1/x^2 as x^-2: the parentheses around the exponent keep it from being printed as a fraction."""
    match expr:
        case Power(base, Number(value)) if value < 0:
            return Power(base, Group(Number(value)))
        case Product(factors) if any(negative_power(factor) for factor in factors):
            return product(negative_power(factor) or factor for factor in factors)
    return None


@rule("powers", law=r"x^a\,x^b = x^{a+b}", source=ALGEBRA)
def merge_powers(expr: Expr) -> Expr | None:
    """Powers of one base in a product become one power."""
    match expr:
        case Product(factors) if is_scalar(expr):
            merged: dict[Expr, Fraction] = {}
            for factor in factors:
                base, exponent = _base_and_exponent(factor)
                merged[base] = merged.get(base, Fraction(0)) + exponent
            if len(merged) == len(factors):
                return None
            return product(_power(base, exponent) for base, exponent in merged.items())
    return None


def _base_and_exponent(factor: Expr) -> tuple[Expr, Fraction]:
    match factor:
        case Power(base, Number(value)):
            return base, value
    return factor, Fraction(1)


def _power(base: Expr, exponent: Fraction) -> Expr:
    if exponent == 0:
        return ONE_NUMBER
    return base if exponent == 1 else Power(base, Number(exponent))


@rule("sign and absolute value", law=r"\frac{\operatorname{sign} u}{\lvert u \rvert} = \frac{1}{u}", source=ALGEBRA)
def sign_over_abs(expr: Expr) -> Expr | None:
    """|u| = u sign u, and sign u is its own inverse."""
    match expr:
        case Product(factors):
            for factor in factors:
                if isinstance(factor, Power) and factor.exponent == MINUS_ONE and isinstance(factor.base, Apply):
                    inner = factor.base.arguments[0]
                    sign = Apply(Function("sign"), (inner,))
                    if factor.base.function.name == "abs" and sign in factors:
                        rest = list(factors)
                        rest[rest.index(factor)] = Power(inner, MINUS_ONE)
                        rest.remove(sign)
                        return product(rest)
    return None


@rule("inverse exponentials", law=r"e^{u}\,e^{-u} = 1", source=ALGEBRA)
def exponentials_cancel(expr: Expr) -> Expr | None:
    match expr:
        case Product(factors):
            exponents = {
                place: f.arguments[0] for place, f in enumerate(factors) if isinstance(f, Apply) and _is_exp(f)
            }
            for first, one in exponents.items():
                for second, other in exponents.items():
                    if first < second and (_negative(one) == other or _negative(other) == one):
                        return product(f for place, f in enumerate(factors) if place not in (first, second))
    return None


def _is_exp(expr: Expr) -> bool:
    return isinstance(expr, Apply) and expr.function == Function("exp")


@rule("square of a root", law=r"\sqrt{u}^{\,2} = u", source=ALGEBRA)
def root_squared(expr: Expr) -> Expr | None:
    match expr:
        case Power(Apply(Function("sqrt"), (inner,)), Number(value)) if value.denominator == 1 and value % 2 == 0:
            return inner if value == 2 else Power(inner, Number(value / 2))
    return None


@rule("minus a difference", law="-(u - v) = v - u", source=ALGEBRA)
def turned_difference(expr: Expr) -> Expr | None:
    """A product with a minus sign in front and a difference among its factors."""
    match expr:
        case Product((Number(value), *rest)) if value < 0:
            for place, factor in enumerate(rest):
                if isinstance(factor, Plus) and len(factor.terms) == 2:
                    (sign, _), (other, last) = map(split_sign, factor.terms)
                    if sign > 0 > other:
                        rest[place] = Plus((last, _negative(factor.terms[0])))
                        return product((*(() if value == -1 else (Number(-value),)), *rest))
    return None


def _negative(expr: Expr) -> Expr:
    return Number(-expr.value) if isinstance(expr, Number) else product((MINUS_ONE, expr))


@rule("positive part", law=r"\operatorname{relu}(u)\,\mathbf{1}[u > 0] = \operatorname{relu}(u)", source=ALGEBRA)
def positive_part(expr: Expr) -> Expr | None:
    match expr:
        case Product(factors):
            for factor in factors:
                if isinstance(factor, Apply) and factor.function.name == "step":
                    if Apply(Function("relu"), factor.arguments) in factors:
                        return product(one for one in factors if one is not factor)
    return None


@rule("order of factors", law=r"u\,v = v\,u", source=ALGEBRA)
def order_of_factors(expr: Expr) -> Expr | None:
    """Numbers, letters and their powers, functions, sums in parentheses, exponentials: 6x cos(3x^2), x (x + 2) e^x."""
    match expr:
        case Product(factors) if is_scalar(expr):
            above = sorted((factor for factor in factors if not _is_below(factor)), key=_rank)
            below = sorted((factor for factor in factors if _is_below(factor)), key=_rank_below)
            ordered = (*above, *below)
            return None if ordered == factors else Product(ordered)
    return None


def _rank_below(factor: Expr) -> tuple[int, str]:
    return _rank(factor.base) if isinstance(factor, Power) else (0, "")


def _rank(factor: Expr) -> tuple[int, str]:
    match factor:
        case Number():
            return 0, ""
        case Symbol(name, shape) if shape == SCALAR:
            return 1, name
        case Power(Symbol(name), Number()):
            return 1, name
        case Power(_, exponent) if not isinstance(exponent, Number):
            return 2, ""
        case Plus() | Power(Plus()):
            return 5, ""
        case Apply(Function("exp")) | Power(Apply(Function("exp"))):
            return 6, ""
        case Apply() | Power(Apply()):
            return 3, ""
    return 4, ""


@rule("order of terms", law="u + v = v + u", source=ALGEBRA)
def order_of_polynomial(expr: Expr) -> Expr | None:
    """A polynomial with its highest powers first; a sum does not begin with a minus where it can end with one."""
    match expr:
        case Plus(terms) if is_scalar(expr):
            keys = [_degrees(term) for term in terms]
            if any(key is None for key in keys):
                return _ending_in_minus(terms, terms)
            letters = sorted({name for key in keys if key for name in key})
            known = {id(term): key or {} for term, key in zip(terms, keys, strict=True)}

            def rank(term: Expr) -> tuple[Fraction, tuple[Fraction, ...]]:
                powers = known[id(term)]
                return -sum(powers.values(), Fraction(0)), tuple(-powers.get(name, Fraction(0)) for name in letters)

            return _ending_in_minus(tuple(sorted(terms, key=rank)), terms)
    return None


def _ending_in_minus(ordered: tuple[Expr, ...], given: tuple[Expr, ...]) -> Expr | None:
    """1 - x^2 for -x^2 + 1."""
    if split_sign(ordered[0])[0] < 0 < split_sign(ordered[-1])[0]:
        ordered = ordered[::-1]
    return None if ordered == given else Plus(ordered)


def _degrees(term: Expr) -> dict[str, Fraction] | None:
    """The power of each letter in a monomial; None for what is none."""
    found: dict[str, Fraction] = {}
    for factor in factors_of(term):
        match factor:
            case Number():
                pass
            case Symbol(name):
                found[name] = found.get(name, Fraction(0)) + 1
            case Power(Symbol(name), Number(value)) if value > 0 and value.denominator == 1:
                found[name] = found.get(name, Fraction(0)) + value
            case _:
                return None
    return found


@rule("multiply out", law=r"(a + b)\,c = a\,c + b\,c", source=ALGEBRA)
def distribute_fully(expr: Expr) -> Expr | None:
    """Every product of sums in a sum, or in the numerator of a fraction, term by term; nothing is collected."""
    match expr:
        case Product(factors):
            below = [factor for factor in factors if _is_below(factor)]
            above = [factor for factor in factors if not _is_below(factor)]
            if below and len(above) == 1 and isinstance(above[0], Plus):
                inner = distribute_fully(above[0])
                return None if inner is None else product((inner, *below))
            return _multiplied_out(expr) if not below else None
        case Plus(terms):
            out = [distribute_fully(term) or term for term in terms]
            return None if tuple(out) == terms else plus(out)
        case Power(Plus() as base, Number(value)) if value.denominator == 1 and 2 <= value <= 4:
            return distribute_fully(Product((base,) * int(value)))
    return None


def _is_below(factor: Expr) -> bool:
    return isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value < 0


def _multiplied_out(expr: Product) -> Expr | None:
    terms: list[list[Expr]] = [[]]
    opened = False
    for factor in expr.factors:
        inner = distribute_fully(factor) if isinstance(factor, Power) else None
        written = inner or factor
        parts = written.terms if isinstance(written, Plus) else (factor,)
        opened |= len(parts) > 1
        terms = [[*one, *factors_of(part)] for one in terms for part in parts]
        if len(terms) > 64:
            return None
    if not opened:
        return None
    return plus(_monomial(one) for one in terms)


def _monomial(factors: list[Expr]) -> Expr:
    value = Fraction(1)
    for factor in factors:
        value *= factor.value if isinstance(factor, Number) else 1
    rest = product(factor for factor in factors if not isinstance(factor, Number))
    if value == 0:
        return ZERO_NUMBER
    if rest == ONE_NUMBER:
        return Number(value)
    joined = merge_powers(rest) or rest
    joined = order_of_factors(joined) or joined
    return joined if value == 1 else product((Number(value), joined))


ELEMENTARY: tuple[Rule, ...] = (constant, identity, power_of_x, exponential, *FUNCTION_RULES.values())
"""Derivatives known at once, in the order of trying."""

FORMS: tuple[Rule, ...] = (
    negative_power,
    merge_powers,
    exponentials_cancel,
    root_squared,
    turned_difference,
    sign_over_abs,
    positive_part,
    order_of_factors,
    order_of_polynomial,
    distribute_fully,
)

LETTERS: tuple[Rule, ...] = (
    product_rule,
    quotient_rule,
    chain_through(Symbol("u")),
    logarithmic,
    put_back({Symbol("u"): ONE_NUMBER}),
)
"""The laws that go through letters; chain_through and put_back stand for all letters."""
