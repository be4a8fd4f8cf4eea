"""What a joint plan begins with. Nobody starts from an empty page: a template is chosen and then changed.

Targets are suggestions of ours for a partner with a handful of people; both sides change them on the page.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import TextChoices

from lms.deals.table import Side


class Measure(TextChoices):
    """What Laurel knows by itself of an objective; `none` where it knows nothing and the reviews tell."""

    DEALS_REGISTERED = "deals_registered", "Deals registered"
    DEALS_WON = "deals_won", "Deals won"
    WON_VALUE = "won_value", "Value of deals won"
    CERTIFIED = "certified", "Certified people"
    COMPLETION = "completion", "Completion rate, percent"
    NONE = "none", "Nothing: the reviews tell"


@dataclass(frozen=True, kw_only=True)
class ObjectiveTemplate:
    title: str
    measure: Measure = Measure.NONE
    target: Decimal | None = None


@dataclass(frozen=True, kw_only=True)
class ActionTemplate:
    """Due so many days after the plan begins; `side` says whose person owns it at first."""

    title: str
    side: Side
    day: int


@dataclass(frozen=True, kw_only=True)
class PlanTemplate:
    """A review stands at the end of every `review_months`."""

    slug: str
    name: str
    review_months: int
    objectives: tuple[ObjectiveTemplate, ...]
    actions: tuple[ActionTemplate, ...]


def _measured(title: str, measure: Measure, target: int) -> ObjectiveTemplate:
    return ObjectiveTemplate(title=title, measure=measure, target=Decimal(target))


def _ours(day: int, title: str) -> ActionTemplate:
    return ActionTemplate(title=title, side=Side.VENDOR, day=day)


def _theirs(day: int, title: str) -> ActionTemplate:
    return ActionTemplate(title=title, side=Side.PARTNER, day=day)


_TABLE = (
    PlanTemplate(
        slug="first-deals",
        name="First deals together",
        review_months=1,
        objectives=(
            _measured("Customers we work on together", Measure.DEALS_REGISTERED, 5),
            _measured("First deals won", Measure.DEALS_WON, 2),
            _measured("People who can sell and implement it", Measure.CERTIFIED, 2),
            _measured("Training that was begun is finished", Measure.COMPLETION, 70),
            ObjectiveTemplate(title="One event with customers of both"),
        ),
        actions=(
            _theirs(14, "Name who gets certified, and in what"),
            _theirs(21, "List ten customers to begin with"),
            _ours(21, "Give the first leads"),
            _ours(30, "Train the sellers: the problem, how we solve it, whom to call"),
        ),
    ),
    PlanTemplate(
        slug="grow",
        name="Grow in a market",
        review_months=3,
        objectives=(
            _measured("Pipeline in the market", Measure.DEALS_REGISTERED, 12),
            _measured("Deals won in it", Measure.DEALS_WON, 5),
            _measured("Certified people", Measure.CERTIFIED, 4),
            ObjectiveTemplate(title="A customer story that both may show"),
        ),
        actions=(
            _theirs(14, "Agree with us on industries and accounts"),
            _ours(21, "Name who of us helps with the first offers"),
            _theirs(45, "Run the first campaign with our templates"),
        ),
    ),
    PlanTemplate(
        slug="skills",
        name="Renew skills",
        review_months=3,
        objectives=(
            _measured("Certified people", Measure.CERTIFIED, 4),
            _measured("Training that was begun is finished", Measure.COMPLETION, 90),
            _measured("What was learned is used with customers", Measure.DEALS_REGISTERED, 3),
        ),
        actions=(
            _theirs(7, "Give each person two hours a week for it"),
            _ours(14, "Offer a day with our pre-sales people"),
        ),
    ),
)
TEMPLATES = {template.slug: template for template in _TABLE}
