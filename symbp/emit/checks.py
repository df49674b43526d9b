"""The module's helpers: what checks the inputs, keeps the scratch arrays, checks the facts and makes a step."""

from __future__ import annotations

from collections.abc import Sequence

from symbp.core.integers import Dim, Poly, Quotient
from symbp.core.network import LABELS, Tensor
from symbp.core.traverse import dims_of, indices_of
from symbp.emit import words
from symbp.emit.facts import fact_check
from symbp.emit.formula import Text, size
from symbp.emit.layout import fitted, tuple_of
from symbp.emit.lengths import length_lines
from symbp.emit.lists import check_lengths, extents, families, is_list, rows, widths
from symbp.emit.loops import carried_arrays
from symbp.emit.words import DTYPE, RANGE, kept_builtins
from symbp.errors import MissingRule
from symbp.lowering.program import BOOL, FILLING, GRADIENTS, HESSIAN, LIST, Program, Routine, Value, every_statement
from symbp.templating import render


def helpers(program: Program) -> list[str]:
    """The helpers that the module's functions call, each as a text."""
    template = dict.fromkeys(("labels", "label", "erf", "numbers", "windows", "rows", "dot", "row_sum"), False)
    template["labels"] = any(t.kind == LABELS for t in program.inputs)
    template["label"] = any(t.kind == LABELS and not t.shape for t in program.inputs)
    template["numbers"] = any(t.kind != LABELS and not t.shape for t in program.inputs)
    template["erf"] = any(s.op == "erf" for r in program.routines for s in every_statement(r.statements))
    template["windows"] = any(s.op == "windows" for r in program.routines for s in every_statement(r.statements))
    template["rows"] = any(s.op == "rows" for r in program.routines for s in every_statement(r.statements))
    used = {s.op for r in program.routines for s in every_statement(r.statements)}
    template["dot"], template["row_sum"] = "vdot" in used, "row_sum" in used
    taken = program.names
    parts = [render("sgd_step.py.j2", lists=_lists(program)), *kept_builtins(taken)]
    if program.parameters:
        parts.append(render("parameters.py.j2", lists=_lists(program)))
    parts += [render(f"{name}.py.j2") for name, needed in template.items() if needed]
    parts += _size_checks(program)
    if program.checks is not None:
        parts.append(fact_check(program))
    parts.append(render("outputs.py.j2", lists=_lists(program)))
    if any(r.vector for r in program.routines):
        parts.append(render("directions.py.j2", lists=_lists(program), vector=words.VECTOR))
    scratch = _scratch(program)
    parts += [*([render("aligned.py.j2")] if any("_aligned(" in part for part in scratch) else []), *scratch]
    return [fitted(p.strip("\n")) for p in parts]


def _lists(program: Program) -> bool:
    return any(is_list(t) and t.name in program.parameters for t in program.inputs)


def size_names(program: Program, tensors: Sequence[Tensor]) -> tuple[str, ...]:
    """The named sizes in the shapes of these tensors, in the order of declaration."""
    used = {d for t in tensors for e in t.shape for d in dims_of(e)}
    layered = families(tensors)
    plain = tuple(d.name for d in program.dims if d in used and d.name not in layered)
    return (*plain, *layered)


def sizes_name(program: Program, routine: Routine) -> str:
    """The helper that checks the shapes of what this routine takes."""
    return "_sizes" if len(routine.inputs) == len(program.inputs) else f"_{routine.name}_sizes"


def _size_checks(program: Program) -> list[str]:
    found: dict[str, str] = {}
    for routine in program.routines:
        given = [t for t in program.inputs if t.name in routine.inputs and t.shape]
        if given:
            found.setdefault(sizes_name(program, routine), _size_check(program, sizes_name(program, routine), given))
    if any("_check_extents" in text for text in found.values()):
        reads = any(index.endswith("]") for _, index, _ in program.extents)
        found["_check_extents"] = render("extents.py.j2", reads=reads)
    return [*found.values(), render("misfit.py.j2", lists=any(map(is_list, program.inputs)))] if found else []


def _size_check(program: Program, name: str, given: list[Tensor]) -> str:
    sizes = size_names(program, given)
    solved, sources = _solutions(sizes, given)
    arrays = tuple(t.name for t in given)
    return render(
        "sizes.py.j2",
        words=words.LOCAL,
        name=name,
        arguments=", ".join(arrays),
        names=tuple_of(tuple(rows(t, f'"{t.name}"', _listed_name(t)) for t in given)),
        shapes=tuple_of(tuple(f"*[_.shape for _ in {t.name}]" if is_list(t) else f"{t.name}.shape" for t in given)),
        ranks=tuple_of(tuple(rows(t, str(len(t.shape)), str(len(t.shape) - 1)) for t in given)),
        solved=solved,
        expected=tuple_of(tuple(rows(t, _written(t.shape), _written(t.shape[1:])) for t in given)),
        extents=", ".join(_extents(program, sizes)),
        result=tuple_of(sizes) if len(sizes) == 1 else ", ".join(sizes),
        what=", ".join(sizes),
        sources=sources,
    )


def _solutions(sizes: tuple[str, ...], given: list[Tensor]) -> tuple[list[str], str]:
    """A line of Python for each size, plain extents first, and in words which tensor it is taken from."""
    lines: list[str] = []
    known: dict[str, str] = {}
    layered = families(given)
    plain = [s for s in sizes if s not in layered]
    found = extents(given)
    for tensor, code, e in found:
        if isinstance(e.atom, Dim) and e.atom.name not in known:
            known[e.atom.name] = tensor.name
            lines.append(f"{e.atom.name} = {code}")
    while len(known) < len(plain):
        tensor, dim, code = _solvable(found, known)
        known[dim.name] = tensor.name
        lines.append(f"{dim.name} = {code}")
    sources = ", ".join(f"{d} from {known[d]}" for d in plain)
    return [*lines, *check_lengths(given), *widths(given)], sources


def _extents(program: Program, sizes: tuple[str, ...]) -> list[str]:
    """What the extents of arrays are that sizes may make too small: name, index, formula and value."""
    rows = []
    for name, index, extent in program.extents:
        if all(d.name in sizes for d in dims_of(extent)):
            rows.append(f'("{name}", "{index}", "{extent}", {size(extent).code})')
    return rows


def _listed_name(t: Tensor) -> str:
    return f'f"{t.name}[{{{t.each}}}]"'


def _written(shape: tuple[Poly, ...]) -> str:
    return tuple_of(tuple(size(e).code for e in shape)) if shape else "()"


def _solvable(found: list[tuple[Tensor, str, Poly]], known: dict[str, str]) -> tuple[Tensor, Dim, str]:
    """An extent with one unknown size, and that size as a formula: `(x.shape[0] - 2) // 4`."""
    for tensor, shifted, e in found:
        unknown = [d for d in dict.fromkeys(dims_of(e)) if d.name not in known]
        linear = all(m.count(unknown[0]) <= 1 for m, _ in e.terms) if len(unknown) == 1 else False
        if linear and unknown[0] in e.atoms() and not any(isinstance(a, Quotient) for a in e.atoms()):
            factor = e.coefficient(unknown[0])
            rest = e - factor * Poly.of(unknown[0])
            if rest.terms:
                shifted = f"({shifted} - {Text(size(rest).code, size(rest).level).within(8)})"
            return tensor, unknown[0], shifted if factor.constant == 1 else f"{shifted} // {size(factor).within(9)}"
    raise MissingRule("emit/checks.py cannot solve the sizes from the shapes")


def scratch_arrays(routine: Routine) -> list[Value]:
    """The arrays that `work` keeps, in the order of their first use."""
    found: dict[str, Value] = {}
    for a in carried_arrays(routine.statements):
        found.setdefault(a.name, a)
    for s in every_statement(routine.statements):
        if s.place is not None and s.place.how in ("scratch", "ones"):
            name = s.place.name
            shape = s.place.shape or s.target.shape
            found.setdefault(name, Value(name, shape, "ones" if s.op == "ones" else s.target.kind))
    return list(found.values())


# The helper that makes a routine's scratch arrays, and what stands before their keys in `work`, which routines share.
SCRATCH = {GRADIENTS: "_scratch", HESSIAN: "_hessian_scratch"}
SLOTS = {GRADIENTS: "", HESSIAN: "hessian "}


def _scratch(program: Program) -> list[str]:
    parts = []
    sizes = ", ".join([DTYPE, *size_names(program, program.inputs)])
    for routine in program.routines:
        arrays = scratch_arrays(routine) if routine.name in FILLING else []
        if arrays:
            rows = [f"{_new(a)},  # {a.name}" for a in arrays]
            key, name, slot = f'("{program.name}", {sizes})', SCRATCH[routine.name], SLOTS[routine.name]
            lengths = length_lines(program, "\n".join(rows))
            parts.append(
                render("scratch.py.j2", name=name, slot=slot, sizes=sizes, key=key, lengths=lengths, rows=rows)
            )
    return parts


def _new(a: Value) -> str:
    shape = tuple_of(tuple(size(e).code for e in a.shape[a.kind == LIST :]))
    if a.kind == LIST:
        letter = next((i.name for e in a.shape for i in indices_of(e)), "_")
        return f"[_aligned({shape}, {DTYPE}) for {letter} in {RANGE}({size(a.shape[0]).code})]"
    if a.kind == "ones":
        return f"np.ones({shape}, {DTYPE})"
    return f"_aligned({shape}, {words.BOOL if a.kind == BOOL else 'np.intp' if a.kind == 'int' else DTYPE})"
