"""What is printed, the exit statuses, and where output does not arrive.

A standard output that is closed or full is told on standard error; a reader that stops reading is no error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from symbp.errors import SymbpError
from symbp.escape import on_terminal

GOOD, FAILED, BAD_INPUT = 0, 1, 2  # exit statuses


class OutputFailed(SymbpError):
    """Standard output cannot be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"cannot write to standard output: {error.strerror or error}")


def close_output() -> None:
    """Let what is still to be printed go nowhere: Python flushes once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def say_paths(paths: Sequence[Path]) -> None:
    """A line for each path; who does not read them all still gets the files."""
    try:
        for path in paths:
            click.echo(_shown(path))
    except BrokenPipeError:
        close_output()
    except OSError as error:
        raise OutputFailed(error) from error


def _shown(path: Path) -> str | bytes:
    """A path as people read it on a terminal, and as it is for a program that reads our output."""
    return on_terminal(str(path)) if sys.stdout.isatty() else os.fsencode(path)


def on_terminal_lines(text: str) -> str:
    """A text of several lines as it can be printed."""
    return "\n".join(on_terminal(line) for line in text.split("\n"))
