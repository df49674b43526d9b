"""Products: of matrices, by letters, and layers that are a product with a weight."""

from __future__ import annotations

import re

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import PLUS, TIMES, Value, after, binary, call


def product(at: At, a: Value, b: Value) -> Value:
    """a @ b as NumPy has it."""
    if len(a.shape) == 1 and len(b.shape) == 1:
        at.same(a.shape[0], b.shape[0])
        return at.make(binary("@", TIMES, (), a, b))
    at.same(a.shape[-1], b.shape[-2] if len(b.shape) > 1 else b.shape[0])
    left, right = a.shape[:-2], b.shape[:-2]
    for x, y in zip(left[::-1], right[::-1], strict=False):
        at.same(x, y)
    lead = max(left, right, key=len)
    shape = (*lead, *a.shape[-2:-1], *(b.shape[-1:] if len(b.shape) > 1 else ()))
    return at.make(binary("@", TIMES, shape, a, b))


def matmul(at: At) -> Result:
    return product(at, at.tensor("self"), at.tensor("other" if at.given("other") else "mat2"))


def matvec(at: At) -> Result:
    return product(at, at.tensor("self"), at.tensor("vec" if at.given("vec") else "tensor"))


def addmm(at: At) -> Result:
    if at.real("beta", 1) != 1 or at.real("alpha", 1) != 1:
        at.refuse("a product that is scaled")
    a, b = ("mat1", "mat2") if at.given("mat1") else ("batch1", "batch2")
    (x, y), shape = at.broadcast(at.tensor("self"), product(at, at.tensor(a), at.tensor(b)))
    return binary("+", PLUS, shape, y, x)


def einsum(at: At) -> Result:
    equation, parts = at.get("equation"), at.tensors("tensors")
    assert isinstance(equation, str)
    plain = equation.replace(" ", "")
    if not re.fullmatch(r"[A-Za-z]*(,[A-Za-z]*)*(->[A-Za-z]*)?", plain):
        at.refuse("an equation of more than letters")
    left, _, right = plain.partition("->")
    if "->" not in plain:
        letters = left.replace(",", "")
        right = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    size: dict[str, Poly] = {}
    for letters, part in zip(left.split(","), parts, strict=True):
        for letter, extent in zip(letters, part.shape, strict=True):
            size[letter] = at.same(size[letter], extent) if letter in size else extent
    return call("einsum", tuple(size[c] for c in right), f'"{left}->{right}"', *parts)


def outer(at: At) -> Result:
    a, b = at.tensor("self"), at.tensor("vec2" if at.given("vec2") else "other")
    return call("outer", (*a.shape, *b.shape), a, b)


def flipped(at: At, w: Value) -> Value:
    """w.T"""
    return at.make(after(w, (*w.shape[:-2], w.shape[-1], w.shape[-2]), ".T"))


def affine(at: At, x: Value, w: Value, b: Value | None) -> Value:
    """x @ w.T + b"""
    at.same(x.shape[-1], w.shape[-1])
    made = product(at, x, flipped(at, w) if len(w.shape) > 1 else w)
    if b is None:
        return made
    at.all_same(b.shape, w.shape[:-1])
    return at.make(binary("+", PLUS, made.shape, made, b))


def linear(at: At) -> Result:
    x, w = at.tensor("input"), at.tensor("weight")
    made = affine(at, x, w, at.tensor("bias") if at.given("bias") else None)
    at.sizes.role(w.shape[-1], "D")
    at.sizes.role(w.shape[0], "H")
    return made


def bilinear(at: At) -> Result:
    x, y, w = at.tensor("input1"), at.tensor("input2"), at.tensor("weight")
    at.same(x.shape[-1], w.shape[1])
    at.same(y.shape[-1], w.shape[2])
    shape = (*x.shape[:-1], w.shape[0])
    if len(x.shape) != 2:
        at.refuse("a bilinear layer of more than rows")
    made = at.make(call("einsum", shape, '"ni,kij,nj->nk"', x, w, y))
    return binary("+", PLUS, shape, made, at.tensor("bias")) if at.given("bias") else made


PRODUCTS: dict[str, Rule] = {
    "aten.matmul.default": matmul,
    "aten.bmm.default": matmul,
    "aten.mm.default": matmul,
    "aten.mv.default": matvec,
    "aten.dot.default": matvec,
    "aten.addmm.default": addmm,
    "aten.baddbmm.default": addmm,
    "aten.einsum.default": einsum,
    "aten.outer.default": outer,
    "aten.linear.default": linear,
    "aten.bilinear.default": bilinear,
}
