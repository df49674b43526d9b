"""Recurrences, lists of arrays, windows, scatters, pools and labels: the written modules against every witness."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.networks import source
from symbp.notation.read import read_network
from symbp.verify.module import check_module

HEAD = "from symbp import Array, Data, Labels, Param, dims, network\n"

CONV = """
N, C, F, I, J = dims("N C F I J")
@network
def net(x: Param[N, C, I, J], w: Param[F, C, {U}, {V}], b: Param[F]):
    return conv2d(x, w, stride={stride}, padding={padding}, dilation={dilation}, bias=b)
"""
POOL = """
N, C, I, J = dims("N C I J")
@network
def net(x: Param[N, C, I, J]):
    return {kind}_pool2d(x, {window}, stride={stride})
"""
EMBEDDING = """
N, T, K, D = dims("N T K D")
@network
def net(s: Labels[N, T, K], E: Param[K, D]):
    e[n, t, d] = E[s[n, t], d]
    return e
"""
LAST_STATE = """
T, N, D, H = dims("T N D H")
@network
def net(x: Data[T, N, D], h0: Param[N, H], W: Param[D, H], U: Param[H, H]):
    h[-1] = h0
    for t in T:
        h[t] = tanh(x[t] @ W + h[t - 1] @ U)
    return sum(h[T - 1] ** 2)
"""
TRANSITIONS = """
T, K = dims("T K")
@network
def net(e: Data[T, K], s: Data[K], a: Param[K, K]):
    A = log_softmax(a)
    h[-1] = s
    for t in T:
        h[t, k] = log(sum(exp(h[t - 1, j] + A[j, k]) for j in K)) + e[t, k]
    return logsumexp(h[T - 1])
"""
# What a step carries, in several orders of dimensions: the innermost one in memory is found, not named.
STEPS = """
T, N, M, H, K = dims("T N M H K")
@network
def net({inputs}):
{start}
    for t in T:
        {step}
    {end}
"""
BATCH_FIRST = STEPS.format(
    inputs="x: Data[T, N, H], h0: Param[N, H], U: Param[H, H]",
    start="    h[-1] = h0",
    step="h[t] = tanh(x[t] + h[t - 1] @ U)",
    end="return h",
)
BATCH_LAST = STEPS.format(
    inputs="x: Data[T, H, N], h0: Param[H, N], U: Param[H, H]",
    start="    h[-1] = h0",
    step="h[t] = tanh(x[t] + U @ h[t - 1])",
    end="return sum(h ** 2)",
)
TWO_BATCHES = STEPS.format(
    inputs="x: Param[T, N, M, H], h0: Param[N, M, H], U: Param[H, H]",
    start="    h[-1] = h0",
    step="h[t] = tanh(x[t] + h[t - 1] @ U)",
    end="return sum(h[T - 1]) + sum(h ** 2)",
)
MIXED_BATCH = STEPS.format(
    inputs="x: Data[T], h0: Param[N, H], V: Param[N, N], U: Param[H, H]",
    start="    h[-1] = h0",
    step="h[t] = tanh(V @ h[t - 1] @ U) * x[t]",
    end="return sum(h ** 2) / T",
)
TURNED = STEPS.format(
    inputs="x: Data[T, N, H], h0: Param[N, H], U: Param[H, K], V: Param[K, H]",
    start="    h[-1] = h0",
    step="g[t, k, n] = sum(h[t - 1, n, i] * U[i, k] for i in H)\n        h[t] = sin(g[t].T @ V) + x[t]",
    end="return sum(h[t, n, k] * g[t, m, n] for t in T for n in N for k in H for m in K)",
)
ONE_GATE = STEPS.format(
    inputs="x: Data[T, N, H], h0: Param[N, H], u: Param[H], U: Param[H, H], b: Param[H]",
    start="    h[-1] = h0",
    step="s[t, n] = sigmoid(sum(h[t - 1, n, i] * u[i] for i in H))\n"
    "        h[t, n, j] = s[t, n] * x[t, n, j] + sum(h[t - 1, n, i] * U[i, j] for i in H) / H + b[j]",
    end="return sum(h ** 2) + sum(s)",
)
FROM_THE_END = STEPS.format(
    inputs="x: Param[T, N, H], hT: Param[N, H], U: Param[H, 2 * H]",
    start="    h[T] = hT",
    step="z[t] = h[t + 1] @ U\n        h[t, n, k: H] = tanh(z[t, n, k]) * z[t, n, H + k] + x[t, n, k]",
    end="return sum(h[0] ** 2)",
)

NETWORKS = {
    "a recurrence of logarithms": TRANSITIONS,
    "batch first": BATCH_FIRST,
    "batch last": BATCH_LAST,
    "two batches": TWO_BATCHES,
    "no batch": MIXED_BATCH,
    "batch in two places": TURNED,
    "a gate for each example": ONE_GATE,
    "from the end": FROM_THE_END,
    "conv 3x2": CONV.format(U=3, V=2, stride=1, padding=0, dilation=1),
    "conv strided": CONV.format(U=3, V=2, stride=2, padding=0, dilation=1),
    "conv padded": CONV.format(U=3, V=3, stride=1, padding=1, dilation=1),
    "conv strided, padded": CONV.format(U=2, V=3, stride=2, padding=1, dilation=1),
    "conv dilated": CONV.format(U=2, V=3, stride=1, padding=0, dilation=2),
    "max pool": POOL.format(kind="max", window=2, stride=2),
    "max pool, overlapping": POOL.format(kind="max", window=3, stride=2),
    "avg pool": POOL.format(kind="avg", window=2, stride=2),
    "embedding": EMBEDDING,
    "last state": LAST_STATE,
}
BUILT_IN = ("rnn", "lstm", "mlp", "threshold_layers", "conv_layer", "max_pool_layer")


def check(network: Network) -> None:
    """The module that is written for a network passes every check."""
    derivation = derive(network)
    text, _ = write_module(lower(derivation))
    checks = check_module(network, text, seeds=1, backward=derivation.backward, adjoints=derivation.gradients)
    assert not [c for c in checks if not c.passed]
    assert "np.add.at" not in text


@pytest.mark.parametrize("name", NETWORKS)
def test_small_networks(name: str) -> None:
    check(read_network(HEAD + NETWORKS[name], "net.py"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_networks(name: str) -> None:
    text, path = source(name)
    check(read_network(text, path, name))


def module(network: Network) -> ModuleType:
    """The written module, loaded."""
    made = ModuleType("made")
    exec(write_module(lower(derive(network)))[0], made.__dict__)
    return made


def test_exponents_of_a_recurrence_are_added_up_as_in_what_reads_it() -> None:
    """At 1000 one path has all of the probability: the gradient counts how often it goes where, to the last digit of
    what was an exponent."""
    made = module(read_network(HEAD + TRANSITIONS, "net.py"))
    rng = np.random.default_rng(4)
    e, s, a = (1000 * rng.normal(size=shape) for shape in ((5, 3), (3,), (3, 3)))
    single, double = (made.loss_and_gradients(e, s, a=a.astype(dtype))[1]["a"] for dtype in (np.float32, float))
    assert np.abs(double).max() >= 1
    assert np.abs(double - np.round(double)).max() <= 1e-9
    assert np.abs(single - np.round(double)).max() <= np.spacing(np.float32(1000))


def test_labels_outside_their_range() -> None:
    made = module(read_network(HEAD + EMBEDDING, "net.py"))
    with pytest.raises(ValueError, match=r"s\[1, 0\] is 4, expected a label from 0 to K - 1 = 3"):
        made.loss_and_gradients(np.array([[0], [4]]), np.ones((2, 1, 2)), E=np.ones((4, 2)))


def test_sizes_too_small_for_the_kernel() -> None:
    made = module(read_network(HEAD + NETWORKS["conv 3x2"], "net.py"))
    with pytest.raises(ValueError, match="the sizes are too small"):
        made.loss_and_gradients(np.ones((2, 4, 1, 4)), x=np.ones((2, 3, 2, 5)), w=np.ones((4, 3, 3, 2)), b=np.ones(4))


@pytest.mark.parametrize(
    ("widths", "count", "message"),
    [
        ([(3, 4), (3, 5)], 2, r"W\[1\] has shape \(3, 5\), expected \(D\[l\], D\[l \+ 1\]\) = \(4, 5\)"),
        ([(3, 4), (4, 5)], 1, "b has 1 arrays, expected l: L = 2"),
    ],
)
def test_lists_that_do_not_fit(widths: list[tuple[int, int]], count: int, message: str) -> None:
    text, path = source("mlp")
    made = module(read_network(text, path, "mlp"))
    W = [np.ones(shape) for shape in widths]
    b = [np.ones(shape[1]) for shape in widths][:count]
    with pytest.raises(ValueError, match=message):
        made.loss_and_gradients(np.ones((2, 3)), np.ones((2, 5)), W=W, b=b)


def test_a_step_of_descent_on_lists() -> None:
    text, path = source("mlp")
    made = module(read_network(text, path, "mlp"))
    rng = np.random.default_rng(0)
    parameters = {
        "W": [rng.normal(size=(3, 4)), rng.normal(size=(4, 2))],
        "b": [rng.normal(size=4), rng.normal(size=2)],
    }
    x, y, out, work = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), {}, {}
    losses = []
    for _ in range(20):
        loss, out = made.loss_and_gradients(x, y, **parameters, out=out, work=work)
        losses.append(loss)
        made.sgd_step(parameters, out, 0.05)
    assert losses[-1] < losses[0]
