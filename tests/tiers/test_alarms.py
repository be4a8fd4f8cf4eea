"""Cliff alarms: at 180, 90 and 30 days, once each, to those who can act, naming who must do what."""

from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.db import IntegrityError, transaction

from certifications.services import revoke_credential
from lms.accounts.models import User
from lms.events.services import drain
from lms.partners.models import Membership, Partner
from lms.partners.services import leave_partner, suspend_partner
from lms.tiers import services
from lms.tiers.models import Alarm
from lms.tiers.tasks import raise_tier_alarms
from tests.factories import PartnerFactory, UserFactory
from tests.tiers.factories import certify, member, programme

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(now: datetime) -> Membership:
    """The manager of a partner at Select, whose one certified person is Rolf."""
    programme()
    channel: User = UserFactory(name="Cora Channel")
    channel.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    partner = PartnerFactory(name="Kestrel", channel_manager=channel)
    made = member(partner, role=Membership.Role.MANAGER, person=UserFactory(name="Mara Manager"))
    certify(member(partner, person=UserFactory(name="Rolf Rep")), now)
    mail.outbox.clear()
    return made


def ends_in(partner: Partner, days: int) -> datetime:
    """The moment so many days before the tier is lost."""
    expires_on = partner.memberships.get(person__name="Rolf Rep").person.credentials.get().expires_on
    assert expires_on is not None
    issued = partner.decisions.latest("number").decided_at
    return issued + ((expires_on + timedelta(days=1)) - issued.date()) - timedelta(days=days)


def said(at: datetime) -> tuple[int, list[str]]:
    mail.outbox.clear()
    raised = services.raise_alarms(at=at)
    drain()
    return raised, sorted(letter.to[0] for letter in mail.outbox)


def test_loss_is_said_at_each_distance_once_to_both(manager: Membership) -> None:
    partner = manager.partner
    everybody = sorted([manager.person.email, partner.channel_manager.email])
    assert said(ends_in(partner, 181)) == (0, [])
    assert said(ends_in(partner, 180)) == (1, everybody)
    assert said(ends_in(partner, 179)) == (0, [])
    assert said(ends_in(partner, 90)) == (1, everybody)
    assert said(ends_in(partner, 31)) == (0, [])
    assert said(ends_in(partner, 30)) == (1, everybody)
    assert said(ends_in(partner, 1)) == (0, [])
    assert list(Alarm.objects.order_by("pk").values_list("days_ahead", flat=True)) == [180, 90, 30]


def test_loss_first_seen_late_is_said_at_the_nearest_distance_only(manager: Membership) -> None:
    assert said(ends_in(manager.partner, 20))[0] == 1
    assert list(Alarm.objects.values_list("days_ahead", flat=True)) == [30]


def test_letter_names_the_person_what_ends_and_what_renews_it(manager: Membership) -> None:
    said(ends_in(manager.partner, 90))
    letter = next(one for one in mail.outbox if one.to == [manager.person.email])
    assert letter.subject == "Kestrel: Select ends in 90 days or less"
    assert "Rolf Rep: Sales ends on" in letter.body
    assert "Renewed by passing" in letter.body
    assert "falls to Registered" in letter.body


def test_leaver_is_named_as_one(manager: Membership, now: datetime) -> None:
    rolf = manager.partner.memberships.get(person__name="Rolf Rep")
    rolf.ends_on = (now + timedelta(days=40)).date()
    rolf.save(update_fields=["ends_on"])
    assert said(now)[0] == 1
    (line,) = services.alarm_lines(Alarm.objects.get())
    assert (line.name, line.what, line.renewal) == ("Rolf Rep", "leaves the partner", "")


def test_retired_certification_says_so(manager: Membership, now: datetime) -> None:
    rolf = manager.partner.memberships.get(person__name="Rolf Rep")
    certification = rolf.person.credentials.get().certification
    certification.retired_at = now
    certification.save(update_fields=["retired_at"])
    said(ends_in(manager.partner, 30))
    (line,) = services.alarm_lines(Alarm.objects.get())
    assert line.renewal == "It is retired and can't be renewed."


def test_who_may_no_longer_see_it_gets_no_letter(manager: Membership) -> None:
    at = ends_in(manager.partner, 30)
    mail.outbox.clear()
    services.raise_alarms(at=at)
    Membership.objects.filter(pk=manager.pk).update(role=Membership.Role.MEMBER)
    drain()
    assert [letter.to for letter in mail.outbox] == [[manager.partner.channel_manager.email]]


def test_suspended_partner_and_one_without_programme_hear_nothing(manager: Membership, now: datetime) -> None:
    assert services.raise_alarms(at=now - timedelta(days=4000)) == 0
    suspend_partner(partner=manager.partner, by=manager.partner.channel_manager, reason="x", at=now)
    assert said(ends_in(manager.partner, 30)) == (0, [])


def test_tier_that_is_gone_already_is_not_at_risk(manager: Membership, now: datetime) -> None:
    rolf = manager.partner.memberships.get(person__name="Rolf Rep")
    credential = rolf.person.credentials.get()
    revoke_credential(credential=credential, by=manager.partner.channel_manager, reason="x", at=now)
    drain()
    assert said(ends_in(manager.partner, 30)) == (0, [])
    leave_partner(membership=rolf, by=None, at=now)


def test_the_database_refuses_the_same_alarm_twice(manager: Membership) -> None:
    said(ends_in(manager.partner, 30))
    names = ("partner_id", "lost_on", "tier_id", "days_ahead", "tier_after", "raised_at", "detail")
    (row,) = Alarm.objects.values(*names)
    with pytest.raises(IntegrityError), transaction.atomic():
        Alarm.objects.create(**row)


def test_task_runs(manager: Membership) -> None:
    assert raise_tier_alarms() in {0, 1}
