"""What many tests ask of the same networks, made once in each process: their builds, with all that follows from one.

Whatever a build holds is a value that nobody changes, and each of its stages is worked out when it is first asked for.
A test that what is made twice is the same, or that changes how something is made, makes its own.
"""

from __future__ import annotations

from functools import cache

import pytest

from symbp import networks
from symbp.calculus.steps import Derivation
from symbp.core.example import Example
from symbp.document.ranged import one_range
from symbp.pipeline import Build
from symbp.sources import Source, find_source
from symbp.verify.example import example


@cache
def built(source: Source, hvp: bool = False) -> Build:
    """The build of a network; with `hvp` it goes on from the derivation of the one without."""
    build = Build(source, hvp=hvp)
    if hvp:
        vars(build)["derivation"] = built(source).derivation
    return build


def build_of(net: str, hvp: bool = False) -> Build:
    """The build of a built-in network, or of one in a file, `file.py:name`."""
    return built(find_source(net), hvp)


def derivation_of(net: str) -> Derivation:
    """The derivation of such a network."""
    return build_of(net).derivation


def worked(derivation: Derivation) -> Example:
    """The example that is worked by numbers of a derivation; there is one."""
    d = one_range(derivation)[0]
    found = example(d.network, d.with_stations, d.loss, d.adjoints)
    assert found is not None
    return found


def in_turns(**parts: int) -> list[object]:
    """The built-in networks as cases of a test; those with which that test takes long are run one day in so many."""
    return [pytest.param(n, marks=pytest.mark.share(parts[n])) if n in parts else n for n in networks.names()]
