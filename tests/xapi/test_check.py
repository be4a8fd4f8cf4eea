"""`manage.py xapi check`: each thing that may be wrong is broken here, and must be found."""

import io
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from lms.xapi.checking import check_store
from lms.xapi.models import Authority, Mention, Statement
from lms.xapi.services import platform_authority, pseudonymise_person, record, void_statement
from tests.factories import UserFactory
from tests.xapi.factories import AuthorityFactory, statement, voiding

TEAM = {"objectType": "Group", "mbox": "mailto:team@kestrel.example"}
EARLIER = timedelta(hours=1)


@pytest.fixture
def stored(db):
    """One plain statement, one with all that may be mentioned, one without a time of its own, one that was voided."""
    at, authority = timezone.now() - EARLIER, AuthorityFactory()
    plain, rich, voided = (str(uuid4()) for _ in range(3))
    context = {
        "registration": str(uuid4()),
        "team": TEAM,
        "contextActivities": {"parent": {"id": "https://system.example/courses/1"}},
        "extensions": {"https://system.example/x": 10**30},
    }
    group = {"objectType": "Group", "member": [{"mbox": "mailto:bo@kestrel.example"}]}
    record([statement(id=plain)], authority=authority, at=at)
    record(
        [statement(id=rich, actor=group, context=context, timestamp="2026-01-02T03:04:05+02:00")],
        authority=authority,
        at=at,
    )
    record([statement(id=voided), voiding(voided)], authority=authority, at=at + timedelta(seconds=1))
    return {
        name: Statement.objects.get(statement_id=id_)
        for name, id_ in (("plain", plain), ("rich", rich), ("voided", voided))
    }


def faults():
    return [(str(fault.statement_id or ""), fault.sentence) for fault in check_store(until=timezone.now())]


def change(row, **values):
    Statement.objects.filter(pk=row.pk).update(**values)


def test_a_store_that_is_whole_has_no_faults(stored):
    void_statement(
        statement_id=stored["plain"].statement_id, reason="test", by=UserFactory(), at=timezone.now() - EARLIER
    )
    assert faults() == []
    out = io.StringIO()
    call_command("xapi", "check", verbosity=0, stdout=out)
    assert out.getvalue() == f"{Statement.objects.count()} statements are as they must be.\n"


def test_a_command_that_finds_a_fault_fails(stored):
    change(stored["plain"], digest="0" * 64)
    out = io.StringIO()
    with pytest.raises(CommandError, match=r"^1 faults in 4 statements\.$"):
        call_command("xapi", "check", verbosity=0, stdout=out)
    assert out.getvalue() == f"{stored['plain'].statement_id}  Its text is not the one that was sent.\n"


def test_what_was_just_stored_is_not_looked_at_by_the_command(stored):
    change(stored["plain"], digest="0" * 64)
    Statement.objects.update(stored_at=timezone.now())
    Mention.objects.all().delete()
    call_command("xapi", "check", verbosity=0, stdout=io.StringIO())


def test_statements_are_looked_at_in_pages(stored, monkeypatch):
    monkeypatch.setattr("lms.xapi.checking.CHUNK", 1)
    seen = []
    change(stored["voided"], digest="0" * 64)
    found = list(check_store(until=timezone.now(), on_progress=seen.append))
    assert seen == [1] * 4
    assert [fault.statement_id for fault in found] == [stored["voided"].statement_id]


@pytest.mark.parametrize("name", ["actor_key", "verb_key", "object_key", "registration"])
def test_a_key_that_is_not_of_the_text_is_found(stored, name):
    change(stored["plain"], **{name: uuid4()})
    assert (str(stored["plain"].statement_id), f"Its {name} is not what its text says.") in faults()


@pytest.mark.parametrize("name", ["stored_at", "happened_at"])
def test_a_time_that_is_not_of_the_text_is_found(stored, name):
    change(stored["plain"], **{name: timezone.now() - 2 * EARLIER})
    assert faults() == [(str(stored["plain"].statement_id), f"Its {name} is not what its text says.")]


def test_another_id_than_that_of_the_text_is_found(stored):
    other = uuid4()
    change(stored["plain"], statement_id=other)
    assert faults() == [(str(other), "Its statement_id is not what its text says.")]


def test_another_text_is_found(stored):
    change(stored["rich"], body=stored["rich"].body.replace('"language"', '"x"').replace("courses/1", "courses/2"))
    sentences = [sentence for _, sentence in faults()]
    assert sentences[0] == "Its text is not the one that was sent."
    assert sentences[1].endswith("is missing or differs.")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_authority_that_is_missing_is_found(stored):
    change(stored["plain"], authority_id=10**6)
    assert faults() == [(str(stored["plain"].statement_id), "There is no authority 1000000.")]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_mention_without_its_statement_is_found(stored):
    key = UUID(int=7)
    Mention.objects.create(key=key, stored_at=stored["plain"].stored_at, statement_id=10**6)
    assert faults() == [("", f"The mention of {key} belongs to row 1000000, which does not exist.")]


def test_a_mention_that_is_missing_is_found(stored):
    assert Mention.objects.count() == 3
    Mention.objects.filter(is_member=True).delete()
    ((statement_id, sentence),) = faults()
    assert statement_id == str(stored["rich"].statement_id)
    assert sentence.endswith("is missing or differs.")


def test_a_mention_that_says_something_else_is_found(stored):
    Mention.objects.filter(is_member=True).update(is_member=False)
    ((statement_id, _),) = faults()
    assert statement_id == str(stored["rich"].statement_id)


def test_a_mention_of_what_the_text_does_not_name_is_found(stored):
    Mention.objects.create(key=uuid4(), stored_at=stored["plain"].stored_at, statement=stored["plain"])
    assert faults() == [("", "1 mentions are of nothing that their statement says.")]


def test_a_statement_that_is_void_by_nothing_is_found(stored):
    by = uuid4()
    change(stored["plain"], voided_by=by)
    assert faults() == [(str(stored["plain"].statement_id), f"It is void, and {by} does not void it.")]


def test_a_statement_that_is_void_by_another_word_is_found(stored):
    by = stored["rich"].statement_id
    change(stored["plain"], voided_by=by)
    assert faults() == [(str(stored["plain"].statement_id), f"It is void, and {by} does not void it.")]


def test_a_voiding_that_was_not_done_is_found(stored):
    change(stored["voided"], voided_by=None)
    ((statement_id, sentence),) = faults()
    assert statement_id == str(stored["voided"].statement_id)
    assert sentence == f"It is not void, and {stored['voided'].voided_by} voids it."


def test_a_voiding_by_somebody_who_may_not_is_no_fault(stored):
    """It came before its target: kept, and without effect."""
    at, target = timezone.now() - EARLIER, str(uuid4())
    record([voiding(target)], authority=AuthorityFactory(), at=at)
    record([statement(id=target)], authority=Authority.objects.earliest("pk"), at=at)
    assert faults() == []


def test_a_pseudonymised_statement_keeps_the_digest_of_what_was_said(stored):
    person, at = UserFactory(), timezone.now() - EARLIER
    sent = statement(actor={"mbox": f"mailto:{person.email}"})
    record([sent], authority=platform_authority(), at=at)
    pseudonymise_person(person=person, at=timezone.now(), reason="asked")
    assert faults() == []
