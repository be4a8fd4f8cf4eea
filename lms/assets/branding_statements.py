"""That a partner made its copy of an asset, as an xAPI statement. Pure."""

import tincan

from lms.assets.models import BrandedCopy
from lms.partners.models import Membership
from lms.xapi import vocabulary
from lms.xapi.statements import activity, build, fact_id


def copy_made(copy: BrandedCopy, membership: Membership) -> tincan.Statement:
    """About the asset: of a copy with its template, version and asset loaded."""
    return build(
        actor=copy.made_by,
        verb=vocabulary.CREATED,
        object=activity(copy.asset.activity_iri, type=vocabulary.FILE, name=copy.asset.title),
        at=copy.made_at,
        id=fact_id(copy.template.public_id, copy.public_id),
        membership=membership,
        revision=str(copy.template.version.number),
    )
