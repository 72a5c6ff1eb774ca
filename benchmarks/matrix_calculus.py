"""Runs the identities of `identities.py` through derivgen and SymPy.

Each answer is judged by its value at random points, where all dimensions differ, against central differences that NumPy
computes from the text of the expression alone: nothing of derivgen takes part in that but its notation. The known
answers are judged in the same way before anything else. derivgen's result is judged as it is printed, in all three
layouts; a peer may use any layout.
"""

from __future__ import annotations

import argparse
import fnmatch
import json
import re
import signal
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cache
from itertools import product
from types import CodeType
from typing import Any

import numpy as np
from identities import IDENTITIES, STRUCTURED, Identity

import derivgen
from derivgen.build.question import derivative_question, scope_from
from derivgen.build.solve import Solved, solve
from derivgen.errors import DerivgenError
from derivgen.expr.nodes import Layout, Symbol
from derivgen.expr.text import text
from derivgen.problem.expression import parse_expression
from derivgen.problem.model import Part
from derivgen.verify.arrange import arrange
from derivgen.verify.evaluate import Evaluator
from derivgen.verify.points import Point, survey

Array = np.ndarray[Any, Any]

MATRIX, INDEX, REFUSED, WRONG = "closed matrix form", "index form", "refused", "wrong"
UNWRITABLE = "cannot be written"
OUTCOMES = (MATRIX, INDEX, REFUSED, WRONG, UNWRITABLE)

SECONDS = 20
"""Longer than this nobody waits for one derivative."""

RUNS = 3

# the differences below are good to about 1e-10 (order 1) and 1e-8 (order 2) of the greatest derivative
TOLERANCE = {1: 1e-6, 2: 1e-5}
STEP = {1: 1e-3, 2: 4e-3}

SIZES = ((4, 3, 2, 5, 6), (5, 3, 2, 4, 6))
"""For the named dimensions in the order of their declaration, at each point."""


class TooSlow(Exception):
    """A derivative that took longer than SECONDS."""


@contextmanager
def limited() -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooSlow(f"no answer within {SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# --- the notation, by NumPy -----------------------------------------------------------------------------------------


def column(size: int, columns: int = 1) -> tuple[int, int]:
    return (int(size), int(columns))


def _sum(array: Array) -> Array:
    return np.sum(array, keepdims=True)


def _diag(array: Array) -> Array:
    return np.diag(array.ravel()) if 1 in array.shape else np.diag(array).reshape(-1, 1)


def _norm(array: Array, kind: int = 2) -> Array:
    return _sum(np.abs(array)) if kind == 1 else np.sqrt(_sum(array**2))


def _softmax(x: Array) -> Array:
    return np.exp(x) / _sum(np.exp(x))


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(np, name) for name in "exp log sqrt sin cos tan sinh cosh tanh abs sign outer".split()},
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "softplus": lambda x: np.log(1 + np.exp(x)),
    "relu": lambda x: np.maximum(x, 0),
    "sum": _sum,
    "mean": lambda array: _sum(array) / array.size,
    "dot": lambda x, y: x.T @ y,
    "norm": _norm,
    "tr": lambda array: np.trace(array).reshape(1, 1),
    "det": lambda array: np.linalg.det(array).reshape(1, 1),
    "logdet": lambda array: np.log(np.linalg.det(array)).reshape(1, 1),
    "logsumexp": lambda x: np.log(_sum(np.exp(x))),
    "inv": np.linalg.inv,
    "matrix_power": np.linalg.matrix_power,
    "diag": _diag,
    "vec": lambda array: array.T.reshape(-1, 1),
    "kron": np.kron,
    "commutation": lambda m, n: np.eye(m * n)[np.arange(m * n).reshape((m, n), order="F").ravel()],
    "softmax": _softmax,
    "ones": lambda *size: np.ones(column(*size)),
    "zeros": lambda *size: np.zeros(column(*size)),
    "eye": lambda size: np.eye(size),
}


@cache
def _compiled(expression: str) -> CodeType:
    return compile(expression.strip(), expression, "eval")


def value(expression: str, at: dict[str, Any]) -> Array:
    """The value of `expression`; only for what this file's data and derivgen's printer wrote."""
    found = eval(_compiled(expression), {"__builtins__": {}, **FUNCTIONS, **at})
    return np.atleast_2d(np.asarray(found, dtype=float))


# --- points and the truth -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """A point with the derivative there: axes (value rows, value columns, wrt rows, wrt columns, ...)."""

    at: dict[str, Any]
    sizes: dict[str, int]
    tensor: Array

    def arranged(self, layout: Layout, transposed: bool) -> Array:
        return arrange(self.tensor, layout, transposed)


def draw(symbol: Symbol, rows: int, columns: int, source: np.random.Generator) -> Array:
    """Numbers for which the declared words are true, away from 0."""
    words = symbol.assumptions
    array = source.uniform(0.4, 1.6, (rows, columns))
    if not words & {"positive", "positive_definite"}:
        array *= source.choice((-1.0, 1.0), (rows, columns))
    if "positive_definite" in words and rows > 1:
        array = array @ array.T + np.eye(rows)
    if "symmetric" in words:
        array = (array + array.T) / 2
    if "skew" in words:
        array = array - array.T
    if "orthogonal" in words:
        array = np.linalg.qr(array)[0]
    if "idempotent" in words:
        basis = np.linalg.qr(array)[0][:, :2]
        array = basis @ basis.T
    if "onehot" in words:
        array = np.eye(rows)[:, :1]
    if "diagonal" in words:
        array = np.diag(np.abs(np.diag(array)) if "positive_definite" in words else np.diag(array))
    return array


def moves(symbol: Symbol, rows: int, columns: int) -> Iterator[tuple[int, int, Array]]:
    """Each entry with what moves when it moves: a symmetric variable stays symmetric (Matrix Cookbook, section 2.8)."""
    for a, b in product(range(rows), range(columns)):
        unit = np.zeros((rows, columns))
        if "diagonal" not in symbol.assumptions or a == b:
            unit[a, b] = 1
        if "symmetric" in symbol.assumptions:
            unit[b, a] = 1
        yield a, b, unit


def slopes(f: Callable[[Array], Array], x: Array, symbol: Symbol, step: float) -> Array:
    """All derivatives of `f` by five-point differences, the axes of `x` last."""
    found: Array | None = None
    for a, b, unit in moves(symbol, *x.shape):
        near = f(x + step * unit) - f(x - step * unit)
        far = f(x + 2 * step * unit) - f(x - 2 * step * unit)
        slope = (8 * near - far) / (12 * step)
        if found is None:
            found = np.zeros((*slope.shape, *x.shape))
        found[..., a, b] = slope
    assert found is not None
    return found


def truths(identity: Identity) -> list[Truth]:
    """The derivative at a point for each of SIZES; raises ValueError where there is none."""
    scope = scope_from(identity.declared, ())
    wrt = identity.wrt.removesuffix(".T")
    variables = [symbol for symbol in scope.symbols.values() if isinstance(symbol, Symbol)]
    names = list(dict.fromkeys(name for symbol in variables for dim in symbol.shape for name in dim.names))
    found = []
    for number, pool in enumerate(SIZES):
        sizes = dict(zip(names, pool, strict=False))
        for attempt in range(400):
            source = np.random.default_rng((number, attempt))
            at: dict[str, Any] = dict(sizes)
            for symbol in variables:
                rows, columns = (dim.number * int(np.prod([sizes[n] for n in dim.names])) for dim in symbol.shape)
                at[symbol.name] = draw(symbol, rows, columns, source)
            at |= {name: size for name, size in sizes.items() if name not in scope.symbols}
            tensor = _derivative(identity, at, wrt, next(s for s in variables if s.name == wrt))
            if np.isfinite(tensor).all() and np.abs(tensor).max() < (50 if attempt < 300 else 1e4):
                found.append(Truth(at, sizes, tensor))
                break
        else:
            raise ValueError(f"no point found for {identity.name}")
    return found


def _derivative(identity: Identity, at: dict[str, Any], wrt: str, symbol: Symbol) -> Array:
    step = STEP[identity.order]

    def f(x: Array) -> Array:
        return value(identity.expression, {**at, wrt: x})

    with np.errstate(all="ignore"):
        if identity.order == 1:
            return slopes(f, at[wrt], symbol, step)
        return slopes(lambda x: slopes(f, x, symbol, step), at[wrt], symbol, step)


def close(found: Array, true: Array, order: int) -> bool:
    if found.shape != true.shape and found.size == 1:
        found = np.broadcast_to(found.reshape(1, 1), true.shape) if not found.any() else found
    scale = max(1.0, float(np.abs(true).max()))
    return found.shape == true.shape and bool(np.abs(found - true).max() <= TOLERANCE[order] * scale)


def known_is_right(identity: Identity, points: list[Truth]) -> bool:
    transposed = identity.wrt.endswith(".T")
    return identity.known is None or all(
        close(value(identity.known, t.at), t.arranged(Layout.DENOMINATOR, transposed), identity.order) for t in points
    )


# --- derivgen -------------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What one program made of one identity."""

    status: str
    printed: str = ""
    note: str = ""
    seconds: float | None = None
    verified: bool = True
    layouts: dict[str, str] = field(default_factory=dict)
    layout_seconds: dict[str, float] = field(default_factory=dict)


def question(identity: Identity) -> Part:
    return derivative_question(
        identity.expression, identity.wrt, scope_from(identity.declared, ()), order=identity.order
    )


def timed(part: Callable[[], Part], layout: Layout) -> float:
    """The median time of deriving and checking, in seconds; warm."""
    taken = []
    for _ in range(RUNS):
        fresh = part()
        start = time.perf_counter()
        solve(fresh, 1, layout)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def with_derivgen(identity: Identity, points: list[Truth], every_time: bool) -> Outcome:
    outcome = Outcome(REFUSED)
    statuses: list[str] = []
    for layout in Layout:
        try:
            with limited():
                solved = solve(question(identity), 1, layout)
        except DerivgenError as error:
            return Outcome(REFUSED, note=f"{type(error).__name__}: {error}".splitlines()[0])
        except TooSlow as error:
            return Outcome(REFUSED, note=str(error))
        except Exception as error:  # a bug of derivgen's must not end the run
            return Outcome(REFUSED, note=f"crash {type(error).__name__}: {error}".splitlines()[0])
        if solved.derivation is None or solved.report is None:
            return Outcome(REFUSED, note=solved.refusal)
        status, note = judged(identity, points, solved, layout)
        statuses.append(status)
        printed = text(solved.derivation.result)
        outcome.layouts[layout.value] = printed
        if layout is Layout.DENOMINATOR:
            outcome.printed, outcome.note = printed, solved.derivation.reason
        if note:
            outcome.note = f"{layout}: {note}"
        if not solved.report.verified:
            outcome.verified = False
            bad = next(v for v in (*solved.report.verdicts, solved.report.result) if not v.holds)
            outcome.note = f"{layout}: {bad.status}: {bad.message}"
        if layout is Layout.DENOMINATOR or every_time:
            with limited():
                outcome.layout_seconds[layout.value] = timed(lambda: question(identity), layout)
    outcome.status = max(statuses, key=(MATRIX, INDEX, WRONG).index)
    outcome.seconds = outcome.layout_seconds[Layout.DENOMINATOR.value]
    return outcome


def judged(identity: Identity, points: list[Truth], solved: Solved, layout: Layout) -> tuple[str, str]:
    """The status of one result, and what is odd about its text."""
    found = solved.derivation
    assert found is not None and found.wrt is not None
    transposed = identity.wrt.endswith(".T")
    note = ""
    # more than two axes: one matrix by vec beside the index form (mixed layout stacks as numerator layout does)
    by_vec = dict(found.others).get(Layout.NUMERATOR if layout is Layout.MIXED else layout)
    closed = found.form == "matrix" or by_vec is not None
    for truth in points:
        if found.form == "index":
            symbols = survey((found.statement, found.result, found.wrt)).symbols
            values = {name: truth.at[name] for name in symbols}
            indices = (*found.value_indices, *found.wrt_indices)
            entries = Evaluator(Point(symbols, truth.sizes, values), False).entries(found.result, indices)
            true = truth.tensor
            if entries.size != true.size or not close(entries.reshape(true.shape), true, identity.order):
                return WRONG, "the index form has another value"
            if by_vec is None:
                continue
        try:
            shown = value(text(found.result if found.form == "matrix" or by_vec is None else by_vec), truth.at)
        except Exception as error:
            return WRONG, f"the printed text cannot be evaluated: {error}"
        true = truth.arranged(layout, transposed)
        if shown.shape != true.shape:
            note = f"a {shown.shape} result where {true.shape} belongs"
        if not close(shown, true, identity.order):
            return WRONG, note or "another value"
    return (MATRIX if closed else INDEX), note


# --- peers ----------------------------------------------------------------------------------------------------------


def with_peer(peer: Any, identity: Identity, points: list[Truth]) -> Outcome:
    """What `peer` makes of it; any layout is right.

    A peer is a module with `write`, `forget`, `differentiate`, `is_matrix` and `evaluate`.
    """
    if identity.group == STRUCTURED:
        return Outcome(UNWRITABLE, note="a variable inside a structure")
    try:
        with limited():
            written = peer.write(identity)
    except TooSlow as error:
        return Outcome(REFUSED, note=str(error))
    except Exception as error:
        return Outcome(UNWRITABLE, note=f"{type(error).__name__}: {error}"[:200])
    try:
        with limited():
            result = peer.differentiate(written, identity)
            taken = []
            for _ in range(RUNS):
                peer.forget()
                start = time.perf_counter()
                peer.differentiate(written, identity)
                taken.append(time.perf_counter() - start)
                if taken[0] > 1:
                    break
    except (TooSlow, Exception) as error:
        return Outcome(REFUSED, note=f"{type(error).__name__}: {error}"[:200])
    outcome = Outcome(REFUSED, str(result)[:400], seconds=statistics.median(taken))
    try:
        with limited():
            right = all(_same(peer.evaluate(result, truth), truth, identity) for truth in points)
    except (TooSlow, Exception) as error:
        outcome.note = f"its result has no value: {type(error).__name__}: {error}"[:200]
        return outcome
    outcome.status = (MATRIX if peer.is_matrix(result) else INDEX) if right else WRONG
    return outcome


def _same(found: Array, truth: Truth, identity: Identity) -> bool:
    """Is `found` the derivative in some layout, or an array with the axes of the variable and of the value?"""
    found = np.asarray(found, dtype=float)
    transposed = identity.wrt.endswith(".T")
    arranged = [truth.arranged(layout, transposed) for layout in Layout]
    tensor = truth.tensor.squeeze()
    values = truth.tensor[..., *(0,) * (truth.tensor.ndim - 2)].squeeze().ndim
    axes = list(range(tensor.ndim))
    right = [*arranged, *(a.T for a in arranged), tensor, tensor.transpose(axes[values:] + axes[:values])]
    return any(close(found.squeeze(), one.squeeze(), identity.order) for one in right)


# --- the report -----------------------------------------------------------------------------------------------------


def percentile(values: Sequence[float], part: float) -> float:
    return float(np.quantile(values, part)) if values else float("nan")


def table(results: dict[str, dict[str, Outcome]], chosen: Sequence[Identity]) -> Iterator[str]:
    closed = {identity.name for identity in chosen if identity.known is not None}
    yield f"\n{len(chosen)} derivatives, {len(closed)} with a known closed matrix form"
    head = f"{'':12}" + "".join(f"{outcome:>20}" for outcome in OUTCOMES)
    yield head + f"{'of the known':>15}{'median':>12}{'p90':>12}"
    for program, outcomes in results.items():
        counts = Counter(outcome.status for outcome in outcomes.values())
        times = [outcome.seconds for outcome in outcomes.values() if outcome.seconds is not None]
        share = sum(outcomes[name].status == MATRIX for name in closed) / max(1, len(closed))
        yield (
            f"{program:12}"
            + "".join(f"{counts[outcome]:>20}" for outcome in OUTCOMES)
            + f"{share:>14.1%} {percentile(times, 0.5) * 1e3:>9.1f} ms{percentile(times, 0.9) * 1e3:>9.1f} ms"
        )
    ours = results["derivgen"]
    for program, outcomes in results.items():
        both = [n for n in ours if ours[n].seconds is not None and outcomes[n].seconds is not None]
        if program == "derivgen" or not both:
            continue
        for label, part in (("median", 0.5), ("p90", 0.9)):
            mine = percentile([ours[n].seconds or 0 for n in both], part)
            theirs = percentile([outcomes[n].seconds or 0 for n in both], part)
            ratio = mine / theirs
            yield f"{label} time of derivgen with steps and checks / {program}: {ratio:.2f} ({len(both)} in common)"


def by_group(outcomes: dict[str, Outcome], chosen: Sequence[Identity]) -> Iterator[str]:
    yield "\nderivgen by group"
    for group in dict.fromkeys(identity.group for identity in chosen):
        counts = Counter(outcomes[i.name].status for i in chosen if i.group == group)
        yield f"  {group:28}" + "".join(f"{counts[o]:>6} {o}" for o in OUTCOMES if counts[o])


SUSPECT = re.compile(r"\bones\(|\beye\(|\bzeros\(|diag\([^()]*\) @ ones|inv\(\w+\.T\)|\b0 [*+]|[-+*] -|\*\* ?1\b")


def complaints(outcomes: dict[str, Outcome], chosen: Sequence[Identity]) -> Iterator[str]:
    """What derivgen does not do, or does not say well, beside the known answer."""
    groups: dict[str, list[str]] = {}

    def note(kind: str, identity: Identity, outcome: Outcome) -> None:
        lines = [f"  {identity.name}"]
        if outcome.printed:
            lines.append(f"      prints {outcome.printed}")
        if identity.known is not None:
            lines.append(f"      known  {identity.known}")
        if outcome.note:
            lines.append(f"      ({outcome.note})")
        groups.setdefault(kind, []).append("\n".join(lines))

    for identity in chosen:
        outcome = outcomes[identity.name]
        known = identity.known
        if outcome.status == WRONG:
            note("wrong", identity, outcome)
        elif not outcome.verified:
            note("unverified", identity, outcome)
        if outcome.status == REFUSED:
            note("refused", identity, outcome)
        elif outcome.status == INDEX and known is not None:
            kind = ", by vec" if identity.by_vec else ""
            note(f"only in index form although a matrix form is known{kind}", identity, outcome)
        elif outcome.status == MATRIX and known is not None:
            if len(outcome.printed) > 1.25 * len(known) + 4:
                note("much longer than the known form", identity, outcome)
            elif set(SUSPECT.findall(outcome.printed)) - set(SUSPECT.findall(known)):
                note("leftovers", identity, outcome)
            if outcome.note and outcome.verified:
                note("odd", identity, outcome)
        if outcome.seconds is not None and outcome.seconds > 0.05:
            groups.setdefault("slower than 50 ms", []).append(f"  {outcome.seconds * 1e3:6.0f} ms  {identity.name}")
    for kind, lines in groups.items():
        yield f"\n{kind}: {len(lines)}"
        yield from lines


def by_layout(outcomes: dict[str, Outcome]) -> Iterator[str]:
    yield "\nderivgen by layout"
    for layout in Layout:
        times = [o.layout_seconds[layout.value] for o in outcomes.values() if layout.value in o.layout_seconds]
        median, p90 = (percentile(times, part) * 1e3 for part in (0.5, 0.9))
        yield f"  {layout.value:12} median {median:.1f} ms, p90 {p90:.1f} ms"
    for name, outcome in outcomes.items():
        if len(set(outcome.layouts.values())) > 1:
            yield f"  {name}"
            yield from (f"      {layout:12} {printed}" for layout, printed in outcome.layouts.items())


def peers() -> dict[str, Any]:
    import peer_sympy

    return {"SymPy": peer_sympy}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write everything to FILE as well")
    parser.add_argument("--only", metavar="PATTERN", default="", help="names or groups that contain or match PATTERN")
    parser.add_argument("--no-peers", action="store_true", help="derivgen alone")
    parser.add_argument("--layouts", action="store_true", help="show derivgen's results and times in each layout")
    options = parser.parse_args()
    chosen = [i for i in IDENTITIES if _fits(options.only, i.name) or _fits(options.only, i.group)]
    programs = {} if options.no_peers else peers()
    results: dict[str, dict[str, Outcome]] = {name: {} for name in ("derivgen", *programs)}
    false: list[str] = []
    for identity in chosen:
        points = truths(identity)
        if identity.known is not None:
            parse_expression(identity.known, scope_from(identity.declared, ()))
        if not known_is_right(identity, points):
            false.append(identity.name)
        results["derivgen"][identity.name] = with_derivgen(identity, points, options.layouts)
        for name, peer in programs.items():
            results[name][identity.name] = with_peer(peer, identity, points)
    ours = results["derivgen"]
    print(f"derivgen {derivgen.__version__}, {RUNS} runs each, warm")
    for name in false:
        print(f"THE KNOWN ANSWER IS WRONG: {name}")
    lines = [*by_group(ours, chosen), *complaints(ours, chosen), *(by_layout(ours) if options.layouts else ())]
    print("\n".join([*lines, *table(results, chosen)]))
    if options.json:
        plain = {
            "version": derivgen.__version__,
            "identities": [asdict(identity) for identity in chosen],
            "results": {p: {n: asdict(o) for n, o in found.items()} for p, found in results.items()},
        }
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(plain, file, indent=1)
    raise SystemExit(1 if false or any(o.status == WRONG for o in ours.values()) else 0)


def _fits(pattern: str, name: str) -> bool:
    return pattern in name or fnmatch.fnmatchcase(name, pattern)


if __name__ == "__main__":
    main()
