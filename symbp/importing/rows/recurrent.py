"""Recurrent layers and cells: a loop over time for each layer and direction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import (
    AFTER,
    ATOM,
    BEFORE,
    FIRST,
    HERE,
    LAST,
    PLUS,
    WHOLE,
    Define,
    Expr,
    Hole,
    Loop,
    Start,
    Value,
    binary,
    call,
    text,
)
from symbp.importing.graph import FLOAT
from symbp.importing.rows.products import affine, flipped
from symbp.importing.rows.shapes import stacked, turned
from symbp.importing.sizes import Shape

# A step: of what comes in, the states and the weights, what makes the new states.
Step = Callable[[At, Value, Sequence[Value], Sequence[Value]], Expr]


def turn_of(value: Value, turn: str, shape: Shape) -> Value:
    """One of the arrays that a loop makes of a value, or all of them."""
    return Value(shape, value.kind, value.hint, None, source=value, turn=turn)


def _gates(at: At, weights: Sequence[Value], state: Value, count: int) -> tuple[Value, Value]:
    """The weights of the input and of the state, their rows being so many gates."""
    wx, wh = weights[:2]
    h = at.sizes.now(state.shape[-1])
    at.sizes.role(h, "H")
    at.same(wx.shape[0], h * count)
    at.same(wh.shape[0], h * count)
    at.same(wh.shape[1], h)
    for b in weights[2:]:
        at.same(b.shape[0], h * count)
    return flipped(at, wx), flipped(at, wh)


def _sum(at: At, weights: Sequence[Value], rows: Poly) -> Value:
    """Both biases in one."""
    if len(weights) < 4:
        return at.make(text(ATOM, (rows,), "zeros(", rows, ")"))
    return at.make(binary("+", PLUS, weights[2].shape, weights[2], weights[3]))


def lstm_step(at: At, x: Value, states: Sequence[Value], weights: Sequence[Value]) -> Expr:
    wx, wh = _gates(at, weights, states[0], 4)
    at.same(x.shape[-1], weights[0].shape[1])
    b = _sum(at, weights, weights[0].shape[0])
    return call("lstm_cell", states[0].shape, x, *states, wx, wh, b)


def gru_step(at: At, x: Value, states: Sequence[Value], weights: Sequence[Value]) -> Expr:
    wx, wh = _gates(at, weights, states[0], 3)
    at.same(x.shape[-1], weights[0].shape[1])
    rows = weights[0].shape[0]
    biases = weights[2:] or [at.make(text(ATOM, (rows,), "zeros(", rows, ")")) for _ in range(2)]
    return call("gru_cell", states[0].shape, x, *states, wx, wh, *biases)


def rnn_step(activation: str) -> Step:
    def step(at: At, x: Value, states: Sequence[Value], weights: Sequence[Value]) -> Expr:
        wx, wh = _gates(at, weights, states[0], 1)
        at.same(x.shape[-1], weights[0].shape[1])
        if activation == "tanh":
            b = _sum(at, weights, weights[0].shape[0])
            return call("rnn_cell", states[0].shape, x, *states, wx, wh, b)
        biases: Sequence[Value | None] = weights[2:] or [None, None]
        made = affine(at, x, weights[0], biases[0])
        held = affine(at, states[0], weights[1], biases[1])
        return call(activation, made.shape, at.make(binary("+", PLUS, made.shape, made, held)))

    return step


def recurrent(step: Step, hints: tuple[str, ...]) -> Rule:
    """A stack of layers, each of one direction or of two; `hints` are what its states are called."""

    def rule(at: At) -> Result:
        x = at.tensor("input")
        starts = at.tensors("hx") or (at.tensor("hx"),)
        weights = at.tensors("params")
        if len(x.shape) != 3:
            at.refuse("a sequence without a batch")
        if at.real("dropout", 0) > 0 and at.get("train") and at.whole("num_layers") > 1:
            at.refuse("it draws random numbers between its layers; call eval() on the module first")
        directions = 2 if at.get("bidirectional") else 1
        each = len(weights) // (at.whole("num_layers") * directions)
        if each != (4 if at.get("has_biases") else 2):
            at.refuse("a projection of the state")
        if at.state.loop is not None:
            at.refuse("a recurrence within a loop")
        return _layers(at, step, hints, x, starts, [weights[k : k + each] for k in range(0, len(weights), each)])

    return rule


def _layers(
    at: At,
    step: Step,
    hints: tuple[str, ...],
    x: Value,
    starts: Sequence[Value],
    weights: Sequence[Sequence[Value]],
) -> Result:
    first = bool(at.get("batch_first"))
    directions = 2 if at.get("bidirectional") else 1
    reads: list[Callable[[], Value]] = [_reader(at, x, 1 if first else 0)]
    lasts: list[tuple[Value, ...]] = []
    t, n = x.shape[int(first)], x.shape[1 - int(first)]
    at.sizes.role(t, "T")
    outs: list[Value] = []
    for layer in range(len(weights) // directions):
        outs = []
        for d in range(directions):
            k = directions * layer + d
            begin = [_start(at, s, k, n, weights[k][1].shape[1]) for s in starts]
            states, turn = _loop(at, step, hints, reads, t, begin, weights[k], d == 1)
            h = states[0]
            outs.append(turn_of(h, WHOLE, (t, *h.shape)))
            lasts.append(tuple(turn_of(s, turn, s.shape) for s in states))
        out = outs[0]
        if directions == 2:
            shape = (*out.shape[:-1], out.shape[-1] + outs[1].shape[-1])
            both = text(ATOM, (), "(", outs[0], ", ", outs[1], ")")
            out = at.make(call("concatenate", shape, Value((), FLOAT, definition=both), axis=2))
            reads = [_reader(at, out, 0)]
        else:
            reads = [_same_turn(outs[0])]
    result = turned(at, out, (1, 0, 2)) if first else out
    return (result, *(stacked(at, part, 0) for part in zip(*lasts, strict=True)))


def _same_turn(whole: Value) -> Callable[[], Value]:
    """The array that the layer below made in the same turn."""
    return lambda: Value(whole.shape[1:], whole.kind, whole.hint, None, source=whole.source, turn=HERE)


def _reader(at: At, x: Value, axis: int) -> Callable[[], Value]:
    """x[:, t], written within the loop."""

    def read() -> Value:
        assert at.state.loop is not None
        shape = (*x.shape[:axis], *x.shape[axis + 1 :])
        return at.make(text(ATOM, shape, Hole(x, ATOM), "[" + ":, " * axis, at.state.loop, "]"))

    return read


def _start(at: At, given: Value, place: int, n: Poly, h: Poly) -> Value:
    """The state that a layer starts with."""
    if given in at.state.parts:
        return at.state.parts[given][place]
    at.same(given.shape[1], n)
    at.same(given.shape[2], h)
    if given.definition is not None and given.definition.is_zero:
        return at.make(text(ATOM, given.shape[1:], "zeros(", given.shape[1], ", ", given.shape[2], ")"))
    return at.make(text(ATOM, given.shape[1:], Hole(given, ATOM), f"[{place}]"))


def _loop(
    at: At,
    step: Step,
    hints: tuple[str, ...],
    reads: Sequence[Callable[[], Value]],
    t: Poly,
    begin: Sequence[Value],
    weights: Sequence[Value],
    backward: bool,
) -> tuple[list[Value], str]:
    """One layer in one direction: its states, and which turn is the last."""
    loop = Loop("t", t, backward=backward)
    states = [Value(b.shape, FLOAT, hint, None, loop, True) for b, hint in zip(begin, hints, strict=True)]
    for state, b in zip(states, begin, strict=True):
        at.state.write(Start(state, text(ATOM, b.shape, b)))
    at.state.write(loop)
    at.state.loop = loop
    before = [turn_of(s, AFTER if backward else BEFORE, s.shape) for s in states]
    body = step(at, reads[0](), before, weights)
    loop.body.append(Define(tuple(states), body))
    at.state.loop = None
    return states, FIRST if backward else LAST


def cell(step: Step, hints: tuple[str, ...]) -> Rule:
    """One step."""

    def rule(at: At) -> Result:
        states = at.tensors("hx") or (at.tensor("hx"),)
        names = ("w_ih", "w_hh", "b_ih", "b_hh")
        weights = [at.tensor(n) for n in names if at.given(n)]
        at.same(at.tensor("input").shape[0], states[0].shape[0])
        for state in states[1:]:
            at.all_same(state.shape, states[0].shape)
        body = step(at, at.tensor("input"), states, weights)
        if len(hints) == 1:
            return body
        return at.several(body, [s.shape for s in states], hints)

    return rule


RECURRENT: dict[str, Rule] = {
    "aten.lstm.input": recurrent(lstm_step, ("h", "c")),
    "aten.gru.input": recurrent(gru_step, ("h",)),
    "aten.rnn_tanh.input": recurrent(rnn_step("tanh"), ("h",)),
    "aten.rnn_relu.input": recurrent(rnn_step("relu"), ("h",)),
    "aten.lstm_cell.default": cell(lstm_step, ("h", "c")),
    "aten.gru_cell.default": cell(gru_step, ("h",)),
    "aten.rnn_tanh_cell.default": cell(rnn_step("tanh"), ("h",)),
    "aten.rnn_relu_cell.default": cell(rnn_step("relu"), ("h",)),
}
