"""Whether an award holds: one answer, worked out from the credential behind it, for page, JSON, list and verifier.

What a credential's state means for its badge stands in `_CREDENTIAL` and nowhere else. A state that certifications
add later is looked up by its name; one that is not listed stops the badge (fail closed).
"""

from datetime import UTC, datetime
from enum import StrEnum

from badges.models import LIST_LENGTH, Award
from certifications.models import Credential
from lms.accounts.models import User


class Standing(StrEnum):
    """`is_listed` ones have their bit set in the status list that every badge names."""

    VALID = "valid"
    EXPIRED = "expired"
    SUSPENDED = "suspended"
    REVOKED = "revoked"

    @property
    def is_listed(self) -> bool:
        return self in {Standing.SUSPENDED, Standing.REVOKED}


_CREDENTIAL = {
    "valid": Standing.VALID,
    "expired": Standing.EXPIRED,
    "suspended": Standing.SUSPENDED,
    "revoked": Standing.REVOKED,
    "replaced": Standing.REVOKED,
}


def of_credential(credential: Credential, at: datetime) -> Standing:
    """Its state on the day of `at` (UTC) as the badge sees it."""
    return _CREDENTIAL.get(str(credential.status(at.astimezone(UTC).date())), Standing.REVOKED)


def of_award(award: Award, at: datetime) -> Standing:
    """The state of an award. Load it with `whole()`; a pathway's award costs two queries for what it rests on."""
    if award.credential is not None:
        return of_credential(award.credential, at)
    return next(state for one, state in of_person(award.holder, at) if one.pk == award.pk)


def of_person(person: User, at: datetime) -> list[tuple[Award, Standing]]:
    """Every award of a person with its state, oldest first, by two queries however many there are."""
    awards = list(Award.objects.of_person(person).whole().prefetch_related("members").order_by("awarded_at", "pk"))
    return [(award, _worked_out(award, awards, at, frozenset())) for award in awards]


def _worked_out(award: Award, awards: list[Award], at: datetime, above: frozenset[int]) -> Standing:
    """A pathway's holds while enough of its members do. That one of them expires changes nothing: the badge says what
    was earned. `above` are the awards this is asked for: a circle, which no pathway is saved with, counts as nothing.
    """
    if award.credential is not None:
        return of_credential(award.credential, at)
    members = {one.pk for one in award.members.all()}
    found: dict[int, list[Standing]] = {}
    for one in awards:
        if one.achievement_id in members and one.pk != award.pk and one.pk not in above:
            state = _worked_out(one, awards, at, above | {award.pk})
            found.setdefault(one.achievement_id, []).append(state)
    holding = sum(any(not state.is_listed for state in states) for states in found.values())
    resting = sum(any(state != Standing.REVOKED for state in states) for states in found.values())
    needed = award.needed or 1
    if holding >= needed:
        return Standing.VALID
    return Standing.SUSPENDED if resting >= needed else Standing.REVOKED


def listed(number: int, purpose: str, at: datetime) -> list[int]:
    """The positions set in list `number`: for "suspension" what is suspended, for "revocation" whatever is stopped.

    Asks for the stopped credentials and the pathway awards of their holders, not for all there are.
    """
    first = number * LIST_LENGTH
    stopped = Credential.objects.stopped()
    wanted = {Standing.SUSPENDED} if purpose == "suspension" else {Standing.SUSPENDED, Standing.REVOKED}
    here = Award.objects.whole().filter(status_index__gte=first, status_index__lt=first + LIST_LENGTH)
    of_credentials = [(award, of_award(award, at)) for award in here.filter(credential__in=stopped)]
    people = User.objects.filter(pk__in=here.filter(person__in=stopped.values("person")).values("person"))
    of_pathways = [pair for person in people for pair in of_person(person, at) if pair[0].person_id is not None]
    return sorted(
        award.status_index - first
        for award, state in [*of_credentials, *of_pathways]
        if state in wanted and award.status_index is not None and 0 <= award.status_index - first < LIST_LENGTH
    )
