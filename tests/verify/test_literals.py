"""Literal sizes are checked at smaller ones: which these are, and when what is derived at both is the same."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from symbp.core.network import Network
from symbp.document.compose import equalities
from symbp.errors import NotationError
from symbp.notation.read import read_network
from symbp.pipeline import Build
from symbp.sources import Source
from symbp.verify.alike import Numbers, alike_equalities, alike_texts
from symbp.verify.arrays import Parts
from symbp.verify.full_size import _direction, check_full_size
from symbp.verify.smaller import smaller

HEAD = "from symbp import Data, Labels, Param, dims, network\nN, T = dims('N T')\n@network\ndef net"

MLP = """(x: Data[N, 784], t: Labels[N, 10], W: Param[784, 50], b: Param[50], V: Param[50, 10], c: Param[10]):
    return cross_entropy(relu(x @ W + b) @ V + c, t)"""
LENET = """(x: Data[N, 1, 28, 28], t: Labels[N, 10], c1: Param[6, 1, 5, 5], k1: Param[6], c2: Param[16, 6, 5, 5],
        k2: Param[16], A: Param[120, 400], a: Param[120], B: Param[84, 120], b: Param[84], C: Param[10, 84],
        c: Param[10]):
    p = max_pool2d(relu(conv2d(x, c1, k1, padding=2)), 2)
    q = max_pool2d(relu(conv2d(p, c2, k2)), 2)
    z[n, j] = sum(q[n, m, u, v] * A[j, 25 * m + 5 * u + v] for m in range(16) for u in range(5) for v in range(5))
    f = z + a
    return cross_entropy(relu(relu(f) @ B.T + b) @ C.T + c, t)"""
HEADS = """(x: Data[N, T, 512], y: Data[N, T, 512], Q: Param[512, 512], V: Param[512, 512]):
    q = x @ Q
    v = x @ V
    s[n, h: 8, i, j] = sum(q[n, i, 64 * h + d] * x[n, j, 64 * h + d] for d in range(64)) / 8
    w = softmax(s)
    o[n, i, h: 8, d: 64] = sum(w[n, h, i, j] * v[n, j, 64 * h + d] for j in T)
    return sum((o[n, i, h, d] - y[n, i, 64 * h + d]) ** 2 for n in N for i in T for h in range(8) for d in range(64))"""
VOCABULARY = """(t: Labels[N, 50000], u: Labels[N, 50000], E: Param[50000, 64], W: Param[64, 50000]):
    h[n, d] = E[t[n], d]
    return cross_entropy(h @ W, u)"""
STRIDED = """(x: Data[N, 3, 32, 32], t: Labels[N, 10], w: Param[16, 3, 3, 3], W: Param[3600, 10]):
    c = relu(conv2d(x, w, stride=2))
    l[n, k] = sum(c[n, f, i, j] * W[225 * f + 15 * i + j, k] for f in range(16) for i in range(15) for j in range(15))
    return cross_entropy(l, t)"""
MEAN = "(x: Data[N, 784], w: Param[784, 30]):\n    return sum((x @ w) ** 2) / 784"
NORM = """(x: Data[N, 768], g: Param[768], b: Param[768], W: Param[768, 768]):
    return mean(layer_norm(x @ W, g, b) ** 2)"""
EQUAL = "(x: Data[64, 64], y: Data[64, 64], W: Param[64, 64], b: Param[64]):\n    return mse(tanh(x @ W + b), y)"
FEW = "(x: Data[1, 784], y: Data[1, 2], W: Param[784, 2], b: Param[2]):\n    return sum((sigmoid(x @ W + b) - y) ** 2)"
STEPS = """(x: Data[100, N, 32], s: Data[N, 48], A: Param[32, 48], B: Param[48, 48]):
    h[-1] = s
    for t in range(100):
        h[t] = tanh(x[t] @ A + h[t - 1] @ B)
    return sum(h[99] ** 2)"""
PRIMES = "(x: Data[N, 787], A: Param[787, 53], B: Param[53, 11]):\n    return sum((tanh(x @ A) @ B) ** 2)"
GATES = """(x: Data[N, 100], A: Param[100, 512]):
    g = x @ A
    f[n, h: 128] = sigmoid(g[n, 128 + h]) * tanh(g[n, h]) + g[n, 256 + h] * g[n, 384 + h]
    return sum(f ** 2)"""
JOINED = """(x: Data[N, 300], A: Param[300, 64], B: Param[300, 100], C: Param[164, 30]):
    a = x @ A
    b = x @ B
    c[n, i: 164] = a[n, i] if i < 64 else b[n, i - 64]
    return sum((c @ C) ** 2)"""
PADDED = "(x: Data[N, 3, 32, 32], w: Param[16, 3, 3, 3]):\n    return sum(relu(conv2d(x, w, padding=1)) ** 2)"
FLAT = """(x: Data[N, 16, 5, 5], W: Param[400, 120]):
    f[n, k: 400] = sum(x[n, c, i, j] for c in range(16) for i in range(5) for j in range(5) if 25 * c + 5 * i + j == k)
    return sum(tanh(f @ W) ** 2)"""
MERGED = """(x: Param[N, 8, T, 64], W: Param[512, 512]):
    f[n, i: T, k: 512] = sum(x[n, h, i, d] for h in range(8) for d in range(64) if k == 64 * h + d)
    return sum((f @ W) ** 2)"""
GROUPS = """(x: Param[N, 256, 7, 7], g: Param[256], b: Param[256]):
    return sum(group_norm(x, 32, g, b) ** 3)"""
ONE_CLASS = """(t: Labels[N, 50000], E: Param[50000, 64]):
    h[n, d] = E[t[n], d] if t[n] != 500 else 0
    return sum(h ** 2)"""
NEXT_CLASS = """(t: Labels[N, 49999], E: Param[50000, 64]):
    h[n, d] = E[t[n] + 1, d]
    return sum(h ** 2)"""
FLATTENED = """(x: Data[N, 3, 32, 32], w: Param[16, 3, 3, 3], V: Param[4096, 10]):
    return sum((flatten(max_pool2d(relu(conv2d(x, w, padding=1)), 2)) @ V) ** 2)"""
DEEP = """(x: Data[N, 3, 32, 32], u: Param[16, 3, 3, 3], v: Param[16, 16, 3, 3], w: Param[32, 16, 3, 3],
        V: Param[2048, 10]):
    y = max_pool2d(conv2d(conv2d(x, u, padding=1), v, padding=1), 2)
    return sum((flatten(max_pool2d(conv2d(y, w, padding=1), 2)) @ V) ** 2)"""
PATCHES = """(x: Data[N, 3, 224, 224], W: Param[768, 64]):
    p = reshape(transpose(reshape(x, N, 3, 14, 16, 14, 16), (0, 2, 4, 1, 3, 5)), N, 196, 768)
    return sum(tanh(p @ W) ** 2)"""
BATCH = "(x: Data[32, 1000], y: Data[32, 1], W: Param[1000, 1]):\n    return mean((x @ W - y) ** 2)"

RETURN = "    return float(L), out"

# A network, and what some of its literal sizes are taken for.
TAKEN = [
    (MLP, {784: 11, 50: 7, 10: 5}),
    (LENET, {400: 63, 25: 9, 16: 7, 14: 8, 10: 6, 5: 3}),
    (HEADS, {512: 77, 64: 11, 8: 7}),
    (VOCABULARY, {50000: 7, 64: 5}),
    (STRIDED, {3600: 539, 225: 49, 15: 7, 16: 11, 32: 16}),
    (MEAN, {784: 7, 30: 5}),
    (NORM, {768: 5}),
    (EQUAL, {64: 3, 4096: 9}),
    (FEW, {784: 3}),
    (STEPS, {100: 12, 99: 11}),
    (PRIMES, {787: 11, 53: 7, 11: 5}),
    (GATES, {512: 28, 384: 21, 256: 14, 128: 7}),
    (JOINED, {164: 18, 64: 7, 100: 11}),
    (PADDED, {32: 7, 34: 9}),
    (FLAT, {400: 45, 25: 9, 16: 5, 5: 3, 120: 7}),
    (MERGED, {512: 77, 64: 11, 8: 7}),
    (GROUPS, {256: 35, 32: 7, 8: 5, 7: 3}),
    (ONE_CLASS, {50000: 11, 500: 7, 64: 5}),  # some label is 500 where it is checked, too
    (NEXT_CLASS, {50000: 8, 49999: 7}),
    (FLATTENED, {32: 14, 4096: 343, 256: 49}),  # channels apart from pixels
    (DEEP, {2048: 256, 64: 16, 8: 4}),  # numbers that are no primes, for primes are too large
    (PATCHES, {768: 147, 256: 49, 196: 25, 224: 35}),
    (BATCH, {32: 3, 1000: 5}),  # 2 / 32 is written as 1 / 16, 2 / 3 is not
]


def build_of(text: str) -> Build:
    return Build(Source(HEAD + text + "\n", "net.py", "net"))


def network_of(text: str) -> Network:
    return read_network(HEAD + text + "\n", "net.py", "net")


@pytest.mark.parametrize(("text", "taken"), TAKEN)
def test_what_is_checked_is_small_and_alike(text: str, taken: dict[int, int]) -> None:
    build = build_of(text)
    found = dict(build.literal_sizes)
    assert {a: found.get(a) for a in taken} == taken
    assert build.trial.network.shape("L") == ()


@pytest.mark.parametrize(
    "line",
    [
        "z[n, i, k: 20] = x[n, i] * W[i, k] if x[n, i] > i - 500 else W[i, k] ** 2",
        "z[n, i, k: 20] = x[n, i] * W[i, k] * exp(-relu(i - 500))",
    ],
)
def test_a_value_that_turns_within_a_range_keeps_the_range(line: str) -> None:
    """At a smaller one i - 500 would never be positive."""
    build = build_of(f"(x: Data[N, 784], W: Param[784, 20]):\n    {line}\n    return sum(z ** 2)")
    assert all(dict(small.pairs)[784] == 784 for small in smaller(build.network))


def test_what_is_written_has_the_sizes_of_the_file() -> None:
    files = build_of(MLP).files
    assert '"W": (784, 50)' in files["gradients.py"]
    assert "784" in files["derivation.tex"]
    assert '"literal sizes": {' in files["report.json"]
    assert '"784": 11' in files["report.json"]


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        (784, 11, True),
        (783, 10, True),
        (783, 11, False),
        (50, 11, False),
        (Fraction(1, 784), Fraction(1, 11), True),
        (Fraction(1, 392), Fraction(2, 11), True),
        (Fraction(1, 784), Fraction(1, 7), False),
        (784 * 50, 77, True),
        (834, 18, True),
        (-784, -11, True),
        (784, -11, False),
        (3, 3, True),
        (3, 2, False),
    ],
)
def test_numbers_that_stand_for_each_other(one: Fraction | int, other: Fraction | int, agree: bool) -> None:
    assert Numbers(((784, 11), (50, 7))).agree(one, other) is agree


def test_one_number_that_is_wrong_is_not_alike() -> None:
    """At 784 alone something is off, as by a rule that has a mistake only for large sizes."""
    build = build_of(MEAN)
    (small,) = smaller(build.network)
    other, numbers = replace(build, at=small), Numbers(small.pairs)
    text, right = build.module[0], other.module[0]
    assert alike_texts(text, right, numbers)
    assert not alike_texts(text.replace('"w": (784, 30)', '"w": (785, 30)'), right, numbers)
    assert not alike_texts(text.replace("1 / 392", "1 / 391"), right, numbers)
    claims = equalities(build.document)
    assert alike_equalities(claims, equalities(other.document), numbers)
    assert not alike_equalities(claims[::-1], equalities(other.document), numbers)
    assert not alike_equalities(claims[:-1], equalities(other.document), numbers)


def test_a_module_that_is_wrong_at_its_own_sizes_alone_is_found() -> None:
    """It is checked at smaller sizes and run once at its own."""
    build = build_of(MLP)
    module = build.module[0]
    small = build.trial.network
    assert all(c.passed for c in check_full_size(build.network, small, module))
    broken = module.replace(RETURN, "    out['b'][41] *= 3\n" + RETURN)
    assert broken != module
    assert [c.name for c in check_full_size(build.network, small, broken) if not c.passed] == ["b"]


def test_a_given_module_of_large_sizes_is_held_against_the_one_that_is_right(tmp_path: Path) -> None:
    build = build_of(LENET)
    path = tmp_path / "given.py"
    for factor, wrong in (("1", []), ("1.001", ["c2"])):
        module = build.module[0].replace(RETURN, f"    out['c2'][3] *= {factor}\n{RETURN}")
        path.write_text(module)
        checks = replace(build, given_module=path).module_checks
        assert [c.name for c in checks if not c.passed] == wrong


REFUSED = """(x: Data[2000, 2000], w: Param[2000, 2000]):
    z[i, j] = sum(x[i, k] * w[k, j] for k in range(2000) if k <= i + 1000)
    return sum(z ** 2)"""


def test_sizes_that_decide_are_refused_with_the_reason() -> None:
    with pytest.raises(
        NotationError, match=r"`x` has 4000000 terms.*1000 stands in a subscript in `z`; a size from dims"
    ):
        _ = build_of(REFUSED).files


def test_a_large_file_is_read_in_no_time() -> None:
    network = network_of("(x: Data[N, 1000000000], w: Param[1000000000]):\n    return sum((x @ w) ** 2)")
    (small,) = smaller(network)
    assert small.pairs == ((1000000000, 5),)


def test_more_numbers_than_small_primes_become_consecutive_ones() -> None:
    widths = range(101, 121)
    weights = ", ".join(f"W{k}: Param[{k}, {k + 1}]" for k in widths)
    layers = "\n".join(f"    h{k + 1} = tanh(h{k} @ W{k} / 4)" for k in widths)
    text = f"(x: Data[N, 101], {weights}):\n    h101 = x\n{layers}\n    return sum(h121 ** 2)"
    (small, *_) = smaller(network_of(text))
    found = dict(small.pairs)
    assert len({found[k] for k in range(101, 122)}) == 21
    assert max(found.values()) <= 27


def test_few_numbers_stay_what_they_are() -> None:
    network = network_of("(x: Data[N, 7], w: Param[7, 2]):\n    return sum((x @ w) ** 2)")
    assert list(smaller(network)) == []


def test_lenet_equals_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    from torch.nn import functional as F

    build = build_of(LENET)
    module: dict[str, object] = {}
    exec(compile(build.files["gradients.py"], "gradients.py", "exec"), module)
    generator = np.random.default_rng(0)
    shapes = {t.name: tuple(p.constant or 4 for p in t.shape) for t in build.network.inputs}
    drawn = {n: generator.normal(size=s) / max(1, np.prod(s[1:])) ** 0.5 for n, s in shapes.items()}
    labels = generator.integers(0, 10, 4)
    names = build.network.parameters
    loss, gradients = module["loss_and_gradients"](drawn["x"], labels, **{n: drawn[n] for n in names})  # type: ignore[operator]
    p = {n: torch.tensor(drawn[n], requires_grad=True) for n in names}
    z = F.max_pool2d(F.relu(F.conv2d(torch.tensor(drawn["x"]), p["c1"], p["k1"], padding=2)), 2)
    z = F.max_pool2d(F.relu(F.conv2d(z, p["c2"], p["k2"])), 2).flatten(1)
    for weight, bias in (("A", "a"), ("B", "b"), ("C", "c")):
        z = F.linear(z if weight == "A" else F.relu(z), p[weight], p[bias])
    right = F.cross_entropy(z, torch.tensor(labels))
    right.backward()
    assert abs(loss - right.item()) < 1e-12
    for name in names:
        expected = p[name].grad.numpy()
        assert np.abs(gradients[name] - expected).max() <= 1e-10 * max(1e-3, np.abs(expected).max())


OBEYING = """(x: Data[N, 784], y: Data[N, 400], W: Param[784, 400], b: Param[400]):
    assert sum(x[n, d] for d in range(784)) == 0
    assert sum(y[n, k] for k in range(400)) == 1
    return cross_entropy(x @ W + b, y)"""
MINE = """
import numpy as np

def loss_and_gradients(x, y, *, W, b):
    if abs(x.sum(1)).max() > 1e-9 or abs(y.sum(1) - 1).max() > 1e-9:
        raise ValueError("the data do not obey the facts")
    z = x @ W + b
    z -= z.max(axis=1, keepdims=True)
    l = z - np.log(np.exp(z).sum(1, keepdims=True))
    d = (np.exp(l) - y) / len(x)
    return -(y * l).sum() / len(x), {"W": x.T @ d, "b": d.sum(0)}
"""


def test_a_module_whose_data_obey_facts_runs_at_its_own_sizes_too(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    build = replace(build_of(OBEYING), given_module=path)
    assert [c.note for c in build.module_checks if not c.passed] == []
    assert sum(c.count for c in build.module_checks) > 784 * 400
    path.write_text(MINE.replace("d.sum(0)", "d.sum(0) + (np.arange(400) == 171)"))
    wrong = [c.note for c in replace(build).module_checks if not c.passed]
    assert [note.partition(" is ")[0] for note in wrong] == ["b[171]"]


class Kinked:
    """A module whose loss is sum |w + 3e-7|, so that a step of 1e-6 from 0 crosses kinks."""

    def loss(self, parts: dict[str, Parts]) -> float:
        return float(np.sum(np.abs(parts["w"][0][1] + 3e-7)))


@pytest.mark.parametrize(("slope", "passed"), [(1.0, True), (1.001, False), (-1.0, False)])
def test_a_step_over_a_kink_is_made_shorter(slope: float, passed: bool) -> None:
    parts, gradient = [((), np.zeros(50))], [((), np.full(50, slope))]
    check = _direction(Kinked(), "w", {"w": parts}, gradient, np.random.default_rng(1))  # type: ignore[arg-type]
    assert check.passed == passed


def test_what_is_checked_in_its_place_is_not_made_smaller_again() -> None:
    """Its sizes may still be above those from which smaller ones are looked for: that would be done over and over."""
    trial = build_of(MLP).trial
    assert trial.at is not None
    assert trial.trial is trial
