r"""How wide a formula is when set, in points at 11 pt: an estimate, a little too large rather than too small.

It reads the LaTeX that `print` writes: letters and digits by their class, a script at seven tenths, a fraction as
wide as the wider of its halves, a relation or an operator with its spaces.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

_TOKEN = re.compile(r"\\operatorname\*|\\[a-zA-Z]+|\\.|\{|\}|\^|_|[^\\{}^_]")
_BEFORE = re.compile(r"& \\text\{([^{}]*)\}(?= )")  # the words before a condition
_SPACES = {"\\,": 2.0, "\\;": 3.2, "\\:": 2.6, "\\!": -1.8, "\\quad": 11.0, "\\qquad": 22.0, "\\ ": 3.6}
_WORDS = ("log", "exp", "tanh", "sinh", "cosh", "sin", "cos", "tan", "arctan", "max", "min", "det")
_SIZERS = {"\\big": 1.3, "\\Big": 1.6, "\\bigg": 2.0, "\\Bigg": 2.4}
_NARROW, _WIDE = "ijltf,.;:!|'()[]", "mwMWNHGDKOQUXYZABCERV"
_OPERATORS = ("+", "-", "\\cdot", "\\odot", "\\oslash", "\\times", "\\to")
_RELATIONS = ("=", "<", ">", "\\le", "\\ge", "\\ne")
_NOTHING = ("\\displaystyle", "\\textstyle", "\\limits", "\\nolimits", "\\left", "\\right", "\\notag")
_WRAPPERS = (
    "\\mathbf",
    "\\mathit",
    "\\mathrm",
    "\\adj",
    "\\boldsymbol",
    "\\overline",
    "\\tilde",
    "\\hat",
    "\\operatorname",
)


@cache
def width(tex: str) -> float:
    """The width of a formula in points."""
    return _Reader(_TOKEN.findall(tex)).row()


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.at = tokens, 0

    def row(self, end: str = "") -> float:
        """The width up to the token `end`, which is passed over."""
        total, scripts = 0.0, [0.0, 0.0]
        while self.at < len(self.tokens) and self.tokens[self.at] != end:
            token = self.tokens[self.at]
            if token in "^_" and len(token) == 1:
                self.at += 1
                scripts[token == "^"] = 0.72 * self.item()
                continue
            total += max(scripts)
            scripts = [0.0, 0.0]
            total += self.item()
        self.at += 1
        return total + max(scripts)

    def item(self) -> float:
        """The width of one token with its arguments."""
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        if token == "{":
            return self.row("}")
        if token in ("\\frac", "\\tfrac", "\\dfrac"):
            wider = max(self.item(), self.item())
            return (0.72 if token == "\\tfrac" else 1.0) * wider + 4.5
        if token == "\\sqrt":
            return self.item() + 10.5
        if token in _WRAPPERS:
            inner = self.item()
            return inner * (1.12 if token in ("\\mathbf", "\\boldsymbol") else 1.0)
        if token == "\\operatorname*":
            return self._limits(self.item())
        if token in ("\\sum", "\\max", "\\min"):
            return self._limits(17.0 if token == "\\sum" else 21.0)
        if token == "\\substack":
            return self._stacked()
        if token in ("\\begin", "\\end"):
            return self._environment(token)
        return self._sign(token)

    def _limits(self, own: float) -> float:
        """An operator with what stands below it."""
        if self.at < len(self.tokens) and self.tokens[self.at] == "_":
            self.at += 1
            return max(own, 0.72 * self.item()) + 2.0
        return own + 2.0

    def _stacked(self) -> float:
        """Lines below each other in a group, as wide as the widest."""
        depth, start = 0, self.at
        while self.at < len(self.tokens):
            depth += {"{": 1, "}": -1}.get(self.tokens[self.at], 0)
            self.at += 1
            if not depth:
                break
        inner = "".join(self.tokens[start + 1 : self.at - 1])
        return max(width(line) for line in inner.split("\\\\"))

    def _matrix(self) -> float:
        """Columns as wide as their widest cell, with brackets around them."""
        end = self.tokens.index("\\end", self.at)
        rows = "".join(self.tokens[self.at : end]).split("\\\\")
        self.at = end + len("{bmatrix}") + 1
        cells = [[width(re.sub(r"^\[\d+pt\]", "", cell.strip())) for cell in row.split("&")] for row in rows]
        return float(sum(max(column) for column in zip(*cells, strict=True))) + 11.0 * len(cells[0]) + 4.0

    def _environment(self, token: str) -> float:
        """The width of `cases` is that of its widest line."""
        name = self.row_text()
        if token == "\\begin" and name == "bmatrix":
            return self._matrix()
        if token == "\\end" or name not in ("cases", "substack"):
            return 0.0
        depth, start = 1, self.at
        while self.at < len(self.tokens) and depth:
            depth += {"\\begin": 1, "\\end": -1}.get(self.tokens[self.at], 0)
            self.at += 1
        inner = self.tokens[start : self.at - 1]
        self.row_text()
        lines = _BEFORE.sub(lambda m: "& " + m[1].replace(" ", ".."), "".join(inner)).split("\\\\")
        return max(width(line) for line in lines) + 20.0

    def row_text(self) -> str:
        """The text in braces that comes next."""
        start = self.at + 1
        while self.at < len(self.tokens) and self.tokens[self.at] != "}":
            self.at += 1
        self.at += 1
        return "".join(self.tokens[start : self.at - 1])

    def _sign(self, token: str) -> float:
        if token in _SPACES:
            return _SPACES[token]
        if token in _OPERATORS:
            return 13.5
        if token in _RELATIONS:
            return 15.0
        if token == " " or token in _NOTHING:
            return 0.0
        if token.rstrip("lrm") in _SIZERS or token in _SIZERS:
            return self.item() * _SIZERS.get(token.rstrip("lrm"), _SIZERS.get(token, 1.0))
        if token.startswith("\\"):
            name = token[1:]
            return 5.6 * len(name) + 2.0 if name in _WORDS else 6.6
        if token in _NARROW:
            return 4.6
        if unicodedata.east_asian_width(token[0]) in "WF":
            return 11.0
        return 9.2 if token in _WIDE else 6.1
