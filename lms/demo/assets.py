"""The demo's asset library: small files drawn here, what partners did with them, and what they looked for in vain."""

import io
from datetime import timedelta
from typing import Any

import yaml
from django.core.files.base import ContentFile
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from lms.assets import services
from lms.assets.models import Asset, ProductVersion
from lms.assets.services import Aim
from lms.assets.statements import Use
from lms.demo.calendar import Calendar
from lms.demo.people import FOLDER, Cast
from lms.partners.models import Membership, Persona, TierName

_USES = (Use.DOWNLOADED, Use.VIEWED, Use.DOWNLOADED, Use.SHARED)


def build_assets(cast: Cast, calendar: Calendar) -> None:
    """Adds assets with their files, weeks of use, and searches without a hit, through the services."""
    data = yaml.safe_load((FOLDER / "assets.yaml").read_text())
    for position, row in enumerate(data["products"]):
        ProductVersion.objects.create(position=position, **row)
    today = [one for one in cast.memberships if one.ends_on is None]
    for number, row in enumerate(data["assets"]):
        asset = _add(row, cast, calendar)
        _use(asset, today[number : number + row.get("used", 0)], calendar)
    for words, people in data["searches"]:
        for membership in today[:people]:
            services.note_miss(words=words, person=membership.person, at=calendar.now - timedelta(days=people))


def _add(row: dict[str, Any], cast: Cast, calendar: Calendar) -> Asset:
    by, on = cast.staff["channel_marketing_author"], calendar.today
    expires = row.get("expires_in")
    asset = Asset(
        title=row["title"],
        summary=row["summary"],
        kind=row["kind"],
        need=row["need"],
        language=row.get("language", "en"),
        source=row.get("source", "upload"),
        coming_note=row.get("coming", ""),
        minimum_tier=TierName.objects.get(slug=row["tier"]) if "tier" in row else None,
        required_benefit=row.get("benefit", ""),
        owner=by,
        review_on=on + timedelta(days=row["review_in"]),
        expires_on=None if expires is None else on + timedelta(days=expires),
    )
    name, content = _file(asset, row.get("format", "pdf"))
    return services.save_asset(
        asset=asset,
        aim=Aim(
            personas=list(Persona.objects.filter(slug__in=row.get("personas", []))),
            products=list(ProductVersion.objects.filter(slug__in=row.get("products", []))),
        ),
        file=ContentFile(content),
        filename=name,
        by=by,
        at=calendar.now - timedelta(days=row["days_ago"]),
    )


def _use(asset: Asset, people: list[Membership], calendar: Calendar) -> None:
    version = asset.current
    assert version is not None  # noqa: S101  it was just added
    for number, membership in enumerate(people):
        at = calendar.now - timedelta(days=3 + number * 4 % 37, hours=number % 5)
        use = _USES[number % len(_USES)]
        services.note_use(version=version, person=membership.person, membership=membership, use=use, at=at)


def _file(asset: Asset, kind: str) -> tuple[str, bytes]:
    name = "-".join(asset.title.lower().split()) + f".{kind}"
    if kind == "txt":
        return name, f"Subject: {asset.title}\n\nGood morning,\n\nwould you like to see a site that runs?\n".encode()
    out = io.BytesIO()
    if kind == "png":
        picture = Image.new("RGB", (640, 240), "#FFFFFF")
        ImageDraw.Draw(picture).polygon([(120, 40), (200, 200), (40, 200)], fill="#1F6F54")
        picture.save(out, "PNG")
        return name, out.getvalue()
    sheet = Canvas(out, pagesize=A4, invariant=True)
    sheet.setTitle(asset.title)
    sheet.setFont("Helvetica-Bold", 24)
    sheet.drawString(60, 760, asset.title)
    sheet.setFont("Helvetica", 12)
    sheet.drawString(60, 730, asset.summary)
    sheet.showPage()
    sheet.save()
    return name, out.getvalue()
