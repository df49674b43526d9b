"""What characters beyond ASCII are in TeX, for `escape.in_tex`: signs, and accents by their combining character."""

from __future__ import annotations

import unicodedata

# The combining characters that have a command.
ACCENTS = {
    chr(0x300): "\\`", chr(0x301): "\\'", chr(0x302): "\\^", chr(0x303): "\\~", chr(0x304): "\\=", chr(0x306): "\\u",
    chr(0x307): "\\.", chr(0x308): '\\"', chr(0x30A): "\\r", chr(0x30B): "\\H", chr(0x30C): "\\v", chr(0x323): "\\d",
    chr(0x327): "\\c", chr(0x328): "\\k", chr(0x331): "\\b",
}  # fmt: skip


def _formula(tex: str) -> str:
    """A command, or a sign, as a formula; what is empty behind it keeps it apart from another."""
    return f"$\\{tex}${{}}" if len(tex) > 1 else f"${tex}${{}}"


def _greek() -> dict[str, str]:
    r"""Small letters as formulas, and capitals where they are no Latin ones: \alpha, \Omega."""
    found = {}
    for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA)):
        name = unicodedata.name(chr(code), "").rpartition(" ")[2].lower().replace("lamda", "lambda")
        if not name or code == 0x3C2:
            continue
        name = {"epsilon": "varepsilon", "phi": "varphi"}.get(name, name) if code >= 0x3B1 else name
        latin = {"omicron": "o"}.get(name, "") if code >= 0x3B1 else _LATIN.get(name, "")
        found[chr(code)] = latin or _formula(name if code >= 0x3B1 else name.capitalize())
    return found


_LATIN = {"alpha": "A", "beta": "B", "epsilon": "E", "zeta": "Z", "eta": "H", "iota": "I", "kappa": "K", "mu": "M"}
_LATIN |= {"nu": "N", "omicron": "O", "rho": "P", "tau": "T", "chi": "X"}

_LETTERS = {"ß": "ss", "æ": "ae", "Æ": "AE", "ø": "o", "Ø": "O", "œ": "oe", "Œ": "OE", "ł": "l", "Ł": "L", "ı": "i"}
_LETTERS |= {"ȷ": "j", "ŋ": "ng", "Ŋ": "NG", "đ": "dj", "Đ": "DJ", "ð": "dh", "Ð": "DH", "þ": "th", "Þ": "TH"}

_MATHEMATICS = {
    "∑": "sum", "∏": "prod", "∂": "partial", "∇": "nabla", "∆": "Delta", "√": "surd", "∞": "infty", "∫": "int",
    "≤": "le", "≥": "ge", "≠": "ne", "≈": "approx", "≡": "equiv", "∼": "sim", "≃": "simeq", "∝": "propto", "≪": "ll",
    "≫": "gg", "±": "pm", "∓": "mp", "×": "times", "÷": "div", "·": "cdot", "⋅": "cdot", "∙": "cdot", "∗": "ast",
    "∘": "circ", "⊙": "odot", "⊗": "otimes", "⊕": "oplus", "⊖": "ominus", "⊘": "oslash", "→": "to", "←": "gets",
    "↔": "leftrightarrow", "⇒": "Rightarrow", "⇐": "Leftarrow", "⇔": "Leftrightarrow", "↦": "mapsto", "↑": "uparrow",
    "↓": "downarrow", "∈": "in", "∉": "notin", "∋": "ni", "⊂": "subset", "⊆": "subseteq", "⊃": "supset",
    "⊇": "supseteq", "∪": "cup", "∩": "cap", "∅": "emptyset", "∖": "setminus", "∀": "forall", "∃": "exists",
    "∧": "wedge", "∨": "vee", "¬": "neg", "⊤": "top", "⊥": "bot", "∥": "parallel", "‖": "Vert", "∣": "mid",
    "⟨": "langle", "⟩": "rangle", "⌊": "lfloor", "⌋": "rfloor", "⌈": "lceil", "⌉": "rceil", "′": "'",
    "ℓ": "ell", "ℝ": "mathbb{R}", "ℕ": "mathbb{N}", "ℤ": "mathbb{Z}", "ℚ": "mathbb{Q}", "ℂ": "mathbb{C}",
    "𝔼": "mathbb{E}", "†": "dagger", "‡": "ddagger", "°": "circ", "ς": "varsigma", "ϵ": "epsilon", "ϕ": "phi",
    "ϑ": "vartheta", "ϱ": "varrho", "ϖ": "varpi", "•": "bullet", "★": "star", "⋆": "star", "−": "-", "⁄": "/",
}  # fmt: skip

_MARKS = {
    "“": "\\textquotedblleft{}", "”": "\\textquotedblright{}", "‘": "\\textquoteleft{}", "’": "\\textquoteright{}",
    "„": "\\quotedblbase{}", "‚": "\\quotesinglbase{}", "«": "\\guillemotleft{}", "»": "\\guillemotright{}",
    "‹": "\\guilsinglleft{}", "›": "\\guilsinglright{}", "–": "\\textendash{}", "—": "\\textemdash{}",
    "‐": "-", "‑": "\\mbox{-}", "…": "\\dots{}", "¡": "\\textexclamdown{}", "¿": "\\textquestiondown{}",
    "§": "\\S{}", "¶": "\\P{}", "©": "\\textcopyright{}", "®": "\\textregistered{}", "™": "\\texttrademark{}",
    "£": "\\pounds{}", "€": "EUR", chr(0xA0): "~",
}  # fmt: skip

SIGNS = (
    {c: _formula(tex) for c, tex in _MATHEMATICS.items()}
    | {"°": "$^{\\circ}${}"}
    | {c: f"\\{tex}{{}}" for c, tex in _LETTERS.items()}
    | _greek()
    | _MARKS
)
