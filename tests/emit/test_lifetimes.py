"""From where to where scratch arrays are in use: what a step fills anew, what it finds, what stands around a loop."""

from __future__ import annotations

import pytest

from symbp.emit.lifetimes import lifetimes

# Places: 0 before the loop, 1 its head, 2 to 4 its body, 5 behind it.
BEFORE, HEAD, FIRST, SECOND, THIRD, BEHIND = range(6)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # Filled anew in each step: in use from there to its last mention.
        (("np.add(x, 1, out=a)", "y[l] = a", "pass"), (FIRST, SECOND)),
        (("pass", "b = np.add(x, 1, out=a.reshape(3))", "y[l] = b"), (SECOND, THIRD)),
        # A part alone is filled: the rest may be from the step before.
        (("a[: 3] = x", "y[l] = a", "pass"), (HEAD, THIRD)),
        (("np.add(x, 1, out=a[: 3])", "y[l] = a", "pass"), (HEAD, THIRD)),
        (("np.add(x, 1, where=m, out=a)", "y[l] = a", "pass"), (HEAD, THIRD)),
        # Read before it is filled, by itself or by another name that a step before gave it.
        (("y[l] = a", "np.add(x, 1, out=a)", "pass"), (HEAD, THIRD)),
        (("np.add(a, 1, out=a)", "y[l] = a", "pass"), (HEAD, THIRD)),
        (("a += 1", "y[l] = a", "pass"), (HEAD, THIRD)),
        (("y[l] = c", "np.add(x, 1, out=a)", "c = a"), (HEAD, THIRD)),
        # In a loop within, which may not run.
        (("for k in K: np.add(x, 1, out=a)", "y[l] = a", "pass"), (HEAD, THIRD + 1)),
    ],
)
def test_in_a_loop(body: tuple[str, ...], expected: tuple[int, int]) -> None:
    lines = ["x = f()", "for l in L:", *(f"    {line}" for line in body), "return y"]
    assert lifetimes(lines, ["a", "y"])["a"] == expected


def test_what_is_mentioned_around_a_loop_too_is_in_use_in_all_of_it() -> None:
    filled = ["for l in L:", "    np.add(x, 1, out=a)", "    y[l] = a", "    pass"]
    assert lifetimes(["x = f()", *filled, "return a"], ["a"])["a"] == (HEAD, BEHIND)
    assert lifetimes(["x = f(a)", *filled, "return y"], ["a"])["a"] == (BEFORE, SECOND + 1)
