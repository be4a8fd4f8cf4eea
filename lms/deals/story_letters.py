"""Letters about win stories."""

from django.conf import settings
from django.urls import reverse

from lms.accounts.models import User
from lms.common.letters import send_letter
from lms.common.templatetags.laurel import day
from lms.deals.events import StoryMoved, StoryToReview
from lms.deals.models import StoryEntry, WinStory
from lms.deals.story_moves import StoryState
from lms.events.services import subscribe

# Who judges stories, the first group that has somebody.
_JUDGES = ("Channel marketing", "Portal managers")
_FOR_JUDGES = {"submit"}
# What was before them, and so what they hear of when its permission is withdrawn.
_JUDGED = {StoryState.IN_REVIEW, StoryState.PUBLISHED, StoryState.TAKEN_DOWN}
_FOR_AUTHOR = {"send_back", "publish", "take_down"}


@subscribe(StoryMoved)
def send_story_letter(event: StoryMoved) -> None:
    """A story to judge is news for channel marketing, what they decided for its author, a permission that was withdrawn
    for both. Nobody hears of what he did himself, nor the author after he left the partner.
    """
    entry = (
        StoryEntry.objects.filter(story__public_id=event.story_id, number=event.number)
        .select_related("story__deal__partner", "story__author", "story__owner", "by")
        .first()
    )
    if entry is None or entry.move not in _FOR_JUDGES | _FOR_AUTHOR | {"revoke"}:
        return
    story, people = entry.story, []
    if entry.move in _FOR_AUTHOR | {"revoke"} and story.author.has_perm("deals.view_deal", story.deal):
        people.append(story.author)
    if entry.move in _FOR_JUDGES or (entry.move == "revoke" and entry.from_state in _JUDGED):
        people += _keepers(story)
    for person in {one.pk: one for one in people if one.is_active and one != entry.by}.values():
        _send(person, story, "sent back" if entry.move == "send_back" else entry.get_to_state_display(), entry.text)


@subscribe(StoryToReview)
def send_review_letter(event: StoryToReview) -> None:
    """To who keeps it, while it is published."""
    found = WinStory.objects.filter(public_id=event.story_id, state=StoryState.PUBLISHED)
    story = found.select_related("deal__partner", "owner").first()
    if story is None or story.review_on is None:
        return
    text = "After that day partners do not see it until somebody has looked at it."
    for person in _keepers(story):
        _send(person, story, f"to be reviewed by {day(story.review_on)}", text)


def _keepers(story: WinStory) -> list[User]:
    """Its owner while he judges stories; else who judges them."""
    if story.owner is not None and story.owner.is_active and story.owner.has_perm("deals.review_story"):
        return [story.owner]
    for group in _JUDGES:
        found = list(User.objects.filter(groups__name=group, is_active=True).order_by("pk"))
        if found:
            return found
    return []


def _send(person: User, story: WinStory, what: str, text: str) -> None:
    url = f"{settings.SITE_URL}{reverse('deals:story', args=[story.public_id])}"
    send_letter(
        to=person.email,
        subject=f"Story of {story.deal.customer_name}: {what.lower()}",
        template="story_moved",
        context={"person": person, "story": story, "what": what, "text": text, "url": url},
    )
