"""The words of the language as Python objects, so that a network file can also be run, in a notebook for one."""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sympy as sp

    from symbp.calculus.steps import Derivation, Section
    from symbp.core.equality import Check
    from symbp.core.network import Network
    from symbp.imported import Imported
    from symbp.pipeline import Build
    from symbp.review.notebook import Review


class Size:
    """A size that stands in an annotation; arithmetic gives another, nothing is computed."""

    def __init__(self, text: str):
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def __add__(self, other: object) -> Size:
        return Size(f"{self} + {other}")

    def __radd__(self, other: object) -> Size:
        return Size(f"{other} + {self}")

    def __sub__(self, other: object) -> Size:
        return Size(f"{self} - {other}")

    def __rsub__(self, other: object) -> Size:
        return Size(f"{other} - {self}")

    def __mul__(self, other: object) -> Size:
        return Size(f"({self}) * {other}")

    def __rmul__(self, other: object) -> Size:
        return Size(f"{other} * ({self})")

    def __getitem__(self, at: object) -> Size:
        return Size(f"{self}[{at}]")


class _Kind:
    """`Data[N, D]` as an annotation."""

    def __class_getitem__(cls, sizes: object) -> Any:
        return cls


class Data(_Kind):
    """An input that the loss is not differentiated by."""


class Param(_Kind):
    """An input that the loss is differentiated by."""


class Labels(_Kind):
    """An array of positions, usable as a subscript; its last size is what they count up to."""


class Array(_Kind):
    """An argument of a function."""


def dims(names: str) -> Any:
    """Symbolic sizes: `N, D = dims("N D")`."""
    sizes = [Size(name) for name in names.replace(",", " ").split()]
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


class Unknown:
    """An unknown function, `f = function("f")`; it stands in networks and cannot be called."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self) -> str:
        return f"function({self.name!r})"


def function(name: str) -> Unknown:
    """An unknown function, applied entry by entry."""
    return Unknown(name)


class LiveNetwork:
    """A network written live. What it says is read from its source on first use."""

    def __init__(self, define: Callable[..., Any]):
        self._define, self._verified = define, False
        self.__name__, self.__doc__ = define.__name__, define.__doc__

    def __repr__(self) -> str:
        return f"<network {self.__name__}>"

    @cached_property
    def source(self) -> str:
        """The text that the network is read from: its file, or what a notebook has of it."""
        return _source_of(self._define)

    @cached_property
    def network(self) -> Network:
        """The equations."""
        return self._build.network

    def derive(self) -> LiveDerivation:
        """The backward network and the steps to it."""
        return LiveDerivation(self._build.derivation)

    def sympy(self, **sizes: int | tuple[int, ...]) -> tuple[sp.Eq, ...]:
        """The equations as SymPy's; at given sizes entry by entry, each called as it is in print, `w_{11}`.

        Sizes that differ by layer are a tuple, `D=(3, 2, 2)`.
        """
        from symbp.symbolic.write import equations

        if not sizes:
            return equations(self.network)
        return _explicit(self._build.derivation, self.network, self.network.equations, sizes)

    def gradients_source(self) -> str:
        """The text of the module gradients.py; its docstring says so as long as `verify` has not seen it pass."""
        text = self._build.module[0]
        return text if self._verified else _with_warning(text, self.__name__)

    def verify(self) -> tuple[Check, ...]:
        """Check derivation and module, and return what was checked; CheckFailed says what is wrong."""
        from symbp.pipeline import demand_passed

        demand_passed(self._build.checks)
        self._verified = True
        return self._build.checks

    def check(self, function: Callable[..., Any], **mapped: str) -> Review:
        """What is wrong with a backward pass of your own; `mapped` says what your names stand for, `dW="W1"`."""
        from symbp.review.notebook import review
        from symbp.review.pages import pages_of

        return review(function, self.network, mapped, {}, pages_of(self._build.derivation))

    @cached_property
    def _build(self) -> Build:
        from symbp.pipeline import Build  # on first use, so that the words alone are cheap
        from symbp.sources import Source

        return Build(Source(self.source, f"<{self.__name__}>", self.__name__))


class LiveDerivation:
    """A derivation; `derivation["W1"]` is what it says of one quantity. All else is as in `Derivation`."""

    def __init__(self, derivation: Derivation):
        self.derivation = derivation

    def __getattr__(self, name: str) -> Any:
        return getattr(self.derivation, name)

    def __getitem__(self, quantity: str) -> LiveResult:
        sections = {name: s for s in self.derivation.sections for name in (s.adjoint, s.quantity)}
        if quantity not in sections:
            raise KeyError(quantity)
        return LiveResult(self.derivation, sections[quantity])

    def sympy(self, **sizes: int | tuple[int, ...]) -> tuple[sp.Eq, ...]:
        """The backward network's equations as SymPy's."""
        from symbp.symbolic.write import equations

        backward = self.derivation.backward
        if not sizes:
            return equations(backward)
        return _explicit(self.derivation, backward, backward.equations, sizes)


class LiveResult:
    """The derivative of the loss by one quantity: the steps to it, and what it is."""

    def __init__(self, derivation: Derivation, section: Section):
        self.derivation, self.section = derivation, section

    @cached_property
    def steps(self) -> tuple[sp.Eq, ...]:
        """Every line of the derivation as an `Eq`, the result last."""
        return tuple(self._equality(step.value) for step in self.section.main.steps)

    @cached_property
    def locals(self) -> tuple[sp.Eq, ...]:
        """The local derivatives that it is made of."""
        writer = self._writer()
        return tuple(writer.equality(c.lhs, c.result) for c in self.section.locals)

    def sympy(self, **sizes: int | tuple[int, ...]) -> Any:
        """The result as an `Eq`; at given sizes one for each entry."""
        from symbp.core.network import Equation

        main = self.section.main
        if not sizes:
            return self._equality(main.result)
        indices = tuple(s.index for s in main.lhs.subs)  # type: ignore[attr-defined]
        equation = Equation(self.section.adjoint, indices, main.result)
        return _explicit(self.derivation, self.derivation.backward, (equation,), sizes)

    def _equality(self, value: Any) -> sp.Eq:
        return self._writer().equality(self.section.main.lhs, value)

    def _writer(self) -> Any:
        from symbp.symbolic.write import Writer

        network = self.derivation.network
        shapes = {adjoint: network.shape(quantity) for quantity, adjoint in self.derivation.adjoints}
        return Writer(network, shapes)


def _explicit(derivation: Derivation, network: Network, equations: Any, sizes: Any) -> tuple[sp.Eq, ...]:
    """Equations entry by entry, in the names of the page."""
    from symbp.pipeline import names_in_print
    from symbp.symbolic.explicit import explicit, sizes_of

    return explicit(network, equations, sizes_of(network, sizes), names_in_print(derivation))


def check(
    function: Callable[..., Any],
    network: LiveNetwork | None = None,
    *,
    shapes: dict[str, str] | None = None,
    **mapped: str,
) -> Review:
    """What is wrong with a backward pass of your own: its lines, why, and what they should be.

    It is run in a process of its own. Without a network its own loss is the truth, and `shapes` says what it takes,
    `{"x": "5,3"}`.
    """
    from symbp.review.notebook import review

    return review(function, None, mapped, shapes or {}) if network is None else network.check(function, **mapped)


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


def _with_warning(text: str, name: str) -> str:
    """The module with one more paragraph in its docstring."""
    tree = ast.parse(text)
    lines, last = text.splitlines(keepends=True), tree.body[0].end_lineno or 1
    warning = f"No check has seen this text: `{name}.verify()` is there for that."
    if lines[last - 1].strip() == '"""':
        return "".join([*lines[: last - 1], f"\n{warning}\n", *lines[last - 1 :]])
    docstring = f"{ast.get_docstring(tree, clean=False)}  {warning}"
    return "".join([f"{docstring!r}\n", *lines[last:]])


def network(define: Callable[..., Any]) -> LiveNetwork:
    """Makes a function a network."""
    return LiveNetwork(define)


def _source_of(define: Callable[..., Any]) -> str:
    """The function's own text, after what it names: sizes, unknown functions, and functions of the same module."""
    known = define.__globals__
    text = textwrap.dedent(inspect.getsource(define))
    functions = _functions(define, text)
    words = _words("\n".join([*functions, text]))
    formulas = {n: known[n].text for n in sorted(words & set(known)) if _is_formula(n, known[n])}
    parts: list[str] = []
    for name in sorted((words | _words(" ".join(formulas.values()))) & set(known)):
        if isinstance(known[name], Size) and name not in formulas:
            parts.append(f'{name} = dims("{name}")')
        elif isinstance(known[name], Unknown):
            parts.append(f'{name} = function("{name}")')
    return "\n".join([*parts, *(f"{n} = {t}" for n, t in formulas.items()), *functions, text])


def _is_formula(name: str, value: object) -> bool:
    """Is it a size named by a formula, `M = T - 2`?"""
    return isinstance(value, Size) and value.text != name


def _functions(define: Callable[..., Any], text: str) -> list[str]:
    """The texts of the plain functions that are called, and of those that they call."""
    found: dict[str, str] = {}
    todo = sorted(_words(text))
    while todo:
        name = todo.pop(0)
        value = define.__globals__.get(name)
        if name in found or not inspect.isfunction(value) or value.__module__ != define.__module__:
            continue
        found[name] = textwrap.dedent(inspect.getsource(value))
        todo.extend(sorted(_words(found[name]) - set(found)))
    return list(found.values())


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z_]\w*", text))
