"""The nouns: what steps hand to each other. Arrays never live here, only their blobs."""

from modelwright.records._bench import Bench, ColumnPlan, Measure, Plan, Protocol
from modelwright.records._blob import Blob, BlobKind
from modelwright.records._dataset import (
    Change,
    Column,
    Dataset,
    Dtype,
    Ingest,
    Quarantined,
    Snapshot,
    Source,
)
from modelwright.records._desk import Desk, step, step_name, step_version
from modelwright.records._release import Card, Release
from modelwright.records._study import (
    Choice,
    Comparison,
    Failure,
    Family,
    Final,
    Recipe,
    Run,
    Study,
)
from modelwright.records._task import (
    Constraints,
    Costs,
    ExistingSolution,
    Hypothesis,
    HypothesisStatus,
    Input,
    Role,
    Task,
    TaskKind,
    TestChoice,
)
from modelwright.records._verdict import Estimate, Finding, Verdict
from modelwright.records._wire import decode, digest, encode, record

__all__ = [
    "Bench",
    "Blob",
    "BlobKind",
    "Card",
    "Change",
    "Choice",
    "Column",
    "ColumnPlan",
    "Comparison",
    "Constraints",
    "Costs",
    "Dataset",
    "Desk",
    "Dtype",
    "Estimate",
    "ExistingSolution",
    "Failure",
    "Family",
    "Final",
    "Finding",
    "Hypothesis",
    "HypothesisStatus",
    "Ingest",
    "Input",
    "Measure",
    "Plan",
    "Protocol",
    "Quarantined",
    "Recipe",
    "Release",
    "Role",
    "Run",
    "Snapshot",
    "Source",
    "Study",
    "Task",
    "TaskKind",
    "TestChoice",
    "Verdict",
    "decode",
    "digest",
    "encode",
    "record",
    "step",
    "step_name",
    "step_version",
]
