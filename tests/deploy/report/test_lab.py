"""Learning curves are drawn side by side so that they compare, whatever was trained."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from modelwright.deploy.report import lab
from modelwright.deploy.report.lab import Panel, as_png, panels, picture_file
from modelwright.deploy.report.lettering import text_width
from modelwright.errors import UsageError
from modelwright.records import Estimate
from modelwright.statistics.learning_curves import read

Curves = NDArray[np.float64]

SVG = "{http://www.w3.org/2000/svg}"
EVIL = '<script>alert("x")</script> & \u202e "\x00'
STYLESHEET = "var\\(--(?:accent|soft|wrong)\\)"


def curves(seeds: int = 3, epochs: int = 20, turn: float = 6.0, rise: float = 0.02) -> tuple[Curves, Curves]:
    epoch = np.arange(1.0, epochs + 1)
    noise = 0.01 * np.random.default_rng(0).standard_normal((seeds, epochs))
    validation = 0.3 + 0.4 * np.exp(-epoch / 2) + rise * np.maximum(0, epoch - turn) + noise
    return validation, np.tile(0.6 * np.exp(-epoch / 4), (seeds, 1)) + noise / 4


def panel(name: str = "reference", says: str = "about right", **shape: Any) -> Panel:
    validation, training = curves(**shape)
    reading = read(validation, training)
    return Panel(
        name=name,
        validation=validation,
        training=training,
        best_epoch=reading.best_epoch,
        overfits_from=reading.overfits_from,
        says=says,
    )


def parsed(picture: str) -> ElementTree.Element:
    root = ElementTree.fromstring(picture.encode())
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    assert "nan" not in re.sub(
        r"[^\d. a-zA-Z]", "", " ".join(d.get("d", "") for d in root.iter(f"{SVG}path"))
    )
    return root


def written(root: ElementTree.Element) -> list[str]:
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def of_class(root: ElementTree.Element, kind: str) -> list[ElementTree.Element]:
    return [node for node in root.iter() if node.get("class", "") == kind]


def overlaps(root: ElementTree.Element) -> int:
    """Pairs of texts that touch, by estimated widths."""
    boxes: list[tuple[float, float, float, float]] = []

    def walk(node: ElementTree.Element, right: float, down: float) -> None:
        moved = re.match(r"translate\((\S+) (\S+)\)", node.get("transform", ""))
        if moved:
            right, down = right + float(moved[1]), down + float(moved[2])
        if node.tag == f"{SVG}text":
            size = {"name": 14.0, "heading": 16.0, "": 12.0}.get(node.get("class", ""), 11.0)
            width = text_width(node.text or "", size) * 0.95
            shift = {"middle": width / 2, "end": width}.get(node.get("text-anchor", ""), 0.0)
            start, bottom = float(node.get("x", "0")) - shift + right, float(node.get("y", "0")) + down
            boxes.append((start, bottom - 0.72 * size, start + width, bottom))
        for child in node:
            walk(child, right, down)

    walk(root, 0.0, 0.0)
    pairs = ((a, b) for i, a in enumerate(boxes) for b in boxes[:i])
    return sum(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3] for a, b in pairs)


def test_every_model_gets_a_panel_with_the_same_axes() -> None:
    models = [panel("small", turn=12, rise=0.01), panel("large", turn=3, rise=0.08)]
    drawn = [parsed(one) for one in panels(models, "binary crossentropy")]
    ticks = [[text.text for text in of_class(one, "tick")] for one in drawn]
    assert ticks[0] == ticks[1]
    assert all("binary crossentropy" in written(one) for one in drawn)


def test_a_panel_names_its_lines_and_marks_where_overfitting_starts() -> None:
    found = Estimate(value=6, low=5, high=8, method="")
    one = dataclasses.replace(panel(), best_epoch=found, overfits_from=6)
    root = parsed(panels([one], "loss")[0])
    assert {"training", "validation", "epoch", "loss"} <= set(written(root))
    assert "overfits from epoch 6 (5 to 8)" in written(root)
    (ring,) = of_class(root, "dot mark")
    (shade,) = [box for box in root.iter(f"{SVG}rect") if box.get("fill") == "var(--wrong)"]
    assert float(shade.get("x", "")) == float(ring.get("cx", ""))
    assert len(of_class(root, "whisker")) == 3
    assert "overfits from epoch 6" in (root.findtext(f"{SVG}desc") or "")


def test_a_panel_without_a_turn_says_lowest_and_shades_nothing() -> None:
    root = parsed(panels([panel(rise=0.0)], "loss")[0])
    assert any(text.startswith("lowest at epoch") for text in written(root))
    assert not [box for box in root.iter(f"{SVG}rect") if box.get("fill") == "var(--wrong)"]


def test_the_band_runs_from_the_lowest_seed_to_the_highest() -> None:
    validation = np.array([[1.0, 0.5, 0.5], [1.0, 0.7, 0.5]])
    model = Panel(
        name="m",
        validation=validation,
        training=validation,
        best_epoch=Estimate(value=3, low=2, high=3, method=""),
        overfits_from=None,
    )
    root = parsed(panels([model], "loss")[0])
    band = [path.get("d", "") for path in root.iter(f"{SVG}path") if path.get("fill") == "var(--accent)"]
    places = [tuple(map(float, pair.split())) for pair in band[0].strip("MZ").split("L")]
    at_middle = sorted(y for x, y in places if x == places[1][0])
    ticks = {text.text: float(text.get("y", "")) - 4 for text in of_class(root, "tick")}
    per_unit = (ticks["0.5"] - ticks["1.0"]) / 0.5
    assert at_middle[1] - at_middle[0] == pytest.approx(0.2 * per_unit, abs=0.2)


def test_one_seed_has_no_band() -> None:
    root = parsed(panels([panel(seeds=1)], "loss")[0])
    assert not [path for path in root.iter(f"{SVG}path") if path.get("fill") == "var(--accent)"]


def test_the_other_models_stand_faintly_behind() -> None:
    root = parsed(panels([panel("a"), panel("b"), panel("c")], "loss")[0])
    faint = [path for path in root.iter(f"{SVG}path") if path.get("stroke") == "var(--soft)"]
    assert len(faint) == 2


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8])
def test_no_words_overlap_however_many_models(count: int) -> None:
    models = [
        panel(f"model number {i} with a rather long name of its own", turn=3.0 + 2 * i) for i in range(count)
    ]
    assert overlaps(parsed(picture_file(models, "binary crossentropy", "A title " * 30))) == 0
    assert all(overlaps(parsed(one)) == 0 for one in panels(models, "binary crossentropy"))


@pytest.mark.parametrize("turn", [1.0, 2.0, 18.0])
def test_labels_at_the_edges_stay_inside(turn: float) -> None:
    root = parsed(panels([panel(turn=turn, rise=0.1)], "loss")[0])
    width = float(root.get("width", "0"))
    for text in of_class(root, "label halo"):
        half = 1.12 * text_width(text.text or "", 11) / 2
        assert half - 0.1 <= float(text.get("x", "0")) <= width - half + 0.1


@pytest.mark.parametrize("epochs", [1, 2, 3, 200])
def test_any_number_of_epochs_is_drawn(epochs: int) -> None:
    model = panel(epochs=epochs)
    parsed(panels([model], "loss")[0])
    parsed(picture_file([model, model], "loss", "t"))


def test_a_model_that_diverged_does_not_flatten_the_others() -> None:
    wild = np.tile(0.5 * 10.0 ** np.arange(20), (3, 1))
    diverged = Panel(
        name="diverged",
        validation=wild,
        training=wild,
        best_epoch=Estimate(value=1, low=1, high=1, method=""),
        overfits_from=1,
    )
    sane = panel()
    shown = [parsed(one) for one in panels([sane, diverged], "loss")]
    alone = parsed(panels([sane], "loss")[0])
    heights = [float(of_class(one, "dot mark")[0].get("cy", "")) for one in (shown[0], alone)]
    losses = [text for text in of_class(shown[0], "tick") if text.get("text-anchor") == "end"]
    assert max(float(text.text or 0) for text in losses) < 5
    assert heights[0] > 60
    assert any("↑ up to" in text for text in written(shown[1]))
    assert overlaps(shown[1]) == 0


def test_a_model_that_was_never_finite_is_an_empty_panel_that_says_so() -> None:
    nothing = np.full((3, 20), np.nan)
    unknown = Estimate(value=float("nan"), low=float("nan"), high=float("nan"), method="")
    model = Panel(name="lost", validation=nothing, training=nothing, best_epoch=unknown, overfits_from=None)
    for others in ([], [panel()]):
        root = parsed(panels([model, *others], "loss")[0])
        assert root.findtext(f"{SVG}desc") == "Its loss was never finite."
        assert "nan" not in ElementTree.tostring(root, encoding="unicode").lower()


def test_a_seed_that_diverged_leaves_the_others_drawn() -> None:
    validation, training = curves()
    validation[1, 5:], training[1, 5:] = np.nan, np.inf
    reading = read(validation, training)
    model = Panel(
        name="m",
        validation=validation,
        training=training,
        best_epoch=reading.best_epoch,
        overfits_from=reading.overfits_from,
    )
    (line,) = of_class(parsed(panels([model], "loss")[0]), "line")
    assert line.get("d", "").count("L") == 19


def test_names_from_outside_cannot_break_out() -> None:
    drawn = picture_file([panel(EVIL, says=EVIL), panel("b")], EVIL, EVIL)
    root = parsed(drawn)
    assert not list(root.iter(f"{SVG}script"))
    assert "\u202e" not in drawn
    assert any("<script>" in text for text in written(root))


def test_a_picture_for_the_page_takes_its_colours_from_the_page() -> None:
    drawn = panels([panel()], "loss")[0]
    assert "<style" not in drawn
    assert "#" not in drawn
    assert re.search(STYLESHEET, drawn)


def test_a_picture_file_stands_alone_on_white() -> None:
    drawn = picture_file([panel(), panel("b")], "loss", "Two models")
    assert drawn.startswith("<?xml")
    assert "var(" not in drawn
    assert "currentColor" not in drawn
    root = parsed(drawn)
    ground = next(iter(root.iter(f"{SVG}rect")))
    assert (ground.get("fill"), ground.get("width")) == ("#ffffff", root.get("width"))
    kinds = {kind for node in root.iter() for kind in (node.get("class") or "").split()}
    style = root.findtext(f"{SVG}style") or ""
    assert {kind for kind in kinds if f".{kind}" not in style} <= {"halo"}


def test_a_picture_file_of_one_model_is_headed_once() -> None:
    assert written(parsed(picture_file([panel("alone")], "loss", "alone"))).count("alone") == 1


def test_a_picture_is_small_and_always_the_same() -> None:
    models = [panel(f"m{i}", seeds=5, epochs=40) for i in range(5)]
    drawn = picture_file(models, "loss", "t")
    assert len(drawn) < 60_000
    assert drawn == picture_file(models, "loss", "t")


def test_without_the_extra_a_png_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lab, "_PNG_PACKAGE", "no_such_package_here")
    with pytest.raises(UsageError, match=r"modelwright\[png\]"):
        as_png("<svg/>")


class Drawer:
    """Stands for resvg_py, with fonts or without."""

    def __init__(self, *, fonts: bool) -> None:
        self.fonts = fonts

    def svg_to_bytes(self, svg_string: str, zoom: float = 1.0) -> bytes:
        return svg_string.encode() if self.fonts else b"blank"


@pytest.mark.parametrize("fonts", [True, False])
def test_a_machine_without_fonts_draws_no_wordless_png(monkeypatch: pytest.MonkeyPatch, fonts: bool) -> None:
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: object())
    monkeypatch.setattr(lab.importlib, "import_module", lambda name: Drawer(fonts=fonts))
    if fonts:
        assert as_png("<svg/>") == b"<svg/>"
        return
    with pytest.raises(UsageError, match="Install a font"):
        as_png("<svg/>")


@pytest.mark.skipif(find_spec("resvg_py") is None, reason="the png extra is not installed")
def test_a_png_has_twice_the_pixels_and_the_panels_colours() -> None:
    drawn = as_png(picture_file([panel()], "loss", "t"))
    assert drawn[:8] == b"\x89PNG\r\n\x1a\n"
    root = parsed(picture_file([panel()], "loss", "t"))
    width = int.from_bytes(drawn[16:20], "big")
    assert width == pytest.approx(2 * float(root.get("width", "0")), abs=2)
