"""The resources of xAPI over HTTP."""

from lms.xapi.views.documents import ActivityProfileResource, AgentProfileResource, StateResource
from lms.xapi.views.lookups import AboutResource, ActivitiesResource, AgentsResource
from lms.xapi.views.statements import StatementsResource

__all__ = [
    "AboutResource",
    "ActivitiesResource",
    "ActivityProfileResource",
    "AgentProfileResource",
    "AgentsResource",
    "StateResource",
    "StatementsResource",
]
