"""Attention, embedding, dropout."""


def attention(q: Array[..., T, D], k: Array[..., S, D], v: Array[..., S, E], causal=False, bias=None):
    """Every position takes of all the share that fits its query, with `causal` of no later one; heads are leading dimensions.
    每个位置按与其查询的匹配程度从所有位置取值，设`causal`时不看后面的位置；头是前面的维。"""
    s[..., t, u] = sum(q[..., t, d] * k[..., u, d] for d in D) / sqrt(D)
    z = s if bias is None else s + bias
    a[..., t:T, u:S] = (
        (exp(z[..., t, u]) / sum(exp(z[..., t, i]) for i in S if i <= t) if u <= t else 0)
        if causal
        else exp(z[..., t, u]) / sum(exp(z[..., t, i]) for i in S)
    )
    y[..., t, m] = sum(a[..., t, u] * v[..., u, m] for u in S)
    return y


def scaled_dot_product_attention(query, key, value, attn_mask=None, is_causal=False):
    """The same under PyTorch's name; the mask is added to the scores.
    同上，用PyTorch的名称；掩码加在得分上。"""
    return attention(query, key, value, is_causal, attn_mask)


def multi_head_attention(
    x: Array[N, T, D], Wqkv: Array[D, 3 * D], bqkv: Array[3 * D], Wo: Array[D, D], bo: Array[D],
    num_heads, mask=None, causal=False,
):  # fmt: skip
    """Self-attention in heads cut out of merged weights: queries, keys, values. The mask is 1 on the keys that count.
    自注意力，各头由合并的权重（查询、键、值）切分而来；掩码为1处的键有效。"""
    E = D // num_heads
    assert num_heads * E == D, "a width that is no multiple of the number of heads"
    z = x @ Wqkv + bqkv
    q[n, h:num_heads, t, e:E] = z[n, t, E * h + e]
    k[n, h:num_heads, t, e:E] = z[n, t, D + E * h + e]
    v[n, h:num_heads, t, e:E] = z[n, t, 2 * D + E * h + e]
    s[n, h, t, u] = sum(q[n, h, t, e] * k[n, h, u, e] for e in E) / sqrt(E)
    w[n, h, t, u] = (
        exp(s[n, h, t, u]) if (u <= t if causal else 0 <= t) and (0 <= t if mask is None else mask[n, u] > 0) else 0
    )
    a[n, h, t, u] = w[n, h, t, u] / sum(w[n, h, t, i] for i in T)
    o[n, h, t, e] = sum(a[n, h, t, u] * v[n, h, u, e] for u in T)
    y[n, t, d] = sum(o[n, h, t, e] * Wo[E * h + e, d] for h in range(num_heads) for e in E) + bo[d]
    return y


def alibi(s: Array[..., H, T, S]):
    """Scores of each head less its slope, 2 ** (-8 h / H) for h = 1 to H, times how far position and key are apart.
    各头的得分减去其斜率（h = 1到H时为2 ** (-8 h / H)）乘以位置与键的距离。"""
    y[..., h, t, u] = s[..., h, t, u] - 2 ** (-8 * (h + 1) / H) * abs(t - u)
    return y


def embedding(x: Labels[..., V], w: Array[V, D], padding_idx=None):
    """A table looked up: the rows of w that x names; one that only fills up is not trained.
    查表：取w中由x指明的行；只用来填充的行不参与训练。"""
    return w[x] if padding_idx is None else row_kept(w, padding_idx)[x]


def row_kept(w: Array[V, D], row):
    """A matrix of which one row is a constant to the derivation.
    一行在求导时视为常数的矩阵。"""
    r[v, d] = stop_gradient(w[v, d]) if v == row else w[v, d]
    return r


def dropout(x, mask, p=0.5):
    """The entries of x where the mask is 1, scaled so that their mean stays; the mask is data, 0 with probability p.
    保留掩码为1处的元素并缩放，使均值不变；掩码是数据，以概率p为0。"""
    assert 0 <= p < 1, "the probability of a 0 is at least 0 and less than 1"
    return x * mask / (1 - p)


def rotary(x: Array[..., T, 2 * H], base=10000):
    """Each pair of entries, i and i + H, turned by its position times base ** (-i / H).
    每对元素（i与i + H）按位置乘以base ** (-i / H)的角度旋转。"""
    y[..., t, d : 2 * H] = (
        x[..., t, d] * cos(t * base ** (-d / H)) - x[..., t, d + H] * sin(t * base ** (-d / H))
        if d < H
        else x[..., t, d] * cos(t * base ** ((H - d) / H)) + x[..., t, d - H] * sin(t * base ** ((H - d) / H))
    )
    return y
