"""The derivatives of the functions that act entry by entry: f'(u) as an expression in u."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from derivgen.errors import CannotDerive
from derivgen.expr.build import plus, product
from derivgen.expr.nodes import MINUS_ONE, ONE_NUMBER, ZERO_NUMBER, Apply, Expr, Function, Pi, Power, number

TWO = number(2)


def _apply(name: str, argument: Expr) -> Expr:
    return Apply(Function(name), (argument,))


def _over(below: Expr) -> Expr:
    return Power(below, MINUS_ONE)


def _one_minus(expr: Expr) -> Expr:
    return plus((ONE_NUMBER, product((MINUS_ONE, expr))))


def _root(expr: Expr) -> Expr:
    return _apply("sqrt", expr)


DERIVATIVES: dict[str, Callable[[Expr], Expr]] = {
    "exp": lambda u: _apply("exp", u),
    "log": _over,
    "sqrt": lambda u: _over(product((TWO, _root(u)))),
    "sin": lambda u: _apply("cos", u),
    "cos": lambda u: product((MINUS_ONE, _apply("sin", u))),
    "tan": lambda u: plus((ONE_NUMBER, Power(_apply("tan", u), TWO))),
    "asin": lambda u: _over(_root(_one_minus(Power(u, TWO)))),
    "acos": lambda u: product((MINUS_ONE, _over(_root(_one_minus(Power(u, TWO)))))),
    "atan": lambda u: _over(plus((ONE_NUMBER, Power(u, TWO)))),
    "sinh": lambda u: _apply("cosh", u),
    "cosh": lambda u: _apply("sinh", u),
    "tanh": lambda u: _one_minus(Power(_apply("tanh", u), TWO)),
    "sigmoid": lambda u: product((_apply("sigmoid", u), _one_minus(_apply("sigmoid", u)))),
    "softplus": lambda u: _apply("sigmoid", u),
    # 1 where u > 0 and 0 where u < 0; at the kink the value 0 is taken
    "relu": lambda u: _apply("step", u),
    # 0 at the kink, the middle of the slopes beside it
    "abs": lambda u: _apply("sign", u),
    "sign": lambda u: ZERO_NUMBER,
    "step": lambda u: ZERO_NUMBER,
    "erf": lambda u: product((TWO, _over(_root(Pi())), _apply("exp", product((MINUS_ONE, Power(u, TWO)))))),
}
"""f' of each function, at u. Anton, Bivens & Davis, Calculus (2012), ch. 2 and 6; sigmoid: f' = f (1 - f)."""


def derivative_of(function: Function, arguments: tuple[Expr, ...], place: int) -> Expr:
    """The derivative of `function` by its argument number `place` (from 0), at `arguments`.

    Raises CannotDerive, naming the function, where it has none here.
    """
    if function.abstract:
        orders = list(function.orders) if len(function.orders) == len(arguments) else [0] * len(arguments)
        orders[place] += 1
        return Apply(replace(function, orders=tuple(orders)), arguments)
    if function.name not in DERIVATIVES:
        raise CannotDerive(f"the derivative of {function.name} is not there yet")
    return DERIVATIVES[function.name](arguments[0])
