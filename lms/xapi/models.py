"""The statement store. See docs/adr/0003-statement-storage.md for why it looks like this."""

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Authority(models.Model):
    """Who vouches for statements. Only an authority trusted for completions can move a figure or a tier."""

    name = models.CharField(max_length=100, unique=True)
    agent = models.JSONField(help_text="The xAPI agent stored as the statement's authority")
    is_trusted = models.BooleanField(default=False, help_text="Its completions count in rates and tiers")

    def __str__(self) -> str:
        return self.name


class Credential(models.Model):
    """A Basic key and secret by which a client speaks for an authority. Only the secret's hash is kept.

    With `actor_key` set, it may speak for that one actor only.
    """

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="credentials")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=40, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    actor_key = models.UUIDField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"{self.name} ({self.key})"


class Statement(models.Model):
    """One xAPI statement as stored: immutable but for `voided_by`.

    `body` is the statement's JSON text with the server's id, stored, timestamp, version and authority set. The columns
    beside it are what queries filter by: 128-bit digests (`*_key`) of identifiers in canonical form, so no upsert of
    agents or activities stands in the way of an insert.
    """

    statement_id = models.UUIDField(unique=True)
    stored_at = models.DateTimeField()
    happened_at = models.DateTimeField(help_text="The statement's timestamp")
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="statements")
    actor_key = models.UUIDField()
    verb = models.CharField(max_length=250)
    object_key = models.UUIDField(null=True, help_text="Of the activity, agent or statement that is its object")
    registration = models.UUIDField(null=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of what the client sent: tells a replay from a conflict")
    voided_by = models.UUIDField(null=True, help_text="Id of the voiding statement")
    body = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["stored_at", "id"], name="xapi_by_stored"),
            models.Index(fields=["actor_key", "-id"], name="xapi_by_actor"),
            models.Index(fields=["object_key", "verb", "-id"], name="xapi_by_object_and_verb"),
            models.Index(fields=["verb", "-id"], name="xapi_by_verb"),
            models.Index(fields=["registration", "-id"], condition=Q(registration__isnull=False), name="xapi_by_registration"),
        ]

    def __str__(self) -> str:
        return str(self.statement_id)


class Mention(models.Model):
    """A statement names an agent or activity anywhere but as its actor or object: for the related_* filters."""

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="mentions")
    key = models.UUIDField()

    class Meta:
        indexes = [models.Index(fields=["key", "-statement"], name="xapi_mention_by_key")]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.key}"
