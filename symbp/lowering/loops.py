"""A recurrence, or a list of arrays, as a loop: a statement whose body computes one step.

The arrays of all steps are made before it ("stack") and are complete after it ("stacked"); the loop fills them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from symbp.core import build
from symbp.core.expr import Expr, Read, Sum
from symbp.core.integers import Dim, Index, Poly
from symbp.core.network import Equation
from symbp.core.traverse import free_indices, fresh_name, indices_of, map_children, nodes, reads
from symbp.core.views import bound_by
from symbp.lowering.bodies import loop_args
from symbp.lowering.builder import Builder
from symbp.lowering.hoist import hoisted
from symbp.lowering.innermost import Order, axis_orders, in_order
from symbp.lowering.joining import joined
from symbp.lowering.labelled import Entries, Known
from symbp.lowering.layers import has_layers
from symbp.lowering.program import FLOAT, LIST, ZEROS, Carry, Loop, Operand, Shape, Statement, Value
from symbp.lowering.step import MARK, Carried, Step
from symbp.lowering.steps import one_step

LowerAll = Callable[[Entries, tuple[Equation, ...]], None]


def is_ragged(shape: Shape) -> bool:
    """Does an extent depend on an index, so that only a list of arrays can hold it?"""
    return any(True for extent in shape for _ in indices_of(extent))


def is_listed(at: Entries, equation: Equation) -> bool:
    """Must its entries be computed one first index at a time: is it a list, or does it read one along that index?"""
    if is_ragged(equation.shape):
        return True
    first = equation.indices[:1]
    return any(i in first for r in _list_reads(at, equation.body) for i in indices_of(r.subs[0]))


def _list_reads(at: Entries, body: Expr) -> list[Read]:
    return [r for r in nodes(body, Read) if r.subs and _is_list(at, r.tensor)]


def _is_list(at: Entries, name: str) -> bool:
    known = at.tensors.get(name)
    return known is not None and known.is_list


def lower_loop(at: Entries, part: tuple[Equation, ...], lower_all: LowerAll) -> None:
    """The equations, which have their first index in common, as one loop; `at` knows their arrays afterwards."""
    listed = any(is_listed(at, e) for e in part)
    originals = part
    orders: dict[str, Order] = {}
    if not listed:
        orders = {} if at.windows else axis_orders(part)
        part = joined(part, at.uses)
        if not has_layers(part):
            before, part = hoisted(part, _worth_it, lambda name, place: _extent(at, name, place), orders)
            lower_all(at, before)
    variable = Dim(fresh_name(part[0].indices[0].name, at.taken), 0)
    at.taken.add(variable.name)
    step, equations = one_step(part, variable)
    inner = _inside(at, variable, step.count)
    inner.orders = {name + MARK: tuple(k - 1 for k in order[1:]) for name, order in orders.items()}
    stacks = {e.name: _stack(at, e, orders.get(e.name), e.name in step.ranged) for e in originals}
    for name in step.used:
        inner.builder.local.add(stacks[name].name)  # what a step reads of it is there only once the step before is done
        inner.tensors[name] = _known(stacks[name], next(e for e in originals if e.name == name), orders.get(name))
    carried = [(c, *_carry(at, inner, c, _order(c, orders), step.backward)) for c in step.carried.values()]
    lower_all(inner, equations)
    carries = tuple(
        Carry(value, start, _next(inner, c, order), tuple(i.extent for i in in_order(c.first, order)))
        for c, order, value, start in carried
    )
    stored = tuple((stacks[e.name], _row(inner, e.name + MARK)) for e in originals)
    at.taken.discard(variable.name)
    token = _append(at, step, inner, stored, carries)
    for e in originals:
        inner.final[f"{e.name.rstrip(MARK)}.{variable.name}"] = inner.tensors[e.name + MARK].value
        done = at.builder.emit("stacked", (stacks[e.name], token), stacks[e.name].shape, stacks[e.name].kind)
        at.tensors[e.name] = _known(done, e, orders.get(e.name))


def _row(inner: Entries, name: str) -> Operand:
    """The entry of one step; where it is the same along an axis, that has an extent of 1 and is spread out."""
    known = inner.tensors[name]
    wanted = inner.orders.get(name, tuple(range(len(known.shape))))
    held = [k for k in wanted if k in known.places]
    value = inner.builder.transpose(known.value, tuple(known.places.index(k) for k in held))
    return inner.builder.expand(value, tuple(k for k, d in enumerate(wanted) if d not in held)) if held else value


def _order(carried: Carried, orders: dict[str, Order]) -> Order:
    """The order of a carried value's axes: that of the tensors that it is made of."""
    plain = tuple(range(len(carried.last)))
    made_of = [(r, orders.get(r.tensor.removesuffix(MARK))) for r in reads(carried.made)]
    last = {r.subs[order[-1] - 1].index for r, order in made_of if order is not None}
    place = next((k for k in plain if last == {carried.last[k]}), None)
    return plain if place is None else (*(k for k in plain if k != place), place)


def separated(at: Entries, equation: Equation) -> tuple[Equation, ...]:
    """Sums along a list of arrays as sums over equations of their own, an entry for each array."""
    taken: list[Equation] = []

    def part(node: Any) -> Any:
        done = map_children(node, part)
        listed = tuple(i for i in bound_by(done) if _runs_along(at, done, i))
        match done:
            case Sum(indices, body) if listed and listed != indices:
                inner = build.total((i for i in indices if i not in listed), body)
                held = tuple(i for i in free_indices(inner) if i not in listed)
                name = f"{equation.name}.{len(taken)}"
                taken.append(Equation(name, (*listed, *held), inner))
                return build.total(listed, Read(name, tuple(map(Poly.of, (*listed, *held)))))
        return done

    body = part(equation.body)
    return (*taken, replace(equation, body=body))


def _runs_along(at: Entries, binder: Expr, index: Index) -> bool:
    ragged = any(index in indices_of(i.extent) for i in bound_by(binder))
    return ragged or any(index in indices_of(r.subs[0]) for r in _list_reads(at, binder))


def _worth_it(expr: Expr) -> bool:
    """Is it more than numbers and sizes?"""
    return bool(reads(expr))


def _extent(at: Entries, name: str, place: int) -> Poly | None:
    known = at.tensors.get(name)
    return known.shape[place] if known is not None else None


def _inside(at: Entries, variable: Dim, count: Poly) -> Entries:
    inner = Entries(Builder(at.builder, variable), at.rule)
    inner.classes = at.classes
    inner.counts = {**at.counts, variable: count}
    inner.tensors = dict(at.tensors)
    inner.taken, inner.final = at.taken, at.final
    return inner


def _known(value: Value, equation: Equation, order: Order | None) -> Known:
    return Known(value, order or tuple(range(len(equation.shape))), equation.shape, equation.indices[0])


def _stack(at: Entries, equation: Equation, order: Order | None, zeros: bool) -> Value:
    """The array of all steps, or the list of arrays; with `zeros` the steps to come are 0, for a mask to be right."""
    at.builder.hint = equation.name.replace(MARK, "")
    shape = tuple(i.extent for i in in_order(equation.indices, order))
    value = Value(equation.name if at.builder.parent is None else at.builder.fresh(()).name, shape)
    value = replace(value, kind=LIST if is_ragged(equation.shape) else FLOAT)
    at.builder.append(Statement(value, "stack", (), (equation.indices[0], *([ZEROS] * zeros))))
    return value


def _carry(at: Entries, inner: Entries, carried: Carried, order: Order, backward: bool) -> tuple[Order, Value, Operand]:
    """What it is before the first step, and the value that the body reads, its axes in that order."""
    first = in_order(carried.first, order)
    at.builder.hint = "start"
    at.order = list(first)
    start = at.ordered(at.number(at.value(carried.start)), first)
    names = sorted((r.tensor for r in reads(carried.made)), key=lambda name: not name.endswith(MARK))
    inner.builder.hint = names[0].split(".")[0].rstrip(MARK) if names else "value"
    number = inner.builder.fresh(()).name.split(".")[-1]
    shape = tuple(i.extent for i in carried.indices)
    name = f"{inner.builder.hint}.{'after' if backward else 'before'}{number}"
    value = Value(name, tuple(shape[k] for k in order))
    inner.builder.local.add(value.name)
    inner.tensors[carried.name] = Known(value, order, shape)
    if start.is_array and len(start.axes) < len(shape):
        full = at.aligned(start, first)
        return order, value, at.builder.emit("broadcast", (full,), tuple(i.extent for i in first))
    return order, value, start.value


def _next(inner: Entries, carried: Carried, order: Order) -> Operand:
    inner.builder.hint = "next"
    last = in_order(carried.last, order)
    inner.order = list(last)
    found = inner.number(inner.value(carried.next))
    if found.is_array and len(found.axes) < len(last):
        spread = inner.aligned(found, last)
        return inner.builder.emit("broadcast", (spread,), tuple(i.extent for i in last))
    return inner.ordered(found, last).value


def _append(
    at: Entries, step: Step, inner: Entries, stored: tuple[tuple[Value, Operand], ...], carried: tuple[Carry, ...]
) -> Value:
    loop = Loop(step.variable, step.count, step.backward, tuple(inner.builder.statements), stored, carried)
    at.builder.hint = "loop"
    token = at.builder.fresh((), "loop")
    at.builder.append(Statement(token, "loop", loop_args(loop), (), loop=loop))
    return token
