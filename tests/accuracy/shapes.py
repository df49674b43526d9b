"""Residuals, norms, distances, means and penalties."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import fixed_positive, signs
from tests.accuracy.table import Entry, entry
from tests.autograd.random_data import bits, positive

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def tanh_residual(x: Data[N, D], W: Param[D, D], b: Param[D]):
    y = x + tanh(x @ W + b)
    return sum(y ** 2) / 2
""")
def tanh_residual(x, W, b):
    return ((x + torch.tanh(x @ W + b)) ** 2).sum() / 2


@network("""
@network
def residual_of_entries(x: Data[N], z: Param[N]):
    y = x + tanh(z)
    return sum(y * y) / 2
""")
def residual_of_entries(x, z):
    y = x + torch.tanh(z)
    return (y * y).sum() / 2


@network("""
@network
def apart_after_a_layer(x: Data[N, D], y: Data[N, N], W: Param[D, K], b: Param[K], V: Param[K, H], c: Param[H]):
    a = x @ W + b
    d[n, m] = sum(((a @ V + c)[n, h] - (a @ V + c)[m, h]) ** 2 for h in H)
    return mean(abs(d - y))
""")
def apart_after_a_layer(x, y, W, b, V, c):
    h = (x @ W + b) @ V + c
    return (((h[:, None] - h) ** 2).sum(-1) - y).abs().mean()


@network("""
@network
def less_a_sigmoid(x: Data[N, D], z: Param[N, D], t: Data[N, D]):
    y = x - sigmoid(z)
    return mean((y - t) ** 2)
""")
def less_a_sigmoid(x, z, t):
    return ((x - torch.sigmoid(z) - t) ** 2).mean()


@network("""
@network
def deep_residual(x: Data[N, D], y: Data[N, D], W: Param[L, D, D], b: Param[L, D]):
    a[-1] = x
    for l in L:
        a[l] = a[l - 1] + tanh(a[l - 1] @ W[l] + b[l])
    return mean((a[L - 1] - y) ** 2)
""", ranges={"L": (2, 5)})  # fmt: skip
def deep_residual(x, y, W, b):
    for W_l, b_l in zip(W, b, strict=True):
        x = x + torch.tanh(x @ W_l + b_l)
    return ((x - y) ** 2).mean()


@network("""
@network
def normalised_depth(x: Data[N, D], y: Data[N, D], g: Param[L, D], b: Param[L, D], W: Param[L, D, D]):
    a[-1] = x
    for l in L:
        u[l] = layer_norm(a[l - 1], g[l], b[l])
        a[l] = a[l - 1] + gelu(u[l] @ W[l])
    return sum((a[L - 1] - y) ** 2) / N
""", ranges={"L": (2, 4), "D": (4, 7)})  # fmt: skip
def normalised_depth(x, y, g, b, W):
    a = x
    for l in range(len(W)):
        a = a + F.gelu(F.layer_norm(a, g[l].shape, g[l], b[l], 1e-5) @ W[l])
    return ((a - y) ** 2).sum() / len(x)


@network("""
@network
def highway(x: Data[N, D], y: Data[N, D], W: Param[D, D], V: Param[D, D], c: Param[D]):
    s = sigmoid(x @ V + c)
    h = s * tanh(x @ W) + (1 - s) * x
    return sum((h - y) ** 2) / N
""")
def highway(x, y, W, V, c):
    s = torch.sigmoid(x @ V + c)
    return ((s * torch.tanh(x @ W) + (1 - s) * x - y) ** 2).sum() / len(x)


@network("""
@network
def scaled_by_a_gate(x: Data[N, D], W: Param[D, D], g: Data):
    y = x * (1 + g * tanh(x @ W))
    return sum(y ** 2)
""")
def scaled_by_a_gate(x, W, g):
    return ((x * (1 + g * torch.tanh(x @ W))) ** 2).sum()


@network("""
@network
def residual_of_softplus(x: Data[N, D], W: Param[D, D], v: Param[D]):
    y = x + softplus(x @ W)
    return sum(exp(-(y @ v)) / (1 + exp(-(y @ v))))
""")
def residual_of_softplus(x, W, v):
    y = x + torch.logaddexp(x @ W, torch.zeros(()))
    return torch.sigmoid(-(y @ v)).sum()


@network("""
@network
def penalty_by_a_number(X: Data[N, D], y: Data[N], w: Param[D], lam: Data):
    penalty = lam * sqrt(sum(w ** 2))
    return mean((X @ w - y) ** 2) + penalty
""")
def penalty_by_a_number(X, y, w, lam):
    return ((X @ w - y) ** 2).mean() + lam * torch.sqrt((w**2).sum())


@network("""
@network
def gated_roots(x: Data[N, D], g: Data[N], w: Param[D]):
    u = (x ** 2) @ (w ** 2)
    r = g * sqrt(u)
    return sum(r ** 2) + sum(r)
""", g=bits)  # fmt: skip
def gated_roots(x, g, w):
    r = g * torch.sqrt((x**2) @ (w**2))
    return (r**2).sum() + r.sum()


@network("""
@network
def group_lasso(X: Data[N, D], y: Data[N, K], W: Param[D, K], lam: Data[D]):
    r = X @ W - y
    return sum(r ** 2) / (2 * N) + sum(lam[d] * sqrt(sum(W[d, k] ** 2 for k in K) + 1e-8) for d in D)
""")
def group_lasso(X, y, W, lam):
    r = X @ W - y
    return (r**2).sum() / (2 * len(X)) + (lam * torch.sqrt((W**2).sum(1) + 1e-8)).sum()


@network("""
@network
def unit_rows(x: Data[N, D], t: Data[N, H], W: Param[D, H]):
    z = x @ W
    u = z / sqrt(sum(z ** 2, axis=1, keepdims=True) + 1e-6)
    return sum((u - t) ** 2)
""")
def unit_rows(x, t, W):
    z = x @ W
    return ((z / torch.sqrt((z**2).sum(1, keepdim=True) + 1e-6) - t) ** 2).sum()


@network("""
@network
def cosine(a: Param[N, D], b: Param[N, D]):
    c[n] = sum(a[n, d] * b[n, d] for d in D) / (sqrt(sum(a[n, d] ** 2 for d in D)) * sqrt(sum(b[n, d] ** 2 for d in D)))
    return mean(1 - c)
""")
def cosine(a, b):
    lengths = torch.sqrt((a**2).sum(1)) * torch.sqrt((b**2).sum(1))
    return (1 - (a * b).sum(1) / lengths).mean()


@network("""
@network
def hinge_of_a_line(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    return mean(maximum(1 - y * (x @ w + b), 0)) + sum(w ** 2) / 2
""", y=signs)  # fmt: skip
def hinge_of_a_line(x, y, w, b):
    return F.relu(1 - y * (x @ w + b)).mean() + (w**2).sum() / 2


@network("""
def smooth(e, delta=1):
    return where(abs(e) <= delta, e ** 2 / 2, delta * (abs(e) - delta / 2))


@network
def huber_by_hand(x: Data[N, D], y: Data[N], w: Param[D]):
    return mean(smooth(x @ w - y, 0.5))
""")
def huber_by_hand(x, y, w):
    return F.huber_loss(x @ w, y, delta=0.5)


@network("""
@network
def pseudo_huber(x: Data[N, D], y: Data[N], w: Param[D]):
    e = x @ w - y
    return sum(sqrt(1 + e ** 2) - 1)
""")
def pseudo_huber(x, y, w):
    return (torch.sqrt(1 + (x @ w - y) ** 2) - 1).sum()


@network("""
@network
def triplet(a: Param[N, D], p: Param[N, D], q: Param[N, D]):
    dp = sum((a - p) ** 2, axis=1)
    dq = sum((a - q) ** 2, axis=1)
    return mean(relu(dp - dq + 1))
""")
def triplet(a, p, q):
    return F.relu(((a - p) ** 2).sum(1) - ((a - q) ** 2).sum(1) + 1).mean()


@network("""
@network
def pairs_in_space(z: Param[N, D], t: Data[N, N]):
    d[n, m] = sqrt(sum((z[n, k] - z[m, k]) ** 2 for k in D) + 1e-6)
    return sum((d - t) ** 2) / N ** 2
""", ranges={"N": (2, 5)})  # fmt: skip
def pairs_in_space(z, t):
    d = torch.sqrt(((z[:, None] - z) ** 2).sum(-1) + 1e-6)
    return ((d - t) ** 2).mean()


@network("""
@network
def batch_norm_by_hand(x: Data[N, D], y: Data[N], W: Param[D, H], g: Param[H], b: Param[H], v: Param[H]):
    z = x @ W
    mu = mean(z, axis=0)
    s2 = mean((z - mu) ** 2, axis=0)
    a = relu(g * (z - mu) / sqrt(s2 + 1e-5) + b)
    return mean((a @ v - y) ** 2)
""", ranges={"N": (6, 9)})  # fmt: skip
def batch_norm_by_hand(x, y, W, g, b, v):
    a = F.relu(F.batch_norm(x @ W, None, None, g, b, training=True, eps=1e-5))
    return ((a @ v - y) ** 2).mean()


@network("""
@network
def rms_by_hand(x: Data[N, D], y: Data[N, D], g: Param[D], W: Param[D, D]):
    r = sqrt(mean(x ** 2, axis=1, keepdims=True) + 1e-6)
    u = x / r * g
    return mean((x + u @ W - y) ** 2)
""")
def rms_by_hand(x, y, g, W):
    u = x / torch.sqrt((x**2).mean(1, keepdim=True) + 1e-6) * g
    return ((x + u @ W - y) ** 2).mean()


@network("""
@network
def geometric_mean(x: Param[N, D], y: Data[N]):
    g[n] = exp(mean(log(x[n, d]) for d in D))
    return sum((g - y) ** 2)
""", x=positive)  # fmt: skip
def geometric_mean(x, y):
    return ((torch.exp(torch.log(x).mean(1)) - y) ** 2).sum()


@network("""
@network
def product_of_a_row(x: Param[N, D], y: Data[N]):
    g[n] = exp(sum(log(x[n, d]) for d in D)) ** (1 / D)
    return mean((g - y) ** 2)
""", x=positive)  # fmt: skip
def product_of_a_row(x, y):
    return ((torch.exp(torch.log(x).mean(1)) - y) ** 2).mean()


@network("""
@network
def weighted_mean(x: Data[N, D], y: Data[D], w: Param[N]):
    a = exp(w)
    m[d] = sum(a[n] * x[n, d] for n in N) / sum(a[n] for n in N)
    return sum((m - y) ** 2)
""")
def weighted_mean(x, y, w):
    return ((torch.softmax(w, 0) @ x - y) ** 2).sum()


@network("""
@network
def ratio_of_sums(x: Data[N, D], a: Param[D], b: Param[D]):
    u = (x @ a) ** 2
    v = (x @ b) ** 2
    return sum(u) / (sum(u) + sum(v))
""")
def ratio_of_sums(x, a, b):
    u, v = ((x @ a) ** 2).sum(), ((x @ b) ** 2).sum()
    return u / (u + v)


@network("""
@network
def radial_basis(x: Data[N, D], y: Data[N], c: Param[K, D], w: Param[K], s: Param):
    d[n, k] = sum((x[n, j] - c[k, j]) ** 2 for j in D)
    phi = exp(-d / (2 * s ** 2))
    h = phi @ w / sum(phi, axis=1)
    return mean((h - y) ** 2)
""", s=fixed_positive)  # fmt: skip
def radial_basis(x, y, c, w, s):
    d = ((x[:, None] - c) ** 2).sum(-1)
    return ((torch.softmax(-d / (2 * s**2), -1) @ w - y) ** 2).mean()


@network("""
@network
def soft_assignment(x: Data[N, D], c: Param[K, D]):
    d[n, k] = sum((x[n, j] - c[k, j]) ** 2 for j in D)
    e[n, k] = exp(-2 * d[n, k])
    r[n, k] = e[n, k] / sum(e[n, j] for j in K)
    return sum(r * d) / N
""")
def soft_assignment(x, c):
    d = ((x[:, None] - c) ** 2).sum(-1)
    return (torch.softmax(-2 * d, -1) * d).sum() / len(x)


@network("""
@network
def student_assignment(x: Data[N, D], c: Param[K, D], t: Data[N, K]):
    d[n, k] = sum((x[n, j] - c[k, j]) ** 2 for j in D)
    q = (1 + d) ** -1
    p = q / sum(q, axis=1, keepdims=True)
    return sum((p - t) ** 2)
""")
def student_assignment(x, c, t):
    q = 1 / (1 + ((x[:, None] - c) ** 2).sum(-1))
    return ((q / q.sum(1, keepdim=True) - t) ** 2).sum()


@network("""
@network
def gelu_network(x: Data[N, D], y: Data[N], W: Param[D, H], b: Param[H], v: Param[H]):
    return mean((gelu(x @ W + b) @ v - y) ** 2)
""")
def gelu_network(x, y, W, b, v):
    return ((F.gelu(x @ W + b) @ v - y) ** 2).mean()


@network("""
@network
def gated_units(x: Data[N, D], y: Data[N], W: Param[D, H], V: Param[D, H], v: Param[H]):
    h = x @ W / (1 + exp(-(x @ W))) * (x @ V)
    return mean((h @ v - y) ** 2)
""")
def gated_units(x, y, W, V, v):
    return (((F.silu(x @ W) * (x @ V)) @ v - y) ** 2).mean()
