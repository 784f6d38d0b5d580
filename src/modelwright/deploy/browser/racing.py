"""How long does one row take in each form of a model, in a real browser?"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

import msgspec

from modelwright.deploy.browser.asking import ask_page
from modelwright.deploy.browser.build import page_manifest, program_files
from modelwright.deploy.raw_rows import RawRow
from modelwright.deploy.timing import LEAST_ROUNDS, ROUNDS, SECONDS, TURNS, processor, timings_of
from modelwright.records import Timing
from modelwright.serving.manifest import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE, Golden, Manifest

CALLS = 100
"""Rows in a turn: a page's clock ticks every tenth of a millisecond, which is what one row may take."""

NO_GOLDEN = msgspec.json.encode(Golden(rows=[], outputs=[], tolerance=[]))


def race(
    graphs: Mapping[str, bytes], manifest: Manifest, rows: list[RawRow], browser: Path
) -> tuple[dict[str, Timing], str]:
    """Each form's time for one row, from raw cells to the answer, and where it was taken.

    Args:
        graphs: name -> ONNX file; the one to compare with first. rows: as callers send them.

    Raises:
        ReleaseError: the page fails, or hands nothing back in time.
    """
    folders = {name: f"forms/{place}/" for place, name in enumerate(graphs)}
    contents = program_files()
    for name, graph in graphs.items():
        contents |= {folders[name] + file: data for file, data in _form_files(manifest, graph).items()}
    contents["race.json"] = msgspec.json.encode(
        {
            "folders": list(folders.values()),
            "rows": rows,
            "rounds": ROUNDS,
            "least_rounds": LEAST_ROUNDS,
            "turns": TURNS,
            "calls": CALLS,
            "seconds": SECONDS,
        }
    )
    said = ask_page(contents, "race.html", browser)
    where = f"{said['program']}, one thread, {processor()}, {platform.system()}"
    return timings_of(dict(zip(graphs, said["taken"], strict=True))), where


def _form_files(manifest: Manifest, graph: bytes) -> dict[str, bytes]:
    from modelwright.exporters.lowering import without_lowering  # onnx loads only when needed

    model, lowered = without_lowering(graph)
    contents = {MODEL_FILE: model, GOLDEN_FILE: NO_GOLDEN}
    return {**contents, MANIFEST_FILE: page_manifest(manifest, contents, lowered, alone=False)}
