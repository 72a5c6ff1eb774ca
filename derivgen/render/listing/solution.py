"""Minima: gradient descent finds them again, or the slopes vanish there."""

from __future__ import annotations

from derivgen.derivation import AGREES
from derivgen.render.listing.program import STEP, TOLERANCE, Line, Program


def solution(the: Program) -> list[Line]:
    """Gradient descent to the minimum; by NumPy, where the slopes at the solution vanish."""
    derivation = the.derivation
    the.settle()
    quantity = derivation.shape
    unknown = the.unknown()
    f, x = the.quantity(), the.names.symbols[unknown.name]
    function = the.function(f, x)
    if not the.is_torch:
        lines = the.formula_of(quantity)
        k, step, slopes, h = (the.k, the.own("step"), the.own("slopes"), the.h)
        tolerance, answer = TOLERANCE["numpy", 1], the.answer
        return [
            *function,
            *lines,
            "",
            f"{h} = {STEP[1]}",
            f"{slopes} = []",
            f"for {k} in np.ndindex({answer}.shape):",
            f"    {step} = np.zeros({answer}.shape)",
            f"    {step}[{k}] = {h}",
            f"    {slopes}.append(({f}({answer} + {step}) - {f}({answer} - {step})) / (2 * {h}))",
            f'print("{AGREES} {tolerance}:", np.allclose({slopes}, 0, atol={tolerance}))',
        ]
    size = the.coder.shape(unknown.shape)
    rate = the.own("rate")
    return [
        *function,
        f"{x} = torch.zeros{size}",
        f"hessian = torch.autograd.functional.hessian({f}, {x}).reshape({x}.numel(), {x}.numel())",
        f"{rate} = 1 / torch.linalg.eigvalsh(hessian).max()",
        "for step in range(5000):  # gradient descent",
        f"    {x}.requires_grad_()",
        f"    slope, = torch.autograd.grad({f}({x}), {x})",
        f"    {x} = ({x} - {rate} * slope).detach()",
        *the.formula_of(quantity),
        "",
        *the.compared(x, "descent"),
    ]
