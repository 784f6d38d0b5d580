"""A data card: what the files hold, column by column, in Croissant, which other tools read."""

from __future__ import annotations

import json
import re
from typing import Any

from modelwright.deploy.report.wording import clean
from modelwright.records import Column, DataCard, Dataset, Desk, Ingest, Source, Task, step

FILE = "croissant.json"
CONFORMS_TO = "http://mlcommons.org/croissant/1.1"

REQUIRED = ("license", "creator", "url", "datePublished")
"""What the standard asks of every data set and no file says of itself."""

_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification recommends (appendix 1)."""

_MEDIA = {"csv": "text/csv", "parquet": "application/x-parquet", "jsonl": "application/jsonl"}
_TYPES = {"number": "sc:Float", "date": "sc:DateTime", "string": "sc:Text"}
_MOST_LETTERS = 4_000
"""Names longer than that help nobody find a column."""


@step(version=1)
def describe_data(
    desk: Desk,
    task: Task,
    dataset: Dataset,
    source: Source,
    test: Source | None = None,
    *,
    told: dict[str, str],
) -> DataCard:
    """Describe the data files as a Croissant 1.1 data set.

    Args:
        source: the data file. test: a separate file of test rows.
        told: what no file says of itself: license, creator, url, datePublished, version, citeAs.

    Source:
        MLCommons, "Croissant format specification", version 1.1 (2026).
    """
    files = [_file(source, dataset.ingest, "data")]
    if test is not None:
        files.append(_file(test, dataset.test_ingest or dataset.ingest, "test-data"))
    described = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": CONFORMS_TO,
        "name": _written(told.get("name") or source.name),
        "description": _described(task, dataset),
        **_known(told),
        "distribution": files,
        "recordSet": [_records(dataset, one["@id"]) for one in files],
    }
    text = json.dumps(described, ensure_ascii=False, indent=2).encode("utf-8", errors="replace")
    return DataCard(croissant=desk.keep(text, "bytes"), unknown=tuple(n for n in REQUIRED if not told.get(n)))


def _known(told: dict[str, str]) -> dict[str, Any]:
    plain = {name: _written(told[name]) for name in told if told[name] and name not in ("name", "creator")}
    creator = told.get("creator")
    return (
        plain
        if not creator
        else {**plain, "creator": {"@type": "sc:Organization", "name": _written(creator)}}
    )


def _described(task: Task, dataset: Dataset) -> str:
    sensitive = " The data are sensitive." if task.constraints.sensitive else ""
    targets = ", ".join(task.targets)
    return _written(
        f"{dataset.rows:,} labelled rows of {len(dataset.columns)} columns, to predict {targets}. "
        f"{task.question}{sensitive}"
    )


def _file(source: Source, ingest: Ingest, name: str) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": _written(source.name),
        "contentUrl": _written(source.name),
        "contentSize": f"{source.file.size_bytes} B",
        "encodingFormat": _MEDIA[ingest.format],
        "sha256": source.file.digest,
    }


def _records(dataset: Dataset, file: str) -> dict[str, Any]:
    name = "rows" if file == "data" else "test-rows"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "One record a row of the file.",
        "field": [_field(column, f"{name}/{at}", file) for at, column in enumerate(dataset.columns, start=1)],
    }


def _field(column: Column, name: str, file: str) -> dict[str, Any]:
    """A column. Its id is made of letters and digits alone: it is an address, and names may hold anything."""
    letters = re.sub(r"[^A-Za-z0-9]+", "-", column.name)[:40].strip("-").lower()
    missing = f"; {column.missing:,} missing" if column.missing else ""
    return {
        "@type": "cr:Field",
        "@id": f"{name}-{letters}" if letters else name,
        "name": _written(column.name),
        "description": _written(f"{column.role}: {column.reason}{missing}"),
        "dataType": _TYPES[column.dtype],
        "source": {"fileObject": {"@id": file}, "extract": {"column": column.name}},
    }


def _written(text: str) -> str:
    return clean(text[:_MOST_LETTERS])
