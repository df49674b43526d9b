"""A share of a long series in each turn, and all of it after as many turns as there are parts."""

from __future__ import annotations

import pytest

from tests.turns import in_turn, whose_turn

CASES = [("a.py::one[x]", 1), *((f"a.py::many[{k}]", 4) for k in range(10)), ("a.py::one[y]", 1), ("b.py::half[0]", 2)]


def run(turn: int) -> list[str]:
    """What is run in a turn."""
    return [name for (name, _), whose in zip(CASES, whose_turn(CASES, turn), strict=True) if whose]


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
@pytest.mark.parametrize("first", [0, 7, 739_950])
def test_each_has_its_turn_once(first: int, parts: int) -> None:
    for number in range(9):
        assert sum(in_turn(number, parts, turn) for turn in range(first, first + parts)) == 1


def test_what_is_not_shared_is_run_in_every_turn() -> None:
    assert all({"a.py::one[x]", "a.py::one[y]"} < set(run(turn)) for turn in range(4))


def test_four_turns_run_all_cases_and_one_a_quarter() -> None:
    shares = [[name for name in run(turn) if "many" in name] for turn in range(4)]
    assert sorted(name for share in shares for name in share) == sorted(name for name, _ in CASES if "many" in name)
    assert shares[0] == ["a.py::many[0]", "a.py::many[4]", "a.py::many[8]"]
    assert [len(share) for share in shares] == [3, 2, 2, 3]
