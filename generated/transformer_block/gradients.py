"""Loss and gradients of transformer_block.

Causal attention with heads and a GELU layer, each after layer norm and beside a residual; half squared error.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, T, H, E, F.
"""

import numpy as np

DATA = ("x", "y")
PARAMETERS = ("g1", "b1", "Wq", "Wk", "Wv", "Wo", "g2", "b2", "W1", "c1", "W2", "c2")
SHAPES = {
    "x": ("N", "T", "E*H"),
    "y": ("N", "T", "E*H"),
    "g1": ("E*H",),
    "b1": ("E*H",),
    "Wq": ("H", "E*H", "E"),
    "Wk": ("H", "E*H", "E"),
    "Wv": ("H", "E*H", "E"),
    "Wo": ("H", "E", "E*H"),
    "g2": ("E*H",),
    "b2": ("E*H",),
    "W1": ("E*H", "F"),
    "c1": ("F",),
    "W2": ("F", "E*H"),
    "c2": ("E*H",),
}
LABELS = {}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(x, *, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return the named tensors that need no target, by name."""
    dtype, (
        g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2
    ) = _parameters(g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    x = _data("x", x, dtype)
    N, T, H, E, F = _forward_sizes(x, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)

    # [1] u_mu[n] = (x[n] 1)/E/H (mean)
    u_mu = x.sum(axis=2)  # (N, T)
    u_mu /= E * H  # (N, T)
    # [2] u_v[n] = ((x[n] - (u_mu[n] 1^T))^2 1)/E/H (variance)
    u_v_shifted = x - u_mu[:, :, None]  # (N, T, E * H)
    u_v_square = np.square(u_v_shifted)  # (N, T, E * H)
    u_v = u_v_square.sum(axis=2)  # (N, T)
    u_v /= E * H  # (N, T)
    # [3] U_r = (U_v + 1e-05)^-1/2 (reciprocal deviation)
    u_r = u_v + 1e-05  # (N, T)
    np.sqrt(u_r, out=u_r)
    np.divide(1, u_r, out=u_r)  # (N, T)
    # [4] u_xhat[n] = diag(u_r[n]) (x[n] - (u_mu[n] 1^T)) (normalised)
    u_xhat = np.multiply(u_r[:, :, None], u_v_shifted, out=u_v_shifted)  # (N, T, E * H)
    # [5] u[n] = u_xhat[n] diag(g1) + 1 b1^T
    u = g1 * u_xhat  # (N, T, E * H)
    u += b1  # (N, T, E * H)
    # [6] q[n, h] = u[n] Wq[h]
    q_product = u.reshape(N * T, E * H) @ Wq.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    # [7] k[n, h] = u[n] Wk[h]
    k_product = u.reshape(N * T, E * H) @ Wk.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    # [8] v[n, h] = u[n] Wv[h]
    v_product = u.reshape(N * T, E * H) @ Wv.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    # [9] o_s[n, h] = (q[n, h] k[n, h]^T)/sqrt(E)
    o_s = q_product.reshape(
        N, T, H, E
    ).transpose(0, 2, 1, 3) @ k_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)  # (N, H, T, T)
    o_s *= 1 / E ** 0.5  # (N, H, T, T)
    # [10]
    o_a_range = np.arange(T)  # (T,)
    o_a_mask = o_a_range <= o_a_range[:, None]  # (T, T)
    o_a_part1 = np.where(o_a_mask, 1e+37, -1e+37).astype(dtype)  # (T, T)
    o_a_capped = np.minimum(o_s, o_a_part1)  # (N, H, T, T)
    o_a_max = o_a_capped.max(axis=3, keepdims=True)  # (N, H, T, 1)
    o_a_exp = np.subtract(o_a_capped, o_a_max, out=o_a_capped)
    np.exp(o_a_exp, out=o_a_exp)
    o_a_sum = o_a_exp.sum(axis=3, keepdims=True)  # (N, H, T, 1)
    o_a = np.divide(o_a_exp, o_a_sum, out=o_a_exp)  # (N, H, T, T)
    # [11] o[n, h] = o_a[n, h] v[n, h]
    o = o_a @ v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3)  # (N, H, T, E)
    # [12] r[n] = x[n] + sum_h o[n, h] Wo[h]
    r_product = o.transpose(0, 2, 1, 3).reshape(N * T, E * H) @ Wo.reshape(E * H, E * H)  # (N * T, E * H)
    r = r_product.reshape(N, T, E * H)
    r += x  # (N, T, E * H)
    # [13] w_mu[n] = (r[n] 1)/E/H (mean)
    w_mu = r.sum(axis=2)  # (N, T)
    w_mu /= E * H  # (N, T)
    # [14] w_v[n] = ((r[n] - (w_mu[n] 1^T))^2 1)/E/H (variance)
    w_v_shifted = r - w_mu[:, :, None]  # (N, T, E * H)
    w_v_square = np.square(w_v_shifted)  # (N, T, E * H)
    w_v = w_v_square.sum(axis=2)  # (N, T)
    w_v /= E * H  # (N, T)
    # [15] W_r = (W_v + 1e-05)^-1/2 (reciprocal deviation)
    w_r = w_v + 1e-05  # (N, T)
    np.sqrt(w_r, out=w_r)
    np.divide(1, w_r, out=w_r)  # (N, T)
    # [16] w_xhat[n] = diag(w_r[n]) (r[n] - (w_mu[n] 1^T)) (normalised)
    w_xhat = np.multiply(w_r[:, :, None], w_v_shifted, out=w_v_shifted)  # (N, T, E * H)
    # [17] w[n] = w_xhat[n] diag(g2) + 1 b2^T
    w = g2 * w_xhat  # (N, T, E * H)
    w += b2  # (N, T, E * H)
    # [18] z[n] = w[n] W1 + 1 c1^T
    z_product = w.reshape(N * T, E * H) @ W1  # (N * T, F)
    z = z_product.reshape(N, T, F)
    z += c1  # (N, T, F)
    # [19] a[n] = gelu(z[n])
    a_total = z * (1 / 2 ** 0.5)  # (N, T, F)
    _erf(a_total, out=a_total)
    a_total += 1
    a = z / 2  # (N, T, F)
    a *= a_total  # (N, T, F)
    # [20] m[n] = r[n] + a[n] W2 + 1 c2^T
    m_product = a.reshape(N * T, F) @ W2  # (N * T, E * H)
    m = m_product.reshape(N, T, E * H)
    m += r
    m += c2  # (N, T, E * H)
    return {
        "u_mu": u_mu,
        "u_v": u_v,
        "u_r": u_r,
        "u_xhat": u_xhat,
        "u": u,
        "q": q_product.reshape(N, T, H, E).transpose(0, 2, 1, 3),
        "k": k_product.reshape(N, T, H, E).transpose(0, 2, 1, 3),
        "v": v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3),
        "o_s": o_s,
        "o_a": o_a,
        "o": o,
        "r": r,
        "w_mu": w_mu,
        "w_v": w_v,
        "w_r": w_r,
        "w_xhat": w_xhat,
        "w": w,
        "z": z,
        "a": a,
        "m": m,
    }


def loss(x, y, *, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return L."""
    dtype, (
        g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2
    ) = _parameters(g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    x = _data("x", x, dtype)
    y = _data("y", y, dtype)
    N, T, H, E, F = _sizes(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)

    # [1] u_mu[n] = (x[n] 1)/E/H (mean)
    u_mu = x.sum(axis=2)  # (N, T)
    u_mu /= E * H  # (N, T)
    # [2] u_v[n] = ((x[n] - (u_mu[n] 1^T))^2 1)/E/H (variance)
    u_v_shifted = x - u_mu[:, :, None]  # (N, T, E * H)
    u_v_square = np.square(u_v_shifted)  # (N, T, E * H)
    u_v = u_v_square.sum(axis=2)  # (N, T)
    u_v /= E * H  # (N, T)
    # [3] U_r = (U_v + 1e-05)^-1/2 (reciprocal deviation)
    u_r = np.add(u_v, 1e-05, out=u_v)
    np.sqrt(u_r, out=u_r)
    np.divide(1, u_r, out=u_r)  # (N, T)
    # [4] u_xhat[n] = diag(u_r[n]) (x[n] - (u_mu[n] 1^T)) (normalised)
    u_xhat = np.multiply(u_r[:, :, None], u_v_shifted, out=u_v_shifted)  # (N, T, E * H)
    # [5] u[n] = u_xhat[n] diag(g1) + 1 b1^T
    u = np.multiply(g1, u_xhat, out=u_xhat)
    u += b1  # (N, T, E * H)
    # [6] q[n, h] = u[n] Wq[h]
    q_product = u.reshape(N * T, E * H) @ Wq.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    # [7] k[n, h] = u[n] Wk[h]
    k_product = u.reshape(N * T, E * H) @ Wk.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    # [8] v[n, h] = u[n] Wv[h]
    v_product = u.reshape(N * T, E * H) @ Wv.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    # [9] o_s[n, h] = (q[n, h] k[n, h]^T)/sqrt(E)
    o_s = q_product.reshape(
        N, T, H, E
    ).transpose(0, 2, 1, 3) @ k_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)  # (N, H, T, T)
    o_s *= 1 / E ** 0.5  # (N, H, T, T)
    # [10]
    o_a_range = np.arange(T)  # (T,)
    o_a_mask = o_a_range <= o_a_range[:, None]  # (T, T)
    o_a_part1 = np.where(o_a_mask, 1e+37, -1e+37).astype(dtype)  # (T, T)
    o_a_capped = np.minimum(o_s, o_a_part1, out=o_s)
    o_a_max = o_a_capped.max(axis=3, keepdims=True)  # (N, H, T, 1)
    o_a_exp = np.subtract(o_a_capped, o_a_max, out=o_a_capped)
    np.exp(o_a_exp, out=o_a_exp)
    o_a_sum = o_a_exp.sum(axis=3, keepdims=True)  # (N, H, T, 1)
    o_a = np.divide(o_a_exp, o_a_sum, out=o_a_exp)  # (N, H, T, T)
    # [11] o[n, h] = o_a[n, h] v[n, h]
    o = o_a @ v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3)  # (N, H, T, E)
    # [12] r[n] = x[n] + sum_h o[n, h] Wo[h]
    r_product = o.transpose(0, 2, 1, 3).reshape(N * T, E * H) @ Wo.reshape(E * H, E * H)  # (N * T, E * H)
    r = r_product.reshape(N, T, E * H)
    r += x  # (N, T, E * H)
    # [13] w_mu[n] = (r[n] 1)/E/H (mean)
    w_mu = r.sum(axis=2)  # (N, T)
    w_mu /= E * H  # (N, T)
    # [14] w_v[n] = ((r[n] - (w_mu[n] 1^T))^2 1)/E/H (variance)
    w_v_shifted = r - w_mu[:, :, None]  # (N, T, E * H)
    w_v_square = np.square(w_v_shifted)  # (N, T, E * H)
    w_v = w_v_square.sum(axis=2)  # (N, T)
    w_v /= E * H  # (N, T)
    # [15] W_r = (W_v + 1e-05)^-1/2 (reciprocal deviation)
    w_r = np.add(w_v, 1e-05, out=w_v)
    np.sqrt(w_r, out=w_r)
    np.divide(1, w_r, out=w_r)  # (N, T)
    # [16] w_xhat[n] = diag(w_r[n]) (r[n] - (w_mu[n] 1^T)) (normalised)
    w_xhat = np.multiply(w_r[:, :, None], w_v_shifted, out=w_v_shifted)  # (N, T, E * H)
    # [17] w[n] = w_xhat[n] diag(g2) + 1 b2^T
    w = np.multiply(g2, w_xhat, out=w_xhat)
    w += b2  # (N, T, E * H)
    # [18] z[n] = w[n] W1 + 1 c1^T
    z_product = w.reshape(N * T, E * H) @ W1  # (N * T, F)
    z = z_product.reshape(N, T, F)
    z += c1  # (N, T, F)
    # [19] a[n] = gelu(z[n])
    a_total = z * (1 / 2 ** 0.5)  # (N, T, F)
    _erf(a_total, out=a_total)
    a_total += 1
    a = np.multiply(z, 0.5, out=z)
    a *= a_total  # (N, T, F)
    # [20] m[n] = r[n] + a[n] W2 + 1 c2^T
    m_product = a.reshape(N * T, F) @ W2  # (N * T, E * H)
    m = np.add(r, m_product.reshape(N, T, E * H), out=r)
    m += c2  # (N, T, E * H)
    # [21] L = (sum_n ||m[n] - y[n]||^2)/2/N
    L_shifted = np.subtract(m, y, out=m)
    L = _dot(L_shifted, L_shifted) / 2 / N
    return float(L)


def loss_and_gradients(x, y, *, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (
        g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2
    ) = _parameters(g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    x = _data("x", x, dtype)
    y = _data("y", y, dtype)
    N, T, H, E, F = _sizes(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    N1 = _block(N, H * T * T)
    out = _outputs(
        out,
        work,
        dtype,
        (
            (E * H,),
            (E * H,),
            (H, E * H, E),
            (H, E * H, E),
            (H, E * H, E),
            (H, E, E * H),
            (E * H,),
            (E * H,),
            (E * H, F),
            (F,),
            (F, E * H),
            (E * H,),
        ),
        (x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2),
    )
    (
        ones, u_mu, u_v_shifted, u, q_scaled, k_part2, v_part2, o_a_mask, ones1, ones2, o_a, o, o_a_max, r, w_v_shifted,
        w, z, a_total, a, m_part3, r_bar_ratio, Wo_bar, o_bar_part, k_bar, q_bar, o_a_bar_n, o_s_bar_sum, Wv_bar_part2,
    ) = _scratch(work, dtype, N, T, H, E, F)

    # [1] u_mu[n] = (x[n] 1)/E/H (mean)
    np.matmul(x, ones, out=u_mu)  # (N, T)
    u_mu /= E * H  # (N, T)
    # [2] u_v[n] = ((x[n] - (u_mu[n] 1^T))^2 1)/E/H (variance)
    np.subtract(x, u_mu[:, :, None], out=u_v_shifted)  # (N, T, E * H)
    u_v = np.vecdot(u_v_shifted, u_v_shifted, out=u_mu)  # (N, T)
    u_v /= E * H  # (N, T)
    # [3] U_r = (U_v + 1e-05)^-1/2 (reciprocal deviation)
    u_r = np.add(u_v, 1e-05, out=u_v)
    np.sqrt(u_r, out=u_r)
    np.divide(1, u_r, out=u_r)  # (N, T)
    # [4] u_xhat[n] = diag(u_r[n]) (x[n] - (u_mu[n] 1^T)) (normalised)
    u_xhat = np.multiply(u_r[:, :, None], u_v_shifted, out=u_v_shifted)  # (N, T, E * H)
    # [5] u[n] = u_xhat[n] diag(g1) + 1 b1^T
    np.multiply(g1, u_xhat, out=u)  # (N, T, E * H)
    u += b1  # (N, T, E * H)
    # [6] q[n, h] = u[n] Wq[h]
    _product(
        u.reshape(N * T, E * H),
        Wq.transpose(1, 0, 2).reshape(E * H, E * H),
        out=q_scaled.reshape(N * T, E * H),
    )  # (N * T, E * H)
    # [7] k[n, h] = u[n] Wk[h]
    _product(
        u.reshape(N * T, E * H),
        Wk.transpose(1, 0, 2).reshape(E * H, E * H),
        out=k_part2.reshape(N * T, E * H),
    )  # (N * T, E * H)
    # [8] v[n, h] = u[n] Wv[h]
    _product(
        u.reshape(N * T, E * H),
        Wv.transpose(1, 0, 2).reshape(E * H, E * H),
        out=v_part2.reshape(N * T, E * H),
    )  # (N * T, E * H)
    q_scaled *= 1 / E ** 0.5
    o_a_range = np.arange(T)  # (T,)
    np.less_equal(o_a_range, o_a_range[:, None], out=o_a_mask)  # (T, T)
    o_a_part1 = np.where(o_a_mask, 1e+37, -1e+37).astype(dtype)  # (T, T)
    for n in range(0, N, N1):
        # [9] o_s[n, h] = (q[n, h] k[n, h]^T)/sqrt(E)
        o_a_capped = np.matmul(
            q_scaled[n : n + N1].transpose(0, 2, 1, 3),
            k_part2[n : n + N1].transpose(0, 2, 3, 1),
            out=o_a[n : n + N1],
        )  # (N1, H, T, T)
        # [10]
        np.minimum(o_a_capped, o_a_part1, out=o_a_capped)
        o_a_capped.max(axis=3, keepdims=True, out=o_a_max)  # (N1, H, T, 1)
        o_a_exp = np.subtract(o_a_capped, o_a_max, out=o_a_capped)
        np.exp(o_a_exp, out=o_a_exp)
        o_a_sum = np.matmul(o_a_exp, ones1, out=o_a_max)  # (N1, H, T, 1)
        o_a_n = np.divide(o_a_exp, o_a_sum, out=o_a_exp)  # (N1, H, T, T)
        # [11] o[n, h] = o_a[n, h] v[n, h]
        _product(o_a_n, v_part2[n : n + N1].transpose(0, 2, 1, 3), out=o[n : n + N1])  # (N1, H, T, E)
    # [12] r[n] = x[n] + sum_h o[n, h] Wo[h]
    _product(
        o.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        Wo.reshape(E * H, E * H),
        out=r.reshape(N * T, E * H),
    )  # (N * T, E * H)
    r += x  # (N, T, E * H)
    # [13] w_mu[n] = (r[n] 1)/E/H (mean)
    w_mu = np.matmul(r, ones, out=u_mu)  # (N, T)
    w_mu /= E * H  # (N, T)
    # [14] w_v[n] = ((r[n] - (w_mu[n] 1^T))^2 1)/E/H (variance)
    np.subtract(r, w_mu[:, :, None], out=w_v_shifted)  # (N, T, E * H)
    w_v = np.vecdot(w_v_shifted, w_v_shifted, out=u_mu)  # (N, T)
    w_v /= E * H  # (N, T)
    # [15] W_r = (W_v + 1e-05)^-1/2 (reciprocal deviation)
    w_r = np.add(w_v, 1e-05, out=w_v)
    np.sqrt(w_r, out=w_r)
    np.divide(1, w_r, out=w_r)  # (N, T)
    # [16] w_xhat[n] = diag(w_r[n]) (r[n] - (w_mu[n] 1^T)) (normalised)
    w_xhat = np.multiply(w_r[:, :, None], w_v_shifted, out=w_v_shifted)  # (N, T, E * H)
    # [17] w[n] = w_xhat[n] diag(g2) + 1 b2^T
    np.multiply(g2, w_xhat, out=w)  # (N, T, E * H)
    w += b2  # (N, T, E * H)
    # [18] z[n] = w[n] W1 + 1 c1^T
    _product(w.reshape(N * T, E * H), W1, out=z.reshape(N * T, F))  # (N * T, F)
    z += c1  # (N, T, F)
    # [19] a[n] = gelu(z[n])
    np.multiply(z, 1 / 2 ** 0.5, out=a_total)  # (N, T, F)
    _erf(a_total, out=a_total)
    a_total += 1
    np.multiply(z, 0.5, out=a)  # (N, T, F)
    a *= a_total  # (N, T, F)
    # [20] m[n] = r[n] + a[n] W2 + 1 c2^T
    _product(a.reshape(N * T, F), W2, out=m_part3.reshape(N * T, E * H))  # (N * T, E * H)
    m = np.add(r, m_part3, out=r)
    m += c2  # (N, T, E * H)
    # [21] L = (sum_n ||m[n] - y[n]||^2)/2/N
    L_shifted = np.subtract(m, y, out=m)
    L = _dot(L_shifted, L_shifted) / 2 / N
    # [22] m_bar[n] = (m[n] - y[n])/N
    m_bar = np.multiply(L_shifted, 1 / N, out=L_shifted)  # (N, T, E * H)
    # [23] W2_bar = sum_n a[n]^T m_bar[n]
    np.matmul(a.reshape(N * T, F).T, m_bar.reshape(N * T, E * H), out=out["W2"])  # (F, E * H)
    # [24] c2_bar = sum_n m_bar[n]^T 1
    _row_sum(ones2, m_bar.reshape(N * T, E * H), out=out["c2"])  # (E * H,)
    # [27] z_bar[n] = (m_bar[n] W2^T) * ((1 + erf(z[n]/sqrt(2)))/2 + (z[n] * exp(-z[n]^2/2))/sqrt(2)/sqrt(pi))
    z_bar = np.multiply(a_total, 0.5, out=a_total)
    z_bar_exp = np.square(z, out=a)  # (N, T, F)
    z_bar_exp *= -0.5
    np.exp(z_bar_exp, out=z_bar_exp)
    z_bar_scaled = np.multiply(z, 1 / 2 ** 0.5 / np.pi ** 0.5, out=z)
    z_bar_scaled *= z_bar_exp
    z_bar += z_bar_scaled
    np.matmul(m_bar.reshape(N * T, E * H), W2.T, out=z.reshape(N * T, F))  # (N * T, F)
    z_bar_part = z
    z_bar *= z_bar_part  # (N, T, F)
    # [28] W1_bar = sum_n w[n]^T z_bar[n]
    np.matmul(w.reshape(N * T, E * H).T, z_bar.reshape(N * T, F), out=out["W1"])  # (E * H, F)
    # [29] c1_bar = sum_n z_bar[n]^T 1
    c1_bar = _row_sum(ones2, z_bar.reshape(N * T, F), out=out["c1"])  # (F,)
    # [30] w_bar[n] = z_bar[n] W1^T
    np.matmul(z_bar.reshape(N * T, F), W1.T, out=w.reshape(N * T, E * H))  # (N * T, E * H)
    w_bar = w
    # [31] g2_bar = sum_n (w_bar[n] * w_xhat[n])^T 1
    g2_bar_scaled = np.multiply(w_bar, w_xhat, out=m_part3)  # (N, T, E * H)
    _row_sum(ones2, g2_bar_scaled.reshape(N * T, E * H), out=out["g2"])  # (E * H,)
    # [32] b2_bar = sum_n w_bar[n]^T 1, by way of [29]
    np.matmul(W1, c1_bar, out=out["b2"])  # (E * H,)
    # [33] w_xhat_bar[n] = w_bar[n] diag(g2)
    w_xhat_bar = np.multiply(g2, w_bar, out=w_bar)  # (N, T, E * H)
    # [39] r_bar[n] = m_bar[n] + diag(w_r[n]) (w_xhat_bar[n] - rowmean(w_xhat_bar[n]) - (w_xhat[n] * rowmean(w_xhat_bar[n] * w_xhat[n])))
    np.matmul(w_xhat_bar, ones, out=r_bar_ratio)  # (N, T)
    r_bar_ratio /= E * H
    r_bar_scaled = np.subtract(w_xhat_bar, r_bar_ratio[:, :, None], out=m_part3)  # (N, T, E * H)
    r_bar_ratio1 = np.vecdot(w_xhat_bar, w_xhat, out=r_bar_ratio)  # (N, T)
    r_bar_ratio1 /= E * H
    r_bar_scaled1 = np.multiply(r_bar_ratio1[:, :, None], w_xhat, out=w_xhat)
    r_bar_scaled -= r_bar_scaled1
    r_bar_scaled *= w_r[:, :, None]
    r_bar = np.add(m_bar, r_bar_scaled, out=m_bar)  # (N, T, E * H)
    # [40] Wo_bar[h] = sum_n o[n, h]^T r_bar[n]
    _product(
        o.transpose(1, 3, 0, 2).reshape(E * H, N * T),
        r_bar.reshape(N * T, E * H),
        out=Wo_bar.reshape(E * H, E * H),
    )  # (E * H, E * H)
    out["Wo"][...] = Wo_bar  # (H, E, E * H)
    # [41] o_bar[n, h] = r_bar[n] Wo[h]^T
    np.matmul(
        r_bar.reshape(N * T, E * H), Wo.reshape(E * H, E * H).T, out=o_bar_part.reshape(N * T, E * H)
    )  # (N * T, E * H)
    v_bar = o
    for n in range(0, N, N1):
        # [42] o_a_bar[n, h] = o_bar[n, h] v[n, h]^T
        np.matmul(
            o_bar_part[n : n + N1].transpose(0, 2, 1, 3),
            v_part2[n : n + N1].transpose(0, 2, 3, 1),
            out=o_a_bar_n,
        )  # (N1, H, T, T)
        # [44] o_s_bar[n, h] = o_a[n, h] * (o_a_bar[n, h] - rowsum(o_a_bar[n, h] * o_a[n, h]))
        np.vecdot(o_a_bar_n, o_a[n : n + N1], out=o_s_bar_sum)  # (N1, H, T)
        o_s_bar_n = np.subtract(o_a_bar_n, o_s_bar_sum[:, :, :, None], out=o_a_bar_n)
        o_s_bar_n *= o_a[n : n + N1]  # (N1, H, T, T)
        # [45] v_bar[n, h] = o_a[n, h]^T o_bar[n, h]
        _product(
            o_a[n : n + N1].transpose(0, 1, 3, 2),
            o_bar_part[n : n + N1].transpose(0, 2, 1, 3),
            out=v_bar[n : n + N1],
        )  # (N1, H, T, E)
        # [47] k_bar[n, h] = (o_s_bar[n, h]^T q[n, h])/sqrt(E)
        _product(
            o_s_bar_n.transpose(0, 1, 3, 2),
            q_scaled[n : n + N1].transpose(0, 2, 1, 3),
            out=k_bar[n : n + N1],
        )  # (N1, H, T, E)
        # [49] q_bar[n, h] = (o_s_bar[n, h] k[n, h])/sqrt(E)
        q_bar_n = _product(o_s_bar_n, k_part2[n : n + N1].transpose(0, 2, 1, 3), out=q_bar[n : n + N1])
        q_bar_n *= 1 / E ** 0.5  # (N1, H, T, E)
    # [46] Wv_bar[h] = sum_n u[n]^T v_bar[n, h]
    np.matmul(
        u.reshape(N * T, E * H).T,
        v_bar.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        out=Wv_bar_part2.reshape(E * H, E * H),
    )  # (E * H, E * H)
    out["Wv"][...] = Wv_bar_part2.transpose(1, 0, 2)  # (H, E * H, E)
    # [48] Wk_bar[h] = sum_n u[n]^T k_bar[n, h]
    np.matmul(
        u.reshape(N * T, E * H).T,
        k_bar.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        out=Wv_bar_part2.reshape(E * H, E * H),
    )  # (E * H, E * H)
    Wk_bar_part2 = Wv_bar_part2
    out["Wk"][...] = Wk_bar_part2.transpose(1, 0, 2)  # (H, E * H, E)
    # [50] Wq_bar[h] = sum_n u[n]^T q_bar[n, h]
    np.matmul(
        u.reshape(N * T, E * H).T,
        q_bar.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        out=Wv_bar_part2.reshape(E * H, E * H),
    )  # (E * H, E * H)
    Wq_bar_part2 = Wv_bar_part2
    out["Wq"][...] = Wq_bar_part2.transpose(1, 0, 2)  # (H, E * H, E)
    # [51] u_bar[n] = sum_h q_bar[n, h] Wq[h]^T + sum_h k_bar[n, h] Wk[h]^T + sum_h v_bar[n, h] Wv[h]^T
    _product(
        q_bar.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        Wq.transpose(0, 2, 1).reshape(E * H, E * H),
        out=u.reshape(N * T, E * H),
    )  # (N * T, E * H)
    u_bar = u
    _product(
        k_bar.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        Wk.transpose(0, 2, 1).reshape(E * H, E * H),
        out=r.reshape(N * T, E * H),
    )  # (N * T, E * H)
    u_bar_part6 = r
    u_bar += u_bar_part6
    _product(
        v_bar.transpose(0, 2, 1, 3).reshape(N * T, E * H),
        Wv.transpose(0, 2, 1).reshape(E * H, E * H),
        out=r.reshape(N * T, E * H),
    )  # (N * T, E * H)
    u_bar_part7 = r
    u_bar += u_bar_part7  # (N, T, E * H)
    # [52] g1_bar = sum_n (u_bar[n] * u_xhat[n])^T 1
    g1_bar_scaled = np.multiply(u_bar, u_xhat, out=u_xhat)
    _row_sum(ones2, g1_bar_scaled.reshape(N * T, E * H), out=out["g1"])  # (E * H,)
    # [53] b1_bar = sum_n u_bar[n]^T 1
    _row_sum(ones2, u_bar.reshape(N * T, E * H), out=out["b1"])  # (E * H,)
    return float(L), out


def sgd_step(parameters, gradients, learning_rate):
    """Take a step of gradient descent: each parameter minus the learning rate times its gradient, in place.

    Where something does not fit, ValueError says what, and no parameter has changed.
    """
    rate = _number("learning_rate", learning_rate)
    if not np.isfinite(rate):
        raise ValueError(f"learning_rate is {rate}, expected a finite number")
    for what, given in (("parameters", parameters), ("gradients", gradients)):
        if not hasattr(given, "keys"):
            raise ValueError(f"{what} is of type {type(given).__name__}, expected a dictionary")
    steps = []
    for name, gradient in gradients.items():
        if name not in parameters:
            raise ValueError(f"gradients has an entry {name!r}, and parameters has none")
        steps.append((parameters, name, _step(name, parameters, name, gradient, rate)))
    # All that may fail comes before the first step, and none of them may stop halfway.
    room = _room(steps)
    if room is None:
        steps = [(holder, key, step if type(step) is float else rate * step) for holder, key, step in steps]
    else:
        for step in [step for _, _, step in steps if type(step) is not float]:
            np.multiply(rate, step, out=room[: step.size].reshape(step.shape))  # where this fails, nothing has changed
    with np.errstate(all="ignore"):
        for holder, key, step in steps:
            if type(step) is float:
                holder[key] = holder[key] - step
            else:
                parameter = holder[key]
                parameter -= step if room is None else np.multiply(
                    rate, step, out=room[: step.size].reshape(step.shape)
                )


def _room(steps):
    """An array for one step after the other, or None where a gradient may lie in what changes before its turn."""
    arrays = [(holder[key], gradient) for holder, key, gradient in steps if type(gradient) is not float]
    owners = [[_ if _.base is None else _.base for _ in column] for column in zip(*arrays)]
    if not arrays or len({_.dtype for pair in arrays for _ in pair}) > 1:
        return None
    if any(type(_) is not np.ndarray for column in owners for _ in column):
        return None
    if not {*map(id, owners[0])}.isdisjoint(map(id, owners[1])):
        return None
    return np.empty(max(gradient.size for _, gradient in arrays), arrays[0][0].dtype)


def _step(name, holder, key, gradient, rate):
    """The gradient of a parameter that can take the step; for a float, the rate times it."""
    parameter, gradient = holder[key], _plain(f"the gradient of {name}", gradient)
    _demand_real(f"the gradient of {name}", gradient)
    single = isinstance(parameter, (float, np.floating)) and hasattr(holder, "__setitem__")
    if not single and (not isinstance(parameter, np.ndarray) or parameter.dtype.kind != "f"):
        found = getattr(parameter, "dtype", type(parameter).__name__)
        raise ValueError(f"{name} is of type {found}, expected an array of floats, to be changed in place")
    if np.shape(parameter) != gradient.shape:
        raise ValueError(f"the gradient of {name} has shape {gradient.shape}, and {name} {np.shape(parameter)}")
    if single:
        return float(rate * gradient)
    _demand_place(name, parameter)
    return gradient


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _parameters(*values):
    """The parameters' dtype and the parameters as arrays; a float goes with either dtype."""
    dtype, arrays = None, []
    for name, value in zip(PARAMETERS, values):
        if type(value) is not float:
            if type(value) is not np.ndarray:
                value = _plain(name, value)
            if value.dtype is not dtype:
                dtype = _joined(name, value.dtype, dtype)
        elif SHAPES[name]:
            raise ValueError(f"{name} is a number, expected an array of shape {SHAPES[name]}")
        arrays.append(value)
    return dtype or _FLOATS[1], arrays


def _joined(name, found, dtype):
    """The dtype that all parameters have so far."""
    if found != dtype and (dtype is not None or found not in _FLOATS):
        expected = dtype or "float32 or float64"
        raise ValueError(f"{name} has dtype {found}, expected {expected}, the same for all parameters")
    return _FLOATS[found == _FLOATS[1]]


def _data(name, value, dtype):
    """Data as an array of the parameters' dtype, converted from any real numbers that it can hold."""
    if type(value) is np.ndarray and value.dtype is dtype:
        return value
    value = _plain(name, value)
    _demand_real(name, value)
    try:
        with np.errstate(all="ignore", over="raise"):
            return value.astype(dtype, copy=False)
    except FloatingPointError:
        raise ValueError(f"{name} has dtype {value.dtype} and entries too large for {dtype}") from None


def _number(name, value):
    """A single number as a float."""
    if np.shape(value) != ():
        raise ValueError(f"{name} has shape {np.shape(value)}, expected a single number, shape ()")
    value = _plain(name, value)
    _demand_real(name, value)
    return float(value)


def _plain(name, value):
    """The value as an array of NumPy's own, without a mask: what is masked has no value."""
    if type(value) is np.ndarray:
        return value
    if _is_masked(value):
        raise ValueError(f"{name} is a masked array, expected one without a mask")
    try:
        return np.asarray(value)
    except Exception as error:
        raise ValueError(f"{name} is no array of numbers: {error}") from error


def _is_masked(value):
    """Does it have a mask, or does one of those that it lists?"""
    return isinstance(value, np.ma.MaskedArray) or isinstance(value, (list, tuple)) and any(map(_is_masked, value))


def _demand_real(name, array):
    """ValueError where an array does not hold truth values, integers or floats."""
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}, expected real numbers")


# erf(x) = tanh(x p(x^2) / q(x^2)) up to x = 6, within 3e-9 and 2e-15: p, q by bytes of a number, highest power first.
_ERF = {
    4: (
        (6.70448298637, 131.269780350921, 861.313030987692, 3473.54352206912),
        (1.0, 72.9183572086844, 482.943507252151, 3078.34778588702),
    ),
    8: (
        (1.829959579721223656e-2, 6.18320031548295449, 2.578443977201227441e2, 4.972616280536352115e3,
         5.998998969907827405e4, 4.725306761859483717e5, 2.650485723725165315e6, 9.12865155058237433e6,
         2.076293079724569839e7),
        (1.0, 8.9583051567768097e1, 2.10361169850421463e3, 3.133639009520397857e4, 2.685393606960132691e5,
         1.768145497785413176e6, 6.414126718661934545e6, 1.840066832383141931e7),
    ),
}


def _erf(x, out=None):
    """The error function of each entry, in blocks that stay in the cache."""
    out = np.empty(np.shape(x), np.result_type(x, 0.5)) if out is None else out
    if not out.flags.c_contiguous:
        out[...] = _erf(x)
        return out
    np.clip(x, -6, 6, out=out)
    entries, (p, q) = out.reshape(-1), _ERF[out.itemsize]
    for start in range(0, out.size, 1 << 15):
        block = entries[start : start + (1 << 15)]
        square = block * block
        block *= _polynomial(square, p)
        block /= _polynomial(square, q)
        np.tanh(block, out=block)
    return out


def _polynomial(x, coefficients):
    """A polynomial, highest power first."""
    first, second, *others = coefficients
    value = first * x
    value += second
    for c in others:
        value *= x
        value += c
    return value


def _row_sum(ones, rows, out=None):
    """The sum of the rows, a product with ones; of very many by blocks, since a single product would lose digits."""
    count = len(rows) // 512
    if count < 2:
        return np.matmul(ones, rows, out=out)
    parts = np.matmul(ones[:512], rows[: 512 * count].reshape(count, 512, -1))
    total = parts.sum(axis=0, dtype=np.float64) + ones[512 * count :] @ rows[512 * count :]
    if out is None:
        return total.astype(rows.dtype)
    out[...] = total
    return out


def _dot(a, b):
    """The sum of the products of all entries; of very many by blocks, since a single product would lose digits."""
    if a.size <= 65536:
        return np.vdot(a, b)
    a, b = a.reshape(-1), b.reshape(-1)
    return a.dtype.type(sum(float(np.vdot(a[k : k + 65536], b[k : k + 65536])) for k in range(0, a.size, 65536)))


def _block(count, each):
    """How many of `count` examples with `each` entries are taken at once: what divides them and fits in the cache.

    All of them where nothing between half of what fits and that divides them, as with a prime number of examples.
    """
    most = max(1, min(count, 131_072 // each))
    return next((length for length in range(most, most // 2, -1) if count % length == 0), count)


def _product(a, b, out):
    """The matrix product, its rows in up to eight blocks where BLAS has a faster kernel for products of that size."""
    rows, inner, columns = a.shape[-2], a.shape[-1], b.shape[-1]
    terms = rows * inner * columns
    if 1_000_000 < terms <= 8 * 1_000_000 and b.strides[-1] == b.itemsize:
        for blocks in (2, 4, 8):
            if terms <= blocks * 1_000_000 and rows % blocks == 0 and rows >= 32 * blocks:
                split = a.reshape(*a.shape[:-2], blocks, rows // blocks, inner)
                parts = out.reshape(*out.shape[:-2], blocks, rows // blocks, columns)
                np.matmul(split, b if b.ndim == 2 else b[..., None, :, :], out=parts)
                return out
    return np.matmul(a, b, out=out)


def _forward_sizes(x, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return N, T, H, E, F; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "g1", "b1", "Wq", "Wk", "Wv", "Wo", "g2", "b2", "W1", "c1", "W2", "c2")
    shapes = (
        x.shape,
        g1.shape,
        b1.shape,
        Wq.shape,
        Wk.shape,
        Wv.shape,
        Wo.shape,
        g2.shape,
        b2.shape,
        W1.shape,
        c1.shape,
        W2.shape,
        c2.shape,
    )
    _check_ranks(names, shapes, (3, 1, 1, 3, 3, 3, 3, 1, 1, 2, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    H = Wq.shape[0]
    E = Wq.shape[2]
    F = W1.shape[1]
    expected = (
        (N, T, E * H),
        (E * H,),
        (E * H,),
        (H, E * H, E),
        (H, E * H, E),
        (H, E * H, E),
        (H, E, E * H),
        (E * H,),
        (E * H,),
        (E * H, F),
        (F,),
        (F, E * H),
        (E * H,),
    )
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, T from x, H from Wq, E from Wq, F from W1"))
    return N, T, H, E, F


def _sizes(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return N, T, H, E, F; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "g1", "b1", "Wq", "Wk", "Wv", "Wo", "g2", "b2", "W1", "c1", "W2", "c2")
    shapes = (
        x.shape,
        y.shape,
        g1.shape,
        b1.shape,
        Wq.shape,
        Wk.shape,
        Wv.shape,
        Wo.shape,
        g2.shape,
        b2.shape,
        W1.shape,
        c1.shape,
        W2.shape,
        c2.shape,
    )
    _check_ranks(names, shapes, (3, 3, 1, 1, 3, 3, 3, 3, 1, 1, 2, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    H = Wq.shape[0]
    E = Wq.shape[2]
    F = W1.shape[1]
    expected = (
        (N, T, E * H),
        (N, T, E * H),
        (E * H,),
        (E * H,),
        (H, E * H, E),
        (H, E * H, E),
        (H, E * H, E),
        (H, E, E * H),
        (E * H,),
        (E * H,),
        (E * H, F),
        (F,),
        (F, E * H),
        (E * H,),
    )
    if shapes != expected:
        raise ValueError(_misfit(names, shapes, expected, "N from x, T from x, H from Wq, E from Wq, F from W1"))
    return N, T, H, E, F


def _check_ranks(names, shapes, ranks):
    """ValueError where an array has not as many dimensions as in the network, or an extent is 0."""
    if tuple(map(len, shapes)) != ranks or not all(map(all, shapes)):
        raise ValueError(_misfit(names, shapes))


def _misfit(names, shapes, expected=None, sources=""):
    """Which shape is wrong: the tensor, what it has and what was expected."""
    for k, (name, shape) in enumerate(zip(names, shapes)):
        wanted = "(" + ", ".join(map(str, SHAPES[name])) + (",)" if len(SHAPES[name]) == 1 else ")")
        if expected is None and len(shape) != len(SHAPES[name]):
            return f"{name} has shape {shape}, expected {len(SHAPES[name])} dimensions, {wanted}"
        if 0 in shape:
            return f"{name} has shape {shape}, expected {wanted} with every extent at least 1"
        if expected is not None and shape != expected[k]:
            return f"{name} has shape {shape}, expected {wanted} = {expected[k]}" + (sources and f" ({sources})")
    return f"the shapes {shapes} do not fit"


def _outputs(out, work, dtype, shapes, inputs):
    """The arrays that take the gradients: those in `out`, which must fit and lie apart from all else, or new ones."""
    out = {} if out is None else out
    if not isinstance(out, dict):
        raise ValueError(f"out is of type {type(out).__name__}, expected a dictionary of gradients")
    kept = () if work is None else _check_work(work, out)
    held, new = {}, {}
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            new[name] = np.empty(shape, dtype)
            continue
        if type(array) is not np.ndarray or array.shape != shape or array.dtype != dtype or not array.flags.carray:
            _check_place(f"out[{name!r}]", array, shape, dtype)
        held[name] = array
    if len(out) > len(held) and not out.keys() <= set(PARAMETERS):
        raise ValueError(f"out has the entries {tuple(out)}, expected {PARAMETERS}")
    if held or kept:
        _check_apart(held, kept, inputs)
    out.update(new)
    return out


def _check_place(name, array, shape, dtype):
    """ValueError where an array cannot take a gradient."""
    if isinstance(array, (np.ndarray, np.generic)) and type(array) is not np.ndarray:
        raise ValueError(f"{name} is of type {type(array).__name__}, expected an array of NumPy's own")
    if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
        has = f"shape {np.shape(array)} and dtype {getattr(array, 'dtype', type(array).__name__)}"
        raise ValueError(f"{name} has {has}, expected shape {shape} and dtype {dtype}")
    _demand_place(name, array)


def _check_work(work, out):
    """What this module keeps in `work`; ValueError where it is no dictionary of its own, or holds anything else."""
    if not isinstance(work, dict) or work is out:
        found = "is out too" if work is out else f"is of type {type(work).__name__}"
        raise ValueError(f"work {found}, expected a dictionary of its own, empty at first")
    found, places = [], (("arrays", "for"),)
    for place, fit in places:
        kept = work.get(place)
        if type(kept) is _Scratch and kept.own == id(kept) and kept.fit is work.get(fit):
            found.append(kept)
    if 2 * len(found) != len(work):
        raise ValueError(f"work has entries that are not from this module, {tuple(work)}; expected none at first")
    return found


def _check_apart(out, kept, inputs):
    """ValueError where a gradient or a scratch array would be written over an input or over another of them."""
    places = out.values()
    arrays = [*places, *inputs]
    # Arrays that own their memory lie apart; what is in work is written by nobody else, and no array owns its memory.
    if len({*map(id, arrays)}) == len(arrays) and not [_ for _ in arrays if _.base is not None]:
        return
    # So do views of different owners, unless these are no arrays, as a file or a buffer, and may lie on one another.
    owners = [_ if _.base is None else _.base for _ in arrays]
    ids = [*map(id, owners)]
    mine = {*ids[: len(places)]}.union(*[arrays.owners for arrays in kept])
    if (
        len(mine) < len(places) + sum(len(arrays.owners) for arrays in kept)
        or not mine.isdisjoint(ids[len(places) :])
        or any(_owner(_) is None for _ in arrays)
    ):
        _compare_all(out, kept, inputs)


def _compare_all(out, kept, inputs):
    """ValueError where two arrays share memory and one of them is written, naming it."""
    places = [(f"out[{name!r}]", array, _owner(array)) for name, value in out.items() for array in _flat([value])]
    scratch = [("an array that work keeps", array, _owner(array)) for array in _flat(kept)]
    names = (*DATA, *PARAMETERS)
    others = [(name, array, _owner(array)) for name, value in zip(names, inputs) for array in _flat([value])]
    for k, (name, array, owner) in enumerate(places):
        for other, b, its in (*places[:k], *scratch, *others):
            if (owner is its or owner is None or its is None) and np.may_share_memory(array, b):
                raise ValueError(f"{name} shares memory with {other}, so a gradient cannot be written there")
    for name, array, owner in others:
        for _, b, its in scratch:
            if (owner is its or owner is None) and np.may_share_memory(array, b):
                raise ValueError(f"{name} shares memory with an array that work keeps and that is written over")


def _owner(array):
    """The array that owns the memory; none where it is a file's or a buffer's, which may be anybody's."""
    base = array if array.base is None else array.base
    return base if type(base) is np.ndarray and base.base is None else None


def _flat(values):
    """The arrays among these values and in their lists."""
    for value in values:
        if isinstance(value, np.ndarray):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _flat(value)


def _demand_place(name, array):
    """ValueError where an array cannot be written, or two of its entries are one."""
    if isinstance(array, np.ma.MaskedArray):
        raise ValueError(f"{name} is a masked array, expected one without a mask")
    if not array.flags.writeable:
        raise ValueError(f"{name} is read-only")
    reach = array.itemsize
    for stride, extent in sorted((abs(s), n) for s, n in zip(array.strides, array.shape) if n > 1):
        if stride < reach:
            raise ValueError(f"{name} has strides {array.strides}: several of its entries share memory")
        reach += stride * (extent - 1)


def _aligned(shape, dtype):
    """A new array that starts at a cache line, so that no vector of it lies across two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    memory = np.empty(size + 63, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size].view(dtype).reshape(shape)


def _packed(rows):
    """The arrays of these shapes and dtypes; where that saves much, those never in use at once stand in one place.

    Each row says from which statement to which its array is in use. What is an array already stays one.
    """
    arrays, sizes, starts, placed = [*rows], {}, {}, []
    for k, row in enumerate(rows):
        if type(row) is tuple:
            sizes[k] = -(-int(np.prod(row[0])) * np.dtype(row[1]).itemsize // 64) * 64
    if sum(sizes.values()) < 1_000_000:
        return [_aligned(*row[:2]) if type(row) is tuple else row for row in rows]
    for k in sorted(sizes, key=sizes.get, reverse=True):
        start, (_, _, first, last) = 0, rows[k]
        for begin, end, since, until in placed:
            if since <= last and first <= until:
                if start + sizes[k] <= begin:
                    break
                start = max(start, end)
        starts[k] = start
        placed = sorted([*placed, (start, start + sizes[k], first, last)])
    memory = _aligned((max(end for _, end, _, _ in placed),), np.uint8)
    for k, start in starts.items():
        shape, dtype = rows[k][:2]
        part = memory[start : start + int(np.prod(shape)) * np.dtype(dtype).itemsize]
        arrays[k] = part.view(dtype).reshape(shape)
    return arrays


class _Scratch(tuple):
    """Scratch arrays that `fit` a dtype and sizes, the `owners` of their memory, and `own`, which no copy keeps."""


def _keep(work, place, place_of_fit, fit, arrays):
    """The arrays as what `work` keeps at that place for a dtype and sizes."""
    kept = work[place] = _Scratch(arrays)
    kept.own, kept.fit = id(kept), fit
    work[place_of_fit] = fit
    kept.owners = {id(_ if _.base is None else _.base) for _ in kept}
    return kept


def _ones(shape, dtype):
    """Ones to sum by; they stay what they are."""
    array = np.ones(shape, dtype)
    array.flags.writeable = False
    return array


def _scratch(work, dtype, N, T, H, E, F):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, N, T, H, E, F):
        N1 = _block(N, H * T * T)
        kept = _keep(work, "arrays", "for", ("arrays", dtype, N, T, H, E, F), _packed((
            _ones((E * H,), dtype),  # ones
            ((N, T), dtype, 0, 80),  # u_mu
            ((N, T, E * H), dtype, 2, 112),  # u_v_shifted
            ((N, T, E * H), dtype, 9, 113),  # u
            ((N, T, H, E), dtype, 11, 94),  # q_scaled
            ((N, T, H, E), dtype, 12, 94),  # k_part2
            ((N, T, H, E), dtype, 13, 94),  # v_part2
            ((T, T), bool, 16, 17),  # o_a_mask
            _ones((T, 1), dtype),  # ones1
            _ones((N * T,), dtype),  # ones2
            ((N, H, T, T), dtype, 18, 94),  # o_a
            ((N, H, T, E), dtype, 18, 108),  # o
            ((N1, H, T, 1), dtype, 21, 25),  # o_a_max
            ((N, T, E * H), dtype, 27, 110),  # r
            ((N, T, E * H), dtype, 31, 79),  # w_v_shifted
            ((N, T, E * H), dtype, 38, 76),  # w
            ((N, T, F), dtype, 40, 64),  # z
            ((N, T, F), dtype, 42, 67),  # a_total
            ((N, T, F), dtype, 45, 60),  # a
            ((N, T, E * H), dtype, 47, 81),  # m_part3
            ((N, T), dtype, 73, 78),  # r_bar_ratio
            ((H, E, E * H), dtype, 82, 83),  # Wo_bar
            ((N, T, H, E), dtype, 84, 94),  # o_bar_part
            ((N, H, T, E), dtype, 86, 105),  # k_bar
            ((N, H, T, E), dtype, 86, 103),  # q_bar
            ((N1, H, T, T), dtype, 87, 93),  # o_a_bar_n
            ((N1, H, T), dtype, 88, 89),  # o_s_bar_sum
            ((E * H, H, E), dtype, 95, 102),  # Wv_bar_part2
        )))
    return kept
