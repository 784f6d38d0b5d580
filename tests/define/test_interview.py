from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from modelwright.define.interview import interview, suspicious
from modelwright.records import ExistingSolution, Input, Task

TASK = Task(
    question="Who leaves?",
    source="customers.csv",
    targets=("churned",),
    kind="binary",
    kind_reason="two values",
    positive_class="yes",
    inputs=tuple(Input(name=name) for name in ("age", "plan", "exit_date", "churned_reason", "phone")),
)


class Script:
    """Answers by the first words of a question; Enter to everything else."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, question: str, default: str, choices: tuple[str, ...]) -> str:
        self.asked.append(question)
        for words, replies in self.answers.items():
            if words.replace("_", " ") in question and replies:
                return replies.pop(0)
        return ""


def test_enter_to_everything_leaves_the_task_as_it_was() -> None:
    script = Script()
    assert interview(TASK, script) == TASK
    assert len(script.asked) <= 12


def test_answers_complete_the_task() -> None:
    script = Script(
        What_question=["Who will leave next month?"],
        Which_should_it_not=["phone, age"],
        only_after=["after"],
        answered_today=["rules.py:leaves"],
        false_alarm=["2"],
        a_miss=["50.5"],
        unit=["euros"],
        a_day=["1,200"],
        Where_does=["device"],
        sensitive=["y"],
        milliseconds=["20"],
        offline=["yes"],
        megabytes=["5"],
    )
    task = interview(TASK, script)
    assert task.question == "Who will leave next month?"
    assert task.ignore == ("phone", "age")
    assert [entry.name for entry in task.inputs] == ["plan", "exit_date", "churned_reason"]
    assert {entry.name: entry.known_at for entry in task.inputs}["exit_date"] == "after"
    assert task.existing_solution == ExistingSolution(kind="function", name="rules.py:leaves")
    assert (task.costs.false_positive, task.costs.false_negative) == (2.0, 50.5)
    assert (task.costs.unit, task.costs.stated) == ("euros", True)
    assert task.volume_per_day == 1200.0
    assert task.constraints.runs_on == ("device",)
    assert (task.constraints.sensitive, task.constraints.offline) == (True, True)
    assert (task.constraints.max_latency_milliseconds, task.constraints.max_size_megabytes) == (20.0, 5.0)


def test_an_unclear_answer_is_asked_again_with_what_was_wrong() -> None:
    script = Script(
        Which_should_it_not=["phne", "age, plan, exit_date, churned_reason, phone", "phone"],
        answered_today=["by hand", "none"],
        false_alarm=["much", "1,5", "3"],
        Where_does=["cloud", "b"],
        sensitive=["perhaps", "no"],
    )
    task = interview(TASK, script)
    asked = " ".join(script.asked)
    assert "There is no column 'phne'. Did you mean 'phone'?" in asked
    assert "That leaves no column to predict from." in asked
    assert "'by hand' is neither none nor column:NAME nor FILE.py:NAME." in asked
    assert "'much' is not a number of 0 or more." in asked
    assert "'1,5' is not a number" in asked
    assert "'cloud' is not one of server, device, browser." in asked
    assert "'perhaps' is neither yes nor no." in asked
    assert task.ignore == ("phone",)
    assert task.costs.false_positive == 3.0
    assert task.constraints.runs_on == ("browser",)


def test_only_suspicious_columns_are_asked_about() -> None:
    assert suspicious(TASK) == ("exit_date", "churned_reason")
    advised = replace(TASK, advice=("Each value of `plan` always goes with one `churned` ...",))
    assert suspicious(advised)[0] == "plan"


def test_the_kind_is_asked_only_where_numbers_could_be_classes() -> None:
    def kind_asked(task: Task) -> bool:
        script = Script()
        interview(task, script)
        return any("What kind of task" in question for question in script.asked)

    assert not kind_asked(TASK)
    stars = replace(TASK, kind="multiclass", positive_class=None)
    assert kind_asked(stars)
    answer: Callable[..., str] = Script(What_kind=["regression"])
    assert interview(stars, answer).kind == "regression"


def test_costs_are_asked_in_the_words_of_the_kind() -> None:
    script = Script(off_by_one_unit=["4"])
    numbers = replace(TASK, kind="regression", positive_class=None)
    assert interview(numbers, script).costs.per_unit == 4.0
    assert not any("false alarm" in question for question in script.asked)
