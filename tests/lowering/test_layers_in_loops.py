"""Loops over layers: what a step computes along with its own, what is kept of all of them, and values and gradients."""

from __future__ import annotations

import pytest

from symbp.calculus.derive import derive
from symbp.core.network import Network
from symbp.core.recurrence import components, is_recurrent
from symbp.emit.checks import scratch_arrays
from symbp.emit.write import write_module
from symbp.lowering.layers import has_layers
from symbp.lowering.lower import lower
from symbp.lowering.program import Routine
from symbp.verify.module import check_module
from tests.lowering.lowered import gradient_routine, network, program

LAYERS = (
    "x: Data[N, D], W: Param[T, D, D], b: Param[T, D]",
    "a[-1] = x",
    "for t in T:",
    "    u[t] = 2 * a[t - 1]",
    "    z[t] = u[t] @ W[t] + b[t]",
    "    s[t] = tanh(z[t])",
    "    a[t] = z[t] * s[t] + a[t - 1]",
    "return sum(a[T - 1] ** 2)",
)
TIME = (
    "x: Data[T, N, D], h0: Param[N, H], W: Param[D, H], U: Param[H, H]",
    "h[-1] = h0",
    "for t in T:",
    "    h[t] = tanh(x[t] @ W + h[t - 1] @ U)",
    "return sum(h ** 2)",
)
SHARED = (
    "x: Data[N, D], W: Param[T, D, D], V: Param[D, D]",
    *LAYERS[1:3],
    "    a[t] = tanh(a[t - 1] @ W[t] @ V)",
    LAYERS[-1],
)
SCAN = (
    "x: Data[T, N], h0: Param[N], w: Param[N]",
    "h[-1] = h0",
    "for t in T:",
    "    h[t] = w * h[t - 1] + x[t]",
    "return sum(h)",
)


@pytest.mark.parametrize(("text", "expected"), [(LAYERS, True), (TIME, False), (SHARED, False), (SCAN, False)])
def test_layers_have_weights_of_their_own(text: tuple[str, ...], expected: bool) -> None:
    net = network(*text)
    parts = [part for part in components(net.equations) if is_recurrent(part)]
    assert [has_layers(part) for part in parts] == [expected]


def kept(net: Network) -> dict[str, int]:
    """How many dimensions each scratch array has."""
    return {a.name: len(a.shape) for a in scratch_arrays(program(net).routine("loss_and_gradients"))}


def loop(routine: Routine) -> set[str]:
    """What the last loop of a routine stores."""
    loops = [s.loop for s in routine.statements if s.loop is not None]
    return {stack.name for stack, _ in loops[-1].stored}


def test_a_layer_computes_its_own_gradients_and_keeps_nothing_else() -> None:
    net = network(*LAYERS)
    assert {"W_bar", "b_bar"} <= loop(gradient_routine(net))
    whole = {name for name, rank in kept(net).items() if rank == 3}
    assert whole == {"u", "z", "a"}  # a is what the next step begins with; s is made again


def test_steps_in_time_multiply_at_once() -> None:
    net = network(*TIME)
    assert not {"W_bar", "U_bar"} & loop(gradient_routine(net))


@pytest.mark.parametrize("text", [LAYERS, TIME, SHARED, SCAN])
def test_values_and_gradients(text: tuple[str, ...]) -> None:
    net = network(*text)
    made = write_module(lower(derive(net)))[0]
    assert all(c.passed for c in check_module(net, made))


def test_a_name_of_the_users_is_not_given_again() -> None:
    net = network(*LAYERS[:3], "    s_again[t] = x", *LAYERS[3:-1], "return sum(a[T - 1] ** 2) + sum(s_again ** 2)")
    assert all(c.passed for c in check_module(net, write_module(lower(derive(net)))[0]))
