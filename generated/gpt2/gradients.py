"""Loss and gradients of gpt2.

Embedding and positions, L blocks, a last layer norm, the embedding again as the head, cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are B, T, L, H, E, V.
"""

import numpy as np

DATA = ("tokens", "targets")
PARAMETERS = ("wte", "wpe", "g1", "c1", "Wqkv", "bqkv", "Wo", "bo", "g2", "c2", "Wf", "bf", "Wp", "bp", "gf", "cf")
SHAPES = {
    "tokens": ("B", "T"),
    "targets": ("B", "T"),
    "wte": ("V", "E*H"),
    "wpe": ("T", "E*H"),
    "g1": ("L", "E*H"),
    "c1": ("L", "E*H"),
    "Wqkv": ("L", "E*H", "3*E*H"),
    "bqkv": ("L", "3*E*H"),
    "Wo": ("L", "H", "E", "E*H"),
    "bo": ("L", "E*H"),
    "g2": ("L", "E*H"),
    "c2": ("L", "E*H"),
    "Wf": ("L", "E*H", "4*E*H"),
    "bf": ("L", "4*E*H"),
    "Wp": ("L", "4*E*H", "E*H"),
    "bp": ("L", "E*H"),
    "gf": ("E*H",),
    "cf": ("E*H",),
}
LABELS = {
    "tokens": 'V',
    "targets": 'V',
}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(tokens, *, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf):
    """Return the named tensors that need no target, by name."""
    dtype, (
        wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf
    ) = _parameters(wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf)
    tokens = _labels("tokens", tokens)
    B, T, L, H, E, V = _forward_sizes(tokens, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf)
    _check_labels("tokens", tokens, V)

    # [1] x_start[b, t] = wte[tokens[b, t]] + wpe[t]
    x_start = wte[tokens]  # (B, T, E * H)
    x_start += wpe  # (B, T, E * H)
    u_mu = np.empty((L, B, T), dtype)
    u_v = np.empty((L, B, T), dtype)
    u_r = np.empty((L, B, T), dtype)
    u_xhat = np.empty((L, B, T, E * H), dtype)
    u = np.empty((L, B, T, E * H), dtype)
    qkv = np.empty((L, B, T, 3 * E * H), dtype)
    q = np.empty((L, B, H, T, E), dtype)
    k = np.empty((L, B, H, T, E), dtype)
    v = np.empty((L, B, H, T, E), dtype)
    o_s = np.empty((L, B, H, T, T), dtype)
    o_z = np.empty((L, B, H, T, T), dtype)
    o_a = np.empty((L, B, H, T, T), dtype)
    o = np.empty((L, B, H, T, E), dtype)
    p = np.empty((L, B, T, E * H), dtype)
    r = np.empty((L, B, T, E * H), dtype)
    w_mu = np.empty((L, B, T), dtype)
    w_v = np.empty((L, B, T), dtype)
    w_r = np.empty((L, B, T), dtype)
    w_xhat = np.empty((L, B, T, E * H), dtype)
    w = np.empty((L, B, T, E * H), dtype)
    a_x = np.empty((L, B, T, 4 * E * H), dtype)
    a_tanh = np.empty((L, B, T, 4 * E * H), dtype)
    a = np.empty((L, B, T, 4 * E * H), dtype)
    x = np.empty((L, B, T, E * H), dtype)
    o_a_range = np.arange(T)  # (T,)
    o_a_mask = o_a_range <= o_a_range[:, None]  # (T, T)
    o_a_part1 = np.where(o_a_mask, 1e+37, -1e+37).astype(dtype)  # (T, T)
    x_before = x_start
    x_before1 = x_start
    for l in range(L):
        # [2] u_mu[l, b] = (x[l - 1, b] 1)/E/H (mean)
        u_mu_l = x_before.sum(axis=2, out=u_mu[l])
        u_mu_l /= E * H  # (B, T)
        # [3] u_v[l, b] = ((x[l - 1, b] - (u_mu[l, b] 1^T))^2 1)/E/H (variance)
        u_v_shifted = np.subtract(x_before, u_mu_l[:, :, None], out=u_xhat[l])
        u_v_square = np.square(u_v_shifted)  # (B, T, E * H)
        u_v_l = u_v_square.sum(axis=2, out=u_v[l])
        u_v_l /= E * H  # (B, T)
        # [4] u_r[l] = (u_v[l] + 1e-05)^-1/2 (reciprocal deviation)
        u_r_l = np.add(u_v_l, 1e-05, out=u_r[l])
        np.sqrt(u_r_l, out=u_r_l)
        np.divide(1, u_r_l, out=u_r_l)  # (B, T)
        # [5] u_xhat[l, b] = diag(u_r[l, b]) (x[l - 1, b] - (u_mu[l, b] 1^T)) (normalised)
        u_xhat_l = np.multiply(u_r_l[:, :, None], u_v_shifted, out=u_v_shifted)  # (B, T, E * H)
        # [6] u[l, b] = u_xhat[l, b] diag(g1[l]) + 1 c1[l]^T
        u_l = np.multiply(g1[l], u_xhat_l, out=u[l])
        u_l += c1[l]  # (B, T, E * H)
        # [7] qkv[l, b] = u[l, b] Wqkv[l] + 1 bqkv[l]^T
        qkv_product = u_l.reshape(B * T, E * H) @ Wqkv[l]  # (B * T, 3 * E * H)
        qkv_l = np.add(qkv_product.reshape(B, T, 3 * E * H), bqkv[l], out=qkv[l])  # (B, T, 3 * E * H)
        # [11, 12] o_s[l, b, h] = (q[l, b, h] k[l, b, h]^T)/sqrt(E); o_z[l, b, h] = o_s[l, b, h]
        o_z_l = np.matmul(
            qkv_l[:, :, : E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3),
            qkv_l[:, :, E * H : 2 * E * H].reshape(B, T, H, E).transpose(0, 2, 3, 1),
            out=o_s[l],
        )
        o_z_l *= 1 / E ** 0.5  # (B, H, T, T)
        # [13]
        o_a_capped = np.minimum(o_z_l, o_a_part1, out=o_a[l])
        o_a_max = o_a_capped.max(axis=3)  # (B, H, T)
        o_a_exp = np.subtract(o_a_capped, o_a_max[:, :, :, None], out=o_a_capped)
        np.exp(o_a_exp, out=o_a_exp)
        o_a_sum = o_a_exp.sum(axis=3)  # (B, H, T)
        o_a_l = np.divide(o_a_exp, o_a_sum[:, :, :, None], out=o_a_exp)  # (B, H, T, T)
        # [14] o[l, b, h] = o_a[l, b, h] v[l, b, h]
        o_l = np.matmul(
            o_a_l,
            qkv_l[:, :, 2 * E * H : 3 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3),
            out=o[l],
        )  # (B, H, T, E)
        # [15] p[l, b] = sum_h o[l, b, h] Wo[l, h]
        p_product = o_l.transpose(0, 2, 1, 3).reshape(B * T, E * H) @ Wo[l].reshape(E * H, E * H)  # (B * T, E * H)
        # [16] r[l, b] = x[l - 1, b] + p[l, b] + 1 bo[l]^T
        r_l = np.add(x_before1, p_product.reshape(B, T, E * H), out=r[l])
        r_l += bo[l]  # (B, T, E * H)
        # [17] w_mu[l, b] = (r[l, b] 1)/E/H (mean)
        w_mu_l = r_l.sum(axis=2, out=w_mu[l])
        w_mu_l /= E * H  # (B, T)
        # [18] w_v[l, b] = ((r[l, b] - (w_mu[l, b] 1^T))^2 1)/E/H (variance)
        w_v_shifted = np.subtract(r_l, w_mu_l[:, :, None], out=w_xhat[l])
        w_v_square = np.square(w_v_shifted)  # (B, T, E * H)
        w_v_l = w_v_square.sum(axis=2, out=w_v[l])
        w_v_l /= E * H  # (B, T)
        # [19] w_r[l] = (w_v[l] + 1e-05)^-1/2 (reciprocal deviation)
        w_r_l = np.add(w_v_l, 1e-05, out=w_r[l])
        np.sqrt(w_r_l, out=w_r_l)
        np.divide(1, w_r_l, out=w_r_l)  # (B, T)
        # [20] w_xhat[l, b] = diag(w_r[l, b]) (r[l, b] - (w_mu[l, b] 1^T)) (normalised)
        w_xhat_l = np.multiply(w_r_l[:, :, None], w_v_shifted, out=w_v_shifted)  # (B, T, E * H)
        # [21] w[l, b] = w_xhat[l, b] diag(g2[l]) + 1 c2[l]^T
        w_l = np.multiply(g2[l], w_xhat_l, out=w[l])
        w_l += c2[l]  # (B, T, E * H)
        # [22] a_x[l, b] = w[l, b] Wf[l] + 1 bf[l]^T
        a_x_product = w_l.reshape(B * T, E * H) @ Wf[l]  # (B * T, 4 * E * H)
        a_x_l = np.add(a_x_product.reshape(B, T, 4 * E * H), bf[l], out=a_x[l])  # (B, T, 4 * E * H)
        # [23] a_tanh[l, b] = tanh(sqrt(2/pi) (a_x[l, b] + 8943 a_x[l, b]^3/200000))
        a_tanh_l = np.square(a_x_l, out=a_tanh[l])
        a_tanh_l *= a_x_l
        a_tanh_l *= 0.044715
        a_tanh_l += a_x_l
        a_tanh_l *= (2 / np.pi) ** 0.5
        np.tanh(a_tanh_l, out=a_tanh_l)  # (B, T, 4 * E * H)
        # [24] a[l, b] = (a_x[l, b] * (1 + a_tanh[l, b]))/2
        a_total = 1 + a_tanh_l  # (B, T, 4 * E * H)
        a_l = np.multiply(a_x_l, 0.5, out=a[l])
        a_l *= a_total  # (B, T, 4 * E * H)
        # [25] x[l, b] = r[l, b] + a[l, b] Wp[l] + 1 bp[l]^T
        x_product = a_l.reshape(B * T, 4 * E * H) @ Wp[l]  # (B * T, E * H)
        x_l = np.add(r_l, x_product.reshape(B, T, E * H), out=x[l])
        x_l += bp[l]  # (B, T, E * H)
        q[l] = qkv_l[:, :, : E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)
        k[l] = qkv_l[:, :, E * H : 2 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)
        v[l] = qkv_l[:, :, 2 * E * H : 3 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)
        o_z[l] = o_z_l
        p[l] = p_product.reshape(B, T, E * H)
        x_before, x_before1 = x_l, x_l
    # [26] f_mu[b] = (x[L - 1, b] 1)/E/H (mean)
    f_mu = x[L - 1].sum(axis=2)  # (B, T)
    f_mu /= E * H  # (B, T)
    # [27] f_v[b] = ((x[L - 1, b] - (f_mu[b] 1^T))^2 1)/E/H (variance)
    f_v_shifted = x[L - 1] - f_mu[:, :, None]  # (B, T, E * H)
    f_v_square = np.square(f_v_shifted)  # (B, T, E * H)
    f_v = f_v_square.sum(axis=2)  # (B, T)
    f_v /= E * H  # (B, T)
    # [28] F_r = (F_v + 1e-05)^-1/2 (reciprocal deviation)
    f_r = f_v + 1e-05  # (B, T)
    np.sqrt(f_r, out=f_r)
    np.divide(1, f_r, out=f_r)  # (B, T)
    # [29] f_xhat[b] = diag(f_r[b]) (x[L - 1, b] - (f_mu[b] 1^T)) (normalised)
    f_xhat = np.multiply(f_r[:, :, None], f_v_shifted, out=f_v_shifted)  # (B, T, E * H)
    # [30] f[b] = f_xhat[b] diag(gf) + 1 cf^T
    f = gf * f_xhat  # (B, T, E * H)
    f += cf  # (B, T, E * H)
    # [31] logits[b] = f[b] Wte^T
    logits_product = f.reshape(B * T, E * H) @ wte.T  # (B * T, V)
    # [32] loss_log_softmax[b] = log_softmax(logits[b])
    loss_log_softmax_max = logits_product.reshape(B, T, V).max(axis=2)  # (B, T)
    loss_log_softmax_exp = logits_product.reshape(B, T, V) - loss_log_softmax_max[:, :, None]  # (B, T, V)
    np.exp(loss_log_softmax_exp, out=loss_log_softmax_exp)
    loss_log_softmax_log = loss_log_softmax_exp.sum(axis=2)  # (B, T)
    np.log(loss_log_softmax_log, out=loss_log_softmax_log)
    loss_log_softmax_total = np.add(loss_log_softmax_max, loss_log_softmax_log, out=loss_log_softmax_max)
    loss_log_softmax = logits_product.reshape(B, T, V) - loss_log_softmax_total[:, :, None]  # (B, T, V)
    return {
        "x_start": x_start,
        "u_mu": u_mu,
        "u_v": u_v,
        "u_r": u_r,
        "u_xhat": u_xhat,
        "u": u,
        "qkv": qkv,
        "q": q,
        "k": k,
        "v": v,
        "o_s": o_s,
        "o_z": o_z,
        "o_a": o_a,
        "o": o,
        "p": p,
        "r": r,
        "w_mu": w_mu,
        "w_v": w_v,
        "w_r": w_r,
        "w_xhat": w_xhat,
        "w": w,
        "a_x": a_x,
        "a_tanh": a_tanh,
        "a": a,
        "x": x,
        "f_mu": f_mu,
        "f_v": f_v,
        "f_r": f_r,
        "f_xhat": f_xhat,
        "f": f,
        "logits": logits_product.reshape(B, T, V),
        "loss_log_softmax": loss_log_softmax,
    }


def loss(tokens, targets, *, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf):
    """Return loss."""
    dtype, (
        wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf
    ) = _parameters(wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf)
    tokens = _labels("tokens", tokens)
    targets = _labels("targets", targets)
    B, T, L, H, E, V = _sizes(tokens, targets, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf)
    _check_labels("tokens", tokens, V)
    _check_labels("targets", targets, V)

    # [1] x_start[b, t] = wte[tokens[b, t]] + wpe[t]
    x_start = wte[tokens]  # (B, T, E * H)
    x_start += wpe  # (B, T, E * H)
    x = np.empty((L, B, T, E * H), dtype)
    o_a_range = np.arange(T)  # (T,)
    o_a_mask = o_a_range <= o_a_range[:, None]  # (T, T)
    o_a_part1 = np.where(o_a_mask, 1e+37, -1e+37).astype(dtype)  # (T, T)
    x_before = x_start
    x_before1 = x_start
    for l in range(L):
        # [2] u_mu[l, b] = (x[l - 1, b] 1)/E/H (mean)
        u_mu_l = x_before.sum(axis=2)  # (B, T)
        u_mu_l /= E * H  # (B, T)
        # [3] u_v[l, b] = ((x[l - 1, b] - (u_mu[l, b] 1^T))^2 1)/E/H (variance)
        u_v_shifted = x_before - u_mu_l[:, :, None]  # (B, T, E * H)
        u_v_square = np.square(u_v_shifted)  # (B, T, E * H)
        u_r_l = u_v_square.sum(axis=2)  # (B, T)
        u_r_l /= E * H  # (B, T)
        # [4] u_r[l] = (u_v[l] + 1e-05)^-1/2 (reciprocal deviation)
        u_r_l += 1e-05
        np.sqrt(u_r_l, out=u_r_l)
        np.divide(1, u_r_l, out=u_r_l)  # (B, T)
        # [5] u_xhat[l, b] = diag(u_r[l, b]) (x[l - 1, b] - (u_mu[l, b] 1^T)) (normalised)
        u_l = np.multiply(u_r_l[:, :, None], u_v_shifted, out=u_v_shifted)  # (B, T, E * H)
        # [6] u[l, b] = u_xhat[l, b] diag(g1[l]) + 1 c1[l]^T
        u_l *= g1[l]
        u_l += c1[l]  # (B, T, E * H)
        # [7] qkv[l, b] = u[l, b] Wqkv[l] + 1 bqkv[l]^T
        qkv_product = u_l.reshape(B * T, E * H) @ Wqkv[l]  # (B * T, 3 * E * H)
        qkv_l = qkv_product.reshape(B, T, 3 * E * H)
        qkv_l += bqkv[l]  # (B, T, 3 * E * H)
        # [11, 12] o_s[l, b, h] = (q[l, b, h] k[l, b, h]^T)/sqrt(E); o_z[l, b, h] = o_s[l, b, h]
        o_a_capped = qkv_l[:, :, : E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3) @ qkv_l[
            :, :, E * H : 2 * E * H
        ].reshape(B, T, H, E).transpose(0, 2, 3, 1)  # (B, H, T, T)
        o_a_capped *= 1 / E ** 0.5  # (B, H, T, T)
        # [13]
        np.minimum(o_a_capped, o_a_part1, out=o_a_capped)
        o_a_max = o_a_capped.max(axis=3)  # (B, H, T)
        o_a_exp = np.subtract(o_a_capped, o_a_max[:, :, :, None], out=o_a_capped)
        np.exp(o_a_exp, out=o_a_exp)
        o_a_sum = o_a_exp.sum(axis=3)  # (B, H, T)
        o_a_l = np.divide(o_a_exp, o_a_sum[:, :, :, None], out=o_a_exp)  # (B, H, T, T)
        # [14] o[l, b, h] = o_a[l, b, h] v[l, b, h]
        o_l = o_a_l @ qkv_l[:, :, 2 * E * H : 3 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)  # (B, H, T, E)
        # [15] p[l, b] = sum_h o[l, b, h] Wo[l, h]
        p_product = o_l.transpose(0, 2, 1, 3).reshape(B * T, E * H) @ Wo[l].reshape(E * H, E * H)  # (B * T, E * H)
        # [16] r[l, b] = x[l - 1, b] + p[l, b] + 1 bo[l]^T
        r_l = np.add(x_before1, p_product.reshape(B, T, E * H), out=x[l])
        r_l += bo[l]  # (B, T, E * H)
        # [17] w_mu[l, b] = (r[l, b] 1)/E/H (mean)
        w_mu_l = r_l.sum(axis=2)  # (B, T)
        w_mu_l /= E * H  # (B, T)
        # [18] w_v[l, b] = ((r[l, b] - (w_mu[l, b] 1^T))^2 1)/E/H (variance)
        w_v_shifted = r_l - w_mu_l[:, :, None]  # (B, T, E * H)
        w_v_square = np.square(w_v_shifted)  # (B, T, E * H)
        w_r_l = w_v_square.sum(axis=2)  # (B, T)
        w_r_l /= E * H  # (B, T)
        # [19] w_r[l] = (w_v[l] + 1e-05)^-1/2 (reciprocal deviation)
        w_r_l += 1e-05
        np.sqrt(w_r_l, out=w_r_l)
        np.divide(1, w_r_l, out=w_r_l)  # (B, T)
        # [20] w_xhat[l, b] = diag(w_r[l, b]) (r[l, b] - (w_mu[l, b] 1^T)) (normalised)
        w_l = np.multiply(w_r_l[:, :, None], w_v_shifted, out=w_v_shifted)  # (B, T, E * H)
        # [21] w[l, b] = w_xhat[l, b] diag(g2[l]) + 1 c2[l]^T
        w_l *= g2[l]
        w_l += c2[l]  # (B, T, E * H)
        # [22] a_x[l, b] = w[l, b] Wf[l] + 1 bf[l]^T
        a_x_product = w_l.reshape(B * T, E * H) @ Wf[l]  # (B * T, 4 * E * H)
        a_x_l = a_x_product.reshape(B, T, 4 * E * H)
        a_x_l += bf[l]  # (B, T, 4 * E * H)
        # [23] a_tanh[l, b] = tanh(sqrt(2/pi) (a_x[l, b] + 8943 a_x[l, b]^3/200000))
        a_total = np.square(a_x_l)  # (B, T, 4 * E * H)
        a_total *= a_x_l
        a_total *= 0.044715
        a_total += a_x_l
        a_total *= (2 / np.pi) ** 0.5
        np.tanh(a_total, out=a_total)  # (B, T, 4 * E * H)
        # [24] a[l, b] = (a_x[l, b] * (1 + a_tanh[l, b]))/2
        a_total += 1
        a_l = np.multiply(a_x_l, 0.5, out=a_x_l)
        a_l *= a_total  # (B, T, 4 * E * H)
        # [25] x[l, b] = r[l, b] + a[l, b] Wp[l] + 1 bp[l]^T
        x_product = a_l.reshape(B * T, 4 * E * H) @ Wp[l]  # (B * T, E * H)
        x_l = np.add(r_l, x_product.reshape(B, T, E * H), out=r_l)
        x_l += bp[l]  # (B, T, E * H)
        x_before, x_before1 = x_l, x_l
    # [26] f_mu[b] = (x[L - 1, b] 1)/E/H (mean)
    f_mu = x[L - 1].sum(axis=2)  # (B, T)
    f_mu /= E * H  # (B, T)
    # [27] f_v[b] = ((x[L - 1, b] - (f_mu[b] 1^T))^2 1)/E/H (variance)
    f_v_shifted = x[L - 1] - f_mu[:, :, None]  # (B, T, E * H)
    f_v_square = np.square(f_v_shifted)  # (B, T, E * H)
    f_v = f_v_square.sum(axis=2)  # (B, T)
    f_v /= E * H  # (B, T)
    # [28] F_r = (F_v + 1e-05)^-1/2 (reciprocal deviation)
    f_r = np.add(f_v, 1e-05, out=f_v)
    np.sqrt(f_r, out=f_r)
    np.divide(1, f_r, out=f_r)  # (B, T)
    # [29] f_xhat[b] = diag(f_r[b]) (x[L - 1, b] - (f_mu[b] 1^T)) (normalised)
    f_xhat = np.multiply(f_r[:, :, None], f_v_shifted, out=f_v_shifted)  # (B, T, E * H)
    # [30] f[b] = f_xhat[b] diag(gf) + 1 cf^T
    f = np.multiply(gf, f_xhat, out=f_xhat)
    f += cf  # (B, T, E * H)
    # [31] logits[b] = f[b] Wte^T
    logits_product = f.reshape(B * T, E * H) @ wte.T  # (B * T, V)
    # [32] loss_log_softmax[b] = log_softmax(logits[b])
    loss_log_softmax_max = logits_product.reshape(B, T, V).max(axis=2)  # (B, T)
    loss_log_softmax_exp = logits_product.reshape(B, T, V) - loss_log_softmax_max[:, :, None]  # (B, T, V)
    np.exp(loss_log_softmax_exp, out=loss_log_softmax_exp)
    loss_log_softmax_log = loss_log_softmax_exp.sum(axis=2)  # (B, T)
    np.log(loss_log_softmax_log, out=loss_log_softmax_log)
    loss_log_softmax_total = np.add(loss_log_softmax_max, loss_log_softmax_log, out=loss_log_softmax_max)
    logits = logits_product.reshape(B, T, V)
    loss_log_softmax = np.subtract(logits, loss_log_softmax_total[:, :, None], out=logits)  # (B, T, V)
    # [33]
    loss_range = np.arange(B)  # (B,)
    loss_read = loss_log_softmax[loss_range[:, None], o_a_range, targets]  # (B, T)
    loss = -loss_read.sum() / B / T
    return float(loss)


def loss_and_gradients(tokens, targets, *, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf, out=None, work=None):
    """Return loss and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (
        wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf
    ) = _parameters(wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf)
    tokens = _labels("tokens", tokens)
    targets = _labels("targets", targets)
    B, T, L, H, E, V = _sizes(tokens, targets, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf)
    _check_labels("tokens", tokens, V)
    _check_labels("targets", targets, V)
    out = _outputs(
        out,
        work,
        dtype,
        (
            (V, E * H),
            (T, E * H),
            (L, E * H),
            (L, E * H),
            (L, E * H, 3 * E * H),
            (L, 3 * E * H),
            (L, H, E, E * H),
            (L, E * H),
            (L, E * H),
            (L, E * H),
            (L, E * H, 4 * E * H),
            (L, 4 * E * H),
            (L, 4 * E * H, E * H),
            (L, E * H),
            (E * H,),
            (E * H,),
        ),
        (tokens, targets, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf),
    )
    (
        r_bar_after, u_r, u_xhat, q, k, v, o_a, o, w_r, w_xhat, a_x, x, o_a_mask, ones, ones1, u_mu_l, u_l, qkv_l,
        o_a_max, a_x_part2, a_l, f_mu, f_v_shifted, f, logits, loss_log_softmax_max, loss_log_softmax_exp, ones2,
        loss_log_softmax_sum, loss_log_softmax_log, f_bar_product, gf_bar_scaled, ones3, u_xhat_bar, a_x_bar_l,
        a_tanh_again_square, a_tanh_again_l, a_x_bar_total, a_x_bar_shifted1, w_bar_product, w_xhat_bar_l, r_bar_ratio,
        o_bar_part4, o_a_bar_l, o_s_bar_sum, v_bar_l, k_bar_l, q_bar_l, qkv_bar_l, u_bar_product, Wo_bar_l,
        wte_bar_product,
    ) = _scratch(work, dtype, B, T, L, H, E, V)

    # [1] x_start[b, t] = wte[tokens[b, t]] + wpe[t]
    x_start = wte[tokens]  # (B, T, E * H)
    x_start += wpe  # (B, T, E * H)
    o_a_range = np.arange(T)  # (T,)
    np.less_equal(o_a_range, o_a_range[:, None], out=o_a_mask)  # (T, T)
    o_a_part1 = np.where(o_a_mask, 1e+37, -1e+37).astype(dtype)  # (T, T)
    x_before = x_start
    x_before1 = x_start
    for l in range(L):
        # [2] u_mu[l, b] = (x[l - 1, b] 1)/E/H (mean)
        np.matmul(x_before, ones, out=u_mu_l)  # (B, T)
        u_mu_l /= E * H  # (B, T)
        # [3] u_v[l, b] = ((x[l - 1, b] - (u_mu[l, b] 1^T))^2 1)/E/H (variance)
        u_v_shifted = np.subtract(x_before, u_mu_l[:, :, None], out=u_xhat[l])
        u_r_l = np.vecdot(u_v_shifted, u_v_shifted, out=u_r[l])
        u_r_l /= E * H  # (B, T)
        # [4] u_r[l] = (u_v[l] + 1e-05)^-1/2 (reciprocal deviation)
        u_r_l += 1e-05
        np.sqrt(u_r_l, out=u_r_l)
        np.divide(1, u_r_l, out=u_r_l)  # (B, T)
        # [5] u_xhat[l, b] = diag(u_r[l, b]) (x[l - 1, b] - (u_mu[l, b] 1^T)) (normalised)
        u_xhat_l = np.multiply(u_r_l[:, :, None], u_v_shifted, out=u_v_shifted)  # (B, T, E * H)
        # [6] u[l, b] = u_xhat[l, b] diag(g1[l]) + 1 c1[l]^T
        np.multiply(g1[l], u_xhat_l, out=u_l)  # (B, T, E * H)
        u_l += c1[l]  # (B, T, E * H)
        # [7] qkv[l, b] = u[l, b] Wqkv[l] + 1 bqkv[l]^T
        _product(u_l.reshape(B * T, E * H), Wqkv[l], out=qkv_l.reshape(B * T, 3 * E * H))  # (B * T, 3 * E * H)
        qkv_l += bqkv[l]  # (B, T, 3 * E * H)
        # [11, 12] o_s[l, b, h] = (q[l, b, h] k[l, b, h]^T)/sqrt(E); o_z[l, b, h] = o_s[l, b, h]
        o_a_capped = np.matmul(
            qkv_l[:, :, : E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3),
            qkv_l[:, :, E * H : 2 * E * H].reshape(B, T, H, E).transpose(0, 2, 3, 1),
            out=o_a[l],
        )
        o_a_capped *= 1 / E ** 0.5  # (B, H, T, T)
        # [13]
        np.minimum(o_a_capped, o_a_part1, out=o_a_capped)
        o_a_capped.max(axis=3, out=o_a_max)  # (B, H, T)
        o_a_exp = np.subtract(o_a_capped, o_a_max[:, :, :, None], out=o_a_capped)
        np.exp(o_a_exp, out=o_a_exp)
        o_a_sum = np.matmul(o_a_exp, ones1, out=o_a_max)  # (B, H, T)
        o_a_l = np.divide(o_a_exp, o_a_sum[:, :, :, None], out=o_a_exp)  # (B, H, T, T)
        # [14] o[l, b, h] = o_a[l, b, h] v[l, b, h]
        o_l = _product(
            o_a_l,
            qkv_l[:, :, 2 * E * H : 3 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3),
            out=o[l],
        )  # (B, H, T, E)
        # [15] p[l, b] = sum_h o[l, b, h] Wo[l, h]
        _product(
            o_l.transpose(0, 2, 1, 3).reshape(B * T, E * H),
            Wo[l].reshape(E * H, E * H),
            out=u_l.reshape(B * T, E * H),
        )  # (B * T, E * H)
        p_l = u_l
        # [16] r[l, b] = x[l - 1, b] + p[l, b] + 1 bo[l]^T
        r_l = np.add(x_before1, p_l, out=x[l])
        r_l += bo[l]  # (B, T, E * H)
        # [17] w_mu[l, b] = (r[l, b] 1)/E/H (mean)
        w_mu_l = np.matmul(r_l, ones, out=u_mu_l)  # (B, T)
        w_mu_l /= E * H  # (B, T)
        # [18] w_v[l, b] = ((r[l, b] - (w_mu[l, b] 1^T))^2 1)/E/H (variance)
        w_v_shifted = np.subtract(r_l, w_mu_l[:, :, None], out=w_xhat[l])
        w_r_l = np.vecdot(w_v_shifted, w_v_shifted, out=w_r[l])
        w_r_l /= E * H  # (B, T)
        # [19] w_r[l] = (w_v[l] + 1e-05)^-1/2 (reciprocal deviation)
        w_r_l += 1e-05
        np.sqrt(w_r_l, out=w_r_l)
        np.divide(1, w_r_l, out=w_r_l)  # (B, T)
        # [20] w_xhat[l, b] = diag(w_r[l, b]) (r[l, b] - (w_mu[l, b] 1^T)) (normalised)
        w_xhat_l = np.multiply(w_r_l[:, :, None], w_v_shifted, out=w_v_shifted)  # (B, T, E * H)
        # [21] w[l, b] = w_xhat[l, b] diag(g2[l]) + 1 c2[l]^T
        w_l = np.multiply(g2[l], w_xhat_l, out=u_l)  # (B, T, E * H)
        w_l += c2[l]  # (B, T, E * H)
        # [22] a_x[l, b] = w[l, b] Wf[l] + 1 bf[l]^T
        _product(w_l.reshape(B * T, E * H), Wf[l], out=a_x_part2.reshape(B * T, 4 * E * H))  # (B * T, 4 * E * H)
        a_x_l = np.add(a_x_part2, bf[l], out=a_x[l])  # (B, T, 4 * E * H)
        # [23] a_tanh[l, b] = tanh(sqrt(2/pi) (a_x[l, b] + 8943 a_x[l, b]^3/200000))
        a_total = np.square(a_x_l, out=a_x_part2)  # (B, T, 4 * E * H)
        a_total *= a_x_l
        a_total *= 0.044715
        a_total += a_x_l
        a_total *= (2 / np.pi) ** 0.5
        np.tanh(a_total, out=a_total)  # (B, T, 4 * E * H)
        # [24] a[l, b] = (a_x[l, b] * (1 + a_tanh[l, b]))/2
        a_total += 1
        np.multiply(a_x_l, 0.5, out=a_l)  # (B, T, 4 * E * H)
        a_l *= a_total  # (B, T, 4 * E * H)
        # [25] x[l, b] = r[l, b] + a[l, b] Wp[l] + 1 bp[l]^T
        _product(a_l.reshape(B * T, 4 * E * H), Wp[l], out=u_l.reshape(B * T, E * H))  # (B * T, E * H)
        x_part2 = u_l
        x_l = np.add(r_l, x_part2, out=r_l)
        x_l += bp[l]  # (B, T, E * H)
        q[l] = qkv_l[:, :, : E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)
        k[l] = qkv_l[:, :, E * H : 2 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)
        v[l] = qkv_l[:, :, 2 * E * H : 3 * E * H].reshape(B, T, H, E).transpose(0, 2, 1, 3)
        x_before, x_before1 = x_l, x_l
    # [26] f_mu[b] = (x[L - 1, b] 1)/E/H (mean)
    np.matmul(x[L - 1], ones, out=f_mu)  # (B, T)
    f_mu /= E * H  # (B, T)
    # [27] f_v[b] = ((x[L - 1, b] - (f_mu[b] 1^T))^2 1)/E/H (variance)
    np.subtract(x[L - 1], f_mu[:, :, None], out=f_v_shifted)  # (B, T, E * H)
    f_v = np.vecdot(f_v_shifted, f_v_shifted, out=f_mu)  # (B, T)
    f_v /= E * H  # (B, T)
    # [28] F_r = (F_v + 1e-05)^-1/2 (reciprocal deviation)
    f_r = np.add(f_v, 1e-05, out=f_v)
    np.sqrt(f_r, out=f_r)
    np.divide(1, f_r, out=f_r)  # (B, T)
    # [29] f_xhat[b] = diag(f_r[b]) (x[L - 1, b] - (f_mu[b] 1^T)) (normalised)
    f_xhat = np.multiply(f_r[:, :, None], f_v_shifted, out=f_v_shifted)  # (B, T, E * H)
    # [30] f[b] = f_xhat[b] diag(gf) + 1 cf^T
    np.multiply(gf, f_xhat, out=f)  # (B, T, E * H)
    f += cf  # (B, T, E * H)
    # [31] logits[b] = f[b] Wte^T
    np.matmul(f.reshape(B * T, E * H), wte.T, out=logits.reshape(B * T, V))  # (B * T, V)
    # [32] loss_log_softmax[b] = log_softmax(logits[b])
    logits.max(axis=2, out=loss_log_softmax_max)  # (B, T)
    np.subtract(logits, loss_log_softmax_max[:, :, None], out=loss_log_softmax_exp)  # (B, T, V)
    np.exp(loss_log_softmax_exp, out=loss_log_softmax_exp)
    np.matmul(loss_log_softmax_exp, ones2, out=loss_log_softmax_sum)  # (B, T)
    np.log(loss_log_softmax_sum, out=loss_log_softmax_log)  # (B, T)
    loss_log_softmax_total = np.add(loss_log_softmax_max, loss_log_softmax_log, out=loss_log_softmax_max)
    loss_log_softmax = np.subtract(logits, loss_log_softmax_total[:, :, None], out=logits)  # (B, T, V)
    # [33]
    loss_range = np.arange(B)  # (B,)
    loss_read = loss_log_softmax[loss_range[:, None], o_a_range, targets]  # (B, T)
    loss = -loss_read.sum() / B / T
    # [36] logits_bar[b] = (exp(loss_log_softmax[b]) - I[targets[b]])/B/T
    logits_bar = np.divide(loss_log_softmax_exp, loss_log_softmax_sum[:, :, None], out=loss_log_softmax_exp)
    logits_bar[loss_range[:, None], o_a_range, targets] -= 1
    logits_bar *= 1 / B / T  # (B, T, V)
    # [37] f_bar[b] = logits_bar[b] Wte
    _product(logits_bar.reshape(B * T, V), wte, out=f_bar_product)  # (B * T, E * H)
    # [38] gf_bar = sum_b (f_bar[b] * f_xhat[b])^T 1
    np.multiply(f_bar_product.reshape(B, T, E * H), f_xhat, out=gf_bar_scaled)  # (B, T, E * H)
    _row_sum(ones3, gf_bar_scaled.reshape(B * T, E * H), out=out["gf"])  # (E * H,)
    # [39] cf_bar = sum_b f_bar[b]^T 1
    _row_sum(ones3, f_bar_product, out=out["cf"])  # (E * H,)
    # [40] f_xhat_bar[b] = f_bar[b] diag(gf)
    f_bar = f_bar_product.reshape(B, T, E * H)
    f_xhat_bar = np.multiply(gf, f_bar, out=f_bar)  # (B, T, E * H)
    r_bar = x
    Wp_bar = out["Wp"]
    bp_bar = out["bp"]
    Wf_bar = out["Wf"]
    bf_bar = out["bf"]
    g2_bar = out["g2"]
    c2_bar = out["c2"]
    bo_bar = out["bo"]
    Wo_bar = out["Wo"]
    Wqkv_bar = out["Wqkv"]
    bqkv_bar = out["bqkv"]
    g1_bar = out["g1"]
    c1_bar = out["c1"]
    start_ratio = np.matmul(f_xhat_bar, ones, out=loss_log_softmax_sum)  # (B, T)
    start_ratio /= E * H
    start_scaled = np.subtract(f_xhat_bar, start_ratio[:, :, None], out=gf_bar_scaled)  # (B, T, E * H)
    start_ratio1 = np.vecdot(f_xhat_bar, f_xhat, out=loss_log_softmax_sum)  # (B, T)
    start_ratio1 /= E * H
    start_scaled1 = np.multiply(start_ratio1[:, :, None], f_xhat, out=f_xhat)
    start_scaled -= start_scaled1
    start_scaled *= f_r[:, :, None]
    r_bar_after[...] = start_scaled
    for l in reversed(range(L)):
        # [48] a_bar[l, b] = x_bar[l, b] Wp[l]^T
        np.matmul(
            r_bar_after.reshape(B * T, E * H), Wp[l].T, out=a_x_bar_l.reshape(B * T, 4 * E * H)
        )  # (B * T, 4 * E * H)
        # [51] a_x_bar[l, b] = a_bar[l, b] * (1 + a_tanh[l, b]) * (1/2 - sqrt(2/pi) (a_x[l, b] * (a_tanh[l, b] - 1) * (200000 + 26829 a_x[l, b]^2))/400000)
        np.square(a_x[l], out=a_tanh_again_square)  # (B, T, 4 * E * H)
        np.multiply(a_tanh_again_square, a_x[l], out=a_tanh_again_l)  # (B, T, 4 * E * H)
        a_tanh_again_l *= 0.044715
        a_tanh_again_l += a_x[l]
        a_tanh_again_l *= (2 / np.pi) ** 0.5
        np.tanh(a_tanh_again_l, out=a_tanh_again_l)
        np.add(1, a_tanh_again_l, out=a_x_bar_total)  # (B, T, 4 * E * H)
        a_x_bar_shifted = np.subtract(a_tanh_again_l, 1, out=a_tanh_again_l)
        a_x_bar_total1 = np.multiply(a_tanh_again_square, 26829, out=a_tanh_again_square)
        a_x_bar_total1 += 200000
        np.multiply(a_x[l], (2 / np.pi) ** 0.5 / 400000, out=a_x_bar_shifted1)  # (B, T, 4 * E * H)
        a_x_bar_shifted1 *= a_x_bar_shifted
        a_x_bar_shifted1 *= a_x_bar_total1
        np.subtract(0.5, a_x_bar_shifted1, out=a_x_bar_shifted1)
        a_x_bar_l *= a_x_bar_total
        a_x_bar_l *= a_x_bar_shifted1  # (B, T, 4 * E * H)
        # [54] w_bar[l, b] = a_x_bar[l, b] Wf[l]^T
        np.matmul(a_x_bar_l.reshape(B * T, 4 * E * H), Wf[l].T, out=w_bar_product)  # (B * T, E * H)
        # [57] w_xhat_bar[l, b] = w_bar[l, b] diag(g2[l])
        np.multiply(g2[l], w_bar_product.reshape(B, T, E * H), out=w_xhat_bar_l)  # (B, T, E * H)
        # [63] r_bar[l, b] = x_bar[l, b] + diag(w_r[l, b]) (w_xhat_bar[l, b] - rowmean(w_xhat_bar[l, b]) - (w_xhat[l, b] * rowmean(w_xhat_bar[l, b] * w_xhat[l, b])))
        np.matmul(w_xhat_bar_l, ones, out=r_bar_ratio)  # (B, T)
        r_bar_ratio /= E * H
        r_bar_l = np.subtract(w_xhat_bar_l, r_bar_ratio[:, :, None], out=r_bar[l])
        r_bar_ratio1 = np.vecdot(w_xhat_bar_l, w_xhat[l], out=r_bar_ratio)  # (B, T)
        r_bar_ratio1 /= E * H
        r_bar_scaled = np.multiply(r_bar_ratio1[:, :, None], w_xhat[l], out=w_xhat_bar_l)  # (B, T, E * H)
        r_bar_l -= r_bar_scaled
        r_bar_l *= w_r[l][:, :, None]
        r_bar_l += r_bar_after  # (B, T, E * H)
        # [67] o_bar[l, b, h] = r_bar[l, b] Wo[l, h]^T
        np.matmul(
            r_bar_l.reshape(B * T, E * H),
            Wo[l].reshape(E * H, E * H).T,
            out=o_bar_part4.reshape(B * T, E * H),
        )  # (B * T, E * H)
        # [68] o_a_bar[l, b, h] = o_bar[l, b, h] v[l, b, h]^T
        np.matmul(o_bar_part4.transpose(0, 2, 1, 3), v[l].transpose(0, 1, 3, 2), out=o_a_bar_l)  # (B, H, T, T)
        # [71] o_s_bar[l, b, h] = o_a[l, b, h] * (o_a_bar[l, b, h] - rowsum(o_a_bar[l, b, h] * o_a[l, b, h]))
        np.vecdot(o_a_bar_l, o_a[l], out=o_s_bar_sum)  # (B, H, T)
        o_s_bar_l = np.subtract(o_a_bar_l, o_s_bar_sum[:, :, :, None], out=o_a_bar_l)
        o_s_bar_l *= o_a[l]  # (B, H, T, T)
        # [72] v_bar[l, b, h] = o_a[l, b, h]^T o_bar[l, b, h]
        _product(o_a[l].transpose(0, 1, 3, 2), o_bar_part4.transpose(0, 2, 1, 3), out=v_bar_l)  # (B, H, T, E)
        # [73] k_bar[l, b, h] = (o_s_bar[l, b, h]^T q[l, b, h])/sqrt(E)
        _product(o_s_bar_l.transpose(0, 1, 3, 2), q[l], out=k_bar_l)  # (B, H, T, E)
        k_bar_l *= 1 / E ** 0.5  # (B, H, T, E)
        # [74] q_bar[l, b, h] = (o_s_bar[l, b, h] k[l, b, h])/sqrt(E)
        _product(o_s_bar_l, k[l], out=q_bar_l)  # (B, H, T, E)
        q_bar_l *= 1 / E ** 0.5  # (B, H, T, E)
        # [75]
        qkv_bar_l[:, :, : E * H].reshape(B, T, H, E)[...] = q_bar_l.transpose(0, 2, 1, 3)  # (B, T, 3 * E * H)
        qkv_bar_l[:, :, E * H : 2 * E * H].reshape(B, T, H, E)[...] = k_bar_l.transpose(0, 2, 1, 3)
        qkv_bar_l[:, :, 2 * E * H : 3 * E * H].reshape(B, T, H, E)[...] = v_bar_l.transpose(0, 2, 1, 3)
        # [78] u_bar[l, b] = qkv_bar[l, b] Wqkv[l]^T
        np.matmul(qkv_bar_l.reshape(B * T, 3 * E * H), Wqkv[l].T, out=u_bar_product)  # (B * T, E * H)
        # [81] u_xhat_bar[l, b] = u_bar[l, b] diag(g1[l])
        u_xhat_bar_l = np.multiply(g1[l], u_bar_product.reshape(B, T, E * H), out=u_xhat_bar[l])  # (B, T, E * H)
        # [46] Wp_bar[l] = sum_b a[l, b]^T x_bar[l, b]
        a_again_l = np.multiply(a_x[l], 0.5, out=a_x_bar_shifted1)  # (B, T, 4 * E * H)
        a_again_l *= a_x_bar_total
        _product(
            a_again_l.reshape(B * T, 4 * E * H).T,
            r_bar_after.reshape(B * T, E * H),
            out=Wp_bar[l],
        )  # (4 * E * H, E * H)
        # [47] bp_bar[l] = sum_b x_bar[l, b]^T 1
        r_bar_after.sum(axis=(0, 1), out=bp_bar[l])  # (E * H,)
        # [52] Wf_bar[l] = sum_b w[l, b]^T a_x_bar[l, b]
        w_again_l = np.multiply(g2[l], w_xhat[l], out=w_xhat_bar_l)  # (B, T, E * H)
        w_again_l += c2[l]
        _product(
            w_again_l.reshape(B * T, E * H).T, a_x_bar_l.reshape(B * T, 4 * E * H), out=Wf_bar[l]
        )  # (E * H, 4 * E * H)
        # [53] bf_bar[l] = sum_b a_x_bar[l, b]^T 1
        _row_sum(ones3, a_x_bar_l.reshape(B * T, 4 * E * H), out=bf_bar[l])  # (4 * E * H,)
        # [55] g2_bar[l] = sum_b (w_bar[l, b] * w_xhat[l, b])^T 1
        g2_bar_scaled = np.multiply(w_bar_product.reshape(B, T, E * H), w_xhat[l], out=w_xhat_bar_l)  # (B, T, E * H)
        _row_sum(ones3, g2_bar_scaled.reshape(B * T, E * H), out=g2_bar[l])  # (E * H,)
        # [56] c2_bar[l] = sum_b w_bar[l, b]^T 1
        _row_sum(ones3, w_bar_product, out=c2_bar[l])  # (E * H,)
        # [64] bo_bar[l] = sum_b r_bar[l, b]^T 1
        _row_sum(ones3, r_bar_l.reshape(B * T, E * H), out=bo_bar[l])  # (E * H,)
        # [66] Wo_bar[l, h] = sum_b o[l, b, h]^T r_bar[l, b]
        _product(
            o[l].transpose(1, 3, 0, 2).reshape(E * H, B * T),
            r_bar_l.reshape(B * T, E * H),
            out=Wo_bar_l.reshape(E * H, E * H),
        )  # (E * H, E * H)
        # [76] Wqkv_bar[l] = sum_b u[l, b]^T qkv_bar[l, b]
        u_again_l = np.multiply(g1[l], u_xhat[l], out=w_xhat_bar_l)  # (B, T, E * H)
        u_again_l += c1[l]
        _product(
            u_again_l.reshape(B * T, E * H).T,
            qkv_bar_l.reshape(B * T, 3 * E * H),
            out=Wqkv_bar[l],
        )  # (E * H, 3 * E * H)
        # [77] bqkv_bar[l] = sum_b qkv_bar[l, b]^T 1
        _row_sum(ones3, qkv_bar_l.reshape(B * T, 3 * E * H), out=bqkv_bar[l])  # (3 * E * H,)
        # [79] g1_bar[l] = sum_b (u_bar[l, b] * u_xhat[l, b])^T 1
        g1_bar_scaled = np.multiply(u_bar_product.reshape(B, T, E * H), u_xhat[l], out=w_xhat_bar_l)  # (B, T, E * H)
        _row_sum(ones3, g1_bar_scaled.reshape(B * T, E * H), out=g1_bar[l])  # (E * H,)
        # [80] c1_bar[l] = sum_b u_bar[l, b]^T 1
        _row_sum(ones3, u_bar_product, out=c1_bar[l])  # (E * H,)
        next_ratio = np.matmul(u_xhat_bar_l, ones, out=r_bar_ratio)  # (B, T)
        next_ratio /= E * H
        next_total = np.subtract(u_xhat_bar_l, next_ratio[:, :, None], out=r_bar_after)
        next_ratio1 = np.vecdot(u_xhat_bar_l, u_xhat[l], out=r_bar_ratio)  # (B, T)
        next_ratio1 /= E * H
        next_scaled = np.multiply(next_ratio1[:, :, None], u_xhat[l], out=w_xhat_bar_l)  # (B, T, E * H)
        next_total -= next_scaled
        next_total *= u_r[l][:, :, None]
        next_total += r_bar_l
        Wo_bar[l] = Wo_bar_l
    # [87] x_start_bar[b] = r_bar[0, b] + diag(u_r[0, b]) (u_xhat_bar[0, b] - rowmean(u_xhat_bar[0, b]) - (u_xhat[0, b] * rowmean(u_xhat_bar[0, b] * u_xhat[0, b])))
    x_start_bar_ratio = np.matmul(u_xhat_bar[0], ones, out=f_mu)  # (B, T)
    x_start_bar_ratio /= E * H
    x_start_bar = np.subtract(u_xhat_bar[0], x_start_bar_ratio[:, :, None], out=gf_bar_scaled)  # (B, T, E * H)
    x_start_bar_ratio1 = np.vecdot(u_xhat_bar[0], u_xhat[0], out=f_mu)  # (B, T)
    x_start_bar_ratio1 /= E * H
    x_start_bar_scaled = np.multiply(x_start_bar_ratio1[:, :, None], u_xhat[0], out=f_v_shifted)  # (B, T, E * H)
    x_start_bar -= x_start_bar_scaled
    x_start_bar *= u_r[0][:, :, None]
    x_start_bar += r_bar[0]  # (B, T, E * H)
    # [88] Wte_bar = sum_b I[tokens[b]]^T x_start_bar[b] + sum_b logits_bar[b]^T f[b]
    _add_rows(out["wte"], tokens.reshape(B * T), x_start_bar.reshape(B * T, E * H))
    wte_bar = out["wte"]
    np.matmul(logits_bar.reshape(B * T, V).T, f.reshape(B * T, E * H), out=wte_bar_product)  # (V, E * H)
    wte_bar += wte_bar_product  # (V, E * H)
    # [89] Wpe_bar = sum_b x_start_bar[b]
    x_start_bar.sum(axis=0, out=out["wpe"])  # (T, E * H)
    return float(loss), out


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


def _labels(name, value):
    """Labels as integers."""
    value = _plain(name, value)
    if value.dtype.kind not in "iu":
        raise ValueError(f"{name} has dtype {value.dtype}, expected integers")
    return value.astype(np.intp, copy=False)


def _check_labels(name, value, count):
    """ValueError where a label is outside its range, naming the first such entry."""
    if value.size and (value.min() < 0 or value.max() >= count):
        entry = tuple(map(int, np.argwhere((value < 0) | (value >= count))[0]))
        place = f"{name}[{', '.join(map(str, entry))}]" if entry else name
        raise ValueError(f"{place} is {value[entry]}, expected a label from 0 to {LABELS[name]} - 1 = {count - 1}")


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


def _add_rows(out, labels, rows, times=1):
    """Fill `out`: each row of it is the sum of the rows that bear its number as a label; each has so many labels."""
    out[...] = 0
    if not len(labels):
        return
    # NumPy sorts integers of 16 bits by their digits, which is faster.
    order = np.argsort(labels.astype(np.uint16) if len(out) <= 65536 else labels, kind="stable")
    labels, rows = labels[order], rows[order // times]
    starts = np.flatnonzero(np.concatenate(([True], labels[1:] != labels[:-1])))
    if rows.size < 4096:
        out[labels[starts]] = np.add.reduceat(rows, starts, axis=0)
        return
    # While many labels are left, one row of each is added at once; what is left then is summed label by label.
    ends = np.concatenate((starts[1:], [len(labels)]))
    for _ in range(16):
        if len(starts) <= 64:
            break
        out[labels[starts]] += rows[starts]
        left = starts + 1 < ends
        starts, ends = starts[left] + 1, ends[left]
    for start, end in zip(starts, ends):
        out[labels[start]] += np.add.reduce(rows[start:end], axis=0)


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


def _forward_sizes(tokens, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf):
    """Return B, T, L, H, E, V; ValueError where a shape does not fit or an extent is 0."""
    names = (
        "tokens", "wte", "wpe", "g1", "c1", "Wqkv", "bqkv", "Wo", "bo", "g2", "c2", "Wf", "bf", "Wp", "bp", "gf", "cf"
    )
    shapes = (
        tokens.shape,
        wte.shape,
        wpe.shape,
        g1.shape,
        c1.shape,
        Wqkv.shape,
        bqkv.shape,
        Wo.shape,
        bo.shape,
        g2.shape,
        c2.shape,
        Wf.shape,
        bf.shape,
        Wp.shape,
        bp.shape,
        gf.shape,
        cf.shape,
    )
    _check_ranks(names, shapes, (2, 2, 2, 2, 2, 3, 2, 4, 2, 2, 2, 3, 2, 3, 2, 1, 1))
    B = tokens.shape[0]
    T = tokens.shape[1]
    V = wte.shape[0]
    L = g1.shape[0]
    H = Wo.shape[1]
    E = Wo.shape[2]
    expected = (
        (B, T),
        (V, E * H),
        (T, E * H),
        (L, E * H),
        (L, E * H),
        (L, E * H, 3 * E * H),
        (L, 3 * E * H),
        (L, H, E, E * H),
        (L, E * H),
        (L, E * H),
        (L, E * H),
        (L, E * H, 4 * E * H),
        (L, 4 * E * H),
        (L, 4 * E * H, E * H),
        (L, E * H),
        (E * H,),
        (E * H,),
    )
    if shapes != expected:
        raise ValueError(
            _misfit(
                names, shapes, expected, "B from tokens, T from tokens, L from g1, H from Wo, E from Wo, V from wte"
            )
        )
    return B, T, L, H, E, V


def _sizes(tokens, targets, wte, wpe, g1, c1, Wqkv, bqkv, Wo, bo, g2, c2, Wf, bf, Wp, bp, gf, cf):
    """Return B, T, L, H, E, V; ValueError where a shape does not fit or an extent is 0."""
    names = (
        "tokens",
        "targets",
        "wte",
        "wpe",
        "g1",
        "c1",
        "Wqkv",
        "bqkv",
        "Wo",
        "bo",
        "g2",
        "c2",
        "Wf",
        "bf",
        "Wp",
        "bp",
        "gf",
        "cf",
    )
    shapes = (
        tokens.shape,
        targets.shape,
        wte.shape,
        wpe.shape,
        g1.shape,
        c1.shape,
        Wqkv.shape,
        bqkv.shape,
        Wo.shape,
        bo.shape,
        g2.shape,
        c2.shape,
        Wf.shape,
        bf.shape,
        Wp.shape,
        bp.shape,
        gf.shape,
        cf.shape,
    )
    _check_ranks(names, shapes, (2, 2, 2, 2, 2, 2, 3, 2, 4, 2, 2, 2, 3, 2, 3, 2, 1, 1))
    B = tokens.shape[0]
    T = tokens.shape[1]
    V = wte.shape[0]
    L = g1.shape[0]
    H = Wo.shape[1]
    E = Wo.shape[2]
    expected = (
        (B, T),
        (B, T),
        (V, E * H),
        (T, E * H),
        (L, E * H),
        (L, E * H),
        (L, E * H, 3 * E * H),
        (L, 3 * E * H),
        (L, H, E, E * H),
        (L, E * H),
        (L, E * H),
        (L, E * H),
        (L, E * H, 4 * E * H),
        (L, 4 * E * H),
        (L, 4 * E * H, E * H),
        (L, E * H),
        (E * H,),
        (E * H,),
    )
    if shapes != expected:
        raise ValueError(
            _misfit(
                names, shapes, expected, "B from tokens, T from tokens, L from g1, H from Wo, E from Wo, V from wte"
            )
        )
    return B, T, L, H, E, V


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


def _scratch(work, dtype, B, T, L, H, E, V):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, B, T, L, H, E, V):
        kept = _keep(work, "arrays", "for", ("arrays", dtype, B, T, L, H, E, V), _packed((
            ((B, T, E * H), dtype, 116, 190),  # r_bar_after
            ((L, B, T), dtype, 7, 198),  # u_r
            ((L, B, T, E * H), dtype, 7, 196),  # u_xhat
            ((L, B, H, T, E), dtype, 7, 190),  # q
            ((L, B, H, T, E), dtype, 7, 190),  # k
            ((L, B, H, T, E), dtype, 7, 190),  # v
            ((L, B, H, T, T), dtype, 7, 190),  # o_a
            ((L, B, H, T, E), dtype, 7, 190),  # o
            ((L, B, T), dtype, 7, 190),  # w_r
            ((L, B, T, E * H), dtype, 7, 190),  # w_xhat
            ((L, B, T, 4 * E * H), dtype, 7, 190),  # a_x
            ((L, B, T, E * H), dtype, 7, 199),  # x
            ((T, T), bool, 3, 4),  # o_a_mask
            _ones((E * H,), dtype),  # ones
            _ones((T,), dtype),  # ones1
            ((B, T), dtype, 8, 36),  # u_mu_l
            ((B, T, E * H), dtype, 17, 58),  # u_l
            ((B, T, 3 * E * H), dtype, 19, 62),  # qkv_l
            ((B, H, T), dtype, 24, 28),  # o_a_max
            ((B, T, 4 * E * H), dtype, 45, 55),  # a_x_part2
            ((B, T, 4 * E * H), dtype, 54, 56),  # a_l
            ((B, T), dtype, 64, 196),  # f_mu
            ((B, T, E * H), dtype, 66, 197),  # f_v_shifted
            ((B, T, E * H), dtype, 73, 202),  # f
            ((B, T, V), dtype, 75, 85),  # logits
            ((B, T), dtype, 76, 82),  # loss_log_softmax_max
            ((B, T, V), dtype, 77, 202),  # loss_log_softmax_exp
            _ones((V,), dtype),  # ones2
            ((B, T), dtype, 79, 113),  # loss_log_softmax_sum
            ((B, T), dtype, 80, 81),  # loss_log_softmax_log
            ((B * T, E * H), dtype, 89, 111),  # f_bar_product
            ((B, T, E * H), dtype, 90, 204),  # gf_bar_scaled
            _ones((B * T,), dtype),  # ones3
            ((L, B, T, E * H), dtype, 117, 194),  # u_xhat_bar
            ((B, T, 4 * E * H), dtype, 118, 168),  # a_x_bar_l
            ((B, T, 4 * E * H), dtype, 119, 131),  # a_tanh_again_square
            ((B, T, 4 * E * H), dtype, 120, 130),  # a_tanh_again_l
            ((B, T, 4 * E * H), dtype, 125, 162),  # a_x_bar_total
            ((B, T, 4 * E * H), dtype, 129, 163),  # a_x_bar_shifted1
            ((B * T, E * H), dtype, 135, 171),  # w_bar_product
            ((B, T, E * H), dtype, 136, 187),  # w_xhat_bar_l
            ((B, T), dtype, 137, 186),  # r_bar_ratio
            ((B, T, H, E), dtype, 146, 151),  # o_bar_part4
            ((B, H, T, T), dtype, 147, 154),  # o_a_bar_l
            ((B, H, T), dtype, 148, 149),  # o_s_bar_sum
            ((B, H, T, E), dtype, 151, 158),  # v_bar_l
            ((B, H, T, E), dtype, 152, 157),  # k_bar_l
            ((B, H, T, E), dtype, 154, 156),  # q_bar_l
            ((B, T, 3 * E * H), dtype, 117, 190),  # qkv_bar_l
            ((B * T, E * H), dtype, 159, 180),  # u_bar_product
            ((H, E, E * H), dtype, 173, 190),  # Wo_bar_l
            ((V, E * H), dtype, 202, 203),  # wte_bar_product
        )))
    return kept
