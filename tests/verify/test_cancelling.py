"""Differences that lose digits are found, and the entry that is named shows it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from symbp.core.example import Example
from symbp.document.compose import compose
from symbp.document.model import Remark
from symbp.document.ranged import one_range
from symbp.document.said import Count, Number, Said
from tests.shared import derivation_of, worked


@cache
def example_of(name: str) -> Example:
    return worked(derivation_of(name))


def array(found: Example, name: str) -> np.ndarray:
    values = found.values[name]
    shape = tuple(1 + max(key[k] for key in values) for k in range(len(next(iter(values)))))
    return np.array([values[key] for key in np.ndindex(shape)]).reshape(shape)


def test_a_saturated_row_of_attention_shows_it() -> None:
    """Both sides by NumPy, with the parameters as much larger; in single precision the digits are gone."""
    found = example_of("attention_head")
    (c,) = found.cancelled
    x, y = array(found, "X"), array(found, "Y")
    q, k, v, o = (c.scale * array(found, name) for name in ("Wq", "Wk", "Wv", "Wo"))
    scores = (x @ q) @ (x @ k).swapaxes(1, 2) / np.sqrt(q.shape[1])
    weights = np.exp(scores - scores.max(axis=2, keepdims=True))
    weights /= weights.sum(axis=2, keepdims=True)
    back = ((weights @ (x @ v) @ o - y) / len(x)) @ o.T @ (x @ v).swapaxes(1, 2)
    less = (back * weights).sum(axis=2)
    assert c.adjoint == "S_bar"
    assert (c.more, c.less) == pytest.approx((back[c.key], less[c.key[:2]]), rel=1e-12)
    assert 10.0**-c.lost >= abs(c.more - c.less) / c.more > 10.0 ** -(c.lost + 1)


@pytest.mark.parametrize("name", ["sigmoid_softmax", "two_layer_net", "conv_layer", "layer_norm_mlp"])
def test_where_nothing_cancels_nothing_is_said(name: str) -> None:
    assert example_of(name).cancelled == ()


def test_the_page_has_both_sides_with_the_digits_that_are_lost() -> None:
    d = one_range(derivation_of("attention_head"))[0]
    made = compose(d, {}, example=example_of("attention_head"))
    remarks = (b for s in made.at("steps").sections for b in s.blocks if isinstance(b, Remark))
    said = [w for r in remarks for w in r.words if isinstance(w, Said) and w.name == "careful.rounding"]
    (slots,) = (dict(w.slots) for w in said)
    more, less, left = slots["more"], slots["less"], slots["left"]
    assert isinstance(more, Number)
    assert isinstance(less, Number)
    assert isinstance(left, Count)
    shown = [f"{n.value:.{n.decimals}f}" for n in (more, less)]
    assert len({len(text) for text in shown}) == 1
    assert sum(c.isdigit() for c in shown[0]) == 7
    differ = abs(int(shown[0].replace(".", "")) - int(shown[1].replace(".", "")))
    assert len(str(differ)) == left.value == 3
