"""Names as letters: which are Greek, which have a hat, and which a function has named after another."""

from __future__ import annotations

import re
from collections.abc import Sequence

GREEK = tuple(
    re.findall(
        r"\w+",
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon "
        "phi chi psi omega Gamma Delta Theta Lambda Xi Phi Psi Omega",
    )
)
SHORT = ("lam", "lamda", "lambda_", "eps", "cotangent")  # words that are set as Greek letters
MARKED = re.compile(rf"([a-zA-Z]|{'|'.join(GREEK)})_?(hat|tilde)(_?\d*)")


def is_greek(name: str) -> bool:
    """Is it set as one Greek letter?"""
    return name in GREEK or name in SHORT


def is_letter(name: str) -> bool:
    """Is it set as one letter?"""
    return (len(name) == 1 and name.isascii()) or is_greek(name)


def locals_of(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """What is named after a quantity that is defined behind it: `w_mu` before `w` is the mu of w.

    A function that is written out makes them. Only letters count, not words: `h_prev` stays the h that it is.
    """
    found = {}
    for place, name in enumerate(names):
        caller, _, local = name.rpartition("_")
        if caller in names[place + 1 :] and (is_letter(local) or MARKED.fullmatch(local)):
            found[name] = (caller, local)
    return found
