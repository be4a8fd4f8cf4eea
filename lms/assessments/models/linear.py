"""Linear forms: items put together once, to be as difficult as the exam's other forms."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from lms.assessments.models.bank import Item
from lms.assessments.models.exams import Assessment, Section


class FormQuerySet(models.QuerySet["Form"]):
    def in_use(self) -> "FormQuerySet":
        return self.filter(used_from__isnull=False, withdrawn_at=None)


class Form(models.Model):
    """Items put together once, in order, as difficult as the exam's other forms. Attempts get one of the forms in use;
    without any, items are drawn. Its items never change; `difficulty` is their expected facility when it was made."""

    assessment = models.ForeignKey(Assessment, on_delete=models.PROTECT, related_name="forms")
    number = models.PositiveSmallIntegerField()
    difficulty = models.FloatField()
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    used_from = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = FormQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["assessment", "number"], name="assessments_form_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="assessments_form_number_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.assessment}, form {self.number}"


class FormItem(models.Model):
    """One place of a form."""

    form = models.ForeignKey(Form, on_delete=models.PROTECT, related_name="items")
    section = models.ForeignKey(
        Section,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Empty: it is gone, and the form withdrawn",
    )
    position = models.PositiveSmallIntegerField()
    item = models.ForeignKey(Item, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["form", "position"], name="assessments_form_position_once"),
            models.UniqueConstraint(fields=["form", "item"], name="assessments_form_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.form_id}/{self.position}"
