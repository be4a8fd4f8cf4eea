"""Win stories told by the real services."""

from datetime import datetime
from typing import Any

from lms.accounts.models import User
from lms.deals import services
from lms.deals.models import Deal, WinStory
from lms.partners.models import Membership
from tests.deals.factories import approved, channel_manager, move


def won(rep: Membership, at: datetime, **changes: Any) -> Deal:
    return move(approved(rep, at, **changes), "win", rep.person, at)


def words(at: datetime, **changes: Any) -> services.StoryWords:
    fields: dict[str, Any] = {
        "problem": "Forty shops without a picture of their stock.",
        "done": "A pilot in two shops, then all of them.",
        "outcome": "Stock is known to the hour.",
        "consent_by": "Ada Lind, head of retail",
        "consent_on": at.date(),
        "naming": "name",
    }
    return services.StoryWords(**(fields | changes))


def judge(name: str = "Chloe") -> User:
    return channel_manager(name, "Channel marketing")


def tell(rep: Membership, at: datetime, **changes: Any) -> WinStory:
    """A draft of a deal just won."""
    deal = {name: changes.pop(name) for name in ("customer_name", "customer_domain", "product") if name in changes}
    return services.begin_story(deal=won(rep, at, **deal), words=words(at, **changes), by=rep.person, at=at)


def step(story: WinStory, move: str, by: User, at: datetime, **said: Any) -> WinStory:
    return services.move_story(story=story, move=move, by=by, at=at, **said)


def published(rep: Membership, at: datetime, *, by: User | None = None, **changes: Any) -> WinStory:
    story = step(tell(rep, at, **changes), "submit", rep.person, at)
    return step(story, "publish", by or judge(), at)
