"""The two sides of a partnership, and the functions in which a person of each is the other's counterpart."""

from dataclasses import dataclass

from django.db import models


class Side(models.TextChoices):
    VENDOR = "vendor", "Vendor"
    PARTNER = "partner", "Partner"


class Function(models.TextChoices):
    """What two people talk about. The executives are the sponsors of the partnership."""

    EXECUTIVE = "executive", "Sponsors"
    SALES = "sales", "Sales"
    PRESALES = "presales", "Pre-sales"
    MARKETING = "marketing", "Marketing"
    DELIVERY = "delivery", "Delivery"
    TRAINING = "training", "Training"


@dataclass(frozen=True, kw_only=True)
class Guide:
    """When to write to somebody of a function, and the persona (slug) that usually has it at a partner."""

    when: str
    persona: str


GUIDES = {
    Function.EXECUTIVE: Guide(
        when="They stand behind the partnership: for what the others cannot settle.", persona="executive"
    ),
    Function.SALES: Guide(when="A customer, a price, an offer, or who does what in a deal.", persona="sales_rep"),
    Function.PRESALES: Guide(when="A design, a demo, a pilot, or a hard question.", persona="presales_engineer"),
    Function.MARKETING: Guide(when="Campaigns, events, material and stories of success.", persona="marketing"),
    Function.DELIVERY: Guide(when="Installing it, and running it at the customer.", persona="presales_engineer"),
    Function.TRAINING: Guide(when="Courses, exams, and who should learn what next.", persona=""),
}
