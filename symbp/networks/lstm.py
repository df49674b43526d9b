"""Long short-term memory over symbolic time."""

from symbp import Data, Param, dims, network

T, N, D, H = dims("T N D H")


@network
def lstm(
    x: Data[T, N, D], h0: Data[N, H], c0: Data[N, H],
    Wx: Param[D, 4 * H], Wh: Param[H, 4 * H], b: Param[4 * H],
):  # fmt: skip
    """An LSTM with its gates in one matrix, under half the sum of squares of every h; no output layer.
    各个门合在一个矩阵中的LSTM，损失为所有h的平方和的一半，没有输出层。"""
    h[-1] = h0
    c[-1] = c0
    for t in T:
        z[t] = x[t] @ Wx + h[t - 1] @ Wh + b
        i[t, n, k:H] = sigmoid(
            z[t, n, k]
        )  # input gate: how much of the candidate is put on the belt | 输入门：放上多少候选值
        f[t, n, k:H] = sigmoid(z[t, n, H + k])  # forget gate: how much of the belt stays | 遗忘门：保留多少旧内容
        g[t, n, k:H] = tanh(z[t, n, 2 * H + k])  # candidate: what there is to put on | 候选值：可放上的内容
        o[t, n, k:H] = sigmoid(z[t, n, 3 * H + k])  # output gate: how much of the belt is shown | 输出门：显示多少内容
        c[t] = (
            f[t] * c[t - 1] + i[t] * g[t]
        )  # cell: a conveyor belt, each step thins it out and adds to it | 细胞状态：传送带，每步减去一些、加入一些
        h[t] = o[t] * tanh(c[t])  # hidden state: the part of the belt that is shown | 隐藏状态：传送带上显示的部分
    return sum(h**2) / 2
