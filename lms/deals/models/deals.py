"""Deals, the log of their moves, and what is said and done about them."""

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.deals import table
from lms.deals.errors import IllegalMove
from lms.deals.models.engagement import EngagementRules
from lms.deals.money import shown
from lms.deals.moves import (
    HOLDING,
    MOVES,
    OPEN,
    PROTECTED,
    RULED,
    TABLE,
    WAITING,
    LostReason,
    Move,
    RejectReason,
    State,
)
from lms.partners.models import Partner

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class Origin(models.TextChoices):
    """How a deal came in."""

    PARTNER = "partner", "Registered by the partner"
    FILE = "file", "Imported from a file"
    LEAD = "lead", "A lead we gave"


NOT_ELIGIBLE = (State.REJECTED, State.WITHDRAWN, State.DISPUTED)


class DealQuerySet(models.QuerySet["Deal"]):
    def visible_to(self, user: "User | AnonymousUser") -> "DealQuerySet":
        """Those of the partners a person sees."""
        return self.filter(partner__in=Partner.objects.visible_to(user).values("pk"))

    def of_customer(self, *, name_key: str, country: str, domain_key: str) -> "DealQuerySet":
        """Of the same customer, by name and country or by domain."""
        same = Q(name_key=name_key, customer_country=country)
        return self.filter(same | Q(domain_key=domain_key) if domain_key else same)

    def holding(self) -> "DealQuerySet":
        """Those that hold their customer against others."""
        return self.filter(holds=True)

    def open(self) -> "DealQuerySet":
        return self.filter(state__in=OPEN)

    def waiting(self) -> "DealQuerySet":
        """Those that wait for an answer of the vendor."""
        return self.filter(state__in=WAITING)

    def protected(self) -> "DealQuerySet":
        return self.filter(state__in=PROTECTED)

    def eligible(self) -> "DealQuerySet":
        """Those that count for commission and tiers: approved, and neither rejected nor withdrawn since (R126)."""
        return self.filter(approved_at__isnull=False).exclude(state__in=NOT_ELIGIBLE)

    def as_of(self, at: datetime) -> "DealQuerySet":
        """With `state_then`: where the log had led each just before `at`. Moves made since change nothing of it."""
        return self.annotate(state_then=DealMove.objects.state_of(models.OuterRef("pk"), at))

    def advance(self, deal: "Deal", move: Move, **changes: object) -> None:
        """Puts the deal into the move's target. Raises IllegalMove when it is not, or no longer, where it starts."""
        deal.require(move)
        if not table.advance(self, deal, move, **changes):
            raise IllegalMove("Somebody else has just moved this deal. Look at it again; nothing was changed.")


class Deal(PublicIdModel):
    """A customer and an opportunity that a partner registered. Its history is in `moves`; the state is where they led.

    `holds` says that no other registration of this customer and product may: two unique constraints see to it, one by
    name and country, one by domain. `rules` is the version the deal is judged by, for as long as it lives.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="deals")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField()
    rules = models.ForeignKey(EngagementRules, on_delete=models.PROTECT, related_name="deals")
    request_key = models.UUIDField(help_text="One per form that was sent: sent twice, it makes one deal")
    request_digest = models.CharField(max_length=64)
    origin = models.CharField(max_length=10, choices=Origin, default=Origin.PARTNER, db_default=Origin.PARTNER)

    customer_name = models.CharField(max_length=150)
    customer_domain = models.CharField(max_length=200, blank=True)
    customer_country = models.CharField(max_length=2)
    name_key = models.CharField(max_length=200)
    domain_key = models.CharField(max_length=200, blank=True)
    product = models.SlugField(max_length=50)
    value = models.DecimalField(max_digits=15, decimal_places=3, validators=[MinValueValidator(0)])
    currency = models.CharField(max_length=3, help_text="ISO 4217")
    close_month = models.DateField(help_text="Its first day")
    need = models.TextField(max_length=1000)
    next_step = models.CharField(max_length=300)

    state = models.CharField(max_length=12, choices=State)
    state_since = models.DateTimeField()
    touched_at = models.DateTimeField(help_text="The partner's last sign of life: a move, a comment, a task")
    holds = models.BooleanField(default=False)
    answer_due_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True, help_text="First answer of a person")
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    protected_until = models.DateField(null=True, blank=True, help_text="The last protected day, UTC")
    extended_at = models.DateTimeField(null=True, blank=True)
    clause = models.CharField(max_length=5, blank=True, help_text="Of the rules, that was applied last")
    level = models.PositiveSmallIntegerField(default=0, help_text="Of escalation; 0 without a conflict or dispute")
    seller = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The vendor's person with quota in this deal: he does not decide it",
    )
    neutral_credit_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when the vendor's seller is credited neutrally, by the rules"
    )
    neutral_credit_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = DealQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name_key", "customer_country", "product"],
                condition=Q(holds=True),
                name="deals_one_holds_the_name",
            ),
            models.UniqueConstraint(
                fields=["domain_key", "product"],
                condition=Q(holds=True) & ~Q(domain_key=""),
                name="deals_one_holds_the_domain",
            ),
            models.UniqueConstraint(fields=["registered_by", "request_key"], name="deals_request_once"),
            models.CheckConstraint(
                condition=Q(holds=False) | Q(state__in=sorted(HOLDING)), name="deals_only_open_ones_hold"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=sorted(PROTECTED))
                | Q(holds=True, approved_at__isnull=False, protected_until__isnull=False),
                name="deals_approved_means_protected",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(approved_at__isnull=False), name="deals_approved_by_when"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(seller=None) | ~Q(approved_by=F("seller")),
                name="deals_approver_has_no_quota",
            ),
            models.CheckConstraint(
                condition=Q(neutral_credit_at=None, neutral_credit_by=None)
                | Q(neutral_credit_at__isnull=False, neutral_credit_by__isnull=False),
                name="deals_neutral_credit_by_when",
            ),
            models.CheckConstraint(condition=~Q(name_key=""), name="deals_customer_has_key"),
            models.CheckConstraint(condition=Q(value__gt=0), name="deals_value_above_zero"),
        ]
        indexes = [
            models.Index(fields=["partner", "-registered_at"], name="deals_of_partner"),
            models.Index(fields=["state", "answer_due_at"], name="deals_by_state"),
            models.Index(fields=["name_key", "customer_country"], name="deals_by_name"),
            models.Index(fields=["domain_key"], condition=~Q(domain_key=""), name="deals_by_domain"),
        ]

    def __str__(self) -> str:
        return f"{self.customer_name} ({self.partner})"

    def require(self, move: Move) -> None:
        """Raises IllegalMove unless the move starts where the deal is."""
        if self.state not in move.origins:
            raise IllegalMove(
                f"A deal that is “{self.get_state_display().lower()}” cannot be moved like this. Nothing was changed."
            )

    @property
    def amount(self) -> str:
        """ "48,000 EUR"."""
        return shown(self.value, self.currency)

    @property
    def product_name(self) -> str:
        return self.rules.rules.product_name(self.product)

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def is_protected(self) -> bool:
        return self.state in PROTECTED

    @property
    def is_eligible(self) -> bool:
        """Whether it counts for commission and tiers; the same as `DealQuerySet.eligible`."""
        return self.approved_at is not None and self.state not in NOT_ELIGIBLE

    def is_late(self, at: datetime) -> bool:
        """Whether the promised answer is overdue."""
        return self.state in WAITING and self.answer_due_at is not None and self.answer_due_at < at

    def days_left(self, on: date) -> int | None:
        """Days of protection after today; 0 on the last one."""
        return None if self.protected_until is None or not self.is_protected else (self.protected_until - on).days


class DealMoveQuerySet(models.QuerySet["DealMove"]):
    def visible_to(self, user: "User | AnonymousUser") -> "DealMoveQuerySet":
        """Those of the deals a person sees."""
        return self.filter(deal__partner__in=Partner.objects.visible_to(user).values("pk"))

    def state_of(self, deal: models.OuterRef, at: datetime) -> models.Subquery:
        """For a query over deals: the state of one just before `at`, by its log; NULL where it was not yet there."""
        past = self.filter(deal=deal, at__lt=at).order_by("-number")
        return models.Subquery(past.values("to_state")[:1], output_field=models.CharField())

    def rulings(self) -> "DealMoveQuerySet":
        """Those at which the table of the rules was asked which clause applies: somebody registered or decided."""
        return self.exclude(clause="").filter(move__in=RULED, by__isnull=False)


class DealMove(models.Model):
    """One step of a deal: who, when, why, by which clause. Never changed. `by` None is the platform.

    The database takes only steps of the table in lms.deals.moves.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="moves")
    number = models.PositiveIntegerField(help_text="1, 2, … per deal")
    move = models.CharField(max_length=20)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12, choices=State)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reason = models.CharField(max_length=20, blank=True, choices=[*RejectReason.choices, *LostReason.choices])
    text = models.CharField(max_length=1000, blank=True)
    clause = models.CharField(max_length=5, blank=True)
    facts = models.JSONField(
        null=True, blank=True, help_text="What the clause was found by (engagement.Facts); null where no table ruled"
    )

    objects = DealMoveQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "number"], name="deals_move_number_once"),
            models.CheckConstraint(condition=table.legal_steps(TABLE), name="deals_move_is_in_the_table"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.move}"

    @property
    def label(self) -> str:
        """What happened, as the timeline says it."""
        return State(self.to_state).label if self.from_state != self.to_state else MOVES[self.move].label


class Comment(PublicIdModel):
    """Something said about a deal, for both sides. Never changed."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    written_at = models.DateTimeField()
    text = models.TextField(max_length=2000)

    def __str__(self) -> str:
        return self.text[:50]


class Task(PublicIdModel):
    """Something to be done for a deal by a day, by whichever side."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="tasks")
    title = models.CharField(max_length=200)
    due_on = models.DateField()
    added_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at=None, done_by=None) | Q(done_at__isnull=False, done_by__isnull=False),
                name="deals_task_done_by_when",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class Reminder(models.Model):
    """The partner was told that protection ends, so many days before. Each is told once per last day."""

    deal = models.ForeignKey(Deal, on_delete=models.CASCADE, related_name="reminders")
    protected_until = models.DateField()
    days = models.PositiveSmallIntegerField()
    sent_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "protected_until", "days"], name="deals_reminder_once"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.days}"
