"""The Python that a device's folder carries, for use here: the same file, so that it is the same code."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from types import ModuleType
from typing import Any


def reference(specification: dict[str, Any]) -> Any:
    """The folder's own `Preparation`, ready to follow a specification."""
    return _module().Preparation(specification)


@cache
def _module() -> Any:
    source = files("modelwright.deploy.device") / "folder" / "preparation.py"
    module = ModuleType("modelwright_device_preparation")
    exec(compile(source.read_text(encoding="utf-8"), "preparation.py", "exec"), module.__dict__)
    return module
