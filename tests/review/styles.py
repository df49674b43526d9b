"""Right passes through one network in the styles of people, courses and libraries: none may be called wrong."""

NETWORK = '''
from symbp import Data, Param, dims, network

N, D, H, K = dims("N D H K")


@network
def two(x: Data[N, D], y: Data[N, K], W1: Param[D, H], b1: Param[H], W2: Param[H, K], b2: Param[K]):
    """ReLU, softmax, cross-entropy."""
    assert sum(y[n, k] for k in K) == 1
    return cross_entropy(relu(x @ W1 + b1) @ W2 + b2, y)


@network
def seq(x: Data[N, D], h0: Data[H], y: Data[H], Wx: Param[D, H], Wh: Param[H, H]):
    """An Elman net over the rows of x."""
    h[-1] = h0
    for n in N:
        h[n] = tanh(x[n] @ Wx + h[n - 1] @ Wh)
    return sum((h[N - 1] - y) ** 2)


@network
def normal(x: Param[N, D], gamma: Param[D], beta: Param[D]):
    """Batch norm by itself."""
    return batch_norm(x, gamma, beta)
'''

_HEAD = """
    N = len(x)
    z = x @ W1 + b1
    h = np.maximum(z, 0)
    s = h @ W2 + b2
    s = s - s.max(1, keepdims=True)
    p = np.exp(s) / np.exp(s).sum(1, keepdims=True)
    loss = -(y * np.log(p)).sum() / N
"""
_TAIL = """
    dW2, db2 = h.T @ ds, ds.sum(0)
    dz = (ds @ W2.T) * (z > 0)
    return loss, dict(W1=x.T @ dz, b1=dz.sum(0), W2=dW2, b2=db2)
"""
_DEF = "import numpy as np\ndef two(x, y, W1, b1, W2, b2):" + _HEAD


def _after(*lines: str) -> str:
    return _DEF + "".join(f"    {line}\n" for line in lines)


RIGHT = {
    "plain": ("two", _DEF + "    ds = (p - y) / N" + _TAIL),
    "one name for all": (
        "two",
        _after(
            "d = (p - y) / N",
            "gW2 = h.T @ d",
            "gb2 = d.sum(0)",
            "d = d @ W2.T",
            "d = d * (h > 0)",
            "return loss, x.T @ d, d.sum(0), gW2, gb2",
        ),
    ),
    "in place": (
        "two",
        _after(
            "d = p.copy()",
            "d -= y",
            "d /= N",
            "gW2 = h.T @ d",
            "gb2 = np.add.reduce(d, 0)",
            "d = d @ W2.T",
            "d[z <= 0] = 0",
            "return loss, {'W1': x.T @ d, 'b1': d.sum(0), 'W2': gW2, 'b2': gb2}",
        ),
    ),
    "divided at the end": (
        "two",
        _after(
            "dz2 = p - y",
            "dW2 = 1 / N * h.T.dot(dz2)",
            "db2 = 1 / N * dz2.sum(0)",
            "dz1 = dz2.dot(W2.T) * np.where(z > 0, 1, 0)",
            "return loss, 1 / N * x.T.dot(dz1), 1 / N * np.sum(dz1, axis=0), dW2, db2",
        ),
    ),
    "log and softmax apart": (
        "two",
        _after(
            "dp = -y / p / N",
            "ds = p * (dp - (dp * p).sum(1, keepdims=True))",
            "dh = ds @ W2.T",
            "dz = dh * np.heaviside(z, 0)",
            "return loss, x.T @ dz, dz.sum(0), h.T @ ds, ds.sum(0)",
        ),
    ),
    "full Jacobians": (
        "two",
        _after(
            "ds = np.zeros_like(p)",
            "for n in range(N):",
            "    J = np.diag(p[n]) - np.outer(p[n], p[n])",
            "    ds[n] = J @ (-y[n] / p[n]) / N",
            "dz = ds @ W2.T * (z > 0)",
            "return loss, x.T @ dz, dz.sum(0), h.T @ ds, ds.sum(0)",
        ),
    ),
    "einsum": (
        "two",
        _after(
            "g = (p - y) / N",
            "u = np.einsum('nk,hk,nh->nh', g, W2, np.sign(h))",
            "gW1, gb1 = np.einsum('nd,nh->dh', x, u), np.einsum('nh->h', u)",
            "return loss, gW1, gb1, np.einsum('nh,nk->hk', h, g), np.einsum('nk->k', g)",
        ),
    ),
    "outer products, one by one": (
        "two",
        _after(
            "grads = {k: 0 for k in ('W1', 'b1', 'W2', 'b2')}",
            "for xi, zi, hi, pi, yi in zip(x, z, h, p, y):",
            "    e = pi - yi",
            "    grads['W2'] = grads['W2'] + np.outer(hi, e) / N",
            "    grads['b2'] = grads['b2'] + e / N",
            "    back = (W2 @ e) * (zi > 0)",
            "    grads['W1'] = grads['W1'] + np.outer(xi, back) / N",
            "    grads['b1'] = grads['b1'] + back / N",
            "return loss, grads",
        ),
    ),
    "the bias as a row": (
        "two",
        _after(
            "X1, H1 = (np.column_stack([a, np.ones(N)]) for a in (x, h))",
            "ds = (p - y) / N",
            "G2 = H1.T @ ds",
            "dz = ds @ W2.T * (z > 0)",
            "G1 = X1.T @ dz",
            "return loss, [G1[:-1], G1[-1], G2[:-1], G2[-1]]",
        ),
    ),
    "columns are examples": (
        "two",
        """
import numpy as np
def two(x, y, W1, b1, W2, b2):
    m = x.shape[0]
    X, Y = x.T, y.T
    Z1 = W1.T @ X + b1[:, None]
    A1 = np.maximum(0, Z1)
    Z2 = W2.T @ A1 + b2.reshape(-1, 1)
    A2 = np.exp(Z2 - Z2.max(0)) / np.exp(Z2 - Z2.max(0)).sum(0)
    cost = -np.sum(Y * np.log(A2)) / m
    dZ2 = A2 - Y
    dW2 = (1 / m) * np.dot(dZ2, A1.T)
    db2 = (1 / m) * np.sum(dZ2, axis=1, keepdims=True)
    dA1 = np.dot(W2, dZ2)
    dZ1 = np.multiply(dA1, np.int64(A1 > 0))
    dW1 = (1 / m) * np.dot(dZ1, X.T)
    db1 = (1 / m) * np.sum(dZ1, axis=1, keepdims=True)
    return cost, {"dW1": dW1.T, "db1": db1.ravel(), "dW2": dW2.T, "db2": db2.ravel()}
""",
    ),
    "layers as functions with caches": (
        "two",
        """
import numpy as np
def affine_forward(x, w, b):
    return x.reshape(x.shape[0], -1).dot(w) + b, (x, w, b)
def affine_backward(dout, cache):
    x, w, b = cache
    return dout.dot(w.T).reshape(x.shape), x.reshape(x.shape[0], -1).T.dot(dout), np.sum(dout, axis=0)
def relu_forward(x):
    return np.maximum(0, x), x
def relu_backward(dout, cache):
    dx = dout.copy()
    dx[cache < 0] = 0
    return dx
def softmax_loss(x, y):
    shifted = x - np.max(x, axis=1, keepdims=True)
    log_probs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.sum(y * log_probs) / x.shape[0], (np.exp(log_probs) - y) / x.shape[0]
def two(x, y, W1, b1, W2, b2):
    a, c1 = affine_forward(x, W1, b1)
    r, c2 = relu_forward(a)
    scores, c3 = affine_forward(r, W2, b2)
    loss, dscores = softmax_loss(scores, y)
    dr, dW2, db2 = affine_backward(dscores, c3)
    da = relu_backward(dr, c2)
    dx, dW1, db1 = affine_backward(da, c1)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
""",
    ),
    "layers as objects": (
        "two",
        """
import numpy as np
class Dense:
    def __init__(self, W, b):
        self.W, self.b = W, b
    def forward(self, X):
        self.X = X
        return X @ self.W + self.b
    def backward(self, dLdY):
        self.dW = self.X.T @ dLdY
        self.db = dLdY.sum(axis=0)
        return dLdY @ self.W.T
class ReLU:
    def forward(self, X):
        self.mask = X > 0
        return X * self.mask
    def backward(self, dLdY):
        return dLdY * self.mask
def two(x, y, W1, b1, W2, b2):
    layers = [Dense(W1, b1), ReLU(), Dense(W2, b2)]
    out = x
    for layer in layers:
        out = layer.forward(out)
    out = np.exp(out - out.max(axis=-1, keepdims=True))
    out /= out.sum(axis=-1, keepdims=True)
    loss = -np.mean(np.sum(y * np.log(out), axis=1))
    grad = (out - y) / out.shape[0]
    for layer in reversed(layers):
        grad = layer.backward(grad)
    return loss, layers[0].dW, layers[0].db, layers[2].dW, layers[2].db
""",
    ),
    "a tape of closures": (
        "two",
        """
import numpy as np
class Value:
    def __init__(self, data, back=None, parents=()):
        self.data, self.grad, self.back, self.parents = data, np.zeros_like(data), back or (lambda: None), parents
    def __matmul__(self, other):
        out = Value(self.data @ other.data, parents=(self, other))
        def back():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out.back = back
        return out
    def __add__(self, other):
        out = Value(self.data + other.data, parents=(self, other))
        def back():
            self.grad += out.grad
            other.grad += out.grad.sum(axis=0)
        out.back = back
        return out
    def relu(self):
        out = Value(self.data * (self.data > 0), parents=(self,))
        def back():
            self.grad += out.grad * (out.data > 0)
        out.back = back
        return out
def two(x, y, W1, b1, W2, b2):
    leaves = [Value(a) for a in (W1, b1, W2, b2)]
    hidden = (Value(x) @ leaves[0] + leaves[1]).relu()
    logits = hidden @ leaves[2] + leaves[3]
    e = np.exp(logits.data)
    q = e / e.sum(1, keepdims=True)
    loss = -(y * np.log(q)).sum() / len(x)
    logits.grad = (q - y) / len(x)
    order, seen = [], set()
    def visit(v):
        if id(v) not in seen:
            seen.add(id(v))
            for parent in v.parents:
                visit(parent)
            order.append(v)
    visit(logits)
    for v in reversed(order):
        v.back()
    return loss, [leaf.grad for leaf in leaves]
""",
    ),
    "a generator of gradients, lambdas, walrus": (
        "two",
        _after(
            "relu_ = lambda d: d * (z > 0)",
            "def grads():",
            "    yield x.T @ (u := relu_((e := (p - y) / N) @ W2.T))",
            "    yield u.sum(0)",
            "    yield h.T @ e",
            "    yield e.sum(0)",
            "return loss, list(grads())",
        ),
    ),
    "names of other letters": (
        "two",
        _after(
            "δ2 = (p - y) / N",
            "δ1 = δ2 @ W2.T",
            "δ1 *= z > 0",
            "∇W1, ∇b1 = 0, 0".replace("∇", "nabla_"),
            "nabla_W1 = x.T @ δ1",
            "nabla_b1 = δ1.sum(0)",
            "return loss, nabla_W1, nabla_b1, h.T @ δ2, δ2.sum(0)",
        ),
    ),
    "matmul with signs turned twice": (
        "two",
        _after(
            "e = (y - p) / N",
            "u = np.matmul(e, np.transpose(W2))",
            "u[z <= 0] *= 0",
            "return loss, -np.matmul(x.T, u), -u.sum(0), -np.matmul(h.T, e), -e.sum(0)",
        ),
    ),
    "keepdims and squeeze": (
        "two",
        _after(
            "ds = (p - y) / N",
            "db2 = np.squeeze(ds.sum(axis=0, keepdims=True), 0)",
            "dh = np.tensordot(ds, W2, axes=([1], [1]))",
            "dz = np.where(z > 0, dh, 0.0)",
            "return loss, np.tensordot(x, dz, axes=([0], [0])), np.ones(N) @ dz, h.T @ ds, db2",
        ),
    ),
    "steps in a dictionary": (
        "seq",
        """
import numpy as np
def lossFun(x, h0, y, Wx, Wh):
    hs = {-1: h0}
    for t in range(len(x)):
        hs[t] = np.tanh(x[t] @ Wx + hs[t - 1] @ Wh)
    loss = np.sum((hs[len(x) - 1] - y) ** 2)
    dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
    dhnext = 2 * (hs[len(x) - 1] - y)
    for t in reversed(range(len(x))):
        dhraw = (1 - hs[t] * hs[t]) * dhnext
        dWx += np.outer(x[t], dhraw)
        dWh += np.outer(hs[t - 1], dhraw)
        dhnext = np.dot(Wh, dhraw)
    return loss, dWx, dWh
""",
    ),
    "steps by recursion": (
        "seq",
        """
import numpy as np
def seq(x, h0, y, Wx, Wh):
    def step(t, h):
        if t == len(x):
            e = h - y
            return e @ e, 2 * e, 0 * Wx, 0 * Wh
        new = np.tanh(x[t] @ Wx + h @ Wh)
        loss, g, gx, gh = step(t + 1, new)
        d = g * (1 - new**2)
        return loss, Wh @ d, gx + np.outer(x[t], d), gh + np.outer(h, d)
    loss, _, gx, gh = step(0, h0)
    return loss, gx, gh
""",
    ),
    "states as an array, gradients at once": (
        "seq",
        """
import numpy as np
def seq(x, h0, y, Wx, Wh):
    T = len(x)
    H = np.empty((T + 1, len(h0)))
    H[0] = h0
    for t in range(T):
        H[t + 1] = np.tanh(x[t] @ Wx + H[t] @ Wh)
    D = np.empty((T, len(h0)))
    g = 2 * (H[T] - y)
    for t in range(T)[::-1]:
        D[t] = g * (1 - H[t + 1] ** 2)
        g = D[t] @ Wh.T
    return ((H[-1] - y) ** 2).sum(), {"Wx": x.T @ D, "Wh": H[:-1].T @ D}
""",
    ),
    "batch norm in nine steps": (
        "normal",
        """
import numpy as np
def batchnorm_forward(x, gamma, beta, eps=1e-5):
    N, D = x.shape
    mu = 1. / N * np.sum(x, axis=0)
    xmu = x - mu
    sq = xmu ** 2
    var = 1. / N * np.sum(sq, axis=0)
    sqrtvar = np.sqrt(var + eps)
    ivar = 1. / sqrtvar
    xhat = xmu * ivar
    gammax = gamma * xhat
    out = gammax + beta
    return out, (xhat, gamma, xmu, ivar, sqrtvar, var, eps)
def batchnorm_backward(dout, cache):
    xhat, gamma, xmu, ivar, sqrtvar, var, eps = cache
    N, D = dout.shape
    dbeta = np.sum(dout, axis=0)
    dgammax = dout
    dgamma = np.sum(dgammax * xhat, axis=0)
    dxhat = dgammax * gamma
    divar = np.sum(dxhat * xmu, axis=0)
    dxmu1 = dxhat * ivar
    dsqrtvar = -1. / (sqrtvar ** 2) * divar
    dvar = 0.5 * 1. / np.sqrt(var + eps) * dsqrtvar
    dsq = 1. / N * np.ones((N, D)) * dvar
    dxmu2 = 2 * xmu * dsq
    dx1 = dxmu1 + dxmu2
    dmu = -1 * np.sum(dxmu1 + dxmu2, axis=0)
    dx2 = 1. / N * np.ones((N, D)) * dmu
    dx = dx1 + dx2
    return dx, dgamma, dbeta
""",
    ),
    "batch norm in one line": (
        "normal",
        """
import numpy as np
class BatchNorm:
    def __init__(self, gamma, beta):
        self.params = {"gamma": gamma, "beta": beta}
    def forward(self, x):
        self.std = np.sqrt(x.var(axis=0) + 1e-5)
        self.xn = (x - x.mean(axis=0)) / self.std
        return self.params["gamma"] * self.xn + self.params["beta"]
    def backward(self, dout):
        n, xn = len(dout), self.xn
        self.grads = {"gamma": (dout * xn).sum(axis=0), "beta": dout.sum(axis=0)}
        dx = self.params["gamma"] / n / self.std * (n * dout - dout.sum(axis=0) - xn * (dout * xn).sum(axis=0))
        return dx
""",
    ),
}

MORE = {
    "a dataclass of parameters": (
        "two",
        """
import numpy as np
from dataclasses import dataclass

@dataclass
class Params:
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray

@dataclass
class Grads:
    W1: np.ndarray
    b1: np.ndarray
    W2: np.ndarray
    b2: np.ndarray

def loss_and_grads(params: Params, x, y):
    z = x @ params.W1 + params.b1
    h = np.maximum(z, 0)
    s = h @ params.W2 + params.b2
    p = np.exp(s - s.max(1, keepdims=True)); p /= p.sum(1, keepdims=True)
    loss = -(y * np.log(p)).sum() / len(x)
    ds = (p - y) / len(x)
    dz = (ds @ params.W2.T) * (z > 0)
    return loss, Grads(x.T @ dz, dz.sum(0), h.T @ ds, ds.sum(0))
""",
    ),
    "a tree of parameters": (
        "two",
        """
import numpy as np
def forward(params, x):
    acts = [x]
    for layer in params["layers"]:
        acts.append(np.maximum(acts[-1] @ layer["W"] + layer["b"], 0))
    return acts
def loss_fn(x, y, W1, b1, W2, b2):
    params = {"hidden": {"W": W1, "b": b1}, "out": {"W": W2, "b": b2}}
    z = x @ params["hidden"]["W"] + params["hidden"]["b"]
    h = np.where(z > 0, z, 0.0)
    logits = h @ params["out"]["W"] + params["out"]["b"]
    m = logits.max(axis=-1, keepdims=True)
    logp = logits - m - np.log(np.exp(logits - m).sum(axis=-1, keepdims=True))
    loss = -(y * logp).sum(-1).mean()
    g = (np.exp(logp) - y) / x.shape[0]
    grads = {"hidden": {}, "out": {}}
    grads["out"]["W"] = np.tensordot(h, g, axes=(0, 0))
    grads["out"]["b"] = g.sum(0)
    g = np.where(z > 0, g @ params["out"]["W"].T, 0.0)
    grads["hidden"]["W"] = np.tensordot(x, g, axes=(0, 0))
    grads["hidden"]["b"] = g.sum(0)
    return loss, (grads["hidden"]["W"], grads["hidden"]["b"], grads["out"]["W"], grads["out"]["b"])
""",
    ),
    "a list of layers": (
        "two",
        """
import numpy as np
class Layer:
    def __init__(self, W, b): self.W, self.b = W, b
    def forward(self, x):
        self.x = x
        return x @ self.W + self.b
    def backward(self, g):
        self.dW = self.x.T @ g
        self.db = g.sum(axis=0)
        return g @ self.W.T
class Relu:
    def forward(self, x):
        self.on = x > 0
        return x * self.on
    def backward(self, g): return g * self.on
class SoftmaxCE:
    def forward(self, s, y):
        e = np.exp(s - s.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = y
        return -np.sum(y * np.log(self.p)) / len(y)
    def backward(self): return (self.p - self.y) / len(self.y)
def train(x, y, W1, b1, W2, b2):
    layers = [Layer(W1, b1), Relu(), Layer(W2, b2)]
    out = x
    for l in layers:
        out = l.forward(out)
    head = SoftmaxCE()
    loss = head.forward(out, y)
    g = head.backward()
    for l in reversed(layers):
        g = l.backward(g)
    return loss, layers[0].dW, layers[0].db, layers[2].dW, layers[2].db
""",
    ),
    "a tape of closures": (
        "two",
        """
import numpy as np
class Tensor:
    def __init__(self, data, prev=()):
        self.data, self.grad, self.prev, self.back = data, np.zeros_like(data), prev, lambda: None
    def __matmul__(self, other):
        out = Tensor(self.data @ other.data, (self, other))
        def back():
            self.grad += out.grad @ other.data.T
            other.grad += self.data.T @ out.grad
        out.back = back
        return out
    def __add__(self, other):
        out = Tensor(self.data + other.data, (self, other))
        def back():
            self.grad += out.grad
            other.grad += out.grad.sum(0)
        out.back = back
        return out
    def relu(self):
        out = Tensor(np.maximum(self.data, 0), (self,))
        def back(): self.grad += (out.data > 0) * out.grad
        out.back = back
        return out
    def backward(self):
        order, seen = [], set()
        def visit(v):
            if id(v) not in seen:
                seen.add(id(v))
                for p in v.prev: visit(p)
                order.append(v)
        visit(self)
        for v in reversed(order): v.back()
def two(x, y, W1, b1, W2, b2):
    tW1, tb1, tW2, tb2 = map(Tensor, (W1, b1, W2, b2))
    s = (Tensor(x) @ tW1 + tb1).relu() @ tW2 + tb2
    e = np.exp(s.data - s.data.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    loss = -(y * np.log(p)).sum() / len(x)
    s.grad = (p - y) / len(x)
    s.backward()
    return loss, tW1.grad, tb1.grad, tW2.grad, tb2.grad
""",
    ),
    "functions that return their way back": (
        "two",
        """
import numpy as np
def dense(x, w, b):
    def vjp(g):
        return g @ w.T, x.T @ g, g.sum(0)
    return x @ w + b, vjp
def relu(x):
    return np.maximum(x, 0), lambda g: g * (x > 0)
def xent(s, y):
    s = s - s.max(-1, keepdims=True)
    logz = np.log(np.exp(s).sum(-1, keepdims=True))
    return -(y * (s - logz)).sum() / len(y), lambda g=1.0: g * (np.exp(s - logz) - y) / len(y)
def value_and_grad(W1, b1, W2, b2, x, y):
    a, back1 = dense(x, W1, b1)
    h, back2 = relu(a)
    s, back3 = dense(h, W2, b2)
    loss, back4 = xent(s, y)
    gh, gW2, gb2 = back3(back4())
    _, gW1, gb1 = back1(back2(gh))
    return loss, (gW1, gb1, gW2, gb2)
""",
    ),
    "derived variables in a dictionary": (
        "two",
        """
import numpy as np
class TwoLayer:
    def __init__(self):
        self.parameters = {"W1": None, "b1": None, "W2": None, "b2": None}
        self.gradients = {"W1": 0, "b1": 0, "W2": 0, "b2": 0}
        self.derived_variables = {}
    def forward(self, x, y, retain_derived=True):
        Z = x @ self.parameters["W1"] + self.parameters["b1"]
        A = np.clip(Z, 0, np.inf)
        S = A @ self.parameters["W2"] + self.parameters["b2"]
        P = np.exp(S - S.max(axis=1, keepdims=True))
        P = P / P.sum(axis=1, keepdims=True)
        if retain_derived:
            self.derived_variables.update(Z=Z, A=A, P=P, X=x, Y=y)
        return -np.sum(y * np.log(P + 1e-300)) / x.shape[0]
    def backward(self):
        D = self.derived_variables
        dS = (D["P"] - D["Y"]) / D["X"].shape[0]
        self.gradients["W2"] = D["A"].T @ dS
        self.gradients["b2"] = dS.sum(axis=0)
        dZ = dS @ self.parameters["W2"].T
        dZ = dZ * np.where(D["Z"] > 0, 1, 0)
        self.gradients["W1"] = D["X"].T @ dZ
        self.gradients["b1"] = dZ.sum(axis=0)
""",
    ),
    "nested lists of numbers": (
        "two",
        """
from math import exp, log
def two(x, y, W1, b1, W2, b2):
    N, D, H, K = len(x), len(W1), len(b1), len(b2)
    dW1 = [[0.0 for _ in range(H)] for _ in range(D)]
    dW2 = [[0.0 for _ in range(K)] for _ in range(H)]
    db1, db2, loss = [0.0] * H, [0.0] * K, 0.0
    for n in range(N):
        z = [b1[h] + sum(x[n][d] * W1[d][h] for d in range(D)) for h in range(H)]
        a = [v if v > 0 else 0.0 for v in z]
        s = [b2[k] + sum(a[h] * W2[h][k] for h in range(H)) for k in range(K)]
        total = sum(exp(v) for v in s)
        p = [exp(v) / total for v in s]
        loss -= sum(y[n][k] * log(p[k]) for k in range(K)) / N
        ds = [(p[k] - y[n][k]) / N for k in range(K)]
        for k in range(K):
            db2[k] += ds[k]
            for h in range(H):
                dW2[h][k] += a[h] * ds[k]
        for h in range(H):
            if z[h] <= 0:
                continue
            dz = sum(ds[k] * W2[h][k] for k in range(K))
            db1[h] += dz
            for d in range(D):
                dW1[d][h] += x[n][d] * dz
    return loss, dW1, db1, dW2, db2
""",
    ),
    "nablas and deltas, masked": (
        "two",
        """
import numpy as np
def two(x, y, W1, b1, W2, b2):
    n = len(x)
    z1 = x.dot(W1) + b1
    a1 = z1.copy()
    a1[a1 < 0] = 0
    z2 = a1.dot(W2) + b2
    e = np.exp(z2)
    a2 = e / np.sum(e, axis=1, keepdims=True)
    loss = np.sum(-np.log(a2) * y) / n
    delta2 = a2.copy()
    delta2 -= y
    delta2 /= n
    nabla_w2 = a1.T.dot(delta2)
    nabla_b2 = delta2.sum(axis=0)
    delta1 = delta2.dot(W2.T)
    delta1[z1 <= 0] = 0
    nabla_w1 = x.T.dot(delta1)
    nabla_b1 = delta1.sum(axis=0)
    return loss, [nabla_w1, nabla_b1, nabla_w2, nabla_b2]
""",
    ),
}
RIGHT |= MORE

TORCH = """
import torch
class Norm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, gamma, beta):
        s = torch.sqrt(x.var(dim=0, unbiased=False) + 1e-5)
        h = (x - x.mean(dim=0)) / s
        ctx.save_for_backward(h, s, gamma)
        return gamma * h + beta
    @staticmethod
    def backward(ctx, grad_output):
        h, s, gamma = ctx.saved_tensors
        dh = grad_output * gamma
        dx = (dh - dh.mean(dim=0) - h * (dh * h).mean(dim=0)) / s
        dgamma = (grad_output * h).sum(dim=0)
        return dx, dgamma, grad_output.sum(dim=0)
"""
