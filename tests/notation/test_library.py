"""The library's functions against their formulas, by the interpreter."""

import math
import random

import pytest

from symbp.escape import cleaned
from symbp.notation import library
from symbp.verify.sizes import Sizes
from symbp.verify.systems import FLOATS
from symbp.verify.world import World
from tests.notation.layers import LAYERS
from tests.notation.texts import read

SIZES = {"N": 3, "K": 5}


def sigma(z):
    return 1 / (1 + math.exp(-z))


def soft(row):
    return [math.exp(z) / sum(map(math.exp, row)) for z in row]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


def rows(x, y):
    return zip(x, y, strict=True)


def pairs(x, y):
    return ((a, b) for p, q in rows(x, y) for a, b in rows(p, q))


def dot(p, q):
    return sum(a * b for a, b in rows(p, q))


ENTRYWISE = [
    ("sigmoid(x)", sigma),
    ("relu(x)", lambda z: max(z, 0)),
    ("leaky_relu(x)", lambda z: z if z > 0 else 0.01 * z),
    ("leaky_relu(x, negative_slope=0.2)", lambda z: z if z > 0 else 0.2 * z),
    ("elu(x)", lambda z: z if z > 0 else math.exp(z) - 1),
    ("elu(x, 2)", lambda z: z if z > 0 else 2 * (math.exp(z) - 1)),
    ("softplus(x)", lambda z: math.log(1 + math.exp(z))),
    ("swish(x)", lambda z: z * sigma(z)),
    ("gelu(x)", lambda z: z * (1 + math.erf(z / math.sqrt(2))) / 2),
]

BY_ROWS = [
    ("softmax(x)", soft),
    ("log_softmax(x)", lambda row: [math.log(p) for p in soft(row)]),
]

SCALARS = [
    ("mse(x, y)", lambda x, y: mean((a - b) ** 2 for a, b in pairs(x, y))),
    ("cross_entropy(x, y)", lambda x, y: -mean(dot([math.log(a) for a in soft(p)], q) for p, q in rows(x, y))),
    ("nll(x, y)", lambda x, y: -mean(dot(p, q) for p, q in rows(x, y))),
    (
        "binary_cross_entropy(y, sigmoid(x))",
        lambda x, y: -mean(sigma(a) * math.log(b) + (1 - sigma(a)) * math.log(1 - b) for a, b in pairs(x, y)),
    ),
    (
        "binary_cross_entropy_with_logits(x, y)",
        lambda x, y: -mean(b * math.log(sigma(a)) + (1 - b) * math.log(1 - sigma(a)) for a, b in pairs(x, y)),
    ),
    ("sum(logsumexp(x))", lambda x, y: sum(math.log(sum(map(math.exp, p))) for p in x)),
    ("cross_entropy(x[0], y[0])", lambda x, y: -dot([math.log(a) for a in soft(x[0])], y[0])),
]


def run(body):
    """The tables of a network at random data: x anywhere, y between 0 and 1."""
    network = read(body, "x: Data[N, K], y: Data[N, K], w: Param")
    generator = random.Random(1)
    x = [[generator.uniform(-2, 2) for _ in range(SIZES["K"])] for _ in range(SIZES["N"])]
    y = [[generator.uniform(0.1, 0.9) for _ in range(SIZES["K"])] for _ in range(SIZES["N"])]
    world = World(network, Sizes(SIZES), FLOATS)
    tables = {
        name: {(n, k): v for n, row in enumerate(rows) for k, v in enumerate(row)}
        for name, rows in (("x", x), ("y", y))
    }
    world.fill({**tables, "w": {(): 1.0}})
    return world, x, y


@pytest.mark.parametrize(("call", "formula"), ENTRYWISE)
def test_entrywise(call, formula):
    world, x, _ = run(f"z = {call}\nreturn sum(z) * w")
    for n, k in world.keys("z"):
        assert world.value("z", (n, k)) == pytest.approx(formula(x[n][k]), rel=1e-14)


@pytest.mark.parametrize(("call", "formula"), BY_ROWS)
def test_by_rows(call, formula):
    world, x, _ = run(f"z = {call}\nreturn sum(z) * w")
    for n, k in world.keys("z"):
        assert world.value("z", (n, k)) == pytest.approx(formula(x[n])[k], rel=1e-14)


@pytest.mark.parametrize(("call", "formula"), SCALARS)
def test_scalars(call, formula):
    world, x, y = run(f"return {call} + 0 * w")
    assert world.value("L") == pytest.approx(formula(x, y), rel=1e-13)


def test_every_function_of_the_library_is_tested():
    calls = [call for call, _ in (*ENTRYWISE, *BY_ROWS, *SCALARS)] + [call for _, call, _ in LAYERS]
    tested = " ".join(calls)
    assert [name for name in library.names() if f"{name}(" not in tested] == []


@pytest.mark.parametrize("name", library.names())
def test_every_function_has_a_sentence(name):
    """In both languages, a line each, for the pages say what it is for."""
    found = library.find(name)
    assert found is not None
    doc = cleaned(found[1].body[0].value.value)
    english, chinese = (doc.lines(han).raw for han in (False, True))
    assert english.endswith(".")
    assert chinese.endswith("。")
    assert "\n" not in english + chinese


def test_what_only_calls_another_function_is_that_function():
    """No equation is a copy of another, and the names are those of the caller's."""
    network = read("y = scaled_dot_product_attention(x, x, x)\nreturn sum(y) * w", "x: Data[N, K], w: Param")
    assert [e.name for e in network.equations] == ["y_s", "y_a", "y", "L"]
