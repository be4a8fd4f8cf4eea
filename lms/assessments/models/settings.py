"""How an exam is sat: what its author sets, and what an attempt keeps of it. Columns of Assessment and Attempt.

What an attempt was started under is frozen in it (`Rules`, the deadline, the breaks). What is about places and browsers
(networks, Safe Exam Browser) and about showing results is read from the exam as it stands: an author who corrects a
wrong address helps those who sit in the room now.
"""

import ipaddress
from datetime import datetime, timedelta

import msgspec
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q

from lms.common.sealing import unseal

CODE_SEAL = "assessments.access_code"
PROCTOR_SEAL = "assessments.proctor_secret"
GRACE_SECONDS = 60
TOLERANCE = 10


def words_of(text: str) -> list[str]:
    """What stands in a text of one entry a line, or entries between commas."""
    return [word for word in text.replace(",", "\n").split() if word]


class ExamSettings(models.Model):
    """What an author sets about sitting an exam. Every default is an exam without the feature."""

    class ReviewShows(models.TextChoices):
        NOTHING = "", "Passed or not, and points by section"
        ANSWERS = "answers", "Also his answers with their points"
        FEEDBACK = "feedback", "Also the feedback, which may give answers away"

    class ReviewWhen(models.TextChoices):
        AT_ONCE = "", "With the result"
        AFTER_CLOSE = "after_close", "When the exam is closed for everybody"

    later_wait_hours = models.CharField(
        max_length=60,
        blank=True,
        default="",
        db_default="",
        help_text="Hours after the second, third … attempt, as “72, 168”; the last goes on. Empty: always the same",
    )
    ends_at_close = models.BooleanField(
        default=False,
        db_default=False,
        verbose_name="attempts end when the exam closes",
        help_text="Otherwise whoever started in time has his full time. Extra time is added in either case",
    )
    grace_seconds = models.PositiveSmallIntegerField(
        default=GRACE_SECONDS,
        db_default=GRACE_SECONDS,
        validators=[MaxValueValidator(900)],
        help_text="So long after the end, answers are taken that waited for a connection in a browser; they are marked",
    )
    honour_code = models.TextField(
        blank=True, default="", db_default="", help_text="What a candidate agrees to before the start; empty: nothing"
    )
    access_code_sealed = models.TextField(blank=True, default="", db_default="", editable=False)
    networks = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Addresses the exam may be sat from, one a line, as 203.0.113.0/24; empty: from anywhere",
    )
    is_linear = models.BooleanField(
        default=False,
        db_default=False,
        verbose_name="one way only",
        help_text="Questions come one after the other; none can be opened again",
    )
    asks_confidence = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Asks with each question how sure the candidate is; it does not score",
    )
    has_hints = models.BooleanField(
        default=False,
        db_default=False,
        verbose_name="hints",
        help_text="Candidates may ask for the hints of a question, one by one; how many is kept and does not score",
    )
    has_calculator = models.BooleanField(default=False, db_default=False, verbose_name="calculator on the page")
    is_result_held = models.BooleanField(
        default=False,
        db_default=False,
        verbose_name="results are released by hand",
        help_text="Nobody is told a result, and no certificate is issued, until somebody releases the results",
    )
    mark_tolerance = models.PositiveSmallIntegerField(
        default=TOLERANCE,
        db_default=TOLERANCE,
        validators=[MaxValueValidator(100)],
        verbose_name="how far two marks may differ",
        help_text="In percent of an answer's points. Within it the two are averaged; beyond it a third person decides",
    )
    results_released_at = models.DateTimeField(null=True, blank=True, editable=False)
    review_shows = models.CharField(
        max_length=10, choices=ReviewShows, blank=True, default="", db_default="", verbose_name="what a result shows"
    )
    review_when = models.CharField(
        max_length=12, choices=ReviewWhen, blank=True, default="", db_default="", verbose_name="when answers are shown"
    )
    seb_config_keys = models.TextField(
        blank=True, default="", db_default="", help_text="Safe Exam Browser: config keys that are let in, one a line"
    )
    seb_exam_keys = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text="Safe Exam Browser: browser exam keys that are let in, one a line",
    )
    proctor_url = models.CharField(
        max_length=500,
        blank=True,
        default="",
        db_default="",
        help_text="Address of a proctoring service, which is told of each start and end",
    )
    proctor_secret_sealed = models.TextField(blank=True, default="", db_default="", editable=False)
    prepared_forms = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        validators=[MaxValueValidator(5000)],
        help_text="For a large group that starts together: so many forms are drawn in the hour before the exam opens",
    )

    class Meta:
        abstract = True

    @property
    def access_code(self) -> str:
        """The code that is given out in the room; empty when none is asked for. Raises BrokenSeal."""
        return unseal(self.access_code_sealed, purpose=CODE_SEAL) if self.access_code_sealed else ""

    @property
    def proctor_secret(self) -> str:
        """What messages to the proctoring service are signed with. Raises BrokenSeal."""
        return unseal(self.proctor_secret_sealed, purpose=PROCTOR_SEAL) if self.proctor_secret_sealed else ""

    @property
    def needs_safe_browser(self) -> bool:
        return bool(self.seb_config_keys or self.seb_exam_keys)

    def wait_after(self, used: int, first: int) -> timedelta:
        """How long to wait after the `used`-th attempt; `first` is the hours after the first."""
        waits = [first, *(int(word) for word in words_of(self.later_wait_hours))]
        return timedelta(hours=waits[min(used, len(waits)) - 1])

    def is_held(self, at: datetime) -> bool:
        """Whether the results of those who hand in at `at` are kept back."""
        return self.is_result_held and (self.results_released_at is None or at < self.results_released_at)

    def lets_in(self, network: str) -> bool:
        """Whether a client's address, as `network_of` gives it, is one of those the exam is sat from.

        What is no network, on either side, lets nobody in.
        """
        wanted = words_of(self.networks)
        if not wanted:
            return True
        try:
            own = ipaddress.ip_network(network)
            return any(_holds(ipaddress.ip_network(one, strict=False), own) for one in wanted)
        except ValueError:
            return False


def _holds(
    outer: ipaddress.IPv4Network | ipaddress.IPv6Network, inner: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    if isinstance(outer, ipaddress.IPv4Network) and isinstance(inner, ipaddress.IPv4Network):
        return inner.subnet_of(outer)
    if isinstance(outer, ipaddress.IPv6Network) and isinstance(inner, ipaddress.IPv6Network):
        return inner.subnet_of(outer) or outer.subnet_of(inner)
    return False


class SectionRule(msgspec.Struct, frozen=True, kw_only=True):
    """A section of an attempt with a clock: its first and last position, and its seconds; 0: no limit of its own."""

    title: str
    first: int
    last: int
    seconds: int = 0


class Rules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The settings an attempt was started under. `sections` is empty unless a section has a limit of its own."""

    is_linear: bool = False
    asks_confidence: bool = False
    has_calculator: bool = False
    has_hints: bool = False
    is_large: bool = False
    extra_percent: int = 0
    mark_tolerance: int = TOLERANCE
    sections: tuple[SectionRule, ...] = ()


NO_RULES = Rules()


class AttemptClock(models.Model):
    """What an attempt keeps of its settings, its breaks, its way through the sections, and its place.

    The deadline always holds the whole break that is running: who never comes back loses nothing, and nothing has to be
    done at its end.
    """

    rules = models.JSONField(null=True, blank=True, help_text="As at the start: Rules")
    closes_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="Until then answers that waited for a connection are taken; empty: not beyond the deadline",
    )
    reached = models.PositiveSmallIntegerField(
        default=1, db_default=1, help_text="One way only: the question that is open"
    )
    section_index = models.PositiveSmallIntegerField(default=0, db_default=0)
    section_started_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    break_seconds_left = models.PositiveIntegerField(default=0, db_default=0)
    honour_agreed_at = models.DateTimeField(null=True, blank=True)
    held_at = models.DateTimeField(null=True, blank=True, help_text="Its result is kept back from then on")
    released_at = models.DateTimeField(null=True, blank=True)
    seen_network = models.CharField(max_length=64, blank=True, default="", db_default="")
    seen_agent = models.CharField(max_length=16, blank=True, default="", db_default="", help_text="Digest of the name")

    class Meta:
        abstract = True

    @property
    def loaded_rules(self) -> Rules:
        return msgspec.convert(self.rules, Rules) if self.rules else NO_RULES


CLOCK_CONSTRAINTS = [
    models.CheckConstraint(
        condition=Q(closes_at=None) | Q(closes_at__gte=F("deadline_at")), name="assessments_grace_after_deadline"
    ),
    models.CheckConstraint(
        condition=Q(released_at=None) | Q(held_at__isnull=False), name="assessments_released_was_held"
    ),
]
