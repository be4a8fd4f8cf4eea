"""Attempts and checks as xAPI statements. No statement holds a key: interactions are named, not described."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import tincan

from lms.accounts.models import User
from lms.assessments.items import Answer
from lms.assessments.models import Assessment, Attempt, Item, Regrade, Response
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, verb_key
from lms.xapi.models import Statement
from lms.xapi.statements import activity, build, fact_id, result, score


def scored_id(attempt: Attempt) -> UUID:
    """The id of the passed or failed statement of an attempt."""
    return fact_id(attempt.registration, "scored")


def assessment_activity(assessment: Assessment) -> tincan.Activity:
    return activity(assessment.activity_iri, type=vocabulary.ASSESSMENT, name=assessment.title)


def item_activity(item: Item) -> tincan.Activity:
    return activity(item.activity_iri, type=vocabulary.QUESTION, name=item.code)


def attempted(attempt: Attempt) -> tincan.Statement:
    return build(
        actor=attempt.person,
        verb=vocabulary.ATTEMPTED,
        object=assessment_activity(attempt.assessment),
        membership=attempt.membership,
        registration=attempt.registration,
        at=attempt.started_at,
        id=fact_id(attempt.registration, "attempted"),
    )


def answered(attempt: Attempt, response: Response) -> tincan.Statement:
    """The answer that counted for one item, with its points. Needs the response scored.

    What somebody wrote or handed in at length stays in the attempt: other systems get its points only.
    """
    assert response.points is not None  # noqa: S101  narrows the type for the checker
    is_marked = response.item_version.kind.is_marked
    return build(
        actor=attempt.person,
        verb=vocabulary.ANSWERED,
        object=item_activity(response.item_version.item),
        membership=attempt.membership,
        registration=attempt.registration,
        result=_answer_result(
            response.answer, response.points, response.max_points, is_told=not is_marked, hints=response.hints_shown
        ),
        parent=[assessment_activity(attempt.assessment)],
        at=response.saved_at or attempt.started_at,
        id=fact_id(attempt.registration, f"answered/{response.position}"),
    )


def result_statements(attempt: Attempt) -> list[UUID]:
    """The ids of the platform's statements that say how the attempt ended, and that are not void. One query."""
    found = Statement.objects.filter(
        registration=attempt.registration,
        verb_key__in=[verb_key(vocabulary.PASSED), verb_key(vocabulary.FAILED)],
        object_key=activity_key(attempt.assessment.activity_iri),
        authority__is_trusted=True,
        voided_by=None,
    )
    return list(found.order_by("pk").values_list("statement_id", flat=True))


def rescored(attempt: Attempt, regrade: Regrade) -> tincan.Statement:
    """Passed or failed after a regrade: a fact of its own; the statement that it replaces is voided."""
    statement = scored(attempt)
    statement.id = fact_id(attempt.registration, f"scored/{regrade.public_id}")
    return statement


def scored_ids(attempt: Attempt) -> set[UUID]:
    """The ids of all statements that ever said how the attempt ended, void ones too. One query."""
    regrades = attempt.regrade_changes.values_list("regrade__public_id", flat=True)
    return {scored_id(attempt), *(fact_id(attempt.registration, f"scored/{regrade}") for regrade in regrades)}


def scored(attempt: Attempt) -> tincan.Statement:
    """Passed or failed. Needs the attempt submitted."""
    assert attempt.points is not None and attempt.max_points and attempt.submitted_at  # noqa: S101, PT018  narrows types
    return build(
        actor=attempt.person,
        verb=vocabulary.PASSED if attempt.is_passed else vocabulary.FAILED,
        object=assessment_activity(attempt.assessment),
        membership=attempt.membership,
        registration=attempt.registration,
        result=result(
            score=score(attempt.points, maximum=attempt.max_points),
            success=attempt.is_passed,
            completion=True,
            duration=attempt.submitted_at - attempt.started_at,
        ),
        at=attempt.submitted_at,
        id=scored_id(attempt),
    )


def checked(
    *,
    person: User,
    membership: Membership | None,
    item: Item,
    answer: Answer,
    points: Decimal,
    parent_iri: str,
    registration: UUID | None,
    at: datetime,
    hints: int = 0,
) -> tincan.Statement:
    """An answer to a knowledge check, which scores one point."""
    return build(
        actor=person,
        verb=vocabulary.ANSWERED,
        object=item_activity(item),
        membership=membership,
        registration=registration,
        result=_answer_result(answer, points, Decimal(1), hints=hints),
        parent=[tincan.Activity(id=parent_iri)] if parent_iri else (),
        at=at,
    )


def _answer_result(
    answer: Answer, points: Decimal, max_points: Decimal, *, is_told: bool = True, hints: int = 0
) -> tincan.Result:
    return result(
        score=score(points, maximum=max_points),
        success=points == max_points,
        completion=answer is not None,
        response=_response(answer) if is_told else None,
        extensions={vocabulary.HINTS_EXTENSION: hints} if hints else None,
    )


def _response(answer: Answer) -> str | None:
    """An answer in xAPI's notation for interactions (xAPI 1.0.3, Data, 2.4.4.1)."""
    if isinstance(answer, list):
        return "[,]".join(answer)
    if isinstance(answer, dict):
        return "[,]".join(f"{prompt}[.]{option}" for prompt, option in answer.items())
    return answer
