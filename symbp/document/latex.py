"""A document as LaTeX text: the one entry to the writer. `latex_blocks` sets the blocks, the template places them."""

from __future__ import annotations

from symbp.document.latex_blocks import Writer
from symbp.document.latex_words import plain
from symbp.document.model import Document, Section
from symbp.document.names import choose_names, escape
from symbp.document.print import Printer
from symbp.templating import render


def write_latex(document: Document) -> str:
    """The text of derivation.tex."""
    writer = Writer(printer_of(document))
    sections = [
        {"heading": _heading(writer, s), "blocks": [writer.block(b).rstrip("\n") for b in s.blocks]}
        for s in document.sections
    ]
    title, subtitle = escape(document.name), plain(document.subtitle)
    return render("derivation.tex.j2", latex=True, title=title, subtitle=subtitle, sections=sections)


def printer_of(document: Document) -> Printer:
    """The printer with the looks of one document."""
    look = document.look
    names = choose_names(
        dict(look.ranks),
        look.sizes,
        [n for n, _ in look.ranges],
        look.functions,
        look.calls,
        dict(look.adjoints),
        dict(look.tangents),
        look.extents,
    )
    return Printer(names, dict(look.ranges), look.loss, look.loss_number, look.shared, look.borders, look.starts)


def _heading(writer: Writer, section: Section) -> str:
    command = "\\section" if section.level == 1 else "\\subsection"
    return f"{command}{{{writer.words.title(section.title)}}}"
