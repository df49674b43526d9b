"""Operations that make an array of nothing: zeros, a number throughout, a range, an identity."""

from __future__ import annotations

import math

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import ATOM, PLUS, TIMES, binary, listed, spelt, text
from symbp.importing.graph import INTEGER, Argument, Ref
from symbp.importing.rows.pointwise import MINUS_INFINITY


def filled(value: float | None) -> Rule:
    """zeros(N, H), ones(N, H), or another number throughout."""

    def rule(at: At) -> Result:
        number = max(at.real("fill_value", 0), MINUS_INFINITY) if value is None else value
        like = at.get("self")
        if isinstance(like, Ref) and not at.given("size"):
            shape = at.tensor("self").shape
        else:
            sizes = at.get("size", ())
            assert isinstance(sizes, tuple)
            found = [at.extent(s) for s in sizes]
            shape = tuple(at.sizes.fresh(s.constant) if s.constant is not None else s for s in found)
        if not shape:
            return at.make(text(ATOM, (), spelt(float(number))))
        word = "zeros" if number == 0 else "ones"
        whole = at.make(text(ATOM, shape, f"{word}(", *listed(shape)[1:], ")"))
        return whole if number in (0, 1) else binary("*", TIMES, shape, spelt(float(number)), whole)

    return rule


def arange(at: At) -> Result:
    start, step = at.get("start", 0) or 0, at.get("step", 1) or 1
    if (start, step) != (0, 1):
        return _counted(at, start, step)
    size = at.extent(at.get("end"))
    size = at.sizes.fresh(size.constant, "T") if size.constant is not None else size
    made = at.make(text(ATOM, (size,), "arange(", size, ")"), INTEGER)
    at.state.counts[made] = size
    return made


def _counted(at: At, start: Argument, step: Argument) -> Result:
    """A range that does not count from 0 in steps of 1: as many numbers as it has in the export."""
    end = at.get("end")
    if not all(isinstance(n, (int, float)) for n in (start, step, end)):
        at.refuse("a range between sizes that does not count from 0 in steps of 1")
    length = math.ceil((end - start) / step)  # type: ignore[operator]
    whole = at.make(text(ATOM, (Poly.of(length),), f"arange({length})"), INTEGER)
    if step != 1:
        whole = at.make(binary("*", TIMES, whole.shape, spelt(step), whole), INTEGER)
    return binary("+", PLUS, whole.shape, spelt(start), whole) if start else whole


def eye(at: At) -> Result:
    n = at.sizes.fresh(at.whole("n"))
    return text(ATOM, (n, n), "eye(", n, ")")


CONSTANTS: dict[str, Rule] = {
    "aten.zeros.default": filled(0),
    "aten.ones.default": filled(1),
    "aten.full.default": filled(None),
    "aten.zeros_like.default": filled(0),
    "aten.ones_like.default": filled(1),
    "aten.full_like.default": filled(None),
    "aten.new_zeros.default": filled(0),
    "aten.new_ones.default": filled(1),
    "aten.arange.default": arange,
    "aten.arange.start": arange,
    "aten.arange.start_step": arange,
    "aten.eye.default": eye,
}
