"""Pages about a partner's people: happy, stranger 404, wrong role 403, bad input, and the middleware."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from lms.accounts.models import User
from lms.events.services import drain
from lms.partners import services
from lms.partners.middleware import membership_of
from lms.partners.models import Invitation, Membership
from tests.factories import MembershipFactory, PersonaFactory, UserFactory
from tests.partners.conftest import House, signed_in

PASSWORD = "four quiet unrelated words"
pytestmark = pytest.mark.django_db


def invite_url(house: House) -> str:
    return reverse("partners:invite", args=[house.partner.public_id])


def member_url(name: str, house: House, membership: Membership) -> str:
    return reverse(f"partners:{name}", args=[house.partner.public_id, membership.public_id])


def invitation_fields(**changes: object) -> dict[str, object]:
    fields = {"email": "new@aster.example", "name": "New Person", "persona": PersonaFactory().pk, "role": "member"}
    return {**fields, **changes}


def token_of_the_letter() -> str:
    drain()
    return str(mail.outbox[-1].body).split("/invitations/")[1].split("/")[0]


def test_manager_invites(a: House) -> None:
    response = signed_in(a.manager.person).post(invite_url(a), invitation_fields())
    assert response.headers["Location"] == reverse("portal:partner_people", args=[a.partner.public_id])
    assert Invitation.objects.get().invited_by == a.manager.person


@pytest.mark.parametrize(
    ("who", "expected"), [("rep", 403), ("stranger", 404), ("nobody", 302), ("channel", 200), ("manager", 200)]
)
def test_invite_page_is_for_those_who_may_invite(
    a: House, b: House, channel_manager: User, who: str, expected: int
) -> None:
    people = {
        "rep": a.rep.person,
        "stranger": b.manager.person,
        "channel": channel_manager,
        "manager": a.manager.person,
    }
    client = signed_in(people[who]) if who in people else Client()
    assert client.get(invite_url(a)).status_code == expected


def test_foreign_manager_changes_nothing(a: House, b: House) -> None:
    """TEN-05: A's forms sent by B."""
    client = signed_in(b.manager.person)
    invitation = services.invite_person(
        partner=a.partner, email="x@aster.example", persona=PersonaFactory(), by=a.manager.person, at=timezone.now()
    )
    withdraw = reverse("partners:invitation_withdraw", args=[a.partner.public_id, invitation.public_id])
    statuses = [
        client.post(invite_url(a), invitation_fields()).status_code,
        client.post(member_url("membership_edit", a, a.rep), {"persona": 1, "role": "manager"}).status_code,
        client.post(member_url("membership_end", a, a.rep)).status_code,
        client.post(withdraw).status_code,
        client.post(reverse("partners:switch"), {"membership": str(a.rep.public_id)}).status_code,
    ]
    assert statuses == [404, 404, 404, 404, 404]
    a.rep.refresh_from_db()
    invitation.refresh_from_db()
    assert (a.rep.role, a.rep.ends_on, invitation.withdrawn_at) == ("member", None, None)
    assert Invitation.objects.count() == 1


def test_foreign_member_under_own_partner_is_not_found(a: House, b: House) -> None:
    """TEN-06: the same answer as for an id that does not exist."""
    client = signed_in(b.manager.person)
    foreign = reverse("partners:membership_end", args=[b.partner.public_id, a.rep.public_id])
    invented = reverse("partners:membership_end", args=[b.partner.public_id, uuid4()])
    answers = [client.post(url) for url in (foreign, invented)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content


def test_refused_invitation_is_explained(a: House) -> None:
    response = signed_in(a.manager.person).post(invite_url(a), invitation_fields(email=a.rep.person.email))
    assert (response.status_code, "belongs to Aster already" in response.content.decode()) == (409, True)


def test_manager_withdraws_an_invitation(a: House) -> None:
    client = signed_in(a.manager.person)
    client.post(invite_url(a), invitation_fields())
    invitation = Invitation.objects.get()
    client.post(reverse("partners:invitation_withdraw", args=[a.partner.public_id, invitation.public_id]))
    invitation.refresh_from_db()
    assert invitation.withdrawn_at is not None


def test_manager_who_leaves_goes_home(a: House) -> None:
    MembershipFactory(partner=a.partner, role="manager")
    response = signed_in(a.manager.person).post(member_url("membership_end", a, a.manager))
    assert response.headers["Location"] == reverse("portal:home")


def test_bad_input_is_kept_and_explained(a: House) -> None:
    response = signed_in(a.manager.person).post(invite_url(a), invitation_fields(email="nobody", role="owner"))
    assert response.status_code == 200
    assert "Enter a valid email address" in response.content.decode()
    assert not Invitation.objects.exists()


def test_extra_fields_are_ignored(a: House, b: House) -> None:
    """PRIV-02."""
    extra = {"partner": b.partner.pk, "invited_by": b.manager.person.pk, "is_superuser": "1"}
    signed_in(a.manager.person).post(invite_url(a), invitation_fields(**extra))
    assert Invitation.objects.get().partner == a.partner


def test_manager_changes_persona_and_role(a: House) -> None:
    engineer = PersonaFactory(slug="presales_engineer")
    fields = {"persona": engineer.pk, "role": "manager"}
    response = signed_in(a.manager.person).post(member_url("membership_edit", a, a.rep), fields)
    assert response.status_code == 302
    a.rep.refresh_from_db()
    assert (a.rep.persona, a.rep.role) == (engineer, "manager")


def test_refused_change_is_explained_on_the_page(a: House) -> None:
    """PRIV-03."""
    fields = {"persona": a.manager.persona_id, "role": "member"}
    response = signed_in(a.manager.person).post(member_url("membership_edit", a, a.manager), fields)
    assert response.status_code == 403
    assert "change your own role" in response.content.decode()


def test_rep_may_not_manage(a: House) -> None:
    client = signed_in(a.rep.person)
    assert client.get(member_url("membership_edit", a, a.manager)).status_code == 403
    assert client.post(member_url("membership_end", a, a.manager)).status_code == 403


def test_end_of_membership_holds_from_the_next_request(a: House) -> None:
    """AUTH-29: removed while signed in."""
    rep = signed_in(a.rep.person)
    page = reverse("portal:partner", args=[a.partner.public_id])
    assert rep.get(page).status_code == 200
    signed_in(a.manager.person).post(member_url("membership_end", a, a.rep))
    assert rep.get(page).status_code == 404


def test_last_manager_is_told_why_he_cannot_leave(a: House) -> None:
    response = signed_in(a.manager.person).post(member_url("membership_end", a, a.manager), follow=True)
    assert "would have no manager" in response.content.decode()


def test_switch_chooses_the_partner_for_the_session(a: House, b: House) -> None:
    other = MembershipFactory(person=a.rep.person, partner=b.partner, starts_on=a.rep.starts_on - timedelta(days=9))
    client = signed_in(a.rep.person)
    profile = reverse("accounts:profile")
    assert membership_of(client.get(profile).wsgi_request) == a.rep
    response = client.post(reverse("partners:switch"), {"membership": str(other.public_id), "next": "//evil.example"})
    assert response.headers["Location"] == reverse("portal:home")
    assert membership_of(client.get(profile).wsgi_request) == other
    services.leave_partner(membership=other, by=None, at=timezone.now())
    assert membership_of(client.get(profile).wsgi_request) == a.rep


def test_visitor_without_session_costs_no_query(django_assert_num_queries: object) -> None:
    client = Client()
    sign_in = reverse("account_login")
    client.get(sign_in)
    client.cookies.clear()
    with django_assert_num_queries(0):  # type: ignore[operator]
        assert membership_of(client.get(sign_in).wsgi_request) is None


@pytest.mark.parametrize("several", [0, 2])
def test_membership_costs_one_query(a: House, several: int, django_assert_num_queries: object) -> None:
    """Session, person, memberships."""
    for _ in range(several):
        MembershipFactory(person=a.rep.person)
    client = signed_in(a.rep.person)
    with django_assert_num_queries(3):  # type: ignore[operator]
        client.get("/partners/switch/")


def test_suspended_partners_people_are_refused_at_once(a: House, channel_manager: User) -> None:
    """TEN-25: everywhere, as page and as API; only signing out stays open."""
    client = signed_in(a.rep.person)
    assert client.get(reverse("accounts:profile")).status_code == 200
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=timezone.now())
    page = client.get(reverse("accounts:profile"))
    assert (page.status_code, "Access for <bdi>Aster</bdi> is suspended" in page.content.decode()) == (403, True)
    api = client.get("/api/v1/me/")
    assert (api.status_code, api.headers["Content-Type"]) == (403, "application/problem+json")
    assert client.post(reverse("account_logout")).status_code == 302


def test_suspension_of_one_partner_leaves_the_other(a: House, b: House, channel_manager: User) -> None:
    MembershipFactory(person=a.rep.person, partner=b.partner)
    services.suspend_partner(partner=b.partner, by=channel_manager, reason="Unpaid", at=timezone.now())
    response = signed_in(a.rep.person).get(reverse("accounts:profile"))
    assert (response.status_code, membership_of(response.wsgi_request)) == (200, a.rep)


def test_channel_manager_at_a_suspended_partner_is_not_shut_out(a: House, channel_manager: User) -> None:
    a.rep.person.groups.add(Group.objects.get(name="Channel managers"))
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=timezone.now())
    assert signed_in(a.rep.person).get(reverse("accounts:profile")).status_code == 200


def test_stranger_follows_the_letter_and_is_signed_in(a: House) -> None:
    signed_in(a.manager.person).post(invite_url(a), invitation_fields())
    address = reverse("partners:accept_invitation", args=[token_of_the_letter()])
    client = Client()
    page = client.get(address)
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    response = client.post(address, {"name": "New Person", "password": PASSWORD, "again": PASSWORD})
    assert response.headers["Location"] == reverse("portal:home")
    profile = client.get(reverse("accounts:profile"))
    assert membership_of(profile.wsgi_request).partner == a.partner
    assert client.get(address).status_code == 410


def test_letter_in_other_hands_opens_no_account(a: House, b: House) -> None:
    """AUTH-23."""
    signed_in(a.manager.person).post(invite_url(a), invitation_fields(email=b.rep.person.email))
    address = reverse("partners:accept_invitation", args=[token_of_the_letter()])
    thief = Client()
    assert "Sign in to join" in thief.get(address).content.decode()
    stolen = thief.post(address, {"name": "Thief", "password": PASSWORD, "again": PASSWORD})
    assert stolen.status_code == 403
    assert signed_in(a.rep.person).post(address).status_code == 403
    assert signed_in(b.rep.person).post(address).status_code == 302
    assert Membership.objects.filter(partner=a.partner).count() == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "N", "password": PASSWORD, "again": "another one entirely"},
        {"name": "N", "password": "short", "again": "short"},
        {"name": "\u202e\u200b", "password": PASSWORD, "again": PASSWORD},
        {"name": "a\x00b", "password": PASSWORD, "again": PASSWORD},
    ],
)
def test_bad_account_is_refused_and_the_invitation_stays_open(a: House, fields: dict[str, str]) -> None:
    """AUTH-34."""
    signed_in(a.manager.person).post(invite_url(a), invitation_fields())
    address = reverse("partners:accept_invitation", args=[token_of_the_letter()])
    response = Client().post(address, fields)
    assert (response.status_code, "error-summary" in response.content.decode()) == (200, True)
    assert Invitation.objects.get().accepted_at is None


def test_name_with_direction_marks_is_stored_without_them(a: House) -> None:
    """AUTH-34."""
    signed_in(a.manager.person).post(invite_url(a), invitation_fields())
    address = reverse("partners:accept_invitation", args=[token_of_the_letter()])
    Client().post(address, {"name": " Ev\u202ee  Adams ", "password": PASSWORD, "again": PASSWORD})
    assert User.objects.get(email="new@aster.example").name == "Eve Adams"


def test_suspended_person_may_follow_an_invitation_elsewhere(a: House, b: House, channel_manager: User) -> None:
    signed_in(b.manager.person).post(invite_url(b), invitation_fields(email=a.rep.person.email))
    address = reverse("partners:accept_invitation", args=[token_of_the_letter()])
    services.suspend_partner(partner=a.partner, by=channel_manager, reason="Unpaid", at=timezone.now())
    client = signed_in(a.rep.person)
    assert client.post(address).status_code == 302
    assert membership_of(client.get(reverse("accounts:profile")).wsgi_request).partner == b.partner


def test_names_are_escaped_and_isolated(a: House) -> None:
    """XSS-01."""
    User.objects.filter(pk=a.rep.person.pk).update(name="<img src=x onerror=alert(1)>")
    page = signed_in(a.manager.person).get(member_url("membership_edit", a, a.rep)).content.decode()
    assert "<img src=x" not in page
    assert re.search(r"<bdi>&lt;img src=x", page)


def test_profile_lists_the_partners(a: House, b: House) -> None:
    MembershipFactory(person=a.rep.person, partner=b.partner)
    page = signed_in(a.rep.person).get(reverse("accounts:profile")).content.decode()
    assert "Aster" in page
    assert "Birch" in page
    assert "You act for this partner" in page
    nobody = signed_in(UserFactory()).get(reverse("accounts:profile")).content.decode()
    assert "You belong to no partner" in nobody
