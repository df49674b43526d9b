"""What goes on in the process that runs a module under test: it loads the module and answers calls of its functions.

It knows NumPy and `wire` alone. Requests and replies are dictionaries; requests are pickles, since the parent may be
trusted, replies are not. Whatever the module does (raise, print, end the
process) stays in here; the process has no input and no output but its socket, and bounds on memory and time.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import importlib
import inspect
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any

import numpy as np

from symbp.verify import wire

MEMORY = 4 << 30  # bytes above what the process has at first, and for each processor
PER_PROCESSOR = 64 << 20  # what a linear algebra library may keep for each of its threads
NO_FUNCTION = "not callable"
VECTOR = "vector()"  # what the vector of a product is called in a request: no name of a network's
CPU_SECONDS = 3600  # of the whole process
SECONDS_TOGETHER = 1.0  # so long are calls made before an answer to some of them is sent
Reply = dict[str, object]


def main(channel: socket.socket, path: list[str] | None = None) -> None:
    """Answer until the other side ends; it never returns."""
    status = 1
    try:
        if path is not None:
            sys.path[:] = path
        confine(channel)
        serve(channel)
        status = 0
    finally:
        os._exit(status)


def confine(channel: socket.socket) -> None:
    """No terminal, no files of the parent's, no more memory or time than is due."""
    faulthandler.disable()
    with contextlib.suppress(OSError):
        os.setsid()  # Ctrl-C is for the parent, which ends this process and what it has started
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE):
        signal.signal(ending, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w")  # noqa: SIM115
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr  # type: ignore[misc]
    _close_others(channel.fileno())
    _limit()
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    gc.freeze()  # what the parent had is not this process's to collect


def _follow(parent: int) -> None:
    """End when the parent does, were it killed while the module is at work."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _close_others(kept: int) -> None:
    """Close the files that this process has from its parent."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        if os.path.isdir(folder):
            for name in os.listdir(folder):
                if int(name) > 2 and int(name) != kept:
                    with contextlib.suppress(OSError):
                        os.close(int(name))
            return


def _limit() -> None:
    limits = {resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: CPU_SECONDS}
    with contextlib.suppress(OSError, ValueError):  # only Linux says so, and only there is the limit kept
        with open("/proc/self/statm") as file:
            pages = int(file.read().split()[0])
        room = MEMORY + PER_PROCESSOR * (os.cpu_count() or 1)
        limits[resource.RLIMIT_AS] = pages * resource.getpagesize() + room
    for which, most in limits.items():
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(which, (most, most))


@dataclass(slots=True)
class Arguments:
    """What a function is called with; of every array how it is, for a call should not change it."""

    positional: dict[str, Any]
    keywords: dict[str, Any]
    others: dict[str, Any]  # keywords that are no arrays of the network's
    states: dict[str, list[object]]


@dataclass(slots=True)
class Loaded:
    """The module, the dictionaries that it keeps from call to call, by their numbers, and the arguments that are held,
    with the request that they came in.
    """

    module: ModuleType = field(default_factory=lambda: ModuleType("module_under_test"))
    kept: dict[int, Any] = field(default_factory=dict)
    held: Arguments | None = None
    request: bytes = b""


def serve(channel: socket.socket) -> None:
    """Answer requests, one after the other."""
    loaded = Loaded()
    while True:
        try:
            request = pickle.loads(wire.receive(channel, None)[0])
        except (EOFError, OSError):
            return
        wire.send(channel, wire.pack(_answer(request["do"])(loaded, request)), None)


def _answer(do: str) -> Callable[[Loaded, Mapping[str, Any]], Reply]:
    """What answers a request: a row of `ANSWERS`, or a function of another room's, as `module:function`."""
    if do in ANSWERS:
        return ANSWERS[do]
    module, _, function = do.partition(":")
    found: Callable[[Loaded, Mapping[str, Any]], Reply] = getattr(importlib.import_module(module), function)
    return found


def load(loaded: Loaded, request: Mapping[str, Any]) -> Reply:
    """Run a module's text: what functions it has and what they take, or what it raises."""
    module = loaded.module
    module.__file__ = request["name"]
    if request["beside"] is not None:
        sys.path.insert(0, request["beside"])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error" if request["strict"] else "ignore")
            exec(compile(request["text"], request["name"], "exec"), module.__dict__)
    except BaseException as error:
        return _raised(module, error)
    return {"functions": {n: _parameters(getattr(module, n)) for n in request["functions"] if hasattr(module, n)}}


def _parameters(function: object) -> object:
    """The names of what a function takes; a text where it is none, or none that says what it takes."""
    if not callable(function):
        return NO_FUNCTION
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return "no signature"


def call(loaded: Loaded, request: Mapping[str, Any]) -> Reply:
    """Call a function, and see afterwards what it has changed of its arguments."""
    loaded.kept.update(request["new"])
    arguments = _arguments(request)
    arguments.others.update(request["options"])
    arguments.others.update({name: loaded.kept[number] for name, number in request["kept"].items()})
    return _called(loaded, request, arguments)


def hold(loaded: Loaded, request: Mapping[str, Any]) -> Reply:
    """Keep arguments, of which `move` moves some entries."""
    loaded.request, loaded.held = pickle.dumps(request), _arguments(request)
    return {"value": None, "changed": []}


def move(loaded: Loaded, request: Mapping[str, Any]) -> Reply:
    """Call a function with the arguments that are held, one of them with some entries moved, in an array of its own."""
    held, name = loaded.held or _arguments(pickle.loads(loaded.request)), request["tensor"]
    value = _moved(held.keywords[name], request)
    states = {**held.states, name: _state(value if isinstance(value, list) else [value])}
    reply = _called(loaded, request, replace(held, keywords={**held.keywords, name: value}, states=states))
    loaded.held = held if not reply.get("changed", True) else None  # what a call has spoilt is made anew
    return reply


def moves(loaded: Loaded, request: Mapping[str, Any]) -> Reply:
    """Many moves, one after the other: what the first of them give, as far as all is well and time allows."""
    values: list[object] = []
    changed: dict[str, None] = {}
    end = time.monotonic() + SECONDS_TOGETHER
    for places, entries in request["moves"]:
        reply = move(loaded, {**request, "places": places, "values": entries})
        if "value" not in reply:
            break
        values.append(reply["value"])
        changed.update(dict.fromkeys(reply["changed"]))  # type: ignore[call-overload]
        if time.monotonic() > end:
            break
    return {"value": values, "changed": list(changed)}


ANSWERS: dict[str, Callable[[Loaded, Mapping[str, Any]], Reply]] = {
    "load": load,
    "call": call,
    "hold": hold,
    "move": move,
    "moves": moves,
}


def _moved(value: Any, request: Mapping[str, Any]) -> Any:
    """An array, or a list of them, with some entries at other values."""
    parts: dict[int | None, Any] = {None: value}
    if isinstance(value, list):
        parts = dict(enumerate(value))
    parts.update({part: parts[part].copy() for part, _ in request["places"]})
    for (part, key), entry in zip(request["places"], request["values"], strict=True):
        parts[part][key] = entry
    return list(parts.values()) if isinstance(value, list) else parts[None]


def _arguments(request: Mapping[str, Any]) -> Arguments:
    smooths = {name: smooth(terms) for name, terms in request["smooth"].items()}
    states = {name: _state(part) for name, part in _arrays(request["positional"], request["keywords"]).items()}
    return Arguments(request["positional"], request["keywords"], {**smooths, **request["sizes"]}, states)


def _called(loaded: Loaded, request: Mapping[str, Any], a: Arguments) -> Reply:
    function = getattr(loaded.module, request["function"])
    positional, keywords = tuple(a.positional.values()), {**a.keywords, **a.others}
    try:
        with warnings.catch_warnings(), np.errstate(**request["errors"]):
            warnings.simplefilter("ignore")
            if request["strict"]:
                warnings.simplefilter("error", RuntimeWarning)
            value = function(*positional, **keywords)
    except BaseException as error:
        return _unbound(function, positional, keywords) or _raised(loaded.module, error)
    arrays = _arrays(a.positional, a.keywords)
    return {"value": value, "changed": [name for name, part in arrays.items() if _state(part) != a.states[name]]}


def _unbound(function: Callable[..., Any], positional: tuple[Any, ...], keywords: Mapping[str, Any]) -> Reply:
    """Why a call that has failed could never be one: what was given is not what the function takes."""
    try:
        inspect.signature(function).bind(*positional, **keywords)
    except (TypeError, ValueError) as error:
        return {"unbound": _said(error)}
    return {}


def _state(part: list[np.ndarray[Any, Any]]) -> list[object]:
    return [(array.shape, array.dtype, array.tobytes()) for array in part]


def _arrays(positional: Mapping[str, Any], keywords: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The arrays of each argument by its name; those of a vector are arguments of their own."""
    named = {**positional, **keywords}
    named.update({f"vector[{n!r}]": v for n, v in named.pop(VECTOR, {}).items()})
    return {name: value if isinstance(value, list) else [value] for name, value in named.items()}


def smooth(terms: Mapping[str, Any]) -> Callable[..., Any]:
    """A function that a module is given: c + a sin(v.u + r) + b exp(w.u), or with a cosine."""

    def value(*args: Any) -> Any:
        along, up = terms["phase"], 0.0
        for v, w, u in zip(terms["along"], terms["up"], args, strict=True):
            along, up = along + v * u, up + w * u
        wave = (np.cos if terms["cosine"] else np.sin)(along)
        return terms["wave"] * wave + terms["rise"] * np.exp(up) + terms["constant"]

    return value


def _raised(module: ModuleType, error: BaseException) -> Reply:
    """What was raised, and the last line of the module that it went through."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f.lineno for f in frames if f.filename == module.__file__ and f.lineno]
    line = lines[-1] if lines else None
    value = isinstance(error, ValueError)
    return {"raised": type(error).__name__, "text": _said(error), "line": line, "value error": value}


def _said(error: BaseException) -> str:
    try:
        return str(error)[:2000]
    except BaseException:
        return "no message"
