"""Layers: products with weights, convolutions, poolings, norms, attention, losses."""

from __future__ import annotations

from symbp.core.integers import ONE, Poly
from symbp.importing.at import At, Result, Rule, number
from symbp.importing.composed import HEADS
from symbp.importing.draft import ATOM, PLUS, TIMES, Hole, Value, after, binary, call, spelt, text
from symbp.importing.graph import BOOLEAN
from symbp.importing.rows_arrays import product
from symbp.importing.rows_pointwise import MINUS_INFINITY, condition
from symbp.importing.sizes import Shape


def flipped(at: At, w: Value) -> Value:
    """w.T"""
    return at.make(after(w, (*w.shape[:-2], w.shape[-1], w.shape[-2]), ".T"))


def affine(at: At, x: Value, w: Value, b: Value | None) -> Value:
    """x @ w.T + b"""
    at.same(x.shape[-1], w.shape[-1])
    made = product(at, x, flipped(at, w) if len(w.shape) > 1 else w)
    if b is None:
        return made
    at.all_same(b.shape, w.shape[:-1])
    return at.make(binary("+", PLUS, made.shape, made, b))


def linear(at: At) -> Result:
    x, w = at.tensor("input"), at.tensor("weight")
    made = affine(at, x, w, at.tensor("bias") if at.given("bias") else None)
    at.sizes.role(w.shape[-1], "D")
    at.sizes.role(w.shape[0], "H")
    return made


def bilinear(at: At) -> Result:
    x, y, w = at.tensor("input1"), at.tensor("input2"), at.tensor("weight")
    a, b = at.same(x.shape[-1], w.shape[1]), at.same(y.shape[-1], w.shape[2])
    del a, b
    shape = (*x.shape[:-1], w.shape[0])
    if len(x.shape) != 2:
        at.refuse("a bilinear layer of more than rows")
    made = at.make(call("einsum", shape, '"ni,kij,nj->nk"', x, w, y))
    return binary("+", PLUS, shape, made, at.tensor("bias")) if at.given("bias") else made


def embedding(at: At) -> Result:
    w, i = at.tensor("weight"), at.tensor("indices")
    padding = at.whole("padding_idx", -1)
    at.sizes.role(w.shape[0], "V")
    at.sizes.role(w.shape[1], "D")
    if i in at.state.counts:
        size = at.state.counts[i]
        shape = (size, *w.shape[1:])
        if at.sizes.value(size) == at.sizes.value(w.shape[0]):
            at.same(size, w.shape[0])
            return w
        at.state.draft.facts.append((size, w.shape[0]))
        return at.make(after(w, shape, "[:", size, "]"))
    if not at.labelled(i, w.shape[0]):
        at.refuse("rows are taken by what is not an input")
    shape = (*i.shape, *w.shape[1:])
    if padding >= 0:
        return call("embedding", shape, i, w, padding_idx=padding)
    return at.make(after(w, shape, "[", Hole(i), "]"))


# --- windows


def _pair(values: tuple[int, ...]) -> object:
    return values[0] if len(set(values)) == 1 else values


def _options(at: At, *rows: tuple[str, int]) -> dict[str, object]:
    """The options that are not what they are by default."""
    found = {}
    for name, usual in rows:
        values = at.wholes(name)
        if values and any(v != usual for v in values):
            found[name] = _pair(values)
    return found


def _window(at: At, size: Poly, kernel: int, stride: int, padding: int, dilation: int, up: bool = False) -> Poly:
    """How many places a window has; where it moves by one the size stays a size. `up` counts one that is cut off."""
    inside = size + (2 * padding - dilation * (kernel - 1) - 1)
    if stride == 1:
        return inside + 1
    if up and padding + stride > dilation * (kernel - 1) + 1:
        at.refuse("a pooling that rounds up, with steps beyond its window")
    at.sizes.literal(size)
    return Poly.of((at.sizes.value(inside) + (stride - 1) * up) // stride + 1)


def _each(values: tuple[int, ...], rank: int) -> tuple[int, ...]:
    return values * rank if len(values) == 1 else values


def convolution(name: str) -> Rule:
    """conv2d(x, w, b, stride=, padding=, dilation=, groups=)."""

    def rule(at: At) -> Result:
        x, w = at.tensor("input"), at.tensor("weight")
        if len(x.shape) != len(w.shape):
            at.refuse("an image without a batch")
        groups, rank = at.whole("groups", 1), len(w.shape) - 2
        if at.get("padding") == "same":
            kernel = [at.sizes.literal(s) for s in w.shape[2:]]
            dilation = _each(at.wholes("dilation", (1,)), rank)
            if any(d * (k - 1) % 2 for k, d in zip(kernel, dilation, strict=True)):
                at.refuse("padding that is not the same on both sides")
            padding = tuple(d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        else:
            padding = () if at.get("padding") == "valid" else at.wholes("padding")
        options = _options(at, ("stride", 1), ("dilation", 1))
        if any(padding):
            options["padding"] = _pair(padding)
        if groups > 1:
            options["groups"] = groups
        _channels(at, x.shape[1], w.shape, groups)
        places = _places(at, x.shape[2:], w.shape[2:], padding)
        arguments = [x, w, *([at.tensor("bias")] if at.given("bias") else [])]
        if at.given("bias"):
            at.same(w.shape[0], at.tensor("bias").shape[0])
        order = {k: options[k] for k in ("stride", "padding", "dilation", "groups") if k in options}
        return call(name, (x.shape[0], w.shape[0], *places), *arguments, **order)

    return rule


def _channels(at: At, channels: Poly, w: Shape, groups: int) -> None:
    at.sizes.role(channels, "C")
    at.sizes.role(w[0], "C")
    if groups == 1:
        at.same(channels, w[1])
        return
    at.sizes.part(w[0], groups)
    at.same(at.sizes.part(channels, groups), w[1])


def _places(at: At, sizes: Shape, kernel: Shape, padding: tuple[int, ...]) -> Shape:
    rank = len(sizes)
    stride, dilation = (_each(at.wholes(name, (1,)), rank) for name in ("stride", "dilation"))
    padding = _each(padding or (0,), rank)
    found = []
    for s, k, t, p, d in zip(sizes, kernel, stride, padding, dilation, strict=True):
        at.sizes.literal(s)
        found.append(_window(at, at.sizes.now(s), at.sizes.literal(k), t, p, d))
    return tuple(found)


def transposed_convolution(at: At) -> Result:
    x, w = at.tensor("input"), at.tensor("weight")
    if at.whole("groups", 1) != 1 or any(d != 1 for d in at.wholes("dilation")):
        at.refuse("a transposed convolution in groups or with gaps")
    at.same(x.shape[1], w.shape[0])
    at.sizes.role(w.shape[0], "C")
    at.sizes.role(w.shape[1], "C")
    stride, padding, more = (
        _each(at.wholes(k, (n,)), 2) for k, n in (("stride", 1), ("padding", 0), ("output_padding", 0))
    )
    places = []
    for s, k, t, p, m in zip(x.shape[2:], w.shape[2:], stride, padding, more, strict=True):
        n, kernel = at.sizes.literal(s), at.sizes.literal(k)
        places.append(Poly.of(t * (n - 1) + kernel - 2 * p + m))
    arguments = [x, w, *([at.tensor("bias")] if at.given("bias") else [])]
    if at.given("bias"):
        at.same(w.shape[1], at.tensor("bias").shape[0])
    options = _options(at, ("stride", 1), ("padding", 0), ("output_padding", 0))
    return call("conv_transpose2d", (x.shape[0], w.shape[1], *places), *arguments, **options)


def pooling(name: str) -> Rule:
    def rule(at: At) -> Result:
        x = at.tensor("self")
        kernel = _each(at.wholes("kernel_size"), 2)
        stride = _each(at.wholes("stride"), 2) if at.wholes("stride") else kernel
        padding, dilation = _each(at.wholes("padding", (0,)), 2), _each(at.wholes("dilation", (1,)), 2)
        up, inside = bool(at.get("ceil_mode", False)), not at.get("count_include_pad", True)
        if at.given("divisor_override") or (up and any(padding) and name == "avg_pool2d" and not inside):
            at.refuse("a mean that divides by another number, or counts the padding and rounds up")
        places = []
        for s, k, t, p, d in zip(x.shape[-2:], kernel, stride, padding, dilation, strict=True):
            at.sizes.literal(s)
            places.append(_window(at, at.sizes.now(s), k, t, p, d, up))
        options: dict[str, object] = {} if stride == kernel else {"stride": _pair(stride)}
        options |= _options(at, ("padding", 0), ("dilation", 1)) | ({"ceil_mode": True} if up else {})
        options |= {"count_include_pad": False} if inside and any(padding) else {}
        made = at.make(call(name, (*x.shape[:-2], *places), x, spelt(_pair(kernel)), **options))
        return (made, made) if len(at.node.results) > 1 else made

    return rule


def pooling1d(name: str) -> Rule:
    """Over a sequence: the same over images of one row."""

    def rule(at: At) -> Result:
        x = at.tensor("self")
        (kernel,) = at.wholes("kernel_size")
        (stride,) = at.wholes("stride") or (kernel,)
        (padding,) = at.wholes("padding", (0,))
        at.sizes.literal(x.shape[-1])
        up, inside = bool(at.get("ceil_mode", False)), not at.get("count_include_pad", True)
        if up and padding and name == "avg_pool2d" and not inside:
            at.refuse("a mean that counts the padding and rounds up")
        size = _window(at, at.sizes.now(x.shape[-1]), kernel, stride, padding, 1, up)
        row = at.make(after(x, (*x.shape[:-1], ONE, x.shape[-1]), "[" + ":, " * (len(x.shape) - 1) + "None]"))
        options: dict[str, object] = {} if stride == kernel else {"stride": (1, stride)}
        options |= ({"padding": (0, padding)} if padding else {}) | ({"ceil_mode": True} if up else {})
        options |= {"count_include_pad": False} if inside and padding else {}
        shape = (*x.shape[:-1], ONE, size)
        made = at.make(call(name, shape, row, spelt((1, kernel)), **options))
        return after(made, (*x.shape[:-1], size), "[" + ":, " * (len(x.shape) - 1) + "0]")

    return rule


def adaptive_mean(at: At) -> Result:
    """The mean over all places, or over windows where the sizes are multiples."""
    x, wanted = at.tensor("self"), at.wholes("output_size")
    rank = len(wanted)
    if all(n == 1 for n in wanted):
        axes = tuple(range(len(x.shape) - rank, len(x.shape)))
        shape = (*x.shape[:-rank], *(ONE,) * rank)
        return call("mean", shape, x, axis=axes if rank > 1 else -1, keepdims=True)
    sizes = tuple(at.sizes.literal(s) for s in x.shape[-rank:])
    if rank != 2:
        at.refuse("windows over a sequence")
    shape = (*x.shape[:-2], *(Poly.of(n) for n in wanted))
    return x if sizes == wanted else call("adaptive_avg_pool2d", shape, x, spelt(_pair(wanted)))


def upsampling(mode: str) -> Rule:
    def rule(at: At) -> Result:
        x = at.tensor("input" if at.given("input") else "self")
        old = [at.sizes.literal(s) for s in x.shape[-2:]]
        factors = at.get("scale_factors", at.get("scale_factor"))
        new = at.wholes("output_size") if at.given("output_size") else None
        if new is None:
            assert isinstance(factors, tuple)
            new = tuple(int(n * float(f)) for n, f in zip(old, factors, strict=True))  # type: ignore[arg-type]
        if any(b % a for a, b in zip(old, new, strict=True)) or at.get("align_corners", False):
            at.refuse("a scale that is no whole number, or aligned corners")
        scale = tuple(b // a for a, b in zip(old, new, strict=True))
        shape = (*x.shape[:-2], *(Poly.of(n) for n in new))
        options = {"mode": mode} if mode != "nearest" else {}
        return call("upsample", shape, x, spelt(_pair(scale)), **{k: _Text(v) for k, v in options.items()})

    return rule


class _Text(str):
    """A text as it is written in a file."""

    def __repr__(self) -> str:
        return f'"{self}"'


def pixel_shuffle(at: At) -> Result:
    x, r = at.tensor("self"), at.whole("upscale_factor")
    i, j = (at.sizes.literal(s) for s in x.shape[2:])
    part = at.sizes.part(x.shape[1], r * r)
    at.helper("pixel_shuffle")
    return call("pixel_shuffle", (x.shape[0], part, Poly.of(i * r), Poly.of(j * r)), x, str(r))


# --- norms


def _scales(at: At, size: Poly) -> tuple[Value, Value]:
    """gamma and beta, 1 and 0 where there are none."""
    found = []
    for name, word in (("weight", "ones"), ("bias", "zeros")):
        given = at.tensor(name) if at.given(name) else at.make(text(ATOM, (size,), f"{word}(", size, ")"))
        at.same(given.shape[0], size)
        found.append(given)
    return found[0], found[1]


def _eps(at: At) -> dict[str, float]:
    eps = at.real("eps", 1e-5)
    return {} if eps == 1e-5 else {"eps": eps}


BATCH_NORMS = {2: "batch_norm", 3: "batch_norm1d", 4: "batch_norm2d"}


def batch_norm(at: At) -> Result:
    """By the statistics of the batch, or by those that the module keeps."""
    x = at.tensor("input")
    name = BATCH_NORMS.get(len(x.shape))
    if name is None:
        at.refuse("batch norm of an array of so many dimensions")
    channels = at.shape(x)[1]
    gamma, beta = _scales(at, channels)
    if not at.get("training"):
        mu, v = at.tensor("running_mean"), at.tensor("running_var")
        at.all_same(mu.shape, (channels,))
        at.all_same(v.shape, (channels,))
        name = f"{name}_by"
        at.helper(name)
        return call(name, x.shape, x, mu, v, gamma, beta, **_eps(at))
    if name == "batch_norm1d":
        at.helper(name)
    return call(name, x.shape, x, gamma, beta, **_eps(at))


def layer_norm(at: At) -> Result:
    x = at.tensor("input")
    if len(at.wholes("normalized_shape")) != 1:
        at.refuse("a norm over several dimensions")
    at.sizes.role(x.shape[-1], "D")
    if not at.given("weight"):
        at.helper("standardise")
        return call("standardise", x.shape, x, **_eps(at))
    gamma, beta = _scales(at, at.shape(x)[-1])
    return call("layer_norm", x.shape, x, gamma, beta, **_eps(at))


def rms_norm(at: At) -> Result:
    x = at.tensor("input")
    if len(at.wholes("normalized_shape")) != 1:
        at.refuse("a norm over several dimensions")
    gamma, _ = _scales(at, at.shape(x)[-1])
    eps = at.real("eps", 2.220446049250313e-16)
    return call("rms_norm", x.shape, x, gamma, eps=eps)


def group_norm(at: At) -> Result:
    x, groups = at.tensor("input"), at.whole("num_groups")
    if len(x.shape) != 4:
        at.refuse("a group norm of what are no images")
    at.sizes.part(x.shape[1], groups)
    gamma, beta = _scales(at, at.shape(x)[1])
    return call("group_norm", x.shape, x, str(groups), gamma, beta, **_eps(at))


def instance_norm(at: At) -> Result:
    x = at.tensor("input")
    if len(x.shape) != 4 or not at.get("use_input_stats", True):
        at.refuse("an instance norm of what are no images, or by kept statistics")
    gamma, beta = _scales(at, at.shape(x)[1])
    return call("instance_norm", x.shape, x, gamma, beta, **_eps(at))


# --- attention


def attention(at: At) -> Result:
    """Scaled dot-product attention, by the library's word where nothing else is asked of it."""
    q, k, v = (at.tensor(n) for n in ("query", "key", "value"))
    if at.real("dropout_p", 0) > 0:
        at.refuse("it draws random numbers; call eval() on the module first, or set dropout to 0")
    width = at.same(q.shape[-1], k.shape[-1])
    at.sizes.role(width, "E")
    for s in (q.shape[-2], k.shape[-2]):
        at.sizes.role(s, "T")
    at.same(k.shape[-2], v.shape[-2])
    for other in (k, v):
        at.all_same(q.shape[:-2], other.shape[:-2])
    scale = at.get("scale")
    if isinstance(scale, float) and abs(scale * at.sizes.value(width) ** 0.5 - 1) > 1e-12:
        number_ = at.make(number(scale * at.sizes.value(width) ** 0.5))
        at.sizes.literal(width)
        q = at.make(binary("*", TIMES, q.shape, q, number_))
    shape = (*q.shape[:-1], v.shape[-1])
    causal = bool(at.get("is_causal", False))
    if not at.given("attn_mask"):
        return call("attention", shape, q, k, v, **({"causal": True} if causal else {}))
    return _masked(at, q, k, v, at.tensor("attn_mask"))


def _masked(at: At, q: Value, k: Value, v: Value, mask: Value) -> Result:
    root = at.make(text(ATOM, (), "sqrt(", q.shape[-1], ")"))
    scores = product(at, q, flipped(at, k))
    scaled = at.make(binary("/", TIMES, scores.shape, scores, root))
    (mask, scaled), shape = at.broadcast(mask, scaled)
    if mask.kind == BOOLEAN:
        masked = call("where", shape, condition(at, mask), scaled, spelt(MINUS_INFINITY))
    else:
        masked = binary("+", PLUS, shape, scaled, mask)
    weights = at.make(call("softmax", shape, at.make(masked)))
    return product(at, weights, v)


# --- losses

MEAN = 1  # of PyTorch's reductions: 0 none, 1 the mean, 2 the sum


def loss(name: str) -> Rule:
    """A loss of the library's, the mean over all that it is of."""

    def rule(at: At) -> Result:
        x, y = at.tensor("self"), at.tensor("target")
        at.all_same(x.shape, y.shape)
        weights = {k: at.tensor(k) for k in ("weight", "pos_weight") if at.given(k)}
        return call(name, _left(at, x.shape), x, y, **weights, **_reduction(at))

    return rule


def _reduction(at: At) -> dict[str, object]:
    """How a loss is told which reduction is wanted."""
    wanted = at.get("reduction", MEAN)
    return {} if wanted == MEAN else {"reduction": _Text("none" if wanted == 0 else "sum")}


def _left(at: At, shape: Shape) -> Shape:
    """The shape of a loss that was of that shape before it was reduced."""
    return shape if at.get("reduction", MEAN) == 0 else ()


def mse(at: At) -> Result:
    x, y = at.tensor("self"), at.tensor("target")
    (x, y), shape = at.broadcast(x, y)
    if at.get("reduction", MEAN) == MEAN and at.shape(x) == at.shape(y):
        return call("mse", (), x, y)
    square = text(TIMES, shape, "(", Hole(x, PLUS), " - ", Hole(y, TIMES), ")**2")
    return _as_asked(at, at.make(square))


def _as_asked(at: At, value: Value) -> Result:
    """The mean, the sum, or all as it is."""
    wanted = at.get("reduction", MEAN)
    return value if wanted == 0 else call("mean" if wanted == MEAN else "sum", (), value)


def l1(at: At) -> Result:
    (x, y), shape = at.broadcast(at.tensor("self"), at.tensor("target"))
    return _as_asked(at, at.make(text(ATOM, shape, "abs(", Hole(x, PLUS), " - ", Hole(y, TIMES), ")")))


def huber(at: At) -> Result:
    x, y = at.tensor("self"), at.tensor("target")
    at.all_same(x.shape, y.shape)
    delta = at.real("delta", at.real("beta", 1))
    if at.given("beta") and delta != 1:
        at.refuse("a beta that is not 1")
    return call("huber", _left(at, x.shape), x, y, **({} if delta == 1 else {"delta": delta}), **_reduction(at))


def cross_entropy(at: At) -> Result:
    """Of Labels or of a distribution; the classes are PyTorch's second dimension and the language's last."""
    x, y = at.tensor("self"), at.tensor("target")
    log_softmax = "log_prob" not in at.node.operation and "nll" not in at.node.operation
    at.sizes.role(x.shape[1 if len(x.shape) > 1 else 0], "K")
    if len(x.shape) > 2:
        order = (0, *range(2, len(x.shape)), 1)
        x = at.make(call("transpose", tuple(x.shape[a] for a in order), x, spelt(order)))
    if len(y.shape) == len(x.shape):
        at.all_same(x.shape, y.shape)
    else:
        at.all_same(x.shape[:-1], y.shape)
        x, y = _unmerged(at, x, y)
        y = y if at.labelled(y, x.shape[-1]) else _one_hot(at, y, x.shape[-1])
    return call(
        "cross_entropy" if log_softmax else "nll", _left(at, x.shape[:-1]), x, y, **_classes(at, x), **_reduction(at)
    )


def _classes(at: At, x: Value) -> dict[str, object]:
    """How much each class counts, whether one does not, and how far labels are spread."""
    found: dict[str, object] = {}
    if at.given("weight"):
        found["weight"] = at.tensor("weight")
        at.same(at.tensor("weight").shape[0], x.shape[-1])
    if (ignored := at.whole("ignore_index", -100)) != -100:
        found["ignore_index"] = ignored
    smoothing = at.real("label_smoothing", 0)
    return found | ({"label_smoothing": smoothing} if smoothing else {})


def _unmerged(at: At, x: Value, y: Value) -> tuple[Value, Value]:
    """`x.view(-1, K)` and `t.view(-1)` as what they were: a loss takes any dimensions before the last."""
    whole, labels = at.state.merged.get(x), at.state.merged.get(y)
    if whole is None or labels is None or at.get("reduction", MEAN) == 0:
        return x, y
    return (whole, labels) if at.shape(whole) == (*at.shape(labels), at.sizes.now(x.shape[-1])) else (x, y)


def _one_hot(at: At, y: Value, classes: Poly) -> Value:
    """Classes that are computed and not given, as distributions. None of them can be left out or weighed."""
    if at.given("weight") or at.whole("ignore_index", -100) >= 0:
        at.refuse("weights of classes, or a class that is ignored, where the target is no input")
    if len(y.shape) != 1:
        at.refuse("targets of several dimensions that are no input")
    at.helper("one_hot")
    return at.make(call("one_hot", (*y.shape, classes), y, classes))


def cosine(at: At) -> Result:
    (x, y), shape = at.broadcast(at.tensor("x1"), at.tensor("x2"))
    axis = at.axis("dim", len(shape), 1)
    result = (*shape[:axis], *shape[axis + 1 :])
    return call("cosine_similarity", result, x, y, **({} if axis == len(shape) - 1 else {"axis": axis}))


def heads(at: At) -> Result:
    """Self-attention in heads, by the library's word."""
    x, w, b = at.tensor("x"), at.tensor("in_weight"), at.tensor("in_bias")
    wo, bo = at.tensor("out_weight"), at.tensor("out_bias")
    count = at.whole("num_heads")
    at.sizes.part(x.shape[-1], count)
    d = at.sizes.now(x.shape[-1])
    at.all_same((*w.shape, *b.shape, *wo.shape, *bo.shape), (d * 3, d, d * 3, d, d, d))
    at.sizes.role(x.shape[0], "N")
    at.sizes.role(x.shape[1], "T")
    options = {"num_heads": count} | ({"causal": True} if at.get("causal") else {})
    return call("multi_head_attention", x.shape, x, flipped(at, w), b, flipped(at, wo), bo, **options)


LAYERS: dict[str, Rule] = {
    HEADS: heads,
    "aten.linear.default": linear,
    "aten.bilinear.default": bilinear,
    "aten.embedding.default": embedding,
    "aten.conv1d.default": convolution("conv1d"),
    "aten.conv1d.padding": convolution("conv1d"),
    "aten.conv2d.default": convolution("conv2d"),
    "aten.conv3d.default": convolution("conv3d"),
    "aten.conv2d.padding": convolution("conv2d"),
    "aten.conv3d.padding": convolution("conv3d"),
    "aten.conv_transpose2d.input": transposed_convolution,
    "aten.max_pool2d.default": pooling("max_pool2d"),
    "aten.max_pool2d_with_indices.default": pooling("max_pool2d"),
    "aten.avg_pool2d.default": pooling("avg_pool2d"),
    "aten.max_pool1d.default": pooling1d("max_pool2d"),
    "aten.avg_pool1d.default": pooling1d("avg_pool2d"),
    "aten.adaptive_avg_pool2d.default": adaptive_mean,
    "aten.adaptive_avg_pool1d.default": adaptive_mean,
    "aten.upsample_nearest2d.vec": upsampling("nearest"),
    "aten.upsample_bilinear2d.vec": upsampling("bilinear"),
    "aten.pixel_shuffle.default": pixel_shuffle,
    "aten.batch_norm.default": batch_norm,
    "aten.layer_norm.default": layer_norm,
    "aten.rms_norm.default": rms_norm,
    "aten.group_norm.default": group_norm,
    "aten.instance_norm.default": instance_norm,
    "aten.scaled_dot_product_attention.default": attention,
    "aten.mse_loss.default": mse,
    "aten.l1_loss.default": l1,
    "aten.huber_loss.default": huber,
    "aten.smooth_l1_loss.default": huber,
    "aten.cross_entropy_loss.default": cross_entropy,
    "aten.nll_loss.default": cross_entropy,
    "aten.nll_loss_nd.default": cross_entropy,
    "aten.binary_cross_entropy.default": loss("binary_cross_entropy"),
    "aten.binary_cross_entropy_with_logits.default": loss("binary_cross_entropy_with_logits"),
    "aten.cosine_similarity.default": cosine,
}
