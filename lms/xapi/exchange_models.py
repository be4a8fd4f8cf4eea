"""Statements on their way out to other record stores and in from them, and the names people get when they are hidden.

Part of `lms.xapi.models`, which is where to import from.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.common.peers import LEASE, Peer, PeerQuerySet
from lms.common.sealing import seal, unseal

_SEAL = "xapi.peer"


class RemoteStore(Peer):
    """Another record store, and how we speak to it."""

    class Version(models.TextChoices):
        V1 = "1.0.3", "1.0.3"
        V2 = "2.0.0", "2.0.0"

    LEASE = LEASE

    address = models.CharField(max_length=500, help_text="Its xAPI endpoint, such as https://lrs.example.com/xapi/")
    key = models.CharField(max_length=200)
    version = models.CharField(max_length=10, choices=Version, default=Version.V1)

    class Meta:
        abstract = True

    @property
    def secret(self) -> str:
        """In clear, for one request. Raises BrokenSeal when SECRET_KEY was changed without a fallback."""
        return unseal(self.sealed_secret, purpose=_SEAL)

    @staticmethod
    def seal(secret: str) -> str:
        """The secret as it is kept."""
        return seal(secret, purpose=_SEAL)


class ForwardingTarget(RemoteStore):
    """A store that gets our statements: those that pass the filter, in order, each at least once.

    Every statement up to the row `sent_through` is dealt with. While a pass is open (`pass_through` is set) its
    statements, the rows after `sent_through` up to `pass_through`, go out in stored order, and `place_*` says how far.
    docs/adr/0010-forwarding.md says why a pass ends where it does.
    """

    verbs = models.JSONField(default=list, blank=True, help_text="IRIs; none: all")
    activities = models.JSONField(default=list, blank=True, help_text="IRIs of objects; none: all")
    authorities = models.ManyToManyField("xapi.Authority", blank=True, related_name="+", help_text="None: all")
    is_trusted_only = models.BooleanField(default=False, help_text="Only what authorities trusted for completions say")
    is_persona_free = models.BooleanField(default=False, help_text="Sent without the persona and the team")
    sent_through = models.BigIntegerField(default=0)
    pass_through = models.BigIntegerField(null=True, blank=True)
    place_stored_at = models.DateTimeField(null=True, blank=True)
    place_id = models.BigIntegerField(null=True, blank=True)

    objects = PeerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(place_stored_at=None, place_id=None)
                | Q(pass_through__isnull=False, place_stored_at__isnull=False, place_id__isnull=False),
                name="xapi_target_place_in_a_pass",
            ),
        ]


class PullSource(RemoteStore):
    """A store whose statements we fetch, in its order, under an authority of ours with a trust of its own.

    `since` is the stored time up to which everything was fetched, in the other store's own words; `more` is the rest
    of a list begun. `newest` and `began_at` become the next `since` when the list ends.
    """

    authority = models.ForeignKey("xapi.Authority", on_delete=models.PROTECT, related_name="+")
    since = models.CharField(max_length=64, blank=True)
    more = models.TextField(blank=True)
    newest = models.CharField(max_length=64, blank=True)
    began_at = models.DateTimeField(null=True, blank=True)

    objects = PeerQuerySet.as_manager()


class DeadLetter(models.Model):
    """A statement that one side refused for good, and why. It holds up nobody, and waits for a person.

    `body` is kept of what another store sent us; our own statements are in the store.
    """

    target = models.ForeignKey(
        ForwardingTarget, null=True, blank=True, on_delete=models.CASCADE, related_name="dead_letters"
    )
    source = models.ForeignKey(PullSource, null=True, blank=True, on_delete=models.CASCADE, related_name="dead_letters")
    statement_id = models.UUIDField()
    reason = models.CharField(max_length=1000)
    body = models.TextField(blank=True)
    refused_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(target__isnull=False, source=None) | Q(target=None, source__isnull=False),
                name="xapi_dead_letter_one_side",
            ),
            models.UniqueConstraint(fields=["target", "statement_id"], name="xapi_dead_letter_once_out"),
            models.UniqueConstraint(fields=["source", "statement_id"], name="xapi_dead_letter_once_in"),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.reason}"


class ImportRun(models.Model):
    """How far a file of statements was read, committed with what was read: an import that was killed goes on there.

    `fingerprint` is over the file's size and its two ends, and the authority.
    """

    fingerprint = models.CharField(max_length=64, unique=True)
    file_name = models.CharField(max_length=255)
    authority = models.ForeignKey("xapi.Authority", on_delete=models.PROTECT, related_name="+")
    began_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    bytes_read = models.BigIntegerField(default=0)
    lines_read = models.BigIntegerField(default=0)
    stored = models.BigIntegerField(default=0)
    known = models.BigIntegerField(default=0, help_text="Stored before under their id, with equal content")
    refused = models.BigIntegerField(default=0)
    report_bytes = models.BigIntegerField(default=0, help_text="How much of the report belongs to what was committed")

    def __str__(self) -> str:
        return f"{self.file_name} at line {self.lines_read}"


class Pseudonym(models.Model):
    """The account by which a person stands in statements after he was hidden. Given once, and the same ever after.

    This row is the only link back: figures find the person through it, pages and exports never do.
    """

    person = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    account = models.UUIDField(unique=True)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    def __str__(self) -> str:
        return str(self.account)


class LegalHold(models.Model):
    """While one is in force nothing leaves the store: no statement is archived. Begun and ended, never deleted."""

    reason = models.CharField(max_length=500)
    begun_at = models.DateTimeField()
    begun_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | Q(ended_by=None), name="xapi_hold_ended_by_and_at"
            ),
        ]

    def __str__(self) -> str:
        return self.reason
