"""The checker of array programs names what a pass has broken: before and after lengths have names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from symbp.core.integers import Dim, Poly
from symbp.lowering.check import find_faults
from symbp.lowering.lower import placed
from symbp.lowering.program import Program, Statement, Value
from tests.shared import build_of

MORE = Poly.of(Dim("Q"))


def program(name: str, last: bool) -> Program:
    pure = build_of(name).program
    return placed(pure) if last else pure


def with_statement(program: Program, op: str, change: object) -> Program:
    """The program whose last routine has its first statement of that operation changed."""
    *others, routine = program.routines
    place = next(k for k, s in enumerate(routine.statements) if s.op == op and s.loop is None)
    statements = list(routine.statements)
    statements[place] = change(statements[place])  # type: ignore[operator]
    return replace(program, routines=(*others, replace(routine, statements=tuple(statements))))


def longer(s: Statement) -> Statement:
    """Its result has one more axis than the operation makes, or than it has entries for."""
    return replace(s, target=replace(s.target, shape=(MORE, *s.target.shape)))


def unknown(s: Statement) -> Statement:
    return replace(s, args=tuple(replace(a, name="nowhere") if isinstance(a, Value) else a for a in s.args))


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("name", ["conv_layer", "transformer_block"])
def test_what_is_lowered_has_no_fault(name: str, last: bool) -> None:
    assert list(find_faults(program(name, last))) == []


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("op", ["matmul", "reshape", "transpose"])
def test_a_shape_that_the_operation_does_not_make(op: str, last: bool) -> None:
    found = list(find_faults(with_statement(program("transformer_block", last), op, longer)))
    assert any(f"{op} makes" in fault and "has shape (Q, " in fault for fault in found), found


@pytest.mark.parametrize("last", [False, True])
def test_a_value_that_nothing_defines(last: bool) -> None:
    found = list(find_faults(with_statement(program("transformer_block", last), "matmul", unknown)))
    assert any("reads nowhere, which is not defined before it" in fault for fault in found), found


def test_a_length_with_a_name_is_its_formula() -> None:
    made = program("conv_layer", True)
    formulas = {dim: formula for formula, dim in made.lengths}

    def spelt(s: Statement, more: int) -> Statement:
        """Every named length in the shape of its result by its formula, or by another one."""
        shape = tuple(e.replace(lambda a: formulas[a] + more if a in formulas else None) for e in s.target.shape)
        assert shape != s.target.shape
        return replace(s, target=replace(s.target, shape=shape))

    assert list(find_faults(with_statement(made, "matmul", lambda s: spelt(s, 0)))) == []
    assert list(find_faults(with_statement(made, "matmul", lambda s: spelt(s, 1)))) != []
