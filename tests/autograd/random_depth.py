"""Moves that write loops over layers: of one width, of widths that differ, layers by time, cells of the library."""

from __future__ import annotations

from tests.autograd.random_library import named
from tests.autograd.random_networks import Draft, Move, Tensor

FORMS = ("tanh({z})", "sigmoid({z})", "relu({z})", "softplus({z}) / 2", "{z}")
DEPTH, WIDTH = "depth", "wd"


def layers(d: Draft) -> None:
    """As many layers as the depth says, all of one width."""
    u = d.pick(1, 2)
    width, a = u.shape[-1], d.name()
    (l,) = d.indices(1)
    W, b = d.parameter(DEPTH, width, width).text, d.parameter(DEPTH, width).text
    d.lines.append(f"{a}[-1] = {u.text}")
    d.lines.append(f"for {l} in {DEPTH}:")
    z = f"{a}[{l} - 1] @ {W}[{l}]" + d.rng.choice(("", f" + {b}[{l}]"))
    form = d.rng.choice(FORMS).format(z=z) + d.rng.choice(("", f" + {a}[{l} - 1]"))
    d.lines.append(f"    {a}[{l}] = {form}")
    named(d, f"tanh({a}[{DEPTH} - 1])", u.shape)


def widths(d: Draft) -> None:
    """Layers whose widths differ: a list of arrays for each of their parameters."""
    if d.lists:
        return
    x, N = d.name(), d.rng.choice(d.sizes)
    one = d.rng.random() < 0.3
    d.data[x] = (f"{WIDTH}[0]",) if one else (N, f"{WIDTH}[0]")
    l, i, j, n = d.indices(4)
    W, b, a, z = d.name(), d.name(), d.name(), d.name()
    d.lists[W] = (f"{l}: {DEPTH}", f"{WIDTH}[{l}]", f"{WIDTH}[{l} + 1]")
    d.lists[b] = (f"{l}: {DEPTH}", f"{WIDTH}[{l} + 1]")
    d.lines += [f"{a}[-1] = {x}", f"for {l} in {DEPTH}:"]
    if d.rng.random() < 0.5:
        d.lines.append(f"    {z}[{l}] = {a}[{l} - 1] @ {W}[{l}] + {b}[{l}]")
    else:
        row = "" if one else f"{n}, "
        entry = f"sum({a}[{l} - 1, {row}{i}] * {W}[{l}, {i}, {j}] for {i} in {WIDTH}[{l}]) - {b}[{l}, {j}]"
        d.lines.append(f"    {z}[{l}, {row}{j}] = {entry}")
    d.lines.append(f"    {a}[{l}] = {d.rng.choice(FORMS).format(z=f'{z}[{l}]')}")
    v = d.name()
    d.parameters[v] = (f"{WIDTH}[{DEPTH}]",)
    named(d, f"tanh({a}[{DEPTH} - 1] @ {v})", () if one else (N,))


def stacked(d: Draft) -> None:
    """Layers by time: each reads the layer below and the step before."""
    u = d.pick(2, 3)
    if u.shape[0].isdigit():
        return
    (time, *rest), width, h = u.shape, u.shape[-1], d.name()
    l, t = d.indices(2)
    Wx, Wh = (d.parameter(DEPTH, width, width).text for _ in range(2))
    start = d.parameter(DEPTH, *rest).text
    d.lines += [f"{h}[-1] = {u.text}", f"for {l} in {DEPTH}:", f"    {h}[{l}, -1] = {start}[{l}]"]
    d.lines.append(f"    for {t} in {time}:")
    z = f"{h}[{l} - 1, {t}] @ {Wx}[{l}] + {h}[{l}, {t} - 1] @ {Wh}[{l}]"
    d.lines.append(f"        {h}[{l}, {t}] = {d.rng.choice(FORMS[:2]).format(z=z)}")
    form = d.rng.choice((f"{h}[{DEPTH} - 1]", f"tanh({h}[{DEPTH} - 1])", f"{h}[{DEPTH} - 1] ** 2"))
    named(d, form, u.shape)


def cell(d: Draft) -> None:
    """A cell of the library over time."""
    u = d.pick(2, 3)
    if u.shape[0].isdigit():
        return
    time, *rest, width = u.shape
    hidden = d.rng.choice(d.sizes)
    h, c, (t,) = d.name(), d.name(), d.indices(1)
    state = d.like((*rest, hidden)).text
    kind, gates = d.rng.choice((("rnn_cell", 1), ("gru_cell", 3), ("lstm_cell", 4)))
    wide = hidden if gates == 1 else f"{gates} * {hidden}"
    biases = [d.parameter(wide).text for _ in range(2 if kind == "gru_cell" else 1)]
    weights = ", ".join((d.parameter(width, wide).text, d.parameter(hidden, wide).text, *biases))
    d.lines.append(f"{h}[-1] = {state}")
    if kind == "lstm_cell":
        d.lines += [f"{c}[-1] = {state}", f"for {t} in {time}:"]
        d.lines.append(f"    {h}[{t}], {c}[{t}] = lstm_cell({u.text}[{t}], {h}[{t} - 1], {c}[{t} - 1], {weights})")
    else:
        d.lines += [f"for {t} in {time}:", f"    {h}[{t}] = {kind}({u.text}[{t}], {h}[{t} - 1], {weights})"]
    d.pool.append(Tensor(h, (time, *rest, hidden)))


DEPTHS: tuple[Move, ...] = (layers, layers, widths, widths, stacked, stacked, cell, cell)
