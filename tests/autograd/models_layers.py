"""The built-in networks of layers, written by hand with what PyTorch has for each: convolution, pools, norms, LSTM.

Each is a function of all inputs by the network's names, of the loss and of what `forward` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, sigmoid
from torch.nn import functional as F

from tests.autograd.model import Model
from tests.autograd.modules import small

Result = tuple[Tensor, dict[str, Tensor | list[Tensor]]]
EPS = 1e-5


def conv_net(x, t, w1, b1, w2, b2, W3, b3) -> Result:
    p1 = F.max_pool2d(F.relu(F.conv2d(x, w1, b1)), 2)
    p2 = F.max_pool2d(F.relu(F.conv2d(p1, w2, b2)), 2)
    z3 = p2.flatten(1) @ W3.flatten(0, 2) + b3
    return F.cross_entropy(z3, t), {"p1": p1, "p2": p2, "z3": z3, "p": z3.softmax(-1)}


def conv_layer(x, w, b, cotangent) -> Result:
    y = F.conv2d(x, w, b, stride=2, padding=1)
    return (cotangent * y).sum(), {"y": y}


def max_pool_layer(x, cotangent) -> Result:
    y = F.max_pool2d(x, 3, stride=2)
    return (cotangent * y).sum(), {"y": y}


def layers(x: Tensor, weights: list[Tensor], biases: list[Tensor]) -> list[Tensor]:
    found = []
    for W, b in zip(weights, biases, strict=True):
        found.append(x := sigmoid(F.linear(x, W, b)))
    return found


def mlp(x, y, W, b) -> Result:
    a = layers(x, [w.T for w in W], b)
    return ((a[-1] - y) ** 2).sum() / (2 * len(x)), {"a": a}


def threshold_layers(x, t, w, b) -> Result:
    y = layers(x, w, [-c for c in b])
    return ((y[-1] - t) ** 2).sum() / 2, {"y": y}


def rnn(x, h0, y, Wx, Wh, b, V, c) -> Result:
    weights = [Wx.T, Wh.T, b, torch.zeros_like(b)]
    h, _ = torch.rnn_tanh(x, h0[None], weights, True, 1, 0.0, True, False, False)
    r = h @ V + c
    return ((r - y) ** 2).sum() / (2 * x.shape[1]), {"h": h, "r": r}


def one_lstm(x, h0, c0, Wx, Wh, b) -> Tensor:
    """Its h; PyTorch's gates stand in the same order, with two biases for each."""
    weights = [Wx.T, Wh.T, b, torch.zeros_like(b)]
    return torch.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, True, False, False)[0]


def lstm(x, h0, c0, Wx, Wh, b) -> Result:
    h = one_lstm(x, h0, c0, Wx, Wh, b)
    return (h**2).sum() / 2, {"h": h}


def stacked_lstm(x, h0, c0, Wx, Wh, b) -> Result:
    h = []
    for layer in zip(h0, c0, Wx, Wh, b, strict=True):
        h.append(x := one_lstm(x, *layer))
    return (x**2).sum() / 2, {"h": torch.stack(h)}


def batch_norm_mlp(x, t, W1, gamma, beta, W2, b2) -> Result:
    y1 = F.batch_norm(x @ W1, None, None, gamma, beta, training=True, eps=EPS)
    z2 = F.relu(y1) @ W2 + b2
    return F.cross_entropy(z2, t), {"z2": z2, "p": z2.softmax(-1)}


def layer_norm_mlp(x, t, W1, b1, gamma, beta, W2, b2) -> Result:
    y1 = F.layer_norm(x @ W1 + b1, gamma.shape, gamma, beta, EPS)
    z2 = F.relu(y1) @ W2 + b2
    return F.cross_entropy(z2, t), {"z2": z2, "p": z2.softmax(-1)}


def char_mlp(x, y, E, W1, gamma, beta, W2, b2) -> Result:
    z = F.embedding(x, E).flatten(1) @ W1.flatten(0, 1)
    v, mu = torch.var_mean(z, 0, correction=1)
    logits = torch.tanh(gamma * (z - mu) / torch.sqrt(v + EPS) + beta) @ W2 + b2
    return F.cross_entropy(logits, y), {"z": z, "logits": logits, "p": logits.softmax(-1)}


def attention_head(X, Y, Wq, Wk, Wv, Wo) -> Result:
    O = F.scaled_dot_product_attention(X @ Wq, X @ Wk, X @ Wv)
    R = O @ Wo
    return ((R - Y) ** 2).sum() / (2 * len(X)), {"O": O, "R": R}


def transformer_block(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2) -> Result:
    u = F.layer_norm(x, g1.shape, g1, b1, EPS)
    q, k, v = (u[:, None] @ W for W in (Wq, Wk, Wv))
    o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    r = x + (o @ Wo).sum(1)
    w = F.layer_norm(r, g2.shape, g2, b2, EPS)
    m = r + F.gelu(w @ W1 + c1) @ W2 + c2
    return ((m - y) ** 2).sum() / (2 * len(x)), {"r": r, "m": m}


def gpt2(
    tokens, targets, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf
) -> Result:  # fmt: skip
    (H, E, C), x = Wo.shape[1:], wte[tokens] + wpe
    for l in range(len(g1)):
        u = F.layer_norm(x, (C,), g1[l], c1[l], EPS)
        q, k, v = (u @ Wqkv[l] + bqkv[l]).unflatten(-1, (3, H, E)).permute(2, 0, 3, 1, 4)
        o = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2)
        r = x + o @ Wo[l].flatten(0, 1) + bo[l]
        w = F.layer_norm(r, (C,), g2[l], c2[l], EPS)
        x = r + F.gelu(w @ Wf[l] + bf[l], approximate="tanh") @ Wp[l] + bp[l]
    logits = F.layer_norm(x, (C,), gf, cf, EPS) @ wte.T
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten()), {"logits": logits}


def _model(
    function: Callable[..., Result], sizes: Mapping[str, tuple[int, int]] | None = None, tame: tuple[str, ...] = ()
) -> Model:
    """`sizes` are ranges for the sizes that may not be just any, `tame` the inputs that are drawn small."""
    return Model(
        loss=lambda **inputs: function(**inputs)[0],
        named=lambda **inputs: function(**inputs)[1],
        draws=dict.fromkeys(tame, small),
        sizes=sizes or {},
    )


# Two normalised entries are 1 and -1 whatever they were, so that their gradient is what eps leaves of a difference of
# equals: PyTorch and the module are then both some 1e-9 from the truth (test_conditioning.py). So there are more.
BATCH, FEATURES = {"N": (6, 14)}, {"H": (6, 14)}
KERNEL = {"U": (2, 4), "V": (2, 4)}
IMAGE = {"N": (1, 4), "C": (1, 4), "I": (10, 15), "J": (10, 15), "F": (1, 4), "G": (1, 4), "K": (2, 5), **KERNEL}
LAYERS = {
    "conv_net": _model(conv_net, IMAGE, tame=("x", "w1", "w2", "W3")),
    "conv_layer": _model(conv_layer, {**KERNEL, "I": (2, 10), "J": (2, 10)}),
    "max_pool_layer": _model(max_pool_layer, {"I": (3, 12), "J": (3, 12)}),
    "mlp": _model(mlp),
    "threshold_layers": _model(threshold_layers),
    "rnn": _model(rnn, tame=("Wh",)),
    "lstm": _model(lstm),
    "stacked_lstm": _model(stacked_lstm),
    "batch_norm_mlp": _model(batch_norm_mlp, BATCH),
    "layer_norm_mlp": _model(layer_norm_mlp, FEATURES),
    "char_mlp": _model(char_mlp, BATCH),
    "attention_head": _model(attention_head),
    "transformer_block": _model(transformer_block, {"N": (1, 4), "T": (2, 7), "H": (1, 4), "E": (2, 5), "F": (2, 8)}),
    "gpt2": _model(gpt2, {"B": (1, 3), "T": (2, 6), "L": (1, 4), "H": (1, 4), "E": (3, 5), "V": (2, 9)}),
}
