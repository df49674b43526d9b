"""`verify --module` on layers written by hand: right ones pass, each of the usual mistakes is found and described."""

from functools import cache

import pytest

from symbp import networks
from symbp.core.network import Network
from symbp.notation.read import read_network
from symbp.verify.module import check_module
from tests.verify.by_hand import MODULES


@cache
def network(name: str) -> Network:
    """A built-in network."""
    return read_network(*networks.source(name), name)


def failures(name: str, text: str) -> dict[tuple[str, str], str]:
    """The checks that fail: their notes by (what, against what)."""
    return {(c.name, c.witness): c.note for c in check_module(network(name), text) if not c.passed}


@pytest.mark.parametrize("name", MODULES)
def test_a_right_module_passes(name):
    assert failures(name, MODULES[name]) == {}


MISTAKES = [
    ("lstm", "dc * c[t] * f", "dc * c[t + 1] * f", "Wx", ""),  # the forget gate's c of the wrong step
    ("lstm", "dh = h[t + 1] + dh_next", "dh = h[t + 1]",
     "Wh", "the path through z is missing, which reads h"),
    ("lstm", "+ dc_next", "", "Wx", "the path through c is missing, which reads c"),
    ("lstm", "dWh += h[t].T @ dz", "dWh += h[t + 1].T @ dz", "Wh", ""),
    ("lstm", "db += dz.sum(axis=0)", "db = dz.sum(axis=0)",
     "b", "the sum over T is missing, only t = 0 is counted"),
    ("lstm", "reversed(range(T))", "reversed(range(1, T))", "b", "the sum over T leaves out t = 0"),
    ("conv_layer", "dp[window] += np.einsum(\"nfij,fc->ncij\", cotangent, w[:, :, u, v])",
     "dp[window] += np.einsum(\"nfij,fc->ncij\", cotangent, w[:, :, -1 - u, -1 - v])", "x", ""),  # a kernel flipped
    ("conv_layer", "dw[:, :, u, v]", "dw[:, :, -1 - u, -1 - v]",
     "w", "it is flipped along dimension 2 and dimension 3"),
    ("conv_layer", "dp[:, :, 1:-1, 1:-1]", "dp[:, :, :-2, :-2]",
     "x", "it is off by one along dimension 2 and dimension 3"),
    ("conv_layer", "dp[window] +=", "dp[window] =", "x", ""),  # windows that overlap
    ("conv_layer", "axis=(0, 2, 3)", "axis=(0, 3, 2)) / len(x) + 0 * cotangent.sum(axis=(0, 2, 3)",
     "b", "a factor of 1/N"),
    ("max_pool_layer", "left = left - here", "pass", "x", "entries are off"),  # at a tie all get all
    ("max_pool_layer", "dx[window] += here", "dx[window] = here", "x", ""),
    ("char_mlp", "np.add.at(dE, x, de)", "dE[x] = de", "E", "only the last counts"),  # the last one wins
    ("char_mlp", " - xhat * (dxhat * xhat).sum(axis=0) / (N - 1)", "", "W1", "path through v"),
    ("char_mlp", "dxhat - dxhat.mean(axis=0) - xhat", "dxhat - xhat", "W1", "path through"),
    ("char_mlp", "(dxhat * xhat).sum(axis=0) / (N - 1)", "(dxhat * xhat).sum(axis=0) / N", "W1", ""),
    ("attention_head", " - (dA * A).sum(axis=2, keepdims=True)", "", "Wq", "path through"),
    ("attention_head", "(dA * A).sum(axis=2", "(dA * A).sum(axis=1", "Wk", ""),
    ("attention_head", "dS.swapaxes(1, 2) @ Q", "dS @ Q", "Wk", ""),
    ("attention_head", "keepdims=True)) / E**0.5", "keepdims=True))", "Wq", "every entry is"),
]  # fmt: skip


@pytest.mark.share(2)
@pytest.mark.parametrize(("name", "old", "new", "tensor", "looks"), MISTAKES)
def test_the_usual_mistakes_are_found(name, old, new, tensor, looks):
    assert old in MODULES[name]
    found = failures(name, MODULES[name].replace(old, new))
    note = found[tensor, "complex step"]
    assert note.startswith(f"{tensor}[")
    assert looks in note
