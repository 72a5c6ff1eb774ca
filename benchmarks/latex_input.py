r"""Reads the answers of a catalogue of exercises from LaTeX and says which are read and which are refused, and why.

    python benchmarks/latex_input.py CATALOGUE.yaml

The catalogue is a list of entries with `id`, `kind`, `input: {given, symbols}` and `expected: {latex, py}`. Nothing is
changed but that the symbols are declared. What is read is compared by value with the answer as text, where there is
one, and with the question, where that is an index sum; the sides of an equation are compared with each other.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from derivgen.build.question import scope_from
from derivgen.errors import DerivgenError, ExpressionError, ShapeError
from derivgen.expr.nodes import Entry, Expr, Layout, Symbol
from derivgen.expr.shapes import axes, is_scalar
from derivgen.expr.text import text
from derivgen.expr.walk import free_indices
from derivgen.problem.expression import parse_expression
from derivgen.problem.latex_input import parse_latex
from derivgen.problem.latex_input.cut import cut
from derivgen.problem.model import Scope
from derivgen.problem.options import with_slopes
from derivgen.verify.arrays import BadPoint
from derivgen.verify.evaluate import evaluate
from derivgen.verify.points import make_point, survey

KINDS = ("matrix-derivative", "index-to-matrix")
TOLERANCE = 1e-9
"""Relative; the expressions are short, their numbers near 1."""

# names that an answer uses and the list of symbols of its entry does not declare, or not as its subscripts need it
MORE = {
    r"\alpha_{t-1}": r"alpha_prev: vector(J) as \alpha_{t-1}",
    r"\beta_{t+1}": r"beta_next: vector(J) as \beta_{t+1}",
    r"x_{t+1}": r"x_next: index(W) as x_{t+1}",
}


@dataclass(frozen=True)
class Outcome:
    word: str
    """read, sides (an equation whose sides are read), refused."""
    said: str
    compared: str = ""


def declarations(entry: dict[str, Any]) -> Iterator[str]:
    """The symbols of an entry in the words of problem files."""
    given = entry["input"].get("symbols") or {}
    answer = str(entry["expected"]["latex"])
    for name, written in given.items():
        assumed = "symmetric" if "symmetric" in written and "not nec" not in written else ""
        assumed += " invertible" if "invertible" in written else ""
        size = re.search(r"(\w+) x (\w+)", written)
        power = re.search(r"R\^(\w+)", written)
        named = re.search(r"\((\w+(?:, ?\w+)+)\)", written)
        if "integer in [1," in written:
            last = re.search(r"\[1,(\w+)\]", written)
            yield f"{name}: index({last[1] if last else 'n'})"
        elif named:
            yield f"{name}: vector({named[1]})"
        elif size and size[1] == "1":
            yield f"{name}: matrix(1, {size[2]})"
        elif size or "symmetric" in written:
            rows, columns = (size[1], size[2]) if size else ("n", "n")
            yield f"{name}: matrix({rows}, {columns}) {assumed if rows == columns else ''}"
        elif "2x2" in written:
            yield f"{name}: {_values(entry, name)}"
        elif power:
            yield f"{name}: vector({power[1]})"
        elif "scalar" in written or "number" in written:
            yield f"{name}: scalar"
    for written, declared in MORE.items():
        if written in answer:
            yield declared


def _values(entry: dict[str, Any], name: str) -> str:
    found = re.search(r"Matrix\((\[\[.*?\]\])\)", str(entry["input"].get("py") or ""))
    return found[1] if found else "matrix(2, 2)"


def read(entry: dict[str, Any]) -> Outcome:
    answer = str(entry["expected"]["latex"])
    try:
        scope = scope_from(list(declarations(entry)), [])
        slope = re.search(r"\\frac\{d(\w)\}\{d(\w)\}", answer)
        if slope:  # as in a part with `functions`
            scope = with_slopes(scope, {slope[1]: (slope[2],)}, Layout.DENOMINATOR)
    except DerivgenError as error:
        return Outcome("refused", f"a symbol: {error}")
    try:
        expr = parse_latex(answer, scope, expand=True)
    except ExpressionError as error:
        sides = list(_sides(answer, scope))
        if len(sides) > 1 and all(isinstance(side, Expr) for side in sides):
            whole = [side for side in sides if isinstance(side, Expr)]
            if isinstance(whole[0], Symbol):
                return Outcome("sides", " = ".join(map(text, whole)), "a name and what it is")
            try:
                same = all(_equal(scope, whole[0], side) for side in whole[1:])
            except (BadPoint, ShapeError, KeyError):
                same = False
            return Outcome("sides", " = ".join(map(text, whole)), "sides equal" if same else "SIDES DIFFER")
        return Outcome("refused", f"{error.message}" + (f" ({error.hint})" if error.hint else ""))
    return Outcome("read", text(expr), _compared(entry, scope, expr))


def _sides(answer: str, scope: Scope) -> Iterator[Expr | None]:
    """The sides of an equation, each read alone; None for one that cannot be."""
    try:
        _, tokens = cut(answer)
    except ExpressionError:
        return
    start = 0
    ends = [token.span for token in tokens if token.kind == "operator" and token.text == "="]
    for end, after in [*ends, (len(answer), len(answer))]:
        try:
            yield parse_latex(answer[start:end], scope, expand=True)
        except ExpressionError:
            yield None
        start = after


def _compared(entry: dict[str, Any], scope: Scope, expr: Expr) -> str:
    done = []
    written = entry["expected"].get("py")
    if written:
        try:
            known = parse_expression(_as_text(str(written)), scope, expand=True)
            done.append("as text" if _equal(scope, expr, known) else f"DIFFERS from {written}")
        except (DerivgenError, BadPoint, KeyError) as error:
            done.append(f"not compared: {error}")
    question, order = _question(entry, scope)
    if question is not None:
        found = {index.name: index for index in free_indices(question) or free_indices(expr)}
        free = tuple(found[letter] for letter in order or sorted(found))
        own, asked = (
            Entry(side, free) if free and not free_indices(side) and len(axes(side)) == len(free) else side
            for side in (expr, question)
        )
        same = is_scalar(own) == is_scalar(asked) and _equal(scope, own, asked)
        done.append("as the question" if same else f"DIFFERS from the question {text(question)}")
    return ", ".join(done)


def _as_text(written: str) -> str:
    """SymPy's text as ours: * between arrays is the matrix product."""
    return re.sub(r"(?<=[A-Za-z)\]])\*(?=[A-Za-z(\[])", " @ ", written)


def _question(entry: dict[str, Any], scope: Scope) -> tuple[Expr | None, tuple[str, ...]]:
    """The index sum that is asked about, and the order of its free indices where that is said."""
    if entry["kind"] != "index-to-matrix":
        return None, ()
    given, _, said = str(entry["input"].get("given") or "").partition(r"\text{")
    order = re.search(r"\((\w), ?(\w)\)", said)
    try:
        return parse_latex(given, scope), order.groups() if order else ()
    except ExpressionError:
        return None, ()


def _equal(scope: Scope, left: Expr, right: Expr) -> bool:
    """Whether both have one value at three points."""
    over = survey((left, right))
    free = tuple(dict.fromkeys((*free_indices(left), *free_indices(right))))
    for number in range(1, 4):
        point = make_point(over, number, "general", scope.values)
        one, other = (np.asarray(evaluate(side, point, free), dtype=float) for side in (left, right))
        if one.shape != other.shape or not np.allclose(one, other, rtol=TOLERANCE, atol=TOLERANCE):
            return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("--kind", action="append", help="kinds of entries (repeat it)")
    arguments = parser.parse_args()
    entries = yaml.safe_load(arguments.catalogue.read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for entry in entries:
        if entry["kind"] not in (arguments.kind or KINDS) or not entry["expected"].get("latex"):
            continue
        outcome = read(entry)
        counts[outcome.word] += 1
        counts["differ"] += "DIFFER" in outcome.compared
        print(f"{outcome.word:8} {entry['id']:16} {entry['expected']['latex']}")
        print(f"{'':25} {outcome.said}" + (f"  [{outcome.compared}]" if outcome.compared else ""))
    print(", ".join(f"{count} {word}" for word, count in counts.items()))
    return 1 if counts["differ"] else 0


if __name__ == "__main__":
    sys.exit(main())
