"""The certificate: made of real answers of a real server; the browser's part is in browser/."""

from __future__ import annotations

import html
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certificate.times import Measured, Times, measure
from modelwright.deploy.certificate.writing import is_certified, time_words, write_certificate
from modelwright.deploy.certify import certify
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.serving_process import ask_server
from modelwright.deploy.ship import ship
from modelwright.errors import ParityError, ReleaseError, StorageError, UsageError
from modelwright.records import Blob, Certificate, Estimate, Optimised, Option, Timing, Variant
from modelwright.serving.manifest import read_manifest

NOTHING = Estimate(value=0.0, low=0.0, high=0.0, method="said")
BLOB = Blob(digest="0" * 64, kind="bytes", size_bytes=1)
AS_TRAINED = Variant(
    name="float",
    graph=BLOB,
    model=BLOB,
    size_bytes=1_000,
    gzip_bytes=900,
    integers=False,
    sparsity=0.0,
    drop=NOTHING,
    file_drop=0.0,
    largest_difference=0.0,
    scaled_anew=False,
    companions=0.0,
)
LOOKED_AT = Optimised(
    options=(
        Option(
            variant=AS_TRAINED,
            timing=Timing(milliseconds=0.5, ratio=NOTHING),
            accurate=True,
            faster=False,
            steady=True,
            fits=True,
            reason="as trained",
        ),
    ),
    chosen=0,
    rows=0,
    relative=False,
    target="server",
    max_drop=0.005,
    machine="a machine",
    left_out=("pruned: trees have no weights to train on with",),
)


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelwright.deploy.certify.find_browser", lambda: None)


def made(framed: Any, **choices: Any) -> Certificate:
    run, bench, confirmed = framed.project.run, framed.bench, framed.confirmed("linear")
    release = run(ship, bench, confirmed)
    site = run(build_site, bench, confirmed, release) if choices.pop("site", False) else None
    served = release if choices.pop("server", True) else None
    return run(certify, bench, confirmed, served, release if site else None, site, **choices)


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression", "vector_regression"])
def test_a_server_of_its_own_answers_a_thousand_raw_rows_as_the_model_does(
    frame_orders: Any, kind: str
) -> None:
    certificate = made(frame_orders(kind))
    (server,) = certificate.answerers
    assert (server.target, certificate.rows, certificate.unproved) == ("server", 1_000, {})
    assert server.max_difference <= 1e-5
    assert server.disagreements == (0 if "class" in kind or kind == "binary" else None)
    assert "onnxruntime" in server.program


def test_a_server_that_answers_otherwise_is_not_certified(
    frame_orders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def another(folder: Path, rows: list[Any]) -> Any:
        said = ask_server(folder, rows)
        said.answers[7] = {**said.answers[7], "probabilities": {"class 0": 0.123, "class 1": 0.877}}
        return said

    monkeypatch.setattr("modelwright.deploy.certify.ask_server", another)
    with pytest.raises(ParityError, match="the answer of the server"):
        made(frame_orders())


@pytest.mark.usefixtures("no_browser")
def test_without_a_browser_a_site_is_refused_and_the_way_out_named(frame_orders: Any) -> None:
    with pytest.raises(UsageError) as caught:
        made(frame_orders(), site=True)
    assert "--without-proof" in caught.value.do_this
    assert "MODELWRIGHT_BROWSER" in caught.value.do_this


@pytest.mark.usefixtures("no_browser")
def test_a_site_shipped_without_proof_says_so_and_why(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    certificate = made(framed, site=True, server=False, without_proof="the build machine has <none>")
    assert certificate.unproved == {"browser": "the build machine has <none>"}
    assert certificate.answerers == ()
    write_release(framed.project.read, framed.project.last(ship), tmp_path / "release")
    written(tmp_path / "release", certificate)
    page = (tmp_path / "release" / "parity.html").read_text()
    assert "Not proved: the browser" in page
    assert "the build machine has &lt;none&gt;" in page


def written(folder: Path, certificate: Certificate) -> None:
    times = Times(first_answer=412.3, row=0.55, slow_row=12.1)
    measured = Measured(utc="2026-01-02T03:04:05+00:00", machine="a machine", places={"server": times})
    write_certificate(folder, certificate, read_manifest(folder), {"server": 450_000}, measured)


def test_the_certificate_is_written_as_data_and_as_a_page(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    certificate = made(framed)
    folder = tmp_path / "release"
    write_release(framed.project.read, framed.project.last(ship), folder)
    assert not is_certified(folder, certificate)
    written(folder, certificate)
    assert is_certified(folder, certificate)
    data = json.loads((folder / "parity.json").read_text())
    assert data["certificate"]["answerers"][0]["max_difference"] <= 1e-5
    assert data["measured"]["places"]["server"]["first_answer"] == 412.3
    page = (folder / "parity.html").read_text()
    for shown in (
        "1,000 raw rows, answered alike",
        "450 kB",
        "412 ms",
        "0.55 ms",
        "2026-01-02 03:04:05 UTC",
    ):
        assert shown in page
    assert "default-src 'none'" in html.unescape(page)
    assert "http" not in page.replace("http-equiv", "").replace("over HTTP", "")
    write_release(framed.project.read, framed.project.last(ship), folder)
    assert is_certified(folder, certificate)


def test_the_page_shows_every_form_and_which_went_where(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    certificate = replace(made(framed), forms={"server": LOOKED_AT}, unaudited="nobody asked")
    folder = tmp_path / "release"
    write_release(framed.project.read, framed.project.last(ship), folder)
    written(folder, certificate)
    page = (folder / "parity.html").read_text()
    for shown in (
        "forms for the server",
        "as trained; chosen",
        "trees have no weights",
        "nobody asked",
        "<svg",
    ):
        assert shown in page
    assert json.loads((folder / "parity.json").read_text())["certificate"]["forms"]["server"]["chosen"] == 0
    assert is_certified(folder, certificate)


def test_a_certificate_of_something_else_is_not_taken_for_this_one(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    certificate = made(framed)
    folder = tmp_path / "release"
    write_release(framed.project.read, framed.project.last(ship), folder)
    for text in ("", "{}", "[]", '{"certificate": 3}'):
        (folder / "parity.json").write_text(text)
        (folder / "parity.html").write_text("")
        assert not is_certified(folder, certificate)


def test_a_folder_that_cannot_be_written_is_named(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    certificate = made(framed)
    write_release(framed.project.read, framed.project.last(ship), tmp_path / "release")
    (tmp_path / "release" / ".parity.html.new").mkdir()
    with pytest.raises(StorageError, match="certificate"):
        written(tmp_path / "release", certificate)


def test_times_are_taken_of_what_was_written(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    made(framed)
    write_release(framed.project.read, framed.project.last(ship), tmp_path / "release")
    measured = measure({"server": tmp_path / "release"})
    times = measured.places["server"]
    assert 0 < times.row <= times.slow_row < times.first_answer


def test_a_release_that_does_not_start_is_told_in_its_own_words(frame_orders: Any, tmp_path: Path) -> None:
    framed = frame_orders()
    made(framed)
    write_release(framed.project.read, framed.project.last(ship), tmp_path / "release")
    (tmp_path / "release" / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(ReleaseError, match="sha256"):
        ask_server(tmp_path / "release", [{}])


@pytest.mark.parametrize(("milliseconds", "words"), [(0.123, "0.12 ms"), (12.3, "12 ms"), (1234.0, "1.2 s")])
def test_times_are_said_as_precisely_as_they_are_known(milliseconds: float, words: str) -> None:
    assert time_words(milliseconds) == words
