"""A data card is a Croissant 1.1 data set: by the written specification, and as MLCommons' reader sees it."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelwright.project import Project
from modelwright.workflow import Wishes, define_task
from modelwright.workflow.cards import Cards, write_cards
from modelwright.workflow.chapter import understand_data

EVIL = "<script>alert(1)</script>"
TOLD = {
    "license": "https://creativecommons.org/licenses/by/4.0/",
    "creator": "Somebody",
    "url": "https://example.org/orders",
    "datePublished": "2026-01-31",
    "version": "1.0.0",
    "citeAs": "Somebody (2026), Orders.",
}
READ = """
import json, sys, warnings
warnings.simplefilter("ignore")
import mlcroissant
found = mlcroissant.Dataset(jsonld=sys.argv[1])
rows = [
    {name: value.decode() if isinstance(value, bytes) else str(value) for name, value in one.items()}
    for one in found.records("rows")
]
issues = found.metadata.ctx.issues
print(json.dumps({"errors": sorted(issues.errors), "warnings": sorted(issues.warnings), "rows": rows}))
"""


def written(folder: Path, told: dict[str, str]) -> Cards:
    data = folder / "orders.csv"
    lines = [f"{at / 4},2024-01-{1 + at % 28:02d},{EVIL},{at % 2}" for at in range(60)]
    data.write_text("\n".join(["size,day,../town <b>,late", *lines]) + "\n", encoding="utf-8")
    with Project.create(folder / "orders") as project:
        task, snap = define_task(project, data, Wishes(predict=("late",)))
        understand_data(project, task, snap)
        return write_cards(project, told)


def test_everything_the_specification_asks_for_is_there(tmp_path: Path) -> None:
    cards = written(tmp_path, TOLD)
    card: dict[str, Any] = json.loads(cards.data_card.read_text(encoding="utf-8"))
    assert cards.unknown == ()
    assert cards.model_card is None
    assert card["@type"] == "sc:Dataset"
    assert card["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    assert {"name", "description", "license", "url", "creator", "datePublished"} <= set(card)
    (file,) = card["distribution"]
    assert file["sha256"] == hashlib.sha256((tmp_path / "orders.csv").read_bytes()).hexdigest()
    assert file["encodingFormat"] == "text/csv"
    (records,) = card["recordSet"]
    names = [one["@id"] for one in (file, records, *records["field"])]
    assert len(set(names)) == len(names)
    assert all(one.isascii() and not set(one) & set(" <>\"'&") for one in names)
    assert all(one["source"]["fileObject"] == {"@id": file["@id"]} for one in records["field"])
    columns = {one["source"]["extract"]["column"]: one["dataType"] for one in records["field"]}
    assert columns == {
        "size": "sc:Float",
        "day": "sc:DateTime",
        "../town <b>": "sc:Text",
        "late": "sc:Text",
    }


def test_what_nobody_said_is_named_and_not_made_up(tmp_path: Path) -> None:
    cards = written(tmp_path, {"creator": "Somebody"})
    assert cards.unknown == ("license", "url", "datePublished")
    card = json.loads(cards.data_card.read_text(encoding="utf-8"))
    assert not set(card) & set(cards.unknown)


@pytest.mark.slow
def test_mlcommons_own_reader_finds_no_fault_and_reads_the_rows(tmp_path: Path) -> None:
    if importlib.util.find_spec("mlcroissant") is None:
        pytest.skip("mlcroissant is not installed")
    cards = written(tmp_path, TOLD)
    # The reader looks for files beside the card: a card travels with its data.
    beside = tmp_path / cards.data_card.name
    beside.write_bytes(cards.data_card.read_bytes())
    done = subprocess.run(
        [sys.executable, "-c", READ, str(beside)], capture_output=True, text=True, check=True, timeout=300
    )
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["errors"] == []
    assert found["warnings"] == []
    assert len(found["rows"]) == 60
    first = {name.split("-", 1)[1]: value for name, value in found["rows"][0].items()}
    assert first["town-b"] == EVIL
    assert float(first["size"]) == 0.0
