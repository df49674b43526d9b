"""Forty modules as people write them in PyTorch, each with inputs of its own and the loss it is trained by.

A row is a function that makes the module and its inputs; what it is called is the name of the row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

Made = tuple[nn.Module, tuple[Any, ...], str]
ROWS: dict[str, Callable[[], Made]] = {}
REFUSED: dict[str, str] = {}  # rows that are refused, and what the message must say


def row(make: Callable[[], Made]) -> Callable[[], Made]:
    ROWS[make.__name__] = make
    return make


# --- perceptrons


@row
def mlp() -> Made:
    net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 3))
    return net, (torch.randn(4, 5),), "cross_entropy"


@row
def deep_mlp() -> Made:
    """Eight layers of one width: a loop."""

    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(5, 6)
            self.layers = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.LayerNorm(6), nn.GELU()) for _ in range(8))
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            x = self.first(x)
            for layer in self.layers:
                x = x + layer(x)
            return self.head(x)

    return Deep(), (torch.randn(4, 5),), "cross_entropy"


@row
def batch_norm_mlp() -> Made:
    net = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.SiLU(), nn.Dropout(0.0), nn.Linear(7, 2))
    return net, (torch.randn(6, 5),), "mse"


@row
def dqn() -> Made:
    """A duelling network for values of actions, and the loss of a step, its target without a gradient."""

    class Duelling(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU())
            self.value, self.advantage = nn.Linear(8, 1), nn.Linear(8, 3)

        def q(self, state):
            h = self.body(state)
            a = self.advantage(h)
            return self.value(h) + a - a.mean(dim=1, keepdim=True)

        def forward(self, state, chosen, reward, following):
            taken = (self.q(state) * chosen).sum(dim=1)
            best = self.q(following).max(dim=1).values.detach()
            return F.smooth_l1_loss(taken, reward + 0.9 * best)

    chosen = F.one_hot(torch.randint(0, 3, (5,)), 3).float()
    return Duelling(), (torch.randn(5, 4), chosen, torch.randn(5), torch.randn(5, 4)), "none"


@row
def siamese() -> Made:
    class Siamese(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, 4))

        def forward(self, a, b, same):
            u, v = self.encoder(a), self.encoder(b)
            d = (u - v).pow(2).sum(dim=1)
            return (same * d + (1 - same) * F.relu(1 - torch.sqrt(d + 1e-6)).square()).mean()

    return Siamese(), (torch.randn(5, 6), torch.randn(5, 6), torch.tensor([1.0, 0, 1, 0, 0])), "none"


@row
def autoencoder() -> Made:
    class Autoencoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(9, 6), nn.ELU(), nn.Linear(6, 2))
            self.decoder = nn.Sequential(nn.Linear(2, 6), nn.ELU(), nn.Linear(6, 9), nn.Sigmoid())

        def forward(self, x):
            return F.mse_loss(self.decoder(self.encoder(x)), x)

    return Autoencoder(), (torch.rand(4, 9),), "none"


@row
def vae() -> Made:
    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1, self.fc21, self.fc22 = nn.Linear(9, 6), nn.Linear(6, 2), nn.Linear(6, 2)
            self.fc3, self.fc4 = nn.Linear(2, 6), nn.Linear(6, 9)

        def forward(self, x, noise):
            h = F.relu(self.fc1(x))
            mu, logvar = self.fc21(h), self.fc22(h)
            z = mu + noise * torch.exp(0.5 * logvar)
            logits = self.fc4(F.relu(self.fc3(z)))
            bce = F.binary_cross_entropy_with_logits(logits, x, reduction="mean")
            return bce - 0.5 * torch.mean(1 + logvar - mu.pow(2) - logvar.exp())

    return VAE(), (torch.rand(4, 9), torch.randn(4, 2)), "none"


@row
def mixture_density() -> Made:
    class MDN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.hidden = nn.Linear(3, 8)
            self.pi, self.mu, self.sigma = nn.Linear(8, 4), nn.Linear(8, 4), nn.Linear(8, 4)

        def forward(self, x, y):
            h = torch.tanh(self.hidden(x))
            s = F.softplus(self.sigma(h)) + 1e-3
            log_p = -0.5 * ((y.unsqueeze(1) - self.mu(h)) / s) ** 2 - torch.log(s) - 0.5 * math.log(2 * math.pi)
            return -torch.logsumexp(F.log_softmax(self.pi(h), dim=1) + log_p, dim=1).mean()

    return MDN(), (torch.randn(5, 3), torch.randn(5)), "none"


@row
def maxout_and_friends() -> Made:
    class Units(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(3, 2)
            self.prelu = nn.PReLU(6)

        def forward(self, x):
            h = F.leaky_relu(self.a(x), 0.2)
            h = F.hardswish(self.prelu(self.b(h)))
            h = F.glu(F.mish(h), dim=-1)
            return F.log_softmax(self.c(torch.clamp(h, -1, 1)), dim=-1)

    return Units(), (torch.randn(5, 4),), "nll"


# --- images


@row
def lenet() -> Made:
    class LeNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 4, 5, padding=2), nn.Conv2d(4, 6, 5)
            self.fc1, self.fc2, self.fc3 = nn.Linear(6 * 2 * 2, 12), nn.Linear(12, 8), nn.Linear(8, 5)

        def forward(self, x):
            x = F.max_pool2d(F.relu(self.conv1(x)), 2)
            x = F.max_pool2d(F.relu(self.conv2(x)), 2)
            x = torch.flatten(x, 1)
            return self.fc3(F.relu(self.fc2(F.relu(self.fc1(x)))))

    return LeNet(), (torch.randn(3, 1, 16, 16),), "cross_entropy"


@row
def vgg() -> Made:
    net = nn.Sequential(
        *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(True), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3, padding=1), nn.ReLU(True), nn.MaxPool2d(2), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten()),
        nn.Linear(6, 4),
    )
    return net, (torch.randn(3, 3, 8, 8),), "cross_entropy"


class BasicBlock(nn.Module):
    """The block of torchvision's ResNet-18."""

    def __init__(self, before: int, width: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(before, width, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = None
        if stride != 1 or before != width:
            self.downsample = nn.Sequential(
                nn.Conv2d(before, width, 1, stride=stride, bias=False), nn.BatchNorm2d(width)
            )

    def forward(self, x):
        identity = x
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.downsample is not None:
            identity = self.downsample(x)
        out += identity
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(BasicBlock(4, 4), BasicBlock(4, 4))
        self.layer2 = nn.Sequential(BasicBlock(4, 6, 2), BasicBlock(6, 6))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(6, 5)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        return self.fc(torch.flatten(self.avgpool(x), 1))


@row
def resnet() -> Made:
    return ResNet(), (torch.randn(3, 3, 8, 8),), "cross_entropy"


@row
def resnet_eval() -> Made:
    net = ResNet()
    for m in net.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.normal_(), m.running_var.uniform_(0.5, 2)
    return net.eval(), (torch.randn(3, 3, 8, 8),), "cross_entropy"


@row
def bottleneck() -> Made:
    """A block of MobileNet's: expansion, a convolution for each channel by itself, squeeze and excitation."""

    class Inverted(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.expand = nn.Sequential(nn.Conv2d(4, 8, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU6())
            self.depth = nn.Sequential(
                nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False), nn.BatchNorm2d(8), nn.ReLU6()
            )
            self.squeeze, self.excite = nn.Linear(8, 2), nn.Linear(2, 8)
            self.project = nn.Conv2d(8, 4, 1)
            self.fc = nn.Linear(4, 3)

        def forward(self, x):
            h = self.depth(self.expand(x))
            s = torch.sigmoid(self.excite(F.relu(self.squeeze(h.mean(dim=(2, 3))))))
            h = x + self.project(h * s[:, :, None, None])
            return self.fc(h.mean((2, 3)))

    return Inverted(), (torch.randn(3, 4, 5, 5),), "cross_entropy"


@row
def dense_block() -> Made:
    class Dense(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.c = nn.Conv2d(2, 3, 3, padding=1), nn.Conv2d(5, 3, 3, padding=1), nn.Linear(8 * 4, 3)

        def forward(self, x):
            h = torch.cat([x, F.relu(self.a(x))], 1)
            h = torch.cat([h, F.relu(self.b(h))], 1)
            return self.c(F.avg_pool2d(h, 2).flatten(1))

    return Dense(), (torch.randn(3, 2, 4, 4),), "cross_entropy"


@row
def unet() -> Made:
    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down1, self.down2 = self.twice(1, 4), self.twice(4, 6)
            self.middle = self.twice(6, 8)
            self.up2, self.up1 = nn.ConvTranspose2d(8, 6, 2, stride=2), nn.ConvTranspose2d(6, 4, 2, stride=2)
            self.dec2, self.dec1 = self.twice(12, 6), self.twice(8, 4)
            self.out = nn.Conv2d(4, 1, 1)

        def twice(self, a, b):
            return nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.ReLU(), nn.Conv2d(b, b, 3, padding=1), nn.ReLU())

        def forward(self, x):
            a = self.down1(x)
            b = self.down2(F.max_pool2d(a, 2))
            m = self.middle(F.max_pool2d(b, 2))
            d = self.dec2(torch.cat([self.up2(m), b], dim=1))
            return self.out(self.dec1(torch.cat([self.up1(d), a], dim=1)))

    return UNet(), (torch.randn(2, 1, 8, 8),), "binary_cross_entropy_with_logits"


@row
def conv_autoencoder() -> Made:
    class Conv(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enc = nn.Sequential(
                nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.ReLU(), nn.Conv2d(3, 4, 3, stride=2, padding=1)
            )
            self.dec = nn.ConvTranspose2d(4, 3, 4, stride=2, padding=1)
            self.last = nn.Conv2d(3, 1, 3, padding=1)

        def forward(self, x):
            h = F.relu(self.dec(self.enc(x)))
            h = F.interpolate(h, scale_factor=2, mode="nearest")
            return torch.sigmoid(self.last(h))

    return Conv(), (torch.rand(2, 1, 8, 8),), "mse"


@row
def gan_generator() -> Made:
    class Generator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.project = nn.Linear(5, 8 * 2 * 2)
            self.main = nn.Sequential(
                *(nn.BatchNorm2d(8), nn.ReLU(True), nn.ConvTranspose2d(8, 4, 4, 2, 1, bias=False), nn.BatchNorm2d(4)),
                *(nn.ReLU(True), nn.ConvTranspose2d(4, 1, 4, 2, 1, bias=False), nn.Tanh()),
            )

        def forward(self, z):
            return self.main(self.project(z).view(-1, 8, 2, 2))

    return Generator(), (torch.randn(3, 5),), "mse"


@row
def style_block() -> Made:
    """Instance norm, group norm, bilinear upsampling and pixel shuffle."""

    class Style(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1)
            self.norm1, self.norm2 = nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 8)

        def forward(self, x):
            h = F.relu(self.norm1(self.conv1(x)))
            h = self.norm2(self.conv2(F.interpolate(h, scale_factor=2, mode="bilinear", align_corners=False)))
            return F.pixel_shuffle(h, 2)

    return Style(), (torch.randn(2, 2, 3, 3),), "mse"


# --- sequences


@row
def lstm_stack() -> Made:
    class Tagger(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(11, 5)
            self.lstm = nn.LSTM(5, 6, num_layers=2, batch_first=True)
            self.fc = nn.Linear(6, 4)

        def forward(self, tokens):
            h, _ = self.lstm(self.embed(tokens))
            return self.fc(h)

    return Tagger(), (torch.randint(0, 11, (3, 5)),), "cross_entropy"


@row
def bidirectional_lstm() -> Made:
    class Classifier(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
            self.fc = nn.Linear(6, 2)

        def forward(self, x):
            _, (h, _) = self.lstm(x)
            return self.fc(torch.cat([h[-2], h[-1]], dim=1))

    return Classifier(), (torch.randn(3, 5, 4),), "cross_entropy"


@row
def gru() -> Made:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gru = nn.GRU(4, 6)
            self.fc = nn.Linear(6, 2)

        def forward(self, x):
            out, _ = self.gru(x)
            return self.fc(out[-1])

    return Last(), (torch.randn(5, 3, 4),), "mse"


@row
def elman() -> Made:
    class Elman(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.RNN(3, 5, batch_first=True, nonlinearity="relu")
            self.fc = nn.Linear(5, 2)

        def forward(self, x):
            return self.fc(self.rnn(x)[0].mean(dim=1))

    return Elman(), (torch.randn(4, 6, 3),), "cross_entropy"


@row
def gru_cell_unrolled() -> Made:
    class Cells(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.GRUCell(3, 4)
            self.fc = nn.Linear(4, 2)

        def forward(self, x):
            h = torch.zeros(x.shape[0], 4, dtype=x.dtype)
            for k in range(x.shape[1]):
                h = self.cell(x[:, k], h)
            return self.fc(h)

    return Cells(), (torch.randn(3, 4, 3),), "mse"


@row
def conv_lstm() -> Made:
    class ConvLSTM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2 + 3, 4 * 3, 3, padding=1)
            self.head = nn.Conv2d(3, 1, 1)

        def forward(self, x):
            n, steps, _, i, j = x.shape
            h = c = torch.zeros(n, 3, i, j, dtype=x.dtype)
            for k in range(steps):
                a, b, o, g = torch.chunk(self.conv(torch.cat([x[:, k], h], dim=1)), 4, dim=1)
                c = torch.sigmoid(b) * c + torch.sigmoid(a) * torch.tanh(g)
                h = torch.sigmoid(o) * torch.tanh(c)
            return self.head(h)

    return ConvLSTM(), (torch.randn(2, 3, 2, 4, 4),), "mse"


@row
def temporal_convolution() -> Made:
    """Causal convolutions with gaps, residual."""

    class TCN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.conv2 = nn.Conv1d(3, 4, 2), nn.Conv1d(4, 4, 2, dilation=2)
            self.skip, self.fc = nn.Conv1d(3, 4, 1), nn.Linear(4, 2)

        def forward(self, x):
            h = F.relu(self.conv1(F.pad(x, (1, 0))))
            h = F.relu(self.conv2(F.pad(h, (2, 0))) + self.skip(x))
            return self.fc(h[:, :, -1])

    return TCN(), (torch.randn(3, 3, 7),), "cross_entropy"


@row
def text_cnn() -> Made:
    class TextCNN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Embedding(13, 4)
            self.convs = nn.ModuleList(nn.Conv1d(4, 3, k) for k in (2, 3))
            self.fc = nn.Linear(6, 2)

        def forward(self, tokens):
            x = self.embed(tokens).transpose(1, 2)
            return self.fc(torch.cat([F.relu(c(x)).amax(dim=2) for c in self.convs], dim=1))

    return TextCNN(), (torch.randint(0, 13, (3, 6)),), "cross_entropy"


@row
def seq2seq_attention() -> Made:
    class Seq2Seq(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.source, self.target = nn.Embedding(9, 4), nn.Embedding(7, 4)
            self.encoder, self.decoder = nn.GRU(4, 5, batch_first=True), nn.GRU(4, 5, batch_first=True)
            self.out = nn.Linear(10, 7)

        def forward(self, source, target):
            states, h = self.encoder(self.source(source))
            outs, _ = self.decoder(self.target(target), h)
            weights = torch.softmax(torch.bmm(outs, states.transpose(1, 2)), dim=-1)
            return self.out(torch.cat([outs, torch.bmm(weights, states)], dim=-1))

    return Seq2Seq(), (torch.randint(0, 9, (3, 6)), torch.randint(0, 7, (3, 4))), "cross_entropy"


@row
def ssm() -> Made:
    """A diagonal linear state space, its kernel written out and used as a causal convolution."""

    class SSM(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.log_a, self.b, self.c = (nn.Parameter(torch.randn(3, 4)) for _ in range(3))
            self.d, self.out = nn.Parameter(torch.randn(3)), nn.Linear(3, 2)

        def forward(self, x):
            a = torch.exp(-torch.exp(self.log_a))
            h = torch.zeros(x.shape[0], 3, 4, dtype=x.dtype)
            ys = []
            for k in range(x.shape[1]):
                h = a * h + self.b * x[:, k, :, None]
                ys.append((h * self.c).sum(-1) + self.d * x[:, k])
            return self.out(torch.stack(ys, dim=1))

    return SSM(), (torch.randn(2, 5, 3),), "mse"


# --- attention


@row
def encoder() -> Made:
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
    return nn.TransformerEncoder(layer, 3), (torch.randn(3, 5, 8),), "mse"


@row
def decoder_layer() -> Made:
    class Decoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.TransformerDecoderLayer(8, 2, 16, 0.0, batch_first=True, norm_first=True, activation="gelu")

        def forward(self, target, memory):
            return self.layer(target, memory)

    return Decoder(), (torch.randn(3, 4, 8), torch.randn(3, 5, 8)), "mse"


class Block(nn.Module):
    """A block of GPT-2."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.c_attn, self.c_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.ModuleDict({"c_fc": nn.Linear(width, 4 * width), "c_proj": nn.Linear(4 * width, width)})
        self.heads = heads

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.c_attn(self.ln_1(x)).split(c, dim=2)
        q, k, v = (z.view(n, t, self.heads, c // self.heads).transpose(1, 2) for z in (q, k, v))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.c_proj(y.transpose(1, 2).contiguous().view(n, t, c))
        return x + self.mlp["c_proj"](F.gelu(self.mlp["c_fc"](self.ln_2(x)), approximate="tanh"))


class GPT(nn.Module):
    def __init__(self, layers: int, width: int, heads: int, words: int, places: int) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(words, width), nn.Embedding(places, width)
        self.h = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.ln_f = nn.LayerNorm(width)
        self.lm_head = nn.Linear(width, words, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, tokens):
        places = torch.arange(tokens.shape[1])
        x = self.wte(tokens) + self.wpe(places)
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


@row
def gpt2() -> Made:
    return GPT(3, 8, 2, 11, 7), (torch.randint(0, 11, (3, 5)),), "cross_entropy"


@row
def char_transformer() -> Made:
    """Attention written out with a mask that is a buffer, as in many courses."""

    class Head(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.key, self.query, self.value = (nn.Linear(6, 3, bias=False) for _ in range(3))
            self.register_buffer("tril", torch.tril(torch.ones(8, 8)))

        def forward(self, x):
            t = x.shape[1]
            k, q = self.key(x), self.query(x)
            w = q @ k.transpose(-2, -1) * k.shape[-1] ** -0.5
            w = w.masked_fill(self.tril[:t, :t] == 0, float("-inf"))
            return F.softmax(w, dim=-1) @ self.value(x)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tokens, self.places = nn.Embedding(9, 6), nn.Embedding(8, 6)
            self.heads = nn.ModuleList(Head() for _ in range(2))
            self.proj, self.ln, self.out = nn.Linear(6, 6), nn.LayerNorm(6), nn.Linear(6, 9)

        def forward(self, idx):
            x = self.tokens(idx) + self.places(torch.arange(idx.shape[1]))
            x = x + self.proj(torch.cat([h(x) for h in self.heads], dim=-1))
            return self.out(self.ln(x))

    return Model(), (torch.randint(0, 9, (3, 5)),), "cross_entropy"


@row
def vit() -> Made:
    class ViT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.patch = nn.Conv2d(3, 8, 4, stride=4)
            self.cls, self.pos = nn.Parameter(torch.randn(1, 1, 8)), nn.Parameter(torch.randn(1, 5, 8))
            layer = nn.TransformerEncoderLayer(8, 2, 12, 0.0, activation="gelu", batch_first=True, norm_first=True)
            self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
            self.head = nn.Linear(8, 4)

        def forward(self, x):
            x = self.patch(x).flatten(2).transpose(1, 2)
            x = torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1) + self.pos
            return self.head(self.encoder(x)[:, 0])

    return ViT(), (torch.randn(3, 3, 8, 8),), "cross_entropy"


@row
def mlp_mixer() -> Made:
    class Mixer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(6), nn.LayerNorm(6)
            self.token1, self.token2 = nn.Linear(4, 5), nn.Linear(5, 4)
            self.channel1, self.channel2 = nn.Linear(6, 7), nn.Linear(7, 6)

        def forward(self, x):
            y = self.norm1(x).transpose(1, 2)
            x = x + self.token2(F.gelu(self.token1(y))).transpose(1, 2)
            return x + self.channel2(F.gelu(self.channel1(self.norm2(x))))

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Linear(12, 6)
            self.blocks = nn.Sequential(Mixer(), Mixer(), Mixer())
            self.head = nn.Linear(6, 3)

        def forward(self, x):
            n = x.shape[0]
            x = x.reshape(n, 3, 2, 2, 2, 2).permute(0, 2, 4, 1, 3, 5).reshape(n, 4, 12)
            return self.head(self.blocks(self.embed(x)).mean(dim=1))

    return Model(), (torch.randn(2, 3, 4, 4),), "cross_entropy"


@row
def llama_block() -> Made:
    """RMS norm, rotary positions from buffers, SwiGLU."""

    class Llama(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v, self.o = (nn.Linear(8, 8, bias=False) for _ in range(4))
            self.w1, self.w2, self.w3 = (
                nn.Linear(8, 12, bias=False),
                nn.Linear(12, 8, bias=False),
                nn.Linear(8, 12, bias=False),
            )
            self.n1, self.n2 = nn.Parameter(torch.rand(8)), nn.Parameter(torch.rand(8))
            angles = torch.outer(torch.arange(5.0), 10000.0 ** (-torch.arange(0, 4, 2) / 4.0))
            self.register_buffer("cos", torch.cat([angles, angles], -1).cos())
            self.register_buffer("sin", torch.cat([angles, angles], -1).sin())

        def norm(self, x, g):
            return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * g

        def turn(self, x):
            a, b = x[..., :2], x[..., 2:]
            return x * self.cos + torch.cat([-b, a], dim=-1) * self.sin

        def forward(self, x):
            n, t, c = x.shape
            h = self.norm(x, self.n1)
            q, k, v = (w(h).view(n, t, 2, 4).transpose(1, 2) for w in (self.q, self.k, self.v))
            a = F.scaled_dot_product_attention(self.turn(q), self.turn(k), v, is_causal=True)
            x = x + self.o(a.transpose(1, 2).reshape(n, t, c))
            h = self.norm(x, self.n2)
            return x + self.w2(F.silu(self.w1(h)) * self.w3(h))

    return Llama(), (torch.randn(3, 5, 8),), "mse"


@row
def masked_encoder() -> Made:
    """Self-attention under a mask of keys that is an input."""

    class Masked(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.qkv, self.out = nn.Embedding(9, 6), nn.Linear(6, 18), nn.Linear(6, 3)

        def forward(self, tokens, mask):
            q, k, v = self.qkv(self.embed(tokens)).chunk(3, dim=-1)
            scores = torch.matmul(q, k.transpose(1, 2)) / math.sqrt(6)
            weights = scores.masked_fill(mask.unsqueeze(1) == 0, -1e9).softmax(dim=-1)
            h = torch.matmul(weights, v)
            return self.out((h * mask.unsqueeze(-1)).sum(1) / mask.sum(1, keepdim=True))

    mask = torch.tensor([[1.0, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]])
    return Masked(), (torch.randint(0, 9, (3, 4)), mask), "cross_entropy"


# --- others


@row
def gcn() -> Made:
    class GCN(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w1, self.w2 = nn.Linear(4, 6, bias=False), nn.Linear(6, 3)

        def forward(self, x, adjacency):
            degree = adjacency.sum(dim=1)
            scale = degree.pow(-0.5)
            a = scale[:, None] * adjacency * scale[None, :]
            return self.w2(a @ F.relu(a @ self.w1(x)))

    adjacency = (torch.rand(5, 5) < 0.5).float()
    adjacency = ((adjacency + adjacency.T) > 0).float() + torch.eye(5)
    return GCN(), (torch.randn(5, 4), adjacency), "cross_entropy"


@row
def matrix_factorisation() -> Made:
    class Factors(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.user, self.item = nn.Embedding(6, 3), nn.Embedding(8, 3)
            self.user_bias, self.item_bias = nn.Embedding(6, 1), nn.Embedding(8, 1)

        def forward(self, user, item):
            dot = (self.user(user) * self.item(item)).sum(dim=1)
            return dot + self.user_bias(user).squeeze(1) + self.item_bias(item).squeeze(1)

    return Factors(), (torch.randint(0, 6, (7,)), torch.randint(0, 8, (7,))), "mse"


@row
def contrastive() -> Made:
    """Two towers and a temperature, as in CLIP."""

    class Clip(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.image, self.text = nn.Linear(5, 4), nn.Linear(6, 4)
            self.scale = nn.Parameter(torch.tensor(0.5))

        def forward(self, a, b):
            u, v = F.normalize(self.image(a), dim=-1), F.normalize(self.text(b), dim=-1)
            logits = self.scale.exp() * u @ v.t()
            own = torch.diagonal(logits)
            return (torch.logsumexp(logits, 1) + torch.logsumexp(logits, 0) - 2 * own).mean() / 2

    return Clip(), (torch.randn(4, 5), torch.randn(4, 6)), "none"


@row
def neural_ode() -> Made:
    """Five steps of Runge and Kutta's method through one field."""

    class ODE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.field = nn.Sequential(nn.Linear(3, 6), nn.Tanh(), nn.Linear(6, 3))

        def forward(self, x):
            for _ in range(3):
                k = self.field(x)
                x = x + 0.1 * self.field(x + 0.05 * k)
            return x

    return ODE(), (torch.randn(4, 3),), "mse"


# --- what people write besides


@row
def wavenet() -> Made:
    """Gated causal convolutions with holes that widen, their skips summed up."""

    class Gated(nn.Module):
        def __init__(self, width: int, step: int) -> None:
            super().__init__()
            self.f, self.g = (nn.Conv1d(width, width, 2, dilation=step) for _ in range(2))
            self.out, self.skip, self.step = nn.Conv1d(width, width, 1), nn.Conv1d(width, width, 1), step

        def forward(self, x):
            p = F.pad(x, (self.step, 0))
            z = torch.tanh(self.f(p)) * torch.sigmoid(self.g(p))
            return x + self.out(z), self.skip(z)

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = nn.Conv1d(1, 4, 1), nn.Conv1d(4, 5, 1)
            self.blocks = nn.ModuleList(Gated(4, 2**k) for k in range(3))

        def forward(self, x):
            x, skips = self.first(x), 0
            for block in self.blocks:
                x, skip = block(x)
                skips = skips + skip
            return self.last(torch.relu(skips)).transpose(1, 2)

    return Net(), (torch.randn(2, 1, 9),), "cross_entropy"


@row
def nt_xent() -> Made:
    """The target is computed: of each view the place of the other one."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 4))

        def forward(self, a, b):
            n = a.shape[0]
            z = F.normalize(torch.cat([self.encoder(a), self.encoder(b)]), dim=1)
            alike = (z @ z.T / 0.5).masked_fill(torch.eye(2 * n, dtype=torch.bool), float("-inf"))
            return F.cross_entropy(alike, torch.cat([torch.arange(n) + n, torch.arange(n)]))

    return Net(), (torch.randn(3, 5), torch.randn(3, 5)), "none"


@row
def grouped_query_attention() -> Made:
    """Heads that share keys, norms of queries and keys, and rotary places in single precision."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q, self.k, self.v, self.o = (nn.Linear(8, n, bias=False) for n in (8, 4, 4, 8))
            self.q_norm, self.k_norm = nn.RMSNorm(2), nn.RMSNorm(2)

        def forward(self, x):
            b, t, _ = x.shape
            q = self.q_norm(self.q(x).view(b, t, 4, 2)).transpose(1, 2)
            k = self.k_norm(self.k(x).view(b, t, 2, 2)).transpose(1, 2)
            v = self.v(x).view(b, t, 2, 2).transpose(1, 2)
            k, v = k.repeat_interleave(2, dim=1), v.repeat_interleave(2, dim=1)
            turn = torch.outer(torch.arange(t).float(), 1 / (10000 ** (torch.arange(0, 2, 2).float() / 2)))
            c, s = (torch.cat((turn, turn), -1).cos(), torch.cat((turn, turn), -1).sin())
            q, k = (z * c + torch.cat((-z.chunk(2, -1)[1], z.chunk(2, -1)[0]), -1) * s for z in (q, k))
            o = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.o(o.transpose(1, 2).reshape(b, t, 8))

    return Net(), (torch.randn(2, 5, 8),), "mse"


@row
def lora() -> Made:
    """What is kept as it is, is data."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.base = nn.Linear(5, 4).requires_grad_(False)
            self.a, self.b = nn.Parameter(torch.randn(2, 5)), nn.Parameter(torch.randn(4, 2))

        def forward(self, x):
            return self.base(x) + (x @ self.a.T @ self.b.T) * 8

    return Net(), (torch.randn(3, 5),), "cross_entropy"


@row
def masked_by_infinity() -> Made:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.q = nn.Linear(4, 4)

        def forward(self, x):
            mask = torch.triu(torch.full((x.shape[1], x.shape[1]), float("-inf")), diagonal=1)
            return torch.softmax(self.q(x) @ x.transpose(1, 2) / 2 + mask, -1) @ x

    return Net(), (torch.randn(2, 5, 4),), "mse"


@row
def padded_words() -> Made:
    """A row that only fills up, a window that is cut off at the end."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.conv, self.out = nn.Embedding(7, 4, padding_idx=0), nn.Conv1d(4, 5, 3), nn.Linear(5, 3)

        def forward(self, words):
            x = torch.relu(self.conv(self.words(words).transpose(1, 2)))
            return self.out(F.max_pool1d(x, 2, ceil_mode=True).amax(-1))

    return Net(), (torch.randint(0, 7, (3, 9)),), "cross_entropy"


@row
def volumes() -> Made:
    a, b = nn.Conv3d(1, 2, 3, padding=1), nn.Conv3d(2, 2, 2, stride=2)
    net = nn.Sequential(a, nn.ReLU(), b, nn.ReLU(), nn.Flatten(), nn.Linear(16, 2))
    return net, (torch.randn(2, 1, 4, 4, 4),), "cross_entropy"


@row
def upscaler() -> Made:
    up = nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1, output_padding=1)
    net = nn.Sequential(up, nn.ReLU(), nn.Conv2d(3, 4, 3, padding=1), nn.PixelShuffle(2))
    return net, (torch.randn(2, 2, 3, 3),), "mse"


@row
def weighted_classes() -> Made:
    """A sequence as one row for PyTorch's loss, classes that count differently, labels that are smoothed."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.out = nn.Embedding(5, 4), nn.Linear(4, 3)
            self.loss = nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 0.5]), label_smoothing=0.1, ignore_index=1)

        def forward(self, words, target):
            return self.loss(self.out(self.words(words)).view(-1, 3), target.view(-1))

    return Net(), (torch.randint(0, 5, (2, 4)), torch.randint(0, 3, (2, 4))), "none"


@row
def ignored_labels() -> Made:
    """The target holds -100 where nothing is to be predicted."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.out = nn.Embedding(5, 4), nn.Linear(4, 5)

        def forward(self, words, target):
            logits = self.out(self.words(words))
            return F.cross_entropy(logits.view(-1, logits.size(-1)), target.view(-1))

    words, target = torch.randint(0, 5, (2, 4)), torch.randint(0, 5, (2, 4))
    target[0, 1:3] = -100
    return Net(), (words, target), "none"


@row
def half_precision() -> Made:
    net = nn.Sequential(nn.Linear(4, 5), nn.GELU(), nn.Linear(5, 3)).half()
    return net, (torch.randn(3, 4).half(),), "cross_entropy"


@row
def normed_cell_unrolled() -> Made:
    """A recurrent cell by hand, with a norm in it."""

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.x, self.h, self.out = nn.Linear(3, 12), nn.Linear(4, 12, bias=False), nn.Linear(4, 2)
            self.norm = nn.LayerNorm(12)

        def forward(self, x):
            h = x.new_zeros(x.shape[0], 4)
            for t in range(x.shape[1]):
                r, z, n = self.norm(self.x(x[:, t])).chunk(3, 1)
                hr, hz, hn = self.h(h).chunk(3, 1)
                z = torch.sigmoid(z + hz)
                h = (1 - z) * torch.tanh(n + torch.sigmoid(r + hr) * hn) + z * h
            return self.out(h)

    return Net(), (torch.randn(2, 6, 3),), "cross_entropy"


@row
def lstm_cell_unrolled() -> Made:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell, self.out = nn.LSTMCell(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            h, c, outs = torch.zeros(x.shape[0], 4), torch.zeros(x.shape[0], 4), []
            for t in range(x.shape[1]):
                h, c = self.cell(x[:, t], (h, c))
                outs.append(self.out(h))
            return torch.stack(outs, 1)

    return Net(), (torch.randn(2, 6, 3),), "cross_entropy"


# --- refused


@row
def dropout_in_training() -> Made:
    return nn.Sequential(nn.Linear(4, 5), nn.Dropout(0.3), nn.Linear(5, 2)), (torch.randn(3, 4),), "cross_entropy"


REFUSED["dropout_in_training"] = "aten.dropout.default in 1 (Dropout): it draws random numbers"


@row
def sorting() -> Made:
    class Sorting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 5)

        def forward(self, x):
            return torch.sort(self.fc(x), dim=1).values

    return Sorting(), (torch.randn(3, 4),), "mse"


REFUSED["sorting"] = "aten.sort.default at the top (Sorting): it has no counterpart"
