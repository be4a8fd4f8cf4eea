"""Co-branding: a partner's brand, the zones of a master, and the copies made of both."""

from datetime import date
from typing import TYPE_CHECKING
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from lms.assets.models.library import Asset, AssetVersion, State
from lms.common.ids import unguessable_id
from lms.common.models import PublicIdModel
from lms.partners.models import Partner
from lms.partners.rules import todays_memberships

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class BrandProfile(models.Model):
    """What a partner prints: name, contact lines, website, colours, logo. One per partner; copies keep what it said."""

    partner = models.OneToOneField(Partner, on_delete=models.PROTECT, related_name="brand")
    name = models.CharField(max_length=120)
    contact = models.JSONField(default=list, blank=True, help_text="Lines, in order")
    website = models.CharField(max_length=200, blank=True)
    primary = models.CharField("colour", max_length=7)
    on_primary = models.CharField("colour of words on it", max_length=7)
    logo = models.BinaryField(null=True, editable=False, help_text="PNG, drawn anew from the upload")
    logo_digest = models.CharField(max_length=64, blank=True, editable=False)
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(logo=None, logo_digest="") | (Q(logo__isnull=False) & ~Q(logo_digest="")),
                name="assets_brand_logo_has_digest",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def logo_bytes(self) -> bytes | None:
        return bytes(self.logo) if self.logo is not None else None


class BrandTemplate(PublicIdModel):
    """The partner's zones on one file of an asset: number 1, 2, … Never changed; the highest number counts."""

    version = models.ForeignKey(AssetVersion, on_delete=models.PROTECT, related_name="templates")
    number = models.PositiveIntegerField()
    document = models.JSONField(help_text="Zones, as in docs/cobranding.md")
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="assets_template_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="assets_template_counts_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.version}, zones {self.number}"


class CopyState(models.TextChoices):
    """Where a copy stands on a day. Derived, never stored."""

    CURRENT = "current", "Current"
    REPLACED = "replaced", "Replaced by a newer version"
    EXPIRED = "expired", "Expired"
    REVIEW = "review", "Being reviewed"
    SUSPENDED = "suspended", "Not to be used at the moment"
    WITHDRAWN = "withdrawn", "Withdrawn"


class BrandedCopyQuerySet(models.QuerySet["BrandedCopy"]):
    def visible_to(self, user: "User | AnonymousUser") -> "BrandedCopyQuerySet":
        """All for vendor staff who look after content or partners; for others their own partner's, of assets that are
        for their membership there: with another partner's, or before a tier fell or a benefit ended, is not enough.
        """
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("courses.view_all_courses"):
            return self
        own = Q(pk__in=[])
        for membership in todays_memberships(user):
            if membership.partner.suspended_at is None:
                assets = Asset.objects.opened_to(membership, timezone.now())
                own |= Q(partner=membership.partner_id, template__version__asset__in=assets.values("pk"))
        return self.filter(own)

    def outdated(self, asset: Asset) -> "BrandedCopyQuerySet":
        """Copies of the asset whose holders should take another one or none: replaced or withdrawn."""
        copies = self.filter(template__version__asset=asset)
        if asset.is_gone:
            return copies
        return copies.exclude(template__version=asset.current_id)


def new_copy_id() -> str:
    """See `unguessable_id`; a function of this module's own because migrations name it."""
    return unguessable_id()


def random_copy_name(copy: "BrandedCopy", filename: str) -> str:
    """Where a copy is kept: a name that tells nothing and that nobody guesses."""
    return f"copies/{uuid4().hex}"


class BrandedCopy(models.Model):
    """A file made of a master for a partner, with what was said in it. Never changed. `public_id` stands on it."""

    public_id = models.CharField(max_length=32, unique=True, default=new_copy_id, editable=False)
    template = models.ForeignKey(BrandTemplate, on_delete=models.PROTECT, related_name="copies")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="copies")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request_key = models.UUIDField(help_text="Of the form: sent twice it makes one copy")
    request_digest = models.CharField(max_length=64)
    brand = models.JSONField(help_text="As printed")
    values = models.JSONField(default=dict, blank=True, help_text="The partner's own words by zone")
    notices = models.JSONField(default=list, blank=True, help_text="What was said about it when it was made")
    for_print = models.BooleanField(default=False)
    file = models.FileField(upload_to=random_copy_name, max_length=100)
    filename = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField(help_text="Bytes")
    sha256 = models.CharField(max_length=64)
    expires_on = models.DateField(help_text="The last day on which it is valid; printed on it")
    told_at = models.DateTimeField(null=True, blank=True, help_text="When its holder was told that it is out of date")

    objects = BrandedCopyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["made_by", "request_key"], name="assets_copy_once_per_request"),
        ]
        indexes = [models.Index(fields=["partner", "-made_at"], name="assets_copies_of_partner")]

    def __str__(self) -> str:
        return f"{self.template.version.asset} for {self.partner}"

    @property
    def asset(self) -> Asset:
        return self.template.version.asset

    @property
    def check_url(self) -> str:
        """The printed address."""
        return f"{settings.SITE_URL}{reverse('branding:check', args=[self.public_id])}"

    @property
    def last_day(self) -> date:
        """Until when it holds: the day printed on it, unless the master's own last day came to be an earlier one."""
        return min(self.expires_on, self.asset.expires_on or self.expires_on)

    def state_on(self, on: date) -> CopyState:
        """Where it stands on the day `on`. What somebody decided goes before what the calendar says."""
        asset = self.asset
        if asset.state_on(on) in {State.WITHDRAWN, State.RETIRED}:
            return CopyState.WITHDRAWN
        if self.partner.suspended_at is not None:
            return CopyState.SUSPENDED
        if asset.current_id != self.template.version_id:
            return CopyState.REPLACED
        if self.last_day < on:
            return CopyState.EXPIRED
        return CopyState.REVIEW if asset.state_on(on) == State.OVERDUE else CopyState.CURRENT
