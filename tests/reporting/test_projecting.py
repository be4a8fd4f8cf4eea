"""The projection follows the statements: who is trusted, what is void, in any order."""

from datetime import timedelta
from io import StringIO
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lms.events.models import Message
from lms.events.services import drain
from lms.reporting import services
from lms.reporting.models import CourseRecord
from lms.xapi import statements, vocabulary
from lms.xapi.models import Authority, Statement
from lms.xapi.services import create_credential, platform_authority, record, void_statement
from tests.factories import MembershipFactory, UserFactory
from tests.reporting.conftest import VERBS
from tests.reporting.factories import COURSE, course_statement
from tests.xapi.conftest import XapiClient
from tests.xapi.factories import AuthorityFactory


def changes():
    """Partners whose figures were said to change, in order; asked once."""
    found = [UUID(m.payload["partner_id"]) for m in Message.objects.filter(type="reporting.PartnerFiguresChanged")]
    Message.objects.all().delete()
    return found


def test_a_record_says_what_the_statements_say(take, now, membership):
    registration = take(registered=1, completed=2)
    row = CourseRecord.objects.get()
    assert row.registration == registration
    assert (row.person, row.partner_public_id, row.persona) == (
        membership.person,
        membership.partner.public_id,
        "sales_rep",
    )
    assert (row.activity_iri, row.activity_name) == (COURSE, "Foundations")
    assert (row.registered_at, row.completed_at, row.withdrawn_at) == (
        now + timedelta(days=1),
        now + timedelta(days=2),
        None,
    )
    bodies = {s.statement_id: s.happened_at for s in Statement.objects.all()}
    assert bodies[row.registered_statement] == row.registered_at
    assert bodies[row.completed_statement] == row.completed_at


def test_a_repeated_fact_changes_nothing(take):
    registration = take(registered=1, completed=2)
    take(registration=registration, registered=3, completed=4)
    row = CourseRecord.objects.get()
    assert (row.completed_at - row.registered_at).days == 1


def test_who_registers_again_is_not_withdrawn(take):
    registration = take(registered=1, withdrew=2)
    assert CourseRecord.objects.get().withdrawn_at is not None
    take(registration=registration, registered=3)
    assert CourseRecord.objects.get().withdrawn_at is None


def test_partner_and_persona_are_those_of_the_registration(take, membership):
    registration = take(registered=1)
    elsewhere = MembershipFactory(person=membership.person)
    take(by=elsewhere, registration=registration, completed=2)
    row = CourseRecord.objects.get()
    assert row.partner_public_id == membership.partner.public_id
    assert row.completed_at is not None


def test_another_person_or_course_under_one_registration_is_left_out(take):
    registration = take(registered=1)
    take(by=MembershipFactory(), registration=registration, completed=2)
    take(registration=registration, course=f"{COURSE}0", completed=2)
    assert CourseRecord.objects.get().completed_at is None


def test_only_courses_of_people_of_ours_are_projected(now, membership):
    registration = uuid4()

    def sent(**changed):
        body = course_statement(vocabulary.REGISTERED, membership=membership, registration=registration, at=now)
        return {**body.as_version(), "id": str(uuid4()), **changed}

    lesson = statements.activity(COURSE, type=vocabulary.LESSON, name="Lesson").as_version()
    course = statements.activity(COURSE + "x" * 300, type=vocabulary.COURSE, name="Long").as_version()
    account = {"homePage": "https://elsewhere.example", "name": str(membership.person.public_id)}
    ours = {"homePage": "https://partners.halden.example", "name": "not a uuid"}
    unknown = {"homePage": "https://partners.halden.example", "name": str(uuid4())}
    record(
        [
            sent(object=lesson),
            sent(object=course),
            sent(object={"id": COURSE}),
            sent(object={"objectType": "Agent", "mbox": "mailto:a@b.example"}),
            sent(actor={"account": account}),
            sent(actor={"account": ours}),
            sent(actor={"account": unknown}),
        ],
        authority=platform_authority(),
        at=now,
    )
    drain()
    assert not CourseRecord.objects.exists()


def test_only_trusted_authorities_count(take):
    """LRS-03; the twin is the same statements by a trusted authority."""
    registration = take(registered=1)
    take(registration=registration, authority=AuthorityFactory(), completed=2)
    assert CourseRecord.objects.get().completed_at is None
    take(registration=registration, authority=AuthorityFactory(is_trusted=True), completed=2)
    assert CourseRecord.objects.get().completed_at is not None


@pytest.mark.parametrize("trusted", [False, True])
def test_a_completion_posted_with_an_own_credential_is_kept_but_never_counted(take, now, membership, trusted):
    """LRS-01, LRS-03: only the administrator's trust makes the difference."""
    registration = take(registered=1)
    own = XapiClient(*create_credential(name="Mine", scopes=["statements/write"], is_trusted=trusted, at=now))
    forged = course_statement(
        vocabulary.COMPLETED, membership=membership, registration=registration, at=now + timedelta(days=2)
    )
    assert own.post(forged.as_version()).status_code == 200
    drain()
    found = services.completion_rate(partner=membership.partner, since=now, until=now + timedelta(days=30))
    assert (found.numerator, found.denominator) == (int(trusted), 1)
    assert Statement.objects.filter(authority=own.credential.authority).count() == 1


def test_a_voided_statement_counts_no_longer(take, now):
    """LRS-17."""
    take(registered=1, completed=2)
    row = CourseRecord.objects.get()
    by = UserFactory()
    void_statement(statement_id=row.completed_statement, reason="Wrong person", by=by, at=now)
    drain()
    assert CourseRecord.objects.get().completed_at is None
    void_statement(statement_id=row.registered_statement, reason="Wrong person", by=by, at=now)
    drain()
    assert not CourseRecord.objects.exists()


def test_a_change_is_told_once_per_partner(take, now, membership):
    registration = take(registered=1)
    assert changes() == [membership.partner.public_id]
    take(registration=registration, registered=1.5)
    assert changes() == []
    take(registration=registration, completed=2)
    assert changes() == [membership.partner.public_id]
    void_statement(
        statement_id=CourseRecord.objects.get().registered_statement, reason="Test", by=UserFactory(), at=now
    )
    drain()
    assert changes() == [membership.partner.public_id]


def test_a_batch_tells_each_partner_once(membership, now):
    others = [membership, MembershipFactory(partner=membership.partner), MembershipFactory()]
    record(
        [course_statement(VERBS["registered"], membership=who, registration=uuid4(), at=now) for who in others],
        authority=platform_authority(),
        at=now,
    )
    drain()
    assert sorted(changes()) == sorted({who.partner.public_id for who in others})


def test_a_replayed_delivery_changes_nothing(take, now):
    registration = take(registered=1, completed=2)
    before = CourseRecord.objects.values().get()
    changes()
    for _ in range(2):
        assert services.project_registrations(registrations=[registration], at=now) == []
    assert CourseRecord.objects.values().get() == before
    assert changes() == []


def test_steps_on_the_way_cause_no_work(membership, now):
    step = statements.build(
        actor=membership.person,
        verb=vocabulary.PROGRESSED,
        object=statements.activity(COURSE, type=vocabulary.COURSE, name="Foundations"),
        registration=uuid4(),
        at=now,
    )
    record([step], authority=platform_authority(), at=now)
    assert not Message.objects.exists()


@pytest.mark.parametrize("size", [1, 3])
def test_projecting_asks_as_often_for_three_as_for_one(membership, now, django_assert_num_queries, size):
    registrations = [uuid4() for _ in range(size)]
    record(
        [course_statement(VERBS["registered"], membership=membership, registration=r, at=now) for r in registrations],
        authority=platform_authority(),
        at=now,
    )
    with django_assert_num_queries(
        10
    ):  # savepoint (2), lock, records, statements, pseudonyms, people, upsert, message, delivery
        services.project_registrations(registrations=registrations, at=now)
    assert CourseRecord.objects.count() == size


def test_a_fact_without_its_statement_is_refused_by_the_database(take, now):
    take(registered=1)
    for fact in ("completed", "withdrawn"):
        with pytest.raises(IntegrityError), transaction.atomic():
            CourseRecord.objects.update(**{f"{fact}_at": now})
    with pytest.raises(IntegrityError), transaction.atomic():
        CourseRecord.objects.update(registered_statement=None)


def test_rebuild_finds_and_mends_what_differs(take, now, membership):
    kept, changed, lost = take(registered=1), take(registered=2, completed=3), take(registered=4)
    expected = list(CourseRecord.objects.order_by("registration").values_list("registration", "completed_at"))
    CourseRecord.objects.filter(registration=changed).update(completed_at=None, completed_statement=None)
    CourseRecord.objects.filter(registration=lost).delete()
    ghost = uuid4()
    CourseRecord.objects.create(registration=ghost, person=membership.person, activity_iri=COURSE, stored_through=now)
    changes()

    found = services.rebuild(check=True)
    assert {difference.registration for difference in found.differences} == {changed, lost, ghost}
    assert {str(difference).partition(": ")[2][:20] for difference in found.differences} == {
        "completed_at is None",
        "has no record, but s",
        "has a record, but no",
    }
    assert CourseRecord.objects.filter(registration=ghost).exists()

    mended = services.rebuild(check=False, at=now)
    assert len(mended.differences) == 3
    assert changes() == [membership.partner.public_id]
    assert services.rebuild(check=True).differences == []
    assert expected == list(CourseRecord.objects.order_by("registration").values_list("registration", "completed_at"))
    assert kept in dict(expected)


def test_rebuild_goes_page_by_page(take, now, monkeypatch):
    monkeypatch.setattr("lms.reporting.services.projecting._CHUNK", 2)
    for _ in range(5):
        take(registered=1)
    CourseRecord.objects.all().delete()
    seen = []
    result = services.rebuild(check=False, at=now, on_progress=lambda done, total: seen.append((done, total)))
    assert (result.registrations, CourseRecord.objects.count()) == (5, 5)
    assert seen == [(2, 5), (4, 5), (5, 5)]


def test_rebuild_counts_a_trust_that_was_given_later(take, now):
    authority = AuthorityFactory()
    take(authority=authority, registered=1, completed=2)
    assert not CourseRecord.objects.exists()
    Authority.objects.update(is_trusted=True)
    services.rebuild(check=False, at=now)
    assert CourseRecord.objects.get().completed_at is not None


def test_rebuild_reports_command(take):
    take(registered=1)
    out = StringIO()
    call_command("rebuild_reports", check=True, stdout=out)
    assert out.getvalue() == "1 registrations, 1 people and 0 sums compared, 0 differ.\n"
    CourseRecord.objects.all().delete()
    out = StringIO()
    with pytest.raises(CommandError, match="not what the statements say") as caught:
        call_command("rebuild_reports", check=True, stdout=out, verbosity=0)
    assert caught.value.returncode == 1
    assert "has no record" in out.getvalue()
    call_command("rebuild_reports", stdout=(out := StringIO()))
    assert out.getvalue().endswith("1 registrations, 1 people and 0 sums compared, 1 were set right.\n")
    assert CourseRecord.objects.exists()


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("store"), st.sampled_from(sorted(VERBS)), st.integers(0, 1), st.integers(0, 9), st.booleans()
        ),
        st.tuples(st.just("void"), st.integers(0, 20)),
        st.just(("deliver",)),
    ),
    max_size=14,
)


@pytest.mark.django_db
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_interleaving_projects_what_a_rebuild_makes(steps, membership, now):
    """Stored late, out of order, voided, by trusted and others: the same as computed plainly from what is not void."""
    with transaction.atomic():
        trusted, other = platform_authority(), AuthorityFactory()
        registrations, by = [uuid4(), uuid4()], UserFactory()
        said: list[tuple[str, int, int, bool, UUID]] = []
        voided: set[UUID] = set()
        for step in steps:
            match step:
                case ("store", verb, number, day, is_trusted):
                    fact = course_statement(
                        VERBS[verb],
                        membership=membership,
                        registration=registrations[number],
                        at=now + timedelta(days=day),
                    )
                    record([fact], authority=trusted if is_trusted else other, at=now)
                    said.append((verb, number, day, is_trusted, fact.id))
                case ("void", number) if said:
                    target = said[number % len(said)][-1]
                    void_statement(statement_id=target, reason="Test", by=by, at=now)
                    voided.add(target)
                case ("deliver",):
                    drain()
        drain()
        assert services.rebuild(check=True).differences == []
        for number, registration in enumerate(registrations):
            days = {
                name: sorted(d for v, n, d, ok, i in said if (v, n, ok) == (name, number, True) and i not in voided)
                for name in VERBS
            }
            row = CourseRecord.objects.filter(registration=registration).first()
            assert (row is None) == (not any(days.values()))
            if row is not None:
                withdrew = days["withdrew"][-1:]
                if withdrew and days["registered"] and days["registered"][-1] > withdrew[0]:
                    withdrew = []
                expected = [days["registered"][:1], days["completed"][:1], withdrew]
                actual = (row.registered_at, row.completed_at, row.withdrawn_at)
                assert [[] if at is None else [(at - now).days] for at in actual] == expected
        transaction.set_rollback(True)
