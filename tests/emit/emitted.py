"""What the tests of this room share: a network's text or name to its module, with inputs that fit."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np

from symbp.calculus.derive import derive
from symbp.emit.write import write_module
from symbp.lowering.lower import lower
from symbp.notation.read import read_network
from tests.shared import build_of

SIZES = {"N": 3, "D": 5, "H": 2, "K": 4, "M": 6, "I": 7, "J": 8}
HEAD = "from symbp import Data, Param, dims, function, network\nN, D, H, K = dims('N D H K')\n"


def text_of(name: str) -> str:
    """The module of a built-in network as text."""
    return build_of(name).module[0]


def text_from(signature: str, *lines: str, before: str = "") -> str:
    """The module of a network of that signature and those statements."""
    body = "".join(f"    {line}\n" for line in lines)
    net = read_network(f"{HEAD}{before}@network\ndef f({signature}):\n{body}")
    return write_module(lower(derive(net)))[0]


def load(text: str) -> ModuleType:
    """The text as a module."""
    module = ModuleType("gradients")
    exec(compile(text, "gradients.py", "exec"), module.__dict__)
    return module


def draw(module: ModuleType, dtype: Any = np.float64, seed: int = 0) -> tuple[list[Any], dict[str, Any]]:
    """Data in order and parameters by name; rows of y and t sum to one."""
    rng = np.random.default_rng(seed)
    shapes = {n: tuple(SIZES.get(e, e) for e in s) for n, s in module.SHAPES.items()}
    arrays = {n: np.asarray(rng.normal(size=s), dtype) for n, s in shapes.items()}
    for n in ("y", "t"):
        if n in arrays and arrays[n].ndim == 2:
            raw = rng.uniform(0.1, 1, size=shapes[n])
            arrays[n] = np.asarray(raw / raw.sum(axis=1, keepdims=True), dtype)
    return [arrays[n] for n in module.DATA], {n: arrays[n] for n in module.PARAMETERS}


def body_of(text: str, name: str = "loss_and_gradients") -> str:
    """The statements of a function of the module, without its docstring."""
    start = text.index(f"\ndef {name}(")
    end = text.index("\ndef ", start + 5)
    return text[text.index('"""', text.index('"""', start) + 3) + 3 : end]
