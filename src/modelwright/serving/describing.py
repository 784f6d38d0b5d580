"""How is this model called? Its schema as data, and as a small page for people."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

from .answers import answer_objects
from .body import MAX_BODY_BYTES, MAX_ROWS
from .manifest import Field
from .release import Release

STYLE = (
    "body{font:16px/1.6 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1d2733;"
    "background:#fff}h1{font-size:1.6rem}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.35rem .8rem .35rem 0;border-bottom:1px solid #dde3ea;"
    "overflow-wrap:anywhere}"
    "pre{background:#f3f6f9;padding:1rem;overflow:auto;border-radius:.4rem}"
    ".paths td{vertical-align:top}.paths td:first-child{width:45%}small{opacity:.75}"
    "@media(prefers-color-scheme:dark){body{background:#12181f;color:#e4eaf0}pre{background:#1c252f}"
    "th,td{border-color:#33414f}}"
)
STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_DIGEST}'; frame-ancestors 'none'; base-uri 'none'"
)

MAX_EXAMPLE_CHARACTERS = 200


def describe(release: Release) -> dict[str, Any]:
    """The schema as plain data: fields and types, the shape of an answer, limits and an example."""
    manifest = release.manifest
    return {
        "model": manifest.name,
        "question": manifest.question,
        "kind": manifest.kind,
        "targets": manifest.targets,
        "classes": manifest.classes,
        "positive_class": manifest.positive_class,
        "threshold": manifest.threshold,
        "measure": manifest.measure,
        "trained_rows": manifest.trained_rows,
        "fields": [_field(field) for field in manifest.inputs],
        "rules": {
            "absent_field": "refused (422) where required, else taken as missing",
            "null": "taken as missing in every field",
            "unknown_field": "refused (422)",
        },
        "limits": {"rows": MAX_ROWS, "body_bytes": MAX_BODY_BYTES},
        "example": _example(release),
    }


def _field(field: Field) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": field.name,
        "type": "text" if field.dtype == "string" else field.dtype,
        "required": field.required,
        "missing_spellings": field.missing_tokens,
    }
    if field.dtype == "date":
        described["format"] = field.date_format or "iso"
    return described


def _example(release: Release) -> dict[str, Any] | None:
    """A golden row as request and response."""
    if release.golden is None or not release.golden.rows:
        return None
    row = {name: _short(cell) for name, cell in release.golden.rows[0].items()}
    answer = answer_objects(release.manifest, release.predict([row]))[0]
    return {"request": row, "response": answer}


def _short(cell: Any) -> Any:
    return cell[:MAX_EXAMPLE_CHARACTERS] if isinstance(cell, str) else cell


def page(release: Release, schema: dict[str, Any], document: dict[str, Any]) -> bytes:
    """A plain page that says what the model answers and how to ask it; works without network.

    Args:
        schema: as `describe` made it. document: the OpenAPI document, whose paths are listed.
    """
    name = escape(release.manifest.name)
    example = schema["example"] or {"request": {}, "response": {}}
    request = escape(json.dumps(example["request"], ensure_ascii=False, indent=2))
    response = escape(json.dumps(example["response"], ensure_ascii=False, indent=2))
    rows = "".join(_table_row(field) for field in schema["fields"])
    paths = "".join(
        _path_row(path, method, says)
        for path, methods in document["paths"].items()
        for method, says in methods.items()
    )
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{name}</title><style>{STYLE}</style></head><body>
<h1>{name}</h1>
<p>{escape(release.manifest.question)}</p>
<h2>Ask it</h2>
<p>Send one row, or a list of up to {MAX_ROWS:,} rows, as JSON to <code>POST /predict</code>:</p>
<pre>{request}</pre>
<p>The answer (a list of them for a list of rows):</p>
<pre>{response}</pre>
<h2>Fields</h2>
<table><thead><tr><th>field</th><th>type</th><th>must be there</th></tr></thead><tbody>{rows}</tbody></table>
<p>A value that is not known is sent as <code>null</code>.</p>
<h2>Paths</h2>
<table class="paths"><thead><tr><th>path</th><th>answers</th></tr></thead><tbody>{paths}</tbody></table>
<p>Every answer names the release in its header <code>modelwright-release</code>, and the request in
<code>x-request-id</code>. For programs: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1),
<a href="/schema">/schema</a>.</p>
</body></html>
""".encode()


def _table_row(field: dict[str, Any]) -> str:
    kind = f"{field['type']} ({field['format']})" if "format" in field else field["type"]
    needed = "yes" if field["required"] else "no"
    return f"<tr><td>{escape(field['name'])}</td><td>{escape(kind)}</td><td>{needed}</td></tr>"


def _path_row(path: str, method: str, says: dict[str, Any]) -> str:
    refused = ", ".join(status for status in sorted(says["responses"]) if status != "200")
    return (
        f"<tr><td><code>{method.upper()} {escape(path)}</code></td>"
        f"<td>{escape(says['summary'])}<br><small>or {refused}</small></td></tr>"
    )
