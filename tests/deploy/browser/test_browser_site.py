"""The files of a site, without opening a browser."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

from modelwright.deploy.browser.build import POLICY, build_site
from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.errors import ReleaseError, UsageError
from modelwright.exporters.lowering import without_lowering
from modelwright.records import Site

RUNTIME = files("modelwright.deploy.browser") / "runtime"


def built(framed: Any) -> tuple[Site, dict[str, bytes]]:
    confirmed = framed.confirmed("linear")
    release = framed.project.run(ship, framed.bench, confirmed)
    site = framed.project.run(build_site, framed.bench, confirmed, release)
    return site, {name: framed.project.read(blob) for name, blob in site.files.items()}


def test_the_site_names_the_digest_of_every_file(frame_orders: Any) -> None:
    _, contents = built(frame_orders())
    digests = json.loads(contents["manifest.json"])["digests"]
    assert set(digests) == set(contents) - {"manifest.json", "worker.js"}
    assert all(hashlib.sha256(contents[name]).hexdigest() == digest for name, digest in digests.items())


def test_the_worker_keeps_all_that_the_page_fetches(frame_orders: Any) -> None:
    _, contents = built(frame_orders())
    said = json.loads(re.findall(r"const release = (\{.*?\});", contents["worker.js"].decode())[0])
    scripts = {name for name in contents if name.endswith(".js") and name != "worker.js"}
    assert {"./", "style.css", "icon.svg", "model.onnx", "manifest.json", "golden.json", *scripts} <= set(
        said["files"]
    )
    assert set(said["files"]) - {"./"} <= set(contents)
    assert said["extras"] == ["parity.html", "parity.json"]


def test_another_model_is_another_worker(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    first, second = built(framed), framed.confirmed("trees")
    release = framed.project.run(ship, framed.bench, second)
    other = framed.project.run(build_site, framed.bench, second, release)
    assert framed.project.read(other.files["worker.js"]) != first[1]["worker.js"]


def test_the_same_release_gives_the_same_site(desk: Any, frame_orders: Any) -> None:
    framed = frame_orders()
    confirmed = framed.confirmed("linear")
    release = framed.project.run(ship, framed.bench, confirmed)
    desk.read = framed.project.read
    made = [build_site(desk, framed.bench, confirmed, release) for _ in range(2)]
    assert made[0] == made[1]


def test_nothing_in_the_site_names_another_server(frame_orders: Any) -> None:
    _, contents = built(frame_orders())
    own = {
        name: data for name, data in contents.items() if not name.startswith(("runtime/", "model", "README"))
    }
    for name, data in own.items():
        assert not re.findall(rb"https?://(?!www\.w3\.org/2000/svg)", data), name
    assert POLICY in contents["index.html"].decode().replace("&#39;", "'")
    assert " 'unsafe-" not in POLICY


def test_the_form_asks_for_each_field_by_what_it_holds(frame_orders: Any) -> None:
    page = built(frame_orders())[1]["index.html"].decode()
    assert re.search(r'<input [^>]*name="age"[^>]*inputmode="decimal"', page)
    assert re.search(r'<select [^>]*name="colour"', page)
    assert '<option value="Ünder">Ünder</option>' in page
    assert re.search(r'<textarea [^>]*name="note"', page)
    assert "such as 2024-05-31" in page


def test_a_site_of_sensitive_data_shows_no_value_of_theirs(frame_orders: Any) -> None:
    _, contents = built(frame_orders(sensitive=True))
    assert "<option" not in contents["index.html"].decode()
    assert "such as 4" not in contents["index.html"].decode()
    assert not any(
        row["note"] and "WIN" in row["note"] for row in json.loads(contents["golden.json"])["rows"]
    )


def test_names_are_text_and_never_markup(frame_rows: Any) -> None:
    rows = {
        "<img src=x>": [str(row % 5) + '"q' for row in range(120)],
        "kind": ["a" if row % 5 < 2 else "b" for row in range(120)],
    }
    framed = frame_rows(rows, "kind", question="<script>alert(1)</script>")
    page = built(framed)[1]["index.html"].decode()
    assert "<img src" not in page
    assert "<script>alert" not in page
    assert 'name="&lt;img src=x&gt;"' in page


def test_a_site_larger_than_allowed_is_refused(frame_orders: Any) -> None:
    with pytest.raises(ReleaseError, match="max_size_megabytes"):
        built(frame_orders(max_size_megabytes=2.0))


def test_a_site_is_written_like_a_release_and_replaced_like_one(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    site, contents = built(framed)
    write_release(framed.project.read, site, tmp_path / "www")
    (tmp_path / "www" / "index.html").write_text("damaged")
    write_release(framed.project.read, site, tmp_path / "www")
    assert (tmp_path / "www" / "index.html").read_bytes() == contents["index.html"]
    assert (tmp_path / "www" / "reading" / "cells.js").is_file()


def test_the_graph_for_the_page_answers_lowered_texts_as_the_release_does(frame_orders: Any) -> None:
    framed = frame_orders()
    _, contents = built(framed)
    original = framed.project.read(framed.project.last(ship).files["model.onnx"])
    graph, inputs = without_lowering(original)
    assert graph == contents["model.onnx"]
    assert json.loads(contents["manifest.json"])["lowered"] == list(inputs) == ["column_3"]
    texts = np.array(["FREE win ÉLAN İ", "Élan Free"], dtype=object)
    lowered = np.array(["free win Élan İ", "Élan free"], dtype=object)
    others = {
        "column_0": np.array([1.0, 2.0]),
        "column_1": np.array(["red", ""], object),
        "column_2": np.zeros(2),
    }
    answers = [
        onnxruntime.InferenceSession(model).run(None, {**others, "column_3": given})[0]
        for model, given in ((original, texts), (graph, lowered), (graph, texts))
    ]
    assert np.array_equal(answers[0], answers[1])
    assert not np.array_equal(answers[0], answers[2])
    assert onnx.load_from_string(graph).graph.node


def test_the_vendored_runtime_is_the_one_it_says(frame_orders: Any) -> None:
    told = dict(
        re.findall(r"^\| `([\w.]+)` \|.*\| `([0-9a-f]{64})` \|$", (RUNTIME / "VERSION.md").read_text(), re.M)
    )
    assert set(told) == {"onnxruntime.js", "onnxruntime.wasm.gz"}
    for name, digest in told.items():
        data = (RUNTIME / name).read_bytes()
        assert hashlib.sha256(gzip.decompress(data) if name.endswith(".gz") else data).hexdigest() == digest
    assert "MIT License" in (RUNTIME / "LICENSE").read_text()


def test_a_browser_is_found_by_name_or_by_word(tmp_path: Path) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert find_browser({"PATH": str(tmp_path)}) == program
    assert find_browser({"PATH": "", "MODELWRIGHT_BROWSER": str(program)}) == program


def test_a_word_that_leads_nowhere_is_refused_and_not_passed_over() -> None:
    with pytest.raises(UsageError, match="MODELWRIGHT_BROWSER"):
        find_browser({"PATH": "", "MODELWRIGHT_BROWSER": "/not/there"})


def test_no_browser_is_found_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelwright.deploy.browser.finding.PLACES", ())
    assert find_browser({"PATH": "/nowhere"}) is None
