"""Windows over images and sequences: convolutions, poolings, upsampling."""

from __future__ import annotations

from symbp.core.integers import ONE, Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import Quoted, after, call, spelt
from symbp.importing.sizes import Shape


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
        options = {"mode": Quoted(mode)} if mode != "nearest" else {}
        return call("upsample", shape, x, spelt(_pair(scale)), **options)

    return rule


def pixel_shuffle(at: At) -> Result:
    x, r = at.tensor("self"), at.whole("upscale_factor")
    i, j = (at.sizes.literal(s) for s in x.shape[2:])
    part = at.sizes.part(x.shape[1], r * r)
    at.helper("pixel_shuffle")
    return call("pixel_shuffle", (x.shape[0], part, Poly.of(i * r), Poly.of(j * r)), x, str(r))


WINDOWS: dict[str, Rule] = {
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
}
