"""Sponsors and counterparts: each side names its own, who leaves is a gap, what was stays as history."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry, User
from lms.partners import services
from lms.partners.models import Counterpart, Membership
from lms.partners.sides import Function, Side
from tests.factories import MembershipFactory, PersonaFactory, UserFactory
from tests.partners.conftest import House, signed_in

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def boss(db: None) -> User:
    """An executive of the vendor."""
    user = UserFactory(name="Vera Vendor", email="vera@halden.example")
    user.groups.add(Group.objects.get(name="Executives"))
    return user


def name(house: House, person: User, by: User, at: datetime, **other: Any) -> Counterpart:
    words = {"side": Side.PARTNER, "function": Function.EXECUTIVE} | other
    return services.name_counterpart(partner=house.partner, person=person, by=by, at=at, **words)


def place(house: House, at: datetime, side: Side = Side.PARTNER) -> services.Place:
    return services.places([house.partner], [Function.EXECUTIVE], at)[house.partner.pk][Function.EXECUTIVE, side]


def url(house: House, view: str, *args: Any) -> str:
    return reverse(f"partners:{view}", args=[house.partner.public_id, *args])


def text_of(person: User, house: House) -> str:
    response = signed_in(person).get(url(house, "contacts"))
    assert response.status_code == 200
    return str(response.content.decode())


def test_named_again_changes_nothing_and_another_makes_history(a: House, now: datetime) -> None:
    manager, rep = a.manager.person, a.rep.person
    first = name(a, rep, manager, now)
    assert name(a, rep, manager, now + DAY) == first
    second = name(a, manager, manager, now + 2 * DAY)
    first.refresh_from_db()
    assert (first.ended_at, first.ended_by) == (now + 2 * DAY, manager)
    assert place(a, now + 3 * DAY).counterpart == second
    actions = AuditEntry.objects.filter(action__endswith="_counterpart").order_by("pk").values_list("action", flat=True)
    assert [one.partition(".")[2] for one in actions] == ["name_counterpart", "end_counterpart", "name_counterpart"]


def test_left_empty_is_a_gap_since_that_day_and_twice_changes_nothing(a: House, now: datetime) -> None:
    assert place(a, now).is_gap is False
    sponsor = name(a, a.rep.person, a.manager.person, now)
    for later in (DAY, 2 * DAY):
        ended = services.end_counterpart(counterpart=sponsor, by=a.manager.person, at=now + later)
    found = place(a, now + 5 * DAY)
    assert (ended.ended_at, found.is_gap, found.empty_since) == (now + DAY, True, (now + DAY).date())


def test_each_side_speaks_for_itself(a: House, b: House, channel_manager: User, boss: User, now: datetime) -> None:
    for by, side, person in (
        (channel_manager, Side.PARTNER, a.rep.person),
        (a.manager.person, Side.VENDOR, boss),
        (a.rep.person, Side.PARTNER, a.rep.person),
        (b.manager.person, Side.PARTNER, a.rep.person),
    ):
        with pytest.raises(services.NotYourSide):
            name(a, person, by, now, side=side)
    sponsor = name(a, boss, channel_manager, now, side=Side.VENDOR)
    with pytest.raises(services.NotYourSide):
        services.end_counterpart(counterpart=sponsor, by=a.manager.person, at=now)


def test_only_who_stands_on_the_side_is_named(
    a: House, b: House, channel_manager: User, boss: User, now: datetime
) -> None:
    """Somebody else's person, a leaver, a closed account; for the vendor: no role, a partner's person with one."""
    services.leave_partner(membership=a.rep, by=None, at=now)
    closed = MembershipFactory(partner=a.partner, person__is_active=False).person
    for person in (b.rep.person, a.rep.person, closed, boss):
        with pytest.raises(services.NotAvailable):
            name(a, person, a.manager.person, now)
    b.rep.person.groups.add(Group.objects.get(name="Executives"))
    for person in (UserFactory(), b.rep.person):
        with pytest.raises(services.NotAvailable):
            name(a, person, channel_manager, now, side=Side.VENDOR)


def test_suspended_partner_names_nobody(a: House, channel_manager: User, boss: User, now: datetime) -> None:
    sponsor = name(a, boss, channel_manager, now, side=Side.VENDOR)
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    with pytest.raises(services.PartnerSuspended):
        name(a, channel_manager, channel_manager, now, side=Side.VENDOR)
    with pytest.raises(services.PartnerSuspended):
        services.end_counterpart(counterpart=sponsor, by=channel_manager, at=now)


def test_who_leaves_is_a_gap_at_once_also_when_he_comes_back(a: House, now: datetime) -> None:
    name(a, a.rep.person, a.manager.person, now)
    services.leave_partner(membership=a.rep, by=None, at=now + DAY)
    gap = place(a, now + DAY)
    assert (gap.counterpart, gap.empty_since) == (None, (now + DAY).date())
    later = now + 3 * DAY
    persona = PersonaFactory()
    services.join_partner(person=a.rep.person, partner=a.partner, persona=persona, by=None, at=later)
    assert place(a, later).is_gap
    assert name(a, a.rep.person, a.manager.person, later) == place(a, later).counterpart


def test_planned_last_day_still_counts(a: House, now: datetime) -> None:
    name(a, a.rep.person, a.manager.person, now)
    Membership.objects.filter(pk=a.rep.pk).update(ends_on=(now + DAY).date())
    assert place(a, now + DAY).counterpart is not None
    assert place(a, now + 2 * DAY).empty_since == (now + 2 * DAY).date()


def test_closed_account_is_a_gap_since_its_day_and_stays_so(a: House, now: datetime) -> None:
    name(a, a.rep.person, a.manager.person, now)
    User.objects.filter(pk=a.rep.person.pk).update(is_active=False, closed_at=now + DAY)
    a.rep.ends_on = (now + 9 * DAY).date()
    a.rep.save()
    for later in (2 * DAY, 20 * DAY):
        assert place(a, now + later).empty_since == (now + DAY).date()


def test_whoever_was_named_last_stands_there_whatever_the_clocks_said(a: House, now: datetime) -> None:
    name(a, a.rep.person, a.manager.person, now + DAY)
    last = name(a, a.manager.person, a.manager.person, now)
    assert place(a, now + 2 * DAY).counterpart == last


def test_nobody_names_for_both_sides(a: House, channel_manager: User, boss: User, now: datetime) -> None:
    MembershipFactory(partner=a.partner, person=channel_manager, role=Membership.Role.MANAGER)
    with pytest.raises(services.NotYourSide):
        name(a, boss, User.objects.get(pk=channel_manager.pk), now, side=Side.VENDOR)


def test_what_is_no_longer_so_is_not_said_to_be_empty(a: House, now: datetime) -> None:
    old = name(a, a.rep.person, a.manager.person, now)
    name(a, a.manager.person, a.manager.person, now)
    answer = signed_in(a.manager.person).post(url(a, "contact_end", old.public_id), follow=True).content.decode()
    assert ("no longer named" in answer, "is empty now" in answer) == (True, False)


def test_closed_account_and_lost_role_are_gaps_without_a_day(
    a: House, channel_manager: User, boss: User, now: datetime
) -> None:
    name(a, a.rep.person, a.manager.person, now)
    name(a, boss, channel_manager, now, side=Side.VENDOR)
    assert services.sponsor_gaps([a.partner], now) == {}
    User.objects.filter(pk=a.rep.person.pk).update(is_active=False)
    boss.groups.clear()
    gaps = services.sponsor_gaps([a.partner], now)[a.partner.pk]
    assert [(one.side, one.empty_since, one.is_gap) for one in gaps] == [(s, None, True) for s in Side]


@pytest.mark.parametrize("broken", [{"membership": None}, {"side": "vendor"}, {"ended_at": timezone.now()}])
def test_database_refuses(a: House, now: datetime, broken: dict[str, Any]) -> None:
    sponsor = name(a, a.rep.person, a.manager.person, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Counterpart.objects.filter(pk=sponsor.pk).update(**broken)
    sponsor.pk, sponsor.public_id = None, a.partner.public_id
    with pytest.raises(IntegrityError), transaction.atomic():
        sponsor.save(force_insert=True)


def test_both_sides_see_whom_to_write_to_and_never_a_leaver(
    a: House, b: House, channel_manager: User, boss: User
) -> None:
    now = timezone.now()
    name(a, boss, channel_manager, now, side=Side.VENDOR, function=Function.SALES)
    name(a, a.rep.person, a.manager.person, now, function=Function.SALES)
    other = MembershipFactory(partner=a.partner)
    for person in (other.person, a.manager.person, channel_manager):
        text = text_of(person, a)
        assert f"mailto:{boss.email}" in text
        assert f"mailto:{a.rep.person.email}" in text
        assert text.count("No sponsor yet") == 2
    services.leave_partner(membership=a.rep, by=None, at=now)
    for person, sees_who in ((other.person, False), (a.manager.person, True), (channel_manager, True)):
        text = text_of(person, a)
        assert a.rep.person.email not in text
        assert ("Nobody since" in text, "Rep Aster" in text) == (True, sees_who)
    assert signed_in(b.rep.person).get(url(a, "contacts")).status_code == 404


def test_sponsor_is_named_changed_and_taken_back_on_the_pages(a: House, channel_manager: User, boss: User) -> None:
    manager, channel = signed_in(a.manager.person), signed_in(channel_manager)
    form = url(a, "contact_name", "executive", "partner")
    assert "Rep Aster (Sales rep)" in manager.get(form).content.decode()
    for _ in range(2):
        assert manager.post(form, {"who": str(a.rep.public_id)}).url == url(a, "contacts")
    channel.post(url(a, "contact_name", "executive", "vendor"), {"who": str(boss.public_id)})
    assert Counterpart.objects.count() == 2
    ours = Counterpart.objects.get(side=Side.VENDOR)
    assert manager.post(url(a, "contact_end", ours.public_id)).status_code == 403
    channel.post(url(a, "contact_end", ours.public_id))
    text = text_of(a.manager.person, a)
    assert ("No sponsor since" in text, "Who it was earlier" in text) == (True, True)
    assert f"mailto:{boss.email}" not in text


def test_who_left_while_the_form_was_open_is_refused(a: House, b: House) -> None:
    manager = signed_in(a.manager.person)
    services.leave_partner(membership=a.rep, by=None, at=timezone.now())
    for who in (a.rep.public_id, b.rep.public_id, "x", ""):
        response = manager.post(url(a, "contact_name", "sales", "partner"), {"who": str(who)})
        assert (response.status_code, Counterpart.objects.count()) == (200, 0)
    assert manager.get(url(a, "contact_name", "gardening", "partner")).status_code == 404
    assert manager.get(url(a, "contact_name", "sales", "nobody")).status_code == 404


def test_suspended_partner_is_read_only_for_channel_roles(a: House, channel_manager: User, boss: User) -> None:
    now = timezone.now()
    sponsor = name(a, boss, channel_manager, now, side=Side.VENDOR)
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=now)
    channel = signed_in(channel_manager)
    assert "Name somebody" not in text_of(channel_manager, a)
    refused = channel.post(url(a, "contact_name", "sales", "vendor"), {"who": str(boss.public_id)})
    assert (refused.status_code, "is suspended" in refused.content.decode()) == (403, True)
    channel.post(url(a, "contact_end", sponsor.public_id))
    sponsor.refresh_from_db()
    assert sponsor.ended_at is None
    assert signed_in(a.manager.person).get(url(a, "contacts")).status_code == 403
