"""Entries that small arrays do not have: the module says so where it would read one."""

from __future__ import annotations

import numpy as np
import pytest

from symbp.pipeline import Build
from symbp.sources import Source
from tests.autograd.modules import module_of

HEAD = """from symbp import Data, Param, dims, network

N, D = dims("N D")


@network
def net(x: Data[N, D], w: Param[D]):
    """
READS = [
    ("return w[0] * x[5, 0]", (6, 1), (5, 1), "L reads x[5, 0], so N - 5 = 0 should be 1 or more"),
    ("return w[0] * x[0, D - 3]", (1, 3), (1, 2), "L reads x[0, D - 3], so D - 2 = 0 should be 1 or more"),
    ("y[n] = x[n, 2] * w[1]\nreturn sum(y)", (1, 3), (1, 2), "y reads x[n, 2], so D - 2 = 0 should be 1 or more"),
    ("return sum(w[i + 1] for i in range(2)) * x[0, 0]", (1, 3), (1, 1), "L reads w[i + 1], so D - 2 = -1 should be"),
]


@pytest.mark.parametrize(("body", "enough", "too_few", "message"), READS)
def test_sizes_that_a_read_needs(body, enough, too_few, message: str) -> None:
    text = HEAD + body.replace("\n", "\n    ") + "\n"
    module = module_of(Build(Source(text, "net.py", "net")).module[0], "gradients")
    assert np.isfinite(module.loss(np.ones(enough), w=np.ones(enough[1])))
    for function in (module.loss, module.loss_and_gradients):
        with pytest.raises(ValueError, match="the sizes are too small") as caught:
            function(np.ones(too_few), w=np.ones(too_few[1]))
        assert message in str(caught.value)


def test_a_condition_keeps_a_read_inside() -> None:
    text = f"{HEAD}return sum(x[n, d + 5] * w[d] if d + 5 < D else 0 for n in N for d in D)\n"
    assert "_check_extents" not in Build(Source(text, "net.py", "net")).module[0]
