"""`symbp` and `python -m symbp`: what an interruption finds while the commands and the engine are being imported.

An exception out of an import may become a traceback or be swallowed, and there is nothing yet to clean up: the process
says what happened and ends. `cli` takes over before it begins the work.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import NoReturn

SAID = {signal.SIGINT: b"symbp: interrupted\n", signal.SIGTERM: b"symbp: terminated\n"}


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    try:
        os.write(2, SAID[signal.Signals(number)])
    finally:
        os._exit(128 + number)


for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
    if signal.getsignal(number) is usual:  # in the background SIGINT may be ignored
        signal.signal(number, _end)

from symbp.cli import main  # noqa: E402

if __name__ == "__main__":
    main()
