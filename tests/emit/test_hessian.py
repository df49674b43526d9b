"""The interface of `hessian_vector_product`: what it takes, keeps and refuses, and how many products it makes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from tests.emit.emitted import HEAD, body_of, draw, load, text_of
from tests.shared import build_of


def with_product(name: str) -> str:
    return build_of(name, hvp=True).module[0]


def product_from(signature: str, *lines: str) -> str:
    body = "".join(f"    {line}\n" for line in lines)
    derivation = derive(read_network(f"{HEAD}g = function('g')\n@network\ndef f({signature}):\n{body}"))
    return write_module(lower(derivation, differentiate_along(derivation)))[0]


def vector_like(parameters: dict[str, Any], seed: int = 1) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {n: np.asarray(rng.normal(size=np.shape(p)), np.asarray(p).dtype) for n, p in parameters.items()}


@pytest.mark.parametrize("name", ["sigmoid_softmax", "attention_head", "conv_layer", "linear_2_2_2"])
def test_nothing_else_of_the_module_changes(name: str) -> None:
    lines = iter(with_product(name).splitlines())
    assert all(line in lines for line in text_of(name).splitlines())  # in this order, with lines between


def test_out_and_work_are_used_again_and_work_is_shared() -> None:
    module = load(with_product("sigmoid_softmax"))
    data, parameters = draw(module)
    vector = vector_like(parameters)
    before = [np.copy(a) for a in (*data, *parameters.values(), *vector.values())]
    fresh = module.hessian_vector_product(*data, vector, **parameters)
    out: dict[str, Any] = {}
    work: dict[str, Any] = {}
    for _ in range(2):
        module.loss_and_gradients(*data, **parameters, work=work)
        assert module.hessian_vector_product(*data, vector, **parameters, out=out, work=work) is out
        for n in module.PARAMETERS:
            np.testing.assert_array_equal(out[n], fresh[n])
    assert len(work) == 4
    for a, b in zip(before, (*data, *parameters.values(), *vector.values()), strict=True):
        np.testing.assert_array_equal(a, b)


def test_the_parameters_dtype_is_that_of_the_result() -> None:
    module = load(with_product("two_layer_net"))
    data, parameters = draw(module, np.float32)
    vector = {n: np.asarray(v, np.float64) for n, v in vector_like(parameters).items()}
    found = module.hessian_vector_product(*data, vector, **parameters)
    assert {(g.dtype, g.shape) for g in found.values()} == {
        (np.dtype(np.float32), p.shape) for p in parameters.values()
    }


REFUSED = [
    ({"b1": None}, r"vector has no entry 'b1', expected \('W1', 'b1', 'W2', 'b2'\)"),
    ({"c": np.zeros(2)}, "vector has an entry 'c'"),
    ({"W2": np.zeros((4, 2))}, r"vector\['W2'\] has shape \(4, 2\), expected \(2, 4\)"),
    ({"b2": 1.0}, r"vector\['b2'\] has shape \(\), expected \(4,\)"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_a_vector_that_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    module = load(with_product("sigmoid_softmax"))
    data, parameters = draw(module)
    vector = {n: v for n, v in (vector_like(parameters) | change).items() if v is not None}
    with pytest.raises(ValueError, match=message):
        module.hessian_vector_product(*data, vector, **parameters)


def test_a_vector_that_is_no_dictionary_is_refused() -> None:
    module = load(with_product("sigmoid_softmax"))
    data, parameters = draw(module)
    with pytest.raises(ValueError, match="vector is of type list, expected a dictionary"):
        module.hessian_vector_product(*data, list(parameters.values()), **parameters)


def test_the_product_is_not_written_over_its_vector() -> None:
    module = load(with_product("sigmoid_softmax"))
    data, parameters = draw(module)
    vector = vector_like(parameters)
    with pytest.raises(ValueError, match=r"out\['W1'\] is where vector\['W1'\] is"):
        module.hessian_vector_product(*data, vector, **parameters, out=vector)


def test_lists_of_arrays_are_named_by_their_place() -> None:
    module = load(with_product("mlp"))
    W, b = [np.ones((3, 4)), np.ones((4, 2))], [np.ones(4), np.ones(2)]
    data = np.ones((5, 3)), np.ones((5, 2))
    found = module.hessian_vector_product(*data, {"W": W, "b": b}, W=W, b=b)
    assert [[a.shape for a in found[n]] for n in ("W", "b")] == [[(3, 4), (4, 2)], [(4,), (2,)]]
    with pytest.raises(ValueError, match=r"vector\['W'\] has 1 arrays, expected 2"):
        module.hessian_vector_product(*data, {"W": W[:1], "b": b}, W=W, b=b)
    with pytest.raises(ValueError, match=r"vector\['b'\]\[1\] has shape \(4,\), expected \(2,\)"):
        module.hessian_vector_product(*data, {"W": W, "b": [b[0], b[0]]}, W=W, b=b)


def test_unknown_functions_are_asked_for_where_they_are_needed() -> None:
    module = load(product_from("x: Data[N], w: Param", "return sum(g(w * x))"))
    assert module.FUNCTIONS == ("g", "g_d1", "g_d11")
    assert inspect.signature(module.loss_and_gradients).parameters["g_d11"].default is None
    x, w, v = np.array([1.0, 2.0]), 0.5, 3.0
    functions = {"g": np.sin, "g_d1": np.cos, "g_d11": lambda u: -np.sin(u)}
    found = module.hessian_vector_product(x, {"w": v}, w=w, **functions)
    assert found["w"] == pytest.approx(-(x**2 * np.sin(w * x)).sum() * v)


def test_names_of_the_network_keep_theirs() -> None:
    module = load(product_from("vector: Data[N], w: Param[N], w_dot: Data[N]", "return sum((vector * w + w_dot) ** 4)"))
    x, w, c, v = (np.random.default_rng(k).normal(size=3) for k in range(4))
    found = module.hessian_vector_product(x, c, {"w": v}, w=w)
    np.testing.assert_allclose(found["w"], 12 * (x * w + c) ** 2 * x**2 * v)


# Matrix products of H v: each one of the forward pass twice more or so, and none that the product does not need.
PRODUCTS = [("sigmoid_softmax", 11), ("two_layer_net", 11), ("attention_head", 33)]


@pytest.mark.parametrize(("name", "most"), PRODUCTS)
def test_products_are_not_made_twice(name: str, most: int) -> None:
    lines = body_of(with_product(name), "hessian_vector_product").splitlines()
    assert sum("np.matmul(" in line and "ones" not in line for line in lines) <= most
