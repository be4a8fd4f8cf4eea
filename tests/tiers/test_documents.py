"""Documents as evidence: handed in by the partner, judged by somebody else, counted for as long as they hold."""

from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse

from lms.accounts.models import AuditEntry
from lms.events.services import drain
from lms.partners.models import Membership
from lms.tiers import services
from lms.tiers.models import EvidenceDocument
from tests.factories import PartnerFactory
from tests.tiers.factories import later, member, programme
from tests.tiers.test_admin import portal_manager, signed_in
from tests.tiers.test_decisions import channel_manager
from tests.tiers.test_metrics import rules

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 evidence"
NESTED = {"any": [{"evidence": {"kind": "insurance"}}, {"evidence": {"kind": "reference", "min": 2}}]}


@pytest.fixture
def ann() -> Membership:
    """The manager of a partner whose rules ask for a document."""
    programme(document=rules(NESTED))
    return member(PartnerFactory(slug="kestrel"), role=Membership.Role.MANAGER)


def hand_in(by: Membership, at: datetime, **changes: Any) -> EvidenceDocument:
    given = {"kind": "insurance", "title": "Policy 17", "valid_until": None, "file": PDF, "file_name": "policy.pdf"}
    return services.hand_in_evidence(partner=by.partner, by=by.person, at=at, **(given | changes))


def judge(document: EvidenceDocument, at: datetime, **changes: Any) -> EvidenceDocument:
    given = {"is_accepted": True, "reason": "It covers what we ask for.", "until": None, "by": channel_manager()}
    return services.judge_evidence(document=document, at=at, **(given | changes))


def tier(membership: Membership) -> str:
    newest = membership.partner.decisions.select_related("tier").order_by("-number").first()
    assert newest is not None
    return newest.tier.slug


def test_the_kinds_are_those_that_the_rules_ask_for(now: datetime) -> None:
    assert services.evidence_kinds(at=now) == ()
    programme(document=rules(NESTED) | {"labels": {"reference": "Customer reference"}})
    assert services.evidence_kinds(at=now) == (("insurance", "Insurance"), ("reference", "Customer reference"))


def test_a_document_counts_once_it_is_accepted_until_its_last_day(ann: Membership, now: datetime) -> None:
    document = hand_in(ann, now, valid_until=later(now, 30).date())
    assert services.evaluate_partner(partner=ann.partner, at=now).tier.slug == "registered"
    judged = judge(document, now)
    drain()
    assert (judged.since, judged.until, tier(ann)) == (now.date(), later(now, 30).date(), "select")
    decision = ann.partner.decisions.for_verification().order_by("-number").first()
    assert decision is not None
    assert services.verify(decision).is_genuine
    (proof,) = services.explain(decision=decision, viewer=ann.person)[1].requirements[0].proofs
    assert proof.reference == str(document.public_id)
    assert services.evaluate_partner(partner=ann.partner, at=later(now, 31)).tier.slug == "registered"
    assert [entry.action for entry in AuditEntry.objects.filter(action__contains="evidence").order_by("pk")] == [
        "tiers.hand_in_evidence",
        "tiers.judge_evidence",
    ]


def test_before_it_was_judged_it_did_not_count(ann: Membership, now: datetime) -> None:
    judge(hand_in(ann, later(now, -5)), now)
    assert services.gather_facts(partner=ann.partner, at=later(now, -1)).evidence == ()
    assert len(services.gather_facts(partner=ann.partner, at=now).evidence or ()) == 1


def test_a_refused_document_counts_for_nothing(ann: Membership, now: datetime) -> None:
    judged = judge(hand_in(ann, now), now, is_accepted=False, until=date(2027, 1, 1))
    assert (judged.since, judged.until) == (None, None)
    assert services.gather_facts(partner=ann.partner, at=now).evidence == ()


def test_its_end_is_said_as_an_alarm(ann: Membership, now: datetime) -> None:
    judge(hand_in(ann, now, valid_until=later(now, 20).date()), now)
    drain()
    assert services.raise_alarms(at=now) == 1
    alarm = ann.partner.tier_alarms.get()
    (line,) = services.alarm_lines(alarm)
    assert (line.name, line.what, line.last_day) == (ann.partner.name, "insurance ends", later(now, 20).date())
    risk = services.status(partner=ann.partner, at=now).risk
    assert risk is not None
    assert [name for name, _, _ in risk.endings] == [ann.partner.name]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"kind": "poem"}, "asks for no such document"),
        ({"file": b"MZ program"}, "no PDF, PNG or JPEG"),
        ({"file": PDF + b"x" * 10_000_000}, "larger than 10 MB"),
        ({"title": " \t"}, "Say what the document is"),
        ({"valid_until": date(2020, 1, 1)}, "over already"),
    ],
)
def test_what_is_refused_when_handed_in(ann: Membership, now: datetime, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(services.ActRefused, match=words):
        hand_in(ann, now, **changes)
    assert not EvidenceDocument.objects.exists()


def test_only_so_many_wait(ann: Membership, now: datetime) -> None:
    for _ in range(20):
        document = hand_in(ann, now)
    with pytest.raises(services.ActRefused, match="wait for an answer"):
        hand_in(ann, now)
    judge(document, now)
    hand_in(ann, now)


def test_somebody_else_judges_once_with_a_reason(ann: Membership, now: datetime) -> None:
    document = hand_in(ann, now)
    for by in (ann.person, member(ann.partner, person=channel_manager()).person):
        with pytest.raises(services.SameDecider):
            judge(document, now, by=by)
    for wrong in ({"reason": " "}, {"until": date(2020, 1, 1)}):
        with pytest.raises(services.ActRefused):
            judge(document, now, **wrong)
    with pytest.raises(services.ActRefused, match="longer than the document"):
        judge(hand_in(ann, now, valid_until=later(now, 5).date()), now, until=later(now, 6).date())
    judge(document, now)
    with pytest.raises(services.AlreadyRuled):
        judge(document, now)


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"is_accepted": True},
        {"since": date(2026, 1, 1)},
        {"judged_by": "own", "judged_at": "now", "is_accepted": False, "reason": "mine"},
        {"judged_by": "other", "judged_at": "now", "is_accepted": True, "reason": "fine"},
        {"judged_by": "other", "judged_at": "now", "is_accepted": False, "reason": ""},
    ],
)
def test_the_database_holds_what_a_judgement_needs(ann: Membership, now: datetime, wrong: dict[str, Any]) -> None:
    document = hand_in(ann, now)
    people = {"own": ann.person, "other": channel_manager()}
    fields = {name: now if value == "now" else people.get(value, value) for name, value in wrong.items()}
    with pytest.raises(IntegrityError), transaction.atomic():
        EvidenceDocument.objects.filter(pk=document.pk).update(**fields)


def test_pages_from_handing_in_to_the_judgement(client: Any, ann: Membership) -> None:
    address = reverse("tiers:evidence", args=[ann.partner.public_id])
    client.force_login(ann.person)
    data = {"kind": "insurance", "title": "Policy <b>17</b>", "valid_until": ""}
    assert client.post(address, {**data, "file": SimpleUploadedFile("p.pdf", b"no")}).status_code == 400
    assert client.post(address, {**data, "file": SimpleUploadedFile("p.pdf", PDF)}).status_code == 302
    document = EvidenceDocument.objects.get()
    assert "Policy &lt;b&gt;17&lt;/b&gt;" in client.get(address).content.decode()
    one = reverse("tiers:evidence_document", args=[ann.partner.public_id, document.public_id])
    assert "waits for somebody of the vendor" in client.get(one).content.decode()
    assert client.post(one, {"is_accepted": "yes", "reason": "mine"}).status_code == 403
    manager = channel_manager()
    client.force_login(manager)
    assert client.post(address, data).status_code == 403
    assert client.post(one, {"is_accepted": "yes", "until": "2020-01-01", "reason": "Old"}).status_code == 400
    assert client.post(one, {"is_accepted": "yes", "reason": "Fine"}).status_code == 302
    assert "it counts from" in client.get(one).content.decode()
    file = client.get(reverse("tiers:evidence_file", args=[ann.partner.public_id, document.public_id]))
    assert (b"".join(file.streaming_content), file["Content-Disposition"]) == (PDF, 'attachment; filename="p.pdf"')
    drain()
    newest = ann.partner.decisions.order_by("-number").first()
    assert newest is not None
    page = client.get(reverse("tiers:decision", args=[ann.partner.public_id, newest.number])).content.decode()
    assert "Accepted document" in page
    paper = client.get(reverse("tiers:decision_paper", args=[ann.partner.public_id, newest.number]))
    assert paper.status_code in {200, 302}


def test_nothing_is_asked_for_while_no_programme_is_in_force(client: Any) -> None:
    ann = member(PartnerFactory(), role=Membership.Role.MANAGER)
    client.force_login(ann.person)
    page = client.get(reverse("tiers:evidence", args=[ann.partner.public_id]))
    assert (page.status_code, page.context["form"]) == (200, None)


def test_what_waits_is_listed_for_the_vendor(ann: Membership, now: datetime) -> None:
    hand_in(ann, now, title="Policy 17")
    decision = services.evaluate_partner(partner=ann.partner, at=now)
    given = {"tier": decision.tier, "text": "Look again", "evidence": b"", "evidence_name": ""}
    services.raise_appeal(decision=decision, by=ann.person, at=now, **given)
    page = signed_in(portal_manager()).get(reverse("programmes:waiting")).content.decode()
    assert page.index("<strong>open</strong>") < page.index("Policy 17")
