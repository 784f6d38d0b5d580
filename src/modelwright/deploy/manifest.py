"""What a release says of itself, put together from the records."""

from __future__ import annotations

import re
from importlib.metadata import version

from modelwright.records import Bench, Column, Final
from modelwright.serving.manifest import FORMAT, Field, Manifest

SERVING_LIBRARIES = ("numpy", "onnxruntime", "msgspec", "uvicorn")


def manifest_of(bench: Bench, final: Final, columns: tuple[str, ...], *, name: str = "") -> Manifest:
    """The manifest of a confirmed model, without the digests of its files.

    Args:
        columns: what the model reads, in the order of the graph's inputs.
        name: the release's version label.
    """
    task, dataset, score = bench.task, bench.dataset, final.test_score
    return Manifest(
        format=FORMAT,
        name=name,
        kind=task.kind,
        classes=dataset.classes,
        targets=task.targets,
        positive_class=dataset.classes[-1] if task.kind == "binary" else None,
        threshold=final.threshold,
        measure={
            "name": bench.measure.name,
            "title": bench.measure.title,
            "goal": bench.measure.goal,
            "value": score.value,
            "low": score.low,
            "high": score.high,
            "level": score.level,
            "rows": final.test_rows,
        },
        inputs=tuple(field_of(bench, column, f"column_{place}") for place, column in enumerate(columns)),
        question=task.question,
        trained_rows=final.rows,
        sensitive=task.constraints.sensitive,
        versions={library: version(library) for library in ("modelwright", *SERVING_LIBRARIES)},
    )


def field_of(bench: Bench, name: str, tensor: str) -> Field:
    """One column as a field of raw rows."""
    column = bench.dataset.column(name)
    return Field(
        name=name,
        tensor=tensor,
        dtype=column.dtype,
        required=not may_be_absent(bench, column),
        date_format=(column.date_format or "iso") if column.dtype == "date" else None,
        missing_tokens=column.missing_tokens,
    )


def may_be_absent(bench: Bench, column: Column) -> bool:
    """Whether rows without the column are answered: it had missing values, or the task says it may."""
    declared = any(one.name == column.name and one.may_be_missing for one in bench.task.inputs)
    return declared or column.missing > 0


def safe_name(name: str) -> str:
    """The name with everything but letters, digits, dots and dashes made a dash."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
