"""Statistics, regrading, forms and cut scores in the admin; the score report of the candidate."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import AuditEntry
from lms.assessments import services
from lms.assessments.models import Assessment, Attempt, Form, Item, ItemFlag, Regrade, StandardSetting
from lms.events.services import drain
from lms.partners.models import Membership
from tests.assessments.factories import answer_all, choice, make_bank, make_exam, save, scored, start, token, vendor
from tests.factories import MembershipFactory

WROTE = "Channel marketing"
MANAGES = "Portal managers"


@pytest.fixture
def sat(db: None, now: datetime) -> Assessment:
    """Sixty candidates, from none right to all; two of them belong to partners."""
    exam = make_exam(make_bank([choice(number) for number in range(1, 5)]))
    scored(exam, [row_of(number % 5) for number in range(58)], now)
    for right in (1, 3):
        attempt = start(exam, MembershipFactory(), now)
        answer_all(attempt, now + timedelta(seconds=30), right)
        attempt = services.submit_attempt(attempt=attempt, at=now + timedelta(minutes=2))
        services.count_attempt(attempt_id=attempt.public_id, at=now + timedelta(minutes=2))
    return exam


def row_of(right: int) -> dict[str, str | None]:
    """So many of four right."""
    return {f"item-{number}": "Right" if number <= right else "Wrong" for number in range(1, 5)}


def client_of(group: str) -> Client:
    client = Client()
    client.force_login(vendor(group))
    return client


def url(name: str, *args: object) -> str:
    return reverse(f"exam_statistics:{name}", args=args)


def test_authors_see_figures_and_the_chart_has_its_table(sat: Assessment) -> None:
    client, item = client_of(WROTE), Item.objects.get(code="item-1")
    assert "60" in client.get(url("index")).content.decode()
    page = client.get(url("exam", sat.pk)).content.decode()
    assert "Show as table" in page
    assert "item-1 v1" in page
    assert "60 attempts; the cut is at 70%" in page
    assert client.get(url("exam", sat.pk), {"form": "0", "attempts": "all"}).status_code == 200
    assert client.get(url("exam", sat.pk), {"form": "x" * 9}).status_code == 200
    page = client.get(url("item", sat.pk, item.pk)).content.decode()
    assert "Who chose what" in page
    assert "Regrade:" not in page
    assert "Regrade:" in client_of(MANAGES).get(url("item", sat.pk, item.pk)).content.decode()


def test_an_exam_nobody_sat_says_so(exam: Assessment) -> None:
    page = client_of(WROTE).get(url("exam", exam.pk)).content.decode()
    assert "Nobody has finished this exam yet" in page
    item = Item.objects.get(code="item-1")
    assert "Nobody has answered it" in client_of(WROTE).get(url("item", exam.pk, item.pk)).content.decode()


def test_the_csv_holds_no_formula(sat: Assessment) -> None:
    Item.objects.filter(code="item-1").update(code="=cmd()")
    response = client_of(WROTE).get(url("csv", sat.pk))
    lines = response.content.decode("utf-8-sig").splitlines()
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert lines[0].startswith("item,version,on_trial,answers,facility")
    assert lines[1].startswith("'=cmd(),1,no,60,")
    assert len(lines) == 5


def test_the_inbox_is_settled_by_who_keeps_items(sat: Assessment) -> None:
    client = client_of(WROTE)
    assert client.post(url("judge", sat.pk)).status_code == 302
    assert ItemFlag.objects.exists()
    page = client.get(url("flags")).content.decode()
    assert "What was done, or why nothing" in page
    flag = ItemFlag.objects.order_by("pk").first()
    assert flag
    assert "What was done" not in client_of("Content reviewers").get(url("flags")).content.decode()
    refused = client.post(url("settle", flag.pk), {"settlement": ""})
    assert "Say what was done" in str(next(iter(get_messages(refused.wsgi_request))))
    client.post(url("settle", flag.pk), {"settlement": "New distractor written"})
    flag.refresh_from_db()
    assert flag.settlement == "New distractor written"


def test_the_inbox_has_pages(sat: Assessment, now: datetime) -> None:
    version = Item.objects.get(code="item-1").versions.get()
    for number in range(30):
        exam = make_exam(make_bank([choice(1)]), slug=f"e{number}")
        ItemFlag.objects.create(
            assessment=exam, item_version=version, kind="weak", is_urgent=False, note="x", raised_at=now
        )
    client = client_of(WROTE)
    assert "Page 1 of 2" in client.get(url("flags")).content.decode()
    assert "Earlier" in client.get(url("flags"), {"p": 2}).content.decode()


def test_a_regrade_is_looked_at_then_ordered_then_watched(sat: Assessment) -> None:
    client, item = client_of(MANAGES), Item.objects.get(code="item-1")
    address = url("regrade", sat.pk, item.pk)
    assert client.get(address).status_code == 200
    page = client.post(address, {"action": "drop", "step": "look"}).content.decode()
    assert "60 attempts looked at" in page
    assert Regrade.objects.count() == 0
    page = client.post(address, {"action": "drop", "step": "order"}).content.decode()
    assert "Say why the results change" in page
    page = client.post(address, {"action": "rekey", "step": "look"}).content.decode()
    assert "Choose a version" in page
    done = client.post(address, {"action": "drop", "step": "order", "reason": "Two readings"})
    made = Regrade.objects.get()
    assert done["Location"] == url("regraded", made.public_id)
    assert "0 of 60 attempts" in client.get(done["Location"]).content.decode()
    drain()
    page = client.get(done["Location"]).content.decode()
    assert "60 of 60 attempts, done" in page
    assert "Two readings" in client.get(url("item", sat.pk, item.pk)).content.decode()


def test_candidates_of_a_partner_are_compared_and_that_is_written_down(sat: Assessment) -> None:
    client, partner = client_of(MANAGES), Attempt.objects.latest("pk").membership.partner  # type: ignore[union-attr]
    assert "Compare" in client.get(url("similar", sat.pk)).content.decode()
    page = client.get(url("similar", sat.pk), {"partner": partner.pk}).content.decode()
    assert "No pair agrees more than may be" in page
    assert AuditEntry.objects.get(action="assessments.compare_candidates").detail["pairs"] == 0
    assert client.get(url("similar", sat.pk), {"partner": "0"}).status_code == 200


def test_two_who_copied_are_shown_by_name(db: None, now: datetime) -> None:
    """Fifteen items; sixty candidates answer independently, two of one partner alike and often wrongly."""
    exam = make_exam(make_bank([choice(number) for number in range(1, 16)]))
    from random import Random

    def sit(member: Membership, picks: dict[str, str], seed: int) -> None:
        attempt = start(exam, member, now, seed=seed)
        for row in attempt.responses.select_related("item_version__item"):
            save(attempt, row.position, token(row, picks[row.item_version.item.code]), now)
        attempt = services.submit_attempt(attempt=attempt, at=now)
        services.count_attempt(attempt_id=attempt.public_id, at=now)

    rng = Random(5)
    names = [f"item-{number}" for number in range(1, 16)]
    scored(exam, [{name: rng.choice(["Right", "Right", "Half", "Wrong"]) for name in names} for _ in range(60)], now)
    one = MembershipFactory()
    other = MembershipFactory(partner=one.partner)
    picks = {name: ["Wrong", "Half", "Right"][number % 3] for number, name in enumerate(names)}
    for seed, member in enumerate((one, other)):
        sit(member, picks, seed)
    page = client_of(MANAGES).get(url("similar", exam.pk), {"partner": one.partner.pk}).content.decode()
    assert "1 pair among 2 attempts" in page
    assert one.person.name in page
    assert other.person.name in page


def test_forms_are_made_used_and_withdrawn(sat: Assessment) -> None:
    client = client_of(WROTE)
    sat.sections.update(draw=2)
    page = client.post(url("forms", sat.pk), {"count": 9, "max_shared": 0}).content.decode()
    assert "too few questions for 9 forms" in page
    client.post(url("forms", sat.pk), {"count": 2, "max_shared": 0})
    one, other = Form.objects.order_by("number")
    client.post(url("form_step", one.pk), {"step": "use"})
    client.post(url("form_step", other.pk), {"step": "withdraw"})
    page = client.get(url("forms", sat.pk)).content.decode()
    assert "In use since" in page
    assert "Withdrawn" in page


def test_a_panel_is_recorded_and_adopted_in_pages(sat: Assessment) -> None:
    client = client_of(MANAGES)
    assert 'enctype="multipart/form-data"' in client.get(url("standards", sat.pk)).content.decode()
    body = {"held_on": "2026-11-20", "definition": "Sizes a duct", "text": "nothing"}
    assert "has no rows below its headings" in client.post(url("standards", sat.pk), body).content.decode()
    body["text"] = "judge,round,item,percent\nAna,1,item-1,60\nAna,1,item-2,64\n"
    done = client.post(url("standards", sat.pk), body)
    setting = StandardSetting.objects.get()
    assert done["Location"] == url("standard", setting.pk)
    page = client.get(done["Location"]).content.decode()
    assert "Round 1: 62.00%" in page
    assert "Fewer than five judges" in page
    assert "needs a reason" in client.post(done["Location"], {"cut_score": "50"}).content.decode()
    client.post(done["Location"], {})
    sat.refresh_from_db()
    assert sat.cut_score == Decimal(62)
    assert "adopted" in client.get(url("standards", sat.pk)).content.decode()


@pytest.mark.parametrize(
    ("group", "refused"),
    [
        ("Content reviewers", {"judge", "regrade", "similar", "forms", "form_step", "standards", "settle"}),
        (WROTE, {"regrade", "similar", "standards"}),
        (MANAGES, set[str]()),
    ],
)
def test_each_page_asks_for_its_permission(
    sat: Assessment, author_flag: ItemFlag, group: str, refused: set[str]
) -> None:
    client, item = client_of(group), Item.objects.get(code="item-1")
    form = Form.objects.create(assessment=sat, number=9, difficulty=0.5, made_at=timezone.now())
    pages = {
        "index": client.get(url("index")),
        "exam": client.get(url("exam", sat.pk)),
        "item": client.get(url("item", sat.pk, item.pk)),
        "csv": client.get(url("csv", sat.pk)),
        "flags": client.get(url("flags")),
        "judge": client.post(url("judge", sat.pk)),
        "regrade": client.get(url("regrade", sat.pk, item.pk)),
        "similar": client.get(url("similar", sat.pk)),
        "forms": client.get(url("forms", sat.pk)),
        "form_step": client.post(url("form_step", form.pk), {"step": "use"}),
        "standards": client.get(url("standards", sat.pk)),
    }
    # Wagtail's admin answers a refused permission with its home page and a message.
    home = reverse("wagtailadmin_home")
    found = {name for name, page in pages.items() if page.status_code == 403 or page.get("Location") == home}
    assert found == refused - {"settle"}
    client.post(url("settle", author_flag.pk), {"settlement": "x"})
    author_flag.refresh_from_db()
    assert (author_flag.settled_at is None) is ("settle" in refused)


@pytest.fixture
def author_flag(sat: Assessment, now: datetime) -> ItemFlag:
    version = Item.objects.get(code="item-2").versions.get()
    return ItemFlag.objects.create(
        assessment=sat, item_version=version, kind="weak", is_urgent=False, note="Look", raised_at=now
    )


def test_nobody_outside_the_vendor_sees_statistics(sat: Assessment, browser: Client) -> None:
    assert browser.get(url("exam", sat.pk)).status_code == 404


# --- The candidate's report ---


def test_the_report_says_what_to_go_over(exam: Assessment, member: Membership, browser: Client, now: datetime) -> None:
    for number in (1, 2):
        item = Item.objects.get(code=f"item-{number}")
        lessons = [("https://halden.example/lessons/1", "Sizing ducts")]
        services.relate_item(item=item, enemies=[], lessons=lessons, case=None)
    attempt = start(exam, member, timezone.now() - timedelta(minutes=5))
    answer_all(attempt, timezone.now(), 0)
    services.submit_attempt(attempt=attempt, at=timezone.now())
    page = browser.get(reverse("assessments:result", args=[attempt.public_id])).content.decode()
    assert "What to go over" in page
    assert "Sizing ducts: 2 questions not fully right" in page
    assert "You can start again on" in page


def test_the_report_tells_of_a_regrade(exam: Assessment, member: Membership, browser: Client, now: datetime) -> None:
    attempt = start(exam, member, timezone.now() - timedelta(minutes=5))
    answer_all(attempt, timezone.now(), 4)
    services.submit_attempt(attempt=attempt, at=timezone.now())
    services.order_regrade(
        assessment=exam,
        item=Item.objects.get(code="item-1"),
        action=Regrade.Action.DROP,
        reason="Two readings",
        by=vendor(MANAGES),
        at=timezone.now(),
    )
    drain()
    page = browser.get(reverse("assessments:result", args=[attempt.public_id])).content.decode()
    assert "a question was marked again: Two readings" in page
    assert "4 of 4 points" in page
    assert "3 of 3 points" in page
