"""Programmes in the Wagtail admin."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from lms.accounts.models import User
from lms.tiers.models import ProgrammeDraft, ProgrammeVersion
from lms.tiers.services import appoint_approver, give_opinion, publish_draft
from tests.factories import UserFactory
from tests.tiers.factories import approver, programme

pytestmark = pytest.mark.django_db
TEXT = """
id: halden
name: Halden Partners
tiers:
  - {id: registered, requires: {all: []}}
  - {id: select, requires: {metric: deals, gte: 3}}
"""


def portal_manager() -> User:
    user: User = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Portal managers")[0])
    user.user_permissions.add(Permission.objects.get(codename="access_admin"))
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def post(client: Client, **changes: Any) -> Any:
    data = {"programme": "", "text": TEXT, "effective_at": "2026-12-01 00:00", "step": "publish", **changes}
    return client.post(reverse("programmes:publish"), data)


def test_rules_are_checked_shown_and_then_published() -> None:
    client = signed_in(portal_manager())
    checked = post(client, step="check")
    assert (checked.status_code, ProgrammeVersion.objects.count()) == (200, 0)
    assert "Publish these rules" in checked.content.decode()
    assert post(client).status_code == 302
    version = ProgrammeVersion.objects.get()
    assert (version.programme.slug, version.programme.name, version.number) == ("halden", "Halden Partners", 1)
    assert "select-1" in client.get(reverse("programmes:version", args=[version.pk])).content.decode()
    assert "Halden Partners v1" in client.get(reverse("programmes:index")).content.decode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tiers: [", "This is not YAML"),
        ("[1]", "needs a mapping of names to values"),
        (TEXT + "fees: 3", "fees: is not a rule that is read"),
        (TEXT.replace("gte: 3", "gte: many"), "line 6: tiers[1].requires.gte: needs a number"),
        ("", "This field is required"),
    ],
)
def test_wrong_rules_are_refused_with_their_line(text: str, words: str) -> None:
    response = post(signed_in(portal_manager()), text=text)
    assert words in response.content.decode()
    assert ProgrammeVersion.objects.count() == 0


def test_rules_against_the_ranks_are_refused() -> None:
    version = programme()
    text = TEXT.replace("registered", "premier")
    response = post(signed_in(portal_manager()), text=text, programme=version.programme.pk)
    assert "the order contradicts the ranks" in response.content.decode()
    assert ProgrammeVersion.objects.count() == 1


@pytest.mark.parametrize("name", ["programmes:index", "programmes:publish"])
def test_programmes_are_for_channel_roles(name: str) -> None:
    author = UserFactory()
    author.user_permissions.add(Permission.objects.get(codename="access_admin"))
    assert signed_in(portal_manager()).get(reverse(name)).status_code == 200
    assert signed_in(author).get(reverse(name)).status_code in {302, 403}
    assert signed_in(UserFactory()).get(reverse(name)).status_code in {302, 404}
    assert Client().get(reverse(name)).status_code == 302


def test_author_cannot_publish() -> None:
    author = UserFactory()
    author.user_permissions.add(Permission.objects.get(codename="access_admin"))
    assert post(signed_in(author)).status_code in {302, 403}
    assert ProgrammeVersion.objects.count() == 0


def test_version_that_is_not_there() -> None:
    assert signed_in(portal_manager()).get(reverse("programmes:version", args=[99])).status_code == 404


def test_next_version_starts_from_the_text_of_the_last() -> None:
    version = programme()
    client = signed_in(portal_manager())
    url = reverse("programmes:publish")
    text = client.get(url, {"version": version.pk}).context["form"].initial["text"]
    assert post(client, text=text, programme=version.programme.pk).status_code == 302
    assert ProgrammeVersion.objects.count() == 2
    for wrong in ("x", "99", "9" * 30):
        assert "text" not in client.get(url, {"version": wrong}).context["form"].initial


def test_rules_that_need_approval_are_put_up_and_not_published() -> None:
    user = portal_manager()
    client, text = signed_in(user), TEXT + "approvals: [legal]\n"
    day = {"text": text, "effective_at": "2090-01-01 00:00"}
    page = post(client, **day, step="check").content.decode()
    assert "they need the approval of Legal" in page
    assert "Publish these rules" not in page
    assert "need the approval of Legal first" in post(client, **day).content.decode()
    assert "Say what changes and why" in post(client, **day, step="propose").content.decode()
    assert post(client, **day, step="propose", purpose="A new year").status_code == 302
    draft = ProgrammeDraft.objects.get()
    initial = client.get(reverse("programmes:publish"), {"draft": draft.public_id}).context["form"].initial
    assert (initial["purpose"], initial["effective_at"]) == ("A new year", draft.effective_at)
    assert "text" not in client.get(reverse("programmes:publish"), {"draft": "x"}).context["form"].initial
    legal = approver("legal", draft.proposed_at)
    give_opinion(
        draft=draft,
        function="legal",
        is_approval=True,
        reason="Read",
        digest=draft.digest,
        by=legal,
        at=draft.proposed_at,
    )
    version = publish_draft(draft=draft, by=user, at=draft.proposed_at)
    url = reverse("programmes:version", args=[version.pk])
    assert reverse("tiers:draft", args=[draft.public_id]) in client.get(url).content.decode()


def test_waiting_page_lists_drafts_for_who_speaks_for_a_function(now: datetime) -> None:
    user, by = portal_manager(), portal_manager()
    appoint_approver(function="legal", person=user, reason="Head", by=by, at=now)
    post(
        signed_in(by),
        text=TEXT + "approvals: [legal]\n",
        effective_at="2090-01-01 00:00",
        step="propose",
        purpose="Why",
    )
    draft = ProgrammeDraft.objects.get()
    url = reverse("tiers:draft", args=[draft.public_id])
    assert url in signed_in(user).get(reverse("programmes:waiting")).content.decode()
    assert url not in signed_in(by).get(reverse("programmes:waiting")).content.decode()
