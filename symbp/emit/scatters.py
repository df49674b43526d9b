"""Slices added up: a loop over the kernel's offsets, a line for what each adds."""

from __future__ import annotations

from symbp.core.integers import Poly
from symbp.emit.formula import ATOM, Text, size
from symbp.emit.views import slice_text
from symbp.emit.words import RANGE
from symbp.lowering.program import Statement


def scatter_lines(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`target[...] = 0`, then for each offset `target[:, u : u + I] += part[u]`.

    Where the first offsets tile the array, what they add is written, and there are zeros behind it alone.
    """
    names, counts, spans = s.detail
    letters = {n: f"_{n}" for n in names}  # type: ignore[attr-defined]
    tiles = _tiles(names, spans)  # type: ignore[arg-type]
    lines = [f"{target}[...] = 0" if tiles is None else _behind(target, spans, tiles, counts[0])]  # type: ignore[arg-type, index]
    indent = ""
    for n, count in zip(names, counts, strict=True):  # type: ignore[call-overload]
        lines.append(f"{indent}for {letters[n]} in {RANGE}({size(count).code}):")
        indent += "    "
    places = [":" if span is None else _slice(span, letters) for span in spans]  # type: ignore[attr-defined]
    while places[-1] == ":":
        places.pop()
    part = f"{args[0].within(ATOM)}[{', '.join(letters.values())}]" if letters else args[0].code
    if len(args) > 1:
        lines.append(indent + _product(s, part, args))
        part = args[3].code
    place = f"{target}[{', '.join(places)}]"
    if tiles is None:
        return (*lines, f"{indent}{place} += {part}")
    first = f"{indent}if {letters[names[0]]} < {size(tiles).code}:"  # type: ignore[index]
    return (*lines, first, f"{indent}    {place} = {part}", f"{indent}else:", f"{indent}    {place} += {part}")


def _tiles(names: tuple[str, ...], spans: tuple) -> Poly | None:  # type: ignore[type-arg]
    """How many offsets tile the array from its start, which is the step: slices that each offset moves by one."""
    moved = [span for span in spans if span is not None]
    if len(names) != 1 or len(moved) != 1:
        return None
    ((base, moves, _, step),) = moved
    plain = not base.terms and tuple(moves) == ((names[0], Poly.of(1)),) and (step.constant or 0) > 0
    return step if plain else None


def _behind(target: str, spans: tuple, tiles: Poly, offsets: Poly) -> str:  # type: ignore[type-arg]
    """`target[:, 2 * J :] = 0`; all of it where there may be fewer offsets than tile it."""
    axis = next(k for k, span in enumerate(spans) if span is not None)
    reach = size(tiles * spans[axis][2]).code
    if tiles != Poly.of(1) and not (offsets.constant or 0) >= (tiles.constant or 0):
        reach = f"{reach} if {size(tiles).code} <= {size(offsets).within(9)} else 0"
    return f"{target}[{':, ' * axis}{reach} :] = 0"


def _product(s: Statement, kernel: str, args: tuple[Text, ...]) -> str:
    """`np.matmul(kernel[u], right, out=room)`: what is added at an offset, its rows made one."""
    whole, _, room, *_ = s.arrays
    rows = f"{size(room.shape[-2]).code}, {size(whole.shape[-1]).code}"
    left = kernel if len(whole.shape) == 3 else f"{kernel}.reshape({rows})"
    return f"np.matmul({left}, {args[1].code}, out={args[2].code})"


def _slice(span: tuple, letters: dict[str, str]) -> str:  # type: ignore[type-arg]
    base, moves, count, step = span
    terms = [letters[n] if c == Poly.of(1) else f"{size(c).within(9)} * {letters[n]}" for n, c in moves]
    start = " + ".join([*terms, *([size(base).code] if base.terms else [])]).replace("+ -", "- ")
    reach = step * (count - 1) + 1
    stop = f"{start} + {size(reach).within(8)}"
    return f"{start} : {stop}" + ("" if step == Poly.of(1) else f" : {size(step).code}")


def added_lines(s: Statement, args: tuple[Text, ...], target: str) -> tuple[str, ...]:
    """`target[...] = 0`, then `target[:, 0 : 2 * I : 2] += part` for each part; where parts tile it, 0 behind them."""
    all_spans, apart, ends = s.detail
    if ends is None:
        lines = [f"{target}[...] = 0"]
    else:
        behind = [(k, e) for k, e in enumerate(ends) if e is not None]  # type: ignore[arg-type, var-annotated]
        lines = [f"{target}[{':, ' * k}{size(e).code} :] = 0" for k, e in behind]
    for part, spans in zip(args, all_spans, strict=True):  # type: ignore[call-overload]
        places = [slice_text(d) for d in spans]
        while places[-1] == ":":
            places.pop()
        lines.append(f"{target}[{', '.join(places)}] {'=' if apart else '+='} {part.code}")
    return tuple(lines)
