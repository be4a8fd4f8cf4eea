"""What people hear about assets: noted at once, sent in one letter a day."""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.urls import reverse

from lms.assets import services
from lms.assets.dependants import Dependant, dependants_of
from lms.assets.events import AssetWithdrawn, LetterDue
from lms.assets.models import Asset, Notice, Reason, State
from lms.assets.services.branding import can_be_branded
from lms.common.letters import send_letter
from lms.common.templatetags.laurel import day
from lms.events.services import subscribe


@subscribe(AssetWithdrawn)
def note_pages_of_withdrawn(event: AssetWithdrawn) -> None:
    """Owners of live pages that show the asset hear it in their next letter: partners read there what is coming."""
    asset = Asset.objects.filter(public_id=event.asset_id).exclude(withdrawn_at=None, retired_at=None).first()
    if asset is not None:
        services.note_pages([asset], days={asset.pk: event.at.date()}, at=event.at)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that a letter says, and where something can be done about it."""

    subject: str
    words: str
    url: str


@subscribe(LetterDue)
def send_asset_letter(event: LetterDue) -> None:
    """One letter of what still holds; none when nothing does."""
    rows = Notice.objects.filter(pk__in=event.notice_ids).select_related("person", "asset__owner", "asset__current")
    on = event.at.date()
    notices = services.still_true(list(rows.order_by("reason", "about_on", "asset__title", "pk")), on=on)
    if not notices:
        return
    shown = dependants_of([one.asset for one in notices])
    lines = [_line(one, shown.get(one.asset_id, []), on) for one in notices]
    person = notices[0].person
    send_letter(
        to=person.email,
        subject=lines[0].subject if len(lines) == 1 else f"{len(lines)} things about assets",
        template="about_assets",
        context={"person": person, "lines": lines, "url": lines[0].url},
    )


def _line(notice: Notice, pages: list[Dependant], on: date) -> Line:
    asset, title = notice.asset, notice.asset.title
    if notice.reason == Reason.REVIEW:
        return Line(
            subject=f"{title} is to be reviewed",
            words=f"{title} is to be reviewed by {day(asset.review_on)}. After that day partners cannot have it.",
            url=_site(reverse("assets_desk:one", args=[asset.public_id])),
        )
    if notice.reason == Reason.ZONES:
        return _zones_line(asset)
    subject, news = _news(asset, on)
    if notice.reason == Reason.COPIES:
        count = len(services.copies_of(notice, on))
        held = "a co-branded copy of it that" if count == 1 else f"{count} co-branded copies of it that"
        words = [news, f"Your company has {held} should not be handed out any more."]
        return Line(subject=subject, words=_said(words, asset), url=_site(reverse("branding:copies")))
    if notice.reason == Reason.LAPSED:
        words = [news, "Review it, replace its file or retire it.", _shown_on(pages)]
        return Line(
            subject=subject,
            words=" ".join(filter(None, words)),
            url=_site(reverse("assets_desk:one", args=[asset.public_id])),
        )
    mine = [one for one in pages if one.owner == notice.person] or pages
    return Line(subject=subject, words=_said([news, _shown_on(mine)], asset), url=_site(mine[0].url))


def _zones_line(asset: Asset) -> Line:
    can_have = asset.current is not None and can_be_branded(asset.current)
    page = reverse("branding:zones" if can_have else "assets_desk:one", args=[asset.public_id])
    return Line(
        subject=f"{asset.title}: partners cannot make copies of the new file",
        words=f"The places for the partner's brand on {asset.title} could not go over to its new file. Place them anew:"
        " until then partners make no copies of it.",
        url=_site(page),
    )


def _news(asset: Asset, on: date) -> tuple[str, str]:
    """A subject, and in a sentence where the asset stands."""
    state, title = asset.state_on(on), asset.title
    if state == State.WITHDRAWN:
        return f"{title} is withdrawn", f"{title} is withdrawn."
    if state == State.RETIRED:
        return f"{title} is retired", f"{title} is retired: it does not come back."
    if state == State.EXPIRED:
        return f"{title} has expired", f"{title} was valid until {day(asset.expires_on)}."
    if state == State.OVERDUE:
        return (
            f"{title} waits for its review",
            f"{title} was to be reviewed by {day(asset.review_on)}; until that is done partners cannot have it.",
        )
    return f"{title}: a newer version", f"There is a newer version of {title}."


def _said(words: list[str], asset: Asset) -> str:
    """With what is coming, as partners read it."""
    return " ".join(filter(None, [*words, asset.coming_note]))


def _shown_on(pages: list[Dependant]) -> str:
    return f"Pages that show it: {', '.join(one.title for one in pages)}." if pages else ""


def _site(path: str) -> str:
    return f"{settings.SITE_URL}{path}"
