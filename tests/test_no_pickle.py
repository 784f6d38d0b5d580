"""A file that is read never runs: nothing in the house unpickles."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src"
PICKLING = {"pickle", "cPickle", "_pickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
SAFE = {"allow_pickle": False, "safe_mode": True}  # the only values these may be given


def unsafe(tree: ast.AST) -> Iterator[str]:
    """What reads, or writes, files that run when they are opened."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.partition(".")[0] in PICKLING)
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in PICKLING:
            yield str(node.module)
        if isinstance(node, ast.keyword) and node.arg in SAFE:
            given = node.value.value if isinstance(node.value, ast.Constant) else None
            if given is not SAFE[node.arg]:
                yield node.arg
        if isinstance(node, ast.Attribute) and node.attr in ("enable_unsafe_deserialization", "read_pickle"):
            yield node.attr


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_is_pickled(path: Path) -> None:
    assert list(unsafe(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "line",
    ["import pickle", "from joblib import load", "import pickle as p", "np.load(f, allow_pickle=True)",
     "np.load(f, allow_pickle=wanted)", "keras.models.load_model(f, safe_mode=False)",
     "keras.config.enable_unsafe_deserialization()", "pd.read_pickle(f)"],
)  # fmt: skip
def test_it_would_be_seen(line: str) -> None:
    assert list(unsafe(ast.parse(line)))
