"""Publishing rules of engagement: what changes is said before, one of two publishers wins, nothing published changes."""

import re
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
import yaml
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from lms.accounts.models import AuditEntry, User
from lms.deals import services
from lms.deals.engagement import Facts, First, Other, Relation, Rules, Scenario, parse, read
from lms.deals.errors import RulesOvertaken, RulesRefused
from lms.deals.models import Acceptance, EngagementRules
from lms.deals.rules_changes import _TERMS, Change, answers, changes
from lms.events.services import drain
from lms.partners.services import suspend_partner
from tests.deals.factories import (
    _FILE,
    LONG_AGO,
    channel_manager,
    document,
    house,
    manager_of,
    move,
    register,
    rules,
)
from tests.deals.test_pages import signed_in, text_of

DAY = timedelta(days=1)
TEXT = _FILE.read_text()


def edited(**terms: Any) -> Rules:
    return parse(document(**terms))


def with_clauses(edit: Any) -> Rules:
    wanted = document()
    edit(wanted["clauses"])
    return parse(wanted)


# --- Reading ---


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("outcome: release", "outcome: relese", 34, "none of the words that may stand here: clear, reject, route"),
        ('id: "7.1"', "id: 7.1", 27, "Put it into quotation marks"),
        ('id: "7.1"', 'id: "seven"', 27, "a number like “3.1”"),
        ("    outcome: release\n", "", 27, "“outcome” is missing. Add it"),
        ("idle_days: 60", "idel_days: 60", 33, "Did you mean “idle_days”?"),
        ("idle_days: 60", "idle_days: 60, zzz: 1", 33, "“zzz” is no field here. Take it away"),
        ("idle_days: 60", "idle_days: 6000", 33, "Write 730 or less"),
        ("answer_hours: 48", "answer_hours: 0", 8, "Write 1 or more"),
        ("answer_hours: 48", "answer_hours: [1]", 8, "Here stands a list, but a whole number is wanted"),
        ('EUR: "5000"', 'EUR: "5x"', 17, "Write one like “5000”"),
        ("[EUR,", "[XYZ,", 16, "XYZ is no currency"),
        ("name: Halden deal registration", 'name: ""', 3, "may not be empty"),
        ("name: Halden deal registration", f"name: {'x' * 121}", 3, "at most 120 characters"),
        ("{id: halden-edge,", "{id: Halden Edge,", 21, "small letters, digits and hyphens"),
        ("clauses:\n", "clauses: [\n", 27, "This is not YAML"),
        ('id: "5.1"', 'id: "7.1"', 35, "stands twice. Give one of them another number"),
    ],
)
def test_bad_text_is_told_with_its_line_and_what_to_do(old: str, new: str, line: int, words: str) -> None:
    with pytest.raises(RulesRefused) as caught:
        read(TEXT.replace(old, new, 1))
    (problem,) = caught.value.problems
    assert (problem.line, words in problem.message) == (line, True), str(problem)


def test_text_is_read_like_the_document() -> None:
    assert read(TEXT) == yaml.safe_load(TEXT)
    assert read(TEXT.replace('EUR: "5000"', "EUR: 5000.50"))["approve_up_to"]["EUR"] == "5000.50"


def test_empty_text_is_refused() -> None:
    with pytest.raises(RulesRefused, match="nothing, but names with values"):
        read("")


# --- What changes ---


def said(found: list[Change]) -> list[tuple[str, str]]:
    return [(change.kind, change.what) for change in found]


def test_every_term_of_the_rules_is_compared() -> None:
    assert {*_TERMS, "clauses"} == set(Rules.__struct_fields__)


def test_same_rules_change_nothing() -> None:
    assert changes(edited(), edited()) == []
    assert not any(one.is_different for one in answers(edited(), edited()))


def test_terms_are_told_before_and_now() -> None:
    new = edited(protection_days=1, requires_benefit="deals", approve_up_to={"EUR": "5"}, reminder_days=[7, 1])
    found = changes(edited(approve_up_to={"SEK": "1"}), new)
    assert {change.what: change.words for change in found} == {
        "Protection": ("Before: 90 days", "Now: 1 day"),
        "Reminders before protection ends": ("Before: 30 days, 14 days, 7 days", "Now: 7 days, 1 day"),
        "Approved at once up to": ("Before: 1 SEK", "Now: 5 EUR"),
        "Benefit of the programme that is needed": ("Now: deals",),
    }
    assert said(found)[-1] == ("added", "Benefit of the programme that is needed")
    assert said(changes(new, edited()))[-1] == ("removed", "Benefit of the programme that is needed")


def test_clauses_are_told_as_added_removed_and_changed() -> None:
    def edit(clauses: list[dict[str, Any]]) -> None:
        del clauses[3]
        clauses[1] |= {"outcome": "reject", "reason": "duplicate", "when": {"own_account": True, "other": "vendor"}}
        clauses.insert(1, clauses[0] | {"id": "7.2"})

    found = changes(edited(), with_clauses(edit))
    assert [(change.kind, change.what.split(",")[0]) for change in found] == [
        ("added", "Clause 7.2"),
        ("changed", "Clause 5.1"),
        ("removed", "Clause 6.2"),
    ]
    assert found[1].words == (
        "Before: Applies when the customer is the applicant's own account",
        "Now: Applies when we are concerned, and the customer is the applicant's own account",
        "Before: Nothing stands against it; the opportunity is judged",
        "Now: Refused at once: another registration for this customer came first",
    )


def test_clause_that_is_read_elsewhere_is_told() -> None:
    found = changes(edited(), with_clauses(lambda clauses: clauses.insert(0, clauses.pop(5))))
    assert [(change.what, change.words[-1]) for change in found] == [
        (
            "Clause 5.2, Each other's existing accounts are left alone",
            "Read at another place: first. The first clause that fits decides",
        )
    ]


def test_scenarios_that_are_decided_differently_are_told() -> None:
    def edit(clauses: list[dict[str, Any]]) -> None:
        clauses[0]["when"]["idle_days"] = 90
        clauses[7] = {name: value for name, value in clauses[7].items() if name != "reason"} | {"outcome": "route"}

    found = answers(edited(), with_clauses(edit))
    assert {one.scenario for one in found} == set(Scenario) - {Scenario.UNFORESEEN}
    release = "The other leaves the account; the opportunity is judged"
    review = "Conflict review by the channel manager"
    assert [(one.case, one.before, one.after) for one in found if one.is_different] == [
        ("Our sellers have an open lead", "Refused at once: we were working with this customer already", review),
        ("Another partner's approved deal saw nothing for 60 days", release, review),
    ]


def test_case_without_days_in_any_clause_is_asked_once() -> None:
    plain = with_clauses(lambda clauses: clauses[0].update(when={"other": "partner", "relation": "lead"}))
    assert [one.case for one in answers(plain, plain) if one.scenario == Scenario.DISENGAGE] == [
        "Another partner's approved deal saw nothing for 30 days"
    ]


# --- Publishing ---


@pytest.mark.django_db
def test_published_rules_are_never_changed(now: datetime) -> None:
    version = rules()
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        EngagementRules.objects.filter(pk=version.pk).update(why="Other")


@pytest.mark.django_db
def test_publishing_is_written_down(now: datetime) -> None:
    by = channel_manager()
    made = services.publish_rules(document=document(), effective_at=now, by=by, at=now, text=TEXT, why=" New ", after=0)
    entry = AuditEntry.objects.get(action="deals.publish_rules")
    assert (made.published_by, made.published_at, made.why, made.text) == (by, now, "New", TEXT)
    assert (entry.actor, entry.detail["number"], entry.detail["why"]) == (by, 1, "New")
    assert re.fullmatch("[0-9a-f]{64}", entry.detail["sha256"])


@pytest.mark.django_db
def test_who_did_not_see_the_newest_version_is_told(now: datetime) -> None:
    first = services.publish_rules(document=document(), effective_at=now, by=None, at=now, after=0)
    for seen in (0, 2):
        with pytest.raises(RulesOvertaken):
            services.publish_rules(document=document(), effective_at=now, by=None, at=now, after=seen)
    assert list(EngagementRules.objects.all()) == [first]


@pytest.mark.django_db
def test_number_that_was_taken_since_the_look_is_told(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """What PostgreSQL does to the second of two: it waits for the newest row, and finds the number taken."""
    rules()
    monkeypatch.setattr(EngagementRules.objects, "select_for_update", lambda **_: EngagementRules.objects.none())
    with pytest.raises(RulesOvertaken):
        services.publish_rules(document=document(), effective_at=now, by=None, at=now)


@pytest.mark.django_db
def test_rules_do_not_begin_before_they_are_published(now: datetime) -> None:
    with pytest.raises(RulesRefused, match="or later"):
        services.publish_rules(document=document(), effective_at=now - DAY, by=None, at=now)


def asked_to_accept() -> list[Any]:
    drain()
    return [letter for letter in mail.outbox if "please accept" in letter.subject]


@pytest.mark.django_db
def test_each_partner_that_is_managed_is_asked(now: datetime) -> None:
    version = rules(effective_at=now - DAY)
    asked, gone = house(accepts=False), house("Gone", accepts=False)
    services.accept_rules(version=version, partner=asked.partner, by=manager_of(asked.partner), at=now)
    suspend_partner(partner=gone.partner, by=channel_manager(), reason="Left", at=now)
    services.publish_rules(
        document=document(protection_days=10), effective_at=now + DAY, by=None, at=now, why="Shorter"
    )
    (letter,) = asked_to_accept()
    assert letter.to == [manager_of(asked.partner).email]
    for words in ("Shorter", "against version 1", "Protection (changed)", "Before: 90 days", "Now: 10 days"):
        assert words in letter.body


@pytest.mark.django_db
def test_partner_that_accepted_meanwhile_is_not_asked(now: datetime) -> None:
    rules(effective_at=now - DAY)
    rep = house()
    made = services.publish_rules(document=document(), effective_at=now, by=None, at=now)
    services.accept_rules(version=made, partner=rep.partner, by=manager_of(rep.partner), at=now)
    assert asked_to_accept() == []


# --- Earlier rulings ---


@pytest.mark.django_db
def test_earlier_rulings_are_asked_again_with_the_facts_of_then(now: datetime) -> None:
    rules()
    first, second, third = house("Aster"), house("Birch"), house("Cedar")
    register(first, now)
    contested = register(second, now + 2 * DAY)
    move(contested, "settle", channel_manager(), now + 3 * DAY, text="The customer wants Birch", independently=True)
    register(third, now, customer_name="Other", customer_domain="")

    def edit(clauses: list[dict[str, Any]]) -> None:
        clauses[8] |= {"outcome": "clear"}

    found = services.replay_rulings(old=edited(), new=with_clauses(edit))
    assert (found.looked_at, found.unknown) == (4, 0)
    assert [(one.move.deal, one.move.move, one.before.id, one.would_be) for one in found.different] == [
        (contested, "contest", "2.2", "Nothing stands against it; the opportunity is judged")
    ]
    longer = services.replay_rulings(old=edited(), new=edited(same_hours=100))
    assert [(one.move.move, one.before.id, one.after.id) for one in longer.different] == []
    swapped = with_clauses(lambda clauses: clauses[6].update(outcome="clear"))
    found = services.replay_rulings(
        old=edited(), new=parse({**document(same_hours=100), "clauses": msgspec.to_builtins(swapped.clauses)})
    )
    assert {one.move.move for one in found.different} == {"contest", "settle"}


@pytest.mark.django_db
def test_rulings_without_facts_are_counted(now: datetime) -> None:
    rules()
    register(house(), now).moves.update(facts=None)
    found = services.replay_rulings(old=edited(), new=edited())
    assert (found.looked_at, found.unknown, found.different) == (0, 1, ())


def test_facts_are_judged_by_the_hours_of_other_rules() -> None:
    facts = Facts(other=Other.PARTNER, relation=Relation.LEAD, first=First.OTHER, seconds_after=25 * 3600)
    assert facts.under(edited()).first == First.OTHER
    assert facts.under(edited(same_hours=25)).first == First.SAME
    assert Facts(first=First.SAME).under(edited()).first == First.SAME


# --- Pages ---


def post(person: User, text: str, **more: Any) -> Any:
    data = {"text": text, "effective_on": f"{timezone.now():%Y-%m-%d}", "why": "Shorter", "step": "check"} | more
    return signed_in(person).post(reverse("deals:rules_new"), data)


def seal_of(response: Any) -> str:
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', response.content.decode())
    assert found is not None
    return found[1]


VERSIONS_QUERIES = 6
NEW = TEXT.replace("protection_days: 90", "protection_days: 45")


@pytest.mark.django_db
def test_new_version_is_looked_at_and_then_published() -> None:
    services.publish_rules(document=read(TEXT), effective_at=LONG_AGO, by=None, at=LONG_AGO)
    efua = channel_manager()
    assert "protection_days: 90" in text_of(efua, "deals:rules_new")
    looked = post(efua, NEW)
    assert "Now: 45 days" in looked.content.decode()
    assert EngagementRules.objects.count() == 1
    unseen = post(efua, NEW.replace("45", "44"), step="publish", seen=seal_of(looked))
    assert ("Now: 44 days" in unseen.content.decode(), EngagementRules.objects.count()) == (True, 1)
    done = post(efua, NEW, step="publish", seen=seal_of(looked))
    made = EngagementRules.objects.get(number=2)
    assert (done.status_code, done["Location"]) == (302, reverse("deals:rules_version", args=[2]))
    assert (made.published_by, made.why, made.rules.protection_days, made.text) == (efua, "Shorter", 45, NEW)
    late = post(efua, NEW, step="publish", seen=seal_of(looked))
    assert (late["Location"], EngagementRules.objects.count()) == (done["Location"], 2)  # pressed twice
    other = post(channel_manager(), NEW, step="publish", seen=seal_of(looked))
    assert ("Nothing was published" in other.content.decode(), EngagementRules.objects.count()) == (True, 2)
    shown = signed_in(efua).get(reverse("deals:rules_version", args=[2])).content.decode()
    assert ("Now: 45 days" in shown, "Shorter" in shown, "Nobody yet" in shown) == (True, True, True)
    file = signed_in(efua).get(reverse("deals:rules_text", args=[2]))
    assert file.content.decode() == NEW


@pytest.mark.django_db
def test_uploaded_file_takes_the_place_of_the_text() -> None:
    rules()
    efua = channel_manager()
    file = SimpleUploadedFile("rules.yaml", b"\xef\xbb\xbf" + NEW.replace("\n", "\r\n").encode())
    shown = post(efua, "name: other", file=file).content.decode()
    assert ("Now: 45 days" in shown, "protection_days: 45" in shown) == (True, True)
    for wrong, words in ((b"\xff\xfe", "no text in UTF-8"), (b"a" * 200_001, "larger than 200 KB"), (b"a\0", "")):
        refused = post(efua, "", file=SimpleUploadedFile("rules.yaml", wrong))
        assert (refused.status_code, words in refused.content.decode()) == (400, True)


@pytest.mark.django_db
def test_bad_input_is_said_on_the_page() -> None:
    efua = channel_manager()
    wrong = post(efua, TEXT.replace("answer_hours: 48", "answer_hours: 0"), effective_on="2020-01-01")
    shown = wrong.content.decode()
    assert wrong.status_code == 400
    assert ("line 8: answer_hours" in shown, "This day is over" in shown) == (True, True)


@pytest.mark.django_db
def test_first_version_is_published_for_a_later_day() -> None:
    efua, day = channel_manager(), timezone.now().date() + 3 * DAY
    looked = post(efua, TEXT, effective_on=f"{day}")
    assert "The first version" in looked.content.decode()
    post(efua, TEXT, effective_on=f"{day}", step="publish", seen=seal_of(looked))
    assert f"{EngagementRules.objects.get().effective_at:%Y-%m-%d %H:%M}" == f"{day} 00:00"
    assert "not yet in force" in text_of(efua, "deals:rules_versions")
    looked = post(efua, NEW)
    refused = post(efua, NEW, step="publish", seen=seal_of(looked))
    assert (refused.status_code, "Choose a later moment" in refused.content.decode()) == (400, True)


@pytest.mark.django_db
def test_partner_reads_what_changes_and_accepts_what_he_read() -> None:
    now = timezone.now()
    rules()
    rep = house()
    manager = manager_of(rep.partner)
    for number, start in ((2, LONG_AGO + DAY), (3, now + DAY)):
        services.publish_rules(document=document(protection_days=number), effective_at=start, by=None, at=start - DAY)
    shown = text_of(manager, "deals:engagement")
    assert "Accept version 2 for the company" in shown
    assert ("Now: 2 days" in shown, "Before: 2 days" in shown, shown.count('name="version"')) == (True, True, 2)
    for wrong in ("1", "", "4"):
        signed_in(manager).post(reverse("deals:engagement"), {"version": wrong})
    assert Acceptance.objects.count() == 1
    for number in ("2", "3"):
        signed_in(manager).post(reverse("deals:engagement"), {"version": number})
    assert list(Acceptance.objects.order_by("version").values_list("version__number", flat=True)) == [1, 2, 3]
    assert "It is accepted for" in text_of(manager, "deals:engagement")


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_pages_cost_the_same_with_more_versions_and_rulings(
    count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    now = timezone.now()
    for number in range(count):
        by = channel_manager()
        services.publish_rules(document=document(), effective_at=LONG_AGO, by=by, at=LONG_AGO, why=f"{number}")
    rep = house()
    for number in range(count):
        register(rep, now, customer_name=f"Shop {number}", customer_domain="")
    found = EngagementRules.objects.get(number=count)
    asking = signed_in(channel_manager())
    asking.get(reverse("deals:rules_versions"))
    with django_assert_num_queries(VERSIONS_QUERIES):
        shown = asking.get(reverse("deals:rules_versions")).content.decode()
    assert shown.count("accepted by") == count
    free = with_clauses(lambda clauses: clauses[9].update(outcome="route"))
    with django_assert_num_queries(2):
        replay = services.replay_rulings(old=found.rules, new=free)
        assert {one.move.deal.partner.name for one in replay.different} == {"Kestrel"}
    assert len(replay.different) == count


@pytest.mark.django_db
def test_third_version_gives_no_time_back_that_the_second_has_taken() -> None:
    """Accepted the first; the second's 30 days are over when the third begins."""
    now = timezone.now()
    services.publish_rules(document=document(), effective_at=now - 90 * DAY, by=None, at=now - 90 * DAY)
    rep = house()
    for begun in (60, 1):
        services.publish_rules(document=document(), effective_at=now - begun * DAY, by=None, at=now - begun * DAY)
    found = services.standing(partner=rep.partner, at=now)
    assert (found.in_force.number, found.until) == (3, now - 30 * DAY)
    with pytest.raises(services.RulesNotAccepted):
        services.rules_for(partner=rep.partner, at=now)


@pytest.mark.django_db
def test_mistyped_year_does_not_close_the_book() -> None:
    with pytest.raises(services.RulesRefused, match="within a year"):
        services.publish_rules(document=document(), effective_at=timezone.now() + 400 * DAY, by=None, at=timezone.now())


@pytest.mark.django_db
def test_version_that_has_not_begun_is_withdrawn_for_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    now, efua = timezone.now(), channel_manager()
    first, rep = rules(), house()
    manager = manager_of(rep.partner)
    second = services.publish_rules(document=document(protection_days=7), effective_at=now + DAY, by=efua, at=now)
    services.accept_rules(version=second, partner=rep.partner, by=manager, at=now)
    for by, why, error in (
        (rep.person, "Wrong", services.NotYourMove),
        (efua, " ", services.WordsMissing),
        (efua, "x" * 301, services.WordsMissing),
    ):
        with pytest.raises(error):
            services.withdraw_rules(version=second, reason=why, by=by, at=now)
    with pytest.raises(services.RulesInEffect, match="Publish another"):
        services.withdraw_rules(version=first, reason="Wrong", by=efua, at=now)
    with pytest.raises(services.RulesInEffect):  # from its first moment on
        services.withdraw_rules(version=second, reason="Wrong", by=efua, at=second.effective_at)
    browser, address = signed_in(efua), reverse("deals:rules_withdraw", args=[2])
    assert "Withdraw version 2" in text_of(efua, "deals:rules_version", 2)
    for _ in range(2):
        page = browser.post(address, {"reason": "A clause is missing"}, follow=True).content.decode()
        assert ("A clause is missing" in page, "Withdraw version 2" in page) == (True, False)
    refused = browser.post(reverse("deals:rules_withdraw", args=[1]), {"reason": "x"}, follow=True)
    assert "Publish another version" in refused.content.decode()
    assert AuditEntry.objects.filter(action="deals.withdraw_rules").count() == 1
    assert "withdrawn" in text_of(efua, "deals:rules_versions")
    later = now + 2 * DAY
    assert (services.rules_in_force(at=later), services.acceptable(at=now)) == (first, [first])
    accepted = services.standing(partner=rep.partner, at=later).accepted
    assert accepted is not None
    assert accepted.version == first
    with pytest.raises(RulesOvertaken, match="withdrawn"):
        services.accept_rules(version=second, partner=rep.partner, by=manager, at=now)
    monkeypatch.setattr(services, "acceptable", lambda **_: [first, second])  # what was read just before
    page = signed_in(manager).post(reverse("deals:engagement"), {"version": "2"}, follow=True)
    assert "was withdrawn. There is nothing to accept" in page.content.decode()


@pytest.mark.django_db
def test_after_a_withdrawal_the_next_one_is_compared_with_what_stands() -> None:
    now, efua = timezone.now(), channel_manager()
    rules()
    second = services.publish_rules(document=document(), effective_at=now + 30 * DAY, by=efua, at=now)
    services.withdraw_rules(version=second, reason="Too late", by=efua, at=now)
    with pytest.raises(RulesOvertaken):
        services.publish_rules(document=document(), effective_at=now + DAY, by=efua, at=now, after=2)
    third = services.publish_rules(document=document(), effective_at=now + DAY, by=efua, at=now, after=1)
    assert (third.number, services.newest_rules()) == (3, third)
    assert "against version 1" in text_of(efua, "deals:rules_version", 3)


@pytest.mark.django_db
def test_letter_compares_with_the_acceptance_that_stands() -> None:
    """Not with one of a version that was withdrawn, nor is the number of such a one promised again."""
    now, efua, rep = timezone.now(), channel_manager(), house()
    manager = manager_of(rep.partner)
    second = services.publish_rules(document=document(), effective_at=now + DAY, by=efua, at=now)
    services.accept_rules(version=second, partner=rep.partner, by=manager, at=now)
    services.withdraw_rules(version=second, reason="Wrong", by=efua, at=now)
    assert "In force from" in text_of(efua, "deals:rules_versions")
    assert "It was to be in force from" in text_of(efua, "deals:rules_versions")
    promised = services.next_number()
    third = services.publish_rules(document=document(protection_days=7), effective_at=now + DAY, by=efua, at=now)
    assert (promised, third.number, services.next_number()) == (3, 3, 4)
    mail.outbox.clear()
    drain()
    letter = next(one for one in mail.outbox if one.to == [manager.email] and "version 3" in one.subject)
    assert "version 1" in letter.body
    assert "version 2" not in letter.body
