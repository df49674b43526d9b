"""Networks that are given as something else: as SymPy's expressions, as a module of PyTorch's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from symbp.live.networks import LiveNetwork

if TYPE_CHECKING:
    from symbp.imported import Imported


def from_sympy(
    loss: Any,
    *,
    parameters: Any = None,
    data: Any = None,
    labels: Any = None,
    equations: Any = (),
    name: str = "net",
    doc: str = "",
) -> LiveNetwork:
    """The network of a loss that is given as SymPy's expression; `source` is its text in the language.

    `equations` are intermediates with names, `Eq(z, w*x + b)`; `parameters` is what the loss is differentiated by;
    `labels` says what arrays of integers count up to. What has no counterpart is refused with a ValueError.
    """
    from symbp.notation.write import write_network
    from symbp.symbolic.read import read_equations

    network = read_equations(
        loss, parameters=parameters, data=data, labels=labels, equations=equations, name=name, doc=doc
    )
    return WrittenNetwork(network.name, write_network(network))


class WrittenNetwork(LiveNetwork):
    """A network whose text is given."""

    def __init__(self, name: str, text: str):
        super().__init__(lambda: None)
        self.__name__, self.__doc__ = name, None
        self.source = text


def from_torch(module: Any, *inputs: Any, loss: str = "cross_entropy", name: str = "") -> ImportedNetwork:
    """The network of a module of PyTorch's, which runs it on the inputs.

    `loss` is one of the library's, of the module's output and a target, or "none": a module that returns a scalar has
    its loss in it. CheckFailed where loss or gradients differ from autograd's by more than 1e-10; an operation without
    a counterpart is refused with its place in the module.
    """
    from symbp.imported import import_module

    made = import_module(module, inputs, loss, name)
    return ImportedNetwork(made)


class ImportedNetwork(WrittenNetwork):
    """A network with the weights of the module that it is of; `error` is how far autograd's gradients were at most."""

    def __init__(self, made: Imported):
        super().__init__(made.name, made.source)
        self.weights, self.error, self._made = made.weights, made.error, made

    def save(self, folder: str | Path) -> tuple[Path, ...]:
        """Write the network file and the weights into `folder/NAME/`; returns their paths."""
        from symbp.files import write_all

        name = self._made.name
        return write_all(Path(folder), {f"{name}/{file}": text for file, text in self._made.files.items()})
