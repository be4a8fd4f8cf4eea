"""What the store knows of activities and people beside their statements: for lookups and the canonical format."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import QuerySet

from lms.xapi.agents import IDENTIFIERS, activity_key, actor_key
from lms.xapi.models import Activity, Credential, Statement

_NAMES_FROM = 100


def known_definitions(activity_ids: Iterable[str], credential: Credential) -> dict[str, dict[str, Any]]:
    """Definitions by activity id, as far as the credential may know them: who may not read all learns only what his
    own authority said."""
    activities = Activity.objects.filter(key__in={activity_key(activity_id) for activity_id in activity_ids})
    if not _reads_all(credential):
        activities = activities.filter(authority=credential.authority_id)
    return {row.activity_id: json.loads(row.definition) for row in activities}


def describe_activity(activity_id: str, credential: Credential) -> dict[str, Any]:
    """The activity with its definition, if one is known; else what the newest statement of it says.

    Nothing is told of an activity that only others' statements define: an id that was guessed stays an id.
    """
    described: dict[str, Any] = {"objectType": "Activity", "id": activity_id}
    definition = known_definitions([activity_id], credential).get(activity_id)
    if definition is None:
        newest = _newest(credential).filter(object_key=activity_key(activity_id))[:1]
        definition = next((json.loads(row.body)["object"].get("definition") for row in newest), None)
    return described | ({"definition": definition} if definition else {})


def describe_person(agent: Mapping[str, Any], credential: Credential) -> dict[str, Any]:
    """A Person (1.0.3, Communication 2.4): the agent's identifier, and the names in his newest statements.

    Identifiers of one person are not brought together: that is nobody's to learn from a record store.
    """
    names = [agent["name"]] if "name" in agent else []
    for row in _newest(credential).filter(actor_key=actor_key(agent))[:_NAMES_FROM]:
        name = json.loads(row.body)["actor"].get("name")
        if name is not None and name not in names:
            names.append(name)
    person: dict[str, Any] = {"objectType": "Person"}
    person.update({identifier: [agent[identifier]] for identifier in IDENTIFIERS if identifier in agent})
    return person | ({"name": names} if names else {})


def _reads_all(credential: Credential) -> bool:
    return credential.has_scope(Credential.Scope.READ, Credential.Scope.READ_ALL)


def _newest(credential: Credential) -> QuerySet[Statement]:
    """Statements the credential may read, newest first."""
    return Statement.objects.visible_to(credential).filter(voided_by=None).order_by("-stored_at", "-pk").only("body")
