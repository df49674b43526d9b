"""Sums that are a quantity already computed: what each becomes, in the network language."""

from __future__ import annotations

import pytest

from symbp.lowering.reuse import new_reads, reuse_sums
from symbp.notation.read import read_network
from symbp.notation.write import write_network

HEAD = "from symbp import Data, dims, network\nN, T, S, E, K = dims('N T S E K')\n@network\n"
SIGNATURE = "def f(y: Data[N, K], u: Data[N, K], g: Data[K], a: Data[T, S], v: Data[S, E], o: Data[T, E]):\n"

WAYS = {
    "a factor outside": (
        (
            "h[n, k] = y[n, k] * g[k]",
            "r[k] = sum(y[n, k] * u[n, k] for n in N)",
            "z[k] = sum(u[n, k] * h[n, k] for n in N)",
        ),
        "z[k] = g[k] * r[k]",
        ("g", "r"),
    ),
    "sums exchanged": (
        (
            "b[t, s] = sum(o[t, e] * v[s, e] for e in E)",
            "w[t, e] = sum(a[t, s] * v[s, e] for s in S)",
            "z[t] = sum(b[t, s] * a[t, s] for s in S)",
        ),
        "z[t] = sum(o[t, e] * w[t, e] for e in E)",
        ("o", "w"),
    ),
    "beside what it is taken from": (
        (
            "b[t, s] = sum(o[t, e] * v[s, e] for e in E)",
            "w[t, e] = sum(a[t, s] * v[s, e] for s in S)",
            "z[t, s] = b[t, s] - sum(b[t, i] * a[t, i] for i in S)",
        ),
        "z[t, s] = b[t, s] - sum(b[t, i] * a[t, i] for i in S)",
        (),
    ),
    "named, and taken from it later": (
        (
            "b[t, s] = sum(o[t, e] * v[s, e] for e in E)",
            "w[t, e] = sum(a[t, s] * v[s, e] for s in S)",
            "z[t] = sum(b[t, s] * a[t, s] for s in S)",
            "c[t, s] = a[t, s] * (b[t, s] - z[t])",
        ),
        "z[t] = sum(b[t, s] * a[t, s] for s in S)",
        (),
    ),
    "a letter of the same name": (
        (
            "b[t, s] = sum(o[t, e] * v[s, e] for e in E)",
            "w[e] = sum(v[s, e] * v[s, e] for s in S)",
            "z[t, e] = sum(b[t, s] * v[s, e] for s in S)",
        ),
        "z[t, e] = sum(b[t, s] * v[s, e] for s in S)",
        (),
    ),
    "the factor holds the index": (
        ("h[n, k] = y[n, k] * g[k]", "r[n] = sum(y[n, k] for k in K)", "z[n] = sum(h[n, k] for k in K)"),
        "z[n] = sum(h[n, k] for k in K)",
        (),
    ),
    "the other sum comes later": (
        ("h[n, k] = y[n, k] * g[k]", "z[k] = sum(h[n, k] for n in N)", "r[k] = sum(y[n, k] for n in N)"),
        "z[k] = sum(h[n, k] for n in N)",
        (),
    ),
    "a sum over another index": (
        (
            "b[t, s] = sum(o[t, e] * v[s, e] for e in E)",
            "w[s] = sum(v[s, e] for e in E)",
            "z[t] = sum(b[t, s] for s in S)",
        ),
        "z[t] = sum(b[t, s] for s in S)",
        (),
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_the_shorter_way(case: str) -> None:
    lines, expected, ways = WAYS[case]
    network = read_network(HEAD + SIGNATURE + "".join(f"    {line}\n" for line in lines) + "    return sum(z ** 2)\n")
    shorter = reuse_sums(network)
    assert expected in write_network(shorter)
    assert new_reads(network, shorter).get("z", ()) == ways
