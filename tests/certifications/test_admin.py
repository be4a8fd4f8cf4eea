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
        "grace_days": 0,
        "practice_months": 0,
        "renewal_points": 0,
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


# --- What happens to one, many at once, what ends when ---


def test_credential_is_suspended_reinstated_and_corrected(portal_manager: Client, now: datetime) -> None:
    issued = credential(now)
    base = f"/admin/credentials/{issued.public_id}"
    assert portal_manager.post(f"{base}/suspend/", {"reason": "Looked into"}).status_code == 302
    page = portal_manager.get(f"{base}/revoke/").content.decode()
    assert "Looked into" in page
    assert "Reinstate certificate" in page
    portal_manager.post(f"{base}/reinstate/", {"reason": "Nothing found"})
    assert "Nothing found" in portal_manager.get(f"{base}/revoke/").content.decode()
    assert portal_manager.post(f"{base}/correct/", {"holder_name": "Inès", "reason": ""}).status_code == 302
    response = portal_manager.post(f"{base}/correct/", {"holder_name": "Inès", "reason": "Spelling"})
    made = Credential.objects.get(holder_name="Inès")
    assert response["Location"] == f"/admin/credentials/{made.public_id}/revoke/"
    assert made.public_id in portal_manager.get(f"{base}/revoke/").content.decode()
    refused = portal_manager.post(f"{base}/reinstate/", {"reason": "x"}, follow=True).content.decode()
    assert "does not come back" in refused


def test_file_is_shown_before_it_is_issued(portal_manager: Client, now: datetime) -> None:
    from tests.factories import UserFactory

    person = UserFactory(email="ann@x.example")
    certification(exam(), slug="new")
    text = f"email,certification,reason\n{person.email},new,<b>Class</b>\nnobody@x.example,new,x\n"
    assert portal_manager.get("/admin/credentials/bulk/").status_code == 200
    page = portal_manager.post("/admin/credentials/bulk/", {"text": text, "preview": "1"}).content.decode()
    assert "1 of 2 rows would be issued" in page
    assert "&lt;b&gt;Class" in page
    assert not Credential.objects.exists()
    for _ in range(2):
        portal_manager.post("/admin/credentials/bulk/", {"text": text, "issue": "1"})
    assert Credential.objects.get().person == person
    bad = portal_manager.post("/admin/credentials/bulk/", {"text": "a,b\n1,2"}).content.decode()
    assert "Missing: email" in bad
    assert "Choose a file" in portal_manager.post("/admin/credentials/bulk/", {}).content.decode()
    long = "email,certification,reason\n" + "a,b,c\n" * 501
    assert "501 rows" in portal_manager.post("/admin/credentials/bulk/", {"text": long}).content.decode()


def test_many_are_issued_in_steps_and_a_bar_says_how_far(portal_manager: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("certifications.manage_views.ROWS_IN_STEP", 2)
    people = [UserFactory() for _ in range(3)]
    certification(exam(), slug="new")
    text = "email,certification,reason\n" + "".join(f"{one.email},new,Class\n" for one in people)
    first = portal_manager.post("/admin/credentials/bulk/", {"text": text, "issue": "1"}).content.decode()
    assert Credential.objects.count() == 2
    assert '<progress id="issuing" value="2" max="3">' in first
    assert 'data-go-on="issue"' in first
    last = portal_manager.post("/admin/credentials/bulk/", {"text": text, "issue": "1", "total": "3"}).content.decode()
    assert Credential.objects.count() == 3
    assert "3 certificates are issued" in last
    assert "<progress" not in last
    assert "data-go-on" not in last


def test_many_are_revoked_and_downloaded(portal_manager: Client, now: datetime) -> None:
    from django.utils import timezone

    kept = credential(timezone.now())
    response = portal_manager.get(f"/admin/credentials/bulk/certificates.zip?certification={kept.certification.slug}")
    assert b"".join(response.streaming_content).startswith(b"PK")  # type: ignore[attr-defined]
    assert portal_manager.get("/admin/credentials/bulk/certificates.zip").status_code == 404
    data = {"numbers": f"{kept.public_id}\nunknown", "reason": "Leaked"}
    page = portal_manager.post("/admin/credentials/bulk/revoke/", data, follow=True).content.decode()
    assert "1 certificates are revoked" in page
    assert "Nobody knows unknown" in page
    page = portal_manager.post("/admin/credentials/bulk/revoke/", {"numbers": "x"}, follow=True).content.decode()
    assert "a reason are needed" in page
    blank = {"numbers": "x", "reason": "\u202e"}
    assert portal_manager.post("/admin/credentials/bulk/revoke/", blank).status_code == 302


def test_board_groups_by_what_is_left(portal_manager: Client) -> None:
    from datetime import timedelta

    from django.utils import timezone

    issued = credential(timezone.now() - timedelta(days=690))
    page = portal_manager.get("/admin/credentials/board/").content.decode()
    assert issued.holder_name in page
    assert "Within 60 days: 1" in page


def test_design_is_previewed_and_kept(portal_manager: Client) -> None:
    from io import BytesIO

    from django.core.files.uploadedfile import SimpleUploadedFile
    from PIL import Image

    from certifications.models import CertificateDesign
    from certifications.services.designing import _specimen
    from tests.certifications.test_signed_pdf import NOW

    picture = BytesIO()
    Image.new("RGBA", (60, 20), "#27408bff").save(picture, "PNG")
    data = {
        "name": "Blue",
        "layout": "band",
        "paper": "letter",
        "accent": "#27408b",
        "ornament": "#b07d1a",
        "signatories": "Ada <b>Example</b>, Head\nBo Example",
    }
    shown = portal_manager.post("/admin/certificate_designs/preview/", data)
    assert shown.content.startswith(b"%PDF")
    assert shown["X-Frame-Options"] == "SAMEORIGIN"
    assert not CertificateDesign.objects.exists()
    form = portal_manager.get("/admin/certificate_designs/new/").content.decode()
    assert "certificate-preview" in form
    logo = SimpleUploadedFile("logo.png", picture.getvalue(), "image/png")
    assert portal_manager.post("/admin/certificate_designs/new/", {**data, "logo_file": logo}).status_code == 302
    made = CertificateDesign.objects.get()
    design = made.as_design()
    assert [(one.name, one.role) for one in design.signatories] == [("Ada <b>Example</b>", "Head"), ("Bo Example", "")]
    assert design.logo.startswith("certificates/logos/")
    from certifications.pdf import draw_certificate

    for layout in ("laurel", "band"):
        made.layout = layout
        page = draw_certificate(_specimen(made.as_design(), NOW), credential_id="x", verify_url="https://x.example/v/")
        assert b"/Im0" in page
    for wrong, says in [
        ({"accent": "#ffff00"}, "too pale"),
        ({"accent": "red"}, "no colour"),
        ({"signatories": "a\nb\nc\nd"}, "At most 3"),
        ({"logo_file": SimpleUploadedFile("x.png", b"no picture")}, "no PNG"),
    ]:
        page_text = portal_manager.post("/admin/certificate_designs/new/", {**data, "name": "Other", **wrong}).content
        assert says in page_text.decode()
    assert portal_manager.post("/admin/certificate_designs/preview/", {**data, "accent": "red"}).status_code == 400
    assert CertificateDesign.objects.count() == 1
    assert str(made) == "Blue"


@pytest.mark.parametrize("group", ["Channel marketing", "Content reviewers"])
def test_authors_reach_none_of_it(group: str, now: datetime) -> None:
    issued = credential(now)
    client, base = signed_in(staff(group)), "/admin/credentials/"
    for address in ["board/", "bulk/", "bulk/revoke/", "bulk/certificates.zip", f"{issued.public_id}/suspend/"]:
        for send in (client.get, client.post):
            assert send(base + address).status_code in {302, 403, 405}, address
    assert client.get("/admin/certificate_designs/").status_code in {302, 403}
    issued.refresh_from_db()
    assert issued.suspended_at is None
