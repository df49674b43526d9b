"""From a Graph to a Draft: each operation by its rule. A repeated block is read once, as the body of a loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import digits as DIGITS

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, State
from symbp.importing.blocks import Repeated, repeated
from symbp.importing.composed import composed
from symbp.importing.draft import (
    ATOM,
    BEFORE,
    HERE,
    LAST,
    WHOLE,
    Define,
    Draft,
    Expr,
    Input,
    Loop,
    Start,
    Value,
    call,
    text,
)
from symbp.importing.graph import FLOAT, INTEGER, Graph, Held, Node, Ref, Refused
from symbp.importing.rows.shapes import turned
from symbp.importing.rows.table import ROWS
from symbp.importing.sizes import Sizes

# What says something to the exporter alone.
SILENT = (
    "aten._assert_tensor_metadata.default",
    "aten.sym_constrain_range_for_size.default",
    "aten._assert_scalar.default",
)


def translate(graph: Graph, loss: str) -> tuple[Draft, Sizes]:
    """The network of a graph under a loss; Refused where an operation has no counterpart."""
    if not graph.outputs:
        raise Refused("the module returns no tensor")
    state = State(extents=graph.extents)
    graph = composed(graph)
    block = repeated(graph)
    stacked = block.stacked if block else {}
    _inputs(state, graph, stacked)
    place = 0
    while place < len(graph.nodes):
        if block and place == block.start:
            _loop(state, graph, block)
            place = block.stop
            continue
        if block and block.gathers(graph.nodes[place]):
            _together(state, graph.nodes[place])
        else:
            _read(state, graph, graph.nodes[place])
        place += 1
    _loss(state, graph, loss)
    return state.draft, state.sizes


def _inputs(state: State, graph: Graph, stacked: Mapping[str, tuple[str, ...]]) -> None:
    """Data first, then what the module holds."""
    for name in graph.inputs:
        tensor = graph.tensors[name]
        shape = list(state.sizes.shape(tensor.shape))
        if shape:
            state.sizes.role(shape[0], "N")
        _add(state, name, Input(Value(tuple(shape), tensor.kind, name), "Data", absent=graph.negative.get(name)))
    for held in graph.held:
        if held.name in stacked:
            _stacked(state, graph, held, stacked[held.name])
        elif (first := _equal(graph, held)) != held.name:
            state.env[held.name] = state.env[first]
        elif not any(held.name in others for others in stacked.values()):
            tensor = graph.tensors[held.name]
            value = Value(state.sizes.shape(tensor.shape), tensor.kind, held.path)
            _add(state, held.name, Input(value, "Param" if held.trained else "Data", held.path))


def _equal(graph: Graph, held: Held) -> str:
    """The first buffer that holds the same: a mask or a table that each layer has a copy of."""
    mine = graph.arrays[held.path]
    for other in graph.held:
        array = graph.arrays[other.path]
        if other.name == held.name or (
            not (held.trained or other.trained)
            and (array.dtype, array.shape, array.tobytes()) == (mine.dtype, mine.shape, mine.tobytes())
        ):
            return other.name
    return held.name


def _add(state: State, name: str, made: Input) -> None:
    state.env[name] = made.value
    state.inputs[made.value] = made
    state.draft.inputs.append(made)


def _stacked(state: State, graph: Graph, held: Held, others: tuple[str, ...]) -> None:
    """One array of what each turn of a loop has one of."""
    paths = {h.name: h.path for h in graph.held}
    tensor = graph.tensors[held.name]
    shape = (Poly.of(len(others)), *state.sizes.shape(tensor.shape))
    every = tuple(paths[n] for n in others)
    value = Value(shape, tensor.kind, _common(every))
    _add(state, held.name, Input(value, "Param" if held.trained else "Data", value.hint, paths=every))


def _common(paths: Sequence[str]) -> str:
    """An attribute path without what differs between the turns."""
    columns = zip(*(p.split(".") for p in paths), strict=True)
    return ".".join(c[0] for c in columns if len(set(c)) == 1)


# What a rule meets where an operation has other arguments than PyTorch gives it.
WRONG = (AssertionError, KeyError, IndexError, TypeError, ValueError, AttributeError, ZeroDivisionError)


def _read(state: State, graph: Graph, node: Node) -> None:
    """One operation, if it does more than to tell the exporter something or to count batches."""
    if node.operation not in SILENT and not (_is_in_place(node) and _counts(graph, node)):
        read_operation(state, node)


def read_operation(state: State, node: Node) -> None:
    """The values that one operation makes, by its row; what it changes in place has its new value from here on."""
    at = At(state, node)
    base, _, overload = node.operation.rpartition(".")
    rule = ROWS.get(f"{base.removesuffix('_')}.{overload}" if _is_in_place(node) else node.operation)
    if rule is None:
        at.refuse("it has no counterpart in the language")
    try:
        results = _values(at, rule(at))
    except WRONG as error:
        raise node.refused(f"its arguments are not understood ({error!r})") from error
    state.env |= {name: value for name, value in zip(node.results, results, strict=False) if name}
    target = node.get("self", node.get("input"))
    if _is_in_place(node) and isinstance(target, Ref):
        state.env[target.name] = results[0]


def _is_in_place(node: Node) -> bool:
    """PyTorch's names say so: relu_."""
    base = node.operation.rpartition(".")[0]
    return base.endswith("_") and not base.startswith("aten._")


def _counts(graph: Graph, node: Node) -> bool:
    """Does it change a buffer that nothing else is made of, as a counter of batches?"""
    target = node.get("self")
    if not isinstance(target, Ref) or not any(h.name == target.name for h in graph.held):
        return False
    return not any(target.name in n.reads() for n in graph.nodes if n is not node)


def _values(at: At, result: Result) -> tuple[Value, ...]:
    """What a rule has made, as values."""
    if isinstance(result, tuple):
        return tuple(v for part in result for v in _values(at, part))
    return (at.make(result) if isinstance(result, Expr) else result,)


# --- repeated blocks


def _loop(state: State, graph: Graph, block: Repeated) -> None:
    """The body once, its carried values read from the turn before; what is read later is of the last turn or of all."""
    size = _size(state, graph, block)
    loop = Loop("t" if block.moving else "l", size)
    outside = dict(state.env)
    for name in block.stacked:
        whole = state.env[name]
        whole.shape = (size, *whole.shape[1:])
        state.env[name] = Value(whole.shape[1:], whole.kind, whole.hint, None, source=whole, turn=HERE)
    carried = {}
    for first, last in block.carried:
        start = outside[first.partition(" ")[0]]
        carry = Value(
            start.shape, start.kind, At(state, block.node_of(graph, last)).hint.rstrip(DIGITS) or "h", None, loop, True
        )
        carried[last] = carry
        state.write(Start(carry, text(ATOM, carry.shape, start)))
        state.env[first] = Value(carry.shape, carry.kind, carry.hint, None, source=carry, turn=BEFORE)
    state.write(loop)
    state.loop = loop
    for k, node in enumerate(graph.nodes[block.start : block.start + block.period]):
        node = node.reading({j: name for (of, j), name in block.starts.items() if of == k})
        if k in block.moving:
            _entry(state, node, loop)
        else:
            _read(state, graph, node)
    _close(state, graph, block, carried, loop)
    state.loop = None
    inside = state.env
    state.env = outside
    for body, last in block.results(graph):
        value = carried.get(body) or inside[body]
        if value.source is not None and value.turn == HERE:
            value = value.source
        state.env[last] = Value(value.shape, value.kind, value.hint, None, source=value, turn=LAST)
        value.named = True
    for together, first in block.gathered.items():
        value = carried.get(first) or inside[first]
        if value.source is not None and value.turn == HERE:
            value = value.source
        state.env[together] = Value((size, *value.shape), value.kind, value.hint, None, source=value, turn=WHOLE)
        value.named = True


def _size(state: State, graph: Graph, block: Repeated) -> Poly:
    """How many turns: as many as the axis has entries of which each turn takes one."""
    if not block.moving:
        return state.sizes.fresh(block.turns, "L")
    at = At(state, graph.nodes[block.start + block.moving[0]])
    x = at.tensor("self")
    size = x.shape[at.axis("dim", len(x.shape), 0)]
    state.sizes.role(size, "T")
    return size


def _entry(state: State, node: Node, loop: Loop) -> None:
    """x[:, t] in the turn t."""
    at = At(state, node)
    x = at.tensor("self")
    axis = at.axis("dim", len(x.shape), 0)
    at.same(x.shape[axis], loop.size)
    made = at.subscript(x, axis, (loop,))
    state.labels[made] = state.labels.get(x, x)
    state.env[node.results[0]] = made


def _together(state: State, node: Node) -> None:
    """What all turns have made, its turns along the axis that is asked for; a dimension of 1 has its place there."""
    at = At(state, node)
    whole = state.env[node.results[0]]
    rank = len(whole.shape)
    axis = at.axis("dim", rank if node.operation == "aten.stack.default" else rank - 1, 0)
    if node.operation != "aten.stack.default":
        whole = at.subscript(whole, axis + 1, ("0",))
        rank -= 1
    order = [*range(1, axis + 1), 0, *range(axis + 1, rank)]
    state.env[node.results[0]] = turned(at, whole, order)


def _close(state: State, graph: Graph, block: Repeated, carried: Mapping[str, Value], loop: Loop) -> None:
    """What each carried value becomes in this turn."""
    for name, carry in carried.items():
        made = state.env[name]
        at = At(state, block.node_of(graph, name))
        at.all_same(made.shape, carry.shape)
        for k, define in enumerate(loop.body):
            if made in define.values:
                loop.body[k] = Define(tuple(carry if v is made else v for v in define.values), define.body)
                carry.definition = define.body if define.values == (made,) else None
                made.definition, made.source, made.turn = None, carry, HERE
                break
        else:
            loop.body.append(Define((carry,), text(ATOM, carry.shape, made)))


# --- the loss

TARGETS = ("mse", "cross_entropy", "nll", "binary_cross_entropy", "binary_cross_entropy_with_logits", "huber")
LOSSES = (*TARGETS, "none")


def demand_loss(loss: str) -> None:
    """Raise Refused where there is no such loss."""
    if loss not in LOSSES:
        raise Refused(f"no loss {loss!r}; expected {', '.join(LOSSES)}")


def _loss(state: State, graph: Graph, loss: str) -> None:
    """What is returned: a loss of the library's of the first output and a target, or the output itself."""
    output = state.env[graph.outputs[0]]
    demand_loss(loss)
    if loss == "none" or not output.shape:
        state.draft.result = text(ATOM, output.shape, output)
        return
    labels = loss in ("cross_entropy", "nll")
    if labels:
        state.sizes.role(output.shape[-1], "K", always=True)
    shape = output.shape[:-1] if labels else output.shape
    target = Input(Value(shape, INTEGER if labels else FLOAT, "target"), "Labels" if labels else "Data")
    target.classes = output.shape[-1] if labels else None
    _add(state, "", target)
    last = max((k for k, i in enumerate(state.draft.inputs[:-1]) if not i.path), default=-1)
    state.draft.inputs.insert(last + 1, state.draft.inputs.pop())
    state.draft.result = call(loss, (), output, target.value)
