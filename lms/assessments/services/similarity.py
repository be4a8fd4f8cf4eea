"""Candidates of one partner whose answers agree more than they should: a report for a person, and nothing else."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assessments.errors import NotAllowed
from lms.assessments.items.named import best_option
from lms.assessments.models import Assessment, Attempt, ItemTally, ItemVersion
from lms.assessments.services.tallies import answers_of
from lms.assessments.statistics.similarity import Pair, Sheet, similar_pairs
from lms.assessments.statistics.sums import ItemSums, merged
from lms.assessments.statistics.tally import SINGLE
from lms.partners.models import Partner

MOST = 200  # the newest attempts: pairs grow with the square


@dataclass(frozen=True, kw_only=True)
class SimilarityReport:
    """`attempts` is how many were compared, each with each; `pairs` those whose agreement is rarer than one in a
    hundred over all pairs together."""

    attempts: int
    pairs: tuple[tuple[Attempt, Attempt, Pair], ...]


def similar_candidates(*, assessment: Assessment, partner: Partner, by: User, at: datetime) -> SimilarityReport:
    """Compares the newest 200 scored attempts of a partner's people, each person's last. Nothing follows from it by
    itself; that somebody looked is written to the audit log. Raises NotAllowed (assessments.compare_candidates)."""
    if not by.has_perm("assessments.compare_candidates"):
        raise NotAllowed("You may not compare candidates.")
    attempts = _last_attempts(Attempt.objects.scored().filter(assessment=assessment, membership__partner=partner))
    by_name = {str(attempt.pk): attempt for attempt in attempts}
    answers = answers_of(attempts)
    sheets = [
        Sheet(
            name=str(attempt.pk),
            percent=attempt.percent or 0,
            answers={
                response.item_version_id: response.answer
                for response in answers[attempt.pk]
                if response.item_version.type in SINGLE and isinstance(response.answer, str)
            },
        )
        for attempt in attempts
    ]
    versions = {item for sheet in sheets for item in sheet.answers}
    keys = {version.pk: best_option(version.loaded_key) for version in ItemVersion.objects.filter(pk__in=versions)}
    pairs = similar_pairs(sheets, _sums(assessment, versions), keys)
    record_audit(
        action="assessments.compare_candidates",
        actor=by,
        at=at,
        target=assessment,
        partner_id=partner.public_id,
        detail={"attempts": len(attempts), "pairs": len(pairs)},
    )
    return SimilarityReport(
        attempts=len(attempts), pairs=tuple((by_name[pair.one], by_name[pair.other], pair) for pair in pairs)
    )


def _last_attempts(attempts: QuerySet[Attempt]) -> list[Attempt]:
    newest: dict[int, Attempt] = {}
    for attempt in attempts.select_related("person").order_by("-submitted_at", "-pk"):
        if len(newest) < MOST:
            newest.setdefault(attempt.person_id, attempt)
    return list(newest.values())


def _sums(assessment: Assessment, versions: set[int]) -> dict[int, ItemSums]:
    found: dict[int, list[ItemSums]] = {}
    for tally in ItemTally.objects.filter(assessment=assessment, item_version__in=versions):
        found.setdefault(tally.item_version_id, []).append(tally.loaded)
    return {version: merged(sums) for version, sums in found.items()}
