"""Device: a model as files for LiteRT, and what its integer form costs."""

from __future__ import annotations

from modelwright.records._blob import Blob
from modelwright.records._optimised import Option
from modelwright.records._verdict import Estimate
from modelwright.records._wire import record


@record
class Integers:
    """A device's file of 8-bit integers, judged against its float file.

    Args:
        option: the file, its time here, and whether it passed both gates.
        rows, relative: as of `Variants`. max_drop: what its drop was held to.
        machine: where it was timed, with which library.
    """

    option: Option
    rows: int
    relative: bool
    max_drop: float
    machine: str

    @property
    def kept(self) -> bool:
        """Whether it goes out beside the float file."""
        return self.option.accurate and self.option.faster


@record
class Device:
    """A release as files for LiteRT, for one row at a time.

    Args:
        name: the release's version label.
        files: the folder, file name -> content.
        operators: the built-in operators its runtime needs -> how often each is applied.
        float_bytes: size of the float model's file.
        integers: the int8 form; None where none could be made, and `no_integers` says why.
    """

    name: str
    files: dict[str, Blob]
    size_bytes: int
    operators: dict[str, int]
    float_bytes: int
    integers: Integers | None = None
    no_integers: str = ""


@record
class Rounded:
    """What a device's int8 file answers to a certificate's rows: held to its drop, not to the limit.

    Args:
        drop, relative, rows: as gated before (see `Integers`).
        max_difference: from the trained model's answers, in the certificate's unit.
        disagreements: rows with another class; None where there are no classes.
        share: its size to the float file's. time: its time to the float file's, here.
    """

    drop: Estimate
    relative: bool
    rows: int
    max_difference: float
    disagreements: int | None
    share: float
    time: Estimate
