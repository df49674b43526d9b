"""What a network file imports. The commands read such a file without running it; live, `@network` reads its own source.

Importing this module is cheap: the engine is loaded when a live network is first used.
"""

from __future__ import annotations

from symbp.live import Array, Data, Labels, LiveNetwork, Param, dims, function, network

__version__ = "0.1.0"
__all__ = ["Array", "Data", "Labels", "LiveNetwork", "Param", "__version__", "dims", "function", "network"]
