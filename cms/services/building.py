"""Pages from files: the demo's courses and playbooks, in the format of fixtures/demo/README.md."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

from django.core.files.base import ContentFile
from django.core.files.images import ImageFile
from django.db import transaction
from django.utils import timezone
from wagtail.log_actions import LogContext
from wagtail.models import Collection
from wagtail.utils.file import hash_filelike

from cms.models import CoursePage, LibraryFile, LibraryPage, Picture, PlaybookPage
from cms.models.base import ContentPage
from cms.models.media import MEDIA_COLLECTION
from cms.services.publishing import publish_course
from lms.accounts.models import User
from lms.assessments.models import Item
from lms.partners.models import PartnerType, Persona, Region, TierName

_NAMESPACE = UUID("0b8ff7b1-6d3e-4a86-9f0c-5d6f0f1f7a55")
RawStream = list[dict[str, Any]]


@transaction.atomic
def build_course_page(
    *, parent: LibraryPage, data: dict[str, Any], media: Path, owner: User, at: datetime, publish_by: User
) -> CoursePage:
    """A published course page from one courses/*.yaml; the page of that address when there is one already.

    Files are looked up in `media`, questions by their code. Raises KeyError, FileNotFoundError or DoesNotExist for
    what the data names and nobody has.
    """
    found: CoursePage | None = CoursePage.objects.filter(slug=data["slug"]).first()
    if found is not None:
        return found
    make = _Maker(data["slug"], media, owner)
    page = CoursePage(
        promise=data["promise"],
        objectives=make.stream("objective", data["objectives"]),
        modules=[make.module(module) for module in data["modules"]],
        **_common(data, owner, at),
    )
    _add_draft(parent, page, data)
    revision = page.save_revision(user=owner)
    publish_course(page=page, by=publish_by, at=at)
    _publish(page, revision, publish_by, at)
    return page


@transaction.atomic
def build_playbook_page(
    *, parent: LibraryPage, data: dict[str, Any], media: Path, owner: User, at: datetime, publish_by: User
) -> PlaybookPage:
    """A published playbook page from one playbooks/*.yaml; the page of that address when there is one already."""
    found: PlaybookPage | None = PlaybookPage.objects.filter(slug=data["slug"]).first()
    if found is not None:
        return found
    make = _Maker(data["slug"], media, owner)
    page = PlaybookPage(
        summary=data["summary"],
        minutes=data["minutes"],
        how_you_earn=data["how_you_earn"].strip(),
        required_benefit=data.get("required_benefit", ""),
        stages=make.stream("stage", [make.stage(stage) for stage in data["stages"]]),
        battlecards=make.stream("battlecard", data.get("battlecards", [])),
        stories=make.stream("story", data.get("stories", [])),
        contacts=make.stream("contact", data.get("contacts", [])),
        **_common(data, owner, at),
    )
    _add_draft(parent, page, data)
    _publish(page, page.save_revision(user=owner), publish_by, at)
    return page


def _common(data: dict[str, Any], owner: User, at: datetime) -> dict[str, Any]:
    tier = data.get("minimum_tier")
    return {
        "title": data["title"],
        "slug": data["slug"],
        "need": data["need"],
        "minimum_tier": TierName.objects.get(slug=tier) if tier else None,
        "content_owner": owner,
        "review_on": _next_review(at.date(), data["review_in_months"]),
        "owner": owner,
        "live": False,
    }


def _next_review(published_on: date, months: int) -> date:
    """The first review date that is still to come, counted in steps of `months` from the day of publishing."""
    step, day = 0, published_on
    while day <= timezone.localdate() or not step:
        step += months
        year, month = divmod(published_on.month - 1 + step, 12)
        day = date(published_on.year + year, month + 1, min(published_on.day, 28))
    return day


def _add_draft(parent: LibraryPage, page: ContentPage, data: dict[str, Any]) -> None:
    page.personas = Persona.objects.filter(slug__in=data.get("personas", []))
    page.partner_types = PartnerType.objects.filter(slug__in=data.get("partner_types", []))
    page.regions = Region.objects.filter(slug__in=data.get("regions", []))
    parent.add_child(instance=page)


def _publish(page: ContentPage, revision: Any, by: User, at: datetime) -> None:
    with LogContext(user=by):
        revision.publish(user=by)
    page.refresh_from_db()
    type(page).objects.filter(pk=page.pk).update(first_published_at=at, last_published_at=at)


class _Maker:
    """Turns a file's values into raw StreamField values. Block ids derive from the slug: same file, same ids."""

    def __init__(self, slug: str, media: Path, owner: User) -> None:
        self.slug, self.media, self.owner = slug, media, owner
        self.count = 0
        self.collection = Collection.objects.get(name=MEDIA_COLLECTION)
        self.converters: dict[str, Callable[[Any], Any]] = {
            "image": lambda v: {"image": self.picture(v["file"]), "alt": v["alt"], "caption": v.get("caption", "")},
            "accordion": lambda v: self.items(v),
            "download": lambda v: {"file": self.file(v["file"]), "title": v["title"]},
            "video": self.video,
            "knowledge_check": lambda v: {"item": Item.objects.for_checks().get(code=v["item"]).pk},
        }

    def block(self, kind: str, value: Any) -> dict[str, Any]:
        self.count += 1
        return {"type": kind, "value": value, "id": str(uuid5(_NAMESPACE, f"{self.slug}/{self.count}"))}

    def stream(self, kind: str, values: list[Any]) -> RawStream:
        return [self.block(kind, value) for value in values]

    def items(self, values: list[Any]) -> RawStream:
        return self.stream("item", values)

    def module(self, data: dict[str, Any]) -> dict[str, Any]:
        value = {
            "title": data["title"],
            "objectives": self.items(data["objectives"]),
            "lessons": [self.lesson(lesson) for lesson in data["lessons"]],
            "resources": self.items([{"url": "", **resource} for resource in data.get("resources", [])]),
        }
        return self.block("module", value)

    def lesson(self, data: dict[str, Any]) -> dict[str, Any]:
        body = [self.block(b["type"], self.converters.get(b["type"], lambda v: v)(b["value"])) for b in data["body"]]
        # The lesson's id is its identity through all versions: it hangs on its address, not on its place.
        lesson = self.block("lesson", {**{name: data[name] for name in ("title", "slug", "minutes")}, "body": body})
        return lesson | {"id": str(uuid5(_NAMESPACE, f"{self.slug}#{data['slug']}"))}

    def stage(self, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "plays": self.items(data["plays"]), "questions": self.items(data["questions"])}

    def video(self, value: dict[str, Any]) -> dict[str, Any]:
        return {
            "title": value["title"],
            "file": self.file(value["file"]),
            "captions": self.file(value["captions"]),
            "poster": self.picture(value["poster"]) if value.get("poster") else None,
            "transcript": value["transcript"],
        }

    def picture(self, name: str) -> int:
        """The id of the picture with this name and content; stored when there is none."""
        with (self.media / name).open("rb") as handle:
            digest = hash_filelike(handle)
            found = Picture.objects.filter(title=name, file_hash=digest).first()
            if found is None:
                found = Picture(title=name, collection=self.collection, uploaded_by_user=self.owner)
                found.file = ImageFile(handle, name=name)
                found._set_image_file_metadata()
                found.save()
        pk: int = found.pk
        return pk

    def file(self, name: str) -> int:
        """The id of the file with this name and content; stored when there is none."""
        content = ContentFile((self.media / name).read_bytes(), name=name)
        digest = hash_filelike(content)
        found = LibraryFile.objects.filter(title=name, file_hash=digest).first()
        if found is None:
            content.seek(0)
            found = LibraryFile(title=name, collection=self.collection, uploaded_by_user=self.owner, file=content)
            found._set_document_file_metadata()
            found.save()
        pk: int = found.pk
        return pk
