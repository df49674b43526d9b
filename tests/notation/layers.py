"""The library's layers and what they are in PyTorch: shapes of the arguments, a call, a function of tensors by name."""

from symbp.notation.read import read_network
from tests.notation.texts import file_text

try:
    import torch
    from torch.nn import functional as F
except ImportError:  # the calls are listed where there is no PyTorch too
    torch = F = None

SIZES = {"N": 3, "D": 5, "H": 2, "K": 7, "C": 4, "I": 6, "J": 8, "T": 5}
SIZES_OF_GATES = {
    "3 * H": 6,
    "4 * H": 8,
    "2 * C": 8,
    "2 * D": 10,
    "6 * D": 30,
    "3 * K": 21,
    "2 * K + T": 19,
    "C + 1": 5,
}
DATA = ("mask", "share", "start", "weight")  # the rest are parameters, but t, which are labels
MORE = 'C, I, J, T = dims("C I J T")\n'


def both(*sizes):
    """A shape by its sizes and by their values."""
    return ", ".join(map(str, sizes)), tuple({**SIZES, **SIZES_OF_GATES}.get(s, s) for s in sizes)


IMAGE = {"x": ("N", "C", "I", "J")}
ROWS = {"x": ("N", "D"), "g": ("D",), "b": ("D",)}
KERNEL = {"w": ("H", "C", 3, 2), "b": ("H",)}
HEADS = {"q": ("N", "H", "T", "D"), "k": ("N", "H", "T", "D"), "v": ("N", "H", "T", "C")}
CELL = {"x": ("N", "D"), "h": ("N", "H"), "c": ("N", "H")}


def gates(count, biases=1):
    width = f"{count} * H" if count > 1 else "H"
    found = {"Wx": ("D", width), "Wh": ("H", width), "b": (width,)}
    return {**CELL, **found} if biases == 1 else {**CELL, **found, "d": (width,)}


def lstm(a):
    zero = torch.zeros_like(a["b"])
    return torch.lstm_cell(a["x"], (a["h"], a["c"]), a["Wx"].T, a["Wh"].T, a["b"], zero)[0]


def layers(a, norm):
    return norm(a["x"], a["x"].shape[-1:], a["g"], a["b"])


PLAIN = {"x": ("N", "K")}
MERGED = {"x": ("N", "T", "2 * D"), "W": ("2 * D", "6 * D"), "b": ("6 * D",), "U": ("2 * D", "2 * D"), "c": ("2 * D",)}
SHARES = {"x": ("N", "T", "K"), "t": ("N", "T", "K"), "share": ("N", "T", "K"), "weight": ("K",)}


def turned(x):
    """Pairs of halves turned by their positions, as complex numbers."""
    half = x.shape[-1] // 2
    angle = torch.outer(torch.arange(x.shape[-2]).double(), 10000.0 ** (-torch.arange(half).double() / half))
    pairs = torch.complex(x[..., :half], x[..., half:]) * torch.exp(1j * angle)
    return torch.cat((pairs.real, pairs.imag), -1)


def heads(a, causal=False):
    """PyTorch's layer of two heads with the weights of ours."""
    layer = torch.nn.MultiheadAttention(a["x"].shape[2], 2, batch_first=True, dtype=a["x"].dtype)
    names = ("in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias")
    weights = dict(zip(names, (a["W"].T, a["b"], a["U"].T, a["c"]), strict=True))
    later = torch.ones(a["x"].shape[1], a["x"].shape[1]).triu(1).bool() if causal else None
    given = {"key_padding_mask": a["mask"] == 0 if "mask" in a else None, "attn_mask": later}
    return torch.func.functional_call(layer, weights, (a["x"],) * 3, given)[0]


def over_largest(a):
    """What torch.nn.utils.spectral_norm makes of weights in training."""
    rows = a["w"].flatten(1)
    right = F.normalize(rows.detach().T @ a["start"], dim=0)
    left = F.normalize(rows.detach() @ right, dim=0)
    return a["w"] / (left @ rows @ right)


def less_slopes(s):
    heads, queries, keys = s.shape[-3:]
    slopes = 2.0 ** (-8 * torch.arange(1, heads + 1).to(s) / heads)
    return s - slopes[:, None, None] * (torch.arange(queries)[:, None] - torch.arange(keys)).abs()


def of_all_paths(a):
    """Minus the mean log probability of the tags, every path of every row by itself."""
    total, e, A, t = 0, a["x"], a["W"], a["t"]
    for n in range(len(e)):
        steps = int(a["mask"][n].sum()) if "mask" in a else e.shape[1]
        paths = torch.cartesian_prod(*[torch.arange(len(A))] * steps).reshape(-1, steps)
        scores = e[n, torch.arange(steps), paths].sum(-1) + A[paths[:, :-1], paths[:, 1:]].sum(-1)
        own = e[n, torch.arange(steps), t[n, :steps]].sum() + A[t[n, : steps - 1], t[n, 1:steps]].sum()
        total = total + torch.logsumexp(scores, 0) - own
    return total / len(e)


def ctc(a):
    """The blank is the last class, which the labels are none of."""
    (T, N, C), S = a["x"].shape, a["t"].shape[1]
    return F.ctc_loss(a["x"].log_softmax(-1), a["t"], torch.full((N,), T), torch.full((N,), S), blank=C - 1)


def entropy(a, **options):
    return F.cross_entropy(a["x"].flatten(0, -2), a["t"].flatten(), **options)


def nll(a, **options):
    return F.nll_loss(a["x"].flatten(0, -2), a["t"].flatten(), **options)


def of_shares(a, **options):
    return F.cross_entropy(a["x"].flatten(0, -2), a["share"].flatten(0, -2), **options)


def focal(x, y):
    p = x.sigmoid()
    mixed = (0.25 * y + 0.75 * (1 - y)) * (y * (1 - p) + (1 - y) * p) ** 2
    return -(mixed * (y * p.log() + (1 - y) * (1 - p).log())).mean()


def dice(p, g):
    both, sizes = (p * g).flatten(1).sum(1), p.flatten(1).sum(1) + g.flatten(1).sum(1)
    return (1 - (2 * both + 1) / (sizes + 1)).mean()


LAYERS = [
    (KERNEL | IMAGE, "conv2d(x, w)", lambda a: F.conv2d(a["x"], a["w"])),
    (KERNEL | IMAGE, "conv2d(x, w, bias=b)", lambda a: F.conv2d(a["x"], a["w"], a["b"])),
    (KERNEL | IMAGE, "conv2d(x, w, stride=2, padding=1)", lambda a: F.conv2d(a["x"], a["w"], stride=2, padding=1)),
    (KERNEL | IMAGE, "conv2d(x, w, stride=3, dilation=2)", lambda a: F.conv2d(a["x"], a["w"], stride=3, dilation=2)),
    (
        {"x": ("N", 4, "I", "J"), "w": (6, 2, 3, 2)},
        "conv2d(x, w, groups=2, padding=1)",
        lambda a: F.conv2d(a["x"], a["w"], groups=2, padding=1),
    ),
    (
        {"x": ("N", "C", "K"), "w": ("H", "C", 3), "b": ("H",)},
        "conv1d(x, w, stride=2, padding=2, bias=b)",
        lambda a: F.conv1d(a["x"], a["w"], a["b"], stride=2, padding=2),
    ),
    (
        {"x": ("N", 4, "K"), "w": (4, 1, 3)},
        "conv1d(x, w, groups=4, dilation=2)",
        lambda a: F.conv1d(a["x"], a["w"], groups=4, dilation=2),
    ),
    (
        KERNEL | IMAGE,
        "conv2d(x, w, b, (2, 1), (0, 1), (1, 2))",
        lambda a: F.conv2d(a["x"], a["w"], a["b"], (2, 1), (0, 1), (1, 2)),
    ),
    (
        {"x": ("N", "C", "I", "J"), "w": ("C", 1, 2, 3)},
        "conv2d(x, w, padding=1, stride=2, groups=C)",
        lambda a: F.conv2d(a["x"], a["w"], padding=1, stride=2, groups=a["x"].shape[1]),
    ),
    (
        {"x": ("N", "2 * C", "K"), "w": ("2 * D", "C", 3), "b": ("2 * D",)},
        "conv1d(x, w, b, 2, 1, 2, 2)",
        lambda a: F.conv1d(a["x"], a["w"], a["b"], 2, 1, 2, 2),
    ),
    (IMAGE, "max_pool2d(x, 3, 2, 1)", lambda a: F.max_pool2d(a["x"], 3, 2, 1)),
    (IMAGE, "max_pool2d(x, kernel_size=2, stride=1, dilation=2)", lambda a: F.max_pool2d(a["x"], 2, 1, dilation=2)),
    (IMAGE, "max_pool2d(x, (2, 3), (3, 1), (0, 1))", lambda a: F.max_pool2d(a["x"], (2, 3), (3, 1), (0, 1))),
    (IMAGE, "avg_pool2d(x, 3, 2, 1)", lambda a: F.avg_pool2d(a["x"], 3, 2, 1)),
    (IMAGE, "avg_pool2d(x, (2, 3), (1, 2))", lambda a: F.avg_pool2d(a["x"], (2, 3), (1, 2))),
    (IMAGE, "max_pool2d(x, 2)", lambda a: F.max_pool2d(a["x"], 2)),
    (IMAGE, "max_pool2d(x, (3, 2), stride=2)", lambda a: F.max_pool2d(a["x"], (3, 2), 2)),
    (IMAGE, "avg_pool2d(x, 3, stride=1)", lambda a: F.avg_pool2d(a["x"], 3, 1)),
    (IMAGE, "avg_pool2d(x, 3)", lambda a: F.avg_pool2d(a["x"], 3)),
    (IMAGE, "max_pool2d(x, 2, ceil_mode=True)", lambda a: F.max_pool2d(a["x"], 2, ceil_mode=True)),
    (IMAGE, "max_pool2d(x, 3, 2, 1, ceil_mode=True)", lambda a: F.max_pool2d(a["x"], 3, 2, 1, ceil_mode=True)),
    (IMAGE, "avg_pool2d(x, 2, ceil_mode=True)", lambda a: F.avg_pool2d(a["x"], 2, ceil_mode=True)),
    (
        IMAGE,
        "avg_pool2d(x, 3, 2, 1, count_include_pad=False)",
        lambda a: F.avg_pool2d(a["x"], 3, 2, 1, count_include_pad=False),
    ),
    (ROWS, "batch_norm(x, g, b)", lambda a: F.batch_norm(a["x"], None, None, a["g"], a["b"], training=True)),
    (
        {"x": ("N", "D", "I", "J"), "g": ("D",), "b": ("D",)},
        "batch_norm2d(x, g, b)",
        lambda a: F.batch_norm(a["x"], None, None, a["g"], a["b"], training=True),
    ),
    (
        ROWS,
        "batch_norm(x, g, b, eps=0.1, unbiased=True)",
        lambda a: a["g"] * (a["x"] - a["x"].mean(0)) / (a["x"].var(0) + 0.1).sqrt() + a["b"],
    ),
    (ROWS, "layer_norm(x, g, b)", lambda a: layers(a, F.layer_norm)),
    ({**ROWS, "x": ("N", "T", "D")}, "layer_norm(x, g, b)", lambda a: layers(a, F.layer_norm)),
    (
        ROWS,
        "rms_norm(x, g, eps=0.01)",
        lambda a: a["g"] * a["x"] / (a["x"].square().mean(-1, keepdim=True) + 0.01).sqrt(),
    ),
    (
        {"x": ("N", 6, "I", "J"), "g": (6,), "b": (6,)},
        "group_norm(x, 3, g, b)",
        lambda a: F.group_norm(a["x"], 3, a["g"], a["b"]),
    ),
    ({"x": ("N", "D"), "m": ("N", "D")}, "dropout(x, m, p=0.2)", lambda a: a["x"] * a["m"] / 0.8),
    (HEADS, "attention(q, k, v)", lambda a: F.scaled_dot_product_attention(a["q"], a["k"], a["v"])),
    (
        HEADS,
        "attention(q, k, v, causal=True)",
        lambda a: F.scaled_dot_product_attention(a["q"], a["k"], a["v"], is_causal=True),
    ),
    (
        HEADS,
        "scaled_dot_product_attention(q, k, v, is_causal=True)",
        lambda a: F.scaled_dot_product_attention(a["q"], a["k"], a["v"], is_causal=True),
    ),
    (
        gates(1),
        "rnn_cell(x, h, Wx, Wh, b)",
        lambda a: torch.rnn_tanh_cell(a["x"], a["h"], a["Wx"].T, a["Wh"].T, a["b"], torch.zeros_like(a["b"])),
    ),
    (gates(4), "first(lstm_cell(x, h, c, Wx, Wh, b))", lstm),
    (
        gates(3, 2),
        "gru_cell(x, h, Wx, Wh, b, d)",
        lambda a: torch.gru_cell(a["x"], a["h"], a["Wx"].T, a["Wh"].T, a["b"], a["d"]),
    ),
    ({"x": ("N", "D"), "y": ("N", "D")}, "huber(x, y)", lambda a: F.huber_loss(a["x"], a["y"])),
    ({"x": ("N", "D"), "y": ("N", "D")}, "huber(x, y, delta=0.5)", lambda a: F.huber_loss(a["x"], a["y"], delta=0.5)),
    (
        {"x": ("N", "D"), "y": ("N", "D")},
        "hinge(x, y)",
        lambda a: torch.clamp(1 - a["x"] * a["y"], min=0).mean(),
    ),
    (
        {"x": ("N", "D"), "y": ("N", "D")},
        "kl_div(x, softmax(y))",
        lambda a: F.kl_div(a["x"], a["y"].softmax(-1), reduction="batchmean"),
    ),
    ({"t": ("N", "T", "K"), "w": ("K", "D")}, "embedding(t, w)", lambda a: F.embedding(a["t"], a["w"])),
    (
        {"t": ("N", "T", "K"), "w": ("K", "D")},
        "embedding(t, w, padding_idx=1)",
        lambda a: F.embedding(a["t"], a["w"], padding_idx=1),
    ),
    ({"t": ("N", "K"), "x": ("N", "K")}, "cross_entropy(x, t)", lambda a: F.cross_entropy(a["x"], a["t"])),
    ({"t": ("N", "K"), "x": ("N", "K")}, "nll(x, t)", lambda a: F.nll_loss(a["x"], a["t"])),
    (
        {"t": ("N", "T", "K"), "x": ("N", "T", "K")},
        "cross_entropy(x, t)",
        lambda a: F.cross_entropy(a["x"].flatten(0, 1), a["t"].flatten()),
    ),
    (PLAIN, "mish(x)", lambda a: F.mish(a["x"])),
    (PLAIN, "selu(x)", lambda a: F.selu(a["x"])),
    (PLAIN, "softsign(x)", lambda a: F.softsign(a["x"])),
    (PLAIN, "hardswish(4 * x)", lambda a: F.hardswish(4 * a["x"])),
    (PLAIN, "log_sigmoid(x)", lambda a: F.logsigmoid(a["x"])),
    ({"x": ("N", "K", "T"), "w": ("K",)}, "prelu(x, w)", lambda a: F.prelu(a["x"], a["w"])),
    (PLAIN, "clip(x, -0.5, 1)", lambda a: a["x"].clamp(-0.5, 1)),
    ({"x": ("K", "K")}, "trace(x)", lambda a: a["x"].trace()),
    ({"x": ("N",), "y": ("K",)}, "outer(x, y)", lambda a: torch.outer(a["x"], a["y"])),
    (PLAIN, "norm(x, axis=1)", lambda a: a["x"].norm(dim=1)),
    (PLAIN, "var(x, axis=0)", lambda a: a["x"].var(0, unbiased=False)),
    (PLAIN, "std(x)", lambda a: a["x"].std(unbiased=False)),
    (
        {"x": ("N", "K", "I", "J"), "w": ("K", 2, 3, 2)},
        "conv_transpose2d(x, w, stride=2, padding=1)",
        lambda a: F.conv_transpose2d(a["x"], a["w"], stride=2, padding=1),
    ),
    (
        {"x": ("N", "K", "I", "J"), "w": ("K", 2, 3, 2)},
        "conv_transpose2d(x, w, stride=2, padding=1, output_padding=1)",
        lambda a: F.conv_transpose2d(a["x"], a["w"], stride=2, padding=1, output_padding=1),
    ),
    (
        {"x": ("N", "K", "I", "J")},
        'upsample(x, 2, mode="bilinear")',
        lambda a: F.interpolate(a["x"], scale_factor=2, mode="bilinear", align_corners=False),
    ),
    ({"x": ("N", "K", "I", "J")}, "upsample(x, (3, 2))", lambda a: F.interpolate(a["x"], scale_factor=(3, 2))),
    ({"x": ("N", "T", 4)}, "rotary(x)", lambda a: turned(a["x"])),
    (PLAIN | {"y": ("N", "K")}, "cosine_similarity(x, y)", lambda a: F.cosine_similarity(a["x"], a["y"], dim=-1)),
    (
        PLAIN | {"y": ("N", "K"), "w": ("N", "K")},
        "triplet(x, y, w)",
        lambda a: F.triplet_margin_loss(a["x"], a["y"], a["w"], eps=0),
    ),
    (
        PLAIN | {"y": ("N", "K")},
        "contrastive(x, y, temperature=0.5)",
        lambda a: F.cross_entropy(F.normalize(a["x"]) @ F.normalize(a["y"]).T / 0.5, torch.arange(len(a["x"]))),
    ),
    (PLAIN | {"y": ("N", "K")}, "focal(x, sigmoid(y))", lambda a: focal(a["x"], a["y"].sigmoid())),
    (PLAIN | {"y": ("N", "K")}, "dice(sigmoid(x), sigmoid(y))", lambda a: dice(a["x"].sigmoid(), a["y"].sigmoid())),
    ({"t": ("N", "T", "K"), "w": ("K", "D")}, "embedding_bag(t, w)", lambda a: F.embedding_bag(a["t"], a["w"])),
    (
        {"x": ("N", "C", "I", "J", "K"), "w": ("H", "C", 3, 2, 2), "b": ("H",)},
        "conv3d(x, w, b, stride=(2, 1, 1), padding=1)",
        lambda a: F.conv3d(a["x"], a["w"], a["b"], stride=(2, 1, 1), padding=1),
    ),
    (
        {"x": ("N", 4, "I", "J", "K"), "w": (6, 2, 2, 3, 1)},
        "conv3d(x, w, groups=2, dilation=2)",
        lambda a: F.conv3d(a["x"], a["w"], groups=2, dilation=2),
    ),
    (IMAGE, "adaptive_avg_pool2d(x, 1)", lambda a: F.adaptive_avg_pool2d(a["x"], 1)),
    (IMAGE, "adaptive_avg_pool2d(x, (3, 4))", lambda a: F.adaptive_avg_pool2d(a["x"], (3, 4))),
    (
        {"x": ("N", "D", "I", "J"), "g": ("D",), "b": ("D",)},
        "instance_norm(x, g, b)",
        lambda a: F.instance_norm(a["x"], weight=a["g"], bias=a["b"]),
    ),
    (
        {"v": ("H", "C", 3, 2), "g": ("H",)},
        "weight_norm(v, g)",
        lambda a: torch._weight_norm(a["v"], a["g"][:, None, None, None], 0),
    ),
    (
        {"v": ("D", "H"), "g": ("H",)},
        "weight_norm(v, g, axis=1)",
        lambda a: torch._weight_norm(a["v"], a["g"][None], 1),
    ),
    ({"w": ("H", "C", 3, 2), "start": ("H",)}, "spectral_norm(w, start)", over_largest),
    ({"w": ("D", "K"), "start": ("D",)}, "spectral_norm(w, start)", over_largest),
    (PLAIN, "normalize(x)", lambda a: F.normalize(a["x"])),
    ({"x": ("N", "T", "D")}, "normalize(x, axis=1)", lambda a: F.normalize(a["x"], dim=1)),
    ({"x": ("N", "2 * D")}, "glu(x)", lambda a: F.glu(a["x"])),
    ({"x": ("N", "2 * D", "T")}, "glu(x, axis=1)", lambda a: F.glu(a["x"], dim=1)),
    (
        {"x": ("N", "D"), "U": ("D", "H"), "V": ("D", "H")},
        "swiglu(x, U, V)",
        lambda a: F.silu(a["x"] @ a["U"]) * (a["x"] @ a["V"]),
    ),
    (
        {"x": ("N", "D"), "U": ("D", "H"), "V": ("D", "H"), "b": ("H",), "c": ("H",)},
        "geglu(x, U, V, b, c)",
        lambda a: F.gelu(a["x"] @ a["U"] + a["b"]) * (a["x"] @ a["V"] + a["c"]),
    ),
    ({"x": ("N", "3 * K")}, "maxout(x, 3)", lambda a: a["x"].unflatten(1, (-1, 3)).amax(2)),
    (
        {**HEADS, "b": ("T", "T")},
        "scaled_dot_product_attention(q, k, v, b)",
        lambda a: F.scaled_dot_product_attention(a["q"], a["k"], a["v"], a["b"]),
    ),
    (MERGED, "multi_head_attention(x, W, b, U, c, num_heads=2)", heads),
    (MERGED | {"mask": ("N", "T")}, "multi_head_attention(x, W, b, U, c, 2, mask)", heads),
    (MERGED, "multi_head_attention(x, W, b, U, c, 2, causal=True)", lambda a: heads(a, causal=True)),
    ({"x": ("N", "C", "T", "K")}, "alibi(x)", lambda a: less_slopes(a["x"])),
    ({"x": ("N", "T", "H"), "t": ("N", "T", "H"), "W": ("H", "H")}, "crf(x, t, W)", of_all_paths),
    (
        {"x": ("N", "T", "H"), "t": ("N", "T", "H"), "W": ("H", "H"), "mask": ("N", "T")},
        "crf(x, t, W, mask)",
        of_all_paths,
    ),
    ({"x": ("2 * K + T", "N", "C + 1"), "t": ("N", "K", "C")}, "ctc(log_softmax(x), t, C)", ctc),
    (SHARES, "cross_entropy(x, t, label_smoothing=0.1)", lambda a: entropy(a, label_smoothing=0.1)),
    (SHARES, "cross_entropy(x, t, ignore_index=1)", lambda a: entropy(a, ignore_index=1)),
    (SHARES, "nll(log_softmax(x), t, reduction='sum')", lambda a: entropy(a, reduction="sum")),
    (
        SHARES,
        "cross_entropy(x, t, weight, 0, label_smoothing=0.2)",
        lambda a: entropy(a, weight=a["weight"], ignore_index=0, label_smoothing=0.2),
    ),
    (
        SHARES,
        "cross_entropy(x, t, weight=weight, reduction='none')",
        lambda a: entropy(a, weight=a["weight"], reduction="none").reshape(a["t"].shape),
    ),
    (
        SHARES,
        "cross_entropy(x, share, weight=weight, label_smoothing=0.1)",
        lambda a: of_shares(a, weight=a["weight"], label_smoothing=0.1),
    ),
    (SHARES, "cross_entropy(x, share, reduction='sum')", lambda a: of_shares(a, reduction="sum")),
    (SHARES, "mse(x, share, reduction='sum')", lambda a: F.mse_loss(a["x"], a["share"], reduction="sum")),
    (SHARES, "mse(x, share, 'none')", lambda a: F.mse_loss(a["x"], a["share"], reduction="none")),
    (SHARES, "huber(x, share, 0.5, 'sum')", lambda a: F.huber_loss(a["x"], a["share"], "sum", 0.5)),
    (
        SHARES,
        "binary_cross_entropy(sigmoid(x), share, weight, 'sum')",
        lambda a: F.binary_cross_entropy(a["x"].sigmoid(), a["share"], a["weight"].expand_as(a["x"]), reduction="sum"),
    ),
    (
        SHARES,
        "binary_cross_entropy_with_logits(x, share, pos_weight=weight)",
        lambda a: F.binary_cross_entropy_with_logits(a["x"], a["share"], pos_weight=a["weight"]),
    ),
    (
        SHARES,
        "kl_div(log_softmax(x), share, 'batchmean')",
        lambda a: F.kl_div(a["x"].log_softmax(-1), a["share"], reduction="batchmean"),
    ),
    (
        SHARES,
        "kl_div(log_softmax(x), share, 'mean')",  # which PyTorch says will be another mean one day
        lambda a: (a["share"] * (a["share"].log() - a["x"].log_softmax(-1))).mean(),
    ),
    (
        PLAIN | {"y": ("N", "K"), "w": ("N", "K")},
        "triplet(x, y, w, 0.5, reduction='none')",
        lambda a: F.triplet_margin_loss(a["x"], a["y"], a["w"], 0.5, eps=0, reduction="none"),
    ),
]


def network_of(shapes, call, returned="sum(z)"):
    """The network of one call, whose output is z."""
    kinds = {n: "Labels" if n == "t" else "Data" if n in DATA else "Param" for n in shapes}
    signature = ", ".join(f"{n}: {kinds[n]}[{both(*s)[0]}]" for n, s in shapes.items())
    if call.startswith("first("):
        body = f"z, second = {call[6:-1]}\nreturn {returned}"
    else:
        body = f"z = {call}\nreturn {returned}"
    head = file_text(body, signature, MORE)
    return read_network(head.replace("import Array, Data,", "import Array, Data, Labels,"))
