"""Matrix forms as plain text, for the comments of a module: `Z1_bar = (Z2_bar W2^T) * A1 * (1 - A1)`.

`*` and `/` act entry by entry, a matrix product is written by putting the factors side by side, `1` beside a matrix
is a column of ones, `rowsum(A)` has at each place the sum of its row. `MatrixNames` gives a tensor of rank 2 a capital
letter where no other name is in the way.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from symbp.core import build
from symbp.core.expr import Add, And, Compare, Cond, Expr, Fn, Int, Mul, Not, Num, Or, Pi, Pow, Read
from symbp.core.integers import ZERO
from symbp.core.network import Network
from symbp.core.views import factors_of
from symbp.errors import MissingRule
from symbp.matrix.nodes import (
    Added,
    Apply,
    Beside,
    Called,
    Choose,
    Chosen,
    Diag,
    Guard,
    Hadamard,
    Identity,
    Matrix,
    Named,
    NormSquared,
    Ones,
    Part,
    Plus,
    Power,
    Product,
    RowExtreme,
    Scalar,
    Scale,
    Totals,
    Transpose,
)
from symbp.matrix.slices import SliceForm

PLUS, TIMES, SIDE, TIGHT, ATOM = range(5)
Name = Callable[[str], str]


class MatrixNames:
    """The names of a network's tensors in matrix forms: `z1` of rank 2 is `Z1`, unless something else is called
    that.
    """

    def __init__(self, network: Network) -> None:
        ranks = {t.name: len(t.shape) for t in network.inputs}
        ranks.update({e.name: len(e.indices) for e in network.equations})
        taken = {*ranks, *(d.name for d in network.dims), *(f for f, _ in network.functions)}
        self._names: dict[str, str] = {}
        for name, rank in ranks.items():
            capital = name[0].upper() + name[1:]
            clash = rank != 2 or (capital != name and (capital in taken or _bare(capital) in taken))
            self._names[name] = name if clash else capital

    def __call__(self, name: str) -> str:
        return self._names.get(name, name)


def _bare(name: str) -> str:
    """The name whose adjoint or tangent this is: where W is a tensor, w_bar must not become W_bar."""
    return name.removesuffix("_dot").removesuffix("_bar")


def write_form(name: str, form: SliceForm, names: Name = str) -> str:
    """`Z1 = X W1 + 1 b1^T`, `s[n] = q[n] k[n]^T/sqrt(E)`."""
    left = f"{name}[{', '.join(i.name for i in form.lead)}]" if form.lead else names(name)
    return f"{left} = {write_matrix(form.matrix, names)}"


def write_matrix(matrix: Matrix, names: Name = str) -> str:
    """The text of a matrix form; `names` says how tensors are called in it."""
    return _write(matrix, names)[0]


def _write(m: Matrix, names: Name) -> tuple[str, int]:
    def at(a: Matrix, level: int) -> str:
        text, own = _write(a, names)
        return text if own >= level else f"({text})"

    match m:
        case Named(name, _, lead):
            return f"{name}[{', '.join(map(str, lead))}]" if lead else names(name), ATOM
        case Scalar(value):
            return write_scalar(value, names)
        case Ones():
            return "1", ATOM
        case Identity():
            return "I", ATOM
        case Diag(arg):
            return f"diag({at(arg, PLUS)})", ATOM
        case Transpose(arg):
            return f"{at(arg, ATOM)}^T", TIGHT
        case Power(base, exponent):
            return _write_power(at(base, ATOM), exponent)
        case Product(args):
            return " ".join(at(a, TIGHT) for a in args), SIDE
        case Hadamard(args):
            return _write_hadamard(args, at), TIMES
        case Plus(args):
            return join_terms([_term(a, at) for a in args]), PLUS
        case Scale(factor, arg):
            return _write_scale(factor, arg, at)
        case Apply(name, args, orders):
            return f"{name}{_orders(orders)}({', '.join(at(a, PLUS) for a in args)})", ATOM
        case Choose():
            return _write_choose(m, at), ATOM
        case RowExtreme(kind, arg):
            return f"row{kind}({at(arg, PLUS)})", ATOM
        case Totals(arg):
            return f"{m.name}({at(arg, PLUS)})", ATOM
        case NormSquared(arg):
            return f"||{at(arg, PLUS)}||^2", TIGHT
        case Called(name, args):
            return f"{name}({', '.join(at(a, PLUS) for a in args)})", ATOM
        case Guard():
            return _write_guard(m, at)
        case Part(Part(arg, 0) as rows, 1):
            return f"{at(arg, ATOM)}[{_span(rows)}, {_span(m)}]", ATOM
        case Part(arg, axis):
            return f"{at(arg, ATOM)}[{':, ' * axis}{_span(m)}]", ATOM
        case Beside(args):
            return f"[{' | '.join(at(a, PLUS) for a in args)}]", ATOM
        case Chosen(labels):
            return f"I[{at(labels, PLUS)}]", ATOM
        case Added(indices, arg):
            return f"sum_{','.join(i.name for i in indices)} {at(arg, SIDE)}", TIMES
    raise MissingRule(f"no rule writes {type(m).__name__}; extend symbp/matrix/text.py")


def _span(m: Part) -> str:
    return f"{m.start if m.start != ZERO else ''}:{m.stop}"


def _write_guard(m: Guard, at: At) -> tuple[str, int]:
    """`H[t - 1]`, which at its first step is what the recurrence was given; `[t + 1 < T] G`; a choice."""
    if m.border:
        return at(m.then, TIGHT), TIGHT
    test = write_condition(m.cond)
    if m.other == Scalar(Num(Fraction(0))):
        return f"[{test}] * {at(m.then, TIGHT)}", TIMES
    return f"where({test}, {at(m.then, PLUS)}, {at(m.other, PLUS)})", ATOM


def write_condition(cond: Cond) -> str:
    """A condition on letters."""
    match cond:
        case Compare(op, a, b):
            return f"{write_scalar(a)[0]} {op} {write_scalar(b)[0]}"
        case And(args):
            return " and ".join(map(write_condition, args))
        case Or(args):
            return " or ".join(f"({write_condition(a)})" for a in args)
        case Not(arg):
            return f"not ({write_condition(arg)})"
    raise MissingRule(f"no rule writes {type(cond).__name__}; extend symbp/matrix/text.py")


At = Callable[[Matrix, int], str]


def _write_power(base: str, exponent: Fraction) -> tuple[str, int]:
    if exponent == Fraction(1, 2):
        return f"sqrt({base})", ATOM
    return (f"1/{base}", TIMES) if exponent == -1 else (f"{base}^{_number(exponent)}", TIGHT)


def _write_hadamard(args: tuple[Matrix, ...], at: At) -> str:
    up = [a for a in args if not (isinstance(a, Power) and a.exponent < 0)]
    down = [Power(a.base, -a.exponent) for a in args if isinstance(a, Power) and a.exponent < 0]
    text = " * ".join(at(a, TIGHT) for a in up) or "1"
    return " / ".join([text, *(at(a if a.exponent != 1 else a.base, TIGHT) for a in down)])


def _term(m: Matrix, at: At) -> str:
    """A term of a sum; a leading minus stays without parentheses."""
    return at(m, PLUS if isinstance(m, (Scale, Scalar)) else TIMES)


def _write_scale(factor: Matrix, arg: Matrix, at: At) -> tuple[str, int]:
    """`-(P - Y)/N`: the sign and the numerator in front, the denominator behind."""
    match factor:
        case Power(base, -1):
            return f"{at(arg, TIGHT)}/{at(base, ATOM)}", TIMES
        case Scalar(value):
            return _write_multiple(value, arg, at)
    return f"{at(factor, ATOM)} * {at(arg, TIGHT)}", TIMES


def _write_multiple(number: Expr, arg: Matrix, at: At) -> tuple[str, int]:
    negative, up, down = split_quotient(number)
    top = [_wrapped(f, TIGHT) for f in up] + [at(arg, TIGHT if not up else ATOM if isinstance(arg, Plus) else TIGHT)]
    text = " ".join(top) + "".join(f"/{_wrapped(f, ATOM)}" for f in down)
    return ("-" if negative else "") + text, PLUS if negative else TIMES


def _write_choose(m: Choose, at: At) -> str:
    test = f"{at(m.a, PLUS)} {m.op} {at(m.b, PLUS)}"
    if (m.then, m.other) == (Scalar(Num(Fraction(1))), Scalar(Num(Fraction(0)))):
        return f"[{test}]"
    return f"where({test}, {at(m.then, PLUS)}, {at(m.other, PLUS)})"


def _orders(orders: tuple[int, ...]) -> str:
    if len(orders) == 1:
        return "'" * orders[0]
    return "_d" + "".join(str(k + 1) * n for k, n in enumerate(orders)) if any(orders) else ""


def join_terms(terms: list[str]) -> str:
    """`a - b + c` from `a`, `-b` and `c`."""
    return terms[0] + "".join(f" - {t[1:]}" if t.startswith("-") else f" + {t}" for t in terms[1:])


def split_quotient(e: Expr) -> tuple[bool, list[Expr], list[Expr]]:
    """Sign, numerator and denominator of a product: -2 x / (3 N) is (True, [2, x], [3, N])."""
    negative = False
    up: list[Expr] = []
    down: list[Expr] = []
    for f in factors_of(e):
        match f:
            case Num(value):
                negative = value < 0
                up += [build.num(abs(value.numerator))] if abs(value.numerator) != 1 else []
                down += [build.num(value.denominator)] if value.denominator != 1 else []
            case Pow(base, Num(value)) if value < 0:
                down.append(base if value == -1 else Pow(base, Num(-value)))
            case _:
                up.append(f)
    return negative, up, down


def write_scalar(e: Expr, names: Name = str) -> tuple[str, int]:
    """The text of an expression without indices and sums, and how tightly it binds."""
    match e:
        case Num(value):
            return _number(value), ATOM if value >= 0 and value.denominator == 1 else TIMES if value >= 0 else PLUS
        case Pi():
            return "pi", ATOM
        case Int(value):
            return str(value), ATOM if value.atom is not None else PLUS
        case Read(tensor, subs):
            return names(tensor) + (f"[{', '.join(map(str, subs))}]" if subs else ""), ATOM
        case Add(args):
            return join_terms(
                [_wrapped(a, TIMES, names) if a != args[0] else write_scalar(a, names)[0] for a in args]
            ), PLUS
        case Mul():
            return _quotient(e, names)
        case Pow(_, Num(value)) if value < 0:
            return _quotient(e, names)
        case Pow(base, Num(value)) if value == Fraction(1, 2):
            return f"sqrt({write_scalar(base, names)[0]})", ATOM
        case Pow(base, exponent):
            return f"{_wrapped(base, ATOM, names)}^{_wrapped(exponent, ATOM, names)}", TIGHT
        case Fn(name, args, orders):
            return f"{name}{_orders(orders)}({', '.join(write_scalar(a, names)[0] for a in args)})", ATOM
    raise MissingRule(f"no rule writes {type(e).__name__}; extend symbp/matrix/text.py")


def _wrapped(e: Expr, level: int, names: Name = str) -> str:
    text, own = write_scalar(e, names)
    return text if own >= level or (text.startswith("-") and level == TIMES) else f"({text})"


def _quotient(e: Expr, names: Name) -> tuple[str, int]:
    negative, up, down = split_quotient(e)
    text = " ".join(_wrapped(f, TIGHT, names) for f in up) or "1"
    text += "".join(f"/{_wrapped(f, ATOM, names)}" for f in down)
    return ("-" if negative else "") + text, PLUS if negative else TIMES


def _number(value: Fraction) -> str:
    """An exact number, as a decimal where that is short."""
    if value.denominator == 1 and abs(value) < 10**6:
        return str(value.numerator)
    text = repr(float(value))
    return text if Fraction(text) == value and value.denominator > 9 else str(value)
