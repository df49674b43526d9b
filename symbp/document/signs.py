"""What the signs of a document mean: a sentence for each, of which a writer sets those whose signs it has printed."""

from __future__ import annotations

from symbp.calculus.steps import Derivation
from symbp.document.model import Signs
from symbp.document.said import Letter, Ref, Whole, said


def signs(d: Derivation) -> Signs:
    """The sentences, in the order in which a page meets the signs."""
    number = d.number(d.loss)
    alone = () if number is None else (("alone", said("sign.alone", equation=Ref(number))),)
    return Signs(
        (
            ("adjoint", said("sign.adjoint", loss=Whole(d.loss))),
            ("partial", said("sign.partial")),
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
