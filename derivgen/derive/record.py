"""Applying rules and keeping the lines."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from derivgen.derivation import Instance, Rewrite, Rule
from derivgen.errors import RuleLoop
from derivgen.expr.nodes import Differential, Entry, Expr, Index, Partial, Sum
from derivgen.expr.text import text
from derivgen.expr.walk import all_indices, free_indices, fresh_index, parts, rename, subexpressions, with_parts
from derivgen.rules import differentials, gathering
from derivgen.rules.algebra import TIDY, constant_out_of_sum, order_of_terms, positive_first
from derivgen.rules.contraction import distribute, split_sum
from derivgen.rules.differentiation import constant_factor_rule, entry_rule
from derivgen.rules.expansion import entrywise
from derivgen.rules.images import stays

QUIET = frozenset(
    (
        *TIDY,
        *differentials.QUIET,
        *gathering.QUIET,
        split_sum,
        distribute,
        constant_out_of_sum,
        positive_first,
        order_of_terms,
    )
)
"""Rules that a line does not name where it names another."""

MINOR = frozenset((entrywise, constant_factor_rule))
"""Rules that a line does not name beside three others."""

MOST_PASSES = 400
"""More than any derivation needs: a pass applies one rule at every place where one fits."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Rules that are applied together, in the order of trying.

    `pending` asks for places that are a derivative not yet taken; `once` for a single pass.
    """

    rules: tuple[Rule, ...]
    pending: bool = False
    once: bool = False


@dataclass(slots=True)
class _Pass:
    """What one pass through an expression has used."""

    rules: dict[Rule, None] = field(default_factory=dict)
    instances: dict[Instance, None] = field(default_factory=dict)


class Recorder:
    """Keeps the lines of one chain of equalities, from `start` on, under `heading`.

    `reserved` are the names that no bound index may have: those of symbols and sizes.
    """

    def __init__(self, start: Expr, heading: Expr, reserved: Iterable[str] = ()) -> None:
        self.current = start
        self.heading = heading
        self.reserved = frozenset(reserved)
        self.lines: list[Rewrite] = []

    def line(self, *stages: Stage) -> bool:
        """Applies each stage in turn and tidies up; keeps the result as one line if it is new."""
        states: list[Rewrite] = []
        instances: dict[Instance, None] = {}
        for stage in (*stages, Stage(TIDY)):
            for _ in range(MOST_PASSES):
                before = states[-1].after if states else self.current
                done = _Pass()
                after = rename_apart(everywhere(before, stage, done), self.reserved)
                if after == before:
                    break
                states.append(Rewrite(tuple(done.rules), before, after, self.heading, tuple(done.instances)))
                instances |= done.instances
                if stage.once:
                    break
            else:
                raise RuleLoop(f"no end after {MOST_PASSES} passes on {text(self.current)}: now {text(before)}")
        return self.keep(states)

    def keep(self, states: Sequence[Rewrite], main: Sequence[Rule] = ()) -> bool:
        """Folds `states`, which lead on from where the chain stands, into one line, unless they lead nowhere."""
        if not states or states[-1].after == self.current:
            return False
        used = tuple(dict.fromkeys((*main, *(rule for state in states for rule in state.rules))))
        shown = tuple(rule for rule in used if rule not in QUIET) or used
        if len(shown) > 3:
            shown = tuple(rule for rule in shown if rule not in MINOR)
        instances = tuple(dict.fromkeys(instance for state in states for instance in state.instances))
        substeps = tuple(states) if len(states) > 1 else ()
        self.lines.append(Rewrite(shown, self.current, states[-1].after, self.heading, instances, substeps))
        self.current = states[-1].after
        return True

    def to(self, after: Expr, *rules: Rule) -> bool:
        """Keeps a line that leads to `after` by `rules`."""
        return self.keep([Rewrite(rules, self.current, after, self.heading)])


def everywhere(expr: Expr, stage: Stage, done: _Pass | None = None) -> Expr:
    """`expr` with the first rule that fits applied at each place of it, innermost first; what a rule made is let be.

    A pending derivative of a pending derivative waits until the inner one is taken.
    """
    below = with_parts(expr, tuple(everywhere(part, stage, done) for part in parts(expr)))
    if stage.pending:
        if not isinstance(below, Partial | Differential) or pending(below.body) or below is not expr:
            return below
    for rule in stage.rules:
        after = rule(below)
        if after is None or after == below:
            continue
        if done is not None:
            done.rules[rule] = None
            if rule is entry_rule and isinstance(below, Partial) and isinstance(below.wrt, Entry):
                done.instances[Instance(below, after, rule)] = None
        return after
    return below


def pending(expr: Expr) -> bool:
    """Whether a derivative in `expr` is still to be taken; one of a function that nobody gave stays as it is."""
    return any(isinstance(node, Partial | Differential) and not stays(node) for node in subexpressions(expr))


def rename_apart(expr: Expr, reserved: frozenset[str]) -> Expr:
    """`expr` with other letters for those bound indices that a free or an outer index, or a symbol, already has."""
    return _apart(expr, free_indices(expr), reserved, all_indices(expr))


def _apart(expr: Expr, outer: tuple[Index, ...], reserved: frozenset[str], used: tuple[Index, ...]) -> Expr:
    if isinstance(expr, Sum):
        index, body = expr.index, expr.body
        if index.name in reserved or any(index.name == other.name for other in outer):
            other = fresh_index(index.dim, (*used, *outer, *reserved))
            body = rename(body, index, other)
            index, used = other, (*used, other)
        return Sum(index, _apart(body, (*outer, index), reserved, used))
    return with_parts(expr, tuple(_apart(part, outer, reserved, used) for part in parts(expr)))
