"""Linear forms of an exam: put together equal in difficulty, taken into use, withdrawn."""

import math
from collections import Counter, defaultdict
from datetime import datetime
from statistics import fmean

from django.db import transaction
from django.db.models import Max

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.assembly import NotEnough, Unit, assemble
from lms.assessments.errors import ExamNotReady, NotAllowed
from lms.assessments.models import (
    Assessment,
    Calibration,
    Form,
    FormItem,
    Item,
    ItemDifficulty,
    ItemTally,
    Section,
)
from lms.assessments.services.preparing import drop_prepared
from lms.assessments.services.tallies import lock_tallies
from lms.assessments.statistics.estimates import FACILITY
from lms.assessments.statistics.sums import SHARE, merged

MOST_FORMS = 12
UNKNOWN = 0.7  # the facility of an item of which nothing is known, when nothing is known of any
_LOGISTIC = 1 / 2.89  # (16 sqrt 3 / 15 pi) squared: a logistic curve seen over a normal group (Zeger et al. 1988)


@transaction.atomic
def build_forms(
    *, assessment: Assessment, count: int, by: User, at: datetime, max_shared: int = 0, seed: int = 1
) -> list[Form]:
    """Puts together `count` forms from the live items of the exam's sections; they are not in use yet.

    How difficult an item is comes from its Rasch difficulty or its facility; one that nobody has answered counts as the
    mean of its section. Raises NotAllowed (permission assessments.build_forms), ExamNotReady when the banks hold too
    few items for so many forms. Locks the exam's row; writes the audit log.
    """
    _require(by)
    lock_tallies(assessment)
    sections = {section.position: section for section in assessment.sections.order_by("position")}
    units, enemies, expected = _units(assessment, sections)
    try:
        made = assemble(
            units,
            {position: section.draw for position, section in sections.items()},
            forms=max(1, min(count, MOST_FORMS)),
            enemies=enemies,
            max_shared=max_shared,
            seed=seed,
        )
    except NotEnough as error:
        title = sections[error.args[0]].title if error.args[0] in sections else assessment.title
        raise ExamNotReady(f"“{title}” has too few questions for {count} forms. Nothing was made.") from error
    first = (assessment.forms.aggregate(last=Max("number"))["last"] or 0) + 1
    forms = []
    for number, chosen in enumerate(made, start=first):
        items = [(sections[place], item) for place in sorted(chosen) for unit in chosen[place] for item in unit.items]
        form = Form.objects.create(
            assessment=assessment,
            number=number,
            difficulty=fmean(expected[item] for _, item in items),
            made_at=at,
            made_by=by,
        )
        FormItem.objects.bulk_create(
            FormItem(form=form, section=section, position=position, item_id=item)
            for position, (section, item) in enumerate(items, start=1)
        )
        forms.append(form)
    _audit("build_forms", assessment, by, at, [form.number for form in forms])
    return forms


def _require(by: User) -> None:
    if not by.has_perm("assessments.build_forms"):
        raise NotAllowed("You may not change the forms of an exam. Nothing was changed.")


def _audit(action: str, assessment: Assessment, by: User, at: datetime, numbers: list[int]) -> None:
    record_audit(
        action=f"assessments.{action}", actor=by, at=at, target=assessment, detail={"forms": list[object](numbers)}
    )


def _units(
    assessment: Assessment, sections: dict[int, Section]
) -> tuple[list[Unit], dict[int, set[int]], dict[int, float]]:
    """What may be chosen, who never meets, and each item's expected facility. An item goes to the first section that
    takes it."""
    known = expected_facilities(assessment)
    mean = fmean(known.values()) if known else UNKNOWN
    taken: set[int] = set()
    units, expected = [], dict[int, float]()
    for position, section in sections.items():
        pool = [item for item in section.pool().order_by("pk") if item.pk not in taken]
        taken |= {item.pk for item in pool}
        own = [known[item.pk] for item in pool if item.pk in known]
        expected |= {item.pk: known.get(item.pk, fmean(own) if own else mean) for item in pool}
        cases: dict[object, list[int]] = defaultdict(list)
        for item in pool:
            cases[item.case_id or f"item {item.pk}"].append(item.pk)
        units += [
            Unit(items=tuple(members), section=position, difficulty=sum(expected[pk] for pk in members))
            for members in cases.values()
        ]
    enemies: dict[int, set[int]] = defaultdict(set)
    for one, other in Item.enemies.through.objects.filter(from_item__in=taken).values_list("from_item", "to_item"):
        enemies[one].add(other)
    return units, enemies, expected


def expected_facilities(assessment: Assessment) -> dict[int, float]:
    """By item, from its newest calibration in the exam, else from its answers where there are ten. Three queries."""
    sums = defaultdict(list)
    for tally in ItemTally.objects.filter(assessment=assessment, is_first=True).select_related("item_version"):
        sums[tally.item_version.item_id].append(tally.loaded)
    found = {}
    for item, several in sums.items():
        whole = merged(several)
        if whole.n >= FACILITY:
            found[item] = whole.x / whole.n / SHARE
    newest = Calibration.objects.filter(assessment=assessment).order_by("-calibrated_at", "-pk").first()
    if newest is not None:
        for row in ItemDifficulty.objects.filter(calibration=newest).select_related("item_version"):
            shrunk = row.value / math.sqrt(1 + newest.spread**2 * _LOGISTIC)
            found[row.item_version.item_id] = 1 / (1 + math.exp(shrunk))
    return found


@transaction.atomic
def use_form(*, form: Form, by: User, at: datetime) -> None:
    """From now on attempts may get this form. Twice changes nothing. Raises NotAllowed. Writes the audit log."""
    _require(by)
    if Form.objects.filter(pk=form.pk, used_from=None, withdrawn_at=None).update(used_from=at):
        drop_prepared(form.assessment)
        _audit("use_form", form.assessment, by, at, [form.number])


@transaction.atomic
def withdraw_unfit(*, assessment: Assessment, at: datetime) -> list[int]:
    """Withdraws forms that hold other items, or other numbers of them, than the sections ask for now. Returns their
    numbers.

    For whoever changes the sections, who writes the audit log.
    """
    sections = {section.pk: section for section in assessment.sections.all()}
    standing = assessment.forms.filter(withdrawn_at=None).prefetch_related("items__item").order_by("number")
    unfit = [form for form in standing if not _fits(form, sections)]
    Form.objects.filter(pk__in=[form.pk for form in unfit]).update(withdrawn_at=at)
    return [form.number for form in unfit]


def _fits(form: Form, sections: dict[int, Section]) -> bool:
    """Whether each section finds as many items in the form as it draws, and only such as it draws from."""
    places = list(form.items.all())
    if Counter(place.section_id for place in places) != {pk: section.draw for pk, section in sections.items()}:
        return False
    return all(sections[place.section_id].asks_for(place.item) for place in places if place.section_id is not None)


@transaction.atomic
def withdraw_form(*, form: Form, by: User, at: datetime) -> None:
    """No new attempt gets this form; those that have it go on. Without a form in use, items are drawn. Twice changes
    nothing. Raises NotAllowed. Writes the audit log."""
    _require(by)
    if Form.objects.filter(pk=form.pk, withdrawn_at=None).update(withdrawn_at=at):
        drop_prepared(form.assessment)
        _audit("withdraw_form", form.assessment, by, at, [form.number])
