"""What the signs of a document mean: a sentence for each, of which a writer sets those whose signs it has printed."""

from __future__ import annotations

from symbp.calculus.steps import Derivation
from symbp.document.model import Letter, Ref, Signs, Whole, Words


def signs(d: Derivation) -> Signs:
    """The sentences, in the order in which a page meets the signs."""
    bar: Words = ("A bar stands for the adjoint of what is below it: the derivative of the loss ", Whole(d.loss))
    number = d.number(d.loss)
    alone = () if number is None else (("alone", _alone(number)),)
    return Signs(
        (
            ("adjoint", (*bar, " by it, over all paths.")),
            ("partial", ("A fraction of partials is local: through the one equation that defines what is on top.",)),
            *alone,
            ("delta", (Letter("sign", "delta"), " with two indices is 1 where they are equal, else 0.")),
            ("bracket", ("A condition in brackets is 1 where it holds, else 0 and so is what stands beside it.",)),
            ("bold", ("Bold letters are whole arrays, vectors are columns.",)),
            ("one", (Letter("sign", "one"), " is a column of ones.")),
            ("unit", (Letter("sign", "unit"), " is the unit matrix.")),
            ("odot", (Letter("sign", "odot"), " multiplies entry by entry.")),
            ("oslash", (Letter("sign", "oslash"), " divides entry by entry.")),
            ("circle", (Letter("sign", "circle"), " before an exponent raises every entry to it.")),
            ("norm", (Letter("sign", "norm"), " adds the squares of all entries.")),
            ("diag", (Letter("sign", "diag"), " is the matrix with a vector on its diagonal.")),
            ("rowmax", (Letter("sign", "rowmax"), " is the column of the largest entries of the rows.")),
            ("rowmin", (Letter("sign", "rowmin"), " is the column of the smallest entries of the rows.")),
        )
    )


def _alone(number: int) -> Words:
    return ("A bar behind one, with ", Ref(number), " below, says: through equation ", Ref(number), " alone.")
