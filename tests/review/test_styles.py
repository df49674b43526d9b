"""Right passes are called right in whatever style they are written: no false alarm."""

from pathlib import Path

import pytest

from symbp.notation.read import read_network
from symbp.review.check import Report, check_text
from tests.review import page, passes
from tests.review.styles import NETWORK, RIGHT, TORCH


def check(networks: str, name: str, code: str) -> Report:
    return check_text(code, "mine.py", Path(), read_network(networks, "networks.py", name), "", {}, {})


@pytest.mark.parametrize("style", RIGHT)
def test_a_style(style: str) -> None:
    assert check(NETWORK, *RIGHT[style]).findings == ()


@pytest.mark.parametrize("row", passes.PASSES, ids=lambda row: row[0])
def test_a_pass_that_mistakes_are_planted_in(row: tuple[str, str, str, str]) -> None:
    assert check(passes.NETWORKS, row[1], row[2]).findings == ()


def test_a_function_of_pytorch() -> None:
    pytest.importorskip("torch")
    assert check(NETWORK, "normal", TORCH).findings == ()
    wrong = TORCH.replace("(dh - dh.mean(dim=0)", "(dh + dh.mean(dim=0)")
    assert [(f.line, f.kind) for f in check(NETWORK, "normal", wrong).findings] == [(14, "sign")]


def test_the_page_of_mistakes_says_what_is_said_today() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.page()
