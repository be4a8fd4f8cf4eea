"""Common customers: both sides agree, both see what both have, and nothing else is kept or told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry, User
from lms.deals import services, tasks
from lms.deals.models import OverlapComparison, OverlapHash, OverlapMatch
from lms.deals.services.overlapping import FEWEST_DOMAINS, LONGEST, MOST_A_YEAR, MOST_DOMAINS
from lms.partners.models import Membership
from lms.partners.services import suspend_partner
from tests.deals.factories import account, channel_manager, house, manager_of
from tests.deals.test_pages import signed_in
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = [f"shop{number}.example" for number in range(FEWEST_DOMAINS)]
PASTED = "\n".join(["my-domain.example", *LIST[1:]])


def ask(rep: Membership, at: datetime, **other: Any) -> OverlapComparison:
    words = {"domains": LIST, "purpose": "A joint event", "ends_on": (at + 30 * DAY).date()} | other
    by = words.pop("by", None) or manager_of(rep.partner)
    return services.ask_overlap(partner=rep.partner, by=by, at=at, **words)


def url(name: str, *args: Any) -> str:
    return reverse(f"deals:{name}", args=args)


def test_both_see_what_both_have_and_the_rest_is_deleted(rep: Membership, now: datetime) -> None:
    for name, domain, relation, lost_on in (
        ("One", "https://www.shop1.example/about", "account", None),
        ("Two", "shop2.example", "lead", None),
        ("Gone", "shop3.example", "lost", now.date()),
        ("Ours alone", "secret.example", "account", None),
        ("No domain", "", "account", None),
    ):
        account(now, relation, name=name, domain=domain, lost_on=lost_on)
    asked = ask(rep, now, domains=[*LIST, "WWW.shop1.example", "x@shop2.example", "gmail.com", "no domain"])
    digests = set(OverlapHash.objects.values_list("digest", flat=True))
    assert (asked.size, len(digests), any("shop" in one for one in digests)) == (len(LIST), len(LIST), False)
    for _ in range(2):
        agreed = services.agree_overlap(comparison=asked, by=channel_manager(), at=now + DAY)
    assert [one.domain for one in agreed.matches.order_by("domain")] == ["shop1.example", "shop2.example"]
    assert (OverlapHash.objects.count(), agreed.sealed_key, agreed.agreed_at) == (0, "", now + DAY)


def test_hashes_of_two_comparisons_have_nothing_in_common(rep: Membership, now: datetime) -> None:
    ask(rep, now)
    ask(house("Merlin"), now)
    assert OverlapHash.objects.values("digest").distinct().count() == 2 * len(LIST)


@pytest.mark.parametrize("is_agreed", [False, True])
@pytest.mark.parametrize("side", ["partner", "vendor"])
def test_consent_taken_back_deletes_everything_at_once(
    rep: Membership, now: datetime, is_agreed: bool, side: str
) -> None:
    account(now, "account", domain="shop1.example")
    asked = ask(rep, now)
    if is_agreed:
        services.agree_overlap(comparison=asked, by=channel_manager("Agrees"), at=now)
    by = manager_of(rep.partner) if side == "partner" else channel_manager()
    for later in (DAY, 2 * DAY):
        end = services.decline_overlap if side == "vendor" and not is_agreed else services.end_overlap
        ended = end(comparison=asked, by=by, at=now + later)
    assert (OverlapHash.objects.count(), OverlapMatch.objects.count(), ended.sealed_key) == (0, 0, "")
    said = "declined" if side == "vendor" and not is_agreed else "withdrawn"
    assert (ended.ending, ended.ended_by, ended.ended_at) == (said, by, now + DAY)
    assert AuditEntry.objects.filter(action="deals.end_overlap").count() == 1
    with pytest.raises(services.OverlapEnded):
        services.agree_overlap(comparison=asked, by=channel_manager("Late"), at=now + 3 * DAY)


def test_last_day_ends_it(rep: Membership, now: datetime) -> None:
    asked = ask(rep, now, ends_on=(now + DAY).date())
    assert services.expire_overlaps(at=now + DAY) == 0
    with pytest.raises(services.OverlapEnded):
        services.agree_overlap(comparison=asked, by=channel_manager(), at=now + 2 * DAY)
    assert [services.expire_overlaps(at=now + 2 * DAY) for _ in range(2)] == [1, 0]
    asked.refresh_from_db()
    assert (asked.ending, asked.ended_by, OverlapHash.objects.count()) == ("over", None, 0)
    assert tasks.expire_overlaps() == 0


def test_new_question_replaces_one_that_is_past(rep: Membership, now: datetime) -> None:
    ask(rep, now, ends_on=(now + DAY).date())
    assert ask(rep, now + 5 * DAY).ended_at is None
    assert list(OverlapComparison.objects.order_by("pk").values_list("ending", flat=True)) == ["over", ""]


def test_a_corrected_list_is_not_taken_for_the_same_question(rep: Membership, now: datetime) -> None:
    first = ask(rep, now)
    assert ask(rep, now) == first
    with pytest.raises(services.TooManyOverlaps, match="Take the other one back"):
        ask(rep, now, domains=[*LIST[1:], "corrected.example"])
    services.agree_overlap(comparison=first, by=channel_manager(), at=now)
    with pytest.raises(services.TooManyOverlaps, match="Take the other one back"):
        ask(rep, now)


def test_nobody_consents_for_both_sides(rep: Membership, now: datetime) -> None:
    asked = ask(rep, now)
    both = channel_manager()
    MembershipFactory(person=both, partner=rep.partner, role=Membership.Role.MANAGER)
    both = User.objects.get(pk=both.pk)
    for act in (services.agree_overlap, services.decline_overlap):
        with pytest.raises(services.NotYourMove):
            act(comparison=asked, by=both, at=now)
    assert services.end_overlap(comparison=asked, by=both, at=now).ending == "withdrawn"


def test_an_old_page_declines_nothing_that_was_agreed_to(rep: Membership, now: datetime) -> None:
    asked = services.agree_overlap(comparison=ask(rep, now), by=channel_manager(), at=now)
    with pytest.raises(services.OverlapAgreed, match="take it back"):
        services.decline_overlap(comparison=asked, by=channel_manager("Late"), at=now)
    asked.refresh_from_db()
    assert asked.ended_at is None


def test_suspended_partner_is_not_compared_and_nothing_is_shown(rep: Membership) -> None:
    now, efua = timezone.now(), channel_manager()
    account(now, "account", domain="shop1.example")
    waits, agreed = ask(house("Merlin"), now), services.agree_overlap(comparison=ask(rep, now), by=efua, at=now)
    for row in (waits, agreed):
        suspend_partner(partner=row.partner, by=efua, reason="Unpaid", at=now)
    with pytest.raises(services.OverlapEnded, match="is suspended"):
        services.agree_overlap(comparison=waits, by=efua, at=now)
    shown = [signed_in(efua).get(url("overlap", row.public_id)).content.decode() for row in (waits, agreed)]
    assert ["Agree and compare" in shown[0], "shop1.example" in shown[1]] == [False, False]


def test_list_shows_channel_roles_what_waits_first_also_who_is_a_member_somewhere(rep: Membership) -> None:
    now, efua = timezone.now(), channel_manager()
    ask(rep, now - DAY)
    services.decline_overlap(comparison=ask(house("Merlin"), now), by=efua, at=now)
    MembershipFactory(person=efua)
    client = signed_in(efua)
    page = client.get(url("overlaps")).content.decode()
    assert page.index(rep.partner.name) < page.index("Merlin")
    assert "Common customers (1 to answer)" in client.get(url("queue")).content.decode()


def test_guessing_is_limited(rep: Membership, now: datetime) -> None:
    first = ask(rep, now)
    assert ask(rep, now + DAY, ends_on=first.ends_on) == first
    with pytest.raises(services.TooManyOverlaps, match="One comparison at a time"):
        ask(rep, now, purpose="Another")
    for number in range(MOST_A_YEAR):
        asked = ask(rep, now + number * DAY, ends_on=first.ends_on)
        services.end_overlap(comparison=asked, by=manager_of(rep.partner), at=now + number * DAY)
    with pytest.raises(services.TooManyOverlaps, match="in twelve months"):
        ask(rep, now + 9 * DAY)
    assert ask(rep, now + 370 * DAY).size == len(LIST)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("text", {"domains": LIST[1:]}),
        ("text", {"domains": [f"shop{number}.example" for number in range(MOST_DOMAINS + 1)]}),
        ("text", {"domains": [*LIST[1:], "gmail.com", "www.shop1.example"]}),
        ("purpose", {"purpose": " "}),
        ("purpose", {"purpose": "x" * 301}),
        ("ends_on", {"days": 0}),
        ("ends_on", {"days": LONGEST.days + 1}),
    ],
)
def test_what_cannot_be_compared_names_its_field(
    rep: Membership, now: datetime, field: str, wrong: dict[str, Any]
) -> None:
    if "days" in wrong:
        wrong = {"ends_on": now.date() + wrong["days"] * DAY}
    with pytest.raises(services.BadOverlap) as refused:
        ask(rep, now, **wrong)
    assert (refused.value.field, OverlapComparison.objects.count()) == (field, 0)


def test_only_who_speaks_for_a_side_consents(rep: Membership, boss: User, now: datetime) -> None:
    stranger = manager_of(house("Merlin").partner)
    efua = channel_manager()
    for by in (rep.person, stranger, efua):
        with pytest.raises(services.NotYourMove):
            ask(rep, now, by=by)
    asked = ask(rep, now)
    with pytest.raises(services.NotYourMove):
        services.agree_overlap(comparison=asked, by=boss, at=now)
    for by in (rep.person, stranger):
        with pytest.raises(services.NotYourMove):
            services.end_overlap(comparison=asked, by=by, at=now)
    suspend_partner(partner=rep.partner, by=efua, reason="Unpaid", at=now)
    with pytest.raises(services.OverlapEnded):
        services.agree_overlap(comparison=asked, by=efua, at=now)
    with pytest.raises(services.NotYourMove):
        ask(rep, now, by=User.objects.get(pk=boss.pk))


@pytest.mark.parametrize("broken", ["agreed", "ended", "kept"])
def test_database_refuses(rep: Membership, now: datetime, broken: str) -> None:
    asked = ask(rep, now)
    changes: dict[str, Any] = {
        "agreed": {"agreed_at": now},
        "ended": {"ended_at": now, "ending": "withdrawn", "sealed_key": ""},
        "kept": {"ended_at": now, "ending": "over"},
    }[broken]
    with pytest.raises(IntegrityError), transaction.atomic():
        OverlapComparison.objects.filter(pk=asked.pk).update(**changes)


def test_asked_by_file_and_answered_on_the_pages(rep: Membership, boss: User) -> None:
    now = timezone.now()
    account(now, "account", domain="shop1.example")
    manager, channel = signed_in(boss), signed_in(channel_manager())
    file = SimpleUploadedFile("ours.csv", ("Domain,City\n" + "".join(f"{one},Lyon\n" for one in LIST)).encode())
    data = {"purpose": "A joint event", "ends_on": f"{now + 9 * DAY:%Y-%m-%d}", "consent": "on", "file": file}
    page = manager.post(url("overlap_new"), data).url
    asked = OverlapComparison.objects.get()
    assert page == url("overlap", asked.public_id)
    assert "Take it back" in manager.get(page).content.decode()
    assert "shop1" not in channel.get(page).content.decode()
    assert manager.post(url("overlap_act", asked.public_id, "agree")).status_code == 403
    assert channel.post(url("overlap_act", asked.public_id, "sing")).status_code == 404
    channel.post(url("overlap_act", asked.public_id, "agree"))
    for client in (manager, channel):
        text = client.get(page).content.decode()
        assert ("1 of 20 we both have" in text, "shop1.example" in text, "shop2" in text) == (True, True, False)
        assert "Compared" in client.get(url("overlaps")).content.decode()
    manager.post(url("overlap_act", asked.public_id, "end"))
    text = channel.get(page).content.decode()
    assert ("Taken back" in text, "shop1.example" in text) == (True, False)
    channel.post(url("overlap_act", asked.public_id, "agree"))
    assert "This comparison is over" in channel.get(page).content.decode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": "one.example\n"}, "has 1 different company domains"),
        ({"text": "name\nOne\n"}, "Missing: domain"),
        ({"text": ""}, "Choose a file or paste"),
        ({"consent": ""}, "This field is required"),
        ({"ends_on": "2020-01-01"}, "Choose a day after today"),
    ],
)
def test_refused_list_is_told_beside_its_field(boss: User, changes: dict[str, str], words: str) -> None:
    ends_on = f"{timezone.now() + 9 * DAY:%Y-%m-%d}"
    data = {"purpose": "An event", "ends_on": ends_on, "consent": "on", "text": "\n".join(LIST)} | changes
    response = signed_in(boss).post(url("overlap_new"), data)
    assert (words in response.content.decode(), OverlapComparison.objects.count()) == (True, 0)


def test_pasted_list_needs_no_heading(boss: User) -> None:
    data = {"purpose": "An event", "ends_on": f"{timezone.now() + 9 * DAY:%Y-%m-%d}", "consent": "on", "text": PASTED}
    assert signed_in(boss).post(url("overlap_new"), data).status_code == 302
    assert OverlapComparison.objects.get().size == len(LIST)


def test_pages_are_for_who_speaks_for_a_side(rep: Membership, boss: User) -> None:
    asked = ask(rep, timezone.now())
    assert "Compare customers" not in signed_in(boss).get(url("overlaps")).content.decode()
    assert signed_in(rep.person).get(url("overlap", asked.public_id)).status_code == 404
    other = manager_of(house("Merlin").partner)
    assert signed_in(other).get(url("overlap", asked.public_id)).status_code == 404
    assert "Compare customers" in signed_in(other).get(url("overlaps")).content.decode()


@pytest.mark.parametrize("several", [1, 3])
def test_list_takes_the_same_queries(rep: Membership, several: int, django_assert_num_queries: Any) -> None:
    for number in range(several):
        ask(house(f"House {number}"), timezone.now())
    client = signed_in(channel_manager())
    client.get(url("overlaps"))
    with django_assert_num_queries(6):
        client.get(url("overlaps"))
