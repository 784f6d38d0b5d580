"""Boxes, several labels, numbers, decisions, imports and guests, by mouse and by keys in a real browser."""

from __future__ import annotations

import struct
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars
import pytest

from modelwright.project import Project, open_annotations
from modelwright.records import AnnotationRules, Given, Item, Question

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

pytestmark = pytest.mark.slow

PATIENCE = 60_000  # milliseconds: on a busy machine
SAVED = "#saved[data-kind=done]"
SIZE = (1200, 800)  # of images, in pixels: shown smaller than that
NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)>"
PLAIN = AnnotationRules(overlap_share=0.0)


def begun(root: Path, question: Question, items: list[Item], rules: AnnotationRules = PLAIN) -> Path:
    folder = root / "asked"
    Project.create(folder).close()
    with open_annotations(folder) as store:
        store.begin(question, rules)
        store.add(items)
    return folder


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Colours, (height, width, 3) bytes, as a PNG file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    high, wide, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)
    parts = [chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


def pictures(folder: Path, count: int) -> list[Item]:
    """Images, each with a dark rectangle from (300, 200) to (700, 500)."""
    (folder / "photos").mkdir(parents=True)
    pixels = np.full((SIZE[1], SIZE[0], 3), 230, dtype=np.uint8)
    pixels[200:500, 300:700] = (60, 90, 140)
    for place in range(count):
        write_png(folder / "photos" / f"{place}.png", pixels)
    return [
        Item(key=f"p{place}", image=f"photos/{place}.png", width=SIZE[0], height=SIZE[1])
        for place in range(count)
    ]


def visit(browser: Any, served: Any, path: str = "/annotate", name: str = "Ada") -> Any:
    page = browser.new_page()
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.goto(served.address)
    page.wait_for_url(f"{served.home}/")
    page.goto(f"{served.home}{path}")
    if name:
        page.fill("#name", name)
        page.click("#who button")
    return page


def answers(folder: Path) -> list[Any]:
    with open_annotations(folder) as store:
        store.check()
        return store.answers()


# Boxes.


@pytest.fixture
def drawn(browser: Any, serve: Callable[..., Any], tmp_path: Path) -> tuple[Any, Path]:
    items = pictures(tmp_path / "asked", 3)
    folder = begun(tmp_path, Question(kind="boxes", labels=("scratch", "dent")), items)
    page = visit(browser, serve(folder))
    page.wait_for_selector(".drawing svg[viewBox]", timeout=PATIENCE)
    return page, folder


def on_screen(page: Any, x: float, y: float) -> tuple[float, float]:
    """Where a pixel of the image is shown."""
    space = page.locator(".drawing svg").bounding_box()
    return space["x"] + x * space["width"] / SIZE[0], space["y"] + y * space["height"] / SIZE[1]


def drag(page: Any, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*on_screen(page, *start))
    page.mouse.down()
    page.mouse.move(*on_screen(page, (start[0] + end[0]) / 2, (start[1] + end[1]) / 2))
    page.mouse.move(*on_screen(page, *end))
    page.mouse.up()


def stored_boxes(page: Any, folder: Path) -> list[dict[str, Any]]:
    """Hand the boxes in; what is on disk."""
    page.keyboard.press("Enter")
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    return answers(folder)[-1].value


def sides(box: dict[str, Any]) -> list[float]:
    return [box[side] for side in ("x", "y", "width", "height")]


def test_a_box_is_drawn_moved_resized_named_and_taken_away_by_mouse(drawn: tuple[Any, Path]) -> None:
    page, folder = drawn
    page.keyboard.press("2")
    drag(page, (300, 200), (700, 500))
    drag(page, (500, 350), (600, 400))  # moved by its middle
    drag(page, (800, 550), (900, 650))  # its corner
    drag(page, (100, 100), (200, 200))
    page.keyboard.press("1")
    drag(page, (1000, 700), (1190, 790))
    page.keyboard.press("Delete")
    given = stored_boxes(page, folder)
    one, other = given
    pixel = SIZE[0] / 600  # of the screen, where the image is half as wide
    assert (one["label"], other["label"]) == ("dent", "scratch")
    assert sides(one) == pytest.approx([400, 250, 500, 400], abs=2 * pixel)
    assert sides(other) == pytest.approx([100, 100, 100, 100], abs=2 * pixel)


@pytest.mark.parametrize("size", [(1280, 1000), (1280, 500), (390, 844)])
def test_boxes_lie_on_the_image_in_every_window(drawn: tuple[Any, Path], size: tuple[int, int]) -> None:
    page, _ = drawn
    page.set_viewport_size({"width": size[0], "height": size[1]})
    image, over = (page.locator(f".drawing {name}").bounding_box() for name in ("img", "svg"))
    assert over == image
    assert image["width"] / image["height"] == pytest.approx(SIZE[0] / SIZE[1], rel=0.01)


def test_boxes_are_drawn_by_keys_alone(drawn: tuple[Any, Path]) -> None:
    page, folder = drawn
    for key in ("n", "2", *["ArrowLeft"] * 5, *["ArrowUp"] * 3, *["Shift+ArrowRight"] * 4, "Alt+ArrowDown"):
        page.keyboard.press(key)
    for key in ("n", "1", "n", "Delete", ".", "Shift+ArrowDown"):
        page.keyboard.press(key)
    one, other = stored_boxes(page, folder)
    step = SIZE[0] / 100
    assert one["label"] == "dent"
    assert sides(one) == [450 - 5 * step, 300 - 3 * step + 1, 300 + 4 * step, 200 + step]
    assert (other["label"], sides(other)) == ("scratch", [450, 300, 300, 200])


def test_every_change_of_boxes_is_undone_and_done_again(drawn: tuple[Any, Path]) -> None:
    page, folder = drawn
    drag(page, (300, 200), (700, 500))
    drag(page, (500, 350), (100, 100))
    for key in ("2", "u", "u", "u", "r"):
        page.keyboard.press(key)
    (only,) = stored_boxes(page, folder)
    assert only["label"] == "scratch"
    assert sides(only) == pytest.approx([300, 200, 400, 300], abs=5)


def test_boxes_stay_inside_the_image_and_a_click_draws_none(drawn: tuple[Any, Path]) -> None:
    page, folder = drawn
    drag(page, (900, 600), (1500, 1100))
    drag(page, (1000, 700), (1400, 900))
    page.mouse.click(*on_screen(page, 50, 50))
    (only,) = stored_boxes(page, folder)
    assert only["x"] + only["width"] <= SIZE[0]
    assert only["y"] + only["height"] <= SIZE[1]


def test_after_an_undo_the_boxes_given_are_there_again(drawn: tuple[Any, Path]) -> None:
    page, folder = drawn
    drag(page, (300, 200), (700, 500))
    given = stored_boxes(page, folder)
    page.wait_for_selector(".drawing rect.box", state="detached", timeout=PATIENCE)
    page.keyboard.press("u")
    page.wait_for_selector(".drawing rect.box", timeout=PATIENCE)
    page.keyboard.press("Enter")
    page.wait_for_selector(".drawing rect.box", state="detached", timeout=PATIENCE)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    assert [one.value for one in answers(folder)] == [given]


def test_a_box_is_drawn_by_finger(browser: Any, serve: Callable[..., Any], tmp_path: Path) -> None:
    folder = begun(tmp_path, Question(kind="boxes", labels=("dent",)), pictures(tmp_path / "asked", 1))
    page = visit(browser, serve(folder))
    page.wait_for_selector(".drawing svg[viewBox]", timeout=PATIENCE)
    fingers = page.context.new_cdp_session(page)
    for kind, point in (("touchStart", (300, 200)), ("touchMove", (500, 300)), ("touchMove", (700, 500))):
        x, y = on_screen(page, *point)
        fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    fingers.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    (only,) = stored_boxes(page, folder)
    assert sides(only) == pytest.approx([300, 200, 400, 300], abs=5)


# Several labels, and numbers.


def test_several_labels_by_number_keys(browser: Any, serve: Callable[..., Any], tmp_path: Path) -> None:
    question = Question(kind="multi", labels=("late", "broken", "thanks"))
    folder = begun(tmp_path, question, [Item(key=f"m{n}", content={"text": f"{n}"}) for n in range(3)])
    page = visit(browser, serve(folder))
    for keys in (["1", "3", "Enter"], ["2", "1", "2", "Enter"], ["Enter"]):
        text = page.locator("#item .text").inner_text(timeout=PATIENCE)
        for key in keys:
            page.keyboard.press(key)
        playwright.expect(page.locator("#item")).not_to_have_text(text, timeout=PATIENCE)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    assert [one.value for one in answers(folder)] == [["late", "thanks"], ["late"], []]


def test_a_number_within_its_range(browser: Any, serve: Callable[..., Any], tmp_path: Path) -> None:
    question = Question(kind="scalar", lowest=0.0, highest=10.0)
    folder = begun(tmp_path, question, [Item(key=f"m{n}", content={"text": f"{n}"}) for n in range(2)])
    page = visit(browser, serve(folder))
    page.wait_for_selector("#number", timeout=PATIENCE)
    page.keyboard.type("11")
    page.keyboard.press("Enter")
    page.fill("#number", "7.5")
    page.keyboard.press("Enter")
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    assert [one.value for one in answers(folder)] == [7.5]


# Decisions, gold, guidelines.


def disputed(root: Path) -> Path:
    items = [Item(key=f"m{n}", content={"text": f"message {n}"}) for n in range(4)]
    rules = AnnotationRules(answers_each=2, overlap_share=0.0)
    folder = begun(root, Question(kind="single", labels=("spam", "ham")), items, rules)
    with open_annotations(folder) as store:
        said = [("m0", "spam", "spam"), ("m1", "spam", "ham"), ("m2", "ham", "spam"), ("m3", "ham", "ham")]
        for key, one, other in said:
            for who, value in (("Ada", one), (f"Bob {NASTY}", other)):
                store.record(Given(answer_id=f"{key}{who}", annotator=who, key=key, value=value))
    return folder


def test_who_decides_sees_all_answers_and_her_decision_counts(
    browser: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    folder = disputed(tmp_path)
    page = visit(browser, serve(folder), "/annotate/disputes", "Cai")
    page.wait_for_selector("#said li", timeout=PATIENCE)
    assert sorted(page.locator("#said li").all_inner_texts()) == sorted(
        ["Ada: spam", f"Bob {NASTY}: ham"]
        if "message 1" in page.locator("#item").inner_text()
        else ["Ada: ham", f"Bob {NASTY}: spam"]
    )
    for _ in range(2):
        page.locator("#said li").first.wait_for(timeout=PATIENCE)
        text = page.locator("#item").inner_text()
        page.keyboard.press("2")
        playwright.expect(page.locator("#item")).not_to_have_text(text, timeout=PATIENCE)
    page.get_by_text("No answers differ now.").wait_for(timeout=PATIENCE)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    decided = {one.key: (one.annotator, one.value) for one in answers(folder) if one.act == "adjudicate"}
    assert decided == {"m1": ("Cai", "ham"), "m2": ("Cai", "ham")}
    page.goto(f"{page.url.rpartition('/')[0]}/results")
    page.click("#collect button")
    page.get_by_role("heading", name="Consensus").wait_for(timeout=PATIENCE)
    table = polars.read_csv(folder / "annotated.csv")
    assert dict(table.select("text", "label").iter_rows()) == {
        "message 0": "spam",
        "message 1": "ham",
        "message 2": "ham",
        "message 3": "ham",
    }


def test_gold_items_are_told_where_that_is_wished_and_counted(
    browser: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    rules = AnnotationRules(overlap_share=0.0, gold_told=True)
    items = [Item(key=f"m{n}", content={"text": f"message {n}"}, gold="spam") for n in range(2)]
    folder = begun(tmp_path, Question(kind="single", labels=("spam", "ham")), items, rules)
    page = visit(browser, serve(folder))
    for key, said in (("1", "you were right"), ("2", "the answer is spam")):
        page.locator("#item .text").wait_for(timeout=PATIENCE)
        page.keyboard.press(key)
        page.locator("#feedback", has_text=said).wait_for(timeout=PATIENCE)
    page.goto(f"{page.url}/people")
    assert "1 of 2" in page.locator("table").first.inner_text()


def test_a_guideline_is_written_on_the_page(browser: Any, serve: Callable[..., Any], tmp_path: Path) -> None:
    folder = begun(tmp_path, Question(kind="scalar"), [Item(key="m", content={"text": "x"})])
    page = visit(browser, serve(folder))
    page.locator("#guideline summary").first.click()
    page.fill("#text", NASTY)
    page.click("#write button")
    page.get_by_text("Guideline, version 1").wait_for(timeout=PATIENCE)
    assert page.input_value("#text") == NASTY


# From a file to a data set, through the page alone.


def test_a_file_is_imported_answered_and_collected_on_the_page(
    browser: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    file = tmp_path / "messages.csv"
    polars.DataFrame(
        {
            "number": range(12),
            "text": [f"message {n} {NASTY}" for n in range(12)],
            "known": ["spam", *[None] * 11],
        }
    ).write_csv(file)
    served = serve(tmp_path / "asked")
    page = visit(browser, served, name="")
    page.set_input_files("#items-file", str(file))
    page.click("#bring-items button")
    page.wait_for_selector("#items:not([hidden])", timeout=PATIENCE)
    page.fill("#labels", f"spam, {NASTY}")
    page.select_option("#key", "number")
    page.select_option("#gold", "known")
    page.click("#items button[type=submit]")
    page.locator("#imported", has_text="12 items are new").wait_for(timeout=PATIENCE)
    page.goto(f"{served.home}/annotate")
    page.fill("#name", NASTY)
    page.click("#who button")
    for place in range(12):
        page.locator("#item .text").wait_for(timeout=PATIENCE)
        text = page.locator("#item .text").inner_text()
        assert NASTY in text
        page.keyboard.press("1" if place % 2 else "2")
        playwright.expect(page.locator("#item")).not_to_have_text(text, timeout=PATIENCE)
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    page.goto(f"{served.home}/annotate/results")
    page.click("#collect button")
    page.get_by_role("heading", name="Agreement").wait_for(timeout=PATIENCE)
    assert NASTY in page.locator("main").inner_text()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    assert len(polars.read_csv(download.value.path())) == 12
    assert len(polars.read_csv(served.folder / "annotated.csv")) == 12


def test_the_adviser_answers_a_form(browser: Any, serve: Callable[..., Any], tmp_path: Path) -> None:
    page = visit(browser, serve(tmp_path / "asked"), "/annotate/adviser", "")
    page.fill("#advised", "20000")
    page.select_option("#expertise", "expert")
    page.fill("#within", "0.5")
    page.get_by_role("button", name="Advise").click()
    page.get_by_text("drawn at random").wait_for(timeout=PATIENCE)
    assert "specialists" in page.locator(".verdict").inner_text()


# Guests, over TLS.


def test_an_annotator_comes_in_by_her_link_over_tls_and_gets_no_further(
    browser: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    items = [Item(key=f"m{n}", content={"text": f"message {n}"}) for n in range(3)]
    folder = begun(tmp_path, Question(kind="single", labels=("spam", "ham")), items)
    served = serve(folder, *certified(tmp_path))
    owner = visit(browser, served, "/annotate/people", "")
    owner.fill("#guest", "Eve")
    owner.click("#invite button")
    owner.locator("#link", has_text="/join#").wait_for(timeout=PATIENCE)
    link = owner.locator("#link").inner_text().rpartition(" ")[2]
    context = browser.browser.new_context(ignore_https_errors=True)
    page = context.new_page()
    page.goto(link)
    page.click("#enter")
    page.wait_for_selector("#answers button", timeout=PATIENCE)
    page.keyboard.press("1")
    page.wait_for_selector(SAVED, timeout=PATIENCE)
    cookies = context.cookies()
    assert [(one["secure"], one["httpOnly"], one["sameSite"]) for one in cookies] == [(True, True, "Strict")]
    for path in ("/", "/ledger", "/annotate/people", "/annotate/results", "/rows"):
        assert page.goto(f"{served.home}{path}").status == 403
    page.goto(link)
    page.click("#enter")
    page.get_by_text("This link was used").wait_for(timeout=PATIENCE)
    context.close()
    assert [(one.annotator, one.value) for one in answers(folder)] == [("Eve", "spam")]


def certified(folder: Path) -> list[str]:
    """The options of TLS, with a certificate made for the test."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    return ["--certificate", str(certificate), "--key", str(key)]


# Every room, for everyone.

ROOMS = ("", "/disputes", "/results", "/people", "/import", "/adviser?items=20000&expertise=none")


def test_every_room_fits_shuts_nobody_out_and_shows_texts_as_text(
    browser: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    folder = disputed(tmp_path)
    with open_annotations(folder) as store:
        store.write_guideline(f"Spam is {NASTY}", f"Bob {NASTY}")
        store.write_guideline("x" * 4_000, "Ada")
        store.invite(f"Eve {NASTY}")
    page = visit(browser, serve(folder))
    complaints: list[str] = []
    page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda one: complaints.append(one.message))
    home = page.url
    page.goto(f"{home}/results")
    page.click("#collect button")
    page.get_by_role("heading", name="Agreement").wait_for(timeout=PATIENCE)
    for width in (1280, 390):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            for room in ROOMS:
                page.goto(f"{home}{room}")
                page.wait_for_load_state("networkidle")
                over = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
                assert over <= 0, f"{room} is {over} pixels too wide at {width}"
                found = axe.Axe().run(page).response["violations"]
                grave = [one["id"] for one in found if one["impact"] in ("serious", "critical")]
                assert grave == [], f"{room}, {scheme}"
    assert complaints == []
