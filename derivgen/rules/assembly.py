"""From entries back to matrices: elimination on a graph.

A term is a sum over bound indices of a product. Its indices are the nodes of a graph; a factor with two subscripts is
an edge, one with a single subscript a mark on its node, one with none a number in front. Each rule takes one node or
one pair of factors away: two marks or two parallel edges merge into a Hadamard product; a bound node goes by an inner
product, a trace, a product of a matrix with a vector or with a matrix. So the rules come to an end, with one factor on
the free indices. A bound node with three edges cannot go: such a term has no two-dimensional form.

Every rule rewrites a whole term (`Sum(j, Product(...))`) to an equal one, so each elimination can stand on the sheet
and be checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from derivgen.derivation import Rule, rule
from derivgen.errors import NoMatrixForm
from derivgen.expr.build import factors_of, matmul, nested_sum, plus, product, terms_of, transpose
from derivgen.expr.nodes import (
    ONE,
    ZERO_NUMBER,
    Apply,
    Column,
    Delta,
    Diag,
    Entry,
    Expr,
    Eye,
    Index,
    Ones,
    Plus,
    Power,
    Row,
    Size,
    Subscript,
    Sum,
    Total,
    Trace,
    Zeros,
)
from derivgen.expr.text import text
from derivgen.expr.walk import free_indices, rename, subexpressions, transform
from derivgen.rules.terms import Term, as_column, term_of, turned_from, turned_towards

SOURCE = "Laue, Mitterreiter & Giesen, Computing Higher Order Derivatives of Matrix and Tensor Expressions (2018)"
MAGNUS = "Magnus & Neudecker, Matrix Differential Calculus (2019), ch. 1 to 3"


@rule("Hadamard product", law=r"u_i\,v_i = (u \odot v)_i", source=f"{MAGNUS}, sec. 3.6")
def hadamard_product(expr: Expr) -> Expr | None:
    """Of two vectors on one index, unless they are all there is on a bound one: that is an inner product."""
    term = term_of(expr)
    for index in _nodes(term):
        marks = term.marks(index)
        alone = index in term.bound and len(marks) == 2 and not term.edges(index) and not term.others(index)
        if len(marks) > 1 and not alone:
            pair = sorted((as_column(mark) for mark in marks[:2]), key=_complexity)
            return term.merge(marks[:2], Entry(product(pair), (index,)))
    return None


def _complexity(expr: Expr) -> tuple[int, str]:
    """Short factors go first, and the order does not depend on how the input was written."""
    return len(tuple(subexpressions(expr))), text(expr)


@rule("Hadamard product of matrices", law=r"A_{ij} B_{ij} = (A \odot B)_{ij}", source=f"{MAGNUS}, sec. 3.6")
def hadamard_matrices(expr: Expr) -> Expr | None:
    """Of two matrices on one pair of indices, unless one of the indices can go by a matrix product."""
    term = term_of(expr)
    for place, first in enumerate(term.factors):
        for second in term.factors[place + 1 :]:
            if not (isinstance(first, Entry) and isinstance(second, Entry) and len(first.subscripts) == 2):
                continue
            if set(first.subscripts) != set(second.subscripts) or len(set(first.subscripts)) < 2:
                continue
            passing = [isinstance(end, Index) and _passes(term, end) for end in first.subscripts]
            # sum_j A_ij B_ij is a row of sums, ((A * B) 1)_i; sum_j A_ij B_ji is diag(A B)_i
            if any(passing) and (all(passing) or first.subscripts != second.subscripts):
                continue
            base, _ = turned_towards(second, first.subscripts[0])
            return term.merge((first, second), Entry(product((first.base, base)), first.subscripts))
    return None


def _passes(term: Term, index: Index) -> bool:
    """Whether `index` is bound and has two edges and nothing else."""
    return (
        index in term.bound
        and len(term.edges(index)) == 2
        and not term.marks(index)
        and not term.others(index)
        and all(len(set(edge.subscripts)) == 2 for edge in term.edges(index))
    )


@rule("inner product", law=r"\sum_i u_i v_i = u^{\mathsf T} v", source=f"{MAGNUS}, sec. 1.5")
def inner_product(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in term.bound:
        marks = term.marks(index)
        if len(marks) == 2 and not term.edges(index) and not term.others(index):
            left, right = _inner_order(as_column(marks[0]), as_column(marks[1]))
            return term.merge(marks, matmul((transpose(left), right)), index)
    return None


def _inner_order(left: Expr, right: Expr) -> tuple[Expr, Expr]:
    """u'v = v'u: the one that is transposed is the simpler one."""
    return (right, left) if len(text(right)) < len(text(left)) else (left, right)


@rule("sum of all entries", law=r"\sum_i u_i = \mathbf{1}^{\mathsf T} u", source="definition")
def total_of_vector(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in term.bound:
        marks = term.marks(index)
        if len(marks) == 1 and not term.edges(index) and not term.others(index):
            return term.merge(marks, Total(as_column(marks[0])), index)
    return None


@rule("sum of a constant", law=r"\sum_{i=1}^{n} c = n\,c", source="definition")
def sum_of_constant(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in term.bound:
        if not term.marks(index) and not term.edges(index) and not term.others(index):
            rest = tuple(other for other in term.bound if other != index)
            return Term(rest, (Size(index.dim), *term.factors)).expr
    return None


@rule("trace", law=r"\sum_i A_{ii} = \operatorname{tr} A", source=f"{MAGNUS}, sec. 1.10")
def trace_of_loop(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in term.bound:
        edges = term.edges(index)
        if len(edges) == 1 and edges[0].subscripts == (index, index) and not term.marks(index):
            return None if term.others(index) else term.merge(edges, Trace(_trace_form(edges[0].base)), index)
    return None


def _trace_form(matrix: Expr) -> Expr:
    """tr M = tr M': the one with fewer transposes."""
    turned = transpose(matrix)
    return turned if text(turned).count(".T") < text(matrix).count(".T") else matrix


@rule("diagonal", law=r"A_{ii} = \operatorname{diag}(A)_i", source=f"{MAGNUS}, sec. 1.3")
def diagonal_of_loop(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for factor in term.factors:
        match factor:
            case Entry(base, (Index() as row, column)) if row == column:
                return term.merge((factor,), Entry(Diag(base), (row,)))
    return None


@rule("matrix times vector", law=r"\sum_j A_{ij} v_j = (A v)_i", source=f"{MAGNUS}, sec. 1.4")
def matrix_vector(expr: Expr) -> Expr | None:
    """The rows of A times v; where the sum runs over the first subscript, the rows of A' are meant."""
    term = term_of(expr)
    for index in reversed(term.bound):
        edges, marks = term.edges(index), term.marks(index)
        if len(edges) == 1 and len(marks) == 1 and not term.others(index) and len(set(edges[0].subscripts)) == 2:
            matrix, other = turned_from(edges[0], index)
            return term.merge((edges[0], marks[0]), Entry(matmul((matrix, as_column(marks[0]))), (other,)), index)
    return None


@rule("matrix product", law=r"\sum_k A_{ik} B_{kj} = (A B)_{ij}", source=f"{MAGNUS}, sec. 1.4")
def matrix_matrix(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in reversed(term.bound):
        if _passes(term, index):
            first, second = term.edges(index)
            left, row = turned_from(first, index)
            right, column = turned_towards(second, index)
            return term.merge((first, second), Entry(matmul((left, right)), (row, column)), index)
    return None


@rule("row sums", law=r"\sum_j A_{ij} = (A\,\mathbf{1})_i", source="definition")
def row_sums(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in reversed(term.bound):
        edges = term.edges(index)
        if len(edges) == 1 and not term.marks(index) and not term.others(index) and len(set(edges[0].subscripts)) == 2:
            matrix, other = turned_from(edges[0], index)
            return term.merge(edges, Entry(matmul((matrix, Ones((index.dim, ONE)))), (other,)), index)
    return None


@rule(
    "product with a diagonal matrix",
    law=r"\sum_k A_{ik} u_k B_{kj} = (A \operatorname{diag}(u)\, B)_{ij}",
    source=f"{MAGNUS}, sec. 1.4",
)
def diagonal_product(expr: Expr) -> Expr | None:
    term = term_of(expr)
    for index in reversed(term.bound):
        edges, marks = term.edges(index), term.marks(index)
        looped = any(len(set(edge.subscripts)) == 1 for edge in edges)
        if len(edges) == 2 and len(marks) == 1 and not term.others(index) and not looped:
            left, row = turned_from(edges[0], index)
            right, column = turned_towards(edges[1], index)
            made = Entry(matmul((left, Diag(as_column(marks[0])), right)), (row, column))
            return term.merge((*edges, *marks), made, index)
    return None


@rule("outer product", law=r"u_i\,v_j = (u v^{\mathsf T})_{ij}", source=f"{MAGNUS}, sec. 1.4")
def outer_product(expr: Expr) -> Expr | None:
    """When no bound index is left; beside a matrix on the same indices it is multiplied entry by entry."""
    term = term_of(expr)
    if term.bound:
        return None
    marks = [factor for factor in term.factors if isinstance(factor, Entry) and len(free_indices(factor)) == 1]
    marks = [mark for mark in marks if len(mark.subscripts) == 1]
    if len(marks) != 2 or marks[0].subscripts == marks[1].subscripts:
        return None
    made = matmul((as_column(marks[0]), transpose(as_column(marks[1]))))
    return term.merge(marks, Entry(made, (*marks[0].subscripts, *marks[1].subscripts)))


@rule("diagonal matrix", law=r"\delta_{ij}\,u_i = \operatorname{diag}(u)_{ij}", source=f"{MAGNUS}, sec. 1.3")
def diagonal_matrix(expr: Expr) -> Expr | None:
    """When no bound index is left: everything beside a delta is read on its first index, and is a diagonal matrix."""
    term = term_of(expr)
    if term.bound:
        return None
    for place, factor in enumerate(term.factors):
        match factor:
            case Delta(Index() as left, Index() as right) if left != right:
                rest = [rename(other, right, left) for n, other in enumerate(term.factors) if n != place]
                carried = [other for other in rest if left in free_indices(other)]
                front = [other for other in rest if left not in free_indices(other)]
                if not carried:
                    return product((*front, Entry(Eye(left.dim), (left, right))))
                (vector, _), *further = _vectors(carried, left)
                if further:
                    vector = product((vector, *(other for other, _ in further)))
                return product((*front, Entry(Diag(vector), (left, right))))
    return None


def _vectors(factors: Iterable[Expr], index: Index) -> list[tuple[Expr, Index]]:
    found: list[tuple[Expr, Index]] = []
    for factor in factors:
        match factor:
            case Entry(_, (one,)) if one == index:
                found.append((as_column(factor), index))
            case Entry(base, (one, other)) if one == other == index:
                found.append((Diag(base), index))
            case _:
                raise NoMatrixForm(f"{text(factor)} beside a delta is no vector")
    return found


@rule("rows scaled", law=r"u_i A_{ij} = (\operatorname{diag}(u)\,A)_{ij}", source=f"{MAGNUS}, sec. 1.4")
def scaled_rows(expr: Expr) -> Expr | None:
    """When no bound index is left, a matrix and one vector on its rows or columns."""
    term = term_of(expr)
    if term.bound:
        return None
    marks = [factor for factor in term.factors if isinstance(factor, Entry) and len(free_indices(factor)) == 1]
    marks = [mark for mark in marks if len(mark.subscripts) == 1]
    edges = [factor for factor in term.factors if isinstance(factor, Entry) and len(factor.subscripts) == 2]
    if len(marks) != 1 or len(edges) != 1:
        return None
    (mark,), (edge,) = marks, edges
    if mark.subscripts[0] not in edge.subscripts:
        return None
    scaling = Diag(as_column(mark))
    rows_first = mark.subscripts[0] == edge.subscripts[0]
    made = matmul((scaling, edge.base) if rows_first else (edge.base, scaling))
    return term.merge((mark, edge), Entry(made, edge.subscripts))


@rule("entry by entry", law=r"f(x_i) = f(x)_i", source="definition")
def entry_by_entry(expr: Expr) -> Expr | None:
    """A function, a power or a sum of entries on the same indices is an entry of an array."""
    term = term_of(expr)
    for factor in term.factors:
        indices = free_indices(factor)
        if isinstance(factor, Apply | Power | Plus) and 1 <= len(indices) <= 2:
            return term.merge((factor,), Entry(array_of(factor, indices), indices))
    return None


def fixed_subscript(fixed: Iterable[Index]) -> Rule:
    """The rule that reads an entry with a fixed subscript (a number, or one of `fixed`) off a column or a row."""
    held = frozenset(fixed)

    def is_held(subscript: Subscript) -> bool:
        return isinstance(subscript, int) or subscript in held

    def rewrite(expr: Expr) -> Expr | None:
        match expr:
            case Entry(base, (row, column)) if is_held(column) and not is_held(row):
                return Entry(Column(base, column), (row,))
            case Entry(base, (row, column)) if is_held(row) and not is_held(column):
                return Entry(Row(base, row), (column,))
            case Delta(int() as fixed_at, Index() as index) | Delta(Index() as index, int() as fixed_at):
                return Entry(Column(Eye(index.dim), fixed_at), (index,))
        return None

    return Rule("column of a matrix", r"A_{jt} = (A_{:,t})_j", "definition", rewrite)


ASSEMBLY: tuple[Rule, ...] = (
    entry_by_entry,
    hadamard_product,
    trace_of_loop,
    diagonal_of_loop,
    inner_product,
    matrix_vector,
    hadamard_matrices,
    matrix_matrix,
    total_of_vector,
    sum_of_constant,
    row_sums,
    diagonal_product,
    diagonal_matrix,
    outer_product,
    hadamard_matrices,
    scaled_rows,
)
"""In the order of trying: vectors before matrices, so that a chain ends in few products; what needs a matrix of its
own last.
"""


ELIMINATION: tuple[Rule, ...] = tuple(
    one for one in ASSEMBLY if one not in (diagonal_matrix, outer_product, scaled_rows)
)
"""The rules that bound indices go by; free indices keep their factors apart."""


def _nodes(term: Term) -> tuple[Index, ...]:
    return tuple(dict.fromkeys((*term.bound, *(index for factor in term.factors for index in free_indices(factor)))))


def next_step(expr: Expr, rules: Sequence[Rule] = ASSEMBLY) -> tuple[Rule, Expr] | None:
    """The first of `rules` that fits a term of `expr`, applied to every term it fits; None when none does."""
    terms = terms_of(expr)
    for one in rules:
        after = plus(term if (made := one(term)) is None else made for term in terms)
        if after != expr:
            return one, after
    return None


def assembled(expr: Expr, used: list[Rule] | None = None, rules: Sequence[Rule] = ASSEMBLY) -> Expr:
    """`expr`, a scalar in index notation, with each of its terms brought to one entry of one array times numbers.

    With the rules ELIMINATION, to entries of several arrays on the free indices.

    The rules that did it are added to `used`. Raises NoMatrixForm, naming the factors left over, when an index occurs
    in three matrices.
    """
    column = fixed_subscript(())
    state = transform(expr, column)
    if used is not None and state != expr:
        used.append(column)
    state = with_closed_sums_assembled(terms_apart(state), used)
    while (step := next_step(state, rules)) is not None:
        if used is not None:
            used.append(step[0])
        state = step[1]
    for term in terms_of(state):
        refuse_leftovers(term)
    return state


def terms_apart(expr: Expr) -> Expr:
    """`expr` with a sum over an index of several terms as several sums: each term goes back by itself."""
    if isinstance(expr, Plus):
        return plus(terms_apart(term) for term in expr.terms)
    factors = factors_of(expr)
    for place, factor in enumerate(factors):
        if len(factors) > 1 and isinstance(factor, Plus) and _is_uneven(factor):
            made = (product((*factors[:place], term, *factors[place + 1 :])) for term in factor.terms)
            return plus(terms_apart(term) for term in made)
    front = [factor for factor in factors if not isinstance(factor, Sum)]
    sums = [factor for factor in factors if isinstance(factor, Sum)]
    if len(sums) != 1:
        return expr
    bound: list[Index] = []
    body: Expr = sums[0]
    while isinstance(body, Sum):
        bound.append(body.index)
        body = body.body
    inner = terms_apart(body)
    if not isinstance(inner, Plus):
        return expr
    return plus(product((*front, nested_sum(bound, term))) for term in inner.terms)


def _is_uneven(expr: Plus) -> bool:
    """Whether the terms stand on different indices, as delta_ik - s_k does: no array has such entries by itself."""
    indices = {frozenset(free_indices(term)) for term in expr.terms} - {frozenset()}
    factors = [factor for term in expr.terms for factor in factors_of(term)]
    inside = any(isinstance(factor, Plus) and _is_uneven(factor) for factor in factors)
    deltas = any(isinstance(factor, Delta) for factor in factors)
    return len(indices) > 1 or inside or deltas or len(free_indices(expr)) > 2


def refuse_leftovers(expr: Expr) -> None:
    """Raises NoMatrixForm where an index of the term `expr` is still summed over."""
    term = term_of(expr)
    if term.bound:
        index = next((i for i in term.bound if len(term.edges(i)) > 2 or term.others(i)), term.bound[0])
        left = ", ".join(text(factor) for factor in term.factors if index in free_indices(factor))
        raise NoMatrixForm(f"the index {index.name} occurs in {left}: no product of matrices sums over it")


def with_closed_sums_assembled(expr: Expr, used: list[Rule] | None) -> Expr:
    """`expr` with the sums inside it that have no free index assembled: they are numbers to the rest."""

    def close(node: Expr) -> Expr | None:
        if isinstance(node, Sum) and not free_indices(node) and node is not expr:
            return assembled(node, used)
        return None

    return transform(expr, close)


def array_of(expr: Expr, indices: tuple[Index, ...]) -> Expr:
    """The array whose entry at `indices` is `expr`: a column for one index, a matrix for two.

    A scalar is returned as it is where it has no index at all; it goes to every entry.
    Raises NoMatrixForm.
    """
    present = free_indices(expr)
    if not set(present) <= set(indices):
        raise NoMatrixForm(f"{text(expr)} has the indices {', '.join(index.name for index in present)}")
    if not present:
        return assembled(expr)
    match expr:
        case Plus(terms):
            return plus(array_of(term, indices) for term in terms)
        case Apply(function, arguments) if len(present) == len(indices):
            return Apply(function, tuple(array_of(argument, indices) for argument in arguments))
        case Power(base, exponent) if len(present) == len(indices):
            return Power(array_of(base, indices), array_of(exponent, indices))
    state = assembled(expr)
    return oriented(state, indices)


def oriented(term: Expr, indices: tuple[Index, ...]) -> Expr:
    """The array whose entry at `indices` is `term`, which is an assembled term on some of them."""
    front = [factor for factor in factors_of(term) if not free_indices(factor)]
    rest = [factor for factor in factors_of(term) if free_indices(factor)]
    present = free_indices(term)
    if term == ZERO_NUMBER and indices:
        return Zeros((indices[0].dim, indices[1].dim if len(indices) == 2 else ONE))
    if len(rest) > 1 or (rest and not isinstance(rest[0], Entry)):
        raise NoMatrixForm(f"{' and '.join(text(factor) for factor in rest)} are no one array")
    if not present:
        dims = [index.dim for index in indices]
        return product((*front, Ones((dims[0], dims[1] if len(dims) == 2 else ONE))))
    (entry,) = rest
    assert isinstance(entry, Entry)
    if len(indices) == 1:
        return product((*front, as_column(entry)))
    row, column = indices
    if entry.subscripts == (row, column):
        array = entry.base
    elif entry.subscripts == (column, row):
        array = transpose(entry.base)
    elif entry.subscripts == (row,):
        array = matmul((as_column(entry), Ones((ONE, column.dim))))
    elif entry.subscripts == (column,):
        array = matmul((Ones((row.dim, ONE)), transpose(as_column(entry))))
    else:
        raise NoMatrixForm(f"{text(entry)} has other indices than ({row.name}, {column.name})")
    return product((*front, array))


def assemble(expr: Expr, indices: tuple[Index, ...]) -> Expr:
    """The array whose entry at `indices` is `expr`, an assembled sum of terms.

    A term on none of the indices is spread by ones, so the array has its full shape.
    Raises NoMatrixForm.
    """
    if not indices:
        return expr
    return plus(oriented(term, indices) for term in terms_of(expr))
