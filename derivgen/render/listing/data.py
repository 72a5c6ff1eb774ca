"""What each symbol of a program is: the numbers of the problem, or drawn at random."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from derivgen.errors import CannotDerive
from derivgen.expr.nodes import ONE, SCALAR, Apply, Dim, Expr, Number, Power, Symbol
from derivgen.expr.walk import subexpressions, symbols
from derivgen.render.listing.program import SCALAR_TASKS, Line, Program, decimal, needed


def known_symbols(the: Program, used: Sequence[Expr]) -> list[Symbol]:
    """The symbols that must have values."""
    scope, variables = the.part.scope, the.part.given.variables
    every = {s.name: s for expr in used for s in symbols(expr)} | {v.name: v for v in variables}
    if the.derivation.wrt is not None:
        every |= {the.derivation.wrt.name: the.derivation.wrt}
    skipped = {the.unknown().name} if the.part.task == "solve" else set()
    own = [s for s in (*scope.symbols.values(), *every.values()) if s.name in every]
    own = [every.get(s.name, s) for s in own]
    return [s for s in dict.fromkeys(own) if s.name not in the.definitions and s.name not in skipped]


def data_lines(the: Program, known: Sequence[Symbol], sizes: Mapping[str, int]) -> list[Line]:
    """What each symbol is: the numbers of the problem, or drawn at random with small sizes."""
    scope, variables = the.part.scope, the.part.given.variables
    lines: list[Line] = []
    given = {*the.numbers, *scope.values, *the.point}
    drawn = [s for s in known if s.name not in given]
    if drawn:
        lines.append("torch.manual_seed(0)" if the.is_torch else "rng = np.random.default_rng(0)")
    shown = [name for name in sizes if _shows(the, name, drawn)]
    if shown:
        left = ", ".join(the.names.sizes.get(name, name) for name in shown)
        lines.append(f"{left} = {', '.join(str(sizes[name]) for name in shown)}")
    for symbol in known:
        if symbol not in variables or len(variables) == 1:
            lines += _symbol(the, symbol, symbol in drawn)
    if len(variables) > 1 and the.part.task in SCALAR_TASKS:
        lines += _point(the, variables, drawn)
    elif len(variables) > 1:
        for symbol in variables:
            lines += _symbol(the, symbol, symbol in drawn)
    return lines


def _shows(the: Program, name: str, drawn: Iterable[Symbol]) -> bool:
    asked = {one for dim in the.coder.asked for one in dim.names}
    return name in asked or any(name in dim.names for s in drawn for dim in s.shape)


def sizes_of(the: Program, known: Iterable[Symbol]) -> dict[str, int]:
    """The size of each named dimension: as the numbers have it, else small and different from the others."""
    found: dict[str, int] = {}
    for symbol in known:
        if symbol.name in the.numbers:
            rows = the.numbers[symbol.name]
            for dim, size in zip(symbol.shape, (len(rows), len(rows[0])), strict=True):
                if len(dim.names) == 1 and dim.number == 1 and found.setdefault(dim.names[0], size) != size:
                    raise CannotDerive(f"{dim.names[0]} is {found[dim.names[0]]} and {size}")
    first = the.part.wrt.shape if the.part.wrt is not None else ()
    names = [name for dim in (*first, *(d for s in known for d in s.shape)) for name in dim.names]
    small = 3
    for name in dict.fromkeys(names):
        if name not in found:
            while small in found.values():
                small += 1
            found[name] = small if the.part.task != "solve" or not found else 4 * small
    for name in found:
        if name not in the.names.sizes:
            legal = name if name.isidentifier() else f"size_{len(the.names.sizes)}"
            the.names.sizes[name] = the.own(legal)
            the.taken.add(the.names.sizes[name])
    return found


def _symbol(the: Program, symbol: Symbol, is_drawn: bool) -> list[Line]:
    name = the.names.symbols[symbol.name]
    if not is_drawn:
        return [f"{name} = {_given(the, symbol)}"]
    return [f"{name} = {_draw(the, symbol.shape, symbol.assumptions)}", *_adjusted(the, name, symbol)]


def _given(the: Program, symbol: Symbol) -> str:
    values = the.numbers.get(symbol.name) or the.part.scope.values.get(symbol.name)
    if values is None:
        shown = the.coder.shown(the.point[symbol.name])
        if isinstance(the.point[symbol.name], Number):
            shown = decimal(the.point[symbol.name].value)  # type: ignore[union-attr]
        return f"torch.tensor({shown})" if the.is_torch else shown
    if symbol.shape == SCALAR:
        shown = decimal(values[0][0])
        return f"torch.tensor({shown})" if the.is_torch else shown
    inner = ", ".join(f"[{', '.join(map(decimal, row))}]" for row in values)
    return f"torch.tensor([{inner}])" if the.is_torch else f"np.array([{inner}])"


def _point(the: Program, variables: Sequence[Symbol], drawn: Sequence[Symbol]) -> list[Line]:
    p, names = the.own("p"), ", ".join(the.names.symbols[one.name] for one in variables)
    if any(one in drawn for one in variables):
        if not all(one in drawn for one in variables):
            raise CannotDerive("some of the variables have values")
        words = frozenset().union(*(one.assumptions for one in variables))
        shown = _draw(the, (Dim(len(variables)),), words)
    else:
        inner = ", ".join(_given(the, one).removeprefix("torch.tensor(").rstrip(")") for one in variables)
        if the.is_torch:
            inner = ", ".join(_bare(the, one) for one in variables)
        shown = f"torch.tensor([{inner}])" if the.is_torch else f"np.array([{inner}])"
    return [f"{p} = {shown}", f"{names} = {p}"]


def _bare(the: Program, symbol: Symbol) -> str:
    shown = _given(the, symbol)
    return shown[len("torch.tensor(") : -1]


def _draw(the: Program, of: Sequence[Dim], words: frozenset[str]) -> str:
    sizes = "" if tuple(of) == SCALAR else ", ".join(the.coder.dim(dim) for dim in of)
    inside = _is_inside(the) or bool(words & {"positive", "nonzero"})
    if the.is_torch:
        if inside:
            return f"0.1 + 0.8 * torch.rand({sizes or '()'})"
        return f"torch.randn({sizes or '()'})"
    size = f"size=({sizes})" if sizes and len(of) > 1 else f"size={sizes}" if sizes else ""
    if inside:
        return f"rng.uniform(0.1, 0.9{', ' if size else ''}{size})"
    return f"rng.normal({size})"


def _is_inside(the: Program) -> bool:
    """Whether some function has its domain in the way: numbers are drawn from between 0 and 1."""
    whole = [the.derivation.statement, *needed([the.derivation.statement], the.definitions).values()]
    for expr in whole:
        for node in subexpressions(expr):
            match node:
                case Apply(function) if function.name in ("log", "sqrt", "asin", "acos", "tan"):
                    return True
                case Power(base, exponent) if symbols(base) and not _is_whole(exponent):
                    return True
    return False


def _adjusted(the: Program, name: str, symbol: Symbol) -> list[Line]:
    """What makes an array that was drawn what it is declared to be."""
    lib, words = the.lib, symbol.assumptions
    lines: list[Line] = []
    if words & {"integer"}:
        raise CannotDerive(f"{symbol.name} is an integer")
    size = the.coder.dim(symbol.shape[0])
    if "onehot" in words and symbol.shape[1] != ONE:
        columns = the.coder.dim(symbol.shape[1])
        return [f"{name} = {lib}.eye({columns})[[i % {columns} for i in range({size})]]"]
    if "onehot" in words:
        return [f"{name} = {lib}.eye({size})[:, [1]]"]
    if "idempotent" in words:
        lines.append(f"{name} = {name}[:, :2] @ {lib}.linalg.pinv({name}[:, :2])")
    elif "orthogonal" in words:
        lines.append(f"{name} = {lib}.linalg.qr({name})[0]")
    elif "positive_definite" in words:
        lines.append(f"{name} = {name} @ {name}.T + {lib}.eye({size})")
    elif "diagonal" in words:
        lines.append(f"{name} = {lib}.diag({lib}.diag({name}))")
    elif "symmetric" in words:
        lines.append(f"{name} = {name} + {name}.T")
    elif "skew" in words:
        lines.append(f"{name} = {name} - {name}.T")
    elif "triangular" in words:
        lines.append(f"{name} = {lib}.triu({name})")
    elif "unit" in words:
        lines.append(f"{name} = {name} / {lib}.linalg.norm({name})")
    return lines


def _is_whole(exponent: Expr) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1
