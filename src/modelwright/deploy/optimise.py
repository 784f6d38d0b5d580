"""Which form of the model is shipped? The smallest that answers as well and is faster here (6.3.2)."""

from __future__ import annotations

from functools import partial

from modelwright.deploy.gates import Limits, choose, judge
from modelwright.deploy.timing import this_machine, time_in_turns
from modelwright.deploy.unseen import development_of
from modelwright.deploy.variants import make_variants
from modelwright.engine.model import load
from modelwright.records import Bench, Desk, Optimised, Study, Timing, Variants, step

MAX_DROP = 0.005
"""Half a point of the measure, or half a percent of the float model's error."""

SPARSITY = 0.9
"""Large sparse networks outdo dense ones as small (Zhu and Gupta 2017); the gate says if this does."""

TIMED_ROWS = 11


@step(version=1)
def optimise(
    desk: Desk,
    bench: Bench,
    confirmed: Study,
    *,
    max_bytes: int | None = None,
    max_latency_ms: float | None = None,
    max_drop: float = MAX_DROP,
    batched: bool = True,
    sparsity: float = SPARSITY,
    machine: str = "",
) -> Optimised:
    """Make the model smaller and faster where that costs nothing that shows.

    A form is kept if it passes two gates: the interval of its drop on validation rows ends within
    `max_drop`, and it is shown to be faster than the float file here. Where rows are answered together, its
    answer to a row must not depend on the others either. Of those kept that are within the
    limits and materially smaller or faster, the one with the smallest download is chosen; else the float one.

    Args:
        max_bytes: of the ONNX file. max_latency_ms: for one row, here, on one thread.
        max_drop: in points of the measure (0.005 is half a point), or as a share of the error.
        batched: whether rows of several callers are answered together, as our server does; a page or a
            device answers one at a time.
        sparsity: share of each large weight that pruning sets to 0.
        machine: what `this_machine` says. Times are facts of one machine and one moment, and are recalled
            with the record; where the machine is given, another one measures anew.

    Raises:
        ReleaseError: nothing was confirmed, or no form is within the limits.

    Source:
        Deep Learning with Python, section 6.3.2, "Inference model optimization".
    """
    made = desk.once(make_variants, bench, confirmed, sparsity=sparsity)
    timings = _timed(desk, bench, made)
    limits = Limits(max_drop=max_drop, max_bytes=max_bytes, max_latency_ms=max_latency_ms, batched=batched)
    options = tuple(
        judge(one, timings[one.name], limits, is_float=place == 0, relative=made.relative)
        for place, one in enumerate(made.variants)
    )
    chosen = choose(options, limits)
    desk.note(f"shipping the model as {options[chosen].variant.name}")
    return Optimised(
        options=options,
        chosen=chosen,
        rows=made.rows,
        relative=made.relative,
        batched=batched,
        max_drop=max_drop,
        max_bytes=max_bytes,
        max_latency_ms=max_latency_ms,
        machine=machine or this_machine(),
        left_out=made.left_out,
    )


def _timed(desk: Desk, bench: Bench, made: Variants) -> dict[str, Timing]:
    """Every form's time for one row, on rows that development may use."""
    from modelwright.exporters.running import Running, feeds_of  # onnxruntime loads only when needed

    development = development_of(desk, bench)
    rows = development.usable[:TIMED_ROWS]
    # All forms read the same columns in the same order: they share one preparation.
    preparation = load(desk.read(made.variants[0].model)).preparation
    feeds = list(feeds_of(preparation, development.columns, rows, batch=1))
    desk.note("timing each form")
    graphs = {one.name: desk.read(one.graph) for one in made.variants}
    return time_in_turns({name: partial(Running, graph) for name, graph in graphs.items()}, feeds)
