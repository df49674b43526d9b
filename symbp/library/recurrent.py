"""Cells of recurrent networks: one step, by PyTorch's formulas and order of gates, all gates in one matrix.

PyTorch has two biases for each gate; here there is one, their sum. Only gru_cell's new gate needs the second.
"""


def rnn_cell(x, h, Wx, Wh, b):
    """A tanh unit: the new state is made of what comes in and of the state before.
    tanh单元：由输入和上一状态得到新状态。"""
    return tanh(x @ Wx + h @ Wh + b)


def lstm_cell(x, h: Array[..., H], c: Array[..., H], Wx: Array[D, 4 * H], Wh: Array[H, 4 * H], b: Array[4 * H]):
    """The cell is a conveyor belt that gates thin out and add to; the state is the part that is shown. Gates: input, forget, new, output.
    细胞是一条传送带，由门减去和加入内容；状态是其中显示的部分。门依次为输入、遗忘、候选、输出。"""
    z = x @ Wx + h @ Wh + b
    i[..., k:H] = sigmoid(
        z[..., k]
    )  # input gate: how much of the candidate is put on the belt | 输入门：放上多少候选值
    f[..., k:H] = sigmoid(z[..., H + k])  # forget gate: how much of the belt stays | 遗忘门：保留多少旧内容
    g[..., k:H] = tanh(z[..., 2 * H + k])  # candidate: what there is to put on | 候选值：可放上的内容
    o[..., k:H] = sigmoid(z[..., 3 * H + k])  # output gate: how much of the belt is shown | 输出门：显示多少内容
    c_new = f * c + i * g
    h_new = o * tanh(c_new)
    return h_new, c_new


def gru_cell(x, h: Array[..., H], Wx: Array[D, 3 * H], Wh: Array[H, 3 * H], bx: Array[3 * H], bh: Array[3 * H]):
    """The state is kept or replaced, unit by unit, as the update gate says; the gates are reset, update, new.
    更新门逐单元决定状态保留还是替换；门依次为重置、更新、候选。"""
    u = x @ Wx + bx
    v = h @ Wh + bh
    r[..., k:H] = sigmoid(
        u[..., k] + v[..., k]
    )  # reset gate: how much of the old state the candidate sees | 重置门：候选值看到多少旧状态
    z[..., k:H] = sigmoid(
        u[..., H + k] + v[..., H + k]
    )  # update gate: how much of the old state stays | 更新门：保留多少旧状态
    n[..., k:H] = tanh(
        u[..., 2 * H + k] + r[..., k] * v[..., 2 * H + k]
    )  # candidate: what replaces the rest | 候选值：替换其余部分
    return (1 - z) * n + z * h
