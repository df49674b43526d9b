"""A command from its arguments to the exit status: 0 good, 1 a check failed, 2 bad input.

Output that cannot be written is bad input too, and no file is written then. Every error that is not a fault of symbp is
one message.
"""

from __future__ import annotations

import contextlib
import gc
import io
import os
import signal
import sys
from collections.abc import Iterable
from types import FrameType
from typing import NoReturn

import click

from symbp.cli.command import commands
from symbp.cli.output import BAD_INPUT, FAILED, GOOD, OutputFailed, close_output
from symbp.errors import CheckFailed, SymbpError
from symbp.escape import on_terminal


class _Terminated(BaseException):
    """SIGTERM: like Ctrl-C it runs what must be cleaned up, then the program ends."""


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def main(arguments: Iterable[str] | None = None) -> NoReturn:
    """Run a command and exit with its status; every error that is not a fault of symbp is one message."""
    signal.signal(signal.SIGTERM, _terminate)
    gc.set_threshold(500_000)  # expressions are trees: what is collected early is hardly ever a cycle
    sys.setrecursionlimit(4_000)  # a chain of a few hundred equations is a deep tree once inlined
    try:
        status = _checked_run(None if arguments is None else list(arguments))
    except (KeyboardInterrupt, click.Abort):
        status = _say("interrupted", 128 + signal.SIGINT)
    except _Terminated:
        status = _say("terminated", 128 + signal.SIGTERM)
    gc.freeze()  # what Python frees at its end it need not search for cycles first, which takes a tenth of a build
    sys.exit(status)


def _checked_run(arguments: list[str] | None) -> int:
    """The exit status of a command whose output has arrived."""
    if sys.stdout is None:
        return _say("standard output is closed", BAD_INPUT)
    try:
        status = _run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output has seen enough
        close_output()
        return GOOD
    except OSError as error:
        close_output()
        return _say(str(OutputFailed(error)), BAD_INPUT)
    return status


def _run(arguments: list[str] | None) -> int:
    """The exit status of a command."""
    try:
        with commands.make_context("symbp", sys.argv[1:] if arguments is None else arguments) as context:
            commands.invoke(context)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.ClickException as error:
        error.show(text := io.StringIO())
        click.echo(on_terminal(text.getvalue()), err=True, nl=False)
        return error.exit_code
    except CheckFailed as error:
        return _say(f"a check failed\n{error}", FAILED)
    except SymbpError as error:
        return _say(str(error), BAD_INPUT)
    except RecursionError:
        return _say("the network is nested too deeply", BAD_INPUT)
    except (BrokenPipeError, click.Abort):
        raise
    except OSError as error:
        if error.filename is None:  # a stream; the files that we read and write have names
            raise
        return _say(f"cannot read or write: {error}", BAD_INPUT)
    except Exception as error:
        if os.environ.get("SYMBP_TRACEBACK"):
            raise
        note = "this is a fault of symbp, not of the network; SYMBP_TRACEBACK=1 shows where"
        return _say(f"{type(error).__name__}: {error}\n{note}", BAD_INPUT)
    return GOOD


def _say(message: str, status: int) -> int:
    with contextlib.suppress(OSError):  # the status says it too
        click.echo(on_terminal(f"symbp: {message}"), err=True)
    return status
