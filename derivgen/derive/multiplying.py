"""Multiplying out: quadratic forms with their arrays written out, products of sums, products of matrices with sums.

[x_1 x_2] [2 1; 1 3] [x_1; x_2]  =  [x_1 x_2] [2x_1 + x_2; x_1 + 3x_2]  =  ...  =  2x_1^2 + 2x_1x_2 + 3x_2^2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from derivgen.derivation import Conclude, Derivation, Rewrite, Rule, Step
from derivgen.derive.evaluation import put_in, value_of, work_out
from derivgen.derive.good_form import form_lines
from derivgen.derive.naming import quantity_for, reserved_names
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, plus, product, transpose
from derivgen.expr.nodes import (
    Apply,
    Entry,
    Expr,
    Group,
    Layout,
    MatMul,
    Matrix,
    Number,
    Pi,
    Plus,
    Power,
    Product,
    Size,
    Symbol,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import dimensions, parts, subexpressions, transform, with_parts
from derivgen.problem.model import Part, Values
from derivgen.rules.algebra import TIDY, like_terms
from derivgen.rules.arrays import ARRAYS, inverse_of_two, is_subtracted, written_out
from derivgen.rules.assumptions import SYMMETRIC, symmetric_rule
from derivgen.rules.matrix_algebra import scalar_transposed
from derivgen.rules.matrix_products import TRANSPOSING, distribute_matrices, matrix_power_as_product, norm_as_product
from derivgen.rules.multiplying import by_degree, collect, collected, descending, spread_once, symmetric_entries

MOST_LINES = 30
"""What takes more to be multiplied out is too long to be followed."""

LARGEST = 4
"""Arrays with more rows or columns are not written out."""


class Chain:
    """The lines of one chain of equalities under `heading`, from `start` on."""

    def __init__(self, start: Expr, heading: Expr) -> None:
        self.current, self.heading = start, heading
        self.lines: list[Rewrite] = []

    def to(self, after: Expr, *rules: Rule) -> bool:
        """Adds the line that leads to `after`; False where it leads nowhere."""
        if after == self.current or not rules:
            return False
        self.lines.append(Rewrite(tuple(dict.fromkeys(rules)), self.current, after, self.heading))
        self.current = after
        return True

    def reorder(self, after: Expr) -> None:
        """The last line leads to `after`, which differs from where it led by the order of terms only."""
        self.lines[-1] = replace(self.lines[-1], after=after)
        self.current = after


def expand(part: Part, layout: Layout) -> Derivation:
    """`part.expression` multiplied out and collected.

    Raises CannotDerive where there is nothing to multiply out.
    """
    assert part.expression is not None
    statement = part.expression
    reserved = reserved_names(part.scope, statement, name=part.name)
    quantity = quantity_for(statement, shape(statement), reserved, part.name)
    chain = Chain(statement, quantity)
    if can_be_written_out(statement):
        write_out(chain, part.scope.values)
        arithmetic_of_arrays(chain)
    else:
        multiply_matrices(chain)
    if is_written(chain.current):
        multiply_scalars(chain)
    if not chain.lines:
        raise CannotDerive(f"there is nothing to multiply out in {text(statement)}")
    result, more = chain.current, list[Rewrite]()
    if part.form not in ("", "expanded") and is_written(result) and is_scalar(result):
        more, result = form_lines(result, quantity, part.form)
    steps: tuple[Step, ...] = (*chain.lines, *more, Conclude(quantity, result, quantity))
    return Derivation(
        task="expand",
        statement=statement,
        steps=steps,
        result=result,
        form="matrix",
        shape=shape(result),
        quantity=quantity,
        question=statement,
    )


def is_written(expr: Expr) -> bool:
    """Whether `expr` is a scalar made of scalars, or an array of such."""
    match expr:
        case Entry(Symbol(), subscripts):
            return all(isinstance(own, int) for own in subscripts)
        case Symbol():
            return is_scalar(expr)
        case Number() | Size() | Pi():
            return True
        case Matrix() | Plus() | Product() | Power() | Apply() | Group():
            return all(map(is_written, parts(expr)))
    return False


def can_be_written_out(expr: Expr) -> bool:
    """Whether `expr` has no sizes but small numbers, so that its arrays can be shown by their entries."""
    if dimensions(expr):
        return False
    dims = (dim for node in subexpressions(expr) for dim in shape(node))
    return all(dim.number <= LARGEST for dim in dims)


def write_out(chain: Chain, values: Mapping[str, Values]) -> None:
    """The line that shows every array by its entries."""
    law = written_out(values)
    after = transform(chain.current, lambda node: law(node))
    chain.to(after, law if any(isinstance(node, Matrix) for node in subexpressions(after)) else put_in)


def arithmetic_of_arrays(chain: Chain) -> None:
    """Sums, multiples and products of the arrays in the chain, one in a line, numbers worked out in between."""
    for _ in range(MOST_LINES):
        used: list[Rule] = []
        after = _arrays_once(chain.current, used)
        if not used:
            return
        chain.to(after, *used)
        chain.to(numbers_worked_out(chain.current), work_out)
    raise CannotDerive(f"more than {MOST_LINES} lines for {text(chain.current)}")


def _arrays_once(expr: Expr, used: list[Rule]) -> Expr:
    """`expr` with one operation done at each place where its operands are arrays written out, innermost first."""
    if isinstance(expr, Matrix) or is_number(expr) or is_subtracted(expr):
        return expr
    below = with_parts(expr, tuple(_arrays_once(part, used) for part in parts(expr)))
    if below != expr:
        return below
    for one in (inverse_of_two, *ARRAYS):
        after = one(expr)
        if after is not None:
            used += [] if one in used else [one]
            return after
    return expr


def is_number(expr: Expr) -> bool:
    """Whether nothing in the scalar `expr` has to be known but numbers."""
    return is_scalar(expr) and not any(isinstance(node, Symbol | Entry | Matrix) for node in subexpressions(expr))


def numbers_worked_out(expr: Expr) -> Expr:
    """`expr` with each part worked out that is made of numbers alone."""
    if is_number(expr):
        return value_of(expr, {})
    if isinstance(expr, Matrix | MatMul | Plus | Product | Transpose):
        return with_parts(expr, tuple(map(numbers_worked_out, parts(expr))))
    return expr


def multiply_scalars(chain: Chain, *, in_order: bool = True) -> None:
    """The lines that multiply out a scalar, or each entry of an array, and collect what is alike.

    Without `in_order`, terms that cannot be collected stay as they stand.
    """
    count = len(chain.lines)
    for _ in range(MOST_LINES):
        used: list[Rule] = []
        after = spread_once(chain.current, used)
        if after == chain.current:
            break
        # the power of one term beside a sum that is multiplied out goes without saying
        chain.to(after, *used)
    else:
        raise CannotDerive(f"more than {MOST_LINES} lines for {text(chain.current)}")
    chain.to(exhausted(chain.current, (symmetric_entries,), []), symmetric_entries)
    after = collected(chain.current)
    if after != _ordered(chain.current):
        chain.to(after, collect)
    elif in_order and len(chain.lines) > count:
        chain.reorder(by_degree(chain.current))


def multiplied_out(expr: Expr) -> Expr:
    """A scalar written out, multiplied out and collected, without lines; as it is where that would be too long."""
    quiet = Chain(expr, expr)
    try:
        multiply_scalars(quiet)
    except CannotDerive:
        return expr
    return _ordered(quiet.current)


def _ordered(expr: Expr) -> Expr:
    """The terms of `expr` in order, none of them collected."""
    if isinstance(expr, Matrix):
        return with_parts(expr, tuple(map(_ordered, parts(expr))))
    return descending(expr) or expr


def multiply_matrices(chain: Chain) -> None:
    """The lines that turn transposes of sums and products, multiply out, and join the scalars that are equal."""
    for rules in ((norm_as_product, matrix_power_as_product), TRANSPOSING):
        used: list[Rule] = []
        after = exhausted(chain.current, rules, used)
        chain.to(after, *used)
    if any(_is_symmetric(node) for node in subexpressions(chain.current)):
        chain.to(exhausted(chain.current, (symmetric_rule,), []), symmetric_rule)
    for _ in range(MOST_LINES):
        after = _matrices_once(chain.current)
        if not chain.to(after, distribute_matrices):
            break
    used = [scalar_transposed]
    chain.to(_turned_to_join(chain.current, used), *used)
    chain.to(exhausted(chain.current, (like_terms, *TIDY), []), like_terms)


def _is_symmetric(node: Expr) -> bool:
    return isinstance(node, Transpose) and isinstance(node.body, Symbol) and bool(node.body.assumptions & SYMMETRIC)


def _matrices_once(expr: Expr) -> Expr:
    """`expr` with its products of sums multiplied out by one step, innermost first."""
    if not isinstance(expr, Plus | Product | MatMul):
        return expr
    below = with_parts(expr, tuple(map(_matrices_once, parts(expr))))
    if below != expr:
        return plus(below.terms) if isinstance(below, Plus) else product((below,))
    return distribute_matrices(expr) or expr


def _turned_to_join(expr: Expr, used: list[Rule]) -> Expr:
    """`expr` with those scalars turned, u'v to v'u, that are in a sum the other way round as well."""
    if not isinstance(expr, Plus | Product):
        return expr
    below = with_parts(expr, tuple(_turned_to_join(part, used) for part in parts(expr)))
    if not isinstance(below, Plus):
        return below
    bare = [_without_number(term) for term in below.terms]
    terms = list(below.terms)
    for place, term in enumerate(bare):
        turned = _other_way(term)
        if turned is not None and turned != term and turned in bare[:place]:
            first = bare.index(turned)
            keep, change = (first, place) if _turns(turned) <= _turns(term) else (place, first)
            numbers = [f for f in factors_of(terms[change]) if isinstance(f, Number)]
            terms[change] = product((*numbers, bare[keep]))
            if transform(bare[change], scalar_transposed) != bare[keep]:
                used += [] if symmetric_rule in used else [symmetric_rule]
    return plus(terms)


def _other_way(term: Expr) -> Expr | None:
    """The scalar u'A v as v'A'u, with what is symmetric as such."""
    match term:
        case MatMul(factors):
            return transform(MatMul(tuple(transpose(factor) for factor in reversed(factors))), symmetric_rule)
        case Product(factors) if sum(isinstance(factor, MatMul) for factor in factors) == 1:
            return product(_other_way(f) or f if isinstance(f, MatMul) else f for f in factors)
    return None


def _turns(expr: Expr) -> tuple[int, str]:
    return (sum(isinstance(node, Transpose) for node in subexpressions(expr)), text(expr))


def _without_number(term: Expr) -> Expr:
    return product(f for f in term.factors if not isinstance(f, Number)) if isinstance(term, Product) else term
