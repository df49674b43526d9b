from symbp import Data, dims, network

L, T, N, H = dims("L T N H")


@network
def stacked_lstm_backward(
    x: Data[T, N, H],
    h0: Data[L, N, H],
    c0: Data[L, N, H],
    Wx: Data[L, H, 4 * H],
    Wh: Data[L, H, 4 * H],
    b: Data[L, 4 * H],
):
    """LSTM layers on top of each other, under half the sum of squares of the last layer's h."""
    for l in L:
        for t in T:
            h_z[l, t, n, g] = (
                sum((h[l - 1, t, n, i] if 1 <= l else x[t, n, i]) * Wx[l, i, g] for i in H)
                + sum((h[l, t - 1, n, i] if 1 <= t else h0[l, n, i]) * Wh[l, i, g] for i in H)
                + b[l, g]
            )
            h_i[l, t, n, k: H] = 1 / (1 + exp(-h_z[l, t, n, k]))  # input gate: how much of the candidate is put on the belt | 输入门：放上多少候选值
            h_f[l, t, n, k: H] = 1 / (1 + exp(-h_z[l, t, n, H + k]))  # forget gate: how much of the belt stays | 遗忘门：保留多少旧内容
            h_g[l, t, n, k: H] = tanh(h_z[l, t, n, 2 * H + k])  # candidate: what there is to put on | 候选值：可放上的内容
            h_o[l, t, n, k] = 1 / (1 + exp(-h_z[l, t, n, 3 * H + k]))  # output gate: how much of the belt is shown | 输出门：显示多少内容
            c[l, t, n, g] = (
                h_f[l, t, n, g] * (c[l, t - 1, n, g] if 1 <= t else c0[l, n, g]) + h_i[l, t, n, g] * h_g[l, t, n, g]
            )
            h_tanh[l, t, n, g] = tanh(c[l, t, n, g])
            h[l, t, n, g] = h_o[l, t, n, g] * h_tanh[l, t, n, g]
    loss = sum(h[L - 1, t, n, g] ** 2 for t in T for n in N for g in H) / 2
    for l in L:
        for t in T:
            h_bar[l, t, n, g] = (
                (
                    sum(h_z_bar[l + 1, t, n, d] * Wx[l + 1, g, d] for d in range(4 * H))
                    if l + 1 < L
                    else h[L - 1, t, n, g]
                )
                + (sum(h_z_bar[l, t + 1, n, d] * Wh[l, g, d] for d in range(4 * H)) if t + 1 < T else 0)
            )
            c_bar[l, t, n, g] = (
                h_bar[l, t, n, g] * h_o[l, t, n, g] * (1 - h_tanh[l, t, n, g] ** 2)
                + (c_bar[l, t + 1, n, g] * h_f[l, t + 1, n, g] if t + 1 < T else 0)
            )
            h_o_bar[l, t, n, k] = h_bar[l, t, n, k] * h_tanh[l, t, n, k]
            h_g_bar[l, t, n, k] = c_bar[l, t, n, k] * h_i[l, t, n, k]
            h_f_bar[l, t, n, k] = c_bar[l, t, n, k] * (c[l, t - 1, n, k] if 1 <= t else c0[l, n, k])
            h_i_bar[l, t, n, k] = c_bar[l, t, n, k] * h_g[l, t, n, k]
            h_z_bar[l, t, n, g: 4 * H] = (
                (h_i_bar[l, t, n, g] * h_i[l, t, n, g] * (1 - h_i[l, t, n, g]) if g < H else 0)
                + (h_f_bar[l, t, n, g - H] * h_f[l, t, n, g - H] * (1 - h_f[l, t, n, g - H]) if H <= g < 2 * H else 0)
                + (h_g_bar[l, t, n, g - 2 * H] * (1 - h_g[l, t, n, g - 2 * H] ** 2) if 2 * H <= g < 3 * H else 0)
                + (
                    h_o_bar[l, t, n, g - 3 * H] * h_o[l, t, n, g - 3 * H] * (1 - h_o[l, t, n, g - 3 * H])
                    if 3 * H <= g
                    else 0
                )
            )
    Wx_bar[l, i, g] = sum(
        h_z_bar[l, t, n, g] * (h[l - 1, t, n, i] if 1 <= l else x[t, n, i])
        for t in T
        for n in N
    )
    Wh_bar[l, i, g] = sum(
        h_z_bar[l, t, n, g] * (h[l, t - 1, n, i] if 1 <= t else h0[l, n, i])
        for t in T
        for n in N
    )
    b_bar[l, g] = sum(h_z_bar[l, t, n, g] for t in T for n in N)
    return Wx_bar, Wh_bar, b_bar
