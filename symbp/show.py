"""What the terminal shows: a network's tensors, equations and graph, the table of checks, the progress of long work.

Tables fit the terminal; equations are never cut, since they are there to be read and copied.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from symbp.core.equality import SYMPY, Check
from symbp.core.integers import Poly
from symbp.core.network import Network
from symbp.core.traverse import reads
from symbp.escape import on_terminal
from symbp.findings import findings
from symbp.notation.write import write_equation, write_expr
from symbp.pipeline import STAGES, Build

if TYPE_CHECKING:
    from rich.console import RenderableType

PLAIN_WIDTH = 160  # in a pipe nothing is to be wrapped; tables are no wider than they must


def show_network(network: Network) -> None:
    """Print a network's tensors, facts, equations and graph, and what the loss does not reach."""
    _line(f"[bold]{network.name}[/]  {escape(on_terminal(network.doc))}")
    _line()
    _print(_inputs(network))
    if network.given:
        _line(f"sizes that no shape tells, given by keyword: {', '.join(d.name for d in network.given)}")
    for fact in network.facts:
        _line(f"fact {fact.label}: {escape(write_expr(fact.statement))}")
    _line("\n[bold]Equations[/]")
    for equation in network.equations:
        _line(f"  {escape(write_equation(network, equation))}  [dim]{shape_text(equation.shape)}[/]")
    _line(f"  return {', '.join(network.outputs)}")
    _line("\n[bold]Graph[/]")
    for source, users in edges(network):
        _line(f"  {source} [blue]->[/] {', '.join(users)}")
    for name in unreached(network):
        _line(f"\nThe loss does not reach {name}: its gradient is zero.")


def _inputs(network: Network) -> Table:
    table = Table("tensor", "kind", "shape", box=None, pad_edge=False)
    for t in network.inputs:
        note = f", entries below {t.classes}" if t.classes is not None else ""
        note += f", or {t.absent}" if t.absent is not None else ""
        table.add_row(t.name, t.kind + note, shape_text(t.shape))
    return table


def shape_text(shape: Sequence[Poly]) -> str:
    """A shape as Python writes a tuple: `(N, D)`, `(H,)`, `()`."""
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def edges(network: Network) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every tensor with the equations that read it, in the order of the network."""
    users: dict[str, list[str]] = {name: [] for name in (*(t.name for t in network.inputs), *_names(network))}
    for equation in network.equations:
        for name in dict.fromkeys(r.tensor for r in reads(equation.body)):
            users[name].append(equation.name)
    return tuple((name, tuple(u)) for name, u in users.items() if u)


def _names(network: Network) -> tuple[str, ...]:
    return tuple(e.name for e in network.equations)


def unreached(network: Network) -> tuple[str, ...]:
    """The parameters from which no chain of equations leads to the outputs."""
    live = set(network.outputs)
    for equation in reversed(network.equations):
        if equation.name in live:
            live.update(r.tensor for r in reads(equation.body))
    return tuple(p for p in network.parameters if p not in live)


def show_checks(
    network: Network, checks: tuple[Check, ...], *, table: bool = False, lines: tuple[tuple[str, str], ...] = ()
) -> bool:
    """Print the verdict, then a line for each thing that is wrong and for what else there is to say; is it right?

    With `table` also what was checked, against what, how far off it was and how far off it may be. `lines` are the
    mistakes of a module, each with the tensor that it spoils, whose line says them too.
    """
    wrong, count = findings(checks, network), sum(c.count for c in checks)
    passed = sum(c.passed for c in checks)
    said = f"{network.name}, {passed} of {len(checks)} checks passed, {count} values compared"
    _line(f"[bold red]wrong:[/] {said}" if wrong else f"[green]right:[/] {said}")
    for k, finding in enumerate(wrong):
        own = [said for name, said in lines if finding.startswith(f"{name} against ") or (not name and k == 0)]
        _line(f"  {escape(on_terminal('; '.join([finding, *own])))}")
    for c in checks:
        if c.passed and c.note and not table and _is_remark(c):
            _line(f"  note: {escape(c.note)}")
    if table:
        _print(_table_of(checks))
    return not wrong


def _is_remark(check: Check) -> bool:
    """Is its note about the module, and not about how it was checked?"""
    return check.name == "float32" or check.witness == SYMPY or "off by more than rounding" in check.note


def _table_of(checks: Sequence[Check]) -> Table:
    table = Table("checked", "against", box=None, pad_edge=False)
    for title in ("count", "error", "bound"):
        table.add_column(title, justify="right")
    table.add_column("")
    table.add_column("note", overflow="fold")
    for c in checks:
        verdict = "[green]passed[/]" if c.passed else "[bold red]FAILED[/]"
        table.add_row(
            c.name, c.witness, str(c.count), f"{c.error:.1e}", f"{c.bound:.0e}", verdict, escape(on_terminal(c.note))
        )
    return table


class _Console(Console):
    """Rich's, but who stops reading is left to the command: Rich would end with the status of a check that failed."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def _console() -> Console:
    console = _Console(highlight=False, emoji=False)
    return console if console.is_terminal else _Console(highlight=False, emoji=False, width=PLAIN_WIDTH)


def _print(what: RenderableType) -> None:
    _console().print(what)


def _line(text: str = "") -> None:
    _console().print(text, soft_wrap=True)


@contextlib.contextmanager
def progress(builds: Sequence[Build]) -> Iterator[Callable[[str], None]]:
    """A bar over all stages of all builds; it is taken away at the end."""
    columns = (BarColumn(), TextColumn("{task.completed}/{task.total}"), TextColumn("{task.description}"))
    # Without a thread of its own: a process with one is not safely copied, and the checks run in copies.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as bar:
        task = bar.add_task("", total=len(builds) * len(STAGES))
        yield lambda text: bar.update(task, description=text, advance=1, refresh=True)
