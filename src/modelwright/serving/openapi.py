"""How is this model called, as an OpenAPI document? Made from the release's schema."""

from __future__ import annotations

import urllib.parse
from typing import Any

from .body import MAX_ROWS
from .datatypes import DATATYPES
from .manifest import Field, Manifest

VERSION = "3.1.0"
Part = dict[str, Any]


def openapi(manifest: Manifest, schema: Part, model: str, *, secured: bool) -> Part:
    """The OpenAPI document of a release.

    Args:
        schema: as `describe` made it; its example is the document's.
        model: the name under /v2/models.
        secured: whether callers must bring a bearer token.
    """
    document: Part = {
        "openapi": VERSION,
        "info": {"title": manifest.name, "version": manifest.name, "description": manifest.question},
        "paths": _paths(schema, model, secured),
        "components": {"schemas": _schemas(manifest)},
    }
    if secured:
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
    return document


def _paths(schema: Part, model: str, secured: bool) -> Part:
    base = f"/v2/models/{urllib.parse.quote(model)}"
    ask = _refused(400, 408, 413, 422, 500, 503)
    plain = _refused(500, 503)
    pages = {
        "/schema": "Fields, limits and an example.",
        "/openapi.json": "This document.",
        "/v2": "The server, by the Open Inference Protocol.",
        base: "Inputs and outputs, by the Open Inference Protocol.",
    }
    probes = {
        "/healthz": "Is the process alive?",
        "/readyz": "May it be sent requests? 503 once it is stopping.",
        "/v2/health/live": "Is the process alive?",
        "/v2/health/ready": "May it be sent requests? 503 once it is stopping.",
    }
    ready = {f"{base}/ready": "May the model be sent requests?"}
    locked = _refused(401) if secured else {}
    paths: Part = {
        "/predict": {"post": _predict(schema, {**ask, **locked})},
        f"{base}/infer": {"post": _infer(schema, {**ask, **locked})},
    }
    for path, says in {**pages, **ready}.items():
        paths[path] = {"get": _page(says, {**plain, **locked})}
    for path, says in probes.items():
        paths[path] = {"get": {**_page(says, plain), **({"security": []} if secured else {})}}
    paths["/metrics"] = {"get": _page("Counters for Prometheus.", {**plain, **locked}, "text/plain")}
    return paths


def _predict(schema: Part, refused: Part) -> Part:
    example = schema["example"]
    content: Part = {"schema": _one_or_many("Row")}
    if example:
        content["example"] = example["request"]
    return {
        "operationId": "predict",
        "summary": "Answer one row, or a list of rows.",
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": _json("One answer a row.", _one_or_many("Answer")), **refused},
    }


def _infer(schema: Part, refused: Part) -> Part:
    content: Part = {"schema": {"$ref": "#/components/schemas/InferenceRequest"}}
    if schema["example"]:
        content["example"] = _inference_example(schema)
    answer = _json("The outputs.", {"$ref": "#/components/schemas/InferenceResponse"})
    answer["content"]["application/octet-stream"] = {"schema": {"type": "string"}}
    return {
        "operationId": "infer",
        "summary": "Answer tensors, by the Open Inference Protocol (version 2, with binary tensors).",
        "requestBody": {"required": True, "content": {"application/json": content}},
        "responses": {"200": answer, **refused},
    }


def _inference_example(schema: Part) -> Part:
    row = schema["example"]["request"]
    numeric = {one["name"] for one in schema["fields"] if one["type"] == "number"}
    return {
        "inputs": [
            {
                "name": name,
                "shape": [1],
                "datatype": "FP64" if name in numeric and not isinstance(cell, str) else "BYTES",
                "data": [cell],
            }
            for name, cell in row.items()
        ]
    }


def _page(says: str, refused: Part, kind: str = "application/json") -> Part:
    schema: Part = {"type": "object"} if kind == "application/json" else {"type": "string"}
    answer = {"description": "OK", "headers": HEADERS, "content": {kind: {"schema": schema}}}
    return {"summary": says, "responses": {"200": answer, **refused}}


def _json(says: str, schema: Part) -> Part:
    return {"description": says, "headers": HEADERS, "content": {"application/json": {"schema": schema}}}


def _refused(*statuses: int) -> Part:
    problem = {"$ref": "#/components/schemas/Problem"}
    return {str(status): _json(REFUSALS[status], problem) for status in statuses}


def _one_or_many(name: str) -> Part:
    one = {"$ref": f"#/components/schemas/{name}"}
    return {"oneOf": [one, {"type": "array", "items": one, "maxItems": MAX_ROWS}]}


def _schemas(manifest: Manifest) -> Part:
    return {
        "Row": _row(manifest),
        "Answer": _answer(manifest),
        "Problem": PROBLEM,
        "InferenceRequest": INFERENCE_REQUEST,
        "InferenceResponse": INFERENCE_RESPONSE,
    }


def _row(manifest: Manifest) -> Part:
    return {
        "type": "object",
        "properties": {field.name: _cell(field) for field in manifest.inputs},
        "required": [field.name for field in manifest.inputs if field.required],
        "additionalProperties": False,
    }


def _cell(field: Field) -> Part:
    if field.dtype == "string":
        return {"type": ["string", "number", "boolean", "null"]}
    if field.dtype == "number" or field.date_format == "epoch":
        return {"type": ["number", "null"], "description": "A number, also as text."}
    return {"type": ["string", "null"], "description": f"A date: {field.date_format or 'iso'}."}


def _answer(manifest: Manifest) -> Part:
    properties: Part = {"model": {"type": "string"}, "prediction": {"type": "number"}}
    if manifest.kind == "vector_regression":
        properties["prediction"] = _numbers(manifest.targets)
    if manifest.classes:
        properties["prediction"] = {"enum": list(manifest.classes)}
        properties["probabilities"] = _numbers(manifest.classes)
    return {"type": "object", "properties": properties, "required": list(properties)}


def _numbers(names: tuple[str, ...]) -> Part:
    return {
        "type": "object",
        "properties": {name: {"type": "number"} for name in names},
        "required": list(names),
    }


HEADERS = {
    "modelwright-release": {"schema": {"type": "string"}, "description": "Which release answered."},
    "x-request-id": {"schema": {"type": "string"}, "description": "The request's, or one of ours."},
}
REFUSALS = {
    400: "Not a request that can be read.",
    401: "A token is missing, or not known.",
    408: "The body did not come in time.",
    413: "Too many rows, or too large a body.",
    422: "A row the schema does not allow.",
    500: "A failure of the server's own.",
    503: "Too busy, or stopping; Retry-After says when to come back.",
}
PROBLEM: Part = {
    "type": "object",
    "properties": {
        **{
            name: {"type": "string"}
            for name in ("error", "where", "expected", "received", "do_this", "model")
        },
        "row": {"type": "integer"},
        "field": {"type": "string"},
    },
    "required": ["error", "where", "expected", "received", "do_this", "model"],
}
_SHAPE: Part = {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 2}
_DATATYPE: Part = {"enum": list(DATATYPES)}
_PARAMETERS: Part = {"type": "object"}
INFERENCE_REQUEST: Part = {
    "type": "object",
    "properties": {
        "id": {"type": ["string", "null"]},
        "inputs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "shape": _SHAPE,
                    "datatype": _DATATYPE,
                    "data": {"type": "array"},
                    "parameters": _PARAMETERS,
                },
                "required": ["name", "shape", "datatype"],
            },
        },
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "parameters": _PARAMETERS},
                "required": ["name"],
            },
        },
        "parameters": _PARAMETERS,
    },
    "required": ["inputs"],
}
INFERENCE_RESPONSE: Part = {
    "type": "object",
    "properties": {
        "model_name": {"type": "string"},
        "model_version": {"type": "string"},
        "id": {"type": "string"},
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "shape": _SHAPE,
                    "datatype": _DATATYPE,
                    "data": {"type": "array"},
                },
                "required": ["name", "shape", "datatype"],
            },
        },
    },
    "required": ["model_name", "model_version", "outputs"],
}
