"""What the operations say of sizes."""

from __future__ import annotations

import pytest

from symbp.core.integers import Poly
from symbp.importing.sizes import Apart, Sizes


def test_equal_sizes_are_one_and_others_are_refused() -> None:
    sizes = Sizes()
    a, b, c = sizes.fresh(5), sizes.fresh(5), sizes.fresh(7)
    assert sizes.now(a) != sizes.now(b)
    sizes.same(a, b)
    assert sizes.now(a) == sizes.now(b)
    with pytest.raises(Apart, match="a size of 5 against one of 7"):
        sizes.same(a, c)


def test_a_number_is_a_number_everywhere() -> None:
    sizes = Sizes()
    a, b = sizes.fresh(5), sizes.fresh(5)
    sizes.same(a, b)
    assert sizes.literal(a) == 5
    assert sizes.now(b) == Poly.of(5)


def test_multiples() -> None:
    """4 H against a size of 12, then H is 3 of it; 4 H against 2 K makes K two of H."""
    sizes = Sizes()
    h, whole, k = sizes.fresh(3), sizes.fresh(12), sizes.fresh(6)
    sizes.same(whole, h * 4)
    assert sizes.now(whole) == sizes.now(h) * 4
    sizes.same(h * 4, k * 2)
    assert sizes.now(k) == sizes.now(h) * 2


@pytest.mark.parametrize(
    ("old", "new", "numbers"),
    [
        ((3, 5, 12), (3, 5, 2, 6), (None, None, 2, None)),  # how many heads is a number, their width a size
        ((3, 2, 5, 7), (3, 70), (None, None)),
        ((5, 3, 8), (5, 6, 4), (None, None, None)),  # two heads go with the batch
        ((1, 3, 5), (3, 5), (None, None)),
        ((4, 6), (8, 3), (None, None)),
        ((4, 9), (6, 6), (6, 6)),  # where cuts do not meet, all are numbers
    ],
)
def test_reshape(old: tuple[int, ...], new: tuple[int, ...], numbers: tuple[int | None, ...]) -> None:
    sizes = Sizes()
    shape = sizes.shape(old)
    made = tuple(map(sizes.now, sizes.reshaped(shape, new)))
    assert tuple(map(sizes.value, made)) == new
    assert tuple(m.constant for m in made) == numbers
    assert product(made) == product(tuple(map(sizes.now, shape)))


def product(sizes: tuple[Poly, ...]) -> Poly:
    total = Poly.of(1)
    for size in sizes:
        total = total * size
    return total
