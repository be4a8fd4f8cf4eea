"""The demo's partners, people and vendor staff, from fixtures/demo/people.yaml, through the services."""

from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

import yaml
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from lms.accounts.models import User
from lms.demo.calendar import Calendar
from lms.demo.progress import steps
from lms.partners.models import Membership, Partner, PartnerType, Persona, Region
from lms.partners.services import join_partner, leave_partner

FOLDER = settings.BASE_DIR / "fixtures" / "demo"
PASSWORD = "show me around"  # noqa: S105  printed by the demo command; the demo listens on this machine only
STAFF_GROUPS = {
    "channel_marketing_author": "Channel marketing",
    "content_reviewer": "Content reviewers",
    "channel_manager": "Channel managers",
    "portal_manager": "Portal managers",
    "executive": "Executives",
}


@dataclass(frozen=True)
class Leaver:
    """A membership that ends during the demo's history."""

    membership: Membership
    at: datetime


@dataclass(frozen=True)
class Cast:
    """Everybody the history is played with."""

    staff: dict[str, User]
    memberships: list[Membership]
    leavers: list[Leaver]


def build_cast(calendar: Calendar) -> Cast:
    """Creates partners, people and staff. Everybody has the same password, hashed once."""
    data = yaml.safe_load((FOLDER / "people.yaml").read_text())
    password = make_password(PASSWORD)
    staff = _build_staff(data["staff"], password)
    partners = _build_partners(data["partners"], staff, calendar)
    personas = {persona.slug: persona for persona in Persona.objects.all()}
    people = User.objects.bulk_create(
        User(
            email=f"{row['email']}@{row['partner']}.example",
            name=row["name"],
            password=password,
            joined_at=calendar.first_morning,
        )
        for row in data["people"]
    )
    memberships, leavers = [], []
    for person, row in steps("People join their partners", list(zip(people, data["people"], strict=True))):
        for stay in row.get("memberships") or [{"partner": row["partner"], "role": row["role"]}]:
            partner = partners[stay["partner"]]
            membership = join_partner(
                person=person,
                partner=partner,
                persona=personas[row["persona"]],
                role=stay["role"],
                by=None,
                at=calendar.morning(stay["since"]) if "since" in stay else joined(partner),
            )
            memberships.append(membership)
            if stay.get("left_on"):
                leavers.append(Leaver(membership, calendar.morning(stay["left_on"])))
    return Cast(staff, memberships, leavers)


def joined(partner: Partner) -> datetime:
    return datetime.combine(partner.joined_on, time(8), UTC)


def end_membership(leaver: Leaver, at: datetime) -> None:
    leave_partner(membership=leaver.membership, by=None, at=at)


def _build_staff(rows: list[dict[str, Any]], password: str) -> dict[str, User]:
    staff: dict[str, User] = {}
    for row in rows:
        user = User.objects.create(email=f"{row['email']}@halden.example", name=row["name"], password=password)
        user.groups.add(Group.objects.get(name=STAFF_GROUPS[row["role"]]))
        staff.setdefault(row["role"], user)
        for region in row.get("regions", []):
            staff[f"channel_manager:{region}"] = user
    return staff


def _build_partners(rows: list[dict[str, Any]], staff: dict[str, User], calendar: Calendar) -> dict[str, Partner]:
    types = {kind.slug: kind for kind in PartnerType.objects.all()}
    regions = {region.slug: region for region in Region.objects.all()}
    return {
        row["slug"]: Partner.objects.create(
            name=row["name"],
            slug=row["slug"],
            partner_type=types[row["type"]],
            region=regions[row["region"]],
            country=row["country"],
            joined_on=calendar.day(row["joined_on"]),
            channel_manager=staff.get(f"channel_manager:{row['region']}", staff["channel_manager"]),
        )
        for row in rows
    }
