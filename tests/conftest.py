"""What holds for all tests: checks between the passes of lowering, and of long series of cases a share in turns.

`@pytest.mark.share(4)` on a parametrised test runs every fourth of its cases, the next ones on the next day; the
fixture `its_turn` says the same of a part of a test. The turn is printed at the top of a run, and `--turn` repeats it;
`--all-cases` runs all of them, and so does whoever names a test by `file.py::test`.
"""

from __future__ import annotations

import datetime
import gc
import os
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.turns import in_turn, whose_turn

os.environ.setdefault("SYMBP_CHECK", "1")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all-cases", action="store_true", help="run all cases of tests of which a share is run in turns")
    parser.addoption("--turn", type=int, help="whose turn it is, a number; otherwise the day decides")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "share(parts): of its cases one in so many is run, others on other days")
    if config.option.turn is None:  # once, before there are workers, which are given it
        config.option.turn = datetime.datetime.now(datetime.UTC).toordinal()


def pytest_report_header(config: pytest.Config) -> str:
    return "all cases" if _all_cases(config) else f"cases in turns: --turn {config.option.turn}"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config) -> None:
    if exitstatus and not _all_cases(config):
        terminalreporter.write_line(f"--turn {config.option.turn} runs the same cases again")


def _all_cases(config: pytest.Config) -> bool:
    return config.option.all_cases or any("::" in a for a in config.args)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the cases of shared tests whose turn it is not."""
    if _all_cases(config):
        return
    marks = [item.get_closest_marker("share") for item in items]
    cases = [(item.nodeid, mark.args[0] if mark else 1) for item, mark in zip(items, marks, strict=True)]
    pairs = list(zip(items, whose_turn(cases, config.option.turn), strict=True))
    items[:] = [item for item, whose in pairs if whose]
    config.hook.pytest_deselected(items=[item for item, whose in pairs if not whose])


@pytest.fixture
def its_turn(request: pytest.FixtureRequest) -> Callable[[int, int], bool]:
    """Is it the turn of that number, when one in so many parts has it?"""
    config = request.config
    return lambda number, parts: _all_cases(config) or in_turn(number, parts, config.option.turn)


@pytest.fixture(autouse=True)
def same_depth() -> Iterator[None]:
    """A command that runs in this process lets Python recurse deeper, which is not for the tests after it."""
    before = sys.getrecursionlimit()
    yield
    sys.setrecursionlimit(before)


def pytest_collection_finish() -> None:
    """What is there now stays: looking for garbage in it, every few hundred nodes, takes a tenth of the time."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
