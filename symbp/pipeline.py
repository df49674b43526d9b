"""From the name of a network to its files: the one place that knows every room.

A `Build` is a sheet of named values, each worked out from those above it when it is first asked for; `STAGES` lists
them in the order in which data passes through them. Nothing is written here: `files` are texts, and they exist only
once every check has passed.
"""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from functools import cached_property, partial
from pathlib import Path

from symbp.apart import Beside, Texts, can_be_apart, done_apart
from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.steps import Derivation, HessianProduct, Key, Local
from symbp.core.canonical import same
from symbp.core.equality import ROUNDING, Check, Equality
from symbp.core.example import Example
from symbp.core.expr import Compare, Read
from symbp.core.integers import Poly
from symbp.core.network import DATA, LABELS, PARAM, Fact, Network, Tensor
from symbp.core.traverse import reads
from symbp.document.claims import for_all_sizes, for_its_sizes
from symbp.document.compose import compose, equalities
from symbp.document.model import BAR, SCALAR, STEPS, Document
from symbp.document.model import VIEWS as VIEWS  # for the commands, as FORMATS and TARGETS
from symbp.document.ranged import one_range
from symbp.document.summary import with_checks
from symbp.document.tex.write import printer_of, write_latex
from symbp.document.views import seen
from symbp.document.words import ENGLISH, Language
from symbp.document.words import LANGUAGES as LANGUAGES
from symbp.emit.write import write_module
from symbp.errors import CheckFailed, NotationError, NoTrial, Span
from symbp.escape import Prose, in_json, on_terminal
from symbp.lowering.logistic import as_defined, is_logistic
from symbp.lowering.lower import placed, pure
from symbp.lowering.program import Program
from symbp.lowering.stability import stabilise
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.sources import Source, SourceError
from symbp.symbolic.check import IMPATIENT, IN_BUILD, PATIENT, Subject, check_symbolic
from symbp.verify.alike import Numbers, alike_equalities, alike_texts
from symbp.verify.equalities import check_equalities, instance_of
from symbp.verify.example import example
from symbp.verify.full_size import check_full_size
from symbp.verify.given import Given, GivenError, given_for
from symbp.verify.hessian import check_hessian
from symbp.verify.lengths import demand_affordable, is_affordable, is_large
from symbp.verify.module import check_module
from symbp.verify.report import report
from symbp.verify.smaller import Smaller, smaller

STAGES = (
    ("network", "reading"),  # text -> Network
    ("derivation", "deriving"),  # Network -> Derivation
    ("product", "differentiating along a vector"),  # Derivation -> HessianProduct, if that is asked for
    ("program", "lowering"),  # Derivation and HessianProduct -> pure array Program
    ("module", "writing the module"),  # Program -> the text of gradients.py
    ("document", "composing the document"),  # Derivation and line numbers -> Document
    ("equality_check", "evaluating every equality"),  # the Document's equalities -> Check
    ("module_checks", "checking the module"),  # the module's text -> Checks
    ("symbolic_checks", "proving the derivation by SymPy"),  # the Derivation -> Checks
    ("files", "writing the files"),  # all of it -> texts by file name
)

# What needs no page: a copy of this process works it out from there on, while this one sees to the page.
BESIDE, FROM = ("module_checks", "symbolic_checks"), "module"

BACKWARD_FILE, HESSIAN_FILE, REPORT_FILE = "backward.py", "hessian.py", "report.json"


@dataclass(frozen=True, slots=True)
class Format:
    """What a derivation can be written as: the name of the file, and the writer from a document and a language."""

    file: str
    write: Callable[[Document, Language], str]

    def file_in(self, lang: str) -> str:
        """The name of the file in a language: derivation.tex, derivation.zh.tex."""
        stem, suffix = self.file.rsplit(".", 1)
        return self.file if LANGUAGES[lang] is ENGLISH else f"{stem}.{lang}.{suffix}"


@dataclass(frozen=True, slots=True)
class Target:
    """What gradients can be written for: the name of the file, and the writer from a pure program to its text."""

    file: str
    write: Callable[[Program], str]


def write_numpy(program: Program) -> str:
    """The module of a pure program."""
    return write_module(placed(program))[0]


FORMATS = {"tex": Format("derivation.tex", write_latex)}
TARGETS = {"numpy": Target("gradients.py", write_numpy)}
MODULE_FILE = TARGETS["numpy"].file  # which is checked, and which the document refers to


@dataclass(frozen=True)
class Build:
    """Everything made of one network; `wrt` names what is differentiated by where that is not the parameters.

    `hvp` says that the Hessian times a vector is wanted too: in the document, in the module, in a file of its own.
    """

    source: Source
    wrt: tuple[str, ...] = ()
    given_module: Path | None = None
    hvp: bool = False
    symbolic: bool | None = None  # is the derivation proved by SymPy: always, never, or where that is little work
    at: Smaller | None = None  # the network itself, at other literal sizes
    formats: tuple[str, ...] = ("tex",)
    languages: tuple[str, ...] = ("en",)
    targets: tuple[str, ...] = ("numpy",)
    detail: str = STEPS  # how much of the derivation is shown; all of it is checked
    notation: str = BAR  # of the derivatives of the loss
    views: tuple[str, ...] = ()  # in which it is shown; if none is named, those that go with the network
    sizes: tuple[tuple[str, int], ...] = ()  # of the example
    data: Path | None = None  # the example's numbers

    @cached_property
    def network(self) -> Network:
        if self.at is not None:
            return self.at.network
        network = read_network(self.source.text, self.source.path, self.source.name)
        return with_respect_to(network, self.wrt) if self.wrt else network

    @cached_property
    def derivation(self) -> Derivation:
        _demand_loss(self.network)
        assert self.given is not None  # what is wrong with it is said before the work
        return derive(self.network)

    @cached_property
    def product(self) -> HessianProduct | None:
        if not self.hvp:
            return None
        if not self.network.parameters:
            raise SourceError(f"--hvp: {self.network.name} has no parameters, so its loss has no Hessian; try --wrt")
        return differentiate_along(self.derivation)

    @cached_property
    def program(self) -> Program:
        return pure(self.derivation, self.product)

    @cached_property
    def module(self) -> tuple[str, dict[int, tuple[int, int]]]:
        """The text of the module, and the first and last line of each equation in it."""
        return write_module(placed(self.program))

    @cached_property
    def example(self) -> Example | None:
        """The numbers that the document shows."""
        if is_large(self.network):
            if self.given:
                raise GivenError(f"{self.network.name} is too large for an example: its sizes are literal numbers")
            return None
        d = one_range(self.derivation)[0]
        return example(d.network, d.with_stations, d.loss, d.adjoints, self.given)

    @cached_property
    def given(self) -> Given:
        """What the user gave of the example."""
        return given_for(self.network, dict(self.sizes), self.data)

    @cached_property
    def stable(self) -> tuple[str, ...]:
        """The quantities that the module computes in another form than that of their definition."""
        d = self.derivation
        computed = {e.name: e.body for e in stabilise(d.backward).equations}
        others = [e for e in d.network.equations if not same(computed[e.name], e.body)]
        plain = as_defined(self.program)
        return tuple(e.name for e in others if not (e.name in plain and is_logistic(e.body)))

    @cached_property
    def document(self) -> Document:
        """The document as far as it can be written before the checks."""
        by_entries = SCALAR in self.views or bool(self.sizes or self.data)
        document = compose(
            self.derivation, self.module[1], (), self.product, self.example, self.stable, scalar=by_entries
        )
        if SCALAR in self.views and not any(s.is_by_entries for s in document.sections):
            apart = "sizes that differ by layer; write its layers one by one to see every entry"
            why = apart if self.network.widths else "too many entries in every tensor; give smaller --sizes"
            raise SourceError(f"--view scalar: {self.network.name} has {why}")
        return document

    @property
    def shown(self) -> Document:
        """What is shown of the document, in which views."""
        document = seen(self.document.at(self.detail), self.views or VIEWS)
        return replace(document, look=replace(document.look, notation=self.notation))

    @cached_property
    def trial(self) -> Build:
        """What is checked in its place: the same at smaller literal sizes, where all that is derived and written is."""
        if self.at is not None or not is_large(self.network):
            return self
        for small in smaller(self.network):
            build = replace(self, given_module=None, at=small)
            if self._is_like(build, Numbers(small.pairs)):
                return build
        with self._trial():
            demand_affordable(self.network)
        return self

    def _is_like(self, small: Build, numbers: Numbers) -> bool:
        claims = for_all_sizes(self.document), for_all_sizes(small.document)
        return alike_equalities(*claims, numbers) and alike_texts(self.module[0], small.module[0], numbers)

    @cached_property
    def equality_check(self) -> Check:
        if self.trial is not self:
            return self.trial.equality_check
        d, p = self.derivation, self.product
        network, tangents = (with_vector(d, p), p.tangents) if p else (d.backward, ())
        with self._trial():
            claims = for_all_sizes(self.document)
            check = check_equalities(network, d.loss, d.adjoints, claims, tangents=tangents)
            if self.example is not None and (single := for_its_sizes(self.document)):
                at = instance_of(self.network, self.example)
                check = _together(check, check_equalities(d.backward, d.loss, d.adjoints, single, at=at))
            return check

    @cached_property
    def module_checks(self) -> tuple[Check, ...]:
        """Of a module whose literal sizes are too large to be checked as they are; itself it runs once at these."""
        if self.given_module is not None and not is_affordable(self.network):
            return check_full_size(self.network, self.trial.network, self.given_module, self._own_module())
        if self.given_module is None and self.trial is not self:
            checks = self.trial.module_checks
            return (*checks, *check_full_size(self.network, self.trial.network, self.module[0]))
        return self._module_checks(self.given_module)

    def _own_module(self) -> str:
        demand_passed(replace(self, given_module=None).module_checks, self.network)
        return self.module[0]

    def _module_checks(self, given: Path | None) -> tuple[Check, ...]:
        d, p, module = self.derivation, self.product, given or self.module[0]
        with self._trial():
            own = given is None
            checks = check_module(self.network, module, backward=d.backward, adjoints=d.gradients, exact=own)
        if p is None:
            return checks
        vectors = with_vector(d, p)
        return (*checks, *check_hessian(self.network, module, vectors, p.network, d.gradients, p.tangents, p.products))

    @cached_property
    def symbolic_checks(self) -> tuple[Check, ...]:
        """The third witness; where nobody asked for it, only if it is little work, which is counted and not timed."""
        if self.symbolic is False:
            return ()
        if self.trial is not self:
            return self.trial.symbolic_checks
        subject = symbolic_subject(self.network, self.derivation, PATIENT if self.symbolic else IMPATIENT)
        if self.symbolic:
            with self._trial():
                return (check_symbolic(subject),)
        with suppress(NoTrial):
            return (check_symbolic(subject),) if subject.cost() <= IN_BUILD else ()
        return ()

    @contextmanager
    def _trial(self) -> Iterator[None]:
        """Inside, what no sizes or no data can be found for is no failed check but a network to be mended."""
        try:
            yield
        except NoTrial as error:
            span = definition_of(error.tensor, self.source.text, self.network)
            raise NotationError(str(error), span, path=self.source.path, source=self.source.text) from error

    @property
    def literal_sizes(self) -> tuple[tuple[int, int], ...]:
        """What was written, and what it was taken for in the checks."""
        at = self.trial.at
        return () if at is None else tuple((a, b) for a, b in at.pairs if a != b)

    @property
    def checks(self) -> tuple[Check, ...]:
        return (self.equality_check, *self.module_checks, *self.symbolic_checks)

    @cached_property
    def files(self) -> Mapping[str, str]:
        """The texts of the files by name; CheckFailed where a check failed, for then there is nothing to write."""
        demand_passed(self.checks, self.network)
        document = with_checks(self.shown, len(equalities(self.shown)), self.checks).at(self.detail)
        written = {f.file_in(lang): f.write(document, LANGUAGES[lang]) for f, lang in self._written}
        files = {
            BACKWARD_FILE: write_network(self.derivation.backward),
            MODULE_FILE: self.module[0],
            **{t.file: t.write(self.program) for n, t in TARGETS.items() if n in self.targets and n != "numpy"},
            REPORT_FILE: in_json(report(self.trial.network, self.checks, self.literal_sizes)) + "\n",
        }
        return written | files | ({HESSIAN_FILE: write_network(self.product.network)} if self.product else {})

    @property
    def derivation_files(self) -> tuple[str, ...]:
        """The names of those files that hold the derivation."""
        return (*(f.file_in(lang) for f, lang in self._written), BACKWARD_FILE, *([HESSIAN_FILE] if self.hvp else []))

    @property
    def _written(self) -> tuple[tuple[Format, str], ...]:
        """Each format in each language."""
        return tuple((FORMATS[name], lang) for name in self.formats for lang in self.languages)

    def stages(self, last: str = STAGES[-1][0]) -> Iterator[str]:
        """Work the stages out one by one up to `last`, saying of each what is about to be done."""
        beside: Beside | None = None
        made: Texts = {}
        try:
            for attribute, label in STAGES:
                yield label
                if attribute == BESIDE[0] and beside is not None:
                    made = beside.made() or {}
                if attribute in made:  # what is not is worked out here, and raises here what it raises
                    vars(self)[attribute] = tuple(Check(*fields) for fields in json.loads(made[attribute]))
                getattr(self, attribute)
                if attribute == last:
                    return
                if attribute == FROM and last in (BESIDE[-1], STAGES[-1][0]) and can_be_apart():
                    beside = Beside(self._made_beside)
        finally:
            if beside is not None:
                beside.close()

    def _made_beside(self) -> Texts:
        return {name: json.dumps([astuple(check) for check in getattr(self, name)]) for name in BESIDE}


def _together(a: Check, b: Check) -> Check:
    """One check of what two were made of."""
    worse = a if a.error >= b.error else b
    notes = dict.fromkeys(note for note in (a.note, b.note) if note)
    return replace(worse, count=a.count + b.count, note="; ".join(notes))


def _demand_loss(network: Network) -> None:
    """Of several returns the first is the loss."""
    if network.shape(network.outputs[0]):
        raise SourceError(
            f"{network.name} returns several tensors and no loss: return a scalar first, "
            "or one tensor alone, which gets a cotangent"
        )


def definition_of(tensor: str, text: str, network: Network) -> Span:
    """Where a network's text defines a tensor, or else where it returns."""
    function = next(f for f in ast.walk(ast.parse(text)) if isinstance(f, ast.FunctionDef) and f.name == network.name)
    last = function.body[-1]
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            named = node.targets[0].value if isinstance(node.targets[0], ast.Subscript) else node.targets[0]
            if isinstance(named, ast.Name) and named.id == tensor:
                last = node
    return Span(last.lineno, last.col_offset, last.end_lineno or last.lineno, last.end_col_offset or 0)


def with_vector(derivation: Derivation, product: HessianProduct) -> Network:
    """The equations of the gradient, with the parts of the vector as further inputs."""
    return replace(derivation.backward, inputs=product.network.inputs)


def symbolic_subject(network: Network, d: Derivation, patience: tuple[int, int]) -> Subject:
    """What SymPy is to prove of a derivation: its adjoints and its local derivatives."""
    chains = tuple(Equality(c.lhs, c.result, _key_text(c.key)) for s in d.sections for c in s.locals)
    parameters = tuple(parameter for parameter, _ in d.gradients)
    return Subject(network, d.backward, d.loss, dict(d.adjoints), parameters, chains, patience)


def _key_text(key: Key) -> str:
    return f"{key.of} by {key.by}" if isinstance(key, Local) else str(key)


def names_in_print(derivation: Derivation) -> Callable[[str, tuple[int, ...]], str]:
    """How each entry is called on the page, W^{(1)}_{01}."""
    printer = printer_of(compose(derivation, {}))

    def name(tensor: str, key: tuple[int, ...]) -> str:
        entry = printer.tex(Read(tensor, tuple(Poly.of(k) for k in key)))
        return entry.replace("\\adj{", "\\overline{")

    return name


def demand_passed(checks: tuple[Check, ...], network: Network | None = None) -> None:
    """Raise CheckFailed, with a line for each thing that is wrong, unless all have passed."""
    if found := findings(checks, network):
        raise CheckFailed("\n".join(found))


def findings(checks: tuple[Check, ...], network: Network | None = None) -> tuple[str, ...]:
    """A line for each tensor that is wrong, and for what else is: witnesses that agree on it are one finding. A tensor
    is called what its user calls it in the network's file too.
    """
    failed: dict[str, list[Check]] = {}
    for check in checks:
        if not check.passed:
            failed.setdefault(check.name, []).append(check)
    return tuple(describe(*(_with_words(c, network) for c in found)) for found in failed.values())


def _with_words(check: Check, network: Network | None) -> Check:
    words = Prose() if network is None else network.called(check.name)
    return replace(check, name=f"{check.name} ({on_terminal(words.part(han=False))})") if words else check


def describe(first: Check, *others: Check) -> str:
    """One line on checks of one thing that failed, in the words of the first."""
    against = [first.witness, *(c.witness for c in others)]
    said = " and ".join(filter(None, (", ".join(against[:-1]), against[-1])))
    error = f"error {first.error:.3g} exceeds the bound {first.bound:g}" if math.isfinite(first.error) else ""
    if error and first.witness == ROUNDING:
        error = f"{first.error:.3g} times what rounding makes of the definition, where {first.bound:g} times may be"
    return f"{first.name} against {said}: {'; '.join(filter(None, (error, first.note)))}"


def with_respect_to(network: Network, names: tuple[str, ...]) -> Network:
    """The same network with `names` as what the loss is differentiated by, and everything else as data.

    An equation that data obey (`sum(y[n, k] for k in K) == 1`) is no fact about what is differentiated by: a partial
    derivative moves one entry alone.
    """
    for name in names:
        _demand_differentiable(network, name)

    def kind(tensor: Tensor) -> str:
        return PARAM if tensor.name in names else DATA if tensor.kind == PARAM else tensor.kind

    inputs = tuple(replace(t, kind=kind(t)) for t in network.inputs)
    return replace(network, inputs=inputs, facts=tuple(f for f in network.facts if not _ties(f, names)))


def _demand_differentiable(network: Network, name: str) -> None:
    tensor = network.tensor(name)
    if tensor is None:
        have = ", ".join(t.name for t in network.inputs)
        raise SourceError(f"--wrt: {network.name} has no argument {name!r}; it has {have}")
    if tensor.kind == LABELS:
        raise SourceError(f"--wrt: {name} holds labels, which are integers; there is no derivative by them")


def _ties(fact: Fact, names: tuple[str, ...]) -> bool:
    statement = fact.statement
    tied = any(r.tensor in names for r in reads(statement))
    return tied and not (isinstance(statement, Compare) and statement.op not in ("==", "!="))


def build_all(builds: tuple[Build, ...], last: str, tell: Callable[[str], None]) -> None:
    """Work out every build up to the stage `last`; `tell` hears what is about to be done.

    Files of several builds are made in processes of their own.
    """
    if last == "files" and len(builds) > 1 and can_be_apart():
        for number, files in done_apart([partial(getattr, build, "files") for build in builds]):
            if files is not None:
                vars(builds[number])["files"] = files
                for _ in STAGES:
                    tell(f"{builds[number].source.name}: built")
    for build in builds:
        if "files" in vars(build) and last == "files":
            continue
        for label in build.stages(last):
            tell(f"{build.source.name}: {label}")
