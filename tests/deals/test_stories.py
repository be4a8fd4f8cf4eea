"""Win stories: told by who won, judged by channel marketing, shown with the customer's permission only."""

from datetime import datetime
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.deals import matching, services
from lms.deals.models import StoryEntry, WinStory
from lms.deals.services.story_search import find_stories
from lms.deals.story_forms import StoryForm
from lms.events.services import drain
from lms.partners.models import Membership
from lms.partners.services import suspend_partner
from tests.deals.factories import approved, channel_manager, house, manager_of
from tests.deals.plans import DAY
from tests.deals.stories import judge, published, step, tell, won, words
from tests.deals.test_pages import signed_in, text_of
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def other(rep: Membership) -> User:
    return house("Other").person


def test_a_story_goes_from_a_won_deal_to_all_partners(rep: Membership, other: User, now: datetime) -> None:
    story, chloe = tell(rep, now, consent_by="", consent_on=None, naming=""), judge()
    assert services.begin_story(
        deal=story.deal, words=words(now, consent_by="", consent_on=None, naming=""), by=rep.person, at=now
    ) == story  # fmt: skip
    with pytest.raises(services.BadStory, match="allowed it"):
        step(story, "submit", rep.person, now)
    services.save_story(story=story, words=words(now), by=rep.person, at=now)
    step(story, "submit", rep.person, now)
    with pytest.raises(services.WordsMissing):
        step(story, "send_back", chloe, now)
    step(story, "send_back", chloe, now, text="Shorter, please")
    services.save_story(story=story, words=words(now, done="A pilot."), by=manager_of(rep.partner), at=now)
    step(story, "submit", rep.person, now)
    assert find_stories(other) == []
    story = step(story, "publish", chloe, now)
    assert (find_stories(other), story.owner, (story.review_on - now.date()).days) == ([story], chloe, 365)
    log = story.entries.order_by("number").values_list("move", "text")
    consent = f"Permission of Ada Lind, head of retail, {now.date():%-d %B %Y}: the customer may be named"
    assert list(log) == [
        ("begin", ""),
        ("submit", consent),
        ("send_back", "Shorter, please"),
        ("submit", consent),
        ("publish", ""),
    ]


def test_withdrawn_permission_takes_it_down_at_once_and_stays_on_record(
    rep: Membership, other: User, now: datetime
) -> None:
    story, browser = published(rep, now), signed_in(other)
    address = reverse("deals:story", args=[story.public_id])
    page = browser.get(address)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store, private")
    assert "Ada Lind" not in page.content.decode()  # who said yes is not for other partners
    step(story, "revoke", channel_manager("Ears"), now, text="Ada Lind called", seen="something older")
    assert (browser.get(address).status_code, find_stories(other, "shops")) == (404, [])
    entry = story.entries.get(move="revoke")
    assert entry.text.startswith("Ada Lind called (Permission of Ada Lind, head of retail, ")
    anew = step(story, "reopen", rep.person, now)
    assert (anew.state, anew.consent_by, anew.consent_on, anew.naming, anew.review_on) == ("draft", "", None, "", None)


def test_past_its_review_day_others_do_not_see_it(rep: Membership, other: User, now: datetime) -> None:
    story = published(rep, now)
    WinStory.objects.filter(pk=story.pk).update(review_on=now.date() - DAY)
    story.refresh_from_db()
    assert (find_stories(other), story.is_overdue(now.date())) == ([], True)
    assert "Review overdue" in text_of(judge("Second"), "deals:stories", show="published")
    again = step(story, "confirm", judge("Third"), now, review_on=now.date() + 30 * DAY)
    assert (find_stories(other), again.owner.name) == ([story], "Third")
    step(story, "take_down", judge("Fourth"), now, text="Another product")
    assert find_stories(other) == []


def test_of_a_suspended_partner_nothing_is_shown_and_who_left_reads_nothing(
    rep: Membership, other: User, now: datetime
) -> None:
    story = published(rep, now)
    left = MembershipFactory(starts_on=now.date() - 9 * DAY, ends_on=now.date() - DAY).person
    assert (find_stories(left), list(WinStory.objects.visible_to(left))) == ([], [])
    suspend_partner(partner=rep.partner, reason="Unpaid", by=channel_manager("Efua"), at=now)
    assert (find_stories(other), signed_in(other).get(reverse("deals:stories")).status_code) == ([], 200)
    assert signed_in(other).get(reverse("deals:story", args=[story.public_id])).status_code == 404


def test_who_may_not_be_named_is_named_nowhere(rep: Membership, other: User, now: datetime) -> None:
    story = tell(rep, now, naming="anonymous", outcome="ACME corp. knows its stock.")
    with pytest.raises(services.BadStory, match="may not be named") as refused:
        step(story, "submit", rep.person, now)
    assert refused.value.field == "outcome"
    services.save_story(
        story=story, words=words(now, naming="anonymous", outcome="The stock <b>is</b> known"), by=rep.person, at=now
    )
    step(story, "submit", rep.person, now)
    chloe = judge()
    assert "May not be named: <bdi>Acme GmbH</bdi>" in text_of(chloe, "deals:story_move", story.public_id, "publish")
    story = step(story, "publish", chloe, now)
    assert (story.headline, find_stories(other, "acme")) == ("A customer in Germany: Halden for many sites", [])
    assert find_stories(other, "stock known") == [story]
    for page in (text_of(other, "deals:stories"), text_of(other, "deals:story", story.public_id)):
        assert "acme" not in page.lower()
    assert "&lt;b&gt;is&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("name", "text", "is_named"),
    [
        ("Acme GmbH", "We helped ACME.", True),
        ("Acme GmbH", "see www.acme.example", True),
        ("Acme GmbH", "Ａｃｍｅ’s shops", True),
        ("Acme GmbH", "Acmeの店舗", True),
        ("Acme GmbH", "an acmeist poem", False),
        ("Acme GmbH", "", False),
        ("O'Neill Foods Ltd", "At O’Neill Foods's plant", True),
        ("McDonald's", "for McDonald's, everywhere", True),
        ("Marks and Spencer", "We helped Marks & Spencer.", True),
        ("Marks & Spencer plc", "We helped Marks and Spencer.", True),
        ("Smith & Sons", "Smith and Sons grew, and sons of others too", True),
        ("Smith & Sons", "the smith has sons", False),
        ("B.I.G. Stores", "B.I.G. Stores sells", True),
        ("トヨタ自動車株式会社", "昨年、トヨタ自動車は在庫を知った。", True),
        ("삼성전자", "삼성전자는 재고를 안다", True),
        ("森", "森林の会社", False),
    ],
)
def test_a_text_names_a_company(name: str, text: str, is_named: bool) -> None:
    assert matching.mentions(text, name=name, domain="acme.example" if name.startswith("Acme") else "") == is_named


def test_whose_moves_they_are(rep: Membership, other: User, now: datetime) -> None:
    story, chloe = tell(rep, now), judge()
    colleague = MembershipFactory(partner=rep.partner).person
    for person in (colleague, other, chloe):
        with pytest.raises(services.NotYourMove):
            services.save_story(story=story, words=words(now), by=person, at=now)
    with pytest.raises(services.NotYourMove):
        services.begin_story(deal=story.deal, words=words(now), by=colleague, at=now)
    step(story, "submit", rep.person, now)
    for name, person in (("publish", rep.person), ("publish", channel_manager("Efua")), ("begin", chloe), ("x", chloe)):
        with pytest.raises(services.NotYourMove):
            step(story, name, person, now)
    MembershipFactory(partner=rep.partner, person=chloe)
    with pytest.raises(services.OwnInterest):
        step(story, "publish", User.objects.get(pk=chloe.pk), now)


def test_what_is_not_the_looked_at_story_is_refused(rep: Membership, now: datetime) -> None:
    story, chloe = step(tell(rep, now), "submit", rep.person, now), judge()
    seen = services.mark_of_story(story)
    step(story, "take_back", rep.person, now)
    services.save_story(story=story, words=words(now, done="Quite something else"), by=rep.person, at=now)
    step(story, "submit", rep.person, now + DAY)
    with pytest.raises(services.StoryChanged):
        step(story, "publish", chloe, now, seen=seen)
    with pytest.raises(services.IllegalMove, match="Only a draft"):
        services.save_story(story=story, words=words(now), by=rep.person, at=now)
    step(story, "publish", chloe, now)
    with pytest.raises(services.IllegalMove):
        step(story, "publish", judge("Second"), now)
    with pytest.raises(services.IllegalMove, match="already"):
        services.begin_story(deal=story.deal, words=words(now, done="x"), by=rep.person, at=now)
    undecided = approved(rep, now, customer_name="Open", customer_domain="")
    with pytest.raises(services.IllegalMove, match="was won"):
        services.begin_story(deal=undecided, words=words(now), by=rep.person, at=now)


def test_of_two_tabs_the_second_is_told(rep: Membership, now: datetime) -> None:
    story = tell(rep, now)
    seen = services.mark_of_story(story)
    for _ in range(2):  # the second click says the same
        services.save_story(story=story, words=words(now, done="One"), seen=seen, by=rep.person, at=now)
    with pytest.raises(services.StoryChanged):
        services.save_story(story=story, words=words(now, done="Two"), seen=seen, by=rep.person, at=now)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("problem", {"problem": " "}),
        ("done", {"done": "x" * 601}),
        ("consent_by", {"consent_by": ""}),
        ("consent_on", {"consent_on": None}),
        ("naming", {"naming": "loudly"}),
    ],
)
def test_what_no_story_can_have(rep: Membership, now: datetime, field: str, changes: dict[str, Any]) -> None:
    with pytest.raises(services.BadStory) as refused:
        tell(rep, now, **changes)
    assert refused.value.field == field


def test_days_have_bounds(rep: Membership, now: datetime) -> None:
    with pytest.raises(services.BadStory, match="today or before"):
        tell(rep, now, consent_on=now.date() + DAY)
    story = step(tell(rep, now, customer_name="B", customer_domain=""), "submit", rep.person, now)
    for days in (0, 731):
        with pytest.raises(services.BadStory, match="within two years"):
            step(story, "publish", judge(f"J{days}"), now, review_on=now.date() + days * DAY)


def test_database_takes_no_step_beside_the_table_and_shows_none_without_permission(
    rep: Membership, now: datetime
) -> None:
    story = tell(rep, now, consent_by="", consent_on=None, naming="")
    with pytest.raises(IntegrityError), transaction.atomic():
        StoryEntry.objects.create(
            story=story, number=2, move="publish", from_state="draft", to_state="published", at=now, by=rep.person
        )
    for changes in (
        {"state": "in_review"},
        {"consent_by": "Ada"},
        {"problem": ""},
        {"state": "published", "consent_by": "Ada", "consent_on": now.date(), "naming": "name"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            WinStory.objects.filter(pk=story.pk).update(**changes)


def test_letters_tell_who_is_next(rep: Membership, now: datetime) -> None:
    chloe, story = judge(), tell(rep, now)
    drain()
    mail.outbox.clear()
    for name, by, said in (
        ("submit", rep.person, {}),
        ("publish", chloe, {}),
        ("revoke", manager_of(rep.partner), {"text": "They merged"}),
    ):
        step(story, name, by, now, **said)
        drain()
    told = [(letter.to, letter.subject) for letter in mail.outbox]
    author, customer = [rep.person.email], "Story of Acme GmbH"
    assert told == [
        ([chloe.email], f"{customer}: in review"),
        (author, f"{customer}: published"),
        (author, f"{customer}: permission withdrawn"),
        ([chloe.email], f"{customer}: permission withdrawn"),
    ]
    assert "They merged" in mail.outbox[-1].body


def test_judges_hear_of_a_permission_that_is_withdrawn_while_they_read(rep: Membership, now: datetime) -> None:
    chloe, story = judge(), step(tell(rep, now), "submit", rep.person, now)
    drain()
    mail.outbox.clear()
    for _ in range(2):  # the button was pressed twice
        step(story, "revoke", rep.person, now, text="They merged")
    drain()
    assert [letter.to for letter in mail.outbox] == [[chloe.email]]


def test_a_button_pressed_twice_changes_nothing(rep: Membership, now: datetime) -> None:
    story, chloe = step(tell(rep, now), "submit", rep.person, now), judge()
    seen, day = services.mark_of_story(story), now.date() + 9 * DAY
    for _ in range(2):
        story = step(story, "publish", chloe, now, review_on=day, seen=seen)
    seen = services.mark_of_story(story)
    for _ in range(2):
        story = step(story, "confirm", chloe, now + DAY, review_on=day + DAY, seen=seen)
    assert story.entries.count() == 4
    assert (story.state_since, story.review_on) == (now, day + DAY)  # it is published since then
    with pytest.raises(services.StoryChanged):
        step(story, "confirm", chloe, now + DAY, review_on=day, seen=seen)


def test_an_answer_is_as_long_as_browsers_count_it() -> None:
    answer = "x" * 298 + "\r\n" * 4 + "x" * 298
    assert "problem" not in StoryForm({"problem": answer}).errors
    assert "problem" in StoryForm({"problem": f"{answer}x"}).errors


def test_its_owner_is_reminded_once_of_each_review_day(rep: Membership, now: datetime) -> None:
    chloe = judge()
    story = published(rep, now, by=chloe)
    assert services.remind_of_stories(at=now) == 0
    later = now + 352 * DAY
    assert [services.remind_of_stories(at=later) for _ in range(2)] == [1, 0]
    chloe.groups.clear()
    heir = judge("Heir")
    drain()
    letter = mail.outbox[-1]
    assert (letter.to, "to be reviewed by" in letter.subject) == ([heir.email], True)
    step(story, "confirm", heir, later, review_on=(later + 10 * DAY).date())
    assert services.remind_of_stories(at=later) == 1


def test_told_judged_and_read_on_pages(rep: Membership, other: User, now: datetime) -> None:
    story = tell(rep, now)
    deal = approved(rep, now, customer_name="Next", customer_domain="")
    browser, chloe = signed_in(rep.person), signed_in(judge())
    assert browser.get(reverse("deals:story_begin", args=[story.deal.public_id])).status_code == 302
    page = browser.get(reverse("deals:story_edit", args=[story.public_id])).content.decode()
    seen = page.split('name="seen" value="')[1].split('"')[0]
    assert f'value="{now:%Y-%m-%d}"' in page  # as browsers read the day of a form: saved again, it is not lost
    data = {"problem": "P", "done": "D", "outcome": "O", "seen": seen, "consent_by": "Ada", "naming": "name"}
    edit = reverse("deals:story_edit", args=[story.public_id])
    assert "Say on which day" in browser.post(edit, data).content.decode()
    assert browser.post(edit, data | {"consent_on": f"{now:%Y-%m-%d}"}).status_code == 302
    assert browser.post(edit, data | {"consent_on": f"{now:%Y-%m-%d}", "done": "E"}).status_code == 409
    move = lambda name: reverse("deals:story_move", args=[story.public_id, name])  # noqa: E731
    assert browser.post(move("submit")).status_code == 302
    assert "Publish it" in chloe.get(reverse("deals:story", args=[story.public_id])).content.decode()
    assert f'value="{now + 365 * DAY:%Y-%m-%d}"' in chloe.get(move("publish")).content.decode()
    assert chloe.post(move("send_back"), {"text": ""}).status_code == 200
    assert chloe.post(move("publish"), {"review_on": f"{now:%Y-%m-%d}"}).status_code == 400
    again = chloe.post(move("publish"), {"review_on": f"{now + 9 * DAY:%Y-%m-%d}", "seen": "stale"}, follow=True)
    assert "Somebody changed this story" in again.content.decode()
    chloe.post(move("publish"), {"review_on": f"{now + 9 * DAY:%Y-%m-%d}"})
    assert chloe.get(move("begin")).status_code == 404
    headline = "Acme GmbH: Halden for many sites"
    for name, args in (("deals:stories", []), ("deals:deal", [deal.public_id]), ("portal:need", ["close-a-deal"])):
        assert headline in text_of(rep.person, name, *args)
    assert headline in text_of(other, "portal:need", "close-a-deal")
    page = text_of(other, "deals:story", story.public_id)
    assert ("What happened" in page, "permission" in page) == (False, False)
    assert "No story here" in text_of(other, "deals:stories", show="published")
    assert (headline in text_of(other, "deals:stories", q="halden"), headline in text_of(other, "deals:stories")) == (
        True,
        True,
    )


def test_rep_has_one_button_on_a_won_deal(rep: Membership, now: datetime) -> None:
    deal, browser = won(rep, now), signed_in(rep.person)
    assert "Tell how it was won" in text_of(rep.person, "deals:deal", deal.public_id)
    address = reverse("deals:story_begin", args=[deal.public_id])
    assert "What was the problem?" in browser.get(address).content.decode()
    data = {"problem": "P", "done": "D", "outcome": "O"}
    assert browser.post(address, {**data, "done": ""}).status_code == 200
    for _ in range(2):
        assert browser.post(address, data).status_code == 302
    assert browser.post(address, {**data, "done": "other"}).status_code == 409
    assert "The story of this deal" in text_of(rep.person, "deals:deal", deal.public_id)
    colleague = MembershipFactory(partner=rep.partner).person
    assert signed_in(colleague).get(address).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_stories_ask_the_same_for_one_and_three(
    rep: Membership, other: User, now: datetime, count: int, django_assert_num_queries: Any
) -> None:
    chloe = judge()
    for number in range(count):
        published(rep, now, by=chloe, customer_name=f"C{number}", customer_domain="")
    browser = signed_in(other)
    browser.get(reverse("deals:stories"))
    with django_assert_num_queries(5):
        browser.get(reverse("deals:stories"))
