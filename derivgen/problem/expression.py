"""The text of an expression to its nodes: NumPy's notation, with index notation beside it.

The text is spelled anew (tokens.py), Python's `ast` gives the tree, and the reader here walks it: each kind of node it
knows is named, anything else is refused. Nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from types import UnionType
from typing import NoReturn

from derivgen.expr.build import nested_sum, product
from derivgen.expr.folding import folded
from derivgen.expr.nodes import (
    FUNCTIONS,
    SCALAR,
    Dim,
    Expr,
    Function,
    Group,
    MatMul,
    Number,
    Pi,
    Plus,
    Product,
    Size,
    Symbol,
    Total,
)
from derivgen.expr.shapes import shape
from derivgen.expr.walk import transform
from derivgen.problem import functions, maps, operations
from derivgen.problem.functions import Call
from derivgen.problem.latex_input import parse_latex
from derivgen.problem.letters import Letters
from derivgen.problem.model import Scope
from derivgen.problem.names import did_you_mean, nearest
from derivgen.problem.operations import Operand
from derivgen.problem.subscripts import LARGEST_DIMENSION, Picked, abstract, check_letter, delta, pick
from derivgen.problem.tokens import LatexText, Span, Spelled, spell

DEEPEST = 100
"""Operations inside one another."""
MOST_ARGUMENTS = 9
"""Of an abstract function that acts entry by entry."""
MOST_BITS = 10_000
"""What all numbers of one expression may come to together; Python prints no more than 14 000."""

_SUMS = (ast.Add, ast.Sub)
_HINTS_OF_WORDS = {
    "dim": "write axis",
    "keepdims": "sums along an axis are a column; its transpose is a row: sum(X, axis=0).T",
}
_PRODUCTS = (ast.Mult, ast.Div, ast.MatMult)


def parse_expression(text: str, scope: Scope, *, expand: bool = False, grouped: bool = False) -> Expr:
    """The expression that `text` writes, with the names of `scope`; a LatexText is LaTeX.

    With `expand`, names of defined quantities stand for what they are defined as. With `grouped`, a product in
    parentheses inside a product stays one factor, and a sum inside a sum one term: (A @ B) @ C is not A @ B @ C. Raises
    ExpressionError, which says where in the text, and quotes both shapes where two do not fit.
    """
    if isinstance(text, LatexText):
        return _in_latex(text, scope, expand, grouped)
    spelled = spell(text).with_parameters(scope.parameters)
    try:
        tree = ast.parse(spelled.python, mode="eval").body
        return _Reader(spelled, scope, expand, Letters(spelled, scope.indices), grouped=grouped).whole(tree)
    except (SyntaxError, ValueError):
        spelled.refuse("this cannot be read as an expression", (0, len(text)))
    except (RecursionError, MemoryError):
        spelled.refuse("this expression is nested too deep", (0, 1))


def _in_latex(text: LatexText, scope: Scope, expand: bool, grouped: bool) -> Expr:
    """What LaTeX writes, with what has been drawn in place of the parameters."""
    if not scope.parameters:
        return parse_latex(text, scope, expand=expand, grouped=grouped)
    named = {name: Symbol(name, shape(expr)) for name, expr in scope.parameters.items()}
    known = replace(scope, symbols={**scope.symbols, **named})
    drawn: dict[Expr, Expr] = {named[name]: expr for name, expr in scope.parameters.items()}
    return folded(transform(parse_latex(text, known, expand=expand, grouped=grouped), drawn.get))


@dataclass(slots=True)
class _Reader:
    """Reads one expression."""

    spelled: Spelled
    scope: Scope
    expand: bool
    letters: Letters
    depth: int = 0
    grouped: bool = False

    def whole(self, tree: ast.expr) -> Expr:
        expr = self.letters.finish(self.read(tree).expr)
        if operations.bits(expr) > MOST_BITS:
            self.refuse("the numbers in this expression are too large", tree)
        return folded(expr) if self.spelled.drawn else expr

    def span(self, node: ast.expr) -> Span:
        return self.spelled.span(node.col_offset, node.end_col_offset or 0)

    def refuse(self, message: str, node: ast.expr, hint: str = "") -> NoReturn:
        self.spelled.refuse(message, self.span(node), hint)

    def quote(self, node: ast.expr) -> str:
        return self.spelled.quote(self.span(node))

    def read(self, node: ast.expr) -> Operand:
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse(f"this expression is nested too deep, at most {DEEPEST}", node)
        try:
            return self._read(node)
        finally:
            self.depth -= 1

    def _read(self, node: ast.expr) -> Operand:
        match node:
            case ast.Name():
                return self._name(node)
            case ast.BinOp(op=ast.Add() | ast.Sub()):
                return self._sum(node)
            case ast.BinOp(op=ast.Mult() | ast.Div() | ast.MatMult()):
                return self._product(node)
            case ast.BinOp(op=ast.Pow()):
                base, exponent, span = self.read(node.left), self.read(node.right), self.span(node)
                common = operations.common(self.spelled, span, base, exponent)
                return Operand(operations.power(self.spelled, span, base, exponent), common, span)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd()):
                operand = self.read(node.operand)
                expr = operations.negative(operand.expr) if isinstance(node.op, ast.USub) else operand.expr
                return Operand(expr, operand.shape, self.span(node))
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._subscript(node)
            case ast.Call():
                return self._call(node)
            case ast.List():
                return self._array(node)
            case ast.Tuple():
                self.refuse("a list has no meaning here", node, "an array is written [x, y] or [[a, b], [c, d]]")
            case _:
                self.refuse(f"{self.quote(node)} has no meaning in an expression", node)

    # names

    def _name(self, node: ast.Name) -> Operand:
        span = self.span(node)
        if drawn := self.spelled.drawn.get(node.id):
            return Operand(drawn, shape(drawn), span)
        if node.id in self.spelled.numbers:
            return Operand(Number(self.spelled.numbers[node.id]), SCALAR, span)
        name = self.spelled.names[node.id]
        scope = self.scope
        if name in scope.symbols:
            if self.expand and name in scope.unwritten:
                message = f"with the quantities of `define` written out, {name} is too long to work with"
                self.refuse(message, node, "`forward`, `backward` and `backprop` go through them one by one")
            if self.expand and name in scope.definitions:
                expr = scope.definitions[name]
                return Operand(expr, shape(expr), span)
            symbol = scope.symbols[name]
            return Operand(symbol, symbol.shape, span)
        if name in scope.indices:
            self.refuse(f"{name} is an index: it stands inside brackets only", node)
        if name in scope.functions or name in scope.maps:
            self.refuse(f"{name} is a function: give its argument, as in {name}(x)", node)
        if name == "pi":
            return Operand(Pi(), SCALAR, span)
        if name in scope.sizes:
            return Operand(Size(Dim(1, (name,))), SCALAR, span)
        if name in functions.KNOWN_FUNCTIONS:
            self.refuse(f"{name} is a function: give its argument in parentheses", node)
        if name == "D":
            self.refuse("D is the derivative of a declared function: D(f)(x)", node)
        self._unknown(name, node)

    def _unknown(self, name: str, node: ast.expr) -> NoReturn:
        scope = self.scope
        known = {*scope.symbols, *scope.indices, *scope.functions, *scope.sizes}
        hint = self._split(name) or did_you_mean(name, known)
        if name in ("e", "E"):
            hint = "write exp(x)"
        self.refuse(f"{name} is not declared", node, hint)

    def _split(self, name: str) -> str:
        """A hint for `xy` where x and y are declared."""
        halves = ((name[:at], name[at:]) for at in range(1, len(name)))
        found = [pair for pair in halves if all(half in self.scope.symbols for half in pair)]
        if not found:
            return ""
        scalars = any(self.scope.symbols[half].shape == SCALAR for half in found[0])
        return f"did you mean {(' * ' if scalars else ' @ ').join(found[0])}?"

    def _bare(self, node: ast.expr) -> str | None:
        """The name that `node` is, if it is one."""
        return self.spelled.names.get(node.id) if isinstance(node, ast.Name) else None

    # arrays written out

    def _array(self, node: ast.List) -> Operand:
        """[a, b] is a column, [[a, b], [c, d]] a matrix; the entries are scalars."""
        lines = [row.elts if isinstance(row, ast.List) else [row] for row in node.elts]
        if not lines or len({len(line) for line in lines}) > 1 or not lines[0]:
            self.refuse(f"in {self.quote(node)}: the rows of an array have one length", node)
        if len(lines) * len(lines[0]) > operations.MOST_WRITTEN:
            self.refuse(f"an array that is written out has at most {operations.MOST_WRITTEN} entries", node)
        entries = [self.read(entry) for line in lines for entry in line]
        return operations.array(self.spelled, entries, len(lines[0]), self.span(node))

    # operators

    def _sum(self, node: ast.BinOp) -> Operand:
        first, spine = _spine(node, _SUMS)
        total = self.read(first)
        terms = [(False, total.expr)]
        before: ast.BinOp | None = None
        for step in spine:
            if self._closes(before, step):
                terms = [(False, Group(operations.add(terms)))]
            before = step
            right, span = self._grouped(self.read(step.right), Plus), self.span(step)
            common = operations.common(self.spelled, span, total, right, "sum")
            terms.append((isinstance(step.op, ast.Sub), right.expr))
            total = Operand(total.expr, common, span)
        return Operand(operations.add(terms), total.shape, self.span(node))

    def _product(self, node: ast.BinOp) -> Operand:
        first, spine = _spine(node, _PRODUCTS)
        left = self.read(first)
        before: ast.BinOp | None = None
        for step in spine:
            if self._closes(before, step):
                left = self._grouped(left, MatMul | Product)
            before = step
            right, span = self.read(step.right), self.span(step)
            if not isinstance(step.op, ast.Div):
                right = self._grouped(right, MatMul | Product)
            if isinstance(step.op, ast.MatMult):
                result = operations.matmul_shape(self.spelled, span, left, right)
                expr = operations.matmul(left.expr, right.expr)
            else:
                result = operations.common(self.spelled, span, left, right)
                if isinstance(step.op, ast.Mult):
                    expr = product((left.expr, right.expr))
                else:
                    expr = operations.divide(self.spelled, span, left.expr, right.expr)
            left = Operand(expr, result, span)
        return left

    def _closes(self, before: ast.BinOp | None, step: ast.BinOp) -> bool:
        """Whether what stands left of `step` is in parentheses that are to be kept."""
        return self.grouped and before is not None and step.col_offset < before.col_offset

    def _grouped(self, operand: Operand, kinds: type[Expr] | UnionType) -> Operand:
        """`operand` as one factor or term, where it is a product or a sum."""
        if not self.grouped or not isinstance(operand.expr, kinds):
            return operand
        return replace(operand, expr=Group(operand.expr))

    def _attribute(self, node: ast.Attribute) -> Operand:
        attribute = self.spelled.names.get(node.attr, node.attr)
        if attribute != "T":
            hint = "the transpose is x.T with a capital T" if attribute.lower() in ("t", "transpose") else ""
            if attribute in ("dot", "sum", "mean", "inv", "det", "trace"):
                hint = f"write it as a function: {'tr' if attribute == 'trace' else attribute}(...)"
            self.refuse(f"{self.quote(node)}: the only thing that may follow a dot is T", node, hint)
        return operations.transposed(self.read(node.value), self.span(node))

    # brackets

    def _subscript(self, node: ast.Subscript) -> Operand:
        base, span = self.read(node.value), self.span(node)
        own = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for one in own:
            if isinstance(one, ast.Slice) and (one.lower or one.upper or one.step):
                self.refuse("parts of a row or column are not supported: write : alone", one)
        picked = [Picked(None, self.span(one)) if isinstance(one, ast.Slice) else self._picked(one) for one in own]
        return pick(self.spelled, self.scope, self.letters, base, picked, span)

    def _picked(self, node: ast.expr) -> Picked:
        """A subscript: a letter, or a position counted from 1."""
        if isinstance(node, ast.Name) and node.id in self.spelled.numbers:
            return Picked(self.spelled.numbers[node.id], self.span(node))
        name = self._bare(node)
        if name is None:
            hint = "entries are counted from 1" if isinstance(node, ast.UnaryOp) else ""
            self.refuse(f"{self.quote(node)}: a subscript is a letter or a whole number", node, hint)
        return Picked(name, self.span(node))

    # functions

    def _call(self, node: ast.Call) -> Operand:
        if node.keywords:
            return self._along_axis(node)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self.refuse(f"in {self.quote(node)}: {self.quote(argument)} has no meaning", argument)
        if isinstance(node.func, ast.Call) and self._bare(node.func.func) == "D" and "D" not in self.scope.functions:
            return self._abstract(self._derivative(node.func), node)
        name = self._bare(node.func)
        if isinstance(node.func, ast.Attribute):
            self._attribute(node.func)
        if name is None:
            self.refuse(f"{self.quote(node.func)} is not a function", node.func, "write * or @ for a product")
        scope = self.scope
        if name in scope.functions:
            return self._abstract(scope.functions[name], node)
        if name in scope.maps:
            return self._image(name, node)
        if name in scope.symbols:
            self.refuse(f"{name} is declared as a symbol, not as a function", node.func, "write * or @ for a product")
        if name == "sum":
            return self._total(node)
        if name == "diff" and scope.maps and node.args and not isinstance(node.args[0], ast.Name):
            return self._derivative_array(node)
        if name == "diff" and scope.slopes:
            return self._slope(node)
        if name == "delta":
            return self._delta(node)
        if name in functions.OF_DIMENSIONS:
            dims = [self._dimension(argument) for argument in node.args]
            return functions.of_dimensions(self.spelled, name, self.span(node), dims)
        if name in functions.OF_EXPRESSIONS or name in FUNCTIONS:
            arguments = tuple(self.read(argument) for argument in node.args)
            return functions.build(Call(self.spelled, name, self.span(node), arguments))
        if name == "D":
            self.refuse(f"{self.quote(node)} is a function: give its argument, as in {self.quote(node)}(x)", node)
        self._unknown_function(name, node)

    def _image(self, name: str, node: ast.Call) -> Operand:
        """u(x), of a function declared with the shapes that it takes and gives."""
        arguments = [self.read(argument) for argument in node.args]
        return maps.image(self.spelled, self.scope, name, arguments, self.span(node))

    def _derivative_array(self, node: ast.Call) -> Operand:
        """diff(u(x), x): the derivatives of u by its argument x, not taken; diff(u(x)[i], x[k]) is one of them."""
        if len(node.args) != 2:
            self.refuse(f"in {self.quote(node)}: diff takes a function and one of its arguments", node)
        of, by = (self.read(own) for own in node.args)
        return maps.derivative(self.spelled, self.scope, of, by, self.span(node), "write diff(u(x), x)")

    def _along_axis(self, node: ast.Call) -> Operand:
        """sum(X, axis=1), mean, logsumexp, softmax: of each row; with axis=0 of each column."""
        name, (named, *more) = self._bare(node.func), node.keywords
        word = self.spelled.names.get(named.arg or "", "")
        if name not in functions.ALONG_AXIS or name in {**self.scope.symbols, **self.scope.functions}:
            known = ", ".join(functions.ALONG_AXIS)
            self.refuse(f"in {self.quote(node)}: arguments have no names", node, f"axis= is for {known}")
        if word != "axis" or more:
            wrong = named if word != "axis" else more[0]
            start = self.span(node)
            self.spelled.refuse(
                f"in {self.quote(node)}: {name} takes the named argument axis, and no other",
                start if wrong.arg is None else self.spelled.span(wrong.col_offset, wrong.end_col_offset or 0),
                _HINTS_OF_WORDS.get(self.spelled.names.get(wrong.arg or "", ""), ""),
            )
        negative = isinstance(named.value, ast.UnaryOp) and isinstance(named.value.op, ast.USub)
        digits = named.value.operand if isinstance(named.value, ast.UnaryOp) else named.value
        value = self.spelled.numbers.get(digits.id) if isinstance(digits, ast.Name) else None
        if value is None or value.denominator != 1:
            self.refuse(f"in {self.quote(node)}: an axis is 1 (along each row) or 0 (along each column)", named.value)
        call = Call(self.spelled, name, self.span(node), tuple(self.read(argument) for argument in node.args))
        axis = functions.axis_of(call, -int(value) if negative else int(value))
        return functions.along_axis(replace(call, axis=axis))

    def _slope(self, node: ast.Call) -> Operand:
        """diff(y, x): a derivative that is not taken."""
        pair = [self._bare(argument) or "" for argument in node.args]
        slope = self.scope.slopes.get((pair[0], pair[1])) if len(pair) == 2 else None
        if slope is None:
            known = ", ".join(one.name for one in self.scope.slopes.values())
            self.refuse(f"{self.quote(node)} is no derivative of `functions`", node, f"there are {known}")
        return Operand(slope, slope.shape, self.span(node))

    def _unknown_function(self, name: str, node: ast.Call) -> NoReturn:
        hint = ""
        if name in functions.OTHER_NAMES:
            hint = f"write {functions.OTHER_NAMES[name]}" if functions.OTHER_NAMES[name] else ""
        else:
            near = nearest(name, {*functions.KNOWN_FUNCTIONS, *self.scope.functions})
            hint = f"did you mean `{near}`?" if near else ""
        self.refuse(f"there is no function {name}", node.func, hint)

    def _abstract(self, function: Function, node: ast.Call) -> Operand:
        arguments = [self.read(argument) for argument in node.args]
        return abstract(self.spelled, self.scope, function, arguments, self.span(node))

    def _derivative(self, node: ast.Call) -> Function:
        """D(f), D(f, 1), D(f, 1, 2): once by each argument named."""
        name = self._bare(node.args[0]) if node.args else None
        if name is None or name not in self.scope.functions:
            self.refuse(f"in {self.quote(node)}: D takes a declared function", node, "declare it: `f: elementwise`")
        function = self.scope.functions[name]
        most = len(function.orders) or MOST_ARGUMENTS
        places = [self._place(argument, most) for argument in node.args[1:]]
        orders = list(function.orders) or [0] * max(places, default=1)
        if not places and len(orders) > 1:
            self.refuse(f"in {self.quote(node)}: say by which argument, as in D({name}, 1)", node)
        for place in places or [1]:
            orders[place - 1] += 1
        return Function(name, tuple(orders), abstract=True)

    def _place(self, node: ast.expr, most: int) -> int:
        value = self.spelled.numbers.get(node.id) if isinstance(node, ast.Name) else None
        if value is None or value.denominator != 1 or not 1 <= value <= most:
            self.refuse(f"{self.quote(node)}: the arguments of this function are numbered 1 to {most}", node)
        return int(value)

    def _total(self, node: ast.Call) -> Operand:
        """sum(x) over all entries; sum(x[i], i) over letters, the first outermost."""
        if not node.args:
            self.refuse("sum takes an argument", node)
        if len(node.args) == 1:
            return Operand(Total(self.read(node.args[0]).expr), SCALAR, self.span(node))
        bound: list[tuple[str, Span]] = []
        for argument in node.args[1:]:
            name = self._bare(argument)
            if name is None:
                hint = "an axis is named: sum(X, axis=1)" if self._is_number(argument) else ""
                self.refuse(
                    f"{self.quote(argument)}: after its first argument, sum takes index letters", argument, hint
                )
            check_letter(self.spelled, self.scope, name, self.span(argument))
            if name in dict(bound):
                self.refuse(f"in {self.quote(node)}: the letter {name} is bound twice", argument)
            bound.append((name, self.span(argument)))
        self.letters.open(bound)
        body = self.read(node.args[0])
        return Operand(nested_sum(self.letters.close(), body.expr), body.shape, self.span(node))

    def _is_number(self, node: ast.expr) -> bool:
        return isinstance(node, ast.Name) and node.id in self.spelled.numbers

    def _delta(self, node: ast.Call) -> Operand:
        if len(node.args) != 2:
            self.refuse(f"in {self.quote(node)}: delta takes 2 subscripts, not {len(node.args)}", node)
        picked = [self._picked(argument) for argument in node.args]
        return delta(self.spelled, self.scope, self.letters, picked, self.span(node))

    def _dimension(self, node: ast.expr) -> Dim:
        """A size, as an argument of ones, zeros and eye: 3, n, m*n."""
        if isinstance(node, ast.Name) and node.id in self.spelled.numbers:
            value = self.spelled.numbers[node.id]
            if value.denominator != 1 or not 1 <= value <= LARGEST_DIMENSION:
                self.refuse(f"{self.quote(node)} is no dimension: a whole number from 1 to {LARGEST_DIMENSION}", node)
            return Dim(int(value))
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
            first, spine = _spine(node, (ast.Mult,))
            dim = self._dimension(first)
            for step in spine:
                dim = dim * self._dimension(step.right)
            return dim
        name = self._bare(node)
        if name is None:
            self.refuse(f"{self.quote(node)} is no dimension", node, "a dimension is a name or a whole number")
        if name in self.scope.symbols or name in self.scope.indices or name in self.scope.functions:
            self.refuse(f"{name} is declared as something else, so it is no dimension", node)
        return Dim(1, (name,))


def _spine(node: ast.BinOp, operators: tuple[type[ast.operator], ...]) -> tuple[ast.expr, list[ast.BinOp]]:
    """The leftmost operand of a chain a + b - c, and the operations of the chain from left to right."""
    steps: list[ast.BinOp] = []
    current: ast.expr = node
    while isinstance(current, ast.BinOp) and isinstance(current.op, operators):
        steps.append(current)
        current = current.left
    return current, steps[::-1]
