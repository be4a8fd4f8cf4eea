"""Leads that the vendor gives to partners, and the log of their moves."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.common.models import PublicIdModel
from lms.deals import table
from lms.deals.errors import IllegalMove
from lms.deals.lead_moves import MOVES, TABLE, DeclineReason, LeadState
from lms.deals.models.deals import Deal
from lms.deals.money import shown
from lms.partners.models import Partner

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

# A partner that declined, or let it pass, does not see whom another gets.
_SEEN_BY_PARTNER = (LeadState.OFFERED, LeadState.ACCEPTED)


class LeadQuerySet(models.QuerySet["Lead"]):
    def visible_to(self, user: "User | AnonymousUser") -> "LeadQuerySet":
        """All, for who looks after partners; for a partner's people those that are offered to it or are its own."""
        if user.has_perm("deals.give_lead"):
            return self
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"), state__in=_SEEN_BY_PARTNER)

    def offered(self) -> "LeadQuerySet":
        return self.filter(state=LeadState.OFFERED)

    def overdue(self, at: datetime) -> "LeadQuerySet":
        """Offered, and the time to answer is over."""
        return self.offered().filter(expires_at__lte=at)

    def advance(self, lead: "Lead", name: str, **changes: object) -> None:
        """Puts the lead into the move's target. Raises IllegalMove when it is not, or no longer, where it starts."""
        if not table.advance(self, lead, MOVES[name], **changes):
            raise IllegalMove(
                f"A lead that is “{lead.get_state_display().lower()}” cannot be moved like this. Nothing was changed."
            )


class Lead(PublicIdModel):
    """A customer who may buy, found by the vendor, given to one partner at a time. `partner` is the last that had it.

    An accepted one is a deal, for good; its contact belongs to the partner then.
    """

    customer_name = models.CharField(max_length=150)
    customer_domain = models.CharField(max_length=200, blank=True)
    customer_country = models.CharField(max_length=2)
    name_key = models.CharField(max_length=200)
    domain_key = models.CharField(max_length=200, blank=True)
    product = models.SlugField(max_length=50)
    need = models.TextField(max_length=1000)
    contact = models.CharField(max_length=300, help_text="Whom to talk to there")
    value = models.DecimalField(max_digits=15, decimal_places=3, null=True, blank=True, help_text="A hint")
    currency = models.CharField(max_length=3, blank=True)

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="leads")
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    given_at = models.DateTimeField(help_text="To the partner that has it now")
    expires_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=LeadState)
    deal = models.OneToOneField(Deal, null=True, blank=True, on_delete=models.PROTECT, related_name="lead")

    objects = LeadQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state="accepted", deal__isnull=False) | (~Q(state="accepted") & Q(deal=None)),
                name="deals_accepted_lead_is_a_deal",
            ),
            models.CheckConstraint(  # of no value "above zero" says neither yes nor no, which would pass
                condition=Q(value=None, currency="") | (Q(value__isnull=False, value__gt=0) & ~Q(currency="")),
                name="deals_lead_value_of_what",
            ),
            models.CheckConstraint(condition=~Q(name_key=""), name="deals_lead_has_key"),
            # One customer is not offered twice at a time.
            models.UniqueConstraint(
                fields=["name_key", "customer_country", "product"],
                condition=Q(state="offered"),
                name="deals_lead_offered_once",
            ),
        ]
        indexes = [models.Index(fields=["state", "expires_at"], name="deals_lead_by_state")]

    def __str__(self) -> str:
        return self.customer_name

    @property
    def amount(self) -> str:
        """ "about 48,000 EUR"; empty without a hint."""
        return f"about {shown(self.value, self.currency)}" if self.value is not None else ""

    @property
    def is_offered(self) -> bool:
        return self.state == LeadState.OFFERED


class LeadMove(models.Model):
    """One step of a lead: who, when, to or by which partner, and why. Never changed. `by` None is the platform."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="moves")
    number = models.PositiveIntegerField(help_text="1, 2, … per lead")
    move = models.CharField(max_length=12)
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10, choices=LeadState)
    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, blank=True, choices=DeclineReason)
    text = models.CharField(max_length=1000, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["lead", "number"], name="deals_lead_move_number_once"),
            models.CheckConstraint(condition=table.legal_steps(TABLE), name="deals_lead_move_is_in_the_table"),
            models.CheckConstraint(
                condition=Q(move="decline") & ~Q(reason="") | (~Q(move="decline") & Q(reason="")),
                name="deals_lead_declined_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.move}"
