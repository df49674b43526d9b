"""Attention, embedding, dropout."""


def attention(q: Array[..., T, D], k: Array[..., S, D], v: Array[..., S, E], causal=False):
    """Scaled dot-product attention; heads are leading dimensions. With `causal` position t looks at no later one."""
    s[..., t, u] = sum(q[..., t, d] * k[..., u, d] for d in D) / sqrt(D)
    a[..., t:T, u:S] = (
        (exp(s[..., t, u]) / sum(exp(s[..., t, i]) for i in S if i <= t) if u <= t else 0)
        if causal
        else exp(s[..., t, u]) / sum(exp(s[..., t, i]) for i in S)
    )
    y[..., t, m] = sum(a[..., t, u] * v[..., u, m] for u in S)
    return y


def embedding(x: Labels[..., V], w: Array[V, D]):
    """The rows of w that x names."""
    return w[x]


def dropout(x, mask, rate=0.5):
    """The entries of x where the mask is 1, scaled so that their mean stays; the mask is data."""
    return x * mask / (1 - rate)
