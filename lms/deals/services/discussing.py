"""What both sides say about a deal, and what they agreed to do."""

from datetime import date, datetime

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.deals.errors import NotYourMove, WordsMissing
from lms.deals.events import CommentAdded
from lms.deals.models import Comment, Deal, Task
from lms.deals.services import steps
from lms.deals.services.interest import sides_of
from lms.deals.table import Side
from lms.events.services import emit

MAX_COMMENT = 2000
MAX_TITLE = 200


def _touch(deal: Deal, by: User, at: datetime) -> None:
    """Raises NotYourMove for who acts for neither side; what the partner does is a sign of life."""
    sides = sides_of(by, deal)
    if not sides:
        raise NotYourMove("Who registered the deal, the partner's managers and our channel managers can do this.")
    if Side.PARTNER in sides:
        Deal.objects.filter(pk=deal.pk, touched_at__lt=at).update(touched_at=at)


@transaction.atomic
def add_comment(*, deal: Deal, text: str, by: User, at: datetime) -> Comment:
    """Says something to both sides. Raises NotYourMove, WordsMissing, UnsafeInput. Emits CommentAdded."""
    text = guards.check_text(text).strip()
    if not text or len(text) > MAX_COMMENT:
        raise WordsMissing(f"Write something, at most {MAX_COMMENT} characters.")
    deal = steps.locked(deal)
    _touch(deal, by, at)
    comment = Comment.objects.create(deal=deal, author=by, written_at=at, text=text)
    record_audit(action="deals.add_comment", actor=by, at=at, target=deal, partner_id=deal.partner.public_id)
    emit(CommentAdded(at=at, comment_id=comment.public_id))
    return comment


@transaction.atomic
def add_task(*, deal: Deal, title: str, due_on: date, by: User, at: datetime) -> Task:
    """Writes down what one side will do by a day. Raises NotYourMove, WordsMissing, UnsafeInput."""
    title = guards.clean_name(title)
    if not title or len(title) > MAX_TITLE:
        raise WordsMissing(f"Say what is to be done, in at most {MAX_TITLE} characters.")
    deal = steps.locked(deal)
    _touch(deal, by, at)
    task = Task.objects.create(deal=deal, title=title, due_on=due_on, added_by=by, added_at=at)
    record_audit(action="deals.add_task", actor=by, at=at, target=deal, partner_id=deal.partner.public_id)
    return task


@transaction.atomic
def finish_task(*, task: Task, by: User, at: datetime) -> Task:
    """Marks it done. Twice changes nothing. Raises NotYourMove."""
    deal = steps.locked(task.deal)
    _touch(deal, by, at)
    if Task.objects.filter(pk=task.pk, done_at=None).update(done_at=at, done_by=by):
        record_audit(action="deals.finish_task", actor=by, at=at, target=deal, partner_id=deal.partner.public_id)
    task.refresh_from_db()
    return task
