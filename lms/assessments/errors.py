"""Why an attempt cannot be started or answered, in words for the candidate."""

from datetime import datetime

from lms.common.errors import DomainError


class NotForYou(DomainError):
    """The membership in use is not of the exam's audience."""

    code = "not_for_you"
    status = 403


class ExamNotOpen(DomainError):
    code = "exam_not_open"


class ExamNotReady(DomainError):
    """A section wants more items than its bank has live."""

    code = "exam_not_ready"


class AlreadyPassed(DomainError):
    code = "already_passed"


class NoAttemptLeft(DomainError):
    code = "no_attempt_left"


class MustWait(DomainError):
    """The waiting time after the last attempt is not over; `until` is its end."""

    code = "must_wait"

    def __init__(self, message: str, *, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class AttemptOver(DomainError):
    """The attempt was submitted or its time is up: nothing was stored, what was saved before counts."""

    code = "attempt_over"


class NewerAnswer(DomainError):
    """A newer answer is stored: this one was not. `version` is that of the stored answer."""

    code = "newer_answer"

    def __init__(self, message: str, *, version: int) -> None:
        super().__init__(message)
        self.version = version


class BadVersion(DomainError):
    code = "bad_version"
    status = 400


class NoSuchItem(DomainError):
    code = "no_such_item"
    status = 404


class NoSuchFormat(DomainError):
    code = "no_such_format"
    status = 400


class NotInBank(DomainError):
    """Items that are related must be of one bank."""

    code = "not_in_bank"
    status = 400


class WrongState(DomainError):
    """The version is not in the state that the step starts from."""

    code = "wrong_state"


class NotInReview(DomainError):
    code = "not_in_review"


class OwnWork(DomainError):
    """Nobody approves what he wrote."""

    code = "own_work"
    status = 403


class NotAllowed(DomainError):
    """The person may not do this with results."""

    code = "not_allowed"
    status = 403


class ReasonMissing(DomainError):
    """A result is never changed without a reason."""

    code = "reason_missing"
    status = 400


class NothingToRegrade(DomainError):
    """No key that may count, or no attempt that it concerns."""

    code = "nothing_to_regrade"


class RegradeRunning(DomainError):
    """One regrade of an exam at a time."""

    code = "regrade_running"


class RatingsRefused(DomainError):
    """What a panel handed in cannot be read, or a cut without its reason. The message says where."""

    code = "ratings_refused"
    status = 400


class OutsideNetwork(DomainError):
    """The exam is sat from certain addresses only, and this is none of them."""

    code = "outside_network"
    status = 403


class NotSafeBrowser(DomainError):
    """The exam is sat in Safe Exam Browser with the exam's own configuration only."""

    code = "not_safe_browser"
    status = 403


class WrongAccessCode(DomainError):
    code = "wrong_access_code"
    status = 403


class TooManyCodes(DomainError):
    """Wrong access codes reached the limit; later it may be tried again."""

    code = "too_many_codes"
    status = 429


class MustAgree(DomainError):
    """The honour code was not agreed to."""

    code = "must_agree"
    status = 400


class QuestionClosed(DomainError):
    """The question is not open now: it was passed, its section is over or has not begun. Nothing was stored."""

    code = "question_closed"


class OnBreak(DomainError):
    """The clock stands: nothing is shown or stored until the candidate comes back."""

    code = "on_break"


class NoBreakLeft(DomainError):
    code = "no_break_left"


class ResultHeld(DomainError):
    """The result of an attempt is not released yet; until then no other begins."""

    code = "result_held"


class ExamInvalid(DomainError):
    """Settings of an exam that cannot be meant so. `field` is the one to look at; empty: the whole."""

    code = "exam_invalid"
    status = 400

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NothingToMark(DomainError):
    """No answer waits that this person may mark."""

    code = "nothing_to_mark"


class BadMarks(DomainError):
    """Marks that do not fit the rubric. Nothing was stored."""

    code = "bad_marks"
    status = 400


class MarkGiven(DomainError):
    """The answer was marked by this person already, otherwise, or is his no more. Nothing was stored."""

    code = "mark_given"
