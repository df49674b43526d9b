"""The equations of a network as one list of statements, in order, each tensor's last statement known by its name."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from symbp.core.integers import Index
from symbp.core.network import LABELS, Equation, Network
from symbp.core.recurrence import components, is_recurrent
from symbp.core.traverse import reads
from symbp.lowering.builder import Builder
from symbp.lowering.entries import entries
from symbp.lowering.innermost import in_order
from symbp.lowering.labelled import Entries, Known
from symbp.lowering.layers import followers, has_layers, made_in_step
from symbp.lowering.loops import is_listed, lower_loop, separated
from symbp.lowering.names import RESERVED
from symbp.lowering.program import (
    FLOAT,
    INT,
    LIST,
    Operand,
    Statement,
    Value,
    arrays_among,
    is_carry,
    renamed,
    with_values,
)
from symbp.lowering.stability.named import BESIDE
from symbp.lowering.step import MARK
from symbp.lowering.windows import batch_last, has_windows, places_of

Lowered = tuple[tuple[Statement, ...], dict[str, Operand]]


def lower_equations(network: Network) -> Lowered:
    """The statements, and the value of each tensor with its full shape."""
    builder = Builder()
    at = Entries(builder, entries)
    for t in network.inputs:
        kind = LIST if t.each is not None else INT if t.kind == LABELS else FLOAT
        at.tensors[t.name] = Known(Value(t.name, t.shape, kind), tuple(range(len(t.shape))), t.shape, t.each)
    at.given = frozenset(at.tensors)
    at.taken = {*at.tensors, *(e.name for e in network.equations), *(d.name for d in network.dims), *RESERVED}
    at.classes = {t.name: t.counted for t in network.inputs if t.counted is not None}
    at.windows = any(has_windows(e.body) for e in network.equations)
    at.outputs = frozenset(network.outputs)
    at.uses = Counter(r.tensor for e in network.equations for r in reads(e.body))
    lower_all(at, network.equations)
    whole = {t.name: at.tensors[t.name].value for t in network.inputs}
    whole |= {e.name: _whole(builder, e.name, at.tensors[e.name]) for e in network.equations}
    steps: dict[str, Operand] = {}
    for step_name, v in at.final.items():
        steps.setdefault(f"{step_name.split('.')[0]}.step", v)  # the innermost loop's comes first
    names = _names(network, at, whole)
    return with_names(tuple(builder.statements), names), {n: renamed(v, names) for n, v in (whole | steps).items()}


def lower_all(at: Entries, equations: tuple[Equation, ...]) -> None:
    """The equations one after the other; those that need each other as one loop."""
    parts = components(equations)
    done: set[str] = set()
    for place, part in enumerate(parts):
        if part[0].name in done:
            continue
        if is_recurrent(part):
            more: tuple[Equation, ...] = ()
            if has_layers(part) and not any(is_listed(at, e) for e in part):
                more = followers(part, parts[place + 1 :], at.tensors)
                part = made_in_step((*part, *more), at.layers, at.given, at.taken)
                at.layers.update({e.name: e for e in part})
            done.update(e.name for e in more)
            lower_loop(at, part, lower_all)
            continue
        for equation in separated(at, part[0]):
            if is_listed(at, equation):
                lower_loop(at, (equation,), lower_all)
            else:
                at.tensors[equation.name] = _tensor(at, equation)


def _names(network: Network, at: Entries, whole: dict[str, Operand]) -> dict[str, str]:
    """Each tensor's name for the value that it is; of several tensors with one value the first names it."""
    names = {a.name: n for n, v in at.final.items() for a in arrays_among((v,)) if not is_carry(a.name)}
    inputs, given = {t.name for t in network.inputs}, set(names.values())
    for equation in network.equations:
        name = equation.name
        found = arrays_among((at.tensors[name].value, whole[name]))
        new = [a.name for a in found if a.name not in inputs and a.name not in names]
        if new and name not in given and BESIDE not in name:
            names[new[0]] = name
            given.add(name)
    return names


def _tensor(at: Entries, equation: Equation) -> Known:
    order = _order(at, equation) if at.windows else in_order(equation.indices, at.orders.get(equation.name))
    at.order = list(order)
    at.builder.hint = equation.name.replace(MARK, "").split(BESIDE)[0]
    result = at.number(at.value(equation.body))
    ordered = result if at.windows else at.ordered(result, order)
    places = tuple(equation.indices.index(i) for i in ordered.axes)
    return Known(ordered.value, places, equation.shape)


def _order(at: Entries, equation: Equation) -> tuple[Index, ...]:
    """Axes as a computed tensor of the same shape has them, as a rule the one that this is the adjoint of."""
    places = places_of(at, equation.shape)
    return batch_last(equation.indices) if places is None else tuple(equation.indices[k] for k in places)


def _whole(builder: Builder, name: str, known: Known) -> Operand:
    """The tensor in its full shape; one that is the same along a dimension is spread out, if anyone asks for it."""
    missing = tuple(k for k in range(len(known.shape)) if k not in known.places)
    if list(known.places) != sorted(known.places):
        order = tuple(sorted(range(len(known.places)), key=known.places.__getitem__))
        builder.hint = name
        known = replace(known, value=builder.transpose(known.value, order), places=tuple(sorted(known.places)))
    if not missing:
        return known.value
    builder.hint = name
    inner = tuple(k for k in missing if known.places and k > known.places[0])
    value = builder.expand(known.value, tuple(k - known.places[0] for k in inner)) if known.places else known.value
    return builder.emit("broadcast", (value,), known.shape)


def with_names(statements: tuple[Statement, ...], names: dict[str, str]) -> tuple[Statement, ...]:
    """The statements with other names for their values."""
    return tuple(with_values(s, lambda a: renamed(a, names)) for s in statements)
