"""The part of a document that teaches: back through one equation after the other, every derivation once.

What comes in is the derivation with all its steps; what goes out are sections in which riding letters are fixed
(`fixed`), lines are cut to those where something happens (`cut`), and what goes like something shown before is said to
do so (`alike`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby

from symbp.calculus.steps import Derivation, Key
from symbp.calculus.steps import Section as Part
from symbp.core.example import Example
from symbp.core.expr import Expr, Sum
from symbp.core.views import factors_of
from symbp.document import conventions
from symbp.document.lesson.alike import Form, form_of
from symbp.document.lesson.cut import Shown, cut, is_read_off
from symbp.document.lesson.fixed import fixed
from symbp.document.lesson.numbering import shown_form
from symbp.document.lesson.numbers import results
from symbp.document.lesson.sane import careful, sane
from symbp.document.lesson.talk import happens, together
from symbp.document.lesson.weights import is_scalar
from symbp.document.looks import adjoint_equation, whole_form
from symbp.document.model import (
    FULL,
    INDEX,
    MATRIX,
    SHORT,
    STEPS,
    VIEWS,
    Block,
    Chain,
    Display,
    Entry,
    Paragraph,
    Remark,
    Row,
    Section,
)
from symbp.document.said import Figure, Letter, Listed, Quoted, Ref, Said, Whole, Words, listed, said
from symbp.document.said import Part as Phrase
from symbp.document.scatter import variants
from symbp.document.wholes import is_product, product_words, whole_chain


def lesson(d: Derivation, example: Example | None) -> tuple[Section, ...]:
    """From the loss back, as it is taught; with an `example`, by numbers too."""
    title, words = said("heading.backward"), conventions.opening(d)
    numbers = (said("backward.numbers"),) if any(is_read_off(c) for part in d.sections for c in part.locals) else ()
    openings = (
        Section(title, (Paragraph((*words, *numbers)),), details=(SHORT, STEPS)),
        Section(title, (Paragraph(words),), details=(FULL,)),
    )
    sections = (*openings, *_Lesson(d, example).sections())
    return tuple(replace(s, views=VIEWS if is_scalar(d) else (INDEX, MATRIX)) for s in sections)


@dataclass(slots=True)
class _Lesson:
    """What has been shown so far: derivatives that need no line, and forms with what they were shown for."""

    d: Derivation
    example: Example | None
    read_off: set[Key] = field(default_factory=set)
    like: dict[Key, int] = field(default_factory=dict)
    locals: dict[str, int] = field(default_factory=dict)
    whole: dict[str, tuple[int, Form]] = field(default_factory=dict)
    mains: dict[str, tuple[int, Form]] = field(default_factory=dict)
    fixed: dict[str, Part] = field(default_factory=dict)
    said: dict[str, Words] = field(default_factory=dict)
    told: dict[str, Words] = field(default_factory=dict)
    warned: set[str] = field(default_factory=set)

    def sections(self) -> Iterator[Section]:
        """A section for each equation that is gone back through, with what it reads; what goes like something
        before has none of its own.
        """
        groups = self._groups()
        if is_scalar(self.d):
            yield from self._of_numbers()
            return
        for group in groups:
            self._talk(group)
            blocks = [b for part in group for b in self._quantity(part)]
            seen = tuple(s for part in group for s in sane(self.example, part))
            shown = (
                *_joined(blocks),
                *results(self.example, (part.adjoint for part in group)),
                *((Remark(said("head.sane"), seen),) if seen else ()),
            )
            yield Section(self._title(group), shown, level=2, details=(STEPS, FULL))
            yield Section(self._title(group), tuple(self._brief(group)), level=2, details=(SHORT,))

    def _of_numbers(self) -> Iterator[Section]:
        """Of a network of numbers all in one section: they are shown weight by weight besides."""
        blocks = [b for part in self.d.sections for b in self._quantity(part) if not isinstance(b, Paragraph)]
        numbers = results(self.example, (part.adjoint for part in self.d.sections))
        yield Section(said("heading.lesson.handed"), (*_joined(_remarks_last(blocks)), *numbers), level=2)

    def _groups(self) -> list[tuple[Part, ...]]:
        """The quantities that a section takes together."""
        known: set[str] = set()
        groups: list[tuple[Part, ...]] = []
        for users, parts in groupby(self.d.sections, key=lambda s: s.used_by):
            group = tuple(parts)
            forms = [shown_form(self._fixed(part)).text for part in group]
            alike = known.issuperset(forms) and self._is_single(users)
            if groups and alike and self._is_single(base := groups[-1][0].used_by) and self._call(base[0]) is None:
                groups[-1] = (*groups[-1], *group)
            else:
                groups.append(group)
            known.update(forms)
        return groups

    def _fixed(self, part: Part) -> Part:
        """The part with what rides along fixed, which is worked out once."""
        if part.quantity not in self.fixed:
            self.fixed[part.quantity] = fixed(part)
        return self.fixed[part.quantity]

    def _talk(self, group: Sequence[Part]) -> None:
        """What is said of each that is derived; which way the steps of a recurrence run is said once."""
        forms = set(self.whole)
        derived: list[Part] = []
        for part in group:
            form = shown_form(self._fixed(part)).text
            derived += [] if form in forms else [part]
            forms.add(form)
        words = [tuple(w for w in self._happens(part) if self._is_new(w)) for part in derived]
        self.told |= {part.quantity: own for part, own in zip(derived, together(words), strict=True)}

    def _is_new(self, words: Phrase) -> bool:
        """Is it more than has been said of the way that steps run?"""
        match words:
            case Said("happens.down" | "happens.up" as name, (_, ("letters", Listed(_, letters)))):
                known = {f"{name} {letter}" for letter in letters}
                new = not known <= self.warned
                self.warned |= known
                return new
        return True

    def _happens(self, part: Part) -> Words:
        if part.quantity not in self.said:
            self.said[part.quantity] = happens(self.d, self._fixed(part), self.example)
        return self.said[part.quantity]

    def _is_single(self, users: tuple[str, ...]) -> bool:
        """Is it one equation, and not the loss?"""
        return len(users) == 1 and users[0] != self.d.loss

    def _call(self, name: str) -> str | None:
        equation = self.d.network.equation(name)
        return equation.call.function if equation is not None and equation.call is not None else None

    def _title(self, group: tuple[Part, ...]) -> Said:
        quantities = listed(self._named(s) for s in group)
        users = tuple(dict.fromkeys(name for part in group for name in part.used_by))
        numbers = [Figure(n) for name in users if (n := self.d.number(name)) is not None]
        if len(group[0].used_by) > 1:
            return said("heading.lesson.several", quantities=quantities)
        if users[0] == self.d.loss:
            return said("heading.lesson.loss", number=numbers[0], quantities=quantities)
        if call := self._call(users[0]):
            function = Letter("function", call)
            return said("heading.lesson.call", function=function, number=numbers[0], quantities=quantities)
        through = listed(said("heading.lesson.number", number=n) for n in numbers)
        return said("heading.lesson", numbers=through, quantities=quantities)

    def _named(self, part: Part) -> Phrase:
        """An adjoint, with what the user calls the quantity."""
        words = self.d.network.called(part.quantity)
        return said("called", quantity=Whole(part.adjoint), words=Quoted(words)) if words else Whole(part.adjoint)

    def _quantity(self, whole: Part) -> Iterator[Block]:
        part = self._fixed(whole)
        form = shown_form(part)
        number = self.d.number(part.main.key)
        assert number is not None
        if form.text in self.whole:
            yield Display(self._with_matrix(self._alike(part, form, *self.whole[form.text]), part))
        else:
            self.whole[form.text] = number, form
            if told := self.told.get(whole.quantity):
                yield Paragraph(told)
            yield Display((*self._locals(part), *self._with_matrix(self._derived(part, number), part)))
            yield from variants(self.d, whole, last=True)
            yield from self._careful(part)
        yield from conventions.remarks(self.d, whole)

    def _derived(self, part: Part, number: int) -> Chain:
        """The derivation by the local derivatives that stand before it; shown once too, if they go another way."""
        form = form_of((part.main,))
        if form.text in self.mains and len(part.main.steps) > 1:
            return self._alike(part, form, *self.mains[form.text])
        self.mains[form.text] = number, form
        return cut(self.d, part.main, self._shown())

    def _careful(self, part: Part) -> Iterator[Remark]:
        """The usual mistakes; that of a recurrence is the same for all that its steps read, so it is named once."""
        for remark in careful(self.d, self.example, part):
            words = tuple(w for w in remark.words if not (isinstance(w, Said) and w.name in self.warned))
            self.warned.update(w.name for w in words if isinstance(w, Said) and w.name == "careful.step")
            if words:
                yield replace(remark, words=words)

    def _brief(self, group: tuple[Part, ...]) -> Iterator[Block]:
        """What a nudge of each moves, and the results."""
        yield Paragraph(tuple(w for words in together([self._happens(part) for part in group]) for w in words))
        yield Display(tuple(c for part in map(self._fixed, group) for c in self._with_matrix(self._result(part), part)))

    def _result(self, part: Part, why: Words = ()) -> Chain:
        number = self.d.number(part.main.key)
        assert number is not None
        row = Row(Entry(part.main.result), why, number)
        return Chain(Entry(part.main.lhs), (row,), said("place.lesson", number=Figure(number)))

    def _alike(self, part: Part, form: Form, number: int, other: Form) -> Chain:
        """The result of a derivation that goes as another one, with what stands there for what."""
        pairs = [(a, b) for a, b in zip(other.tensors, form.tensors, strict=True) if a != b and self._is_named(a)]
        swaps = [said("alike.for", new=Whole(b), old=Whole(a)) for a, b in pairs if b != part.quantity]
        why: Words = (said("alike.with", equation=Ref(number), swaps=Listed("swaps", tuple(swaps))),)
        if not swaps or {a for a, _ in pairs} & {b for _, b in pairs}:  # a name for itself is no help
            why = (said("alike", equation=Ref(number)),)
        return self._result(part, (*why, *self._summed(part, number)))

    def _summed(self, part: Part, number: int) -> Words:
        """Over what it is summed, where that is not what the other one is summed over."""
        own = _letters_summed(part.main.result)
        mains = (s.main for s in self.fixed.values())
        other = next((m.result for m in mains if self.d.number(m.key) == number), None)
        if not own or other is None or own == _letters_summed(other):
            return ()
        return (said("alike.summed", letters=Listed("tied", tuple(Letter("index", name) for name in own))),)

    def _is_named(self, tensor: str) -> bool:
        return self.d.network.tensor(tensor) is not None or self.d.network.equation(tensor) is not None

    def _locals(self, part: Part) -> Iterator[Chain]:
        for chain in part.locals:
            form = form_of((chain,))
            number = self.d.number(chain.key)
            if is_read_off(chain):
                self.read_off.add(chain.key)
            elif form.text in self.locals:
                self.like[chain.key] = self.locals[form.text]
            elif number is not None:
                self.locals[form.text] = number
                yield cut(self.d, chain, self._shown())

    def _shown(self) -> Shown:
        return Shown(frozenset(self.read_off), dict(self.like))

    def _with_matrix(self, chain: Chain, part: Part) -> tuple[Chain, ...]:
        equation = adjoint_equation(part.adjoint, part.main)
        form = whole_form(self.d, equation)
        if form is None:
            return (chain,)
        whole = whole_chain(equation, form, said("place.matrix", place=chain.where), product_words(form))
        return chain, replace(whole, beside=len(whole.rows) == 1 and not is_product(form))


def _letters_summed(result: Expr) -> tuple[str, ...]:
    """The letters of the sum that a result is, but for what stands before it."""
    sums = [f for f in factors_of(result) if isinstance(f, Sum)]
    return tuple(i.name for i in sums[0].indices) if len(sums) == 1 else ()


def _remarks_last(blocks: Sequence[Block]) -> list[Block]:
    """The displays first, so that they can be set together."""
    return sorted(blocks, key=lambda b: not isinstance(b, Display))


def _joined(blocks: list[Block]) -> Iterator[Block]:
    """Displays that follow each other as one."""
    for displays, run in groupby(blocks, key=lambda b: isinstance(b, Display)):
        if displays:
            yield Display(tuple(c for b in run if isinstance(b, Display) for c in b.chains))
        else:
            yield from run
