"""Attempts marked again after an item was wrong: dry run, order, background, and what follows."""

from datetime import datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from certifications.models import Certification, Credential, Requirement
from lms.accounts.models import AuditEntry, User
from lms.assessments import handlers, items, services
from lms.assessments.errors import NotAllowed, NothingToRegrade, ReasonMissing, RegradeRunning
from lms.assessments.items import builders
from lms.assessments.models import Assessment, Attempt, Item, ItemVersion, Regrade, RegradeChange
from lms.assessments.services import regrading
from lms.events.services import drain
from lms.xapi.models import Statement
from lms.xapi.services import platform_authority
from tests.assessments.factories import answer_all, choice, make_bank, make_exam, save, start, token, vendor
from tests.factories import MembershipFactory

ONE, ZERO = Decimal(1), Decimal(0)
REKEY, DROP, CREDIT = Regrade.Action.REKEY, Regrade.Action.DROP, Regrade.Action.CREDIT


@pytest.fixture
def manager(db: None) -> User:
    return vendor("Portal managers")


@pytest.fixture
def item(exam: Assessment) -> Item:
    return Item.objects.get(code="item-1")


def wrong_key(number: int = 1, *, right: str = "Wrong", half: str = "Half") -> items.builders.ItemFields:  # type: ignore[name-defined]
    """The same question with another key."""
    options = [(words, ONE if words == right else ZERO, "") for words in ("Right", half, "Wrong")]
    return builders.choice(f"Question {number}", options)


def rekeyed(item: Item, at: datetime, number: int = 1, **kwargs: str) -> ItemVersion:
    """A new version, approved."""
    return services.add_item_version(
        bank=item.bank, code=item.code, by=None, at=at, is_live=True, **wrong_key(number, **kwargs)
    )


def sit(exam: Assessment, at: datetime, right: int, *, first: str | None = None) -> Attempt:
    """A new person's scored attempt: so many right; `first` is what item-1 was answered with."""
    attempt = start(exam, MembershipFactory(), at)
    answer_all(attempt, at, right)
    if first is not None:
        response = attempt.responses.select_related("item_version").get(item_version__item__code="item-1")
        save(attempt, response.position, token(response, first), at, version=2)
    return services.submit_attempt(attempt=attempt, at=at + timedelta(minutes=1))


def points(attempt: Attempt) -> tuple[Decimal | None, Decimal | None, bool | None]:
    attempt.refresh_from_db()
    return attempt.points, attempt.max_points, attempt.is_passed


def test_the_dry_run_tells_who_turns_and_changes_nothing(exam: Assessment, item: Item, now: datetime) -> None:
    loses, stays = sit(exam, now, 4, first="Right"), sit(exam, now, 0, first="Half")
    wins = sit(exam, now, 4, first="Wrong")
    exam.refresh_from_db()
    Attempt.objects.update(cut_score=Decimal(100))
    Attempt.objects.filter(pk=loses.pk).update(is_passed=True)
    Attempt.objects.exclude(pk=loses.pk).update(is_passed=False)
    version = rekeyed(item, now)
    plan = services.plan_regrade(assessment=exam, item=item, action=REKEY, key_version=version)
    assert (plan.looked_at, plan.unfit) == (3, {})
    assert [change.attempt for change in plan.to_fail] == [loses]
    assert [change.attempt for change in plan.to_pass] == [wins]
    assert {change.attempt: change.turn for change in plan.changes}.get(stays) == ""
    assert [points(one)[0] for one in (loses, wins)] == [4, 3]
    assert (Regrade.objects.count(), AuditEntry.objects.filter(action="assessments.order_regrade").count()) == (0, 0)


def order(exam: Assessment, item: Item, manager: User, now: datetime, **kwargs: object) -> Regrade:
    """Ordered, and the work done."""
    made = services.order_regrade(
        assessment=exam,
        item=item,
        reason="The key was wrong",
        by=manager,
        at=now,
        **kwargs,  # type: ignore[arg-type]
    )
    drain()
    made.refresh_from_db()
    return made


def test_rekeying_changes_points_result_statement_and_sums(
    exam: Assessment, item: Item, manager: User, now: datetime
) -> None:
    attempt = sit(exam, now, 3, first="Wrong")
    drain()
    assert points(attempt)[2] is (points(attempt)[0] == 3)
    before = attempt.points
    made = order(exam, item, manager, now, action=REKEY, key_version=rekeyed(item, now))
    assert (made.done, made.total, made.finished_at >= now) == (1, 1, True)
    assert points(attempt)[0] == (before or 0) + 1
    change = RegradeChange.objects.get()
    assert (change.points_before, change.points_after) == (before, (before or 0) + 1)
    stored = Statement.objects.filter(registration=attempt.registration, verb_key__in=verbs())
    assert sorted(row.voided_by is None for row in stored) == [False, True]
    assert services.rebuild_tallies(check=True, at=now).differences == []
    assert AuditEntry.objects.get(action="assessments.order_regrade").detail["reason"] == "The key was wrong"


def verbs() -> list[str]:
    from lms.xapi import vocabulary
    from lms.xapi.agents import verb_key

    return [verb_key(vocabulary.PASSED), verb_key(vocabulary.FAILED)]


def test_a_dropped_item_counts_for_nobody(exam: Assessment, item: Item, manager: User, now: datetime) -> None:
    attempt = sit(exam, now, 4, first="Wrong")
    order(exam, item, manager, now, action=DROP)
    assert points(attempt) == (3, 3, True)
    assert [section.max_points for section in services.section_results(attempt)] == [3]
    order(exam, item, manager, now, action=CREDIT)
    assert points(attempt) == (4, 4, True)
    assert Regrade.objects.count() == 2


def test_the_last_scored_item_is_never_dropped(now: datetime, manager: User, db: None) -> None:
    exam = make_exam(make_bank([choice(1)]))
    attempt = sit(exam, now, 0)
    item = Item.objects.get(code="item-1")
    with pytest.raises(NothingToRegrade, match="nothing to score"):
        services.plan_regrade(assessment=exam, item=item, action=DROP)
    order(exam, item, manager, now, action=CREDIT)
    assert points(attempt) == (1, 1, True)


def test_it_works_across_versions_and_says_where_a_key_does_not_fit(
    exam: Assessment, item: Item, manager: User, now: datetime
) -> None:
    """The first attempt saw version 1, the second a version with a reworded option, the third another question."""
    old = sit(exam, now, 4, first="Wrong")
    reworded = rekeyed(item, now, half="Halfway")
    new = sit(exam, now, 4, first="Halfway")
    fields = builders.choice("Question 1", [(words, Decimal(words == "A"), "") for words in ("A", "B", "C")])
    services.add_item_version(bank=item.bank, code=item.code, by=None, at=now, is_live=True, **fields)
    other = sit(exam, now, 4)
    plan = services.plan_regrade(assessment=exam, item=item, action=REKEY, key_version=reworded)
    assert (plan.looked_at, plan.unfit) == (3, {3: 1})
    order(exam, item, manager, now, action=REKEY, key_version=reworded)
    assert [points(one)[0] for one in (old, new, other)] == [4, 3, 4]


def test_an_answer_to_a_reworded_option_means_the_new_one() -> None:
    before, after = (wrong_key(half=half) for half in ("Half", "Halfway"))
    contents = [items.load_content("choice", one["content"]) for one in (before, after)]
    key = items.load_key("choice", after["key"])
    made = items.rekey("choice", contents[0], contents[1], key)
    assert made
    old_id, new_id = (one.options[1].id for one in contents)  # type: ignore[attr-defined]
    assert made.translate(old_id) == new_id
    assert made.translate([old_id, "x"]) == [new_id, "x"]
    assert made.translate({old_id: old_id}) == {new_id: new_id}
    assert made.translate(None) is None
    number = items.load("numeric", *_parts(builders.numeric("?", [(ONE, ONE, ONE, "")])))
    text = items.load("short_answer", *_parts(builders.short_answer("?", [("a", ONE, "")])))
    assert items.rekey("numeric", number[0], number[0], number[1])
    assert items.rekey("short_answer", text[0], text[0], text[1])


def _parts(fields: builders.ItemFields) -> tuple[object, object]:
    return fields["content"], fields["key"]


def test_only_portal_managers_change_results_and_with_a_reason(
    exam: Assessment, item: Item, manager: User, now: datetime
) -> None:
    sit(exam, now, 4)
    wanted = {"assessment": exam, "item": item, "action": DROP, "at": now}
    with pytest.raises(NotAllowed):
        services.order_regrade(**wanted, reason="x", by=vendor("Channel marketing"))
    with pytest.raises(ReasonMissing):
        services.order_regrade(**wanted, reason=" \n", by=manager)
    draft = services.add_item_version(bank=item.bank, code=item.code, by=manager, at=now, **wrong_key(9))
    foreign = Item.objects.get(code="item-2").versions.get()
    for version in (None, draft, foreign):
        with pytest.raises(NothingToRegrade):
            services.plan_regrade(assessment=exam, item=item, action=REKEY, key_version=version)
    with pytest.raises(NothingToRegrade):
        services.order_regrade(assessment=make_exam(), item=item, action=DROP, reason="x", by=manager, at=now)


def test_one_regrade_of_an_exam_at_a_time(exam: Assessment, item: Item, manager: User, now: datetime) -> None:
    sit(exam, now, 4)
    with transaction.atomic():
        wanted = {"assessment": exam, "item": item, "action": DROP, "reason": "x", "by": manager, "at": now}
        made = services.order_regrade(**wanted)
        with pytest.raises(RegradeRunning):
            services.order_regrade(**wanted)
    assert str(made) == "item-1: Drop it: it counts for nobody"


def test_a_regrade_goes_in_batches_and_a_repeat_does_nothing(
    exam: Assessment, item: Item, manager: User, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regrading, "BATCH", 2)
    attempts = [sit(exam, now, 4) for _ in range(5)]
    with transaction.atomic():
        made = services.order_regrade(assessment=exam, item=item, action=DROP, reason="x", by=manager, at=now)
    wanted = {"regrade_id": made.public_id, "at": now}
    assert services.continue_regrade(**wanted, after=0) == 2
    assert services.continue_regrade(**wanted, after=0) == 0
    made.refresh_from_db()
    assert (made.done, made.finished_at) == (2, None)
    assert services.continue_regrade(**wanted, after=made.last_attempt) == 2
    made.refresh_from_db()
    assert services.continue_regrade(**wanted, after=made.last_attempt) == 1
    made.refresh_from_db()
    assert (made.done, made.finished_at) == (5, None)
    assert services.continue_regrade(**wanted, after=made.last_attempt) == 0  # nobody handed in beside the order
    made.refresh_from_db()
    assert (made.done, made.finished_at) == (5, now)
    assert services.continue_regrade(**wanted, after=made.last_attempt) == 0
    assert [points(one)[1] for one in attempts] == [3] * 5
    assert RegradeChange.objects.count() == 5


@pytest.fixture
def certification(exam: Assessment) -> Certification:
    made = Certification.objects.create(slug="engineer", title="Engineer", criteria="Sizes ducts")
    Requirement.objects.create(certification=made, position=1, assessment=exam)
    return made


def test_credentials_follow_and_their_holder_is_told_once(
    exam: Assessment, item: Item, manager: User, now: datetime, certification: Certification
) -> None:
    """EXAM-34: issued and revoked with the regrade's reason, one letter for each who turns."""
    Assessment.objects.update(cut_score=Decimal(100))
    exam.refresh_from_db()
    loses, wins = sit(exam, now, 4, first="Right"), sit(exam, now, 4, first="Wrong")
    drain()
    assert [credential.person for credential in Credential.objects.all()] == [loses.person]
    made = order(exam, item, manager, now + timedelta(days=1), action=REKEY, key_version=rekeyed(item, now))
    revoked = Credential.objects.get(person=loses.person)
    assert (revoked.revoked_by, revoked.revocation_reason) == (manager, "Exam marked again: The key was wrong")
    assert Credential.objects.get(person=wins.person).revoked_at is None
    assert sorted(letter.to[0] for letter in mail.outbox) == sorted([loses.person.email, wins.person.email])
    assert all("The key was wrong" in letter.body for letter in mail.outbox)
    drain()
    assert (len(mail.outbox), made.changes.count()) == (2, 2)


def test_a_credential_that_rests_on_another_pass_stays(
    exam: Assessment, item: Item, manager: User, now: datetime, certification: Certification
) -> None:
    Assessment.objects.update(cut_score=Decimal(100), renewable_after_days=1)
    exam.refresh_from_db()
    first = sit(exam, now, 4, first="Right")
    drain()
    later = now + timedelta(days=3)
    again = services.start_attempt(assessment=exam, person=first.person, membership=first.membership, at=later)
    answer_all(again, later)
    services.submit_attempt(attempt=again, at=later)
    Credential.objects.update(issued_at=later + timedelta(hours=1))
    version = rekeyed(item, now)
    Attempt.objects.filter(pk=again.pk).update(cut_score=Decimal(50))
    order(exam, item, manager, later + timedelta(days=1), action=REKEY, key_version=version)
    assert (points(first)[2], points(again)[2]) == (False, True)
    assert Credential.objects.get().revoked_at is None


def test_no_letter_when_only_points_change(exam: Assessment, item: Item, manager: User, now: datetime) -> None:
    sit(exam, now, 4)
    order(exam, item, manager, now, action=DROP)
    assert RegradeChange.objects.count() == 1
    assert mail.outbox == []
    assert handlers.tell_person


def test_the_database_refuses_half_a_decision(exam: Assessment, item: Item, manager: User, now: datetime) -> None:
    row = {"assessment": exam, "item": item, "ordered_at": now, "ordered_by": manager, "total": 1}
    version = item.versions.get()
    for wrong in (
        {"action": REKEY, "reason": "x"},
        {"action": DROP, "reason": "x", "key_version": version},
        {"action": DROP, "reason": ""},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Regrade.objects.create(**row, **wrong)


def test_the_database_refuses_a_change_that_changes_nothing(
    exam: Assessment, item: Item, manager: User, now: datetime
) -> None:
    attempt = sit(exam, now, 4)
    made = order(exam, item, manager, now, action=DROP)
    same = {f"{name}_{when}": value for when in ("before", "after") for name, value in _same().items()}
    RegradeChange.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        RegradeChange.objects.create(regrade=made, attempt=attempt, changed_at=now, **same)


def _same() -> dict[str, object]:
    return {"points": ONE, "max_points": ONE, "passed": True}


def test_the_command_plans_and_orders(exam: Assessment, item: Item, manager: User, now: datetime) -> None:
    attempt = sit(exam, now, 4, first="Wrong")
    rekeyed(item, now)
    base = ["exams", "regrade", exam.slug, "item-1"]
    out = StringIO()
    call_command(*base, "--by-key-of", "2", "--dry-run", stdout=out)
    assert "1 attempts looked at, 1 would change. Nothing was changed." in out.getvalue()
    for wrong, words in (
        (["--drop", "--credit"], "Choose one"),
        ([], "Choose one"),
        (["--drop"], "Say who"),
        (["--drop", "--as", manager.email], "Say why"),
    ):
        with pytest.raises(CommandError, match=words):
            call_command(*base, *wrong, stdout=StringIO())
    with pytest.raises(CommandError, match="no bank"):
        call_command("exams", "regrade", exam.slug, "none", "--drop")
    out = StringIO()
    call_command(*base, "--credit", "--as", manager.email, "--reason", "Two answers are right", stdout=out)
    drain()
    assert "Ordered: 1 attempts" in out.getvalue()
    assert points(attempt)[0] == 4
    assert platform_authority()


def test_the_command_names_who_turns(exam: Assessment, item: Item, now: datetime) -> None:
    Assessment.objects.update(cut_score=Decimal(100))
    exam.refresh_from_db()
    attempt = sit(exam, now, 4, first="Wrong")
    out = StringIO()
    call_command("exams", "regrade", exam.slug, "item-1", "--drop", "--dry-run", stdout=out)
    assert f"{attempt.person.name} would pass: 3.0000 -> 3.0000" in out.getvalue()
