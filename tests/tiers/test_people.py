"""What people decide about tiers: it counts, it is explained, it ends, and nobody rules on his own decision."""

from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from pypdf import PdfReader

from certifications.services import revoke_credential
from lms.accounts.models import AuditEntry, User
from lms.events.services import drain
from lms.partners.models import Membership, TierName
from lms.tiers import engine, services
from lms.tiers.models import Appeal, TierAct
from lms.tiers.services.acts import acts_of
from lms.tiers.services.migrating import Move
from tests.factories import MembershipFactory, PartnerFactory
from tests.tiers.factories import DOCUMENT, certify, later, member, programme
from tests.tiers.test_decisions import channel_manager

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 evidence"


def rules(**lifecycle: Any) -> dict[str, Any]:
    document = deepcopy(DOCUMENT)
    if lifecycle:
        document["lifecycle"] = lifecycle
    return document


def by_invitation() -> dict[str, Any]:
    document = rules()
    document["tiers"][1]["invitation_only"] = True
    return document


def select() -> TierName:
    return TierName.objects.get(slug="select")


def tier(partner: Any) -> str:
    partner.refresh_from_db()
    return partner.current_tier.slug


def days(at: datetime, count: int) -> date:
    return later(at, count).date()


@pytest.fixture
def fallen(now: datetime) -> Any:
    """A partner that held select and lost its one certified person the day before."""
    programme()
    partner = PartnerFactory()
    credential = certify(member(partner), later(now, -30))
    revoke_credential(credential=credential, reason="A test", by=channel_manager(), at=later(now, -1))
    drain()
    assert tier(partner) == "registered"
    return partner


# invitations


def test_a_tier_by_invitation_is_held_while_the_invitation_lasts(now: datetime) -> None:
    programme(document=by_invitation())
    partner = PartnerFactory()
    certify(member(partner), later(now, -1))
    assert tier(partner) == "registered"
    assert partner.decisions.last().result["evaluation"]["note"] == engine.evaluation.ELIGIBLE_NOTE
    by = channel_manager()
    act = services.invite_to_tier(
        partner=partner, tier=select(), reason="Opens Iberia with us", until=days(now, 30), by=by, at=now
    )
    assert tier(partner) == "select"
    decision = partner.decisions.order_by("-number").first()
    (told,) = services.told_acts(decision, viewer=by)
    assert (told.words, told.reason, told.name, told.until) == (
        "Invited to Select",
        "Opens Iberia with us",
        by.name,
        days(now, 30),
    )
    assert "invited to select" in services.changes(partner.decisions.get(number=decision.number - 1), decision)
    assert services.verify(decision).is_genuine
    services.evaluate_partner(partner=partner, at=later(now, 30))
    assert tier(partner) == "select"
    services.evaluate_partner(partner=partner, at=later(now, 31))
    assert tier(partner) == "registered"
    assert act.ended_at is None


def test_an_invitation_gives_no_tier_that_is_not_reached(now: datetime) -> None:
    programme(document=by_invitation())
    partner = PartnerFactory()
    services.invite_to_tier(partner=partner, tier=select(), reason="Soon", until=None, by=channel_manager(), at=now)
    assert tier(partner) == "registered"
    assert len(partner.decisions.get().inputs["acts"]) == 1


def test_an_invitation_ends_with_a_reason_and_the_past_keeps_it(now: datetime) -> None:
    programme(document=by_invitation())
    partner = PartnerFactory()
    certify(member(partner), later(now, -1))
    by = channel_manager()
    act = services.invite_to_tier(partner=partner, tier=select(), reason="A test", until=None, by=by, at=now)
    with pytest.raises(services.ActRefused, match="there already"):
        services.invite_to_tier(partner=partner, tier=select(), reason="Again", until=None, by=by, at=now)
    with pytest.raises(services.ActRefused, match="Say why"):
        services.end_act(act=act, reason=" ", by=by, at=later(now, 1))
    services.end_act(act=act, reason="The region changed", by=by, at=later(now, 1))
    assert tier(partner) == "registered"
    with pytest.raises(services.ActRefused, match="ended already"):
        services.end_act(act=act, reason="Again", by=by, at=later(now, 2))
    assert services.gather_facts(partner=partner, at=now).invited == {"select"}
    assert services.gather_many(partners=[partner], at=later(now, 1))[partner.pk].invited == frozenset()
    assert set(AuditEntry.objects.filter(action__startswith="tiers.").values_list("action", flat=True)) >= {
        "tiers.invitation",
        "tiers.end_act",
    }


def test_only_a_tier_by_invitation_of_the_rules_in_force_is_invited_to(now: datetime) -> None:
    partner = PartnerFactory()
    by = channel_manager()
    other = TierName.objects.create(slug="other", name="Other", rank=9)
    with pytest.raises(services.NoProgrammeInForce):
        services.invite_to_tier(partner=partner, tier=other, reason="A", until=None, by=by, at=now)
    programme()
    with pytest.raises(services.ActRefused, match="not by invitation"):
        services.invite_to_tier(partner=partner, tier=select(), reason="A", until=None, by=by, at=now)
    with pytest.raises(services.ActRefused, match="has no tier"):
        services.invite_to_tier(partner=partner, tier=other, reason="A", until=None, by=by, at=now)


def test_the_lowest_tier_is_not_by_invitation() -> None:
    document = rules()
    document["tiers"][0]["invitation_only"] = True
    with pytest.raises(services.ProgrammeRefused, match="everybody has one"):
        services.check_document(document)


# cure plans


def plan(partner: Any, at: datetime, *, until: int | date = 60, by: Any = None, **changed: Any) -> TierAct:
    values: dict[str, Any] = {
        "partner": partner,
        "tier": select(),
        "reason": "One is on parental leave",
        "until": days(at, until) if isinstance(until, int) else until,
        "steps": [("Certify a second person", days(at, 30))],
        "by": by or channel_manager(),
        "at": at,
    }
    return services.agree_cure_plan(**values | changed)


def test_a_cure_plan_gives_the_tier_back_until_its_last_day(fallen: Any, now: datetime) -> None:
    made = plan(fallen, now)
    assert tier(fallen) == "select"
    ruling = fallen.decisions.order_by("-number").first().result["ruling"]
    assert ruling["is_granted"]
    assert datetime.fromisoformat(ruling["kept_until"]) == datetime.combine(
        days(now, 61), datetime.min.time(), tzinfo=UTC
    )
    services.finish_step(plan=made, number=0, by=channel_manager(), at=later(now, 5))
    made = services.finish_step(plan=made, number=0, by=channel_manager(), at=later(now, 6))
    assert made.steps[0]["done_on"] == days(now, 5).isoformat()
    with pytest.raises(services.ActRefused, match="no such step"):
        services.finish_step(plan=made, number=1, by=channel_manager(), at=now)
    services.evaluate_partner(partner=fallen, at=later(now, 60))
    assert tier(fallen) == "select"
    services.evaluate_partner(partner=fallen, at=later(now, 61))
    assert tier(fallen) == "registered"


def test_a_plan_that_was_met_is_forgotten_by_the_rules(fallen: Any, now: datetime) -> None:
    plan(fallen, now)
    certify(member(fallen), later(now, 10))
    ruling = fallen.decisions.order_by("-number").first().result["ruling"]
    assert (ruling["tier"], ruling["kept_until"], ruling["is_granted"]) == ("select", None, False)


def test_a_plan_that_is_ended_ends_the_tier_and_another_may_follow_one_that_is_over(fallen: Any, now: datetime) -> None:
    first = plan(fallen, now, until=5, steps=[("A step", days(now, 5))])
    second = plan(fallen, later(now, 6))
    first.refresh_from_db()
    assert first.end_reason == "Followed by another"
    services.end_act(act=second, reason="No step was taken", by=channel_manager(), at=later(now, 7))
    assert tier(fallen) == "registered"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"steps": []}, "at least one step"),
        ({"until": date(2028, 1, 1)}, "a year at most"),
        ({"until": date(2026, 11, 15), "steps": [("A", date(2026, 11, 15))]}, "between today"),
        ({"steps": [("A", date(2027, 11, 1))]}, "between today"),
        ({"reason": "\n"}, "Say why"),
    ],
)
def test_a_plan_needs_steps_days_and_a_reason(fallen: Any, now: datetime, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(services.ActRefused, match=words):
        plan(fallen, now, **changed)
    assert not TierAct.objects.exists()


def test_a_plan_gives_no_tier_that_was_never_held(fallen: Any, now: datetime) -> None:
    with pytest.raises(services.ActRefused, match="never held"):
        plan(fallen, now, tier=TierName.objects.get(slug="premier"))


# the end of a kept tier


def test_a_person_ends_a_tier_that_is_only_kept(now: datetime) -> None:
    programme(document=rules(demotion="held"))
    partner = PartnerFactory()
    credential = certify(member(partner), later(now, -30))
    by = channel_manager()
    with pytest.raises(services.ActRefused, match="requirements are met"):
        services.end_kept_tier(partner=partner, reason="A test", by=by, at=now)
    revoke_credential(credential=credential, reason="A test", by=by, at=later(now, -1))
    drain()
    assert tier(partner) == "select"
    services.end_kept_tier(partner=partner, reason="No plan in sight", by=by, at=now)
    assert tier(partner) == "registered"
    followed = partner.decisions.order_by("-number").first()
    assert [act["kind"] for act in followed.inputs["acts"]] == ["ending"]
    partner.refresh_from_db()
    assert acts_of(partner, later(now, 1)).acts == ()  # it has been followed
    certify(member(partner), later(now, 3))
    assert tier(partner) == "select"  # an ended tier can be reached again


def test_a_granted_tier_is_ended_by_ending_the_plan(fallen: Any, now: datetime) -> None:
    plan(fallen, now)
    with pytest.raises(services.ActRefused, match="End that first"):
        services.end_kept_tier(partner=fallen, reason="A test", by=channel_manager(), at=later(now, 1))


def test_a_tier_kept_until_a_person_decides_is_not_ended_beside_a_plan(now: datetime) -> None:
    programme(document=rules(demotion="held"))
    partner = PartnerFactory()
    credential = certify(member(partner), later(now, -30))
    by = channel_manager()
    revoke_credential(credential=credential, reason="A test", by=by, at=later(now, -1))
    drain()
    agreed = plan(partner, now, by=by)
    with pytest.raises(services.ActRefused, match="End that first"):
        services.end_kept_tier(partner=partner, reason="A test", by=by, at=later(now, 1))
    services.end_act(act=agreed, reason="No step", by=by, at=later(now, 2))
    services.end_kept_tier(partner=partner, reason="No plan in sight", by=by, at=later(now, 3))
    assert tier(partner) == "registered"


# appeals


def appeal(partner: Any, now: datetime, **changed: Any) -> Appeal:
    values: dict[str, Any] = {
        "decision": partner.decisions.order_by("-number").first(),
        "tier": select(),
        "text": "The exam was passed in time.",
        "evidence": PDF,
        "evidence_name": "score report.pdf",
        "by": member(partner, role=Membership.Role.MANAGER).person,
        "at": now,
    }
    return services.raise_appeal(**values | changed)


def test_an_upheld_appeal_gives_the_tier_until_its_day(fallen: Any, now: datetime) -> None:
    raised = appeal(fallen, now)
    with raised.evidence.open() as file:
        assert file.read() == PDF
    by = channel_manager()
    services.rule_on_appeal(
        appeal=raised, is_upheld=True, ruling="The report shows it.", until=days(now, 90), by=by, at=later(now, 2)
    )
    assert tier(fallen) == "select"
    (told,) = services.told_acts(fallen.decisions.order_by("-number").first(), viewer=by)
    assert (told.words, told.reason) == ("Appeal for Select upheld", "The report shows it.")
    services.evaluate_partner(partner=fallen, at=later(now, 91))
    assert tier(fallen) == "registered"


def test_a_rejected_appeal_changes_no_tier_and_is_ruled_on_once(fallen: Any, now: datetime) -> None:
    raised = appeal(fallen, now, evidence=b"", evidence_name="")
    ruled = services.rule_on_appeal(
        appeal=raised, is_upheld=False, ruling="It was late.", until=days(now, 9), by=channel_manager(), at=now
    )
    assert (tier(fallen), ruled.until) == ("registered", None)
    with pytest.raises(services.AlreadyRuled):
        services.rule_on_appeal(
            appeal=raised, is_upheld=True, ruling="But", until=days(now, 9), by=channel_manager(), at=now
        )


def test_nobody_rules_on_a_decision_he_took_part_in(fallen: Any, now: datetime) -> None:
    first, second = channel_manager(), channel_manager()
    raised = appeal(fallen, now)
    own = member(fallen).person
    ruling: dict[str, Any] = {"is_upheld": False, "ruling": "No.", "until": None, "at": later(now, 1)}
    for by in (raised.raised_by, own):
        with pytest.raises(services.SameDecider):
            services.rule_on_appeal(appeal=raised, by=by, **ruling)
    services.rule_on_appeal(appeal=raised, by=first, **ruling)
    again = appeal(fallen, later(now, 2))
    with pytest.raises(services.SameDecider):
        services.rule_on_appeal(appeal=again, by=first, **ruling | {"at": later(now, 3)})
    services.rule_on_appeal(appeal=again, by=second, **ruling | {"at": later(now, 3)})
    ended = plan(fallen, later(now, 4), by=first)
    services.end_act(act=ended, reason="No step", by=second, at=later(now, 5))
    programme(document=rules(demotion="immediate"), effective_at=later(now, 6))
    services.evaluate_partner(partner=fallen, at=later(now, 6))  # a later decision makes nobody independent
    assert fallen.decisions.order_by("-number").first().decided_at == later(now, 6)
    third = appeal(fallen, later(now, 6))
    with pytest.raises(services.SameDecider):
        services.rule_on_appeal(appeal=third, by=second, **ruling | {"at": later(now, 7)})
    with pytest.raises(services.ActRefused, match="within a year"):
        late = {"is_upheld": True, "ruling": "Yes.", "until": days(now, 900), "at": later(now, 7)}
        services.rule_on_appeal(appeal=third, by=channel_manager(), **late)


def test_nobody_decides_for_a_partner_where_he_works(now: datetime) -> None:
    partner = PartnerFactory()
    by = channel_manager()
    assert by.has_perm("tiers.decide", partner)
    MembershipFactory(person=by, partner=partner, starts_on=days(now, -9))
    assert not User.objects.get(pk=by.pk).has_perm("tiers.decide", partner)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"text": " "}, "Say why"),
        ({"evidence": b"MZ program"}, "no PDF"),
        ({"evidence": b"%PDF-" + bytes(10_000_000)}, "larger than"),
    ],
)
def test_an_appeal_needs_reasons_and_takes_documents_only(
    fallen: Any, now: datetime, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(services.ActRefused, match=words):
        appeal(fallen, now, **changed)


def test_an_appeal_is_against_the_decision_that_stands_and_one_at_a_time(fallen: Any, now: datetime) -> None:
    with pytest.raises(services.ActRefused, match="later decision"):
        appeal(fallen, now, decision=fallen.decisions.get(number=1))
    raised = appeal(fallen, now)
    with pytest.raises(services.ActRefused, match="open already"):
        appeal(fallen, now)
    with pytest.raises(services.ActRefused, match="last day"):
        services.rule_on_appeal(
            appeal=raised, is_upheld=True, ruling="Yes", until=None, by=channel_manager(), at=later(now, 1)
        )


def test_the_database_refuses_a_ruling_by_who_raised_it(fallen: Any, now: datetime) -> None:
    raised = appeal(fallen, now)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.filter(pk=raised.pk).update(
            ruled_by=raised.raised_by, ruled_at=now, is_upheld=False, ruling="Mine"
        )


# the rule, as a pure function


@pytest.mark.parametrize(
    ("reached", "granted", "until", "demotion", "held", "is_granted"),
    [
        ("none", "gold", 10, "immediate", "gold", True),
        ("none", "gold", 0, "immediate", "none", False),
        ("gold", "silver", 10, "immediate", "gold", False),
        ("gold", "gold", 10, "immediate", "gold", False),
        ("none", "gold", 200, "held", "gold", True),  # longer than the time to cure
        ("none", "gold", 10, "held", "gold", False),  # the time to cure is longer
        ("none", "bronze", 10, "immediate", "none", False),  # the rules don't know it
    ],
)
def test_the_rule_of_a_grant(
    now: datetime, reached: str, granted: str, until: int, demotion: str, held: str, is_granted: bool
) -> None:
    lifecycle: dict[str, Any] = {"demotion": demotion}
    if demotion == "held":
        lifecycle["grace_days"] = 90
    points = {"none": 0, "silver": 10, "gold": 20}
    rules = engine.parse(
        {
            "id": "x",
            "lifecycle": lifecycle,
            "tiers": [
                {"id": "none", "requires": {"all": []}},
                {"id": "silver", "requires": {"metric": "points", "gte": 10}},
                {"id": "gold", "requires": {"metric": "points", "gte": 20}},
            ],
        }
    )
    facts = engine.Facts.plain({"points": points[reached]})
    standing = engine.Standing(tier="gold", granted=granted, granted_until=now + timedelta(days=until))
    ruling = engine.rule(rules, engine.evaluate(rules, facts, now), standing, now)
    assert (ruling.tier, ruling.is_granted) == (held, is_granted)


# pages


def test_the_page_invites_agrees_and_ends(client: Any, fallen: Any, now: datetime) -> None:
    client.force_login(channel_manager())
    address = reverse("tiers:acts", args=[fallen.public_id])
    today = datetime.now(UTC).date()
    data = {
        "what": "plan",
        "plan-tier": "select",
        "plan-until": (today + timedelta(days=60)).isoformat(),
        "plan-reason": "Parental leave",
        "plan-steps": f"{today + timedelta(days=30)} Certify a second person\n",
    }
    wrong = client.post(address, data | {"plan-steps": "soon Certify"})
    assert wrong.status_code == 400
    assert b"does not begin with a day" in wrong.content
    assert client.post(address, data | {"plan-steps": f"{today} "}).status_code == 400
    refused = client.post(address, data | {"plan-tier": "premier"})
    assert b"never held" in refused.content
    assert client.post(address, data).status_code == 302
    act = TierAct.objects.get()
    client.post(reverse("tiers:act_step", args=[fallen.public_id, act.public_id, 0]))
    client.post(reverse("tiers:end_tier", args=[fallen.public_id]), {"reason": "No"})
    page = client.get(address).content.decode()
    assert "Parental leave" in page
    assert "done on" in page
    assert "End that first" in page
    client.post(reverse("tiers:act_end", args=[fallen.public_id, act.public_id]), {"reason": "Over"})
    act.refresh_from_db()
    assert act.end_reason == "Over"


def test_a_manager_reads_the_agreements_and_appeals_and_may_decide_nothing(
    client: Any, fallen: Any, now: datetime
) -> None:
    plan(fallen, now, reason="For parental leave")
    client.force_login(member(fallen, role=Membership.Role.MANAGER).person)
    address = reverse("tiers:acts", args=[fallen.public_id])
    page = client.get(address).content.decode()
    assert "For parental leave" in page
    assert "Agree on plan" not in page
    newest = fallen.decisions.order_by("-number").first()
    decision = client.get(reverse("tiers:decision", args=[fallen.public_id, newest.number])).content.decode()
    assert "Cure plan for Select" in decision
    assert "For parental leave" in decision
    new = reverse("tiers:appeal_new", args=[fallen.public_id, newest.number])
    assert new in decision
    assert client.post(new, {"tier": "select", "text": ""}).status_code == 400
    file = SimpleUploadedFile("proof.exe", b"MZ")
    assert b"no PDF" in client.post(new, {"tier": "select", "text": "Look", "evidence": file}).content
    file = SimpleUploadedFile("proof.pdf", PDF)
    made = client.post(new, {"tier": "select", "text": "Look", "evidence": file})
    assert made.status_code == 302
    appeal_page = client.get(made.url).content.decode()
    assert "Rule on appeal" not in appeal_page
    assert client.post(made.url, {"is_upheld": "yes", "ruling": "Mine"}).status_code == 403
    sent = client.get(f"{made.url}evidence/")
    assert b"".join(sent.streaming_content) == PDF
    assert sent["Content-Disposition"] == 'attachment; filename="proof.pdf"'


def test_the_page_of_an_appeal_takes_the_ruling_once(client: Any, fallen: Any, now: datetime) -> None:
    raised = appeal(fallen, now, evidence=b"")
    by = channel_manager()
    client.force_login(by)
    address = reverse("tiers:appeal", args=[fallen.public_id, raised.public_id])
    assert b"needs the last day" in client.post(address, {"is_upheld": "yes", "ruling": "Yes"}).content
    assert client.post(address, {"is_upheld": "no", "ruling": "It was late."}).status_code == 302
    assert b"It was late." in client.get(address).content
    assert client.get(f"{address}evidence/").status_code == 404
    assert client.post(address, {"is_upheld": "no", "ruling": "Again"}).status_code == 400


# on paper


def test_the_paper_of_a_decision_is_signed_and_says_who_decided_why(client: Any, fallen: Any, now: datetime) -> None:
    viewer = channel_manager()
    plan(fallen, now, reason="For parental leave", by=viewer)
    newest = fallen.decisions.for_verification().order_by("-number").first()
    content = services.decision_pdf(decision=newest, viewer=viewer, at=now)
    assert b"/ETSI.CAdES.detached" in content
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    for words in ("Cure plan for Select", "For parental leave", viewer.name, "the same result", newest.digest[:20]):
        assert words in text
    first = fallen.decisions.for_verification().get(number=1)
    colleague = member(fallen).person
    assert "1 more" in " ".join(
        page.extract_text()
        for page in PdfReader(BytesIO(services.decision_pdf(decision=first, viewer=colleague, at=now))).pages
    )
    client.force_login(colleague)
    sent = client.get(reverse("tiers:decision_paper", args=[fallen.public_id, newest.number]))
    assert (sent.status_code, sent["Content-Type"]) == (200, "application/pdf")


def test_when_the_best_granted_tier_left_the_programme_the_next_best_counts(now: datetime) -> None:
    version = programme()
    partner, by = PartnerFactory(), channel_manager()
    given = {"partner": partner, "reason": "r", "decided_at": now, "decided_by": by, "starts_on": now.date()}
    for slug, count in (("select", 20), ("premier", 40)):
        TierAct.objects.create(
            kind="plan", tier=TierName.objects.get(slug=slug), until=days(now, count), steps=[], **given
        )
    acts = acts_of(partner, now)
    assert acts.granted(services.rules_of(version))[0] == "premier"
    shorter = rules()
    del shorter["tiers"][2]
    tier_, until = acts.granted(engine.parse(shorter))
    assert (tier_, until) == ("select", datetime.combine(days(now, 21), datetime.min.time(), UTC))
    last = days(now, 30)
    moved = engine.parse(shorter | {"migration": {"no_loss_until": last.isoformat(), "tiers": {"premier": "select"}}})
    assert moved.migration is not None
    after, before = (Move(map=moved.migration, began=later(now, day), versions=frozenset()) for day in (-1, 1))
    assert acts.granted(moved, after)[1] == datetime.combine(days(now, 21), datetime.min.time(), UTC)
    assert acts.granted(moved, before) == ("select", datetime.combine(days(now, 31), datetime.min.time(), UTC))
    assert acts.granted(engine.parse({"tiers": [{"id": "only", "requires": {"all": []}}]})) == (None, None)
