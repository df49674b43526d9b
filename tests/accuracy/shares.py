"""Shares by parts, and their logarithms: classes with a rest, preferences, mixtures, entropies."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive
from tests.accuracy.table import Entry, entry
from tests.autograd.random_data import bits, positive

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def asymmetric(x: Data[N, D], Y: Data[N, K], W: Param[D, K]):
    p = sigmoid(x @ W)
    pos[n, k] = Y[n, k] * (1 - p[n, k]) * log(p[n, k])
    neg[n, k] = (1 - Y[n, k]) * p[n, k] ** 4 * log(1 - p[n, k])
    return -sum(pos + neg) / N
""", Y=bits)  # fmt: skip
def asymmetric(x, Y, W):
    z = x @ W
    p = z.sigmoid()
    q = (-z).sigmoid()
    return -torch.where(Y > 0, q * F.logsigmoid(z), p**4 * F.logsigmoid(-z)).sum() / len(x)


@network("""
@network
def softmax_of_a_power(z: Param[N, K], t: Labels[N, K]):
    s[n, k] = exp(z[n, k]) ** 2
    p[n, k] = s[n, k] * sum(s[n, j] for j in K) ** -1
    return -mean(log(p[n, t[n]]) for n in N)
""")
def softmax_of_a_power(z, t):
    return F.cross_entropy(2 * z, t)


@network("""
@network
def weighted_classes(x: Data[N, D], t: Labels[N, K], c: Data[K], W: Param[D, K]):
    e = exp(x @ W)
    p[n, k] = c[k] * e[n, k] / sum(c[j] * e[n, j] for j in K)
    return -mean(log(p[n, t[n]]) for n in N)
""", c=positive)  # fmt: skip
def weighted_classes(x, t, c, W):
    return F.cross_entropy(x @ W + c.log(), t)


@network("""
@network
def jensen_shannon(a: Param[N, K], b: Param[N, K]):
    p = softmax(a)
    q = softmax(b)
    m = (p + q) / 2
    return mean(sum(p[n, k] * log(p[n, k] / m[n, k]) + q[n, k] * log(q[n, k] / m[n, k]) for k in K) for n in N) / 2
""")
def jensen_shannon(a, b):
    p, q = F.log_softmax(a, 1), F.log_softmax(b, 1)
    m = torch.logaddexp(p, q) - torch.log(torch.tensor(2.0, dtype=a.dtype))
    return ((p.exp() * (p - m) + q.exp() * (q - m)).sum(1)).mean() / 2


@network("""
@network
def mutual_information(x: Data[N, D], W: Param[D, K]):
    e = exp(x @ W)
    p[n, k] = e[n, k] / sum(e[n, j] for j in K)
    m[k] = mean(p[n, k] for n in N)
    return sum(m[k] * log(m[k]) for k in K) - mean(sum(p[n, k] * log(p[n, k]) for k in K) for n in N)
""")
def mutual_information(x, W):
    l = F.log_softmax(x @ W, 1)
    lm = torch.logsumexp(l, 0) - torch.log(torch.tensor(float(len(x)), dtype=l.dtype))
    return (lm.exp() * lm).sum() - (l.exp() * l).sum(1).mean()


@network("""
@network
def distilled(x: Data[N, D], s: Data[N, K], W: Param[D, K]):
    z = x @ W
    a[n, k] = exp(z[n, k] / 4) / sum(exp(z[n, j] / 4) for j in K)
    b[n, k] = exp(s[n, k] / 4) / sum(exp(s[n, j] / 4) for j in K)
    return 16 * mean(sum(b[n, k] * (log(b[n, k]) - log(a[n, k])) for k in K) for n in N)
""")
def distilled(x, s, W):
    a, b = F.log_softmax(x @ W / 4, 1), F.log_softmax(s / 4, 1)
    return 16 * (b.exp() * (b - a)).sum(1).mean()


@network("""
@network
def tversky(x: Data[N, D], y: Data[N], w: Param[D]):
    p = sigmoid(x @ w)
    tp = sum(p * y)
    return 1 - (tp + 1e-3) / (tp + 0.3 * sum(p * (1 - y)) + 0.7 * sum((1 - p) * y) + 1e-3)
""", y=bits)  # fmt: skip
def tversky(x, y, w):
    z = x @ w
    p = z.sigmoid()
    tp = (p * y).sum()
    fp, fn = 0.3 * (p * (1 - y)).sum(), 0.7 * ((-z).sigmoid() * y).sum()
    return (fp + fn) / (tp + fp + fn + 1e-3)


@network("""
@network
def soft_bellman(r: Data[N, K], q: Param[N, K], tau: Data, v: Param[N]):
    b[n] = tau * log(mean(exp((q[n, k] + r[n, k]) / tau) for k in K))
    return mean((b - v) ** 2)
""", tau=fixed_positive)  # fmt: skip
def soft_bellman(r, q, tau, v):
    b = tau * (torch.logsumexp((q + r) / tau, 1) - torch.log(torch.tensor(float(q.shape[1]), dtype=q.dtype)))
    return ((b - v) ** 2).mean()


@network("""
@network
def advantage_weighted(a: Data[N], z: Param[N, K], t: Labels[N, K]):
    p = softmax(z)
    w = exp(a) / sum(exp(a))
    return -sum(w[n] * log(p[n, t[n]]) for n in N) + 0.1 * sum(p * log(p)) / N
""")
def advantage_weighted(a, z, t):
    l = F.log_softmax(z, 1)
    w = a.softmax(0)
    return -(w * l.gather(1, t[:, None])[:, 0]).sum() + 0.1 * (l.exp() * l).sum() / len(a)


@network("""
@network
def plackett(s: Param[N, K]):
    return -mean(sum(log(exp(s[n, k]) / sum(exp(s[n, j]) for j in K if j >= k)) for k in K) for n in N)
""")
def plackett(s):
    return -(s - torch.logcumsumexp(s.flip(1), 1).flip(1)).sum(1).mean()


@network("""
@network
def log_bilinear(i: Labels[N, K], j: Labels[N, K], U: Param[K, D], V: Param[K, D]):
    e[n, k] = exp(sum(U[i[n], d] * V[k, d] for d in D))
    return mean(log(sum(e[n, k] for k in K)) - log(e[n, j[n]]) for n in N)
""")
def log_bilinear(i, j, U, V):
    return F.cross_entropy(U[i] @ V.T, j)


@network("""
@network
def negative_sampling(i: Labels[N, K], j: Labels[N, K], neg: Labels[N, L, K], U: Param[K, D], V: Param[K, D]):
    up[n] = sum(U[i[n], d] * V[j[n], d] for d in D)
    down[n, l] = sum(U[i[n], d] * V[neg[n, l], d] for d in D)
    return -mean(log(sigmoid(up[n])) + sum(log(1 - sigmoid(down[n, l])) for l in L) for n in N)
""")
def negative_sampling(i, j, neg, U, V):
    up = (U[i] * V[j]).sum(1)
    down = (U[i][:, None] * V[neg]).sum(2)
    return -(F.logsigmoid(up) + F.logsigmoid(-down).sum(1)).mean()


@network("""
@network
def gated_mixture(x: Data[N, D], y: Data[N], G: Param[D, K], B: Param[D, K], s: Param[K]):
    g = exp(x @ G)
    m = x @ B
    q[n, k] = g[n, k] * exp(-(y[n] - m[n, k]) ** 2 / 2 / exp(2 * s[k])) / exp(s[k])
    return -mean(log(sum(q[n, k] for k in K) / sum(g[n, k] for k in K)) for n in N)
""")
def gated_mixture(x, y, G, B, s):
    a = F.log_softmax(x @ G, 1)
    r = (y[:, None] - x @ B) * (-s).exp()
    return -torch.logsumexp(a - r**2 / 2 - s, 1).mean()


@network("""
@network
def student_mixture(x: Data[N], m: Param[K], a: Param[K], s: Param[K]):
    w = softmax(a)
    p[n] = sum(w[k] / exp(s[k]) / (1 + ((x[n] - m[k]) / exp(s[k])) ** 2) for k in K)
    return -mean(log(p))
""", s=fixed_positive)  # fmt: skip
def student_mixture(x, m, a, s):
    l = F.log_softmax(a, 0) - s - torch.log1p(((x[:, None] - m) * (-s).exp()) ** 2)
    return -torch.logsumexp(l, 1).mean()


@network("""
@network
def entropic_reward(z: Param[N, K], r: Data[N, K], b: Data):
    p = softmax(z)
    h[n] = -sum(p[n, k] * log(p[n, k]) for k in K)
    return -mean(sum(p[n, k] * r[n, k] for k in K) + b * h[n] for n in N)
""", b=fixed_positive)  # fmt: skip
def entropic_reward(z, r, b):
    l = F.log_softmax(z, 1)
    return -(l.exp() * (r + b * -l)).sum(1).mean()


@network("""
@network
def log_of_products(a: Param[N, K], b: Param[K, H], c: Param[H]):
    A = softmax(a)
    B = softmax(b)
    C = softmax(c)
    return -mean(log(sum(A[n, k] * B[k, h] * C[h] for k in K for h in H)) for n in N)
""")
def log_of_products(a, b, c):
    l = F.log_softmax(a, 1)[:, :, None] + F.log_softmax(b, 1) + F.log_softmax(c, 0)
    return -torch.logsumexp(l.flatten(1), 1).mean()


@network("""
@network
def two_hot(z: Param[N, K], i: Labels[N, K], j: Labels[N, K], w: Data[N]):
    e = exp(z)
    s[n] = sum(e[n, k] for k in K)
    return -mean(w[n] * log(e[n, i[n]] / s[n]) + (1 - w[n]) * log(e[n, j[n]] / s[n]) for n in N)
""", w=bits)  # fmt: skip
def two_hot(z, i, j, w):
    l = F.log_softmax(z, 1)
    r = torch.arange(len(z))
    return -(w * l[r, i] + (1 - w) * l[r, j]).mean()


@network("""
@network
def crf_pairs(u: Param[T, K], v: Param[K, K], y: Labels[T, K], z: Labels[T, K]):
    e[t, j, k] = exp(u[t, j] + u[t, k] + v[j, k])
    return -mean(log(e[t, y[t], z[t]] / sum(e[t, j, k] for j in K for k in K)) for t in T)
""")
def crf_pairs(u, v, y, z):
    l = u[:, :, None] + u[:, None] + v
    r = torch.arange(len(u))
    return -(l[r, y, z] - torch.logsumexp(l.flatten(1), 1)).mean()


@network("""
@network
def preference(a: Data[N, D], b: Data[N, D], w: Param[D], beta: Data, ra: Data[N], rb: Data[N]):
    d[n] = beta * (sum(a[n, i] * w[i] for i in D) - ra[n] - sum(b[n, i] * w[i] for i in D) + rb[n])
    return -mean(log(1 / (1 + exp(-d[n]))) for n in N)
""", beta=fixed_positive)  # fmt: skip
def preference(a, b, w, beta, ra, rb):
    return -F.logsigmoid(beta * (a @ w - ra - b @ w + rb)).mean()


@network("""
@network
def list_net(s: Param[N, K], r: Data[N, K]):
    y = exp(r) / sum(exp(r), axis=1, keepdims=True)
    p = exp(s) / sum(exp(s), axis=1, keepdims=True)
    return -mean(sum(y[n, k] * log(p[n, k]) for k in K) for n in N)
""")
def list_net(s, r):
    return -(r.softmax(1) * F.log_softmax(s, 1)).sum(1).mean()


@network("""
@network
def noise_contrastive(x: Data[N, D], n: Data[N, L, D], w: Param[D], c: Param, q: Data[N], r: Data[N, L]):
    s[i] = sum(x[i, d] * w[d] for d in D) - c
    u[i, l] = sum(n[i, l, d] * w[d] for d in D) - c
    p[i] = exp(s[i]) / (exp(s[i]) + exp(q[i]))
    o[i, l] = exp(u[i, l]) / (exp(u[i, l]) + exp(r[i, l]))
    return -mean(log(p[i]) + sum(log(1 - o[i, l]) for l in L) for i in N)
""")
def noise_contrastive(x, n, w, c, q, r):
    return -(F.logsigmoid(x @ w - c - q) + F.logsigmoid(r - n @ w + c).sum(1)).mean()


@network("""
@network
def hierarchical(x: Data[N, D], t: Labels[N, K], u: Labels[N, M], A: Param[D, K], B: Param[K, D, M]):
    p = softmax(x @ A)
    e[n, m] = exp(sum(x[n, d] * B[t[n], d, m] for d in D))
    q[n, m] = e[n, m] / sum(e[n, j] for j in M)
    return -mean(log(p[n, t[n]] * q[n, u[n]]) for n in N)
""")
def hierarchical(x, t, u, A, B):
    q = torch.einsum("nd,ndm->nm", x, B[t])
    return F.cross_entropy(x @ A, t) + F.cross_entropy(q, u)


@network("""
@network
def competing(x: Data[N, D], r: Labels[N, K], a: Data[N, K], W: Param[D, K]):
    h = exp(x @ W)
    return -mean(a[n, r[n]] * log(h[n, r[n]]) - log(1 + sum(h[n, k] for k in K)) for n in N)
""", a=bits)  # fmt: skip
def competing(x, r, a, W):
    z = x @ W
    lse = torch.logsumexp(torch.cat([torch.zeros(len(x), 1, dtype=x.dtype), z], 1), 1)
    i = torch.arange(len(x))
    return -(a[i, r] * z[i, r] - lse).mean()


@network("""
@network
def multinomial_with_rest(x: Data[N, D], Y: Data[N, K], y0: Data[N], W: Param[D, K]):
    e = exp(x @ W)
    p[n, k] = e[n, k] / (1 + sum(e[n, j] for j in K))
    q[n] = 1 - sum(p[n, k] for k in K)
    return -mean(sum(Y[n, k] * log(p[n, k]) for k in K) + y0[n] * log(q[n]) for n in N)
""", Y=bits, y0=bits)  # fmt: skip
def multinomial_with_rest(x, Y, y0, W):
    z = F.log_softmax(torch.cat([torch.zeros(len(x), 1, dtype=x.dtype), x @ W], 1), 1)
    return -((Y * z[:, 1:]).sum(1) + y0 * z[:, 0]).mean()


@network("""
@network
def confidence_penalty(x: Data[N, D], t: Labels[N, K], W: Param[D, K]):
    e = exp(x @ W)
    p[n, k] = e[n, k] / sum(e[n, j] for j in K)
    h[n] = -sum(p[n, k] * log(p[n, k]) for k in K)
    return mean(-log(p[n, t[n]]) * (1 - p[n, t[n]]) - 0.1 * h[n] for n in N)
""")
def confidence_penalty(x, t, W):
    l = F.log_softmax(x @ W, 1)
    lt = l.gather(1, t[:, None])[:, 0]
    z = x @ W
    others = z.masked_fill(F.one_hot(t, z.shape[1]).bool(), float("-inf"))
    q = (torch.logsumexp(others, 1) - torch.logsumexp(z, 1)).exp()
    return (-lt * q + 0.1 * (l.exp() * l).sum(1)).mean()


@network("""
@network
def log_cosh_gate(x: Data[N, D], y: Data[N], w: Param[D], g: Param[D]):
    f = (x @ w) * sigmoid(x @ g)
    return mean(log((exp(f - y) + exp(y - f)) / 2))
""")
def log_cosh_gate(x, y, w, g):
    d = (x @ w) * torch.sigmoid(x @ g) - y
    return (d.abs() + torch.log1p(torch.expm1(-2 * d.abs()) / 2)).mean()
