"""The table of further networks: each as text in the language, beside it the same in PyTorch as a person writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from textwrap import dedent

import torch

from tests.autograd.modules import Draw, Ranges

HEADER = """from symbp import Array, Data, Labels, Param, dims, network

N, T, D, H, K, L, M = dims("N T D H K L M")
"""


@dataclass(frozen=True)
class Entry:
    """A network's text, its loss in PyTorch as a function of all inputs by name, and what is no plain normal number."""

    name: str
    text: str
    model: Callable[..., torch.Tensor]
    draws: Mapping[str, Draw] = field(default_factory=dict)
    ranges: Ranges = field(default_factory=dict)


def entry(
    table: list[Entry], text: str, ranges: Ranges | None = None, **draws: Draw
) -> Callable[..., Callable[..., torch.Tensor]]:
    """A decorator that puts a model into a table, with the network of the same name."""

    def put(model: Callable[..., torch.Tensor]) -> Callable[..., torch.Tensor]:
        table.append(Entry(model.__name__, HEADER + dedent(text), model, draws, ranges or {}))
        return model

    return put
