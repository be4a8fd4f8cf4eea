"""What is known of activities: the definitions that statements carry, put together."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db import transaction

from lms.xapi.agents import activity_key
from lms.xapi.models import Activity, Authority

_LANGUAGE_MAPS = ("name", "description")
_MOST_REMEMBERED = 20_000
_learned: dict[UUID, bytes] = {}


def learn_definitions(statements: Sequence[Mapping[str, Any]], *, authority: Authority, at: datetime) -> None:
    """Adds what stored statements say of activities to what is known of them. Locks the rows in order of their keys.

    Languages are added to names and descriptions; anything else said anew replaces what was said before. What this
    process has learned already costs nothing. An activity that the platform or a trusted authority defined is theirs:
    others do not change it.
    """
    said = {key: (activity, digest) for key, activity, digest in _said(statements) if _learned.get(key) != digest}
    if said:
        _learn(said, authority=authority, at=at)


@transaction.atomic
def _learn(said: Mapping[UUID, tuple[Mapping[str, Any], bytes]], *, authority: Authority, at: datetime) -> None:
    rows = Activity.objects.filter(key__in=said).select_related("authority").order_by("key")
    known = {row.key: row for row in rows.select_for_update(of=("self",), no_key=True)}
    new, changed = [], []
    for key in sorted(said):
        activity, _ = said[key]
        row = known.get(key)
        if row is None:
            new.append(_row(key, activity, authority, at))
        elif _may_define(authority, row.authority):
            definition = _merged(json.loads(row.definition), activity["definition"])
            row.definition, row.authority, row.updated_at = _dumps(definition), authority, at
            changed.append(row)
    Activity.objects.bulk_create(new, ignore_conflicts=True)
    Activity.objects.bulk_update(changed, ["definition", "authority", "updated_at"])
    transaction.on_commit(lambda: _remember({key: digest for key, (_, digest) in said.items()}))


def _may_define(authority: Authority, owner: Authority) -> bool:
    return authority.pk == owner.pk or not (owner.is_trusted and not authority.is_trusted)


def _row(key: UUID, activity: Mapping[str, Any], authority: Authority, at: datetime) -> Activity:
    return Activity(
        key=key,
        activity_id=activity["id"],
        definition=_dumps(activity["definition"]),
        authority=authority,
        updated_at=at,
    )


def _remember(learned: Mapping[UUID, bytes]) -> None:
    if len(_learned) > _MOST_REMEMBERED:
        _learned.clear()
    _learned.update(learned)


def _said(statements: Sequence[Mapping[str, Any]]) -> Iterator[tuple[UUID, Mapping[str, Any], bytes]]:
    """Activities with definitions, each once, in full: of two in one request, the later adds to the former."""
    merged: dict[str, Any] = {}
    for statement in statements:
        for activity in _activities(statement):
            if definition := activity.get("definition"):
                merged[activity["id"]] = _merged(merged.get(activity["id"], {}), definition)
    for activity_id, definition in merged.items():
        digest = blake2b(json.dumps(definition, sort_keys=True).encode(), digest_size=16).digest()
        yield activity_key(activity_id), {"id": activity_id, "definition": definition}, digest


def _activities(statement: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    target = statement["object"]
    match target.get("objectType", "Activity"):
        case "Activity":
            yield target
        case "SubStatement":
            yield from _activities(target)
    for activities in statement.get("context", {}).get("contextActivities", {}).values():
        yield from activities if isinstance(activities, list) else [activities]


def _merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**old, **new}
    for name in _LANGUAGE_MAPS:
        if name in old and name in new:
            merged[name] = {**old[name], **new[name]}
    return merged


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
