"""Which numbers equations have: those that the lesson shows count on without a gap, in the order of the page.

What it does not show, since it can be read off an equation or goes like something before, has the numbers behind these;
the appendix has all of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from symbp.calculus.steps import Derivation, Key, Section
from symbp.document.lesson.alike import Form, form_of
from symbp.document.lesson.cut import is_read_off
from symbp.document.lesson.fixed import fixed


def numbered(d: Derivation) -> Derivation:
    """The derivation, with numbers for its page."""
    hidden = set(_hidden(d))
    keys = [key for key, _ in sorted(d.numbers, key=lambda pair: pair[1])]
    order = sorted(keys, key=lambda key: key in hidden)
    return replace(d, numbers=tuple((key, n) for n, key in enumerate(order, start=1)))


def _hidden(d: Derivation) -> Iterator[Key]:
    """The local derivatives that the lesson does not show."""
    whole: set[str] = set()
    known: set[str] = set()
    for part in map(fixed, d.sections):
        form = shown_form(part).text
        again = form in whole
        whole.add(form)
        for chain in part.locals:
            own = form_of((chain,)).text
            if again or is_read_off(chain) or own in known:
                yield chain.key
            else:
                known.add(own)


def shown_form(part: Section) -> Form:
    """The form of all that is shown of a derivation."""
    return form_of((*(c for c in part.locals if not is_read_off(c)), part.main))
