"""E-mail templates as words: nothing of their markup is left."""

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from lms.assets.models import Asset, Kind
from lms.assets.texts import MAX_BYTES, Letter, read_letter
from lms.xapi.vocabulary import VIEWED
from tests.assets.factories import AssetFactory, add_file, make_asset
from tests.assets.test_pages import ask, uses
from tests.factories import MembershipFactory

PAGE = b"""<!DOCTYPE html><html><head><title>Your &amp; our
 gateway</title><style>p { color: red }</style></head><body onload="alert(1)">
<h1>Hello [name],</h1><p>see <a href="https://halden.example/x">the sheet</a> or <a href="javascript:alert(1)">this</a>,
<b>by Friday</b>.<br>Thanks</p><ul><li>one</li><li>two</li></ul><script>alert(2)</script>
<p><a href="https://halden.example/y">https://halden.example/y</a> &lt;ok&gt; <img src="http://x.example/t.gif" alt="Logo"></p>
</body></html>"""
WORDS = """Hello [name],

see the sheet (https://halden.example/x) or this, by Friday.
Thanks

- one
- two

https://halden.example/y <ok> Logo"""


def test_a_page_becomes_its_words() -> None:
    assert read_letter(PAGE, "text/html") == Letter(subject="Your & our gateway", body=WORDS)


@pytest.mark.parametrize(
    ("content", "letter"),
    [
        (b"\xef\xbb\xbfSubject: Your gateway\r\n\r\nHello\r\nyou", Letter(subject="Your gateway", body="Hello\nyou")),
        (b"Hello <b>you</b>", Letter(subject="", body="Hello <b>you</b>")),
        (b"Subject:\nHello", Letter(subject="", body="Subject:\nHello")),
    ],
)
def test_a_text_stays_as_it_is(content: bytes, letter: Letter) -> None:
    assert read_letter(content, "text/plain") == letter


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("a<![ if mso]>b <![foo[x]]>c <![ d", "ab c"),
        ("<template><a href='https://evil.example'>x</a></template>ok", "ok"),
        (
            "<a href='https://a.example/x'>one</a> and <a href='https://a.example/'>two</a>",
            "one (https://a.example/x) and two (https://a.example/)",
        ),
        ("<a href='//a.example/x'>one</a>", "one"),
        ("<a " * 100_000, ""),
        ("<!--" * 75_000, ""),
    ],
    ids=["what a mail program writes", "silent", "two links", "a link to nowhere", "open tags", "open comments"],
)
def test_pages_from_the_wild_are_read_in_time(page: str, words: str) -> None:
    assert read_letter(page.encode(), "text/html").body == words


@given(st.text(alphabet="<>/ab =\"'&;!-[]titlescrp\n", max_size=200))
def test_any_page_is_read(text: str) -> None:
    assert "\n\n\n" not in read_letter(text.encode(), "text/html").body


def template(content: bytes, media_type: str) -> Asset:
    asset = AssetFactory(title="First letter", kind=Kind.EMAIL_TEMPLATE)
    add_file(asset, content, filename="letter.html", media_type=media_type)
    return asset


@pytest.mark.django_db
def test_an_email_template_is_read_and_copied_without_its_markup() -> None:
    rep, asset = (
        MembershipFactory(),
        template(PAGE + b"</textarea><script>alert(3)</script>&lt;/textarea>", "text/html"),
    )
    assert reverse("assets:text", args=[asset.public_id]) in ask(rep.person, "asset", asset).content.decode()
    page = ask(rep.person, "text", asset).content.decode()
    assert 'value="Your &amp; our gateway"' in page
    assert "see the sheet (https://halden.example/x)" in page
    assert "&lt;/textarea&gt;" in page
    assert "alert(" not in page
    assert uses(VIEWED) == 1


@pytest.mark.django_db
def test_what_is_no_text_or_too_long_or_not_to_be_had_has_no_words() -> None:
    rep = MembershipFactory()
    long = template(b"x" * (MAX_BYTES + 1), "text/plain")
    lapsed = template(b"x", "text/plain")
    Asset.objects.filter(pk=lapsed.pk).update(review_on="2001-01-01")
    gone = template(b"x", "text/plain")
    gone.current.file.delete(save=False)
    Asset.objects.get(pk=gone.pk).current.file.storage.delete(gone.current.file.name or "x")
    for asset in (make_asset(), long, lapsed, gone):
        assert ask(rep.person, "text", asset).status_code == 404
    assert uses(VIEWED) == 0
