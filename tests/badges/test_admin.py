"""Achievements, their pictures, pathways and the issuer in the Wagtail admin."""

import io
from datetime import datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from badges import documents, jsonld, services
from badges.errors import PictureUnreadable
from badges.models import Achievement, BadgeImage, IssuerProfile, Pathway
from lms.accounts.models import AuditEntry
from tests.badges.factories import awarded, signed_in, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Client:
    return signed_in(staff("Portal managers"))


@pytest.fixture
def author() -> Client:
    return signed_in(staff("Channel marketing"))


def fields(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Halden Storage Expert",
        "description": "Knows storage.",
        "criteria": "Passed the exam.",
        "type": "Certification",
        "words": "storage, sizing",
        "frameworks": "Sizing | https://framework.example/1 | SFIA | ARCH",
        "shape": "shield",
        "fill": "#102030",
        "rim": "#ffcc00",
        "ink": "#ffffff",
        "icon": "bolt",
        "line_1": "Storage",
        "line_2": "Expert",
    } | changes


def make(client: Client, **changes: Any) -> Achievement:
    response = client.post("/admin/achievements/new/", fields(**changes))
    assert response.status_code == 302, response.context["form"].errors
    return Achievement.objects.get(name=changes.get("name", "Halden Storage Expert"))


def picture(size: tuple[int, int] = (600, 300), form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "#336699").save(out, form)
    return out.getvalue()


def test_achievement_is_made_with_its_picture(manager: Client) -> None:
    made = make(manager)
    assert (made.version, made.tags) == (1, ["storage", "sizing"])
    assert made.alignments == [
        {"name": "Sizing", "url": "https://framework.example/1", "framework": "SFIA", "code": "ARCH"}
    ]
    assert made.image is not None
    assert made.image.design is not None
    assert made.image.design["shape"] == "shield"
    assert "Storage" in made.image.svg
    assert AuditEntry.objects.filter(action="badges.save_achievement").count() == 1
    jsonld.check_defined({"@context": jsonld.CONTEXTS, **documents.achievement_document(made)})


def test_version_grows_with_what_is_signed_and_only_then(manager: Client) -> None:
    made = make(manager)
    edit = f"/admin/achievements/edit/{made.pk}/"
    assert manager.get(edit).status_code == 200
    first = made.image
    for changes, version in (
        ({}, 1),
        ({"criteria": "Passed it twice."}, 2),
        ({"criteria": "Passed it twice.", "icon": "star"}, 3),
    ):
        assert manager.post(edit, fields(**changes)).status_code == 302
        made.refresh_from_db()
        assert made.version == version
    assert made.image != first
    other = make(manager, name="Another")
    data = fields(criteria="Passed it twice.", icon="star", related=[other.pk])
    manager.post(edit, data)
    made.refresh_from_db()
    assert (made.version, list(made.related.all())) == (4, [other])


def test_awarded_badge_keeps_what_it_says(manager: Client, now: datetime) -> None:
    award = awarded(now)
    said = award.document["credentialSubject"]["achievement"]
    response = manager.post(f"/admin/achievements/edit/{award.achievement.pk}/", fields(name="Something else"))
    assert response.status_code == 302
    award.refresh_from_db()
    assert award.document["credentialSubject"]["achievement"] == said
    assert BadgeImage.objects.filter(digest=said["image"]["id"].rpartition("/")[2][:-4]).exists()


def test_upload_is_drawn_anew(manager: Client) -> None:
    upload = SimpleUploadedFile("x.php", picture() + b"<?php evil ?>")
    made = make(manager, upload=upload)
    assert made.image is not None
    assert b"evil" not in bytes(made.image.png)
    assert Image.open(io.BytesIO(bytes(made.image.png))).size == (512, 512)
    assert made.image.svg == ""
    assert services.svg_of(made.image).startswith("<svg")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"GIF89a",
        b"",
        picture()[:200],
        b"x" * 5_000_001,
        picture((6000, 5000), "JPEG"),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    with pytest.raises(PictureUnreadable):
        services.uploaded(data)


def test_refusal_of_a_picture_goes_back_to_the_form(manager: Client) -> None:
    response = manager.post("/admin/achievements/new/", fields(upload=SimpleUploadedFile("a.svg", b"<svg/>")))
    assert response.status_code == 200
    assert "not a picture" in response.content.decode()
    assert Achievement.objects.count() == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"fill": "red"},
        {"icon": "skull"},
        {"line_1": "x" * 25},
        {"frameworks": "Sizing"},
        {"frameworks": "Sizing | javascript:alert(1)"},
        {"frameworks": "Sizing | http://framework.example/"},
        {"name": "\u202e"},
    ],
)
def test_what_cannot_be_signed_is_refused(manager: Client, changes: dict[str, str]) -> None:
    assert manager.post("/admin/achievements/new/", fields(**changes)).status_code == 200
    assert Achievement.objects.count() == 0


def test_preview_follows_the_fields(manager: Client, author: Client) -> None:
    response = manager.get("/admin/achievements/preview/", {"shape": "square", "line_1": "<b>", "other": "x"})
    assert response["Content-Type"] == "image/svg+xml"
    assert "&lt;b&gt;" in response.content.decode()
    assert manager.get("/admin/achievements/preview/", {"fill": '"/><script>'}).status_code == 200
    assert author.get("/admin/achievements/preview/").status_code in {302, 403}


def test_pathway_is_made_and_refused_in_the_form(manager: Client) -> None:
    one, two = make(manager), make(manager, name="Two")
    data = {"achievement": two.pk, "members": [one.pk], "needed": 2}
    response = manager.post("/admin/pathways/new/", data)
    assert response.status_code == 200
    assert "Choose a number" in response.content.decode()
    assert manager.post("/admin/pathways/new/", data | {"needed": 1}).status_code == 302
    row = Pathway.objects.get()
    assert manager.get(f"/admin/pathways/edit/{row.pk}/").status_code == 200
    assert manager.get("/admin/pathways/").status_code == 200
    assert manager.get("/admin/achievements/").status_code == 200


def test_issuer_speaks_in_new_badges(manager: Client, now: datetime) -> None:
    assert documents.issuer_profile()["name"] == "Halden"
    data = {
        "name": "Halden Academy",
        "description": "Teaches.",
        "url": "https://halden.example",
        "email": "a@halden.example",
    }
    assert manager.get("/admin/badge_issuer/").status_code == 200
    assert manager.post("/admin/badge_issuer/", data).status_code == 302
    assert manager.post("/admin/badge_issuer/", data | {"name": "Halden Institute"}).status_code == 302
    assert IssuerProfile.objects.count() == 1
    issuer = awarded(now).document["issuer"]
    assert (issuer["name"], issuer["url"], issuer["email"]) == (
        "Halden Institute",
        "https://halden.example",
        "a@halden.example",
    )


@pytest.mark.parametrize("path", ["achievements/", "achievements/new/", "pathways/", "pathways/new/", "badge_issuer/"])
def test_only_the_vendors_managers_get_there(author: Client, path: str) -> None:
    assert author.get(f"/admin/{path}").status_code in {302, 403}
    assert author.post(f"/admin/{path}", fields()).status_code in {302, 403}
    assert Achievement.objects.count() == 0
