"""Which label does a crowd come to? The product's consensus beside crowd-kit's and cleanlab's.

    python benchmarks/consensus.py [--draws 20] [--peers PYTHON]

PYTHON is an interpreter of an environment with crowd-kit and cleanlab; without it the peers are left out. The
RTE crowd set (Snow et al. 2008) must lie in ../shared/data. Simulated crowds are those of
tests/statistics/test_consensus.py. Writes benchmarks/results/consensus.json and consensus.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from modelwright.statistics.agreement import alpha_estimate
from modelwright.statistics.consensus import consensus
from modelwright.statistics.crowdlab import crowdlab
from modelwright.statistics.intervals import wilson_of_counts
from modelwright.statistics.quality import qualities
from modelwright.statistics.voting import majority, shares

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"

PEERS = """
import json, sys, time, warnings
import numpy as np, pandas as pd
warnings.simplefilter("ignore")
from crowdkit.aggregation import GLAD, MACE, DawidSkene, MajorityVote, Wawa
from cleanlab.multiannotator import get_label_quality_multiannotator
held = np.load(sys.argv[1])
frame = pd.DataFrame({"task": held["items"], "worker": held["annotators"], "label": held["labels"]})
truth, found = held["truth"], {}
for name, model in {"crowd-kit MajorityVote": MajorityVote(), "crowd-kit Wawa": Wawa(),
    "crowd-kit DawidSkene": DawidSkene(n_iter=100), "crowd-kit MACE": MACE(random_state=0),
    "crowd-kit GLAD": GLAD()}.items():
    started = time.perf_counter()
    try:
        labels = model.fit_predict(frame)
    except Exception as error:
        found[name] = f"fails: {type(error).__name__}"
        continue
    took = time.perf_counter() - started
    right = labels.reindex(range(len(truth))).to_numpy() == truth
    found[name] = {"accuracy": float(right.mean()), "seconds": took}
if "probabilities" in held:
    wide = np.full((len(truth), int(held["annotators"].max()) + 1), np.nan)
    wide[held["items"], held["annotators"]] = held["labels"]
    started = time.perf_counter()
    table = get_label_quality_multiannotator(pd.DataFrame(wide), held["probabilities"], verbose=False)
    took = time.perf_counter() - started
    labels = table["label_quality"]["consensus_label"].to_numpy()
    found["cleanlab CROWDLAB"] = {"accuracy": float((labels == truth).mean()), "seconds": took}
print(json.dumps(found))
"""


def simulations() -> Any:
    """The simulated crowds of the tests."""
    file = ROOT / "tests" / "statistics" / "test_consensus.py"
    specification = importlib.util.spec_from_file_location("crowds", file)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def peers(python: str | None, votes: Any, truth: Any, probabilities: Any = None) -> dict[str, Any]:
    """What the peers come to on the same answers."""
    if python is None:
        return {}
    more = {} if probabilities is None else {"probabilities": probabilities}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "votes.npz"
        np.savez(
            file, items=votes.items, annotators=votes.annotators, labels=votes.labels, truth=truth, **more
        )
        done = subprocess.run([python, "-c", PEERS, str(file)], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def on_rte(module: Any, python: str | None) -> dict[str, Any]:
    """The RTE crowd set."""
    votes, gold = module.rte(ROOT.parent / "shared" / "data")
    half = shares(votes)[np.arange(len(gold)), gold]
    started = time.perf_counter()
    found = consensus(votes)
    took = time.perf_counter() - started
    right = np.bincount(votes.annotators, votes.labels == gold[votes.items])
    answers = np.bincount(votes.annotators)
    judged = [(one, right[a] / answers[a]) for a, one in enumerate(qualities(votes)) if one is not None]
    return {
        "majority, ties half": float(np.mean((half > 0.5) + 0.5 * (half == 0.5))),
        "majority, ties by agreement": float((majority(votes) == gold).mean()),
        "modelwright": {"accuracy": float((found.labels == gold).mean()), "seconds": took},
        "method": found.method,
        "alpha": str(alpha_estimate(votes)),
        "annotators judged": len(judged),
        "true share inside the interval": float(np.mean([e.low <= t <= e.high for e, t in judged])),
        **peers(python, votes, gold),
    }


def with_model(module: Any, python: str | None) -> dict[str, Any]:
    """A poor crowd beside a fair model: 600 items of three classes, two fair annotators each."""
    votes, truth, _ = module.crowd(1, kinds=("fair",) * 10, each=2, classes=3, items=600)
    scores = 2.0 * np.eye(3)[truth] + np.random.default_rng(2).normal(size=(600, 3))
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    started = time.perf_counter()
    mixed = crowdlab(votes, probabilities)
    took = time.perf_counter() - started
    assert mixed is not None
    return {
        "the model alone": float((probabilities.argmax(axis=1) == truth).mean()),
        "modelwright CROWDLAB": {"accuracy": float((mixed.argmax(axis=1) == truth).mean()), "seconds": took},
        **peers(python, votes, truth, probabilities),
    }


def simulated(module: Any, draws: int) -> list[dict[str, Any]]:
    """Every simulated crowd: consensus and majority."""
    rows: list[dict[str, Any]] = []
    for name, kinds in module.CROWDS.items():
        ours, votes_of_most, below, used = [], [], 0, 0
        for seed in range(draws):
            votes, truth, _ = module.crowd(seed, **kinds)
            found = consensus(votes)
            right = int((majority(votes) == truth).sum())
            ours.append(float((found.labels == truth).mean()))
            votes_of_most.append(right / len(truth))
            below += ours[-1] < wilson_of_counts(right, len(truth))[0]
            used += found.method == "dawid_skene"
        gains = np.array(ours) - votes_of_most
        rows.append(
            {
                "crowd": name,
                "majority": float(np.mean(votes_of_most)),
                "modelwright": float(np.mean(ours)),
                "worst": float(gains.min()),
                "below its interval": int(below),
                "not majority": used / draws,
            }
        )
    return rows


def page(found: dict[str, Any]) -> str:
    """The figures as a page."""

    def told(value: Any) -> str:
        if isinstance(value, dict):
            return f"{value['accuracy']:.4f} ({value['seconds']:.3g} s)"
        return f"{value:.4f}" if isinstance(value, float) else str(value)

    lines = ["# Consensus", "", f"`python benchmarks/consensus.py --draws {found['draws']} --peers PYTHON`"]
    for title, key in (("RTE: 800 items, 164 workers, 10 answers each", "rte"), ("With a model", "model")):
        lines += ["", f"## {title}", "", "| what | accuracy (time) |", "|---|---|"]
        lines += [f"| {name} | {told(value)} |" for name, value in found[key].items()]
    lines += ["", f"## Simulated crowds, {found['draws']} draws each", ""]
    lines += ["| crowd | majority | modelwright | worst draw | below majority's interval | not majority |"]
    lines += ["|---|---|---|---|---|---|"]
    for row in found["simulated"]:
        lines.append(
            f"| {row['crowd']} | {row['majority']:.3f} | {row['modelwright']:.3f} | {row['worst']:+.3f} | "
            f"{row['below its interval']} | {row['not majority']:.0%} |"
        )
    return "\n".join([*lines, ""])


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--peers", metavar="PYTHON")
    chosen = parser.parse_args()
    module = simulations()
    found = {
        "draws": chosen.draws,
        "rte": on_rte(module, chosen.peers),
        "model": with_model(module, chosen.peers),
        "simulated": simulated(module, chosen.draws),
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "consensus.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "consensus.md").write_text(page(found), encoding="utf-8")
    print(page(found))


if __name__ == "__main__":
    main()
