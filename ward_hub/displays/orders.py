"""What the interfaces that change the registry share: who may, what is said, what follows.

A change is known everywhere at once: after it the hub reads its picture anew before the answer
goes out. A refusal at the door (a role, a unit) is written to the audit log like a deed.
"""

from __future__ import annotations

from http import HTTPStatus

from fastapi import HTTPException
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from ward_hub.core.audit import Act, AuditEntry, refused_outcome
from ward_hub.core.people import Session
from ward_hub.displays.screens import Screens
from ward_hub.displays.wire import encode

MOST_WORDS = 200
"""The longest reason somebody may give."""


class Order(BaseModel):
    """The body of an order. A name that is not known is refused: it may be a misspelt one."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


def act_of(screens: Screens, session: Session, why: str = "") -> Act:
    """Who does it and when, for the registry and its audit log."""
    return Act(f"staff:{session.person.id}", screens.deps.clock.now(), why)


def refusal(reason: str, detail: str) -> Response:
    """What cannot be done now. `reason` is for programs and does not change with the wording."""
    status = HTTPStatus.CONFLICT
    document = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "reason": reason,
    }
    return Response(encode(document), status.value, media_type="application/problem+json")


async def turn_away(act: Act, screens: Screens, what: str, on: str) -> HTTPException:
    """The refusal of a person whose role or unit does not allow it, once it is written down."""
    if screens.deps.audit is not None:
        outcome = refused_outcome("role")
        await screens.deps.audit.note(AuditEntry(act.now, act.who, what, on, act.why, outcome))
    return HTTPException(403, "Your account cannot do this here.")
