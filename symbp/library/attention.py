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


def scaled_dot_product_attention(query, key, value, is_causal=False):
    """The same under PyTorch's name."""
    return attention(query, key, value, is_causal)


def embedding(x: Labels[..., V], w: Array[V, D]):
    """The rows of w that x names."""
    return w[x]


def dropout(x, mask, p=0.5):
    """The entries of x where the mask is 1, scaled so that their mean stays; the mask is data, 0 with probability p."""
    assert 0 <= p < 1, "the probability of a 0 is at least 0 and less than 1"
    return x * mask / (1 - p)


def rotary(x: Array[..., T, 2 * H], base=10000):
    """Each pair of entries, i and i + H, turned by its position times base ** (-i / H)."""
    y[..., t, d : 2 * H] = (
        x[..., t, d] * cos(t * base ** (-d / H)) - x[..., t, d + H] * sin(t * base ** (-d / H))
        if d < H
        else x[..., t, d] * cos(t * base ** ((H - d) / H)) + x[..., t, d - H] * sin(t * base ** ((H - d) / H))
    )
    return y
