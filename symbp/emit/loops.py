"""A loop of a routine as lines of Python: what it begins with, its body further in, what a step hands to the next."""

from __future__ import annotations

from collections.abc import Callable

from symbp.emit.formula import Text, size
from symbp.emit.layout import tuple_of
from symbp.emit.words import DTYPE, RANGE, REVERSED
from symbp.lowering.program import LIST, ZEROS, Carry, Loop, Operand, Statement, Value, arrays_among

Write = Callable[[Operand], Text]


def before_loop(loop: Loop, text: Write) -> list[str]:
    """What is carried into the first step."""
    return [_start(c, text) for c in loop.carried]


def _start(c: Carry, text: Write) -> str:
    name, start = c.value.name, text(c.start).code
    if needs_array(c):
        return f"{name}[...] = {start}"
    if not c.value.shape or arrays_among((c.start,)):
        return f"{name} = {start}"
    return f"{name} = np.{f'zeros({_extents(c)}' if start == '0' else f'full({_extents(c)}, {start}'}, {DTYPE})"


def _extents(c: Carry) -> str:
    return tuple_of(tuple(size(e).code for e in c.first or c.value.shape))


def needs_array(c: Carry) -> bool:
    """Does each step write a carried value into an array of its own?"""
    return c.how != ""


def head(loop: Loop) -> str:
    """The line that begins the loop."""
    count = size(loop.count).code
    if loop.step is not None:
        return f"for {loop.variable.name} in {RANGE}(0, {count}, {loop.step.length.name}):"
    steps = f"{REVERSED}({RANGE}({count}))" if loop.backward else f"{RANGE}({count})"
    return f"for {loop.variable.name} in {steps}:"


def entries(loop: Loop) -> str:
    """The entries that a step makes, as they stand in brackets."""
    first = loop.variable.name
    return first if loop.step is None else f"{first} : {first} + {loop.step.length.name}"


def end_of_step(loop: Loop, empty: frozenset[str], text: Write) -> list[str]:
    """What is stored that was not written in place, and what the next step gets."""
    variable = entries(loop)
    written = {
        s.place.name for s in loop.statements if s.place is not None and s.place.how == "step" and not s.place.span
    }
    lines = []
    for stack, entry in loop.stored:
        if stack.name not in written:
            inside = "[...]" if stack.kind == LIST and stack.name not in empty else ""
            lines.append(f"{stack.name}[{variable}]{inside} = {text(entry).code}")
    lines += [f"{c.value.name}[...] = {text(c.next).code}" for c in loop.carried if c.how == "copy"]
    bound = [(c.value.name, text(c.next).code) for c in loop.carried if c.how == ""]
    if bound:
        lines.append(f"{', '.join(n for n, _ in bound)} = {', '.join(t for _, t in bound)}")
    return lines


def stack_lines(s: Statement, variable: str, fresh: str) -> list[str]:
    """The array of all steps: new, in scratch, the caller's, or the entry of another such array."""
    name, place = s.target.name, s.place
    if place is None:
        return [f"{name} = {fresh}"]
    if place.how == "out":
        lines = [f'{name} = out["{place.name}"]']
    elif place.how == "step":
        lines = [f"{name} = {place.name}[{variable}]"]
    else:
        lines = [] if place.name == name else [f"{name} = {place.name}"]
    return [*lines, f"{name}[...] = 0"] if ZEROS in s.detail else lines


def carried_arrays(statements: tuple[Statement, ...]) -> list[Value]:
    """The arrays that loops keep for what they carry."""
    found = []
    for s in statements:
        if s.loop is not None:
            found += [Value(c.value.name, c.first or c.value.shape) for c in s.loop.carried if needs_array(c)]
            found += carried_arrays(s.loop.statements)
    return found
