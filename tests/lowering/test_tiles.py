"""Stacks of matrices in blocks of examples: which statements go along, and that the numbers are what they were."""

from __future__ import annotations

import re

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.emit.write import write_module
from symbp.lowering.lower import lower, pure
from symbp.lowering.program import Program
from symbp.lowering.run import run
from symbp.notation.read import read_network
from tests.emit.emitted import load

HEAD = "from symbp import Data, Param, dims, network\nN, H, T, S, E = dims('N H T S E')\n@network\n"
ATTENTION = (
    "a = softmax(z, axis=-1)",
    "o[n, t, e] = sum(a[n, t, s] * v[n, s, e] for s in S)",
    "return sum((o - y)**2) / 2",
)
INPUTS = "q: Param[N, T, E], k: Param[N, S, E], v: Param[N, S, E], y: Data[N, T, E]"
SCORES = "sum(q[n, t, e] * k[n, s, e] for e in E)"

# A network, and over what its loops run.
NETWORKS = {
    "attention": (INPUTS, (f"z[n, t, s] = {SCORES} / sqrt(E)", *ATTENTION), ["z"]),
    "with a bias of the places": (INPUTS + ", b: Param[T, S]", (f"z[n, t, s] = {SCORES} + b[t, s]", *ATTENTION), ["z"]),
    "with a bias of the examples": (
        INPUTS + ", b: Data[N]",
        (f"z[n, t, s] = {SCORES} * b[n]", *ATTENTION),
        ["z"],
    ),
    "with weights that are wanted": (
        INPUTS,
        (f"z[n, t, s] = {SCORES}", *ATTENTION[:2], "return sum((o - y)**2) / 2 + sum(a**3)"),
        ["z", "v_bar"],
    ),
    "with a product of all examples between": (
        INPUTS + ", w: Param[E, E]",
        (
            f"z[n, t, s] = {SCORES}",
            *ATTENTION[:2],
            "r[n, t, c:E] = sum(o[n, t, e] * w[e, c] for e in E)",
            "return sum((r - y)**2) / 2",
        ),
        ["z", "v_bar"],
    ),
    "too few passes": (INPUTS, (f"z[n, t, s] = {SCORES}", "return sum(z**2) + sum(v) * sum(y)"), []),
}
SIZES = {"N": 4, "T": 230, "S": 190, "E": 3}


def program(name: str) -> tuple[Program, Program]:
    """The program with its places, and before anyone thought of memory."""
    signature, lines, _ = NETWORKS[name]
    derivation = derive(read_network(f"{HEAD}def f({signature}):\n" + "".join(f"    {line}\n" for line in lines)))
    return lower(derivation), pure(derivation)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_goes_along_is_a_loop(name: str) -> None:
    statements = program(name)[0].routine("loss_and_gradients").statements
    starts = [s.loop.statements for s in statements if s.loop is not None]
    found = [next(s for s in body if s.op == "matmul").target.name.split(".")[0].split("_n")[0] for body in starts]
    assert found == NETWORKS[name][2]


@pytest.mark.parametrize("name", NETWORKS)
def test_blocks_change_no_number(name: str) -> None:
    made, before = program(name)
    text, _ = write_module(made)
    module, rng = load(text), np.random.default_rng(0)
    arrays = {
        t.name: rng.normal(size=[e.value({d: SIZES[d.name] for d in e.atoms()}) for e in t.shape]) for t in made.inputs
    }
    right = run(before.routine("loss_and_gradients"), arrays, SIZES)
    data = [arrays[n] for n in module.DATA]
    parameters = {n: arrays[n] for n in module.PARAMETERS}
    for length in ("131_072", "1_000_000", "1"):  # two examples at once, all of them, one
        other = load(text.replace("131_072 // each", f"{length} // each"))
        work: dict = {}
        for _ in range(2):
            loss, gradients = other.loss_and_gradients(*data, **parameters, work=work)
        np.testing.assert_allclose(loss, right[made.loss], rtol=1e-12)
        for n, gradient in gradients.items():
            np.testing.assert_allclose(gradient, right[n], rtol=1e-10, atol=1e-12 * np.abs(right[n]).max())


def test_a_block_is_a_divisor_that_fits() -> None:
    block = load(write_module(program("attention")[0])[0])._block
    assert [block(n, 40_000) for n in (1, 2, 3, 4, 6, 9)] == [1, 2, 3, 2, 3, 3]
    assert block(5, 10**9) == 1
    assert block(784, 1) == 784


def test_examples_that_nothing_useful_divides_stay_whole() -> None:
    block = load(write_module(program("attention")[0])[0])._block
    assert [block(n, 40_000) for n in (5, 7, 13)] == [5, 7, 13]


@pytest.mark.parametrize("size", ["IN", "OUT", "WORK", "Lambda", "NP", "Math"])
def test_the_loop_takes_no_name_of_pythons_or_of_the_module(size: str) -> None:
    signature, lines, _ = NETWORKS["attention"]
    source = f"{HEAD}def f({signature}):\n" + "".join(f"    {line}\n" for line in lines)
    source = re.sub(r"\bN\b", size, source)
    module, rng = load(write_module(lower(derive(read_network(source))))[0]), np.random.default_rng(0)
    shape = {"q": (4, 230, 3), "k": (4, 190, 3), "v": (4, 190, 3), "y": (4, 230, 3)}
    q, k, v, y = (rng.normal(size=s) for s in shape.values())
    _, gradients = module.loss_and_gradients(y, q=q, k=k, v=v)
    e = np.exp(q @ k.transpose(0, 2, 1) / np.sqrt(3))
    a = e / e.sum(2, keepdims=True)
    np.testing.assert_allclose(gradients["v"], a.transpose(0, 2, 1) @ (a @ v - y), rtol=1e-10, atol=1e-12)
