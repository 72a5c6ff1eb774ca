"""Each rule on an example: what it gives, and that it is true.

A row is tested twice: the rule gives `after`, and `after` has the value of `before` by the evaluator, which shares
nothing with the rules.
"""

from __future__ import annotations

import pytest

from derivgen.derivation import Rule
from derivgen.expr.nodes import (
    ONE,
    Column,
    Delta,
    Det,
    Diag,
    Entry,
    Expr,
    Eye,
    Group,
    Index,
    Inverse,
    Kron,
    LogDet,
    LogSumExp,
    MatMul,
    MatrixPower,
    Norm,
    Ones,
    Partial,
    Plus,
    Power,
    Row,
    Size,
    Softmax,
    Sum,
    Symbol,
    Total,
    Trace,
    Transpose,
    Upper,
    Vec,
    Zeros,
)
from derivgen.rules import (
    CATALOGUE,
    algebra,
    along_axes,
    assembly,
    assumptions,
    contraction,
    differentiation,
    expansion,
    kronecker,
    matrix_algebra,
    scalar_forms,
)
from derivgen.rules.calculus import FUNCTION_RULES
from derivgen.verify.checks import check_equal

from .symbols import (
    A,
    A_ii,
    A_ij,
    B,
    B_ij,
    B_jk,
    C,
    D,
    H,
    K,
    N,
    P,
    Q,
    S,
    U,
    X,
    b,
    c,
    d_ij,
    d_ik,
    d_jk,
    fn,
    i,
    j,
    k,
    l,
    m,
    minus,
    n,
    num,
    over,
    p,
    r,
    t,
    times,
    x,
    x_i,
    x_j,
    x_k,
    y,
    y_i,
)
from .test_calculus import TABLE as CALCULUS
from .test_differentials import TABLE as DIFFERENTIALS
from .test_images import TABLE as IMAGES
from .test_multiplying import TABLE as MULTIPLYING
from .test_optimisation import TABLE as OPTIMISATION

xT = Transpose(x)
X_rj, X_ri = Entry(X, (r, j)), Entry(X, (r, i))
ax = MatMul((A, x))
ax_i = Entry(ax, (i,))
inv_A = Inverse(A)
d_x = Partial(x_i, x_k)
q = Index("q", n)
OUTER_SOFT = Softmax(MatMul((x, xT)), 1)
LABELS = Symbol("L", (m, n), frozenset({"onehot"}))
SYMMETRIC_INVERSE = Inverse(Plus((S, MatMul((x, xT)))))

# rule, before, after
TABLE: list[tuple[Rule, Expr, Expr]] = [
    (expansion.matrix_product, ax_i, Sum(j, times(A_ij, x_j))),
    (expansion.matrix_product, MatMul((xT, A, y)), Sum(i, Sum(j, times(x_i, A_ij, Entry(y, (j,)))))),
    (expansion.matrix_product, Entry(MatMul((x, Transpose(y))), (i, j)), times(x_i, Entry(y, (j,)))),
    (
        expansion.matrix_product,
        Partial(MatMul((xT, A, B, x)), x_k),
        Partial(Sum(i, Sum(j, times(x_i, Entry(MatMul((A, B)), (i, j)), x_j))), x_k),
    ),
    (expansion.trace, Trace(A), Sum(i, A_ii)),
    (expansion.trace, Trace(MatMul((A, B))), Sum(i, Sum(j, times(A_ij, Entry(B, (j, i)))))),
    (expansion.trace, Trace(times(t, A)), times(t, Trace(A))),
    (expansion.total, Total(x), Sum(i, x_i)),
    (expansion.squared_norm, Power(Norm(x), num(2)), Sum(i, Power(x_i, num(2)))),
    (expansion.norm, Norm(x), fn("sqrt", Sum(i, Power(x_i, num(2))))),
    (expansion.one_norm, Norm(x, 1), Sum(i, fn("abs", x_i))),
    (expansion.log_sum_exp, LogSumExp(x), fn("log", Sum(i, fn("exp", x_i)))),
    (expansion.softmax, Entry(Softmax(x), (i,)), times(fn("exp", x_i), over(Sum(j, fn("exp", x_j))))),
    (expansion.entrywise, Entry(Plus((x, y)), (i,)), Plus((x_i, y_i))),
    (expansion.entrywise, Entry(times(x, y), (i,)), times(x_i, y_i)),
    (expansion.transposed_entry, Entry(Transpose(A), (i, j)), Entry(A, (j, i))),
    (expansion.diagonal, Entry(Diag(x), (i, j)), times(d_ij, x_i)),
    (expansion.diagonal, Entry(Diag(A), (i,)), A_ii),
    (expansion.row_times_vector, MatMul((xT, Row(A, i))), ax_i),
    (expansion.row_times_vector, MatMul((Transpose(Column(A, i)), x)), Entry(MatMul((Transpose(A), x)), (i,))),
    (differentiation.constant_rule, Partial(y_i, x_k), num(0)),
    (differentiation.entry_rule, d_x, d_ik),
    (differentiation.entry_rule, Partial(A_ij, Entry(A, (k, l))), times(d_ik, Delta(j, l))),
    (differentiation.entry_rule, Partial(t, t), num(1)),
    (
        differentiation.symmetric_entry_rule,
        Partial(Entry(S, (i, j)), Entry(S, (k, l))),
        Plus(
            (
                times(d_ik, Delta(j, l)),
                times(Delta(i, l), d_jk),
                times(num(-1), d_ik, Delta(j, l), Delta(k, l)),
            )
        ),
    ),
    (differentiation.entry_rule, Partial(Entry(S, (i, j)), Entry(S, (k, l))), None),  # type: ignore[list-item]
    (
        differentiation.diagonal_entry_rule,
        Partial(Entry(D, (i, j)), Entry(D, (k, l))),
        times(d_ik, Delta(j, l), Delta(k, l)),
    ),
    (
        differentiation.triangular_entry_rule,
        Partial(Entry(U, (i, j)), Entry(U, (k, l))),
        times(d_ik, Delta(j, l), Entry(Upper(n), (k, l))),
    ),
    (
        differentiation.kink_rule,
        Partial(fn("relu", times(x_i, x_j)), x_k),
        times(fn("step", times(x_i, x_j)), Partial(times(x_i, x_j), x_k)),
    ),
    (
        differentiation.softmax_rule,
        Partial(Entry(Softmax(x), (i,)), x_k),
        times(
            Entry(Softmax(x), (i,)),
            Plus((d_x, times(num(-1), Sum(j, times(Entry(Softmax(x), (j,)), Partial(x_j, x_k)))))),
        ),
    ),
    (
        differentiation.log_sum_exp_rule,
        Partial(LogSumExp(x), x_k),
        Sum(i, times(Entry(Softmax(x), (i,)), d_x)),
    ),
    (
        differentiation.trace_of_power_rule,
        Partial(Trace(MatrixPower(A, num(3))), Entry(A, (k, l))),
        times(
            num(3),
            Sum(i, Sum(j, times(Entry(MatrixPower(A, num(2)), (j, i)), Partial(A_ij, Entry(A, (k, l)))))),
        ),
    ),
    (expansion.written_power, Entry(MatrixPower(A, num(2)), (i, j)), Entry(MatMul((A, A)), (i, j))),
    (expansion.written_power, Entry(MatrixPower(A, num(-2)), (i, j)), Entry(MatMul((inv_A, inv_A)), (i, j))),
    (matrix_algebra.diagonal_matrices, Plus((Diag(x), Diag(y))), Diag(Plus((x, y)))),
    (matrix_algebra.diagonal_matrices, MatMul((Diag(x), Diag(y), A)), MatMul((Diag(times(x, y)), A))),
    (matrix_algebra.diagonal_matrices, MatMul((Diag(x), Ones((n, ONE)))), x),
    (matrix_algebra.diagonal_matrices, times(A, Eye(n)), Diag(Diag(A))),
    (matrix_algebra.repeated_factor, times(fn("sin", x), y, fn("sin", x)), times(Power(fn("sin", x), num(2)), y)),
    (
        matrix_algebra.divided,
        times(Plus((times(Norm(x), A), times(B, over(Norm(x))))), Power(Norm(x), num(-2))),
        Plus((times(over(Norm(x)), A), times(B, Power(Norm(x), num(-3))))),
    ),
    (matrix_algebra.order_of_factors, times(t, num(2), x), times(num(2), t, x)),
    (matrix_algebra.scalar_transposed, MatMul((Transpose(y), x)), MatMul((xT, y))),
    (matrix_algebra.scalar_transposed, MatMul((xT, Transpose(A), x)), MatMul((xT, A, x))),
    (assumptions.symmetric_expression, Transpose(Inverse(Plus((S, MatMul((x, xT)))))), SYMMETRIC_INVERSE),
    (
        assumptions.symmetric_expression,
        Transpose(Plus((Inverse(S), MatMul((S, x, xT, S))))),
        Plus((Inverse(S), MatMul((S, x, xT, S)))),
    ),
    (matrix_algebra.fold_softmax, times(fn("exp", x), over(Total(fn("exp", x)))), Softmax(x)),
    (expansion.log_sum_exp, Entry(LogSumExp(X, 1), (r,)), fn("log", Sum(i, fn("exp", Entry(X, (r, i)))))),
    (
        expansion.softmax,
        Entry(Softmax(X, 0), (r, j)),
        times(fn("exp", X_rj), over(Sum(Index("i", m), fn("exp", Entry(X, (Index("i", m), j)))))),
    ),
    (
        differentiation.softmax_rule,
        Partial(Entry(Softmax(A, 1), (i, j)), x_k),
        None,
    ),
    (
        differentiation.softmax_rule,
        Partial(Entry(Softmax(MatMul((x, xT)), 1), (i, j)), x_k),
        times(
            Entry(OUTER_SOFT, (i, j)),
            Plus(
                (
                    Partial(Entry(MatMul((x, xT)), (i, j)), x_k),
                    minus(Sum(l, times(Entry(OUTER_SOFT, (i, l)), Partial(Entry(MatMul((x, xT)), (i, l)), x_k)))),
                )
            ),
        ),
    ),
    (
        differentiation.log_sum_exp_rule,
        Partial(Entry(LogSumExp(MatMul((x, xT)), 0), (j,)), x_k),
        Sum(
            i,
            times(
                Entry(Softmax(MatMul((x, xT)), 0), (i, j)),
                Partial(Entry(MatMul((x, xT)), (i, j)), x_k),
            ),
        ),
    ),
    (
        along_axes.sums_of_rows,
        Plus((times(A, B), minus(MatMul((Diag(Diag(MatMul((B, Transpose(A))))), A))))),
        Plus((times(A, B), minus(MatMul((Diag(MatMul((times(B, A), Ones((n, ONE))))), A))))),
    ),
    (
        along_axes.sums_of_rows,
        Plus((times(A, B), minus(MatMul((Diag(MatMul((times(S, MatMul((A, D))), Ones((n, ONE))))), A))))),
        Plus(
            (
                times(A, B),
                minus(MatMul((Diag(MatMul((times(MatMul((S, Transpose(D))), A), Ones((n, ONE))))), A))),
            )
        ),
    ),
    (
        along_axes.scaled_entrywise,
        Plus((times(A, B), minus(MatMul((Diag(x), A))))),
        times(A, Plus((B, minus(MatMul((x, Ones((ONE, n)))))))),
    ),
    (
        along_axes.scaled_entrywise,
        Plus((MatMul((A, Diag(x))), times(A, B))),
        times(A, Plus((MatMul((Ones((n, ONE)), xT)), B))),
    ),
    (along_axes.scaled_entrywise, Plus((times(A, B), MatMul((Diag(x), S)))), None),
    (
        along_axes.fold_softmax_along,
        MatMul((Diag(over(MatMul((fn("exp", X), Ones((n, ONE)))))), fn("exp", X))),
        Softmax(X, 1),
    ),
    (
        along_axes.fold_softmax_along,
        MatMul((fn("exp", X), Diag(times(x, over(MatMul((Transpose(fn("exp", X)), Ones((m, ONE))))))))),
        MatMul((Softmax(X, 0), Diag(x))),
    ),
    (
        along_axes.fold_softmax_along,
        times(fn("exp", X), over(MatMul((fn("exp", X), Ones((n, n)))))),
        Softmax(X, 1),
    ),
    (
        along_axes.fold_softmax_along,
        times(fn("exp", X), over(MatMul((Ones((m, ONE)), Ones((ONE, m)), fn("exp", X))))),
        Softmax(X, 0),
    ),
    (along_axes.fold_softmax_along, times(fn("exp", X), over(MatMul((fn("sin", X), Ones((n, n)))))), None),
    (
        along_axes.no_deviations,
        MatMul((Ones((ONE, m)), Plus((X, times(num(-1), over(Size(m)), MatMul((Ones((m, ONE)), Ones((ONE, m)), X))))))),
        Zeros((ONE, n)),
    ),
    (
        along_axes.no_deviations,
        MatMul((xT, Plus((A, times(num(-1), over(Size(n)), MatMul((A, Ones((n, n))))))), Ones((n, ONE)))),
        MatMul((xT, Zeros((n, ONE)))),
    ),
    (
        along_axes.no_deviations,
        MatMul((Ones((ONE, m)), Plus((X, times(num(-1), over(Size(n)), MatMul((Ones((m, m)), X))))))),
        None,
    ),
    (assumptions.one_hot_rows_rule, MatMul((LABELS, Ones((n, ONE)))), Ones((m, ONE))),
    (assumptions.one_hot_rows_rule, MatMul((Ones((ONE, n)), Transpose(LABELS), X)), MatMul((Ones((ONE, m)), X))),
    (assumptions.one_hot_rows_rule, MatMul((Transpose(LABELS), Ones((m, ONE)))), None),
    (assumptions.one_hot_rule, Total(LABELS), Size(m)),
    (
        contraction.contraction,
        Sum(i, times(x_i, Plus((times(d_ik, y_i), minus(Sum(j, times(A_ij, d_ik))))))),
        times(x_k, Plus((Entry(y, (k,)), minus(Sum(j, Entry(A, (k, j))))))),
    ),
    (
        assembly.hadamard_matrices,
        times(x_i, Sum(j, times(A_ij, B_ij))),
        Sum(j, times(x_i, Entry(times(A, B), (i, j)))),
    ),
    (algebra.order_of_terms, Plus((Transpose(A), A)), Plus((A, Transpose(A)))),
    (kronecker.kron_scalars, Kron(times(t, A), X), times(t, Kron(A, X))),
    (kronecker.kron_transposed, Transpose(Kron(A, X)), Kron(Transpose(A), Transpose(X))),
    (kronecker.kron_trace, Trace(Kron(A, B)), times(Trace(A), Trace(B))),
    (kronecker.kron_total, Total(Kron(A, X)), times(Total(A), Total(X))),
    (kronecker.kron_norm, Norm(Kron(A, X)), times(Norm(A), Norm(X))),
    (
        kronecker.power_of_norms,
        Power(times(Norm(x), Norm(X)), num(2)),
        times(Power(Norm(x), num(2)), Power(Norm(X), num(2))),
    ),
    (kronecker.kron_det, Det(Kron(A, B)), times(Power(Det(A), Size(n)), Power(Det(B), Size(n)))),
    (kronecker.mixed_product, MatMul((Kron(A, X), Kron(B, C))), Kron(MatMul((A, B)), MatMul((X, C)))),
    (kronecker.kron_vec, MatMul((Kron(A, X), Vec(B))), Vec(MatMul((X, B, Transpose(A))))),
    (kronecker.vec_inner, MatMul((Transpose(Vec(X)), Vec(X))), Trace(MatMul((Transpose(X), X)))),
    (kronecker.vec_total, Total(Vec(X)), Total(X)),
    (kronecker.vec_total, Norm(Vec(X)), Norm(X)),
    (kronecker.kron_of_vectors, Kron(x, b), Vec(MatMul((b, xT)))),
    (assumptions.one_hot_rule, Total(H), num(1)),
    (assumptions.unit_rule, MatMul((Transpose(N), N)), num(1)),
    (assumptions.unit_rule, Norm(N), num(1)),
    (differentiation.sum_rule, Partial(Plus((x_i, times(x_i, y_i))), x_k), Plus((d_x, Partial(times(x_i, y_i), x_k)))),
    (differentiation.sum_rule, Partial(Sum(i, times(x_i, A_ij)), x_k), Sum(i, Partial(times(x_i, A_ij), x_k))),
    (differentiation.constant_factor_rule, Partial(times(y_i, x_i), x_k), times(y_i, d_x)),
    (
        differentiation.product_rule,
        Partial(times(x_i, A_ij, x_j), x_k),
        Plus((times(d_x, A_ij, x_j), times(x_i, A_ij, Partial(x_j, x_k)))),
    ),
    (
        differentiation.quotient_rule,
        Partial(times(x_i, over(x_j)), x_k),
        times(Plus((times(d_x, x_j), times(num(-1), x_i, Partial(x_j, x_k)))), Power(x_j, num(-2))),
    ),
    (differentiation.power_rule, Partial(Power(x_i, num(3)), x_k), times(num(3), Power(x_i, num(2)), d_x)),
    (
        differentiation.exponential_rule,
        Partial(Power(fn("exp", c), x_i), x_k),
        times(Power(fn("exp", c), x_i), fn("log", fn("exp", c)), d_x),
    ),
    (
        differentiation.logarithmic_rule,
        Partial(Power(fn("exp", x_i), x_i), x_k),
        times(Power(fn("exp", x_i), x_i), Partial(times(x_i, fn("log", fn("exp", x_i))), x_k)),
    ),
    (
        differentiation.chain_rule,
        Partial(fn("sin", times(x_i, x_j)), x_k),
        times(fn("cos", times(x_i, x_j)), Partial(times(x_i, x_j), x_k)),
    ),
    (
        differentiation.norm_rule,
        Partial(Norm(x), x_k),
        times(Partial(Power(Norm(x), num(2)), x_k), over(times(num(2), Norm(x)))),
    ),
    (
        differentiation.inverse_rule,
        Partial(Entry(inv_A, (i, j)), Entry(A, (k, l))),
        Sum(
            p,
            Sum(
                q,
                times(
                    num(-1),
                    Entry(inv_A, (i, p)),
                    Partial(Entry(A, (p, q)), Entry(A, (k, l))),
                    Entry(inv_A, (q, j)),
                ),
            ),
        ),
    ),
    (
        differentiation.log_det_rule,
        Partial(LogDet(A), Entry(A, (k, l))),
        Sum(i, Sum(j, times(Entry(inv_A, (j, i)), Partial(A_ij, Entry(A, (k, l)))))),
    ),
    (
        differentiation.det_rule,
        Partial(Det(A), Entry(A, (k, l))),
        times(Det(A), Sum(i, Sum(j, times(Entry(inv_A, (j, i)), Partial(A_ij, Entry(A, (k, l))))))),
    ),
    (contraction.contraction, Sum(i, times(d_ik, A_ij, x_j)), times(Entry(A, (k, j)), x_j)),
    (contraction.contraction, Sum(i, Sum(j, times(x_i, A_ij, d_jk))), None),  # type: ignore[list-item]
    (contraction.contraction, Sum(i, Sum(j, times(d_ik, A_ij, x_j))), Sum(j, times(Entry(A, (k, j)), x_j))),
    (
        contraction.split_sum,
        Sum(i, Plus((times(d_ik, x_i), times(x_i, y_i)))),
        Plus((Sum(i, times(d_ik, x_i)), Sum(i, times(x_i, y_i)))),
    ),
    (
        contraction.split_sum,
        Sum(i, Sum(j, Sum(k, Plus((times(d_ik, A_ij), times(x_i, A_ij)))))),
        Plus((Sum(i, Sum(j, Sum(k, times(d_ik, A_ij)))), Sum(i, Sum(j, Sum(k, times(x_i, A_ij)))))),
    ),
    (
        contraction.distribute,
        Sum(i, times(y_i, Plus((d_ik, x_i)))),
        Sum(i, Plus((times(y_i, d_ik), times(y_i, x_i)))),
    ),
    (contraction.sum_in_front, times(x_i, Sum(j, times(A_ij, x_j))), Sum(j, times(x_i, A_ij, x_j))),
    (contraction.sum_in_front, times(Group(Sum(j, times(A_ij, x_j))), x_i), Sum(j, times(A_ij, x_j, x_i))),
    (contraction.sum_in_front, times(x_j, Sum(j, A_ij)), None),  # type: ignore[list-item]
    (algebra.zero_term, Plus((x_i, num(0), y_i)), Plus((x_i, y_i))),
    (algebra.zero_factor, times(x_i, num(0)), num(0)),
    (algebra.arithmetic, times(num(2), x_i, num(3)), times(num(6), x_i)),
    (algebra.arithmetic, Plus((num(2), x_i, num(3))), Plus((num(5), x_i))),
    (algebra.cancel, times(x_i, y_i, over(x_i)), times(num(1), y_i)),
    (algebra.sum_of_constant, Sum(j, x_i), times(Size(n), x_i)),
    (algebra.equal_delta, Delta(i, i), num(1)),
    (algebra.inverse_functions, fn("log", fn("exp", x_i)), x_i),
    (algebra.tangent, times(x_i, fn("sin", y_i), over(fn("cos", y_i))), times(x_i, fn("tan", y_i))),
    (algebra.tangent, times(fn("sinh", x_i), over(fn("cosh", x_i))), fn("tanh", x_i)),
    (algebra.tangent, times(fn("sin", x_i), over(fn("cos", y_i))), None),
    (algebra.constant_out_of_sum, Sum(i, times(num(2), x_i)), times(num(2), Sum(i, x_i))),
    (algebra.like_terms, Plus((times(x_i, y_i), times(num(2), y_i, x_i), x_i)), Plus((times(num(3), x_i, y_i), x_i))),
    (
        algebra.multiply_out,
        Plus((times(x_i, Plus((num(1), minus(y_i)))), times(num(-1), y_i, Plus((num(1), minus(x_i)))))),
        Plus((x_i, minus(y_i))),
    ),
    (algebra.minus_difference, times(num(-1), Plus((x_i, minus(y_i)))), Plus((y_i, minus(x_i)))),
    (
        matrix_algebra.total_of_sum,
        Total(Plus((x, times(num(-1), Power(Size(n), num(-1)), Total(x))))),
        num(0),
    ),
    (algebra.positive_first, Plus((minus(x_i), y_i)), Plus((y_i, minus(x_i)))),
    (algebra.zero_factor, MatMul((Zeros((n, n)), x)), Zeros((n, ONE))),
    (
        scalar_forms.simplify_scalar,
        Plus((times(t, c), times(num(2), t, t), times(num(-1), c, t))),
        times(num(2), Power(t, num(2))),
    ),
    (algebra.scalars_in_front, MatMul((times(num(2), A), x)), times(num(2), ax)),
    (assembly.hadamard_product, times(x_i, y_i), Entry(times(x, y), (i,))),
    (assembly.hadamard_product, Sum(i, times(x_i, y_i)), None),  # type: ignore[list-item]
    (assembly.hadamard_matrices, times(A_ij, B_ij), Entry(times(A, B), (i, j))),
    (assembly.inner_product, Sum(i, times(x_i, y_i)), MatMul((xT, y))),
    (assembly.total_of_vector, Sum(i, x_i), Total(x)),
    (assembly.trace_of_loop, Sum(i, A_ii), Trace(A)),
    (assembly.diagonal_of_loop, times(A_ii, x_i), times(Entry(Diag(A), (i,)), x_i)),
    (assembly.matrix_vector, Sum(j, times(A_ij, x_j)), ax_i),
    (assembly.matrix_vector, Sum(r, times(X_rj, Entry(b, (r,)))), Entry(MatMul((Transpose(X), b)), (j,))),
    (assembly.matrix_matrix, Sum(j, times(A_ij, B_jk)), Entry(MatMul((A, B)), (i, k))),
    (assembly.matrix_matrix, Sum(r, times(X_ri, X_rj)), Entry(MatMul((Transpose(X), X)), (i, j))),
    (assembly.row_sums, Sum(j, Entry(X, (r, j))), Entry(MatMul((X, Ones((n, ONE)))), (r,))),
    (assembly.diagonal_product, Sum(j, times(A_ij, x_j, B_jk)), Entry(MatMul((A, Diag(x), B)), (i, k))),
    (assembly.outer_product, times(Entry(b, (r,)), x_j), Entry(MatMul((b, xT)), (r, j))),
    (assembly.diagonal_matrix, times(d_ij, x_i), Entry(Diag(x), (i, j))),
    (assembly.diagonal_matrix, times(d_ij, x_j), Entry(Diag(x), (i, j))),
    (assembly.scaled_rows, times(Entry(b, (r,)), X_rj), Entry(MatMul((Diag(b), X)), (r, j))),
    (assembly.scaled_rows, times(x_j, X_rj), Entry(MatMul((X, Diag(x))), (r, j))),
    (assembly.entry_by_entry, fn("sin", times(x_i, y_i)), Entry(fn("sin", times(x, y)), (i,))),
    (assembly.fixed_subscript(()), Entry(A, (i, 2)), Entry(Column(A, 2), (i,))),
    (matrix_algebra.sum_of_entries, Plus((x_i, ax_i)), Entry(Plus((x, ax)), (i,))),
    (matrix_algebra.common_factor, Plus((ax, MatMul((Transpose(A), x)))), MatMul((Plus((A, Transpose(A))), x))),
    (matrix_algebra.common_factor, Plus((MatMul((A, x)), minus(MatMul((A, y))))), MatMul((A, Plus((x, minus(y)))))),
    (matrix_algebra.common_factor, Plus((times(t, x), times(t, y))), times(t, Plus((x, y)))),
    (assumptions.symmetric_rule, Transpose(S), S),
    (assumptions.skew_rule, Transpose(K), minus(K)),
    (assumptions.orthogonal_rule, MatMul((Transpose(Q), Q, x)), x),
    (assumptions.orthogonal_rule, Inverse(Q), Transpose(Q)),
    (assumptions.idempotent_rule, MatMul((P, P, x)), MatMul((P, x))),
    (matrix_algebra.inverse_cancels, MatMul((inv_A, A, x)), x),
    (matrix_algebra.identity_rule, MatMul((A, Eye(n), x)), ax),
    (matrix_algebra.transposes_inside, Transpose(MatMul((A, B))), MatMul((Transpose(B), Transpose(A)))),
]
"""`None` where the rule must leave the expression alone."""


@pytest.mark.parametrize(("rule", "before", "after"), TABLE, ids=lambda one: getattr(one, "name", ""))
def test_rewrites(rule: Rule, before: Expr, after: Expr | None) -> None:
    assert rule(before) == after


TRUE = [row for row in TABLE if row[2] is not None]


@pytest.mark.parametrize(("rule", "before", "after"), TRUE, ids=lambda one: getattr(one, "name", ""))
def test_is_true(rule: Rule, before: Expr, after: Expr) -> None:
    assert check_equal(before, after).status in ("exact", "numeric")


def test_each_rule_has_a_row() -> None:
    known = (*TABLE, *DIFFERENTIALS, *CALCULUS, *MULTIPLYING, *OPTIMISATION, *IMAGES)
    tested = {rule.name for rule, _, _ in known}
    tested |= {rule.name for rule in FUNCTION_RULES.values()}
    assert {rule.name for rule in CATALOGUE} <= tested


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_has_law_and_source(rule: Rule) -> None:
    assert rule.law and rule.source


@pytest.mark.parametrize("rule", CATALOGUE, ids=lambda rule: rule.name)
def test_leaves_a_lone_symbol_alone(rule: Rule) -> None:
    assert rule(x) is None
