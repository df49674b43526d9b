"""One derivation for every size: `python -m tests.benchmarks.one_derivation`.

`mlp` and `lstm` are derived and lowered once, with their depth, time and widths as symbols. The one module is then run
at several of each and compared with float64 PyTorch autograd. `--quick` takes two sizes of each.
"""

from __future__ import annotations

import sys

from symbp.pipeline import Build
from symbp.sources import find_source
from tests.autograd.compare import by_hand, errors
from tests.autograd.models import MODELS
from tests.autograd.modules import draw_inputs, module_of
from tests.benchmarks.timing import row

LENGTHS = {"mlp": ("L", (1, 2, 3, 7, 12)), "lstm": ("T", (1, 2, 5, 60, 200))}


def main(quick: bool) -> None:
    """Print a row for each network, and below it what was run."""
    for name, (letter, lengths) in LENGTHS.items():
        build = Build(find_source(name))
        module, derivations = module_of(build.module[0], name), 1
        found = [_run(module, name, letter, n) for n in (lengths[:2] if quick else lengths)]
        assert max(error for _, error in found) <= 1e-10
        equations = len(build.derivation.backward.equations)
        what = f"{name}: derivations, {equations} equations, for every {letter} and every width"
        print(row(what, derivations, 1))
        print(f"  run at {'; '.join(sizes for sizes, _ in found)}")
        print(f"  largest relative error to float64 autograd {max(error for _, error in found):.0e}")


def _run(module, name: str, letter: str, length: int) -> tuple[str, float]:  # type: ignore[no-untyped-def]
    """The sizes and the error of a run at that length, the widths drawn at random."""
    model = MODELS[name]
    inputs = draw_inputs(module, model.draws, length, {**model.sizes, letter: (length, length + 1)})
    error = max(errors(module, inputs, by_hand(model.loss, module.PARAMETERS, inputs)).values())
    return f"{letter} = {length} {_widths(inputs)}", error


def _widths(inputs) -> str:  # type: ignore[no-untyped-def]
    """The shapes of the weights: 3x4x5 for two layers from 3 to 4 and from 4 to 5."""
    first = next(v for n, v in inputs.items() if n.startswith("W"))
    if isinstance(first, list):
        return "x".join(map(str, (first[0].shape[0], *(w.shape[1] for w in first))))
    return f"D = {inputs['x'].shape[-1]} H = {inputs['h0'].shape[-1]}"


if __name__ == "__main__":
    main("--quick" in sys.argv)
