from symbp import Data, dims, network

B, T, D, E = dims("B T D E")


@network
def attention_head_backward(
    X: Data[B, T, D],
    Y: Data[B, T, D],
    Wq: Data[D, E],
    Wk: Data[D, E],
    Wv: Data[D, E],
    Wo: Data[E, D],
):
    """Scaled dot-product attention on a batch of sequences, no mask, an output projection, half squared error.
    一批序列上的缩放点积注意力，没有掩码，带输出投影，损失为平方误差的一半。
    """
    Q[b, t, e] = sum(X[b, t, d] * Wq[d, e] for d in D)  # queries: what each position looks for | 查询：每个位置要找什么
    K[b, t, e] = sum(X[b, t, d] * Wk[d, e] for d in D)  # keys: what each position is found by | 键：每个位置凭什么被找到
    V[b, t, e] = sum(X[b, t, d] * Wv[d, e] for d in D)  # values: what each position gives | 值：每个位置提供什么
    S[b, t, s] = sum(Q[b, t, e] * K[b, s, e] for e in E) / sqrt(E)  # scores: how well a key fits a query | 得分：键与查询的匹配程度
    A = softmax(S)  # attention weights: the share of each value | 注意力权重：各个值所占的份额
    O[b, t, e] = sum(A[b, t, s] * V[b, s, e] for s in T)
    R[b, t, d] = sum(O[b, t, e] * Wo[e, d] for e in E)
    L = sum((R[b, t, d] - Y[b, t, d]) ** 2 for b in B for t in T for d in D) / B / 2
    R_bar[b, t, d] = 1 / B * (R[b, t, d] - Y[b, t, d])
    Wo_bar[e, d] = sum(O[b, t, e] * R_bar[b, t, d] for b in B for t in T)
    O_bar[b, t, e] = sum(R_bar[b, t, d] * Wo[e, d] for d in D)
    A_bar[b, t, s] = sum(O_bar[b, t, e] * V[b, s, e] for e in E)
    S_bar[b, t, s] = A[b, t, s] * (A_bar[b, t, s] - sum(A_bar[b, t, r] * A[b, t, r] for r in T))
    V_bar[b, t, e] = sum(A[b, s, t] * O_bar[b, s, e] for s in T)
    Wv_bar[d, e] = sum(X[b, t, d] * V_bar[b, t, e] for b in B for t in T)
    K_bar[b, t, e] = 1 / sqrt(E) * sum(S_bar[b, s, t] * Q[b, s, e] for s in T)
    Wk_bar[d, e] = sum(X[b, t, d] * K_bar[b, t, e] for b in B for t in T)
    Q_bar[b, t, e] = 1 / sqrt(E) * sum(S_bar[b, t, r] * K[b, r, e] for r in T)
    Wq_bar[d, e] = sum(X[b, t, d] * Q_bar[b, t, e] for b in B for t in T)
    return Wq_bar, Wk_bar, Wv_bar, Wo_bar
