from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from modelwright.engine.population.checkpoints import KEPT, MANIFEST, Checkpoints, fingerprint

ARRAYS = {"weights": np.arange(6.0).reshape(2, 3)}

# A training long enough to be killed in the middle: dropout, batch normalisation, early stopping, Adam.
TRAINING = """
import sys
import numpy as np
from modelwright.engine.keras_backend import keras
from modelwright.engine.population import train_population

def build(rate):
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((8,)), layers.Dense(32, activation="relu"), layers.BatchNormalization(),
        layers.Dropout(rate), layers.Dense(1),
    ])
    model.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse")
    return model

random = np.random.default_rng(0)
rows = random.normal(size=(700, 8)).astype("float32")
targets = (rows @ random.normal(size=8) + random.normal(size=700)).astype("float32")
membership = np.ones((4, 700), dtype=np.int8)
for member in range(4):
    membership[member, member::4] = 2
print("begun", flush=True)
population = train_population(
    build, rows, targets, membership=membership, choices=[{"rate": r} for r in (0.1, 0.2, 0.3, 0.5)],
    seeds=(0, 1, 2, 3), epochs=EPOCHS, batch_size=32, patience=EPOCHS // 2, checkpoint=sys.argv[1] or None,
)
arrays = {f"{m} {n}": weight for m in range(4) for n, weight in enumerate(population.weights(m))}
np.savez(sys.argv[2], epochs=population.epochs, best=population.best_epochs, **population.curves, **arrays)
"""


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "stack")
    assert checkpoints.latest() is None
    checkpoints.save(3, ARRAYS, {"epoch": 3, "best": float("inf")})
    found = checkpoints.latest()
    assert found is not None
    np.testing.assert_array_equal(found[0]["weights"], ARRAYS["weights"])
    assert found[1] == {"epoch": 3, "best": float("inf")}


def test_only_the_last_two_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for epoch in range(5):
        checkpoints.save(epoch, ARRAYS, {"epoch": epoch})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000003", "00000004"]
    assert KEPT == 2


@pytest.mark.parametrize("damage", ["arrays.npz", "facts.json", MANIFEST])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path: Path, damage: str) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(1, ARRAYS, {"epoch": 1})
    checkpoints.save(2, ARRAYS, {"epoch": 2})
    path = tmp_path / "00000002" / damage
    path.write_bytes(path.read_bytes()[:-3])
    found = checkpoints.latest()
    assert found is not None
    assert found[1] == {"epoch": 1}


def test_what_was_being_written_does_not_count(tmp_path: Path) -> None:
    Checkpoints(tmp_path).save(1, ARRAYS, {"epoch": 1})
    (tmp_path / "00000001").rename(tmp_path / ".writing-77-00000001")
    assert Checkpoints(tmp_path).latest() is None


def test_another_training_has_another_fingerprint() -> None:
    one = fingerprint(np.zeros(3), {"epochs": 2})
    assert one == fingerprint(np.zeros(3), {"epochs": 2})
    assert one != fingerprint(np.zeros(3, dtype=np.float32), {"epochs": 2})
    assert one != fingerprint(np.ones(3), {"epochs": 2})


def started(folder: Path | str, out: Path, epochs: int) -> subprocess.Popen[str]:
    code = TRAINING.replace("EPOCHS", str(epochs))
    return subprocess.Popen(
        [sys.executable, "-c", code, str(folder), str(out)], stdout=subprocess.PIPE, text=True
    )


def finished(folder: Path | str, out: Path, epochs: int) -> dict[str, np.ndarray]:
    process = started(folder, out, epochs)
    process.communicate(timeout=300)
    assert process.returncode == 0
    with np.load(out) as stored:
        return dict(stored)


@pytest.mark.slow
def test_a_killed_training_resumes_bit_equal(tmp_path: Path) -> None:
    kills, epochs = int(os.environ.get("MODELWRIGHT_KILLS", "4")), 400
    whole = finished("", tmp_path / "whole.npz", epochs)
    random = np.random.default_rng(0)
    seconds, resumed = 4.0, 0
    for kill in range(kills):
        folder, out = tmp_path / f"checkpoints-{kill}", tmp_path / f"{kill}.npz"
        for _ in range(2):
            with started(folder, out, epochs) as process:
                assert process.stdout is not None
                process.stdout.readline()
                time.sleep(random.uniform(0.3, 1.0) * seconds)
                ended = process.poll() is not None
                process.send_signal(signal.SIGKILL)
            stands = folder.exists() and any(folder.rglob(MANIFEST))
            # this machine is faster or, with no checkpoint yet, slower than supposed
            seconds *= 0.7 if ended else 1.0 if stands else 1.6
        resumed += stands
        again = finished(folder, out, epochs)
        assert again.keys() == whole.keys()
        for name, expected in whole.items():
            np.testing.assert_array_equal(again[name], expected, err_msg=f"kill {kill}: {name}")
    assert resumed >= kills // 2, "hardly any kill came after a checkpoint: the test proves little"
