"""The site in a real browser: without a network, without other servers, and with things gone wrong."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from modelwright.deploy.browser.asking import ask_site
from modelwright.deploy.browser.build import build_site
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.errors import ReleaseError

pytestmark = pytest.mark.slow

READY = "!document.getElementById('ask').disabled"
ANSWERED = "!document.getElementById('answer').hidden"
ROW = {"age": 41.5, "colour": "red", "joined": "2003-02-01", "note": "free Élan"}


@pytest.fixture
def site(frame_orders: Any, tmp_path: Path) -> Path:
    framed = frame_orders()
    confirmed = framed.confirmed("linear")
    release = framed.project.run(ship, framed.bench, confirmed)
    made = framed.project.run(build_site, framed.bench, confirmed, release)
    write_release(framed.project.read, made, tmp_path / "www")
    return tmp_path / "www"


def files_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def asked(tab: Any, script: str) -> Any:
    """What a script with the loaded model comes to, or the parts of what it refuses."""
    return tab.evaluate(
        f'import("./modelwright.js").then(({{ load }}) => load()).then(async (model) => {script})'
        ".catch((problem) => problem.parts ? problem.parts() : String(problem))"
    )


def test_the_page_answers_with_the_server_gone_after_the_first_visit(
    chrome: Any, visit: Any, site: Path
) -> None:
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        tab.until("document.getElementById('status').textContent.includes('without a network')")
        online = asked(tab, f"model.predict({json.dumps(ROW)})")
    tab.close()
    later = chrome.tab()
    later.goto(url)
    later.until(READY)
    later.evaluate("document.getElementById('example').click()")
    later.until(ANSWERED)
    assert asked(later, f"model.predict({json.dumps(ROW)})") == online
    assert later.evaluate("fetch('not-kept.txt').then(() => 'there', () => 'gone')") == "gone"


def test_the_page_asks_no_other_server(chrome: Any, visit: Any, site: Path) -> None:
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        tab.until(READY)
        tab.evaluate("document.getElementById('example').click()")
        tab.until(ANSWERED)
        tab.until("document.getElementById('status').textContent.includes('without a network')")
        time.sleep(1.0)  # for whatever it might still ask
    names = {urlsplit(asked).path.rpartition("/")[2] for asked in chrome.requests}
    assert {"model.onnx", "onnxruntime.wasm.gz", "manifest.json", "page.js"} <= names
    assert "parity.json" in names, "what the service worker asks is not seen"
    assert {urlsplit(asked).netloc for asked in chrome.requests} == {urlsplit(url).netloc}


def test_the_pages_own_policy_forbids_other_servers(chrome: Any, visit: Any, site: Path) -> None:
    tab = chrome.tab()
    with visit(site) as url, visit(site) as other:
        tab.goto(url)
        tab.until(READY)
        assert tab.evaluate(
            f"fetch({json.dumps(other)}, {{mode: 'no-cors'}}).then(() => 'let', () => 'forbidden')"
        ) == ("forbidden")
        assert tab.evaluate(
            "(() => { try { return new Function('return 1')() } catch { return 'forbidden' } })()"
        ) == ("forbidden")


def test_a_wrong_cell_is_pointed_out_at_its_field(chrome: Any, visit: Any, site: Path) -> None:
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        tab.until(READY)
        tab.evaluate("document.querySelector('[name=age]').value = 'forty'")
        tab.evaluate("document.getElementById('ask').click()")
        tab.until("document.querySelector('[name=age]').getAttribute('aria-invalid') === 'true'")
        note = tab.evaluate(
            "document.querySelector('[name=age]').parentElement.querySelector('.wrong').textContent"
        )
        assert note == "Expected a number; received 'forty' (text)."
        assert tab.evaluate("document.activeElement.name") == "age"
        assert tab.evaluate("document.getElementById('answer').hidden")
        tab.evaluate("document.getElementById('clear').click()")
        tab.until("!document.querySelector('[aria-invalid]')")


def test_every_field_has_a_label_and_fits_a_narrow_screen(chrome: Any, visit: Any, site: Path) -> None:
    tab = chrome.tab()
    tab.look(320, dark=True)
    with visit(site) as url:
        tab.goto(url)
        tab.until(READY)
        unlabelled = (
            "[...document.querySelectorAll('[data-field]')].filter((one) => one.labels.length !== 1).length"
        )
        assert tab.evaluate("document.querySelectorAll('[data-field]').length") == len(ROW)
        assert tab.evaluate(unlabelled) == 0
        assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_scripts_get_answers_and_refusals_as_from_the_server(chrome: Any, visit: Any, site: Path) -> None:
    tab = chrome.tab()
    row = json.dumps(ROW)
    with visit(site) as url:
        tab.goto(url)
        answer = asked(tab, f"model.predict({row})")
        assert set(answer) == {"model", "prediction", "probabilities"}
        assert answer["prediction"] in answer["probabilities"]
        assert asked(tab, f"model.predict([{row}, {row}])") == [answer, answer]
        assert asked(tab, "model.predict([])") == []
        assert asked(tab, f"Promise.all([1, 2, 3].map(() => model.predict({row})))") == [answer] * 3
        refused = asked(tab, f"model.predict([{row}, {{...{row}, age: 'forty'}}])")
        assert refused == {
            "error": "RowProblem",
            "where": "row 2, field 'age'",
            "expected": "a number",
            "received": "'forty' (text)",
            "do_this": "Send a number, or null where it is missing.",
            "row": 2,
            "field": "age",
        }
        many = asked(
            tab, f"model.predict(Array(2000).fill({row})).then((all) => [all.length, all[0], all[1999]])"
        )
        assert many[0] == 2_000
        assert many[1] == many[2] == answer


def test_zeros_in_a_text_separate_words(chrome: Any, visit: Any, site: Path) -> None:
    """The runtime would end the text there."""
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        split = {**ROW, "note": "hello\x00free"}
        spaced = {**ROW, "note": "hello free"}
        assert asked(tab, f"model.outputs([{json.dumps(split)}])") == asked(
            tab, f"model.outputs([{json.dumps(spaced)}])"
        )


@pytest.mark.parametrize("name", ["model.onnx", "golden.json"])
def test_a_damaged_file_is_refused(chrome: Any, visit: Any, site: Path, name: str) -> None:
    path = site / name
    path.write_bytes(path.read_bytes() + b" ")
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        tab.until("!document.getElementById('problem').hidden")
        assert f"{name}: expected content with sha256" in tab.evaluate(
            "document.getElementById('problem').textContent"
        )
        assert tab.evaluate("document.getElementById('ask').disabled")


def test_a_browser_that_answers_golden_rows_otherwise_is_not_trusted(
    chrome: Any, visit: Any, site: Path
) -> None:
    golden = json.loads((site / "golden.json").read_text())
    golden["outputs"][0] = golden["outputs"][0][::-1]
    (site / "golden.json").write_text(json.dumps(golden))
    manifest = json.loads((site / "manifest.json").read_text())
    manifest["digests"]["golden.json"] = hashlib.sha256((site / "golden.json").read_bytes()).hexdigest()
    (site / "manifest.json").write_text(json.dumps(manifest))
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        assert asked(tab, "model.manifest.name")["where"] == "golden.json, row 1"


def test_a_server_that_unpacks_the_runtime_itself_does_no_harm(chrome: Any, visit: Any, site: Path) -> None:
    packed = site / "runtime" / "onnxruntime.wasm.gz"
    packed.write_bytes(gzip.decompress(packed.read_bytes()))
    tab = chrome.tab()
    with visit(site) as url:
        tab.goto(url)
        tab.until(READY)


LET_GO_SECONDS = 60.0


def let_go(chrome: Any, url: str) -> Any:
    """A tab opened after the old release let go: whatever is open while it still holds on keeps it."""
    deadline = time.monotonic() + LET_GO_SECONDS
    while True:
        tab = chrome.tab()
        tab.goto(url + "parity.json")
        if not tab.evaluate("navigator.serviceWorker.getRegistration().then((one) => Boolean(one.waiting))"):
            return tab
        tab.close()
        assert time.monotonic() < deadline, "the old release never lets go"
        time.sleep(0.2)


def test_a_new_release_takes_the_place_of_the_old_one(chrome: Any, visit: Any, site: Path) -> None:
    style = "fetch('style.css').then((one) => one.text())"
    with visit(site) as url:
        tab = chrome.tab()
        tab.goto(url)
        tab.until("document.getElementById('status').textContent.includes('without a network')")
        tab.close()
        time.sleep(1.0)  # files are told apart by the second they were written in
        worker = (site / "worker.js").read_text()
        (site / "worker.js").write_text(worker.replace('"name": "', '"name": "next-'))
        (site / "style.css").write_text("/* the next release */")
        second = chrome.tab()
        second.goto(url)
        second.until("(await navigator.serviceWorker.getRegistration()).waiting")
        assert second.evaluate(style).startswith(":root"), "a page mixes two releases"
        second.close()
        third = let_go(chrome, url)
        third.goto(url)
        third.until(READY)
        assert third.evaluate(style) == "/* the next release */"
        assert len(third.evaluate("caches.keys()")) == 1


def test_a_page_that_fails_is_told_as_what_it_is(site: Path, browser_program: Path) -> None:
    contents = files_of(site) | {"model.onnx": b"nothing"}
    with pytest.raises(ReleaseError, match="sha256"):
        ask_site(contents, [ROW], browser_program)


def test_a_program_that_is_no_browser_is_told_as_such(site: Path) -> None:
    not_one = shutil.which("false")
    assert not_one is not None
    with pytest.raises(ReleaseError, match="it ended"):
        ask_site(files_of(site), [ROW], Path(not_one))
