"""Points: assumptions are true of what is drawn, sizes differ, nothing is left to chance."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest

from derivgen.errors import ShapeError
from derivgen.expr.nodes import ASSUMPTIONS, ONE, Dim, Plus, Symbol
from derivgen.verify.arrays import BadPoint
from derivgen.verify.points import FLOAT_DOMAINS, draw, make_point, satisfies, survey

from .symbols import A, W, at, n, p, point_for, x

_MATRIX = sorted(ASSUMPTIONS - {"onehot", "unit"})


def _drawn(words: set[str], shape: tuple[int, int], domain: str) -> None:
    for number in range(3):
        array = draw(frozenset(words), shape, domain, f"seed {number}")
        for word in words - {"positive", "nonzero"}:
            assert satisfies(array, word), word


@pytest.mark.parametrize("domain", ["whole", *FLOAT_DOMAINS])
@pytest.mark.parametrize("word", _MATRIX)
def test_a_word_is_true(word: str, domain: str) -> None:
    _drawn({word}, (4, 4) if word == "skew" else (3, 3), domain)


_PAIRS = combinations(["symmetric", "orthogonal", "idempotent", "invertible", "diagonal"], 2)


@pytest.mark.parametrize("words", sorted({*_PAIRS} - {("idempotent", "invertible")}))
def test_two_words_are_true(words: tuple[str, ...]) -> None:
    _drawn(set(words), (3, 3), "whole")


@pytest.mark.parametrize("word", ["onehot", "unit", "positive", "integer", "nonzero"])
@pytest.mark.parametrize("domain", ["whole", "general", "small"])
def test_a_word_about_a_vector(word: str, domain: str) -> None:
    array = draw(frozenset({word}), (4, 1), domain, "seed")
    assert satisfies(array, word)


def test_words_that_exclude_each_other_have_no_point() -> None:
    for words in ({"idempotent", "invertible"}, {"skew", "symmetric", "invertible"}):
        with pytest.raises(BadPoint):
            draw(frozenset(words), (3, 3), "whole", "seed")


def test_a_word_hides_no_more_than_it_says() -> None:
    assert not satisfies(draw(frozenset({"orthogonal"}), (3, 3), "whole", "seed"), "symmetric")
    assert not satisfies(draw(frozenset({"idempotent"}), (3, 3), "whole", "seed"), "symmetric")
    assert not satisfies(draw(frozenset({"invertible"}), (3, 3), "whole", "seed"), "triangular")
    assert not satisfies(draw(frozenset(), (3, 3), "definite", "seed"), "symmetric")


def test_sizes_differ_and_change() -> None:
    found = survey([W, Symbol("C", (n, p)), Symbol("e", (Dim(3), ONE))])
    sizes = [found.sizes(number) for number in range(4)]
    for one in sizes:
        assert len(set(one.values())) == 3 and min(one.values()) > 1 and 3 not in one.values()
    assert len({tuple(one.values()) for one in sizes}) == 4


def test_a_subscript_must_fit() -> None:
    assert point_for(at(x, 5)).size(n) >= 5


def test_the_same_points_every_time() -> None:
    first, second = point_for(A, x, number=1), point_for(x, A, number=1)
    assert (first.values["A"] == second.values["A"]).all()
    assert not np.array_equal(first.values["A"], point_for(A, x, number=2).values["A"])


def test_given_numbers_come_first() -> None:
    pair = Symbol("q", (Dim(2), ONE))
    rows = ((Fraction(1),), (Fraction(4, 5),))
    point = make_point(survey([pair]), 0, "general", {"q": rows})
    assert point.values["q"].tolist() == [[1], [Fraction(4, 5)]]
    with pytest.raises(ShapeError):
        make_point(survey([pair]), 0, "whole", {"q": rows[:1]})


def test_no_line_brings_in_an_assumption() -> None:
    tame = Symbol("A", (n, n), frozenset({"symmetric"}))
    point = point_for(Plus((A, tame)))
    assert not satisfies(point.values["A"], "symmetric")
    with pytest.raises(ShapeError):
        survey([A, Symbol("A", (n, ONE))])
