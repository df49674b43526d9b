"""Large logits: losses and gradients against thousands of digits, with every warning an error."""

from __future__ import annotations

import numpy as np
import pytest

from symbp import networks
from symbp.lowering.run import run
from symbp.notation.read import read_network
from tests.lowering.lowered import gradient_routine, network, relative
from tests.lowering.reference import Reference

ENTRY = "return sum(y * a)"
DATA = "y: Data[N, K], z: Param[N, K]"
MISH = "def mish(x):\n    return x * tanh(log(1 + exp(x)))\n"
CASES = {
    "sigmoid": ("a = sigmoid(z)", ENTRY),
    "sigmoid, squared error": ("a = sigmoid(z)", "return sum((a - y) ** 2)"),
    "softmax, cross-entropy": ("a = softmax(z)", "return -sum(y * log(a)) / N"),
    "log-softmax": ("a = log_softmax(z)", ENTRY),
    "logsumexp": ("a = logsumexp(z)", "return sum(a * y[:, 0])"),
    "softplus": ("a = softplus(z)", ENTRY),
    "elu": ("a = elu(z)", ENTRY),
    "swish": ("a = swish(z)", ENTRY),
    "cross-entropy on logits": ("return cross_entropy(z, y)",),
    "binary cross-entropy": ("a = sigmoid(z)", "return binary_cross_entropy(a, y)"),
    "binary cross-entropy on logits": ("return binary_cross_entropy_with_logits(z, y)",),
    "a user's mish": ("a = mish(z)", ENTRY),
    "a user's normalisation": (
        "e = exp(z)",
        "s = sum(e, axis=-1, keepdims=True)",
        "a = e / s",
        "return -sum(y * log(a)) / N",
    ),
    "shifted by hand": (
        "e = exp(z - max(z, axis=-1, keepdims=True))",
        "a = e / sum(e, axis=-1, keepdims=True)",
        "return -sum(y * log(a))",
    ),
    "tanh in exponentials": ("a = (exp(z) - exp(-z)) / (exp(z) + exp(-z))", ENTRY),
    "a Gumbel distribution": ("a = exp(-exp(-z))", ENTRY),
    "a Gaussian by its density": (
        "e = exp(-z ** 2 / 2)",
        "a = e / sum(e, axis=-1, keepdims=True)",
        "return -sum(y * log(a))",
    ),
    "two-sided by hand": ("a = where(z > 0, 1 / (1 + exp(-z)), exp(z) / (1 + exp(z)))", ENTRY),
    "softplus by hand": ("a = maximum(z, 0) + log1p(exp(-abs(z)))", ENTRY),
    "focal loss": ("p = sigmoid(z)", "a = -(1 - p) ** 2 * log(p)", ENTRY),
    "a logit": ("p = sigmoid(z)", "a = log(p / (1 - p))", ENTRY),
    "log cosh": ("a = log((exp(z) + exp(-z)) / 2)", ENTRY),
    "a logarithm in a branch": ("a = where(z > 1, log(z), 0)", ENTRY),
    "a root in a branch": ("a = where(z > 1, sqrt(z), z)", ENTRY),
    "a quotient in a branch": ("a = where(z > 1, 1 / z, exp(z))", ENTRY),
}

SCALES = {40.0: 200, 800.0: 1200, 1e4: 4700}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", CASES)
def test_large_logits(name: str, scale: float) -> None:
    net = network(DATA, *CASES[name], before=MISH)
    arrays = {"z": np.array([[scale, -scale, 0.5]]), "y": np.array([[0.25, 0.5, 0.25]])}
    sizes = {"N": 1, "K": 3}
    loss, gradients = Reference(net, sizes, SCALES[scale]).loss_and_gradients(arrays)
    found = run(gradient_routine(net), arrays, sizes)
    assert relative(found["L"], np.array(loss)) <= 1e-14
    assert relative(found["z"], gradients["z"]) <= 1e-14
    single = run(gradient_routine(net), {n: a.astype(np.float32) for n, a in arrays.items()}, sizes)
    assert relative(single["L"], np.array(loss)) <= 1e-6
    assert relative(single["z"], gradients["z"]) <= 1e-5


ONE_HOT = {
    "softmax, squared error": [0.0, 1.0, 0.0],
    "softmax, cross-entropy": [0.0, 1.0, 0.0],
    "binary cross-entropy": [0.0, 1.0, 1.0],
    "binary cross-entropy on logits": [1.0, 0.0, 1.0],
    "a user's normalisation": [1.0, 0.0, 0.0],
}
SQUARED = ("a = softmax(z)", "return sum((a - y) ** 2)")


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("name", ONE_HOT)
def test_saturated_targets(name: str, scale: float) -> None:
    """0 log 0 is 0, through the logarithm's own form."""
    net = network(DATA, *(CASES | {"softmax, squared error": SQUARED})[name])
    arrays = {"z": np.array([[scale, -scale, 0.5]]), "y": np.array([ONE_HOT[name]])}
    found = run(gradient_routine(net), arrays, {"N": 1, "K": 3})
    digits = min(SCALES[scale], 4700)
    loss, gradients = Reference(net, {"N": 1, "K": 3}, digits).loss_and_gradients(arrays)
    assert abs(float(found["L"]) - float(loss)) <= 1e-14 * max(1, float(loss))
    assert np.all(np.abs(found["z"] - gradients["z"].astype(float)) <= 1e-15)


SIGMOIDS = ("sigmoid", "softplus", "elu", "swish", "a user's mish")


@pytest.mark.parametrize("name", SIGMOIDS)
def test_every_digit_far_out(name: str) -> None:
    """Entry by entry, so that a small derivative is not excused by a large one."""
    net = network(DATA, *CASES[name], before=MISH)
    for z in (-40.0, -3.0, -1e-9, 1e-9, 3.0, 40.0):
        arrays = {"z": np.array([[z]]), "y": np.array([[1.0]])}
        loss, gradients = Reference(net, {"N": 1, "K": 1}, 200).loss_and_gradients(arrays)
        found = run(gradient_routine(net), arrays, {"N": 1, "K": 1})
        assert relative(found["L"], np.array(loss)) <= 1e-14, z
        assert relative(found["z"], gradients["z"]) <= 1e-14, z


CAUSAL = "a[t:T, s:T] = exp(z[t, s]) / sum(exp(z[t, i]) for i in T if i <= t) if s <= t else 0"
SHORTER = "a[t:T, s:T] = exp(z[t, s]) / sum(exp(z[t, i]) for i in range(t + 1)) if s <= t else 0"
BY_DATA = "a[t:T, s:T] = exp(z[t, s]) / sum(exp(z[t, i]) for i in T if m[t, i] > 0) if m[t, s] > 0 else 0"
MASKS = {
    "causal": [[1, 0, 0], [1, 1, 0], [1, 1, 1]],
    "none": [[1, 1, 1], [1, 1, 1], [1, 1, 1]],
    "one row wholly": [[1, 0, 1], [0, 0, 0], [0, 1, 0]],
}
MASKED = {
    "causal": (CAUSAL, "causal"),
    "causal, a range": (SHORTER, "causal"),
    "by data, causal": (BY_DATA, "causal"),
    "by data, none masked": (BY_DATA, "none"),
    "by data, a row masked": (BY_DATA, "one row wholly"),
}
READERS = {
    "product": ("return sum(y * a)",),
    "squares": ("return sum((a - y) ** 2)",),
    "matrix": ("o = a @ y", "return sum(o ** 2)"),
    "logarithm": ("return -sum(y[t, s] * (log(a[t, s]) if m[t, s] > 0 else 0) for t in T for s in T)",),
}


EACH = [(name, "product", 800.0) for name in MASKED] + [("causal", reader, 800.0) for reader in READERS]
EACH += [("by data, a row masked", "logarithm", 800.0), ("by data, a row masked", "product", 1e4)]


@pytest.mark.parametrize(("name", "reader", "scale"), EACH)
def test_masked_softmax(name: str, reader: str, scale: float) -> None:
    """What is masked out does not count however large it is, nor does a row of which nothing counts."""
    definition, mask = MASKED[name]
    net = network("y: Data[T, T], m: Data[T, T], z: Param[T, T]", definition, *READERS[reader])
    arrays = {
        "z": np.array([[-scale, scale, 0.5], [0.75, 0.5, scale], [0.25, -scale, 0.5]]),
        "y": np.array([[0.25, 0.5, 0.25], [1.5, 0.125, 0.75], [0.375, 2.0, 0.625]]),
        "m": np.array(MASKS[mask], float),
    }
    loss, gradients = Reference(net, {"T": 3}, SCALES[scale]).loss_and_gradients(arrays)
    found = run(gradient_routine(net), arrays, {"T": 3})
    assert relative(found["L"], np.array(loss)) <= 1e-14
    assert np.all(np.abs(found["z"] - gradients["z"].astype(float)) <= 1e-14 * max(1, abs(float(loss))))


def test_what_is_bounded_is_read() -> None:
    """Causal attention has as many products as one writes by hand, and no array of a higher rank than its scores."""
    net = read_network(*networks.source("transformer_block"), "transformer_block")
    statements = gradient_routine(net).statements
    assert sum(s.op == "matmul" and len(s.args[0].shape) == len(s.args[1].shape) > 1 for s in statements) == 24
    assert max(len(s.target.shape) for s in statements) == 4
    assert sum(s.op == "exp" for s in statements) == 2


SHUT = {
    "Poisson": ("m * (exp(z) - 2 * z)", lambda z: np.exp(z) - 2 * z, lambda z: np.exp(z) - 2),
    "squares": ("m * (exp(z) - 3) ** 2", lambda z: (np.exp(z) - 3) ** 2, lambda z: 2 * (np.exp(z) - 3) * np.exp(z)),
    "a sum": ("m * (exp(z) + exp(2 * z) + z)", lambda z: np.exp(z) + np.exp(2 * z) + z,
              lambda z: np.exp(z) + 2 * np.exp(2 * z) + 1),
}  # fmt: skip


@pytest.mark.parametrize("case", SHUT)
@pytest.mark.parametrize("signature", ["m: Data[N, K], z: Param[N, K]", "m: Data[N], z: Param[N, K]"])
def test_a_mask_shuts_the_exponentials_of_a_bracket(case: str, signature: str) -> None:
    """0 (exp(1000) - 2000) is 0, whatever its gradient is multiplied by then."""
    text, value, slope = SHUT[case]
    rows = "[N], z" in signature
    entry = text.replace("m", "m[n]" if rows else "m[n, k]").replace("z", "z[n, k]")
    net = network(signature, f"return sum({entry} for n in N for k in K)" if rows else f"return sum({text})")
    z = np.array([[1000.0, 2.0], [0.5, -1.0], [-3.0, 0.25]])
    m = np.array([0.0, 1.0, 0.5]) if rows else np.array([[0.0, 1.0], [1.0, 0.5], [0.5, 1.0]])
    each, safe = (m[:, None] if rows else m), np.where((m[:, None] if rows else m) == 0, 0.0, z)
    with np.errstate(all="raise", under="ignore"):
        found = run(gradient_routine(net), {"m": m, "z": z}, {"N": 3, "K": 2})
    assert relative(found["L"], np.array((each * value(safe)).sum())) <= 1e-14
    assert relative(found["z"], each * slope(safe)) <= 1e-14


def test_a_bracket_is_not_shut_where_it_is_itself_nought() -> None:
    """min(e a, c a) e with e = exp(z): 0 of the slope of a minimum is no 0 of a mask."""
    net = network("a: Data[N], z: Param[N]", "e = exp(z)", "return -sum(min(e * a, min(max(e, 0.8), 1.2) * a)) / N")
    arrays = {"a": np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0]), "z": np.array([0.5, 0.125, -0.5, 0.5, 0.125, -0.5])}
    found = run(gradient_routine(net), arrays, {"N": 6})
    e = np.exp(arrays["z"])
    assert relative(found["z"], -np.array([0.0, e[1], e[2], -e[3], -e[4], 0.0]) / 6) <= 1e-14
