"""Optimised: the forms a confirmed model can be shipped in, what each costs, and the chosen one."""

from __future__ import annotations

from modelwright.records._blob import Blob
from modelwright.records._task import Target
from modelwright.records._verdict import Estimate
from modelwright.records._wire import record


@record
class Variant:
    """One form of a model.

    Args:
        name: ``float`` (as trained) or what was done to it, e.g. ``pruned, int8 dynamic``.
        graph: the ONNX file. model: the trained model it was written from (`engine.load` reads it).
        size_bytes: of the file. gzip_bytes: as a web server sends it.
        integers: whether weights were made integers: its answers are its own, no longer the model's.
        sparsity: share of zeros among the large weights.
        drop: how much worse it answers rows that neither it nor the float model was trained on; positive =
            worse; in points of the measure, or as a share of the float model's error.
        file_drop: the same between this very file and the same weights before they were made integers, on
            the rows the final model was trained on; 0 where nothing was made integers.
        largest_difference: between the answers of those two, in probability or in standard deviations of
            the target.
        scaled_anew: whether integers are scaled anew in every call, by the largest value among its rows: a
            row's answer then depends on the rows answered with it.
        companions: mean difference, in the same unit, between the answer to a row alone and among others.
    """

    name: str
    graph: Blob
    model: Blob
    size_bytes: int
    gzip_bytes: int
    integers: bool
    sparsity: float
    drop: Estimate
    file_drop: float
    largest_difference: float
    scaled_anew: bool
    companions: float


@record
class Variants:
    """All forms that could be made.

    Args:
        variants: ``float`` first.
        rows: on which `Variant.drop` was measured.
        relative: whether drops are shares of the float model's error; else they are points of the measure.
        left_out: forms that could not be made, each with the reason: ``"pruned: no large weights"``.
    """

    variants: tuple[Variant, ...]
    rows: int
    relative: bool
    left_out: tuple[str, ...] = ()


@record
class Timing:
    """How long one row takes: a fact measured once, on the machine that `Optimised` names.

    Args:
        milliseconds: median. ratio: to the float file's, measured in turns with it; below 1 is faster.
    """

    milliseconds: float
    ratio: Estimate


@record
class Timings:
    """The times of all forms.

    Args:
        times: by name. machine: where they were taken, in which program, on how many threads.
    """

    times: dict[str, Timing]
    machine: str


@record
class Option:
    """A variant, timed and judged.

    Args:
        accurate: whether the drop is shown to be within the limit.
        faster: whether it is shown to be faster than the float file.
        steady: whether a row's answer is its own, whatever rows are answered with it.
        fits: whether it is within the limits on bytes and milliseconds.
        reason: what was decided of it, and why.
    """

    variant: Variant
    timing: Timing
    accurate: bool
    faster: bool
    steady: bool
    fits: bool
    reason: str


@record
class Optimised:
    """The options, and the one to ship.

    Args:
        chosen: index into `options`.
        rows, relative: as of the `Variants`.
        target: where it will answer; it is timed there. by_hand: whether a person named the chosen one.
        max_drop, max_bytes, max_latency_ms: the limits they were held to; None where there was none.
        machine: where they were timed, in which program, on how many threads.
    """

    options: tuple[Option, ...]
    chosen: int
    rows: int
    relative: bool
    target: Target
    by_hand: bool = False
    max_drop: float
    max_bytes: int | None = None
    max_latency_ms: float | None = None
    machine: str
    left_out: tuple[str, ...] = ()

    @property
    def best(self) -> Option:
        """The chosen option."""
        return self.options[self.chosen]

    @property
    def form(self) -> Variant | None:
        """What is shipped instead of the model as trained; None where that is shipped."""
        return self.best.variant if self.chosen else None
