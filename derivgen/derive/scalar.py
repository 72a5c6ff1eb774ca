"""The derivative of a scalar formula by one of its variables, as a first course writes it.

    f = (3x + 2)^4:  let u = 3x + 2, then f = u^4;  f' = d/du u^4 du/dx = 4u^3 3 = 12 (3x + 2)^3

A formula is a sum (each term by itself), a product or a quotient (its parts get letters u, v, listed with their
derivatives), a function of an inner formula (the inner one gets a letter), or one of which the derivative is known. A
part that is more than one step away from what is known gets lines of its own before it is used; each law is handed
strictly smaller formulas, so this comes to an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from derivgen.derivation import Define, Instance, Rewrite, Rule, Step, Table
from derivgen.derive.evaluation import ungrouped
from derivgen.derive.good_form import ORDER, form_lines, tidied
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE_NUMBER,
    ZERO_NUMBER,
    Apply,
    Expr,
    Group,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Symbol,
)
from derivgen.expr.text import split_sign, text
from derivgen.expr.walk import depends_on
from derivgen.rules import calculus
from derivgen.rules.algebra import cancel, like_terms
from derivgen.rules.differentiation import chain_rule, constant_factor_rule, sum_rule

LETTERS = "u v w p q r s t".split()
DEEPEST = 40
"""Formulas inside each other; more nobody could follow."""
MOST_FACTORS = 3
"""Of a product that are differentiated together; a longer one is split in two."""


def derivative(expr: Expr, wrt: Symbol) -> Expr:
    """d expr / d wrt in a good form, without lines."""
    return Differentiation(wrt, frozenset()).take(expr, Partial(expr, wrt), expr)


@dataclass(slots=True)
class Differentiation:
    """Takes one derivative and keeps its steps. `named` are the symbols that stand for derivatives of letters.

    `taken` are the names that no letter may have; `single` says that `wrt` is the only variable, so that u' needs no
    subscript.
    """

    wrt: Symbol
    taken: frozenset[str]
    single: bool = True
    steps: list[Step] = field(default_factory=list)
    named: list[tuple[Symbol, Expr]] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    series: int = 0
    """Which derivative of its part this is: each begins with u again, and what is named tells them apart."""
    depth: int = 0

    # --- what callers ask for ---------------------------------------------------------------------------------------

    def take(self, expr: Expr, heading: Expr, subject: Expr, form: str = "") -> Expr:
        """The derivative of `expr`, with its lines under `heading`; `subject` is what `expr` is the value of.

        Raises CannotDerive, naming what there is no law for.
        """
        self.depth += 1
        if self.depth > DEEPEST:
            raise CannotDerive(f"more than {DEEPEST} formulas inside each other")
        try:
            found = self._taken(self._plainer(expr), heading, subject)
        finally:
            self.depth -= 1
        steps, result = form_lines(found, heading, form)
        last = self.steps[-1] if self.steps else None
        if steps and set(steps[0].rules) <= ORDER and isinstance(last, Rewrite) and last.heading == heading:
            # the order of factors is worth no line of its own
            self.steps[-1] = replace(last, after=steps[0].after)
            steps = steps[1:]
        self.steps += steps
        return result

    def _taken(self, expr: Expr, heading: Expr, subject: Expr) -> Expr:
        wrt = self.wrt
        pending = Partial(expr, wrt)
        if not depends_on(expr, wrt):
            return self._line((calculus.constant,), pending, ZERO_NUMBER, heading)
        if not depends_on(plain := tidied(expr), wrt):  # x - x
            before = self._line((like_terms,), pending, Partial(plain, wrt), heading)
            return self._line((calculus.constant,), before, ZERO_NUMBER, heading)
        if isinstance(expr, Plus):
            return self._sum(expr, heading)
        if (found := _elementary(expr, wrt)) is not None:
            return self._known(expr, found, heading)
        constants = [factor for factor in factors_of(expr) if not depends_on(factor, wrt)]
        varying = [factor for factor in factors_of(expr) if depends_on(factor, wrt)]
        below = [factor for factor in varying if _is_divisor(factor)]
        above = [factor for factor in varying if not _is_divisor(factor)]
        if len(varying) == 1:
            return self._one(constants, varying[0], expr, heading, subject)
        if not above:
            whole = Power(product(_inverted(factor) for factor in below), MINUS_ONE)
            return self._one(constants, whole, expr, heading, subject)
        if below:
            bottom = product(_inverted(factor) for factor in below)
            return self._quotient(product((*constants, *above)), bottom, expr, heading)
        first = product((*constants, above[0]))
        rest = above[1:] if len(above) <= MOST_FACTORS else [product(above[1:])]
        return self._product((first, *rest), expr, heading)

    # --- lines ------------------------------------------------------------------------------------------------------

    def _line(self, rules: Iterable[Rule], before: Expr, after: Expr, heading: Expr) -> Expr:
        if text(before) != text(after):
            self.steps.append(Rewrite(tuple(dict.fromkeys(rules)), before, after, heading))
        return after

    def _plainer(self, expr: Expr) -> Expr:
        """1/x^2 as one power; nothing else is touched."""
        match expr:
            case Power(Power(_, Number()), Number()) | Power(Product(), Number()):
                return cancel(expr) or expr
        return expr

    def _known(self, expr: Expr, found: Known, heading: Expr) -> Expr:
        """A derivative that is known at once; a quotient as a negative power first."""
        before: Expr = Partial(expr, self.wrt)
        if calculus.power_of_x in found.rules and (turned := calculus.negative_power(expr)) is not None:
            before = self._line((calculus.negative_power,), before, Partial(turned, self.wrt), heading)
            shown = calculus.negative_power(found.derivative) or found.derivative
            return self._line(found.rules, before, shown, heading)
        return self._line(found.rules, before, found.derivative, heading)

    def _sum(self, expr: Plus, heading: Expr) -> Expr:
        """Each term by itself: those that are known in one line, the others after lines of their own."""
        wrt = self.wrt
        signs = [split_sign(term) for term in expr.terms]
        pending = plus(_signed(sign, Partial(term, wrt)) for sign, term in signs)
        before = self._line((sum_rule,), Partial(expr, wrt), pending, heading)
        rules: list[Rule] = []
        derivatives: list[Expr] = []
        for sign, term in signs:
            found = _quick(term, wrt)
            if found is None:
                pending = Partial(term, wrt)
                result = self.take(term, pending, term)
                derivatives.append(_signed(sign, result))
                rules.append(calculus.derivative_found(pending, result))
                continue
            rules += found.rules
            derivatives.append(_signed(sign, found.derivative))
        # d(c)/dx = 0 is worth no name beside others
        main = [rule for rule in dict.fromkeys(rules) if rule not in (calculus.identity, constant_factor_rule)]
        named = [rule for rule in main if rule is not calculus.constant] or main or rules or [sum_rule]
        return self._line(named[:3], before, plus(derivatives), heading)

    def _one(self, constants: list[Expr], varying: Expr, expr: Expr, heading: Expr, subject: Expr) -> Expr:
        """A constant times one formula that varies."""
        wrt = self.wrt
        match varying:
            case Plus():
                before = self._line(
                    (constant_factor_rule,),
                    Partial(expr, wrt),
                    product((*constants, Partial(varying, wrt))),
                    heading,
                )
                found = _quick(varying, wrt)
                inner = found.derivative if found else self.take(varying, Partial(varying, wrt), varying)
                return self._line(found.rules if found else (sum_rule,), before, product((*constants, inner)), heading)
            case Power(base, exponent) if depends_on(base, wrt) and depends_on(exponent, wrt):
                return self._logarithmic(constants, varying, expr, heading)
            case Power(base, exponent) if depends_on(base, wrt):
                return self._chain(lambda u: product((*constants, Power(u, exponent))), base, expr, heading, subject)
            case Power(base, exponent):
                return self._chain(lambda u: product((*constants, Power(base, u))), exponent, expr, heading, subject)
            case Apply(function, (argument,)):
                outer = lambda u: product((*constants, Apply(function, (u,))))  # noqa: E731
                return self._chain(outer, argument, expr, heading, subject)
            case Product():
                return self._taken(product((*constants, *varying.factors)), heading, subject)
        raise CannotDerive(f"there is no law of ordinary calculus for {text(varying)}")

    def _chain(self, outer: Callable[[Expr], Expr], inner: Expr, expr: Expr, heading: Expr, subject: Expr) -> Expr:
        """Let u = inner: df/dx = df/du du/dx."""
        wrt = self.wrt
        u = self._letter()
        in_u = outer(u)
        self.steps.append(Define(u, inner, subject, in_u))
        found = _quick(inner, wrt)
        slope = ungrouped(found.derivative) if found else self.take(inner, Partial(u, wrt), u)
        own = _elementary(in_u, u)
        if own is None:
            raise CannotDerive(f"there is no law of ordinary calculus for {text(in_u)}")
        before = self._line(
            (calculus.chain_through(u),),
            Partial(expr, wrt),
            product((Partial(in_u, u, ordinary=True), Partial(u, wrt))),
            heading,
        )
        rules = own.rules if found is None else (*own.rules, *(rule for rule in found.rules if rule in _WORTH))
        before = self._line(rules[:3], before, _times(tidied(own.derivative), slope), heading)
        back = calculus.put_back({u: inner})
        after = back(before)
        return before if after is None else self._line((back,), before, tidied(after), heading)

    def _product(self, factors: tuple[Expr, ...], expr: Expr, heading: Expr) -> Expr:
        letters, primes, meanings = self._listed(factors)
        pending: Expr = Partial(product(letters), self.wrt)
        moved = calculus.product_rule(pending)
        assert moved is not None
        return self._put_in(moved, primes, meanings, calculus.product_rule, expr, heading)

    def _quotient(self, top: Expr, bottom: Expr, expr: Expr, heading: Expr) -> Expr:
        letters, primes, meanings = self._listed((top, bottom))
        u, v = letters
        moved = calculus.quotient_rule(Partial(Product((u, Power(v, MINUS_ONE))), self.wrt))
        assert moved is not None
        return self._put_in(moved, primes, meanings, calculus.quotient_rule, expr, heading)

    def _listed(self, parts: tuple[Expr, ...]) -> tuple[list[Symbol], dict[Symbol, Symbol], dict[Symbol, Expr]]:
        """Letters for `parts`, listed with their derivatives; those that need lines of their own get these."""
        wrt = self.wrt
        letters = [self._letter() for _ in parts]
        primes = {letter: self._prime(letter) for letter in letters}
        meanings: dict[Symbol, Expr] = dict(zip(letters, parts, strict=True))
        rows: list[tuple[Instance, ...]] = []
        rules: list[Rule] = []
        waiting: list[tuple[Symbol, Expr]] = []
        for letter, part in zip(letters, parts, strict=True):
            self.named.append((letter, part))
            self.named.append((primes[letter], Partial(letter, wrt)))
            found = _quick(part, wrt)
            if found is None:
                rows.append((Instance(letter, part),))
                waiting.append((letter, part))
                continue
            slope = tidied(found.derivative)
            meanings[primes[letter]] = slope
            rules += (rule for rule in found.rules if rule in _WORTH)
            rows.append((Instance(letter, part), Instance(primes[letter], slope)))
        self.steps.append(Table(tuple(rows), worth_naming(rules)))
        for letter, part in waiting:
            meanings[primes[letter]] = self.take(part, primes[letter], letter)
        return letters, primes, meanings

    def _put_in(
        self,
        moved: Expr,
        primes: dict[Symbol, Symbol],
        meanings: dict[Symbol, Expr],
        law: Rule,
        expr: Expr,
        heading: Expr,
    ) -> Expr:
        named = calculus.with_derivatives(moved, primes)
        before = self._line((law,), Partial(expr, self.wrt), named, heading)
        back = calculus.put_back({letter: meanings[letter] for letter in (*primes, *primes.values())})
        after = back(before)
        assert after is not None
        return self._line((back,), before, after, heading)

    def _logarithmic(self, constants: list[Expr], varying: Power, expr: Expr, heading: Expr) -> Expr:
        """f = u^v: log f = v log u, so f' = f (v log u)'."""
        wrt = self.wrt
        logarithm = calculus.logarithmic(Partial(varying, wrt))
        assert isinstance(logarithm, Product)
        *_, pending = logarithm.factors
        assert isinstance(pending, Partial)
        before = self._line(
            (calculus.logarithmic,), Partial(expr, wrt), product((*constants, *logarithm.factors)), heading
        )
        slope = self.take(pending.body, pending, pending.body)
        found = calculus.derivative_found(pending, slope)
        return self._line((found,), before, product((*constants, *logarithm.factors[:-1], slope)), heading)

    # --- names ------------------------------------------------------------------------------------------------------

    def _letter(self) -> Symbol:
        """A letter that stands for nothing yet."""
        numbered = (f"{letter}_{number}" for number in range(1, 100) for letter in LETTERS[:3])
        name = next(name for name in (*LETTERS, *numbered) if name not in self.taken and name not in self.used)
        self.used.add(name)
        return Symbol(f"{name}#{self.series}" if self.series else name, latex=_latex(name))

    def _prime(self, letter: Symbol) -> Symbol:
        """The name of the derivative of a letter: u', or u_x where there are other variables."""
        name, mark, series = letter.name.partition("#")
        if self.single:
            return Symbol(f"{name}'{mark}{series}", latex=f"{_latex(name)}'")
        shown = self.wrt.latex or self.wrt.name
        return Symbol(f"{name}_{self.wrt.name}{mark}{series}'", latex=_latex(name, shown))


def _latex(letter: str, below: str = "") -> str:
    base, _, number = letter.partition("_")
    subscript = ",".join(filter(None, (number, below)))
    return f"{base}_{{{subscript}}}" if subscript else base


# --- what is known ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """A derivative found in one step: not yet worked out, 3(2x), and the laws that gave it."""

    derivative: Expr
    rules: tuple[Rule, ...]


_WORTH = frozenset((calculus.power_of_x, calculus.exponential, *calculus.FUNCTION_RULES.values(), chain_rule))
"""The laws that are named beside others."""


def _elementary(expr: Expr, wrt: Symbol) -> Known | None:
    """A constant, a power or a known function of the variable itself, or a constant times one of these."""
    for law in calculus.ELEMENTARY:
        after = law(Partial(expr, wrt))
        if after is not None:
            return Known(after, (law,))
    match expr:
        case Product(factors) if sum(depends_on(factor, wrt) for factor in factors) == 1:
            varying = next(factor for factor in factors if depends_on(factor, wrt))
            found = _elementary(varying, wrt)
            if found is None:
                return None
            shown = found.derivative
            if isinstance(shown, Product) and isinstance(shown.factors[0], Number):
                shown = Group(shown)
            moved = (shown if factor is varying else factor for factor in factors)
            return Known(_without_one(moved), (constant_factor_rule, *found.rules))
    return None


def _without_one(factors: Iterable[Expr]) -> Expr:
    """A product without the factors 1 that d(2x)/dx = 2 is not written with."""
    kept = [factor for factor in factors if factor != ONE_NUMBER]
    return product(kept) if kept else ONE_NUMBER


def _quick(expr: Expr, wrt: Symbol) -> Known | None:
    """What needs no lines of its own inside others: known derivatives, functions of a x + b, and sums of these."""
    if isinstance(expr, Plus):
        parts = [_quick(term, wrt) for term in expr.terms]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        kept = [part.derivative for part in known if part.derivative != ZERO_NUMBER]
        return Known(plus(kept), tuple(dict.fromkeys(rule for part in known for rule in part.rules)))
    return _elementary(expr, wrt) or _of_linear(expr, wrt)


def _of_linear(expr: Expr, wrt: Symbol) -> Known | None:
    """c g(a x + b): c g'(a x + b) a."""
    constants = [factor for factor in factors_of(expr) if not depends_on(factor, wrt)]
    varying = [factor for factor in factors_of(expr) if depends_on(factor, wrt)]
    if len(varying) != 1:
        return None
    place = Symbol("\0")
    match varying[0]:
        case Apply(function, (inner,)):
            outer: Expr = Apply(function, (place,))
        case Power(inner, exponent) if not depends_on(exponent, wrt):
            outer = Power(place, exponent)
        case Power(base, inner) if not depends_on(base, wrt):
            outer = Power(base, place)
        case _:
            return None
    slope = _quick(inner, wrt) if not isinstance(inner, Power) else None
    found = _elementary(outer, place)
    if slope is None or found is None or depends_on(slope.derivative, wrt):
        return None
    put = calculus.with_meanings(found.derivative, {place: inner})
    return Known(_without_one((*constants, put, ungrouped(slope.derivative))), (chain_rule, *found.rules))


def worth_naming(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """At most three laws for the margin; those that nobody names only where there are no others."""
    found = tuple(dict.fromkeys(rules))
    return tuple(one for one in found if one in _WORTH)[:3] or found[:1]


def quickly(expr: Expr, wrt: Symbol) -> Known | None:
    """The derivative of a formula that needs no lines of its own; None for one that does."""
    return _quick(expr, wrt) if depends_on(expr, wrt) else Known(ZERO_NUMBER, (calculus.constant,))


def _is_divisor(factor: Expr) -> bool:
    return isinstance(factor, Power) and isinstance(factor.exponent, Number) and factor.exponent.value < 0


def _inverted(factor: Expr) -> Expr:
    """The v of a factor 1/v."""
    assert isinstance(factor, Power) and isinstance(factor.exponent, Number)
    value = -factor.exponent.value
    return factor.base if value == 1 else Power(factor.base, Number(value))


def _signed(sign: int, expr: Expr) -> Expr:
    if sign > 0:
        return expr
    return product((MINUS_ONE, expr)) if expr != ZERO_NUMBER else Product((MINUS_ONE, ZERO_NUMBER))


def _times(left: Expr, right: Expr) -> Expr:
    """A product in which both sides can still be seen: a fraction on the left, a sign on the right."""
    if any(_is_divisor(factor) for factor in factors_of(left)):
        left = Group(left)
    if split_sign(right)[0] < 0 or any(_is_divisor(factor) for factor in factors_of(right)):
        right = Group(right)
    return product((left, right))
