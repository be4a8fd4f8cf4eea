"""The demo's co-branding: one template, the brand of one partner, and its copy."""

import io
from datetime import timedelta
from uuid import UUID

from PIL import Image, ImageDraw

from lms.assets.models import Asset
from lms.assets.services import branding
from lms.demo.calendar import Calendar
from lms.demo.people import Cast
from lms.demo.protagonists import MANAGER

TITLE = "Halden Sites on one page"
_COLOUR = "#7a2e3b"
_ZONES = {
    "crop_marks": True,
    "zones": [
        {"id": "band", "kind": "band", "box": [0, 262, 210, 35], "colour": "primary"},
        {"id": "logo", "kind": "logo", "box": [140, 14, 54, 22], "align": "end", "optional": True},
        {"id": "claim", "kind": "text", "box": [21, 60, 150, 14], "max_size": 16, "colour": "primary"}
        | {"label": "One sentence of yours", "default": "Installed and looked after near you."},
        {"id": "name", "kind": "name", "box": [16, 266, 96, 10], "colour": "on_primary", "bold": True, "max_size": 16},
        {"id": "contact", "kind": "contact", "box": [16, 277, 96, 16], "colour": "on_primary", "max_size": 9},
        {"id": "stamp", "kind": "stamp", "box": [124, 270, 72, 18]},
    ],
}


def build_branding(cast: Cast, calendar: Calendar) -> None:
    """Zones on a datasheet, the brand of the partner that guests visit, and a copy made last week."""
    asset = Asset.objects.select_related("current").get(title=TITLE)
    version = asset.current
    assert version is not None  # noqa: S101  every asset of the demo has a file
    author, at = cast.staff["channel_marketing_author"], calendar.now - timedelta(days=30)
    template = branding.save_template(version=version, document=_ZONES, by=author, at=at)
    manager = next(one for one in cast.memberships if one.person.email == MANAGER and one.ends_on is None)
    partner = manager.partner
    branding.save_brand(
        partner=partner,
        by=manager.person,
        at=at,
        name=partner.name,
        contact=["12 Harbour Street", "+00 555 0134"],
        website=f"{partner.slug}.example",
        primary=_COLOUR,
        logo=_logo(),
    )
    branding.make_copy(
        template=template,
        partner=partner,
        by=manager.person,
        wish=branding.Wish(values={"claim": "Installed and looked after near you."}),
        request_key=UUID(int=35),
        at=calendar.now - timedelta(days=7),
    )


def _logo() -> bytes:
    picture = Image.new("RGBA", (600, 200), (0, 0, 0, 0))
    drawing = ImageDraw.Draw(picture)
    drawing.rounded_rectangle((0, 0, 199, 199), radius=40, fill=_COLOUR)
    drawing.polygon([(100, 40), (160, 160), (40, 160)], fill="#ffffff")
    for top, right in ((50, 599), (110, 480)):
        drawing.rectangle((240, top, right, top + 36), fill=_COLOUR)
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()
