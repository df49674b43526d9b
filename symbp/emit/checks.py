"""The module's helpers: what checks the inputs, keeps the scratch arrays, checks the facts and makes a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from symbp.core.integers import ONE, Dim, Poly
from symbp.core.network import LABELS, Tensor
from symbp.core.solve import Solution, solve_sizes
from symbp.core.traverse import dims_of, indices_of
from symbp.emit import words
from symbp.emit.body import write_body
from symbp.emit.facts import fact_check, size_facts
from symbp.emit.formula import PRODUCT, SIGN, Text, size
from symbp.emit.layout import fitted, tuple_of
from symbp.emit.lengths import length_lines
from symbp.emit.lifetimes import are_apart, lifetimes
from symbp.emit.lists import check_lengths, extents, families, is_list, rows, widths
from symbp.emit.loops import carried_arrays
from symbp.emit.operations import SHARED, TEMPLATED
from symbp.emit.words import DTYPE, RANGE, kept_builtins
from symbp.errors import MissingRule
from symbp.lowering.program import BOOL, FILLING, GRADIENTS, HESSIAN, LIST, Program, Routine, Value, every_statement
from symbp.templating import exists, render


def helpers(program: Program) -> list[str]:
    """The helpers that the module's functions call, each as a text."""
    labels = any(t.kind == LABELS for t in program.inputs)
    label = any(t.kind == LABELS and not t.shape for t in program.inputs)
    used = {s.op for r in program.routines for s in every_statement(r.statements)}
    lists, data_lists = _lists(program), any(is_list(t) for t in program.inputs if t.name in program.data)
    vector = any(r.vector for r in program.routines)
    scalars = any(t.kind != LABELS and not t.shape for t in program.inputs)
    parts = [render("sgd_step.py.j2", lists=lists), *kept_builtins(program.names)]
    if program.parameters:
        parts.append(render("parameters.py.j2", lists=lists))
    if vector or any(t.kind != LABELS and t.shape for t in program.inputs if t.name in program.data):
        parts.append(render("data.py.j2", lists=data_lists))
    absent = any(t.absent is not None for t in program.inputs)
    parts += [render("labels.py.j2", absent=absent)] * labels + [render("label.py.j2")] * label
    parts.append(render("numbers.py.j2", scalars=scalars))
    parts.append(render("plain.py.j2"))
    computed = [_computed(name) for name in TEMPLATED if name in used]
    parts += [*computed, *_needed_by(computed)]
    parts += [render(f"{name}.py.j2") for name in ("windows", "rows", "row_sum") if name in used]
    parts += [render("dot.py.j2")] if "vdot" in used else []
    parts += [render("block.py.j2")] if program.blocks else []
    parts += [render("product.py.j2", **PRODUCT_BLOCKS)] if _has_blocks(program) else []
    parts += [render("size.py.j2")] * bool(program.given) + _size_checks(program)
    if program.checks is not None:
        parts.append(fact_check(program))
    parts += [*_output_checks(program, lists, vector, scalars), render("place.py.j2")]
    if vector:
        parts.append(render("directions.py.j2", lists=lists, vector=words.VECTOR))
    parts += _scratch(program)
    return [fitted(p.strip("\n")) for p in parts]


def _computed(name: str) -> str:
    """What computes an elementary function that NumPy has not."""
    if not exists(f"{name}.py.j2"):
        raise MissingRule(f"NumPy has no {name}; a template templates/{name}.py.j2 is to compute it")
    return render(f"{name}.py.j2")


def _needed_by(texts: list[str]) -> list[str]:
    """What the templates of elementary functions share, where one of these calls it, or one before it."""
    needed: list[str] = []
    for name in SHARED:
        if any(f"_{name}(" in text or f"_{name}," in text for text in (*texts, *needed)):
            needed.append(render(f"{name}.py.j2"))
    return needed


# The terms of the products that a kernel for small ones takes, and the least rows of a block.
PRODUCT_BLOCKS: dict[str, Any] = {"most": "1_000_000", "blocks": 8, "counts": "(2, 4, 8)", "least": 32}


def _has_blocks(program: Program) -> bool:
    """Is there a product that is taken by blocks of rows?"""
    return any(s.op == "matmul" and s.detail for r in program.routines for s in every_statement(r.statements))


def _keeps_lists(program: Program) -> bool:
    """Are there scratch arrays one for each layer?"""
    filling = (r for r in program.routines if r.name in FILLING)
    return any(a.kind == LIST for r in filling for a in scratch_arrays(r))


def _output_checks(program: Program, lists: bool, vector: bool, scalars: bool) -> list[str]:
    """What checks `out` and `work`, and that nothing is written over what is still to be read."""
    arrays = [a for r in program.routines if r.name in FILLING for a in scratch_arrays(r)]
    nested = scalars or any(map(is_list, program.inputs))
    text = render(
        "outputs.py.j2",
        lists=lists,
        vector=vector,
        nested=nested,
        scratch=bool(arrays),
        scratch_lists=_keeps_lists(program),
    )
    return [text]


def _lists(program: Program) -> bool:
    return any(is_list(t) and t.name in program.parameters for t in program.inputs)


def size_names(program: Program, tensors: Sequence[Tensor]) -> tuple[str, ...]:
    """The named sizes in the shapes of these tensors, and those that no shape tells, in the order of declaration."""
    used = {d for t in tensors for e in t.shape for d in dims_of(e)}
    layered = families(tensors)
    known = {*(d.name for d in used), *program.given}
    plain = tuple(d.name for d in program.dims if d.name in known and d.name not in layered)
    return (*plain, *layered)


def found_sizes(program: Program, tensors: Sequence[Tensor]) -> tuple[str, ...]:
    """Those of them that the shapes tell."""
    return tuple(name for name in size_names(program, tensors) if name not in program.given)


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
        sizes = any('("", ' in text for text in found.values())
        found["_check_extents"] = render("extents.py.j2", reads=reads, sizes=sizes)
    return [*found.values(), render("misfit.py.j2", lists=any(map(is_list, program.inputs)))] if found else []


def _size_check(program: Program, name: str, given: list[Tensor]) -> str:
    sizes, found = size_names(program, given), found_sizes(program, given)
    solved, sources = _solutions(program, found, given)
    arrays = tuple(t.name for t in given)
    return render(
        "sizes.py.j2",
        words=words.LOCAL,
        name=name,
        arguments=", ".join((*arrays, *program.given)),
        names=tuple_of(tuple(rows(t, f'"{t.name}"', _listed_name(t)) for t in given)),
        shapes=tuple_of(tuple(f"*[_.shape for _ in {t.name}]" if is_list(t) else f"{t.name}.shape" for t in given)),
        ranks=tuple_of(tuple(rows(t, str(len(t.shape)), str(len(t.shape) - 1)) for t in given)),
        solved=solved,
        expected=tuple_of(tuple(rows(t, _written(t.shape), _written(t.shape[1:])) for t in given)),
        facts=size_facts(program, sizes),
        extents=", ".join((*_extents(program, sizes), *_left_over(program, given))),
        result=tuple_of(found) if len(found) == 1 else ", ".join(found),
        what=", ".join(found),
        sources=sources,
    )


def _solutions(program: Program, sizes: tuple[str, ...], given: list[Tensor]) -> tuple[list[str], str]:
    """A line of Python for each size, plain extents first, and in words which tensors it is taken from."""
    layered = families(given)
    plain = [s for s in sizes if s not in layered]
    found = extents(given)
    solved = {s.dim.name: s for s in solve_sizes([e for _, _, e in found], _said(program))}
    if not set(plain) <= solved.keys():
        raise MissingRule("emit/checks.py cannot solve the sizes from the shapes")
    lines = [f"{name} = {_solution(s, [code for _, code, _ in found])}" for name, s in solved.items() if name in plain]
    tensors = {n: dict.fromkeys(found[place][0].name for place, _ in solved[n].terms) for n in plain}
    sources = ", ".join(f"{n} from {' and '.join(names)}" for n, names in tensors.items())
    return [*lines, *check_lengths(given), *widths(given)], sources


def _said(program: Program) -> tuple[Dim, ...]:
    return tuple(d for d in program.dims if d.name in program.given)


def _solution(solution: Solution, codes: list[str]) -> str:
    """A size as a formula: `(x.shape[0] - 2) // 4`."""
    text = ""
    for place, factor in sorted(solution.terms, key=lambda t: t[1] < 0):
        part = codes[place] if abs(factor) == 1 else f"{abs(factor)} * {codes[place]}"
        sign = "-" if factor < 0 else "+"
        text = f"{text} {sign} {part}" if text else part if factor > 0 else f"-{part}"
    several = len(solution.terms) > 1
    if solution.rest.terms:
        rest, several = size(solution.rest), True
        text = f"{text} - {Text(rest.code, rest.level).within(PRODUCT)}"
    if several and solution.divisor == ONE:
        return f"({text})" if len(solution.terms) == 1 else text
    text = f"({text})" if several else text
    return text if solution.divisor == ONE else f"{text} // {size(solution.divisor).within(SIGN)}"


def _extents(program: Program, sizes: tuple[str, ...]) -> list[str]:
    """What the extents of arrays are that sizes may make too small: name, index, formula and value."""
    rows = []
    for name, index, extent in program.extents:
        if all(d.name in sizes for d in dims_of(extent)):
            rows.append(f'("{name}", "{index}", "{extent}", {size(extent).code})')
    return rows


def _left_over(program: Program, given: list[Tensor]) -> list[str]:
    """The same of sizes that are what others leave of an extent, where no array has so many entries."""
    checked = [extent for _, _, extent in program.extents]
    every = solve_sizes([e for _, _, e in extents(given)], _said(program))
    solved = (s for s in every if s.rest.terms or len(s.terms) > 1 or s.divisor != ONE)
    return [f'("", "", "{s.dim}", {s.dim})' for s in solved if Poly.of(s.dim) not in checked]


def _listed_name(t: Tensor) -> str:
    return f'f"{t.name}[{{{t.each}}}]"'


def _written(shape: tuple[Poly, ...]) -> str:
    return tuple_of(tuple(size(e).code for e in shape)) if shape else "()"


def scratch_arrays(routine: Routine) -> list[Value]:
    """The arrays that `work` keeps, in the order of their first use."""
    found: dict[str, Value] = {}
    for a in carried_arrays(routine.statements):
        found.setdefault(a.name, a)
    for s in every_statement(routine.statements):
        if s.place is not None and s.place.how in ("scratch", "ones") and not s.place.span:
            name = s.place.name
            shape = s.place.shape or s.target.shape
            found.setdefault(name, Value(name, shape, "ones" if s.op == "ones" else s.target.kind))
    return list(found.values())


# The helper that makes a routine's scratch arrays, and where they and their sizes are in `work`, which routines share.
SCRATCH = {GRADIENTS: "_scratch", HESSIAN: "_hessian_scratch"}
SLOTS = {GRADIENTS: "arrays", HESSIAN: "hessian arrays"}
FITS = {GRADIENTS: "for", HESSIAN: "hessian for"}


def _scratch(program: Program) -> list[str]:
    parts: list[str] = []
    sizes = ", ".join([DTYPE, *size_names(program, program.inputs)])
    every = {r.name: scratch_arrays(r) for r in program.routines if r.name in FILLING}
    for name, arrays in every.items():
        if arrays:
            spans = _spans(program.routine(name), arrays)
            rows = [f"{_new(a, spans.get(a.name))},  # {a.name}" for a in arrays]
            lengths = length_lines(program, "\n".join(rows))
            key = f'("{SLOTS[name]}", {sizes})'
            parts.append(
                render(
                    "scratch.py.j2",
                    name=SCRATCH[name],
                    slot=SLOTS[name],
                    fit=FITS[name],
                    sizes=sizes,
                    key=key,
                    lengths=lengths,
                    rows=rows,
                    packed=bool(spans),
                    words=words.LOCAL,
                )
            )
    if not parts:
        return []
    kinds = {a.kind for arrays in every.values() for a in arrays}
    before = [render("aligned.py.j2")] if kinds - {"ones"} else []
    if any("_packed(" in part for part in parts):
        before.append(render("packed.py.j2"))
    return [*before, render("scratch_type.py.j2", ones="ones" in kinds, lists=_keeps_lists(program)), *parts]


def _spans(routine: Routine, arrays: list[Value]) -> dict[str, tuple[int, int]]:
    """When each array is in use that may share its place with another; nothing where none would."""
    body = write_body(routine)
    names = [a.name for a in arrays if a.kind not in (LIST, "ones")]
    found = {n: span for n, span in lifetimes(body.lines, [a.name for a in arrays]).items() if n in names}
    return found if are_apart(found) else {}


def _new(a: Value, span: tuple[int, int] | None) -> str:
    shape = tuple_of(tuple(size(e).code for e in a.shape[a.kind == LIST :]))
    if a.kind == LIST:
        letter = next((i.name for e in a.shape for i in indices_of(e)), "_")
        return f"[_aligned({shape}, {DTYPE}) for {letter} in {RANGE}({size(a.shape[0]).code})]"
    if a.kind == "ones":
        return f"_ones({shape}, {DTYPE})"
    dtype = words.BOOL if a.kind == BOOL else "np.intp" if a.kind == "int" else DTYPE
    return f"_aligned({shape}, {dtype})" if span is None else f"({shape}, {dtype}, {span[0]}, {span[1]})"
