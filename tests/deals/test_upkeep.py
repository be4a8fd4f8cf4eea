"""What time does, whom letters go to, and what counts."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core import mail
from django.core.management import CommandError, call_command
from django.utils import timezone

from lms.deals import services, tasks
from lms.deals.models import Deal, EngagementRules, Reminder
from lms.deals.services import steps
from lms.events.services import drain
from lms.partners.models import Membership
from tests.deals.factories import (
    approved,
    channel_manager,
    document,
    house,
    manager_of,
    move,
    register,
    rules,
)
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_protection_ends_with_its_last_day_in_utc(now: datetime) -> None:
    """BIZ-15."""
    deal = approved(house(), now)
    last = deal.protected_until
    assert last is not None
    midnight = datetime.combine(last + DAY, time(), UTC)
    assert services.expire_deals(at=midnight - timedelta(seconds=1)) == 0
    assert (services.expire_deals(at=midnight), services.expire_deals(at=midnight)) == (1, 0)
    deal.refresh_from_db()
    assert (deal.state, deal.holds) == ("expired", False)


def test_question_that_nobody_answers_expires(now: datetime) -> None:
    deal = move(register(house(), now), "ask", channel_manager(), now, text="Who?")
    assert services.expire_deals(at=now + 14 * DAY - timedelta(seconds=1)) == 0
    assert services.expire_deals(at=now + 14 * DAY) == 1
    deal.refresh_from_db()
    assert deal.moves.order_by("-number")[0].text == "The question was not answered in 14 days."


def test_partner_is_told_once_per_mark_and_anew_after_an_extension(now: datetime) -> None:
    rep = house()
    deal = approved(rep, now)
    told = [services.remind_of_protection(at=now + days * DAY) for days in (59, 60, 61, 76, 76, 84, 90)]
    assert told == [0, 1, 0, 1, 0, 1, 0]
    move(deal, "extend", rep.person, now + 85 * DAY)
    assert services.remind_of_protection(at=now + 90 * DAY) == 1
    assert list(Reminder.objects.order_by("pk").values_list("days", flat=True)) == [30, 14, 7, 30]
    drain()
    letters = [letter for letter in mail.outbox if "protection ends" in letter.subject]
    assert [letter.to for letter in letters] == [[rep.person.email]] * 4


def test_letters_go_to_the_other_side(now: datetime) -> None:
    rep, efua = house(), channel_manager()
    rep.partner.channel_manager = efua
    rep.partner.save(update_fields=["channel_manager"])
    deal = register(rep, now)
    drain()
    assert [(letter.to, letter.subject) for letter in mail.outbox] == [([rep.person.email], "Acme GmbH: Submitted")]
    mail.outbox.clear()
    move(deal, "ask", efua, now, text="Who decides?")
    services.add_comment(deal=deal, text="Hello", by=efua, at=now)
    move(deal, "answer", rep.person, now, text="The CIO")
    services.add_comment(deal=deal, text="Thank you", by=rep.person, at=now)
    drain()
    assert [letter.to[0] for letter in mail.outbox] == [
        rep.person.email,
        rep.person.email,
        efua.email,
        efua.email,
    ]
    assert "Who decides?" in str(mail.outbox[0].body)


def test_who_left_gets_no_letter(now: datetime) -> None:
    rep = house()
    deal = register(rep, now)
    drain()
    mail.outbox.clear()
    Membership.objects.filter(pk=rep.pk).update(ends_on=rep.starts_on)
    move(deal, "approve", channel_manager(), now)
    services.add_comment(deal=deal, text="Hello", by=channel_manager("Other"), at=now)
    drain()
    assert mail.outbox == []


def test_managers_are_told_of_the_end_of_protection_when_the_rep_has_left(now: datetime) -> None:
    rep = house()
    approved(rep, now)
    MembershipFactory(partner=rep.partner)
    Membership.objects.filter(pk=rep.pk).update(ends_on=rep.starts_on)
    drain()
    mail.outbox.clear()
    services.remind_of_protection(at=now + 80 * DAY)
    drain()
    assert [letter.to for letter in mail.outbox] == [[manager_of(rep.partner).email]]


def test_deal_that_fails_does_not_keep_the_others(
    now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    rep, pass_on = house(), steps.pass_on
    bad, good = (approved(rep, now, customer_name=name, customer_domain="") for name in ("Bad", "Good"))
    monkeypatch.setattr(steps, "pass_on", lambda deal, at: pass_on(deal, at=at) if deal.pk != bad.pk else 1 / 0)
    assert services.expire_deals(at=now + 91 * DAY) == 1
    assert dict(Deal.objects.values_list("customer_name", "state")) == {"Bad": "approved", "Good": "expired"}
    assert f"deal {bad.public_id} is left to the next run" in caplog.text
    monkeypatch.setattr(steps, "pass_on", pass_on)
    assert services.expire_deals(at=now + 91 * DAY) == 1
    assert good.moves.filter(move="expire").count() == 1


@pytest.mark.parametrize("count", [1, 3])
def test_deals_far_from_their_end_cost_no_reading_of_rules(
    now: datetime, count: int, django_assert_num_queries: Any
) -> None:
    rep = house()
    for number in range(count):
        approved(rep, now, customer_name=f"C{number}", customer_domain="")
    with django_assert_num_queries(2):
        assert services.remind_of_protection(at=now + 59 * DAY) == 0


def test_only_approved_deals_count(now: datetime) -> None:
    """R126."""
    rep, efua = house(), channel_manager()
    other = house("Birch")
    names = ("submitted", "approved", "won", "lost", "withdrawn", "rejected")
    deals = {name: register(rep, now, customer_name=name, customer_domain="", value="10.10") for name in names}
    for name in ("approved", "won", "lost", "withdrawn"):
        move(deals[name], "approve", efua, now)
    move(deals["won"], "win", rep.person, now)
    move(deals["lost"], "lose", rep.person, now, reason="price")
    move(deals["withdrawn"], "withdraw", rep.person, now)
    move(deals["rejected"], "reject", efua, now, reason="not_qualified")
    found = services.counted_deals(partners=[rep.partner, other.partner], since=now, until=now + DAY)
    counted = found[rep.partner.pk]
    assert (counted.registered, counted.approved, counted.won) == (4, 3, 1)
    assert counted.won_value == {"EUR": Decimal("10.10")}
    assert (found[other.partner.pk].registered, found[other.partner.pk].won_value) == (0, {})
    eligible = {deal.customer_name for deal in Deal.objects.all() if deal.is_eligible}
    assert (
        eligible == set(Deal.objects.eligible().values_list("customer_name", flat=True)) == {"approved", "won", "lost"}
    )


def test_medians_need_three(now: datetime) -> None:
    rep, efua = house(), channel_manager()
    for number, hours in enumerate((1, 5, 30)):
        assert services.median_answer(at=now + DAY) is None
        deal = register(rep, now, customer_name=f"C{number}", customer_domain="")
        move(deal, "approve", efua, now + timedelta(hours=hours))
        move(deal, "win", rep.person, now + timedelta(days=hours))
    assert services.median_answer(at=now + 2 * DAY) == timedelta(hours=5)
    assert services.median_cycle(at=now + 40 * DAY) == timedelta(days=5)


def test_median_is_kept_for_a_while(now: datetime, django_assert_num_queries: Any) -> None:
    assert services.recent_median_answer(at=now) is None
    with django_assert_num_queries(0):
        assert services.recent_median_answer(at=now) is None


def test_beat_calls_the_services(now: datetime) -> None:
    assert (tasks.expire_deals(), tasks.remind_of_protection(), tasks.escalate_overdue()) == (0, 0, 0)


def test_command_publishes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump(document()))
    call_command("deals", "publish", str(file))
    call_command("deals", "publish", str(file), "--from", f"{timezone.now() + 30 * DAY:%Y-%m-%d}")
    assert list(EngagementRules.objects.order_by("number").values_list("number", flat=True)) == [1, 2]
    file.write_text("name: x")
    for wrong in ([], ["--from", "soon"], ["--from", "2099-01-01"]):
        with pytest.raises(CommandError):
            call_command("deals", "publish", str(file), *wrong)


def test_tasks_are_finished_once(now: datetime) -> None:
    rules()
    rep = house()
    deal = register(rep, now)
    task = services.add_task(deal=deal, title="Call", due_on=now.date(), by=rep.person, at=now)
    first = services.finish_task(task=task, by=rep.person, at=now)
    again = services.finish_task(task=task, by=channel_manager(), at=now + DAY)
    assert (again.done_by, again.done_at) == (rep.person, first.done_at)
    stranger = house("Birch").person
    for call in (
        lambda: services.add_task(deal=deal, title="Call", due_on=now.date(), by=stranger, at=now),
        lambda: services.add_comment(deal=deal, text="Hello", by=stranger, at=now),
    ):
        with pytest.raises(services.NotYourMove):
            call()
    for text in ("", "x" * 2001):
        with pytest.raises(services.WordsMissing):
            services.add_comment(deal=deal, text=text, by=rep.person, at=now)
    with pytest.raises(services.WordsMissing):
        services.add_task(deal=deal, title="", due_on=now.date(), by=rep.person, at=now)
