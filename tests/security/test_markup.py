"""XSS-01, XSS-10: markup in every text of every row is shown as text, on every page of every role."""

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from certifications.models import Credential
from lms.deals.models import EngagementRules
from tests.security.pages import STARTS, crawl, read
from tests.security.world import World

pytestmark = pytest.mark.django_db
OURS = ("lms.", "courses.", "certifications.", "badges.", "cms.")
PROBE = "\"'><xss-probe onx=1>{{7*7}}"
# Machine-made or closed words: keys, digests, codes, addresses, formats.
NOT_TEXT = {
    *("password", "language", "time_zone", "theme", "prefix", "secret_hash", "token_hash", "account_key", "network"),
    *("public_id", "digest", "key", "code", "country", "type", "hash", "registration", "algorithm", "public_multibase"),
    *("later_wait_hours", "networks"),
    *("submitted_by", "scope", "status", "statement_id", "activity_iri", "sealed_private", "private_sealed", "handler"),
}


def is_text(model: type[models.Model], field: Any) -> bool:
    return (
        type(field) in {models.CharField, models.TextField}
        and not field.choices
        and not field.unique
        and field.name not in NOT_TEXT
        and not field.name.endswith(("_hash", "_key", "_iri", "_id", "_digest", "_multibase", "file"))
        and model._meta.app_label not in {"xapi", "events"}
    )


def poison() -> int:
    """Puts the probe into every text column; returns how many."""
    count = 0
    for model in apps.get_models():
        if not model.__module__.startswith(OURS):
            continue
        for field in model._meta.concrete_fields:
            if field.model is not model or not is_text(model, field):
                continue
            try:
                with transaction.atomic():
                    model._base_manager.update(**{field.name: PROBE[: field.max_length]})
                    count += 1
            except IntegrityError:  # a constraint knows which words may stand there
                continue
    rules = EngagementRules.objects.latest("number")  # the database lets nobody change them
    EngagementRules.objects.create(
        number=rules.number + 1,
        document=rules.document,
        text=PROBE,
        why=PROBE,
        effective_at=timezone.now() + timedelta(days=30),
        published_by=rules.published_by,
    )
    for credential in Credential.objects.all():
        credential.snapshot = {
            k: PROBE if k in {"title", "criteria", "issuer_name"} else v for k, v in credential.snapshot.items()
        }
        credential.save(update_fields=["snapshot"])
    return count


@pytest.mark.parametrize("role", ["anonymous", "own", "manager", "channel", "author"])
def test_markup_is_shown_as_text(world: World, role: str) -> None:
    """XSS-01, XSS-02: no element comes of it, in no attribute, on no page."""
    assert poison() > 30
    starts = [
        *STARTS,
        f"/partners/{world.a.public_id}/",
        "/library/sizing/",
        "/exams/second-exam/",
        "/certifications/engineer/",
    ]
    starts += [f"/invitations/{world.invitation_token}/", f"/verify/{world.credential.public_id}/", "/admin/"]
    pages = crawl(world.client(role, raise_request_exception=False), starts).values()
    assert {page.address: page.status for page in pages if page.status >= 500} == {}
    html = [page for page in pages if page.headers.get("content-type", "").startswith("text/html")]
    assert [page.address for page in html if page.soup.find("xss-probe")] == []
    assert [page.address for page in html if "<xss-probe" in page.text] == []
    assert [page.address for page in html if ">49" in page.text and "7*7" not in page.text] == []
    assert any("&lt;xss-probe" in page.text for page in html), "the probe is shown nowhere: this test sees nothing"


@pytest.mark.parametrize("role", ["anonymous", "own"])
def test_error_pages_repeat_nothing(world: World, role: str) -> None:
    """XSS-10."""
    client = world.client(role, raise_request_exception=False)
    for address in ("/<xss-probe>/", "/?q=<xss-probe>%00", "/catalogue/?q=<xss-probe>", "/exams/<xss-probe>/"):
        assert "<xss-probe" not in read(client, address).text
