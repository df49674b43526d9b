"""The module's interface: what it takes, gives, keeps and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.emit.emitted import draw, load, text_from, text_of

ISSUE_2 = [
    *("linear_2_2_2", "affine_pair", "linear_perceptron", "neuron_chain", "dense_layers", "threshold_mlp"),
    *("sigmoid_softmax", "sigmoid_softmax_l2", "binary_logistic", "two_layer_net", "two_layer_net_delta"),
    *("deep_mlp", "multi_loss", "tied_autoencoder"),
]


@pytest.mark.parametrize("name", ISSUE_2)
def test_out_and_work_change_nothing(name: str) -> None:
    module = load(text_of(name))
    data, parameters = draw(module)
    before = [np.copy(a) for a in (*data, *parameters.values())]
    loss, fresh = module.loss_and_gradients(*data, **parameters)
    out: dict[str, Any] = {}
    work: dict[str, Any] = {}
    for _ in range(3):
        again, gradients = module.loss_and_gradients(*data, **parameters, out=out, work=work)
        assert gradients is out
        assert again == loss == pytest.approx(module.loss(*data, **parameters), rel=1e-14)
        for n in module.PARAMETERS:
            np.testing.assert_array_equal(out[n], fresh[n])
    for a, b in zip(before, (*data, *parameters.values()), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ISSUE_2)
def test_float32_gives_float32(name: str) -> None:
    module = load(text_of(name))
    data, parameters = draw(module)
    loss, gradients = module.loss_and_gradients(*data, **parameters)
    single = {n: np.asarray(p, np.float32) for n, p in parameters.items()}
    other, less = module.loss_and_gradients(*data, **single)
    assert isinstance(other, float)
    assert other == pytest.approx(loss, rel=1e-4)
    for n, g in less.items():
        assert (g.dtype, g.shape) == (np.float32, np.shape(parameters[n])), n
        np.testing.assert_allclose(g, gradients[n], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", ["sigmoid_softmax", "tied_autoencoder", "two_layer_net"])
def test_work_follows_sizes_and_dtype(name: str) -> None:
    module = load(text_of(name))
    work: dict[str, Any] = {}
    data, parameters = draw(module)
    module.loss_and_gradients(*data, **parameters, work=work)
    half = [a[:2] for a in data]
    expected = module.loss_and_gradients(*half, **parameters)
    found = module.loss_and_gradients(*half, **parameters, work=work)
    assert found[0] == expected[0]
    single = {n: np.asarray(p, np.float32) for n, p in parameters.items()}
    _, gradients = module.loss_and_gradients(*half, **single, work=work)
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", ISSUE_2)
def test_forward_gives_predictions(name: str) -> None:
    module = load(text_of(name))
    data, parameters = draw(module)
    taken = dict(zip(module.DATA, data, strict=True))
    wanted = module.forward.__code__.co_varnames[: module.forward.__code__.co_argcount]
    assert not {"y", "t", "y1", "y2"} & set(wanted)
    named = module.forward(*(taken[n] for n in wanted), **parameters)
    assert all(isinstance(a, np.ndarray) for a in named.values())


WRONG = {
    "a size": ({"b1": np.zeros(3)}, "b1 has shape (3,), expected (H,) = (2,)"),
    "a rank": ({"b1": np.zeros((1, 2))}, "b1 has shape (1, 2), expected 1 dimensions, (H,)"),
    "an extent of 0": (
        {"x": np.zeros((0, 5)), "y": np.zeros((0, 4))},
        "x has shape (0, 5), expected (N, D) with",
    ),
    "integers": ({"W1": np.ones((5, 2), int)}, "W1 has dtype int64, expected float32 or float64"),
    "mixed": ({"W2": np.ones((2, 4), np.float32)}, "W2 has dtype float32, expected float64"),
    "half": ({"W1": np.ones((5, 2), np.float16)}, "W1 has dtype float16, expected float32 or float64"),
    "a number": ({"b2": 1.0}, "b2 is a number, expected an array of shape"),
    "a fact": ({"y": np.ones((3, 4))}, "y breaks a fact that the gradients rely on, sum(y[n, k] for k in K) == 1"),
    "nan in a fact": ({"y": np.full((3, 4), np.nan)}, "y breaks a fact"),
    "out's shape": (
        {"out": {"W1": np.zeros((2, 5))}},
        "out['W1'] has shape (2, 5) and dtype float64, expected shape (5, 2)",
    ),
    "out's dtype": ({"out": {"b2": np.zeros(4, np.float32)}}, "out['b2'] has shape (4,) and dtype float32"),
    "out's type": ({"out": {"b2": 3.0}}, "out['b2'] has shape () and dtype float"),
    "out's names": ({"out": {"b3": np.zeros(4)}}, "out has the entries ('b3',), expected ('W1', 'b1', 'W2', 'b2')"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused(case: str) -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    change, message = WRONG[case]
    given = dict(zip(module.DATA, data, strict=True)) | parameters | change
    with pytest.raises(ValueError, match=r"^") as caught:
        module.loss_and_gradients(given.pop("x"), given.pop("y"), **given)
    assert message in str(caught.value)


def test_a_gradient_is_written_over_no_input_and_no_other_gradient() -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    before = {n: p.copy() for n, p in parameters.items()}
    pair = np.zeros((2, *parameters["W2"].shape[1:]))
    overlaps = ({"W2": parameters["W2"]}, {"b1": parameters["W1"][0]}, {"W2": pair, "b2": pair[1]}, dict(parameters))
    for out in overlaps:
        with pytest.raises(ValueError, match="shares memory"):
            module.loss_and_gradients(*data, **parameters, out=out)
    for n, p in parameters.items():
        np.testing.assert_array_equal(p, before[n])
    flat = np.zeros(sum(p.size for p in parameters.values()))
    ends = np.cumsum([p.size for p in parameters.values()])
    rows = zip(parameters.items(), np.split(flat, ends[:-1]), strict=True)
    out = {n: part.reshape(p.shape) for (n, p), part in rows}
    _, expected = module.loss_and_gradients(*data, **parameters)
    module.loss_and_gradients(*data, **parameters, out=out)
    np.testing.assert_array_equal(flat, np.concatenate([g.ravel() for g in expected.values()]))


def test_nothing_is_left_behind_by_a_call_that_failed() -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module)
    out: dict[str, np.ndarray] = {"b2": np.zeros(9)}
    with pytest.raises(ValueError, match="b2"):
        module.loss_and_gradients(*data, **parameters, out=out)
    assert list(out) == ["b2"]


def test_scalars_are_floats_arrays_or_numbers_of_numpy() -> None:
    module = load(text_of("linear_2_2_2"))
    data, parameters = draw(module)
    expected, gradients = module.loss_and_gradients(*data, **parameters)
    for kind in (float, np.float64, np.array):
        loss, found = module.loss_and_gradients(*map(kind, data), **{n: kind(p) for n, p in parameters.items()})
        assert loss == expected
        assert {n: float(g) for n, g in found.items()} == {n: float(g) for n, g in gradients.items()}
        assert {(g.shape, g.dtype) for g in found.values()} == {((), np.dtype(np.float64))}
    with pytest.raises(ValueError, match="w3 has dtype int64"):
        module.loss_and_gradients(*data, **(parameters | {"w3": 2}))
    with pytest.raises(ValueError, match=r"w3 has shape \(1,\), expected a single number"):
        module.loss_and_gradients(*data, **(parameters | {"w3": np.ones(1)}))


def test_data_may_be_lists_of_integers() -> None:
    module = load(text_of("binary_logistic"))
    w, b = np.array([0.5, -0.25]), 0.125
    lists, _ = module.loss_and_gradients([[1, 2], [3, 4]], [0, 1], w=w, b=b)
    arrays, _ = module.loss_and_gradients(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([0.0, 1.0]), w=w, b=b)
    assert lists == arrays


def test_a_parameter_that_the_loss_does_not_reach_gets_zeros() -> None:
    module = load(text_from("x: Data[N], w: Param[N], V: Param[K, D], c: Param", "return sum(x * w ** 2)"))
    data, parameters = draw(module)
    out = {"V": np.full((4, 5), np.nan), "c": np.array(np.nan)}
    _, gradients = module.loss_and_gradients(*data, **parameters, out=out)
    assert not gradients["V"].any()
    assert not gradients["c"].any()


def test_a_step_is_in_place() -> None:
    module = load(text_of("sigmoid_softmax"))
    data, parameters = draw(module, np.float32)
    held, copies = dict(parameters), {n: p.copy() for n, p in parameters.items()}
    loss, gradients = module.loss_and_gradients(*data, **parameters)
    module.sgd_step(parameters, gradients, np.float64(0.01))
    for n, p in parameters.items():
        assert p is held[n]
        np.testing.assert_allclose(p, copies[n] - 0.01 * gradients[n], rtol=1e-6)
    assert module.loss(*data, **parameters) < loss


def test_a_step_of_floats() -> None:
    module = load(text_of("linear_2_2_2"))
    parameters = {f"w{k}": 0.5 for k in range(1, 9)}
    _, gradients = module.loss_and_gradients(1.0, 2.0, 0.0, 0.0, **parameters)
    module.sgd_step(parameters, gradients, 0.1)
    assert parameters["w1"] == 0.5 - 0.1 * float(gradients["w1"])


def test_unknown_functions_are_keywords() -> None:
    module = load(text_of("two_paths"))
    assert module.FUNCTIONS == ("f", "f_d1", "f_d2")
    functions = {"f": lambda u, v: u * v, "f_d1": lambda u, v: v, "f_d2": lambda u, v: u}
    loss, gradients = module.loss_and_gradients(2.0, 3.0, x=5.0, **functions)
    assert (loss, float(gradients["x"])) == (150.0, 60.0)
    assert module.loss(2.0, 3.0, x=5.0, f=functions["f"]) == 150.0


def test_unknown_functions_of_arrays() -> None:
    text = text_from("x: Data[N, D], w: Param[D]", "return sum(g(x @ w))", before="g = function('g')\n")
    module = load(text)
    data, parameters = draw(module)
    _, gradients = module.loss_and_gradients(*data, **parameters, g=np.sin, g_d1=np.cos, work={})
    np.testing.assert_allclose(gradients["w"], data[0].T @ np.cos(data[0] @ parameters["w"]), rtol=1e-13)


CLASHES = (
    "dtype",
    "float",
    "names",
    "arrays",
    "shapes",
    "loss",
    "forward",
    "DATA",
    "tolerance",
    "zip",
    "sum_",
    "value",
)


@pytest.mark.parametrize("name", CLASHES)
def test_names_of_the_module_step_aside(name: str) -> None:
    signature = f"x: Data[N, K], {name}: Param[K]"
    module = load(text_from(signature, f"p = softmax(x * {name})", "return -sum(x ** 2 * log(p)) / N"))
    data, parameters = draw(module)
    plain = load(text_from("x: Data[N, K], w: Param[K]", "p = softmax(x * w)", "return -sum(x ** 2 * log(p)) / N"))
    expected, gradients = plain.loss_and_gradients(*data, w=parameters[name])
    loss, found = module.loss_and_gradients(*data, **parameters)
    assert loss == expected
    np.testing.assert_array_equal(found[name], gradients["w"])


@pytest.mark.parametrize("name", ["float", "reversed", "len", "zip", "loss", "L"])
def test_words_of_the_module_may_be_letters_of_loops(name: str) -> None:
    lines = ("h[-1] = w", f"for {name} in N:", f"    h[{name}, k] = tanh(h[{name} - 1, k] * x[{name}, k])")
    module = load(text_from("x: Data[N, K], w: Param[K]", *lines, "return sum(h**2)"))
    plain = load(text_from("x: Data[N, K], w: Param[K]", *(s.replace(name, "n") for s in lines), "return sum(h**2)"))
    data, parameters = draw(plain)
    loss, gradients = plain.loss_and_gradients(*data, **parameters)
    found, own = module.loss_and_gradients(*data, **parameters)
    assert found == loss
    np.testing.assert_array_equal(own["w"], gradients["w"])


def test_sizes_are_solved_from_affine_shapes() -> None:
    module = load(text_from("x: Data[N, 2 * H + 1], w: Param[2 * H + 1]", "return sum((x @ w) ** 2) / H"))
    x, w = np.ones((3, 5)), np.ones(5)
    assert module.loss(x, w=w) == 75 / 2
    with pytest.raises(ValueError, match="expected"):
        module.loss(np.ones((3, 6)), w=np.ones(6))


def test_sizes_that_no_shape_tells_are_keywords() -> None:
    module = load(text_from("x: Data[N, H * K], w: Param[K]", "return sum(x.reshape(N, H, K) ** 2 * w) * D"))
    assert module.SIZES == ("D",)
    x, w = np.ones((2, 6)), np.ones(3)
    loss, gradients = module.loss_and_gradients(x, w=w, D=5)
    assert loss == module.loss(x, w=w, D=np.int64(5)) == 60
    np.testing.assert_allclose(gradients["w"], [20, 20, 20])
    for wrong in (0, 2.0, True, "2"):
        with pytest.raises(ValueError, match="expected an integer of at least 1"):
            module.loss(x, w=w, D=wrong)
    with pytest.raises(TypeError, match="D"):
        module.loss(x, w=w)


def test_a_keyword_must_go_into_the_shape() -> None:
    module = load(text_from("x: Data[N, H * K], w: Param[H * K]", "return sum((x * w).reshape(N, H, K) ** 2)"))
    assert module.SIZES == ("H",)
    assert module.loss(np.ones((2, 6)), w=np.ones(6), H=3) == 12
    with pytest.raises(ValueError, match="x has shape"):
        module.loss(np.ones((2, 6)), w=np.ones(6), H=4)
    with pytest.raises(ValueError, match="sizes are too small"):
        module.loss(np.ones((2, 6)), w=np.ones(6), H=7)


def test_facts_about_sizes_are_checked() -> None:
    module = load(text_from("x: Data[N, H], w: Param[K]", "assert H <= K", "return sum((x * w[:H]) ** 2)"))
    assert module.FACTS == ("H <= K",)
    _, gradients = module.loss_and_gradients(np.ones((2, 3)), w=np.ones(4))
    np.testing.assert_allclose(gradients["w"], [4, 4, 4, 0])
    for function in (module.loss, module.loss_and_gradients):
        with pytest.raises(ValueError, match="break the fact H <= K: H = 3, K = 2"):
            function(np.ones((2, 3)), w=np.ones(2))


def test_a_multiple_is_cut_without_looking_for_places() -> None:
    """With H % D == 0 the columns d * (H // D) + k are all columns, as an array of two dimensions."""
    lines = ("assert H % D == 0", "z[n, d: D, k: H // D] = x[n, H // D * d + k] * w[H // D * d + k]")
    text = text_from(
        "x: Data[N, H], w: Param[H]", *lines, "return sum(sum(z[n, d, k] for d in D) ** 2 for n in N for k in H // D)"
    )
    assert "minimum" not in text
    assert "arange" not in text
    module = load(text)
    assert module.SHAPES == {"x": ("N", "H"), "w": ("H",)}
    x, w = np.arange(12.0).reshape(2, 6), np.arange(6.0) - 2
    loss, gradients = module.loss_and_gradients(x, w=w, D=3)
    z = (x * w).reshape(2, 3, 2).sum(1, keepdims=True)
    assert loss == (z**2).sum()
    np.testing.assert_allclose(gradients["w"], (2 * z * x.reshape(2, 3, 2)).sum(0).ravel())
    with pytest.raises(ValueError, match="break the fact"):
        module.loss(x, w=w, D=4)
