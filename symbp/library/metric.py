"""Losses on distances and overlaps."""


def cosine_similarity(x1, x2, axis=-1):
    """The cosine of the angle between vectors.
    向量夹角的余弦。"""
    return sum(x1 * x2, axis=axis) / (norm(x1, axis=axis) * norm(x2, axis=axis))


def normalize(x, axis=-1, eps=1e-12):
    """Vectors of length 1 in the same directions.
    方向相同、长度为1的向量。"""
    return x / maximum(norm(x, axis=axis, keepdims=True), eps)


def triplet(anchor, positive, negative, margin=1, reduction="mean"):
    """How much nearer the positive should be than the negative, in Euclidean distance.
    按欧氏距离，正样本应比负样本近多少。"""
    near = norm(anchor - positive, axis=-1)
    far = norm(anchor - negative, axis=-1)
    return reduced(relu(near - far + margin), reduction)


def contrastive(u: Array[N, D], v: Array[N, D], temperature=0.1):
    """InfoNCE: row n of u belongs to row n of v, and to none of the others.
    InfoNCE：u的第n行与v的第n行配对，与其余各行不配对。"""
    a = u / norm(u, axis=1, keepdims=True)
    b = v / norm(v, axis=1, keepdims=True)
    score = a @ b.T / temperature
    return mean(logsumexp(score)) - sum(score[n, n] for n in N) / N


def focal(logits, target, gamma=2, alpha=0.25):
    """A binary cross-entropy that counts what is nearly right less.
    二元交叉熵，接近正确者权重较小。"""
    right = target * log_sigmoid(logits) + (1 - target) * log_sigmoid(-logits)
    wrong = target * sigmoid(-logits) + (1 - target) * sigmoid(logits)
    weight = alpha * target + (1 - alpha) * (1 - target)
    return -mean(weight * wrong**gamma * right)


def log_sigmoid(x):
    """The logarithm of the sigmoid.
    sigmoid的对数。"""
    return -softplus(-x)


def embedding_bag(x, w):
    """The mean of the rows that each row of labels names.
    每行标签所指各行的平均。"""
    return mean(embedding(x, w), axis=-2)


def dice(probabilities, target, eps=1):
    """One minus the overlap of each example, which is twice what both have over what they have together.
    1减去每个样本的重叠度：共同部分的两倍除以两者之和。"""
    p = flatten(probabilities)
    g = flatten(target)
    return mean(1 - (2 * sum(p * g, axis=1) + eps) / (sum(p, axis=1) + sum(g, axis=1) + eps))
