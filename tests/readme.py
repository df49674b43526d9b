"""The pieces of generated files that the README shows: `python -m tests.readme` puts them in anew."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
SHOWN = ROOT / "generated" / "sigmoid_softmax"


def derivation_piece() -> str:
    """The adjoint of Z2, from the chain rule to the matrix form, the document's own macros written out."""
    text = (SHOWN / "derivation.tex").read_text()
    start = text.index(r"\adj{z}^{(2)}_{nk} &=")
    lines = text[start : text.index(r"\end{flalign*}", start)].splitlines()
    return "\n".join([r"\begin{align*}", *map(written_out, lines), r"\end{align*}"])


def written_out(line: str) -> str:
    """A line of derivation.tex without its macros, its references as numbers."""
    line = re.sub(r"\\label\{[^}]*\}", "", line)
    line = re.sub(r"\\eqref\{(?:eq|fact):(\w+)\}", r"(\1)", line)
    line = re.sub(r"\\\\\*$", r"\\\\", line)
    return line.replace(r"\adj{", r"\overline{").replace(r"\why{", r"\text{")


def module_piece() -> str:
    """What follows the first layer in loss_and_gradients."""
    text = (SHOWN / "gradients.py").read_text()
    start = text.index("    # [3]", text.index("def loss_and_gradients"))
    return text[start : text.index("    return", start)].rstrip()


def refreshed(readme: str) -> str:
    """The README with both pieces as the files have them now."""
    for language, piece in (("math", derivation_piece()), ("python", module_piece())):
        fence = re.compile(rf"(<!-- a piece of [^\n]*-->\n+```{language}\n).*?(\n```)", re.DOTALL)
        readme, count = fence.subn(lambda m, piece=piece: m[1] + piece + m[2], readme)
        assert count == 1, f"the README shows {count} pieces in {language}"
    return readme


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(refreshed(path.read_text()))
