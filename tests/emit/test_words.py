"""A user's words in the module and in the networks that are written: they arrive as text, and never as code."""

from __future__ import annotations

import ast
import builtins
import random
import re
import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.steps import Derivation
from symbp.emit import meant, write
from symbp.emit.meant import demand_meant
from symbp.emit.write import docstring, write_module
from symbp.errors import CheckFailed
from symbp.escape import Prose, cleaned
from symbp.lowering.lower import lower
from symbp.lowering.program import Program
from symbp.notation import write as notation
from symbp.notation.read import read_network
from symbp.notation.words import why_not
from symbp.notation.write import write_network
from tests.emit.emitted import load
from tests.hostile import texts

TEXT = '''from symbp import Data, Param, dims, network
D = dims("D")
@network
def net(x: Data[D], w: Param[D]):
    """Plain words."""
    return sum(w * x) ** 2
'''


@cache
def derivation() -> Derivation:
    return derive(read_network(TEXT))


@cache
def program() -> Program:
    return lower(derivation())


def words(text: str) -> list[str]:
    """What is left of a text when its lines are broken anew."""
    return text.split()


def test_a_docstring_arrives_as_text_in_the_module() -> None:
    plain = load(write_module(program())[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in list(texts(300))[::3]:
            doc = cleaned(text)
            written, places = write_module(replace(program(), doc=doc))
            written.encode("utf-8")
            tree = ast.parse(written)
            found = ast.get_docstring(tree, clean=False)
            assert words(found) == words(docstring(replace(program(), doc=doc)).raw)
            assert " ".join(words(ast.literal_eval(repr(doc.raw)))) in " ".join(words(found))
            module = compile(written, "gradients.py", "exec")
            assert [type(c) for c in module.co_consts].count(str) == [type(c) for c in plain_constants()].count(str)
            assert written.splitlines()[next(iter(places.values()))[0] - 1].lstrip().startswith("#")
    assert plain.PARAMETERS == ("w",)


@cache
def plain_constants() -> tuple[object, ...]:
    return compile(write_module(program())[0], "gradients.py", "exec").co_consts


def test_a_docstring_is_read_back_from_the_networks_that_are_written() -> None:
    backward = derivation().backward
    product = differentiate_along(derivation()).network
    for k, text in enumerate(list(texts(300))[1::2]):
        network = replace(product if k % 10 == 0 else backward, doc=cleaned(text))
        written = write_network(network)
        written.encode("utf-8")
        assert read_network(written) == network


def test_a_docstring_is_read_as_python_reads_it() -> None:
    for doc in ("One.\n\n      Two\n    Three\n    ", "\n    One\n      Two\n", "One", "    One\n"):
        found = read_network(TEXT.replace("Plain words.", doc)).doc
        assert found == Prose(ast.get_docstring(ast.parse(f'def f():\n    """{doc}"""').body[0]))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ['"""; open("ran", "w"); """', "ends with \\", '"""', "\\N{x}", 'a"""\nimport os\n"""']
)
def test_without_its_escape_no_module_and_no_network_is_written(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for room in (write, notation):
        monkeypatch.setattr(room, "in_python", lambda prose, _place: prose.raw if isinstance(prose, Prose) else prose)
    with pytest.raises(CheckFailed, match=r"gradients\.py does not say what was meant"):
        write_module(replace(program(), doc=Prose(text)))
    with pytest.raises((CheckFailed, SyntaxError)):
        write_network(replace(derivation().backward, doc=Prose(text)))


def test_a_comment_that_ends_its_line_is_no_code(monkeypatch: pytest.MonkeyPatch) -> None:
    first = next(r for r in program().routines if r.name == "loss_and_gradients")
    others = tuple(r for r in program().routines if r is not first)
    bad = replace(first.statements[-1], numbers=(1,), comment="x\n    import os")
    spoilt = replace(program(), routines=(*others, replace(first, statements=(*first.statements[:-1], bad))))
    assert "\\n    import os" in write_module(spoilt)[0]
    monkeypatch.setattr("symbp.emit.body.in_python", lambda text, _place: text)
    with pytest.raises(CheckFailed, match="have become code"):
        write_module(spoilt)


REACHING = [
    ("open('x')", "open"),
    ("eval('1')", "eval"),
    ("__import__('os')", "__import__"),
    ("globals()", "globals"),
    ("breakpoint()", "breakpoint"),
    ("np.load('x')", ".load"),
    ("x.tofile('x')", ".tofile"),
    ("x.__class__", ".__class__"),
    ("().__class__.__base__.__subclasses__()", ".__"),
    ("np._core", "._core"),
]


@pytest.mark.parametrize(("code", "name"), REACHING)
def test_what_reaches_beyond_the_arguments_is_refused(code: str, name: str) -> None:
    text = f'"""Doc."""\nimport numpy as np\ndef f(x):\n    return {code}\n'
    with pytest.raises(CheckFailed, match="it uses") as error:
        demand_meant(text, Prose("Doc."), text)
    assert name in str(error.value)


@pytest.mark.parametrize("line", ["import os", "import numpy", "from os import path", "async def f(): pass", "del np"])
def test_a_module_imports_numpy_and_defines_functions(line: str) -> None:
    text = f'"""Doc."""\nimport numpy as np\n{line}\n'
    with pytest.raises(CheckFailed, match=r"it imports|it has a"):
        demand_meant(text, Prose("Doc."), text)


def test_the_words_that_are_allowed_are_python_s() -> None:
    assert [n for n in meant.HARMLESS if not hasattr(builtins, n)] == []


def test_a_network_may_name_its_things_as_python_does() -> None:
    net = """from symbp import Data, Param, dims, function, network
N, len = dims("N len")
open = function("open")
@network
def exec(eval: Data[N, len], list: Param[len], getattr: Param, str: Data[N]):
    set = open(eval @ list)
    return sum(set * str) * getattr
"""
    module = load(write_module(lower(derive(read_network(net))))[0])
    loss, found = module.loss_and_gradients(
        [[1.0, 2.0]], [3.0], list=[1.0, 1.0], getattr=2.0, open=lambda u: u**2, open_d1=lambda u: 2 * u
    )
    assert loss == 54
    assert found["list"].tolist() == [36, 72]
    assert found["getattr"] == 27


NAMES = (
    *(n for n in dir(builtins) if not n.startswith("_") and n not in ("True", "False", "None")),
    *("names", "shapes", "expected", "tolerance", "value", "values", "array", "arrays", "dtype", "key", "rows", "name"),
    *(
        "shape",
        "parameters",
        "gradients",
        "learning_rate",
        "step",
        "loss",
        "forward",
        "ones",
        "vector",
        "sources",
        "math",
    ),
    *(
        "DATA",
        "PARAMETERS",
        "SHAPES",
        "LABELS",
        "FACTS",
        "loss_and_gradients",
        "sgd_step",
        "numpy",
        "self",
        "cls",
        "owner",
    ),
    *(
        "input1",
        "end",
        "frac",
        "textbf",
        "alpha",
        "hat",
        "write18",
        "e",
        "i",
        "l",
        "O",
        "T",
        "type",
        "match",
        "case",
        "os",
    ),
)
NAMED = """from symbp import Data, Labels, Param, dims, network
{N}, {D}, {K} = dims("{N} {D} {K}")
@network
def {net}({x}: Data[{N}, {D}], {t}: Labels[{N}, {K}], {W}: Param[{D}, {K}], {b}: Param[{K}], {s}: Param):
    assert sum({x}[{n}, {d}] for {d} in {D}) == 1
    {z} = ({x} @ {W} + {b}) * {s}
    return cross_entropy({z}, {t}) + sum({x}[{n}, {d}] * {W}[{d}, 0] for {n} in {N} for {d} in {D})
"""
PLAIN = {k: k for k in ("N", "D", "K", "net", "x", "t", "W", "b", "s", "z", "n", "d")}


def values_of(names: dict[str, str]) -> list[float]:
    """The loss and the gradients of the network with these names, one after the other."""
    network = read_network(NAMED.format(**names))
    written, _ = write_module(lower(derive(network)))
    module = load(written)
    rng = np.random.default_rng(0)
    x = rng.uniform(0.1, 1, (3, 4))
    given = {"W": rng.normal(size=(4, 2)), "b": rng.normal(size=2), "s": 1.5}
    parameters = {names[k]: v for k, v in given.items()}
    loss, found = module.loss_and_gradients(x / x.sum(axis=1, keepdims=True), [0, 1, 1], **parameters)
    return [loss, *(float(v) for k in given for v in np.ravel(found[names[k]]))]


def test_names_change_no_value() -> None:
    right = values_of(PLAIN)
    generator, tried = random.Random(0), 0
    while tried < 25:
        names = dict(zip(PLAIN, generator.sample(NAMES, len(PLAIN)), strict=True))
        if any(why_not(n) for n in names.values()):
            continue
        tried += 1
        assert values_of(names) == pytest.approx(right, rel=1e-12), names


NAMED_LENGTH = """from symbp import Data, Param, dims, network
B, D = dims("B D")
@network
def net(x: Data[B, B], W: Param[B, 3], c: Param[3]):
    pooled = max_pool2d(x, (2, 3), stride=2)
    top = max(relu(pooled), axis=(-2, -1))
    b1[n, k] = mean(x[n, j] * W[j, k] for j in B) + c[k]
    return sum(b1)
"""


def test_a_matrix_in_a_comment_that_is_called_as_a_length_is_not_taken_for_it() -> None:
    text = write_module(lower(derive(read_network(NAMED_LENGTH))))[0]  # which holds it against itself without words
    functions = {f.name: f for f in ast.parse(text).body if isinstance(f, ast.FunctionDef)}
    assigned = {name: "B1 = " in ast.unparse(function) for name, function in functions.items()}
    assert re.search(r"# \[\d+\] B1 = ", text)
    assert assigned["forward"]  # B // 2, the length of what was pooled
    assert not assigned["loss_and_gradients"]
