from symbp import Data, network


@network
def linear_2_2_2_backward(
    x1: Data,
    x2: Data,
    y1: Data,
    y2: Data,
    w1: Data,
    w2: Data,
    w3: Data,
    w4: Data,
    w5: Data,
    w6: Data,
    w7: Data,
    w8: Data,
):
    """Two inputs, two hidden and two output neurons without bias, under half the squared error.
    两个输入、两个隐藏神经元和两个输出神经元，没有偏置，损失为平方误差的一半。
    """
    z1 = w1 * x1 + w3 * x2
    z2 = w2 * x1 + w4 * x2
    z3 = w5 * z1 + w7 * z2
    z4 = w6 * z1 + w8 * z2
    L = ((z3 - y1) ** 2 + (z4 - y2) ** 2) / 2
    z4_bar = z4 - y2
    w6_bar = z4_bar * z1
    w8_bar = z4_bar * z2
    z3_bar = z3 - y1
    w5_bar = z3_bar * z1
    w7_bar = z3_bar * z2
    z2_bar = z3_bar * w7 + z4_bar * w8
    w2_bar = z2_bar * x1
    w4_bar = z2_bar * x2
    z1_bar = z3_bar * w5 + z4_bar * w6
    w1_bar = z1_bar * x1
    w3_bar = z1_bar * x2
    return w1_bar, w2_bar, w3_bar, w4_bar, w5_bar, w6_bar, w7_bar, w8_bar
