"""Derivatives of one variable, as books on calculus ask for them, by derivgen and by `sympy.diff`.

Each result is judged by its value at random points against numerical differentiation of the text of the expression,
with mpmath at 40 digits: neither program takes part in that. derivgen's result is judged as it is printed.
"""

from __future__ import annotations

import argparse
import ast
import json
import random
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache, partial
from types import CodeType
from typing import Any

import mpmath
import sympy as sp
from matrix_calculus import SUSPECT, TooSlow, _fits, limited, percentile

import derivgen
from derivgen.build.question import derivative_question, scope_from
from derivgen.build.solve import solve
from derivgen.errors import DerivgenError
from derivgen.expr.nodes import Layout
from derivgen.expr.text import text
from derivgen.problem.model import Part

DERIVED, REFUSED, WRONG = "derived", "refused", "wrong"

RUNS = 5
POINTS = 4
DIGITS = 40
STEP = mpmath.mpf(10) ** -10

TOLERANCE = 1e-15
"""Relative; the differences below are good to 1e-20 or so at DIGITS digits."""

SLOW = 0.02
LONG = 1.25
"""Times the length of SymPy's answer: longer than this is much longer."""

LETTERS = {"x": "scalar", "y": "scalar", "z": "scalar", "t": "scalar positive", "c": "scalar", "b": "scalar positive"}
"""What every expression may name; a variable that a logarithm or a real power needs positive is t."""

# fmt: off
CASES: dict[str, tuple[str, ...]] = {
    "polynomials": (
        "7", "x", "5*x - 3", "x**2", "x**10", "3*x**4 - 2*x**3 + x - 7", "x**5/5 - x**3/3 + x", "(x + 1)**2",
        "(2*x - 5)**7", "(x**2 + 1)*(x - 3)", "(x + 1)*(x + 2)*(x + 3)", "x*(x - 1)*(x**2 + 4)",
        "(x**2 - 3*x + 2)**4", "(1 + x)**3*(1 - x)**2",
    ),
    "powers and roots": (
        "1/x", "1/x**3", "x**(-4)", "sqrt(t)", "t**(1/3)", "t**(-3/2)", "t*sqrt(t)", "sqrt(t) + 1/sqrt(t)",
        "3*t**(2/3) - 4*t**(1/4)", "sqrt(x**2 + 1)", "1/sqrt(1 - x**2)", "(x**2 + 1)**(3/2)", "(1 + x**2)**(-1/2)",
        "t**c", "(1 + x**2)**c", "sqrt(t + sqrt(t))", "sqrt(1 + sqrt(1 + t))",
    ),
    "rational functions": (
        "(x - 1)/(x + 1)", "x/(1 + x**2)", "(2*x + 3)/(x**2 - 5)", "(x**2 + x - 2)/(x**3 + 6)", "1/(1 + x**2)",
        "1/(x**2 + x + 1)**2", "(3*x - 1)**2/(x**2 + 4)", "(x**3 - 1)/(x - 1)", "(1 - x)/(1 + x)*(2 + x)",
        "x/(1 + x/(1 + x))", "((x + 1)/(x - 1))**3", "(c*x + b)/(y*x + z)",
    ),
    "exponentials and logarithms": (
        "exp(x)", "log(t)", "exp(-x**2/2)", "x*exp(-x)", "x**2*exp(3*x)", "exp(x)/x", "log(t)/t", "t*log(t) - t",
        "log(x**2 + 1)", "log(t)**2", "log(log(t + 1) + 1)", "(exp(x) - exp(-x))/(exp(x) + exp(-x))",
        "1/(1 + exp(-x))", "exp(x)*log(1 + exp(x))", "log((1 + x**2)/(2 + x**2))", "log(sqrt(1 + x**2))",
        "log(t + sqrt(t**2 + 1))", "2**x", "10**(x**2)", "x**3*3**x", "b**x", "b**sin(x)", "2**(3**x)",
        "exp(exp(x))", "exp(c*x)*cos(b*x)",
    ),
    "powers with a variable exponent": (
        "t**t", "t**(1/t)", "t**sin(t)", "x**x", "(x**2 + 1)**(x**2)", "(1 + x**2)**x", "(2 + sin(x))**cos(x)",
        "t**log(t)", "log(t + 1)**t", "t**(t**2)", "(1 + 1/t)**t", "t**sqrt(t)", "t**t*exp(-t)",
    ),
    "trigonometric": (
        "sin(x)", "cos(x)", "tan(x)", "sin(x)*cos(x)", "sin(3*x + 1)", "sin(x)**2", "sin(x)**3*cos(x)**2", "sin(x)/x",
        "(1 - cos(x))/sin(x)", "1/cos(x)", "cos(x)/sin(x)", "x*sin(x) + cos(x)", "x**2*sin(x)*exp(x)", "tan(x)**2",
        "tan(x) - x", "sin(x)/(1 + cos(x))", "x**2*sin(1/x)", "sin(x**2)", "cos(sin(x))", "sin(cos(tan(x)))",
        "sqrt(sin(x) + 2)", "exp(sin(x))", "log(cos(x))", "log(1/cos(x) + tan(x))", "sin(x + y)*cos(x - y)",
    ),
    "inverse trigonometric": (
        "asin(x)", "acos(x)", "atan(x)", "asin(x/2)", "atan(1/x)", "x*atan(x) - log(1 + x**2)/2",
        "x*asin(x) + sqrt(1 - x**2)", "atan(x)**2", "acos(x**2)", "asin(x) + acos(x)", "atan((1 + x)/(1 - x))",
        "asin(sin(x)/2)", "sin(asin(x))", "atan(sqrt(t))", "tan(atan(x))", "cos(atan(x))", "asin(tanh(x))",
        "exp(atan(x))", "asin(1/(1 + x**2))", "log(atan(1 + x**2))",
    ),
    "hyperbolic": (
        "sinh(x)", "cosh(x)", "tanh(x)", "sinh(x)*cosh(x)", "cosh(x)**2 - sinh(x)**2", "log(cosh(x))", "1/cosh(x)",
        "sinh(x)/x", "tanh(sin(x))", "x*sinh(x) - cosh(x)", "atan(sinh(x))", "sinh(x)/cosh(x)",
    ),
    "other functions": (
        "abs(x)", "x*abs(x)", "abs(x**2 - 1)", "sqrt(abs(x))", "exp(-abs(x))", "log(abs(x))", "erf(x)", "x*erf(x)",
        "erf(x/sqrt(2))/2", "exp(x**2)*erf(x)", "erf(sin(x))", "sigmoid(x)", "sigmoid(c*x + b)",
        "sigmoid(x)*(1 - sigmoid(x))", "x*sigmoid(x)", "log(sigmoid(x))", "softplus(x)", "softplus(-x)",
        "tanh(softplus(x))*x", "x*(1 + erf(x/sqrt(2)))/2", "relu(x)**2",
    ),
    "chains": (
        "sin(cos(x))", "exp(sin(x**2))", "log(1 + exp(-x**2))", "sqrt(1 + sin(x)**2)", "tan(sqrt(1 + x**2))",
        "sin(sin(sin(x)))", "cos(cos(cos(cos(x))))", "exp(-sqrt(1 + x**2))", "log(log(2 + exp(x)))",
        "(1 + (1 + x**2)**3)**2", "atan(exp(tanh(x)))", "sqrt(1 + sqrt(1 + sqrt(1 + x**2)))", "sigmoid(tanh(sin(x)))",
        "sin(x**2)**3", "exp(1/(1 + x**2))", "(x + (x + sin(x)**2)**3)**4", "sin(tan(sqrt(1 + cos(x)**2)))",
    ),
    "products and quotients": (
        "x*exp(x)*sin(x)", "x*log(t)*t*sin(t)", "exp(x)*sin(x)*cos(x)", "(x**2 + 1)*exp(x)/(x + 2)",
        "x**3*exp(-x)*log(1 + x**2)", "sqrt(1 + x**2)*atan(x)*exp(-x)", "x*exp(x)/(1 + exp(x))",
        "sin(x)*exp(x)/(1 + x**2)", "x/sqrt(1 + x**2)", "(x**2 + 1)/exp(x)", "sqrt(t)*(1 - t)/(1 + t)",
        "exp(x)*(sin(x) - cos(x))/2", "x*tan(x)/(1 + x**2)", "t**2*(t + 1)**3/sqrt(t + 4)",
    ),
    "several variables": (
        "x**2*y + y**3", "exp(x*y)", "x*y*z", "sin(x*y)*z", "x/(x + y)", "log(x**2 + y**2)", "sqrt(x**2 + y**2 + z**2)",
        "atan(y/x)", "x**y", "b**(x*y)", "exp(x*y)*y", "exp(-(x - c)**2/(2*b**2))/(b*sqrt(2))", "x*sin(y) - y*sin(x)",
        "(x - y)/(x + y)", "(x**2 - y**2)**3*exp(z*x)", "y**2*z", "cos(x - c*t)", "x**2*y*exp(x*y)*sin(y)",
    ),
}
# fmt: on


@dataclass(frozen=True, slots=True)
class Case:
    """The derivative of `expression` by x, or by t, which is positive, where t occurs and x does not."""

    group: str
    expression: str
    wrt: str

    @property
    def name(self) -> str:
        return f"d({self.expression})/d{self.wrt}"


def cases() -> list[Case]:
    return [
        Case(group, expression, "x" if "x" in _names(expression) or "t" not in _names(expression) else "t")
        for group, expressions in CASES.items()
        for expression in expressions
    ]


def _names(expression: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}


# --- the notation, by mpmath and by SymPy -----------------------------------------------------------------------------


class _ExactNumbers(ast.NodeTransformer):
    """Numbers as `number("1")`, so that 1/3 is not rounded to a float."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Call(ast.Name("number", ast.Load()), [ast.Constant(str(node.value))], [])


@cache
def _compiled(expression: str) -> CodeType:
    tree = ast.fix_missing_locations(_ExactNumbers().visit(ast.parse(expression.strip(), mode="eval")))
    return compile(tree, expression, "eval")


def read(expression: str, names: Mapping[str, Any]) -> Any:
    """What `expression` is where `names` say what its names are; only for this file's data and derivgen's results."""
    return eval(_compiled(expression), {"__builtins__": {}, **names})


_SHARED = "exp log sqrt sin cos tan asin acos atan sinh cosh tanh erf sign".split()
"""What mpmath and SymPy call by the names that derivgen has for it."""

BY_MPMATH: dict[str, Any] = {
    **{name: getattr(mpmath, name) for name in _SHARED},
    "number": mpmath.mpf,
    "abs": mpmath.fabs,
    "relu": lambda u: max(u, mpmath.mpf(0)),
    "sigmoid": lambda u: 1 / (1 + mpmath.exp(-u)),
    "softplus": lambda u: mpmath.log(1 + mpmath.exp(u)),
    "pi": mpmath.pi,
}

BY_SYMPY: dict[str, Any] = {
    **{name: getattr(sp, name) for name in _SHARED},
    "number": sp.Rational,
    "abs": sp.Abs,
    "relu": lambda u: sp.Max(u, 0),
    "sigmoid": lambda u: 1 / (1 + sp.exp(-u)),
    "softplus": lambda u: sp.log(1 + sp.exp(u)),
}

Point = dict[str, mpmath.mpf]


@dataclass(frozen=True)
class Truth:
    at: Point
    slope: mpmath.mpf


def truths(case: Case) -> list[Truth]:
    """The derivative at POINTS points; raises ValueError where there are not as many in the domain."""
    found: list[Truth] = []
    for attempt in range(400):
        source = random.Random(f"{case.name} {attempt}")
        at = {name: mpmath.mpf(_drawn(declared, source)) for name, declared in LETTERS.items()}
        slope = _slope(case, at)
        if slope is not None:
            found.append(Truth(at, slope))
        if len(found) == POINTS:
            return found
    raise ValueError(f"no points found for {case.name}")


def _drawn(declared: str, source: random.Random) -> float:
    value = source.uniform(0.3, 1.7)
    return value if "positive" in declared else value * source.choice((-1, 1))


def _slope(case: Case, at: Point) -> mpmath.mpf | None:
    """By five-point differences; None where the function is not real."""

    def near(places: int) -> Any:
        return read(case.expression, {**BY_MPMATH, **at, case.wrt: at[case.wrt] + places * STEP})

    try:
        slope = (8 * (near(1) - near(-1)) - (near(2) - near(-2))) / (12 * STEP)
    except (ZeroDivisionError, ValueError):
        return None
    return slope if isinstance(slope, mpmath.mpf) and mpmath.isfinite(slope) else None


def equal(found: Any, true: mpmath.mpf) -> bool:
    return bool(abs(mpmath.mpmathify(found) - true) <= TOLERANCE * max(1, abs(true)))


# --- both programs ----------------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What became of one derivative; times in seconds, `first` is that of the first time this process derives it."""

    group: str
    status: str
    lines: int = 0
    verified: bool = False
    printed: str = ""
    note: str = ""
    first: float | None = None
    seconds: float | None = None
    sympy: str = ""
    sympy_equal: bool = False
    sympy_seconds: float | None = None
    laws: list[str] = field(default_factory=list)


def timed(work: Callable[[], object]) -> float:
    """SymPy's cache is emptied first: without this, every run but the first would be a look-up."""
    sp.core.cache.clear_cache()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def question(case: Case) -> Part:
    declarations = [f"{name}: {declared}" for name, declared in LETTERS.items()]
    return derivative_question(case.expression, case.wrt, scope_from(declarations, ()))


def examined(case: Case, runs: int) -> Outcome:
    outcome = with_derivgen(case)
    wrt, written = written_for_sympy(case)
    mine, theirs = [], []
    for _ in range(runs):
        if outcome.status != REFUSED:
            mine.append(timed(partial(solve, question(case), 1, Layout.DENOMINATOR)))
        theirs.append(timed(partial(sp.diff, written, wrt)))
    outcome.seconds = statistics.median(mine) if mine else None
    outcome.sympy_seconds = statistics.median(theirs)
    judge(case, outcome, sp.diff(written, wrt))
    return outcome


def with_derivgen(case: Case) -> Outcome:
    outcome = Outcome(case.group, REFUSED)
    try:
        part = question(case)
        start = time.perf_counter()
        with limited():
            solved = solve(part, 1, Layout.DENOMINATOR)
        outcome.first = time.perf_counter() - start
    except DerivgenError as error:
        outcome.note = f"{type(error).__name__}: {error}".splitlines()[0]
        return outcome
    except TooSlow as error:
        outcome.note = str(error)
        return outcome
    except Exception as error:  # a bug of derivgen's must not end the run
        outcome.note = f"crash {type(error).__name__}: {error}".splitlines()[0]
        return outcome
    if solved.derivation is None or solved.report is None:
        outcome.note = solved.refusal
        return outcome
    outcome.status = DERIVED
    outcome.lines = len(solved.derivation.lines)
    outcome.laws = [line.rule for line in solved.derivation.lines]
    outcome.verified = solved.report.verified
    outcome.printed = text(solved.derivation.result)
    if not outcome.verified:
        bad = next(v for v in (*solved.report.verdicts, solved.report.result) if not v.holds)
        outcome.note = f"{bad.status}: {bad.message}"
    return outcome


def written_for_sympy(case: Case) -> tuple[Any, Any]:
    """The variable and the expression."""
    symbols = {name: sp.Symbol(name, real=True, positive="positive" in d or None) for name, d in LETTERS.items()}
    return symbols[case.wrt], sp.sympify(read(case.expression, {**BY_SYMPY, **symbols}))


def judge(case: Case, outcome: Outcome, by_sympy: Any) -> None:
    """Compares both results with the truth."""
    points = truths(case)
    outcome.sympy = str(by_sympy)
    function = sp.lambdify([sp.Symbol(s.name) for s in _ordered(by_sympy)], _bare(by_sympy), "mpmath")
    names = [s.name for s in _ordered(by_sympy)]
    try:
        outcome.sympy_equal = all(equal(function(*(t.at[n] for n in names)), t.slope) for t in points)
    except Exception:  # a result without a value, such as one with a Derivative left in it
        outcome.sympy_equal = False
    if outcome.status == REFUSED:
        return
    try:
        right = all(equal(read(outcome.printed, {**BY_MPMATH, **t.at}), t.slope) for t in points)
    except Exception as error:
        outcome.status, outcome.note = WRONG, f"the printed text cannot be evaluated: {error}"
        return
    if not right:
        outcome.status, outcome.note = WRONG, outcome.note or "another value"


def _ordered(by_sympy: Any) -> list[Any]:
    return sorted(by_sympy.free_symbols, key=lambda symbol: symbol.name)


def _bare(by_sympy: Any) -> Any:
    return by_sympy.xreplace({symbol: sp.Symbol(symbol.name) for symbol in by_sympy.free_symbols})


# --- the report -------------------------------------------------------------------------------------------------------


def rows(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """A line for each derivative, by group."""
    group = ""
    for name, outcome in outcomes.items():
        if outcome.group != group:
            group = outcome.group
            yield f"\n{group:46}{'':10}{'lines':>6}{'checked':>9}{'ms':>8}{'first':>8}{'SymPy':>8}"
        mine, first = (f"{s * 1e3:.1f}" if s is not None else "-" for s in (outcome.seconds, outcome.first))
        checked = {True: "yes", False: "NO"}[outcome.verified] if outcome.status != REFUSED else "-"
        yield (
            f"  {name:44}{outcome.status:>10}{outcome.lines or '-':>6}{checked:>9}{mine:>8}{first:>8}"
            f"{(outcome.sympy_seconds or 0) * 1e3:>8.1f}"
        )


def complaints(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    """What derivgen does not do, or does not say well, and what SymPy gets wrong."""
    groups: dict[str, list[str]] = {}

    def note(kind: str, name: str, *more: str) -> None:
        groups.setdefault(kind, []).append("\n".join([f"  {name}", *(f"      {line}" for line in more if line)]))

    for name, outcome in outcomes.items():
        both = (f"prints {outcome.printed}", f"SymPy  {outcome.sympy}", outcome.note and f"({outcome.note})")
        if outcome.status == REFUSED:
            note("refused", name, outcome.note)
        elif outcome.status == WRONG:
            note("wrong", name, *both)
        else:
            if not outcome.verified:
                note("unverified", name, *both)
            if SUSPECT.search(outcome.printed):
                note("leftovers", name, *both)
            if len(outcome.printed) > LONG * len(outcome.sympy) + 4:
                note("much longer than SymPy's", name, *both)
            if outcome.seconds is not None and outcome.seconds > SLOW:
                note(f"slower than {SLOW * 1e3:.0f} ms", name, f"{outcome.seconds * 1e3:.0f} ms, {outcome.lines} lines")
        if not outcome.sympy_equal:
            note("SymPy's has another value or none", name, f"SymPy  {outcome.sympy}")
    for kind, lines in groups.items():
        yield f"\n{kind}: {len(lines)}"
        yield from lines


def summary(outcomes: Mapping[str, Outcome]) -> Iterator[str]:
    every = list(outcomes.values())
    done = [outcome for outcome in every if outcome.status != REFUSED]
    equals = sum(outcome.status == DERIVED for outcome in every)
    verified = sum(outcome.verified for outcome in done)
    yield f"\n{len(every)} derivatives: {len(done)} derived, {verified} of them with every line verified"
    yield f"equal to the truth: derivgen {equals}, SymPy {sum(o.sympy_equal for o in every)}"
    lines = [outcome.lines for outcome in done]
    median, p90 = (percentile(lines, part) for part in (0.5, 0.9))
    yield f"lines: median {median:.0f}, p90 {p90:.0f}, most {max(lines, default=0)}"
    timed = {
        "derivgen": [o.seconds for o in done if o.seconds is not None],
        "derivgen, first": [o.first for o in done if o.first is not None],
        "SymPy": [o.sympy_seconds for o in done if o.sympy_seconds is not None],
    }
    for label, times in timed.items():
        yield f"{label:16} median {percentile(times, 0.5) * 1e3:7.2f} ms, p90 {percentile(times, 0.9) * 1e3:7.2f} ms"
    mine, theirs = timed["derivgen"], timed["SymPy"]
    ratios = [a / b for a, b in zip(mine, theirs, strict=True) if b]
    of_medians = percentile(mine, 0.5) / percentile(theirs, 0.5)
    of_p90 = percentile(mine, 0.9) / percentile(theirs, 0.9)
    yield f"derivgen with steps and checks / SymPy: of medians {of_medians:.1f}, of p90 {of_p90:.1f}"
    yield f"ratio by pairs: median {percentile(ratios, 0.5):.1f}, p90 {percentile(ratios, 0.9):.1f}"
    yield "laws: " + ", ".join(f"{law} {count}" for law, count in _laws(done).most_common())


def _laws(done: Sequence[Outcome]) -> Counter[str]:
    return Counter(law for outcome in done for line in outcome.laws for law in line.split(", "))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", metavar="FILE", help="write everything to FILE as well")
    parser.add_argument("--only", metavar="PATTERN", default="", help="names or groups that contain or match PATTERN")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args()
    mpmath.mp.dps = DIGITS
    everything = cases()
    chosen = [case for case in everything if _fits(options.only, case.name) or _fits(options.only, case.group)]
    for expression in ("x**2*sin(x)/(1 + exp(x))", "log(x**2 + 1)*t**t", "sqrt(1 + tanh(x)**2)"):
        with_derivgen(Case("warm-up", expression, "x"))
    outcomes = {case.name: examined(case, options.runs) for case in chosen}
    print(f"derivgen {derivgen.__version__}, SymPy {sp.__version__}; median of {options.runs} runs in one process")
    print("\n".join([*rows(outcomes), *complaints(outcomes), *summary(outcomes)]))
    if options.json:
        plain = {"version": derivgen.__version__, "results": {name: asdict(o) for name, o in outcomes.items()}}
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(plain, file, indent=1)
    raise SystemExit(1 if any(outcome.status == WRONG for outcome in outcomes.values()) else 0)


if __name__ == "__main__":
    main()
