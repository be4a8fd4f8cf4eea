"""What happens in deals."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from lms.events.events import Event


@dataclass(frozen=True, kw_only=True)
class DealMoved(Event):
    """A deal was registered or moved; `number` is the move's."""

    type: ClassVar[str] = "deals.DealMoved"
    deal_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class ProtectionEnding(Event):
    """The protection of a deal ends in so many days, and its partner is to be told."""

    type: ClassVar[str] = "deals.ProtectionEnding"
    deal_id: UUID
    days: int


@dataclass(frozen=True, kw_only=True)
class CommentAdded(Event):
    """Something was said about a deal, and the other side is to hear it."""

    type: ClassVar[str] = "deals.CommentAdded"
    comment_id: UUID


@dataclass(frozen=True, kw_only=True)
class CrmPaused(Event):
    """Sending to a CRM was given up until a person looks at it."""

    type: ClassVar[str] = "deals.CrmPaused"
    system_id: UUID


@dataclass(frozen=True, kw_only=True)
class AcceptanceAsked(Event):
    """A version of the rules of engagement was published, and a partner is asked to accept it."""

    type: ClassVar[str] = "deals.AcceptanceAsked"
    version: int
    partner_id: UUID


@dataclass(frozen=True, kw_only=True)
class DealImportDue(Event):
    """The rows of a file from `start` on are to be looked at (`is_dry_run`) or registered, in this round."""

    type: ClassVar[str] = "deals.DealImportDue"
    import_id: UUID
    round: int
    start: int
    is_dry_run: bool


@dataclass(frozen=True, kw_only=True)
class DealsImported(Event):
    """A file of deals is worked through."""

    type: ClassVar[str] = "deals.DealsImported"
    import_id: UUID


@dataclass(frozen=True, kw_only=True)
class LeadMoved(Event):
    """A lead was given or moved; `number` is the move's."""

    type: ClassVar[str] = "deals.LeadMoved"
    lead_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class ReviewsComing(Event):
    """Reviews of joint plans come up, and a person is to be told of all of them in one letter."""

    type: ClassVar[str] = "deals.ReviewsComing"
    person_id: UUID
    review_ids: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class StoryMoved(Event):
    """A win story was moved; `number` is the entry's in its log."""

    type: ClassVar[str] = "deals.StoryMoved"
    story_id: UUID
    number: int


@dataclass(frozen=True, kw_only=True)
class StoryToReview(Event):
    """The review day of a published story comes up, and who keeps it is to be told."""

    type: ClassVar[str] = "deals.StoryToReview"
    story_id: UUID
