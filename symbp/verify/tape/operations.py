"""The operations of a definition, noted one by one: value, error, a slope by each operand; then the chain rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symbp.verify.functions import KNOWN
from symbp.verify.systems import Numbers, OutsideDomain
from symbp.verify.tape.arithmetic import IN_FLOATS, Arithmetic
from symbp.verify.tape.errors import DOUBLE, LARGEST, SMALLEST, UNIT, Error, Number, at_least, largest, plus, times
from symbp.verify.tape.roundings import EVERYWHERE, FAINT, NOWHERE, NoRoom, Roundings, Rounds, Scale, Unclear

# NumPy's elementary functions are exact to 4 units in the last place, not to half a one.
ELEMENTARY = 4
# Two values are told apart where they differ by so many times what rounding may make of them.
CLEAR = 16
# Beyond this exponent of their last bits sums are not asked whether they are exact.
MOST_LOWEST = 900
# An argument that is off by more than this is no matter of a slope: exp(x) may be any number there.
BLURRED = 1 / 4


@dataclass(slots=True, eq=False)
class Entry:
    """What an operation gave: its value, its error, the operands with the slope by each of them.

    `traced`: a parameter is in it. `scale`: the exponential that it is a multiple of, if one is in it. `slope` is the
    loss's, once that is known.
    """

    tape: Tape
    value: Number
    error: Error
    operands: tuple[Operand, ...] = ()
    traced: bool = False
    scale: Scale | None = None
    slope: Number = 0.0
    slope_error: Error = None

    def __add__(self, other: Entry) -> Entry:
        return self.tape.total([self, other], self)

    def __mul__(self, other: Entry) -> Entry:
        return self.tape.once("*", (self, other), self.tape.product)

    def __truediv__(self, other: Entry) -> Entry:
        return self * self.tape.power(other, -1.0)

    def __pow__(self, n: int) -> Entry:
        return self.tape.power(self, float(n))

    def __lt__(self, other: Entry) -> bool:
        return self.tape.apart(self, other) and bool(self.value < other.value)

    def __le__(self, other: Entry) -> bool:
        return not other < self

    def __gt__(self, other: Entry) -> bool:
        return other < self

    def __ge__(self, other: Entry) -> bool:
        return not self < other

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Entry) and not self.tape.apart(self, other)


# An operand, the slope by it, that one's error, and how a product with it rounds.
Operand = tuple[Entry, Number, Error, Rounds]


class Tape:
    """The operations in the order in which they were made; `numbers` is the system that writes them down."""

    def __init__(self, arithmetic: Arithmetic = IN_FLOATS):
        self.arithmetic, self.entries, self.limits = arithmetic, list[Entry](), arithmetic.limits
        self.roundings = Roundings(arithmetic)
        self.known: dict[tuple[object, ...], tuple[tuple[Entry, ...], Entry]] = {}
        functions = {name: self._function(name) for name in arithmetic.numbers.functions}
        pi = self.constant(arithmetic.numbers.pi)
        self.numbers = Numbers("tape", self._number, pi, functions, self._power, lambda entry: entry, self.total)

    def _number(self, q: Fraction) -> Entry:
        return self.constant(self.arithmetic.numbers.number(Fraction(q)))

    def constant(self, value: Number) -> Entry:
        """What nothing is differentiated by."""
        return Entry(self, value, None if self.arithmetic.short(value) else self.roundings.of(value))

    def variable(self, value: Number) -> Entry:
        """An entry of a parameter."""
        return Entry(self, value, None, traced=True)

    def once(self, name: object, operands: tuple[Entry, ...], make: Callable[..., Entry]) -> Entry:
        """The same operation on the same operands is made once: it rounds the same way each time."""
        key = (name, *map(id, operands))
        known = self.known.get(key)
        if known is None:
            self.known[key] = known = operands, make(*operands)
        return known[1]

    def write(self, value: Number, error: Error, operands: tuple[Operand, ...], scale: Scale | None) -> Entry:
        """The next operation."""
        traced = tuple([o for o in operands if o[0].traced])
        if not abs(value) < self.limits.largest:
            self.roundings.demand_wide(scale is not None)
        entry = Entry(self, value, error, traced, bool(traced), scale)
        if traced:
            self.entries.append(entry)
        return entry

    def apart(self, a: Entry, b: Entry) -> bool:
        """Are they different numbers? Unclear where rounding may make them change places."""
        gap = abs(a.value - b.value)
        if a.error is None and b.error is None:
            return bool(gap)
        off = largest(plus(a.error, times(b.error, -1.0))) + max(abs(a.value), abs(b.value)) + SMALLEST
        if gap <= CLEAR * UNIT * off:
            raise Unclear("a kink")
        return True

    def demand_no_pole(self, x: Entry) -> None:
        """Unclear where rounding may take a value to 0 or beyond; what exponentials make is asked all the same."""
        if self.arithmetic.narrow and x.scale is not None and abs(x.value) < FAINT:
            raise NoRoom
        if x.scale is not None and 0 < abs(x.value) < self.arithmetic.least * abs(x.scale.value):
            raise OutsideDomain("too few digits for what exponentials leave of one another")
        if x.scale is None and x.error is not None and abs(x.value) <= CLEAR * UNIT * largest(x.error):
            raise Unclear("a pole")

    def power(self, x: Entry, n: Number) -> Entry:
        """x ** n for a number n; its slope is n x ** (n - 1)."""
        return self.once(n, (x,), lambda x: self._raised_to(x, n))

    def _raised_to(self, x: Entry, n: Number) -> Entry:
        if n < 0 or n != int(n):
            self.demand_no_pole(x)
        value = self._raised(x.value, n)
        slope = n * self._raised(x.value, n - 1) if n and (x.traced or x.error is not None) else 0.0
        bend = n * (n - 1) * self._raised(x.value, n - 2) if n not in (0, 1) and x.error is not None else 0.0
        wide = x.scale is not None
        scale = x.scale
        if scale is not None and scale.value:
            scale = Scale(self._raised(scale.value, n), times(scale.relative, n))
        if x.error is None and self.arithmetic.short(value) and self.arithmetic.short(slope):
            return self.write(value, None, ((x, slope, None, EVERYWHERE),), scale)
        one = self.roundings.rounds(x.value, x.error, x.scale)
        error = self._round(times(x.error, slope), value, wide, one)
        turned = self._round(times(x.error, bend), slope, wide, one)
        if n == -1 and (apart := _beside_number(x)):
            turned = plus(turned, self.roundings.of(slope * x.value / apart, wide))
        return self.write(value, error, ((x, slope, turned, one if abs(n) == 1 else EVERYWHERE),), scale)

    def _raised(self, x: Number, n: Number) -> Number:
        if n == int(n):
            return 1 / x ** -int(n) if n < 0 else x ** int(n)
        if x == 0 and n < 0:
            raise ZeroDivisionError
        return self.arithmetic.numbers.power(x, n)

    def product(self, a: Entry, b: Entry) -> Entry:
        """a b."""
        wide = a.scale is not None or b.scale is not None
        if wide:
            self.roundings.demand_room(a.value, b.value)
        value, error = a.value * b.value, plus(times(a.error, b.value), times(b.error, a.value))
        by_a, by_b = self.roundings.rounds(b.value, b.error, b.scale), self.roundings.rounds(a.value, a.error, a.scale)
        if error is not None or not self.arithmetic.short(value):
            error = self._round(error, value, wide, by_a if by_a < by_b else by_b)
        scale = a.scale.times(b.scale) if a.scale is not None else b.scale
        return self.write(value, error, ((a, b.value, b.error, by_a), (b, a.value, a.error, by_b)), scale)

    def _round(self, error: Error, value: Number, wide: bool, rounds: Rounds) -> Error:
        return error if rounds == NOWHERE else plus(error, self.roundings.of(value, wide, rounds))

    def total(self, terms: list[Entry], zero: Entry) -> Entry:
        """The sum of many, as one operation; each addition rounds what there is by then."""
        if len(terms) < 2:
            return terms[0] if terms else zero
        return self.once("+", tuple(terms), self._added)

    def _added(self, *terms: Entry) -> Entry:
        value, error, exact, unit = terms[0].value, terms[0].error, True, self.limits.unit
        worst, most = (0.0, 0.0), 0.0
        for term in terms[1:]:
            total = value + term.value
            rounded = min(abs(total), min(abs(value), abs(term.value)) / unit)
            if rounded > most:
                worst, most = (value, term.value), rounded
            value = total
            if term.error is not None:
                error = term.error if error is None else error + term.error
            exact = exact and error is None and self.arithmetic.short(value)
        if not (exact and (len(terms) < 3 or _add_up_exactly([t.value for t in terms]))):
            error = plus(error, self.roundings.rounded_sum(*worst))
        scales = [t for t in terms if t.scale is not None]
        scale = max(scales, key=lambda t: abs(t.value)).scale if scales else None
        return self.write(value, error, tuple([(t, 1.0, None, NOWHERE) for t in terms]), scale)

    def _power(self, base: Entry, exponent: Entry) -> Entry:
        if not exponent.traced:
            return self.power(base, exponent.value)
        log, exp = (self.numbers.functions[name] for name in ("log", "exp"))
        return exp(exponent * log(base))  # type: ignore[no-any-return]

    def _function(self, name: str) -> Callable[[Entry], Entry]:
        call, row, m = self.arithmetic.numbers.functions[name], KNOWN[name], self.arithmetic.formulas

        def slope_at(x: Number) -> Number:
            """Of an exponential that cannot be written down and has a value it is as little as that."""
            return row.slope(m, x) if not row.wide or self.arithmetic.writable(x) else x * 0

        def make(x: Entry) -> Entry:
            if name in ("abs", "sign"):
                self.apart(x, self.constant(0.0))
            if row.above is not None:
                self.demand_no_pole(x + self.constant(float(-row.above)) if row.above else x)
            value = call(x.value)
            slope = value if name == "exp" else slope_at(x.value)
            by_x, by_value, cancelled = row.turn(m, x.value, value, slope)
            exact = x.error is None and not (x.value and value)
            wide = x.scale is not None or row.wide
            error = None if exact else plus(times(x.error, slope), self.roundings.of(value * ELEMENTARY, wide))
            turned = plus(times(x.error, by_x), times(error, by_value))
            if largest(x.error) * UNIT > BLURRED and row.above is None:
                error = plus(error, self._anywhere_near(call, x))
                turned = plus(turned, self._anywhere_near(slope_at, x))
            if not exact:
                turned = plus(turned, self.roundings.of(abs(slope) + cancelled, wide))
            rounds = NOWHERE if name == "exp" else EVERYWHERE
            scale = Scale(value, times(error, 1 / value) if value else None) if row.wide else x.scale
            return self.write(value, error, ((x, slope, turned, rounds),), scale)

        return lambda x: self.once(name, (x,), make)

    def _anywhere_near(self, function: Callable[[Number], Number], x: Entry) -> Error:
        """How far the values of a function are from that at x where its argument is off by a good deal."""
        both, double = self.roundings.next_signs()
        at, found = function(x.value), None
        for signs, unit in ((plus(both, times(double, -1.0)), UNIT), (double, DOUBLE)):
            off = largest(x.error, double=signs is double) * unit
            if off > BLURRED:
                far = max(abs(function(x.value + k * off) - at) for k in (-1, -0.5, 0.5, 1)) / unit
                if self.arithmetic.narrow and far > LARGEST:
                    raise NoRoom
                found = plus(found, times(signs, far))
        return found

    def differentiate(self, loss: Entry) -> None:
        """The chain rule, from the last operation to the first; every entry then has its slope."""
        loss.slope = loss.slope + 1.0
        for entry in reversed(self.entries):
            slope, error = entry.slope, entry.slope_error
            if not slope and error is None:
                continue
            for operand, by, by_error, rounds in entry.operands:
                wide = entry.scale is not None or operand.scale is not None
                if wide:
                    self.roundings.demand_room(slope, by)
                value, off = slope * by, plus(times(error, by), times(by_error, slope))
                if value or off is not None:
                    self._add_slope(operand, value, self._round(off, value, wide, rounds), wide)

    def _add_slope(self, operand: Entry, value: Number, error: Error, wide: bool) -> None:
        if not abs(value) < self.limits.largest:
            self.roundings.demand_wide(wide)
        if operand.slope:
            if wide:
                self.roundings.demand_digits(operand.slope, value)
            error = plus(error, self.roundings.rounded_sum(operand.slope, value))
            larger, its = max((operand.slope, operand.slope_error), (value, error), key=lambda pair: abs(pair[0]))
            value, error = operand.slope + value, plus(operand.slope_error, error)
            operand.slope, operand.slope_error = value, at_least(error, times(its, value / larger))
        else:
            operand.slope, operand.slope_error = value, plus(operand.slope_error, error)


def _add_up_exactly(values: list[Number]) -> bool:
    """Have float32's 24 bits room for their sum in whatever order? If only in the order written, that is luck."""
    lowest = min([_lowest_bit(v) for v in values if v], default=0)
    return abs(lowest) < MOST_LOWEST and bool(sum(map(abs, values)) <= 2.0 ** (24 + lowest))


def _lowest_bit(value: Number) -> int:
    """The exponent of the last of its bits."""
    if not isinstance(value, (int, float)):
        return int(value._mpf_[2])
    top, bottom = float(value).as_integer_ratio()
    return (top & -top).bit_length() - bottom.bit_length()


def _beside_number(x: Entry) -> Number | None:
    """What is exponential in a sum of that and a number, as in 1 + exp(-z).

    The inverse of such a sum saturates as tanh does, of which it is a multiple and a number: its derivative may be had
    from its own rounded value, r (1 - r), as that of tanh is from 1 - f^2.
    """
    exponential = [o.value for o, by, _, _ in x.operands if by == 1.0 and o.scale is not None]
    if not exponential or len(exponential) < len(x.operands):
        return None
    part = sum(exponential[1:], exponential[0])
    return part if part != x.value else None
