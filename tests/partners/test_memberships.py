"""Joining, changing and leaving: each rule, each refusal, replays."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from lms.accounts.models import AuditEntry, User
from lms.events.models import Message
from lms.partners import services
from lms.partners.models import Membership, today
from tests.factories import MembershipFactory, PersonaFactory, TierNameFactory, UserFactory
from tests.partners.conftest import House

MEMBER, MANAGER = Membership.Role.MEMBER, Membership.Role.MANAGER
pytestmark = pytest.mark.django_db


def fresh(user: User) -> User:
    """The person as a new request would load him."""
    return User.objects.get(pk=user.pk)


def test_join_partner_starts_today_and_tells(a: House, now: datetime) -> None:
    person = UserFactory()
    membership = services.join_partner(person=person, partner=a.partner, persona=PersonaFactory(), by=None, at=now)
    assert (membership.starts_on, membership.ends_on, membership.role) == (now.date(), None, MEMBER)
    message = Message.objects.get(type="partners.MembershipChanged")
    assert message.payload["person_id"] == str(person.public_id)
    entry = AuditEntry.objects.get(action="partners.join_partner")
    assert (entry.actor, entry.object_id, entry.partner_id) == (
        None,
        str(membership.public_id),
        str(a.partner.public_id),
    )


def test_join_partner_twice_is_refused_and_adds_nothing(a: House, now: datetime) -> None:
    with pytest.raises(services.AlreadyMember):
        services.join_partner(
            person=a.rep.person, partner=a.partner, persona=PersonaFactory(), by=a.manager.person, at=now
        )
    assert Membership.objects.filter(partner=a.partner).count() == 2
    assert not Message.objects.filter(type="partners.MembershipChanged").exists()


def test_join_partner_by_a_member_is_refused(a: House, now: datetime) -> None:
    """PRIV-03: a member gives no manager's role."""
    with pytest.raises(services.RoleTooHigh):
        services.join_partner(
            person=UserFactory(), partner=a.partner, persona=PersonaFactory(), role=MANAGER, by=a.rep.person, at=now
        )


def test_join_partner_by_another_partners_manager_is_refused(a: House, b: House, now: datetime) -> None:
    with pytest.raises(services.RoleTooHigh):
        services.join_partner(
            person=UserFactory(), partner=a.partner, persona=PersonaFactory(), by=b.manager.person, at=now
        )


def test_join_partner_while_suspended_is_refused(a: House, channel_manager: User, now: datetime) -> None:
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    with pytest.raises(services.PartnerSuspended):
        services.join_partner(person=UserFactory(), partner=a.partner, persona=PersonaFactory(), by=None, at=now)


def test_database_refuses_two_open_memberships(a: House) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        MembershipFactory(person=a.rep.person, partner=a.partner)


def test_database_refuses_an_end_before_the_start(a: House) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=a.rep.pk).update(ends_on=a.rep.starts_on - timedelta(days=1))


def test_database_refuses_an_end_at_once_without_a_day(a: House, now: datetime) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Membership.objects.filter(pk=a.rep.pk).update(ended_at=now)


def test_leave_partner_ends_it_the_same_day(a: House, now: datetime) -> None:
    """AUTH-29: a person removed today is no member for the rest of today; a planned last day still counts."""
    ended = services.leave_partner(membership=a.rep, by=a.manager.person, at=now)
    assert (ended.ends_on, ended.ended_at) == (now.date(), now)
    active = Membership.objects.active(now.date())
    assert not active.filter(pk=a.rep.pk).exists()
    planned = MembershipFactory(partner=a.partner, ends_on=now.date())
    assert active.filter(pk=planned.pk).exists()
    assert Membership.objects.active(now.date() - timedelta(days=1)).filter(pk=a.rep.pk).exists()


def test_leave_partner_twice_changes_and_tells_once(a: House, now: datetime) -> None:
    services.leave_partner(membership=a.rep, by=a.manager.person, at=now)
    again = services.leave_partner(membership=a.rep, by=a.manager.person, at=now + timedelta(hours=1))
    assert again.ended_at == now
    assert Message.objects.filter(type="partners.MembershipChanged").count() == 1


def test_leaving_on_the_first_day_and_coming_back_keeps_both_rows(a: House, now: datetime) -> None:
    person = UserFactory()
    join = {"person": person, "partner": a.partner, "persona": PersonaFactory(), "by": None, "at": now}
    first = services.join_partner(**join)
    services.leave_partner(membership=first, by=None, at=now)
    second = services.join_partner(**join)
    assert Membership.objects.active(now.date()).get(person=person) == second


def test_last_manager_cannot_leave_or_step_down(a: House, now: datetime) -> None:
    """PRIV-03."""
    with pytest.raises(services.LastManager):
        services.leave_partner(membership=a.manager, by=a.manager.person, at=now)
    with pytest.raises(services.OwnRole):
        services.change_membership(
            membership=a.manager, persona=a.manager.persona, role=MEMBER, by=a.manager.person, at=now
        )
    assert Membership.objects.get(pk=a.manager.pk).is_manager


def test_manager_can_leave_when_another_stays(a: House, now: datetime) -> None:
    """The twin: what refuses the last manager does not refuse every one."""
    MembershipFactory(partner=a.partner, role=MANAGER)
    assert services.leave_partner(membership=a.manager, by=a.manager.person, at=now).ended_at == now


def test_channel_manager_may_remove_the_last_manager(a: House, channel_manager: User, now: datetime) -> None:
    assert services.leave_partner(membership=a.manager, by=channel_manager, at=now).ended_at == now


def test_manager_makes_a_member_a_manager(a: House, now: datetime) -> None:
    changed = services.change_membership(
        membership=a.rep, persona=a.rep.persona, role=MANAGER, by=a.manager.person, at=now
    )
    assert changed.is_manager
    entry = AuditEntry.objects.get(action="partners.change_membership")
    assert (entry.detail["role_before"], entry.detail["role"]) == (MEMBER, MANAGER)


def test_member_cannot_make_himself_a_manager(a: House, now: datetime) -> None:
    """PRIV-03: own role."""
    with pytest.raises(services.OwnRole):
        services.change_membership(membership=a.rep, persona=a.rep.persona, role=MANAGER, by=a.rep.person, at=now)


def test_member_cannot_demote_a_manager(a: House, now: datetime) -> None:
    MembershipFactory(partner=a.partner, role=MANAGER)
    with pytest.raises(services.RoleTooHigh):
        services.change_membership(
            membership=a.manager, persona=a.manager.persona, role=MEMBER, by=a.rep.person, at=now
        )


def test_manager_changes_own_persona(a: House, now: datetime) -> None:
    engineer = PersonaFactory(slug="presales_engineer")
    changed = services.change_membership(
        membership=a.manager, persona=engineer, role=MANAGER, by=a.manager.person, at=now
    )
    assert changed.persona == engineer


def test_change_membership_replayed_tells_once(a: House, now: datetime) -> None:
    engineer = PersonaFactory(slug="presales_engineer")
    for _ in range(2):
        services.change_membership(membership=a.rep, persona=engineer, role=MEMBER, by=a.manager.person, at=now)
    assert Message.objects.filter(type="partners.MembershipChanged").count() == 1


def test_change_of_an_ended_membership_is_refused(a: House, now: datetime) -> None:
    services.leave_partner(membership=a.rep, by=a.manager.person, at=now)
    with pytest.raises(services.MembershipEnded):
        services.change_membership(membership=a.rep, persona=a.rep.persona, role=MANAGER, by=a.manager.person, at=now)


def test_change_at_a_suspended_partner_is_refused(a: House, channel_manager: User, now: datetime) -> None:
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    with pytest.raises(services.PartnerSuspended):
        services.change_membership(membership=a.rep, persona=a.rep.persona, role=MANAGER, by=channel_manager, at=now)


def test_current_membership_is_the_newest_at_a_partner_in_good_standing(
    a: House, b: House, channel_manager: User, now: datetime
) -> None:
    newer = MembershipFactory(person=a.rep.person, partner=b.partner, starts_on=now.date() - timedelta(days=1))
    assert services.current_membership(a.rep.person, now.date()) == newer
    services.suspend_partner(partner=b.partner, by=channel_manager, reason="Unpaid", at=now)
    assert services.current_membership(a.rep.person, now.date()) == a.rep


def test_permissions_follow_the_role(a: House, b: House, channel_manager: User) -> None:
    asked = ["view_partner", "view_people", "manage_people", "invite_person", "view_all_partners"]
    may = {
        name: [fresh(person).has_perm(f"partners.{perm}", a.partner) for perm in asked[:4]]
        + [fresh(person).has_perm("partners.view_all_partners")]
        for name, person in {
            "rep": a.rep.person,
            "manager": a.manager.person,
            "stranger": b.manager.person,
            "channel": channel_manager,
        }.items()
    }
    assert may == {
        "rep": [True, False, False, False, False],
        "manager": [True, True, True, True, False],
        "stranger": [False, False, False, False, False],
        "channel": [True, True, False, True, True],
    }


def test_permissions_end_with_suspension_and_inactivity(a: House, channel_manager: User, now: datetime) -> None:
    """TEN-25."""
    manager = fresh(a.manager.person)
    assert manager.has_perm("partners.manage_people", a.partner)
    manager.is_active = False
    assert not manager.has_perm("partners.manage_people", a.partner)
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    assert not fresh(a.manager.person).has_perm("partners.manage_people", a.partner)
    services.reinstate_partner(partner=a.partner, by=channel_manager, at=now)
    assert fresh(a.manager.person).has_perm("partners.manage_people", a.partner)


def test_visible_people_are_own_for_a_rep_and_the_partners_for_its_manager(a: House, b: House) -> None:
    """TEN-23."""
    assert set(Membership.objects.visible_to(fresh(a.rep.person))) == {a.rep}
    assert set(Membership.objects.visible_to(fresh(a.manager.person))) == {a.rep, a.manager}


def test_suspension_is_noted_once_and_history_stays(a: House, channel_manager: User, now: datetime) -> None:
    """TEN-25."""
    for _ in range(2):
        services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    assert AuditEntry.objects.filter(action="partners.suspend_partner").count() == 1
    assert Membership.objects.active(today()).filter(partner=a.partner).count() == 2
    for _ in range(2):
        services.reinstate_partner(partner=a.partner, by=channel_manager, at=now)
    assert AuditEntry.objects.filter(action="partners.reinstate_partner").count() == 1


def test_database_refuses_a_suspension_without_who_and_why(a: House, now: datetime) -> None:
    a.partner.suspended_at = now
    with pytest.raises(IntegrityError), transaction.atomic():
        a.partner.save(update_fields=["suspended_at"])


def test_set_tier_moves_since_only_with_the_tier(a: House, now: datetime) -> None:
    select = TierNameFactory(slug="select")
    services.set_tier(partner=a.partner, tier=select, at=now)
    services.set_tier(partner=a.partner, tier=select, at=now + timedelta(days=1))
    a.partner.refresh_from_db()
    assert (a.partner.current_tier, a.partner.tier_since) == (select, now)
    assert AuditEntry.objects.filter(action="partners.set_tier").count() == 1


def test_database_refuses_a_tier_without_since(a: House) -> None:
    a.partner.current_tier = TierNameFactory(slug="select")
    with pytest.raises(IntegrityError), transaction.atomic():
        a.partner.save(update_fields=["current_tier"])


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize("last", [None, -1, 0, 1])
@pytest.mark.parametrize("first", [-2, -1, 0, 1])
def test_a_row_and_a_query_judge_alike_whether_it_holds(
    first: int, last: int | None, ended: bool, now: datetime
) -> None:
    day = now.date()
    if (last is None and ended) or (last is not None and last < first):
        return  # no such row
    row = MembershipFactory(
        starts_on=day + timedelta(days=first),
        ends_on=None if last is None else day + timedelta(days=last),
        ended_at=now if ended else None,
    )
    assert row.holds(day) == Membership.objects.active(day).filter(pk=row.pk).exists()
