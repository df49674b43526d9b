"""A document as LaTeX text: the one entry to the writer. `blocks` sets the blocks, the template places them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from symbp.document.drawn import Picture
from symbp.document.model import Box, Display, Document, Paragraph, Section, Signs, Table, Updates
from symbp.document.tex.blocks import Writer
from symbp.document.tex.names import choose_names
from symbp.document.tex.print import Printer
from symbp.document.tex.words import in_title, speaks_chinese
from symbp.document.words import ENGLISH, LANGUAGES, Fonts, Language
from symbp.escape import in_tex
from symbp.templating import render

WITH_PART, WITH_TEXT = "200pt", "60pt"  # what must be left of a page for a section and the start of what is in it


def write_latex(document: Document, language: Language = ENGLISH) -> str:
    """The text of derivation.tex, in a language."""
    writer = Writer(printer_of(document, language))
    made = [(_heading(writer, s) + _start(s), blocks, _together(s)) for s, blocks in _blocks(writer, document)]
    sections = [{"heading": heading, "blocks": blocks, "together": together} for heading, blocks, together in made]
    title = writer.words.said("title", network=f"\\texttt{{{in_tex(document.name)}}}")
    subtitle = in_title(document.subtitle.lines(speaks_chinese(language)).title, writer.printer)
    fonts = _fonts(language, [title, subtitle, *(text for heading, blocks, _ in made for text in (heading, *blocks))])
    return render("derivation.tex.j2", latex=True, fonts=fonts, title=title, subtitle=subtitle, sections=sections)


def _fonts(language: Language, texts: Iterable[str]) -> Fonts:
    """Those of the language; where a user's words hold letters that they lack, those of another that have them all."""
    text = "".join(texts)
    known = (language, *LANGUAGES.values())
    return next((other.fonts for other in known if other.fonts.have(text)), language.fonts)


def _blocks(writer: Writer, document: Document) -> list[tuple[Section, list[str]]]:
    """The blocks of every section; the sentences on signs come last, for they are on what the others have printed."""
    made = [[(b, writer.block(b).rstrip("\n")) for b in s.blocks] for s in document.sections]
    tex = "\n".join(text for blocks in made for b, text in blocks if not isinstance(b, Picture))
    whole = [[writer.signs(b, tex) if isinstance(b, Signs) else text for b, text in blocks] for blocks in made]
    return list(zip(document.sections, whole, strict=True))


def printer_of(document: Document, language: Language = ENGLISH) -> Printer:
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
    names = replace(names, notation=look.notation, loss=names.entry(look.loss, ""), parameters=look.parameters)
    loss = look.loss, look.loss_number
    return Printer(names, dict(look.ranges), *loss, look.shared, look.borders, look.starts, language)


def _heading(writer: Writer, section: Section) -> str:
    if section.level > 1:
        return f"\\subsection{{{writer.words.title(section.title)}}}"
    together = "\\begin{samepage}" if _together(section) else ""
    text = all(isinstance(b, Paragraph) for b in section.blocks)
    return f"\\room{{{WITH_TEXT if text else WITH_PART}}}{together}\\section{{{writer.words.title(section.title)}}}"


def _start(section: Section) -> str:
    """A display right below a heading takes no line of text above it."""
    return "\n\\straight" if section.blocks and isinstance(section.blocks[0], Display) else ""


def _together(section: Section) -> bool:
    """Does it stand on one page? What has neither equations nor a picture does."""
    return section.level == 1 and any(isinstance(b, (Box, Table, Updates)) for b in section.blocks[-1:])
