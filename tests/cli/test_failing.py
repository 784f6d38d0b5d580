"""However a command ends, its exit code and its words say how."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest

from modelwright.cli.failing import told
from modelwright.errors import ModelwrightError, SealError

Captured = pytest.CaptureFixture[str]
ERROR = SealError(where="the seal", expected="one look", received="two", do_this="Look away.")


def command_that(outcome: Any) -> click.Command:
    """A command that returns, or raises, what is given."""

    @click.command()
    @click.option("--json", "as_json", is_flag=True)
    @click.option("--count", type=int)
    def command(as_json: bool, count: int | None) -> Any:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    return command


@pytest.mark.parametrize(("returned", "code"), [(0, 0), (1, 1), (None, 0), ("text", 0)])
def test_what_a_command_returns_is_its_exit_code(returned: Any, code: int) -> None:
    assert told(command_that(returned), []) == code


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), click.Abort()])
def test_ctrl_c_ends_with_130_and_says_that_nothing_is_lost(
    interruption: BaseException, capsys: Captured
) -> None:
    assert told(command_that(interruption), []) == 130
    captured = capsys.readouterr()
    assert "Nothing is lost" in captured.err
    assert "Traceback" not in captured.err
    assert captured.out == ""


def test_an_error_is_told_in_four_parts_on_standard_error(capsys: Captured) -> None:
    assert told(command_that(ERROR), []) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert [line.split()[0] for line in lines] == ["SealError:", "expected", "received", "do"]
    assert "Look away." in lines[3]


def test_an_error_as_json_is_json_and_nothing_else(capsys: Captured) -> None:
    assert told(command_that(ERROR), ["--json"]) == 2
    captured = capsys.readouterr()
    assert json.loads(captured.out) == ERROR.parts()
    assert captured.err == ""


def test_an_unforeseen_exception_is_told_without_a_traceback_and_kept_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert told(command_that(ZeroDivisionError("by nothing")), []) == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert "by nothing" in said
    (kept,) = tmp_path.glob("modelwright-*.txt")
    assert str(kept) in said
    assert "Traceback" in kept.read_text()


@pytest.mark.parametrize("arguments", [["--colour"], ["--count", "many"], ["too", "much"]])
def test_what_click_refuses_has_four_parts_in_json(arguments: list[str], capsys: Captured) -> None:
    assert told(command_that(0), [*arguments, "--json"]) == 2
    error = json.loads(capsys.readouterr().out)
    assert set(error) == set(ERROR.parts())
    assert error["error"] == "UsageError"
    assert all(error.values())
    assert "--help" in error["do_this"]


def test_an_unknown_option_is_named_with_the_nearest(capsys: Captured) -> None:
    assert told(command_that(0), ["--coun", "3"]) == 2
    said = capsys.readouterr().err
    assert "--coun" in said
    assert "--count" in said


def test_an_error_without_words_is_told_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    told(command_that(AssertionError()), ["--json"])
    assert json.loads(capsys.readouterr().out)["received"] == "AssertionError"


def test_every_kind_of_error_has_the_same_exit_code() -> None:
    kinds = [ModelwrightError, *ModelwrightError.__subclasses__()]
    codes = {
        told(command_that(kind(where="w", expected="e", received="r", do_this="d")), []) for kind in kinds
    }
    assert codes == {2}
