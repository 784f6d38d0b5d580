"""Items labelled by keyboard in a real browser: stored once, through kills, two tabs and no network."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.deploy.browser.finding import find_browser
from modelwright.project import Project, open_annotations
from modelwright.records import AnnotationRules, Item, Question

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.slow

LABELS = ("spam", "ham", "neither")
SAVED = "#saved[data-kind=done]"
PATIENCE = 60_000


def folder_of(root: Path, items: int) -> Path:
    folder = root / "messages"
    Project.create(folder).close()
    with open_annotations(folder) as store:
        store.begin(Question(kind="single", labels=LABELS), AnnotationRules(overlap_share=0.0))
        store.add(Item(key=f"m{n}", content={"text": f"message number {n}"}) for n in range(items))
    return folder


class Served:
    """The workbench as a process of its own, on a port that stays."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "modelwright", "ui", str(self.folder), "--no-open"]
        self.process = subprocess.Popen(
            [*command, "--port", str(self.port)], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        assert self.process.stdout is not None
        address = re.search(r"http\S+", self.process.stdout.readline())
        assert address is not None
        self.address = address.group(0)

    def kill(self) -> None:
        self.end(signal.SIGKILL)

    def end(self, how: int = signal.SIGTERM) -> None:
        self.process.send_signal(how)
        self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(folder_of(tmp_path, 260))
    yield made
    made.end()


@pytest.fixture
def browser() -> Iterator[Any]:
    found = find_browser()
    if found is None:
        pytest.skip("no Chromium, Chrome or Edge on this machine (MODELWRIGHT_BROWSER names one)")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(
            executable_path=str(found), args=["--no-sandbox", "--disable-gpu", "--no-first-run"]
        )
        context = started.new_context()
        yield context
        started.close()


def entered(browser: Any, served: Served, name: str = "") -> Any:
    page = browser.new_page()
    if served.address:  # it lets in once; another tab of the same browser is in already
        page.goto(served.address)
        page.wait_for_url(f"http://127.0.0.1:{served.port}/")
        served.address = ""
    page.goto(f"http://127.0.0.1:{served.port}/annotate")
    if name:
        page.fill("#name", name)
        page.click("#who button")
    page.wait_for_selector("#answers button")
    return page


def answered(page: Any, count: int, random: np.random.Generator) -> list[str]:
    """Answer so many items by key; what was seen, and which key it was given."""
    seen: list[str] = []
    for _ in range(count):
        text = page.locator("#item .text").inner_text()
        key = str(random.integers(1, 4))
        page.keyboard.press(key)
        seen.append(f"{text}: {LABELS[int(key) - 1]}")
        playwright.expect(page.locator("#item .text")).not_to_have_text(text)
    return seen


def stored(folder: Path) -> list[str]:
    with open_annotations(folder) as store:
        store.check()
        return sorted(f"message number {one.key[1:]}: {one.value}" for one in store.answers())


def test_two_hundred_items_by_keyboard_offline_and_through_a_kill(browser: Any, served: Served) -> None:
    random = np.random.default_rng(0)
    page = entered(browser, served, "Ada")
    seen = answered(page, 90, random)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    browser.set_offline(True)
    seen += answered(page, 3, random)
    page.wait_for_selector("#saved[data-kind=offline]", timeout=PATIENCE)
    browser.set_offline(False)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    seen += answered(page, 60, random)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    served.kill()
    seen += answered(page, 3, random)
    page.wait_for_selector("#saved[data-kind=offline]", timeout=PATIENCE)
    page.close()
    served.start()
    again = entered(browser, served)
    again.wait_for_selector(SAVED, timeout=PATIENCE)
    seen += answered(again, 44, random)
    again.wait_for_selector(SAVED, timeout=PATIENCE)
    assert len(seen) == 200
    assert stored(served.folder) == sorted(seen)


def test_two_tabs_and_double_clicks_answer_each_item_once(browser: Any, served: Served) -> None:
    random = np.random.default_rng(1)
    one, other = entered(browser, served, "Ada"), entered(browser, served)
    for _ in range(5):
        answered(one, 3, random)
        answered(other, 3, random)
        one.locator("#answers button").first.dblclick()
    for page in (one, other):
        page.wait_for_selector(SAVED, timeout=PATIENCE)
    with open_annotations(served.folder) as store:
        keys = [one.key for one in store.history()]
    assert len(keys) == len(set(keys)) == 5 * (3 + 3 + 2)


def test_undo_redo_and_skip_by_keyboard(browser: Any, served: Served) -> None:
    page = entered(browser, served, "Ada")
    first = page.locator("#item .text").inner_text()
    page.keyboard.press("1")
    playwright.expect(page.locator("#item .text")).not_to_have_text(first)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    page.keyboard.press("u")
    playwright.expect(page.locator("#item .text")).to_have_text(first)
    page.keyboard.press("2")
    playwright.expect(page.locator("#item .text")).not_to_have_text(first)
    page.keyboard.press("s")
    page.fill("#reason", "not my language")
    page.keyboard.press("Enter")
    playwright.expect(page.locator("#why")).to_be_hidden()
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    with open_annotations(served.folder) as store:
        acts = [(one.act, one.value, one.reason) for one in store.history()]
    assert acts == [
        ("answer", "spam", ""),
        ("undo", None, ""),
        ("answer", "ham", ""),
        ("skip", None, "not my language"),
    ]


def test_the_room_fits_and_shuts_nobody_out(browser: Any, served: Served) -> None:
    page = entered(browser, served, "Ada")
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0
            found = axe.Axe().run(page).response["violations"]
            grave = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
            assert grave == []
