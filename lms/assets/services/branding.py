"""Co-branding: a partner's brand, the zones of a master, and the copies made of both."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models.fields.files import FieldFile
from django.urls import reverse

from lms.accounts.models import User
from lms.accounts.services import record_audit
from lms.assets.branding import brand as brands
from lms.assets.branding import copies, pictures
from lms.assets.branding.brand import Brand
from lms.assets.branding.composing import Stamp
from lms.assets.branding.copies import About, Copy
from lms.assets.branding.errors import (
    BrandMissing,
    BrandRefused,
    CopyRefused,
    MasterUnusable,
    TemplateChanged,
    TemplateRefused,
    TooManyCopies,
)
from lms.assets.branding.example import EXAMPLE, example_logo
from lms.assets.branding.logos import clean_logo
from lms.assets.branding.template import Size, Template, as_document, parse, stored
from lms.assets.branding_statements import copy_made
from lms.assets.models import Asset, AssetVersion
from lms.assets.models.branding import BrandedCopy, BrandProfile, BrandTemplate, new_copy_id
from lms.assets.services.copy_holders import require_room
from lms.common.errors import RequestReused
from lms.common.files import removed_on_failure
from lms.partners.benefits import lacking
from lms.partners.models import Membership, Partner
from lms.partners.services.memberships import lock_partner
from lms.xapi.services import platform_authority, record

COPIES_PER_DAY = 100  # of one partner
_PREVIEW_NUMBER, _TRIED_PAGES, _TRIED_WIDTH = "preview", 10, 200
_KINDS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


def can_be_branded(version: AssetVersion) -> bool:
    """Whether its file is of a kind that zones can lie on."""
    return version.media_type in _KINDS


def template_of(version: AssetVersion | None) -> BrandTemplate | None:
    """The zones in use on a file; None when it has none."""
    if version is None:
        return None
    return version.templates.order_by("-number").first()


def brand_of(partner: Partner) -> BrandProfile | None:
    """Its brand, None before it was set up. The logo's bytes are read when somebody asks for them."""
    return BrandProfile.objects.defer("logo").filter(partner=partner).first()


def as_brand(profile: BrandProfile, *, country: str) -> Brand:
    """The profile as it is printed."""
    return Brand(
        name=profile.name,
        contact=tuple(profile.contact),
        website=profile.website,
        primary=profile.primary,
        on_primary=profile.on_primary,
        country=country,
        logo=profile.logo_digest,
    )


def save_brand(
    *,
    partner: Partner,
    by: User,
    at: datetime,
    name: str,
    contact: Sequence[str],
    website: str,
    primary: str,
    on_primary: str = "",
    logo: bytes | None = None,
    drops_logo: bool = False,
) -> BrandProfile:
    """Keeps what the partner prints from now on; copies made before stay as they are. `logo` is an upload; None leaves
    the one there is, unless `drops_logo`.

    Raises BrandRefused, LogoUnreadable, UnsafeInput. Locks the partner, after the logo has been drawn.
    """
    brand = brands.make_brand(name=name, contact=contact, website=website, primary=primary, on_primary=on_primary)
    fields: dict[str, Any] = {
        "name": brand.name,
        "contact": list(brand.contact),
        "website": brand.website,
        "primary": brand.primary,
        "on_primary": brand.on_primary,
        "saved_at": at,
        "saved_by": by,
    }
    if logo is not None:
        png = clean_logo(logo)
        fields |= {"logo": png, "logo_digest": hashlib.sha256(png).hexdigest()}
    elif drops_logo:
        fields |= {"logo": None, "logo_digest": ""}
    with transaction.atomic():
        partner = lock_partner(partner)
        profile, _ = BrandProfile.objects.update_or_create(partner=partner, defaults=fields)
        record_audit(action="assets.brand_saved", actor=by, at=at, target=profile, partner_id=partner.public_id)
    return profile


def master_of(version: AssetVersion) -> bytes:
    """The file's content. Raises MasterUnusable when it cannot be read."""
    try:
        with version.file.storage.open(version.file.name or "", "rb") as file:
            content: bytes = file.read()
            return content
    except OSError as error:
        raise MasterUnusable("The master's file cannot be read.") from error


def pages_of(version: AssetVersion, *, dpi: int) -> list[Size]:
    """The sizes of its pages, on which zones lie. Raises MasterUnusable."""
    content = master_of(version)
    if version.media_type == "application/pdf":
        return list(copies.pages_of(content))
    if not can_be_branded(version):
        raise MasterUnusable("Zones lie on a PDF, a PNG or a JPEG; this file is none.")
    return [pictures.size_of(pictures.open_picture(content), dpi)]


def save_template(
    *, version: AssetVersion, document: Any, by: User | None, at: datetime, seen: str = "", draws: bool = True
) -> BrandTemplate:
    """Puts zones on a file; partners make their copies with them from now on. The same zones again change nothing.

    `seen` is the `mark_of` what the writer started from; without `draws` no page is drawn, which takes long. Raises
    TemplateChanged when that is not what stands now, TemplateRefused, MasterUnusable, DrawingBusy. Locks the version.
    """
    kept = as_document(check_document(version, document))
    _try_out(version, kept, draws=draws)
    with transaction.atomic():
        return _saved(version, kept, by, at, seen)


def _saved(version: AssetVersion, kept: Any, by: User | None, at: datetime, seen: str) -> BrandTemplate:
    version = AssetVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    latest = template_of(version)
    if latest is not None and latest.document == kept:
        return latest
    if seen and seen != _mark(version, latest):
        raise TemplateChanged(
            "Somebody saved other zones, or another file, after you opened this page. Nothing was saved. Open it anew"
            " in another tab and take over what you typed here."
        )
    number = latest.number + 1 if latest else 1
    saved = BrandTemplate.objects.create(version=version, number=number, document=kept, saved_at=at, saved_by=by)
    record_audit(action="assets.template_saved", actor=by, at=at, target=saved, detail={"number": number})
    return saved


def _try_out(version: AssetVersion, kept: Any, *, draws: bool) -> None:
    """Makes and draws the copy of an invented partner, so that a file which none can be made of, or whose pages cannot
    be drawn, is refused here, not to partners: the first page and those with zones, ten at most. Raises MasterUnusable,
    DrawingBusy."""
    draft = BrandTemplate(version=version, number=1, document=kept)
    zones = zones_of(draft)
    wish = Wish(values={zone.id: zone.default or zone.name for zone in zones.questions})
    try:
        content = _drawn(draft, EXAMPLE, example_logo(), wish, number=_PREVIEW_NUMBER).content
    except BrandRefused:  # what the invented one cannot have, others may
        content = master_of(version)
    if draws and version.media_type == "application/pdf":
        for page in sorted({1, *(zone.page for zone in zones.zones)})[:_TRIED_PAGES]:
            pictures.preview(content, page=page, width=_TRIED_WIDTH)


def mark_of(version: AssetVersion) -> str:
    """Of the file and its zones in use: another one when either changes."""
    return _mark(version, template_of(version))


def _mark(version: AssetVersion, template: BrandTemplate | None) -> str:
    return f"{version.number}.{template.number if template else 0}"


def check_document(version: AssetVersion, document: Any) -> Template:
    """The template of a document on this file. Raises TemplateRefused and MasterUnusable."""
    dpi = document.get("dpi", 150) if isinstance(document, dict) else 150
    if not isinstance(dpi, int) or not 50 <= dpi <= 600:
        raise TemplateRefused("Dots per inch are a whole number from 50 to 600.")
    return parse(document, pages_of(version, dpi=dpi))


def zones_of(template: BrandTemplate) -> Template:
    """As it was checked when it was saved."""
    return stored(template.document)


def preview_example(*, version: AssetVersion, page: int = 1) -> bytes:
    """A page with the file's zones filled in for an invented partner, as PNG; the bare page when it has none.

    Raises BrandRefused, MasterUnusable.
    """
    template = template_of(version)
    if template is None:
        return pictures.preview(master_of(version), page=page)
    wish = Wish(values={zone.id: zone.default or zone.name for zone in zones_of(template).questions})
    width = pictures.PREVIEW_WIDTH
    copy = _drawn(template, EXAMPLE, example_logo(), wish, number=_PREVIEW_NUMBER, at_most=width)
    return pictures.preview(copy.content, page=page)


def carry_template(*, version: AssetVersion, at: datetime) -> BrandTemplate | None:
    """Zones of the file before, when they fit the new one too; None when there were none or they do not.

    Pages are not drawn: it is called in a delivery, which holds a transaction. A repeat changes nothing.
    """
    if template_of(version) is not None:
        return template_of(version)
    before = BrandTemplate.objects.filter(version__asset=version.asset, version__number__lt=version.number)
    latest = before.order_by("-version__number", "-number").first()
    if latest is None:
        return None
    try:
        return save_template(version=version, document=latest.document, by=None, at=at, draws=False)
    except (TemplateRefused, MasterUnusable):
        return None


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a partner wants on a copy."""

    values: Mapping[str, str]
    for_print: bool = False

    def digest(self, template: BrandTemplate, partner: Partner) -> str:
        said = [str(template.public_id), str(partner.public_id), dict(self.values), self.for_print]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def preview_copy(*, template: BrandTemplate, partner: Partner, wish: Wish, page: int = 1) -> tuple[bytes, Copy]:
    """A page of the copy as it would be, as PNG, and the copy. Nothing is kept.

    Raises BrandMissing, BrandRefused, MasterUnusable.
    """
    profile = _profile_of(partner)
    brand = as_brand(profile, country=partner.country)
    copy = _drawn(template, brand, profile.logo_bytes, wish, number=_PREVIEW_NUMBER, at_most=pictures.PREVIEW_WIDTH)
    return pictures.preview(copy.content, page=page), copy


def make_copy(
    *, template: BrandTemplate, partner: Partner, by: User, wish: Wish, request_key: UUID, at: datetime
) -> BrandedCopy:
    """Makes the partner's copy and keeps it. The same person's second request with the same key returns the first's.

    Raises RequestReused, CopyRefused (not a member, asset not for this membership or not to be had, zones not in
    use any more), BrandMissing, BrandRefused, MasterUnusable, TooManyCopies. Locks the partner, after the
    file has been drawn.
    """
    made = _made_before(by, request_key, wish.digest(template, partner))
    if made is not None:
        return made
    membership = _require_may(template, partner, by, at)
    profile, version = _profile_of(partner), template.version
    number = new_copy_id()
    drawn = _rendered(template, partner, profile, wish, number=number)
    copy = BrandedCopy(
        public_id=number,
        template=template,
        partner=partner,
        made_at=at,
        made_by=by,
        request_key=request_key,
        request_digest=wish.digest(template, partner),
        brand=brands.as_document(as_brand(profile, country=partner.country)),
        values=dict(wish.values),
        notices=[{"code": one.code, "zone": one.zone, "message": one.message} for one in drawn.notices],
        for_print=wish.for_print,
        filename=f"{_stem(version.filename)}-{partner.slug}.{_KINDS[version.media_type]}"[-150:],
        media_type=version.media_type,
        size=len(drawn.content),
        sha256=drawn.digest,
        expires_on=last_day(version.asset),
    )
    return _keep(copy, drawn.content, membership)


def _keep(copy: BrandedCopy, content: bytes, membership: Membership) -> BrandedCopy:
    """Stores a drawn copy, unless the same request was quicker; counted under the partner's lock."""
    try:
        with removed_on_failure() as files, transaction.atomic():
            return _stored(copy, content, membership, files)
    except IntegrityError:  # the person's form with this key, at another partner, which has a lock of its own
        made = _made_before(copy.made_by, copy.request_key, copy.request_digest)
        if made is None:
            raise
        return made


def _stored(copy: BrandedCopy, content: bytes, membership: Membership, files: list[FieldFile]) -> BrandedCopy:
    partner, by, at = lock_partner(copy.partner), copy.made_by, copy.made_at
    made = _made_before(by, copy.request_key, copy.request_digest)
    if made is not None:
        return made
    if BrandedCopy.objects.filter(partner=partner, made_at__gt=at - timedelta(days=1)).count() >= COPIES_PER_DAY:
        raise TooManyCopies(f"{partner.name} made {COPIES_PER_DAY} copies in a day. Try again tomorrow.")
    require_room(copy)
    copy.file.save(copy.filename, ContentFile(content), save=False)
    files.append(copy.file)
    copy.save(force_insert=True)
    record_audit(action="assets.copy_made", actor=by, at=at, target=copy, partner_id=partner.public_id)
    record([copy_made(copy, membership)], authority=platform_authority(), at=at)
    return copy


def last_day(asset: Asset) -> date:
    """Until when a copy made now is valid: the asset's own last day, else the day by which it is looked at again."""
    return asset.expires_on or asset.review_on


def _made_before(by: User, request_key: UUID, digest: str) -> BrandedCopy | None:
    made = BrandedCopy.objects.filter(made_by=by, request_key=request_key).first()
    if made is not None and made.request_digest != digest:
        raise RequestReused("This form was sent before with another content. Open a new one.")
    return made


def _require_may(template: BrandTemplate, partner: Partner, by: User, at: datetime) -> Membership:
    on = at.date()
    held = Membership.objects.active(on).filter(person=by, partner=partner)
    held = held.select_related("partner__current_tier", "persona")
    membership = held.order_by("-starts_on", "-pk").first()
    if membership is None or partner.suspended_at is not None:
        raise CopyRefused(f"You do not belong to {partner.name}. Nothing was made.")
    asset = Asset.objects.visible_to(by).available(on).filter(pk=template.version.asset_id).first()
    if asset is None:
        raise CopyRefused("This asset cannot be had at the moment. Nothing was made.")
    if not Asset.objects.admitting(membership).filter(pk=asset.pk).exists():
        raise CopyRefused(f"This asset is not for {partner.name}. Nothing was made.")
    if way := lacking(partner=partner, name=asset.required_benefit, at=at):
        raise CopyRefused(f"{way} Nothing was made.")
    latest = template_of(asset.current)
    if latest is None or latest.pk != template.pk:
        raise CopyRefused("The master was changed meanwhile. Look at the new one first; nothing was made.")
    return membership


def _profile_of(partner: Partner) -> BrandProfile:
    profile = brand_of(partner)
    if profile is None:
        raise BrandMissing(
            "Your brand is not set up yet: a manager of your company enters name, colours and logo first."
        )
    return profile


def _rendered(template: BrandTemplate, partner: Partner, profile: BrandProfile, wish: Wish, *, number: str) -> Copy:
    brand = as_brand(profile, country=partner.country)
    return _drawn(template, brand, profile.logo_bytes, wish, number=number)


def _drawn(
    template: BrandTemplate,
    brand: Brand,
    logo: bytes | None,
    wish: Wish,
    *,
    number: str,
    at_most: int | None = None,
) -> Copy:
    """The copy; a picture to be looked at is no wider than `at_most` pixels."""
    version, zones = template.version, zones_of(template)
    master = master_of(version)
    address = f"{settings.SITE_URL}{reverse('branding:check', args=[number])}"
    stamp = Stamp(number=number, check_url=address, expires_on=last_day(version.asset))
    about = About(title=version.asset.title, partner=brand.name)
    if version.media_type == "application/pdf":
        return copies.brand_pdf(
            master, zones, brand, stamp, about=about, logo=logo, values=wish.values, for_print=wish.for_print
        )
    return pictures.brand_picture(
        master, zones, brand, stamp, about=about, logo=logo, values=wish.values, at_most=at_most
    )


def _stem(filename: str) -> str:
    return filename.rpartition(".")[0] or filename
