"""Ship a confirmed model to where it is needed, with the proof that it answers there as it was tested."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwright.define.collect import collect
from modelwright.define.measure import choose_measure
from modelwright.define.task_file import read_task
from modelwright.deploy.audit import audit_privacy
from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certificate.times import Measured, measure
from modelwright.deploy.certificate.writing import is_certified, write_certificate
from modelwright.deploy.certify import certify
from modelwright.deploy.device.build import build_device
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.deploy.targets import cautions, require_reachable, targets_asked, targets_called_for
from modelwright.develop.confirm import confirm
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import ProjectError
from modelwright.project import Listener, Project
from modelwright.records import Bench, Certificate, Device, Release, Site, Study, Target, digest
from modelwright.serving.manifest import MANIFEST_FILE, decode_manifest
from modelwright.workflow.chapter import WAIT_SECONDS, to_ship, working_task
from modelwright.workflow.places import DEVICE_FOLDER, RELEASE_FOLDER, SITE_FOLDER, TASK_FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What was shipped, where it lies, and why there.

    Args:
        reasons: target -> why it was shipped there. folders: target -> where it lies.
        measured: the times taken now; None where the same was certified before.
        cautions: what whoever ships it should know.
    """

    release: Release
    certificate: Certificate
    device: Device | None
    reasons: dict[Target, str]
    folders: dict[Target, Path]
    sizes: dict[Target, int]
    measured: Measured | None
    cautions: list[str]


def ship_project(
    project: str | Path,
    *,
    to: Sequence[str] = (),
    without_proof: str = "",
    accept_leakage: str = "",
    listener: Listener | None = None,
) -> Shipped:
    """Ship the model that a project has confirmed.

    Args:
        project: the folder of a project that `run` has carried to a confirmed model.
        to: server, device, browser; where the frame's constraints call for unless given.
        without_proof: why a site may go out unproved where no browser is found.
        accept_leakage: why a model of sensitive data may leave the house though an audit says that it leaks.

    Raises:
        ModelwrightError: in four parts: nothing is confirmed, a target is not here yet, the model leaks, or
            a place answers otherwise than the trained model; nothing is written then.
    """
    with Project.open(project, listener=listener) as door, door.writing(WAIT_SECONDS):
        bench, confirmed = confirmed_on(door)
        constraints = bench.task.constraints
        reasons = targets_asked(to) if to else targets_called_for(constraints)
        require_reachable(tuple(reasons), confirmed.best.recipe.family)
        release = door.run(ship, bench, confirmed, name=_name(door))
        site = door.run(build_site, bench, confirmed, release) if "browser" in reasons else None
        device = door.run(build_device, bench, confirmed, release) if "device" in reasons else None
        leaves = bool({"browser", "device"} & reasons.keys()) and constraints.sensitive
        leakage = door.run(audit_privacy, bench, confirmed) if leaves else None
        certificate = door.run(
            certify,
            bench,
            confirmed,
            release,
            site,
            leakage,
            device,
            server="server" in reasons,
            without_proof=without_proof,
            accept_leakage=accept_leakage,
        )
        made: dict[Target, Release | Site | Device] = {"server": release} if "server" in reasons else {}
        made |= {"device": device} if device is not None else {}
        made |= {"browser": site} if site is not None else {}
        folders = _written(door, made)
        sizes: dict[Target, int] = {target: one.size_bytes for target, one in made.items()}
        measured = _certified(door, release, certificate, folders, sizes)
        return Shipped(
            release=release,
            certificate=certificate,
            device=device,
            reasons=reasons,
            folders=folders,
            sizes=sizes,
            measured=measured,
            cautions=cautions(constraints, tuple(reasons)),
        )


def confirmed_on(project: Project) -> tuple[Bench, Study]:
    """The last confirmed model and its bench, from the ledger: the data themselves are not needed.

    Raises:
        ProjectError: nothing is confirmed, or the task has changed since.
    """
    confirmed = project.last(confirm)
    if not isinstance(confirmed, Study) or confirmed.final is None:
        raise _not_ready(project, "no model that was confirmed on the sealed test part")
    task = read_task(project.folder / TASK_FILE)
    bench = Bench(
        task=working_task(task),
        dataset=project.last(collect),
        measure=project.last(choose_measure),
        plan=project.last(prepare),
        protocol=project.last(choose_protocol),
    )
    if digest(bench) != confirmed.bench:
        raise _not_ready(project, "a task or data that have changed since the model was confirmed")
    return to_ship(bench, task), confirmed


def _name(project: Project) -> str:
    """What the release is called: as before, so that an unchanged model is not shipped anew."""
    entry = project.entry(ship)
    return project.name if entry is None else json.loads(entry.choices)["name"]


def _written(project: Project, made: dict[Target, Release | Site | Device]) -> dict[Target, Path]:
    names: dict[Target, str] = {"server": RELEASE_FOLDER, "device": DEVICE_FOLDER, "browser": SITE_FOLDER}
    folders: dict[Target, Path] = {target: project.folder / names[target] for target in made}
    for target, one in made.items():
        write_release(project.read, one, folders[target])
    return folders


def _certified(
    project: Project,
    release: Release,
    certificate: Certificate,
    folders: dict[Target, Path],
    sizes: dict[Target, int],
) -> Measured | None:
    """Put the certificate beside what it is about, with times taken now, unless it lies there already."""
    if all(is_certified(folder, certificate) for folder in folders.values()):
        return None
    manifest = decode_manifest(project.read(release.files[MANIFEST_FILE]), MANIFEST_FILE)
    measured = measure(folders)
    for folder in folders.values():
        write_certificate(folder, certificate, manifest, sizes, measured)
    return measured


def _not_ready(project: Project, received: str) -> ProjectError:
    return ProjectError(
        where=str(project.folder),
        expected="a project with a confirmed model",
        received=received,
        do_this=f"Run the workflow first: modelwright run {project.folder}. What is done is recalled.",
    )
