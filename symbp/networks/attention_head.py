"""One head of attention."""

from symbp import Data, Param, dims, network

B, T, D, E = dims("B T D E")


@network
def attention_head(
    X: Data[B, T, D], Y: Data[B, T, D],
    Wq: Param[D, E], Wk: Param[D, E], Wv: Param[D, E], Wo: Param[E, D],
):  # fmt: skip
    """Scaled dot-product attention on a batch of sequences, no mask, an output projection, half squared error.
    一批序列上的缩放点积注意力，没有掩码，带输出投影，损失为平方误差的一半。"""
    Q = X @ Wq  # queries: what each position looks for | 查询：每个位置要找什么
    K = X @ Wk  # keys: what each position is found by | 键：每个位置凭什么被找到
    V = X @ Wv  # values: what each position gives | 值：每个位置提供什么
    S = Q @ K.T / sqrt(E)  # scores: how well a key fits a query | 得分：键与查询的匹配程度
    A = softmax(S)  # attention weights: the share of each value | 注意力权重：各个值所占的份额
    O = A @ V
    R = O @ Wo
    return sum((R - Y) ** 2) / (2 * B)
