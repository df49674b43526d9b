"""A network written live: its equations, its derivation, its module and its checks.

The engine is imported when a network is first used, so that the words alone are cheap.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from symbp.live.source import source_of

if TYPE_CHECKING:
    import sympy as sp

    from symbp.calculus.steps import Derivation, Section
    from symbp.core.equality import Check
    from symbp.core.network import Network
    from symbp.pipeline import Build
    from symbp.review.notebook import Review


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
        return source_of(self._define)

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
        from symbp.findings import demand_passed

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
    from symbp.derived import names_in_print
    from symbp.symbolic.explicit import explicit, sizes_of

    return explicit(network, equations, sizes_of(network, sizes), names_in_print(derivation))


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
