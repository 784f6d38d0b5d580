"""Is a device's int8 file as good as its float one, and faster? On rows that neither was trained on."""

from __future__ import annotations

import gzip
from functools import partial
from typing import Any

import numpy as np

from modelwright.deploy.gates import Limits, judge
from modelwright.deploy.losses import Judge, Outputs
from modelwright.deploy.optimise import MAX_DROP
from modelwright.deploy.timed_forms import TIMED_ROWS
from modelwright.deploy.timing import this_machine, time_in_turns
from modelwright.deploy.unseen import Development, development_of, models_without
from modelwright.deploy.variants import FLOAT, GZIP_LEVEL
from modelwright.engine.columns import Rows
from modelwright.engine.model import Model, save
from modelwright.errors import ExportError, UndefinedMeasure
from modelwright.records import Bench, Desk, Final, Integers, Option, Variant

INT8 = "int8"
RUNTIME = "ai-edge-litert"


def judged(desk: Desk, bench: Bench, final: Final, model: Model, plain: bytes) -> tuple[Integers | None, str]:
    """The int8 form of a file through the gates of accuracy and time; or none, and why.

    Args:
        plain: the float file.
    """
    from modelwright.exporters.litert.quantising import quantise

    development = development_of(desk, bench)
    try:
        small = quantise(plain)
        desk.note("seeing what integers lose on rows not trained on")
        option = _option(desk, development, final, model, plain, small)
    except (ExportError, UndefinedMeasure) as error:
        return None, error.received
    rows, relative = len(development.validated), Judge.of(development, None).relative
    found = Integers(
        option=option, rows=rows, relative=relative, max_drop=MAX_DROP, machine=this_machine(RUNTIME)
    )
    return found, "" if found.kept else option.reason


def _option(
    desk: Desk, development: Development, final: Final, model: Model, plain: bytes, small: bytes
) -> Option:
    kinds = _unseen_answers(development, final)
    judging = Judge.of(development, kinds[FLOAT])
    rows = development.usable
    received, expected = (answers(model, data, development, rows) for data in (small, plain))
    variant = Variant(
        name=INT8,
        graph=desk.keep(small, "bytes"),
        model=desk.keep(save(model), "bytes"),
        size_bytes=len(small),
        gzip_bytes=len(gzip.compress(small, GZIP_LEVEL, mtime=0)),
        integers=True,
        sparsity=0.0,
        drop=judging.drop(kinds[INT8], learnt=False),
        file_drop=judging.plain_drop(rows, received, expected),
        largest_difference=float(
            (np.abs(received - expected) / model.trained.arrays.get("scale", 1.0)).max()
        ),
        scaled_anew=False,  # by row, and each is asked alone
        companions=0.0,
    )
    timing = _timed(model, development, plain, small)[INT8]
    limits = Limits(max_drop=MAX_DROP, batched=False)
    return judge(variant, timing, limits, is_float=False, relative=judging.relative)


def _unseen_answers(development: Development, final: Final) -> dict[str, Outputs]:
    """Both forms' answers to all validated rows, by models that never saw them."""
    from modelwright.exporters.litert.model import export_litert
    from modelwright.exporters.litert.quantising import quantise

    parts: dict[str, list[Outputs]] = {FLOAT: [], INT8: []}
    places: list[Rows] = []
    for model, _, rows in models_without(development, final.recipe):
        plain = export_litert(model)
        for name, data in ((FLOAT, plain), (INT8, quantise(plain))):
            parts[name].append(answers(model, data, development, rows))
        places.append(rows)
    by_row = np.argsort(np.concatenate(places), kind="stable")
    return {name: np.concatenate(some)[by_row] for name, some in parts.items()}


def answers(model: Model, data: bytes, development: Development, rows: Rows) -> Outputs:
    """What a file answers, in a process of its own: probabilities or values (rows, outputs)."""
    from modelwright.exporters.litert.model import inputs_of
    from modelwright.exporters.litert.running import ask, outputs_of, tensors_of

    said = ask(data, inputs_of(model), tensors_of(model, development.columns, rows))
    return outputs_of(model, said.raw)


def _timed(model: Model, development: Development, plain: bytes, small: bytes) -> Any:
    from modelwright.exporters.litert.running import Running, tensors_of

    rows = development.usable[:TIMED_ROWS]
    chunks = list(tensors_of(model, development.columns, rows))
    feeds = [
        {name: values[row : row + 1] for name, values in chunk.items()}
        for chunk in chunks
        for row in range(len(next(iter(chunk.values()))))
    ]
    return time_in_turns(
        {name: partial(Running, data) for name, data in ((FLOAT, plain), (INT8, small))}, feeds
    )
