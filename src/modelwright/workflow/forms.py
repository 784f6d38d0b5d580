"""In which form does the model go to each place? As trained, unless limits or a person call for another."""

from __future__ import annotations

import json
from dataclasses import dataclass

from modelwright.deploy.browser.build import program_files
from modelwright.deploy.browser.finding import find_browser
from modelwright.deploy.certify import certify
from modelwright.deploy.limits import BYTES_A_MEGABYTE
from modelwright.deploy.optimise import MAX_DROP, optimise
from modelwright.deploy.packing import serving_code
from modelwright.deploy.timing import this_machine
from modelwright.errors import UsageError
from modelwright.project import Project
from modelwright.records import Bench, Constraints, Optimised, Study, Target, Variant, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class FormWishes:
    """What a person allows, or wants.

    Args:
        max_bytes: of the model's file. max_latency_ms: of one row.
        max_drop: in points of the measure (0.005 is half a point), or as a share of the error.
        by_hand: name of the form to ship.
    """

    max_bytes: int | None = None
    max_latency_ms: float | None = None
    max_drop: float = MAX_DROP
    by_hand: str = ""

    def __post_init__(self) -> None:
        limits = {"--max-bytes": self.max_bytes, "--max-latency-ms": self.max_latency_ms}
        for where, limit in {**limits, "--max-drop": self.max_drop}.items():
            if limit is not None and not 0 < limit < float("inf"):
                raise UsageError(
                    where=where,
                    expected="a number above 0",
                    received=f"{limit}",
                    do_this="Give a limit such as --max-bytes 500000, --max-latency-ms 2, --max-drop 0.5.",
                )


def wishes_of(wishes: FormWishes | None, constraints: Constraints) -> FormWishes | None:
    """What is wished for: by a person, or else by a task that limits size or latency; None where neither."""
    limited = constraints.max_size_megabytes is not None or constraints.max_latency_milliseconds is not None
    return FormWishes() if wishes is None and limited else wishes


def optimised_for(
    door: Project,
    bench: Bench,
    confirmed: Study,
    target: Target,
    wishes: FormWishes,
    constraints: Constraints,
) -> Optimised:
    """Every form for this place, and the one that goes there.

    Args:
        bench: without its constraints, so that a change of them trains nothing anew.

    Raises:
        ReleaseError: none is within the limits of the person and of the task.
    """
    browser = find_browser() if target == "browser" else None
    max_bytes = _stricter(wishes.max_bytes, _room(constraints, target))
    return door.run(
        optimise,
        bench,
        confirmed,
        target=target,
        by_hand=wishes.by_hand,
        max_bytes=None if max_bytes is None else int(max_bytes),
        max_latency_ms=_stricter(wishes.max_latency_ms, constraints.max_latency_milliseconds),
        max_drop=wishes.max_drop,
        machine=this_machine() if browser is None else f"{browser}, {this_machine()}",
    )


def form_shipped(door: Project, confirmed: Study) -> Variant | None:
    """The form in which this very model last went to a server, so that another `run` leaves it there."""
    entry = door.entry(certify)
    if entry is None or json.loads(entry.inputs)[1] != digest(confirmed):
        return None
    found = entry.record.forms.get("server")
    return None if found is None else found.form


def _room(constraints: Constraints, target: Target) -> int | None:
    """Bytes that the task leaves for the model's file, once what goes with every model is taken off.

    What depends on the data (schema, golden rows) is a few kB more; the folder is weighed when it is made.
    """
    most = constraints.max_size_megabytes
    if most is None:
        return None
    beside = program_files() if target == "browser" else serving_code()
    return max(1, round(most * BYTES_A_MEGABYTE) - sum(map(len, beside.values())))


def _stricter(one: float | None, other: float | None) -> float | None:
    return min((limit for limit in (one, other) if limit is not None), default=None)
