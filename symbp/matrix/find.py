"""From an equation in index notation to its matrix form.

Comes in: the indices and the body of a definition. Goes out: the matrix whose entries the body gives, or None where
it has none (an affine subscript, three letters in one factor of a sum). Any letter but those of its rows and columns
is fixed: it can stand in front, in the subscripts of slices. The order of factors and terms is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from symbp.core import build
from symbp.core.expr import (
    TRUE,
    Add,
    And,
    Compare,
    Cond,
    Delta,
    Expr,
    Extreme,
    First,
    Fn,
    Int,
    Mul,
    Num,
    Partial,
    Pow,
    Read,
    Sum,
    Where,
)
from symbp.core.integers import ONE, Atom, Index, Poly
from symbp.core.network import Call
from symbp.core.traverse import free_indices, indices_of, nodes, reads, substitute, substitute_poly
from symbp.core.views import factors_of, is_guarded
from symbp.matrix import make
from symbp.matrix.guards import border, columns_of, known, missed
from symbp.matrix.nodes import (
    Beside,
    Called,
    Choose,
    Chosen,
    Diag,
    Guard,
    Identity,
    Matrix,
    Named,
    NormSquared,
    Ones,
    RowExtreme,
    Scalar,
)
from symbp.matrix.tensors import NoForm, is_whole, tensor_form

Shapes = Callable[[Read], tuple[Poly, ...]]  # how far each subscript of a read may go


def matrix_form(indices: tuple[Index, ...], body: Expr, shapes: Shapes, call: Call | None = None) -> Matrix | None:
    """The matrix whose entry at `indices` is `body`, or None; `call` makes it the call that was written,
    softmax(Z).
    """
    if len(indices) > 2 or not all(is_whole(i) for i in indices):
        return None
    if not indices and not any(r.subs for r in reads(body)):
        return None
    row, column = (*indices, None, None)[:2]
    try:
        return _full(body, row, column, shapes) if call is None else _called(call, indices, body, shapes)
    except NoForm:
        return None


def _called(call: Call, indices: tuple[Index, ...], body: Expr, shapes: Shapes) -> Matrix:
    row, column = (*indices, None, None)[:2]
    fixed = [i for i in free_indices(body) if i not in indices]
    args = (_argument(a, row, column, shapes, fixed) for a in call.args)
    return Called(call.function, tuple(args), indices, body)


def _full(e: Expr, r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """The matrix by its entries, a number that all of them are written out."""
    return make.full(_form(e, r, c, shapes), r, c)


def _argument(arg: Expr, row: Index | None, column: Index | None, shapes: Shapes, fixed: Sequence[Index]) -> Matrix:
    """An argument of a call: a tensor as a whole, a slice of it, or an expression in the letters of the equation."""
    if isinstance(arg, Read):
        dims = shapes(arg)
        letters = [s.index for s in arg.subs]
        pairs = zip(letters, dims, strict=bool(letters))
        whole = all(i is not None and i not in fixed and i.stop == d for i, d in pairs)
        if whole and len(dims) <= 2 and (letters or not dims or not fixed):
            return Named(arg.tensor, dims)
        held = free_indices(arg)
        if any(i not in (row, column, *fixed) for i in held):  # a tensor of more dimensions has its own
            raise NoForm
        row, column = (*(i for i in (row, column) if i in held), None, None)[:2]
    return _full(arg, row, column, shapes)


def _form(e: Expr, r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """The matrix whose entry (r, c) is `e`; what depends on one of the two alone is spread by a column of ones."""
    free = free_indices(e)
    if not any(i in free for i in (r, c)) and _plain(e):
        return Scalar(e)
    if c is not None and c not in free:
        return make.spread_columns(_form(e, r, None, shapes), c.stop)
    if r is not None and r not in free:
        return make.spread_rows(_form(e, c, None, shapes), r.stop, single=c is None)
    match e:
        case Read():
            return tensor_form(e, shapes(e), r, c)
        case Add(args):
            return _add(args, r, c, shapes)
        case Mul(args):
            return _mul(args, r, c, shapes)
        case Sum(indices, body):
            return _sum(indices, body, r, c, shapes)
        case Fn(name, args, orders):
            return make.apply(name, [_form(a, r, c, shapes) for a in args], orders)
        case Pow(base, Num(value)):
            return make.power(_form(base, r, c, shapes), value)
        case Where():
            return _where(e, r, c, shapes)
        case Delta(a, b) if r is not None and c is not None and {a.index, b.index} == {r, c} and r.stop == c.stop:
            return Identity(r.stop)
        case Delta(a, b) if r is not None and c is not None:
            return _one_hot(a, b, r, c, shapes)
        case Extreme(kind, (k,), body, cond) if cond == TRUE and c is None and is_whole(k):
            if r is None:
                return RowExtreme(kind, make.transpose(_full(body, k, None, shapes)))
            return RowExtreme(kind, _full(body, r, k, shapes))
    raise NoForm


def _plain(e: Expr) -> bool:
    """A number made of sizes, numbers, scalars and entries at fixed letters, with no sum in it."""
    return not any(nodes(e, Sum, Extreme, First, Partial, Where, Delta))


def _add(terms: Sequence[Expr], r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """The sum; of terms for a range of columns each, these side by side."""
    blocks = None if c is None else columns_of(terms, c)
    if blocks is None:
        return make.plus(_form(a, r, c, shapes) for a in terms)
    made = []
    for term, start, stop in blocks:
        own = Index(c.name, stop - start) if c is not None else None
        body = substitute(term, {c: Poly.of(own) + start}) if c is not None and own is not None else term
        made.append(_full(body, r, own, shapes))
    return Beside(tuple(made), tuple(stop for _, _, stop in blocks))


def _one_hot(a: Poly, b: Poly, r: Index, c: Index, shapes: Shapes) -> Matrix:
    """Rows of the unit matrix, each chosen by a label: delta of t_n and k."""
    for label, letter in ((a.atom, b.index), (b.atom, a.index)):
        match label:
            case Read(_, (*_, last)) if (letter, last) in ((c, Poly.of(r)), (r, Poly.of(c))):
                labels = _form(label, r if letter == c else c, None, shapes)
                if isinstance(labels, Named) and letter is not None and is_whole(letter):
                    m = Chosen(labels, letter.stop)
                    return m if letter == c else make.transpose(m)
    raise NoForm


def _mul(factors: Sequence[Expr], r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """Numbers in front; then what has both letters, entry by entry, or a column times a row."""
    free = [free_indices(f) for f in factors]
    numbers = [f for f, i in zip(factors, free, strict=True) if r not in i and c not in i]
    rows = [f for f, i in zip(factors, free, strict=True) if r in i and (c not in i)]
    columns = [f for f, i in zip(factors, free, strict=True) if c in i and r not in i]
    both = [f for f, i in zip(factors, free, strict=True) if r in i and c in i]
    scales = _scales(numbers, shapes)
    if r is None:
        return make.scale(scales[:-1], scales[-1]) if scales else Scalar(build.UNIT)
    if c is None:
        return make.scale(scales, make.hadamard(_form(f, r, None, shapes) for f in _products_first(rows)))
    if not both:
        u, v = _form(build.mul(*rows), r, None, shapes), _form(build.mul(*columns), c, None, shapes)
        return make.scale(scales, make.product(u, make.transpose(v)))
    forms = [_form(f, r, c, shapes) for f in _products_first(both)]
    before, sums = _beside([_form(f, r, None, shapes) for f in rows], c, 1)
    after, more = _beside([_form(f, c, None, shapes) for f in columns], r, 0)
    inner = make.averaged(scales, make.hadamard([*forms, *sums, *more]))
    return make.diagonals(before, inner, after)


def _products_first(factors: Sequence[Expr]) -> list[Expr]:
    """What a matrix product has brought back stands before what it is multiplied by entry by entry."""
    return sorted(factors, key=lambda f: not isinstance(f, Sum))


def _beside(columns: Sequence[Matrix], over: Index, axis: int) -> tuple[list[Matrix], list[Matrix]]:
    """Columns that multiply a matrix: those that scale its rows (or columns), and sums that are spread over these."""
    spread = [make.totals(m, over.stop, axis) for m in columns]
    scaling = [m for m, s in zip(columns, spread, strict=True) if s is None]
    return scaling, [s for s in spread if s is not None]


def _scales(numbers: Sequence[Expr], shapes: Shapes) -> list[Matrix]:
    """The factors without letters: the plain ones as one number, then sums and the like, each a 1 x 1 matrix."""
    plain = [f for f in numbers if _plain(f)]
    rest = [_form(f, None, None, shapes) for f in numbers if not _plain(f)]
    return [Scalar(build.mul(*plain)), *rest] if plain else rest


def _sum(indices: tuple[Index, ...], body: Expr, r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """Factors without summed letters leave the sum; then one letter after the other is summed over."""
    if not all(is_whole(i) for i in indices):
        raise NoForm
    factors = factors_of(body)
    outside = [f for f in factors if not _has(f, indices)]
    inside = [f for f in factors if _has(f, indices)]
    idle = [i for i in indices if not any(i in free_indices(f) for f in inside)]
    outside.extend(build.integer(i.stop) for i in idle)
    indices = tuple(i for i in indices if i not in idle)
    for k, f in enumerate(inside):
        if is_guarded(f) and free_indices(f.cond) and not _has(f.cond, (*indices, r, c)):
            inner = build.mul(*inside[:k], f.then, *inside[k + 1 :])
            total = build.mul(*outside, build.total(indices, inner))
            return _form(build.where(f.cond, total, build.NIL), r, c, shapes)
    if outside:
        inner = build.total(indices, build.mul(*inside)) if inside else build.UNIT
        return _form(build.mul(*outside, inner), r, c, shapes)
    return _sum_of_all(indices, inside, body, r, c, shapes)


def _squares(indices: tuple[Index, ...], base: Expr, shapes: Shapes) -> Matrix:
    i, j = (*indices, None)[:2]
    return NormSquared(_full(base, i, j, shapes))


def _sum_of_all(
    indices: tuple[Index, ...], factors: Sequence[Expr], body: Expr, r: Index | None, c: Index | None, shapes: Shapes
) -> Matrix:
    """A sum over letters that all stand in what is summed, every factor of which has one of them."""
    match body:
        case Pow(base, Num(2)) if r is None:
            more = len(indices) > 2
            return _slices(indices, body, r, c, shapes) if more else _squares(indices, base, shapes)
    for attempt in (_eliminate, _expand):
        try:
            return attempt(indices, factors, r, c, shapes)
        except NoForm:
            continue
    return _slices(indices, body, r, c, shapes)


def _has(e: Expr | Cond, indices: Iterable[Index | None]) -> bool:
    free = free_indices(e)
    return any(i in free for i in indices)


def _expand(
    indices: tuple[Index, ...], factors: Sequence[Expr], r: Index | None, c: Index | None, shapes: Shapes
) -> Matrix:
    """sum (u + v) w = sum u w + sum v w, where the sum as it stands has no form."""
    for k, f in enumerate(factors):
        match f:
            case Add(args):
                terms = (build.mul(*factors[:k], t, *factors[k + 1 :]) for t in args)
                return make.plus(_form(build.total(indices, t), r, c, shapes) for t in terms)
    raise NoForm


def _eliminate(
    indices: tuple[Index, ...], factors: Sequence[Expr], r: Index | None, c: Index | None, shapes: Shapes
) -> Matrix:
    """The sum over an inner letter becomes a factor with at most two letters, until a single letter is left."""
    if len(indices) == 1:
        return _contract(indices[0], factors, r, c, shapes)
    for k in reversed(indices):
        held = [f for f in factors if k in free_indices(f)]
        others = dict.fromkeys(i for f in held for i in free_indices(f) if i != k and i in (*indices, r, c))
        if len(others) <= 2:
            rest = tuple(i for i in indices if i != k)
            left = [f for f in factors if k not in free_indices(f)]
            return _sum(rest, build.mul(*left, Sum((k,), build.mul(*held))), r, c, shapes)
    raise NoForm


def _slices(indices: tuple[Index, ...], body: Expr, r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """The sum over a letter that stands first in what is summed: of matrix products of slices, or the like."""
    if any(i in indices_of(j.stop) for i in indices for j in indices if i != j):
        raise NoForm
    inner = _form(build.total(indices[1:], body), r, c, shapes)
    if isinstance(inner, Scalar):
        raise NoForm
    return make.added(indices[0], inner)


def _contract(k: Index, factors: Sequence[Expr], r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """sum_k A_rk B_kc = A B; a row sum is A 1, a sum of products of vectors u^T v."""
    rows = [f for f in factors if r in free_indices(f)]
    columns = [f for f in factors if c in free_indices(f)]
    alone = [f for f in factors if not _has(f, (r, c))]
    if any(f in columns for f in rows):
        raise NoForm
    if not rows:
        return _dot(k, alone, shapes)
    left = _full(build.mul(*rows), r, k, shapes)
    middle = _full(build.mul(*alone), k, None, shapes) if alone else None
    if columns:
        right = _full(build.mul(*columns), k, c, shapes)
        return make.product(left, right) if middle is None else make.product(left, Diag(middle), right)
    return make.product(left, Ones(k.stop) if middle is None else middle)


def _dot(k: Index, factors: Sequence[Expr], shapes: Shapes) -> Matrix:
    first = _full(factors[0], k, None, shapes)
    if len(factors) == 1:
        return make.product(make.transpose(Ones(k.stop)), first)
    second = _full(build.mul(*factors[1:]), k, None, shapes)
    return make.product(make.transpose(first), second)


def _where(e: Where, r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    cond = e.cond
    if not _has(cond, (r, c)) and any(True for _ in free_indices(cond)):
        if any(nodes(cond, Sum, Extreme, First, Where)):
            raise NoForm  # such as that an entry is the first hit, which no text of a matrix says
        return _guard(e, r, c, shapes)
    match e:
        case Where(And(tests), nested, build.NIL):
            for test in reversed(tests):
                nested = build.where(test, nested, build.NIL)
            return _form(nested, r, c, shapes)
        case Where(Compare(op, a, b), then, other) if not any(map(free_indices, nodes(cond, Int))):
            return make.choose(Choose(op, *(_form(x, r, c, shapes) for x in (a, b, then, other))))
    raise NoForm


def _guard(e: Where, r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """A choice by the letters of slices; where it says l = L - 1 that is what l is in it."""
    then = _branch(e.then, known(e.cond), r, c, shapes)
    other = _branch(e.other, missed(e.cond), r, c, shapes)
    size = (r.stop if r else ONE, c.stop if c else ONE)
    return Guard(e.cond, then, other, size, border(e.cond, then, other))


def _branch(e: Expr, table: dict[Atom, Poly], r: Index | None, c: Index | None, shapes: Shapes) -> Matrix:
    """A branch of a choice, where the letters in `table` are known; nothing at all is the number 0."""
    if e == build.NIL:
        return Scalar(e)
    rows, columns = (i and Index(i.name, substitute_poly(i.stop, table)) for i in (r, c))
    renamed: dict[Atom, Poly] = {i: Poly.of(j) for i, j in ((r, rows), (c, columns)) if i and j and i != j}
    return _full(substitute(substitute(e, table), renamed), rows, columns, shapes)
