"""Attention: of queries, keys and values, and of one sequence to itself in heads."""

from __future__ import annotations

from symbp.importing.at import At, Result, Rule, number
from symbp.importing.composed import HEADS
from symbp.importing.draft import ATOM, PLUS, TIMES, Value, binary, call, spelt, text
from symbp.importing.graph import BOOLEAN
from symbp.importing.rows.pointwise import MINUS_INFINITY, condition
from symbp.importing.rows.products import flipped, product


def attention(at: At) -> Result:
    """Scaled dot-product attention, by the library's word where nothing else is asked of it."""
    q, k, v = (at.tensor(n) for n in ("query", "key", "value"))
    if at.real("dropout_p", 0) > 0:
        at.refuse("it draws random numbers; call eval() on the module first, or set dropout to 0")
    width = at.same(q.shape[-1], k.shape[-1])
    at.sizes.role(width, "E")
    for s in (q.shape[-2], k.shape[-2]):
        at.sizes.role(s, "T")
    at.same(k.shape[-2], v.shape[-2])
    for other in (k, v):
        at.all_same(q.shape[:-2], other.shape[:-2])
    scale = at.get("scale")
    if isinstance(scale, float) and abs(scale * at.sizes.value(width) ** 0.5 - 1) > 1e-12:
        number_ = at.make(number(scale * at.sizes.value(width) ** 0.5))
        at.sizes.literal(width)
        q = at.make(binary("*", TIMES, q.shape, q, number_))
    shape = (*q.shape[:-1], v.shape[-1])
    causal = bool(at.get("is_causal", False))
    if not at.given("attn_mask"):
        return call("attention", shape, q, k, v, **({"causal": True} if causal else {}))
    return _masked(at, q, k, v, at.tensor("attn_mask"))


def _masked(at: At, q: Value, k: Value, v: Value, mask: Value) -> Result:
    root = at.make(text(ATOM, (), "sqrt(", q.shape[-1], ")"))
    scores = product(at, q, flipped(at, k))
    scaled = at.make(binary("/", TIMES, scores.shape, scores, root))
    (mask, scaled), shape = at.broadcast(mask, scaled)
    if mask.kind == BOOLEAN:
        masked = call("where", shape, condition(at, mask), scaled, spelt(MINUS_INFINITY))
    else:
        masked = binary("+", PLUS, shape, scaled, mask)
    weights = at.make(call("softmax", shape, at.make(masked)))
    return product(at, weights, v)


def heads(at: At) -> Result:
    """Self-attention in heads, by the library's word."""
    x, w, b = at.tensor("x"), at.tensor("in_weight"), at.tensor("in_bias")
    wo, bo = at.tensor("out_weight"), at.tensor("out_bias")
    count = at.whole("num_heads")
    at.sizes.part(x.shape[-1], count)
    d = at.sizes.now(x.shape[-1])
    at.all_same((*w.shape, *b.shape, *wo.shape, *bo.shape), (d * 3, d, d * 3, d, d, d))
    at.sizes.role(x.shape[0], "N")
    at.sizes.role(x.shape[1], "T")
    options = {"num_heads": count} | ({"causal": True} if at.get("causal") else {})
    return call("multi_head_attention", x.shape, x, flipped(at, w), b, flipped(at, wo), bo, **options)


ATTENTION: dict[str, Rule] = {
    HEADS: heads,
    "aten.scaled_dot_product_attention.default": attention,
}
