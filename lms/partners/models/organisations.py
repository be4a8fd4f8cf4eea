"""Partner organisations, who belongs to them, and the words by which content is aimed."""

from datetime import date, datetime
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, OuterRef, Q
from django.utils import timezone

from lms.accounts.models import User
from lms.common.models import PublicIdModel

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


def today() -> date:
    """The day by which memberships hold, the same for everybody: UTC."""
    return timezone.now().date()


V = TypeVar("V", bound="Vocabulary")


class SlugManager(models.Manager[V]):
    def get_by_natural_key(self, slug: str) -> V:
        return self.get(slug=slug)


class Vocabulary(models.Model):
    """A closed list kept as data: the slug is the stable key, the name is shown."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    position = models.PositiveSmallIntegerField(default=0)

    objects: ClassVar[SlugManager[Self]] = SlugManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)


class PartnerType(Vocabulary):
    """Reseller, integrator, technology partner: what kind of business the partner is."""


class Region(Vocabulary):
    """Where the partner sells."""


class Persona(Vocabulary):
    """A role on the partner's side that content is written for (R78)."""

    duties = models.TextField(blank=True)
    challenges = models.TextField(blank=True)
    goals = models.TextField(blank=True)
    motivation = models.TextField(blank=True)


class TierName(Vocabulary):
    """The name of a tier and its rank; what it takes to hold it is a programme's matter (lms.tiers)."""

    rank = models.PositiveSmallIntegerField(unique=True, help_text="0 is the entry tier; higher is better")


class PartnerQuerySet(models.QuerySet["Partner"]):
    def visible_to(self, user: "User | AnonymousUser") -> "PartnerQuerySet":
        """All partners for those who look after partners; otherwise those the person belongs to today."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        own = Membership.objects.active(today()).filter(person=user).values("partner_id")
        return self.filter(pk__in=own, suspended_at=None)


class Partner(PublicIdModel):
    """A company that sells or builds with the vendor. `current_tier` repeats the newest tier decision for display."""

    name = models.CharField(max_length=150)
    slug = models.SlugField(unique=True)
    partner_type = models.ForeignKey(PartnerType, on_delete=models.PROTECT, related_name="partners")
    region = models.ForeignKey(Region, on_delete=models.PROTECT, related_name="partners")
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    channel_manager = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="managed_partners"
    )
    joined_on = models.DateField(default=today)
    current_tier = models.ForeignKey(TierName, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    tier_since = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    suspension_reason = models.CharField(max_length=300, blank=True)

    objects = PartnerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(suspended_at=None, suspended_by=None, suspension_reason="")
                | (Q(suspended_at__isnull=False, suspended_by__isnull=False) & ~Q(suspension_reason="")),
                name="partners_suspension_has_who_and_why",
            ),
            models.CheckConstraint(
                condition=Q(current_tier=None, tier_since=None)
                | Q(current_tier__isnull=False, tier_since__isnull=False),
                name="partners_tier_has_since",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def initials(self) -> str:
        return "".join(word[0] for word in self.name.split()[:2]).upper()


class BenefitQuerySet(models.QuerySet["Benefit"]):
    def held(self, at: datetime) -> "BenefitQuerySet":
        """Those that hold at the moment."""
        return self.filter(Q(ended_at=None) | Q(ended_at__gt=at), granted_at__lte=at)


class Benefit(models.Model):
    """A partner may do or see something by its tier, from a moment to a moment. Set by decisions (lms.tiers) only.

    `name` is what code asks for, `words` what the programme calls it. An end is never taken back: what is given again
    is another row.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="benefits")
    name = models.SlugField(max_length=50)
    words = models.CharField(max_length=200)
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BenefitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "name"], condition=Q(ended_at=None), name="partners_one_open_benefit"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("granted_at")), name="partners_benefit_ends_after_start"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.partner}"


class MembershipQuerySet(models.QuerySet["Membership"]):
    def active(self, on: date | OuterRef) -> "MembershipQuerySet":
        """Memberships that hold on the day `on` (UTC): a planned last day counts, the day of an end at once not."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gt=on) | Q(ends_on=on, ended_at=None), starts_on__lte=on)

    def managers(self) -> "MembershipQuerySet":
        return self.filter(role=Membership.Role.MANAGER)

    def visible_to(self, user: "User | AnonymousUser") -> "MembershipQuerySet":
        """A vendor's channel role sees all, a partner's manager his partner's people, everybody himself."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        managed = (
            Membership.objects.active(today())
            .managers()
            .filter(person=user, partner__suspended_at=None)
            .values("partner_id")
        )
        return self.filter(Q(partner_id__in=managed) | Q(person=user))


class Membership(PublicIdModel):
    """A person works for a partner in a persona, from a day to a day. A person may have two; a leaver keeps the row."""

    class Role(models.TextChoices):
        MEMBER = "member", "Member"
        MANAGER = "manager", "Partner manager"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="memberships")
    persona = models.ForeignKey(Persona, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    starts_on = models.DateField(default=today)
    ends_on = models.DateField(null=True, blank=True, help_text="The last day")
    ended_at = models.DateTimeField(null=True, blank=True, help_text="Ended at once, at this moment of `ends_on`")

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "partner"], condition=Q(ends_on=None), name="partners_one_open_membership"
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="partners_membership_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ends_on__isnull=False), name="partners_membership_ended_has_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} at {self.partner}"

    def holds(self, on: date) -> bool:
        """As MembershipQuerySet.active says of rows."""
        if self.starts_on > on:
            return False
        return self.ends_on is None or self.ends_on > on or (self.ends_on == on and self.ended_at is None)

    @property
    def is_manager(self) -> bool:
        return self.role == self.Role.MANAGER


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self, at: datetime) -> "InvitationQuerySet":
        """Neither accepted nor withdrawn nor expired."""
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=at)

    def visible_to(self, user: "User | AnonymousUser") -> "InvitationQuerySet":
        """Those to partners whose people the person looks after; all for channel roles."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        managed = Membership.objects.active(today()).managers().filter(person=user, partner__suspended_at=None)
        return self.filter(partner_id__in=managed.values("partner_id"))


class Invitation(PublicIdModel):
    """An offer to one address to join one partner. Used once, before it expires; only the token's SHA-256 is kept."""

    email = models.EmailField()
    name = models.CharField(max_length=150, blank=True)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="invitations")
    persona = models.ForeignKey(Persona, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10, choices=Membership.Role, default=Membership.Role.MEMBER)
    token_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "email"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                name="partners_one_open_invitation",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="partners_invitation_accepted_by_whom",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} to {self.partner}"

    def is_open(self, at: datetime) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and at < self.expires_at


def vendor_staff(on: date) -> models.QuerySet[User]:
    """The vendor's people with an account: they have one of its roles and belong to no partner on the day."""
    members = Membership.objects.active(on).values("person")
    return User.objects.filter(is_active=True, groups__isnull=False).exclude(pk__in=members).distinct()
