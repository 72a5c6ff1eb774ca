"""Is a symmetric matrix of numbers positive definite, negative definite, indefinite, or none of these for certain?

The lines show the determinant and the eigenvalues of two rows; of three rows and more, the leading minors.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from derivgen.derivation import Equation, Fact, Rewrite, Solve, Statement, Step
from derivgen.derive.evaluation import ungrouped, value_lines
from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import (
    MINUS_ONE,
    ZERO_NUMBER,
    Apply,
    Det,
    Dim,
    Expr,
    Eye,
    Function,
    Group,
    Matrix,
    Number,
    Plus,
    Power,
    Symbol,
    number,
)
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.written import written
from derivgen.rules.solving import (
    determinant,
    double_root,
    quadratic_formula,
    split_polynomial,
    take_roots,
    tidy,
    zero_product,
)

WORDS = {1: "minimum", -1: "maximum", 0: "undecided"}


@dataclass(frozen=True, slots=True)
class Definiteness:
    """The lines of a test, its verdict, and the sentence that says it with what it follows from."""

    steps: tuple[Step, ...]
    verdict: str
    key: str
    facts: tuple[Fact, ...]


def tested(array: Matrix, name: Expr, corner: Expr, reserved: frozenset[str]) -> Definiteness:
    """The test of `array`, called `name`, whose first entry is called `corner`.

    Raises CannotDerive where its eigenvalues have both signs and no minor shows it.
    """
    size = array.shape[0].number
    if size == 2:
        return _of_two_rows(array, name, corner, reserved)
    if _is_diagonal(array):
        return _by_diagonal(array)
    return _by_minors(array, name)


def _exact(expr: Expr) -> Any:
    import sympy

    return sympy.radsimp(sympy.expand(to_sympy(ungrouped(expr))))


def _sign(value: Any) -> int:
    """Exactly: 0 only where the value is known to be zero."""
    import sympy

    if value == 0 or sympy.simplify(value) == 0:
        return 0
    return 1 if value > 0 else -1


def _is_diagonal(array: Matrix) -> bool:
    size = array.shape[0].number
    return all(entry == ZERO_NUMBER for place, entry in enumerate(array.entries) if place // size != place % size)


def _worked(steps: list[Step], expr: Expr, heading: Expr) -> Expr:
    """Adds the lines from numbers to their value."""
    more, value = value_lines(expr, {}, heading)
    steps += more
    if not isinstance(value, Number):
        better = written(_exact(value), ())
        if better is not None and text(better) != text(value):
            steps.append(Rewrite((tidy,), value, better, heading))
            value = better
    return value


def _fact(left: Expr, sign: int) -> Fact:
    return Fact(left, {1: ">", -1: "<", 0: "="}[sign], ZERO_NUMBER)


# --- two rows -------------------------------------------------------------------------------------------------------


def _of_two_rows(array: Matrix, name: Expr, corner: Expr, reserved: frozenset[str]) -> Definiteness:
    steps: list[Step] = []
    heading = Det(name)
    opened = determinant(Det(array))
    assert opened is not None
    steps.append(Rewrite((determinant,), heading, opened, heading))
    value = _worked(steps, opened, heading)
    sign = _sign(_exact(value))
    steps += _eigenvalue_lines(array, name, reserved)
    facts = [_fact(heading, sign)]
    if sign < 0:
        return Definiteness(tuple(steps), "saddle", "det_saddle", tuple(facts))
    if sign == 0:
        return Definiteness(tuple(steps), "undecided", "det_undecided", tuple(facts))
    first = _sign(_exact(array.entries[0]))
    facts.append(_fact(corner, first))
    return Definiteness(tuple(steps), WORDS[first], f"det_{WORDS[first]}", tuple(facts))


def _eigenvalue_lines(array: Matrix, name: Expr, reserved: frozenset[str]) -> list[Step]:
    """The eigenvalues as zeros of det(H - lambda I), and their signs."""
    import sympy

    free = next(letter for letter in ("lambda", "mu", "t") if letter not in reserved)
    unknown = Symbol(free)
    a, b, c, d = array.entries
    shifted = (_minus(a, unknown), b, c, _minus(d, unknown))
    heading = Det(plus((name, product((MINUS_ONE, unknown, Eye(Dim(2)))))))
    steps: list[Step] = []
    values = [_exact(entry) for entry in array.entries]
    half, inside = values[0] + values[3], sympy.expand((values[0] - values[3]) ** 2 + 4 * values[1] * values[2])
    roots = [sympy.sqrtdenest(sympy.expand((half + sign * sympy.sqrt(inside)) / 2)) for sign in (-1, 1)]
    shown = [written(root, ()) for root in roots]
    if shown[0] is None or shown[1] is None:
        return []
    low, high = shown[0], shown[1]
    if values[1] == 0:
        zero: Expr = product((Group(shifted[0]), Group(shifted[3])))
        steps.append(Rewrite((determinant,), heading, zero, heading))
    else:
        first = determinant(Det(Matrix(shifted, array.shape)))
        assert first is not None
        steps.append(Rewrite((determinant,), heading, first, heading))
        name_of = to_sympy(unknown)
        whole = name_of**2 - half * name_of + values[0] * values[3] - values[1] * values[2]
        middle = written(sympy.expand(whole), (unknown,))
        if middle is None:
            return []
        steps.append(Rewrite((tidy,), first, middle, heading))
        zero = middle
        if all(root.is_Rational for root in roots):
            low_factor, high_factor = _factor(unknown, low), _factor(unknown, high)
            zero = Power(low_factor, number(2)) if low == high else product((low_factor, high_factor))
            if text(zero) != text(middle):
                steps.append(Rewrite((split_polynomial,), middle, zero, heading))
    steps += _eigenvalues(unknown, zero, (low, high), half, inside)
    signs = [_sign(root) for root in roots]
    both = {low: signs[0], high: signs[1]}
    facts = tuple(_fact(root, sign) for root, sign in both.items() if sign)
    key = {(1, 1): "eigenvalues_positive", (-1, -1): "eigenvalues_negative", (-1, 1): "eigenvalues_mixed"}
    steps.append(Statement(key.get((signs[0], signs[1]), "eigenvalues_zero"), (), facts))
    return steps


def _eigenvalues(unknown: Symbol, zero: Expr, roots: tuple[Expr, Expr], trace: Any, inside: Any) -> list[Step]:
    """What follows for the `unknown` where its polynomial is zero; `inside` is what stands below the root."""
    points = tuple((root,) for root in dict.fromkeys(roots))
    found = tuple(Equation(unknown, root) for root in dict.fromkeys(roots))
    start = (Equation(zero, ZERO_NUMBER),)
    if isinstance(zero, Plus) and not _is_squares(zero):
        over = ((trace, sign) for sign in (-1, 1))
        spelled = tuple(Equation(unknown, _by_formula(first, sign, inside)) for first, sign in over)
        formula = Solve((quadratic_formula,), spelled, points, of=start, either=True, unknowns=(unknown,))
        same = [text(one.right) for one in spelled] == [text(one.right) for one in found]
        return [formula] if same else [formula, Solve((tidy,), found, points, either=True, unknowns=(unknown,))]
    law = double_root if len(points) == 1 else take_roots if isinstance(zero, Plus) else zero_product
    return [Solve((law,), found, points, of=start, either=True, unknowns=(unknown,))]


def _is_squares(zero: Expr) -> bool:
    """lambda^2 - 9, whose roots are taken at once."""
    return isinstance(zero, Plus) and len(zero.terms) == 2 and any(isinstance(one, Number) for one in zero.terms)


def _by_formula(trace: Any, sign: int, inside: Any) -> Expr:
    """The quadratic formula with its numbers put in: (6 - sqrt(20))/2."""
    first, below = written(trace, ()), written(inside, ())
    assert first is not None and below is not None
    root: Expr = Apply(Function("sqrt"), (below,))
    top = plus((*((first,) if trace != 0 else ()), product((MINUS_ONE, root)) if sign < 0 else root))
    return product((top, Power(number(2), MINUS_ONE)))


def _minus(entry: Expr, unknown: Symbol) -> Expr:
    if entry == ZERO_NUMBER:
        return product((MINUS_ONE, unknown))
    return plus((entry, product((MINUS_ONE, unknown))))


def _factor(unknown: Symbol, root: Expr) -> Expr:
    """lambda - root, as it is written: lambda + 2 for the root -2."""
    if root == ZERO_NUMBER:
        return unknown
    if isinstance(root, Number):
        return plus((unknown, Number(-root.value)))
    bare = root.terms if isinstance(root, Plus) else (root,)
    opposite = []
    for term in bare:
        found = written(-to_sympy(term), ())
        opposite.append(found if found is not None else product((MINUS_ONE, term)))
    return plus((unknown, *opposite))


# --- three rows and more --------------------------------------------------------------------------------------------


def _by_diagonal(array: Matrix) -> Definiteness:
    size = array.shape[0].number
    entries = [array.entries[place * size + place] for place in range(size)]
    signs = [_sign(_exact(entry)) for entry in entries]
    facts = tuple(_fact(entry, sign) for entry, sign in dict(zip(entries, signs, strict=True)).items())
    if set(signs) == {1}:
        verdict = "minimum"
    elif set(signs) == {-1}:
        verdict = "maximum"
    else:
        verdict = "saddle" if {1, -1} <= set(signs) else "undecided"
    return Definiteness((), verdict, f"diagonal_{verdict}", facts)


def _by_minors(array: Matrix, name: Expr) -> Definiteness:
    """By Sylvester's criterion; where the determinant is zero, by a minor of two rows that is negative."""
    size = array.shape[0].number
    steps: list[Step] = []
    signs: list[int] = []
    facts: list[Fact] = []
    for rows in range(1, size + 1):
        own = tuple(array.entries[row * size + column] for row in range(rows) for column in range(rows))
        if rows == 1:
            value = own[0]
        else:
            corner = Matrix(own, (Dim(rows), Dim(rows)))
            heading: Expr = Det(name) if rows == size else Det(corner)
            opened = determinant(Det(corner))
            assert opened is not None
            steps.append(Rewrite((determinant,), heading, opened, heading))
            value = _worked(steps, opened, heading)
        signs.append(_sign(_exact(value)))
        facts.append(_fact(value, signs[-1]))
    if all(sign > 0 for sign in signs):
        return Definiteness(tuple(steps), "minimum", "minors_minimum", tuple(facts))
    if all(sign == (-1) ** (place + 1) for place, sign in enumerate(signs)):
        return Definiteness(tuple(steps), "maximum", "minors_maximum", tuple(facts))
    if signs[-1] != 0:
        return Definiteness(tuple(steps), "saddle", "minors_saddle", tuple(facts))
    return _where_singular(array, steps, facts[-1])


def _where_singular(array: Matrix, steps: list[Step], last: Fact) -> Definiteness:
    """The determinant is zero: a negative minor of two rows makes the matrix indefinite, else nothing is decided."""
    import sympy

    size = array.shape[0].number
    for one in range(size):
        for other in range(one + 1, size):
            rows = (one, other)
            own = tuple(array.entries[row * size + column] for row in rows for column in rows)
            corner = Matrix(own, (Dim(2), Dim(2)))
            opened = determinant(Det(corner))
            assert opened is not None
            if _sign(_exact(opened)) < 0:
                heading = Det(corner)
                more: list[Step] = [*steps, Rewrite((determinant,), heading, opened, heading)]
                value = _worked(more, opened, heading)
                return Definiteness(tuple(more), "saddle", "minor_saddle", (_fact(value, -1),))
    exact = sympy.Matrix(size, size, [_exact(entry) for entry in array.entries])
    found = [float(sympy.re(root.evalf(30))) for root in exact.eigenvals(multiple=True)]
    if max(found) > 1e-12 and min(found) < -1e-12:
        raise CannotDerive("the Hessian has eigenvalues of both signs, and no minor of two rows shows it")
    return Definiteness(tuple(steps), "undecided", "minors_undecided", (last,))
