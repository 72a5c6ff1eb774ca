"""Solutions of equations, and what kind of extremum a critical point is, found without the steps.

Missed solutions are looked for by Newton's method in floating point, from many starting points at once: the unknowns
are put in as stacks of numbers, and derivatives are those of the evaluator. Nothing here asks SymPy.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from derivgen.derivation import Derivation, Equation, Solutions
from derivgen.errors import ShapeError
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import MINUS_ONE, SCALAR, ZERO_NUMBER, Expr, Matrix, Number, Partial, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.walk import subexpressions
from derivgen.problem.model import Claim, Values
from derivgen.verify.arrays import Array, BadPoint, Irrational, TooLarge, unbounded
from derivgen.verify.bench import CANCELLED, Bench, ClaimVerdict, Verdict
from derivgen.verify.evaluate import Evaluator, Unknown

EXTREMA = frozenset({"critical_points", "classify"})
"""The tasks whose result is not the value of an expression."""

STARTS = 160
"""Newton's method begins at so many points in a box around the solutions, and at half as many in a far wider one."""

ROUNDS = 40
"""Newton's method doubles its digits in each; at a zero of higher order it wins one bit or less, so there are many."""

ARRIVED = 1e-6
"""A last step so short in each unknown, relative to its size plus 1, is the end of a sequence that converges."""

SETTLED = 1e-11
"""Where the last steps of all were so short, no further ones are made."""

APART = 1e-3
"""What arrives so near to a solution is that solution: at a zero of higher order, roundings of 1e-16 move a root by
their fourth root, 1e-4."""

SMALL = 1e-7
"""Relative to the greatest value at the starting points, a residual that is a zero; where Newton's method creeps along
a slope that ends at infinity, its steps do not become short."""

AROUND = 0.1
"""How far from a root, relative to the size of an unknown plus 1, residuals have to be seen to grow."""

FAR = 50.0
"""Times the reach, where a root must be a simple one: equations that come near to zero along a curve to infinity are
zero there but for roundings."""

NEAR_ZERO = 1e-9
"""Relative to the greatest eigenvalue, one that is zero: exact zeros come out as some 1e-16."""


# --- solutions ------------------------------------------------------------------------------------------------------


def no_other_solution(
    unknowns: tuple[Symbol, ...], equations: tuple[Equation, ...], points: tuple[tuple[Expr, ...], ...], bench: Bench
) -> Verdict:
    """Is there no real solution but `points`? Searched for from many starting points."""
    try:
        with np.errstate(all="ignore"), unbounded():
            known = _numbers(points, bench)
            if known is None:
                return Verdict("unchecked", message="the solutions have no values")
            search = _Search(unknowns, tuple(_residual(equation) for equation in equations), bench)
            found = search.roots(known)
    except (Unknown, Irrational, TooLarge, BadPoint) as error:
        return Verdict("unchecked", message=f"the equations could not be searched: {error}")
    except ShapeError as error:
        return Verdict("wrong", message=str(error))
    for root in found:
        if not _is_among(root, known):
            return Verdict("wrong", 1, 0.0, f"{_shown(unknowns, root)} is a solution too")
    return Verdict("numeric", 1)


def _residual(equation: Equation) -> Expr:
    if equation.right == ZERO_NUMBER:
        return equation.left
    return plus((equation.left, product((MINUS_ONE, equation.right))))


class _Search:
    """The values of some expressions and of their derivatives, at stacks of values of the unknowns."""

    def __init__(self, unknowns: tuple[Symbol, ...], residuals: tuple[Expr, ...], bench: Bench) -> None:
        self.unknowns, self.residuals = unknowns, residuals
        self.bench = bench
        # a function whose derivative goes on where the function itself has no value: log x below 0
        self.bodies = tuple(node.body for one in residuals for node in subexpressions(one) if isinstance(node, Partial))
        self.slopes = tuple(tuple(Partial(one, unknown) for unknown in unknowns) for one in residuals)
        point = next((own.point for own in bench.evaluators(False)), None)
        if point is None:
            raise BadPoint
        self.point = point

    def at(self, values: Array) -> Evaluator:
        """An evaluator in which the unknowns are the columns of `values`; its first batch axis is their row."""
        found = Evaluator(self.point, False, self.bench.definitions)
        found.put = {name.name: values[:, place].reshape(-1, 1, 1) for place, name in enumerate(self.unknowns)}
        found.next_axis = 1
        return found

    def residual(self, evaluator: Evaluator, count: int) -> Array:
        return np.stack([_flat(evaluator, one, count) for one in self.residuals], axis=-1)

    def slope(self, evaluator: Evaluator, count: int) -> Array:
        rows = [np.stack([_flat(evaluator, one, count) for one in row], axis=-1) for row in self.slopes]
        return np.stack(rows, axis=-2)

    def starts(self, known: Array) -> Array:
        """Points in a box around the solutions and the origin, in a wider one, near the origin and near solutions."""
        source = np.random.default_rng(20)
        wide = len(self.unknowns)
        reach = _reach(known)
        near = [one + source.normal(scale=0.3, size=(12, wide)) for one in known[:8]]
        return np.concatenate(
            [
                source.uniform(-reach, reach, size=(STARTS, wide)),
                # to both sides alike, also where an unknown has to be positive
                np.exp(source.uniform(-4, 4, size=(STARTS // 4, wide))),
                source.normal(scale=10 * reach, size=(STARTS // 4, wide)),
                # of every magnitude
                np.exp(source.uniform(-4, 10, size=(STARTS // 4, wide))) * source.choice((-1, 1), (STARTS // 4, wide)),
                source.normal(scale=0.5, size=(STARTS // 4, wide)),
                *near,
            ]
        )

    def roots(self, known: Array) -> list[Array]:
        """Where Newton's method arrives."""
        values = self.starts(known)
        magnitude = self._magnitude(values)
        step = np.full(values.shape, np.inf)
        for _ in range(ROUNDS):
            if not len(values):
                return []
            evaluator = self.at(values)
            residual, slope = self.residual(evaluator, len(values)), self.slope(evaluator, len(values))
            good = np.isfinite(residual).all(axis=-1) & np.isfinite(slope).all(axis=(-2, -1))
            values, residual, slope = values[good], residual[good], slope[good]
            step = _newton(residual, slope)
            values = values - step
            kept = np.isfinite(values).all(axis=-1) & (np.abs(values).max(axis=-1, initial=0.0) < 1e8)
            values, step = values[kept], step[kept]
            if (np.abs(step) <= SETTLED * (1 + np.abs(values))).all():
                break
        if not len(values):
            return []
        size = 1 + np.abs(values)
        residual = self._greatest(values)
        around = np.zeros(len(values))
        for place in range(len(self.unknowns)):
            for sign in (-1, 1):
                moved = values.copy()
                moved[:, place] += sign * AROUND * size[:, place]
                around = np.fmax(around, self._greatest(moved))
        # far out, where e^-x is no longer told from zero, residuals are small all around
        is_root = (residual <= SMALL * magnitude) & (around > SMALL * magnitude) & (residual <= SMALL * 1e3 * around)
        arrived = (np.abs(step) <= ARRIVED * size).all(axis=-1)
        sure = (size.max(axis=-1) <= FAR * _reach(known)) | self._simple(values, size)
        return list(values[arrived & is_root & sure & self._inside(values)])

    def _simple(self, values: Array, size: Array) -> Array:
        """Where the slopes are independent, each on the scale of its equation and its unknown."""
        slope = self.slope(self.at(values), len(values)) * size[:, None, :]
        slope = slope / np.maximum(np.abs(slope).max(axis=-1, keepdims=True), 1e-300)
        slope = np.where(np.isfinite(slope), slope, 0.0)
        least: Array = np.linalg.svd(slope, compute_uv=False)[:, -1]
        return np.asarray(least > NEAR_ZERO)

    def _inside(self, values: Array) -> Array:
        """Where everything that is differentiated has a value, and the unknowns are what they are declared to be."""
        found = np.full(len(values), True)
        for place, unknown in enumerate(self.unknowns):
            if "positive" in unknown.assumptions:
                found &= values[:, place] > APART
            if "nonzero" in unknown.assumptions:
                found &= np.abs(values[:, place]) > APART
        evaluator = self.at(values)
        for body in self.bodies:
            found &= np.isfinite(_flat(evaluator, body, len(values)))
        return found

    def _greatest(self, values: Array) -> Array:
        found: Array = np.abs(self.residual(self.at(values), len(values))).max(axis=-1)
        return found

    def _magnitude(self, values: Array) -> float:
        """How large the residuals are where Newton's method begins: the middle one, and 1 at most."""
        found = self._greatest(values)
        found = found[np.isfinite(found)]
        return min(1.0, float(np.median(found))) if len(found) else 1.0


def _reach(known: Array) -> float:
    """How far from the origin solutions are looked for first."""
    return 2.0 + 1.5 * float(np.abs(known).max(initial=0.0))


def _newton(residual: Array, slope: Array) -> Array:
    """What to go back by; the smallest such step where the slope is singular."""
    try:
        moved: Array = np.linalg.solve(slope, residual[..., None])[..., 0]
    except np.linalg.LinAlgError:
        moved = np.einsum("nij,nj->ni", np.linalg.pinv(slope, rcond=1e-12), residual)
    return moved


def _flat(evaluator: Evaluator, expr: Expr, count: int) -> Array:
    """The value of a scalar at each row of the stack.

    Raises BadPoint where it depends on something else besides.
    """
    array = np.asarray(evaluator.array(expr), dtype=float)
    if array.size == 1:
        return np.full(count, float(array.reshape(-1)[0]))
    if array.size != count:
        raise BadPoint
    return array.reshape(count)


def _numbers(points: Iterable[Sequence[Expr]], bench: Bench) -> Array | None:
    """`points` as floats; None where a coordinate has no value."""
    rows = [[_number(value, bench) for value in point] for point in points]
    known = [[value for value in row if value is not None] for row in rows]
    if any(len(row) != len(own) for row, own in zip(rows, known, strict=True)):
        return None
    return np.array(known, dtype=float).reshape(len(known), len(known[0]) if known else 0)


def _number(expr: Expr, bench: Bench) -> float | None:
    if isinstance(expr, Number):
        return float(expr.value)
    for evaluator in bench.evaluators(False):
        try:
            value = evaluator.array(expr)
        except (BadPoint, Unknown):
            continue
        if value.size == 1 and np.isfinite(value).all():
            return float(value.reshape(-1)[0])
    return None


def _is_among(root: Array, known: Array, apart: float = APART) -> bool:
    if not len(known):
        return False
    distance = np.abs(known - root).max(axis=-1)
    return bool(distance.min() <= apart * (1 + float(np.abs(root).max())))


def _shown(unknowns: Sequence[Symbol], values: Iterable[float]) -> str:
    names = ", ".join(unknown.name for unknown in unknowns)
    shown = point_text(values)
    return f"{names} = {shown}" if len(unknowns) == 1 else f"({names}) = {shown}"


def point_text(values: Iterable[float]) -> str:
    """(1, 2); one coordinate by itself."""
    shown = [f"{round(value, 12) + 0.0:.6g}" for value in values]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


# --- kinds ----------------------------------------------------------------------------------------------------------


class _Function:
    """The gradient and the Hessian of the statement of a derivation, by dual numbers."""

    def __init__(self, derivation: Derivation, bench: Bench) -> None:
        self.bench = bench
        self.statement = derivation.statement
        self.variables = _variables(derivation)
        self.slopes = tuple(Partial(self.statement, variable) for variable in self.variables)

    def gradient(self, point: Sequence[float]) -> Array:
        return np.array([self._at(slope, point) for slope in self.slopes])

    def hessian(self, point: Sequence[float]) -> Array:
        rows = [[self._at(Partial(slope, variable), point) for variable in self.variables] for slope in self.slopes]
        return np.array(rows)

    def _at(self, expr: Expr, point: Sequence[float]) -> float:
        evaluator = next((own for own in self.bench.evaluators(False)), None)
        if evaluator is None:
            raise BadPoint
        inner = Evaluator(evaluator.point, False, self.bench.definitions)
        inner.put = {name.name: np.array([[float(value)]]) for name, value in zip(self.variables, point, strict=True)}
        with np.errstate(all="ignore"):
            value = float(np.asarray(inner.array(expr), dtype=float).reshape(-1)[0])
        if not np.isfinite(value):
            raise BadPoint
        return value

    def is_critical(self, point: Sequence[float]) -> bool:
        """Whether the gradient is zero but for roundings, of which the curvature makes more."""
        slope = float(np.abs(self.gradient(point)).max())
        scale = 1.0 + float(np.abs(self.hessian(point)).max()) * (1.0 + max(map(abs, point)))
        return slope <= NEAR_ZERO * scale

    def word(self, point: Sequence[float]) -> str:
        """What the signs of the eigenvalues say."""
        values = np.linalg.eigvalsh(_balanced(self.hessian(point)))
        close = NEAR_ZERO * max(1e-3, float(np.abs(values).max()))
        if (values > close).all():
            return "minimum"
        if (values < -close).all():
            return "maximum"
        return "saddle" if (values > close).any() and (values < -close).any() else "undecided"


def _balanced(array: Array) -> Array:
    """D A D with a diagonal D: eigenvalues of the same signs (Sylvester's law of inertia), and of like magnitude.

    A row that is zero but for roundings stays as it is.
    """
    greatest = float(np.abs(array).max())
    if greatest < CANCELLED:
        return array
    rows = np.abs(array).max(axis=1)
    diagonal = np.abs(np.diag(array))
    scale = np.where(diagonal > NEAR_ZERO**1.5 * greatest, diagonal, rows)
    scale = np.where(rows > NEAR_ZERO**1.5 * greatest, scale, 1.0)
    scale = np.where(scale > 0, scale, 1.0) ** -0.5
    balanced: Array = array * scale[:, None] * scale[None, :]
    return balanced


def _variables(derivation: Derivation) -> tuple[Symbol, ...]:
    """By what the question differentiates, in order."""
    question = derivation.question
    entries = question.entries if isinstance(question, Matrix) else ()
    return tuple(entry.wrt for entry in entries if isinstance(entry, Partial) and isinstance(entry.wrt, Symbol))


def _rows(derivation: Derivation) -> list[tuple[Expr, ...]]:
    wide = len(_variables(derivation))
    entries = derivation.result.entries if isinstance(derivation.result, Matrix) else ()
    return [entries[start : start + wide] for start in range(0, len(entries), wide)]


def check_extrema(derivation: Derivation, bench: Bench) -> Verdict:
    """Is the gradient zero at the points of the result, are these all, and is each of the kind that is said?"""
    try:
        return _check(derivation, bench)
    except (BadPoint, Unknown, TooLarge, Irrational):
        return Verdict("unchecked", message="the derivatives have no value at the points")
    except ShapeError as error:
        return Verdict("wrong", message=str(error))


def _check(derivation: Derivation, bench: Bench) -> Verdict:
    function = _Function(derivation, bench)
    points = _numbers(_rows(derivation), bench)
    if points is None or not len(points) or not function.variables:
        return Verdict("unchecked", message="there are no points with values")
    words = [word.strip() for word in derivation.verdict.split(",")] if derivation.task == "classify" else []
    if derivation.task == "classify" and len(words) != len(points):
        return Verdict("wrong", message=f"{len(points)} points, and {len(words)} words for their kinds")
    for place, point in enumerate(points):
        is_critical = function.is_critical(point)
        if is_critical == (words[place : place + 1] == ["none"]):
            gradient = point_text(function.gradient(point))
            return Verdict("wrong", 1, message=f"at {point_text(point)} the gradient is {gradient}")
        if words and is_critical and function.word(point) != words[place]:
            return Verdict("wrong", 1, message=f"{point_text(point)}: {function.word(point)}, not {words[place]}")
    solutions = [step for step in derivation.steps if isinstance(step, Solutions)]
    if not solutions and derivation.task == "critical_points":
        asked = tuple(Equation(slope, ZERO_NUMBER) for slope in function.slopes)
        return no_other_solution(function.variables, asked, tuple(_rows(derivation)), bench)
    for step in solutions:
        listed = _numbers(step.points, bench)
        if listed is None or not _same_points(points, listed):
            return Verdict("wrong", 1, message="the points of the result are not the solutions")
    return Verdict("numeric", 1)


def _same_points(left: Array, right: Array) -> bool:
    return all(_is_among(one, right, 1e-9) for one in left) and all(_is_among(one, left, 1e-9) for one in right)


# --- claims ---------------------------------------------------------------------------------------------------------


def check_extremum_claim(
    claim: Claim, derivation: Derivation, values: Mapping[str, Values] | None = None
) -> ClaimVerdict:
    """Is `claim` the list of critical points, or the word for each of them?"""
    bench = Bench((derivation.statement, derivation.result, claim.expression), values)
    try:
        function = _Function(derivation, bench)
        points = _numbers(_rows(derivation), bench)
        if points is None:
            return ClaimVerdict("unchecked", "claim could not be checked")
        if derivation.task == "classify":
            return _claimed_kinds(claim, derivation, function, points)
        return _claimed_points(claim, function, points, bench)
    except (BadPoint, Unknown, TooLarge, Irrational):
        return ClaimVerdict("unchecked", "claim could not be checked: the derivatives have no value there")


def _claimed_kinds(claim: Claim, derivation: Derivation, function: _Function, points: Array) -> ClaimVerdict:
    claimed = [word.strip() for word in claim.word.split(",")]
    kinds = [function.word(point) if function.is_critical(point) else "none" for point in points]
    for point, kind in zip(points, kinds, strict=True):
        if kind == "none":
            gradient = point_text(function.gradient(point))
            message = f"{point_text(point)} is no critical point, the gradient there is {gradient}"
            return ClaimVerdict("wrong", f"claim is wrong: {message}")
    if len(claimed) != len(kinds):
        where = ", ".join(map(point_text, points))
        message = f"there are {len(kinds)} critical points, {where}, and it names {len(claimed)} kinds"
        return ClaimVerdict("wrong", f"claim is wrong: {message}")
    for point, said, kind in zip(points, claimed, kinds, strict=True):
        if said != kind:
            return ClaimVerdict("wrong", f"claim is wrong: {point_text(point)} is {_SENTENCE[kind]}")
    return ClaimVerdict("holds", "claim holds")


_SENTENCE = {
    "minimum": "a local minimum",
    "maximum": "a local maximum",
    "saddle": "a saddle",
    "undecided": "not decided by the second derivatives",
}


def _claimed_points(claim: Claim, function: _Function, points: Array, bench: Bench) -> ClaimVerdict:
    wide = len(function.variables)
    claimed = _listed(claim.expression, wide)
    if claimed is None:
        message = f"a point has {wide} coordinate{'s' if wide > 1 else ''}"
        return ClaimVerdict("wrong", f"claim is wrong: {message}")
    stated = _numbers(claimed, bench)
    if stated is None:
        return ClaimVerdict("unchecked", "claim could not be checked: its points have no values")
    # written in decimals, a coordinate may be off by half a unit of the last one
    close = 1e-9 if claim.digits is None else 0.5 * 10.0**-claim.digits * (1 + 1e-6)

    def among(point: Array, others: Array) -> bool:
        return bool(len(others)) and bool((np.abs(others - point).max(axis=-1) <= close * _scale(claim, point)).any())

    for point in stated:
        if not among(point, points):
            gradient = _gradient_text(function, list(point))
            message = f"{point_text(point)} is no critical point: the gradient there {gradient}"
            return ClaimVerdict("wrong", f"claim is wrong: {message}")
    missing = [point_text(point) for point in points if not among(point, stated)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        return ClaimVerdict("wrong", f"claim is wrong: {', '.join(missing)} {verb} missing")
    exact = "" if claim.digits is None else f", rounded to {claim.digits} digits"
    is_rounded = claim.digits is not None and not all(_is_among(one, stated, 1e-9) for one in points)
    return ClaimVerdict("holds", f"claim holds{exact}" if is_rounded else "claim holds")


def _scale(claim: Claim, point: Array) -> float:
    return 1.0 if claim.digits is not None else 1.0 + float(np.abs(point).max())


def _gradient_text(function: _Function, point: Sequence[float]) -> str:
    try:
        return f"is {point_text(function.gradient(point))}"
    except BadPoint:
        return "has no value"


def _listed(expr: Expr, wide: int) -> list[tuple[Expr, ...]] | None:
    """The points of a claim: the rows of an array; one point as a row or a column; numbers where there is one unknown.

    None where its points have another number of coordinates.
    """
    if shape(expr) == SCALAR and not isinstance(expr, Matrix):
        return [(expr,)] if wide == 1 else None
    if not isinstance(expr, Matrix):
        return None
    rows, columns = (dim.number for dim in expr.shape)
    if wide == 1:
        return [(entry,) for entry in expr.entries] if 1 in (rows, columns) else None
    if columns == wide:
        return [expr.entries[start : start + wide] for start in range(0, len(expr.entries), wide)]
    return [expr.entries] if columns == 1 and rows == wide else None
