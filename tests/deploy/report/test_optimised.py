from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from modelwright.deploy.report.optimised import optimised_figure, optimised_table
from modelwright.records import Blob, Estimate, Optimised, Option, Timing, Variant

BLOB = Blob(digest="0" * 64, kind="bytes", size_bytes=1)


def option(name: str, size: int, gzip: int, drop: tuple[float, float, float], milliseconds: float) -> Option:
    ratio = Estimate(value=milliseconds, low=milliseconds, high=milliseconds, method="said")
    return Option(
        variant=Variant(
            name=name,
            graph=BLOB,
            model=BLOB,
            size_bytes=size,
            gzip_bytes=gzip,
            integers="int8" in name,
            sparsity=0.0,
            drop=Estimate(value=drop[0], low=drop[1], high=drop[2], method="said"),
            file_drop=0.0,
            largest_difference=0.0,
            scaled_anew=False,
            companions=0.0,
        ),
        timing=Timing(milliseconds=milliseconds, ratio=ratio),
        accurate=True,
        faster=True,
        steady=True,
        fits=True,
        reason="as trained" if name == "float" else "passes the gates",
    )


FOUND = Optimised(
    options=(
        option("float", 2_000_000, 1_800_000, (0, 0, 0), 1.0),
        option("int8 static", 520_000, 460_000, (0.0012, -0.0008, 0.0031), 0.5),
        option("pruned 90%, int8 static", 520_000, 120_000, (0.02, 0.012, 0.028), 0.5),
    ),
    chosen=1,
    rows=5_000,
    relative=False,
    target="server",
    max_drop=0.005,
    machine="onnxruntime 1, one thread, a processor",
    left_out=("int8 dynamic: it would not",),
)


def test_the_table_tells_size_time_loss_and_verdict_of_every_form() -> None:
    table = optimised_table(FOUND)
    assert table.strong == (1,)
    assert table.rows[1] == (
        "int8 static",
        "passes the gates; chosen",
        "520 kB\n26%",
        "460 kB\n26%",
        "0.5 ms\n50%",
        "0.12\n\u22120.08 to 0.31",
    )
    assert table.rows[0][-1] == "0"
    assert "Not made: int8 dynamic: it would not." in table.note
    assert "a processor" in table.note


def test_losses_are_points_or_shares_of_the_error() -> None:
    assert optimised_table(FOUND).head[-1] == "Loss, points"
    assert optimised_table(replace(FOUND, relative=True)).head[-1] == "Loss, % of the error"


@pytest.mark.parametrize("narrow", [False, True])
def test_bars_are_as_long_as_what_they_stand_for(narrow: bool) -> None:
    figure = optimised_figure(FOUND)
    drawn = figure.narrow if narrow else figure.picture
    root = ElementTree.fromstring(str(drawn))
    bars = root.iter("{http://www.w3.org/2000/svg}rect")
    widths = [float(one.attrib["width"]) for one in bars]
    files, sent, times = widths[0:6:2], widths[1:6:2], widths[6:]
    assert files[1] / files[0] == pytest.approx(0.26, abs=0.01)
    assert sent[0] / files[0] == pytest.approx(0.9, abs=0.01)
    assert sent[2] / files[0] == pytest.approx(0.06, abs=0.01)
    assert times[1] / times[0] == pytest.approx(0.5, abs=0.01)


def test_a_lone_form_has_a_picture_too() -> None:
    alone = replace(FOUND, options=FOUND.options[:1], chosen=0, rows=0)
    assert "not trained on" not in optimised_figure(alone).caption
    assert re.search(r">float<", str(optimised_figure(alone).picture))


def test_nothing_is_drawn_outside_the_picture() -> None:
    figure = optimised_figure(FOUND)
    for drawn in (figure.picture, figure.narrow):
        root = ElementTree.fromstring(str(drawn))
        width = float(root.attrib["width"])
        for one in root.iter():
            for key in ("x", "x1", "x2", "cx"):
                assert 0 <= float(one.attrib.get(key, 0)) <= width
