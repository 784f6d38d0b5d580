from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelwright.engine.compile_cache import FileCache, cache_folder

ONE_TRAINING = """
import sys, time
from modelwright.engine.keras_backend import keras
import numpy as np
from jax._src import monitoring
from modelwright.engine.population import train_population
compiled = []
monitoring.register_event_duration_secs_listener(lambda event, seconds, **_: compiled.append(event))
hits = []
monitoring.register_event_listener(lambda event, **_: hits.append(event))
def build():
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    model.compile(optimizer="sgd", loss="mse")
    return model
rows = np.arange(60, dtype="float32").reshape(20, 3) / 60
found = train_population(build, rows, rows[:, 0], membership=np.ones((1, 20), np.int8), epochs=1)
counts = [sum(kind in event for event in hits) for kind in ("cache_hits", "cache_misses")]
print(*counts, found.notes)
"""


def test_a_value_comes_back_and_another_key_has_none(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    cache.put("one", b"value")
    assert cache.get("one") == b"value"
    assert cache.get("two") is None


def test_half_a_file_is_no_value_and_is_forgotten(tmp_path: Path) -> None:
    cache = FileCache(tmp_path)
    cache.put("one", b"a long value" * 100)
    path = tmp_path / "one"
    path.write_bytes(path.read_bytes()[:200])
    assert cache.get("one") is None
    assert not path.exists()
    cache.put("one", b"again")
    assert cache.get("one") == b"again"


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    cache = FileCache(tmp_path, max_bytes=1_000)
    for number in range(40):
        cache.put(f"{number}", bytes(100))
        os.utime(tmp_path / f"{number}", (number, number))
    left = sorted(int(path.name) for path in tmp_path.iterdir())
    assert left[-1] == 39
    assert len(left) < 20
    assert left == list(range(40 - len(left), 40))


def test_a_folder_that_cannot_be_written_costs_nothing_but_time(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("no folder")
    cache = FileCache(file)
    cache.put("one", b"value")
    assert cache.get("one") is None


def test_many_writers_of_one_key_leave_one_whole_value(tmp_path: Path) -> None:
    values = [bytes([number]) * 50_000 for number in range(8)]
    seen: list[bytes | None] = []

    def write(value: bytes) -> None:
        cache = FileCache(tmp_path)
        for _ in range(20):
            cache.put(f"key-{value[0] % 2}", value)
            seen.append(cache.get(f"key-{value[0] % 2}"))

    threads = [threading.Thread(target=write, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(value is None or value in values for value in seen)
    assert FileCache(tmp_path).get("key-0") in values


def test_the_folder_may_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MODELWRIGHT_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path


@pytest.mark.slow
def test_a_second_process_finds_every_program_compiled(tmp_path: Path) -> None:
    environment = os.environ | {"MODELWRIGHT_CACHE": str(tmp_path)}
    said = [
        subprocess.run(
            [sys.executable, "-c", ONE_TRAINING], env=environment, capture_output=True, text=True, check=True
        ).stdout.split(" ", 2)
        for _ in range(2)
    ]
    (hits, misses, _), (later_hits, later_misses, notes) = said
    assert int(misses) > 0
    assert int(later_misses) == 0
    assert int(later_hits) > int(hits)
    assert notes.strip() == "()"
