"""Which statements go out: the one filter of forwarding and export."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from lms.xapi.agents import activity_key, verb_key
from lms.xapi.drafts import VOIDED_KEY
from lms.xapi.models import Mention, Statement, StatementQuerySet

Place = tuple[datetime, int]


@dataclass(frozen=True, kw_only=True)
class Selection:
    """What a statement must be to go out; an empty field asks for nothing.

    `since` is exclusive and `until` inclusive, of the stored time, as in xAPI's own queries. `agent` is the key of an
    actor, also as a member of a group that acts. A voiding statement goes where its target goes.
    """

    verbs: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    authorities: tuple[int, ...] = ()
    agent: UUID | None = None
    registration: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    is_trusted_only: bool = False

    def statements(self) -> StatementQuerySet:
        """All that match, voided ones too, in no order."""
        content = self._what()
        if content != Q():
            targets = Statement.objects.filter(content).values("statement_id")
            content |= Q(verb_key=VOIDED_KEY, object_key__in=targets)
        return Statement.objects.filter(content, self._who_and_when())

    def _what(self) -> Q:
        content = Q()
        if self.verbs:
            content &= Q(verb_key__in=[verb_key(verb) for verb in self.verbs])
        if self.activities:
            content &= Q(object_key__in=[activity_key(iri) for iri in self.activities])
        if self.registration is not None:
            content &= Q(registration=self.registration)
        if self.agent is not None:
            mentions = Mention.objects.filter(
                key=self.agent, stored_at=OuterRef("stored_at"), statement=OuterRef("pk"), is_member=True
            )
            content &= Q(actor_key=self.agent) | Q(Exists(mentions))
        return content

    def _who_and_when(self) -> Q:
        rest = Q()
        if self.authorities:
            rest &= Q(authority__in=self.authorities)
        if self.is_trusted_only:
            rest &= Q(authority__is_trusted=True)
        if self.since is not None:
            rest &= Q(stored_at__gt=self.since)
        if self.until is not None:
            rest &= Q(stored_at__lte=self.until)
        return rest


def behind(place: Place) -> Q:
    """What comes after a place in stored order."""
    stored_at, pk = place
    return Q(stored_at__gte=stored_at) & (Q(stored_at__gt=stored_at) | Q(pk__gt=pk))
