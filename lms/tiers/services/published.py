"""The programme as everybody may read it, made from the rules in force: tiers, what they ask for, benefits."""

from dataclasses import dataclass
from datetime import UTC, datetime

from lms.partners.models import Partner
from lms.tiers import engine
from lms.tiers.engine.nodes.measures import Metric
from lms.tiers.models import ProgrammeVersion
from lms.tiers.services.errors import NoProgrammeInForce
from lms.tiers.services.figures import Row
from lms.tiers.services.programmes import rules_of


@dataclass(frozen=True, kw_only=True)
class PublishedRequirement:
    """A requirement in words: what it asks for, how much of it, and the parts it has."""

    label: str
    need: str
    parts: tuple["PublishedRequirement", ...]


@dataclass(frozen=True, kw_only=True)
class PublishedTier:
    name: str
    is_by_invitation: bool
    requirements: tuple[PublishedRequirement, ...]
    benefits: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PublishedProgramme:
    name: str
    number: int
    since: datetime
    is_cumulative: bool
    keeps: str
    over_budget_because: str
    tiers: tuple[PublishedTier, ...]


_KEEPS = {
    engine.Demotion.IMMEDIATE: "A tier ends when its requirements are no longer met.",
    engine.Demotion.ANNIVERSARY: "A tier is kept until its anniversary.",
}


def published_programme(*, at: datetime) -> PublishedProgramme:
    """The rules in force at `at`, lowest tier first. Names no partner and no person. Raises NoProgrammeInForce."""
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        raise NoProgrammeInForce("No partner programme is in force yet. Publish one first.")
    rules = rules_of(version)
    asked = engine.evaluate(rules, engine.Facts(people=()), at.astimezone(UTC))
    ceilings = _ceilings(rules)
    benefits = {tier["id"]: tier.get("benefits") for tier in version.document["tiers"]}
    return PublishedProgramme(
        name=version.programme.name,
        number=version.number,
        since=version.effective_at,
        is_cumulative=rules.is_cumulative,
        keeps=_keeps(rules.lifecycle),
        over_budget_because=rules.budget.reason if rules.budget is not None else "",
        tiers=tuple(
            PublishedTier(
                name=tier.name,
                is_by_invitation=tier.invitation_only,
                requirements=tuple(_requirement(finding, tier.id, ceilings) for finding in finding_of.requirements),
                benefits=_words(benefits[tier.id]),
            )
            for tier, finding_of in zip(rules.tiers, asked.tiers, strict=True)
        ),
    )


def way_to_benefit(partner: Partner, name: str, at: datetime) -> str:
    """Which tiers give the benefit by the rules in force, and where the partner stands; "" when none does."""
    version = ProgrammeVersion.objects.select_related("programme").in_force(at)
    if version is None:
        return ""
    rules = rules_of(version)
    giving = [tier for tier in rules.tiers if name in rules.opened_by(tier.id)]
    if not giving:
        return ""
    words = rules.opened_by(giving[0].id)[name]
    held = "has no tier yet" if partner.current_tier is None else f"is {partner.current_tier.name}"
    return f"“{words}” comes with {_told(giving, rules.tiers)}. {partner.name} {held}; its page shows what is missing."


def benefits_given(at: datetime) -> dict[str, str]:
    """By name the words of all benefits that take effect by the rules in force, or by those published to come."""
    version = ProgrammeVersion.objects.in_force(at)
    coming = ProgrammeVersion.objects.filter(effective_at__gt=at).order_by("effective_at", "number")
    at_once = {one.effective_at: one for one in coming}  # of those that begin together the last is in force
    published = [*at_once.values(), *([version] if version is not None else [])]
    return {name: words for one in published for tier in rules_of(one).tiers for name, words in tier.opens}


def _told(giving: list[engine.Tier], tiers: tuple[engine.Tier, ...]) -> str:
    """Tiers that give something, in words. "And the tiers above it" only where that is so: a tier above in another
    track does not have what a tier below in this one gives."""
    names = [f"{tier.name} ({tier.track})" if tier.track else tier.name for tier in giving]
    if len(names) == 1:
        return names[0]
    if giving == list(tiers[-len(giving) :]):
        return f"{names[0]} and the tiers above it"
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _ceilings(rules: engine.Programme) -> frozenset[str]:
    """The ids of requirements that ask for not more than something."""
    nodes = (node for tier in rules.tiers for node in tier.requirements)
    return frozenset(node.id for node in nodes if isinstance(node, Metric) and node.gte is None)


def _bound(finding: engine.Finding, tier: str, ceilings: frozenset[str]) -> str:
    words = Row(finding=finding, tier=tier).need_text
    is_ceiling = finding.id in ceilings or finding.kind in {"rank", "at_most"}
    return f"at most {words}" if is_ceiling else f"{words} or more"


def _keeps(lifecycle: engine.Lifecycle) -> str:
    if lifecycle.demotion in _KEEPS:
        return _KEEPS[lifecycle.demotion]
    if lifecycle.grace is None:
        return "A tier that is no longer reached is kept until we have talked about it."
    return f"A tier that is no longer reached is kept for {lifecycle.grace.days} days, to meet its requirements again."


def _requirement(finding: engine.Finding, tier: str, ceilings: frozenset[str]) -> PublishedRequirement:
    """Parts are shown where they say more than the whole."""
    return PublishedRequirement(
        label=finding.label,
        need="required" if finding.unit == "yes" else _bound(finding, tier, ceilings),
        parts=tuple(_requirement(part, tier, ceilings) for part in finding.parts),
    )


def _words(benefits: object) -> tuple[str, ...]:
    if isinstance(benefits, dict):
        return tuple(f"{name}: {value}".replace("_", " ") for name, value in benefits.items())
    return tuple(map(_benefit, benefits)) if isinstance(benefits, list) else ()


def _benefit(member: object) -> str:
    """In words, also of one that takes effect."""
    if isinstance(member, dict) and "opens" in member:
        return str(member.get("label") or str(member["opens"]).replace("-", " ").capitalize())
    return str(member)
