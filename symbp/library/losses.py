"""Losses: PyTorch's names, (prediction, target), the mean over examples."""


def mse(prediction, target):
    """Mean squared error, over every entry."""
    return mean((prediction - target) ** 2)


def nll(log_probabilities, target):
    """Negative log likelihood of a distribution over the last dimension."""
    return -mean(sum(target * log_probabilities, axis=-1))


def cross_entropy(logits, target):
    """Cross-entropy of softmax(logits) and a distribution over the last dimension."""
    return -mean(sum(target * log_softmax(logits), axis=-1))


def binary_cross_entropy(probabilities, target):
    """Cross-entropy of probabilities and targets between 0 and 1, entry by entry."""
    return -mean(target * log(probabilities) + (1 - target) * log(1 - probabilities))


def binary_cross_entropy_with_logits(logits, target):
    """The same of sigmoid(logits)."""
    return mean(log1p(exp(logits)) - target * logits)
