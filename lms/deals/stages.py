"""Stages of the pipeline: what a deal's states come to on the board, and how much of its value is expected there."""

from collections.abc import Mapping
from dataclasses import dataclass

from lms.deals.moves import State


@dataclass(frozen=True, kw_only=True)
class StageKind:
    """A column of the board."""

    key: str
    label: str
    states: tuple[State, ...]


WAITING = StageKind(key="waiting", label="Waiting for us", states=(State.SUBMITTED, State.IN_REVIEW))
ASKED = StageKind(key="asked", label="Waiting for the partner", states=(State.INFO_NEEDED,))
# Apart from the others: another registration, or one of the vendor's own customers, may be the same opportunity.
CONTESTED = StageKind(key="contested", label="In conflict or disputed", states=(State.IN_CONFLICT, State.DISPUTED))
PROTECTED = StageKind(key="protected", label="Approved and protected", states=(State.APPROVED, State.EXTENDED))
WON = StageKind(key="won", label="Won", states=(State.WON,))
CLOSED = StageKind(
    key="closed",
    label="Ended without a sale",
    states=(State.LOST, State.EXPIRED, State.REJECTED, State.WITHDRAWN),
)
OPEN_STAGES = (WAITING, ASKED, CONTESTED, PROTECTED)
STAGES = (*OPEN_STAGES, WON, CLOSED)
STAGE_OF = {state: kind for kind in STAGES for state in kind.states}
ENDED = (*WON.states, *CLOSED.states)

# Whole percent. Assumptions to begin with, in the order in which a sale becomes likely; measured nowhere.
DEFAULT_WEIGHTS: Mapping[str, int] = {"waiting": 20, "asked": 10, "contested": 5, "protected": 50}
