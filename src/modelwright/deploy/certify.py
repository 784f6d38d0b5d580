"""The same raw rows, answered by the trained model and in every place it goes to (section 6.3.2)."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from modelwright.deploy.agreement import disagreements, held
from modelwright.deploy.audit import require_kept
from modelwright.deploy.browser.asking import ask_site
from modelwright.deploy.browser.finding import VARIABLE, find_browser
from modelwright.deploy.device.asking import DeviceAnswers, ask_device, typed_rows
from modelwright.deploy.device.build import FLOAT_FILE, INT8_FILE
from modelwright.deploy.parity import MAX_DIFFERENCE, PARITY_ROWS, hold_to, row_differences
from modelwright.deploy.proving import Proof, final_of, proof_of
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.serving_process import ask_server
from modelwright.engine.model import load
from modelwright.errors import UsageError
from modelwright.records import (
    Answerer,
    Bench,
    Certificate,
    Desk,
    Device,
    Leakage,
    Release,
    Rounded,
    Site,
    Study,
    step,
)
from modelwright.serving.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, decode_manifest

Outputs = NDArray[np.float64]


@step(version=3)
def certify(
    desk: Desk,
    bench: Bench,
    confirmed: Study,
    release: Release,
    site: Site | None = None,
    leakage: Leakage | None = None,
    device: Device | None = None,
    *,
    server: bool = True,
    without_proof: str = "",
    accept_leakage: str = "",
) -> Certificate:
    """Prove that a release answers as the trained model does: as a server, in a browser, on a device.

    Args:
        confirmed: the study of `confirm`. release, site, device: what was made of it. leakage: what its audit
            found.
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
    if device is not None:
        answerers.append(_device(desk, device, manifest, expected, proof))
    unproved = {} if site is None or browser is not None else {"browser": without_proof.strip()}
    return Certificate(
        release=release.name,
        rows=PARITY_ROWS,
        limit=MAX_DIFFERENCE,
        answerers=tuple(answerers),
        unproved=unproved,
        leakage=leakage,
        accepted_leakage=accept_leakage.strip() if leakage is not None and leakage.leaks else "",
        rounded=None if device is None else _rounded(desk, device, manifest, expected, proof),
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


def _device(desk: Desk, device: Device, manifest: Manifest, expected: Outputs, proof: Proof) -> Answerer:
    desk.note(f"asking LiteRT {PARITY_ROWS:,} raw rows")
    said = _said_by(desk, device, manifest, proof, FLOAT_FILE)
    answers = [_as_served(manifest, one) for one in said.answers]
    model = device.files[FLOAT_FILE].digest
    return held(manifest, expected, answers, proof, target="device", program=said.program, model=model)


def _said_by(desk: Desk, device: Device, manifest: Manifest, proof: Proof, file: str) -> DeviceAnswers:
    with tempfile.TemporaryDirectory(prefix="modelwright-device-") as temporary:
        folder = Path(temporary) / "device"
        write_release(desk.read, device, folder)
        return ask_device(folder, typed_rows(manifest, proof.rows), file)


def _as_served(manifest: Manifest, answer: dict[str, Any]) -> dict[str, Any]:
    """A device's answer as a server would give it; nothing where it is not finite."""
    if not np.isfinite(answer["outputs"]).all():
        return {}
    probabilities = dict(zip(manifest.classes, answer["outputs"], strict=False))
    return {"prediction": answer["prediction"], "probabilities": probabilities}


def _rounded(
    desk: Desk, device: Device, manifest: Manifest, expected: Outputs, proof: Proof
) -> Rounded | None:
    """What the int8 file answers to the same rows: told, and held to nothing but its drop before."""
    if device.integers is None or not device.integers.kept:
        return None
    said = _said_by(desk, device, manifest, proof, INT8_FILE)
    outputs = np.array([one["outputs"] for one in said.answers], dtype=np.float64)
    option = device.integers.option
    return Rounded(
        drop=option.variant.drop,
        relative=device.integers.relative,
        rows=device.integers.rows,
        max_difference=float(row_differences(expected, outputs, proof.scale).max()),
        disagreements=disagreements(manifest, expected, said.answers) if manifest.classes else None,
        share=option.variant.size_bytes / device.float_bytes,
        time=option.timing.ratio,
    )


def _no_browser() -> UsageError:
    return UsageError(
        where="--to browser",
        expected="a Chromium, Chrome or Edge on this machine, to prove there that the page answers as the "
        "trained model does",
        received="none on the PATH or where they are usually installed",
        do_this=f"Install one (apt install chromium), or say where it is ({VARIABLE}=PATH); to ship without "
        'that proof, say why: --without-proof "no browser on the build machine". The certificate repeats it.',
    )
