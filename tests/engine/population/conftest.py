"""What the population's tests share: programs compiled once, and `Model.fit` made to fail on demand."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

from modelwright.engine.compile_cache import keep_compiled_programs
from modelwright.engine.keras_backend import keras


@pytest.fixture(scope="session", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """The engine's cache, in a folder of the tests: it also serves the references (7 s -> 0.8 s with AUC)."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELWRIGHT_CACHE", str(folder))
        keep_compiled_programs()
        yield folder


@pytest.fixture
def forbid_fit(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Called once the references are there: from then on `Model.fit` fails, so nothing can hide behind it."""

    def forbid() -> None:
        def fit(*_: Any, **__: Any) -> None:
            raise AssertionError("the population was trained by Model.fit")

        monkeypatch.setattr(keras.Model, "fit", fit)

    return forbid
