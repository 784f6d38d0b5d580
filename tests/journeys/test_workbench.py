"""From a file to a report through the page alone, in a real browser; and every page is fit for all."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.deploy.browser.finding import find_browser
from modelwright.project import Project

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.slow

ROWS = 400
RUN_SECONDS = 12
PATIENCE = 180_000  # milliseconds: of a run on a busy machine
NASTY = "<img src=x onerror=alert(1)>"
SCRIPT = "<script>alert(document.domain)</script>"
PATH = "../../../etc/passwd"
FORMULA = '=HYPERLINK("http://127.0.0.1:9/","late")'
UNICODE = "\u202e\u200b\U0001f4a9é\u0301\ufdfd\x85ß漢字 " * 300
"""Over 4 KB: turned round, invisible, wide, stacked."""

TEXTS = [
    NASTY,
    SCRIPT,
    PATH,
    FORMULA,
    UNICODE,
    "]]><!--",
    "'; DROP TABLE entries; --",
    "{{ 7 * 7 }}",
    "%00%0a",
]
LATE, IN_TIME = FORMULA, SCRIPT
SIZES = [(1280, 900), (390, 844)]
SCHEMES = ["light", "dark"]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    browser = find_browser()
    if browser is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine (MODELWRIGHT_BROWSER names one)")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=str(browser), args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        yield started
        started.close()


def orders() -> polars.DataFrame:
    random = np.random.default_rng(0)
    size = random.normal(10, 3, ROWS).round(2)
    return polars.DataFrame(
        {
            "size": size,
            f"town {NASTY}": random.choice(["Bern", "Basel", NASTY], ROWS),
            PATH: random.choice(["by road", "by rail", SCRIPT], ROWS),
            FORMULA: random.choice(["=1+1", "@SUM(A1)", "+cmd", PATH], ROWS),
            UNICODE: [
                f"{TEXTS[row % len(TEXTS)]} {row} and more words than a category has" for row in range(ROWS)
            ],
            "late": np.where(size + random.normal(0, 2, ROWS) > 10, LATE, IN_TIME),
        }
    )


class Visitor:
    """A page in the browser that remembers every complaint of its console."""

    def __init__(self, chromium: Any, address: str, folder: Path) -> None:
        self.folder = folder
        self.page = chromium.new_page()
        self.home = address.partition("/enter")[0]
        self.complaints: list[str] = []
        self.elsewhere: list[str] = []
        self.page.on("console", self._heard)
        self.page.on("pageerror", self._failed)
        self.page.on("dialog", self._interrupted)
        self.page.on("request", self._asked)
        self.page.goto(address)
        self.page.wait_for_url(f"{self.home}/")

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def _failed(self, error: Any) -> None:
        self.complaints.append(str(error))

    def _interrupted(self, dialog: Any) -> None:
        self.complaints.append(f"a script in the data ran: {dialog.message}")
        dialog.dismiss()

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.home, "data:")):
            self.elsewhere.append(request.url)


@pytest.fixture(scope="module")
def carried(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A project carried from a CSV file to a report by clicks alone."""
    folder = tmp_path_factory.mktemp("workbench")
    orders().write_csv(folder / "orders.csv")
    command = [sys.executable, "-m", "modelwright", "ui", str(folder / "late"), "--no-open"]
    served = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
    assert served.stdout is not None
    try:
        address = re.search(r"http\S+", served.stdout.readline())
        assert address is not None
        visitor = Visitor(chromium, address.group(0), folder / "late")
        _from_file_to_report(visitor, folder / "orders.csv")
        yield visitor
        visitor.page.close()
    finally:
        served.send_signal(signal.SIGINT)
        assert served.wait(30) in (0, 130)
        served.stdout.close()


def _from_file_to_report(visitor: Visitor, file: Path) -> None:
    page = visitor.page
    page.set_input_files("#file", str(file))
    page.click("#bring button")
    page.wait_for_selector("#task:not([hidden])")
    page.select_option("#predict", "late")
    page.fill("#question", "Which orders come late?")
    page.click("#task button")
    page.wait_for_selector(".stop.done")
    page.fill("#seconds", str(RUN_SECONDS))
    page.click("#run button[type=submit]")
    page.wait_for_selector("#live:not([hidden])", timeout=PATIENCE)
    page.wait_for_selector('.stop.done[data-step="deploy.ship"]', timeout=PATIENCE)
    page.wait_for_selector('body[data-running="no"]', timeout=PATIENCE)


def test_a_file_becomes_a_confirmed_model_and_a_report(carried: Visitor) -> None:
    page = carried.page
    page.goto(f"{carried.home}/")
    assert page.locator(".stop.done").count() >= 15
    page.goto(f"{carried.home}/report")
    framed = page.frame_locator("iframe")
    framed.locator(".headline").wait_for()
    assert "Which orders come late?" in framed.locator("h1").inner_text()
    assert carried.elsewhere == []


def addresses(visitor: Visitor) -> list[str]:
    """Every page there is, a step and an entry among them."""
    page = visitor.page
    page.goto(f"{visitor.home}/")
    rooms = page.eval_on_selector_all(".rooms a", "all => all.map(one => one.pathname)")
    steps = page.eval_on_selector_all(".stop h3 a", "all => all.map(one => one.pathname)")
    return [*rooms, *steps, "/ledger/3", "/rows?text=bern", "/nowhere"]


def test_every_page_fits_wide_and_narrow_light_and_dark_and_complains_of_nothing(carried: Visitor) -> None:
    page = carried.page
    paths = addresses(carried)
    assert len(paths) >= 20
    carried.complaints.clear()
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            for path in paths:
                page.goto(f"{carried.home}{path}")
                over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert over <= 0, f"{path} is {over} pixels too wide at {width}"
    refused = [one for one in carried.complaints if "404" not in one]  # of /nowhere itself
    assert refused == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_no_page_shuts_anybody_out(carried: Visitor, scheme: str) -> None:
    carried.page.emulate_media(color_scheme=scheme)
    for path in addresses(carried):
        carried.page.goto(f"{carried.home}{path}")
        found = axe.Axe().run(carried.page, options={"iframes": False})
        grave = [one for one in found.response["violations"] if one["impact"] in ("serious", "critical")]
        said = [(one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in grave]
        assert not grave, f"{path}: {said}"


def test_the_board_says_what_each_candidate_weighs_took_and_where_it_can_go(carried: Visitor) -> None:
    page = carried.page
    page.goto(f"{carried.home}/models")
    cells = page.locator("table tbody tr.strong td").all_inner_texts()
    assert any("server" in cell and "browser" in cell for cell in cells)
    assert any(cell.endswith((" s", " min")) for cell in cells)
    with Project.open(carried.folder) as project:
        assert project.last("deploy.ship").name in page.locator("body").inner_text()


def test_what_the_data_say_is_shown_as_text_on_every_page(carried: Visitor) -> None:
    page = carried.page
    carried.complaints.clear()
    read = ""
    for path in [*addresses(carried), "/rows?text=alert"]:
        page.goto(f"{carried.home}{path}")
        assert page.locator("img, script:not([src]):not([type='application/json'])").count() == 0, path
        read += page.locator("body").inner_text()
    assert all(one in read for one in (NASTY, SCRIPT, PATH, FORMULA))
    assert carried.elsewhere == []
    assert [one for one in carried.complaints if "404" not in one] == []


@pytest.mark.parametrize("name", ["report.html", "data.html"])
def test_a_page_that_is_sent_by_mail_shows_them_as_text_too(
    carried: Visitor, chromium: Any, name: str
) -> None:
    page = chromium.new_page()
    heard: list[str] = []

    def interrupted(dialog: Any) -> None:
        heard.append(dialog.message)
        dialog.dismiss()

    def failed(error: Any) -> None:
        heard.append(str(error))

    def asked(request: Any) -> None:
        if not request.url.startswith(("file://", "data:")):
            heard.append(request.url)

    page.on("dialog", interrupted)
    page.on("pageerror", failed)
    page.on("request", asked)
    page.goto((carried.folder / name).as_uri())
    assert page.evaluate("[...document.querySelectorAll('img')].every(one => one.src.startsWith('data:'))")
    assert SCRIPT in page.locator("body").inner_text()
    assert heard == []
    page.close()


def test_answers_in_a_file_hold_no_formula(carried: Visitor, tmp_path: Path) -> None:
    rows = orders().drop("late").head(40)
    rows.write_csv(tmp_path / "rows.csv")
    command = [
        sys.executable,
        "-m",
        "modelwright",
        "predict",
        str(carried.folder),
        str(tmp_path / "rows.csv"),
    ]
    subprocess.run([*command, "--out", str(tmp_path / "answers.csv")], check=True, capture_output=True)
    answers = polars.read_csv(tmp_path / "answers.csv", quote_char='"')
    assert set(answers["prediction"]) <= {"'" + LATE, IN_TIME}
    assert not [name for name in answers.columns if name.startswith(("=", "+", "-", "@"))]


def test_the_slider_moves_counts_that_a_hand_would_count(carried: Visitor) -> None:
    page = carried.page
    page.goto(f"{carried.home}/decide")
    made = json.loads(page.locator("#decision").text_content())
    with Project.open(carried.folder) as project:
        dataset, tuned = project.last("define.collect"), project.last("develop.tune")
        every = project.read(tuned.best.predictions)[..., 1]
        known = np.isfinite(every).any(axis=1)
        outputs = np.nanmean(every[known], axis=1)
        late = (project.read(dataset.table)["late"] == dataset.classes[1]).to_numpy()[known]
    for at in (0, len(made["thresholds"]) // 3, made["chosen"], len(made["thresholds"]) - 1):
        page.locator("#threshold").fill(str(at))
        acted = outputs >= made["thresholds"][at]
        assert made["rows"] == len(outputs)
        by_hand = [int(np.sum((late == t) & (acted == a))) for t in (False, True) for a in (False, True)]
        shown = [int(one.replace(",", "")) for one in page.locator("[data-count]").all_text_contents()]
        assert shown == by_hand
    page.click("#cheapest")
    at = int(page.locator("#threshold").input_value())
    errors = [alarms + missed for _, alarms, missed, _ in made["counts"]]
    assert errors[at] == min(errors)  # each costs one; of costs alike, either
    page.locator("#capacity").fill("100")
    _, alarms, _, found = made["counts"][int(page.locator("#threshold").input_value())]
    assert made["cases"] * (alarms + found) / made["rows"] <= 100


def test_the_report_by_itself_moves_the_same_counts_and_asks_nobody(carried: Visitor, chromium: Any) -> None:
    page = chromium.new_page(viewport={"width": 390, "height": 844})
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto((carried.folder / "report.html").as_uri())
    made = json.loads(page.locator("#decision").text_content())
    before = page.locator("#said").inner_text()
    for at in (0, len(made["thresholds"]) // 2, len(made["thresholds"]) - 1):
        page.locator("#threshold").fill(str(at))
        shown = [int(one.replace(",", "")) for one in page.locator("[data-count]").all_text_contents()]
        assert shown == made["counts"][at]
        acted = made["cases"] * (shown[1] + shown[3]) / made["rows"]
        assert float(page.locator("[data-day=acted]").inner_text().replace(",", "")) == pytest.approx(
            acted, abs=0.5
        )
    page.locator("#used").click()
    assert page.locator("#said").inner_text() == before  # as it was written without the script
    assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
    found = axe.Axe().run(page)
    assert [
        one["id"] for one in found.response["violations"] if one["impact"] in ("serious", "critical")
    ] == []
    assert [one for one in asked if not one.startswith("file:")] == []
    assert complaints == []
    page.close()


def test_a_second_browser_does_not_get_in_by_the_same_address(carried: Visitor, chromium: Any) -> None:
    other = chromium.new_context().new_page()
    answer = other.goto(f"{carried.home}/")
    assert answer.status == 401
    other.context.close()


def test_a_run_is_stopped_from_the_page_and_goes_on_later(carried: Visitor) -> None:
    page = carried.page
    page.goto(f"{carried.home}/")
    page.fill("#seconds", "77")  # another time is another search
    page.click("#run button[type=submit]")
    page.locator("#live-step", has_text="develop.tune").wait_for(timeout=PATIENCE)
    page.click("#stop")
    page.wait_for_selector('body[data-running="no"]', timeout=60_000)
    assert page.locator(".stop.done").count() >= 15
