"""The moves by which a random network grows: each takes tensors of the draft and adds one, in either notation."""

from __future__ import annotations

from tests.autograd.random_networks import Draft, Move, Tensor, over, some_data

UNARY = (
    *("sigmoid({u})", "tanh({u})", "relu({u})", "leaky_relu({u})", "leaky_relu({u}, negative_slope=0.2)"),
    *("softplus({u})", "elu({u})", "swish({u})", "gelu({u})", "sin({u})", "cos({u})", "soft_abs({u})", "bump({u})"),
    *("bump({u}, width=3)", "mish({u})", "abs({u})", "-{u}", "{u} ** 2", "{u} ** 3", "log(1 + {u} ** 2)", "erf({u})"),
    *("sqrt({u} ** 2 + 0.5)", "log1p({u} ** 2)", "expm1(tanh({u}))", "exp(-{u} ** 2)", "({u} ** 2 + 1) ** -1.5"),
    *("2 - {u} / 3", "pi * {u}", "1 / (1 + exp(-{u}))", "log(sigmoid({u}))", "exp(sin({u}))", "abs({u}) ** 1.5"),
    *("where({u} > 0, {u}, 0.3 * {u})", "where({u} > 0, log({u}), {u})", "where({u} <= 0.1, {u} ** 2, sqrt({u}))"),
    *("maximum({u}, 0)", "minimum({u}, 0.3)", "maximum(minimum({u}, 1), -1)", "log(exp({u}) + 1)", "relu(relu({u}))"),
    *("tanh(tanh({u}) * tanh(-{u}))", "sigmoid(sigmoid({u}) - 1)", "{u} * {u} * {u}", "1 + {u} - {u}", "0 * {u} + 1"),
)
ROWWISE = ("softmax({u})", "log_softmax({u})", "normalised({u})", "normalised({u}, eps=1)", "softmax(log_softmax({u}))")
BINARY = (
    *(
        "{u} * {v}",
        "{u} + {v}",
        "{u} - 0.5 * {v}",
        "maximum({u}, {v} / 2)",
        "minimum({u}, {v})",
        "{u} / (1 + {v} ** 2)",
    ),
    *("where({u} > {v}, {u}, {v} ** 2)", "where({u} * {v} > 0, sqrt({u} * {v}), {u})", "({u} ** 2 + 0.5) ** {v}"),
    *("log(exp({u}) + exp({v}))", "{u} * sigmoid({v})", "({u} - {v}) ** 2", "{u} / sqrt({u} ** 2 + {v} ** 2 + 1)"),
)


def _commas(*parts: str) -> str:
    return ", ".join(parts)


def _at(tensor: Tensor, *subscripts: str) -> str:
    """An entry; a scalar is its own."""
    return f"{tensor.text}[{_commas(*subscripts)}]" if subscripts else tensor.text


def unary(d: Draft) -> None:
    u = d.pick(0, 1, 2, 3)
    forms = (*UNARY, *ROWWISE) if u.shape else UNARY
    d.define(d.rng.choice(forms).format(u=u.text), u.shape)


def binary(d: Draft) -> None:
    u = d.pick(0, 1, 2, 3)
    shapes = [u.shape, u.shape, u.shape[d.rng.randint(0, len(u.shape)) :]]
    v = d.like(d.rng.choice(shapes))
    d.define(d.rng.choice(BINARY).format(u=u.text, v=v.text), u.shape)


def two_results(d: Draft) -> None:
    u = d.pick(1, 2)
    v = d.like(u.shape)
    one, other = Tensor(d.name(), u.shape), Tensor(d.name(), u.shape)
    d.lines.append(f"{one.text}, {other.text} = gate({u.text}, {v.text})")
    d.pool += [one, other]


def affine(d: Draft) -> None:
    u = d.pick(1, 2, 3)
    new = d.size()
    text = f"{u.text} @ {d.like((u.shape[-1], new)).text}"
    if d.rng.random() < 0.7:
        text += f" + {d.like((new,)).text}"
    d.define(text, (*u.shape[:-1], new))


def matmul(d: Draft) -> None:
    """Products of matrices, vectors and stacks, and transposes."""
    u = d.pick(1, 2, 3)
    rest, k = u.shape[:-1], u.shape[-1]
    if len(u.shape) == 1:
        form = d.rng.choice(("dot", "left"))
        other = d.like((k,) if form == "dot" else (new := d.size(), k))
        d.define(f"{other.text} @ {u.text}", () if form == "dot" else (new,))
        return
    n = rest[-1]
    forms = [
        (f"{u.text} @ {u.text}.T", (*rest, n)),
        (f"{u.text}.T @ {u.text}", (*rest[:-1], k, k)),
        (f"{u.text}.T", (*rest[:-1], k, n)),
        (f"{u.text} @ {d.like((k,)).text}", rest),
        (f"softmax({u.text} @ {u.text}.T / sqrt({k})) @ {u.text}", u.shape),
        (f"({d.like((*rest, k)).text} * {u.text}).T", (*rest[:-1], k, n)),
    ]
    d.define(*d.rng.choice(forms))


def reduction(d: Draft) -> None:
    u = d.pick(1, 2, 3)
    rank = len(u.shape)
    axes = sorted(d.rng.sample(range(rank), d.rng.choice((1, 1, rank))))
    written = [str(a - rank * d.rng.randint(0, 1)) for a in axes]
    axis = written[0] if len(axes) == 1 else f"({_commas(*written)})"
    kind = d.rng.choice(("sum", "mean", "max", "min"))
    if d.rng.random() < 0.5:
        d.define(f"{kind}({u.text}, axis={axis})", tuple(s for k, s in enumerate(u.shape) if k not in axes))
        return
    op = d.rng.choice(("-", "+", "*"))
    d.define(f"{u.text} {op} {kind}({u.text}, axis={axis}, keepdims=True)", u.shape)


def whole(d: Draft) -> None:
    """A scalar of all of a tensor."""
    u = d.pick(1, 2)
    text = d.rng.choice(("sum", "mean", "max", "min", "logsumexp")) + f"({u.text})"
    if text.startswith("logsumexp") and len(u.shape) == 2:
        d.define(text, u.shape[:1])
        return
    d.define(text, ())


def stretched(d: Draft) -> None:
    """A tensor with a scalar of its own: a data scale, a parameter, a reduced one."""
    u, s = d.pick(1, 2, 3), d.pick(0)
    d.define(
        d.rng.choice(("{u} * {s}", "{u} - {s}", "{u} / (1 + {s} ** 2)", "maximum({u}, {s})")).format(
            u=u.text, s=s.text
        ),
        u.shape,
    )


def contraction(d: Draft) -> None:
    """A sum over a comprehension with two or three factors."""
    u = d.pick(1, 2, 3)
    new = d.size()
    *outer, k, j = d.indices(len(u.shape) + 1)
    W = d.like((u.shape[-1], new))
    bias = d.like((new,))
    body = f"{_at(u, *outer, k)} * {_at(W, k, j)}"
    text = f"{d.rng.choice(('sum', 'mean'))}({body} {over(k, u.shape[-1])}) + {_at(bias, j)}"
    d.entries((*outer, j), text, (*u.shape[:-1], new))


def pairs(d: Draft) -> None:
    """All pairs of rows, under a condition or not; sums, largest and smallest over them."""
    u = d.pick(2)
    n, m, k = d.indices(3)
    N, K = u.shape
    inner = d.rng.choice(
        (
            f"({_at(u, n, k)} - {_at(u, m, k)}) ** 2",
            f"{_at(u, n, k)} * {_at(u, m, k)}",
            f"tanh({_at(u, m, k)}) * {_at(u, n, k)}",
        )
    )
    s = d.entries((n, m), f"sum({inner} {over(k, K)})", (N, N))
    condition = d.rng.choice(("", f" if {m} <= {n}", f" if {m} >= {n} or {m} == 0", f" if not {m} > {n}"))
    kind = d.rng.choice(("sum", "mean", "max", "min"))
    text = f"{kind}({_at(s, n, m)} {over(m, N)}{condition})"
    d.entries((n,), text, (N,), stated=bool(condition))


def weighted(d: Draft) -> None:
    """Index notation with the index as a number, and an entry by a condition on indices."""
    u = d.pick(1, 2)
    letters = d.indices(len(u.shape))
    n, size = letters[0], u.shape[0]
    entry = _at(u, *letters)
    forms = [
        f"{entry} * ({n} + 1) / {size}",
        f"{entry} if {n} > 0 else 0.5 * {entry} ** 2",
        f"({entry} if {n} == 0 else 0) + {entry} / 2",
        f"{entry} * (1 if {letters[-1]} == {n} else 0.5)",
        f"{entry} if {entry} > 0.1 and {n} < {size} - 1 else tanh({entry})",
        f"{entry} if -0.5 < {entry} <= 0.5 else 0.1",
        f"sin({entry}) if not ({entry} > 0) else {entry}",
    ]
    form = d.rng.choice(forms)
    d.entries(letters, form, u.shape, stated=" > 0 else" in form)


def turned(d: Draft) -> None:
    """Subscripts in another order: transposes, diagonals, outer products, rows taken whole."""
    u = d.pick(2, 3)
    letters = d.indices(len(u.shape))
    order = d.rng.sample(range(len(letters)), len(letters))
    left, shape = tuple(letters[k] for k in order), tuple(u.shape[k] for k in order)
    d.entries(left, _at(u, *letters), shape)


def diagonal(d: Draft) -> None:
    u = d.pick(2)
    n, m, k = d.indices(3)
    square = d.like((u.shape[0], u.shape[0]))
    forms = [
        ((n,), _at(square, n, n), (u.shape[0],)),
        ((n, m), f"{_at(square, m, n)} - {_at(square, n, m)}", (u.shape[0], u.shape[0])),
        ((n, k), f"{_at(square, n, n)} * {_at(u, n, k)}", u.shape),
        ((n, m), f"{_at(square, n, m)} * {_at(square, m, m)}", (u.shape[0], u.shape[0])),
    ]
    d.entries(*d.rng.choice(forms))


def outer(d: Draft) -> None:
    u, v = d.pick(1, 2), d.pick(1)
    letters = d.indices(len(u.shape) + 1)
    op = d.rng.choice(("*", "+", "-"))
    d.entries(letters, f"{_at(u, *letters[:-1])} {op} {_at(v, letters[-1])}", (*u.shape, *v.shape))


def mixed(d: Draft) -> None:
    """A row in array notation on an indexed left side."""
    u = d.pick(2, 3)
    new = d.size()
    (n,) = d.indices(1)
    W = d.like((u.shape[-1], new))
    forms = [
        (f"{u.text}[{n}] @ {W.text}", (*u.shape[:-1], new)),
        (f"softmax({u.text}[{n}])", u.shape),
        (f"tanh({u.text}[{n}]) * ({n} + 1)", u.shape),
        (f"{u.text}[{n}] - mean({u.text}[{n}])", u.shape),
    ]
    text, shape = d.rng.choice(forms)
    tensor = Tensor(d.name(), shape)
    d.lines.append(f"{tensor.text}[{n}] = {text}")
    d.pool.append(tensor)


def fixed(d: Draft) -> None:
    """A single position: the first entry, or one of a size that is a number."""
    u = d.pick(1, 2)
    at = "0" if not u.shape[0].isdigit() else str(d.rng.randint(0, int(u.shape[0]) - 1))
    d.define(f"tanh({u.text}[{at}])", u.shape[1:])


def with_data(d: Draft) -> None:
    """Data, some with facts, beside a tensor of their shape."""
    y = some_data(d)
    u = d.like(y.shape)
    forms = ("{u} * {y}", "{y} - {u}", "{u} * {y} + (1 - {y}) * {u} ** 2", "{y} * sin({u})")
    d.define(d.rng.choice(forms).format(u=u.text, y=y.text), y.shape)


def likelihood(d: Draft) -> None:
    """A cross-entropy in one of its spellings, against data with or without the fact."""
    u = d.pick(2)
    y = some_data(d)
    if y.shape != u.shape:
        y = d.given(u.shape)
    n, k = d.indices(2)
    N, K = u.shape
    forms = (
        f"cross_entropy({u.text}, {y.text})",
        f"-sum({_at(y, n, k)} * log(softmax({u.text})[{n}, {k}]) {over(n, N)} {over(k, K)}) / {N}",
        f"nll(log_softmax({u.text}), {y.text})",
        f"binary_cross_entropy_with_logits({u.text}, {y.text})",
        f"binary_cross_entropy(sigmoid({u.text}), {y.text})",
        f"-mean(sum({y.text} * log(softmax({u.text}) + 1e-7), axis=-1))",
        f"mse({u.text}, {y.text})",
    )
    d.define(d.rng.choice(forms), ())


MOVES: tuple[Move, ...] = (
    *(unary, unary, unary, binary, binary, affine, affine, contraction, contraction, matmul, reduction, reduction),
    *(two_results, whole, stretched, pairs, weighted, turned, diagonal, outer, mixed, fixed, with_data, likelihood),
)


def finish(d: Draft) -> str:
    """What the network returns: a loss, several weighted, or a tensor, which meets a cotangent."""
    while not d.parameters:
        contraction(d)
    if d.rng.random() < 0.2 and "cotangent" not in d.names and (u := d.pool[-1]).shape:
        return u.text
    terms = [_loss(d, u) for u in d.pool[-d.rng.choice((1, 1, 2, 3)) :]]
    weights = [d.rng.choice(("0.5 * ", "", "2 * ", f"{d.like(()).text} * ")) for _ in terms[1:]]
    return " + ".join([terms[0], *(w + t for w, t in zip(weights, terms[1:], strict=True))])


def _loss(d: Draft, u: Tensor) -> str:
    if not u.shape:
        return d.rng.choice(("{u}", "{u} ** 2", "tanh({u})")).format(u=u.text)
    forms = [
        "sum({u})",
        "mean(({u} - {t}) ** 2)",
        "sum(({u} - {t}) ** 2) / 2",
        "mean(soft_abs({u} - {t}))",
        "mse({u}, {t})",
    ]
    forms += ["sum(where({u} > {t}, {u} - {t}, 0))", "sum({u} * {t}) + 0.01 * sum({u} ** 2)", "max({u} - {t})"]
    form = d.rng.choice(forms)
    return form.format(u=u.text, t=d.given(u.shape).text if "{t}" in form else "")
