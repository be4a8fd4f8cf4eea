"""The statement store. See docs/adr/0003-statement-storage.md for why it looks like this."""

import hmac
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import models
from django.db.models import Q
from django.utils import timezone

from lms.xapi.exchange_models import DeadLetter as DeadLetter
from lms.xapi.exchange_models import ForwardingTarget as ForwardingTarget
from lms.xapi.exchange_models import ImportRun as ImportRun
from lms.xapi.exchange_models import LegalHold as LegalHold
from lms.xapi.exchange_models import Pseudonym as Pseudonym
from lms.xapi.exchange_models import PullSource as PullSource


class Authority(models.Model):
    """Who vouches for statements. Only an authority trusted for completions can move a figure or a tier.

    Exactly one row is the platform itself: it is trusted, and it may void anybody's statement.
    """

    name = models.CharField(max_length=100, unique=True)
    agent = models.JSONField(help_text="The xAPI agent stored as the statement's authority")
    is_trusted = models.BooleanField(default=False, help_text="Its completions count in rates and tiers")
    is_platform = models.BooleanField(default=False, help_text="Laurel itself")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_platform"], condition=Q(is_platform=True), name="xapi_one_platform_authority"
            ),
            models.CheckConstraint(
                condition=Q(is_platform=False) | Q(is_trusted=True), name="xapi_platform_is_trusted"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def may_void(self, statement: "Statement") -> bool:
        """Its own statements; the platform anybody's."""
        return self.is_platform or self.pk == statement.authority_id


class CredentialQuerySet(models.QuerySet["Credential"]):
    def active(self, at: datetime) -> "CredentialQuerySet":
        """Credentials that open the door at `at`: not revoked, not expired."""
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=at), revoked_at=None)


class Credential(models.Model):
    """A Basic key and secret by which a client speaks for an authority. Only the secret's hash is kept.

    With `actor_key` set, it may speak for that one actor only; with `registration` or `activity_id`, only within that
    registration, and tell milestones of that activity alone: the credential of one launch (see `lms.xapi.bounds`).
    A secret has 256 random bits: one SHA-256 is enough. Scopes are those of xAPI 1.0.3 (Communication 4.0).
    """

    class Scope(models.TextChoices):
        WRITE = "statements/write", "Store statements"
        READ_MINE = "statements/read/mine", "Read statements of the same authority"
        READ = "statements/read", "Read all statements"
        STATE = "state", "Read and store activity states"
        PROFILE = "profile", "Read and store agent and activity profiles"
        DEFINE = "define", "Say what activities are called, for the activities resource"
        READ_ALL = "all/read", "Read everything"
        ALL = "all", "Everything"

    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="credentials")
    name = models.CharField(max_length=100)
    key = models.CharField(max_length=40, unique=True)
    secret_hash = models.CharField(max_length=64)
    scopes = models.JSONField(default=list)
    actor_key = models.UUIDField(null=True, blank=True)
    registration = models.UUIDField(null=True, blank=True)
    activity_id = models.TextField(null=True, blank=True, help_text="IRI of the activity launched")  # noqa: DJ001
    rate_limit = models.PositiveIntegerField(
        null=True, blank=True, help_text="Requests, or statements in them, a minute; empty: any number"
    )
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True, help_text="To the minute")

    objects = CredentialQuerySet.as_manager()

    USE_RESOLUTION = timedelta(minutes=1)

    class Meta:
        indexes = [
            models.Index(
                fields=["registration"], condition=Q(registration__isnull=False), name="xapi_credential_of_launch"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key})"

    @property
    def is_bound(self) -> bool:
        """Whether it speaks for one actor only."""
        return self.actor_key is not None

    def is_active(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > at)

    def has_scope(self, *scopes: str) -> bool:
        """Whether it carries one of `scopes`, or the one that includes them all."""
        return not {self.Scope.ALL, *scopes}.isdisjoint(self.scopes)

    def is_secret(self, secret: str) -> bool:
        """Compares in constant time."""
        return hmac.compare_digest(self.secret_hash, self.hash_secret(secret))

    @staticmethod
    def hash_secret(secret: str) -> str:
        return sha256(secret.encode()).hexdigest()


class RateWindow(models.Model):
    """How much of a credential's limit is taken in one minute. A process takes a share at a time, not each request."""

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="rate_windows")
    minute = models.DateTimeField()
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential", "minute"], name="xapi_one_rate_window_a_minute"),
        ]


class StatementQuerySet(models.QuerySet["Statement"]):
    def visible_to(self, credential: Credential) -> "StatementQuerySet":
        """All for a scope that reads all, the authority's own for `statements/read/mine`; of one actor and
        registration only if bound to them."""
        if credential.has_scope(Credential.Scope.READ, Credential.Scope.READ_ALL):
            statements = self
        elif credential.has_scope(Credential.Scope.READ_MINE):
            statements = self.filter(authority=credential.authority_id)
        else:
            return self.none()
        bounds = {"actor_key": credential.actor_key, "registration": credential.registration}
        return statements.filter(**{name: value for name, value in bounds.items() if value is not None})


class Statement(models.Model):
    """One xAPI statement as stored: immutable but for `voided_by`.

    `body` is the statement's JSON text with the server's id, stored, timestamp, version and authority set. The columns
    beside it are what queries filter by: 128-bit digests (`*_key`) of identifiers in canonical form, so no upsert of
    agents, verbs or activities stands in the way of an insert. Lists are ordered by (`stored_at`, `id`).
    """

    statement_id = models.UUIDField(unique=True)
    stored_at = models.DateTimeField()
    happened_at = models.DateTimeField(help_text="The statement's timestamp")
    # Not checked by the database: each check locks the one row that all writers share. Authorities are never deleted.
    authority = models.ForeignKey(
        Authority, on_delete=models.PROTECT, related_name="statements", db_index=False, db_constraint=False
    )
    actor_key = models.UUIDField()
    verb_key = models.UUIDField()
    object_key = models.UUIDField(help_text="Of the activity or agent; the id itself of a statement")
    registration = models.UUIDField(null=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the content: tells a replay from a conflict")
    voided_by = models.UUIDField(null=True, help_text="Id of the voiding statement")
    body = models.TextField()

    objects = StatementQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["stored_at", "id"], name="xapi_by_stored"),
            models.Index(fields=["authority", "stored_at", "id"], name="xapi_by_authority"),
            models.Index(fields=["actor_key", "stored_at", "id"], name="xapi_by_actor"),
            models.Index(fields=["verb_key", "stored_at", "id"], name="xapi_by_verb"),
            models.Index(fields=["object_key", "stored_at", "id"], name="xapi_by_object"),
            models.Index(fields=["object_key", "verb_key", "stored_at", "id"], name="xapi_by_object_and_verb"),
            models.Index(
                fields=["registration", "stored_at", "id"],
                condition=Q(registration__isnull=False),
                name="xapi_by_registration",
            ),
        ]

    def __str__(self) -> str:
        return str(self.statement_id)


class Mention(models.Model):
    """A statement names an agent or activity elsewhere than as its actor or object: for the related_* filters.

    The key is the table's primary key together with when and where, so a look-up by key comes in stored order from one
    index. `is_member` marks the members of a group that is the actor or object: they match a plain `agent` filter.
    """

    pk = models.CompositePrimaryKey("key", "stored_at", "statement_id")
    key = models.UUIDField()
    stored_at = models.DateTimeField()
    # Not checked by the database: a mention is inserted by the command that inserts its statement.
    statement = models.ForeignKey(
        Statement, on_delete=models.CASCADE, related_name="mentions", db_index=False, db_constraint=False
    )
    is_member = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.key}"


class ReferenceQuerySet(models.QuerySet["Reference"]):
    def visible_to(self, credential: Credential) -> "ReferenceQuerySet":
        """References of which the credential may see both ends: to find by what one may not see would tell of it."""
        if credential.has_scope(Credential.Scope.READ, Credential.Scope.READ_ALL):
            references = self
        elif credential.has_scope(Credential.Scope.READ_MINE):
            references = self.filter(authority=credential.authority_id, referrer__authority=credential.authority_id)
        else:
            return self.none()
        for name in ("actor_key", "registration"):
            if (bound := getattr(credential, name)) is not None:
                references = references.filter(**{name: bound, f"referrer__{name}": bound})
        return references


class Reference(models.Model):
    """A statement points at another (StatementRef), itself or by way of others, and so is found by what that one says.

    xAPI 1.0.3, Communication 2.1.3: filters but for `since`, `until` and `limit` look through references. The columns
    are the target's, the place in the order (`stored_at`, `referrer`) is the referrer's.
    """

    referrer = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="+", db_index=False)
    target = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="references")
    stored_at = models.DateTimeField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+", db_index=False)
    actor_key = models.UUIDField()
    verb_key = models.UUIDField()
    object_key = models.UUIDField()
    registration = models.UUIDField(null=True)

    objects = ReferenceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["referrer", "target"], name="xapi_one_reference_to_a_target"),
        ]
        indexes = [
            models.Index(fields=["actor_key", "stored_at", "referrer"], name="xapi_reference_by_actor"),
            models.Index(fields=["verb_key", "stored_at", "referrer"], name="xapi_reference_by_verb"),
            models.Index(fields=["object_key", "stored_at", "referrer"], name="xapi_reference_by_object"),
            models.Index(fields=["registration", "stored_at", "referrer"], name="xapi_reference_by_registr"),
        ]

    def __str__(self) -> str:
        return f"{self.referrer_id} -> {self.target_id}"


class ReferenceMention(models.Model):
    """What the target of a reference mentions: as `Mention`, in the referrer's place."""

    pk = models.CompositePrimaryKey("key", "stored_at", "statement_id", "reference_id")
    key = models.UUIDField()
    stored_at = models.DateTimeField()
    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="+", db_index=False)
    reference = models.ForeignKey(Reference, on_delete=models.CASCADE, related_name="mentions")
    is_member = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.reference_id}: {self.key}"


class Activity(models.Model):
    """What is known of an activity: the definitions in statements of those who may define, put together.

    `key` is the activity's 128-bit key. `definition` is JSON text. It serves the activities resource and the canonical
    format; the statements themselves keep what they said.
    """

    key = models.UUIDField(primary_key=True)
    activity_id = models.TextField()
    definition = models.TextField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return self.activity_id


class Document(models.Model):
    """A document that a client keeps here: the state of an activity, or a profile of an activity or an agent.

    `key` is a digest of all that addresses it (kind, activity, agent, registration, id): one document each. `etag` is
    the SHA-1 of the content in hexadecimal, as xAPI 1.0.3 wants it.
    """

    class Kind(models.TextChoices):
        STATE = "state", "Activity state"
        ACTIVITY_PROFILE = "activity_profile", "Activity profile"
        AGENT_PROFILE = "agent_profile", "Agent profile"

    kind = models.CharField(max_length=20, choices=Kind.choices)
    key = models.UUIDField(unique=True)
    activity_key = models.UUIDField(null=True)
    agent_key = models.UUIDField(null=True)
    registration = models.UUIDField(null=True)
    document_id = models.TextField()
    content = models.BinaryField()
    content_type = models.CharField(max_length=255)
    etag = models.CharField(max_length=40)
    updated_at = models.DateTimeField()
    authority = models.ForeignKey(Authority, on_delete=models.PROTECT, related_name="+", help_text="Who wrote it last")

    class Meta:
        indexes = [
            models.Index(fields=["agent_key", "activity_key", "updated_at"], name="xapi_document_by_agent"),
            models.Index(
                fields=["activity_key", "updated_at"],
                condition=Q(kind="activity_profile"),
                name="xapi_document_by_activity",
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="state", activity_key__isnull=False, agent_key__isnull=False)
                | Q(kind="activity_profile", activity_key__isnull=False, agent_key=None, registration=None)
                | Q(kind="agent_profile", activity_key=None, agent_key__isnull=False, registration=None),
                name="xapi_document_is_addressed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.document_id}"


class Attachment(models.Model):
    """The bytes of an attachment, kept once for all statements that came with them. Served with these, never alone."""

    sha2 = models.CharField(max_length=128, unique=True)
    size = models.PositiveBigIntegerField()
    file = models.FileField(max_length=255)
    stored_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.sha2


class StatementAttachment(models.Model):
    """A statement came with these bytes. Naming the digest alone opens nothing."""

    statement = models.ForeignKey(Statement, on_delete=models.CASCADE, related_name="attached")
    attachment = models.ForeignKey(Attachment, on_delete=models.PROTECT, related_name="uses")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["statement", "attachment"], name="xapi_attached_once"),
        ]

    def __str__(self) -> str:
        return f"{self.statement_id}: {self.attachment_id}"
