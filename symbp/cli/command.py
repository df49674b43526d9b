"""The commands. What they do is in the rooms, each imported on first use so that `--help` costs next to nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from symbp import __version__
from symbp.cli.options import (
    file_and_name,
    hvp_option,
    name_pairs,
    net_argument,
    out_option,
    regular,
    shown_options,
    target_option,
    wrt_option,
)
from symbp.cli.output import FAILED, on_terminal_lines, say_paths
from symbp.cli.work import build_of, work_out, write_files
from symbp.escape import in_path, on_terminal

if TYPE_CHECKING:
    from symbp.core.network import Network


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="symbp", message="%(prog)s %(version)s")
def commands() -> None:
    """Derive the backward pass of a neural network: as a document, as a NumPy module, and proved.

    NET is a built-in network's name, file.py, or file.py:function.
    """


@commands.command("list")
def list_networks() -> None:
    """Show the built-in networks, a line each."""
    from symbp.sources import built_in

    rows = built_in()
    width = max(len(name) for name, _ in rows)
    for name, doc in rows:
        click.echo(f"{name:{width}}  {on_terminal(doc)}".rstrip())


@commands.command()
@net_argument
@wrt_option
def show(net: str, wrt: tuple[str, ...]) -> None:
    """Show a network's equations, shapes and graph."""
    from symbp.show import show_network

    show_network(build_of(net, wrt).network)


@commands.command()
@net_argument
@out_option
@shown_options
@wrt_option
@hvp_option
def derive(net: str, out: Path, wrt: tuple[str, ...], hvp: bool, **shown: Any) -> None:
    """Write derivation.tex and backward.py."""
    build = build_of(net, wrt, hvp=hvp, **shown)
    write_files((build,), out, lambda b: b.derivation_files)


@commands.command()
@net_argument
@out_option
@target_option
@wrt_option
@hvp_option
def emit(net: str, out: Path, targets: tuple[str, ...], wrt: tuple[str, ...], hvp: bool) -> None:
    """Write gradients.py, the NumPy module."""
    from symbp.pipeline import TARGETS

    write_files((build_of(net, wrt, hvp=hvp, targets=targets),), out, lambda _: tuple(TARGETS[t].file for t in targets))


@commands.command()
@net_argument
@click.option(
    "--module", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), callback=regular,
    help="Check this module, which is run, in the place of the one that symbp would write.",
)  # fmt: skip
@wrt_option
@hvp_option
@click.option("--symbolic", is_flag=True, help="Also let SymPy differentiate by itself and prove the derivation.")
@click.option("-v", "verbose", is_flag=True, help="With a table of every check, its error and its bound.")
def verify(net: str, module: Path | None, wrt: tuple[str, ...], hvp: bool, symbolic: bool, verbose: bool) -> None:
    """Check derivation and module: right or wrong in the first line, then what is wrong."""
    from symbp.show import show_checks

    build = build_of(net, wrt, module, hvp, symbolic)
    work_out((build,), last="symbolic_checks")
    lines = () if module is None or all(c.passed for c in build.checks) else _wrong_lines(module, build.network)
    if not show_checks(build.network, build.checks, table=verbose, lines=lines):
        raise click.exceptions.Exit(FAILED)


def _wrong_lines(module: Path, network: Network) -> tuple[tuple[str, str], ...]:
    """What `symbp check` says of a module that is wrong: a tensor, and the line that is at fault, each mistake once."""
    from symbp.review.check import CannotCheck, check_file
    from symbp.review.report import in_a_line
    from symbp.review.truth import NotYet

    try:
        report = check_file(module, network, "loss_and_gradients")
    except (CannotCheck, NotYet):
        return ()  # what is wrong has been said; no line can be told
    return tuple((f.mended[0] if f.mended else "", in_a_line(report, f)) for f in report.findings)


@commands.command()
@click.argument("what", nargs=-1, required=True, metavar="[NET] FILE[:NAME]")
@click.option(
    "--map", "mapped", multiple=True, metavar="NAME=TENSOR", callback=name_pairs,
    help="What a name of yours stands for, as in dW1=W1, where it cannot be told.",
)  # fmt: skip
@click.option(
    "--shape", "shapes", multiple=True, metavar="NAME=SIZES", callback=name_pairs,
    help="Without NET: the shape of an argument, as in x=5,3; y=5:4 for 5 labels below 4.",
)  # fmt: skip
@click.option("--json", "json", is_flag=True, help="For machines: file, line, quantity, kind, expected, found.")
def check(what: tuple[str, ...], mapped: dict[str, str], shapes: dict[str, str], json: bool) -> None:
    """Check your own backward pass: which line is wrong, why, and what it should be.

    FILE is Python that computes a loss and gradients by hand; it is run, in a process of its own with bounds on time
    and memory. NAME says which function or class of it is meant.
    """
    from symbp.review.check import CannotCheck, check_file
    from symbp.review.pages import pages_of
    from symbp.review.report import as_json, as_text, refused

    if len(what) > 2:
        raise click.UsageError("expected FILE, or NET and FILE")
    path, name = file_and_name(what[-1])
    build = build_of(what[0], ()) if len(what) == 2 else None
    network, pages = (build.network, pages_of(build.derivation)) if build else (None, None)
    click.echo(on_terminal(f"{path} is run, in a process of its own"), err=True)
    try:
        report = check_file(path, network, name, mapped, shapes, pages)
    except CannotCheck as error:
        if json:
            click.echo(refused(str(error)))
        raise
    click.echo(as_json(report) if json else on_terminal_lines(as_text(report)))
    if not report.is_right:
        raise click.exceptions.Exit(FAILED)


@commands.command()
@click.argument("what", nargs=-1, required=True, metavar="[NET] CLAIM")
def prove(what: tuple[str, ...]) -> None:
    """Prove a claim, or show the smallest numbers at which it is false.

    CLAIM is LEFT = RIGHT, in the network language or in LaTeX; W1_bar, dW1 or a fraction of partials is the loss of NET
    differentiated by W1, and sigmoid(z).d1 a function by its first argument.
    """
    from symbp.claims.prove import prove as verdict_on
    from symbp.claims.told import as_text
    from symbp.sources import find_source

    if len(what) > 2:
        raise click.UsageError("expected CLAIM, or NET and CLAIM")
    build = build_of(what[0], ()) if len(what) == 2 else None
    definition = (find_source(what[0]).text, build.network) if build else None
    verdict = verdict_on(what[-1], definition, build.derivation if build else None)
    click.echo(on_terminal_lines(as_text(verdict)))
    if verdict.is_false:
        raise click.exceptions.Exit(FAILED)


@commands.command("import")
@click.argument("what", metavar="FILE.py:NAME | FILE.pt2 | FILE.onnx")
@click.option(
    "--loss", default="cross_entropy", show_default=True, metavar="NAME",
    help="The loss of the output and a target; none where the module returns its loss, or a tensor is wanted.",
)  # fmt: skip
@click.option(
    "--input", "inputs", multiple=True, metavar="SIZES",
    help="Of FILE.py:NAME, the shape of an input, as in 8,1,28,28; 8,5:100 for whole numbers below 100.",
)  # fmt: skip
@out_option
def bring(what: str, loss: str, inputs: tuple[str, ...], out: Path) -> None:
    """Write a network file and weights from PyTorch: NAME.py and NAME.npz.

    NAME is a module of FILE.py, or makes one without arguments, alone or with its inputs behind it; the file is run, by
    your own PyTorch. FILE.pt2, which torch.export.save has written, and FILE.onnx are only read.
    """
    from symbp.files import demand_folder, write_all
    from symbp.imported import import_archive, import_file, import_onnx

    demand_folder(out)
    path, name = file_and_name(what)
    if name:
        click.echo(on_terminal(f"{path} is run"), err=True)
        made = import_file(path, name, inputs, loss)
    elif path.suffix == ".pt2":
        made = import_archive(path, loss)
    elif path.suffix == ".onnx":
        made = import_onnx(path, loss)
    else:
        raise click.UsageError(f"{str(path)!r}: expected FILE.py:NAME, FILE.pt2 or FILE.onnx")
    if made.error is None:
        click.echo("PyTorch is not there: loss and gradients have not been compared with autograd's", err=True)
    write_all(out, {f"{in_path(made.name)}/{file}": text for file, text in made.files.items()}, say_paths)


@commands.command()
@click.argument("nets", nargs=-1, metavar="NET...")
@click.option("--all", "every", is_flag=True, help="Build all built-in networks.")
@out_option
@shown_options
@wrt_option
@hvp_option
def build(nets: tuple[str, ...], every: bool, out: Path, wrt: tuple[str, ...], hvp: bool, **shown: Any) -> None:
    """Write all files of each network."""
    from symbp.pipeline import Build
    from symbp.sources import distinct, every_built_in, find_sources

    if every == bool(nets):
        raise click.UsageError("name the networks to build, or give --all")
    sources = every_built_in() if every else [s for net in nets for s in find_sources(net)]
    builds = tuple(Build(s, wrt, hvp=hvp, **shown) for s in distinct(sources))
    write_files(builds, out, lambda b: tuple(b.files))
