"""What the commands take: the options, and what is said of a value that is none.

Tables of formats, languages, targets and views are the engine's, which is imported when a value is looked up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

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


def regular(_context: click.Context, _parameter: click.Parameter, value: Path | None) -> Path | None:
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


def shown_options(command: Callable[..., None]) -> Callable[..., None]:
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
            "--data", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path), callback=regular,
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


def name_pairs(_context: click.Context, _parameter: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    """The parts of options of the form NAME=WHAT."""
    for text in value:
        name, equals, what = text.partition("=")
        if not (name and equals and what):
            raise click.BadParameter(f"{text!r}: expected NAME=WHAT")
    return {t.partition("=")[0].strip(): t.partition("=")[2].strip() for t in value}


def file_and_name(text: str) -> tuple[Path, str]:
    """FILE:NAME, or FILE alone."""
    file, _, name = text.rpartition(":") if ".py:" in text else (text, "", "")
    path = Path(file or name)
    if not path.is_file():
        raise click.UsageError(f"{str(path)!r} is not a file")
    return path, name if file else ""
