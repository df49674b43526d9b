"""All words of the language, a row each: how it is written, what it is, an example.

The reader takes from here which words no tensor may bear, how a word is written (which it says where it is called in
another way) and which functions of the library a file may call. `docs/language.md` is this table, and a test runs each
example. A function of the library is written, and described, in its own file; its row here has the example.
"""

from __future__ import annotations

from functools import partial

from symbp.notation.grammar import EXPRESSIONS, FILES, STATEMENTS, Section, Word, rows

# What the examples are about.
SIZES = "N T D H K C F I J L"
INPUTS = {
    "x": "Param[N, D]", "y": "Param[N, D]", "u": "Param[D]", "v": "Param[D]", "s": "Param", "A": "Param[D, D]",
    "W": "Param[D, H]", "V": "Param[D, H]", "U": "Param[H, H]", "b": "Param[H]", "h0": "Param[N, H]",
    "z": "Param[N, K]", "q": "Data[N, K]", "label": "Labels[N, K]", "E": "Param[K, D]", "e": "Param[N, 2 * D]",
    "seq": "Param[N, T, D]", "key": "Param[N, T, D]", "tok": "Labels[N, T, K]", "mask": "Data[N, T]",
    "score": "Param[N, T, K]", "move": "Param[K, K]", "read": "Param[2 * K + T, N, K]", "said": "Labels[N, K, K]",
    "line": "Param[N, C, I]", "image": "Param[N, C, I, J]", "volume": "Param[N, C, 4, I, J]", "gamma": "Param[C]",
    "taps": "Param[F, C, 3]", "kernel": "Param[F, C, 3, 3]", "cube": "Param[F, C, 2, 3, 3]",
    "back": "Param[C, F, 2, 2]",
    "beta": "Param[C]", "cell": "Param[N, H]", "W3": "Param[D, 3 * H]", "U3": "Param[H, 3 * H]", "b3": "Param[3 * H]",
    "c3": "Param[3 * H]", "W4": "Param[D, 4 * H]", "U4": "Param[H, 4 * H]", "b4": "Param[4 * H]",
    "P": "Param[D, 3 * D]", "p": "Param[3 * D]", "four": "Param[N, 4, I, J]", "g4": "Param[4]",
}  # fmt: skip

_calls = partial(rows, named=True)


def _library(**examples: str) -> tuple[Word, ...]:
    return tuple(Word(name, example) for name, example in examples.items())


ELEMENTARY = Section(
    "Elementary functions",
    _calls(
        ("exp(x)", "e to the power of x.", "exp(x)"),
        ("log(x)", "The natural logarithm.", "log(x**2 + 1)"),
        ("log1p(x)", "log(1 + x), exact where x is small.", "log1p(x**2)"),
        ("expm1(x)", "exp(x) - 1, exact where x is small.", "expm1(x)"),
        ("log2(x)", "The logarithm to the base 2.", "log2(x**2 + 1)"),
        ("sqrt(x)", "The square root.", "sqrt(x**2 + 1)"),
        ("abs(x)", "The size of a number; its derivative at 0 is 0.", "abs(x)"),
        ("sign(x)", "1, 0 or -1; a constant to the derivative.", "sign(x) * x"),
        ("sin(x)", "The sine.", "sin(x)"),
        ("cos(x)", "The cosine.", "cos(x)"),
        ("tan(x)", "The tangent.", "tan(x / 4)"),
        ("atan(x)", "The arctangent.", "atan(x)"),
        ("sinh(x)", "The hyperbolic sine.", "sinh(x)"),
        ("cosh(x)", "The hyperbolic cosine.", "cosh(x)"),
        ("tanh(x)", "The hyperbolic tangent.", "tanh(x)"),
        ("erf(x)", "The error function.", "erf(x)"),
        ("erfc(x)", "1 - erf(x), exact where that is small.", "erfc(x)"),
        ("lgamma(x)", "The logarithm of the gamma function, of positive numbers.", "lgamma(x**2 + 1)"),
        ("digamma(x)", "The derivative of lgamma.", "digamma(x**2 + 1)"),
        ("stop_gradient(x)", "x, a constant to the derivation.", "x * stop_gradient(x)"),
    ),
    "Of each entry.",
    ("exp", "log", "log1p", "expm1", "sqrt", "abs", "sin", "cos", "tanh", "erf"),
)

REDUCTIONS = Section(
    "Sums, extremes, choices",
    _calls(
        ("sum(x, axis=None, keepdims=False)", "The sum over all entries, or an axis or several.", "sum(x, axis=1)"),
        ("mean(x, axis=None, keepdims=False)", "The mean.", "mean(x, axis=(0, 1))"),
        (
            "max(x, axis=None, keepdims=False)",
            "The largest; of several values, `max(a, b)`, as in Python. At a tie the first.",
            "max(x, axis=0)",
        ),
        ("min(x, axis=None, keepdims=False)", "The smallest.", "min(x, axis=1, keepdims=True)"),
        ("maximum(a, b)", "The larger entry; at a tie the second.", "maximum(x, y)"),
        ("minimum(a, b)", "The smaller.", "minimum(x, 0)"),
        ("where(c, a, b)", "a where the condition holds, else b.", "where(x > y, x, y**2)"),
        (
            "argmax(x, axis=None)",
            "The first place of the largest, a subscript; also over a comprehension.",
            "sum(x[n, argmax(x[n, d] for d in D)] for n in N)",
        ),
        ("argmin(x, axis=None)", "The first place of the smallest.", "x[0, argmin(u[d] for d in D)]"),
        (
            "range(a, b)",
            "What an index may run over in a comprehension, or `range(b)`.",
            "sum(u[d] for d in range(1, D))",
        ),
    ),
    reserved=("sum", "mean", "max", "min", "maximum", "minimum", "where", "range"),
)

SHAPES = Section(
    "Shapes",
    _calls(
        (
            "reshape(x, N, D)",
            "The entries in row-major order by other dimensions, one of which may be -1; also `x.reshape(N, D)`, as "
            "all words that NumPy's arrays have as methods.",
            "reshape(x, N * D)",
        ),
        ("flatten(x)", "All dimensions but the first as one.", "flatten(image)"),
        ("transpose(x, axes)", "The dimensions in another order.", "transpose(seq, (0, 2, 1))"),
        ("swapaxes(x, axis1, axis2)", "Two dimensions exchanged.", "swapaxes(seq, 1, 2)"),
        ("squeeze(x, axis)", "Without dimensions of size 1.", "squeeze(sum(x, axis=1, keepdims=True))"),
        ("expand_dims(x, axis)", "With one more.", "expand_dims(x, 1)"),
        ("concatenate((a, b), axis=0)", "One behind the other along an axis.", "concatenate((x, y), axis=1)"),
        ("stack((a, b), axis=0)", "Side by side along a new axis.", "stack((x, y), axis=1)"),
        ("flip(x, axis)", "In reverse order.", "flip(x, axis=1)"),
        ("roll(x, shift, axis)", "Moved round along an axis.", "roll(x, 1, axis=1)"),
        (
            "pad(x, pad_width)",
            "With zeros before and behind: one width, a pair, or a pair for each axis.",
            "pad(x, ((0, 0), (1, 1)))",
        ),
        ("repeat(x, repeats, axis)", "Each entry so many times.", "repeat(x, 2, axis=1)"),
        ("tile(x, reps)", "The whole so many times.", "tile(x, (1, 3))"),
    ),
    "NumPy's names, order and meaning.",
)

ARRAYS = Section(
    "Arrays",
    _calls(
        ("zeros(N, D)", "Zeros.", "x + zeros(N, D)"),
        ("ones(N, D)", "Ones.", "x * ones(N, D)"),
        ("eye(N)", "Ones on the diagonal, or `eye(N, M)`.", "A + eye(D)"),
        ("arange(N)", "0, 1, 2 and so on.", "u * arange(D)"),
        ("cumsum(x, axis)", "Each entry with all before it.", "cumsum(x, axis=1)"),
        ("cumprod(x, axis)", "Each entry times all before it.", "cumprod(u)"),
        ("prod(x, axis)", "The product along an axis whose size is a number.", "prod(stack((x, y), axis=0), axis=0)"),
        ("diag(x)", "A vector on the diagonal of a matrix, or the diagonal of one.", "diag(u) @ A"),
        ("kron(a, b)", "Every entry of the one times all of the other.", "kron(u, b)"),
        ("einsum(letters, a, b)", "A sum of products by letters for the axes.", 'einsum("nd,dh->nh", x, W)'),
    ),
    "Names, order and meaning are NumPy's here too.",
)

LIBRARY = (
    Section(
        "Functions of arrays",
        _library(
            clip="clip(x, -1, 1)",
            trace="trace(A)",
            outer="outer(u, b)",
            norm="norm(x, axis=1)",
            var="var(x, axis=0)",
            std="std(x)",
            normalize="normalize(x)",
        ),
    ),
    Section(
        "Activations",
        _library(
            sigmoid="sigmoid(x)",
            log_sigmoid="log_sigmoid(x)",
            relu="relu(x)",
            leaky_relu="leaky_relu(x, 0.1)",
            prelu="prelu(image, gamma)",
            elu="elu(x)",
            selu="selu(x)",
            softplus="softplus(x)",
            softsign="softsign(x)",
            swish="swish(x)",
            mish="mish(x)",
            gelu='gelu(x, approximate="tanh")',
            hardswish="hardswish(x)",
            glu="glu(e)",
            swiglu="swiglu(x, W, V)",
            geglu="geglu(x, W, V)",
            maxout="maxout(e, 2)",
            softmax="softmax(z)",
            log_softmax="log_softmax(z)",
            logsumexp="logsumexp(z, axis=0)",
        ),
        "`softmax` and its kin work on the last dimension if no other is named.",
    ),
    Section(
        "Losses",
        _library(
            mse="mse(x, y)",
            huber="huber(x, y, delta=0.5)",
            hinge="hinge(x, sign(y))",
            nll="nll(log_softmax(z), label)",
            cross_entropy="cross_entropy(z, label, label_smoothing=0.1)",
            binary_cross_entropy="binary_cross_entropy(sigmoid(x), sigmoid(y))",
            binary_cross_entropy_with_logits="binary_cross_entropy_with_logits(x, sigmoid(y))",
            kl_div="kl_div(log_softmax(x), softmax(y))",
            focal="focal(x, sigmoid(y))",
            dice="dice(sigmoid(x), sigmoid(y))",
            cosine_similarity="cosine_similarity(x, y)",
            triplet="triplet(x, y, x + y)",
            contrastive="contrastive(x, y)",
            crf="crf(score, tok, move, mask)",
            ctc="ctc(log_softmax(read), said)",
        ),
        'The prediction, then the target. Where `reduction` is an option it is `"mean"`, `"sum"` or `"none"`.',
    ),
    Section(
        "Images and sequences",
        _library(
            conv1d="conv1d(line, taps, padding=1)",
            conv2d="conv2d(image, kernel, stride=2, padding=1)",
            conv3d="conv3d(volume, cube)",
            conv_transpose2d="conv_transpose2d(image, back, stride=2)",
            max_pool2d="max_pool2d(image, 2)",
            avg_pool2d="avg_pool2d(image, 3, stride=1)",
            adaptive_avg_pool2d="adaptive_avg_pool2d(image, 1)",
            upsample='upsample(image, 2, mode="bilinear")',
        ),
        "The batch, the channels, then the places. An option may be one number for each of these, `stride=(2, 1)`.",
    ),
    Section(
        "Normalisation",
        _library(
            batch_norm="batch_norm(x, u, v)",
            batch_norm2d="batch_norm2d(image, gamma, beta)",
            layer_norm="layer_norm(x, u, v)",
            rms_norm="rms_norm(x, u)",
            group_norm="group_norm(four, 2, g4, g4)",
            instance_norm="instance_norm(image, gamma, beta)",
            weight_norm="weight_norm(W, u)",
            spectral_norm="spectral_norm(W, u)",
        ),
    ),
    Section(
        "Attention, tables, masks",
        _library(
            attention="attention(seq, key, seq, causal=True)",
            scaled_dot_product_attention="scaled_dot_product_attention(seq, key, seq)",
            multi_head_attention="multi_head_attention(seq, P, p, A, u, num_heads=1, mask=mask)",
            rotary="rotary(kron(ones(1, 2), x))",
            alibi="alibi(score)",
            embedding="embedding(tok, E)",
            embedding_bag="embedding_bag(tok, E)",
            dropout="dropout(score[:, :, 0], mask, p=0.2)",
        ),
    ),
    Section(
        "Recurrent cells",
        _library(
            rnn_cell="rnn_cell(x, h0, W, U, b)",
            lstm_cell="h, c = lstm_cell(x, h0, cell, W4, U4, b4)\nh + c",
            gru_cell="gru_cell(x, h0, W3, U3, b3, c3)",
        ),
    ),
)

SECTIONS = (FILES, STATEMENTS, EXPRESSIONS, ELEMENTARY, REDUCTIONS, SHAPES, ARRAYS, *LIBRARY)
# No tensor may bear such a name.
RESERVED = tuple(name for section in SECTIONS for name in section.reserved)
# The functions of the library that a file may call.
PUBLIC = frozenset(word.name for section in LIBRARY for word in section.words)
# How each word is called.
FORMS = {word.name: word.form for section in SECTIONS for word in section.words if word.name.isidentifier()}
