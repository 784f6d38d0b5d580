"""Where do a project's files lie: its folder, data, code, report?"""

from __future__ import annotations

import os.path
from dataclasses import replace
from pathlib import Path
from typing import Any

from modelwright.errors import StorageError, UsageError
from modelwright.project import Listener, Project
from modelwright.records import Card, Recipe, Task
from modelwright.sources.opening import check_file
from modelwright.workflow.wishes import Wishes

TASK_FILE = "task.toml"
REPORT_FILE = "report.html"
DATA_FILE = "data.html"
RELEASE_FOLDER = "release"
SITE_FOLDER = "browser"
DEVICE_FOLDER = "device"
FRAME_FOLDER = "modelwright-project"
"""The project of data that came as a DataFrame and has no name."""


def opened(data: Any, folder: str | Path | None, listener: Listener | None) -> Project:
    """The project: the folder said, the folder given as data, or one named after the data file.

    Raises:
        ProjectError: a folder given as data is no project.
    """
    if isinstance(data, str | Path) and Path(data).is_dir():
        return Project.open(folder or data, listener=listener)
    if isinstance(data, str | Path):
        check_file(Path(data).expanduser())  # before a folder is made for it
    if folder is None:
        named = isinstance(data, str | Path)
        folder = (Path(data).name.split(".")[0] or "project") if named else FRAME_FOLDER
    return Project.create(folder, listener=listener)


def data_of(data: Any, task: Task, project: Project) -> Any:
    """The data given, or, where the project folder itself was given, the file its task names.

    Raises:
        UsageError: the task names none, as its data came as a DataFrame.
    """
    if not isinstance(data, str | Path) or Path(data).resolve() != project.folder.resolve():
        return data
    if not task.source:
        raise UsageError(
            where=str(project.folder / TASK_FILE),
            expected="the data file, as `source`",
            received="none: the data came as a DataFrame",
            do_this="Call run(frame, project=...) in Python again, or write the file's path as `source`.",
        )
    return beside(project, task.source)


def source_text(data: Any, project: Project) -> str:
    """How task.toml names a file: relative to the project folder where that is possible."""
    if not isinstance(data, str | Path):
        return ""
    try:
        return os.path.relpath(Path(data).resolve(), project.folder.resolve())
    except ValueError:  # another drive
        return str(Path(data).resolve())


def located(wishes: Wishes, project: Project) -> Wishes:
    """The wishes with every file named as task.toml names it, so that any working folder will do later."""

    def code(name: str | None) -> str | None:
        if name is None or ".py:" not in name:
            return name
        file, _, function = name.rpartition(":")
        return f"{source_text(file, project)}:{function}" if Path(file).exists() else name

    test = wishes.test_file
    return replace(
        wishes,
        test_file=source_text(test, project) if test is not None and Path(test).exists() else test,
        measure=code(wishes.measure),
        existing=code(wishes.existing),
    )


def beside(project: Project, name: str) -> Path:
    """A path in task.toml: relative to the project folder, or as it stands where only that is there."""
    inside, here = project.folder / name, Path(name)
    return here if here.exists() and not inside.exists() else inside


def code_of(project: Project, name: str | None) -> str:
    """The source text behind ``FILE.py:NAME``; empty for anything else."""
    if name is None or ".py:" not in name:
        return ""
    return _read(beside(project, name.rpartition(":")[0]), name)


def own_recipe(model: str, seed: int) -> Recipe:
    """A user's model, named ``FILE.py:NAME``, as a candidate.

    Raises:
        UsageError: the name is of another form, or the file cannot be read.
    """
    file, _, function = model.rpartition(":")
    if not file or not function:
        raise UsageError(
            where=f"--model {model}",
            expected="FILE.py:NAME",
            received=model,
            do_this="Name the file and the function in it that builds the model: --model nets.py:small.",
        )
    code = _read(Path(file), model)
    name = f"{Path(file).name}:{function}"
    return Recipe(family="yours", name=name, code=code, function=function, seed=seed)


def write_page(project: Project, card: Card, name: str = REPORT_FILE) -> Path:
    """Put a page into the project folder, whole or not at all.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    return write_whole(project.folder / name, project.read(card.report))


def write_whole(path: Path, content: bytes) -> Path:
    """Put a file into the project folder, whole or not at all; one that is the same is left alone.

    Raises:
        StorageError: the disk is full or the folder not writable.
    """
    if not path.exists() or path.read_bytes() != content:
        temporary = path.with_suffix(f"{path.suffix}.new")
        try:
            temporary.write_bytes(content)
            temporary.replace(path)
        except OSError as error:
            raise StorageError(
                where=str(path),
                expected="to write the file",
                received=error.strerror or str(error),
                do_this="Make room or the folder writable, then run again: nothing is done twice.",
            ) from error
    return path


def _read(path: Path, name: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            where=name,
            expected="a Python file that can be read",
            received=f"{path}: {error}",
            do_this="Check the path; it is looked up from the project folder and the working folder.",
        ) from error
