"""Systems of equations solved the way it is done by hand: one unknown after another, by cases where a product is zero.

    2x - y + 2 = 0                       x = 2y - 1                     from the second
    -x + 2y - 1 = 0                      2(2y - 1) - y + 2 = 0          put into the first
                                         3y = 0,  y = 0,  x = 2(0) - 1 = -1

SymPy factors and simplifies; which equation is used for what is decided here, so that each line follows from the ones
above it. Where no such move is left, CannotDerive is raised: no solution is printed that the lines do not lead to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from itertools import product as combined
from typing import Any

from derivgen.derivation import Equation, Fact, Statement
from derivgen.derive.roots import Prepared, prepare, real_roots
from derivgen.derive.solution import (
    Found,
    Item,
    Line,
    Stuck,
    Values,
    bound,
    brief,
    is_zero,
    preceded,
    reads_alike,
    simplified,
    under,
)
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ZERO_NUMBER, At, Expr, Plus, Product, Symbol
from derivgen.expr.sympy_bridge import to_sympy
from derivgen.expr.text import text
from derivgen.expr.written import written
from derivgen.rules.solving import (
    add_equations,
    clear_denominator,
    distribute_number,
    divide,
    factor,
    put_into,
    solve_for,
    sum_of_squares,
    tidy,
    zero_product,
)

MOST_MOVES = 40
"""A system that takes more is not solved by hand."""

MOST_OPERATIONS = 90
"""An equation with more is not handled by hand."""

MOST_MIXES = 2
"""So often equations are added up on the way to one solution."""


class NotIsolated(CannotDerive):
    """The solutions fill a curve or more."""


@dataclass(frozen=True, slots=True)
class State:
    """What is left to solve: `equations` are expressions that are to be zero.

    `known` are unknowns with values; `later` unknowns that are given by others, to be worked out when these are known.
    """

    equations: tuple[Expr, ...]
    unknowns: tuple[Symbol, ...]
    known: tuple[tuple[Symbol, Any], ...] = ()
    later: tuple[tuple[Symbol, Expr], ...] = ()
    mixes: int = 0
    """How often equations have been added up on the way."""


@dataclass(slots=True)
class Solver:
    """Solves systems in `order`, which is that of all unknowns."""

    order: tuple[Symbol, ...]
    moves: int = 0
    reasons: list[str] = field(default_factory=list)
    """Why equations have no solution, where they have none."""
    said: set[str] = field(default_factory=set)
    """The factors of which it was said that they are never zero."""

    def solve(self, equations: Sequence[Expr]) -> Found:
        """Raises CannotDerive where there is no way that can be shown, NotIsolated where solutions fill a curve."""
        self._refuse_curves(equations)
        found = self._system(State(tuple(equations), self.order))
        distinct: list[Values] = []
        for one in found.solutions:
            if not any(_same(one, other, self.order) for other in distinct):
                distinct.append(one)
        return Found(found.items, tuple(distinct))

    def shown(self, formula: Any) -> Expr:
        """Raises Stuck for what derivgen does not write."""
        found = written(formula, self.order)
        if found is None:
            raise Stuck("the elimination leads to what cannot be written down")
        return found

    # --- one state --------------------------------------------------------------------------------------------------

    def _system(self, state: State) -> Found:
        self.moves += 1
        if self.moves > MOST_MOVES:
            raise Stuck("the elimination takes too many steps to be followed")
        items: list[Item] = []
        equations: list[tuple[Expr, Prepared]] = []
        for expr in state.equations:
            if to_sympy(expr).count_ops() > MOST_OPERATIONS:
                raise Stuck("the elimination leads to equations that are too long to be followed")
            cleaned, prepared = self._cleaned(expr, items)
            if prepared.formula == 0:
                continue
            if not prepared.live:
                self.reasons.append(f"they lead to {brief(expr)} = 0, which never holds")
                fact = Fact(cleaned, "!=", ZERO_NUMBER)
                return Found((*items, Statement("never_holds", (), (fact,), shown=False)), ())
            equations.append((cleaned, prepared))
        if not state.unknowns:
            return preceded(items, self._finish(state))
        if not equations:
            raise NotIsolated(_free(state))
        components = _components(equations, state.unknowns)
        if len(components) > 1:
            return preceded(items, self._apart(state, components))
        own = [prepared for _, prepared in equations]
        constrained = {name for prepared in own for name in prepared.unknowns(state.unknowns)}
        if len(constrained) < len(state.unknowns):
            bound_ones = tuple(unknown for unknown in state.unknowns if unknown in constrained)
            rest = self._system(State(tuple(e for e, _ in equations), bound_ones, state.known, mixes=state.mixes))
            if not rest.solutions:
                return preceded(items, rest)
            raise NotIsolated(_free(state, [unknown for unknown in state.unknowns if unknown not in constrained]))
        return preceded(items, self._move(state, equations))

    def _cleaned(self, expr: Expr, items: list[Item]) -> tuple[Expr, Prepared]:
        """An equation without denominators and factors that are never zero; the lines that say so go to `items`."""
        prepared = prepare(expr, self.order)
        if prepared.formula == 0 or not prepared.live or not prepared.dropped:
            return expr, prepared
        import sympy

        start = is_zero(expr)
        rest = [one for one in prepared.dropped if not _is_denominator(one)]
        core = sympy.Mul(prepared.coefficient, *(base**power for base, power in prepared.live))
        after = self.shown(core if isinstance(expr, Product) else sympy.expand(core))
        if rest:
            whole = self.shown(prepared.coefficient * sympy.Mul(*prepared.dropped, *(b**p for b, p in prepared.live)))
            if not reads_alike(whole, expr):
                items.append(Line((factor,), (is_zero(whole),), (start,), is_minor=True))
                start = is_zero(whole)
            for one in rest:
                shown = self.shown(one)
                if text(shown) in self.said:
                    continue
                self.said.add(text(shown))
                fact = Fact(shown, ">" if one.is_positive else "!=", ZERO_NUMBER)
                items.append(Statement("never_zero", (("factor", shown),), (fact,), shown=False))
            items.append(Line((divide,), (is_zero(after),), (start,)))
        else:
            items.append(Line((clear_denominator,), (is_zero(after),), (start,)))
        return after, prepare(after, self.order)

    def _finish(self, state: State) -> Found:
        """All that equations give is known: the unknowns that were put off are worked out, the last one first."""
        known = dict(state.known)
        items: list[Item] = []
        for unknown, formula in reversed(state.later):
            values = {name: self.shown(value) for name, value in known.items()}
            used = {name: value for name, value in values.items() if to_sympy(name) in to_sympy(formula).free_symbols}
            after = put_into(At(formula, tuple(used), tuple(used.values()))) if used else formula
            value = simplified(to_sympy(formula).subs({to_sympy(name): known[name] for name in used}))
            shown = self.shown(value)
            assert after is not None
            equations = [Equation(unknown, formula)] if used else []
            plain = used and text(after) not in (text(shown), "-0")
            equations += [Equation(unknown, after)] if plain else []
            items.append(Line((put_into,), (*equations, Equation(unknown, shown))))
            known[unknown] = value
        return bound(items, (known,))

    def _apart(self, state: State, components: list[tuple[list[Expr], tuple[Symbol, ...]]]) -> Found:
        """Equations that share no unknown are solved each by themselves; every pair of solutions is one."""
        items: list[Item] = []
        groups: list[tuple[Values, ...]] = []
        for equations, unknowns in components:
            found = self._system(State(tuple(equations), unknowns, mixes=state.mixes))
            items += found.items
            groups.append(found.solutions)
        every = [dict(state.known) | {k: v for one in chosen for k, v in one.items()} for chosen in combined(*groups)]
        if not state.later:
            return Found(tuple(items), tuple(every))
        solutions: list[Values] = []
        for one in every:
            case = self._case({k: v for k, v in one.items() if k in state.unknowns}) if len(every) > 1 else ()
            found = self._finish(State((), (), tuple(one.items()), state.later))
            items += under(case, found)
            solutions += found.solutions
        return Found(tuple(items), tuple(solutions))

    def _case(self, values: Values) -> tuple[Equation, ...]:
        return tuple(Equation(name, self.shown(value)) for name, value in values.items())

    # --- moves ------------------------------------------------------------------------------------------------------

    def _move(self, state: State, equations: list[tuple[Expr, Prepared]]) -> Found:
        """The first move that leads to an end."""
        trouble: Stuck | None = None
        for found in self._moves(state, equations):
            kept, self.reasons = self.reasons, list(self.reasons)
            said, self.said = self.said, set(self.said)
            try:
                return found()
            except Stuck as stuck:
                trouble, self.reasons, self.said = trouble or stuck, kept, said
        raise trouble or Stuck(f"no elimination that can be shown solves {_listed(expr for expr, _ in equations)}")

    def _moves(self, state: State, equations: list[tuple[Expr, Prepared]]) -> Iterator[Callable[[], Found]]:
        single = [(e, p, p.unknowns(state.unknowns)[0]) for e, p in equations if len(p.unknowns(state.unknowns)) == 1]
        for expr, prepared, unknown in sorted(single, key=lambda one: one[1].degree()):
            yield partial(self._one_unknown, state, equations, expr, prepared, unknown)
        for expr, prepared in equations:
            if prepared.is_squares():
                yield partial(self._squares, state, equations, expr, prepared)
        products = [(e, p) for e, p in equations if len(p.live) > 1 or p.live[0][1] > 1]
        for expr, prepared in sorted(products, key=lambda one: one[1].complexity()):
            yield partial(self._by_cases, state, equations, expr, prepared)
        for expr, _, unknown, formula in self._solvable(state, equations):
            yield partial(self._substitution, state, equations, expr, unknown, formula)
        if state.mixes >= MOST_MIXES:
            return
        for one, other in combinations(range(len(equations)), 2):
            for mix in self._mixes(state, equations[one], equations[other]):
                yield partial(self._combination, state, equations, one, other, mix)

    def _one_unknown(
        self, state: State, equations: list[tuple[Expr, Prepared]], expr: Expr, prepared: Prepared, unknown: Symbol
    ) -> Found:
        start = is_zero(expr)
        lines, roots = real_roots(expr, prepared, unknown, self.order)
        if expr == unknown:
            lines = []  # it says so already
        first = next((line for line in lines if isinstance(line, Line)), None)
        if first is not None:
            first.of = (start,)
        items = list(lines)
        if not roots:
            self.reasons.append(f"{brief(expr)} has no real zero")
        others = [one for one, _ in equations if one is not expr]
        left = tuple(other for other in state.unknowns if other != unknown)
        solutions: list[Values] = []
        below: list[Item] = []
        more = bool(others) or bool(state.later)
        for root in roots:
            known = (*state.known, (unknown, root))
            put, rest = self._put(others, unknown, self.shown(root))
            case = (Equation(unknown, self.shown(root)),) if len(roots) > 1 and more else ()
            found = self._system(State(tuple(rest), left, known, state.later, state.mixes))
            below += under(case, bound([*put, *found.items], found.solutions))
            solutions += found.solutions
        return bound([*items, *below], tuple(solutions))

    def _put(self, equations: Iterable[Expr], unknown: Symbol, value: Expr) -> tuple[list[Item], list[Expr]]:
        """`equations` with `value` in the place of `unknown`, and the lines for those that change."""
        import sympy

        items: list[Item] = []
        rest: list[Expr] = []
        name = to_sympy(unknown)
        for expr in equations:
            if name not in to_sympy(expr).free_symbols:
                rest.append(expr)
                continue
            after = put_into(At(expr, (unknown,), (value,)))
            assert after is not None
            equation = simplified(to_sympy(expr).subs(name, to_sympy(value)))
            if equation == 0:
                continue
            if (not equation.free_symbols and equation.is_finite is not True) or equation.has(sympy.zoo, sympy.nan):
                raise Stuck(f"the elimination divides by zero where {unknown.name} = {brief(value)}")
            items.append(Line((put_into,), (is_zero(after),), (is_zero(expr),), is_minor=True))
            opened = distribute_number(after) if isinstance(value, Plus) else None
            plain = tidy(after) or self.shown(equation)
            if opened is not None and text(opened) != text(plain):
                items.append(Line((distribute_number,), (is_zero(opened),), is_minor=True))
            if text(plain) != text(after):
                items.append(Line((tidy,), (is_zero(plain),)))
            rest.append(plain)
        return items, rest

    def _squares(self, state: State, equations: list[tuple[Expr, Prepared]], expr: Expr, prepared: Prepared) -> Found:
        unknowns = prepared.unknowns(state.unknowns)
        line = Line((sum_of_squares,), tuple(Equation(unknown, ZERO_NUMBER) for unknown in unknowns), (is_zero(expr),))
        known = (*state.known, *((unknown, to_sympy(ZERO_NUMBER)) for unknown in unknowns))
        items: list[Item] = [line]
        others = [one for one, _ in equations if one is not expr]
        for unknown in unknowns:
            put, others = self._put(others, unknown, ZERO_NUMBER)
            items += put
        left = tuple(one for one in state.unknowns if one not in unknowns)
        found = self._system(State(tuple(others), left, known, state.later, state.mixes))
        return bound([*items, *found.items], found.solutions)

    def _by_cases(self, state: State, equations: list[tuple[Expr, Prepared]], expr: Expr, prepared: Prepared) -> Found:
        start = is_zero(expr)
        items: list[Item] = []
        whole = self.shown(prepared.product())
        if not reads_alike(whole, expr):
            items.append(Line((factor,), (is_zero(whole),), (start,)))
            start = is_zero(whole)
        factors = [
            (self.shown(base), self._value(base, state))
            for base, _ in sorted(prepared.live, key=lambda one: _simple(one[0]))
        ]
        alternatives = tuple(is_zero(one) if known is None else self._case(dict([known]))[0] for one, known in factors)
        items.append(Line((zero_product,), alternatives, () if items else (start,), either=len(factors) > 1))
        solutions: list[Values] = []
        below: list[Item] = []
        for (one, value), assumed in zip(factors, alternatives, strict=True):
            rest = tuple(one if other is expr else other for other, _ in equations)
            if value is None:
                found = self._system(State(rest, state.unknowns, state.known, state.later, state.mixes))
            else:
                put, others = self._put((e for e, _ in equations if e is not expr), value[0], self.shown(value[1]))
                left = tuple(name for name in state.unknowns if name != value[0])
                found = self._system(State(tuple(others), left, (*state.known, value), state.later, state.mixes))
                found = bound([*put, *found.items], found.solutions)
            below += under((assumed,) if len(factors) > 1 else (), found)
            solutions += found.solutions
        return bound([*items, *below], tuple(solutions))

    def _value(self, formula: Any, state: State) -> tuple[Symbol, Any] | None:
        """What one unknown is where `formula`, which holds no other, is zero and of the first degree."""
        names = [unknown for unknown in state.unknowns if to_sympy(unknown) in formula.free_symbols]
        if len(names) != 1 or not formula.is_polynomial() or formula.as_poly(to_sympy(names[0])).degree() != 1:
            return None
        name = to_sympy(names[0])
        return names[0], simplified(-formula.coeff(name, 0) / formula.coeff(name, 1))

    def _solvable(
        self, state: State, equations: list[tuple[Expr, Prepared]]
    ) -> list[tuple[Expr, Prepared, Symbol, Any]]:
        """The equations that give one unknown by others, the simplest first."""
        import sympy

        found: list[tuple[tuple[int, ...], int, tuple[Expr, Prepared, Symbol, Any]]] = []
        for place, (expr, prepared) in enumerate(equations):
            if len(prepared.live) != 1 or prepared.live[0][1] != 1:
                continue
            formula = prepared.live[0][0]
            for unknown in prepared.unknowns(state.unknowns):
                name = to_sympy(unknown)
                if not formula.is_polynomial(name) or sympy.degree(formula, name) != 1:
                    continue
                slope, rest = formula.coeff(name, 1), formula.coeff(name, 0)
                if slope.free_symbols:
                    # c u + r = 0 with a number r: c is not zero
                    if rest.free_symbols or rest == 0:
                        continue
                    solved = sympy.factor(-rest / slope)
                    cost = (2, int(sympy.count_ops(solved)), place, 0)
                else:
                    solved = sympy.expand(-rest / slope)
                    linear = solved.is_polynomial() and sympy.total_degree(solved) <= 1 if solved.free_symbols else True
                    ugly = any(not c.is_Integer for c in solved.atoms(sympy.Rational) if not c.is_Integer)
                    order = state.unknowns.index(unknown)
                    cost = (0 if linear else 1, int(ugly), len(sympy.Add.make_args(solved)), order if linear else place)
                found.append((cost, len(found), (expr, prepared, unknown, solved)))
        return [one for _, _, one in sorted(found, key=lambda entry: entry[:2])]

    def _substitution(
        self, state: State, equations: list[tuple[Expr, Prepared]], expr: Expr, unknown: Symbol, solved: Any
    ) -> Found:
        formula = self.shown(solved)
        items: list[Item] = []
        bottom = solved.as_numer_denom()[1]
        if bottom.free_symbols:
            shown = self.shown(bottom)
            items.append(Statement("not_zero_here", (("left", shown), ("equation", expr)), shown=False))
        items.append(Line((solve_for,), (Equation(unknown, formula),), (is_zero(expr),)))
        put, rest = self._put((one for one, _ in equations if one is not expr), unknown, formula)
        left = tuple(one for one in state.unknowns if one != unknown)
        found = self._system(State(tuple(rest), left, state.known, (*state.later, (unknown, formula)), state.mixes))
        return bound([*items, *put, *found.items], found.solutions)

    def _mixes(self, state: State, one: tuple[Expr, Prepared], other: tuple[Expr, Prepared]) -> list[tuple[Any, Any]]:
        """Multipliers by which two equations add up to a simpler one."""
        import sympy

        p, q = one[1].product(), other[1].product()
        names = [to_sympy(unknown) for unknown in state.unknowns]
        if p.count_ops() + q.count_ops() > MOST_OPERATIONS:
            return []
        pairs = [(1, 1), (1, -1), *((a, -b) for a in names for b in names if a != b)]
        if all(f.is_polynomial() for f in (p, q)):
            # what is left of one when the other is taken away as often as it goes in
            pairs += [(1, -sympy.reduced(p, [q])[0][0]), (-sympy.reduced(q, [p])[0][0], 1)]
        found: list[tuple[int, int, tuple[Any, Any]]] = []
        for a, b in pairs:
            mix = sympy.factor(sympy.expand(a * p + b * q))
            if mix == 0 or not mix.free_symbols or a == 0 or b == 0:
                continue
            factors = [f for f in sympy.Mul.make_args(mix) if f.free_symbols]
            simpler = len(factors) > 1 or len(mix.free_symbols) < len(p.free_symbols | q.free_symbols)
            if simpler and all(f.is_polynomial() for f in factors):
                found.append((int(sympy.count_ops(mix)), len(found), (a, b)))
        return [pair for _, _, pair in sorted(found)][:3]

    def _combination(
        self, state: State, equations: list[tuple[Expr, Prepared]], one: int, other: int, mix: tuple[Any, Any]
    ) -> Found:
        import sympy

        a, b = map(sympy.sympify, mix)
        (first, p), (second, q) = equations[one], equations[other]
        both = (is_zero(first), is_zero(second))
        total = self.shown(sympy.factor(a * p.product() + b * q.product()))
        line = Line((add_equations, factor), (is_zero(total),), both)
        # where both are multiplied by unknowns, both are kept; else one of them follows from the sum and the other
        gone = other if not b.free_symbols else one if not a.free_symbols else -1
        kept = [expr for place, (expr, _) in enumerate(equations) if place != gone]
        found = self._system(State((total, *kept), state.unknowns, state.known, state.later, state.mixes + 1))
        return bound([line, *found.items], found.solutions)

    # --- curves -----------------------------------------------------------------------------------------------------

    def _refuse_curves(self, equations: Sequence[Expr]) -> None:
        """Raises NotIsolated where one factor that may vanish stands in every equation."""
        if len(self.order) < 2:
            return
        shared: set[Any] | None = None
        for expr in equations:
            prepared = prepare(expr, self.order)
            if prepared.formula == 0:
                continue
            own = {base for base, _ in prepared.live}
            own |= {-base for base in own}
            shared = own if shared is None else shared & own
        for base in sorted(shared or (), key=str):
            alone = Prepared.of(base, self.order)
            if not alone.is_squares() and _changes_sign(base):
                shown = text(self.shown(base)) if not base.could_extract_minus_sign() else text(self.shown(-base))
                message = f"the critical points are not isolated: f is stationary at every point with {shown} = 0"
                raise NotIsolated(message)


def _changes_sign(formula: Any) -> bool:
    """Whether `formula` has both signs, so that it is zero between: seen at points that are drawn."""
    import numpy as np
    import sympy

    names = sorted(formula.free_symbols, key=str)
    source = np.random.default_rng(3)
    drawn = [source.normal(scale=scale, size=(len(names), 200)) for scale in (1.0, 5.0)]
    for rows in drawn:
        for place, name in enumerate(names):
            if name.is_positive:
                rows[place] = np.abs(rows[place])
    evaluate = sympy.lambdify(names, formula, "numpy")
    with np.errstate(all="ignore"):
        values = np.concatenate([np.broadcast_to(np.asarray(evaluate(*rows), dtype=float), (200,)) for rows in drawn])
    values = values[np.isfinite(values)]
    return bool((values > 0).any() and (values < 0).any())


def _free(state: State, unknowns: Sequence[Symbol] = ()) -> str:
    names = ", ".join(unknown.name for unknown in unknowns or state.unknowns)
    fixed = [f"{name.name} = {value}" for name, value in state.known]
    fixed += [f"{name.name} = {text(formula)}" for name, formula in state.later]
    where = f" with {', '.join(fixed)}" if fixed else ""
    return f"the critical points are not isolated: f is stationary{where} whatever {names} is"


def _is_denominator(formula: Any) -> bool:
    top, bottom = formula.as_numer_denom()
    return bool(top == 1 and bottom.is_polynomial())


def _simple(formula: Any) -> tuple[int, int]:
    return (len(formula.free_symbols), int(formula.count_ops()))


def _same(one: Values, other: Values, order: tuple[Symbol, ...]) -> bool:
    return all(simplified(one[name] - other[name]) == 0 for name in order)


def _components(
    equations: list[tuple[Expr, Prepared]], unknowns: tuple[Symbol, ...]
) -> list[tuple[list[Expr], tuple[Symbol, ...]]]:
    """Groups of equations that share no unknown with each other, if each unknown stands in one."""
    groups: list[tuple[list[Expr], set[Symbol]]] = []
    for expr, prepared in equations:
        own = set(prepared.unknowns(unknowns))
        joined: tuple[list[Expr], set[Symbol]] = ([], own)
        apart = []
        for group in groups:
            if group[1] & own:
                joined = ([*group[0], *joined[0]], group[1] | joined[1])
            else:
                apart.append(group)
        groups = [*apart, ([*joined[0], expr], joined[1])]
    if set(unknowns) != {unknown for _, own in groups for unknown in own}:
        return []
    ordered = [(exprs, tuple(unknown for unknown in unknowns if unknown in own)) for exprs, own in groups]
    return sorted(ordered, key=lambda group: unknowns.index(group[1][0]))


def _listed(equations: Iterable[Expr]) -> str:
    return ", ".join(f"{brief(expr)} = 0" for expr in equations)
