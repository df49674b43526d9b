"""Losses of sequences: every way to read one, summed step by step."""


def crf(emissions: Array[N, T, K], tags: Labels[N, T, K], transitions: Array[K, K], mask=None):
    """Linear-chain conditional random field: minus the mean log probability of the tags; the mask is 1 on true steps.
    线性链条件随机场：标签的负平均对数概率；掩码在真实步上为1。"""
    for t in T:
        alpha[t, n:N, k:K] = (
            emissions[n, t, k] + (log(sum(exp(alpha[t - 1, n, j] + transitions[j, k]) for j in K)) if t > 0 else 0)
            if mask is None or t == 0 or mask[n, t] > 0
            else alpha[t - 1, n, k]
        )
    whole[n] = log(sum(exp(alpha[T - 1, n, k]) for k in K))
    score[n] = sum(
        (1 if mask is None else mask[n, t])
        * (emissions[n, t, tags[n, t]] + (transitions[tags[n, t - 1], tags[n, t]] if t > 0 else 0))
        for t in T
    )
    return mean(whole - score)


def ctc(log_probabilities: Array[T, N, C], target: Labels[N, S, K], blank=0):
    """Connectionist temporal classification: minus the log probability of each row over its length, the mean over rows.
    连接时序分类：每行负对数概率除以其长度，再对各行取平均。"""
    assert S <= T, "fewer steps than labels"
    # Between labels there may be blanks, between two equal ones there must be: so a label has a first step.
    first[n, s:S] = s + sum(1 if target[n, i] == target[n, i - 1] else 0 for i in range(1, s + 1))
    free[n:N, s : S + 1] = first[n, s - 1] + 1 if s > 0 else 0
    for t in T:
        gap[t, n:N, s : S + 1] = (
            log_probabilities[t, n, blank]
            + (
                log(
                    (exp(gap[t - 1, n, s]) if free[n, s] < t else 0)
                    + (exp(label[t - 1, n, s - 1]) if s > 0 and first[n, s - 1] < t else 0)
                )
                if t > 0
                else 0
            )
            if free[n, s] <= t
            else 0
        )
        label[t, n:N, s:S] = (
            log_probabilities[t, n, target[n, s]]
            + (
                log(
                    (exp(label[t - 1, n, s]) if first[n, s] < t else 0)
                    + (exp(gap[t - 1, n, s]) if free[n, s] < t else 0)
                    + (
                        exp(label[t - 1, n, s - 1])
                        if s > 0 and target[n, s] != target[n, s - 1] and first[n, s - 1] < t
                        else 0
                    )
                )
                if t > 0
                else 0
            )
            if first[n, s] <= t
            else 0
        )
    return mean(
        -log(
            (exp(gap[T - 1, n, S]) if free[n, S] < T else 0)
            + (exp(label[T - 1, n, S - 1]) if first[n, S - 1] < T else 0)
        )
        / S
        for n in N
    )
