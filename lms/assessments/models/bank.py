"""Item banks: items, their versions and reviews, cases, tags, media."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from lms.assessments import formats, items
from lms.common.models import PublicIdModel


class ItemBank(PublicIdModel):
    """Items on one subject, kept by one owner."""

    slug = models.SlugField(unique=True, max_length=100)
    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class ItemTag(models.Model):
    """A word that items are found by."""

    name = models.CharField(max_length=50, unique=True)

    def __str__(self) -> str:
        return self.name


class CaseStudy(PublicIdModel):
    """Items of one bank that are asked together about one text. Each item's content holds the text as it shows it."""

    bank = models.ForeignKey(ItemBank, on_delete=models.PROTECT, related_name="cases")
    title = models.CharField(max_length=150)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bank", "title"], name="assessments_case_title_once")]
        verbose_name_plural = "case studies"

    def __str__(self) -> str:
        return self.title


class ItemQuerySet(models.QuerySet["Item"]):
    def live(self) -> "ItemQuerySet":
        """Items with a version that may be drawn, shown and scored."""
        return self.filter(Exists(ItemVersion.objects.live().filter(item=OuterRef("pk"))), retired_at=None)

    def piloted(self) -> "ItemQuerySet":
        """Items without a live version but with one on trial: shown, and not scored."""
        pilots = ItemVersion.objects.piloted().filter(item=OuterRef("pk"))
        live = ItemVersion.objects.live().filter(item=OuterRef("pk"))
        return self.filter(Exists(pilots), ~Exists(live), retired_at=None)

    def for_checks(self) -> "ItemQuerySet":
        """Live items of banks that no exam draws from: a check tells its answer, so an exam's item is never one."""
        return self.live().exclude(bank__drawn_by__isnull=False)

    def newest_versions(self) -> "models.QuerySet[ItemVersion]":
        """The newest version of each item, whatever its state: what authors work on."""
        return ItemVersion.objects.filter(item__in=self).newest()

    def live_versions(self) -> "models.QuerySet[ItemVersion]":
        """The newest live version of each item: what candidates get, while authors work on the next."""
        return ItemVersion.objects.live().filter(item__in=self).newest(among=ItemVersion.objects.live())

    def pilot_versions(self) -> "models.QuerySet[ItemVersion]":
        """The newest version on trial of each item."""
        return ItemVersion.objects.piloted().filter(item__in=self).newest(among=ItemVersion.objects.piloted())


class Item(PublicIdModel):
    """A question across its versions. `code` is its author's name for it, unique in the bank: an import finds it so."""

    class Level(models.TextChoices):
        """Bloom's taxonomy as revised by Anderson and Krathwohl (2001)."""

        REMEMBER = "remember", "Remember"
        UNDERSTAND = "understand", "Understand"
        APPLY = "apply", "Apply"
        ANALYSE = "analyse", "Analyse"
        EVALUATE = "evaluate", "Evaluate"
        CREATE = "create", "Create"

    bank = models.ForeignKey(ItemBank, on_delete=models.PROTECT, related_name="items")
    code = models.CharField(max_length=100)
    topic = models.CharField(max_length=100, blank=True)
    objective = models.CharField(
        max_length=300, blank=True, db_default="", help_text="What somebody who answers it can do"
    )
    level = models.CharField(max_length=10, choices=Level, blank=True, db_default="", help_text="Cognitive level")
    tags = models.ManyToManyField(ItemTag, blank=True, related_name="items")
    enemies = models.ManyToManyField("self", blank=True, help_text="Never in one form with this item")
    case = models.ForeignKey(CaseStudy, null=True, blank=True, on_delete=models.PROTECT, related_name="items")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = ItemQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["bank", "code"], name="assessments_item_code_once")]

    def __str__(self) -> str:
        return self.code

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/items/{self.public_id}"

    @property
    def newest(self) -> "ItemVersion | None":
        """What authors work on. Needs `versions` prefetched newest first in lists."""
        return next(iter(sorted(self.versions.all(), key=lambda version: -version.number)), None)

    @property
    def type_label(self) -> str:
        return self.newest.get_type_display() if self.newest else ""

    @property
    def state(self) -> str:
        """In words: of the newest version, and whether candidates get an older one meanwhile."""
        newest = self.newest
        if newest is None:
            return "Empty"
        newest.item = self
        words = str(newest.state.label)
        shown = [version for version in self.versions.all() if version.approved_at is not None]
        return (
            f"{words} (version {max(one.number for one in shown)} is live)" if newest not in shown and shown else words
        )

    @property
    def meta(self) -> "formats.Meta":
        """What is said about the item, as files carry it. Needs `tags` prefetched in lists."""
        tags = tuple(sorted(tag.name for tag in self.tags.all()))
        return formats.Meta(topic=self.topic, tags=tags, objective=self.objective, level=self.level)


class ItemLesson(models.Model):
    """A lesson that teaches what an item asks: by its activity IRI, which stays the same across versions."""

    item = models.ForeignKey(Item, on_delete=models.CASCADE, related_name="lessons")
    iri = models.URLField(max_length=500)
    title = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["item", "iri"], name="assessments_item_lesson_once")]

    def __str__(self) -> str:
        return self.title


class ItemVersionQuerySet(models.QuerySet["ItemVersion"]):
    def live(self) -> "ItemVersionQuerySet":
        """Approved versions that are scored."""
        return self.filter(approved_at__isnull=False, is_pilot=False)

    def piloted(self) -> "ItemVersionQuerySet":
        """Approved versions on trial."""
        return self.filter(approved_at__isnull=False, is_pilot=True)

    def in_review(self) -> "ItemVersionQuerySet":
        return self.filter(approved_at=None, review_asked_at__isnull=False)

    def newest(self, among: "ItemVersionQuerySet | None" = None) -> "ItemVersionQuerySet":
        """Those that no later version of their item follows, among all or among some."""
        later = ItemVersion.objects.all() if among is None else among
        return self.filter(~Exists(later.filter(item=OuterRef("item"), number__gt=OuterRef("number"))))


class ItemVersion(models.Model):
    """One wording of an item: never changed once an attempt showed it.

    `content` is what a candidate may see (stem, options with their keys); `key` is what he may not (right answers,
    weights, feedback). The two are apart so that no page, API or export can send a key by accident. Both are validated
    by the structs of `lms.assessments.items`.
    """

    class Type(models.TextChoices):
        CHOICE = "choice", "Single choice"
        CHOICES = "choices", "Multiple choice"
        TRUE_FALSE = "true_false", "True or false"
        MATCHING = "matching", "Matching"
        ORDERING = "ordering", "Ordering"
        NUMERIC = "numeric", "Numeric"
        SHORT_ANSWER = "short_answer", "Short answer"
        CLOZE = "cloze", "Text with gaps"
        HOTSPOT = "hotspot", "Region of an image"
        HOTSPOTS = "hotspots", "Regions of an image"
        ESSAY = "essay", "Essay"
        UPLOAD = "upload", "File"

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_REVIEW = "in_review", "In review"
        PILOT = "pilot", "Pilot"
        LIVE = "live", "Live"
        RETIRED = "retired", "Retired"

    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    type = models.CharField(max_length=20, choices=Type)
    content = models.JSONField()
    key = models.JSONField()
    digest = models.CharField(
        max_length=64, help_text="SHA-256 of type, content and key: importing the same makes no version"
    )
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review_asked_at = models.DateTimeField(null=True, blank=True)
    approved_at = models.DateTimeField(null=True, blank=True, help_text="From then on it may be shown")
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    is_pilot = models.BooleanField(default=False, db_default=False, help_text="On trial: shown, and not scored")

    objects = ItemVersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="assessments_item_version_number_once"),
            models.CheckConstraint(
                condition=Q(approved_at__isnull=False) | Q(approved_by=None, is_pilot=False),
                name="assessments_approved_when_by",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(created_by=None) | ~Q(approved_by=F("created_by")),
                name="assessments_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} v{self.number}"

    @property
    def state(self) -> "ItemVersion.State":
        """Derived from the facts. Needs `item` selected."""
        if self.item.retired_at is not None:
            return self.State.RETIRED
        if self.approved_at is not None:
            return self.State.PILOT if self.is_pilot else self.State.LIVE
        return self.State.DRAFT if self.review_asked_at is None else self.State.IN_REVIEW

    @property
    def kind(self) -> "items.ItemType[Any, Any]":
        return items.TYPES[self.type]

    @property
    def loaded_content(self) -> items.Content:
        return items.load_content(self.type, self.content)

    @property
    def loaded_key(self) -> items.Key:
        return items.load_key(self.type, self.key)


class ItemMedia(models.Model):
    """A picture or a sound that items show, kept once: its digest is its name, and its bytes never change.

    Items name it in their HTML as `media:` and the digest. It leaves only through a view that asks for a pass, which
    each page makes anew for the person who sees it (see media.py).
    """

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the bytes")
    file = models.FileField(upload_to="items/%Y/")
    extension = models.CharField(max_length=4)
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        verbose_name_plural = "item media"

    def __str__(self) -> str:
        return f"{self.digest[:12]}.{self.extension}"


class ItemReview(models.Model):
    """One look at a version by somebody else than its author: asked for, then decided. Rows are never changed after."""

    class Outcome(models.TextChoices):
        LIVE = "live", "Approved"
        PILOT = "pilot", "Approved for trial"
        RETURNED = "returned", "Sent back"

    version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="reviews")
    asked_at = models.DateTimeField()
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["version"], condition=Q(decided_at=None), name="assessments_one_open_review"
            ),
            models.CheckConstraint(
                condition=Q(decided_at=None, decided_by=None, outcome="")
                | (Q(decided_at__isnull=False, decided_by__isnull=False) & ~Q(outcome="")),
                name="assessments_review_decided",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("asked_by")), name="assessments_reviewed_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.version}: {self.get_outcome_display() or 'open'}"
