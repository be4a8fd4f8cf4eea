"""What partners sell with: each asset, and the files it has had."""

from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from wagtail.search import index

from courses.audience import Audience, admits, for_persona, opened, reader, readers_of
from courses.models import Need
from lms.common.models import PublicIdModel
from lms.partners.models import Membership, Persona, Vocabulary

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class Kind(models.TextChoices):
    DATASHEET = "datasheet", "Datasheet"
    PRESENTATION = "presentation", "Presentation"
    CASE_STUDY = "case-study", "Case study"
    PRICE_LIST = "price-list", "Price list"
    BATTLE_CARD = "battle-card", "Battle card"
    EMAIL_TEMPLATE = "email-template", "E-mail template"
    LOGO = "logo", "Logo"
    VIDEO = "video", "Video"
    DOCUMENT = "document", "Document"


class Source(models.TextChoices):
    """How the asset came to be (R23)."""

    UPLOAD = "upload", "Uploaded"
    TEMPLATE = "template", "Made from a template"


class State(models.TextChoices):
    """Where an asset stands on a day. Derived, never stored."""

    PLANNED = "planned", "No file yet"
    AVAILABLE = "available", "Available"
    OVERDUE = "overdue", "Review overdue"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"
    RETIRED = "retired", "Retired"


class ProductVersion(Vocabulary):
    """A release of a product that an asset speaks about: "Gateway 4"."""


class AssetQuerySet(models.QuerySet["Asset"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AssetQuerySet":
        """All for vendor staff; for others what is for one of their memberships, is not retired, and has a file or a
        word of what is coming. Whether the file may be had is another matter: `available`.
        """
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("courses.view_all_courses"):
            return self
        return self.aimed_at(user).filter(retired_at=None)

    def aimed_at(self, user: "User | AnonymousUser") -> "AssetQuerySet":
        """What somebody may hear of, also when it is no longer available: as visible_to, with what is retired."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("courses.view_all_courses"):
            return self
        told = Q(current__isnull=False) | ~Q(coming_note="")
        return self.filter(admits(Asset, readers_of(user)), told)

    def open_to(self, user: "User | AnonymousUser", at: datetime) -> "AssetQuerySet":
        """Of those the person sees the ones that ask for no benefit, or for one that his partner's tier gives; all for
        vendor staff."""
        seen = self.visible_to(user)
        if user.has_perm("courses.view_all_courses"):
            return seen
        return seen.filter(opened(Asset, readers_of(user), at))

    def admitting(self, membership: Membership) -> "AssetQuerySet":
        """Those that are for this membership (with partner and its tier loaded), whatever others the person has."""
        return self.filter(admits(Asset, [reader(membership)]))

    def opened_to(self, membership: Membership, at: datetime) -> "AssetQuerySet":
        """Of `admitting` those whose benefit, where they ask for one, the membership's partner has."""
        return self.filter(opened(Asset, [reader(membership)], at))

    def available(self, on: date) -> "AssetQuerySet":
        """Those whose file may be had on the day `on`: the same as `Asset.state_on(on)` being AVAILABLE.

        Past its review day an asset is withdrawn until somebody has looked at it again: nobody has to do anything.
        """
        unexpired = Q(expires_on=None) | Q(expires_on__gte=on)
        return self.filter(unexpired, current__isnull=False, withdrawn_at=None, retired_at=None, review_on__gte=on)

    def for_persona(self, persona: Persona) -> "AssetQuerySet":
        """Those that name the persona, or nobody."""
        return self.filter(for_persona(persona))

    def overdue(self, on: date) -> "AssetQuerySet":
        """Not retired, and past the review date on the day `on`."""
        return self.filter(review_on__lt=on, retired_at=None)

    def lapsed(self, on: date) -> "AssetQuerySet":
        """Those that partners cannot have on the day `on` because of the calendar alone: `Asset.lapsed_on(on)`."""
        past = Q(review_on__lt=on) | Q(expires_on__lt=on)
        return self.filter(past, current__isnull=False, withdrawn_at=None, retired_at=None)


class Asset(index.Indexed, PublicIdModel):
    """Something partners sell with. Its files come and go as versions; the address and what it is stay.

    An empty list of personas, partner types or regions means everybody; all four, with the tier, must admit a reader.
    `current` repeats the newest version, set by the service that adds one.
    """

    title = models.CharField(max_length=150)
    summary = models.CharField(max_length=300, help_text="One sentence: what it is for")
    kind = models.CharField(max_length=20, choices=Kind)
    language = models.CharField(max_length=12, default="en", help_text="BCP 47")
    need = models.CharField(max_length=30, choices=Need, default=Need.CLOSE_A_DEAL)
    personas = models.ManyToManyField(Persona, blank=True, related_name="+")
    partner_types = models.ManyToManyField("partners.PartnerType", blank=True, related_name="+")
    regions = models.ManyToManyField("partners.Region", blank=True, related_name="+")
    minimum_tier = models.ForeignKey(
        "partners.TierName", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    required_benefit = models.SlugField(
        max_length=50,
        blank=True,
        default="",
        db_default="",
        db_index=False,
        help_text="Name of a benefit in the partner programme: only partners whose tier gives it may have the file",
    )
    products = models.ManyToManyField(
        ProductVersion, blank=True, related_name="assets", help_text="Product versions it speaks about"
    )
    source = models.CharField(max_length=10, choices=Source, default=Source.UPLOAD)

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", help_text="Keeps it true"
    )
    review_on = models.DateField("review by", help_text="After this day partners cannot have it until it is reviewed")
    expires_on = models.DateField(
        null=True, blank=True, help_text="The last day on which it is valid, as for a price list"
    )
    coming_note = models.CharField(
        max_length=300, blank=True, help_text="What partners read while they cannot have it: what is coming, and when"
    )
    current = models.OneToOneField(
        "AssetVersion", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    retired_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = AssetQuerySet.as_manager()

    search_fields = [
        index.SearchField("title", boost=3),
        index.AutocompleteField("title"),
        index.SearchField("summary", boost=2),
        index.SearchField("get_kind_display"),
        index.FilterField("retired_at"),
        index.RelatedFields("products", [index.SearchField("name")]),
    ]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_by=None)
                | Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="assets_withdrawn_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(retired_at=None, retired_by=None) | Q(retired_at__isnull=False, retired_by__isnull=False),
                name="assets_retired_by_whom",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None) | ~Q(coming_note=""), name="assets_withdrawn_says_what_comes"
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "title"], name="assets_by_kind"),
            models.Index(fields=["review_on"], condition=Q(retired_at=None), name="assets_by_review"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        """The xAPI activity: the asset across its versions."""
        return f"{settings.XAPI_BASE_IRI}/assets/{self.public_id}"

    @property
    def audience(self) -> Audience:
        return Audience(
            personas=tuple(self.personas.all()),
            partner_types=tuple(self.partner_types.all()),
            regions=tuple(self.regions.all()),
            minimum_tier=self.minimum_tier,
        )

    @property
    def is_gone(self) -> bool:
        """Withdrawn or retired: somebody took it from partners."""
        return self.withdrawn_at is not None or self.retired_at is not None

    def state_on(self, on: date) -> State:
        """Where it stands on the day `on`. What somebody decided goes before what the calendar says."""
        if self.retired_at is not None:
            return State.RETIRED
        if self.withdrawn_at is not None:
            return State.WITHDRAWN
        if self.current_id is None:
            return State.PLANNED
        if self.expires_on is not None and self.expires_on < on:
            return State.EXPIRED
        return State.OVERDUE if self.review_on < on else State.AVAILABLE

    def lapsed_on(self, on: date) -> date | None:
        """Its last day, when the calendar alone took it from partners by the day `on`; else None."""
        return {State.EXPIRED: self.expires_on, State.OVERDUE: self.review_on}.get(self.state_on(on))


def random_name(version: "AssetVersion", filename: str) -> str:
    """Where a file is kept: a name that tells nothing and that nobody guesses."""
    return f"assets/{uuid4().hex}"


class AssetVersion(PublicIdModel):
    """One file of an asset: number 1, 2, … Never changed; a newer one takes its place and this one stays for the
    record. `media_type` is what the content was found to be, whatever the sender said.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    file = models.FileField(upload_to=random_name, max_length=100)
    filename = models.CharField(max_length=150, help_text="As it is saved by who downloads it")
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    note = models.CharField(max_length=300, blank=True, help_text="What is new in it")
    added_at = models.DateTimeField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "number"], name="assets_version_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1, size__gte=1), name="assets_version_is_a_file"),
        ]

    def __str__(self) -> str:
        return f"{self.asset} v{self.number}"
