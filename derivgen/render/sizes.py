r"""Which identities and columns of ones need their size written below them: `\mathbf{1}_n` where nothing else shows n.

In `\mathbf{I} + \mathbf{A}` and `\mathbf{1}^T \mathbf{x}` the neighbours show it, as they do to one who reads LaTeX
back (problem/latex_input); in `\operatorname{tr}(\mathbf{I})` they do not.
"""

from __future__ import annotations

from collections.abc import Iterator

from derivgen.expr.nodes import (
    ONE,
    SCALAR,
    Apply,
    At,
    Delta,
    Det,
    Differential,
    Entry,
    Expr,
    Eye,
    Group,
    Inverse,
    Kron,
    LogDet,
    MatMul,
    MatrixPower,
    Ones,
    Plus,
    Power,
    Product,
    Softmax,
    Subscript,
    Sum,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.expr.shapes import shape
from derivgen.expr.walk import parts, subexpressions, subscripts

Known = tuple[bool, bool]
"""Whether the number of rows and of columns is shown."""

_NOTHING: Known = (False, False)
_CONSTANTS = Eye | Ones | Zeros | Upper


def sizes_to_write(expr: Expr) -> frozenset[Expr]:
    """The constants of `expr` whose size nothing in it shows; zeros alone stand in an equation, which shows it."""
    if isinstance(expr, Zeros) or not any(isinstance(node, _CONSTANTS) for node in subexpressions(expr)):
        return frozenset()
    return frozenset(_lacking(expr, _NOTHING)) | frozenset(_identities(expr, _ranged(expr)))


def _is_delta(node: Expr) -> bool:
    """An entry of the identity: I_ij is a delta, and runs over what its letters run over elsewhere."""
    return isinstance(node, Delta) or (isinstance(node, Entry) and isinstance(node.base, Eye))


def _ranged(expr: Expr) -> frozenset[Subscript]:
    """The free indices of `expr` whose range something in it shows."""
    if isinstance(expr, Sum):
        return _ranged(expr.body) - {expr.index}
    own = () if _is_delta(expr) else subscripts(expr)
    return frozenset(own).union(*(_ranged(part) for part in parts(expr)))


def _identities(expr: Expr, ranged: frozenset[Subscript]) -> Iterator[Expr]:
    """The identities of which `expr` holds an entry whose letters stand nowhere else."""
    if isinstance(expr, Entry) and _is_delta(expr):
        if ranged.isdisjoint(expr.subscripts):
            yield expr.base
        return
    if isinstance(expr, Sum):
        ranged = (ranged - {expr.index}) | _ranged(expr.body)
    for part in parts(expr):
        yield from _identities(part, ranged)


def _shown(expr: Expr) -> Known:
    """What `expr` shows of its own shape."""
    match expr:
        case Eye() | Upper():
            return _NOTHING
        case Ones((rows, columns)) | Zeros((rows, columns)):
            return (columns != ONE, rows != ONE) if ONE in (rows, columns) else (True, True)
        case _ if shape(expr) == SCALAR:
            return (True, True)
        case Plus(operands) | Product(operands):
            return _either(operands)
        case Power(base, exponent):
            return _either((base, exponent))
        case Apply(_, arguments):
            return _either(arguments) if len(arguments) == 1 else _all(arguments)
        case MatMul(factors):
            sides = _chain(factors, _NOTHING)
            return (sides[0], sides[-1])
        case Transpose(body):
            return _turned(_shown(body))
        case Inverse(body) | MatrixPower(body):
            return _square(_shown(body))
        case Sum(_, body) | Group(body) | Softmax(body) | At(body) | Differential(body):
            return _shown(body)
        case Kron() | Vec():
            return _all(parts(expr))
    return (True, True)


def _either(operands: tuple[Expr, ...]) -> Known:
    arrays = [_shown(operand) for operand in operands if shape(operand) != SCALAR]
    return (any(rows for rows, _ in arrays), any(columns for _, columns in arrays))


def _all(operands: tuple[Expr, ...]) -> Known:
    known = all(all(_shown(operand)) for operand in operands)
    return (known, known)


def _turned(known: Known) -> Known:
    return (known[1], known[0])


def _square(known: Known) -> Known:
    return (any(known), any(known))


def _chain(factors: tuple[Expr, ...], around: Known) -> list[bool]:
    """For each gap of a matrix product, and its two ends, whether the size there is shown."""
    own = [_shown(factor) for factor in factors]
    sides = [around[0], *([False] * (len(factors) - 1)), around[1]]
    for place, (rows, columns) in enumerate(own):
        sides[place] = sides[place] or rows
        sides[place + 1] = sides[place + 1] or columns
    for order in (range(len(factors)), reversed(range(len(factors)))):
        for place in order:
            if isinstance(factors[place], Eye):
                sides[place] = sides[place + 1] = sides[place] or sides[place + 1]
    return sides


def _lacking(expr: Expr, around: Known) -> Iterator[Expr]:
    """The constants in `expr` whose size is not shown; `around` is what is known of the shape of `expr`."""
    match expr:
        case Eye() | Upper():
            if not any(around):
                yield expr
        case Ones((rows, columns)) | Zeros((rows, columns)):
            if (columns == ONE and not around[0]) or (rows == ONE and columns != ONE and not around[1]):
                yield expr
        case Plus(operands) | Product(operands):
            yield from _beside(operands, around)
        case Power(base, exponent):
            yield from _beside((base, exponent), around)
        case Apply(_, (argument,)):
            yield from _lacking(argument, around)
        case MatMul(factors):
            sides = _chain(factors, around)
            for place, factor in enumerate(factors):
                yield from _lacking(factor, (sides[place], sides[place + 1]))
        case Transpose(body):
            yield from _lacking(body, _turned(around))
        case Inverse(body) | MatrixPower(body):
            yield from _lacking(body, _square((any(around), any(_shown(body)))))
        case Trace(body) | Det(body) | LogDet(body):
            yield from _lacking(body, _square(_shown(body)))
        case Sum(_, body) | Group(body) | Softmax(body) | Differential(body):
            yield from _lacking(body, around)
        case Entry(Eye()):
            return
        case _:
            for part in parts(expr):
                yield from _lacking(part, _NOTHING)


def _beside(operands: tuple[Expr, ...], around: Known) -> Iterator[Expr]:
    """Of operands of one shape, what the one shows is known of the others."""
    rows, columns = _either(operands)
    known = (rows or around[0], columns or around[1])
    for operand in operands:
        yield from _lacking(operand, known if shape(operand) != SCALAR else _NOTHING)
