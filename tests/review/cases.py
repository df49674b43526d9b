"""Hand-written backward passes for `test_check`: right ones in different styles, and wrong ones with a mark.

The wrong statement of a case is the line that ends in `# <-`; what stands there is never read by what is tested.
"""

NETWORKS = '''
from symbp import Data, Labels, Param, dims, network

B, I, J, O, S = dims("B I J O S")


@network
def fit(u: Data[B, I], v: Data[B, O], A: Param[I, J], a: Param[J], C: Param[J, O], c: Param[O]):
    """tanh, then a linear layer, under the squared error of an example."""
    q = tanh(u @ A + a)
    r = q @ C + c
    return sum((r - v) ** 2) / (2 * B)


@network
def deep(u: Data[B, I], v: Data[B, J], A: Param[I, J], C: Param[J, J], E: Param[J, J]):
    """Three layers of one width."""
    q = relu(u @ A)
    r = sigmoid(q @ C)
    s = q + r @ E
    return sum((s - v) ** 2) / B


@network
def words(t: Labels[B, S], k: Labels[B, O], E: Param[S, J], C: Param[J, O]):
    """Rows of a table under softmax and cross-entropy."""
    return cross_entropy(embedding(t, E) @ C, k)


@network
def steps(u: Data[S, B, I], g0: Data[B, J], v: Data[B, J], A: Param[I, J], R: Param[J, J], a: Param[J]):
    """A recurrence, the error at its end."""
    g[-1] = g0
    for s in S:
        g[s] = tanh(u[s] @ A + g[s - 1] @ R + a)
    return sum((g[S - 1] - v) ** 2) / 2


@network
def layer(x: Param[B, J], gain: Param[J], shift: Param[J]):
    """Layer norm by itself."""
    return layer_norm(x, gain, shift)
'''

FIT = """
import numpy as np


def fit(u, v, A, a, C, c):
    n = len(u)
    z = u @ A + a
    q = np.tanh(z)
    r = q @ C + c
    e = r - v
    loss = 0.5 * np.sum(e * e) / n
    grad_r = e / n
    grad_C = q.T @ grad_r
    grad_c = grad_r.sum(axis=0)
    grad_q = grad_r @ C.T
    grad_z = grad_q * (1 - q ** 2)
    grad_A = u.T @ grad_z
    grad_a = grad_z.sum(axis=0)
    return loss, grad_A, grad_a, grad_C, grad_c
"""

DEEP = """
import numpy as np


def deep(u, v, A, C, E):
    n = u.shape[0]
    z = u @ A
    q = np.maximum(z, 0)
    y = q @ C
    r = 1 / (1 + np.exp(-y))
    s = q + r @ E
    loss = ((s - v) ** 2).sum() / n
    ds = 2 * (s - v) / n
    dE = r.T @ ds
    dr = ds @ E.T
    dy = dr * r * (1 - r)
    dC = q.T @ dy
    dq = ds + dy @ C.T
    dz = dq * (z > 0)
    dA = u.T @ dz
    return loss, {"E": dE, "C": dC, "A": dA}
"""

MASKED = DEEP.replace("dz = dq * (z > 0)", "dq[q <= 0] = 0").replace("u.T @ dz", "u.T @ dq")

WORDS = """
import numpy as np


def words(t, k, E, C):
    n = len(t)
    rows = E[t]
    s = rows @ C
    p = np.exp(s - s.max(axis=1, keepdims=True))
    p = p / p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(n), k]).mean()
    ds = p.copy()
    ds[np.arange(n), k] -= 1
    ds = ds / n
    dC = rows.T @ ds
    drows = ds @ C.T
    dE = np.zeros_like(E)
    np.add.at(dE, t, drows)
    return loss, dE, dC
"""

STEPS = """
import numpy as np


def steps(u, g0, v, A, R, a):
    g = [g0]
    for x in u:
        g.append(np.tanh(x @ A + g[-1] @ R + a))
    loss = 0.5 * ((g[-1] - v) ** 2).sum()
    dA, dR, da = np.zeros_like(A), np.zeros_like(R), np.zeros_like(a)
    dg = g[-1] - v
    for s in range(len(u) - 1, -1, -1):
        dz = dg * (1 - g[s + 1] ** 2)
        dA += u[s].T @ dz
        dR += g[s].T @ dz
        da += dz.sum(axis=0)
        dg = dz @ R.T
    return loss, dA, dR, da
"""

LAYER = """
import numpy as np


def layer_forward(x, gain, shift):
    m = x.mean(axis=1, keepdims=True)
    d = x - m
    v = (d ** 2).mean(axis=1, keepdims=True)
    i = 1 / np.sqrt(v + 1e-5)
    h = d * i
    return gain * h + shift, (d, i, h, gain)


def layer_backward(dout, cache):
    d, i, h, gain = cache
    width = d.shape[1]
    dgain = (dout * h).sum(axis=0)
    dshift = dout.sum(axis=0)
    dh = dout * gain
    dv = (dh * d).sum(axis=1, keepdims=True) * -0.5 * i ** 3
    dd = dh * i + 2 * d * dv / width
    dx = dd - dd.mean(axis=1, keepdims=True)
    return dx, dgain, dshift
"""

CLASS = """
import numpy as np


class Fit:
    def __init__(self, A, a, C, c):
        self.params = {"A": A, "a": a, "C": C, "c": c}
        self.grads = {}

    def forward(self, u, v):
        self.u = u
        self.q = np.tanh(u @ self.params["A"] + self.params["a"])
        self.e = self.q @ self.params["C"] + self.params["c"] - v
        return (self.e ** 2).sum() / 2 / len(u)

    def backward(self):
        back = self.e / len(self.u)
        self.grads["C"] = self.q.T @ back
        self.grads["c"] = back.sum(axis=0)
        back = back @ self.params["C"].T
        back *= 1 - self.q ** 2
        self.grads["A"] = self.u.T @ back
        self.grads["a"] = back.sum(axis=0)
"""

ONE_BY_ONE = '''
def fit(u, v, A, a, C, c):
    """Python's numbers alone, one example after the other."""
    import math
    n, total = len(u), 0.0
    gA = [[0.0] * len(a) for _ in range(len(A))]
    ga, gC, gc = [0.0] * len(a), [[0.0] * len(c) for _ in a], [0.0] * len(c)
    for x, y in zip(u, v):
        q = [math.tanh(sum(x[i] * A[i][j] for i in range(len(A))) + a[j]) for j in range(len(a))]
        e = [sum(q[j] * C[j][o] for j in range(len(a))) + c[o] - y[o] for o in range(len(c))]
        total += sum(k * k for k in e) / 2
        for o in range(len(c)):
            gc[o] += e[o] / n
            for j in range(len(a)):
                gC[j][o] += q[j] * e[o] / n
        for j in range(len(a)):
            back = sum(e[o] * C[j][o] for o in range(len(c))) * (1 - q[j] * q[j]) / n
            ga[j] += back
            for i in range(len(A)):
                gA[i][j] += x[i] * back
    return total / n, [gA, ga, gC, gc]
'''

EINSUM = """
import numpy as np


def fit(params, u, v):
    q = np.tanh(np.einsum("bi,ij->bj", u, params["A"]) + params["a"])
    e = (np.einsum("bj,jo->bo", q, params["C"]) + params["c"] - v) / np.sqrt(len(u))
    k = np.einsum("bo,jo,bj->bj", e, params["C"], 1 - q * q) / np.sqrt(len(u))
    w = e / np.sqrt(len(u))
    return 0.5 * np.vdot(e, e), {"dC": q.T @ w, "dc": w.sum(0), "dA": np.einsum("bi,bj->ij", u, k), "da": k.sum(0)}
"""

PROPAGATION = """
import numpy as np
def forward_propagation(u, parameters):
    Q = np.tanh(u @ parameters["A"] + parameters["a"])
    Z2 = Q @ parameters["C"] + parameters["c"]
    return Z2, {"Q": Q, "Z2": Z2}
def compute_cost(out, v):
    return np.sum((out - v) ** 2) / (2 * len(v))
def backward_propagation(parameters, cache, u, v):
    m = len(u)
    dZ2 = (cache["Z2"] - v) / m
    dC = cache["Q"].T @ dZ2
    dc = np.sum(dZ2, axis=0)
    dZ1 = dZ2 @ parameters["C"].T * (1 - np.power(cache["Q"], 2))
    return {"dA": u.T @ dZ1, "da": dZ1.sum(0), "dC": dC, "dc": dc}
"""

WITH_LOSS = """
import numpy as np
class TwoLayerNet:
    def __init__(self, input_size=3, hidden_size=4, output_size=2, std=1e-4):
        self.params = {}
        self.params['A'] = std * np.random.randn(input_size, hidden_size)
        self.params['a'] = np.zeros(hidden_size)
        self.params['C'] = std * np.random.randn(hidden_size, output_size)
        self.params['c'] = np.zeros(output_size)
    def loss(self, u, v=None, reg=0.0):
        A, a = self.params['A'], self.params['a']
        C, c = self.params['C'], self.params['c']
        h = np.tanh(u.dot(A) + a)
        out = h.dot(C) + c
        if v is None:
            return out
        N = u.shape[0]
        loss = np.sum((out - v)**2) / N / 2 + reg * np.sum(A * A)
        grads = {}
        dout = (out - v) / N
        grads['C'] = h.T.dot(dout) + 2 * reg * C
        grads['c'] = dout.sum(axis=0)
        dh = dout.dot(C.T)
        dh = dh * (1 - h * h)
        grads['A'] = u.T.dot(dh)
        grads['a'] = dh.sum(axis=0)
        return loss, grads
"""

LAYERED = """
import numpy as np
class Net:
    def __init__(self):
        self.parameters = {"A": None, "a": None, "C": None, "c": None}
        self.gradients = {}
    def forward(self, u):
        p = self.parameters
        self.X = u
        self.Q = np.tanh(u @ p["A"] + p["a"])
        return self.Q @ p["C"] + p["c"]
    def loss(self, out, v):
        return ((out - v) ** 2).sum() / 2 / len(v)
    def backward(self, v):
        Y = self.Q @ self.parameters["C"] + self.parameters["c"]
        dY = (Y - v) / len(v)
        self.gradients["C"] = self.Q.T @ dY
        self.gradients["c"] = dY.sum(axis=0)
        dQ = dY @ self.parameters["C"].T
        dZ = dQ * (1 - self.Q ** 2)
        self.gradients["A"] = self.X.T @ dZ
        self.gradients["a"] = dZ.sum(axis=0)
"""

CLOSURE = """
import numpy as np
def step(u, v, A, a, C, c):
    def f(x): return np.tanh(x)
    def df(y): return 1 - y * y
    z = u @ A + a; q = f(z)
    err = (q @ C + c) - v
    def backward(seed=1.0):
        d = seed * err / len(u)
        gC, gc = q.T @ d, d.sum(0)
        dz = (d @ C.T) * df(q)
        return u.T @ dz, dz.sum(0), gC, gc
    return 0.5 * (err ** 2).sum() / len(u), backward()
"""

FUNCTIONS = """
import numpy as np
mul = lambda x, y: x @ y
def net(A, a, C, c, u, v):
    try:
        q = np.tanh(mul(u, A) + a)
        with np.errstate(all="raise"):
            r = mul(q, C) + c - v
    finally:
        pass
    l = np.linalg.norm(r) ** 2 / 2 / u.shape[0]
    g = [None] * 4
    k = r / u.shape[0]
    g[2] = mul(q.T, k); g[3] = np.ones(len(k)) @ k
    k = np.multiply(mul(k, C.transpose()), np.square(np.cosh(np.arctanh(q))) ** -1)
    g[0], g[1] = mul(np.transpose(u), k), np.add.reduce(k)
    return g, l
"""

# the network, the code
RIGHT = {
    "as written": ("fit", FIT),
    "a residual": ("deep", DEEP),
    "masked in place": ("deep", MASKED),
    "labels": ("words", WORDS),
    "a list of states": ("steps", STEPS),
    "a forward and a backward function": ("layer", LAYER),
    "a class with a dictionary of gradients, in place": ("fit", CLASS),
    "lists of numbers": ("fit", ONE_BY_ONE),
    "fused": ("fit", EINSUM),
    "a cost beside the two passes": ("fit", PROPAGATION),
    "a class whose loss gives both": ("fit", WITH_LOSS),
    "a class with a loss beside": ("fit", LAYERED),
    "a function inside": ("fit", CLOSURE),
    "functions of functions": ("fit", FUNCTIONS),
    "it prints and draws": ("fit", FIT.replace("    n = len(u)", "    print(np.random.rand())\n    n = len(u)")),
}

# the network, the code, (what is right there, what stands there instead, the kind) for each mistake
WRONG = {
    "sign": ("fit", FIT, [("grad_r = e / n", "grad_r = (v - r) / n", "sign")]),
    "no batch size": ("fit", FIT, [("grad_r = e / n", "grad_r = e", "factor")]),
    "mean": ("fit", FIT, [("grad_c = grad_r.sum(axis=0)", "grad_c = grad_r.mean(axis=0)", "mean")]),
    "no sum": ("fit", FIT, [("grad_a = grad_z.sum(axis=0)", "grad_a = grad_z", "sum")]),
    "derivative at z": ("fit", FIT, [("grad_q * (1 - q ** 2)", "grad_q * (1 - z ** 2)", "wrong_tensor")]),
    "no derivative": ("fit", FIT, [("grad_z = grad_q * (1 - q ** 2)", "grad_z = grad_q", "derivative")]),
    "derivative of another": ("fit", FIT, [("grad_q * (1 - q ** 2)", "grad_q * q * (1 - q)", "derivative")]),
    "transpose": ("deep", DEEP, [("dr = ds @ E.T", "dr = ds @ E", "transpose")]),
    "another matrix": ("deep", DEEP, [("dr = ds @ E.T", "dr = ds @ C.T", "wrong_tensor")]),
    "residual": ("deep", DEEP, [("dq = ds + dy @ C.T", "dq = dy @ C.T", "path")]),
    "mask": ("deep", DEEP, [("dz = dq * (z > 0)", "dz = dq * (y > 0)", "wrong_tensor")]),
    "two": (
        "deep",
        DEEP,
        [("ds = 2 * (s - v) / n", "ds = (s - v) / n", "factor"), ("(z > 0)", "(r > 0)", "wrong_tensor")],
    ),
    "one hides the other": (
        "fit",
        FIT,
        [("grad_r = e / n", "grad_r = -e / n", "sign"), ("grad_C = q.T @ grad_r", "grad_C = -(q.T @ grad_r)", "sign")],
    ),
    "masked in place": (
        "deep",
        DEEP.replace("dz = dq * (z > 0)", "dz = dq\n    dz[z <= 0] = 0"),
        [("dA = u.T @ dz", "dA = u.T @ dq / 2", "factor")],
    ),
    "masked nowhere": (
        "deep",
        MASKED,
        [("dq[q <= 0] = 0", "dq[q < 0] = 0", "derivative")],
    ),
    "masked by another": (
        "deep",
        MASKED,
        [("dq[q <= 0] = 0", "dq[ds <= 0] = 0", "wrong_tensor")],
    ),
    "no gain": ("layer", LAYER, [("dh = dout * gain", "dh = dout", "term")]),
    "a sign far from the end": ("layer", LAYER, [("dv = (dh * d).sum", "dv = -(dh * d).sum", "sign")]),
    "repeated rows": ("words", WORDS, [("np.add.at(dE, t, drows)", "dE[t] += drows", "index_add")]),
    "rows overwritten": ("words", WORDS, [("np.add.at(dE, t, drows)", "dE[t] = drows", "index_add")]),
    "overwritten": ("steps", STEPS, [("dR += g[s].T @ dz", "dR = g[s].T @ dz", "overwrite")]),
    "step": ("steps", STEPS, [("dR += g[s].T @ dz", "dR += g[s + 1].T @ dz", "step")]),
    "mean constant": ("layer", LAYER, [("dx = dd - dd.mean(axis=1, keepdims=True)", "dx = dd", "constant")]),
    "both constant": ("layer", LAYER, [("dx = dd - dd.mean(axis=1, keepdims=True)", "dx = dh * i", "constant")]),
    "loss": (
        "fit",
        FIT,
        [
            ("loss = 0.5 * np.sum(e * e) / n", "loss = 0.5 * np.mean(e * e)", "loss"),
            ("grad_r = e / n", "grad_r = e / e.size", ""),
        ],
    ),
    "input": ("fit", FIT, [("    return loss,", "    A -= 0.1 * grad_A\n    return loss,", "state")]),
    "float32": ("fit", FIT, [("grad_r = e / n", "grad_r = (e / n).astype(np.float32)", "dtype")]),
    "it raises": ("fit", FIT, [("grad_q = grad_r @ C.T", "grad_q = grad_r @ C", "transpose")]),
    "the line of a mask, not the one before": (
        "deep",
        DEEP.replace("dz = dq * (z > 0)", "dz = dq.copy()\n    dz[z <= 0] = 0"),
        [("dz[z <= 0] = 0", "dz[q < 0] = 0", "derivative")],
    ),
    "two names for one array": (
        "deep",
        DEEP.replace("dq = ds + dy @ C.T", "dq = ds.copy()\n    dq += dy @ C.T").replace(
            "    dE = r.T @ ds\n", ""
        ).replace("    dA =", "    dE = r.T @ ds\n    dA ="),
        [("dq = ds.copy()", "dq = ds", "alias")],
    ),
    "read after it was written over": (
        "fit",
        FIT.replace("    grad_q = ", "    w = q * q\n    grad_q = "),
        [("    w = q * q", "    q *= q", ""), ("grad_q * (1 - q ** 2)", "(1 - q ** 2) * grad_q", "overwrite")],
    ),
    "integer division": ("fit", FIT, [("grad_r = e / n", "grad_r = e // n", "dtype")]),
    "nothing is carried": ("steps", STEPS, [("dg = dz @ R.T", "dg = np.zeros_like(dg)", "step")]),
}  # fmt: skip
