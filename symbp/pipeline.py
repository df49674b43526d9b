"""From the name of a network to its files: the one place that knows every room.

A `Build` is a sheet of named values, each worked out from those above it when it is first asked for; `STAGES` lists
them in the order in which data passes through them. Nothing is written here: `files` are texts, and they exist only
once every check has passed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass, replace
from functools import cached_property
from pathlib import Path

from symbp.apart import Beside, Texts, can_be_apart
from symbp.calculus.derive import derive
from symbp.calculus.hessian import differentiate_along
from symbp.calculus.steps import Derivation, HessianProduct
from symbp.core.canonical import same
from symbp.core.equality import Check
from symbp.core.example import Example
from symbp.core.network import Network
from symbp.derived import symbolic_subject, with_vector
from symbp.document.claims import for_all_sizes, for_its_sizes
from symbp.document.compose import compose, equalities
from symbp.document.lesson.numbering import numbered
from symbp.document.model import BAR, SCALAR, STEPS, Document
from symbp.document.model import VIEWS as VIEWS  # for the commands, as FORMATS and TARGETS
from symbp.document.ranged import one_range
from symbp.document.summary import Stable, with_checks
from symbp.document.tex.write import write_latex
from symbp.document.views import seen
from symbp.document.words import ENGLISH, Language
from symbp.document.words import LANGUAGES as LANGUAGES
from symbp.emit.write import write_module
from symbp.errors import NotationError, NoTrial
from symbp.escape import in_json
from symbp.findings import demand_passed, together
from symbp.lowering.logistic import as_defined, is_logistic
from symbp.lowering.lower import placed, pure
from symbp.lowering.program import Program
from symbp.lowering.stability import stabilise
from symbp.notation.defined import definition_of
from symbp.notation.read import read_network
from symbp.notation.write import write_network
from symbp.sources import Source, SourceError
from symbp.symbolic.check import IMPATIENT, IN_BUILD, PATIENT, check_symbolic
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
from symbp.wrt import with_respect_to

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
        demand_loss(self.network)
        assert self.given is not None  # what is wrong with it is said before the work
        return numbered(derive(self.network))

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
    def stable(self) -> Stable:
        """The quantities whose definition overflows: those computed in another form, and those that are right so."""
        d = self.derivation
        computed = {e.name: e.body for e in stabilise(d.backward).equations}
        others = [e for e in d.network.equations if not same(computed[e.name], e.body)]
        plain = as_defined(self.program)
        same_form = tuple(e.name for e in others if e.name in plain and is_logistic(e.body))
        return Stable(tuple(e.name for e in others if e.name not in same_form), same_form)

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
                check = together(check, check_equalities(d.backward, d.loss, d.adjoints, single, at=at))
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


def demand_loss(network: Network) -> None:
    """Of several returns the first is the loss."""
    if network.shape(network.outputs[0]):
        raise SourceError(
            f"{network.name} returns several tensors and no loss: return a scalar first, "
            "or one tensor alone, which gets a cotangent"
        )
