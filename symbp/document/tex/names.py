"""How names look in print: one look each, no two alike, and the number of a name is kept.

`W1` is W^(1), in bold where it is a matrix as a whole; `lam` is the Greek letter; what is no single letter is set
as a word. A look that is already taken, by a size, an index letter, a function or another tensor, is passed over
for the next candidate; the last candidate, the name spelt out as a word, is always free.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from symbp.calculus.steps import VARIABLE
from symbp.core.functions import FUNCTIONS
from symbp.core.integers import Poly
from symbp.document.letters import locals_of
from symbp.document.model import BAR, DELTA, PARTIAL
from symbp.document.tex.letters import MOST_LETTERS, Look, _letter, candidates
from symbp.escape import in_tex


@dataclass(frozen=True, slots=True)
class Names:
    """The looks of everything that a document names. Make one with `choose_names`.

    `tensors` has the look of an entry, `matrices` that of the whole, `vectors` that of a slice of one dimension;
    `adjoints` maps an adjoint to its quantity, and `tangents` a tangent. `extents` are letters for long ones.
    Adjoints are written in a `notation`, as those of a `loss`; those of `parameters` are never called an error.
    """

    tensors: Mapping[str, Look]
    matrices: Mapping[str, str]
    sizes: Mapping[str, str]
    indices: Mapping[str, str]
    functions: Mapping[str, str]
    adjoints: Mapping[str, str] = field(default_factory=dict)
    tangents: Mapping[str, str] = field(default_factory=dict)
    e_is_free: bool = True
    vectors: Mapping[str, str] = field(default_factory=dict)
    extents: tuple[tuple[Poly, str], ...] = ()
    notation: str = BAR
    loss: str = ""
    parameters: frozenset[str] = frozenset()

    def noted(self, tensor: str) -> str:
        """How what it stands for is written: as an adjoint by its notation, else plain."""
        if tensor not in self.adjoints or tensor in self.tensors or tensor in self.tangents:
            return BAR
        gradient = self.adjoints[tensor] in self.parameters
        return PARTIAL if self.notation == DELTA and gradient else self.notation

    def is_fraction(self, tensor: str) -> bool:
        """Is it written as a fraction of partials?"""
        return self.noted(tensor) == PARTIAL

    def entry(self, tensor: str, subscript: str, small: bool = False) -> str:
        """W^{(1)}_{dh}, with an overline where it is an adjoint and a dot where it is a tangent."""
        return self._written(tensor, lambda name, look: look.letter, subscript, small)

    def has_label(self, tensor: str) -> bool:
        """Does its look have something in the place of an exponent, or a bar?"""
        look = self._look(tensor)[1]
        return (bool(look.label) and not look.below) or self.noted(tensor) != BAR

    def whole(self, tensor: str, transposed: bool = False, small: bool = False) -> str:
        """The tensor as a matrix, a vector or a number."""
        return self._written(tensor, lambda name, look: self.matrices[name], "", small, transposed)

    def slice(self, tensor: str, subscript: str, rank: int, transposed: bool = False) -> str:
        """The slice at the first subscripts, of `rank` dimensions: a matrix keeps the tensor's capital."""
        letters = self.matrices if rank > 1 else self.vectors
        return self._written(tensor, lambda name, look: letters[name], subscript, False, transposed)

    def _written(
        self, tensor: str, letter: Callable[[str, Look], str], subscript: str, small: bool, transposed: bool = False
    ) -> str:
        """What is written for a tensor whose letter is known: an adjoint in the notation that is chosen."""
        name, look, marks = self._look(tensor)
        below = f"_{{{subscript}}}" if subscript else ""
        top = "\\top" if transposed else ""
        match self.noted(tensor):
            case "partial":
                over, under = (f"\\partial {t}" for t in (self.loss, _with_label(look, (), letter(name, look)) + below))
                fraction = f"{over}/{under}" if small else f"\\frac{{{over}}}{{{under}}}"
                left, right = ("(", ")") if small else ("\\biggl(", "\\biggr)")
                return f"{left}{fraction}{right}^{{{top}}}" if transposed else fraction
            case "delta":
                plain = look.letter if look.word else letter(name, look)
                sign = "\\delta" if plain == look.letter else "\\boldsymbol{\\delta}"
                own = _with_label(look, (), look.letter)
                return f"{sign}^{{{own}{top}}}{below}"
        return _with_label(look, marks, letter(name, look), top) + below

    def _look(self, tensor: str) -> tuple[str, Look, tuple[str, ...]]:
        """The quantity that a name is made of, its look, and the marks above that, the lowest first."""
        marks: tuple[str, ...] = ()
        for mark, table in (("\\dot", self.tangents), ("\\adj", self.adjoints)):
            if tensor in table and tensor not in self.tensors:
                tensor, marks = table[tensor], (mark, *marks)
        return tensor, self.tensors[tensor], marks

    def knows(self, name: str) -> bool:
        """Is it a tensor, an adjoint or a tangent?"""
        return name in self.matrices or name in self.adjoints or name in self.tangents

    def function(self, name: str) -> str:
        """An unknown function, or one of the library by its name."""
        return self.functions.get(name) or f"\\operatorname{{{in_tex(name).replace('-', '')}}}"


def _with_label(look: Look, marks: tuple[str, ...], letter: str, more: str = "") -> str:
    for mark in marks:
        letter = f"{mark}{{{letter}}}"
    below = f"_{{{look.label}}}" if look.below else ""
    above = ("" if look.below else look.label) + more
    return letter + below + (f"^{{{above}}}" if above else "")


@dataclass(slots=True)
class _Desk:
    """Where looks are given out."""

    taken: set[str]

    def take(self, looks: Iterable[Look], fallback: str) -> Look:
        for look in looks:
            if look.key not in self.taken:
                self.taken.add(look.key)
                return look
        count = 1
        while (last := Look(f"\\mathit{{{fallback}}}", f"[{count}]", word=True)).key in self.taken:
            count += 1
        self.taken.add(last.key)
        return last


RESERVED = ("\\delta", "e", "\\partial", "\\eta")
MOST_PRIMES = 2  # of extents that borrow one letter


def choose_names(
    ranks: Mapping[str, int],
    sizes: Iterable[str],
    indices: Iterable[str],
    functions: Iterable[str],
    calls: Iterable[str],
    adjoints: Mapping[str, str],
    tangents: Mapping[str, str] | None = None,
    extents: Iterable[tuple[str, Poly]] = (),
) -> Names:
    """Give every name its look: sizes first, then functions, index letters and tensors (`ranks` in the order of the
    file). `extents` are long extents, each with the size whose letter it is to have, primed or numbered.
    """
    used, functions_called = [*ranks, *indices], tuple(calls)
    e_is_free = "e" not in used and "e" not in functions
    desk = _Desk({f"{r}^" for r in (*RESERVED, *_letters_of(functions_called)) if r != "e" or e_is_free})
    size_looks = {s: _flat(desk.take(candidates(s, below=True), in_tex(s))) for s in sizes}
    borrowed = tuple(extents)
    many = Counter(s for s, _ in borrowed)
    primed = tuple((p, _primed(size_looks[s], desk, many[s])) for s, p in borrowed)
    function_looks = {f: _flat(desk.take(candidates(f, below=True), in_tex(f))) for f in functions}
    if "sigmoid" in functions_called and "\\sigma^" not in desk.taken:
        desk.taken.add("\\sigma^")
        function_looks["sigmoid"] = "\\sigma"
    indexed = {_stem(t) for t, rank in ranks.items() if rank}
    briefly = {t: _brief(t, functions_called) for t in ranks}
    inner = {t: (briefly[caller], local) for t, (caller, local) in locals_of(tuple(ranks)).items()}
    often = Counter([*(local for _, local in inner.values()), *ranks])
    tensors = {
        t: desk.take(
            (*_inner(inner.get(t), often), *_shorter(t, ranks, functions_called), *_own(t, briefly[t], indexed)),
            in_tex(t),
        )
        for t in ranks
    }
    letters = {i: _index(i, desk) for i in dict.fromkeys(indices)}
    tensors[VARIABLE] = desk.take([Look("\\xi"), Look("\\zeta"), *(Look(c) for c in "uvsrqxyzwtpcbadghkmn")], "u")
    return Names(
        tensors,
        _matrices(ranks, tensors),
        size_looks,
        letters,
        function_looks,
        dict(adjoints),
        dict(tangents or {}),
        e_is_free,
        _matrices(dict.fromkeys(ranks, 1) | {t: 0 for t, rank in ranks.items() if not rank}, tensors),
        primed,
    )


def _letters_of(calls: Iterable[str]) -> Iterator[str]:
    """The letters by which elementary functions are called."""
    return (FUNCTIONS[c].letter for c in calls if c in FUNCTIONS and FUNCTIONS[c].letter)


def _inner(inner: tuple[str, str] | None, often: Mapping[str, int]) -> Iterator[Look]:
    """The looks of a quantity within another: its own letter, with whose it is where there are two: mu^[w]."""
    if inner is not None:
        caller, local = inner
        look = next(iter(candidates(local)))
        yield look if often[local] == 1 else replace(look, label=f"[{_bracketed(caller)}]")


def _brief(name: str, functions: Iterable[str]) -> str:
    """What is named after the function that makes it, by the first letters of that: a_batch_norm is a_bn."""
    for f in functions:
        if "_" in f and name.endswith(f"_{f}"):
            return name.removesuffix(f) + "".join(word[0] for word in f.split("_"))
    return name


def _own(name: str, brief: str, indexed: Collection[str]) -> Iterable[Look]:
    return candidates(brief, below=_stem(name) not in indexed)


def _shorter(name: str, names: Iterable[str], functions: Iterable[str]) -> Iterable[Look]:
    """The looks of what goes into a function and is called after what that makes: r^in of r_softmax_in, and L^pred of
    L_prediction.
    """
    caller, _, local = name.rpartition("_")
    if caller in names and _letter(caller) and len(local) > MOST_LETTERS and local not in functions:
        return [look for look in candidates(f"{caller}_{local[:4]}") if not look.word]
    if caller not in names or not any(caller.endswith(f"_{f}") for f in functions):
        return ()
    return [look for look in candidates(f"{caller.partition('_')[0]}_{local}") if not look.word]


def _bracketed(caller: str) -> str:
    look = next(iter(candidates(caller, below=True)))
    return _flat(look)


def _primed(size: str, desk: _Desk, many: int) -> str:
    """I' and I''; of more I_1, I_2 and so on, since nobody counts primes."""
    signs = ["'" * count if many <= MOST_PRIMES else f"_{{{count}}}" for count in range(1, 10)]
    return desk.take([Look(size + sign) for sign in signs], "extent").key.rstrip("^")


def _stem(name: str) -> str:
    """The name without its number: w1 must not look like entry 1 of w."""
    return name.rstrip("0123456789").rstrip("_")


def _flat(look: Look) -> str:
    return _with_label(look, (), look.letter)


def _index(name: str, desk: _Desk) -> str:
    """An index letter; one that a tensor has already wears a tilde, one with a number has it below.

    A `_` behind the name is a prime.
    """
    plain = name.rstrip("_")
    primes = "'" * (len(name) - len(plain))
    looks = tuple(replace(look, letter=look.letter + primes) for look in candidates(plain, below=True))
    tilde = (replace(look, letter=f"\\tilde{{{look.letter}}}") for look in looks)
    return _flat(desk.take((*looks[:1], *tilde, *looks[1:]), in_tex(name)))


def _matrices(ranks: Mapping[str, int], looks: Mapping[str, Look]) -> dict[str, str]:
    """The letters of whole tensors: bold, a capital where the tensor is a matrix and nothing else is called that."""
    taken = {(look.letter, look.label) for look in looks.values()}
    result = {}
    for name, rank in ranks.items():
        look = looks[name]
        letter, capital = look.letter, look.letter.upper()
        if rank == 0:
            result[name] = letter
        elif look.word:
            result[name] = letter.replace("\\mathit", "\\mathbf")
        elif mark := re.fullmatch(r"(\\(?:hat|tilde))\{(\w)\}", letter):
            capital = f"{mark[1]}{{{mark[2].upper()}}}"
            free = rank >= 2 and (capital == letter or (capital, look.label) not in taken)
            result[name] = f"{mark[1]}{{\\mathbf{{{mark[2].upper() if free else mark[2]}}}}}"
        elif letter.startswith("\\"):
            result[name] = f"\\boldsymbol{{{letter}}}"
        else:
            free = rank >= 2 and (capital == letter or (capital, look.label) not in taken)
            result[name] = f"\\mathbf{{{capital if free else letter}}}"
    return result
