"""The real zeros of one expression in one unknown, and what of a product can be zero at all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from derivgen.derivation import Equation, Fact, Rule, Statement
from derivgen.derive.solution import Item, Line, Stuck, brief, is_zero, reads_alike
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import MINUS_ONE, ZERO_NUMBER, Apply, Expr, Function, Group, Power, Symbol, number
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.written import written
from derivgen.rules.solving import (
    factor,
    inverse_function,
    quadratic_formula,
    solve_for,
    take_roots,
    zero_product,
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """An expression as a number times factors: those that can be zero, with their powers, and those that cannot."""

    formula: Any
    coefficient: Any
    live: tuple[tuple[Any, int], ...]
    dropped: tuple[Any, ...]
    order: tuple[Symbol, ...]

    @classmethod
    def of(cls, formula: Any, order: tuple[Symbol, ...]) -> Prepared:
        return cls(formula, 1, ((formula, 1),), (), order)

    def product(self) -> Any:
        import sympy

        return sympy.Mul(self.coefficient, *(base**power for base, power in self.live))

    def unknowns(self, among: Sequence[Symbol]) -> tuple[Symbol, ...]:
        names = {name for base, _ in self.live for name in base.free_symbols}
        return tuple(unknown for unknown in among if to_sympy(unknown) in names)

    def degree(self) -> int:
        return max(int(base.count_ops()) for base, _ in self.live)

    def complexity(self) -> tuple[int, int]:
        bases = [base for base, _ in self.live]
        return (max(len(base.free_symbols) for base in bases), sum(int(base.count_ops()) for base in bases))

    def is_squares(self) -> bool:
        """Whether it is a sum of even powers of two or more unknowns, each by itself, with like signs and no number."""
        if len(self.live) != 1:
            return False
        base = self.live[0][0]
        if not base.is_polynomial() or len(base.free_symbols) < 2:
            return False
        terms = base.as_poly().terms()
        signs = {bool(coefficient > 0) for _, coefficient in terms}
        return len(signs) == 1 and all(sum(p > 0 for p in powers) == 1 and sum(powers) % 2 == 0 for powers, _ in terms)


def prepare(expr: Expr, order: tuple[Symbol, ...]) -> Prepared:
    """Raises CannotDerive for functions that repeat themselves."""
    import sympy

    formula = to_sympy(expr)
    whole = sympy.factor(sympy.together(formula) if not formula.is_polynomial() else formula)
    if whole == 0:
        return Prepared(whole, whole, (), (), order)
    periodic = whole.atoms(sympy.sin, sympy.cos, sympy.tan)
    if periodic:
        name = sorted(one.func.__name__ for one in periodic)[0]
        reason = "it repeats itself, so its zeros cannot be listed"
        raise CannotDerive(f"{text(expr)} = 0 holds {name} of an unknown: {reason}")
    if any(one.func.__name__ in ("Abs", "sign", "step", "relu") for one in whole.atoms(sympy.Function)):
        raise CannotDerive(f"{text(expr)} = 0 has kinks, where there is no derivative")
    names = [to_sympy(symbol) for symbol in order]
    coefficient, live, dropped = sympy.Integer(1), [], []
    for one in sympy.Mul.make_args(whole):
        if not one.free_symbols:
            coefficient *= one
            continue
        number, one = one.as_coeff_Mul()
        coefficient *= number
        base, power = (one, sympy.Integer(1)) if isinstance(one, sympy.exp) else one.as_base_exp()
        if not power.is_number:
            raise Stuck(f"{text(expr)} has an unknown in an exponent")
        if (power == 1 and is_never_zero(base)) or (power != 1 and (power.is_negative or is_never_zero(base))):
            dropped.append(one)
        elif power == 1 or power.is_Integer:
            # the term of the highest degree, which is written first, has no minus sign
            if base.is_polynomial(*names) and base.as_poly(*names).LC(order="grlex").is_negative:
                base, coefficient = -base, coefficient * (-1) ** int(power)
            live.append((base, int(power)))
        else:
            live.append((base, 1))
    if coefficient.is_negative:
        # y (1 - 2x - y) rather than -y (2x + y - 1)
        for place, (base, power) in enumerate(live):
            if power % 2 and base.is_polynomial(*names) and _is_less_a_number(base.as_poly(*names)):
                live[place], coefficient = (-base, power), -coefficient
                break
    return Prepared(formula, coefficient, tuple(live), tuple(dropped), order)


def _is_less_a_number(poly: Any) -> bool:
    """Whether the number in `poly` is its only negative term."""
    return all((coefficient < 0) == (not any(powers)) for powers, coefficient in poly.terms()) and poly.TC() < 0


def is_never_zero(formula: Any) -> bool:
    """Whether `formula` is known to have no real zero."""
    import sympy

    return bool(isinstance(formula, sympy.exp | sympy.cosh) or formula.is_positive or formula.is_negative)


@dataclass(frozen=True, slots=True)
class Factor:
    """What one factor that is zero leads to: `stages` are lines, each with the equations of which one holds.

    Where it has no real zero, `why` says so.
    """

    stages: tuple[tuple[Equation, ...], ...] = ()
    rules: tuple[Rule, ...] = ()
    roots: tuple[Any, ...] = ()
    why: Statement | None = None


def real_roots(
    expr: Expr, prepared: Prepared, unknown: Symbol, order: tuple[Symbol, ...]
) -> tuple[list[Item], list[Any]]:
    """The lines from `expr` = 0 to all real values of `unknown`, and these, in order.

    Raises Stuck where a zero has no exact form that can be shown.
    """
    return _Roots(unknown, order).of(expr, prepared)


@dataclass(slots=True)
class _Roots:
    unknown: Symbol
    order: tuple[Symbol, ...]

    def shown(self, formula: Any) -> Expr:
        found = written(formula, self.order)
        if found is None:
            raise Stuck("the elimination leads to what cannot be written down")
        return found

    def of(self, expr: Expr, prepared: Prepared) -> tuple[list[Item], list[Any]]:
        import sympy

        items: list[Item] = []
        bases = [base for base, _ in prepared.live]
        several, is_power = len(bases) > 1, prepared.live[0][1] > 1
        if several or is_power:
            whole = self.shown(prepared.product())
            if not reads_alike(whole, expr):
                items.append(Line((factor,), (is_zero(whole),)))
        if is_power and not several:
            if bases[0] == to_sympy(self.unknown):
                return [*items, Line((zero_product,), (Equation(self.unknown, ZERO_NUMBER),))], [sympy.Integer(0)]
            items.append(Line((zero_product,), (is_zero(self.shown(bases[0])),)))
        coefficient = 1 if several or is_power else prepared.coefficient
        found = [self.factor(base, coefficient) for base in sorted(bases, key=lambda one: int(one.count_ops()))]
        items += [one.why for one in found if one.why is not None]
        found = [one for one in found if one.roots]
        items += _joined(found, several)
        last = items[-1] if items else None
        roots = [root for one in found for root in one.roots]
        if isinstance(last, Line) and len(last.equations) == len(roots):
            # both are in the order of the factors
            ordered = sorted(zip(roots, last.equations, strict=True), key=lambda pair: float(pair[0]))
            last.equations = tuple(equation for _, equation in ordered)
        return items, sorted(roots, key=float)

    def factor(self, base: Any, coefficient: Any) -> Factor:
        """What `base` = 0 becomes; `coefficient` stands before it in the line above."""
        import sympy

        name = to_sympy(self.unknown)
        if base.is_polynomial(name) and all(c.is_Rational for c in base.as_poly(name).all_coeffs()):
            return self.polynomial(base.as_poly(name), coefficient)
        if base.is_polynomial(name) and sympy.degree(base, name) == 1:
            root = _neat(-base.coeff(name, 0) / base.coeff(name, 1))
            return Factor(((Equation(self.unknown, self.shown(root)),),), (solve_for,), (root,))
        if base.is_polynomial(name) and sympy.degree(base, name) == 2 and not base.coeff(name, 1):
            return self.power(_neat(-base.coeff(name, 0) / base.coeff(name, 2)), 2)
        return self.transcendental(base)

    def polynomial(self, poly: Any, coefficient: Any) -> Factor:

        name = to_sympy(self.unknown)
        formula = poly.as_expr()
        own = poly.all_coeffs()
        if poly.degree() == 1:
            return self.linear(own[0], own[1], coefficient)
        if not any(own[1:-1]):
            return self.power(-own[-1] / own[0], poly.degree())
        step = _step(formula, name)
        if poly.degree() == 2 * step:
            return self.quadratic(poly, step)
        if poly.count_roots() == 0:
            return Factor(why=self.without(formula))
        shown = brief(self.shown(formula))
        raise Stuck(f"the real zeros of {shown} have no exact form that can be shown step by step")

    def linear(self, a: Any, b: Any, coefficient: Any) -> Factor:
        """a x + b = 0; where the root is a fraction, first a x = -b, as it stands in the line above."""
        root = -b / a
        stages = []
        slope = a * coefficient
        if not root.is_Integer and abs(slope) != 1:
            sign = 1 if slope > 0 else -1
            left, right = sign * slope * to_sympy(self.unknown), -sign * coefficient * b
            stages.append((Equation(self.shown(left), self.shown(right)),))
        return Factor((*stages, (Equation(self.unknown, self.shown(root)),)), (solve_for,), (root,))

    def quadratic(self, poly: Any, step: int) -> Factor:
        """a u^2 + b u + c = 0 for the power u = x^step."""
        import sympy

        name = to_sympy(self.unknown)
        a, b, c = (poly.coeff_monomial(name ** (place * step)) for place in (2, 1, 0))
        inside = b**2 - 4 * a * c
        if inside < 0:
            return Factor(why=self.negative(poly.as_expr(), inside))
        power = self.shown(name**step)
        signs = (-1, 1) if a > 0 else (1, -1)
        values = [_neat((-b + sign * sympy.sqrt(inside)) / (2 * a)) for sign in signs]
        spelled = tuple(Equation(power, self.fraction(-b, sign, inside, 2 * a)) for sign in signs)
        plain = tuple(Equation(power, self.shown(value)) for value in values)
        same = [text(one.right) for one in spelled] == [text(one.right) for one in plain]
        stages = (plain,) if same else (spelled, plain)
        if step == 1:
            return Factor(stages, (quadratic_formula,), tuple(values))
        roots: list[Any] = []
        for value in values:
            if step % 2:
                roots.append(_neat(sympy.sign(value) * sympy.root(abs(value), step)))
            elif value >= 0:
                root = _neat(sympy.root(value, step))
                roots += [-root, root] if root != 0 else [root]
        if not roots:
            return Factor(why=self.without(poly.as_expr()))
        last = tuple(Equation(self.unknown, self.shown(root)) for root in roots)
        return Factor((*stages, last), (quadratic_formula, take_roots), tuple(roots))

    def fraction(self, first: Any, sign: int, inside: Any, below: Any) -> Expr:
        """The quadratic formula with its numbers put in: (2 + sqrt(8))/2."""
        root: Expr = Apply(Function("sqrt"), (self.shown(inside),))
        if sign < 0:
            root = product((MINUS_ONE, root))
        top = plus((self.shown(first), root)) if first else root
        return product((top, Power(self.shown(below), MINUS_ONE))) if below != 1 else top

    def power(self, value: Any, degree: int) -> Factor:
        """x^degree = value."""
        import sympy

        name = to_sympy(self.unknown)
        stage = (Equation(self.shown(name**degree), self.shown(value)),)
        if degree % 2 == 0:
            if value < 0:
                return Factor(why=self.without(name**degree - value))
            root = _neat(sympy.root(value, degree))
            roots = [-root, root] if value != 0 else [root]
        else:
            roots = [_neat(sympy.sign(value) * sympy.root(abs(value), degree))]
        last = tuple(Equation(self.unknown, self.shown(root)) for root in roots)
        return Factor((stage, last), (take_roots,), tuple(roots))

    def negative(self, formula: Any, inside: Any) -> Statement:
        """No real zero, since what stands below the root is negative."""
        name = to_sympy(self.unknown)
        step, poly = _step(formula, name), formula.as_poly(name)
        a, b, c = (self.shown(poly.coeff_monomial(name ** (place * step))) for place in (2, 1, 0))
        two, four = number(2), number(4)
        spelled = plus((Power(Group(b), two), product((MINUS_ONE, four, Group(a), Group(c)))))
        facts = (Fact(spelled, "=", self.shown(inside)), Fact(self.shown(inside), "<", ZERO_NUMBER))
        return Statement("negative_discriminant", (("left", self.shown(formula)),), facts)

    def without(self, formula: Any) -> Statement:
        shown = self.shown(formula)
        return Statement("no_real_zero", (("left", shown),), (Fact(shown, "!=", ZERO_NUMBER),), shown=False)

    def transcendental(self, base: Any) -> Factor:
        """a g(u) + b = 0 for g one of exp, log, sqrt, with a and b numbers."""
        import sympy

        name = to_sympy(self.unknown)
        half = sympy.Rational(1, 2)
        atoms = [
            one
            for one in base.atoms(sympy.exp, sympy.log, sympy.Pow)
            if name in one.free_symbols and (isinstance(one, sympy.exp) or not one.is_Pow or one.exp == half)
        ]
        stuck = Stuck(f"{brief(self.shown(base))} = 0 is solved for {self.unknown.name} by no law that derivgen shows")
        for one in sorted(set(atoms), key=lambda own: (-int(own.count_ops()), str(own))):
            mark = sympy.Dummy("t", real=True)
            whole = base.subs(one, mark)
            if name in whole.free_symbols or not whole.is_polynomial(mark) or sympy.degree(whole, mark) != 1:
                continue
            value = _neat(-whole.coeff(mark, 0) / whole.coeff(mark, 1))
            if isinstance(one, sympy.exp):
                if not value.is_positive:
                    return Factor(why=self.without(base))
                target = _neat(sympy.log(value))
            elif isinstance(one, sympy.log):
                target = _neat(sympy.exp(value))
            else:
                if value.is_negative:
                    return Factor(why=self.without(base))
                target = _neat(value**2)
            inner = one.args[0]
            first = (Equation(self.shown(one), self.shown(value)),)
            second = (Equation(self.shown(inner), self.shown(target)),)
            if inner == name:
                return Factor((first, second), (inverse_function,), (target,))
            difference = sympy.expand(inner - target)
            if not difference.is_polynomial(name):
                raise stuck
            below = self.factor(difference, 1)
            if not below.roots:
                return Factor(why=self.without(base))
            return Factor((first, second, *below.stages), (inverse_function, *below.rules), below.roots)
        raise stuck


def _joined(factors: list[Factor], several: bool) -> list[Item]:
    """The lines of all factors side by side; those with fewer lines keep their first one until the others are there."""
    if not factors:
        return []
    deep = max(len(one.stages) for one in factors)
    own = tuple(dict.fromkeys(rule for one in factors for rule in one.rules))
    own = tuple(rule for rule in own if rule is not solve_for) or own
    items: list[Item] = []
    for stage in range(deep):
        equations = [equation for one in factors for equation in one.stages[max(stage - deep + len(one.stages), 0)]]
        opens = several and stage == 0
        rules = (zero_product,) if opens else own
        is_minor = stage < deep - 1 and not opens
        items.append(Line(rules, tuple(equations), either=len(equations) > 1, is_minor=is_minor))
    return items


def _step(formula: Any, name: Any) -> int:
    """The greatest power of which a polynomial is one."""
    return math.gcd(*(powers[0] for powers, _ in formula.as_poly(name).terms()))


def _neat(value: Any) -> Any:
    import sympy

    if value.is_Rational:
        return value
    return sympy.sqrtdenest(sympy.expand(sympy.radsimp(value)))
