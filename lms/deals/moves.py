"""States of a deal and the moves between them, as one table. Pages, services, API and database read it from here."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import TextChoices

from lms.deals.errors import WordsMissing
from lms.deals.table import Side, Step, by_name, sides_of, steps_from


class State(TextChoices):
    SUBMITTED = "submitted", "Submitted"
    IN_REVIEW = "in_review", "In review"
    INFO_NEEDED = "info_needed", "Waiting for your answer"
    IN_CONFLICT = "in_conflict", "In conflict review"
    APPROVED = "approved", "Approved"
    EXTENDED = "extended", "Approved, extended"
    REJECTED = "rejected", "Rejected"
    DISPUTED = "disputed", "Disputed"
    EXPIRED = "expired", "Expired"
    WITHDRAWN = "withdrawn", "Withdrawn"
    WON = "won", "Won"
    LOST = "lost", "Lost"


class RejectReason(TextChoices):
    """The closed list; partners read these words."""

    DUPLICATE = "duplicate", "Another registration for this customer came first"
    GIVEN_TO_ANOTHER = "given_to_another", "The customer was given to another partner"
    ACTIVE_PIPELINE = "active_pipeline", "We were working with this customer already"
    EXISTING_ACCOUNT = "existing_account", "The customer is an existing account of somebody else"
    NOT_QUALIFIED = "not_qualified", "There is no qualified opportunity yet"
    NO_RELATIONSHIP = "no_relationship", "A relationship with the customer cannot be verified"
    THIN_SUBMISSION = "thin_submission", "Too little is known to judge it"


class LostReason(TextChoices):
    PRICE = "price", "Price"
    COMPETITOR = "competitor", "A competitor won"
    NO_DECISION = "no_decision", "The customer decided nothing"
    NO_BUDGET = "no_budget", "No budget"
    FIT = "fit", "The product did not fit"
    OTHER = "other", "Something else"


class Words(StrEnum):
    """What a move has to be explained with."""

    NONE = "none"
    TEXT = "text"
    REJECTION = "rejection"
    LOSS = "loss"


WAITING = frozenset({State.SUBMITTED, State.IN_REVIEW, State.IN_CONFLICT, State.DISPUTED})
PROTECTED = frozenset({State.APPROVED, State.EXTENDED})
OPEN = WAITING | PROTECTED | {State.INFO_NEEDED}
# Where a deal may be the one that holds its customer.
HOLDING = OPEN - {State.DISPUTED}


@dataclass(frozen=True, kw_only=True)
class Move(Step):
    """`label` is the button's, `words` what has to be said with it."""

    label: str
    words: Words = Words.NONE
    hint: str = ""

    @property
    def reasons(self) -> list[tuple[str, str]]:
        """The closed list of this move; empty where a sentence or nothing is wanted."""
        lists = {Words.REJECTION: RejectReason.choices, Words.LOSS: LostReason.choices}
        return list(lists.get(self.words, []))

    def check_words(self, reason: str, text: str) -> None:
        """Raises WordsMissing when the reason is none of the list, or the sentence is missing."""
        if reason not in {value for value, _ in self.reasons} and (self.reasons or reason):
            raise WordsMissing("Choose one of the reasons. Nothing was changed.")
        if self.words == Words.TEXT and not text.strip():
            raise WordsMissing("Say in a sentence why. Nothing was changed.")


def _move(
    name: str, label: str, origins: str, target: State, sides: str, words: Words = Words.NONE, hint: str = ""
) -> Move:
    return Move(
        name=name,
        label=label,
        origins=frozenset(State(one) for one in origins.split()),
        target=target,
        sides=sides_of(sides),
        words=words,
        hint=hint,
    )


_REVIEWED = "submitted in_review"
_HELD = "submitted in_review info_needed in_conflict approved extended"
TABLE: tuple[Move, ...] = (
    _move("submit", "Register the deal", "", State.SUBMITTED, "partner"),
    _move("contest", "Register the deal", "", State.IN_CONFLICT, "partner platform"),
    _move("take", "Take it into review", "submitted", State.IN_REVIEW, "vendor"),
    _move("ask", "Ask for more", _REVIEWED, State.INFO_NEEDED, "vendor", Words.TEXT, "What do you need to know?"),
    _move("answer", "Send the answer", "info_needed", State.IN_REVIEW, "partner", Words.TEXT, "Your answer"),
    _move("approve", "Approve the deal", _REVIEWED, State.APPROVED, "vendor platform"),
    _move(
        "reject", "Reject the deal", f"{_REVIEWED} in_conflict", State.REJECTED, "vendor platform", Words.REJECTION
    ),
    _move("route", "Send it to conflict review", _REVIEWED, State.IN_CONFLICT, "platform"),
    _move("settle", "Decide for this partner", "in_conflict", State.IN_REVIEW, "vendor platform", Words.TEXT),
    _move("overrule", "Give the customer to another", _HELD, State.REJECTED, "platform", Words.REJECTION),
    _move("extend", "Extend the protection", "approved", State.EXTENDED, "partner"),
    _move("expire", "Let it expire", "info_needed approved extended", State.EXPIRED, "platform"),
    _move("win", "Report it won", "approved extended", State.WON, "partner vendor"),
    _move("lose", "Report it lost", "approved extended", State.LOST, "partner vendor", Words.LOSS),
    _move("withdraw", "Withdraw the registration", _HELD, State.WITHDRAWN, "partner"),
    _move(
        "dispute", "Dispute the decision", "rejected expired", State.DISPUTED, "partner", Words.TEXT,
        "What was overlooked?",
    ),
    _move("escalate", "Hand it one level up", "disputed", State.DISPUTED, "vendor platform"),
    _move("escalate_conflict", "Hand it one level up", "in_conflict", State.IN_CONFLICT, "vendor platform"),
    _move("uphold", "Let the decision stand", "disputed", State.REJECTED, "vendor", Words.TEXT, "Why it stands"),
    _move("uphold_expiry", "Let the decision stand", "disputed", State.EXPIRED, "platform", Words.TEXT),
    _move("overturn", "Reopen the deal", "disputed", State.IN_REVIEW, "vendor", Words.TEXT, "Why it is reopened"),
    _move("recontest", "Reopen the deal", "disputed", State.IN_CONFLICT, "platform", Words.TEXT),
)  # fmt: skip
MOVES = by_name(TABLE)
# Moves after which the partner's way has a result that later cases may be compared with.
DECISIONS = frozenset({"reject", "settle", "overrule", "uphold", "uphold_expiry", "overturn", "recontest"})
# Moves at which the table of the rules of engagement is asked: at registration, and when a conflict is decided.
RULED = frozenset({"submit", "contest", "settle", "reject"})


def moves_from(state: str, side: Side) -> Iterator[Move]:
    """What this side may do with a deal in this state, in the order of the table."""
    return steps_from(TABLE, state, side)
