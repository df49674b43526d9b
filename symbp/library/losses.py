"""Losses: PyTorch's names, (prediction, target), the mean over examples."""


def mse(prediction, target):
    """Mean squared error, over every entry."""
    return mean((prediction - target) ** 2)


def nll(log_probabilities, target):
    """Negative log likelihood of a distribution over the last dimension, or of Labels."""
    return -mean(
        log_probabilities[..., target] if isinstance(target, Labels) else sum(target * log_probabilities, axis=-1)
    )


def cross_entropy(logits, target):
    """Cross-entropy of softmax(logits) and a distribution over the last dimension, or Labels."""
    return -mean(
        log_softmax(logits)[..., target] if isinstance(target, Labels) else sum(target * log_softmax(logits), axis=-1)
    )


def binary_cross_entropy(probabilities, target):
    """Cross-entropy of probabilities and targets between 0 and 1, entry by entry."""
    return -mean(target * log(probabilities) + (1 - target) * log(1 - probabilities))


def binary_cross_entropy_with_logits(logits, target):
    """The same of sigmoid(logits)."""
    return mean(log1p(exp(logits)) - target * logits)


def huber(prediction, target, delta=1):
    """Half the squared error near 0, linear from delta on."""
    e = prediction - target
    return mean(where(abs(e) <= delta, e**2 / 2, delta * (abs(e) - delta / 2)))


def hinge(prediction, target):
    """How far each prediction is from the right side, by 1 or more; targets are 1 and -1."""
    return mean(maximum(1 - target * prediction, 0))


def kl_div(log_probabilities, target):
    """Kullback-Leibler divergence of a distribution over the last dimension from exp(log_probabilities)."""
    return mean(sum(where(target > 0, target * log(target), 0) - target * log_probabilities, axis=-1))
