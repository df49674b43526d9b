"""Ten networks and passes through them written by hand, all right: what mistakes are planted in (`planting`)."""

NETWORKS = '''
from symbp import Data, Labels, Param, dims, network

N, D, H, K, C, F, I, J, S, T, V, M = dims("N D H K C F I J S T V M")


@network
def perceptron(x: Data[N, D], y: Data[N, K], W1: Param[D, H], b1: Param[H], W2: Param[H, K], b2: Param[K]):
    """Sigmoids under softmax and cross-entropy."""
    assert sum(y[n, k] for k in K) == 1
    h = sigmoid(x @ W1 + b1)
    return cross_entropy(h @ W2 + b2, y)


@network
def rectified(
    x: Data[N, D], y: Data[N, K], W1: Param[D, H], b1: Param[H], W2: Param[H, H], b2: Param[H], W3: Param[H, K]
):
    """Two layers of ReLU of one width under the squared error."""
    h1 = relu(x @ W1 + b1)
    h2 = relu(h1 @ W2 + b2)
    return sum((h2 @ W3 - y) ** 2) / N


@network
def shortcut(x: Data[N, D], y: Data[N, D], W1: Param[D, H], b1: Param[H], W2: Param[H, D], g: Param[D]):
    """A residual block of tanh units, scaled, and a logistic loss of its entries."""
    h = tanh(x @ W1 + b1)
    s = (x + h @ W2) * g
    return mean(softplus(-y * s))


@network
def normed(x: Data[N, D], y: Data[N, H], W: Param[D, H], gamma: Param[H], beta: Param[H]):
    """A layer, batch norm, ReLU, half the squared error."""
    return sum((relu(batch_norm(x @ W, gamma, beta)) - y) ** 2) / (2 * N)


@network
def normed_layer(x: Param[N, D], gamma: Param[D], beta: Param[D]):
    """Layer norm by itself."""
    return layer_norm(x, gamma, beta)


@network
def convolution(x: Param[N, 2, 6, 5], w: Param[3, 2, 3, 2], b: Param[3]):
    """A convolution by itself."""
    return conv2d(x, w, b)


@network
def pooled(x: Data[N, D, 4, 6], y: Labels[N, K], a: Param[D], W: Param[D, 2, 3, K], b: Param[K]):
    """Scaled channels, a max pool, a linear layer, softmax."""
    s[n, d, i, j] = x[n, d, i, j] * a[d]
    m = max_pool2d(s, 2)
    z[n, k] = sum(m[n, d, i, j] * W[d, i, j, k] for d in D for i in range(2) for j in range(3)) + b[k]
    return cross_entropy(z, y)


@network
def remembering(
    x: Data[T, N, D], y: Data[N, K], h0: Data[N, H], c0: Data[N, H],
    Wx: Param[D, 4 * H], Wh: Param[H, 4 * H], b: Param[4 * H], Wy: Param[H, K],
):
    """An LSTM, its last state under a linear layer and half the squared error."""
    h[-1] = h0
    c[-1] = c0
    for t in T:
        h[t], c[t] = lstm_cell(x[t], h[t - 1], c[t - 1], Wx, Wh, b)
    return sum((h[T - 1] @ Wy - y) ** 2) / 2


@network
def attentive(x: Data[N, S, D], y: Data[N, S, M], Wq: Param[D, M], Wk: Param[D, M], Wv: Param[D, M], Wo: Param[M, M]):
    """A head of attention under the squared error."""
    return sum((attention(x @ Wq, x @ Wk, x @ Wv) @ Wo - y) ** 2) / N


@network
def named(t: Labels[N, S, V], y: Labels[N, K], E: Param[V, D], W: Param[D, K], b: Param[K]):
    """The mean of embedded words under softmax and cross-entropy."""
    m[n, d] = mean(E[t[n, s], d] for s in S)
    return cross_entropy(m @ W + b, y)
'''

PERCEPTRON = """
import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def perceptron(x, y, W1, b1, W2, b2):
    N = x.shape[0]
    z1 = x @ W1 + b1
    a1 = sigmoid(z1)
    z2 = a1 @ W2 + b2
    e = np.exp(z2 - z2.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.sum(y * np.log(p)) / N
    dz2 = (p - y) / N
    dW2 = a1.T @ dz2
    db2 = dz2.sum(axis=0)
    da1 = dz2 @ W2.T
    dz1 = da1 * a1 * (1 - a1)
    dW1 = x.T @ dz1
    db1 = dz1.sum(axis=0)
    return loss, {"W1": dW1, "b1": db1, "W2": dW2, "b2": db2}
"""

RECTIFIED = """
import numpy as np


def train_step(params, x, y):
    W1, b1, W2, b2, W3 = (params[k] for k in ("W1", "b1", "W2", "b2", "W3"))
    batch = len(x)
    u1 = np.dot(x, W1) + b1
    h1 = np.maximum(u1, 0)
    u2 = np.dot(h1, W2) + b2
    h2 = np.maximum(u2, 0)
    out = np.dot(h2, W3)
    diff = out - y
    loss = np.sum(diff ** 2) / batch
    grads = {}
    delta3 = 2.0 * diff / batch
    grads["W3"] = np.dot(h2.T, delta3)
    delta2 = np.dot(delta3, W3.T)
    delta2[u2 <= 0] = 0
    grads["W2"] = np.dot(h1.T, delta2)
    grads["b2"] = np.sum(delta2, axis=0)
    delta1 = np.dot(delta2, W2.T) * (u1 > 0)
    grads["W1"] = np.dot(x.T, delta1)
    grads["b1"] = np.sum(delta1, axis=0)
    return loss, grads
"""

SHORTCUT = """
import numpy as np


class Block:
    def __init__(self, W1, b1, W2, g):
        self.W1, self.b1, self.W2, self.g = W1, b1, W2, g

    def forward(self, x, y):
        self.x, self.y = x, y
        self.h = np.tanh(x @ self.W1 + self.b1)
        self.r = x + self.h @ self.W2
        self.s = self.r * self.g
        return np.mean(np.log1p(np.exp(-y * self.s)))

    def backward(self):
        sig = 1 / (1 + np.exp(self.y * self.s))
        ds = -self.y * sig / self.y.size
        self.dg = (ds * self.r).sum(axis=0)
        dr = ds * self.g
        self.dW2 = self.h.T @ dr
        dh = dr @ self.W2.T
        dpre = dh * (1 - self.h ** 2)
        self.dW1 = self.x.T @ dpre
        self.db1 = dpre.sum(axis=0)
"""

NORMED = """
import numpy as np


def normed(x, y, W, gamma, beta):
    n = x.shape[0]
    z = x @ W
    mu = z.mean(axis=0)
    zc = z - mu
    var = (zc ** 2).mean(axis=0)
    std = np.sqrt(var + 1e-5)
    ivar = 1 / std
    zhat = zc * ivar
    s = gamma * zhat + beta
    o = np.maximum(0, s)
    loss = 0.5 * ((o - y) ** 2).sum() / n
    do = (o - y) / n
    ds = do * (s > 0)
    dgamma = np.sum(ds * zhat, axis=0)
    dbeta = np.sum(ds, axis=0)
    dzhat = ds * gamma
    divar = np.sum(dzhat * zc, axis=0)
    dzc1 = dzhat * ivar
    dstd = -divar / std ** 2
    dvar = 0.5 * dstd / std
    dzc2 = 2 * zc * dvar / n
    dzc = dzc1 + dzc2
    dmu = -dzc.sum(axis=0)
    dz = dzc + dmu / n
    dW = x.T @ dz
    return loss, dW, dgamma, dbeta
"""

NORMED_SHORT = """
import numpy as np


def normed(x, y, W, gamma, beta):
    n = x.shape[0]
    z = x @ W
    mean, variance = z.mean(0), z.var(0)
    scale = np.sqrt(variance + 1e-5)
    zn = (z - mean) / scale
    s = gamma * zn + beta
    out = s * (s > 0)
    loss = np.sum((out - y) ** 2) / (2 * n)
    dout = (out - y) / n
    dout = dout * (s > 0)
    dgamma = (dout * zn).sum(0)
    dbeta = dout.sum(0)
    dzn = dout * gamma
    dz = (dzn - dzn.mean(0) - zn * (dzn * zn).mean(0)) / scale
    dW = x.T @ dz
    return loss, [dW, dgamma, dbeta]
"""

LAYER_NORM = """
import numpy as np


def layernorm_forward(x, gamma, beta):
    mu = x.mean(axis=1, keepdims=True)
    xc = x - mu
    var = (xc * xc).mean(axis=1, keepdims=True)
    inv = 1.0 / np.sqrt(var + 1e-5)
    xhat = xc * inv
    out = gamma * xhat + beta
    return out, (gamma, xc, inv, xhat)


def layernorm_backward(dout, cache):
    gamma, xc, inv, xhat = cache
    D = xhat.shape[1]
    dgamma = (dout * xhat).sum(axis=0)
    dbeta = dout.sum(axis=0)
    dxhat = dout * gamma
    dinv = (dxhat * xc).sum(axis=1, keepdims=True)
    dvar = -0.5 * inv ** 3 * dinv
    dxc = dxhat * inv
    dxc += 2 * xc * dvar / D
    dmu = -dxc.sum(axis=1, keepdims=True)
    dx = dxc + dmu / D
    return dx, dgamma, dbeta
"""

CONV_LAYER = """
import numpy as np


def im2col(x, kh, kw):
    n, c, i, j = x.shape
    oi, oj = i - kh + 1, j - kw + 1
    cols = np.empty((n, c, kh, kw, oi, oj))
    for u in range(kh):
        for v in range(kw):
            cols[:, :, u, v] = x[:, :, u:u + oi, v:v + oj]
    return cols.transpose(0, 4, 5, 1, 2, 3).reshape(n * oi * oj, -1)


def conv_forward(x, w, b):
    n, c, i, j = x.shape
    f, _, kh, kw = w.shape
    cols = im2col(x, kh, kw)
    rows = cols @ w.reshape(f, -1).T + b
    out = rows.reshape(n, i - kh + 1, j - kw + 1, f).transpose(0, 3, 1, 2)
    return out, (x, w, cols)


def conv_backward(dout, cache):
    x, w, cols = cache
    n, c, i, j = x.shape
    f, _, kh, kw = w.shape
    oi, oj = i - kh + 1, j - kw + 1
    drows = dout.transpose(0, 2, 3, 1).reshape(-1, f)
    db = drows.sum(axis=0)
    dw = (drows.T @ cols).reshape(w.shape)
    dcols = drows @ w.reshape(f, -1)
    patches = dcols.reshape(n, oi, oj, c, kh, kw)
    dx = np.zeros_like(x)
    for u in range(kh):
        for v in range(kw):
            dx[:, :, u:u + oi, v:v + oj] += patches[:, :, :, :, u, v].transpose(0, 3, 1, 2)
    return dx, dw, db
"""

POOLED = """
import numpy as np


def pooled(x, y, a, W, b):
    N, D, I, J = x.shape
    K = len(b)
    s = x * a[:, None, None]
    tiles = s.reshape(N, D, I // 2, 2, J // 2, 2)
    m = tiles.max(axis=(3, 5))
    flat = m.reshape(N, -1)
    z = flat @ W.reshape(-1, K) + b
    z = z - z.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = -np.mean(np.log(p[np.arange(N), y]))
    dz = p.copy()
    dz[np.arange(N), y] -= 1
    dz /= N
    dW = (flat.T @ dz).reshape(W.shape)
    db = dz.sum(axis=0)
    dflat = dz @ W.reshape(-1, K).T
    dm = dflat.reshape(m.shape)
    chosen = tiles == m[:, :, :, None, :, None]
    dtiles = chosen * dm[:, :, :, None, :, None]
    ds = dtiles.reshape(x.shape)
    da = (ds * x).sum(axis=(0, 2, 3))
    return loss, da, dW, db
"""

REMEMBERING = """
import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def remembering(x, y, h0, c0, Wx, Wh, b, Wy):
    T, N, D = x.shape
    H = h0.shape[1]
    hs, cs, gates = [h0], [c0], []
    for t in range(T):
        z = x[t] @ Wx + hs[-1] @ Wh + b
        i, f = sigmoid(z[:, :H]), sigmoid(z[:, H:2 * H])
        g, o = np.tanh(z[:, 2 * H:3 * H]), sigmoid(z[:, 3 * H:])
        c = f * cs[-1] + i * g
        h = o * np.tanh(c)
        hs.append(h)
        cs.append(c)
        gates.append((i, f, g, o))
    out = hs[-1] @ Wy
    err = out - y
    loss = 0.5 * np.sum(err ** 2)
    dWy = hs[-1].T @ err
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh = err @ Wy.T
    dc = np.zeros_like(c0)
    for t in reversed(range(T)):
        i, f, g, o = gates[t]
        tc = np.tanh(cs[t + 1])
        do = dh * tc
        dc = dc + dh * o * (1 - tc ** 2)
        di = dc * g
        dg = dc * i
        df = dc * cs[t]
        dzi = di * i * (1 - i)
        dzf = df * f * (1 - f)
        dzg = dg * (1 - g ** 2)
        dzo = do * o * (1 - o)
        dz = np.concatenate([dzi, dzf, dzg, dzo], axis=1)
        dWx += x[t].T @ dz
        dWh += hs[t].T @ dz
        db += dz.sum(axis=0)
        dh = dz @ Wh.T
        dc = dc * f
    return loss, dWx, dWh, db, dWy
"""

ATTENTIVE = """
import numpy as np


def attentive(x, y, *, Wq, Wk, Wv, Wo):
    n, width = len(x), Wq.shape[1]
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    scores = q @ k.transpose(0, 2, 1) / np.sqrt(width)
    e = np.exp(scores - scores.max(-1, keepdims=True))
    attn = e / e.sum(-1, keepdims=True)
    ctx = attn @ v
    out = ctx @ Wo
    loss = np.sum((out - y) ** 2) / n
    dout = 2 * (out - y) / n
    dWo = np.einsum("nsm,nsk->mk", ctx, dout)
    dctx = dout @ Wo.T
    dattn = dctx @ v.transpose(0, 2, 1)
    dv = attn.transpose(0, 2, 1) @ dctx
    dscores = attn * (dattn - (attn * dattn).sum(-1, keepdims=True))
    dscores = dscores / np.sqrt(width)
    dq = dscores @ k
    dk = dscores.transpose(0, 2, 1) @ q
    dWq = np.einsum("nsd,nsm->dm", x, dq)
    dWk = np.einsum("nsd,nsm->dm", x, dk)
    dWv = np.einsum("nsd,nsm->dm", x, dv)
    return loss, dict(Wq=dWq, Wk=dWk, Wv=dWv, Wo=dWo)
"""

NAMED = """
import numpy as np


def named(t, y, E, W, b):
    n, s = t.shape
    rows = E[t]
    m = rows.mean(axis=1)
    logits = m @ W + b
    shifted = logits - logits.max(axis=1, keepdims=True)
    total = np.exp(shifted).sum(axis=1, keepdims=True)
    logp = shifted - np.log(total)
    loss = -logp[np.arange(n), y].sum() / n
    onehot = np.zeros_like(logp)
    onehot[np.arange(n), y] = 1
    dlogits = (np.exp(logp) - onehot) / n
    dW = m.T @ dlogits
    db = dlogits.sum(axis=0)
    dm = dlogits @ W.T
    drows = np.repeat(dm[:, None, :], s, axis=1) / s
    dE = np.zeros_like(E)
    np.add.at(dE, t, drows)
    return loss, [dE, dW, db]
"""

# the name of a pass, its network, its text, the start of the first line that mistakes are planted in
PASSES = (
    ("MLP", "perceptron", PERCEPTRON, "dz2 ="),
    ("ReLU", "rectified", RECTIFIED, "delta3 ="),
    ("residual", "shortcut", SHORTCUT, "ds ="),
    ("batch norm, step by step", "normed", NORMED, "do ="),
    ("batch norm, one formula", "normed", NORMED_SHORT, "dout ="),
    ("layer norm", "normed_layer", LAYER_NORM, "dgamma ="),
    ("convolution", "convolution", CONV_LAYER, "drows ="),
    ("max pool", "pooled", POOLED, "dz = p"),
    ("LSTM", "remembering", REMEMBERING, "dWy ="),
    ("attention", "attentive", ATTENTIVE, "dout ="),
    ("embedding", "named", NAMED, "dlogits ="),
)
