"""An emitted module held against gradients from PyTorch: the relative error of the loss and of each gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import ModuleType

import numpy as np
import torch

from symbp.notation.read import read_network
from tests.autograd import witness
from tests.autograd.modules import Draw, draw_inputs, module_from, norm, relative_error

torch.set_num_threads(1)


def tensors(inputs: Mapping[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The inputs as float64 tensors, labels as integers."""
    return {
        n: torch.tensor(v, dtype=torch.long if np.asarray(v).dtype.kind == "i" else torch.float64) for n, v in inputs.items()
    }


def by_hand(
    loss: Callable[..., torch.Tensor], names: tuple[str, ...], inputs: Mapping[str, np.ndarray]
) -> tuple[float, dict[str, torch.Tensor]]:
    """The value of a loss written in PyTorch, and its gradients by `names`."""
    leaves = {n: v.requires_grad_(n in names) for n, v in tensors(inputs).items()}
    value = loss(**leaves)
    found = torch.autograd.grad(value.reshape(()), [leaves[n] for n in names])
    return value.item(), dict(zip(names, found, strict=True))


def errors(
    module: ModuleType,
    inputs: Mapping[str, np.ndarray],
    expected: tuple[float, Mapping[str, torch.Tensor]],
    unknown: Mapping[str, Callable[..., torch.Tensor]] | None = None,
    floor: float = 0.0,
) -> dict[str, float]:
    """The relative error, in the norm, of a module's loss and of each of its gradients.

    A gradient that is zero only because its terms cancel has no relative error. It is measured against `floor` times
    the largest gradient, and where all of them are, against a thousandth.
    """
    loss, gradients = expected
    given = {n: inputs[n] for n in module.PARAMETERS}
    functions = {n: f for n, f in keywords(unknown or {}).items() if n in getattr(module, "FUNCTIONS", ())}
    found, ours = module.loss_and_gradients(*(inputs[n] for n in module.DATA), **given, **functions)
    assert tuple(ours) == module.PARAMETERS
    least = max(floor * max((norm(g.numpy()) for g in gradients.values()), default=0.0), 1e-3 if floor else 0.0)
    return {"loss": relative_error(found, loss, least if floor else 0.0)} | {
        n: relative_error(ours[n], gradients[n].numpy(), least) for n in module.PARAMETERS
    }


def worst_error(source: str, name: str, seed: int, draws: Mapping[str, Draw], floor: float = 0.0) -> float:
    """The largest error of the module of a network given as text, against autograd through its equations."""
    module = module_from(source, name)
    inputs = draw_inputs(module, draws, seed)
    expected = witness.gradients(read_network(source, f"{name}.py", name), tensors(inputs))
    return max(errors(module, inputs, expected, floor=floor).values())


def keywords(unknown: Mapping[str, Callable[..., torch.Tensor]]) -> dict[str, Callable[..., np.ndarray]]:
    """What a module takes for unknown functions: `f`, `f_d1`, `f_d2`, ..."""
    found = {}
    for name, function in unknown.items():
        count = function.__code__.co_argcount
        found[name] = _on_arrays(function, None)
        found.update({f"{name}_d{k + 1}": _on_arrays(function, k) for k in range(count)})
    return found


def _on_arrays(function: Callable[..., torch.Tensor], by: int | None) -> Callable[..., np.ndarray]:
    """A function of tensors, or its first derivative by one of its arguments, as a function of arrays."""

    def call(*args: np.ndarray) -> np.ndarray:
        values = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in np.broadcast_arrays(*args)]
        result = function(*values)
        if by is None:
            return result.detach().numpy()
        return torch.autograd.grad(result.sum(), values[by])[0].numpy()

    return call
