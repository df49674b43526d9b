"""What is near 1, near another or a share of shares: rests of products, margins, entropies, choices of choices."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive
from tests.accuracy.table import Entry, entry
from tests.autograd.modules import distribution
from tests.autograd.random_data import bits

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def gated_residual(x: Data[N, D], W: Param[D, D], V: Param[D, D]):
    g = sigmoid(x @ W)
    y = g * x + (1 - g) * tanh(x @ V)
    return mean((y - x) ** 2)
""")
def gated_residual(x, W, V):
    q = torch.sigmoid(-(x @ W))
    return ((q * (torch.tanh(x @ V) - x)) ** 2).mean()


@network("""
@network
def two_heads(x: Data[T, D], Q: Param[H, D, K], P: Param[H, D, K], V: Param[H, D, K]):
    q[h, t, k] = sum(x[t, d] * Q[h, d, k] for d in D)
    p[h, t, k] = sum(x[t, d] * P[h, d, k] for d in D)
    e[h, t, u] = exp(sum(q[h, t, k] * p[h, u, k] for k in K) / sqrt(K)) if u <= t else 0
    a[h, t, u] = e[h, t, u] / sum(e[h, t, s] for s in T)
    o[h, t, k] = sum(a[h, t, u] * sum(x[u, d] * V[h, d, k] for d in D) for u in T)
    return sum(o ** 2) / T
""")
def two_heads(x, Q, P, V):
    q, p, v = (torch.einsum("td,hdk->htk", x, m) for m in (Q, P, V))
    s = q @ p.transpose(1, 2) / q.shape[2] ** 0.5
    keep = torch.tril(torch.ones(len(x), len(x), dtype=bool))
    return ((torch.where(keep, s, float("-inf")).softmax(2) @ v) ** 2).sum() / len(x)


@network("""
@network
def whole_softmax(S: Param[N, K], C: Data[N, K]):
    p = exp(S) / sum(exp(S))
    return sum(p * C) + 0.1 * sum(p * log(p))
""")
def whole_softmax(S, C):
    l = S - torch.logsumexp(S.flatten(), 0)
    return (l.exp() * (C + 0.1 * l)).sum()


@network("""
@network
def beta_weights(z: Param[T], r: Data[T], y: Data):
    v = sigmoid(z)
    a[t] = v[t] * (1 - v[t])
    return (sum(a[t] * r[t] for t in T) / sum(a[t] for t in T) - y) ** 2
""")
def beta_weights(z, r, y):
    l = F.logsigmoid(z) + F.logsigmoid(-z)
    return ((l.softmax(0) * r).sum() - y) ** 2


@network("""
@network
def elbo_of_classes(x: Data[N, D], W: Param[D, K], m: Param[K, D], a: Param[K]):
    q = softmax(x @ W)
    p = softmax(a)
    e[n, k] = sum((x[n, d] - m[k, d]) ** 2 for d in D) / 2
    return mean(sum(q[n, k] * (log(q[n, k]) - log(p[k]) + e[n, k]) for k in K) for n in N)
""")
def elbo_of_classes(x, W, m, a):
    l = F.log_softmax(x @ W, 1)
    d = (x[:, None] - m).square().sum(2) / 2
    return (l.exp() * (l - F.log_softmax(a, 0) + d)).sum(1).mean()


@network("""
@network
def cross_views(a: Param[N, K], b: Param[N, K]):
    p = softmax(a)
    q = softmax(b)
    return -mean(sum(p[n, k] * log(q[n, k]) + q[n, k] * log(p[n, k]) for k in K) for n in N) / 2
""")
def cross_views(a, b):
    p, q = F.log_softmax(a, 1), F.log_softmax(b, 1)
    return -(p.exp() * q + q.exp() * p).sum(1).mean() / 2


@network("""
@network
def generalised_entropy(z: Param[N, K], t: Labels[N, K]):
    p = softmax(z)
    return mean((1 - p[n, t[n]] ** 0.7) / 0.7 for n in N)
""")
def generalised_entropy(z, t):
    l = F.log_softmax(z, 1).gather(1, t[:, None])[:, 0]
    return (-torch.expm1(0.7 * l) / 0.7).mean()


@network("""
@network
def reverse_kl(z: Param[N, K], y: Data[N, K]):
    p = softmax(z)
    return mean(sum(p[n, k] * log(p[n, k] / y[n, k]) for k in K) for n in N)
""", y=distribution)  # fmt: skip
def reverse_kl(z, y):
    l = F.log_softmax(z, 1)
    return (l.exp() * (l - y.log())).sum(1).mean()


@network("""
@network
def margin_softmax(x: Data[N, D], t: Labels[N, K], W: Param[D, K], m: Data):
    z = x @ W
    e[n, k] = exp(z[n, k] - (m if t[n] == k else 0))
    return -mean(log(e[n, t[n]] / sum(e[n, k] for k in K)) for n in N)
""", m=fixed_positive)  # fmt: skip
def margin_softmax(x, t, W, m):
    return F.cross_entropy(x @ W - m * F.one_hot(t, W.shape[1]), t)


@network("""
@network
def inverse_temperature(x: Data[N, D], t: Labels[N, K], W: Param[D, K], b: Param):
    z = x @ W
    s[n, k] = z[n, k] / (0.1 + log(1 + exp(b)))
    p[n, k] = exp(s[n, k]) / sum(exp(s[n, j]) for j in K)
    return -mean(log(p[n, t[n]]) for n in N)
""")
def inverse_temperature(x, t, W, b):
    return F.cross_entropy(x @ W / (0.1 + F.softplus(b)), t)


@network("""
@network
def bernoulli_product(x: Data[N, D], y: Data[N], w: Param[D], v: Param[D]):
    p = sigmoid(x @ w) * sigmoid(x @ v)
    return -mean(y * log(p) + (1 - y) * log(1 - p))
""", y=bits)  # fmt: skip
def bernoulli_product(x, y, w, v):
    a, b = x @ w, x @ v
    lp = F.logsigmoid(a) + F.logsigmoid(b)
    # 1 - s(a) s(b) = (e^-a + e^-b + e^-(a+b)) s(a) s(b)
    lq = torch.logsumexp(torch.stack([-a, -b, -a - b]), 0) + lp
    return -torch.where(y > 0, lp, lq).mean()


@network("""
@network
def either(x: Data[N, D], y: Data[N], w: Param[D], v: Param[D]):
    p = sigmoid(x @ w)
    q = sigmoid(x @ v)
    r = p + q - p * q
    return -mean(y * log(r) + (1 - y) * log(1 - r))
""", y=bits)  # fmt: skip
def either(x, y, w, v):
    a, b = x @ w, x @ v
    lq = F.logsigmoid(-a) + F.logsigmoid(-b)
    lp = torch.logsumexp(torch.stack([a, b, a + b]), 0) + lq
    return -torch.where(y > 0, lp, lq).mean()


@network("""
@network
def kernel_regression_rows(x: Data[N, D], s: Data[M, D], A: Param[D, H], y: Data[M], t: Data[N]):
    u = x @ A
    v = s @ A
    k[n, m] = exp(-sum((u[n, h] - v[m, h]) ** 2 for h in H))
    return mean((sum(k[n, m] * y[m] for m in M) / sum(k[n, m] for m in M) - t[n]) ** 2 for n in N)
""")
def kernel_regression_rows(x, s, A, y, t):
    d = ((x @ A)[:, None] - s @ A).square().sum(2)
    return ((torch.softmax(-d, 1) @ y - t) ** 2).mean()


@network("""
@network
def softmax_loop(x: Data[T, D], h0: Param[H], W: Param[D, H], U: Param[H, H]):
    h[-1] = h0
    for t in T:
        h[t] = softmax(x[t] @ W + h[t - 1] @ U)
    return sum(h[T - 1] ** 2)
""")
def softmax_loop(x, h0, W, U):
    h = h0
    for t in range(len(x)):
        h = torch.softmax(x[t] @ W + h @ U, 0)
    return (h**2).sum()


@network("""
@network
def attention_loop(x: Data[T, D], W: Param[D, D], c0: Param[D]):
    c[-1] = c0
    for t in T:
        c[t] = softmax((x @ W) @ c[t - 1]) @ x
    return sum(c[T - 1] ** 2)
""")
def attention_loop(x, W, c0):
    c = c0
    for _ in range(len(x)):
        c = torch.softmax((x @ W) @ c, 0) @ x
    return (c**2).sum()


@network("""
@network
def stumps(x: Data[N], y: Data[N], c: Param, l: Param, r: Param, s: Param):
    g = sigmoid((x - c) * exp(s))
    f = l + (r - l) * g
    return mean((f - y) ** 2)
""")
def stumps(x, y, c, l, r, s):
    u = (x - c) * s.exp()
    return ((l * torch.sigmoid(-u) + r * torch.sigmoid(u) - y) ** 2).mean()


@network("""
@network
def named_mixture(x: Data[N, D], logit: Param[K], mu: Param[K, D]):
    l = log_softmax(logit)
    j[n, k] = l[k] - sum((x[n, d] - mu[k, d]) ** 2 for d in D) / 2
    e[n] = log(sum(exp(j[n, k]) for k in K))
    return -sum(e[n] for n in N) / N
""")
def named_mixture(x, logit, mu):
    j = F.log_softmax(logit, 0) - (x[:, None] - mu).square().sum(2) / 2
    return -torch.logsumexp(j, 1).mean()
