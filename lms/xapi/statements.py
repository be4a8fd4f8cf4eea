"""Our own facts as xAPI statements, built with tincan. Pure: nothing is read from or written to the database."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any, Protocol
from uuid import UUID, uuid5

import tincan
from django.conf import settings
from django.utils.crypto import salted_hmac

from lms.accounts.models import User
from lms.xapi import vocabulary
from lms.xapi.agents import PartnerLike, person_agent, team_group

_ENGLISH = "en"
_SCALED_STEP = Decimal("0.0001")


class PersonaLike(Protocol):
    @property
    def slug(self) -> str: ...


class MembershipLike(Protocol):
    """What a statement tells of a membership; `lms.partners` stands on a higher floor."""

    @property
    def partner(self) -> PartnerLike: ...

    @property
    def persona(self) -> PersonaLike: ...


def fact_id(namespace: UUID, fact: str) -> UUID:
    """The one id of a fact of ours: a replay makes the same statement, not a second.

    Keyed with the site's secret: a client that may store statements, and can know `namespace`, cannot take the id
    first and so stand in the way of the fact.
    """
    secret = UUID(bytes=salted_hmac("lms.xapi.fact_id", namespace.bytes, algorithm="sha256").digest()[:16])
    return uuid5(secret, fact)


def activity(iri: str, *, type: str, name: str, description: str = "") -> tincan.Activity:  # noqa: A002
    """An activity with its definition; `type` is an activity type of `lms.xapi.vocabulary`."""
    definition = tincan.ActivityDefinition(name=tincan.LanguageMap({_ENGLISH: name}), type=type)
    if description:
        definition.description = tincan.LanguageMap({_ENGLISH: description})
    return tincan.Activity(id=iri, definition=definition)


def score(raw: Decimal | int, *, maximum: Decimal | int) -> tincan.Score:
    """A score out of `maximum`. `scaled` is cut to four places, not rounded: a near miss never reads as a pass."""
    scaled = (Decimal(raw) / Decimal(maximum)).quantize(_SCALED_STEP, rounding=ROUND_DOWN)
    return tincan.Score(scaled=float(scaled), raw=float(raw), min=0.0, max=float(maximum))


def result(
    *,
    score: tincan.Score | None = None,
    success: bool | None = None,
    completion: bool | None = None,
    response: str | None = None,
    duration: timedelta | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> tincan.Result:
    """A result. `duration` is written as ISO 8601 to a hundredth of a second; a clock that ran backwards gives zero."""
    if duration is not None:
        duration = max(timedelta(0), timedelta(seconds=round(duration.total_seconds(), 2)))
    return tincan.Result(
        score=score,
        success=success,
        completion=completion,
        response=response,
        duration=duration,
        extensions=tincan.Extensions(dict(extensions)) if extensions else None,
    )


def build(
    *,
    actor: User,
    verb: str,
    object: tincan.Activity | tincan.StatementRef,  # noqa: A002
    at: datetime,
    id: UUID | None = None,  # noqa: A002
    membership: MembershipLike | None = None,
    registration: UUID | None = None,
    revision: str = "",
    result: tincan.Result | None = None,
    parent: Sequence[tincan.Activity] = (),
    grouping: Sequence[tincan.Activity] = (),
    extensions: Mapping[str, Any] | None = None,
) -> tincan.Statement:
    """One statement of ours: `actor` did `verb` (an IRI of `lms.xapi.vocabulary`) to `object` at `at`.

    The context names the partner as team and the persona as extension (when there is a membership), the platform (where
    the specification allows it: of activities), the version of what was used (`revision`, of activities only), the
    person's language and the registration. A statement that may be
    repeated gets an `id` from `fact_id` (tincan takes UUIDs of versions 1 to 5 only).
    """
    context_extensions = dict(extensions or {})
    if membership is not None:
        context_extensions[vocabulary.PERSONA_EXTENSION] = membership.persona.slug
    context = tincan.Context(
        registration=registration,
        revision=revision or None,
        team=team_group(membership.partner) if membership is not None else None,
        platform=settings.SITE_NAME if isinstance(object, tincan.Activity) else None,
        language=actor.language or None,
        context_activities=_context_activities(parent, grouping),
        extensions=tincan.Extensions(context_extensions) if context_extensions else None,
    )
    return tincan.Statement(
        id=id,
        actor=person_agent(actor),
        verb=tincan.Verb(id=verb, display=tincan.LanguageMap({_ENGLISH: vocabulary.verb_display(verb)})),
        object=object,
        result=result,
        context=context,
        timestamp=at,
    )


def _context_activities(
    parent: Sequence[tincan.Activity], grouping: Sequence[tincan.Activity]
) -> tincan.ContextActivities | None:
    if not parent and not grouping:
        return None
    return tincan.ContextActivities(
        parent=tincan.ActivityList(list(parent)) if parent else None,
        grouping=tincan.ActivityList(list(grouping)) if grouping else None,
    )
