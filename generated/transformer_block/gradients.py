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
FUNCTIONS = ()
FACTS = ()


def forward(x, *, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return the named tensors that need no target, by name."""
    dtype, (g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2) = _parameters(
        g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2
    )
    x = np.asarray(x, dtype)
    N, T, H, E, F = _forward_sizes(x, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)

    # [1]
    u_mu = x.sum(axis=2)  # (N, T)
    u_mu *= 1 / E / H  # (N, T)
    # [2]
    u_v_shifted = x - u_mu[:, :, None]  # (N, T, E * H)
    u_v_square = np.square(u_v_shifted)  # (N, T, E * H)
    u_v = u_v_square.sum(axis=2)  # (N, T)
    u_v *= 1 / E / H  # (N, T)
    # [3] U_r = (U_v + 1e-05)^-1/2
    u_r = u_v + 1e-05  # (N, T)
    np.sqrt(u_r, out=u_r)
    np.divide(1, u_r, out=u_r)  # (N, T)
    u_xhat = np.multiply(u_r[:, :, None], u_v_shifted, out=u_v_shifted)  # (N, T, E * H) [4]
    # [5]
    u = g1 * u_xhat  # (N, T, E * H)
    u += b1  # (N, T, E * H)
    # [9]
    q_product = u.reshape(N * T, E * H) @ Wq.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    k_product = u.reshape(N * T, E * H) @ Wk.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    v_product = u.reshape(N * T, E * H) @ Wv.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    o_s = q_product.reshape(N, T, H, E).transpose(0, 2, 1, 3) @ k_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)  # (N, H, T, T)
    o_s *= 1 / E ** 0.5  # (N, H, T, T)
    # [10]
    o_a_range = np.arange(T)  # (T,)
    o_a_mask = o_a_range <= o_a_range[:, None]  # (T, T)
    o_a_part2 = np.where(o_a_mask, o_s, -np.inf)  # (N, H, T, T)
    o_a_clipped = o_a_part2.max(axis=3)  # (N, H, T)
    np.maximum(o_a_clipped, -1000000000000000000000000000000, out=o_a_clipped)
    o_a_shifted = o_s - o_a_clipped[:, :, :, None]  # (N, H, T, T)
    o_a_exp = o_a_shifted * o_a_mask  # (N, H, T, T)
    np.exp(o_a_exp, out=o_a_exp)
    o_a_mask1 = o_a_mask[:, :, None] & o_a_mask[:, None, :]  # (T, T, T)
    o_a_exp1 = o_a_shifted[:, :, :, None, :] * o_a_mask1  # (N, H, T, T, T)
    np.exp(o_a_exp1, out=o_a_exp1)
    o_a_part7 = o_a_mask.astype(dtype)  # (T, T)
    o_a_product = o_a_part7[:, None, :] @ o_a_exp1.transpose(2, 4, 0, 1, 3).reshape(T, T, H * N * T)  # (T, 1, H * N * T)
    o_a_part13 = np.where(o_a_mask[:, None, None, :], o_a_product.reshape(T, N, H, T), 1)  # (T, N, H, T)
    o_a = o_a_exp / o_a_part13.transpose(1, 2, 0, 3)  # (N, H, T, T)
    o_a *= o_a_mask  # (N, H, T, T)
    # [11]
    o_scaled = np.exp(o_a_shifted, out=o_a_shifted)
    o_scaled *= o_a_part7
    o = o_scaled @ v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3)  # (N, H, T, E)
    o_product = o_a_part7[:, None, :] @ o_a_exp.transpose(2, 3, 0, 1).reshape(T, T, H * N)  # (T, 1, H * N)
    o /= o_product.reshape(T, N, H).transpose(1, 2, 0)[:, :, :, None]  # (N, H, T, E)
    # [12]
    r_ratio = 1 / o_product.reshape(T, N, H)  # (T, N, H)
    r_mask = v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3) != 0  # (N, H, T, E)
    r_mask1 = o_a_mask[:, None, None, :] & r_mask.transpose(0, 1, 3, 2)[:, None, :, :, :]  # (N, T, H, E, T)
    r_part4 = np.where(r_mask1, o_s.transpose(0, 2, 1, 3)[:, :, :, None, :], -np.inf)  # (N, T, H, E, T)
    r_clipped = r_part4.max(axis=4)  # (N, T, H, E)
    np.maximum(r_clipped, -1000000000000000000000000000000, out=r_clipped)
    r_scaled = o_s.transpose(0, 2, 1, 3)[:, :, :, None, :] - r_clipped[:, :, :, :, None]  # (N, T, H, E, T)
    r_scaled *= r_mask1
    np.exp(r_scaled, out=r_scaled)
    r_scaled *= r_mask1
    r_product = r_scaled.transpose(0, 2, 3, 1, 4) @ v_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)[:, :, :, :, None]  # (N, H, E, T, 1)
    r_exp = np.subtract(r_clipped, o_a_clipped.transpose(0, 2, 1)[:, :, :, None], out=r_clipped)
    np.exp(r_exp, out=r_exp)
    r_scaled1 = r_product.reshape(N, H, E, T) * r_exp.transpose(0, 2, 3, 1)  # (N, H, E, T)
    r_scaled1 *= r_ratio.transpose(1, 2, 0)[:, :, None, :]
    r_product1 = r_scaled1.transpose(0, 3, 1, 2).reshape(N * T, E * H) @ Wo.reshape(E * H, E * H)  # (N * T, E * H)
    r = x + r_product1.reshape(N, T, E * H)  # (N, T, E * H)
    # [13]
    w_mu = r.sum(axis=2)  # (N, T)
    w_mu *= 1 / E / H  # (N, T)
    # [14]
    w_v_shifted = r - w_mu[:, :, None]  # (N, T, E * H)
    w_v_square = np.square(w_v_shifted)  # (N, T, E * H)
    w_v = w_v_square.sum(axis=2)  # (N, T)
    w_v *= 1 / E / H  # (N, T)
    # [15] W_r = (W_v + 1e-05)^-1/2
    w_r = w_v + 1e-05  # (N, T)
    np.sqrt(w_r, out=w_r)
    np.divide(1, w_r, out=w_r)  # (N, T)
    w_xhat = np.multiply(w_r[:, :, None], w_v_shifted, out=w_v_shifted)  # (N, T, E * H) [16]
    # [17]
    w = g2 * w_xhat  # (N, T, E * H)
    w += b2  # (N, T, E * H)
    # [18]
    z_product = w.reshape(N * T, E * H) @ W1  # (N * T, F)
    z = z_product.reshape(N, T, F) + c1  # (N, T, F)
    # [19]
    a_scaled = z * (1 / 2 ** 0.5)  # (N, T, F)
    a_total = _erf(a_scaled)  # (N, T, F)
    a_total += 1
    a = z / 2  # (N, T, F)
    a *= a_total  # (N, T, F)
    # [20]
    m_product = a.reshape(N * T, F) @ W2  # (N * T, E * H)
    m = r + m_product.reshape(N, T, E * H)  # (N, T, E * H)
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
    dtype, (g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2) = _parameters(
        g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2
    )
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    N, T, H, E, F = _sizes(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)

    # [1]
    u_mu = x.sum(axis=2)  # (N, T)
    u_mu *= 1 / E / H  # (N, T)
    # [2]
    u_v_shifted = x - u_mu[:, :, None]  # (N, T, E * H)
    u_v_square = np.square(u_v_shifted)  # (N, T, E * H)
    u_v = u_v_square.sum(axis=2)  # (N, T)
    u_v *= 1 / E / H  # (N, T)
    # [3] U_r = (U_v + 1e-05)^-1/2
    u_r = np.add(u_v, 1e-05, out=u_v)
    np.sqrt(u_r, out=u_r)
    np.divide(1, u_r, out=u_r)  # (N, T)
    u_xhat = np.multiply(u_r[:, :, None], u_v_shifted, out=u_v_shifted)  # (N, T, E * H) [4]
    # [5]
    u = np.multiply(g1, u_xhat, out=u_xhat)
    u += b1  # (N, T, E * H)
    # [9]
    q_product = u.reshape(N * T, E * H) @ Wq.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    k_product = u.reshape(N * T, E * H) @ Wk.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    v_product = u.reshape(N * T, E * H) @ Wv.transpose(1, 0, 2).reshape(E * H, E * H)  # (N * T, E * H)
    o_s = q_product.reshape(N, T, H, E).transpose(0, 2, 1, 3) @ k_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)  # (N, H, T, T)
    o_s *= 1 / E ** 0.5  # (N, H, T, T)
    # [12]
    o_a_range = np.arange(T)  # (T,)
    o_a_mask = o_a_range <= o_a_range[:, None]  # (T, T)
    o_a_part2 = np.where(o_a_mask, o_s, -np.inf)  # (N, H, T, T)
    o_a_clipped = o_a_part2.max(axis=3)  # (N, H, T)
    np.maximum(o_a_clipped, -1000000000000000000000000000000, out=o_a_clipped)
    o_a_exp = o_s - o_a_clipped[:, :, :, None]  # (N, H, T, T)
    o_a_exp *= o_a_mask
    np.exp(o_a_exp, out=o_a_exp)
    o_a_part4 = o_a_mask.astype(dtype)  # (T, T)
    o_product = o_a_part4[:, None, :] @ o_a_exp.transpose(2, 3, 0, 1).reshape(T, T, H * N)  # (T, 1, H * N)
    r_ratio = 1 / o_product.reshape(T, N, H)  # (T, N, H)
    r_mask = v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3) != 0  # (N, H, T, E)
    r_mask1 = o_a_mask[:, None, None, :] & r_mask.transpose(0, 1, 3, 2)[:, None, :, :, :]  # (N, T, H, E, T)
    r_part4 = np.where(r_mask1, o_s.transpose(0, 2, 1, 3)[:, :, :, None, :], -np.inf)  # (N, T, H, E, T)
    r_clipped = r_part4.max(axis=4)  # (N, T, H, E)
    np.maximum(r_clipped, -1000000000000000000000000000000, out=r_clipped)
    r_scaled = o_s.transpose(0, 2, 1, 3)[:, :, :, None, :] - r_clipped[:, :, :, :, None]  # (N, T, H, E, T)
    r_scaled *= r_mask1
    np.exp(r_scaled, out=r_scaled)
    r_scaled *= r_mask1
    r_product = r_scaled.transpose(0, 2, 3, 1, 4) @ v_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)[:, :, :, :, None]  # (N, H, E, T, 1)
    r_exp = np.subtract(r_clipped, o_a_clipped.transpose(0, 2, 1)[:, :, :, None], out=r_clipped)
    np.exp(r_exp, out=r_exp)
    r_scaled1 = r_product.reshape(N, H, E, T) * r_exp.transpose(0, 2, 3, 1)  # (N, H, E, T)
    r_scaled1 *= r_ratio.transpose(1, 2, 0)[:, :, None, :]
    r_product1 = r_scaled1.transpose(0, 3, 1, 2).reshape(N * T, E * H) @ Wo.reshape(E * H, E * H)  # (N * T, E * H)
    r = x + r_product1.reshape(N, T, E * H)  # (N, T, E * H)
    # [13]
    w_mu = r.sum(axis=2)  # (N, T)
    w_mu *= 1 / E / H  # (N, T)
    # [14]
    w_v_shifted = r - w_mu[:, :, None]  # (N, T, E * H)
    w_v_square = np.square(w_v_shifted)  # (N, T, E * H)
    w_v = w_v_square.sum(axis=2)  # (N, T)
    w_v *= 1 / E / H  # (N, T)
    # [15] W_r = (W_v + 1e-05)^-1/2
    w_r = np.add(w_v, 1e-05, out=w_v)
    np.sqrt(w_r, out=w_r)
    np.divide(1, w_r, out=w_r)  # (N, T)
    w_xhat = np.multiply(w_r[:, :, None], w_v_shifted, out=w_v_shifted)  # (N, T, E * H) [16]
    # [17]
    w = np.multiply(g2, w_xhat, out=w_xhat)
    w += b2  # (N, T, E * H)
    # [18]
    z_product = w.reshape(N * T, E * H) @ W1  # (N * T, F)
    z = z_product.reshape(N, T, F) + c1  # (N, T, F)
    # [19]
    a_scaled = z * (1 / 2 ** 0.5)  # (N, T, F)
    a_total = _erf(a_scaled)  # (N, T, F)
    a_total += 1
    a = np.multiply(z, 0.5, out=z)
    a *= a_total  # (N, T, F)
    # [20]
    m_product = a.reshape(N * T, F) @ W2  # (N * T, E * H)
    m = np.add(r, m_product.reshape(N, T, E * H), out=r)
    m += c2  # (N, T, E * H)
    # [21]
    L_shifted = np.subtract(m, y, out=m)
    L = np.vdot(L_shifted, L_shifted) / 2 / N
    return float(L)


def loss_and_gradients(x, y, *, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls.
    """
    dtype, (g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2) = _parameters(
        g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2
    )
    x = np.asarray(x, dtype)
    y = np.asarray(y, dtype)
    N, T, H, E, F = _sizes(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    out = _outputs(
        out, dtype, ((E * H,), (E * H,), (H, E * H, E), (H, E * H, E), (H, E * H, E), (H, E, E * H), (E * H,), (E *
        H,), (E * H, F), (F,), (F, E * H), (E * H,))
    )
    (
        u_mu, u_v_shifted, u_v_square, q_product, k_product, v_product, o_s, o_a_mask, o_a_clipped, o_a_shifted,
        o_a_exp, o_a_part5, o_product, r_ratio, r_mask, r_mask1, r_clipped, r_scaled, r_product, r_scaled1, r_product1,
        r, w_v_shifted, w_v_square, z_product, z, a_scaled, W1_bar_product, W1_bar_scaled, g2_bar_product, r_bar,
        r_bar_scaled, r_bar_product, Wo_bar_mask, Wo_bar_clipped, Wo_bar_scaled, Wo_bar_product, Wo_bar_scaled2,
        o_s_bar_square, v_bar_mask, v_bar_part, v_bar_scaled, v_bar_scaled1, Wv_bar_product, Wv_bar_product1,
        k_bar_mask, k_bar_mask1, k_bar_clipped, k_bar_scaled, k_bar_sum, Wk_bar_shifted, Wk_bar_scaled, Wk_bar_product1,
        Wk_bar_scaled1, Wq_bar_scaled1, u_bar_shifted, u_bar_scaled, u_bar_product5,
    ) = _scratch(work, dtype, N, T, H, E, F)

    # [1]
    x.sum(axis=2, out=u_mu)  # (N, T)
    u_mu *= 1 / E / H  # (N, T)
    # [2]
    np.subtract(x, u_mu[:, :, None], out=u_v_shifted)  # (N, T, E * H)
    np.square(u_v_shifted, out=u_v_square)  # (N, T, E * H)
    u_v = u_v_square.sum(axis=2, out=u_mu)  # (N, T)
    u_v *= 1 / E / H  # (N, T)
    # [3] U_r = (U_v + 1e-05)^-1/2
    u_r = np.add(u_v, 1e-05, out=u_v)
    np.sqrt(u_r, out=u_r)
    np.divide(1, u_r, out=u_r)  # (N, T)
    u_xhat = np.multiply(u_r[:, :, None], u_v_shifted, out=u_v_shifted)  # (N, T, E * H) [4]
    # [5]
    u = np.multiply(g1, u_xhat, out=u_v_square)  # (N, T, E * H)
    u += b1  # (N, T, E * H)
    # [9]
    np.matmul(u.reshape(N * T, E * H), Wq.transpose(1, 0, 2).reshape(E * H, E * H), out=q_product)  # (N * T, E * H)
    np.matmul(u.reshape(N * T, E * H), Wk.transpose(1, 0, 2).reshape(E * H, E * H), out=k_product)  # (N * T, E * H)
    np.matmul(u.reshape(N * T, E * H), Wv.transpose(1, 0, 2).reshape(E * H, E * H), out=v_product)  # (N * T, E * H)
    np.matmul(q_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), k_product.reshape(N, T, H, E).transpose(0, 2, 3, 1), out=o_s)  # (N, H, T, T)
    o_s *= 1 / E ** 0.5  # (N, H, T, T)
    # [12]
    o_a_range = np.arange(T)  # (T,)
    np.less_equal(o_a_range, o_a_range[:, None], out=o_a_mask)  # (T, T)
    o_a_part2 = np.where(o_a_mask, o_s, -np.inf)  # (N, H, T, T)
    o_a_part2.max(axis=3, out=o_a_clipped)  # (N, H, T)
    np.maximum(o_a_clipped, -1000000000000000000000000000000, out=o_a_clipped)
    np.subtract(o_s, o_a_clipped[:, :, :, None], out=o_a_shifted)  # (N, H, T, T)
    np.multiply(o_a_shifted, o_a_mask, out=o_a_exp)  # (N, H, T, T)
    np.exp(o_a_exp, out=o_a_exp)
    o_a_part5[...] = o_a_mask  # (T, T)
    o_exp = np.exp(o_a_shifted, out=o_a_shifted)
    np.matmul(o_a_part5[:, None, :], o_a_exp.transpose(2, 3, 0, 1).reshape(T, T, H * N), out=o_product)  # (T, 1, H * N)
    np.divide(1, o_product.reshape(T, N, H), out=r_ratio)  # (T, N, H)
    np.not_equal(v_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), 0, out=r_mask)  # (N, H, T, E)
    np.logical_and(o_a_mask[:, None, None, :], r_mask.transpose(0, 1, 3, 2)[:, None, :, :, :], out=r_mask1)  # (N, T, H, E, T)
    r_part4 = np.where(r_mask1, o_s.transpose(0, 2, 1, 3)[:, :, :, None, :], -np.inf)  # (N, T, H, E, T)
    r_part4.max(axis=4, out=r_clipped)  # (N, T, H, E)
    np.maximum(r_clipped, -1000000000000000000000000000000, out=r_clipped)
    np.subtract(o_s.transpose(0, 2, 1, 3)[:, :, :, None, :], r_clipped[:, :, :, :, None], out=r_scaled)  # (N, T, H, E, T)
    r_scaled *= r_mask1
    np.exp(r_scaled, out=r_scaled)
    r_scaled *= r_mask1
    np.matmul(r_scaled.transpose(0, 2, 3, 1, 4), v_product.reshape(N, T, H, E).transpose(0, 2, 3, 1)[:, :, :, :, None], out=r_product)  # (N, H, E, T, 1)
    r_exp = np.subtract(r_clipped, o_a_clipped.transpose(0, 2, 1)[:, :, :, None], out=r_clipped)
    np.exp(r_exp, out=r_exp)
    np.multiply(r_product.reshape(N, H, E, T), r_exp.transpose(0, 2, 3, 1), out=r_scaled1)  # (N, H, E, T)
    r_scaled1 *= r_ratio.transpose(1, 2, 0)[:, :, None, :]
    np.matmul(r_scaled1.transpose(0, 3, 1, 2).reshape(N * T, E * H), Wo.reshape(E * H, E * H), out=r_product1)  # (N * T, E * H)
    np.add(x, r_product1.reshape(N, T, E * H), out=r)  # (N, T, E * H)
    # [13]
    w_mu = r.sum(axis=2, out=u_mu)  # (N, T)
    w_mu *= 1 / E / H  # (N, T)
    # [14]
    np.subtract(r, w_mu[:, :, None], out=w_v_shifted)  # (N, T, E * H)
    np.square(w_v_shifted, out=w_v_square)  # (N, T, E * H)
    w_v = w_v_square.sum(axis=2, out=u_mu)  # (N, T)
    w_v *= 1 / E / H  # (N, T)
    # [15] W_r = (W_v + 1e-05)^-1/2
    w_r = np.add(w_v, 1e-05, out=w_v)
    np.sqrt(w_r, out=w_r)
    np.divide(1, w_r, out=w_r)  # (N, T)
    w_xhat = np.multiply(w_r[:, :, None], w_v_shifted, out=w_v_shifted)  # (N, T, E * H) [16]
    # [17]
    w = np.multiply(g2, w_xhat, out=w_v_square)  # (N, T, E * H)
    w += b2  # (N, T, E * H)
    # [18]
    np.matmul(w.reshape(N * T, E * H), W1, out=z_product)  # (N * T, F)
    np.add(z_product.reshape(N, T, F), c1, out=z)  # (N, T, F)
    # [19]
    np.multiply(z, 1 / 2 ** 0.5, out=a_scaled)  # (N, T, F)
    a_total = _erf(a_scaled)  # (N, T, F)
    a_total += 1
    a = np.multiply(z, 0.5, out=a_scaled)  # (N, T, F)
    a *= a_total  # (N, T, F)
    # [20]
    m_product = np.matmul(a.reshape(N * T, F), W2, out=r_product1)  # (N * T, E * H)
    m = np.add(r, m_product.reshape(N, T, E * H), out=r)
    m += c2  # (N, T, E * H)
    # [21]
    L_shifted = np.subtract(m, y, out=m)
    L = np.vdot(L_shifted, L_shifted) / 2 / N
    m_bar = np.multiply(L_shifted, 1 / N, out=L_shifted)  # (N, T, E * H) [22]
    np.matmul(a.transpose(2, 0, 1).reshape(F, N * T), m_bar.reshape(N * T, E * H), out=out["W2"])  # (F, E * H) [24]
    m_bar.sum(axis=(0, 1), out=out["c2"])  # (E * H,) [26]
    # [30]
    z_bar_total = np.multiply(a_total, 0.5, out=a_total)
    z_bar_exp = np.square(z, out=a_scaled)  # (N, T, F)
    z_bar_exp *= -0.5
    np.exp(z_bar_exp, out=z_bar_exp)
    z_bar_scaled = np.multiply(z, 1 / 2 ** 0.5 / np.pi ** 0.5, out=z)
    z_bar_scaled *= z_bar_exp
    z_bar_total += z_bar_scaled
    z_bar_product = np.matmul(m_bar.reshape(N * T, E * H), W2.T, out=z_product)  # (N * T, F)
    z_bar = np.multiply(z_bar_total, z_bar_product.reshape(N, T, F), out=z)  # (N, T, F)
    # [32]
    np.matmul(W2, m_bar.transpose(2, 0, 1).reshape(E * H, N * T), out=W1_bar_product)  # (F, N * T)
    np.multiply(W1_bar_product.reshape(F, N, T), z_bar_total.transpose(2, 0, 1), out=W1_bar_scaled)  # (F, N, T)
    np.matmul(w.transpose(2, 0, 1).reshape(E * H, N * T), W1_bar_scaled.transpose(1, 2, 0).reshape(N * T, F), out=out["W1"])  # (E * H, F)
    z_bar.sum(axis=(0, 1), out=out["c1"])  # (F,) [34]
    # [38]
    w_bar_scaled = np.multiply(z_bar_product.reshape(N, T, F), z_bar_total, out=z_bar_total)
    w_bar_product = np.matmul(w_bar_scaled.reshape(N * T, F), W1.T, out=r_product1)  # (N * T, E * H)
    np.matmul(W1, w_bar_scaled.transpose(2, 0, 1).reshape(F, N * T), out=g2_bar_product)  # (E * H, N * T)
    g2_bar_scaled = np.multiply(w_xhat, g2_bar_product.reshape(E * H, N, T).transpose(1, 2, 0), out=w_v_square)  # (N, T, E * H)
    g2_bar_scaled.sum(axis=(0, 1), out=out["g2"])  # (E * H,)
    w_bar_product.reshape(N, T, E * H).sum(axis=(0, 1), out=out["b2"])  # (E * H,) [40]
    w_xhat_bar = np.multiply(g2, w_bar_product.reshape(N, T, E * H), out=w_v_square)  # (N, T, E * H) [42]
    # [54]
    np.multiply(g2, w_r[:, :, None], out=r_bar)  # (N, T, E * H)
    r_bar *= w_bar_product.reshape(N, T, E * H)
    r_bar += m_bar
    w_xhat_bar.sum(axis=2, out=r_bar_scaled)  # (N, T)
    r_bar_scaled1 = np.multiply(w_r, 1 / E / H, out=w_r)
    r_bar_scaled *= r_bar_scaled1
    r_bar -= r_bar_scaled[:, :, None]
    r_bar_scaled2 = np.multiply(w_xhat, w_bar_product.reshape(N, T, E * H), out=w_v_square)  # (N, T, E * H)
    np.matmul(r_bar_scaled2.reshape(N * T, E * H), g2, out=r_bar_product)  # (N * T,)
    r_bar_scaled3 = np.multiply(r_bar_scaled1, r_bar_product.reshape(N, T), out=r_bar_scaled1)
    r_bar_scaled4 = np.multiply(r_bar_scaled3[:, :, None], w_xhat, out=w_xhat)
    r_bar -= r_bar_scaled4  # (N, T, E * H)
    # [56]
    np.logical_and(o_a_mask, r_mask.transpose(1, 3, 0, 2)[:, :, :, None, :], out=Wo_bar_mask)  # (H, E, N, T, T)
    Wo_bar_part4 = np.where(Wo_bar_mask, o_s.transpose(1, 0, 2, 3)[:, None, :, :, :], -np.inf)  # (H, E, N, T, T)
    Wo_bar_part4.max(axis=4, out=Wo_bar_clipped)  # (H, E, N, T)
    np.maximum(Wo_bar_clipped, -1000000000000000000000000000000, out=Wo_bar_clipped)
    np.subtract(o_s.transpose(1, 0, 2, 3)[:, None, :, :, :], Wo_bar_clipped[:, :, :, :, None], out=Wo_bar_scaled)  # (H, E, N, T, T)
    Wo_bar_scaled *= Wo_bar_mask
    np.exp(Wo_bar_scaled, out=Wo_bar_scaled)
    Wo_bar_scaled *= Wo_bar_mask
    np.matmul(Wo_bar_scaled, v_product.reshape(N, T, H, E).transpose(2, 3, 0, 1)[:, :, :, :, None], out=Wo_bar_product)  # (H, E, N, T, 1)
    Wo_bar_scaled1 = np.subtract(Wo_bar_clipped, o_a_clipped.transpose(1, 0, 2)[:, None, :, :], out=Wo_bar_clipped)
    np.exp(Wo_bar_scaled1, out=Wo_bar_scaled1)
    Wo_bar_scaled1 *= Wo_bar_product.reshape(H, E, N, T)
    np.multiply(r_bar.transpose(2, 0, 1), r_ratio.transpose(2, 1, 0)[:, None, :, :], out=Wo_bar_scaled2)  # (H, E * H, N, T)
    np.matmul(Wo_bar_scaled1.reshape(H, E, N * T), Wo_bar_scaled2.transpose(0, 2, 3, 1).reshape(H, N * T, E * H), out=out["Wo"])  # (H, E, E * H)
    # [60]
    o_bar_product = np.matmul(r_bar.reshape(N * T, E * H), Wo.transpose(2, 0, 1).reshape(E * H, E * H), out=r_product1)  # (N * T, E * H)
    o_a_bar = np.matmul(o_bar_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), v_product.reshape(N, T, H, E).transpose(0, 2, 3, 1), out=o_a_exp)  # (N, H, T, T)
    # [78]
    o_s_bar_scaled = np.multiply(o_a_clipped, 2, out=o_a_clipped)
    np.square(o_product.reshape(T, N, H), out=o_s_bar_square)  # (T, N, H)
    np.less_equal(o_a_range[:, None], o_a_range, out=v_bar_mask)  # (T, T)
    v_bar_part[...] = v_bar_mask  # (T, T)
    np.multiply(r_ratio.transpose(1, 2, 0)[:, :, :, None], o_bar_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), out=v_bar_scaled)  # (N, H, T, E)
    np.multiply(v_bar_part.T, o_exp, out=v_bar_scaled1)  # (N, H, T, T)
    np.matmul(v_bar_scaled.transpose(1, 0, 3, 2), v_bar_scaled1.transpose(1, 0, 2, 3), out=Wv_bar_product)  # (H, N, E, T)
    np.matmul(u.transpose(2, 0, 1).reshape(E * H, N * T), Wv_bar_product.transpose(1, 3, 0, 2).reshape(N * T, E * H), out=Wv_bar_product1)  # (E * H, E * H)
    np.not_equal(o_a_bar, 0, out=k_bar_mask)  # (N, H, T, T)
    np.logical_and(k_bar_mask, o_a_mask, out=k_bar_mask1)  # (N, H, T, T)
    k_bar_part = np.where(k_bar_mask1, o_s, -np.inf)  # (N, H, T, T)
    k_bar_part.max(axis=3, out=k_bar_clipped)  # (N, H, T)
    np.maximum(k_bar_clipped, -1000000000000000000000000000000, out=k_bar_clipped)
    k_bar_exp = np.subtract(o_s, k_bar_clipped[:, :, :, None], out=v_bar_scaled1)  # (N, H, T, T)
    k_bar_exp *= k_bar_mask1
    np.exp(k_bar_exp, out=k_bar_exp)
    np.multiply(k_bar_mask1, o_a_bar, out=k_bar_scaled)  # (N, H, T, T)
    k_bar_scaled *= k_bar_exp
    k_bar_scaled.sum(axis=3, out=k_bar_sum)  # (N, H, T)
    k_bar_exp1 = np.add(o_s, k_bar_clipped[:, :, :, None], out=k_bar_scaled)  # (N, H, T, T)
    k_bar_exp1 -= o_s_bar_scaled[:, :, :, None]
    np.exp(k_bar_exp1, out=k_bar_exp1)
    np.divide(v_bar_part, o_product.reshape(T, N, H).transpose(2, 1, 0)[:, :, None, :], out=Wk_bar_shifted)  # (H, N, T, T)
    Wk_bar_shifted *= o_a_bar.transpose(1, 0, 3, 2)
    Wk_bar_shifted *= o_exp.transpose(1, 0, 3, 2)
    np.multiply(v_bar_mask, k_bar_sum.transpose(1, 0, 2)[:, :, None, :], out=Wk_bar_scaled)  # (H, N, T, T)
    Wk_bar_scaled /= o_s_bar_square.transpose(2, 1, 0)[:, :, None, :]
    Wk_bar_scaled *= k_bar_exp1.transpose(1, 0, 3, 2)
    Wk_bar_shifted -= Wk_bar_scaled
    Wk_bar_product = np.matmul(q_product.reshape(N, T, H, E).transpose(2, 0, 3, 1), Wk_bar_shifted.transpose(0, 1, 3, 2), out=Wv_bar_product)  # (H, N, E, T)
    np.matmul(u.transpose(2, 0, 1).reshape(E * H, N * T), Wk_bar_product.transpose(1, 3, 0, 2).reshape(N * T, E * H), out=Wk_bar_product1)  # (E * H, E * H)
    np.multiply(Wk_bar_product1.reshape(E * H, H, E), 1 / E ** 0.5, out=Wk_bar_scaled1)  # (E * H, H, E)
    Wq_bar_shifted = np.divide(o_a_part5, o_product.reshape(T, N, H).transpose(2, 1, 0)[:, :, :, None], out=Wk_bar_shifted)  # (H, N, T, T)
    Wq_bar_shifted *= o_a_bar.transpose(1, 0, 2, 3)
    Wq_bar_shifted *= o_exp.transpose(1, 0, 2, 3)
    Wq_bar_scaled = np.multiply(o_a_mask, k_bar_sum.transpose(1, 0, 2)[:, :, :, None], out=Wk_bar_scaled)  # (H, N, T, T)
    Wq_bar_scaled /= o_s_bar_square.transpose(2, 1, 0)[:, :, :, None]
    Wq_bar_scaled *= k_bar_exp1.transpose(1, 0, 2, 3)
    Wq_bar_shifted -= Wq_bar_scaled
    Wq_bar_product = np.matmul(k_product.reshape(N, T, H, E).transpose(2, 0, 3, 1), Wq_bar_shifted.transpose(0, 1, 3, 2), out=Wv_bar_product)  # (H, N, E, T)
    Wq_bar_product1 = np.matmul(u.transpose(2, 0, 1).reshape(E * H, N * T), Wq_bar_product.transpose(1, 3, 0, 2).reshape(N * T, E * H), out=Wk_bar_product1)  # (E * H, E * H)
    np.multiply(Wq_bar_product1.reshape(E * H, H, E), 1 / E ** 0.5, out=Wq_bar_scaled1)  # (E * H, H, E)
    np.divide(o_a_part5[:, None, :], o_product.reshape(T, N, H).transpose(1, 0, 2)[:, :, :, None], out=u_bar_shifted)  # (N, T, H, T)
    u_bar_shifted *= o_a_bar.transpose(0, 2, 1, 3)
    u_bar_shifted *= o_exp.transpose(0, 2, 1, 3)
    np.multiply(o_a_mask[:, None, :], k_bar_sum.transpose(0, 2, 1)[:, :, :, None], out=u_bar_scaled)  # (N, T, H, T)
    u_bar_scaled /= o_s_bar_square.transpose(1, 0, 2)[:, :, :, None]
    u_bar_scaled *= k_bar_exp1.transpose(0, 2, 1, 3)
    u_bar_shifted -= u_bar_scaled
    u_bar_product = np.matmul(u_bar_shifted.transpose(0, 2, 1, 3), k_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), out=v_bar_scaled)  # (N, H, T, E)
    u_bar_product1 = np.matmul(u_bar_product.transpose(0, 2, 1, 3).reshape(N * T, E * H), Wq.transpose(0, 2, 1).reshape(E * H, E * H), out=k_product)  # (N * T, E * H)
    u_bar = np.multiply(u_bar_product1.reshape(N, T, E * H), 1 / E ** 0.5, out=u_v_square)  # (N, T, E * H)
    u_bar_part16 = np.where(v_bar_mask.T, o_s, -np.inf)  # (N, H, T, T)
    u_bar_clipped = u_bar_part16.max(axis=3, out=k_bar_sum)  # (N, H, T)
    np.maximum(u_bar_clipped, -1000000000000000000000000000000, out=u_bar_clipped)
    u_bar_shifted1 = np.subtract(o_s, u_bar_clipped[:, :, :, None], out=k_bar_scaled)  # (N, H, T, T)
    u_bar_exp = np.exp(u_bar_shifted1, out=o_a_shifted)  # (N, H, T, T)
    u_bar_exp1 = np.multiply(u_bar_shifted1, v_bar_mask.T, out=u_bar_shifted1)
    np.exp(u_bar_exp1, out=u_bar_exp1)
    u_bar_product2 = np.matmul(v_bar_part.T[:, None, :], u_bar_exp1.transpose(2, 3, 0, 1).reshape(T, T, H * N), out=o_product)  # (T, 1, H * N)
    u_bar_shifted2 = np.divide(v_bar_part[:, None, :], u_bar_product2.reshape(T, N, H).transpose(1, 2, 0)[:, None, :, :], out=u_bar_shifted)  # (N, T, H, T)
    u_bar_shifted2 *= o_a_bar.transpose(0, 3, 1, 2)
    u_bar_shifted2 *= u_bar_exp.transpose(0, 3, 1, 2)
    u_bar_mask = np.logical_and(k_bar_mask, v_bar_mask.T, out=k_bar_mask)
    u_bar_part27 = np.where(u_bar_mask, o_s, -np.inf)  # (N, H, T, T)
    u_bar_clipped1 = u_bar_part27.max(axis=3, out=o_a_clipped)  # (N, H, T)
    np.maximum(u_bar_clipped1, -1000000000000000000000000000000, out=u_bar_clipped1)
    u_bar_exp2 = np.subtract(o_s, u_bar_clipped1[:, :, :, None], out=k_bar_scaled)  # (N, H, T, T)
    u_bar_exp2 *= u_bar_mask
    np.exp(u_bar_exp2, out=u_bar_exp2)
    u_bar_scaled1 = np.multiply(u_bar_mask, o_a_bar, out=o_a_bar)
    u_bar_scaled1 *= u_bar_exp2
    u_bar_sum = u_bar_scaled1.sum(axis=3, out=k_bar_clipped)  # (N, H, T)
    u_bar_exp3 = np.add(o_s, u_bar_clipped1[:, :, :, None], out=o_s)
    u_bar_scaled2 = np.multiply(u_bar_clipped, 2, out=u_bar_clipped)
    u_bar_exp3 -= u_bar_scaled2[:, :, :, None]
    np.exp(u_bar_exp3, out=u_bar_exp3)
    u_bar_square = np.square(u_bar_product2.reshape(T, N, H), out=o_s_bar_square)  # (T, N, H)
    u_bar_scaled3 = np.multiply(v_bar_mask[:, None, :], u_bar_sum[:, None, :, :], out=u_bar_scaled)  # (N, T, H, T)
    u_bar_scaled3 /= u_bar_square.transpose(1, 2, 0)[:, None, :, :]
    u_bar_scaled3 *= u_bar_exp3.transpose(0, 3, 1, 2)
    u_bar_shifted2 -= u_bar_scaled3
    u_bar_product3 = np.matmul(u_bar_shifted2.transpose(0, 2, 1, 3), q_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), out=v_bar_scaled)  # (N, H, T, E)
    u_bar_product4 = np.matmul(u_bar_product3.transpose(0, 2, 1, 3).reshape(N * T, E * H), Wk.transpose(0, 2, 1).reshape(E * H, E * H), out=q_product)  # (N * T, E * H)
    u_bar_scaled4 = np.multiply(u_bar_product4.reshape(N, T, E * H), 1 / E ** 0.5, out=r_bar)  # (N, T, E * H)
    u_bar += u_bar_scaled4
    u_bar_ratio = np.divide(1, u_bar_product2.reshape(T, N, H), out=o_s_bar_square)  # (T, N, H)
    u_bar_scaled5 = np.multiply(u_bar_ratio.transpose(1, 2, 0)[:, :, :, None], o_bar_product.reshape(N, T, H, E).transpose(0, 2, 1, 3), out=v_bar_scaled)  # (N, H, T, E)
    u_bar_scaled6 = np.multiply(v_bar_part.T, u_bar_exp, out=u_bar_exp)
    np.matmul(u_bar_scaled6.transpose(0, 1, 3, 2), u_bar_scaled5, out=u_bar_product5)  # (N, H, T, E)
    u_bar_product6 = np.matmul(u_bar_product5.transpose(0, 2, 1, 3).reshape(N * T, E * H), Wv.transpose(0, 2, 1).reshape(E * H, E * H), out=r_product1)  # (N * T, E * H)
    u_bar += u_bar_product6.reshape(N, T, E * H)  # (N, T, E * H)
    # [80]
    g1_bar_scaled = np.multiply(u_bar, u_xhat, out=u_xhat)
    g1_bar_scaled.sum(axis=(0, 1), out=out["g1"])  # (E * H,)
    u_bar.sum(axis=(0, 1), out=out["b1"])  # (E * H,) [82]
    out["Wv"][...] = Wv_bar_product1.reshape(E * H, H, E).transpose(1, 0, 2)  # (H, E * H, E) [66]
    out["Wk"][...] = Wk_bar_scaled1.transpose(1, 0, 2)  # (H, E * H, E) [70]
    out["Wq"][...] = Wq_bar_scaled1.transpose(1, 0, 2)  # (H, E * H, E) [74]
    return float(L), out


def sgd_step(parameters, gradients, learning_rate):
    """Take a step of gradient descent: each parameter minus the learning rate times its gradient, in place."""
    for name, gradient in gradients.items():
        step = float(learning_rate) * gradient
        if isinstance(parameters[name], np.ndarray):
            parameters[name] -= step
        else:
            parameters[name] = parameters[name] - float(step)


_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))


def _parameters(*values):
    """The parameters' dtype and the parameters as arrays; a float goes with either dtype."""
    dtype, arrays = None, []
    for name, value in zip(PARAMETERS, values):
        if type(value) is not float:
            value = np.asarray(value)
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
    return found


# W. J. Cody, Rational Chebyshev approximations for the error function (1969): near 0, and from there on.
_ERF_NEAR = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)
_ERF_FAR = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1, 2.98635138197400131e2,
     8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)


def _erf(x):
    """The error function of each entry."""
    near, far = np.clip(x, -0.46875, 0.46875), np.clip(np.abs(x), 0.46875, 6)
    inner = near * _ratio(near * near, *_ERF_NEAR)
    outer = np.copysign(1 - np.exp(-far * far) * _ratio(far, *_ERF_FAR), x)
    return np.where(near == x, inner, outer)


def _ratio(x, above, below):
    """A quotient of polynomials, highest power first."""
    p, q = above[0], below[0]
    for a, b in zip(above[1:], below[1:]):
        p, q = p * x + a, q * x + b
    return p / q


def _forward_sizes(x, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return N, T, H, E, F; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "g1", "b1", "Wq", "Wk", "Wv", "Wo", "g2", "b2", "W1", "c1", "W2", "c2")
    arrays = (x, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    _check_ranks(names, arrays, (3, 1, 1, 3, 3, 3, 3, 1, 1, 2, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    H = Wq.shape[0]
    E = Wq.shape[2]
    F = W1.shape[1]
    expected = ((N, T, E * H), (E * H,), (E * H,), (H, E * H, E), (H, E * H, E), (H, E * H, E), (H, E, E * H), (E * H,), (E * H,), (E * H, F), (F,), (F, E * H), (E * H,))
    _check_shapes(names, arrays, expected, "N from x, T from x, H from Wq, E from Wq, F from W1")
    return N, T, H, E, F


def _sizes(x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2):
    """Return N, T, H, E, F; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "y", "g1", "b1", "Wq", "Wk", "Wv", "Wo", "g2", "b2", "W1", "c1", "W2", "c2")
    arrays = (x, y, g1, b1, Wq, Wk, Wv, Wo, g2, b2, W1, c1, W2, c2)
    _check_ranks(names, arrays, (3, 3, 1, 1, 3, 3, 3, 3, 1, 1, 2, 1, 2, 1))
    N = x.shape[0]
    T = x.shape[1]
    H = Wq.shape[0]
    E = Wq.shape[2]
    F = W1.shape[1]
    expected = ((N, T, E * H), (N, T, E * H), (E * H,), (E * H,), (H, E * H, E), (H, E * H, E), (H, E * H, E), (H, E, E * H), (E * H,), (E * H,), (E * H, F), (F,), (F, E * H), (E * H,))
    _check_shapes(names, arrays, expected, "N from x, T from x, H from Wq, E from Wq, F from W1")
    return N, T, H, E, F


def _check_ranks(names, arrays, ranks):
    """ValueError where an array has not as many dimensions as in the network."""
    if tuple([array.ndim for array in arrays]) != ranks:
        raise ValueError(_misfit(names, [array.shape for array in arrays]))


def _check_shapes(names, arrays, expected, sources):
    """ValueError where a shape is not what the sizes say, or an extent is 0."""
    shapes = tuple([array.shape for array in arrays])
    if shapes != expected or not all(map(all, shapes)):
        raise ValueError(_misfit(names, shapes, expected, sources))


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


def _outputs(out, dtype, shapes):
    """The arrays that take the gradients: those in `out`, which must fit, or new ones."""
    out = {} if out is None else out
    for name, shape in zip(PARAMETERS, shapes):
        array = out.get(name)
        if array is None:
            out[name] = np.empty(shape, dtype)
        elif not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
            has = f"shape {np.shape(array)} and dtype {getattr(array, 'dtype', type(array).__name__)}"
            raise ValueError(f"out[{name!r}] has {has}, expected shape {shape} and dtype {dtype}")
    return out


def _scratch(work, dtype, N, T, H, E, F):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    if work.get("for") != ("transformer_block", dtype, N, T, H, E, F):
        work["for"] = ("transformer_block", dtype, N, T, H, E, F)
        work["arrays"] = (
            np.empty((N, T), dtype),  # u_mu
            np.empty((N, T, E * H), dtype),  # u_v_shifted
            np.empty((N, T, E * H), dtype),  # u_v_square
            np.empty((N * T, E * H), dtype),  # q_product
            np.empty((N * T, E * H), dtype),  # k_product
            np.empty((N * T, E * H), dtype),  # v_product
            np.empty((N, H, T, T), dtype),  # o_s
            np.empty((T, T), bool),  # o_a_mask
            np.empty((N, H, T), dtype),  # o_a_clipped
            np.empty((N, H, T, T), dtype),  # o_a_shifted
            np.empty((N, H, T, T), dtype),  # o_a_exp
            np.empty((T, T), dtype),  # o_a_part5
            np.empty((T, 1, H * N), dtype),  # o_product
            np.empty((T, N, H), dtype),  # r_ratio
            np.empty((N, H, T, E), bool),  # r_mask
            np.empty((N, T, H, E, T), bool),  # r_mask1
            np.empty((N, T, H, E), dtype),  # r_clipped
            np.empty((N, T, H, E, T), dtype),  # r_scaled
            np.empty((N, H, E, T, 1), dtype),  # r_product
            np.empty((N, H, E, T), dtype),  # r_scaled1
            np.empty((N * T, E * H), dtype),  # r_product1
            np.empty((N, T, E * H), dtype),  # r
            np.empty((N, T, E * H), dtype),  # w_v_shifted
            np.empty((N, T, E * H), dtype),  # w_v_square
            np.empty((N * T, F), dtype),  # z_product
            np.empty((N, T, F), dtype),  # z
            np.empty((N, T, F), dtype),  # a_scaled
            np.empty((F, N * T), dtype),  # W1_bar_product
            np.empty((F, N, T), dtype),  # W1_bar_scaled
            np.empty((E * H, N * T), dtype),  # g2_bar_product
            np.empty((N, T, E * H), dtype),  # r_bar
            np.empty((N, T), dtype),  # r_bar_scaled
            np.empty((N * T,), dtype),  # r_bar_product
            np.empty((H, E, N, T, T), bool),  # Wo_bar_mask
            np.empty((H, E, N, T), dtype),  # Wo_bar_clipped
            np.empty((H, E, N, T, T), dtype),  # Wo_bar_scaled
            np.empty((H, E, N, T, 1), dtype),  # Wo_bar_product
            np.empty((H, E * H, N, T), dtype),  # Wo_bar_scaled2
            np.empty((T, N, H), dtype),  # o_s_bar_square
            np.empty((T, T), bool),  # v_bar_mask
            np.empty((T, T), dtype),  # v_bar_part
            np.empty((N, H, T, E), dtype),  # v_bar_scaled
            np.empty((N, H, T, T), dtype),  # v_bar_scaled1
            np.empty((H, N, E, T), dtype),  # Wv_bar_product
            np.empty((E * H, E * H), dtype),  # Wv_bar_product1
            np.empty((N, H, T, T), bool),  # k_bar_mask
            np.empty((N, H, T, T), bool),  # k_bar_mask1
            np.empty((N, H, T), dtype),  # k_bar_clipped
            np.empty((N, H, T, T), dtype),  # k_bar_scaled
            np.empty((N, H, T), dtype),  # k_bar_sum
            np.empty((H, N, T, T), dtype),  # Wk_bar_shifted
            np.empty((H, N, T, T), dtype),  # Wk_bar_scaled
            np.empty((E * H, E * H), dtype),  # Wk_bar_product1
            np.empty((E * H, H, E), dtype),  # Wk_bar_scaled1
            np.empty((E * H, H, E), dtype),  # Wq_bar_scaled1
            np.empty((N, T, H, T), dtype),  # u_bar_shifted
            np.empty((N, T, H, T), dtype),  # u_bar_scaled
            np.empty((N, H, T, E), dtype),  # u_bar_product5
        )
    return work["arrays"]
