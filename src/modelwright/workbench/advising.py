"""Who should label, and how much is enough? The adviser's answer to what a person says of her case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from modelwright.define.labellers import COST_AN_HOUR, WAYS, Expertise, Who
from modelwright.errors import UsageError
from modelwright.records import Sourcing
from modelwright.workbench.annotation_room import AnnotationRoom
from modelwright.workflow.annotating import advise_labelling

USUAL = {"expertise": "trainable", "sensitive": "", "within": "3"}
"""What is asked where a person says nothing; within: points either side."""

SENSITIVE = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Advising:
    """The adviser's page."""

    room: AnnotationRoom

    def routes(self) -> list[Route]:
        """Its address."""
        return [Route("/annotate/adviser", self.adviser)]

    def adviser(self, request: Request) -> Response:
        """What it takes to label so much, by whom, at which cost."""
        asked = request.query_params
        store = self.room.opened()
        there = store.progress().items if store is not None else 0
        items = asked.get("items") or (str(there) if there else "")
        return self.room.show(
            "annotate_adviser.html",
            "adviser",
            asked={**USUAL, **asked, "items": items},
            costs={who: asked.get(f"cost_{who}") or f"{COST_AN_HOUR[who]:g}" for who in WAYS},
            found=self._advice(asked, items) if items else None,
        )

    def _advice(self, asked: QueryParams, items: str) -> Sourcing:
        wanted = asked.get("expertise", USUAL["expertise"])
        expertise: Expertise = next((one for one in get_args(Expertise) if one == wanted), "trainable")
        costs: dict[Who, float] = {}
        for who in WAYS:
            if said := asked.get(f"cost_{who}"):
                costs[who] = number(said, "an hour's cost")
        return advise_labelling(
            self.room.folder,
            expertise=expertise,
            sensitive=SENSITIVE.get(asked.get("sensitive", "")),
            items=int(number(items, "the number of items")),
            half_width=number(asked.get("within") or USUAL["within"], "the interval") / 100,
            cost_an_hour=costs,
        )


def number(given: str, what: str) -> float:
    """A number that a person typed, 0 or more.

    Raises:
        UsageError: it is none.
    """
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e15:
        raise UsageError(
            where=what,
            expected="a number, 0 or more",
            received=given[:100],
            do_this="Write it in figures, such as 20000.",
        )
    return value
