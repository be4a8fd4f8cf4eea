"""Certifications, what they require, and what is to be shown in practice."""

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q

from certifications.models.designs import CertificateDesign
from courses.models import Course
from lms.assessments.models import Assessment
from lms.common.models import PublicIdModel
from lms.partners.rules import todays_memberships

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User


class CertificationQuerySet(models.QuerySet["Certification"]):
    def offered(self) -> "CertificationQuerySet":
        """Those that can still be earned."""
        return self.filter(retired_at=None)

    def visible_to(self, user: "User | AnonymousUser") -> "CertificationQuerySet":
        """All for channel roles; otherwise what is for one of the person's personas today, and what he holds."""
        if not user.is_authenticated:
            return self.none()
        if user.has_perm("partners.view_all_partners"):
            return self
        wanted = self.model.personas.through.objects.filter(certification=OuterRef("pk"))
        own = [membership.persona_id for membership in todays_memberships(user)]
        is_for_him = Q(~Exists(wanted)) | Q(Exists(wanted.filter(persona__in=own)))
        held = Q(credentials__person=user)
        return self.filter(Q(is_for_him, retired_at=None) | Q(pk__in=self.model.objects.filter(held).values("pk")))


class Certification(PublicIdModel):
    """What a person can be certified as. `number` grows when its requirements change; credentials keep theirs."""

    slug = models.SlugField(unique=True, max_length=100)
    title = models.CharField(max_length=150)
    description = models.TextField(blank=True)
    criteria = models.TextField(help_text="What a holder has shown, in one or two sentences")
    personas = models.ManyToManyField("partners.Persona", blank=True, related_name="+", help_text="Empty: everybody")
    number = models.PositiveIntegerField(default=1)
    valid_months = models.PositiveSmallIntegerField(default=24, help_text="0: no end date")
    position = models.PositiveSmallIntegerField(default=0)
    shows_scores = models.BooleanField(default=True, db_default=True, help_text="Certificates tell score and sections")
    design = models.ForeignKey(
        CertificateDesign,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="How its certificates look; empty: the house's own",
    )
    needs_any = models.BooleanField(
        "one is enough", default=False, db_default=False, help_text="One requirement is enough; else all must hold"
    )
    grace_days = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="For so many days after its last day a certificate can still be renewed the short way",
    )
    equivalents = models.ManyToManyField(
        "self", blank=True, symmetrical=False, related_name="+", help_text="Who holds one of these need not hold this"
    )
    practice_months = models.PositiveSmallIntegerField(
        "practice counts for",
        default=0,
        db_default=0,
        help_text="So many months after it was accepted, practice evidence no longer counts for it. 0: always",
    )
    renewal_points = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        help_text="So many continuing points, collected while it holds, renew it. 0: not renewed by points",
    )
    retired_at = models.DateTimeField(null=True, blank=True)
    counts_until = models.DateField(
        null=True, blank=True, help_text="Of a retired one: the last day on which its certificates count"
    )

    objects = CertificationQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/certifications/{self.public_id}"


class PracticeTaskQuerySet(models.QuerySet["PracticeTask"]):
    def offered(self) -> "PracticeTaskQuerySet":
        """Those for which something can still be handed in."""
        return self.filter(retired_at=None)

    def visible_to(self, user: "User | AnonymousUser") -> "PracticeTaskQuerySet":
        """What a certification asks for that the person sees, and what he handed something in for."""
        if not user.is_authenticated:
            return self.none()
        asking = Certification.objects.visible_to(user).values("pk")
        wanted = self.model.objects.filter(Q(requirements__certification__in=asking) | Q(submissions__person=user))
        return self.filter(pk__in=wanted.values("pk"))


class PracticeTask(PublicIdModel):
    """Something to be done in practice (a demo held, a pilot run), told by the learner with words, a link or a file,
    and judged by a reviewer of the vendor."""

    slug = models.SlugField(unique=True, max_length=100)
    title = models.CharField(max_length=150)
    brief = models.TextField(help_text="What is to be done, and what is to be handed in")
    criteria = models.TextField(blank=True, help_text="What a reviewer looks for. Learners see it too")
    minutes = models.PositiveSmallIntegerField(default=30, help_text="How long it takes, about")
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = PracticeTaskQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/practice/{self.public_id}"


class Requirement(models.Model):
    """One thing a certification asks for: a completed course, a passed exam, another certification that is held (or an
    equivalent of it), or a practice task whose evidence a reviewer accepted. With `is_for_renewal` it is part of the
    short way for who holds the certification."""

    certification = models.ForeignKey(Certification, on_delete=models.CASCADE, related_name="requirements")
    position = models.PositiveSmallIntegerField()
    course = models.ForeignKey(Course, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    assessment = models.ForeignKey(
        Assessment, null=True, blank=True, on_delete=models.PROTECT, related_name="requirements"
    )
    needed = models.ForeignKey(Certification, null=True, blank=True, on_delete=models.PROTECT, related_name="needed_by")
    practice = models.ForeignKey(
        PracticeTask, null=True, blank=True, on_delete=models.PROTECT, related_name="requirements"
    )
    is_for_renewal = models.BooleanField(default=False, db_default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["certification", "position"], name="certifications_requirement_position_once"
            ),
            models.CheckConstraint(
                condition=Q(course__isnull=False, assessment=None, needed=None, practice=None)
                | Q(course=None, assessment__isnull=False, needed=None, practice=None)
                | Q(course=None, assessment=None, needed__isnull=False, practice=None)
                | Q(course=None, assessment=None, needed=None, practice__isnull=False),
                name="certifications_requirement_is_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return str(self.thing)

    @property
    def thing(self) -> "Course | Assessment | Certification | PracticeTask | None":
        """What is asked for; with these four loaded it costs no query."""
        return self.course or self.assessment or self.needed or self.practice
