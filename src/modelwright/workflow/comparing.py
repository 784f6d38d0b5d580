"""Compare models of one's own in a project that has been framed, and have its report show them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwright.deploy.lab_pictures import write_pictures, write_tensorboard
from modelwright.develop.compare import compare
from modelwright.project import Listener, Project
from modelwright.records import Lab, encode
from modelwright.workflow.chapter import WAIT_SECONDS, define_task, prepare_bench, understand_data
from modelwright.workflow.places import own_recipe
from modelwright.workflow.wishes import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a comparison came to, and where its pictures lie."""

    folder: Path
    lab: Lab
    paths: tuple[Path, ...]

    def as_json(self) -> str:
        """The lab and the paths, for a program; the models' code is left out."""
        lab = json.loads(encode(self.lab))
        for model in [*lab["models"], *lab["failures"]]:
            model["recipe"].pop("code", None)
        return json.dumps({"lab": lab, "pictures": [str(path) for path in self.paths]}, indent=2)


def compare_models(
    project: str | Path,
    models: Sequence[str],
    *,
    seeds: int = 3,
    epochs: int = 20,
    batch_size: int = 512,
    validation: float | None = None,
    text: str = "terms",
    out: str | Path | None = None,
    tensorboard: str | Path | None = None,
    seed: int = 0,
    listener: Listener | None = None,
) -> Compared:
    """Train the models side by side on a project's data and read their learning curves.

    Args:
        project: the folder of a project made by `new` or `run`.
        models: the user's own Keras models, each ``FILE.py:NAME``.
        validation: share of the development rows to validate on; the protocol's first split unless given.
        text: texts as weighted ``terms`` or multi-hot ``words``.
        out: where the pictures go; the project's folder unless given. tensorboard: and logs, if wanted.

    Raises:
        ModelwrightError: in four parts, for whatever is wrong with the project, its data or the models.
    """
    recipes = tuple(own_recipe(model, seed) for model in models)
    with Project.open(project, listener=listener) as door, door.writing(WAIT_SECONDS):
        task, snap = define_task(door, project, Wishes())
        dataset, _ = understand_data(door, task, snap)
        bench = prepare_bench(door, task, dataset, seed)
        lab: Lab = door.run(
            compare,
            bench,
            recipes=recipes,
            seeds=seeds,
            epochs=epochs,
            batch_size=batch_size,
            validation=validation,
            text=text,
            seed=seed,
        )
        paths = write_pictures(door.read, lab, Path(out) if out else door.folder)
        if tensorboard is not None:
            write_tensorboard(door.read, lab, Path(tensorboard))
        return Compared(folder=door.folder, lab=lab, paths=paths)
