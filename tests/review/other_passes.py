"""More networks and passes through them written by hand in other styles, all right: `planting --others` spoils them."""

NETWORKS = '''
from symbp import Data, Labels, Param, dims, network

N, D, H, K, C, F, I, J, S, T, V, M = dims("N D H K C F I J S T V M")


@network
def updated(x: Data[T, N, D], y: Data[N, H], h0: Data[N, H],
            Wx: Param[D, 3 * H], Wh: Param[H, 3 * H], bx: Param[3 * H], bh: Param[3 * H]):
    """A GRU, half the squared error of its last state."""
    h[-1] = h0
    for t in T:
        h[t] = gru_cell(x[t], h[t - 1], Wx, Wh, bx, bh)
    return sum((h[T - 1] - y) ** 2) / (2 * N)


@network
def grouped(x: Param[N, 6, I, J], gamma: Param[6], beta: Param[6]):
    """Group norm by itself, of three groups."""
    return group_norm(x, 3, gamma, beta)


@network
def spread(x: Param[N, C, 3, 4], w: Param[C, F, 3, 2], b: Param[F]):
    """A transposed convolution of stride 2 by itself."""
    return conv_transpose2d(x, w, b, stride=2)


@network
def heads(x: Data[N, S, 4], y: Data[N, S, 4], Wqkv: Param[4, 12], bqkv: Param[12], Wo: Param[4, 4], bo: Param[4]):
    """Two heads that look back alone, under the squared error."""
    return mean((multi_head_attention(x, Wqkv, bqkv, Wo, bo, 2, causal=True) - y) ** 2)


@network
def variational(x: Data[N, D], eps: Data[N, K],
                W1: Param[D, H], b1: Param[H], Wm: Param[H, K], Ws: Param[H, K], W2: Param[K, D], b2: Param[D]):
    """An autoencoder with a Gaussian in its middle: half the squared error and the divergence from a normal one."""
    h = tanh(x @ W1 + b1)
    mu = h @ Wm
    logvar = h @ Ws
    z = mu + exp(logvar / 2) * eps
    r = z @ W2 + b2
    return (sum((r - x) ** 2) / 2 - sum(1 + logvar - mu ** 2 - exp(logvar)) / 2) / N


@network
def nearer(a: Data[N, D], p: Data[N, D], q: Data[N, D], W: Param[D, H]):
    """A triplet loss of squared distances."""
    u = a @ W
    v = p @ W
    w = q @ W
    return mean(relu(sum((u - v) ** 2, axis=1) - sum((u - w) ** 2, axis=1) + 1))


@network
def tempered(x: Data[N, D], y: Labels[N, K], W: Param[D, K], b: Param[K], tau: Param):
    """Softmax with a temperature, and weights that decay."""
    return cross_entropy((x @ W + b) / tau, y) + 0.05 * sum(W ** 2)


@network
def bagged(t: Labels[N, S, V], y: Data[N, K], mask: Data[N, D], E: Param[V, D], W: Param[D, K], b: Param[K]):
    """A bag of embedded words, dropout with a given mask, smoothed labels."""
    assert sum(y[n, k] for k in K) == 1
    m = dropout(embedding_bag(t, E), mask, 0.25)
    return cross_entropy(m @ W + b, y, label_smoothing=0.1)


@network
def masked(x: Data[N, T, D], m: Data[N, T], y: Data[N, K],
           Wx: Param[D, H], Wh: Param[H, H], b: Param[H], Wy: Param[H, K]):
    """An Elman net whose state stands still where the mask is 0; the mean of its states is read out."""
    h[-1] = zeros(N, H)
    for t in T:
        g[t] = tanh(x[:, t] @ Wx + h[t - 1] @ Wh + b)
        h[t] = m[:, t, None] * g[t] + (1 - m[:, t, None]) * h[t - 1]
    s[n, k] = mean(h[t, n, k] for t in T)
    return sum((s @ Wy - y) ** 2) / N


@network
def highway(x: Data[N, D], y: Data[N, D], Wt: Param[D, D], bt: Param[D], Wg: Param[D, D], bg: Param[D], v: Param[D]):
    """A highway layer: a gate between a tanh unit and what comes in; a focal loss of its scores."""
    t = sigmoid(x @ Wt + bt)
    g = tanh(x @ Wg + bg)
    o = t * g + (1 - t) * x
    p = sigmoid(o @ v)
    return -mean((1 - p) ** 2 * log(p))


@network
def paired(x: Data[N, D], z: Data[N, M], y: Data[N, K], A: Param[D, K, M], g: Param[K]):
    """A bilinear layer, RMS norm, GELU by tanh, mean squared error."""
    s[n, k] = sum(x[n, d] * A[d, k, m] * z[n, m] for d in D for m in M)
    return mse(gelu(rms_norm(s, g), approximate="tanh"), y)
'''

UPDATED = """
import numpy as np


def sig(v):
    return 1.0 / (1.0 + np.exp(-v))


def gru_step(x, h, p):
    H = h.shape[1]
    u, v = x @ p["Wx"] + p["bx"], h @ p["Wh"] + p["bh"]
    r = sig(u[:, :H] + v[:, :H])
    z = sig(u[:, H:2 * H] + v[:, H:2 * H])
    vn = v[:, 2 * H:]
    n = np.tanh(u[:, 2 * H:] + r * vn)
    return (1 - z) * n + z * h, dict(x=x, h=h, r=r, z=z, n=n, vn=vn)


def updated(params, x, y, h0):
    h, tape = h0, []
    for xt in x:
        h, cache = gru_step(xt, h, params)
        tape.append(cache)
    N = len(y)
    loss = np.sum((h - y) ** 2) / (2 * N)
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    dh = (h - y) / N
    for c in reversed(tape):
        r, z, n = c["r"], c["z"], c["n"]
        dz = dh * (c["h"] - n)
        dn = dh * (1 - z)
        dan = dn * (1 - n ** 2)
        dr = dan * c["vn"]
        dar = dr * r * (1 - r)
        daz = dz * z * (1 - z)
        du = np.concatenate([dar, daz, dan], axis=1)
        dv = np.concatenate([dar, daz, dan * r], axis=1)
        grads["Wx"] += c["x"].T @ du
        grads["bx"] += du.sum(axis=0)
        grads["Wh"] += c["h"].T @ dv
        grads["bh"] += dv.sum(axis=0)
        dh = dh * z + dv @ params["Wh"].T
    return loss, grads
"""

GROUPED = """
import numpy as np


class GroupNorm:
    groups = 3

    def __init__(self, gamma, beta):
        self.gamma, self.beta = gamma, beta

    def forward(self, x):
        n, c, i, j = x.shape
        xg = x.reshape(n, self.groups, -1)
        mean = xg.mean(axis=-1, keepdims=True)
        var = xg.var(axis=-1, keepdims=True)
        self.rstd = 1 / np.sqrt(var + 1e-5)
        self.xhat = (xg - mean) * self.rstd
        self.shape = x.shape
        return self.xhat.reshape(x.shape) * self.gamma[:, None, None] + self.beta[:, None, None]

    def backward(self, dout):
        xn = self.xhat.reshape(self.shape)
        self.dgamma = np.einsum("ncij,ncij->c", dout, xn)
        self.dbeta = np.einsum("ncij->c", dout)
        dxn = dout * self.gamma[:, None, None]
        g = dxn.reshape(self.xhat.shape)
        m = g.shape[-1]
        s1 = g.sum(axis=-1, keepdims=True)
        s2 = (g * self.xhat).sum(axis=-1, keepdims=True)
        dxg = self.rstd / m * (m * g - s1 - self.xhat * s2)
        return dxg.reshape(self.shape)
"""

SPREAD = """
import numpy as np

STRIDE = 2


def deconv_forward(x, w, b):
    n, c, i, j = x.shape
    _, f, u, v = w.shape
    y = np.zeros((n, f, STRIDE * (i - 1) + u, STRIDE * (j - 1) + v))
    for k in range(i):
        for l in range(j):
            part = np.einsum("nc,cfuv->nfuv", x[:, :, k, l], w)
            y[:, :, STRIDE * k:STRIDE * k + u, STRIDE * l:STRIDE * l + v] += part
    return y + b[None, :, None, None], (x, w)


def deconv_backward(dy, cache):
    x, w = cache
    n, c, i, j = x.shape
    _, f, u, v = w.shape
    dx = np.zeros(x.shape)
    dw = np.zeros(w.shape)
    for k in range(i):
        for l in range(j):
            patch = dy[:, :, STRIDE * k:STRIDE * k + u, STRIDE * l:STRIDE * l + v]
            dx[:, :, k, l] = np.einsum("nfuv,cfuv->nc", patch, w)
            dw += np.einsum("nc,nfuv->cfuv", x[:, :, k, l], patch)
    db = dy.sum(axis=(0, 2, 3))
    return dx, dw, db
"""

HEADS = """
import numpy as np


def split(z, h):
    n, s, d = z.shape
    return z.reshape(n, s, h, d // h).transpose(0, 2, 1, 3)


def merge(z):
    n, h, s, e = z.shape
    return z.transpose(0, 2, 1, 3).reshape(n, s, h * e)


def heads(x, y, Wqkv, bqkv, Wo, bo):
    n_heads = 2
    N, S, D = x.shape
    qkv = x @ Wqkv + bqkv
    q, k, v = (split(part, n_heads) for part in np.split(qkv, 3, axis=-1))
    scale = 1 / np.sqrt(q.shape[-1])
    scores = np.einsum("nhte,nhse->nhts", q, k) * scale
    causal = np.tril(np.ones((S, S), dtype=bool))
    scores = np.where(causal, scores, -np.inf)
    w = np.exp(scores - scores.max(axis=-1, keepdims=True))
    att = w / w.sum(axis=-1, keepdims=True)
    o = att @ v
    om = merge(o)
    out = om @ Wo + bo
    loss = np.mean((out - y) ** 2)
    dout = 2 * (out - y) / out.size
    dWo = om.reshape(-1, D).T @ dout.reshape(-1, D)
    dbo = dout.sum(axis=(0, 1))
    dom = dout @ Wo.T
    do = split(dom, n_heads)
    datt = np.einsum("nhte,nhse->nhts", do, v)
    dv = np.einsum("nhts,nhte->nhse", att, do)
    dscores = att * (datt - (datt * att).sum(axis=-1, keepdims=True))
    dscores *= scale
    dq = dscores @ k
    dk = np.swapaxes(dscores, -1, -2) @ q
    dqkv = np.concatenate([merge(dq), merge(dk), merge(dv)], axis=-1)
    dWqkv = np.tensordot(x, dqkv, axes=([0, 1], [0, 1]))
    dbqkv = dqkv.sum(axis=(0, 1))
    return loss, {"Wqkv": dWqkv, "bqkv": dbqkv, "Wo": dWo, "bo": dbo}
"""

VARIATIONAL = """
import numpy as np


def vae(x, eps, W1, b1, Wm, Ws, W2, b2):
    N = len(x)
    h = np.tanh(x @ W1 + b1)
    mu, logvar = h @ Wm, h @ Ws
    std = np.exp(0.5 * logvar)
    z = mu + std * eps
    out = z @ W2 + b2
    rec = 0.5 * np.sum((out - x) ** 2)
    kl = -0.5 * np.sum(1 + logvar - mu ** 2 - np.exp(logvar))
    loss = (rec + kl) / N
    dout = (out - x) / N
    dW2 = z.T @ dout
    db2 = dout.sum(0)
    dz = dout @ W2.T
    dmu = dz + mu / N
    dstd = dz * eps
    dlogvar = 0.5 * dstd * std + 0.5 * (np.exp(logvar) - 1) / N
    dWm = h.T @ dmu
    dWs = h.T @ dlogvar
    dh = dmu @ Wm.T + dlogvar @ Ws.T
    dpre = dh * (1 - h * h)
    dW1 = x.T @ dpre
    db1 = dpre.sum(0)
    return loss, dict(W1=dW1, b1=db1, Wm=dWm, Ws=dWs, W2=dW2, b2=db2)
"""

NEARER = """
import numpy as np


def nearer(a, p, q, W):
    n = a.shape[0]
    ua, up, uq = a @ W, p @ W, q @ W
    ep, eq = ua - up, ua - uq
    margin = np.sum(ep ** 2, axis=1) - np.sum(eq ** 2, axis=1) + 1.0
    loss = np.maximum(margin, 0).mean()
    active = (margin > 0).astype(float)[:, None] / n
    dep = 2 * ep * active
    deq = -2 * eq * active
    dua = dep + deq
    dup = -dep
    duq = -deq
    dW = a.T @ dua + p.T @ dup + q.T @ duq
    return loss, dW
"""

TEMPERED = """
import numpy as np


def tempered(x, y, W, b, tau):
    N = len(x)
    z = x @ W + b
    s = z / tau
    s = s - s.max(axis=1, keepdims=True)
    P = np.exp(s)
    P /= P.sum(axis=1, keepdims=True)
    loss = -np.log(P[range(N), y]).mean() + 0.05 * np.sum(W * W)
    ds = P.copy()
    ds[range(N), y] -= 1
    ds /= N
    dtau = -(ds * z).sum() / tau ** 2
    dz = ds / tau
    dW = x.T @ dz + 0.1 * W
    db = dz.sum(axis=0)
    return loss, dW, db, dtau
"""

BAGGED = """
import numpy as np


def bagged(t, y, mask, E, W, b):
    N, S = t.shape
    K = len(b)
    keep = 1 - 0.25
    bag = E[t].sum(axis=1) / S
    m = bag * mask / keep
    logits = m @ W + b
    logits = logits - logits.max(1, keepdims=True)
    logp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    target = 0.9 * y + 0.1 / K
    loss = -(target * logp).sum() / N
    dlogits = (np.exp(logp) - target) / N
    dW = m.T @ dlogits
    db = dlogits.sum(0)
    dm = dlogits @ W.T
    dbag = dm * mask / keep
    dE = np.zeros_like(E)
    for n in range(N):
        for s in range(S):
            dE[t[n, s]] += dbag[n] / S
    return loss, (dE, dW, db)
"""

MASKED = """
import numpy as np


def masked(x, m, y, Wx, Wh, b, Wy):
    N, T, D = x.shape
    H = len(b)
    hs = np.zeros((T + 1, N, H))
    gs = np.zeros((T, N, H))
    for t in range(T):
        gs[t] = np.tanh(x[:, t] @ Wx + hs[t] @ Wh + b)
        mt = m[:, t, None]
        hs[t + 1] = mt * gs[t] + (1 - mt) * hs[t]
    s = hs[1:].mean(axis=0)
    e = s @ Wy - y
    loss = (e ** 2).sum() / N
    de = 2 * e / N
    dWy = s.T @ de
    ds = de @ Wy.T
    dWx, dWh, db = 0, 0, 0
    dnext = np.zeros((N, H))
    for t in range(T - 1, -1, -1):
        mt = m[:, t, None]
        dh = ds / T + dnext
        dg = dh * mt
        da = dg * (1 - gs[t] ** 2)
        dWx = dWx + x[:, t].T @ da
        dWh = dWh + hs[t].T @ da
        db = db + da.sum(axis=0)
        dnext = dh * (1 - mt) + da @ Wh.T
    return loss, {"dWx": dWx, "dWh": dWh, "db": db, "dWy": dWy}
"""

HIGHWAY = """
import numpy as np


def sigmoid(v):
    return 1 / (1 + np.exp(-v))


def highway(x, y, Wt, bt, Wg, bg, v):
    batch = len(x)
    t = sigmoid(x @ Wt + bt)
    g = np.tanh(x @ Wg + bg)
    o = t * g + (1 - t) * x
    score = o @ v
    p = sigmoid(score)
    loss = -np.mean((1 - p) ** 2 * np.log(p))
    grad_p = (2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p) / batch
    grad_score = grad_p * p * (1 - p)
    grad_v = o.T @ grad_score
    grad_o = np.outer(grad_score, v)
    grad_t = grad_o * (g - x)
    grad_g = grad_o * t
    grad_at = grad_t * t * (1 - t)
    grad_ag = grad_g * (1 - g ** 2)
    grad_Wt = x.T @ grad_at
    grad_bt = grad_at.sum(axis=0)
    grad_Wg = x.T @ grad_ag
    grad_bg = grad_ag.sum(axis=0)
    return loss, (grad_Wt, grad_bt, grad_Wg, grad_bg, grad_v)
"""

PAIRED = """
import numpy as np

C = np.sqrt(2 / np.pi)


def paired(x, z, y, A, g):
    s = np.einsum("nd,dkm,nm->nk", x, A, z)
    k = s.shape[1]
    rms = np.sqrt(np.mean(s ** 2, axis=1, keepdims=True) + 1e-5)
    xhat = s / rms
    u = g * xhat
    inner = C * (u + 0.044715 * u ** 3)
    th = np.tanh(inner)
    out = 0.5 * u * (1 + th)
    loss = np.mean((out - y) ** 2)
    dout = 2 * (out - y) / y.size
    dinner = dout * 0.5 * u * (1 - th ** 2)
    du = dout * 0.5 * (1 + th) + dinner * C * (1 + 3 * 0.044715 * u ** 2)
    dg = (du * xhat).sum(axis=0)
    dxhat = du * g
    ds = dxhat / rms - s * (dxhat * s).sum(axis=1, keepdims=True) / (k * rms ** 3)
    dA = np.einsum("nk,nd,nm->dkm", ds, x, z)
    return loss, dA, dg
"""

# the name of a pass, its network, its text, the start of the first line that mistakes are planted in
OTHERS = (
    ("GRU", "updated", UPDATED, "dh = (h"),
    ("group norm", "grouped", GROUPED, "self.dgamma ="),
    ("transposed convolution", "spread", SPREAD, "dx = np.zeros"),
    ("heads", "heads", HEADS, "dout ="),
    ("VAE", "variational", VARIATIONAL, "dout ="),
    ("triplet", "nearer", NEARER, "active ="),
    ("temperature", "tempered", TEMPERED, "ds = P"),
    ("bag, dropout, smoothing", "bagged", BAGGED, "dlogits ="),
    ("masked RNN", "masked", MASKED, "de ="),
    ("highway, focal", "highway", HIGHWAY, "grad_p ="),
    ("bilinear, RMS norm, GELU", "paired", PAIRED, "dout ="),
)
