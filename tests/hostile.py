"""Texts that would do something if they got anywhere unescaped: fixed ones, and random ones from a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator

QUOTES = ('"', "'", '"""', "'''", '\\"', '""', '\\""""', '"\\', "`", "``", "''")
PYTHON = (
    '""" ; open("ran", "w") ; """',
    '"""\nimport os\nos.system("true")\n"""',
    "'''\nexec('1')\n'''",
    '\\"""\nraise SystemExit\n"""',
    "\\",
    "ends with \\",
    "\\\\",
    "\\N{DIGIT ONE} \\N{nothing}",
    "\\u0041 \\uZZ \\U00110000 \\x4 \\777 \\d",
    "# -*- coding: utf-7 -*- +AFw-",
    "{x} {0} {{ docstring }} {% if %} %s %(x)s",
    "f'{1}'",
    "\ue000len \ue000dtype",
)
TEX = (
    "\\input{/etc/passwd}",
    "\\write18{true}",
    "\\immediate\\openout5=x",
    "\\end{document}",
    "\\catcode`\\%=13",
    "^^5cinput ^^M ^^^^005c",
    "100 % of it",
    "}{}}{{",
    "{",
    "}",
    "$",
    "$$ a $ b",
    "a_b^c ~ & # #1 \\#",
    "\\",
    "\\\\[3cm]",
    "[x] ]",
    "--- << >> ,, '' `` ?` !` --",
    "\\verb|x|",
    "\n\n\\par\n",
    "(((x))) ((* for *)) ((# #))",
)
HTML = (
    "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt; &amp &#x3c;",
    "-->",
    "]]>",
    "' onload='x",
)
TERMINAL = (
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\r over",
    "\b\b\b",
    "[bold]rich[/] [/] [link=x]",
    ":smile:",
)
UNICODE = (
    "\u202egnp.exe",
    "\u200b\u200f\u2066x\u2069",
    "\ufeff",
    "\U0001f600 \U0001f468\u200d\U0001f469",
    "\ud800",
    "\udcff \udfff",
    "\x85\u2028\u2029",
    "\x0c\x0b\x1c\x1d\x1e",
    "\x00",
    "\u0301 e\u0301\u0301 \u1ebf",
    "中文 \u0434 \u05d0\u05d1 \u0627",
    "ß Ĳ ½ x² ﬁ Ａ α β ∑ ∂ → ≤ “q” – — … \u00a0",
    "\uffff\U0010ffff\ue000",
)
LAYOUT = (
    "first\n  indented\n    more\nback",
    "\n\n  a\n b\n",
    "   lead",
    "trail   ",
    "tab\tin\n\ttab",
    "a\r\nb\rc",
    "x" * 3000,
    "word " * 900,
)
CONTROLS = tuple(chr(c) for c in (*range(32), *range(127, 160)))
ALL = (*QUOTES, *PYTHON, *TEX, *HTML, *TERMINAL, *UNICODE, *LAYOUT, *CONTROLS)


def texts(count: int, seed: int = 0) -> Iterator[str]:
    """Every fixed text at the beginning, at the end and within words, then random mixtures of them."""
    for part in ALL:
        yield from (part, f"{part} end", f"begin {part}", f"in{part}side")
    generator = random.Random(seed)
    for _ in range(count):
        yield "".join(_piece(generator) for _ in range(generator.randint(1, 6)))


def _piece(generator: random.Random) -> str:
    if generator.random() < 0.6:
        return generator.choice(ALL)
    if generator.random() < 0.5:
        return generator.choice((" ", "\n", "words", "W1", "x = 3", "\n    "))
    return chr(generator.choice((generator.randrange(0x250), generator.randrange(0x11_0000))))
