"""What a person earned, as an xAPI statement. Pure."""

from uuid import UUID

import tincan

from certifications.models import Certification, Credential
from lms.accounts.models import User
from lms.xapi import vocabulary
from lms.xapi.statements import activity, build, fact_id


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
