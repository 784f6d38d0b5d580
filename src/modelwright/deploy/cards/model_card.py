"""A model card: what a model is for, how good it is, where it is weak, and what it must not be used for."""

from __future__ import annotations

from typing import Any

from modelwright.deploy.cards.markdown import bullets, plain, table
from modelwright.deploy.report.blocks import Table
from modelwright.deploy.report.figures import number
from modelwright.deploy.report.wording import listed, short
from modelwright.records import Bench, Final

FILE = "model-card.md"

_FAMILIES = {
    "linear": "a linear model",
    "trees": "boosted trees (LightGBM)",
    "network": "a neural network (Keras)",
    "yours": "a neural network (Keras) of the project's own",
}
_MOST_NAMES = 60


def model_card(bench: Bench, final: Final, facts: dict[str, Any]) -> bytes:
    """The card as Markdown.

    Args:
        facts: what the report says of the sealed rows: answer, outcome, believed, weak, limits, scores,
            provenance, seeds.

    Source:
        Mitchell et al. 2019, "Model cards for model reporting"; their headings, in this order.
    """
    answer = facts["answer"]
    lines = [
        f"# Model card: {plain(bench.task.question, 200)}",
        "",
        *_paragraphs(answer.does, answer.headline, answer.price),
        *_details(bench, final, facts),
        *_intended(bench),
        *_factors(facts),
        *_measures(bench, final, facts),
        *_data(bench, final, facts),
        "## What it cannot do",
        "",
        *bullets(facts["limits"]),
        "## Names by content",
        "",
        "Every artefact is named by the sha256 of its content.",
        "",
        *table(("What", "sha256"), facts["provenance"]),
    ]
    return "\n".join(lines).encode("utf-8", errors="replace")


def _paragraphs(*texts: str) -> list[str]:
    return [line for text in texts if text for line in (plain(text), "")]


def _details(bench: Bench, final: Final, facts: dict[str, Any]) -> list[str]:
    recipe = final.recipe
    choices = [f"{name} {_choice(value)}" for name, value in sorted(recipe.choices.items())]
    return [
        "## Model details",
        "",
        *bullets(
            (
                f"Kind: {_FAMILIES.get(recipe.family, recipe.family)}, called {short(recipe.name)}",
                f"Trained on {final.rows:,} rows; preparation is part of the model",
                f"Choices: {listed(choices, _MOST_NAMES) or 'none'}",
                f"Seeds: {listed([str(seed) for seed in facts['seeds']], 12)}",
                "Made with Modelwright; the report beside this card shows the evidence",
            )
        ),
    ]


def _choice(value: float | str) -> str:
    return number(value, 3) if isinstance(value, float) else str(value)


def _intended(bench: Bench) -> list[str]:
    task = bench.task
    volume = f"{number(task.volume_per_day)} cases a day" if task.volume_per_day else "not stated"
    limits = ", ".join((*task.constraints.runs_on, *(("offline",) if task.constraints.offline else ())))
    today = task.existing_solution
    return [
        "## Intended use",
        "",
        *bullets(
            (
                f"Question: {short(task.question, 400)}",
                f"Predicted: {listed([short(name) for name in task.targets], _MOST_NAMES)}",
                f"Reads: {listed([short(one.name) for one in bench.dataset.features], _MOST_NAMES)}",
                f"Runs on: {limits}; volume: {volume}",
                f"Today's solution: {today.kind} {short(today.name)}"
                if today
                else "Today's solution: none declared",
                "Not for other questions than this one, nor for rows of another kind than it was judged on",
            )
        ),
    ]


def _factors(facts: dict[str, Any]) -> list[str]:
    weak = facts.get("weak")
    if weak is None:
        return []
    said = [f"When {one.when}: {one.inside} ({one.size}); elsewhere {one.outside}" for one in weak]
    return ["## Where it is weaker", "", *bullets((*said, facts["weak_searched"]))]


def _measures(bench: Bench, final: Final, facts: dict[str, Any]) -> list[str]:
    believed = facts["believed"]
    tables: tuple[Table, ...] = (facts["scores"], *facts["outcome"].tables)
    costs = bench.task.costs
    lines = ["## How good it is", "", *_paragraphs(final.promise, believed.said if believed else "")]
    if final.threshold is not None:
        lines += _paragraphs(
            f"It answers {short(bench.dataset.classes[-1])} from a probability of {number(final.threshold)}. "
            f"A false alarm counts {number(costs.false_positive)}, a miss {number(costs.false_negative)} "
            f"{short(costs.unit, 24)}{'' if costs.stated else ' (assumed)'}."
        )
    for one in tables:
        if one.rows:
            lines += [f"### {plain(one.title)}", "", *table(one.head, one.rows), *_paragraphs(one.note)]
    return lines


def _data(bench: Bench, final: Final, facts: dict[str, Any]) -> list[str]:
    protocol = bench.protocol
    findings = [f"{one.code} {one.title}: {one.message}" for one in facts["findings"].findings[:20]]
    return [
        "## Data",
        "",
        *bullets(
            (
                f"{bench.dataset.rows:,} rows, {len(bench.dataset.columns)} columns",
                f"Evaluation: {final.test_rows:,} sealed rows, opened once the model was chosen",
                f"Sealed: {protocol.test_reason}",
                f"Development: {protocol.rows:,} rows; {protocol.reason}",
                *(findings or ("No findings",)),
            )
        ),
    ]
