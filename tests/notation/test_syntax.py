"""What a part of a text is by its form: the same question has the same answer wherever it is asked."""

from __future__ import annotations

import ast

import pytest

from symbp.notation import syntax


def _expr(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _function(text: str) -> ast.FunctionDef:
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    return function


@pytest.mark.parametrize(
    ("text", "name", "called", "items", "listed"),
    [
        ("h", "h", "", [], ["h"]),
        ("h[t, 0]", "h", "", ["t", "0"], ["h[t, 0]"]),
        ("h[t]", "h", "", ["t"], ["h[t]"]),
        ("f(x)[t]", "", "", ["t"], ["f(x)[t]"]),
        ("f(x)", "", "f", [], ["f(x)"]),
        ("x.f(y)", "", "", [], ["x.f(y)"]),
        ("(a, b)", "", "", [], ["a", "b"]),
        ("[a, b]", "", "", [], ["a", "b"]),
        ("h[[a, b]]", "h", "", ["[a, b]"], ["h[[a, b]]"]),
    ],
)
def test_an_expression_by_its_form(text: str, name: str, called: str, items: list[str], listed: list[str]) -> None:
    node = _expr(text)
    assert (syntax.name_of(node), syntax.called(node)) == (name, called)
    assert [ast.unparse(i) for i in syntax.subscripts_in(node)] == items
    assert [ast.unparse(i) for i in syntax.listed(node)] == listed
    assert syntax.is_listed(node) == (listed != [text])


def test_dots_and_none_are_told_from_numbers() -> None:
    items = syntax.subscripts_in(_expr("x[..., None, 0]"))
    assert [syntax.is_dots(i) for i in items] == [True, False, False]
    assert [syntax.is_none(i) for i in items] == [False, True, False]


def test_names_stand_as_often_as_they_are_written() -> None:
    assert sorted(syntax.names_in(_expr("a + f(b[a])"))) == ["a", "a", "b", "f"]
    assert [c.func.id for c in syntax.pieces(_expr("f(g(x))"), ast.Call) if isinstance(c.func, ast.Name)] == ["f", "g"]


def test_parameters_and_their_defaults() -> None:
    function = _function("def f(a, /, b, c=1, *rest, d, e=2, **more): pass")
    assert [p.arg for p in syntax.parameters(function)] == ["a", "b", "c", "d", "e"]
    assert [p.arg for p in syntax.by_position(function)] == ["a", "b", "c"]
    assert {n: ast.unparse(d) for n, d in syntax.defaults(function).items()} == {"c": "1", "e": "2"}
