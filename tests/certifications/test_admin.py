"""Certifications and credentials in the Wagtail admin."""

from datetime import datetime
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from certifications.models import Certification, Credential
from lms.accounts.models import User
from tests.certifications.factories import certification, credential, exam, published
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def staff(group_name: str) -> User:
    user: User = UserFactory()
    group, _ = Group.objects.get_or_create(name=group_name)
    group.permissions.add(Permission.objects.get(content_type__app_label="wagtailadmin", codename="access_admin"))
    user.groups.add(group)
    return user


def signed_in(person: Any) -> Client:
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def portal_manager() -> Client:
    return signed_in(staff("Portal managers"))


def fields(**changes: object) -> dict[str, object]:
    return {
        "title": "Halden Certified Architect",
        "slug": "architect",
        "description": "For large sites.",
        "criteria": "Designs a platform.",
        "valid_months": 24,
        "position": 1,
    } | changes


def test_certification_is_made_with_its_requirements(portal_manager: Client) -> None:
    course, assessment = published(1).course, exam()
    data = fields(courses=[course.pk], assessments=[assessment.pk])
    assert portal_manager.post("/admin/certifications/new/", data).status_code == 302
    made = Certification.objects.get()
    assert [one.course or one.assessment for one in made.requirements.order_by("position")] == [course, assessment]


def test_certification_must_ask_for_something(portal_manager: Client) -> None:
    response = portal_manager.post("/admin/certifications/new/", fields())
    assert (response.status_code, Certification.objects.count()) == (200, 0)


def test_certification_changes_count(portal_manager: Client) -> None:
    assessment, other = exam(), exam("other")
    made = certification(assessment)
    address = f"/admin/certifications/edit/{made.pk}/"
    assert portal_manager.get(address).status_code == 200
    data = fields(slug=made.slug, assessments=[other.pk])
    assert portal_manager.post(address, data).status_code == 302
    made.refresh_from_db()
    assert (made.number, made.requirements.get().assessment) == (2, other)


def test_certification_is_never_deleted(portal_manager: Client) -> None:
    made = certification(exam())
    response = portal_manager.post(f"/admin/certifications/delete/{made.pk}/")
    assert response.status_code in {302, 403, 404}
    assert Certification.objects.filter(pk=made.pk).exists()


def test_credentials_are_listed_and_revoked_with_a_reason(portal_manager: Client, now: datetime) -> None:
    issued = credential(now)
    assert issued.holder_name in portal_manager.get("/admin/credentials/").content.decode()
    address = f"/admin/credentials/{issued.public_id}/revoke/"
    assert "Revoke certificate" in portal_manager.get(address).content.decode()
    assert portal_manager.post(address, {"reason": " "}).status_code == 200
    assert not Credential.objects.exclude(revoked_at=None).exists()
    assert portal_manager.post(address, {"reason": "Copied answers"}).status_code == 302
    issued.refresh_from_db()
    assert issued.revocation_reason == "Copied answers"
    assert "Copied answers" in portal_manager.get(address).content.decode()


def test_credentials_have_no_other_action(portal_manager: Client, now: datetime) -> None:
    """CERT-11: nobody writes a credential by hand."""
    issued = credential(now)
    for action in ("new/", f"edit/{issued.pk}/", f"delete/{issued.pk}/", f"copy/{issued.pk}/"):
        assert portal_manager.post(f"/admin/credentials/{action}").status_code == 404


@pytest.mark.parametrize("group", ["Channel marketing", "Content reviewers"])
def test_authors_revoke_nothing(group: str, now: datetime) -> None:
    issued = credential(now)
    client = signed_in(staff(group))
    addresses = ["/admin/credentials/", "/admin/certifications/", f"/admin/credentials/{issued.public_id}/revoke/"]
    for address in addresses:
        assert client.post(address, {"reason": "No"}).status_code in {302, 403, 405}
    issued.refresh_from_db()
    assert issued.revoked_at is None


def test_partners_never_see_the_admin(now: datetime) -> None:
    """PRIV-01: for people of partners there is no such page."""
    issued = credential(now)
    client = signed_in(MembershipFactory(role="manager").person)
    for address in ["/admin/credentials/", f"/admin/credentials/{issued.public_id}/revoke/"]:
        assert client.get(address).status_code == 404


def test_revocation_needs_the_token(now: datetime) -> None:
    """A page elsewhere cannot revoke in a manager's name."""
    issued = credential(now)
    client = Client(enforce_csrf_checks=True)
    client.force_login(staff("Portal managers"), backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/admin/credentials/{issued.public_id}/revoke/", {"reason": "No"}).status_code == 403
    issued.refresh_from_db()
    assert issued.revoked_at is None
