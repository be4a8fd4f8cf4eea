"""What people did follows the statements, once, in any order, and can be computed anew."""

from datetime import date, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from lms.accounts.models import AuditEntry
from lms.reporting import services
from lms.reporting.models import EVERYBODY, ContentDay, ContentItem, ContentMonth, Cursor, LessonRecord, PartnerPeriod
from lms.reporting.services import anew, following
from lms.xapi import statements, vocabulary
from lms.xapi.models import Pseudonym, Statement
from lms.xapi.services import platform_authority, pseudonymise_person, record, void_statement
from tests.factories import MembershipFactory, PartnerFactory, UserFactory
from tests.reporting.factories import COURSE
from tests.xapi.factories import AuthorityFactory

LESSON = "https://partners.halden.example/lessons/1"


@pytest.fixture
def do(membership, now):
    """Stores statements that the person did something, so many minutes from now; they are not followed yet."""

    def make(*minutes, by=membership, verb=vocabulary.EXPERIENCED, authority=None, at=None, follow=True, **context):
        facts = [
            statements.build(
                actor=by.person,
                verb=verb,
                object=statements.activity(COURSE, type=vocabulary.COURSE, name="Foundations"),
                membership=by,
                at=now + timedelta(minutes=minute),
                id=uuid4(),
                **context,
            )
            for minute in minutes
        ]
        ids = record(facts, authority=authority or platform_authority(), at=at or now + timedelta(days=60))
        if follow:
            services.follow_statements()
        return ids

    return make


def figures(partner_id, unit="month", start=date(2026, 11, 1)):
    row = PartnerPeriod.objects.get(partner_public_id=partner_id, unit=unit, start=start)
    return row.people, row.person_days, row.visits, row.minutes


def check():
    result = services.rebuild_usage(check=True)
    return result.differences


def test_acts_become_visits_and_minutes_of_week_and_month(do, membership):
    do(0, 5, 10, 120)
    partner = membership.partner.public_id
    assert figures(partner) == (1, 1, 2, 20)
    assert figures(partner, "week", date(2026, 11, 16)) == (1, 1, 2, 20)
    assert figures(EVERYBODY) == (1, 1, 2, 20)
    assert check() == []


def test_a_statement_read_again_marks_nothing_twice(do, membership):
    do(0, 1, 2)
    do(0, 3)
    Cursor.objects.update(passed=0)
    assert services.follow_statements().statements == 5
    assert figures(membership.partner.public_id) == (1, 1, 1, 5)
    assert services.follow_statements().statements == 0


def test_people_of_one_partner_add_up_and_everybody_is_the_sum(do, membership):
    colleague = MembershipFactory(partner=membership.partner)
    stranger = MembershipFactory()
    do(0)
    do(0, 24 * 60, by=colleague)
    do(0, by=stranger)
    assert figures(membership.partner.public_id) == (2, 3, 3, 15)
    assert figures(stranger.partner.public_id) == (1, 1, 1, 5)
    assert figures(EVERYBODY) == (3, 4, 4, 20)
    assert check() == []


def test_content_is_told_by_version_and_persona(do, membership, now):
    do(0, 60, revision="1")
    do(0, revision="2")
    rows = ContentMonth.objects.filter(partner_public_id=membership.partner.public_id).order_by("version")
    assert [(row.version, row.persona, row.people, row.visits, row.minutes) for row in rows] == [
        ("1", "sales_rep", 1, 2, 10),
        ("2", "sales_rep", 1, 1, 5),
    ]
    used = services.content_use(at=now)
    assert [(one.name, one.kind, one.version, one.minutes) for one in used] == [
        ("Foundations", "course", "1", 10),
        ("Foundations", "course", "2", 5),
    ]


@pytest.mark.parametrize(
    "verb",
    [vocabulary.REGISTERED, vocabulary.WITHDREW, vocabulary.PASSED, vocabulary.FAILED, vocabulary.EARNED],
)
def test_what_others_say_of_a_person_is_not_his_act(do, verb):
    do(0, verb=verb)
    assert not ContentDay.objects.exists()


def test_only_trusted_statements_of_partners_people_count(do, membership, now):
    do(0, authority=AuthorityFactory(is_trusted=False))
    do(0, by=MembershipFactory.build(person=UserFactory(), partner=PartnerFactory.build(), persona=membership.persona))
    lone = statements.build(
        actor=UserFactory(),
        verb=vocabulary.EXPERIENCED,
        object=statements.activity(COURSE, type=vocabulary.COURSE, name="Foundations"),
        at=now,
        id=uuid4(),
    )
    stranger = {
        "id": str(uuid4()),
        "actor": {"mbox": "mailto:somebody@elsewhere.example"},
        "verb": {"id": vocabulary.EXPERIENCED},
        "object": {"id": COURSE},
        "timestamp": now.isoformat(),
    }
    record([lone, stranger], authority=platform_authority(), at=now)
    services.follow_statements()
    assert ContentDay.objects.count() == 1  # a partner that we no longer know is a partner still


def test_an_authority_that_is_trusted_later_counts_with_a_rebuild_and_its_content_has_a_name(do, now):
    stranger = AuthorityFactory()
    do(0, 5, authority=stranger)
    assert services.content_use(at=now) == []
    stranger.is_trusted = True
    stranger.save()
    services.rebuild_usage(check=False)
    assert [one.name for one in services.content_use(at=now)] == ["Foundations"]
    ContentItem.objects.all().delete()
    assert [one.name for one in services.content_use(at=now)] == ["Content without a name"]


def test_a_comparison_leaves_what_became_stale_meanwhile(do, membership, monkeypatch):
    """Days marked between reading which sums there are and comparing them: not compared, they are added up anyway."""
    do(0, 5)
    compare = anew._compare_sums

    def late(periods, **options):
        PartnerPeriod.objects.update(is_stale=True, minutes=999)
        return compare(periods, **options)

    monkeypatch.setattr(anew, "_compare_sums", late)
    assert check() == []


def test_a_clock_that_is_ahead_marks_nothing(do, now):
    do(61, at=now)
    assert not ContentDay.objects.exists()
    do(59, at=now)
    assert ContentDay.objects.exists()


def test_a_voided_act_is_taken_back_and_what_stays_stays(do, membership, now):
    first, second = do(0, 1)
    (lonely,) = do(24 * 60)
    by = UserFactory()
    void_statement(statement_id=first, reason="A test", by=by, at=now + timedelta(days=61))
    void_statement(statement_id=lonely, reason="A test", by=by, at=now + timedelta(days=61))
    services.follow_statements()
    assert figures(membership.partner.public_id) == (1, 1, 1, 5)
    void_statement(statement_id=second, reason="A test", by=by, at=now + timedelta(days=61))
    services.follow_statements()
    assert figures(membership.partner.public_id) == (0, 0, 0, 0)
    assert not ContentMonth.objects.exists()
    assert check() == []


def test_a_hidden_person_keeps_his_marks(do, membership, now):
    do(0)
    pseudonymise_person(person=membership.person, at=now, reason="A test")
    assert Pseudonym.objects.exists()
    do(5, by=membership)
    Cursor.objects.update(passed=0)
    services.follow_statements()
    assert figures(membership.partner.public_id) == (1, 1, 1, 10)
    assert check() == []


def test_a_lesson_is_done_when_it_was_done_first(do, now):
    registration = uuid4()
    done = {"verb": vocabulary.PROGRESSED, "registration": registration}
    lesson = {vocabulary.LESSON_EXTENSION: LESSON}
    do(30, **done, extensions=lesson)
    do(10, **done, extensions=lesson)
    (odd,) = do(50, **done, extensions={vocabulary.LESSON_EXTENSION: 7})
    assert [(row.registration, row.done_at) for row in LessonRecord.objects.all()] == [
        (registration, now + timedelta(minutes=10))
    ]
    earliest = Statement.objects.get(happened_at=now + timedelta(minutes=10))
    void_statement(statement_id=earliest.statement_id, reason="A test", by=UserFactory(), at=now + timedelta(days=61))
    services.follow_statements()
    assert LessonRecord.objects.get().done_at == now + timedelta(minutes=30)
    assert Statement.objects.get(statement_id=odd).voided_by is None
    assert check() == []


def test_batches_and_limit(do, monkeypatch, membership):
    monkeypatch.setattr(following, "BATCH", 2)
    do(0, 10, 20, 30, 40, follow=False)
    assert services.follow_statements(limit=3).statements == 4
    assert services.follow_statements().statements == 1
    assert figures(membership.partner.public_id) == (1, 1, 1, 45)


def test_a_writer_who_takes_long_is_waited_for_next_time(monkeypatch, db):
    monkeypatch.setattr(following, "settled_through", lambda: None)
    assert not services.follow_statements().is_settled


def test_rebuilding_sets_right_what_was_changed(do, membership, now):
    do(0, 60)
    registration = uuid4()
    lesson = {vocabulary.LESSON_EXTENSION: LESSON}
    do(5, verb=vocabulary.PROGRESSED, registration=registration, extensions=lesson)
    before = figures(membership.partner.public_id)
    ContentDay.objects.update(marks=b"\1" + bytes(35))
    LessonRecord.objects.update(done_at=now)
    LessonRecord.objects.create(registration=uuid4(), lesson_iri=LESSON, person=membership.person, done_at=now)
    PartnerPeriod.objects.filter(unit="week").update(visits=7)
    ContentMonth.objects.filter(partner_public_id=EVERYBODY).update(minutes=7)
    with pytest.raises(CommandError, match="not what the statements say"):
        call_command("rebuild_reports", "--check", verbosity=0, stdout=StringIO())
    assert len(check()) == 6
    output = StringIO()
    call_command("rebuild_reports", verbosity=0, stdout=output)
    assert " were set right" in output.getvalue()
    assert figures(membership.partner.public_id) == before
    call_command("rebuild_reports", "--check", verbosity=0, stdout=StringIO())


def test_marks_without_any_statement_are_removed_unless_an_archive_has_it(do, membership):
    ids = do(0)
    Statement.objects.filter(statement_id__in=ids).delete()
    AuditEntry.objects.create(action="xapi.archive_statements", detail={"archive": "2026-11"})
    assert check() == []
    AuditEntry.objects.all().delete()
    assert len(check()) == 1
    services.rebuild_usage(check=False)
    assert not ContentDay.objects.exists()
    assert figures(membership.partner.public_id) == (0, 0, 0, 0)
