"""Events, ranks, counts and kernels: hazards, ordered classes, orders by strength, what is zero more often than not."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import counts, fixed_positive
from tests.accuracy.table import Entry, entry
from tests.autograd.random_data import bits

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def hazards(x: Data[N, D], t: Labels[N, T], seen: Data[N], W: Param[D, T]):
    h = sigmoid(x @ W)
    lived[n] = sum(log(1 - h[n, s]) for s in T if s < t[n])
    return -mean(lived[n] + seen[n] * log(h[n, t[n]]) + (1 - seen[n]) * log(1 - h[n, t[n]]) for n in N)
""", seen=bits)  # fmt: skip
def hazards(x, t, seen, W):
    z = x @ W
    before = torch.arange(z.shape[1]) < t[:, None]
    own = z.gather(1, t[:, None])[:, 0]
    lived = torch.where(before, F.logsigmoid(-z), 0).sum(1)
    return -(lived + seen * F.logsigmoid(own) + (1 - seen) * F.logsigmoid(-own)).mean()


@network("""
@network
def ordered_classes(x: Data[N, D], up: Data[N], w: Param[D], c: Param, gap: Param):
    f = x @ w
    top = sigmoid(c + exp(gap) - f)
    low = sigmoid(c - f)
    return -mean(where(up > 0, log(1 - top), log(top - low)))
""", up=bits)  # fmt: skip
def ordered_classes(x, up, w, c, gap):
    f = x @ w
    a, b = c + gap.exp() - f, c - f
    # sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^(b - a))
    between = F.logsigmoid(a) + F.logsigmoid(-b) + torch.log(-torch.expm1(-gap.exp()))
    return -torch.where(up > 0, F.logsigmoid(-a), between).mean()


@network("""
@network
def rounded_values(x: Data[N], m: Param[K], s: Param[K], w: Param[K]):
    high[n, k] = sigmoid((x[n] - m[k] + 0.5) / exp(s[k]))
    low[n, k] = sigmoid((x[n] - m[k] - 0.5) / exp(s[k]))
    p = softmax(w)
    return -mean(log(sum(p[k] * (high[n, k] - low[n, k]) for k in K)) for n in N)
""")
def rounded_values(x, m, s, w):
    d = x[:, None] - m
    a, b = (d + 0.5) * (-s).exp(), (d - 0.5) * (-s).exp()
    # log(1 - e^-u) of u = e^-s, which is u where that is small
    gap = torch.where(s > 20, -s, torch.log(-torch.expm1(-(-s.clamp(max=20)).exp())))
    each = F.log_softmax(w, 0) + F.logsigmoid(a) + F.logsigmoid(-b) + gap
    return -torch.logsumexp(each, 1).mean()


@network("""
@network
def spikes(x: Data[N, D], y: Data[N], w: Param[D]):
    rate = softplus(x @ w)
    return mean(rate - y * log(rate))
""", y=counts)  # fmt: skip
def spikes(x, y, w):
    z = x @ w
    log_rate = torch.where(z < -15, z, F.softplus(z.clamp(min=-15)).log())
    return (F.softplus(z) - y * log_rate).mean()


@network("""
@network
def waiting_times(x: Data[N, D], y: Data[N], w: Param[D], c: Param):
    rate = softplus(x @ w) * softplus(c)
    return mean(rate * y - log(rate))
""", y=fixed_positive)  # fmt: skip
def waiting_times(x, y, w, c):
    z = x @ w
    log_rate = [torch.where(u < -15, u, F.softplus(u.clamp(min=-15)).log()) for u in (z, c)]
    return (F.softplus(z) * F.softplus(c) * y - sum(log_rate)).mean()


@network("""
@network
def scale_by_softplus(x: Data[N, D], y: Data[N], a: Param[D], b: Param[D]):
    s = softplus(x @ b)
    return mean(log(1 + ((y - x @ a) / s) ** 2) + log(s))
""")
def scale_by_softplus(x, y, a, b):
    z, far = x @ b, (y - x @ a).abs()
    log_s = torch.where(z < -15, z, F.softplus(z.clamp(min=-15)).log())
    # log(1 + (d/s)^2) + log s by the logarithm of d, which may be 0
    log_d = torch.where(far > 0, far, 1).log()
    return (torch.where(far > 0, F.softplus(2 * (log_d - log_s)), 0) + log_s).mean()


@network("""
@network
def clusters(x: Data[N], m: Param[K], s: Param[K], w: Param[K]):
    p = softmax(w)
    return -mean(log(sum(p[k] * exp(-((x[n] - m[k]) / exp(s[k]))**2 / 2) / exp(s[k]) for k in K)) for n in N)
""")
def clusters(x, m, s, w):
    each = F.log_softmax(w, 0) - ((x[:, None] - m) / s.exp()) ** 2 / 2 - s
    return -torch.logsumexp(each, 1).mean()


@network("""
@network
def order_of_finish(x: Data[N, D], w: Param[D]):
    e = exp(x @ w)
    rest[n: N] = sum(e[m] for m in N if m >= n)
    return -sum(log(e / rest))
""")
def order_of_finish(x, w):
    s = x @ w
    return -(s - torch.logcumsumexp(s.flip(0), 0).flip(0)).sum()


@network("""
@network
def noisy_or(x: Data[N, D], y: Data[N], W: Param[D, H]):
    off = 1 - sigmoid(x @ W)
    q[n] = exp(sum(log(off[n, h]) for h in H))
    return -mean(y * log(1 - q) + (1 - y) * log(q))
""", y=bits)  # fmt: skip
def noisy_or(x, y, W):
    s = -F.softplus(x @ W).sum(1)
    return -torch.where(y > 0, torch.log(-torch.expm1(s)), s).mean()


@network("""
@network
def negative_binomial(x: Data[N, D], y: Data[N], w: Param[D], a: Param):
    r = exp(a)
    mu = exp(x @ w)
    p = r / (r + mu)
    return -mean(r * log(p) + y * log(1 - p))
""", y=counts)  # fmt: skip
def negative_binomial(x, y, w, a):
    z = x @ w - a
    return -(a.exp() * F.logsigmoid(-z) + y * F.logsigmoid(z)).mean()


@network("""
@network
def gaussian_divergence(x: Data[N, D], A: Param[D, H], S: Param[D, H], m: Param[H], v: Param[H]):
    mu = x @ A
    s = x @ S
    return sum(v - s + (exp(s) + (mu - m) ** 2) / exp(v) - 1) / (2 * N)
""")
def gaussian_divergence(x, A, S, m, v):
    mu, s = x @ A, x @ S
    return (v - s + torch.exp(s - v) + (mu - m) ** 2 * torch.exp(-v) - 1).sum() / (2 * len(x))


@network("""
@network
def kernel_average(x: Data[N, D], q: Param[T, D], y: Data[N, H], on: Data[N], b: Data):
    d[t, n] = sum((q[t, j] - x[n, j]) ** 2 for j in D)
    k = exp(-d / b)
    c[t, h] = sum(on[n] * k[t, n] * y[n, h] for n in N) / (1 + sum(on[n] * k[t, n] for n in N))
    return sum(c ** 2) / 2
""", on=bits, b=fixed_positive)  # fmt: skip
def kernel_average(x, q, y, on, b):
    k = torch.exp(-((q[:, None] - x) ** 2).sum(-1) / b) * on
    return ((k @ y / (1 + k.sum(1, keepdim=True))) ** 2).sum() / 2


@network("""
@network
def leaky_unit(x: Data[T, N], y: Data[N], v0: Param[N], tau: Param, g: Param):
    keep = exp(-exp(-tau))
    v[-1] = v0
    for t in T:
        v[t] = keep * v[t - 1] + (1 - keep) * tanh(g * x[t])
    return mean((v[T - 1] - y) ** 2)
""", ranges={"T": (2, 5)})  # fmt: skip
def leaky_unit(x, y, v0, tau, g):
    rate, v = torch.exp(-tau), v0
    for x_t in x:
        v = torch.exp(-rate) * v - torch.expm1(-rate) * torch.tanh(g * x_t)
    return ((v - y) ** 2).mean()


@network("""
@network
def zero_inflated(x: Data[N, D], y: Data[N], w: Param[D], a: Param):
    p = sigmoid(a)
    z = x @ w
    lam = exp(z)
    return -mean(where(y > 0, log(1 - p) + y * z - lam, log(p + (1 - p) * exp(-lam))))
""", y=counts)  # fmt: skip
def zero_inflated(x, y, w, a):
    z = x @ w
    own, other = F.logsigmoid(a), F.logsigmoid(-a)
    none = torch.logaddexp(own.expand(z.shape), other - z.exp())
    return -torch.where(y > 0, other + y * z - z.exp(), none).mean()


@network("""
@network
def strengths(s: Param[K], won: Labels[N, K], lost: Labels[N, K], tau: Data):
    e = exp(s / tau)
    p[n] = e[won[n]] / (e[won[n]] + e[lost[n]])
    return -mean(log(p)) + sum(p * (1 - p)) / N
""", tau=fixed_positive)  # fmt: skip
def strengths(s, won, lost, tau):
    d = (s[won] - s[lost]) / tau
    return -F.logsigmoid(d).mean() + (torch.sigmoid(d) * torch.sigmoid(-d)).mean()
