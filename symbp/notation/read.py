"""Text -> Network: the door of the room."""

from __future__ import annotations

from symbp.core.network import Network
from symbp.errors import NotationError
from symbp.notation.network import elaborate_network
from symbp.notation.source import read_file
from symbp.notation.toplevel import scan
from symbp.notation.words import nearest


def read_network(source: str, path: str = "<text>", name: str | None = None) -> Network:
    """The network of that name in a text; without a name the last one. NotationError says what is wrong and where."""
    try:
        file = scan(source, path)
        if not file.networks:
            raise file.source.error(None, "there is no network in this file: expected a function under @network")
        if name is None:
            name = list(file.networks)[-1]
        if name not in file.networks:
            have = ", ".join(file.networks)
            raise file.source.error(
                None, f"there is no network `{name}` in this file; it has {have}{nearest(name, file.networks)}"
            )
        return elaborate_network(file, file.networks[name])
    except RecursionError:
        raise NotationError("the network is nested too deeply to be read; name its parts", path=path) from None


def list_networks(source: str, path: str = "<text>") -> tuple[str, ...]:
    """The names of the networks in a text, in order."""
    return tuple(scan(source, path).networks)


__all__ = ["list_networks", "read_file", "read_network"]
