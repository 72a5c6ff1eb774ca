"""The value of an expression at a point, with the numbers put in before they are worked out.

    2xy + 3y^2 - 2  at (1, 2):  2(1)(2) + 3(2)^2 - 2  =  4 + 12 - 2  =  14

A line works out what is ready: products and powers of numbers, then what stands around them. Numbers are exact; what
has no exact value stays as it is, and is rounded at the end where `digits` says so, or line by line (`staged`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from derivgen.derivation import Fact, Rewrite, Statement, Step, law, rule
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.build import ungrouped as ungrouped
from derivgen.expr.nodes import (
    Apply,
    At,
    Entry,
    Expr,
    Function,
    Group,
    Matrix,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Symbol,
)
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import split_sign, text
from derivgen.expr.walk import parts, subexpressions, transform, with_parts
from derivgen.rules.algebra import like_terms

MOST_LINES = 30
"""An expression that takes more to be worked out is too deep to be followed."""

LARGEST_POWER_BITS = 4000
"""A power of numbers whose digits would fill a page stays as it is."""


@rule("put the numbers in", law=r"f(x)\big|_{x = a} = f(a)", source="definition")
def put_in(expr: Expr) -> Expr | None:
    """Each name by its value, in parentheses."""
    match expr:
        case At(body, places, values):
            return substituted(body, dict(zip(places, values, strict=True)))
    return None


@rule("work out", law=r"2 \cdot 3 = 6", source="elementary arithmetic")
def work_out(expr: Expr) -> Expr | None:
    """What is ready: products and powers of numbers, values of functions that are known."""
    after = _Arithmetic(None).once(expr)
    return None if after == expr else after


round_off = law("round", r"\tfrac{2}{3} \approx 0.667", "elementary arithmetic")


def substituted(expr: Expr, values: Mapping[Symbol, Expr]) -> Expr:
    """`expr` with `values` in the places of symbols, in parentheses that are shown beside other factors."""

    def change(node: Expr) -> Expr | None:
        if isinstance(node, Symbol) and node in values:
            return Group(values[node])
        return None

    return transform(expr, change)


def value_lines(
    expr: Expr,
    at: Mapping[Symbol, Expr],
    heading: Expr,
    *,
    digits: int | None = None,
    staged: bool = False,
) -> tuple[list[Step], Expr]:
    """The lines from `expr` at a point to its value, under `heading`, and that value.

    Raises CannotDerive where `expr` has no value there: a division by zero, the logarithm of a number that is not
    positive.
    """
    start = At(expr, tuple(at), tuple(at.values())) if at else expr
    current = substituted(expr, at)
    steps: list[Step] = []
    if current != expr:
        steps.append(Rewrite((put_in,), start, current, heading))
    arithmetic = _Arithmetic(digits if staged else None)
    for _ in range(MOST_LINES):
        arithmetic.rounded = False
        after = arithmetic.once(current)
        if after == current:
            break
        if shown_alike(after, current):
            current = after
            continue
        if arithmetic.rounded:
            steps.append(Rewrite((round_off,), current, after, heading, digits=_kept(current, after, digits)))
        else:
            steps.append(Rewrite((work_out,), current, after, heading))
        current = after
    if (collected := like_terms(ungrouped(current))) is not None:
        steps.append(Rewrite((like_terms,), current, collected, heading))
        current = collected
    exact = value_of(expr, at)
    if digits is not None and not _is_short(current, digits):
        shown = rounded(current, digits)
        if shown is not None and shown != current:
            steps.append(Rewrite((round_off,), current, shown, heading, digits=digits))
            current = shown
    if digits is not None and any(isinstance(step, Rewrite) and step.digits is not None for step in steps):
        steps.append(Statement("rounded_staged" if staged else "rounded_end", (("digits", Number(Fraction(digits))),)))
        steps += _last_digit(exact, current, digits) if staged else []
    return steps, current


def in_the_box(
    expr: Expr, at: Mapping[Symbol, Expr], steps: list[Step], value: Expr, digits: int | None, staged: bool
) -> tuple[Expr, int | None]:
    """What the box after the lines of `value_lines` shows, and to how many decimals it is rounded.

    That is where the lines end; but where these went on with rounded numbers, it is the exact value rounded once. A
    sentence is added to `steps` where an array differs from the end of the lines in a last digit.
    """
    if digits is None or not any(isinstance(step, Rewrite) and step.digits is not None for step in steps):
        return value, None
    if not staged:
        return value, digits
    exact = value_of(expr, at)
    right = rounded(exact, digits)
    if right is None:
        raise CannotDerive(f"rounded numbers are used on where all is a number: {text(exact)} is none")
    if isinstance(right, Matrix) and right != value:
        steps.append(_says_last_digit(exact, value, right, digits))
    return right, digits


def shown_alike(left: Expr, right: Expr) -> bool:
    """Whether two expressions read the same but for parentheses."""
    # 16 / 5 is the quotient of two numbers, 16/5 one number
    one, other = (text(transform(ungrouped(side), _unrounded)).replace(" ", "") for side in (left, right))
    return one == other


def _unrounded(node: Expr) -> Expr | None:
    """A number without the decimals it was rounded to: 0.50 and 0.5 are one number."""
    return Number(node.value) if isinstance(node, Number) and node.places is not None else None


def value_of(expr: Expr, at: Mapping[Symbol, Expr]) -> Expr:
    """The exact value of `expr` at a point, worked out without lines.

    Raises CannotDerive where there is none.
    """
    current = substituted(expr, at)
    arithmetic = _Arithmetic(None)
    for _ in range(MOST_LINES):
        after = arithmetic.once(current)
        if after == current:
            break
        current = after
    return ungrouped(current)


def rounded(expr: Expr, digits: int) -> Expr | None:
    """The number or array of numbers `expr` rounded to `digits` decimals; None for what is none."""
    if isinstance(expr, Matrix):
        entries = [rounded(entry, digits) for entry in expr.entries]
        known = [entry for entry in entries if entry is not None]
        return Matrix(tuple(known), expr.shape) if len(known) == len(entries) else None
    expr = ungrouped(expr)
    if isinstance(expr, Number):
        return Number(_round(expr.value, digits), True, digits)
    if any(isinstance(node, Symbol | Entry | Partial) for node in subexpressions(expr)):
        return None
    # 30 digits beyond those that are shown, so that the last one shown is right
    value = to_sympy(elementary(expr)).evalf(digits + 30)
    if not value.is_Float and not value.is_Integer:
        return None
    import sympy

    exact = sympy.Rational(str(value))
    return Number(_round(Fraction(int(exact.p), int(exact.q)), digits), True, digits)


def elementary(expr: Expr) -> Expr:
    """`expr` with functions that SymPy does not have by exponentials and logarithms."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Apply(Function("sigmoid", (0,), False), (argument,)):
                return Power(plus((_ONE, _exp(product((_MINUS, argument))))), _MINUS)
            case Apply(Function("softplus", (0,), False), (argument,)):
                return Apply(Function("log"), (plus((_ONE, _exp(argument))),))
            case Apply(Function("relu", (0,), False), (argument,)):
                magnitude = Apply(Function("abs"), (argument,))
                return product((Number(Fraction(1, 2)), plus((argument, magnitude))))
        return None

    return transform(expr, change)


_ONE, _MINUS = Number(Fraction(1)), Number(Fraction(-1))


def _exp(argument: Expr) -> Expr:
    return Apply(Function("exp"), (argument,))


def _round(value: Fraction, digits: int) -> Fraction:
    """To the nearest; a tie away from zero, as it is taught."""
    scaled = abs(value) * 10**digits
    whole = int(scaled + Fraction(1, 2))
    return Fraction(whole if value >= 0 else -whole, 10**digits)


def _is_short(expr: Expr, digits: int) -> bool:
    """Whether all numbers in an exact value have at most `digits` decimals, so that nothing is to be rounded."""
    entries = expr.entries if isinstance(expr, Matrix) else (expr,)
    return all(isinstance(one, Number) and 10**digits % one.value.denominator == 0 for one in map(ungrouped, entries))


def _kept(before: Expr, after: Expr, digits: int | None) -> int | None:
    """The decimals that are right after a rounded number was used on: 3 times 0.82 is right to one decimal only."""
    pairs = list(zip(*(one.entries if isinstance(one, Matrix) else (one,) for one in (before, after)), strict=True))
    for exact, shown in pairs:
        near = [rounded(one, 20) for one in (exact, shown)]
        apart = [one.value for one in near if isinstance(one, Number)]
        while digits is not None and digits > 0 and len(apart) == 2 and 2 * abs(apart[0] - apart[1]) * 10**digits > 1:
            digits -= 1
    return digits


def _last_digit(exact: Expr, shown: Expr, digits: int) -> list[Step]:
    """What to say where rounding line by line has changed the last digit."""
    right = rounded(exact, digits)
    if right is None or right == shown or isinstance(right, Matrix):
        return []
    return [_says_last_digit(exact, shown, right, digits)]


def _says_last_digit(exact: Expr, shown: Expr, right: Expr, digits: int) -> Statement:
    fact = Fact(exact, "≈", right, digits)
    return Statement("last_digit", (("staged", shown), ("exact", right)), (fact,), shown=False)


@dataclass(slots=True)
class _Arithmetic:
    """Works out numbers, one layer at a time; with `digits` it rounds what comes out."""

    digits: int | None
    rounded: bool = False

    def once(self, expr: Expr) -> Expr:
        """`expr` with everything worked out that is ready, and nothing that waits for something else."""
        match expr:
            case Number():
                return expr
            case Group(body):
                return self._group(body)
            case Plus(terms):
                return self._plus(terms)
            case Product() | Power() if (value := _value(expr)) is not None:
                return self._number(value)
            case Product(factors):
                return self._product(factors)
            case Power(base, exponent):
                return self._power(base, exponent)
            case Apply(function, (argument,)) if isinstance(bare := ungrouped(argument), Number):
                return self._apply(function, bare)
            case _:
                return with_parts(expr, tuple(map(self.once, parts(expr))))

    def _group(self, body: Expr) -> Expr:
        after = self.once(body)
        return Group(after)

    def _plus(self, terms: tuple[Expr, ...]) -> Expr:
        values = [_value(term) for term in terms]
        bare = [_without_zero(ungrouped(term)) for term in terms]
        if all(isinstance(term, Number) for term in bare):
            return self._number(sum((v for v in values if v is not None), Fraction(0)))
        waits = [value is not None and _is_behind(term, terms) for term, value in zip(terms, values, strict=True)]
        after = tuple(
            term if wait else _with_sign(self.once(term), term if place else None)
            for place, (term, wait) in enumerate(zip(terms, waits, strict=True))
        )
        if after == terms and None in values:
            return _collected(terms)
        return plus(after)

    def _product(self, factors: tuple[Expr, ...]) -> Expr:
        """Its factors first; with a factor of zero it is zero."""
        if any(_value(factor) == 0 for factor in factors):
            for factor in factors:
                self.once(factor)  # where another factor has no value, neither has the product
            return Number(Fraction(0))
        # what is divided by waits until the rest is a number: (12 + 4)/5 is 16/5
        waits = any(_value(factor) is None for factor in factors if not _divides(factor))
        after = tuple(factor if waits and _divides(factor) else self.once(factor) for factor in factors)
        if tuple(map(ungrouped, after)) != tuple(map(ungrouped, factors)):
            # a number that a sum or a function has become keeps its parentheses among the other factors
            return product(
                Group(now) if isinstance(now, Number) and not isinstance(before, Number) else now
                for before, now in zip(factors, after, strict=True)
            )
        loose = [factor for factor in after if not (waits and _divides(factor))]
        numbers = [value for factor in loose if (value := _value(factor)) is not None]
        # (2) e is 2 e, (1) e is e
        open_first = isinstance(after[0], Group) or _value(after[0]) in (None, 1)
        if len(numbers) > 1 or (numbers and open_first and len(after) > 1):
            rest = [factor for factor in after if _value(factor) is None or factor not in loose]
            value = Fraction(1)
            for number in numbers:
                value *= number
            return product((*(() if value == 1 and rest else (self._number(value),)), *rest))
        return _cancelled(after) if waits else product(after)

    def _power(self, base: Expr, exponent: Expr) -> Expr:
        below, above = self.once(base), self.once(exponent)
        bare, top = ungrouped(below), ungrouped(above)
        if bare == Number(Fraction(0)) and isinstance(top, Number) and top.value < 0:
            raise CannotDerive("division by zero")
        if isinstance(bare, Number) and isinstance(top, Number) and top.value.denominator == 2:
            root = _root(bare.value)
            if bare.value < 0:
                raise CannotDerive(f"the square root of {text(bare)} is no real number")
            if root is not None and (root or top.value > 0):
                return self._number(root ** int(top.value * 2))
        return Power(below, above)

    def _apply(self, function: Function, argument: Number) -> Expr:
        if any(function.orders) or function.abstract:
            return Apply(function, (argument,))
        value = _known(function.name, argument.value)
        if value is not None:
            return self._number(value)
        found = Apply(function, (argument,))
        if self.digits is None:
            return found
        shown = rounded(found, self.digits)
        if shown is None:
            return found
        self.rounded = True
        return shown

    def _number(self, value: Fraction) -> Expr:
        if self.digits is None or 10**self.digits % value.denominator == 0:
            return Number(value)
        self.rounded = True
        return Number(_round(value, self.digits), True, self.digits)


def _divides(factor: Expr) -> bool:
    """A number to a negative power."""
    match factor:
        case Power(base, Number(value)) if value < 0:
            return _value(base) is not None
    return False


def _cancelled(factors: tuple[Expr, ...]) -> Expr:
    """The number above a bar and those below it as one, where what stands beside them is no number: 18/3 pi is 6 pi."""
    numbers = [_value(factor) for factor in factors]
    rest = [factor for factor, value in zip(factors, numbers, strict=True) if value is None]
    value = Fraction(1)
    for one in numbers:
        value *= Fraction(1) if one is None else one
    together = product((*(() if value == 1 else (Number(value),)), *rest))
    return product(factors) if shown_alike(together, product(factors)) else together


def _is_behind(term: Expr, terms: tuple[Expr, ...]) -> bool:
    """Whether another of `terms` will come to look like `term`, which is then worked out together with it.

    In 13(1 + 0.001)^2 - 13(0.999)^2 the second waits until the first is 13(1.001)^2.
    """
    if isinstance(ungrouped(term), Number):
        return False
    look = _look(term)
    for other in terms:
        ahead = _Arithmetic(None)
        while _value(other) is None and (after := ahead.once(other)) != other:
            other = after
            if _look(other) == look:
                return True
    return False


def _look(term: Expr) -> str:
    """How a term reads, whatever its numbers and its sign are."""
    return re.sub(r"\d+(/\d+)?", "#", text(ungrouped(split_sign(term)[1])).replace(" ", ""))


def _with_sign(value: Expr, term: Expr | None) -> Expr:
    """The value of a term of a sum; where that is 0, with the minus sign that stood before the term: 4 - 0."""
    if term is None or value != Number(Fraction(0)) or split_sign(term)[0] > 0:
        return value
    return Product((_MINUS, value))


def _without_zero(term: Expr) -> Expr:
    """A term, but -0 is 0: 1 - 0 is 1 at once, not 1 + 0 first."""
    return Number(Fraction(0)) if term == Product((_MINUS, Number(Fraction(0)))) else term


def _collected(terms: tuple[Expr, ...]) -> Expr:
    """A sum in which nothing is left to work out, with its numbers added: 2 + e - 1 is 1 + e, and e + 0 is e."""
    numbers = [value for term in terms if (value := _value(term)) is not None]
    if len(numbers) < 2 and numbers != [0]:
        return Plus(terms)
    first = next(n for n, term in enumerate(terms) if _value(term) is not None)
    total = Number(sum(numbers, Fraction(0)))
    kept = [total if n == first else term for n, term in enumerate(terms) if n == first or _value(term) is None]
    return plus(term for term in kept if term != Number(Fraction(0)) or len(kept) == 1)


def _value(expr: Expr) -> Fraction | None:
    """The value of numbers, products and powers of them; None where a sum or a function is still to be worked out."""
    match expr:
        case Number(value):
            return value
        case Group(body):
            return _value(body)
        case Product(factors):
            total = Fraction(1)
            for factor in factors:
                value_of_factor = _value(factor)
                if value_of_factor is None:
                    return _of_roots(factors)
                total *= value_of_factor
            return total
        case Power(base, exponent):
            below, above = _value(base), _value(exponent)
            if below is None and above is not None and above.denominator == 1 and above % 2 == 0 and above > 0:
                square = _squared(base)
                return None if square is None else _value(Power(Number(square[1]), Number(above / 2)))
            if below is None or above is None or above.denominator != 1:
                return None
            if below == 0 and above < 0:
                raise CannotDerive("division by zero")
            bits = max(below.numerator.bit_length(), below.denominator.bit_length())
            if abs(above) * bits > LARGEST_POWER_BITS:
                return None
            return below ** int(above)
    return None


def _of_roots(factors: tuple[Expr, ...]) -> Fraction | None:
    """The value of a product of square roots where it is a fraction: sqrt(2) times sqrt(8) is 4."""
    found = [_squared(factor) for factor in factors]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    sign, square = 1, Fraction(1)
    for own, value in known:
        sign, square = sign * own, square * value
    root = _root(square)
    return None if root is None else sign * root


def _squared(expr: Expr) -> tuple[int, Fraction] | None:
    """The sign and the square of numbers and square roots of numbers, and of products of them."""
    match expr:
        case Number(value):
            return (1 if value >= 0 else -1), value * value
        case Group(body):
            return _squared(body)
        case Apply(Function("sqrt", (0,), False), (argument,)):
            inside = _value(argument)
            return None if inside is None or inside < 0 else (1, inside)
        case Product(factors):
            sign, square = 1, Fraction(1)
            for factor in factors:
                found = _squared(factor)
                if found is None:
                    return None
                sign, square = sign * found[0], square * found[1]
            return sign, square
    return None


def _root(value: Fraction) -> Fraction | None:
    if value < 0:
        return None
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    return Fraction(top, bottom) if top * top == value.numerator and bottom * bottom == value.denominator else None


_AT_ZERO = {"exp": 1, "sin": 0, "cos": 1, "tan": 0, "asin": 0, "atan": 0, "sinh": 0, "cosh": 1, "tanh": 0, "erf": 0}


def _outside(name: str, value: Fraction) -> str:
    """What of a function has no real value at `value`; empty where it has one."""
    match name:
        case "log" if value <= 0:
            return "logarithm"
        case "sqrt" if value < 0:
            return "square root"
        case "asin" if abs(value) > 1:
            return "arcsine"
        case "acos" if abs(value) > 1:
            return "arccosine"
    return ""


def _known(name: str, value: Fraction) -> Fraction | None:
    """The value of a function where it is rational and known; None elsewhere.

    Raises CannotDerive outside the domain of the function.
    """
    if what := _outside(name, value):
        raise CannotDerive(f"the {what} of {text(Number(value))} is no real number")
    match name:
        case "abs":
            return abs(value)
        case "sign":
            return Fraction((value > 0) - (value < 0))
        case "step":
            return Fraction(value > 0)
        case "relu":
            return max(value, Fraction(0))
        case "sqrt":
            return _root(value)
        case "log" | "acos" if value == 1:
            return Fraction(0)
        case "sigmoid" if value == 0:
            return Fraction(1, 2)
    return Fraction(_AT_ZERO[name]) if value == 0 and name in _AT_ZERO else None
