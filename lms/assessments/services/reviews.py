"""A version's way to the candidates: asked to be looked at, approved or sent back by somebody else, on trial, live."""

from datetime import datetime

from django.db import transaction

from lms.accounts.models import User
from lms.assessments.errors import NotInReview, OwnWork, WrongState
from lms.assessments.models import ItemReview, ItemVersion


@transaction.atomic
def ask_for_review(*, version: ItemVersion, by: User, at: datetime) -> ItemReview:
    """Asks others to look at a draft; a repeat returns the review that is open. Raises WrongState.

    The database allows one open review of a version.
    """
    version = _locked(version)
    if version.approved_at is not None:
        raise WrongState("This version is approved already. There is nothing to review.")
    if version.item.versions.filter(number__gt=version.number).exists():
        raise WrongState("There is a newer version. Ask for a review of that one.")
    found = version.reviews.filter(decided_at=None).first()
    if found is not None:
        return found
    version.review_asked_at = at
    version.save(update_fields=["review_asked_at"])
    return ItemReview.objects.create(version=version, asked_at=at, asked_by=by)


@transaction.atomic
def approve_version(
    *, version: ItemVersion, by: User, at: datetime, as_pilot: bool = False, note: str = ""
) -> ItemReview:
    """Makes a version live, or puts it on trial: shown and not scored. Earlier versions are no more drawn.

    Raises NotInReview, and OwnWork for its author and for who asked: two people stand behind what candidates see.
    """
    outcome = ItemReview.Outcome.PILOT if as_pilot else ItemReview.Outcome.LIVE
    version, review = _decided(version, by, at, outcome, note)
    version.approved_at, version.approved_by, version.is_pilot = at, by, as_pilot
    version.save(update_fields=["approved_at", "approved_by", "is_pilot"])
    return review


@transaction.atomic
def return_version(*, version: ItemVersion, by: User, at: datetime, note: str) -> ItemReview:
    """Sends a version back to its author with a reason: it is a draft again. Raises NotInReview, OwnWork."""
    version, review = _decided(version, by, at, ItemReview.Outcome.RETURNED, note)
    version.review_asked_at = None
    version.save(update_fields=["review_asked_at"])
    return review


def end_pilot(*, version: ItemVersion, by: User) -> None:
    """Makes a version on trial live: from now on it is scored. Raises WrongState, and OwnWork for its author."""
    if version.created_by_id == by.pk:
        raise OwnWork("You wrote this version. Somebody else decides whether it becomes live.")
    if ItemVersion.objects.piloted().filter(pk=version.pk).update(is_pilot=False) != 1:
        raise WrongState("This version is not on trial.")


def _locked(version: ItemVersion) -> ItemVersion:
    return ItemVersion.objects.select_for_update(of=("self",)).select_related("item").get(pk=version.pk)


def _decided(
    version: ItemVersion, by: User, at: datetime, outcome: ItemReview.Outcome, note: str
) -> tuple[ItemVersion, ItemReview]:
    version = _locked(version)
    review = version.reviews.filter(decided_at=None).first()
    if review is None:
        raise NotInReview("Nobody asked for a review of this version, or it is decided already.")
    if by.pk in {version.created_by_id, review.asked_by_id}:
        raise OwnWork("You wrote this version or asked for its review. Somebody else decides.")
    review.decided_at, review.decided_by, review.outcome, review.note = at, by, outcome, note.strip()
    review.save(update_fields=["decided_at", "decided_by", "outcome", "note"])
    return version, review
