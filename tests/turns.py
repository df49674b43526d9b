"""Long series of cases a share at a time: whose turn it is is decided by the day, or by `--turn`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator


def in_turn(number: int, parts: int, turn: int) -> bool:
    """Is it the turn of the case of that number, where one in so many has it? Each has it once in `parts` turns."""
    return (number + turn) % parts == 0


def whose_turn(cases: Iterable[tuple[str, int]], turn: int) -> Iterator[bool]:
    """Of each case, the id of a test and in how many parts it is shared, whether it is run; 1 is always."""
    seen: Counter[str] = Counter()
    for name, parts in cases:
        test = name.partition("[")[0]
        yield in_turn(seen[test], parts, turn)
        seen[test] += 1
