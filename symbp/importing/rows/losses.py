"""Losses, and how each is told which reduction is wanted."""

from __future__ import annotations

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import ATOM, PLUS, TIMES, Hole, Quoted, Value, call, spelt, text
from symbp.importing.sizes import Shape

MEAN = 1  # of PyTorch's reductions: 0 none, 1 the mean, 2 the sum


def loss(name: str) -> Rule:
    """A loss of the library's, the mean over all that it is of."""

    def rule(at: At) -> Result:
        x, y = at.tensor("self"), at.tensor("target")
        at.all_same(x.shape, y.shape)
        weights = {k: at.tensor(k) for k in ("weight", "pos_weight") if at.given(k)}
        return call(name, _left(at, x.shape), x, y, **weights, **_reduction(at))

    return rule


def _reduction(at: At) -> dict[str, object]:
    """How a loss is told which reduction is wanted."""
    wanted = at.get("reduction", MEAN)
    return {} if wanted == MEAN else {"reduction": Quoted("none" if wanted == 0 else "sum")}


def _left(at: At, shape: Shape) -> Shape:
    """The shape of a loss that was of that shape before it was reduced."""
    return shape if at.get("reduction", MEAN) == 0 else ()


def mse(at: At) -> Result:
    x, y = at.tensor("self"), at.tensor("target")
    (x, y), shape = at.broadcast(x, y)
    if at.get("reduction", MEAN) == MEAN and at.shape(x) == at.shape(y):
        return call("mse", (), x, y)
    square = text(TIMES, shape, "(", Hole(x, PLUS), " - ", Hole(y, TIMES), ")**2")
    return _as_asked(at, at.make(square))


def _as_asked(at: At, value: Value) -> Result:
    """The mean, the sum, or all as it is."""
    wanted = at.get("reduction", MEAN)
    return value if wanted == 0 else call("mean" if wanted == MEAN else "sum", (), value)


def l1(at: At) -> Result:
    (x, y), shape = at.broadcast(at.tensor("self"), at.tensor("target"))
    return _as_asked(at, at.make(text(ATOM, shape, "abs(", Hole(x, PLUS), " - ", Hole(y, TIMES), ")")))


def huber(at: At) -> Result:
    x, y = at.tensor("self"), at.tensor("target")
    at.all_same(x.shape, y.shape)
    delta = at.real("delta", at.real("beta", 1))
    if at.given("beta") and delta != 1:
        at.refuse("a beta that is not 1")
    return call("huber", _left(at, x.shape), x, y, **({} if delta == 1 else {"delta": delta}), **_reduction(at))


def cross_entropy(at: At) -> Result:
    """Of Labels or of a distribution; the classes are PyTorch's second dimension and the language's last."""
    x, y = at.tensor("self"), at.tensor("target")
    log_softmax = "log_prob" not in at.node.operation and "nll" not in at.node.operation
    at.sizes.role(x.shape[1 if len(x.shape) > 1 else 0], "K")
    if len(x.shape) > 2:
        order = (0, *range(2, len(x.shape)), 1)
        x = at.make(call("transpose", tuple(x.shape[a] for a in order), x, spelt(order)))
    if len(y.shape) == len(x.shape):
        at.all_same(x.shape, y.shape)
    else:
        at.all_same(x.shape[:-1], y.shape)
        x, y = _unmerged(at, x, y)
        y = y if at.labelled(y, x.shape[-1]) else _one_hot(at, y, x.shape[-1])
    return call(
        "cross_entropy" if log_softmax else "nll", _left(at, x.shape[:-1]), x, y, **_classes(at, x), **_reduction(at)
    )


def _classes(at: At, x: Value) -> dict[str, object]:
    """How much each class counts, whether one does not, and how far labels are spread."""
    found: dict[str, object] = {}
    if at.given("weight"):
        found["weight"] = at.tensor("weight")
        at.same(at.tensor("weight").shape[0], x.shape[-1])
    if (ignored := at.whole("ignore_index", -100)) != -100:
        found["ignore_index"] = ignored
    smoothing = at.real("label_smoothing", 0)
    return found | ({"label_smoothing": smoothing} if smoothing else {})


def _unmerged(at: At, x: Value, y: Value) -> tuple[Value, Value]:
    """`x.view(-1, K)` and `t.view(-1)` as what they were: a loss takes any dimensions before the last."""
    whole, labels = at.state.merged.get(x), at.state.merged.get(y)
    if whole is None or labels is None or at.get("reduction", MEAN) == 0:
        return x, y
    return (whole, labels) if at.shape(whole) == (*at.shape(labels), at.sizes.now(x.shape[-1])) else (x, y)


def _one_hot(at: At, y: Value, classes: Poly) -> Value:
    """Classes that are computed and not given, as distributions. None of them can be left out or weighed."""
    if at.given("weight") or at.whole("ignore_index", -100) >= 0:
        at.refuse("weights of classes, or a class that is ignored, where the target is no input")
    if len(y.shape) != 1:
        at.refuse("targets of several dimensions that are no input")
    at.helper("one_hot")
    return at.make(call("one_hot", (*y.shape, classes), y, classes))


def cosine(at: At) -> Result:
    (x, y), shape = at.broadcast(at.tensor("x1"), at.tensor("x2"))
    axis = at.axis("dim", len(shape), 1)
    result = (*shape[:axis], *shape[axis + 1 :])
    return call("cosine_similarity", result, x, y, **({} if axis == len(shape) - 1 else {"axis": axis}))


LOSSES: dict[str, Rule] = {
    "aten.mse_loss.default": mse,
    "aten.l1_loss.default": l1,
    "aten.huber_loss.default": huber,
    "aten.smooth_l1_loss.default": huber,
    "aten.cross_entropy_loss.default": cross_entropy,
    "aten.nll_loss.default": cross_entropy,
    "aten.nll_loss_nd.default": cross_entropy,
    "aten.binary_cross_entropy.default": loss("binary_cross_entropy"),
    "aten.binary_cross_entropy_with_logits.default": loss("binary_cross_entropy_with_logits"),
    "aten.cosine_similarity.default": cosine,
}
