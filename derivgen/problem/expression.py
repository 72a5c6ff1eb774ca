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
from derivgen.expr.nodes import (
    FUNCTIONS,
    ONE,
    SCALAR,
    Apply,
    Column,
    Delta,
    Derivative,
    Dim,
    Entry,
    Expr,
    Function,
    Group,
    Image,
    MatMul,
    Matrix,
    Number,
    Partial,
    Pi,
    Plus,
    Product,
    Row,
    Size,
    Subscript,
    Symbol,
    Total,
)
from derivgen.expr.shapes import is_scalar, shape, show_shape, slope_shape
from derivgen.problem import functions, operations
from derivgen.problem.functions import Call
from derivgen.problem.letters import Letters
from derivgen.problem.model import Scope
from derivgen.problem.names import did_you_mean, nearest
from derivgen.problem.operations import Operand
from derivgen.problem.tokens import Span, Spelled, spell

DEEPEST = 100
"""Operations inside one another."""
LARGEST_DIMENSION = 10_000
MOST_WRITTEN = 400
"""Entries of an array that is written out."""
MOST_ARGUMENTS = 9
"""Of an abstract function that acts entry by entry."""
MOST_BITS = 10_000
"""What all numbers of one expression may come to together; Python prints no more than 14 000."""

_SUMS = (ast.Add, ast.Sub)
_PRODUCTS = (ast.Mult, ast.Div, ast.MatMult)


def parse_expression(text: str, scope: Scope, *, expand: bool = False, grouped: bool = False) -> Expr:
    """The expression that `text` writes, with the names of `scope`.

    With `expand`, names of defined quantities stand for what they are defined as. With `grouped`, a product in
    parentheses inside a product stays one factor, and a sum inside a sum one term: (A @ B) @ C is not A @ B @ C. Raises
    ExpressionError, which says where in the text, and quotes both shapes where two do not fit.
    """
    spelled = spell(text)
    try:
        tree = ast.parse(spelled.python, mode="eval").body
        return _Reader(spelled, scope, expand, Letters(spelled, scope.indices), grouped=grouped).whole(tree)
    except (SyntaxError, ValueError):
        spelled.refuse("this cannot be read as an expression", (0, len(text)))
    except (RecursionError, MemoryError):
        spelled.refuse("this expression is nested too deep", (0, 1))


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
        return expr

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
        if node.id in self.spelled.numbers:
            return Operand(Number(self.spelled.numbers[node.id]), SCALAR, span)
        name = self.spelled.names[node.id]
        scope = self.scope
        if name in scope.symbols:
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
        if len(lines) * len(lines[0]) > MOST_WRITTEN:
            self.refuse(f"an array that is written out has at most {MOST_WRITTEN} entries", node)
        entries: list[Expr] = []
        for entry in (entry for line in lines for entry in line):
            operand = self.read(entry)
            if not operand.is_scalar:
                shown = show_shape(operand.shape)
                self.refuse(f"in {self.quote(node)}: {self.quote(entry)} is {shown}, entries are scalars", entry)
            entries.append(operand.expr)
        of = (Dim(len(lines)), Dim(len(lines[0])))
        return Operand(entries[0] if of == SCALAR else Matrix(tuple(entries), of), of, self.span(node))

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
            right, span = self._grouped(self.read(step.right), MatMul | Product), self.span(step)
            if isinstance(step.op, ast.MatMult):
                result = operations.matmul_shape(self.spelled, span, left, right)
                expr = self._matmul(left.expr, right.expr)
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

    def _matmul(self, left: Expr, right: Expr) -> Expr:
        """The matrix product; where parentheses are kept, so are the places of the factors."""
        if not any(isinstance(side, Group) for side in (left, right)):
            return operations.matmul(left, right)
        sides = (side.factors if isinstance(side, MatMul) else (side,) for side in (left, right))
        return MatMul(tuple(factor for side in sides for factor in side))

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
        dims = [dim for dim in base.shape if dim != ONE]
        if not dims:
            self.refuse(f"in {self.quote(node)}: {self.quote(node.value)} is a scalar and has no entries", node)
        if len(own) != len(dims):
            wanted = f"{len(dims)} subscript{'s' if len(dims) > 1 else ''}"
            shown = show_shape(base.shape)
            hint = "row i is A[i, :], column j is A[:, j]" if len(dims) == 2 else ""
            message = f"in {self.quote(node)}: {self.quote(node.value)} is {shown} and takes {wanted}, not {len(own)}"
            self.refuse(message, node, hint)
        whole = [isinstance(subscript, ast.Slice) for subscript in own]
        for subscript in own:
            if isinstance(subscript, ast.Slice) and (subscript.lower or subscript.upper or subscript.step):
                self.refuse("parts of a row or column are not supported: write : alone", subscript)
        if all(whole):
            self.refuse(f"in {self.quote(node)}: nothing is picked; leave the brackets out", node)
        if not any(whole):
            found = tuple(self._letter(one, dim, span) for one, dim in zip(own, dims, strict=True))
            return Operand(Entry(base.expr, found), SCALAR, span)
        rows, columns = base.shape
        if whole[1]:
            return Operand(Row(base.expr, self._letter(own[0], rows, span)), (columns, ONE), span)
        return Operand(Column(base.expr, self._letter(own[1], columns, span)), (rows, ONE), span)

    def _letter(self, node: ast.expr, dim: Dim | None, whole: Span) -> Subscript:
        """A subscript: a letter, or a position counted from 1."""
        if isinstance(node, ast.Name) and node.id in self.spelled.numbers:
            value = self.spelled.numbers[node.id]
            if value.denominator != 1 or value < 1:
                self.refuse(f"{self.quote(node)} is no position: entries are counted from 1", node)
            if value > LARGEST_DIMENSION or (dim is not None and not dim.names and value > dim.number):
                self.refuse(f"in {self.spelled.quote(whole)}: {value} is beyond the last, {dim}", node)
            return int(value)
        name = self._bare(node)
        if name is None:
            hint = "entries are counted from 1" if isinstance(node, ast.UnaryOp) else ""
            self.refuse(f"{self.quote(node)}: a subscript is a letter or a whole number", node, hint)
        self._check_letter(name, node)
        return self.letters.use(name, dim, self.span(node), self.spelled.quote(whole))

    def _check_letter(self, name: str, node: ast.expr) -> None:
        if name in self.scope.indices:
            return
        if name in self.scope.symbols:
            self.refuse(
                f"{name} is declared as a symbol, so it is no index", node, f"or declare it: `{name}: index(n)`"
            )
        if name in self.scope.functions or name in self.scope.maps:
            self.refuse(f"{name} is declared as a function, so it is no index", node)
        if name in self.scope.sizes:
            self.refuse(f"{name} is a dimension, so it is no index", node, "use another letter, such as i, j or k")

    # functions

    def _call(self, node: ast.Call) -> Operand:
        if node.keywords:
            self.refuse(f"in {self.quote(node)}: arguments have no names", node)
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
        known, span = self.scope.maps[name], self.span(node)
        arguments = [self.read(argument) for argument in node.args]
        if len(arguments) != len(known.arguments):
            wanted, plural = len(known.arguments), "s" if len(known.arguments) > 1 else ""
            self.refuse(f"in {self.quote(node)}: {name} takes {wanted} argument{plural}, not {len(arguments)}", node)
        for own, wanted_shape in zip(arguments, known.arguments, strict=True):
            if own.shape != wanted_shape:
                shown = f"{self.spelled.quote(own.span)} is {show_shape(own.shape)}, {name} takes"
                why = operations.different(wanted_shape, own.shape)
                self.refuse(f"in {self.quote(node)}: {shown} {show_shape(wanted_shape)}: {why}", node)
        image = Image(name, tuple(argument.expr for argument in arguments), known.result)
        return Operand(image, known.result, span)

    def _derivative_array(self, node: ast.Call) -> Operand:
        """diff(u(x), x): the derivatives of u by its argument x, not taken, in the layout of the scope.

        diff(u(x)[i], x[k]) is one of them.
        """
        if len(node.args) != 2:
            self.refuse(f"in {self.quote(node)}: diff takes a function and one of its arguments", node)
        image, argument = (self.read(own).expr for own in node.args)
        match image, argument:
            case (Entry(Image(_, taken)) | Image(_, taken)) as body, Entry(Symbol() as symbol) if symbol in taken:
                if is_scalar(body):
                    return Operand(Partial(body, argument), SCALAR, self.span(node))
        if not isinstance(image, Image) or argument not in image.arguments:
            shown = f"{self.quote(node.args[1])} is no argument of {self.quote(node.args[0])}"
            self.refuse(f"in {self.quote(node)}: {shown}", node, "write diff(u(x), x)")
        place = image.arguments.index(argument)
        found = slope_shape(image.shape, shape(argument), self.scope.layout)
        if found is None:
            self.refuse(f"in {self.quote(node)}: this derivative has more than two axes", node)
        return Operand(Derivative(image, place, self.scope.layout), found, self.span(node))

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
        arguments, span = [self.read(argument) for argument in node.args], self.span(node)
        if not self.scope.functions[function.name].orders:  # elementwise: as many arguments as it is given
            missing = len(arguments) - len(function.orders)
            function = replace(function, orders=function.orders + (0,) * missing)
        wanted = len(function.orders)
        if len(arguments) != wanted:
            plural = "s" if wanted > 1 else ""
            self.refuse(
                f"in {self.quote(node)}: {function.name} takes {wanted} argument{plural}, not {len(arguments)}", node
            )
        common = operations.elementwise(self.spelled, span, arguments)
        return Operand(Apply(function, tuple(argument.expr for argument in arguments)), common, span)

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
                hint = "row sums are A @ ones(n)" if self._is_number(argument) else ""
                self.refuse(
                    f"{self.quote(argument)}: after its first argument, sum takes index letters", argument, hint
                )
            self._check_letter(name, argument)
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
        span = self.span(node)
        left, right = (self._bare(argument) for argument in node.args)
        for argument in node.args:
            bare = self._bare(argument)
            if bare is not None:
                self._check_letter(bare, argument)
        if left is not None and right is not None:
            self.letters.tie(left, right, span)
        return Operand(Delta(*(self._letter(argument, None, span) for argument in node.args)), SCALAR, span)

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
