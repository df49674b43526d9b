"""Networks whose second derivatives are compared with autograd's: unknown functions, a recurrence, kinks."""

from symbp import Data, Labels, Param, dims, function, network

T, N, D, H, K = dims("T N D H K")
f = function("f")
g = function("g")


@network
def unknown_walk(x: Data[T, N, D], h0: Param[N, H], W: Param[D, H], U: Param[H, H], v: Param[H]):
    """A recurrence of an unknown function, under another one of two arguments."""
    h[-1] = h0
    for t in T:
        h[t] = f(x[t] @ W + h[t - 1] @ U)
    return sum(g(h[t, n, k], v[k]) for t in T for n in N for k in H)


@network
def kinked(x: Data[N, D], W: Param[D, H], c: Param[H]):
    """Conditions, a clip, an absolute value and a largest entry, all of which have no second derivative of their own."""
    z = x @ W
    q = where(z > c, z**3, z * c)
    r = maximum(minimum(q, 2), -2) * z
    s = abs(z) * q
    top[n] = max(s[n, h] for h in H)
    return sum(top[n] ** 2 for n in N) + sum(r)


@network
def labelled(x: Data[N, D], t: Labels[N, K], W1: Param[D, H], s: Param, W2: Param[H, K]):
    """Labels, a scalar parameter, and logits as loud as the data make them."""
    return cross_entropy(s * sigmoid(x @ W1) @ W2, t)
