"""Items, their versions, and what is said about them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.text import slugify

from lms.accounts.models import User
from lms.assessments import items
from lms.assessments.errors import NotInBank
from lms.assessments.formats import NO_META, Meta
from lms.assessments.models import CaseStudy, Item, ItemBank, ItemLesson, ItemTag, ItemVersion, Response


def get_or_create_bank(name: str) -> ItemBank:
    """The bank of that name, made when there is none."""
    name = " ".join(name.split())[:150]
    bank, _ = ItemBank.objects.get_or_create(slug=slugify(name)[:100] or "bank", defaults={"name": name})
    return bank


@transaction.atomic
def add_item_version(
    *,
    bank: ItemBank,
    code: str,
    type: str,  # noqa: A002
    content: Any,
    key: Any,
    by: User | None,
    at: datetime,
    meta: Meta = NO_META,
    is_live: bool = False,
) -> ItemVersion:
    """Adds an item, or a new version to the item of that code; the same wording again adds nothing.

    Returns the newest version. It is a draft until somebody else approves it; `is_live` is for set-up by the operator,
    whose word needs no review, and never for pages. A draft that nobody has seen is replaced, not followed. HTML is
    cleaned. Raises ItemInvalid when content and key do not make an item of the type. Locks the item, so that parallel
    edits get different numbers. Versions that attempts showed stay as they are.
    """
    content, key = items.validated(type, content, key)
    digest = items.digest(type, content, key)
    item, _ = Item.objects.get_or_create(bank=bank, code=code)
    item = Item.objects.select_for_update(of=("self",)).get(pk=item.pk)
    describe_item(item=item, meta=meta)
    newest = item.versions.order_by("-number").first()
    if newest is None or newest.digest != digest:
        made = {"type": type, "content": content, "key": key, "digest": digest, "created_at": at, "created_by": by}
        newest = _replaced(newest, made) or ItemVersion.objects.create(
            item=item, number=newest.number + 1 if newest else 1, **made
        )
    if is_live and newest.approved_at is None:
        newest.approved_at = at
        newest.save(update_fields=["approved_at"])
    return newest


def _replaced(newest: ItemVersion | None, made: dict[str, Any]) -> ItemVersion | None:
    """The newest version with another wording, when it is a draft that no attempt showed; None otherwise."""
    if newest is None or newest.approved_at is not None or newest.review_asked_at is not None:
        return None
    if newest.reviews.exists() or Response.objects.filter(item_version=newest).exists():
        return None
    for name, value in made.items():
        setattr(newest, name, value)
    newest.save(update_fields=list(made))
    return newest


@transaction.atomic
def describe_item(*, item: Item, meta: Meta) -> None:
    """Sets topic, objective, level and tags of an item; tags are made as they are needed."""
    told = {"topic": meta.topic, "objective": meta.objective, "level": meta.level}
    if any(getattr(item, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(item, name, value)
        item.save(update_fields=list(told))
    known = set(item.tags.values_list("name", flat=True))
    if known != set(meta.tags):
        ItemTag.objects.bulk_create([ItemTag(name=name) for name in meta.tags], ignore_conflicts=True)
        item.tags.set(ItemTag.objects.filter(name__in=meta.tags))


@transaction.atomic
def relate_item(
    *, item: Item, enemies: Iterable[Item], lessons: Iterable[tuple[str, str]], case: CaseStudy | None
) -> None:
    """Sets an item's enemies (both ways), the lessons that teach it (IRI and title) and its case.

    Raises NotInBank for an enemy or a case of another bank.
    """
    enemies = [enemy for enemy in enemies if enemy.pk != item.pk]
    if any(enemy.bank_id != item.bank_id for enemy in enemies) or (case and case.bank_id != item.bank_id):
        raise NotInBank("An enemy or a case is of another bank. Nothing was changed.")
    item.enemies.set(enemies)
    wanted = dict(lessons)
    item.lessons.exclude(iri__in=wanted).delete()
    for iri, title in wanted.items():
        ItemLesson.objects.update_or_create(item=item, iri=iri, defaults={"title": title[:200]})
    if item.case_id != (case.pk if case else None):
        item.case = case
        item.save(update_fields=["case"])


@transaction.atomic
def change_case_text(*, case: CaseStudy, text: str, by: User | None, at: datetime) -> list[ItemVersion]:
    """Gives every item of a case a new version with this text; items that have it already are left alone."""
    made = []
    for item in case.items.order_by("pk"):
        newest = item.versions.order_by("-number").first()
        if newest is not None:
            content = {**newest.content, "stimulus": text}
            made.append(
                add_item_version(
                    bank=item.bank,
                    code=item.code,
                    meta=item.meta,
                    type=newest.type,
                    content=content,
                    key=newest.key,
                    by=by,
                    at=at,
                )
            )
    return made


def retire_item(*, item: Item, at: datetime) -> bool:
    """Takes an item out of future draws; attempts that show it keep it. Returns False when it was retired already."""
    return Item.objects.filter(pk=item.pk, retired_at=None).update(retired_at=at) == 1


def restore_item(*, item: Item) -> bool:
    """Takes an item back from retirement, as live as it was. Returns False when it was not retired."""
    return Item.objects.filter(pk=item.pk, retired_at__isnull=False).update(retired_at=None) == 1
