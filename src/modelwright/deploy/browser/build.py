"""The files of a site: a model that answers in the visitor's browser, from any static web server."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from modelwright.deploy.browser.form import Control, controls_of
from modelwright.deploy.forms import is_alone
from modelwright.deploy.limits import check_size
from modelwright.deploy.proving import final_of
from modelwright.engine.model import load
from modelwright.records import Bench, Desk, Release, Site, Study, step
from modelwright.serving.manifest import GOLDEN_FILE, MANIFEST_FILE, MODEL_FILE, Manifest, decode_manifest

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; "
    "img-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)
"""What the page may do: run its own scripts and the runtime's WebAssembly, and ask no other server."""

CERTIFICATE_FILES = ("parity.html", "parity.json")  # put beside the site once it is proved
WORKER_FILE = "worker.js"
WORKER_START = "const release = { name: '', files: [], extras: [] };"
PAGE_FILE = "index.html"
NOT_FETCHED = (
    WORKER_FILE,
    PAGE_FILE,
    "README.md",
    "modelwright.d.ts",
    "runtime/LICENSE",
    "runtime/VERSION.md",
)


@step(version=2)
def build_site(desk: Desk, bench: Bench, confirmed: Study, release: Release) -> Site:
    """Make a release a static folder that answers in the visitor's browser.

    Args:
        confirmed: the study of `confirm`. release: what `ship` made of it.

    Raises:
        ReleaseError: nothing was confirmed, or the folder is larger than the task allows.

    Source:
        Deep Learning with Python, section 6.3.2, "Deploying a model in the browser".
    """
    preparation = load(desk.read(final_of(confirmed).model)).preparation
    model, golden = (desk.read(release.files[name]) for name in (MODEL_FILE, GOLDEN_FILE))
    manifest = decode_manifest(desk.read(release.files[MANIFEST_FILE]), MANIFEST_FILE)
    controls = controls_of(manifest.inputs, preparation, sensitive=bench.task.constraints.sensitive)
    contents = site_files(manifest, model, golden, controls, alone=is_alone(release.form))
    check_size(bench.task.constraints, contents)
    return Site(
        name=release.name,
        files={name: desk.keep(data, "bytes") for name, data in sorted(contents.items())},
        size_bytes=sum(map(len, contents.values())),
    )


def site_files(
    manifest: Manifest, model: bytes, golden: bytes, controls: tuple[Control, ...], *, alone: bool = False
) -> dict[str, bytes]:
    """Every file of the site, file name -> content.

    Args:
        controls: how the page asks for each field. alone: whether rows are answered one at a time.
    """
    from modelwright.exporters.lowering import without_lowering  # onnx loads only when needed

    contents = program_files()
    graph, lowered = without_lowering(model)
    contents |= {MODEL_FILE: graph, GOLDEN_FILE: golden}
    contents[PAGE_FILE] = _rendered("index.html", manifest, controls)
    contents["README.md"] = _rendered("README.md", manifest, controls)
    digested = {name: data for name, data in contents.items() if name != WORKER_FILE}
    contents[MANIFEST_FILE] = page_manifest(manifest, digested, lowered, alone=alone)
    contents[WORKER_FILE] = _worker(contents)
    return contents


def program_files() -> dict[str, bytes]:
    """What every site has, whatever its model: the module, the page's own files and the runtime."""
    own = files("modelwright.deploy.browser")
    return {**_tree(own / "site", ""), **_tree(own / "runtime", "runtime/")}


def page_manifest(
    manifest: Manifest, contents: Mapping[str, bytes], lowered: tuple[str, ...], *, alone: bool
) -> bytes:
    """The manifest as the module reads it.

    Args:
        contents: the files whose digests it names. lowered: tensors of texts that the module lowers.
    """
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(contents.items())}
    own = {"digests": digests, "lowered": lowered, "alone": alone}
    return msgspec.json.format(msgspec.json.encode({**msgspec.to_builtins(manifest), **own}), indent=2)


def _tree(folder: Traversable, prefix: str) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            found |= _tree(entry, f"{prefix}{entry.name}/")
        else:
            found[prefix + entry.name] = entry.read_bytes()
    return found


def _rendered(name: str, manifest: Manifest, controls: tuple[Control, ...]) -> bytes:
    environment = Environment(
        loader=PackageLoader("modelwright.deploy.browser", "pages"),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template(name).render(manifest=manifest, controls=controls, policy=POLICY)
    return page.encode("utf-8", errors="replace")  # a lone surrogate in a name must not stop the release


def _worker(contents: dict[str, bytes]) -> bytes:
    """The service worker with the names of all that the page fetches; another release, another worker."""
    names = [name for name in sorted(contents) if name not in NOT_FETCHED]
    content = hashlib.sha256(b"".join(contents[name] for name in sorted(contents))).hexdigest()
    release = {"name": content[:16], "files": ["./", *names], "extras": CERTIFICATE_FILES}
    return contents[WORKER_FILE].replace(
        WORKER_START.encode(), f"const release = {json.dumps(release)};".encode()
    )
