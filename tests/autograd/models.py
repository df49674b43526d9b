"""Every built-in network, written by hand in PyTorch; arguments bear the network's names.

`MODELS` pairs a network's name with its loss and with how those data are drawn that may not be just any numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor, exp, log, sigmoid, sin, tanh
from torch.nn.functional import cross_entropy, log_softmax, relu, softmax

from tests.autograd.model import Model
from tests.autograd.models_layers import LAYERS
from tests.autograd.modules import distribution, unit


def f(u: Tensor, v: Tensor) -> Tensor:
    """A smooth function of two numbers for the networks that leave theirs open."""
    return sin(u) * exp(v / 3) + u * v


def sigma(z: Tensor) -> Tensor:
    """A smooth function of one number."""
    return tanh(z) + z / 5


def two_paths(x, c, d):
    return f(c * x, d * x)


def linear_2_2_2(x1, x2, y1, y2, w1, w2, w3, w4, w5, w6, w7, w8):
    z1, z2 = w1 * x1 + w3 * x2, w2 * x1 + w4 * x2
    z3, z4 = w5 * z1 + w7 * z2, w6 * z1 + w8 * z2
    return ((z3 - y1) ** 2 + (z4 - y2) ** 2) / 2


def affine_pair(x, W1, b1, W2, b2):
    return ((x @ W1 + b1) @ W2 + b2).sum()


def linear_perceptron(x, y, w, b, W, B):
    return ((W * (w * x + b) + B - y) ** 2).mean() / 2


def neuron_chain(x, y, w1, b1, w2, b2, w3, b3):
    a1 = sigmoid(w1 * x + b1)
    a2 = sigmoid(w2 * a1 + b2)
    return ((sigmoid(w3 * a2 + b3) - y) ** 2).mean()


def generic_neuron(z, w3, w4):
    a = sigma(z)
    return f(w3 * a, w4 * a)


def dense_layers(x, y, w1, b1, w2, b2):
    a = sigmoid(w2 @ sigmoid(w1 @ x + b1) + b2)
    return ((a - y) ** 2).sum()


def threshold_mlp(x, t, W1, b1, W2, b2, W3, b3):
    y = sigmoid(W1 @ x - b1)
    y = sigmoid(W2 @ y - b2)
    y = sigmoid(W3 @ y - b3)
    return ((y - t) ** 2).sum() / 2


def soft_loss(logits, target):
    return -(target * log_softmax(logits, -1)).sum() / len(target)


def sigmoid_softmax(x, y, W1, b1, W2, b2):
    return soft_loss(sigmoid(x @ W1 + b1) @ W2 + b2, y)


def sigmoid_softmax_l2(x, y, lam, W1, b1, W2, b2):
    return sigmoid_softmax(x, y, W1, b1, W2, b2) + lam / 2 * ((W1**2).sum() + (W2**2).sum())


def binary_logistic(x, y, w, b):
    p = sigmoid(x @ w + b)
    return -(y * log(p) + (1 - y) * log(1 - p)).mean()


def two_layer_net(x, t, W1, b1, W2, b2):
    return cross_entropy(relu(x @ W1 + b1) @ W2 + b2, t)


def two_layer_net_delta(x, t, W1, b1, W2, b2):
    p = softmax(relu(x @ W1 + b1) @ W2 + b2, -1)
    return -(t * log(p + 1e-7)).sum() / len(t)


def deep_mlp(x, y, **p):
    a = x
    for layer in range(1, 9):
        a = sigmoid(a @ p[f"W{layer}"])
    return soft_loss(a @ p["W9"] + p["b9"], y)


def multi_loss(x, y, t, alpha, beta, W1, b1, W2, b2, W3, b3):
    a = tanh(x @ W1 + b1)
    value_loss = ((a @ W3 + b3 - t) ** 2).sum() / len(t)
    return alpha * soft_loss(a @ W2 + b2, y) + beta * value_loss


def tied_autoencoder(x, W, b, c):
    return ((sigmoid(x @ W + b) @ W.T + c - x) ** 2).sum() / len(x)


MODELS = {
    "two_paths": Model(two_paths, unknown={"f": f}),
    "linear_2_2_2": Model(linear_2_2_2),
    "affine_pair": Model(affine_pair),
    "linear_perceptron": Model(linear_perceptron),
    "neuron_chain": Model(neuron_chain),
    "generic_neuron": Model(generic_neuron, unknown={"sigma": sigma, "C": f}),
    "dense_layers": Model(dense_layers),
    "threshold_mlp": Model(threshold_mlp),
    "sigmoid_softmax": Model(sigmoid_softmax, {"y": distribution}),
    "sigmoid_softmax_l2": Model(sigmoid_softmax_l2, {"y": distribution}),
    "binary_logistic": Model(binary_logistic, {"y": unit}),
    "two_layer_net": Model(two_layer_net, {"t": distribution}),
    "two_layer_net_delta": Model(two_layer_net_delta, {"t": distribution}),
    "deep_mlp": Model(deep_mlp, {"y": distribution}),
    "multi_loss": Model(multi_loss, {"y": distribution}),
    "tied_autoencoder": Model(tied_autoencoder),
    **LAYERS,
}
torch.set_num_threads(1)
