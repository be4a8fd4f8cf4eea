"""Win stories: how a deal was won, told by who won it, published with the customer's permission; and their log."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from wagtail.search import index

from lms.common.models import PublicIdModel
from lms.deals import table
from lms.deals.countries import COUNTRIES
from lms.deals.errors import IllegalMove
from lms.deals.models.deals import Deal
from lms.deals.story_moves import MOVES, TABLE, Naming, StoryState
from lms.partners.models import Partner, today
from lms.partners.rules import todays_memberships

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

MAX_PART = 600


def _shown(on: date) -> Q:
    return Q(state=StoryState.PUBLISHED, review_on__gte=on, deal__partner__suspended_at=None)


def reads_stories(user: "User | AnonymousUser") -> bool:
    """Whether the person belongs to a partner today that is not suspended."""
    return any(membership.partner.suspended_at is None for membership in todays_memberships(user))


class WinStoryQuerySet(models.QuerySet["WinStory"]):
    def visible_to(self, user: "User | AnonymousUser") -> "WinStoryQuerySet":
        """All, for who judges stories or looks after partners; for a partner's people their partner's own, whatever
        state they are in, and what is shown to all.
        """
        if user.has_perm("deals.view_stories"):
            return self
        own = Q(deal__partner__in=Partner.objects.visible_to(user).values("pk"))
        return self.filter(own | _shown(today()) if reads_stories(user) else own)

    def shown_to(self, user: "User | AnonymousUser") -> "WinStoryQuerySet":
        """What is published today, for who belongs to a partner that is not suspended, or judges stories."""
        if not user.has_perm("deals.view_stories") and not reads_stories(user):
            return self.none()
        return self.published(today())

    def published(self, on: date) -> "WinStoryQuerySet":
        """Published, of a partner in good standing, and its review day not past: after that others do not see it until
        somebody looked at it again.
        """
        return self.filter(_shown(on))

    def advance(self, story: "WinStory", name: str, **changes: object) -> None:
        """Puts the story into the move's target. Raises IllegalMove when it is not, or no longer, where it starts."""
        if not table.advance(self, story, MOVES[name], **changes):
            raise IllegalMove(
                f"A story that is “{story.get_state_display().lower()}” cannot be moved like this. Nothing was changed."
            )


class WinStory(index.Indexed, PublicIdModel):
    """How one deal was won, in three short answers. Its words change while it is a draft, never later.

    `consent_by` is who at the customer said yes, `naming` what may be named: nothing is reviewed or published without.
    `owner`, of the vendor, keeps a published one true and looks at it by `review_on`.
    """

    deal = models.OneToOneField(Deal, on_delete=models.PROTECT, related_name="story")
    state = models.CharField(max_length=12, choices=StoryState)
    state_since = models.DateTimeField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    problem = models.TextField(max_length=MAX_PART)
    done = models.TextField(max_length=MAX_PART)
    outcome = models.TextField(max_length=MAX_PART)
    consent_by = models.CharField(max_length=150, blank=True, help_text="Who at the customer said yes")
    consent_on = models.DateField(null=True, blank=True)
    naming = models.CharField(max_length=10, choices=Naming, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    review_on = models.DateField(null=True, blank=True)
    reminded_for = models.DateField(null=True, blank=True, help_text="The review day its owner was reminded of")

    objects = WinStoryQuerySet.as_manager()

    # Of the customer only what the headline says: who may not be named is not found by his name.
    search_fields = [
        index.SearchField("headline", boost=2),
        index.SearchField("problem"),
        index.SearchField("done"),
        index.SearchField("outcome"),
    ]

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(problem="") & ~Q(done="") & ~Q(outcome=""), name="deals_story_answers_all"
            ),
            models.CheckConstraint(
                condition=Q(consent_by="", consent_on=None, naming="")
                | (~Q(consent_by="") & Q(consent_on__isnull=False) & ~Q(naming="")),
                name="deals_story_consent_by_when",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[StoryState.IN_REVIEW, StoryState.PUBLISHED]) | Q(consent_on__isnull=False),
                name="deals_story_shown_with_consent",
            ),
            models.CheckConstraint(
                condition=~Q(state=StoryState.PUBLISHED) | Q(owner__isnull=False, review_on__isnull=False),
                name="deals_story_published_is_kept",
            ),
        ]
        indexes = [models.Index(fields=["state", "review_on"], name="deals_story_by_state")]

    def __str__(self) -> str:
        return self.headline

    @property
    def is_named(self) -> bool:
        return self.naming == Naming.NAME

    @property
    def customer(self) -> str:
        """As others may read it: the name, or only the country."""
        if self.is_named:
            return self.deal.customer_name
        return f"A customer in {COUNTRIES.get(self.deal.customer_country, self.deal.customer_country)}"

    @property
    def headline(self) -> str:
        """As partners read it."""
        return f"{self.customer}: {self.deal.product_name}"

    def is_overdue(self, on: date) -> bool:
        """Published, and its review day is past: only its own people see it."""
        return self.state == StoryState.PUBLISHED and self.review_on is not None and self.review_on < on


class StoryEntry(models.Model):
    """One step of a story: who, when, why. Never changed: what a customer allowed, and took back, stays on record."""

    story = models.ForeignKey(WinStory, on_delete=models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField(help_text="1, 2, … per story")
    move = models.CharField(max_length=12)
    from_state = models.CharField(max_length=12, blank=True)
    to_state = models.CharField(max_length=12, choices=StoryState)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.CharField(max_length=600, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["story", "number"], name="deals_story_entry_number_once"),
            models.CheckConstraint(condition=table.legal_steps(TABLE), name="deals_story_step_is_in_the_table"),
        ]

    def __str__(self) -> str:
        return f"{self.story_id}: {self.move}"
