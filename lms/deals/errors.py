"""Why a use case about deals is refused."""

from collections.abc import Sequence
from uuid import UUID

from lms.common.documents import Problem
from lms.common.errors import DomainError


class NoRulesInForce(DomainError):
    """No rules of engagement are published yet, so nothing can be registered."""

    code = "no_rules_in_force"


class RulesNotAccepted(DomainError):
    """The partner has not accepted the rules of engagement in force, and the time for it is over."""

    code = "rules_not_accepted"


class RulesRefused(DomainError):
    """A document that is not rules of engagement, or a day on which it cannot begin. `problems` says what is wrong,
    on which line, and what to do.
    """

    code = "rules_refused"
    status = 400

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(" ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class RulesOvertaken(DomainError):
    """Somebody published another version since this one was looked at."""

    code = "rules_overtaken"


class NotCertified(DomainError):
    """The rules want a certified person at the partner, and there is none."""

    code = "not_certified"


class NotEntitled(DomainError):
    """The rules want a benefit of the partner programme, which the partner's tier does not give."""

    code = "not_entitled"


class NotAMember(DomainError):
    """Somebody acts for a partner he does not belong to, or that is suspended."""

    code = "not_a_member"
    status = 403


class CustomerTaken(DomainError):
    """A lead of a customer that a registration holds, or that is offered to a partner already."""

    code = "customer_taken"


class TooManyOpen(DomainError):
    """The partner has as many open registrations as the rules allow: a market cannot be reserved."""

    code = "too_many_open"


class AlreadyRegistered(DomainError):
    """The partner itself has an open registration of this customer and product: `public_id`."""

    code = "already_registered"

    def __init__(self, message: str, *, public_id: UUID) -> None:
        super().__init__(message)
        self.public_id = public_id


class BadDeal(DomainError):
    """A value of the form that no deal can have; `field` names it."""

    code = "bad_deal"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class BadWeights(DomainError):
    """Weights that no forecast can have; `field` names the one."""

    code = "bad_weights"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class WeightsOvertaken(DomainError):
    """Somebody set other weights since these were typed; the message says who, which and why."""

    code = "weights_overtaken"


class RulesInEffect(DomainError):
    """A version that has taken effect is not withdrawn: another one takes its place."""

    code = "rules_in_effect"


class NoPolicy(DomainError):
    """The rules that the deal is judged by say nothing of neutral credit."""

    code = "no_policy"


class BadPlan(DomainError):
    """A value that no joint plan can have; `field` names it."""

    code = "bad_plan"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class PlanClosed(DomainError):
    """A review ended the plan: nothing of it is changed any more."""

    code = "plan_closed"


class AlreadyHeld(DomainError):
    """A review that is written down already, by somebody or in other words."""

    code = "already_held"


class AlreadyTold(DomainError):
    """An activity that has a result already, in other words or by somebody else, or that was dropped."""

    code = "already_told"


class BadStory(DomainError):
    """A value that no win story can have; `field` names it."""

    code = "bad_story"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class StoryChanged(DomainError):
    """Somebody wrote or moved the story since it was looked at."""

    code = "story_changed"


class IllegalMove(DomainError):
    """The move does not lead from the state the deal is in; also for who comes second."""

    code = "illegal_move"


class WordsMissing(DomainError):
    """The move needs a reason from its list, or a sentence."""

    code = "words_missing"
    status = 400


class NotYourMove(DomainError):
    """This move belongs to the other side, to another level, or to a colleague."""

    code = "not_your_move"
    status = 403


class OwnInterest(DomainError):
    """Who decides may have neither quota nor another interest in the deal."""

    code = "own_interest"
    status = 403


class BadFile(DomainError):
    """A sheet that cannot be read as deals."""

    code = "bad_file"
    status = 400


class BadSystem(DomainError):
    """A CRM that cannot be set up like this."""

    code = "bad_system"
    status = 400


class SecretsJustChanged(DomainError):
    """The secrets were changed less than a day ago, and those from before are still valid."""

    code = "secrets_just_changed"


class BadMessage(DomainError):
    """A message of a CRM that cannot be read; the message says where."""

    code = "bad_message"
    status = 400


class MessageTooLarge(DomainError):
    """A message of more bytes than are read."""

    code = "message_too_large"
    status = 413


class MessageReused(DomainError):
    """The id of an earlier message with another body."""

    code = "message_reused"
    status = 422


class UnknownDeal(DomainError):
    """The system knows no such deal, by our id or by its own."""

    code = "unknown_deal"
    status = 404


class LinkTaken(DomainError):
    """The system's id belongs to another deal, or the deal has another id there."""

    code = "link_taken"


class TooManyMessages(DomainError):
    """More messages in a minute than one system may send."""

    code = "too_many_messages"
    status = 429

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class BadOverlap(DomainError):
    """A comparison of customers that cannot be: `field` says what of it."""

    code = "bad_overlap"
    status = 400

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class TooManyOverlaps(DomainError):
    """The partner has a comparison that is not over, or had as many in a year as are allowed."""

    code = "too_many_overlaps"


class OverlapEnded(DomainError):
    """The comparison was taken back, declined, or is past its last day."""

    code = "overlap_ended"


class OverlapAgreed(DomainError):
    """The comparison was agreed to since the page was opened."""

    code = "overlap_agreed"
    status = 409
