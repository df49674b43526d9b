from symbp import Data, dims, network

T, N, D, H = dims("T N D H")


@network
def lstm_backward(
    x: Data[T, N, D],
    h0: Data[N, H],
    c0: Data[N, H],
    Wx: Data[D, 4 * H],
    Wh: Data[H, 4 * H],
    b: Data[4 * H],
):
    """An LSTM with its gates in one matrix, under half the sum of squares of every h; no output layer.
    各个门合在一个矩阵中的LSTM，损失为所有h的平方和的一半，没有输出层。
    """
    for t in T:
        z[t, n, j] = (
            sum(x[t, n, d] * Wx[d, j] for d in D)
            + sum((h[t - 1, n, k] if 1 <= t else h0[n, k]) * Wh[k, j] for k in H)
            + b[j]
        )
        i[t, n, k: H] = 1 / (1 + exp(-z[t, n, k]))  # input gate: how much of the candidate is put on the belt | 输入门：放上多少候选值
        f[t, n, k: H] = 1 / (1 + exp(-z[t, n, H + k]))  # forget gate: how much of the belt stays | 遗忘门：保留多少旧内容
        g[t, n, k: H] = tanh(z[t, n, 2 * H + k])  # candidate: what there is to put on | 候选值：可放上的内容
        o[t, n, k] = 1 / (1 + exp(-z[t, n, 3 * H + k]))  # output gate: how much of the belt is shown | 输出门：显示多少内容
        c[t, n, j] = f[t, n, j] * (c[t - 1, n, j] if 1 <= t else c0[n, j]) + i[t, n, j] * g[t, n, j]  # cell: a conveyor belt, each step thins it out and adds to it | 细胞状态：传送带，每步减去一些、加入一些
        h_tanh[t, n, j] = tanh(c[t, n, j])
        h[t, n, j] = o[t, n, j] * h_tanh[t, n, j]  # hidden state: the part of the belt that is shown | 隐藏状态：传送带上显示的部分
    L = sum(h[t, n, j] ** 2 for t in T for n in N for j in H) / 2
    for t in T:
        h_bar[t, n, j] = (
            h[t, n, j] + (sum(z_bar[t + 1, n, j1] * Wh[j, j1] for j1 in range(4 * H)) if t + 1 < T else 0)
        )
        c_bar[t, n, j] = (
            h_bar[t, n, j] * o[t, n, j] * (1 - h_tanh[t, n, j] ** 2)
            + (c_bar[t + 1, n, j] * f[t + 1, n, j] if t + 1 < T else 0)
        )
        o_bar[t, n, k] = h_bar[t, n, k] * h_tanh[t, n, k]
        g_bar[t, n, k] = c_bar[t, n, k] * i[t, n, k]
        f_bar[t, n, k] = c_bar[t, n, k] * (c[t - 1, n, k] if 1 <= t else c0[n, k])
        i_bar[t, n, k] = c_bar[t, n, k] * g[t, n, k]
        z_bar[t, n, j: 4 * H] = (
            (i_bar[t, n, j] * i[t, n, j] * (1 - i[t, n, j]) if j < H else 0)
            + (f_bar[t, n, j - H] * f[t, n, j - H] * (1 - f[t, n, j - H]) if H <= j < 2 * H else 0)
            + (g_bar[t, n, j - 2 * H] * (1 - g[t, n, j - 2 * H] ** 2) if 2 * H <= j < 3 * H else 0)
            + (o_bar[t, n, j - 3 * H] * o[t, n, j - 3 * H] * (1 - o[t, n, j - 3 * H]) if 3 * H <= j else 0)
        )
    Wx_bar[d, j] = sum(x[t, n, d] * z_bar[t, n, j] for t in T for n in N)
    Wh_bar[k, j] = sum(z_bar[t, n, j] * (h[t - 1, n, k] if 1 <= t else h0[n, k]) for t in T for n in N)
    b_bar[j] = sum(z_bar[t, n, j] for t in T for n in N)
    return Wx_bar, Wh_bar, b_bar
