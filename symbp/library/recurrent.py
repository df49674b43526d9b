"""Cells of recurrent networks: one step, by PyTorch's formulas and order of gates, all gates in one matrix.

PyTorch has two biases for each gate; here there is one, their sum. Only gru_cell's new gate needs the second.
"""


def rnn_cell(x, h, Wx, Wh, b):
    """A tanh unit: the new state."""
    return tanh(x @ Wx + h @ Wh + b)


def lstm_cell(x, h: Array[..., H], c: Array[..., H], Wx: Array[D, 4 * H], Wh: Array[H, 4 * H], b: Array[4 * H]):
    """Long short-term memory: the new state and the new cell. The gates are input, forget, new, output."""
    z = x @ Wx + h @ Wh + b
    i[..., k:H] = sigmoid(z[..., k])
    f[..., k:H] = sigmoid(z[..., H + k])
    g[..., k:H] = tanh(z[..., 2 * H + k])
    o[..., k:H] = sigmoid(z[..., 3 * H + k])
    c_new = f * c + i * g
    h_new = o * tanh(c_new)
    return h_new, c_new


def gru_cell(x, h: Array[..., H], Wx: Array[D, 3 * H], Wh: Array[H, 3 * H], bx: Array[3 * H], bh: Array[3 * H]):
    """A gated recurrent unit: the new state. The gates are reset, update, new."""
    u = x @ Wx + bx
    v = h @ Wh + bh
    r[..., k:H] = sigmoid(u[..., k] + v[..., k])
    z[..., k:H] = sigmoid(u[..., H + k] + v[..., H + k])
    n[..., k:H] = tanh(u[..., 2 * H + k] + r[..., k] * v[..., 2 * H + k])
    return (1 - z) * n + z * h
