"""The learning curves of a lab as files: SVG always, PNG and TensorBoard logs with their extras."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.deploy.report.blocks import Figure
from modelwright.deploy.report.lab import Panel, as_png, panels, picture_file
from modelwright.deploy.report.wording import short
from modelwright.errors import UsageError
from modelwright.records import Lab

Read = Callable[[Any], Any]

PNG_EXTRA = "resvg_py"
"""The module that draws PNG, where ``pip install "modelwright[png]"`` brought it."""


def panels_of(read: Read, lab: Lab) -> list[Panel]:
    """What is drawn of each model."""
    found: list[Panel] = []
    for model in lab.models:
        curves = np.asarray(read(model.curves), dtype=np.float64)
        found.append(
            Panel(
                name=model.recipe.name,
                training=curves[:, :, 0],
                validation=curves[:, :, 1],
                best_epoch=model.best_epoch,
                overfits_from=model.overfits_from,
                says=model.fit,
            )
        )
    return found


def lab_figures(read: Read, lab: Lab) -> tuple[Figure, ...]:
    """Every model's learning curves with its verdict, for the report."""
    pictures = panels(panels_of(read, lab), lab.loss)
    return tuple(
        Figure(title=f"{short(model.recipe.name)}: {model.fit}", caption=model.reason, picture=one)
        for model, one in zip(lab.models, pictures, strict=True)
    )


def write_pictures(read: Read, lab: Lab, folder: Path) -> tuple[Path, ...]:
    """Write all models as one picture and each by itself; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn = panels_of(read, lab)
    paths: list[Path] = []
    for name, title, shown in _pictures(drawn):
        svg = picture_file(shown, lab.loss, title)
        paths.append(folder / f"{name}.svg")
        paths[-1].write_text(svg, encoding="utf-8")
        if find_spec(PNG_EXTRA) is not None:
            paths.append(folder / f"{name}.png")
            paths[-1].write_bytes(as_png(svg))
    return tuple(paths)


def _pictures(drawn: list[Panel]) -> list[tuple[str, str, list[Panel]]]:
    """File name, title and panels of each picture."""
    together = [("lab", "Learning curves, training and validation", drawn)] if len(drawn) > 1 else []
    return together + [(f"lab-{_file_name(panel.name)}", panel.name, [panel]) for panel in drawn]


def _file_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", name.replace(".py:", "-")).strip("-")


def write_tensorboard(read: Read, lab: Lab, folder: Path) -> None:
    """Write every run's losses as TensorBoard logs, one folder a model and seed.

    Raises:
        UsageError: tensorboardX is not installed.
    """
    if find_spec("tensorboardX") is None:
        raise UsageError(
            where="--tensorboard",
            expected="the package tensorboardX",
            received="it is not installed",
            do_this='pip install "modelwright[tensorboard]"',
        )
    from tensorboardX import SummaryWriter  # pyright: ignore[reportMissingImports]  # an extra

    for model in lab.models:
        for seed, losses in enumerate(np.asarray(read(model.curves))):
            with SummaryWriter(str(folder / _file_name(model.recipe.name) / f"seed-{seed}")) as writer:
                for epoch, (training, validation) in enumerate(losses, start=1):
                    writer.add_scalar("data_loss/training", training, epoch)
                    writer.add_scalar("data_loss/validation", validation, epoch)
