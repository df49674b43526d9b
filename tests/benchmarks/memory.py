"""Peak memory of a step above its inputs, to PyTorch's: `python -m tests.benchmarks.memory`.

The emitted step by tracemalloc, which counts every array of NumPy's: once without `out` and `work`, when gradients and
scratch come and go within the call, and once from the first call with them on, when they stay. PyTorch's forward and
backward by its profiler: the peak of the running sum of what its allocator gave and took back, with gradients that
start as None, as after `zero_grad()`. What either needs once, in the first call of a process, is left out.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from tests.autograd.modules import built_in_module
from tests.benchmarks.emitted import Arrays, deep_mlp_torch, draw_deep_mlp, eager
from tests.benchmarks.layers import ROWS, conv_net, gpt2, name_of, single
from tests.benchmarks.timing import row

BOUND = 1.3


def traced(step: Callable[[], object]) -> int:
    """The most bytes that were allocated at once, above those before, while a step ran."""
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    result = step()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del result
    return peak - before


def profiled(step: Callable[[], object]) -> int:
    """The same of a step of PyTorch."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        step()
    assert profiler.profiler is not None
    events = profiler.profiler.kineto_results.events()
    moves = sorted((e.start_ns(), k, e.nbytes()) for k, e in enumerate(events) if e.name() == "[memory]")
    return max(accumulate(n for _, _, n in moves))


def compare(name: str, network: str, data: Arrays, parameters: Arrays, loss: Callable[..., object]) -> list[str]:
    """The two rows of a network."""
    made, kept = built_in_module(network), eager(loss, data, parameters)
    args = [data[n] for n in made.DATA]
    made.loss_and_gradients(*args, **parameters)
    kept()
    theirs = profiled(_from_none(kept))
    fresh = traced(lambda: made.loss_and_gradients(*args, **parameters))
    out, work = {}, {}  # type: ignore[var-annotated]
    with_work = traced(lambda: made.loss_and_gradients(*args, **parameters, out=out, work=work))
    megabytes = f"{fresh / 1e6:.1f} to {theirs / 1e6:.1f} MB"
    return [
        row(f"{name}: peak memory above the inputs to PyTorch's ({megabytes})", fresh / theirs, BOUND),
        row(f"{name}: the same with out and work, which are kept", with_work / theirs, BOUND),
    ]


def _from_none(step: Callable[[], object]) -> Callable[[], object]:
    """A step of PyTorch whose gradients are not there yet."""
    for q in step.parameters:  # type: ignore[attr-defined]
        q.grad = None
    return step


def main(quick: bool) -> None:
    """Print the rows."""
    torch.set_num_threads(1)
    data, parameters = draw_deep_mlp(np.float32, 100 if quick else 1000)
    print(*compare("deep_mlp", "deep_mlp", data, parameters, deep_mlp_torch), sep="\n", flush=True)
    for r in ROWS:
        if r.torch in (conv_net, gpt2):
            data, parameters = map(single, r.draw(np.random.default_rng(0)))
            print(*compare(name_of(r.network), r.network, data, parameters, r.torch), sep="\n", flush=True)


if __name__ == "__main__":
    main("--quick" in sys.argv)
