from symbp import Data, dims, network

N, T, H, E, F = dims("N T H E F")


@network
def transformer_block_backward(
    x: Data[N, T, E * H],
    y: Data[N, T, E * H],
    g1: Data[E * H],
    b1: Data[E * H],
    Wq: Data[H, E * H, E],
    Wk: Data[H, E * H, E],
    Wv: Data[H, E * H, E],
    Wo: Data[H, E, E * H],
    g2: Data[E * H],
    b2: Data[E * H],
    W1: Data[E * H, F],
    c1: Data[F],
    W2: Data[F, E * H],
    c2: Data[E * H],
):
    """Causal attention with heads and a GELU layer, each after layer norm and beside a residual; half squared error."""
    u_mu[n, t] = sum(x[n, t, d] for d in range(E * H)) / E / H  # mean | 均值
    u_v[n, t] = sum((x[n, t, d] - u_mu[n, t]) ** 2 for d in range(E * H)) / E / H  # variance | 方差
    u_r[n, t] = 1 / sqrt(u_v[n, t] + 1e-5)  # reciprocal deviation | 标准差的倒数
    u_xhat[n, t, d] = (x[n, t, d] - u_mu[n, t]) * u_r[n, t]  # normalised | 归一化
    u[n, t, d] = g1[d] * u_xhat[n, t, d] + b1[d]
    q[n, h, t, e] = sum(u[n, t, d] * Wq[h, d, e] for d in range(E * H))
    k[n, h, t, e] = sum(u[n, t, d] * Wk[h, d, e] for d in range(E * H))
    v[n, h, t, e] = sum(u[n, t, d] * Wv[h, d, e] for d in range(E * H))
    o_s[n, h, t, s] = sum(q[n, h, t, d] * k[n, h, s, d] for d in E) / sqrt(E)
    o_a[n, h, t, s] = exp(o_s[n, h, t, s]) / sum(exp(o_s[n, h, t, i]) for i in T if i <= t) if s <= t else 0
    o[n, h, t, e] = sum(o_a[n, h, t, s] * v[n, h, s, e] for s in T)
    r[n, t, d] = x[n, t, d] + sum(o[n, h, t, e] * Wo[h, e, d] for h in H for e in E)
    w_mu[n, t] = sum(r[n, t, d] for d in range(E * H)) / E / H  # mean | 均值
    w_v[n, t] = sum((r[n, t, d] - w_mu[n, t]) ** 2 for d in range(E * H)) / E / H  # variance | 方差
    w_r[n, t] = 1 / sqrt(w_v[n, t] + 1e-5)  # reciprocal deviation | 标准差的倒数
    w_xhat[n, t, d] = (r[n, t, d] - w_mu[n, t]) * w_r[n, t]  # normalised | 归一化
    w[n, t, d] = g2[d] * w_xhat[n, t, d] + b2[d]
    z[n, t, f] = sum(w[n, t, e] * W1[e, f] for e in range(E * H)) + c1[f]
    a = gelu(z)
    m[n, t, e] = r[n, t, e] + sum(a[n, t, f] * W2[f, e] for f in F) + c2[e]
    L = sum((m[n, t, e] - y[n, t, e]) ** 2 for n in N for t in T for e in range(E * H)) / N / 2
    m_bar[n, t, e] = 1 / N * (m[n, t, e] - y[n, t, e])
    W2_bar[f, e] = sum(a[n, t, f] * m_bar[n, t, e] for n in N for t in T)
    c2_bar[e] = sum(m_bar[n, t, e] for n in N for t in T)
    z_bar[n, t, f] = (
        ((1 + erf(1 / sqrt(2) * z[n, t, f])) / 2 + 1 / sqrt(2) * z[n, t, f] / sqrt(pi) * exp(-z[n, t, f] ** 2 / 2))
        * sum(m_bar[n, t, e] * W2[f, e] for e in range(E * H))
    )
    W1_bar[e, f] = sum(w[n, t, e] * z_bar[n, t, f] for n in N for t in T)
    c1_bar[f] = sum(z_bar[n, t, f] for n in N for t in T)
    w_bar[n, t, d] = sum(z_bar[n, t, f] * W1[d, f] for f in F)
    g2_bar[d] = sum(w_bar[n, t, d] * w_xhat[n, t, d] for n in N for t in T)
    b2_bar[d] = sum(w_bar[n, t, d] for n in N for t in T)
    w_xhat_bar[n, t, d] = w_bar[n, t, d] * g2[d]
    r_bar[n, t, d] = (
        m_bar[n, t, d]
        + w_r[n, t]
        * (
            w_xhat_bar[n, t, d]
            - 1 / E / H * sum(w_xhat_bar[n, t, c] for c in range(E * H))
            - 1 / E / H * w_xhat[n, t, d] * sum(w_xhat_bar[n, t, c] * w_xhat[n, t, c] for c in range(E * H))
        )
    )
    Wo_bar[h, e, d] = sum(o[n, h, t, e] * r_bar[n, t, d] for n in N for t in T)
    o_bar[n, h, t, e] = sum(r_bar[n, t, d] * Wo[h, e, d] for d in range(E * H))
    o_a_bar[n, h, t, s] = sum(o_bar[n, h, t, e] * v[n, h, s, e] for e in E)
    o_s_bar[n, h, t, s] = (
        o_a[n, h, t, s] * (o_a_bar[n, h, t, s] - sum(o_a_bar[n, h, t, s1] * o_a[n, h, t, s1] for s1 in T))
    )
    v_bar[n, h, t, e] = sum(o_a[n, h, s, t] * o_bar[n, h, s, e] for s in T)
    Wv_bar[h, d, e] = sum(v_bar[n, h, t, e] * u[n, t, d] for n in N for t in T)
    k_bar[n, h, t, e] = 1 / sqrt(E) * sum(o_s_bar[n, h, s, t] * q[n, h, s, e] for s in T)
    Wk_bar[h, d, e] = sum(k_bar[n, h, t, e] * u[n, t, d] for n in N for t in T)
    q_bar[n, h, t, e] = 1 / sqrt(E) * sum(o_s_bar[n, h, t, s1] * k[n, h, s1, e] for s1 in T)
    Wq_bar[h, d, e] = sum(q_bar[n, h, t, e] * u[n, t, d] for n in N for t in T)
    u_bar[n, t, d] = (
        sum(q_bar[n, h, t, e] * Wq[h, d, e] for h in H for e in E)
        + sum(k_bar[n, h, t, e] * Wk[h, d, e] for h in H for e in E)
        + sum(v_bar[n, h, t, e] * Wv[h, d, e] for h in H for e in E)
    )
    g1_bar[d] = sum(u_bar[n, t, d] * u_xhat[n, t, d] for n in N for t in T)
    b1_bar[d] = sum(u_bar[n, t, d] for n in N for t in T)
    return g1_bar, b1_bar, Wq_bar, Wk_bar, Wv_bar, Wo_bar, g2_bar, b2_bar, W1_bar, c1_bar, W2_bar, c2_bar
