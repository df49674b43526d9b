"""Which matrix products may be taken by blocks of rows: BLAS has a faster kernel for small ones.

Measured with the OpenBLAS of NumPy's wheels on a machine with AVX-512, a product of a million to eight million terms
takes 0.7 to 0.8 of its time in blocks of at most a million, where the right factor lies row by row. How many blocks
there are depends on the sizes, so the module decides; what is decided here is which products are worth that question:
those in loops, those of stacks of matrices, and those whose rows are several axes made one.
"""

from __future__ import annotations

from dataclasses import replace

from symbp.lowering.bodies import loop_args
from symbp.lowering.program import FILLING, Program, Routine, Statement, by_name, each_routine, is_sum_by_ones

BY_BLOCKS = "by blocks"


def products_by_blocks(program: Program) -> Program:
    """The program with such products marked. Where time does not count, `a @ b` reads better."""
    return each_routine(program, _marked_routine)


def _marked_routine(routine: Routine) -> Routine:
    if routine.name not in FILLING:
        return routine
    return replace(routine, statements=_marked(routine.statements, {}, False))


def _marked(statements: tuple[Statement, ...], made: dict[str, Statement], looped: bool) -> tuple[Statement, ...]:
    done = []
    for s in statements:
        if s.loop is not None:
            loop = replace(s.loop, statements=_marked(s.loop.statements, made, True))
            s = replace(s, loop=loop, args=loop_args(loop))
        elif s.op == "matmul" and _has_rows(s) and (looped or _has_many_rows(s, made)) and _lies_by_rows(s, made):
            s = replace(s, detail=(BY_BLOCKS,))
        made[s.target.name] = s
        done.append(s)
    return tuple(done)


def _has_rows(s: Statement) -> bool:
    """Is it a product of matrices? One with ones is a sum."""
    return all(len(a.shape) > 1 for a in s.arrays) and not is_sum_by_ones(s)


def _has_many_rows(s: Statement, made: dict[str, Statement]) -> bool:
    maker = by_name(s.args[0], made)
    return len(s.target.shape) > 2 or (maker is not None and maker.op == "reshape")


def _lies_by_rows(s: Statement, made: dict[str, Statement]) -> bool:
    """May the right factor lie in memory row by row?"""
    maker = by_name(s.args[1], made)
    return maker is None or maker.op != "transpose" or maker.detail[-1] == len(maker.target.shape) - 1
