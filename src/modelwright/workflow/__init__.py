"""The whole workflow, from a data file to a confirmed, explained and released model."""

from modelwright.workflow.chapter import (
    DEFAULT_SECONDS,
    WAIT_SECONDS,
    define_task,
    develop_and_deploy,
    look_at_data,
    run,
    understand_data,
)
from modelwright.workflow.comparing import Compared, compare_models
from modelwright.workflow.forms import FormWishes
from modelwright.workflow.outcome import Outcome
from modelwright.workflow.representing import hold_against_population
from modelwright.workflow.shipping import Reasons, Shipped, ship_project
from modelwright.workflow.wishes import Wishes

__all__ = [
    "DEFAULT_SECONDS",
    "WAIT_SECONDS",
    "Compared",
    "FormWishes",
    "Outcome",
    "Reasons",
    "Shipped",
    "Wishes",
    "compare_models",
    "define_task",
    "develop_and_deploy",
    "hold_against_population",
    "look_at_data",
    "run",
    "ship_project",
    "understand_data",
]
