"""The about, activities and agents resources: what the store is, and what it knows."""

from django.http import HttpResponse, JsonResponse

from lms.xapi.errors import InvalidQuery, NotYours
from lms.xapi.knowledge import describe_activity, describe_person
from lms.xapi.models import Credential
from lms.xapi.queries import parse_agent, parse_parameter
from lms.xapi.validation import Version
from lms.xapi.views.base import Resource
from lms.xapi.views.exchange import Exchange

Scope = Credential.Scope


class AboutResource(Resource):
    """Which versions are spoken. Open to all."""

    is_open = True

    def on_get(self, exchange: Exchange) -> HttpResponse:
        spoken = [exchange.base] if exchange.base else list(Version)
        return JsonResponse({"version": [version.value for version in spoken]})


class ActivitiesResource(Resource):
    """An activity with all that is known of it."""

    def on_get(self, exchange: Exchange) -> HttpResponse:
        _check_reading(self.credential, Scope.STATE, Scope.PROFILE)
        activity_id = parse_parameter("activityId", _only(exchange, "activityId"))
        return JsonResponse(describe_activity(activity_id, self.credential))


class AgentsResource(Resource):
    """A Person: the names by which statements know an agent."""

    def on_get(self, exchange: Exchange) -> HttpResponse:
        _check_reading(self.credential, Scope.PROFILE)
        return JsonResponse(describe_person(parse_agent(_only(exchange, "agent")), self.credential))


def _check_reading(credential: Credential, *others: str) -> None:
    if not credential.has_scope(Scope.READ_MINE, Scope.READ, Scope.READ_ALL, *others):
        raise NotYours("This credential may not read.")


def _only(exchange: Exchange, name: str) -> str:
    """The value of the one parameter. Raises InvalidQuery."""
    if list(exchange.parameters) != [name]:
        raise InvalidQuery(f"This resource takes the parameter {name} and no other.")
    return exchange.parameters[name]
