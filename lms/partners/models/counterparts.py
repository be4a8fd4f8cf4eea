"""Who stands for either side of a partnership: sponsors and counterparts."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.partners.models.organisations import Membership, Partner
from lms.partners.sides import Function, Side


class CounterpartQuerySet(models.QuerySet["Counterpart"]):
    def named(self) -> "CounterpartQuerySet":
        """Those that nobody has ended or replaced. Whether the person is still there, the row does not know."""
        return self.filter(ended_at=None)


class Counterpart(PublicIdModel):
    """A person stands for one side of a partnership in one function, from a moment to a moment.

    In the function "executive" he is the sponsor of his side. The vendor's is one of its staff; the partner's is a
    membership, so that who leaves and comes back later is named anew or not at all. An end is never taken back.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="counterparts")
    side = models.CharField(max_length=10, choices=Side)
    function = models.CharField(max_length=20, choices=Function)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    membership = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    objects = CounterpartQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "side", "function"], condition=Q(ended_at=None), name="partners_one_counterpart"
            ),
            models.CheckConstraint(
                condition=Q(side="vendor", membership=None) | Q(side="partner", membership__isnull=False),
                name="partners_counterpart_is_of_its_side",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None)
                | Q(ended_at__isnull=False, ended_by__isnull=False, ended_at__gte=F("named_at")),
                name="partners_counterpart_ended_by_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} ({self.function}, {self.partner})"
