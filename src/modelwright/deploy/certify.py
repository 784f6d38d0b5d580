"""The same raw rows, answered by the trained model and in every place it goes to (section 6.3.2)."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
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
from modelwright.deploy.forms import answers_of, form_name, model_of
from modelwright.deploy.parity import MAX_DIFFERENCE, PARITY_ROWS, hold_to, row_differences
from modelwright.deploy.proving import Proof, proof_of
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.serving_process import ask_server
from modelwright.errors import UsageError
from modelwright.records import (
    Answerer,
    Bench,
    Certificate,
    Desk,
    Device,
    Leakage,
    Optimised,
    Release,
    Rounded,
    Site,
    Study,
    Target,
    step,
)
from modelwright.serving.manifest import MANIFEST_FILE, MODEL_FILE, Manifest, decode_manifest

Outputs = NDArray[np.float64]


@step(version=3)
def certify(
    desk: Desk,
    bench: Bench,
    confirmed: Study,
    served: Release | None,
    shown: Release | None = None,
    site: Site | None = None,
    leakage: Leakage | None = None,
    forms: tuple[Optimised, ...] = (),
    carried: Release | None = None,
    device: Device | None = None,
    *,
    without_proof: str = "",
    accept_leakage: str = "",
    unaudited: str = "",
) -> Certificate:
    """Prove that a release answers as the trained model does: as a server, in a browser, on a device.

    Args:
        confirmed: the study of `confirm`.
        served: the release that a server answers with. shown, site: that of the page, and its files.
        leakage: what the model's audit found. forms: what was looked at for each place.
        carried, device: the release that went to a device, and its files.
        without_proof: why the site may go out unproved where no browser is found.
        accept_leakage: why the model may leave the house though it leaks.
        unaudited: why it may without an audit.

    Raises:
        ParityError: a place answers a row otherwise than the trained model.
        ReleaseError: a place does not answer at all, or the model leaks and no reason is given.
        UsageError: no browser is found, and no reason given to do without.
    """
    leaks = leakage is not None and leakage.leaks and bench.task.constraints.sensitive
    if leakage is not None and leaks:
        require_kept(leakage, accept_leakage)
    browser = find_browser() if site is not None else None
    if site is not None and browser is None and not without_proof.strip():
        raise _no_browser()
    answerers: list[Answerer] = []
    rounded: Rounded | None = None
    if served is not None:
        answerers.append(_server(desk, served, _proved(desk, bench, confirmed, served)))
    if shown is not None and site is not None and browser is not None:
        answerers.append(_browser(desk, shown, site, browser, _proved(desk, bench, confirmed, shown)))
    if carried is not None and device is not None:
        asked = _proved(desk, bench, confirmed, carried)
        answerers.append(_device(desk, carried, device, asked))
        rounded = _rounded(desk, device, asked)
    proved = site is None or browser is not None
    first = served or shown or carried
    return Certificate(
        release=first.name if first is not None else "",
        rows=PARITY_ROWS,
        limit=MAX_DIFFERENCE,
        answerers=tuple(answerers),
        unproved={} if proved else {"browser": without_proof.strip()},
        forms={one.target: one for one in forms},
        leakage=leakage,
        accepted_leakage=accept_leakage.strip() if leaks else "",
        unaudited=unaudited.strip(),
        rounded=rounded,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a release is asked, and what it must answer."""

    manifest: Manifest
    proof: Proof
    expected: Outputs


def _proved(desk: Desk, bench: Bench, confirmed: Study, release: Release) -> _Asked:
    manifest = decode_manifest(desk.read(release.files[MANIFEST_FILE]), MANIFEST_FILE)
    proof = proof_of(desk, bench, manifest)
    model = model_of(desk, confirmed, release.form)
    expected = answers_of(desk, model, release.form, proof.columns)
    return _Asked(manifest=manifest, proof=proof, expected=expected)


def _server(desk: Desk, release: Release, asked: _Asked) -> Answerer:
    desk.note(f"asking the server {PARITY_ROWS:,} raw rows")
    with tempfile.TemporaryDirectory(prefix="modelwright-release-") as temporary:
        folder = Path(temporary) / "release"
        write_release(desk.read, release, folder)
        said = ask_server(folder, asked.proof.rows)
    model = release.files[MODEL_FILE].digest
    return _held(release, asked, said.answers, "server", said.program, model)


def _browser(desk: Desk, release: Release, site: Site, browser: Path, asked: _Asked) -> Answerer:
    """Row by row, and all rows at once: the page cuts them into chunks of its own."""
    desk.note(f"asking {browser.name} {PARITY_ROWS:,} raw rows")
    proof = asked.proof
    said = ask_site({name: desk.read(blob) for name, blob in site.files.items()}, proof.rows, browser)
    together = np.array(said.outputs, dtype=np.float64).reshape(asked.expected.shape)
    hold_to(asked.expected, together, proof.scale, proof.rows, by="the browser")
    model = site.files[MODEL_FILE].digest
    return _held(release, asked, said.answers, "browser", said.program, model)


def _held(
    release: Release,
    asked: _Asked,
    answers: list[dict[str, Any]],
    target: Target,
    program: str,
    model: str,
) -> Answerer:
    return held(
        asked.manifest,
        asked.expected,
        answers,
        asked.proof,
        target=target,
        form=form_name(release.form),
        program=program,
        model=model,
    )


def _device(desk: Desk, release: Release, device: Device, asked: _Asked) -> Answerer:
    desk.note(f"asking LiteRT {PARITY_ROWS:,} raw rows")
    said = _said_by(desk, device, asked, FLOAT_FILE)
    answers = [_as_served(asked.manifest, one) for one in said.answers]
    model = device.files[FLOAT_FILE].digest
    return _held(release, asked, answers, "device", said.program, model)


def _said_by(desk: Desk, device: Device, asked: _Asked, file: str) -> DeviceAnswers:
    with tempfile.TemporaryDirectory(prefix="modelwright-device-") as temporary:
        folder = Path(temporary) / "device"
        write_release(desk.read, device, folder)
        return ask_device(folder, typed_rows(asked.manifest, asked.proof.rows), file)


def _as_served(manifest: Manifest, answer: dict[str, Any]) -> dict[str, Any]:
    """A device's answer as a server would give it; nothing where it is not finite."""
    if not np.isfinite(answer["outputs"]).all():
        return {}
    probabilities = dict(zip(manifest.classes, answer["outputs"], strict=False))
    return {"prediction": answer["prediction"], "probabilities": probabilities}


def _rounded(desk: Desk, device: Device, asked: _Asked) -> Rounded | None:
    """What the int8 file answers to the same rows: told, and held to nothing but its drop before."""
    if device.integers is None or not device.integers.kept:
        return None
    said = _said_by(desk, device, asked, INT8_FILE)
    outputs = np.array([one["outputs"] for one in said.answers], dtype=np.float64)
    option = device.integers.option
    return Rounded(
        drop=option.variant.drop,
        relative=device.integers.relative,
        rows=device.integers.rows,
        max_difference=float(row_differences(asked.expected, outputs, asked.proof.scale).max()),
        disagreements=disagreements(asked.manifest, asked.expected, said.answers)
        if asked.manifest.classes
        else None,
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
