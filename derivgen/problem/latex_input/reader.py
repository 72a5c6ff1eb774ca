r"""The grammar of LaTeX mathematics: sums of products of factors.

From loose to tight: `+ -`; `\odot`, `\oslash` and `\otimes`; `\cdot` and `/`; factors side by side. A sum sign takes in
all that follows it up to the next + or -. What two readers could take in two ways is refused, with what to write.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn

from derivgen.errors import ExpressionError
from derivgen.expr.build import product
from derivgen.expr.nodes import ONE, SCALAR, Expr, Group, Kron, MatMul, Number, Plus, Product
from derivgen.expr.shapes import shape, show_shape
from derivgen.expr.walk import free_indices, parts, with_parts
from derivgen.problem import functions, operations
from derivgen.problem.functions import Call
from derivgen.problem.latex_input import atoms
from derivgen.problem.latex_input.cut import LatexSource, Token, Tokens, cut
from derivgen.problem.latex_input.equations import right_side
from derivgen.problem.latex_input.names import Names
from derivgen.problem.latex_input.sizes import Sizes, without_marks
from derivgen.problem.letters import Letters
from derivgen.problem.model import Scope
from derivgen.problem.operations import Operand
from derivgen.problem.tokens import Span

DEEPEST = 100
"""Operations inside one another."""
MOST_BITS = 10_000

_SIGNS = ("+", "-", r"\pm", r"\mp")
_ENTRYWISE = (r"\odot", r"\circ", r"\oslash", r"\otimes")
_DOTS = (r"\cdot", r"\times", "*", "/", r"\div")
_SQUARE = frozenset({"tr", "det", "logdet", "inv", "matrix_power"})
"""Functions of square matrices."""
_BEGINS = frozenset({"number", "letter", "word", "bold", "open", "bar", "group", "structure", "matrix"})


def parse_latex(text: str, scope: Scope, *, expand: bool = False, grouped: bool = False) -> Expr:
    """The expression that `text` writes in LaTeX, with the names of `scope`.

    With `expand`, names of defined quantities stand for what they are defined as; with `grouped`, products inside
    products and sums inside sums keep their parentheses. Raises ExpressionError, which says where in the LaTeX, and
    what to write in place of what has more than one meaning.
    """
    source, tokens = cut(text)
    reader = Reader(source, scope, expand, Letters(source, scope.indices), Names(scope), grouped=grouped)
    try:
        return reader.whole(right_side(reader, tokens))
    except RecursionError:
        source.refuse("this expression is nested too deep", (0, 1))
    except ExpressionError as error:
        error.message = without_marks(error.message)
        error.complaints = tuple(replace(one, message=without_marks(one.message)) for one in error.complaints)
        raise


@dataclass(slots=True)
class Cursor:
    """A place in a list of tokens; `end` is where the text of the list ends."""

    tokens: Tokens
    end: int
    place: int = 0

    def peek(self, ahead: int = 0) -> Token | None:
        at = self.place + ahead
        return self.tokens[at] if at < len(self.tokens) else None

    def take(self) -> Token:
        token = self.tokens[self.place]
        self.place += 1
        return token

    def is_at(self, kind: str, *texts: str) -> bool:
        token = self.peek()
        return token is not None and token.kind == kind and (not texts or token.text in texts)

    @property
    def here(self) -> Span:
        token = self.peek()
        return token.span if token else (max(0, self.end - 1), self.end)

    @property
    def start(self) -> int:
        token = self.peek()
        return token.span[0] if token else self.end

    @property
    def behind(self) -> int:
        """Where the token before ends."""
        return self.tokens[self.place - 1].span[1] if self.place else self.start


@dataclass(slots=True)
class Reader:
    """Reads one expression."""

    source: LatexSource
    scope: Scope
    expand: bool
    letters: Letters
    names: Names
    sizes: Sizes = field(default_factory=Sizes)
    depth: int = 0
    grouped: bool = False
    bars: list[str] = field(default_factory=lambda: [""])
    """The bars that are open, innermost last; empty for a parenthesis."""
    bound: list[dict[str, Span]] = field(default_factory=lambda: [{}])
    """The letters of sum signs that no parenthesis closes, for each sum that is being read."""

    def whole(self, tokens: Tokens) -> Expr:
        cursor = Cursor(tokens, tokens[-1].span[1] if tokens else len(self.source.text))
        operand = self.all_of(cursor)
        expr = self.sizes.finish(self.source, self.letters.finish(operand.expr))
        if self.grouped:
            expr = _needed_groups(Group(expr))
        if operations.bits(expr) > MOST_BITS:
            self.refuse("the numbers in this expression are too large", operand.span)
        return expr

    def refuse(self, message: str, span: Span, hint: str = "") -> NoReturn:
        self.source.refuse(message, span, hint)

    def quote(self, span: Span) -> str:
        return self.source.quote(span)

    def build(self, name: str, span: Span, *arguments: Operand) -> Operand:
        """A function of the text language."""
        if name in _SQUARE:
            self.sizes.equal(*arguments[0].shape)
            arguments = tuple(self.sizes.filled(one) for one in arguments)
        return functions.build(Call(self.source, name, span, arguments))

    @contextmanager
    def deeper(self, span: Span) -> Iterator[None]:
        self.depth += 1
        if self.depth > DEEPEST:
            self.refuse(f"this expression is nested too deep, at most {DEEPEST}", span)
        yield
        self.depth -= 1

    # lists of tokens

    def inner(self, tokens: Tokens, span: Span) -> Operand:
        """What stands inside braces: an expression of its own."""
        if not tokens:
            self.refuse("something is missing between these braces", span)
        self.bars.append("")
        operand = self.all_of(Cursor(tokens, span[1] - (span[1] - span[0] > 1)))
        self.bars.pop()
        return operand

    def all_of(self, cursor: Cursor) -> Operand:
        """The expression that takes up all tokens."""
        operand = self.sum(cursor)
        token = cursor.peek()
        if token is not None:
            atoms.refuse_rest(self, token)
        return operand

    # sums

    def sum(self, cursor: Cursor) -> Operand:
        with self.deeper(cursor.here):
            self.bound.append({})
            total = self._sum(cursor)
            self.bound.pop()
            return total

    def _sum(self, cursor: Cursor) -> Operand:
        start, terms = cursor.start, []
        minus = self._sign(cursor)
        total = self.term(cursor)
        if minus:
            total = replace(total, expr=_negative(total.expr), span=(start, total.span[1]))
        terms.append((False, total))
        while cursor.is_at("operator", *_SIGNS):
            minus = bool(self._sign(cursor))
            right = self.term(cursor)
            span = (start, right.span[1])
            total, right = self.fit(total, right)
            self._check_bound(right)
            common = operations.common(self.source, span, total, right, "sum")
            terms.append((minus, right))
            total = Operand(total.expr, common, span)
        if len(terms) == 1:
            return total
        filled = [(is_minus, self.sizes.filled(term).expr) for is_minus, term in terms]
        return self.sizes.filled(Operand(operations.add(filled), total.shape, total.span))

    def _sign(self, cursor: Cursor) -> bool | None:
        """Whether a minus sign is taken; None where there is no sign."""
        if not cursor.is_at("operator", *_SIGNS):
            return None
        token = cursor.take()
        if token.text in (r"\pm", r"\mp"):
            self.refuse(f"`{token.text}` stands for two expressions", token.span, "write one of them")
        if cursor.is_at("operator", *_SIGNS):
            span = (token.span[0], cursor.here[1])
            self.refuse(f"two signs follow each other: {self.quote(span)}", span, "put the second into parentheses")
        return token.text == "-"

    def _check_bound(self, term: Operand) -> None:
        """A letter of a sum that ended at the + before `term` does not stand in `term`."""
        for index in free_indices(term.expr):
            if index.name in self.bound[-1]:
                sign = self.quote(self.bound[-1][index.name])
                self.refuse(
                    f"{self.quote(term.span)}: the sum over {index.name} ends at the + or - before it",
                    term.span,
                    f"write {sign} ( ... ) around all that is summed, or another letter",
                )

    # products

    def term(self, cursor: Cursor) -> Operand:
        left = self._dotted(cursor)
        first = ""
        while cursor.is_at("operator", *_ENTRYWISE):
            sign = cursor.take()
            kind = r"\otimes" if sign.text == r"\otimes" else r"\odot"
            if first and first != kind:
                self.refuse(r"\odot and \otimes side by side", sign.span, "put one of them into parentheses")
            first = kind
            right = self._dotted(cursor)
            span = (left.span[0], right.span[1])
            if kind == r"\otimes":
                expr: Expr = Kron(left.expr, right.expr)
                left = Operand(expr, shape(expr), span)
                continue
            left, right = self.fit(left, right)
            common = operations.common(self.source, span, left, right)
            if sign.text == r"\oslash":
                left = Operand(operations.divide(self.source, span, left.expr, right.expr), common, span)
            else:
                left = Operand(product((left.expr, right.expr)), common, span)
        return left

    def _dotted(self, cursor: Cursor) -> Operand:
        left = self._run(cursor)
        while cursor.is_at("operator", *_DOTS):
            sign = cursor.take()
            if sign.text in ("/", r"\div"):
                left = self._divided(cursor, left, sign)
                continue
            right = self._run(cursor)
            left = self._dot(left, right, sign)
        return left

    def _dot(self, left: Operand, right: Operand, sign: Token) -> Operand:
        span = (left.span[0], right.span[1])
        shown = (self.quote(left.span), self.quote(right.span))
        if left.is_scalar or right.is_scalar:
            common = operations.common(self.source, span, left, right)
            return Operand(product((left.expr, right.expr)), common, span)
        if sign.text != r"\cdot":
            hint = rf"write {shown[0]} \odot {shown[1]} for the product entry by entry"
            if ONE in left.shape and sign.text == r"\times":
                hint = "the cross product is not supported"
            elif left.shape[1] == right.shape[0]:
                hint += f", {' '.join(shown)} for the matrix product"
            self.refuse(f"`{sign.text}` between arrays has more than one meaning", sign.span, hint)
        if left.shape[1] == ONE and right.shape[1] == ONE:
            left, right = self.fit(left, right)
            return self.build("dot", span, left, right)
        return self.multiplied(left, right)

    def _divided(self, cursor: Cursor, left: Operand, sign: Token) -> Operand:
        right = self.factor(cursor)
        span = (left.span[0], right.span[1])
        shown = (self.quote(left.span), self.quote(right.span))
        after = cursor.peek()
        is_sum = after is not None and after.kind == "structure" and after.text == "sum"
        if (self.begins_factor(cursor) and not is_sum) or cursor.is_at("operator", *_DOTS):
            more = self.quote((right.span[0], after.span[1] if after else right.span[1]))
            whole = (left.span[0], after.span[1] if after else span[1])
            rest = self.quote(after.span) if after else ""
            hint = rf"write \frac{{{shown[0]}}}{{{shown[1]}}} {rest} or \frac{{{shown[0]}}}{{{more}}}"
            self.refuse(f"{self.quote(whole)}: how far the slash reaches is not said", whole, hint)
        quotient = self.quotient(left, right, span)
        if is_sum:
            summed = self.factor(cursor)
            of = summed.shape if quotient.is_scalar else quotient.shape
            return Operand(product((quotient.expr, summed.expr)), of, (left.span[0], summed.span[1]))
        return quotient

    def quotient(self, left: Operand, right: Operand, span: Span) -> Operand:
        if not right.is_scalar:
            hint = r"write A^{-1} for the inverse, x \oslash y for the quotient entry by entry"
            of = f"{self.quote(right.span)} is {show_shape(right.shape)}"
            self.refuse(f"in {self.quote(span)}: {of}, no scalar to divide by", span, hint)
        return Operand(operations.divide(self.source, span, left.expr, right.expr), left.shape, span)

    def begins_factor(self, cursor: Cursor) -> bool:
        token = cursor.peek()
        if token is None or token.kind not in _BEGINS:
            return token is not None and token.kind == "operator" and token.text == r"\partial"
        return token.kind != "bar" or not self.closes_bar(token)

    def closes_bar(self, token: Token) -> bool:
        return token.text.replace(" ", "") == self.bars[-1].replace(" ", "") != ""

    def _run(self, cursor: Cursor) -> Operand:
        """Factors side by side: scalars scale, arrays are multiplied as matrices."""
        before = cursor.peek()
        first = self.factor(cursor)
        scales: list[Expr] = []
        chain: Operand | None = None
        if first.is_scalar:
            scales.append(first.expr)
        else:
            chain = first
        whole = first.span
        while self.begins_factor(cursor):
            token = cursor.peek()
            assert token is not None
            self._check_neighbours(before, token)
            right = self.factor(cursor)
            before, whole = token, (whole[0], right.span[1])
            if chain is None:
                if right.is_scalar:
                    scales.append(right.expr)
                else:
                    chain = right
            elif right.is_scalar and not (_is_kept_product(right.expr) and chain.shape[1] == ONE):
                chain = Operand(product((chain.expr, right.expr)), chain.shape, (chain.span[0], right.span[1]))
            elif chain.is_scalar and right.shape[0] != ONE:
                scales.append(chain.expr)
                chain = right
            else:
                chain = self.multiplied(chain, right)
        if chain is None:
            return Operand(product(scales), SCALAR, whole)
        if not scales:
            return replace(chain, span=whole)
        return Operand(product((*scales, chain.expr)), chain.shape, whole)

    def _check_neighbours(self, left: Token | None, right: Token) -> None:
        if left is None:
            return
        span = (left.span[0], right.span[1])
        if right.kind == "number":
            shown = (self.quote(left.span), right.text)
            if left.kind == "number":
                hint = rf"write {shown[0]} \cdot {shown[1]}"
                self.refuse(f"{self.quote(span)}: two numbers stand side by side", span, hint)
            hint = "write the number first, or a _ or ^ between them"
            self.refuse(f"{self.quote(span)}: a number follows what it multiplies", span, hint)

    def multiplied(self, left: Operand, right: Operand) -> Operand:
        """The matrix product."""
        self.sizes.equal(left.shape[1], right.shape[0])
        left, right = self.sizes.filled(left), self.sizes.filled(right)
        span = (left.span[0], right.span[1])
        if left.shape == right.shape and left.shape[0] != left.shape[1]:
            one, other = self.quote(left.span), self.quote(right.span)
            turned = self.source.transposed(other if left.shape[0] == ONE else one)
            inner = f"{one} {turned}" if left.shape[0] == ONE else f"{turned} {other}"
            operations.mismatch(
                self.source,
                span,
                left,
                right,
                "there is no product of the two",
                rf"write {inner}, or {one} \odot {other}",
                "product",
            )
        result = operations.matmul_shape(self.source, span, left, right)
        return self.sizes.filled(Operand(operations.matmul(left.expr, right.expr), result, span))

    def scaled(self, left: Operand, right: Operand) -> Operand:
        """A scalar times something."""
        return Operand(product((left.expr, right.expr)), right.shape, (left.span[0], right.span[1]))

    def fit(self, left: Operand, right: Operand) -> tuple[Operand, Operand]:
        """Both operands, with the sizes that the one shows of the other."""
        if not left.is_scalar and not right.is_scalar:
            for one, other in zip(left.shape, right.shape, strict=True):
                self.sizes.equal(one, other)
        return self.sizes.filled(left), self.sizes.filled(right)

    def factor(self, cursor: Cursor) -> Operand:
        token = cursor.peek()
        if token is not None and token.kind in ("open", "group"):  # counted by the sum inside
            return atoms.factor(self, cursor)
        with self.deeper(cursor.here):
            return atoms.factor(self, cursor)


def _is_kept_product(expr: Expr) -> bool:
    """Whether `expr` is the (y'z) of x (y'z)."""
    return isinstance(expr, Group) and isinstance(expr.body, MatMul)


def _needed_groups(expr: Expr) -> Expr:
    """`expr` with the parentheses of products inside products and of sums inside sums, and no others."""
    match expr:
        case Group(body):
            return _needed_groups(body)
    kinds = MatMul | Product if isinstance(expr, MatMul | Product) else Plus
    is_kept = [
        isinstance(part, Group) and isinstance(part.body, kinds) and isinstance(expr, kinds) for part in parts(expr)
    ]
    inner = [_needed_groups(part) for part in parts(expr)]
    return with_parts(expr, tuple(Group(part) if kept else part for part, kept in zip(inner, is_kept, strict=True)))


def _negative(expr: Expr) -> Expr:
    """`expr` with a minus sign before it; a number that it begins with takes the sign."""
    match expr:
        case Product((Number(value), *rest)):
            return Product((Number(-value), *rest))
        case _:
            return operations.negative(expr)


__all__ = ["Cursor", "Reader", "parse_latex"]
