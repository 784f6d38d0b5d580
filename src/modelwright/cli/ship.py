"""``modelwright ship``: the confirmed model to where it is needed, with proof."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from modelwright.cli.options import json_option, names, project_argument

if TYPE_CHECKING:
    from modelwright.records import Optimised
    from modelwright.workflow import Shipped


@click.command()
@project_argument
@click.option(
    "--to",
    callback=names,
    metavar="TARGET,...",
    help="server, device, browser; where the task's constraints call for unless given.",
)
@click.option(
    "--optimise",
    is_flag=True,
    help="Look for a smaller and faster form that answers as well: pruned, 8-bit integers, both.",
)
@click.option("--max-bytes", type=int, metavar="BYTES", help="The most that the model's file may have.")
@click.option("--max-latency-ms", type=float, metavar="MS", help="The most that one row may take, here.")
@click.option(
    "--max-drop",
    type=float,
    metavar="POINTS",
    help="The most that a form may lose: points of a share, or percent of an error (0.5 unless given).",
)
@click.option("--variant", default="", metavar="NAME", help="Ship this form, chosen by hand from the table.")
@click.option(
    "--without-proof",
    default="",
    metavar="REASON",
    help="Ship to the browser though none is found here to prove it in; the certificate repeats why.",
)
@click.option(
    "--no-audit",
    default="",
    metavar="REASON",
    help="Let a model leave the house without the privacy audit; not one of sensitive data.",
)
@click.option(
    "--accept-leakage",
    default="",
    metavar="REASON",
    help="Let a model of sensitive data leave the house though the audit says that it leaks.",
)
@json_option
def ship(
    project: str,
    to: tuple[str, ...],
    optimise: bool,
    max_bytes: int | None,
    max_latency_ms: float | None,
    max_drop: float | None,
    variant: str,
    without_proof: str,
    no_audit: str,
    accept_leakage: str,
    as_json: bool,
) -> int:
    """Ship PROJECT's confirmed model, and prove that it answers as it was tested.

    The server's folder is PROJECT/release, the browser's PROJECT/browser: a static page for any web server,
    which works without a network after the first visit. The device's is PROJECT/device: files for LiteRT, and
    what prepares a row for them in C++, JavaScript and Python (it needs the extra: pip install
    "modelwright[device]"; trees cannot go there). A thousand raw rows are asked of the trained model and in
    each place; nothing is shipped where they differ. The proof is parity.html, beside the files.

    With --optimise or a limit (or where the task limits size or latency) a network is also pruned and made of
    integers. A form is taken only if it is shown to lose no more than --max-drop on rows it was not trained
    on, and to be faster where it goes; the certificate shows all of them, for you to choose another with
    --variant. Where none is within the limits nothing is shipped, and the closest is named. A device always
    gets the float file, and integers beside it where they pass.

    Before a model goes to the browser or a device it is audited: can it be told from its answers which rows
    it learnt from? Where the task says that its data are sensitive, more than max_epsilon (task.toml) stops
    it.
    """
    from modelwright.cli.progress import shown_progress
    from modelwright.workflow import FormWishes, Reasons, ship_project

    limits = {"max_bytes": max_bytes, "max_latency_ms": max_latency_ms, "by_hand": variant or None}
    limits["max_drop"] = None if max_drop is None else max_drop / 100
    given = {name: limit for name, limit in limits.items() if limit is not None}
    why = Reasons(without_proof=without_proof, accept_leakage=accept_leakage, no_audit=no_audit)
    with shown_progress(quiet=as_json) as listener:
        shipped = ship_project(
            project,
            to=to,
            forms=FormWishes(**given) if optimise or given else None,  # pyright: ignore[reportArgumentType]  # each has its own type
            why=why,
            listener=listener,
        )
    click.echo(_as_json(shipped) if as_json else _told(shipped))
    return 0


def _told(shipped: Shipped) -> str:
    lines = [click.style(f"{_names(shipped)}, shipped", bold=True)]
    for target, folder in shipped.folders.items():
        lines.append(
            f"  {target:8s} {folder} ({shipped.sizes[target] / 1e6:.2f} MB): {shipped.reasons[target]}"
        )
    certificate = shipped.certificate
    for target in shipped.folders:
        if (found := certificate.forms.get(target)) is not None:
            lines += _forms_told(target, found)
    for one in certificate.answerers:
        classes = "" if one.disagreements is None else f", {one.disagreements} with another class"
        far = f"largest difference {one.max_difference:.1e}{classes}"
        lines.append(
            f"  {'proof':8s} {one.target}: {certificate.rows:,} rows answered alike, {far} ({one.program})"
        )
    lines += _integers(shipped)
    for target, why in certificate.unproved.items():
        lines.append(click.style(f"  {'UNPROVED':8s} {target}: {why}", fg="yellow"))
    if certificate.leakage is not None:
        lines.append(f"  {'privacy':8s} {certificate.leakage.verdict.reason}")
    if certificate.unaudited:
        lines.append(f"  {'privacy':8s} not audited: {certificate.unaudited}")
    if certificate.accepted_leakage:
        lines.append(click.style(f"  {'LEAKS':8s} accepted: {certificate.accepted_leakage}", fg="yellow"))
    if shipped.measured is not None:
        for target, times in shipped.measured.places.items():
            took = f"first answer after {times.first_answer:.0f} ms, then {times.row:.2g} ms a row"
            lines.append(f"  {'times':8s} {target}: {took}")
    lines += [click.style(f"  {'note':8s} {caution}", fg="yellow") for caution in shipped.cautions]
    lines += [f"  {'page':8s} {folder / 'parity.html'}" for folder in shipped.folders.values()]
    return "\n".join(lines)


def _integers(shipped: Shipped) -> list[str]:
    """What came of 8-bit integers, where the model went to a device."""
    from modelwright.deploy.gates import drop_words

    if shipped.device is None:
        return []
    rounded = shipped.certificate.rounded
    if rounded is None:
        return [f"  {'int8':8s} device: left out: {shipped.device.no_integers}"]
    most = drop_words(rounded.drop.high, relative=rounded.relative)
    costs = f"{rounded.share:.2f} of the size, {rounded.time.value:.2f} of the time, loses at most {most}"
    return [f"  {'int8':8s} device: {costs}"]


def _names(shipped: Shipped) -> str:
    return " and ".join(dict.fromkeys(release.name for release in shipped.releases.values()))


def _forms_told(target: str, found: Optimised) -> list[str]:
    """A line for each form, the one shipped in bold."""
    from modelwright.deploy.gates import cost_words

    by_hand = " by hand" if found.by_hand else ""
    lines = [f"  {'forms':8s} for the {target}, timed in {found.machine}:"]
    for place, option in enumerate(found.options):
        verdict = f"{option.reason}; chosen{by_hand}" if place == found.chosen else option.reason
        line = f"  {'':8s} {option.variant.name}: {cost_words(option)}; {verdict}"
        lines.append(click.style(line, bold=place == found.chosen))
    return lines + [f"  {'':8s} not made: {one}" for one in found.left_out]


def _as_json(shipped: Shipped) -> str:
    from modelwright.records import encode

    value = {
        "releases": {target: release.name for target, release in shipped.releases.items()},
        "folders": {target: str(folder) for target, folder in shipped.folders.items()},
        "reasons": shipped.reasons,
        "size_bytes": shipped.sizes,
        "certificate": json.loads(encode(shipped.certificate)),
        "measured": None if shipped.measured is None else dataclasses.asdict(shipped.measured),
        "no_integers": None if shipped.device is None else shipped.device.no_integers,
        "cautions": shipped.cautions,
    }
    return json.dumps(value, ensure_ascii=False, indent=2)
