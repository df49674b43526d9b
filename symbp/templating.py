"""The one way to a template: Jinja2 that places strings, decides nothing, and refuses a name that it was not given.

Templates stand in the repository's top-level `templates/`; in the installed package they are in `symbp/templates/`.
"""

from __future__ import annotations

import contextlib
import os
import sys
from functools import cache
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket

PACKAGE = Path(__file__).parent
FOLDERS = (PACKAGE / "templates", PACKAGE.parent / "templates")


class Compiled(jinja2.BytecodeCache):
    """Compiled templates beside Python's compiled modules, kept where and when Python keeps those.

    A bucket knows by a checksum of its template whether it is still what that was compiled to.
    """

    def __init__(self, kind: str):
        self.kind = kind

    def load_bytecode(self, bucket: Bucket) -> None:
        """What was kept of a template, if it is of this version of Jinja2 and of this text."""
        with contextlib.suppress(OSError), self._file(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, where that can be done."""
        if sys.dont_write_bytecode:
            return
        place = self._file(bucket)
        draft = place.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            place.parent.mkdir(exist_ok=True)
            draft.write_bytes(bucket.bytecode_to_string())
            draft.replace(place)

    def _file(self, bucket: Bucket) -> Path:
        return PACKAGE / "__pycache__" / f"{self.kind}-{bucket.key}.jinja"


@cache
def environment(latex: bool = False) -> jinja2.Environment:
    """The environment for Python and text, or for LaTeX, whose braces need others: `(((x)))`, `((* for *))`."""
    delimiters = {} if not latex else LATEX_DELIMITERS
    loader = jinja2.FileSystemLoader([str(f) for f in FOLDERS if f.is_dir()])
    return jinja2.Environment(
        loader=loader,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        bytecode_cache=Compiled("latex" if latex else "text"),
        **delimiters,  # type: ignore[arg-type]
    )


LATEX_DELIMITERS = {
    "block_start_string": "((*",
    "block_end_string": "*))",
    "variable_start_string": "(((",
    "variable_end_string": ")))",
    "comment_start_string": "((#",
    "comment_end_string": "#))",
}


def exists(template: str) -> bool:
    """Is there a template of that name?"""
    return any((folder / template).is_file() for folder in FOLDERS)


def render(template: str, latex: bool = False, **values: object) -> str:
    """The text of a template with these values in their places."""
    return environment(latex).get_template(template).render(**values)
