"""The import contracts hold, and starting up stays light."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("keras", "jax", "sklearn", "lightgbm", "optuna", "onnx", "onnxruntime", "scipy", "polars", "numpy")

VIOLATIONS = {
    "an upward import": ("records/_task.py", "import modelwright.project", "floors"),
    "sideways between define and develop": ("develop/tune.py", "import modelwright.define.frame", "floors"),
    "a deferred upward import": ("errors.py", "def late():\n    import modelwright.cli", "floors"),
    "keras outside engine and exporters": ("develop/tune.py", "import keras", "Keras and JAX"),
    "the ledger opened by a step": ("define/frame.py", "import modelwright.ledger", "ledger is opened only"),
    "serving leaning on the house": ("serving/rows.py", "import modelwright.errors", "Serving stands alone"),
    "records that know a database": ("records/_task.py", "import sqlite3", "Records and statistics"),
}


def contracts(folder: Path) -> subprocess.CompletedProcess[str]:
    """lint-imports over the package copied to `folder`."""
    script = (
        "import sys; sys.path.insert(0, 'src'); from importlinter.cli import lint_imports_command as c; c()"
    )
    return subprocess.run(
        [sys.executable, "-c", script, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=120
    )


def copied(folder: Path) -> Path:
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


@pytest.mark.parametrize("violation", VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_planted_violation_breaks_its_contract(violation: tuple[str, str, str], tmp_path: Path) -> None:
    file, line, contract = violation
    package = copied(tmp_path) / "src" / "modelwright"
    path = package / file
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    outcome = contracts(tmp_path)
    assert outcome.returncode == 1, outcome.stdout + outcome.stderr
    broken = [text for text in outcome.stdout.splitlines() if "BROKEN" in text]
    assert any(contract in text for text in broken), outcome.stdout


def test_a_circle_between_two_modules_of_a_room_breaks_a_contract(tmp_path: Path) -> None:
    package = copied(tmp_path) / "src" / "modelwright"
    (package / "develop" / "one.py").write_text("import modelwright.develop.two\n")
    (package / "develop" / "two.py").write_text("import modelwright.develop.one\n")
    outcome = contracts(tmp_path)
    assert outcome.returncode == 1
    assert any("BROKEN" in text and "circles" in text for text in outcome.stdout.splitlines())


def test_a_room_without_a_place_breaks_a_contract(tmp_path: Path) -> None:
    package = copied(tmp_path) / "src" / "modelwright"
    (package / "utils").mkdir()
    (package / "utils" / "__init__.py").write_text("")
    assert contracts(tmp_path).returncode == 1


@pytest.mark.parametrize(
    "statement", ["import modelwright", "from modelwright.cli import modelwright; modelwright.get_help"]
)
def test_starting_up_loads_nothing_heavy(statement: str) -> None:
    script = f"{statement}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(answer.stdout))
    assert [name for name in HEAVY if name in loaded] == []


def test_help_loads_nothing_heavy() -> None:
    script = (
        "import sys\nfrom modelwright.cli import modelwright\n"
        "modelwright.main(['--help'], standalone_mode=False)\n"
        "import json; print(json.dumps(sorted(sys.modules)))"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    assert [name for name in HEAVY if name in loaded] == []
    assert "modelwright.workflow" not in loaded
