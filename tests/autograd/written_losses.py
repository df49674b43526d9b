"""The losses of the networks in `written/` in PyTorch, with sizes and data to try them on.

`REFERENCES[name]` is (sizes, given, loss): `given(rng, sizes)` makes the data that cannot be any numbers, all other
inputs are standard normal; `loss(**tensors)` takes float64 tensors (int64 for Labels) by the network's own names.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

REFERENCES = {}


def network(given=lambda rng, s: {}, **sizes):
    return lambda loss: REFERENCES.setdefault(loss.__name__, (sizes, given, loss)) and loss


def labels(**shapes):
    return lambda rng, s: {
        name: rng.integers(0, s.get(dims[-1], dims[-1]), [s[d] for d in dims[:-1]]) for name, dims in shapes.items()
    }


def mask(rng, rows, length):
    """1 on the first entries of each row, at least one, all of the first row."""
    lengths = np.array([length, *rng.integers(1, length + 1, rows - 1)])
    return (np.arange(length) < lengths[:, None]).astype(float)


@network(labels(y=("N", 10)), N=3)
def lenet_flatten(x, y, k1, c1, k2, c2, W1, b1, W2, b2):
    a = F.max_pool2d(torch.relu(F.conv2d(x, k1, c1)), 2)
    c = F.max_pool2d(torch.relu(F.conv2d(a, k2, c2)), 2)
    return F.cross_entropy(torch.relu(torch.flatten(c, 1) @ W1 + b1) @ W2 + b2, y)


@network(labels(y=("N", "K")), N=3, C=2, A=2, B=3, D=5, K=4)
def vit_patches(x, y, W, b, pos, V):
    patches = F.unfold(x, 4, stride=4).transpose(1, 2)  # channel, row, column, as the transpose makes them
    return F.cross_entropy(torch.tanh(patches @ W + b + pos).mean(1) @ V, y)


@network(N=2, T=5, A=3, E=2, D=4)
def merged_heads(x, y, Wq, Wk, Wv, Wo):
    N, T, _ = x.shape
    q, k, v = ((x @ w).view(N, T, 3, -1).transpose(1, 2) for w in (Wq, Wk, Wv))
    o = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(N, T, -1)
    return ((o @ Wo - y) ** 2).sum() / (2 * N)


@network(labels(tok=("N", "T", "V"), nxt=("N", "T", "V")), N=3, T=4, P=6, V=7, D=5)
def position_table(tok, nxt, E, pos):
    h = torch.tanh(E[tok] + pos[: tok.shape[1]])
    return F.cross_entropy((h @ E.T).flatten(0, 1), nxt.flatten())


@network(lambda rng, s: {"y": rng.integers(1, s["C"], (s["N"], s["S"]))}, T=9, N=3, S=3, D=4, C=5)
def ctc_net(x, y, W, b):
    T, N, S = len(x), *y.shape
    return F.ctc_loss(torch.log_softmax(x @ W + b, -1), y, torch.full((N,), T), torch.full((N,), S))


@network(
    lambda rng, s: {"y": rng.integers(0, s["K"], (s["N"], s["T"])), "mask": mask(rng, s["N"], s["T"])},
    N=3,
    T=4,
    D=5,
    K=3,
)
def crf_tagger(x, mask, y, W, A):
    """Every path of every row, one by one: minus the mean log probability of the tags."""
    total, e = 0, x @ W
    for n in range(len(x)):
        t = int(mask[n].sum())
        paths = torch.cartesian_prod(*[torch.arange(len(A))] * t).reshape(-1, t)
        score = lambda p: e[n, torch.arange(t), p].sum(-1) + A[p[..., :-1], p[..., 1:]].sum(-1)  # noqa: B023, E731
        total = total + torch.logsumexp(score(paths), 0) - score(y[n, :t])
    return total / len(x)


@network(M=3, N=4)
def log_det_cholesky(X):
    return torch.logdet(X.T @ X + torch.eye(X.shape[1], dtype=X.dtype))


@network(T=5, D=3)
def states_attend(x, y, W, U):
    h = torch.zeros(1, x.shape[1], dtype=x.dtype)
    for t in range(len(x)):
        c = (h[1:] @ x[t]) @ h[1:]
        h = torch.cat([h, torch.tanh(x[t] @ W + c @ U + h[-1])[None]])
    return ((h[1:] - y) ** 2).sum() / len(x)


@network(N=5, D=3, H=2, M=4)
def vector_quantiser(x, beta, W, E, V):
    z = x @ W
    e = E[torch.cdist(z, E).argmin(1)]
    q = z + (e - z).detach()
    return F.mse_loss(q @ V, x) + F.mse_loss(e, z.detach()) + beta * F.mse_loss(z, e.detach())


@network(N=2, C=3, F=2, I=3, J=2)
def nearest_upsampling(x, y, w, b):
    up = F.interpolate(x, scale_factor=2)
    i, j = torch.meshgrid(torch.arange(up.shape[2]), torch.arange(up.shape[3]), indexing="ij")
    return F.mse_loss(F.conv2d(up * torch.where((i + j) % 2 == 0, 1.0, 0.5), w, b, padding=1), y)


@network(N=2, A=3, B=2, P=4, D=5)
def unpatchify(h, y, W):
    z = torch.einsum("nijd,duv->nuvij", h, W).flatten(1, 2).flatten(2)
    image = F.fold(z, y.shape[1:], W.shape[1], stride=W.shape[1])[:, 0]
    return F.mse_loss(torch.tanh(image), y)


@network(N=2, T=5, D=4, H=3)
def rotary_attention(x, y, Wq, Wk, Wv):
    """Position t, with width D, turns the pair (i, i + D/2) by the angle t * 10000 ** (-2 * i / D)."""

    def turn(q):
        T, D = q.shape[-2:]
        angle = torch.arange(T)[:, None] * 10000 ** (-2 * torch.arange(D // 2).double() / D)
        turned = torch.polar(torch.ones_like(angle), angle) * torch.complex(q[..., : D // 2], q[..., D // 2 :])
        return torch.cat([turned.real, turned.imag], -1)

    return F.mse_loss(F.scaled_dot_product_attention(turn(x @ Wq), turn(x @ Wk), x @ Wv, is_causal=True), y)


@network(labels(y=("N", "K")), N=4, I=3, J=5, R=2, K=3)
def einsum_bilinear(u, v, y, P, Q, G):
    return F.cross_entropy(torch.einsum("ni,ir,nj,js,rsk->nk", u, P, v, Q, G), y)


@network(lambda rng, s: {"event": np.array([1.0, *rng.integers(0, 2, s["N"] - 1)])}, N=6, D=3)
def cox(x, event, w):
    r = x @ w
    return -sum(event[i] * (r[i] - torch.logsumexp(r[i:], 0)) for i in range(len(r))) / event.sum()


@network(lambda rng, s: {"y": rng.random((s["N"], 1, 11, 11))}, N=2, Z=3, F=4, C=2)
def decoder(z, y, W, b, a, w1, c1, w2, c2):
    h = F.prelu((z @ W + b).view(len(z), -1, 3, 3), a)
    o = F.conv_transpose2d(F.mish(F.conv_transpose2d(h, w1, c1, stride=2)), w2, c2, stride=2, padding=1)
    return F.binary_cross_entropy_with_logits(o, y)


@network(N=2, C=2, D=1, F=3, I=3, J=4)
def unet_bilinear(x, skip, y, w, b):
    up = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
    return F.mse_loss(F.conv2d(torch.cat([up, skip], 1), w, b, padding=1), y)


@network(lambda rng, s: {"mask": mask(rng, s["N"], s["T"])}, N=3, T=4, D=6, A=2)
def encoder_mha(x, mask, y, Wqkv, bqkv, Wo, bo, gamma, beta):
    """A is 2: nn.MultiheadAttention's in_proj_weight is Wqkv.T, its out_proj.weight Wo.T."""
    D = x.shape[2]
    m = nn.MultiheadAttention(D, 2, batch_first=True, dtype=x.dtype)
    weights = {"in_proj_weight": Wqkv.T, "in_proj_bias": bqkv, "out_proj.weight": Wo.T, "out_proj.bias": bo}
    a, _ = torch.func.functional_call(m, weights, (x, x, x), {"key_padding_mask": mask == 0})
    return F.mse_loss(F.layer_norm(x + a, (D,), gamma, beta), y)


@network(N=4, D=3, H=5)
def metric_losses(x, p, q, W, b):
    u, v, o = (torch.tanh(t @ W + b) for t in (x, p, q))
    hinge = F.triplet_margin_loss(u, v, o, margin=0.5, eps=0)
    s = F.normalize(u) @ F.normalize(v).T / 0.5
    return hinge + F.cross_entropy(s, torch.arange(len(x))) + F.cosine_similarity(u, o).mean()


@network(lambda rng, s: {"y": rng.integers(0, 2, (s["N"], 1, s["I"], s["J"])).astype(float)}, N=3, C=2, I=3, J=4)
def segmentation(x, y, w, b):
    """Focal: the mean of alpha_t (1 - p_t)^gamma (-log p_t). Dice: the mean over images, 1 added above and below."""
    p = torch.sigmoid(F.conv2d(x, w, b, padding=1))
    pt, at = torch.where(y == 1, p, 1 - p), torch.where(y == 1, 0.25, 0.75)
    rows = [1 - (2 * (a * c).sum() + 1) / (a.sum() + c.sum() + 1) for a, c in zip(p, y, strict=True)]
    return (-at * (1 - pt) ** 2 * pt.log()).mean() + sum(rows) / len(rows)


@network(
    lambda rng, s: {
        "y": rng.permutation(np.arange(s["N"] * s["T"]) % s["K"]).reshape(s["N"], s["T"]),
        "weight": rng.random(s["K"]) + 0.5,
    },
    N=3,
    T=4,
    D=5,
    K=3,
)
def smoothed_labels(x, y, weight, W, b):
    z, y = (x @ W + b).flatten(0, 1), y.flatten()
    smooth, padded = F.cross_entropy(z, y, label_smoothing=0.1), F.cross_entropy(z, y, ignore_index=0)
    return smooth + padded + F.cross_entropy(z, y, weight=weight, reduction="sum")


@network(lambda rng, s: {"eps": np.array(0.7)}, N=4, M=3, D=2, K=5)
def sinkhorn(x, y, eps):
    """K is 5."""
    cost = ((x[:, None] - y) ** 2).sum(2)
    g = torch.zeros(len(y), dtype=x.dtype)
    for _ in range(5):
        f = -eps * torch.logsumexp((g - cost) / eps, 1) - eps * math.log(len(x))
        g = -eps * torch.logsumexp((f[:, None] - cost) / eps, 0) - eps * math.log(len(y))
    return (torch.exp((f[:, None] + g - cost) / eps) * cost).sum()


@network(
    lambda rng, s: {
        "given": rng.integers(0, s["V"], (s["T"], s["N"])),
        "y": rng.integers(0, s["V"], (s["T"], s["N"])),
        "length": rng.integers(1, s["S"] + 1, s["N"]).astype(float),
    },
    S=5,
    T=4,
    N=3,
    D=2,
    H=3,
    V=6,
)
def sequence_to_sequence(x, given, y, length, Wx, Wh, E, U, b, O):
    rows = []
    for n in range(x.shape[1]):
        h = torch.zeros(len(Wh), dtype=x.dtype)
        for s in range(int(length[n])):
            h = torch.tanh(x[s, n] @ Wx + h @ Wh)
        rows.append(h)
    g, out = torch.stack(rows), []
    for t in given:
        g = torch.tanh(E[t] + g @ U + b)
        out.append(g @ O)
    return F.cross_entropy(torch.cat(out), y.flatten())


@network(labels(tok=("N", "T", "V"), y=("N", "K")), N=3, T=5, V=7, D=2, K=4)
def first_token(tok, y, E, W):
    return F.cross_entropy(torch.cat([E[tok[:, 0]], F.embedding_bag(tok[:, 1:], E)], 1) @ W, y)


@network(lambda rng, s: {"far": rng.random((s["R"], s["S"])) + 0.1}, R=4, S=5, D=3)
def volume_rendering(x, far, colour, W, v):
    alpha = 1 - torch.exp(-F.softplus(x @ v) * far)
    rgb, left, seen = torch.sigmoid(x @ W), 1, 0
    for s in range(far.shape[1]):
        seen = seen + (left * alpha[:, s])[:, None] * rgb[:, s]
        left = left * (1 - alpha[:, s])
    return F.mse_loss(seen.clamp(0, 0.9), colour)


@network(N=3, M=4)
def matrix_words(A, u, X, v, w):
    """var and std divide by the count, as NumPy's do; norm is the root of the sum of squares."""
    spread = X.var(unbiased=False) + X[:, 0].std(unbiased=False)
    long = torch.kron(v, w)
    return (
        (X * (A @ X)).sum()
        + ((X - v[:, None] * v) ** 2).sum()
        + (v[:, None] * A * X).sum()
        + (X.diagonal() ** 3).sum()
        + spread
        + (long * u.repeat(len(v))).sum() / long.square().sum().sqrt()
    )
