"""How much quicker is a population than a model at a time? The engine and its peers, side by side in one run.

    python benchmarks/engine.py [kfold sweep sweep8k imdb convnet memory gpu] [--repeats 3] [--peers FOLDER]

Every measurement is a fresh process (benchmarks/engine_peers.py), contenders taking turns, the median of
--repeats; compile time is inside, import time is reported beside it. "Cold" is a first training on a machine,
its compile cache empty; "hot" is a second process after it. The peers are keras.Model.fit with a new model
each, on JAX, TensorFlow and torch, and a loop written by hand in PyTorch; TensorFlow and torch live in
environments of their own, made on demand in --peers. torch is measured with one thread and with two, and
judged by the better; the other is measured once. Writes benchmarks/results/engine.json and engine.md; parts
not asked for stay as they were. With --small everything is shrunk to see that it works, and nothing is
written.
"""

from __future__ import annotations

import argparse
import gzip
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import venv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
RESULTS = ROOT / "benchmarks" / "results"
WORKER = ROOT / "benchmarks" / "engine_peers.py"

PEERS = {"tensorflow": "tensorflow-cpu==2.21.0", "torch": "torch==2.13.0"}
LIMIT_SECONDS = 3_600
MEGABYTES_ALLOWED = 700  # of the IMDB five
GROWTH_ALLOWED = 1.15  # of memory, from the 10th configuration to the last
FIRST_CONFIGURATIONS = 10
VOCABULARY = 10_000
VALIDATION_REVIEWS = 10_000  # the book's, section 4.1

Sizes = dict[str, Any]
Tables = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Contender:
    """Who trains, and in what environment.

    Args:
        runs: one of engine_peers.CONTENDERS. backend: of Keras, which also says whose environment.
        hot: finds what an earlier process compiled.
        other: the same with another number of threads; the slower of the two is measured once.
        once: measured once, for no claim is about it.
        sizes: where they differ from the part's.
    """

    label: str
    runs: str = "keras"
    backend: str = "jax"
    threads: int | None = None
    hot: bool = False
    other: str = ""
    once: bool = False
    sizes: Sizes = field(default_factory=dict[str, Any])


COLD = Contender(label="train_population, cold", runs="population")
HOT = Contender(label="train_population, hot", runs="population", hot=True)
KERAS_JAX = Contender(label="keras fit, JAX")
KERAS_TF = Contender(label="keras fit, TensorFlow", backend="tensorflow")


def with_threads(label: str, runs: str) -> tuple[Contender, ...]:
    """On torch, with one thread and with two."""
    return tuple(
        Contender(
            label=f"{label}, threads: {threads}",
            runs=runs,
            backend="torch",
            threads=threads,
            other=f"{label}, threads: {3 - threads}",
        )
        for threads in (1, 2)
    )


KERAS_TORCH = with_threads("keras fit, torch", "keras")
LOOPS = with_threads("PyTorch loop", "loop")

Summary = dict[str, Any]
"""A contender's median seconds, megabytes and facts."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A number the part must show."""

    text: str
    bar: float
    value: Callable[[dict[str, Summary]], float]
    at_least: bool = True


def times_quicker(text: str, slower: tuple[Contender, ...], quicker: Contender, bar: float) -> Claim:
    """How many times as long the better of the slower ones takes."""

    def value(found: dict[str, Summary]) -> float:
        return min(found[one.label]["seconds"] for one in slower) / found[quicker.label]["seconds"]

    return Claim(text=text, bar=bar, value=value)


def _share_of_tensorflow(found: dict[str, Summary]) -> float:
    return found[COLD.label]["seconds"] / found[KERAS_TF.label]["seconds"]


def _peak(found: dict[str, Summary]) -> float:
    return max(found[one.label]["peak_megabytes"] for one in (COLD, HOT))


def _growth(found: dict[str, Summary]) -> float:
    (one,) = found.values()
    held = one["facts"]["resident_megabytes"]
    return held[-1] / held[FIRST_CONFIGURATIONS - 1]


@dataclass(frozen=True, kw_only=True)
class Part:
    """One kind of work: its arrays, sizes, contenders and claims."""

    name: str
    title: str
    tables: Callable[[Sizes], Tables]
    sizes: Sizes
    small: Sizes
    contenders: tuple[Contender, ...]
    claims: tuple[Claim, ...] = ()
    work: str = ""


# ---------------------------------------------------------------------------------------------- the arrays


def standardised(columns: Any) -> Any:
    """Mean 0 and deviation 1 over all rows: the same numbers for every contender."""
    return ((columns - columns.mean(axis=0)) / columns.std(axis=0)).astype("float32")


def boston(sizes: Sizes) -> Tables:
    """Boston housing and the rows of each model: 5 folds, shuffled anew for each of the iterations."""
    with gzip.open(DATA / "boston_housing" / "boston_housing.csv.gz", "rt") as file:
        table = np.loadtxt(file, delimiter=",", skiprows=1)
    random = np.random.default_rng(0)
    membership = np.ones((sizes["models"], len(table)), dtype=np.int8)
    for iteration in range(0, sizes["models"], 5):
        for fold, rows in enumerate(np.array_split(random.permutation(len(table)), 5)):
            membership[iteration + fold, rows] = 2
    return {
        "inputs": standardised(table[:, :-1]),
        "targets": table[:, -1].astype("float32"),
        "membership": membership,
    }


NUMBERS = ("age", "education_num", "capital_gain", "capital_loss", "hours_per_week")
CATEGORIES = ("workclass", "marital_status", "occupation", "relationship", "race", "sex")


def adult(sizes: Sizes) -> Tables:
    """Adult's official training rows as 50 standardised columns; a fifth of the rows validates."""
    import polars

    table = polars.read_csv(DATA / "adult_census" / "adult.csv.gz").filter(polars.col("split") == "train")
    table = table.head(sizes["rows"])
    columns = [table[name].to_numpy() for name in NUMBERS]
    for name in CATEGORIES:
        columns += [(table[name] == kind).to_numpy() for kind in sorted(table[name].unique())]
    columns.append((table["native_country"] == "United-States").to_numpy())
    inputs = np.column_stack(columns).astype("float64")
    held_out = np.random.default_rng(0).permutation(len(inputs))[: len(inputs) // 5]
    membership = np.ones((1, len(inputs)), dtype=np.int8)
    membership[0, held_out] = 2
    targets = (table["income"] == ">50K").to_numpy().astype("float32")
    return {"inputs": standardised(inputs), "targets": targets, "membership": membership}


def imdb(sizes: Sizes) -> Tables:
    """The official training half as sets of its 10,000 most frequent words; 10,000 reviews validate."""
    import polars

    table = polars.read_parquet(DATA / "imdb" / "imdb.parquet").filter(polars.col("split") == "train")
    words = [re.findall(r"[a-z0-9']+", text.replace("<br />", " ").lower()) for text in table["text"]]
    order = np.random.default_rng(0).permutation(len(words))[: sizes["rows"]]
    counts = Counter(word for review in words for word in review)
    known = {word: place for place, (word, _) in enumerate(counts.most_common(VOCABULARY))}
    bags = [np.unique([known[word] for word in words[row] if word in known]) for row in order]
    membership = np.ones((1, len(order)), dtype=np.int8)
    membership[0, : int(len(order) * VALIDATION_REVIEWS / len(words))] = 2
    return {
        "inputs": np.concatenate(bags).astype("int32"),
        "indptr": np.cumsum([0, *map(len, bags)]).astype("int64"),
        "targets": table["label"].to_numpy()[order].astype("float32"),
        "membership": membership,
    }


def fashion(sizes: Sizes) -> Tables:
    """Fashion-MNIST: the official 60,000 train, the official 10,000 validate."""
    with np.load(DATA / "fashion_mnist" / "fashion_mnist.npz") as file:
        training, validation = slice(sizes["rows"]), slice(sizes["rows"] // 6)
        pictures = np.concatenate([file["x_train"][training], file["x_test"][validation]])
        kinds = np.concatenate([file["y_train"][training], file["y_test"][validation]])
    membership = np.ones((1, len(kinds)), dtype=np.int8)
    membership[0, sizes["rows"] :] = 2
    return {
        "inputs": (pictures[..., None] / 255).astype("float32"),
        "targets": kinds.astype("int32"),
        "membership": membership,
    }


# ----------------------------------------------------------------------------------------------- the parts

SETTINGS = [
    {"learning_rate": rate, "l2": l2, "dropout": dropout}
    for rate in (0.0003, 0.001, 0.003, 0.01)
    for l2 in (0.0, 0.0001)
    for dropout in (0.0, 0.3)
]
SWEEP: Sizes = {"models": 16, "settings": SETTINGS, "epochs": 20, "batch_size": 128}
SWEEPERS = (COLD, HOT, KERAS_JAX, replace(KERAS_TF, once=True), replace(KERAS_TORCH[0], once=True))

PARTS = (
    Part(
        name="kfold",
        title="Iterated K-fold, 10 x 5 = 50 models: 64-64 on Boston housing, 30 epochs, batch 32",
        tables=boston,
        sizes={"models": 50, "epochs": 30, "batch_size": 32},
        small={"models": 5, "epochs": 2},
        contenders=(COLD, HOT, KERAS_JAX, KERAS_TF, *KERAS_TORCH, *LOOPS),
        claims=(
            times_quicker("than keras fit on JAX", (KERAS_JAX,), COLD, 20),
            times_quicker("than keras fit on TensorFlow", (KERAS_TF,), COLD, 25),
            times_quicker("than keras fit on torch", KERAS_TORCH, COLD, 25),
            times_quicker("than a PyTorch loop written by hand", LOOPS, COLD, 4),
            times_quicker("than keras fit on JAX, cache hot", (KERAS_JAX,), HOT, 35),
        ),
    ),
    Part(
        name="sweep",
        title="16 settings of 64-64 on Adult: 32,561 rows of 50 numbers, 20 epochs, batch 128",
        tables=adult,
        sizes=SWEEP | {"rows": 32_561},
        small={"rows": 2_000, "epochs": 2, "models": 4, "settings": SETTINGS[:2] + SETTINGS[-2:]},
        contenders=SWEEPERS,
        claims=(times_quicker("than keras fit on JAX", (KERAS_JAX,), COLD, 6),),
    ),
    Part(
        name="sweep8k",
        work="sweep",
        title="The same sweep on Adult's first 8,000 rows",
        tables=adult,
        sizes=SWEEP | {"rows": 8_000},
        small={"rows": 2_000, "epochs": 2, "models": 4, "settings": SETTINGS[:2] + SETTINGS[-2:]},
        contenders=SWEEPERS,
        claims=(times_quicker("than keras fit on JAX", (KERAS_JAX,), COLD, 6),),
    ),
    Part(
        name="imdb",
        title="The IMDB five x 3 seeds: 10,000 words, 15,000 reviews (10,000 validate), 20 epochs, batch 512",
        tables=imdb,
        sizes={"models": 15, "seeds": 3, "rows": 25_000, "epochs": 20, "batch_size": 512},
        small={"models": 5, "seeds": 1, "rows": 2_500, "epochs": 2},
        contenders=(
            COLD,
            HOT,
            Contender(label="loading alone", runs="loading"),
            KERAS_JAX,
        ),
        claims=(
            times_quicker("than dense keras fit on JAX", (KERAS_JAX,), COLD, 3),
            Claim(text="MB at its peak", bar=MEGABYTES_ALLOWED, value=_peak, at_least=False),
        ),
    ),
    Part(
        name="convnet",
        title="One epoch of a convnet on Fashion-MNIST: 60,000 pictures (10,000 validate), batch 128",
        tables=fashion,
        sizes={"models": 1, "rows": 60_000, "epochs": 1, "batch_size": 128},
        small={"rows": 1_200},
        contenders=(COLD, HOT, KERAS_TF, KERAS_JAX),
        claims=(
            Claim(
                text="of keras fit's time on TensorFlow", bar=1.5, value=_share_of_tensorflow, at_least=False
            ),
        ),
    ),
    Part(
        name="memory",
        title="200 architectures one after another in one process: 5 folds of Boston housing each, 2 epochs",
        tables=boston,
        sizes={"models": 50, "configurations": 200, "epochs": 2, "batch_size": 32},
        small={"configurations": 12},
        contenders=(Contender(label="train_population, cold", runs="configurations"),),
        claims=(
            Claim(
                text="of the memory held after the first 10",
                bar=GROWTH_ALLOWED,
                value=_growth,
                at_least=False,
            ),
        ),
    ),
    Part(
        name="gpu",
        work="kfold",
        title="On a GPU: iterated K-fold, 40 x 5 = 200 models of the first part",
        tables=boston,
        sizes={"models": 200, "epochs": 30, "batch_size": 32},
        small={"models": 10, "epochs": 2},
        contenders=(
            COLD,
            HOT,
            Contender(label="keras fit, JAX, the first 20 models only", sizes={"models": 20}),
        ),
    ),
)


# -------------------------------------------------------------------------------------------- the measuring


def interpreter(backend: str, peers: Path) -> str:
    """Whose Python runs it: ours, or that of an environment made for the peer."""
    if backend == "jax":
        return sys.executable
    folder = peers / backend
    python = folder / "bin" / "python"
    wanted = [PEERS[backend], *(f"{name}=={importlib.metadata.version(name)}" for name in ("keras", "numpy"))]
    if _has(python, wanted):
        return str(python)
    print(f"making an environment for {backend} in {folder}", file=sys.stderr)
    venv.create(folder, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], check=True
    )
    return str(python)


def _has(python: Path, wanted: list[str]) -> bool:
    """Whether the environment holds these versions (of torch 2.13.0, a 2.13.0+cpu too)."""
    if not python.exists():
        return False
    asked = "import importlib.metadata as m, sys; print(all("
    asked += "m.version(w.split('==')[0]).startswith(w.split('==')[1]) for w in sys.argv[1:]))"
    answer = subprocess.run([python, "-c", asked, *wanted], capture_output=True, text=True, check=False)
    return answer.stdout.strip() == "True"


def measured(
    part: Part, contender: Contender, tables: Path, sizes: Sizes, cache: Path, arguments: argparse.Namespace
) -> Summary:
    """One contender once, in a process of its own."""
    environment = os.environ | {
        "KERAS_BACKEND": contender.backend,
        "KERAS_HOME": str(cache / "keras"),  # nobody's ~/.keras/keras.json
        "MODELWRIGHT_CACHE": str(cache),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if contender.threads:
        environment["OMP_NUM_THREADS"] = str(contender.threads)
    command = [interpreter(contender.backend, arguments.peers), str(WORKER), part.work or part.name]
    command += [contender.runs, str(tables), json.dumps(sizes | contender.sizes)]
    load = os.getloadavg()[0]
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=arguments.limit
        )
    except subprocess.TimeoutExpired:
        return {"seconds": float(arguments.limit), "over": True}
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer | {"load_before": round(load, 2)}


def run(part: Part, arguments: argparse.Namespace) -> dict[str, Any]:
    """Every contender as often as asked, taking turns; medians and claims."""
    sizes = part.sizes | (part.small if arguments.small else {})
    times: dict[str, list[Summary]] = {contender.label: [] for contender in part.contenders}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "tables.npz", **part.tables(sizes))
        for repeat in range(arguments.repeats):
            for contender in part.contenders:
                if repeat and _is_decided(contender, times):
                    continue
                cache = folder / f"cache-{repeat}"  # empty for whoever comes first: the cold one
                one = measured(part, contender, folder / "tables.npz", sizes, cache, arguments)
                times[contender.label].append(one)
                _tell(part, contender, repeat, one)
    found = {label: summary(ones) for label, ones in times.items()}
    return {
        "name": part.name,
        "title": part.title + (" (shrunk)" if arguments.small else ""),
        "sizes": {key: value for key, value in sizes.items() if key != "settings"},
        "repeats": arguments.repeats,
        "command": f"python benchmarks/engine.py {part.name} --repeats {arguments.repeats}",
        "machine": machine(),
        "contenders": found,
        "claims": [judged(claim, found) for claim in part.claims],
    }


def _is_decided(contender: Contender, times: dict[str, list[Summary]]) -> bool:
    """Whether one measurement is enough: by itself, over the limit, or slower than the same otherwise."""
    first = times[contender.label][0]
    others = times.get(contender.other, [])
    return (
        contender.once
        or bool(first.get("over"))
        or any(first["seconds"] > one["seconds"] for one in others[:1])
    )


def _tell(part: Part, contender: Contender, repeat: int, one: Summary) -> None:
    shown = (
        "seconds",
        "over",
        "import_seconds",
        "processor_seconds",
        "peak_megabytes",
        "val_loss",
        "load_before",
    )
    facts = {key: one[key] for key in shown if key in one}
    print(json.dumps({"part": part.name, "contender": contender.label, "repeat": repeat} | facts), flush=True)


def summary(ones: list[Summary]) -> Summary:
    """Medians over the repeats; the largest peak; facts of the last."""
    last = ones[-1]
    if last.get("over"):
        return last
    return {
        "seconds": round(statistics.median(one["seconds"] for one in ones), 3),
        "all_seconds": [one["seconds"] for one in ones],
        "import_seconds": statistics.median(one["import_seconds"] for one in ones),
        "peak_megabytes": max(one["peak_megabytes"] for one in ones),
        "largest_child_megabytes": max(one["largest_child_megabytes"] for one in ones),
        "load_before": [one["load_before"] for one in ones],
        "val_loss": last["val_loss"],
        "facts": last["facts"],
        "versions": last["versions"],
        "python": last["python"],
    }


def judged(claim: Claim, found: dict[str, Summary]) -> dict[str, Any]:
    """The claim's number, and whether it reaches the bar."""
    value = claim.value(found)
    reached = value >= claim.bar if claim.at_least else value <= claim.bar
    return {
        "text": claim.text,
        "value": round(value, 2),
        "bar": claim.bar,
        "at_least": claim.at_least,
        "reached": bool(reached),
    }


def machine() -> dict[str, Any]:
    """Where it ran, and what code; results written meanwhile do not change it."""
    commit = _git("rev-parse", "--short", "HEAD")
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!benchmarks/results")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "code": commit + ("-dirty" if changed else "") if commit else "not from a checkout",
    }


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def accelerator() -> str:
    """The GPU at hand, or nothing; asked in a process of its own, for JAX keeps what it finds."""
    asked = "import jax; d = jax.devices()[0]; print('' if d.platform == 'cpu' else d.device_kind)"
    answer = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    return answer.stdout.strip()


# --------------------------------------------------------------------------------------------- the results


def section(result: dict[str, Any]) -> list[str]:
    """One part as Markdown."""
    lines = [f"## {result['title']}", ""]
    if "note" in result:
        return [*lines, result["note"], ""]
    found: dict[str, Summary] = result["contenders"]
    base = next(iter(found.values()))["seconds"]
    lines += [
        "| contender | s (each) | times the first | import s | peak MB | mean last validation loss |",
        "|---|---|---|---|---|---|",
    ]
    for label, one in found.items():
        if one.get("over"):
            lines.append(f"| {label} | over {one['seconds']:,.0f} | over {one['seconds'] / base:.1f} | | | |")
            continue
        each = ", ".join(f"{seconds:.1f}" for seconds in one["all_seconds"])
        loss = "" if one["val_loss"] is None else f"{one['val_loss']:.4g}"
        cells = (label, f"{one['seconds']:.1f} ({each})", f"{one['seconds'] / base:.1f}")
        cells += (f"{one['import_seconds']:.1f}", str(one["peak_megabytes"]), loss)
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for claim in result["claims"]:
        bar = f"{'at least' if claim['at_least'] else 'at most'} {claim['bar']:g}"
        times = " times quicker" if claim["text"].startswith("than") else ""
        missed = "" if claim["reached"] else " **missed**"
        lines.append(f"- {claim['value']:g}{times} {claim['text']} ({bar}){missed}")
    where = result["machine"]
    packages = {name: text for one in found.values() for name, text in one.get("versions", {}).items()}
    lines += [
        "",
        f"`{result['command']}` on {where['cores']} cores, Python {where['python']}, "
        + ", ".join(f"{name} {text}" for name, text in sorted(packages.items()))
        + (f", {result['gpu']}" if "gpu" in result else "")
        + f"; code {where['code']}.",
        "",
    ]
    return lines


INTRODUCTION = [
    "# Many models as one program, and one at a time",
    "",
    "Seconds are medians of processes of their own that took turns, compile time inside, import time beside.",
    "Peak memory is the largest of the repeats. torch is judged by its better number of threads; the other",
    "was measured once, and so was what no claim below is about.",
    "",
]


def write(results: list[dict[str, Any]]) -> None:
    """Put the new parts among those measured before, each part's latest."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "engine.json"
    latest = {one["name"]: one for one in json.loads(path.read_text())} if path.exists() else {}
    latest |= {one["name"]: one for one in results}
    kept = [latest[part.name] for part in PARTS if part.name in latest]
    path.write_text(json.dumps(kept, indent=2) + "\n")
    (RESULTS / "engine.md").write_text(
        "\n".join(INTRODUCTION + [line for one in kept for line in section(one)])
    )


def main() -> None:
    """Measure the parts asked for and write the results down, each as soon as it is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", choices=[[], *(part.name for part in PARTS)], metavar="PART")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--limit", type=int, default=LIMIT_SECONDS, help="seconds a measurement may take")
    parser.add_argument("--small", action="store_true", help="shrunk, to see that it works; writes nothing")
    default = Path(tempfile.gettempdir()) / "modelwright-benchmark-peers"
    parser.add_argument("--peers", type=Path, default=default, help=f"their environments ({default})")
    arguments = parser.parse_args()
    if not DATA.is_dir():
        raise SystemExit("the shared data sets are not beside this checkout: nothing was measured")
    for part in PARTS:
        if arguments.parts and part.name not in arguments.parts:
            continue
        gpu = accelerator() if part.name == "gpu" else ""
        if part.name == "gpu" and not gpu:
            result: dict[str, Any] = {"name": "gpu", "title": part.title, "note": "No GPU here."}
        else:
            result = run(part, arguments) | ({"gpu": gpu} if gpu else {})
        print("\n".join(section(result)), flush=True)
        if not arguments.small:
            write([result])


if __name__ == "__main__":
    main()
