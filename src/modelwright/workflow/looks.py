"""What has been looked at on a bench's validation rows: every run on the ledger, in whatever session."""

from __future__ import annotations

import json

from modelwright.develop.compare import compare
from modelwright.develop.evaluating import evaluate
from modelwright.project import Project
from modelwright.records import Bench, Lab, Run, digest, step_name


def runs_on(project: Project, bench: Bench) -> tuple[Run, ...]:
    """Every run made on this bench, in the order they were made."""
    wanted = digest(bench)
    entries = [entry for entry in project.history() if entry.step == step_name(evaluate)]
    runs = [entry.record for entry in entries if wanted in json.loads(entry.inputs)]
    return tuple(run for run in runs if isinstance(run, Run))


def compared_on(project: Project, bench: Bench) -> int:
    """How many models were compared on this bench's rows (`modelwright compare`)."""
    wanted = digest(bench)
    labs = [entry.record for entry in project.history() if entry.step == step_name(compare)]
    return sum(len(lab.models) for lab in labs if isinstance(lab, Lab) and lab.bench == wanted)
