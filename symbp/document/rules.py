"""The rule that made a line, in words that a student could follow."""

from __future__ import annotations

import ast
from collections.abc import Callable
from fractions import Fraction

from symbp.calculus.steps import RULES, Derivation, HessianProduct, Rule
from symbp.core import build
from symbp.core.expr import Expr, Fn, Int, Pi, Read, Sum
from symbp.core.integers import Dim, Index, Poly, quotient
from symbp.core.traverse import walk
from symbp.document.model import Arrow, FactRef, Math, Part, Ref, Words
from symbp.errors import MissingRule

Dims = tuple[str, ...]
VARIABLE = "?"  # the variable of a scalar rule, (log u)' = 1/u; a letter is found for it that nothing else has


def why(rule: Rule, derivation: Derivation | HessianProduct, before: Expr | None) -> Words:
    """The words for a rule, with references to the equations that it uses; `before` is the line that it starts from."""
    if rule.name == "pull" and before is not None and not any(isinstance(n, Sum) for n in walk(before)):
        return ("multiply the factors",)
    if rule.name == "contract" and not rule.pairs:
        summed = before is not None and any(isinstance(n, Sum) for n in walk(before))
        return ("the deltas hold no summed index: take them out" if summed else "take the deltas out of every branch",)
    dims = tuple(d.name for d in derivation.network.dims)
    numbers = (derivation.number(key) for key in rule.equations)
    refs = tuple(Ref(n) for n in sorted({n for n in numbers if n is not None}))
    special = SPECIAL.get(rule.name)
    if special is not None:
        return special(rule, refs, dims)
    if rule.name not in RULES:
        raise MissingRule(f"no words for the rule {rule.name}; extend symbp/document/rules.py")
    return (RULES[rule.name],)


def listed(parts: tuple[Part, ...], last: str = " and ") -> Words:
    """a, b and c."""
    words: list[Part] = []
    for k, part in enumerate(parts):
        if k:
            words.append(last if k == len(parts) - 1 else ", ")
        words.append(part)
    return tuple(words)


def _chain(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    return ("chain rule over ", *listed(refs)) if refs else ("chain rule",)


def _derive(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    words: list[Part] = ["differentiate ", *listed(refs)] if refs else ["differentiate the definition"]
    named = tuple(text for text in rule.detail if "=" not in text and text not in RULES)
    if named:
        words += [" by the ", *listed(named), " rule" if len(named) == 1 else " rules"]
    for text in rule.detail:
        if "=" not in text:
            continue
        function, derivative = scalar_rule(text)
        words += ["; the derivative of ", Math(function), " is ", Math(derivative)]
    return (*words, *(f"; {RULES[text]}" for text in rule.detail if text in RULES))


def _insert(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    return ("insert ", *listed(refs)) if refs else ("insert what is known",)


def _contract(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    arrows = tuple(Arrow(_integer(a, dims), _integer(b, dims)) for a, b in rule.pairs)
    return ("contract ", *listed(arrows, ", "), *(f"; {RULES[name]}" for name in rule.detail))


def _solve(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    arrows = tuple(Arrow(_integer(a, dims), _integer(b, dims)) for a, b in rule.pairs)
    return ("solve the deltas: ", *listed(arrows, ", ")) if arrows else (RULES["solve"],)


def _single(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    arrows = tuple(Arrow(_integer(a, dims), _integer(b, dims)) for a, b in rule.pairs)
    return ("the condition leaves one term of the sum: ", *listed(arrows, ", "))


def _turn(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    arrows = tuple(Arrow(_integer(a, dims), _integer(b, dims)) for a, b in rule.pairs)
    return ("count from the other end: ", *listed(arrows, ", "))


def _reexpress(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    words: list[Part] = ["re-expressed by ", *listed(refs)] if refs else [RULES["re-express"]]
    if "copies" in rule.detail:
        words.append(", equal terms counted")
    for old, new in rule.values:
        words += [": ", Math(old), " is ", Math(new)]
    return tuple(words)


def _fact(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    labels = tuple(FactRef(label) for label in rule.detail)
    by: Words = (", by ", *listed(refs)) if refs else ()
    return ("fact " if len(labels) == 1 else "facts ", *listed(labels), *by)


def _cancel(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    return ("cancel what stands above and below",)


def _zero(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    return (*listed(refs), " is 0 where the condition fails" if len(refs) == 1 else " are 0 where the conditions fail")


def _path(rule: Rule, refs: tuple[Ref, ...], dims: Dims) -> Words:
    return ("one product for each path from the loss down",)


Special = Callable[[Rule, tuple[Ref, ...], Dims], Words]
SPECIAL: dict[str, Special] = {
    "chain": _chain,
    "derive": _derive,
    "along": _derive,
    "insert": _insert,
    "contract": _contract,
    "re-express": _reexpress,
    "fact": _fact,
    "cancel": _cancel,
    "solve": _solve,
    "single": _single,
    "turn": _turn,
    "zero": _zero,
    "path": _path,
}


def _integer(text: str, dims: Dims) -> Expr:
    """An integer expression given as text: `m`, `2*i + u`, `t[n]`."""

    def name(word: str) -> Expr:
        return build.integer(Dim(word) if word in dims else Index(word, Poly()))

    expr = read_text(text, name)
    whole = build.as_integer(expr)
    return expr if whole is None else Int(whole)


def scalar_rule(text: str) -> tuple[Expr, Expr]:
    """A rule such as `(log u)' = 1/u`: the function and its derivative, as expressions of u."""
    left, right = text.split("' = ")
    u = Read(VARIABLE)
    name = left.strip("()").split(" ")[0]
    return Fn(name, (u,)), read_text(right.replace("exp u", "exp(u)").replace("^", "**"), lambda _: u)


def read_text(text: str, name: Callable[[str], Expr]) -> Expr:
    """The expression that a plain text writes, its names given by `name`."""
    return _read(ast.parse(text, mode="eval").body, name)


def _read(node: ast.expr, name: Callable[[str], Expr]) -> Expr:
    match node:
        case ast.Constant(value):
            return build.num(Fraction(str(value)))
        case ast.Name("pi"):
            return Pi()
        case ast.Name(word):
            return name(word)
        case ast.Subscript(ast.Name(word), at):
            subs = at.elts if isinstance(at, ast.Tuple) else [at]
            return build.integer(Read(word, tuple(build.as_integer(_read(s, name)) or Poly() for s in subs)))
        case ast.UnaryOp(ast.USub(), operand):
            return build.neg(_read(operand, name))
        case ast.BinOp(left, operator, right):
            return _OPERATORS[type(operator)](_read(left, name), _read(right, name))
        case ast.Call(ast.Name("sqrt"), [argument]):
            return build.power(_read(argument, name), build.num("1/2"))
        case ast.Call(ast.Name("Abs"), [argument]):
            return Fn("abs", (_read(argument, name),))
        case ast.Call(ast.Name(function), args):
            return Fn(function, tuple(_read(a, name) for a in args))
    raise MissingRule(f"no rule reads {ast.unparse(node)}; extend symbp/document/rules.py")


def _quotient(a: Expr, b: Expr) -> Expr:
    """a // b of integers."""
    return build.integer(quotient(build.as_integer(a) or Poly(), build.as_integer(b) or Poly()))


_OPERATORS: dict[type[ast.operator], Callable[[Expr, Expr], Expr]] = {
    ast.Add: build.add,
    ast.Sub: build.sub,
    ast.Mult: build.mul,
    ast.Div: build.div,
    ast.FloorDiv: _quotient,
    ast.Pow: build.power,
}
