"""CRM systems that are told of deals and tell of them: who they are, what waits for them, what they changed."""

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from lms.common.models import PublicIdModel
from lms.common.peers import Peer, PeerQuerySet
from lms.deals.models.deals import Deal
from lms.partners.models import Partner

if TYPE_CHECKING:
    from lms.deals.models.deals import DealQuerySet


class CrmSystemQuerySet(PeerQuerySet["CrmSystem"]):
    def with_buried(self) -> "CrmSystemQuerySet":
        """Each with `buried`: how many messages it did not take."""
        given_up = Q(messages__buried_at__isnull=False)
        return self.annotate(buried=models.Count("messages", filter=given_up))


class CrmSystem(Peer):
    """A CRM. Without a partner it is the vendor's and hears of every deal; else of that partner's deals and no other.

    The sealed secret is a master of which each direction has a key of its own (lms.deals.crm): what we signed can't be
    sent back to us. `sealed_old_secret` stays valid until `old_secret_until`. Without an address nothing is sent.
    """

    partner = models.ForeignKey(Partner, null=True, blank=True, on_delete=models.PROTECT, related_name="crm_systems")
    address = models.CharField(max_length=500, blank=True)
    events = models.JSONField(default=list, help_text="Types of lms.deals.crm that it wants to hear")
    sealed_old_secret = models.TextField(blank=True)
    old_secret_until = models.DateTimeField(null=True, blank=True)
    paused_because = models.CharField(max_length=500, blank=True)

    objects = CrmSystemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_old_secret="", old_secret_until=None)
                | (~Q(sealed_old_secret="") & Q(old_secret_until__isnull=False)),
                name="deals_crm_old_secret_until",
            ),
            models.CheckConstraint(
                condition=Q(paused_because="") | Q(paused_at__isnull=False), name="deals_crm_paused_because"
            ),
        ]

    def has_old_secrets(self, at: datetime) -> bool:
        """Whether the secrets from before the last change are still valid."""
        return self.old_secret_until is not None and at < self.old_secret_until

    def deals(self) -> "DealQuerySet":
        """The deals it may know of."""
        return Deal.objects.all() if self.partner_id is None else Deal.objects.filter(partner=self.partner_id)


class CrmMessageQuerySet(models.QuerySet["CrmMessage"]):
    def waiting(self) -> "CrmMessageQuerySet":
        return self.filter(delivered_at=None, buried_at=None)

    def buried(self) -> "CrmMessageQuerySet":
        return self.filter(buried_at__isnull=False)


class CrmMessage(PublicIdModel):
    """One message to one system. Its public id is the webhook-id, the same in every try; the body never changes.

    `cause` names the fact it tells of, of which there is one message for a system. Written in the transaction of the
    fact, so those of one deal have keys in the order of what happened.
    """

    system = models.ForeignKey(CrmSystem, on_delete=models.CASCADE, related_name="messages")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=30)
    cause = models.CharField(max_length=60)
    body = models.TextField()
    created_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True, blank=True)
    buried_at = models.DateTimeField(null=True, blank=True, help_text="Given up; a person may send it again")
    reason = models.CharField(max_length=500, blank=True)

    objects = CrmMessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "cause"], name="deals_crm_message_once"),
            models.CheckConstraint(
                condition=Q(delivered_at=None) | Q(buried_at=None), name="deals_crm_message_delivered_or_buried"
            ),
        ]
        indexes = [
            models.Index(
                fields=["system", "id"],
                condition=Q(delivered_at=None, buried_at=None),
                name="deals_crm_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} to {self.system_id}"


class CrmLink(models.Model):
    """Under which id a system knows a deal. One per deal and system, and one deal per id."""

    system = models.ForeignKey(CrmSystem, on_delete=models.CASCADE, related_name="links")
    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="crm_links")
    external_id = models.CharField(max_length=100)
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "deal"], name="deals_crm_link_per_deal"),
            models.UniqueConstraint(fields=["system", "external_id"], name="deals_crm_link_per_id"),
        ]

    def __str__(self) -> str:
        return self.external_id


class CrmReceipt(models.Model):
    """A message that a system sent, and what it was answered: the same id again gets the same answer, once done."""

    system = models.ForeignKey(CrmSystem, on_delete=models.CASCADE, related_name="receipts")
    message_id = models.CharField(max_length=100)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the body")
    received_at = models.DateTimeField(db_default=Now())
    answer = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["system", "message_id"], name="deals_crm_receipt_once"),
        ]
        indexes = [models.Index(fields=["received_at"], name="deals_crm_receipt_age")]

    def __str__(self) -> str:
        return self.message_id


class DealChange(models.Model):
    """A system changed a field of a deal. Never changed. `changed_at` is when it changed over there: the newest of a
    field counts, in whatever order the messages arrive. `move` is the number of the move that a stage led to.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="changes")
    system = models.ForeignKey(CrmSystem, null=True, on_delete=models.SET_NULL, related_name="+")
    system_name = models.CharField(max_length=100)
    field = models.CharField(max_length=20)
    before = models.CharField(max_length=300)
    after = models.CharField(max_length=300)
    changed_at = models.DateTimeField()
    at = models.DateTimeField()
    move = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["deal", "field", "-changed_at"], name="deals_change_newest")]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.field}"


class FieldMark(models.Model):
    """A system said of a field what it is already. Nothing changed, yet what was said before that counts no more:
    `changed_at` is the latest such moment, by the clock of who said it. One per deal and field.
    """

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="+")
    field = models.CharField(max_length=20)
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["deal", "field"], name="deals_field_mark_once"),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id}: {self.field}"

    @staticmethod
    def newest(deal: Deal) -> dict[str, datetime]:
        """When a system last spoke of each field of the deal, whether that changed it or not. Two queries."""
        found = dict(FieldMark.objects.filter(deal=deal).values_list("field", "changed_at"))
        changes = DealChange.objects.filter(deal=deal).values_list("field").annotate(models.Max("changed_at"))
        for field, changed_at in changes:
            found[field] = max(changed_at, found.get(field, changed_at))
        return found
