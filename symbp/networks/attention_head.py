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
    Q = X @ Wq  # queries | 查询
    K = X @ Wk  # keys | 键
    V = X @ Wv  # values | 值
    S = Q @ K.T / sqrt(E)  # scores | 得分
    A = softmax(S)  # attention weights | 注意力权重
    O = A @ V
    R = O @ Wo
    return sum((R - Y) ** 2) / (2 * B)
