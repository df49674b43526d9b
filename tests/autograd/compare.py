"""An emitted module held against gradients from PyTorch: the relative error of the loss and of each gradient."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from itertools import combinations_with_replacement
from types import ModuleType
from typing import Any

import numpy as np
import torch

from symbp.notation.read import read_network
from tests.autograd import witness
from tests.autograd.modules import Array, Draw, draw_inputs, module_from, norm, relative_error

torch.set_num_threads(1)


Given = torch.Tensor | list[torch.Tensor]


def tensor(value: np.ndarray) -> torch.Tensor:
    """An array as a float64 tensor, labels as integers."""
    return torch.tensor(value, dtype=torch.long if np.asarray(value).dtype.kind == "i" else torch.float64)


def tensors(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """The inputs as float64 tensors, labels as integers, lists of arrays as lists of tensors."""
    return {n: [tensor(a) for a in v] if isinstance(v, list) else tensor(v) for n, v in inputs.items()}


def arrays(given: Given) -> Array:
    """A tensor as an array, a list of tensors as a list of arrays."""
    return [g.detach().numpy() for g in given] if isinstance(given, list) else given.detach().numpy()


def by_hand(
    loss: Callable[..., torch.Tensor], names: tuple[str, ...], inputs: Mapping[str, Array]
) -> tuple[float, dict[str, Given]]:
    """The value of a loss written in PyTorch, and its gradients by `names`."""
    given = tensors(inputs)
    leaves = {n: given[n] if isinstance(given[n], list) else [given[n]] for n in names}
    flat = [leaf.requires_grad_() for n in names for leaf in leaves[n]]
    value = loss(**given)
    found = iter(torch.autograd.grad(value.reshape(()), flat))
    gradients = {n: [next(found) for _ in leaves[n]] for n in names}
    return value.item(), {n: g if isinstance(given[n], list) else g[0] for n, g in gradients.items()}


def errors(
    module: ModuleType,
    inputs: Mapping[str, Array],
    expected: tuple[float, Mapping[str, Given]],
    unknown: Mapping[str, Callable[..., torch.Tensor]] | None = None,
    floor: float = 0.0,
) -> dict[str, float]:
    """The relative error, in the norm, of a module's loss and of each of its gradients.

    A gradient that is zero only because its terms cancel has no relative error. It is measured against `floor` times
    the largest gradient, and where all of them are, against a thousandth.
    """
    loss, gradients = expected
    inputs = {n: [_locked(a) for a in v] if isinstance(v, list) else _locked(v) for n, v in inputs.items()}
    given = {n: inputs[n] for n in module.PARAMETERS}
    functions = {n: f for n, f in keywords(unknown or {}).items() if n in getattr(module, "FUNCTIONS", ())}
    work: dict[str, Any] = {}
    found, ours = module.loss_and_gradients(*(inputs[n] for n in module.DATA), **given, **functions, work=work)
    assert tuple(ours) == module.PARAMETERS
    _spoil(work)
    again, _ = module.loss_and_gradients(*(inputs[n] for n in module.DATA), **given, **functions, work=work)
    assert again == found or np.isnan(found), "the loss depends on what scratch arrays held before"
    _, ours = module.loss_and_gradients(*(inputs[n] for n in module.DATA), **given, **functions, work=_spoil(work))
    predicted = call(module.forward, inputs, functions)
    assert isinstance(predicted, dict)
    assert np.isclose(call(module.loss, inputs, functions), found, rtol=1e-9, equal_nan=True)  # type: ignore[arg-type]
    least = max(floor * max((norm(arrays(g)) for g in gradients.values()), default=0.0), 1e-3 if floor else 0.0)
    return {"loss": relative_error(found, loss, least if floor else 0.0)} | {
        n: relative_error(ours[n], arrays(gradients[n]), least) for n in module.PARAMETERS
    }


def _locked(value: np.ndarray) -> np.ndarray:
    """The same numbers in an array that nobody can write into: a module that writes over an input raises."""
    array = np.array(value)
    array.flags.writeable = False
    return array


def _spoil(work: dict[str, Any]) -> dict[str, Any]:
    """The scratch arrays that a module keeps, all but its constants (the ones) full of nan."""
    for kept in work.get("arrays", ()):
        for array in kept if isinstance(kept, list) else [kept]:
            if array.dtype.kind == "f" and not (array == 1).all():
                array[...] = np.nan
    return work


def call(function: Callable[..., object], inputs: Mapping[str, Array], unknown: Mapping[str, object]) -> object:
    """A function of a module at those of the inputs and unknown functions that it takes."""
    arguments = inspect.signature(function).parameters.values()
    given = {**inputs, **unknown}
    kept = [a for a in arguments if a.name in given]
    by_position = [given[a.name] for a in kept if a.kind is not a.KEYWORD_ONLY]
    return function(*by_position, **{a.name: given[a.name] for a in kept if a.kind is a.KEYWORD_ONLY})


def worst_error(source: str, name: str, seed: int, draws: Mapping[str, Draw], floor: float = 0.0) -> float:
    """The largest error of the module of a network given as text, against autograd through its equations."""
    module = module_from(source, name)
    inputs = draw_inputs(module, draws, seed)
    expected = witness.gradients(read_network(source, f"{name}.py", name), tensors(inputs))
    return max(errors(module, inputs, expected, floor=floor).values())


def keywords(unknown: Mapping[str, Callable[..., torch.Tensor]]) -> dict[str, Callable[..., np.ndarray]]:
    """What a module takes for unknown functions: `f`, `f_d1`, `f_d2`, ..., and the second ones, `f_d12`."""
    found = {}
    for name, function in unknown.items():
        count = function.__code__.co_argcount
        found[name] = _on_arrays(function)
        found.update({f"{name}_d{k + 1}": _on_arrays(function, k) for k in range(count)})
        twice = combinations_with_replacement(range(count), 2)
        found.update({f"{name}_d{j + 1}{k + 1}": _on_arrays(function, j, k) for j, k in twice})
    return found


def _on_arrays(function: Callable[..., torch.Tensor], *by: int) -> Callable[..., np.ndarray]:
    """A function of tensors, or its derivative by some of its arguments, as a function of arrays."""

    def call(*args: np.ndarray) -> np.ndarray:
        values = [torch.tensor(a, dtype=torch.float64, requires_grad=True) for a in np.broadcast_arrays(*args)]
        result = function(*values)
        for k in by:
            (result,) = torch.autograd.grad(result.sum(), values[k], create_graph=True)
        return result.detach().numpy()

    return call
