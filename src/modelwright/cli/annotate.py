"""``modelwright annotate``: items in, answers out, and what they come to."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from modelwright.cli.options import json_option, names, project_argument

if TYPE_CHECKING:
    from modelwright.records import Annotated, Progress, Question, Sourcing

FORMATS = ("csv", "jsonl", "label-studio", "coco")
_COLUMNS = ("key", "image", "gold", "prelabel", "annotator", "answer")


@click.command()
@project_argument
@click.option("--import", "imported", metavar="FILE", help="Bring items, and answers it has, into PROJECT.")
@click.option("--export", "exported", metavar="FILE", help="Write all items and answers to a file.")
@click.option("--collect", is_flag=True, help="Make a data set of the answers: PROJECT/annotated.csv.")
@click.option(
    "--advise", is_flag=True, help="Label it yourself, by a crowd, or by specialists? With the cost."
)
@click.option("--status", is_flag=True, help="Say how far it is (as without any option).")
@click.option(
    "--prelabel",
    is_flag=True,
    help="Let PROJECT's release answer first, and deal what it is unsure of first.",
)
@click.option(
    "--order",
    type=click.Choice(["uncertain", "errors"]),
    default="uncertain",
    show_default=True,
    help="With --prelabel: unsure items first, or answers that it doubts. A fifth or more stays random.",
)
@click.option("--format", "file_format", type=click.Choice(FORMATS), help="By the file's name unless given.")
@click.option(
    "--kind",
    type=click.Choice(["single", "multi", "scalar", "boxes"]),
    default="single",
    show_default=True,
    help="One label, several, a number, or boxes on images.",
)
@click.option("--labels", callback=names, metavar="LABEL,...", help="What may be answered.")
@click.option("--target", default="label", show_default=True, help="The column that answers become.")
@click.option("--answers-each", type=click.IntRange(1), help="Annotators who answer each item.")
@click.option("--random-share", type=click.FloatRange(0.2, 1), help="Least share dealt in random order.")
@click.option("--gold-share", type=click.FloatRange(0, 0.8), help="Share of gold items among those dealt.")
@click.option("--tell-gold", is_flag=True, help="Tell annotators after a gold item what is right.")
@click.option("--key", default="", metavar="COLUMN", help="In the file: names the items.")
@click.option("--image", default="", metavar="COLUMN", help="In the file: images inside PROJECT.")
@click.option(
    "--gold", default="", metavar="COLUMN", help="In the file: right answers, where they are known."
)
@click.option("--given", "prelabel_column", default="", metavar="COLUMN", help="In the file: pre-labels.")
@click.option("--annotator", default="", metavar="COLUMN", help="In the file: who answered.")
@click.option("--answer", default="", metavar="COLUMN", help="In the file: the answers.")
@click.option("--items", type=click.IntRange(1), help="With --advise: how many there are.")
@click.option(
    "--expertise",
    type=click.Choice(["none", "trainable", "expert"]),
    default="trainable",
    show_default=True,
    help="With --advise: who is able to answer.",
)
@click.option(
    "--sensitive/--not-sensitive", default=None, help="With --advise: as the task says unless given."
)
@click.option(
    "--within", type=float, default=0.03, show_default=True, help="With --advise: how far off a share may be."
)
@click.option("--invite", metavar="NAME", help="Make a link that lets one person in, to annotate only.")
@click.option("--revoke", metavar="NAME", help="Shut somebody out who was invited.")
@click.option("--at", default="", metavar="ADDRESS", help="With --invite: as `modelwright ui` printed it.")
@json_option
def annotate(project: str, as_json: bool, **options: Any) -> int:
    """Have people label PROJECT's items, and make a data set of what they answer.

    \b
    modelwright annotate spam --import messages.csv --labels spam,ham
    modelwright annotate spam --status
    modelwright annotate spam --export answers.json --format label-studio
    modelwright annotate spam --collect
    modelwright annotate spam --invite Ada --at https://lab.example:8443
    """
    chosen = [name for name in _ACTS if options[name]]
    for name in chosen:
        value, told = _ACTS[name](project, options, as_json)
        click.echo(_as_json(value) if as_json else told)
    if options["status"] or not chosen:
        value, told = _status(project)
        click.echo(_as_json(value) if as_json else told)
    return 0


def _import(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.records import AnnotationRules, Question
    from modelwright.sources.annotations.tables import Columns
    from modelwright.workflow.annotating import import_annotations

    del as_json
    asked = bool(options["labels"]) or options["kind"] in ("scalar", "boxes")
    question = Question(kind=options["kind"], target=options["target"], labels=options["labels"])
    wishes = {name: options[name] for name in ("answers_each", "random_share", "gold_share")}
    wishes["gold_told"] = options["tell_gold"] or None
    said = {name: value for name, value in wishes.items() if value is not None}
    columns = {name: options["prelabel_column" if name == "prelabel" else name] for name in _COLUMNS}
    found = import_annotations(
        project,
        options["imported"],
        file_format=options["file_format"],
        question=question if asked else None,
        rules=AnnotationRules(**said) if said else None,
        columns=Columns(**columns),
    )
    told = f"{found.new:,} items imported, {found.known:,} were there already"
    if found.answers or found.known_answers:
        told += f"; {found.answers:,} answers, {found.known_answers:,} were there already"
    return dataclasses.asdict(found), told


def _export(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.workflow.annotating import export_annotations

    del as_json
    path = options["exported"]
    count = export_annotations(project, path, file_format=options["file_format"])
    return {"file": path, "answers": count}, f"{count:,} answers written: {path}"


def _prelabel(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.workflow.annotating import guess_labels

    del as_json
    first = guess_labels(project, order=options["order"])
    return {"first": first}, f"pre-labels set; {first:,} items come first, a share stays random"


def _collect(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.cli.progress import shown_progress
    from modelwright.records import encode
    from modelwright.workflow.annotating import collect_annotations

    del options
    with shown_progress(quiet=as_json) as listener:
        found, path = collect_annotations(project, listener=listener)
    return {**json.loads(encode(found)), "file": str(path)}, _told_of(found, path)


def _advise(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.records import encode
    from modelwright.workflow.annotating import advise_labelling

    del as_json
    found = advise_labelling(
        project,
        expertise=options["expertise"],
        sensitive=options["sensitive"],
        items=options["items"],
        half_width=options["within"],
    )
    return json.loads(encode(found)), _advice(found)


def _invite(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.workflow.annotating import invite_annotator

    del as_json
    link = invite_annotator(project, options["invite"], at=options["at"])
    told = f"{link}\nFor {options['invite']}: it lets in once, within a week, to annotate and nothing else."
    return {"name": options["invite"], "link": link}, told


def _revoke(project: str, options: dict[str, Any], as_json: bool) -> tuple[Any, str]:
    from modelwright.workflow.annotating import revoke_annotator

    del as_json
    revoke_annotator(project, options["revoke"])
    return {"revoked": options["revoke"]}, f"{options['revoke']} is shut out; what was answered stays"


_ACTS = {
    "imported": _import,
    "exported": _export,
    "prelabel": _prelabel,
    "collect": _collect,
    "advise": _advise,
    "invite": _invite,
    "revoke": _revoke,
}


def _status(project: str) -> tuple[Any, str]:
    from modelwright.records import encode
    from modelwright.workflow.annotating import annotation_progress

    question, progress = annotation_progress(project)
    plain = {"question": json.loads(encode(question)), **json.loads(encode(progress))}
    return plain, _progress(question, progress)


def _progress(question: Question, progress: Progress) -> str:
    asked = f"{question.target}: {question.kind}"
    labels = f" of {', '.join(question.labels)}" if question.labels else ""
    lines = [
        click.style(asked + labels, bold=True),
        f"  {'items':12s} {progress.items:,} ({progress.gold:,} gold); {progress.answered:,} answered, "
        f"{progress.open:,} want answers, {progress.skipped:,} only skipped",
        f"  {'disputed':12s} {progress.disputed:,}; {progress.adjudicated:,} decided",
        f"  {'random':12s} {progress.random_rows:,} items stand for all",
    ]
    for one in progress.annotators:
        pace = "" if one.median_seconds is None else f", {one.median_seconds:.1f} s each"
        gold = f", gold {one.gold_right}/{one.gold_answers}" if one.gold_answers else ""
        lines.append(f"  {one.name[:12]:12s} {one.answers:,} answers, {one.skips:,} skipped{pace}{gold}")
    return "\n".join(lines)


def _told_of(found: Annotated, path: Path) -> str:
    target = found.question.target
    lines = [click.style(f"{found.dataset.rows:,} items with {target}: {path}", bold=True)]
    lines.append(f"  {'consensus':12s} {found.method}: {found.reason}")
    lines += [
        f"  {'agreement':12s} {one.name} {one.estimate or 'is not known: ' + one.reason}"
        for one in found.agreement
    ]
    for label, estimate in found.shares.items():
        lines.append(f"  {'of all':12s} {label}: {estimate} (from {found.random_rows:,} at random)")
    lines += [
        f"  {one.name[:12]:12s} {one.answers:,} answers, right: {one.accuracy or 'not known'}"
        for one in found.annotators
    ]
    if found.anchoring is not None:
        lines.append(f"  {'anchoring':12s} pre-labels shown are answered more often by {found.anchoring}")
    return "\n".join(lines)


def _advice(found: Sourcing) -> str:
    lines = [
        click.style(found.advice, bold=True),
        f"  {'labels':12s} {found.labels:,} of {found.items:,} items, drawn at random, know a share to "
        f"{found.half_width:g} either side",
    ]
    for one in found.options:
        cost = f"{one.answers:,} answers, {one.hours:,.1f} hours, cost {one.cost:,.0f}"
        lines.append(f"  {one.who:12s} {cost if one.possible else 'no'}: {one.reason}")
    return "\n".join([*lines, *(f"  {'note':12s} {caution}" for caution in found.cautions)])


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
