"""The elementary functions that no network of the project calls."""

from __future__ import annotations

from functools import partial

import torch

from tests.accuracy.table import Entry, entry
from tests.autograd.random_data import bits as zero_or_one
from tests.autograd.random_data import positive

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def log_cosh(x: Data[N, D], y: Data[N], w: Param[D]):
    return mean(log(cosh(x @ w - y)))
""")
def log_cosh(x, y, w):
    z = (x @ w - y).abs()
    return (z + torch.log1p(torch.exp(-2 * z)) - torch.log(torch.tensor(2.0, dtype=z.dtype))).mean()


@network("""
@network
def sinh_by_cosh(x: Data[N, D], y: Data[N, H], W: Param[D, H]):
    z = x @ W
    s = sinh(z)
    c = cosh(z)
    return sum((s / c - y) ** 2) / N
""")
def sinh_by_cosh(x, y, W):
    return ((torch.tanh(x @ W) - y) ** 2).sum() / len(x)


@network("""
@network
def secants(x: Data[N, D], W: Param[D, H], v: Param[H]):
    return sum(v[h] / cosh(sum(x[n, d] * W[d, h] for d in D)) for n in N for h in H) / N
""")
def secants(x, W, v):
    z = (x @ W).abs()
    return (2 * torch.exp(-z) / (1 + torch.exp(-2 * z)) @ v).mean()


@network("""
@network
def probit_by_erfc(x: Data[N, D], y: Data[N], W: Param[D]):
    p = erfc(-(x @ W) / sqrt(2)) / 2
    return sum((p - y) ** 2) / N
""")
def probit_by_erfc(x, y, W):
    return ((torch.erfc(-(x @ W) / 2**0.5) / 2 - y) ** 2).mean()


@network("""
@network
def bits(x: Data[N, D], W: Param[D, K], y: Labels[N, K]):
    z = x @ W
    return mean(log2(sum(exp(z[n, k]) for k in K)) - z[n, y[n]] / log(2) for n in N)
""")
def bits(x, W, y):
    return torch.nn.functional.cross_entropy(x @ W, y) / torch.log(torch.tensor(2.0, dtype=x.dtype))


@network("""
@network
def angles(x: Data[N, D], y: Data[N, H], W: Param[D, H], b: Param[H]):
    return sum((atan(x @ W + b) - y) ** 2) / N
""")
def angles(x, y, W, b):
    return ((torch.atan(x @ W + b) - y) ** 2).sum() / len(x)


@network("""
@network
def gamma_nll(y: Data[N], a: Param[N], b: Param[N]):
    return mean(lgamma(a) - a * log(b) - (a - 1) * log(y) + b * y)
""", y=positive, a=positive, b=positive)  # fmt: skip
def gamma_nll(y, a, b):
    return (torch.lgamma(a) - a * torch.log(b) - (a - 1) * torch.log(y) + b * y).mean()


@network("""
@network
def expected_log(y: Data[N], a: Param[N], b: Param[N]):
    return sum((digamma(a) - log(b) - y) ** 2)
""", a=positive, b=positive)  # fmt: skip
def expected_log(y, a, b):
    return ((torch.digamma(a) - torch.log(b) - y) ** 2).sum()


@network("""
@network
def probit_tails(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    z = (x @ w + b) / sqrt(2)
    p = 0.5 * (1 + erf(z))
    return -mean(y * log(p) + (1 - y) * log(1 - p))
""", y=zero_or_one)  # fmt: skip
def probit_tails(x, y, w, b):
    z = x @ w + b
    return -(y * torch.special.log_ndtr(z) + (1 - y) * torch.special.log_ndtr(-z)).mean()


@network("""
@network
def truncated(x: Data[N, D], y: Data[N], w: Param[D]):
    mu = x @ w
    return mean((y - mu) ** 2 / 2 + log(erfc(-mu / sqrt(2)) / 2))
""")
def truncated(x, y, w):
    mu = x @ w
    return ((y - mu) ** 2 / 2 + torch.special.log_ndtr(mu)).mean()


@network("""
@network
def tobit(x: Data[N, D], y: Data[N], cut: Data[N], w: Param[D], s: Param):
    r = (y - x @ w) / exp(s)
    return -mean(where(cut > 0, log(0.5 * (1 + erf(-r / sqrt(2)))), -(r**2) / 2 - s))
""", cut=zero_or_one)  # fmt: skip
def tobit(x, y, cut, w, s):
    r = (y - x @ w) * (-s).exp()
    return -torch.where(cut > 0, torch.special.log_ndtr(-r), -(r**2) / 2 - s).mean()
