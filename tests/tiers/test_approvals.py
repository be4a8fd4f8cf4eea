"""Rules are published only when every function that has to approve them did, for exactly them."""

from copy import deepcopy
from datetime import datetime
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from lms.accounts.models import AuditEntry, User
from lms.partners.rules import CHANNEL_MANAGERS, PORTAL_MANAGERS
from lms.tiers import engine, services
from lms.tiers.forms import AppointmentForm
from lms.tiers.models import Approver, DraftOpinion, Programme, ProgrammeDraft, ProgrammeVersion
from lms.tiers.services import Answer
from lms.tiers.services.approvals import check_approvals, draft_digest
from lms.tiers.services.published import benefits_given
from tests.factories import MembershipFactory, UserFactory
from tests.tiers.factories import DOCUMENT, IN_FORCE, approver, later, programme, staff

pytestmark = pytest.mark.django_db


def rules(*functions: str, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(DOCUMENT), "approvals": list(functions), **changes}


def propose(document: dict[str, Any], by: User, at: datetime, effective_at: datetime | None = None) -> ProgrammeDraft:
    made, _ = Programme.objects.get_or_create(slug="halden-partners", defaults={"name": "Halden Partners"})
    return services.propose_programme(
        programme=made,
        document=document,
        effective_at=effective_at or later(at, 30),
        purpose="A new year",
        by=by,
        at=at,
    )


def say(
    draft: ProgrammeDraft, function: str, by: User, at: datetime, *, yes: bool = True, reason: str = "Read it"
) -> DraftOpinion:
    return services.give_opinion(
        draft=draft, function=function, is_approval=yes, reason=reason, digest=draft.digest, by=by, at=at
    )


def answers(draft: ProgrammeDraft) -> list[tuple[str, Answer]]:
    states = services.states_of(draft, functions=services.functions_of(draft))
    return [(one.function, one.answer) for one in states]


def test_rules_are_published_when_every_function_approved(now: datetime) -> None:
    author, legal, finance = staff(), approver("legal", now), approver("finance", now)
    draft = propose(rules("legal", "finance"), author, now)
    say(draft, "legal", legal, now)
    with pytest.raises(services.ApprovalsMissing) as caught:
        services.publish_draft(draft=draft, by=author, at=now)
    assert caught.value.message == (
        f"Nothing was published: Finance waits for {finance.name}. They find the draft on their home page."
    )
    say(draft, "finance", finance, now)
    version = services.publish_draft(draft=draft, by=author, at=now)
    assert (version.number, version.document, version.published_by) == (1, draft.document, author)
    assert services.publish_draft(draft=draft, by=author, at=now) == version
    draft.refresh_from_db()
    assert (draft.version, ProgrammeVersion.objects.count()) == (version, 1)
    assert list(AuditEntry.objects.filter(object_id=str(draft.public_id)).values_list("action", flat=True)) == [
        "tiers.propose_programme",
        "tiers.give_opinion",
        "tiers.give_opinion",
    ]


def test_publishing_without_a_draft_says_what_to_do(now: datetime) -> None:
    with pytest.raises(services.ApprovalsMissing, match="need the approval of Legal affairs first, for exactly this"):
        programme(document=rules("legal", labels={**DOCUMENT["labels"], "legal": "Legal affairs"}))
    assert ProgrammeVersion.objects.count() == 0


def test_rules_without_functions_are_published_as_ever_and_never_put_up(now: datetime) -> None:
    assert programme().number == 1
    with pytest.raises(services.ActRefused, match="No function has to approve"):
        propose({**DOCUMENT, "notes": "More"}, staff(), now)


def test_a_draft_takes_no_function_off_the_list_by_itself(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    first = propose(rules("legal"), author, now)
    say(first, "legal", legal, now)
    version = services.publish_draft(draft=first, by=author, at=now)
    assert services.functions_of(propose(rules(), author, now, later(now, 40))) == ("legal",)
    other = Programme.objects.create(slug="other", name="Other")
    with pytest.raises(services.ApprovalsMissing, match="Legal"):  # another programme that would take its place
        services.publish_programme(
            programme=other, document=DOCUMENT, effective_at=later(version.effective_at, 1), by=author, at=now
        )


def test_approval_is_for_exactly_this_content(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now)
    for document, day in [(rules("legal", notes="Changed"), 30), (rules("legal"), 31)]:
        with pytest.raises(services.ApprovalsMissing):
            services.publish_programme(
                programme=draft.programme, document=document, effective_at=later(now, day), by=author, at=now
            )
    changed = propose(rules("legal", notes="Changed"), author, now)
    assert answers(changed) == [("legal", Answer.WAITING)]
    draft.refresh_from_db()
    assert draft.withdraw_reason == "Replaced by a later draft of the same person."
    with pytest.raises(services.DraftClosed):
        services.publish_draft(draft=draft, by=author, at=now)


def test_document_changed_behind_the_approvals_is_not_published(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now)
    ProgrammeDraft.objects.filter(pk=draft.pk).update(document={**draft.document, "notes": "Slipped in"})
    with pytest.raises(services.ApprovalsMissing):
        services.publish_draft(draft=draft, by=author, at=now)


def test_version_published_meanwhile_overtakes_a_draft(now: datetime) -> None:
    author, other, legal = staff(), staff(), approver("legal", now)
    slow, quick = propose(rules("legal"), author, now), propose(rules("legal", notes="Quick"), other, now)
    for draft in (slow, quick):
        say(draft, "legal", legal, now)
    services.publish_draft(draft=quick, by=other, at=now)
    with pytest.raises(services.DraftClosed):
        services.publish_draft(draft=slow, by=author, at=now)
    with pytest.raises(services.DraftClosed):
        say(slow, "legal", legal, now, yes=False)
    assert propose(rules("legal"), author, now).number == 2


def test_rules_that_are_published_are_not_put_up_again(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now)
    services.publish_draft(draft=draft, by=author, at=now)
    with pytest.raises(services.ActRefused, match="These rules are version 1 already"):
        propose(rules("legal"), author, now)


def test_objector_stays_while_the_author_holds_the_pen(now: datetime) -> None:
    author, legal = staff(PORTAL_MANAGERS), approver("legal", now)
    draft, appointment = propose(rules("legal"), author, now), Approver.objects.get(person=legal)
    say(draft, "legal", legal, now, yes=False)
    with pytest.raises(services.OwnDraft, match="another portal manager ends it"):
        services.end_appointment(appointment=appointment, reason="Moved on", by=author, at=now)
    say(draft, "legal", legal, now)
    services.end_appointment(appointment=appointment, reason="Moved on", by=author, at=now)


def test_function_that_other_rules_ask_since_is_asked_everywhere(now: datetime) -> None:
    author, legal, sales = staff(), approver("legal", now), approver("sales", now)
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now)
    other = Programme.objects.create(slug="other", name="Other")
    document = {**rules("sales"), "id": "other"}
    put_up = services.propose_programme(
        programme=other, document=document, effective_at=later(now, 29), purpose="Other", by=staff(), at=now
    )
    say(put_up, "sales", sales, now)
    services.publish_draft(draft=put_up, by=author, at=now)
    assert services.drafts_waiting_for(sales) == [draft]
    assert [one.function for one in services.states_of_each([draft])[draft.pk]] == ["legal", "sales"]
    with pytest.raises(services.ApprovalsMissing, match="Sales waits for"):
        services.publish_draft(draft=draft, by=author, at=now)


def test_the_same_content_put_up_twice_is_one_draft(now: datetime) -> None:
    author = staff()
    draft = propose(rules("legal"), author, now)
    assert propose(rules("legal"), staff(), later(now, 1), later(now, 30)) == draft
    services.withdraw_draft(draft=draft, reason="Not now", by=author, at=now)
    assert propose(rules("legal"), author, now) != draft


def test_author_approves_for_no_function(now: datetime) -> None:
    author = approver("legal", now)
    draft = propose(rules("legal"), author, now)
    with pytest.raises(services.OwnDraft, match="you approve them for no function"):
        say(draft, "legal", author, now)
    (state,) = services.states_of(draft, functions=["legal"])
    assert state.words == "Legal has nobody who could speak for it"


def test_who_approved_does_not_publish(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    legal.groups.add(Group.objects.get(name=CHANNEL_MANAGERS))
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now)
    with pytest.raises(services.ApprovalsMissing, match="What you approved yourself does not count when you publish"):
        services.publish_draft(draft=draft, by=legal, at=now)
    page = signed_in(legal).get(reverse("tiers:draft", args=[draft.public_id])).content.decode()
    assert "let somebody else publish" in page
    assert "Publish rules" not in page
    colleague = approver("legal", now)
    say(draft, "legal", colleague, now)
    say(draft, "legal", legal, now, reason="Again")
    assert services.publish_draft(draft=draft, by=legal, at=now).number == 1
    draft.refresh_from_db()
    (state,) = services.states_of(draft, functions=["legal"])  # names the approval that counted
    assert state.opinion is not None
    assert state.opinion.said_by == colleague


def test_objection_stands_until_its_person_approves_or_leaves_office(now: datetime) -> None:
    author, legal, colleague = staff(), approver("legal", now), approver("legal", now)
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now, yes=False, reason="Clause 4")
    say(draft, "legal", colleague, now)
    assert answers(draft) == [("legal", Answer.OBJECTS)]
    with pytest.raises(services.ApprovalsMissing, match=r"Legal objects .* Meet the objection with a changed draft"):
        services.publish_draft(draft=draft, by=author, at=now)
    legal.is_active = False
    legal.save(update_fields=["is_active"])
    assert answers(draft) == [("legal", Answer.APPROVED)]
    legal.is_active = True
    legal.save(update_fields=["is_active"])
    say(draft, "legal", legal, now)
    assert answers(draft) == [("legal", Answer.APPROVED)]


def test_approval_outlives_the_office_of_who_gave_it(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = propose(rules("legal"), author, now)
    say(draft, "legal", legal, now)
    services.end_appointment(
        appointment=Approver.objects.get(person=legal), reason="Left", by=staff(PORTAL_MANAGERS), at=now
    )
    assert answers(draft) == [("legal", Answer.APPROVED)]
    with pytest.raises(services.NotAppointed):
        say(draft, "legal", legal, now, yes=False)


def test_who_is_no_longer_of_our_staff_has_no_word(now: datetime) -> None:
    draft, without_role, with_partner = (
        propose(rules("legal"), staff(), now),
        approver("legal", now),
        approver("legal", now),
    )
    without_role.groups.clear()
    MembershipFactory(person=with_partner)
    for person in (without_role, with_partner):
        with pytest.raises(services.NotAppointed):
            say(draft, "legal", person, now)
        assert not person.has_perm("tiers.view_drafts")
    with pytest.raises(services.NotAppointed):
        services.appoint_approver(function="sales", person=with_partner, reason="Too", by=staff(), at=now)
    form = AppointmentForm(by=staff())
    assert not set(form.fields["person"].queryset) & {without_role, with_partner}


def test_approval_that_arrives_twice_adds_nothing(now: datetime) -> None:
    draft, legal = propose(rules("legal"), staff(), now), approver("legal", now)
    assert say(draft, "legal", legal, now) == say(draft, "legal", legal, later(now, 1))
    assert say(draft, "legal", legal, now, yes=False).number == 2


def test_opinions_are_refused_that_are_none(now: datetime) -> None:
    draft, legal = propose(rules("legal"), staff(), now), approver("legal", now)
    services.appoint_approver(function="sales", person=legal, reason="Too", by=staff(PORTAL_MANAGERS), at=now)
    with pytest.raises(services.NotAppointed):
        say(draft, "legal", staff(), now)
    with pytest.raises(services.ActRefused, match="don't need the approval of this function"):
        say(draft, "sales", legal, now)
    with pytest.raises(services.ActRefused, match="Say why"):
        say(draft, "legal", legal, now, reason="  ")
    with pytest.raises(services.ActRefused, match="longer than 2000"):
        say(draft, "legal", legal, now, reason="x" * 2001)
    with pytest.raises(services.ActRefused, match="not the content you were shown"):
        services.give_opinion(
            draft=draft, function="legal", is_approval=True, reason="Read", digest="0" * 64, by=legal, at=now
        )
    assert DraftOpinion.objects.count() == 0


def test_drafts_are_checked_like_rules_that_are_published(now: datetime) -> None:
    with pytest.raises(services.Backdated, match="choose a day to come"):
        propose(rules("legal"), staff(), now, now)
    with pytest.raises(services.ProgrammeRefused, match="fees"):
        propose(rules("legal", fees=3), staff(), now)
    source = engine.Source(document=rules("legal"), lines={})
    draft = services.propose_source(
        source=source, programme=None, effective_at=later(now, 1), purpose="First", by=staff(), at=now
    )
    assert draft.programme.slug == "halden-partners"


@pytest.mark.parametrize(
    ("approvals", "problem"),
    [
        ("legal", "approvals: needs a list"),
        (["le gal"], "needs a name of letters, digits, - and _, 50 characters at most"),
        (["legal", "legal"], "needs 20 functions at most, each once"),
        ([f"f{number}" for number in range(21)], "needs 20 functions at most, each once"),
    ],
)
def test_wrong_lists_of_functions_are_refused(approvals: object, problem: str) -> None:
    with pytest.raises(engine.DocumentError, match=problem):
        engine.parse({**DOCUMENT, "approvals": approvals})


def test_appointments(now: datetime) -> None:
    by, person = staff(PORTAL_MANAGERS), staff("Legal")

    def appoint(**changes: Any) -> Approver:
        wanted = {"function": "legal", "person": person, "reason": "Head", "by": by, "at": now, **changes}
        return services.appoint_approver(**wanted)

    made = appoint()
    assert appoint(reason="Again") == made
    with pytest.raises(services.OwnDraft, match="Nobody appoints himself"):
        appoint(person=by)
    for other in (UserFactory(), staff("Legal", is_active=False)):
        with pytest.raises(services.NotAppointed):
            appoint(person=other)
    with pytest.raises(services.ActRefused, match="named by letters"):
        appoint(function="le gal")
    services.end_appointment(appointment=made, reason="Moved on", by=by, at=now)
    with pytest.raises(services.ActRefused, match="ended already"):
        services.end_appointment(appointment=made, reason="Moved on", by=by, at=now)
    assert appoint() != made
    actions = AuditEntry.objects.filter(action__startswith="tiers.").order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["tiers.appoint_approver", "tiers.end_appointment", "tiers.appoint_approver"]
    assert services.known_functions() == ["legal"]


def test_database_refuses_what_services_do(now: datetime) -> None:
    draft, legal = propose(rules("legal"), staff(), now), approver("legal", now)
    said = say(draft, "legal", legal, now)
    wrong: list[Any] = [
        lambda: Approver.objects.filter(person=legal).update(appointed_by=legal),
        lambda: Approver.objects.filter(person=legal).update(reason=""),
        lambda: Approver.objects.filter(person=legal).update(ended_at=now),
        lambda: Approver.objects.create(
            function="legal", person=legal, reason="Two", appointed_at=now, appointed_by=draft.proposed_by
        ),
        lambda: ProgrammeDraft.objects.update(withdrawn_at=now),
        lambda: ProgrammeDraft.objects.update(purpose=""),
        lambda: DraftOpinion.objects.update(reason=""),
        lambda: DraftOpinion(**{**_fields(said), "number": 1}).save(force_insert=True),
        lambda: ProgrammeDraft(**_fields(draft)).save(force_insert=True),
    ]
    for work in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            work()


def _fields(row: Any) -> dict[str, Any]:
    names = [field.attname for field in row._meta.concrete_fields if field.attname not in {"id", "public_id"}]
    return {name: getattr(row, name) for name in names}


def test_without_the_digest_a_changed_text_would_pass(now: datetime) -> None:
    """The twin of the gate: the digest tells every part of the content apart."""
    made = Programme.objects.create(slug="p", name="P")
    content: dict[str, Any] = {"programme": made, "number": 1, "effective_at": IN_FORCE, "document": {"a": 1}}
    others = [{"number": 2}, {"effective_at": now}, {"document": {"a": 2}}]
    found = {draft_digest(**{**content, **other}) for other in ({}, *others)}
    assert len(found) == 4
    assert check_approvals(**content, by=None) is None


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_approver_finds_the_draft_at_home_and_says_his_word(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = propose(rules("legal"), author, now, later(now, 3000))
    page, client = reverse("tiers:draft", args=[draft.public_id]), signed_in(legal)
    assert page in client.get(reverse("portal:home")).content.decode()
    assert "waits for you" in client.get(reverse("tiers:drafts")).content.decode()
    assert "Waiting since" in client.get(page).content.decode()
    data = {"function": "legal", "is_approval": "no", "reason": "Clause 4", "digest": draft.digest}
    assert client.post(page, {**data, "digest": "0" * 64}).status_code == 400
    assert client.post(page, data).status_code == 302
    assert "objects since" in client.get(page).content.decode()
    assert page in client.get(reverse("portal:home")).content.decode()  # while his objection stands
    assert client.post(page, {**data, "is_approval": "yes"}).status_code == 302
    home = client.get(reverse("portal:home")).content.decode()
    assert page not in home
    assert reverse("tiers:drafts") in home
    assert "Approved by" in client.get(page).content.decode()
    assert client.post(reverse("tiers:draft_publish", args=[draft.public_id])).status_code == 403


def test_publishing_and_withdrawing_on_the_page(now: datetime) -> None:
    author, legal = staff(), approver("legal", now)
    draft = propose(rules("legal"), author, now, later(now, 3000))
    client = signed_in(author)
    url, publish = (reverse(f"tiers:{name}", args=[draft.public_id]) for name in ("draft", "draft_publish"))
    assert client.post(url, {}).status_code == 403
    page = client.post(publish, follow=True).content.decode()
    assert "Legal waits for" in page
    assert "approves them for no function" in page
    say(draft, "legal", legal, now)
    assert "is published" in client.post(publish, follow=True).content.decode()
    withdraw = reverse("tiers:draft_withdraw", args=[draft.public_id])
    assert "It is closed" in client.post(withdraw, {"reason": "Late"}, follow=True).content.decode()
    second = propose(rules("legal", notes="Second"), author, now, later(now, 3001))
    with patch("lms.tiers.draft_views.MAX_COMPARED", 3):
        page = client.get(reverse("tiers:draft", args=[second.public_id])).content.decode()
    assert "It is longer than 3 lines" in page
    author.time_zone = "Asia/Tokyo"
    author.save()
    assert f"{second.effective_at:%H:%M} UTC" in client.get(reverse("tiers:drafts")).content.decode()
    assert "+notes: Second" in client.get(reverse("tiers:draft", args=[second.public_id])).content.decode()
    withdraw = reverse("tiers:draft_withdraw", args=[second.public_id])
    page = client.post(withdraw, {"reason": "Not now"}, follow=True).content.decode()
    assert "Not now" in page
    assert "Waiting since" not in page


def test_strangers_see_no_draft(now: datetime) -> None:
    draft = propose(rules("legal"), staff(), now)
    for user in (staff("Legal"), MembershipFactory(role="manager").person):
        client = signed_in(user)
        assert client.get(reverse("tiers:draft", args=[draft.public_id])).status_code == 404
        assert client.get(reverse("tiers:drafts")).status_code == 403
        assert client.get(reverse("tiers:approvers")).status_code == 403


def test_appointing_on_the_page(now: datetime) -> None:
    propose(rules("legal", "sales"), staff(), now)
    by, person = staff(PORTAL_MANAGERS), staff("Legal")
    client, url = signed_in(by), reverse("tiers:approvers")
    assert "speaks for legal, sales" in client.get(url).content.decode()
    data = {"function": "legal", "person": person.public_id, "reason": "Head of it"}
    assert client.post(url, {**data, "person": by.public_id}).status_code == 400
    assert client.post(url, {**data, "function": "le gal"}).status_code == 400
    assert client.post(url, data).status_code == 302
    end = reverse("tiers:approver_end", args=[Approver.objects.get().public_id])
    assert "Say why it ends" in client.post(end, {"reason": ""}, follow=True).content.decode()
    assert "no longer speaks for legal" in client.post(end, {"reason": "Left"}, follow=True).content.decode()
    assert signed_in(staff()).post(url, data).status_code == 403
    assert signed_in(staff()).post(end, {"reason": "x"}).status_code == 403


@pytest.mark.parametrize("count", [1, 3])
def test_list_of_drafts_asks_so_often(now: datetime, count: int, django_assert_num_queries: Any) -> None:
    legal = approver("legal", now)
    for number in range(count):
        say(propose(rules("legal", notes=str(number)), staff(), now), "legal", approver("legal", now), now)
    client = signed_in(legal)
    with django_assert_num_queries(16):
        client.get(reverse("tiers:drafts"))


def test_of_versions_that_begin_together_the_last_gives_its_benefits(now: datetime) -> None:
    for name in ("playbooks", "demo-kit"):
        document = deepcopy(DOCUMENT)
        document["tiers"][-1]["benefits"] = [{"opens": name}]
        programme(document=document, effective_at=later(now, 9))
    assert set(benefits_given(now)) == {"demo-kit"}


def test_the_designer_is_linked_for_who_has_the_admin_only(now: datetime) -> None:
    """A channel manager publishes what was approved, but has no admin to change it in."""
    draft = propose(rules("legal"), staff(), now, later(now, 3000))
    page, link = reverse("tiers:draft", args=[draft.public_id]), reverse("programmes:publish")
    has_admin = staff(PORTAL_MANAGERS)
    has_admin.user_permissions.add(Permission.objects.get(codename="access_admin"))
    shown = [link in signed_in(user).get(page).content.decode() for user in (staff(), has_admin)]
    assert shown == [False, True]
