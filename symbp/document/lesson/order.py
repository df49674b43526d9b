"""The order in which the steps of a recurrence are run: which letters count them, and from which end.

A step of layers over time, h[l, t], that reads h[l - 1, t] and h[l, t - 1] has two such letters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symbp.core.expr import Read
from symbp.core.integers import Index
from symbp.document.said import Letter, Math, Said, listed, said

Way = tuple[Index, int]  # the letter of a recurrence, and how many steps away the step is that is read


def steps_of(read: Read) -> tuple[Way, ...]:
    """The letters of a recurrence of which another step is read, the outer ones first."""
    steps = [(i, (s - i).constant) for s in read.subs if s.index is None for i in s.atoms_of(Index)]
    return tuple((letter, away) for letter, away in steps if away)


def step_of(read: Read) -> Way | None:
    """The letter of a recurrence whose other step is read, and how many steps away; None where none is, or several."""
    steps = [(i, s - i) for s in read.subs if s.index is None for i in s.atoms_of(Index)]
    if len(steps) != 1:
        return None
    letter, away = steps[0]
    return (letter, away.constant) if away.constant else None


def ways_of(reads: Iterable[Read]) -> tuple[Way, ...]:
    """Each letter that has to be run step by step, with a step that it reads: where one reads h[l - 1, t - 1] alone,
    the order of l is enough.
    """
    found: dict[str, Way] = {}
    ways = sorted((steps_of(r) for r in reads), key=len)
    for steps in ways:
        if steps and not any(letter.name in found for letter, _ in steps):
            found[steps[0][0].name] = steps[0]
    return tuple(found.values())


def loop_head(ways: Iterable[Way]) -> Said | None:
    """How a loop runs: over which letters from the last, over which from the first."""
    down, up = (listed(_letters(ways, side)) for side in (1, -1))
    match bool(down.parts), bool(up.parts):
        case True, True:
            return said("loop.both", down=down, up=up)
        case True, False:
            return said("loop.down", letters=down)
        case False, True:
            return said("loop.up", letters=up)
    return None


def known_first(reads: Iterable[Read]) -> tuple[Said, ...]:
    """What must be known first, and how the letters run for it."""
    found = [(way[0], r) for r in dict.fromkeys(reads) if (way := ways_of((r,)))]
    down = [(letter, r) for (letter, away), r in found if away > 0]
    up = [(letter, r) for (letter, away), r in found if away < 0]
    return (*_known(down, "down"), *_known(up, "up"))


def _known(found: list[tuple[Index, Read]], side: str) -> Iterator[Said]:
    letters = tuple(dict.fromkeys(letter.name for letter, _ in found))
    named = listed(Letter("index", name) for name in letters)
    first = listed(Math(next(r for letter, r in found if letter.name == name)) for name in letters)
    if letters and side == "down":
        yield said("happens.down", len(letters), read=first, letters=named)
    elif letters:
        yield said("happens.up", len(letters), read=first, letters=named)


def _letters(ways: Iterable[Way], side: int) -> tuple[Letter, ...]:
    return tuple(Letter("index", letter.name) for letter, away in ways if away * side > 0)
