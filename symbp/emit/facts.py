"""The check of the facts that the gradients rely on, and their texts as a network's file would state them."""

from __future__ import annotations

from collections.abc import Collection

from symbp.core.build import as_integer
from symbp.core.entries import equal_entries
from symbp.core.expr import Compare, Expr, Int
from symbp.core.integers import Poly
from symbp.core.network import Fact
from symbp.core.traverse import dims_of, nodes, reads
from symbp.emit.body import write_body
from symbp.emit.formula import Text, size
from symbp.emit.state import write_statement
from symbp.emit.words import DTYPE, LOCAL
from symbp.lowering.program import Program, Value
from symbp.templating import render


def fact_texts(program: Program) -> tuple[str, ...]:
    """The facts that are checked, as texts."""
    checked = _checked(program)
    return tuple(write_statement(f.statement) for f in program.facts if f.differences or f in checked)


def fact_arguments(program: Program) -> tuple[str, ...]:
    """What the check needs: data, and sizes that occur as numbers."""
    routine = program.checks
    if routine is None:
        return ()
    numbers = [a for s in routine.statements for a in s.args if isinstance(a, Expr)]
    polys: list[Poly] = [n.value for a in numbers for n in nodes(a, Int)]
    polys += [e for s in routine.statements if s.op == "ones" for e in s.target.shape]
    used = {d.name for p in polys for d in dims_of(p)}
    return (*routine.inputs, *(d.name for d in program.dims if d.name in used))


def size_facts(program: Program, sizes: Collection[str]) -> list[dict[str, str]]:
    """What is said of these sizes: as Python, as a text, and the sizes that may break it with their values."""
    rows = []
    for fact in (f for f in program.facts if f.differences):
        named = list(dict.fromkeys(d.name for p in fact.differences for d in dims_of(p)))
        if isinstance(fact.statement, Compare) and set(named) <= set(sizes):
            a, b = (size(as_integer(side) or Poly()) for side in (fact.statement.a, fact.statement.b))
            values = ", ".join(f"{n} = {{{n}}}" for n in named)
            code = f"{a.code} {fact.statement.op} {b.code}"
            rows.append({"code": code, "text": write_statement(fact.statement), "sizes": values})
    return rows


def fact_check(program: Program) -> str:
    """The helper that raises ValueError on data that break a fact."""
    assert program.checks is not None
    body = write_body(program.checks)
    results = dict(program.checks.results)
    rows = []
    for fact in _checked(program):
        value = results[f"{fact.label}_gap"]
        assert isinstance(value, Value)
        gap = body.inline.get(value.name, Text(value.name)).code
        tensors = " or ".join(dict.fromkeys(r.tensor for r in reads(fact.statement)))
        rows.append(
            {
                # Squares that add up to less need no look at the largest; those that overflow, or are nan, do.
                "squares": f"np.vdot({gap}, {gap})" if value.shape else "",
                "gap": f"np.abs({gap}).max().item()" if value.shape else f"abs({gap})",
                "scale": _scale(program, fact),
                "text": write_statement(fact.statement),
                "tensors": tensors,
            }
        )
    arguments = fact_arguments(program)
    arrays = [t.name for t in program.inputs if t.name in arguments and t.shape]
    dtype = f"{arrays[0]}.dtype" if arrays else "np.float64"
    return render(
        "facts.py.j2",
        words=LOCAL,
        lines=body.lines,
        rows=rows,
        arguments=", ".join(arguments),
        of_data=dtype,
        dtype=DTYPE,
    )


def _scale(program: Program, fact: Fact) -> str:
    """What the distance of entries that should be equal is measured by; nothing where a number is what it should be."""
    shapes = {t.name: t.shape for t in program.inputs}
    equal = equal_entries(fact.statement, shapes.__getitem__)
    return "" if equal is None else f"np.abs({equal.one.tensor}).max()"


def _checked(program: Program) -> list[Fact]:
    results = dict(program.checks.results) if program.checks is not None else {}
    return [f for f in program.facts if isinstance(f.statement, Compare) and f"{f.label}_gap" in results]
