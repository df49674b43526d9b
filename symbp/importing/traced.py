"""The one place that runs PyTorch: a module is exported, and its own loss and gradients computed to compare with."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from symbp.importing.graph import Argument, Graph, Node, Ref, Refused, Size

Array = np.ndarray[Any, Any]
# The numbers that an archive has for types of entries; whatever is not whole is in double precision.
SINGLE = 7
WHOLE = {1: torch.uint8, 2: torch.int8, 3: torch.int16, 4: torch.int32, 5: torch.int64, 12: torch.bool}


def exported(double: torch.nn.Module, inputs: Sequence[Any]) -> bytes:
    """What `torch.export.save` writes of a module in double precision, the first dimension free if it can be.

    What the module holds is not in it: `held` has that, and a copy would be as large once more.
    """
    free = tuple({0: torch.export.Dim.AUTO} if isinstance(x, torch.Tensor) and x.ndim else None for x in inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with _in_double():
                program = torch.export.export(double, tuple(map(_double, inputs)), dynamic_shapes=free, strict=False)
        except Exception as error:
            raise Refused(f"torch.export cannot take the module: {type(error).__name__}: {error}") from error
        program.state_dict.update({name: torch.nn.Parameter(torch.empty(0)) for name in program.state_dict})
        torch.export.save(program, file := io.BytesIO())
    return file.getvalue()


def held(module: torch.nn.Module) -> dict[str, Array]:
    """Parameters, as they are, and copies of buffers, which a run may change."""
    parameters = {n: p.detach().numpy() for n, p in module.named_parameters(remove_duplicate=False)}
    return parameters | {n: b.detach().numpy().copy() for n, b in module.named_buffers(remove_duplicate=False)}


@contextmanager
def _in_double() -> Iterator[None]:
    """What a module makes on its way, `torch.zeros(n, d)`, is in double precision as well."""
    usual = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(usual)


def doubled(module: torch.nn.Module) -> torch.nn.Module:
    """A copy in double precision."""
    return copy.deepcopy(module).double()


def _double(x: Any) -> Any:
    return x.double() if isinstance(x, torch.Tensor) and x.is_floating_point() else x


def arrays(inputs: Sequence[Any]) -> list[Array]:
    """The inputs that are tensors, as arrays."""
    return [_double(x).detach().numpy() for x in inputs if isinstance(x, torch.Tensor)]


LOSSES: Mapping[str, Any] = {
    "mse": torch.nn.functional.mse_loss,
    "nll": torch.nn.functional.nll_loss,
    "cross_entropy": torch.nn.functional.cross_entropy,
    "binary_cross_entropy": torch.nn.functional.binary_cross_entropy,
    "binary_cross_entropy_with_logits": torch.nn.functional.binary_cross_entropy_with_logits,
    "huber": torch.nn.functional.huber_loss,
}


def of_module(
    double: torch.nn.Module, inputs: Sequence[Any], loss: str, target: Array
) -> tuple[float, dict[str, Array]]:
    """A module's loss and gradients by autograd, by attribute path; `target` is a cotangent where there is no loss."""
    with _in_double():
        output = double(*map(_double, inputs))
    while isinstance(output, (tuple, list)):
        output = output[0]
    return _gradients(output, loss, target, dict(double.named_parameters(remove_duplicate=False)))


def of_export(
    double: torch.nn.Module, graph: Graph, inputs: Sequence[Any], loss: str, target: Array
) -> tuple[float, dict[str, Array]]:
    """The same of a module and its export: where it rounds to single precision on its way, `.float()`, by the export,
    which does not.
    """
    if any(("dtype", SINGLE) in node.arguments for node in graph.nodes):
        return of_graph(graph, arrays(inputs), loss, target)
    return of_module(double, inputs, loss, target)


def of_graph(graph: Graph, inputs: Sequence[Array], loss: str, target: Array) -> tuple[float, dict[str, Array]]:
    """The same of a graph that was read from a file, operation by operation."""
    values: dict[str, Any] = dict(zip(graph.inputs, map(_tensor, inputs), strict=True))
    for h in graph.held:
        values[h.name] = _tensor(graph.arrays[h.path])
    trained = {h.path: values[h.name].requires_grad_() for h in graph.held if h.trained}
    for node in graph.nodes:
        made = _run(node, values)
        parts = made if isinstance(made, (tuple, list)) else (made,)
        values |= dict(zip(node.results, parts, strict=False))
    return _gradients(values[graph.outputs[0]], loss, target, trained)


def _tensor(x: Array) -> torch.Tensor:
    return torch.from_numpy(np.array(x, np.float64) if x.dtype.kind == "f" else np.array(x))


def _run(node: Node, values: Mapping[str, Any]) -> Any:
    """One operation of ATen's; only such are run, and only those that have been translated."""
    library, name, overload = node.operation.split(".")
    if library != "aten":
        raise node.refused("no operation of PyTorch's own")
    arguments = {key: _value(key, value, values) for key, value in node.arguments}
    return getattr(getattr(torch.ops.aten, name), overload)(**arguments)


def _value(key: str, value: Argument, values: Mapping[str, Any]) -> Any:
    match value:
        case Ref(name):
            return values[name]
        case Size():
            return value.value
        case tuple():
            return [_value("", v, values) for v in value]
        case int() if key == "dtype":
            return WHOLE.get(value, torch.float64)
    return value


def _gradients(
    output: torch.Tensor, loss: str, target: Array, parameters: Mapping[str, torch.Tensor]
) -> tuple[float, dict[str, Array]]:
    given = torch.from_numpy(target)
    if loss == "none" or not output.ndim:
        total = (output * given).sum() if output.ndim else output
    elif loss in ("cross_entropy", "nll"):
        total = LOSSES[loss](output.reshape(-1, output.shape[-1]), given.reshape(-1))
    else:
        total = LOSSES[loss](output, given)
    total.backward()
    found = {name: p.grad.numpy() for name, p in parameters.items() if p.grad is not None}
    return float(total.detach()), found
