"""The lines that give lengths their names: `I1 = I + 1 - U`."""

from __future__ import annotations

import re

from symbp.core.shortener import Shortener
from symbp.emit.formula import size
from symbp.lowering.program import Program


def length_lines(program: Program, text: str) -> list[str]:
    """A line for each length whose name stands in the text or in a later line, in an order in which they can be run.

    What stands in a comment of its own is a formula, in which B1 is the matrix of b1.
    """
    short = Shortener(dict(program.lengths))
    text = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    lines: list[str] = []
    for block in program.blocks:
        if re.search(rf"\b{block.length.name}\b", text):
            count, each = (size(short.of(p)).code for p in (block.count, block.each))
            lines.append(f"{block.length.name} = _block({count}, {each})")
    for formula, dim in reversed(program.lengths):
        if re.search(rf"\b{dim.name}\b", "\n".join((text, *lines))):
            lines.insert(0, f"{dim.name} = {size(short.inside(formula)).code}")
    return lines
