"""Recurrences: chains, hidden states, cells with residuals."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive
from tests.accuracy.table import Entry, entry

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
P = T - 1


@network
def chain_of_tags(y: Labels[T, K], e: Param[T, K], A: Param[K, K]):
    alpha[-1] = e[0]
    for p in P:
        alpha[p, k] = logsumexp(alpha[p - 1] + A[:, k]) + e[p + 1, k]
    score = sum(e[t, y[t]] for t in T) + sum(A[y[t - 1], y[t]] for t in range(1, T))
    return logsumexp(alpha[P - 1]) - score
""", ranges={"T": (3, 6)})  # fmt: skip
def chain_of_tags(y, e, A):
    alpha = e[0]
    for t in range(1, len(e)):
        alpha = torch.logsumexp(alpha[:, None] + A, 0) + e[t]
    score = e.gather(1, y[:, None]).sum() + A[y[:-1], y[1:]].sum()
    return torch.logsumexp(alpha, 0) - score


@network("""
@network
def hidden_states(y: Labels[T, D], a: Param[K], A: Param[K, K], B: Param[K, D]):
    p = softmax(A)
    q = softmax(B)
    f[-1] = softmax(a)
    for t in T:
        f[t, k] = sum(f[t - 1, j] * p[j, k] for j in K) * q[k, y[t]]
    return -log(sum(f[T - 1, k] for k in K))
""", ranges={"T": (2, 5)})  # fmt: skip
def hidden_states(y, a, A, B):
    p, q, f = F.log_softmax(A, -1), F.log_softmax(B, -1), F.log_softmax(a, -1)
    for label in y:
        f = torch.logsumexp(f[:, None] + p, 0) + q[:, label]
    return -torch.logsumexp(f, 0)


@network("""
@network
def hidden_states_in_logarithms(y: Labels[T, D], s: Data[K], a: Param[K, K], b: Param[K, D]):
    A = log_softmax(a)
    B = log_softmax(b)
    f[-1] = s
    for t in T:
        f[t, k] = log(sum(exp(f[t - 1, j] + A[j, k]) for j in K)) + B[k, y[t]]
    return -logsumexp(f[T - 1])
""", ranges={"T": (2, 5)})  # fmt: skip
def hidden_states_in_logarithms(y, s, a, b):
    A, B, f = F.log_softmax(a, -1), F.log_softmax(b, -1), s
    for label in y:
        f = torch.logsumexp(f[:, None] + A, 0) + B[:, label]
    return -torch.logsumexp(f, 0)


@network("""
@network
def residual_cell(x: Data[T, N, D], y: Data[N, H], Wx: Param[D, H], Wh: Param[H, H], b: Param[H]):
    h[-1, n: N, k: H] = 0
    for t in T:
        h[t] = h[t - 1] + tanh(x[t] @ Wx + h[t - 1] @ Wh + b)
    return mean((h[T - 1] - y) ** 2)
""", ranges={"T": (2, 5)})  # fmt: skip
def residual_cell(x, y, Wx, Wh, b):
    h = torch.zeros_like(y)
    for x_t in x:
        h = h + torch.tanh(x_t @ Wx + h @ Wh + b)
    return ((h - y) ** 2).mean()


@network("""
@network
def gated_cell(
    x: Data[T, N, H], h0: Param[N, H],
    Wx: Param[H, 3 * H], Wh: Param[H, 3 * H], b: Param[3 * H], c: Param[3 * H],
):
    h[-1] = h0
    for t in T:
        h[t] = x[t] + gru_cell(x[t], h[t - 1], Wx, Wh, b, c)
    return sum(h ** 2) / 2
""", ranges={"T": (2, 4), "H": (2, 4), "N": (1, 4)})  # fmt: skip
def gated_cell(x, h0, Wx, Wh, b, c):
    h, found = h0, []
    for x_t in x:
        h = x_t + torch.gru_cell(x_t, h, Wx.T, Wh.T, b, c)
        found.append(h)
    return (torch.stack(found) ** 2).sum() / 2


@network("""
@network
def memory_cell(x: Data[T, H], y: Data[H], Wi: Param[H, H], Wf: Param[H, H], Wg: Param[H, H]):
    c[-1, k: H] = 0
    h[-1, k: H] = 0
    for t in T:
        i[t] = sigmoid((x[t] + h[t - 1]) @ Wi)
        f[t] = sigmoid((x[t] + h[t - 1]) @ Wf)
        c[t] = f[t] * c[t - 1] + i[t] * tanh(h[t - 1] @ Wg)
        h[t] = x[t] + tanh(c[t])
    return sum((h[T - 1] - y) ** 2)
""", ranges={"T": (2, 5), "H": (2, 4)})  # fmt: skip
def memory_cell(x, y, Wi, Wf, Wg):
    c = h = torch.zeros_like(y)
    for x_t in x:
        i, f = torch.sigmoid((x_t + h) @ Wi), torch.sigmoid((x_t + h) @ Wf)
        c = f * c + i * torch.tanh(h @ Wg)
        h = x_t + torch.tanh(c)
    return ((h - y) ** 2).sum()


@network("""
@network
def decaying_memory(x: Data[T, H], y: Data[T, H], a: Param[H], g: Param[H]):
    h[-1, k: H] = 0
    for t in T:
        h[t] = exp(-exp(a)) * h[t - 1] + g * x[t]
    return mean((h - y) ** 2)
""", ranges={"T": (2, 6)})  # fmt: skip
def decaying_memory(x, y, a, g):
    h, found = torch.zeros_like(a), []
    for x_t in x:
        h = torch.exp(-torch.exp(a)) * h + g * x_t
        found.append(h)
    return ((torch.stack(found) - y) ** 2).mean()


@network("""
@network
def soft_alignment(d: Param[T, T], gamma: Data):
    r[-1, j: T] = 0
    for t in T:
        r[t, j] = d[t, j] - gamma * log(sum(exp(-r[t - 1, k] / gamma) for k in T if k <= j))
    return r[T - 1, T - 1]
""", gamma=fixed_positive, ranges={"T": (2, 6)})  # fmt: skip
def soft_alignment(d, gamma):
    r = torch.zeros_like(d[0])
    for row in d:
        r = row - gamma * torch.logcumsumexp(-r / gamma, 0)
    return r[-1]
