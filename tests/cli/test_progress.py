"""Progress is plain lines without a terminal, silence when quiet, and never on standard output."""

from __future__ import annotations

from typing import Any

import pytest

from modelwright.cli import failing, progress
from modelwright.cli.progress import PlainProgress, finished_line, noted, shown_progress, waiting
from modelwright.project.events import StepFinished, StepNoted, StepStarted, WaitingForWriter
from modelwright.records import Plan

Captured = pytest.CaptureFixture[str]


def finished(*, recalled: bool = False) -> StepFinished:
    return StepFinished(step="develop.prepare", recalled=recalled, seconds=1.25, record=Plan(columns=()))


def test_without_a_terminal_lines_are_plain_and_on_standard_error(capsys: Captured) -> None:
    with shown_progress(quiet=False) as listener:
        listener(StepStarted(step="develop.prepare"))
        listener(finished())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "develop.prepare              1.2 s  0 columns prepared, fitted inside each fold\n"


def test_quiet_shows_nothing_but_lets_an_interrupt_through(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with shown_progress(quiet=True) as listener:
        listener(StepStarted(step="define.frame"))
        assert capsys.readouterr().err == ""
        monkeypatch.setattr(failing._interrupted, "is_set", lambda: True)
        with pytest.raises(KeyboardInterrupt):
            listener(StepStarted(step="define.frame"))


def test_a_terminal_gets_every_finished_step_as_a_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    monkeypatch.setattr(progress, "is_terminal", lambda: True)
    with shown_progress(quiet=False) as listener:
        for event in (
            StepStarted(step="develop.tune"),
            StepNoted(step="develop.tune", message="[bold]trees", done=1, total=3),
            finished(),
            WaitingForWriter(pid=7, since_utc="noon"),
        ):
            listener(event)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "0 columns prepared" in captured.err
    assert "process 7" in captured.err


def test_what_goes_wrong_under_the_progress_bar_still_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "is_terminal", lambda: True)
    with pytest.raises(KeyboardInterrupt), shown_progress(quiet=False):
        raise KeyboardInterrupt


def test_a_long_step_says_how_far_it_is_but_not_all_the_time(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    clock = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    plain = PlainProgress()
    for seconds in (0.0, 1.0, 2.0, 6.0):
        clock[0] = 100.0 + seconds
        plain(StepNoted(step="develop.tune", message=f"at {seconds:g}"))
    assert capsys.readouterr().err.splitlines() == [
        "  ... develop.tune: at 0",
        "  ... develop.tune: at 6",
    ]


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({}, "trees"),
        ({"done": 2, "total": 5}, "trees (3 of 5)"),
        ({"total": 5}, "trees"),
        ({"facts": {"best": "linear 0.9"}}, "trees; best so far linear 0.9"),
        ({"facts": {"best": ""}}, "trees"),
    ],
)
def test_a_note_says_how_far_and_the_best_so_far(facts: dict[str, Any], text: str) -> None:
    assert noted(StepNoted(step="s", message="trees", **facts)) == text


def test_a_recalled_step_says_so_instead_of_a_time() -> None:
    assert "recalled" in finished_line(finished(recalled=True))
    assert "1.2 s" not in finished_line(finished(recalled=True))


def test_whom_one_waits_for_is_named_where_it_is_known() -> None:
    assert "process 41" in waiting(WaitingForWriter(pid=41, since_utc="noon"))
    assert "another process" in waiting(WaitingForWriter(pid=0, since_utc="noon"))
