"""What is trained by choosing and ranking: policies, pairs by their order, losses of labels, shares to a power."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive
from tests.accuracy.table import Entry, entry

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def squashed_actor(eps: Data[N, H], q: Data[N, H], s: Data[N, D], W: Param[D, H], V: Param[D, H]):
    ls = s @ V
    a = tanh(s @ W + exp(ls) * eps)
    logp = -(eps**2) / 2 - ls - log(1 - a**2)
    return sum(0.2 * logp - q * a) / N
""")
def squashed_actor(eps, q, s, W, V):
    ls = s @ V
    u = s @ W + ls.exp() * eps
    log_slope = 2 * (torch.log(torch.tensor(2.0)) - u - F.softplus(-2 * u))
    return (0.2 * (-(eps**2) / 2 - ls - log_slope) - q * u.tanh()).sum() / len(s)


@network("""
@network
def likely_ratio(x: Data[N, D], a: Labels[N, K], old: Data[N], gain: Data[N], W: Param[D, K]):
    log_p = log_softmax(x @ W)
    r[n] = exp(log_p[n, a[n]] - old[n])
    kept[n] = minimum(r[n] * gain[n], clip(r[n], 0.8, 1.2) * gain[n])
    spread[n] = -sum(exp(log_p[n, k]) * log_p[n, k] for k in K)
    return -sum(kept[n] + 0.01 * spread[n] for n in N) / N
""")
def likely_ratio(x, a, old, gain, W):
    log_p = F.log_softmax(x @ W, -1)
    r = (log_p.gather(1, a[:, None])[:, 0] - old).exp()
    kept = torch.minimum(r * gain, r.clamp(0.8, 1.2) * gain)
    return -(kept - 0.01 * (log_p.exp() * log_p).sum(1)).mean()


@network("""
@network
def balanced_focal(x: Data[N, D], t: Labels[N, K], w: Data[K], W: Param[D, K]):
    p = softmax(x @ W)
    return sum(-w[t[n]] * (1 - p[n, t[n]]) ** 2 * log(p[n, t[n]]) for n in N) / sum(w[t[n]] for n in N)
""", w=fixed_positive)  # fmt: skip
def balanced_focal(x, t, w, W):
    log_p = F.log_softmax(x @ W, -1).gather(1, t[:, None])[:, 0]
    return -(w[t] * torch.expm1(log_p) ** 2 * log_p).sum() / w[t].sum()


@network("""
@network
def poly_one(x: Data[N, D], t: Labels[N, K], W: Param[D, K]):
    e = exp(x @ W)
    q[n] = e[n, t[n]] / sum(e[n, k] for k in K)
    return sum(-log(q[n]) + 2 * (1 - q[n]) for n in N) / N
""")
def poly_one(x, t, W):
    log_q = F.log_softmax(x @ W, -1).gather(1, t[:, None])
    return (-log_q - 2 * torch.expm1(log_q)).mean()


@network("""
@network
def robust_labels(x: Data[N, D], t: Labels[N, K], q: Data, W: Param[D, K]):
    p = softmax(x @ W)
    return sum((1 - p[n, t[n]] ** q) / q for n in N) / N
""", q=fixed_positive)  # fmt: skip
def robust_labels(x, t, q, W):
    log_p = F.log_softmax(x @ W, -1).gather(1, t[:, None])
    return (-torch.expm1(q * log_p) / q).mean()


@network("""
@network
def weighted_pairs(x: Data[N, D], r: Data[N], w: Param[D]):
    s = x @ w
    return sum(log(1 + exp(-(s[i] - s[j]))) * abs(r[i] - r[j]) for i in N for j in N if i < j)
""")
def weighted_pairs(x, r, w):
    s = x @ w
    return (F.softplus(s - s[:, None]) * (r[:, None] - r).abs()).triu(1).sum()


@network("""
@network
def steep_units(x: Data[N, D], y: Data[N], W: Param[D, H], g: Param[H], v: Param[H]):
    a = tanh(exp(g) * (x @ W))
    return mean((a @ v - y) ** 2)
""")
def steep_units(x, y, W, g, v):
    return ((torch.tanh(g.exp() * (x @ W)) @ v - y) ** 2).mean()


@network("""
@network
def steep_gates(x: Data[N, D], y: Data[N], W: Param[D, H], g: Param[H], v: Param[H]):
    a = sigmoid(exp(g) * (x @ W))
    return mean((a @ v - y) ** 2)
""")
def steep_gates(x, y, W, g, v):
    return ((torch.sigmoid(g.exp() * (x @ W)) @ v - y) ** 2).mean()


@network("""
@network
def discounted(r: Data[T], a: Param):
    g = sigmoid(a)
    return sum(g**t * r[t] for t in T) ** 2
""")
def discounted(r, a):
    return (torch.sigmoid(a) ** torch.arange(len(r)) * r).sum() ** 2


@network("""
@network
def flow(x: Data[N, D], w: Param[D], u: Param[D], b: Param):
    t = tanh(x @ w + b)
    g[n] = 1 + (1 - t[n] ** 2) * sum(u[d] * w[d] for d in D)
    return mean(sum((x[n, d] + u[d] * t[n]) ** 2 for d in D) / 2 - log(abs(g[n])) for n in N)
""")
def flow(x, w, u, b):
    t = torch.tanh(x @ w + b)
    z = x + t[:, None] * u
    return ((z**2).sum(1) / 2 - torch.log((1 + (1 - t**2) * (u @ w)).abs())).mean()
