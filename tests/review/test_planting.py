"""A share of what `python -m tests.review.planting` measures: lines of planted mistakes are told, and none misleads."""

import random
from collections import Counter

import pytest

from tests.review.passes import PASSES
from tests.review.planting import passes, told


@pytest.mark.share(len(PASSES))
@pytest.mark.parametrize("name", [row[0] for row in PASSES])
def test_mistakes_that_are_planted(name: str) -> None:
    (one,) = passes(name)
    counts = Counter[str]()
    for planted in one.chosen(random.Random(0), alone=4, in_twos=1):
        counts += told(one, planted)[0]
    assert counts["mistakes"] == 6
    assert counts["line"] >= 5
    assert counts["misleading"] == 0
