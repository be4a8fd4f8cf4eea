"""Two evaluations at once make one decision. Only PostgreSQL can show the race."""

import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction

from lms.accounts.models import User
from lms.partners.models import Partner
from lms.tiers import services
from lms.tiers.models import Decision, DraftOpinion, Programme, ProgrammeDraft, ProgrammeVersion
from lms.tiers.services import decisions
from tests.factories import PartnerFactory
from tests.tiers.factories import DOCUMENT, approver, later, programme, staff

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def at_once(work: Callable[[], None], times: int) -> list[BaseException]:
    """Runs `work` in so many threads that start together; what they raised."""
    gate, errors = threading.Barrier(times), list[BaseException]()

    def run() -> None:
        try:
            gate.wait(10)
            work()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return errors


def test_two_evaluations_make_one_decision(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    errors = at_once(lambda: void(services.evaluate_partner(partner=partner, at=now)), 6)
    assert errors == []
    assert Decision.objects.filter(partner=partner).count() == 1
    assert Partner.objects.get(pk=partner.pk).current_tier is not None


def test_without_the_lock_the_constraint_refuses_the_second(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: with the partner's lock switched off, racing evaluations collide on the number."""
    programme()
    partner = PartnerFactory()
    pause = threading.Barrier(2)
    append = decisions._append

    def slowly(*args: object) -> Decision:
        pause.wait(10)
        return append(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(decisions, "_append", slowly)
    monkeypatch.setattr(type(Partner.objects.all()), "select_for_update", lambda self, **_: self)
    errors = at_once(lambda: void(services.evaluate_partner(partner=partner, at=now)), 2)
    assert [type(error) for error in errors] == [IntegrityError]
    assert Decision.objects.filter(partner=partner).count() == 1


def test_two_publishers_make_two_numbers(now: datetime) -> None:
    version = programme()
    documents = iter([{**version.document, "notes": "One"}, {**version.document, "notes": "Two"}])
    errors = at_once(
        lambda: void(
            services.publish_programme(
                programme=version.programme, document=next(documents), effective_at=now, by=None, at=now
            )
        ),
        2,
    )
    assert errors == []
    assert sorted(version.programme.versions.values_list("number", flat=True)) == [1, 2, 3]


def void(result: object) -> None:
    """What `at_once` runs returns nothing."""
    assert transaction.get_autocommit()


def test_word_given_while_rules_are_published_comes_before_or_is_refused(now: datetime) -> None:
    """An objection never stands unheard beside a published version."""
    author, legal = staff(), approver("legal", now)
    draft = _approved_draft(author, legal, now)
    say = partial(_say, draft, legal, now)
    work = iter([lambda: say(is_approval=False), lambda: services.publish_draft(draft=draft, by=author, at=now)])
    errors = at_once(lambda: void(next(work)()), 2)
    is_published = ProgrammeVersion.objects.exists()
    assert [type(error) for error in errors] == [services.DraftClosed if is_published else services.ApprovalsMissing]
    assert draft.opinions.filter(is_approval=False).exists() != is_published


def test_draft_is_published_once_by_two_clicks(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = _approved_draft(author, legal, now)
    errors = at_once(lambda: void(services.publish_draft(draft=draft, by=author, at=now)), 3)
    assert (errors, ProgrammeVersion.objects.count()) == ([], 1)


def test_without_the_lock_the_constraint_refuses_a_word_twice(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: with the programme's lock switched off, the same word at once collides on its number."""
    author, legal = staff(), approver("legal", now)
    draft = _approved_draft(author, legal, now)
    pause = threading.Barrier(2)
    create = DraftOpinion.objects.create

    def slowly(**fields: object) -> DraftOpinion:
        pause.wait(10)
        return create(**fields)

    monkeypatch.setattr(DraftOpinion.objects, "create", slowly)
    monkeypatch.setattr(type(Programme.objects.all()), "select_for_update", lambda self, **_: self)
    errors = at_once(lambda: void(_say(draft, legal, now, is_approval=False)), 2)
    assert [type(error) for error in errors] == [IntegrityError]
    assert draft.opinions.count() == 2


def test_the_same_word_at_once_is_said_once(now: datetime) -> None:
    draft, legal = _approved_draft(staff(), approver("legal", now), now), approver("legal", now)
    errors = at_once(lambda: void(_say(draft, legal, now, is_approval=False)), 3)
    assert (errors, draft.opinions.filter(said_by=legal).count()) == ([], 1)


def _approved_draft(author: User, legal: User, now: datetime) -> ProgrammeDraft:
    draft = services.propose_programme(
        programme=Programme.objects.get_or_create(slug="halden-partners")[0],
        document={**DOCUMENT, "approvals": ["legal"]},
        effective_at=later(now, 30),
        purpose="A new year",
        by=author,
        at=now,
    )
    _say(draft, legal, now, is_approval=True)
    return draft


def _say(draft: ProgrammeDraft, by: User, at: datetime, *, is_approval: bool) -> DraftOpinion:
    return services.give_opinion(
        draft=draft,
        function="legal",
        is_approval=is_approval,
        reason="Read",
        digest=draft.digest,
        by=by,
        at=at,
    )
