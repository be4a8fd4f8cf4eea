"""What happens when two people, or two clicks, come at once. Only PostgreSQL can show it."""

import threading
from collections.abc import Callable
from datetime import datetime

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from lms.accounts import services as accounts
from lms.accounts.models import User
from lms.events.services import drain
from lms.partners import services
from lms.partners.models import Membership
from lms.partners.services import memberships
from tests.factories import MembershipFactory, PersonaFactory, UserFactory
from tests.partners.conftest import House, build_house

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True, serialized_rollback=True)]
PASSWORD = "four quiet unrelated words"


def at_once(*works: Callable[[], object]) -> list[str]:
    """Runs the works in threads that start together; the names of what they raised."""
    gate, errors = threading.Barrier(len(works)), list[str]()

    def run(work: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            work()
        except Exception as error:
            errors.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return sorted(errors)


def invitation_token(house: House, email: str) -> str:
    services.invite_person(
        partner=house.partner, email=email, persona=PersonaFactory(), by=house.manager.person, at=timezone.now()
    )
    drain()
    return str(mail.outbox[-1].body).split("/invitations/")[1].split("/")[0]


def test_two_clicks_on_an_invitation_make_one_membership() -> None:
    """AUTH-23."""
    house, person = build_house("Aster"), UserFactory(email="new@aster.example")
    token = invitation_token(house, person.email)

    def accept() -> Membership:
        return services.accept_invitation(token=token, by=person, at=timezone.now())

    assert at_once(*[accept] * 4) == ["InvitationClosed"] * 3
    assert Membership.objects.filter(person=person).count() == 1


def test_two_clicks_on_a_strangers_invitation_make_one_account() -> None:
    """AUTH-22, AUTH-23."""
    token = invitation_token(build_house("Aster"), "new@aster.example")

    def accept() -> Membership:
        return services.accept_invitation(token=token, by=None, name="New Person", password=PASSWORD, at=timezone.now())

    errors = at_once(*[accept] * 4)
    assert (len(errors), set(errors) <= {"InvitationClosed", "InvitationForOther"}) == (3, True)
    assert User.objects.filter(email="new@aster.example").count() == 1
    assert Membership.objects.filter(person__email="new@aster.example").count() == 1


def test_two_accounts_of_one_address_at_once_are_one() -> None:
    """AUTH-22: the constraint decides, and the loser is told."""

    def create() -> User:
        return accounts.create_account(
            email="new@aster.example", name="New Person", password=PASSWORD, at=timezone.now()
        )

    assert at_once(*[create] * 4) == ["AddressTaken"] * 3
    assert User.objects.count() == 1


def two_managers() -> tuple[House, Membership]:
    house = build_house("Aster")
    return house, MembershipFactory(partner=house.partner, role=Membership.Role.MANAGER)


def both_leave(first: Membership, second: Membership, now: datetime) -> list[str]:
    return at_once(
        lambda: services.leave_partner(membership=first, by=first.person, at=now),
        lambda: services.leave_partner(membership=second, by=second.person, at=now),
    )


def test_two_managers_leaving_at_once_leave_one(now: datetime) -> None:
    """PRIV-03."""
    house, second = two_managers()
    assert both_leave(house.manager, second, now) == ["LastManager"]
    assert Membership.objects.active(now.date()).managers().filter(partner=house.partner).count() == 1


def test_without_the_lock_both_managers_would_leave(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: with the partner's lock off, each sees the other stay."""
    house, second = two_managers()
    checked = threading.Barrier(2)
    check = memberships._require_other_manager

    def slowly(*args: object) -> None:
        check(*args)  # type: ignore[arg-type]
        checked.wait(10)

    monkeypatch.setattr(memberships, "lock_partner", lambda partner: partner)
    monkeypatch.setattr(memberships, "_require_other_manager", slowly)
    assert both_leave(house.manager, second, now) == []
    assert not Membership.objects.active(now.date()).managers().filter(partner=house.partner).exists()


def test_letters_asked_for_at_once_are_one(now: datetime) -> None:
    """AUTH-15."""
    sent: list[bool] = []
    ask = lambda: sent.append(accounts.may_send_reset_letter(email="i@kestrel.example", at=now))  # noqa: E731
    assert at_once(*[ask] * 4) == []
    assert sorted(sent) == [False, False, False, True]
