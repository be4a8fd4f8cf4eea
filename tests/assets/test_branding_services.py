"""Brands, zones and copies in the database: who, once, until when, and who is told."""

import hashlib
import io
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.core.files.base import ContentFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from PIL import Image

from lms.assets.branding.errors import (
    BrandMissing,
    BrandRefused,
    CopyRefused,
    LogoUnreadable,
    MasterUnusable,
    TemplateRefused,
    TooManyCopies,
)
from lms.assets.branding_handlers import tell_of
from lms.assets.models import Asset, BrandedCopy, BrandProfile, CopyState
from lms.assets.services import (
    add_version,
    branding,
    note_lapses,
    restore_asset,
    send_letters,
    template_use,
    withdraw_asset,
)
from lms.common.errors import RequestReused
from lms.events.services import drain
from lms.partners.models import Membership, Partner
from lms.partners.services import set_benefits
from lms.xapi.agents import activity_key, verb_key
from lms.xapi.models import Statement
from lms.xapi.vocabulary import CREATED
from tests.assets.branding_material import document, logo_png, master_pdf, saved
from tests.assets.factories import AssetFactory, add_file, make_asset
from tests.factories import MembershipFactory, PartnerFactory, TierNameFactory, UserFactory

pytestmark = pytest.mark.django_db
NO_WISH = branding.Wish(values={})


@pytest.fixture(scope="module")
def pdf():
    return master_pdf(pages=2)


@pytest.fixture
def asset(pdf) -> Asset:
    asset = make_asset(pdf, title="Gateway datasheet")
    _place(asset)
    return asset


@pytest.fixture
def rep() -> Membership:
    """A rep of a partner with a brand."""
    rep = MembershipFactory()
    _brand(rep)
    return rep


def _place(asset, *zones):
    return branding.save_template(version=asset.current, document=document(*zones), by=asset.owner, at=timezone.now())


def _brand(rep, **changes):
    words = {"name": "Nordwind", "contact": ["Kai 4"], "website": "", "primary": "#1d4f91"}
    return branding.save_brand(partner=rep.partner, by=rep.person, at=timezone.now(), **(words | changes))


def _make(asset, rep, *, wish=NO_WISH, key=None, at=None, template=None) -> BrandedCopy:
    return branding.make_copy(
        template=template or branding.template_of(asset.current),
        partner=rep.partner,
        by=rep.person,
        wish=wish,
        request_key=key or uuid4(),
        at=at or timezone.now(),
    )


def _content(copy) -> bytes:
    with copy.file.storage.open(copy.file.name) as file:
        return file.read()


def test_brand_is_one_per_partner_and_keeps_its_logo_until_it_is_dropped(rep):
    _brand(rep, logo=logo_png())
    kept = _brand(rep, name="Nordwind Systems")

    assert BrandProfile.objects.get() == kept
    assert (kept.name, kept.on_primary) == ("Nordwind Systems", "#ffffff")
    assert hashlib.sha256(kept.logo_bytes).hexdigest() == kept.logo_digest
    assert _brand(rep, drops_logo=True).logo_bytes is None


def test_brand_that_cannot_be_printed_changes_nothing(rep):
    with pytest.raises(BrandRefused):
        _brand(rep, primary="#ffcc00", on_primary="#ffffff")
    with pytest.raises(LogoUnreadable):
        _brand(rep, name="Other", logo=b"<svg/>")

    assert BrandProfile.objects.get().name == "Nordwind"


def test_a_brand_is_read_without_its_logo_and_drawn_before_the_partner_is_locked(rep, monkeypatch):
    at_start, inside = len(connection.savepoint_ids), []
    drawn = branding.clean_logo
    monkeypatch.setattr(
        branding, "clean_logo", lambda data: inside.append(len(connection.savepoint_ids)) or drawn(data)
    )
    _brand(rep, logo=logo_png())

    assert inside == [at_start]
    assert branding.brand_of(rep.partner).get_deferred_fields() == {"logo"}


def test_logo_without_its_digest_is_refused_by_the_database(rep):
    with pytest.raises(IntegrityError), transaction.atomic():
        BrandProfile.objects.update(logo=b"x")


def test_zones_get_a_number_each_time_they_change(asset):
    first = branding.template_of(asset.current)
    again = _place(asset)
    changed = _place(asset, {"id": "logo", "kind": "logo", "box": [10, 10, 40, 20]})

    assert (first.number, again, changed.number) == (1, first, 2)
    assert branding.template_of(asset.current) == changed
    assert branding.template_of(None) is None


def test_zones_are_checked_before_the_file_is_locked(asset, monkeypatch):
    at_start, inside, check = len(connection.savepoint_ids), [], branding.check_document
    monkeypatch.setattr(
        branding, "check_document", lambda *said: inside.append(len(connection.savepoint_ids)) or check(*said)
    )
    _place(asset, {"id": "logo", "kind": "logo", "box": [10, 10, 40, 20]})

    assert inside == [at_start]


def test_zones_that_do_not_fit_are_refused(asset):
    with pytest.raises(TemplateRefused, match="there is no page 3"):
        _place(asset, {"id": "logo", "kind": "logo", "page": 3, "box": [10, 10, 40, 20]})
    with pytest.raises(TemplateRefused, match="Dots per inch"):
        branding.check_document(asset.current, {"zones": [], "dpi": "x"})
    with pytest.raises(TemplateRefused, match="This is no template"):
        branding.check_document(asset.current, [])


def test_zones_need_a_file_that_they_can_lie_on():
    video = AssetFactory()
    add_file(video, b"video", media_type="video/mp4")
    with pytest.raises(MasterUnusable, match="Zones lie on a PDF, a PNG or a JPEG"):
        _place(video)

    gone = make_asset(master_pdf())
    gone.current.file.storage.delete(gone.current.file.name)
    with pytest.raises(MasterUnusable, match="cannot be read"):
        _place(gone)


def test_zones_are_carried_to_a_new_file_that_they_fit(asset, pdf):
    at, before = timezone.now(), branding.template_of(asset.current)
    carried = branding.carry_template(version=add_file(asset, pdf), at=at)

    assert (carried.document, carried.number, carried.saved_by) == (before.document, 1, None)
    assert branding.carry_template(version=asset.current, at=at) == carried
    assert branding.carry_template(version=add_file(asset, master_pdf(size=(200, 200))), at=at) is None
    assert branding.carry_template(version=make_asset(pdf).current, at=at) is None


def test_copy_is_kept_with_what_was_said_in_it(asset, rep):
    copy = _make(asset, rep, wish=branding.Wish(values={}, for_print=True))
    content = _content(copy)

    assert hashlib.sha256(content).hexdigest() == copy.sha256
    assert (copy.size, copy.media_type) == (len(content), "application/pdf")
    assert copy.filename == f"datasheet-{rep.partner.slug}.pdf"
    assert copy.brand["name"] == "Nordwind"
    assert (copy.expires_on, copy.state_on(date(2029, 1, 1))) == (asset.review_on, CopyState.CURRENT)
    assert [notice["code"] for notice in copy.notices] == ["no_bleed"]
    assert len(copy.public_id) == 22
    assert copy.check_url.endswith(f"/copies/{copy.public_id}/")
    statement = Statement.objects.get()
    assert (statement.verb_key, statement.object_key) == (verb_key(CREATED), activity_key(asset.activity_iri))


def test_form_sent_twice_makes_one_copy(asset, rep):
    key = uuid4()

    assert _make(asset, rep, key=key) == _make(asset, rep, key=key)
    assert BrandedCopy.objects.count() == 1
    with pytest.raises(RequestReused):
        _make(asset, rep, key=key, wish=branding.Wish(values={}, for_print=True))


def test_copy_that_cannot_be_kept_leaves_no_file(asset, rep, monkeypatch):
    files = _make(asset, rep).file
    folder = files.name.rpartition("/")[0]
    before = files.storage.listdir(folder)

    def fail(*args, **options):
        raise RuntimeError

    monkeypatch.setattr(branding, "record", fail)
    with pytest.raises(RuntimeError):
        _make(asset, rep)
    assert files.storage.listdir(folder) == before


def test_form_sent_twice_at_once_makes_one_copy(asset, rep, monkeypatch):
    key, drawn = uuid4(), branding._rendered
    other = []

    def draw_while_another_is_quicker(*args, **options):
        if not other:
            other.append(None)
            other.append(_make(asset, rep, key=key))
        return drawn(*args, **options)

    monkeypatch.setattr(branding, "_rendered", draw_while_another_is_quicker)
    assert _make(asset, rep, key=key) == other[1]
    assert BrandedCopy.objects.count() == 1


def test_form_sent_for_two_partners_at_once_is_refused_to_the_second(asset, rep, monkeypatch):
    """The second did not see the first when it looked: the constraint tells it."""
    key, other = uuid4(), MembershipFactory(person=rep.person)
    _brand(other)
    _make(asset, rep, key=key)
    look, early = branding._made_before, [True, True]
    monkeypatch.setattr(branding, "_made_before", lambda *said: None if early and early.pop() else look(*said))

    with pytest.raises(RequestReused):
        _make(asset, other, key=key)
    assert BrandedCopy.objects.count() == 1


def test_picture_is_branded_too(rep):
    banner = AssetFactory()
    add_file(
        banner, saved(Image.new("RGB", (1240, 874), "white"), "JPEG"), media_type="image/jpeg", filename="banner.jpg"
    )
    zones = [
        {"id": "stamp", "kind": "stamp", "box": [10, 120, 60, 14]},
        {"id": "name", "kind": "name", "box": [10, 10, 80, 20]},
    ]
    branding.save_template(version=banner.current, document={"zones": zones}, by=banner.owner, at=timezone.now())
    copy = _make(banner, rep)

    with Image.open(io.BytesIO(_content(copy))) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1240, 874))
    assert copy.filename.endswith(".jpg")


def test_copy_is_refused_to_strangers_and_of_what_cannot_be_had(asset, rep):
    at, first = timezone.now(), branding.template_of(asset.current)
    with pytest.raises(CopyRefused, match="You do not belong"):
        branding.make_copy(
            template=first, partner=rep.partner, by=UserFactory(), wish=NO_WISH, request_key=uuid4(), at=at
        )
    with pytest.raises(BrandMissing):
        _make(asset, MembershipFactory())
    _place(asset, {"id": "logo", "kind": "logo", "box": [10, 10, 40, 20], "optional": True})
    with pytest.raises(CopyRefused, match="The master was changed"):
        _make(asset, rep, template=first)
    Asset.objects.update(review_on=date(2020, 1, 1))
    with pytest.raises(CopyRefused, match="cannot be had"):
        _make(asset, rep)

    assert BrandedCopy.objects.count() == 0


def test_copy_is_for_the_membership_that_the_asset_is_for(asset, rep):
    gold = TierNameFactory(rank=9)
    Asset.objects.update(minimum_tier=gold)
    MembershipFactory(person=rep.person, partner=PartnerFactory(current_tier=gold, tier_since=timezone.now()))

    with pytest.raises(CopyRefused, match="is not for"):
        _make(asset, rep)


def test_copy_is_not_seen_once_its_asset_is_not_for_the_partner_any_more(asset, rep):
    copy = _make(asset, rep)
    assert [*BrandedCopy.objects.visible_to(rep.person)] == [copy]
    Asset.objects.update(minimum_tier=TierNameFactory(rank=9))

    assert [*BrandedCopy.objects.visible_to(rep.person)] == []


def test_copy_needs_the_benefit_that_its_asset_asks_for(asset, rep):
    copy = _make(asset, rep)
    Asset.objects.update(required_benefit="campaigns")

    with pytest.raises(CopyRefused, match="No tier of the programme gives it"):
        _make(asset, rep)
    assert [*BrandedCopy.objects.visible_to(rep.person)] == []

    set_benefits(partner=rep.partner, benefits={"campaigns": "Campaigns"}, at=timezone.now() - timedelta(days=1))
    assert [*BrandedCopy.objects.visible_to(rep.person)] == [copy]


def test_partner_makes_so_many_copies_in_a_day(asset, rep, monkeypatch):
    monkeypatch.setattr(branding, "COPIES_PER_DAY", 1)
    at = timezone.now()
    _make(asset, rep, at=at)

    with pytest.raises(TooManyCopies):
        _make(asset, rep, at=at + timedelta(hours=23))
    _make(asset, rep, at=at + timedelta(hours=25))


def test_preview_keeps_nothing(asset, rep):
    png, copy = branding.preview_copy(
        template=branding.template_of(asset.current), partner=rep.partner, wish=NO_WISH, page=2
    )

    with Image.open(io.BytesIO(png)) as page:
        assert page.size[0] >= 999
    assert copy.notices == ()
    assert BrandedCopy.objects.count() == 0


def test_example_shows_zones_and_a_file_without_them(asset, pdf):
    _place(
        asset,
        {"id": "claim", "kind": "text", "box": [10, 10, 60, 10]},
        {"id": "l", "kind": "logo", "box": [90, 5, 60, 20]},
    )

    assert branding.preview_example(version=asset.current) != branding.preview_example(version=make_asset(pdf).current)


def test_copy_is_replaced_expired_and_withdrawn(asset, rep, pdf):
    copy = _make(asset, rep)
    fresh = lambda: BrandedCopy.objects.get(pk=copy.pk)  # noqa: E731

    assert fresh().state_on(asset.review_on) == CopyState.CURRENT
    Asset.objects.update(review_on=date(2035, 1, 1))
    assert fresh().state_on(copy.expires_on + timedelta(days=1)) == CopyState.EXPIRED
    add_file(asset, pdf)
    assert fresh().state_on(date(2029, 1, 1)) == CopyState.REPLACED
    Asset.objects.update(withdrawn_at=timezone.now(), withdrawn_by=asset.owner, coming_note="Soon")
    assert fresh().state_on(date(2029, 1, 1)) == CopyState.WITHDRAWN


def test_holders_of_outdated_copies_are_told_once(asset, rep, pdf):
    at, gone = timezone.now(), MembershipFactory()
    manager = MembershipFactory(partner=gone.partner, role=Membership.Role.MANAGER)
    _brand(gone)
    for holder in (rep, rep, gone):
        _make(asset, holder, at=at)
    tell_of(asset, at)
    assert mail.outbox == []

    Membership.objects.filter(pk=gone.pk).update(ends_on=at.date() - timedelta(days=1), starts_on=date(2020, 1, 1))
    add_file(asset, pdf)
    tell_of(asset, at)
    tell_of(asset, at)
    assert send_letters(at=at) == 0
    send_letters(at=at + timedelta(days=1))
    drain()

    assert sorted(letter.to[0] for letter in mail.outbox) == sorted([rep.person.email, manager.person.email])
    mine = next(letter for letter in mail.outbox if letter.to == [rep.person.email])
    assert mine.subject == "Gateway datasheet: a newer version"
    assert "2 co-branded copies" in mine.body


def test_holders_hear_once_that_a_master_lapsed(asset, rep):
    """By a review that nobody did, although the copy says a later day: it is then marked so as well."""
    at = timezone.now()
    copy = _make(asset, rep, at=at)
    Asset.objects.update(review_on=at.date() - timedelta(days=1))
    note_lapses(at=at)
    assert (send_letters(at=at), send_letters(at=at)) == (2, 0)
    note_lapses(at=at)
    assert send_letters(at=at + timedelta(days=1)) == 0
    drain()

    mine = [letter for letter in mail.outbox if letter.to == [rep.person.email]]
    assert [letter.subject for letter in mine] == ["Gateway datasheet waits for its review"]
    assert "a co-branded copy of it" in mine[0].body
    assert BrandedCopy.objects.get(pk=copy.pk).state_on(at.date()) == CopyState.REVIEW


def test_nobody_is_told_where_nobody_is_left(asset, rep):
    copy = _make(asset, rep)
    Membership.objects.update(starts_on=date(2020, 1, 1), ends_on=date(2020, 2, 1))
    Asset.objects.update(withdrawn_at=timezone.now(), withdrawn_by=asset.owner, coming_note="Soon")
    asset.refresh_from_db()
    tell_of(asset, timezone.now())
    send_letters(at=timezone.now() + timedelta(days=1))
    drain()

    copy.refresh_from_db()
    assert mail.outbox == []
    assert copy.told_at is None


def _subjects(at) -> list[str]:
    """What people are told the next morning."""
    mail.outbox.clear()
    drain()
    send_letters(at=at + timedelta(days=1))
    drain()
    return [letter.subject for letter in mail.outbox]


def test_a_withdrawal_is_told_whatever_was_told_before_and_a_replacement_once(asset, rep, pdf):
    at, day = timezone.now(), timedelta(days=2)
    _make(asset, rep, at=at)
    add_version(asset=asset, file=ContentFile(pdf + b"%2"), filename="x.pdf", by=asset.owner, at=at)
    assert _subjects(at) == ["Gateway datasheet: a newer version"]
    for _ in range(2):
        at += day
        withdraw_asset(asset=asset, coming_note="Soon", by=asset.owner, at=at)
        assert _subjects(at) == ["Gateway datasheet is withdrawn"]
        restore_asset(asset=asset, review_on=date(2035, 1, 1), by=asset.owner, at=at + day / 2)
        assert _subjects(at + day / 2) == []


def test_a_file_that_came_while_the_asset_was_withdrawn_is_told_when_it_is_back(asset, rep, pdf):
    at, day = timezone.now(), timedelta(days=2)
    _make(asset, rep, at=at)
    withdraw_asset(asset=asset, coming_note="Soon", by=asset.owner, at=at)
    assert _subjects(at) == ["Gateway datasheet is withdrawn"]
    add_version(asset=asset, file=ContentFile(pdf + b"%2"), filename="x.pdf", by=asset.owner, at=at + day)
    assert _subjects(at + day) == []
    restore_asset(asset=asset, review_on=date(2035, 1, 1), by=asset.owner, at=at + 2 * day)
    assert _subjects(at + 2 * day) == ["Gateway datasheet: a newer version"]


def test_who_keeps_an_asset_hears_that_zones_did_not_fit_its_new_file(asset):
    at = timezone.now()
    for content in (master_pdf(size=(200, 200)), master_pdf(size=(210, 210))):
        add_version(asset=asset, file=ContentFile(content), filename="x.pdf", by=asset.owner, at=at)
    assert _subjects(at) == ["Gateway datasheet: partners cannot make copies of the new file"]
    assert mail.outbox[0].to == [asset.owner.email]
    assert f"/templates/{asset.public_id}/zones/" in mail.outbox[0].body

    add_version(asset=asset, file=ContentFile(b"Hello"), filename="x.txt", by=asset.owner, at=at + timedelta(days=2))
    assert _subjects(at + timedelta(days=2)) == ["Gateway datasheet: partners cannot make copies of the new file"]
    assert f"/templates/{asset.public_id}/zones/" not in mail.outbox[0].body  # on a text no zones can lie
    add_version(
        asset=asset, file=ContentFile(master_pdf(pages=3)), filename="x.pdf", by=asset.owner, at=at + timedelta(days=4)
    )
    assert _subjects(at + timedelta(days=4)) == []  # the zones of the first file fit again


def test_a_suspended_partner_gets_no_letter_and_is_told_of_the_next_change(asset, rep, pdf):
    """Also where the suspension comes after it was noted."""
    at, day = timezone.now(), timedelta(days=2)
    copy = _make(asset, rep, at=at)
    suspended = Partner.objects.filter(pk=rep.partner_id)
    for noted_first in (True, False):
        if noted_first:
            add_version(asset=asset, file=ContentFile(pdf + b"%2"), filename="x.pdf", by=asset.owner, at=at)
            drain()
            BrandedCopy.objects.update(told_at=None)
        suspended.update(suspended_at=at, suspended_by=asset.owner, suspension_reason="Unpaid")
        assert BrandedCopy.objects.get(pk=copy.pk).state_on(at.date()) == CopyState.SUSPENDED
        tell_of(asset, at)
        assert _subjects(at) == []
        assert BrandedCopy.objects.get(pk=copy.pk).told_at is None
    suspended.update(suspended_at=None, suspended_by=None, suspension_reason="")
    tell_of(asset, at + day)
    assert _subjects(at + day) == ["Gateway datasheet: a newer version"]


def test_share_of_templates_counts_what_could_be_one(asset, rep, pdf):
    make_asset(pdf)
    copy = _make(asset, rep)
    until = copy.made_at + timedelta(seconds=1)
    share = template_use.template_share(until=until)

    assert (share.templates, share.uploads, share.copies, share.partners, share.percent) == (1, 1, 1, 1, 50)
    assert template_use.template_share(until=until + timedelta(days=91)).copies == 0
    Asset.objects.update(retired_at=until, retired_by=asset.owner)
    assert template_use.template_share(until=until).percent is None
