"""Whether the vendor and a partner want the same: what each side answered."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from lms.common.models import PublicIdModel
from lms.partners.alignment import SENTENCE_LENGTH, Verdict, wording
from lms.partners.models.organisations import Partner
from lms.partners.sides import Side


class AlignmentAnswerQuerySet(models.QuerySet["AlignmentAnswer"]):
    def in_force(self) -> "AlignmentAnswerQuerySet":
        """The newest of each side to each question."""
        return self.filter(replaced_at=None)


class AlignmentAnswer(PublicIdModel):
    """What one side of a partnership said to one question of the list (lms.partners.alignment) at a moment.

    Only `replaced_at` is ever set, when the side answers again: what it said before stays as history.
    """

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="alignment_answers")
    side = models.CharField(max_length=10, choices=Side)
    question = models.SlugField(max_length=50)
    version = models.PositiveSmallIntegerField(help_text="Of the question's words")
    verdict = models.CharField(max_length=10, choices=Verdict)
    sentence = models.CharField(max_length=SENTENCE_LENGTH)
    answered_at = models.DateTimeField()
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField(null=True, blank=True)

    objects = AlignmentAnswerQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["partner", "side", "question"],
                condition=Q(replaced_at=None),
                name="partners_one_alignment_answer",
            ),
            models.CheckConstraint(condition=~Q(sentence=""), name="partners_alignment_says_why"),
            models.CheckConstraint(
                condition=Q(replaced_at=None) | Q(replaced_at__gte=F("answered_at")),
                name="partners_alignment_replaced_after",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.partner}: {self.question}, {self.verdict}"

    @property
    def topic(self) -> str:
        return wording(self.question, self.version).topic

    @property
    def words(self) -> str:
        """The question as it was when it was answered."""
        return wording(self.question, self.version).words
