"""The decision log: what appends, what does not, and what it proves."""

import json
from copy import deepcopy
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from certifications.services import give_career_consent, revoke_credential
from lms.assessments.models import Assessment
from lms.events.events import Event
from lms.events.models import Delivery, Message
from lms.events.services import drain, emit
from lms.partners.models import Partner
from lms.partners.services import leave_partner
from lms.tiers import services
from lms.tiers.models import Decision
from lms.tiers.tasks import evaluate_all_partners
from lms.xapi import vocabulary
from lms.xapi.models import Authority
from lms.xapi.services import record
from lms.xapi.statements import activity, build
from tests.certifications.factories import sat
from tests.courses.factories import enrolled, published
from tests.factories import PartnerFactory, UserFactory
from tests.tiers.factories import DOCUMENT, LONG_AGO, certify, complete_course, later, member, programme

pytestmark = pytest.mark.django_db


def log(partner: Partner) -> list[str]:
    return list(partner.decisions.order_by("number").values_list("tier__slug", flat=True))


def tier(partner: Partner) -> str | None:
    partner.refresh_from_db()
    return partner.current_tier.slug if partner.current_tier else None


def channel_manager() -> Any:
    user = UserFactory()
    user.groups.add(Group.objects.get_or_create(name="Channel managers")[0])
    return user


def test_first_evaluation_gives_the_entry_tier(now: datetime) -> None:
    version = programme()
    partner = PartnerFactory()
    decision = services.evaluate_partner(partner=partner, at=now)
    assert (decision.number, decision.tier.slug, decision.previous_tier) == (1, "registered", None)
    assert (decision.version, decision.decided_at) == (version, now)
    partner.refresh_from_db()
    assert (tier(partner), partner.tier_since) == ("registered", now)


def test_evaluation_needs_a_programme(now: datetime) -> None:
    partner = PartnerFactory()
    with pytest.raises(services.NoProgrammeInForce):
        services.evaluate_partner(partner=partner, at=now)
    programme(effective_at=later(now, 1))
    with pytest.raises(services.NoProgrammeInForce):
        services.evaluate_partner(partner=partner, at=now)
    assert services.evaluate_all(at=now) == 0
    assert Decision.objects.count() == 0


def test_same_result_appends_nothing(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    first = services.evaluate_partner(partner=partner, at=now)
    assert services.evaluate_partner(partner=partner, at=later(now, 3)) == first
    assert log(partner) == ["registered"]


def test_certified_people_and_completions_raise_the_tier(now: datetime) -> None:
    programme()
    ann, bob = (member(partner) for partner in [PartnerFactory()] * 2)
    certify(ann, now)
    assert tier(ann.partner) == "select"
    certify(bob, later(now, 1))
    assert tier(ann.partner) == "select"
    complete_course(ann, later(now, 2))
    assert tier(ann.partner) == "premier"
    newest = ann.partner.decisions.newest().get()
    assert newest.previous_tier is not None
    assert (newest.tier.slug, newest.previous_tier.slug) == ("premier", "select")
    assert newest.decided_at.replace(microsecond=0) == later(now, 2)


def test_figure_that_moves_within_the_outcome_appends_nothing(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    complete_course(ann, now)
    before = log(ann.partner)
    complete_course(ann, later(now, 1))
    enrolled(published(1, at=LONG_AGO), ann, later(now, 1))
    drain()
    assert log(ann.partner) == before


def test_other_people_for_the_same_requirement_append_a_decision(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    bob = member(ann.partner)
    certify(ann, now)
    number = len(log(ann.partner))
    certify(bob, later(now, 1))
    assert log(ann.partner)[number:] == ["select"]
    decision = ann.partner.decisions.newest().get()
    found = decision.result["evaluation"]["tiers"][1]["requirements"][0]
    assert found["people"] == sorted(str(one.person.public_id) for one in (ann, bob))


def test_revoked_credential_lowers_the_tier(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    assert tier(ann.partner) == "select"
    revoke_credential(credential=credential, by=channel_manager(), reason="Sat by another", at=later(now, 1))
    drain()
    assert tier(ann.partner) == "registered"
    assert log(ann.partner)[-2:] == ["select", "registered"]


def test_leaver_lowers_the_tier_and_a_mover_raises_the_other(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    other = member(PartnerFactory(), person=ann.person)
    certify(ann, now)
    assert (tier(ann.partner), tier(other.partner)) == ("select", "registered")
    leave_partner(membership=ann, by=None, at=later(now, 1))
    drain()
    assert (tier(ann.partner), tier(other.partner)) == ("registered", "registered")
    give_career_consent(membership=other, by=ann.person, at=later(now, 2))
    drain()
    assert (tier(ann.partner), tier(other.partner)) == ("registered", "select")


def test_expiry_is_found_by_the_nightly_evaluation(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    assert credential.expires_on is not None
    days = (credential.expires_on - now.date()).days
    assert services.evaluate_all(at=later(now, days)) == 0
    assert services.evaluate_all(at=later(now, days + 1)) == 1
    assert tier(ann.partner) == "registered"


def test_nightly_task_evaluates_every_partner() -> None:
    programme(effective_at=LONG_AGO)
    partners = PartnerFactory.create_batch(3)
    assert evaluate_all_partners() == 3
    assert evaluate_all_partners() == 0
    assert [tier(partner) for partner in partners] == ["registered"] * 3


def test_forged_statements_do_not_move_a_tier(now: datetime) -> None:
    programme()
    ann, bob = (member(partner) for partner in [PartnerFactory()] * 2)
    certify(ann, now)
    certify(bob, now)
    enrolment = enrolled(published(1, at=LONG_AGO), ann, now)
    drain()
    before = log(ann.partner)
    forger = Authority.objects.create(name="Own client", agent={"mbox": "mailto:forger@x.example"})
    about = activity(enrolment.course.activity_iri, type=vocabulary.COURSE, name="Course")
    forged = build(
        actor=ann.person,
        verb=vocabulary.COMPLETED,
        object=about,
        at=now,
        membership=ann,
        registration=enrolment.registration,
        id=uuid4(),
    )
    record([forged], authority=forger, at=now)
    drain()
    services.evaluate_all(at=later(now, 1))
    assert (tier(ann.partner), log(ann.partner)) == ("select", before)


def deliver_again() -> None:
    """Every message that was ever delivered comes once more, oldest last."""
    for message in Message.objects.order_by("-pk"):
        with transaction.atomic():
            emit(Event.load(message.type, message.payload))
    drain()


def test_replayed_events_append_nothing(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    revoke_credential(credential=credential, by=channel_manager(), reason="Sat by another", at=later(now, 1))
    drain()
    before = list(Decision.objects.order_by("pk").values_list("digest", flat=True))
    assert len(before) > 1
    deliver_again()
    deliver_again()
    assert list(Decision.objects.order_by("pk").values_list("digest", flat=True)) == before
    assert not Delivery.objects.filter(done_at=None).exists()


def test_late_event_never_looks_behind_the_newest_decision(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    number = len(log(ann.partner))
    decision = services.evaluate_partner(partner=ann.partner, at=later(now, -10))
    assert (decision.decided_at, len(log(ann.partner))) == (now, number)


def test_events_about_strangers_do_nothing(now: datetime) -> None:
    programme()
    assert services.evaluate_one(partner_id=uuid4(), at=now) == []
    assert services.evaluate_person(person_id=uuid4(), at=now) == []
    assert Decision.objects.count() == 0


def held_document(**lifecycle: Any) -> dict[str, Any]:
    return {**DOCUMENT, "lifecycle": {"demotion": "held", **lifecycle}}


def test_held_tier_is_kept_and_then_lost(now: datetime) -> None:
    programme(document=held_document(grace_days=30))
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    revoke_credential(credential=credential, by=channel_manager(), reason="Sat by another", at=later(now, 1))
    drain()
    assert tier(ann.partner) == "select"
    kept = ann.partner.decisions.newest().get()
    assert kept.result["ruling"]["kept_until"] == later(now, 31).isoformat().replace("+00:00", "Z")
    assert services.status(partner=ann.partner, at=later(now, 2)).kept_until == later(now, 31)
    services.evaluate_all(at=later(now, 30))
    assert tier(ann.partner) == "select"
    services.evaluate_all(at=later(now, 31))
    assert tier(ann.partner) == "registered"
    assert log(ann.partner)[-3:] == ["select", "select", "registered"]


def test_new_rules_append_a_decision(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    services.evaluate_partner(partner=partner, at=now)
    version = programme(document={**DOCUMENT, "notes": "Second edition"}, effective_at=later(now, 1))
    assert services.evaluate_partner(partner=partner, at=now).version.number == 1
    decision = services.evaluate_partner(partner=partner, at=later(now, 1))
    assert (decision.number, decision.version) == (2, version)


def test_decision_verifies_after_a_round_trip(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    complete_course(ann, now)
    decisions = Decision.objects.for_verification()
    assert len(decisions) > 1
    assert [services.verify(decision).problems for decision in decisions] == [()] * len(decisions)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("inputs", "facts", "people"), []),
        (("inputs", "standing", "tier"), "premier"),
        (("result", "evaluation", "tier"), "premier"),
        (("result", "ruling", "tier"), "premier"),
        (("inputs", "facts"), {}),
    ],
)
def test_tampering_is_found(now: datetime, path: tuple[str, ...], value: Any) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    decision = Decision.objects.for_verification().newest().get()
    target = getattr(decision, path[0])
    for step in path[1:-1]:
        target = target[step]
    target[path[-1]] = value
    decision.save(update_fields=[path[0]])
    assert not services.verify(Decision.objects.for_verification().get(pk=decision.pk)).is_genuine


def test_tampering_with_the_rules_is_found(now: datetime) -> None:
    version = programme()
    services.evaluate_partner(partner=PartnerFactory(), at=now)
    version.document = deepcopy(DOCUMENT)
    version.document["tiers"][1]["requires"]["all"][0]["people"]["min"] = 9
    version.save(update_fields=["document"])
    assert len(services.verify(Decision.objects.for_verification().get()).problems) == 2


def test_another_tier_with_a_fresh_digest_is_found(now: datetime) -> None:
    """Who can write the database can also write the digest; the rules still tell."""
    programme()
    services.evaluate_partner(partner=PartnerFactory(), at=now)
    decision = Decision.objects.for_verification().get()
    decision.tier = type(decision.tier).objects.get(slug="premier")  # type: ignore[assignment]
    decision.digest = services.digest(decision)
    assert services.verify(decision).problems == ("the tier is not the one of the result",)


def test_digest_covers_every_field_of_a_decision() -> None:
    covered = {"number", "decided_at", "inputs", "result", "partner", "version", "tier", "previous_tier"}
    assert {field.name for field in Decision._meta.fields} - covered == {"id", "public_id", "digest"}


def test_database_refuses_a_second_decision_of_one_number(now: datetime) -> None:
    programme()
    decision = services.evaluate_partner(partner=PartnerFactory(), at=now)
    decision.pk, decision.public_id = None, uuid4()
    with pytest.raises(IntegrityError), transaction.atomic():
        decision.save(force_insert=True)


def test_partner_tier_is_set_again_when_it_was_changed_by_hand(now: datetime) -> None:
    programme()
    partner = PartnerFactory()
    decision = services.evaluate_partner(partner=partner, at=now)
    Partner.objects.update(current_tier=None, tier_since=None)
    assert services.evaluate_partner(partner=partner, at=later(now, 1)) == decision
    assert tier(partner) == "registered"


def test_verify_command(now: datetime, capsys: pytest.CaptureFixture[str]) -> None:
    programme()
    partner = PartnerFactory(slug="kestrel")
    services.evaluate_partner(partner=partner, at=now)
    call_command("tiers", "verify")
    assert "1 decisions verified." in capsys.readouterr().out
    Decision.objects.update(digest="0" * 64)
    with pytest.raises(CommandError, match="1 decisions are not what was decided"):
        call_command("tiers", "verify", "--partner", "kestrel")
    with pytest.raises(CommandError, match="no decision for a partner called nobody"):
        call_command("tiers", "verify", "--partner", "nobody")


def test_decision_is_plain_json(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    decision = Decision.objects.newest().get()
    assert json.loads(json.dumps(decision.inputs)) == decision.inputs
    assert "@" not in json.dumps([decision.inputs, decision.result])
    assert ann.person.name not in json.dumps([decision.inputs, decision.result])


def test_evaluation_asks_as_often_for_three_people_as_for_one(
    now: datetime, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    programme()
    partner = PartnerFactory()
    certify(member(partner), now)
    with django_assert_num_queries(16):
        services.evaluate_partner(partner=partner, at=now)
    for _ in range(2):
        certify(member(partner), now)
    with django_assert_num_queries(16):
        services.evaluate_partner(partner=partner, at=now)


def test_words_may_be_bettered_without_breaking_old_decisions(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    certify(ann, now)
    decision = Decision.objects.for_verification().newest().get()
    decision.result["evaluation"]["tiers"][2]["requirements"][0]["missing"] = "in the words of that day"
    decision.digest = services.digest(decision)
    assert services.verify(decision).is_genuine
    decision.result["evaluation"]["tiers"][2]["requirements"][0]["have"] = "2"
    decision.digest = services.digest(decision)
    assert services.verify(decision).problems == ("the rules come to another result",)


def test_renewal_appends_one_decision_and_the_end_of_the_old_one_none(now: datetime) -> None:
    programme()
    ann = member(PartnerFactory())
    credential = certify(ann, now)
    assert credential.expires_on is not None
    days = (credential.expires_on - now.date()).days
    number = len(log(ann.partner))
    sat(Assessment.objects.get(), ann, later(now, days - 10))
    drain()
    assert len(log(ann.partner)) == number + 1
    before, after = ann.partner.decisions.order_by("-number")[:2][::-1]
    assert services.changes(before, after) == ("Certified sales people: a certificate was renewed",)
    services.evaluate_all(at=later(now, days + 1))
    assert (tier(ann.partner), len(log(ann.partner))) == ("select", number + 1)


def test_a_decision_stored_before_figures_from_outside_still_verifies_and_is_not_repeated(now: datetime) -> None:
    """As it was stored then: measures without references, a standing and a ruling without what migration maps need."""
    programme()
    ann = member(PartnerFactory())
    complete_course(ann, now)
    certify(ann, now)
    newest = services.evaluate_partner(partner=ann.partner, at=now)
    decision = Decision.objects.for_verification().get(pk=newest.pk)
    facts = decision.inputs["facts"]
    for name in ("series", "dates", "texts"):
        facts[name] = {}
    facts["evidence"] = None
    for measure in facts["measures"].values():
        del measure["references"]
    del decision.inputs["standing"]["earlier"], decision.result["ruling"]["kept_by"]
    decision.digest = services.digest(decision)
    decision.save(update_fields=["inputs", "result", "digest"])
    stored = Decision.objects.for_verification().get(pk=newest.pk)
    assert services.verify(stored).is_genuine
    assert services.evaluate_partner(partner=ann.partner, at=later(now, 1)).pk == newest.pk
