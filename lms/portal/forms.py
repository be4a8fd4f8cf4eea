"""What people type on the pages that cross apps."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q

from certifications.models import Certification
from courses.models import Course
from lms.accounts.models import User, normalise_email
from lms.assessments.models import Assessment
from lms.common import guards
from lms.common.forms import DayInput
from lms.portal.records import OwnFilter, own_keys
from lms.reporting.models import ReportLetter
from lms.reporting.projection import VERBS
from lms.xapi import vocabulary
from lms.xapi.agents import activity_key, actor_key, verb_key
from lms.xapi.models import Authority, Statement, StatementQuerySet
from lms.xapi.sentences import verb_words

_PEOPLE = 40
_VERBS = (
    vocabulary.REGISTERED,
    vocabulary.INITIALIZED,
    vocabulary.PROGRESSED,
    vocabulary.COMPLETED,
    vocabulary.WITHDREW,
    vocabulary.ATTEMPTED,
    vocabulary.ANSWERED,
    vocabulary.PASSED,
    vocabulary.FAILED,
    vocabulary.EARNED,
    vocabulary.VOIDED,
)


def _word(iri: str) -> str:
    words = {vocabulary.INITIALIZED: "began a course", vocabulary.ATTEMPTED: "began an exam"}
    return words.get(iri) or verb_words({"id": iri})


VERB_CHOICES = [("", "Anything"), *((str(verb_key(iri)), _word(iri)) for iri in _VERBS)]


class _Days(forms.Form):
    """A verb and a span of days, UTC, both ends included."""

    verb = forms.ChoiceField(label="What happened", choices=VERB_CHOICES, required=False)
    since = forms.DateField(label="From", required=False, widget=DayInput())
    until = forms.DateField(label="To", required=False, widget=DayInput())

    def _verb(self) -> UUID | None:
        chosen = self.cleaned_data.get("verb")
        return UUID(chosen) if chosen else None

    def _start(self) -> datetime | None:
        day = self.cleaned_data.get("since")
        return datetime.combine(day, time.min, UTC) if day else None

    def _end(self) -> datetime | None:
        """Exclusive; none for the last day there is."""
        day = self.cleaned_data.get("until")
        try:
            return datetime.combine(day, time.min, UTC) + timedelta(days=1) if day else None
        except OverflowError:
            return None


class OwnRecordsForm(_Days):
    """The filter of a person's own records. What can't be read is left out."""

    def chosen(self) -> OwnFilter:
        self.is_valid()
        return OwnFilter(verb=self._verb(), since=self._start(), until=self._end())


class RecordsForm(_Days):
    """The filter of the record browser. What can't be read is left out and marked."""

    field_order = ("person", "verb", "about", "standing", "authority", "since", "until")

    person = forms.CharField(label="Person", max_length=100, required=False, help_text="Name or e-mail address")
    about = forms.CharField(
        label="About", max_length=500, required=False, help_text="Words of a title, or an activity's address"
    )
    standing = forms.ChoiceField(
        label="Standing",
        required=False,
        choices=[("", "All"), ("can", "Can count"), ("claim", "Claims"), ("voided", "Voided")],
    )
    authority = forms.ModelChoiceField(
        label="Vouched for by", queryset=Authority.objects.order_by("name"), required=False, empty_label="Anybody"
    )

    def statements(self) -> StatementQuerySet:
        """The statements asked for, in no order."""
        self.is_valid()
        data = self.cleaned_data
        wanted = Q()
        if data.get("person"):
            wanted &= _about_people(data["person"])
        if data.get("about"):
            wanted &= Q(object_key__in=_activities(data["about"]))
        if (verb := self._verb()) is not None:
            wanted &= Q(verb_key=verb)
        if data.get("authority"):
            wanted &= Q(authority=data["authority"])
        if (start := self._start()) is not None:
            wanted &= Q(stored_at__gte=start)
        if (end := self._end()) is not None:
            wanted &= Q(stored_at__lt=end)
        return Statement.objects.filter(wanted, _STANDINGS[data.get("standing") or ""])


_STANDINGS = {
    "": Q(),
    "can": Q(authority__is_trusted=True, voided_by=None, verb_key__in=list(VERBS)),
    "claim": Q(authority__is_trusted=False),
    "voided": Q(voided_by__isnull=False),
}


def _about_people(text: str) -> Q:
    """Actors with every word in name or address, at most 40; and the address itself, known or not."""
    people = User.objects.all()
    for word in guards.clean_search_query(text).split():
        people = people.filter(Q(name__icontains=word) | Q(email__icontains=word))
    keys = [key for person in people.order_by("name", "pk")[:_PEOPLE] for key in own_keys(person)]
    if "@" in text:
        keys.append(actor_key({"mbox": f"mailto:{normalise_email(text)}"}))
    return Q(actor_key__in=keys)


def _activities(text: str) -> list[UUID]:
    """The activity of that address, or those of ours with every word in their title."""
    if "://" in text:
        return [activity_key(text.strip())]
    found: list[Any] = []
    words = guards.clean_search_query(text).split()
    for model in (Course, Assessment, Certification):
        rows = model._default_manager.all()
        for word in words:
            rows = rows.filter(title__icontains=word)
        found += rows.order_by("title", "pk")[:_PEOPLE]
    return [activity_key(thing.activity_iri) for thing in found]


class VoidForm(forms.Form):
    """Why a record is taken back."""

    reason = forms.CharField(
        label="Reason",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stays with the record for good. Name no person here.",
    )

    def clean_reason(self) -> str:
        return " ".join(self.cleaned_data["reason"].split())


class ReportLetterForm(forms.Form):
    """Whether and how often one gets a report by e-mail."""

    report = forms.ChoiceField(choices=ReportLetter.Report.choices, widget=forms.HiddenInput)
    partner = forms.UUIDField(required=False, widget=forms.HiddenInput)
    rhythm = forms.ChoiceField(
        choices=[("", "Never"), *ReportLetter.Rhythm.choices],
        required=False,
        label="By e-mail",
        widget=forms.RadioSelect,
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        is_partner = cleaned.get("report") == ReportLetter.Report.PARTNER
        if is_partner != (cleaned.get("partner") is not None):
            raise forms.ValidationError("A partner report is of one partner, the others of none.")
        return cleaned
