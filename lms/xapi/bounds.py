"""What a credential may say and see when it is bound: to one actor, or to one launch of one activity.

A credential of one launch lies in the learner's browser. So it speaks for him alone, in one registration, and only what
it says of the activity that was launched can be a milestone: nothing it sends reaches a course, exam or person beside.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from lms.xapi.agents import actor_key
from lms.xapi.errors import NotYours
from lms.xapi.models import Credential
from lms.xapi.vocabulary import MILESTONES, VOIDED


def check_statement(statement: Mapping[str, Any], credential: Credential) -> None:
    """Raises NotYours for a statement that a bound credential may not make; any other may make all."""
    if not credential.is_bound:
        return
    actor, verb = statement["actor"], statement["verb"]["id"]
    if actor.get("objectType") == "Group" or actor_key(actor) != credential.actor_key:
        raise NotYours("This credential speaks for one actor, and the statement has another.")
    if verb == VOIDED:
        raise NotYours("This credential may not void statements.")
    registration = statement.get("context", {}).get("registration")
    if credential.registration and (not registration or UUID(registration) != credential.registration):
        raise NotYours("This credential was made for one launch, and the statement is not of its registration.")
    if credential.activity_id and verb in MILESTONES:
        target = statement["object"]
        if target.get("objectType", "Activity") != "Activity" or not _is_inside(target["id"], credential.activity_id):
            raise NotYours("This credential was made for one activity, and the statement tells how another went.")


def check_agent(agent_key: UUID, credential: Credential) -> None:
    """Raises NotYours when a bound credential asks for another agent's documents."""
    if credential.is_bound and agent_key != credential.actor_key:
        raise NotYours("This credential speaks for one actor, and the request names another.")


def check_state(agent_key: UUID, activity_id: str, registration: UUID | None, credential: Credential) -> None:
    """Raises NotYours for a state that is not of the credential's actor, activity and registration."""
    check_agent(agent_key, credential)
    if credential.activity_id and not _is_inside(activity_id, credential.activity_id):
        raise NotYours("This credential was made for one activity, and the request names another.")
    if credential.registration and registration not in {None, credential.registration}:
        raise NotYours("This credential was made for one launch, and the request names another registration.")


def check_activity_profile(credential: Credential) -> None:
    """Raises NotYours when a bound credential would change what all learners of an activity share."""
    if credential.is_bound:
        raise NotYours("This credential speaks for one actor; what all learners of an activity share it may only read.")


def _is_inside(activity_id: str, launched: str) -> bool:
    """Whether it is the activity launched, or a part of it: an IRI that goes on where that one ends."""
    return activity_id == launched or activity_id.startswith((f"{launched}/", f"{launched}#", f"{launched}?"))
