"""Badges that lead to badges: awarded by themselves, once, and only as long as what they rest on holds."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from badges import services, standing
from badges.errors import InvalidPathway, NotAllowed
from badges.models import Achievement, Award, Pathway
from badges.standing import Standing
from badges.verification import verify_document
from lms.accounts.models import User
from lms.events.models import Delivery
from lms.events.services import drain
from lms.partners.models import Membership
from tests.badges.factories import awarded, pathway, revoke, staff
from tests.certifications.factories import certification
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def member() -> Membership:
    membership: Membership = MembershipFactory()
    return membership


def achievement(name: str) -> Achievement:
    return Achievement.objects.create(name=name, description="x", criteria="x")


def of_pathways(person: User) -> list[str]:
    return sorted(award.achievement.name for award in Award.objects.filter(person=person))


def test_last_badge_brings_the_badge_of_the_pathway(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    other = awarded(now, membership=MembershipFactory())
    pathway([first.achievement, other.achievement], needed=2)
    assert services.award_pathways(person=member.person, at=now) == []
    pathway([first.achievement, other.achievement], needed=1, name="Halden Beginner")
    (made,) = services.award_pathways(person=member.person, at=now)
    assert made.document["name"] == "Halden Beginner"
    assert made.document["evidence"][0]["id"] == first.document["id"]
    assert verify_document(made.document, at=now).is_valid
    assert str(made.achievement.pathway) == "Halden Beginner: 1"


def test_event_of_a_badge_awards_pathways_of_pathways(member: Membership, now: datetime) -> None:
    seed = awarded(now)
    first = pathway([seed.achievement], needed=1, name="First")
    pathway([first.achievement], needed=1, name="Second")
    from certifications import services as certifications
    from tests.certifications.factories import sat

    what = seed.achievement.certification
    assert what is not None
    sat(what.requirements.get().assessment, member, now)
    certifications.issue_if_earned(person=member.person, certification=what, at=now)
    drain()
    assert of_pathways(member.person) == ["First", "Second"]
    Delivery.objects.update(done_at=None, due_at=now - timedelta(days=1))
    drain()
    assert of_pathways(member.person) == ["First", "Second"]


def test_replay_awards_nothing_new(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    pathway([first.achievement], needed=1)
    assert len(services.award_pathways(person=member.person, at=now)) == 1
    assert services.award_pathways(person=member.person, at=now) == []


def test_database_refuses_a_second_award_and_one_without_reason(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    pathway([first.achievement], needed=1)
    (made,) = services.award_pathways(person=member.person, at=now)
    for change in ({}, {"person": None, "needed": None}, {"needed": None}, {"needed": 0}):
        copy = Award.objects.get(pk=made.pk)
        copy.pk, copy.public_id, copy.status_index = None, "6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11", None
        copy.achievement = achievement("Other") if change else copy.achievement
        for name, value in change.items():
            setattr(copy, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            copy.save(force_insert=True)


def test_badge_stands_and_falls_with_what_it_rests_on(member: Membership, now: datetime) -> None:
    first, second = awarded(now, membership=member), awarded(now, membership=member)
    pathway([first.achievement, second.achievement], needed=2)
    (made,) = services.award_pathways(person=member.person, at=now)
    far = now + timedelta(days=9999)
    assert standing.of_award(second, far) == Standing.EXPIRED
    assert standing.of_award(made, far) == Standing.VALID
    revoke(first, now)
    made = Award.objects.whole().get(pk=made.pk)
    assert standing.of_award(made, now) == Standing.REVOKED
    assert verify_document(made.document, at=now).words == "The badge is genuine but was revoked."


def test_revoked_badge_counts_for_no_pathway(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    revoke(first, now)
    pathway([first.achievement], needed=1)
    assert services.award_pathways(person=member.person, at=now) == []


def test_changed_pathway_leaves_its_awards_alone(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    row = pathway([first.achievement], needed=1)
    (made,) = services.award_pathways(person=member.person, at=now)
    more = [first.achievement, achievement("Another")]
    services.save_pathway(pathway=row, members=more, needed=2, by=staff("Portal managers"), at=now)
    assert standing.of_award(made, now) == Standing.VALID


def test_retired_pathway_awards_nothing(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    pathway([first.achievement], needed=1)
    Pathway.objects.update(retired_at=now)
    assert services.award_pathways(person=member.person, at=now) == []


def test_pathway_that_makes_no_sense_is_refused(now: datetime) -> None:
    by, one, two = staff("Portal managers"), achievement("One"), achievement("Two")
    arguments: dict[str, Any] = {"by": by, "at": now}
    for members, needed in (([], 1), ([one], 2), ([one], 0)):
        with pytest.raises(InvalidPathway):
            services.save_pathway(pathway=Pathway(achievement=two), members=members, needed=needed, **arguments)
    with pytest.raises(InvalidPathway, match="lead to itself"):
        services.save_pathway(pathway=Pathway(achievement=one), members=[one, two], needed=1, **arguments)
    services.save_pathway(pathway=Pathway(achievement=two), members=[one], needed=1, **arguments)
    with pytest.raises(InvalidPathway, match="lead to itself"):
        services.save_pathway(pathway=Pathway(achievement=one), members=[two], needed=1, **arguments)
    one.certification = certification()
    one.save()
    with pytest.raises(InvalidPathway, match="certification"):
        services.save_pathway(pathway=Pathway(achievement=one), members=[achievement("3")], needed=1, **arguments)
    assert Pathway.objects.count() == 1


def test_stranger_changes_nothing(now: datetime) -> None:
    one, by = achievement("One"), UserFactory()
    with pytest.raises(NotAllowed):
        services.save_pathway(pathway=Pathway(achievement=one), members=[one], needed=1, by=by, at=now)
    with pytest.raises(NotAllowed):
        services.save_achievement(achievement=one, related=[], image=None, by=by, at=now)


def test_ways_count_whole_badges(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    pathway([first.achievement, achievement("B"), achievement("C")], needed=2)
    (way,) = services.ways(member.person, at=now)
    assert (way.words, [one.name for one in way.missing]) == ("1 of 2 badges", ["B", "C"])


def test_document_of_a_pathway_names_no_address(member: Membership, now: datetime) -> None:
    first = awarded(now, membership=member)
    pathway([first.achievement], needed=1)
    (made,) = services.award_pathways(person=member.person, at=now)
    assert member.person.email not in json.dumps(made.document)
    assert made.document["credentialSubject"]["id"] == first.document["credentialSubject"]["id"]
    assert made.shown_name == member.person.name
