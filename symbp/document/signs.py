"""What the signs of a document mean: a sentence for each, of which a writer sets those whose signs it has printed."""

from __future__ import annotations

from collections.abc import Iterator

from symbp.calculus.steps import Derivation
from symbp.document.model import NOTATIONS, Signs
from symbp.document.said import Letter, Noted, Ref, Said, Whole, said


def _adjoint(d: Derivation) -> Iterator[tuple[str, Said]]:
    """What stands for the derivative of the loss, in each notation, and how others write it."""
    if not d.sections:
        return
    bar, partial, delta = (Noted(d.sections[0].adjoint, notation) for notation in NOTATIONS)
    loss, quantity = Whole(d.loss), Whole(d.sections[0].quantity)
    yield "adjoint.bar", said("sign.adjoint", loss=loss, bar=bar, partial=partial)
    yield "adjoint.partial", said("sign.adjoint.partial", loss=loss, bar=bar, partial=partial)
    yield (
        "adjoint.delta",
        said("sign.adjoint.delta", loss=loss, quantity=quantity, delta=delta, bar=bar, partial=partial),
    )


def signs(d: Derivation) -> Signs:
    """The sentences, in the order in which a page meets the signs."""
    number = d.number(d.loss)
    alone = () if number is None else (("alone", said("sign.alone", equation=Ref(number))),)
    return Signs(
        (
            *_adjoint(d),
            ("partial.bar", said("sign.partial")),
            ("partial.partial", said("sign.partial.but")),
            ("partial.delta", said("sign.partial.but")),
            *alone,
            ("delta", said("sign.delta", sign=Letter("sign", "delta"))),
            ("bracket", said("sign.bracket")),
            ("bold", said("sign.bold")),
            ("one", said("sign.one", sign=Letter("sign", "one"))),
            ("unit", said("sign.unit", sign=Letter("sign", "unit"))),
            ("odot", said("sign.odot", sign=Letter("sign", "odot"))),
            ("oslash", said("sign.oslash", sign=Letter("sign", "oslash"))),
            ("circle", said("sign.circle", sign=Letter("sign", "circle"))),
            ("norm", said("sign.norm", sign=Letter("sign", "norm"))),
            ("stopped", said("sign.stopped", sign=Letter("sign", "stopped"))),
            ("diag", said("sign.diag", sign=Letter("sign", "diag"))),
            ("rowmax", said("sign.rowmax", sign=Letter("sign", "rowmax"))),
            ("rowmin", said("sign.rowmin", sign=Letter("sign", "rowmin"))),
        )
    )
