"""Loss and gradients of conv_net.

Two convolutions, each under ReLU and max pool, then an affine layer under softmax and cross-entropy.

Written by symbp. Numbers in brackets are equations of derivation.tex; the sizes are N, C, I, J, F, G, U, V, K.
"""

import numpy as np

DATA = ("x", "t")
PARAMETERS = ("w1", "b1", "w2", "b2", "W3", "b3")
SHAPES = {
    "x": ("N", "C", "I", "J"),
    "t": ("N",),
    "w1": ("F", "C", "U", "V"),
    "b1": ("F",),
    "w2": ("G", "F", "U", "V"),
    "b2": ("G",),
    "W3": ("G", "((I + 1 - U)//2 + 1 - U)//2", "((J + 1 - V)//2 + 1 - V)//2", "K"),
    "b3": ("K",),
}
LABELS = {
    "t": 'K',
}
SIZES = ()
FUNCTIONS = ()
FACTS = ()


def forward(x, *, w1, b1, w2, b2, W3, b3):
    """Return the named tensors that need no target, by name."""
    dtype, (w1, b1, w2, b2, W3, b3) = _parameters(w1, b1, w2, b2, W3, b3)
    x = _data("x", x, dtype)
    N, C, I, J, F, G, U, V, K = _forward_sizes(x, w1, b1, w2, b2, W3, b3)
    I1 = I + 1 - U
    J1 = J + 1 - V
    I2 = I1 // 2
    J2 = J1 // 2
    I3 = I2 + 1 - U
    J3 = J2 + 1 - V
    I4 = I3 // 2
    J4 = J3 // 2

    # [1] z1[n, f] = sum_c,u,v (w1[f, c, u, v] x[n, c][u:I + u + 1 - U, v:J + v + 1 - V]) + b1[f]
    z1_part1 = np.empty((C, I, J, N), dtype)  # (C, I, J, N)
    z1_part1[...] = x.transpose(1, 2, 3, 0)
    z1_part4 = np.empty((I, C, V, J1, N), dtype)  # (I, C, V, J1, N)
    z1_part4[...] = _windows(
        z1_part1, (0, 0, 0, 0), (C, I, J1, V, N), ((0, 1), (1, 1), (2, 1), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)
    z1_product = w1.transpose(0, 2, 1, 3).reshape(F, C * U * V) @ _windows(
        z1_part4,
        (0, 0, 0, 0, 0),
        (I1, U, C, V, J1, N),
        ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
    ).reshape(I1, C * U * V, J1 * N)  # (I1, F, J1 * N)
    z1 = z1_product.reshape(I1, F, J1, N)
    z1 += b1[:, None, None]  # (I1, F, J1, N)
    # [2] a1[n, f] = relu(z1[n, f])
    a1 = np.maximum(z1, 0)  # (I1, F, J1, N)
    # [3]
    p1 = np.maximum(
        a1[: 2 * I2 - 1 : 2, :, : 2 * J2 - 1 : 2], a1[: 2 * I2 - 1 : 2, :, 1 : 2 * J2 : 2]
    )  # (I2, F, J2, N)
    np.maximum(p1, a1[1 : 2 * I2 : 2, :, : 2 * J2 - 1 : 2], out=p1)
    np.maximum(p1, a1[1 : 2 * I2 : 2, :, 1 : 2 * J2 : 2], out=p1)  # (I2, F, J2, N)
    # [4] z2[n, f] = sum_c,u,v (w2[f, c, u, v] p1[n, c][u:u + (I + 1 - U)//2 + 1 - U, v:v + (J + 1 - V)//2 + 1 - V]) + b2[f]
    z2_part2 = np.empty((I2, F, V, J3, N), dtype)  # (I2, F, V, J3, N)
    z2_part2[...] = _windows(
        p1, (0, 0, 0, 0), (I2, F, J3, V, N), ((0, 1), (1, 1), (2, 1), (2, 1), (3, 1))
    ).transpose(0, 1, 3, 2, 4)
    z2_product = w2.transpose(0, 2, 1, 3).reshape(G, F * U * V) @ _windows(
        z2_part2,
        (0, 0, 0, 0, 0),
        (I3, U, F, V, J3, N),
        ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
    ).reshape(I3, F * U * V, J3 * N)  # (I3, G, J3 * N)
    z2 = z2_product.reshape(I3, G, J3, N)
    z2 += b2[:, None, None]  # (I3, G, J3, N)
    # [5] a2[n, g] = relu(z2[n, g])
    a2 = np.maximum(z2, 0)  # (I3, G, J3, N)
    # [6]
    p2 = np.maximum(
        a2[: 2 * I4 - 1 : 2, :, : 2 * J4 - 1 : 2], a2[: 2 * I4 - 1 : 2, :, 1 : 2 * J4 : 2]
    )  # (I4, G, J4, N)
    np.maximum(p2, a2[1 : 2 * I4 : 2, :, : 2 * J4 - 1 : 2], out=p2)
    np.maximum(p2, a2[1 : 2 * I4 : 2, :, 1 : 2 * J4 : 2], out=p2)  # (I4, G, J4, N)
    # [7] z3[n] = sum_g,i W3[g, i]^T p2[n, g, i] + b3
    z3 = p2.reshape(G * I4 * J4, N).T @ W3.transpose(1, 0, 2, 3).reshape(G * I4 * J4, K)  # (N, K)
    z3 += b3  # (N, K)
    # [8] P = softmax(Z3)
    p_max = z3.max(axis=1, keepdims=True)  # (N, 1)
    p_exp = z3 - p_max  # (N, K)
    np.exp(p_exp, out=p_exp)
    p_sum = p_exp.sum(axis=1, keepdims=True)  # (N, 1)
    p = np.divide(p_exp, p_sum, out=p_exp)  # (N, K)
    return {
        "z1": z1.transpose(3, 1, 0, 2),
        "a1": a1.transpose(3, 1, 0, 2),
        "p1": p1.transpose(3, 1, 0, 2),
        "z2": z2.transpose(3, 1, 0, 2),
        "a2": a2.transpose(3, 1, 0, 2),
        "p2": p2.transpose(3, 1, 0, 2),
        "z3": z3,
        "p": p,
    }


def loss(x, t, *, w1, b1, w2, b2, W3, b3):
    """Return L."""
    dtype, (w1, b1, w2, b2, W3, b3) = _parameters(w1, b1, w2, b2, W3, b3)
    x = _data("x", x, dtype)
    t = _labels("t", t)
    N, C, I, J, F, G, U, V, K = _sizes(x, t, w1, b1, w2, b2, W3, b3)
    _check_labels("t", t, K)
    I1 = I + 1 - U
    J1 = J + 1 - V
    I2 = I1 // 2
    J2 = J1 // 2
    I3 = I2 + 1 - U
    J3 = J2 + 1 - V
    I4 = I3 // 2
    J4 = J3 // 2

    # [1] z1[n, f] = sum_c,u,v (w1[f, c, u, v] x[n, c][u:I + u + 1 - U, v:J + v + 1 - V]) + b1[f]
    z1_part1 = np.empty((C, I, J, N), dtype)  # (C, I, J, N)
    z1_part1[...] = x.transpose(1, 2, 3, 0)
    z1_part4 = np.empty((I, C, V, J1, N), dtype)  # (I, C, V, J1, N)
    z1_part4[...] = _windows(
        z1_part1, (0, 0, 0, 0), (C, I, J1, V, N), ((0, 1), (1, 1), (2, 1), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)
    z1_product = w1.transpose(0, 2, 1, 3).reshape(F, C * U * V) @ _windows(
        z1_part4,
        (0, 0, 0, 0, 0),
        (I1, U, C, V, J1, N),
        ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
    ).reshape(I1, C * U * V, J1 * N)  # (I1, F, J1 * N)
    z1 = z1_product.reshape(I1, F, J1, N)
    z1 += b1[:, None, None]  # (I1, F, J1, N)
    # [2] a1[n, f] = relu(z1[n, f])
    a1 = np.maximum(z1, 0, out=z1)  # (I1, F, J1, N)
    # [3]
    p1 = np.maximum(
        a1[: 2 * I2 - 1 : 2, :, : 2 * J2 - 1 : 2], a1[: 2 * I2 - 1 : 2, :, 1 : 2 * J2 : 2]
    )  # (I2, F, J2, N)
    np.maximum(p1, a1[1 : 2 * I2 : 2, :, : 2 * J2 - 1 : 2], out=p1)
    np.maximum(p1, a1[1 : 2 * I2 : 2, :, 1 : 2 * J2 : 2], out=p1)  # (I2, F, J2, N)
    # [4] z2[n, f] = sum_c,u,v (w2[f, c, u, v] p1[n, c][u:u + (I + 1 - U)//2 + 1 - U, v:v + (J + 1 - V)//2 + 1 - V]) + b2[f]
    z2_part2 = np.empty((I2, F, V, J3, N), dtype)  # (I2, F, V, J3, N)
    z2_part2[...] = _windows(
        p1, (0, 0, 0, 0), (I2, F, J3, V, N), ((0, 1), (1, 1), (2, 1), (2, 1), (3, 1))
    ).transpose(0, 1, 3, 2, 4)
    z2_product = w2.transpose(0, 2, 1, 3).reshape(G, F * U * V) @ _windows(
        z2_part2,
        (0, 0, 0, 0, 0),
        (I3, U, F, V, J3, N),
        ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
    ).reshape(I3, F * U * V, J3 * N)  # (I3, G, J3 * N)
    z2 = z2_product.reshape(I3, G, J3, N)
    z2 += b2[:, None, None]  # (I3, G, J3, N)
    # [5] a2[n, g] = relu(z2[n, g])
    a2 = np.maximum(z2, 0, out=z2)  # (I3, G, J3, N)
    # [6]
    p2 = np.maximum(
        a2[: 2 * I4 - 1 : 2, :, : 2 * J4 - 1 : 2], a2[: 2 * I4 - 1 : 2, :, 1 : 2 * J4 : 2]
    )  # (I4, G, J4, N)
    np.maximum(p2, a2[1 : 2 * I4 : 2, :, : 2 * J4 - 1 : 2], out=p2)
    np.maximum(p2, a2[1 : 2 * I4 : 2, :, 1 : 2 * J4 : 2], out=p2)  # (I4, G, J4, N)
    # [7] z3[n] = sum_g,i W3[g, i]^T p2[n, g, i] + b3
    z3 = p2.reshape(G * I4 * J4, N).T @ W3.transpose(1, 0, 2, 3).reshape(G * I4 * J4, K)  # (N, K)
    z3 += b3  # (N, K)
    # [9]
    p_max = z3.max(axis=1)  # (N,)
    p_exp = z3 - p_max[:, None]  # (N, K)
    np.exp(p_exp, out=p_exp)
    L_log = p_exp.sum(axis=1)  # (N,)
    L_range = np.arange(N)  # (N,)
    L_shifted = z3[L_range, t]  # (N,)
    L_shifted -= p_max
    np.log(L_log, out=L_log)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    return float(L)


def loss_and_gradients(x, t, *, w1, b1, w2, b2, W3, b3, out=None, work=None):
    """Return L and its gradient by each parameter, in the parameters' dtype and shapes.

    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, in which
    the scratch arrays are kept between calls: one for this module and one thread.
    """
    dtype, (w1, b1, w2, b2, W3, b3) = _parameters(w1, b1, w2, b2, W3, b3)
    x = _data("x", x, dtype)
    t = _labels("t", t)
    N, C, I, J, F, G, U, V, K = _sizes(x, t, w1, b1, w2, b2, W3, b3)
    _check_labels("t", t, K)
    I1 = I + 1 - U
    J1 = J + 1 - V
    I2 = I1 // 2
    J2 = J1 // 2
    I3 = I2 + 1 - U
    J3 = J2 + 1 - V
    I4 = I3 // 2
    J4 = J3 // 2
    out = _outputs(
        out,
        work,
        dtype,
        ((F, C, U, V), (F,), (G, F, U, V), (G,), (G, I4, J4, K), (K,)),
        (x, t, w1, b1, w2, b2, W3, b3),
    )
    (
        z1_part1, z1_part4, z1, p1, z2_part2, z2, p2, z3, p_max, p_exp, ones, p_sum, W3_bar, ones1, p2_bar, z2_bar_mask,
        z2_bar_scaled1, z2_bar_scaled2, w2_bar_product, w2_bar_sum, ones2, b2_bar_part1, ones3, p1_bar_part2, p1_bar,
        z1_bar_mask, z1_bar_scaled1, z1_bar_scaled2, w1_bar_product, w1_bar_sum, ones4, b1_bar_part1, ones5,
    ) = _scratch(work, dtype, N, C, I, J, F, G, U, V, K)

    # [1] z1[n, f] = sum_c,u,v (w1[f, c, u, v] x[n, c][u:I + u + 1 - U, v:J + v + 1 - V]) + b1[f]
    z1_part1[...] = x.transpose(1, 2, 3, 0)  # (C, I, J, N)
    z1_part4[...] = _windows(
        z1_part1, (0, 0, 0, 0), (C, I, J1, V, N), ((0, 1), (1, 1), (2, 1), (2, 1), (3, 1))
    ).transpose(1, 0, 3, 2, 4)  # (I, C, V, J1, N)
    _product(
        w1.transpose(0, 2, 1, 3).reshape(F, C * U * V),
        _windows(
            z1_part4,
            (0, 0, 0, 0, 0),
            (I1, U, C, V, J1, N),
            ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
        ).reshape(I1, C * U * V, J1 * N),
        out=z1.reshape(I1, F, J1 * N),
    )  # (I1, F, J1 * N)
    z1 += b1[:, None, None]  # (I1, F, J1, N)
    # [2] a1[n, f] = relu(z1[n, f])
    a1 = np.maximum(z1, 0, out=z1)  # (I1, F, J1, N)
    # [3]
    np.maximum(
        a1[: 2 * I2 - 1 : 2, :, : 2 * J2 - 1 : 2], a1[: 2 * I2 - 1 : 2, :, 1 : 2 * J2 : 2], out=p1
    )  # (I2, F, J2, N)
    np.maximum(p1, a1[1 : 2 * I2 : 2, :, : 2 * J2 - 1 : 2], out=p1)
    np.maximum(p1, a1[1 : 2 * I2 : 2, :, 1 : 2 * J2 : 2], out=p1)  # (I2, F, J2, N)
    # [4] z2[n, f] = sum_c,u,v (w2[f, c, u, v] p1[n, c][u:u + (I + 1 - U)//2 + 1 - U, v:v + (J + 1 - V)//2 + 1 - V]) + b2[f]
    z2_part2[...] = _windows(
        p1, (0, 0, 0, 0), (I2, F, J3, V, N), ((0, 1), (1, 1), (2, 1), (2, 1), (3, 1))
    ).transpose(0, 1, 3, 2, 4)  # (I2, F, V, J3, N)
    _product(
        w2.transpose(0, 2, 1, 3).reshape(G, F * U * V),
        _windows(
            z2_part2,
            (0, 0, 0, 0, 0),
            (I3, U, F, V, J3, N),
            ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
        ).reshape(I3, F * U * V, J3 * N),
        out=z2.reshape(I3, G, J3 * N),
    )  # (I3, G, J3 * N)
    z2 += b2[:, None, None]  # (I3, G, J3, N)
    # [5] a2[n, g] = relu(z2[n, g])
    a2 = np.maximum(z2, 0, out=z2)  # (I3, G, J3, N)
    # [6]
    np.maximum(
        a2[: 2 * I4 - 1 : 2, :, : 2 * J4 - 1 : 2], a2[: 2 * I4 - 1 : 2, :, 1 : 2 * J4 : 2], out=p2
    )  # (I4, G, J4, N)
    np.maximum(p2, a2[1 : 2 * I4 : 2, :, : 2 * J4 - 1 : 2], out=p2)
    np.maximum(p2, a2[1 : 2 * I4 : 2, :, 1 : 2 * J4 : 2], out=p2)  # (I4, G, J4, N)
    # [7] z3[n] = sum_g,i W3[g, i]^T p2[n, g, i] + b3
    np.matmul(p2.reshape(G * I4 * J4, N).T, W3.transpose(1, 0, 2, 3).reshape(G * I4 * J4, K), out=z3)  # (N, K)
    z3 += b3  # (N, K)
    # [8] P = softmax(Z3)
    z3.max(axis=1, out=p_max)  # (N,)
    np.subtract(z3, p_max[:, None], out=p_exp)  # (N, K)
    np.exp(p_exp, out=p_exp)
    np.matmul(p_exp, ones, out=p_sum)  # (N,)
    p = np.divide(p_exp, p_sum[:, None], out=p_exp)  # (N, K)
    # [9]
    L_range = np.arange(N)  # (N,)
    L_shifted = z3[L_range, t]  # (N,)
    L_shifted -= p_max
    L_log = np.log(p_sum, out=p_sum)
    L_shifted -= L_log
    L = -L_shifted.sum() / N
    # [12] Z3_bar = (P - I[t])/N
    p[L_range, t] -= 1
    z3_bar = p
    z3_bar *= 1 / N  # (N, K)
    # [13] W3_bar[g, i] = sum_n p2[n, g, i] z3_bar[n]^T
    np.matmul(z3_bar.T, p2.reshape(G * I4 * J4, N).T, out=W3_bar.reshape(K, G * I4 * J4))  # (K, G * I4 * J4)
    out["W3"][...] = W3_bar.transpose(2, 1, 3, 0)  # (G, I4, J4, K)
    # [14] b3_bar = Z3_bar^T 1
    _row_sum(ones1, z3_bar, out=out["b3"])  # (K,)
    # [15] p2_bar[n, g, i] = W3[g, i] z3_bar[n]
    np.matmul(
        W3.transpose(1, 0, 2, 3).reshape(G * I4 * J4, K),
        z3_bar.T,
        out=p2_bar.reshape(G * I4 * J4, N),
    )  # (G * I4 * J4, N)
    # [17] z2_bar[n, f] = a2_bar[n, f] * [z2[n, f] > 0]
    np.greater(p2, 0, out=z2_bar_mask)  # (I4, G, J4, N)
    z2_bar_scaled = np.multiply(p2_bar, z2_bar_mask, out=p2_bar)
    z2_bar_mask1 = np.equal(a2[: 2 * I4 - 1 : 2, :, : 2 * J4 - 1 : 2], p2, out=z2_bar_mask)  # (I4, G, J4, N)
    np.multiply(z2_bar_scaled, z2_bar_mask1, out=z2_bar_scaled1)  # (I4, G, J4, N)
    z2_bar_shifted = np.subtract(z2_bar_scaled, z2_bar_scaled1, out=z2_bar_scaled)
    z2_bar_mask2 = np.equal(a2[: 2 * I4 - 1 : 2, :, 1 : 2 * J4 : 2], p2, out=z2_bar_mask)  # (I4, G, J4, N)
    np.multiply(z2_bar_shifted, z2_bar_mask2, out=z2_bar_scaled2)  # (I4, G, J4, N)
    z2_bar_shifted1 = np.subtract(z2_bar_shifted, z2_bar_scaled2, out=z2_bar_shifted)
    z2_bar_mask3 = np.equal(a2[1 : 2 * I4 : 2, :, : 2 * J4 - 1 : 2], p2, out=z2_bar_mask)  # (I4, G, J4, N)
    z2_bar_scaled3 = np.multiply(z2_bar_shifted1, z2_bar_mask3, out=p2)  # (I4, G, J4, N)
    z2_bar_shifted2 = np.subtract(z2_bar_shifted1, z2_bar_scaled3, out=z2_bar_shifted1)
    z2[2 * I4 :] = 0  # (I3, G, J3, N)
    z2[:, :, 2 * J4 :] = 0
    z2[: 2 * I4 - 1 : 2, :, : 2 * J4 - 1 : 2] = z2_bar_scaled1
    z2[: 2 * I4 - 1 : 2, :, 1 : 2 * J4 : 2] = z2_bar_scaled2
    z2[1 : 2 * I4 : 2, :, : 2 * J4 - 1 : 2] = z2_bar_scaled3
    z2[1 : 2 * I4 : 2, :, 1 : 2 * J4 : 2] = z2_bar_shifted2
    z2_bar = z2
    # [18] w2_bar[f, c] = sum_n,i,j (z2_bar[n, f, i, j] p1[n, c][i:U + i, j:V + j])
    _product(
        _windows(
            z2_part2,
            (0, 0, 0, 0, 0),
            (I3, U, F, V, J3, N),
            ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
        ).reshape(I3, F * U * V, J3 * N),
        z2_bar.transpose(0, 2, 3, 1).reshape(I3, J3 * N, G),
        out=w2_bar_product,
    )  # (I3, F * U * V, G)
    w2_bar_product.sum(axis=0, out=w2_bar_sum)  # (F * U * V, G)
    out["w2"][...] = w2_bar_sum.reshape(U, F, V, G).transpose(3, 1, 0, 2)  # (G, F, U, V)
    # [19]
    np.matmul(z2_bar.reshape(G * I3, J3 * N), ones2, out=b2_bar_part1.reshape(G * I3))  # (G * I3,)
    _row_sum(ones3, b2_bar_part1, out=out["b2"])  # (G,)
    # [20]
    z2_part2[I3 :] = 0  # (I2, F, V, J3, N)
    for _u in range(U):
        np.matmul(w2.transpose(2, 1, 3, 0)[_u].reshape(F * V, G), z2_bar.reshape(I3, G, J3 * N), out=p1_bar_part2)
        if _u < 1:
            z2_part2[_u : _u + I3] = p1_bar_part2.reshape(I3, F, V, J3, N)
        else:
            z2_part2[_u : _u + I3] += p1_bar_part2.reshape(I3, F, V, J3, N)
    p1_bar_part4 = z2_part2
    p1_bar[:, :, J3 :] = 0  # (I2, F, J2, N)
    for _v in range(V):
        if _v < 1:
            p1_bar[:, :, _v : _v + J3] = p1_bar_part4.transpose(2, 0, 1, 3, 4)[_v]
        else:
            p1_bar[:, :, _v : _v + J3] += p1_bar_part4.transpose(2, 0, 1, 3, 4)[_v]
    # [22] z1_bar[n, f] = a1_bar[n, f] * [z1[n, f] > 0]
    np.greater(p1, 0, out=z1_bar_mask)  # (I2, F, J2, N)
    z1_bar_scaled = np.multiply(p1_bar, z1_bar_mask, out=p1_bar)
    z1_bar_mask1 = np.equal(a1[: 2 * I2 - 1 : 2, :, : 2 * J2 - 1 : 2], p1, out=z1_bar_mask)  # (I2, F, J2, N)
    np.multiply(z1_bar_scaled, z1_bar_mask1, out=z1_bar_scaled1)  # (I2, F, J2, N)
    z1_bar_shifted = np.subtract(z1_bar_scaled, z1_bar_scaled1, out=z1_bar_scaled)
    z1_bar_mask2 = np.equal(a1[: 2 * I2 - 1 : 2, :, 1 : 2 * J2 : 2], p1, out=z1_bar_mask)  # (I2, F, J2, N)
    np.multiply(z1_bar_shifted, z1_bar_mask2, out=z1_bar_scaled2)  # (I2, F, J2, N)
    z1_bar_shifted1 = np.subtract(z1_bar_shifted, z1_bar_scaled2, out=z1_bar_shifted)
    z1_bar_mask3 = np.equal(a1[1 : 2 * I2 : 2, :, : 2 * J2 - 1 : 2], p1, out=z1_bar_mask)  # (I2, F, J2, N)
    z1_bar_scaled3 = np.multiply(z1_bar_shifted1, z1_bar_mask3, out=p1)  # (I2, F, J2, N)
    z1_bar_shifted2 = np.subtract(z1_bar_shifted1, z1_bar_scaled3, out=z1_bar_shifted1)
    z1[2 * I2 :] = 0  # (I1, F, J1, N)
    z1[:, :, 2 * J2 :] = 0
    z1[: 2 * I2 - 1 : 2, :, : 2 * J2 - 1 : 2] = z1_bar_scaled1
    z1[: 2 * I2 - 1 : 2, :, 1 : 2 * J2 : 2] = z1_bar_scaled2
    z1[1 : 2 * I2 : 2, :, : 2 * J2 - 1 : 2] = z1_bar_scaled3
    z1[1 : 2 * I2 : 2, :, 1 : 2 * J2 : 2] = z1_bar_shifted2
    z1_bar = z1
    # [23] w1_bar[f, c] = sum_n,i,j (z1_bar[n, f, i, j] x[n, c][i:U + i, j:V + j])
    _product(
        _windows(
            z1_part4,
            (0, 0, 0, 0, 0),
            (I1, U, C, V, J1, N),
            ((0, 1), (0, 1), (1, 1), (2, 1), (3, 1), (4, 1)),
        ).reshape(I1, C * U * V, J1 * N),
        z1_bar.transpose(0, 2, 3, 1).reshape(I1, J1 * N, F),
        out=w1_bar_product,
    )  # (I1, C * U * V, F)
    w1_bar_product.sum(axis=0, out=w1_bar_sum)  # (C * U * V, F)
    out["w1"][...] = w1_bar_sum.reshape(U, C, V, F).transpose(3, 1, 0, 2)  # (F, C, U, V)
    # [24]
    np.matmul(z1_bar.reshape(F * I1, J1 * N), ones4, out=b1_bar_part1.reshape(F * I1))  # (F * I1,)
    _row_sum(ones5, b1_bar_part1, out=out["b1"])  # (F,)
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


def _windows(array, starts, shape, steps):
    """A view: its entry at (i, j, ...) is the array's at the starts plus, for each index, a step along one axis."""
    view = array[tuple(slice(start, None) for start in starts)]
    last = [0] * view.ndim
    for count, (axis, step) in zip(shape, steps):
        last[axis] += (count - 1) * step
    if any(end >= extent for end, extent in zip(last, view.shape)):
        raise ValueError(f"windows that end at {last} leave an array of shape {view.shape}")
    strides = [view.strides[axis] * step for axis, step in steps]
    return np.lib.stride_tricks.as_strided(view, shape, strides, writeable=False)


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


def _forward_sizes(x, w1, b1, w2, b2, W3, b3):
    """Return N, C, I, J, F, G, U, V, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "w1", "b1", "w2", "b2", "W3", "b3")
    shapes = (x.shape, w1.shape, b1.shape, w2.shape, b2.shape, W3.shape, b3.shape)
    _check_ranks(names, shapes, (4, 4, 1, 4, 1, 4, 1))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    F = w1.shape[0]
    U = w1.shape[2]
    V = w1.shape[3]
    G = w2.shape[0]
    K = W3.shape[3]
    _check_extents(
        ("z1", "i", "I + 1 - U", I + 1 - U),
        ("z1", "j", "J + 1 - V", J + 1 - V),
        ("p1", "i", "(I + 1 - U)//2", (I + 1 - U) // 2),
        ("p1", "j", "(J + 1 - V)//2", (J + 1 - V) // 2),
        ("z2", "i", "(I + 1 - U)//2 + 1 - U", ((I + 1 - U) // 2) + 1 - U),
        ("z2", "j", "(J + 1 - V)//2 + 1 - V", ((J + 1 - V) // 2) + 1 - V),
        ("p2", "i", "((I + 1 - U)//2 + 1 - U)//2", (((I + 1 - U) // 2) + 1 - U) // 2),
        ("p2", "j", "((J + 1 - V)//2 + 1 - V)//2", (((J + 1 - V) // 2) + 1 - V) // 2),
    )
    expected = (
        (N, C, I, J),
        (F, C, U, V),
        (F,),
        (G, F, U, V),
        (G,),
        (G, (((I + 1 - U) // 2) + 1 - U) // 2, (((J + 1 - V) // 2) + 1 - V) // 2, K),
        (K,),
    )
    if shapes != expected:
        raise ValueError(
            _misfit(
                names,
                shapes,
                expected,
                "N from x, C from x, I from x, J from x, F from w1, G from w2, U from w1, V from w1, K from W3",
            )
        )
    return N, C, I, J, F, G, U, V, K


def _sizes(x, t, w1, b1, w2, b2, W3, b3):
    """Return N, C, I, J, F, G, U, V, K; ValueError where a shape does not fit or an extent is 0."""
    names = ("x", "t", "w1", "b1", "w2", "b2", "W3", "b3")
    shapes = (x.shape, t.shape, w1.shape, b1.shape, w2.shape, b2.shape, W3.shape, b3.shape)
    _check_ranks(names, shapes, (4, 1, 4, 1, 4, 1, 4, 1))
    N = x.shape[0]
    C = x.shape[1]
    I = x.shape[2]
    J = x.shape[3]
    F = w1.shape[0]
    U = w1.shape[2]
    V = w1.shape[3]
    G = w2.shape[0]
    K = W3.shape[3]
    _check_extents(
        ("z1", "i", "I + 1 - U", I + 1 - U),
        ("z1", "j", "J + 1 - V", J + 1 - V),
        ("p1", "i", "(I + 1 - U)//2", (I + 1 - U) // 2),
        ("p1", "j", "(J + 1 - V)//2", (J + 1 - V) // 2),
        ("z2", "i", "(I + 1 - U)//2 + 1 - U", ((I + 1 - U) // 2) + 1 - U),
        ("z2", "j", "(J + 1 - V)//2 + 1 - V", ((J + 1 - V) // 2) + 1 - V),
        ("p2", "i", "((I + 1 - U)//2 + 1 - U)//2", (((I + 1 - U) // 2) + 1 - U) // 2),
        ("p2", "j", "((J + 1 - V)//2 + 1 - V)//2", (((J + 1 - V) // 2) + 1 - V) // 2),
    )
    expected = (
        (N, C, I, J),
        (N,),
        (F, C, U, V),
        (F,),
        (G, F, U, V),
        (G,),
        (G, (((I + 1 - U) // 2) + 1 - U) // 2, (((J + 1 - V) // 2) + 1 - V) // 2, K),
        (K,),
    )
    if shapes != expected:
        raise ValueError(
            _misfit(
                names,
                shapes,
                expected,
                "N from x, C from x, I from x, J from x, F from w1, G from w2, U from w1, V from w1, K from W3",
            )
        )
    return N, C, I, J, F, G, U, V, K


def _check_extents(*extents):
    """ValueError where the sizes leave an array without entries."""
    for name, index, formula, extent in extents:
        if index and extent < 1:
            raise ValueError(f"the sizes are too small: {name} would have {formula} = {extent} entries along {index}")
        if not index and extent == 0:
            raise ValueError(f"the sizes are too small: {name} divides by {formula} = 0")


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


def _scratch(work, dtype, N, C, I, J, F, G, U, V, K):
    """The arrays for what is computed on the way, kept in `work` between calls while sizes and dtype stay."""
    work = {} if work is None else work
    kept = work.get("arrays")
    if kept is None or kept.fit != ("arrays", dtype, N, C, I, J, F, G, U, V, K):
        I1 = I + 1 - U
        J1 = J + 1 - V
        I2 = I1 // 2
        J2 = J1 // 2
        I3 = I2 + 1 - U
        J3 = J2 + 1 - V
        I4 = I3 // 2
        J4 = J3 // 2
        kept = _keep(work, "arrays", "for", ("arrays", dtype, N, C, I, J, F, G, U, V, K), _packed((
            ((C, I, J, N), dtype, 0, 1),  # z1_part1
            ((I, C, V, J1, N), dtype, 1, 84),  # z1_part4
            ((I1, F, J1, N), dtype, 2, 87),  # z1
            ((I2, F, J2, N), dtype, 5, 81),  # p1
            ((I2, F, V, J3, N), dtype, 8, 65),  # z2_part2
            ((I3, G, J3, N), dtype, 9, 61),  # z2
            ((I4, G, J4, N), dtype, 12, 50),  # p2
            ((N, K), dtype, 15, 27),  # z3
            ((N,), dtype, 17, 24),  # p_max
            ((N, K), dtype, 18, 34),  # p_exp
            _ones((K,), dtype),  # ones
            ((N,), dtype, 20, 26),  # p_sum
            ((K, I4, G, J4), dtype, 31, 32),  # W3_bar
            _ones((N,), dtype),  # ones1
            ((I4, G, J4, N), dtype, 34, 51),  # p2_bar
            ((I4, G, J4, N), bool, 35, 44),  # z2_bar_mask
            ((I4, G, J4, N), dtype, 38, 48),  # z2_bar_scaled1
            ((I4, G, J4, N), dtype, 41, 49),  # z2_bar_scaled2
            ((I3, F * U * V, G), dtype, 53, 54),  # w2_bar_product
            ((F * U * V, G), dtype, 54, 55),  # w2_bar_sum
            _ones((J3 * N,), dtype),  # ones2
            ((I3, G), dtype, 56, 57),  # b2_bar_part1
            _ones((I3,), dtype),  # ones3
            ((I3, F * V, J3 * N), dtype, 60, 61),  # p1_bar_part2
            ((I2, F, J2, N), dtype, 63, 82),  # p1_bar
            ((I2, F, J2, N), bool, 66, 75),  # z1_bar_mask
            ((I2, F, J2, N), dtype, 69, 79),  # z1_bar_scaled1
            ((I2, F, J2, N), dtype, 72, 80),  # z1_bar_scaled2
            ((I1, C * U * V, F), dtype, 84, 85),  # w1_bar_product
            ((C * U * V, F), dtype, 85, 86),  # w1_bar_sum
            _ones((J1 * N,), dtype),  # ones4
            ((I1, F), dtype, 87, 88),  # b1_bar_part1
            _ones((I1,), dtype),  # ones5
        )))
    return kept
