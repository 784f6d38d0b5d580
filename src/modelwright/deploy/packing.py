"""The files of a release: the graph, its manifest, and all that is needed to answer alone."""

from __future__ import annotations

import hashlib
from importlib.resources import files

import msgspec

from modelwright.deploy.containers import running_files
from modelwright.serving.manifest import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE, Golden, Manifest

PACKAGE = "answer"
# The versions the parity tests run with at the low end, and the next incompatible one at the high end.
REQUIREMENTS = """\
numpy>=2.0,<3
onnxruntime>=1.23,<2
msgspec>=0.19,<1
uvicorn>=0.38,<1
"""

LAUNCHER = '''\
"""{does}"""

import sys
from pathlib import Path

FOLDER = Path(__file__).absolute().parent  # may be a symbolic link to the release of the day
sys.path.insert(0, str(FOLDER.resolve()))

try:
    from answer.{module} import main
except ModuleNotFoundError as error:
    sys.exit(
        f"{{FOLDER}}: expected the four packages of requirements.txt; received none called {{error.name}}. "
        "Run: python -m pip install -r requirements.txt"
    )

if __name__ == "__main__":
    sys.exit(main(FOLDER))
'''


def pack(manifest: Manifest, model: bytes, golden: Golden) -> dict[str, bytes]:
    """Every file of the release, file name -> content; the manifest names the others' digests.

    The files to run it in containers are there to be edited, and have none.
    """
    contents = {
        MODEL_FILE: model,
        GOLDEN_FILE: msgspec.json.encode(golden),
        "serve.py": _launcher("server", "Answer rows over HTTP: python serve.py --port 8000."),
        "predict.py": _launcher(
            "predict", "Answer a file of rows: python predict.py rows.csv --out out.csv."
        ),
        "requirements.txt": REQUIREMENTS.encode(),
        "README.md": readme(manifest, golden).encode(),
        **serving_code(),
    }
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())}
    complete = msgspec.structs.replace(manifest, digests=digests)
    contents |= running_files(manifest)
    contents[MANIFEST_FILE] = msgspec.json.format(msgspec.json.encode(complete), indent=2)
    return contents


def serving_code() -> dict[str, bytes]:
    """The source of the serving room, as the package a release carries."""
    sources = (source for source in files("modelwright.serving").iterdir() if source.name.endswith(".py"))
    return {
        f"{PACKAGE}/{source.name}": source.read_bytes() for source in sorted(sources, key=lambda s: s.name)
    }


def _launcher(module: str, does: str) -> bytes:
    return LAUNCHER.format(module=module, does=does).encode()


def readme(manifest: Manifest, golden: Golden) -> str:
    """How to call the release, in a page."""
    example = msgspec.json.format(msgspec.json.encode(golden.rows[0] if golden.rows else {}), indent=2)
    fields = "\n".join(
        f"| `{_cell(field.name)}` | {_kind(field.dtype, field.date_format)} |"
        f" {'yes' if field.required else 'no'} |"
        for field in manifest.inputs
    )
    measure = manifest.measure
    return f"""\
# {manifest.name}

{manifest.question}

Trained on {manifest.trained_rows:,} rows. On {measure.get("rows", 0):,} rows it had never seen:
{measure.get("title", "")} {_figure(measure.get("value"))} \
({_figure(measure.get("low"))} to {_figure(measure.get("high"))}).

## Run it

    python -m pip install -r requirements.txt
    python serve.py --port 8000
    python predict.py rows.csv --out answers.csv

`POST /predict` takes one row, or a list of rows, as JSON:

```json
{example.decode()}
```

`GET /` is a page with the fields and every path, `GET /openapi.json` the same for programs; the Open
Inference Protocol (v2) is spoken under `/v2`; `GET /healthz`, `/readyz` and `/metrics` are for whoever keeps
it running.
It listens on this machine only. `--host 0.0.0.0` needs TLS (`--certificate`, `--key`) or a proxy that does it
(`--behind-proxy`); `--tokens FILE` asks callers for a bearer token; `--log FILE` keeps rows and answers
(`postgresql://...` too, with the package `psycopg[binary]`).
SIGTERM stops it without dropping a request; SIGHUP swaps to the release that lies in this folder then.

`Dockerfile`, `compose.yaml`, `kubernetes.yaml` and `kserve.yaml` run it elsewhere; edit them as you need.

## Fields

| field | type | must be there |
|---|---|---|
{fields}

`null` (an empty cell in a file) is a missing value in every field. A field that must be there and is not, one
the model does not know, and a value of another type are refused with the field's name.
In files, columns the model does not know are ignored.
"""


def _cell(name: str) -> str:
    return name.replace("|", "\\|").replace("\n", " ").replace("`", "'")


def _kind(dtype: str, date_format: str | None) -> str:
    if dtype == "date":
        return f"date (`{date_format}`)"
    return "text" if dtype == "string" else dtype


def _figure(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, int | float) else "?"
