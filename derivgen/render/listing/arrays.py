"""Derivatives by an array: autograd, or central differences."""

from __future__ import annotations

from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ONE, Dim, Layout, Symbol
from derivgen.expr.shapes import shape
from derivgen.expr.walk import free_indices
from derivgen.render.listing.program import STEP, Line, Program


def by_array(the: Program, wrt: Symbol) -> list[Line]:
    derivation = the.derivation
    statement, order = derivation.statement, derivation.order
    if free_indices(statement):
        raise CannotDerive("an expression with free indices has no listing")
    the.settle()
    values = [dim for dim in shape(statement) if dim != ONE]
    variables = [dim for dim in wrt.shape if dim != ONE]
    if order > 2 or (order == 2 and (values or len(variables) > 1)):
        raise CannotDerive("a derivative of that order has no listing")
    if order == 1 and len(values) + len(variables) > 2:
        raise CannotDerive("a derivative with more than two axes has no listing")
    name, x = the.quantity(), the.names.symbols[wrt.name]
    turned = _turned(the, len(values), len(variables)) != derivation.wrt_transposed
    compute = _torch_slopes if the.is_torch else _numpy_slopes
    found, lines = compute(the, name, x, values, variables, order, turned)
    label = "autograd" if the.is_torch else "differences"
    is_array = bool(values or variables)
    return [
        *the.function(name, x),
        *the.graph(name, x),
        *lines,
        *the.formula_of(derivation.shape),
        "",
        *the.compared(found, label, order, is_array),
    ]


def _turned(the: Program, values: int, variables: int) -> bool:
    """Whether rows and columns of the layout are those of slopes (an axis of the value before one of the variable)
    turned; for an array by a scalar or a scalar by an array, whether those of the array are.
    """
    layout, order = the.derivation.layout, the.derivation.order
    if order == 2 or (values == 0 and variables == 0):
        return False
    if values == 0:
        return layout == Layout.NUMERATOR
    if variables == 0:
        return values == 1 and layout == Layout.DENOMINATOR
    return layout == Layout.DENOMINATOR


def _torch_slopes(
    the: Program, f: str, x: str, values: list[Dim], variables: list[Dim], order: int, turned: bool
) -> tuple[str, list[Line]]:
    turn = ".T" if turned else ""
    if order == 2:
        sizes = f".reshape({x}.numel(), {x}.numel())" if variables else ""
        return "autograd", [f"autograd = torch.autograd.functional.hessian({f}, {x}){sizes}"]
    if not values and not the.depends():
        return "autograd", [f"autograd = torch.autograd.functional.jacobian({f}, {x}){turn}"]
    if not values:
        lines = [f"{x}.requires_grad_()", f"{f}({x}).backward()", f"autograd = {x}.grad{turn}"]
        return "autograd", [*lines, f"{x} = {x}.detach()"]
    sizes = f".reshape(-1, {x}.numel())" if variables else ""
    return "autograd", [f"autograd = torch.autograd.functional.jacobian({f}, {x}){sizes}{turn}"]


def _numpy_slopes(
    the: Program, f: str, x: str, values: list[Dim], variables: list[Dim], order: int, turned: bool
) -> tuple[str, list[Line]]:
    h, turn = the.h, ".T" if turned else ""
    lines = [f"{h} = {STEP[order]}"]
    slope = f"({f}({x} + {{0}}) - {f}({x} - {{0}})) / (2 * {h})"
    if not variables:
        if order == 2:
            shown = f"({f}({x} + {h}) - 2 * {f}({x}) + {f}({x} - {h})) / {h}**2"
            return "differences", [*lines, f"differences = {shown}"]
        shown = slope.format(h)
        return "differences", [*lines, f"differences = ({shown}){turn}" if turn else f"differences = {shown}"]
    k, step, slopes = the.k, the.own("step"), the.own("slopes")
    if order == 2:
        steps = f"{h} * np.eye({x}.size).reshape({x}.size, *{x}.shape)"
        return "differences", [*lines, *the.second_differences("differences", f, x, steps)]
    lines += [
        f"{slopes} = []",
        f"for {k} in np.ndindex({x}.shape):",
        f"    {step} = np.zeros({x}.shape)",
        f"    {step}[{k}] = {h}",
        f"    {slopes}.append({slope.format(step)})",
    ]
    if values:
        column = shape(the.derivation.statement)[1] == ONE
        stacked = f"np.hstack({slopes})" if column else f"np.vstack({slopes}).T"
        return "differences", [*lines, f"differences = {stacked}{turn}"]
    return "differences", [*lines, f"differences = np.array({slopes}).reshape({x}.shape){turn}"]
