"""Items and answers as Label Studio's JSON: tasks with annotations and predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from modelwright.records import Answer, Given, Item, Question, encode
from modelwright.sources.annotations.exchange import Annotations, Exchange, given_once, unreadable
from modelwright.sources.annotations.inside import name_inside

LOCAL_FILE = "/data/local-files/?d="
IMAGE = "image"
WHOLE = 100.0
"""Label Studio measures boxes in percent of the image."""

DECIMALS = 6
"""Percent are turned back to pixels to so many decimals: further ones are rounding alone."""


def read_label_studio(path: Path, name: str, question: Question) -> Exchange:
    """Tasks of a JSON export.

    Raises:
        SourceError: the file is no such export, or its answers are of another kind.
    """
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise unreadable(name, "Label Studio's JSON", str(error)) from None
    if not isinstance(tasks, list) or not all(isinstance(t, dict) and "data" in t for t in tasks):  # pyright: ignore[reportUnknownVariableType]  # JSON may be anything
        raise unreadable(name, "a list of tasks, each with `data`", "other JSON")
    try:
        items = [_item(task, place, question) for place, task in enumerate(tasks)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # JSON may be anything
        given = [one for task, item in zip(tasks, items, strict=True) for one in _given(task, item, question)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # as above
    except (KeyError, TypeError, AttributeError) as error:
        raise unreadable(
            name, f"answers of the kind {question.kind}", f"{type(error).__name__} {error}"
        ) from None
    return Exchange(items=iter(items), given=iter(given))


def write_label_studio(path: Path, annotations: Annotations) -> None:
    """Write tasks that Label Studio imports, with every annotator's answer."""
    answers = annotations.by_item()
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for place, item in enumerate(annotations.items):
            task = _task(place + 1, item, answers.get(item.key, []), annotations.question)
            file.write(("," if place else "") + "\n" + json.dumps(task, ensure_ascii=False))
        file.write("\n]\n")


def _item(task: dict[str, Any], place: int, question: Question) -> Item:
    data = dict(task["data"])
    shown = data.pop(IMAGE, "") or ""
    meta = task.get("meta") or {}
    image = name_inside(shown.removeprefix(LOCAL_FILE)) if shown else ""
    width, height = _size(task, meta)
    sized = (width, height)
    truths = [one for one in task.get("annotations", ()) if one.get("ground_truth")]
    guesses = task.get("predictions") or ()
    return Item(
        key=str(meta.get("key", task.get("id", place))),
        content={name: _text(value) for name, value in data.items()},
        image=image,
        width=width,
        height=height,
        gold=_value(truths[0]["result"], question, sized) if truths else None,
        prelabel=_value(guesses[0]["result"], question, sized) if guesses else None,
        probabilities=tuple(meta.get("probabilities", ())),
    )


def _given(task: dict[str, Any], item: Item, question: Question) -> Iterator[Given]:
    for one in task.get("annotations", ()):
        if one.get("ground_truth"):
            continue
        skipped = bool(one.get("was_cancelled"))
        act = "skip" if skipped else one.get("act", "answer")
        yield given_once(
            Given(
                answer_id=one.get("unique_id") or "",
                annotator=_who(one.get("completed_by")),
                act=act,
                key=item.key,
                value=None if skipped else _value(one["result"], question, (item.width, item.height)),
                reason=one.get("skip_reason") or ("skipped in Label Studio" if skipped else ""),
                seconds=one.get("lead_time"),
            )
        )


def _value(result: Sequence[dict[str, Any]], question: Question, size: tuple[int | None, int | None]) -> Any:
    values = [part["value"] for part in result if "value" in part]
    if question.kind == "boxes":
        return [_box(part, size) for part in result if "rectanglelabels" in part.get("value", {})]
    if question.kind == "scalar":
        value = values[0]
        return float(value["number"] if "number" in value else value["rating"])
    chosen = [label for value in values for label in value["choices"]]
    return chosen[0] if question.kind == "single" else sorted(chosen)


def _box(part: dict[str, Any], size: tuple[int | None, int | None]) -> dict[str, Any]:
    width, height = part.get("original_width") or size[0], part.get("original_height") or size[1]
    if not width or not height:
        raise KeyError("original_width")
    wide, high = width / WHOLE, height / WHOLE
    value = part["value"]
    return {
        "label": value["rectanglelabels"][0],
        "x": round(value["x"] * wide, DECIMALS),
        "y": round(value["y"] * high, DECIMALS),
        "width": round(value["width"] * wide, DECIMALS),
        "height": round(value["height"] * high, DECIMALS),
    }


def _size(task: dict[str, Any], meta: dict[str, Any]) -> tuple[int | None, int | None]:
    parts = [part for one in task.get("annotations", ()) for part in one.get("result", ())]
    sized = next((part for part in parts if part.get("original_width")), {})
    return meta.get("width", sized.get("original_width")), meta.get("height", sized.get("original_height"))


def _who(completed_by: Any) -> str:
    if isinstance(completed_by, dict):
        return str(completed_by.get("email") or completed_by.get("id"))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # JSON may be anything
    return str(completed_by)


def _text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _task(number: int, item: Item, answers: Sequence[Answer], question: Question) -> dict[str, Any]:
    meta: dict[str, Any] = {"key": item.key}
    if item.width is not None:
        meta |= {"width": item.width, "height": item.height}
    if item.probabilities:
        meta["probabilities"] = list(item.probabilities)
    data: dict[str, Any] = dict(item.content)
    if item.image:
        data[IMAGE] = LOCAL_FILE + item.image
    annotations = [_annotation(answer, item, question) for answer in answers]
    if item.gold is not None:
        truth = {"completed_by": "gold", "ground_truth": True, "result": _result(item.gold, item, question)}
        annotations.append(truth)
    guesses = [] if item.prelabel is None else [{"result": _result(item.prelabel, item, question)}]
    return {"id": number, "data": data, "meta": meta, "annotations": annotations, "predictions": guesses}


def _annotation(answer: Answer, item: Item, question: Question) -> dict[str, Any]:
    skipped = answer.act == "skip"
    written: dict[str, Any] = {
        "unique_id": answer.answer_id,
        "completed_by": answer.annotator,
        "act": answer.act,
        "was_cancelled": skipped,
        "lead_time": answer.seconds,
        "created_at": answer.at_utc,
        "result": [] if skipped else _result(answer.value, item, question),
    }
    return {**written, "skip_reason": answer.reason} if answer.reason else written


def _result(value: Any, item: Item, question: Question) -> list[dict[str, Any]]:
    to = IMAGE if item.image else next(iter(item.content), "text")
    named = {"from_name": question.target, "to_name": to}
    if question.kind == "boxes":
        return [{**named, **_rectangle(box, item)} for box in json.loads(encode(value))]
    if question.kind == "scalar":
        return [{**named, "type": "number", "value": {"number": value}}]
    chosen = [value] if question.kind == "single" else list(value)
    return [{**named, "type": "choices", "value": {"choices": chosen}}]


def _rectangle(box: dict[str, Any], item: Item) -> dict[str, Any]:
    if not item.width or not item.height:
        raise unreadable(
            f"image {item.image!r}", "its size in pixels, as Label Studio measures in percent", "none"
        )
    return {
        "type": "rectanglelabels",
        "original_width": item.width,
        "original_height": item.height,
        "value": {
            "x": box["x"] / item.width * WHOLE,
            "y": box["y"] / item.height * WHOLE,
            "width": box["width"] / item.width * WHOLE,
            "height": box["height"] / item.height * WHOLE,
            "rotation": 0,
            "rectanglelabels": [box["label"]],
        },
    }
