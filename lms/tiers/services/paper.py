"""A decision on paper, signed, for a business review: what was decided, by which rules, on which facts."""

from datetime import UTC, datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser

from certifications.pdf import Paper, Seal
from certifications.services.signing import signer
from lms.accounts.models import User
from lms.tiers import engine
from lms.tiers.models import Decision
from lms.tiers.services.decisions import verify
from lms.tiers.services.explanation import ExplainedRequirement, ExplainedTier, explain, told_acts
from lms.tiers.services.figures import Figure

_STATES = {engine.State.MET: "met", engine.State.UNMET: "not met", engine.State.UNKNOWN: "not known"}


def decision_pdf(*, decision: Decision, viewer: User | AnonymousUser, at: datetime) -> bytes:
    """The decision as a signed PDF, with the names that the viewer may see; computed again first, and it says whether
    the result is the same. `decision` is one of `for_verification`. Raises SigningKeyUnusable."""
    partner = decision.partner
    paper = Paper(
        title=f"{partner.name}: {decision.tier.name}",
        author=settings.VENDOR_NAME,
        subject=f"Decision {decision.number} on the tier of {partner.name}",
        made_at=at,
        country=partner.country,
    )
    before = f" Before: {decision.previous_tier.name}." if decision.previous_tier else ""
    paper.paragraph(f"Decision {decision.number} of {_moment(decision.decided_at)}.{before}")
    version = decision.version
    paper.paragraph(
        f"By {version.programme.name}, version {version.number}, in force since {_moment(version.effective_at)}."
    )
    _set_ruling(paper, decision)
    _set_acts(paper, decision, viewer)
    for tier in explain(decision=decision, viewer=viewer):
        _set_tier(paper, tier)
    verification = verify(decision)
    paper.heading("Proof")
    words = "the same result" if verification.is_genuine else "; ".join(verification.problems)
    paper.paragraph(f"Computed again on {_moment(at)} from the stored rules and facts: {words}.")
    paper.paragraph(f"SHA-256 of the decision: {decision.digest}", is_quiet=True)
    return paper.save(seal=Seal(signer=signer(at=at), at=at))


def _set_ruling(paper: Paper, decision: Decision) -> None:
    ruling = engine.Ruling.from_json(decision.result["ruling"])
    if ruling.kept_until is not None:
        how = "granted" if ruling.is_granted else "kept"
        paper.paragraph(f"The tier is {how} until {_moment(ruling.kept_until)}; its requirements are not all met.")
    elif ruling.kept_since is not None:
        paper.paragraph("The tier is kept until a person decides; its requirements are not all met.")


def _set_acts(paper: Paper, decision: Decision, viewer: User | AnonymousUser) -> None:
    acts = told_acts(decision, viewer=viewer)
    if acts:
        paper.heading("Decided by people")
        rows = [
            (act.words, act.reason, act.name, f"{act.at:%Y-%m-%d}", f"{act.until:%Y-%m-%d}" if act.until else "open")
            for act in acts
        ]
        paper.table(("What", "Why", "By", "On", "Until"), rows, widths=(4, 6, 3, 2, 2))


def _set_tier(paper: Paper, tier: ExplainedTier) -> None:
    paper.heading(f"{tier.name}{', held' if tier.is_held else ''}")
    if not tier.requirements:
        paper.paragraph("Asks for nothing.")
        return
    paper.paragraph(tier.summary)
    rows = [_cells(requirement) for requirement in tier.requirements]
    paper.table(("Requirement", "Found", "Needs", "State", "Who, and from where"), rows, widths=(5, 2, 2, 2, 6))


def _cells(requirement: ExplainedRequirement) -> tuple[str, ...]:
    row = requirement.row
    names = [person.name for person in requirement.people]
    if requirement.hidden:
        names.append(f"{requirement.hidden} more")
    sources = [_source(figure) for figure in requirement.figures]
    sources += [_proof(proof) for proof in requirement.proofs]
    return (
        row.label,
        row.have_text,
        row.need_text,
        _STATES[row.finding.state],
        "; ".join(filter(None, [", ".join(names), *sources])),
    )


def _source(figure: Figure) -> str:
    fresh = "" if figure.as_of is None else f", as of {_moment(figure.as_of)}"
    return f"{figure.label}: {figure.text} ({figure.measure.source or 'not said'}{fresh})"


def _proof(proof: engine.Evidence) -> str:
    until = "" if proof.until is None else f" to {proof.until:%d %B %Y}"
    return f"counts from {proof.since:%d %B %Y}{until} ({proof.reference})"


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %B %Y, %H:%M} UTC"
