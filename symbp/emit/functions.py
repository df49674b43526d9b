"""A routine as a function: its checks, its scratch arrays, its statements, what it returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symbp.core.integers import Poly
from symbp.core.network import LABELS, Tensor
from symbp.core.shortener import Shortener
from symbp.core.traverse import dims_of
from symbp.emit.body import Body, text_of, write_body
from symbp.emit.checks import SCRATCH, found_sizes, scratch_arrays, size_names, sizes_name
from symbp.emit.facts import fact_arguments
from symbp.emit.formula import size
from symbp.emit.interface import signature
from symbp.emit.layout import WIDTH, names, split_line, tuple_of
from symbp.emit.lengths import length_lines
from symbp.emit.lists import is_list
from symbp.emit.words import DTYPE, FLOAT, RANGE, VECTOR
from symbp.lowering.program import FILLING, HESSIAN, Operand, Program, Routine, shape_of

DOCSTRINGS = {
    "forward": "Return the named tensors that need no target, by name.",
    "loss": "Return {loss}.",
    "loss_and_gradients": "Return {loss} and its gradient by each parameter, in the parameters' dtype and shapes.\n\n"
    "    `out` takes the gradients of an earlier call, to be filled again; `work` is a dictionary, empty at first, "
    "in which\n"
    "    the scratch arrays are kept between calls: one for this module and one thread.\n    ",
    "hessian_vector_product": "Return the Hessian of {loss} by the parameters times `{vector}`, in the parameters' "
    "dtype and shapes.\n\n"
    "    `{vector}` is a dictionary with an entry for each parameter, as of gradients. `out` and `work` are as for "
    "these; one\n"
    "    `work` may serve both.{kinks}\n    ",
}
GIVEN = "_given"  # what the function was given, before scalars became floats
KINKS = " Where the loss has a kink, its second derivatives are those of the branch that is taken."


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the module as texts; `spans` are places of equations among `lines`, counted after the docstring."""

    name: str
    signature: str
    docstring: str
    lines: tuple[str, ...]
    spans: tuple[tuple[int, tuple[int, int]], ...]


def write_function(program: Program, routine: Routine) -> Function:
    """The function of a routine."""
    docstring = DOCSTRINGS[routine.name].format(loss=program.loss, vector=VECTOR, kinks=KINKS if program.kinks else "")
    body = write_body(routine)
    tail = [line for part in _tail(program, routine, body) for line in split_line(part)]
    head = _head(program, routine, "\n".join((*body.lines, *tail)))
    head += [""] if body.lines else []
    before = len(head) + docstring.count("\n")
    spans = tuple((number, (a + before, b + before)) for number, (a, b) in body.spans)
    return Function(routine.name, signature(program, routine), docstring, (*head, *body.lines, *tail), spans)


def _head(program: Program, routine: Routine, rest: str) -> list[str]:
    """Inputs converted and checked, sizes, the arrays to write into."""
    given = [t for t in program.inputs if t.name in routine.inputs]
    parameters = tuple(t.name for t in given if t.name in program.parameters)
    lines = []
    if parameters:
        lines.append(f"{DTYPE}, {tuple_of(parameters)} = _parameters({', '.join(parameters)})")
    else:
        lines.append(f"{DTYPE} = np.float64")
    lines += [_convert(t) for t in given if (t.shape or t.kind == LABELS) and t.name not in parameters]
    numbers = tuple(t.name for t in given if not t.shape and t.kind != LABELS)
    if numbers and routine.name in FILLING:
        lines.append(f"{GIVEN} = {_inputs(program)}")
    if numbers:
        lines.append(f"{names(numbers)} = _numbers({', '.join(f'{n}={n}' for n in numbers)})")
    arrays = tuple(t.name for t in given if t.shape)
    sizes, found = size_names(program, given), found_sizes(program, given)
    if program.given:
        lines.append(f"{names(program.given)} = _whole({', '.join(f'{n}={n}' for n in program.given)})")
    if arrays:
        call = f"{sizes_name(program, routine)}({', '.join((*arrays, *program.given))})"
        lines.append(f"{names(found)} = {call}" if found else call)
    lines += [
        f'_check_labels("{t.name}", {t.name}, {size(t.classes).code}{"" if t.absent is None else f", {t.absent}"})'
        for t in given
        if t.classes and _counted(t, sizes)
    ]
    places = _places(program, routine, GIVEN if numbers else _inputs(program)) if routine.name in FILLING else []
    lines += [*length_lines(program, "\n".join((*places, rest))), *places]
    return [part for line in lines for part in split_line(line)]


def _convert(t: Tensor) -> str:
    if is_list(t):
        return f'{t.name} = _data_list("{t.name}", {t.name}, {DTYPE})'
    if t.kind == LABELS:
        return f'{t.name} = {"_labels" if t.shape else "_label"}("{t.name}", {t.name})'
    return f'{t.name} = _data("{t.name}", {t.name}, {DTYPE})'


def _inputs(program: Program) -> str:
    """All inputs, scalars and lists as they are, in the order of DATA and PARAMETERS."""
    return tuple_of((*program.data, *program.parameters))


def _counted(t: Tensor, sizes: tuple[str, ...]) -> bool:
    """Are these labels whose number of classes is known here?"""
    return t.classes is not None and all(d.name in sizes for d in dims_of(t.classes))


def _places(program: Program, routine: Routine, given: str) -> list[str]:
    """Facts checked, then the arrays to write into, which lie apart from all that is `given`."""
    lines = []
    if program.checks is not None:
        lines.append(f"_check_facts({', '.join(fact_arguments(program))})")
    parameters = [t for t in program.inputs if t.name in program.parameters]
    short = Shortener(dict(program.lengths)).of
    shapes = tuple_of(tuple(_shape(t, short) for t in parameters))
    if routine.vector:
        lines.append(f"{VECTOR} = _directions({VECTOR}, {DTYPE}, {shapes})")
        given = f"(*{given}, *{VECTOR})" if given == GIVEN else f"{given[:-1].rstrip(',')}, *{VECTOR})"
    lines.append(f"out = _outputs(out, work, {DTYPE}, {shapes}, {given})")
    if routine.vector:
        lines.append(f"{names(routine.vector)} = {VECTOR}")
        lines += [f"{v} = {FLOAT}({v})" for v, t in zip(routine.vector, parameters, strict=True) if not t.shape]
    arrays = scratch_arrays(routine)
    if arrays:
        sizes = ", ".join(["work", DTYPE, *size_names(program, program.inputs)])
        lines.append(f"{names(tuple(a.name for a in arrays))} = {SCRATCH[routine.name]}({sizes})")
    return lines


def _shape(t: Tensor, short: Callable[[Poly], Poly]) -> str:
    """The shape of a gradient, or the list of the shapes of its arrays."""
    if t.each is None:
        return tuple_of(tuple(size(short(e)).code for e in t.shape))
    row = tuple_of(tuple(size(short(e)).code for e in t.shape[1:]))
    return f"[{row} for {t.each.name} in {RANGE}({size(t.shape[0]).code})]"


def _tail(program: Program, routine: Routine, body: Body) -> list[str]:
    if routine.name == "forward":
        rows = [f'"{n}": {_array(n, v, body, program)}' for n, v in routine.results]
        whole = f"return {{{', '.join(rows)}}}"
        return [whole] if len(whole) + 4 <= WIDTH else ["return {", *(f"    {row}," for row in rows), "}"]
    if routine.name == HESSIAN:
        return ["return out"]
    value = text_of(routine.results[0][1], body.inline).code
    if routine.name == "loss":
        return [f"return {FLOAT}({value})"]
    return [f"return {FLOAT}({value}), out"]


def _array(name: str, operand: Operand, body: Body, program: Program) -> str:
    text = text_of(operand, body.inline).code
    return text if shape_of(operand) else f"np.asarray({text}, {DTYPE})"
