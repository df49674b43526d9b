"""Imports run one way. The tables say what each room may import; whatever they do not name is refused."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "symbp"

# room: what it may import of symbp (a room, or one module of a room)
INSIDE = {
    "errors": ("escape",),
    "accents": (),
    "escape": ("accents",),
    "core": ("errors", "escape"),
    "matrix": ("errors", "core"),
    "networks": (),
    "library": (),
    "notation": ("errors", "escape", "core", "library"),
    "calculus": ("errors", "core"),
    "lowering": ("errors", "escape", "core", "matrix", "calculus.steps"),
    "emit": ("errors", "escape", "core", "lowering.program", "lowering.uses", "templating"),
    "verify": ("errors", "core", "calculus.steps"),
    "review": ("errors", "escape", "core", "verify", "notation.text", "calculus.steps"),
    "claims": ("errors", "core", "notation", "symbolic", "review", "calculus.steps"),
    "document": ("errors", "escape", "core", "matrix", "calculus.steps", "templating"),
    "symbolic": ("errors", "escape", "core"),
    "importing": ("errors", "escape", "core", "notation"),
    "imported": ("importing", "pipeline", "sources"),
    "templating": (),
    "apart": (),
    "files": ("errors",),
    "sources": ("errors", "escape", "networks", "notation"),
    "pipeline": (
        *("errors", "escape", "core", "networks", "notation", "calculus", "lowering", "emit"),
        *("verify", "symbolic", "document", "sources", "apart", "findings", "wrt", "derived"),
    ),
    "findings": ("errors", "escape", "core"),
    "wrt": ("core", "sources"),
    "derived": ("core", "calculus.steps", "document", "symbolic"),
    "builds": ("apart", "pipeline"),
    "show": ("escape", "core", "notation", "pipeline", "findings"),
    "__main__": ("cli",),
    "live": (
        *("pipeline", "derived", "findings", "sources", "symbolic", "notation.write", "imported", "files", "review"),
        *("calculus.steps", "core.network", "core.equality"),  # for types alone
    ),
    "cli": (
        *("errors", "escape", "core", "pipeline", "builds", "sources", "files", "show"),
        *("review", "claims", "imported", "__version__"),
    ),
}

# third-party package: the rooms that may import it
OUTSIDE = {
    "sympy": ("live", "core", "notation", "calculus", "lowering", "verify", "document", "symbolic", "claims"),
    "mpmath": ("verify",),
    "numpy": ("verify", "review", "claims", "lowering", "importing", "imported"),
    "torch": ("importing",),  # by `traced` alone, which is imported where a module is to be read
    "jinja2": ("templating",),
    "rich": ("show",),
    "click": ("cli",),
}

# Rooms written in the network language are read, never run; what they import is the language itself.
LANGUAGE = ("networks", "library")


# What a user meets first imports the rest on first use: `symbp --help` and `import symbp` cost next to nothing.
DOORS = ("cli", "live")


def room(path: Path) -> str:
    """The folder below symbp, or the file itself at the top."""
    parts = path.relative_to(PACKAGE).parts
    return parts[0].removesuffix(".py")


def files() -> list[Path]:
    """Every Python file of the package that is run."""
    return [
        p
        for p in sorted(PACKAGE.rglob("*.py"))
        if p != PACKAGE / "__init__.py" and not (room(p) in LANGUAGE and p.name != "__init__.py")
    ]


def imports(path: Path) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that a file imports, at whatever depth, as a dotted name; names imported from symbp are appended."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            module = node.module or ""
            inner = module == "symbp" or (PACKAGE / module.removeprefix("symbp.").replace(".", "/")).is_dir()
            yield from ((f"{module}.{a.name}" if inner else module, node) for a in node.names)


def allowed(here: str, name: str) -> bool:
    top, _, rest = name.partition(".")
    if top == "symbp":
        return any(rest == a or rest.startswith(f"{a}.") for a in (here, *INSIDE[here]))
    return top in sys.stdlib_module_names or here in OUTSIDE.get(top, ())


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    assert [name for name, _ in imports(path) if not allowed(room(path), name)] == []


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_only_the_doors_import_inside_functions(path: Path) -> None:
    top = ast.parse(path.read_text()).body
    guarded = [n for s in top if isinstance(s, ast.If) for n in s.body]  # if TYPE_CHECKING
    lines = {s.lineno for s in [*top, *guarded]}
    assert room(path) in DOORS or [name for name, node in imports(path) if node.lineno not in lines] == []


def test_no_import_cycle() -> None:
    graph = {module(p): {n for n, _ in imports(p) if n.startswith("symbp.")} for p in files()}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path, name))
        if name in done or name not in graph:
            return
        for other in sorted(graph[name]):
            visit(other, (*path, name))
        done.add(name)

    for name in sorted(graph):
        visit(name, ())


def module(path: Path) -> str:
    return ".".join(("symbp", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


def test_generated_modules_import_numpy_alone() -> None:
    modules = sorted((ROOT / "generated").glob("*/gradients.py"))
    found = {path.parent.name: {name.partition(".")[0] for name, _ in imports(path)} for path in modules}
    assert {name: wrong for name, tops in found.items() if (wrong := tops - {"numpy", "math"})} == {}
