"""Pages of badges: who sees what, in which frame, and that nothing stale or foreign is shown."""

import json
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from badges import services
from badges.models import Achievement, Award, BadgeImage
from badges.verification import verify
from certifications import limits
from tests.badges.factories import HERE, awarded, pathway, revoke, signed_in
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def award() -> Award:
    """Awarded a moment ago: pages ask the real clock."""
    membership = MembershipFactory(person=UserFactory(name='Ann "<b>" O\'Neil', email="ann@kestrel.example"))
    return awarded(timezone.now() - timedelta(minutes=1), membership=membership, title="R&D <script>alert(1)</script>")


def share(award: Award) -> str:
    return f"/awards/{award.public_id}/"


def test_share_page_tells_name_badge_and_state(award: Award) -> None:
    response = Client().get(share(award))
    page = response.content.decode()
    assert response.status_code == 200
    assert "R&amp;D &lt;script&gt;" in page
    assert "<script>alert" not in page
    assert "<b>" not in page
    assert "kestrel.example" not in page
    assert f'<meta property="og:image" content="{HERE}/badges/images/' in page
    assert f'<meta property="og:url" content="{HERE}{share(award)}">' in page
    assert (response["X-Robots-Tag"], response["Cache-Control"]) == ("noindex, nofollow", "no-store")
    assert "Show it" not in page


def test_open_graph_picture_can_be_fetched(award: Award) -> None:
    response = Client().get(f"/badges/images/{award.image_digest}.png")
    assert (response["Content-Type"], response.content[:4]) == ("image/png", b"\x89PNG")
    assert "immutable" in response["Cache-Control"]
    drawing = Client().get(f"/badges/images/{award.image_digest}.svg")
    assert "script" not in drawing.content.decode().replace("&lt;script&gt;", "")
    assert "default-src 'none'" in drawing["Content-Security-Policy"]


def test_holder_finds_ways_to_show_it(award: Award) -> None:
    page = signed_in(award.holder).get(share(award)).content.decode()
    assert "Show it" in page
    assert f"&lt;iframe src=&quot;{HERE}{share(award)}card/&quot;" in page
    href = page.split('href="https://www.linkedin.com')[1].split('"')[0].replace("&amp;", "&")
    said = parse_qs(urlsplit("https://www.linkedin.com" + href).query)
    assert said["certUrl"] == [f"{HERE}{share(award)}"]
    assert said["name"] == ["R&D <script>alert(1)</script>"]
    assert said["issueYear"] == [award.document["validFrom"][:4]]


def test_copy_with_address_is_for_its_holder_and_only_while_it_holds(award: Award) -> None:
    """What is public holds no address and no hash of one; the copy he asks for does, and is genuine."""
    client, address = signed_in(award.holder), f"/my/badges/{award.public_id}/with-address/"
    answer = client.post(address)
    copy = json.loads(answer.content)
    name, hashed = copy["credentialSubject"]["identifier"]
    expected = sha256(f"ann@kestrel.example{hashed['salt']}".encode()).hexdigest()
    assert (name["identityType"], hashed["identityHash"]) == ("name", f"sha256${expected}")
    assert "attachment" in answer["Content-Disposition"]
    assert verify(answer.content, at=timezone.now()).is_valid
    public = Client().get(f"/badges/awards/{award.public_id}.json").content.decode()
    assert "emailAddress" not in public
    assert signed_in(MembershipFactory().person).post(address).status_code == 404
    forged = Client(enforce_csrf_checks=True)
    forged.force_login(award.holder, backend="django.contrib.auth.backends.ModelBackend")
    assert forged.post(address).status_code == 403
    revoke(award, timezone.now())
    assert client.post(address).status_code == 302
    assert "Download a copy" not in client.get(share(award)).content.decode()


def test_card_may_be_framed_and_can_do_nothing(award: Award) -> None:
    response = Client().get(share(award) + "card/")
    policy = response["Content-Security-Policy"]
    assert "X-Frame-Options" not in response
    assert "frame-ancestors *" in policy
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in response.content.decode()
    assert "Set-Cookie" not in response
    assert "frame-ancestors 'none'" in Client().get(share(award))["Content-Security-Policy"]


@pytest.mark.parametrize("suffix", [".json", ".jwt", ".png", ".svg"])
def test_every_form_is_gone_once_revoked(award: Award, suffix: str) -> None:
    """CERT-14: no form of a revoked badge is handed out, and its pages say so at once."""
    path = f"/badges/awards/{award.public_id}{suffix}"
    assert Client().get(path).status_code == 200
    revoke(award, timezone.now())
    response = Client().get(path)
    assert (response.status_code, response["Cache-Control"]) == (410, "no-store")
    assert "R&D" not in response.content.decode()
    page = Client().get(share(award)).content.decode()
    assert "Revoked" in page
    assert f"{award.public_id}.png" not in page
    assert "Revoked" in Client().get(share(award) + "card/").content.decode()


def test_token_is_served_as_one(award: Award) -> None:
    response = Client().get(f"/badges/awards/{award.public_id}.jwt")
    assert (response["Content-Type"], response.content.decode()) == ("application/vc+jwt", award.jwt)
    assert response["Access-Control-Allow-Origin"] == "*"


def test_unknown_badge_is_404_and_counting_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    client, path = Client(), "/awards/6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11/"
    assert client.get(path).status_code == 404
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)  # however long the requests take, they are in one minute
    assert client.get(path).status_code == 429
    assert client.get(path + "card/").status_code == 429


def test_own_badges_cost_the_same_for_one_and_three(django_assert_num_queries: Any, now: datetime) -> None:
    member = MembershipFactory()
    client = signed_in(member.person)
    first = awarded(now, membership=member)
    pathway([first.achievement], needed=1, name="Beginner")
    services.award_pathways(person=member.person, at=now)
    client.get("/my/badges/")
    counts = []
    for _ in range(2):
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/my/badges/").status_code == 200
        counts.append(len(queries))
        awarded(now, membership=member)
        awarded(now, membership=member)
    assert counts[0] == counts[1]


def test_own_badges_are_ones_own(award: Award) -> None:
    assert "R&amp;D" in signed_in(award.holder).get("/my/badges/").content.decode()
    page = signed_in(UserFactory()).get("/my/badges/").content.decode()
    assert "No badges yet" in page
    assert "R&amp;D" not in page
    assert Client().get("/my/badges/").status_code == 302


def test_badge_without_a_picture_gets_the_default_one(award: Award) -> None:
    document = json.loads(json.dumps(award.document))
    del document["credentialSubject"]["achievement"]["image"]
    Award.objects.update(document=document)
    Achievement.objects.update(image=None)
    assert Client().get(share(award)).status_code == 200
    assert Client().get(f"/badges/awards/{award.public_id}.png").status_code == 200
    assert Achievement.objects.get().image is not None


def test_achievement_has_a_page(award: Award) -> None:
    other = Achievement.objects.create(name="Other", description="x", criteria="x", tags=["a", "b"])
    other.alignments = [{"name": "Framework", "url": "https://framework.example/1", "framework": "F", "code": "1"}]
    other.save()
    other.related.add(award.achievement)
    page = Client().get(f"/achievements/{other.public_id}/").content.decode()
    for text in ("Other", "a, b", "https://framework.example/1", "R&amp;D"):
        assert text in page
    assert Client().get("/achievements/6b1f0f0e-8f6e-4b58-9d0e-0f4a6f0e7a11/").status_code == 404
    body = json.loads(Client().get(f"/badges/achievements/{other.public_id}").content)
    assert body["tag"] == ["a", "b"]
    assert body["alignment"][0]["targetUrl"] == "https://framework.example/1"
    assert body["related"][0]["id"].endswith(str(award.achievement.public_id))


# --- The verifier ---


def test_verifier_page_says_valid_and_then_why_not(award: Award) -> None:
    client = Client()
    assert "Check a badge" in client.get("/verify-badge/").content.decode()
    page = client.post("/verify-badge/", {"text": f"{HERE}{share(award)}"}).content.decode()
    assert "The badge is genuine and valid." in page
    assert "R&amp;D" in page
    revoke(award, timezone.now())
    page = client.post("/verify-badge/", {"text": json.dumps(award.document)}).content.decode()
    assert "was revoked" in page


def test_verifier_page_takes_a_file(award: Award) -> None:
    baked = Client().get(f"/badges/awards/{award.public_id}.png").content
    page = Client().post("/verify-badge/", {"file": SimpleUploadedFile("../<b>.png", baked)}).content.decode()
    assert "The badge is genuine and valid." in page


@pytest.mark.parametrize("data", [{}, {"text": ""}, {"text": "x", "file": SimpleUploadedFile("a", b"x")}])
def test_verifier_page_wants_one_thing(data: dict[str, Any]) -> None:
    page = Client().post("/verify-badge/", data).content.decode()
    assert "one of the two" in page


def test_verifier_page_shows_text_of_strangers_as_text(award: Award) -> None:
    from tests.badges.factories import Outsider

    outsider = Outsider()
    outsider.did = f"did:key:{outsider.method.partition('#')[2]}"
    badge = outsider.unsigned()
    badge["credentialSubject"]["achievement"]["name"] = "<img src=x onerror=alert(1)>"
    from badges import proofs

    signed = proofs.add_proof(badge, key=outsider.private, method=outsider.method, at=timezone.now())
    page = Client().post("/verify-badge/", {"text": json.dumps(signed)}).content.decode()
    assert "The badge is genuine and valid." in page
    assert "<img src=x" not in page
    assert "whether you trust the issuer" in page


def test_verifier_page_is_limited_and_wants_a_token_against_forgery(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Client(enforce_csrf_checks=True).post("/verify-badge/", {"text": "x"}).status_code == 403
    client = Client()
    assert client.post("/verify-badge/", {"text": "x"}).status_code == 200
    monkeypatch.setattr(limits, "LOOK_UPS_PER_MINUTE", 0)  # however long the requests take, they are in one minute
    assert client.post("/verify-badge/", {"text": "x"}).status_code == 429


def test_verifier_redirects_nowhere() -> None:
    response = Client().get("/verify-badge/?next=https://evil.example&url=//evil.example")
    assert response.status_code == 200
    assert "evil.example" not in response.content.decode()


def test_image_that_is_not_there_is_404() -> None:
    image = BadgeImage.objects.create(digest="0" * 64, png=b"x")
    assert b"data:image/png" in Client().get(f"/badges/images/{image.digest}.svg").content
    assert Client().get(f"/badges/images/{'1' * 64}.png").status_code == 404
