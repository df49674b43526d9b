"""What NumPy would take without a word is refused by name, or means what it says: data, memory, `work`, steps."""

from __future__ import annotations

import copy
import types
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from symbp import networks
from tests.autograd.modules import built_in_module
from tests.emit.emitted import draw, load, text_from, text_of
from tests.emit.test_hessian import vector_like, with_product

Change = Callable[[np.ndarray], Any]


def call(name: str = "sigmoid_softmax", change: dict[str, Any] | None = None, **options: Any) -> Any:
    """The loss and the gradients where some inputs are others."""
    module = load(text_of(name))
    data, parameters = draw(module)
    given = dict(zip(module.DATA, data, strict=True)) | parameters | (change or {})
    return module.loss_and_gradients(*[given.pop(n) for n in module.DATA], **given, **options)


def drawn(name: str) -> Any:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    return (dict(zip(module.DATA, data, strict=True)) | parameters)[name]


NO_NUMBERS: dict[str, tuple[Change, str]] = {
    "masked": (lambda a: np.ma.array(a, mask=a > 0), "is a masked array"),
    "masked, no mask": (np.ma.array, "is a masked array"),
    "rows masked": (lambda a: [np.ma.array(r, mask=r > 0) for r in a], "is a masked array"),
    "complex": (lambda a: a + 0j, "has dtype complex128"),
    "dates": (lambda a: a.astype("M8[s]"), "has dtype datetime64[s]"),
    "spans": (lambda a: a.astype("m8[s]"), "has dtype timedelta64[s]"),
    "digits": (lambda a: a.astype(str), "has dtype <U32"),
    "bytes": (lambda a: a.astype("S"), "has dtype |S32"),
    "lists of digits": (lambda a: [["1"] * a.shape[1]] * a.shape[0], "has dtype <U1"),
    "objects": (lambda a: a.astype(object), "has dtype object"),
    "fractions": (lambda a: [[Fraction(1, 3)] * a.shape[1]] * a.shape[0], "has dtype object"),
    "records": (lambda a: a.view([("f", "f8")]), "has dtype [('f', '<f8')]"),
    "nothing": (lambda a: None, "has dtype object"),
    "ragged": (lambda a: [[1.0, 2.0], [3.0]], "is no array of numbers"),
}


@pytest.mark.parametrize("name", ["x", "W1"])
@pytest.mark.parametrize("case", NO_NUMBERS)
def test_what_is_no_array_of_numbers_is_refused_by_name(case: str, name: str) -> None:
    change, message = NO_NUMBERS[case]
    with pytest.raises(ValueError, match=f"^{name} ") as caught:
        call(change={name: change(drawn(name))})
    assert message in str(caught.value)


NUMBERS: dict[str, Change] = {
    "big-endian": lambda a: a.astype(">f8"),
    "long doubles": lambda a: a.astype(np.longdouble),
    "lists": lambda a: a.tolist(),
    "columns first": np.asfortranarray,
    "read-only": lambda a: np.broadcast_to(a, a.shape),
    "bytes off": lambda a: np.frombuffer(b"_" + a.tobytes(), np.uint8)[1:].view(float).reshape(a.shape),
}


@pytest.mark.parametrize("case", NUMBERS)
def test_other_numbers_are_converted(case: str) -> None:
    expected, gradients = call()
    loss, found = call(change={"x": NUMBERS[case](drawn("x"))})
    assert loss == pytest.approx(expected, rel=1e-15)
    np.testing.assert_allclose(found["W1"], gradients["W1"], rtol=1e-14)


@pytest.mark.parametrize("dtype", ["f2", ">f2", "?", "i1", ">i4", "u8"])
def test_data_mean_their_values(dtype: str) -> None:
    x = (drawn("x") * 3).astype(dtype)
    loss, gradients = call(change={"x": x})
    expected, right = call(change={"x": x.tolist()})
    assert loss == expected
    np.testing.assert_array_equal(gradients["W1"], right["W1"])


@pytest.mark.parametrize("dtype", ["f2", ">f8", ">f4", "?", "i8", "g"])
def test_parameters_are_float32_or_float64(dtype: str) -> None:
    with pytest.raises(ValueError, match=r"^W1 has dtype .*, expected float32 or float64"):
        call(change={"W1": drawn("W1").astype(dtype)})


def test_what_float32_cannot_hold_is_refused() -> None:
    module = load(text_from("x: Data[N], w: Param[N]", "return sum(x * w)"))
    w = np.ones(2, np.float32)
    assert module.loss(np.array([1e38, -1e-300]), w=w) == pytest.approx(1e38)
    with (
        np.errstate(all="raise"),
        pytest.raises(ValueError, match="x has dtype float64 and entries too large for float3"),
    ):
        module.loss(np.array([1.0, 1e39]), w=w)
    assert module.loss(np.array([1.0, np.inf]), w=w) == np.inf


SCALARS = {"digits": "3", "complex": 1j, "a mask": np.ma.masked, "nothing": None, "a date": np.datetime64("2020")}


@pytest.mark.parametrize("name", ["x1", "w1"])
@pytest.mark.parametrize("case", SCALARS)
def test_scalars_are_numbers(case: str, name: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} (has dtype|is a masked array)"):
        call("linear_2_2_2", {name: SCALARS[case]})


LABELS: dict[str, tuple[Change, str]] = {
    "floats": (lambda t: t * 1.0, "t has dtype float64, expected integers"),
    "nan": (lambda t: t * np.nan, "t has dtype float64, expected integers"),
    "truth values": (lambda t: t > 1, "t has dtype bool, expected integers"),
    "masked": (lambda t: np.ma.array(t, mask=t > 1), "t is a masked array"),
    "digits": (lambda t: t.astype(str), "t has dtype <U21, expected integers"),
    "objects": (lambda t: t.astype(object), "t has dtype object, expected integers"),
    "too large": (
        lambda t: t.astype("u8") + 2**63,
        "t[0] is -9223372036854775807, expected a label from 0 to K - 1 = 3",
    ),
}


def labelled() -> Any:
    head = "from symbp import Data, Labels, Param, dims, network\nN, K = dims('N K')\n@network\n"
    body = "def f(z: Param[N, K], t: Labels[N, K]):\n    return -sum(z[n, t[n]] ** 2 for n in N)\n"
    return load(text_from_file(head + body))


def text_from_file(text: str) -> str:
    from symbp.calculus.derive import derive
    from symbp.emit.write import write_module
    from symbp.lowering.lower import lower
    from symbp.notation.read import read_network

    return write_module(lower(derive(read_network(text))))[0]


@pytest.mark.parametrize("case", LABELS)
def test_labels_are_integers(case: str) -> None:
    change, message = LABELS[case]
    with pytest.raises(ValueError, match=r"^t") as caught:
        labelled().loss_and_gradients(change(np.array([1, 3, 0])), z=np.ones((3, 4)))
    assert message in str(caught.value)


@pytest.mark.parametrize("dtype", ["u1", ">i2", "i8", "u8"])
def test_labels_of_any_integers(dtype: str) -> None:
    z = np.arange(12.0).reshape(3, 4)
    loss, gradients = labelled().loss_and_gradients(np.array([1, 3, 0], dtype), z=z)
    assert loss == -(1 + 49 + 64)
    assert gradients["z"].tolist() == [[0, -2, 0, 0], [0, 0, 0, -14], [-16, 0, 0, 0]]


def locked(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


OUTS: dict[str, tuple[Callable[[], Any], str]] = {
    "broadcast": (lambda: np.broadcast_to(np.zeros(2), (5, 2)), "out['W1'] is read-only"),
    "no strides": (lambda: as_strided(np.zeros(2), (5, 2), (0, 8)), "out['W1'] has strides (0, 8): several of its"),
    "windows": (lambda: as_strided(np.zeros(6), (5, 2), (8, 8)), "out['W1'] has strides (8, 8): several of its"),
    "read-only": (lambda: locked(np.zeros((5, 2))), "out['W1'] is read-only"),
    "masked": (lambda: np.ma.zeros((5, 2)), "out['W1'] is of type MaskedArray, expected an array of NumPy's own"),
    "big-endian": (lambda: np.zeros((5, 2), ">f8"), "out['W1'] has shape (5, 2) and dtype >f8"),
    "lists": (lambda: [[0.0] * 2] * 5, "out['W1'] has shape (5, 2) and dtype list"),
}


@pytest.mark.parametrize("case", OUTS)
def test_an_out_that_cannot_take_a_gradient(case: str) -> None:
    make, message = OUTS[case]
    out = {"W1": make(), "b2": np.full(4, 7.0)}
    with pytest.raises(ValueError, match=r"^out") as caught:
        call(out=out)
    assert message in str(caught.value)
    assert (out["b2"] == 7).all()
    with pytest.raises(ValueError, match="out is of type list, expected a dictionary"):
        call(out=[make()])


def strided(array: np.ndarray) -> np.ndarray:
    """An array of that shape whose entries lie apart and in another order."""
    return np.full((2, *array.shape[::-1]), np.nan, array.dtype)[0, ...].T


UNKNOWN = ("two_paths", "generic_neuron", "threshold_layers")  # functions to be given, and lists of any length


@pytest.mark.parametrize("name", [n for n in networks.names() if n not in UNKNOWN])
def test_gradients_may_lie_in_any_order_of_memory(name: str) -> None:
    if name == "mlp":
        module, data = load(text_of("mlp")), (np.ones((5, 3)), np.ones((5, 2)))
        parameters: dict[str, Any] = {"W": [np.ones((3, 4)), np.ones((4, 2))], "b": [np.ones(4), np.ones(2)]}
    else:
        module = built_in_module(name)
        data, parameters = fitting(module)
    _, right = module.loss_and_gradients(*data, **parameters)
    out = {n: [strided(a) for a in g] if isinstance(g, list) else strided(g) for n, g in right.items()}
    module.loss_and_gradients(*data, **parameters, out=out, work={})
    for n, g in right.items():
        for a, b in zip(g, out[n], strict=True) if isinstance(g, list) else [(g, out[n])]:
            np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-12)


def fitting(module: types.ModuleType) -> tuple[list[Any], dict[str, Any]]:
    """Inputs of sizes that any built-in network takes."""
    rng, values = np.random.default_rng(5), {}
    sizes = {e: 10 if e in ("I", "J") else 2 for s in module.SHAPES.values() for e in s if isinstance(e, str)}
    for n, s in module.SHAPES.items():
        shape = tuple(e if isinstance(e, int) else eval(e, dict(sizes)) for e in s)
        values[n] = rng.integers(2, size=shape) if n in module.LABELS else rng.uniform(0.2, 1, size=shape)
        if n in ("y", "t", "y1", "y2") and n not in module.LABELS and shape and module.FACTS:
            values[n] = values[n] / values[n].sum(axis=-1, keepdims=True)
    return [values[n] for n in module.DATA], {n: values[n] for n in module.PARAMETERS}


def test_erf_is_written_where_it_belongs() -> None:
    module = load(text_from("x: Data[N, D], w: Param[N, D]", "return sum(w * erf(x))"))
    x, out = np.random.default_rng(0).normal(size=(3, 5)), {"w": np.zeros((5, 3)).T}
    _, fresh = module.loss_and_gradients(x, w=x)
    np.testing.assert_array_equal(module.loss_and_gradients(x, w=x, out=out)[1]["w"], fresh["w"])


def test_what_lies_in_work_is_refused() -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    given = dict(zip(module.DATA, data, strict=True)) | parameters
    work: dict[str, Any] = {}
    expected, _ = module.loss_and_gradients(*data, **parameters, work=work)
    count = 0
    for kept in [a for a in work["arrays"] if a.dtype == float and a.flags.writeable]:
        for name in [n for n, a in given.items() if a.size <= kept.size]:
            inside = kept.ravel()[: given[name].size].reshape(given[name].shape)
            inside[...] = given[name]
            changed = given | {name: inside}
            with pytest.raises(ValueError, match=f"^{name} shares memory with an array that work keeps"):
                module.loss_and_gradients(*[changed.pop(n) for n in module.DATA], **changed, work=work)
            count += 1
            if name in parameters:
                with pytest.raises(ValueError, match=rf"^out\['{name}'\] shares memory with an array that work keeps"):
                    module.loss_and_gradients(*data, **parameters, out={name: inside}, work=work)
    assert count > 10
    assert module.loss_and_gradients(*data, **parameters, work=work)[0] == expected


def test_a_list_in_work_is_looked_into() -> None:
    module = load(text_of("mlp"))
    W, b = [np.ones((3, 4)), np.ones((4, 2))], [np.ones(4), np.ones(2)]
    x, y, work = np.ones((5, 3)), np.ones((5, 2)), {}
    module.loss_and_gradients(x, y, W=W, b=b, work=work)
    inside = work["arrays"][0][0].ravel()[:15].reshape(5, 3)
    with pytest.raises(ValueError, match=r"^x shares memory with an array that work keeps"):
        module.loss_and_gradients(inside, y, W=W, b=b, work=work)
    work["arrays"][0][0] = work["arrays"][0][0].astype(np.float32)
    with pytest.raises(ValueError, match=r"work\['arrays'\] has been changed"):
        module.loss_and_gradients(x, y, W=W, b=b, work=work)


def filled(text: str) -> dict[str, Any]:
    module, work = load(text), {}
    data, parameters = draw(module)
    module.loss_and_gradients(*data, **parameters, work=work)
    return work


def single(work: dict[str, Any]) -> dict[str, Any]:
    return work | {"arrays": tuple(a.astype(np.float32) for a in work["arrays"])}


WORKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another network's": lambda w: filled(text_of("two_layer_net")),
    "another module's of the same network": lambda w: filled(text_of("sigmoid_softmax")),
    "another dtype": single,
    "an entry too many": lambda w: w | {"mine": np.zeros(3)},
    "an entry too few": lambda w: {"arrays": w["arrays"]},
    "other sizes": lambda w: w | {"for": ("arrays", np.dtype(float), 30, 5, 2, 4)},
    "a deep copy": copy.deepcopy,
    "one's own": lambda w: {"z1": np.zeros((3, 2))},
    "no arrays": lambda w: {"arrays": (), "for": ()},
    "a list": lambda w: [],
    "an array": lambda w: np.zeros(3),
    "a word": lambda w: "",
}


@pytest.mark.parametrize("case", WORKS)
def test_a_work_of_others_is_refused(case: str) -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    work: dict[str, Any] = {}
    module.loss_and_gradients(*data, **parameters, work=work)
    with pytest.raises(ValueError, match=r"^work "):
        module.loss_and_gradients(*data, **parameters, work=WORKS[case](work))


def test_a_work_that_is_out_is_refused() -> None:
    both: dict[str, Any] = {}
    with pytest.raises(ValueError, match=r"^work is out too"):
        call(out=both, work=both)
    assert both == {}


def test_no_scalar_is_written_over() -> None:
    module = load(text_of("linear_2_2_2"))
    data, parameters = draw(module)
    before = {n: float(p) for n, p in parameters.items()}
    with pytest.raises(ValueError, match=r"^out\['w1'\] shares memory with w1,"):
        module.loss_and_gradients(*data, **parameters, out=dict(parameters))
    with pytest.raises(ValueError, match=r"^out\['w2'\] shares memory with y1,"):
        module.loss_and_gradients(*data, **parameters, out={"w2": data[2]})
    assert parameters == before


def test_memory_that_no_array_owns_is_looked_at() -> None:
    module = load(text_from("x: Data[N, D], w: Param[N, D]", "return sum(w * x)"))
    buffer, w = bytearray(8 * 29), np.ones((3, 5))
    x, near = np.frombuffer(buffer, float, 15).reshape(3, 5), np.frombuffer(buffer, float, 15, 8 * 14).reshape(3, 5)
    with pytest.raises(ValueError, match=r"^out\['w'\] shares memory with x,"):
        module.loss_and_gradients(x, w=w, out={"w": near})
    series = np.arange(8.0)
    windows = np.lib.stride_tricks.sliding_window_view(series, 5)[:3]
    assert module.loss_and_gradients(windows, w=w, work={})[0] == 45
    flat = np.zeros(40)
    with pytest.raises(ValueError, match=r"^out\['w'\] shares memory with x,"):
        module.loss_and_gradients(as_strided(flat[1:], (3, 5), (40, 8)), w=w, out={"w": flat[:15].reshape(3, 5)})


def test_a_vector_is_looked_at_like_data() -> None:
    module = load(with_product("sigmoid_softmax"))
    data, parameters = draw(module)
    vector, work = vector_like(parameters), {}
    module.hessian_vector_product(*data, vector, **parameters, work=work)
    for change, message in ((np.ma.array, "is a masked array"), (lambda a: a.astype(str), "has dtype <U32")):
        with pytest.raises(ValueError, match=rf"^vector\['W1'\] {message}"):
            module.hessian_vector_product(*data, vector | {"W1": change(vector["W1"])}, **parameters)
    kept = next(a for a in work["hessian arrays"] if a.size >= 10 and a.dtype == float)
    inside = kept.ravel()[:10].reshape(5, 2)
    with pytest.raises(ValueError, match=r"^vector\['W1'\] shares memory with an array that work keeps"):
        module.hessian_vector_product(*data, vector | {"W1": inside}, **parameters, work=work)


# A step is taken by all parameters or by none.

Dictionary = dict[str, Any]
STEPS: dict[str, tuple[Callable[[Dictionary, Dictionary], Any], str]] = {
    "read-only": (lambda p, g: locked(p["b2"]), "b2 is read-only"),
    "integers": (lambda p, g: p.update(b2=np.ones(4, int)), "b2 is of type int64, expected an array of floats"),
    "an integer": (lambda p, g: p.update(b2=3), "b2 is of type int, expected an array of floats"),
    "a list": (lambda p, g: p.update(b2=[1.0] * 4), "b2 is of type list, expected an array of floats"),
    "masked": (lambda p, g: p.update(b2=np.ma.zeros(4)), "b2 is a masked array"),
    "no strides": (lambda p, g: p.update(b2=as_strided(np.zeros(1), (4,), (0,))), "b2 has strides (0,)"),
    "no parameter": (lambda p, g: p.pop("b2"), "gradients has an entry 'b2', and parameters has none"),
    "another shape": (lambda p, g: g.update(b2=np.ones(3)), "the gradient of b2 has shape (3,), and b2 (4,)"),
    "a shape that spreads": (lambda p, g: g.update(b2=np.ones(1)), "the gradient of b2 has shape (1,), and b2 (4,)"),
    "complex": (lambda p, g: g.update(b2=np.ones(4) * 1j), "the gradient of b2 has dtype complex128"),
    "masked gradient": (lambda p, g: g.update(b2=np.ma.ones(4)), "the gradient of b2 is a masked array"),
    "digits": (lambda p, g: g.update(b2=["1"] * 4), "the gradient of b2 has dtype <U1"),
    "nothing": (lambda p, g: g.update(b2=None), "the gradient of b2 has dtype object"),
}


@pytest.mark.parametrize("case", STEPS)
def test_a_step_that_cannot_be_taken_changes_nothing(case: str) -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    _, gradients = module.loss_and_gradients(*data, **parameters)
    change, message = STEPS[case]
    change(parameters, gradients)
    before = copy.deepcopy(parameters)
    with pytest.raises(ValueError, match=r"^") as caught:
        module.sgd_step(parameters, gradients, 0.1)
    assert str(caught.value).startswith(message)
    for n, p in parameters.items():
        np.testing.assert_array_equal(p, before[n])


@pytest.mark.parametrize("rate", ["0.1", np.nan, np.inf, None, 1j, np.ones(1), np.ma.masked, 10**400])
def test_the_learning_rate_is_a_finite_number(rate: Any) -> None:
    module = load(text_of("sigmoid_softmax"))
    w = np.ones(2)
    with pytest.raises(ValueError, match=r"^learning_rate "):
        module.sgd_step({"w": w}, {"w": w.copy()}, rate)
    assert w.tolist() == [1, 1]


def test_all_steps_are_of_the_old_values() -> None:
    module = load(text_of("sigmoid_softmax"))
    flat = np.arange(6.0)
    module.sgd_step({"a": flat[:2], "b": flat[2:4]}, {"a": flat[1:3], "b": flat[:2]}, 1)
    assert flat.tolist() == [-1, -1, 2, 2, 4, 5]
    tied = np.ones(3)
    module.sgd_step({"a": tied, "b": tied}, {"a": np.ones(3), "b": np.ones(3)}, 0.25)
    assert tied.tolist() == [0.5] * 3
    for wrong in ([flat], None):
        with pytest.raises(ValueError, match="gradients is of type"):
            module.sgd_step({"a": flat}, wrong, 1)


def test_no_step_stops_halfway() -> None:
    module = load(text_of("sigmoid_softmax"))
    parameters = {"a": np.full(2, 1e308), "b": np.ones(2)}
    with np.errstate(all="raise"):
        with pytest.raises(FloatingPointError):
            module.sgd_step(parameters, {"b": np.ones(2), "a": np.full(2, -1e308)}, 10)
        assert parameters["b"].tolist() == [1, 1]
        module.sgd_step(parameters, {"a": np.full(2, -1e308), "b": np.ones(2)}, 1)
    assert [p.tolist() for p in parameters.values()] == [[np.inf] * 2, [0, 0]]


def test_steps_of_lists_of_floats_and_of_arrays() -> None:
    module = load(text_of("mlp"))
    W = (np.ones((2, 3)), np.ones((3, 1)))
    gradients = {"W": [np.ones((2, 3)), np.full((3, 1), 2.0)]}
    module.sgd_step({"W": W}, gradients, 0.5)
    assert (W[0].tolist(), W[1].tolist()) == ([[0.5] * 3] * 2, [[0.0]] * 3)
    floats = {"W": [1.0, np.float32(1)]}
    module.sgd_step(floats, {"W": [np.array(1.0), np.array(2.0)]}, 0.25)
    assert floats == {"W": [0.75, 0.5]}
    locked(W[1])
    for given, message in (({"W": W}, r"W\[1\] is read-only"), ({"W": W[:1]}, "W has 1 arrays and its gradient 2")):
        with pytest.raises(ValueError, match=message):
            module.sgd_step(given, gradients, 0.5)
    assert (W[0] == 0.5).all()


def test_frozen_parameters_change_nothing() -> None:
    module = load(text_of("linear_2_2_2"))
    held = {"w1": np.ones(()), "w2": 1.0}
    with pytest.raises(ValueError, match="w2 is of type float, expected an array"):
        module.sgd_step(types.MappingProxyType(held), {"w1": 1.0, "w2": 1.0}, 0.5)
    assert held["w1"] == 1


def test_the_smaller_of_a_number_and_nought_is_a_float() -> None:
    """Python's `min` gives the integer 0 of 1.5 and 0, and of that and a mask NumPy makes an array of integers."""
    apart = "where(y > 0, log(sigmoid(exp(g) - z) - sigmoid(-z)), z * y)"
    module = load(text_from("y: Data[N], z: Param[N], g: Param", f"return -sum({apart})"))
    y, z = np.array([1.0, -1.0, 1.0]), np.array([0.5, 1.0, -0.25])
    for g in (-1.5, 1.5):
        assert module.loss(y, z=z, g=g) == pytest.approx(module.loss_and_gradients(y, z=z, g=g)[0], rel=1e-14)
