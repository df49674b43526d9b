"""Right passes are called right, whatever their style; of wrong ones line and kind are told, and nothing else."""

import json
import linecache
import re
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import symbp
from symbp import networks
from symbp.calculus.derive import derive
from symbp.cli import commands
from symbp.core.network import Network
from symbp.document.lesson.numbering import numbered
from symbp.notation.read import read_network
from symbp.review.check import CannotCheck, Report, check_file, check_text
from symbp.review.names import is_pair
from symbp.review.pages import pages_of
from symbp.review.report import as_json, as_text
from symbp.review.truth import NotYet
from tests.review.cases import DEEP, FIT, NETWORKS, RIGHT, STEPS, WRONG

GENERATED = Path(__file__).parents[2] / "generated"


def network(name: str) -> Network:
    return read_network(NETWORKS, "networks.py", name)


def check(name: str, code: str, tmp_path: Path) -> Report:
    return check_text(code, "mine.py", tmp_path, network(name), "", {}, {}, pages_of(derive(network(name))))


@pytest.mark.parametrize("case", RIGHT)
def test_a_right_pass_is_called_right(case: str, tmp_path: Path) -> None:
    report = check(*RIGHT[case], tmp_path)
    assert report.findings == ()
    assert as_text(report).startswith("right: ")


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_told_by_its_line_and_kind(case: str, tmp_path: Path) -> None:
    name, code, mistakes = WRONG[case]
    for right, wrong, _ in mistakes:
        assert code.count(right) == 1
        code = code.replace(right, wrong)
    lines = code.splitlines()
    expected = [
        (next(k for k, line in enumerate(lines, 1) if w.strip().splitlines()[0] in line), kind)
        for _, w, kind in mistakes
        if kind
    ]
    report = check(name, code, tmp_path)
    assert sorted((f.line, f.kind) for f in report.findings) == sorted(expected)


def test_the_line_is_underlined_and_the_corrected_one_offered(tmp_path: Path) -> None:
    code = FIT.replace("grad_q = grad_r @ C.T", "grad_q = grad_r @ C").replace("grad_r = e / n", "grad_r = -e / n")
    report = check("fit", code.replace("grad_r @ C\n", "grad_r @ C.T\n"), tmp_path)
    assert [f.expected for f in report.findings] == ["grad_r = e / n"]
    assert "mine.py:12: grad_r: the sign is turned round\n        grad_r = -e / n\n                 ^^\n" in as_text(
        report
    )
    (found,) = json.loads(as_json(report))["findings"]
    assert (found["file"], found["line"], found["kind"], found["quantity"]) == ("mine.py", 12, "sign", "grad_r")


def test_a_machine_reads_what_the_contract_says(tmp_path: Path) -> None:
    said = json.loads(as_json(check("fit", FIT.replace("grad_r = e / n", "grad_r = -e / n"), tmp_path)))
    assert said["verdict"] == "wrong"
    (found,) = said["findings"]
    assert list(found) == ["file", "line", "quantity", "kind", "detail", "expected", "found", "equation"]
    assert (found["expected"], found["found"]) == ("grad_r = e / n", "grad_r = -e / n")
    assert "the sign is turned round" in found["detail"]


def test_a_function_of_a_cell() -> None:
    cell = "import numpy as np\nhalf = 0.5\ndef slope(a):\n    return 1 - a ** 2\n"
    cell += "def step(u, w):\n    a = np.tanh(u @ w)\n    loss = half * (a ** 2).sum()\n"
    cell += "    dz = a * slope(a)  # <b>\n    dw = -u.T @ dz\n    return loss, dw\n"
    linecache.cache["<cell 1>"] = (len(cell), None, cell.splitlines(True), "<cell 1>")
    exec(compile(cell, "<cell 1>", "exec"), space := {"__name__": "__main__"})
    review = symbp.check(space["step"], shapes={"u": "4,3", "w": "3,2"})
    assert [(f.line, f.kind) for f in review.report.findings] == [(5, "sign")]
    assert '<span style="background: #fdd">    dw = -u.T @ dz</span>' in review._repr_html_()
    assert "&lt;b&gt;" in review._repr_html_()
    assert "<b>" not in review._repr_html_()
    assert repr(review).startswith("wrong: step, 1 mistake\n")
    right = cell.replace("dw = -u", "dw = u")
    linecache.cache["<cell 1>"] = (len(right), None, right.splitlines(True), "<cell 1>")
    exec(compile(right, "<cell 1>", "exec"), space)
    assert symbp.check(space["step"], shapes={"u": "4,3", "w": "3,2"}).is_right


def test_the_corrected_line_is_right_when_it_is_put_in(tmp_path: Path) -> None:
    code = STEPS.replace("dg = dz @ R.T", "dg = dz @ R")
    (found,) = check("steps", code, tmp_path).findings
    assert check("steps", code.replace(found.found, found.expected), tmp_path).is_right


def test_without_a_network_the_own_loss_is_the_truth(tmp_path: Path) -> None:
    shapes = {"u": "4,3", "v": "4,2", "A": "3,5", "a": "5", "C": "5,2", "c": "2"}
    assert check_text(FIT, "mine.py", tmp_path, None, "", {}, shapes).is_right
    wrong = FIT.replace("grad_c = grad_r.sum(axis=0)", "grad_c = grad_r.sum(axis=0) / 3")
    (found,) = check_text(wrong, "mine.py", tmp_path, None, "", {}, shapes).findings
    assert (found.line, found.kind) == (14, "factor")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os\ndef fit(u, v, A, a, C, c):\n    os._exit(0)\n", "ends its process"),
        ("import sys\nsys.exit(1)\ndef fit(u, v, A, a, C, c):\n    return 0\n", "SystemExit"),
        ("def fit(u, v, A, a, C, c, rate):\n    return 0\n", "'rate'"),
        ("def fit(u, v, A, a, C, c):\n    return (u * 0).sum()\n", "no gradient of A"),
        ("def fit(u, v:\n", "no Python"),
    ],
)
def test_what_cannot_be_checked_is_told(code: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(CannotCheck, match=said):
        check("fit", code, tmp_path)


def test_what_is_no_single_array_is_left_to_verify(tmp_path: Path) -> None:
    deep = read_network(*networks.source("mlp"), "mlp")
    with pytest.raises(NotYet, match="a list of layers"):
        check_text("def f(x, y, W, b):\n    return 0\n", "mine.py", tmp_path, deep, "", {}, {})


def test_nothing_of_the_file_or_the_inputs_reaches_this_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = "import sys, numpy\nprint('seen')\nnumpy.random.seed(7)\nsys.path.append('x')\n" + FIT
    before = list(sys.path)
    assert check("fit", code, tmp_path).is_right
    assert (capsys.readouterr().out, sys.path) == ("", before)


def test_a_second_call_that_gives_something_else_is_told(tmp_path: Path) -> None:
    code = FIT.replace("import numpy as np", "import numpy as np\n\nkept = []").replace(
        "    return loss, grad_A", "    kept.append(1)\n    return loss, grad_A * len(kept)"
    )
    found = check("fit", code, tmp_path).findings
    assert "state" in [f.kind for f in found]


def test_a_function_that_is_called_may_be_at_fault(tmp_path: Path) -> None:
    code = FIT.replace("grad_q * (1 - q ** 2)", "grad_q * slope(q)") + "\n\ndef slope(q):\n    return 1 - q\n"
    (found,) = check("fit", code, tmp_path).findings
    assert (found.line, found.kind, found.expected) == (23, "derivative", "return 1 - q ** 2")


def test_gradients_without_a_loss(tmp_path: Path) -> None:
    code = FIT.replace("return loss, grad_A, grad_a, grad_C, grad_c", "return [grad_A, grad_a, grad_C, grad_c]")
    assert check("fit", code, tmp_path).is_right
    (found,) = check("fit", code.replace("grad_r @ C.T", "2 * grad_r @ C.T"), tmp_path).findings
    assert (found.line, found.kind) == (15, "factor")


def test_an_exception_is_told_at_its_line(tmp_path: Path) -> None:
    (found,) = check("fit", FIT.replace("grad_A = u.T @ grad_z", "grad_A = u.T @ nothing"), tmp_path).findings
    assert (found.line, "NameError" in found.why) == (17, True)


def test_a_name_is_mapped(tmp_path: Path) -> None:
    code = DEEP.replace('{"E": dE, "C": dC, "A": dA}', "dict(q1=dA, q2=dC, q3=dE)")
    with pytest.raises(CannotCheck, match="--map NAME=C"):
        check("deep", code, tmp_path)
    assert check_text(code, "mine.py", tmp_path, network("deep"), "", {"q2": "C", "q3": "E"}, {}).is_right


def test_the_command_has_three_statuses(tmp_path: Path) -> None:
    nets, mine = tmp_path / "networks.py", tmp_path / "mine.py"
    nets.write_text(NETWORKS)
    for code, status in ((FIT, 0), (FIT.replace("e / n", "-e / n", 1), 1)):
        mine.write_text(code)
        assert check_file(mine, network("fit")).is_right is (status == 0)
        run = CliRunner().invoke(commands, ["check", f"{nets}:fit", str(mine), "--json"])
        assert (run.exit_code, json.loads(run.stdout)["verdict"]) == (status, ("right", "wrong")[status])
        assert mine.read_text() == code
    assert CliRunner().invoke(commands, ["check", str(tmp_path / "none.py")]).exit_code == 2


@pytest.mark.parametrize(
    ("gradient", "quantity", "pair"),
    [
        *((n, "W1", True) for n in ("dW1", "grad_W1", "W1_grad", "gW1", "delta_W1", "W1_bar", "dL_dW1", 'grads["W1"]')),
        ("dW1", "W2", False),
        ("W1", "W1", False),
    ],
)
def test_names_of_gradients(gradient: str, quantity: str, pair: bool) -> None:
    assert is_pair(gradient, quantity) is pair


def test_verify_says_the_line_too_and_each_finding_once(tmp_path: Path) -> None:
    nets, mine = tmp_path / "networks.py", tmp_path / "mine.py"
    nets.write_text(NETWORKS)
    code = FIT.replace("def fit(u, v, A, a, C, c)", "def loss_and_gradients(u, v, *, A, a, C, c)")
    tuple_, dictionary = "grad_A, grad_a, grad_C, grad_c", "dict(A=grad_A, a=grad_a, C=grad_C, c=grad_c)"
    code = code.replace(f"return loss, {tuple_}", f"return loss, {dictionary}")
    mine.write_text(code)
    right = CliRunner().invoke(commands, ["verify", f"{nets}:fit", "--module", str(mine)])
    assert (right.exit_code, "it should be" in right.output) == (0, False)
    mine.write_text(code.replace("grad_C = q.T @ grad_r", "grad_C = -q.T @ grad_r"))
    wrong = CliRunner().invoke(commands, ["verify", f"{nets}:fit", "--module", str(mine)])
    assert wrong.exit_code == 1
    assert wrong.stdout.startswith("wrong: fit")
    (said,) = wrong.stdout.splitlines()[1:]
    assert said.startswith("  C against ")
    assert said.count("mine.py:13, grad_C: the sign is turned round: it should be 'grad_C = q.T @ grad_r'") == 1


def test_a_right_pass_says_which_equations_its_lines_compute(tmp_path: Path) -> None:
    report = check("fit", FIT, tmp_path)
    numbers = dict(derive(network("fit")).numbers)
    lines = FIT.splitlines()
    at = {line: next(k for k, text in enumerate(lines, 1) if text.strip().startswith(line)) for line in ("q =", "r =")}
    at |= {of: next(k for k, text in enumerate(lines, 1) if text.strip().startswith(f"grad_{of} =")) for of in "rCcqAa"}
    expected = {(at["q ="], numbers["q"]), (at["r ="], numbers["r"])}
    expected |= {(at[of], numbers[f"{of}_bar"]) for of in "rCcqAa"}
    assert expected <= set(report.computes)
    assert len({line for line, number in report.computes if number in dict(expected).values()}) == len(expected)
    said = as_text(report).splitlines()
    assert len(said) == 2
    assert f"{at['A']} ({numbers['A_bar']})" in said[1]
    assert "; tried at B = 3, I = 5, J = 7, O = " in said[0]
    assert said[0].endswith("3 seeds, in float32")
    assert {"line": at["A"], "equation": numbers["A_bar"]} in json.loads(as_json(report))["computes"]


def test_what_was_tried_at_kinks_and_in_float32_is_said(tmp_path: Path) -> None:
    assert "at ties as on the pages" in as_text(check("deep", DEEP, tmp_path))
    lost = DEEP.replace("dz = dq * (z > 0)", "dz = ((dq + 1e5) - 1e5) * (z > 0)")
    assert "in float32, where the gradient of A loses digits" in as_text(check("deep", lost, tmp_path))


@pytest.mark.parametrize("case", ["sign", "derivative at z", "transpose", "step"])
def test_a_mistake_has_the_number_of_its_equation(case: str, tmp_path: Path) -> None:
    name, code, mistakes = WRONG[case]
    for right, wrong, _ in mistakes:
        code = code.replace(right, wrong)
    quantities = {"sign": "r", "derivative at z": "A", "transpose": "r", "step": "R"}
    (found,) = check(name, code, tmp_path).findings
    derivation = derive(network(name))
    keys = {key: number for key, number in derivation.numbers if isinstance(key, str)}
    key = next(k for k in keys if k.endswith(f"{quantities[case]}_bar"))
    assert found.equation == keys[key]
    assert json.loads(as_json(check(name, code, tmp_path)))["findings"][0]["equation"] == keys[key]


@pytest.mark.parametrize("name", ["sigmoid_softmax", "lstm", "batch_norm_mlp", "conv_net", "transformer_block"])
def test_the_numbers_are_those_printed_on_the_page(name: str) -> None:
    tags = {
        int(n) for n in re.findall(r"\\tag\{(\d+)\}", (GENERATED / name / "derivation.tex").read_text(encoding="utf-8"))
    }
    pages = pages_of(numbered(derive(read_network(*networks.source(name), name))))
    assert {e.number for e in pages.equations} <= tags
    assert len(pages.equations) >= len(pages.network.equations)
