"""What a network file imports. The commands read such a file without running it; live, `@network` reads its own source.

Importing this module is cheap: the words are loaded when they are first asked for, so that a command can say what it
makes of an interruption before anything else is imported, and the engine when a live network is first used.
"""

from __future__ import annotations

TYPE_CHECKING = False

if TYPE_CHECKING:
    from symbp.live import (
        Array,
        Data,
        Labels,
        LiveNetwork,
        Param,
        check,
        dims,
        from_sympy,
        from_torch,
        function,
        network,
    )

__version__ = "0.1.0"
__all__ = [
    "Array",
    "Data",
    "Labels",
    "LiveNetwork",
    "Param",
    "__version__",
    "check",
    "dims",
    "from_sympy",
    "from_torch",
    "function",
    "network",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from symbp import live

    value: object = getattr(live, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
