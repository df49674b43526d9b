"""Right passes as lectures and blogs write them, each with mistakes that could be made in it: old, new, kinds."""

LECTURE_NETWORKS = '''
from symbp import Data, Labels, Param, dims, network

N, B, V, D, H, K, T, S = dims("N B V D H K T S")


@network
def characters(
    Xb: Labels[N, B, V], Yb: Labels[N, K], C: Param[V, D], W1: Param[B, D, H], bngain: Param[H], bnbias: Param[H],
    W2: Param[H, K], b2: Param[K],
):
    """Embedded characters, a layer, batch norm, tanh, a layer, cross-entropy."""
    hprebn[n, h] = sum(C[Xb[n, b], d] * W1[b, d, h] for b in B for d in D)
    return cross_entropy(tanh(batch_norm(hprebn, bngain, bnbias)) @ W2 + b2, Yb)


@network
def regularised(x: Data[N, D], y: Data[N, K], mask: Data[N, H], W1: Param[D, H], b1: Param[H], W2: Param[H, K]):
    """ReLU, dropout, a linear layer, the squared error and a penalty on the weights."""
    h = relu(x @ W1 + b1) * mask / 0.8
    return sum((h @ W2 - y) ** 2) / N + 0.05 * (sum(W1 ** 2) + sum(W2 ** 2))


@network
def sliced(
    x: Data[T, N, D], y: Data[T, N, H], h0: Data[N, H], c0: Data[N, H], Wx: Param[D, 4 * H], Wh: Param[H, 4 * H],
    b: Param[4 * H],
):
    """An LSTM, each of its states held against one that is wanted."""
    h[-1] = h0
    c[-1] = c0
    for t in T:
        h[t], c[t] = lstm_cell(x[t], h[t - 1], c[t - 1], Wx, Wh, b)
    return sum((h[t, n, j] - y[t, n, j]) ** 2 for t in T for n in N for j in H) / 2


@network
def feed_forward(x: Data[N, D], y: Data[N, D], g: Param[D], s: Param[D], W1: Param[D, H], W2: Param[H, D]):
    """A transformer's feed-forward block: layer norm, GELU's sigmoid, a shortcut."""
    n = layer_norm(x, g, s)
    u = n @ W1
    return sum((x + (u * sigmoid(1.702 * u)) @ W2 - y) ** 2) / (2 * N)


@network
def several(
    x: Data[N, S, D], y: Data[N, S, D], Wq: Param[2, D, K], Wk: Param[2, D, K], Wv: Param[2, D, K],
    Wo: Param[2, K, D],
):
    """Two heads of attention, each with its own output matrix."""
    q[a, n, s, k] = sum(x[n, s, d] * Wq[a, d, k] for d in D)
    k_[a, n, s, k] = sum(x[n, s, d] * Wk[a, d, k] for d in D)
    v[a, n, s, k] = sum(x[n, s, d] * Wv[a, d, k] for d in D)
    o = attention(q, k_, v)
    r[n, s, d] = sum(o[a, n, s, k] * Wo[a, k, d] for a in range(2) for k in K)
    return mean((r - y) ** 2)


@network
def counted(
    x: Data[T, N, D], t: Labels[T, N, K], Wxh: Param[D, H], Whh: Param[H, H], Why: Param[H, K], bh: Param[H],
    by: Param[K],
):
    """The character model of a hundred lines: a tanh recurrence, a softmax at each step."""
    h[-1, n: N, j: H] = 0
    for s in T:
        h[s] = tanh(x[s] @ Wxh + h[s - 1] @ Whh + bh)
    o = h @ Why + by
    return -sum(log_softmax(o)[s, n, t[s, n]] for s in T for n in N)
'''

NINJA = """
import numpy as np


def step(Xb, Yb, C, W1, bngain, bnbias, W2, b2):
    n = Xb.shape[0]
    emb = C[Xb]
    embcat = emb.reshape(n, -1)
    W = W1.reshape(embcat.shape[1], -1)
    hprebn = embcat @ W
    bnmeani = 1 / n * hprebn.sum(0, keepdims=True)
    bndiff = hprebn - bnmeani
    bndiff2 = bndiff ** 2
    bnvar = 1 / n * bndiff2.sum(0, keepdims=True)
    bnvar_inv = (bnvar + 1e-5) ** -0.5
    bnraw = bndiff * bnvar_inv
    hpreact = bngain * bnraw + bnbias
    h = np.tanh(hpreact)
    logits = h @ W2 + b2
    logit_maxes = logits.max(1, keepdims=True)
    norm_logits = logits - logit_maxes
    counts = np.exp(norm_logits)
    counts_sum = counts.sum(1, keepdims=True)
    counts_sum_inv = counts_sum ** -1
    probs = counts * counts_sum_inv
    logprobs = np.log(probs)
    loss = -logprobs[np.arange(n), Yb].mean()

    dlogprobs = np.zeros_like(logprobs)
    dlogprobs[np.arange(n), Yb] = -1.0 / n
    dprobs = (1.0 / probs) * dlogprobs
    dcounts_sum_inv = (counts * dprobs).sum(1, keepdims=True)
    dcounts = counts_sum_inv * dprobs
    dcounts_sum = (-counts_sum ** -2) * dcounts_sum_inv
    dcounts += np.ones_like(counts) * dcounts_sum
    dnorm_logits = counts * dcounts
    dlogits = dnorm_logits.copy()
    dh = dlogits @ W2.T
    dW2 = h.T @ dlogits
    db2 = dlogits.sum(0)
    dhpreact = (1.0 - h ** 2) * dh
    dbngain = (bnraw * dhpreact).sum(0)
    dbnraw = bngain * dhpreact
    dbnbias = dhpreact.sum(0)
    dbndiff = bnvar_inv * dbnraw
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdims=True)
    dbnvar = (-0.5 * (bnvar + 1e-5) ** -1.5) * dbnvar_inv
    dbndiff2 = (1.0 / n) * np.ones_like(bndiff2) * dbnvar
    dbndiff += (2 * bndiff) * dbndiff2
    dhprebn = dbndiff.copy()
    dbnmeani = (-dbndiff).sum(0)
    dhprebn += 1.0 / n * (np.ones_like(hprebn) * dbnmeani)
    dembcat = dhprebn @ W.T
    dW1 = (embcat.T @ dhprebn).reshape(W1.shape)
    demb = dembcat.reshape(emb.shape)
    dC = np.zeros_like(C)
    for k in range(Xb.shape[0]):
        for j in range(Xb.shape[1]):
            ix = Xb[k, j]
            dC[ix] += demb[k, j]
    return loss, dC, dW1, dbngain, dbnbias, dW2, db2
"""

DECAYED = """
import numpy as np


class Net:
    def __init__(self, W1, b1, W2):
        self.params = {"W1": W1, "b1": b1, "W2": W2}
        self.moments = {k: (np.zeros_like(v), np.zeros_like(v)) for k, v in self.params.items()}
        self.reg, self.keep = 0.1, 0.8

    def loss(self, x, y, mask):
        W1, b1, W2 = self.params["W1"], self.params["b1"], self.params["W2"]
        z = x.dot(W1) + b1
        a = np.maximum(0, z)
        h = a * mask / self.keep
        scores = h.dot(W2)
        diff = scores - y
        loss = np.sum(diff * diff) / x.shape[0]
        loss += 0.5 * self.reg * (np.sum(W1 * W1) + np.sum(W2 * W2))
        grads = {}
        dscores = 2 * diff / x.shape[0]
        grads["W2"] = h.T.dot(dscores) + self.reg * W2
        dh = dscores.dot(W2.T)
        da = dh * mask / self.keep
        dz = da * (z > 0)
        grads["W1"] = x.T.dot(dz)
        grads["W1"] += self.reg * W1
        grads["b1"] = np.sum(dz, axis=0)
        return loss, grads

    def adam(self, grads, rate=1e-3, b1=0.9, b2=0.999, t=1):
        for k, g in grads.items():
            m, v = self.moments[k]
            m = b1 * m + (1 - b1) * g
            v = b2 * v + (1 - b2) * g * g
            self.moments[k] = (m, v)
            self.params[k] -= rate * (m / (1 - b1 ** t)) / (np.sqrt(v / (1 - b2 ** t)) + 1e-8)
"""

SLICED = """
import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    H = prev_h.shape[1]
    a = x.dot(Wx) + prev_h.dot(Wh) + b
    i = sigmoid(a[:, :H])
    f = sigmoid(a[:, H:2 * H])
    g = np.tanh(a[:, 2 * H:3 * H])
    o = sigmoid(a[:, 3 * H:])
    next_c = f * prev_c + i * g
    tanh_c = np.tanh(next_c)
    next_h = o * tanh_c
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, g, o, tanh_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, g, o, tanh_c = cache
    H = prev_h.shape[1]
    do = dnext_h * tanh_c
    dc = dnext_c + dnext_h * o * (1 - tanh_c ** 2)
    df = dc * prev_c
    di = dc * g
    dg = dc * i
    dprev_c = dc * f
    da = np.zeros((x.shape[0], 4 * H))
    da[:, :H] = di * i * (1 - i)
    da[:, H:2 * H] = df * f * (1 - f)
    da[:, 2 * H:3 * H] = dg * (1 - g ** 2)
    da[:, 3 * H:] = do * o * (1 - o)
    dx = da.dot(Wx.T)
    dprev_h = da.dot(Wh.T)
    dWx = x.T.dot(da)
    dWh = prev_h.T.dot(da)
    db = da.sum(axis=0)
    return dx, dprev_h, dprev_c, dWx, dWh, db


def sliced(x, y, h0, c0, Wx, Wh, b):
    T = len(x)
    h, c, caches, hs = h0, c0, [], []
    for t in range(T):
        h, c, cache = lstm_step_forward(x[t], h, c, Wx, Wh, b)
        caches.append(cache)
        hs.append(h)
    hs = np.stack(hs)
    loss = 0.5 * np.sum((hs - y) ** 2)
    dhs = hs - y
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dprev_h, dprev_c = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(T)):
        dh_total = dhs[t] + dprev_h
        dx, dprev_h, dprev_c, dWx_t, dWh_t, db_t = lstm_step_backward(dh_total, dprev_c, caches[t])
        dWx += dWx_t
        dWh += dWh_t
        db += db_t
    return loss, dWx, dWh, db
"""

BLOCK = """
import numpy as np


def block(x, y, g, s, W1, W2):
    N, D = x.shape
    mean = x.mean(-1, keepdims=True)
    var = x.var(-1, keepdims=True)
    rstd = 1 / np.sqrt(var + 1e-5)
    norm = (x - mean) * rstd
    n = norm * g + s
    u = n @ W1
    sig = 1 / (1 + np.exp(-1.702 * u))
    act = u * sig
    out = x + act @ W2
    loss = 0.5 * ((out - y) ** 2).sum() / N
    dout = (out - y) / N
    dW2 = act.T @ dout
    dact = dout @ W2.T
    du = dact * (sig + u * 1.702 * sig * (1 - sig))
    dW1 = n.T @ du
    dn = du @ W1.T
    dg = (dn * norm).sum(0)
    ds = dn.sum(0)
    return loss, dict(g=dg, s=ds, W1=dW1, W2=dW2)
"""

HEADS = """
import numpy as np


def softmax(s):
    e = np.exp(s - s.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def heads(x, y, Wq, Wk, Wv, Wo):
    scale = 1 / np.sqrt(Wq.shape[-1])
    Q = np.einsum("nsd,adk->ansk", x, Wq)
    K = np.einsum("nsd,adk->ansk", x, Wk)
    V = np.einsum("nsd,adk->ansk", x, Wv)
    S = np.einsum("ansk,antk->anst", Q, K) * scale
    A = softmax(S)
    O = np.einsum("anst,antk->ansk", A, V)
    out = np.einsum("ansk,akd->nsd", O, Wo)
    loss = ((out - y) ** 2).mean()
    gout = 2 * (out - y) / out.size
    gWo = np.einsum("ansk,nsd->akd", O, gout)
    gO = np.einsum("nsd,akd->ansk", gout, Wo)
    gA = np.einsum("ansk,antk->anst", gO, V)
    gV = np.einsum("anst,ansk->antk", A, gO)
    gS = A * (gA - (gA * A).sum(-1, keepdims=True))
    gQ = np.einsum("anst,antk->ansk", gS, K) * scale
    gK = np.einsum("anst,ansk->antk", gS, Q) * scale
    gWq = np.einsum("nsd,ansk->adk", x, gQ)
    gWk = np.einsum("nsd,ansk->adk", x, gK)
    gWv = np.einsum("nsd,ansk->adk", x, gV)
    return loss, gWq, gWk, gWv, gWo
"""

HUNDRED_LINES = """
import numpy as np


def lossFun(x, t, Wxh, Whh, Why, bh, by):
    T, N = x.shape[:2]
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.zeros((N, Whh.shape[0]))
    loss = 0
    for s in range(T):
        xs[s] = x[s]
        hs[s] = np.tanh(xs[s] @ Wxh + hs[s - 1] @ Whh + bh)
        ys = hs[s] @ Why + by
        ps[s] = np.exp(ys) / np.sum(np.exp(ys), axis=1, keepdims=True)
        loss += -np.log(ps[s][np.arange(N), t[s]]).sum()
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for s in reversed(range(T)):
        dy = np.copy(ps[s])
        dy[np.arange(N), t[s]] -= 1
        dWhy += hs[s].T @ dy
        dby += dy.sum(0)
        dh = dy @ Why.T + dhnext
        dhraw = (1 - hs[s] * hs[s]) * dh
        dbh += dhraw.sum(0)
        dWxh += xs[s].T @ dhraw
        dWhh += hs[s - 1].T @ dhraw
        dhnext = dhraw @ Whh.T
    for dparam in [dWxh, dWhh, dWhy, dbh, dby]:
        np.clip(dparam, -500, 500, out=dparam)
    return loss, dWxh, dWhh, dWhy, dbh, dby
"""

# style: its network, the right code, and the mistakes: what stands there, what is planted, the kinds that name it
LECTURES = {
    "every step of the exercise": (
        "characters",
        NINJA,
        (
            ("dcounts_sum = (-counts_sum ** -2)", "dcounts_sum = (counts_sum ** -2)", "sign"),
            ("dbndiff += (2 * bndiff)", "dbndiff = (2 * bndiff)", "overwrite path"),
            ("dC[ix] += demb[k, j]", "dC[ix] = demb[k, j]", "overwrite index_add"),
            ("dbnmeani = (-dbndiff).sum(0)", "dbnmeani = (-dbndiff).mean(0)", "mean factor"),
            ("dhpreact = (1.0 - h ** 2) * dh", "dhpreact = (1.0 - h) * dh", "derivative"),
        ),
    ),
    "a penalty, dropout and Adam": (
        "regularised",
        DECAYED,
        (
            ("da = dh * mask / self.keep", "da = dh / self.keep", "term derivative path"),
            ('grads["W1"] += self.reg * W1', 'grads["W1"] += 2 * self.reg * W1', "factor"),
            ('grads["W2"] = h.T.dot(dscores) + self.reg * W2', 'grads["W2"] = h.T.dot(dscores)', "path term"),
            ("dh = dscores.dot(W2.T)", "dh = diff.dot(W2.T)", "wrong_tensor"),
        ),
    ),
    "a step of an LSTM by slices": (
        "sliced",
        SLICED,
        (
            ("dg * (1 - g ** 2)", "dg * (1 - g)", "derivative"),
            ("dh_total = dhs[t] + dprev_h", "dh_total = dhs[t]", "step path"),
            ("dprev_c = dc * f", "dprev_c = dc * i", "wrong_tensor"),
            ("dWh = prev_h.T.dot(da)", "dWh = 2 * prev_h.T.dot(da)", "factor"),
        ),
    ),
    "a transformer's block": (
        "feed_forward",
        BLOCK,
        (
            ("du = dact * (sig + u * 1.702", "du = dact * (sig + u", "factor"),
            ("dg = (dn * norm).sum(0)", "dg = (dn * n).sum(0)", "wrong_tensor"),
            ("dact = dout @ W2.T", "dact = (out - y) @ W2.T", "factor term wrong_tensor"),
        ),
    ),
    "heads by einsum": (
        "several",
        HEADS,
        (
            ("gS = A * (gA - (gA * A).sum(-1, keepdims=True))", "gS = A * (1 - A) * gA", "softmax"),
            ('gK = np.einsum("anst,ansk->antk", gS, Q) * scale', 'gK = np.einsum("anst,ansk->antk", gS, Q)', "factor"),
            ('gV = np.einsum("anst,ansk->antk", A, gO)', 'gV = np.einsum("anst,ansk->antk", S, gO)', "wrong_tensor"),
        ),
    ),
    "a hundred lines": (
        "counted",
        HUNDRED_LINES,
        (
            ("dh = dy @ Why.T + dhnext", "dh = dy @ Why.T", "step path"),
            ("dWhh += hs[s - 1].T @ dhraw", "dWhh += hs[s].T @ dhraw", "step wrong_tensor"),
            ("dhraw = (1 - hs[s] * hs[s]) * dh", "dhraw = (1 - hs[s]) * dh", "derivative"),
            ("dby += dy.sum(0)", "dby += dy.mean(0)", "mean factor"),
        ),
    ),
}
