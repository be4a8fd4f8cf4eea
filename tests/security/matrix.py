"""Who gets what at each address: the declared table behind test_access_matrix.

A row says what GET and POST answer to each role, in the order of ROLES and grouped as

    anonymous | own colleague manager (of partner A) | member manager (of partner B) | channel author reviewer portal

with one sign per answer, see SIGNS. Addresses are made of partner A's rows; "own" is the person they are about. A row
of an address with several faces has a variant after "#".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from badges.hosted import ticket_of
from lms.assessments.media import addresses_for
from tests.assessments.factories import PICTURE
from tests.security.world import World

SIGNS = {
    "2": "200",
    "+": "201",
    "R": "redirect on",
    "L": "redirect to the sign-in page",
    "B": "400 not understood",
    "U": "401 who are you",
    "F": "403 seen but forbidden",
    "4": "404 does not exist for this person",
    "M": "405 no such method",
    "C": "409 refused by a rule",
    "N": "204 taken, nothing to say",
    "T": "415 not this content type",
}


def _nothing(_: World) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Row:
    """`args` makes the address from the world, `data` what is posted; `is_json` posts it as JSON."""

    get: str
    post: str
    args: Callable[[World], dict[str, Any] | list[str]] = _nothing
    data: Callable[[World], dict[str, Any]] = _nothing
    is_json: bool = False


def _partner(world: World) -> dict[str, Any]:
    return {"partner_id": world.a.public_id}


def _side(side: str) -> Callable[[World], dict[str, Any]]:
    """Who stands for a side in sales."""
    return lambda w: {**_partner(w), "function": "sales", "side": side}


def _member(world: World) -> dict[str, Any]:
    return {"partner_id": world.a.public_id, "membership_id": world.members["own"].public_id}


def _draft(world: World) -> dict[str, Any]:
    return {"draft_id": world.draft.public_id}


def _import(world: World) -> dict[str, Any]:
    return {"import_id": world.deal_import.public_id}


def _lead(world: World) -> dict[str, Any]:
    return {"lead_id": world.lead.public_id}


def _plan(world: World) -> dict[str, Any]:
    return {"plan_id": world.plan.public_id}


def _story(world: World) -> dict[str, Any]:
    return {"story_id": world.story.public_id}


def _overlap(world: World) -> dict[str, Any]:
    return {"overlap_id": world.overlap.public_id}


def _of_plan(kind: str, name: str = "") -> Callable[[World], dict[str, Any]]:
    """A row of the plan, and what is done to it."""
    act = {"kind": kind, "name": name} if name else {}
    return lambda w: {**_plan(w), "row_id": getattr(w.plan, kind).order_by("pk").first().public_id, **act}


def _crm(world: World) -> dict[str, Any]:
    return {"system_id": world.crm.public_id}


def _invitation(world: World) -> dict[str, Any]:
    return {"partner_id": world.a.public_id, "invitation_id": world.invitation.public_id}


def _open(world: World) -> dict[str, Any]:
    return {"attempt_id": world.open.public_id}


def _position(world: World) -> dict[str, Any]:
    return {"attempt_id": world.open.public_id, "position": 1}


def _paper(world: World) -> dict[str, Any]:
    """A paper on the desk of the exam that runs."""
    return {"attempt_id": world.open.public_id, "document_id": world.paper.public_id}


def _media(world: World) -> dict[str, Any]:
    """A picture that a page showed to the person of the row "own"."""
    address = addresses_for(world.members["own"].person_id)(PICTURE.digest)
    return {"ticket": address.rstrip("/").rpartition("/")[2]}


def _scored(world: World) -> dict[str, Any]:
    return {"attempt_id": world.scored.public_id}


def _deal(world: World) -> dict[str, Any]:
    return {"deal_id": world.deal.public_id}


def _asset(world: World) -> dict[str, Any]:
    return {"asset_id": world.asset.public_id}


def _credential(world: World) -> dict[str, Any]:
    return {"public_id": world.credential.public_id}


def _course(world: World) -> dict[str, Any]:
    return {"course_id": world.page.course.public_id}


def _lesson(world: World) -> dict[str, Any]:
    return {"course_slug": world.page.slug, "lesson_slug": "first"}


def _enrolment(world: World) -> dict[str, Any]:
    return {"public_id": world.enrolment.public_id}


def _statement(world: World) -> dict[str, Any]:
    return {"statement_id": world.credential.as_issued.statement_id}


def _save(world: World) -> dict[str, Any]:
    return {"item": "1", "seq": 1, "nonce": str(uuid4()), "answer": None}


def _persona(world: World) -> str:
    return str(world.members["own"].persona_id)


def _fixed(**values: Any) -> Callable[[World], dict[str, Any]]:
    return lambda _: values


PUBLIC_SIGNS = ("2 222 22 2222", "M MMM MM MMMM")
PUBLIC = Row(*PUBLIC_SIGNS)
PERSONAL = Row("L 222 22 2222", "M MMM MM MMMM")

MATRIX: dict[str, Row] = {
    # --- For machines ---
    "common:health": PUBLIC,
    "common:robots": PUBLIC,
    "xapi:about": PUBLIC,
    "xapi:statements": Row("B BBB BB BBBB", "B BBB BB BBBB"),
    "xapi:activities": Row("B BBB BB BBBB", "B BBB BB BBBB"),
    "xapi:agents": Row("B BBB BB BBBB", "B BBB BB BBBB"),
    "xapi:activities-state": Row("B BBB BB BBBB", "B BBB BB BBBB"),
    "xapi:activities-profile": Row("B BBB BB BBBB", "B BBB BB BBBB"),
    "xapi:agents-profile": Row("B BBB BB BBBB", "B BBB BB BBBB"),
    "badges:did": PUBLIC,
    "badges:issuer": PUBLIC,
    "badges:achievement": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.achievement.public_id}),
    "badges:document": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.public_id}),
    "badges:document_as": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.public_id, "form": "jwt"}),
    "badges:image": Row(*PUBLIC_SIGNS, lambda w: {"digest": w.award.image_digest, "form": "png"}),
    "badges:status_list": Row(*PUBLIC_SIGNS, _fixed(purpose="revocation", number=0)),
    # --- Signing in ---
    "account_login": Row("2 RRR RR RRRR", "2 RRR RR RRRR"),
    "account_logout": Row("L 222 22 2222", "L LLL LL LLLL"),
    "account_inactive": Row("2 222 22 2222", "M MMM MM MMMM"),
    "account_reauthenticate": Row("L 222 22 2222", "L 222 22 2222"),
    "account_change_password": Row("L 222 22 2222", "L 222 22 2222"),
    "account_set_password": Row("R RRR RR RRRR", "R RRR RR RRRR"),
    "account_reset_password": Row("2 222 22 2222", "2 222 22 2222"),
    "account_reset_password_done": Row("2 222 22 2222", "M MMM MM MMMM"),
    "account_reset_password_from_key": Row("2 222 22 2222", "2 222 22 2222", _fixed(uidb36="1", key="abc-def")),
    "account_reset_password_from_key_done": Row("2 222 22 2222", "M MMM MM MMMM"),
    "mfa_index": Row("L 222 22 2222", "L MMM MM MMMM"),
    "mfa_authenticate": Row("L RRR RR RRRR", "L RRR RR RRRR"),
    "mfa_reauthenticate": Row("L RRR RR RRRR", "L RRR RR RRRR"),
    "mfa_activate_totp": Row("L RRR RR RRRR", "L RRR RR RRRR"),
    "mfa_deactivate_totp": Row("L 444 44 4444", "L 444 44 4444"),
    "mfa_view_recovery_codes": Row("L 444 44 4444", "L MMM MM MMMM"),
    "mfa_generate_recovery_codes": Row("L RRR RR RRRR", "L RRR RR RRRR"),
    "mfa_download_recovery_codes": Row("L 444 44 4444", "L 444 44 4444"),
    # --- One's own account ---
    "accounts:profile": Row("L 222 22 2222", "L 222 22 2222"),
    "accounts:theme": Row("M MMM MM MMMM", "R RRR RR RRRR"),
    "accounts:sign_out_everywhere": Row("L MMM MM MMMM", "L RRR RR RRRR"),
    "accounts:token_create": Row("L MMM MM MMMM", "L 222 22 2222", data=_fixed(name="Laptop", scope="read", days="90")),
    "accounts:token_revoke": Row("L MMM MM MMMM", "L R44 44 4444", lambda w: {"prefix": w.token.prefix}),
    # --- Partners and their people ---
    "partners:switch": Row(
        "L MMM MM MMMM", "L R44 44 4444", data=lambda w: {"membership": str(w.members["own"].public_id)}
    ),
    "partners:invite": Row(
        "L FF2 44 2442",
        "L FFR 44 R44R",
        _partner,
        lambda w: {"email": "new@kestrel.example", "name": "New", "persona": _persona(w), "role": "member"},
    ),
    "partners:invitation_withdraw": Row("L MMM MM MMMM", "L FFR 44 R44R", _invitation),
    "partners:membership_edit": Row(
        "L FF2 44 F44F", "L FFR 44 F44F", _member, lambda w: {"persona": _persona(w), "role": "manager"}
    ),
    "partners:membership_end": Row("L MMM MM MMMM", "L FFR 44 F44F", _member),
    "partners:access": Row("L FFF 44 2442", "L FFF 44 R44R", _partner, _fixed(action="suspend", reason="Unpaid")),
    "partners:contacts": Row("L 222 44 2442", "M MMM MM MMMM", _partner),
    "partners:contact_name": Row(
        "L FF2 44 F44F",
        "L FFR 44 F44F",
        _side("partner"),
        lambda w: {"who": w.members["colleague"].public_id},
    ),
    "partners:contact_name#ours": Row(
        "L FFF 44 2442", "L FFF 44 R44R", _side("vendor"), lambda w: {"who": w.people["author"].public_id}
    ),
    "partners:contact_end": Row(
        "L MMM MM MMMM", "L FFF 44 R44R", lambda w: {**_partner(w), "counterpart_id": w.sponsor.public_id}
    ),
    "partners:alignment": Row("L FF2 44 2442", "M MMM MM MMMM", _partner),
    "partners:alignment_answer": Row(
        "L MMM MM MMMM",
        "L FFR 44 R44R",
        lambda w: {**_partner(w), "question": "goals"},
        _fixed(version="1", verdict="unsure", sentence="Ask again"),
    ),
    "partners:accept_invitation": Row("2 222 22 2222", "2 FFF FF FFFF", lambda w: {"token": w.invitation_token}),
    "portal:home": PERSONAL,
    "portal:need": Row("L 222 22 2222", "M MMM MM MMMM", _fixed(need="get-certified")),
    "portal:my_learning": PERSONAL,
    "portal:my_records": PERSONAL,
    "portal:my_records_download": PERSONAL,
    "portal:records": Row("L FFF FF FFF2", "M MMM MM MMMM"),
    "portal:records_new": Row("L FFF FF FFF2", "M MMM MM MMMM"),
    "portal:record": Row("L FFF FF FFF2", "M MMM MM MMMM", _statement),
    "portal:record_void": Row("M MMM MM MMMM", "L FFF FF FFFR", _statement, _fixed(reason="A mistake")),
    "portal:partners": Row("L FFF FF 2FF2", "M MMM MM MMMM"),
    "portal:partner": Row("L 222 44 2442", "M MMM MM MMMM", _partner),
    "portal:partner_people": Row("L FF2 44 2442", "M MMM MM MMMM", _partner),
    "portal:person": Row("L 242 44 2442", "M MMM MM MMMM", _member),
    "portal:partner_report": Row("L FF2 44 2442", "M MMM MM MMMM", _partner),
    "portal:partner_report_file": Row("L FF2 44 2442", "M MMM MM MMMM", lambda w: {**_partner(w), "form": "xlsx"}),
    "portal:report": Row("L FFF FF 2FF2", "M MMM MM MMMM", lambda _: {"kind": "portfolio"}),
    "portal:report_file": Row("L FFF FF 2FF2", "M MMM MM MMMM", lambda _: {"kind": "overview", "form": "csv"}),
    "portal:want_report_letters": Row(
        "M MMM MM MMMM",
        "L FFR 44 R44R",
        data=lambda w: {"report": "partner", "partner": w.a.public_id, "rhythm": "weekly"},
    ),
    "portal:end_report_letters": Row("4 444 44 4444", "4 444 44 4444", lambda _: {"token": "not-ours:x"}),
    "api-v1:partner-report": Row("U FF2 44 2442", "U MMM MM MMMM", _partner),
    "api-v1:report": Row("U FFF FF 2FF2", "U MMM MM MMMM", lambda _: {"kind": "overview"}),
    "tiers:decisions": Row("L 222 44 2442", "M MMM MM MMMM", _partner),
    "tiers:programme": PUBLIC,
    "tiers:drafts": Row("L FFF FF 2FF2", "M MMM MM MMMM"),
    "tiers:draft": Row("L 444 44 2442", "L 444 44 F44F", _draft),
    "tiers:draft_publish": Row("M MMM MM MMMM", "L 444 44 R44R", _draft),
    "tiers:draft_withdraw": Row("M MMM MM MMMM", "L 444 44 R44R", _draft),
    "tiers:approvers": Row("L FFF FF 2FF2", "L FFF FF FFFB"),
    "tiers:approver_end": Row("M MMM MM MMMM", "L FFF FF FFF4", lambda _: {"approver_id": uuid4()}),
    "tiers:acts": Row("L FF2 44 2442", "L FFF 44 B44B", _partner, lambda _: {"what": "plan"}),
    "tiers:act_end": Row("M MMM MM MMMM", "L FFF 44 4444", lambda w: {**_partner(w), "act_id": uuid4()}),
    "tiers:act_step": Row("M MMM MM MMMM", "L FFF 44 4444", lambda w: {**_partner(w), "act_id": uuid4(), "number": 0}),
    "tiers:end_tier": Row("M MMM MM MMMM", "L FFF 44 R44R", _partner),
    "tiers:appeal_new": Row("L FF2 44 F44F", "L FFB 44 F44F", lambda w: {**_partner(w), "number": 1}),
    "tiers:appeal": Row("L FF4 44 4444", "L FF4 44 4444", lambda w: {**_partner(w), "appeal_id": uuid4()}),
    "tiers:appeal_evidence": Row("L FF4 44 4444", "M MMM MM MMMM", lambda w: {**_partner(w), "appeal_id": uuid4()}),
    "tiers:evidence": Row("L FF2 44 2442", "L FFB 44 F44F", _partner),
    "tiers:evidence_document": Row("L FF4 44 4444", "L FF4 44 4444", lambda w: {**_partner(w), "document_id": uuid4()}),
    "tiers:evidence_file": Row("L FF4 44 4444", "M MMM MM MMMM", lambda w: {**_partner(w), "document_id": uuid4()}),
    "tiers:way": Row("L FF2 44 2442", "M MMM MM MMMM", _partner),
    "tiers:decision_paper": Row("L 222 44 2442", "M MMM MM MMMM", lambda w: {**_partner(w), "number": 1}),
    "tiers:decision": Row("L 222 44 2442", "M MMM MM MMMM", lambda w: {**_partner(w), "number": 1}),
    "tiers:requirement": Row(
        "L 222 44 2442", "M MMM MM MMMM", lambda w: {**_partner(w), "requirement_id": "select-engineers"}
    ),
    # --- Assets ---
    "assets:library": PERSONAL,
    "assets:asset": Row("L 222 44 2222", "M MMM MM MMMM", _asset),
    "assets:preview": Row("L 222 44 2222", "M MMM MM MMMM", _asset),
    "assets:download": Row("L 222 44 2222", "M MMM MM MMMM", _asset),
    "assets:text": Row("L 444 44 4444", "M MMM MM MMMM", _asset),  # it is a PDF
    "assets:share": Row("L MMM MM MMMM", "L RRR 44 RRRR", _asset),
    "assets:version": Row("L FFF 44 F2F2", "M MMM MM MMMM", lambda w: {**_asset(w), "number": 1}),
    "branding:gallery": PERSONAL,
    "branding:make": Row("L 222 44 FFFF", "L BBB 44 FFFF", _asset),
    "branding:preview": Row("L 222 44 FFFF", "M MMM MM MMMM", _asset),
    "branding:zones": Row("L FFF 44 F2F2", "L FFF 44 FBFB", _asset),
    "branding:zones_preview": Row("L FFF 44 F2F2", "M MMM MM MMMM", _asset),
    "branding:brand": Row("L 222 22 FFFF", "L FFB FB FFFF"),
    "branding:logo": Row("L 222 44 FFFF", "M MMM MM MMMM"),
    "branding:copies": Row("L 222 22 FFFF", "M MMM MM MMMM"),
    "branding:download": Row("L 222 44 2222", "M MMM MM MMMM", lambda w: {"copy_id": w.copy.public_id}),
    "branding:check_form": PUBLIC,
    "branding:check": Row(*PUBLIC_SIGNS, lambda w: {"copy_id": w.copy.public_id}),
    # --- Deals ---
    "deals:mine": Row("L 222 22 R22R", "M MMM MM MMMM"),
    "deals:register": Row("L 222 22 FFFF", "L 222 22 FFFF"),
    "deals:similar": Row("L 222 22 FFFF", "M MMM MM MMMM"),
    "deals:engagement": Row("L 222 22 2FF2", "L FFR FR FFFF"),
    "deals:rules_new": Row("L FFF FF 2FF2", "L FFF FF BFFB"),
    "deals:rules_versions": Row("L FFF FF 2FF2", "M MMM MM MMMM"),
    "deals:rules_version": Row("L FFF FF 2FF2", "M MMM MM MMMM", _fixed(number=1)),
    "deals:rules_withdraw": Row("L MMM MM MMMM", "L FFF FF RFFR", _fixed(number=1)),
    "deals:rules_text": Row("L FFF FF 2FF2", "M MMM MM MMMM", _fixed(number=1)),
    "deals:queue": Row("L FFF FF 2FF2", "M MMM MM MMMM"),
    "deals:pipeline": Row("L 222 22 2FF2", "M MMM MM MMMM"),
    "deals:export": Row("L 222 22 2FF2", "M MMM MM MMMM", _fixed(form="csv")),
    "deals:forecast_export": Row("L 222 22 2FF2", "M MMM MM MMMM", _fixed(form="xlsx")),
    "deals:weights": Row("L FFF FF 2FF2", "L FFF FF FFF2"),
    "deals:reciprocity": Row("L FFR FR 2FF2", "M MMM MM MMMM"),
    "deals:reciprocity_partner": Row("L FF2 44 2442", "M MMM MM MMMM", _partner),
    "deals:precedents": Row("L FFF FF 2FF2", "M MMM MM MMMM"),
    "deals:accounts": Row("L FFF FF 2FF2", "L FFF FF 2FF2"),
    "deals:account": Row("L FFF FF 2FF2", "L FFF FF 2FF2", lambda w: {"account_id": w.account.public_id}),
    "deals:imports": Row("L FF2 F2 2FF2", "L FF2 F2 2FF2"),
    "deals:import": Row("L 44R 44 4444", "L 44R 44 4444", _import),
    "deals:import_columns": Row("L 442 44 4444", "L 442 44 4444", _import),
    "deals:import_left_out": Row("L 442 44 4444", "M MMM MM MMMM", _import),
    "deals:import_discard": Row("L MMM MM MMMM", "L 44R 44 4444", _import),
    "deals:leads": Row("L 222 22 2FF2", "M MMM MM MMMM"),
    "deals:lead_new": Row("L FFF FF 2FF2", "L FFF FF 2FF2"),
    "deals:lead": Row("L 222 44 2442", "M MMM MM MMMM", _lead),
    "deals:lead_accept": Row("L MMM MM MMMM", "L 222 44 F44F", _lead),
    "deals:lead_decline": Row("L MMM MM MMMM", "L 222 44 F44F", _lead),
    "deals:lead_give": Row("L MMM MM MMMM", "L FFF FF 2FF2", _lead),
    "deals:lead_recall": Row("L MMM MM MMMM", "L FFF FF RFFR", _lead),
    "deals:overlaps": Row("L FF2 F2 2FF2", "M MMM MM MMMM"),
    "deals:overlap_new": Row("L FF2 F2 FFFF", "L FF2 F2 FFFF"),
    "deals:overlap": Row("L 442 44 2442", "M MMM MM MMMM", _overlap),
    "deals:overlap_act": Row("L MMM MM MMMM", "L 44F 44 R44R", lambda w: {**_overlap(w), "name": "agree"}),
    "deals:overlap_act#end": Row("L MMM MM MMMM", "L 44R 44 R44R", lambda w: {**_overlap(w), "name": "end"}),
    "deals:plans": Row("L 222 22 2FF2", "M MMM MM MMMM"),
    "deals:plan_new": Row("L FF2 F2 2FF2", "L FF2 F2 2FF2"),
    "deals:plan": Row("L 222 44 2442", "M MMM MM MMMM", _plan),
    "deals:plan_objective": Row("L MMM MM MMMM", "L FFB 44 B44B", _plan),
    "deals:plan_action": Row("L MMM MM MMMM", "L FFB 44 B44B", _plan),
    "deals:plan_activity": Row("L MMM MM MMMM", "L FFB 44 B44B", _plan),
    "deals:plan_review": Row("L MMM MM MMMM", "L FFB 44 B44B", _plan),
    "deals:plan_hold": Row("L MMM MM MMMM", "L FFB 44 B44B", _of_plan("reviews")),
    "deals:plan_act": Row("L MMM MM MMMM", "L FFR 44 R44R", _of_plan("objectives", "drop")),
    "deals:plan_act#done": Row("L MMM MM MMMM", "L FFR 44 R44R", _of_plan("actions", "done")),
    "deals:plan_act#result": Row("L MMM MM MMMM", "L FFR 44 R44R", _of_plan("activities", "result")),
    "deals:stories": Row("L 222 22 22F2", "M MMM MM MMMM"),
    "deals:story": Row("L 222 44 2242", "M MMM MM MMMM", _story),
    "deals:story_edit": Row("L 2F2 44 FF4F", "L 2F2 44 FF4F", _story),
    "deals:story_move": Row("L 2F2 44 FF4F", "L RFR 44 FF4F", lambda w: {**_story(w), "move": "take_back"}),
    "deals:story_move#vendor's": Row("L FFF 44 F242", "L FFF 44 F242", lambda w: {**_story(w), "move": "send_back"}),
    "deals:story_move#permission": Row("L 2F2 44 2242", "L 2F2 44 2242", lambda w: {**_story(w), "move": "revoke"}),
    "deals:story_begin": Row("L RFR 44 F44F", "L 2F2 44 F44F", lambda w: {"deal_id": w.story.deal.public_id}),
    "deals:crm": Row("L FFF FF FFF2", "L FFF FF FFF2"),
    "deals:crm_system": Row("L FFF FF FFF2", "M MMM MM MMMM", _crm),
    "deals:crm_act": Row("L MMM MM MMMM", "L FFF FF FFFR", lambda w: {**_crm(w), "action": "pause"}),
    "deals:deal": Row("L 222 44 2442", "M MMM MM MMMM", _deal),
    "deals:move": Row("L 2F2 44 F44F", "L RFR 44 F44F", lambda w: {**_deal(w), "move": "withdraw"}),
    "deals:move#vendor's": Row(
        "L FFF 44 2442", "L FFF 44 R44R", lambda w: {**_deal(w), "move": "ask"}, _fixed(text="Who decides?")
    ),
    "deals:comment": Row("L MMM MM MMMM", "L RFR 44 R44R", _deal, _fixed(text="Hello")),
    "deals:task": Row("L MMM MM MMMM", "L RFR 44 R44R", _deal, _fixed(title="Call", due_on="2030-01-31")),
    "deals:task_done": Row("L MMM MM MMMM", "L RFR 44 R44R", lambda w: {**_deal(w), "task_id": w.deal_task.public_id}),
    "deals:neutral_credit": Row("L MMM MM MMMM", "L FFF 44 R44R", _deal),
    "deals:seller": Row("L MMM MM MMMM", "L FFF 44 R44R", _deal),
    # --- Certificates ---
    "certifications:wallet": Row("L 222 22 2222", "L MMM MM MMMM"),
    "certifications:certification": Row("L 222 22 2222", "L MMM MM MMMM", lambda w: {"slug": w.certification.slug}),
    "certifications:credential": Row("L 242 44 2442", "L MMM MM MMMM", _credential),
    "certifications:pdf": Row("L 242 44 2442", "L MMM MM MMMM", _credential),
    "certifications:practice": Row("L 222 22 2222", "L 222 22 2222", lambda w: {"slug": w.task.slug}),
    "certifications:evidence_file": Row(
        "L 244 44 2422", "L MMM MM MMMM", lambda w: {"submission_id": w.submission.public_id}
    ),
    "certifications:points": Row("L 2FF FF FFFF", "L 2FF FF FFFF", lambda w: {"slug": w.certification.slug}),
    "certifications:profile": Row("4 444 44 4444", "M MMM MM MMMM", _fixed(address="nobody-at-all")),
    "certifications:profile_edit": Row("L 222 22 2222", "L RRR RR RRRR"),
    "certifications:moving": Row("L 222 22 2222", "L MMM MM MMMM"),
    "certifications:consent": Row(
        "M MMM MM MMMM",
        "L R44 44 4444",
        lambda w: {"membership_id": w.members["own"].public_id},
        _fixed(give="1"),
    ),
    "badges:with_address": Row("M MMM MM MMMM", "L 244 44 4444", lambda w: {"public_id": w.award.public_id}),
    "badges:for_older_sites": Row("M MMM MM MMMM", "L 244 44 4444", lambda w: {"public_id": w.award.public_id}),
    "badges:old_issuer": PUBLIC,
    "badges:old_class": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.achievement.public_id}),
    "badges:old_assertion": Row(*PUBLIC_SIGNS, lambda w: {"ticket": ticket_of(w.award)}),
    "certifications:verify_form": PUBLIC,
    "certifications:verify": Row(*PUBLIC_SIGNS, _credential),
    "badges:criteria": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.achievement.public_id}),
    "badges:share": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.public_id}),
    "badges:card": Row(*PUBLIC_SIGNS, lambda w: {"public_id": w.award.public_id}),
    "badges:mine": Row("L 222 22 2222", "L MMM MM MMMM"),
    "badges:connections": Row("L 222 22 2222", "L MMM MM MMMM"),
    "badges:disconnect": Row("L MMM MM MMMM", "L 444 44 4444", _fixed(client_id="nobody")),
    "badges:api_discovery": PUBLIC,
    "badges:authorization_server": PUBLIC,
    "badges:api_credentials": Row("U UUU UU UUUU", "M MMM MM MMMM"),
    "badges:api_profile": Row("U UUU UU UUUU", "M MMM MM MMMM"),
    "idp:oidc:authorization": Row("L BBB BB BBBB", "B BBB BB BBBB"),
    "idp:oidc:token": Row("M MMM MM MMMM", "B BBB BB BBBB"),
    "idp:oidc:revoke": Row("M MMM MM MMMM", "B BBB BB BBBB"),
    "idp:oidc:client_registration": Row("M MMM MM MMMM", "B BBB BB BBBB"),
    "badges:verify": Row("2 222 22 2222", "2 222 22 2222"),
    # --- Learning ---
    "cms:catalogue": PERSONAL,
    "cms:lesson": Row("L 2RR RR 2222", "M MMM MM MMMM", _lesson),
    "cms:image": Row("L 222 22 2222", "M MMM MM MMMM", lambda w: {"public_id": w.rendition.public_id}),
    "cms:document": Row("L 222 22 2222", "M MMM MM MMMM", lambda w: {"public_id": w.file.public_id}),
    "cms:video": Row("L 222 22 2222", "M MMM MM MMMM", lambda w: {"public_id": w.video.public_id}),
    "wagtail_serve#library": Row("R RRR RR RRRR", "M MMM MM MMMM", lambda _: [""]),
    "wagtail_serve#course": Row("L 222 22 2222", "M MMM MM MMMM", lambda w: [f"{w.page.slug}/"]),
    "wagtail_serve#playbook": Row("L 222 22 2222", "M MMM MM MMMM", lambda w: [f"{w.playbook.slug}/"]),
    "wagtailcore_login": Row("L LLL LL LLLL", "L LLL LL LLLL"),
    "courses:enrol": Row("M MMM MM MMMM", "L RRR RR RRRR", _course),
    "courses:withdraw": Row("M MMM MM MMMM", "L R44 44 4444", _course),
    "courses:complete_lesson": Row("M MMM MM MMMM", "L R44 44 4444", lambda w: {**_course(w), "lesson": "second"}),
    # --- Exams ---
    "assessments:start": Row("L 222 22 2222", "L RRR RR RRRR", lambda w: {"slug": w.open.assessment.slug}),
    "assessments:item": Row("L 244 44 4444", "L R44 44 4444", _position),
    "assessments:answer_file": Row(
        "L 244 44 4444", "M MMM MM MMMM", lambda w: {"attempt_id": w.drawing.public_id, "position": 1}
    ),
    "assessments:flag": Row("M MMM MM MMMM", "L R44 44 4444", _position, _fixed(flag="1")),
    "assessments:save": Row("M MMM MM MMMM", "L 244 44 4444", _open, _save, is_json=True),
    "assessments:browser": Row(
        "M MMM MM MMMM", "L BBB BB BBBB", lambda w: {"slug": w.open.assessment.slug}, is_json=True
    ),
    "assessments:events": Row("M MMM MM MMMM", "L N44 44 4444", _open, _fixed(events=[]), is_json=True),
    "assessments:break": Row("L R44 44 4444", "L R44 44 4444", _open),
    "assessments:finish_section": Row("M MMM MM MMMM", "L R44 44 4444", _open, _fixed(section="0")),
    "assessments:document": Row("L 244 44 4444", "M MMM MM MMMM", _paper),
    "assessments:answers": Row("L 244 44 4444", "M MMM MM MMMM", _scored),
    "assessments:review": Row("L 244 44 4444", "M MMM MM MMMM", _open),
    "assessments:submit": Row("M MMM MM MMMM", "L R44 44 4444", _open),
    "assessments:result": Row("L 244 44 4444", "M MMM MM MMMM", _scored),
    "assessments:media": Row("L 244 44 4444", "M MMM MM MMMM", _media),
    "assessments:check": Row(
        "M MMM MM MMMM", "L B44 44 4444", lambda w: {"item_id": w.check.item_id}, lambda w: {"ticket": w.check.ticket}
    ),
    # --- API ---
    "api-v1:schema": Row("2 222 22 2222", "M MMM MM MMMM"),
    "api-v1:me": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:my_memberships": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:partners": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:partner": Row("U 222 44 2442", "U MMM MM MMMM", _partner),
    "api-v1:partner_people": Row("U FF2 44 2442", "U MMM MM MMMM", _partner),
    "api-v1:completion-rates": Row("U FF2 44 2442", "U MMM MM MMMM", lambda w: {"public_id": w.a.public_id}),
    "api-v1:credentials": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:credential": Row("U 242 44 2442", "U MMM MM MMMM", _credential),
    "api-v1:exams": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:attempts": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:attempt": Row("U 244 44 4444", "U MMM MM MMMM", _scored),
    "api-v1:enrolments": Row(
        "U 222 22 2222", "U +++ ++ ++++", data=lambda w: {"course": str(w.page.course.public_id)}, is_json=True
    ),
    "api-v1:enrolment": Row("U 244 44 4444", "U MMM MM MMMM", _enrolment),
    "api-v1:enrolment-withdraw": Row("U MMM MM MMMM", "U 244 44 4444", _enrolment),
    "api-v1:lesson-complete": Row("U MMM MM MMMM", "U 244 44 4444", lambda w: {**_enrolment(w), "lesson": "second"}),
    "api-v1:partner-tier": Row("U 222 44 2442", "U MMM MM MMMM", _partner),
    "api-v1:partner-decisions": Row("U 222 44 2442", "U MMM MM MMMM", _partner),
    "api-v1:deals": Row(
        "U 222 22 2222",
        "U +++ ++ FFFF",
        data=lambda w: {
            "customer_name": "New Customer",
            "customer_country": "DE",
            "product": "halden-sites",
            "value": "100",
            "currency": "EUR",
            "close_month": f"{w.now:%Y-%m}",
            "need": "Stock",
            "next_step": "Call",
        },
        is_json=True,
    ),
    "api-v1:deal-forecast": Row("U 222 22 2FF2", "U MMM MM MMMM"),
    "api-v1:deal": Row("U 222 44 2442", "U MMM MM MMMM", _deal),
    "api-v1:deal-moves": Row("U MMM MM MMMM", "U 2F2 44 F44F", _deal, _fixed(move="withdraw"), is_json=True),
    "api-v1:deal-comments": Row("U 222 44 2442", "U +F+ 44 +44+", _deal, _fixed(text="Hello"), is_json=True),
    "api-v1:leads": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:lead": Row("U 222 44 2442", "U MMM MM MMMM", _lead),
    "api-v1:lead-accept": Row("U MMM MM MMMM", "U BBB 44 F44F", _lead, is_json=True),
    "api-v1:lead-decline": Row("U MMM MM MMMM", "U BBB 44 F44F", _lead, is_json=True),
    "api-v1:assets": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:asset": Row("U 222 44 2222", "U MMM MM MMMM", lambda w: {"public_id": w.asset.public_id}),
    "api-v1:joint-plans": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:joint-plan": Row("U 222 44 2442", "U MMM MM MMMM", _plan),
    "api-v1:copies": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:copy": Row("U 222 44 2222", "U MMM MM MMMM", lambda w: {"public_id": w.copy.public_id}),
    "api-v1:crm-messages": Row("M MMM MM MMMM", "U UUU UU UUUU", _crm, is_json=True),
    "api-v1:catalogue": Row("U 222 22 2222", "U MMM MM MMMM"),
    "api-v1:catalogue-course": Row("U 222 22 2222", "U MMM MM MMMM", lambda w: {"public_id": w.page.course.public_id}),
    # --- The vendor's desk ---
    "wagtailadmin_login": Row("L 444 44 4LLL", "L 444 44 4LLL"),
    "wagtailadmin_home": Row("L 444 44 4222", "L 444 44 4MMM"),
}
