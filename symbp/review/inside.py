"""What goes on in the process that runs the user's file: it is run once, then searched for what is wrong.

In comes a request (the text, what is checked, draws with the truth), out goes a dictionary of texts and numbers.
"""

from __future__ import annotations

import ast
import os
import sys
import time
import traceback
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

from symbp.review.entry import COTANGENT, Entry, Unmatched, find
from symbp.review.explain import gradients
from symbp.review.finding import Finding, in_order, quantity
from symbp.review.forward import own_loss
from symbp.review.idle import at_idle_lines
from symbp.review.kept import files_kept
from symbp.review.matched import computed, number_of
from symbp.review.program import Program, Statement
from symbp.review.returned import Names, learn_returns
from symbp.review.runs import Runs, first_other
from symbp.review.trial import FIRST_RUN, Draw, PageValue, TooLong, Trial, close, copied, line_of, seconds
from symbp.review.tried import at_kinks, in_float32

EXACT, CENTRAL = 1e-9, 1e-6
SECONDS, ON_THE_WALL = 8.0, 45.0  # of work for the first search; for all
MODULE = "module_under_check"
FOR_MAIN = "what is only for running it belongs under if __name__ == '__main__'"


def inspect(_loaded: object, request: Mapping[str, Any]) -> dict[str, object]:
    """The answer to a request."""
    try:
        with files_kept(request["folder"]):
            return {"checked": _inspect(request)}
    except Unmatched as error:
        return {"checked": {"unmatched": str(error)}}
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        return {"checked": {"fault": f"{type(error).__name__}: {error} ({where.name}, line {where.lineno})"}}


def _inspect(request: Mapping[str, Any]) -> dict[str, object]:
    names = Names(tuple(request["data"]), tuple(request["parameters"]), dict(request["mapped"]))
    text = request["text"]
    entry = find(text, request["name"], names)
    namespace = _run_file(request)
    learn_returns(ast.parse(text))
    program = Program(text, request["path"], namespace)
    draws = [_draw(d) for d in request["draws"]]
    trial = Trial(program, entry, names, draws, EXACT)
    if any(d.loss is None for d in draws):
        trial.bound = CENTRAL
        trial.names = _differentiated(trial)
        trial.draws = [_with_truth(trial, d) for d in draws]
    return _checked(trial, request["tied"] and _draw(request["tied"]))


def _draw(d: Mapping[str, Any]) -> Draw:
    pages = tuple(PageValue(*p) for p in d["pages"])
    return Draw(d["inputs"], d["loss"], d["gradients"], d["tensors"], pages, d["sizes"])


def _run_file(request: Mapping[str, Any]) -> dict[str, Any]:
    """Run the file, as importing it would."""
    os.environ["MPLBACKEND"] = "Agg"
    module = ModuleType(MODULE)
    module.__file__ = request["path"]
    sys.modules[MODULE] = module
    sys.path.insert(0, request["beside"])
    try:
        with seconds(FIRST_RUN):
            exec(compile(request["text"], request["path"], "exec"), module.__dict__)
    except TooLong as error:
        raise Unmatched(f"running it: {error}{_at_line(error, request['path'])}; {FOR_MAIN}") from None
    except BaseException as error:
        said = f"running it raises {type(error).__name__}: {error}{_at_line(error, request['path'])}"
        raise Unmatched(said if isinstance(error, ImportError) else f"{said}; {FOR_MAIN}") from None
    return module.__dict__


def _at_line(error: BaseException, path: str) -> str:
    """Where in the user's file it was, as far in as that goes."""
    line = line_of(error, path)
    return f" (line {line})" if line else ""


def _with_truth(trial: Trial, draw: Draw) -> Draw:
    """The truth from the user's own loss."""
    namespace = trial.program.variant({})
    outcome = trial.run(namespace, draw)
    if not np.isfinite(outcome.loss):
        raise Unmatched(_no_loss(trial.entry, outcome.error))
    found = {n: trial.own_gradient(namespace, draw, n) for n in trial.names.parameters}
    return Draw(draw.inputs, None, found, {})


def _differentiated(trial: Trial) -> Names:
    """Without a network: data are what no gradient is returned of. A pair's cotangent is drawn."""
    draw, namespace = trial.draws[0], trial.program.variant({})
    outcome = trial.run(namespace, draw)
    if outcome.error is None and not np.isfinite(outcome.loss) and outcome.shape:
        for k, d in enumerate(trial.draws):
            drawn = np.random.default_rng(k).normal(0, 1, outcome.shape)
            trial.draws[k] = Draw({**d.inputs, COTANGENT: drawn}, None, {})
        outcome = trial.run(namespace, trial.draws[0])
    if outcome.error is not None and not outcome.gradients:
        raise Unmatched(_no_loss(trial.entry, outcome.error))
    found = [n for n in trial.names.parameters if n in outcome.gradients]
    return Names(tuple(n for n in draw.inputs if n not in found), tuple(found), trial.names.mapped)


def _no_loss(entry: Entry, error: BaseException | None) -> str:
    if error is not None:
        return f"{entry.said} raises {type(error).__name__}: {error}"
    return f"{entry.said} returns no loss, and without a network nothing else says what is right"


def _checked(trial: Trial, tied: Draw | None) -> dict[str, object]:
    runs = Runs(trial, end=time.process_time() + SECONDS, latest=time.monotonic() + ON_THE_WALL)
    _, base = runs.base(runs.first)
    if isinstance(base.error, BaseException) and base.line is None:
        raise Unmatched(f"{trial.entry.said} raises {type(base.error).__name__}: {base.error}")
    if isinstance(base.error, TooLong):
        raise Unmatched(f"{trial.entry.said}: {base.error} (line {base.line})")
    _demand_all(trial, base.gradients, base.error)
    given = list(trial.draws)
    findings = _mistakes(runs)
    if changed := _changed(runs) or _other_next_time(runs):
        findings = [f for f in findings if f.statement is None or f.statement is not changed.statement]
        findings.append(changed)
    findings = in_order(runs, findings)
    found = computed(runs, findings, given[0]) if given[0].pages else {}
    return {
        "entry": trial.entry.said,
        "raised": f"{type(base.error).__name__}: {base.error}" if base.error else "",
        "findings": [{**_told(f), **_equation(number_of(f, found, runs))} for f in findings],
        "computes": [[runs.statement(p).line, v.number] for p, v in found.items()],
        "sizes": list(dict.fromkeys(d.sizes for d in given)),
        "kinks": "" if findings or tied is None else at_kinks(trial, tied),
        "float32": "" if findings else in_float32(trial, given[0]),
        "parameters": list(trial.names.parameters),
        "draws": len(trial.draws),
        "against": "the user's own loss" if trial.draws[0].loss is None else "the network",
    }


def _mistakes(runs: Runs) -> list[Finding]:
    """What is wrong with the loss, then with the gradients."""
    trial = runs.trial
    if runs.base(runs.first)[1].error is None and not all(trial.is_loss(runs.base(d)[1], d) for d in trial.draws):
        return own_loss(runs)
    return at_idle_lines(runs, gradients(runs))


def _demand_all(trial: Trial, gradients: Mapping[str, Any], error: BaseException | None) -> None:
    missing = [n for n in trial.names.parameters if n not in gradients]
    if missing and error is None and not gradients:
        raise Unmatched(
            f"no gradient of {', '.join(missing)} was found: {trial.entry.said} returns none; if they have names of "
            f"their own, --map NAME={missing[0]} says so"
        )
    if missing and error is None:
        raise Unmatched(
            f"no gradient of {', '.join(missing)} was found in what {trial.entry.said} returns; "
            f"--map NAME={missing[0]} says which it is"
        )


def _changed(runs: Runs) -> Finding | None:
    """An input that a call changes, and the line that does."""
    trial = runs.trial
    base = trial.run(trial.program.variant({}), runs.first)
    if not base.changed:
        return None
    name = base.changed[0]
    found: Statement | None = None
    for statement in trial.program.statements.values():
        node = statement.node
        if isinstance(node, (ast.AugAssign, ast.Assign, ast.Expr)) and found is None:
            again = trial.run(trial.program.variant({statement.number: _harmless(node)}), runs.first)
            if again.error is None and name not in again.changed:
                found = statement
    made = Finding("state", found, name, why=f"the input {name} is changed by the call")
    made.found = ast.unparse(found.node) if found else ""
    if found and isinstance(found.node, ast.AugAssign):
        made.expected = ast.unparse(ast.fix_missing_locations(_harmless(found.node)))
    return made


def _other_next_time(runs: Runs) -> Finding | None:
    """Does a second call with the same data give something else?"""
    namespace = runs.trial.program.variant({})
    base = runs.trial.run(namespace, runs.first, record=True)
    base.gradients = {n: copied(g) for n, g in base.gradients.items()}  # which may be what is kept
    again = runs.trial.run(namespace, runs.first, record=True, anew=False)
    same = all(close(again.gradients.get(n), np.asarray(g), EXACT) for n, g in base.gradients.items() if _is_number(g))
    if base.error is not None or same:
        return None
    found = first_other(runs, base, again)
    made = Finding("state", found, quantity(found, frozenset()) if found else "the gradients")
    made.found = ast.unparse(found.node) if found else ""
    made.why = "a second call with the same data gives other gradients: something is kept from the first"
    return made


def _is_number(value: object) -> bool:
    array = np.asarray(value)
    return array.dtype.kind in "fi" and bool(np.all(np.isfinite(array)))


def _harmless(node: ast.stmt) -> ast.stmt:
    """The same with a new array in the place of one written over."""
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        target = ast.Name(node.target.id, ast.Load())
        return ast.Assign([node.target], ast.BinOp(target, node.op, node.value))
    return ast.Pass()


def _equation(number: tuple[int, bool] | None) -> dict[str, object]:
    """The number of an equation, and whether the statement computes it or goes into it."""
    return {"equation": number[0] if number else None, "computes": bool(number and number[1])}


def _told(f: Finding) -> dict[str, object]:
    node = f.statement.node if f.statement else None
    part = f.part if getattr(f.part, "lineno", None) else node
    return {
        "kind": f.kind,
        "line": node.lineno if node else None,
        "column": getattr(part, "col_offset", 0),
        "end": getattr(part, "end_col_offset", None),
        "first_line": getattr(part, "lineno", None),
        "end_line": getattr(part, "end_lineno", None),
        "quantity": f.quantity,
        "found": f.found,
        "expected": f.expected,
        "old": f.old,
        "new": f.new,
        "numbers": f.numbers,
        "why": f.why,
        "mended": list(f.mended),
    }
