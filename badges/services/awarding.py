"""Awards: signed once, stored once, whoever asks and how often."""

import secrets
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q

from badges import documents, jws, proofs, standing
from badges.events import BadgeAwarded
from badges.images.design import default_design
from badges.models import LIST_LENGTH, Achievement, Award, Pathway
from badges.services.keyring import issuer_key, private_key
from badges.services.pictures import drawn
from certifications.models import Credential
from lms.accounts.models import User
from lms.common.guards import clean_name
from lms.events.services import emit


@transaction.atomic
def award_badge(*, credential: Credential, at: datetime) -> Award:
    """Awards the badge of a credential: signs it with the newest key and keeps it as signed. Replays return it.

    Of two at once the unique constraint lets one through. Emits BadgeAwarded. Raises KeyUnreadable, and UndefinedTerm
    when a part would go unsigned; nothing is stored then, and the credential is not touched.
    """
    if award := Award.objects.filter(credential=credential).first():
        return award
    award = Award(
        achievement=_achievement_of(credential),
        credential=credential,
        status_index=_free_index(),
        awarded_at=at,
    )
    _sign(award, documents.credential_document(award, credential), at)
    return _stored(award) or Award.objects.get(credential=credential)


def _achievement_of(credential: Credential) -> Achievement:
    """The achievement of a certification; made from the first credential of it."""
    said = credential.as_issued
    achievement, is_new = Achievement.objects.select_related("image").get_or_create(
        certification=credential.certification,
        defaults={"name": said.title, "description": said.description or said.criteria, "criteria": said.criteria},
    )
    if is_new:
        achievement.image = drawn(default_design(achievement.name))
        achievement.save(update_fields=["image"])
    return achievement


def _free_index() -> int:
    """A place in the status lists nobody has: at random, so that neighbours tell nothing, in a list half empty.

    Raises IntegrityError later, in `_stored`, if another took it in this moment; the award is then tried again.
    """
    block = Award.objects.exclude(status_index=None).count() // (LIST_LENGTH // 2)
    while True:
        index = block * LIST_LENGTH + secrets.randbelow(LIST_LENGTH)
        if not Award.objects.filter(status_index=index).exists():
            return index


def _sign(award: Award, unsigned: dict[str, Any], at: datetime) -> None:
    key = issuer_key(at=at)
    private = private_key(key)
    award.key = key
    award.document = proofs.add_proof(unsigned, key=private, method=documents.verification_method(key), at=at)
    award.jwt = jws.sign(unsigned, key=private, method=documents.jwt_method(key))


def _stored(award: Award) -> Award | None:
    """Stores it and emits BadgeAwarded; None when a constraint says that another did."""
    try:
        with transaction.atomic():
            award.save(force_insert=True)
    except IntegrityError:
        return None
    emit(BadgeAwarded(at=award.awarded_at, award_id=award.public_id, person_id=award.holder.public_id))
    return award


def token_of(award: Award, *, at: datetime) -> str:
    """The award as VC-JWT; one from before there were tokens is signed now, once. Raises KeyUnreadable."""
    if award.jwt:
        return award.jwt
    key = issuer_key(at=at)
    unsigned = {name: member for name, member in award.document.items() if name != "proof"}
    token = jws.sign(unsigned, key=private_key(key), method=documents.jwt_method(key))
    Award.objects.filter(pk=award.pk, jwt="").update(jwt=token)
    award.refresh_from_db(fields=["jwt"])
    return award.jwt


@transaction.atomic
def award_pathways(*, person: User, at: datetime) -> list[Award]:
    """Awards the badge of every pathway of which the person holds enough badges at `at`; returns the new ones.

    Counts whole badges that hold (not revoked, not suspended; one that merely expired was earned). Replays and racing
    callers award once, by the unique constraint. Emits BadgeAwarded, so a pathway may lead to a pathway. Raises
    KeyUnreadable, and nothing is stored then.
    """
    # Oldest first: of two badges of one achievement the newest is left.
    held = {one.achievement_id: one for one, state in standing.of_person(person, at) if not state.is_listed}
    wanted = (
        Pathway.objects.filter(Q(retired_at=None) | Q(retired_at__gt=at), members__in=held)
        .exclude(achievement__awards__person=person)
        .select_related("achievement__image")
        .prefetch_related("members")
        .distinct()
        .order_by("pk")
    )
    made = [_award_pathway(pathway, person, held, at) for pathway in wanted]
    return [award for award in made if award is not None]


def _award_pathway(pathway: Pathway, person: User, held: dict[int, Award], at: datetime) -> Award | None:
    members = sorted(pathway.members.all(), key=lambda one: one.pk)
    rests_on = [held[one.pk] for one in members if one.pk in held]
    if len(rests_on) < pathway.needed:
        return None
    award = Award(
        achievement=pathway.achievement,
        person=person,
        holder_name=clean_name(person.name),
        needed=pathway.needed,
        status_index=_free_index(),
        awarded_at=at,
    )
    _sign(award, documents.pathway_document(award, rests_on), at)
    if _stored(award) is None:
        return None
    award.members.set(members)
    return award
