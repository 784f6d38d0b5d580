from __future__ import annotations

import re
from typing import Any


def resolved(document: Any, part: Any) -> Any:
    """Follow every $ref; a dangling one raises KeyError."""
    if isinstance(part, dict):
        if "$ref" in part:
            found = document
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            return resolved(document, found)
        return {key: resolved(document, value) for key, value in part.items()}
    return [resolved(document, one) for one in part] if isinstance(part, list) else part


def test_the_document_is_of_this_release(served: Any, row: dict[str, Any]) -> None:
    status, document, _ = served.ask("GET", "/openapi.json")
    assert (status, document["openapi"], document["info"]["title"]) == (200, "3.1.0", "hand-binary")
    paths = resolved(document, document["paths"])
    content = paths["/predict"]["post"]["requestBody"]["content"]["application/json"]
    one = content["schema"]["oneOf"][0]
    assert set(one["properties"]) == set(row)
    assert one["required"] == ["age", "joined", "note"]
    assert served.predict(content["example"])[0] == 200
    asked = paths["/v2/models/hand-binary/infer"]["post"]["requestBody"]["content"]["application/json"]
    assert served.ask("POST", "/v2/models/hand-binary/infer", asked["example"])[0] == 200


def test_every_path_that_is_told_answers_and_every_other_does_not(served: Any) -> None:
    _, document, _ = served.ask("GET", "/openapi.json")
    for path, methods in document["paths"].items():
        (method,) = methods
        status = served.ask(method.upper(), path, b"" if method == "post" else None)[0]
        assert status == (400 if method == "post" else 200), path
        assert served.ask("DELETE", path)[0] == 405


def test_the_page_lists_every_path(served: Any) -> None:
    _, document, _ = served.ask("GET", "/openapi.json")
    _, text, _ = served.ask("GET", "/")
    listed = set(re.findall(r"<code>(?:GET|POST) ([^<]+)</code>", text))
    assert listed == set(document["paths"])


def test_every_answer_names_the_release_and_the_request(served: Any, row: dict[str, Any]) -> None:
    asked = [
        ("GET", "/", None),
        ("GET", "/nowhere", None),
        ("PUT", "/predict", b""),
        ("POST", "/predict", row),
    ]
    for method, path, body in asked:
        _, _, headers = served.ask(method, path, body, **{"X-Request-Id": "mine-7"})
        assert headers["modelwright-release"] == "hand-binary"
        assert headers["x-request-id"] == "mine-7"
    ours = {served.ask("GET", "/healthz")[2]["x-request-id"] for _ in range(3)}
    assert len(ours) == 3
    assert served.ask("GET", "/healthz", **{"X-Request-Id": "a b" * 100})[2]["x-request-id"] not in ours
