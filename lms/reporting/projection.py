"""From the statements of one registration to one course record. Pure: the same statements make the same record.

A statement counts when a trusted authority vouches for it, it is not voided, it has a registration, its actor is an
account of ours, and its object is an activity of the type "course". Facts are taken in the order in which they
happened, by (timestamp, statement id), so the order of arrival makes no difference:

- the record's person and course are those of the first `registered` statement (without one, of the first statement);
  statements of anybody else or about anything else are left out;
- registered and completed are the first statement of each verb;
- withdrawn is the last `withdrew` statement, unless the person registered again after it;
- partner and persona are what the first statement says: who sent the person stays, wherever he works later.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from lms.reporting.models import CourseRecord
from lms.xapi import vocabulary
from lms.xapi.agents import account_id, verb_key
from lms.xapi.models import Statement

VERBS = {verb_key(verb): verb for verb in (vocabulary.REGISTERED, vocabulary.COMPLETED, vocabulary.WITHDREW)}
_LONGEST_IRI = 250


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One counted statement about a course."""

    at: datetime
    statement_id: UUID
    verb: str
    person: UUID
    course_iri: str
    course_name: str
    partner: UUID | None
    persona: str

    @property
    def order(self) -> tuple[datetime, UUID]:
        return self.at, self.statement_id


def fact(statement: Statement) -> Fact | None:
    """What a statement says about a course; None when it says nothing that can count."""
    body = json.loads(statement.body)
    target, context = body["object"], body.get("context", {})
    definition = target.get("definition", {})
    person = account_id(body["actor"])
    if definition.get("type") != vocabulary.COURSE or person is None or len(target["id"]) > _LONGEST_IRI:
        return None
    persona = context.get("extensions", {}).get(vocabulary.PERSONA_EXTENSION, "")
    return Fact(
        at=statement.happened_at,
        statement_id=statement.statement_id,
        verb=VERBS[statement.verb_key],
        person=person,
        course_iri=target["id"],
        course_name=next(iter(definition.get("name", {}).values()), "")[:_LONGEST_IRI],
        partner=account_id(context.get("team", {})),
        persona=persona[:50] if isinstance(persona, str) else "",
    )


@dataclass(frozen=True, kw_only=True)
class Projected:
    """The values of a course record but for its row ids; `person` is a public id."""

    person: UUID
    values: dict[str, Any]

    def row(self, *, registration: UUID, person_id: int, stored_through: datetime) -> CourseRecord:
        return CourseRecord(
            registration=registration, person_id=person_id, stored_through=stored_through, **self.values
        )


def project(facts: Iterable[Fact]) -> Projected:
    """The record that the facts of one registration, at least one, make."""
    ordered = sorted(facts, key=lambda item: item.order)
    first = next((item for item in ordered if item.verb == vocabulary.REGISTERED), ordered[0])
    own = [item for item in ordered if (item.person, item.course_iri) == (first.person, first.course_iri)]
    registrations = [item for item in own if item.verb == vocabulary.REGISTERED]
    withdrawn = next((item for item in reversed(own) if item.verb == vocabulary.WITHDREW), None)
    if withdrawn and registrations and registrations[-1].at > withdrawn.at:
        withdrawn = None
    completed = next((item for item in own if item.verb == vocabulary.COMPLETED), None)
    milestones = {"registered": first if registrations else None, "completed": completed, "withdrawn": withdrawn}
    values: dict[str, Any] = {
        "activity_iri": first.course_iri,
        "activity_name": first.course_name,
        "partner_public_id": first.partner,
        "persona": first.persona,
    }
    for name, item in milestones.items():
        values[f"{name}_at"] = item.at if item else None
        values[f"{name}_statement"] = item.statement_id if item else None
    return Projected(person=first.person, values=values)
