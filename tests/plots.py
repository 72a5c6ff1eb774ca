"""Functions of two variables with what is known of them, and pictures of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from derivgen.derive.drawing import contour_plot, surface_plot
from derivgen.expr.nodes import ONE, Apply, Dim, Entry, Expr, Function, Number, Plus, Power, Product, Symbol, number
from derivgen.picture import Mark, Path, Picture

x, y, f = Symbol("x"), Symbol("y"), Symbol("f")
v = Symbol("x", (Dim(2), ONE))
v1, v2 = Entry(v, (1,)), Entry(v, (2,))


def apply(name: str, argument: Expr) -> Apply:
    return Apply(Function(name), (argument,))


def square(of: Expr) -> Power:
    return Power(of, number(2))


def minus(of: Expr) -> Product:
    return Product((number(-1), of))


def place(*values: int | Fraction) -> tuple[Expr, ...]:
    return tuple(map(number, values))


BOWL = Plus((square(x), Product((number(4), square(y)))))
SADDLE = Plus((square(x), minus(square(y))))
FOLIUM = Plus((Power(x, number(3)), Power(y, number(3)), Product((number(-3), x, y))))
CUP = Plus((square(v1), Product((number(2), square(v2)))))
HILL = Plus((number(4), minus(square(x)), minus(square(y))))
WAVES = Product((apply("sin", x), apply("cos", y)))
LOGS = Plus((apply("log", x), apply("log", y)))
RING = Plus((apply("log", Plus((square(x), square(y), number(-1)))), minus(x)))
POLE = Product((x, Power(y, number(-1))))
MONKEY = Plus((Power(x, number(3)), Product((number(-3), x, square(y)))))
STEP = Plus((apply("sign", x), Product((Number(Fraction(1, 10)), y))))
PLANE = Plus((x, Product((number(2), y))))
LARGE = Product((number(10**6), SADDLE))

ORIGIN = (0.0, 0.0)
DESCENT = Path("descent", tuple((4 * 0.6**k, (-0.6) ** k) for k in range(9)))
NEWTON = Path("newton", ((4.0, 1.0), ORIGIN))
H = math.pi / 2
WAVE_MARKS = (
    Mark("maximum", (H, 0.0)),
    Mark("minimum", (-H, 0.0)),
    *(Mark("saddle", (0.0, up)) for up in (-H, H)),
    *(Mark("maximum", (-H, up)) for up in (-math.pi, math.pi)),
    *(Mark("minimum", (H, up)) for up in (-math.pi, math.pi)),
)
AROUND = ((-3.5, 3.5), (-3.5, 3.5))
FOLIUM_MARKS = (Mark("saddle", ORIGIN, place(0, 0)), Mark("minimum", (1.0, 1.0), place(1, 1)))

PICTURES: dict[str, Callable[[], Picture]] = {
    "bowl with two paths": lambda: contour_plot(BOWL, (x, y), marks=[Mark("minimum", ORIGIN)], paths=[DESCENT, NEWTON]),
    "bowl with a start": lambda: contour_plot(
        BOWL,
        (x, y),
        marks=[Mark("minimum", ORIGIN, place(0, 0)), Mark("point", (4.0, 1.0), "start & end <here>")],
        paths=[DESCENT],
    ),
    "saddle": lambda: contour_plot(SADDLE, (x, y), marks=[Mark("saddle", ORIGIN, place(0, 0))]),
    "saddle, surface": lambda: surface_plot(SADDLE, (x, y), marks=[Mark("saddle", ORIGIN, place(0, 0, 0))], name=f),
    "marks side by side": lambda: contour_plot(
        BOWL,
        (x, y),
        marks=[Mark("point", (k / 5, k / 9), place(k)) for k in range(4)],
        paths=[Path("path", ((2.0, 2.0), (0.0, 0.0)))],
        ranges=((-2, 2), (-2, 2)),
    ),
    "folium": lambda: contour_plot(FOLIUM, (x, y), marks=FOLIUM_MARKS),
    "folium, surface": lambda: surface_plot(FOLIUM, (x, y), marks=FOLIUM_MARKS, name=f),
    "cup, surface": lambda: surface_plot(CUP, (v1, v2), marks=[Mark("minimum", ORIGIN, place(0, 0, 0))], name=f),
    "hill, surface": lambda: surface_plot(HILL, (x, y), marks=[Mark("maximum", ORIGIN)]),
    "waves": lambda: contour_plot(WAVES, (x, y), marks=WAVE_MARKS, ranges=AROUND),
    "waves, surface": lambda: surface_plot(WAVES, (x, y), marks=WAVE_MARKS, ranges=AROUND, name=f),
    "logarithms": lambda: contour_plot(LOGS, (x, y)),
    "logarithms, surface": lambda: surface_plot(LOGS, (x, y), name=f),
    "ring": lambda: contour_plot(RING, (x, y), ranges=((-3, 3), (-2, 3))),
    "pole": lambda: contour_plot(POLE, (x, y)),
    "pole, surface": lambda: surface_plot(POLE, (x, y), name=f),
    "monkey saddle": lambda: contour_plot(MONKEY, (x, y), marks=[Mark("undecided", ORIGIN, place(0, 0))]),
    "step": lambda: contour_plot(STEP, (x, y)),
    "plane": lambda: contour_plot(PLANE, (x, y)),
    "constant": lambda: contour_plot(number(3), (x, y)),
    "constant, surface": lambda: surface_plot(number(3), (x, y), name=f),
    "large values": lambda: contour_plot(LARGE, (x, y), marks=[Mark("saddle", ORIGIN)]),
    "large values, surface": lambda: surface_plot(LARGE, (x, y), marks=[Mark("saddle", ORIGIN)], name=f),
    "wide range": lambda: contour_plot(BOWL, (x, y), ranges=((-1000, 1000), (-1, 1))),
    "small range": lambda: contour_plot(BOWL, (x, y), ranges=((-1e-6, 1e-6), (0, 1e-6))),
}
