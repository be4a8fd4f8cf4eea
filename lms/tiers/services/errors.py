"""Why a use case of tiers was refused."""

from collections.abc import Sequence

from lms.common.errors import DomainError
from lms.tiers.engine import Problem


class NoProgrammeInForce(DomainError):
    """No programme has come into force yet, so there is nothing to evaluate by."""

    code = "no_programme_in_force"


class ProgrammeRefused(DomainError):
    """The document can't be published. `problems` lists all that is wrong, with paths and, where known, lines."""

    code = "programme_refused"
    status = 400

    def __init__(self, problems: Sequence[Problem]) -> None:
        words = "; ".join(str(problem) for problem in problems)
        super().__init__(f"The programme was not published: {words}.")
        self.problems = tuple(problems)


class Backdated(DomainError):
    """The rules would have been in force when a decision was made by other rules."""

    code = "programme_backdated"


class ApprovalsMissing(DomainError):
    """Functions that have to approve these rules did not, or one objects; the message says who and what to do."""

    code = "programme_approvals_missing"


class OwnDraft(DomainError):
    """Who put rules up for approval, or appoints himself, speaks for no function on them."""

    code = "programme_own_draft"
    status = 403


class NotAppointed(DomainError):
    """The person does not speak for the function, or can't be made to."""

    code = "programme_not_appointed"
    status = 403


class DraftClosed(DomainError):
    """The draft was published, withdrawn or overtaken by another version, so nothing can be said to it."""

    code = "programme_draft_closed"


class ActRefused(DomainError):
    """What a person wants to decide about a tier is not possible as things stand; the message says why."""

    code = "tier_act_refused"


class AlreadyRuled(DomainError):
    """Somebody ruled on the appeal before."""

    code = "appeal_already_ruled"


class SameDecider(DomainError):
    """Who took part in a decision does not rule on the appeal against it."""

    code = "appeal_same_decider"
    status = 403


class MetricsRefused(DomainError):
    """The file is no table of figures, or one of its rows can't be stored; the message says which and why."""

    code = "metrics_refused"
    status = 400
