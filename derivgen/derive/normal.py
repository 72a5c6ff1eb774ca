"""Where a function of one unknown has its minimum: the gradient set to zero, and that solved, where it is linear.

X'X theta - X'y = 0  =>  X'X theta = X'y  =>  theta = (X'X)^-1 X'y,  if X'X is invertible
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from derivgen.derivation import (
    Derivation,
    Equation,
    Fact,
    Rewrite,
    Rule,
    Solutions,
    Solve,
    Statement,
    Step,
)
from derivgen.derive.convexity import form_of, is_nonzero, is_square
from derivgen.derive.derivative import derive as derive_derivative
from derivgen.derive.evaluation import put_in, work_out
from derivgen.derive.linear_terms import (
    Term,
    fronted,
    has_quotient_inside,
    multiplier,
    scaled_by,
    spread,
    summed,
    term_of,
    times,
    without_one,
)
from derivgen.derive.multiplying import (
    Chain,
    arithmetic_of_arrays,
    can_be_written_out,
    is_number,
    numbers_worked_out,
    write_out,
)
from derivgen.derive.naming import reserved_names
from derivgen.derive.tidying import exhausted
from derivgen.errors import CannotDerive
from derivgen.expr.build import matmul, plus, product, terms_of
from derivgen.expr.nodes import (
    MINUS_ONE,
    ONE,
    ONE_NUMBER,
    ZERO_NUMBER,
    Column,
    Det,
    Entry,
    Expr,
    Eye,
    Index,
    Inverse,
    Layout,
    MatMul,
    Matrix,
    Number,
    Partial,
    Plus,
    Power,
    Product,
    Sum,
    Symbol,
    Transpose,
    Zeros,
)
from derivgen.expr.shapes import axes, is_scalar, shape
from derivgen.expr.text import text
from derivgen.expr.walk import depends_on, symbols, transform
from derivgen.problem.model import Given, Part
from derivgen.rules.algebra import TIDY
from derivgen.rules.arrays import determinant, inverse_by_cofactors, inverse_of_two, matrix_product
from derivgen.rules.linear_equations import (
    by_inverse,
    divide_sides,
    entrywise_as_diagonal,
    factor_out,
    hessian_of_gradient,
    linear_system,
    multiply_sides,
    other_side,
    quadratic_form,
    stacked,
    stationary,
)
from derivgen.rules.matrix_products import distribute_matrices
from derivgen.rules.multiplying import monomial


@dataclass(frozen=True, slots=True)
class _Unknown:
    """The variable that is solved for, and names for what is found on the way."""

    symbol: Symbol
    quantity: Symbol
    gradient: Expr
    hessian: Symbol
    direction: Symbol

    @property
    def zero(self) -> Expr:
        return ZERO_NUMBER if is_scalar(self.symbol) else Zeros(self.symbol.shape)


def solve(part: Part, layout: Layout) -> Derivation:
    """The value of `part.wrt` at which the gradient of `part.expression` is zero.

    Raises CannotDerive where that is no linear equation with one solution.
    """
    assert part.expression is not None and part.wrt is not None
    statement, wrt = part.expression, part.wrt
    if not is_scalar(statement):
        raise CannotDerive("what has a minimum is a scalar")
    if len(axes(wrt)) > 1 or wrt.shape[1] != ONE:
        raise CannotDerive(f"the unknown is a scalar or a column; {wrt.name} is a matrix")
    # the names of `define` would come back in the result, and hide the unknown
    scope = replace(part.scope, definitions={}, levels={})
    asked = replace(part, task="derive", order=1, given=Given(), claim=None, wrt_transposed=False, scope=scope)
    found = derive_derivative(asked, Layout.DENOMINATOR)
    if found.form != "matrix" or found.quantity is None:
        raise CannotDerive("the gradient has no matrix form, so there is no equation between arrays to solve")
    unknown, named = _names(part, found)
    steps: list[Step] = [step for step in found.steps if isinstance(step, Rewrite)]
    if not is_scalar(wrt):
        steps.append(Rewrite((stacked,), dict(named)[_symbol(unknown.gradient)], found.result, unknown.gradient))
    solver = _Solver(part, unknown, found.result)
    steps += solver.steps()
    steps += _minimum(unknown, solver)
    answer = solver.answer
    steps.append(Solutions((wrt,), (Equation(found.result, unknown.zero),), ((answer,),)))
    named += solver.named
    return Derivation(
        task="solve",
        statement=statement,
        steps=tuple(steps),
        result=answer,
        form="matrix",
        shape=shape(answer),
        quantity=unknown.quantity,
        question=_newton_step(unknown),
        named=tuple(named),
    )


def _symbol(expr: Expr) -> Symbol:
    assert isinstance(expr, Symbol)
    return expr


def _names(part: Part, found: Derivation) -> tuple[_Unknown, list[tuple[Symbol, Expr]]]:
    """Names for the gradient, the Hessian and a direction; the first two with what they stand for."""
    assert part.wrt is not None and part.expression is not None and found.quantity is not None
    wrt, f = part.wrt, found.quantity
    reserved = {*reserved_names(part.scope, part.expression, name=part.name), f.name}
    size = wrt.shape[0]
    hessian = Symbol(f"∇²{f.name}", (size, size), latex=rf"\nabla^2 {f.name}")
    letter = next((one for one in ("v", "u", "w", "z") if one not in reserved), _free("v", reserved))
    direction = Symbol(letter, (size, ONE))
    if is_scalar(wrt):
        second = Partial(Partial(f, wrt), wrt)
        return _Unknown(wrt, f, Partial(f, wrt), hessian, direction), [(hessian, second)]
    gradient = Symbol(f"∇{f.name}", wrt.shape, latex=rf"\nabla {f.name}")
    k, l = (Index(_free(name, reserved), size) for name in ("k", "l"))
    by_k, by_l = (Entry(wrt, (own,)) for own in (k, l))
    unit_k, unit_l = (Column(Eye(size), own) for own in (k, l))
    slope = Sum(k, product((Partial(f, by_k), unit_k)))
    bend = product((Partial(Partial(f, by_k), by_l), MatMul((unit_k, Transpose(unit_l)))))
    return _Unknown(wrt, f, gradient, hessian, direction), [(gradient, slope), (hessian, Sum(k, Sum(l, bend)))]


def _free(name: str, reserved: Iterable[str]) -> str:
    while name in reserved:
        name += "_1"
    return name


def _newton_step(unknown: _Unknown) -> Expr:
    """Where a gradient that is linear vanishes, from any value of the unknown: x - H^-1 times the gradient at x."""
    wrt, gradient = unknown.symbol, unknown.gradient
    if is_scalar(wrt):
        return plus((wrt, product((MINUS_ONE, Power(unknown.hessian, MINUS_ONE), gradient))))
    return plus((wrt, product((MINUS_ONE, MatMul((Inverse(unknown.hessian), gradient))))))


# --- a linear equation ----------------------------------------------------------------------------------------------


class _Solver:
    """Solves `gradient` = 0 for the unknown; `matrix` times the unknown is `right`, both `factor` times as large."""

    def __init__(self, part: Part, unknown: _Unknown, gradient: Expr) -> None:
        self.part, self.unknown, self.gradient = part, unknown, gradient
        self.values = part.scope.values
        self.named: list[tuple[Symbol, Expr]] = []
        wrt = unknown.symbol
        diagonal = transform(gradient, self._as_diagonal)
        self.plain = diagonal
        terms = [term_of(one, wrt) for one in spread(diagonal)]
        if not any(term.linear for term in terms):
            raise CannotDerive(f"the gradient does not depend on {wrt.name}, so there is nothing to solve")
        self.factor = multiplier(terms)
        scaled = [replace(term, scalars=monomial((self.factor, term.scalars))) for term in terms]
        self.linear = [term for term in scaled if term.linear]
        # c x after A x, as in X'X + c I
        self.linear.sort(key=lambda term: not term.chain)
        constant = [product((MINUS_ONE, term.coefficient)) for term in scaled if not term.linear]
        self.right = summed(constant) if constant else unknown.zero
        self.matrix = summed([self._square(term) for term in self.linear])
        self.left = plus(self._times_unknown(term) for term in self.linear)
        if is_scalar(wrt):
            self.left = times(self.matrix, wrt)
        self.expanded = plus((self.left, *(product((MINUS_ONE, one)) for one in terms_of(self.right))))
        self.expanded = exhausted(self.expanded, TIDY, []) if constant else self.left
        self.answer = self._solution()
        self.numbers: Expr | None = None

    def _as_diagonal(self, node: Expr) -> Expr | None:
        if isinstance(node, Product) and depends_on(node, self.unknown.symbol):
            return entrywise_as_diagonal(node)
        return None

    def _square(self, term: Term) -> Expr:
        if term.chain or is_scalar(self.unknown.symbol):
            return term.coefficient
        return product(without_one((term.scalars, Eye(self.unknown.symbol.shape[0]))))

    def _times_unknown(self, term: Term) -> Expr:
        wrt = self.unknown.symbol
        array = matmul((*term.chain, wrt)) if not is_scalar(wrt) else wrt
        return product(without_one((term.scalars, array)))

    def _solution(self) -> Expr:
        wrt, right = self.unknown.symbol, self.right
        if right == self.unknown.zero:
            return self.unknown.zero
        if is_scalar(wrt):
            if isinstance(self.matrix, Number) and isinstance(right, Number):
                return Number(right.value / self.matrix.value)
            return product((right, Power(self.matrix, MINUS_ONE))) if self.matrix != ONE_NUMBER else right
        scale = self._scale()
        if scale is not None:  # c x = b
            return fronted(product((Power(scale, MINUS_ONE), right)))
        return matmul((Inverse(self.matrix), right))

    def _scale(self) -> Expr | None:
        """The c of a matrix c I."""
        if len(self.linear) == 1 and not self.linear[0].chain:
            return self.linear[0].scalars
        return None

    def steps(self) -> list[Step]:
        """The lines from the gradient to the unknown."""
        zero, wrt = self.unknown.zero, self.unknown.symbol
        lines: list[tuple[tuple[Rule, ...], Equation]] = [((stationary,), Equation(self.gradient, zero))]
        if self.plain != self.gradient:
            lines.append(((entrywise_as_diagonal,), Equation(self.plain, zero)))
        scaled = scaled_by(self.plain, self.factor)
        if self.factor != ONE_NUMBER:
            whole = isinstance(self.plain, Product) and not has_quotient_inside(self.plain)
            whole = whole or (isinstance(self.factor, Number) and self.factor.value.numerator == 1)
            lines.append(((divide_sides if whole else multiply_sides,), Equation(scaled, zero)))
        lines.append(((distribute_matrices,), Equation(self.expanded, zero)))
        lines.append(((other_side,), Equation(self.left, self.right)))
        if len(self.linear) > 1 and not is_scalar(wrt):
            lines.append(((factor_out,), Equation(MatMul((self.matrix, wrt)), self.right)))
        known = all(one.name in self.values for one in (*symbols(self.matrix), *symbols(self.right)))
        symbolic = self.answer
        steps: list[Step] = []
        seen: Equation | None = None
        for rules, equation in lines:
            if seen is None or (equation.left, equation.right) != (seen.left, seen.right):
                steps.append(Solve(rules, (equation,), ((symbolic,),)))
                seen = equation
        if known and can_be_written_out(self.matrix) and not is_scalar(wrt):
            steps += self._numbers(symbolic)
        else:
            steps += self._condition()
            if seen is None or (wrt, symbolic) != (seen.left, seen.right):
                law = divide_sides if is_scalar(wrt) or self._scale() is not None else by_inverse
                steps.append(Solve((law,), (Equation(wrt, symbolic),), ((symbolic,),)))
        answers = ((self.answer,),)
        return [replace(step, points=answers) if isinstance(step, Solve) else step for step in steps]

    # --- when there is one solution ---------------------------------------------------------------------------------

    def _condition(self) -> list[Step]:
        """What makes the equation solvable: that it is so, or that it is assumed."""
        matrix, v = self.matrix, self.unknown.direction
        if is_scalar(self.unknown.symbol) or self._scale() is not None:
            divisor = matrix if is_scalar(self.unknown.symbol) else self._scale()
            assert divisor is not None
            if is_nonzero(divisor):
                return []
            return [Statement("solve_divisor", (("divisor", divisor),))]
        known = [form_of(term, v) for term in self.linear]
        forms = [one for one in known if one is not None]
        if len(forms) == len(known) and any(one.definite for one in forms):
            if isinstance(matrix, Symbol):
                return [Statement("solve_positive_definite", (("matrix", matrix),))]
            value = plus(one.value for one in forms)
            fact = Fact(MatMul((Transpose(v), matrix, v)), "=", value)
            return [Statement("solve_definite", (("matrix", matrix), ("direction", v)), (fact,))]
        if len(self.linear) == 1 and len(self.linear[0].chain) in (2, 3) and forms:
            return [Statement("solve_columns", (("matrix", matrix), ("factor", self.linear[0].chain[-1])))]
        if isinstance(matrix, Symbol) and "invertible" in matrix.assumptions:
            return []
        return [Statement("solve_invertible", (("matrix", matrix),))]

    # --- numbers ----------------------------------------------------------------------------------------------------

    def _numbers(self, symbolic: Expr) -> list[Step]:
        """Both sides worked out, the inverse, and the unknown."""
        wrt = self.unknown.symbol
        hat = Symbol(_free(f"{wrt.name}_hat", reserved_names(self.part.scope)), wrt.shape)
        self.named.append((hat, symbolic))
        if self._scale() is not None:
            chain = Chain(symbolic, hat)
            write_out(chain, self.values)
            arithmetic_of_arrays(chain)
            chain.to(numbers_worked_out(chain.current), work_out)
            self.answer = chain.current
            return [Solve((divide_sides,), (Equation(wrt, symbolic),), ()), *chain.lines]
        steps: list[Step] = []
        sides: list[Expr] = []
        for side in (self.matrix, self.right):
            chain = Chain(side, side)
            write_out(chain, self.values)
            arithmetic_of_arrays(chain)
            chain.to(numbers_worked_out(chain.current), work_out)
            steps += chain.lines
            sides.append(chain.current)
        matrix, right = sides
        if not isinstance(matrix, Matrix) or not isinstance(right, Matrix):
            raise CannotDerive(f"{text(self.matrix)} is no array of numbers")
        solution = _exact_solution(matrix, right)
        if solution is None:
            raise CannotDerive(f"{text(self.matrix)} is singular: the equation has no solution, or too many")
        value = Number(_determinant(matrix))
        chain = Chain(Det(self.matrix), Det(self.matrix))
        chain.to(Det(matrix), put_in)
        chain.to(determinant(Det(matrix)) or value, determinant)
        chain.to(value, work_out)
        steps += chain.lines
        fact = Fact(Det(self.matrix), "!=", ZERO_NUMBER)
        steps.append(Statement("solve_determinant", (("matrix", self.matrix),), (fact,)))
        steps.append(Solve((by_inverse,), (Equation(wrt, symbolic),), ()))
        chain = Chain(symbolic, hat)
        chain.to(MatMul((Inverse(matrix), right)), put_in)
        self._by_adjugate(chain, matrix, right, value)
        chain.to(solution, work_out if len(chain.lines) > 1 else linear_system)
        self.answer = solution
        return [*steps, *chain.lines]

    def _by_adjugate(self, chain: Chain, matrix: Matrix, right: Matrix, value: Number) -> None:
        """The lines by the inverse written out, where that is of two or three rows."""
        law = inverse_of_two if matrix.shape[0].number == 2 else inverse_by_cofactors
        made = law(Inverse(matrix))
        if not isinstance(made, Product):
            return
        front, adjugate = monomial((Power(value, MINUS_ONE),)), made.factors[1]
        chain.to(product(without_one((front, MatMul((adjugate, right))))), law)
        after = matrix_product(MatMul((adjugate, right)))
        if after is not None:
            chain.to(product(without_one((front, after))), matrix_product)
            chain.to(product(without_one((front, numbers_worked_out(after)))), work_out)


def _exact_solution(matrix: Matrix, right: Matrix) -> Matrix | None:
    """The one solution of a linear system of numbers; None where there is none, or more."""
    import sympy

    a, b = _numbers_of(matrix), _numbers_of(right)
    if a.det() == 0:
        return None
    found = a.LUsolve(b)
    return Matrix(tuple(Number(Fraction(int(one.p), int(one.q))) for one in map(sympy.Rational, found)), right.shape)


def _determinant(matrix: Matrix) -> Fraction:
    value = _numbers_of(matrix).det()
    return Fraction(int(value.p), int(value.q))


def _numbers_of(matrix: Matrix):  # type: ignore[no-untyped-def]
    import sympy

    rows, columns = matrix.shape[0].number, matrix.shape[1].number
    known = [entry for entry in matrix.entries if isinstance(entry, Number)]
    if len(known) < len(matrix.entries):
        raise CannotDerive(f"{text(matrix)} is no array of numbers")
    return sympy.Matrix(rows, columns, [sympy.Rational(one.value.numerator, one.value.denominator) for one in known])


def _minimum(unknown: _Unknown, solver: _Solver) -> list[Step]:
    """That the stationary point is a minimum, where the Hessian says so."""
    v = unknown.direction
    back = monomial((Power(solver.factor, MINUS_ONE),))
    hessian = product(without_one((back, solver.matrix)))
    if isinstance(solver.matrix, Plus) and not is_scalar(unknown.symbol):
        hessian = scaled_by(solver.matrix, back)
    hessian = exhausted(hessian, TIDY, [])
    if is_scalar(unknown.symbol):
        second = Partial(Partial(unknown.quantity, unknown.symbol), unknown.symbol)
        if is_number(hessian) and isinstance(hessian, Number):
            relation = ">" if hessian.value > 0 else "<"
            key = "solve_minimum_scalar" if relation == ">" else "solve_maximum_scalar"
            return [*_shown(hessian_of_gradient, second, hessian), _says(key, hessian, relation)]
        if all(is_square(term) for term in terms_of(hessian)):
            key = "solve_minimum_scalar_weak"
            return [*_shown(hessian_of_gradient, second, hessian), _says(key, hessian, ">=")]
        return [*_shown(hessian_of_gradient, second, hessian), Statement("solve_stationary", (("hessian", hessian),))]
    scaled = [replace(term, scalars=monomial((back, term.scalars))) for term in solver.linear]
    found = [form_of(term, v) for term in scaled]
    forms = [one for one in found if one is not None]
    if len(forms) < len(found):
        lines = _shown(hessian_of_gradient, unknown.hessian, hessian)
        return [*lines, Statement("solve_stationary", (("hessian", hessian),))]
    value = plus(one.value for one in forms)
    lines = [
        *_shown(hessian_of_gradient, unknown.hessian, hessian),
        *_shown(quadratic_form, MatMul((Transpose(v), unknown.hessian, v)), value),
    ]
    key = "solve_minimum_definite" if any(one.definite for one in forms) else "solve_minimum"
    values = (("quantity", unknown.quantity), ("direction", v))
    return [*lines, Statement(key, values, (Fact(value, ">=", ZERO_NUMBER),))]


def _shown(law: Rule, name: Expr, value: Expr) -> list[Step]:
    return [Rewrite((law,), name, value, name)]


def _says(key: str, value: Expr, relation: str) -> Statement:
    return Statement(key, (), (Fact(value, relation, ZERO_NUMBER),))
