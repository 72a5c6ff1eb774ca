"""Back-propagation through the layers of `define`: the gradient by each quantity from those that are made of it.

Each layer is differentiated by itself, by the method `index`, with the gradient that comes from above held; what a
layer gives for its pre-activation is named delta.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from derivgen.derivation import Conclude, Derivation, Rewrite, Rule, Step
from derivgen.derive.derivative import derive as derive_derivative
from derivgen.derive.derivative import readable
from derivgen.derive.folding import folded
from derivgen.derive.naming import reserved_names
from derivgen.errors import CannotDerive
from derivgen.expr.build import factors_of, matmul, plus, product, terms_of, transpose
from derivgen.expr.nodes import (
    ONE,
    ONE_NUMBER,
    SCALAR,
    Apply,
    Column,
    Entry,
    Expr,
    Eye,
    Index,
    Layout,
    MatMul,
    Number,
    Partial,
    Plus,
    Product,
    Softmax,
    Sum,
    Symbol,
    Total,
    Transpose,
)
from derivgen.expr.shapes import is_scalar, shape, show_shape
from derivgen.expr.walk import depends_on, fresh_index, subexpressions, symbols, transform
from derivgen.problem.model import Part
from derivgen.rules.algebra import minus_difference
from derivgen.rules.backpropagation import (
    chain_rule_entrywise,
    chain_rule_through,
    definition_of_delta,
    derivative_of_loss,
    put_gradient_in,
    sum_over_paths,
)
from derivgen.rules.layout import transpose_terms

MOST_LEVELS = 60
"""A sheet about more layers could not be followed."""


def backprop(part: Part, layout: Layout) -> Derivation:
    """The gradients of the loss `part.expression` by the quantities it is made of, then by the variables of the part.

    Raises CannotDerive where the loss is no scalar, or does not depend on a variable.
    """
    network = network_of(part, layout)
    steps: list[Step] = []
    for node in network.order():
        steps += network.lines(node)
    last = network.variables[-1]
    for variable in network.variables:
        steps.append(Conclude(network.gradient(variable), network.values[variable], network.gradient(variable)))
    return Derivation(
        task="backprop",
        statement=network.top,
        steps=tuple(steps),
        result=network.values[last],
        form="matrix",
        shape=shape(network.values[last]),
        quantity=network.loss,
        layout=layout,
        question=network.gradient(last),
        named=(*network.levels.items(), (network.loss, network.top), *network.named.items()),
    )


@dataclass(slots=True)
class Network:
    """`levels` in order, each by the symbols of its meaning; `top` is what the loss is made of."""

    part: Part
    layout: Layout
    loss: Symbol
    top: Expr
    levels: dict[Symbol, Expr]
    """Without the loss."""
    variables: tuple[Symbol, ...]
    reserved: frozenset[str]
    gradients: dict[Symbol, Expr] = field(default_factory=dict)
    """The names of the gradients: by each quantity and variable."""
    deltas: dict[Symbol, Symbol] = field(default_factory=dict)
    named: dict[Symbol, Expr] = field(default_factory=dict)
    plain: bool = False
    """Every quantity has a line, with what is above by its name: nothing is joined, and there are no deltas."""
    values: dict[Symbol, Expr] = field(default_factory=dict)
    """What was found for each gradient."""

    # --- the graph --------------------------------------------------------------------------------------------------

    def meaning(self, node: Symbol) -> Expr:
        """What `node` is made of; of the loss, with an output that only it sees written out, where that is shorter."""
        return self._loss_in_full() if node == self.loss else self.levels[node]

    def _loss_in_full(self) -> Expr:
        output = self._joined_output()
        if output is None:
            return self.top
        return transform(self.top, lambda one: self.levels[output] if one == output else None)

    def _joined_output(self) -> Symbol | None:
        """Probabilities under a logarithm: softmax or sigmoid that only the loss sees, and that cancels there."""
        for node, meaning in self.levels.items() if not self.plain else ():
            squashes = isinstance(meaning, Softmax) or (
                isinstance(meaning, Apply) and meaning.function.name == "sigmoid"
            )
            alone = not any(node in symbols(other) for other in self.levels.values())
            if squashes and alone and any(_is_log(one, node) for one in subexpressions(self.top)):
                return node
        return None

    def users(self, node: Symbol) -> list[Symbol]:
        """What is made of `node` directly, the loss first, then from the output to the input."""
        skipped = self._joined_output()
        return [
            one
            for one in (self.loss, *reversed(self.levels))
            if one != skipped and node in symbols(self.meaning(one)) and (one == self.loss or one in self.gradients)
        ]

    def order(self) -> list[Symbol]:
        """The quantities that the variables are inside of, from the output to the input, each followed by its
        variables.
        """
        waiting = list(self.variables)
        moved: set[Symbol] = set(self.variables)
        for node, meaning in self.levels.items():
            if moved & set(symbols(meaning)):
                moved.add(node)
        seen = _inside(self._loss_in_full(), self.levels)
        found = [node for node in reversed(self.levels) if node in moved and node in seen]
        done: list[Symbol] = []
        for node in found:
            done.append(node)
            for variable in list(waiting):
                above = [one for one in found if variable in symbols(self.levels[one])]
                if above and above[-1] == node:
                    done.append(variable)
                    waiting.remove(variable)
        return [*waiting, *done]

    # --- names ------------------------------------------------------------------------------------------------------

    def gradient(self, node: Symbol) -> Expr:
        """The name of the gradient by `node`: delta where it is a pre-activation."""
        return self.deltas.get(node) or self.gradients[node]

    def name(self, node: Symbol) -> None:
        turns = self.layout is Layout.NUMERATOR
        rows, columns = node.shape
        of = (columns, rows) if turns else node.shape
        if is_scalar(node):
            self.gradients[node] = Partial(self.loss, node)
        else:
            loss, by = name_latex(self.loss), name_latex(node)
            symbol = Symbol(f"d{self.loss.name}/d{node.name}", of, latex=rf"\frac{{\partial {loss}}}{{\partial {by}}}")
            meaning = _all_partials(self.loss, node)
            self.gradients[node] = symbol
            self.named[symbol] = transpose(meaning) if turns else meaning
        if self._is_pre_activation(node) and not self.plain:
            letters, up, layer = node.name.partition("^")
            letters = letters.lstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
            plain = up != "" or (re.fullmatch(r"_?\d*", letters) is not None and len(node.name) - len(letters) == 1)
            suffix = letters if letters.startswith("_") or not letters else f"_{letters}"
            if plain and not up and not suffix and sum(map(self._is_pre_activation, self.levels)) > 1:
                plain = False  # delta by itself says whose it is where there is one only
            delta = Symbol(f"delta{suffix}" if plain else f"delta_{node.name}", of)
            if up:  # of a layer: z^(l)
                delta = Symbol(f"delta^{layer}", of, latex=rf"\boldsymbol{{\delta}}^{{{layer}}}")
            if delta.name not in (*self.reserved, *(one.name for one in self.deltas.values())):
                self.deltas[node] = delta
                self.named[delta] = self.gradients[node]

    def _is_pre_activation(self, node: Symbol) -> bool:
        """What weights give: it is no function itself, but holds a matrix product or has a function above it."""
        meaning = self.levels.get(node)
        if meaning is None or isinstance(meaning, Apply | Softmax) or is_scalar(node):
            return False
        above = any(isinstance(one, Apply | Softmax) and node in symbols(one) for one in self.levels.values())
        return above or any(isinstance(one, MatMul) for one in subexpressions(meaning))

    # --- lines ------------------------------------------------------------------------------------------------------

    def lines(self, node: Symbol) -> list[Rewrite]:
        """The lines for the gradient by `node`."""
        users = self.users(node)
        self.name(node)
        heading = self.gradient(node)
        current: Expr = heading
        lines: list[Rewrite] = []

        def to(after: Expr, rule: Rule) -> None:
            nonlocal current
            if after != current:
                lines.append(Rewrite((rule,), current, after, heading))
                current = after

        if node in self.deltas:
            to(self.gradients[node], definition_of_delta)
        if not users:
            raise CannotDerive(f"the loss does not depend on {node.name}")
        pulled = [self.pulled_back(user, node, self._above(user)) for user in users]
        to(self._arranged(plus(pulled)), self._rule(users))
        put = [self.pulled_back(user, node, self._value_above(user)) for user in users]
        to(self._arranged(plus(put)), put_gradient_in)
        self.values[node] = current
        return lines

    def _rule(self, users: Sequence[Symbol]) -> Rule:
        if len(users) > 1:
            return sum_over_paths
        (user,) = users
        if user == self.loss:
            return derivative_of_loss
        meaning = self.levels[user]
        return chain_rule_entrywise if isinstance(meaning, Apply) else chain_rule_through

    def _above(self, user: Symbol) -> Expr:
        """The gradient by `user` by its name, as it is in denominator layout."""
        if user == self.loss:
            return ONE_NUMBER
        return self._upright(self.gradient(user))

    def _value_above(self, user: Symbol) -> Expr:
        """The same as it was found, where it has no name of its own that is short."""
        if user == self.loss or self.plain or user in self.deltas or is_scalar(user):
            return self._above(user)
        return self._upright(self.values.get(user, self.gradient(user)))

    def _upright(self, gradient: Expr) -> Expr:
        return transpose(gradient) if self.layout is Layout.NUMERATOR else gradient

    def _arranged(self, gradient: Expr) -> Expr:
        """A gradient, found in denominator layout, in that of the part."""
        if self.layout is not Layout.NUMERATOR or is_scalar(gradient):
            return gradient
        return readable(transpose_terms(gradient))

    def pulled_back(self, user: Symbol, node: Symbol, above: Expr) -> Expr:
        """What the gradient `above` by `user` adds to the gradient by `node`, in denominator layout."""
        meaning = self.meaning(user)
        held = Symbol(self._free("g"), user.shape)
        if user == self.loss:
            statement = meaning
        elif is_scalar(user):
            statement = product((held, meaning))
        elif user.shape[1] == ONE:
            statement = MatMul((Transpose(held), meaning))
        else:
            statement = Total(product((held, meaning)))
        scope = replace(
            self.part.scope, symbols={**self.part.scope.symbols, held.name: held}, definitions={}, levels={}
        )
        asked = replace(
            self.part, task="derive", scope=scope, expression=statement, wrt=node, order=1, method="index", claim=None
        )
        found = derive_derivative(asked, Layout.DENOMINATOR)
        if found.form != "matrix":
            raise CannotDerive(f"the gradient by {node.name} has no matrix form: {found.reason}")
        result = _without_minus(self._in_names(found.result))
        first = transform(result, partial(_first, wanted=held))
        return _put(first, held, above)

    def _in_names(self, expr: Expr) -> Expr:
        """`expr` with the values of functions by their names: h for sigmoid(z)."""
        known = {one.name: meaning for one, meaning in self.levels.items() if isinstance(meaning, Apply | Softmax)}
        return folded(expr, known, {one.name: one for one in self.levels}) if known else expr

    def _free(self, name: str) -> str:
        while name in self.reserved:
            name += "_1"
        return name


def network_of(part: Part, layout: Layout, besides: Sequence[Symbol] = ()) -> Network:
    """What the loss of `part` is made of, with the quantities `besides` and what they are made of.

    Raises CannotDerive where the loss is no scalar, or does not depend on a variable.
    """
    assert part.expression is not None
    scope = part.scope
    top = part.expression
    if shape(top) != SCALAR:
        raise CannotDerive(f"back-propagation starts at a scalar loss, this is {show_shape(shape(top))}")
    levels = {scope.symbols[name]: meaning for name, meaning in scope.levels.items()}
    reserved = reserved_names(scope, top)
    loss = Symbol("L" if "L" not in reserved else "loss")
    if isinstance(top, Symbol) and top in levels:
        loss, top = top, levels[top]
    inside = set(besides) | {one for root in (top, *besides) for one in _inside(root, levels)}
    levels = {one: meaning for one, meaning in levels.items() if one in inside}
    if len(levels) > MOST_LEVELS:
        raise CannotDerive(f"{len(levels)} layers are more than a sheet can show; at most {MOST_LEVELS}")
    variables = part.given.variables or parameters_of(levels, scope.values)
    if not variables:
        raise CannotDerive("there is nothing to differentiate by: name the parameters in `wrt`")
    for variable in variables:
        used = variable in symbols(top) or any(variable in symbols(meaning) for meaning in levels.values())
        if not used:
            raise CannotDerive(f"the loss does not depend on {variable.name}")
    return Network(part, layout, loss, top, levels, tuple(variables), reserved)


def _inside(top: Expr, levels: dict[Symbol, Expr]) -> set[Symbol]:
    found: set[Symbol] = set()
    waiting = [top]
    while waiting:
        for one in symbols(waiting.pop()):
            if one in levels and one not in found:
                found.add(one)
                waiting.append(levels[one])
    return found


def parameters_of(levels: dict[Symbol, Expr], values: Iterable[str]) -> tuple[Symbol, ...]:
    """What the layers are made of, from the output to the input: everything but what the loss alone sees."""
    given = set(values)
    found: dict[Symbol, None] = {}
    for meaning in reversed(levels.values()):
        own = [one for one in symbols(meaning) if one not in levels and one.name not in given]
        # weights, then biases, then what they act on
        own.sort(key=lambda one: (ONE in one.shape, one not in terms_of(meaning)))
        found |= dict.fromkeys(own)
    return tuple(found)


def _is_log(expr: Expr, node: Symbol) -> bool:
    return isinstance(expr, Apply) and expr.function.name == "log" and depends_on(expr, node)


def _all_partials(loss: Symbol, by: Symbol) -> Expr:
    """The array of the derivatives of `loss` by each entry of `by`, in its shape."""
    rows, columns = by.shape
    indices: list[Index] = []
    ends: list[Expr] = []
    for dim in (rows, columns):
        if dim == ONE:
            continue
        index = fresh_index(dim, tuple(indices))
        indices.append(index)
        ends.append(Column(Eye(dim), index))
    slope = Partial(loss, Entry(by, tuple(indices)))
    if rows == ONE:
        unit = transpose(ends[0])
    else:
        unit = ends[0] if columns == ONE else matmul((ends[0], transpose(ends[1])))
    found: Expr = product((slope, unit))
    for index in reversed(indices):
        found = Sum(index, found)
    return found


def _first(node: Expr, wanted: Symbol) -> Expr | None:
    """A product with what comes from above as its first factor: the reader meets it there."""
    if not isinstance(node, Product):
        return None
    factors = factors_of(node)
    ahead = [one for one in factors if depends_on(one, wanted) and not is_scalar(one)]
    scalars = [one for one in factors if is_scalar(one)]
    rest = [one for one in factors if one not in ahead and one not in scalars]
    return Product((*scalars, *ahead, *rest)) if len(factors) > 1 else None


def _without_minus(expr: Expr) -> Expr:
    """-(y - p)/n as (p - y)/n."""
    match expr:
        case Product((Number() as sign, *front, Plus() as difference)):
            turned = minus_difference(Product((sign, difference)))
            return expr if turned is None else product((*front, turned))
    return expr


def _put(expr: Expr, held: Symbol, above: Expr) -> Expr:
    """`expr` with `above` in the place of `held`, flat."""

    def change(node: Expr) -> Expr | None:
        match node:
            case Transpose(body) if body == held:
                return transpose(above)
            case Symbol() if node == held:
                return above
            case Product(factors):
                return product(factors)
            case MatMul(factors):
                return matmul(factors)
        return None

    return transform(expr, change)


GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega".split()
)
ACCENTS = ("hat", "bar", "tilde", "dot")


def name_latex(symbol: Symbol) -> str:
    r"""How the name of `symbol` is printed: \mathbf{W}_{2}."""
    if symbol.latex:
        return symbol.latex
    first, *words = symbol.name.split("_")
    found = re.fullmatch(r"(\D+?)(\d+)", first)
    base, below = (found[1], [found[2]]) if found else (first, [])
    accents = [word for word in words if word in ACCENTS]
    below += [word for word in words if word not in ACCENTS]
    if base in GREEK:
        shown = rf"\{base}" if is_scalar(symbol) else rf"\boldsymbol{{\{base}}}"
    elif is_scalar(symbol):
        shown = base if len(base) == 1 else rf"\mathrm{{{base}}}"
    else:
        shown = rf"\mathbf{{{base}}}"
    for accent in accents:
        shown = rf"\{accent}{{{shown}}}"
    plain = [word if len(word) == 1 or word.isdigit() else rf"\mathrm{{{word}}}" for word in below]
    return f"{shown}_{{{','.join(plain)}}}" if plain else shown
