"""A whole program: data, the named quantities, what is computed and what is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from derivgen.derivation import Derivation
from derivgen.errors import CannotDerive
from derivgen.expr.nodes import SCALAR, Apply, Expr
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.walk import all_indices, free_indices, subexpressions, symbols
from derivgen.problem.model import Part, Values
from derivgen.render.listing.arrays import by_array
from derivgen.render.listing.data import data_lines, known_symbols, sizes_of
from derivgen.render.listing.program import SCALAR_TASKS, Line, Program, is_pending, needed
from derivgen.render.listing.scalars import by_scalars
from derivgen.render.listing.solution import solution
from derivgen.render.numpy import HELPERS, TAKEN, Code, python_names
from derivgen.render.torch import TorchCode

LANGUAGES = {"numpy": "NumPy", "torch": "PyTorch"}

STRUCTURED = frozenset("symmetric skew diagonal triangular orthogonal idempotent unit onehot".split())
"""What a variable may be that a program does not know: it moves each entry by itself."""

_EQUALITIES = ("expand", "matrix_form", "element_form")


def listing(
    derivation: Derivation,
    part: Part,
    language: str,
    numbers: Mapping[str, Values] | None = None,
    digits: int = 6,
) -> str:
    """The program in `language` (numpy or torch) that recomputes the result of `derivation`, of `part`, and compares.

    Symbols have the `numbers` given, or those of the problem and of the point of the part; others are drawn at random.
    Its last line prints whether both agree (derivation.says_agreement).
    """
    if part.given.staged:
        raise CannotDerive("the result was rounded line by line")
    if part.given.data:
        raise CannotDerive("a gradient over a table of data has no listing")
    return _source(Program(derivation, part, language, dict(numbers or {}), digits))


def _source(the: Program) -> str:
    derivation, scope = the.derivation, the.part.scope
    if derivation.form != "matrix":
        raise CannotDerive("an index form has no listing")
    the.point = {symbol.name: value for symbol, value in the.part.given.at}
    meanings = {name: scope.levels.get(name, meaning) for name, meaning in scope.definitions.items()}
    meanings |= {s.name: meaning for s, meaning in derivation.named if not is_pending(meaning)}
    the.definitions = meanings
    whole = [derivation.statement, derivation.result]
    used = [*whole, *needed(whole, meanings).values()]
    _refuse(the, used)
    declared = [*scope.symbols, *(s.name for expr in used for s in symbols(expr)), *meanings]
    the.names = python_names(declared, [i for expr in used for i in all_indices(expr)], used)
    the.taken = {*the.names.symbols.values(), *the.names.sizes.values(), *the.names.indices.values(), *TAKEN}
    the.coder = (TorchCode if the.is_torch else Code)(the.names, (), inline=False)
    known = known_symbols(the, used)
    sizes = sizes_of(the, known)
    body = _body(the)
    head = data_lines(the, known, sizes)
    helpers = [line for name in HELPERS if name in the.coder.helpers for line in _helper(name)]
    first = ["import torch", ""] if the.is_torch else ["import numpy as np", ""]
    if "erf" in the.coder.helpers:
        first = ["import math", "", *first]
    if the.is_torch:
        first.append("torch.set_default_dtype(torch.float64)")
    return _joined([*first, *helpers, *head, "", *body])


def _refuse(the: Program, used: Iterable[Expr]) -> None:
    for expr in used:
        for node in subexpressions(expr):
            if isinstance(node, Apply) and node.function.abstract:
                raise CannotDerive(f"{node.function.name} is not specified, so nothing can be computed")
    wrt = the.derivation.wrt
    structure = sorted(wrt.assumptions & STRUCTURED) if wrt is not None else []
    if structure and wrt is not None:
        raise CannotDerive(f"that {wrt.name} is {structure[0]} is not known to a program")


def _body(the: Program) -> list[Line]:
    derivation, task = the.derivation, the.part.task
    if task == "evaluate" or task in _EQUALITIES:
        return _value(the)
    if derivation.question is None and derivation.wrt is not None:
        return by_array(the, derivation.wrt)
    if task == "solve" and derivation.wrt is None:
        return solution(the)
    if task in SCALAR_TASKS:
        return by_scalars(the)
    raise CannotDerive(f"`{task}` has no listing")


def _value(the: Program) -> list[Line]:
    statement, result = the.derivation.statement, the.derivation.result
    if free_indices(statement) or free_indices(result):
        raise CannotDerive("an expression with free indices has no listing")
    the.settle()
    shown = the.coder.shown(statement)
    if the.is_torch and is_scalar(statement) and not symbols(statement):
        shown = f"torch.tensor(1.0 * ({shown}))"
    lines = [*the.lets([statement]), f"value = {shown}", *the.formula_of(shape(result))]
    return [*lines, "", *the.compared("value", "value", is_array=shape(result) != SCALAR)]


def _helper(name: str) -> list[Line]:
    return [*HELPERS[name].strip("\n").split("\n"), ""]


def _joined(lines: Iterable[Line]) -> str:
    found: list[Line] = []
    for line in lines:
        if line or (found and found[-1]):
            found.append(line)
    return "\n".join(found).rstrip("\n") + "\n"
