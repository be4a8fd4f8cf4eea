"""What a person handed in and earned, as xAPI statements. Pure."""

from datetime import datetime
from uuid import UUID

import tincan

from certifications.models import Certification, Credential, Submission
from lms.accounts.models import User
from lms.xapi import vocabulary
from lms.xapi.statements import activity, build, fact_id, result


def earned_id(certification: Certification, person: User, sequence: int) -> UUID:
    """The id of the one statement about a credential: a replay makes the same."""
    return fact_id(certification.public_id, f"{person.public_id}/{sequence}")


def earned(credential: Credential) -> tincan.Statement:
    """The holder earned the certification. Of a credential with person, certification and membership loaded."""
    certification = credential.certification
    return build(
        actor=credential.person,
        verb=vocabulary.EARNED,
        object=activity(
            certification.activity_iri,
            type=vocabulary.CERTIFICATE,
            name=certification.title,
            description=certification.criteria,
        ),
        at=credential.issued_at,
        id=earned_id(certification, credential.person, credential.sequence),
        membership=credential.membership,
    )


def accepted_id(submission: Submission) -> UUID:
    """The id of the one statement that a reviewer accepted it."""
    return fact_id(submission.public_id, "accepted")


def handed_in(submission: Submission) -> tincan.Statement:
    """The learner handed something in. What it says stays out of the store: it may tell of customers."""
    return _about(submission, vocabulary.SUBMITTED, submission.submitted_at, fact_id(submission.public_id, "handed in"))


def judged(submission: Submission, at: datetime) -> tincan.Statement:
    """A reviewer accepted it (passed; of points: completed), or returned it (failed)."""
    if not submission.is_accepted:
        said = result(success=False)
        return _about(submission, vocabulary.FAILED, at, fact_id(submission.public_id, "returned"), said)
    verb = vocabulary.PASSED if submission.task_id is not None else vocabulary.COMPLETED
    return _about(submission, verb, at, accepted_id(submission), result(success=True, completion=True))


def _about(
    submission: Submission, verb: str, at: datetime, statement_id: UUID, said: tincan.Result | None = None
) -> tincan.Statement:
    return build(
        actor=submission.person,
        verb=verb,
        object=activity(submission.activity_iri, type=vocabulary.PERFORMANCE, name=submission.what),
        at=at,
        id=statement_id,
        membership=submission.membership,
        registration=submission.public_id,
        result=said,
    )
