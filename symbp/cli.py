"""The commands. What they do is in `pipeline`, which is imported on first use so that `--help` costs next to nothing.

Exit status: 0 good, 1 a check failed, 2 bad input, which output that cannot be written is too: a standard output that
is closed or full is told on standard error, and no file is written then. A reader that stops reading is no error.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import click

from symbp import __version__
from symbp.errors import CheckFailed, SymbpError
from symbp.escape import in_path, on_terminal

if TYPE_CHECKING:
    from symbp.core.network import Network
    from symbp.pipeline import Build

GOOD, FAILED, BAD_INPUT = 0, 1, 2

net_argument = click.argument("net", metavar="NET")
out_option = click.option(
    "-o", "out", metavar="DIR", default="generated", show_default=True, type=click.Path(path_type=Path),
    help="Write into DIR/NAME/.",
)  # fmt: skip


def _names(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    """The names of a comma-separated list, each once; none where the option is not given."""
    names = tuple(part.strip() for part in value.split(",")) if value is not None else ()
    if not all(names):
        raise click.BadParameter("expected names with commas between them, as in x,W1")
    if twice := [n for n in dict.fromkeys(names) if names.count(n) > 1]:
        raise click.BadParameter(f"{twice[0]!r} is named twice")
    return names


wrt_option = click.option(
    "--wrt", metavar="NAMES", callback=_names, help="Differentiate by these (as in x,W1) and not by the parameters."
)

hvp_option = click.option(
    "--hvp", is_flag=True, help="With the Hessian times a vector: its derivation, its function, its checks."
)


def _known(value: str, table: Mapping[str, object], done: str = "written") -> tuple[str, ...]:
    """The parts of a comma-separated list, each of which must be in the table."""
    found = tuple(dict.fromkeys(part.strip() for part in value.split(",")))
    for name in found:
        if name not in table:
            raise click.BadParameter(f"{name!r} cannot be {done}; what can: {', '.join(table)}")
    return found


def _formats(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    from symbp.pipeline import FORMATS

    return _known(value, FORMATS)


def _languages(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    from symbp.pipeline import LANGUAGES

    return _known(value, LANGUAGES)


def _targets(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[str, ...]:
    from symbp.pipeline import TARGETS

    return _known(value, TARGETS)


format_option = click.option(
    "--format", "formats", default="tex", show_default=True, callback=_formats, metavar="LIST",
    help="What the derivation is written as: a list of formats with commas between them.",
)  # fmt: skip

lang_option = click.option(
    "--lang", "languages", default="en", show_default=True, callback=_languages, metavar="LIST",
    help="What the derivation is written in: a list of languages (en, zh) with commas between them.",
)  # fmt: skip

detail_option = click.option(
    "--detail", default="steps", show_default=True, type=click.Choice(("short", "steps", "full")),
    help="How much the derivation shows: results, what a lecture shows, or every line as well.",
)  # fmt: skip


def _regular(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
    """A file that ends: no FIFO and no device."""
    if value is not None and not value.is_file():
        raise click.BadParameter(f"{str(value)!r} is not a file")
    return value


def _views(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[str, ...]:
    from symbp.pipeline import VIEWS

    return () if value is None else _known(value, dict.fromkeys(VIEWS), "shown")


def _sizes(_context: click.Context, _parameter: click.Parameter, value: str | None) -> tuple[tuple[str, int], ...]:
    """N=2,D=3."""
    found: dict[str, int] = {}
    for part in value.split(",") if value is not None else ():
        name, equals, size = (text.strip() for text in part.partition("="))
        if not (name.isidentifier() and equals and size.isascii() and size.isdigit() and len(size) < 6):
            raise click.BadParameter(f"{part!r}: expected sizes with commas between them, as in N=2,D=3")
        if name in found:
            raise click.BadParameter(f"{name!r} is given twice")
        found[name] = int(size)
    return tuple(found.items())


def _shown_options(command: Callable[..., None]) -> Callable[..., None]:
    """What says how a derivation is shown: each option has the name of the field of `Build` that it sets."""
    options = (
        format_option,
        lang_option,
        detail_option,
        click.option(
            "--view", "views", metavar="LIST", callback=_views,
            help="A list of scalar (every weight by itself), index, matrix; index and matrix if not given, and scalar "
            "too where every tensor is a number or --sizes or --data are given.",
        ),
        click.option(
            "--notation", default="bar", show_default=True, type=click.Choice(("partial", "bar", "delta")),
            help="How the derivative of the loss is written: as a fraction, a bar, or the error delta of a quantity.",
        ),
        click.option(
            "--sizes", metavar="N=2,D=3", callback=_sizes, help="The sizes of the example that is worked by numbers.",
        ),
        click.option(
            "--data", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), callback=_regular,
            help="The numbers of the example: an .npz file of arrays by the names of the inputs.",
        ),
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


target_option = click.option(
    "--target", "targets", default="numpy", show_default=True, callback=_targets, metavar="LIST",
    help="What the gradients are written for: a list of targets with commas between them.",
)  # fmt: skip


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

    show_network(_build(net, wrt).network)


@commands.command()
@net_argument
@out_option
@_shown_options
@wrt_option
@hvp_option
def derive(net: str, out: Path, wrt: tuple[str, ...], hvp: bool, **shown: Any) -> None:
    """Write derivation.tex and backward.py."""
    build = _build(net, wrt, hvp=hvp, **shown)
    _write((build,), out, lambda b: b.derivation_files)


@commands.command()
@net_argument
@out_option
@target_option
@wrt_option
@hvp_option
def emit(net: str, out: Path, targets: tuple[str, ...], wrt: tuple[str, ...], hvp: bool) -> None:
    """Write gradients.py, the NumPy module."""
    from symbp.pipeline import TARGETS

    _write((_build(net, wrt, hvp=hvp, targets=targets),), out, lambda _: tuple(TARGETS[t].file for t in targets))


@commands.command()
@net_argument
@click.option(
    "--module", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), callback=_regular,
    help="Check this module, which is run, in the place of the one that symbp would write.",
)  # fmt: skip
@wrt_option
@hvp_option
@click.option("--symbolic", is_flag=True, help="Also let SymPy differentiate by itself and prove the derivation.")
@click.option("-v", "verbose", is_flag=True, help="With a table of every check, its error and its bound.")
def verify(net: str, module: Path | None, wrt: tuple[str, ...], hvp: bool, symbolic: bool, verbose: bool) -> None:
    """Check derivation and module: right or wrong in the first line, then what is wrong."""
    from symbp.show import show_checks

    build = _build(net, wrt, module, hvp, symbolic)
    _work((build,), last="symbolic_checks")
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


def _pairs(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """The parts of options of the form NAME=WHAT."""
    for text in value:
        name, equals, what = text.partition("=")
        if not (name and equals and what):
            raise click.BadParameter(f"{text!r}: expected NAME=WHAT")
    return {t.partition("=")[0].strip(): t.partition("=")[2].strip() for t in value}


@commands.command()
@click.argument("what", nargs=-1, required=True, metavar="[NET] FILE[:NAME]")
@click.option(
    "--map", "mapped", multiple=True, metavar="NAME=TENSOR", callback=_pairs,
    help="What a name of yours stands for, as in dW1=W1, where it cannot be told.",
)  # fmt: skip
@click.option(
    "--shape", "shapes", multiple=True, metavar="NAME=SIZES", callback=_pairs,
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
    path, name = _file_and_name(what[-1])
    build = _build(what[0], ()) if len(what) == 2 else None
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
    from symbp.claims.prove import as_text
    from symbp.claims.prove import prove as verdict_on
    from symbp.sources import find_source

    if len(what) > 2:
        raise click.UsageError("expected CLAIM, or NET and CLAIM")
    build = _build(what[0], ()) if len(what) == 2 else None
    definition = (find_source(what[0]).text, build.network) if build else None
    verdict = verdict_on(what[-1], definition, build.derivation if build else None)
    click.echo(on_terminal_lines(as_text(verdict)))
    if verdict.is_false:
        raise click.exceptions.Exit(FAILED)


def on_terminal_lines(text: str) -> str:
    """A text of several lines as it can be printed."""
    return "\n".join(on_terminal(line) for line in text.split("\n"))


def _file_and_name(text: str) -> tuple[Path, str]:
    """FILE:NAME, or FILE alone."""
    file, _, name = text.rpartition(":") if ".py:" in text else (text, "", "")
    path = Path(file or name)
    if not path.is_file():
        raise click.UsageError(f"{str(path)!r} is not a file")
    return path, name if file else ""


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
    path, name = _file_and_name(what)
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
    write_all(out, {f"{in_path(made.name)}/{file}": text for file, text in made.files.items()}, _say_paths)


@commands.command()
@click.argument("nets", nargs=-1, metavar="NET...")
@click.option("--all", "every", is_flag=True, help="Build all built-in networks.")
@out_option
@_shown_options
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
    _write(builds, out, lambda b: tuple(b.files))


def _build(
    net: str,
    wrt: tuple[str, ...],
    module: Path | None = None,
    hvp: bool = False,
    symbolic: bool | None = None,
    **shown: Any,
) -> Build:
    """The build of a network; `shown` are further fields of it."""
    from symbp.pipeline import Build
    from symbp.sources import find_source

    return Build(find_source(net), wrt, module, hvp, symbolic, **shown)


def _write(builds: tuple[Build, ...], out: Path, names: Callable[[Build], tuple[str, ...]]) -> None:
    """Work everything out, say what is written, then write the files of all builds that `names` tells, or none."""
    from symbp.files import demand_folder, write_all

    demand_folder(out)  # before the work, not after it
    _work(builds, last="files")
    files = {f"{in_path(b.network.name)}/{name}": b.files[name] for b in builds for name in names(b)}
    write_all(out, files, _say_paths)


def _say_paths(paths: Sequence[Path]) -> None:
    """A line for each path; who does not read them all still gets the files."""
    try:
        for path in paths:
            click.echo(_shown(path))
    except BrokenPipeError:
        _close_output()
    except OSError as error:
        raise OutputFailed(error) from error


def _shown(path: Path) -> str | bytes:
    """A path as people read it on a terminal, and as it is for a program that reads our output."""
    return on_terminal(str(path)) if sys.stdout.isatty() else os.fsencode(path)


def _work(builds: tuple[Build, ...], last: str) -> None:
    """Work the builds out up to a stage, under a progress bar on a terminal and in silence elsewhere."""
    from symbp.pipeline import build_all

    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # from here on there may be something to clean up
    if not all(stream is not None and stream.isatty() for stream in (sys.stdout, sys.stderr)):
        build_all(builds, last, lambda _: None)
        return
    from symbp.show import progress

    with progress(builds) as tell:
        build_all(builds, last, tell)


class _Terminated(BaseException):
    """SIGTERM: like Ctrl-C it runs what must be cleaned up, then the program ends."""


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def main(arguments: Iterable[str] | None = None) -> NoReturn:
    """Run a command and exit with its status; every error that is not a fault of symbp is one message."""
    signal.signal(signal.SIGTERM, _terminate)
    gc.set_threshold(500_000)  # expressions are trees: what is collected early is hardly ever a cycle
    sys.setrecursionlimit(4_000)  # a chain of a few hundred equations is a deep tree once inlined
    try:
        status = _checked_run(None if arguments is None else list(arguments))
    except (KeyboardInterrupt, click.Abort):
        status = _say("interrupted", 128 + signal.SIGINT)
    except _Terminated:
        status = _say("terminated", 128 + signal.SIGTERM)
    gc.freeze()  # what Python frees at its end it need not search for cycles first, which takes a tenth of a build
    sys.exit(status)


class OutputFailed(SymbpError):
    """Standard output cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write to standard output: {error.strerror or error}")


def _checked_run(arguments: list[str] | None) -> int:
    """The exit status of a command whose output has arrived."""
    if sys.stdout is None:
        return _say("standard output is closed", BAD_INPUT)
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        _close_output()
        return GOOD
    except OSError as error:
        _close_output()
        return _say(str(OutputFailed(error)), BAD_INPUT)
    return status


def _close_output() -> None:
    """Let what is still to be printed go nowhere: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: list[str] | None) -> int:
    """The exit status of a command."""
    try:
        with commands.make_context("symbp", sys.argv[1:] if arguments is None else arguments) as context:
            commands.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show(text := io.StringIO())
        click.echo(on_terminal(text.getvalue()), err=True, nl=False)
        return error.exit_code
    except CheckFailed as error:
        return _say(f"a check failed\n{error}", FAILED)
    except SymbpError as error:
        return _say(str(error), BAD_INPUT)
    except RecursionError:
        return _say("the network is nested too deeply", BAD_INPUT)
    except (BrokenPipeError, click.Abort):
        raise
    except OSError as error:
        if error.filename is None:  # a stream; the files that we read and write have names
            raise
        return _say(f"cannot read or write: {error}", BAD_INPUT)
    except Exception as error:
        if os.environ.get("SYMBP_TRACEBACK"):
            raise
        note = "this is a fault of symbp, not of the network; SYMBP_TRACEBACK=1 shows where"
        return _say(f"{type(error).__name__}: {error}\n{note}", BAD_INPUT)
    return GOOD


def _say(message: str, status: int) -> int:
    with contextlib.suppress(OSError):  # the status says it too
        click.echo(on_terminal(f"symbp: {message}"), err=True)
    return status
