"""Losses: PyTorch's names, (prediction, target), the mean over examples unless `reduction` is "sum" or "none"."""


def reduced(losses, reduction="mean"):
    """The mean of losses, their sum, or all of them."""
    assert reduction in ("mean", "sum", "none"), "expected 'mean', 'sum' or 'none'"
    return mean(losses) if reduction == "mean" else sum(losses) if reduction == "sum" else losses


def mse(prediction, target, reduction="mean"):
    """Squared error, over every entry.
    平方误差，对所有元素。"""
    return reduced((prediction - target) ** 2, reduction)


def nll(
    log_probabilities: Array[..., K], target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0
):  # fmt: skip
    """Negative log likelihood of a distribution over the last dimension, or of Labels.
    最后一维上的分布或类别标签的负对数似然。"""
    labelled = isinstance(target, Labels)
    ignores = ignore_index in target if labelled else False
    even = weight is None and ignores == False  # noqa: E712
    plain = even and reduction == "mean" and label_smoothing == 0
    return (
        -mean(log_probabilities[..., target] if labelled else sum(target * log_probabilities, axis=-1))
        if plain
        else nll_of_labels(
            log_probabilities, target, ones(K) if weight is None else weight, ignores, ignore_index, even, reduction,
            label_smoothing,
        )
        if labelled
        else reduced(
            -sum(
                (1 if weight is None else weight)
                * ((1 - label_smoothing) * target + label_smoothing / K)
                * log_probabilities,
                axis=-1,
            ),
            reduction,
        )
    )  # fmt: skip


def nll_of_labels(
    log_p: Array[..., K], target: Labels[..., K], weight, ignores, ignore_index, even, reduction, label_smoothing
):  # fmt: skip
    """The same by the weight of each class, but for one label, which may name no class."""
    losses = (
        where(target == ignore_index, 0, nll_of_each(log_p, target, weight, label_smoothing))
        if ignores
        else nll_of_each(log_p, target, weight, label_smoothing)
    )
    counts = where(target == ignore_index, 0, weight[target]) if ignores else weight[target]
    return reduced(losses, reduction) if even or reduction != "mean" else sum(losses) / sum(counts)


def nll_of_each(log_p: Array[..., K], target: Labels[..., K], weight, label_smoothing):
    """Of each label by the weight of its class; a part of it is shared among all classes."""
    return -(
        (1 - label_smoothing) * weight[target] * log_p[..., target]
        + (0 if label_smoothing == 0 else label_smoothing * mean(weight * log_p, axis=-1))
    )


def cross_entropy(logits, target, weight=None, ignore_index=-100, reduction="mean", label_smoothing=0):
    """Cross-entropy of softmax(logits) and a distribution over the last dimension, or Labels.
    softmax(logits)与最后一维上的分布或类别标签的交叉熵。"""
    return nll(log_softmax(logits), target, weight, ignore_index, reduction, label_smoothing)


def binary_cross_entropy(probabilities, target, weight=1, reduction="mean"):
    """Cross-entropy of probabilities and targets between 0 and 1, entry by entry.
    概率与0到1之间的目标逐元素的交叉熵。"""
    return reduced(-weight * (target * log(probabilities) + (1 - target) * log(1 - probabilities)), reduction)


def binary_cross_entropy_with_logits(logits, target, weight=1, reduction="mean", pos_weight=None):
    """The same of sigmoid(logits); `pos_weight` is how much an example of the class counts.
    同上，用sigmoid(logits)；`pos_weight`是该类样本的权重。"""
    return reduced(
        weight * (log1p(exp(logits)) - target * logits)
        if pos_weight is None
        else weight * (pos_weight * target * log1p(exp(-logits)) + (1 - target) * log1p(exp(logits))),
        reduction,
    )


def huber(prediction, target, delta=1, reduction="mean"):
    """Half the squared error near 0, linear from delta on.
    0附近是平方误差的一半，从delta起为线性。"""
    e = prediction - target
    return reduced(where(abs(e) <= delta, e**2 / 2, delta * (abs(e) - delta / 2)), reduction)


def hinge(prediction, target):
    """How far each prediction is from the right side, by 1 or more; targets are 1 and -1.
    每个预测离正确一侧（至少1）还差多少；目标为1和-1。"""
    return mean(maximum(1 - target * prediction, 0))


def kl_div(log_probabilities: Array[N, ...], target, reduction=None):
    """Kullback-Leibler divergence of a distribution over the last dimension from exp(log_probabilities).
    最后一维上的分布对exp(log_probabilities)的KL散度。"""
    terms = where(target > 0, target * log(target), 0) - target * log_probabilities
    return (
        mean(sum(terms, axis=-1))
        if reduction is None
        else sum(terms) / N
        if reduction == "batchmean"
        else reduced(terms, reduction)
    )
