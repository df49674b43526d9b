"""A network written live, in a file that is run."""

from __future__ import annotations

import ast
import subprocess
import sys

from symbp import Data, LiveNetwork, Param, __version__, dims, function, network
from symbp.escape import Prose

N, D = dims("N D")
M = D - 2
f = function("f")


def twice(z):
    return half(z) * 4


def half(z):
    return z / 2


@network
def live(x: Data[N, D], w: Param[D], v: Param[M]):
    """A live network."""
    z = twice(x @ w)
    return sum(f(z)) / N + sum(v)


@network
def checked(w: Param[D]):
    """A live network."""
    return sum(w**2)


def test_a_live_network_reads_its_own_source():
    assert isinstance(live, LiveNetwork)
    found = live.network
    assert (found.name, found.doc, found.functions) == ("live", Prose("A live network."), (("f", 1),))
    assert [e.name for e in found.equations] == ["z_in", "z", "L"]
    assert dict(live.derive().gradients) == {"w": "w_bar", "v": "v_bar"}
    assert str(found.shape("v")[0]) == "D - 2"


def test_its_module_is_text():
    assert "def loss_and_gradients(" in live.gradients_source()


def test_its_module_says_so_as_long_as_no_check_has_seen_it():
    text = checked.gradients_source()
    warning = "No check has seen this text: `checked.verify()` is there for that."
    assert warning in ast.get_docstring(ast.parse(text))
    assert all(c.passed for c in checked.verify())
    assert checked.gradients_source() == text.replace(f"\n{warning}\n", "")


def test_importing_symbp_is_cheap():
    code = "import sys, symbp; print([m for m in ('sympy', 'numpy', 'jinja2', 'ast') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in ("[]", "['ast']")
    assert __version__
