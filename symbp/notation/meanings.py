"""Words of NumPy, PyTorch and others that the language calls otherwise, by meaning: a row each.

What stands beside a word is what to write: a word of the language (a test looks whether it is one) or a form of it.
"""

from __future__ import annotations

from symbp.notation.words import nearest

# One word for another, the arguments as the language has them.
WORDS = {
    **dict.fromkeys(("cat", "concat", "hstack", "vstack", "column_stack"), "concatenate"),
    **dict.fromkeys(("view", "ravel", "unflatten", "contiguous"), "reshape"),
    **dict.fromkeys(("permute", "moveaxis", "rollaxis"), "transpose"),
    **dict.fromkeys(("unsqueeze", "newaxis"), "expand_dims"),
    **dict.fromkeys(("detach", "no_grad", "lax_stop_gradient"), "stop_gradient"),
    **dict.fromkeys(("clamp", "relu6", "hardtanh"), "clip"),
    **dict.fromkeys(("amax", "nanmax"), "max"),
    **dict.fromkeys(("amin", "nanmin"), "min"),
    **dict.fromkeys(("average", "avg"), "mean"),
    **dict.fromkeys(("fliplr", "flipud", "reverse"), "flip"),
    **dict.fromkeys(("repeat_interleave",), "repeat"),
    **dict.fromkeys(("zeros_like", "empty", "empty_like", "full_like", "new_zeros"), "zeros"),
    **dict.fromkeys(("ones_like", "new_ones", "full"), "ones"),
    **dict.fromkeys(("identity",), "eye"),
    **dict.fromkeys(("linspace",), "arange"),
    **dict.fromkeys(("diagonal", "diag_embed"), "diag"),
    **dict.fromkeys(("mat_trace",), "trace"),
    **dict.fromkeys(("ln",), "log"),
    **dict.fromkeys(("arctan",), "atan"),
    **dict.fromkeys(("absolute", "fabs"), "abs"),
    **dict.fromkeys(("expit", "logistic"), "sigmoid"),
    **dict.fromkeys(("gammaln",), "lgamma"),
    **dict.fromkeys(("psi",), "digamma"),
    **dict.fromkeys(("silu",), "swish"),
    **dict.fromkeys(("smooth_relu",), "softplus"),
    **dict.fromkeys(("crossentropy", "softmax_cross_entropy", "categorical_crossentropy"), "cross_entropy"),
    **dict.fromkeys(("nll_loss",), "nll"),
    **dict.fromkeys(("mse_loss", "mean_squared_error", "square_error"), "mse"),
    **dict.fromkeys(("bce", "bce_loss"), "binary_cross_entropy"),
    **dict.fromkeys(("bce_with_logits", "sigmoid_cross_entropy"), "binary_cross_entropy_with_logits"),
    **dict.fromkeys(("layernorm",), "layer_norm"),
    **dict.fromkeys(("self_attention", "sdpa"), "attention"),
    **dict.fromkeys(("conv", "convolve", "convolution", "correlate"), "conv2d"),
    **dict.fromkeys(("maxpool", "max_pool", "maxpool2d"), "max_pool2d"),
    **dict.fromkeys(("avgpool", "avg_pool", "mean_pool"), "avg_pool2d"),
    **dict.fromkeys(("lstm",), "lstm_cell"),
    **dict.fromkeys(("gru",), "gru_cell"),
    **dict.fromkeys(("heaviside", "select", "cond", "piecewise", "masked_fill"), "where"),
    **dict.fromkeys(("interpolate",), "upsample"),
    **dict.fromkeys(("nonzero", "sort", "argsort", "topk"), "argmax"),
    **dict.fromkeys(("logcumsumexp",), "cumsum"),
}
# What is no word but a form.
FORMS = {
    **dict.fromkeys(("matmul", "mm", "bmm", "mv", "dot", "tensordot", "inner", "linear"), "`a @ b`, or einsum"),
    **dict.fromkeys(("power", "pow"), "`x ** p`"),
    **dict.fromkeys(("square",), "`x ** 2`"),
    **dict.fromkeys(("reciprocal",), "`1 / x`"),
    **dict.fromkeys(("rsqrt",), "`1 / sqrt(x)`"),
    **dict.fromkeys(("add", "subtract", "multiply", "divide", "negative", "mul", "sub", "div"), "+ - * /"),
    **dict.fromkeys(("split", "chunk", "unbind", "narrow", "tensor_split"), "subscripts, `x[:, :H]` and `x[:, H:]`"),
    **dict.fromkeys(("gather", "take", "index_select", "take_along_axis"), "labels as subscripts, `p[n, t[n]]`"),
    **dict.fromkeys(("one_hot",), "`1 if t[n] == k else 0` for an entry y[n, k]"),
    **dict.fromkeys(("tril", "triu"), "a condition on indices, `for s in T if s <= t`"),
    **dict.fromkeys(("broadcast_to", "expand", "broadcast"), "index notation, `y[n, d] = x[d]` with `n: N`"),
    **dict.fromkeys(("floor_divide", "floordiv"), "`i // 2`, of indices and sizes"),
    **dict.fromkeys(("remainder", "fmod", "mod"), "`i % 2`, of indices and sizes"),
    **dict.fromkeys(("dropout",), "a mask as Data: `x * mask / (1 - p)`"),
    **dict.fromkeys(("scan", "foldl", "reduce"), "a loop, `for t in T:`"),
    **dict.fromkeys(("float", "inf"), "-1e9 for minus infinity in a mask, since its exponential is 0 as well"),
}  # fmt: skip


def instead(name: str, known: list[str]) -> str:
    """What to write instead of a word, by its meaning or else by its spelling; nothing where neither is near."""
    if name in known:
        return ""
    if name in WORDS and WORDS[name] in known:
        return f"; the nearest that it has is `{WORDS[name]}`"
    return f"; write {FORMS[name]}" if name in FORMS else nearest(name, known)
