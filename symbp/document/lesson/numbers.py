"""The same derivation by numbers: a tiny instance whose values stand beside what is derived.

Of an array of more than two dimensions the slice at the first subscripts 0 is shown; an array with many entries is
left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from symbp.calculus.steps import Derivation
from symbp.core.example import Example, Key, Moved
from symbp.core.expr import Read
from symbp.core.integers import Poly
from symbp.document.model import Numbers, Remark
from symbp.document.said import Letter, Listed, Math, Number, Said, said
from symbp.matrix.nodes import Named

MOST_ENTRIES = 24
MOST_ARRAYS = 24
USUAL, DECIMALS = 0.01, 6  # a step by which an entry is moved, and the decimals of the loss then

Array = tuple[Named, tuple[tuple[float, ...], ...]]


def given(d: Derivation, example: Example | None) -> tuple[Numbers, ...]:
    """The data and what the equations make of them; of a large network the data alone."""
    if example is None:
        return ()
    data = [t.name for t in d.network.inputs]
    names = [*data, *(e.name for e in d.network.equations)]
    shown = [a for name in names if (a := _array(example, name))]
    arrays = shown if len(shown) <= MOST_ARRAYS else [a for name in data if (a := _array(example, name))]
    head = said("numbers.sizes", sizes=Listed("comma", tuple(_size(name, value) for name, value in example.sizes)))
    return (Numbers(head if example.sizes else said("numbers"), tuple(arrays)),) if arrays else ()


def results(example: Example | None, names: Iterable[str]) -> tuple[Numbers, ...]:
    """Adjoints by numbers."""
    arrays = () if example is None else tuple(a for name in names if (a := _array(example, name)))
    return (Numbers(said("numbers"), arrays),) if arrays else ()


def _size(name: str, value: int) -> Said:
    return said("numbers.size", size=Letter("size", name), value=Number(value))


def _array(example: Example, name: str) -> Array | None:
    """The entries in rows: a number and a vector have one."""
    values = example.values[name]
    if not values:
        return None
    rank = len(next(iter(values)))
    lead = max(0, rank - 2)
    inside = {key[lead:]: v for key, v in values.items() if not any(key[:lead])}
    if not inside or len(inside) > MOST_ENTRIES:
        return None
    rows: dict[Key, list[float]] = {}
    for key, value in inside.items():
        rows.setdefault(key[:-1], []).append(value)
    if len({len(row) for row in rows.values()}) > 1:
        return None
    dims = tuple(Poly.of(1 + max(key[place] for key in inside)) for place in range(rank - lead))
    return Named(name, dims, (Poly(),) * lead), tuple(map(tuple, rows.values()))


def moved(d: Derivation, example: Example | None) -> tuple[Remark, ...]:
    """Two gradients confirmed by moving an entry."""
    if example is None or not example.moved:
        return ()
    chosen = dict.fromkeys((example.moved[0], example.moved[-1]))
    return (Remark(said("head.moved"), tuple(_moved(d, m) for m in chosen)),)


def _moved(d: Derivation, m: Moved) -> Said:
    entry = Math(entry_at(m.tensor, m.key))
    gradient = Math(entry_at(dict(d.gradients)[m.tensor], m.key))
    decimals = DECIMALS if m.step >= USUAL else DECIMALS + 1
    return said(
        "moved",
        entry=entry,
        step=Number(m.step),
        loss=Math(Read(d.loss)),
        up=Number(m.up, decimals),
        down=Number(m.down, decimals),
        slope=Number(m.slope),
        gradient=gradient,
        value=Number(m.gradient),
    )


def entry_at(tensor: str, key: Key) -> Read:
    """An entry by its numbers."""
    return Read(tensor, tuple(Poly.of(k) for k in key))
