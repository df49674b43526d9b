"""The losses of the networks in `step_networks.py` in PyTorch, by the network's name, its inputs by their names."""

from __future__ import annotations

import torch
from torch import stack, tanh, zeros


def _scan(x, W, U):
    h, states = zeros(W.shape[1], dtype=x.dtype), []
    for t in range(len(x)):
        h = tanh(x[t] @ W + h @ U)
        states.append(h)
    return stack(states)


def two_lengths(x, y, W, U):
    return ((_scan(x, W, U)[-1] - _scan(y, W, U)[-1]) ** 2).sum()


def stacked(x, y, W, U):
    for w, u in zip(W, U, strict=True):
        x = _scan(x, w, u)
    return ((x[-1] - y) ** 2).sum()


def each_row(x, y, W, U):
    e = 0
    for n in range(len(x)):
        e = 0.5 * e + ((_scan(x[n], W, U)[-1] - y[n]) ** 2).sum()
    return e


def kv_cache(x, y, Wq, Wk, Wv):
    h, zs, states = zeros(x.shape[1], dtype=x.dtype), [], []
    for t in range(len(x)):
        zs.append(x[t] + h)
        w = torch.softmax(stack(zs) @ Wk @ (zs[-1] @ Wq) / Wq.shape[1] ** 0.5, 0)
        h = tanh((w @ stack(zs)) @ Wv)
        states.append(h)
    return ((stack(states) - y) ** 2).mean()


def dense_depth(x, y, W):
    a = []
    for l in range(len(W)):
        a.append(tanh((x + sum(a[k] / (1 + l - k) for k in range(l))) @ W[l]))
    return ((a[-1] - y) ** 2).sum() / len(x)


def backsub(v, B):
    n, x = len(v), {}
    for i in reversed(range(n)):
        x[i] = (v[i] - sum(B[i, j] * x[j] for j in range(i + 1, n))) / (2 + B[i, i] ** 2)
    return sum(e**2 for e in x.values())


def lags(x, w, c):
    h = []
    for t in range(len(x)):
        h.append(tanh(x[t] + c * sum(w[p] * h[t - 1 - p] for p in range(min(len(w), t)))))
    return (stack(h) ** 2).sum()


def masked_two(x, y, lx, ly, W, U):
    h = zeros(x.shape[1], W.shape[1], dtype=x.dtype)
    for part, length in ((x, lx), (y, ly)):
        for t in range(len(part)):
            h = torch.where((t < length)[:, None], tanh(part[t] @ W + h @ U), h)
    return (h**2).sum() / x.shape[1]


def power_iteration(v, B, K):
    for _ in range(K):
        v = B @ v
        v = v / (v**2).sum().sqrt()
    return v @ B @ v


def newton(a, K):
    x = torch.ones_like(a)
    for _ in range(K):
        x = (x + (1 + a**2) / x) / 2
    return x.sum()


def viterbi_soft(e, B):
    a = zeros(e.shape[1], dtype=e.dtype)
    for row in e:
        a = row + torch.logsumexp(a + B.T, -1)
    return torch.logsumexp(a, 0)


def edit(x, y):
    r = {}
    for t in range(len(x)):
        for s in range(len(y)):
            r[t, s] = ((x[t] - y[s]) ** 2).sum() + (r.get((t - 1, s), 0) + r.get((t, s - 1), 0)) / 2
    return r[len(x) - 1, len(y) - 1]


def tbptt(x, y, W, U, V):
    h, states = zeros(W.shape[1], dtype=x.dtype), []
    for t in range(len(x)):
        h = tanh(x[t] @ W + h.detach() @ U)
        states.append(h)
    return ((stack(states) @ V - y) ** 2).sum() / len(x)


def grpo(z, r, a, W):
    lp = torch.log_softmax(z @ W, -1)
    l = lp[torch.arange(len(z)), a]
    ratio, adv = torch.exp(l - l.detach()), (r - r.mean()) / (r.std(unbiased=False) + 1e-4)
    return -torch.minimum(ratio * adv, ratio.clamp(0.8, 1.2) * adv).mean() + (lp.detach() * lp).sum() / len(z)


def target(x, W, V, G):
    q = tanh(x @ W) @ V
    t = (q.sum() * G + (q * q)[0]).detach()
    return ((t - V) ** 2).sum() + torch.where(q > q.detach() - 1, q, 2 * q).sum() + 0 * G.sum()


def ste(x, W):
    p = torch.sigmoid(x @ W)
    b = p + (torch.where(p > 0.5, 1.0, 0.0) - p).detach()
    s = (b[:, 1:] * (b[:, :-1] * p[:, 1:]).detach()).sum(1)
    return (s**2).sum() + (p[0].detach() * p[0]).max()


def lstm0(x, y, W, U, b):
    h = c = zeros(x.shape[1], U.shape[0], dtype=x.dtype)
    for row in x:
        i, f, g, o = (row @ W + h @ U + b).split(U.shape[0], -1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * tanh(g)
        h = torch.sigmoid(o) * tanh(c)
    return ((h - y) ** 2).sum()


def rnn0(x, y, W, U, V):
    h = zeros(x.shape[1], W.shape[1], dtype=x.dtype)
    for row in x:
        h = tanh(row @ W + h @ U)
    return ((h @ V - y) ** 2).sum()


def two0(x, W, U, V):
    a, b = zeros(W.shape[1], dtype=x.dtype), zeros(U.shape[1], dtype=x.dtype)
    for row in x:
        a, b = tanh(row @ W + b @ V), tanh(a @ U)
    return a.sum() + b.sum()


def stacked0(x, W, U, V):
    o = x @ W
    for u, v in zip(U, V, strict=True):
        o = _scan(o, u, v)
    return o.sum()
