"""Kernels, neighbours and attention by parts: who is near whom, by shares of exponentials."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive
from tests.accuracy.table import Entry, entry
from tests.autograd.modules import distribution
from tests.autograd.random_data import bits, positive

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def nadaraya_watson(x: Data[N], c: Param[K], y: Param[K], s: Param, t: Data[N]):
    k[n, j] = exp(-(x[n] - c[j]) ** 2 * exp(s))
    f[n] = sum(k[n, j] * y[j] for j in K) / sum(k[n, j] for j in K)
    return mean((f - t) ** 2)
""", s=fixed_positive)  # fmt: skip
def nadaraya_watson(x, c, y, s, t):
    k = -((x[:, None] - c) ** 2) * s.exp()
    return ((k.softmax(1) @ y - t) ** 2).mean()


@network("""
@network
def mean_shift(x: Param[N, D]):
    w[n, m] = exp(-sum((x[n, d] - x[m, d]) ** 2 for d in D) / 2)
    y[n, d] = sum(w[n, m] * x[m, d] for m in N) / sum(w[n, m] for m in N)
    return sum((y - x) ** 2)
""")
def mean_shift(x):
    d = (x[:, None] - x[None]).square().sum(-1)
    return ((torch.softmax(-d / 2, 1) @ x - x) ** 2).sum()


@network("""
@network
def neighbour_components(x: Data[N, D], t: Labels[N, 3], A: Param[D, H]):
    z = x @ A
    k[n, m] = exp(-sum((z[n, h] - z[m, h]) ** 2 for h in H)) if m != n else 0
    p[n] = sum(k[n, m] for m in N if t[m] == t[n]) / sum(k[n, m] for m in N)
    return -sum(p)
""")
def neighbour_components(x, t, A):
    z = x @ A
    d = (z[:, None] - z[None]).square().sum(-1)
    d = d.masked_fill(torch.eye(len(z), dtype=bool), float("inf"))
    p = torch.softmax(-d, 1)
    return -(p * (t[:, None] == t)).sum()


@network("""
@network
def stochastic_neighbours(P: Data[N, N], y: Param[N, H]):
    e[i, j] = exp(-sum((y[i, h] - y[j, h]) ** 2 for h in H)) if i != j else 0
    q = e / sum(e)
    return -sum(P[i, j] * log(q[i, j]) for i in N for j in N if i != j)
""", P=positive)  # fmt: skip
def stochastic_neighbours(P, y):
    d = (y[:, None] - y[None]).square().sum(-1)
    off = ~torch.eye(len(y), dtype=bool)
    l = -d[off]
    return -(P[off] * (l - torch.logsumexp(l, 0))).sum()


@network("""
@network
def cauchy_neighbours(P: Data[N, N], y: Param[N, H]):
    e[i, j] = 1 / (1 + sum((y[i, h] - y[j, h]) ** 2 for h in H)) if i != j else 0
    q = e / sum(e)
    return -sum(P[i, j] * log(q[i, j]) for i in N for j in N if i != j)
""", P=positive)  # fmt: skip
def cauchy_neighbours(P, y):
    d = (y[:, None] - y[None]).square().sum(-1)
    off = ~torch.eye(len(y), dtype=bool)
    l = -torch.log1p(d[off])
    return -(P[off] * (l - torch.logsumexp(l, 0))).sum()


@network("""
@network
def graph_attention(x: Data[N, D], A: Data[N, N], W: Param[D, H], u: Param[H], v: Param[H]):
    h = x @ W
    s[i, j] = leaky_relu(sum(h[i, k] * u[k] for k in H) + sum(h[j, k] * v[k] for k in H), 0.2)
    e[i, j] = (A[i, j] + (1 if i == j else 0)) * exp(s[i, j])
    a[i, j] = e[i, j] / sum(e[i, m] for m in N)
    return sum((a @ h) ** 2) / N
""", A=bits)  # fmt: skip
def graph_attention(x, A, W, u, v):
    h = x @ W
    s = F.leaky_relu((h @ u)[:, None] + h @ v, 0.2)
    w = A + torch.eye(len(x), dtype=x.dtype)
    a = torch.softmax(s + w.log(), 1)
    return ((a @ h) ** 2).sum() / len(x)


@network("""
@network
def sinkhorn(s: Param[N, N], C: Data[N, N]):
    k = exp(s)
    r[i, j] = k[i, j] / sum(k[i, m] for m in N)
    c[i, j] = r[i, j] / sum(r[m, j] for m in N)
    p[i, j] = c[i, j] / sum(c[i, m] for m in N)
    return sum(p * C)
""")
def sinkhorn(s, C):
    s = F.log_softmax(s, 1)
    s = F.log_softmax(s, 0)
    return (s.softmax(1) * C).sum()


@network("""
@network
def supervised_contrastive(z: Param[N, D], t: Labels[N, K], q: Data[K]):
    s[i, j] = sum(z[i, d] * z[j, d] for d in D)
    e[i, j] = exp(s[i, j]) if i != j else 0
    p[i, j] = e[i, j] / sum(e[i, m] for m in N)
    return -sum(log(p[i, j]) for i in N for j in N if i != j and t[i] == t[j]) / N + sum(q) * 0
""")
def supervised_contrastive(z, t, q):
    s = z @ z.T
    eye = torch.eye(len(z), dtype=bool)
    l = F.log_softmax(s.masked_fill(eye, float("-inf")), 1)
    same = (t[:, None] == t) & ~eye
    return -torch.where(same, l, 0).sum() / len(z)


@network("""
@network
def deterministic_routing(x: Data[N, D], c: Param[K, D], b: Data[N, K]):
    a[n, k] = exp(b[n, k] + sum(x[n, d] * c[k, d] for d in D))
    r[n, k] = a[n, k] / sum(a[n, j] for j in K)
    m[k, d] = sum(r[n, k] * x[n, d] for n in N) / (1e-6 + sum(r[n, k] for n in N))
    return sum((m - c) ** 2)
""")
def deterministic_routing(x, c, b):
    r = (b + x @ c.T).softmax(1)
    m = (r.T @ x) / (1e-6 + r.sum(0)[:, None])
    return ((m - c) ** 2).sum()


@network("""
@network
def where_softmax(q: Param[T, H], k: Param[T, H], v: Param[T, H], m: Data[T, T]):
    s = q @ k.T
    e[t, u] = where(m[t, u] > 0, exp(s[t, u]), 0)
    a[t, u] = e[t, u] / (sum(e[t, w] for w in T) + 1e-9)
    return sum((a @ v) ** 2)
""", m=bits)  # fmt: skip
def where_softmax(q, k, v, m):
    s = q @ k.T
    l = torch.where(m > 0, s, float("-inf"))
    z = torch.logaddexp(torch.logsumexp(l, 1), torch.log(torch.tensor(1e-9, dtype=q.dtype)))
    a = torch.where(m > 0, (s - z[:, None]).exp(), 0)
    return ((a @ v) ** 2).sum()


@network("""
@network
def windowed(q: Param[T, H], k: Param[T, H], v: Param[T, H]):
    s[t, u] = sum(q[t, h] * k[u, h] for h in H) if u <= t and t <= u + 2 else -1e30
    a = softmax(s)
    return sum((a @ v) ** 2) / 2
""")
def windowed(q, k, v):
    s = q @ k.T
    i = torch.arange(len(q))
    keep = (i <= i[:, None]) & (i[:, None] <= i + 2)
    return ((torch.softmax(torch.where(keep, s, -1e30), 1) @ v) ** 2).sum() / 2


@network("""
@network
def gated_attention_pool(x: Data[N, T, D], V: Param[D, H], U: Param[D, H], w: Param[H], m: Data[N, T]):
    g = tanh(x @ V) * sigmoid(x @ U)
    s = g @ w
    e[n, t] = exp(s[n, t] - 1e9 * (1 - m[n, t]))
    a[n, t] = e[n, t] / sum(e[n, u] for u in T)
    z[n, d] = sum(a[n, t] * x[n, t, d] for t in T)
    return sum(z ** 2) / N
""", m=bits)  # fmt: skip
def gated_attention_pool(x, V, U, w, m):
    s = (torch.tanh(x @ V) * torch.sigmoid(x @ U)) @ w
    a = (s - 1e9 * (1 - m)).softmax(1)
    return ((a[:, :, None] * x).sum(1) ** 2).sum() / len(x)


@network("""
@network
def sequence_attention(x: Data[N, T, D], m: Data[N, T], w: Param[D], V: Param[D, H]):
    s = x @ w
    e[n, t] = m[n, t] * exp(s[n, t] - max(s[n, u] for u in T))
    a[n, t] = e[n, t] / (sum(e[n, u] for u in T) + 1e-9)
    c[n, d] = sum(a[n, t] * x[n, t, d] for t in T)
    return sum(tanh(c @ V) ** 2) / N
""", m=bits)  # fmt: skip
def sequence_attention(x, m, w, V):
    s = x @ w
    e = m * (s - s.amax(1, keepdim=True)).exp()
    a = e / (e.sum(1, keepdim=True) + 1e-9)
    c = (a[:, :, None] * x).sum(1)
    return (torch.tanh(c @ V) ** 2).sum() / len(x)


@network("""
@network
def matching(x: Param[N, D], s: Param[M, D], y: Data[M, K], t: Labels[N, K]):
    e[n, m] = exp(sum(x[n, d] * s[m, d] for d in D))
    a[n, m] = e[n, m] / sum(e[n, j] for j in M)
    p = a @ y
    return -mean(log(p[n, t[n]]) for n in N)
""", y=distribution)  # fmt: skip
def matching(x, s, y, t):
    l = F.log_softmax(x @ s.T, 1)
    return -torch.logsumexp(l + y.log().T[t], 1).mean()


@network("""
@network
def annealed(x: Data[N, D], c: Param[K, D], b: Data):
    d[n, k] = sum((x[n, i] - c[k, i]) ** 2 for i in D)
    return -sum(log(mean(exp(-b * d[n, k]) for k in K)) for n in N) / b
""", b=fixed_positive)  # fmt: skip
def annealed(x, c, b):
    d = (x[:, None] - c).square().sum(2)
    return -(torch.logsumexp(-b * d, 1) - torch.log(torch.tensor(float(len(c)), dtype=x.dtype))).sum() / b


@network("""
@network
def harmonic_logits(x: Data[N, D], t: Labels[N, K], c: Param[K, D]):
    d[n, k] = sqrt(sum((x[n, i] - c[k, i]) ** 2 for i in D) + 1e-6)
    p[n, k] = d[n, k] ** -3 / sum(d[n, j] ** -3 for j in K)
    return -mean(log(p[n, t[n]]) for n in N)
""")
def harmonic_logits(x, t, c):
    d = ((x[:, None] - c).square().sum(2) + 1e-6).log() / 2
    return F.cross_entropy(-3 * d, t)


@network("""
@network
def pointer(q: Param[D], k: Param[T, D], v: Param[D], t: Labels[N, T]):
    u[s] = sum(v[d] * tanh(q[d] + k[s, d]) for d in D)
    e = exp(u)
    p = e / sum(e)
    return -mean(log(p[t[n]]) for n in N)
""")
def pointer(q, k, v, t):
    u = torch.tanh(q + k) @ v
    return -F.log_softmax(u, 0)[t].mean()


@network("""
@network
def additive_mask(q: Param[T, H], k: Param[T, H], v: Param[T, H], m: Data[T, T]):
    s[t, u] = sum(q[t, h] * k[u, h] for h in H) / sqrt(H) + (1 - m[t, u]) * -1e9
    a = softmax(s)
    return sum((a @ v) ** 2)
""", m=bits)  # fmt: skip
def additive_mask(q, k, v, m):
    s = q @ k.T / q.shape[1] ** 0.5 + (1 - m) * -1e9
    return ((s.softmax(1) @ v) ** 2).sum()


@network("""
@network
def gumbel_sample(z: Param[N, K], g: Data[N, K], v: Param[K, D], tau: Data):
    e = exp((log(softmax(z)) + g) / tau)
    y = e / sum(e, axis=1, keepdims=True)
    return sum((y @ v) ** 2) / N
""", tau=fixed_positive)  # fmt: skip
def gumbel_sample(z, g, v, tau):
    y = ((F.log_softmax(z, 1) + g) / tau).softmax(1)
    return ((y @ v) ** 2).sum() / len(z)
