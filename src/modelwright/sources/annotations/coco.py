"""Boxes on images as COCO's JSON: images, categories, annotations; who drew a box stands beside it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelwright.errors import UsageError
from modelwright.records import Given, Item, Question, encode
from modelwright.sources.annotations.exchange import Annotations, Exchange, given_once, unreadable
from modelwright.sources.annotations.inside import name_inside

FOREIGN = "COCO file"
"""Whoever drew the boxes of a file that does not say it."""


def read_coco(path: Path, name: str, question: Question) -> Exchange:
    """Images and their boxes.

    Raises:
        SourceError: the file is not COCO's.
        UsageError: the question is not about boxes.
    """
    _require_boxes(question)
    try:
        held = json.loads(path.read_text(encoding="utf-8-sig"))
        names = {one["id"]: one["name"] for one in held["categories"]}
        items = {one["id"]: _item(one) for one in held["images"]}
        given = list(_given(held, items, names))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise unreadable(name, "COCO's JSON", f"{type(error).__name__} {error}") from None
    return Exchange(items=iter(items.values()), given=iter(given))


def coco_labels(path: Path) -> tuple[str, ...]:
    """The categories' names, in the file's order; none where it is not COCO's."""
    try:
        return tuple(one["name"] for one in json.loads(path.read_text(encoding="utf-8-sig"))["categories"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def write_coco(path: Path, annotations: Annotations) -> None:
    """Write every annotator's boxes; an image that somebody found empty says who did.

    Raises:
        UsageError: the question is not about boxes.
    """
    _require_boxes(annotations.question)
    numbers = {label: place + 1 for place, label in enumerate(annotations.question.labels)}
    answers = annotations.by_item()
    images: list[dict[str, Any]] = []
    boxes: list[dict[str, Any]] = []
    for place, item in enumerate(annotations.items, start=1):
        given = [one for one in answers.get(item.key, ()) if one.act != "skip"]
        images.append(_image(place, item, [(one.answer_id, one.annotator, one.act) for one in given]))
        for one in given:
            for box in json.loads(encode(one.value)):
                boxes.append(_annotation(len(boxes) + 1, place, numbers, box, one.answer_id))
    categories = [{"id": number, "name": label} for label, number in numbers.items()]
    written = {"images": images, "annotations": boxes, "categories": categories}
    path.write_text(json.dumps(written, ensure_ascii=False) + "\n", encoding="utf-8")


def _item(image: dict[str, Any]) -> Item:
    return Item(
        key=str(image.get("key", image["id"])),
        content=image.get("content", {}),
        image=name_inside(image["file_name"]),
        width=image.get("width"),
        height=image.get("height"),
        gold=image.get("gold"),
        prelabel=image.get("prelabel"),
    )


def _given(held: dict[str, Any], items: dict[Any, Item], names: dict[Any, str]) -> Iterator[Given]:
    drawn: defaultdict[tuple[Any, str], list[dict[str, Any]]] = defaultdict(list)
    for one in held.get("annotations", ()):
        x, y, width, height = one["bbox"]
        box = {"label": names[one["category_id"]], "x": x, "y": y, "width": width, "height": height}
        drawn[one["image_id"], one.get("answer_id", "")].append(box)
    for image in held["images"]:
        foreign: list[Any] = [("", FOREIGN, "answer")] if (image["id"], "") in drawn else []
        said: list[Any] = [*image.get("answers", ()), *foreign]
        for answer_id, annotator, act in said:
            value = drawn[image["id"], answer_id]
            key = items[image["id"]].key
            yield given_once(Given(answer_id=answer_id, annotator=annotator, act=act, key=key, value=value))


def _image(number: int, item: Item, answers: list[tuple[str, str, str]]) -> dict[str, Any]:
    written = {
        "id": number,
        "key": item.key,
        "file_name": item.image,
        "width": item.width,
        "height": item.height,
        "content": item.content,
        "answers": answers,
    }
    for name in ("gold", "prelabel"):
        value = getattr(item, name)
        if value is not None:
            written[name] = json.loads(encode(value))
    return written


def _annotation(
    number: int, image: int, numbers: dict[str, int], box: dict[str, Any], answer_id: str
) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": image,
        "category_id": numbers[box["label"]],
        "bbox": [box["x"], box["y"], box["width"], box["height"]],
        "area": box["width"] * box["height"],
        "iscrowd": 0,
        "answer_id": answer_id,
    }


def _require_boxes(question: Question) -> None:
    if question.kind != "boxes":
        raise UsageError(
            where="--format coco",
            expected="an annotation of boxes on images",
            received=f"one of the kind {question.kind}",
            do_this="Choose csv, jsonl or label-studio.",
        )
