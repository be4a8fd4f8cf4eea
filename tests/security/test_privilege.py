"""PRIV-01, PRIV-02: the vendor's desk does not exist for partners, and fields nobody asked for mean nothing."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from lms.accounts.models import User
from lms.partners.models import Invitation, Membership
from tests.security.pages import address_of
from tests.security.world import World
from tests.servers import ROOT

pytestmark = pytest.mark.django_db
EXTRA = {
    "is_staff": "1",
    "is_superuser": "1",
    "groups": "1",
    "user_permissions": "1",
    "is_active": "",
    "password": "x" * 20,
    "role": "manager",
    "partner": "1",
    "partner_id": "1",
    "tier": "premier",
    "current_tier": "1",
    "email": "a@b.example",
    "score": "100",
    "points": "100",
    "is_passed": "1",
    "verified": "1",
    "person": "1",
    "completed_at": "2026-01-01",
}


def admin_addresses(resolver: URLResolver | None = None, path: str = "") -> Iterator[str]:
    """Addresses under /admin/ that need no argument."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = path + str(entry.pattern).lstrip("^").rstrip("$")
        if isinstance(entry, URLResolver):
            yield from admin_addresses(entry, here)
        elif isinstance(entry, URLPattern) and here.startswith("admin/") and not set("<(\\[") & set(here):
            yield f"/{here}"


@pytest.mark.parametrize("role", ["own", "manager", "channel"])
def test_admin_does_not_exist_for_who_has_no_business_there(world: World, role: str) -> None:
    """PRIV-01."""
    addresses = set(admin_addresses())
    assert len(addresses) > 50
    client = world.client(role)
    answers = {address: client.get(address).status_code for address in addresses}
    assert set(answers.values()) == {404}, answers


def test_admin_sends_strangers_to_the_one_sign_in_page(world: World) -> None:
    client = world.client("anonymous")
    for address in set(admin_addresses()):
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer["Location"].startswith("/accounts/login/"), address


def _columns(person: User) -> dict[str, Any]:
    return User.objects.filter(pk=person.pk).values().get()


def test_profile_takes_its_own_fields_only(world: World) -> None:
    """PRIV-02."""
    person = world.people["own"]
    before = _columns(person)
    data = {"name": "Own Zyrquon", "language": person.language, "time_zone": "UTC", **EXTRA}
    assert world.client("own").post("/account/", data).status_code in {200, 302}
    after = _columns(person)
    assert {name for name in before if before[name] != after[name]} == set()
    assert not person.groups.exists()
    assert world.members["own"].role == Membership.Role.MEMBER


def test_exam_save_takes_its_own_members_only(world: World) -> None:
    """EXAM-14 by way of PRIV-02: what a save brings beside the answer changes nothing."""
    row = dict(world.open.__class__.objects.filter(pk=world.open.pk).values().get())
    body = {"item": "1", "seq": 1, "nonce": "0e984725-c51c-4bf4-9960-e1c80e27aba0", "answer": None, **EXTRA}
    body |= {"deadline_at": "2030-01-01T00:00:00Z", "time_left": 10**6}
    world.client("own").post(address_of(world, "assessments:save"), body, content_type="application/json")
    after = world.open.__class__.objects.filter(pk=world.open.pk).values().get()
    assert {name for name in row if after[name] != row[name]} <= {"seen_network", "seen_agent"}  # where he sits now


def test_enrolling_takes_the_course_only(world: World) -> None:
    body = {"course": str(world.page.course.public_id), **EXTRA}
    answer = world.client("other").post("/api/v1/enrolments/", body, content_type="application/json")
    assert answer.status_code == 201
    assert answer.json()["completed_at"] is None
    enrolment = world.page.course.enrolments.get(public_id=answer.json()["id"])
    assert (enrolment.person, enrolment.membership) == (world.people["other"], world.members["other"])


def test_invitation_goes_to_the_partner_in_the_address(world: World) -> None:
    persona = world.members["own"].persona_id
    data = {
        **EXTRA,
        "email": "n@zyrquon.example",
        "name": "N",
        "persona": persona,
        "role": "member",
        "partner": world.b.pk,
    }
    assert world.client("manager").post(address_of(world, "partners:invite"), data).status_code == 302
    made = Invitation.objects.get(email="n@zyrquon.example")
    assert (made.partner, made.role, made.invited_by) == (world.a, "member", world.people["manager"])


def _manage(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    hidden = {"LAUREL_TESTING", "LAUREL_DEMO", "DEBUG", "SECRET_KEY", "DATABASE_URL", "SITE_URL", "ALLOWED_HOSTS"}
    clean = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_the_deploy_check() -> None:
    """WEB-22."""
    done = _manage(
        *("check", "--deploy", "--fail-level", "WARNING"),
        SECRET_KEY="production-" + "".join(chr(97 + number % 26) for number in range(60)),
        SITE_URL="https://partners.halden.example",
        ALLOWED_HOSTS="partners.halden.example",
    )
    assert done.returncode == 0, done.stderr


def test_start_is_refused_without_a_secret_key() -> None:
    done = _manage("check")
    assert done.returncode != 0
    assert "SECRET_KEY is not set" in done.stderr
