"""What depends on what: which equations use a quantity, what is read around a loop, what the outputs need.

Known are the names that equations read, not what the equations say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symbp.core.expr import Expr, Extreme, Read, Where
from symbp.core.network import Equation, Network
from symbp.core.traverse import children, reads
from symbp.core.views import among

Arrows = Mapping[str, Iterable[str]]


def varying(network: Network) -> dict[str, None]:
    """What depends on a parameter, through a recurrence too."""
    return reachable(network.parameters, readers_of(sources_in(network.equations)))


def sources_in(equations: Iterable[Equation]) -> Arrows:
    """What each equation reads."""
    return {e.name: tuple(dict.fromkeys(r.tensor for r in reads(e.body))) for e in equations}


def readers_of(sources: Arrows) -> dict[str, list[str]]:
    """The equations that read each name."""
    found: dict[str, list[str]] = {}
    for name, read in sources.items():
        for source in read:
            found.setdefault(source, []).append(name)
    return found


def users_of(network: Network, loss: str, active: dict[str, None]) -> dict[str, list[Equation]]:
    """For each quantity the equations through which it reaches the loss, in their order."""
    flows = {e.name: dict.fromkeys(r.tensor for r in _value_reads(e.body)) for e in network.equations}
    needed = reachable((loss,), flows)
    users: dict[str, list[Equation]] = {}
    for equation in network.equations:
        for name in flows[equation.name] if equation.name in needed else ():
            if name in active:
                users.setdefault(name, []).append(equation)
    return users


def recursive_in(network: Network) -> frozenset[str]:
    """What depends on itself, directly or around a loop: only what some equation reads before it is complete."""
    sources = sources_in(network.equations)
    place = {name: k for k, name in enumerate(sources)}
    early = [n for n, direct in sources.items() for r in direct if place.get(r, -1) >= place[n]]
    around = reachable(early, sources)
    return frozenset(n for n in around if n in sources and n in reachable(sources[n], sources))


def at_any_step(network: Network) -> frozenset[str]:
    """What a loop defines in which something is read at any of the steps before, not so many steps before."""
    looped = recursive_in(network)
    sources = sources_of(network, looped)
    found: set[str] = set()
    for e in (e for e in network.equations if e.name in looped):
        for r in (r for r in reads(e.body) if r.tensor in looped and e.name in sources[r.tensor]):
            if (r.subs[0] - e.indices[0]).constant is None:
                found.update(n for n in looped if n in sources[e.name] and e.name in sources[n])
    return frozenset(found)


def sources_of(network: Network, names: Iterable[str]) -> dict[str, dict[str, None]]:
    """What each of the names depends on, itself among it where it does."""
    sources = sources_in(network.equations)
    return {name: reachable(sources[name], sources) for name in names}


def reachable(start: Iterable[str], arrows: Arrows) -> dict[str, None]:
    """All names that arrows lead to from the start, the start among them, in order of discovery."""
    found = dict.fromkeys(start)
    waiting = list(found)
    while waiting:
        for name in arrows.get(waiting.pop(), ()):
            if name not in found:
                found[name] = None
                waiting.append(name)
    return found


def needed(equations: list[Equation], outputs: list[str]) -> list[Equation]:
    """The adjoint equations that the gradients need, in their order."""
    wanted = reachable(outputs, sources_in(equations))
    return [e for e in equations if e.name in wanted]


def side_by_side(equations: list[Equation]) -> list[Equation]:
    """The equations of each recurrence next to one another: the rest goes before."""
    arrows = sources_in(equations)
    reach = {name: reachable(sources, arrows) for name, sources in arrows.items()}
    for e in tuple(equations):
        circle = {o.name for o in equations if o.name in reach[e.name] and e.name in reach[o.name]}
        places = [k for k, o in enumerate(equations) if o.name in circle]
        if len(places) > 1 and places[-1] - places[0] >= len(places):
            inner = equations[places[0] : places[-1] + 1]
            others = [o for o in inner if o.name not in circle]
            after = [o for o in others if any(name in circle for name in reach[o.name])]
            before = [o for o in others if o not in after]
            whole = [*before, *(o for o in inner if o.name in circle), *after]
            equations = [*equations[: places[0]], *whole, *equations[places[-1] + 1 :]]
    return equations


def _value_reads(expr: Expr) -> tuple[Read, ...]:
    """The reads through which a value flows: not those that only decide a choice."""
    match expr:
        case Where(_, then, other):
            return (*_value_reads(then), *_value_reads(other))
        case Extreme(_, _, body):
            return _value_reads(body)
        case Read():
            return (expr,)
    return tuple(r for c in among(children(expr), Expr) for r in _value_reads(c))
