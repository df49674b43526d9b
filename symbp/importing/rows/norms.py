"""Norms: by the batch, by the last dimension, by groups of channels."""

from __future__ import annotations

from symbp.core.integers import Poly
from symbp.importing.at import At, Result, Rule
from symbp.importing.draft import ATOM, Value, call, text


def _scales(at: At, size: Poly) -> tuple[Value, Value]:
    """gamma and beta, 1 and 0 where there are none."""
    found = []
    for name, word in (("weight", "ones"), ("bias", "zeros")):
        given = at.tensor(name) if at.given(name) else at.make(text(ATOM, (size,), f"{word}(", size, ")"))
        at.same(given.shape[0], size)
        found.append(given)
    return found[0], found[1]


def _eps(at: At) -> dict[str, float]:
    eps = at.real("eps", 1e-5)
    return {} if eps == 1e-5 else {"eps": eps}


BATCH_NORMS = {2: "batch_norm", 3: "batch_norm1d", 4: "batch_norm2d"}


def batch_norm(at: At) -> Result:
    """By the statistics of the batch, or by those that the module keeps."""
    x = at.tensor("input")
    name = BATCH_NORMS.get(len(x.shape))
    if name is None:
        at.refuse("batch norm of an array of so many dimensions")
    channels = at.shape(x)[1]
    gamma, beta = _scales(at, channels)
    if not at.get("training"):
        mu, v = at.tensor("running_mean"), at.tensor("running_var")
        at.all_same(mu.shape, (channels,))
        at.all_same(v.shape, (channels,))
        name = f"{name}_by"
        at.helper(name)
        return call(name, x.shape, x, mu, v, gamma, beta, **_eps(at))
    if name == "batch_norm1d":
        at.helper(name)
    return call(name, x.shape, x, gamma, beta, **_eps(at))


def layer_norm(at: At) -> Result:
    x = at.tensor("input")
    if len(at.wholes("normalized_shape")) != 1:
        at.refuse("a norm over several dimensions")
    at.sizes.role(x.shape[-1], "D")
    if not at.given("weight"):
        at.helper("standardise")
        return call("standardise", x.shape, x, **_eps(at))
    gamma, beta = _scales(at, at.shape(x)[-1])
    return call("layer_norm", x.shape, x, gamma, beta, **_eps(at))


def rms_norm(at: At) -> Result:
    x = at.tensor("input")
    if len(at.wholes("normalized_shape")) != 1:
        at.refuse("a norm over several dimensions")
    gamma, _ = _scales(at, at.shape(x)[-1])
    eps = at.real("eps", 2.220446049250313e-16)
    return call("rms_norm", x.shape, x, gamma, eps=eps)


def group_norm(at: At) -> Result:
    x, groups = at.tensor("input"), at.whole("num_groups")
    if len(x.shape) != 4:
        at.refuse("a group norm of what are no images")
    at.sizes.part(x.shape[1], groups)
    gamma, beta = _scales(at, at.shape(x)[1])
    return call("group_norm", x.shape, x, str(groups), gamma, beta, **_eps(at))


def instance_norm(at: At) -> Result:
    x = at.tensor("input")
    if len(x.shape) != 4 or not at.get("use_input_stats", True):
        at.refuse("an instance norm of what are no images, or by kept statistics")
    gamma, beta = _scales(at, at.shape(x)[1])
    return call("instance_norm", x.shape, x, gamma, beta, **_eps(at))


NORMS: dict[str, Rule] = {
    "aten.batch_norm.default": batch_norm,
    "aten.layer_norm.default": layer_norm,
    "aten.rms_norm.default": rms_norm,
    "aten.group_norm.default": group_norm,
    "aten.instance_norm.default": instance_norm,
}
