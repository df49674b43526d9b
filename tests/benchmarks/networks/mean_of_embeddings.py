from symbp import Labels, Param, dims, network

N, T, V, D, K = dims("N T V D K")


@network
def mean_of_embeddings(words: Labels[N, T, V], t: Labels[N, K], E: Param[V, D], W: Param[D, K], b: Param[K]):
    """The mean of each text's embeddings, classified."""
    h[n, d] = mean(E[words[n, s], d] for s in T)
    return cross_entropy(h @ W + b, t)
