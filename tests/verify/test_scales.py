"""A module is as exact as its definition at every scale: what cancels, overflows or has a pole of its own is found."""

import time
import warnings
from fractions import Fraction

import numpy as np
import pytest

from symbp.notation.read import read_network
from symbp.verify.module import check_module
from symbp.verify.precise import precise
from symbp.verify.scales import BOUND, _kinds, at_every_scale
from symbp.verify.sizes import choose_sizes
from symbp.verify.subject import load
from symbp.verify.tape.errors import TRIALS, UNIT, Far, signs_of_trials
from symbp.verify.tape.network import slopes

HEAD = """from symbp import Data, Labels, Param, dims, network

N, D, K = dims("N D K")


@network
"""

# name: the network, a right module, and re-expressions of it: what is replaced, by what.
CASES = {
    "residual": (
        "def net(x: Data[N], z: Param[N]):\n    y = x + tanh(z)\n    return sum(y * y) / 2\n",
        "(x, *, z):\n    t = np.tanh(z)\n    y = x + t\n    return (y * y).sum() / 2, {'z': y * (1 - t * t)}",
        [
            ("y * (1 - t * t)", "y * (1 - (y - x) ** 2)"),
            ("y * (1 - t * t)", "y * (1 + x - y) * (1 + y - x)"),
            ("t = np.tanh(z)", "e = np.exp(2 * z)\n    t = (e - 1) / (e + 1)"),
            ("y * (1 - t * t)", "(x * x + 2 * x * t + t * t) / y * (1 - t * t) + 0 * (x / x)"),
        ],
    ),
    "penalty": (
        "def net(x: Data[N, D], y: Data[N], w: Param[D], lam: Data):\n"
        "    return sum((x @ w - y) ** 2) + lam * sqrt(sum(w**2) + 1)\n",
        "(x, y, lam, *, w):\n    r = x @ w - y\n    n = np.sqrt((w * w).sum() + 1)\n    p = lam * n\n"
        "    return (r * r).sum() + p, {'w': 2 * (x.T @ r) + lam * w / n}",
        [
            ("lam * w / n", "lam * lam * w / p"),
            ("lam * w / n", "p * w / (n * n) * (lam / lam)"),
            ("2 * (x.T @ r)", "2 * (x.T @ (r * r / r))"),
        ],
    ),
    "cross entropy": (
        "def net(y: Data[N, K], z: Param[N, K]):\n    assert sum(y[n, k] for k in K) == 1\n"
        "    return -sum(y * log(softmax(z)))\n",
        "(y, *, z):\n    s = z - z.max(1, keepdims=True)\n    e = np.exp(s)\n    t = e.sum(1, keepdims=True)\n"
        "    p = e / t\n    return -(y * (s - np.log(t))).sum(), {'z': p - y}",
        [
            ("s = z - z.max(1, keepdims=True)", "s = z"),
            ("(s - np.log(t))", "np.log(p)"),
            ("(s - np.log(t))", "np.log(np.maximum(1 - (p.sum(1, keepdims=True) - p), 1e-30))"),
            ("(s - np.log(t))", "np.log(p + np.float32(1e-7))"),
            ("p - y", "p * (1 - y / p)"),
            ("p = e / t", "p = np.exp(z) / np.exp(z).sum(1, keepdims=True)"),
        ],
    ),
    "attention": (
        "def net(x: Data[N, D], y: Data[N, D], W: Param[D, D], v: Param[N, D]):\n    p = softmax(x @ W @ x.T)\n"
        "    return sum((p @ v - y) ** 2) / 2\n",
        "(x, y, *, W, v):\n    s = x @ W @ x.T\n    e = np.exp(s - s.max(1, keepdims=True))\n"
        "    p = e / e.sum(1, keepdims=True)\n    o = p @ v\n    g = o - y\n    a = g @ v.T\n"
        "    b = p * (a - (a * p).sum(1, keepdims=True))\n"
        "    return (g * g).sum() / 2, {'W': x.T @ b @ x, 'v': p.T @ g}",
        [
            ("(a * p).sum(1, keepdims=True)", "(g * o).sum(1, keepdims=True)"),
            ("b = p * (a -", "b = p * ((a * p) / p -"),
        ],
    ),
    "gate": (
        "def net(g: Data[N], w: Param[N]):\n    v = g * sqrt(w**2 + 1)\n    return sum(v)\n",
        "(g, *, w):\n    r = np.sqrt(w * w + 1)\n    v = g * r\n    return v.sum(), {'w': g * w / r}",
        [("g * w / r", "g * g * w / v"), ("g * w / r", "v * w / (v / g) ** 2")],
    ),
    "product": (
        "def net(x: Data[N], w: Param[N]):\n    y = x * w\n    return sum(y**3)\n",
        "(x, *, w):\n    y = x * w\n    return (y * y * y).sum(), {'w': 3 * y * y * x}",
        [("3 * y * y * x", "3 * (y * y * y) / w"), ("3 * y * y * x", "3 * y * y * x * x / x")],
    ),
    "variance": (
        "def net(x: Data[N], w: Param[N, D]):\n    z[n, d] = x[n] + w[n, d]\n"
        "    return sum((z[n, d] - mean(z[n, j] for j in D)) ** 2 for n in N for d in D)\n",
        "(x, *, w):\n    z = x[:, None] + w\n    c = z - z.mean(1, keepdims=True)\n"
        "    return (c * c).sum(), {'w': 2 * c}",
        [("(c * c).sum()", "(z * z).sum() - z.shape[1] * (z.mean(1) ** 2).sum()")],
    ),
    "shifted cosine": (
        "def net(a: Param[N], b: Data[N]):\n    s = a + b\n    return sum(sin(a) + s)\n",
        "(b, *, a):\n    s = a + b\n    return (np.sin(a) + s).sum(), {'a': np.cos(a) + 1}",
        [("np.cos(a)", "np.cos(s - b)")],
    ),
    "swish": (
        "def net(z: Param[N]):\n    return sum(z / (1 + exp(-z)))\n",
        "(*, z):\n    e = np.exp(-np.abs(z))\n    s = np.where(z > 0, 1, e) / (1 + e)\n    o = z * s\n"
        "    return o.sum(), {'z': s * (1 + z * np.where(z > 0, e, 1) / (1 + e))}",
        [
            ("{'z': s", "{'z': o / z"),
            ("s = np.where(z > 0, 1, e) / (1 + e)", "s = 1 / (1 + np.exp(-z))"),
            ("s = np.where(z > 0, 1, e) / (1 + e)", "s = np.exp(z) / (1 + np.exp(z))"),
        ],
    ),
    "exponential of exponential": (
        "def net(z: Param[N]):\n    return sum(exp(-exp(z)))\n",
        "(*, z):\n    c = np.minimum(z, 10)\n    y = np.exp(-np.exp(c))\n"
        "    return y.sum(), {'z': -np.exp(c - np.exp(c))}",
        [("-np.exp(c - np.exp(c))", "y * np.log(y)"), ("c = np.minimum(z, 10)", "c = z")],
    ),
}  # fmt: skip
MUTANTS = [(name, old, new) for name, (_, _, changes) in CASES.items() for old, new in changes]


def outcomes(name, old="", new=""):
    """The worst error and what else is wrong with the module of a case, or with a re-expression of it."""
    text, module, _ = CASES[name]
    assert old in module
    network = read_network(HEAD + text, "net.py", "net")
    subject = load(
        f"import numpy as np\n\ndef loss_and_gradients{module.replace(old, new) if old else module}\n", network
    )

    def run(parts):
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            return subject.run(parts)

    found = at_every_scale(network, network.outputs[0], subject, run)
    assert all(o.count for o in found.by_name.values())
    return max(o.error for o in found.by_name.values()), found.failure


@pytest.mark.parametrize("name", CASES)
def test_what_is_as_exact_as_its_definition_passes(name):
    error, failure = outcomes(name)
    assert (error <= BOUND, failure) == (True, "")


def test_there_are_twenty_re_expressions():
    assert len(MUTANTS) >= 20


@pytest.mark.parametrize(("name", "old", "new"), MUTANTS)
def test_a_re_expression_that_cancels_or_has_a_pole_is_found(name, old, new):
    error, failure = outcomes(name, old, new)
    assert error > BOUND or failure


DISCOUNTED = """def net(v: Param[N + 1], r: Data[N], lam: Data):
    G[N] = v[N]
    for n in N:
        G[n] = r[n] + 0.9 * ((1 - lam) * v[n + 1] + lam * G[n + 1])
    return sum((G[n] - v[n]) ** 2 for n in N) / 2
"""


def test_rounding_of_what_cancels_is_told_whatever_the_signs_that_chance_gives():
    """(1 - lam) v + lam v at lam = 450 loses 900 units of v, as automatic differentiation does too."""
    network = read_network(HEAD + DISCOUNTED, "net.py", "net")
    inputs = {
        "r": dict(zip([(0,), (1,), (2,)], (-901.5, 1456.5, -848.25), strict=True)),
        "v": dict(zip([(0,), (1,), (2,), (3,)], (0.75, 0.25, -0.625, -0.25), strict=True)),
        "lam": {(): 450.375},
    }
    found = slopes(network, "L", choose_sizes(network, ()), inputs).gradients["v"][3,]
    assert 300 < found.single / abs(found.value) / UNIT < 3000


def test_no_two_operations_round_alike_in_every_trial():
    """Else what cancels would seem exact: of as many signs many are the same."""
    both = np.array([signs for signs, _ in signs_of_trials()])
    apart = np.abs(both[:, None, :TRIALS] - both[:, :TRIALS]).max(-1) + np.eye(len(both))
    assert apart.min() > 0
    assert np.mean(apart < 0.1) < 1e-3
    assert abs(np.mean(both**2) - 1) < 0.05


SATURATED = """def net(z: Param[N], t: Labels[N]):
    s[n] = z[n] - max(z[m] for m in N)
    return log(sum(exp(s[n]) for n in N)) - s[t]
"""


def test_errors_that_cancel_while_values_do_not_are_none_to_count_on():
    """p - 1 of a saturated softmax is off by a rounding of 1, though by way of the maximum it happens to be exact."""
    network = read_network(HEAD + SATURATED, "net.py", "net")
    inputs = {"z": {(0,): 12.0, (1,): 0.5, (2,): -1.0}, "t": {(): 0}}
    found = slopes(network, network.outputs[0], choose_sizes(network, ()), inputs).gradients["z"][0,]
    assert 1e-6 < -found.value < 2e-5
    assert UNIT / 8 < found.single < 8 * UNIT


@pytest.mark.parametrize(("large", "single", "double"), [(3e9, 1e3, 2e-8), (3e11, 1e30, 3e-6)])
def test_an_exponential_of_what_is_off_by_more_than_one_may_be_any_number(large, single, double):
    """exp(z - m) of m = 3e9 is off by a factor of exp(100) in float32, not by 100; in float64 it is known."""
    text = "def net(z: Param[N], m: Data):\n    return log(sum(exp(z[n] - 1e3 * m - (z[0] - 1e3 * m)) for n in N))\n"
    network = read_network(HEAD + text, "net.py", "net")
    inputs = {"z": {(0,): 0.0, (1,): -10.0, (2,): -20.0}, "m": {(): large / 1e3}}
    found = slopes(network, network.outputs[0], choose_sizes(network, ()), inputs).gradients["z"][2,]
    assert found.value == pytest.approx(2.06e-9, rel=1e-2)
    assert found.single / found.value > single
    assert double / 100 < found.double / found.value < 100 * double


@pytest.mark.parametrize(
    ("values", "luck"), [((0.75, -0.7499999, 0.75, -0.7499999), True), ((3.0, -2.0, 5.0, 1024.0), False)]
)
def test_a_sum_is_exact_only_if_it_is_in_whatever_order(values, luck):
    """Three quarters and what is nearly its opposite, one by the other, add up to what 24 bits hold by luck."""
    values = [float(np.float32(v)) for v in values]
    network = read_network(HEAD + "def net(x: Data[N + 1], w: Param):\n    return w * sum(x)\n", "net.py", "net")
    inputs = {"x": {(k,): v for k, v in enumerate(values)}, "w": {(): 1.0}}
    found = slopes(network, network.outputs[0], choose_sizes(network, ()), inputs).loss
    assert found.value == sum(values)
    if luck:
        assert UNIT / 16 < found.single < 2 * UNIT
    else:
        assert found.single == 0


def test_the_slope_of_what_cannot_be_written_down_takes_no_time():
    """exp(-exp(a million)) is 0, and so is its slope; for its digits ln 2 would be needed to a million bits."""
    network = read_network(HEAD + CASES["exponential of exponential"][0], "net.py", "net")
    began = time.process_time()
    found = slopes(network, network.outputs[0], choose_sizes(network, ()), {"z": {(0,): 1e6, (1,): 0.5, (2,): 0.25}})
    assert found.gradients["z"][0,].value == 0
    assert found.gradients["z"][1,].value == pytest.approx(-np.exp(0.5 - np.exp(0.5)), rel=1e-12)
    assert time.process_time() - began < 5


def test_the_first_draws_are_of_each_scale():
    """A network that is dear is drawn a few times only."""
    network = read_network(HEAD + CASES["residual"][0], "net.py", "net")
    words = [k.words for k in _kinds(network)]
    assert {"everything at 1000", "masks of 0 and 1 as data", "everything at 30"} == set(words[:3])


def far(single, double):
    return Far(((np.array(single), 0), (np.array(double), 0)), lambda m, e: Fraction(m) * Fraction(2) ** e)


@pytest.mark.parametrize("double", [False, True])
def test_errors_far_beyond_the_range_of_floats_are_added_and_multiplied(double):
    digits = precise(60)
    large, small = digits.number(Fraction(3, 2)) * 2**5000, digits.number(Fraction(1, 2**5000))
    one = far([1.0, -0.5], [-0.5, 1.0])
    assert (one * large).largest(double) == Fraction(3, 2) * 2**5000
    assert (one * large * small).largest(double) == Fraction(3, 2)
    assert (one * large + one).largest(double) == Fraction(3, 2) * 2**5000
    assert (one + one * -3.0).largest(double) == 2
    assert (one * large + one * -large + one * small).largest(double) == Fraction(1, 2**5000)
    assert (one * large * 0.0 + one).largest(double) == (one + one * large * 0.0).largest(double) == 1
    assert (one * (large * 0)).largest(double) == 0


def test_an_error_in_float32_without_end_leaves_that_in_float64_as_it_is():
    """An exponential of what float32 holds to the next thousand may be any number, in float64 it is known."""
    digits = precise(60)
    one, other = far([1.0, 1.0], [0.0, 0.0]), far([0.0, 0.0], [1.0, 1.0])
    both = one * (digits.number(Fraction(1)) * 2**5000) + other
    assert (both.largest(False), both.largest(True)) == (Fraction(2) ** 5000, 1)


KEY_BIAS = """def net(x: Data[N, D], t: Data[N, K], W: Param[D, K], b: Param):
    assert sum(t[n, k] for k in K) == 1
    return -sum(t * log(softmax(x @ W + b)))
"""
KEY_BIAS_MODULE = """import numpy as np

def loss_and_gradients(x, t, *, W, b):
    z = x @ W + b
    s = z - z.max(1, keepdims=True)
    r = np.log(np.exp(s).sum(1, keepdims=True))
    g = np.exp(s - r) - t
    return -(t * (s - r)).sum(), {"W": x.T @ g, "b": g.sum()}
"""


def failed(module):
    network = read_network(HEAD + KEY_BIAS, "net.py", "net")
    return {c.name for c in check_module(network, module) if not c.passed}


def test_a_gradient_of_nought_may_come_out_as_rounding_and_as_nothing_else():
    """A bias that softmax does not see: its gradient is the sum of what sums to 0."""
    assert failed(KEY_BIAS_MODULE) == set()
    for wrong in ("g.sum() + x.dtype.type(1e-5)", "1.00001 * g[:, 0].sum() + g[:, 1:].sum()"):
        assert failed(KEY_BIAS_MODULE.replace("g.sum()}", f"{wrong}}}")) == {"b"}


def test_a_given_module_is_judged_on_its_mathematics(tmp_path):
    """Float64 for float32, and an overflow at large data, are said; a module of symbp's own must not have them."""
    text = KEY_BIAS_MODULE.replace("z - z.max(1, keepdims=True)", "np.float64(1) * z")
    path = tmp_path / "module.py"
    path.write_text(text)
    network = read_network(HEAD + KEY_BIAS, "net.py", "net")
    notes = {(c.name, c.witness): c.note for c in check_module(network, path)}
    assert failed(path) == set()
    assert notes["float32", "interface"] == "float32 parameters give gradients of W and b in float64"
    assert "overflow encountered in exp" in notes["loss", "rounding"]
    assert "float32" in failed(text)
