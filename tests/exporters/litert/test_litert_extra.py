from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from modelwright.errors import ExportError
from modelwright.exporters.litert.flatbuffer import schema


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if "litert" in name else real(name))
    schema.cache_clear()
    with pytest.raises(ExportError) as caught:
        schema()
    schema.cache_clear()
    assert 'pip install "modelwright[device]"' in caught.value.do_this
