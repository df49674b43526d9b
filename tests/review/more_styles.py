"""Right passes in further styles, each with a mistake that could be made in it: old text, new text, kinds."""

# style: (network, right code, what stands there, what is planted, the kinds that name it)
STYLES = {
    "a dataclass as a cache": (
        "two",
        """
import numpy as np
from dataclasses import dataclass, field

@dataclass
class Cache:
    x: np.ndarray
    z: np.ndarray
    h: np.ndarray
    p: np.ndarray = field(default=None)

def two(x, y, W1, b1, W2, b2):
    cache = Cache(x=x, z=x @ W1 + b1, h=None)
    cache.h = np.maximum(cache.z, 0)
    s = cache.h @ W2 + b2
    s = s - s.max(1, keepdims=True)
    cache.p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    loss = -(y * np.log(cache.p)).sum() / len(x)
    ds = (cache.p - y) / len(x)
    dW2 = cache.h.T @ ds
    db2 = ds.sum(0)
    dz = (ds @ W2.T) * (cache.z > 0)
    dW1 = cache.x.T @ dz
    db1 = dz.sum(0)
    return loss, dW1, db1, dW2, db2
""",
        "dz = (ds @ W2.T) * (cache.z > 0)",
        "dz = (ds @ W2.T) * (cache.z < 0)",
        "derivative",
    ),
    "closures that remember": (
        "two",
        """
import numpy as np
from functools import partial, reduce

def linear(W, b, x):
    def back(g):
        dW = x.T @ g
        db = g.sum(axis=0)
        dx = g @ W.T
        return dx, [dW, db]
    return x @ W + b, back

def rectify(x):
    return np.where(x > 0, x, 0.0), lambda g: (g * (x > 0), [])

def two(x, y, W1, b1, W2, b2):
    layers = [partial(linear, W1, b1), rectify, partial(linear, W2, b2)]
    backs, out = [], x
    for layer in layers:
        out, back = layer(out)
        backs.append(back)
    s = out - out.max(axis=1, keepdims=True)
    p = np.exp(s) / np.exp(s).sum(axis=1, keepdims=True)
    loss = -np.sum(y * np.log(p)) / len(x)
    g = (p - y) / len(x)
    grads = []
    for back in reversed(backs):
        g, own = back(g)
        grads = own + grads
    return loss, *grads
""",
        "db = g.sum(axis=0)",
        "db = g.mean(axis=0)",
        "mean factor",
    ),
    "a generator of layers": (
        "two",
        """
import numpy as np

def two(x, y, W1, b1, W2, b2):
    def forward():
        z = x @ W1 + b1
        yield z
        h = np.clip(z, 0, None)
        yield h
        s = h @ W2 + b2
        e = np.exp(s - np.max(s, axis=-1, keepdims=True))
        yield e / np.sum(e, axis=-1, keepdims=True)
    z, h, p = forward()
    n = x.shape[0]
    loss = -np.sum(y * np.log(p)) / n
    g2 = (p - y) / n
    g1 = (g2 @ W2.T) * (z > 0)
    return loss, {"W1": x.T @ g1, "b1": g1.sum(0), "W2": h.T @ g2, "b2": g2.sum(0)}
""",
        "g1 = (g2 @ W2.T) * (z > 0)",
        "g1 = g2 @ W2.T",
        "derivative term",
    ),
    "einsum with an ellipsis": (
        "two",
        """
import numpy as np

def two(x, y, W1, b1, W2, b2):
    z = np.einsum("...d,dh->...h", x, W1) + b1
    h = np.maximum(z, 0)
    s = np.einsum("...h,hk->...k", h, W2) + b2
    s = s - s.max(-1, keepdims=True)
    p = np.exp(s) / np.einsum("...k->...", np.exp(s))[..., None]
    loss = -np.einsum("nk,nk->", y, np.log(p)) / len(x)
    ds = (p - y) / len(x)
    dW2 = np.einsum("nh,nk->hk", h, ds)
    db2 = np.einsum("nk->k", ds)
    dh = np.einsum("...k,hk->...h", ds, W2)
    dz = np.einsum("...h,...h->...h", dh, (z > 0).astype(float))
    dW1 = np.einsum("nd,nh->dh", x, dz)
    db1 = np.einsum("nh->h", dz)
    return loss, dW1, db1, dW2, db2
""",
        "ds = (p - y) / len(x)",
        "ds = (p + y) / len(x)",
        "sign",
    ),
    "np.add.at for the labels": (
        "two",
        """
import numpy as np

def two(x, y, W1, b1, W2, b2):
    n, k = y.shape
    z = x @ W1 + b1
    h = z * (z > 0)
    s = h @ W2 + b2
    s = s - s.max(1, keepdims=True)
    logp = s - np.log(np.exp(s).sum(1, keepdims=True))
    loss = -(y * logp).sum() / n
    ds = np.exp(logp)
    rows, columns = np.repeat(np.arange(n), k), np.tile(np.arange(k), n)
    np.add.at(ds, (rows, columns), -y.ravel())
    ds /= n
    dW2 = h.T @ ds
    db2 = ds.sum(0)
    dz = ds @ W2.T
    dz[z <= 0] = 0
    dW1 = x.T @ dz
    db1 = dz.sum(0)
    return loss, dW1, db1, dW2, db2
""",
        "ds /= n",
        "ds /= k",
        "factor",
    ),
    "out= everywhere": (
        "two",
        """
import numpy as np

def two(x, y, W1, b1, W2, b2):
    n = len(x)
    z = np.empty((n, b1.size))
    np.matmul(x, W1, out=z)
    np.add(z, b1, out=z)
    h = np.maximum(z, 0, out=np.empty_like(z))
    s = np.matmul(h, W2)
    np.add(s, b2, out=s)
    np.subtract(s, s.max(axis=1, keepdims=True), out=s)
    p = np.exp(s, out=s)
    np.divide(p, p.sum(axis=1, keepdims=True), out=p)
    loss = -np.vdot(y, np.log(p)) / n
    ds = np.subtract(p, y)
    np.divide(ds, n, out=ds)
    dW2 = np.matmul(h.T, ds)
    db2 = np.add.reduce(ds, axis=0)
    dz = np.matmul(ds, W2.T)
    np.multiply(dz, z > 0, out=dz)
    dW1 = np.matmul(x.T, dz)
    db1 = np.add.reduce(dz, axis=0)
    return loss, dW1, db1, dW2, db2
""",
        "dW1 = np.matmul(x.T, dz)",
        "dW1 = np.matmul(-x.T, dz)",
        "sign",
    ),
    "in place": (
        "square",
        """
import numpy as np

def square(x, y, W1, W2):
    h = np.tanh(x @ W1)
    r = h @ W2
    r -= y
    loss = (r ** 2).sum() / len(x)
    r *= 2
    r /= len(x)
    dW2 = h.T @ r
    r @= W2.T
    r *= 1 - h * h
    dW1 = x.T @ r
    return loss, dW1, dW2
""",
        "r @= W2.T",
        "r @= W2",
        "transpose",
    ),
    "nested functions": (
        "square",
        """
import numpy as np

def square(x, y, W1, W2):
    n = x.shape[0]
    def predict():
        hidden = np.tanh(x @ W1)
        return hidden, hidden @ W2
    def slopes(hidden, output):
        d_output = 2 * (output - y) / n
        d_hidden = d_output @ W2.T
        d_pre = d_hidden * (1 - hidden ** 2)
        return {"W1": x.T @ d_pre, "W2": hidden.T @ d_output}
    hidden, output = predict()
    return np.sum((output - y) ** 2) / n, slopes(hidden, output)
""",
        "d_pre = d_hidden * (1 - hidden ** 2)",
        "d_pre = d_hidden * (1 - hidden)",
        "derivative",
    ),
    "comprehensions of dictionaries": (
        "square",
        """
import numpy as np

def square(x, y, W1, W2):
    W = {1: W1, 2: W2}
    f = {1: np.tanh, 2: lambda z: z}
    slope = {1: lambda a: 1 - a ** 2, 2: lambda a: np.ones_like(a)}
    a = {0: x}
    a |= {1: f[1](a[0] @ W[1])}
    a |= {2: f[2](a[1] @ W[2])}
    loss = np.sum((a[2] - y) ** 2) / len(x)
    delta = {2: 2 * (a[2] - y) / len(x) * slope[2](a[2])}
    delta[1] = delta[2] @ W[2].T * slope[1](a[1])
    dW = {f"dW{l}": a[l - 1].T @ delta[l] for l in (1, 2)}
    return loss, dW
""",
        "delta = {2: 2 * (a[2] - y) / len(x) * slope[2](a[2])}",
        "delta = {2: (a[2] - y) / len(x) * slope[2](a[2])}",
        "factor",
    ),
    "match and walrus": (
        "square",
        """
import numpy as np

def activate(kind, z):
    match kind:
        case "tanh":
            return np.tanh(z)
        case "linear":
            return z

def slope(kind, a):
    match kind:
        case "tanh":
            return 1 - a ** 2
        case _:
            return 1.0

def square(x, y, W1, W2):
    a1 = activate("tanh", z1 := x @ W1)
    a2 = activate("linear", z2 := a1 @ W2)
    loss = np.sum((e := a2 - y) ** 2) / (n := len(x))
    dz2 = 2 / n * e * slope("linear", a2)
    dW2 = a1.T @ dz2
    dz1 = dz2 @ W2.T * slope("tanh", a1)
    dW1 = x.T @ dz1
    return loss, dW1, dW2
""",
        'dz1 = dz2 @ W2.T * slope("tanh", a1)',
        'dz1 = dz2 @ W2.T * slope("tanh", z1)',
        "wrong_tensor derivative",
    ),
    "strides": (
        "line",
        """
import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

def line_forward(x, w):
    T, U = x.shape[1], len(w)
    windows = sliding_window_view(x, U, axis=1)
    return windows @ w, (windows, x, w)

def line_backward(dout, cache):
    windows, x, w = cache
    U = len(w)
    dw = np.einsum("ntu,nt->u", windows, dout)
    padded = np.pad(dout, ((0, 0), (U - 1, U - 1)))
    n, t = padded.shape
    a, b = padded.strides
    spread = as_strided(padded, (n, t - U + 1, U), (a, b, b))
    dx = spread @ w[::-1]
    return dx, dw
""",
        "dx = spread @ w[::-1]",
        "dx = spread @ w",
        "order",
    ),
    "vectorize": (
        "square",
        """
import math
import numpy as np

tanh = np.vectorize(math.tanh)
dtanh = np.vectorize(lambda a: 1 - a * a)

def square(x, y, W1, W2):
    h = tanh(x @ W1)
    o = h @ W2
    loss = float(np.sum((o - y) ** 2) / len(x))
    do = 2 * (o - y) / len(x)
    dh = do @ W2.T
    dz = dh * dtanh(h)
    return loss, x.T @ dz, h.T @ do
""",
        "dz = dh * dtanh(h)",
        "dz = dh * dtanh(dh)",
        "wrong_tensor derivative",
    ),
    "modules in a sequence": (
        "square",
        """
import numpy as np

class Module:
    def __call__(self, x):
        self.x = x
        self.y = self.forward(x)
        return self.y

class Linear(Module):
    def __init__(self, W):
        self.W = W
    def forward(self, x):
        return x @ self.W
    def backward(self, g):
        self.grad = self.x.T @ g
        return g @ self.W.T

class Tanh(Module):
    def forward(self, x):
        return np.tanh(x)
    def backward(self, g):
        return g * (1 - self.y ** 2)

class Sequential(Module):
    def __init__(self, *modules):
        self.modules = modules
    def forward(self, x):
        for m in self.modules:
            x = m(x)
        return x
    def backward(self, g):
        for m in reversed(self.modules):
            g = m.backward(g)
        return g

def square(x, y, W1, W2):
    net = Sequential(Linear(W1), Tanh(), Linear(W2))
    out = net(x)
    loss = ((out - y) ** 2).sum() / len(x)
    net.backward(2 * (out - y) / len(x))
    return loss, net.modules[0].grad, net.modules[2].grad
""",
        "return g * (1 - self.y ** 2)",
        "return g * (1 - self.x ** 2)",
        "wrong_tensor derivative",
    ),
    "numpy-ml's layers": (
        "square",
        """
import numpy as np
from abc import ABC, abstractmethod

class LayerBase(ABC):
    def __init__(self):
        self.X, self.parameters, self.gradients, self.derived_variables = [], {}, {}, {}
    @abstractmethod
    def forward(self, X, retain_derived=True):
        raise NotImplementedError
    @abstractmethod
    def backward(self, dLdy, retain_grads=True):
        raise NotImplementedError

class FullyConnected(LayerBase):
    def __init__(self, W, act, grad):
        super().__init__()
        self.parameters["W"], self.act, self.grad = W, act, grad
        self.gradients["W"] = np.zeros_like(W)
        self.derived_variables["Z"] = []
    def forward(self, X, retain_derived=True):
        Z = X @ self.parameters["W"]
        if retain_derived:
            self.X.append(X)
            self.derived_variables["Z"].append(Z)
        return self.act(Z)
    def backward(self, dLdy, retain_grads=True):
        if not isinstance(dLdy, list):
            dLdy = [dLdy]
        dX = []
        for dy, x in zip(dLdy, self.X):
            dx, dw = self._bwd(dy, x)
            dX.append(dx)
            if retain_grads:
                self.gradients["W"] += dw
        return dX[0] if len(self.X) == 1 else dX
    def _bwd(self, dLdy, X):
        W = self.parameters["W"]
        Z = X @ W
        dZ = dLdy * self.grad(Z)
        dX = dZ @ W.T
        dW = X.T @ dZ
        return dX, dW

def square(x, y, W1, W2):
    first = FullyConnected(W1, np.tanh, lambda z: 1 - np.tanh(z) ** 2)
    second = FullyConnected(W2, lambda z: z, np.ones_like)
    out = second.forward(first.forward(x))
    loss = np.sum((out - y) ** 2) / len(x)
    first.backward(second.backward(2 * (out - y) / len(x)))
    return loss, {"W1": first.gradients["W"], "W2": second.gradients["W"]}
""",
        "dW = X.T @ dZ",
        "dW = X.T @ dLdy",
        "wrong_tensor",
    ),
    "d2l from scratch": (
        "square",
        """
import numpy as np

def sgd_params(W1, W2):
    return [W1, W2]

def net(X, params):
    H = np.tanh(np.dot(X, params[0]))
    return H, np.dot(H, params[1])

def squared_loss(y_hat, y):
    return ((y_hat - y.reshape(y_hat.shape)) ** 2)

def square(x, y, W1, W2):
    params = sgd_params(W1, W2)
    batch_size = x.shape[0]
    H, y_hat = net(x, params)
    l = squared_loss(y_hat, y).sum() / batch_size
    grad_y_hat = 2 * (y_hat - y) / batch_size
    grads = [None] * len(params)
    grads[1] = np.dot(H.T, grad_y_hat)
    grad_H = np.dot(grad_y_hat, params[1].T)
    grads[0] = np.dot(x.T, grad_H * (1 - H ** 2))
    return l, grads
""",
        "grads[0] = np.dot(x.T, grad_H * (1 - H ** 2))",
        "grads[0] = np.dot(x.T, grad_H * (1 - H) ** 2)",
        "derivative term",
    ),
    "an engine of scalars": (
        "small",
        """
import math
import numpy as np

class Value:
    def __init__(self, data, children=()):
        self.data, self.grad, self._backward, self._prev = data, 0.0, lambda: None, children
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data + other.data, (self, other))
        def _backward():
            self.grad += out.grad
            other.grad += out.grad
        out._backward = _backward
        return out
    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        out = Value(self.data * other.data, (self, other))
        def _backward():
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad
        out._backward = _backward
        return out
    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,))
        def _backward():
            self.grad += (1 - t * t) * out.grad
        out._backward = _backward
        return out
    def backward(self):
        topo, seen = [], set()
        def build(v):
            if id(v) not in seen:
                seen.add(id(v))
                for child in v._prev:
                    build(child)
                topo.append(v)
        build(self)
        self.grad = 1.0
        for v in reversed(topo):
            v._backward()

def small(x, y, w, b):
    ws, bias = [Value(float(v)) for v in w], Value(float(b))
    total = Value(0.0)
    for row, target in zip(x, y):
        act = bias
        for wi, xi in zip(ws, row):
            act = act + wi * float(xi)
        diff = act.tanh() + -float(target)
        total = total + diff * diff
    loss = total * (1 / len(x))
    loss.backward()
    return loss.data, np.array([v.grad for v in ws]), np.array(bias.grad)
""",
        "self.grad += (1 - t * t) * out.grad",
        "self.grad += (1 - t) * out.grad",
        "derivative term",
    ),
    "named tuples and map": (
        "square",
        """
import numpy as np
from typing import NamedTuple

class Grads(NamedTuple):
    dW1: np.ndarray
    dW2: np.ndarray

def square(x, y, W1, W2) -> tuple[float, Grads]:
    h, = map(np.tanh, (x @ W1,))
    error = h @ W2 - y
    loss = np.linalg.norm(error) ** 2 / len(x)
    delta = 2 * error / len(x)
    dW2 = h.T.dot(delta)
    dW1 = x.T.dot(delta.dot(W2.T) * (1 - np.square(h)))
    return loss, Grads(dW1=dW1, dW2=dW2)
""",
        "(1 - np.square(h))",
        "(1 - np.sqrt(np.abs(h)))",
        "derivative term unknown",
    ),
    "a while loop over batches": (
        "square",
        """
import numpy as np

def square(x, y, W1, W2):
    dW1 = np.zeros(W1.shape)
    dW2 = np.zeros(W2.shape)
    loss, n, total = 0.0, 0, x.shape[0]
    while n < total:
        xi, yi = x[n:n + 2], y[n:n + 2]
        h = np.tanh(xi @ W1)
        e = h @ W2 - yi
        loss += (e ** 2).sum() / total
        de = 2 * e / total
        dW2 += h.T @ de
        dW1 += xi.T @ ((de @ W2.T) * (1 - h ** 2))
        n += 2
    return loss, dW1, dW2
""",
        "dW2 += h.T @ de",
        "dW2 = h.T @ de",
        "overwrite path step",
    ),
    "weights with the bias in a row": (
        "small",
        """
import numpy as np

def small(x, y, w, b):
    theta = np.concatenate(([float(b)], w))
    X = np.hstack((np.ones((len(x), 1)), x))
    a = np.tanh(X @ theta)
    J = np.mean((a - y) ** 2)
    grad = X.T @ (2 * (a - y) * (1 - a ** 2)) / len(y)
    return J, grad[1:], grad[0]
""",
        "2 * (a - y) * (1 - a ** 2)",
        "(a - y) * (1 - a ** 2)",
        "factor",
    ),
}

STYLE_NETWORKS = '''
from symbp import Data, Param, dims, network

N, D, H, K, T, U = dims("N D H K T U")


@network
def two(x: Data[N, D], y: Data[N, K], W1: Param[D, H], b1: Param[H], W2: Param[H, K], b2: Param[K]):
    """ReLU, softmax, cross-entropy."""
    assert sum(y[n, k] for k in K) == 1
    return cross_entropy(relu(x @ W1 + b1) @ W2 + b2, y)


@network
def square(x: Data[N, D], y: Data[N, H], W1: Param[D, H], W2: Param[H, H]):
    """tanh, a square matrix, the squared error of an example."""
    return sum((tanh(x @ W1) @ W2 - y) ** 2) / N


@network
def line(x: Param[N, T], w: Param[U]):
    """A convolution of lines."""
    z[n, t] = sum(x[n, t + u] * w[u] for u in U)
    return z


@network
def small(x: Data[N, D], y: Data[N], w: Param[D], b: Param):
    """One tanh unit under the mean squared error."""
    return mean((tanh(x @ w + b) - y) ** 2)
'''
