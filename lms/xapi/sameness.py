"""Whether a statement that comes back is one that we have: what we gave away has a timestamp that its client left out.

`record` compares what clients said. A statement said without a timestamp is shown with one, so a copy of it says more
than the client did, and would be taken for another under the same id.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from lms.xapi.digests import content_digest
from lms.xapi.models import Statement


def said_already(statements: Sequence[Mapping[str, Any]]) -> set[UUID]:
    """The ids of those that say exactly what is stored and shown under their id. One query."""
    given = {UUID(statement["id"]): statement for statement in statements if "id" in statement}
    stored = Statement.objects.filter(statement_id__in=given).values_list("statement_id", "body")
    return {found for found, body in stored if content_digest(given[found]) == content_digest(json.loads(body))}
