"""Win stories: written by who won the deal, judged by channel marketing, shown with the customer's permission only.

Every step locks the story (its beginning the deal) and adds a line to its log.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from django.db import transaction

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.common import guards
from lms.deals import matching
from lms.deals.errors import BadStory, IllegalMove, NotYourMove, OwnInterest, StoryChanged, WordsMissing
from lms.deals.events import StoryMoved, StoryToReview
from lms.deals.models import Deal, StoryEntry, WinStory
from lms.deals.models.stories import MAX_PART
from lms.deals.moves import State
from lms.deals.services.each import each
from lms.deals.story_moves import MOVES, Naming, StoryMove, StoryState, moves_from
from lms.deals.table import Side
from lms.events.services import emit
from lms.partners.models import Membership

MAX_CONSENT = 150
MAX_WHY = 300
KEPT_DAYS = 365
MOST_DAYS = 730
REMINDED_DAYS = 14


@dataclass(frozen=True, kw_only=True)
class StoryWords:
    """The three answers, and what the customer allowed; all three of that, or none while it is a draft."""

    problem: str
    done: str
    outcome: str
    consent_by: str = ""
    consent_on: date | None = None
    naming: str = ""


def _fields(words: StoryWords, at: datetime) -> dict[str, Any]:
    """The fields of the row. Raises BadStory naming the field, UnsafeInput."""
    fields: dict[str, Any] = {}
    for name in ("problem", "done", "outcome"):
        text = guards.check_text(getattr(words, name)).replace("\r\n", "\n").strip()
        if not text or len(text) > MAX_PART:
            raise BadStory(name, f"Answer in at most {MAX_PART} characters.")
        fields[name] = text
    consent_by = guards.clean_name(words.consent_by)
    if not (consent_by or words.consent_on or words.naming):
        return fields | {"consent_by": "", "consent_on": None, "naming": ""}
    if not consent_by or len(consent_by) > MAX_CONSENT:
        raise BadStory("consent_by", f"Say who at the customer said yes, in at most {MAX_CONSENT} characters.")
    if words.consent_on is None or words.consent_on > at.date():
        raise BadStory("consent_on", "Say on which day, today or before.")
    if words.naming not in Naming.values:
        raise BadStory("naming", "Choose what may be named.")
    return fields | {"consent_by": consent_by, "consent_on": words.consent_on, "naming": words.naming}


def story_sides(story: WinStory, person: User) -> frozenset[Side]:
    """The sides of the story a person acts for."""
    sides = set()
    if person.has_perm("deals.change_deal", story.deal):
        sides.add(Side.PARTNER)
    if person.has_perm("deals.review_story"):
        sides.add(Side.VENDOR)
    return frozenset(sides)


def next_story_moves(story: WinStory, person: User) -> list[StoryMove]:
    """What the person can do next, in the order of the table."""
    found = chain.from_iterable(moves_from(story.state, side) for side in (Side.PARTNER, Side.VENDOR))
    return [move for move in dict.fromkeys(found) if may_move(story, move, person)]


def may_move(story: WinStory, move: StoryMove, person: User) -> bool:
    """Whether the move is the person's. That a permission was withdrawn is written down by who hears of it first."""
    if move.name == "revoke" and person.has_perm("deals.view_stories"):
        return True
    return bool(story_sides(story, person) & move.sides)


def may_begin(deal: Deal, person: User) -> bool:
    """Whether the person may tell how this deal was won; that there is no story yet is another matter."""
    return deal.state == State.WON and person.has_perm("deals.change_deal", deal)


@transaction.atomic
def begin_story(*, deal: Deal, words: StoryWords, by: User, at: datetime) -> WinStory:
    """Begins the story of a won deal, as a draft. A deal has one; the same words of the same person again return it.

    Raises NotYourMove, IllegalMove, BadStory, UnsafeInput. Locks the deal.
    """
    if not by.has_perm("deals.change_deal", deal):
        raise NotYourMove("Who registered the deal, or a manager of the partner, tells its story.")
    fields = _fields(words, at)
    deal = Deal.objects.select_related("partner", "rules").select_for_update(of=("self",)).get(pk=deal.pk)
    made = WinStory.objects.select_related("deal__partner", "deal__rules").filter(deal=deal).first()
    if made is not None:
        if made.author_id == by.pk and all(getattr(made, name) == value for name, value in fields.items()):
            return made
        raise IllegalMove("This deal has its story already. Nothing was saved.")
    if deal.state != State.WON:
        raise IllegalMove("Only a deal that was won has such a story. Nothing was saved.")
    story = WinStory.objects.create(deal=deal, state=StoryState.DRAFT, state_since=at, author=by, **fields)
    _log(story, "begin", "", "", by=by, at=at)
    return story


def mark_of_story(story: WinStory) -> str:
    """Of its words and where it stands: another one when either changes."""
    said = [story.state, story.state_since, story.problem, story.done, story.outcome]
    said += [story.consent_by, story.consent_on, story.naming, story.review_on]
    return hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()


def _locked(story: WinStory, seen: str | None) -> WinStory:
    """Raises StoryChanged when it is not what was looked at."""
    wanted = WinStory.objects.select_related("deal__partner", "deal__rules").select_for_update(of=("self",))
    found = wanted.get(pk=story.pk)
    if seen is not None and seen != mark_of_story(found):
        raise StoryChanged("Somebody changed this story after you opened it. Nothing was saved. Look at it again.")
    return found


@transaction.atomic
def save_story(*, story: WinStory, words: StoryWords, by: User, at: datetime, seen: str | None = None) -> WinStory:
    """Other words for a draft. The same words change nothing. `seen` is the `mark_of_story` the writer
    started from.

    Raises NotYourMove, StoryChanged, IllegalMove when it is no draft, BadStory, UnsafeInput. Locks the story.
    """
    if not by.has_perm("deals.change_deal", story.deal):
        raise NotYourMove("Who registered the deal, or a manager of the partner, writes its story.")
    fields = _fields(words, at)
    found = _locked(story, None)
    is_same = all(getattr(found, name) == value for name, value in fields.items())
    if found.state == StoryState.DRAFT and is_same:
        return found  # also for a second click, which saw what the first one changed
    found = _locked(story, seen)
    if found.state != StoryState.DRAFT:
        raise IllegalMove("Only a draft is changed. Take the story back first; nothing was saved.")
    for name, value in fields.items():
        setattr(found, name, value)
    found.save(update_fields=list(fields))
    return found


@transaction.atomic
def move_story(
    *,
    story: WinStory,
    move: str,
    by: User,
    at: datetime,
    text: str = "",
    review_on: date | None = None,
    seen: str | None = None,
) -> WinStory:
    """Makes one move of the table. A published story is its publisher's to keep, and is looked at again by `review_on`,
    a year from now when none is given. Once the permission is withdrawn nobody else sees the story any more. The same
    move of the same person in the same words again changes nothing.

    Raises NotYourMove, OwnInterest, StoryChanged, IllegalMove, WordsMissing, BadStory, UnsafeInput. Locks the story.
    Emits StoryMoved.
    """
    wanted = MOVES.get(move)
    if wanted is None or not wanted.origins:
        raise NotYourMove("There is no such move. Nothing was changed.")
    _require_may(story, wanted, by, at)
    text = guards.clean_name(text)
    if wanted.hint and not (text and len(text) <= MAX_WHY):
        raise WordsMissing(f"Say in a sentence why, in at most {MAX_WHY} characters. Nothing was changed.")
    # What a customer took back is taken down, whatever else changed meanwhile.
    found = _locked(story, None)
    if _is_repeated(found, wanted, text, by, review_on):
        return found
    found = _locked(story, None if move == "revoke" else seen)
    before = found.state
    if before not in wanted.origins:
        WinStory.objects.advance(found, move)  # refuses
    if move in {"submit", "publish"}:
        _require_consent(found)
    said = _said(found, move, text)
    changes = _changes(move, by, at, review_on)
    if before != wanted.target:
        changes["state_since"] = at
    WinStory.objects.advance(found, move, **changes)
    _log(found, move, before, said, by=by, at=at)
    return found


def _is_repeated(story: WinStory, wanted: StoryMove, text: str, by: User, review_on: date | None) -> bool:
    """Whether this was the last thing that was done: a button was pressed twice."""
    last = story.entries.order_by("-number").first()
    if last is None or (last.move, last.by_id, story.state) != (wanted.name, by.pk, wanted.target):
        return False
    if wanted.name in {"publish", "confirm"} and review_on != story.review_on:
        return False
    return last.text == _said(story, wanted.name, text)


def _require_may(story: WinStory, wanted: StoryMove, by: User, at: datetime) -> None:
    if not may_move(story, wanted, by):
        raise NotYourMove("This move is not yours. Nothing was changed.")
    works_there = Membership.objects.active(at.date()).filter(person=by, partner=story.deal.partner_id)
    if Side.PARTNER not in wanted.sides and works_there.exists():
        raise OwnInterest("You belong to the partner of this story, so somebody else judges it.")


def _require_consent(story: WinStory) -> None:
    """Raises BadStory without the customer's permission, and where words name one who may not be named."""
    if story.consent_on is None:
        raise BadStory("consent_by", "Write down first who at the customer allowed it, when, and what may be named.")
    if story.is_named:
        return
    deal = story.deal
    for name in ("problem", "done", "outcome"):
        if matching.mentions(getattr(story, name), name=deal.customer_name, domain=deal.customer_domain):
            raise BadStory(name, "The customer may not be named, and these words name him. Say it without his name.")


def _said(story: WinStory, move: str, text: str) -> str:
    """What the log keeps: of the permission, who gave it and for what."""
    if move not in {"submit", "revoke"} or story.consent_on is None:
        return text
    consent = f"Permission of {story.consent_by}, {story.consent_on:%-d %B %Y}: {story.get_naming_display().lower()}"
    return f"{text} ({consent})" if text else consent


def _changes(move: str, by: User, at: datetime, review_on: date | None) -> dict[str, Any]:
    if move in {"publish", "confirm"}:
        day = review_on or at.date() + timedelta(days=KEPT_DAYS)
        if not 1 <= (day - at.date()).days <= MOST_DAYS:
            raise BadStory("review_on", "Choose a day after today, within two years.")
        return {"owner": by, "review_on": day}
    if move == "reopen":  # the customer is asked anew
        return {"consent_by": "", "consent_on": None, "naming": "", "owner": None, "review_on": None}
    return {}


def _log(story: WinStory, move: str, before: str, text: str, *, by: User, at: datetime) -> None:
    number = story.entries.count() + 1
    StoryEntry.objects.create(
        story=story, number=number, move=move, from_state=before, to_state=story.state, at=at, by=by, text=text
    )
    record_audit(
        action="deals.move_story",
        actor=by,
        at=at,
        target=story,
        partner_id=story.deal.partner.public_id,
        detail={"move": move, "from": before, "to": story.state},
    )
    emit(StoryMoved(at=at, story_id=story.public_id, number=number))


def remind_of_stories(*, at: datetime) -> int:
    """Tells who keeps a published story that its review day comes, once per day it is set for. Returns how many are
    new. Emits StoryToReview.
    """
    until = at.date() + timedelta(days=REMINDED_DAYS)
    near = WinStory.objects.filter(state=StoryState.PUBLISHED, review_on__lte=until)
    return each(near.order_by("review_on", "pk"), lambda story: _tell(story, at))


@transaction.atomic
def _tell(story: WinStory, at: datetime) -> bool:
    if story.review_on is None or story.reminded_for == story.review_on:
        return False
    rows = WinStory.objects.filter(pk=story.pk, review_on=story.review_on, state=StoryState.PUBLISHED)
    if rows.exclude(reminded_for=story.review_on).update(reminded_for=story.review_on) != 1:
        return False
    emit(StoryToReview(at=at, story_id=story.public_id))
    return True
