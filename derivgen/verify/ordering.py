"""Named quantities in the order in which each comes after those that it is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from derivgen.expr.nodes import Expr
from derivgen.expr.walk import symbols


def below_first(name: str, definitions: Mapping[str, Expr], is_done: Callable[[str], bool]) -> Iterator[str]:
    """All quantities that `name` is made of, each after those below it, without those that are done."""
    waiting, seen = [name], {name}
    while waiting:
        own = dict.fromkeys(one.name for one in symbols(definitions[waiting[-1]]))
        new = [one for one in own if one in definitions and one not in seen and not is_done(one)]
        if not new and (found := waiting.pop()) != name:
            yield found
        waiting += new
        seen.update(new)
