"""Losses on distances and overlaps."""


def cosine_similarity(x1, x2, axis=-1):
    """The cosine of the angle between vectors."""
    return sum(x1 * x2, axis=axis) / (norm(x1, axis=axis) * norm(x2, axis=axis))


def normalize(x, axis=-1, eps=1e-12):
    """Vectors of length 1 in the same directions."""
    return x / maximum(norm(x, axis=axis, keepdims=True), eps)


def triplet(anchor, positive, negative, margin=1, reduction="mean"):
    """How much nearer the positive should be than the negative, in Euclidean distance."""
    near = norm(anchor - positive, axis=-1)
    far = norm(anchor - negative, axis=-1)
    return reduced(relu(near - far + margin), reduction)


def contrastive(u: Array[N, D], v: Array[N, D], temperature=0.1):
    """InfoNCE: row n of u belongs to row n of v, and to none of the others."""
    a = u / norm(u, axis=1, keepdims=True)
    b = v / norm(v, axis=1, keepdims=True)
    score = a @ b.T / temperature
    return mean(logsumexp(score)) - sum(score[n, n] for n in N) / N


def focal(logits, target, gamma=2, alpha=0.25):
    """A binary cross-entropy that counts what is nearly right less."""
    right = target * log_sigmoid(logits) + (1 - target) * log_sigmoid(-logits)
    wrong = target * sigmoid(-logits) + (1 - target) * sigmoid(logits)
    weight = alpha * target + (1 - alpha) * (1 - target)
    return -mean(weight * wrong**gamma * right)


def log_sigmoid(x):
    """The logarithm of the sigmoid."""
    return -softplus(-x)


def embedding_bag(x, w):
    """The mean of the rows that each row of labels names."""
    return mean(embedding(x, w), axis=-2)


def dice(probabilities, target, eps=1):
    """One minus the overlap of each example, which is twice what both have over what they have together."""
    p = flatten(probabilities)
    g = flatten(target)
    return mean(1 - (2 * sum(p * g, axis=1) + eps) / (sum(p, axis=1) + sum(g, axis=1) + eps))
