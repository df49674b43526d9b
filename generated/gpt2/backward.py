from symbp import Data, Labels, dims, network

B, T, L, H, E, V = dims("B T L H E V")


@network
def gpt2_backward(
    tokens: Labels[B, T, V],
    targets: Labels[B, T, V],
    wte: Data[V, E * H],
    wpe: Data[T, E * H],
    g1: Data[L, E * H],
    c1: Data[L, E * H],
    Wqkv: Data[L, E * H, 3 * E * H],
    bqkv: Data[L, 3 * E * H],
    Wo: Data[L, H, E, E * H],
    bo: Data[L, E * H],
    g2: Data[L, E * H],
    c2: Data[L, E * H],
    Wf: Data[L, E * H, 4 * E * H],
    bf: Data[L, 4 * E * H],
    Wp: Data[L, 4 * E * H, E * H],
    bp: Data[L, E * H],
    gf: Data[E * H],
    cf: Data[E * H],
):
    """Embedding and positions, L blocks, a last layer norm, the embedding again as the head, cross-entropy."""
    x_start[b, t, e] = wte[tokens[b, t], e] + wpe[t, e]
    for l in L:
        u_mu[l, b, t] = sum(x[l - 1, b, t, d] if 1 <= l else x_start[b, t, d] for d in range(E * H)) / E / H  # mean | 均值
        u_v[l, b, t] = (
            sum(((x[l - 1, b, t, d] if 1 <= l else x_start[b, t, d]) - u_mu[l, b, t]) ** 2 for d in range(E * H)) / E
            / H
        )  # variance | 方差
        u_r[l, b, t] = 1 / sqrt(u_v[l, b, t] + 1e-5)  # reciprocal deviation | 标准差的倒数
        u_xhat[l, b, t, d] = ((x[l - 1, b, t, d] if 1 <= l else x_start[b, t, d]) - u_mu[l, b, t]) * u_r[l, b, t]  # normalised | 归一化
        u[l, b, t, d] = g1[l, d] * u_xhat[l, b, t, d] + c1[l, d]
        qkv[l, b, t, e] = sum(u[l, b, t, d] * Wqkv[l, d, e] for d in range(E * H)) + bqkv[l, e]
        q[l, b, h: H, t, e: E] = qkv[l, b, t, E * h + e]
        k[l, b, h: H, t, e: E] = qkv[l, b, t, E * H + E * h + e]
        v[l, b, h: H, t, e] = qkv[l, b, t, 2 * E * H + E * h + e]
        o_s[l, b, h, t, s] = sum(q[l, b, h, t, d] * k[l, b, h, s, d] for d in E) / sqrt(E)
        o_z[l, b, h, t, s] = o_s[l, b, h, t, s]
        o_a[l, b, h, t, s] = (
            exp(o_z[l, b, h, t, s]) / sum(exp(o_z[l, b, h, t, i]) for i in T if i <= t) if s <= t else 0
        )
        o[l, b, h, t, m] = sum(o_a[l, b, h, t, s] * v[l, b, h, s, m] for s in T)
        p[l, b, t, c] = sum(o[l, b, h, t, e] * Wo[l, h, e, c] for h in H for e in E)
        r[l, b, t, e] = (x[l - 1, b, t, e] if 1 <= l else x_start[b, t, e]) + p[l, b, t, e] + bo[l, e]
        w_mu[l, b, t] = sum(r[l, b, t, d] for d in range(E * H)) / E / H  # mean | 均值
        w_v[l, b, t] = sum((r[l, b, t, d] - w_mu[l, b, t]) ** 2 for d in range(E * H)) / E / H  # variance | 方差
        w_r[l, b, t] = 1 / sqrt(w_v[l, b, t] + 1e-5)  # reciprocal deviation | 标准差的倒数
        w_xhat[l, b, t, d] = (r[l, b, t, d] - w_mu[l, b, t]) * w_r[l, b, t]  # normalised | 归一化
        w[l, b, t, d] = g2[l, d] * w_xhat[l, b, t, d] + c2[l, d]
        a_x[l, b, t, e] = sum(w[l, b, t, d] * Wf[l, d, e] for d in range(E * H)) + bf[l, e]
        a_tanh[l, b, t, e] = tanh(sqrt(2 / pi) * (a_x[l, b, t, e] + 8943 * a_x[l, b, t, e] ** 3 / 200000))
        a[l, b, t, e] = a_x[l, b, t, e] * (1 + a_tanh[l, b, t, e]) / 2
        x[l, b, t, e] = r[l, b, t, e] + sum(a[l, b, t, d] * Wp[l, d, e] for d in range(4 * E * H)) + bp[l, e]
    f_mu[b, t] = sum(x[L - 1, b, t, d] for d in range(E * H)) / E / H  # mean | 均值
    f_v[b, t] = sum((x[L - 1, b, t, d] - f_mu[b, t]) ** 2 for d in range(E * H)) / E / H  # variance | 方差
    f_r[b, t] = 1 / sqrt(f_v[b, t] + 1e-5)  # reciprocal deviation | 标准差的倒数
    f_xhat[b, t, d] = (x[L - 1, b, t, d] - f_mu[b, t]) * f_r[b, t]  # normalised | 归一化
    f[b, t, d] = gf[d] * f_xhat[b, t, d] + cf[d]
    logits[b, t, y] = sum(f[b, t, e] * wte[y, e] for e in range(E * H))
    loss_log_softmax = log_softmax(logits)
    loss = -sum(loss_log_softmax[b, t, targets[b, t]] for b in B for t in T) / B / T
    logits_bar[b, t, y] = 1 / B / T * (exp(loss_log_softmax[b, t, y]) - (1 if targets[b, t] == y else 0))
    f_bar[b, t, d] = sum(logits_bar[b, t, y] * wte[y, d] for y in V)
    gf_bar[d] = sum(f_bar[b, t, d] * f_xhat[b, t, d] for b in B for t in T)
    cf_bar[d] = sum(f_bar[b, t, d] for b in B for t in T)
    f_xhat_bar[b, t, d] = f_bar[b, t, d] * gf[d]
    for l in L:
        x_bar[l, b, t, e] = (
            r_bar[l + 1, b, t, e]
            + u_r[l + 1, b, t]
            * (
                u_xhat_bar[l + 1, b, t, e]
                - 1 / E / H * sum(u_xhat_bar[l + 1, b, t, d] for d in range(E * H))
                - 1 / E / H * u_xhat[l + 1, b, t, e]
                * sum(u_xhat_bar[l + 1, b, t, d] * u_xhat[l + 1, b, t, d] for d in range(E * H))
            )
            if l + 1 < L
            else f_r[b, t]
            * (
                f_xhat_bar[b, t, e]
                - 1 / E / H * sum(f_xhat_bar[b, t, d] for d in range(E * H))
                - 1 / E / H * f_xhat[b, t, e] * sum(f_xhat_bar[b, t, d] * f_xhat[b, t, d] for d in range(E * H))
            )
        )
        a_bar[l, b, t, e] = sum(x_bar[l, b, t, d] * Wp[l, e, d] for d in range(E * H))
        a_x_bar[l, b, t, e] = (
            a_bar[l, b, t, e] * (1 + a_tanh[l, b, t, e])
            * (
                1 / 2
                - a_x[l, b, t, e] * sqrt(2 / pi) * (a_tanh[l, b, t, e] - 1) * (200000 + 26829 * a_x[l, b, t, e] ** 2)
                / 400000
            )
        )
        w_bar[l, b, t, d] = sum(a_x_bar[l, b, t, e] * Wf[l, d, e] for e in range(4 * E * H))
        w_xhat_bar[l, b, t, d] = w_bar[l, b, t, d] * g2[l, d]
        r_bar[l, b, t, e] = (
            x_bar[l, b, t, e]
            + w_r[l, b, t]
            * (
                w_xhat_bar[l, b, t, e]
                - 1 / E / H * sum(w_xhat_bar[l, b, t, d] for d in range(E * H))
                - 1 / E / H * w_xhat[l, b, t, e]
                * sum(w_xhat_bar[l, b, t, d] * w_xhat[l, b, t, d] for d in range(E * H))
            )
        )
        o_bar[l, b, h, t, m] = sum(r_bar[l, b, t, c] * Wo[l, h, m, c] for c in range(E * H))
        o_a_bar[l, b, h, t, s] = sum(o_bar[l, b, h, t, m] * v[l, b, h, s, m] for m in E)
        o_s_bar[l, b, h, t, s] = (
            o_a[l, b, h, t, s]
            * (o_a_bar[l, b, h, t, s] - sum(o_a_bar[l, b, h, t, s11] * o_a[l, b, h, t, s11] for s11 in T))
        )
        v_bar[l, b, h, t, e] = sum(o_a[l, b, h, s, t] * o_bar[l, b, h, s, e] for s in T)
        k_bar[l, b, h, t, e] = 1 / sqrt(E) * sum(o_s_bar[l, b, h, s, t] * q[l, b, h, s, e] for s in T)
        q_bar[l, b, h, t, e] = 1 / sqrt(E) * sum(o_s_bar[l, b, h, t, s1] * k[l, b, h, s1, e] for s1 in T)
        qkv_bar[l, b, t, e: 3 * E * H] = (
            sum(q_bar[l, b, h, t, g] * (1 if E * h + g == e else 0) for h in H for g in E)
            + sum(k_bar[l, b, h, t, g] * (1 if E * H + E * h + g == e else 0) for h in H for g in E)
            + sum(v_bar[l, b, h, t, g] * (1 if 2 * E * H + E * h + g == e else 0) for h in H for g in E)
        )
        u_bar[l, b, t, d] = sum(qkv_bar[l, b, t, e] * Wqkv[l, d, e] for e in range(3 * E * H))
        u_xhat_bar[l, b, t, d] = u_bar[l, b, t, d] * g1[l, d]
    Wp_bar[l, d, e] = sum(a[l, b, t, d] * x_bar[l, b, t, e] for b in B for t in T)
    bp_bar[l, e] = sum(x_bar[l, b, t, e] for b in B for t in T)
    Wf_bar[l, d, e] = sum(w[l, b, t, d] * a_x_bar[l, b, t, e] for b in B for t in T)
    bf_bar[l, e] = sum(a_x_bar[l, b, t, e] for b in B for t in T)
    g2_bar[l, d] = sum(w_bar[l, b, t, d] * w_xhat[l, b, t, d] for b in B for t in T)
    c2_bar[l, d] = sum(w_bar[l, b, t, d] for b in B for t in T)
    bo_bar[l, e] = sum(r_bar[l, b, t, e] for b in B for t in T)
    Wo_bar[l, h, e, c] = sum(o[l, b, h, t, e] * r_bar[l, b, t, c] for b in B for t in T)
    Wqkv_bar[l, d, e] = sum(u[l, b, t, d] * qkv_bar[l, b, t, e] for b in B for t in T)
    bqkv_bar[l, e] = sum(qkv_bar[l, b, t, e] for b in B for t in T)
    g1_bar[l, d] = sum(u_bar[l, b, t, d] * u_xhat[l, b, t, d] for b in B for t in T)
    c1_bar[l, d] = sum(u_bar[l, b, t, d] for b in B for t in T)
    x_start_bar[b, t, e] = (
        r_bar[0, b, t, e]
        + u_r[0, b, t]
        * (
            u_xhat_bar[0, b, t, e]
            - 1 / E / H * sum(u_xhat_bar[0, b, t, d] for d in range(E * H))
            - 1 / E / H * u_xhat[0, b, t, e] * sum(u_xhat_bar[0, b, t, d] * u_xhat[0, b, t, d] for d in range(E * H))
        )
    )
    wte_bar[y, e] = (
        sum(x_start_bar[b, t, e] * (1 if tokens[b, t] == y else 0) for b in B for t in T)
        + sum(logits_bar[b, t, y] * f[b, t, e] for b in B for t in T)
    )
    wpe_bar[t, e] = sum(x_start_bar[b, t, e] for b in B)
    return wte_bar, wpe_bar, g1_bar, c1_bar, Wqkv_bar, bqkv_bar, Wo_bar, bo_bar, g2_bar, c2_bar, Wf_bar, bf_bar, Wp_bar, bp_bar, gf_bar, cf_bar
