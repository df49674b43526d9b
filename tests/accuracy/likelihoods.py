"""Likelihoods and probabilities: logarithms of sigmoids by parts, mixtures, densities."""

from __future__ import annotations

from functools import partial

import torch
from torch.nn import functional as F

from tests.accuracy.draws import counts, fixed_positive
from tests.accuracy.table import Entry, entry
from tests.autograd.random_data import bits, positive

TABLE: list[Entry] = []
network = partial(entry, TABLE)


@network("""
@network
def log_of_complement(x: Data[N, D], w: Param[D], b: Param):
    p = sigmoid(x @ w + b)
    return -sum(log(1 - p)) / N
""")
def log_of_complement(x, w, b):
    return -F.logsigmoid(-(x @ w + b)).mean()


@network("""
@network
def choice_of_logs(x: Data[N, D], m: Data[N], w: Param[D]):
    p = 1 / (1 + exp(-(x @ w)))
    return -mean(where(m > 0.5, log(p), log(1 - p)))
""", m=bits)  # fmt: skip
def choice_of_logs(x, m, w):
    z = x @ w
    return -torch.where(m > 0.5, F.logsigmoid(z), F.logsigmoid(-z)).mean()


@network("""
def logistic(z):
    return exp(z) / (1 + exp(z))


@network
def other_sigmoid(x: Data[N, D], y: Data[N], w: Param[D], v: Param[D]):
    p = logistic(x @ w) * logistic(x @ v)
    return sum((p - y) ** 2)
""", y=bits)  # fmt: skip
def other_sigmoid(x, y, w, v):
    return ((torch.sigmoid(x @ w) * torch.sigmoid(x @ v) - y) ** 2).sum()


@network("""
@network
def bernoulli_by_parts(x: Data[N, D], y: Data[N, H], W: Param[D, H]):
    e = exp(-(x @ W))
    p = 1 / (1 + e)
    return -sum(y * log(p) + (1 - y) * log(1 - p)) / N
""", y=bits)  # fmt: skip
def bernoulli_by_parts(x, y, W):
    return F.binary_cross_entropy_with_logits(x @ W, y, reduction="sum") / len(x)


@network("""
@network
def binary_focal(x: Data[N, D], y: Data[N], w: Param[D]):
    p = sigmoid(x @ w)
    return -sum(y * (1 - p) ** 2 * log(p) + (1 - y) * p ** 2 * log(1 - p))
""", y=bits)  # fmt: skip
def binary_focal(x, y, w):
    z = x @ w
    p, q = torch.sigmoid(z), torch.sigmoid(-z)
    return -(y * q**2 * F.logsigmoid(z) + (1 - y) * p**2 * F.logsigmoid(-z)).sum()


@network("""
@network
def masked_exponential(x: Data[N, D], m: Data[N], w: Param[D]):
    y = m * exp(x @ w)
    return sum(y) / N
""", m=bits)  # fmt: skip
def masked_exponential(x, m, w):
    return (m * torch.exp((x @ w).masked_fill(m == 0, 0))).sum() / len(x)


@network("""
@network
def masked_poisson(x: Data[N, D], y: Data[N], m: Data[N], w: Param[D]):
    z = x @ w
    return sum(m[n] * (exp(z[n]) - y[n] * z[n]) for n in N)
""", m=bits, y=counts)  # fmt: skip
def masked_poisson(x, y, m, w):
    z = x @ w
    return torch.where(m > 0, z.exp() - y * z, torch.zeros_like(z)).sum()


@network("""
@network
def masked_square(x: Data[N, D], y: Data[N], m: Data[N], w: Param[D]):
    return sum(m * (exp(x @ w) - y) ** 2) / 2
""", m=bits)  # fmt: skip
def masked_square(x, y, m, w):
    return (m * (torch.exp((x @ w).masked_fill(m == 0, 0)) - y) ** 2).sum() / 2


@network("""
@network
def mixture_of_gaussians(x: Data[N, D], a: Param[K], mu: Param[K, D]):
    p = softmax(a)
    d[n, k] = sum((x[n, j] - mu[k, j]) ** 2 for j in D)
    return -sum(log(sum(p[k] * exp(-d[n, k] / 2) for k in K)) for n in N)
""")
def mixture_of_gaussians(x, a, mu):
    d = ((x[:, None] - mu) ** 2).sum(-1)
    return -torch.logsumexp(F.log_softmax(a, -1) - d / 2, -1).sum()


@network("""
@network
def product_of_choices(a: Param[N, K], v: Param[K, D], t: Labels[N, D]):
    q = softmax(a)
    p = softmax(v)
    return -mean(log(sum(q[n, k] * p[k, t[n]] for k in K)) for n in N)
""")
def product_of_choices(a, v, t):
    return -torch.logsumexp(F.log_softmax(a, -1) + F.log_softmax(v, -1)[:, t].T, -1).mean()


@network("""
@network
def density_network(x: Data[N, D], y: Data[N], A: Param[D, K], B: Param[D, K], S: Param[D, K]):
    p = softmax(x @ A)
    m = x @ B
    s = exp(x @ S)
    r[n, k] = (y[n] - m[n, k]) / s[n, k]
    return -mean(log(sum(p[n, k] * exp(-r[n, k] ** 2 / 2) / s[n, k] for k in K)) for n in N)
""")
def density_network(x, y, A, B, S):
    s = x @ S
    r = (y[:, None] - x @ B) * torch.exp(-s)
    return -torch.logsumexp(F.log_softmax(x @ A, -1) - r**2 / 2 - s, -1).mean()


@network("""
@network
def bernoulli_mixture(x: Data[N, D], a: Param[K], v: Param[K, D]):
    c = exp(a) / sum(exp(a))
    q = sigmoid(v)
    l[n, k] = exp(sum(x[n, d] * log(q[k, d]) + (1 - x[n, d]) * log(1 - q[k, d]) for d in D))
    return -sum(log(sum(c[k] * l[n, k] for k in K)) for n in N)
""", x=bits)  # fmt: skip
def bernoulli_mixture(x, a, v):
    l = x @ F.logsigmoid(v).T + (1 - x) @ F.logsigmoid(-v).T
    return -torch.logsumexp(F.log_softmax(a, -1) + l, -1).sum()


@network("""
@network
def mixture_of_experts(x: Data[N, D], y: Data[N], G: Param[D, K], V: Param[D, K]):
    g = exp(x @ G)
    o = sum(g * (x @ V), axis=1) / sum(g, axis=1)
    return mean((o - y) ** 2)
""")
def mixture_of_experts(x, y, G, V):
    return (((torch.softmax(x @ G, -1) * (x @ V)).sum(-1) - y) ** 2).mean()


@network("""
@network
def gaussian_nll(x: Data[N, D], y: Data[N], m: Param[D], s: Param[D]):
    v = x @ s
    return mean((exp(-v) * (x @ m - y) ** 2 + v) / 2)
""")
def gaussian_nll(x, y, m, s):
    v = x @ s
    return ((torch.exp(-v) * (x @ m - y) ** 2 + v) / 2).mean()


@network("""
@network
def evidence_bound(x: Data[N, D], eps: Data[N, H], A: Param[D, H], S: Param[D, H], V: Param[H, D]):
    mu = x @ A
    s = x @ S
    z = mu + exp(s / 2) * eps
    kl = -sum(1 + s - mu ** 2 - exp(s)) / 2
    return (sum((sigmoid(z @ V) - x) ** 2) + kl) / N
""")
def evidence_bound(x, eps, A, S, V):
    mu, s = x @ A, x @ S
    z = mu + torch.exp(s / 2) * eps
    kl = -(1 + s - mu**2 - s.exp()).sum() / 2
    return (((torch.sigmoid(z @ V) - x) ** 2).sum() + kl) / len(x)


@network("""
@network
def poisson_nll(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    z = x @ w + b
    return mean(exp(z) - y * z)
""", y=counts)  # fmt: skip
def poisson_nll(x, y, w, b):
    return F.poisson_nll_loss(x @ w + b, y)


@network("""
def soft_positive(z):
    return log(1 + exp(z))


@network
def softplus_by_hand(x: Data[N, D], y: Data[N], W: Param[D, H], v: Param[H]):
    return sum((soft_positive(x @ W) @ v - y) ** 2) / N
""")
def softplus_by_hand(x, y, W, v):
    return ((torch.logaddexp(x @ W, torch.zeros(())) @ v - y) ** 2).sum() / len(x)


@network("""
@network
def tanh_by_hand(x: Data[N, D], y: Data[N, H], W: Param[D, H]):
    z = x @ W
    a = (exp(z) - exp(-z)) / (exp(z) + exp(-z))
    return sum((a - y) ** 2)
""")
def tanh_by_hand(x, y, W):
    return ((torch.tanh(x @ W) - y) ** 2).sum()


@network("""
@network
def log_of_two_exponentials(a: Param[N], b: Param[N], y: Data[N]):
    s = log(exp(a) + exp(b))
    return sum((s - y) ** 2)
""")
def log_of_two_exponentials(a, b, y):
    return ((torch.logaddexp(a, b) - y) ** 2).sum()


@network("""
@network
def soft_largest(x: Data[N, D], y: Data[N], W: Param[D, K], beta: Data):
    z = x @ W
    s[n] = log(mean(exp(beta * z[n, k]) for k in K)) / beta
    return mean((s - y) ** 2)
""", beta=fixed_positive)  # fmt: skip
def soft_largest(x, y, W, beta):
    z = x @ W
    k = torch.tensor(float(z.shape[1]), dtype=z.dtype)
    return (((torch.logsumexp(beta * z, -1) - torch.log(k)) / beta - y) ** 2).mean()


@network("""
@network
def gumbel(x: Data[N, D], t: Data[N], w: Param[D]):
    p = exp(-exp(-(x @ w)))
    return sum((p - t) ** 2)
""", t=bits)  # fmt: skip
def gumbel(x, t, w):
    return ((torch.exp(-torch.exp(-(x @ w))) - t) ** 2).sum()


@network("""
@network
def complementary_log_log(x: Data[N, D], w: Param[D]):
    z = x @ w
    return -mean(log(1 - exp(-exp(z))))
""")
def complementary_log_log(x, w):
    e = torch.exp(x @ w)
    # -expm1(-e) is about e where that is small, whose log is z itself
    return -torch.where(e < 1e-30, x @ w, torch.log(-torch.expm1(-e.clamp_min(1e-30)))).mean()


@network("""
@network
def weibull(t: Data[N], x: Data[N, D], w: Param[D], k: Param):
    lam = exp(x @ w)
    return -sum(log(k) - log(lam) + (k - 1) * log(t / lam) - (t / lam) ** k)
""", t=positive, k=positive)  # fmt: skip
def weibull(t, x, w, k):
    z = x @ w
    r = torch.log(t) - z
    return -(torch.log(k) - z + (k - 1) * r - torch.exp(k * r)).sum()


@network("""
@network
def student_nll(x: Data[N, D], y: Data[N], w: Param[D], nu: Data):
    e = x @ w - y
    return (nu + 1) / 2 * sum(log(1 + e ** 2 / nu))
""", nu=fixed_positive)  # fmt: skip
def student_nll(x, y, w, nu):
    return (nu + 1) / 2 * torch.log1p((x @ w - y) ** 2 / nu).sum()


@network("""
@network
def ranking_of_pairs(x: Data[N, D], w: Param[D]):
    s = x @ w
    return sum(log(1 + exp(-(s[n] - s[m]))) for n in N for m in N if m < n) / N
""")
def ranking_of_pairs(x, w):
    s = x @ w
    return -(F.logsigmoid(s[:, None] - s).tril(-1)).sum() / len(s)


@network("""
@network
def dice(x: Data[N, D], y: Data[N], w: Param[D]):
    p = sigmoid(x @ w)
    return 1 - (2 * sum(p * y) + 1) / (sum(p) + sum(y) + 1)
""", y=bits)  # fmt: skip
def dice(x, y, w):
    p = torch.sigmoid(x @ w)
    return 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)


@network("""
def mish(z):
    return z * tanh(log(1 + exp(z)))


@network
def mish_by_hand(x: Data[N, D], y: Data[N], W: Param[D, H], v: Param[H]):
    return mean((mish(x @ W) @ v - y) ** 2)
""")
def mish_by_hand(x, y, W, v):
    return ((F.mish(x @ W) @ v - y) ** 2).mean()


@network("""
@network
def clipped_ratio(lp: Param[N], lq: Data[N], gain: Data[N], on: Data[N]):
    r = exp(lp - lq)
    return -sum(on * min(r * gain, min(max(r, 0.8), 1.2) * gain)) / N
""", on=bits)  # fmt: skip
def clipped_ratio(lp, lq, gain, on):
    r = torch.exp(lp - lq)
    return -(on * torch.minimum(r * gain, r.clamp(0.8, 1.2) * gain)).sum() / len(r)


@network("""
@network
def learned_scales(x: Data[N, D], w: Param[K], mu: Param[K, D], s: Param[K, D]):
    d[n, k] = sum(((x[n, i] - mu[k, i]) * exp(-s[k, i])) ** 2 for i in D) / 2
    q[n, k] = w[k] - sum(s[k, i] for i in D) - d[n, k]
    top[n] = max(q[n, k] for k in K)
    ll[n] = top[n] + log(sum(exp(q[n, k] - top[n]) for k in K)) - logsumexp(w)
    return -mean(ll)
""")
def learned_scales(x, w, mu, s):
    d = (((x[:, None] - mu) * torch.exp(-s)) ** 2).sum(-1) / 2
    return -(torch.logsumexp(w - s.sum(-1) - d, 1) - torch.logsumexp(w, 0)).mean()


@network("""
@network
def softmax_complements(z: Param[N, K], m: Data[N, K]):
    p = softmax(z)
    return -sum(where(m > 0, log(p), log(1 - p))) / N
""", m=bits)  # fmt: skip
def softmax_complements(z, m):
    p = torch.softmax(z, 1)
    return -torch.where(m > 0, torch.log(p), torch.log(1 - p)).sum() / len(z)


@network("""
def clip(v, low, high):
    return max(low, min(v, high))


@network
def clipped_policy(z: Param[N, K], c: Labels[N, K], old: Data[N], gain: Data[N]):
    lp[n] = z[n, c[n]] - logsumexp(z[n])
    r = exp(lp - old)
    return -mean(where(r * gain < clip(r, 0.8, 1.2) * gain, r * gain, clip(r, 0.8, 1.2) * gain))
""")
def clipped_policy(z, c, old, gain):
    r = torch.exp(F.log_softmax(z, -1).gather(1, c[:, None])[:, 0] - old)
    return -torch.minimum(r * gain, r.clamp(0.8, 1.2) * gain).mean()


@network("""
@network
def capped_rate(x: Data[N, D], w: Param[D], y: Data[N]):
    rate = min(exp(x @ w), 10)
    return mean((rate - y) ** 2)
""")
def capped_rate(x, w, y):
    return ((torch.exp(x @ w).clamp(max=10) - y) ** 2).mean()


@network("""
@network
def scales_in_arrays(x: Data[N, D], w: Param[K], mu: Param[K, D], s: Param[K, D]):
    q[n, k] = w[k] - sum(s[k]) - sum(((x[n] - mu[k]) * exp(-s[k])) ** 2) / 2
    return -mean(logsumexp(q))
""")
def scales_in_arrays(x, w, mu, s):
    return -torch.logsumexp(w - s.sum(-1) - (((x[:, None] - mu) * torch.exp(-s)) ** 2).sum(-1) / 2, -1).mean()


@network("""
@network
def heavy_tails(x: Data[N, D], y: Data[N], w: Param[D], s: Param, v: Data):
    r = (y - x @ w) * exp(-s)
    return mean((v + 1) / 2 * log(1 + r ** 2 / v)) + s
""", v=fixed_positive)  # fmt: skip
def heavy_tails(x, y, w, s, v):
    r = (y - x @ w) * torch.exp(-s)
    return ((v + 1) / 2 * torch.log1p(r**2 / v)).mean() + s
