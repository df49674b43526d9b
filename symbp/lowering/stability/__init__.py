"""Stability: nothing overflows, turns nan or loses its digits whose true value can be represented.

Every value is seen as exp(m) * v: a sum takes the largest m out, a product adds them, a logarithm gives m + log v.
This holds across named tensors, so the logarithm of p = softmax(z) is z - max z - log sum exp(z - max z) although p
may be 0. Two more things follow from the same representation: 1 - 1/(1 + e^-z) is brought over its denominator, where
it is e^-z/(1 + e^-z) and has all its digits; and e^a - 1 is `expm1`, log(1 + u) is `log1p`. No layer is known by name,
and of a function only of which exponentials it is the sum, as cosh(z) is: it is called where it stands by itself, and
is that sum where something cancels or would overflow.

What m is taken from and m itself are one computation: both get tensors of their own beside the equation (`named`). A
mask, a delta or a coefficient of 0 takes its exponent out; a choice between exponential things that is divided by or
stands in a logarithm is computed branch by branch; a sum takes in what would overflow beside it.

A sum that is divided by another of which it has exponents takes in the largest of that one's: it needs none of its own,
and what is left of all shares but one is a product with a mask, no array of all pairs. A product is multiplied out over
a bracket where its terms can be computed then and the whole cannot; of an adjoint that is a sum, term by term.

A named tensor is looked into only where its reader could be harmed: where it may overflow as it is computed, is divided
by, or stands in a logarithm. What is bounded as it stands (a softmax, masked or not) is read like any other array.
"""

from symbp.lowering.stability.stabilise import stabilise

__all__ = ["stabilise"]
