"""Skipped, with the reason, where LiteRT is not installed."""

from __future__ import annotations

import importlib.util

import pytest


@pytest.fixture(autouse=True)
def litert() -> None:
    if importlib.util.find_spec("ai_edge_litert") is None:
        pytest.skip('the extra is not installed: pip install "modelwright[device]"')
