"""What the passes for speed write: fewer passes over arrays, the same values as PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from tests.autograd.modules import built_in_module, module_from
from tests.benchmarks import layers
from tests.benchmarks.layers import GPT2
from tests.shared import build_of

HEAD = "from symbp import Data, Param, dims, network\n\nD, E, T = dims('D E T')\n\n\n@network\n"


def gradients(text: str, *data: np.ndarray, **parameters: np.ndarray):  # type: ignore[no-untyped-def]
    """The loss and the gradients of a network given as text."""
    made = module_from(HEAD + text, "net")
    return made.loss_and_gradients(*data, **parameters, out={}, work={})


def test_rows_in_a_loop_are_summed_by_products() -> None:
    made = build_of(f"{GPT2}:gpt2").module[0]
    text = made[made.index("def loss_and_gradients") : made.index("def sgd_step")]
    loop = text[text.index("for l in range(L)") : text.index("[25]")]
    assert "np.matmul(x_before, ones" in loop
    assert "np.vecdot(u_v_shifted, u_v_shifted" in loop  # and no array of squares
    assert ".sum(axis=" not in loop


def test_a_loop_of_blocks_to_pytorch() -> None:
    sizes, rng = {"B": 2, "T": 3, "L": 2, "H": 2, "E": 3, "V": 7}, np.random.default_rng(4)
    made = built_in_module(f"{GPT2}:gpt2")
    scope = sizes | {"C": 6}
    shapes = {n: tuple(eval(str(e), {}, scope) for e in shape) for n, shape in made.SHAPES.items()}
    words = {n: rng.integers(7, size=shapes.pop(n)) for n in ("tokens", "targets")}
    parameters = {n: rng.normal(size=shape) for n, shape in shapes.items()}
    theirs = {n: torch.from_numpy(p).requires_grad_() for n, p in parameters.items()}
    right = layers.gpt2(**{n: torch.from_numpy(w) for n, w in words.items()}, **theirs)
    right.backward()
    out: dict[str, np.ndarray] = {}
    work: dict[str, object] = {}
    for _ in range(2):
        loss, _ = made.loss_and_gradients(*words.values(), **parameters, out=out, work=work)
        assert loss == pytest.approx(float(right.detach()), rel=1e-12)
        for name, p in theirs.items():
            np.testing.assert_allclose(out[name], p.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_a_factor_of_all_products_of_an_array_is_taken_into_it_once() -> None:
    made = build_of("attention_head").module[0]
    text = made[made.index("def loss_and_gradients") : made.index("def sgd_step")]
    assert text.count("1 / E ** 0.5") == 2  # of the queries, and of their gradient
    assert "S *=" not in text


DIFFERENT = '''def net(x: Data[T, D], q: Param[D, E], k: Param[D, E]):
    """Two products of the queries, followed by different numbers."""
    a = x @ q
    s = a @ (x @ k).T / sqrt(E)
    r = a @ k.T * 3
    return sum(tanh(s)) + sum(tanh(r))
'''


def test_different_factors_stay_where_they_are() -> None:
    rng = np.random.default_rng(1)
    x, q, k = rng.normal(size=(4, 3)), rng.normal(size=(3, 2)), rng.normal(size=(3, 2))
    loss, found = gradients(DIFFERENT, x, q=q, k=k)
    tx, tq, tk = torch.from_numpy(x), *(torch.from_numpy(p).requires_grad_() for p in (q, k))
    theirs = torch.tanh(tx @ tq @ (tx @ tk).T / 2**0.5).sum() + torch.tanh(tx @ tq @ tk.T * 3).sum()
    theirs.backward()
    assert loss == pytest.approx(float(theirs.detach()), rel=1e-12)
    for name, p in (("q", tq), ("k", tk)):
        np.testing.assert_allclose(found[name], p.grad.numpy(), rtol=1e-11, atol=1e-13)


CENTRED = """def net(y: Data[T, 2], z: Param[T, 2]):
    a = z - mean(z, axis=1, keepdims=True)
    return sum((tanh(a) - y) ** 2)
"""


def test_the_ones_that_rows_are_summed_by_are_kept_as_they_are() -> None:
    """A mean of two is half of a sum both forward and backward: the half is not taken into what the next call needs."""
    rng = np.random.default_rng(1)
    y, z = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    tz = torch.from_numpy(z).requires_grad_()
    ((torch.tanh(tz - tz.mean(1, keepdim=True)) - torch.from_numpy(y)) ** 2).sum().backward()
    made, work = module_from(HEAD + CENTRED, "net"), {}
    for _ in range(3):
        _, found = made.loss_and_gradients(y, z=z, work=work)
        np.testing.assert_allclose(found["z"], tz.grad.numpy(), rtol=1e-11)


def test_what_is_cheap_is_made_again_and_not_kept() -> None:
    made = build_of("deep_mlp").module[0]
    text = made[made.index("def loss_and_gradients") : made.index("def sgd_step")]
    assert text.count("np.add(1, a3_exp") == 2
    scratch = made[made.index("def _scratch(") :]
    assert scratch.count("((N, H), dtype, ") <= 2 * 8 + 2  # two for each layer, and not three


def test_a_step_takes_gradients_that_are_parameters_as_they_were() -> None:
    made = built_in_module("two_layer_net")
    rng = np.random.default_rng(5)
    a, b, c = (rng.normal(size=(3, 3)) for _ in range(3))
    for gradients in ({"W1": b, "W2": a}, {"W1": c, "W2": c[::-1]}, {"W1": b.astype(np.float32), "W2": c}):
        parameters = {"W1": a.copy(), "W2": b.copy()}
        before = {n: p.copy() for n, p in parameters.items()}
        given = {n: next((parameters[m] for m, p in (("W1", a), ("W2", b)) if g is p), g) for n, g in gradients.items()}
        expected = {n: before[n] - 0.1 * gradients[n] for n in before}
        made.sgd_step(parameters, given, 0.1)
        for n, p in parameters.items():
            np.testing.assert_array_equal(p, expected[n])


@pytest.mark.parametrize("rows", [128, 100, 1000, 4096])
@pytest.mark.parametrize("turned", [False, True])
def test_a_product_by_blocks_of_rows_is_the_product(rows: int, turned: bool) -> None:
    product = built_in_module("attention_head")._product
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(3, rows, 100)), rng.normal(size=(3, 100, 120))
    left = np.ascontiguousarray(a.transpose(0, 2, 1)).transpose(0, 2, 1) if turned else a
    for right in (b, b[0]):
        out = np.full((3, rows, 120), np.nan)
        assert product(left, right, out) is out
        np.testing.assert_allclose(out, np.matmul(a, right), rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("kernel", [(1, 1), (1, 3), (2, 2), (3, 1), (4, 5)])
def test_a_convolution_whose_kernel_may_be_smaller_than_its_stride(kernel: tuple[int, int]) -> None:
    made, rng = built_in_module("conv_layer"), np.random.default_rng(3)
    x, w, b = rng.normal(size=(2, 3, 9, 8)), rng.normal(size=(4, 3, *kernel)), rng.normal(size=4)
    theirs = [torch.from_numpy(a).requires_grad_() for a in (x, w, b)]
    y = F.conv2d(*theirs, stride=2, padding=1)
    cotangent = rng.normal(size=tuple(y.shape))
    (y * torch.from_numpy(cotangent)).sum().backward()
    out: dict[str, np.ndarray] = {}
    work: dict[str, object] = {}
    for _ in range(2):  # what the first call leaves in the scratch arrays does not show in the second
        made.loss_and_gradients(cotangent, x=x, w=w, b=b, out=out, work=work)
        for name, p in zip("xwb", theirs, strict=True):
            np.testing.assert_allclose(out[name], p.grad.numpy(), rtol=1e-11, atol=1e-12)
