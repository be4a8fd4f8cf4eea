"""Rules put up for approval, what functions say to them, and who speaks for a function (ADR 42)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.partners.models import vendor_staff
from lms.tiers import engine
from lms.tiers.engine.terms import FUNCTION_NAME
from lms.tiers.models import Approver, DraftOpinion, Programme, ProgrammeDraft, ProgrammeVersion
from lms.tiers.services.approvals import draft_digest, functions_asked, functions_of, name_of
from lms.tiers.services.errors import ActRefused, Backdated, DraftClosed, NotAppointed, OwnDraft
from lms.tiers.services.programmes import (
    check_next,
    next_number,
    programme_of,
    publish_programme,
    read_for_publication,
)

REPLACED = "Replaced by a later draft of the same person."


@transaction.atomic
def propose_source(
    *,
    source: engine.Source,
    programme: Programme | None,
    effective_at: datetime,
    purpose: str,
    by: User,
    at: datetime,
) -> ProgrammeDraft:
    """As `propose_programme`, from a document that was read; without `programme` the one of the document's own id."""
    programme = programme or programme_of(source)
    return propose_programme(
        programme=programme,
        document=source.document,
        effective_at=effective_at,
        purpose=purpose,
        by=by,
        at=at,
        lines=source.lines,
    )


def functions_asked_of(
    *, source: engine.Source, programme: Programme | None, effective_at: datetime
) -> tuple[str, ...]:
    """The functions that would have to approve a document that was read, in words. Two queries."""
    document = source.document
    programme = programme or Programme.objects.filter(slug=str(document.get("id", ""))).first()
    asked = functions_asked(programme=programme, document=document, effective_at=effective_at)
    return tuple(name_of(name, document) for name in asked)


@transaction.atomic
def propose_programme(
    *,
    programme: Programme,
    document: Mapping[str, Any],
    effective_at: datetime,
    purpose: str,
    by: User,
    at: datetime,
    lines: Mapping[engine.problems.Path, int] | None = None,
) -> ProgrammeDraft:
    """Puts the document up for approval as the programme's next version, after every check of publishing.

    The same content again returns the open draft of it, with its author and approvals. The author's own earlier draft
    of the programme is withdrawn. Locks the programme. Raises ProgrammeRefused, Backdated, and ActRefused: no function
    has to approve, the purpose is empty, or they are the newest version already.
    """
    programme = Programme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    if effective_at <= at:
        raise Backdated("Approvals take time: choose a day to come from which the rules are in force.")
    rules, stored = read_for_publication(programme, document, lines)
    newest = programme.versions.order_by("-number").first()
    if newest is not None and (newest.document, newest.effective_at) == (stored, effective_at):
        raise ActRefused(f"These rules are version {newest.number} already.")
    check_next(programme, rules, effective_at)
    number = next_number(programme)
    functions = functions_asked(programme=programme, document=stored, effective_at=effective_at)
    if not functions:
        raise ActRefused("No function has to approve these rules: publish them.")
    purpose = _worded(purpose, "Say what changes and why: those who approve read it.", 1000)
    digest = draft_digest(programme=programme, number=number, effective_at=effective_at, document=stored)
    standing = ProgrammeDraft.objects.open().filter(programme=programme)
    if (same := standing.filter(digest=digest).first()) is not None:
        return same
    for earlier in standing.filter(proposed_by=by):
        _withdraw(earlier, REPLACED, by, at)
    draft = ProgrammeDraft.objects.create(
        programme=programme,
        number=number,
        document=stored,
        effective_at=effective_at,
        digest=digest,
        functions=list(functions),
        purpose=purpose,
        proposed_at=at,
        proposed_by=by,
    )
    detail = {"programme": programme.slug, "version": number, "digest": digest}
    record_audit(action="tiers.propose_programme", actor=by, at=at, target=draft, detail=detail)
    return draft


@transaction.atomic
def give_opinion(
    *, draft: ProgrammeDraft, function: str, is_approval: bool, reason: str, digest: str, by: User, at: datetime
) -> DraftOpinion:
    """Approves the draft for a function, or objects. The same once more adds nothing and returns what stands.

    `digest` is that of the content the person saw. Locks the programme, so that nothing is said while it is published.
    Raises DraftClosed, OwnDraft (the author), NotAppointed, and ActRefused: other content, a function that is not
    asked, or no reason.
    """
    draft = _locked(draft)
    if digest != draft.digest:
        raise ActRefused("This is not the content you were shown. Read the draft again.")
    if draft.proposed_by_id == by.pk:
        raise OwnDraft("You put these rules up yourself, so you approve them for no function. Somebody else does.")
    if function not in functions_of(draft):
        raise ActRefused("These rules don't need the approval of this function.")
    if not Approver.objects.active().filter(function=function, person=by).exists():
        raise NotAppointed("You don't speak for this function. A portal manager appoints who does.")
    reason = _worded(reason, "Say why: the others read it.", 2000)
    newest = draft.opinions.filter(function=function, said_by=by).order_by("-number").first()
    if newest is not None and (newest.is_approval, newest.reason) == (is_approval, reason):
        return newest
    last: int | None = draft.opinions.aggregate(last=Max("number"))["last"]
    opinion = DraftOpinion.objects.create(
        draft=draft,
        number=(last or 0) + 1,
        function=function,
        is_approval=is_approval,
        reason=reason,
        digest=digest,
        said_at=at,
        said_by=by,
    )
    detail = {"function": function, "is_approval": is_approval, "digest": digest}
    record_audit(action="tiers.give_opinion", actor=by, at=at, target=draft, detail=detail)
    return opinion


@transaction.atomic
def publish_draft(*, draft: ProgrammeDraft, by: User, at: datetime) -> ProgrammeVersion:
    """Publishes exactly what was approved; the version, if it is published already. Raises as `publish_programme`, and
    DraftClosed."""
    Programme.objects.select_for_update(of=("self",)).get(pk=draft.programme_id)
    published = ProgrammeVersion.objects.filter(draft=draft).first()
    if published is not None:
        return published
    draft = _locked(draft)
    return publish_programme(
        programme=draft.programme, document=draft.document, effective_at=draft.effective_at, by=by, at=at
    )


@transaction.atomic
def withdraw_draft(*, draft: ProgrammeDraft, reason: str, by: User, at: datetime) -> None:
    """Takes a draft back: it can't be published any more. Locks the programme. Raises DraftClosed and ActRefused."""
    draft = _locked(draft)
    _withdraw(draft, _worded(reason, "Say why it is withdrawn.", 1000), by, at)


def _withdraw(draft: ProgrammeDraft, reason: str, by: User, at: datetime) -> None:
    draft.withdrawn_at, draft.withdrawn_by, draft.withdraw_reason = at, by, reason
    draft.save(update_fields=["withdrawn_at", "withdrawn_by", "withdraw_reason"])
    record_audit(action="tiers.withdraw_draft", actor=by, at=at, target=draft, detail={"digest": draft.digest})


def _locked(draft: ProgrammeDraft) -> ProgrammeDraft:
    """The draft as it is now, its programme locked. Raises DraftClosed."""
    Programme.objects.select_for_update(of=("self",)).get(pk=draft.programme_id)
    found = ProgrammeDraft.objects.open().filter(pk=draft.pk).select_related("programme").first()
    if found is None:
        raise DraftClosed("The draft was published, withdrawn, or another version came before it. It is closed.")
    return found


@transaction.atomic
def appoint_approver(*, function: str, person: User, reason: str, by: User, at: datetime) -> Approver:
    """Lets a person of the vendor speak for a function; the standing appointment, if he does already.

    Raises OwnDraft (nobody appoints himself), NotAppointed (no account of our staff) and ActRefused (no reason,
    or a function that no programme could name).
    """
    if person.pk == by.pk:
        raise OwnDraft("Nobody appoints himself: another portal manager does.")
    if not vendor_staff(at.date()).filter(pk=person.pk).exists():
        raise NotAppointed(f"{person.name} has no account of our staff.")
    if not FUNCTION_NAME.fullmatch(function):
        raise ActRefused("A function is named by letters, digits, - and _, as in the programme.")
    reason = _worded(reason, "Say why this person.", 1000)
    appointment, is_new = Approver.objects.get_or_create(
        function=function,
        person=person,
        ended_at=None,
        defaults={"reason": reason, "appointed_at": at, "appointed_by": by},
    )
    if is_new:
        detail: dict[str, object] = {"function": function, "person": str(person.public_id)}
        record_audit(action="tiers.appoint_approver", actor=by, at=at, target=appointment, detail=detail)
    return appointment


@transaction.atomic
def end_appointment(*, appointment: Approver, reason: str, by: User, at: datetime) -> None:
    """Ends it; what the person said stays, but his objections don't hold up rules any more. Raises OwnDraft when
    one holds up a draft of `by`, and ActRefused: it has ended already, or no reason is given."""
    reason = _worded(reason, "Say why it ends.", 1000)
    if _objects_to_a_draft_of(by, appointment):
        raise OwnDraft("An objection of this person holds up your own draft: another portal manager ends it.")
    standing = Approver.objects.filter(pk=appointment.pk, ended_at=None)
    if standing.update(ended_at=at, ended_by=by, end_reason=reason) != 1:
        raise ActRefused("The appointment has ended already.")
    detail: dict[str, object] = {"function": appointment.function, "person": str(appointment.person.public_id)}
    record_audit(action="tiers.end_appointment", actor=by, at=at, target=appointment, detail=detail)


def _objects_to_a_draft_of(author: User, appointment: Approver) -> bool:
    drafts = ProgrammeDraft.objects.open().filter(proposed_by=author)
    said = DraftOpinion.objects.filter(
        draft__in=drafts, function=appointment.function, said_by_id=appointment.person_id
    )
    newest = {one.draft_id: one for one in said.order_by("number")}
    return any(not one.is_approval for one in newest.values())


def known_functions() -> list[str]:
    """The functions that the newest rules of any programme and open drafts name, and those somebody speaks for."""
    newest: dict[int, ProgrammeVersion] = {}
    for version in ProgrammeVersion.objects.order_by("number"):
        newest[version.programme_id] = version
    drafts = ProgrammeDraft.objects.open().values_list("functions", flat=True)
    named = {name for version in newest.values() for name in version.document.get("approvals", ())}
    named |= {name for functions in drafts for name in functions}
    return sorted(named | set(Approver.objects.filter(ended_at=None).values_list("function", flat=True)))


def _worded(text: str, refusal: str, limit: int) -> str:
    """Raises ActRefused for a text of blanks or one that is too long."""
    text = guards.check_text(text).strip()
    if not text:
        raise ActRefused(refusal)
    if len(text) > limit:
        raise ActRefused(f"That is longer than {limit} characters.")
    return text
