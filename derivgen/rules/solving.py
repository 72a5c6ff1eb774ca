"""The laws by which equations are solved, and those of the test by second derivatives.

An equation has its zero at the right: a law takes what stands at the left. Laws that lead from one equation to several,
or to an equation that is no longer an expression set to zero, are names of lines only: they rewrite nothing. What they
lead to is checked at every solution, and the solutions are searched for a second time (verify/extrema.py).
"""

from __future__ import annotations

from fractions import Fraction

from derivgen.derivation import Rule, rule
from derivgen.expr.build import plus, product, ungrouped
from derivgen.expr.nodes import (
    MINUS_ONE,
    ZERO_NUMBER,
    At,
    Det,
    Expr,
    Group,
    Matrix,
    Number,
    Partial,
    Plus,
    Product,
    Symbol,
)
from derivgen.expr.sympy_bridge import is_scalar_formula, to_sympy
from derivgen.expr.walk import symbols, transform
from derivgen.expr.written import written, written_product

ALGEBRA = "elementary algebra"
CALCULUS = "definition"


@rule("partial derivative", law=r"\partial_x f: \text{all but } x \text{ held fixed}", source=CALCULUS)
def partial_derivative(expr: Expr) -> Expr | None:
    """A derivative of a formula, taken in one line."""
    match expr:
        case Partial(body, Symbol() as wrt) if is_scalar_formula(body):
            return written(to_sympy(body).diff(to_sympy(wrt)), _by_name(body))
    return None


@rule("derivative", law=r"f' = \tfrac{\mathrm{d} f}{\mathrm{d} x}", source=CALCULUS)
def ordinary_derivative(expr: Expr) -> Expr | None:
    """The same where there is one variable."""
    return partial_derivative(expr)


@rule("critical point", law=r"\nabla f = 0", source=CALCULUS)
def stationary(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("solve for the unknown", law=r"a\,x + b = 0 \Rightarrow x = -\tfrac{b}{a}", source=ALGEBRA)
def solve_for(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("put in", law=r"x = a \Rightarrow p(x) = p(a)", source=ALGEBRA)
def put_into(expr: Expr) -> Expr | None:
    """Unknowns by what they are equal to, in parentheses."""
    match expr:
        case At(body, places, values):
            found: dict[Expr, Expr] = dict(zip(places, values, strict=True))
            return transform(body, lambda node: Group(found[node]) if node in found else None)
    return None


@rule("multiply out", law=r"c\,(a + b) = c\,a + c\,b", source=ALGEBRA)
def distribute_number(expr: Expr) -> Expr | None:
    """A number times a sum, term by term; nothing is collected yet."""
    match expr:
        case Plus() | Product():
            own = expr.terms if isinstance(expr, Plus) else (expr,)
            opened = [_opened(term) for term in own]
            return (
                None
                if all(one is None for one in opened)
                else plus(term if one is None else one for term, one in zip(own, opened, strict=True))
            )
    return None


def _opened(term: Expr) -> Expr | None:
    match term:
        case Group(Plus(terms)):
            return plus(terms)
        case Product(factors):
            numbers = [one for one in map(_bare, factors) if isinstance(one, Number)]
            sums = [one for one in map(_bare, factors) if isinstance(one, Plus)]
            if len(sums) != 1 or len(numbers) != len(factors) - 1:
                return None
            value = Fraction(1)
            for number in numbers:
                value *= number.value
            return plus(_scaled(value, one) for one in sums[0].terms)
    return None


def _bare(expr: Expr) -> Expr:
    return _bare(expr.body) if isinstance(expr, Group) else expr


def _scaled(value: Fraction, term: Expr) -> Expr:
    factors = term.factors if isinstance(term, Product) else (term,)
    rest = []
    for factor in factors:
        if isinstance(factor, Number):
            value *= factor.value
        else:
            rest.append(factor)
    if not rest:
        return Number(value)
    return product((*(() if value == 1 else (Number(value),)), *rest))


@rule("simplify", law=r"a\,u + b\,u = (a + b)\,u", source=ALGEBRA)
def tidy(expr: Expr) -> Expr | None:
    """Multiplied out, with like terms collected; each factor of a product by itself."""
    if not is_scalar_formula(ungrouped(expr)):
        return None
    import sympy

    bare = ungrouped(expr)
    factors = bare.factors if isinstance(bare, Product) else (bare,)
    own = _by_name(expr)
    if any(isinstance(factor, Plus) for factor in factors) and len(factors) > 1:
        expanded = [sympy.expand(to_sympy(factor)) for factor in factors]
        after = written_product(expanded, own)
    else:
        after = written(sympy.expand(to_sympy(bare)), own)
    return None if after is None or after == expr else after


@rule("factor", law=r"a\,b + a\,c = a\,(b + c)", source=ALGEBRA)
def factor(expr: Expr) -> Expr | None:
    """As a product of factors that cannot be split further in fractions."""
    if not is_scalar_formula(expr):
        return None
    import sympy

    after = written(sympy.factor(to_sympy(expr)), _by_name(expr))
    return None if after is None or after == expr else after


@rule("a product is zero", law=r"u\,v = 0 \Rightarrow u = 0 \text{ or } v = 0", source=ALGEBRA)
def zero_product(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("a double root counts twice", law=r"(\lambda - a)^2 = 0 \Rightarrow \lambda = a", source=ALGEBRA)
def double_root(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("divide by what is never zero", law=r"c\,u = 0,\ c \neq 0 \Rightarrow u = 0", source=ALGEBRA)
def divide(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("multiply by the denominator", law=r"\tfrac{u}{v} = 0 \Rightarrow u = 0", source=ALGEBRA)
def clear_denominator(expr: Expr) -> Expr | None:
    """The numerator of a quotient."""
    if not is_scalar_formula(expr):
        return None
    top, bottom = to_sympy(expr).together().as_numer_denom()
    return written(top, _by_name(expr)) if bottom.free_symbols else None


@rule("take roots", law=r"x^2 = a \Rightarrow x = \pm\sqrt{a}", source=ALGEBRA)
def take_roots(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule(
    "quadratic formula",
    law=r"a x^2 + b x + c = 0 \Rightarrow x = \tfrac{-b \pm \sqrt{b^2 - 4ac}}{2a}",
    source=ALGEBRA,
)
def quadratic_formula(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("inverse function", law=r"e^x = a \Rightarrow x = \log a", source=ALGEBRA)
def inverse_function(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("add equations", law=r"p = 0,\ q = 0 \Rightarrow a\,p + b\,q = 0", source=ALGEBRA)
def add_equations(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("squares", law=r"u^2 + v^2 = 0 \Rightarrow u = v = 0", source=ALGEBRA)
def sum_of_squares(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("Hessian", law=r"H_{ij} = \frac{\partial^2 f}{\partial x_i\,\partial x_j}", source=CALCULUS)
def hessian(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("second partial derivatives", law=r"\partial^2_{xy} f = \partial_x(\partial_y f)", source=CALCULUS)
def second_derivatives(expr: Expr) -> Expr | None:
    """An array of derivatives, each taken in one line."""
    match expr:
        case Matrix(entries, shape) if any(isinstance(entry, Partial) for entry in entries):
            taken = [_taken(entry) for entry in entries]
            known = tuple(one for one in taken if one is not None)
            return Matrix(known, shape) if len(known) == len(taken) else None
    return None


def _taken(entry: Expr) -> Expr | None:
    if not isinstance(entry, Partial):
        return entry
    inner = _taken(entry.body)
    return None if inner is None else partial_derivative(Partial(inner, entry.wrt)) or ZERO_NUMBER


@rule("determinant", law=r"\det\begin{bmatrix}a & b\\ c & d\end{bmatrix} = a\,d - b\,c", source="linear algebra")
def determinant(expr: Expr) -> Expr | None:
    """Of two rows, or of three and more along the first row, where an entry of zero gives no term."""
    match expr:
        case Det(Matrix(entries, (rows, columns))) if rows == columns and not rows.names:
            return minor(tuple(entries), rows.number)
    return None


def minor(entries: tuple[Expr, ...], size: int) -> Expr:
    """The determinant of `entries`, row by row, one law deep."""
    if size == 1:
        return entries[0]
    if size == 2:
        a, b, c, d = map(Group, entries)
        return plus((product((a, d)), product((MINUS_ONE, b, c))))
    terms: list[Expr] = []
    for column in range(size):
        if entries[column] == ZERO_NUMBER:
            continue
        rest = tuple(entries[row * size + other] for row in range(1, size) for other in range(size) if other != column)
        inner = Group(minor(rest, size - 1))
        sign = () if column % 2 == 0 else (MINUS_ONE,)
        terms.append(product((*sign, Group(entries[column]), inner)))
    return plus(terms)


@rule("leading minors", law=r"H > 0 \iff \Delta_1 > 0, \dots, \Delta_n > 0", source="Sylvester's criterion")
def leading_minors(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


@rule("roots of the polynomial", law=r"\lambda^2 - (a + b)\lambda + a\,b = (\lambda - a)(\lambda - b)", source=ALGEBRA)
def split_polynomial(expr: Expr) -> Expr | None:
    """For the name of a line only."""
    return None


def _by_name(expr: Expr) -> tuple[Symbol, ...]:
    """The symbols of `expr` in the order of the alphabet, in which powers of them are written."""
    return tuple(sorted(symbols(expr), key=lambda symbol: symbol.name))


SOLVING: tuple[Rule, ...] = (
    partial_derivative,
    ordinary_derivative,
    stationary,
    solve_for,
    put_into,
    distribute_number,
    tidy,
    factor,
    zero_product,
    double_root,
    divide,
    clear_denominator,
    take_roots,
    quadratic_formula,
    inverse_function,
    add_equations,
    sum_of_squares,
    hessian,
    second_derivatives,
    determinant,
    leading_minors,
    split_polynomial,
)
"""All of them; there is no order of trying: a solver calls each by name."""
