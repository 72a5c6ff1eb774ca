"""Derivatives by scalars: partial derivatives, gradients, Jacobians and Hessians of written-out functions."""

from __future__ import annotations

from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ONE, SCALAR, At, Expr, Matrix, Partial, Symbol
from derivgen.expr.shapes import is_scalar, shape
from derivgen.render.listing.program import STEP, Line, Program, is_pending
from derivgen.render.torch import TorchCode


def by_scalars(the: Program) -> list[Line]:
    derivation, variables = the.derivation, the.part.given.variables
    the.settle()
    if not variables or derivation.question is None:
        raise CannotDerive("nothing is differentiated")
    entries = _entries(the, derivation.question)
    orders = {len(by) for _, by in entries}
    if orders not in ({1}, {2}):
        raise CannotDerive("a derivative of that order has no listing")
    order = orders.pop()
    statement = derivation.statement
    is_vector = not is_scalar(statement)
    if is_vector and (order == 2 or shape(statement)[1] != ONE):
        raise CannotDerive("a derivative of that order has no listing")
    f, names = the.quantity(), [the.names.symbols[one.name] for one in variables]
    label = "autograd" if the.is_torch else "differences"
    alone = len(variables) == 1
    p = names[0] if alone else the.own("p")
    opening = [] if alone else [f"{', '.join(names)} = {p}"]
    lines = the.function(f, p, opening)
    if isinstance(the.coder, TorchCode) and isinstance(statement, Matrix):
        lines[-2] = f"    return torch.stack([{', '.join(map(the.coder.tensor, statement.entries))}])"
    lines += the.graph(f, p)
    found, more = _scalar_slopes(the, f, p, alone, is_vector, order)
    arranged = _arranged(the, found, entries, alone, order, is_vector)
    if arranged == found and more and more[-1].startswith(f"{found} = "):
        lines += [*more[:-1], f"{label} = {more[-1].removeprefix(f'{found} = ')}"]
    else:
        lines += [*more, f"{label} = {arranged}"]
    lines += the.formula_of(derivation.shape)
    return [*lines, "", *the.compared(label, label, order, derivation.shape != SCALAR)]


def _scalar_slopes(the: Program, f: str, p: str, alone: bool, is_vector: bool, order: int) -> tuple[str, list[Line]]:
    if the.is_torch:
        if order == 2:
            return f"torch.autograd.functional.hessian({f}, {p})", []
        if is_vector or not the.depends():
            return f"torch.autograd.functional.jacobian({f}, {p})", []
        return f"{p}.grad", [f"{p}.requires_grad_()", f"{f}({p}).backward()"]
    h = the.h
    lines = [f"{h} = {STEP[order]}"]
    if alone:
        if order == 2:
            return f"({f}({p} + {h}) - 2 * {f}({p}) + {f}({p} - {h})) / {h}**2", lines
        return f"({f}({p} + {h}) - {f}({p} - {h})) / (2 * {h})", lines
    slopes = the.own("slopes")
    steps = f"{h} * np.eye({len(the.part.given.variables)})"
    if order == 2:
        return slopes, [*lines, *the.second_differences(slopes, f, p, steps)]
    s = the.own("s", "step")
    inner = f"[({f}({p} + {s}) - {f}({p} - {s})) / (2 * {h}) for {s} in {steps}]"
    return slopes, [*lines, f"{slopes} = {'np.hstack' if is_vector else 'np.array'}({inner})"]


def _entries(the: Program, question: Expr) -> list[tuple[int, tuple[int, ...]]]:
    """For each entry of the answer which component is differentiated, and by which variables."""
    derivation, variables = the.derivation, the.part.given.variables
    named = {symbol.name: meaning for symbol, meaning in derivation.named}
    statement = derivation.statement
    components = statement.entries if isinstance(statement, Matrix) else (statement,)

    def reduced(expr: Expr) -> Expr:
        while True:
            if isinstance(expr, At):
                expr = expr.body
            elif isinstance(expr, Symbol) and expr.name in named and is_pending(named[expr.name]):
                expr = named[expr.name]
            else:
                return expr

    def entry(expr: Expr) -> tuple[int, tuple[int, ...]]:
        by: list[int] = []
        expr = reduced(expr)
        while isinstance(expr, Partial):
            if expr.wrt not in variables:
                raise CannotDerive("the derivative is by no variable")
            by.append(variables.index(expr.wrt))
            expr = reduced(expr.body)
        meaning = named.get(expr.name, expr) if isinstance(expr, Symbol) else expr
        if expr == derivation.quantity:
            return 0, tuple(reversed(by))
        if meaning not in components or not by:
            raise CannotDerive("what is asked is no derivative of what is given")
        return components.index(meaning), tuple(reversed(by))

    whole = reduced(question)
    return [entry(one) for one in (whole.entries if isinstance(whole, Matrix) else (whole,))]


def _arranged(
    the: Program, found: str, entries: list[tuple[int, tuple[int, ...]]], alone: bool, order: int, is_vector: bool
) -> str:
    """The slopes at the places of the answer."""
    rows, columns = (dim.number for dim in the.derivation.shape)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    count, many = len(the.part.given.variables), rows * columns
    if len(entries) != many:
        raise CannotDerive("the answer has another shape than the question")
    if alone and not is_vector:
        return found if many == 1 else f"{the.lib}.stack([{found}]).reshape({rows}, {columns})"
    if order == 2:
        ways = [by for _, by in entries]
        if rows == columns and ways in (places, [(column, row) for row, column in places]):
            return found
    elif is_vector and not alone:
        if [(at, by[0]) for at, by in entries] == places:
            return found
        if [(by[0], at) for at, by in entries] == places:
            return f"{found}.T"
    elif [by[0] for _, by in entries] == list(range(count)):
        return f"{found}.reshape({rows}, {columns})"
    if is_vector and alone:
        return f"{found}.reshape({rows}, {columns})"
    picked = [f"{found}[{', '.join(map(str, ((at,) if is_vector else ()) + by))}]" for at, by in entries]
    if many == 1:
        return picked[0]
    stack = "torch.stack" if the.is_torch else "np.array"
    return f"{stack}([{', '.join(picked)}]).reshape({rows}, {columns})"
