"""Each kind of mistake by itself, in at least two of the passes: what is written instead of what, and how it is told.

A row is a pass, what stands there and what is planted (several lines where they go together), and the kinds that name
it; the line is the one that ends in `# <-`, or the only one that is planted.
"""

from __future__ import annotations

Row = tuple[str, str, str, str]

KINDS: dict[str, tuple[Row, ...]] = {
    "sign": (
        ("MLP", "dW1 = x.T @ dz1", "dW1 = -x.T @ dz1", "sign"),
        ("GRU", "dn = dh * (1 - z)", "dn = -dh * (1 - z)", "sign"),
        ("VAE", "0.5 * (np.exp(logvar) - 1) / N", "0.5 * (1 - np.exp(logvar)) / N", "sign"),
    ),
    "a factor 2": (
        ("ReLU", "delta3 = 2.0 * diff / batch", "delta3 = diff / batch", "factor"),
        ("triplet", "dep = 2 * ep * active", "dep = ep * active", "factor"),
        ("bilinear, RMS norm, GELU", "dout = 2 * (out - y) / y.size", "dout = (out - y) / y.size", "factor"),
    ),
    "the number of examples": (
        ("MLP", "dz2 = (p - y) / N", "dz2 = p - y", "factor"),
        ("GRU", "dh = (h - y) / N", "dh = h - y", "factor"),
        ("highway, focal", "- (1 - p) ** 2 / p) / batch", "- (1 - p) ** 2 / p)", "factor"),
    ),
    "the number of classes": (
        ("MLP", "dz2 = (p - y) / N", "dz2 = (p - y) / p.shape[1]", "factor wrong_tensor"),
        ("bag, dropout, smoothing", "- target) / N", "- target) / K", "factor wrong_tensor"),
        ("heads", "dout = 2 * (out - y) / out.size", "dout = 2 * (out - y) / N", "factor wrong_tensor"),
    ),
    "the root of the width": (
        ("attention", "dscores = dscores / np.sqrt(width)", "dscores = dscores / width", "factor"),
        ("heads", "dscores *= scale", "dscores *= 1 / q.shape[-1]", "factor wrong_tensor"),
    ),
    "two constants at once": (
        ("heads", "dout = 2 * (out - y) / out.size", "dout = out - y", "factor"),
        ("ReLU", "delta3 = 2.0 * diff / batch", "delta3 = diff", "factor"),
        ("masked RNN", "de = 2 * e / N", "de = e", "factor"),
    ),
    "a mean for a sum": (
        ("MLP", "db2 = dz2.sum(axis=0)", "db2 = dz2.mean(axis=0)", "mean factor"),
        ("temperature", "db = dz.sum(axis=0)", "db = dz.mean(axis=0)", "mean factor"),
        ("group norm", "s1 = g.sum(axis=-1, keepdims=True)", "s1 = g.mean(axis=-1, keepdims=True)", "mean factor"),
    ),
    "a missing sum": (
        ("MLP", "db1 = dz1.sum(axis=0)", "db1 = dz1", "sum shape"),
        ("masked RNN", "db = db + da.sum(axis=0)", "db = db + da", "sum shape"),
        ("highway, focal", "grad_bt = grad_at.sum(axis=0)", "grad_bt = grad_at.sum(axis=1)", "sum shape"),
    ),
    "a missing sum over the steps": (
        ("masked RNN", "dWh = dWh + hs[t].T @ da", "dWh = hs[t].T @ da", "overwrite path step"),
        ("GRU", 'grads["bx"] += du.sum(axis=0)', 'grads["bx"] = du.sum(axis=0)', "overwrite path step"),
        ("transposed convolution", "dw += np.einsum", "dw = np.einsum", "overwrite path step"),
    ),
    "a transpose": (
        ("ReLU", "delta1 = np.dot(delta2, W2.T)", "delta1 = np.dot(delta2, W2)", "transpose"),
        ("highway, focal", "grad_Wt = x.T @ grad_at", "grad_Wt = grad_at.T @ x", "transpose"),
        ("heads", "dom = dout @ Wo.T", "dom = dout @ Wo", "transpose"),
        ("heads", "dk = np.swapaxes(dscores, -1, -2) @ q", "dk = dscores @ q", "transpose"),
    ),
    "another tensor of the shape": (
        ("ReLU", "* (u1 > 0)", "* (u2 > 0)", "wrong_tensor derivative"),
        ("masked RNN", "dWh = dWh + hs[t].T @ da", "dWh = dWh + hs[t + 1].T @ da", "step wrong_tensor"),
        ("heads", "dq = dscores @ k", "dq = dscores @ q", "wrong_tensor"),
        ("GRU", 'dr = dan * c["vn"]', 'dr = dan * c["h"]', "wrong_tensor"),
        ("GRU", "daz = dz * z * (1 - z)", "daz = dz * r * (1 - r)", "wrong_tensor derivative term"),
    ),
    "the derivative at another place": (
        ("MLP", "da1 * a1 * (1 - a1)", "da1 * z1 * (1 - z1)", "derivative wrong_tensor term"),
        ("masked RNN", "da = dg * (1 - gs[t] ** 2)", "da = dg * (1 - dg ** 2)", "derivative wrong_tensor term"),
        ("VAE", "dpre = dh * (1 - h * h)", "dpre = dh * (1 - dh * dh)", "derivative wrong_tensor term"),
    ),
    "sigma for its derivative": (
        ("MLP", "da1 * a1 * (1 - a1)", "da1 * a1", "derivative term"),
        ("highway, focal", "grad_at = grad_t * t * (1 - t)", "grad_at = grad_t * t", "derivative term"),
        (
            "bilinear, RMS norm, GELU",
            "dinner = dout * 0.5 * u * (1 - th ** 2)",
            "dinner = dout * 0.5 * u * th",
            "derivative term",
        ),
    ),
    "sigma(z) sigma(1 - z)": (
        ("MLP", "da1 * a1 * (1 - a1)", "da1 * a1 * sigmoid(1 - z1)", "derivative"),
        ("highway, focal", "grad_p * p * (1 - p)", "grad_p * p * sigmoid(1 - score)", "derivative"),
    ),
    "a softmax entry by entry": (
        ("attention", "attn * (dattn - (attn * dattn).sum(-1, keepdims=True))", "attn * (1 - attn) * dattn", "softmax"),
        ("heads", "att * (datt - (datt * att).sum(axis=-1, keepdims=True))", "att * (1 - att) * datt", "softmax"),
        ("heads", "att * (datt - (datt * att).sum(axis=-1, keepdims=True))", "att * datt - att ** 2 * datt", "softmax"),
    ),
    "a statistic held constant": (
        ("batch norm, step by step", "dz = dzc + dmu / n", "dz = dzc", "constant path"),
        ("batch norm, step by step", "dzc = dzc1 + dzc2", "dzc = dzc1", "constant path"),
        ("batch norm, one formula", "(dzn - dzn.mean(0) - zn * (dzn * zn).mean(0)) / scale", "dzn / scale", "constant"),
        (
            "group norm",
            "self.rstd / m * (m * g - s1 - self.xhat * s2)",
            "self.rstd / m * (m * g - s1)",
            "constant path term",
        ),
        ("group norm", "self.rstd / m * (m * g - s1 - self.xhat * s2)", "self.rstd * g", "constant"),
        (
            "bilinear, RMS norm, GELU",
            " - s * (dxhat * s).sum(axis=1, keepdims=True) / (k * rms ** 3)",
            "",
            "constant path",
        ),
        ("layer norm", "dxc += 2 * xc * dvar / D", "dxc += 2 * xc * dvar / (D - 1)", "factor"),
        ("group norm", "m = g.shape[-1]", "m = g.shape[-1] - 1", "factor term"),
    ),
    "a path left out": (
        ("highway, focal", "grad_t = grad_o * (g - x)", "grad_t = grad_o * g", "path term"),
        ("GRU", "dh = dh * z + dv @ params", "dh = dv @ params", "path step"),
        ("VAE", "dmu = dz + mu / N", "dmu = dz", "path"),
        ("VAE", "dh = dmu @ Wm.T + dlogvar @ Ws.T", "dh = dmu @ Wm.T", "path"),
        ("triplet", "dua = dep + deq", "dua = dep", "path"),
        ("temperature", "dW = x.T @ dz + 0.1 * W", "dW = x.T @ dz", "path term"),
        ("bilinear, RMS norm, GELU", "dout * 0.5 * (1 + th) + dinner * C", "dinner * C", "path term"),
    ),
    "a path counted twice": (
        ("VAE", "dmu = dz + mu / N", "dmu = dz + dz + mu / N", "path factor"),
        ("residual", "dr = ds * self.g", "dr = ds * self.g + ds * self.g", "path factor"),
        ("triplet", "dua = dep + deq", "dua = dep + dep + deq", "path factor"),
    ),
    "a repeated index": (
        ("embedding", "np.add.at(dE, t, drows)", "dE[t] += drows", "index_add"),
        ("embedding", "np.add.at(dE, t, drows)", "dE[t] = drows", "index_add overwrite"),
        ("bag, dropout, smoothing", "dE[t[n, s]] += dbag[n] / S", "dE[t[n, s]] = dbag[n] / S", "index_add overwrite"),
    ),
    "a factor on one of several terms": (
        ("VAE", "0.5 * dstd * std + 0.5 * (np", "0.5 * dstd * std + (np", "factor"),
        ("temperature", "+ 0.1 * W", "+ 0.05 * W", "factor"),
        ("temperature", "+ 0.1 * W", "+ 0.1 * W / N", "factor"),
        ("masked RNN", "dnext = dh * (1 - mt) + da @ Wh.T", "dnext = dh * (1 - mt) + 2 * da @ Wh.T", "factor path"),
        ("bag, dropout, smoothing", "dbag = dm * mask / keep", "dbag = dm * mask", "factor"),
        ("bag, dropout, smoothing", "dbag = dm * mask / keep", "dbag = dm / keep", "term derivative path"),
    ),
    "a carry lost": (
        ("LSTM", "dc = dc + dh * o", "dc = dh * o", "step path"),
        ("masked RNN", "dnext = dh * (1 - mt) + da @ Wh.T", "dnext = da @ Wh.T", "step path"),
        ("masked RNN", "dh = ds / T + dnext", "dh = ds / T", "step path"),
        ("GRU", 'dh = dh * z + dv @ params["Wh"].T', "dh = dh * z", "step path"),
    ),
    "gates in another order": (
        ("LSTM", "[dzi, dzf, dzg, dzo]", "[dzf, dzi, dzg, dzo]", "order"),
        (
            "GRU",
            "du = np.concatenate([dar, daz, dan], axis=1)",
            "du = np.concatenate([daz, dar, dan], axis=1)",
            "order",
        ),
        ("heads", "[merge(dq), merge(dk), merge(dv)]", "[merge(dk), merge(dq), merge(dv)]", "order"),
    ),
    "read after it was written over": (
        ("MLP", "dz2 = (p - y) / N\n", "dz2 = (p - y) / N\n    a1 *= 1 - a1\n", "overwrite alias term derivative"),
        ("highway, focal", "grad_v = o.T @ grad_score", "t *= 1 - t\n    grad_v = o.T @ grad_score", "overwrite"),
    ),
    "one array under two names": (
        (
            "highway, focal",
            "grad_Wg = x.T @ grad_ag",
            "grad_Wg = np.matmul(x.T, grad_ag, out=grad_Wt)",
            "alias overwrite",
        ),
        (
            "batch norm, step by step",
            "dbeta = np.sum(ds, axis=0)",
            "dbeta = np.sum(ds, axis=0, out=dgamma)",
            "alias overwrite",
        ),
    ),
    "an input changed": (
        ("MLP", "dz2 = (p - y) / N", "y -= p  # <-\n    dz2 = -y / N", "state"),
        ("VAE", "dstd = dz * eps", "eps *= dz  # <-\n    dstd = eps", "state"),
    ),
    "state that is kept": (
        ("MLP", "dW1 = x.T @ dz1", 'dW1 = KEPT.setdefault("W1", 0) + x.T @ dz1  # <-\n    KEPT["W1"] = dW1', "state"),
        (
            "group norm",
            'self.dbeta = np.einsum("ncij->c", dout)',
            "self.dbeta = KEPT.setdefault(1, 0) + dout.sum(axis=(0, 2, 3))  # <-\n        KEPT[1] = self.dbeta",
            "state",
        ),
    ),
    "integers": (
        ("transposed convolution", "dx = np.zeros(x.shape)", "dx = np.zeros(x.shape, dtype=int)", "dtype"),
        ("masked RNN", "de = 2 * e / N", "de = 2 * e // N", "dtype"),
        ("VAE", "0.5 * dstd * std", "(1 // 2) * dstd * std", "dtype factor path term"),
    ),
    "float32": (
        ("MLP", "dz2 = (p - y) / N", "dz2 = ((p - y) / N).astype(np.float32)", "dtype"),
        ("transposed convolution", "dw = np.zeros(w.shape)", "dw = np.zeros(w.shape, dtype=np.float32)", "dtype"),
    ),
    "another loss": (
        (
            "heads",
            "loss = np.mean((out - y) ** 2)\n    dout = 2 * (out - y) / out.size",
            "loss = np.sum((out - y) ** 2) / N  # <-\n    dout = 2 * (out - y) / N",
            "loss",
        ),
        (
            "triplet",
            "loss = np.maximum(margin, 0).mean()\n    active = (margin > 0).astype(float)[:, None] / n",
            "loss = np.maximum(margin, 0).sum()  # <-\n    active = (margin > 0).astype(float)[:, None]",
            "loss",
        ),
    ),
}
