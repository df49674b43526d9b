"""A module of PyTorch's, a saved program or an ONNX file as a network file with weights, compared with autograd.

It joins the rooms `importing`, which reads, and `pipeline`, which makes the module that is compared.
"""

from __future__ import annotations

import importlib.util
import inspect
import io
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from symbp.importing.archive import read_archive
from symbp.importing.bring import Brought, bring, compare, inputs_of, target_of
from symbp.importing.graph import Graph, Refused
from symbp.importing.onnx.graph import graph_of
from symbp.importing.onnx.model import read_onnx
from symbp.importing.translate import demand_loss
from symbp.pipeline import Build
from symbp.sources import Source

Array = np.ndarray[Any, Any]
LARGEST = 1 << 32  # bytes of a saved program
NO_TORCH = "PyTorch is needed to read a module: pip install 'symbp[torch]'"


@dataclass(frozen=True, slots=True)
class Imported:
    """A network file, the weights by its arguments' names, and how far from autograd it was, if that was tried."""

    name: str
    source: str
    weights: Mapping[str, Array]
    error: float | None

    @property
    def files(self) -> dict[str, str | bytes]:
        """What is written: the network file and the weights, by the names of the files."""
        np.savez(file := io.BytesIO(), **dict(self.weights))  # type: ignore[arg-type]
        return {f"{self.name}.py": self.source, f"{self.name}.npz": file.getvalue()}


def import_module(module: Any, inputs: Sequence[Any], loss: str, name: str = "") -> Imported:
    """A module, run by PyTorch on the inputs; CheckFailed where loss or gradients are not autograd's."""
    demand_loss(loss)
    traced = _traced()
    kind = type(module).__name__
    double = traced.doubled(module)
    graph = read_archive(traced.exported(double, inputs), traced.held(double))
    graph = replace(graph, negative=negative(graph, traced.arrays(inputs)))
    brought = bring(graph, name or kind, f"{kind}, brought from PyTorch.", loss)
    target = target_of(graph, loss)
    truth = traced.of_export(double, graph, inputs, loss, target)
    error = _compared(brought, traced.arrays(inputs), target, truth)
    kept = next((p.dtype.itemsize for p in module.parameters()), 8)
    return _imported(brought, error, np.float32 if kept == 4 else np.float64)


def negative(graph: Graph, inputs: Sequence[Array]) -> dict[str, int]:
    """The least number given for each input of integers, where that is below 0."""
    given = zip(graph.inputs, inputs, strict=False)
    return {name: int(x.min()) for name, x in given if x.dtype.kind == "i" and x.size and x.min() < 0}


def import_archive(path: Path, loss: str) -> Imported:
    """A program saved by `torch.export.save`; it is compared where PyTorch is there."""
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path}: too large to be read")
    return import_graph(read_archive(path.read_bytes()), loss, path.stem, f"{path.name}, brought from PyTorch.")


def import_onnx(path: Path, loss: str) -> Imported:
    """An ONNX model; what is compared is what has been read of it."""
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path}: too large to be read")
    return import_graph(graph_of(read_onnx(path.read_bytes())), loss, path.stem, f"{path.name}, an ONNX model.")


def import_graph(graph: Graph, loss: str, name: str, doc: str) -> Imported:
    """A graph that was read from a file."""
    demand_loss(loss)
    brought = bring(graph, name, doc, loss)
    error = None
    if importlib.util.find_spec("torch") is not None:
        target, inputs = target_of(graph, loss), inputs_of(graph, brought)
        error = _compared(brought, inputs, target, _traced().of_graph(graph, inputs, loss, target))
    kinds = {a.dtype for a in graph.arrays.values() if a.dtype.kind == "f"}
    return _imported(brought, error, np.float32 if kinds == {np.dtype(np.float32)} else np.float64)


def _imported(brought: Brought, error: float | None, kind: Any) -> Imported:
    weights = {n: w.astype(kind) for n, w in brought.weights.items()}
    return Imported(brought.written.name, brought.written.source, weights, error)


def _compared(brought: Brought, inputs: Sequence[Array], target: Array, truth: tuple[float, dict[str, Array]]) -> float:
    written = brought.written
    module = Build(Source(written.source, f"{written.name}.py", written.name)).module[0]
    return compare(brought, module, inputs, target, truth)


def _traced() -> ModuleType:
    """The file that imports PyTorch, which nothing else needs."""
    if importlib.util.find_spec("torch") is None:
        raise Refused(NO_TORCH)
    return importlib.import_module("symbp.importing.traced")


# --- a module in a file


def import_file(path: Path, name: str, shapes: Sequence[str], loss: str) -> Imported:
    """A module that a Python file has or makes. The file is run."""
    traced = _traced()
    found = getattr(_run(path), name, None)
    if found is None:
        raise Refused(f"{path}: has no {name}")
    torch = traced.torch
    if not isinstance(found, torch.nn.Module):
        if not callable(found):
            raise Refused(f"{path}: {name} is no module and makes none")
        found = found(*_defaults(path, name, found))
    module, *inputs = found if isinstance(found, (tuple, list)) else (found,)
    if not isinstance(module, torch.nn.Module):
        raise Refused(f"{path}: {name} makes no module of PyTorch's")
    torch.manual_seed(0)
    inputs = [_input(torch, s) for s in shapes] or inputs
    if not inputs:
        raise Refused(f"{path}: {name} comes without inputs; say their shapes: --input 8,1,28,28, or 8,5:100 of labels")
    return import_module(module, inputs, loss, name)


def _defaults(path: Path, name: str, make: Any) -> tuple[()]:
    """Nothing: what is called must do without arguments."""
    needed = [
        p.name
        for p in inspect.signature(make).parameters.values()
        if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    if needed:
        raise Refused(f"{path}: {name} needs {', '.join(needed)}; write a function without arguments that makes it")
    return ()


def _run(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise Refused(f"{path}: no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Refused(f"{path}: cannot be run: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)
    return module


def _input(torch: Any, text: str) -> Any:
    """A tensor of a shape, 8,28 of any numbers, 8,5:100 of whole ones below 100."""
    shape, _, below = text.partition(":")
    try:
        sizes = [int(s) for s in shape.split(",")]
        return torch.randint(0, int(below), sizes) if below else torch.randn(sizes)
    except (ValueError, RuntimeError) as error:
        raise Refused(
            f"--input {text}: expected sizes as in 8,1,28,28, or 8,5:100 for whole numbers below 100"
        ) from error
