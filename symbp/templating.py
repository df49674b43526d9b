"""The one way to a template: Jinja2 that places strings, decides nothing, and refuses a name that it was not given.

Templates stand in the repository's top-level `templates/`; in the installed package they are in `symbp/templates/`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

PACKAGE = Path(__file__).parent
FOLDERS = (PACKAGE / "templates", PACKAGE.parent / "templates")


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
