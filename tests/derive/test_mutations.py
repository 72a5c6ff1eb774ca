"""A rule that is wrong is found by the check, whatever is wrong with it.

Each rule of the catalogue is mutated (a term or factor dropped, a sign turned, subscripts swapped, an index exchanged,
a transpose forgotten, a number off by one), every question of the corpus that uses the rule is derived with the
mutant, and the report must not say `verified` once the mutant has changed a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import pytest

from derivgen.derivation import Define, Derivation, Rule
from derivgen.derive import derive
from derivgen.errors import Bug, CannotDerive
from derivgen.expr.nodes import Entry, Expr, Index, Layout, MatMul, Number, Plus, Product, Transpose, number
from derivgen.expr.shapes import shape
from derivgen.expr.walk import parts as parts_of
from derivgen.expr.walk import with_parts
from derivgen.problem.model import Part
from derivgen.rules import CATALOGUE as ALL_RULES
from derivgen.rules.arrays import WRITTEN_OUT
from derivgen.rules.chaining import CHAINING
from derivgen.rules.linear_equations import LINEAR_EQUATIONS
from derivgen.rules.matrix_products import MATRIX_PRODUCTS
from derivgen.rules.multiplying import MULTIPLYING
from derivgen.verify.checks import check_derivation, check_equal

from .corpus import parts

Mutation = Callable[[Expr], Expr | None]


def drop_first_term(expr: Expr) -> Expr | None:
    return Plus(expr.terms[1:]) if isinstance(expr, Plus) and len(expr.terms) > 1 else None


def drop_last_term(expr: Expr) -> Expr | None:
    return Plus(expr.terms[:-1]) if isinstance(expr, Plus) and len(expr.terms) > 1 else None


def drop_factor(expr: Expr) -> Expr | None:
    if isinstance(expr, Product) and len(expr.factors) > 1:
        kept = Product(expr.factors[1:])
        return kept if shape(kept) == shape(expr) else None
    return None


def turn_sign(expr: Expr) -> Expr | None:
    return Product((number(-1), expr))


def swap_subscripts(expr: Expr) -> Expr | None:
    match expr:
        case Entry(base, (Index() as left, Index() as right)) if left != right and left.dim == right.dim:
            return Entry(base, (right, left))
    return None


def exchange_index(expr: Expr) -> Expr | None:
    match expr:
        case Entry(base, (Index(), *rest)):
            return Entry(base, (1, *rest))
    return None


def forget_transpose(expr: Expr) -> Expr | None:
    if isinstance(expr, Transpose) and shape(expr) == shape(expr.body):
        return expr.body
    return None


def swap_matrices(expr: Expr) -> Expr | None:
    if isinstance(expr, MatMul) and len({shape(factor) for factor in expr.factors}) == 1:
        return MatMul((expr.factors[1], expr.factors[0], *expr.factors[2:]))
    return None


def number_off(expr: Expr) -> Expr | None:
    return Number(expr.value + 1) if isinstance(expr, Number) else None


MUTATIONS: list[Mutation] = [
    drop_first_term,
    drop_last_term,
    drop_factor,
    turn_sign,
    swap_subscripts,
    exchange_index,
    forget_transpose,
    swap_matrices,
    number_off,
]


def mutated(expr: Expr, mutation: Mutation) -> Expr | None:
    """`expr` with `mutation` made at the first place, from the root down, where it can be."""
    changed = mutation(expr)
    if changed is not None:
        return changed
    below = list(parts_of(expr))
    for place, part in enumerate(below):
        changed = mutated(part, mutation)
        if changed is not None:
            below[place] = changed
            return with_parts(expr, tuple(below))
    return None


@contextmanager
def mutant(rule: Rule, mutation: Mutation) -> Iterator[list[bool]]:
    """`rule` with every result mutated; the list says for each use whether its value changed."""
    original = rule.rewrite
    changes: list[bool] = []

    def wrong(expr: Expr) -> Expr | None:
        after = original(expr)
        made = None if after is None else mutated(after, mutation)
        if after is None or made is None:
            return after
        try:
            changes.append(check_equal(after, made).status == "wrong")
        except Bug:
            changes.append(True)
        return made

    object.__setattr__(rule, "rewrite", wrong)
    try:
        yield changes
    finally:
        object.__setattr__(rule, "rewrite", original)


@cache
def users() -> dict[Rule, list[Part]]:
    """The questions of the corpus that use each rule."""
    found: dict[Rule, list[Part]] = {}
    for part in corpus():
        for line in derive(part, Layout.DENOMINATOR).lines:
            for rule in {*line.rules, *(rule for state in line.substeps for rule in state.rules)}:
                found.setdefault(rule, [])
                if part not in found[rule]:
                    found[rule].append(part)
    return found


@cache
def truths() -> dict[int, Derivation]:
    """The right derivation of each question of the corpus, by the identity of its part."""
    return {id(part): derive(part, Layout.DENOMINATOR) for part in corpus()}


CATALOGUE = tuple(
    rule
    for rule in ALL_RULES
    if rule not in (*WRITTEN_OUT, *MULTIPLYING, *MATRIX_PRODUCTS, *CHAINING, *LINEAR_EQUATIONS)
)
"""The laws of derivatives of matrices, which the corpus uses; test_expand and test_chain change the others."""


@cache
def corpus() -> list[Part]:
    return parts()


def is_wrong(found: Derivation, right: Derivation) -> bool:
    """Whether a line or the result of `found` has another value than `right` has under the same heading."""
    ends = {line.heading: line.after for line in right.lines}
    lines = [(line.after, ends[line.heading]) for line in found.lines if line.heading in ends]
    results = [(found.result, right.result)] if found.form == right.form else []
    letters = {symbol.name: meaning for one in (found, right) for symbol, meaning in one.named}
    letters |= {step.symbol.name: step.meaning for step in found.steps if isinstance(step, Define)}
    quantity = {right.quantity.name: right.statement} if right.quantity and right.question is not None else {}
    try:
        return any(
            check_equal(ours, theirs, definitions=letters | quantity).status == "wrong"
            for ours, theirs in (*lines, *results)
        )
    except Bug:
        return True


def survives(part: Part, rule: Rule, mutation: Mutation) -> bool | None:
    """Whether a derivation that a mutant has made wrong is called verified; None where it is right all the same.

    A mutant may do no harm: with x'A'x for x'Ax a line is as true as before, and where the mutant finds no matrix form
    the index form stands.
    """
    right = truths()[id(part)]
    with mutant(rule, mutation) as changes:
        try:
            found = derive(part, Layout.DENOMINATOR)
        except (Bug, CannotDerive, AssertionError, RecursionError):
            return False if any(changes) else None  # it stopped: no sheet is printed
        if not any(changes):
            return None
        verified = check_derivation(found, part.scope.values).verified
    return verified if is_wrong(found, right) else None


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.__name__)
@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_mutant_is_found(rule: Rule, mutation: Mutation) -> None:
    outcomes = [survives(part, rule, mutation) for part in users().get(rule, [])[:4]]
    assert True not in outcomes


def test_the_corpus_uses_nearly_every_rule() -> None:
    unused = {rule.name for rule in CATALOGUE} - {rule.name for rule in users()}
    assert len(unused) <= 24, unused  # what only tidies up


def test_most_mutants_change_a_value() -> None:
    tried = [
        (rule, mutation)
        for rule in CATALOGUE
        for mutation in (turn_sign, drop_factor)
        if any(survives(part, rule, mutation) is False for part in users().get(rule, [])[:4])
    ]
    assert len({rule for rule, _ in tried}) >= 0.7 * len(users())
