"""What a gradient is called: `dX`, `grad_X`, `X_grad`, `gX`, `delta_X`, `X_bar` and their kin, of a quantity X."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_BEFORE = (
    *("dL_d", "dLoss_d", "dloss_d", "dJ_d", "dC_d", "grad_", "gradient_", "grads_", "delta_", "nabla_", "bar_", "adj_"),
    *("dL", "grad", "delta", "d_", "g_", "d", "g"),
)
_AFTER = ("_grad", "_gradient", "_bar", "_adj", "_adjoint", "_delta", "bar")


def leaf(name: str) -> str:
    """The word that says what it is: `W2` of `self.grads["W2"]` and of `self.W2[t]`."""
    key = re.search(r"\[(['\"])(\w+)\1\]$", name)
    words = [key.group(2)] if key else re.findall(r"\w+", name.partition("[")[0])
    return str(words[-1]) if words else name


def quantities(name: str) -> Iterator[str]:
    """What `name` may be the gradient of, the name itself last, as in a dictionary of gradients."""
    word = leaf(name)
    yield from (word[len(b) :] for b in _BEFORE if word.startswith(b) and len(word) > len(b))
    yield from (word[: -len(a)] for a in _AFTER if word.endswith(a) and len(word) > len(a))
    yield word


def pairs_with(gradient: str, names: Iterable[str]) -> frozenset[str]:
    """Those that it is the name of a gradient of: as they are written, else whatever the case of their letters."""
    found = [n for n in names if is_pair(gradient, n)]
    exact = [n for n in found if leaf(n) in quantities(gradient)]
    return frozenset(exact or found)


def is_pair(gradient: str, quantity: str) -> bool:
    """Is the one the name of a gradient of the other? Letters' cases do not tell names apart."""
    other = leaf(quantity).lower().strip("_")
    meant = {q.lower().strip("_") for q in quantities(gradient)}
    several = other.endswith("s") and len(other) > 1 and other[:-1] in meant  # `dh` of `hs[t]`
    return gradient != quantity and (other in meant or several)
