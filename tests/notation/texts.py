"""Network texts in short: a signature and a body become a file."""

import textwrap

from symbp.notation.read import read_network
from symbp.notation.write import write_equation

SIGNATURE = (
    "x: Data[N, D], y: Data[N, K], W: Param[D, H], V: Param[H, K], b: Param[H], c: Param[K], s: Data, A: Data[D, D]"
)
HEAD = 'from symbp import Array, Data, Param, dims, function, network\n\nN, D, H, K = dims("N D H K")\n'


def file_text(body, signature=SIGNATURE, before=""):
    """A file with one network `net`; the body starts at line 6 plus the lines of `before`."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"{HEAD}{textwrap.dedent(before)}@network\ndef net({signature}):\n{lines}\n"


def read(body, signature=SIGNATURE, before=""):
    """The network of a body."""
    return read_network(file_text(body, signature, before), "net.py")


def equations(network):
    """Its equations as texts, in index notation."""
    return [write_equation(network, e, calls=False) for e in network.equations]
