"""Which form of the model is shipped? The smallest that answers as well and is faster here (6.3.2)."""

from __future__ import annotations

from modelwright.deploy.gates import Limits, choose, judge
from modelwright.deploy.timed_forms import time_forms
from modelwright.deploy.variants import make_variants
from modelwright.records import Bench, Desk, Optimised, Study, Target, step

MAX_DROP = 0.005
"""Half a point of the measure, or half a percent of the float model's error."""

SPARSITY = 0.9
"""Large sparse networks outdo dense ones as small (Zhu and Gupta 2017); the gate says if this does."""


@step(version=2)
def optimise(
    desk: Desk,
    bench: Bench,
    confirmed: Study,
    *,
    target: Target = "server",
    by_hand: str = "",
    max_bytes: int | None = None,
    max_latency_ms: float | None = None,
    max_drop: float = MAX_DROP,
    sparsity: float = SPARSITY,
    machine: str = "",
) -> Optimised:
    """Make the model smaller and faster where that costs nothing that shows.

    A form is kept if it passes two gates: the interval of its drop on validation rows ends within
    `max_drop`, and it is shown to be faster than the float file where it will answer. Where rows are answered
    together, as our server does, its answer to a row must not depend on the others either. Of those kept that
    are within the limits and materially smaller or faster, the one with the smallest download is chosen; else
    the float one.

    Args:
        target: where it will answer. Forms for the browser are timed in one, if one is found on this machine.
        by_hand: name of the form to ship whatever the gates say; the limits hold for it, too.
        max_bytes: of the ONNX file. max_latency_ms: for one row, here, on one thread.
        max_drop: in points of the measure (0.005 is half a point), or as a share of the error.
        sparsity: share of each large weight that pruning sets to 0.
        machine: what `this_machine` says; where it is given, another one measures anew.

    Raises:
        ReleaseError: nothing was confirmed, or no form is within the limits.

    Source:
        Deep Learning with Python, section 6.3.2, "Inference model optimization".
    """
    made = desk.once(make_variants, bench, confirmed, sparsity=sparsity)
    timed = desk.once(time_forms, bench, confirmed, made, target=target, machine=machine)
    limits = Limits(
        max_drop=max_drop, max_bytes=max_bytes, max_latency_ms=max_latency_ms, batched=target == "server"
    )
    options = tuple(
        judge(one, timed.times[one.name], limits, is_float=place == 0, relative=made.relative)
        for place, one in enumerate(made.variants)
    )
    chosen = choose(options, limits, by_hand=by_hand)
    desk.note(f"shipping the model to the {target} as {options[chosen].variant.name}")
    return Optimised(
        options=options,
        chosen=chosen,
        rows=made.rows,
        relative=made.relative,
        target=target,
        by_hand=bool(by_hand),
        max_drop=max_drop,
        max_bytes=max_bytes,
        max_latency_ms=max_latency_ms,
        machine=timed.machine,
        left_out=made.left_out,
    )
