"""`symbp` and `python -m symbp`: what an interruption finds while the commands and the engine are being imported.

An exception out of an import may be a traceback or be swallowed, and there is nothing yet to clean up: the process says
what happened and ends. `cli` takes over before it begins the work.
"""

import os
import signal
from types import FrameType
from typing import NoReturn


def _interrupted(_signal: int, _frame: FrameType | None) -> NoReturn:
    os.write(2, b"symbp: interrupted\n")
    os._exit(128 + signal.SIGINT)


if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # in the background it may be ignored
    signal.signal(signal.SIGINT, _interrupted)

from symbp.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
