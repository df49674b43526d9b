"""The pipeline of the room: a graph to a network file and its weights, and its gradients held against autograd's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from symbp.errors import CheckFailed
from symbp.importing.graph import FLOAT, Graph, Refused
from symbp.importing.translate import translate
from symbp.importing.write import Written, write

Array = np.ndarray[Any, Any]
BOUND = 1e-10  # of what loss and gradients may differ from autograd's by, next to the largest entry


@dataclass(frozen=True, slots=True)
class Brought:
    """A network file, and the arrays that the module holds, by the names of the network's arguments."""

    written: Written
    weights: Mapping[str, Array]

    def data(self, names: Sequence[str], inputs: Sequence[Array], target: Array) -> list[Array]:
        """The data of the network's module in their order: what was given, what is held, the target."""
        given = dict(zip(self.written.data, inputs, strict=False))
        return [given[n] if n in given else self.weights.get(n, target) for n in names]


def bring(graph: Graph, name: str, doc: str, loss: str) -> Brought:
    """A graph as a network file."""
    written = write(*translate(graph, loss), name, doc)
    return Brought(written, {name: _whole([graph.arrays[p] for p in paths]) for name, paths in written.held.items()})


def _whole(parts: Sequence[Array]) -> Array:
    """An array as the network takes it: that of each turn of a loop in one, truth values as 0 and 1."""
    whole = np.stack(parts) if len(parts) > 1 else parts[0]
    return whole.astype(np.float64) if whole.dtype.kind in "biu" else whole


def target_of(graph: Graph, loss: str) -> Array:
    """A target for a trial, or a cotangent where there is no loss."""
    rng = np.random.default_rng(0)
    shape = graph.tensors[graph.outputs[0]].shape
    if loss in ("cross_entropy", "nll"):
        return rng.integers(0, shape[-1], shape[:-1]) if shape else np.zeros(())
    return rng.random(shape)


def inputs_of(graph: Graph, brought: Brought) -> list[Array]:
    """Inputs for a trial, of the shapes of the export."""
    rng = np.random.default_rng(1)
    found: list[Array] = []
    for name, argument in zip(graph.inputs, brought.written.data, strict=False):
        tensor = graph.tensors[name]
        if argument in brought.written.classes:
            found.append(rng.integers(0, brought.written.classes[argument], tensor.shape))
        elif tensor.kind == FLOAT:
            found.append(rng.standard_normal(tensor.shape))
        else:
            found.append(rng.integers(0, 2, tensor.shape))
    return found


def compare(
    brought: Brought,
    module: str,
    inputs: Sequence[Array],
    target: Array,
    truth: tuple[float, Mapping[str, Array]],
) -> float:
    """How far the text of a NumPy module is from autograd's loss and gradients at most; CheckFailed beyond BOUND."""
    made: dict[str, Any] = {}
    exec(module, made)
    weights = {n: np.asarray(w, np.float64) for n, w in brought.weights.items()}
    double = Brought(brought.written, weights)
    data = [d.astype(np.float64) if d.dtype.kind == "f" else d for d in double.data(made["DATA"], inputs, target)]
    loss, gradients = made["loss_and_gradients"](*data, **{n: weights[n] for n in made["PARAMETERS"]})
    errors = {"the loss": abs(loss - truth[0]) / max(1.0, abs(truth[0]))}
    for name in made["PARAMETERS"]:
        wanted = [truth[1].get(p) for p in brought.written.held[name]]
        whole = np.stack([np.zeros(gradients[name].shape[len(wanted) > 1 :]) if w is None else w for w in wanted])
        whole = whole if len(wanted) > 1 else whole[0]
        errors[name] = float(np.abs(gradients[name] - whole).max() / np.abs(whole).max(initial=1e-3))
    worst = max(errors, key=lambda n: errors[n] if errors[n] == errors[n] else np.inf)
    if not errors[worst] <= BOUND:
        raise CheckFailed(f"{brought.written.name}: {worst} differs from autograd's by {errors[worst]:.1e}")
    return float(errors[worst])


__all__ = ["Brought", "Refused", "bring", "compare", "inputs_of", "target_of"]
