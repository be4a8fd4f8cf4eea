"""Defining certifications: what they ask for, counted by version."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from certifications import errors, evidence
from certifications.models import Certification, PointsRule, PracticeTask, Requirement
from courses.models import Course
from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.models import Assessment
from lms.partners.models import Persona


@transaction.atomic
def save_certification(
    *,
    certification: Certification,
    personas: Iterable[Persona],
    courses: Iterable[Course],
    assessments: Iterable[Assessment],
    by: User,
    at: datetime,
    needed: Iterable[Certification] = (),
    equivalents: Iterable[Certification] = (),
    practice: Iterable[PracticeTask] = (),
    renewal: Iterable[Course | Assessment | PracticeTask] = (),
) -> Certification:
    """Stores a certification with what it asks for, in the order given: courses, exams, practice, other certifications,
    and the courses, exams and practice of the short way to renew it.

    When that changed, `number` grows; credentials keep the number they were issued under. Writes the audit log.
    Raises NotAllowed (permission certifications.manage_certifications).
    """
    if not by.has_perm("certifications.manage_certifications"):
        raise errors.NotAllowed("You may not change certifications. Nothing was changed.")
    is_new = certification.pk is None
    wanted = [
        *((thing, False) for thing in [*courses, *assessments, *practice, *needed]),
        *((thing, True) for thing in renewal),
    ]
    before = [] if is_new else [(one.thing, one.is_for_renewal) for one in evidence.requirements_of(certification)]
    if not is_new and wanted != before:
        certification.number += 1
    certification.save()
    certification.personas.set(personas)
    certification.equivalents.set(one for one in equivalents if one != certification)
    if wanted != before:
        certification.requirements.all().delete()
        Requirement.objects.bulk_create(
            Requirement(
                certification=certification,
                position=position,
                course=thing if isinstance(thing, Course) else None,
                assessment=thing if isinstance(thing, Assessment) else None,
                needed=thing if isinstance(thing, Certification) else None,
                practice=thing if isinstance(thing, PracticeTask) else None,
                is_for_renewal=is_for_renewal,
            )
            for position, (thing, is_for_renewal) in enumerate(wanted, 1)
        )
    record_audit(
        action="certifications.save_certification",
        actor=by,
        at=at,
        target=certification,
        detail={"number": certification.number, "requirements": [str(thing) for thing, _ in wanted]},
    )
    return certification


@transaction.atomic
def save_practice_task(*, task: PracticeTask, by: User, at: datetime, is_retired: bool = False) -> PracticeTask:
    """Stores a practice task, offered or retired (since the first time it was said). What was handed in stays as it is
    and is judged; for a retired task nothing more is taken. Writes the audit log. Raises NotAllowed (permission
    certifications.manage_certifications)."""
    if not by.has_perm("certifications.manage_certifications"):
        raise errors.NotAllowed("You may not change practice tasks. Nothing was changed.")
    task.retired_at = (task.retired_at or at) if is_retired else None
    task.save()
    detail: dict[str, object] = {"title": task.title, "is_retired": is_retired}
    record_audit(action="certifications.save_practice_task", actor=by, at=at, target=task, detail=detail)
    return task


@transaction.atomic
def save_points_rule(*, rule: PointsRule, by: User, at: datetime) -> PointsRule:
    """Stores what a course or exam is worth. Points are counted anew each time, so it holds for what was done before;
    certificates that were renewed stay as they are. Writes the audit log. Raises NotAllowed (permission
    certifications.manage_certifications)."""
    if not by.has_perm("certifications.manage_certifications"):
        raise errors.NotAllowed("You may not change what gives points. Nothing was changed.")
    rule.save()
    detail: dict[str, object] = {"rule": str(rule), "certification": rule.certification.slug}
    record_audit(action="certifications.save_points_rule", actor=by, at=at, target=rule, detail=detail)
    return rule
