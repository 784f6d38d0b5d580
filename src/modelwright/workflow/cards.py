"""Where do the cards lie, and what goes into them that no file says of itself?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from modelwright.define.collect import collect
from modelwright.define.task_file import read_task
from modelwright.deploy.cards.data_card import FILE as DATA_CARD
from modelwright.deploy.cards.data_card import describe_data
from modelwright.deploy.cards.model_card import FILE as MODEL_CARD
from modelwright.deploy.explain import explain
from modelwright.errors import ProjectError
from modelwright.project import Project
from modelwright.records import Card, Release
from modelwright.workflow.places import TASK_FILE, beside, data_of, write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """The cards of a project.

    Args:
        model_card: None where no model was confirmed.
        unknown: what a Croissant data set must say and nobody has said.
    """

    model_card: Path | None
    data_card: Path
    unknown: tuple[str, ...]


def write_cards(project: Project, told: dict[str, str]) -> Cards:
    """Write the model card and the data card into the project folder.

    Args:
        told: what the data file does not say of itself: license, creator, url, datePublished, ...

    Raises:
        ProjectError: the project has taken no data in.
    """
    dataset = project.last(collect)
    if dataset is None:
        raise ProjectError(
            where=str(project.folder),
            expected="a project that has taken its data in",
            received="one that has not",
            do_this=f"Look at the data or run first: modelwright look {project.folder}.",
        )
    task = read_task(project.folder / TASK_FILE)
    source = project.adopt(data_of(project.folder, task, project))
    test = project.adopt(beside(project, task.test.file)) if task.test.file is not None else None
    described = project.run(describe_data, replace(task, hypotheses=()), dataset, source, test, told=told)
    card = project.last(explain)
    return Cards(
        model_card=write_model_card(project, card) if isinstance(card, Card) else None,
        data_card=write_whole(project.folder / DATA_CARD, project.read(described.croissant)),
        unknown=described.unknown,
    )


def write_model_card(project: Project, card: Card) -> Path | None:
    """Put the model card beside the report; None where there is no model."""
    if card.model_card is None:
        return None
    return write_whole(project.folder / MODEL_CARD, project.read(card.model_card))


def with_model_card(release: Release, card: Card | None) -> Release:
    """The release with the model's card among its files, where there is one."""
    if card is None or card.model_card is None:
        return release
    size = release.size_bytes + card.model_card.size_bytes
    return replace(release, files={**release.files, MODEL_CARD: card.model_card}, size_bytes=size)
