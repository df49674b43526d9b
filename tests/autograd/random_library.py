"""Moves that call the library's layers: convolutions, pools, normalisations, attention, embedding, dropout, losses."""

from __future__ import annotations

from tests.autograd.random_data import bits, hundreds
from tests.autograd.random_networks import Draft, Move, Tensor

ACTIVATIONS = ("{u}", "tanh({u})", "relu({u})", "sigmoid({u})", "gelu({u})", "{u} ** 2")


def named(d: Draft, text: str, shape: tuple[str, ...]) -> Tensor:
    """A tensor with a name of its own, which joins the pool."""
    tensor = Tensor(d.name(), shape)
    d.lines.append(f"{tensor.text} = {text}")
    d.pool.append(tensor)
    return tensor


def _option(d: Draft, choices: str, pair: bool) -> str:
    """A number, or now and then one for each of two dimensions."""
    if pair and d.rng.random() < 0.3:
        return f"({d.rng.choice(choices)}, {d.rng.choice(choices)})"
    return d.rng.choice(choices)


def convolution(d: Draft) -> None:
    """A convolution of images or sequences with any options, and a reduction over its positions."""
    count = d.rng.choice((1, 2))
    groups = d.rng.choice(("1", "1", "2"))
    inner, outer = d.rng.choice(("1", "2")), d.rng.choice(("1", "2", "3"))
    channels, filters = (str(int(groups) * int(k)) for k in (inner, outer))
    places = tuple(d.rng.choice(d.sizes) for _ in range(count))
    u = d.given((d.rng.choice(d.sizes), channels, *places)) if d.rng.random() < 0.7 else d.parameter(
        d.rng.choice(d.sizes), channels, *places
    )  # fmt: skip
    w = d.like((filters, inner, *(d.rng.choice("23") for _ in range(count))))
    options = {
        "bias": d.like((filters,)).text if d.rng.random() < 0.6 else "None",
        "stride": _option(d, "1123", count == 2),
        "padding": _option(d, "0012", count == 2),
        "dilation": _option(d, "112", count == 2),
        "groups": groups,
    }
    said = ", ".join(f"{k}={v}" for k, v in options.items() if v not in ("1", "0", "None"))
    name = d.name()
    d.lines.append(f"{name} = conv{count}d({u.text}, {w.text}{', ' if said else ''}{said})")
    _spread_out(d, name, (u.shape[0], filters), count)


def _spread_out(d: Draft, name: str, kept: tuple[str, ...], count: int) -> None:
    """The dimensions whose sizes have no short name are reduced."""
    form = d.rng.choice(ACTIVATIONS).format(u=name)
    axes = "-1" if count == 1 else "(-2, -1)"
    d.define(f"{d.rng.choice(('mean', 'sum', 'max'))}({form}, axis={axes})", kept)


def pool(d: Draft) -> None:
    """A pool of any window, stride and padding."""
    u = d.pick(2, 3)
    if any(s.isdigit() for s in u.shape[-2:]):
        return
    kind, window = d.rng.choice(("max", "max", "avg")), _option(d, "123", True)
    options = {"stride": _option(d, "123", True), "padding": "1" if window in ("2", "3") else "0"}
    said = ", ".join(f"{k}={v}" for k, v in options.items() if v != "0" and d.rng.random() < 0.6)
    name = d.name()
    d.lines.append(f"{name} = {kind}_pool2d({u.text}, {window}{', ' if said else ''}{said})")
    _spread_out(d, name, u.shape[:-2], 2)


def normalisation(d: Draft) -> None:
    """Layer norm, root mean square norm, batch norm."""
    u = d.pick(1, 2, 3)
    gamma, beta = d.like(u.shape[-1:]).text, d.like(u.shape[-1:]).text
    eps = d.rng.choice(("", ", eps=0.1", ", eps=0.01"))
    forms = [f"layer_norm({u.text}, {gamma}, {beta}{eps})", f"rms_norm({u.text}, {gamma}{eps})"]
    if len(u.shape) == 2:
        forms.append(f"batch_norm({u.text}, {gamma}, {beta}{eps})")
    named(d, d.rng.choice(forms), u.shape)


def groups(d: Draft) -> None:
    """Group norm or batch norm of images."""
    shape = (d.rng.choice(d.sizes), "4", d.rng.choice(d.sizes), d.rng.choice(("2", *d.sizes)))
    u = d.given(shape) if d.rng.random() < 0.5 else d.parameter(*shape)
    gamma, beta = d.like(("4",)).text, d.like(("4",)).text
    form = d.rng.choice((f"group_norm({u.text}, 2, {gamma}, {beta})", f"batch_norm2d({u.text}, {gamma}, {beta})"))
    name = d.name()
    d.lines.append(f"{name} = {form}")
    _spread_out(d, name, shape[:2], 2)


def drop(d: Draft) -> None:
    """Dropout with its mask as data."""
    u = d.pick(1, 2, 3)
    p = d.rng.choice(("", ", p=0.25"))
    named(d, f"dropout({u.text}, {d.given(u.shape, bits).text}{p})", u.shape)


def rows(d: Draft) -> None:
    """Rows of a table by labels, one or several for each example."""
    classes, width = d.rng.choice(d.sizes), d.rng.choice(d.sizes)
    shape = tuple(d.rng.choice(d.sizes) for _ in range(d.rng.choice((1, 1, 2))))
    labels = d.name()
    d.labels[labels] = (*shape, classes)
    named(d, f"embedding({labels}, {d.like((classes, width)).text})", (*shape, width))


def attended(d: Draft) -> None:
    """Attention of a sequence to itself, its heads a leading dimension, causal or not."""
    u = d.pick(2, 3)
    new = d.rng.choice(d.sizes)
    q, k = (named(d, f"{u.text} @ {d.like((u.shape[-1], new)).text}", (*u.shape[:-1], new)) for _ in range(2))
    causal = d.rng.choice(("", ", causal=True", ", causal=True"))
    named(d, f"attention({q.text}, {k.text}, {u.text}{causal})", u.shape)


def losses(d: Draft) -> None:
    """The losses of the library."""
    u = d.pick(1, 2)
    t = d.given(u.shape)
    forms = [f"huber({u.text}, {t.text})", f"huber({u.text}, {t.text}, delta=0.3)", f"hinge({u.text}, {t.text})"]
    forms += [f"kl_div(log_softmax({u.text}), softmax({t.text}))", f"mse({u.text}, {t.text})"]
    d.define(d.rng.choice(forms), ())
    if len(u.shape) == 2:
        labels = d.name()
        d.labels[labels] = u.shape
        d.define(f"cross_entropy({u.text}, {labels})", ())


def loud(d: Draft) -> None:
    """Logits of some hundreds, which the formula as it is written would overflow."""
    u = d.pick(1, 2)
    s = named(d, f"{d.given(u.shape, hundreds).text} + {u.text}", u.shape)
    forms = [("softmax", u.shape), ("log_softmax", u.shape), ("sigmoid", u.shape), ("softplus", u.shape)]
    function, shape = d.rng.choice([*forms, ("logsumexp", u.shape[:-1])])
    d.pool.remove(s)
    found = named(d, f"{function}({s.text})", shape)
    if function not in ("softmax", "sigmoid"):  # what comes after has no native function that bears hundreds
        d.pool.remove(found)
        named(d, f"{found.text} / 800", shape)


def unknown(d: Draft) -> None:
    """Functions that have no formula, of one argument and of two."""
    u = d.pick(0, 1, 2)
    if d.rng.random() < 0.5:
        d.functions["f"] = None
        named(d, f"f({u.text})", u.shape)
        return
    d.functions["g"] = None
    named(d, f"g({u.text}, {d.like(u.shape).text})", u.shape)


LIBRARY: tuple[Move, ...] = (
    *(convolution, convolution, convolution, pool, pool, normalisation, normalisation, groups, drop, rows),
    *(attended, attended, losses, loud, loud, unknown),
)
