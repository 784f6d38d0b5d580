"""Which address of the annotation shows what?"""

from __future__ import annotations

from starlette.routing import Route

from modelwright.workbench.advising import Advising
from modelwright.workbench.annotating import Annotating
from modelwright.workbench.annotation_room import AnnotationRoom
from modelwright.workbench.collecting import Collecting
from modelwright.workbench.guarding import Session
from modelwright.workbench.importing import Importing
from modelwright.workbench.inviting import Inviting


def annotation_routes(room: AnnotationRoom, session: Session) -> list[Route]:
    """All addresses of the annotation."""
    rooms = (Annotating(room), Importing(room), Collecting(room), Inviting(room, session), Advising(room))
    return [route for each in rooms for route in each.routes()]
