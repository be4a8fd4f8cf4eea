"""Zones of a template, the brand and its colours: what is taken and what is refused, in words."""

from datetime import date

import pytest

from lms.assets.branding import brand as brands
from lms.assets.branding import colours
from lms.assets.branding.composing import Stamp, compose
from lms.assets.branding.errors import BrandRefused, TemplateRefused
from lms.assets.branding.template import Kind, Size, as_document, parse
from lms.common.guards import UnsafeInput
from tests.assets.branding_material import a_brand, document

PAGES = [Size(210, 297)]


def test_template_is_read_and_stored_alike():
    template = parse(document({"id": "claim", "kind": "text", "box": [10, 10, 80, 12], "default": "Near you"}), PAGES)

    assert [zone.id for zone in template.questions] == ["claim"]
    assert [zone.id for zone in template.of_kind(Kind.STAMP)] == ["stamp"]
    assert parse(as_document(template), PAGES) == template


@pytest.mark.parametrize(
    "zone, words",
    [
        ({"id": "x", "kind": "photo", "box": [1, 1, 9, 9]}, "This is no template: Invalid enum value 'photo'"),
        ({"id": "x", "kind": "logo", "box": [1, 1, 9]}, "Expected `array` of length 4"),
        ({"id": "x", "kind": "logo", "box": [1, 1, 9, 9], "script": "x"}, "unknown field `script`"),
        (
            {"id": "x", "kind": "logo", "box": [180, 10, 40, 10]},
            "Zone “x”: its box ends at 220 × 20 mm, beyond the page",
        ),
        (
            {"id": "x", "kind": "logo", "box": [10, 10, 0.5, 9]},
            "Zone “x”: its box must be at least 1 mm wide and high.",
        ),
        (
            {"id": "x", "kind": "logo", "box": [10, 10, 9, 9], "page": 2},
            "Zone “x”: there is no page 2; the master has 1.",
        ),
        ({"id": "x", "kind": "logo", "box": [100, 275, 20, 10]}, "Zones “name” and “x” lie over each other."),
        ({"id": "name", "kind": "logo", "box": [10, 10, 9, 9]}, "Two zones are called “name”."),
        ({"id": "x", "kind": "stamp", "box": [10, 10, 60, 12]}, "A template has one stamp"),
        ({"id": "x", "kind": "text", "box": [10, 10, 60, 2]}, "a line of 7 pt needs a box at least 3.5 mm high."),
        (
            {"id": "x", "kind": "text", "box": [10, 10, 60, 20], "min_size": 12, "max_size": 9},
            "its smallest size, 12 pt, is above its largest, 9 pt.",
        ),
        (
            {"id": "x", "kind": "text", "box": [10, 10, 60, 20], "max_length": 3, "default": "four"},
            "its default text is longer than the 3 characters it allows.",
        ),
        ({"id": "x", "kind": "band", "box": [0, 285, 210, 12]}, "Zone “stamp” lies half on the band “x”"),
    ],
)
def test_zone_that_describes_no_page_is_refused_in_words(zone, words):
    with pytest.raises(TemplateRefused) as refused:
        parse(document(zone), PAGES)

    assert words in refused.value.message


def test_template_needs_a_stamp_that_can_be_scanned_and_something_of_the_partner():
    zones = [{"id": "stamp", "kind": "stamp", "box": [0, 0, 20, 5]}]

    with pytest.raises(TemplateRefused) as refused:
        parse({"zones": zones}, PAGES)

    assert "a stamp needs at least 45 × 9 mm" in refused.value.message
    assert "needs a zone for the partner's logo or name" in refused.value.message


def test_zone_wholly_on_a_band_stands_on_it_and_one_beside_it_does_not():
    template = parse(document({"id": "band", "kind": "band", "box": [0, 275, 210, 22], "colour": "primary"}), PAGES)
    name, band = template.of_kind(Kind.NAME)[0], template.of_kind(Kind.BAND)[0]

    assert template.band_below(name) == band
    assert parse(document(), PAGES).band_below(name) is None


def test_brand_is_cleaned_and_stored_alike():
    brand = a_brand(name="  Nord\u202ewind\tSystems ", contact=["", " Kai 4 "], primary="1D4F91")

    assert brand == brands.Brand(
        name="Nordwind Systems",
        contact=("Kai 4",),
        website="https://nordwind.example",
        primary="#1d4f91",
        on_primary="#ffffff",
    )
    assert brand.contact_lines == ("Kai 4", "nordwind.example")
    assert brands.read_brand(brands.as_document(brand)) == brand
    assert a_brand(website="", contact=[]).contact_lines == ()


@pytest.mark.parametrize(
    "typed, printed, link",
    [
        ("HTTPS://Example.com", "example.com", "https://example.com"),
        ("Example.com/Shop", "example.com/Shop", "https://example.com/Shop"),
        ("münchen.example/Straße", "münchen.example/Straße", "https://xn--mnchen-3ya.example/Stra%C3%9Fe"),
        ("xn--mnchen-3ya.example/?a=%20", "xn--mnchen-3ya.example/?a=%20", "https://xn--mnchen-3ya.example/?a=%20"),
    ],
)
def test_website_is_printed_for_people_and_linked_for_machines(typed, printed, link):
    brand = a_brand(website=typed, contact=[])

    assert (brand.contact_lines, brand.link) == ((printed,), link)


@pytest.mark.parametrize(
    "zone", [{"id": "logo\n"}, {"id": "logo", "colour": "ink\n"}, {"id": "logo", "on": "#123456\n"}]
)
def test_what_ends_with_a_new_line_is_refused(zone):
    with pytest.raises(TemplateRefused, match="This is no template"):
        parse(document({"kind": "logo", "box": [10, 10, 40, 20], **zone}), PAGES)


def test_stamp_that_would_be_cut_is_refused():
    """The last line is the day until which a copy is valid."""
    stamp = Stamp(
        number="7Q4K-9F2M", check_url=f"https://{'partners.' * 40}example/copies/7/", expires_on=date(2027, 3, 31)
    )

    with pytest.raises(BrandRefused, match="The stamp has no room"):
        compose(parse(document(), PAGES), PAGES, a_brand(), stamp, logo=None)


def test_words_on_a_light_colour_are_ink_when_nothing_is_chosen():
    assert a_brand(primary="#ffcc00").on_primary == colours.INK


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"name": " "}, "A name has 1 to 120 characters."),
        ({"name": "x" * 121}, "A name has 1 to 120 characters."),
        ({"contact": ["x"] * 7}, "At most 6 contact lines are printed; these are 7."),
        ({"contact": ["x" * 121]}, "A contact line has at most 120 characters."),
        ({"primary": "red"}, "“red” is no colour"),
        ({"primary": "#ffcc00", "on_primary": "#ffffff"}, "have a contrast of 1.5:1 and cannot be read"),
        ({"website": "http://nordwind.example"}, "must be an https address"),
        ({"website": "javascript://alert(1)"}, "must be an https address"),
        ({"website": "https://me:secret@nordwind.example"}, "must be an https address"),
        ({"website": "localhost"}, "must be an https address"),
        ({"website": "https://nordwind.example/a b"}, "must be an https address"),
        ({"website": "https://[nordwind"}, "The website is no address"),
        ({"website": "faß.example"}, "write it in its form for machines"),
    ],
)
def test_brand_that_cannot_be_printed_is_refused_in_words(changes, words):
    with pytest.raises(BrandRefused) as refused:
        a_brand(**changes)

    assert words in refused.value.message


def test_brand_with_what_cannot_be_stored_is_refused():
    with pytest.raises(UnsafeInput):
        a_brand(name="Nord\x00wind")


def test_contrast_is_that_of_wcag():
    assert round(colours.contrast("#000000", "#ffffff"), 2) == 21
    assert round(colours.contrast("#777777", "#ffffff"), 2) == 4.48  # the well-known grey that just fails
    assert colours.readable_on("#ffffff", "#767676") == "#767676"
    assert colours.readable_on("#ffffff", "#777777") == colours.INK
