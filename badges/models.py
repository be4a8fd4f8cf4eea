"""Open Badges 3.0: the issuer and its keys, achievements with their pictures, and awards as signed."""

from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from certifications.models import Certification, Credential
from lms.common.models import PublicIdModel

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

# Bitstring Status List 1.0, 3.3: a list has at least this many positions, so that a reader hides in a crowd.
LIST_LENGTH = 131_072
_EMPTY = models.Value([], output_field=models.JSONField())


class IssuerKey(models.Model):
    """An Ed25519 key of the issuer. The newest unretired key signs; retired ones still verify what they signed."""

    public_multibase = models.CharField(max_length=64, unique=True, help_text="Multikey, z6Mk…")
    private_encrypted = models.BinaryField(help_text="PKCS#8, encrypted with a key derived from the settings")
    created_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.public_multibase


class IssuerProfile(models.Model):
    """Who issues, in the words of the vendor: one row at most. Without it the site's own settings speak."""

    name = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    url = models.URLField(blank=True, help_text="Empty: this site")
    email = models.EmailField(blank=True, help_text="The organisation's, for questions about badges; public")

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="badges_issuer_profile_is_one")]

    def __str__(self) -> str:
        return self.name


class BadgeImage(models.Model):
    """A picture of a badge, frozen: badges that name it by its digest show the same for ever.

    Drawn by us from `design` (then `svg` holds it too), or uploaded and drawn anew as PNG (`design` is null).
    """

    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the PNG, in hexadecimal")
    design = models.JSONField(null=True, blank=True)
    svg = models.TextField(blank=True)
    png = models.BinaryField()

    def __str__(self) -> str:
        return self.digest


class Achievement(PublicIdModel):
    """What a badge says. Published as JSON at a stable address. `version` grows with every change of what is signed.

    One per certification, or one that a pathway awards (`certification` is null).
    """

    class Type(models.TextChoices):
        """Terms of Open Badges 3.0, B.1.2 AchievementType, that fit here."""

        CERTIFICATION = "Certification", "Certification"
        BADGE = "Badge", "Badge"
        LEARNING_PROGRAM = "LearningProgram", "Learning programme"
        COURSE = "Course", "Course"
        COMPETENCY = "Competency", "Competency"

    certification = models.OneToOneField(
        Certification, null=True, blank=True, on_delete=models.PROTECT, related_name="achievement"
    )
    name = models.CharField(max_length=150)
    description = models.TextField()
    criteria = models.TextField()
    version = models.PositiveIntegerField(default=1, db_default=1)
    type = models.CharField(max_length=20, choices=Type, default=Type.CERTIFICATION, db_default="Certification")
    tags = models.JSONField(default=list, db_default=_EMPTY, blank=True, help_text="Words, in order")
    alignments = models.JSONField(
        default=list, db_default=_EMPTY, blank=True, help_text="Frameworks: name, url, framework, code"
    )
    related = models.ManyToManyField("self", symmetrical=False, blank=True, related_name="related_from")
    image = models.ForeignKey(BadgeImage, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class Pathway(models.Model):
    """Badges that together earn another one: `needed` of `members` (all of them, any one, or a number in between)."""

    achievement = models.OneToOneField(Achievement, on_delete=models.PROTECT, related_name="pathway")
    members = models.ManyToManyField(Achievement, related_name="pathways")
    needed = models.PositiveSmallIntegerField(help_text="How many of the badges; as many as there are: all")
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(needed__gte=1), name="badges_pathway_needs_something")]

    def __str__(self) -> str:
        return f"{self.achievement}: {self.needed}"


class AwardQuerySet(models.QuerySet["Award"]):
    def of_person(self, user: "User | AnonymousUser") -> "AwardQuerySet":
        """The person's own, whether a credential or a pathway brought them."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(person=user) | Q(credential__person=user))

    def whole(self) -> "AwardQuerySet":
        """With everything its pages, documents and state read: one query. Pictures are named, not loaded."""
        related = ("achievement__image", "credential__certification", "credential__person", "person")
        return self.select_related(*related).defer("achievement__image__png", "achievement__image__svg")


class Award(PublicIdModel):
    """A badge of one person: signed once, kept as it left the house, with its place in the status lists.

    Brought by a credential, or by a pathway; then `person` is set and `needed` and `members` are the pathway's at that
    time: whether the award holds is worked out from them, so a badge that was taken back takes its pathway's with it.
    """

    achievement = models.ForeignKey(Achievement, on_delete=models.PROTECT, related_name="awards")
    credential = models.OneToOneField(Credential, null=True, blank=True, on_delete=models.PROTECT, related_name="award")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="pathway_awards"
    )
    holder_name = models.CharField(max_length=150, blank=True, db_default="", help_text="At the award; of a pathway")
    needed = models.PositiveSmallIntegerField(null=True, blank=True)
    members = models.ManyToManyField(Achievement, blank=True, related_name="counted_in")
    key = models.ForeignKey(IssuerKey, on_delete=models.PROTECT, related_name="+")
    document = models.JSONField()
    jwt = models.TextField(blank=True, db_default="", help_text="The same as VC-JWT")
    status_index = models.PositiveIntegerField(
        null=True, blank=True, unique=True, help_text="Place in the status lists, drawn at random; null: issued before"
    )
    awarded_at = models.DateTimeField()

    objects = AwardQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["achievement", "person"], condition=Q(person__isnull=False), name="badges_pathway_award_once"
            ),
            models.CheckConstraint(
                condition=Q(credential__isnull=False, person=None, needed=None)
                | Q(credential=None, person__isnull=False, needed__isnull=False, needed__gte=1),
                name="badges_award_has_one_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.achievement}: {self.public_id}"

    @property
    def holder(self) -> "User":
        """Whose it is. Needs `whole()` to cost no query."""
        person = self.person if self.credential is None else self.credential.person
        if person is None:
            raise AssertionError("the database binds every award to a credential or a person")
        return person

    @property
    def shown_name(self) -> str:
        """The holder's name as it was when the badge was signed."""
        return self.holder_name if self.credential is None else self.credential.as_issued.holder_name

    @property
    def ends_on(self) -> date | None:
        """The last valid day, as signed; None without an end."""
        until = self.document.get("validUntil")
        return date.fromisoformat(until[:10]) if until else None

    @property
    def image_digest(self) -> str:
        """Of the picture the signed badge names, or of its achievement's when it was signed without; may be empty."""
        named = self.document["credentialSubject"]["achievement"].get("image", {}).get("id", "")
        if named:
            return str(named).rpartition("/")[2].partition(".")[0]
        return self.achievement.image.digest if self.achievement.image else ""
