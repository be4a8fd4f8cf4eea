"""The vendor's weights of the forecast, and what was measured beside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import Count, Q, QuerySet

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.deals.errors import BadWeights, NotYourMove, WeightsOvertaken
from lms.deals.models import Deal, DealMove, StageWeights
from lms.deals.moves import State
from lms.deals.stages import DEFAULT_WEIGHTS, ENDED, OPEN_STAGES
from lms.partners.rules import PORTAL_MANAGERS

MAX_REASON = 300
QUARTERS = 4
# Fewer deals than these say little: one more sale would move their share by more than five points.
FEWEST_ENDED = 20


@dataclass(frozen=True, kw_only=True)
class Weights:
    """Percent per key of an open stage. `said` is where they come from; None means that nobody has set them yet."""

    by_stage: Mapping[str, int]
    said: StageWeights | None


def weights_in_force() -> Weights:
    """Those that were set last; until then the assumptions of lms.deals.stages. One query."""
    said = StageWeights.objects.select_related("set_by").order_by("-set_at", "-pk").first()
    return Weights(by_stage=DEFAULT_WEIGHTS if said is None else said.by_stage, said=said)


@transaction.atomic
def set_weights(
    *, weights: Mapping[str, int], reason: str, by: User, at: datetime, seen: str | None = None
) -> StageWeights:
    """Sets the weights of the forecast from now on. The same weights again change nothing. `seen` is the
    `mark_of_weights` of those that the writer saw: when others are in force by now he is told, and decides.

    Raises NotYourMove, BadWeights naming the field, WeightsOvertaken, UnsafeInput. Writes an audit entry. Locks the row
    of the group that sets weights, since there may be no weights yet to lock.
    """
    if not by.has_perm("deals.set_weights"):
        raise NotYourMove("Our portal managers set the weights of the forecast. Nothing was changed.")
    for kind in OPEN_STAGES:
        if not 0 <= weights.get(kind.key, -1) <= 100:
            raise BadWeights(kind.key, "Enter a whole percentage from 0 to 100.")
    reason = guards.clean_name(reason)
    if not reason or len(reason) > MAX_REASON:
        raise BadWeights("reason", f"Say where these weights come from, in at most {MAX_REASON} characters.")
    list(Group.objects.filter(name=PORTAL_MANAGERS).select_for_update())
    newest = weights_in_force().said
    wanted = {kind.key: weights[kind.key] for kind in OPEN_STAGES}
    if newest is not None and (newest.by_stage, newest.reason) == (wanted, reason):
        return newest
    if newest is not None and seen is not None and seen != mark_of_weights(newest):
        raise WeightsOvertaken(_overtaken(newest))
    row = StageWeights.objects.create(**wanted, reason=reason, set_at=at, set_by=by)
    record_audit(action="deals.set_weights", actor=by, at=at, target=row, detail={**wanted})
    return row


def mark_of_weights(said: StageWeights | None) -> str:
    """Of the weights in force; empty while nobody has set any."""
    return "" if said is None else str(said.public_id)


def _overtaken(newest: StageWeights) -> str:
    shares = ", ".join(f"{kind.label.lower()} {newest.by_stage[kind.key]}%" for kind in OPEN_STAGES)
    return (
        f"{newest.set_by.name} set other weights while you were typing: {shares}. The reason: “{newest.reason}”."
        " Nothing of yours was saved. Save again to put your weights in their place."
    )


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Of `ended` deals that had stood in a stage and ended in a period, so many were won."""

    ended: int
    won: int

    @property
    def percent(self) -> int | None:
        """Whole percent, cut; None where too few deals ended to say."""
        return self.won * 100 // self.ended if self.ended >= FEWEST_ENDED else None


def measured_quarters(at: datetime) -> tuple[datetime, datetime]:
    """[since, until): the last four whole calendar quarters, UTC."""
    moment = at.astimezone(UTC)
    until = datetime(moment.year, (moment.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)
    return until.replace(year=until.year - QUARTERS // 4), until


def measured_shares(deals: QuerySet[Deal], *, at: datetime) -> dict[str, Measured]:
    """Per open stage: of the deals that ended in the measured quarters and had ever stood in it, how many were won.

    A deal that is still open says nothing yet and is not counted, and each counts once per stage. One query.
    """
    since, until = measured_quarters(at)
    ended = DealMove.objects.filter(
        deal__in=deals.order_by(), deal__state__in=ENDED, deal__state_since__gte=since, deal__state_since__lt=until
    )
    counts: dict[str, Count] = {}
    for kind in OPEN_STAGES:
        stood = Q(to_state__in=kind.states)
        counts[f"{kind.key}_ended"] = Count("deal", filter=stood, distinct=True)
        counts[f"{kind.key}_won"] = Count("deal", filter=stood & Q(deal__state=State.WON), distinct=True)
    found = ended.aggregate(**counts)
    return {kind.key: Measured(ended=found[f"{kind.key}_ended"], won=found[f"{kind.key}_won"]) for kind in OPEN_STAGES}
