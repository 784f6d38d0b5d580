from __future__ import annotations

from typing import Any

import pytest

from modelwright.deploy.gates import Limits, choose, judge
from modelwright.errors import ReleaseError
from modelwright.records import Blob, Estimate, Option, Timing, Variant

BLOB = Blob(digest="0" * 64, kind="bytes", size_bytes=1)
HALF_A_POINT = Limits(max_drop=0.005)


def estimate(value: float, low: float, high: float) -> Estimate:
    return Estimate(value=value, low=low, high=high, method="said")


def variant(
    name: str = "int8",
    drop: Estimate | None = None,
    size: int = 250,
    gzip: int = 200,
    file_drop: float = 0.0,
    scaled_anew: bool = False,
) -> Variant:
    return Variant(
        name=name,
        graph=BLOB,
        model=BLOB,
        size_bytes=size,
        gzip_bytes=gzip,
        integers="int8" in name,
        sparsity=0.0,
        drop=drop or estimate(0.001, -0.001, 0.003),
        file_drop=file_drop,
        largest_difference=0.0,
        scaled_anew=scaled_anew,
        companions=0.01,
    )


def timing(value: float = 0.5, low: float = 0.45, high: float = 0.55, milliseconds: float = 1.0) -> Timing:
    return Timing(milliseconds=milliseconds, ratio=estimate(value, low, high))


FAST = timing()


def judged(one: Variant, time: Timing = FAST, limits: Limits = HALF_A_POINT, **more: Any) -> Option:
    return judge(one, time, limits, is_float=False, relative=False, **more)


def plain(size: int = 1_000, limits: Limits = HALF_A_POINT) -> Option:
    one = variant("float", drop=estimate(0, 0, 0), size=size, gzip=900)
    return judge(one, timing(1, 1, 1, 2.0), limits, is_float=True, relative=False)


def test_accurate_is_only_what_is_shown_to_be() -> None:
    assert judged(variant(drop=estimate(0.001, -0.001, 0.0049))).accurate
    few_rows = judged(variant(drop=estimate(0.0, -0.02, 0.02)))
    assert not few_rows.accurate
    assert few_rows.reason == "may lose up to 2 points, more than 0.5 points"
    assert judged(variant(drop=estimate(0.1, 0.08, 0.12))).reason == "loses 10 points, more than 0.5 points"


def test_a_file_spoilt_by_itself_is_not_accurate() -> None:
    spoilt = judged(variant(file_drop=0.2))
    assert not spoilt.accurate
    assert "this very file loses 20 points" in spoilt.reason


def test_an_error_is_judged_as_a_share_of_the_floats() -> None:
    bad = variant(drop=estimate(0.1, 0.08, 0.12))
    assert judge(bad, timing(), HALF_A_POINT, is_float=False, relative=True).reason.startswith("loses 10%,")


@pytest.mark.parametrize(
    ("time", "faster", "reason"),
    [
        (timing(), True, "passes the gates"),
        (timing(0.98, 0.95, 1.01), False, "not shown to be faster than float: 0.98 of its time"),
        (timing(5, 4.8, 5.2), False, "slower than float: 5 of its time"),
    ],
)
def test_faster_is_only_what_is_shown_to_be(time: Timing, faster: bool, reason: str) -> None:
    option = judged(variant(), time)
    assert (option.faster, option.reason) == (faster, reason)


def test_the_smallest_download_of_those_that_pass_both_gates_is_chosen() -> None:
    options = [
        plain(),
        judged(variant("int8", gzip=200)),
        judged(variant("pruned, int8", gzip=60)),
        judged(variant("smaller, but wrong", gzip=10, drop=estimate(0.1, 0.08, 0.12))),
        judged(variant("smaller, but slow", gzip=10), timing(5, 4.8, 5.2)),
    ]
    assert choose(options, HALF_A_POINT) == 2


def test_without_a_form_that_passes_the_float_one_is_kept() -> None:
    assert (
        choose(
            [plain(), judged(variant(file_drop=0.2)), judged(variant(), timing(1, 0.99, 1.01))], HALF_A_POINT
        )
        == 0
    )


def test_a_form_that_is_hardly_smaller_or_faster_is_not_worth_it() -> None:
    hardly = judged(variant(size=950, gzip=880), timing(0.97, 0.96, 0.98))
    assert choose([plain(), hardly], HALF_A_POINT) == 0


def test_limits_on_bytes_choose_what_is_within_them() -> None:
    limits = Limits(max_drop=0.005, max_bytes=960)
    hardly = judged(variant(size=950, gzip=880), timing(0.97, 0.96, 0.98), limits)
    assert choose([plain(limits=limits), hardly], limits) == 1


def test_a_float_file_within_the_limits_beats_one_that_is_not() -> None:
    limits = Limits(max_drop=0.005, max_latency_ms=3.0)
    slow = judged(variant(), timing(milliseconds=4.0), limits)
    assert slow.reason == "slower than 3 ms"
    assert choose([plain(limits=limits), slow], limits) == 0


def test_where_nothing_is_within_the_limits_every_form_is_told() -> None:
    limits = Limits(max_drop=0.005, max_bytes=100)
    options = [plain(limits=limits), judged(variant("int8"), limits=limits)]
    with pytest.raises(
        ReleaseError,
        match=r"closest is int8 \(250 bytes, 1 ms\): larger.*; then float \(1 kB, 2 ms\): larger than 100",
    ):
        choose(options, limits)


def test_the_closest_is_one_that_could_be_shipped() -> None:
    """On a server, no form whose answers hang on other rows; and the limit missed most counts."""
    limits = Limits(max_drop=0.005, max_bytes=100, max_latency_ms=0.5)
    anew = judged(variant("int8 dynamic", size=110, scaled_anew=True), timing(milliseconds=0.5), limits)
    small = judged(variant("small", size=120), timing(milliseconds=5.0), limits)
    quick = judged(variant("quick", size=300), timing(milliseconds=0.5), limits)
    with pytest.raises(ReleaseError, match="closest is quick"):
        choose([plain(limits=limits), anew, small, quick], limits)


def test_a_person_may_take_a_form_that_the_gates_would_not() -> None:
    loses = judged(variant("pruned 90%, int8 static", drop=estimate(0.03, 0.02, 0.04)))
    options = [plain(), loses]
    assert choose(options, HALF_A_POINT) == 0
    for name in ("pruned 90%, int8 static", "Pruned-90-int8-STATIC"):
        assert choose(options, HALF_A_POINT, by_hand=name) == 1
    assert choose([plain(), judged(variant("int8"))], HALF_A_POINT, by_hand="float") == 0


def test_a_form_taken_by_hand_must_exist_be_within_the_limits_and_answer_for_itself() -> None:
    with pytest.raises(ReleaseError, match="--variant with 'float', 'int8'"):
        choose([plain(), judged(variant("int8"))], HALF_A_POINT, by_hand="int4")
    limits = Limits(max_drop=0.005, max_bytes=100)
    with pytest.raises(ReleaseError, match="larger than 100 bytes"):
        choose([plain(limits=limits), judged(variant(), limits=limits)], limits, by_hand="int8")
    anew = [plain(), judged(variant(scaled_anew=True))]
    with pytest.raises(ReleaseError, match="--to browser"):
        choose(anew, HALF_A_POINT, by_hand="int8")
    assert choose(anew, Limits(max_drop=0.005, batched=False), by_hand="int8") == 1


def test_nobodys_answer_may_hang_on_what_others_ask() -> None:
    together, one_by_one = Limits(max_drop=0.005), Limits(max_drop=0.005, batched=False)
    for limits, chosen in ((together, 0), (one_by_one, 1)):
        scaled_anew = judged(variant(scaled_anew=True), limits=limits)
        assert not scaled_anew.steady
        assert ("depend on the rows" in scaled_anew.reason) == limits.batched
        assert choose([plain(), scaled_anew], limits) == chosen
