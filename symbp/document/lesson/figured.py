"""Sums of products as numbers: the products, what each of them is, and their sum."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from symbp.core import build
from symbp.core.expr import Add, Expr
from symbp.core.views import terms_of
from symbp.document.model import (
    Terms,
)


def known_terms(terms: Sequence[Sequence[float | None]]) -> Terms:
    """The terms if all their numbers are known, else none."""
    known = tuple(tuple(f for f in t if f is not None) for t in terms)
    return known if all(len(k) == len(t) for k, t in zip(known, terms, strict=True)) else ()


def sum_of(terms: Sequence[Expr]) -> Expr:
    """A term for each path, though two of them be alike."""
    if not terms:
        return build.NIL
    return Add(tuple(t for term in terms for t in terms_of(term))) if len(terms) > 1 else terms[0]


def figures(terms: Sequence[Sequence[float | None]], total: float) -> Iterator[Terms]:
    """The products of numbers, what each of them is, and their sum: each line where it says more than the next."""
    if not terms:
        return
    if known := known_terms(terms):
        if any(len(t) > 1 for t in known):
            yield known
        if len(known) > 1:
            yield tuple((product(t),) for t in known)
    yield ((total,),)


def product(factors: Sequence[float]) -> float:
    value = 1.0
    for f in factors:
        value *= f
    return value
