"""Softmax in every spelling: by parts, masked, tempered, under every loss of classes."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive, one_hot
from tests.accuracy.table import Entry, entry
from tests.autograd.modules import distribution
from tests.autograd.random_data import bits

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def softmax_by_parts(x: Data[N, D], y: Labels[N, K], W: Param[D, K], b: Param[K]):
    z = x @ W + b
    e = exp(z)
    s = sum(e, axis=1, keepdims=True)
    p = e / s
    return -sum(log(p[n, y[n]]) for n in N) / N
""")
def softmax_by_parts(x, y, W, b):
    return F.cross_entropy(x @ W + b, y)


@network("""
@network
def shifted_softmax_by_parts(x: Data[N, D], y: Data[N, K], W: Param[D, K]):
    z = x @ W
    e = exp(z - max(z, axis=1, keepdims=True))
    p = e / sum(e, axis=1, keepdims=True)
    return -sum(y * log(p)) / N
""", y=one_hot)  # fmt: skip
def shifted_softmax_by_parts(x, y, W):
    return F.cross_entropy(x @ W, y)


@network("""
@network
def softmax_by_inverse(x: Data[N, D], y: Labels[N, K], W: Param[D, K]):
    e = exp(x @ W)
    s = sum(e, axis=-1, keepdims=True)
    p = e * s ** -1
    return -mean(log(p[n, y[n]]) for n in N)
""")
def softmax_by_inverse(x, y, W):
    return F.cross_entropy(x @ W, y)


@network("""
@network
def brier_in_indices(x: Data[N, D], y: Data[N, K], W: Param[D, K]):
    z[n, k] = sum(x[n, d] * W[d, k] for d in D)
    p[n, k] = exp(z[n, k]) / sum(exp(z[n, j]) for j in K)
    return sum((p[n, k] - y[n, k]) ** 2 for n in N for k in K) / N
""", y=one_hot)  # fmt: skip
def brier_in_indices(x, y, W):
    return ((torch.softmax(x @ W, -1) - y) ** 2).sum() / len(x)


@network("""
def focal(p, gamma=2):
    return -((1 - p) ** gamma) * log(p)


@network
def focal_of_labels(x: Data[N, D], y: Labels[N, K], W: Param[D, K]):
    p = softmax(x @ W)
    return mean(focal(p[n, y[n]]) for n in N)
""")
def focal_of_labels(x, y, W):
    log_p = F.log_softmax(x @ W, -1).gather(1, y[:, None])
    return -((1 - log_p.exp()) ** 2 * log_p).mean()


@network("""
@network
def entropy_bonus(x: Data[N, D], a: Labels[N, K], advantage: Data[N], W: Param[D, K]):
    p = softmax(x @ W)
    gain = sum(advantage[n] * log(p[n, a[n]]) for n in N)
    entropy = -sum(p * log(p))
    return -(gain + 0.1 * entropy) / N
""")
def entropy_bonus(x, a, advantage, W):
    log_p = F.log_softmax(x @ W, -1)
    gain = (advantage * log_p.gather(1, a[:, None])[:, 0]).sum()
    return -(gain - 0.1 * (log_p.exp() * log_p).sum()) / len(x)


@network("""
@network
def smoothed_labels(x: Data[N, D], y: Data[N, K], W: Param[D, K], b: Param[K]):
    q = 0.9 * y + 0.1 / K
    e = exp(x @ W + b)
    p = e / sum(e, axis=1, keepdims=True)
    return -sum(q * log(p)) / N
""", y=one_hot)  # fmt: skip
def smoothed_labels(x, y, W, b):
    return F.cross_entropy(x @ W + b, y, label_smoothing=0.1)


@network("""
@network
def distillation(x: Data[N, D], teacher: Data[N, K], tau: Data, W: Param[D, K]):
    p = softmax(teacher / tau)
    q = softmax(x @ W / tau)
    return -tau ** 2 * sum(p * log(q)) / N
""", tau=fixed_positive)  # fmt: skip
def distillation(x, teacher, tau, W):
    return -(tau**2) * (torch.softmax(teacher / tau, -1) * F.log_softmax(x @ W / tau, -1)).sum() / len(x)


@network("""
@network
def divergence_of_softmaxes(a: Param[N, K], b: Param[N, K]):
    p = exp(a) / sum(exp(a), axis=1, keepdims=True)
    q = exp(b) / sum(exp(b), axis=1, keepdims=True)
    return sum(p * (log(p) - log(q)))
""")
def divergence_of_softmaxes(a, b):
    p, q = F.log_softmax(a, -1), F.log_softmax(b, -1)
    return (p.exp() * (p - q)).sum()


@network("""
@network
def product_of_experts(a: Param[N, K], b: Param[N, K], y: Labels[N, K]):
    p = softmax(a) * softmax(b)
    q = p / sum(p, axis=1, keepdims=True)
    return -mean(log(q[n, y[n]]) for n in N)
""")
def product_of_experts(a, b, y):
    return F.cross_entropy(F.log_softmax(a, -1) + F.log_softmax(b, -1), y)


@network("""
@network
def masked_softmax(s: Param[N, K], m: Data[N, K], v: Param[K, D]):
    e = m * exp(s)
    p = e / sum(e, axis=1, keepdims=True)
    return sum((p @ v) ** 2)
""", m=bits)  # fmt: skip
def masked_softmax(s, m, v):
    return ((torch.softmax(s.masked_fill(m == 0, float("-inf")), -1) @ v) ** 2).sum()


@network("""
@network
def causal_softmax(s: Param[N, T, T], v: Data[N, T]):
    w[n, t: T, u: T] = exp(s[n, t, u]) if u <= t else 0
    p = w / sum(w, axis=-1, keepdims=True)
    return sum(sum(p[n, t, u] * v[n, u] for u in T) ** 2 for n in N for t in T)
""")
def causal_softmax(s, v):
    shut = torch.ones(s.shape[-2:]).triu(1).bool()
    return ((torch.softmax(s.masked_fill(shut, float("-inf")), -1) @ v[..., None]) ** 2).sum()


@network("""
@network
def shut_by_a_billion(q: Param[T, D], k: Param[T, D], v: Param[T, D], m: Data[T, T]):
    s = q @ k.T / sqrt(D) + where(m > 0, 0, -1e9)
    return sum((softmax(s) @ v) ** 2)
""", m=bits)  # fmt: skip
def shut_by_a_billion(q, k, v, m):
    s = q @ k.T / q.shape[1] ** 0.5 + torch.where(m > 0, 0, -1e9)
    return ((torch.softmax(s, -1) @ v) ** 2).sum()


@network("""
@network
def shut_by_a_large_number(s: Param[N, K], m: Data[N, K], v: Param[K]):
    e = exp(s - 1e30 * (1 - m))
    p = e / sum(e, axis=1, keepdims=True)
    return sum((p @ v) ** 2)
""", m=bits)  # fmt: skip
def shut_by_a_large_number(s, m, v):
    return ((torch.softmax(s - 1e30 * (1 - m), -1) @ v) ** 2).sum()


@network("""
@network
def padded_rows(z: Param[N, K], m: Data[N]):
    s[n, k] = z[n, k] - 1e9 * m[n]
    return mean(log(sum(exp(s[n, k]) for k in K)) for n in N)
""", m=bits)  # fmt: skip
def padded_rows(z, m):
    return torch.logsumexp(z - 1e9 * m[:, None], -1).mean()


@network("""
@network
def tempered_attention(x: Data[T, D], Wq: Param[D, H], Wk: Param[D, H], Wv: Param[D, H], tau: Param):
    s = exp(tau) * (x @ Wq) @ (x @ Wk).T
    a = softmax(s)
    return sum((a @ (x @ Wv)) ** 2) / 2
""", tau=fixed_positive)  # fmt: skip
def tempered_attention(x, Wq, Wk, Wv, tau):
    return ((torch.softmax(tau.exp() * (x @ Wq) @ (x @ Wk).T, -1) @ (x @ Wv)) ** 2).sum() / 2


@network("""
@network
def causal_heads(x: Data[N, T, D], y: Data[N, T, D], Wq: Param[H, D, K], Wk: Param[H, D, K], Wv: Param[H, D, D]):
    q[n, h, t, k] = sum(x[n, t, d] * Wq[h, d, k] for d in D)
    r[n, h, t, k] = sum(x[n, t, d] * Wk[h, d, k] for d in D)
    v[n, h, t, e] = sum(x[n, t, d] * Wv[h, d, e] for d in D)
    o = attention(q, r, v, causal=True)
    z = x + sum(o, axis=1)
    return mean((z - y) ** 2)
""", ranges={"N": (1, 3), "T": (2, 5), "H": (1, 3), "K": (2, 4), "D": (2, 4)})  # fmt: skip
def causal_heads(x, y, Wq, Wk, Wv):
    q, k, v = (x[:, None] @ W for W in (Wq, Wk, Wv))
    return ((x + F.scaled_dot_product_attention(q, k, v, is_causal=True).sum(1) - y) ** 2).mean()


@network("""
@network
def contrastive(a: Param[N, D], b: Param[N, D], tau: Data):
    u = a / sqrt(sum(a ** 2, axis=1, keepdims=True) + 1e-12)
    v = b / sqrt(sum(b ** 2, axis=1, keepdims=True) + 1e-12)
    s = u @ v.T / tau
    return -mean(log(exp(s[n, n]) / sum(exp(s[n, m]) for m in N)) for n in N)
""", tau=fixed_positive)  # fmt: skip
def contrastive(a, b, tau):
    u, v = (t / torch.sqrt((t**2).sum(1, keepdim=True) + 1e-12) for t in (a, b))
    return F.cross_entropy(u @ v.T / tau, torch.arange(len(a)))


@network("""
@network
def pooled_by_attention(x: Data[N, T, D], y: Data[N, D], w: Param[D], V: Param[D, D]):
    s[n, t] = sum(tanh(x[n, t, d]) * w[d] for d in D)
    a[n, t] = exp(s[n, t]) / sum(exp(s[n, u]) for u in T)
    c[n, d] = sum(a[n, t] * x[n, t, d] for t in T)
    return sum((c @ V - y) ** 2) / N
""")
def pooled_by_attention(x, y, w, V):
    a = torch.softmax(torch.tanh(x) @ w, -1)
    return (((a[..., None] * x).sum(1) @ V - y) ** 2).sum() / len(x)


@network("""
@network
def soft_cross_entropy(x: Data[N, D], y: Data[N, K], W1: Param[D, H], W2: Param[H, K]):
    z = swish(x @ W1) @ W2
    m = max(z, axis=1, keepdims=True)
    return mean(m[n, 0] + log(sum(exp(z[n, k] - m[n, 0]) for k in K)) - sum(y[n, k] * z[n, k] for k in K) for n in N)
""", y=distribution)  # fmt: skip
def soft_cross_entropy(x, y, W1, W2):
    return F.cross_entropy(F.silu(x @ W1) @ W2, y)


@network("""
@network
def partial_likelihood(x: Data[N, D], event: Data[N], w: Param[D]):
    r = x @ w
    return -sum(event[n] * (r[n] - log(sum(exp(r[m]) for m in N if m >= n))) for n in N)
""", event=bits)  # fmt: skip
def partial_likelihood(x, event, w):
    r = x @ w
    return -(event * (r - torch.logcumsumexp(r.flip(0), 0).flip(0))).sum()


@network("""
@network
def unlikelihood(z: Param[N, K], y: Labels[N, K]):
    p = softmax(z)
    return -sum(log(1 - p[n, y[n]]) for n in N) / N
""")
def unlikelihood(z, y):
    others = F.log_softmax(z, -1).masked_fill(F.one_hot(y, z.shape[1]).bool(), float("-inf"))
    return -torch.logsumexp(others, -1).mean()


@network("""
@network
def temperature(z: Data[N, K], y: Data[N, K], g: Param):
    p = softmax(z * g)
    return sum((p - y) ** 2)
""")
def temperature(z, y, g):
    return ((torch.softmax(z * g, -1) - y) ** 2).sum()


@network("""
@network
def gains(z: Data[N, K], y: Data[N, K], g: Param[K], b: Param[K]):
    p = softmax(z * g + b)
    return sum((p - y) ** 2)
""")
def gains(z, y, g, b):
    return ((torch.softmax(z * g + b, -1) - y) ** 2).sum()
