"""From an array program to the text of `gradients.py`, and where in it each equation stands."""

from __future__ import annotations

from symbp.core.network import LABELS
from symbp.emit.checks import helpers
from symbp.emit.facts import fact_texts
from symbp.emit.formula import size
from symbp.emit.functions import Function, write_function
from symbp.emit.interface import keyword_names, written_shape
from symbp.emit.layout import WIDTH, table, wrapped
from symbp.emit.meant import demand_meant, without_words
from symbp.emit.words import step_aside
from symbp.escape import DOCSTRING, STRING, Prose, in_python, joined
from symbp.lowering.program import FILLING, Program
from symbp.templating import render

Lines = dict[int, tuple[int, int]]


def write_module(program: Program) -> tuple[str, Lines]:
    """The module, and for the number of each equation its first and last line in it, counted from 1.

    CheckFailed where the text does not say what was meant.
    """
    text, functions = _text(program)
    demand_meant(text, docstring(program), _text(without_words(program))[0])
    return text, _positions(text, functions)


def _text(program: Program) -> tuple[str, list[Function]]:
    functions = [write_function(program, r) for r in program.routines]
    text = render(
        "gradients.py.j2",
        docstring=in_python(docstring(program), DOCSTRING),
        data=_names(program.data),
        parameters=_names(program.parameters),
        shapes=table({t.name: written_shape(t) for t in program.inputs}),
        labels=table({t.name: repr(size(t.classes).code) for t in program.inputs if t.kind == LABELS and t.classes}),
        sizes=_names(program.given),
        functions=_names(keyword_names(program)),
        facts=_names(fact_texts(program)),
        routines=functions,
        helpers=helpers(program),
    )
    return step_aside(text, program.names), functions


def _names(names: tuple[str, ...]) -> str:
    inner = ", ".join(f'"{in_python(n, STRING)}"' for n in names)
    return f"({inner},)" if len(names) == 1 else f"({inner})"


def docstring(program: Program) -> Prose:
    """What the module says of itself: the network's own docstring between two sentences."""
    own = program.doc.lines(han=False)
    first: list[Prose] = (f"Loss and gradients of {program.name}: " + own).wrapped(WIDTH - 3)
    if len(first) != 1 or not own:
        doc = [Prose(), *own.wrapped(WIDTH)] if own else []
        first = [Prose(f"Loss and gradients of {program.name}."), *doc]
    sizes = ", ".join(d.name for d in program.dims)
    rest = "Written by symbp. Numbers in brackets are equations of derivation.tex" + (
        f"; the sizes are {sizes}." if sizes else "."
    )
    return joined([*first, "", *wrapped(rest), ""])


def _positions(text: str, functions: list[Function]) -> Lines:
    """Where the equations stand: the lines of the first filling function that has them, moved to where it begins."""
    found: Lines = {}
    heads = [line.partition("(")[0] for line in text.splitlines()]
    for function in functions:
        if function.name in FILLING:
            first = heads.index(f"def {function.name}") + 3
            for number, (a, b) in function.spans:
                found.setdefault(number, (first + a, first + b))
    return found
