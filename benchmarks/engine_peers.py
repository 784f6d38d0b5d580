"""One contender of benchmarks/engine.py, measured once in a process of its own.

    python benchmarks/engine_peers.py WORK CONTENDER TABLES.npz SIZES

WORK is kfold, sweep, imdb, convnet or memory; CONTENDER is one of CONTENDERS below; TABLES.npz holds the
arrays, SIZES is JSON. Prints one line of JSON. Needs numpy and the contender's own packages only, so that it
runs in the peers' environments too. Time starts when the packages are imported and the arrays are in memory
as the contender takes them, and ends when every model is trained; compiling is inside.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Tables = dict[str, Any]
# What was called "64-64" of rows of numbers: Chollet, Deep Learning with Python, 2nd ed., section 4.3.
UNITS = 64
VOCABULARY = 10_000  # the book's, section 4.1
CLASSES = 10


@dataclass(frozen=True, kw_only=True)
class Trained:
    """What a contender has to show: each model's validation losses by epoch, and other facts."""

    val_loss: list[list[float]]
    facts: dict[str, Any] = field(default_factory=dict[str, Any])


# ---------------------------------------------------------------- the models, as their author would type them


def regression_net() -> Any:
    """Boston housing: 64-64, mean squared error."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(UNITS, activation="relu"),
            keras.layers.Dense(UNITS, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    model.compile(optimizer="rmsprop", loss="mse")
    return model


def swept_net(columns: int, learning_rate: float, l2: float, dropout: float) -> Any:
    """Adult: 64-64 with the three choices that a sweep varies."""
    import keras

    def hidden() -> list[Any]:
        penalty = keras.regularizers.L2(l2)
        dense = keras.layers.Dense(UNITS, activation="relu", kernel_regularizer=penalty)
        return [dense, keras.layers.Dropout(dropout)]

    last = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((columns,)), *hidden(), *hidden(), last])
    optimizer = keras.optimizers.RMSprop(learning_rate)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    return model


# Chollet, Deep Learning with Python, 2nd ed., sections 5.4.2 and 5.4.4: the five IMDB models.
BOOK_MODELS: dict[str, dict[str, Any]] = {
    "reference": {"units": 16},
    "small": {"units": 4},
    "large": {"units": 512},
    "l2": {"units": 16, "l2": 0.002},
    "dropout": {"units": 16, "dropout": 0.5},
}


def book_net(units: int, l2: float | None = None, dropout: float | None = None) -> Any:
    """One of the five."""
    import keras

    def hidden() -> Iterator[Any]:
        penalty = None if l2 is None else keras.regularizers.L2(l2)
        yield keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty)
        if dropout is not None:
            yield keras.layers.Dropout(dropout)

    last = keras.layers.Dense(1, activation="sigmoid")
    model = keras.Sequential([keras.Input((VOCABULARY,)), *hidden(), *hidden(), last])
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def convnet() -> Any:
    """Keras's own first convnet (keras.io/examples/vision/mnist_convnet), 34,826 weights."""
    import keras

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(32, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 3, activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@dataclass(frozen=True, kw_only=True)
class Work:
    """Models to train: what `build` is given for each, and the arrays they learn from."""

    build: Callable[..., Any]
    choices: list[dict[str, Any]]
    seeds: list[int]
    targets: Any
    membership: Any
    inputs: Any
    dense_inputs: Callable[[], Any]


def work_of(name: str, tables: Tables, sizes: dict[str, Any]) -> Work:
    """The models of one part of the benchmark."""
    inputs, targets, membership = tables["inputs"], tables["targets"], tables["membership"]
    choices: list[dict[str, Any]] = [{}]
    build: Callable[..., Any] = {"kfold": regression_net, "convnet": convnet}.get(name, book_net)
    seeds = list(range(sizes["models"]))
    if name == "sweep":
        build = swept_net
        choices = [{"columns": inputs.shape[1]} | one for one in sizes["settings"]]
        seeds = [0]
    if name == "imdb":
        choices = [one for one in BOOK_MODELS.values() for _ in range(sizes["seeds"])]
        seeds = list(range(sizes["seeds"])) * len(BOOK_MODELS)
    models = sizes["models"]
    return Work(
        build=build,
        choices=choices * (models // len(choices)),
        seeds=seeds * (models // len(seeds)),
        targets=targets,
        membership=membership[:models] if len(membership) > 1 else np.repeat(membership, models, axis=0),
        inputs=inputs,
        dense_inputs=lambda: densified(tables) if name == "imdb" else inputs,
    )


def densified(tables: Tables) -> Any:
    """The bags of words as plain Keras takes them: a float for each word there is."""
    indptr, ids = tables["indptr"], tables["inputs"]
    dense = np.zeros((len(indptr) - 1, VOCABULARY), dtype="float32")
    dense[np.repeat(np.arange(len(dense)), np.diff(indptr)), ids] = 1.0
    return dense


# ------------------------------------------------------------------------------------------- the contenders


def population(name: str, tables: Tables, sizes: dict[str, Any]) -> Callable[[], Trained]:
    """`train_population`."""
    from modelwright.engine.population import Bags, train_population

    work = work_of(name, tables, sizes)
    inputs = Bags(tables["indptr"], tables["inputs"], VOCABULARY) if name == "imdb" else work.inputs

    def train() -> Trained:
        trained = train_population(
            work.build,
            inputs,
            work.targets,
            membership=work.membership,
            choices=work.choices,
            seeds=work.seeds,
            epochs=sizes["epochs"],
            batch_size=sizes["batch_size"],
        )
        facts: dict[str, Any] = {"notes": list(trained.notes)}
        if "val_accuracy" in trained.curves:
            facts["val_accuracy"] = float(np.mean(trained.curves["val_accuracy"][:, -1]))
        return Trained(val_loss=np.asarray(trained.curves["val_loss"]).tolist(), facts=facts)

    return train


def keras_fit(name: str, tables: Tables, sizes: dict[str, Any]) -> Callable[[], Trained]:
    """`keras.Model.fit`, a new model each, as the book's K-fold loop does it (listing 4.25)."""
    import keras

    work = work_of(name, tables, sizes)
    inputs = work.dense_inputs()
    tables.clear()

    def train() -> Trained:
        losses: list[list[float]] = []
        accuracies: list[float] = []
        known: Any = None
        for choices, seed, use in zip(work.choices, work.seeds, work.membership, strict=True):
            if known is None or not np.array_equal(
                use, known
            ):  # the rows are copied once, not for each model
                known, training, validation = use, use == 1, use == 2
                x, y, held_x, held_y = (
                    array[rows] for rows in (training, validation) for array in (inputs, work.targets)
                )
            keras.utils.set_random_seed(seed)
            model = work.build(**choices)
            told = model.fit(
                x,
                y,
                validation_data=(held_x, held_y),
                epochs=sizes["epochs"],
                batch_size=sizes["batch_size"],
                verbose=0,
            )
            losses.append(told.history["val_loss"])
            accuracies.append(told.history.get("val_accuracy", [float("nan")])[-1])
        return Trained(val_loss=losses, facts={"val_accuracy": float(np.mean(accuracies))})

    return train


def torch_loop(_: str, tables: Tables, sizes: dict[str, Any]) -> Callable[[], Trained]:
    """The 64-64 net on Boston housing in plain PyTorch, RMSprop with Keras's own numbers."""
    import torch

    inputs, targets = torch.from_numpy(tables["inputs"]), torch.from_numpy(tables["targets"])[:, None]
    cost = torch.nn.functional.mse_loss

    def one(use: Any, seed: int) -> list[float]:
        torch.manual_seed(seed)
        training, validation = torch.from_numpy(use == 1), torch.from_numpy(use == 2)
        x, y, held_x, held_y = inputs[training], targets[training], inputs[validation], targets[validation]
        net = torch.nn.Sequential(
            torch.nn.Linear(13, UNITS),
            torch.nn.ReLU(),
            torch.nn.Linear(UNITS, UNITS),
            torch.nn.ReLU(),
            torch.nn.Linear(UNITS, 1),
        )
        optimizer = torch.optim.RMSprop(net.parameters(), lr=0.001, alpha=0.9, eps=1e-7)
        losses: list[float] = []
        for _ in range(sizes["epochs"]):
            for batch in torch.randperm(len(x)).split(sizes["batch_size"]):
                optimizer.zero_grad()
                cost(net(x[batch]), y[batch]).backward()
                optimizer.step()
            with torch.no_grad():
                losses.append(cost(net(held_x), held_y).item())
        return losses

    def train() -> Trained:
        uses = tables["membership"]
        return Trained(val_loss=[one(use, seed) for seed, use in enumerate(uses)])

    return train


def loading(name: str, tables: Tables, sizes: dict[str, Any]) -> Callable[[], Trained]:
    """Nothing but what `population` needs before it begins: packages and arrays."""
    from modelwright.engine.keras_backend import jax

    population(name, tables, sizes)
    jax.numpy.zeros(1).block_until_ready()
    return lambda: Trained(val_loss=[])


def many_configurations(_: str, tables: Tables, sizes: dict[str, Any]) -> Callable[[], Trained]:
    """Architecture after architecture in one process, as a tuner asks for them; memory after each."""
    from modelwright.engine.population import train_population

    def build(units: int, l2: float) -> Any:
        import keras

        penalty = keras.regularizers.L2(l2)
        hidden = keras.layers.Dense(units, activation="relu", kernel_regularizer=penalty)
        model = keras.Sequential([keras.Input((13,)), hidden, keras.layers.Dense(1)])
        model.compile(optimizer="rmsprop", loss="mse")
        return model

    def train() -> Trained:
        megabytes: list[float] = []
        losses: list[list[float]] = []
        for number in range(sizes["configurations"]):
            trained = train_population(
                build,
                tables["inputs"],
                tables["targets"],
                membership=tables["membership"][:5],
                choices=({"units": 8 + number, "l2": 0.001 * (number % 7)},),
                seeds=(number,),
                epochs=sizes["epochs"],
                batch_size=sizes["batch_size"],
            )
            losses.append([float(trained.curves["val_loss"][:, -1].mean())])
            del trained
            gc.collect()
            megabytes.append(resident_megabytes())
        return Trained(val_loss=losses, facts={"resident_megabytes": megabytes})

    return train


CONTENDERS: dict[str, tuple[str, Callable[[str, Tables, dict[str, Any]], Callable[[], Trained]]]] = {
    "population": ("modelwright.engine.population", population),
    "keras": ("keras", keras_fit),
    "loop": ("torch", torch_loop),
    "loading": ("modelwright.engine.population", loading),
    "configurations": ("modelwright.engine.population", many_configurations),
}
"""What each imports, which is timed by itself, and what makes it ready to train."""


# --------------------------------------------------------------------------------------------- the measures


def resident_megabytes() -> float:
    """Memory this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def peak_megabytes() -> float:
    """The most memory this process held; ru_maxrss would begin with what its parent held."""
    status = Path("/proc/self/status")
    if not status.exists():
        scale = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 1e6
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def versions() -> dict[str, str]:
    """Of the packages that this process has loaded."""
    names = {"keras": "keras", "jax": "jax", "torch": "torch", "tensorflow": "tensorflow-cpu"}
    found: dict[str, str] = {}
    for module, package in names.items():
        if module in sys.modules:
            found[module] = getattr(sys.modules[module], "__version__", "") or importlib.metadata.version(
                package
            )
    return found


def main() -> None:
    """Import, load, train, tell."""
    name, contender, path, sizes = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    with np.load(path) as file:
        tables = {key: file[key] for key in file.files}
    package, make_ready = CONTENDERS[contender]
    importing = time.perf_counter()
    importlib.import_module(package)
    imported = time.perf_counter()
    train = make_ready(name, tables, sizes)
    started = time.perf_counter()
    trained = train()
    seconds = time.perf_counter() - started
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor = os.times()
    last = [losses[-1] for losses in trained.val_loss]
    answer = {
        "seconds": round(seconds, 3),
        "import_seconds": round(imported - importing, 3),
        "processor_seconds": round(processor.user + processor.system, 1),
        "peak_megabytes": round(peak_megabytes()),
        "largest_child_megabytes": round(children.ru_maxrss * 1024 / 1e6),
        "last_val_losses": last,
        "val_loss": float(np.mean(last)) if last else None,
        "facts": trained.facts,
        "versions": versions(),
        "python": sys.version.split()[0],
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
