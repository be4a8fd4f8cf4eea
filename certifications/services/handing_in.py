"""What people hand in: for practice tasks, and as claims of continuing points. Kept as it was handed in."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.validators import URLValidator
from django.db import IntegrityError, transaction

from certifications import errors, statements
from certifications.events import EvidenceJudged
from certifications.filing import HandedFile, checked
from certifications.models import Certification, PracticeTask, Submission
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit
from lms.partners.models import Membership
from lms.xapi.services import platform_authority, record

MAX_A_DAY = 20
MAX_WORDS = 10_000
MAX_POINTS = 200
_PARTIAL = "You may not record these points: nobody records his own, or those of a colleague. Nothing was recorded."


@transaction.atomic
def hand_in(
    *,
    task: PracticeTask,
    person: User,
    membership: Membership | None,
    words: str,
    link: str,
    file: HandedFile | None,
    at: datetime,
) -> Submission:
    """Keeps what `person` hands in for a practice task, with the statement that he did, until a reviewer judges it.

    One at a time waits for each task and person: the unique constraint lets one of two through. Raises NotAllowed (a
    task no certification asks him for, or a retired one), NothingHandedIn, BadFile, FileNotKept, AlreadyHandedIn,
    TooManyHandedIn.
    """
    if task.retired_at is not None or not PracticeTask.objects.visible_to(person).filter(pk=task.pk).exists():
        raise errors.NotAllowed("Nothing is to be handed in for this. Nothing was kept.")
    made = Submission(task=task, person=person, membership=membership, submitted_at=at)
    return _kept(made, words, link, file, "You handed this in already. A reviewer reads it; nothing was changed.")


@transaction.atomic
def claim_points(
    *,
    certification: Certification,
    person: User,
    membership: Membership | None,
    title: str,
    happened_on: date,
    points: int,
    words: str,
    link: str,
    file: HandedFile | None,
    at: datetime,
) -> Submission:
    """Keeps a claim of continuing points for something done on a day, until a reviewer judges it.

    The same thing on the same day is claimed once, unless it was returned. Raises NotAllowed (who does not hold the
    certification, or it is not renewed by points), NothingHandedIn, BadFile, FileNotKept, AlreadyHandedIn,
    TooManyHandedIn.
    """
    holds = certification.credentials.filter(person=person, revoked_at=None)
    if not certification.renewal_points or not holds.exists():
        raise errors.NotAllowed("No points are collected for this. Nothing was kept.")
    made = _claim(certification, person, title, happened_on, points, at)
    made.membership = membership
    return _kept(made, words, link, file, "You claimed this already. Nothing was changed.")


@transaction.atomic
def record_points(
    *,
    certification: Certification,
    people: Iterable[User],
    title: str,
    happened_on: date,
    points: int,
    by: User,
    at: datetime,
) -> list[Submission]:
    """Records points of something many took part in (a class, a conference), accepted at once; returns the new ones.

    Who has points for the same thing on the same day already is left out: a replay records nothing. So is who claimed
    it and waits: his claim is judged as he handed it in. Writes the statement of each, the audit log, and emits
    EvidenceJudged. Raises NotAllowed (permission certifications.manage_certifications, and never one's own points or
    a colleague's), NothingHandedIn.
    """
    people = list(people)
    if not by.has_perm("certifications.manage_certifications") or by in people:
        raise errors.NotAllowed(_PARTIAL)
    made = []
    for person in people:
        one = _claim(certification, person, title, happened_on, points, at)
        one.decided_at, one.decided_by, one.is_accepted = at, by, True
        one.membership = person.memberships.active(happened_on).order_by("-starts_on", "-pk").first()
        if _stored(one):
            made.append(one)
            record([statements.judged(one, at)], authority=platform_authority(), at=at)
            emit(EvidenceJudged(at=at, submission_id=one.public_id, person_id=person.public_id, is_accepted=True))
    recorded = Submission.objects.filter(pk__in=[one.pk for one in made])
    if recorded.independent_of(by).count() != len(made):
        raise errors.NotAllowed(_PARTIAL)
    detail = {"title": guards.clean_name(title), "points": points, "people": len(made)}
    record_audit(action="certifications.record_points", actor=by, at=at, target=certification, detail=detail)
    return made


def _claim(
    certification: Certification, person: User, title: str, happened_on: date, points: int, at: datetime
) -> Submission:
    title = guards.clean_name(title)[:150]
    if not title or not 1 <= points <= MAX_POINTS:
        raise errors.NothingHandedIn(f"Say what was done, and 1 to {MAX_POINTS} points. Nothing was kept.")
    if happened_on > at.date():
        raise errors.NothingHandedIn("That day is yet to come. Nothing was kept.")
    return Submission(
        certification=certification,
        person=person,
        title=title,
        happened_on=happened_on,
        points=points,
        submitted_at=at,
    )


def _kept(made: Submission, words: str, link: str, file: HandedFile | None, again: str) -> Submission:
    """Stores it with its file and the statement; no file stays behind when that fails."""
    made.words, made.link = guards.check_text(words).strip()[:MAX_WORDS], _checked_link(link)
    if not made.words and not made.link and file is None:
        raise errors.NothingHandedIn("Write some words, give a link, or choose a file. Nothing was handed in yet.")
    since = made.submitted_at - timedelta(days=1)
    if Submission.objects.filter(person=made.person, submitted_at__gt=since).count() >= MAX_A_DAY:
        raise errors.TooManyHandedIn(f"You handed in {MAX_A_DAY} things today. Go on tomorrow. Nothing was kept.")
    try:
        if file is not None:
            _keep_file(made, checked(file))
        if not _stored(made):
            raise errors.AlreadyHandedIn(again)
        record([statements.handed_in(made)], authority=platform_authority(), at=made.submitted_at)
    except BaseException:
        if made.file:
            made.file.delete(save=False)
        raise
    return made


def _checked_link(link: str) -> str:
    """Empty, or an address of the web; a reviewer follows it. Raises NothingHandedIn."""
    link = guards.check_text(link).strip()
    try:
        if link:
            URLValidator(schemes=["http", "https"])(link[:501])
    except ValidationError as error:
        raise errors.NothingHandedIn("The link is no web address. Write it with https://. Nothing was kept.") from error
    if len(link) > 500:
        raise errors.NothingHandedIn("The link has more than 500 characters. Nothing was kept.")
    return link


def _keep_file(made: Submission, file: HandedFile) -> None:
    """Under a name of our own; the owner's is kept beside it."""
    kind = file.name.rpartition(".")[2].lower()
    try:
        made.file.save(f"{made.public_id}.{kind}", ContentFile(file.content), save=False)
    except OSError as error:
        raise errors.FileNotKept(
            "The file could not be kept just now. Nothing was handed in; try again later."
        ) from error
    made.file_name = file.name


def _stored(made: Submission) -> bool:
    """False when there is such a one, as the unique constraints have it; what another constraint refuses is raised."""
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        if not Submission.objects.same_as(made).exists():
            raise
        return False
    return True
