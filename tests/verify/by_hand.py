"""Gradient modules of layers as a careful student writes them in NumPy: what `verify --module` is given."""

SIGMOID = """
import numpy as np

def sigmoid(z):
    return 1 / (1 + np.exp(-z))
"""

LSTM = f"""{SIGMOID}
def loss_and_gradients(x, h0, c0, *, Wx, Wh, b):
    T, H = len(x), len(Wh)
    h, c, gates = [h0], [c0], []
    for t in range(T):
        z = x[t] @ Wx + h[t] @ Wh + b
        i, f, o = (sigmoid(z[:, k * H : (k + 1) * H]) for k in (0, 1, 3))
        g = np.tanh(z[:, 2 * H : 3 * H])
        c.append(f * c[t] + i * g)
        h.append(o * np.tanh(c[t + 1]))
        gates.append((i, f, g, o))
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b)
    dh_next, dc_next = np.zeros_like(h0), np.zeros_like(c0)
    for t in reversed(range(T)):
        i, f, g, o = gates[t]
        dh = h[t + 1] + dh_next
        dc = dh * o * (1 - np.tanh(c[t + 1]) ** 2) + dc_next
        dz = np.hstack([dc * g * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - g**2),
                        dh * np.tanh(c[t + 1]) * o * (1 - o)])
        dWx += x[t].T @ dz
        dWh += h[t].T @ dz
        db += dz.sum(axis=0)
        dh_next = dz @ Wh.T
        dc_next = dc * f
    return sum((a**2).sum() for a in h[1:]) / 2, {{"Wx": dWx, "Wh": dWh, "b": db}}
"""

CONV = """
import numpy as np

def loss_and_gradients(cotangent, *, x, w, b):
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    _, _, I, J = cotangent.shape
    U, V = w.shape[2:]
    y, dp, dw = np.zeros_like(cotangent), np.zeros_like(p), np.zeros_like(w)
    for u in range(U):
        for v in range(V):
            window = np.s_[:, :, u : u + 2 * I - 1 : 2, v : v + 2 * J - 1 : 2]
            y += np.einsum("ncij,fc->nfij", p[window], w[:, :, u, v])
            dp[window] += np.einsum("nfij,fc->ncij", cotangent, w[:, :, u, v])
            dw[:, :, u, v] = np.einsum("nfij,ncij->fc", cotangent, p[window])
    y += b[:, None, None]
    return (cotangent * y).sum(), {"x": dp[:, :, 1:-1, 1:-1], "w": dw, "b": cotangent.sum(axis=(0, 2, 3))}
"""

MAX_POOL = """
import numpy as np

def loss_and_gradients(cotangent, *, x):
    _, _, I, J = cotangent.shape
    windows = [np.s_[:, :, u : u + 2 * I - 1 : 2, v : v + 2 * J - 1 : 2] for u in range(3) for v in range(3)]
    y = np.max([x[w] for w in windows], axis=0)
    dx, left = np.zeros_like(x), cotangent.copy()
    for window in windows:
        here = left * (x[window] == y)
        dx[window] += here
        left = left - here
    return (cotangent * y).sum(), {"x": dx}
"""

CHAR_MLP = """
import numpy as np

def loss_and_gradients(x, y, *, E, W1, gamma, beta, W2, b2):
    N, T = x.shape
    D, H = W1.shape[1:]
    e = E[x].reshape(N, T * D)
    z = e @ W1.reshape(T * D, H)
    centred = z - z.mean(axis=0)
    r = 1 / np.sqrt((centred**2).sum(axis=0) / (N - 1) + 1e-5)
    xhat = centred * r
    a = np.tanh(gamma * xhat + beta)
    logits = a @ W2 + b2
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).sum() / N
    d = p.copy()
    d[np.arange(N), y] -= 1
    d /= N
    dy = d @ W2.T * (1 - a**2)
    dxhat = dy * gamma
    dz = r * (dxhat - dxhat.mean(axis=0) - xhat * (dxhat * xhat).sum(axis=0) / (N - 1))
    de = (dz @ W1.reshape(T * D, H).T).reshape(N, T, D)
    dE = np.zeros_like(E)
    np.add.at(dE, x, de)
    return loss, {"E": dE, "W1": (e.T @ dz).reshape(W1.shape), "gamma": (dy * xhat).sum(axis=0),
                  "beta": dy.sum(axis=0), "W2": a.T @ d, "b2": d.sum(axis=0)}
"""

ATTENTION = """
import numpy as np

def loss_and_gradients(X, Y, *, Wq, Wk, Wv, Wo):
    B, E = len(X), Wq.shape[1]
    Q, K, V = X @ Wq, X @ Wk, X @ Wv
    S = Q @ K.swapaxes(1, 2) / E**0.5
    A = np.exp(S - S.max(axis=2, keepdims=True))
    A /= A.sum(axis=2, keepdims=True)
    O = A @ V
    dR = (O @ Wo - Y) / B
    dO = dR @ Wo.T
    dA = dO @ V.swapaxes(1, 2)
    dS = A * (dA - (dA * A).sum(axis=2, keepdims=True)) / E**0.5
    dQ, dK, dV = dS @ K, dS.swapaxes(1, 2) @ Q, A.swapaxes(1, 2) @ dO
    dWq, dWk, dWv = ((X.swapaxes(1, 2) @ d).sum(axis=0) for d in (dQ, dK, dV))
    loss = ((O @ Wo - Y) ** 2).sum() / (2 * B)
    return loss, {"Wq": dWq, "Wk": dWk, "Wv": dWv, "Wo": (O.swapaxes(1, 2) @ dR).sum(axis=0)}
"""

MODULES = {
    "lstm": LSTM,
    "conv_layer": CONV,
    "max_pool_layer": MAX_POOL,
    "char_mlp": CHAR_MLP,
    "attention_head": ATTENTION,
}
