"""Two layers of two linear neurons each, every weight by its own name."""

from symbp import Data, Param, network


@network
def linear_2_2_2(
    x1: Data, x2: Data, y1: Data, y2: Data,
    w1: Param, w2: Param, w3: Param, w4: Param,
    w5: Param, w6: Param, w7: Param, w8: Param,
):  # fmt: skip
    """Two inputs, two hidden and two output neurons without bias, under half the squared error.
    两个输入、两个隐藏神经元和两个输出神经元，没有偏置，损失为平方误差的一半。"""
    z1 = w1 * x1 + w3 * x2
    z2 = w2 * x1 + w4 * x2
    z3 = w5 * z1 + w7 * z2
    z4 = w6 * z1 + w8 * z2
    return ((z3 - y1) ** 2 + (z4 - y2) ** 2) / 2
