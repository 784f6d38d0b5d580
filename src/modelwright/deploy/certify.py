"""The same raw rows, answered by the trained model and in every place it goes to (section 6.3.2)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.agreement import held
from modelwright.deploy.audit import require_kept
from modelwright.deploy.browser.asking import ask_site
from modelwright.deploy.browser.finding import VARIABLE, find_browser
from modelwright.deploy.parity import MAX_DIFFERENCE, PARITY_ROWS, hold_to
from modelwright.deploy.proving import Proof, final_of, proof_of
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.serving_process import ask_server
from modelwright.engine.model import load
from modelwright.errors import UsageError
from modelwright.records import Answerer, Bench, Certificate, Desk, Leakage, Release, Site, Study, step
from modelwright.serving.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, decode_manifest

Outputs = NDArray[np.float64]


@step(version=2)
def certify(
    desk: Desk,
    bench: Bench,
    confirmed: Study,
    release: Release,
    site: Site | None = None,
    leakage: Leakage | None = None,
    *,
    server: bool = True,
    without_proof: str = "",
    accept_leakage: str = "",
) -> Certificate:
    """Prove that a release answers as the trained model does: as a server, and in a browser.

    Args:
        confirmed: the study of `confirm`. release, site: what was made of it. leakage: what its audit found.
        server: whether the release is asked as a server.
        without_proof: why the site may go out unproved where no browser is found.
        accept_leakage: why the model may leave the house though it leaks.

    Raises:
        ParityError: a place answers a row otherwise than the trained model.
        ReleaseError: a place does not answer at all, or the model leaks and no reason is given.
        UsageError: no browser is found, and no reason given to do without.
    """
    if leakage is not None:
        require_kept(leakage, accept_leakage)
    browser = find_browser() if site is not None else None
    if site is not None and browser is None and not without_proof.strip():
        raise _no_browser()
    manifest = decode_manifest(desk.read(release.files[MANIFEST_FILE]), MANIFEST_FILE)
    proof = proof_of(desk, bench, manifest)
    expected = load(desk.read(final_of(confirmed).model)).predict_columns(proof.columns)
    answerers = [_server(desk, release, manifest, expected, proof)] if server else []
    if site is not None and browser is not None:
        answerers.append(_browser(desk, site, browser, manifest, expected, proof))
    unproved = {} if site is None or browser is not None else {"browser": without_proof.strip()}
    return Certificate(
        release=release.name,
        rows=PARITY_ROWS,
        limit=MAX_DIFFERENCE,
        answerers=tuple(answerers),
        unproved=unproved,
        leakage=leakage,
        accepted_leakage=accept_leakage.strip() if leakage is not None and leakage.leaks else "",
    )


def _server(desk: Desk, release: Release, manifest: Manifest, expected: Outputs, proof: Proof) -> Answerer:
    desk.note(f"asking the server {PARITY_ROWS:,} raw rows")
    with tempfile.TemporaryDirectory(prefix="modelwright-release-") as temporary:
        folder = Path(temporary) / "release"
        write_release(desk.read, release, folder)
        said = ask_server(folder, proof.rows)
    model = release.files[MODEL_FILE].digest
    return held(manifest, expected, said.answers, proof, target="server", program=said.program, model=model)


def _browser(
    desk: Desk, site: Site, browser: Path, manifest: Manifest, expected: Outputs, proof: Proof
) -> Answerer:
    """Row by row, and all rows at once: the page cuts them into chunks of its own."""
    desk.note(f"asking {browser.name} {PARITY_ROWS:,} raw rows")
    said = ask_site({name: desk.read(blob) for name, blob in site.files.items()}, proof.rows, browser)
    together = np.array(said.outputs, dtype=np.float64).reshape(expected.shape)
    hold_to(expected, together, proof.scale, proof.rows, by="the browser")
    model = site.files[MODEL_FILE].digest
    return held(manifest, expected, said.answers, proof, target="browser", program=said.program, model=model)


def _no_browser() -> UsageError:
    return UsageError(
        where="--to browser",
        expected="a Chromium, Chrome or Edge on this machine, to prove there that the page answers as the "
        "trained model does",
        received="none on the PATH or where they are usually installed",
        do_this=f"Install one (apt install chromium), or say where it is ({VARIABLE}=PATH); to ship without "
        'that proof, say why: --without-proof "no browser on the build machine". The certificate repeats it.',
    )
