"""References between statements: who points at whom, itself or by way of others."""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from lms.xapi.drafts import Draft, mentions_of
from lms.xapi.models import Reference, ReferenceMention, Statement

# A chain of references, or a crowd of them at one statement, is followed so far and no further.
FOLLOWED = 100
Pair = tuple[int, int]


def pointing_at(new: Iterable[Draft]) -> list[Statement]:
    """Statements that came before and point at one of the new ones. Who let the store choose the id was not named."""
    ids = [item.statement_id for item in new if item.has_own_id]
    if not ids:
        return []
    known = Statement.objects.filter(object_key__in=ids)
    return list(known.only("statement_id", "object_key", "verb_key", "stored_at", "authority_id"))


def link_references(new: Sequence[Draft], earlier: Iterable[Statement]) -> None:
    """Notes who points at whom when statements are stored: the new ones at others, and `earlier` ones at the new.

    Call it in the transaction that stored `new`. A reference to what is not stored yet is noted when that comes.
    """
    rows = {item.statement_id: item for item in new}
    pairs = {(row.pk, rows[row.object_key].pk) for row in earlier}
    pointers = [item for item in new if item.refers_to]
    if pointers:
        wanted = Statement.objects.filter(statement_id__in=[item.refers_to for item in pointers])
        known = dict(wanted.values_list("statement_id", "pk"))
        pairs |= {(item.pk, known[item.refers_to]) for item in pointers if item.refers_to in known}
    pairs = {(referrer, target) for referrer, target in pairs if referrer != target}
    if pairs:
        _store(_closure(pairs))


def _closure(pairs: set[Pair]) -> set[Pair]:
    """All that point, by way of these pairs, at something; of each statement the first FOLLOWED targets.

    References stored before are closed already, so one step beyond the pairs, either way, is enough to ask for.
    """
    links: dict[int, list[int]] = {}
    before = _links(target__in={referrer for referrer, _ in pairs})
    for referrer, target in chain(sorted(pairs), before, _links(referrer__in={target for _, target in pairs})):
        links.setdefault(referrer, []).append(target)
    starts = {referrer for referrer, _ in pairs} | {referrer for referrer, _ in before}
    return {(start, target) for start in starts for target in _reached(start, links)}


def _reached(start: int, links: Mapping[int, list[int]]) -> list[int]:
    reached: dict[int, None] = {}
    waiting = deque(links.get(start, ()))
    while waiting and len(reached) < FOLLOWED:
        target = waiting.popleft()
        if target != start and target not in reached:
            reached[target] = None
            waiting.extend(links.get(target, ()))
    return list(reached)


def _links(**where: Iterable[int]) -> list[Pair]:
    links = Reference.objects.filter(**where).order_by("pk").values_list("referrer", "target")
    return list(links[: FOLLOWED * FOLLOWED])


def _store(pairs: set[Pair]) -> None:
    rows = Statement.objects.in_bulk(set(chain.from_iterable(pairs)))
    known = set(Reference.objects.filter(referrer__in={pair[0] for pair in pairs}).values_list("referrer", "target"))
    references = Reference.objects.bulk_create(
        Reference(
            referrer=rows[referrer],
            target=rows[target],
            stored_at=rows[referrer].stored_at,
            authority_id=rows[target].authority_id,
            actor_key=rows[target].actor_key,
            verb_key=rows[target].verb_key,
            object_key=rows[target].object_key,
            registration=rows[target].registration,
        )
        for referrer, target in sorted(pairs - known)
    )
    ReferenceMention.objects.bulk_create(
        ReferenceMention(
            key=key,
            stored_at=reference.stored_at,
            statement=reference.referrer,
            reference=reference,
            is_member=is_member,
        )
        for reference in references
        for key, is_member in mentions_of(json.loads(reference.target.body), reference.target).items()
    )
