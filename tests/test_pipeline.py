"""The sheet of stages: each value is what its stage says, and the differentiated names can be chosen."""

from __future__ import annotations

import json

import pytest

from symbp.core.equality import Check
from symbp.errors import CheckFailed
from symbp.findings import demand_passed
from symbp.notation.read import read_network
from symbp.pipeline import STAGES, Build
from symbp.sources import SourceError, find_source
from symbp.wrt import with_respect_to

NETWORK = """from symbp import Data, Labels, Param, dims, network
N, K = dims("N K")
@network
def net(x: Data[N, K], y: Data[N, K], s: Data, w: Param[K]):
    assert sum(y[n, k] for k in K) == 1
    assert s > 0
    return sum(y * log(exp(x) + s) * w)
"""


def test_the_stages_are_worked_out_in_order_and_once() -> None:
    build = Build(find_source("two_paths"))
    done = []
    for label in build.stages():
        done.append((label, sorted(k for k in vars(build) if k in dict(STAGES))))
    names = [name for name, _ in STAGES]
    assert done == [(label, sorted(names[:k])) for k, (_, label) in enumerate(STAGES)]
    assert build.files is build.files


def test_the_report_states_bounds_and_no_errors() -> None:
    report = json.loads(Build(find_source("sigmoid_softmax")).files["report.json"])
    assert report["passed"]
    assert {c["within"] for c in report["checks"]} >= {1e-12, 1e-9, 1e-6}
    assert not any("error" in c for c in report["checks"])


def test_wrt_makes_the_rest_data_and_drops_what_ties_entries_together() -> None:
    network = with_respect_to(read_network(NETWORK, "net.py"), ("y", "s"))
    assert network.parameters == ("y", "s")
    assert network.data == ("x", "w")
    assert len(network.facts) == 1  # s > 0 stays, for it only says where s is drawn


def test_wrt_knows_the_arguments() -> None:
    with pytest.raises(SourceError, match="no argument 'z'; it has x, y, s, w"):
        with_respect_to(read_network(NETWORK, "net.py"), ("z",))


def test_every_failed_check_is_named() -> None:
    checks = (Check("a", "interpreter", 1, 0, 1e-9), Check("b", "complex step", 2, 1, 1e-9), Check("c", "x", 1, 2, 1))
    with pytest.raises(CheckFailed, match=r"(?s)b against complex step.*c against x"):
        demand_passed(checks)
    demand_passed(checks[:1])
