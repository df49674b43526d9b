"""What a network written by hand in PyTorch consists of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor

from tests.autograd.modules import Draw


@dataclass(frozen=True)
class Model:
    """A loss as a function of all inputs by name; `draws` are the inputs that are no plain normal numbers.

    `sizes` are the ranges of sizes that may not be just any; `named` gives some of what the module's `forward` gives.
    """

    loss: Callable[..., Tensor]
    draws: Mapping[str, Draw] = field(default_factory=dict)
    unknown: Mapping[str, Callable[..., Tensor]] = field(default_factory=dict)
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    named: Callable[..., Mapping[str, Tensor | list[Tensor]]] = lambda **inputs: {}
