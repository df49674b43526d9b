"""Networks made up at random, as texts in the network language; the same seed gives the same text.

A `Draft` is a network being written: a pool of tensors, to which each move (`random_moves`) adds one. Both notations
mix, parameters are shared, sizes may be 1 or equal, names collide with what a module uses itself.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.autograd.modules import Draw, distribution, small, unit
from tests.autograd.random_data import bits, positive, row_stochastic, symmetric

Shape = tuple[str, ...]

SIZES = (("N", "D", "H", "K"), ("B", "T", "C", "M"), ("batch", "width", "L", "E"), ("Q", "R", "S", "np1"))
# The depth of a network, the widths of its layers.
MORE_SIZES = ("depth", "wd")
PLAIN = tuple(f"{letter}{number}" for number in range(1, 9) for letter in ("z", "a", "W", "b", "v", "x"))
# Names that a module uses itself, that Python has, that adjoints and scratch arrays are called, Greek ones.
AWKWARD = (
    *(
        "loss",
        "forward",
        "loss_and_gradients",
        "sgd_step",
        "parameters",
        "gradients",
        "learning_rate",
        "DATA",
        "SHAPES",
    ),
    *("FACTS", "PARAMETERS", "LABELS", "dtype", "ones", "name", "shapes", "arrays", "array", "value", "result", "axis"),
    *("len", "zip", "map", "float", "int", "bool", "type", "tuple", "isinstance", "ValueError", "math", "numpy", "any"),
    *("z1_bar", "a1_bar", "x_bar", "W1_bar", "L_bar", "p_exp", "p_sum", "z1_mask", "mask", "grad", "dL", "sizes"),
    *("alpha", "beta", "gamma", "delta", "eps", "eta", "theta", "lam", "mu", "nu", "xi", "rho", "sigma", "tau", "phi"),
    *("chi", "psi", "omega", "ell", "e", "d", "i", "l", "I", "O", "X", "Z1", "A1", "w1", "x1_2", "under_score", "LL"),
)
LETTERS = (*"abchjkmnopqrstuvwyz", "row", "col", "jj", "n1")

HEAD = """from symbp import Array, Data, Labels, Param, dims, function, network

{sizes} = dims("{words}")
{functions}

def soft_abs(z):
    return sqrt(z * z + 1) - 1


def bump(z, width=2):
    return exp(-(z**2) / width) * (1 + z)


def normalised(z, eps=0.1):
    c = z - mean(z, axis=-1, keepdims=True)
    return c / sqrt(mean(c * c, axis=-1, keepdims=True) + eps)


def mish(z):
    return z * tanh(log1p(exp(z)))


def gate(z, g):
    s = sigmoid(g)
    return s * z, 1 - s


@network
"""


@dataclass(frozen=True)
class Tensor:
    """An expression of the language, a name for most, with its shape."""

    text: str
    shape: Shape


@dataclass(frozen=True)
class RandomNetwork:
    """The text of a file, the name of the network in it that is meant, and how its data are drawn."""

    text: str
    draws: Mapping[str, Draw]
    name: str = "net"


@dataclass
class Draft:
    """A network being written."""

    rng: random.Random
    sizes: tuple[str, ...]
    names: list[str]
    letters: list[str]
    lines: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    data: dict[str, Shape] = field(default_factory=dict)
    labels: dict[str, Shape] = field(default_factory=dict)
    parameters: dict[str, Shape] = field(default_factory=dict)
    lists: dict[str, Shape] = field(default_factory=dict)
    functions: dict[str, None] = field(default_factory=dict)
    pool: list[Tensor] = field(default_factory=list)
    draws: dict[str, Draw] = field(default_factory=dict)

    def name(self) -> str:
        """A name that is not used yet."""
        return self.names.pop()

    def size(self) -> str:
        """A size with a name, now and then a number."""
        return self.rng.choice((*self.sizes, *self.sizes, *self.sizes, "1", "2", "3"))

    def pick(self, *ranks: int) -> Tensor:
        """One of the last tensors of such a rank; a new parameter where there is none."""
        fitting = [t for t in self.pool if len(t.shape) in ranks]
        if not fitting:
            return self.parameter(*(self.size() for _ in range(self.rng.choice(ranks))))
        return self.rng.choice(fitting[-3:] if self.rng.random() < 0.8 else fitting)

    def like(self, shape: Shape) -> Tensor:
        """A tensor of that shape: one that is there, or a new parameter."""
        fitting = [t for t in self.pool if t.shape == shape]
        return self.rng.choice(fitting) if fitting and self.rng.random() < 0.7 else self.parameter(*shape)

    def parameter(self, *shape: str) -> Tensor:
        """A new parameter, or now and then one of that shape that is already there."""
        fitting = [n for n, s in self.parameters.items() if s == shape]
        if fitting and self.rng.random() < 0.5:
            return Tensor(self.rng.choice(fitting), shape)
        name = self.name()
        self.parameters[name] = shape
        return Tensor(name, shape)

    def given(self, shape: Shape, draw: Draw = small) -> Tensor:
        """New data."""
        name = self.name()
        self.data[name], self.draws[name] = shape, draw
        return Tensor(name, shape)

    def define(self, text: str, shape: Shape) -> Tensor:
        """One more tensor in array notation; now and then it gets no name and is used as it stands."""
        if len(text) < 120 and self.rng.random() < 0.25:
            tensor = Tensor(f"({text})", shape)
        else:
            tensor = Tensor(self.name(), shape)
            self.lines.append(f"{tensor.text} = {text}")
        self.pool.append(tensor)
        return tensor

    def entries(self, letters: tuple[str, ...], text: str, shape: Shape, *, stated: bool = False) -> Tensor:
        """One more tensor in index notation; what only guarded reads bound must state how far it goes."""
        tensor = Tensor(self.name(), shape)
        left = [f"{i}: {s}" if stated else i for i, s in zip(letters, shape, strict=True)]
        self.lines.append(f"{tensor.text}[{', '.join(left)}] = {text}")
        self.pool.append(tensor)
        return tensor

    def indices(self, count: int) -> tuple[str, ...]:
        """Different index letters."""
        return tuple(self.rng.sample(self.letters, count))


def over(letter: str, size: str) -> str:
    """`for n in N`, or over a range where the size is a number."""
    return f"for {letter} in {size if size.isidentifier() else f'range({size})'}"


Move = Callable[[Draft], None]


def start(rng: random.Random) -> Draft:
    """A draft with one input, every size in it or in what comes."""
    names = [*rng.sample(PLAIN, len(PLAIN))]
    for place in range(0, len(names), rng.choice((2, 3, 9))):
        names.insert(place, rng.choice(AWKWARD))
    names = list(dict.fromkeys(names))
    sizes = rng.choice(SIZES)[: rng.choice((2, 3, 4))]
    names = [n for n in names if n not in sizes]
    letters = [i for i in LETTERS if i not in names and i not in sizes]
    draft = Draft(rng, sizes, names[::-1], letters)
    shape = tuple(rng.choice(sizes) for _ in range(rng.choice((1, 2, 2, 2, 2, 3))))
    draft.pool.append(draft.given(shape))
    return draft


def some_data(d: Draft) -> Tensor:
    """Data of the shape of a tensor at hand, for half of them with a fact that is stated."""
    shape = d.pick(0, 1, 2, 3).shape
    kind = d.rng.choice(["plain", "plain", *(FACTS if shape else ("plain",))])
    if kind == "plain":
        return d.given(shape)
    if kind == "symmetric":
        shape = (shape[0], shape[0])
    statement, draw = FACTS[kind]
    tensor = d.given(shape, draw)
    letters = d.indices(len(shape))
    entry = f"{tensor.text}[{', '.join(letters)}]"
    turned = f"{tensor.text}[{', '.join(letters[::-1])}]"
    d.facts.append("assert " + statement.format(entry=entry, turned=turned, last=over(letters[-1], shape[-1])))
    return tensor


FACTS: dict[str, tuple[str, Draw]] = {
    "sum": ("sum({entry} {last}) == 1", distribution),
    "mean": ("mean({entry} {last}) == 1", row_stochastic),
    "range": ("0 <= {entry} <= 1", unit),
    "positive": ("{entry} > 0", positive),
    "set": ("{entry} in (0, 1)", bits),
    "symmetric": ("{entry} == {turned}", symmetric),
}


def make(seed: int) -> RandomNetwork:
    """The network of that seed."""
    from tests.autograd.random_depth import DEPTHS
    from tests.autograd.random_layers import LAYERS, LOOPS
    from tests.autograd.random_library import LIBRARY
    from tests.autograd.random_moves import MOVES, finish

    rng = random.Random(seed)
    draft = start(rng)
    kinds = (MOVES, MOVES, (*MOVES, *LAYERS), LAYERS, (*LOOPS, *LOOPS, *MOVES[:14]))
    more = (LIBRARY, (*LIBRARY, *MOVES[:12]), (*DEPTHS, *MOVES[:8]), (*DEPTHS, *LIBRARY, *LAYERS, *LOOPS))
    moves = rng.choice((*kinds, *more))
    for _ in range(rng.randint(2, 8) if moves in kinds else rng.randint(1, 5)):
        rng.choice(moves)(draft)
    result = finish(draft)
    return RandomNetwork(_text(draft, result), draft.draws)


def _text(draft: Draft, result: str) -> str:
    given = {n: f"{n}: Data[{', '.join(s)}]" if s else f"{n}: Data" for n, s in draft.data.items()}
    learned = {n: f"{n}: Param[{', '.join(s)}]" if s else f"{n}: Param" for n, s in draft.parameters.items()}
    learned |= {n: f"{n}: Param[{', '.join(s)}]" for n, s in draft.lists.items()}
    given |= {n: f"{n}: Labels[{', '.join(s)}]" for n, s in draft.labels.items()}
    arguments = [*given.values(), *learned.values()]
    if draft.rng.random() < 0.2:
        draft.rng.shuffle(arguments)
    shapes = (*draft.data.values(), *draft.parameters.values(), *draft.labels.values(), *draft.lists.values())
    words = {word for shape in shapes for e in shape for word in re.findall(r"\w+", e)}
    used = [s for s in (*draft.sizes, *MORE_SIZES) if s in words]
    head = HEAD.format(
        sizes=", ".join(used) + ("," if len(used) == 1 else ""),
        words=" ".join(used),
        functions="".join(f'{f} = function("{f}")\n' for f in draft.functions),
    )
    body = "".join(f"    {line}\n" for line in [*draft.facts, *draft.lines, f"return {result}"])
    return f"{head}def net({', '.join(arguments)}):\n{body}"


def write(seed: int) -> str:
    """The text of the network of that seed."""
    return make(seed).text
