"""A document as LaTeX text: the one entry to the writer. `latex_blocks` sets the blocks, the template places them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from symbp.document.latex_blocks import Writer
from symbp.document.latex_words import plain
from symbp.document.model import Document, Section
from symbp.document.names import choose_names, escape
from symbp.document.print import Printer

# In a checkout the templates stand at the top level, in an installed package inside it.
FOLDERS = (Path(__file__).parents[2] / "templates", Path(__file__).parents[1] / "templates")


@cache
def _template(name: str) -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDERS),
        undefined=jinja2.StrictUndefined,
        block_start_string="((*",
        block_end_string="*))",
        variable_start_string="(((",
        variable_end_string=")))",
        comment_start_string="((#",
        comment_end_string="#))",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(name)


def write_latex(document: Document) -> str:
    """The text of derivation.tex."""
    writer = Writer(printer_of(document))
    sections = [
        {"heading": _heading(writer, s), "blocks": [writer.block(b).rstrip("\n") for b in s.blocks]}
        for s in document.sections
    ]
    return _template("derivation.tex.j2").render(
        title=escape(document.name), subtitle=plain(document.subtitle), sections=sections
    )


def printer_of(document: Document) -> Printer:
    """The printer with the looks of one document."""
    look = document.look
    names = choose_names(
        dict(look.ranks), look.sizes, [n for n, _ in look.ranges], look.functions, look.calls, dict(look.adjoints)
    )
    return Printer(names, dict(look.ranges), look.loss, look.loss_number, look.shared)


def _heading(writer: Writer, section: Section) -> str:
    command = "\\section" if section.level == 1 else "\\subsection"
    return f"{command}{{{writer.words.title(section.title)}}}"
