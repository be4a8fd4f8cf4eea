"""Exams as published, and attempts that keep what they showed."""

from datetime import datetime, timedelta
from decimal import ROUND_DOWN, Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from lms.assessments import items
from lms.assessments.media import addresses_for
from lms.assessments.models.bank import Item, ItemBank, ItemQuerySet, ItemVersion
from lms.assessments.models.settings import CLOCK_CONSTRAINTS, AttemptClock, ExamSettings
from lms.common.models import PublicIdModel
from lms.partners.models import Membership, Persona, today

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from lms.accounts.models import User

    Anybody = User | AnonymousUser


class AssessmentQuerySet(models.QuerySet["Assessment"]):
    def open(self, at: datetime) -> "AssessmentQuerySet":
        """Exams that may be started at `at`."""
        return self.filter(Q(closed_at=None) | Q(closed_at__gt=at), opened_at__lte=at)

    def visible_to(self, user: "Anybody") -> "AssessmentQuerySet":
        """Exams for everybody, and those for a persona that the person has today at a partner in good standing."""
        if not user.is_authenticated:
            return self.none()
        own = Membership.objects.active(today()).filter(person=user, partner__suspended_at=None).values("persona")
        audience = Assessment.personas.through.objects.filter(assessment=OuterRef("pk"))
        return self.filter(~Exists(audience) | Exists(audience.filter(persona__in=own)))


class Assessment(ExamSettings, PublicIdModel):
    """An exam: what is drawn, for how long, how often, and what passes. Attempts freeze this at their start."""

    slug = models.SlugField(unique=True, max_length=100)
    title = models.CharField(max_length=200)
    description = models.TextField(blank=True)
    time_limit_minutes = models.PositiveSmallIntegerField()
    attempts_allowed = models.PositiveSmallIntegerField(default=3)
    wait_hours = models.PositiveSmallIntegerField(
        default=24, help_text="Between the end of an attempt and the next start"
    )
    renewable_after_days = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="After a pass, when the exam may be sat again for a renewal; empty: never"
    )
    cut_score = models.DecimalField(max_digits=5, decimal_places=2, help_text="Percent of the points that pass")
    max_overlap = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="Percent of the items that a person may get again in a later attempt; empty: any",
    )
    personas = models.ManyToManyField(Persona, blank=True, related_name="+", help_text="Empty: everybody")
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(cut_score__gt=0, cut_score__lte=100), name="assessments_cut_score_percent"
            ),
            models.CheckConstraint(condition=Q(time_limit_minutes__gte=1), name="assessments_time_limit_positive"),
            models.CheckConstraint(condition=Q(attempts_allowed__gte=1), name="assessments_attempts_positive"),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def activity_iri(self) -> str:
        return f"{settings.XAPI_BASE_IRI}/assessments/{self.public_id}"

    def is_open(self, at: datetime) -> bool:
        return self.opened_at is not None and self.opened_at <= at and (self.closed_at is None or at < self.closed_at)


class Section(models.Model):
    """So many items of a topic, drawn from a bank at the start of an attempt."""

    assessment = models.ForeignKey(Assessment, on_delete=models.CASCADE, related_name="sections")
    position = models.PositiveSmallIntegerField()
    title = models.CharField(max_length=150)
    bank = models.ForeignKey(ItemBank, on_delete=models.PROTECT, related_name="drawn_by")
    topic = models.CharField(max_length=100, blank=True, help_text="Empty: the whole bank")
    objective = models.CharField(max_length=300, blank=True, db_default="", help_text="Empty: any")
    level = models.CharField(max_length=10, choices=Item.Level, blank=True, db_default="", help_text="Empty: any")
    draw = models.PositiveSmallIntegerField(help_text="How many items")
    pilots = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many items on trial are mixed in, unscored"
    )
    points = models.DecimalField(
        max_digits=6, decimal_places=4, default=1, db_default=1, help_text="For each item: the section's weight"
    )
    minimum = models.DecimalField(
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="Percent of the section's points needed to pass",
    )
    max_exposure = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="Percent of the attempts that may show one item; others are drawn first"
    )
    time_limit_minutes = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="If any section has a limit, sections come in order and none can be opened again",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "position"], name="assessments_section_position_once"),
            models.CheckConstraint(condition=Q(draw__gte=1), name="assessments_section_draws_one"),
            models.CheckConstraint(condition=Q(points__gt=0, points__lte=99), name="assessments_section_points"),
            models.CheckConstraint(
                condition=Q(minimum=None) | Q(minimum__gt=0, minimum__lte=100), name="assessments_section_minimum"
            ),
            models.CheckConstraint(
                condition=Q(max_exposure=None) | Q(max_exposure__gte=1, max_exposure__lte=100),
                name="assessments_section_exposure",
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def pool(self, *, is_pilot: bool = False) -> ItemQuerySet:
        """The live items (or those on trial) that the section may draw."""
        found = Item.objects.piloted() if is_pilot else Item.objects.live()
        return found.filter(**self._wanted)

    def asks_for(self, item: Item) -> bool:
        """Whether the section draws from items like this one, live or not."""
        return all(getattr(item, name) == value for name, value in self._wanted.items())

    @property
    def _wanted(self) -> dict[str, Any]:
        narrowed = {name: getattr(self, name) for name in ("topic", "objective", "level") if getattr(self, name)}
        return {"bank_id": self.bank_id, **narrowed}


def figure(points: Decimal, max_points: Decimal) -> str:
    """The words "7.5 of 10 points": rounded down to two decimals, without noughts at the end."""
    shown = [f"{value.quantize(Decimal('0.01'), ROUND_DOWN).normalize():f}" for value in (points, max_points)]
    return "{} of {} points".format(*shown)


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def visible_to(self, user: "User | AnonymousUser") -> "AttemptQuerySet":
        """Only the candidate himself opens an attempt; managers see results through certifications and reports."""
        return self.filter(person=user) if user.is_authenticated else self.none()

    def open(self) -> "AttemptQuerySet":
        return self.filter(submitted_at=None)

    def overdue(self, at: datetime) -> "AttemptQuerySet":
        """Open ones from which nothing more is taken: past the deadline and the grace for answers that waited."""
        return self.open().filter(Q(closes_at=None) | Q(closes_at__lt=at), deadline_at__lt=at)

    def scored(self) -> "AttemptQuerySet":
        """Handed in, and every answer has its points."""
        return self.filter(submitted_at__isnull=False, points__isnull=False)

    def awaiting_marks(self) -> "AttemptQuerySet":
        """Handed in, and not scored until people have marked what they answered."""
        return self.filter(submitted_at__isnull=False, points=None)

    def passed(self) -> "AttemptQuerySet":
        """Passed, and told so."""
        return self.filter(Q(held_at=None) | Q(released_at__isnull=False), is_passed=True)


class Attempt(AttemptClock, PublicIdModel):
    """One sitting of an exam by one person. The server owns its clock; its items and rules are its own copy."""

    class SubmittedBy(models.TextChoices):
        CANDIDATE = "candidate", "Candidate"
        DEADLINE = "deadline", "Deadline"

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="attempts")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="attempts")
    membership = models.ForeignKey(Membership, null=True, blank=True, on_delete=models.PROTECT, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    registration = models.UUIDField(unique=True)
    started_at = models.DateTimeField()
    deadline_at = models.DateTimeField()
    cut_score = models.DecimalField(max_digits=5, decimal_places=2)
    submitted_at = models.DateTimeField(null=True, blank=True, help_text="Never after the deadline")
    submitted_by = models.CharField(max_length=10, choices=SubmittedBy, blank=True)
    points = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    max_points = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    is_passed = models.BooleanField(null=True, blank=True)
    form = models.ForeignKey(
        "assessments.Form", null=True, blank=True, on_delete=models.PROTECT, related_name="attempts"
    )
    minimums = models.JSONField(
        default=dict, db_default={}, help_text="Percent that each section needs, by its title, as text"
    )
    marking_asked_at = models.DateTimeField(
        null=True, blank=True, help_text="Handed in with answers that people mark: its result waits for them"
    )

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "person", "number"], name="assessments_attempt_number_once"),
            models.UniqueConstraint(
                fields=["assessment", "person"], condition=Q(submitted_at=None), name="assessments_one_open_attempt"
            ),
            models.CheckConstraint(
                condition=Q(deadline_at__gt=F("started_at")), name="assessments_deadline_after_start"
            ),
            models.CheckConstraint(
                condition=Q(
                    submitted_at=None,
                    submitted_by="",
                    points=None,
                    max_points=None,
                    is_passed=None,
                    marking_asked_at=None,
                )
                | (
                    Q(
                        submitted_at__isnull=False,
                        submitted_at__lte=F("deadline_at"),
                        points=None,
                        max_points=None,
                        is_passed=None,
                        marking_asked_at__isnull=False,
                    )
                    & ~Q(submitted_by="")
                )
                | (
                    Q(
                        submitted_at__isnull=False,
                        submitted_at__lte=F("deadline_at"),
                        points__gte=0,
                        points__lte=F("max_points"),
                        is_passed__isnull=False,
                    )
                    & ~Q(submitted_by="")
                ),
                name="assessments_submitted_is_scored",
            ),
            *CLOCK_CONSTRAINTS,
        ]
        indexes = [
            models.Index(fields=["deadline_at"], condition=Q(submitted_at=None), name="assessments_open_attempt")
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.assessment} #{self.number}"

    def is_over(self, at: datetime) -> bool:
        """Whether nothing can be saved any more: submitted, or past the deadline and about to be."""
        return self.submitted_at is not None or at > self.deadline_at

    def is_closed(self, at: datetime) -> bool:
        """Whether it is scored, or nothing is taken any more and it is about to be: deadline and grace are past."""
        return self.submitted_at is not None or at > (self.closes_at or self.deadline_at)

    def is_paused(self, at: datetime) -> bool:
        """Whether a break is running; it ends by itself when its time is used up."""
        return self.paused_at is not None and self.submitted_at is None and at < self._break_end

    @property
    def _break_end(self) -> datetime:
        return (self.paused_at or self.started_at) + timedelta(seconds=self.break_seconds_left)

    def break_left(self, at: datetime) -> int:
        """Seconds of breaks that may still be taken; one that ended by itself took all."""
        is_used_up = self.paused_at is not None and at >= self._break_end
        return 0 if is_used_up else self.break_seconds_left

    @property
    def is_scored(self) -> bool:
        """Handed in, and every answer has its points: nobody has to mark one any more."""
        return self.submitted_at is not None and self.points is not None

    @property
    def is_result_known(self) -> bool:
        """Whether the candidate and everybody else may be told the result."""
        return self.is_scored and (self.held_at is None or self.released_at is not None)

    @property
    def percent(self) -> int | None:
        """Whole percent of the points, rounded down: 69.9 never reads as 70. None until scored."""
        return None if self.points is None or not self.max_points else int(self.points * 100 / self.max_points)

    @property
    def figure(self) -> str:
        """The points in words; empty until scored."""
        return "" if self.points is None or self.max_points is None else figure(self.points, self.max_points)

    @property
    def form_number(self) -> int:
        """Nought when its items were drawn. Needs `form` selected."""
        return 0 if self.form is None else self.form.number

    def seconds_left(self, at: datetime) -> int:
        """Whole seconds until the deadline, by the server's clock; nought when the attempt is over. A break stands."""
        if self.is_over(at):
            return 0
        return int((self.deadline_at - (self._break_end if self.is_paused(at) else at)).total_seconds())


class Response(models.Model):
    """One item of one attempt: what was shown and in which order, and the newest saved answer.

    `shown` holds the option tokens of this attempt in the order shown: {"order": [...], "tokens": {token: option key}}.
    `version` grows with each accepted save; an older one is refused.
    """

    class Confidence(models.TextChoices):
        SURE = "sure", "Sure"
        UNSURE = "unsure", "Not sure"
        GUESS = "guess", "A guess"

    attempt = models.ForeignKey(Attempt, on_delete=models.PROTECT, related_name="responses")
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    section = models.CharField(max_length=150)
    shown = models.JSONField()
    answer = models.JSONField(null=True, blank=True, help_text="In option keys, never in tokens; null: not answered")
    version = models.PositiveIntegerField(default=0)
    nonce = models.UUIDField(null=True, blank=True, help_text="Of the save that was accepted last")
    saved_at = models.DateTimeField(null=True, blank=True)
    is_flagged = models.BooleanField(default=False)
    confidence = models.CharField(
        max_length=6, choices=Confidence, blank=True, default="", db_default="", help_text="How sure; does not score"
    )
    hints_shown = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="How many hints were asked for; does not score"
    )
    is_late = models.BooleanField(
        default=False, db_default=False, help_text="Taken after the deadline, within the grace"
    )
    is_pilot = models.BooleanField(default=False, db_default=False, help_text="On trial: its points do not count")
    points = models.DecimalField(max_digits=8, decimal_places=4, null=True, blank=True)
    max_points = models.DecimalField(max_digits=8, decimal_places=4, default=1)
    regrade = models.ForeignKey(
        "assessments.Regrade",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="What decides its points in place of the key it was shown with",
    )
    is_dropped = models.BooleanField(default=False, db_default=False, help_text="Its points do not count any more")
    awaits_marks = models.BooleanField(
        default=False, db_default=False, help_text="Handed in, and to be marked by people: nothing is saved any more"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["attempt", "position"], name="assessments_response_position_once"),
            models.CheckConstraint(
                condition=Q(awaits_marks=False) | Q(points=None), name="assessments_waits_without_points"
            ),
            models.CheckConstraint(
                condition=Q(points=None) | Q(points__gte=0, points__lte=F("max_points")),
                name="assessments_points_in_range",
            ),
        ]
        indexes = [models.Index(fields=["attempt"], condition=Q(awaits_marks=True), name="assessments_awaiting_marks")]

    def __str__(self) -> str:
        return f"{self.attempt_id}/{self.position}"

    @property
    def is_answered(self) -> bool:
        return self.answer is not None

    @property
    def is_counted(self) -> bool:
        """Whether its points are part of the result."""
        return not self.is_pilot and not self.is_dropped

    @property
    def loaded_shown(self) -> items.Shown:
        return msgspec.convert(self.shown, items.Shown)

    @property
    def question(self) -> items.Question:
        """What the candidate sees: never a key. Needs `item_version` and `attempt` selected."""
        version = self.item_version
        address = addresses_for(self.attempt.person_id)
        return items.present(version.kind, version.loaded_content, self.loaded_shown, self.answer, address=address)
