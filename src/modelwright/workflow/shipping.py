"""Ship a confirmed model to where it is needed, with the proof that it answers there as it was tested."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modelwright.define.collect import collect
from modelwright.define.measure import choose_measure
from modelwright.define.task_file import read_task
from modelwright.deploy.audit import TooFewRowsError, audit_privacy
from modelwright.deploy.browser.build import build_site
from modelwright.deploy.certificate.times import Measured, measure
from modelwright.deploy.certificate.writing import is_certified, write_certificate
from modelwright.deploy.certify import certify
from modelwright.deploy.device.build import build_device
from modelwright.deploy.explain import explain
from modelwright.deploy.release_folder import write_release
from modelwright.deploy.ship import ship
from modelwright.deploy.targets import cautions, require_reachable, targets_asked, targets_called_for
from modelwright.develop.confirm import confirm
from modelwright.develop.prepare import prepare
from modelwright.develop.protocol import choose_protocol
from modelwright.errors import ProjectError, UsageError
from modelwright.project import Listener, Project
from modelwright.records import (
    Bench,
    Certificate,
    Constraints,
    Device,
    Leakage,
    Optimised,
    Release,
    Site,
    Study,
    Target,
    digest,
)
from modelwright.serving.manifest import MANIFEST_FILE, decode_manifest
from modelwright.workflow.cards import with_model_card
from modelwright.workflow.chapter import WAIT_SECONDS, to_ship, without_constraints, working_task
from modelwright.workflow.forms import FormWishes, optimised_for, wishes_of
from modelwright.workflow.places import DEVICE_FOLDER, RELEASE_FOLDER, SITE_FOLDER, TASK_FILE

PLACES: tuple[Target, ...] = ("server", "browser", "device")

WITH_FORMS: tuple[Target, ...] = ("server", "browser")
"""Where one form replaces another; a device gets its integers beside the float file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What was shipped, where it lies, and why there.

    Args:
        releases: target -> what answers there. reasons: target -> why it was shipped there.
        folders: target -> where it lies.
        measured: the times taken now; None where the same was certified before.
        cautions: what whoever ships it should know.
    """

    releases: dict[Target, Release]
    certificate: Certificate
    device: Device | None
    reasons: dict[Target, str]
    folders: dict[Target, Path]
    sizes: dict[Target, int]
    measured: Measured | None
    cautions: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why something goes out that would be stopped, in the words of who ships it.

    Args:
        without_proof: the site, unproved, where no browser is found.
        accept_leakage: a model of sensitive data, though an audit says that it leaks.
        no_audit: a model of data that are not sensitive, without an audit.
    """

    without_proof: str = ""
    accept_leakage: str = ""
    no_audit: str = ""


def ship_project(
    project: str | Path,
    *,
    to: Sequence[str] = (),
    forms: FormWishes | None = None,
    why: Reasons | None = None,
    listener: Listener | None = None,
) -> Shipped:
    """Ship the model that a project has confirmed.

    Args:
        project: the folder of a project that `run` has carried to a confirmed model.
        to: server, device, browser; where the frame's constraints call for unless given.
        forms: what smaller and faster forms are looked for; unless given, what the constraints call for.
        why: reasons for what would be stopped.

    Raises:
        ModelwrightError: in four parts: nothing is confirmed, a target is not here yet, no form is within
            the limits, the model leaks, or a place answers otherwise than the trained model; nothing is
            written then.
    """
    why = why or Reasons()
    with Project.open(project, listener=listener) as door, door.writing(WAIT_SECONDS):
        bench, confirmed = confirmed_on(door)
        constraints = bench.task.constraints
        reasons = targets_asked(to) if to else targets_called_for(constraints)
        require_reachable(tuple(reasons), confirmed.best.recipe.family)
        looked_at = _looked_at(door, bench, confirmed, tuple(reasons), forms)
        releases: dict[Target, Release] = {
            one: _release(door, bench, confirmed, one, looked_at) for one in reasons
        }
        served, shown, carried = (releases.get(one) for one in PLACES)
        site = door.run(build_site, bench, confirmed, shown) if shown is not None else None
        device = door.run(build_device, bench, confirmed, carried) if carried is not None else None
        leaves = shown is not None or carried is not None
        leakage, unaudited = _audited(door, bench, confirmed, why.no_audit) if leaves else (None, "")
        certificate = door.run(
            certify,
            bench,
            confirmed,
            served,
            shown,
            site,
            leakage,
            tuple(looked_at.values()),
            carried,
            device,
            without_proof=why.without_proof,
            accept_leakage=why.accept_leakage,
            unaudited=unaudited,
        )
        made: dict[Target, Release | Site | Device] = {"server": served} if served is not None else {}
        made |= {"device": device} if device is not None else {}
        made |= {"browser": site} if site is not None else {}
        folders = _written(door, made)
        sizes: dict[Target, int] = {target: one.size_bytes for target, one in made.items()}
        measured = _certified(door, releases, certificate, folders, sizes)
        return Shipped(
            releases=releases,
            certificate=certificate,
            device=device,
            reasons=reasons,
            folders=folders,
            sizes=sizes,
            measured=measured,
            cautions=[*cautions(constraints, tuple(reasons)), *_leaks(certificate, constraints)],
        )


def _looked_at(
    door: Project, bench: Bench, confirmed: Study, targets: tuple[Target, ...], forms: FormWishes | None
) -> dict[Target, Optimised]:
    """For each place the forms, and the one that goes there; nothing where the model goes as trained."""
    constraints = bench.task.constraints
    wishes = wishes_of(forms, constraints)
    if wishes is None:
        return {}
    plain = without_constraints(bench)
    return {
        target: optimised_for(door, plain, confirmed, target, wishes, constraints)
        for target in targets
        if target in WITH_FORMS
    }


def _release(
    door: Project, bench: Bench, confirmed: Study, target: Target, looked_at: Mapping[Target, Optimised]
) -> Release:
    """What goes to this place: the form chosen for it, or the model as trained."""
    form = looked_at[target].form if target in looked_at else None
    return door.run(ship, bench, confirmed, form, name=_name(door))


def _audited(door: Project, bench: Bench, confirmed: Study, no_audit: str) -> tuple[Leakage | None, str]:
    """What an audit found of a model that leaves the house, or why there was none.

    Raises:
        UsageError: none is wanted, and the data are sensitive.
        ReleaseError: the data are sensitive, and the rows too few to say anything.
    """
    constraints = bench.task.constraints
    if no_audit.strip():
        if constraints.sensitive:
            raise _must_be_audited()
        return None, no_audit
    try:
        plain = without_constraints(bench)
        return door.run(audit_privacy, plain, confirmed, allowed=constraints.max_epsilon), ""
    except TooFewRowsError as error:
        if constraints.sensitive:
            raise
        return None, f"{error.received} rows are too few to be audited"


def _leaks(certificate: Certificate, constraints: Constraints) -> list[str]:
    """What is no reason to stop where data are not sensitive, but to be known."""
    if certificate.leakage is None or not certificate.leakage.leaks or constraints.sensitive:
        return []
    return [
        "whoever has the model can tell of some rows that it learnt from them (privacy, above); if that "
        "matters, say sensitive = true in task.toml, and keep it in the house, or train one that remembers "
        "less"
    ]


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
    card = project.last(explain)
    for target, one in made.items():
        whole = with_model_card(one, card) if isinstance(one, Release) else one
        write_release(project.read, whole, folders[target])
    return folders


def _certified(
    project: Project,
    releases: Mapping[Target, Release],
    certificate: Certificate,
    folders: dict[Target, Path],
    sizes: dict[Target, int],
) -> Measured | None:
    """Put the certificate beside what it is about, with times taken now, unless it lies there already."""
    if all(is_certified(folder, certificate) for folder in folders.values()):
        return None
    manifest = decode_manifest(
        project.read(next(iter(releases.values())).files[MANIFEST_FILE]), MANIFEST_FILE
    )
    measured = measure(folders)
    for folder in folders.values():
        write_certificate(folder, certificate, manifest, sizes, measured)
    return measured


def _must_be_audited() -> UsageError:
    return UsageError(
        where="--no-audit",
        expected="data that the task does not call sensitive",
        received="constraints.sensitive = true in task.toml",
        do_this="Ship without --no-audit. If the audit finds that the model leaks, --accept-leakage "
        "REASON lets it out.",
    )


def _not_ready(project: Project, received: str) -> ProjectError:
    return ProjectError(
        where=str(project.folder),
        expected="a project with a confirmed model",
        received=received,
        do_this=f"Run the workflow first: modelwright run {project.folder}. What is done is recalled.",
    )
