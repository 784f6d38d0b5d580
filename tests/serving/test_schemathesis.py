"""Schemathesis holds the server to its OpenAPI page.

It brings many packages, so it has an environment of its own: make fuzz.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

PROGRAM = os.environ.get("SCHEMATHESIS", "")
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "50")
# The other checks ask that whatever the schema allows is accepted, and nothing else; rows mean more than
# JSON Schema can say (dates, numbers as text), so those two are held by our own tests.
CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,"
    "response_headers_conformance,response_schema_conformance"
)


@pytest.mark.slow
@pytest.mark.skipif(not PROGRAM, reason="set SCHEMATHESIS to its program; make fuzz does")
def test_the_server_keeps_to_its_openapi_page(served: Any, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{served.port}"
    run = subprocess.run(
        [PROGRAM, "run", f"{url}/openapi.json", "--checks", CHECKS, "--max-examples", EXAMPLES, "--seed", "1",
         "--generation-database", "none", "--no-color", "--request-timeout", "10"],
        capture_output=True, text=True, check=False, timeout=500,
        cwd=tmp_path,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
    assert " passed" in run.stdout
    assert served.ask("GET", "/readyz")[0] == 200
