"""More moves: windows with strides, dilation and padding, gates in one matrix, labels as subscripts, recurrences."""

from __future__ import annotations

from tests.autograd.random_networks import Draft, Move, Tensor, over


def _line(d: Draft, left: str, text: str) -> None:
    d.lines.append(f"{left} = {text}")


def window(d: Draft) -> None:
    """A convolution or a pool along the last dimension, and its mean over positions."""
    u = d.pick(1, 2)
    if u.shape[-1].isdigit():  # too small for most windows
        return
    name, (*outer, o, k) = d.name(), d.indices(len(u.shape) + 1)
    width, stride, dilation = d.rng.choice("23"), d.rng.choice((1, 1, 2, 3)), d.rng.choice((1, 1, 2))
    place = f"{o if stride == 1 else f'{stride} * {o}'} + {k if dilation == 1 else f'{dilation} * {k}'}"
    entry = f"{u.text}[{', '.join((*outer, place))}]"
    kernel = d.like((width,)).text
    forms = (f"sum({entry} * {kernel}[{k}] {over(k, width)})", f"max({entry} {over(k, width)})")
    _line(d, f"{name}[{', '.join((*outer, o))}]", d.rng.choice((*forms, f"mean({entry} {over(k, width)})")))
    d.define(f"{d.rng.choice(('mean', 'sum', 'max'))}(tanh({name}), axis=-1)", u.shape[:-1])


def padded(d: Draft) -> None:
    """Zeros around a tensor, and a window over them that brings its size back."""
    u = d.pick(1, 2)
    padded, name, (*outer, i, k) = d.name(), d.name(), d.indices(len(u.shape) + 1)
    size = u.shape[-1]
    stop = f"{size} + 1" if not size.isdigit() else str(int(size) + 1)
    extent = f"{size} + 2" if not size.isdigit() else str(int(size) + 2)
    entry = f"{u.text}[{', '.join((*outer, f'{i} - 1'))}]"
    rows = [f"{letter}: {s}" for letter, s in zip(outer, u.shape, strict=False)]
    _line(d, f"{padded}[{', '.join((*rows, f'{i}: {extent}'))}]", f"{entry} if 1 <= {i} < {stop} else 0")
    kernel = d.like(("3",)).text
    inner = f"{padded}[{', '.join((*outer, f'{i} + {k}'))}]"
    kind = d.rng.choice((f"sum({inner} * {kernel}[{k}] for {k} in range(3))", f"max({inner} for {k} in range(3))"))
    _line(d, f"{name}[{', '.join((*outer, i))}]", kind)
    d.pool.append(Tensor(name, u.shape))


def neighbours(d: Draft) -> None:
    """Differences along the first dimension, the first entry by itself."""
    u = d.pick(1, 2)
    letters = d.indices(len(u.shape))
    i, rest = letters[0], letters[1:]
    here, before = (f"{u.text}[{', '.join((s, *rest))}]" for s in (i, f"{i} - 1"))
    forms = (f"{here} - {before} if {i} >= 1 else {here} ** 2", f"{here} + ({before} if {i} > 0 else 0) / 2")
    d.entries(letters, d.rng.choice(forms), u.shape, stated=True)


def gates(d: Draft) -> None:
    """Two gates in one matrix."""
    u = d.pick(2)
    name, (n, h) = d.name(), d.indices(2)
    new = d.rng.choice(d.sizes)
    g = d.define(f"{u.text} @ {d.parameter(u.shape[-1], f'2 * {new}').text}", (u.shape[0], f"2 * {new}"))
    d.pool.pop()
    if not g.text.isidentifier():
        _line(d, other := d.name(), g.text)
        g = Tensor(other, g.shape)
    _line(d, f"{name}[{n}, {h}: {new}]", f"sigmoid({g.text}[{n}, {h}]) * tanh({g.text}[{n}, {new} + {h}])")
    d.pool.append(Tensor(name, (u.shape[0], new)))


def labelled(d: Draft) -> None:
    """Labels as subscripts: a likelihood, or rows of a table."""
    u = d.pick(2)
    t, (n,) = d.name(), d.indices(1)
    if d.rng.random() < 0.5:
        d.labels[t] = u.shape
        loop = over(n, u.shape[0])
        forms = (f"-mean(log_softmax({u.text})[{n}, {t}[{n}]] {loop})", f"sum({u.text}[{n}, {t}[{n}]] ** 2 {loop})")
        d.define(d.rng.choice(forms), ())
        return
    classes = d.rng.choice(d.sizes)
    d.labels[t] = (u.shape[0], classes)
    table = d.parameter(classes, u.shape[1])
    name = d.name()
    _line(d, f"{name}[{n}]", f"{table.text}[{t}[{n}]] * {u.text}[{n}]")
    d.pool.append(Tensor(name, u.shape))


LAYERS: tuple[Move, ...] = (window, window, padded, neighbours, gates, labelled, labelled)


def recurrence(d: Draft) -> None:
    """A loop over the first dimension of a tensor, forward or backward, of one or two quantities."""
    u = d.pick(2, 3)
    time, width = u.shape[0], u.shape[-1]
    if time.isdigit():
        return
    h, (t,) = d.name(), d.indices(1)
    start, step = d.rng.choice((("-1", f"{t} - 1"), (time, f"{t} + 1")))
    zero = d.rng.random() < 0.3
    first = "0" if zero else d.like(u.shape[1:]).text
    start_at = ", ".join([start, *(f"i{k}: {s}" for k, s in enumerate(u.shape[1:]))]) if zero else start
    W, b = d.like((width, width)).text, d.like((width,)).text
    _line(d, f"{h}[{start_at}]", first)
    forms = [
        f"tanh({u.text}[{t}] + {h}[{step}] @ {W} + {b})",
        f"sigmoid({b}) * {h}[{step}] + {u.text}[{t}]",
        f"where({u.text}[{t}] > 0, {h}[{step}] / 2, tanh({u.text}[{t}] * {b}))",
        f"maximum({h}[{step}] * {b}, {u.text}[{t}])",
    ]
    two = d.rng.random() < 0.4
    d.lines.append(f"for {t} in {time}:")
    if two:
        c = d.name()
        d.lines.insert(-1, f"{c}[{start_at}] = {first}")
        _line(d, f"    {c}[{t}]", f"sigmoid({h}[{step}]) * {c}[{step}] + {u.text}[{t}] * {b}")
        forms = [f"tanh({c}[{t}] @ {W}) * sigmoid({u.text}[{t}])", f"{c}[{t}] + {h}[{step}] / 2"]
    _line(d, f"    {h}[{t}]", d.rng.choice(forms))
    d.pool.append(Tensor(h, u.shape))
    if d.rng.random() < 0.3:
        d.define(f"tanh({h}[{time} - 1])", u.shape[1:])


LOOPS: tuple[Move, ...] = (recurrence,)
