"""One value in many spellings: named parts, labels, masks, choices; against thousands of digits, and no warnings."""

from __future__ import annotations

import numpy as np
import pytest

from symbp.lowering.run import run
from tests.lowering.lowered import gradient_routine, network, relative
from tests.lowering.reference import Reference

LABELLED = "z: Param[N, K], y: Labels[N, K]"
TARGETS = "t: Data[N, K], z: Param[N, K]"
PARTS = ("e = exp(z)", "s = sum(e, axis=1, keepdims=True)")
NLL = "return -sum(log(p[n, y[n]]) for n in N) / N"
SPELLINGS = {
    "a softmax by parts under labels": (LABELLED, *PARTS, "p = e / s", NLL),
    "times the sum to the power -1": (LABELLED, *PARTS, "p = e * s**-1", NLL),
    "less the largest": (
        LABELLED,
        "m = max(z, axis=1, keepdims=True)",
        "e = exp(z - m)",
        "p = e / sum(e, axis=1, keepdims=True)",
        NLL,
    ),
    "in index notation": (
        LABELLED,
        "e[n, k] = exp(z[n, k])",
        "s[n] = sum(e[n, k] for k in K)",
        "l[n] = log(e[n, y[n]]) - log(s[n])",
        "return -sum(l) / N",
    ),
    "the chosen one by a mask": (TARGETS, "p = softmax(z)", "q = sum(p * t, axis=1)", "return -sum(log(q))"),
    "the probability of all others": (LABELLED, "p = softmax(z)", "return -sum(log(1 - p[n, y[n]]) for n in N)"),
    "a bonus for entropy": (
        LABELLED,
        "p = softmax(z)",
        "h = -sum(p * log(p), axis=1)",
        "return -sum(log(p[n, y[n]]) for n in N) - sum(h) / 10",
    ),
    "focal": (LABELLED, "p = softmax(z)", "q[n] = p[n, y[n]]", "return -sum((1 - q) ** 2 * log(q))"),
    "a choice of logarithms": (TARGETS, "p = sigmoid(z)", "return -sum(where(t > 0.5, log(p), log(1 - p)))"),
    "a logarithm of a choice": (TARGETS, "p = sigmoid(z)", "q = where(t > 0.5, p, 1 - p)", "return -sum(log(q))"),
    "a choice by arithmetic": (
        TARGETS,
        "p = sigmoid(z)",
        "l = t * p + (1 - t) * (1 - p)",
        "return -sum(log(l)) / N",
    ),
    "a divergence to the mean": (
        TARGETS,
        "p = softmax(z)",
        "q = softmax(t)",
        "m = (p + q) / 2",
        "return sum(p * (log(p) - log(m)) + q * (log(q) - log(m)))",
    ),
    "a choice by labels": (
        LABELLED,
        "p = sigmoid(z)",
        "return -sum(log(p[n, k]) if k == y[n] else log(1 - p[n, k]) for n in N for k in K)",
    ),
    "a mask times an exponential": (TARGETS, "e = t * exp(-z)", "return sum(e ** 2)"),
    "a masked softmax": (
        TARGETS,
        "e = t * exp(z)",
        "p = e / sum(e, axis=1, keepdims=True)",
        "return sum(p[n, k] * k for n in N for k in K)",
    ),
    "what a condition keeps": (
        TARGETS,
        "e[n, k] = exp(z[n, k]) if t[n, k] > 0 else 0",
        "p[n, k] = e[n, k] / sum(e[n, j] for j in K)",
        "return sum(p[n, k] * k for n in N for k in K)",
    ),
    "an exponential of one": (TARGETS, "p = exp(-exp(z))", "return sum((p - t) ** 2)"),
    "the rest of that": (TARGETS, "p = 1 - exp(-exp(z))", "return sum((p - t) ** 2)"),
    "a logarithm of that": (TARGETS, "p = 1 - exp(-exp(z))", "return -sum(t * log(p))"),
    "the same unnamed": (TARGETS, "return -sum(t * log(1 - exp(-exp(z))))"),
    "a tanh by named parts": (
        TARGETS,
        "u = exp(z)",
        "v = exp(-z)",
        "a = (u - v) / (u + v)",
        "return sum((a - t) ** 2)",
    ),
    "a tanh by one of them": (TARGETS, "e = exp(2 * z)", "a = (e - 1) / (e + 1)", "return sum(a * t)"),
    "a logarithm of three": (
        TARGETS,
        "u = exp(z)",
        "v = exp(-z)",
        "return sum(t * log(u + 2 * v + 1))",
    ),
    "a weighted mean": (TARGETS, "w = exp(-z)", "return sum(sum(w * t, axis=1) / sum(w, axis=1))"),
    "a norm of high order": (TARGETS, "b = sum(exp(3 * z), axis=1) ** (1 / 3)", "return sum(log(b))"),
    "two normalisations": (
        TARGETS,
        "e = exp(z)",
        "r = e / sum(e, axis=1, keepdims=True)",
        "return -sum(t * log(r / sum(r, axis=0, keepdims=True)))",
    ),
    "overlap of two": (TARGETS, "p = softmax(z)", "q = softmax(t)", "return -sum(log(sum(sqrt(p * q), axis=1)))"),
    "odds of two": (
        TARGETS,
        "a = exp(z)",
        "b = exp(-t)",
        "c = a * b / (1 + a * b)",
        "return sum(log(c))",
    ),
}
SCALES = {1.0: 60, 30.0: 200, 1000.0: 1500}
EXTREMES = ((1, -1, 0.5), (-1, 1, 0.25))  # the logits of two examples, times the scale


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("case", SPELLINGS)
def test_every_spelling(case: str, scale: float) -> None:
    signature, *lines = SPELLINGS[case]
    net = network(signature, *lines)
    other = np.array([1, 2]) if "y: Labels" in signature else np.array([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    arrays = {"z": np.array(EXTREMES) * scale, ("y" if "y: Labels" in signature else "t"): other}
    sizes = {"N": 2, "K": 3}
    loss, gradients = Reference(net, sizes, SCALES[scale]).loss_and_gradients(arrays)
    for dtype, bound in ((np.float64, 1e-12), (np.float32, 1e-5)):
        given = {n: a.astype(dtype) if a.dtype.kind == "f" else a for n, a in arrays.items()}
        with np.errstate(all="raise", under="ignore"):
            found = run(gradient_routine(net), given, sizes)
        truth = gradients["z"].astype(float)
        if abs(float(loss)) < np.finfo(dtype).max:
            assert abs(float(found["L"]) - float(loss)) <= bound * max(1, abs(float(loss)))
            assert np.all(np.abs(found["z"] - truth) <= bound * max(1, np.abs(truth).max()))


def test_a_largest_and_what_it_is_taken_from() -> None:
    """Both are one computation, so that float32 does not tear them apart: a density of several at large inputs."""
    net = network(
        "x: Data[N, D], y: Data[N], A: Param[D, K], B: Param[D, K], S: Param[D, K]",
        "p = softmax(x @ A)",
        "m = x @ B",
        "s = exp(x @ S)",
        "return -sum(log(sum(p[n, k] * exp(-((y[n] - m[n, k]) / s[n, k]) ** 2 / 2) / s[n, k] for k in K)) for n in N)",
    )
    rng = np.random.default_rng(3)
    given = {n: rng.normal(size=(1, 4)).astype(np.float32) for n in ("A", "B", "S")}
    for scale in (1, 5, 8, 10):
        arrays = {**given, "x": np.full((1, 1), scale, np.float32), "y": np.ones(1, np.float32)}
        sizes = {"N": 1, "D": 1, "K": 4}
        with np.errstate(all="raise", under="ignore"):
            single = run(gradient_routine(net), arrays, sizes)
            double = run(gradient_routine(net), {n: a.astype(float) for n, a in arrays.items()}, sizes)
        for name in ("A", "B", "S"):
            apart = np.abs(single[name] - double[name]).max()
            assert apart <= 2e-5 * np.abs(double[name]).max(), (scale, name)


NEARLY_THE_SAME = {
    "two softmaxes": ("p = softmax(z)", "q = softmax(t)", "return sum(p * (log(p) - log(q)))"),
    "a logarithm of their quotient": ("p = softmax(z)", "q = softmax(t)", "return -sum(p * log(q / p))"),
    "two sums": ("return sum(log(sum(exp(z), axis=1)) - log(sum(exp(t), axis=1)))",),
    "a mean": ("return sum(log(sum(exp(z), axis=1) / K))",),
    "a mean by two logarithms": ("return sum(log(sum(exp(z), axis=1)) - log(K))",),
    "two sigmoids": (
        "p = sigmoid(z)",
        "q = sigmoid(t)",
        "return sum(p * (log(p) - log(q)) + (1 - p) * (log(1 - p) - log(1 - q)))",
    ),
    "densities": ("p = softmax(z)", "return sum(log(sum(p * exp(-(t ** 2) / 2 - z / 3), axis=1)))"),
}


@pytest.mark.parametrize("case", NEARLY_THE_SAME)
def test_logarithms_nearly_the_same(case: str) -> None:
    """In float32 a difference of logarithms has its digits where it is a thousandth of them, and right far apart."""
    net = network(TARGETS, *NEARLY_THE_SAME[case])
    routine = gradient_routine(net)
    for scale, bound in ((1e-3, 2e-4), (1.0, 1e-5), (300.0, 1e-5)):
        z = np.array(EXTREMES) * scale
        t = np.array([[0.25, 0.5, -1.0], [0.75, -0.5, 1.0]]) * scale
        arrays = {"z": z.astype(np.float32), "t": t.astype(np.float32)}
        exact = {n: a.astype(float) for n, a in arrays.items()}
        loss, _ = Reference(net, {"N": 2, "K": 3}, 400).loss_and_gradients(exact)
        with np.errstate(all="raise", under="ignore"):
            found = run(routine, arrays, {"N": 2, "K": 3})
        assert abs(float(found["L"]) / float(loss) - 1) <= bound, (scale, float(found["L"]), float(loss))


def test_a_square_beside_an_exponential() -> None:
    """A density of data so large that their square times what an exponent may hold is beyond float32."""
    net = network("y: Data[N], s: Param[N]", "return sum(exp(-(y ** 2) * exp(-2 * s)) + s)")
    arrays = {"y": np.array([1e9, 1e9, 1e-3, 2.0], np.float32), "s": np.array([-1e3, 20, -3, 0.5], np.float32)}
    with np.errstate(all="raise", under="ignore"):
        found = run(gradient_routine(net), arrays, {"N": 4})
    y, s = (arrays[n][1:].astype(float) for n in ("y", "s"))
    value = y**2 * np.exp(-2 * s)
    assert np.allclose(found["s"], [1, *(1 + 2 * value * np.exp(-value))], rtol=1e-5)


def test_the_largest_of_no_class() -> None:
    """With a single class there is no other: the largest is -inf, and the larger of that and 0 is 0."""
    net = network(
        "z: Param[N, K], y: Labels[N, K]",
        "m[n] = max(z[n, k] for k in K if k != y[n])",
        "return mean(maximum(1 + m[n] - z[n, y[n]], 0) for n in N)",
    )
    z = np.array([[0.5, 1.0], [2.0, 0.5]])
    for classes, loss, slopes in ((1, 0.0, [[0.0], [0.0]]), (2, 0.75, [[-0.5, 0.5], [0.0, 0.0]])):
        arrays = {"z": z[:, :classes], "y": np.array([0, 0])}
        with np.errstate(all="raise"):
            found = run(gradient_routine(net), arrays, {"N": 2, "K": classes})
        assert found["L"] == loss
        assert np.array_equal(found["z"], slopes)


FAR = {
    # the network's text, and c
    "an exponential of an exponential": ("return -sum(log(sum(exp(-exp(z[n, k])) for k in K)) for n in N)", 1.0),
    "times data": ("return -sum(log(sum(exp(-exp(z[n, k]) * t[n, k]) for k in K)) for n in N)", 1000.0),
    "times a small number": ("return -sum(log(sum(exp(-exp(z[n, k]) / 8) for k in K)) for n in N)", 0.125),
    "times a square": ("return -sum(log(sum(exp(-exp(z[n, k]) * (t[n, k] - 1e4) ** 2) for k in K)) for n in N)", 8.1e7),
    "some are shut": (
        "return -sum(log(sum(exp(-exp(z[n, k])) if t[n, k] > 0 else 0 for k in K)) for n in N)",
        1.0,
    ),
}


@pytest.mark.parametrize("case", FAR)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_largest_of_exponents_with_exponentials_in_them(case: str, dtype: str) -> None:
    """log(sum(exp(-c e^z))) is -c e^z of the smallest z: nothing that stands for a large exponential may be cut off."""
    text, times = FAR[case]
    shut, least = (0, 0) if case == "some are shut" else (1000, 2)
    routine = gradient_routine(network(TARGETS, text))
    tolerance = 1e-4 if dtype == "float32" else 1e-12  # an exponent near 80 has an error of 4e-6 in float32
    for log_truth in (25, 76):
        z = log_truth - np.log(times)
        arrays = {"z": np.array([[z, z + 1, z - 1]], dtype), "t": np.array([[1000, 1000, shut]], dtype)}
        with np.errstate(all="raise", under="ignore"):
            found = run(routine, arrays, {"N": 1, "K": 3})
        truth = times * np.exp(arrays["z"][0, least].astype(float))
        expected = np.zeros((1, 3))
        expected[0, least] = truth
        np.testing.assert_allclose(found["L"], truth, rtol=tolerance)
        np.testing.assert_allclose(found["z"], expected, rtol=tolerance)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_density_far_from_its_mean(dtype: str) -> None:
    """(y - m)^2 / (2 s^2) with its scale as an exponential: 1.36e12 at y = 1e6, s = exp(-1/2); not cut at 1e10."""
    net = network(
        "y: Data[N], m: Param[N, K], z: Param[N, K]",
        "s = exp(z)",
        "return -sum(log(sum(exp(-((y[n] - m[n, k]) / s[n, k]) ** 2 / 2) / s[n, k] for k in K)) for n in N)",
    )
    routine = gradient_routine(net)
    for y, z in ((1e6, -0.5), (1e6, 3.0), (-1e9, -10.0), (1e3, -30.0)):
        arrays = {"y": np.array([y], dtype), "m": np.zeros((1, 1), dtype), "z": np.array([[z]], dtype)}
        with np.errstate(all="raise", under="ignore"):
            found = run(routine, arrays, {"N": 1, "K": 1})
        square = y**2 * np.exp(-2 * z)
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(found["L"], square / 2 + z, rtol=tolerance)
        np.testing.assert_allclose(found["z"], [[1 - square]], rtol=tolerance)
        np.testing.assert_allclose(found["m"], [[-square / y]], rtol=tolerance)


OF_DIFFERENCES = {
    "a power of what is exponential": (
        ("x: Data[N], w: Param[N], k: Param", "return sum((x[n] * exp(-w[n])) ** k for n in N)"),
        {"x": [0.5, 2.0, 3.0], "w": [800.0, -500.0, 1e-3], "k": 0.125},
    ),
    "a logarithm of a difference of sigmoids": (
        ("z: Param[N], c: Param, g: Param", "return -sum(log(sigmoid(c + exp(g) - z) - sigmoid(c - z)))"),
        {"z": [700.0, -300.0, 1.5], "c": 2.0, "g": -1.5},
    ),
    "all but some of a rate": (
        ("z: Param[N], a: Param", "p = sigmoid(a)", "lam = exp(z)", "return sum(log(p + (1 - p) * exp(-lam)))"),
        {"z": [700.0, 40.0, -3.0], "a": -1.5},
    ),
    "the smaller of a large and a small exponent": (
        ("z: Param[N], a: Param", "r = exp(a)", "p = r / (r + exp(z))", "return -sum(r * log(p) + 3 * log(1 - p))"),
        {"z": [9000.0, -9000.0, 1.5], "a": 1.2},
    ),
    "a tanh of a rate": (
        ("x: Data[N], w: Param[N]", "return sum(x * tanh(exp(w)))"),
        {"x": [0.5, 2.0, 3.0], "w": [800.0, -3.0, 0.4]},
    ),
    "an error function of a rate": (
        ("x: Data[N], w: Param[N], a: Param[N]", "s = exp(w)", "return sum(x * erf(s - a))"),
        {"x": [0.5, 2.0, 3.0], "w": [800.0, -3.0, 0.4], "a": [2.0, 0.25, 0.0]},
    ),
    "an angle of a rate": (
        ("x: Data[N], w: Param[N], a: Param[N]", "return sum(x * atan(exp(w) * a))"),
        {"x": [0.5, 2.0, 3.0], "w": [800.0, -3.0, 0.4], "a": [2.0, 0.25, 0.0]},
    ),
    "pairs of classes": (
        (
            "s: Param[K], u: Labels[N, K], v: Labels[N, K]",
            "e = exp(s)",
            "p[n] = e[u[n]] / (e[u[n]] + e[v[n]])",
            "return -sum(log(p)) + sum(p * (1 - p))",
        ),
        {"s": [1900.0, 760.0, -1890.0, -6.0], "u": [2, 2, 3, 2, 0], "v": [2, 3, 0, 2, 1]},
    ),
}  # fmt: skip


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("case", OF_DIFFERENCES)
def test_what_is_left_of_large_exponents(case: str, dtype: str) -> None:
    """What a rate, a label or a common term adds to an exponent and takes from it again leaves the digits of the rest;
    and a factor that underflows is not 0 beside what it is divided by."""
    (signature, *lines), given = OF_DIFFERENCES[case]
    net = network(signature, *lines)
    labels = {t.name for t in net.inputs if t.classes is not None}
    arrays = {n: np.array(v) if n in labels else np.array(v, dtype) for n, v in given.items()}
    sizes = {"N": len(next(np.atleast_1d(a) for n, a in arrays.items() if n != "s" and np.ndim(a))), "K": 4}
    loss, gradients = Reference(net, sizes, 4700).loss_and_gradients(arrays)
    found = run(gradient_routine(net), arrays, sizes)
    bound = 1e-12 if dtype == "float64" else 1e-4
    assert relative(found[net.outputs[0]], np.array(loss)) <= bound
    for name, gradient in gradients.items():
        assert relative(found[name], gradient) <= bound, name
