"""Laws for functions that nobody gave: u(x), with values and arguments that are vectors or matrices.

What is known of u is that it has derivatives. At a variable itself the derivative of an entry of u stays as it is, and
is a number that has a place in du/dx; at anything else the chain rule hands it to the strictly smaller argument.
"""

from __future__ import annotations

from dataclasses import replace

from derivgen.derivation import Rule
from derivgen.errors import CannotDerive
from derivgen.expr.build import nested_sum, plus, product
from derivgen.expr.nodes import Derivative, Entry, Expr, Image, Index, Layout, Partial, Slope, Subscript
from derivgen.expr.shapes import axes, is_scalar, shape, slope_shape
from derivgen.expr.walk import all_indices, fresh_index, parts, with_parts
from derivgen.rules.differentiation import CALCULUS, varies
from derivgen.rules.expansion import entry

LAW_OF_LAYOUT = (
    r"\left(\frac{\mathrm{d}\mathbf{y}}{\mathrm{d}\mathbf{x}}\right)_{ij} = \frac{\partial y_j}{\partial x_i}"
    r"\text{ or }\frac{\partial y_i}{\partial x_j}"
)


def stays(expr: Expr) -> bool:
    """Whether `expr` is a derivative that nothing more is known of: of an entry of u(x) by an entry of x itself."""
    match expr:
        case Partial(Partial() as inner, _):
            return stays(inner)
        case Partial(Image() as image, wrt) | Partial(Entry(Image() as image), wrt):
            variable = wrt.base if isinstance(wrt, Entry) else wrt
            moved = [argument for argument in image.arguments if varies(argument, wrt)]
            return moved == [variable]
    return False


def chain_rule_of_images(layout: Layout) -> Rule:
    """The chain rule on u(A x): a sum over the entries of each argument that varies, with du/dx in `layout`."""

    def rewrite(expr: Expr) -> Expr | None:
        if not isinstance(expr, Partial) or stays(expr):
            return None
        match expr.body:
            case Image() as image:
                at: tuple[Subscript, ...] = ()
            case Entry(Image() as image, at):
                pass
            case _:
                return None
        return plus(
            _through(image, at, place, expr, layout)
            for place, argument in enumerate(image.arguments)
            if varies(argument, expr.wrt)
        )

    law = (
        r"\frac{\partial u_i(y)}{\partial x_k}"
        r" = \sum_l \frac{\partial u_i}{\partial y_l} \frac{\partial y_l}{\partial x_k}"
    )
    return Rule("chain rule", law, CALCULUS, rewrite)


def _through(image: Image, at: tuple[Subscript, ...], place: int, expr: Partial, layout: Layout) -> Expr:
    argument = image.arguments[place]
    if slope_shape(image.shape, shape(argument), layout) is None:
        raise CannotDerive(f"the derivative of {image.name} by its argument has more than two axes")
    bound: list[Index] = []
    for dim in axes(argument):
        bound.append(fresh_index(dim, (*all_indices(expr), *bound)))
    inner = entry(argument, bound) if bound else argument
    slope = entry_in_layout(Derivative(image, place, layout), layout, at, tuple(bound))
    return nested_sum(bound, product((slope, Partial(inner, expr.wrt))))


def entries_in_layout(layout: Layout) -> Rule:
    """A derivative that stays, as the entry of du/dx that it is in `layout`; entries in other layouts likewise."""

    def rewrite(expr: Expr) -> Expr | None:
        match expr:
            case Partial(Image() | Entry(Image()) as body, wrt) if stays(expr):
                image, at = (body.base, body.subscripts) if isinstance(body, Entry) else (body, ())
                assert isinstance(image, Image)
                variable = wrt.base if isinstance(wrt, Entry) else wrt
                if slope_shape(image.shape, shape(variable), layout) is None:
                    return None
                place = image.arguments.index(variable)
                at_x = wrt.subscripts if isinstance(wrt, Entry) else ()
                return entry_in_layout(Derivative(image, place, layout), layout, at, at_x)
            case Entry(Derivative(image, place, own), subscripts) if own != layout:
                at_y, at_x = _apart(image, own, subscripts)
                return entry_in_layout(Derivative(image, place, layout), layout, at_y, at_x)
            case Derivative(_, _, own) if own != layout and is_scalar(expr):
                return replace(expr, layout=layout)
        return None

    return Rule("entries of the layout", LAW_OF_LAYOUT, "definition", rewrite)


def in_layout(expr: Expr, layout: Layout) -> Expr:
    """`expr` with the derivatives that stay, and those in other layouts, as entries of arrays in `layout`.

    A second derivative that stays has no array, and is left alone.
    """
    if isinstance(expr, Partial) and isinstance(expr.body, Partial) and stays(expr):
        return expr
    below = with_parts(expr, tuple(in_layout(part, layout) for part in parts(expr)))
    return entries_in_layout(layout)(below) or below


def entry_in_layout(
    array: Derivative | Slope, layout: Layout, at_y: tuple[Subscript, ...], at_x: tuple[Subscript, ...]
) -> Expr:
    """The entry of dy/dx, an array in `layout`, that is the derivative of y at `at_y` by x at `at_x`."""
    places = (*at_x, *at_y) if layout is Layout.DENOMINATOR else (*at_y, *at_x)
    if layout is Layout.NUMERATOR and not at_y:
        places = at_x[::-1]
    return Entry(array, places) if places else array


def _apart(
    image: Image, layout: Layout, subscripts: tuple[Subscript, ...]
) -> tuple[tuple[Subscript, ...], tuple[Subscript, ...]]:
    """The subscripts of the value and those of the argument, from those of an entry of dy/dx in `layout`."""
    wide = len(axes(image))
    if layout is Layout.NUMERATOR and not wide:
        return (), subscripts[::-1]
    if layout is Layout.DENOMINATOR:
        split = len(subscripts) - wide
        return subscripts[split:], subscripts[:split]
    return subscripts[:wide], subscripts[wide:]


IMAGES: tuple[Rule, ...] = (chain_rule_of_images(Layout.DENOMINATOR), entries_in_layout(Layout.DENOMINATOR))
"""One of each for the catalogue; a derivation takes those of its layout."""
