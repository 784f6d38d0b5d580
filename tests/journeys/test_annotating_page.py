"""Items labelled by keyboard in a real browser: stored once, through kills, two tabs and no network."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelwright.project import Project, open_annotations
from modelwright.records import AnnotationRules, Item, Question

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.slow

LABELS = ("spam", "ham", "neither")
SAVED = "#saved[data-kind=done]"
PATIENCE = 60_000  # milliseconds: on a busy machine


def folder_of(root: Path, items: int) -> Path:
    folder = root / "messages"
    Project.create(folder).close()
    with open_annotations(folder) as store:
        store.begin(Question(kind="single", labels=LABELS), AnnotationRules(overlap_share=0.0))
        store.add(Item(key=f"m{n}", content={"text": f"message number {n}"}) for n in range(items))
    return folder


@pytest.fixture
def served(serve: Callable[..., Any], tmp_path: Path) -> Any:
    return serve(folder_of(tmp_path, 260))


def entered(browser: Any, served: Any, name: str = "") -> Any:
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
    return [said for _ in range(count) for said in passed(page, by_key(page, random))]


def by_key(page: Any, random: np.random.Generator) -> tuple[str, str]:
    text = page.locator("#item .text").inner_text()
    key = str(random.integers(1, 4))
    page.keyboard.press(key)
    return text, LABELS[int(key) - 1]


def passed(page: Any, *given: tuple[str, str]) -> list[str]:
    """What was said, once the page shows another item."""
    for text, _ in given:
        playwright.expect(page.locator("#item .text")).not_to_have_text(text, timeout=PATIENCE)
    return [f"{text}: {label}" for text, label in given]


def stored(folder: Path) -> list[str]:
    with open_annotations(folder) as store:
        store.check()
        return sorted(f"message number {one.key[1:]}: {one.value}" for one in store.answers())


def test_two_hundred_items_by_keyboard_offline_and_through_a_kill(browser: Any, served: Any) -> None:
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


def test_two_tabs_and_double_clicks_answer_each_item_once(browser: Any, served: Any) -> None:
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


def test_undo_redo_and_skip_by_keyboard(browser: Any, served: Any) -> None:
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


def test_the_room_fits_and_shuts_nobody_out(browser: Any, served: Any) -> None:
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


# Killed.

ANSWERS = 500
FEWEST_KILLS = 10
ACKNOWLEDGED = """
window.acknowledged = [];
const asked = window.fetch;
window.fetch = async (address, given) => {
  const answer = await asked(address, given);
  if (String(address) === "/annotate/acts" && answer.ok) {
    const { receipts } = await answer.clone().json();
    window.acknowledged.push(...receipts.map((one) => one.answer_id));
  }
  return answer;
};
"""


def invited(browser: Any, served: Any, name: str) -> list[Any]:
    """Two tabs of an annotator whom a restart does not shut out."""
    with open_annotations(served.folder) as store:
        token = store.invite(name)
    browser.add_init_script(ACKNOWLEDGED)
    one, other = browser.new_page(), browser.new_page()
    one.goto(f"{served.home}/join#{token}")
    one.click("#enter")
    one.wait_for_url(f"{served.home}/annotate")
    other.goto(f"{served.home}/annotate")
    return [one, other]


def died(served: Any, seconds: float) -> threading.Thread:
    """Have the server killed so many seconds from now, and started again."""

    def act() -> None:
        served.kill()
        served.start()

    dying = threading.Timer(seconds, act)
    dying.start()
    return dying


def test_500_answers_in_two_tabs_through_kills_offline_spells_and_double_clicks_are_each_stored_once(
    browser: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    served, random = serve(folder_of(tmp_path, ANSWERS + 20)), np.random.default_rng(3)
    tabs, seen, doubled, kills = invited(browser, served, "Ada"), [], 0, 0
    dying: threading.Thread | None = None
    while len(seen) + doubled < ANSWERS:
        tab = tabs[int(random.integers(2))]
        tab.locator("#item .text").wait_for(timeout=PATIENCE)
        chance = random.random()
        if chance < 0.06 and (dying is None or not dying.is_alive()):
            dying, kills = died(served, random.uniform(0, 0.3)), kills + 1
        elif chance < 0.09:
            browser.set_offline(True)
            given = by_key(tab, random)
            browser.set_offline(False)
            seen += passed(tab, given)
        elif chance < 0.13:
            text = tab.locator("#item .text").inner_text()
            tab.locator("#answers button").first.dblclick()
            playwright.expect(tab.locator("#item .text")).not_to_have_text(text, timeout=PATIENCE)
            doubled += 2
        seen += answered(tab, int(random.integers(1, 4)), random)
    if dying is not None:
        dying.join()
    for tab in tabs:
        tab.wait_for_selector(SAVED, timeout=PATIENCE)
    acknowledged = [one for tab in tabs for one in tab.evaluate("window.acknowledged")]
    with open_annotations(served.folder) as store:
        ids = Counter(one.answer_id for one in store.history())
        keys = Counter(one.key for one in store.history())
    assert kills >= FEWEST_KILLS
    assert len(acknowledged) >= ANSWERS
    assert set(ids.values()) == set(keys.values()) == {1}, "each once"
    assert set(acknowledged) == set(ids), "and all that was said to be"
    assert len(ids) == len(seen) + doubled
    assert set(seen) <= set(stored(served.folder))
