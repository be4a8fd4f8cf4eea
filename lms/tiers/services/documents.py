"""Documents that partners hand in as evidence, and what somebody of the vendor says to them."""

from datetime import UTC, date, datetime

from django.core.files.base import ContentFile
from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.events.services import emit
from lms.partners.models import Membership, Partner
from lms.tiers.engine.nodes.standing import Proof
from lms.tiers.events import PartnerFactsChanged
from lms.tiers.models import EvidenceDocument, ProgrammeVersion
from lms.tiers.services.errors import ActRefused, AlreadyRuled, SameDecider
from lms.tiers.services.files import suffix_of
from lms.tiers.services.programmes import rules_of

MAX_OPEN = 20  # documents of one partner that wait


def evidence_kinds(*, at: datetime) -> tuple[tuple[str, str], ...]:
    """(kind, words) of the documents that the rules in force ask for; none while no programme is in force."""
    version = ProgrammeVersion.objects.in_force(at)
    if version is None:
        return ()
    rules = rules_of(version)
    asked = (node for tier in (*rules.tiers, *rules.designations) for node in tier.requirements)
    kinds = {node.of for rule in asked for node in rule.everything() if isinstance(node, Proof)}
    return tuple((kind, rules.labels.get(kind, kind.replace("_", " ").capitalize())) for kind in sorted(kinds))


@transaction.atomic
def hand_in_evidence(
    *,
    partner: Partner,
    kind: str,
    title: str,
    valid_until: date | None,
    file: bytes,
    file_name: str,
    by: User,
    at: datetime,
) -> EvidenceDocument:
    """A document for the vendor to judge; it counts for nothing until then. A PDF, PNG or JPEG of 10 MB at most.

    Locks the partner. Raises ActRefused: a kind that no rule asks for, another kind of file, one that is over already,
    or as many that wait as may.
    """
    partner = Partner.objects.select_for_update(of=("self",)).get(pk=partner.pk)
    if kind not in dict(evidence_kinds(at=at)):
        raise ActRefused("The programme in force asks for no such document.")
    if valid_until is not None and valid_until < at.astimezone(UTC).date():
        raise ActRefused("The document's last day is over already.")
    if EvidenceDocument.objects.open().filter(partner=partner).count() >= MAX_OPEN:
        raise ActRefused(f"{MAX_OPEN} documents wait for an answer. Hand in more when some of them are judged.")
    document = EvidenceDocument(
        partner=partner,
        kind=kind,
        title=guards.clean_name(title)[:150],
        file_name=file_name[-150:],
        valid_until=valid_until,
        handed_in_at=at,
        handed_in_by=by,
    )
    if not document.title:
        raise ActRefused("Say what the document is.")
    document.file.save(f"{document.public_id}{suffix_of(file)}", ContentFile(file), save=False)
    document.save(force_insert=True)
    _log("tiers.hand_in_evidence", document, by, at)
    return document


@transaction.atomic
def judge_evidence(
    *, document: EvidenceDocument, is_accepted: bool, reason: str, until: date | None, by: User, at: datetime
) -> EvidenceDocument:
    """Accepts the document, so that it counts from today to the day `until` (None: its own last day), or refuses it.

    Emits PartnerFactsChanged, so that the partner is evaluated. Locks the document. Raises AlreadyRuled; SameDecider
    when `by` handed it in or belongs to the partner; ActRefused without a reason, or for a last day that is over or
    later than the document's own.
    """
    document = EvidenceDocument.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if document.judged_at is not None:
        raise AlreadyRuled("Somebody has judged this document. Nothing was changed.")
    on = at.astimezone(UTC).date()
    works_there = Membership.objects.active(on).filter(partner=document.partner_id, person=by).exists()
    if works_there or by.pk == document.handed_in_by_id:
        raise SameDecider("Somebody of the vendor who does not belong to the partner has to judge it.")
    if not (reason := guards.check_text(reason).strip()):
        raise ActRefused("Say why: the partner reads it.")
    last = until or document.valid_until
    if is_accepted and last is not None and last < on:
        raise ActRefused("The last day is over already.")
    if until is not None and document.valid_until is not None and until > document.valid_until:
        raise ActRefused("It can't count longer than the document itself holds.")
    document.is_accepted, document.reason = is_accepted, reason[:1000]
    document.judged_at, document.judged_by = at, by
    if is_accepted:
        document.since, document.until = on, last
    document.save(update_fields=["is_accepted", "reason", "judged_at", "judged_by", "since", "until"])
    _log("tiers.judge_evidence", document, by, at)
    emit(PartnerFactsChanged(at=at, partner_id=document.partner.public_id))
    return document


def _log(action: str, document: EvidenceDocument, by: User, at: datetime) -> None:
    detail: dict[str, object] = {"document": str(document.public_id), "kind": document.kind}
    if document.judged_at is not None:
        detail["is_accepted"] = document.is_accepted
    record_audit(action=action, actor=by, at=at, target=document.partner, detail=detail)
